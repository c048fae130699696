"""Blank cells of an index, from the file to the result of a study, and what refuses them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import simulator as sim
from simulator.errors import DrawError, InputError
from simulator.index import Index, build_index, load_index
from simulator.report.frames import score_frame

TABLE = "city,wealth,health,debt\na,10,3,\nb,,2,5\nc,30,1,1\nd,20,,3\ne,,,\n"
DEFINITION = """
schema_version: 1
id: small
{missing}
data: {{matrix: values.csv}}
index:
  id: total
  aggregate: arithmetic
  children:
    - id: have
      normalise: {{method: min-max, to: [0, 100]}}
      aggregate: arithmetic
      children: [{{id: wealth, weight: 3}}, {{id: health}}]
    - id: owe
      normalise: {{method: min-max, to: [0, 100]}}
      aggregate: arithmetic
      children: [{{id: debt, direction: lower}}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "values.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "index.yaml").write_text(DEFINITION.format(missing="imputation: share-weight"), encoding="utf-8")
    return tmp_path


@pytest.fixture
def index(folder: Path) -> Index:
    return load_index(folder / "index.yaml")


def without_e(index: Index) -> Index:
    return index.select(["a", "b", "c", "d"])


def test_empty_cells_are_read_where_the_definition_says_so(index: Index, folder: Path) -> None:
    assert int(np.isnan(index.matrix["value"].values).sum()) == 6
    (folder / "index.yaml").write_text(DEFINITION.format(missing="imputation: refuse"), encoding="utf-8")
    with pytest.raises(InputError, match=r"row 2 \(a\), column debt: is missing \(convention 4\)"):
        load_index(folder / "index.yaml")
    (folder / "index.yaml").write_text(DEFINITION.format(missing=""), encoding="utf-8")
    with pytest.raises(InputError, match="6 faults"):
        load_index(folder / "index.yaml")


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("city,wealth,health,debt\na,1,2,\nb,2,3,na\n", "column debt: no city has a value"),
        ("city,wealth,health,debt\na,1,2,many\nb,2,3,4\n", "'many' is not a number"),
        ("city,wealth,health,debt\na,1,2,inf\nb,2,3,4\n", "'inf' is not finite"),
    ],
)
def test_what_is_no_blank_is_still_refused(folder: Path, table: str, problem: str) -> None:
    (folder / "values.csv").write_text(table, encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        load_index(folder / "index.yaml")


def test_what_is_blank_leaves_its_weight_to_what_is_there(index: Index) -> None:
    scored = index.score()
    assert scored["normalised"].sel(indicator="wealth").values.tolist() == pytest.approx(
        [0, math.nan, 100, 50, math.nan], nan_ok=True
    )
    # a: wealth 0 and health 100 by 3 to 1; b: health alone, and the worst debt; d: wealth alone.
    have, owe = [25, 50, 75, 50, math.nan], [math.nan, 0, 100, 50, math.nan]
    assert scored["score"].sel(node="have").values == pytest.approx(have, nan_ok=True)
    assert scored["score"].sel(node="owe").values == pytest.approx(owe, nan_ok=True)
    assert scored["total"].values == pytest.approx([25, 25, 87.5, 50, math.nan], nan_ok=True)
    assert scored["rank"].values.tolist() == [3, 3, 1, 2, 0]
    assert not scored["constant"].any()
    assert score_frame(scored)["city"].tolist() == ["c", "d", "a", "b", "e"]


def test_a_blank_cell_can_be_given_a_value(index: Index) -> None:
    changed = index.scorer().score({"a": {"debt": 1.0}})
    assert float(changed["total"].sel(city="a")) == pytest.approx((25 + 100) / 2)


def study(**others: Any) -> dict[str, Any]:
    return {"schema_version": 1, "name": "t", "index": "small", "draws": 400, "seed": 3, **others}


@pytest.mark.parametrize("unit", ["relative", "sd"])
def test_an_error_on_a_blank_cell_stays_blank(index: Index, unit: str) -> None:
    factors = {"data-error": [{"size": 0.2, "unit": unit}]}
    result = sim.run(study(factors=factors, **{"keep-draws": True}), index=index, workers=1)
    totals = result["total_by_draw"]
    assert np.isfinite(totals.sel(city=["a", "b", "c", "d"])).all()
    assert float(totals.sel(city="d").std()) > 0.0
    assert np.isnan(totals.sel(city="e")).all()
    assert (result["rank_by_draw"].sel(city="e") == 0).all()
    assert result["draws_with_city"].values.tolist() == [400] * 4 + [0]
    assert math.isnan(float(result["rank_mean"].sel(city="e")))


def test_what_varies_in_a_study_is_what_a_score_with_it_says(index: Index) -> None:
    factors = {
        "leave-out": [{"level": "indicator"}],
        "normalisation": ["as-defined", {"method": "rank", "ties": "mean"}],
    }
    result = sim.run(study(design="exhaustive", draws=None, factors=factors), index=index, workers=1)
    for draw in range(result.sizes["draw"]):
        left_out, method = (
            str(result[name].values[draw]) for name in ("draw_leave_out_indicator", "draw_normalisation")
        )
        recipe: dict[str, Any] = {} if method == "as-defined" else {"normalisation": {"method": "rank", "ties": "mean"}}
        if left_out in ("wealth", "health"):
            recipe["weights"] = {left_out: 0.0}
        else:
            recipe["weights"] = {"owe": 0.0}
        expected = index.score(recipe)
        assert result["total_by_draw"].values[draw] == pytest.approx(expected["total"].values, nan_ok=True)
        assert result["rank_by_draw"].values[draw].tolist() == expected["rank"].values.tolist()


def test_drawn_weights_do_not_depend_on_workers(index: Index) -> None:
    scenario = study(factors={"weights": [{"method": "dirichlet", "concentration": 1}]}, draws=3000, pairs=True)
    one, two = (sim.run(scenario, index=index, workers=workers).drop_attrs() for workers in (1, 2))
    assert one.identical(two)
    assert float(one["rank_mean"].sel(city="c")) < float(one["rank_mean"].sel(city="b"))


def test_a_city_without_a_baseline_rank_stands_behind_the_others() -> None:
    tree = {"id": "all", "aggregate": "arithmetic", "children": [{"id": "x"}, {"id": "y", "weight": 0}]}
    document = {"schema_version": 1, "id": "small", "imputation": "share-weight", "index": tree}
    values = np.array([[3.0, 1.0], [2.0, 2.0], [np.nan, 3.0]])
    matrix = xr.DataArray(values, coords={"city": ["a", "b", "c"], "indicator": ["x", "y"]}, dims=("city", "indicator"))
    index = build_index(document, matrix)
    assert index.score()["rank"].values.tolist() == [1, 2, 0]
    factors = {"weights": [{"method": "given", "weights": {"x": 0, "y": 1}}]}
    result = sim.run(study(factors=factors, draws=2, **{"keep-draws": True}), index=index, workers=1)
    assert result["rank_by_draw"].values.tolist() == [[3, 2, 1]] * 2
    assert result["rank_shift_abs"].values.tolist() == [2.0, 0.0, 2.0]
    assert result["mean_abs_rank_shift_by_draw"].values == pytest.approx([4 / 3] * 2)


@pytest.mark.parametrize(
    "asked",
    [
        lambda index: sim.what_if("a", add={"wealth": 5.0}, index=index),
        lambda index: sim.reach("a", 1, index=index),
        lambda index: sim.extreme_ranks(index, "dimension"),
        lambda index: sim.importance(index, "dimension"),
        sim.consensus_of_indicators,
        sim.sweep,
    ],
)
def test_what_needs_every_value_says_so(index: Index, asked: Any) -> None:
    with pytest.raises(InputError, match=r"debt of a: is blank, and .* need every value \(convention 4\)"):
        asked(without_e(index))


def test_what_needs_every_rank_says_so(index: Index) -> None:
    with pytest.raises(InputError, match="e: every cell that weighs is blank, and reversals need its rank"):
        sim.rank_reversal(index)
    assert sim.rank_reversal(without_e(index))["pairs_swapped"].sizes == {"left_out": 4}
    scenario = study(factors={"weights": ["as-defined", "equal"], "normalisation": ["as-defined", "z-score"]})
    with pytest.raises(InputError, match="influences need its rank"):
        sim.influence(scenario, index=index, base_draws=64)


def test_points_that_are_blank_cannot_be_as_published() -> None:
    leaves = [{"id": "x", "unit": "points"}, {"id": "y", "unit": "points"}]
    root = {"id": "all", "normalise": {"method": "rank", "ties": "as-published"}, "children": leaves}
    values = np.array([[3.0, 1.0], [2.0, np.nan], [1.0, 3.0]])
    matrix = xr.DataArray(values, coords={"city": ["a", "b", "c"], "indicator": ["x", "y"]}, dims=("city", "indicator"))
    document = {"schema_version": 1, "id": "small", "imputation": "share-weight", "index": root}
    with pytest.raises(InputError, match="y: has no printed points"):
        build_index(document, matrix)
    root["normalise"] = {"method": "rank", "ties": "mean"}
    index = build_index(document, matrix)
    assert index.score()["total"].values.tolist() == [4.0, 4.0, 3.0]
    with pytest.raises(InputError, match="y: some points are blank"):
        sim.run(study(factors={"values": {}}), index=index)


def test_results_are_compared_over_the_cities_that_have_a_rank(index: Index) -> None:
    plain = sim.run(study(), index=index, workers=1)
    scored = sim.run(study(recipe={"normalisation": "z-score"}), index=index, workers=1)
    beside = sim.compare([plain, scored])
    assert beside["city"].values.tolist() == ["a", "b", "c", "d"]
    assert "e" in beside.attrs["cities_left_aside"]
    assert np.isfinite(beside["rank_mean"]).all()
    found = sim.consensus_of_results([plain, scored])
    assert found["kemeny_rank"].sel(city="c") == 1


def test_an_influence_needs_a_total_in_every_draw(index: Index) -> None:
    whole = without_e(index)
    weights = ["as-defined", "equal"]
    found = sim.influence(
        study(factors={"weights": weights, "normalisation": ["as-defined", "z-score"]}), index=whole, base_draws=64
    )
    assert np.isfinite(found["total_order"].sel(output=found["output"][0])).all()
    factors = {"weights": weights, "leave-out": [{"level": "indicator", "count": 2}]}
    with pytest.raises(DrawError, match="all that weighs of a city is blank in a draw"):
        sim.influence(study(factors=factors), index=whole, base_draws=64)
