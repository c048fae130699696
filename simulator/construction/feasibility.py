"""Whether methods can be applied to a definition: levels and names known, figures at hand, means defined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import xarray as xr

from simulator.construction.recipe import Recipe, with_weights
from simulator.definition import Definition, Node
from simulator.documents import Location
from simulator.errors import InputError, did_you_mean
from simulator.lookup import find_city, find_slots
from simulator.methods import (
    ABOVE_ZERO,
    AsGiven,
    CopelandScore,
    DistanceToReference,
    DistanceToTarget,
    MinMax,
    Outranking,
    Ratio,
    lowest_needed,
    lowest_score,
)

Problem = tuple[Location, str, str]
"""Where, what is wrong, and what mends it."""


def recipe_problems(recipe: Recipe, definition: Definition, at: Location = ("recipe",)) -> Iterator[Problem]:
    """Yield the levels and names that a recipe uses and the definition does not know, and figures that are missing."""
    for level in recipe.aggregation:
        yield from level_problems(level, definition.levels[:-1], (*at, "aggregation", level))
    if recipe.equal_weights is not None:
        yield from level_problems(recipe.equal_weights, definition.levels[1:], (*at, "equal-weights"))
    yield from weight_problems(recipe.weights, definition, (*at, "weights"))
    yield from needs_problems(recipe.normalisation, definition, (*at, "normalisation"))


def level_problems(level: str, known: Sequence[str], where: Location) -> Iterator[Problem]:
    """Yield that a level is not among those known."""
    if level not in known:
        yield where, f"the index has no level {level!r} here", did_you_mean(level, list(known))


def weight_problems(weights: Mapping[str, float], definition: Definition, where: Location) -> Iterator[Problem]:
    """Yield names that are no indicator or node, and nodes whose children would all weigh nothing."""
    unknown = [
        problem
        for name in weights
        for problem in lookup_problems((*where, name), partial(find_slots, definition, [name]))
    ]
    yield from unknown
    meant = [] if unknown else find_slots(definition, list(weights))
    twice = [name for position, name in enumerate(weights) if meant and meant[position] in meant[:position]]
    for name in twice:
        yield (*where, name), f"{name!r} has a weight already, under another name", "Name it once."
    for node in () if unknown else with_weights(definition, weights).nodes:
        if all(child.weight == 0.0 for child in node.children):
            yield where, f"the weights of all children of {node.id} are zero", "Give at least one a weight above 0."


def needs_problems(method: object, definition: Definition, where: Location) -> Iterator[Problem]:
    """Yield the indicators and nodes that lack what a normalisation reads; nodes never have it."""
    parents = [node for node in definition.nodes if not isinstance(node.normalise, AsGiven)]
    nodes = [child.id for node in parents for child in node.children if isinstance(child, Node)]
    if isinstance(method, MinMax) and method.goalposts == "given":
        lacking = [leaf.id for leaf in definition.indicators if leaf.goalposts is None] + nodes
        remedy = "Add them to the definition, or take `sample`."
        if lacking:
            yield where, f"no goalposts are defined for {some(lacking)}", remedy
    if isinstance(method, DistanceToTarget):
        lacking = [leaf.id for leaf in definition.indicators if leaf.target is None] + nodes
        if lacking:
            yield where, f"no target is defined for {some(lacking)}", "Choose another normalisation, or add `target`."
    if isinstance(method, Ratio):
        near = [leaf.id for leaf in definition.indicators if leaf.direction == "target"]
        if near:
            yield where, f"{some(near)} come near to a target, of which no ratio tells", "Choose another normalisation."


def reference_problems(methods: Iterable[object], cities: xr.Dataset, where: Location) -> Iterator[Problem]:
    """Yield reference cities of normalisations that are not among the cities."""
    for name in dict.fromkeys(method.city for method in methods if isinstance(method, DistanceToReference)):
        yield from lookup_problems(where, partial(find_city, cities, name))


def some(names: Sequence[str]) -> str:
    """Return the first names of a list, and how many more there are."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def undefined_node(definition: Definition) -> str | None:
    """Return the first node whose mean may meet a score that is too low for it, whatever the data.

    Values taken as given are trusted to be above zero; a draw in which they are not is an error when it comes.
    """
    lowest = {leaf.id: ABOVE_ZERO for leaf in definition.indicators}
    for node in definition.nodes:
        met = min(
            lowest[child.id] if isinstance(node.normalise, AsGiven) else lowest_score(node.normalise)
            for child in node.children
        )
        if met < lowest_needed(node.aggregate):
            return node.id
        compares = isinstance(node.aggregate, CopelandScore | Outranking)
        lowest[node.id] = lowest_score(node.aggregate) if compares else met
    return None


def lookup_problems(where: Location, find: Callable[[], object]) -> Iterator[Problem]:
    """Yield the faults of a look-up as problems of one place."""
    try:
        find()
    except InputError as error:
        for fault in error.faults:
            yield where, f"{fault.place}: {fault.problem}" if fault.place else fault.problem, fault.remedy
