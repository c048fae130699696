"""Matrices with blank cells, scored by the kernels and by plain loops."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.construction.encoding import encode
from simulator.construction.scoring import Chunk, Scored, as_defined, score_chunk
from simulator.definition import Definition, Node
from simulator.kernels.arrays import Flags, Floats
from simulator.kernels.blanks import score_draws_with_blanks
from simulator.kernels.tree import NOTHING_LEFT
from simulator.preparation import Refuse

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

NORMALISE: dict[str, Any] = {
    "none": "none",
    "rank": {"method": "rank", "ties": "mean"},
    "percentile-rank": {"method": "percentile-rank", "ties": "worse"},
    "z-score": "z-score",
    "min-max": {"method": "min-max", "to": [1, 9]},
    "distance-to-best": "distance-to-best",
}
MEANS = ("sum", "arithmetic", "geometric", "harmonic", "median")
ANY_SCORE = ("sum", "arithmetic", "median")
POSITIVE = ("none", "rank", "min-max")
CITIES = 7


def define(normalise: str, below: str, above: str) -> Definition:
    parts = [("p", [1.0, 2.0, 0.0], 2.0), ("q", [1.0, 1.0], 1.0)]
    children = [
        {
            "id": name,
            "weight": weight,
            "normalise": NORMALISE[normalise],
            "aggregate": below,
            "children": [
                {
                    "id": f"{name}{k}",
                    "weight": one,
                    "direction": "lower" if k == 1 and normalise != "none" else "higher",
                }
                for k, one in enumerate(weights)
            ],
        }
        for name, weights, weight in parts
    ]
    root = {"id": "all", "aggregate": above, "children": [*children, {"id": "r"}]}
    document = {"schema_version": 1, "id": "t", "imputation": "share-weight", "levels": ["index", "part", "indicator"]}
    return Definition.model_validate({**document, "index": root})


def no_points(cities: int) -> xr.DataArray:
    return xr.DataArray(np.empty((cities, 0)), dims=("city", "slot"), coords={"city": range(cities), "slot": []})


def normalise_list(how: str, values: list[float]) -> list[float]:
    n = len(values)
    if how == "rank":
        return [n - sum(o > v for o in values) - 0.5 * (values.count(v) - 1) for v in values]
    if how == "percentile-rank":
        return [sum(o < v for o in values) / (n - 1) if n > 1 else 1.0 for v in values]
    if how == "z-score":
        sd = statistics.stdev(values) if n > 1 else 0.0
        return [(v - statistics.fmean(values)) / sd if sd > 0.0 else 0.0 for v in values]
    low, high = min(values), max(values)
    if how == "min-max":
        return [1.0 + 8.0 * ((v - low) / (high - low) if high > low else 0.5) for v in values]
    if how == "distance-to-best":
        return [1.0 - (high - v) / (high - low) if high > low else 1.0 for v in values]
    return values


def mean(how: str, pairs: list[tuple[float, float]], whole: float) -> float:
    """Aggregate (weight, score) of what is present of children that weigh `whole` together."""
    present = sum(weight for weight, _ in pairs)
    weights, scores = [weight / present for weight, _ in pairs], [score for _, score in pairs]
    if how == "sum":
        return whole * sum(w * x for w, x in zip(weights, scores, strict=True))
    if how == "median":
        ranked = sorted(zip(scores, weights, strict=True))
        reached = [math.fsum(w for _, w in ranked[: k + 1]) for k in range(len(ranked))]
        lower = next(x for (x, _), r in zip(ranked, reached, strict=True) if r > 0.5 - 1e-9)
        upper = next(x for (x, _), r in zip(ranked, reached, strict=True) if r > 0.5 + 1e-9)
        return (lower + upper) / 2
    if how == "geometric":
        return math.exp(sum(w * math.log(x) for w, x in zip(weights, scores, strict=True)))
    if how == "harmonic":
        return 1.0 / sum(w / x for w, x in zip(weights, scores, strict=True))
    return sum(w * x for w, x in zip(weights, scores, strict=True))


def totals_by_loops(definition: Definition, values: Floats, here: Flags, kept: Flags) -> list[float]:
    """Score means city by city over what is present, by the weights of the definition."""
    scores: dict[tuple[str, int], float] = {}
    cities = [city for city in range(values.shape[1]) if here[city]]
    for k, leaf in enumerate(definition.indicators):
        how = str(definition.node(definition.ancestors[leaf.id][-1]).normalise.method)
        own = [city for city in cities if not math.isnan(values[k, city])]
        sign = -1.0 if leaf.direction == "lower" else 1.0
        if kept[k] and own:
            found = normalise_list(how, [sign * values[k, city] for city in own])
            scores |= {(leaf.id, city): score for city, score in zip(own, found, strict=True)}
    left = {leaf.id: bool(kept[k]) for k, leaf in enumerate(definition.indicators)}
    for node in definition.nodes:
        left[node.id] = any(left[child.id] and child.weight > 0.0 for child in node.children)
        taking = [child for child in node.children if left[child.id] and child.weight > 0.0]
        whole = sum(weight_in_sum(child) for child in taking)
        for city in cities:
            pairs = [(child, scores[child.id, city]) for child in taking if (child.id, city) in scores]
            if pairs and node.aggregate.method == "sum":
                # In points: a child that is a sum itself is worth as many as it has.
                there = sum(weight_in_sum(child) for child, _ in pairs)
                scores[node.id, city] = sum(child.weight * score for child, score in pairs) * whole / there
            elif pairs:
                weighted = [(child.weight, score) for child, score in pairs]
                scores[node.id, city] = mean(node.aggregate.method, weighted, 1.0)
    return [scores.get((definition.index.id, city), math.nan) for city in range(values.shape[1])]


def weight_in_sum(child: Any) -> float:
    """Return what a child of a sum adds where every indicator scores 1."""
    inner = isinstance(child, Node) and child.aggregate.method == "sum"
    return float(child.weight) * (sum(one.weight for one in child.children) if inner else 1.0)


def ranks_of(totals: list[float]) -> list[int]:
    return [0 if math.isnan(one) else 1 + sum(other > one for other in totals) for one in totals]


def scored(definition: Definition, values: Floats, **others: Any) -> Scored:
    draws = len(values)
    leaves, n = values.shape[1:]
    chunk = {
        "variant": np.zeros(draws, np.int64),
        "values": values,
        "leaf_weight": np.zeros((1, leaves)),
        "drawn": np.zeros(1, np.bool_),
        "leaf_in": np.ones((1, leaves), np.bool_),
        "city_in": np.ones((1, n), np.bool_),
    }
    return score_chunk(encode([definition], no_points(n)), definition.ranking, Chunk(**{**chunk, **others}))


def gapped(seed: int, share: float = 0.3, draws: int = 4) -> tuple[Floats, Flags, Flags]:
    """Values of some draws, quarters between 1 and 9, with the cities and the indicators that take part."""
    rng = np.random.default_rng(seed)
    values = rng.integers(4, 37, (draws, 6, CITIES)) / 4.0
    values[rng.random(values.shape) < share] = np.nan
    here, kept = rng.random((draws, CITIES)) < 0.8, rng.random((draws, 6)) < 0.8
    here[:, :3], kept[:, [0, 5]] = True, True
    values[:, 5, 0] = 2.0
    return values, here, kept


@pytest.mark.parametrize("above", MEANS)
@pytest.mark.parametrize("below", MEANS)
@pytest.mark.parametrize("normalise", NORMALISE)
def test_draws_are_those_of_plain_loops(normalise: str, below: str, above: str) -> None:
    if normalise not in POSITIVE and not {below, above} <= set(ANY_SCORE):
        pytest.skip("undefined where scores reach zero")
    definition = define(normalise, below, above)
    for seed in range(5):
        values, here, kept = gapped(seed)
        found = scored(definition, values, city_in=here, leaf_in=kept)
        assert found.failed == -1
        for draw in range(len(values)):
            expected = totals_by_loops(definition, values[draw], here[draw], kept[draw])
            assert found.totals[draw] == pytest.approx(expected, rel=1e-10, abs=1e-10, nan_ok=True)
            assert (found.ranks[draw] == 0).tolist() == np.isnan(expected).tolist()
            ordered = [one if math.isnan(one) else round(one, 9) for one in expected]
            assert found.ranks[draw].tolist() == ranks_of(ordered)


@pytest.mark.parametrize("normalise", NORMALISE)
def test_values_that_serve_all_draws_and_values_of_each_draw_score_the_same(normalise: str) -> None:
    definition = define(normalise, "arithmetic", "arithmetic")
    values, _, _ = gapped(3, draws=1)
    weights = np.random.default_rng(0).dirichlet(np.ones(6), 20)
    how = {"variant": np.zeros(20, np.int64), "leaf_weight": weights, "drawn": np.ones(1, np.bool_)}
    shared = scored(definition, values, **how)
    each = scored(definition, np.repeat(values, 20, axis=0), **how)
    assert shared.totals.tobytes() == each.totals.tobytes()
    assert shared.ranks.tobytes() == each.ranks.tobytes()


def test_drawn_weights_are_shared_among_what_is_there() -> None:
    definition = define("none", "arithmetic", "arithmetic")
    values, _, _ = gapped(5, draws=1)
    weights = np.random.default_rng(1).dirichlet(np.ones(6), 1)
    found = scored(definition, values, leaf_weight=weights, drawn=np.ones(1, np.bool_)).totals[0]
    w, x = weights[0], values[0]
    for city in range(CITIES):
        parts = []
        for rows in ([0, 1, 2], [3, 4], [5]):
            there = [row for row in rows if not math.isnan(x[row, city])]
            if there:
                score = sum(w[row] * x[row, city] for row in there) / sum(w[row] for row in there)
                parts.append((sum(w[row] for row in rows), score))
        expected = sum(weight * score for weight, score in parts) / sum(weight for weight, _ in parts)
        assert found[city] == pytest.approx(expected, rel=1e-12)


@given(st.sampled_from(list(NORMALISE)), st.sampled_from(MEANS), st.sampled_from(MEANS), st.integers(0, 2**32 - 1))
@compiling
def test_without_blanks_bits_are_those_of_ordinary_draws(normalise: str, below: str, above: str, seed: int) -> None:
    if normalise not in POSITIVE and not {below, above} <= set(ANY_SCORE):
        return
    definition = define(normalise, below, above)
    plan = encode([definition], no_points(CITIES))
    rng = np.random.default_rng(seed)
    values = rng.lognormal(size=(3, 6, CITIES)) + 0.5
    here, kept = rng.random((3, CITIES)) < 0.8, rng.random((3, 6)) < 0.8
    here[:, 0], kept[:, 5] = True, True
    usual = scored(definition, values, city_in=here, leaf_in=kept)
    normalised, scores = np.zeros((plan.weight.size, CITIES)), np.empty((3, CITIES))
    totals, rounding, keys = np.empty((3, CITIES)), np.empty(3), np.empty((3, CITIES), np.uint64)
    ranked = np.empty((3, CITIES), np.bool_)
    own = (np.zeros(3, np.int64), values, np.zeros((1, 6)), np.zeros(1, np.bool_), kept, here)
    assert score_draws_with_blanks(plan, *own, normalised, scores, totals, rounding, keys, ranked) == -1
    assert totals.tobytes() == usual.totals.tobytes()
    assert ranked.tolist() == here.tolist()


def test_a_city_of_which_nothing_that_weighs_is_known_has_no_rank() -> None:
    definition = define("z-score", "arithmetic", "arithmetic")
    values, _, _ = gapped(0, share=0.0, draws=1)
    values[0, [0, 1, 3, 4, 5], 2] = np.nan  # what is left weighs nothing
    found = scored(definition, values)
    assert math.isnan(found.totals[0, 2])
    assert sorted(found.ranks[0].tolist()) == list(range(CITIES))
    assert found.ranks[0, 2] == 0


def test_where_no_city_has_anything_nothing_is_left() -> None:
    definition = define("none", "sum", "sum")
    assert scored(definition, np.full((1, 6, CITIES), np.nan)).failed == NOTHING_LEFT


def test_a_blank_cell_does_not_make_a_mean_undefined_but_a_zero_does() -> None:
    definition = define("none", "geometric", "arithmetic")
    values, _, _ = gapped(1, draws=1)
    assert scored(definition, values).failed == -1
    values[0, 0, 0] = 0.0
    assert scored(definition, values).failed == 0


def test_plans_of_ordinary_indices_know_no_blanks() -> None:
    definition = define("none", "sum", "sum")
    ordinary = definition.replace(imputation=Refuse())
    values = np.ones((6, CITIES))
    assert encode([definition], no_points(CITIES)).blanks
    assert not encode([ordinary], no_points(CITIES)).blanks
    assert score_chunk(encode([ordinary], no_points(CITIES)), ordinary.ranking, as_defined(values)).failed == -1
