"""Indices made for the cases of the registry."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from benchmarks.registry import SEED, Case, ValuesCase
from simulator.index import Index, build_index


def build(case: Case) -> Index:
    """Return an index with one level of indicators and the values of the case."""
    normalise = {"method": "rank", "ties": "better"} if case.normalisation == "rank" else case.normalisation
    children = [{"id": f"i{number}"} for number in range(case.indicators)]
    root = {"id": "total", "normalise": normalise, "aggregate": "arithmetic", "children": children}
    document = {"schema_version": 1, "id": "random", "levels": ["index", "indicator"], "index": root}
    coordinates = {"city": _cities(case.cities), "indicator": [child["id"] for child in children]}
    return build_index(document, xr.DataArray(values_of(case), coords=coordinates))


def values_of(case: Case) -> NDArray[np.float64]:
    """Return the values (city, indicator) of a case."""
    generator = np.random.default_rng(SEED)
    shape = (case.cities, case.indicators)
    values: NDArray[np.float64] = generator.lognormal(0.0, 0.5, shape)
    match case.values:
        case "all tied":
            values[:] = values[0, 0]
        case "one constant":
            values[:, 0] = values[0, 0]
        case "heavy tails":
            values = generator.standard_cauchy(shape)
        case "half tied":
            values[: case.cities // 2] = values[0]
    return values


def build_points(case: ValuesCase) -> Index:
    """Return an index of points by rank, without ties."""
    generator = np.random.default_rng(SEED)
    points = np.column_stack([generator.permutation(case.cities) + 1.0 for _ in range(case.variables)])
    children = [{"id": f"i{number}", "unit": "points"} for number in range(case.variables)]
    tree = {"id": "total", "normalise": {"method": "rank", "ties": "better"}, "children": children}
    document = {"schema_version": 1, "id": "points", "levels": ["index", "indicator"], "index": tree}
    columns = [child["id"] for child in children]
    return build_index(document, pd.DataFrame(points, index=_cities(case.cities), columns=columns))


def _cities(count: int) -> list[str]:
    return [f"c{number}" for number in range(count)]
