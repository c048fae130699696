"""Changes as they act on the values of draws: in place, part by part of a block, from streams of their own."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_indices import Array, index_of_points
from what_ifs import Asked, economy, index_over, programmed, ranked

import simulator as sim
from simulator.changes.effects import SMALLEST, ChangeField, Effects
from simulator.index import Index

LEAVES = ["a-wealth", "a-debt", "b-pace"]


def field_of(asked: Asked) -> ChangeField:
    return ChangeField(asked.standing, asked.program, asked.figures)


def field(*changes: dict[str, Any], index: Index | None = None, **more: Any) -> ChangeField:
    return field_of(programmed(index or economy(), *changes, **more))


def applied(effects: Effects, values: Array, start: int = 0) -> Array:
    found = values.copy()
    effects.apply(found, start)
    return found


def own(one: ChangeField, draws: int = 1) -> Array:
    return np.repeat(one.standing.values[np.newaxis], draws, axis=0)


def test_times_plus_and_the_rest_untouched() -> None:
    one = field({"grow": {"gdp": "8%"}})
    before = own(one, 3)
    after = applied(one.middle, before)
    wealth, debt, pace = (before[:, k] for k in range(3))
    assert after[:, 0, 0].tolist() == (wealth[:, 0] * 1.08).tolist()
    np.testing.assert_allclose(after[:, 1, 0], debt[:, 0] / 1.08, rtol=1e-15)
    np.testing.assert_allclose(after[:, 2, 0], pace[:, 0] + 3.0, rtol=1e-15)
    assert after[:, :, 1:].tobytes() == before[:, :, 1:].tobytes()


def test_lower_values_stand_turned_round_and_fall_in_size() -> None:
    """Debt stands below nought, so that a smaller one is a larger value."""
    one = field({"multiply": {"owed": 0.5}})
    before = own(one)
    assert (before[0, 1] < 0.0).all()
    assert applied(one.middle, before)[0, 1, 0] == before[0, 1, 0] / 2.0


def test_spread_is_in_standard_deviations_of_the_draw() -> None:
    values = [7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    index = index_over({"a-x": ranked(range(7))}, {"x": values}, {"a-x": {"formula": "x"}})
    one = field({"add": {"x": 2.0}}, index=index)
    before = np.random.default_rng(5).normal(size=(4, 1, 7)) * np.array([1.0, 2.0, 5.0, 9.0])[:, None, None]
    after = applied(one.middle, before)
    for drawn, got in zip(before, after, strict=True):
        expected = drawn[0, 0] + 2.0 / np.std(values, ddof=1) * np.std(drawn[0], ddof=1)
        assert got[0, 0] == pytest.approx(expected, rel=1e-12)
        assert got[0, 1:].tolist() == drawn[0, 1:].tolist()


@pytest.mark.parametrize(("move", "expected"), [({"places": 1}, [1.5, 1.0, 2.0, 3.0]), ({"sd": 1.0}, None)])
def test_moves_of_a_variable_move_up(move: dict[str, float], expected: list[float] | None) -> None:
    index = index_of_points({"a-x": [1.0, 2.0, 3.0, 4.0]})
    asked = field({"move": {"a-x": move}}, index=_with_quantities(index))
    before = np.array([[[0.5, 1.0, 2.0, 3.0]]])
    after = applied(asked.middle, before)[0, 0]
    expected = expected or [0.5 + np.std(before, ddof=1), 1.0, 2.0, 3.0]
    assert after.tolist() == pytest.approx(expected, rel=1e-15)


def _with_quantities(index: Index) -> Index:
    """Return the index with a raw side that says nothing of its variable."""
    side = index_over({"a-x": [1.0, 2.0, 3.0, 4.0]}, {"q": [1.0] * 4}, {"a-x": {"formula": "q", "scale": "positive"}})
    return dataclasses.replace(index, raw=side.raw)


def plain(direction: str, **more: Any) -> Index:
    leaf = {"id": "a", "direction": direction, **more}
    tree = {"id": "total", "normalise": "z-score", "children": [leaf, {"id": "b"}]}
    frame = pd.DataFrame(
        {"a": [5.0, -2.0, 3.0, 8.0, -6.0], "b": [1.0, 2.0, 3.0, 4.0, 5.0]}, index=[f"c{k}" for k in range(5)]
    )
    return sim.build_index({"schema_version": 1, "id": "own", "levels": ["i", "l"], "index": tree}, frame)


@pytest.mark.parametrize(
    ("direction", "more", "change", "expected"),
    [
        ("higher", {}, {"move": {"a": 1}}, 8.0 + 1e-3 * 14.0 / 2.0),
        ("lower", {}, {"move": {"a": 1}}, 0.5),
        ("lower", {}, {"move": {"a": "0.5 sd"}}, 5.0 - 0.5 * np.std([5.0, -2.0, 3.0, 8.0, -6.0], ddof=1)),
        ("lower", {}, {"match": {"a": "best"}}, -6.0),
        ("higher", {}, {"match": {"a": "best"}}, 8.0),
        ("lower", {}, {"match": {"a": "median"}}, 3.0),
        # Distances to 0 are 5, 2, 3, 8 and 6: passing one (3) is to come between 3 and 2, on one's own side.
        ("target", {"target": 0}, {"move": {"a": 1}}, 2.5),
        ("target", {"target": 0}, {"match": {"a": "best"}}, 2.0),
        ("target", {"target": 10}, {"match": {"a": "best"}}, 8.0),
    ],
)
def test_up_is_better_in_any_direction(
    direction: str, more: dict[str, Any], change: dict[str, Any], expected: float
) -> None:
    one = field(change, index=plain(direction, **more))
    after = applied(one.middle, own(one))
    assert after[0, 0, 0] == pytest.approx(expected, rel=1e-14)
    assert after[0, 0, 1:].tolist() == own(one)[0, 0, 1:].tolist()
    assert after[0, 1].tolist() == own(one)[0, 1].tolist()


def test_a_move_follows_the_change_of_a_quantity() -> None:
    """Variables move last, from where their quantities have brought them."""
    one = field({"move": {"a-wealth": "-1 place"}, "multiply": {"gdp": 1.5}})
    before = own(one)[0, 0]
    after = applied(one.middle, own(one))[0, 0]
    brought = before[0] * 1.5
    below = np.sort(before[1:][before[1:] <= brought])[::-1]
    left = before[1:][before[1:] < below[0]]
    assert after[0] < below[0]
    assert (left < after[0]).all()


# What is drawn.


UNCERTAIN: dict[str, Any] = {"grow": {"gdp": {"mean": "8%", "sd": "1%"}}}


def test_effects_depend_on_seed_and_block_and_not_on_how_a_block_is_cut() -> None:
    one = field(UNCERTAIN, others={"low": 0, "high": "4%"})
    before = np.random.default_rng(2).uniform(1, 9, (300, 3, 8))
    whole = applied(one.open(5, 3, 300), before)
    parts = [applied(one.open(5, 3, 300), before[k : k + 70], k) for k in range(0, 300, 70)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    for seed, block in ((6, 3), (5, 4)):
        assert applied(one.open(seed, block, 300), before).tobytes() != whole.tobytes()
    # A shorter last block has the same draws as far as it goes.
    assert applied(one.open(5, 3, 100), before[:100]).tobytes() == whole[:100].tobytes()


def test_what_is_certain_is_the_same_in_every_draw() -> None:
    one = field({"grow": {"gdp": "8%"}})
    assert one.certain
    assert one.open(1, 0, 5) is one.middle
    assert not field(UNCERTAIN).certain
    assert field({"grow": {"gdp": "8%"}}, others="last-rate").certain
    assert not field({"grow": {"gdp": "8%"}}, others={"mean": "last", "sd": "1%"}).certain


@pytest.mark.parametrize(
    ("amount", "mean", "variance"),
    [
        ({"mean": "8%", "sd": "2%"}, 0.08, 4e-4),
        ({"low": "2%", "high": "10%"}, 0.06, 0.08**2 / 12),
        ({"low": 0, "mode": "1%", "high": "8%"}, 0.03, (0.01**2 + 0.08**2 - 0.08 * 0.01) / 18),
    ],
)
def test_the_moments_of_what_is_drawn(amount: dict[str, Any], mean: float, variance: float) -> None:
    """Ten blocks: the mean within four standard errors, the variance within 5 %."""
    one = field({"grow": {"gdp": amount}})
    blocks = [one.open(11, block, 1024) for block in range(10)]
    rates = np.concatenate([block.passed_on[0].amount[:, 0] - 1.0 for block in blocks])
    assert rates.size == 10_240
    assert rates.mean() == pytest.approx(mean, abs=4.0 * np.sqrt(variance / rates.size))
    assert rates.var() == pytest.approx(variance, rel=0.05)
    assert one.middle.passed_on[0].amount[0, 0] == pytest.approx(1.0 + mean, rel=1e-14)


def test_each_other_city_has_a_rate_of_its_own_and_one_change_has_one() -> None:
    one = field({"cities": ["c0", "c1"], "grow": {"gdp": {"low": 0, "high": "10%"}}}, others={"low": 0, "high": "10%"})
    amount = np.concatenate([one.open(3, block, 1024).passed_on[0].amount for block in range(4)])
    np.testing.assert_allclose(amount[:, 0], amount[:, 1], rtol=1e-14)
    correlation = np.corrcoef(amount[:, 1:].T)
    assert np.abs(correlation - np.eye(7)).max() < 5.0 / np.sqrt(len(amount))


def test_the_numbers_of_a_change_stay_when_others_join() -> None:
    alone = field(UNCERTAIN).open(3, 0, 50).passed_on[0].amount
    more = field(UNCERTAIN, {"cities": "c3", "multiply": {"owed": {"low": 1, "high": 2}}}).open(3, 0, 50)
    assert more.passed_on[0].amount.tobytes() == alone.tobytes()
    flow = [{"from": "c0", "to": "c5", "share": {"low": 0, "high": 1}}]
    spilt = field(UNCERTAIN, spillover=flow).open(3, 0, 50).passed_on[0].amount
    assert spilt[:, :5].tobytes() == alone[:, :5].tobytes()
    assert np.ptp((spilt[:, 5] - 1.0) / (spilt[:, 0] - 1.0)) > 0.5


def test_uniform_numbers_are_uniform_and_above_nought() -> None:
    """By the amount between 0 and 1 that is each of them: a chi-square of 20 cells below its 1 per mille quantile."""
    index = index_over({"a-x": ranked(range(7))}, {"x": range(1, 8)}, {"a-x": {"formula": "x"}})
    one = field({"set": {"x": {"low": 0, "high": 1}}}, index=index)
    drawn = np.concatenate([one.open(9, block, 1024).passed_on[0].amount[:, 0] + 1.0 for block in range(8)])
    count = np.bincount((drawn * 20).astype(int), minlength=20)
    assert count.size == 20
    assert ((count - drawn.size / 20) ** 2 / (drawn.size / 20)).sum() < 43.8
    assert drawn.min() >= SMALLEST
    assert np.unique(drawn).size == drawn.size


@settings(max_examples=30)
@given(
    changes=st.lists(
        st.sampled_from(
            [
                {"grow": {"gdp": "8%"}},
                {"multiply": {"people": 1.1}},
                {"add": {"owed": 5}},
                {"move": {"a-debt": 2}},
                {"move": {"b-pace": "-0.5 sd"}},
                {"match": {"a-wealth": "median"}},
                {"grow": {"people": "last"}},
            ]
        ),
        min_size=1,
        max_size=3,
    ),
    start=st.integers(0, 20),
)
def test_one_draw_after_the_other_is_all_at_once(changes: list[dict[str, Any]], start: int) -> None:
    one = field(*changes)
    before = np.random.default_rng(start).uniform(1, 9, (4, 3, 8))
    whole = applied(one.middle, before)
    single = np.concatenate([applied(one.middle, before[k : k + 1], k) for k in range(4)])
    np.testing.assert_allclose(single, whole, rtol=1e-15)
    assert np.isfinite(whole).all()
