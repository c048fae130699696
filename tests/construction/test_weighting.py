from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.construction.weighting import child_scales, node_masses, nominal_weights, weight_sampler
from simulator.definition import Definition, Node
from simulator.methods import (
    AsDefined,
    DirichletWeights,
    EqualWeights,
    GivenWeights,
    UniformWeights,
    Weighting,
)


@st.composite
def trees(draw: st.DrawFn, methods: tuple[str, ...]) -> Definition:
    """Trees of unequal depth and group size, with some weights zero."""
    count = iter(range(1000))

    def entry(depth: int) -> dict[str, Any]:
        one: dict[str, Any] = {"id": f"n{next(count)}", "weight": draw(st.integers(0, 4))}
        if depth == 0 or (depth < 3 and draw(st.booleans())):
            one["aggregate"] = draw(st.sampled_from(methods))
            one["children"] = [entry(depth + 1) for _ in range(draw(st.integers(1, 4)))]
            one["children"][0]["weight"] = max(one["children"][0]["weight"], 1)
        return one

    document = {"schema_version": 1, "id": "t", "levels": ["index", "a", "b", "c"], "index": entry(0)}
    return Definition.model_validate(document)


def define(aggregate: str = "arithmetic") -> Definition:
    document: dict[str, Any] = {
        "schema_version": 1,
        "id": "t",
        "index": {
            "id": "total",
            "aggregate": aggregate,
            "children": [
                {
                    "id": "x",
                    "weight": 3,
                    "aggregate": aggregate,
                    "children": [{"id": "a", "weight": 2}, {"id": "b", "weight": 1}, {"id": "c", "weight": 1}],
                },
                {"id": "y", "weight": 1, "aggregate": aggregate, "children": [{"id": "d"}, {"id": "e", "weight": 0}]},
            ],
        },
    }
    return Definition.model_validate(document)


ANY = ("sum", "arithmetic", "geometric", "harmonic", "median")


@given(trees(ANY))
def test_nominal_weights_sum_to_one_and_a_parent_weighs_what_is_below_it(definition: Definition) -> None:
    weight = nominal_weights(definition)
    assert set(weight) == set(definition.slots)
    assert weight[definition.index.id] == 1.0
    assert math.fsum(weight[leaf.id] for leaf in definition.indicators) == pytest.approx(1.0)
    for node in definition.nodes:
        assert math.fsum(weight[child.id] for child in node.children) == pytest.approx(weight[node.id])
        assert all((weight[child.id] == 0.0) == (child.weight * weight[node.id] == 0.0) for child in node.children)


@given(trees(("arithmetic", "geometric", "harmonic", "median")))
def test_below_means_a_nominal_weight_is_the_product_of_shares(definition: Definition) -> None:
    weight = nominal_weights(definition)
    assert list(node_masses(definition).values()) == pytest.approx([1.0] * len(definition.nodes))
    assert child_scales(definition) == pytest.approx([1.0] * len(definition.slots))

    def below(node: Node, carried: float) -> None:
        whole = math.fsum(child.weight for child in node.children)
        for child in node.children:
            share = carried * child.weight / whole
            assert weight[child.id] == pytest.approx(share)
            if isinstance(child, Node):
                below(child, share)

    below(definition.index, 1.0)


@given(trees(("sum",)))
def test_below_sums_a_nominal_weight_is_what_an_indicator_adds_to_the_total(definition: Definition) -> None:
    def added(node: Node, factor: float) -> dict[str, float]:
        parts: dict[str, float] = {}
        for child in node.children:
            inner = factor * child.weight
            parts |= added(child, inner) if isinstance(child, Node) else {child.id: inner}
        return parts

    parts = added(definition.index, 1.0)
    total = math.fsum(parts.values())
    weight = nominal_weights(definition)
    assert node_masses(definition)[definition.index.id] == pytest.approx(total)
    assert [weight[leaf] for leaf in parts] == pytest.approx([part / total for part in parts.values()])


def test_nominal_weights_by_hand() -> None:
    weight = nominal_weights(define())
    assert weight == pytest.approx(
        {"total": 1, "x": 3 / 4, "y": 1 / 4, "a": 3 / 8, "b": 3 / 16, "c": 3 / 16, "d": 1 / 4, "e": 0}
    )
    # As sums: a adds 3 × 2, b and c 3 each, d 1.
    assert nominal_weights(define("sum")) == pytest.approx(
        {"total": 1, "x": 12 / 13, "y": 1 / 13, "a": 6 / 13, "b": 3 / 13, "c": 3 / 13, "d": 1 / 13, "e": 0}
    )


