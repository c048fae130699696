"""Scores beside what was printed, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from simulator import names

TOLERANCE = 1e-9
"""Difference up to which a computed and a printed figure are the same."""

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
    differing = {name: np.abs(mine.values - theirs.values) > TOLERANCE for name, (mine, theirs) in pairs.items()}
    counts = ", ".join(f"{(~differs).sum()} of {differs.size} {name}" for name, differs in differing.items())
    yield f"Equal to the printed ones: {counts}."
    for name, differs in differing.items():
        mine, theirs = pairs[name]
        for place in np.argwhere(differs)[:SHOWN]:
            where = ", ".join(str(mine[axis].values[k]) for axis, k in zip(mine.dims, place, strict=True))
            yield f"  {name}, {where}: {mine.values[tuple(place)]:g}, printed {theirs.values[tuple(place)]:g}"
