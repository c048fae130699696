from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator.construction.encoding import encode
from simulator.construction.nominal import node_masses, nominal_weights
from simulator.definition import Definition, Indicator, Node
from simulator.kernels.arrays import Floats
from simulator.kernels.tree import (
    NOTHING_LEFT,
    Plan,
    climb,
    find_coefficients,
    make_scratch,
    normalise_leaves,
    sum_printed,
)

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

CITIES = 3
NO_KEYS = np.empty((0, 1), np.uint64)
LINEAR = ("sum", "arithmetic")
NORMALISE: dict[str, dict[str, Any]] = {
    "none": {"method": "none"},
    "rank": {"method": "rank", "ties": "mean"},
    "min-max": {"method": "min-max", "to": [1, 9]},
}
MEANS = ("arithmetic", "geometric", "harmonic", "median")
POSITIVE = ("sum", *MEANS)


@st.composite
def trees(
    draw: st.DrawFn, methods: tuple[str, ...] = POSITIVE, heaviest: int = 4, normalise: tuple[str, ...] = ("none",)
) -> Definition:
    """Trees of unequal depth and group size, with some weights zero."""
    count = iter(range(1000))

    def entry(depth: int) -> dict[str, Any]:
        number, weight = next(count), draw(st.integers(0 if heaviest > 1 else 1, heaviest))
        if depth > 0 and (depth == 3 or draw(st.booleans())):
            return {"id": f"i{number}", "weight": weight}
        children = [entry(depth + 1) for _ in range(draw(st.integers(1, 4)))]
        children[0]["weight"] = max(children[0]["weight"], 1)
        how = {"aggregate": draw(st.sampled_from(methods)), "normalise": NORMALISE[draw(st.sampled_from(normalise))]}
        return {"id": f"n{number}", "weight": weight, "children": children, **how}

    root = entry(0)
    document = {"schema_version": 1, "id": "tree", "levels": ["index", "a", "b", "c"], "index": root}
    return Definition.model_validate(document)


def no_points(cities: int = CITIES) -> xr.DataArray:
    return xr.DataArray(np.empty((cities, 0)), dims=("city", "slot"), coords={"city": range(cities), "slot": []})


def plan_of(definition: Definition, printed: xr.DataArray | None = None) -> Plan:
    return encode([definition], no_points() if printed is None else printed)


def coefficients(definition: Definition, weights: Floats | None, kept: list[bool]) -> dict[str, float]:
    plan = plan_of(definition)
    out, scratch = np.full(plan.weight.size, np.nan), np.full(plan.weight.size, np.nan)
    leaf_weight = np.full(len(kept), np.nan) if weights is None else weights
    find_coefficients(plan, 0, leaf_weight, weights is not None, np.array(kept), scratch, out)
    return dict(zip(definition.slots, out.tolist(), strict=True))


def totals(
    definition: Definition, values: Floats, weights: Floats | None = None, kept: list[bool] | None = None
) -> list[float]:
    """Score `values` (indicators, cities) by the kernels."""
    plan = plan_of(definition, no_points(values.shape[1]))
    kept = [True] * len(values) if kept is None else kept
    leaves, n = values.shape
    coefficient = np.array([*coefficients(definition, weights, kept).values()])
    sums = np.zeros((plan.weight.size, n + 1))
    normalised, scores = np.full((plan.weight.size, n), np.nan), np.full((plan.weight.size - leaves, n), np.nan)
    scratch = make_scratch(leaves, np.arange(n), n)
    assert normalise_leaves(plan, 0, values, sums, NO_KEYS, 0, scratch, normalised) == 0
    assert climb(plan, 0, coefficient, sums, scratch, normalised, scores, np.empty(len(scores))) == -1
    return list(scores[-1].tolist())


def positive_values(definition: Definition, seed: int) -> Floats:
    return np.random.default_rng(seed).uniform(1.0, 10.0, (len(definition.indicators), CITIES))


def close(expected: object) -> object:
    return pytest.approx(expected, rel=1e-11, abs=1e-12)


def mean_of(method: str, weights: list[float], scores: list[float]) -> float:
    """Aggregate the score of one city, in the plainest way there is."""
    if method == "sum":
        return math.fsum(w * x for w, x in zip(weights, scores, strict=True))
    shares = [weight / math.fsum(weights) for weight in weights]
    if method == "median":
        ranked = sorted(zip(scores, shares, strict=True))
        lower = next(x for k, (x, _) in enumerate(ranked) if math.fsum(s for _, s in ranked[: k + 1]) > 0.5 - 1e-9)
        upper = next(x for k, (x, _) in enumerate(ranked) if math.fsum(s for _, s in ranked[: k + 1]) > 0.5 + 1e-9)
        return (lower + upper) / 2
    means: dict[str, Callable[[list[float], list[float]], float]] = {
        "arithmetic": statistics.fmean,
        "geometric": lambda x, w: math.exp(statistics.fmean([math.log(one) for one in x], w)),
        "harmonic": statistics.harmonic_mean,
    }
    return means[method](scores, shares)


