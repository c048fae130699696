"""Errors of answers: exact shares of steps, never beyond the scale, the same for any number of workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import simulator as sim
from simulator.uncertainty.data_error import error_field
from simulator.uncertainty.design import BLOCK, MonteCarlo
from simulator.uncertainty.factors import DataError, Factors
from simulator.uncertainty.realisation import bind
from simulator.uncertainty.steps import take_steps
from simulator.uncertainty.streams import stream

Array = NDArray[Any]

DRAWS = 40_000
BASE = np.array([[0.0, 1.0, 2.0, 3.0, 1.0], [0.0, 1.0, 1.0, 0.0, 0.0], [7.5, 1.0, 2.0, 3.0, 4.0]])
TOP = [3, 1]
DEFINITION = {
    "schema_version": 1,
    "id": "mine",
    "index": {
        "id": "total",
        "aggregate": "arithmetic",
        "children": [
            {
                "id": "links",
                "normalise": {"method": "min-max", "to": [0, 100]},
                "aggregate": "arithmetic",
                "children": [
                    {"id": "buses", "answers": ["none", "some", "regular", "daily"]},
                    {"id": "trade", "unit": "CNY"},
                ],
            },
            {
                "id": "rules",
                "normalise": {"method": "min-max", "to": [0, 100]},
                "aggregate": "arithmetic",
                "children": [{"id": "council", "answers": ["no", "yes"]}],
            },
        ],
    },
}


def small_index() -> sim.Index:
    words = pd.DataFrame(
        {
            "buses": ["none", "some", "regular", "daily", "some", "regular"],
            "trade": [10.0, 30.0, 20.0, 60.0, 50.0, 40.0],
            "council": ["no", "yes", "yes", "no", "no", "yes"],
        },
        index=list("abcdef"),
        dtype=object,
    )
    return sim.build_index(DEFINITION, words)


def scenario(data_error: Any, **more: Any) -> Mapping[str, Any]:
    factors = {"data-error": data_error}
    return {"schema_version": 1, "name": "s", "index": "mine", "draws": 3000, "seed": 5, "factors": factors} | more


def drawn(spec: DataError, draws: int = DRAWS, seed: int = 1) -> Array:
    values = np.full((draws, *BASE.shape), np.nan)
    field = error_field(spec, 0, [0, 1], BASE, [0, 0], top=TOP)
    generators = stream(seed, 0, "data-error 0"), stream(seed, 0, "data-error 0 shared")
    field.add(generators, BASE[np.newaxis], values, anew=True)
    return values


@pytest.mark.parametrize("chance", [0.05, 0.2, 1.0])
@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_each_answer_goes_up_and_down_with_half_the_chance_and_never_beyond(chance: float, correlation: float) -> None:
    values = drawn(DataError(size=chance, unit="steps", correlation=correlation))
    for row, top in enumerate(TOP):
        for city, held in enumerate(BASE[row]):
            up = chance / 2 if held < top else 0.0
            down = chance / 2 if held > 0 else 0.0
            expected = {held + 1: up, held - 1: down, held: 1.0 - up - down}
            for answer, share in expected.items():
                seen = float((values[:, row, city] == answer).mean())
                assert abs(seen - share) <= 4.5 * (share * (1 - share) / DRAWS) ** 0.5
    assert set(np.unique(values[:, 0])) == {0.0, 1.0, 2.0, 3.0}
    assert set(np.unique(values[:, 1])) == {0.0, 1.0}
    assert (values[:, 2] == BASE[2]).all()


def test_steps_of_cities_and_indicators_have_nothing_in_common() -> None:
    moved = drawn(DataError(size=0.5, unit="steps")) - BASE
    for one, other in (((0, 1), (0, 4)), ((0, 1), (1, 1))):  # equal answers of two cities; two answers of one city
        correlation = np.corrcoef(moved[:, *one], moved[:, *other])[0, 1]
        assert abs(correlation) < 4.5 / DRAWS**0.5


def test_equal_answers_share_their_step_if_asked_and_correlated_ones_go_together() -> None:
    shared = drawn(DataError(size=0.5, unit="steps", ties="shared"), 2000)
    assert (shared[:, 0, 1] == shared[:, 0, 4]).all()
    assert (shared[:, 0, 1] - 1 != shared[:, 0, 2] - 2).any()
    moved = drawn(DataError(size=1.0, unit="steps", correlation=0.9)) - BASE
    upwards = (moved[:, 0, 1] > 0, moved[:, 1, 3] > 0)  # of a scale's lower end, upwards is the only way
    assert np.corrcoef(moved[:, 0, 1], moved[:, 1, 1])[0, 1] > 0.5
    assert abs(np.corrcoef(*upwards)[0, 1]) < 4.5 / DRAWS**0.5


def test_several_errors_of_one_indicator_stay_on_the_scale() -> None:
    factors = Factors.model_validate({"data-error": [{"unit": "steps", "size": 1.0}] * 3})
    realisation = bind(small_index(), factors)
    design = MonteCarlo((), (), BLOCK, 1)
    values = np.concatenate([chunk.values for _, chunk in realisation.chunks(design, 1, 0)])
    assert set(np.unique(values[:, 0])) == {0.0, 1.0, 2.0, 3.0}
    assert set(np.unique(values[:, 2])) == {0.0, 1.0}
    assert (values[:, 1] == realisation.base[1]).all()


def test_a_value_beyond_the_scale_goes_no_further() -> None:
    held = np.array([[4.0, -1.0, 2.5]])
    top = np.array([3.0])
    assert take_steps(held, np.full((1, 3), 0.99), 1.0, top).tolist() == [[4.0, 0.0, 2.5]]
    assert take_steps(held, np.full((1, 3), -0.99), 1.0, top).tolist() == [[3.0, -1.0, 1.5]]


def test_all_means_what_the_unit_suits() -> None:
    specs = [{"unit": "relative", "size": 0.05}, {"unit": "steps", "size": 0.2}]
    numbers, answers = bind(small_index(), Factors.model_validate({"data-error": specs})).errors
    assert (numbers.leaves.tolist(), answers.leaves.tolist()) == ([1], [0, 2])
    assert answers.top is not None
    assert answers.top.tolist() == [3.0, 1.0]


def test_a_study_of_steps_is_the_same_for_any_number_of_workers_and_keeps_its_numbers() -> None:
    both = [{"unit": "steps", "size": 0.2}, {"unit": "relative", "size": 0.05}]
    one = sim.run(scenario(both), index=small_index(), workers=1)
    two = sim.run(scenario(both), index=small_index(), workers=2)
    for name in one.data_vars:
        assert one[name].values.tobytes() == two[name].values.tobytes(), name
    other = sim.run(scenario(both), index=small_index(), workers=1, seed=6)
    assert not one["rank_frequency"].equals(other["rank_frequency"])
    assert one.attrs["data_error"] == (
        "all 2 with answers: one step up or down with chance 0.2, never beyond the scale; "
        "all but 2 with answers: normal, size 0.05 (relative), equal values have shared errors"
    )


def test_numbers_do_not_depend_on_how_a_block_is_cut() -> None:
    whole = drawn(DataError(size=0.3, unit="steps"), 100)
    field = error_field(DataError(size=0.3, unit="steps"), 0, [0, 1], BASE, top=TOP)
    generators = stream(1, 0, "data-error 0"), stream(1, 0, "data-error 0 shared")
    parts = [np.full((size, *BASE.shape), np.nan) for size in (30, 70)]
    for part in parts:
        field.add(generators, BASE[np.newaxis], part, anew=True)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_influence_counts_steps_as_other_errors() -> None:
    asked = scenario([{"unit": "relative", "size": 0.05}, {"unit": "steps", "size": 0.2}])
    found = sim.influence(asked, index=small_index(), base_draws=1024, bootstrap=10, seed=1, workers=1)
    assert found["factor"].values.tolist() == ["error links (1)", "error links (2)", "error rules"]
    assert (found["total_order"].sel(output="mean_abs_rank_shift") > 0).all()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ({"unit": "steps", "size": 1.5}, "a chance of 1.5 is more than 1. One answer in five is written 0.2."),
        ({"unit": "steps", "size": 0.1, "distribution": "normal"}, "one step up or down, whatever the `distribution`."),
        ({"unit": "steps", "size": 0.1, "indicators": "trade"}, "trade: an error in steps needs answers on a scale."),
        ({"unit": "sd", "size": 0.1, "indicators": ["trade", "buses"]}, "buses: answers on a scale, of which sd is no"),
        ({"unit": "relative", "size": 0.1, "indicators": "council"}, "council: answers on a scale, of which relative"),
        ({"unit": "places", "size": 1}, "trade: an error in places needs data in points."),
        ({"unit": "step", "size": 0.1}, "'step' is not among the known words. Did you mean steps?"),
        ({"unit": "steps", "size": -0.1}, "-0.1 is out of range. Give a number not below 0."),
    ],
)
def test_an_error_that_does_not_suit_its_values_is_refused(error: dict[str, Any], told: str) -> None:
    with pytest.raises(sim.InputError) as caught:
        sim.run(scenario(error), index=small_index())
    assert told in str(caught.value)
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("answers", "unit", "told"),
    [(False, "steps", "no indicator has answers"), (True, "sd", "all indicators have answers, and sd is no unit")],
)
def test_an_error_of_all_that_suits_none_is_refused(answers: bool, unit: str, told: str) -> None:
    leaf = {"id": "x"} | ({"answers": ["no", "yes"]} if answers else {})
    tree = {"id": "t", "normalise": "z-score", "aggregate": "sum", "children": [leaf]}
    index = sim.build_index(
        {"schema_version": 1, "id": "m", "index": tree}, pd.DataFrame({"x": [0.0, 1.0, 1.0]}, index=list("abc"))
    )
    with pytest.raises(sim.InputError, match=told):
        sim.run(scenario({"unit": unit, "size": 0.1}), index=index)


def test_a_shipped_index_has_no_steps() -> None:
    with pytest.raises(sim.InputError, match="no indicator has answers, whose steps an error could be counted in"):
        sim.run("stress-test-points", overrides=["factors.data-error={unit: steps, size: 0.1}"])
