"""The Human Development Index 2022 computed from its four indicators is the index as published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from simulator.definition import Definition, parse_definition
from simulator.documents import parse_yaml
from simulator.index import build_index
from simulator.methods import Ranking

GOLDEN = Path(__file__).parent.parent / "golden" / "hdi-2022"

LOG_INCOME = (float(np.log(100.0)), float(np.log(75000.0)))

DEFINITION = f"""\
schema_version: 1
id: hdi
levels: [index, dimension, indicator]
ranking: {{ties: better, decimals: 3}}
index:
  id: hdi
  aggregate: geometric
  children:
    - id: health
      normalise: {{method: min-max, goalposts: given, capped: true}}
      aggregate: arithmetic
      children:
        - {{id: le_2022, goalposts: [20, 85]}}
    - id: education
      normalise: {{method: min-max, goalposts: given, capped: true}}
      aggregate: arithmetic
      children:
        - {{id: eys_2022, goalposts: [0, 18]}}
        - {{id: mys_2022, goalposts: [0, 15]}}
    - id: income
      normalise: {{method: min-max, goalposts: given, capped: true}}
      aggregate: arithmetic
      children:
        - {{id: ln_income, goalposts: [{LOG_INCOME[0]!r}, {LOG_INCOME[1]!r}]}}
"""


@pytest.fixture(scope="module")
def definition() -> Definition:
    return parse_definition(parse_yaml(DEFINITION, "hdi.yaml"))


@pytest.fixture(scope="module")
def matrix() -> xr.Dataset:
    data = pd.read_csv(GOLDEN / "data.csv", index_col="iso3").drop(columns="country")
    data["ln_income"] = np.log(data.pop("gnipc_2022"))
    return xr.Dataset(
        {"value": (("city", "indicator"), data.to_numpy())},
        coords={"city": data.index.to_numpy(str), "indicator": data.columns.to_numpy(str)},
    )


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "expected.csv", index_col="iso3")


def test_all_193_values_are_as_published(definition: Definition, matrix: xr.Dataset, expected: pd.DataFrame) -> None:
    total = build_index(definition, matrix).score()["total"].to_series()[expected.index]
    assert len(total) == 193
    assert np.abs(total - expected["hdi_2022"]).max() <= 0.0005 + 1e-12
    assert (
        np.floor(total * 1000 + 0.5).astype(int).tolist() == np.rint(expected["hdi_2022"] * 1000).astype(int).tolist()
    )


def test_all_193_ranks_are_as_published(definition: Definition, matrix: xr.Dataset, expected: pd.DataFrame) -> None:
    rank = build_index(definition, matrix).score()["rank"].to_series()[expected.index]
    assert rank.tolist() == expected["hdi_rank_2022"].tolist()


def test_unrounded_ranks_are_not_those_published(
    definition: Definition, matrix: xr.Dataset, expected: pd.DataFrame
) -> None:
    unrounded = definition.replace(ranking=Ranking())
    rank = build_index(unrounded, matrix).score()["rank"].to_series()[expected.index]
    assert int((rank == expected["hdi_rank_2022"]).sum()) == 166


def test_caps_are_what_keeps_the_richest_at_one(definition: Definition, matrix: xr.Dataset) -> None:
    scored = build_index(definition, matrix).score()
    income = matrix["value"].sel(indicator="ln_income")
    beyond = income > LOG_INCOME[1]
    assert int(beyond.sum()) > 1
    assert (scored["score"].sel(node="income")[beyond.to_numpy()] == 1.0).all()
    assert (scored["score"].sel(node="income")[~beyond.to_numpy()] < 1.0).all()
