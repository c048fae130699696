"""Values behind printed points: order statistics of a shape, between the values that are known.

Of a sample of n values in rising order, the city at position k of the printed order has the k-th; a tied group has the
value at its lowest position, unless told otherwise. Between two known values the others are order statistics of the
shape cut off at both (David and Nagaraja 2003, Order Statistics, 2.5, doi:10.1002/0471722162). Uniform order statistics
come from sums of exponentials, so the cost is linear in the number of cities and nothing is sorted (Devroye 1986, V.3,
doi:10.1007/978-1-4613-8643-8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator import names
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.order import keep_rising, take_places
from simulator.raw.calibration import calibrate, positions, usable
from simulator.raw.side import Behind, Scale, behind
from simulator.uncertainty.factors import ValuesBehind
from simulator.uncertainty.shapes import AnyShape, Uniform, on_logarithms, probability, quantile, spread_at
from simulator.uncertainty.streams import stream

NARROW = 1e-9
"""Probability between two neighbours of the known values below which a shape cannot tell them apart."""


@dataclass(frozen=True)
class Pins:
    """Known values in the rising sample of a variable."""

    position: Integers
    """(known): places in the sample, rising."""
    value: Floats
    """(known): values there, rising."""
    known: Flags
    """(n): whether a city's own value is among them."""


@dataclass(frozen=True)
class Fitted:
    """A shape with what the known values say of it."""

    shape: AnyShape
    middle: float
    spread: float
    below: Floats
    """(n): probability of the known value before each place; 0 where there is none."""
    above: Floats
    """(n): probability of the known value behind each place; 1 where there is none."""


@dataclass(frozen=True)
class Column:
    """The values behind one variable, ready to be drawn."""

    leaf: int
    """Position of the indicator."""
    scale: Scale
    sign: float
    """-1 where lower raw values are better, so that what is scored is better where it is higher."""
    place: Integers
    """(n): place of each city in the rising sample of raw values."""
    pins: Pins
    shapes: tuple[Fitted, ...]
    cumulated: Floats
    """(shapes): cumulated shares of the shapes."""
    unit: str
    """Unit of the raw values; empty where none is known."""


@dataclass(frozen=True)
class ValueField:
    """A factor that draws the values behind the points of some indicators."""

    name: str
    """Name of its random streams."""
    columns: tuple[Column, ...]

    def open(self, seed: int, block: int, size: int) -> ValueStream:
        """Return the values of a block, to be taken some draws at a time."""
        shape = (size, len(self.columns))
        return ValueStream(
            self.columns,
            stream(seed, block, self.name),
            stream(seed, block, f"{self.name} shape").random(shape),
            stream(seed, block, f"{self.name} spread").random(shape),
        )


@dataclass(frozen=True)
class ValueStream:
    """The values of one block."""

    columns: tuple[Column, ...]
    generator: np.random.Generator
    which: Floats
    """(draw, column): uniform numbers that choose the shape."""
    spread: Floats
    """(draw, column): uniform numbers that choose its spread."""

    def fill(self, values: Floats, start: int) -> None:
        """Write the values of the next draws, from draw `start` of the block, into `values` (draws, L, n)."""
        draws, _, n = values.shape
        sums = np.cumsum(self.generator.standard_exponential((draws, len(self.columns), n + 1)), axis=2)
        part = slice(start, start + draws)
        for number, column in enumerate(self.columns):
            sample = draw_sample(column, sums[:, number], self.which[part, number], self.spread[part, number])
            take_places(sample, column.place, column.sign, values[:, column.leaf])


