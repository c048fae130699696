"""Tallies of ranks over draws, in integers, so that they are the same in whatever order blocks are added."""

from __future__ import annotations

import math

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.compiled import compiled

FIGURES = 3
"""Figures of the whole ranking in a draw."""

SHIFT, KENDALL, SPEARMAN = range(FIGURES)
"""Columns of the figures: mean absolute rank shift of the cities that take part, Kendall's tau-b, Spearman's rho."""


@compiled
def tally_ranks(
    ranks: Integers,
    baseline_order: Integers,
    baseline_rank: Integers,
    counts: Integers,
    shifts: Integers,
    tier: Integers,
    tier_kept: Integers,
    pairs: Integers,
    figures: Floats,
) -> None:
    """Add draws to the tallies. Of `ranks` (draws, n), 0 marks a city left out.

    `baseline_order` lists the cities from the best and `baseline_rank` holds their ranks. Where cities are left out,
    a draw is compared with the baseline ranks of those that take part, among themselves.

    counts (n, n): draws in which a city has a rank. shifts (n, 2): sum of the absolute rank shift and of its square.
    `tier` (n) is the tier of each rank, tier_kept (n): draws in which the city stays in the tier of its baseline rank.
    pairs (2, n, n), or (2, 0, 0) if not asked for: draws in which the row's city ranks above the column's, and draws in
    which both take part. figures (draws, 3): the figures of each draw, which are set, not added to.
    """
    n = baseline_rank.size
    order = np.empty(n, np.int64)
    expected = np.empty(n, np.int64)
    for draw in range(ranks.shape[0]):
        rank = ranks[draw]
        m = _baseline_among(rank, baseline_order, baseline_rank, order, expected)
        total_shift = 0
        for k in range(m):
            city = order[k]
            shift = abs(rank[city] - expected[k])
            counts[city, rank[city] - 1] += 1
            shifts[city, 0] += shift
            shifts[city, 1] += shift * shift
            tier_kept[city] += tier[rank[city] - 1] == tier[expected[k] - 1]
            total_shift += shift
        figures[draw, SHIFT] = total_shift / m
        figures[draw, KENDALL] = kendall_tau(rank, order[:m], expected[:m])
        figures[draw, SPEARMAN] = spearman_rho(rank, order[:m], expected[:m])
        if pairs.size > 0:
            _tally_pairs(rank, order[:m], pairs)


@compiled
def _baseline_among(
    rank: Integers, baseline_order: Integers, baseline_rank: Integers, order: Integers, expected: Integers
) -> int:
    """List the cities that take part, best baseline first, with their baseline ranks among themselves."""
    m = 0
    for city in baseline_order:
        if rank[city] > 0:
            tied = m > 0 and baseline_rank[city] == baseline_rank[order[m - 1]]
            expected[m] = expected[m - 1] if tied else m + 1
            order[m] = city
            m += 1
    return m


@compiled
def _tally_pairs(rank: Integers, order: Integers, pairs: Integers) -> None:
    for a in order:
        for b in order:
            pairs[0, a, b] += rank[a] < rank[b]
            pairs[1, a, b] += 1


@compiled
def kendall_tau(rank: Integers, order: Integers, expected: Integers) -> float:
    """Kendall's tau-b between a draw's ranks and the baseline's, ties corrected; O(n log n).

    Cities enter a binary indexed tree of ranks (Fenwick 1994, doi:10.1002/spe.4380240306) from the best baseline
    down, so that each is compared at once with all that stand before it. Two rankings without any order agree fully;
    one without order against one with some agree in nothing.
    """
    m = order.size
    size = rank.size
    entered = np.zeros(size + 1, np.int64)
    tied_expected = 0
    score = 0
    start = 0
    for k in range(m + 1):
        if k == m or expected[k] != expected[start]:
            tied_expected += (k - start) * (k - start - 1) // 2
            for member in range(start, k):
                _enter(entered, rank[order[member]])
            start = k
        if k < m:
            here = rank[order[k]]
            above = _count_up_to(entered, here - 1)
            score += above - (start - _count_up_to(entered, here))
    tied_rank = 0
    for place in range(1, size + 1):
        equal = _count_up_to(entered, place) - _count_up_to(entered, place - 1)
        tied_rank += equal * (equal - 1) // 2
    pairs = m * (m - 1) // 2
    return _correlation(score, pairs - tied_expected, pairs - tied_rank)


@compiled
def _enter(entered: Integers, place: int) -> None:
    while place < entered.size:
        entered[place] += 1
        place += place & -place


@compiled
def _count_up_to(entered: Integers, place: int) -> int:
    count = 0
    while place > 0:
        count += entered[place]
        place -= place & -place
    return count


@compiled
def spearman_rho(rank: Integers, order: Integers, expected: Integers) -> float:
    """Spearman's rho between a draw's ranks and the baseline's: Pearson's correlation of mean ranks."""
    m = order.size
    drawn = np.empty(m, np.int64)
    for k in range(m):
        drawn[k] = rank[order[k]]
    own = _centred_mean_ranks(drawn)
    baseline = _centred_mean_ranks(expected)
    product = 0
    own_squares = 0
    baseline_squares = 0
    for k in range(m):
        product += own[k] * baseline[k]
        own_squares += own[k] * own[k]
        baseline_squares += baseline[k] * baseline[k]
    return _correlation(product, own_squares, baseline_squares)


@compiled
def _centred_mean_ranks(rank: Integers) -> Integers:
    """Twice the mean rank of each city less twice the mean over all, in integers, whatever place ties share."""
    m = rank.size
    size = rank.max()
    at = np.zeros(size + 1, np.int64)
    for k in range(m):
        at[rank[k]] += 1
    centred = np.empty(m, np.int64)
    before = np.zeros(size + 1, np.int64)
    for place in range(1, size + 1):
        before[place] = before[place - 1] + at[place - 1]
    for k in range(m):
        centred[k] = 2 * before[rank[k]] + at[rank[k]] - m
    return centred


@compiled
def _correlation(product: float, left: float, right: float) -> float:
    if left == 0 or right == 0:
        return 1.0 if left == right else 0.0
    return product / math.sqrt(left * right)
