from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from simulator.construction.encoding import encode, encode_ranking
from simulator.definition import Definition, Indicator, Node
from simulator.errors import DrawError
from simulator.index import Index, build_index, load_index
from simulator.kernels.draws import score_draws
from simulator.simulation.blocks import Draws, Experiment, prepare, run_block, simulate
from simulator.simulation.tally import Tally
from simulator.uncertainty import realisation as realisation_module
from simulator.uncertainty.design import BLOCK, MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import Chunk, Realisation, bind

Array = NDArray[Any]


def make_index(tree: Mapping[str, Any], values: Array, **fields: Any) -> Index:
    definition = Definition.model_validate({"schema_version": 1, "id": "small", "index": tree, **fields})
    coordinates = {
        "city": [f"city-{k}" for k in range(len(values))],
        "indicator": [leaf.id for leaf in definition.indicators],
    }
    return build_index(definition, xr.Dataset({"value": (("city", "indicator"), values)}, coords=coordinates))


def experiment_of(
    index: Index, factors: Mapping[str, Any], draws: int, seed: int = 1, pairs: bool = False, keep: bool = True
) -> Experiment:
    realisation = bind(index, Factors.model_validate(dict(factors)))
    design = MonteCarlo(realisation.choices, (), draws, seed)
    return prepare(index, realisation, design, seed, index.baseline_rank().values, pairs, keep)


def kept(experiment: Experiment, workers: int = 1) -> Draws:
    draws = simulate(experiment, workers)[1]
    assert draws is not None
    return draws


# The reference: one draw scored slowly, from the definition alone.


def oriented(leaf: Indicator, values: Array) -> Array:
    if leaf.direction == "higher":
        return values
    return -values if leaf.direction == "lower" else -np.abs(values - float(leaf.target or 0.0))


def points(x: Array, ties: str, printed: Array | None) -> Array:
    n = len(x)
    if ties == "better":
        return n + 1 - stats.rankdata(-x, "min")
    if ties == "worse":
        return stats.rankdata(x, "min")
    if ties == "mean":
        return stats.rankdata(x, "average")
    if ties == "no-gaps":
        return n + 1 - stats.rankdata(-x, "dense")
    assert printed is not None
    by_place = sorted(printed, reverse=True)
    return np.array([np.mean([by_place[k] for k in range(n) if sorted(x, reverse=True)[k] == own]) for own in x])


def normalised(method: Any, child: Indicator | Node, x: Array, printed: Array | None) -> Array:
    low, high, n = min(x), max(x), len(x)
    match method.method:
        case "none":
            return x
        case "rank":
            return points(x, method.ties, printed)
        case "percentile-rank":
            return (points(x, method.ties, None) - 1) / (n - 1)
        case "z-score":
            if low == high:
                return np.full(n, method.mean)
            return stats.zscore(x, ddof=1 if method.divisor == "n-1" else 0) * method.sd + method.mean
        case "min-max":
            if method.goalposts == "given":
                assert isinstance(child, Indicator)
                assert child.goalposts is not None
                ends = [float(oriented(child, np.array([post]))[0]) for post in child.goalposts]
                low, high = (min(ends), 0.0) if child.direction == "target" else (min(ends), max(ends))
            if low == high:
                return np.full(n, np.mean(method.to))
            share = (x - low) / (high - low)
            share = np.clip(share, 0, 1) if method.capped else share
            return method.to[0] + share * (method.to[1] - method.to[0])
        case "distance-to-best":
            return np.ones(n) if low == high else 1 - (high - x) / (high - low)
    assert isinstance(child, Indicator)
    target = float(oriented(child, np.array([child.target]))[0])
    share = (x - low) / (target - low) if target > low else np.ones(n)
    return np.minimum(share, 1) if method.capped else share


def median_of(scores: Array, shares: Array) -> float:
    order = np.argsort(scores)
    cumulated = np.cumsum(shares[order])
    below = int(np.flatnonzero(cumulated > 0.5 - 1e-9)[0])
    above = int(np.flatnonzero(cumulated > 0.5 + 1e-9)[0])
    return float((scores[order][below] + scores[order][above]) / 2)