def draw_sample(column: Column, sums: Floats, which: Floats, spread: Floats) -> Floats:
    """Return rising samples (draw, n) of a variable's raw values.

    Parameters
    ----------
    column
        The variable.
    sums
        (draw, n + 1): cumulated sums of independent standard exponentials.
    which, spread
        (draw): uniform numbers that choose the shape and, where nothing is known, its spread.
    """
    n = sums.shape[1] - 1
    before, behind_it = _neighbours(column.pins, n)
    padded = np.concatenate([np.zeros((len(sums), 1)), sums], axis=1)
    start, end = padded[:, before + 1], padded[:, behind_it + 1]
    with np.errstate(invalid="ignore"):
        share = (padded[:, 1:-1] - start) / (end - start)
    picked = (column.cumulated <= which[:, np.newaxis]).sum(axis=1)
    sample = np.empty((len(sums), n))
    for number, fitted in enumerate(column.shapes):
        rows = picked == number
        if rows.any():
            sample[rows] = _between(fitted, column.pins, share[rows], spread[rows], before, behind_it)
    sample[:, column.pins.position] = column.pins.value
    fixed = np.zeros(n, np.bool_)
    fixed[column.pins.position] = True
    keep_rising(sample, fixed)
    return sample


def _between(
    fitted: Fitted, pins: Pins, share: Floats, spread: Floats, before: Integers, behind_it: Integers
) -> Floats:
    """Return values at shares (draw, n) of the way, in probability, from the known value before to the one behind."""
    shape = fitted.shape
    p = fitted.below + (fitted.above - fitted.below) * share
    if pins.position.size:
        linked = fitted.middle + fitted.spread * quantile(shape, p)
        narrow = (fitted.above - fitted.below) < NARROW
        if narrow.any():
            linked[:, narrow] = _on_a_line(fitted, pins, share, before, behind_it)[:, narrow]
    else:
        middle, width = spread_at(shape, spread)
        linked = middle[:, np.newaxis] + width[:, np.newaxis] * quantile(shape, p)
    return np.exp(linked) if on_logarithms(shape) else linked


def _on_a_line(fitted: Fitted, pins: Pins, share: Floats, before: Integers, behind_it: Integers) -> Floats:
    """Return values on straight lines between known ones; beyond the last, one spread away at most.

    For known values so far out that the shape gives what lies beyond or between them no probability. A uniform shape
    keeps its ends, and so its sign.
    """
    value = np.log(pins.value) if on_logarithms(fitted.shape) else pins.value
    n = share.shape[1]
    at = np.full(n + 2, np.nan)
    at[pins.position + 1] = value
    at[0], at[n + 1] = value[0] - fitted.spread, value[-1] + fitted.spread
    if isinstance(fitted.shape, Uniform):
        at[0], at[n + 1] = fitted.middle, fitted.middle + fitted.spread
    low, high = at[before + 1], at[behind_it + 1]
    return low + (high - low) * share


def _neighbours(pins: Pins, n: int) -> tuple[Integers, Integers]:
    """Return the place of the known value before and behind each place (n); -1 and n where there is none."""
    edges = np.concatenate([[-1], pins.position, [n]])
    places = np.arange(n)
    before = edges[np.searchsorted(pins.position, places, side="left")]
    behind_it = edges[np.searchsorted(pins.position, places, side="right") + 1]
    return before.astype(np.int64), behind_it.astype(np.int64)


def value_field(spec: ValuesBehind, name: str, index: Index, leaves: Sequence[int]) -> ValueField:
    """Return the factor that draws the values behind the printed points of the indicators at `leaves` of an index."""
    return ValueField(name, tuple(_column(spec, index, leaf) for leaf in leaves))


def known_behind(spec: ValuesBehind, index: Index, indicator: str) -> Behind | None:
    """Return what the raw side says of an indicator with printed points; nothing where it is ignored or unknown."""
    if spec.raw == "ignore" or index.raw is None or indicator not in index.raw.definition.slots:
        return None
    return behind(index.raw, indicator)


def scale_of(spec: ValuesBehind, index: Index, indicator: str) -> Scale:
    """Return the scale on which the values behind an indicator's points are drawn."""
    return _scale(spec, index, indicator, known_behind(spec, index, indicator))


