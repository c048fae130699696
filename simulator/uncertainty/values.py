"""Values behind printed points: order statistics of a shape, between the values that are known.

Of a sample of n values in rising order, the city at position k of the printed order has the k-th; a tied group has the
value at its lowest position, unless told otherwise. Between two known values the others are order statistics of the
shape cut off at both (David and Nagaraja 2003, Order Statistics, 2.5, doi:10.1002/0471722162); see
`simulator.uncertainty.value_draws` for how they are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulator import names
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.raw.calibration import held, positions
from simulator.raw.side import Behind, Scale, behind
from simulator.uncertainty.factors import ValuesBehind
from simulator.uncertainty.shapes import AnyShape, Uniform, on_logarithms, probability, quantile, spread_at

COLUMNS_KEPT = 512
"""Columns that are remembered: fitting their shapes takes longer than a thousand draws of them."""


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
    middle: tuple[float, float]
    """m at the beginning and the end of its range; the same where values are known."""
    spread: tuple[float, float]
    """s likewise."""
    probable: Floats
    """(known + 2): probability up to each known value, between 0 and 1."""


@dataclass(frozen=True, eq=False)
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


def columns_behind(spec: ValuesBehind, index: Index, leaves: Sequence[int]) -> tuple[Column, ...]:
    """Return the columns of values behind the printed points of the indicators at `leaves` of an index."""
    printed = index.printed.transpose(names.SLOT, names.CITY)
    points = dict(zip(printed[names.SLOT].values.tolist(), printed.values, strict=True))
    return tuple(_column(spec, index, leaf, points[index.definition.indicators[leaf].id]) for leaf in leaves)


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


def _column(spec: ValuesBehind, index: Index, leaf: int, points: Floats) -> Column:
    indicator = index.definition.indicators[leaf].id
    found = known_behind(spec, index, indicator)
    scale = _scale(spec, index, indicator, found)
    return _column_behind(spec, leaf, scale, found, np.ascontiguousarray(points, np.float64).tobytes())


@lru_cache(COLUMNS_KEPT)
def _column_behind(spec: ValuesBehind, leaf: int, scale: Scale, found: Behind | None, printed: bytes) -> Column:
    """Return the column of an indicator, which no weight and no method of an index changes."""
    points: Floats = np.frombuffer(printed)
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
    calibrated = None if found is None else held(found, points)
    if calibrated is None:
        return Pins(np.zeros(0, np.int64), np.zeros(0), np.zeros(place.shape, np.bool_))
    value = calibrated.value
    known: Flags = np.isfinite(value) & ~calibrated.moved
    position, first = np.unique(place[known], return_index=True)
    return Pins(position.astype(np.int64), value[known][first], known)


def _fit(shape: AnyShape, pins: Pins, n: int) -> Fitted:
    """Return a shape fitted to known values: the line through them over their quantiles (a probability plot).

    The k-th of n has the plotting position (k - 3/8) / (n + 1/4) (Blom 1958), which hardly biases the spread. A uniform
    shape is widened until it leaves room for the places beyond the known values.
    """
    if not pins.position.size:
        middle_range, spread_range = (tuple(end.tolist()) for end in spread_at(shape, np.array([0.0, 1.0])))
        return Fitted(shape, middle_range, spread_range, np.array([0.0, 1.0]))
    value = np.log(pins.value) if on_logarithms(shape) else pins.value
    at = quantile(shape, np.asarray((pins.position + 0.625) / (n + 0.25), np.float64))
    centred = at - at.mean()
    spread = float(centred @ value / (centred @ centred))
    middle = float(value.mean() - spread * at.mean())
    if isinstance(shape, Uniform):
        middle, spread = _wide_enough(pins, middle, spread, n)
    probable = np.concatenate([[0.0], probability(shape, (value - middle) / spread), [1.0]])
    return Fitted(shape, (middle, middle), (spread, spread), probable)


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
