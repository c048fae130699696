"""Values prepared as a definition, a recipe or a factor says: divided, screened, filled, treated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_line import citysim, message_of

import simulator as sim
from simulator.errors import InputError

STEPS = ("denominators", "imputation", "treatment")
FACTORS: dict[str, Any] = {
    "imputation": ["mean", "median", "share-weight"],
    "treatment": ["none", "winsorise", "log"],
    "denominators": ["as-defined", "none"],
}


def table() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    columns = {"a": rng.lognormal(0.0, 2.0, 30), "b": rng.normal(size=30), "c": rng.normal(size=30) + 5.0}
    data = pd.DataFrame(columns, index=[f"c{k}" for k in range(30)])
    data.loc["c3", "b"] = np.nan
    data.loc["c4", ["a", "b"]] = np.nan
    data["people"] = rng.uniform(1.0, 9.0, 30)
    return data


def definition(**more: Any) -> dict[str, Any]:
    children = [{"id": "a", "denominator": "people"}, {"id": "b"}, {"id": "c"}]
    root = {"id": "total", "normalise": "z-score", "aggregate": "arithmetic", "children": children}
    return {"schema_version": 1, "id": "mine", "index": root, **more}


@pytest.fixture(scope="module")
def index() -> sim.Index:
    return sim.build_index(definition(imputation="mean", treatment="winsorise"), table())


def scenario(**more: Any) -> dict[str, Any]:
    return {"schema_version": 1, "name": "s", "index": "mine", **more}


def test_values_are_divided_filled_and_treated_in_this_order() -> None:
    data = table()
    data.loc["c9", "a"] = 1e5
    made = sim.build_index(definition(imputation="mean", treatment="winsorise"), data)
    ratio = data["a"] / data["people"]
    expected = ratio.fillna(ratio.mean())
    own = made.matrix["value"].sel(indicator="a").to_series()
    changed = made.matrix["treated"].sel(indicator="a").to_series()
    assert changed["c9"]
    np.testing.assert_allclose(own[~changed], expected[~changed])
    assert own["c9"] == pytest.approx(expected[~changed].max())
    assert made.matrix["filled"].sum() == 3
    assert made.unprepared is not None
    assert np.isnan(made.unprepared["value"].sel(city="c4", indicator="a"))


def test_a_recipe_prepares_anew_from_the_table_as_read(index: sim.Index) -> None:
    plain = sim.build_index(definition(imputation="median", denominators="none"), table())
    again = index.score({"imputation": "median", "denominators": "none", "treatment": "none"})
    np.testing.assert_allclose(again["total"], plain.score()["total"])
    # The index itself stays as it is.
    assert index.score()["total"].identical(index.score({})["total"])


def test_a_city_with_too_few_values_is_screened_out() -> None:
    screened = sim.build_index(definition(imputation="mean", screening={"method": "coverage", "present": 0.5}), table())
    assert "c4" not in screened.cities
    assert screened.matrix.attrs["screened_out"] == "c4"
    assert len(screened.score({"screening": "none"})["city"]) == 30
    some = screened.select(["c1", "c2", "c3", "c5"])
    assert some.score({"imputation": "median"})["city"].values.tolist() == ["c1", "c2", "c3", "c5"]
    assert some.matrix["value"].sel(city="c3", indicator="b") == screened.matrix["value"].sel(city="c3", indicator="b")


def test_every_combination_of_a_study_is_the_index_by_that_recipe(index: sim.Index) -> None:
    found = sim.run(scenario(design="exhaustive", factors=FACTORS), index=index, workers=1)
    assert found.sizes["draw"] == 18
    for draw in range(18):
        recipe = {step: str(found[f"draw_{step}"].values[draw]) for step in STEPS}
        expected = index.score(recipe)
        assert (found["rank_by_draw"].values[draw] == expected["rank"].values).all(), recipe
        np.testing.assert_allclose(found["total_by_draw"].values[draw], expected["total"])


def test_preparation_varies_beside_other_factors_for_any_number_of_workers(index: sim.Index) -> None:
    screening = ["none", {"method": "coverage", "present": 0.5}]
    error = {"size": 0.1, "unit": "sd"}
    factors = {
        **FACTORS,
        "screening": screening,
        "data-error": error,
        "weights": {"method": "dirichlet", "concentration": 9},
    }
    asked = scenario(draws=3000, seed=1, factors=factors)
    one, two = (sim.run(asked, index=index, workers=workers) for workers in (1, 2))
    assert one["rank_frequency"].identical(two["rank_frequency"])
    taken = one["draws_with_city"]
    assert int(taken.sel(city="c1")) == 3000
    assert float(taken.sel(city="c4")) / 3000 == pytest.approx(0.5, abs=4.0 * np.sqrt(0.25 / 3000))


def test_how_gaps_are_filled_is_a_factor_of_influence(index: sim.Index) -> None:
    found = sim.influence(scenario(factors=FACTORS), index=index, base_draws=1024, seed=1, workers=1, bootstrap=10)
    assert set(STEPS) <= set(found["factor"].values.tolist())
    assert (found["total_order"].sel(output="mean_abs_rank_shift") > 0.0).all()


def test_groups_are_attributes_of_cities(tmp_path: Path) -> None:
    data = table()
    data.drop(columns="people").to_csv(tmp_path / "values.csv", index_label="city")
    cities = pd.DataFrame({"coast": ["east" if k % 2 else "west" for k in range(30)]}, index=data.index)
    cities.to_csv(tmp_path / "cities.csv", index_label="city")
    written = (
        "schema_version: 1\nid: mine\ndata: {matrix: values.csv, cities: cities.csv}\n"
        "imputation: {method: group-mean, by: coast}\n"
        "index: {id: total, normalise: z-score, aggregate: arithmetic, children: [{id: a}, {id: b}, {id: c}]}\n"
    )
    file = tmp_path / "definition.yaml"
    file.write_text(written, encoding="utf-8")
    made = sim.load_index(file)
    of_group = data["b"][cities["coast"] == "east"].mean()
    assert float(made.matrix["value"].sel(city="c3", indicator="b")) == pytest.approx(of_group)
    told = citysim("score", str(file))
    assert "Blank cells filled: 3 of 90." in told
    file.write_text(written.replace("by: coast", "by: coasts"), encoding="utf-8")
    assert "no attribute 'coasts'. Did you mean coast" in message_of("score", str(file))


def test_what_cannot_be_prepared_is_told_with_every_cell() -> None:
    with pytest.raises(InputError, match="missing") as told:
        sim.build_index(definition(), table())
    assert len(told.value.faults) == 3
    data = table()
    data.loc["c1", "people"] = 0.0
    with pytest.raises(InputError, match="0"):
        sim.build_index(definition(imputation="mean"), data)


def test_groups_that_a_scenario_invents_are_told_at_their_line(index: sim.Index, tmp_path: Path) -> None:
    asked = scenario(
        recipe={"imputation": {"method": "group-mean", "by": "provinces"}},
        factors={"imputation": ["mean", {"method": "group-median", "by": "coast"}]},
    )
    with pytest.raises(InputError) as told:
        sim.run(asked, index=index)
    places = [fault.place for fault in told.value.faults]
    assert places == ["recipe.imputation.by", "factors.imputation.alternatives[1].by"]


def test_an_aggregation_of_single_children_is_told_to_change_nothing(index: sim.Index) -> None:
    inner = definition()["index"]
    root = {"id": "top", "aggregate": "arithmetic", "children": [{**inner, "id": "all"}]}
    nested = {**definition(imputation="mean"), "levels": ["index", "dimension", "indicator"], "index": root}
    idle = {"aggregation": ["arithmetic", "median"]}
    made = sim.build_index(nested, table())
    with pytest.raises(InputError, match=r"has a single child, so that no aggregation changes anything.*at: dimension"):
        sim.run(scenario(factors=idle), index=made)
    assert sim.run(scenario(factors=idle, draws=100), index=index, workers=1).attrs["draws"] == 100


def test_members_that_experts_invent_are_told_at_their_line(index: sim.Index) -> None:
    experts = {"ada": {"aa": 1, "b": 2}}
    asked = scenario(factors={"weights": {"method": "budget-allocation", "experts": experts}})
    with pytest.raises(InputError, match=r"factors\.weights.*experts.ada.*'aa'"):
        sim.run(asked, index=index)
