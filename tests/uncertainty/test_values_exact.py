"""Values behind points as a function of their raw words: all worked out again by plain loops in double precision.

The reference takes the words, not the kernel's logarithms, splines and exponentials in single precision: a value must
agree to one millionth of its shape's spread, or of its distance from the middle where that is more (single precision
holds six or seven digits of it). On shapes of logarithms that is said of the logarithm.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from drawn_values import POSITIVE, SHAPES
from numpy.typing import NDArray
from raw_indices import index_of_points, with_raw
from scipy.special import expit, logit

from simulator.index import load_index
from simulator.kernels.arrays import Words
from simulator.kernels.order_statistics import LOGIT_END, draw_gaps, words_for_gaps
from simulator.uncertainty.factors import ValuesBehind
from simulator.uncertainty.shapes import AnyShape, Uniform, on_logarithms, quantile
from simulator.uncertainty.streams import stream
from simulator.uncertainty.value_draws import ValueField, value_field
from simulator.uncertainty.values import Column, Fitted

Array = NDArray[Any]

MILLIONTH = 1e-6
NARROW, IMPROBABLE = 1e-3, 1e-9
"""Widths in spreads, and probabilities, below which a gap's values lie on a line."""


def exponentials(words: Words) -> Array:
    """Return -log of the middles of 2³² steps (draw, number)."""
    bits = words.astype("<u8").view("<u4").astype(np.float64)
    exact: Array = np.where(bits < 2.0**31, -np.log((bits + 0.5) / 2.0**32), -np.log1p((bits + 0.5) / 2.0**32 - 1.0))
    return exact


def between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share


def line_ends(column: Column, fitted: Fitted, gap: int) -> tuple[float, float] | None:
    """Return the ends of the line on which the values of a gap lie, on the shape's scale; nothing where they do not."""
    known, spread = column.pins.value, fitted.spread[0]
    if not known.size:
        return None
    known = np.log(known) if on_logarithms(fitted.shape) else known
    low, high = known[0] - spread, known[-1] + spread
    if isinstance(fitted.shape, Uniform):
        low, high = fitted.middle[0], fitted.middle[0] + spread
    ends = [low, *known, high]
    improbable = fitted.probable[gap + 1] - fitted.probable[gap] < IMPROBABLE
    narrow = 0 < gap < known.size and ends[gap + 1] - ends[gap] < NARROW * spread
    return (ends[gap], ends[gap + 1]) if improbable or narrow else None


def quantile_near(shape: AnyShape, p: float) -> tuple[float, float]:
    """Return the quantile at a probability that exponentials in single precision give, and how far it may be off.

    Between the groups of a mixture quantiles may be so steep that the digits of the probability weigh more than those
    of the value: 2e-7 of its odds. Beyond probabilities of 2e-9, where the last knot is near, it is 2e-4.
    """
    if isinstance(shape, Uniform):
        return p, MILLIONTH
    odds = min(max(logit(p), -LOGIT_END), LOGIT_END)
    step = 2e-7 if abs(odds) < 20.0 else 2e-4
    below, q, above = quantile(shape, expit(odds + np.array([-step, 0.0, step])))
    return float(q), max(MILLIONTH * max(1.0, abs(q)), above - q, q - below)


def one_sample(column: Column, fitted: Fitted, sums: list[float], share: float) -> tuple[Array, Array]:
    """Return a rising sample, logarithms where the shape is of them, and how far each may be off; NaN where not read.

    `sums` are standard exponentials, taken from the front.
    """
    n, pinned = column.place.size, column.pins.position.tolist()
    logarithmic = on_logarithms(fitted.shape)
    middle, spread = between(fitted.middle, share), between(fitted.spread, share)
    sample, margin = np.full(n, np.nan), np.full(n, np.nan)
    sample[pinned], margin[pinned] = np.log(column.pins.value) if logarithmic else column.pins.value, 0.0
    edges = [-1, *pinned, n]
    for gap, (before, behind) in enumerate(itertools.pairwise(edges)):
        inside = range(before + 1, behind)
        if not set(inside) & set(column.place.tolist()):
            continue
        taken = [sums.pop(0) for _ in range(behind - before)]
        total, below = sum(taken), fitted.probable[gap]
        line = line_ends(column, fitted, gap)
        for k, place in enumerate(inside):
            of_gap = sum(taken[: k + 1]) / total
            if line is not None:
                sample[place], margin[place] = between(line, of_gap), MILLIONTH * (line[1] - line[0])
                continue
            p = below + of_gap * (fitted.probable[gap + 1] - below)
            q, near = quantile_near(fitted.shape, p)
            sample[place], margin[place] = middle + spread * q, spread * near
    return sample, margin


