"""Calibration: the printed order, the least total move, and values filled in between."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from simulator.index import Index, load_index
from simulator.raw.calibration import (
    SMALLEST_STEP,
    calibrate,
    filled,
    positions,
    rank_correlation,
    usable,
    usable_values,
)
from simulator.raw.side import Behind, Direction, Scale, behind

Array = NDArray[Any]


def one(values: Any, scale: Scale = "signed", direction: Direction = "higher") -> Behind:
    return Behind("v", ("v",), scale, direction, "", (1.0,), np.array(values, np.float64))


def calibrated(values: Any, points: Any, scale: Scale = "signed", direction: Direction = "higher") -> Array:
    return calibrate(one(values, scale, direction), np.array(points, np.float64)).value


def least_total_move(values: Array, points: Array) -> float:
    """Return the least sum of moves that puts values in the order of points, by a linear program."""
    _, group = np.unique(points, return_inverse=True)
    n, m, unit = len(values), int(group.max()) + 1, np.ptp(values)
    of_group, of_city = np.eye(m)[group], np.eye(n)
    rising = np.hstack([np.eye(m)[:-1] - np.eye(m)[1:], np.zeros((m - 1, n))])
    limits = np.vstack([np.hstack([-of_group, -of_city]), np.hstack([of_group, -of_city]), rising])
    bounds = np.concatenate([-values / unit, values / unit, np.zeros(m - 1)])
    costs = np.concatenate([np.zeros(m), np.ones(n)])
    found = linprog(costs, limits, bounds, bounds=[(None, None)] * m + [(0, None)] * n)
    assert found.success
    return float(found.fun) * float(unit)


def fewest_moves(values: Array, points: Array) -> int:
    """Return how many cities must move for the least sum of moves, trying every rising choice of values."""
    _, group = np.unique(points, return_inverse=True)
    levels = list(itertools.combinations_with_replacement(np.unique(values), int(group.max()) + 1))
    distance = np.abs(np.array(levels)[:, group] - values)
    total = distance.sum(axis=1)
    return int((distance[total <= total.min() + 1e-12 * np.ptp(values)] > 0).sum(axis=1).min())


def assert_in_order(values: Array, points: Array) -> None:
    """Pairs of cities compare by their values as by their points, equality included."""
    np.testing.assert_array_equal(
        np.sign(np.subtract.outer(values, values)), np.sign(np.subtract.outer(points, points))
    )


CASES = st.integers(2, 9).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(1, 3000).map(lambda k: k / 10), min_size=n, max_size=n),
        st.lists(st.integers(1, n), min_size=n, max_size=n),
        st.sampled_from(["higher", "lower"]),
        st.sampled_from(["positive", "signed"]),
    )
)


@given(CASES)
def test_values_are_in_the_printed_order_and_moved_the_least(case: tuple[list[float], list[int], Any, Any]) -> None:
    raw, printed, direction, scale = case
    values, points = np.array(raw), np.array(printed, float)
    turned = points if direction == "higher" else -points
    found = calibrated(values, points, scale, direction)
    if np.ptp(values) == 0.0:
        np.testing.assert_allclose(found, values)  # nothing to tell cities apart by
        return
    assert_in_order(found, turned)
    linked, moved = (np.log(values), np.log(found)) if scale == "positive" else (values, found)
    steps = len(values) ** 2 * SMALLEST_STEP * np.ptp(linked)
    total, least = np.abs(moved - linked).sum(), least_total_move(linked, turned)
    assert least - 1e-6 * np.ptp(linked) <= total <= least + steps
    if len(values) <= 7:
        assert calibrate(one(values, scale, direction), points).moved.sum() == fewest_moves(linked, turned)


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=12, unique=True).map(sorted), st.booleans())
def test_values_in_order_already_are_not_moved(values: list[float], lower: bool) -> None:
    raw = np.array(values)
    points = np.arange(1.0, len(raw) + 1)
    found = calibrated(raw, -points if lower else points, direction="lower" if lower else "higher")
    apart = np.diff(raw).min() > 2 * SMALLEST_STEP * np.ptp(raw)
    # Neighbours nearer than the smallest step are moved apart by it.
    np.testing.assert_allclose(found, raw, rtol=0, atol=0 if apart else len(raw) * SMALLEST_STEP * np.ptp(raw))


def test_values_on_a_positive_scale_in_order_keep_their_digits() -> None:
    raw = np.random.default_rng(2).lognormal(3, 1.5, 40)
    points = positions(raw) + 1.0
    assert calibrated(raw, points, "positive").tolist() == raw.tolist()
    assert calibrated(raw, 41 - points, "positive", "lower").tolist() == raw.tolist()


def test_equal_values_of_equal_points_stay_and_of_different_points_part_by_a_step() -> None:
    assert calibrated([1, 4, 4, 9], [1, 2, 2, 3]).tolist() == [1, 4, 4, 9]
    parted = calibrated([1, 4, 4, 9], [1, 2, 3, 4])
    assert_in_order(parted, np.array([1, 2, 3, 4]))
    np.testing.assert_allclose(parted, [1, 4, 4, 9], atol=10 * SMALLEST_STEP)


@pytest.mark.parametrize(("direction", "points"), [("higher", [1, 2, 2, 3, 4, 4]), ("lower", [4, 3, 3, 2, 1, 1])])
@pytest.mark.parametrize("scale", ["positive", "signed"])
@pytest.mark.parametrize("outlier", [900.0, 0.01])
def test_one_figure_out_of_place_moves_alone(outlier: float, scale: Any, direction: Any, points: list[float]) -> None:
    """Its neighbours are two each, so it costs more to draw them along."""
    raw = np.array([1.0, 2.0, 2.0, outlier, 5.0, 5.0])
    found = calibrate(one(raw, scale, direction), np.array(points, float))
    assert found.moved.tolist() == [False, False, False, True, False, False]
    assert np.delete(found.value, 3).tolist() == np.delete(raw, 3).tolist()
    assert found.value[3] == pytest.approx(5 if outlier > 5 else 2, rel=1e-3)


@pytest.mark.parametrize("scale", ["positive", "signed"])
@pytest.mark.parametrize("outlier", [900.0, 0.01])
def test_of_equal_sums_of_moves_that_of_the_fewest_cities_is_taken(outlier: float, scale: Any) -> None:
    """It would cost no more to move the figure less far and a neighbour with it."""
    raw = np.array([1.0, 2.0, 3.0, outlier, 5.0, 6.0, 7.0])
    found = calibrate(one(raw, scale), np.arange(1.0, 8))
    assert found.moved.tolist() == [k == 3 for k in range(7)]
    assert found.value[3] == pytest.approx(5 if outlier > 5 else 3, rel=1e-3)


@pytest.mark.parametrize("unit", [1e-12, 1e-9, 1e-6, 1e6, 1e12])
@pytest.mark.parametrize("scale", ["positive", "signed"])
def test_the_unit_of_the_values_does_not_matter(unit: float, scale: Any) -> None:
    random = np.random.default_rng(5)
    raw, points = random.uniform(1, 10, 12), random.integers(1, 9, 12).astype(float)
    np.testing.assert_allclose(calibrated(raw * unit, points, scale) / unit, calibrated(raw, points, scale), rtol=1e-9)


@pytest.mark.parametrize("scale", ["positive", "signed"])
def test_values_that_hardly_differ_are_put_in_order_too(scale: Any) -> None:
    raw = 1e9 + np.random.default_rng(6).uniform(0, 1, 12)
    points = np.array([1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 9, 10.0])
    found = calibrated(raw, points, scale)
    assert_in_order(found, points)
    assert np.abs(found - raw).max() <= np.ptp(raw)


def test_a_group_of_equal_points_takes_a_median() -> None:
    assert calibrated([5, 7, 30], [1, 1, 1]).tolist() == [7, 7, 7]
    np.testing.assert_allclose(calibrated([1, 5, 7, 30, 40], [1, 2, 2, 2, 3]), [1, 7, 7, 7, 40])


def test_moves_on_a_positive_scale_are_measured_in_per_cent() -> None:
    raw, points = [100.0, 20.0, 30.0], [1, 2, 2]
    signed, positive = calibrated(raw, points), calibrated(raw, points, "positive")
    assert least_total_move(np.array(raw), np.array(points)) == pytest.approx(np.abs(signed - raw).sum(), abs=1e-3)
    logs = np.log(raw)
    assert least_total_move(logs, np.array(points)) == pytest.approx(np.abs(np.log(positive) - logs).sum(), abs=1e-4)
    move = calibrate(one([100.0, 50.0, 60.0], "positive"), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(move.move, move.value / [100, 50, 60] - 1)
    in_unit = calibrate(one([100.0, 50.0, 60.0]), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(in_unit.move, in_unit.value - [100, 50, 60])


def test_what_has_moved_is_measured_on_the_scale_of_the_moves() -> None:
    """A small figure put down by 60 per cent has moved, however large others are; one put a step aside has not."""
    small = calibrate(one([1, 5, 2, 1e6, 2e6, 3e6], "positive"), np.arange(1.0, 7))
    assert small.value[1] == pytest.approx(2, rel=1e-3)
    assert small.moved.tolist() == [k == 1 for k in range(6)]
    parted = calibrate(one([1e-9, 1, 1e12, 1e12, 1e12, 2e12], "positive"), np.arange(1.0, 7))
    assert not parted.moved.any()
    unknown = calibrate(one([0, np.nan, 3, 4], "positive"), np.arange(1.0, 5))
    assert not unknown.moved.any()
    assert not calibrate(one([np.nan] * 3), np.arange(1.0, 4)).moved.any()


def test_cities_without_a_value_have_none_and_change_nothing() -> None:
    values, points = [1, np.nan, 5, 3, np.nan, 4], [1, 6, 3, 4, 2, 5]
    found = calibrated(values, points)
    assert np.isnan(found).tolist() == [False, True, False, False, True, False]
    known = [0, 2, 3, 5]
    alone = calibrated(np.array(values)[known], np.array(points)[known])
    np.testing.assert_array_equal(found[known], alone)
    assert np.isnan(calibrated([np.nan] * 3, [1, 2, 3])).all()


def test_one_value_and_equal_values_stay() -> None:
    assert calibrated([np.nan, 7.0], [1, 2])[1] == 7
    assert calibrated([3, 3, 3], [1, 2, 3]).tolist() == [3, 3, 3]


def test_values_at_or_below_nought_are_none_on_a_positive_scale() -> None:
    found = calibrated([0, -1, 2, 3], [1, 2, 3, 4], "positive")
    assert np.isnan(found).tolist() == [True, True, False, False]
    assert usable_values(one([0, -1, 2, np.nan], "positive")).tolist() == [False, False, True, False]
    assert usable_values(one([0, -1, 2, np.nan])).tolist() == [True, True, True, False]


def test_the_values_given_stay_as_they_are() -> None:
    """Convention 9."""
    raw, points = np.array([1.0, 9.0, 3.0]), np.array([1.0, 2.0, 3.0])
    calibrate(one(raw), points)
    assert (raw.tolist(), points.tolist()) == ([1, 9, 3], [1, 2, 3])


# The bundled index.


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


def test_the_bundled_values_are_put_in_the_printed_order_at_the_least_move(published: Index) -> None:
    assert published.raw is not None
    seen = 0
    for slot in published.printed["slot"].values:
        own = behind(published.raw, slot)
        points = published.printed.sel(slot=slot).values
        if not usable(own, points):
            continue
        seen += 1
        found = calibrate(own, points).value
        known = own.known
        turned = points[known] if own.direction == "higher" else -points[known]
        assert_in_order(found[known], turned)
        linked, moved = (np.log(x[known]) if own.scale == "positive" else x[known] for x in (own.value, found))
        least = least_total_move(linked, turned)
        assert (
            least - 1e-6 * np.ptp(linked)
            <= np.abs(moved - linked).sum()
            <= least + 60**2 * SMALLEST_STEP * np.ptp(linked)
        )
    assert seen == 15


# Whether values can stand for those behind the points.


def test_five_values_in_much_the_printed_order_are_enough() -> None:
    points = np.arange(1.0, 11)
    values = np.where(points <= 5, points, np.nan)
    assert usable(one(values), points)
    assert not usable(one(np.where(points <= 4, points, np.nan)), points)
    assert not usable(one(-values), points)
    assert usable(one(-values, direction="lower"), points)
    assert not usable(one(np.full(10, np.nan)), points)


def test_values_in_another_order_are_not_those_behind_the_points() -> None:
    points = np.arange(1.0, 7)
    swapped, reversed_pairs = [1, 2, 3, 4, 6, 5], [2, 1, 4, 3, 6, 5]
    assert rank_correlation(np.array(swapped, float), points) == pytest.approx(1 - 6 * 2 / (6 * 35))
    assert usable(one(swapped), points)
    assert rank_correlation(np.array(reversed_pairs, float), points) == pytest.approx(1 - 6 * 6 / (6 * 35))
    assert not usable(one(reversed_pairs), points)


@pytest.mark.parametrize("values", [[0, 1, 2, 3, 4, 5], [-1, 1, 2, 3, 4, 5]])
def test_a_value_that_cannot_be_on_a_positive_scale_makes_all_unusable(values: list[float]) -> None:
    points = np.arange(1.0, 7)
    assert usable(one(values), points)
    assert not usable(one(values, "positive"), points)


@pytest.mark.parametrize(
    ("values", "points"), [([5, 5, 5], [1, 2, 3]), ([1, 2, 3], [4, 4, 4]), ([1, np.nan, np.nan], [1, 2, 3]), ([], [])]
)
def test_where_nothing_varies_there_is_no_correlation(values: list[float], points: list[float]) -> None:
    assert np.isnan(rank_correlation(np.array(values, float), np.array(points, float)))


# Filled in.


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_a_value_not_known_lies_on_the_line_between_its_neighbours(direction: Any) -> None:
    points = np.array([1.0, 2, 3, 4, 5]) if direction == "higher" else np.array([5.0, 4, 3, 2, 1])
    found = filled(calibrate(one([10, np.nan, np.nan, 40, 60], direction=direction), points))
    np.testing.assert_allclose(found, [10, 20, 30, 40, 60])
    logs = filled(calibrate(one([1, np.nan, np.nan, 1000, 1e5], "positive", direction), points))
    np.testing.assert_allclose(logs, [1, 10, 100, 1000, 1e5])


def test_beyond_the_last_known_value_the_line_goes_on_with_the_mean_slope() -> None:
    found = filled(calibrate(one([np.nan, 10, 16, 30, np.nan, np.nan]), np.arange(1.0, 7)))
    np.testing.assert_allclose(found, [0, 10, 16, 30, 40, 50])


def test_one_known_value_is_all_there_is_to_say() -> None:
    assert filled(calibrate(one([np.nan, 3, np.nan]), np.array([1.0, 2, 3]))).tolist() == [3, 3, 3]


@pytest.mark.parametrize("scale", ["positive", "signed"])
def test_a_city_tied_with_a_known_one_has_its_value_to_the_last_digit(scale: Any) -> None:
    assert filled(calibrate(one([1, np.nan, 3, 5], scale), np.array([1.0, 3, 3, 4]))).tolist() == [1, 3, 3, 5]


@given(CASES, st.lists(st.booleans(), min_size=9, max_size=9))
def test_filled_values_keep_the_order_and_pass_through_the_known(
    case: tuple[list[float], list[int], Any, Any], mask: list[bool]
) -> None:
    raw, printed, direction, scale = case
    points = np.array(printed, float)
    values = np.where(mask[: len(raw)], raw, np.nan)
    known = np.isfinite(values)
    if np.unique(points[known]).size < 2 or np.ptp(values[known]) == 0.0:
        return
    found = calibrate(one(values, scale, direction), points)
    whole = filled(found)
    np.testing.assert_array_equal(whole[known], found.value[known])
    turned = points if direction == "higher" else -points
    assert_in_order(whole, turned)


# Positions.


@given(st.lists(st.integers(1, 9), max_size=15))
def test_a_position_counts_the_cities_below(points: list[int]) -> None:
    assert positions(np.array(points, float)).tolist() == [sum(other < own for other in points) for own in points]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=15))
def test_equal_cities_may_have_their_middle_or_highest_position(points: list[int]) -> None:
    own = np.array(points, float)
    below, not_above = positions(own), np.array([sum(other <= own for other in points) - 1 for own in points])
    assert positions(own, "highest").tolist() == not_above.tolist()
    assert positions(own, "middle").tolist() == ((below + not_above) // 2).tolist()
