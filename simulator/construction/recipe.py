"""Method choices as changes to a definition: each function returns a new definition and leaves the given one alone.

A variant of an index is nothing but another definition, so what scores the index scores every variant of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from simulator.construction.nominal import LINEAR, node_mass, node_masses
from simulator.definition import Definition, Indicator, Node
from simulator.lookup import find_slots
from simulator.methods import (
    Aggregation,
    AggregationChoice,
    AsDefined,
    AsGiven,
    EqualWeights,
    FixedWeighting,
    GivenWeights,
    MemberWeights,
    NormalisationChoice,
    PercentileRank,
    Ranking,
    RankPoints,
    TieRule,
    Weight,
    Weighting,
)
from simulator.preparation import (
    DenominatorChoice,
    Imputation,
    Screening,
    Treatment,
)
from simulator.validation import Schema

PREPARATION = ("denominators", "screening", "imputation", "treatment")
"""What is done to values before they are normalised, in this order; keys of definitions, recipes and factors."""


class Recipe(Schema):
    """Methods chosen for a study in place of the definition's; what is not named stays as defined."""

    denominators: DenominatorChoice | None = None
    """Whether indicators are divided by their denominators, or `none` is."""
    screening: Screening | None = None
    """Replaces which cities have too few values to be ranked."""
    imputation: Imputation | None = None
    """Replaces how blank cells are filled."""
    treatment: Treatment | None = None
    """Replaces what is done to outliers."""
    normalisation: NormalisationChoice = AsDefined()
    """Replaces every normalisation of the definition but `none`."""
    ties: TieRule | None = None
    """Replaces the tie rule of every rank normalisation."""
    aggregation: dict[str, AggregationChoice] = Field(default_factory=dict)
    """Replaces how the nodes of a level are aggregated: level → method."""
    weighting: Weighting = AsDefined()
    """Replaces all weights by a method that is not random, found from the data as the rest of the recipe makes them."""
    weights: dict[str, Weight] = Field(default_factory=dict)
    """Replaces weights: indicator or node → weight among its siblings."""
    equal_weights: Annotated[str | None, Field(alias="equal-weights")] = None
    """Gives the same weight to every member of a level, shared below it as defined."""
    ranking: Ranking | None = None
    """Replaces how totals become ranks."""


def apply_recipe(definition: Definition, recipe: Recipe) -> Definition:
    """Return the definition with the recipe's methods in place of its own.

    The identifiers and levels that the recipe names must be in the definition.
    """
    changed = with_preparation(definition, recipe)
    if recipe.equal_weights is not None:
        changed = with_equal_weights(changed, recipe.equal_weights)
    if recipe.weights:
        changed = with_weights(changed, recipe.weights)
    changed = with_normalisation(changed, recipe.normalisation)
    if recipe.ties is not None:
        changed = with_ties(changed, recipe.ties)
    for level, method in recipe.aggregation.items():
        changed = with_aggregation(changed, level, method)
    if recipe.ranking is not None:
        changed = changed.replace(ranking=recipe.ranking)
    return changed


def with_preparation(definition: Definition, recipe: Recipe) -> Definition:
    """Return the definition with the steps of a recipe that come before any normalisation."""
    steps = {name: getattr(recipe, name) for name in PREPARATION}
    chosen = {name: step for name, step in steps.items() if step is not None}
    return definition.replace(**chosen) if chosen else definition


def with_normalisation(definition: Definition, method: NormalisationChoice) -> Definition:
    """Return the definition with `method` wherever it normalises (where it says `none`, nothing changes)."""
    if isinstance(method, AsDefined):
        return definition

    def change(node: Node) -> Mapping[str, Any]:
        return {} if isinstance(node.normalise, AsGiven) else {"normalise": method}

    return _rewrite(definition, change)


def with_ties(definition: Definition, ties: TieRule) -> Definition:
    """Return the definition with another tie rule in every normalisation by rank.

    A percentile rank has no printed numbers, so `as-published` leaves it as it is.
    """

    def change(node: Node) -> Mapping[str, Any]:
        if isinstance(node.normalise, RankPoints) or (
            isinstance(node.normalise, PercentileRank) and ties != "as-published"
        ):
            return {"normalise": node.normalise.model_copy(update={"ties": ties})}
        return {}

    return _rewrite(definition, change)


def with_aggregation(definition: Definition, level: str, method: AggregationChoice) -> Definition:
    """Return the definition with the nodes of `level` aggregated by `method`."""
    if isinstance(method, AsDefined):
        return definition

    def change(node: Node) -> Mapping[str, Any]:
        return {"aggregate": method} if definition.level(node.id) == level else {}

    return _rewrite(definition, change)


def with_weights(definition: Definition, weights: Mapping[str, float]) -> Definition:
    """Return the definition with other weights for the indicators and nodes named (by any of their names).

    Raises
    ------
    InputError
        With every name that is unknown.
    """
    weights = dict(zip(find_slots(definition, list(weights)), weights.values(), strict=True))

    def reweigh(child: Indicator | Node) -> Indicator | Node:
        return child.model_copy(update={"weight": weights[child.id]}) if child.id in weights else child

    return _rewrite(definition, lambda node: {"children": tuple(reweigh(child) for child in node.children)})


