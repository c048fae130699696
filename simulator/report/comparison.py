"""Scores beside what was printed, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr

from simulator import names
from simulator.auditing.printed_figures import half_unit
from simulator.kernels.arrays import Flags

Figures = np.ndarray[Any, np.dtype[Any]]

TOLERANCE = 1e-9
"""Difference up to which a computed and a printed figure are the same, beyond what the print rounds off.

Above 1 it is a share of the printed figure.
"""

SHOWN = 10
"""Differences listed one by one."""


def compare_with_published(scored: xr.Dataset, published: xr.Dataset | None) -> Iterator[str]:
    """Yield how many scores, totals and ranks equal the printed ones, and the first that do not."""
    if published is None:
        return
    cities = {names.CITY: published[names.CITY].values}
    nodes = {names.NODE: published[names.NODE].values}
    pairs = {
        "scores of nodes": (scored[names.SCORE].sel(cities | nodes), published[names.SCORE]),
        "totals": (scored[names.TOTAL].sel(cities), published[names.TOTAL]),
        "ranks": (scored[names.RANK].sel(cities), published[names.RANK]),
    }
    differing = {
        name: _differs(mine.transpose(*theirs.dims).values, theirs.values) for name, (mine, theirs) in pairs.items()
    }
    counts = ", ".join(f"{(~differs).sum()} of {differs.size} {name}" for name, differs in differing.items())
    yield f"Equal to the printed ones: {counts}."
    for name, differs in differing.items():
        mine, theirs = pairs[name]
        for place in np.argwhere(differs)[:SHOWN]:
            where = ", ".join(str(mine[axis].values[k]) for axis, k in zip(mine.dims, place, strict=True))
            yield f"  {name}, {where}: {mine.values[tuple(place)]:g}, printed {theirs.values[tuple(place)]:g}"


def prepared_lines(matrix: xr.Dataset) -> Iterator[str]:
    """Yield what was done to values before they were scored: filled, treated, and cities screened out.

    >>> import simulator as sim
    >>> list(prepared_lines(sim.load_index("opportunity-2025").matrix))
    []
    """
    if names.FILLED in matrix:
        filled, treated = (int(matrix[name].sum()) for name in (names.FILLED, names.TREATED))
        if filled:
            yield f"Blank cells filled: {filled:,} of {matrix[names.FILLED].size:,}."
        if treated:
            indicators = int(matrix[names.TREATED].any(names.CITY).sum())
            yield f"Values changed as outliers: {treated:,}, of {indicators} indicators."
        blank = int(matrix[names.VALUE].isnull().sum())
        if blank:
            yield f"Blank cells that share their weight: {blank:,}."
    if matrix.attrs.get(names.SCREENED_OUT):
        yield f"Too few values, and not ranked: {matrix.attrs[names.SCREENED_OUT]}."


def _differs(mine: Figures, printed: Figures) -> Flags:
    """Return where figures (city) or (city, node) are not the printed ones, each column as far as it is printed."""
    columns = np.asarray(printed, np.float64).reshape(len(printed), -1).T
    rounded = np.array([half_unit(column) for column in columns]).reshape(printed.shape[1:])
    allowed = TOLERANCE * np.maximum(np.abs(printed), 1.0) + rounded
    apart: Flags = (np.abs(mine - printed) > allowed) | (np.isnan(mine) != np.isnan(printed))
    return apart


def count_above(scored: xr.Dataset, bounds: Sequence[float]) -> Iterator[str]:
    """Yield how many cities have a total above each bound."""
    for bound in bounds:
        count = int((scored[names.TOTAL] > bound).sum())
        yield f"{count} {'city has' if count == 1 else 'cities have'} a total above {bound:g}."


def constant_lines(scored: xr.Dataset) -> Iterator[str]:
    """Yield which indicators are the same for all cities, if any (convention 7)."""
    constant = scored[names.INDICATOR].values[scored[names.CONSTANT].values]
    if constant.size:
        yield f"The same for all cities (convention 7): {', '.join(str(leaf) for leaf in constant)}."
