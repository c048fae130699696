from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import SMALL_CITIES, SMALL_TABLE

from simulator.construction.recipe import Recipe, apply_recipe, regrouped, with_weights
from simulator.definition import Definition
from simulator.errors import InputError
from simulator.index import Index, build_index, hash_files, load_index, printed_points
from simulator.methods import ArithmeticMean, MinMax

DEFINITION = """\
schema_version: 1
id: small
levels: [index, dimension, variable, indicator]
index:
  id: total
  normalise: {method: rank, ties: better}
  children:
    - id: economy
      normalise: {method: rank, ties: better}
      children:
        - id: scale
          normalise: {method: rank, ties: better}
          children: [{id: gdp}, {id: growth}]
        - {id: debt, direction: lower}
    - {id: trade-balance, direction: target, target: 0}
"""
DATA = "data: {matrix: matrix.csv, cities: cities.csv, totals: totals.csv}\n"
TOTALS = "city,rank,total,economy\nsuzhou,1,3,2\nhefei,1,3,1\nharbin,3,0,0\n"


@pytest.fixture(scope="module")
def opportunity() -> Index:
    return load_index("opportunity-2025")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index with all its files, in a folder of its own."""
    home = tmp_path / "small"
    home.mkdir()
    (home / "definition.yaml").write_text(DEFINITION + DATA, encoding="utf-8")
    (home / "matrix.csv").write_text(SMALL_TABLE, encoding="utf-8")
    (home / "cities.csv").write_text(SMALL_CITIES, encoding="utf-8")
    (home / "totals.csv").write_text(TOTALS, encoding="utf-8")
    return home


def faults_of(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_index(path)
    return [str(fault) for fault in caught.value.faults]


def test_the_bundled_index_knows_what_was_printed(opportunity: Index, published_folder: Path) -> None:
    assert opportunity.published is not None
    assert opportunity.cities[:3] == ["shanghai", "beijing", "shenzhen"]
    assert opportunity.printed.shape == (60, 50)
    files = {"definition.yaml", "points.csv", "cities.csv", "totals.csv", "raw.yaml", "quantities.csv"}
    assert set(opportunity.hashes) == files
    digest = hashlib.sha256((published_folder / "points.csv").read_bytes()).hexdigest()
    assert opportunity.hashes["points.csv"] == digest
    totals = pd.read_csv(published_folder / "totals.csv", index_col="city")
    assert opportunity.published["total"].to_series().to_dict() == totals["total"].to_dict()
    assert opportunity.published_rank().to_series().to_dict() == totals["rank"].to_dict()
    assert opportunity.published_rank().dtype == np.int64


def test_an_index_is_found_by_its_file_its_folder_or_beside_another(folder: Path) -> None:
    by_file, by_folder = load_index(folder / "definition.yaml"), load_index(folder)
    beside = load_index("small", beside=folder.parent)
    assert by_file.cities == by_folder.cities == beside.cities == ["hefei", "suzhou", "harbin"]
    assert by_file.definition == by_folder.definition == beside.definition
    assert by_file.hashes == by_folder.hashes == beside.hashes


def test_printed_figures_are_matched_by_label(folder: Path) -> None:
    index = load_index(folder)
    assert index.published is not None
    assert index.published["city"].to_numpy().tolist() == ["hefei", "suzhou", "harbin"]
    assert index.published["rank"].to_numpy().tolist() == [1, 1, 3]
    assert index.published["score"].sel(node="economy").to_numpy().tolist() == [1, 2, 0]
    assert index.matrix["city_name_zh"].to_numpy().tolist() == ["合肥", "苏州", "哈尔滨"]
    # What the publisher printed is what one compares with, whatever the scores.
    assert index.published_rank().to_numpy().tolist() == [1, 1, 3]


def test_without_printed_figures_the_baseline_is_the_own_rank(folder: Path) -> None:
    text = DEFINITION + "data: {matrix: matrix.csv}\n"
    (folder / "definition.yaml").write_text(text, encoding="utf-8")
    index = load_index(folder)
    assert index.published is None
    assert set(index.hashes) == {"definition.yaml", "matrix.csv"}
    # Points of the economy 2, 3, 1 and of the trade balance 1, 2, 3.
    assert index.score()["total"].to_series().to_dict() == {"hefei": 3, "suzhou": 5, "harbin": 4}
    assert index.published_rank().to_series().to_dict() == {"hefei": 3, "suzhou": 1, "harbin": 2}


def test_an_index_that_names_no_data_is_refused(folder: Path) -> None:
    (folder / "definition.yaml").write_text(DEFINITION, encoding="utf-8")
    assert faults_of(folder) == [
        "data: the definition names no data. Add `data: {matrix: FILE}`, a file beside the definition."
    ]


def test_all_faults_of_printed_totals_are_told_at_once(folder: Path) -> None:
    (folder / "totals.csv").write_text("city,total,economi\nhefei,3,1\nharbin,x,0\n", encoding="utf-8")
    faults = faults_of(folder)
    assert "column rank: is missing. Add it." in faults
    assert "column economi: is unknown. Did you mean economy?" in faults
    assert any("row 3 (harbin), column total: 'x' is not a number" in fault for fault in faults)
    assert "no row for suzhou. Add its printed total." in faults


def test_points_as_published_are_refused_where_none_are_printed(folder: Path) -> None:
    index = load_index(folder)
    document = index.definition.model_dump()
    document["index"]["children"][0]["normalise"] = {"method": "rank", "ties": "as-published"}
    document["index"]["children"][0]["children"][1]["unit"] = "points"
    matrix = index.matrix.copy(deep=True)
    matrix["value"].loc[{"indicator": "debt"}] = [1.0, 2.0, 3.0]
    with pytest.raises(InputError) as caught:
        build_index(Definition.model_validate(document), matrix)
    # The debt is printed as points; the node beside it is not printed at all.
    assert [fault.place for fault in caught.value.faults] == ["scale"]


def test_printed_ranks_and_cities_that_cannot_be_are_refused(folder: Path) -> None:
    text = "city,rank,total,economy\nsuzhou,1,3,2\nhefei,2.5,3,1\nharbin,0,0,0\nharbim,4,0,0\n"
    (folder / "totals.csv").write_text(text, encoding="utf-8")
    faults = faults_of(folder)
    assert len(faults) == 3
    for problem in ("harbim: no such city", "2.5 is no rank", "0 is no rank"):
        assert any(problem in fault for fault in faults), problem


def test_a_matrix_in_memory_with_a_missing_cell_is_refused(opportunity: Index) -> None:
    matrix = opportunity.matrix.copy(deep=True)
    matrix["value"].loc[{"city": "hefei", "indicator": "rd-intensity"}] = np.nan
    with pytest.raises(InputError, match=r"hefei.*rd-intensity"):
        build_index(opportunity.definition, matrix)


def test_axes_of_a_matrix_in_memory_are_found_by_name(opportunity: Index) -> None:
    turned = build_index(opportunity.definition, opportunity.matrix.transpose("indicator", "city"))
    assert turned.score()["total"].to_series().to_dict() == opportunity.score()["total"].to_series().to_dict()


def test_a_recipe_that_asks_for_unprinted_points_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="gdp: has no printed points"):
        load_index(folder).score(Recipe(ties="as-published"))


def test_a_recipe_replaces_methods_for_one_scoring(opportunity: Index) -> None:
    before = opportunity.definition.model_dump()
    recipe = Recipe(normalisation=MinMax(to=(1, 100)), aggregation={"dimension": ArithmeticMean()})
    scored = opportunity.score(recipe)
    points = opportunity.matrix["value"]
    low, high = points.min("city"), points.max("city")
    # The total stays a plain sum, now of ten means of five.
    expected = (1 + 99 * (points - low) / (high - low)).sum("indicator") / 5
    assert scored["total"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)
    assert opportunity.definition.model_dump() == before
    xr.testing.assert_identical(opportunity.score(Recipe()), opportunity.score())


def test_selected_cities_are_scored_among_themselves(opportunity: Index) -> None:
    chosen = ["hefei", "ningbo", "shanghai", "nanjing"]
    some = opportunity.select(chosen)
    assert sorted(some.cities) == sorted(chosen)
    assert some.definition.tiers == ()
    assert some.printed["city"].to_numpy().tolist() == some.cities
    assert opportunity.definition.tiers == (3, 10, 27)
    assert len(opportunity.cities) == 60
    # Their printed numbers are their own, so their totals are the printed ones.
    assert some.score()["total"].to_series().to_dict() == {
        city: float(opportunity.score()["total"].sel(city=city)) for city in some.cities
    }
    baseline = some.published_rank().to_series()
    assert baseline["shanghai"] == 1
    # Hefei and Ningbo share place 15 of all and so a place of the four.
    assert baseline["hefei"] == baseline["ningbo"]
    assert sorted(baseline) in ([1, 2, 3, 3], [1, 2, 2, 4])


def test_selected_cities_get_points_out_of_their_own_number(opportunity: Index) -> None:
    some = opportunity.select({"status": "prefecture-level"})
    n = len(some.cities)
    assert 1 < n < 60
    scored = some.score(Recipe(ties="better"))
    assert float(scored["normalised"].max()) == n
    assert float(scored["normalised"].min()) >= 1.0
    points = opportunity.matrix["value"].sel(city=some.cities).to_numpy()
    expected = n - (points[np.newaxis, :, :] > points[:, np.newaxis, :]).sum(axis=1)
    assert scored["total"].to_numpy().tolist() == expected.sum(axis=1).tolist()


def test_a_definition_over_some_of_the_indicators(opportunity: Index) -> None:
    chosen = ["economic-scale", "rd-intensity", "work-safety"]
    tree = {"first": chosen[:2], "second": chosen[2:]}
    some = opportunity.with_definition(regrouped(opportunity.definition, tree, ArithmeticMean()))
    assert some.matrix["indicator"].to_numpy().tolist() == chosen
    assert some.printed["slot"].to_numpy().tolist() == [
        slot for slot in opportunity.printed["slot"].to_numpy() if slot in chosen
    ]
    points = opportunity.matrix["value"].sel(indicator=chosen).to_numpy()
    expected = (points[:, 0] + points[:, 1]) / 4 + points[:, 2] / 2
    assert some.score()["total"].to_numpy() == pytest.approx(expected)
    assert opportunity.matrix.sizes["indicator"] == 50


def test_an_index_built_in_memory_is_the_one_read(opportunity: Index) -> None:
    built = build_index(opportunity.definition, opportunity.matrix)
    xr.testing.assert_identical(built.score(), opportunity.score())
    assert built.published is None
    assert built.published_rank().to_numpy().tolist() == opportunity.published_rank().to_numpy().tolist()
    changed = with_weights(opportunity.definition, {"economic-scale": 0.0})
    expected = opportunity.score()["total"] - opportunity.matrix["value"].sel(indicator="economic-scale")
    total = build_index(changed, opportunity.matrix).score()["total"]
    assert total.to_numpy().tolist() == expected.to_numpy().tolist()


def test_only_values_in_points_are_printed_points(folder: Path) -> None:
    index = load_index(folder)
    assert printed_points(index.definition, index.matrix).shape == (3, 0)
    document = index.definition.model_dump()
    document["index"]["children"][0]["children"][1]["unit"] = "points"
    printed = printed_points(Definition.model_validate(document), index.matrix)
    assert printed["slot"].to_numpy().tolist() == ["debt"]
    assert printed.to_numpy().tolist() == [[40.0], [31.0], [77.0]]


def test_scoring_leaves_the_index_as_it_is(opportunity: Index) -> None:
    matrix, printed = opportunity.matrix.copy(deep=True), opportunity.printed.copy(deep=True)
    scored = opportunity.score()
    scored["normalised"][:] = 0.0
    opportunity.select(["hefei", "ningbo"]).score()
    xr.testing.assert_identical(opportunity.matrix, matrix)
    xr.testing.assert_identical(opportunity.printed, printed)
    assert float(opportunity.score()["total"].sel(city="shanghai")) == 2446.0


def test_replaying_a_recipe_gives_the_same_scores(opportunity: Index) -> None:
    recipe = Recipe.model_validate({"normalisation": "z-score", "ranking": {"decimals": 1}})
    text = recipe.model_dump_json(by_alias=True)
    again = Recipe.model_validate_json(text)
    assert again == recipe
    xr.testing.assert_identical(opportunity.score(again), opportunity.score(recipe))
    changed = opportunity.with_definition(apply_recipe(opportunity.definition, recipe))
    xr.testing.assert_identical(changed.score(), opportunity.score(recipe))


def test_files_are_hashed_by_their_bytes(folder: Path) -> None:
    files = [folder / "matrix.csv", folder / "totals.csv"]
    hashes = hash_files(files)
    assert hashes == {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    # A folder (Zarr) is hashed with all that is in it, wherever it lies.
    store = folder / "matrix.zarr"
    (store / "value").mkdir(parents=True)
    (store / "a").write_bytes(b"one")
    (store / "value" / "0").write_bytes(b"two")
    whole = hash_files([store])["matrix.zarr"]
    copied = shutil.copytree(store, folder / "copy" / "matrix.zarr")
    assert hash_files([copied]) == {"matrix.zarr": whole}
    (store / "value" / "0").write_bytes(b"three")
    assert hash_files([store])["matrix.zarr"] != whole


def test_an_index_is_built_from_a_mapping_and_a_frame_as_from_a_definition_and_a_dataset() -> None:
    tree = {"id": "total", "normalise": "z-score", "aggregate": "sum", "children": [{"id": "a"}, {"id": "b"}]}
    written = {"schema_version": 1, "id": "mine", "index": tree}
    frame = pd.DataFrame({"b": [5.0, 9.0, 1.0], "a": [1.0, 2.0, 4.0]}, index=["x", "y", "z"])
    array = xr.DataArray(frame.to_numpy(), coords={"city": list(frame.index), "indicator": list(frame.columns)})
    expected = build_index(Definition.model_validate(written), array.to_dataset(name="value")).score()
    xr.testing.assert_identical(build_index(written, frame).score(), expected)
    xr.testing.assert_identical(build_index(written, array).score(), expected)
    with pytest.raises(InputError, match="unknown method 'sumx'"):
        build_index({**written, "index": {**tree, "aggregate": "sumx"}}, frame)
