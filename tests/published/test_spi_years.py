"""The Statistical Performance Indicators of four years: figures and whole dimensions left blank."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import simulator as sim
from simulator.report.comparison import compare_with_published

GOLDEN = Path(__file__).parent.parent / "golden" / "spi"
YEARS = (2016, 2017, 2018, 2019)


def expected(year: int) -> pd.DataFrame:
    table = pd.read_csv(GOLDEN / "expected.csv", index_col="iso3c")
    return table[table["date"] == year].drop(columns="date")


@pytest.fixture(scope="module")
def scored() -> dict[int, xr.Dataset]:
    return {year: sim.load_index("statistical-performance", year=year).score() for year in YEARS}


def test_all_country_years_are_there(scored: dict[int, xr.Dataset]) -> None:
    assert [len(expected(year)) for year in YEARS] == [167, 174, 174, 174]
    for year, of_year in scored.items():
        assert set(of_year["city"].values) == set(expected(year).index)


@pytest.mark.parametrize("year", YEARS)
def test_dimensions_pillars_and_index_are_as_printed(scored: dict[int, xr.Dataset], year: int) -> None:
    table = expected(year)
    printed = {"INDEX": table["SPI.INDEX"]}
    printed |= {f"PIL{k}": table[f"SPI.INDEX.PIL{k}"] for k in range(1, 6)}
    dimensions = [column for column in map(str, table) if column.startswith("SPI.DIM")]
    printed |= {column.removeprefix("SPI.").removesuffix(".INDEX"): table[column] for column in dimensions}
    assert set(printed) == set(scored[year]["node"].to_numpy())
    for node, column in printed.items():
        # Dimensions are printed as shares, pillars and index in per cent.
        scale = 100 if node.startswith("DIM") else 1
        found = scored[year]["score"].sel(node=node).to_series()[column.index] / scale
        assert (found.isna() == column.isna()).all()
        assert np.abs(found - column).max() < 1e-8, node


def test_the_blank_dimensions_are_blank(scored: dict[int, xr.Dataset]) -> None:
    blank = [of_year["score"].sel(node=["DIM5.1", "DIM5.5"]).isnull().sum() for of_year in scored.values()]
    assert sum(map(int, blank)) == 911


def test_countries_rank_in_their_year_as_the_printed_index_says(scored: dict[int, xr.Dataset]) -> None:
    apart = pd.concat(
        [(of_year["rank"].to_series() - expected(year)["rank_in_year"]).abs() for year, of_year in scored.items()]
    )
    assert len(apart) == 689
    # Some countries are equal but for the digits that were printed.
    assert (apart > 0).sum() <= 2
    assert apart.max() <= 1


@pytest.mark.parametrize("year", YEARS)
def test_bundled_totals_are_those_of_the_source(year: int) -> None:
    index, table = sim.load_index("statistical-performance", year=year), expected(year)
    assert index.published is not None
    assert index.published["total"].to_series().equals(table["SPI.INDEX"][index.cities].rename_axis("city"))
    lines = list(compare_with_published(index.score(), index.published))
    assert f"{len(table)} of {len(table)} totals" in lines[0]
    assert f"{len(table) * 20} of {len(table) * 20} scores of nodes" in lines[0]


def test_the_values_are_those_of_the_source() -> None:
    table = pd.read_csv(GOLDEN / "data.csv").set_index(["date", "iso3c"])
    for year in YEARS:
        values = sim.load_index("statistical-performance", year=year).matrix["value"].to_pandas()
        rows = table.loc[year].loc[values.index, values.columns]
        assert rows.astype(float).equals(values.rename_axis(index="iso3c", columns=None))


def test_the_audit_finds_the_figures_in_agreement() -> None:
    audited = sim.audit(sim.load_index("statistical-performance"))
    kinds = [finding.kind for finding in audited.findings]
    assert not {"sum that differs", "rank that differs"} & set(kinds)
    blank = sim.load_index("statistical-performance").published["score"].isnull().sum()
    assert audited.compared == 174 * (2 + 20) - int(blank)  # rank, total, five pillars and fifteen dimensions


def test_an_audit_of_blanks_tells_what_it_leaves_out() -> None:
    definition = {
        "schema_version": 1,
        "id": "small",
        "imputation": "share-weight",
        "index": {"id": "total", "aggregate": "arithmetic", "children": [{"id": "a"}, {"id": "b", "weight": 0}]},
    }
    values = pd.DataFrame({"a": [np.nan, 2.0, 4.0], "b": [1.0, np.nan, 2.0]}, index=list("xyz"))
    audited = sim.audit(sim.build_index(definition, values))
    assert "cells are blank" in audited.left_out[0]
