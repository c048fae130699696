"""Sweeps against single what-ifs, closed forms on small indices, and what must hold of every sweep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from small_goals import random_index
from what_ifs import asked, economy, refusal

import simulator as sim
from simulator.changes.standing import stand
from simulator.errors import DrawError, InputError
from simulator.whatif.quantity_sweeps import sweep_quantities
from simulator.whatif.sweeping import best_moves, read_steps, step_label, sweep

INDEX = sim.load_index("opportunity-2025")
seeds = st.integers(0, 2**32 - 1)

MOVES = {1: "1 place", 4: "4 places", -3: "-3 places", "0.5sd": "0.5 sd", "-1 sd": "-1 sd"}
"""Steps as they are asked for, and their labels, with which a what-if is asked."""


def index_of(columns: dict[str, list[float]], **node: Any) -> sim.Index:
    """Return an index of points by rank, summed, over some columns; what else is given goes to the node."""
    methods = {"normalise": {"method": "rank", "ties": "better"}, "aggregate": "sum", **node}
    definition = {
        "schema_version": 1,
        "id": "small",
        "levels": ["index", "indicator"],
        "index": {"id": "total", **methods, "children": [{"id": name} for name in columns]},
    }
    cities = [f"c{number}" for number in range(len(next(iter(columns.values()))))]
    return sim.build_index(definition, pd.DataFrame(columns, index=cities))


def single(index: sim.Index, city: str, change: dict[str, Any]) -> dict[str, float]:
    """Return what one what-if tells of the city in question."""
    answer = asked(index, city=city, changes=change)
    own = answer.sel(city=city)
    return {
        "total_gain": float(own["total_after"] - own["total_before"]),
        "rank_after": int(own["rank_after"]),
        "rank_gain": int(own["rank_before"] - own["rank_after"]),
    }


def compare_with_single(index: sim.Index, swept: xr.Dataset, city: str, variable: str, label: str) -> None:
    own = asked(index, city=city, changes={"move": {variable: label}}).sel(city=city)
    found = swept.sel(city=city, indicator=variable, step=label)
    assert int(found["rank_after"]) == int(own["rank_after"])
    assert int(found["rank_gain"]) == int(own["rank_before"] - own["rank_after"])
    assert float(found["total_gain"]) == pytest.approx(float(own["total_after"] - own["total_before"]), abs=1e-9)
    points = own.sel(indicator=variable)
    gain = float(points["points_after"] - points["points_before"])
    assert float(found["points_gain"]) == pytest.approx(gain, abs=1e-9)


@pytest.fixture(scope="module")
def whole() -> xr.Dataset:
    return sweep(INDEX, list(MOVES))


@pytest.mark.parametrize("city", ["beijing", "hefei", "zhaoqing"])
@pytest.mark.parametrize("variable", ["economic-scale", "government-debt", "coordination-level", "carbon-intensity"])
def test_each_cell_is_a_what_if_of_its_own(city: str, variable: str, whole: xr.Dataset) -> None:
    for label in MOVES.values():
        compare_with_single(INDEX, whole, city, variable, label)


@given(seeds)
@settings(max_examples=25)
def test_each_cell_is_a_what_if_under_any_normalisation_and_direction(seed: int) -> None:
    index = random_index(seed)
    swept = sweep(index, [1, -2, "0.7 sd"])
    for variable in swept["indicator"].values[:2]:
        for label in swept["step"].values:
            compare_with_single(index, swept, "c1", variable, label)


@given(seeds)
@settings(max_examples=40)
def test_upward_steps_never_lower_own_points_and_ranks_follow_from_totals(seed: int) -> None:
    index = random_index(seed)
    swept = sweep(index, [1, 3, "2 sd", -1, "-2 sd"])
    rises = swept.isel(step=slice(0, 3))
    falls = swept.isel(step=slice(3, 5))
    for part, sign in ((rises, 1), (falls, -1)):
        for name in ("places", "points_gain", "total_gain"):
            assert (sign * part[name].values >= 0.0).all(), name
    np.testing.assert_array_equal(
        swept["rank_gain"], (swept["rank_before"] - swept["rank_after"]).transpose(*swept["rank_gain"].dims)
    )
    assert swept["rank_after"].values.min() >= 1
    assert swept["rank_after"].values.max() <= len(index.cities)


def test_places_are_the_cities_passed_and_points_the_ranks(whole: xr.Dataset) -> None:
    # Points by rank as published: whoever leaves a tie or passes somebody gets what stands printed there.
    values = stand(INDEX).values
    leaf = whole["indicator"].values.tolist().index("patent-density")
    hefei = INDEX.cities.index("hefei")
    others = np.sort(np.delete(values[leaf], hefei))
    level = int((others == values[leaf, hefei]).sum())
    above = others[others >= values[leaf, hefei]]
    fourth = above[3]
    assert level == 0
    assert int(whole["places"][hefei, leaf, 1]) == int((above <= fourth).sum())


def test_a_small_index_in_closed_form() -> None:
    # Points of a: 4, 3, 2, 1; of b: 1, 4, 4, 4 under `better`. Totals: 5, 7, 6, 5.
    index = index_of({"a": [9.0, 7.0, 5.0, 2.0], "b": [0.0, 4.0, 4.0, 4.0]})
    swept = sweep(index, [1, -1])
    assert swept["rank_before"].values.tolist() == [3, 1, 2, 3]
    places = {name: swept["places"].sel(indicator=name).transpose("step", "city").values.tolist() for name in "ab"}
    assert places == {"a": [[0, 1, 1, 1], [-1, -1, -1, 0]], "b": [[3, 2, 2, 2], [0, -2, -2, -2]]}
    assert swept["points_gain"].sel(indicator="b", step="1 place").values.tolist() == [3.0, 0.0, 0.0, 0.0]
    # c0 passes all three in b, who fall to 3 points: 8 against 6, 5 and 4.
    c0 = swept.sel(city="c0", indicator="b", step="1 place")
    assert (float(c0["total_gain"]), int(c0["rank_after"])) == (3.0, 1)
    # c1 leaves the tie in b: its own points stay, and the others fall behind.
    c1 = swept.sel(city="c1", indicator="b", step="1 place")
    assert (int(c1["places"]), float(c1["total_gain"]), int(c1["rank_after"])) == (2, 0.0, 1)
    # c2 passes c1 in a: 3 + 4 against 2 + 4.
    c2 = swept.sel(city="c2", indicator="a", step="1 place")
    assert (float(c2["total_gain"]), int(c2["rank_after"]), int(c2["rank_gain"])) == (1.0, 1, 1)


def test_a_step_of_no_effect_leaves_everything_as_it_is() -> None:
    swept = sweep(index_of({"a": [3.0, 2.0, 1.0]}), [5], cities=["c0"])
    for name in ("places", "points_gain", "total_gain", "rank_gain"):
        assert swept[name].values.tolist() == [[[0]]]
    assert swept["rank_after"].values.tolist() == [[[1]]]


def test_nobody_passes_who_stands_at_the_target() -> None:
    leaf = {"id": "a", "direction": "target", "target": 5.0}
    definition = {
        "schema_version": 1,
        "id": "small",
        "levels": ["index", "indicator"],
        "index": {"id": "total", "normalise": {"method": "rank", "ties": "better"}, "children": [leaf]},
    }
    index = sim.build_index(definition, pd.DataFrame({"a": [5.0, 7.0, 1.0]}, index=["c0", "c1", "c2"]))
    swept = sweep(index, [1, 2])
    assert swept["places"].sel(city="c2").values.tolist() == [[1, 1]]
    assert swept["places"].sel(city="c1").values.tolist() == [[0, 0]]


def test_labels_names_and_whence() -> None:
    swept = sweep(INDEX, [2], cities=["合肥", "Beijing"], variables=["green-space", "coordination-level"])
    assert swept["city"].values.tolist() == ["beijing", "hefei"]  # in the order of the index
    assert swept["city_name_zh"].values.tolist() == ["北京", "合肥"]
    assert swept["rank_before"].values.tolist() == [2, 15]
    flags = dict(zip(swept["indicator"].values.tolist(), swept["actionable"].values.tolist(), strict=True))
    assert flags == {"green-space": True, "coordination-level": False}
    assert all(swept[name].attrs["long_name"] for name in swept.data_vars)
    assert "definition.yaml" in swept.attrs["input_sha256"]
    assert swept.sizes == {"city": 2, "indicator": 2, "step": 1}


def test_more_changes_than_are_scored_at_once_are_scored_alike(whole: xr.Dataset) -> None:
    few = sweep(INDEX, list(MOVES), cities=["hefei"], variables=["green-space"])
    for name in few.data_vars:
        np.testing.assert_array_equal(few[name].values[0, 0], whole[name].sel(city="hefei", indicator="green-space"))


def test_a_mean_that_becomes_undefined_is_an_error() -> None:
    index = index_of({"a": [9.0, 5.0, 1.0], "b": [1.0, 2.0, 3.0]}, normalise="none", aggregate="geometric")
    with pytest.raises(DrawError, match="not above zero"):
        sweep(index, ["-2 sd"])


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([0], "0 places is no step"),
        (["0 sd"], "0 sd is no step"),
        ([1, "1 place"], "1 place is given twice"),
        ([], "nothing changes"),
        (["far"], "is no move"),
        (["11 sd"], "out of range"),
    ],
)
def test_steps_that_are_none_are_refused(steps: list[Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        sweep(INDEX, steps)


def test_unknown_cities_and_variables_are_refused() -> None:
    with pytest.raises(InputError, match="atlantis"):
        sweep(INDEX, [1], cities=["atlantis"])
    with pytest.raises(InputError, match="happiness"):
        sweep(INDEX, [1], variables=["happiness"])


def test_steps_are_read_as_in_a_what_if() -> None:
    read = read_steps(["3 places", "-1", 2, " 0.5 sd", "-2sd"])
    assert [step_label(step) for step in read] == ["3 places", "-1 place", "2 places", "0.5 sd", "-2 sd"]


LEVELS = {"times 1.05": {"multiply": {"gdp": 1.05}}, "grows 4 %": {"grow": {"gdp": "4%"}}}


def test_quantities_are_what_ifs_of_their_own() -> None:
    cities = ["hefei", "taiyuan", "zhaoqing"]
    swept = sweep_quantities(INDEX, ["population", "gdp"], multiply=[1.05], grow=["4%"], cities=cities)
    assert swept["why_not"].values.ravel().tolist() == [""] * 12
    for city in cities:
        for label, change in LEVELS.items():
            found = swept.sel(city=city, quantity="gdp", step=label)
            expected = single(INDEX, city, change)
            assert {name: found[name].item() for name in expected} == pytest.approx(expected, abs=1e-9)


def test_quantities_of_a_small_index_in_closed_form() -> None:
    # c0 is poorest and least indebted of all; whoever grows faster than any other gains in pace alone.
    index = economy()
    swept = sweep_quantities(index, ["gdp"], grow=[0.1], cities=["c0"])
    wealth, pace = stand(index).values[0], stand(index).values[2]
    assert wealth.argmin() == 0
    expected = asked(index, city="c0", changes={"grow": {"gdp": 0.1}}).sel(city="c0")
    assert float(swept["total_gain"].item()) == float(expected["total_after"] - expected["total_before"])
    assert float(expected["points_after"].sel(indicator="b-pace")) == float(len(pace))


def test_what_is_not_known_is_told_and_has_no_rank() -> None:
    swept = sweep_quantities(INDEX, ["loans"], multiply=[1.05], cities=["hefei", "zhaoqing"])
    lost, found = swept.sel(city="hefei"), swept.sel(city="zhaoqing")
    assert np.isnan(lost["total_gain"].item())
    assert (lost["rank_after"].item(), lost["rank_gain"].item()) == (0, 0)
    told = str(lost["why_not"].item()).partition(": ")[2]
    assert told in refusal(INDEX, city="hefei", changes={"multiply": {"loans": 1.05}})
    assert (str(found["why_not"].item()), found["rank_after"].item()) == ("", 60)


@pytest.mark.parametrize(
    ("asked_for", "told"),
    [
        ({"quantities": ["gpd"], "grow": [0.1]}, "Did you mean gdp"),
        ({"quantities": ["gdp", "gdp"], "grow": [0.1]}, "gdp is given twice"),
        ({"quantities": [], "grow": [0.1]}, "nothing changes"),
        ({"quantities": ["gdp"]}, "nothing changes"),
        ({"quantities": ["gdp"], "grow": [0.1, "10%"]}, "grows 10 % is given twice"),
        ({"quantities": ["gdp"], "grow": ["last"]}, "'last' does not fit here. Give a number"),
        ({"quantities": ["gdp"], "grow": [8]}, "more than doubles"),
        ({"quantities": ["gdp"], "multiply": [-1.0]}, "cannot multiply"),
        ({"quantities": ["green-space"], "grow": [0.1]}, "only a quantity can grow"),
    ],
)
def test_changes_of_quantities_that_are_none_are_refused(asked_for: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        sweep_quantities(INDEX, **asked_for)


def test_an_index_without_quantities_is_refused() -> None:
    points = pd.DataFrame({"a": [3.0, 2.0, 1.0]}, index=["c0", "c1", "c2"])
    definition = {
        "schema_version": 1,
        "id": "small",
        "levels": ["index", "indicator"],
        "index": {
            "id": "total",
            "normalise": {"method": "rank", "ties": "as-published"},
            "children": [{"id": "a", "unit": "points"}],
        },
    }
    with pytest.raises(InputError, match="no quantities"):
        sweep_quantities(sim.build_index(definition, points), ["a"], grow=[0.1])


def made(places: list[list[int]], ranks: list[list[int]], totals: list[list[float]]) -> xr.Dataset:
    """Return a sweep of one city in two variables by two steps, the second of which no city can change."""
    axes = ("city", "indicator", "step")
    figures = {"places": places, "rank_gain": ranks, "total_gain": totals, "points_gain": totals, "rank_after": ranks}
    return xr.Dataset(
        {name: (axes, np.array([values])) for name, values in figures.items()},
        coords={
            "city": ["c0"],
            "indicator": ["a", "b"],
            "step": ["near", "far"],
            "actionable": ("indicator", [True, False]),
        },
    )


def test_ranks_per_place_come_first_then_the_total_per_place() -> None:
    # a: 1 rank for 2 places, then 2 for 5; b: no rank for 1 place, 3 for 4.
    swept = made([[2, 5], [1, 4]], [[1, 2], [0, 3]], [[2.0, 5.0], [9.0, 4.0]])
    moves = best_moves(swept, allow=["b"])
    assert moves[["indicator", "step"]].values.tolist() == [["b", "far"], ["a", "near"]]
    assert best_moves(swept)["indicator"].tolist() == ["a"]
    level = made([[2, 5], [1, 4]], [[0, 0], [0, 0]], [[2.0, 10.0], [1.5, 4.0]])
    assert best_moves(level, ["b"])[["indicator", "step"]].values.tolist() == [["a", "far"], ["b", "near"]]


def test_what_gains_nothing_is_no_move_and_steps_down_have_their_own_order() -> None:
    swept = made([[2, -2], [1, -1]], [[0, -1], [0, -1]], [[0.0, -2.0], [-1.0, -1.0]])
    assert best_moves(swept, ["b"]).empty
    assert best_moves(swept, ["b"], downward=True)[["indicator", "step"]].values.tolist() == [
        ["b", "far"],
        ["a", "far"],
    ]


def test_of_equal_moves_the_shorter_one_is_the_best() -> None:
    swept = made([[4, 2], [1, 1]], [[2, 1], [0, 0]], [[4.0, 2.0], [0.0, 0.0]])
    assert best_moves(swept)["step"].tolist() == ["far"]


def test_the_best_moves_of_the_published_index_are_in_order(whole: xr.Dataset) -> None:
    moves = best_moves(whole)
    assert "coordination-level" not in set(moves["indicator"])
    assert not moves.duplicated(["city", "indicator"]).any()
    for _, own in moves.groupby("city"):
        worth = list(zip(own["rank_gain"] / own["places"], own["total_gain"] / own["places"], strict=True))
        assert worth == sorted(worth, reverse=True)
