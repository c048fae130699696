from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.kernels.arrays import Floats
from simulator.kernels.normalisation import (
    DISTANCE_TO_BEST,
    DISTANCE_TO_REFERENCE,
    DISTANCE_TO_TARGET,
    FRACTION_OF_BEST,
    HIGHER,
    LOWER,
    MIN_MAX,
    NONE,
    PARAMETERS,
    PERCENTILE_RANK,
    RANK,
    TARGET,
    Z_SCORE,
    normalise,
    orient,
)
from simulator.kernels.ranking import AS_PUBLISHED, BETTER, MEAN, NO_GAPS, WORSE, count_by_pairs

Column: TypeAlias = list[float]

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

# Quarters are exact in binary, and so few values make ties frequent.
quarters = st.integers(-10, 10).map(lambda quarter: quarter / 4.0)
columns = st.lists(quarters, min_size=1, max_size=20)
rules = st.sampled_from([BETTER, WORSE, MEAN, NO_GAPS])


def close(expected: object) -> object:
    return pytest.approx(expected, rel=1e-12, abs=1e-12)


def normalised(column: Column, method: int, *parameters: float, printed: Column | None = None) -> Column:
    values = np.array(column)
    best_first = sorted(printed or [0.0] * len(column), reverse=True)
    sums = np.array([0.0, *accumulate(best_first)])
    # In the middle of a block, whose other rows hold something else.
    block = np.stack([values[::-1] + 1.0, values, np.zeros(values.size)])
    out = normalised_block(block, method, parameters, np.stack([sums[::-1], sums, sums + 1.0]))
    return list(out[1].tolist())


def by_ratio(column: Column, method: int, *parameters: float, place: list[int] | None = None) -> tuple[Column, int]:
    """Normalise the middle of three rows, whose neighbours are all 1, and say which row is undefined."""
    values = np.array(column)
    sign = -1.0 if parameters[-1] else 1.0
    block = np.stack([np.full(values.size, sign), values, np.full(values.size, sign)])
    row = np.zeros(PARAMETERS)
    row[: len(parameters)] = parameters
    counts, out = np.zeros((3, values.size), np.int64), np.full((3, values.size), np.nan)
    found = np.array(place if place is not None else range(values.size), np.int64)
    undefined = normalise(block, method, row, np.zeros((3, values.size + 1)), counts, counts, False, found, out)
    return list(out[1].tolist()), undefined


def normalised_block(block: Floats, method: int, parameters: Sequence[float], printed_sums: Floats) -> Floats:
    """Normalise a block into the first columns of a wider one; ranks come out the same if they were counted before."""
    rows, n = block.shape
    before = block.copy()
    row = np.zeros(PARAMETERS)
    row[: len(parameters)] = parameters
    found = []
    for counted in (False, True):
        better, same = np.full((rows, n), -1, np.int64), np.full((rows, n), -1, np.int64)
        if counted:
            count_by_pairs(block, better, same)
        out = np.full((rows, n + 1), np.nan)
        assert normalise(block, method, row, printed_sums, better, same, counted, np.arange(n), out) == -1
        assert np.isnan(out[:, n]).all()
        found.append(out[:, :n])
    assert found[0].tobytes() == found[1].tobytes()
    assert block.tobytes() == before.tobytes()
    return found[0]


def points(column: Column, rule: int) -> Column:
    """Points by convention 5, counted city by city."""
    result = []
    for value in column:
        strictly_better = sum(other > value for other in column)
        strictly_worse = sum(other < value for other in column)
        better, worse = len(column) - strictly_better, 1 + strictly_worse
        dense_rank = 1 + len({other for other in column if other > value})
        no_gaps = len(column) + 1 - dense_rank
        result.append({BETTER: better, WORSE: worse, MEAN: (better + worse) / 2, NO_GAPS: no_gaps}[rule])
    return [float(one) for one in result]


@given(columns, st.sampled_from([HIGHER, LOWER, TARGET]), quarters)
@compiling
def test_orientation_makes_larger_better(column: Column, direction: int, target: float) -> None:
    # Each row of a block has a direction and a target of its own.
    block = np.stack([np.array(column) + 1.0, np.array(column), np.array(column) - 1.0])
    directions, targets = np.array([LOWER, direction, TARGET]), np.array([np.nan, target, target + 1.0])
    out = np.empty(block.shape)
    orient(block, directions, targets, out)
    distance = [-math.fabs(value - target) for value in column]
    assert out[1].tolist() == {HIGHER: column, LOWER: [-value for value in column], TARGET: distance}[direction]
    assert out[0].tolist() == [-(value + 1.0) for value in column]
    assert out[2].tolist() == [-math.fabs(value - target - 2.0) for value in column]
    # As many columns are taken as there is room for.
    narrow = np.empty((3, len(column) - 1))
    orient(block, directions, targets, narrow)
    assert narrow.tolist() == out[:, :-1].tolist()