def score_one(node: Node, values: Mapping[str, float], weights: Mapping[str, float]) -> float | None:
    """Score one city over the indicators in `values`; a node of which nothing is left, or weighs, has no score."""
    pairs = []
    for child in node.children:
        score = score_one(child, values, weights) if isinstance(child, Node) else values.get(child.id)
        if score is not None and weights[child.id] > 0.0:
            pairs.append((weights[child.id], score))
    if not pairs:
        return None
    return mean_of(node.aggregate.method, [w for w, _ in pairs], [x for _, x in pairs])


def score_all(
    definition: Definition, values: Floats, weights: Mapping[str, float], kept: list[bool]
) -> list[float | None]:
    present = [(k, leaf.id) for k, leaf in enumerate(definition.indicators) if kept[k]]
    return [
        score_one(definition.index, {leaf: values[k, city] for k, leaf in present}, weights) for city in range(CITIES)
    ]


@given(trees(), st.integers(0, 10**6), st.data())
@compiling
def test_weights_of_the_definition_hold_below_each_parent_over_what_is_left(
    definition: Definition, seed: int, data: st.DataObject
) -> None:
    values = positive_values(definition, seed)
    leaves = len(definition.indicators)
    kept = data.draw(st.lists(st.sampled_from([True, True, False]), min_size=leaves, max_size=leaves))
    weights = {child.id: child.weight for node in definition.nodes for child in node.children}
    expected = score_all(definition, values, weights, kept)
    assume(expected[0] is not None)
    assert totals(definition, values, kept=kept) == close(expected)


@given(trees(MEANS), st.integers(0, 10**6), st.data())
@compiling
def test_drawn_weights_of_means_hold_over_what_is_left(definition: Definition, seed: int, data: st.DataObject) -> None:
    values = positive_values(definition, seed)
    leaves = len(values)
    drawn = np.array(data.draw(st.lists(st.integers(0, 9), min_size=leaves, max_size=leaves)), float)
    kept = data.draw(st.lists(st.sampled_from([True, True, False]), min_size=leaves, max_size=leaves))
    # A node weighs the sum of all below it, left out or not (convention 6).
    weights = {leaf.id: float(weight) for leaf, weight in zip(definition.indicators, drawn, strict=True)}
    for node in definition.nodes:
        weights[node.id] = math.fsum(weights[child.id] for child in node.children)
    expected = score_all(definition, values, weights, kept)
    assume(expected[0] is not None)
    assert totals(definition, values, drawn, kept) == close(expected)


@given(trees(normalise=("none", "rank", "min-max")), st.integers(0, 10**6), st.data())
@compiling
def test_drawn_weights_equal_to_the_nominal_ones_change_no_total(
    definition: Definition, seed: int, data: st.DataObject
) -> None:
    values = positive_values(definition, seed)
    leaves = len(values)
    weight = nominal_weights(definition)
    drawn = np.array([weight[leaf.id] for leaf in definition.indicators])
    assert totals(definition, values, drawn) == close(totals(definition, values))
    # Only the proportions of drawn weights count.
    assert totals(definition, values, drawn * 7.0) == close(totals(definition, values))
    # It makes no difference either where indicators are left out.
    kept = data.draw(st.lists(st.sampled_from([True, True, False]), min_size=leaves, max_size=leaves))
    assume(drawn[kept].sum() > 0.0)
    assert totals(definition, values, drawn, kept) == close(totals(definition, values, kept=kept))


@given(trees(LINEAR), st.integers(0, 10**6), st.data())
@compiling
def test_a_linear_tree_under_drawn_weights_is_a_weighted_mean_on_its_own_scale(
    definition: Definition, seed: int, data: st.DataObject
) -> None:
    values = positive_values(definition, seed)
    leaves = len(values)
    drawn = np.array(data.draw(st.lists(st.integers(0, 9), min_size=leaves, max_size=leaves).filter(any)), float)
    scale = totals(definition, np.ones((leaves, 1)))[0]
    assert totals(definition, values, drawn) == close((scale * (drawn @ values) / drawn.sum()).tolist())