def ranks_of(totals: Array, ties: str, tolerance: float) -> Array:
    margin = tolerance * (totals.max() - totals.min())
    group = np.zeros(len(totals), int)
    number, first = 0, None
    for city in np.argsort(-totals, kind="stable"):
        if first is None or first - totals[city] > margin:
            number, first = number + 1, totals[city]
        group[city] = number
    return stats.rankdata(group, {"better": "min", "worse": "max", "no-gaps": "dense"}[ties]).astype(int)


class Reference:
    """Scores one draw by recursion, with nothing of the kernels."""

    def __init__(
        self, definition: Definition, values: Array, weights: Array | None, leaf_in: Array, printed: xr.DataArray
    ) -> None:
        leaves = [leaf.id for leaf in definition.indicators]
        self.values = dict(zip(leaves, values, strict=True))
        self.weights = None if weights is None else dict(zip(leaves, weights, strict=True))
        self.present = dict(zip(leaves, leaf_in, strict=True))
        self.printed = printed
        self.definition = definition

    def scale(self, child: Indicator | Node, parent: Node | None) -> float:
        """Score of a child, as its parent takes it, if all its indicators score 1."""
        if isinstance(child, Indicator) or (parent is not None and parent.normalise.method != "none"):
            return 1.0
        weights = np.array([one.weight for one in child.children])
        if child.aggregate.method != "sum":
            weights = weights / weights.sum()
        return float(sum(w * self.scale(one, child) for w, one in zip(weights, child.children, strict=True)))

    def weight(self, child: Indicator | Node) -> float:
        if isinstance(child, Indicator):
            if not self.present[child.id]:
                return 0.0
            return child.weight if self.weights is None else float(self.weights[child.id])
        below = sum(self.weight(one) for one in child.children)
        return below if self.weights is not None or below == 0 else child.weight

    def raw(self, child: Indicator | Node) -> Array:
        return oriented(child, self.values[child.id]) if isinstance(child, Indicator) else self.score(child)

    def score(self, node: Node) -> Array:
        children = [child for child in node.children if self.weight(child) > 0]
        weights = np.array([self.weight(child) for child in children])
        shares = weights / weights.sum()
        scores = np.array(
            [
                normalised(
                    node.normalise,
                    child,
                    self.raw(child),
                    self.printed.sel(slot=child.id).values if child.id in self.printed.slot.values else None,
                )
                for child in children
            ]
        )
        method = node.aggregate.method
        if method == "geometric":
            return stats.gmean(scores, weights=shares[:, None])
        if method == "harmonic":
            return stats.hmean(scores, weights=shares[:, None])
        if method == "median":
            return np.array([median_of(column, shares) for column in scores.T])
        if self.weights is not None:
            scales = np.array([self.scale(child, node) for child in children])
            return self.scale(node, None) * (shares / scales) @ scores
        return (weights if method == "sum" else shares) @ scores


def assert_as_reference(index: Index, realisation: Realisation, chunk: Chunk, totals: Array, ranks: Array) -> None:
    """Compare every draw of a chunk with the reference."""

    def row(table: Array, draw: int) -> Array:
        return table[draw if len(table) > 1 else 0]

    for draw, variant in enumerate(chunk.variant):
        definition = realisation.variants[variant]
        who = np.flatnonzero(row(chunk.city_in, draw))
        reference = Reference(
            definition,
            row(chunk.values, draw)[:, who],
            row(chunk.leaf_weight, draw) if realisation.samplers else None,
            row(chunk.leaf_in, draw),
            index.printed.isel(city=who),
        )
        expected = reference.score(definition.index)
        np.testing.assert_allclose(totals[draw, who], expected, rtol=1e-9, atol=1e-9)
        rule = definition.ranking
        np.testing.assert_array_equal(ranks[draw, who], ranks_of(expected, rule.ties, rule.tolerance))
        out = np.flatnonzero(~row(chunk.city_in, draw))
        assert np.isnan(totals[draw, out]).all()
        assert (ranks[draw, out] == 0).all()


def scored(index: Index, realisation: Realisation, chunk: Chunk) -> tuple[Array, Array]:
    n = len(index.cities)
    totals, ranks = np.empty((len(chunk.variant), n)), np.empty((len(chunk.variant), n), np.int64)
    failed = score_draws(
        encode(realisation.variants, index.printed),
        chunk.variant,
        chunk.values,
        chunk.leaf_weight,
        bool(realisation.samplers),
        chunk.leaf_in,
        chunk.city_in,
        *encode_ranking(index.definition.ranking),
        totals,
        ranks,
    )
    assert failed == -1
    return totals, ranks


