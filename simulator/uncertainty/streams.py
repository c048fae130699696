"""Random streams: every block of every factor has one of its own, a pure function of seed, block and name."""

from __future__ import annotations

import zlib

import numpy as np

from simulator.kernels.arrays import Floats, Words
from simulator.kernels.normals import normals_of_draws, words_for_normals


def stream(seed: int, block: int, name: str) -> np.random.Generator:
    """Return the generator of one factor in one block (convention 8).

    A factor keeps its numbers when others join or leave the study, so that scenarios can be compared draw by draw.
    Philox is counter-based (Salmon et al. 2011, doi:10.1145/2063384.2063405); its key comes from `SeedSequence`.

    >>> a, b = stream(1, 0, "weights"), stream(1, 0, "weights")
    >>> bool(a.random() == b.random())
    True
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(block, zlib.crc32(name.encode())))
    return np.random.Generator(np.random.Philox(sequence))


def raw_words(generator: np.random.Generator, draws: int, words: int) -> Words:
    """Return the generator's next 64-bit words (draw, word); draws are read one after the other."""
    raw: Words = generator.bit_generator.random_raw(draws * words).reshape(draws, words)
    return raw


def standard_normals(generator: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return standard normals (draw, …), made of the generator's raw words; see `simulator.kernels.normals`.

    Every draw takes the same number of words, so that numbers do not depend on how a block is cut.

    >>> whole = standard_normals(stream(1, 0, "error"), (4, 3))
    >>> generator = stream(1, 0, "error")
    >>> parts = [standard_normals(generator, (2, 3)), standard_normals(generator, (2, 3))]
    >>> bool((whole == np.concatenate(parts)).all())
    True
    """
    found = np.empty((shape[0], int(np.prod(shape[1:]))))
    normals_of_draws(raw_words(generator, len(found), words_for_normals(found.shape[1])), found)
    return found.reshape(shape)
