"""What is wrong with a definition as it is written that no single field of it can tell; any data is tolerated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from simulator.documents import Location
from simulator.errors import did_you_mean
from simulator.formulas import FormulaError, parse_formula
from simulator.methods import MinMax

LEVELS = ("index", "dimension", "indicator")
"""Names of the levels where a definition gives none."""

DESCRIBING = ("city", "name_en", "name_zh", "province", "status", "cluster")
"""Columns of a table that describe a city, which no denominator can be."""


def tree_faults(data: Any) -> Iterator[tuple[Location, str, str]]:
    """Yield what no single field of a raw definition can tell; tolerates any data."""
    if not isinstance(data, Mapping) or not isinstance(data.get("index"), Mapping):
        return
    seen: dict[str, Location] = {}
    yield from _source_faults(data)
    levels = data.get("levels", LEVELS)
    depth = len(levels) if isinstance(levels, list | tuple) else 0
    for location, node in _raw_walk(data["index"], ("index",)):
        yield from _entry_faults(location, node, seen)
        if isinstance(node.get("children"), list | tuple) and depth:
            yield from _family_faults(location, node, depth)
    if depth and len(set(map(str, levels))) < depth:
        yield ("levels",), "a level is named twice", "Give every level its own name."
    tiers = data.get("tiers", ())
    if isinstance(tiers, list | tuple) and all(isinstance(t, int) for t in tiers) and list(tiers) != sorted(set(tiers)):
        yield ("tiers",), f"{list(tiers)} does not rise", "Give the last rank of each tier, best tier first."


def _source_faults(data: Mapping[str, Any]) -> Iterator[tuple[Location, str, str]]:
    """Yield formulas over unknown quantities, and data files that do not make a matrix."""
    quantities = data.get("quantities", {})
    known = [str(name) for name in quantities] if isinstance(quantities, Mapping) else []
    if isinstance(quantities, Mapping):
        yield from _quantity_faults(quantities, known)
    leaves = [(where, node) for where, node in _raw_walk(data["index"], ("index",)) if "children" not in node]
    for where, leaf in leaves:
        yield from _unknown_quantities((*where, "formula"), leaf.get("formula"), known)
    files = data.get("data")
    yield from _denominator_faults(leaves, isinstance(files, Mapping) and files.get("quantities") is not None)
    if not isinstance(files, Mapping):
        return
    if (files.get("matrix") is None) == (files.get("quantities") is None):
        yield ("data",), "values come from either a matrix or quantities", "Name one of the two files."
    if files.get("quantities") is not None:
        for where, leaf in leaves:
            if leaf.get("formula") is None:
                yield where, "no formula, and values are to come from quantities", "Add formula: QUANTITY."


def _denominator_faults(
    leaves: Sequence[tuple[Location, Mapping[str, Any]]], from_quantities: bool
) -> Iterator[tuple[Location, str, str]]:
    """Yield denominators that are indicators, or that no table of a matrix could hold."""
    taken = {*(str(leaf.get("id")) for _, leaf in leaves), *DESCRIBING}
    for where, leaf in leaves:
        written = leaf.get("denominator")
        divisor = written.get("by") if isinstance(written, Mapping) else written
        if divisor is not None and divisor in taken:
            kind = "describes cities" if divisor in DESCRIBING else "is an indicator"
            yield (*where, "denominator"), f"{divisor!r} {kind}", "Name a column of its own beside the indicators."
        if divisor is not None and from_quantities:
            problem = "values made of quantities have no table with such a column"
            yield (*where, "denominator"), problem, f"Write it into the formula: … / {divisor}."


def _unknown_quantities(where: Location, formula: Any, known: Sequence[str]) -> Iterator[tuple[Location, str, str]]:
    for name in quantities_in(formula):
        if name not in known:
            remedy = did_you_mean(name, known) or "Declare it under `quantities`."
            spaces = " A minus needs spaces around it." if "-" in name else ""
            yield where, f"no quantity {name!r}", f"{remedy}{spaces}"


def _quantity_faults(quantities: Mapping[Any, Any], known: Sequence[str]) -> Iterator[tuple[Location, str, str]]:
    """Yield quantities that refer to unknown ones, to themselves, or that are made of each other in a circle."""
    made: dict[str, tuple[str, ...]] = {}
    for name, entry in quantities.items():
        where: Location = ("quantities", str(name))
        if not isinstance(entry, Mapping):
            continue
        made[str(name)] = quantities_in(entry.get("formula"))
        yield from _unknown_quantities((*where, "formula"), entry.get("formula"), known)
        for role in ("growth", "previous"):
            other = entry.get(role)
            if other is None:
                continue
            if other not in known:
                yield (*where, role), f"no quantity {other!r}", did_you_mean(str(other), known)
            elif other == name or entry.get("formula") is not None:
                problem = f"{name} cannot be its own {role}" if other == name else f"{name} is made by a formula"
                yield (*where, role), problem, "Remove it."
            elif _entry(quantities, other, "formula") is not None:
                yield (*where, role), f"{other} is made by a formula, and cannot be set", "Name a figure."
    try:
        TopologicalSorter(made).prepare()
    except CycleError as error:
        circle = " of ".join(error.args[1][::-1])
        yield ("quantities", error.args[1][0], "formula"), f"a circular formula: {circle}", "Break the circle."


def _entry(entries: Mapping[Any, Any], name: Any, key: str) -> Any:
    """Return what a raw mapping of mappings says of a name under a key; nothing where it is no mapping."""
    entry = entries.get(name)
    return entry.get(key) if isinstance(entry, Mapping) else None


def quantities_in(formula: Any) -> tuple[str, ...]:
    """Return the quantities of a raw formula; none where it is no formula, which its field tells."""
    try:
        return parse_formula(formula).quantities if isinstance(formula, str) else ()
    except FormulaError:
        return ()


def _raw_walk(node: Mapping[str, Any], location: Location) -> Iterator[tuple[Location, Mapping[str, Any]]]:
    yield location, node
    children = node.get("children")
    if isinstance(children, list | tuple):
        for position, child in enumerate(children):
            if isinstance(child, Mapping):
                yield from _raw_walk(child, (*location, "children", position))


def _entry_faults(
    location: Location, node: Mapping[str, Any], seen: dict[str, Location]
) -> Iterator[tuple[Location, str, str]]:
    identifier = node.get("id")
    if isinstance(identifier, str):
        if identifier in seen:
            yield (*location, "id"), f"{identifier!r} is used twice", "Give every node and indicator its own id."
        seen[identifier] = location
    if node.get("direction") == "target" and node.get("target") is None:
        yield location, "direction is 'target' but no target is given", "Add target: VALUE."
    posts = node.get("goalposts")
    numbers = [post for post in posts if isinstance(post, int | float)] if isinstance(posts, list | tuple) else []
    if len(numbers) == 2 and numbers[0] >= numbers[1]:
        yield (*location, "goalposts"), f"{numbers} does not rise", "Give the lower value first."


def _family_faults(location: Location, node: Mapping[str, Any], depth: int) -> Iterator[tuple[Location, str, str]]:
    children = [child for child in node["children"] if isinstance(child, Mapping)]
    weights = [child.get("weight", 1.0) for child in children]
    if weights and all(isinstance(w, int | float) and w == 0 for w in weights):
        yield (*location, "children"), "the weights of all children are zero", "Give at least one a weight above 0."
    below = location.count("children") + 1
    if below >= depth - 1 and any("children" in child for child in children):
        yield location, f"the tree is deeper than its {depth} levels", "Name every level in `levels`, indicators last."
    yield from _unused_faults(location, node)
    method = node.get("normalise")
    name = method.get("method") if isinstance(method, Mapping) else method
    given = isinstance(method, Mapping) and method.get("goalposts") == "given"
    for position, child in enumerate(node["children"]):
        if not isinstance(child, Mapping):
            continue
        if child.get("direction") == "target" and name in ("fraction-of-best", "distance-to-reference"):
            problem = f"its parent takes a {name}, and no ratio tells how near a target is"
            yield (
                (*location, "children", position, "direction"),
                problem,
                "Choose another normalisation for its parent.",
            )
        if "children" in child:
            if (name == "min-max" and given) or name == "distance-to-target":
                problem = f"{name} needs goalposts or a target, which a node does not have"
                yield (*location, "children", position), problem, "Choose another normalisation for its parent."
            continue
        if name == MinMax.model_fields["method"].default and given and child.get("goalposts") is None:
            yield (
                (*location, "children", position),
                "no goalposts, but its parent takes them as given",
                "Add goalposts: [LOW, HIGH].",
            )
        if name == "distance-to-target" and child.get("target") is None:
            yield (
                (*location, "children", position),
                "no target, but its parent measures the distance to it",
                "Add target: VALUE.",
            )


def _unused_faults(location: Location, node: Mapping[str, Any]) -> Iterator[tuple[Location, str, str]]:
    """Yield what stands in the file but would have no effect, and a normalisation that was forgotten."""
    leaves = [(k, c) for k, c in enumerate(node["children"]) if isinstance(c, Mapping) and "children" not in c]
    units = {str(leaf.get("unit", "")) or ("answers" if leaf.get("answers") else "") for _, leaf in leaves}
    if "normalise" not in node and len(units) > 1:
        named = ", ".join(sorted(unit or "no unit" for unit in units))
        yield location, f"values in different units ({named}) are not normalised", "Add normalise: METHOD."
    method = node.get("normalise")
    name = method.get("method") if isinstance(method, Mapping) else method
    silent = name == "min-max" and not (isinstance(method, Mapping) and "goalposts" in method)
    for position, leaf in leaves:
        where = (*location, "children", position)
        if silent and leaf.get("goalposts") is not None:
            remedy = "Write normalise: {method: min-max, goalposts: given}, or goalposts: sample to leave them unused."
            yield where, "goalposts are given, but its parent does not say which to use", remedy
        if leaf.get("target") is not None and "direction" not in leaf and name != "distance-to-target":
            yield where, "a target is given, but no direction", "Add direction: target, or higher or lower."
