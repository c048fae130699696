from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.construction.composite import score
from simulator.construction.encoding import encode
from simulator.construction.recipe import with_normalisation, with_ties
from simulator.definition import Definition
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.draws import pack_leaves, rank_draws, score_draws
from simulator.kernels.keys import Keys
from simulator.kernels.normalisation import by_rank
from simulator.kernels.ranking import BETTER
from simulator.kernels.tree import Plan
from simulator.methods import MinMax, ZScore

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

NO_KEYS = np.empty((0, 1), np.uint64)
CITIES = [f"c{k}" for k in range(7)]
LEAVES = ["a", "b", "c", "d"]


@pytest.fixture(scope="module")
def definition() -> Definition:
    """Points summed in groups of three and one, with printed points behind one indicator."""
    document: dict[str, Any] = {
        "schema_version": 1,
        "id": "t",
        "index": {
            "id": "total",
            "children": [
                {
                    "id": "x",
                    "normalise": {"method": "rank", "ties": "as-published"},
                    "children": [
                        {"id": "a", "unit": "points"},
                        {"id": "b", "unit": "points"},
                        {"id": "c", "unit": "points"},
                    ],
                },
                {
                    "id": "y",
                    "normalise": {"method": "rank", "ties": "better"},
                    "children": [{"id": "d", "direction": "target", "target": 3, "weight": 2}],
                },
            ],
        },
    }
    return Definition.model_validate(document)


@pytest.fixture(scope="module")
def values() -> Floats:
    return np.random.default_rng(5).integers(1, 8, (len(LEAVES), len(CITIES))).astype(float)


@pytest.fixture(scope="module")
def printed(values: Floats) -> xr.DataArray:
    return xr.DataArray(values[:3].T, dims=("city", "slot"), coords={"city": CITIES, "slot": LEAVES[:3]})


def scored(definition: Definition, values: Floats, printed: xr.DataArray, cities: list[str]) -> xr.Dataset:
    """Score some of the cities as if there were no others."""
    matrix = xr.Dataset({"value": (("city", "indicator"), values.T)}, coords={"city": CITIES, "indicator": LEAVES})
    return score(definition, matrix.sel(city=cities), printed.sel(city=cities))


def run(
    plan: Plan,
    values: Floats,
    variant: list[int],
    weights: Floats | None = None,
    leaf_in: Flags | None = None,
    city_in: Flags | None = None,
) -> tuple[Floats, Integers]:
    cities = np.ones((1, values.shape[2]), np.bool_) if city_in is None else city_in
    indicators = np.ones((1, values.shape[1]), np.bool_) if leaf_in is None else leaf_in
    found = []
    # Values that serve all draws are counted when they are normalised; others may be, but need not.
    for keys in [NO_KEYS, *([leaf_keys(plan, variant, values, cities)] if len(values) > 1 else [])]:
        totals, rounding, total_keys, *_, failed = scores_of(plan, variant, values, weights, indicators, cities, keys)
        assert failed == -1
        ranks = np.full(totals.shape, -1, np.int64)
        total_keys.sort(axis=1)
        rank_draws(totals, rounding, total_keys, cities, BETTER, 1e-9, -1, ranks)
        found.append((totals, ranks))
    assert len({(totals.tobytes(), ranks.tobytes()) for totals, ranks in found}) == 1
    return found[0]


def leaf_keys(plan: Plan, variant: list[int], values: Floats, city_in: Flags) -> Keys:
    methods = plan.normalisation[variant, : values.shape[1]]
    keys = np.zeros((sum(by_rank(int(method)) for method in methods.flat), values.shape[2]), np.uint64)
    pack_leaves(plan, np.array(variant, np.int64), values, city_in, keys)
    return np.sort(keys, axis=1)


def scores_of(
    plan: Plan, variant: list[int], values: Floats, weights: Floats | None, leaf_in: Flags, city_in: Flags, keys: Keys
) -> tuple[Floats, Floats, Keys, Floats, Floats, int]:
    """Totals, what of them is rounding, their keys, what enters each node and the nodes' scores in the last draw."""
    draws, n = len(variant), values.shape[2]
    slots = plan.weight.size
    normalised, scores = np.full((slots, n), np.nan), np.full((slots - values.shape[1], n), np.nan)
    totals, rounding, total_keys = np.full((draws, n), -1.0), np.full(draws, np.nan), np.zeros((draws, n), np.uint64)
    failed = score_draws(
        plan,
        np.array(variant, np.int64),
        values,
        np.zeros((1, values.shape[1])) if weights is None else weights,
        np.array([weights is not None]),
        leaf_in,
        city_in,
        keys,
        normalised,
        scores,
        totals,
        rounding,
        total_keys,
    )
    return totals, rounding, total_keys, normalised, scores, failed


def test_a_draw_of_nothing_random_is_the_index_itself(
    definition: Definition, values: Floats, printed: xr.DataArray
) -> None:
    plan = encode([definition], printed)
    expected = scored(definition, values, printed, CITIES)
    totals, ranks = run(plan, values[np.newaxis], [0, 0, 0])
    assert totals.tolist() == [expected["total"].to_numpy().tolist()] * 3
    assert ranks.tolist() == [expected["rank"].to_numpy().tolist()] * 3
    everything = np.ones((1, 4), np.bool_), np.ones((1, 7), np.bool_)
    for count in (1, 3):
        *_, normalised, scores, _ = scores_of(plan, [0] * count, values[np.newaxis], None, *everything, NO_KEYS)
        assert normalised[:4].T.tolist() == expected["normalised"].to_numpy().tolist()
        assert scores.T.tolist() == expected["score"].to_numpy().tolist()


