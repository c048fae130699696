"""Order of the values of one column: who is better, who is the same, and which rank a total gets."""

from __future__ import annotations

import math

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.compiled import compiled, part

PAIRS_PAY_UP_TO = 500
"""Cities up to which comparing all pairs is faster than sorting them here (`python -m benchmarks crossover`).

Draws are counted from keys instead, see `simulator.kernels.keys`.
"""

BETTER, WORSE, MEAN, NO_GAPS, AS_PUBLISHED = range(5)
"""Codes of the tie rules of convention 5."""


@part
def count_by_pairs(values: Floats, better: Integers, same: Integers) -> None:
    """Count, for each value of each row, how many are larger (`better`) and how many equal (`same`, itself included).

    All three are (rows, n).
    """
    rows, n = values.shape
    for row in range(rows):
        total = 0
        for i in range(n):
            value = values[row, i]
            larger = 0
            for j in range(n):
                larger += values[row, j] > value
            better[row, i] = larger
            same[row, i] = 1
            total += larger
        # Without ties every pair is counted once; only otherwise is it worth while to look who is equal.
        if 2 * total != n * (n - 1):
            for i in range(n):
                value = values[row, i]
                equal = 0
                for j in range(n):
                    equal += values[row, j] == value
                same[row, i] = equal


@part
def count_in_order(values: Floats, order: Integers, tolerance: float, better: Integers, same: Integers) -> None:
    """Count as `count_by_pairs`, in one row, from the positions of values in order, the largest first.

    Values within `tolerance` of the first of their group count as equal. Counts are written at these positions alone.
    """
    m = order.size
    start = 0
    for k in range(1, m + 1):
        if k == m or values[order[start]] - values[order[k]] > tolerance:
            for member in range(start, k):
                better[order[member]] = start
                same[order[member]] = k - start
            start = k


@part
def count_by_sorting(values: Floats, better: Integers, same: Integers) -> None:
    """Count as `count_by_pairs`, in O(n log n) a row."""
    for row in range(values.shape[0]):
        count_in_order(values[row], np.argsort(-values[row]), 0.0, better[row], same[row])


@part
def count_better(values: Floats, better: Integers, same: Integers) -> None:
    """Count, for each value of each row, how many are larger and how many equal, by whichever way is faster."""
    if values.shape[1] <= PAIRS_PAY_UP_TO:
        count_by_pairs(values, better, same)
    else:
        count_by_sorting(values, better, same)


@part
def count_groups_before(better: Integers, groups: Integers) -> None:
    """Count, for each value, how many distinct larger values its row has, from the counts of `count_better`."""
    rows, n = better.shape
    begins = np.empty(n + 1, np.int64)
    for row in range(rows):
        for k in range(n + 1):
            begins[k] = 0
        for i in range(n):
            begins[better[row, i] + 1] = 1
        for k in range(n):
            begins[k + 1] += begins[k]
        for i in range(n):
            groups[row, i] = begins[better[row, i]]


def ranks_among(rank: Integers) -> Integers:
    """Return the ranks of some cities among themselves, from their ranks among more; equal ranks share the better.

    >>> ranks_among(np.array([7, 2, 7, 9])).tolist()
    [2, 1, 2, 4]
    """
    among: Integers = (rank[np.newaxis, :] < rank[:, np.newaxis]).sum(axis=1).astype(np.int64) + 1
    return among


@part
def join_ties(values: Floats, tolerance: float) -> None:
    """Give values within `tolerance` of the first of their group that value, in place: differences of rounding only."""
    order = np.argsort(-values)
    start = 0
    for k in range(1, values.size):
        if values[order[start]] - values[order[k]] > tolerance:
            start = k
        else:
            values[order[k]] = values[order[start]]


@part
def rank_in_order(
    totals: Floats,
    order: Integers,
    ties: int,
    tolerance: float,
    least: float,
    decimals: int,
    rank: Integers,
    same: Integers,
) -> None:
    """Rank the totals at the positions in `order`, the largest first, as `rank_totals` does; others keep theirs."""
    compared = totals
    if decimals >= 0:
        unit = 10.0**decimals
        compared = np.empty(totals.size)
        for position in order:
            compared[position] = math.floor(totals[position] * unit + 0.5) / unit
    spread = compared[order[0]] - compared[order[-1]]
    count_in_order(compared, order, max(tolerance * spread, least), rank, same)
    begin = 0
    groups = 0
    for position in order:
        if rank[position] != begin:
            begin = rank[position]
            groups += 1
        if ties == NO_GAPS:
            rank[position] = groups + 1
        else:
            rank[position] += same[position] if ties == WORSE else 1


@compiled
def rank_totals(
    totals: Floats, ties: int, tolerance: float, least: float, decimals: int, rank: Integers, same: Integers
) -> None:
    """Rank totals, 1 for the largest; those closer than `tolerance` × their range share a place (convention 5).

    `least` is a difference that is rounding only, whatever the range. `decimals` below 0 ranks totals as they are,
    otherwise after rounding half up.
    """
    rank_in_order(totals, np.argsort(-totals), ties, tolerance, least, decimals, rank, same)
