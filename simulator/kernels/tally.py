"""Tallies of ranks over draws, in integers, so that they are the same in whatever order blocks are added."""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.compiled import compiled, part
from simulator.kernels.correlation import Places, find_places, kendall_tau, spearman_rho

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
    drawn_rank, expected_rank = np.empty(n, np.int64), np.empty(n, np.int64)
    drawn_begin, expected_begin = np.empty(n + 2, np.int64), np.empty(n + 2, np.int64)
    listed = -1
    for draw in range(ranks.shape[0]):
        m = 0
        for city in range(n):
            m += ranks[draw, city] > 0
        if m < n or listed < n:
            listed = _baseline_among(ranks[draw], baseline_order, baseline_rank, order, expected_rank)
            find_places(Places(expected_rank[:m], expected_begin))
        total_shift = 0
        for k in range(m):
            city = order[k]
            rank = ranks[draw, city]
            drawn_rank[k] = rank
            shift = abs(rank - expected_rank[k])
            counts[city, rank - 1] += 1
            shifts[city, 0] += shift
            shifts[city, 1] += shift * shift
            tier_kept[city] += tier[rank - 1] == tier[expected_rank[k] - 1]
            total_shift += shift
        drawn, expected = Places(drawn_rank[:m], drawn_begin), Places(expected_rank[:m], expected_begin)
        find_places(drawn)
        figures[draw, SHIFT] = total_shift / m
        figures[draw, KENDALL] = kendall_tau(drawn, expected)
        figures[draw, SPEARMAN] = spearman_rho(drawn, expected)
        if pairs.size > 0:
            _tally_pairs(ranks[draw], order[:m], pairs)


@part
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


@part
def _tally_pairs(rank: Integers, order: Integers, pairs: Integers) -> None:
    for a in order:
        for b in order:
            pairs[0, a, b] += rank[a] < rank[b]
            pairs[1, a, b] += 1
