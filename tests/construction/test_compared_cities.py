"""Indices whose nodes compare cities, or take generalised means: scores, studies, what-ifs, and what refuses them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import simulator as sim
from simulator.consensus.votes import copeland, preferences
from simulator.errors import DrawError, InputError
from simulator.index import Index, build_index
from simulator.kernels.arrays import Floats

CITIES = [f"c{k}" for k in range(9)]
COMPARING = ["copeland", "outranking"]


def values(seed: int = 4) -> Floats:
    return np.random.default_rng(seed).integers(1, 12, (9, 5)) / 4.0


def index_of(over: Any, under: Any = "arithmetic", normalise: Any = "none", held: Floats | None = None) -> Index:
    parts = [
        {"id": "p", "weight": 2, "children": [{"id": "a"}, {"id": "b", "weight": 3}, {"id": "c"}]},
        {"id": "q", "children": [{"id": "d"}, {"id": "e"}]},
    ]
    children = [{**part, "normalise": normalise, "aggregate": under} for part in parts]
    document = {"schema_version": 1, "id": "small", "imputation": "share-weight"}
    matrix = xr.DataArray(
        values() if held is None else held,
        coords={"city": CITIES, "indicator": list("abcde")},
        dims=("city", "indicator"),
    )
    return build_index({**document, "index": {"id": "all", "aggregate": over, "children": children}}, matrix)


def flows(scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Outranking flows and Copeland scores by a plain loop over cities; what either of two lacks is left out."""
    n = len(scores)
    share = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(n):
            both = ~np.isnan(scores[i] + scores[j])
            ahead = (scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j])
            share[i, j] = (weights * ahead)[both].sum() / weights[both].sum() if both.any() else 0.5
    there = ~np.isnan(scores).all(axis=1)
    others = there[np.newaxis] & ~np.eye(n, dtype=bool)
    flow = (share * others).sum(axis=1) / others.sum(axis=1)
    net = (np.sign(np.round(share - 0.5, 9)) * others).sum(axis=1)
    return np.where(there, flow, np.nan), np.where(there, net, np.nan)


@pytest.mark.parametrize("blank", [False, True])
def test_cities_are_compared_by_the_scores_that_enter(blank: bool) -> None:
    held = values()
    if blank:
        held[[0, 3, 3, 5], [0, 1, 4, 3]] = np.nan
        held[5, 4] = np.nan
        held[7] = np.nan
    for number, method in enumerate(["outranking", "copeland"]):
        scored = index_of(method, held=held).score()
        nodes = scored["score"].sel(node=["p", "q"]).values
        expected = flows(nodes, np.array([2.0, 1.0]))[number]
        assert scored["total"].values == pytest.approx(expected, nan_ok=True)
        below = index_of("arithmetic", method, held=held).score()["score"].sel(node="p").values
        expected = flows(held[:, :3], np.array([1.0, 3.0, 1.0]))[number]
        assert below == pytest.approx(expected, nan_ok=True)


def test_copeland_scores_are_those_of_the_consensus_of_indicators() -> None:
    scored = sim.load_index("opportunity-2025").score()
    columns = scored["normalised"].transpose("city", "indicator")
    leaves = [{"id": str(leaf)} for leaf in columns["indicator"].values]
    document = {"schema_version": 1, "id": "flat", "levels": ["index", "indicator"]}
    index = build_index({**document, "index": {"id": "all", "aggregate": "copeland", "children": leaves}}, columns)
    ranks = (-columns).to_pandas().rank().to_numpy()
    assert index.score()["total"].values.tolist() == copeland(preferences(ranks, np.ones(len(leaves)))).tolist()


def test_differences_by_rounding_do_not_put_a_city_ahead() -> None:
    held = np.ones((9, 5))
    held[:, 0] = [0.1 + 0.2, 0.3, *np.linspace(1, 2, 7)]
    held[:, 1] = held[:, 2] = 0.0
    for method, tied in (("copeland", -7.0), ("outranking", None)):
        total = index_of(method, "sum", held=held).score()["total"].values
        assert total[0] == total[1]
        assert tied is None or total[0] == tied


