"""Weights: nominal weights of indicators and nodes, and random weights around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.construction.recipe import weighted_by
from simulator.definition import Definition, Indicator, Node
from simulator.kernels.arrays import Floats, Integers
from simulator.methods import (
    AsDefined,
    AsGiven,
    DirichletWeights,
    EqualWeights,
    GivenWeights,
    UniformWeights,
)

LINEAR = ("sum", "arithmetic")
"""Aggregations in which a child's score enters in proportion."""


def node_masses(definition: Definition) -> dict[str, float]:
    """Return, for each node, the score it has if every normalised score that enters it is 1.

    This is the scale that plain sums give a node: 5 for a sum of five indicators, 1 for a mean. A node that its parent
    normalises enters it as 1, like an indicator.
    """
    mass: dict[str, float] = {}
    for node in definition.nodes:
        mass[node.id] = sum(_coefficient(node, child) * _entering(node, child, mass) for child in node.children)
    return mass


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


@dataclass(frozen=True)
class WeightSampler:
    """Draws weights of the indicators. `fixed` for a weighting that is not random.

    Members are the nodes (or indicators) whose weights vary; below a member the nominal shares stay.
    """

    method: AsDefined | EqualWeights | GivenWeights | DirichletWeights | UniformWeights
    member: Integers
    """(L): member to which each indicator belongs."""
    share: Floats
    """(L): nominal share of each indicator within its member."""
    centre: Floats
    """(members): weights around which the draws lie; they sum to 1."""

    @property
    def fixed(self) -> bool:
        """Whether every draw is the same."""
        return not isinstance(self.method, DirichletWeights | UniformWeights)

    def draw(self, generator: np.random.Generator, draws: int) -> Floats:
        """Return weights (draws, L), each row summing to 1; a single row where they are fixed."""
        if isinstance(self.method, DirichletWeights):
            weight = generator.standard_gamma(
                self.method.concentration * self.centre.size * self.centre, (draws, self.centre.size)
            )
            # A concentration far below 1 can leave every gamma at zero; the centre is then the only weight there is.
            weight[weight.sum(axis=1) == 0.0] = self.centre
        elif isinstance(self.method, UniformWeights):
            width = self.method.percent / 100.0
            weight = self.centre * (1.0 + width * generator.uniform(-1.0, 1.0, (draws, self.centre.size)))
            weight[weight.sum(axis=1) == 0.0] = self.centre
        else:
            weight = self.centre[np.newaxis]
        weight = weight / weight.sum(axis=1, keepdims=True)
        return np.ascontiguousarray(weight[:, self.member] * self.share)


def weight_sampler(
    definition: Definition, method: AsDefined | EqualWeights | GivenWeights | DirichletWeights | UniformWeights
) -> WeightSampler:
    """Return the sampler of a weighting for a definition; the level it names must be in the definition."""
    level = definition.levels[-1]
    if isinstance(method, DirichletWeights | UniformWeights):
        level = method.over or level
        changed = definition
    else:
        changed = weighted_by(definition, method)
    names = [_member(changed, leaf, level) for leaf in changed.indicators]
    weight = nominal_weights(changed)
    members = list(dict.fromkeys(names))
    centre = np.array([weight[name] for name in members])
    if isinstance(method, DirichletWeights) and method.centre == "equal":
        centre = np.full(len(members), 1.0 / len(members))
    return WeightSampler(
        method=method,
        member=np.array([members.index(name) for name in names], np.int64),
        share=np.array(_shares(changed, names, weight)),
        centre=centre / centre.sum(),
    )


def _member(definition: Definition, leaf: Indicator, level: str) -> str:
    """Return the node of the level that an indicator stands under; the indicator itself if there is none."""
    return definition.ancestor(leaf.id, level) or leaf.id


def _shares(definition: Definition, names: Sequence[str], weight: dict[str, float]) -> list[float]:
    """Return the share of each indicator in its member; equal shares where the member weighs nothing."""
    shares = []
    for leaf, name in zip(definition.indicators, names, strict=True):
        shares.append(weight[leaf.id] / weight[name] if weight[name] > 0.0 else 1.0 / names.count(name))
    return shares
