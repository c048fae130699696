from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.correlation import Places, find_places, kendall_tau, spearman_rho
from simulator.kernels.tally import FIGURES, KENDALL, SHIFT, SPEARMAN, tally_ranks

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

Ranks = list[int]

TIERS = np.array([0, 1, 1, 1, 2, 2, 3, 3], np.int64)
"""Tier of each rank."""

levels = st.integers(1, 6)
two_rankings = st.integers(1, 12).flatmap(
    lambda n: st.tuples(st.lists(levels, min_size=n, max_size=n), st.lists(levels, min_size=n, max_size=n))
)


def places(levels_of_cities: Ranks) -> Ranks:
    """Competition ranks, ties at the better place."""
    return [1 + sum(other < one for other in levels_of_cities) for one in levels_of_cities]


def against(ranks: Ranks, baseline: Ranks) -> tuple[Places, Places]:
    """Arguments of the correlations: ranks in the draw and in the baseline, from the best baseline down."""
    order = np.argsort(baseline, kind="stable")
    both = [Places(np.array(rank, np.int64)[order], np.full(len(rank) + 2, -1)) for rank in (ranks, baseline)]
    for one in both:
        find_places(one)
    return both[0], both[1]


def expected_tau(one: Ranks, other: Ranks) -> float:
    if len(set(one)) == 1 or len(set(other)) == 1:
        return 1.0 if len(set(one)) == len(set(other)) else 0.0
    return float(stats.kendalltau(one, other).statistic)


def expected_rho(one: Ranks, other: Ranks) -> float:
    if len(set(one)) == 1 or len(set(other)) == 1:
        return 1.0 if len(set(one)) == len(set(other)) else 0.0
    return float(stats.spearmanr(one, other).statistic)


@given(two_rankings)
@example(([1], [1]))
@example(([2, 2], [1, 2]))
@compiling
def test_correlations_are_those_of_scipy(case: tuple[Ranks, Ranks]) -> None:
    ranks, baseline = places(case[0]), places(case[1])
    assert kendall_tau(*against(ranks, baseline)) == pytest.approx(expected_tau(ranks, baseline), abs=1e-12)
    assert spearman_rho(*against(ranks, baseline)) == pytest.approx(expected_rho(ranks, baseline), abs=1e-12)


@given(st.lists(levels, min_size=1, max_size=12), st.integers(0, 3))
@compiling
def test_a_rank_begins_behind_all_that_are_better(case: Ranks, room: int) -> None:
    rank = places(case)
    found = Places(np.array(rank, np.int64), np.full(len(rank) + 2 + room, -1))
    find_places(found)
    assert found.begin.tolist() == [sum(other < place for other in rank) for place in range(len(found.begin))]
    assert found.rank.tolist() == rank


@given(two_rankings)
@compiling
def test_the_place_that_ties_share_changes_no_correlation(case: tuple[Ranks, Ranks]) -> None:
    ranks, baseline = places(case[0]), places(case[1])
    n = len(ranks)
    worse = [n - sum(other > one for other in ranks) for one in ranks]
    assert kendall_tau(*against(worse, baseline)) == kendall_tau(*against(ranks, baseline))
    assert spearman_rho(*against(worse, baseline)) == spearman_rho(*against(ranks, baseline))


