"""Order of the values of one column: who is better, who is the same, and which rank a total gets."""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.compiled import compiled

PAIRS_PAY_UP_TO = 128
"""Number of cities up to which comparing all pairs is taken for faster than sorting."""

BETTER, WORSE, MEAN, NO_GAPS, AS_PUBLISHED = range(5)
"""Codes of the tie rules of convention 5."""


@compiled
def count_by_pairs(values: Floats, better: Integers, same: Integers) -> None:
    """Count, for each value, how many are larger (`better`) and how many equal (`same`, itself included)."""
    n = values.size
    total = 0
    for i in range(n):
        larger = 0
        for j in range(n):
            larger += values[j] > values[i]
        better[i] = larger
        same[i] = 1
        total += larger
    # Without ties every pair is counted once; only otherwise is it worth while to look who is equal.
    if 2 * total != n * (n - 1):
        for i in range(n):
            equal = 0
            for j in range(n):
                equal += values[j] == values[i]
            same[i] = equal


@compiled
def count_by_sorting(values: Floats, tolerance: float, better: Integers, same: Integers) -> None:
    """Count as `count_by_pairs`, but values within `tolerance` of the first of their group count as equal."""
    n = values.size
    order = np.argsort(-values)
    start = 0
    for k in range(1, n + 1):
        if k == n or values[order[start]] - values[order[k]] > tolerance:
            for member in range(start, k):
                better[order[member]] = start
                same[order[member]] = k - start
            start = k


@compiled
def count_better(values: Floats, better: Integers, same: Integers) -> None:
    """Count, for each value, how many are larger and how many equal, by whichever way is faster for so many."""
    if values.size <= PAIRS_PAY_UP_TO:
        count_by_pairs(values, better, same)
    else:
        count_by_sorting(values, 0.0, better, same)


@compiled
def count_groups_before(better: Integers, groups: Integers) -> None:
    """Count, for each value, how many distinct larger values there are, from the counts of `count_better`."""
    n = better.size
    begins = np.zeros(n + 1, np.int64)
    for i in range(n):
        begins[better[i] + 1] = 1
    for k in range(n):
        begins[k + 1] += begins[k]
    for i in range(n):
        groups[i] = begins[better[i]]


def ranks_among(rank: Integers) -> Integers:
    """Return the ranks of some cities among themselves, from their ranks among more; equal ranks share the better.

    >>> ranks_among(np.array([7, 2, 7, 9])).tolist()
    [2, 1, 2, 4]
    """
    among: Integers = (rank[np.newaxis, :] < rank[:, np.newaxis]).sum(axis=1).astype(np.int64) + 1
    return among


@compiled
def join_ties(values: Floats, tolerance: float) -> None:
    """Give values within `tolerance` of the first of their group that value, in place: differences of rounding only."""
    order = np.argsort(-values)
    start = 0
    for k in range(1, values.size):
        if values[order[start]] - values[order[k]] > tolerance:
            start = k
        else:
            values[order[k]] = values[order[start]]


@compiled
def rank_totals(
    totals: Floats, ties: int, tolerance: float, least: float, decimals: int, rank: Integers, same: Integers
) -> None:
    """Rank totals, 1 for the largest; those closer than `tolerance` × their range share a place (convention 5).

    `least` is a difference that is rounding only, whatever the range. `decimals` below 0 ranks totals as they are,
    otherwise after rounding half up.
    """
    compared = totals
    if decimals >= 0:
        compared = np.floor(totals * 10.0**decimals + 0.5) / 10.0**decimals
    spread = compared.max() - compared.min()
    count_by_sorting(compared, max(tolerance * spread, least), rank, same)
    if ties == NO_GAPS:
        count_groups_before(rank, rank)
    for i in range(rank.size):
        rank[i] += same[i] if ties == WORSE else 1