def study(**others: Any) -> dict[str, Any]:
    return {"schema_version": 1, "name": "t", "index": "small", "draws": 300, "seed": 3, "keep-draws": True, **others}


@pytest.mark.parametrize("blank", [False, True])
def test_a_study_draws_them_as_they_are_scored(blank: bool) -> None:
    held = values()
    held[2, 1] = np.nan if blank else held[2, 1]
    methods = [*COMPARING, {"method": "generalised", "power": 0.5}, {"method": "generalised", "power": -2.0}]
    index = index_of("arithmetic", held=held)
    result = sim.run(study(factors={"aggregation": methods}), index=index, workers=1)
    seen = set()
    for draw in range(60):
        name = str(result["draw_aggregation"].values[draw])
        method = next(m for m in methods if name == (m if isinstance(m, str) else f"generalised power={m['power']:g}"))
        expected = index.score({"aggregation": {"index": method}})
        assert result["total_by_draw"].values[draw] == pytest.approx(expected["total"].values)
        assert result["rank_by_draw"].values[draw].tolist() == expected["rank"].values.tolist()
        seen.add(name)
    assert len(seen) == 4


@pytest.mark.parametrize("method", COMPARING)
def test_draws_without_a_city_are_indices_of_the_others(method: str) -> None:
    index = index_of(method)
    result = sim.run(study(factors={"leave-out": [{"level": "city"}]}), index=index, workers=1)
    for draw in range(20):
        totals = result["total_by_draw"].values[draw]
        there = [city for city, total in zip(CITIES, totals, strict=True) if not np.isnan(total)]
        assert len(there) == 8
        assert totals[~np.isnan(totals)].tolist() == index.select(there).score()["total"].values.tolist()


@pytest.mark.parametrize("method", [*COMPARING, {"method": "generalised", "power": 2}])
def test_what_needs_totals_that_add_up_refuses_them(method: Any) -> None:
    index = index_of(method)
    for asked in (
        lambda: sim.extreme_ranks(index, "indicator"),
        lambda: sim.weight_stability(index, "indicator"),
        lambda: sim.acceptability(index, "indicator"),
        lambda: sim.importance(index, "indicator"),
        lambda: sim.neighbours(index, "indicator"),
    ):
        with pytest.raises(InputError, match="aggregation is not linear in the weights"):
            asked()
    with pytest.raises(InputError, match=r"does not add up in its .* aggregation"):
        sim.reach("c3", 1, index=index)


@pytest.mark.parametrize("method", COMPARING)
def test_a_what_if_scores_every_city_anew(method: str) -> None:
    index = index_of(method)
    answer = sim.what_if("c3", add={"b": 2.0}, index=index, draws=10, workers=1)
    changed = values()
    changed[3, 1] += 2.0
    after = index_of(method, held=changed).score()
    assert answer["rank_after"].values.tolist() == after["rank"].values.tolist()
    assert answer["total_after"].values.tolist() == after["total"].values.tolist()
    assert (after["total"].values != index.score()["total"].values).sum() > 1  # a rival's total moves too


def test_means_of_powers_say_which_scores_they_cannot_take() -> None:
    held = values()
    held[2, 3] = -1.0
    with pytest.raises(DrawError, match=r"generalised mean of q met a score below zero \(of d\)"):
        index_of("arithmetic", {"method": "generalised", "power": 2}, held=held).score()
    with pytest.raises(DrawError, match=r"generalised mean of q met a score that is not above zero \(of d\)"):
        index_of("arithmetic", {"method": "generalised", "power": 0}, held=held).score()
    index = index_of("arithmetic", normalise="z-score")
    with pytest.raises(InputError, match="mean of all is undefined for scores that reach zero or below"):
        sim.run(study(recipe={"aggregation": {"index": {"method": "generalised", "power": -0.5}}}), index=index)
    with pytest.raises(InputError, match="generalised mean of all is undefined for"):
        sim.run(study(factors={"aggregation": ["arithmetic", {"method": "generalised", "power": 0.5}]}), index=index)