@given(columns)
@compiling
def test_none_leaves_values_as_they_are(column: Column) -> None:
    assert normalised(column, NONE) == column


@given(columns, rules)
@example([5.0], BETTER)
@example([1.0, 1.0], MEAN)
@example([1.0, 2.0], NO_GAPS)
@compiling
def test_rank_points_by_every_tie_rule(column: Column, rule: int) -> None:
    assert normalised(column, RANK, rule) == points(column, rule)


def test_rank_points_of_one_column_by_every_tie_rule() -> None:
    column = [7.0, 9.0, 7.0, 1.0, 7.0]
    assert normalised(column, RANK, BETTER) == [4, 5, 4, 1, 4]
    assert normalised(column, RANK, WORSE) == [2, 5, 2, 1, 2]
    assert normalised(column, RANK, MEAN) == [3, 5, 3, 1, 3]
    assert normalised(column, RANK, NO_GAPS) == [4, 5, 4, 3, 4]
    assert normalised(column, RANK, AS_PUBLISHED, printed=[60, 50, 40, 40, 5]) == [130 / 3, 60, 130 / 3, 5, 130 / 3]


@given(columns)
@compiling
def test_mean_points_are_the_only_ones_whose_sum_ties_leave_alone(column: Column) -> None:
    n = len(column)
    assert sum(normalised(column, RANK, MEAN)) == n * (n + 1) / 2
    assert sum(normalised(column, RANK, BETTER)) >= n * (n + 1) / 2 >= sum(normalised(column, RANK, WORSE))


@given(st.lists(st.tuples(quarters, st.integers(0, 60)), min_size=1, max_size=20))
@compiling
def test_as_published_gives_each_position_its_printed_number_and_equal_cities_their_mean(
    cities: list[tuple[float, int]],
) -> None:
    column = [value for value, _ in cities]
    printed = sorted((float(number) for _, number in cities), reverse=True)
    by_value: dict[float, list[float]] = {}
    for value, number in zip(sorted(column, reverse=True), printed, strict=True):
        by_value.setdefault(value, []).append(number)
    expected = [math.fsum(by_value[value]) / len(by_value[value]) for value in column]
    result = normalised(column, RANK, AS_PUBLISHED, printed=printed)
    assert result == expected
    assert sum(result) == close(sum(printed))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=20))
@compiling
def test_as_published_reproduces_printed_numbers_from_themselves(printed: list[int]) -> None:
    column = [float(number) for number in printed]
    assert normalised(column, RANK, AS_PUBLISHED, printed=column) == column


@given(columns, rules)
@example([5.0], WORSE)
@compiling
def test_percentile_rank(column: Column, rule: int) -> None:
    expected = [(one - 1) / (len(column) - 1) if len(column) > 1 else 1.0 for one in points(column, rule)]
    assert normalised(column, PERCENTILE_RANK, rule) == close(expected)


@given(columns, st.sampled_from([0.0, 1.0]), quarters, st.sampled_from([0.5, 1.0, 15.0]))
@example([2.0], 1.0, 0.0, 1.0)
@example([2.0, 3.0], 1.0, 0.0, 1.0)
@example([2.0, 2.0], 0.0, 100.0, 15.0)
@compiling
def test_z_score_by_either_divisor(column: Column, delta: float, mean: float, sd: float) -> None:
    result = normalised(column, Z_SCORE, delta, mean, sd)
    if len(set(column)) == 1:
        assert result == [mean] * len(column)
        return
    spread = statistics.stdev(column) if delta == 1.0 else statistics.pstdev(column)
    centre = float(sum(map(Fraction, column)) / len(column))
    assert result == close([mean + sd * (value - centre) / spread for value in column])
    again = statistics.stdev(result) if delta == 1.0 else statistics.pstdev(result)
    assert (statistics.fmean(result), again) == close((mean, sd))


