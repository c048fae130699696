"""A small index, scenarios and comparisons that the tests of studies share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from simulator.provenance import ATTRIBUTE

SMALL = """\
schema_version: 1
id: small
levels: [index, dimension, indicator]
data: {matrix: matrix.csv, cities: cities.csv}
index:
  id: total
  aggregate: arithmetic
  children:
    - id: wealth
      normalise: z-score
      aggregate: arithmetic
      children: [{id: output}, {id: growth}]
    - id: safety
      normalise: z-score
      children: [{id: accidents, direction: lower}]
"""

VARIED: dict[str, Any] = {
    "seed": 7,
    "draws": 200,
    "factors": {"data-error": {"size": 0.3, "unit": "sd"}, "weights": {"method": "dirichlet", "concentration": 5}},
}


def written(**more: Any) -> dict[str, Any]:
    return {"schema_version": 1, "name": "study", "index": "opportunity-2025", **more}


def assert_same_variables(one: xr.Dataset, other: xr.Dataset) -> None:
    assert list(one.variables) == list(other.variables)
    for name in one.variables:
        mine, theirs = one[name].values, other[name].values
        if mine.dtype.kind in "OUS":
            assert mine.tolist() == theirs.tolist()
        else:
            assert mine.tobytes() == theirs.tobytes(), name


def provenance(result: xr.Dataset) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(result.attrs[ATTRIBUTE])
    return record


def write_small_study(folder: Path) -> None:
    """Write an index of seven cities in three provinces, with a scenario beside it."""
    random = np.random.default_rng(1)
    cities = [f"city-{k}" for k in range(7)]
    table = pd.DataFrame(random.uniform(1, 9, (7, 3)), index=cities, columns=["output", "growth", "accidents"])
    table.round(2).to_csv(folder / "matrix.csv", index_label="city")
    provinces = ["north", "north", "south", "north", "south", "south", "west"]
    described = {
        "city": cities,
        "name_en": [city.title() for city in cities],
        "name_zh": "",
        "province": provinces,
        "status": "prefecture-level",
        "cluster": "",
    }
    pd.DataFrame(described).to_csv(folder / "cities.csv", index=False)
    (folder / "definition.yaml").write_text(SMALL, encoding="utf-8")
    scenario = written(index="definition.yaml", **VARIED)
    (folder / "study.yaml").write_text(json.dumps(scenario), encoding="utf-8")
