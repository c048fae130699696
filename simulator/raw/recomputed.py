"""Points made again from raw quantities, beside the printed ones."""

from __future__ import annotations

import numpy as np
import xarray as xr

from simulator import names
from simulator.kernels.arrays import Floats
from simulator.raw.calibration import rank_correlation
from simulator.raw.side import RawSide, points_again


def compare_points(raw: RawSide, printed: xr.DataArray) -> xr.Dataset:
    """Return how well raw quantities reproduce the printed points of each variable that any city has raw values of.

    Returns
    -------
    xr.Dataset
        On the axis `slot`, the variables in the order of the print: `cities_known`; `exact` and `within_one`, how many
        of these cities get the printed points, or points that differ by no more than one; `largest_difference` and
        `largest_city`; `spearman`, of both points. On (city, slot): `points_again` and `points_printed`, NaN where a
        city has no raw value.

    Notes
    -----
    A city without a raw value keeps its printed place: each other city has points among those with a value, plus one
    for every city without that the print puts below it.
    """
    found = {v: points_again(raw, v) for v in _common(raw, printed)}
    variables = [v for v, points in found.items() if np.isfinite(points).sum() > 1]
    columns = {v: printed.sel({names.SLOT: v}).values for v in variables}
    again = [among_all(found[v], columns[v]) for v in variables]
    shown = [np.where(np.isfinite(found[v]), columns[v], np.nan) for v in variables]
    cities = printed[names.CITY].values
    size = (len(variables), len(cities))
    mine, theirs = np.array(again).reshape(size), np.array(shown).reshape(size)
    difference = np.abs(mine - theirs)
    farthest = [int(np.nanargmax(row)) for row in difference]
    order = [rank_correlation(found[v], columns[v]) for v in variables]
    axis = names.SLOT
    return xr.Dataset(
        {
            names.CITIES_KNOWN: (axis, np.isfinite(mine).sum(axis=1)),
            names.EXACT: (axis, (difference == 0.0).sum(axis=1)),
            names.WITHIN_ONE: (axis, (difference <= 1.0).sum(axis=1)),
            names.LARGEST_DIFFERENCE: (axis, np.array([row[k] for row, k in zip(difference, farthest, strict=True)])),
            names.LARGEST_CITY: (axis, np.array([str(cities[k]) for k in farthest], dtype=object)),
            names.RAW_SPEARMAN: (axis, np.array(order, np.float64)),
            names.POINTS_AGAIN: ((names.CITY, axis), mine.T),
            names.POINTS_PRINTED: ((names.CITY, axis), theirs.T),
        },
        coords={axis: np.array(variables, dtype=object), names.CITY: cities},
    )


def _common(raw: RawSide, printed: xr.DataArray) -> list[str]:
    """Return the printed variables that the raw side knows."""
    return [str(slot) for slot in printed[names.SLOT].values if str(slot) in raw.definition.slots]


def among_all(points: Floats, printed: Floats) -> Floats:
    """Return points among all cities, from those among the cities that have any (NaN for the others).

    Each gets one more for every city without that the printed points put below it.
    """
    unknown = ~np.isfinite(points)
    below: Floats = (printed[unknown][np.newaxis, :] < printed[:, np.newaxis]).sum(axis=1)
    return points + below
