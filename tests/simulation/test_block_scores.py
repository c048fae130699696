"""Every draw is scored as the slow reference does."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from method_grid import COMBINATIONS, LEVELS, RANKS, leaf, unequal_tree, worded
from slow_reference import assert_as_reference, scored
from small_experiments import experiment_of, kept, make_index, tied_values

from simulator.definition import Definition
from simulator.uncertainty.design import MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import bind


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
    index = make_index(tree, np.array([[4.0], [3.0], [3.0], [1.5]]))
    draws = kept(experiment_of(index, {"leave-out": {"level": "city", "among": ["city-1"]}}, 2))
    np.testing.assert_array_equal(draws.totals[0], [4, np.nan, 3, 1.5])
    error = {"data-error": {"size": 1000, "unit": "places", "ties": "independent"}}
    shuffled = kept(experiment_of(index, error, 50)).totals
    assert {tuple(sorted(row)) for row in shuffled.tolist()} == {(1.5, 3.0, 3.0, 4.0)}