def assert_as_defined(field: ValueField, words: Words, which: Array, spread: Array, values: Array) -> None:
    """Compare drawn values (draw, column, city) with the definition, value by value."""
    for draw, numbers in enumerate(exponentials(words)):
        left = numbers.tolist()
        for k, column in enumerate(field.columns):
            number = sum(share <= which[draw, k] for share in column.cumulated)
            fitted = column.shapes[number]
            sample, margin = one_sample(column, fitted, left, spread[draw, k])
            found = column.sign * values[draw, k]
            found = np.log(found) if on_logarithms(fitted.shape) else found
            # Known values, and some near 1, have no digits to lose but those of double precision.
            allowed = margin + 4 * np.spacing(np.abs(sample)) + np.spacing(1.0)
            off = np.abs(found - sample[column.place]) / allowed[column.place]
            assert off.max() <= 1.0, (draw, k, column.place[off.argmax()], off.max())
        assert len(left) <= 1  # the other half of the last word


def drawn_from(field: ValueField, words: Words, which: Array, spread: Array) -> Array:
    """Return the values (draw, column, city) that the kernel makes of these numbers."""
    leaves = [column.leaf for column in field.columns]
    values = np.full((len(words), max(leaves) + 1, field.columns[0].place.size), np.nan)
    draw_gaps(*field.encoded, words, which, spread, values)
    return values[:, leaves]


def random_words(field: ValueField, draws: int) -> Words:
    shape = (draws, words_for_gaps(field.encoded[0]))
    return np.random.default_rng(7).integers(0, 2**64, shape, dtype=np.uint64)


def extreme_words(field: ValueField, draws: int) -> Words:
    """Return words whose exponentials are of every order of magnitude, from 1e-10 to 22.9, many beside each other."""
    generator = np.random.default_rng(8)
    shape = (draws, 2 * words_for_gaps(field.encoded[0]))
    small = (2.0 ** generator.uniform(0, 32, shape)).astype(np.uint64) - 1
    bits = np.choose(generator.integers(0, 3, shape), [small, 2**32 - 1 - small, generator.integers(0, 2**32, shape)])
    return bits.astype("<u4").view("<u8").astype(np.uint64)


WORDS = pytest.mark.parametrize("words", [random_words, extreme_words], ids=["random", "extreme"])

LARGEST = {"sigma": [5.0, 5.0]}
"""Spread of logarithms."""

UNPINNED = [
    "normal",
    "student-t",
    "uniform",
    {"method": "uniform", "low": [0.1, 0.9]},
    "lognormal",
    {"method": "lognormal", **LARGEST},
    "log-logistic",
    {"method": "log-logistic", **LARGEST},
    "mixture",
    "log-mixture",
    {"method": "log-mixture", **LARGEST},
]


def one_column(
    shape: Any, scale: str, points: Sequence[float], known: Any = None, direction: str = "higher", tied: str = "lowest"
) -> ValueField:
    index = index_of_points({"m-a": points}, {"scale": scale})
    if known is not None:
        index = with_raw(index, {"m-a": known}, scale=scale, direction=direction)
    spec = ValuesBehind.model_validate({scale: shape, "tied": tied})
    return value_field(spec, "values 0", index, [0])


@WORDS
@pytest.mark.parametrize("shape", UNPINNED, ids=str)
def test_a_value_is_the_shape_at_a_share_of_the_sum_of_exponentials(shape: Any, words: Any) -> None:
    name = shape if isinstance(shape, str) else shape["method"]
    for scale in ["signed", *["positive"] * (name in POSITIVE)]:
        field = one_column(shape, scale, range(1, 13))
        assert field.columns[0].scale == scale
        which, spread = np.random.default_rng(9).random((2, 400, 1))
        raw = words(field, 400)
        assert_as_defined(field, raw, which, spread, drawn_from(field, raw, which, spread))


PLACES = [2, 5, 8, 10, 13, 18, 19, 24]
PINNED = {
    "a gap of each kind": [10.0, 14.0, 15.0, 21.0, 21.001, 23.0, 30.0, 31.0],
    "far out": [10.0, 10.1, 10.2, 10.3, 10.4, 10.5, 19.0, 20.0],
}


