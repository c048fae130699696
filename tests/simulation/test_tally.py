from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from simulator.kernels.correlation import Places, find_places, kendall_tau, spearman_rho
from simulator.kernels.tally import FIGURES, KENDALL, SHIFT, SPEARMAN, tally_ranks
from simulator.simulation.tally import UNIT, Tally, empty_tally, exact_sums

Array = NDArray[Any]


def ranked(values: Array, rule: str = "min") -> Array:
    """Ranks among those above zero, 0 for the others."""
    ranks = np.zeros(len(values), np.int64)
    inside = values > 0
    ranks[inside] = stats.rankdata(values[inside], rule)  # type: ignore[call-overload]
    return ranks


def random_ranks(seed: int, draws: int, cities: int, left_out: bool = True, rule: str = "min") -> Array:
    random = np.random.default_rng(seed)
    drawn = random.integers(1, cities + 1, (draws, cities))
    if left_out:
        drawn[random.random((draws, cities)) < 0.2] = 0
        drawn[:, :2] = np.maximum(drawn[:, :2], 1)
    return np.array([ranked(row, rule) for row in drawn])


def tallied(ranks: Array, baseline: Array, pairs: bool = True) -> Tally:
    tally = empty_tally(len(baseline), pairs, [2])
    order = np.argsort(baseline, kind="stable")
    figures = np.full((len(ranks), FIGURES), np.nan)
    tier = np.array([(rank > 1) + (rank > 3) for rank in range(1, len(baseline) + 1)], np.int64)
    tally_ranks(ranks, order, baseline, tally.counts, tally.shifts, tier, tally.tier_kept, tally.pairs, figures)
    tally.chosen[0][:] = [len(ranks), 0]
    return replace(tally, draws=len(ranks), moments=exact_sums(figures))


def same(left: Tally, right: Tally) -> bool:
    return (left.draws, left.moments) == (right.draws, right.moments) and all(
        np.array_equal(mine, theirs)
        for mine, theirs in (
            (left.counts, right.counts),
            (left.shifts, right.shifts),
            (left.tier_kept, right.tier_kept),
            (left.pairs, right.pairs),
            (left.chosen[0], right.chosen[0]),
        )
    )


seeds = st.integers(0, 2**32 - 1)


@given(seeds, seeds, seeds, st.integers(2, 8))
@settings(max_examples=50, deadline=None)
def test_addition_is_associative_and_commutative_and_nothing_added_changes_nothing(
    a: int, b: int, c: int, cities: int
) -> None:
    baseline = ranked(np.random.default_rng(a).integers(1, cities + 1, cities))
    one, two, three = (tallied(random_ranks(seed, 5, cities), baseline) for seed in (a, b, c))
    assert same((one + two) + three, one + (two + three))
    assert same(one + two, two + one)
    assert same(one + empty_tally(cities, True, [2]), one)


@given(seeds, st.integers(2, 8), st.integers(1, 19))
@settings(max_examples=50, deadline=None)
def test_parts_of_the_draws_add_up_to_the_counts_of_all(seed: int, cities: int, cut: int) -> None:
    ranks = random_ranks(seed, 20, cities)
    baseline = ranked(np.random.default_rng(seed).integers(1, cities + 1, cities))
    parts, whole = tallied(ranks[:cut], baseline) + tallied(ranks[cut:], baseline), tallied(ranks, baseline)
    assert same(replace(parts, moments=whole.moments), whole)
    for mine, theirs in zip(parts.moments, whole.moments, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-12, abs=UNIT * 1e-12)


def test_addition_leaves_both_tallies_as_they_were() -> None:
    baseline = np.arange(1, 5)
    one, two = tallied(random_ranks(1, 5, 4), baseline), tallied(random_ranks(2, 5, 4), baseline)
    counts = one.counts.copy(), two.counts.copy()
    assert (one + two).draws == 10
    np.testing.assert_array_equal(one.counts, counts[0])
    np.testing.assert_array_equal(two.counts, counts[1])


def test_tallies_of_different_factors_do_not_add() -> None:
    with pytest.raises(ValueError, match="longer"):
        empty_tally(3, False, [2]) + empty_tally(3, False, [2, 2])


