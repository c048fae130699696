"""Ladders: who is passed, what it costs, and what it does to every total, against plain counting and the pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_goals import every_plan, random_index

import simulator as sim
from simulator.changes.wording import Price
from simulator.definition import Indicator
from simulator.errors import InputError
from simulator.kernels.arrays import Floats
from simulator.whatif.moves import Ladder, Moves, ladders

INDEX = sim.load_index("opportunity-2025")
seeds = st.integers(0, 2**32 - 1)


def index_of(columns: dict[str, list[float]], **changes: Any) -> sim.Index:
    """Return an index of points by rank, summed, over some columns; changes go to the node or to its leaves."""
    leaves = [{"id": name, **changes.get(name, {})} for name in columns]
    methods = {"normalise": {"method": "rank", "ties": "better"}, "aggregate": "sum"} | changes.get("methods", {})
    definition = {
        "schema_version": 1,
        "id": "small",
        "levels": ["index", "indicator"],
        "ranking": changes.get("ranking", {}),
        "index": {"id": "total", **methods, "children": leaves},
    }
    cities = [f"c{number}" for number in range(len(next(iter(columns.values()))))]
    return sim.build_index(definition, pd.DataFrame(columns, index=cities))


def turned(leaf: Indicator, values: Floats) -> Floats:
    if leaf.direction == "target":
        return -np.abs(values - (leaf.target or 0.0))
    return values if leaf.direction == "higher" else -values


def only_ladder(index: sim.Index, city: str = "c0", **limits: Any) -> Ladder:
    (ladder,) = ladders(index, city, **limits).ladders
    return ladder


@given(seeds)
@settings(max_examples=60)
def test_every_step_stands_strictly_between_the_next_groups_and_every_place_is_a_step(seed: int) -> None:
    index = random_index(seed)
    found = {ladder.variable: ladder for ladder in ladders(index, "c1").ladders}
    for leaf in index.definition.indicators:
        better = turned(leaf, index.matrix["value"].sel(indicator=leaf.id).values)
        groups = sorted({value for number, value in enumerate(better) if number != 1 and value >= better[1]})
        if leaf.direction == "target" and groups and groups[-1] == 0.0:
            groups.pop()  # nothing is nearer to the target than the target
        assert (leaf.id in found) == bool(groups)
        if groups:
            ladder = found[leaf.id]
            passed = [sum(better[1] <= value <= group for value in np.delete(better, 1)) for group in groups]
            assert ladder.places.tolist() == passed == ladder.effort.tolist()
            stands = turned(leaf, ladder.value)
            assert [sorted([*groups, stand]).index(stand) for stand in stands] == list(range(1, len(groups) + 1))
            assert set(stands).isdisjoint(groups)


@given(seeds)
@settings(max_examples=60)
def test_gains_add_up_to_the_totals_of_whole_plans_and_no_rival_gains(seed: int) -> None:
    index = random_index(seed)
    moves = ladders(index, "c0", ceiling=3)
    everything = every_plan(index, moves)
    totals = np.repeat(index.score()["total"].values[np.newaxis], len(everything.effort), axis=0)
    for number, ladder in enumerate(moves.ladders):
        assert (ladder.gain[:, 0] >= 0.0).all()
        assert (ladder.gain[:, 1:] <= 0.0).all()
        totals += np.vstack([np.zeros(totals.shape[1]), ladder.gain])[everything.steps[:, number]]
    np.testing.assert_allclose(everything.totals, totals, rtol=0.0, atol=1e-12)


def test_leaving_a_tie_passes_those_level_with_the_city() -> None:
    ladder = only_ladder(index_of({"a": [1.0, 1.0, 1.0, 4.0]}))
    assert ladder.places.tolist() == [2, 3]
    assert ladder.value.tolist() == [2.5, 5.5]
    # The tied share the better place: the city wins nothing by leaving them, they lose its place.
    assert ladder.gain.tolist() == [[0.0, -1.0, -1.0, 0.0], [1.0, -1.0, -1.0, -1.0]]


def test_where_less_is_better_a_step_goes_down_and_towards_a_target_it_stays_on_its_side() -> None:
    lower = only_ladder(index_of({"a": [9.0, 5.0, 7.0]}, a={"direction": "lower"}))
    assert lower.value.tolist() == [6.0, 4.0]
    target = {"direction": "target", "target": 10.0}
    above = only_ladder(index_of({"a": [18.0, 6.0, 12.0]}, a=target))
    below = only_ladder(index_of({"a": [2.0, 6.0, 12.0]}, a=target))
    assert (above.value.tolist(), below.value.tolist()) == ([13.0, 11.0], [7.0, 9.0])
    assert only_ladder(index_of({"a": [18.0, 6.0, 10.0]}, a=target)).value.tolist() == [12.0]  # nobody passes the best


def test_effort_is_counted_in_places_deviations_or_units() -> None:
    index = index_of({"a": [1.0, 3.0, 3.0, 7.0]})
    assert only_ladder(index).effort.tolist() == [2.0, 3.0]
    assert only_ladder(index, price=Price(amount=0.5)).effort.tolist() == [1.0, 1.5]
    units = only_ladder(index, price=Price(amount=2.0, per="unit"))
    assert units.value.tolist() == [5.0, 9.0]
    assert units.effort.tolist() == pytest.approx([8.0, 16.0])
    sd = np.std([1.0, 3.0, 3.0, 7.0], ddof=1)
    assert only_ladder(index, prices={"a": Price(amount=1.0, per="sd")}).effort.tolist() == pytest.approx(
        [4.0 / sd, 8.0 / sd]
    )
    assert ladders(index_of({"a": [2.0]}), "c0", price=Price(amount=1.0, per="sd")).ladders == ()
    constant = index_of({"a": [2.0, 2.0]})
    assert only_ladder(constant, price=Price(amount=3.0, per="unit")).effort.tolist() == [1.5]
    assert ladders(constant, "c0", price=Price(amount=1.0, per="sd")).ladders == ()


def test_distances_are_measured_in_other_values_and_still_rise() -> None:
    index = index_of({"a": [1.0, 2.0, 3.0, 4.0]})
    behind = np.array([[10.0, 40.0, 20.0, 120.0]])  # in another order than the points
    ladder = only_ladder(index, price=Price(amount=1.0, per="unit"), values=behind)
    assert ladder.value.tolist() == [2.5, 3.5, 4.5]
    # Above the first: between 40 and 20. Above two: between 40 and 120. Beyond all by half the mean distance.
    assert ladder.effort.tolist() == pytest.approx([20.0, 70.0, 130.0], rel=1e-5)
    level = only_ladder(index, price=Price(amount=1.0, per="unit"), values=np.full((1, 4), 5.0))
    assert (np.diff(level.effort, prepend=0.0) > 0.0).all()


def test_variables_are_chosen_and_ceilings_kept() -> None:
    index = index_of({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0], "c": [3.0, 2.0, 1.0]})

    def places(**limits: Any) -> dict[str, list[int]]:
        return {ladder.variable: ladder.places.tolist() for ladder in ladders(index, "c0", **limits).ladders}

    assert places() == {"a": [1, 2], "b": [1, 2]}  # nobody is above the city in c
    assert places(only=["b", "c"]) == {"b": [1, 2]}
    assert places(without=["b"]) == {"a": [1, 2]}
    assert places(ceiling=1) == {"a": [1], "b": [1]}
    assert places(ceiling=1, ceilings={"a": 2, "b": 0}) == {"a": [1, 2]}
    assert ladders(index, "c0", only=[]).ladders == ()


def test_names_of_cities_and_variables_may_be_any_of_theirs() -> None:
    moves = ladders(INDEX, "合肥", only=["Economic scale and potential"], ceilings={"经济总量潜力": 2})
    assert (moves.city, [ladder.variable for ladder in moves.ladders]) == ("hefei", ["economic-scale"])
    assert moves.ladders[0].places.tolist() == [1, 2]


def test_more_steps_than_are_scored_at_once_are_scored_alike() -> None:
    moves = ladders(INDEX, "zhaoqing")
    assert sum(ladder.value.size for ladder in moves.ladders) > 2000
    scorer, before = INDEX.scorer(), INDEX.score()["total"].values
    for ladder in (moves.ladders[0], moves.ladders[-1]):
        for step in (1, ladder.value.size):
            after = scorer.score(moves.changes({ladder.variable: step}))["total"].values
            np.testing.assert_allclose(ladder.gain[step - 1], after - before, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"methods": {"aggregate": "geometric"}}, "total"),
        ({"ranking": {"decimals": 1}}, "ranking"),
        ({"ranking": {"ties": "no-gaps"}}, "ranking"),
        ({"ranking": {"tolerance": 0.01}}, "ranking"),
        ({"methods": {"normalise": "z-score"}}, "a"),
    ],
)
def test_an_index_in_which_gains_do_not_add_up_is_refused(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(InputError) as caught:
        ladders(index_of({"a": [1.0, 8.0, 9.0, 10.0]}, **changes), "c0")
    assert [fault.place for fault in caught.value.faults] == [place]


def test_nodes_that_are_ranked_again_are_refused() -> None:
    with pytest.raises(InputError, match="normalises nodes"):
        ladders(sim.load_index("opportunity-2025").with_definition(ranked_dimensions()), "hefei")


def ranked_dimensions() -> Any:
    definition = INDEX.definition
    top = definition.index.model_copy(update={"normalise": definition.nodes[0].normalise})
    return definition.replace(index=top)


@pytest.mark.parametrize(
    ("limits", "places"),
    [
        ({"ceiling": -1, "ceilings": {"a": -2}}, ["ceiling", "a"]),
        ({"price": Price(amount=1.0, per="unit"), "values": np.array([[1.0, np.nan]])}, ["a"]),
        ({"only": ["b"]}, ["'b'"]),
        ({"without": ["b"]}, ["'b'"]),
        ({"ceilings": {"b": 1}}, ["'b'"]),
    ],
)
def test_limits_that_mean_nothing_are_refused_all_at_once(limits: dict[str, Any], places: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        ladders(index_of({"a": [1.0, 2.0]}), "c0", **limits)
    assert [fault.place for fault in caught.value.faults] == places


def test_changes_name_the_new_values_of_a_plan() -> None:
    moves = ladders(index_of({"a": [1.0, 2.0], "b": [1.0, 2.0]}), "c0")
    assert moves.changes({"b": 1}) == {"c0": {"b": 2.5}}
    assert Moves("c0", ()).changes({}) == {"c0": {}}
