from __future__ import annotations

import csv
import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.ranking import (
    BETTER,
    NO_GAPS,
    PAIRS_PAY_UP_TO,
    WORSE,
    count_better,
    count_by_pairs,
    count_by_sorting,
    count_groups_before,
    join_ties,
    rank_totals,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "ties"

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

# Quarters are exact in binary, and so few values make ties frequent.
tied = st.lists(st.integers(-8, 8), min_size=1, max_size=25).map(lambda quarters: np.array(quarters) / 4.0)
untidy = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=25).map(np.array)


def counts_of(count: Callable[..., None], values: Floats) -> tuple[list[int], list[int]]:
    """Counts of a row in the middle of a block: before it equal values, behind it different ones."""
    n = values.size
    block = np.stack([np.ones(n), values, np.arange(n)])
    better, same = np.full((3, n), -1, np.int64), np.full((3, n), -1, np.int64)
    count(block, better, same)
    assert (better[0].tolist(), same[0].tolist()) == ([0] * n, [n] * n)
    assert (better[2].tolist(), same[2].tolist()) == ([*range(n)][::-1], [1] * n)
    assert np.array_equal(block[1], values)
    return better[1].tolist(), same[1].tolist()


def ranks_of(totals: Floats, ties: int, tolerance: float = 1e-9, decimals: int = -1, least: float = 0.0) -> list[int]:
    rank, same = np.full(totals.size, -1, np.int64), np.full(totals.size, -1, np.int64)
    rank_totals(totals, ties, tolerance, least, decimals, rank, same)
    return rank.tolist()


def place_by_groups(groups: list[list[int]], ties: int) -> list[int]:
    """Ranks of cities from groups of equal ones, best group first."""
    rank = [0] * sum(map(len, groups))
    placed = 0
    for number, group in enumerate(groups, start=1):
        for city in group:
            rank[city] = {BETTER: placed + 1, WORSE: placed + len(group), NO_GAPS: number}[ties]
        placed += len(group)
    return rank


@compiling
@given(st.one_of(tied, untidy))
@example(np.array([3.0]))
@example(np.array([0.0, -0.0]))
def test_both_ways_of_counting_agree_with_the_definition(values: Floats) -> None:
    larger = [sum(other > value for other in values) for value in values]
    equal = [sum(other == value for other in values) for value in values]
    assert counts_of(count_by_pairs, values) == (larger, equal)
    assert counts_of(count_by_sorting, values) == (larger, equal)
    assert counts_of(count_better, values) == (larger, equal)


