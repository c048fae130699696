from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from weighted_tree import ANY, define

from simulator.construction.nominal import child_scales, node_masses, nominal_weights
from simulator.definition import Definition, Node


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