@given(columns, quarters, st.sampled_from([0.25, 1.0, 99.0]))
@example([2.0], 0.0, 1.0)
@example([2.0, 3.0], 1.0, 99.0)
@compiling
def test_min_max_between_the_lowest_and_the_highest(column: Column, start: float, width: float) -> None:
    low, high = min(column), max(column)
    result = normalised(column, MIN_MAX, 0.0, 0.0, 0.0, start, start + width, 0.0)
    if low == high:
        assert result == [start + width / 2] * len(column)
        return
    expected = [
        float(Fraction(start) + Fraction(value - low) / Fraction(high - low) * Fraction(width)) for value in column
    ]
    assert result == close(expected)
    assert (min(result), max(result)) == (start, start + width)


@given(columns, quarters, st.sampled_from([0.25, 1.0, 3.0]), st.booleans())
@compiling
def test_min_max_between_given_goalposts(column: Column, low: float, width: float, capped: bool) -> None:
    shares = [(value - low) / width for value in column]
    if capped:
        shares = [sorted([0.0, share, 1.0])[1] for share in shares]
    result = normalised(column, MIN_MAX, 1.0, low, low + width, 1.0, 100.0, float(capped))
    assert result == close([1 + 99 * share for share in shares])
    if capped:
        assert all(1.0 <= score <= 100.0 for score in result)


@given(columns)
@example([4.0])
@example([4.0, 5.0])
@compiling
def test_distance_to_best(column: Column) -> None:
    best, worst = max(column), min(column)
    expected = [1.0 - (best - value) / (best - worst) if best > worst else 1.0 for value in column]
    assert normalised(column, DISTANCE_TO_BEST) == close(expected)


@given(columns, quarters, st.booleans())
@example([4.0], 4.0, False)
@example([4.0, 5.0], 3.0, True)
@compiling
def test_distance_to_target(column: Column, target: float, capped: bool) -> None:
    worst = min(column)
    expected = [1.0 if target <= worst else (value - worst) / (target - worst) for value in column]
    if capped:
        expected = [min(share, 1.0) for share in expected]
    assert normalised(column, DISTANCE_TO_TARGET, target, float(capped)) == close(expected)


