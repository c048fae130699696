"""The ASEM Sustainable Connectivity index: normalisation, aggregation and ranks as another program computed them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from simulator.definition import Definition
from simulator.index import build_index
from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.ranking import BETTER, WORSE, rank_totals
from simulator.preparation import (
    ShareWeight,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "asem"


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / f"{name}.csv", index_col="uCode")


@pytest.fixture(scope="module")
def tree() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "indicators.csv", index_col="iCode")


@pytest.fixture(scope="module")
def matrix() -> xr.Dataset:
    return as_matrix("treated")


def as_matrix(name: str) -> xr.Dataset:
    treated = read("treated")
    data = read(name).loc[treated.index, treated.columns]
    return xr.Dataset(
        {"value": (("city", "indicator"), data.to_numpy(float))},
        coords={"city": data.index.to_numpy(str), "indicator": data.columns.to_numpy(str)},
    )


def define(tree: pd.DataFrame, normalise: dict[str, Any], aggregate: dict[str, str]) -> Definition:
    """Build the index of four levels; `aggregate` gives the method of each level above the indicators."""
    levels = ("index", "sub-index", "pillar", "indicator")

    def entry(name: str, depth: int) -> dict[str, Any]:
        row = tree.loc[name]
        if row["Type"] == "Indicator":
            direction = "higher" if row["Direction"] == 1 else "lower"
            return {"id": name, "weight": row["Weight"], "direction": direction, "target": row["Target"]}
        return {
            "id": name,
            "weight": row["Weight"],
            "normalise": normalise if levels[depth] == "pillar" else {"method": "none"},
            "aggregate": {"method": aggregate[levels[depth]]},
            "children": [entry(child, depth + 1) for child in tree.index[tree["Parent"] == name]],
        }

    return Definition.model_validate({"schema_version": 1, "id": "asem", "levels": levels, "index": entry("Index", 0)})


def with_blanks(tree: pd.DataFrame, normalise: dict[str, Any]) -> xr.Dataset:
    """Score the raw data, blanks sharing their weight."""
    definition = define(tree, normalise, everywhere("arithmetic")).replace(imputation=ShareWeight())
    return build_index(definition, as_matrix("iData")).score()


def everywhere(method: str) -> dict[str, str]:
    return {"pillar": method, "sub-index": method, "index": method}


@pytest.mark.parametrize(
    ("table", "normalise", "offset"),
    [
        ("minmax_0_100", {"method": "min-max", "to": [0, 100]}, 0),
        ("zscore_0_1", {"method": "z-score", "divisor": "n-1"}, 0),
        ("rank", {"method": "rank", "ties": "worse"}, 0),
        ("borda", {"method": "rank", "ties": "worse"}, 1),
        ("prank", {"method": "percentile-rank", "ties": "worse"}, 0),
        ("dist2max", {"method": "distance-to-best"}, 0),
        ("dist2targ_iMeta", {"method": "distance-to-target"}, 0),
    ],
)
def test_normalised_indicators(
    tree: pd.DataFrame, matrix: xr.Dataset, table: str, normalise: dict[str, Any], offset: int
) -> None:
    expected = read(f"normalised_{table}") + offset
    scored = build_index(define(tree, normalise, everywhere("arithmetic")), matrix).score()
    normalised = scored["normalised"].transpose("city", "indicator").to_pandas().loc[expected.index, expected.columns]
    assert expected.shape == (51, 49)
    assert np.abs(normalised.to_numpy() - expected.to_numpy()).max() < 1e-9


def place_of(scores: Floats, rule: int) -> Integers:
    rank, same = np.empty(scores.size, np.int64), np.empty(scores.size, np.int64)
    rank_totals(scores.copy(), rule, 1e-9, 0.0, -1, rank, same)  # a table's own are read-only, another type
    return rank


@pytest.mark.parametrize(
    ("table", "normalise", "aggregate"),
    [
        ("minmax_0_100__amean", {"method": "min-max", "to": [0, 100]}, everywhere("arithmetic")),
        ("minmax_1_100__gmean", {"method": "min-max", "to": [1, 100]}, everywhere("geometric")),
        ("minmax_1_100__hmean", {"method": "min-max", "to": [1, 100]}, everywhere("harmonic")),
        (
            "minmax_1_100__mixed_amean_amean_gmean",
            {"method": "min-max", "to": [1, 100]},
            {"pillar": "arithmetic", "sub-index": "arithmetic", "index": "geometric"},
        ),
        ("zscore_0_1__amean", {"method": "z-score"}, everywhere("arithmetic")),
        ("rank__amean", {"method": "rank", "ties": "worse"}, everywhere("arithmetic")),
    ],
)
def test_aggregated_scores_and_ranks(
    tree: pd.DataFrame, matrix: xr.Dataset, table: str, normalise: dict[str, Any], aggregate: dict[str, str]
) -> None:
    expected, ranks = read(f"aggregated_{table}"), read(f"ranks_{table}")
    scored = build_index(define(tree, normalise, aggregate), matrix).score()
    scores = scored["score"].transpose("city", "node").to_pandas().loc[expected.index, expected.columns]
    assert expected.shape == ranks.shape == (51, 11)
    assert np.abs(scores.to_numpy() - expected.to_numpy()).max() < 1e-9
    assert scored["rank"].to_series()[ranks.index].tolist() == ranks["Index"].tolist()
    for node in map(str, ranks):
        best, last = (place_of(scores[node].to_numpy(), rule) for rule in (BETTER, WORSE))
        if normalise["method"] == "rank":
            # Means of ranks are often equal but for rounding, and the source ranked without a tolerance.
            assert ((best <= ranks[node]) & (ranks[node] <= last)).all(), node
        else:
            assert best.tolist() == ranks[node].tolist(), node


@pytest.mark.parametrize(
    ("table", "normalise"),
    [("minmax_0_100", {"method": "min-max", "to": [0, 100]}), ("zscore_0_1", {"method": "z-score"})],
)
def test_raw_indicators_are_normalised_over_the_countries_that_have_them(
    tree: pd.DataFrame, table: str, normalise: dict[str, Any]
) -> None:
    expected = read(f"normalised_raw_{table}")
    normalised = with_blanks(tree, normalise)["normalised"].transpose("city", "indicator").to_pandas()
    found = normalised.loc[expected.index, expected.columns].to_numpy()
    assert (np.isnan(found) == expected.isna()).to_numpy().all()
    assert np.isnan(found).sum() == 63
    assert np.nanmax(np.abs(found - expected.to_numpy())) < 1e-9


def test_blank_cells_share_their_weight(tree: pd.DataFrame) -> None:
    expected, ranks = read("aggregated_raw_minmax_0_100__amean"), read("ranks_raw_minmax_0_100__amean")
    scored = with_blanks(tree, {"method": "min-max", "to": [0, 100]})
    scores = scored["score"].transpose("city", "node").to_pandas().loc[expected.index, expected.columns]
    assert np.abs(scores.to_numpy() - expected.to_numpy()).max() < 1e-9
    assert scored["rank"].to_series()[ranks.index].tolist() == ranks["Index"].tolist()
    for node in map(str, ranks):
        assert place_of(scores[node].to_numpy(), BETTER).tolist() == ranks[node].tolist(), node
