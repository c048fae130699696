"""Plans of least effort: against every plan on small indices, a second formulation, and the pipeline itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp
from small_goals import every_plan, random_index, random_price

import simulator as sim
from simulator.whatif.moves import Ladder, Moves, ladders
from simulator.whatif.plans import best_reachable, cheapest_plans, common_divisor

INDEX = sim.load_index("opportunity-2025")
SCORER = INDEX.scorer()
SCORED = SCORER.score()
TOTALS, RANKS = SCORED["total"].values, SCORED["rank"].values

seeds = st.integers(0, 2**32 - 1)


def tie_rule(index: sim.Index) -> dict[str, Any]:
    ranking = index.definition.ranking
    return {"tie_rule": ranking.ties, "tolerance": ranking.tolerance}


@given(seeds, st.sampled_from([0.0, 0.0, 0.25, 1.0]))
@settings(max_examples=120)
def test_no_plan_of_all_there_are_takes_less_effort(seed: int, margin: float) -> None:
    index, rng = random_index(seed), np.random.default_rng(seed)
    moves = ladders(
        index,
        index.cities[-1],
        price=random_price(rng),
        prices={"v0": random_price(rng)},
        ceilings={"v1": int(rng.integers(0, 5))},
    )
    position, strict = len(index.cities) - 1, index.definition.ranking.ties == "worse"
    totals = index.score()["total"].values
    everything = every_plan(index, moves)
    for rank in range(1, len(totals) + 1):
        plans = cheapest_plans(moves, totals, position, rank, count=3, margin=margin, **tie_rule(index))
        left = everything.holds(position, rank, margin, strict)
        assert left.any() == (best_reachable(moves, totals, position, margin=margin, **tie_rule(index)) <= rank)
        for plan in plans:
            assert plan.proven
            assert plan.effort == pytest.approx(everything.effort[left].min(), rel=1e-8, abs=1e-12)
            scored = index.scorer().score(moves.changes(plan.steps))
            assert plan.total == pytest.approx(float(scored["total"][position]), rel=1e-12, abs=1e-12)
            assert plan.rank == int(scored["rank"][position]) <= rank
            left &= everything.without_some_of(plan, moves)
        assert len(plans) == 3 or not left.any()


@given(seeds)
@settings(max_examples=60)
def test_everything_at_its_ceiling_is_the_best_there_is(seed: int) -> None:
    index = random_index(seed)
    moves = ladders(index, "c0", ceiling=3)
    ranks = every_plan(index, moves).ranks[:, 0]
    assert best_reachable(moves, index.score()["total"].values, 0, **tie_rule(index)) == ranks.min() == ranks[-1]


def two_cities(gain: float, effort: float = 1.0) -> Moves:
    """Return the one step of the second of two cities."""
    return Moves("b", (Ladder("v", np.array([1.5]), np.array([1]), np.array([effort]), np.array([[0.0, gain]])),))


@pytest.mark.parametrize(
    ("gain", "rule", "margin", "reached"),
    [
        (2.0, "better", 0.0, True),
        (2.0, "worse", 0.0, False),
        (2.0 + 1e-6, "worse", 0.0, True),
        (2.0 - 1e-6, "better", 0.0, False),
        (2.5, "better", 0.5, True),
        (2.5, "worse", 0.5, False),
        (2.4, "better", 0.5, False),
    ],
)
def test_an_equal_total_is_enough_where_ties_share_the_better_place(
    gain: float, rule: Any, margin: float, reached: bool
) -> None:
    plans = cheapest_plans(two_cities(gain), np.array([5.0, 3.0]), 1, 1, margin=margin, tie_rule=rule)
    assert [plan.steps for plan in plans] == ([{"v": 1}] if reached else [])


def test_a_city_that_has_the_rank_needs_no_step() -> None:
    (plan,) = cheapest_plans(two_cities(1.0), np.array([5.0, 3.0]), 1, 2)
    assert (plan.steps, plan.effort, plan.total, plan.rank, plan.proven) == ({}, 0.0, 3.0, 2, True)


def test_a_margin_counts_against_those_behind_as_well() -> None:
    totals = np.array([2.5, 3.0])
    assert cheapest_plans(two_cities(1.0), totals, 1, 1)[0].effort == 0.0
    assert cheapest_plans(two_cities(1.0), totals, 1, 1, margin=1.0)[0].effort == 1.0


def test_no_ladders_reach_nothing() -> None:
    assert cheapest_plans(Moves("b", ()), np.array([5.0, 3.0]), 1, 1) == []
    assert best_reachable(Moves("b", ()), np.array([5.0, 3.0]), 1) == 2


@pytest.mark.parametrize("scale", [1e-7, 1.0, 1e7])
def test_the_scale_of_efforts_and_totals_is_no_matter(scale: float) -> None:
    gains = np.array([[-1.0, 2.0], [-2.0, 3.0]]) * scale
    effort = np.array([np.sqrt(2.0), np.sqrt(5.0)]) / scale
    moves = Moves(
        "b", tuple(Ladder(name, effort, np.array([1, 2]), effort * k, gains) for k, name in ((1, "x"), (2, "y")))
    )
    plans = cheapest_plans(moves, np.array([8.0, 0.0]) * scale, 1, 1)
    assert [(dict(plan.steps), plan.effort * scale) for plan in plans] == [
        ({"x": 2, "y": 1}, pytest.approx(np.sqrt(5.0) + 2.0 * np.sqrt(2.0)))
    ]


@given(st.lists(st.integers(-500, 500), min_size=1, max_size=30), st.floats(1e-3, 1e3))
def test_the_common_divisor_divides(multiples: list[int], step: float) -> None:
    found = common_divisor(np.array(multiples) * step)
    assert found == pytest.approx(step * np.gcd.reduce(multiples), rel=1e-9)


def plain_least(moves: Moves, position: int, rank: int) -> float:
    """Return the least effort by another formulation: a binary for every rung, taken only after the one below it."""
    sizes = [ladder.effort.size for ladder in moves.ladders]
    steps = sum(sizes)
    lead = [ladder.gain[:, [position]] - ladder.gain for ladder in moves.ladders]
    rungs = np.concatenate([np.diff(rows, axis=0, prepend=0.0) for rows in lead]).T
    gap = TOTALS - TOTALS[position]
    rivals = np.flatnonzero(gap > 0.0)
    rows = np.hstack([rungs[rivals], np.diag(gap[rivals])])
    lower = [row for row in range(1, steps) if row not in np.cumsum(sizes)]
    order = np.zeros((len(lower), steps + rivals.size))
    order[np.arange(len(lower)), np.array(lower) - 1] = 1.0
    order[np.arange(len(lower)), lower] = -1.0
    ahead = np.r_[np.zeros(steps), np.ones(rivals.size)]
    effort = np.concatenate([np.diff(ladder.effort, prepend=0.0) for ladder in moves.ladders])
    answer = milp(
        np.r_[effort, np.zeros(rivals.size)],
        integrality=np.ones(steps + rivals.size, np.int64),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(rows, gap[rivals] - 1e-6, np.inf),
            LinearConstraint(sparse.csr_array(order), 0.0, np.inf),
            LinearConstraint(ahead, -np.inf, rank - 1),
        ],
        options={"mip_rel_gap": 0.0},
    )
    assert answer.success
    return float(answer.fun)


@pytest.mark.parametrize(
    ("city", "rank"), [("hefei", 10), ("hefei", 14), ("guangzhou", 4), ("qingdao", 10), ("baoding", 51)]
)
def test_another_formulation_finds_the_same_effort(city: str, rank: int) -> None:
    moves, position = ladders(INDEX, city, without=["coordination-level"]), INDEX.cities.index(city)
    (plan,) = cheapest_plans(moves, TOTALS, position, rank, count=1)
    assert plan.effort == pytest.approx(plain_least(moves, position, rank))


def test_plans_of_the_published_index_hold_when_scored_again() -> None:
    for city in ("shanghai", "hefei", "jinan", "huizhou", "lanzhou", "jiangmen", "zhaoqing"):
        moves, position = ladders(INDEX, city, without=["coordination-level"]), INDEX.cities.index(city)
        better = np.unique(RANKS[: np.argmax(RANKS[position] == RANKS)])
        for rank in better[-2:].tolist():
            plans = cheapest_plans(moves, TOTALS, position, rank, count=2)
            efforts = [plan.effort for plan in plans]
            assert len(plans) == 2
            assert efforts == sorted(efforts)
            assert not set(plans[0].steps) <= set(plans[1].steps)
            for plan in plans:
                after = SCORER.score(moves.changes(plan.steps))
                assert plan.rank == int(after["rank"][position]) <= rank
                assert plan.total == pytest.approx(float(after["total"][position]))


def test_the_three_ways_of_hefei_to_the_first_ten() -> None:
    moves, position = ladders(INDEX, "hefei", without=["coordination-level"]), INDEX.cities.index("hefei")
    plans = cheapest_plans(moves, TOTALS, position, 10)
    assert [(plan.effort, plan.rank, plan.proven) for plan in plans] == [(153.0, 10, True)] * 3
    for earlier, plan in ((0, 1), (0, 2), (1, 2)):
        assert not set(plans[earlier].steps) <= set(plans[plan].steps)
    for plan in plans:
        assert int(SCORER.score(moves.changes(plan.steps))["rank"][position]) == 10


def test_a_search_without_time_still_has_a_plan_and_does_not_call_it_least() -> None:
    moves, position = ladders(INDEX, "hefei", without=["coordination-level"]), INDEX.cities.index("hefei")
    plan = cheapest_plans(moves, TOTALS, position, 10, count=1, time_limit=0.0)[0]
    assert plan.rank <= 10
    assert plan.effort >= 153.0
    assert not plan.proven
