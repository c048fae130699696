"""Ranks to reach on the real index: plans hold when scored anew, one by one, and their chances are what draws say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from naive_points import points_table

import simulator as sim
from simulator.changes.standing import stand
from simulator.documents import Document
from simulator.errors import InputError
from simulator.scenario import read_scenario
from simulator.whatif.question import Question, begin, pose
from simulator.whatif.reaching import find_way

INDEX = sim.load_index("opportunity-2025")
FOLDER = Path(sim.__file__).parent / "published" / "opportunity-2025"
POINTS = points_table(FOLDER)


def question(city: str, **reach: Any) -> Question:
    data = {"schema_version": 1, "name": "goal", "index": "opportunity-2025", "city": city, "reach": reach, "draws": 0}
    document = Document("scenario", data)
    found = pose(read_scenario(document), begin(read_scenario(document), INDEX), document)
    assert found is not None
    return found


def climbed(column: pd.Series, city: str, places: int) -> pd.Series:
    """Return the points of a variable after a city has passed so many: the numbers as printed, handed out anew."""
    printed = column.sort_values(ascending=False).to_numpy()
    others = column.drop(city).sort_values(ascending=False, kind="stable")
    not_below = int((others >= column[city]).sum())
    before = others.iloc[: not_below - places]
    after = others.iloc[not_below - places :]
    order = [*before.index, city, *after.index]
    level = pd.Series([*before, -1.0, *after], index=order)  # equal ones share the mean of their numbers
    handed = pd.Series(printed, index=order)
    shared = handed.groupby(level).transform("mean")
    return shared.reindex(column.index)


def totals_after(city: str, places: dict[str, int]) -> pd.Series:
    table = POINTS.copy()
    for variable, passed in places.items():
        table[variable] = climbed(POINTS[variable], city, passed)
        assert table[variable].sum() == pytest.approx(POINTS[variable].sum())
    return table.sum(axis=1)


def next_rank(city: str) -> int | None:
    totals = POINTS.sum(axis=1)
    ranks = totals.rank(ascending=False, method="min").astype(int)
    better = ranks[ranks < ranks[city]]
    return int(better.max()) if len(better) else None


NEXT = {city: next_rank(city) for city in INDEX.cities}


def test_the_first_has_no_next_rank() -> None:
    assert [city for city, rank in NEXT.items() if rank is None] == ["shanghai"]


@pytest.mark.parametrize("city", [city for city, rank in NEXT.items() if rank is not None])
def test_a_plan_to_the_next_rank_holds_when_points_are_handed_out_by_hand(city: str) -> None:
    target = NEXT[city]
    assert target is not None
    asked = question(city, rank=target)
    way = find_way(asked, count=1)
    (plan,) = way.plans
    assert plan.proven
    assert "coordination-level" not in plan.steps
    totals = totals_after(city, way.places(plan))
    assert totals[city] == pytest.approx(plan.total)
    assert 1 + (totals > totals[city] + 1e-9).sum() <= target
    result = sim.reach(city, target, plans=1, draws=0, index=INDEX)
    assert int(result["rank_after"].sel(city=city)) <= target
    np.testing.assert_allclose(result["total_after"].values, totals.to_numpy(), atol=1e-9)


def test_one_step_less_in_any_variable_misses_the_rank() -> None:
    way = find_way(question("qingdao", rank=10), count=1)
    steps = {ladder.variable: ladder.places for ladder in way.moves.ladders}
    for variable, step in way.plans[0].steps.items():
        places = way.places(way.plans[0])
        places[variable] = 0 if step == 1 else int(steps[variable][step - 2])
        totals = totals_after("qingdao", {name: count for name, count in places.items() if count})
        assert 1 + (totals > totals["qingdao"] + 1e-9).sum() > 10


def test_plans_do_without_a_variable_of_every_one_before_and_never_cost_less() -> None:
    result = sim.reach("hefei", 12, plans=4, draws=0, index=INDEX)
    used = [set(result["indicator"].values[row > 0]) for row in result["plan_places"].values]
    assert len(used) == 4
    for later in range(1, 4):
        assert all(not used[earlier] <= used[later] for earlier in range(later))
    assert (np.diff(result["plan_effort"].values) >= 0.0).all()
    assert (result["plan_rank"].values <= 12).all()


def test_effort_is_the_sum_of_prices() -> None:
    result = sim.reach(
        "hefei", 12, plans=1, price=2, prices={"commercial-prosperity": "0.5/place"}, draws=0, index=INDEX
    )
    places = dict(zip(result["indicator"].values, result["plan_places"].values[0], strict=True))
    cheap = places.pop("commercial-prosperity")
    assert cheap > 0
    assert float(result["plan_effort"][0]) == pytest.approx(0.5 * cheap + 2.0 * sum(places.values()))


def test_what_stays_stays() -> None:
    without = ["commercial-prosperity", "hospital-beds"]
    result = sim.reach("hefei", 12, without=without, ceiling=6, ceilings={"work-safety": 2}, draws=0, index=INDEX)
    places = result["plan_places"]
    assert int(places.sel(indicator=without).sum()) == 0
    assert int(places.max()) <= 6
    assert int(places.sel(indicator="work-safety").max()) <= 2
    only = sim.reach("hefei", 14, only=["rd-intensity"], draws=0, plans=1, index=INDEX)
    assert only["indicator"].values[only["plan_places"].values[0] > 0].tolist() == ["rd-intensity"]


def test_what_no_city_has_in_its_hands_is_for_sale_only_when_allowed() -> None:
    prices = {"coordination-level": "0.001"}
    usual = sim.reach("hefei", 14, prices=prices, plans=1, draws=0, index=INDEX)
    assert int(usual["plan_places"].sel(indicator="coordination-level").max()) == 0
    allowed = sim.reach("hefei", 14, prices=prices, allow=["coordination-level"], plans=1, draws=0, index=INDEX)
    assert int(allowed["plan_places"].sel(indicator="coordination-level")[0]) > 0


def test_out_of_reach_names_the_best_rank_that_is_not() -> None:
    with pytest.raises(InputError, match=r"rank 5 is out of reach of hefei .* the best is (\d+)") as caught:
        sim.reach("hefei", 5, ceiling=2, draws=0, index=INDEX)
    best = int(str(caught.value).rpartition("the best is ")[2].partition(".")[0])
    assert int(sim.reach("hefei", best, ceiling=2, draws=0, plans=1, index=INDEX)["plan_rank"][0]) == best
    with pytest.raises(InputError, match="out of reach"):
        sim.reach("hefei", best - 1, ceiling=2, draws=0, index=INDEX)


def test_who_has_the_rank_already_does_nothing() -> None:
    result = sim.reach("hefei", 20, draws=0, index=INDEX)
    assert int(result["plan_places"].sum()) == 0
    assert result["plan_effort"].values.tolist() == [0.0]
    assert (result["rank_after"] == result["rank_before"]).all()


def test_a_margin_keeps_rivals_at_a_distance_and_raises_the_chance() -> None:
    tight = sim.reach("hefei", 12, plans=1, draws=1024, seed=3, index=INDEX)
    ahead = sim.reach("hefei", 12, plans=1, draws=1024, seed=3, margin=40, index=INDEX)
    after = ahead["total_after"].to_series()
    assert (after > after["hefei"] - 40 + 1e-9).drop("hefei").sum() < 12
    assert float(ahead["plan_chance"][0]) > float(tight["plan_chance"][0]) + 0.1
    assert float(ahead["plan_effort"][0]) > float(tight["plan_effort"][0])
    # The same random numbers: without any plan nothing differs.
    assert float(tight["chance_before"]) == float(ahead["chance_before"])


def test_the_chance_is_the_share_of_draws_with_the_rank() -> None:
    result = sim.reach("hefei", 12, plans=2, draws=1024, seed=3, index=INDEX)
    own = result["rank_frequency"].sel(city="hefei").values[:12].sum()
    chance, error = float(result["plan_chance"][0]), float(result["plan_chance_se"][0])
    assert chance == pytest.approx(own)
    assert error == pytest.approx(np.sqrt(own * (1 - own) / 1024))
    assert 0.0 < float(result["chance_before"]) < chance


def test_a_wanted_chance_is_had_by_the_smallest_margin() -> None:
    result = sim.reach("hefei", 13, chance="60%", plans=1, draws=1024, seed=3, index=INDEX)
    margin = float(result.attrs["margin"])
    assert float(result["plan_chance"][0]) >= 0.6
    assert margin >= 1.0
    less = sim.reach("hefei", 13, margin=margin - 1.0, plans=1, draws=1024, seed=3, index=INDEX)
    assert float(less["plan_chance"][0]) < 0.6
    with pytest.raises(InputError, match=r"no plan was found that has a chance of 99.9 %; the largest was"):
        sim.reach("zhaoqing", 58, chance=0.999, ceiling=3, draws=1024, seed=3, index=INDEX)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rank": 0}, r"reach.rank: 0 is out of range. Give a number not below 1."),
        ({"rank": 61}, r"reach.rank: there is no rank 61 among 60 cities. Give 1 to 60."),
        ({"rank": 10, "only": ["rd-intensty"]}, "no such indicator. Did you mean rd-intensity"),
        ({"rank": 10, "chance": 1.2}, "1.2 is no chance between 0 and 1. Write 80% or 0.8."),
        ({"rank": 10, "chance": 0.8}, "without draws there are no chances"),
        ({"rank": 10, "price": "3/mile"}, "'mile' is not among the known words"),
        ({"rank": 10, "price": "0.5/unit"}, "too few raw values are known of brand-companies"),
        ({"rank": 10, "prices": {"rd-intensity": "1/unit"}}, "too few raw values of rd-intensity are known"),
    ],
)
def test_bad_goals_are_refused_with_place_and_remedy(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        sim.reach("hefei", **wrong, draws=0, index=INDEX)


def test_values_to_reach_lie_between_the_neighbours() -> None:
    standing = stand(INDEX)
    result = sim.reach("hefei", 12, plans=1, draws=0, index=INDEX)
    own = INDEX.cities.index("hefei")
    for leaf in np.flatnonzero(result["plan_places"].values[0]):
        values, footing = standing.values[leaf], standing.footings[leaf]
        reached = footing.sign * float(result["plan_value"].values[0, leaf])
        passed = int(((np.delete(values, own) >= values[own]) & (np.delete(values, own) < reached)).sum())
        assert passed == int(result["plan_places"].values[0, leaf])
        assert not (values == reached).any()
