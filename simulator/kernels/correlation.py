"""How far two rankings agree: Kendall's tau-b and Spearman's rho, ties corrected, of a draw against the baseline.

Both take the cities from the best baseline down: their ranks in a draw, and those in the baseline. Two rankings without
any order agree fully; one without order against one with some agree in nothing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.kernels.arrays import Integers
from simulator.kernels.compiled import part

_U = np.uint64


class Places(NamedTuple):
    """Ranks of m cities, and where each rank begins among them."""

    rank: Integers
    """(m)"""
    begin: Integers
    """(highest possible rank + 2): how many have a better rank than each."""


@part
def find_places(places: Places) -> None:
    """Fill `begin` from the ranks."""
    rank, begin = places
    begin[:] = 0
    for k in range(rank.size):
        begin[rank[k] + 1] += 1
    for place in range(1, begin.size):
        begin[place] += begin[place - 1]


@part
def kendall_tau(drawn: Places, expected: Places) -> float:
    """Kendall's tau-b.

    Cities enter a set of places, one bit each, from the best baseline down, so that counting bits compares each at once
    with all that stand before it.
    """
    m = drawn.rank.size
    free = drawn.begin.copy()
    entered = np.zeros(m // 64 + 1, np.uint64)
    score = np.int64(0)
    start = 0
    for k in range(m + 1):
        if k == m or expected.rank[k] != expected.rank[start]:
            for member in range(start, k):
                rank = drawn.rank[member]
                _enter(entered, free[rank])
                free[rank] += 1
            start = k
        if k < m:
            rank = drawn.rank[k]
            above = _count_before(entered, drawn.begin[rank])
            score += above - (start - _count_before(entered, drawn.begin[rank + 1]))
    return _correlation(float(score), float(_untied_pairs(expected.begin)), float(_untied_pairs(drawn.begin)))


@part
def _untied_pairs(begin: Integers) -> int:
    m = int(begin[-1])
    pairs = m * (m - 1) // 2
    for rank in range(begin.size - 1):
        alike = begin[rank + 1] - begin[rank]
        pairs -= int(alike * (alike - 1) // 2)
    return pairs


@part
def _enter(entered: NDArray[np.uint64], place: int) -> None:
    entered[place >> 6] |= _U(1) << _U(place & 63)


@part
def _count_before(entered: NDArray[np.uint64], place: int) -> np.int64:
    count = np.int64(0)
    for word in range(place >> 6):
        count += _count_bits(entered[word])
    return count + _count_bits(entered[place >> 6] & ((_U(1) << _U(place & 63)) - _U(1)))


@part
def _count_bits(word: np.uint64) -> np.int64:
    """Count bits in the way that compilers know for a single instruction."""
    word = word - ((word >> _U(1)) & _U(0x5555555555555555))
    word = (word & _U(0x3333333333333333)) + ((word >> _U(2)) & _U(0x3333333333333333))
    word = (word + (word >> _U(4))) & _U(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * _U(0x0101010101010101)) >> _U(56))


@part
def spearman_rho(drawn: Places, expected: Places) -> float:
    """Spearman's rho: Pearson's correlation of mean ranks, in integers."""
    m = drawn.rank.size
    product = 0
    own_squares = 0
    baseline_squares = 0
    for k in range(m):
        # Twice the mean rank less twice the mean over all, whatever place ties share.
        own = drawn.begin[drawn.rank[k]] + drawn.begin[drawn.rank[k] + 1] - m
        baseline = expected.begin[expected.rank[k]] + expected.begin[expected.rank[k] + 1] - m
        product += own * baseline
        own_squares += own * own
        baseline_squares += baseline * baseline
    return _correlation(float(product), float(own_squares), float(baseline_squares))


@part
def _correlation(product: float, left: float, right: float) -> float:
    if left == 0.0 or right == 0.0:
        return 1.0 if left == right else 0.0
    return product / math.sqrt(left * right)