@pytest.mark.parametrize("aggregate", ANY)
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (AsDefined(), None),
        (EqualWeights(), None),
        (EqualWeights(over="dimension"), [1 / 4, 1 / 8, 1 / 8, 1 / 2, 0]),
        (GivenWeights(weights={"x": 1, "b": 2}), [1 / 5, 1 / 5, 1 / 10, 1 / 2, 0]),
    ],
)
def test_fixed_weights_are_one_row(aggregate: str, method: Weighting, expected: list[float] | None) -> None:
    sampler = weight_sampler(define(aggregate), method)
    rows = sampler.draw(np.random.default_rng(1), 7)
    assert sampler.fixed
    assert rows.shape == (1, 5)
    assert rows.sum() == pytest.approx(1.0)
    weight = nominal_weights(define(aggregate))
    if isinstance(method, AsDefined):
        assert rows[0] == pytest.approx([weight[name] for name in "abcde"])
    elif expected is None:
        assert rows[0] == pytest.approx([1 / 5] * 5)
    elif aggregate != "sum":
        assert rows[0] == pytest.approx(expected)


RANDOM: list[DirichletWeights | UniformWeights] = [
    DirichletWeights(concentration=1.0),
    DirichletWeights(concentration=0.01),
    DirichletWeights(concentration=50.0, centre="equal"),
    DirichletWeights(concentration=1.0, over="dimension"),
    UniformWeights(percent=20),
    UniformWeights(percent=100, over="dimension"),
]


@pytest.mark.parametrize("aggregate", ANY)
@pytest.mark.parametrize("method", RANDOM, ids=str)
def test_random_weights_are_weights(aggregate: str, method: DirichletWeights | UniformWeights) -> None:
    definition = define(aggregate)
    sampler = weight_sampler(definition, method)
    rows = sampler.draw(np.random.default_rng(2), 500)
    assert not sampler.fixed
    assert rows.shape == (500, 5)
    assert rows.flags.c_contiguous
    assert (rows >= 0.0).all()
    assert rows.sum(axis=1) == pytest.approx(np.ones(500))
    assert len(np.unique(rows[:, 0])) > 100
    assert rows.tolist() == sampler.draw(np.random.default_rng(2), 500).tolist()
    assert rows.tolist() != sampler.draw(np.random.default_rng(3), 500).tolist()
    if getattr(method, "centre", "as-defined") == "as-defined":
        # What weighs nothing by definition weighs nothing in any draw.
        assert (rows[:, 4] == 0.0).all()


@pytest.mark.parametrize("aggregate", ANY)
@pytest.mark.parametrize("method", [method for method in RANDOM if method.over], ids=str)
def test_below_a_level_drawn_over_the_nominal_shares_stay(
    aggregate: str, method: DirichletWeights | UniformWeights
) -> None:
    definition = define(aggregate)
    rows = weight_sampler(definition, method).draw(np.random.default_rng(4), 200)
    weight = nominal_weights(definition)
    shares = [weight[name] / weight["x"] for name in "abc"]
    of_x = rows[:, :3].sum(axis=1, keepdims=True)
    assert rows[:, :3] == pytest.approx(of_x * shares)


def test_uniform_weights_stay_within_their_bounds_before_they_are_divided_by_their_sum() -> None:
    definition = define()
    rows = weight_sampler(definition, UniformWeights(percent=20)).draw(np.random.default_rng(5), 2000)
    nominal = np.array([3 / 8, 3 / 16, 3 / 16, 1 / 4])
    ratio = rows[:, :4] / nominal
    # Dividing by a sum that itself lies within 0.8 to 1.2 widens the bounds to their quotients.
    assert (ratio.max(axis=1) / ratio.min(axis=1)).max() <= 1.2 / 0.8 + 1e-12
    assert (ratio.max(axis=1) / ratio.min(axis=1)).max() > 1.4


def test_concentration_draws_weights_to_their_centre() -> None:
    spread = {}
    for concentration in (1.0, 100.0, 1e6):
        method = DirichletWeights(concentration=concentration)
        rows = weight_sampler(define(), method).draw(np.random.default_rng(6), 2000)
        spread[concentration] = np.abs(rows - [3 / 8, 3 / 16, 3 / 16, 1 / 4, 0]).max()
    assert spread[1.0] > spread[100.0] > spread[1e6]
    assert spread[1e6] < 0.002


def test_a_member_of_weight_zero_may_be_drawn_around_equal_weights() -> None:
    method = DirichletWeights(concentration=20.0, centre="equal", over="dimension")
    document = define().model_dump()
    document["index"]["children"][1]["weight"] = 0.0
    rows = weight_sampler(Definition.model_validate(document), method).draw(np.random.default_rng(7), 50)
    # Below a dimension that weighs nothing there are no nominal shares: its indicators weigh the same.
    assert (rows[:, 3] > 0.0).all()
    assert rows[:, 3] == pytest.approx(rows[:, 4])
