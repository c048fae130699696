"""A what-if of a scenario, bound to its index and ready to be answered."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from simulator import names
from simulator.agreement import refuse
from simulator.changes.effects import ChangeField, Effects
from simulator.changes.feasibility import (
    change_problems,
    city_problems,
    figure_problems,
    naming_problems,
    reach_problems,
)
from simulator.changes.figures import Figures, gather_figures
from simulator.changes.program import Program, make_program
from simulator.changes.standing import Standing, stand
from simulator.changes.wording import Reach
from simulator.construction.feasibility import Problem
from simulator.definition import POINTS
from simulator.documents import Document
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.lookup import find_city
from simulator.scenario import Scenario
from simulator.uncertainty.factors import ValuesBehind


@dataclass(frozen=True, eq=False)
class Beginning:
    """Where cities stand before any change, worked out when it is first asked for."""

    index: Index
    """By its recipe."""
    values: ValuesBehind | None
    """Shapes of the values behind printed points."""
    given: Mapping[str, Mapping[str, float]]
    """City, by any of its names → quantity → a figure that is not bundled."""

    @cached_property
    def standing(self) -> Standing:
        """The index with a value behind every variable; raises `InputError` where cells are blank."""
        return stand(self.index, self.values)

    @cached_property
    def figures(self) -> Figures | None:
        """The quantities of all cities; nothing where the index has none. What is given must be known to fit."""
        given: dict[str, dict[str, float]] = {}
        for name, of_city in self.given.items():
            given.setdefault(find_city(self.index.matrix, name), {}).update(of_city)
        return gather_figures(self.standing, given)


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked, of which city, of an index whose every variable has a value."""

    standing: Standing
    figures: Figures | None
    """The quantities before any change; nothing where the index has none."""
    scenario: Scenario
    city: str | None
    """The city in question; nothing where the changes are those of a group."""

    @property
    def index(self) -> Index:
        """The index with these values; scores and ranks are those without the change."""
        return self.standing.index

    @property
    def goal(self) -> Reach:
        """The rank to reach; raises `ValueError` where the scenario wants none."""
        if self.scenario.reach is None:
            raise ValueError(f"{self.scenario.name} wants no rank")
        return self.scenario.reach

    @property
    def position(self) -> int:
        """Position of the city in question; -1 where there is none."""
        return -1 if self.city is None else self.index.cities.index(self.city)

    @cached_property
    def field(self) -> ChangeField:
        """The changes of the scenario."""
        scenario, matrix = self.scenario, self.index.matrix
        others = None if isinstance(scenario.others, str) else scenario.others
        quantities = () if self.figures is None else tuple(self.figures.value)
        program = make_program(matrix, scenario.changes, others, scenario.spillover, self.city, quantities)
        return self.with_program(program)

    def with_program(self, program: Program) -> ChangeField:
        """Return other changes of the same index."""
        return ChangeField(self.standing, program, self.figures)

    @cached_property
    def effects(self) -> Effects:
        """What the changes do, with every uncertain amount at its mean."""
        return self.field.middle


def with_values_behind(scenario: Scenario, index: Index) -> Scenario:
    """Return a what-if that draws the values behind printed points, which its scenario need not say.

    Errors in places, which mean nothing of values, become errors in standard deviations: a place is the share of one
    that it is among the points 1 to n, sqrt(12 / (n (n + 1))). An exhaustive design draws nothing, and keeps to the
    values that stand in.
    """
    printed = {str(slot) for slot in index.printed[names.SLOT].values}
    behind = any(leaf.id in printed and leaf.unit == POINTS for leaf in index.definition.indicators)
    if not scenario.asks_what_if or scenario.factors.values or not behind or scenario.design == "exhaustive":
        return scenario
    n = len(index.cities)
    place = math.sqrt(12.0 / (n * (n + 1)))
    errors = tuple(
        error.model_copy(update={"size": place * error.size, "unit": "sd"}) if error.unit == "places" else error
        for error in scenario.factors.data_error
    )
    factors = scenario.factors.model_copy(update={"values": (ValuesBehind(),), "data_error": errors})
    return scenario.model_copy(update={"factors": factors})