METHODS: dict[str, tuple[int, list[float]]] = {
    "none": (NONE, []),
    "rank-better": (RANK, [BETTER]),
    "rank-worse": (RANK, [WORSE]),
    "rank-mean": (RANK, [MEAN]),
    "rank-no-gaps": (RANK, [NO_GAPS]),
    "percentile-rank": (PERCENTILE_RANK, [MEAN]),
    "z-score-n-1": (Z_SCORE, [1.0, 0.0, 1.0]),
    "z-score-n": (Z_SCORE, [0.0, 50.0, 10.0]),
    "min-max": (MIN_MAX, [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
    "min-max-given": (MIN_MAX, [1.0, -1.0, 1.0, 0.0, 100.0, 1.0]),
    "distance-to-best": (DISTANCE_TO_BEST, []),
    "distance-to-target": (DISTANCE_TO_TARGET, [9.0, 0.0]),
}


@pytest.mark.parametrize("name", METHODS)
@given(column=columns)
@compiling
def test_every_method_keeps_the_order_of_cities(name: str, column: Column) -> None:
    method, parameters = METHODS[name]
    scores = normalised(column, method, *parameters)
    ascending = [score for _, score in sorted(zip(column, scores, strict=True))]
    assert ascending == sorted(scores)
    assert len(set(scores)) <= len(set(column))


@pytest.mark.parametrize("name", [*METHODS, "as-published"])
@pytest.mark.parametrize("n", [1, 7, 8, 60, 130])
def test_every_row_of_a_block_is_normalised_as_if_it_were_alone(name: str, n: int) -> None:
    method, parameters = METHODS.get(name, (RANK, [AS_PUBLISHED]))
    generator = np.random.default_rng(n)
    block = np.round(generator.uniform(-9.0, 9.0, (6, n)), 1)
    block[3] = 0.1
    sums = np.concatenate([np.zeros((6, 1)), np.cumsum(-np.sort(-generator.uniform(0, 60, (6, n))), axis=1)], axis=1)
    together = normalised_block(block, method, parameters, sums)
    for row in range(6):
        alone = normalised_block(block[row : row + 1], method, parameters, sums[row : row + 1])
        assert together[row].tobytes() == alone[0].tobytes()


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("value", [0.0, 0.1, -3.0, 1e9])
def test_constant_columns_score_one_finite_number(name: str, n: int, value: float) -> None:
    method, parameters = METHODS[name]
    scores = normalised([value] * n, method, *parameters)
    assert len(set(scores)) == 1
    assert math.isfinite(scores[0])


def test_a_constant_column_scores_what_each_method_says() -> None:
    same = [0.1] * 4
    assert normalised(same, RANK, BETTER) == [4.0] * 4
    assert normalised(same, RANK, WORSE) == [1.0] * 4
    assert normalised(same, RANK, MEAN) == [2.5] * 4
    assert normalised(same, RANK, NO_GAPS) == [4.0] * 4
    assert normalised(same, Z_SCORE, 1.0, 50.0, 10.0) == [50.0] * 4
    assert normalised(same, MIN_MAX, 0.0, 0.0, 0.0, 1.0, 100.0, 0.0) == [50.5] * 4
    assert normalised(same, DISTANCE_TO_BEST) == [1.0] * 4
    assert normalised(same, DISTANCE_TO_TARGET, 0.1, 0.0) == [1.0] * 4
    assert normalised(same, DISTANCE_TO_TARGET, 1.0, 0.0) == [0.0] * 4


@given(columns, st.lists(st.integers(0, 10**6), min_size=20, max_size=20))
@compiling
def test_the_order_of_cities_changes_no_city_points(column: Column, keys: list[int]) -> None:
    order = sorted(range(len(column)), key=lambda city: keys[city])
    scores = normalised(column, RANK, MEAN)
    assert normalised([column[city] for city in order], RANK, MEAN) == [scores[city] for city in order]


@given(columns.filter(lambda column: len(column) > 1), st.integers(0, 100), st.sampled_from([0.25, 1.0, 7.0]))
@compiling
def test_raising_a_value_never_lowers_its_own_points(column: Column, chosen: int, rise: float) -> None:
    # True of ranks under every tie rule: fewer cities can be better, and more can be worse. True of min-max: the city
    # scores 0 below the others, 1 above them, and rises in between. True of the z-score: with d the distance to the
    # mean of the others, it is proportional to d / sqrt(b + c d^2) for constants b and c of the others.
    city = chosen % len(column)
    raised = [*column]
    raised[city] += rise
    for rule in (BETTER, WORSE, MEAN, NO_GAPS):
        assert normalised(raised, RANK, rule)[city] >= normalised(column, RANK, rule)[city]
    for name in ("min-max", "min-max-given", "z-score-n-1", "z-score-n", "distance-to-best"):
        method, parameters = METHODS[name]
        assert normalised(raised, method, *parameters)[city] >= normalised(column, method, *parameters)[city] - 1e-12


positive = st.lists(st.integers(1, 40).map(lambda quarter: quarter / 4.0), min_size=1, max_size=20)


@given(positive)
@compiling
def test_a_fraction_of_the_best_is_a_ratio_either_way(column: Column) -> None:
    assert by_ratio(column, FRACTION_OF_BEST, 0.0) == ([x / max(column) for x in column], -1)
    turned = [-x for x in column]
    assert by_ratio(turned, FRACTION_OF_BEST, 1.0) == ([min(column) / x for x in column], -1)


@given(positive, st.data())
@compiling
def test_a_distance_to_a_reference_is_a_ratio_to_its_value(column: Column, data: st.DataObject) -> None:
    own = data.draw(st.integers(0, len(column) - 1))
    assert by_ratio(column, DISTANCE_TO_REFERENCE, own, 0.0) == ([x / column[own] for x in column], -1)
    turned = [-x for x in column]
    assert by_ratio(turned, DISTANCE_TO_REFERENCE, own, 1.0) == ([column[own] / x for x in column], -1)
    # Of a matrix of more cities, of which these are left.
    place = [-1, *range(len(column))]
    assert by_ratio(column, DISTANCE_TO_REFERENCE, own + 1, 0.0, place=place) == ([x / column[own] for x in column], -1)
    assert by_ratio(column, DISTANCE_TO_REFERENCE, 0.0, 0.0, place=place)[1] == 0


@pytest.mark.parametrize("method", [(FRACTION_OF_BEST,), (DISTANCE_TO_REFERENCE, 0.0)])
@pytest.mark.parametrize("value", [0.0, -0.0, -2.0])
def test_ratios_are_undefined_of_values_that_are_not_above_zero(method: tuple[int, ...], value: float) -> None:
    assert by_ratio([3.0, value, 2.0], *method, 0.0)[1] == 1
    assert by_ratio([-3.0, -value, -2.0], *method, 1.0)[1] == 1
