"""Consensus of rankings against all permutations, the handbook's tables and closed forms."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.consensus import kemeny as rooms
from simulator.consensus.kemeny import Kemeny, components, improved, kemeny, order_value
from simulator.consensus.prefixes import best_orders
from simulator.consensus.relaxation import OrderProgram
from simulator.consensus.votes import (
    consensus,
    consensus_of_indicators,
    consensus_of_results,
    preferences,
)
from simulator.errors import InputError
from simulator.kernels.arrays import Floats

GOLDEN = Path(__file__).parent.parent / "golden" / "social-choice"
DATA, EXPECTED = pd.read_csv(GOLDEN / "data.csv"), pd.read_csv(GOLDEN / "expected.csv")
seeds = st.integers(0, 2**32 - 1)


def ranking(ranks: Any, weights: Any = None) -> xr.Dataset:
    """Return the consensus of ranks (city, voter)."""
    held = np.asarray(ranks)
    cities, voters = [f"c{k}" for k in range(held.shape[0])], [f"v{k}" for k in range(held.shape[1])]
    given_weights = None if weights is None else xr.DataArray(np.asarray(weights), coords={"voter": voters})
    return consensus(xr.DataArray(held, coords={"city": cities, "voter": voters}), given_weights, most=1000)


def profile(name: str, without: str = "") -> xr.Dataset:
    """Return the consensus of a profile of the handbook, its groups being voters weighted by their size."""
    rows = DATA[DATA["profile"] == name]
    orders = [[city for city in order.split(">") if city not in without] for order in rows["order_best_to_worst"]]
    cities = sorted(orders[0])
    ranks = [[order.index(city) + 1 for order in orders] for city in cities]
    voters = [f"group {group}" for group in rows["group"]]
    weights = xr.DataArray(rows["n_indicators"].to_numpy(), coords={"voter": voters})
    return consensus(xr.DataArray(ranks, coords={"city": cities, "voter": voters}), weights)


def printed(name: str, quantity: str) -> dict[str, float]:
    rows = EXPECTED[(EXPECTED["profile"] == name) & (EXPECTED["quantity"] == quantity)]
    return dict(zip(rows["item"], rows["value"], strict=True))


def orders_of(found: xr.Dataset) -> list[str]:
    """Return the median orders as `a>b>c`."""
    cities = found["city"].values
    return [">".join(cities[np.argsort(ranks)]) for ranks in found["kemeny_orders"].values]


def random_ranks(seed: int, most: int = 7) -> tuple[Floats, Floats]:
    """Return ranks with ties (city, voter) and weights, whole numbers or not."""
    rng = np.random.default_rng(seed)
    n, voters = int(rng.integers(1, most + 1)), int(rng.integers(1, 6))
    ranks = rng.integers(1, n + 1, (n, voters)).astype(np.float64)
    weights = rng.integers(0, 4, voters) + 1.0 if seed % 2 else rng.random(voters)
    return ranks, weights


def distance(order: tuple[int, ...], ranks: Floats, weights: Floats) -> float:
    """Return the weighted pairs that an order contradicts, ties by half, counted one by one."""
    found = 0.0
    for voter, weight in enumerate(weights):
        for first, later in itertools.combinations(order, 2):
            mine, other = ranks[first, voter], ranks[later, voter]
            found += weight * (1.0 if mine > other else 0.5 if mine == other else 0.0)
    return found


@pytest.mark.parametrize(("name", "without"), [("T25", ""), ("T28", ""), ("T31", ""), ("T31_without_d", "d")])
def test_borda_scores_are_those_of_the_handbook(name: str, without: str) -> None:
    found = profile(name.removesuffix("_without_d"), without)
    assert dict(zip(found["city"].values, found["borda"].values, strict=True)) == printed(name, "borda")


def test_the_order_by_majority_of_table_25_is_unanimous_between_copeland_and_kemeny() -> None:
    found = profile("T25")
    (order,) = printed("T25", "condorcet_order")
    assert orders_of(found) == [order] == [">".join(found["city"].values[np.argsort(found["copeland_rank"].values)])]
    assert found.attrs["condorcet_winner"] == order[0]
    assert found.attrs["optima"] == "unique"


def test_preferences_and_support_of_orders_are_those_of_table_28() -> None:
    found = profile("T28")
    preferred = found["preferred"].values
    for pair, weight in (item for kind in ("ab", "bc", "ca") for item in printed("T28", f"outrank_{kind}").items()):
        better, worse = ("abc".index(city) for city in pair.split(">"))
        assert preferred[better, worse] == weight
    support = printed("T28", "kemeny")
    for order, agreed in support.items():
        places = ["abc".index(city) for city in order.split(">")]
        assert sum(preferred[one, other] for one, other in itertools.combinations(places, 2)) == agreed
    assert orders_of(found) == [max(support, key=lambda order: support[order])]
    assert float(found["kemeny_distance"]) == 3 * 60 - max(support.values())
    assert found.attrs["condorcet_winner"] == ""


def test_the_tie_of_table_34_is_reported_as_one() -> None:
    found = profile("T34")
    (tied,) = printed("T34", "kemeny_ties")
    assert sorted(orders_of(found)) == sorted(tied.split("|"))
    assert (found.attrs["optima"], found.attrs["optima_count"], found.attrs["optima_listed"]) == ("several", 3, "all")
    assert found["kemeny_rank_best"].values.tolist() == [1, 1, 1]
    assert found["kemeny_rank_worst"].values.tolist() == [3, 3, 3]
    assert found["borda_rank"].values.tolist() == found["copeland_rank"].values.tolist() == [1, 1, 1]


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_all_median_orders_are_found_that_all_permutations_hold(seed: int) -> None:
    ranks, weights = random_ranks(seed, most=6)
    found = ranking(ranks, weights)
    every = {order: distance(order, ranks, weights) for order in itertools.permutations(range(len(ranks)))}
    least = min(every.values())
    medians = [order for order, far in every.items() if far <= least + 1e-9]
    listed = [tuple(np.argsort(row).tolist()) for row in found["kemeny_orders"].values]
    assert sorted(listed) == sorted(medians)
    assert found.attrs["optima_count"] == len(medians)
    assert found.attrs["optima"] == ("unique" if len(medians) == 1 else "several")
    assert float(found["kemeny_distance"]) == pytest.approx(least, abs=1e-9)
    places = np.argsort(np.array(medians), axis=1) + 1
    assert found["kemeny_rank_best"].values.tolist() == places.min(axis=0).tolist()
    assert found["kemeny_rank_worst"].values.tolist() == places.max(axis=0).tolist()


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_borda_and_copeland_count_what_loops_count(seed: int) -> None:
    ranks, weights = random_ranks(seed)
    found = ranking(ranks, weights)
    n = len(ranks)
    behind, beaten = np.zeros(n), np.zeros(n)
    for one, other in itertools.permutations(range(n), 2):
        won = sum(weight for weight, row in zip(weights, ranks.T, strict=True) if row[one] < row[other])
        lost = sum(weight for weight, row in zip(weights, ranks.T, strict=True) if row[one] > row[other])
        behind[one] += won + (weights.sum() - won - lost) / 2
        beaten[one] += 0 if abs(won - lost) < 1e-9 else np.sign(won - lost)
    np.testing.assert_allclose(found["borda"].values, behind, atol=1e-9)
    assert found["borda"].values.sum() == pytest.approx(weights.sum() * n * (n - 1) / 2)
    assert found["copeland"].values.tolist() == beaten.tolist()
    winner = [f"c{city}" for city in range(n) if beaten[city] == n - 1]
    assert found.attrs["condorcet_winner"] == (winner[0] if winner else "")


def circles(seed: int, n: int) -> Floats:
    """Return margins (n, n) without any agreement, so that most cities stand in one component."""
    rng = np.random.default_rng(seed)
    ranks = rng.integers(1, n + 1, (n, int(rng.integers(2, 9)))).astype(np.float64)
    preferred = preferences(ranks, np.ones(ranks.shape[1]))
    margin: Floats = preferred - preferred.T
    return margin


def same(one: Kemeny, other: Kemeny) -> bool:
    return one.optima == other.optima and one.count == other.count and np.array_equal(one.orders, other.orders)


@pytest.mark.parametrize("seed", range(12))
def test_pairs_fixed_by_the_linear_program_lose_no_optimum(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    margin = circles(seed, 11)
    whole = kemeny(margin, most=10_000)
    monkeypatch.setattr(rooms, "SUBSETS_UP_TO", 2)
    fixed = kemeny(margin, most=10_000)
    assert same(whole, fixed)
    assert fixed.value == fixed.bound == pytest.approx(whole.value)


@pytest.mark.parametrize("seed", range(12))
def test_the_mixed_integer_program_agrees_where_no_prefix_may_be_tried(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    margin = circles(seed, 11)
    whole = kemeny(margin)
    monkeypatch.setattr(rooms, "SUBSETS_UP_TO", 2)
    solved = kemeny(margin, prefixes=1)
    assert solved.optima == whole.optima
    assert solved.value == solved.bound == pytest.approx(whole.value)
    assert all(order_value(margin, np.argsort(order).tolist()) == pytest.approx(whole.value) for order in solved.orders)
    assert (solved.best >= whole.best).all()
    assert (solved.worst <= whole.worst).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_program_tells_one_best_order_by_any_weights_and_several_only_by_whole_ones(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(10, 10))
    margin = drawn - drawn.T
    monkeypatch.setattr(rooms, "SUBSETS_UP_TO", 2)
    assert kemeny(margin, prefixes=1).optima == kemeny(margin).optima == "unique"
    margin[1], margin[:, 1] = margin[0], margin[:, 0]
    margin[0, 1] = margin[1, 0] = margin[1, 1] = 0.0
    assert kemeny(margin).optima == "several"
    assert kemeny(margin, prefixes=1).optima == "not known"
    assert kemeny(np.sign(margin), prefixes=1).optima == "several"


def test_a_search_cut_short_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    margin = np.array(paley(11), np.float64)
    monkeypatch.setattr(rooms, "SUBSETS_UP_TO", 2)
    short = kemeny(margin, prefixes=1, nodes=0)
    whole = best_orders(margin, np.zeros((11, 11), np.bool_), most=10**6)
    assert whole is not None
    assert short.optima == "not known"
    assert short.count is None
    assert short.value <= whole.value <= short.bound


def paley(prime: int) -> list[list[int]]:
    """Return the margins of the tournament in which i beats i plus any square: no order agrees well with it."""
    squares = {k * k % prime for k in range(1, prime)}
    return [[0 if i == j else 1 if (j - i) % prime in squares else -1 for j in range(prime)] for i in range(prime)]


def test_the_bound_of_the_linear_program_holds_and_its_reduced_costs_too() -> None:
    margin = circles(3, 8)
    relaxed = OrderProgram(margin).relax()
    values = {order: order_value(margin, order) for order in itertools.permutations(range(8))}
    assert max(values.values()) <= relaxed.bound + 1e-9
    for one, other in itertools.permutations(range(8), 2):
        if relaxed.loss[one, other] > 0.0:
            turned = max(value for order, value in values.items() if order.index(one) < order.index(other))
            assert turned <= relaxed.bound - relaxed.loss[one, other] + 1e-9


def test_equal_voters_in_a_tie_of_many_have_factorially_many_medians() -> None:
    assert kemeny(np.zeros((12, 12)), most=5).count == 479_001_600
    many = kemeny(np.zeros((20, 20)))
    assert (many.optima, many.count, len(many.orders)) == ("several", None, 2)


def test_sixty_cities_whose_circles_of_three_tie_have_every_combination() -> None:
    margin = np.triu(np.full((60, 60), 5.0), 1)
    for start in range(0, 60, 3):
        margin[start, start + 2] = -5.0
    margin = np.triu(margin, 1) - np.triu(margin, 1).T
    found = kemeny(margin, most=7)
    assert found.count == 3**20
    assert len(found.orders) == 7
    assert [some.tolist() for some in components(margin)] == [[k, k + 1, k + 2] for k in range(0, 60, 3)]
    assert found.best.tolist() == np.repeat(np.arange(1, 61, 3), 3).tolist()


def test_forty_cities_in_one_component_are_proven() -> None:
    rng = np.random.default_rng(5)
    noisy = np.arange(40)[:, np.newaxis] + 40 * rng.normal(size=(40, 50))
    preferred = preferences(noisy, np.ones(50))
    margin = preferred - preferred.T
    found = kemeny(margin)
    assert max(len(some) for some in components(margin)) > rooms.SUBSETS_UP_TO
    assert found.value == found.bound
    for row in found.orders[:3]:
        order = np.argsort(row).tolist()
        assert order_value(margin, order) == found.value
        assert improved(margin, order) == order


def test_a_voter_of_weight_two_is_two_voters() -> None:
    ranks = np.array([[1, 3, 2], [2, 1, 3], [3, 2, 1], [3, 4, 4]])
    weighted, doubled = ranking(ranks, [2.0, 1.0, 1.0]), ranking(ranks[:, [0, 0, 1, 2]])
    for name in ("borda", "copeland", "kemeny_orders", "preferred", "kemeny_distance"):
        np.testing.assert_array_equal(weighted[name].values, doubled[name].values)


def test_indicators_vote_by_their_nominal_weights_or_by_those_given() -> None:
    index = sim.load_index("opportunity-2025")
    nominal = consensus_of_indicators(index)
    assert nominal["voter_weight"].values.sum() == pytest.approx(1.0)
    assert float(nominal["kemeny_distance"]) == float(nominal["kemeny_distance_bound"])
    alone = consensus_of_indicators(index, {"economic-scale": 2.0})
    value = index.matrix["value"].sel(indicator="economic-scale")
    np.testing.assert_array_equal(alone["borda_rank"].values, _ranks(value.values))
    assert "city_name_zh" in alone.coords


def _ranks(values: Floats) -> Floats:
    found: Floats = (values[np.newaxis, :] > values[:, np.newaxis]).sum(axis=1) + 1.0
    return found


def test_faults_name_the_city_and_the_voter() -> None:
    with pytest.raises(InputError, match="c1, voter v0"):
        ranking([[1.0, 2.0], [np.nan, 1.0]])
    with pytest.raises(InputError, match="weight of v1: -1"):
        ranking([[1, 2], [2, 1]], [1.0, -1.0])
    with pytest.raises(InputError, match="all are zero"):
        ranking([[1, 2], [2, 1]], [0.0, 0.0])
    with pytest.raises(InputError, match="nobody"):
        ranking(np.empty((0, 2)))


def test_results_vote_with_their_ranks_after_changes() -> None:
    plain = sim.run("weights-only", draws=50, seed=1, workers=1)
    answer = sim.what_if("hefei", grow={"gdp": "30%"}, draws=50, seed=1)
    found = consensus_of_results({"plain": plain, "grown": answer}, {"grown": 1.0})
    np.testing.assert_array_equal(
        found["borda_rank"].values, answer["rank_after"].sel(city=found["city"].values).values
    )
    with pytest.raises(InputError, match="is no result here"):
        consensus_of_results([plain, plain], {"nobody": 1.0})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"most": 0}, "most: 0 orders cannot be listed. Give 1 or more."),
        ({"most": 2.5}, "most: 2.5 is no whole number"),
        ({"weights": "gdp"}, "weights: 'gdp' is no mapping"),
        ({"weights": {"nothing": "much"}, "most": -1}, "consensus: 3 faults"),
        ({"weights": {"nothing": "much"}}, "weights, nothing: 'much' is no number"),
    ],
)
def test_what_indicators_cannot_be_asked_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        sim.consensus_of_indicators("opportunity-2025", **asked)
    assert message in str(caught.value)
