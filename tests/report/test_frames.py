"""Results as flat tables: what stands in a file is what stands in the dataset."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

import simulator as sim
from simulator.provenance import ATTRIBUTE
from simulator.report.frames import FIRST_COLUMNS, score_frame, stability_frame, stability_record

FEW: dict[str, Any] = {
    "schema_version": 1,
    "name": "few",
    "index": "opportunity-2025",
    "cities": ["合肥", "Suzhou", "harbin", "wuxi", "xian"],
    "draws": 40,
    "seed": 3,
    "recipe": {"ties": "better"},
    "factors": {"weights": {"method": "dirichlet", "concentration": 1}, "normalisation": ["as-defined", "z-score"]},
}


@pytest.fixture(scope="module")
def scored() -> xr.Dataset:
    return sim.load_index("opportunity-2025").score()


@pytest.fixture(scope="module")
def few() -> xr.Dataset:
    """Five cities, fewer than the tops that a table has columns for."""
    return sim.run(FEW, workers=1)


@pytest.fixture(scope="module")
def groups() -> xr.Dataset:
    return sim.run("city-clusters", draws=40, workers=1)


def test_scores_come_best_first_with_a_column_for_each_dimension(scored: xr.Dataset) -> None:
    table = score_frame(scored)
    dimensions = scored["node"].values[scored["level"].values == "dimension"].tolist()
    assert table.columns.tolist() == ["city", "rank", "total", *dimensions]
    assert len(dimensions) == 10
    assert table["rank"].tolist() == sorted(scored["rank"].values.tolist())
    for row in (0, 17, 59):
        city = table["city"][row]
        assert table["total"][row] == float(scored["total"].sel(city=city))
        for node in dimensions:
            assert table[node][row] == float(scored["score"].sel(city=city, node=node))


def test_whole_scores_are_printed_whole_and_broken_ones_are_not(scored: xr.Dataset) -> None:
    whole = score_frame(scored)
    assert {str(dtype) for name, dtype in whole.dtypes.items() if name != "city"} == {"int64"}
    broken = scored.copy(deep=True)
    broken["total"][3] += 0.5
    broken["score"].loc[{"node": "economic-strength"}] = np.nan
    table = score_frame(broken)
    assert (table["total"].dtype, table["economic-strength"].dtype, table["rank"].dtype) == (
        "float64",
        "float64",
        "int64",
    )
    assert float(scored["total"][3]) == float(broken["total"][3]) - 0.5


def test_cities_of_equal_rank_keep_their_order(scored: xr.Dataset) -> None:
    equal = scored.copy(deep=True)
    equal["rank"][:] = 1
    assert score_frame(equal)["city"].tolist() == scored["city"].values.tolist()


def test_columns_that_others_rely_on_come_first() -> None:
    first = "baseline_rank rank_mean rank_median rank_p05 rank_p95 top_1 top_3 top_5 top_10 top_20"
    assert " ".join(FIRST_COLUMNS) == first


@pytest.mark.parametrize("which", ["few", "groups"])
def test_a_table_holds_every_figure_of_every_city(which: str, request: pytest.FixtureRequest) -> None:
    result: xr.Dataset = request.getfixturevalue(which)
    table = stability_frame(result)
    assert table.columns[:11].tolist() == ["city", *FIRST_COLUMNS]
    assert table["city"].tolist() == result["city"].values.tolist()
    figures = {str(name) for name in result.variables if result[name].dims == ("city",)}
    assert set(table.columns) == figures
    for name in figures:
        assert table[name].tolist() == result[name].values.tolist()
    assert table["baseline_rank"].dtype == "int64"


def test_a_top_beyond_the_last_place_is_certain(few: xr.Dataset) -> None:
    table = stability_frame(few)
    assert len(table) == 5
    assert table["top_5"].tolist() == table["top_10"].tolist() == table["top_20"].tolist() == [1.0] * 5
    assert table["top_20_se"].tolist() == [0.0] * 5


def test_groups_are_a_column(groups: xr.Dataset) -> None:
    table = stability_frame(groups)
    assert set(table["group"]) == set(groups["ranked_group"].values.tolist())
    assert (table["group"] == table["cluster"]).all()
    assert (table.groupby("group")["baseline_rank"].min() == 1).all()


@pytest.mark.parametrize("which", ["few", "groups"])
def test_a_record_is_json_with_all_figures(which: str, request: pytest.FixtureRequest) -> None:
    result: xr.Dataset = request.getfixturevalue(which)
    record = json.loads(json.dumps(stability_record(result), allow_nan=False))
    assert list(record) == ["scenario", "overall", "choices", "draws", "pairs", "cities", "provenance"]
    assert record["scenario"] == result.attrs["scenario"]
    for name, value in record["overall"].items():
        assert value == result[name].values.tolist()
    assert set(record["overall"]) == {
        name + error for name in ("mean_abs_rank_shift", "kendall_tau", "spearman_rho") for error in ("", "_se")
    }
    assert record["provenance"] == json.loads(result.attrs[ATTRIBUTE])
    table = stability_frame(result)
    assert [list(city) for city in record["cities"]] == [table.columns.tolist()] * len(table)
    for name in ("city", "baseline_rank", "city_name_zh"):
        assert [city[name] for city in record["cities"]] == table[name].tolist()
    assert [city["rank_mean"] for city in record["cities"]] == pytest.approx(table["rank_mean"].tolist(), rel=1e-14)


def test_a_record_tells_the_share_of_each_alternative(few: xr.Dataset, groups: xr.Dataset) -> None:
    choices = stability_record(few)["choices"]
    named = [(one["factor"], one["alternative"]) for one in choices]
    assert named == list(zip(few["factor"].values.tolist(), few["alternative"].values.tolist(), strict=True))
    shares = [one["choice_share"] for one in choices if one["factor"] == "normalisation"]
    assert sum(shares) == pytest.approx(1.0)
    assert len(shares) == 2
    assert all(one["choice_share_se"] >= 0.0 for one in choices)
    bare = stability_record(groups.drop_vars(["choice_share", "choice_share_se"], errors="ignore"))
    assert bare["choices"] == []


def test_a_figure_that_is_none_is_null(few: xr.Dataset) -> None:
    gone = few.copy(deep=True)
    gone["rank_mean"][2] = np.nan
    cities = json.loads(json.dumps(stability_record(gone), allow_nan=False))["cities"]
    assert [city["rank_mean"] is None for city in cities] == [False, False, True, False, False]


def test_tables_leave_the_result_as_it_was(few: xr.Dataset) -> None:
    before = few.copy(deep=True)
    table = stability_frame(few)
    table["rank_mean"] = 0.0
    table.loc[0, "top_1"] = 0.5
    stability_record(few)
    assert few.identical(before)
