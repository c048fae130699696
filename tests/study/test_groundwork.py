"""Ground that is remembered between studies: what may become another, and what must not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from what_ifs import question

import simulator as sim
from simulator.errors import InputError
from simulator.groundwork import CHANGES, RememberedGround
from simulator.index import Index
from simulator.scenario import Scenario
from simulator.study import execute, plan


@pytest.fixture(scope="module")
def published() -> Index:
    return sim.load_index("opportunity-2025")


def grown(rate: str, **more: Any) -> dict[str, Any]:
    return question(city="hefei", changes={"grow": {"gdp": rate}}, draws=200, seed=7, **more)


def test_a_study_on_remembered_ground_is_the_same_to_the_byte(published: Index) -> None:
    laying = RememberedGround(4)
    plan(grown("3%"), (), published, laying=laying)
    own, remembered = plan(grown("8%"), (), published), plan(grown("8%"), (), published, laying=laying)
    one, other = execute(own), execute(remembered)
    assert set(one.variables) == set(other.variables)
    for name in one.variables:
        np.testing.assert_array_equal(one[name].values, other[name].values)


def test_changes_alone_keep_the_ground(published: Index) -> None:
    laying = RememberedGround(4)
    first = plan(grown("3%"), (), published, laying=laying)
    other_figure = plan(grown("8%"), (), published, laying=laying)
    other_weights = plan(grown("8%", recipe={"weights": {"economic-scale": 2.0}}), (), published, laying=laying)
    given = plan(grown("8%", figures={"hefei": {"safety-deaths": 12.0}}), (), published, laying=laying)
    standings = [one.question and one.question.standing for one in (first, other_figure, other_weights, given)]
    assert standings[0] is standings[1]
    assert len({id(one) for one in standings}) == 3


def test_a_scenario_without_changes_stands_elsewhere(published: Index) -> None:
    laying = RememberedGround(4)
    plan(grown("3%"), (), published, laying=laying)
    plain = plan({**question(), "draws": 200}, (), published, laying=laying)
    assert plain.question is None
    assert not plain.scenario.factors.values


def test_the_ground_asked_for_longest_ago_is_forgotten(published: Index) -> None:
    laying = RememberedGround(1)
    first = plan(grown("3%"), (), published, laying=laying)
    plan({**question(), "draws": 200}, (), published, laying=laying)
    again = plan(grown("3%"), (), published, laying=laying)
    assert first.question is not None
    assert again.question is not None
    assert first.question.standing is not again.question.standing


def test_faults_are_told_again(published: Index) -> None:
    laying = RememberedGround(4)
    wrong = grown("3%", recipe={"weights": {"no-such": 1.0}})
    for _ in range(2):
        with pytest.raises(InputError, match="no-such"):
            plan(wrong, (), published, laying=laying)


def test_keys_left_out_are_keys_of_scenarios() -> None:
    assert set(CHANGES) <= set(Scenario.model_fields)
