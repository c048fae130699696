"""Values drawn behind printed points: always in the printed order, through what is known, of the shapes asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from drawn_values import POSITIVE, SHAPES, assert_ordered_as, behind_points, with_known
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from raw_indices import drawn, index_of_points, with_raw
from scipy import stats

from simulator.uncertainty.factors import ValuesBehind
from simulator.uncertainty.value_draws import value_field
from simulator.uncertainty.values import scale_of

Array = NDArray[Any]

# Order: the drawn values reproduce the printed one, in every draw.

WEAK_ORDERS = st.integers(3, 24).flatmap(lambda n: st.lists(st.integers(1, n), min_size=n, max_size=n))


@given(WEAK_ORDERS, st.sampled_from(SHAPES), st.integers(0, 2**32))
def test_any_printed_order_comes_out_of_every_draw(points: list[int], shape: str, seed: int) -> None:
    assert_ordered_as(behind_points(points, shape, draws=20, seed=seed), points)


@given(WEAK_ORDERS, st.sampled_from(POSITIVE), st.integers(0, 2**32))
def test_values_on_a_positive_scale_are_positive_and_in_order(points: list[int], shape: str, seed: int) -> None:
    values = behind_points(points, shape, "positive", draws=20, seed=seed)
    assert_ordered_as(values, points)
    assert (values > 0).all()


@st.composite
def printed_with_known(draw: st.DrawFn) -> tuple[list[int], Array, str, str, str, str]:
    """Points with any ties, raw values of some cities nearly in their order, a shape, a scale, a direction, tied."""
    points = draw(st.integers(5, 20).flatmap(lambda n: st.lists(st.integers(1, n), min_size=n, max_size=n)))
    n = len(points)
    scale, direction = draw(st.sampled_from(["positive", "signed"])), draw(st.sampled_from(["higher", "lower"]))
    shape = draw(st.sampled_from(POSITIVE if scale == "positive" else ["normal", "student-t", "mixture", "uniform"]))
    spacing = draw(st.sampled_from([1e-6, 1.0, 30.0]))
    steps = np.array(draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
    # Steps from one place to the next: even, next to nothing, or many orders of magnitude.
    rising = np.cumsum(spacing * steps) if scale == "signed" else 10 ** (np.cumsum(spacing * steps) / 10 - 3)
    order = np.argsort(points, kind="stable")
    values = np.empty(n)
    values[order] = rising if direction == "higher" else rising[::-1]
    known = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    tied = draw(st.sampled_from(["lowest", "middle", "highest"]))
    return points, np.where(known, values, np.nan), shape, scale, direction, tied


@given(printed_with_known())
@settings(max_examples=150)
def test_the_order_holds_through_values_that_are_known(case: tuple[list[int], Array, str, str, str, str]) -> None:
    points, known, shape, scale, direction, tied = case
    raw, held = with_known(points, known, shape, scale, direction, 15, tied)
    assert_ordered_as(raw if direction == "higher" else -raw, points)
    pinned = np.isfinite(held)
    np.testing.assert_array_equal(raw[:, pinned], np.broadcast_to(held[pinned], (15, int(pinned.sum()))))
    if scale == "positive":
        assert (raw > 0).all()


PINS: dict[str, tuple[int, Sequence[int], Sequence[float]]] = {
    "very far apart": (20, [3, 5, 9, 14, 16], [1e-9, 1e-3, 1, 1e6, 1e12]),
    "at both ends, very far apart": (20, [0, 5, 9, 14, 19], [1e-9, 1e-3, 1, 1e6, 1e12]),
    "almost equal": (60, [3, 5, 9, 14, 55], [1, 1 + 1e-9, 1 + 2e-9, 1 + 3e-9, 1 + 4e-9]),
    "some almost equal": (60, [3, 5, 50, 55, 57], [1, 2, 3, 3 + 1e-6, 3 + 2e-6]),
    "an outlier above, 50 standard deviations away": (60, [*range(40), 55], [*np.linspace(1, 2, 40), 17.0]),
    "an outlier above, the others in a row": (60, [10, 11, 12, 13, 14, 50], [1, 1.1, 1.2, 1.3, 1.4, 60]),
    "an outlier below": (60, [*range(10, 50)], [1e-6, *np.linspace(1000, 1001, 39)]),
    "the lowest next to nought": (20, [5, 9, 12, 14, 16], [1e-9, 10, 30, 40, 100]),
    "at both ends only": (10, [0, 9], [1, 2]),
    "all but one within": (10, [0, 1, 2, 3, 5, 6, 7, 8, 9], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    "all but the first": (10, [*range(1, 10)], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    "all but the last": (10, [*range(9)], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    "a cluster at the lower end": (60, [0, 1, 2, 3, 59], [1, 1.0001, 1.0002, 1.0003, 2]),
    "a cluster at the upper end": (60, [0, 56, 57, 58, 59], [1, 1.9997, 1.9998, 1.9999, 2]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pins", PINS.values(), ids=PINS)
def test_however_extreme_the_known_values_the_others_lie_between_them(
    pins: tuple[int, Sequence[int], Sequence[float]], shape: str
) -> None:
    n, places, given_values = pins
    points = np.arange(1.0, n + 1)
    known = np.full(n, np.nan)
    known[list(places)] = given_values
    positive = shape in POSITIVE
    if len(places) < 5:
        known[4:7] = [1.4, 1.5, 1.6]
    raw, held = with_known(points, known, shape, "positive" if positive else "signed")
    assert np.isfinite(raw).all()
    assert (np.diff(raw, axis=1) > 0).all()
    pinned = np.isfinite(held)
    assert pinned[list(places)].sum() >= 5 if len(places) >= 5 else pinned.sum() == 5
    np.testing.assert_array_equal(raw[:, pinned], np.broadcast_to(held[pinned], (len(raw), int(pinned.sum()))))
    if positive:
        assert (raw > 0).all()


@pytest.mark.parametrize("shape", ["normal", "student-t", "mixture", "uniform"])
def test_many_values_between_two_known_ones_that_hardly_differ_still_rise(shape: str) -> None:
    """Nineteen find room in some eighty steps of the last digit, where many would fall on the same number."""
    known = np.full(60, np.nan)
    known[[0, 10, 30, 50, 59]] = 1e9 + np.array([0.0, 0.25, 0.25001, 0.75, 1.0])
    raw, held = with_known(np.arange(1, 61), known, shape)
    assert 60 < (held[30] - held[10]) / np.spacing(1e9) < 100
    assert (np.diff(raw, axis=1) > 0).all()
    pinned = np.isfinite(known)
    np.testing.assert_array_equal(raw[:, pinned], np.broadcast_to(held[pinned], (400, 5)))


@pytest.mark.parametrize("tied", ["lowest", "middle", "highest"])
def test_a_city_tied_with_a_known_one_has_its_value(tied: str) -> None:
    points = [1, 2, 4, 4, 4, 6, 7, 8]
    known = [1.0, 2, np.nan, 3.5, np.nan, np.nan, 6, 9]
    raw, _ = with_known(points, known, "normal", tied=tied)
    assert (raw[:, 2:5] == 3.5).all()
    np.testing.assert_array_equal(raw[:, [0, 1, 6, 7]], np.broadcast_to([1.0, 2, 6, 9], (400, 4)))
    assert np.unique(raw[:, 5]).size == 400


def test_values_are_turned_where_lower_ones_are_better() -> None:
    """What is scored is minus the raw value; the best city has the lowest."""
    points = np.arange(1.0, 9)
    known = np.array([80.0, 70, np.nan, 50, 40, np.nan, 20, 10])
    index = with_raw(index_of_points({"m-a": points}), {"m-a": known}, scale="positive", direction="lower")
    scored = drawn(index, {"values": {}}, 300)[:, 0]
    assert_ordered_as(scored, points)
    np.testing.assert_array_equal(scored[:, [0, 7]], np.broadcast_to([-80.0, -10.0], (300, 2)))
    assert ((-scored[:, 2] > 50) & (-scored[:, 2] < 70)).all()


# Ties: the value of the lowest position.


def test_a_tied_group_has_the_value_of_its_lowest_position() -> None:
    """Uniform values of seven places: positions 1, 2, 2, 2, 5, 6, 6 have the mean k / 8."""
    points = [1, 4, 4, 4, 5, 7, 7]
    draws = 8000
    values = behind_points(points, "uniform", draws=draws)
    for k, column in zip([1, 2, 2, 2, 5, 6, 6], values.T, strict=True):
        margin = (k * (8 - k) / (64 * 9) / draws) ** 0.5
        assert abs(column.mean() - k / 8) < 4.5 * margin
        assert stats.kstest(column, stats.beta(k, 8 - k).cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    ("tied", "positions"),
    [("lowest", [1, 2, 2, 2, 5, 6, 6]), ("middle", [1, 3, 3, 3, 5, 6, 6]), ("highest", [1, 4, 4, 4, 5, 7, 7])],
)
def test_a_tied_group_may_have_the_value_of_another_of_its_positions(tied: str, positions: list[int]) -> None:
    """The middle one of two is the lower."""
    points = [1, 4, 4, 4, 5, 7, 7]
    values = drawn(index_of_points({"m-a": points}), {"values": {"signed": "uniform", "tied": tied}}, 4000)[:, 0]
    assert_ordered_as(values[:200], points)
    for k, column in zip(positions, values.T, strict=True):
        assert stats.kstest(column, stats.beta(k, 8 - k).cdf).pvalue > 1e-4


def test_it_is_the_lowest_printed_position_where_lower_raw_values_are_better_too() -> None:
    """Of seven raw values, of which the highest is the worst, the group at printed positions 2 to 4 has the sixth."""
    points = [1, 4, 4, 4, 5, 7, 7]
    index = with_raw(index_of_points({"m-a": points}), {"m-a": [np.nan] * 7}, direction="lower")
    values = -drawn(index, {"values": {"signed": "uniform"}}, 4000)[:, 0]
    for k, column in zip([7, 6, 6, 6, 3, 2, 2], values.T, strict=True):
        assert stats.kstest(column, stats.beta(k, 8 - k).cdf).pvalue > 1e-4


# Which values are known well enough to be held.


@pytest.mark.parametrize(
    ("known", "held"),
    [
        ([1.0, 2, 3, 4, 5, np.nan, np.nan], True),
        ([1.0, 2, 3, 4, np.nan, np.nan, np.nan], False),  # four are too few
        ([2.0, 1, 4, 3, 6, 5, np.nan], False),  # another order than the print
        ([7.0, 6, 5, 4, 3, 2, 1], False),
    ],
)
def test_known_values_are_held_where_they_are_enough_and_in_the_printed_order(known: list[float], held: bool) -> None:
    values, _ = with_known(np.arange(1, 8), known, "normal", draws=100)
    assert ((values == values[0]).all(axis=0)[:4] == held).all()
    assert_ordered_as(values, np.arange(1, 8))


def test_a_value_that_is_out_of_the_printed_order_is_drawn_like_one_that_is_not_known() -> None:
    """Its neighbours are two each, so that it alone has to move."""
    points = [1, 2, 2, 4, 5, 5, 7, 8]
    known = [1.0, 2, 2, 5.5, 5, 5, 7, 8]
    raw, held = with_known(points, known, "normal", draws=3000)
    assert np.isnan(held).tolist() == [k == 3 for k in range(8)]
    assert_ordered_as(raw[:100], points)
    assert np.unique(raw[:, 3]).size > 2980  # single precision tells some million values apart
    without, _ = with_known(points, [*known[:3], np.nan, *known[4:]], "normal", draws=3000)
    np.testing.assert_array_equal(raw, without)


def test_a_raw_side_that_is_ignored_changes_nothing() -> None:
    bare = index_of_points({"m-a": np.arange(1, 9)}, {"scale": "positive"})
    index = with_raw(bare, {"m-a": np.arange(8.0, 0, -1)}, direction="lower", scale="positive")
    ignored = drawn(index, {"values": {"raw": "ignore"}})
    np.testing.assert_array_equal(ignored, drawn(bare, {"values": {"raw": "ignore"}}))
    used = drawn(index, {"values": {}})
    assert (used == used[:1]).all()
    spec = ValuesBehind()
    assert [scale_of(one, index, "m-a") for one in (spec, ValuesBehind(raw="ignore"))] == ["positive", "signed"]
    assert scale_of(spec, bare, "m-a") == "positive"


def test_a_variable_all_of_whose_values_are_known_is_not_drawn() -> None:
    index = with_raw(
        index_of_points({"m-a": [1, 2, 3, 3, 5], "m-b": [5, 4, 3, 2, 1]}),
        {"m-a": [0.0, 1, 2, 2, 9], "m-b": [9.0, np.nan, np.nan, np.nan, 0]},
    )
    field = value_field(ValuesBehind(), "values 0", index, [0, 1])
    assert [column.pins.known.tolist() for column in field.columns] == [[True] * 5, [False] * 5]
    assert [column.sign for column in field.columns] == [1.0, 1.0]
    values = drawn(index, {"values": {}}, 50)
    np.testing.assert_array_equal(values[:, 0], np.broadcast_to([0.0, 1, 2, 2, 9], (50, 5)))


# Which shape a draw takes.


def test_each_variable_takes_a_shape_in_each_draw_with_its_share() -> None:
    """Of twenty values some are negative unless the shape is the uniform one."""
    index = index_of_points({"m-a": np.arange(1, 21), "m-b": np.arange(20, 0, -1)})
    spec = {"signed": {"alternatives": ["normal", "uniform"], "shares": [1, 3]}}
    uniform = (drawn(index, {"values": spec}, 6000) > 0).all(axis=2)
    margin = 4.5 * (0.75 * 0.25 / 6000) ** 0.5
    assert np.abs(uniform.mean(axis=0) - 0.75).max() < margin
    both = uniform.all(axis=1).mean()
    assert abs(both - 0.75**2) < 4.5 * (0.5625 * 0.4375 / 6000) ** 0.5


def test_which_shape_a_draw_takes_says_nothing_of_its_spread() -> None:
    spec = {"signed": [{"method": "lognormal", "sigma": [0.3, 1.5]}, "normal"]}
    values = drawn(index_of_points({"m-a": np.arange(1, 21)}), {"values": spec}, 4000)[:, 0]
    logs = np.log(values[(values > 0).all(axis=1)])
    # Of twenty logarithms with spread σ the standard deviation is σ but for some 16 per cent.
    spreads = logs.std(axis=1, ddof=1)
    assert len(spreads) == pytest.approx(2000, abs=4.5 * 1000**0.5)
    assert spreads.mean() == pytest.approx(0.9 * (1 - 1 / 80), abs=4.5 * 0.4 / len(spreads) ** 0.5)


def test_shapes_follow_the_scale() -> None:
    points = np.arange(1, 11)
    index = with_raw(index_of_points({"m-a": points, "m-b": points}), {"m-a": [np.nan] * 10}, scale="positive")
    values = drawn(index, {"values": {"positive": {"method": "uniform", "low": [0.9, 0.9]}, "signed": "normal"}})
    assert ((values[:, 0] > 0.9) & (values[:, 0] < 1)).all()
    assert (values[:, 1, 0] < 0).mean() > 0.99


def test_variables_and_draws_have_nothing_in_common() -> None:
    index = index_of_points({"m-a": np.arange(1, 8), "m-b": np.arange(1, 8)})
    values = drawn(index, {"values": {"signed": "uniform"}}, 8000)
    assert abs(np.corrcoef(values[:, 0, 3], values[:, 1, 3])[0, 1]) < 4.5 / 8000**0.5
    assert abs(np.corrcoef(values[1:, 0, 3], values[:-1, 0, 3])[0, 1]) < 4.5 / 8000**0.5