def begin(scenario: Scenario, index: Index) -> Beginning:
    """Return where the cities of an index by its recipe stand before what a scenario changes."""
    values = scenario.factors.values
    return Beginning(index, values[0] if values else None, scenario.figures)


def pose(scenario: Scenario, beginning: Beginning, document: Document) -> Question | None:
    """Return the what-if of a scenario over where cities stand by it; nothing where it asks none.

    Raises
    ------
    InputError
        With every fault of its changes, of the rank to reach, or of what they would lead to.
    """
    refuse(document, _misplaced(scenario))
    if not scenario.asks_what_if:
        return None
    standing = beginning.standing
    others = None if isinstance(scenario.others, str) else scenario.others
    refuse(
        document,
        chain(
            city_problems(standing, scenario.city, scenario.changes, scenario.spillover),
            figure_problems(standing, scenario.figures),
            naming_problems(standing, scenario.changes),
            () if scenario.reach is None else reach_problems(standing, scenario.city, scenario.reach),
        ),
    )
    figures = beginning.figures
    refuse(
        document, change_problems(standing, figures, scenario.city, scenario.changes, others, bool(scenario.spillover))
    )
    city = None if scenario.city is None else find_city(beginning.index.matrix, scenario.city)
    question = Question(standing, figures, scenario, city)
    if scenario.reach is not None:
        return question
    if scenario.design == "exhaustive" and not question.field.certain:
        problem = "amounts that are drawn cannot be enumerated"
        refuse(document, iter([(("changes",), problem, "Give their means, or take design: monte-carlo.")]))
    try:
        _ = question.effects
    except InputError as error:
        place = document.place(("changes",))
        faults = [Fault(f"{place}: {fault.place}", fault.problem, fault.remedy) for fault in error.faults]
        raise InputError(document.source, faults) from None
    return question


def _misplaced(scenario: Scenario) -> Iterator[Problem]:
    """Yield keys that mean nothing together."""
    if not scenario.asks_what_if:
        idle = [key for key in ("city", "spillover", "figures") if getattr(scenario, key)]
        idle += [] if scenario.others == "still" else ["others"]
        yield from (((key,), "nothing is changed", "Add `changes` or `reach`, or remove it.") for key in idle)
        if scenario.draws is not None and scenario.draws < 2:
            yield ("draws",), f"{scenario.draws} draws tell no chance", "Give 2 or more (and --draws)."
        return
    if scenario.source != "points":
        problem = "a what-if begins at the published index: raw values calibrated to its order, wherever they are known"
        yield ("source",), problem, "Remove it."
    if scenario.within is not None:
        problem = "a what-if ranks all cities that take part together"
        yield ("within",), problem, "Remove it, or name `cities`."
    if scenario.reach is not None and scenario.changes:
        yield ("reach",), "changes are given, and are what is to be found", "Remove either."
    if scenario.baseline is not None:
        yield ("baseline",), "a what-if is compared with the ranking before the change", "Remove it."
    yield from _drawn_in_vain(scenario)
    for number, error in enumerate(scenario.factors.data_error):
        if error.unit == "places":
            problem = "an error in places acts on points, and a what-if on the raw values behind them"
            yield ("factors", "data-error", number, "unit"), problem, "Use `sd` or `relative`."
    if any(values.raw == "ignore" for values in scenario.factors.values):
        yield ("factors", "values"), "changes act on raw values, which are ignored", "Remove `raw: ignore`."


def _drawn_in_vain(scenario: Scenario) -> Iterator[Problem]:
    """Yield numbers of draws that tell nothing, and keys that need draws where there are none."""
    if scenario.draws == 1:
        yield ("draws",), "one draw tells no chance", "Give 0, or 2 or more (and --draws)."
    if scenario.draws != 0:
        return
    if scenario.until is not None:
        yield ("until",), "without draws there are no chances to be sure of", "Remove it, or give draws (and --draws)."
    if scenario.reach is not None and scenario.reach.chance is not None:
        yield ("reach", "chance"), "without draws there are no chances", "Give draws (and --draws)."
    for key, asked in (("keep-draws", scenario.keep_draws), ("pairs", scenario.pairs)):
        if asked:
            yield (key,), "there are no draws that it could tell of", "Remove it, or give draws (and --draws)."
