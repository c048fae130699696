from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from simulator.kernels.errors import error_sizes
from simulator.uncertainty.data_error import UNIT_CODES, ErrorField, error_field, first_of_equals
from simulator.uncertainty.factors import DataError
from simulator.uncertainty.streams import stream

Array = NDArray[Any]

DRAWS = 20_000
BASE = np.array([[10.0, -20.0, 30.0, 10.0], [5.0, 5.0, 5.0, 5.0], [1.0, 2.0, 4.0, 8.0]])
SPREAD = BASE.std(axis=1, ddof=1)
STANDARD_DEVIATION = {"normal": 1.0, "uniform": 1 / 3**0.5, "triangular": 1 / 6**0.5}
FOURTH_MOMENT = {"normal": 3.0, "uniform": 1.8, "triangular": 2.4}


def errors_of(spec: DataError, leaves: list[int], draws: int = DRAWS, seed: int = 1) -> Array:
    values = np.repeat(BASE[np.newaxis], draws, axis=0)
    field = error_field(spec, 0, leaves, BASE)
    generators = stream(seed, 0, "data-error 0"), stream(seed, 0, "data-error 0 shared")
    field.add(generators, BASE[np.newaxis], values)
    return values - BASE


def sizes_of(field: ErrorField, values: Array) -> Array:
    sizes = np.full((field.leaves.size, values.shape[1]), np.nan)
    error_sizes(values, field.leaves, UNIT_CODES[field.unit], np.full(field.leaves.size, field.size), sizes)
    return sizes


def expected_size(unit: str) -> Array:
    sizes = {"relative": 0.3 * np.abs(BASE), "sd": np.repeat(0.3 * SPREAD[:, None], 4, axis=1)}
    return sizes.get(unit, np.full(BASE.shape, 0.3))


@pytest.mark.parametrize("unit", ["relative", "sd", "places"])
@pytest.mark.parametrize("distribution", ["normal", "uniform", "triangular"])
@pytest.mark.parametrize("ties", ["shared", "independent"])
def test_the_size_of_an_error_is_the_one_asked_for(unit: Any, distribution: Any, ties: Any) -> None:
    """`size` is the standard deviation of a normal error and half the width of the others, in each unit."""
    errors = errors_of(DataError(size=0.3, unit=unit, distribution=distribution, ties=ties), [0, 1, 2])
    size = expected_size(unit)
    sd = STANDARD_DEVIATION[distribution] * size
    margin = sd * ((FOURTH_MOMENT[distribution] - 1) / (4 * DRAWS)) ** 0.5
    assert (np.abs(errors.std(axis=0) - sd) <= 4.5 * margin).all()
    assert (np.abs(errors.mean(axis=0)) <= 4.5 * sd / DRAWS**0.5).all()
    if distribution != "normal":
        assert (np.abs(errors) <= size + 1e-12).all()
        assert (np.abs(errors).max(axis=0) >= 0.95 * size).all()


@pytest.mark.parametrize("distribution", ["normal", "uniform", "triangular"])
def test_the_shape_of_an_error_is_the_one_asked_for(distribution: Any) -> None:
    error = errors_of(DataError(size=2, unit="places", distribution=distribution), [2])[:, 2, 3] / 2
    shapes = {"normal": stats.norm(), "uniform": stats.uniform(-1, 2), "triangular": stats.triang(0.5, -1, 2)}
    assert stats.kstest(error, shapes[distribution].cdf).pvalue > 1e-4


def test_equal_values_share_their_error_and_stay_equal() -> None:
    errors = errors_of(DataError(size=1, unit="places"), [0, 1])
    np.testing.assert_array_equal(errors[:, 0, 0], errors[:, 0, 3])
    assert (errors[:, 1] == errors[:, 1, :1]).all()
    assert (errors[:, 0, 0] != errors[:, 0, 1]).all()


def test_independent_errors_part_equal_values() -> None:
    errors = errors_of(DataError(size=1, unit="places", ties="independent"), [0, 1])
    assert (errors[:, 0, 0] != errors[:, 0, 3]).all()
    assert abs(np.corrcoef(errors[:, 0, 0], errors[:, 0, 3])[0, 1]) < 4.5 / DRAWS**0.5


