"""Gaps between known values: cut-off shapes where a gap is wide enough to tell, straight lines where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from drawn_values import SHAPES, law
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy import stats

from simulator.uncertainty.shapes import AnyShape, Shape, Uniform, on_logarithms, probability, quantile
from simulator.uncertainty.value_draws import ValueField, encode_columns
from simulator.uncertainty.values import Column, Fitted, Pins

Array = NDArray[Any]

DRAWS = 4000

NARROW, IMPROBABLE = 1e-3, 1e-9
"""Widths in spreads, and probabilities, below which a gap's values lie on a line."""


def column_of(shape: AnyShape, known: dict[int, float], n: int) -> Column:
    """Return a variable of n cities with known quantiles at some places, of a shape of the middle 0 and spread 1."""
    position, standard = np.array([*known]), np.array([*known.values()])
    value = np.exp(standard) if on_logarithms(shape) else standard
    pins = Pins(position, value, np.isin(np.arange(n), position))
    probable = np.concatenate([[0.0], probability(shape, standard), [1.0]])
    fitted = Fitted(shape, (0.0, 0.0), (1.0, 1.0), probable)
    return Column(0, "signed", 1.0, np.arange(n), pins, (fitted,), np.zeros(0), "")


def shape_of(written: Any) -> AnyShape:
    shape: AnyShape = TypeAdapter(Shape).validate_python(written)
    return shape


def drawn_between(column: Column, draws: int = DRAWS) -> Array:
    """Return quantiles (draw, city): values, or logarithms where the shape is of them."""
    values = np.full((draws, 1, column.place.size), np.nan)
    ValueField("values 0", (column,)).open(5, 0, draws).fill(values, 0)
    return np.log(values[:, 0]) if on_logarithms(column.shapes[0].shape) else values[:, 0]


def cdf_of(name: str) -> Callable[[Array], Array]:
    """Return the distribution function of a standard shape, by scipy."""
    own = law(name, 1.0)
    return (lambda z: own(np.exp(z))) if name.startswith("log") else own


def assert_ordered_sample(shares: Array) -> None:
    """Each of some columns is the order statistic of as many uniform numbers that its place makes it."""
    for k, share in enumerate(shares.T, 1):
        assert stats.kstest(share, stats.beta(k, shares.shape[1] + 1 - k).cdf).pvalue > 1e-4


@pytest.mark.parametrize("times", [0.01, 0.999, 1.001, 3.0])
@pytest.mark.parametrize("p", [0.02, 0.5, 0.97])
@pytest.mark.parametrize("name", SHAPES)
def test_about_the_width_at_which_lines_begin_the_law_is_the_shape_cut_off_at_both(
    name: str, p: float, times: float
) -> None:
    shape, cdf = shape_of(name), cdf_of(name)
    low = float(quantile(shape, np.array(p)))
    high = low + times * NARROW
    column = column_of(shape, {0: low, 4: high}, 5)
    assert encode_columns([column])[0].straight.tolist() == [[times < 1.0]]
    z = drawn_between(column)
    start, end = cdf(np.array(low)), cdf(np.array(high))
    assert_ordered_sample((cdf(z[:, 1:4]) - start) / (end - start))


@pytest.mark.parametrize("times", [0.9, 1.1])
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("name", [name for name in SHAPES if name != "uniform"])
def test_a_gap_of_next_to_no_probability_is_a_line_and_one_of_little_is_not(
    name: str, upper: bool, times: float
) -> None:
    shape, cdf = shape_of(name), cdf_of(name)
    ends = np.array([1e-8, 1e-8 + times * IMPROBABLE])
    low, high = quantile(shape, 1.0 - ends[::-1] if upper else ends)
    assert high - low > NARROW
    column = column_of(shape, {0: low, 3: high}, 4)
    assert encode_columns([column])[0].straight.tolist() == [[times < 1.0]]
    z = drawn_between(column)[:, 1:3]
    start, end = cdf(np.array(low)), cdf(np.array(high))
    assert_ordered_sample((z - low) / (high - low) if times < 1.0 else (cdf(z) - start) / (end - start))


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "uniform"])
def test_beyond_known_values_to_which_a_shape_gives_all_its_probability_others_lie_one_spread_away(name: str) -> None:
    shape = shape_of(name)
    low, high = quantile(shape, np.array([1e-10, 1.0 - 1e-10]))
    z = drawn_between(column_of(shape, {3: low, 4: 0.0, 5: high}, 8))
    assert_ordered_sample(z[:, :3] - (low - 1.0))
    assert_ordered_sample(z[:, 6:] - high)


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "uniform"])
def test_beyond_other_known_values_they_are_those_of_the_tails(name: str) -> None:
    shape, cdf = shape_of(name), cdf_of(name)
    low, high = quantile(shape, np.array([1e-7, 1.0 - 1e-7]))
    z = drawn_between(column_of(shape, {3: low, 4: 0.0, 5: high}, 8))
    assert_ordered_sample(cdf(z[:, :3]) / cdf(low))
    assert_ordered_sample((cdf(z[:, 6:]) - cdf(high)) / (1.0 - cdf(high)))


def test_a_uniform_shape_keeps_its_ends_however_near_to_them_known_values_are() -> None:
    low, high = 1e-10, 1.0 - 1e-10
    column = column_of(Uniform(), {3: low, 4: 0.5, 5: high}, 8)
    assert encode_columns([column])[0].straight.tolist() == [[True], [True]]
    z = drawn_between(column)
    assert_ordered_sample(z[:, :3] / low)
    assert_ordered_sample((z[:, 6:] - high) / (1.0 - high))


@pytest.mark.parametrize(("share", "gap"), [(0.15, 5.0), (0.5, 6.0), (0.5, 10.0)])
def test_between_the_groups_of_a_mixture_values_are_spread_between_known_ones(share: float, gap: float) -> None:
    shape = shape_of({"method": "mixture", "share": share, "gap": gap})
    for p in (0.9, 0.95, 0.99):
        low = float(quantile(shape, np.array((1.0 - share) * p)))
        z = drawn_between(column_of(shape, {0: low, 2: low + 0.02}, 3))[:, 1]
        start, end = probability(shape, np.array([low, low + 0.02]))
        assert stats.kstest((probability(shape, z) - start) / (end - start), stats.uniform.cdf).pvalue > 1e-4
