"""Indices of printed points with raw values behind them, in memory and as files, that several tests build."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.definition import Definition
from simulator.index import Index, build_index
from simulator.raw.side import make_raw_side
from simulator.uncertainty.design import MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import bind

Array = NDArray[Any]


def cities_of(count: int) -> list[str]:
    return [f"c{k}" for k in range(count)]


def index_of_points(points: Mapping[str, Sequence[float] | Array], leaf: Mapping[str, Any] | None = None) -> Index:
    """Return an index of printed points, each dimension named before the stroke: `money-gdp` stands below `money`."""
    dimensions = dict.fromkeys(name.partition("-")[0] for name in points)
    children = [
        {
            "id": dimension,
            "normalise": {"method": "rank", "ties": "as-published"},
            "children": [
                {"id": name, "unit": "points", **(leaf or {})} for name in points if name.partition("-")[0] == dimension
            ],
        }
        for dimension in dimensions
    ]
    tree = {"id": "total", "children": children}
    definition = Definition.model_validate({"schema_version": 1, "id": "printed", "index": tree})
    values = np.array([points[name] for name in points], np.float64).T
    coordinates = {"city": cities_of(len(values)), "indicator": list(points)}
    return build_index(definition, xr.Dataset({"value": (("city", "indicator"), values)}, coords=coordinates))


def with_raw(
    index: Index,
    values: Mapping[str, Sequence[float] | Array],
    each: Mapping[str, Mapping[str, Any]] | None = None,
    **leaf: Any,
) -> Index:
    """Return the index with a raw side: a value, or NaN, of each city for some variables, of one indicator each.

    Further words, such as a scale and direction, are those of every indicator; `each` has those of single ones.
    """
    children = [{"id": name, "formula": f"q-{name}", **leaf, **(each or {}).get(name, {})} for name in values]
    definition = Definition.model_validate(
        {
            "schema_version": 1,
            "id": "raw",
            "quantities": {f"q-{name}": {} for name in values},
            "index": {"id": "root", "normalise": {"method": "rank", "ties": "better"}, "children": children},
        }
    )
    quantities = xr.Dataset(
        {"value": (("city", "quantity"), np.array([values[name] for name in values], np.float64).T)},
        coords={"city": index.cities, "quantity": [f"q-{name}" for name in values]},
    )
    return dataclasses.replace(index, raw=make_raw_side(definition, quantities))


def drawn(index: Index, factors: Mapping[str, Any], draws: int = 500, seed: int = 1) -> Array:
    """Return the values (draw, indicator, city) of a study's draws."""
    realisation = bind(index, Factors.model_validate(dict(factors)))
    design = MonteCarlo(realisation.choices, (), draws, seed)
    blocks = range(-(-draws // 1024))
    chunks = [chunk for block in blocks for _, chunk in realisation.chunks(design, seed, block)]
    return np.concatenate([np.broadcast_to(one.values, (len(one.variant), *one.values.shape[1:])) for one in chunks])


PRINTED = """\
schema_version: 1
id: printed
levels: [index, pillar, variable]
data: {matrix: points.csv, raw: raw.yaml}
index:
  id: total
  children:
    - id: money
      normalise: {method: rank, ties: as-published}
      children:
        - {id: wealth, unit: points}
        - {id: towers, unit: points}
        - {id: size, unit: points}
"""
RAW = """\
schema_version: 1
id: printed-raw
levels: [index, pillar, variable, indicator]
data: {quantities: quantities.csv}
quantities:
  gdp: {unit: CNY}
  people: {unit: persons}
  5g-stations: {unit: count}
index:
  id: total
  children:
    - id: money
      normalise: {method: rank, ties: better}
      children:
        - {id: wealth, formula: "gdp / people", scale: positive}
        - id: towers
          normalise: {method: rank, ties: better}
          children: [{id: towers-per-head, formula: "1000 * 5g-stations / people", direction: lower, scale: positive}]
        - id: size
          normalise: {method: rank, ties: better}
          children:
            - {id: output, formula: gdp, scale: positive, elasticity: 0.4}
            - {id: population, formula: people, scale: positive}
"""
GDP, PEOPLE, STATIONS = [60, 50, 40, 30, 20, 10], [1, 2, 4, 5, 10, 10], [1, 4, 12, 20, 50, 60]


def quantity_rows() -> list[str]:
    """Return the rows of a table in which everything of six cities is known."""
    given = {"gdp": ("CNY", GDP), "people": ("persons", PEOPLE), "5g-stations": ("count", STATIONS)}
    return [f"c{k},{name},{value},{unit}" for name, (unit, row) in given.items() for k, value in enumerate(row)]


POINTS = "city,wealth,towers,size\n" + "".join(f"c{k},{6 - k},{6 - k},{6 - abs(2 - k)}\n" for k in range(6))
QUANTITIES = "\n".join(["city,quantity,value,unit", *quantity_rows(), ""])
SCENARIO = "schema_version: 1\nname: s\nindex: printed.yaml\ndraws: 40\nseed: 1\nfactors: {values: {}}\n"
FILES = {
    "printed.yaml": PRINTED,
    "raw.yaml": RAW,
    "points.csv": POINTS,
    "quantities.csv": QUANTITIES,
    "study.yaml": SCENARIO,
}


def write_printed_index(folder: Path, replaced: Mapping[str, str] | None = None) -> Path:
    """Write a small index of points with a raw side and a scenario, some files replaced; return the definition."""
    for name, text in (FILES | dict(replaced or {})).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "printed.yaml"