@pytest.mark.parametrize("rule", ["min", "max", "dense"])
@pytest.mark.parametrize("seed", range(5))
def test_every_count_is_that_of_a_plain_loop(seed: int, rule: str) -> None:
    """Compared with the baseline ranks of those that take part, among themselves."""
    cities, draws = 7, 40
    ranks = random_ranks(seed, draws, cities, rule=rule)
    baseline = ranked(np.random.default_rng(seed + 100).integers(1, cities + 1, cities))
    tally = tallied(ranks, baseline)
    counts, shifts = np.zeros((cities, cities), int), np.zeros((cities, 2), int)
    pairs, kept = np.zeros((2, cities, cities), int), np.zeros(cities, int)
    figures: list[tuple[float, float, float]] = []
    for row in ranks:
        inside = [city for city in range(cities) if row[city] > 0]
        among = {city: 1 + sum(baseline[other] < baseline[city] for other in inside) for city in inside}
        moved = [abs(row[city] - among[city]) for city in inside]
        for city, distance in zip(inside, moved, strict=True):
            counts[city, row[city] - 1] += 1
            shifts[city] += [distance, distance**2]
            kept[city] += sum(row[city] > last for last in (1, 3)) == sum(among[city] > last for last in (1, 3))
            for other in inside:
                pairs[:, city, other] += [row[city] < row[other], 1]
        figures.append((float(np.mean(moved)), *correlations(row[inside], list(among.values()))))
    np.testing.assert_array_equal(tally.counts, counts)
    np.testing.assert_array_equal(tally.shifts, shifts)
    np.testing.assert_array_equal(tally.tier_kept, kept)
    np.testing.assert_array_equal(tally.pairs, pairs)
    for position in (SHIFT, KENDALL, SPEARMAN):
        own = np.array(figures)[:, position]
        total, squares = tally.moments[position]
        assert (total / UNIT, squares / UNIT) == pytest.approx((own.sum(), (own**2).sum()), abs=1e-12)


def correlations(one: Any, other: Any) -> tuple[float, float]:
    """Kendall's tau-b and Spearman's rho by SciPy, 1 or 0 where a ranking has no order."""
    orders = len(set(one)) > 1, len(set(other)) > 1
    if not all(orders):
        return (1.0, 1.0) if orders == (False, False) else (0.0, 0.0)
    return float(stats.kendalltau(one, other).statistic), float(stats.spearmanr(one, other).statistic)


@given(st.integers(2, 40), seeds, st.sampled_from(["min", "max", "dense"]), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_correlations_are_those_of_scipy_whatever_the_ties(cities: int, seed: int, rule: str, distinct: int) -> None:
    random = np.random.default_rng(seed)
    row = ranked(random.integers(1, distinct + 1, cities), rule)
    baseline = ranked(random.integers(1, distinct + 1, cities))
    order = np.argsort(baseline, kind="stable")
    tau, rho = correlations(row, baseline)
    drawn, expected = (Places(ranks[order], np.empty(cities + 2, np.int64)) for ranks in (row, baseline))
    find_places(drawn)
    find_places(expected)
    assert kendall_tau(drawn, expected) == pytest.approx(tau, abs=1e-12)
    assert spearman_rho(drawn, expected) == pytest.approx(rho, abs=1e-12)


def test_a_ranking_agrees_with_itself_and_not_at_all_with_its_reverse() -> None:
    baseline = np.arange(1, 61)
    tally = tallied(np.array([baseline, baseline[::-1]]), baseline)
    assert tally.moments[KENDALL] == tally.moments[SPEARMAN] == (0, 2 * UNIT)
    assert tally.moments[SHIFT][0] / UNIT == pytest.approx(30)


def test_pairs_are_not_counted_unless_asked_for() -> None:
    tally = tallied(random_ranks(1, 5, 4), np.arange(1, 5), pairs=False)
    assert tally.pairs.size == 0
    assert tally.counts.sum() > 0


def test_of_two_cities_one_wins_the_other_or_they_tie() -> None:
    ranks = random_ranks(3, 200, 6)
    above, both = tallied(ranks, np.arange(1, 7)).pairs
    ties = np.array([[((ranks[:, a] == ranks[:, b]) & (ranks[:, a] > 0)).sum() for b in range(6)] for a in range(6)])
    np.testing.assert_array_equal(above + above.T + ties, both)
    np.testing.assert_array_equal(np.diag(above), 0)
    assert ties[np.triu_indices(6, 1)].any()


@given(st.lists(st.floats(-60, 60), min_size=1, max_size=30), st.randoms())
@settings(max_examples=100, deadline=None)
def test_sums_of_figures_do_not_depend_on_their_order(figures: list[float], random: Random) -> None:
    ordered = exact_sums(np.array(figures)[:, np.newaxis])
    random.shuffle(figures)
    assert exact_sums(np.array(figures)[:, np.newaxis]) == ordered
    exactly = sum(Fraction(figure) for figure in figures)
    assert abs(Fraction(ordered[0][0], 2**60) - exactly) <= Fraction(1, 2**50) + abs(exactly) / 2**52
