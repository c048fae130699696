"""What it would take: the cheapest plans that bring a city to a rank, re-scored and with their chance of success."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import xarray as xr

from simulator import names
from simulator.changes.program import Order, Program
from simulator.changes.wording import Step
from simulator.errors import Fault, InputError
from simulator.lookup import find_indicators
from simulator.methods import TotalTieRule
from simulator.simulation.blocks import Progress
from simulator.whatif.answer import answer
from simulator.whatif.moves import Moves, ladders
from simulator.whatif.plans import Plan, best_reachable, cheapest_plans
from simulator.whatif.question import Question
from simulator.whatif.reply import Draw, describe_held, describe_program


@dataclass(frozen=True, eq=False)
class Way:
    """What a city could do to reach a rank, and the plans that were found."""

    moves: Moves
    plans: tuple[Plan, ...]
    """The cheapest first; one without steps where the city has the rank already."""
    margin: float
    """Points by which they stay ahead."""

    def program(self, plan: Plan, question: Question) -> Program:
        """Return a plan as changes: so many places up in each of its variables."""
        who = np.array([city == question.city for city in question.index.cities])
        return Program(
            tuple(
                Order("move", variable, who, step=Step(places=places), on_quantity=False)
                for variable, places in self.places(plan).items()
            ),
            None,
            (),
        )

    def places(self, plan: Plan) -> dict[str, int]:
        """Return the cities that a plan passes in each variable."""
        found = {ladder.variable: ladder.places for ladder in self.moves.ladders}
        return {variable: int(found[variable][step - 1]) for variable, step in plan.steps.items()}


def find_way(
    question: Question, margin: float | None = None, count: int | None = None, time_limit: float | None = None
) -> Way:
    """Return the cheapest plans that bring the city in question to the rank it wants, `margin` points ahead.

    Margin and number of plans are those of the question where not given. `time_limit`: seconds after which each search
    ends with the best plan found; none if not given.

    Raises
    ------
    InputError
        Where the index is not linear above its variables, nothing may change, or the rank is out of reach: then with
        the best rank that is not.
    """
    reach, ranking = question.goal, question.index.definition.ranking
    moves = _moves(question)
    totals = question.standing.scored[names.TOTAL].values
    margin = reach.margin if margin is None else margin
    rule: Rule = {"margin": margin, "tie_rule": ranking.ties, "tolerance": ranking.tolerance}
    count = reach.plans if count is None else count
    plans = cheapest_plans(moves, totals, question.position, reach.rank, count=count, time_limit=time_limit, **rule)
    if not plans:
        best = best_reachable(moves, totals, question.position, **rule)
        own = int(question.standing.scored[names.RANK].values[question.position])
        bounds = f"within these bounds{f', {margin:g} points ahead' if margin else ''}"
        problem = f"rank {reach.rank} is out of reach of {question.city} {bounds}; the best is {best}"
        remedy = f"Ask for rank {best}, or raise ceilings." if best < own else "Let more variables change."
        raise InputError("reach", [Fault("rank", problem, remedy)])
    return Way(moves, tuple(plans), margin)


class Rule(TypedDict):
    """How totals are compared."""

    margin: float
    tie_rule: TotalTieRule
    tolerance: float


def _moves(question: Question) -> Moves:
    """Return what the city in question may do."""
    reach, definition = question.goal, question.index.definition
    allowed = set(find_indicators(definition, list(reach.allow)))
    fixed = [leaf.id for leaf in definition.indicators if not leaf.actionable and leaf.id not in allowed]
    return ladders(
        question.index,
        question.city or "",
        only=None if reach.only is None else [*find_indicators(definition, list(reach.only)), *allowed],
        without=[*find_indicators(definition, list(reach.without)), *fixed],
        ceiling=reach.ceiling,
        ceilings=reach.ceilings,
        price=reach.price,
        prices=reach.prices,
    )


def find_sure_way(
    question: Question, wanted: float, draw: Draw, progress: Progress | None, time_limit: float | None = None
) -> Way:
    """Return the cheapest plans by the smallest margin, to a point, that gives the cheapest of them a wanted chance.

    The margin is doubled until the chance is had, then halved back (bisection), as if the chance always rose with it.
    Another way to the same chance may take a little less: only for the margin is the effort proven to be least.

    Raises
    ------
    InputError
        Where no margin within reach gives the chance: then with the largest that was found.
    """
    chances: list[float] = []

    def enough(margin: float) -> bool:
        way = find_way(question, margin, 1, time_limit)
        field = question.with_program(way.program(way.plans[0], question))
        chances.append(_chance(question, draw(field, _nested(progress, min(len(chances), TRIALS - 1), TRIALS)))[0])
        return chances[-1] >= wanted

    low = high = question.goal.margin
    try:
        while not enough(high):
            low, high = high, max(2.0 * high, FIRST_MARGIN)
    except InputError:
        if not chances:
            raise
        most = f"the largest was {100.0 * max(chances):.1f} %"
        problem = f"no plan was found that has a chance of {100.0 * wanted:g} %; {most}"
        remedy = "Ask for less, raise ceilings, or let more variables change."
        raise InputError("reach", [Fault("chance", problem, remedy)]) from None
    while high - low > 1.0:
        middle = round((low + high) / 2.0)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return find_way(question, high, time_limit=time_limit)


FIRST_MARGIN = 8.0
"""Points that are tried first, where none are not enough."""

TRIALS = 12
"""Margins that are mostly tried, for the progress that is told."""


def reply_reach(
    question: Question, draw: Draw, progress: Progress | None, time_limit: float | None = None
) -> xr.Dataset:
    """Return the answer to `reach`: that of the cheapest plan as a what-if, and all plans side by side.

    Returns
    -------
    xr.Dataset
        As `simulator.whatif.reply.reply` returns it for the cheapest plan; and on (plan): `plan_effort`, `plan_total`,
        `plan_rank`, re-scored by the real pipeline, `plan_proven` (whether no plan takes less), and with draws
        `plan_chance`, the share of the draws in which the rank is reached, with `plan_chance_se`; on (plan, indicator):
        `plan_places`, the cities to pass, and `plan_value`, the value to reach, NaN where it stays. Without axis:
        `chance_before`, that of the rank without any plan, and `chance_before_se`.
    """
    wanted = question.goal.chance
    if wanted is None:
        way = find_way(question, time_limit=time_limit)
    else:
        way = find_sure_way(question, wanted, draw, progress, time_limit)
    answers = []
    chances = []
    runs = 0 if question.scenario.draws == 0 else len(way.plans) + 1
    for number, plan in enumerate(way.plans):
        field = question.with_program(way.program(plan, question))
        answers.append(answer(question.standing, field.middle))
        if runs:
            drawn = draw(field, _nested(progress, number, runs))
            chances.append(_chance(question, drawn))
            if number == 0:
                answers[0] = answers[0].merge(drawn, compat="equals", join="left").assign_attrs(drawn.attrs)
    found = answers[0].merge(_side_by_side(question, way, answers, chances))
    if runs:
        chance, error = _chance(question, draw(None, _nested(progress, runs - 1, runs)))
        found[names.CHANCE_BEFORE], found[names.CHANCE_BEFORE + names.SE] = chance, error
    else:
        found = found.assign_attrs(draws=0, design="none", values="as they stand", data_error="none")
    program = way.program(way.plans[0], question)
    return found.assign_attrs(
        city=question.city or "",
        target_rank=question.goal.rank,
        margin=way.margin,
        wanted_chance=wanted or 0.0,
        asked=describe_program(program, question.index.cities),
        held=describe_held(question),
    )


def _nested(progress: Progress | None, part: int, parts: int) -> Progress | None:
    """Return the progress of one of several runs, told as draws of all."""
    if progress is None:
        return None
    return lambda done, total: progress(part * total + done, parts * total)


def _chance(question: Question, drawn: xr.Dataset) -> tuple[float, float]:
    """Return the share of the draws in which the city has the rank or a better one, and its standard error."""
    row = drawn.isel({names.CITY: question.position})
    share = float(row[names.RANK_FREQUENCY].values[: question.goal.rank].sum())
    return share, float(np.sqrt(max(share * (1.0 - share), 0.0) / int(row[names.DRAWS_WITH_CITY])))


def _side_by_side(
    question: Question, way: Way, answers: Sequence[xr.Dataset], chances: Sequence[tuple[float, float]]
) -> xr.Dataset:
    leaves = [leaf.id for leaf in question.index.definition.indicators]
    places = np.zeros((len(way.plans), len(leaves)), np.int64)
    value = np.full(places.shape, np.nan)
    for number, plan in enumerate(way.plans):
        for variable, passed in way.places(plan).items():
            leaf = leaves.index(variable)
            places[number, leaf] = passed
            value[number, leaf] = answers[number][names.VALUE_AFTER].values[question.position, leaf]
    of_city = {names.CITY: question.position}
    axes = (names.PLAN, names.INDICATOR)
    found = xr.Dataset(
        {
            names.PLAN_EFFORT: (names.PLAN, [plan.effort for plan in way.plans]),
            names.PLAN_TOTAL: (names.PLAN, [float(one[names.TOTAL_AFTER].isel(of_city)) for one in answers]),
            names.PLAN_RANK: (names.PLAN, [int(one[names.RANK_AFTER].isel(of_city)) for one in answers]),
            names.PLAN_PROVEN: (names.PLAN, [plan.proven for plan in way.plans]),
            names.PLAN_PLACES: (axes, places),
            names.PLAN_VALUE: (axes, value),
        },
        coords={names.PLAN: np.arange(1, len(way.plans) + 1), names.INDICATOR: leaves},
    )
    if chances:
        found[names.PLAN_CHANCE] = (names.PLAN, [chance for chance, _ in chances])
        found[names.PLAN_CHANCE + names.SE] = (names.PLAN, [error for _, error in chances])
    return found