@pytest.mark.parametrize("n", [PAIRS_PAY_UP_TO, PAIRS_PAY_UP_TO + 1, 3 * PAIRS_PAY_UP_TO])
def test_the_way_of_counting_changes_no_count(n: int) -> None:
    values = np.random.default_rng(n).integers(0, n // 3, n).astype(float)
    assert counts_of(count_better, values) == counts_of(count_by_pairs, values)
    assert counts_of(count_better, values) == counts_of(count_by_sorting, values)


@compiling
@given(tied)
def test_groups_before_are_distinct_larger_values(values: Floats) -> None:
    block = np.stack([values, -values])
    better, same = np.empty(block.shape, np.int64), np.empty(block.shape, np.int64)
    count_by_pairs(block, better, same)
    groups = np.empty(block.shape, np.int64)
    count_groups_before(better, groups)
    assert groups[0].tolist() == [len({other for other in values if other > value}) for value in values]
    assert groups[1].tolist() == [len({other for other in values if other < value}) for value in values]
    # The counts may be overwritten.
    count_groups_before(better, better)
    assert better.tolist() == groups.tolist()


def test_lowest_and_highest_rank_of_the_tied_values_of_csranks() -> None:
    with (GOLDEN / "data.csv").open() as file:
        values = np.array([float(row["x"]) for row in csv.DictReader(file)])
    with (GOLDEN / "expected.csv").open() as file:
        expected = list(csv.DictReader(file))
    lowest = [int(row["rank_omega0_min"]) for row in expected]
    highest = [int(row["rank_omega1_max"]) for row in expected]
    assert ranks_of(values, BETTER) == lowest
    assert ranks_of(values, WORSE) == highest
    better, same = counts_of(count_by_pairs, values)
    middle = [before + (equal + 1) / 2 for before, equal in zip(better, same, strict=True)]
    assert middle == [float(row["rank_omega0.5_mid"]) for row in expected]


@compiling
@given(st.one_of(tied, untidy), st.sampled_from([BETTER, WORSE, NO_GAPS]), st.sampled_from([0.0, 1e-9, 0.1, 0.5]))
@example(np.array([7.0]), BETTER, 1e-9)
@example(np.array([7.0, 7.0]), WORSE, 1e-9)
def test_totals_are_grouped_by_the_first_of_a_group(totals: Floats, ties: int, tolerance: float) -> None:
    width = tolerance * (max(totals) - min(totals))
    groups: list[list[int]] = []
    for city in sorted(range(totals.size), key=lambda city: -totals[city]):
        if groups and totals[groups[-1][0]] - totals[city] <= width:
            groups[-1].append(city)
        else:
            groups.append([city])
    assert ranks_of(totals, ties, tolerance) == place_by_groups(groups, ties)


def test_a_chain_of_near_totals_is_not_one_group() -> None:
    # Each lies within 0.6 of its neighbour, but 9.0 does not lie within 0.6 of 10.0 (convention 5).
    totals = np.array([9.0, 10.0, 0.0, 9.5])
    assert ranks_of(totals, BETTER, 0.06) == [3, 1, 4, 1]
    assert ranks_of(totals, WORSE, 0.06) == [3, 2, 4, 2]
    assert ranks_of(totals, NO_GAPS, 0.06) == [2, 1, 3, 1]


def test_a_difference_of_just_the_tolerance_is_a_tie() -> None:
    totals = np.array([8.0, 7.0, 0.0])
    assert ranks_of(totals, BETTER, 0.125) == [1, 1, 3]
    assert ranks_of(totals, BETTER, 0.124) == [1, 2, 3]


def test_totals_that_differ_by_rounding_only_share_a_place() -> None:
    totals = np.array([0.3, 0.1 + 0.2, 0.0])
    assert totals[0] != totals[1]
    assert ranks_of(totals, BETTER) == [1, 1, 3]
    assert ranks_of(totals, BETTER, 0.0) == [2, 1, 3]


def test_the_least_difference_holds_where_the_range_itself_is_rounding() -> None:
    # Equal but for rounding all three: a share of their range would not join them.
    totals = np.array([0.1 + 0.2, 0.3, 0.3])
    assert ranks_of(totals, BETTER) == [1, 2, 2]
    assert ranks_of(totals, BETTER, least=1e-12) == [1, 1, 1]
    # The larger of the two differences counts.
    totals = np.array([8.0, 7.0, 0.0])
    assert ranks_of(totals, BETTER, 0.125, least=1e-12) == [1, 1, 3]
    assert ranks_of(totals, BETTER, 0.0, least=7.0) == [1, 1, 3]


@compiling
@given(st.one_of(tied, untidy), st.sampled_from([0.0, 1e-12, 0.25, 3.0]))
def test_joined_values_are_those_of_the_first_of_their_group(values: Floats, tolerance: float) -> None:
    expected, first = values.copy(), float(max(values))
    for city in sorted(range(values.size), key=lambda city: -values[city]):
        if first - values[city] > tolerance:
            first = float(values[city])
        expected[city] = first
    joined = values.copy()
    join_ties(joined, tolerance)
    assert joined.tolist() == expected.tolist()


@compiling
@given(
    st.lists(st.integers(-80, 80), min_size=1, max_size=20),
    st.integers(0, 3),
    st.sampled_from([BETTER, WORSE, NO_GAPS]),
)
def test_rounding_is_half_up_and_comes_before_ranking(eighths: list[int], decimals: int, ties: int) -> None:
    rounded = [math.floor(Fraction(eighth, 8) * 10**decimals + Fraction(1, 2)) for eighth in eighths]
    levels = sorted(set(rounded), reverse=True)
    groups = [[city for city, level in enumerate(rounded) if level == one] for one in levels]
    assert ranks_of(np.array(eighths) / 8.0, ties, 0.0, decimals) == place_by_groups(groups, ties)


@compiling
@given(untidy)
def test_ranks_leave_the_totals_alone(totals: Floats) -> None:
    before: Integers | Floats = totals.copy()
    ranks_of(totals, BETTER, 1e-9, 2)
    assert np.array_equal(totals, before)
