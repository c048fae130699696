"""The last rounding errors taken out of rising samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.kernels.order import keep_rising

Array = NDArray[Any]


def raised(rows: Any, fixed: list[int] | None = None) -> Array:
    samples = np.array(rows, np.float64, ndmin=2)
    held = np.zeros(samples.shape[1], np.bool_)
    held[fixed or []] = True
    for sample in samples:
        keep_rising(sample, held)
    return samples


def test_a_sample_that_rises_stays_as_it_is() -> None:
    rows = np.sort(np.random.default_rng(1).normal(size=(50, 9)), axis=1)
    np.testing.assert_array_equal(raised(rows), rows)
    np.testing.assert_array_equal(raised(rows, [0, 4, 8]), rows)


def test_equal_values_are_one_step_of_the_last_digit_apart() -> None:
    up = np.nextafter(2.0, 3.0)
    assert raised([1.0, 2.0, 2.0, 2.0, 5.0])[0].tolist() == [1, 2, up, np.nextafter(up, 3.0), 5]


def test_a_fixed_value_stays_and_those_before_it_give_way() -> None:
    down = np.nextafter(2.0, 1.0)
    assert raised([1.0, 2.0, 2.0, 5.0], [2])[0].tolist() == [1, down, 2, 5]
    assert raised([1.0, 2.0, 2.0, 2.0, 5.0], [3])[0].tolist() == [1, np.nextafter(down, 1.0), down, 2, 5]


def test_a_value_a_little_beyond_a_fixed_one_comes_back() -> None:
    over = 2.0 + 1e-12
    assert raised([1.0, over, 2.0, 5.0], [2])[0].tolist() == [1, np.nextafter(2.0, 1.0), 2, 5]
    assert raised([2.0, 2.0 - 1e-12, 5.0], [0])[0].tolist() == [2, np.nextafter(2.0, 3.0), 5]


def test_values_crowded_against_both_fixed_neighbours_find_room() -> None:
    low, high = 1.0, 1.0 + 20 * np.spacing(1.0)
    for crowd in (low, high, low - 1e-13, high + 1e-13):
        row = raised([low, *[crowd] * 9, high], [0, 10])[0]
        assert (np.diff(row) > 0).all()
        assert (row[0], row[-1]) == (low, high)


@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=15),
    st.lists(st.integers(-3, 3), min_size=15, max_size=15),
    st.sets(st.integers(0, 14)),
)
def test_rising_values_but_for_rounding_rise_strictly_and_move_by_no_more_than_that(
    values: list[float], errors: list[int], fixed: set[int]
) -> None:
    """Fixed values are distinct and exact, the others off by some steps of the last digit, or equal to a neighbour."""
    rising = np.sort(np.array(values))
    held = [k for k in fixed if k < len(rising) and (k == 0 or rising[k] - rising[k - 1] > 1e-3 * abs(rising[k]))]
    rounding = np.array(errors[: len(rising)]) * np.spacing(np.abs(rising))
    rounding[held] = 0.0
    row = raised(rising + rounding, held)[0]
    assert (np.diff(row) > 0).all()
    assert row[held].tolist() == rising[held].tolist()
    # A run of equal values takes as many steps as it is long; near nought a step is the smallest number there is.
    assert (np.abs(row - rising) <= 25 * np.spacing(np.abs(rising) + 1e-300)).all()


def test_each_draw_is_raised_by_itself() -> None:
    rows = [[1.0, 1.0, 2.0], [1.0, 2.0, 3.0], [5.0, 5.0, 5.0]]
    together = raised(rows)
    for row, one in zip(rows, together, strict=True):
        np.testing.assert_array_equal(raised(row)[0], one)