def test_errors_of_different_indicators_and_draws_have_nothing_in_common() -> None:
    errors = errors_of(DataError(size=1, unit="places"), [0, 2])
    correlation = np.corrcoef(errors[:, 0, 1], errors[:, 2, 1])[0, 1]
    lagged = np.corrcoef(errors[1:, 0, 1], errors[:-1, 0, 1])[0, 1]
    assert max(abs(correlation), abs(lagged)) < 4.5 / DRAWS**0.5


def test_only_the_indicators_named_have_an_error() -> None:
    errors = errors_of(DataError(size=1, unit="places"), [2], draws=50)
    assert not errors[:, :2].any()
    assert errors[:, 2].all()


def test_a_relative_error_of_nought_is_none_and_a_constant_indicator_has_no_standard_deviation() -> None:
    base = np.array([[0.0, 1.0], [4.0, 4.0]])
    for unit, cells in (("relative", [[0.0, 0.1], [0.4, 0.4]]), ("sd", [[0.1 * 0.5**0.5] * 2, [0.0] * 2])):
        field = error_field(DataError(size=0.1, unit=unit), 0, [0, 1], base)  # type: ignore[arg-type]
        np.testing.assert_allclose(sizes_of(field, base), cells)
        # The errors drawn are of that size: the noise is the same in a unit that is nothing but one.
        drawn, noise = (np.repeat(base[np.newaxis], 50, axis=0) for _ in range(2))
        field.add((stream(1, 0, "e"), stream(1, 0, "s")), base[np.newaxis], drawn)
        plain = replace(field, unit="places", size=1.0)
        plain.add((stream(1, 0, "e"), stream(1, 0, "s")), np.zeros((1, 2, 2)), noise, anew=True)
        np.testing.assert_allclose(drawn - base, cells * noise, atol=1e-15)


def test_a_single_city_has_no_standard_deviation() -> None:
    alone = np.array([[3.0]])
    field = error_field(DataError(size=1, unit="sd"), 0, [0], alone)
    assert sizes_of(field, alone).tolist() == [[0.0]]
    values = np.full((5, 1, 1), np.nan)
    field.add((stream(1, 0, "e"), stream(1, 0, "s")), alone[np.newaxis], values, anew=True)
    assert values.tolist() == [[[3.0]]] * 5


@pytest.mark.parametrize("unit", ["relative", "sd", "places"])
@pytest.mark.parametrize("distribution", ["normal", "uniform", "triangular"])
@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_true_values_may_be_one_row_or_one_a_draw_or_those_that_are_changed(
    unit: Any, distribution: Any, correlation: float
) -> None:
    spec = DataError(size=0.3, unit=unit, distribution=distribution, correlation=correlation)
    field = error_field(spec, 0, [2, 0], BASE, [0, 0], turned=[0])
    each = np.repeat(BASE[np.newaxis], 4, axis=0)

    def drawn(true: Array, values: Array, anew: bool) -> Array:
        field.add((stream(1, 0, "e"), stream(1, 0, "s")), true, values, anew)
        return values

    expected = drawn(BASE[np.newaxis], each.copy(), False)
    assert (expected[:, [0, 2]] != BASE[[0, 2]]).all()
    own = each.copy()
    others = [
        drawn(BASE[np.newaxis], np.full(each.shape, np.nan), True),
        drawn(each, np.full(each.shape, np.nan), True),
        drawn(each, each.copy(), False),
        drawn(own, own, False),
    ]
    for found in others:
        assert found.tobytes() == expected.tobytes()


def test_nought_and_minus_nought_are_equal_values() -> None:
    assert first_of_equals(np.array([0.0, -0.0, 1.0])).tolist() == [0, 0, 2]


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12))
def test_the_first_of_equals_is_the_first_position_of_the_value(values: list[int]) -> None:
    assert first_of_equals(np.array(values, float)).tolist() == [values.index(value) for value in values]


def test_the_values_given_stay_as_they_are() -> None:
    """Convention 9."""
    before = BASE.copy()
    errors_of(DataError(size=1, unit="relative"), [0, 1, 2], draws=3)
    np.testing.assert_array_equal(BASE, before)
