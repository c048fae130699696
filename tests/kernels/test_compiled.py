"""Compiled functions are cached under a stamp of all kernel sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simulator.kernels import compiled as compiling
from simulator.kernels.ranking import count_better, count_by_pairs


def test_the_cache_of_every_kernel_carries_the_digest_of_all_sources() -> None:
    """A function holds the compiled code of those it calls in other files, so each of them must outdate it."""
    for kernel in (count_by_pairs, count_better):
        stamp = kernel._cache._cache_file._source_stamp  # type: ignore[attr-defined]
        assert stamp == compiling.SOURCES_DIGEST


def test_the_digest_covers_every_file_of_the_room() -> None:
    room = Path(compiling.__file__).parent
    assert compiling._sources_digest() == compiling.SOURCES_DIGEST
    assert len(list(room.glob("*.py"))) >= 8


def test_a_compiled_function_does_what_its_source_says() -> None:
    values = np.array([[2.0, 3.0, 2.0]])
    better, same = np.empty((1, 3), np.int64), np.empty((1, 3), np.int64)
    plain_better, plain_same = np.empty((1, 3), np.int64), np.empty((1, 3), np.int64)
    count_by_pairs(values, better, same)
    count_by_pairs.py_func(values, plain_better, plain_same)  # type: ignore[attr-defined]
    assert better.tolist() == plain_better.tolist() == [[1, 0, 1]]
    assert same.tolist() == plain_same.tolist() == [[2, 1, 2]]