@given(st.lists(st.lists(st.booleans(), min_size=7, max_size=7).filter(any), min_size=1, max_size=4))
@compiling
def test_a_city_left_out_is_as_if_it_had_never_been(
    definition: Definition, values: Floats, printed: xr.DataArray, presence: list[list[bool]]
) -> None:
    city_in = np.array(presence)
    totals, ranks = run(encode([definition], printed), values[np.newaxis], [0] * len(presence), city_in=city_in)
    for draw, present in enumerate(presence):
        left = [city for city, there in zip(CITIES, present, strict=True) if there]
        expected = scored(definition, values, printed, left)
        assert totals[draw, city_in[draw]].tolist() == expected["total"].to_numpy().tolist()
        assert ranks[draw, city_in[draw]].tolist() == expected["rank"].to_numpy().tolist()
        assert np.isnan(totals[draw, ~city_in[draw]]).all()
        assert (ranks[draw, ~city_in[draw]] == 0).all()


def test_one_set_of_cities_may_serve_all_draws(definition: Definition, values: Floats, printed: xr.DataArray) -> None:
    plan = encode([definition], printed)
    some = np.array([[True, False, True, True, False, True, True]])
    once = run(plan, values[np.newaxis], [0, 0], city_in=some)
    each = run(plan, values[np.newaxis], [0, 0], city_in=np.repeat(some, 2, axis=0))
    assert np.array_equal(once[0], each[0], equal_nan=True)
    assert np.array_equal(once[1], each[1])


def test_every_draw_has_its_own_variant_values_and_weights(
    definition: Definition, values: Floats, printed: xr.DataArray
) -> None:
    variants = [definition, with_ties(definition, "mean"), with_normalisation(definition, ZScore())]
    plan = encode(variants, printed)
    generator = np.random.default_rng(8)
    order = [2, 0, 1, 1, 2, 0]
    drawn_values = generator.integers(1, 8, (6, *values.shape)).astype(float)
    weights = generator.dirichlet([1.0] * 4, 6)
    leaf_in = np.array([[True, True, draw % 2 == 0, True] for draw in range(6)])
    totals, ranks = run(plan, drawn_values, order, weights, leaf_in)
    for draw, variant in enumerate(order):
        only = np.flatnonzero(leaf_in[draw])
        x = scored(variants[variant], drawn_values[draw], printed, CITIES)["normalised"].to_numpy()[:, only]
        w = weights[draw, only]
        # A plain sum of three indicators of weight 1 and one of weight 2 keeps the scale 5, but for what is left out.
        assert totals[draw] == pytest.approx(5 * (x @ w), rel=1e-12)
        higher = totals[draw][np.newaxis, :] > totals[draw][:, np.newaxis] + 1e-8
        assert ranks[draw].tolist() == (1 + higher.sum(axis=1)).tolist()


def test_values_that_serve_all_draws_are_normalised_alike_in_each(
    definition: Definition, values: Floats, printed: xr.DataArray
) -> None:
    plan = encode([definition, with_normalisation(definition, MinMax(to=(1.0, 9.0)))], printed)
    order = [1, 0, 1, 1, 0]
    weights = np.random.default_rng(9).dirichlet([1.0] * 4, 5)
    shared = run(plan, values[np.newaxis], order, weights)
    repeated = run(plan, np.repeat(values[np.newaxis], 5, axis=0), order, weights)
    assert shared[0].tolist() == repeated[0].tolist()
    assert shared[1].tolist() == repeated[1].tolist()
    alone = [run(plan, values[np.newaxis], [variant], weights[[k]])[0][0] for k, variant in enumerate(order)]
    assert shared[0].tolist() == [row.tolist() for row in alone]


def test_the_order_of_draws_changes_none(definition: Definition, values: Floats, printed: xr.DataArray) -> None:
    plan = encode([definition], printed)
    generator = np.random.default_rng(10)
    drawn = values + generator.integers(0, 3, (5, *values.shape))
    city_in = generator.uniform(size=(5, len(CITIES))) < 0.8
    forward = run(plan, drawn, [0] * 5, city_in=city_in)
    backward = run(plan, drawn[::-1].copy(), [0] * 5, city_in=city_in[::-1].copy())
    assert np.array_equal(forward[0], backward[0][::-1], equal_nan=True)
    assert np.array_equal(forward[1], backward[1][::-1])


def test_a_draw_whose_mean_is_undefined_names_its_node() -> None:
    document = {
        "schema_version": 1,
        "id": "t",
        "levels": ["index", "indicator"],
        "index": {"id": "total", "aggregate": "geometric", "children": [{"id": "a"}, {"id": "b"}]},
    }
    nothing = xr.DataArray(np.empty((2, 0)), dims=("city", "slot"), coords={"city": ["p", "q"], "slot": []})
    plan = encode([Definition.model_validate(document)], nothing)
    fine, zero = [[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 0.0]]
    everything = np.ones((1, 2), np.bool_)
    for second, failed in ((fine, -1), (zero, 0)):
        values = np.array([fine, second])
        assert scores_of(plan, [0, 0], values, None, everything, everything, NO_KEYS)[-1] == failed
    assert scores_of(plan, [0], np.array([zero]), None, everything, everything, NO_KEYS)[-1] == 0


def test_scoring_leaves_its_inputs_alone(definition: Definition, values: Floats, printed: xr.DataArray) -> None:
    plan = encode([definition], printed)
    drawn, weights = np.repeat(values[np.newaxis], 2, axis=0), np.full((2, 4), 0.25)
    before = [array.copy() for array in (*plan, drawn, weights)]
    run(plan, drawn, [0, 0], weights)
    assert all(np.array_equal(old, new) for old, new in zip(before, (*plan, drawn, weights), strict=True))
