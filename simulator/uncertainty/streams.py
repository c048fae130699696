"""Random streams: every block of every factor has one of its own, a pure function of seed, block and name."""

from __future__ import annotations

import zlib

import numpy as np


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
