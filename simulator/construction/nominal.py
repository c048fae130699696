"""Nominal weights: what each indicator and node weighs in the whole index, whatever the shape of the tree."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.definition import Definition, Indicator, Node
from simulator.methods import AsGiven

LINEAR = ("sum", "arithmetic")
"""Aggregations in which a child's score enters in proportion."""


def node_masses(definition: Definition) -> dict[str, float]:
    """Return, for each node, the score it has if every normalised score that enters it is 1.

    This is the scale that plain sums give a node: 5 for a sum of five indicators, 1 for a mean. A node that its parent
    normalises enters it as 1, like an indicator.
    """
    mass: dict[str, float] = {}
    for node in definition.nodes:
        mass[node.id] = node_mass(node, {child.id: _entering(node, child, mass) for child in node.children})
    return mass


def node_mass(node: Node, entering: Mapping[str, float]) -> float:
    """Return the mass of a node from the masses with which its children enter it."""
    return sum(_coefficient(node, child) * entering[child.id] for child in node.children)


def child_scales(definition: Definition) -> list[float]:
    """Return, for each indicator and node, its parent's mass over its own as it enters there; 1 for the index.

    A share times this is a coefficient that keeps the parent on the scale of its definition.
    """
    mass = node_masses(definition)
    scale = {definition.index.id: 1.0}
    for node in definition.nodes:
        for child in node.children:
            scale[child.id] = mass[node.id] / _entering(node, child, mass)
    return [scale[slot] for slot in definition.slots]


def _entering(node: Node, child: Indicator | Node, mass: Mapping[str, float]) -> float:
    """Return the mass with which a child enters its parent."""
    return mass[child.id] if isinstance(child, Node) and isinstance(node.normalise, AsGiven) else 1.0


def _coefficient(node: Node, child: Indicator | Node) -> float:
    if node.aggregate.method == "sum":
        return child.weight
    return child.weight / sum(sibling.weight for sibling in node.children)


def nominal_weights(definition: Definition) -> dict[str, float]:
    """Return the nominal weight of every indicator and node in the whole index; the indicators' sum to 1.

    A node's weight is the sum of those below it (convention 6). Below a sum an indicator weighs what its score adds
    to the total of an index in which all score alike.
    """
    mass = node_masses(definition)
    weight = {definition.index.id: 1.0}
    for node in reversed(definition.nodes):
        for child in node.children:
            share = _coefficient(node, child)
            if node.aggregate.method in LINEAR:
                share *= _entering(node, child, mass) / mass[node.id]
            weight[child.id] = weight[node.id] * share
    return weight