@given(trees(("sum",), heaviest=1), st.integers(0, 10**6), st.data())
@compiling
def test_a_plain_sum_under_drawn_weights_keeps_the_number_of_indicators_as_its_scale(
    definition: Definition, seed: int, data: st.DataObject
) -> None:
    values = positive_values(definition, seed)
    leaves = len(values)
    drawn = np.random.default_rng(seed + 1).dirichlet([1.0] * leaves)
    kept = data.draw(st.lists(st.booleans(), min_size=leaves, max_size=leaves).filter(any))
    # The points of what is left out are lost, as in the sum as defined.
    expected = leaves * (drawn[kept] @ values[kept])
    assert totals(definition, values, drawn, kept) == close(expected.tolist())


@given(trees(("sum",), heaviest=1), st.integers(0, 10**6), st.integers(0, 10**6))
@compiling
def test_leaving_an_indicator_out_of_plain_sums_takes_its_score_from_the_total(
    definition: Definition, seed: int, chosen: int
) -> None:
    values = positive_values(definition, seed)
    leaves = len(values)
    assume(leaves > 1)
    out = chosen % leaves
    kept = [leaf != out for leaf in range(leaves)]
    assert totals(definition, values) == close(values.sum(axis=0).tolist())
    assert totals(definition, values, kept=kept) == close((values.sum(axis=0) - values[out]).tolist())


@given(trees(MEANS), st.data())
@compiling
def test_shares_below_a_mean_sum_to_one_and_follow_the_sums_of_drawn_weights(
    definition: Definition, data: st.DataObject
) -> None:
    leaves = len(definition.indicators)
    drawn = data.draw(st.lists(st.integers(1, 9), min_size=leaves, max_size=leaves))
    kept = data.draw(st.lists(st.booleans(), min_size=leaves, max_size=leaves).filter(any))
    found = coefficients(definition, np.array(drawn, float), kept)
    whole = {leaf.id: float(weight) for leaf, weight in zip(definition.indicators, drawn, strict=True)}
    left = {leaf.id: there for leaf, there in zip(definition.indicators, kept, strict=True)}
    for node in definition.nodes:
        whole[node.id] = sum(whole[child.id] for child in node.children)
        left[node.id] = any(left[child.id] for child in node.children)
        present = sum(whole[child.id] for child in node.children if left[child.id])
        shares = [whole[child.id] / present if left[child.id] else 0.0 for child in node.children]
        assert [found[child.id] for child in node.children] == close(shares)
        assert sum(shares) == close(1.0 if left[node.id] else 0.0)


def test_a_sum_of_unequal_groups_by_hand() -> None:
    groups = {"x": 3, "y": 1}
    children = [
        Node(id=name, children=tuple(Indicator(id=f"{name}{k}") for k in range(size))) for name, size in groups.items()
    ]
    definition = Definition(schema_version=1, id="t", index=Node(id="total", children=tuple(children)))
    values = np.array([[1.0], [2.0], [4.0], [10.0]])
    assert node_masses(definition) == {"x": 3, "y": 1, "total": 4}
    assert totals(definition, values) == [17.0]
    weights = np.array([0.1, 0.2, 0.3, 0.4])
    assert totals(definition, values, weights) == close([4 * (0.1 + 0.4 + 1.2 + 4.0)])
    # y left out: its points are lost, with either weights.
    assert totals(definition, values, weights, [True, True, True, False]) == close([4 * 1.7])
    assert totals(definition, values, None, [True, True, True, False]) == [7.0]


def test_a_weight_of_zero_takes_its_indicator_out() -> None:
    leaves = (Indicator(id="a", weight=0.0), Indicator(id="b", weight=2.0))
    for method in POSITIVE:
        index = Node.model_validate({"id": "total", "aggregate": method, "children": leaves})
        definition = Definition(schema_version=1, id="t", levels=("index", "indicator"), index=index)
        expected = 6.0 if method == "sum" else 3.0
        assert totals(definition, np.array([[-1.0], [3.0]])) == close([expected])


def test_the_first_node_whose_mean_is_undefined_is_told() -> None:
    document = {
        "schema_version": 1,
        "id": "t",
        "index": {
            "id": "total",
            "aggregate": "geometric",
            "children": [
                {"id": "x", "aggregate": "arithmetic", "children": [{"id": "a"}]},
                {"id": "y", "aggregate": "harmonic", "children": [{"id": "b"}]},
            ],
        },
    }
    plan = plan_of(Definition.model_validate(document))
    scratch = make_scratch(2, np.arange(CITIES), CITIES)
    sums, scores = np.zeros((5, CITIES + 1)), np.empty((3, CITIES))
    for a, b, failed in ((1.0, 1.0, -1), (1.0, 0.0, 1), (-1.0, 0.0, 1), (-1.0, 1.0, 2)):
        normalised = np.zeros((5, CITIES))
        normalised[0], normalised[1] = a, b
        assert climb(plan, 0, np.ones(5), sums, scratch, normalised, scores, np.empty(len(scores))) == failed


