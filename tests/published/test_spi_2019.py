"""The Statistical Performance Indicators 2019: three levels of unequal weights, as the World Bank printed them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from simulator.definition import Definition
from simulator.index import build_index

GOLDEN = Path(__file__).parent.parent / "golden" / "spi-2019"


@pytest.fixture(scope="module")
def definition() -> Definition:
    """Scores are percentages from the pillars up; dimensions are printed as shares."""
    pillars: dict[str, dict[str, dict[str, Any]]] = {}
    for row in pd.read_csv(GOLDEN / "hierarchy.csv", dtype=str).itertuples():
        dimensions = pillars.setdefault(f"PIL{row.pillar}", {})
        weight = float(str(row.weight_of_dimension_in_pillar))
        dimension = dimensions.setdefault(f"DIM{row.dimension}", {"weight": weight, "children": []})
        dimension["children"].append({"id": row.indicator})
    children = [
        {
            "id": pillar,
            "normalise": {"method": "none"},
            "aggregate": {"method": "arithmetic"},
            "children": [
                {"id": name, "aggregate": {"method": "arithmetic"}, **dimension}
                for name, dimension in dimensions.items()
            ],
        }
        for pillar, dimensions in pillars.items()
    ]
    root = {"id": "INDEX", "aggregate": {"method": "arithmetic"}, "children": children}
    levels = ["index", "pillar", "dimension", "indicator"]
    return Definition.model_validate({"schema_version": 1, "id": "spi", "levels": levels, "index": root})


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "expected.csv", index_col="iso3c")


@pytest.fixture(scope="module")
def scored(definition: Definition) -> xr.Dataset:
    data = pd.read_csv(GOLDEN / "data.csv", index_col="iso3c")
    matrix = xr.Dataset(
        {"value": (("city", "indicator"), data.to_numpy(float))},
        coords={"city": data.index.to_numpy(str), "indicator": data.columns.to_numpy(str)},
    )
    return build_index(definition, matrix).score()


def test_dimensions_pillars_and_index_are_as_printed(scored: xr.Dataset, expected: pd.DataFrame) -> None:
    printed = {"INDEX": expected["SPI.INDEX"] / 100}
    printed |= {f"PIL{k}": expected[f"SPI.INDEX.PIL{k}"] / 100 for k in range(1, 6)}
    dimensions = [column for column in map(str, expected) if column.startswith("SPI.DIM")]
    printed |= {column.removeprefix("SPI.").removesuffix(".INDEX"): expected[column] for column in dimensions}
    assert set(printed) == set(scored["node"].to_numpy())
    assert len(printed) == 19
    for node, column in printed.items():
        # The indicators are printed to nine decimals, so means of them carry half a unit of the ninth.
        assert np.abs(scored["score"].sel(node=node).to_series()[column.index] - column).max() < 1e-9, node


def test_ranks_are_those_of_the_printed_index(scored: xr.Dataset, expected: pd.DataFrame) -> None:
    assert scored["rank"].to_series()[expected.index].tolist() == expected["rank_in_year"].tolist()


def test_indicators_share_what_their_dimension_weighs(scored: xr.Dataset, definition: Definition) -> None:
    weight = scored["nominal_weight"].to_series()
    # Pillar 3 weighs its dimensions by how many indicators they have: 6, 6, 2 and 2.
    third = [leaf.id for leaf in definition.indicators if "PIL3" in definition.ancestors[leaf.id]]
    assert weight[third].to_numpy() == pytest.approx([1 / 5 / 16] * 16)
    assert weight.sum() == pytest.approx(1.0)
