"""Calibration: raw values moved as little as possible until their order is the printed one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.order import keep_rising
from simulator.raw.side import Behind

SMALLEST_STEP = 1e-6
"""Least distance between two places of the calibrated order, as a share of the range of the values."""

FEWER = 1e-9
"""Cost of moving a city at all, as a share of the range: too little to weigh, enough to decide between equals."""


@dataclass(frozen=True)
class Calibrated:
    """The value behind a variable, in the printed order."""

    behind: Behind
    points: Floats
    """(city): the printed points."""
    value: Floats
    """(city): calibrated; NaN where the raw value is not known."""

    @property
    def moved(self) -> Flags:
        """Of which cities (city) the value was moved by more than the smallest step."""
        known = np.isfinite(self.value)
        found = np.zeros(known.shape, np.bool_)
        if known.any():
            before, after = (link(self.behind, values[known]) for values in (self.behind.value, self.value))
            found[known] = np.abs(after - before) > 10.0 * SMALLEST_STEP * np.ptp(before)
        return found

    @property
    def move(self) -> Floats:
        """How far (city) each value was moved: as a share of the raw value, or on a signed scale in its unit."""
        distance: Floats = self.value - self.behind.value
        return distance / self.behind.value if self.behind.scale == "positive" else distance


def calibrate(behind: Behind, points: Floats) -> Calibrated:
    """Return the values behind a variable in the order of its printed points (city; equal points, equal values).

    The sum of the absolute moves is the least there is (isotonic regression in the L1 norm; Robertson, Wright and
    Dykstra 1988), and of equal sums the one that moves the fewest: so a single figure that is out of place moves alone
    instead of drawing its neighbours along. On a positive scale moves are of logarithms, that is in per cent.
    Neighbours keep `SMALLEST_STEP` of the range between them.

    >>> values = Behind("v", ("v",), "signed", "higher", "", (1.0,), np.array([1.0, 5.0, 3.0, 4.0]))
    >>> calibrate(values, np.array([1.0, 2.0, 3.0, 4.0])).value.round(3).tolist()
    [1.0, 3.0, 3.0, 4.0]
    """
    known = behind.known & usable_values(behind)
    value = np.full(behind.value.shape, np.nan)
    if known.any():
        better = points[known] if behind.direction == "higher" else -points[known]
        value[known] = _levels(behind, behind.value[known], better)
    return Calibrated(behind, points, value)


def usable_values(behind: Behind) -> Flags:
    """Return of which cities (city) the value can stand on its scale: above zero on a positive one."""
    with np.errstate(invalid="ignore"):
        found: Flags = behind.value > 0.0 if behind.scale == "positive" else np.isfinite(behind.value)
    return found


def link(behind: Behind, values: Floats) -> Floats:
    """Return values on the axis on which moves are measured: logarithms of a positive scale."""
    return np.log(values) if behind.scale == "positive" else values


def unlink(behind: Behind, values: Floats) -> Floats:
    """Return values from the axis on which moves are measured."""
    return np.exp(values) if behind.scale == "positive" else values


def _levels(behind: Behind, values: Floats, key: Floats) -> Floats:
    """Return the value of each city instead of `values`: one for each group of equal keys, in the order of the keys.

    A group whose value is that of one of its cities has it to the last digit, which a logarithm and back would lose.
    """
    linked = link(behind, values)
    _, group = np.unique(key, return_inverse=True)
    found = _least_moves(linked, group)
    far = np.abs(linked - found[group])
    by_group = np.lexsort((far, group))  # the nearest city of each group first
    nearest = by_group[np.unique(group[by_group], return_index=True)[1]]
    stays = far[nearest] <= 0.1 * SMALLEST_STEP * np.ptp(linked)
    levels: Floats = np.where(stays, values[nearest], unlink(behind, found))
    if np.ptp(linked) > 0.0:
        keep_rising(levels, np.zeros(levels.size, np.bool_))
    return levels[group]


def _least_moves(values: Floats, group: Integers) -> Floats:
    """Return the rising values of the groups that are nearest to those of the cities in sum of absolute differences.

    Some best solution takes only values that cities have, so groups are passed one by one, from the last to the first,
    with the least cost of going on from each value (dynamic programming). Of equal sums the one that moves the fewest
    cities is taken, and of these the one with the lowest values.
    """
    levels = np.unique(values)
    span = float(levels[-1] - levels[0])
    same = 1e-3 * FEWER * span  # costs that differ by rounding only
    places = np.arange(levels.size)
    cost = np.zeros(levels.size)
    following = []
    for number in range(int(group.max()), -1, -1):
        least = np.minimum.accumulate(cost[::-1])[::-1]
        lowest = np.where(cost <= least + same, places, levels.size)
        following.append(np.minimum.accumulate(lowest[::-1])[::-1])
        distance = np.abs(values[group == number][:, np.newaxis] - levels)
        cost = least + distance.sum(axis=0) + FEWER * span * (distance > 0.0).sum(axis=0)
    level = int(np.argmax(cost <= cost.min() + same))
    found = [levels[level]]
    for step in following[:0:-1]:
        level = int(step[level])
        found.append(levels[level])
    return _rising(np.array(found), values, group, SMALLEST_STEP * span)


def _rising(levels: Floats, values: Floats, group: Integers, step: float) -> Floats:
    """Return levels with at least a step between neighbours; one that a city has stays where it is if it can."""
    spread = levels.copy()
    held = np.zeros(levels.size, np.bool_)
    held[group[values == levels[group]]] = True
    for level in np.unique(levels):
        block = np.flatnonzero(levels == level)
        own = block[held[block]]
        spread[block] += step * (block - (own[0] if own.size else block[0]))
    floor = step * np.arange(levels.size)
    rising: Floats = np.maximum.accumulate(spread - floor) + floor
    return rising


FEWEST_KNOWN = 5
"""Cities with a known value below which nothing is built on them."""

LEAST_AGREEMENT = 0.9
"""Spearman correlation of raw values and printed points below which the values are not those behind the points."""


def rank_correlation(values: Floats, points: Floats) -> float:
    """Return the Spearman correlation of values, where they are known, with points.

    NaN where fewer than two are known, or all are equal.
    """
    known = np.isfinite(values)
    if known.sum() < 2 or np.ptp(values[known]) == 0.0 or np.ptp(points[known]) == 0.0:
        return float("nan")
    ranks = pd.Series(values[known]).rank(), pd.Series(points[known]).rank()
    return float(np.corrcoef(*ranks)[0, 1])


def usable(behind: Behind, points: Floats) -> bool:
    """Return whether the known values can stand for those behind the points: enough, on their scale, in such order."""
    known = behind.known
    enough = known.sum() >= FEWEST_KNOWN and bool(usable_values(behind)[known].all())
    turned = behind.value if behind.direction == "higher" else -behind.value
    return enough and rank_correlation(turned, points) >= LEAST_AGREEMENT


def held(behind: Behind, points: Floats) -> Calibrated | None:
    """Return the known values in the order of the points, where they can stand for those behind them; else nothing.

    What was found for a `behind` and its points is remembered.
    """
    return _held(behind, np.ascontiguousarray(points, np.float64).tobytes())


@lru_cache(maxsize=1024)
def _held(behind: Behind, points: bytes) -> Calibrated | None:
    printed = np.frombuffer(points, np.float64)
    return calibrate(behind, printed) if usable(behind, printed) else None


def filled(calibrated: Calibrated) -> Floats:
    """Return the value of every city: those not known on straight lines between their neighbours in printed order.

    Beyond the last known value the line goes on with the mean slope. On a positive scale lines are of logarithms.
    """
    behind = calibrated.behind
    known = np.isfinite(calibrated.value)
    if known.all():
        return calibrated.value
    key = calibrated.points if behind.direction == "higher" else -calibrated.points
    places, first = np.unique(key[known], return_index=True)
    values = link(behind, calibrated.value[known])[first]
    slope = (values[-1] - values[0]) / (places[-1] - places[0]) if places.size > 1 else 0.0
    line = np.interp(key, places, values)
    line += slope * (np.minimum(key - places[0], 0.0) + np.maximum(key - places[-1], 0.0))
    found = unlink(behind, line)
    tied = np.isin(key, places)
    found[tied] = calibrated.value[known][first][np.searchsorted(places, key[tied])]
    return found


def positions(points: Floats, tied: Literal["lowest", "middle", "highest"] = "lowest") -> Integers:
    """Return the position (city) of each in the order of its points, 0 the worst; equal ones share one of theirs.

    >>> positions(np.array([3.0, 1.0, 3.0, 2.0])).tolist()
    [2, 0, 2, 1]
    """
    rising = np.sort(points)
    lowest: Integers = np.searchsorted(rising, points, side="left").astype(np.int64)
    highest: Integers = np.searchsorted(rising, points, side="right").astype(np.int64) - 1
    return {"lowest": lowest, "middle": (lowest + highest) // 2, "highest": highest}[tied]
