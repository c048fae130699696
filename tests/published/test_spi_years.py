"""The Statistical Performance Indicators of four years: figures and whole dimensions left blank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from simulator.definition import Definition
from simulator.index import build_index

GOLDEN = Path(__file__).parent.parent / "golden" / "spi"


def definition() -> Definition:
    pillars: dict[str, dict[str, dict[str, Any]]] = {}
    for row in pd.read_csv(GOLDEN / "hierarchy.csv", dtype=str).itertuples():
        dimensions = pillars.setdefault(f"PIL{row.pillar}", {})
        weight = float(str(row.weight_of_dimension_in_pillar))
        dimension = dimensions.setdefault(f"DIM{row.dimension}", {"weight": weight, "children": []})
        dimension["children"].append({"id": row.indicator})
    children = [
        {
            "id": pillar,
            "aggregate": "arithmetic",
            "children": [{"id": name, "aggregate": "arithmetic", **one} for name, one in dimensions.items()],
        }
        for pillar, dimensions in pillars.items()
    ]
    document = {
        "schema_version": 1,
        "id": "spi",
        "imputation": "share-weight",
        "levels": ["index", "pillar", "dimension", "indicator"],
        "index": {"id": "INDEX", "aggregate": "arithmetic", "children": children},
    }
    return Definition.model_validate(document)


def read(name: str) -> pd.DataFrame:
    table = pd.read_csv(GOLDEN / f"{name}.csv")
    table.index = pd.Index(table.pop("iso3c") + "-" + table["date"].astype(str))
    return table.drop(columns="date")


@pytest.fixture(scope="module")
def scored() -> xr.Dataset:
    data = read("data")
    matrix = xr.DataArray(
        data.to_numpy(float),
        coords={"city": data.index.to_numpy(str), "indicator": data.columns.to_numpy(str)},
        dims=("city", "indicator"),
    )
    return build_index(definition(), matrix).score()


def test_dimensions_pillars_and_index_are_as_printed(scored: xr.Dataset) -> None:
    expected = read("expected")
    printed = {"INDEX": expected["SPI.INDEX"] / 100}
    printed |= {f"PIL{k}": expected[f"SPI.INDEX.PIL{k}"] / 100 for k in range(1, 6)}
    dimensions = [column for column in map(str, expected) if column.startswith("SPI.DIM")]
    printed |= {column.removeprefix("SPI.").removesuffix(".INDEX"): expected[column] for column in dimensions}
    assert set(printed) == set(scored["node"].to_numpy())
    assert len(expected) == 689
    assert int(expected[["SPI.DIM5.1.INDEX", "SPI.DIM5.5.INDEX"]].isna().to_numpy().sum()) == 911
    for node, column in printed.items():
        found = scored["score"].sel(node=node).to_series()[column.index]
        if node not in ("DIM5.1", "DIM5.5"):
            assert np.abs(found - column).max() < 1e-8, node
        else:
            assert (found.isna() == column.isna()).all()
            assert np.abs(found - column).max() < 1e-8, node


def test_countries_rank_in_their_year_as_the_printed_index_says(scored: xr.Dataset) -> None:
    total, rank = scored["total"].to_series(), read("expected")["rank_in_year"]
    by_year = total.groupby(total.index.str[-4:]).rank(ascending=False, method="min")
    apart = (by_year - rank).abs()
    # Some countries are equal but for the digits that were printed.
    assert (apart > 0).sum() <= 2
    assert apart.max() <= 1
