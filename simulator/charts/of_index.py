"""Figures that follow from an index alone, for the charts of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import xarray as xr

from simulator.auditing.profiles import profile
from simulator.errors import Fault, InputError
from simulator.extremes.swaps import weight_stability
from simulator.index import Index
from simulator.weighing import importance

OF_INDEX: Final = ("importance", "weight-stability", "profile")
"""Kinds of chart that need an index only, and no draws."""


def figures_of(index: Index, kind: str, cities: Sequence[str] = (), peers: str | None = None) -> xr.Dataset:
    """Return what a chart of an index is drawn from.

    Parameters
    ----------
    index
        The index.
    kind
        One of `OF_INDEX`.
    cities
        Of a profile, its city.
    peers
        Of a profile, the attribute that its peers share.

    Raises
    ------
    InputError
        For a profile of no city or of several, and what the functions behind it refuse.
    """
    if kind == "importance":
        return importance(index)
    if kind == "weight-stability":
        return weight_stability(index)
    if len(cities) != 1:
        problem = f"a profile is of one city, not {len(cities)}"
        raise InputError(f"chart {kind}", [Fault("city", problem, "Name one: --city hefei.")])
    return profile(index, cities[0], peers)