@pytest.mark.parametrize("n", [63, 64, 65, 127, 128, 129, 700])
def test_correlations_of_many_cities(n: int) -> None:
    """More than the bits of one word, and just as many."""
    generator = np.random.default_rng(3)
    ranks, baseline = (places(generator.integers(0, 4 * n // 7, n).tolist()) for _ in range(2))
    assert kendall_tau(*against(ranks, baseline)) == pytest.approx(expected_tau(ranks, baseline), abs=1e-12)
    assert spearman_rho(*against(ranks, baseline)) == pytest.approx(expected_rho(ranks, baseline), abs=1e-12)
    assert kendall_tau(*against(baseline, baseline)) == 1.0
    rising = list(range(1, n + 1))
    assert kendall_tau(*against(rising[::-1], rising)) == -1.0
    assert spearman_rho(*against(rising[::-1], rising)) == -1.0


@st.composite
def studies(draw: st.DrawFn) -> tuple[Ranks, list[list[int]]]:
    """A baseline and draws of its cities, some left out (rank 0)."""
    n = draw(st.integers(1, 8))
    baseline = places(draw(st.lists(levels, min_size=n, max_size=n)))
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        there = draw(st.lists(st.sampled_from([True, True, True, False]), min_size=n, max_size=n).filter(any))
        drawn = places(draw(st.lists(levels, min_size=sum(there), max_size=sum(there))))
        rank = iter(drawn)
        rows.append([next(rank) if present else 0 for present in there])
    return baseline, rows


def tallied(baseline: Ranks, rows: list[list[int]], with_pairs: bool = True) -> tuple[list[Integers], Floats]:
    """Counts, shifts, kept tiers and pairs over all draws, and the figures of each draw."""
    n = len(baseline)
    side = n if with_pairs else 0
    shapes = ((n, n), (n, 2), n, (2, side, side))
    counts, shifts, kept, pairs = (np.zeros(shape, np.int64) for shape in shapes)
    figures = np.full((len(rows), FIGURES), np.nan)
    order = np.argsort(baseline, kind="stable").astype(np.int64)
    tally_ranks(
        np.array(rows, np.int64),
        order,
        np.array(baseline, np.int64),
        counts,
        shifts,
        TIERS[:n].copy(),
        kept,
        pairs,
        figures,
    )
    return [counts, shifts, kept, pairs], figures


@given(studies())
@compiling
def test_tallies_are_those_of_a_plain_count(case: tuple[Ranks, list[list[int]]]) -> None:
    baseline, rows = case
    n = len(baseline)
    counts, shifts, kept, pairs = np.zeros((n, n)), np.zeros((n, 2)), np.zeros(n), np.zeros((2, n, n))
    figures = np.zeros((len(rows), FIGURES))
    for draw, row in enumerate(rows):
        there = [city for city in range(n) if row[city] > 0]
        drawn = [row[city] for city in there]
        among = places([baseline[city] for city in there])
        moved = [abs(one - other) for one, other in zip(drawn, among, strict=True)]
        for city, rank, was in zip(there, drawn, among, strict=True):
            kept[city] += TIERS[rank - 1] == TIERS[was - 1]
        for city, rank, shift in zip(there, drawn, moved, strict=True):
            counts[city, rank - 1] += 1
            shifts[city] += (shift, shift**2)
        for one, other in [*combinations(there, 2), *((b, a) for a, b in combinations(there, 2))]:
            pairs[0, one, other] += row[one] < row[other]
        pairs[1][np.ix_(there, there)] += 1
        figures[draw, SHIFT] = sum(moved) / len(there)
        figures[draw, KENDALL] = expected_tau(drawn, among)
        figures[draw, SPEARMAN] = expected_rho(drawn, among)
    found, found_figures = tallied(baseline, rows)
    assert [tally.tolist() for tally in found] == [counts.tolist(), shifts.tolist(), kept.tolist(), pairs.tolist()]
    assert found_figures == pytest.approx(figures, rel=1e-12, abs=1e-12)


@given(studies())
@compiling
def test_tallies_of_blocks_add_up_to_the_byte_in_any_order(case: tuple[Ranks, list[list[int]]]) -> None:
    baseline, rows = case
    whole, figures = tallied(baseline, rows)
    backwards, figures_backwards = tallied(baseline, rows[::-1])
    one_by_one = [tallied(baseline, [row])[0] for row in rows]
    assert figures.tolist() == figures_backwards[::-1].tolist()
    for kind, tally in enumerate(whole):
        assert tally.tolist() == backwards[kind].tolist()
        assert tally.tolist() == np.sum([part[kind] for part in one_by_one], axis=0).tolist()


def test_pairs_are_counted_only_when_asked_for() -> None:
    baseline, rows = [1, 2, 3], [[2, 1, 3], [1, 3, 2]]
    without, with_pairs = tallied(baseline, rows, with_pairs=False), tallied(baseline, rows)
    assert without[0][3].size == 0
    assert all(np.array_equal(without[0][kind], with_pairs[0][kind]) for kind in range(3))
    assert np.array_equal(without[1], with_pairs[1])
    assert with_pairs[0][3][0].tolist() == [[0, 1, 2], [1, 0, 1], [0, 1, 0]]
