from __future__ import annotations

import itertools
from collections.abc import Mapping
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
from simulator.simulation.tally import UNIT, Tally
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
    return prepare(index, realisation, design, seed, index.published_rank().values, pairs, keep)


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
        self.balanced = False
        """Whether scores that rounding may tell apart are normalised again: then neither order is the right one."""

    def scale(self, child: Indicator | Node, parent: Node | None) -> float:
        """Score of a child, as its parent takes it, if all its indicators score 1."""
        if isinstance(child, Indicator) or (parent is not None and parent.normalise.method != "none"):
            return 1.0
        weights = np.array([one.weight for one in child.children])
        if child.aggregate.method != "sum":
            weights = weights / weights.sum()
        return float(sum(w * self.scale(one, child) for w, one in zip(weights, child.children, strict=True)))

    def weight(self, child: Indicator | Node) -> float:
        """Weight among its siblings, whether or not anything below is left out."""
        if self.weights is None:
            return child.weight
        if isinstance(child, Indicator):
            return float(self.weights[child.id])
        return sum(self.weight(one) for one in child.children)

    def counts(self, child: Indicator | Node) -> bool:
        """Whether anything of weight is left of a child."""
        below = self.present[child.id] if isinstance(child, Indicator) else any(map(self.counts, child.children))
        return bool(below) and self.weight(child) > 0

    def raw(self, child: Indicator | Node, parent: Node) -> Array:
        if isinstance(child, Indicator):
            return oriented(child, self.values[child.id])
        scores = self.score(child)
        near = bool((np.diff(np.sort(scores)) < 1e-9).any())
        exactly = bool((2 * scores == np.round(2 * scores)).all())
        self.balanced |= parent.normalise.method != "none" and near and not exactly
        return scores

    def score(self, node: Node) -> Array:
        children = [child for child in node.children if self.counts(child)]
        weights = np.array([self.weight(child) for child in children])
        shares = weights / weights.sum()
        of_all = weights / sum(self.weight(child) for child in node.children)
        scores = np.array(
            [
                normalised(
                    node.normalise,
                    child,
                    self.raw(child, node),
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
            return self.scale(node, None) * ((of_all if method == "sum" else shares) / scales) @ scores
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
            row(chunk.leaf_weight, draw) if row(chunk.drawn, draw) else None,
            row(chunk.leaf_in, draw),
            index.printed.isel(city=who),
        )
        expected = reference.score(definition.index)
        if reference.balanced:
            continue
        np.testing.assert_allclose(totals[draw, who], expected, rtol=1e-9, atol=1e-9)
        rule = definition.ranking
        if np.ptp(expected) > 1e-9:  # below that, rounding alone orders cities that are equal
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
        chunk.drawn,
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


@pytest.mark.parametrize("normalise", [*RANKS[:4], "z-score", "min-max", "distance-to-best"], ids=worded)
@pytest.mark.parametrize("aggregate", ["sum", "arithmetic", "median"])
def test_scores_of_nodes_are_normalised_again_where_their_parent_says_so(normalise: Any, aggregate: str) -> None:
    """As in the 2025 report: points are added within a variable and ranked again."""
    tree = unequal_tree(normalise, aggregate, again=True, directions=True)
    for number, case in enumerate(itertools.product((False, True), repeat=4)):
        index = make_index(tree, tied_values(number), levels=LEVELS)
        realisation = bind(index, Factors.model_validate(varied(*case)))
        for _, chunk in realisation.chunks(MonteCarlo(realisation.choices, (), 8, 3), 3, 0):
            assert_as_reference(index, realisation, chunk, *scored(index, realisation, chunk))


def test_drawn_weights_count_nodes_ranked_again_on_the_scale_of_their_new_ranks() -> None:
    """Two variables ranked again have one scale, so a weight near one half each gives the plain mean of both."""
    again = {"method": "rank", "ties": "better"}
    tree = {
        "id": "root",
        "normalise": again,
        "children": [
            {"id": "three", "normalise": again, "children": [{"id": "a"}, {"id": "b"}, {"id": "c"}]},
            {"id": "one", "normalise": again, "children": [{"id": "d"}]},
        ],
    }
    index = make_index(tree, tied_values(0, 8, 4), levels=("index", "variable", "indicator"))
    weights = {"method": "dirichlet", "concentration": 1e12, "centre": "equal", "over": "variable"}
    drawn = kept(experiment_of(index, {"weights": weights}, 2)).totals
    plain = index.score()["total"].values
    share = (drawn - drawn.min()) / np.ptp(drawn)
    np.testing.assert_allclose(share[0], (plain - plain.min()) / np.ptp(plain), atol=1e-4)


@pytest.mark.parametrize("top", ["sum", "arithmetic", "geometric", "harmonic"])
@pytest.mark.parametrize("below", ["sum", "arithmetic", "geometric"])
@pytest.mark.parametrize("leave_out", [[], [{"level": "indicator", "count": 2}]], ids=["all", "without two"])
def test_random_weights_that_hardly_vary_come_to_the_same_as_those_defined(
    below: str, top: str, leave_out: list[Any]
) -> None:
    tree = unequal_tree({"method": "min-max", "to": [1, 100]}, below, again=False, directions=True)
    tree["children"] = tree["children"][:2]
    index = make_index(tree, tied_values(3, leaves=6), levels=LEVELS)
    factors = {"aggregation": [top], "leave-out": leave_out}
    defined = kept(experiment_of(index, factors, 20)).totals
    drawn = kept(
        experiment_of(index, {**factors, "weights": {"method": "dirichlet", "concentration": 1e13}}, 20)
    ).totals
    np.testing.assert_allclose(drawn, defined, rtol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12), st.sampled_from(["better", "worse", "no-gaps"]))
def test_all_factors_at_once_are_scored_as_the_slow_reference_does(seed: int, cities: int, ties: str) -> None:
    random = np.random.default_rng(seed)
    number = 0

    def grown(depth: int) -> list[dict[str, Any]]:
        nonlocal number
        children: list[dict[str, Any]] = []
        for _ in range(int(random.integers(1, 4))):
            number += 1
            one: dict[str, Any] = leaf(f"x{number}", weight=float(random.integers(1, 4)))
            one |= {"direction": str(random.choice(["higher", "lower"]))}
            if depth < 2 and random.random() < 0.4:
                one = {"id": f"n{number}", "normalise": RANKS[0], "children": grown(depth + 1)}
            children.append(one)
        return children

    first = {"id": "first", "normalise": RANKS[1], "children": grown(1)}
    tree = {"id": "root", "children": [first, {"id": "second", "normalise": RANKS[4], "children": [leaf("last")]}]}
    definition = Definition.model_validate({"schema_version": 1, "id": "t", "index": tree, "levels": LEVELS})
    values = tied_values(seed, cities, len(definition.indicators))
    index = make_index(tree, values, levels=LEVELS, ranking={"ties": ties})
    factors: dict[str, Any] = {
        "data-error": [{"size": 1, "unit": "places", "ties": "independent"}, {"size": 0.5, "unit": "sd"}],
        "normalisation": ["as-defined", "z-score", {"method": "min-max", "to": [1, 100]}],
        "ties": ["mean", "no-gaps"],
        "weights": ["as-defined", {"method": "uniform", "percent": 50}, {"method": "equal"}],
        "aggregation": {"at": "dimension", "alternatives": ["as-defined", "arithmetic", "median"]},
        "leave-out": [{"level": "indicator"}, {"level": "city", "probability": 0.5}],
    }
    realisation = bind(index, Factors.model_validate(factors))
    assert len(realisation.variants) == 18
    for _, chunk in realisation.chunks(MonteCarlo(realisation.choices, (), 40, seed), seed, 0):
        assert_as_reference(index, realisation, chunk, *scored(index, realisation, chunk))


def test_a_total_that_is_rounded_first_ties_after_rounding() -> None:
    values = np.array([[3.04], [2.96], [2.94], [1.0]])
    index = make_index({"id": "root", "children": [{"id": "x"}]}, values, ranking={"ties": "better", "decimals": 1})
    factors = {"leave-out": {"level": "city", "among": ["city-3"]}}
    draws = kept(experiment_of(index, factors, 2))
    assert draws.ranks.tolist() == [[1, 1, 3, 0]] * 2
    assert draws.totals[0, :3].tolist() == [3.04, 2.96, 2.94]


def test_points_as_published_are_the_printed_numbers_of_the_cities_that_take_part() -> None:
    tree = {"id": "root", "normalise": RANKS[4], "children": [leaf("x")]}
    index = make_index(tree, np.array([[60.0], [50.0], [50.0], [5.0]]))
    draws = kept(experiment_of(index, {"leave-out": {"level": "city", "among": ["city-1"]}}, 2))
    np.testing.assert_array_equal(draws.totals[0], [60, np.nan, 50, 5])
    error = {"data-error": {"size": 1000, "unit": "places", "ties": "independent"}}
    shuffled = kept(experiment_of(index, error, 50)).totals
    assert {tuple(sorted(row)) for row in shuffled.tolist()} == {(5.0, 50.0, 50.0, 60.0)}


# Convention 8: randomness is a pure function of seed and block.


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


EVERYTHING: dict[str, Any] = {
    "data-error": {"size": 2, "unit": "places"},
    "weights": ["as-defined", {"method": "dirichlet", "concentration": 10}],
    "normalisation": ["as-defined", "z-score"],
    "leave-out": [{"level": "variable", "probability": 0.5}, {"level": "city", "count": 2, "probability": 0.5}],
}


def assert_equal_tallies(left: Tally, right: Tally) -> None:
    assert left.draws == right.draws
    assert left.moments == right.moments
    for name in ("counts", "shifts", "tier_kept", "pairs"):
        assert getattr(left, name).tobytes() == getattr(right, name).tobytes(), name
    assert [one.tolist() for one in left.chosen] == [one.tolist() for one in right.chosen]


def test_any_number_of_workers_gives_the_same_tally_and_draws(published: Index) -> None:
    experiment = experiment_of(published, EVERYTHING, 3 * BLOCK + 17, pairs=True)
    tally, draws = simulate(experiment, 1)
    assert draws is not None
    assert tally.draws == len(draws.ranks) == 3 * BLOCK + 17
    for workers in (2, 3):
        other, also = simulate(experiment, workers)
        assert also is not None
        assert_equal_tallies(tally, other)
        for name in ("totals", "ranks", "alternatives"):
            assert getattr(draws, name).tobytes() == getattr(also, name).tobytes()


def test_blocks_may_run_in_any_order_and_more_than_once(published: Index) -> None:
    experiment = experiment_of(published, EVERYTHING, 2 * BLOCK + 5, pairs=True)
    forward = [run_block(experiment, block)[0] for block in (0, 1, 2)]
    backward = [run_block(experiment, block)[0] for block in (2, 1, 0)]
    for one, other in zip(forward, reversed(backward), strict=True):
        assert_equal_tallies(one, other)
    assert [one.draws for one in forward] == [BLOCK, BLOCK, 5]
    assert_equal_tallies(forward[0] + forward[1] + forward[2], simulate(experiment, 2)[0])


def test_more_draws_begin_with_the_same_draws(published: Index) -> None:
    few = kept(experiment_of(published, EVERYTHING, BLOCK))
    more = kept(experiment_of(published, EVERYTHING, BLOCK + 100))
    np.testing.assert_array_equal(few.totals, more.totals[:BLOCK])


@pytest.mark.parametrize("cells", [1, 3000 * 7, 3000 * 1023, 10**9])
def test_the_size_of_a_chunk_changes_nothing(published: Index, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    factors = EVERYTHING | {
        "data-error": [
            {"size": 2, "unit": "places"},
            {"size": 1, "unit": "places", "distribution": "triangular", "indicators": ["rd-intensity"]},
            {"size": 1, "unit": "places", "distribution": "uniform", "ties": "independent"},
        ]
    }
    draws = 300 if cells == 1 else BLOCK + 30
    experiment = experiment_of(published, factors, draws)
    expected, of_chunks = simulate(experiment)
    assert of_chunks is not None
    monkeypatch.setattr(realisation_module, "CHUNK_CELLS", cells)
    tally, draws_again = simulate(experiment)
    assert draws_again is not None
    assert_equal_tallies(expected, tally)
    assert of_chunks.totals.tobytes() == draws_again.totals.tobytes()


def test_seeds_give_different_draws_and_nought_is_one_of_them(published: Index) -> None:
    totals = [kept(experiment_of(published, EVERYTHING, 10, seed)).totals for seed in (0, 1, 2**53, 0)]
    assert not any(np.array_equal(totals[a], totals[b], equal_nan=True) for a, b in ((0, 1), (0, 2), (1, 2)))
    np.testing.assert_array_equal(totals[0], totals[3])


def test_no_two_draws_or_blocks_are_alike(published: Index) -> None:
    totals = kept(experiment_of(published, {"weights": {"method": "dirichlet", "concentration": 1}}, 2 * BLOCK)).totals
    assert len(np.unique(totals, axis=0)) == 2 * BLOCK


# What a study without anything to vary gives, and what cannot be scored.


@pytest.mark.parametrize("factors", [{}, {"data-error": {"size": 0, "unit": "places"}}, {"ties": ["as-published"]}])
def test_nothing_varied_gives_the_printed_ranks_in_every_draw(published: Index, factors: dict[str, Any]) -> None:
    assert published.published is not None
    tally, draws = simulate(experiment_of(published, factors, 50))
    assert draws is not None
    assert (draws.ranks == published.published["rank"].values).all()
    assert (draws.totals == published.published["total"].values).all()
    assert tally.shifts.sum() == 0
    assert tally.moments == ((0, 0), (50 * UNIT, 50 * UNIT), (50 * UNIT, 50 * UNIT))


def test_progress_is_told_after_every_block(published: Index) -> None:
    told: list[tuple[int, int]] = []
    simulate(experiment_of(published, {}, 2 * BLOCK + 1), 2, lambda done, total: told.append((done, total)))
    assert told == [(BLOCK, 2 * BLOCK + 1), (2 * BLOCK, 2 * BLOCK + 1), (2 * BLOCK + 1, 2 * BLOCK + 1)]


def test_draws_are_kept_only_where_asked_for(published: Index) -> None:
    assert simulate(experiment_of(published, {}, 5, keep=False))[1] is None


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("method", ["geometric", "harmonic"])
def test_a_draw_that_cannot_be_scored_is_an_error(published: Index, workers: int, method: str) -> None:
    """Convention 10."""
    experiment = experiment_of(published, {"normalisation": ["z-score"], "aggregation": [method]}, 2 * BLOCK)
    with pytest.raises(DrawError, match=method):
        simulate(experiment, workers)


def test_a_draw_that_leaves_every_indicator_out_is_an_error() -> None:
    """Convention 10: not a draw in which all cities come first together."""
    branches = [{"id": "a", "children": [{"id": "x"}]}, {"id": "b", "children": [{"id": "y"}]}]
    index = make_index({"id": "root", "children": branches}, tied_values(0, 5, 2))
    factors = {"leave-out": [{"level": "dimension"}, {"level": "indicator"}]}
    with pytest.raises(DrawError):
        simulate(experiment_of(index, factors, 50))


def test_data_and_index_stay_as_they_were(published: Index) -> None:
    """Convention 9."""
    matrix, printed, definition = published.matrix.copy(deep=True), published.printed.copy(deep=True), str(published)
    experiment = experiment_of(published, EVERYTHING, 100)
    before = experiment.realisation.base.copy()
    simulate(experiment, 2)
    xr.testing.assert_identical(published.matrix, matrix)
    xr.testing.assert_identical(published.printed, printed)
    assert str(published) == definition
    np.testing.assert_array_equal(experiment.realisation.base, before)


def test_a_baseline_of_ones_own_is_what_shifts_are_counted_from(published: Index) -> None:
    experiment = experiment_of(published, {}, 4)
    turned = replace(experiment, baseline=61 - np.argsort(np.argsort(experiment.baseline)) - 1)
    tally, draws = simulate(turned)
    assert draws is not None
    assert tally.shifts[:, 0].tolist() == (4 * np.abs(draws.ranks[0] - turned.baseline)).tolist()