def held_values(spec: ValuesBehind, index: Index, indicator: str) -> Pins:
    """Return the known values that are held behind an indicator's points, at their places in the rising sample."""
    points = index.printed.sel({names.SLOT: indicator}).values
    found = known_behind(spec, index, indicator)
    place, _ = _places(spec, found, points)
    return _pins(found, points, place)


def _scale(spec: ValuesBehind, index: Index, indicator: str, found: Behind | None) -> Scale:
    if found is not None:
        return found.scale
    own = next(leaf.scale for leaf in index.definition.indicators if leaf.id == indicator)
    return "signed" if spec.raw == "ignore" else own


def _places(spec: ValuesBehind, found: Behind | None, points: Floats) -> tuple[Integers, float]:
    """Return the place of each city (n) in the rising sample of raw values, and -1 where lower ones are better."""
    position = positions(points, spec.tied)
    if found is not None and found.direction == "lower":
        return position.size - 1 - position, -1.0
    return position, 1.0


def _column(spec: ValuesBehind, index: Index, leaf: int) -> Column:
    indicator = index.definition.indicators[leaf].id
    points = index.printed.sel({names.SLOT: indicator}).values
    found = known_behind(spec, index, indicator)
    scale = _scale(spec, index, indicator, found)
    place, sign = _places(spec, found, points)
    pins = _pins(found, points, place)
    shapes = spec.positive if scale == "positive" else spec.signed
    return Column(
        leaf,
        scale,
        sign,
        place,
        pins,
        tuple(_fit(shape, pins, place.size) for shape in shapes.alternatives),
        np.cumsum(shapes.probabilities)[:-1],
        "" if found is None else found.unit,
    )


def _pins(found: Behind | None, points: Floats, place: Integers) -> Pins:
    """Return the known values at their places in the rising sample; none if not usable.

    A value that calibration has to move is not held: it is drawn between its neighbours, like one that is not known.
    """
    if found is None or not usable(found, points):
        return Pins(np.zeros(0, np.int64), np.zeros(0), np.zeros(place.shape, np.bool_))
    calibrated = calibrate(found, points)
    value = calibrated.value
    known: Flags = np.isfinite(value) & ~calibrated.moved
    position, first = np.unique(place[known], return_index=True)
    return Pins(position.astype(np.int64), value[known][first], known)


def _fit(shape: AnyShape, pins: Pins, n: int) -> Fitted:
    """Return a shape fitted to known values: the line through them over their quantiles (a probability plot).

    The k-th of n has the plotting position (k - 3/8) / (n + 1/4) (Blom 1958), which hardly biases the spread. A uniform
    shape is widened until it leaves room for the places beyond the known values.
    """
    before, behind_it = _neighbours(pins, n)
    if not pins.position.size:
        return Fitted(shape, 0.0, 1.0, np.zeros(n), np.ones(n))
    value = np.log(pins.value) if on_logarithms(shape) else pins.value
    at = quantile(shape, np.asarray((pins.position + 0.625) / (n + 0.25), np.float64))
    centred = at - at.mean()
    spread = float(centred @ value / (centred @ centred))
    middle = float(value.mean() - spread * at.mean())
    if isinstance(shape, Uniform):
        middle, spread = _wide_enough(pins, middle, spread, n)
    probable = np.concatenate([[0.0], probability(shape, (value - middle) / spread), [1.0]])
    edges = np.concatenate([[-1], pins.position, [n]])
    below = probable[np.searchsorted(edges, before)]
    above = probable[np.searchsorted(edges, behind_it)]
    return Fitted(shape, middle, spread, below, above)


def _wide_enough(pins: Pins, low: float, width: float, n: int) -> tuple[float, float]:
    """Return lower end and width of a uniform shape that leaves each place beyond the known values its share of room.

    Values that are all above zero stay so.
    """
    one = width / (n + 1.0)
    high = max(low + width, pins.value[-1] + one * (n - pins.position[-1]))
    low = min(low, pins.value[0] - one * (pins.position[0] + 1.0))
    if pins.value[0] > 0.0:
        low = max(low, 0.0)
    return low, high - low
