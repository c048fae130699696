"""The engine equals the plain labelled pipeline draw by draw: from the same values the same scores and ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from labelled_pipeline import Array, assert_as_labelled, mass, score_draw
from method_grid import ABOVE_ZERO, COMBINATIONS, LEVELS, RANKS, REACH_ZERO, leaf, unequal_tree, worded
from slow_reference import assert_as_reference
from small_experiments import make_index

from simulator.construction.recipe import Recipe, apply_recipe, with_equal_weights
from simulator.construction.scoring import Chunk
from simulator.definition import Definition
from simulator.errors import DrawError
from simulator.index import Index
from simulator.kernels.ranking import PAIRS_PAY_UP_TO
from simulator.simulation.blocks import prepare, simulate
from simulator.uncertainty.design import Design, Exhaustive, MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import Realisation, bind

WEIGHTS = (
    "as-defined",
    "equal",
    {"method": "equal", "over": "dimension"},
    {"method": "given", "weights": {"a1": 3.0, "c1": 0.0, "deep": 0.25}},
    {"method": "dirichlet", "concentration": 1},
    {"method": "dirichlet", "concentration": 0.05, "centre": "equal", "over": "variable"},
    {"method": "uniform", "percent": 50},
    {"method": "uniform", "percent": 100, "over": "dimension"},
)
SIZES = (9, 66, 501)
"""Of cities: some, more than a word has bits, and more than are compared pair by pair."""

STAYS_POSITIVE = {"size": 0.4, "unit": "places", "distribution": "uniform"}
TOTAL_TIES = ("better", "worse", "no-gaps")


def run(index: Index, realisation: Realisation, design: Design, seed: int) -> tuple[Chunk, Array, Array]:
    """Simulate and keep the draws; return the chunk they came from, which must be all of them."""
    experiment = prepare(index, realisation, design, seed, np.arange(1, len(index.cities) + 1), False, True)
    draws = simulate(experiment)[1]
    assert draws is not None
    ((alternatives, chunk),) = realisation.chunks(design, seed, 0)
    np.testing.assert_array_equal(alternatives, draws.alternatives)
    return chunk, draws.totals, draws.ranks


def every_weighting(realisation: Realisation, seed: int) -> Exhaustive:
    """A design that takes every weighting once and the other alternatives at random, each of several in turn."""
    random = np.random.default_rng(seed)
    columns = [
        np.arange(len(WEIGHTS)) if choice.factor == "weights" else random.integers(0, len(choice.labels), len(WEIGHTS))
        for choice in realisation.choices
    ]
    return Exhaustive(np.stack(columns, axis=1))


def tied_values(seed: int, cities: int, leaves: int) -> Array:
    """Whole numbers: few among few cities, more of them among many, always with ties."""
    return np.random.default_rng(seed).integers(1, max(cities // 2, 5), (cities, leaves)).astype(float)


@pytest.mark.parametrize(("normalise", "aggregate"), COMBINATIONS, ids=worded)
def test_every_method_under_every_weighting_is_scored_as_the_labelled_call_does(normalise: Any, aggregate: str) -> None:
    """Values with error but tied cities still tied; indicators and cities left out; each place totals may share."""
    assert SIZES[1] <= PAIRS_PAY_UP_TO < SIZES[2]
    seed = COMBINATIONS.index((normalise, aggregate))
    raw = normalise == "none"
    tree = unequal_tree(normalise, aggregate, again=False, directions=not raw)
    if not raw:
        tree["children"] = tree["children"][:2]
    factors = {
        "data-error": {"size": 0.02, "unit": "relative"} if raw else STAYS_POSITIVE,
        "weights": WEIGHTS,
        "leave-out": [
            {"level": "variable", "probability": 0.5},
            {"level": "city", "probability": 0.7, "among": ["city-0", "city-5"]},
        ],
    }
    ties_met = 0
    for number, n in enumerate(SIZES):
        ranking = {"ties": TOTAL_TIES[(seed + number) % 3]}
        values = tied_values(3 * seed + number, n, 7 if raw else 6)
        values[1] = values[0]  # twins: however their scores are added up, they share a place
        index = make_index(tree, values, levels=LEVELS, ranking=ranking)
        realisation = bind(index, Factors.model_validate(factors))
        chunk, totals, ranks = run(index, realisation, every_weighting(realisation, seed + number), seed)
        assert len(chunk.values) == len(chunk.drawn) == len(WEIGHTS)
        assert_as_labelled(index, realisation, chunk, totals, ranks)
        both = chunk.city_in[:, 0] & chunk.city_in[:, 1]
        assert (ranks[both, 0] == ranks[both, 1]).all()
        ties_met += int(both.sum())
    assert ties_met > 0


@pytest.mark.parametrize("normalise", [*RANKS[:4], "z-score", "min-max", "distance-to-best"], ids=worded)
@pytest.mark.parametrize("aggregate", ["sum", "arithmetic", "median"])
def test_so_are_nodes_that_are_normalised_again_and_values_that_serve_all_draws(normalise: Any, aggregate: str) -> None:
    tree = unequal_tree(normalise, aggregate, again=True, directions=True)
    for number, n in enumerate(SIZES):
        index = make_index(tree, tied_values(number, n, 7), levels=LEVELS, ranking={"ties": TOTAL_TIES[number]})
        leave_out = {"level": "city", "count": 3, "probability": 0.6}
        factors = {"weights": WEIGHTS, "leave-out": leave_out}
        realisation = bind(index, Factors.model_validate(factors))
        chunk, totals, ranks = run(index, realisation, every_weighting(realisation, number), 5)
        assert len(chunk.values) == 1
        assert_as_labelled(index, realisation, chunk, totals, ranks)


@pytest.mark.parametrize("below", ["sum", "arithmetic", "geometric", "harmonic", "median"])
@pytest.mark.parametrize("top", ["sum", "arithmetic", "geometric", "harmonic", "median"])
def test_so_are_branches_of_unequal_scale_of_which_some_are_left_out(top: str, below: str) -> None:
    """A sum of three scores up to 300 beside one of two and a single indicator: a mean above shares what is missing."""
    method = {"normalise": {"method": "min-max", "to": [1, 100]}, "aggregate": below}
    children = [
        {"id": "three", **method, "weight": 2.0, "children": [leaf("a1"), leaf("a2", weight=2.0), leaf("a3")]},
        {"id": "two", **method, "children": [leaf("c1"), leaf("c2", weight=0.5)]},
        {"id": "one", **method, "children": [leaf("deep", weight=3.0)]},
    ]
    index = make_index({"id": "root", "aggregate": top, "children": children}, tied_values(3, 12, 6), levels=LEVELS)
    for leave_out in ({"level": "dimension"}, {"level": "indicator", "count": 3}):
        realisation = bind(index, Factors.model_validate({"weights": WEIGHTS, "leave-out": leave_out}))
        for seed in range(2):
            chunk, totals, ranks = run(index, realisation, every_weighting(realisation, seed), seed)
            assert_as_labelled(index, realisation, chunk, totals, ranks)
            assert_as_reference(index, realisation, chunk, totals, ranks)


# Any tree, any methods in it, any factors.

GENERAL_WEIGHTS = [one for one in WEIGHTS if not (isinstance(one, dict) and one["method"] == "given")]
SAFE_AGAIN = [*RANKS[:4], *REACH_ZERO[:6], ABOVE_ZERO[6], ABOVE_ZERO[8], "distance-to-best"]
"""Normalisations of nodes too, which have neither goalposts nor a target nor printed points."""


@st.composite
def trees(draw: st.DrawFn, positive: bool) -> dict[str, Any]:
    """Up to three levels of unequal branches, each node with its own methods; `positive`: also means that need it."""
    count = iter(range(100))
    again = [method for method in SAFE_AGAIN if not positive or method in ABOVE_ZERO]
    below = [*ABOVE_ZERO[1:]] if positive else [*ABOVE_ZERO, *REACH_ZERO]
    aggregates = ["sum", "arithmetic", "median", *(["geometric", "harmonic"] if positive else [])]

    def entry(depth: int) -> dict[str, Any]:
        weight = draw(st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.0]))
        if depth > 0 and (depth == 3 or draw(st.booleans())):
            direction = draw(st.sampled_from(["higher", "lower", "target"]))
            return leaf(f"i{next(count)}", weight=weight, direction=direction)
        children = [entry(depth + 1) for _ in range(draw(st.integers(1, 3)))]
        children[0]["weight"] = 1.0
        inner = any("children" in child for child in children)
        normalise = draw(st.sampled_from([*again, "none"] if inner else below))
        aggregate = draw(st.sampled_from(aggregates))
        one = {"id": f"n{next(count)}", "weight": weight, "children": children}
        return {**one, "normalise": normalise, "aggregate": aggregate}

    return {**entry(0), "weight": 1.0}


def columns_of_any_kind(random: np.random.Generator, n: int, leaves: int) -> Array:
    """Printed points: whole numbers, thirds, and one and the same number."""
    columns = []
    for kind in random.integers(0, 4, leaves):
        whole, few, thirds = (random.integers(low, high + 1, n) for low, high in ((1, n), (1, min(n, 4)), (3, 3 * n)))
        columns.append([whole, few, thirds / 3.0, np.full(n, whole[0])][kind].astype(float))
    return np.stack(columns, axis=1)


@st.composite
def factors_of(draw: st.DrawFn, positive: bool, leaves: Sequence[str]) -> dict[str, Any]:
    methods = ABOVE_ZERO if positive else (*ABOVE_ZERO, *REACH_ZERO)
    safe = [method for method in SAFE_AGAIN if method in methods]
    given_weights = {name: draw(st.sampled_from([0.1, 1.0, 4.0])) for name in leaves[::2]}
    weightings = [*GENERAL_WEIGHTS, {"method": "given", "weights": given_weights}]
    factors: dict[str, Any] = {"weights": draw(st.lists(st.sampled_from(weightings), min_size=1, unique_by=str))}
    if draw(st.booleans()):
        alternatives = ["as-defined", *draw(st.lists(st.sampled_from(safe), min_size=1, max_size=2, unique_by=str))]
        factors["normalisation"] = alternatives
    if draw(st.booleans()):
        factors["ties"] = ["better", "worse", "mean", "no-gaps"]
    if draw(st.booleans()):
        means = ["geometric", "harmonic"] if positive else []
        factors["aggregation"] = {"at": "dimension", "alternatives": ["as-defined", "arithmetic", "sum", *means]}
    errors = {
        "none": [],
        "shared": [{"size": 0.1, "unit": "sd"}],
        "own": [{"size": 0.3, "unit": "places", "ties": "independent", "distribution": "uniform"}],
        "two": [{"size": 0.02, "unit": "relative"}, {"size": 0.2, "unit": "sd", "ties": "independent"}],
    }
    factors["data-error"] = errors[draw(st.sampled_from(sorted(errors)))]
    omitted: list[dict[str, Any]] = [{"level": "city", "count": 2, "probability": 0.6}]
    if len(leaves) > 1:
        omitted.append({"level": "indicator", "probability": 0.5})
    factors["leave-out"] = [one for one in omitted if draw(st.booleans())]
    return factors


def labelled_refuses(index: Index, realisation: Realisation, chunk: Chunk) -> bool:
    for draw in range(len(chunk.variant)):
        try:
            score_draw(index, realisation, chunk, draw)
        except DrawError:
            return True
    return False


@st.composite
def studies(draw: st.DrawFn) -> tuple[Index, dict[str, Any], int]:
    """An index, factors and a seed."""
    positive = draw(st.booleans())
    n = draw(st.one_of(st.integers(4, 12), st.sampled_from([63, 64, 65, 127, 128, 129, 140])))
    ranking = {
        "ties": draw(st.sampled_from(TOTAL_TIES)),
        "tolerance": draw(st.sampled_from([1e-9, 1e-9, 1.37e-3, 0.0437])),  # no difference of points is just that
        "decimals": draw(st.sampled_from([None, None, 0, 2])),
    }
    tree, seed = draw(trees(positive)), draw(st.integers(0, 2**32))
    definition = Definition.model_validate({"schema_version": 1, "id": "t", "index": tree, "levels": LEVELS})
    leaves = [one.id for one in definition.indicators]
    values = columns_of_any_kind(np.random.default_rng(seed), n, len(leaves))
    return make_index(tree, values, levels=LEVELS, ranking=ranking), draw(factors_of(positive, leaves)), seed


@settings(max_examples=60, deadline=None)
@given(studies())
def test_any_study_is_scored_as_the_labelled_call_does_or_refused_by_both(
    study: tuple[Index, dict[str, Any], int],
) -> None:
    index, factors, seed = study
    realisation = bind(index, Factors.model_validate(factors))
    design = MonteCarlo(realisation.choices, (), 6, seed)
    try:
        chunk, totals, ranks = run(index, realisation, design, seed)
    except DrawError:
        ((_, chunk),) = realisation.chunks(design, seed, 0)
        event("refused")
        assert labelled_refuses(index, realisation, chunk)
        return
    assert_as_labelled(index, realisation, chunk, totals, ranks)


# What a user calls: an index and a recipe.


@pytest.mark.parametrize("aggregate", ["sum", "arithmetic", "geometric", "harmonic", "median"])
@pytest.mark.parametrize("n", SIZES)
def test_alternatives_without_error_are_what_the_index_scores_by_a_recipe(aggregate: str, n: int) -> None:
    methods: Sequence[Any] = [{"method": "rank", "ties": "mean"}, {"method": "min-max", "to": [1, 100]}, ABOVE_ZERO[6]]
    tree = unequal_tree(RANKS[0], "arithmetic", again=False, directions=True)
    tree["children"] = tree["children"][:2]
    index = make_index(tree, tied_values(n, n, 6), levels=LEVELS)
    factors = {
        "weights": ["as-defined", "equal"],
        "normalisation": ["as-defined", *methods],
        "ties": ["worse", "no-gaps"],
        "aggregation": {"at": "dimension", "alternatives": [aggregate]},
    }
    realisation = bind(index, Factors.model_validate(factors))
    combinations = np.array([[w, m, t, 0] for w in range(2) for m in range(4) for t in range(2)])
    chunk, totals, ranks = run(index, realisation, Exhaustive(combinations), 1)
    assert len(chunk.values) == 1
    for draw, (weighting, method, ties, _) in enumerate(combinations):
        recipe = {
            "normalisation": (["as-defined", *methods])[method],
            "ties": ("worse", "no-gaps")[ties],
            "aggregation": {"dimension": aggregate},
        }
        labelled = index.score(recipe)
        scale = 1.0
        if weighting:  # a sum has another scale under other weights, where drawn ones keep that of the variant
            variant = apply_recipe(index.definition, Recipe.model_validate(recipe))
            equal = with_equal_weights(variant, "indicator")
            labelled = index.with_definition(equal).score()
            assert np.ptp(labelled["nominal_weight"].values) < 1e-15
            scale = mass(variant.index) / mass(equal.index)
            assert scale == 1.0 or aggregate == "sum"
        np.testing.assert_allclose(totals[draw], scale * labelled["total"].values, rtol=1e-9, atol=1e-9)
        assert ranks[draw].tolist() == labelled["rank"].values.tolist()


def test_the_labelled_call_is_told_apart() -> None:
    """A draw compared with a definition of other weights, methods or values would be seen."""
    tree = unequal_tree(RANKS[2], "arithmetic", again=False, directions=True)
    tree["children"] = tree["children"][:2]
    index = make_index(tree, tied_values(1, 9, 6), levels=LEVELS)
    error = {"size": 1, "unit": "places"}
    factors = {"data-error": error, "weights": WEIGHTS, "normalisation": ["as-defined", "z-score"]}
    realisation = bind(index, Factors.model_validate(factors))
    chunk, totals, _ = run(index, realisation, MonteCarlo(realisation.choices, (), 40, 1), 1)
    scored = [score_draw(index, realisation, chunk, draw)["total"].values for draw in range(40)]
    apart = [np.abs(totals[one] - scored[other]).max() for one in range(40) for other in range(40) if one != other]
    assert min(apart) > 1e-6
