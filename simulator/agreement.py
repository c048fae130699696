"""Whether a scenario fits an index: names and levels known, methods possible, alternatives that can be drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from simulator.construction.feasibility import (
    Problem,
    level_problems,
    lookup_problems,
    needs_problems,
    recipe_problems,
    reference_problems,
    some,
    undefined_node,
    weight_problems,
)
from simulator.construction.recipe import (
    apply_recipe,
    with_aggregation,
    with_normalisation,
    with_ties,
)
from simulator.definition import Definition
from simulator.documents import Document, Location
from simulator.errors import Fault, InputError, did_you_mean
from simulator.index import Index, unprinted
from simulator.listing import city_attributes
from simulator.lookup import find_cities, find_indicators, find_slots, select_cities
from simulator.methods import (
    AsDefined,
    BudgetAllocation,
    DirichletWeights,
    DistanceToReference,
    GivenWeights,
    UniformWeights,
    label,
)
from simulator.preparation import MeanOfGroup, MedianOfGroup
from simulator.scenario import Extremes, PillarTree, Scenario
from simulator.sourcing import source_problems, with_sources
from simulator.uncertainty.design import Exclusion, dead_ends
from simulator.uncertainty.factors import CHOICE_FACTORS, AggregationFactor, Factors, LeaveOut, method_choices
from simulator.uncertainty.feasibility import value_problems
from simulator.uncertainty.omission import CITY_LEVEL, find_members, leave_out_name
from simulator.uncertainty.points import MOST_DIMENSIONS, TITLES

SMALLEST_GROUP = 3
"""Cities below which a ranking says nothing."""


def refuse(document: Document, problems: Iterator[Problem]) -> None:
    """Raise an `InputError` with all problems, each with its place in the document; do nothing if there are none."""
    faults = list(dict.fromkeys(Fault(document.place(where), what, remedy) for where, what, remedy in problems))
    if faults:
        raise InputError(document.source, faults)


def selection_problems(scenario: Scenario, index: Index) -> Iterator[Problem]:
    """Yield what is wrong with the choice of cities and with the pillars of a reading, against the whole index."""
    if scenario.cities is not None:
        yield from _city_problems(scenario.cities, index)
    if len(index.cities) < SMALLEST_GROUP:
        problem = f"it ranks {len(index.cities)} cities, which says nothing"
        yield ("index",), problem, f"Take an index of {SMALLEST_GROUP} cities or more."
    known = city_attributes(index.matrix)
    if scenario.within is not None and scenario.within not in known:
        remedy = did_you_mean(scenario.within, known) or "Remove it."
        yield ("within",), f"the cities of {index.definition.id} have no {scenario.within}", remedy
    if scenario.reading is not None:
        yield from _reading_problems(scenario.reading.pillars, index.definition)


def sourcing_problems(scenario: Scenario, index: Index) -> Iterator[Problem]:
    """Yield what is wrong with the sources of values, against the index of the cities that take part."""
    found = list(source_problems(scenario.source, index))
    yield from found
    if (
        not found
        and scenario.reading is not None
        and with_sources(index, scenario.source).definition.levels != (index.definition.levels)
    ):
        remedy = "Take `calibrated`, or leave the reading out."
        yield ("source",), "a reading groups variables, and `raw` takes them apart into indicators", remedy


def _city_problems(cities: Mapping[str, str | tuple[str, ...]] | tuple[str, ...], index: Index) -> Iterator[Problem]:
    found = list(lookup_problems(("cities",), lambda: select_cities(index.matrix, cities)))
    yield from found
    if found:
        return
    chosen = select_cities(index.matrix, cities).sizes["city"]
    if not isinstance(cities, Mapping) and chosen < len(cities):
        yield ("cities",), f"{len(cities)} names stand for {chosen} cities", "Name each city once."
    if chosen < SMALLEST_GROUP:
        yield ("cities",), f"a ranking of {chosen} says nothing", f"Choose {SMALLEST_GROUP} cities or more."


def _reading_problems(pillars: Mapping[str, PillarTree | tuple[str, ...]], definition: Definition) -> Iterator[Problem]:
    seen: set[str] = set()
    taken = {leaf.id for leaf in definition.indicators} | {definition.index.id}
    for where, content in _groups(pillars, ("reading", "pillars")):
        name = "-".join(str(step) for step in where[2:])
        if name in taken:
            yield where, f"{name!r} is the name of another group, of an indicator or of the index", "Choose another."
        taken.add(name)
        if isinstance(content, Mapping):
            continue
        found = list(lookup_problems(where, lambda members=content: find_indicators(definition, list(members))))  # type: ignore[misc]
        yield from found
        if found:
            continue
        members = find_indicators(definition, list(content))
        methods = {str(definition.node(definition.ancestors[leaf][-1]).normalise) for leaf in members}
        if len(methods) > 1:
            remedy = "Split the group, or name one normalisation under `recipe`."
            yield where, "its indicators are normalised in different ways", remedy
        for leaf in members:
            if leaf in seen:
                yield where, f"{leaf!r} has a place already", "Give each indicator one place."
            seen.add(leaf)


def _groups(
    tree: Mapping[str, PillarTree | tuple[str, ...]], where: Location
) -> Iterator[tuple[Location, PillarTree | tuple[str, ...]]]:
    for name, content in tree.items():
        yield (*where, name), content
        if isinstance(content, Mapping):
            yield from _groups(content, (*where, name))


def study_problems(scenario: Scenario, index: Index) -> Iterator[Problem]:
    """Yield what is wrong with the recipe, the factors and the design, against the index they will work on."""
    problems = list(_name_problems(scenario, index))
    yield from problems
    if not problems:
        yield from _together_problems(scenario.factors, index.definition)
        yield from _print_problems(scenario, index)
        yield from _draw_problems(scenario, index.definition)
        yield from _point_problems(scenario, index.definition)
    yield from _stopping_problems(scenario)
    yield from _design_problems(scenario)


def _name_problems(scenario: Scenario, index: Index) -> Iterator[Problem]:
    """Yield names and levels that the index does not know, and methods that it lacks the figures for."""
    yield from recipe_problems(scenario.recipe, index.definition)
    yield from _reference_problems(scenario, index)
    yield from value_problems(scenario.factors, index)
    for number, omission in enumerate(scenario.factors.leave_out):
        yield from _omission_problems(omission, index, ("factors", "leave-out", number))
    if scenario.within is not None and any(one.level == CITY_LEVEL for one in scenario.factors.leave_out):
        remedy = "Leave out cities, or rank within groups, not both."
        yield ("factors", "leave-out"), "cities cannot be left out of groups", remedy
    names = [leave_out_name(one) for one in scenario.factors.leave_out]
    if len(set(names)) < len(names):
        yield ("factors", "leave-out"), "one level stands there twice", "Give each level one entry."
    yield from _method_problems(scenario.factors, index)
    yield from _extremes_problems(scenario.extremes, index)
    yield from _group_problems(scenario, index)
    known = {choice.factor: choice.labels for choice in method_choices(scenario.factors)}
    yield from _exclusion_problems(scenario.never, known)


def _reference_problems(scenario: Scenario, index: Index) -> Iterator[Problem]:
    """Yield reference cities of normalisations that do not take part, or not in every draw."""
    chosen = with_normalisation(index.definition, scenario.recipe.normalisation)
    varied = scenario.factors.normalisation
    asked: list[tuple[Location, Sequence[object]]] = [
        (("recipe", "normalisation"), [node.normalise for node in chosen.nodes]),
        (("factors", "normalisation", "alternatives"), varied.alternatives if varied else ()),
    ]
    for where, methods in asked:
        found = list(reference_problems(methods, index.matrix, where))
        yield from found
        named = [method.city for method in methods if isinstance(method, DistanceToReference)]
        if found or not named:
            continue
        if scenario.within is not None:
            problem = f"distances are measured to {named[0]}, which is in one group only"
            yield ("within",), problem, "Choose another normalisation, or name `cities` of its group."
        cities = find_cities(index.matrix, named)
        for number, one in enumerate(scenario.factors.leave_out):
            if one.level == CITY_LEVEL and (one.among is None or {*cities} & {*_known(index, one.among)}):
                problem = f"distances are measured to {named[0]}, which may be left out"
                yield ("factors", "leave-out", number), problem, "Name the others under `among`."


def _known(index: Index, names: Sequence[str]) -> Sequence[str]:
    """Return the cities that names stand for, none where one is unknown, which is told elsewhere."""
    return (
        () if any(lookup_problems((), lambda: find_cities(index.matrix, names))) else find_cities(index.matrix, names)
    )


def _omission_problems(spec: LeaveOut, index: Index, where: Location) -> Iterator[Problem]:
    definition = index.definition
    found = list(level_problems(spec.level, (*definition.levels[1:], CITY_LEVEL), (*where, "level")))
    found = found or list(_member_problems(spec.among or (), spec.level, index, (*where, "among")))
    yield from found
    if found:
        return
    everyone = len(index.cities) if spec.level == CITY_LEVEL else len(definition.members(spec.level))
    available = everyone if spec.among is None else len(spec.among)
    least = 2 if spec.level == CITY_LEVEL else 1
    if spec.count > min(available, everyone - least):
        most = min(available, everyone - least)
        remedy = f"Leave out {most} at most." if most > 0 else "Remove it."
        yield (*where, "count"), f"{spec.count} of {available} cannot be left out", remedy


def _member_problems(asked: Sequence[str], level: str, index: Index, where: Location) -> Iterator[Problem]:
    """Yield names that are not of members of the level, and members that are named twice."""
    found = list(lookup_problems(where, lambda: find_members(index, level, list(asked))))
    yield from found
    if found:
        return
    members = find_members(index, level, list(asked))
    known = members if level == CITY_LEVEL else index.definition.members(level)
    for position, member in enumerate(members):
        if member not in known:
            yield (*where, position), f"{member!r} is not of the level {level!r}", did_you_mean(member, known)
        if member in members[:position]:
            yield (*where, position), f"{member!r} is named twice", "Name it once."


def _together_problems(factors: Factors, definition: Definition) -> Iterator[Problem]:
    """Yield that omissions, at their worst, leave no indicator."""
    gone = 0
    for spec in factors.leave_out:
        if spec.level != CITY_LEVEL:
            members = definition.members(spec.level)
            sizes = [
                sum(member in (*definition.ancestors[leaf.id], leaf.id) for leaf in definition.indicators)
                for member in members
            ]
            gone += sum(sorted(sizes, reverse=True)[: spec.count])
    if gone >= len(definition.indicators):
        yield ("factors", "leave-out"), "together they may leave no indicator", "Leave out fewer."


def _method_problems(factors: Factors, index: Index) -> Iterator[Problem]:
    definition = index.definition
    if factors.weights is not None:
        for number, method in enumerate(factors.weights.alternatives):
            where: Location = ("factors", "weights", "alternatives", number)
            if isinstance(method, GivenWeights):
                yield from weight_problems(method.weights, definition, (*where, "weights"))
            elif isinstance(method, BudgetAllocation):
                yield from _expert_problems(method, definition, (*where, "experts"))
            elif not isinstance(method, AsDefined) and method.over is not None:
                yield from level_problems(method.over, definition.levels[1:], (*where, "over"))
    if factors.normalisation is not None:
        for number, one in enumerate(factors.normalisation.alternatives):
            yield from needs_problems(one, definition, ("factors", "normalisation", "alternatives", number))
    if factors.aggregation is not None:
        yield from _aggregated_problems(factors.aggregation, definition)


def _expert_problems(method: BudgetAllocation, definition: Definition, where: Location) -> Iterator[Problem]:
    """Yield the members that experts name and the index has not."""
    for expert, points in method.experts.items():
        yield from lookup_problems((*where, expert), lambda points=points: find_slots(definition, list(points)))  # type: ignore[misc]


def _aggregated_problems(factor: AggregationFactor, definition: Definition) -> Iterator[Problem]:
    """Yield a level that is not there, and one at which there is nothing to aggregate."""
    where: Location = ("factors", "aggregation")
    level = factor.at or definition.levels[0]
    found = list(level_problems(level, definition.levels[:-1], (*where, "at")))
    yield from found
    nodes = [node for node in definition.nodes if definition.level(node.id) == level]
    if not found and len(factor.alternatives) > 1 and all(len(node.children) == 1 for node in nodes):
        several = [definition.level(node.id) for node in definition.nodes if len(node.children) > 1]
        remedy = (
            f"Vary it where there are several: {{at: {several[0]}, alternatives: [...]}}." if several else "Remove it."
        )
        problem = f"at the level {level!r} every node has a single child, so that no aggregation changes anything"
        yield where, problem, remedy


def _group_problems(scenario: Scenario, index: Index) -> Iterator[Problem]:
    """Yield imputations by an attribute that the cities have not."""
    asked: list[tuple[Location, object]] = [(("recipe", "imputation"), scenario.recipe.imputation)]
    factor = scenario.factors.imputation
    for number, one in enumerate(factor.alternatives if factor else ()):
        asked.append((("factors", "imputation", "alternatives", number), one))
    known = city_attributes(index.matrix)
    for where, method in asked:
        if isinstance(method, MeanOfGroup | MedianOfGroup) and method.by not in known:
            yield (*where, "by"), f"the cities have no attribute {method.by!r}", did_you_mean(method.by, known)


def _extremes_problems(asked: Extremes, index: Index) -> Iterator[Problem]:
    """Yield levels and members that the index has not; what its total allows is told when the extremes are sought."""
    levels = index.definition.levels
    found = [] if asked.over is None else list(level_problems(asked.over, levels[1:], ("extremes", "over")))
    yield from found
    if not found:
        over = asked.over or levels[1]
        yield from _member_problems(tuple(asked.bounds or ()), over, index, ("extremes", "bounds"))
        yield from _member_problems(asked.order or (), over, index, ("extremes", "order"))


def resolve_exclusions(never: Sequence[Mapping[str, str]], known: Mapping[str, Sequence[str]]) -> list[Exclusion]:
    """Return exclusions by full labels: a bare method name stands for every alternative of that method.

    >>> resolve_exclusions([{"a": "rank", "b": "x"}], {"a": ["rank ties=better", "rank ties=worse"], "b": ["x"]})
    [{'a': 'rank ties=better', 'b': 'x'}, {'a': 'rank ties=worse', 'b': 'x'}]
    """
    resolved: list[Exclusion] = []
    for exclusion in never:
        if any(factor not in known for factor in exclusion):
            continue  # a factor that does not vary excludes nothing
        options = [[(factor, one) for one in _meant(name, known[factor])] for factor, name in exclusion.items()]
        resolved += [dict(combination) for combination in itertools.product(*options)]
    return resolved


def _meant(name: str, labels: Sequence[str]) -> list[str]:
    return [one for one in labels if name in (one, one.split(" ")[0])]


def _exclusion_problems(never: Sequence[Mapping[str, str]], known: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    for number, exclusion in enumerate(never):
        for factor, name in exclusion.items():
            where = ("never", number, factor)
            if factor in CHOICE_FACTORS and factor not in known:
                continue  # idle: the factor does not vary
            if factor not in known:
                yield where, f"{factor!r} is no factor with alternatives here", did_you_mean(factor, list(known))
            elif not _meant(name, known[factor]):
                yield where, f"{factor} has no alternative {name!r}", did_you_mean(name, list(known[factor]))


def _print_problems(scenario: Scenario, index: Index) -> Iterator[Problem]:
    """Yield where points `as-published` are asked of indicators or nodes that have no printed points."""
    chosen = apply_recipe(index.definition, scenario.recipe)
    asked: list[tuple[Location, Definition]] = [(("recipe",), chosen)]
    ties, normalisation = scenario.factors.ties, scenario.factors.normalisation
    for number, rule in enumerate(ties.alternatives if ties else ()):
        asked.append((("factors", "ties", "alternatives", number), with_ties(chosen, rule)))
    for number, one in enumerate(normalisation.alternatives if normalisation else ()):
        asked.append((("factors", "normalisation", "alternatives", number), with_normalisation(chosen, one)))
    for where, variant in asked:
        lacking = unprinted(variant, index.printed)
        if lacking:
            yield where, f"no points are printed of {some(lacking)}", "Choose another tie rule (convention 5)."
            return


def _draw_problems(scenario: Scenario, definition: Definition) -> Iterator[Problem]:
    """Yield combinations that leave nothing to choose, or that a geometric or harmonic mean cannot score."""
    choices = list(method_choices(scenario.factors))
    never = resolve_exclusions(scenario.never, {choice.factor: choice.labels for choice in choices})
    stuck = next(dead_ends(choices, never), None)
    if stuck is not None:
        after = " with ".join(stuck.values()) or "at the start"
        yield ("never",), f"nothing is left to choose {'after ' if stuck else ''}{after}", "Exclude less."
    if undefined_node(definition) is None:
        yield from _undefined_pairs(scenario, definition, never)


def _undefined_pairs(scenario: Scenario, definition: Definition, never: Sequence[Exclusion]) -> Iterator[Problem]:
    """Yield what makes a mean undefined that the definition itself does not."""
    chosen = apply_recipe(definition, scenario.recipe)
    node = undefined_node(chosen)
    if node is not None:
        remedy = "Choose a normalisation above zero (rank, min-max to [1, 100]) or the arithmetic mean."
        yield ("recipe",), f"the mean of {node} is undefined for scores that reach zero or below", remedy
        return
    normalisation, aggregation = scenario.factors.normalisation, scenario.factors.aggregation
    level = (aggregation and aggregation.at) or definition.levels[0]
    for one in normalisation.alternatives if normalisation else (AsDefined(),):
        for other in aggregation.alternatives if aggregation else (AsDefined(),):
            node = undefined_node(with_aggregation(with_normalisation(chosen, one), level, other))
            pair = {"normalisation": label(one), "aggregation": label(other)}
            if node is None or any(exclusion.items() <= pair.items() for exclusion in never):
                continue
            if aggregation is None or definition.level(node) != level:
                # No choice of aggregation helps: the definition itself takes such a mean there.
                problem = f"{one.method} cannot be used: {node} is a {definition.node(node).aggregate.method} mean"
                yield ("factors", "normalisation"), problem, "Remove the alternative, or normalise above zero."
                continue
            remedy = "Remove the alternative."
            if normalisation is not None:
                remedy = f"Add to `never`: {{normalisation: {one.method}, aggregation: {other.method}}}."
            problem = f"the {other.method} mean of {node} is undefined for {one.method} scores of zero or below"
            yield ("factors", "aggregation"), problem, remedy


def _stopping_problems(scenario: Scenario) -> Iterator[Problem]:
    if scenario.until is None:
        return
    if scenario.design == "exhaustive":
        yield ("until",), "an exhaustive design has no sampling error", "Remove `until` (and --until)."
    if scenario.within is not None:
        problem = "each group would stop by itself, and their figures could not stand side by side"
        yield ("until",), problem, "Remove `until` (and --until) and give `draws`, or remove `within`."
    if scenario.keep_draws:
        problem = "how many draws would have to be kept is not known beforehand"
        yield ("until",), problem, "Remove `until` (and --until) and give `draws`, or remove `keep-draws`."


def _point_problems(scenario: Scenario, definition: Definition) -> Iterator[Problem]:
    """Yield that evenly spread points have nothing to drive, or more than they can."""
    if scenario.design not in TITLES:
        return
    choices = list(method_choices(scenario.factors))
    methods = scenario.factors.weights.alternatives if scenario.factors.weights else ()
    random = [method for method in methods if isinstance(method, DirichletWeights | UniformWeights)]
    left_out = [one for one in scenario.factors.leave_out if one.count == 1]
    dimensions = len(choices) + len(left_out)
    dimensions += sum(len(definition.members(method.over or definition.levels[-1])) for method in random)
    if not random and not left_out and all(len(choice.labels) == 1 for choice in choices):
        problem = f"{scenario.design} points drive choices and random weights, and nothing of the kind varies"
        yield ("design",), problem, "Add such a factor, or take design: monte-carlo."
    if scenario.design == "sobol" and dimensions > MOST_DIMENSIONS:
        problem = f"choices and random weights have {dimensions:,} dimensions, sobol points {MOST_DIMENSIONS:,} at most"
        yield ("design",), problem, "Take design: latin-hypercube or monte-carlo."


def _design_problems(scenario: Scenario) -> Iterator[Problem]:
    if scenario.design != "exhaustive":
        return
    factors = scenario.factors
    if scenario.draws is not None:
        yield ("draws",), "an exhaustive design takes every combination once", "Remove `draws` (and --draws)."
    if factors.data_error:
        yield ("factors", "data-error"), "random errors cannot be enumerated", "Remove it, or take design: monte-carlo."
    if factors.values:
        yield ("factors", "values"), "drawn values cannot be enumerated", "Remove it, or take design: monte-carlo."
    for choice in method_choices(factors):
        if len(set(choice.probabilities)) > 1:
            remedy = "Remove `shares`, or take design: monte-carlo."
            yield ("factors", choice.factor, "shares"), "an exhaustive design takes all alternatives equally", remedy
    if factors.weights is not None:
        for number, method in enumerate(factors.weights.alternatives):
            if method.method in ("dirichlet", "uniform"):
                where = ("factors", "weights", "alternatives", number)
                yield where, "random weights cannot be enumerated", "Remove them, or take design: monte-carlo."
    for number, one in enumerate(factors.leave_out):
        if one.count > 1 or one.probability < 1.0:
            remedy = "Give count 1 and probability 1, or take design: monte-carlo."
            yield ("factors", "leave-out", number), "an exhaustive design leaves out one member in every draw", remedy
    if not factors.leave_out and not list(method_choices(factors)):
        yield ("factors",), "an exhaustive design needs a factor with alternatives", "Add one."