def with_equal_weights(definition: Definition, level: str) -> Definition:
    """Return the definition with equal nominal weights for the members of `level`; see `with_member_weights`."""
    return with_member_weights(definition, level)


def with_member_weights(definition: Definition, level: str, weights: Mapping[str, float] | None = None) -> Definition:
    """Return the definition with these nominal weights for the members of `level`, in any proportion; equal if None.

    Below the level weights stay as they are, above it a node weighs what its members weigh together. An indicator
    nearer to the top than the level is a member of its own. A sum keeps its scale: members of different size are scaled
    to have their weight in it.
    """
    depth = definition.levels.index(level)
    if depth == len(definition.levels) - 1:
        depth = len(definition.levels)  # indicators are members wherever in the tree they stand
    root, _, _ = _reweighted(definition.index, 0, depth, node_masses(definition), weights)
    return definition.replace(index=root)


def _reweighted(
    node: Node, here: int, depth: int, masses: Mapping[str, float], given: Mapping[str, float] | None
) -> tuple[Node, float, float]:
    """Return a node with other weights for the members below it, what these weigh together, and its mass."""

    def weight_of(member: str) -> float:
        return 1.0 if given is None else given[member]

    if here >= depth:
        return node, weight_of(node.id), masses[node.id]
    below: list[tuple[Indicator | Node, float, float]] = [
        _reweighted(child, here + 1, depth, masses, given)
        if isinstance(child, Node)
        else (child, weight_of(child.id), 1.0)
        for child in node.children
    ]
    entering = [
        mass if isinstance(child, Node) and isinstance(node.normalise, AsGiven) else 1.0 for child, _, mass in below
    ]
    linear = node.aggregate.method in LINEAR
    weights = [own / mass if linear else own for (_, own, _), mass in zip(below, entering, strict=True)]
    together = sum(own for _, own, _ in below)
    if node.aggregate.method == "sum" and together > 0.0:
        weights = [weight * sum(entering) / together for weight in weights]
    if together <= 0.0:
        # A node of which no member weighs anything weighs nothing either; inside it the weights stay.
        weights = [child.weight for child in node.children]
    children = tuple(
        child.model_copy(update={"weight": weight}) for (child, _, _), weight in zip(below, weights, strict=True)
    )
    equal = node.model_copy(update={"children": children})
    return equal, together, node_mass(equal, dict(zip((child.id for child in children), entering, strict=True)))


def weighted_by(definition: Definition, method: FixedWeighting) -> Definition:
    """Return the definition with its weights as a weighting that is not random says."""
    if isinstance(method, MemberWeights):
        return with_member_weights(definition, method.over, method.weights)
    if isinstance(method, EqualWeights):
        return with_equal_weights(definition, method.over or definition.levels[-1])
    if isinstance(method, GivenWeights):
        return with_weights(definition, method.weights)
    return definition


Tree = Mapping[str, "Tree | Sequence[str]"]


def regrouped(definition: Definition, tree: Tree, aggregate: Aggregation) -> Definition:
    """Return an index over some of the definition's indicators, grouped anew.

    `tree` maps the name of each group to the identifiers of its indicators, or to a mapping of further groups, which
    are then called `outer-inner`. Groups weigh the same, and so do the members of a group. Each
    indicator keeps the normalisation that its parent gave it, which must be one for all members of a group;
    normalisations of nodes between it and the index are gone with those nodes.
    """
    leaves = {leaf.id: leaf for leaf in definition.indicators}
    normalisations = {
        child.id: node.normalise for node in definition.nodes for child in node.children if isinstance(child, Indicator)
    }

    def group(name: str, content: Tree | Sequence[str]) -> Node:
        if isinstance(content, Mapping):
            children: tuple[Indicator | Node, ...] = tuple(
                group(inner if name == definition.index.id else f"{name}-{inner}", below)
                for inner, below in content.items()
            )
            return Node(id=name, aggregate=aggregate, children=children)
        members = tuple(leaves[leaf].model_copy(update={"weight": 1.0}) for leaf in content)
        return Node(id=name, normalise=normalisations[members[0].id], aggregate=aggregate, children=members)

    depth = _depth(tree)
    middle = ("pillar", "element", "part", *(f"level-{k}" for k in range(4, depth + 1)))[:depth]
    root = group(definition.index.id, tree)
    return definition.replace(index=root, levels=("index", *middle, definition.levels[-1]))


def _depth(tree: Tree | Sequence[str]) -> int:
    return 1 + max(_depth(below) for below in tree.values()) if isinstance(tree, Mapping) else 0


def _rewrite(definition: Definition, change: Callable[[Node], Mapping[str, Any]]) -> Definition:
    """Return the definition with every node updated by `change`, which sees the node as it was."""

    def rewritten(node: Node) -> Node:
        update = dict(change(node))
        children = update.get("children", node.children)
        update["children"] = tuple(rewritten(child) if isinstance(child, Node) else child for child in children)
        return node.model_copy(update=update)

    return definition.replace(index=rewritten(definition.index))