def leaf(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "unit": "points", "goalposts": [2.0, 9.0], "target": 8.0, **more}


def unequal_tree(normalise: Any, aggregate: str, again: bool, directions: bool) -> dict[str, Any]:
    """Branches of three, two and one; `again`: the scores of inner nodes are normalised once more."""
    method = {"normalise": normalise, "aggregate": aggregate}
    above = method if again else {"aggregate": aggregate}
    lower = {"direction": "lower"} if directions else {}
    target = {"direction": "target", "target": 5.0} if directions else {}
    deep = {"id": "deep", **method, "children": [leaf("c1"), leaf("c2", weight=3.0, **target)]}
    wide = {"id": "wide", "weight": 2.0, **method, "children": [leaf("a1"), leaf("a2", **lower), leaf("a3", weight=2)]}
    nested = {"id": "nested", **above, "children": [leaf("b1", weight=0.5), deep]}
    return {"id": "root", **above, "children": [wide, nested, leaf("alone", weight=1.5)]}


LEVELS = ("index", "dimension", "variable", "indicator")
BELOW_ZERO = ({"method": "distance-to-target"}, {"method": "distance-to-target", "capped": True}, "distance-to-best")
RANKS = tuple({"method": "rank", "ties": ties} for ties in ("better", "worse", "mean", "no-gaps", "as-published"))
ABOVE_ZERO = (
    "none",
    *RANKS,
    {"method": "z-score", "mean": 100, "sd": 10},
    {"method": "z-score", "mean": 100, "sd": 10, "divisor": "n"},
    {"method": "min-max", "to": [1, 100]},
    {"method": "min-max", "to": [1, 100], "goalposts": "given", "capped": True},
)
REACH_ZERO = (
    *({"method": "percentile-rank", "ties": ties} for ties in ("better", "worse", "mean", "no-gaps")),
    "z-score",
    "min-max",
    {"method": "min-max", "goalposts": "given"},
    *BELOW_ZERO,
)
COMBINATIONS = [
    *itertools.product(ABOVE_ZERO, ("sum", "arithmetic", "geometric", "harmonic", "median")),
    *itertools.product(REACH_ZERO, ("sum", "arithmetic", "median")),
]


def worded(value: Any) -> str:
    return value if isinstance(value, str) else " ".join(str(part) for part in value.values())


def varied(drawn: bool, leaves_out: bool, cities_out: bool, error: bool) -> dict[str, Any]:
    """Return the factors that are asked for."""
    factors: dict[str, Any] = {}
    if drawn:
        factors["weights"] = {"method": "dirichlet", "concentration": 2}
    if error:
        factors["data-error"] = {"size": 0.05, "unit": "relative"}
    out = [{"level": "indicator", "count": 2}, {"level": "variable", "probability": 0.5}] if leaves_out else []
    factors["leave-out"] = [*out, *([{"level": "city", "count": 3}] if cities_out else [])]
    return factors


def tied_values(seed: int, cities: int = 9, leaves: int = 7) -> Array:
    return np.random.default_rng(seed).integers(1, 10, (cities, leaves)).astype(float)


@pytest.mark.parametrize(("normalise", "aggregate"), COMBINATIONS, ids=worded)
def test_every_draw_is_scored_as_the_slow_reference_does(normalise: Any, aggregate: str) -> None:
    turned = not (normalise == "none" and aggregate in ("geometric", "harmonic"))
    tree = unequal_tree(normalise, aggregate, again=False, directions=turned)
    if normalise != "none":
        # The total must not be swayed by one raw value alone; a normalised branch of one has its own test below.
        tree["children"] = tree["children"][:2]
    seed = COMBINATIONS.index((normalise, aggregate))
    for number, case in enumerate(itertools.product((False, True), repeat=4)):
        index = make_index(tree, tied_values(16 * seed + number, leaves=7 if normalise == "none" else 6), levels=LEVELS)
        realisation = bind(index, Factors.model_validate(varied(*case)))
        design = MonteCarlo(realisation.choices, (), 6, seed)
        for _, chunk in realisation.chunks(design, seed, 0):
            assert_as_reference(index, realisation, chunk, *scored(index, realisation, chunk))
