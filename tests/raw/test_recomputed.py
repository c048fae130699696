"""Points made again from raw quantities, beside the printed ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from raw_indices import index_of_points, with_raw
from scipy.stats import spearmanr

from simulator.index import Index, load_index
from simulator.raw.recomputed import compare_points


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


@pytest.fixture(scope="module")
def compared(published: Index) -> xr.Dataset:
    assert published.raw is not None
    return compare_points(published.raw, published.printed)


# The bundled index: known figures.


@pytest.mark.parametrize(
    ("variable", "known", "exact", "within_one"),
    [
        ("economic-scale", 60, 46, 57),
        ("output-per-capita", 60, 57, 59),
        ("government-debt", 60, 25, 53),
        ("fiscal-self-sufficiency", 59, 47, 56),
    ],
)
def test_how_many_cities_get_their_printed_points(
    compared: xr.Dataset, variable: str, known: int, exact: int, within_one: int
) -> None:
    own = compared.sel(slot=variable)
    assert [int(own[name]) for name in ("cities_known", "exact", "within_one")] == [known, exact, within_one]


def test_the_debt_of_yinchuan_is_not_the_one_that_was_printed(compared: xr.Dataset) -> None:
    debt = compared.sel(slot="government-debt")
    assert (str(debt["largest_city"].item()), float(debt["largest_difference"])) == ("yinchuan", 28)


def test_the_revenue_of_nanning_is_not_known(compared: xr.Dataset) -> None:
    again = compared["points_again"].sel(slot="fiscal-self-sufficiency")
    assert again["city"].values[np.isnan(again.values)].tolist() == ["nanning"]


@pytest.mark.parametrize(
    ("variable", "known", "correlation"),
    [
        ("trade-balance", 46, 1.0),
        ("deposit-loan-density", 46, 0.9988),
        ("trade-dependence", 46, 0.9988),
        ("work-safety", 29, 1.0),
        ("technology-trade", 27, 1.0),
        ("telecom-services", 27, 1.0),
        ("visitor-activity", 27, 1.0),
        ("patent-density", 25, 1.0),
        ("tourism-revenue", 28, 0.983),
        ("consumption-per-capita", 39, 0.967),
        ("hospital-beds", 42, 0.912),
    ],
)
def test_rank_correlations_with_the_print(compared: xr.Dataset, variable: str, known: int, correlation: float) -> None:
    own = compared.sel(slot=variable)
    assert int(own["cities_known"]) == known
    digits = 5e-5 if correlation in (1.0, 0.9988) else 5e-4
    assert float(own["spearman"]) == pytest.approx(correlation, abs=digits)


def test_the_figures_of_the_table_are_those_of_its_points(compared: xr.Dataset) -> None:
    for slot in compared["slot"].values:
        own = compared.sel(slot=slot)
        again, shown = own["points_again"].values, own["points_printed"].values
        known = np.isfinite(again)
        np.testing.assert_array_equal(known, np.isfinite(shown))
        difference = np.abs(again - shown)[known]
        assert int(own["cities_known"]) == known.sum()
        assert int(own["exact"]) == (difference == 0).sum()
        assert int(own["within_one"]) == (difference <= 1).sum()
        assert float(own["largest_difference"]) == difference.max()
        far = own.sel(city=str(own["largest_city"].item()))
        assert abs(float(far["points_again"] - far["points_printed"])) == difference.max()


def test_points_of_gdp_and_growth_by_hand(published_folder: Path, compared: xr.Dataset) -> None:
    """Each ranked over the sixty, added, ranked again: equal ones share the better place."""
    table = pd.read_csv(published_folder / "quantities.csv").pivot_table("value", "city", "quantity")
    points = table[["gdp", "gdp-growth"]].rank(method="max")
    again = points.sum(axis=1).rank(method="max")
    mine = compared["points_again"].sel(slot="economic-scale").to_series()
    assert mine.to_dict() == again.to_dict()


def test_the_correlation_is_that_of_raw_values_and_printed_points(published: Index, compared: xr.Dataset) -> None:
    assert published.raw is not None
    (only,) = published.raw.parts("hospital-beds")
    value = published.raw.column(only.id)
    known = np.isfinite(value)
    expected = spearmanr(value[known], published.printed.sel(slot="hospital-beds").values[known]).statistic
    assert float(compared["spearman"].sel(slot="hospital-beds")) == pytest.approx(expected)


# Small indices.


def test_a_city_without_a_value_keeps_its_printed_place() -> None:
    """Of six cities the second is not known: the four printed above it get a point more than among the known."""
    index = with_raw(index_of_points({"m-a": [1, 2, 3, 4, 5, 6]}), {"m-a": [10, np.nan, 30, 40, 60, 50]})
    assert index.raw is not None
    own = compare_points(index.raw, index.printed).sel(slot="m-a")
    np.testing.assert_array_equal(own["points_again"], [1, np.nan, 3, 4, 6, 5])
    np.testing.assert_array_equal(own["points_printed"], [1, np.nan, 3, 4, 5, 6])
    assert [int(own[name]) for name in ("cities_known", "exact", "within_one")] == [5, 3, 5]
    assert str(own["largest_city"].item()) == "c4"
    assert float(own["spearman"]) == pytest.approx(0.9)


def test_lower_values_are_better_where_the_raw_side_says_so() -> None:
    index = index_of_points({"m-a": [3, 2, 1], "m-b": [3, 2, 1]})
    lower = with_raw(index, {"m-a": [1.0, 2.0, 3.0]}, direction="lower")
    higher = with_raw(index, {"m-a": [1.0, 2.0, 3.0]})
    assert lower.raw is not None
    assert higher.raw is not None
    assert int(compare_points(lower.raw, index.printed)["exact"][0]) == 3
    assert compare_points(higher.raw, index.printed)["spearman"].values.tolist() == pytest.approx([-1])


def test_variables_with_fewer_than_two_values_are_left_out() -> None:
    index = index_of_points({"m-a": [3, 2, 1], "m-b": [3, 2, 1], "m-c": [1, 2, 3]})
    known = {"m-a": [np.nan] * 3, "m-b": [1.0, np.nan, np.nan], "m-c": [4.0, 5.0, np.nan]}
    raw = with_raw(index, known).raw
    assert raw is not None
    assert compare_points(raw, index.printed)["slot"].values.tolist() == ["m-c"]


def test_equal_values_share_the_better_points_and_correlate_with_nothing() -> None:
    index = index_of_points({"m-a": [3, 2, 1]})
    raw = with_raw(index, {"m-a": [7.0, 7.0, 7.0]}).raw
    assert raw is not None
    own = compare_points(raw, index.printed).sel(slot="m-a")
    assert own["points_again"].values.tolist() == [3, 3, 3]
    assert np.isnan(float(own["spearman"]))


def test_nothing_in_common_is_an_empty_table() -> None:
    index = index_of_points({"m-a": [3, 2, 1]})
    raw = with_raw(index, {"m-a": [np.nan] * 3}).raw
    assert raw is not None
    empty = compare_points(raw, index.printed)
    assert dict(empty.sizes) == {"slot": 0, "city": 3}


def test_a_selection_is_ranked_among_itself(published: Index) -> None:
    some = published.select(["shanghai", "hefei", "wuhan", "suzhou", "harbin"])
    assert some.raw is not None
    again = compare_points(some.raw, some.printed)["points_again"].sel(slot="output-per-capita")
    assert sorted(again.values.tolist()) == [1, 2, 3, 4, 5]
