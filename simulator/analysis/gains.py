"""What cities gain by a change: places, from the same draws with and without it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from simulator import names
from simulator.analysis.stability import Variables, mean_of, share_of, spread_of, with_error
from simulator.kernels.arrays import Integers
from simulator.simulation.tally import Tally, at_least

LEVELS = {names.PLACES_GAINED_P05: 0.05, names.PLACES_GAINED_MEDIAN: 0.5, names.PLACES_GAINED_P95: 0.95}


def gains(tally: Tally, cities: Sequence[str], indicators: Sequence[str], exact: bool) -> xr.Dataset:
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

    Returns
    -------
    xr.Dataset
        On (city, gain), gains from -(n - 1) to n - 1 places: `gain_frequency`, the share of the draws with the city in
        which it gains just that many. On (city, at_least): `gain_chance` and `loss_chance`, of so many places or more
        (1, 2, 3, 5, 10). On (city): `gain_mean`. Each has its standard error with `_se` behind it. On (indicator), of
        the city in question: `places_gained_p05`, `places_gained_median`, `places_gained_p95`, the smallest number of
        places whose cumulative share reaches that level.
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
    if tally.passed.size:
        found |= {name: ((names.INDICATOR,), _quantile(tally.passed, level)) for name, level in LEVELS.items()}
    coordinates = {names.CITY: list(cities), names.GAIN: gain, names.AT_LEAST: ladder}
    if tally.passed.size:
        coordinates[names.INDICATOR] = list(indicators)
    return xr.Dataset(found, coords=coordinates)


def _chances(tally: Tally, seen: Integers, ladder: Sequence[int], exact: bool) -> Variables:
    """Return the chances of a gain, and of a loss, of at least so many places."""
    n = len(seen)
    upward = at_least(tally.gains)
    spread = spread_of(tally, "at_least")
    axes = (names.CITY, names.AT_LEAST)
    gained, lost = [], []
    for step in ladder:
        up, down = n - 1 + step, n - step
        at_up = None if spread is None else (spread[0].at((slice(None), up)), spread[1])
        at_down = None if spread is None else (spread[0].at((slice(None), down)), spread[1])
        gained.append(share_of(upward[:, up], seen, exact, at_up))
        # A loss is whatever is no smaller loss, and no gain: its share has the error of theirs.
        kept, error = share_of(upward[:, down], seen, exact, at_down)
        lost.append((1.0 - kept, error))
    return {
        **with_error(names.GAIN_CHANCE, axes, *(np.array(part).T for part in zip(*gained, strict=True))),
        **with_error(names.LOSS_CHANCE, axes, *(np.array(part).T for part in zip(*lost, strict=True))),
    }


def _quantile(counts: Integers, level: float) -> Integers:
    """Return the smallest number of places (indicator) whose cumulative share reaches a level."""
    width = (counts.shape[1] - 1) // 2
    cumulated = np.cumsum(counts, axis=1)
    reached: Integers = (cumulated >= level * cumulated[:, -1:] - 0.5e-9).argmax(axis=1) - width
    return reached
