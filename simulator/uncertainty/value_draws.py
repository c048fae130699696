"""Values behind printed points, drawn: columns encoded for the kernel of order statistics, and their random numbers."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.order_statistics import (
    UNIFORM,
    Gaps,
    Quantiles,
    draw_gaps,
    words_for_gaps,
)
from simulator.uncertainty.factors import ValuesBehind
from simulator.uncertainty.quantiles import encode_quantiles
from simulator.uncertainty.shapes import Uniform, on_logarithms
from simulator.uncertainty.streams import raw_words, stream
from simulator.uncertainty.values import Column, Fitted, Pins, columns_behind

NARROW = 1e-3
"""Width of a gap in spreads of a shape up to which the shape is a straight line within it."""

IMPROBABLE = 1e-9
"""Probability of a gap below which a shape does not say where in it values lie."""

ENCODED_KEPT = 8
"""Sets of columns whose arrays are remembered, as long as the columns are the very same."""


@dataclass(frozen=True)
class ValueField:
    """A factor that draws the values behind the points of some indicators."""

    name: str
    """Name of its random streams."""
    columns: tuple[Column, ...]

    @cached_property
    def encoded(self) -> tuple[Gaps, Quantiles]:
        """The columns and the quantile functions of their shapes, as the kernel takes them."""
        return encode_columns(self.columns)

    def open(self, seed: int, block: int, size: int) -> ValueStream:
        """Return the values of a block, to be taken some draws at a time."""
        shape = (size, len(self.columns))
        return ValueStream(
            *self.encoded,
            stream(seed, block, self.name),
            stream(seed, block, f"{self.name} shape").random(shape),
            stream(seed, block, f"{self.name} spread").random(shape),
        )


@dataclass(frozen=True)
class ValueStream:
    """The values of one block."""

    gaps: Gaps
    quantiles: Quantiles
    generator: np.random.Generator
    which: Floats
    """(draw, column): uniform numbers that choose the shape."""
    spread: Floats
    """(draw, column): uniform numbers that choose its spread."""

    def fill(self, values: Floats, start: int) -> None:
        """Write the values of the next draws, from draw `start` of the block, into `values` (draws, L, n)."""
        part = slice(start, start + len(values))
        words = raw_words(self.generator, len(values), words_for_gaps(self.gaps))
        draw_gaps(self.gaps, self.quantiles, words, self.which[part], self.spread[part], values)


def value_field(spec: ValuesBehind, name: str, index: Index, leaves: Sequence[int]) -> ValueField:
    """Return the factor that draws the values behind the printed points of the indicators at `leaves` of an index."""
    return ValueField(name, columns_behind(spec, index, leaves))


def encode_columns(columns: Sequence[Column]) -> tuple[Gaps, Quantiles]:
    """Return columns as the plain arrays of the kernel, and the quantile functions of their shapes.

    A gap in which no city's value is read is left out, and so takes no random numbers.
    """
    return _encoded(tuple(columns))


@lru_cache(ENCODED_KEPT)
def _encoded(columns: tuple[Column, ...]) -> tuple[Gaps, Quantiles]:
    count = max(len(column.shapes) for column in columns)
    # The last shape fills the row of a column that has fewer; nothing chooses it there.
    shapes = [[*column.shapes, *[column.shapes[-1]] * (count - len(column.shapes))] for column in columns]
    every = [fitted.shape for row in shapes for fitted in row]
    quantiles, number_of = encode_quantiles([shape for shape in every if not isinstance(shape, Uniform)])
    starts: dict[str, list[int]] = {"gap": [0], "sum": [0], "free": [0], "kept": [0]}
    free_sum: list[int] = []
    free_kept: list[int] = []
    city_kept: list[Integers] = []
    kept: list[Floats] = []
    known: list[Flags] = []
    gaps: list[list[_Gap]] = []
    for column, fitted in zip(columns, shapes, strict=True):
        read = np.unique(column.place)
        edges = [-1, *column.pins.position.tolist(), column.place.size]
        for number, (before, behind) in enumerate(itertools.pairwise(edges)):
            inside = np.flatnonzero((read > before) & (read < behind))
            if inside.size:
                free_sum += [starts["sum"][-1] + int(read[k]) - before - 1 for k in inside]
                free_kept += [starts["kept"][-1] + int(k) for k in inside]
                starts["sum"].append(starts["sum"][-1] + behind - before)
                starts["free"].append(len(free_sum))
                gaps.append([_gap(column.pins, one, number) for one in fitted])
        city_kept.append(starts["kept"][-1] + np.searchsorted(read, column.place))
        known.append(np.isin(read, column.pins.position))
        kept.append(np.full(read.size, np.nan))
        kept[-1][known[-1]] = column.pins.value
        starts["gap"].append(len(gaps))
        starts["kept"].append(starts["kept"][-1] + read.size)
    of_gaps = np.array([[dataclasses.astuple(gap) for gap in row] for row in gaps]).reshape(len(gaps), count, 5)
    encoded = Gaps(
        leaf=np.array([column.leaf for column in columns], np.int64),
        sign=np.array([column.sign for column in columns], np.float64),
        gap_start=np.array(starts["gap"], np.int64),
        sum_start=np.array(starts["sum"], np.int64),
        free_start=np.array(starts["free"], np.int64),
        free_sum=np.array(free_sum, np.uint64),
        free_kept=np.array(free_kept, np.uint64),
        kept_start=np.array(starts["kept"], np.int64),
        kept=np.concatenate(kept),
        known=np.concatenate(known),
        city_kept=np.array(city_kept, np.uint64),
        cumulated=np.array([[*column.cumulated, *[2.0] * (count - 1 - len(column.cumulated))] for column in columns]),
        spline=np.array(
            [[UNIFORM if isinstance(one.shape, Uniform) else number_of(one.shape) for one in row] for row in shapes],
            np.int64,
        ),
        logarithmic=np.array([[on_logarithms(fitted.shape) for fitted in row] for row in shapes], np.bool_),
        middle=np.array([[fitted.middle for fitted in row] for row in shapes], np.float64),
        spread=np.array([[fitted.spread for fitted in row] for row in shapes], np.float64),
        below=np.ascontiguousarray(of_gaps[:, :, 0]),
        width=np.ascontiguousarray(of_gaps[:, :, 1]),
        straight=of_gaps[:, :, 2] > 0.0,
        line=np.ascontiguousarray(of_gaps[:, :, 3:]),
    )
    return encoded, quantiles


@dataclass(frozen=True)
class _Gap:
    """What a shape says of a gap between two known values, or between one and the end."""

    below: float
    width: float
    straight: float
    low: float
    high: float


def _gap(pins: Pins, fitted: Fitted, number: int) -> _Gap:
    """Return the gap behind the known value of that number.

    On a line lie values between known ones that are so near that the shape hardly bends, or so far out that it gives
    what lies between or beyond them no probability; beyond the last they lie one spread away at most. A uniform shape
    keeps its ends, and so its sign.
    """
    below, above = fitted.probable[number], fitted.probable[number + 1]
    if not pins.position.size:
        return _Gap(below, above - below, 0.0, 0.0, 0.0)
    value = np.log(pins.value) if on_logarithms(fitted.shape) else pins.value
    low_end, high_end = value[0] - fitted.spread[0], value[-1] + fitted.spread[0]
    if isinstance(fitted.shape, Uniform):
        low_end, high_end = fitted.middle[0], fitted.middle[0] + fitted.spread[0]
    ends = np.concatenate([[low_end], value, [high_end]])
    low, high = ends[number], ends[number + 1]
    inner = 0 < number < value.size
    straight = above - below < IMPROBABLE or (inner and high - low < NARROW * fitted.spread[0])
    return _Gap(below, above - below, float(straight), low, high)
