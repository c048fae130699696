"""The bundled 2025 index scored from its printed points is the index as printed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from simulator.index import Index, load_index


@pytest.fixture(scope="module")
def index() -> Index:
    return load_index("opportunity-2025")


@pytest.fixture(scope="module")
def scored(index: Index) -> xr.Dataset:
    return index.score()


@pytest.fixture(scope="module")
def printed(published_folder: Path) -> pd.DataFrame:
    return pd.read_csv(published_folder / "totals.csv", index_col="city")


def test_the_sixty_totals_and_ranks_are_as_printed(scored: xr.Dataset, printed: pd.DataFrame) -> None:
    assert scored.sizes["city"] == len(printed) == 60
    assert scored["total"].to_series().to_dict() == printed["total"].to_dict()
    assert scored["rank"].to_series().to_dict() == printed["rank"].to_dict()


def test_the_six_hundred_dimension_scores_are_as_printed(scored: xr.Dataset, printed: pd.DataFrame) -> None:
    dimensions = printed.columns.drop(["rank", "total"])
    computed = scored["score"].sel(city=printed.index.to_numpy(), node=dimensions.to_numpy()).to_numpy()
    assert computed.shape == (60, 10)
    assert computed.tolist() == printed[dimensions].to_numpy().tolist()


def test_the_six_hundred_dimension_ranks_are_as_printed(scored: xr.Dataset, published_folder: Path) -> None:
    ranks = pd.read_csv(published_folder / "dimension-ranks.csv", index_col="city")
    scores = scored["score"].to_series().unstack("node")
    assert ranks.shape == (60, 10)
    # Equal scores take the better place.
    computed = scores[ranks.columns].rank(ascending=False, method="min").astype(int)
    assert computed.loc[ranks.index].to_numpy().tolist() == ranks.to_numpy().tolist()


def test_the_printed_points_come_out_of_the_rank_normalisation(scored: xr.Dataset, published_folder: Path) -> None:
    points = pd.read_csv(published_folder / "points.csv", index_col="city")
    computed = scored["normalised"].sel(city=points.index.to_numpy(), indicator=points.columns.to_numpy()).to_numpy()
    assert computed.shape == (60, 50)
    assert computed.tolist() == points.to_numpy().tolist()


@pytest.mark.parametrize(("border", "cities"), [(2400, 3), (2000, 10), (1500, 27)])
def test_the_tiers_hold_as_many_cities_as_printed(scored: xr.Dataset, index: Index, border: int, cities: int) -> None:
    assert int((scored["total"] > border).sum()) == cities
    assert cities in index.definition.tiers


def test_ningbo_and_hefei_share_place_15_and_16_is_nobodys(scored: xr.Dataset) -> None:
    rank = scored["rank"].to_series()
    assert set(rank[rank == 15].index) == {"ningbo", "hefei"}
    assert 16 not in rank.to_numpy()
    assert (rank == 17).sum() == 1


def test_the_scores_say_what_the_index_is(scored: xr.Dataset) -> None:
    assert not scored["constant"].any()
    assert scored["nominal_weight"].to_numpy() == pytest.approx([1 / 50] * 50)
    assert scored["total"].to_numpy().tolist() == scored["score"].isel(node=-1).to_numpy().tolist()
    assert scored["node"].to_numpy()[-1] == "total"
    assert list(scored["level"].to_numpy()) == ["dimension"] * 10 + ["index"]
