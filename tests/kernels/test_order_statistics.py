"""Order statistics in the kernel: the value of every probability, in any shape and of any spread, and their order."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit

from simulator.kernels.order_statistics import FAR, LOGIT_END, UNIFORM, WIDE, Gaps, draw_gaps, words_for_gaps
from simulator.uncertainty.shapes import (
    AnyShape,
    LogLogistic,
    LogMixture,
    Lognormal,
    Mixture,
    Normal,
    StudentT,
    Uniform,
    on_logarithms,
    quantile,
    shape_catalogue,
)
from simulator.uncertainty.value_draws import encode_columns
from simulator.uncertainty.values import Column, Fitted, Pins

Array = NDArray[Any]

NOTHING_KNOWN = Pins(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.bool_))
MILLIONTH = 1e-6

TAIL = np.geomspace(1e-9, 0.5, 40_000)
PROBABILITIES = np.unique(np.concatenate([TAIL, 1.0 - TAIL, np.linspace(0.001, 0.999, 20_000)]))


def column_of(shape: AnyShape, n: int, middle: float = 0.0, spread: float = 1.0) -> Column:
    """Return a variable of n cities of which nothing is known."""
    fitted = Fitted(shape, (middle, middle), (spread, spread), np.array([0.0, 1.0]))
    return Column(0, "signed", 1.0, np.arange(n), NOTHING_KNOWN, (fitted,), np.zeros(0), "")


def at_probabilities(shape: AnyShape, probability: Array, middle: float = 0.0, spread: float = 1.0) -> Array:
    """Return the values of a shape at these probabilities: those of gaps that are one probability wide.

    All are said to be known, so that none is moved to restore their order.
    """
    encoded, quantiles = encode_columns([column_of(shape, 1, middle, spread)])
    count = probability.size
    gaps: Gaps = encoded._replace(
        gap_start=np.array([0, count]),
        sum_start=2 * np.arange(count + 1),
        free_start=np.arange(count + 1),
        free_sum=2 * np.arange(count, dtype=np.uint64),
        free_kept=np.arange(count, dtype=np.uint64),
        kept_start=np.array([0, count]),
        kept=np.full(count, np.nan),
        known=np.ones(count, np.bool_),
        city_kept=np.arange(count, dtype=np.uint64)[np.newaxis],
        below=probability[:, np.newaxis].copy(),
        width=np.zeros((count, 1)),
        straight=np.zeros((count, 1), np.bool_),
        line=np.zeros((count, 1, 2)),
    )
    values = np.full((1, 1, count), np.nan)
    words = np.random.default_rng(1).integers(0, 2**64, (1, words_for_gaps(gaps)), dtype=np.uint64)
    draw_gaps(gaps, quantiles, words, np.zeros((1, 1)), np.zeros((1, 1)), values)
    return values[0, 0]


def drawn_of_bits(column: Column, bits: Any) -> Array:
    """Return the values (city) of a draw whose 32-bit numbers are these."""
    gaps, quantiles = encode_columns([column])
    words = np.zeros(2 * words_for_gaps(gaps), "<u4")
    words[: len(bits)] = bits
    values = np.full((1, 1, column.place.size), np.nan)
    draw_gaps(gaps, quantiles, words.view("<u8").astype(np.uint64)[np.newaxis], *np.zeros((2, 1, 1)), values)
    return values[0, 0]


# Values of probabilities.

NEAR = [
    Normal(),
    StudentT(),
    Uniform(),
    Lognormal(),
    LogLogistic(),
    Mixture(share=0.5, gap=0.1),
    Mixture(share=0.01, gap=0.5),
    LogMixture(share=0.99, gap=1.0),
]
APART = [Mixture(), LogMixture(), Mixture(share=0.001, gap=5.0), Mixture(share=0.5, gap=10.0), LogMixture(gap=10.0)]
"""Shapes with few values, or next to none, between two groups: their quantiles are steep there."""


def test_every_shape_is_compared() -> None:
    assert {shape.method for shape in NEAR} == set(shape_catalogue())


def off_by(shape: AnyShape, middle: float = 0.0, spread: float = 1.0, probability: Array = PROBABILITIES) -> Array:
    """Return how far values are off in spreads, or where it is more as shares of their distance from the middle.

    Single precision holds six or seven digits of a value, however far out it is; of logarithms where the shape is one.
    """
    values = at_probabilities(shape, probability, middle, spread)
    exact = quantile(shape, probability)
    off = np.log(values) - middle - spread * exact if on_logarithms(shape) else values - middle - spread * exact
    off /= spread * np.maximum(1.0, np.abs(exact))
    return np.abs(off)


@pytest.mark.parametrize("spread", [0.2, 1.0, WIDE, 5.0])
@pytest.mark.parametrize("shape", NEAR, ids=repr)
def test_a_value_is_within_a_millionth_of_the_spread_of_its_quantile(shape: AnyShape, spread: float) -> None:
    assert off_by(shape, 0.0, spread).max() < MILLIONTH


@pytest.mark.parametrize("shape", APART, ids=repr)
def test_so_it_is_between_the_groups_of_a_mixture(shape: AnyShape) -> None:
    assert off_by(shape).max() < MILLIONTH


@settings(max_examples=30, derandomize=True)
@given(st.floats(1e-9, 1 - 1e-9), st.floats(1e-6, 10.0))
def test_so_it_is_for_mixtures_of_any_share_and_gap(share: float, gap: float) -> None:
    assert off_by(Mixture(share=share, gap=gap), probability=PROBABILITIES[::7]).max() < MILLIONTH


def test_several_mixtures_and_other_shapes_keep_their_own_quantiles() -> None:
    """Side by side, each as if alone; those on logarithms share the quantiles of those that are not."""
    shapes = [Normal(), Mixture(), Uniform(), Mixture(share=0.5, gap=10.0), StudentT(), LogMixture(), Lognormal()]
    columns = [dataclasses.replace(column_of(shape, 9), leaf=leaf) for leaf, shape in enumerate(shapes)]
    gaps, quantiles = encode_columns(columns)
    words = np.random.default_rng(2).integers(0, 2**64, (200, words_for_gaps(gaps)), dtype=np.uint64)
    together = np.full((200, 7, 9), np.nan)
    draw_gaps(gaps, quantiles, words, *np.zeros((2, 200, 7)), together)
    for leaf, column in enumerate(columns):
        own = words.view(np.uint32)[:, 10 * leaf : 10 * leaf + 10].copy().view(np.uint64)
        alone = np.full((200, 7, 9), np.nan)
        draw_gaps(*encode_columns([column]), own, *np.zeros((2, 200, 1)), alone)
        assert together[:, leaf].tobytes() == alone[:, leaf].tobytes()
    assert gaps.spline[0] == gaps.spline[6] != gaps.spline[4]
    assert gaps.spline[1] == gaps.spline[5] != gaps.spline[3]


@pytest.mark.parametrize("spread", [0.01, 1e-4, 1e-7])
def test_so_it_is_for_logarithms_of_small_spread(spread: float) -> None:
    assert off_by(Lognormal(), 0.0, spread).max() < MILLIONTH


@pytest.mark.parametrize("shape", [shape for shape in NEAR if not isinstance(shape, Uniform)], ids=repr)
def test_beyond_the_last_knot_values_stay_as_they_are(shape: AnyShape) -> None:
    beyond = [0.0, 1e-30, 1e-15, 1e-11, 0.5, 1 - 1e-11, 1 - 1e-15, 1.0]
    values = at_probabilities(shape, np.array(beyond))
    ends = quantile(shape, expit(np.array([-LOGIT_END, LOGIT_END])))
    ends = np.exp(ends) if on_logarithms(shape) else ends
    assert values[:4] == pytest.approx(ends[0], rel=2e-4)
    assert values[5:] == pytest.approx(ends[1], rel=2e-4)


def test_a_uniform_shape_has_no_spline_and_double_precision() -> None:
    gaps, _ = encode_columns([column_of(Uniform(), 3)])
    assert gaps.spline.tolist() == [[UNIFORM]]
    values = at_probabilities(Uniform(), PROBABILITIES, 0.25, 0.75)
    assert values == pytest.approx(0.25 + 0.75 * PROBABILITIES, rel=1e-15)


@pytest.mark.parametrize(
    ("middle", "spread"),
    [
        (0.0, WIDE),
        (0.0, np.nextafter(WIDE, 3)),
        (0.0, 150.0),
        (FAR, WIDE),
        (FAR + 1, 15.0),
        (-FAR - 1, 15.0),
        (712.0, WIDE),
    ],
)
@pytest.mark.parametrize("shape", [Lognormal(), LogLogistic(), LogMixture()], ids=repr)
def test_logarithms_however_wide_or_far_out_give_finite_values_that_rise(
    shape: AnyShape, middle: float, spread: float
) -> None:
    """Up to all that double precision holds, e⁻⁷⁰⁸ to e⁷⁰⁸: single precision ends at e⁻⁸⁷ and e⁸⁸."""
    probability = PROBABILITIES[np.abs(middle + spread * quantile(shape, PROBABILITIES)) < 708.0]
    values = at_probabilities(shape, probability, middle, spread)
    assert np.isfinite(values).all()
    assert (values > 0.0).all()
    assert np.diff(np.log(values)).min() >= -4 * np.spacing(700.0)
    assert off_by(shape, middle, spread, probability).max() < MILLIONTH


def test_quantiles_rise_with_the_probability_but_for_rounding() -> None:
    """So that restoring the order moves nothing further than that."""
    fine = expit(np.linspace(-20.0, 20.0, 400_001))
    for shape in [*NEAR, *APART]:
        values = at_probabilities(shape, fine)
        standard = np.log(values) if on_logarithms(shape) else values
        assert (np.diff(standard) >= -4e-7 * np.maximum(1.0, np.abs(standard[1:]))).all(), shape


# Exponentials.

EXTREME_BITS = {
    "all alike": [5] * 9,
    "small": [2**32 - 1] * 8 + [5],
    "small between large": [5, 2**32 - 1, 5, 2**32 - 1, 2**32 - 1, 5, 5, 2**32 - 1, 5],
    "all the smallest": [2**32 - 1] * 9,
    "the last one small": [*range(1, 9), 2**32 - 1],
    "the first one small": [2**32 - 1, *range(1, 9)],
    "the smallest numbers": [0] * 9,
    "from large to small": [1 << (4 * k) for k in range(8)] + [2**32 - 1],
}


@pytest.mark.parametrize("bits", EXTREME_BITS.values(), ids=EXTREME_BITS)
@pytest.mark.parametrize("name", sorted(shape_catalogue()))
def test_values_rise_strictly_whatever_the_bits(name: str, bits: list[int]) -> None:
    shape: Any = shape_catalogue()[name]()
    values = drawn_of_bits(column_of(shape, 8), bits)
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0.0).all()


def test_a_share_is_that_of_minus_the_logarithm() -> None:
    """Two places: the first exponential over all three, of any order of magnitude."""
    bits = np.array([0, 1, 7, 2**10, 2**20, 2**29, 2**31, 3 * 2**30, 2**32 - 2**20, 2**32 - 2**12, 2**32 - 1])
    exact = -np.log((bits + 0.5) / 2.0**32)
    assert exact.max() == pytest.approx(33 * np.log(2))
    for own, one in zip(bits, exact, strict=True):
        found = drawn_of_bits(column_of(Uniform(), 2), [own, 2**31, 2**30])
        both = -np.log(np.array([2**31 + 0.5, 2**30 + 0.5]) / 2.0**32)
        assert found == pytest.approx(np.cumsum([one, both[0]]) / (one + both.sum()), rel=3e-7)


@pytest.mark.parametrize("own", [2**32 - 1, 2**32 - 10, 2**32 - 1000])
def test_a_small_exponential_has_digits_too(own: int) -> None:
    """So that no value is nought where the shape begins there, and the lowest of a sample has a tail."""
    lowest = drawn_of_bits(column_of(Uniform(), 2), [own, 2**31, 2**30])[0]
    others = -np.log(np.array([2**31 + 0.5, 2**30 + 0.5]) / 2.0**32).sum()
    one = -np.log1p(-(2**32 - own - 0.5) / 2.0**32)
    assert lowest > 0.0
    assert lowest / (1.0 - lowest) == pytest.approx(one / others, rel=1e-6)
    assert logit(lowest) == pytest.approx(np.log(one / others), abs=1e-6)
