"""Gains of places counted draw by draw, beside plain loops over the ranks that are kept."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_indices import Array, cities_of
from what_ifs import economy, programmed

from simulator.changes.effects import ChangeField
from simulator.construction.encoding import encode
from simulator.construction.scoring import Chunk
from simulator.index import build_index
from simulator.simulation.blocks import prepare, run_block, simulate
from simulator.simulation.gains import places_within, tally_gains, tally_passed, tally_total_gains, total_step
from simulator.simulation.pool import Pool
from simulator.simulation.running import Running
from simulator.simulation.tally import MOST_STEPS, Tally, at_least, empty_tally
from simulator.uncertainty.design import BLOCK, Design, MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.points import PointDesign
from simulator.uncertainty.realisation import Realisation, bind

FACTORS: dict[str, Any] = {
    "values": {},
    "data-error": {"size": 0.2, "unit": "sd"},
    "weights": {"method": "dirichlet", "concentration": 8},
    "leave-out": {"level": "city", "among": ["c3", "c6"], "probability": 0.5},
}
UNCERTAIN: dict[str, Any] = {"grow": {"gdp": {"mean": "30%", "sd": "5%"}}, "move": {"a-debt": 1}}


@given(
    ranks=st.lists(
        st.tuples(*[st.integers(0, 5)] * 10),
        min_size=1,
        max_size=12,
    )
)
def test_gains_are_counted_as_by_hand(ranks: list[tuple[int, ...]]) -> None:
    """A city that is left out is left out of both rankings; its draws count for nothing."""
    after = np.array([row[:5] for row in ranks])
    before = np.where(after > 0, np.maximum(1, [row[5:] for row in ranks]), 0)
    gains = np.zeros((5, 9), np.int64)
    tally_gains(before, after, gains)
    for city in range(5):
        for place in range(-4, 5):
            mine = sum(1 for b, a in zip(before[:, city], after[:, city], strict=True) if a > 0 and b - a == place)
            assert gains[city, place + 4] == mine
    assert at_least(gains).tolist() == [[int(row[k:].sum()) for k in range(9)] for row in gains]


def test_counts_are_added_to_what_was_counted() -> None:
    gains = np.ones((2, 3), np.int64)
    tally_gains(np.array([[2, 1]]), np.array([[1, 2]]), gains)
    assert gains.tolist() == [[1, 1, 2], [2, 1, 1]]


@given(data=st.data())
def test_places_passed_within_indicators_are_counted_as_by_hand(data: st.DataObject) -> None:
    draws, leaves, cities = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3)), 4
    rows = st.lists(st.integers(0, cities - 1), min_size=leaves, max_size=leaves)
    once = data.draw(st.booleans())
    before = np.array(data.draw(st.lists(rows, min_size=1 if once else draws, max_size=1 if once else draws)))
    after = np.array(data.draw(st.lists(rows, min_size=draws, max_size=draws)))
    passed = np.zeros((leaves, 2 * cities - 1), np.int64)
    present = np.array(data.draw(st.lists(st.booleans(), min_size=draws, max_size=draws)))
    tally_passed(before, after, present, passed)
    assert (passed.sum(axis=1) == present.sum()).all()
    for leaf in range(leaves):
        for place in range(1 - cities, cities):
            rows_with = [d for d in range(draws) if present[d]]
            mine = sum(1 for d in rows_with if before[0 if once else d, leaf] - after[d, leaf] == place)
            assert passed[leaf, place + cities - 1] == mine


def chunk_of(values: Array) -> Chunk:
    ones = np.ones((1, values.shape[1]), np.bool_)
    return Chunk(
        np.zeros(len(values), np.int64), values, np.zeros((1, values.shape[1])), np.zeros(1, np.bool_), ones,
        np.ones((1, values.shape[2]), np.bool_),
    )  # fmt: skip


def test_places_within_follow_each_indicator_s_direction() -> None:
    leaves = [{"id": "up"}, {"id": "down", "direction": "lower"}, {"id": "near", "direction": "target", "target": 1.6}]
    tree = {"id": "total", "normalise": "z-score", "children": leaves}
    frame = pd.DataFrame(np.eye(4)[:, :3], index=cities_of(4), columns=["up", "down", "near"])
    index = build_index({"schema_version": 1, "id": "own", "levels": ["i", "l"], "index": tree}, frame)
    values = np.array([[[1.0, 2.0, 2.0, 4.0], [1.0, 2.0, 2.0, 4.0], [1.0, 2.0, 2.0, 4.0]]])
    plan = encode((index.definition,), index.printed)
    for city, expected in enumerate(([3, 0, 2], [1, 1, 0], [1, 1, 0], [0, 3, 3])):
        assert places_within(plan, chunk_of(values), city).tolist() == [expected]


def test_who_is_left_out_stands_above_nobody() -> None:
    tree = {"id": "total", "normalise": "z-score", "children": [{"id": "up"}]}
    frame = pd.DataFrame({"up": [1.0, 2.0, 3.0, 4.0]}, index=cities_of(4))
    index = build_index({"schema_version": 1, "id": "own", "levels": ["i", "l"], "index": tree}, frame)
    there = np.array([[True, True, False, True], [True, False, False, False]])
    chunk = dataclasses.replace(chunk_of(np.array([[[1.0, 2.0, 3.0, 4.0]]])), city_in=there)
    assert places_within(encode((index.definition,), index.printed), chunk, 0).tolist() == [[2], [0]]


def experiment(*changes: dict[str, Any], draws: int = 300, design: str = "monte-carlo", **factors: Any) -> Any:
    asked = programmed(economy(), *changes)
    index = asked.standing.index
    unchanged = bind(index, Factors.model_validate(factors or FACTORS))
    changed = dataclasses.replace(unchanged, alteration=ChangeField(asked.standing, asked.program, asked.figures))
    plan: Design = MonteCarlo(changed.choices, (), draws, 4)
    if design != "monte-carlo":
        plan = PointDesign(design, changed.choices, (), changed.random_members, draws, 4)  # type: ignore[arg-type]
    baseline = index.score()["rank"].values
    return prepare(index, changed, plan, 4, baseline, True, True, unchanged, 0), unchanged, changed


def ranks_of(index_experiment: Any, realisation: Realisation) -> Array:
    alone = dataclasses.replace(index_experiment, realisation=realisation, before=None, city=-1)
    _, draws = simulate(alone)
    assert draws is not None
    return draws.ranks


def test_both_rankings_come_from_the_same_random_numbers() -> None:
    """Each by itself, then the difference, draw by draw."""
    one, unchanged, changed = experiment(UNCERTAIN)
    tally, draws = simulate(one)
    assert draws is not None
    before, after = ranks_of(one, unchanged), ranks_of(one, changed)
    assert (draws.ranks == after).all()
    assert ((before > 0) == (after > 0)).all()
    assert (after == 0).any()
    gains = np.zeros((8, 15), np.int64)
    for was, becomes in zip(before, after, strict=True):
        for city in range(8):
            if becomes[city]:
                gains[city, was[city] - becomes[city] + 7] += 1
    assert tally.gains.tolist() == gains.tolist()
    assert (tally.passed.sum(axis=1) == 300).all()
    assert gains[0, 8:].sum() > 30


def test_what_has_no_effect_gains_nothing_in_any_draw() -> None:
    """Not a single place, of any city, in any draw: all that varies cancels out."""
    for nothing in ({"multiply": {"gdp": 1}}, {"move": {"a-debt": 0}}, {"multiply": {"people-2023": 2}}):
        one, *_ = experiment(nothing, draws=200)
        tally, _ = simulate(one)
        seen = tally.counts.sum(axis=1)
        assert tally.gains[:, 7].tolist() == seen.tolist()
        assert tally.gains.sum() == seen.sum()
        assert tally.passed[:, 7].tolist() == [200, 200, 200]


def test_cities_that_a_change_does_not_touch_keep_their_values_in_every_draw() -> None:
    one, unchanged, changed = experiment(UNCERTAIN, values={}, **{"data-error": {"size": 0.1, "unit": "relative"}})
    pairs = zip(changed.chunks(one.design, 4, 0), unchanged.chunks(one.design, 4, 0), strict=True)
    for (_, after), (_, before) in pairs:
        assert after.values[:, :, 1:].tobytes() == before.values[:, :, 1:].tobytes()
        assert (after.values[:, :2, 0] != before.values[:, :2, 0]).all()
        assert after.leaf_weight.tobytes() == before.leaf_weight.tobytes()


@pytest.mark.parametrize("design", ["monte-carlo", "sobol", "latin-hypercube"])
def test_workers_change_nothing(design: str) -> None:
    factors = {**FACTORS}
    one, *_ = experiment(UNCERTAIN, draws=3 * BLOCK, design=design, **factors)
    alone, both = (simulate(one, Running(Pool(workers)))[0] for workers in (1, 2))
    assert isinstance(alone, Tally)
    for name in ("gains", "passed", "counts"):
        assert getattr(alone, name).tobytes() == getattr(both, name).tobytes()
    assert (alone.between is None) == (design == "monte-carlo")


def test_how_a_block_is_cut_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one, *_ = experiment(UNCERTAIN, draws=700)
    whole = run_block(one, 0)[0]
    monkeypatch.setattr("simulator.uncertainty.realisation.CHUNK_CELLS", 24 * 9)
    parts = run_block(one, 0)[0]
    for name in ("gains", "passed", "counts", "shifts"):
        assert getattr(whole, name).tobytes() == getattr(parts, name).tobytes()


def test_tallies_without_a_change_count_no_gains() -> None:
    empty = empty_tally(5, False, [])
    assert empty.gains.shape == (0, 9)
    assert empty.passed.shape == (0, 9)
    some = empty_tally(5, False, [], True, 3)
    assert (some.gains.shape, some.passed.shape) == ((5, 9), (3, 9))
    assert (some + some).gains.shape == (5, 9)


@given(totals=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9))
def test_the_step_of_totals_is_a_power_of_two_and_the_range_fits(totals: list[float]) -> None:
    step = total_step(np.array(totals))
    assert np.frexp(step)[0] == 0.5
    spread = max(totals) - min(totals)
    assert spread <= step * MOST_STEPS / 2.0 or spread == 0.0
    assert spread == 0.0 or spread > step * MOST_STEPS / 4.0


def test_total_gains_are_counted_to_the_step_and_at_the_ends_beyond() -> None:
    before = np.array([1.0, 1.0, 1.0, np.nan, 1.0, 1.0])
    after = np.array([1.0, 1.26, 0.6, np.nan, 99.0, -99.0])
    gains = np.ones(7, np.int64)
    tally_total_gains(before, after, 0.25, gains)
    assert gains.tolist() == [2, 2, 1, 2, 2, 1, 2]


def test_total_gains_of_draws_are_the_difference_of_both_totals() -> None:
    one, unchanged, changed = experiment(UNCERTAIN)
    one = dataclasses.replace(one, step=0.125)
    tally, _ = simulate(one)
    rows = []
    for realisation in (unchanged, changed):
        _, draws = simulate(dataclasses.replace(one, realisation=realisation, before=None, city=-1, step=0.0))
        assert draws is not None
        rows.append(draws.totals[:, 0])
    steps = np.rint((rows[1] - rows[0]) / 0.125).astype(int)
    counted = {k - MOST_STEPS: int(v) for k, v in enumerate(tally.total_gains) if v}
    assert counted == {int(k): int((steps == k).sum()) for k in np.unique(steps)}
    assert tally.total_gains.sum() == 300
