"""What cities gain by a change: places, from the same draws with and without it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from simulator import names
from simulator.analysis.stability import ROUNDING, Spread, Variables, mean_of, share_of, spread_of, with_error
from simulator.kernels.arrays import Floats, Integers
from simulator.simulation.tally import Tally, at_least

TOTAL_LEVELS = {names.TOTAL_GAIN_P05: 0.05, names.TOTAL_GAIN_MEDIAN: 0.5, names.TOTAL_GAIN_P95: 0.95}
LEVELS = {names.PLACES_GAINED_P05: 0.05, names.PLACES_GAINED_MEDIAN: 0.5, names.PLACES_GAINED_P95: 0.95}


def gains(tally: Tally, cities: Sequence[str], indicators: Sequence[str], exact: bool, step: float = 0.0) -> xr.Dataset:
    """Return how many places each city gains by a change, over the draws.

    Both rankings of a draw come from the same random numbers (common random numbers: Law 2015, Simulation Modeling and
    Analysis, 11.2), so that what the change does not touch cancels out.

    Parameters
    ----------
    tally
        Counts of a simulation with a change.
    cities, indicators
        Their slugs and identifiers; within the indicators the places of the city in question are counted.
    exact
        Whether the draws are all there are: every standard error is then 0.
    step
        Step in which gains of the total are counted; 0 where they are not.

    Returns
    -------
    xr.Dataset
        On (city, gain), gains from -(n - 1) to n - 1 places: `gain_frequency`, the share of the draws with the city in
        which it gains just that many. On (city, at_least): `gain_chance` and `loss_chance`, of so many places or more
        (1, 2, 3, 5, 10). On (city): `keep_chance`, of the same rank, and `gain_mean`. Of the city in question: on
        (indicator) `places_gained_p05`, `places_gained_median`, `places_gained_p95`, the smallest number of places
        whose cumulative share reaches that level; and without axis `total_gain_mean` and the same quantiles of what its
        total gains, to a step, where all draws have totals by the same methods. Each has its standard error with `_se`
        behind it; that of a quantile is Woodruff's (1952, doi:10.1080/01621459.1952.10483443) for independent draws.
    """
    seen = tally.gains.sum(axis=1)
    found: Variables = {}
    frequency = share_of(tally.gains, seen[:, np.newaxis], exact, spread_of(tally, "gains"))
    found |= with_error(names.GAIN_FREQUENCY, (names.CITY, names.GAIN), *frequency)
    ladder = [step for step in names.LADDER if step < len(cities)]
    found |= _chances(tally, seen, ladder, exact)
    width = len(cities) - 1
    gain = np.arange(-width, width + 1)
    mean = mean_of(tally.gains @ gain, tally.gains @ gain**2, seen, exact, spread_of(tally, "gain"))
    found |= with_error(names.GAIN_MEAN, (names.CITY,), *mean)
    kept = (tally.gains[:, width], seen, exact, _one_of(spread_of(tally, "gains"), width))
    found |= with_error(names.KEEP_CHANCE, (names.CITY,), *share_of(*kept))
    if tally.passed.size:
        for name, level in LEVELS.items():
            found |= with_error(name, (names.INDICATOR,), *_quantile(tally.passed, level, exact))
    if tally.total_gains.size:
        found |= _total_gains(tally, exact, step)
    coordinates = {names.CITY: list(cities), names.GAIN: gain, names.AT_LEAST: ladder}
    if tally.passed.size:
        coordinates[names.INDICATOR] = list(indicators)
    return xr.Dataset(found, coords=coordinates)


def places_changed(tally: Tally, cities: Sequence[str], exact: bool) -> xr.Dataset:
    """Return the distribution of the places that each city gains between two rankings of every draw.

    Parameters
    ----------
    tally
        Counts of gains, as `simulator.simulation.paired.tally_pairs` makes them.
    cities
        Their slugs.
    exact
        Whether the draws are all there are: every standard error is then 0.

    Returns
    -------
    xr.Dataset
        On (city, gain): `gain_frequency`. On (city): `places_gained_mean` and the quantiles `places_gained_p05`,
        `places_gained_median`, `places_gained_p95` (the smallest number of places whose cumulative share reaches that
        level); `rise_chance`, `stay_chance`, `fall_chance`, of a gain above, of and below 0. Each has its standard
        error with `_se` behind it; that of a quantile is Woodruff's, as in `gains`.
        A city without any such draw has NaN.
    """
    told = gains(tally, cities, (), exact)
    chances = {names.RISE_CHANCE: names.GAIN_CHANCE, names.FALL_CHANCE: names.LOSS_CHANCE}
    found: Variables = {}
    for name, source in chances.items():
        one = told.sel({names.AT_LEAST: 1})
        found |= with_error(name, (names.CITY,), one[source].values, one[source + names.SE].values)
    kept = {names.STAY_CHANCE: names.KEEP_CHANCE, names.PLACES_GAINED_MEAN: names.GAIN_MEAN}
    for name, source in kept.items():
        found |= with_error(name, (names.CITY,), told[source].values, told[source + names.SE].values)
    for name, level in LEVELS.items():
        found |= with_error(name, (names.CITY,), *_quantile(tally.gains, level, exact))
    seen = tally.gains.sum(axis=1) > 0
    found = {name: (axes, np.where(seen, values, np.nan)) for name, (axes, values) in found.items()}
    frequency = told[[names.GAIN_FREQUENCY, names.GAIN_FREQUENCY + names.SE]].drop_vars(names.AT_LEAST, errors="ignore")
    return frequency.assign(found)


def _chances(tally: Tally, seen: Integers, ladder: Sequence[int], exact: bool) -> Variables:
    """Return the chances of a gain, and of a loss, of at least so many places."""
    n = len(seen)
    upward = at_least(tally.gains)
    spread = spread_of(tally, "at_least")
    axes = (names.CITY, names.AT_LEAST)
    gained, lost = [], []
    for step in ladder:
        up, down = n - 1 + step, n - step
        gained.append(share_of(upward[:, up], seen, exact, _one_of(spread, up)))
        # A loss is whatever is no smaller loss, and no gain: its share has the error of theirs.
        kept, error = share_of(upward[:, down], seen, exact, _one_of(spread, down))
        lost.append((1.0 - kept, error))
    return {
        **with_error(names.GAIN_CHANCE, axes, *(np.array(part).T for part in zip(*gained, strict=True))),
        **with_error(names.LOSS_CHANCE, axes, *(np.array(part).T for part in zip(*lost, strict=True))),
    }


def _one_of(spread: Spread, column: int) -> Spread:
    """Return the sums over blocks of one column of shares."""
    return None if spread is None else (spread[0].at((slice(None), column)), spread[1])


def _total_gains(tally: Tally, exact: bool, step: float) -> Variables:
    """Return mean and quantiles of what the total of the city in question gains."""
    counts = tally.total_gains
    middle = counts.size // 2
    seen, steps = counts.sum(), np.arange(counts.size)
    total, squares = (np.array([int((counts * steps**power).sum())]) for power in (1, 2))
    mean, error = mean_of(total, squares, np.array([seen]), exact, spread_of(tally, "total_gain"))
    found = with_error(names.TOTAL_GAIN_MEAN, (), step * (mean[0] - middle), step * error[0])
    for name, level in TOTAL_LEVELS.items():
        value, spread = _quantile(counts[np.newaxis], level, exact)
        found |= with_error(name, (), step * value[0], step * spread[0])
    return found


def _quantile(counts: Integers, level: float, exact: bool) -> tuple[Floats, Floats]:
    """Return the smallest value whose cumulative share reaches a level (row), 0 of no draws, and its standard error.

    Counts are (row, value), the values being whole numbers around 0 in the middle.
    """
    middle = (counts.shape[1] - 1) // 2
    cumulated = np.cumsum(counts, axis=1) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    width = 0.0 if exact else np.sqrt(level * (1.0 - level) / np.maximum(counts.sum(axis=1), 1))

    def reached(at: Floats) -> Integers:
        found: Integers = (cumulated >= np.clip(at, ROUNDING, 1.0 - ROUNDING)[:, np.newaxis] - ROUNDING).argmax(axis=1)
        return found

    middle_level = np.full(len(counts), level)
    error = 0.5 * (reached(middle_level + width) - reached(middle_level - width))
    found = np.where(counts.sum(axis=1) > 0, reached(middle_level) - middle, 0)
    return np.asarray(found, np.float64), np.asarray(error, np.float64)
