"""Scores that are ratios to the best or to a reference city, from the definition to a study."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import simulator as sim
from simulator.errors import DrawError, InputError
from simulator.index import Index, build_index

VALUES = {"output": [10.0, 40.0, 20.0, 5.0], "waste": [2.0, 8.0, 4.0, 1.0]}
CITIES = ["hefei", "shanghai", "wuhan", "harbin"]


def matrix(values: dict[str, list[float]] | None = None) -> xr.Dataset:
    table = pd.DataFrame(values or VALUES, index=CITIES)
    provinces = ("city", ["Anhui", "Anhui", "Hubei", "Anhui"])
    named = {"city_name_zh": ("city", ["合肥", "上海", "武汉", "哈尔滨"]), "province": provinces}
    both = xr.DataArray(table.to_numpy(), coords={"city": CITIES, "indicator": list(table)}, dims=("city", "indicator"))
    return both.to_dataset(name="value").assign_coords(named)


def index_of(normalise: Any, values: dict[str, list[float]] | None = None, **others: Any) -> Index:
    leaves = [{"id": "output"}, {"id": "waste", "direction": "lower"}]
    root = {"id": "all", "normalise": normalise, "aggregate": "arithmetic", "children": leaves}
    return build_index({"schema_version": 1, "id": "small", "index": root, **others}, matrix(values))


def reference(city: str) -> dict[str, str]:
    return {"method": "distance-to-reference", "city": city}


def columns(scored: xr.Dataset) -> dict[str, list[float]]:
    return {leaf: scored["normalised"].sel(indicator=leaf).values.tolist() for leaf in ("output", "waste")}


def test_fractions_of_the_best() -> None:
    scored = index_of("fraction-of-best").score()
    assert columns(scored) == {"output": [0.25, 1.0, 0.5, 0.125], "waste": [0.5, 0.125, 0.25, 1.0]}


@pytest.mark.parametrize("name", ["wuhan", "武汉", "WUHAN"])
def test_distances_to_a_city_by_any_of_its_names(name: str) -> None:
    scored = index_of(reference(name)).score()
    assert columns(scored) == {"output": [0.5, 2.0, 1.0, 0.25], "waste": [2.0, 0.5, 1.0, 4.0]}
    assert columns(index_of("z-score").score({"normalisation": reference(name)})) == columns(scored)


def test_among_fewer_cities_the_reference_is_still_that_city() -> None:
    assert columns(index_of(reference("wuhan")).select(["wuhan", "harbin"]).score())["output"] == [1.0, 0.25]


def test_constant_values_are_all_the_best() -> None:
    values = {**VALUES, "output": [3.0] * 4}
    for normalise in ("fraction-of-best", reference("hefei")):
        assert columns(index_of(normalise, values).score())["output"] == [1.0] * 4


def test_blank_cells_have_no_ratio_and_a_reference_needs_its_value() -> None:
    values = {**VALUES, "output": [10.0, np.nan, 20.0, 5.0]}
    scored = index_of("fraction-of-best", values, imputation="share-weight").score()
    assert columns(scored)["output"] == pytest.approx([0.5, np.nan, 1.0, 0.25], nan_ok=True)
    scored = index_of(reference("wuhan"), values, imputation="share-weight").score()
    assert columns(scored)["output"] == pytest.approx([0.5, np.nan, 1.0, 0.25], nan_ok=True)
    with pytest.raises(DrawError, match=r"distance-to-reference of output is undefined.*or shanghai has none"):
        index_of(reference("shanghai"), values, imputation="share-weight").score()


@pytest.mark.parametrize("normalise", ["fraction-of-best", reference("hefei")])
@pytest.mark.parametrize("value", [0.0, -1.0])
def test_values_that_are_not_above_zero_are_refused(normalise: Any, value: float) -> None:
    index = index_of(normalise, {**VALUES, "waste": [2.0, value, 4.0, 1.0]})
    with pytest.raises(DrawError, match="of waste is undefined: a value is not above zero"):
        index.score()


def test_unknown_cities_and_targets_are_refused() -> None:
    with pytest.raises(InputError, match=r"'hefey'.*no such city.*hefei"):
        index_of(reference("hefey"))
    with pytest.raises(InputError, match="no such city"):
        index_of("z-score").score({"normalisation": reference("hefey")})
    leaf = {"id": "output", "direction": "target", "target": 3}
    root = {"id": "all", "normalise": "fraction-of-best", "children": [leaf]}
    with pytest.raises(InputError, match="no ratio tells how near a target is"):
        build_index({"schema_version": 1, "id": "small", "index": root}, matrix())
    root["normalise"] = "z-score"
    values = matrix().sel(indicator=["output"])
    with pytest.raises(InputError, match="output come near to a target"):
        build_index({"schema_version": 1, "id": "small", "index": root}, values).score(
            {"normalisation": "fraction-of-best"}
        )


def study(**others: Any) -> dict[str, Any]:
    return {"schema_version": 1, "name": "t", "index": "small", "draws": 200, "seed": 3, "keep-draws": True, **others}


def test_a_study_draws_them_as_they_are_scored() -> None:
    alternatives = ["fraction-of-best", reference("武汉")]
    result = sim.run(study(factors={"normalisation": alternatives}), index=index_of("z-score"), workers=1)
    for draw in range(20):
        method = str(result["draw_normalisation"].values[draw])
        chosen = alternatives[0] if method.startswith("fraction") else alternatives[1]
        expected = index_of(chosen).score()["total"].values
        assert result["total_by_draw"].values[draw] == pytest.approx(expected, rel=1e-14)


def test_a_reference_has_its_place_in_draws_without_other_cities() -> None:
    factors = {"leave-out": [{"level": "city", "among": ["hefei", "harbin"]}]}
    result = sim.run(study(factors=factors), index=index_of(reference("wuhan")), workers=1)
    assert (result["total_by_draw"].sel(city="wuhan") == 1.0).all()
    totals = index_of(reference("wuhan")).score()["total"]
    for city in CITIES:
        own = result["total_by_draw"].sel(city=city).values
        assert own[~np.isnan(own)] == pytest.approx(float(totals.sel(city=city)))


@pytest.mark.parametrize(
    ("others", "problem"),
    [
        ({"factors": {"leave-out": [{"level": "city"}]}}, "measured to wuhan, which may be left out"),
        ({"factors": {"leave-out": [{"level": "city", "among": ["hefei", "武汉"]}]}}, "which may be left out"),
        ({"within": "province"}, "which is in one group only"),
        ({"factors": {"normalisation": ["z-score", reference("ghent")]}}, "'ghent': no such city"),
        ({"cities": ["hefei", "shanghai", "harbin"]}, "'wuhan': no such city"),
    ],
)
def test_a_reference_that_does_not_take_part_is_refused(others: dict[str, Any], problem: str) -> None:
    index = index_of(reference("wuhan"))
    with pytest.raises(InputError, match=problem):
        sim.run(study(**others), index=index)
    if "cities" not in others and "normalisation" not in others.get("factors", {}):
        with pytest.raises(InputError, match=problem):
            sim.run(study(recipe={"normalisation": reference("wuhan")}, **others), index=index_of("z-score"))


def test_a_draw_without_a_ratio_says_so() -> None:
    factors = {"data-error": [{"size": 1.0, "unit": "relative"}]}
    with pytest.raises(DrawError, match=r"fraction-of-best of .* is undefined"):
        sim.run(study(factors=factors), index=index_of("fraction-of-best"), workers=1)