@WORDS
@pytest.mark.parametrize("direction", ["higher", "lower"])
@pytest.mark.parametrize("values", PINNED.values(), ids=PINNED)
@pytest.mark.parametrize("shape", SHAPES)
def test_between_known_values_probabilities_are_those_between_them(
    shape: str, values: list[float], direction: str, words: Any
) -> None:
    """Thirty places, of which eight are known, some tied."""
    points = np.arange(1.0, 31.0)
    points[[6, 7, 16]] = points[[5, 6, 15]]
    for scale in ["signed", *["positive"] * (shape in POSITIVE)]:
        known = np.full(30, np.nan)
        known[PLACES] = np.exp(np.array(values) / 3) if shape.startswith("log") else values
        if direction == "lower":
            known[PLACES] = known[PLACES][::-1]
        field = one_column(shape, scale, points.tolist(), known, direction)
        assert field.columns[0].pins.position.size == 8
        which, spread = np.random.default_rng(9).random((2, 150, 1))
        raw = words(field, 150)
        assert_as_defined(field, raw, which, spread, drawn_from(field, raw, which, spread))


MIXED = {
    "positive": [
        "lognormal",
        "log-logistic",
        {"method": "uniform", "low": [0.1, 0.5]},
        {"method": "log-mixture", "gap": 8},
    ],
    "signed": {"alternatives": ["normal", "student-t", "uniform", "mixture", "lognormal"], "shares": [1, 2, 3, 2, 0.5]},
}


def test_so_it_is_for_all_variables_of_an_index_from_the_words_of_its_stream() -> None:
    """Known or not, tied or not, of either direction and scale, in two parts of a block."""
    published = load_index("opportunity-2025")
    field = value_field(ValuesBehind.model_validate(MIXED), "values 0", published, range(50))
    assert {(column.scale, column.sign) for column in field.columns} == {
        (scale, sign) for scale in ("positive", "signed") for sign in (-1.0, 1.0)
    }
    values = np.empty((40, 50, 60))
    opened = field.open(11, 3, 40)
    opened.fill(values[:25], 0)
    opened.fill(values[25:], 25)
    size = words_for_gaps(field.encoded[0])
    words = stream(11, 3, "values 0").bit_generator.random_raw(40 * size).reshape(40, size)
    which, spread = (stream(11, 3, f"values 0 {what}").random((40, 50)) for what in ("shape", "spread"))
    assert_as_defined(field, words, which, spread, values)


def test_a_gap_that_no_city_reads_takes_no_random_numbers() -> None:
    """Five cities tie at the known value of the third place: nobody has the four after it, and one lies behind."""
    points = [1, 2, 7, 7, 7, 7, 7, 8, 9, 10]
    known = [1.0, 2, 3, 3, 3, 3, 3, 4, np.nan, 6]
    field = one_column("student-t", "signed", points, known)
    assert field.columns[0].pins.position.tolist() == [0, 1, 2, 7, 9]
    gaps, _ = field.encoded
    assert gaps.sum_start.tolist() == [0, 2]
    assert gaps.free_start.tolist() == [0, 1]
    assert words_for_gaps(gaps) == 1
    which, spread = np.random.default_rng(9).random((2, 50, 1))
    words = random_words(field, 50)
    values = drawn_from(field, words, which, spread)
    assert_as_defined(field, words, which, spread, values)
    assert np.unique(values[:, 0, 8]).size == 50


def test_nor_do_places_of_a_tied_group_that_nobody_has_take_values() -> None:
    """Of seven places between known ones two are read: sums of eight exponentials, and two values."""
    points = [1, 2, 3, 4, 8, 8, 8, 8, 11, 11, 11, 12]
    known = [1.0, 2, 3, 4, *[np.nan] * 7, 13]
    for tied, places in (("lowest", [4, 8]), ("middle", [5, 9]), ("highest", [7, 10])):
        field = one_column("normal", "signed", points, known, tied=tied)
        gaps, _ = field.encoded
        assert gaps.sum_start.tolist() == [0, 8]
        assert gaps.free_sum.tolist() == [place - 4 for place in places]
        which, spread = np.random.default_rng(9).random((2, 50, 1))
        words = random_words(field, 50)
        assert_as_defined(field, words, which, spread, drawn_from(field, words, which, spread))