def test_a_draw_with_no_indicator_left_is_told() -> None:
    index = Node(id="total", children=(Node(id="x", children=(Indicator(id="a"),)), Indicator(id="b")))
    plan = plan_of(Definition(schema_version=1, id="t", index=index))
    scratch = make_scratch(2, np.arange(CITIES), CITIES)
    sums, scores, normalised = np.zeros((4, CITIES + 1)), np.empty((2, CITIES)), np.ones((4, CITIES))
    for drawn in (True, False):
        for kept, result in (([True, False], -1), ([False, True], -1), ([False, False], NOTHING_LEFT)):
            coefficient = np.empty(4)
            find_coefficients(plan, 0, np.full(2, 0.5), drawn, np.array(kept), np.empty(4), coefficient)
            assert climb(plan, 0, coefficient, sums, scratch, normalised, scores, np.empty(len(scores))) == result
            expected = {-1: 1.0, NOTHING_LEFT: math.nan}[result]
            assert scores[-1].tolist() == pytest.approx([expected] * CITIES, nan_ok=True)


def test_printed_numbers_are_summed_over_the_cities_that_take_part() -> None:
    index = Node(id="total", children=(Indicator(id="a"), Indicator(id="b")))
    definition = Definition(schema_version=1, id="t", levels=("index", "indicator"), index=index)
    printed = xr.DataArray(
        [[60.0], [30.0], [50.0]], dims=("city", "slot"), coords={"city": ["p", "q", "r"], "slot": ["b"]}
    )
    plan = plan_of(definition, printed)
    sums = np.full((3, 4), -1.0)
    sum_printed(plan, np.array([True, True, True]), sums)
    assert sums.tolist() == [[0, 0, 0, 0], [0, 60, 110, 140], [0, 0, 0, 0]]
    sum_printed(plan, np.array([False, True, True]), sums)
    assert sums[1, :3].tolist() == [0, 50, 80]


def test_inner_nodes_are_normalised_for_their_parent() -> None:
    document = {
        "schema_version": 1,
        "id": "t",
        "index": {
            "id": "total",
            "normalise": {"method": "rank", "ties": "mean"},
            "children": [
                {
                    "id": "x",
                    "normalise": {"method": "rank", "ties": "better"},
                    "children": [{"id": "a"}, {"id": "b", "direction": "lower"}],
                },
                {"id": "c", "direction": "target", "target": 5},
            ],
        },
    }
    definition = Definition.model_validate(document)
    # Points of a 3, 2, 1 and of b 3, 3, 1 make x 6, 5, 2 and so 3, 2, 1; c is 1, 1 and 0 away: 1.5, 1.5 and 3.
    values = np.array([[9.0, 8.0, 7.0], [1.0, 1.0, 2.0], [4.0, 6.0, 5.0]])
    assert totals(definition, values) == [4.5, 3.5, 4.0]


def test_scores_that_differ_by_rounding_only_are_not_ranked_apart() -> None:
    document: dict[str, Any] = {
        "schema_version": 1,
        "id": "t",
        "index": {
            "id": "total",
            "normalise": {"method": "rank", "ties": "better"},
            "children": [
                {"id": "x", "aggregate": "arithmetic", "children": [{"id": "a"}, {"id": "b"}, {"id": "c"}]},
                {"id": "d"},
            ],
        },
    }
    values = np.array([[51.0, 6.0, 0.0], [11.0, 11.0, 0.0], [6.0, 51.0, 0.0], [1.0, 1.0, 1.0]])
    third = 1 / 3
    assert (third * 51 + third * 11) + third * 6 != (third * 6 + third * 11) + third * 51
    assert totals(Definition.model_validate(document), values) == [6.0, 6.0, 4.0]
    # A difference that is none of rounding counts.
    values[0, 0] += 1e-6
    assert totals(Definition.model_validate(document), values) == [6.0, 5.0, 4.0]
    # Twice a value and its complement leave one number: the node is constant, whatever rounding makes of it.
    document["index"]["normalise"] = {"method": "z-score"}
    values[:3] = [[0.1, 0.7, 0.3], [0.2, 0.2, 0.2], [0.9, 0.3, 0.7]]
    assert totals(Definition.model_validate(document), values) == [0.0, 0.0, 0.0]
