"""The least effort that brings a city to a rank: which step of which ladder, by integer programming.

A plan takes one step at most of each ladder. Gains add up, so a plan holds where the city's lead over each rival now
ahead closes the gap, but for as many rivals as may stay ahead: a multiple-choice knapsack with a row for every rival
(Kellerer, Pferschy and Pisinger, Knapsack Problems, 2004, chapter 11), solved by branch and cut (HiGHS).

What makes it fast is to leave out what no cheaper plan can have. A plan found greedily bounds the effort, and a shadow
price of points bounds from below what it takes to overtake one rival; rivals that take more than the plan at hand must
stay ahead. Mostly as many are left as have to be overtaken, and nothing remains to be decided about them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.ranking import BETTER, WORSE, rank_totals
from simulator.methods import TotalTieRule
from simulator.whatif.moves import Moves

SHADOW_PRICES = 64
"""How many prices of a point are tried to tell what overtaking a rival takes at least."""

SMALL = 1e-9
"""Share of the largest number at hand that is rounding only."""

FINEST_GRID = 1e-5
"""Share of the largest number below which a common divisor is no grid: sums could not be told from their neighbours."""


OBJECTIVE = 1e4
"""Size of the largest effort as the solver sees it, so that its absolute tolerances are small beside efforts."""

_OPTIMAL, _INFEASIBLE = 0, 2
"""What the solver says at its end."""


@dataclass(frozen=True)
class Plan:
    """Steps that bring a city to a rank, and where it then stands."""

    steps: Mapping[str, int]
    """Variable → step of its ladder, the first is 1; only variables that change."""
    effort: float
    """Sum of the efforts of the steps."""
    total: float
    """The city's total afterwards."""
    rank: int
    """Its rank afterwards; may be better than the one asked for."""
    proven: bool
    """Whether the search ended: then no plan takes less effort (of further plans: none that differs as they must)."""


def best_reachable(
    moves: Moves,
    totals: Floats,
    position: int,
    *,
    margin: float = 0.0,
    tie_rule: TotalTieRule = "better",
    tolerance: float = 1e-9,
) -> int:
    """Return the best rank within reach: that of the highest step of every ladder.

    Every step brings the city points and takes some from rivals, so all of them together are the best there is.
    Parameters are those of `cheapest_plans`.

    Examples
    --------
    >>> import numpy as np
    >>> from simulator.whatif.moves import Ladder
    >>> ladder = Ladder("a", np.array([2.5]), np.array([1]), np.array([1.0]), np.array([[-1.0, 1.0]]))
    >>> best_reachable(Moves("hefei", (ladder,)), np.array([5.0, 3.0]), 1)
    1
    """
    field = _Field(moves, totals, position, margin, tie_rule, tolerance)
    return field.rank(field.top)


def cheapest_plans(
    moves: Moves,
    totals: Floats,
    position: int,
    rank: int,
    *,
    count: int = 3,
    margin: float = 0.0,
    tie_rule: TotalTieRule = "better",
    tolerance: float = 1e-9,
    time_limit: float | None = None,
) -> list[Plan]:
    """Return the plan of least effort that brings a city to a rank or a better one, and alternatives to it.

    Each further plan is the least of those that do without at least one variable of every plan before it. Every plan
    is checked by adding up the totals of all cities anew, not by what the solver says of it.

    Parameters
    ----------
    moves
        The ladders of the city.
    totals
        (n): totals before.
    position
        The city's place in `totals`.
    rank
        The rank to reach.
    count
        Most plans to return.
    margin
        Points by which the city is ahead of every rival that it counts as overtaken, at least.
    tie_rule
        Under `better` a rival with an equal total counts as overtaken, under any other rule it does not.
    tolerance
        Share of the range of totals within which they are equal (convention 5).
    time_limit
        Seconds after which the search for a plan ends with the best one found; none if not given.

    Returns
    -------
    list of Plan
        None where the rank is out of reach, fewer than `count` where no other plan differs enough; a single one without
        steps where the city has the rank already.

    Examples
    --------
    >>> import numpy as np
    >>> from simulator.whatif.moves import Ladder
    >>> effort, gain = np.array([1.0, 2.0]), np.array([[0.0, 1.0], [-1.0, 2.0]])
    >>> moves = Moves("hefei", tuple(Ladder(name, effort, np.array([1, 2]), effort, gain) for name in "ab"))
    >>> [(plan.steps, plan.effort) for plan in cheapest_plans(moves, np.array([5.0, 2.0]), 1, rank=1)]
    [({'a': 2}, 2.0), ({'b': 2}, 2.0)]
    """
    field = _Field(moves, totals, position, margin, tie_rule, tolerance)
    nothing = (0,) * len(moves.ladders)
    if field.rank(nothing) <= rank:
        return [field.plan(nothing, proven=True)]
    if field.rank(field.top) > rank:
        return []
    search = _Search(field, rank, _pose(field, rank), time_limit)
    former: list[Choice] = []
    plans: list[Plan] = []
    while len(plans) < count:
        floor = plans[-1].effort if plans and plans[-1].proven else 0.0
        found, proven = search.least(former, floor)
        if found is None:
            break
        former.append(found)
        plans.append(field.plan(found, proven))
    return plans


Choice = tuple[int, ...]
"""A plan by position: for each ladder the step taken, 0 for none."""


@dataclass(frozen=True)
class _Field:
    """The city among its rivals."""

    moves: Moves
    totals: Floats
    position: int
    margin: float
    tie_rule: TotalTieRule
    tolerance: float

    @property
    def top(self) -> Choice:
        """The highest step of every ladder."""
        return tuple(ladder.effort.size for ladder in self.moves.ladders)

    def after(self, choice: Choice) -> Floats:
        """Return the totals (n) after a plan, each sum correctly rounded."""
        rows = [ladder.gain[step - 1] for ladder, step in zip(self.moves.ladders, choice, strict=True) if step]
        return np.array([math.fsum(column) for column in np.vstack([self.totals, *rows]).T])

    def rank(self, choice: Choice) -> int:
        """Return the rank after a plan that the city holds with the margin to spare."""
        return self._rank(self.after(choice), self.margin)

    def plan(self, choice: Choice, proven: bool) -> Plan:
        """Return a plan with its labels."""
        taken = {ladder.variable: step for ladder, step in zip(self.moves.ladders, choice, strict=True) if step}
        totals = self.after(choice)
        return Plan(taken, self.effort(choice), float(totals[self.position]), self._rank(totals, 0.0), proven)

    def effort(self, choice: Choice) -> float:
        """Return the effort of a plan, correctly rounded."""
        return math.fsum(ladder.effort[k - 1] for ladder, k in zip(self.moves.ladders, choice, strict=True) if k)

    def _rank(self, totals: Floats, margin: float) -> int:
        lowered = totals.copy()
        lowered[self.position] -= margin
        ranks, same = np.empty(totals.size, np.int64), np.empty(totals.size, np.int64)
        rule = BETTER if self.tie_rule == "better" else WORSE
        rank_totals(lowered, rule, self.tolerance, 1e-12 * float(np.abs(totals).max()), -1, ranks, same)
        return int(ranks[self.position])


class _Problem(NamedTuple):
    """What has to be reached: each ladder an entry of `effort`, `lead` and `step`."""

    effort: Sequence[Floats]
    """(steps)"""
    lead: Sequence[Floats]
    """(steps, rivals): what the city gains on each rival who is not overtaken yet."""
    step: Sequence[Integers]
    """(steps): the step's number on the ladder as it was given."""
    need: Floats
    """(rivals): the lead that overtakes each."""
    stay: int
    """How many of these rivals may stay ahead."""
    unit: float
    """Effort of which all efforts are multiples; 0 where there is none."""


def _pose(field: _Field, rank: int) -> _Problem:
    """Return the problem of reaching a rank, in whole numbers where all leads are multiples of something.

    Whole numbers let the solver round its bounds, and make "more than equal" a plain row: one more. Otherwise a lead is
    a share of what is needed. A lead beyond the need counts as the need, which no plan feels and which makes the
    solver's relaxation tighter.
    """
    ladders, own = field.moves.ladders, field.position
    strict = field.tie_rule != "better"
    small = (SMALL + 2.0 * field.tolerance) * (float(np.abs(field.totals).max()) or 1.0)
    gap = field.totals - field.totals[own] + field.margin
    ahead = gap > (-small if strict else small)
    ahead[own] = False
    gap = gap[ahead]
    lead = [ladder.gain[:, [own]] - ladder.gain[:, ahead] for ladder in ladders]
    grid = common_divisor(np.concatenate([rows.ravel() for rows in lead]))
    if grid > 0.0:
        lead = [np.rint(rows / grid) for rows in lead]
        need = np.floor((gap + small) / grid) + 1.0 if strict else np.ceil((gap - small) / grid)
    else:
        lead = [rows / (np.maximum(gap, 0.0) + small if strict else gap - small) for rows in lead]
        need = np.ones(gap.size)
    within = sum((rows[-1] for rows in lead), np.zeros(gap.size)) >= need * (1.0 - SMALL)
    effort = [ladder.effort for ladder in ladders]
    return _Problem(
        effort=effort,
        lead=[np.minimum(rows, need)[:, within] for rows in lead],
        step=[np.arange(1, one.size + 1) for one in effort],
        need=need[within],
        stay=rank - 1 - int((~within).sum()),
        unit=common_divisor(np.concatenate(effort)),
    )


def common_divisor(values: Floats) -> float:
    """Return the largest number of which all values are multiples, but for rounding; 0 where there is none worth it.

    >>> round(common_divisor(np.array([0.75, -2.0, 0.0, 1.25])), 12), common_divisor(np.array([1.0, np.pi]))
    (0.25, 0.0)
    """
    sizes = np.unique(np.abs(values[values != 0.0]))
    if not sizes.size:
        return 0.0
    largest = float(sizes[-1])
    found = largest
    for size in sizes[:-1]:
        rest = float(size)
        while rest > 1e-9 * largest:
            found, rest = rest, abs(found - round(found / rest) * rest)
        if found < FINEST_GRID * largest:
            return 0.0
        found = largest / round(largest / found)  # or rounding would grow from size to size
    multiples = sizes / found
    return found if np.abs(multiples - np.rint(multiples)).max() < 1e-5 else 0.0


@dataclass(frozen=True)
class _Search:
    """The search for plans that reach one rank."""

    field: _Field
    rank: int
    problem: _Problem
    time_limit: float | None

    def least(self, former: Sequence[Choice], floor: float) -> tuple[Choice | None, bool]:
        """Return the plan of least effort that does without some variable of every former one, and if it is proven.

        No such plan takes less than `floor`. First the rivals that are overtaken at the least effort each are taken as
        those to overtake, then all that a cheaper plan than this could overtake. Often there are no others.
        """
        problem = self.problem
        alone = least_alone(problem)
        overtaken = problem.need.size - problem.stay
        easiest = np.zeros(problem.need.size, np.bool_)
        easiest[np.argsort(alone, kind="stable")[:overtaken]] = True
        best = self._greedy(easiest, former)
        proven, solved = True, np.zeros(problem.need.size, np.bool_)
        for among in (easiest, np.ones_like(easiest)):
            bound = math.inf if best is None else self.field.effort(best)
            kept = among & (alone < bound * (1.0 - SMALL))
            if bound <= floor or kept.sum() < overtaken:
                return best, True
            if (kept == solved).all():
                break
            found, ended = self._solve(_shrink(problem, kept, bound), former)
            if found is not None and self.field.effort(found) < bound:
                best = found
            proven, solved = ended, kept
        return best, proven

    def _greedy(self, overtake: Flags, former: Sequence[Choice]) -> Choice | None:
        """Return a plan that overtakes some rivals at little effort, if one is found; the first is any that holds."""
        problem = _shrink(self.problem, overtake, math.inf)
        plans = [_climb_greedily(problem, banned) for banned in _bans(former)]
        held = [plan for plan in plans if plan is not None and self.field.rank(plan) <= self.rank]
        return min(held, key=self.field.effort, default=None if former else self.field.top)

    def _solve(self, problem: _Problem, former: Sequence[Choice]) -> tuple[Choice | None, bool]:
        """Return the least plan of a problem, and whether the solver came to its end.

        What the solver takes for a plan within its tolerances, and is none by the totals added up, is forbidden.
        """
        forbidden: list[Choice] = []
        while True:
            found, ended = _branch_and_cut(problem, former, forbidden, self.time_limit)
            if found is None or self.field.rank(found) <= self.rank:
                return found, ended
            forbidden.append(found)


def _bans(former: Sequence[Choice]) -> Iterator[frozenset[int]]:
    """Yield sets of ladders to leave alone so that some variable of every former plan is not used."""
    used = [[ladder for ladder, step in enumerate(choice) if step] for choice in former]
    if not used:
        yield frozenset()
    for first in sorted(set().union(*used)):
        yield frozenset([first, *(plan[-1] for plan in used if first not in plan)])


def least_alone(problem: _Problem) -> Floats:
    """Return an effort (rivals) below which no plan overtakes a rival, whatever it does about the others.

    With a shadow price p of a point in effort, the cheapest way to lead by `need` takes at least
    need / p - sum over ladders of max over steps of (lead / p - effort, 0) (Lagrangian relaxation); the best of some
    prices is taken, and rounded up to what efforts can add up to.
    """
    effort, lead = np.concatenate(problem.effort)[:, np.newaxis], np.concatenate(problem.lead)
    starts = np.cumsum([0, *(one.size for one in problem.effort[:-1])])
    points = lead / effort  # for one of effort
    found = np.zeros(problem.need.size)
    if (points > 0.0).any():
        for rate in np.unique(np.quantile(points[points > 0.0], np.linspace(0.0, 1.0, SHADOW_PRICES))):
            spared = np.maximum(np.maximum.reduceat(lead - rate * effort, starts, axis=0), 0.0).sum(axis=0)
            found = np.maximum(found, (problem.need - spared) / rate)
    if problem.unit > 0.0:
        found = problem.unit * np.ceil(found / problem.unit - 1e-6)
    return found


def _shrink(problem: _Problem, kept: Flags, bound: float) -> _Problem:
    """Return a problem with some of the rivals, and the steps that a plan of less effort than `bound` may have.

    A step that gains nothing on these rivals that the one below it does not gain is left out.
    """
    effort, lead, step = [], [], []
    for one, rows, number in zip(problem.effort, problem.lead, problem.step, strict=True):
        some = rows[:, kept]
        useful = (np.diff(some, axis=0, prepend=0.0) > 0.0).any(axis=1) & (one < bound)
        effort.append(one[useful])
        lead.append(some[useful])
        step.append(number[useful])
    stay = problem.stay - int((~kept).sum())
    return problem._replace(effort=effort, lead=lead, step=step, need=problem.need[kept], stay=stay)


def _climb_greedily(problem: _Problem, banned: frozenset[int]) -> Choice | None:
    """Return a plan that overtakes all rivals of a problem, if one is found: not the least, but near it.

    The step that brings the most for its effort is taken again and again; then steps are taken back while the plan
    holds, what saves most first.
    """
    ladder = np.repeat(np.arange(len(problem.effort)), [one.size for one in problem.effort])
    allowed = ~np.isin(ladder, list(banned))
    effort, lead, number = (np.concatenate(part) for part in (problem.effort, problem.lead, problem.step))
    taken = np.zeros(len(problem.effort), np.int64)
    spent, led = np.zeros(taken.size), np.zeros((taken.size, problem.need.size))

    def take(ladder: int, row: int | None) -> None:
        taken[ladder], spent[ladder] = (0, 0.0) if row is None else (number[row], effort[row])
        led[ladder] = 0.0 if row is None else lead[row]

    while ((lacking := np.maximum(problem.need - led.sum(axis=0), 0.0)) > 0.0).any():
        dearer = effort - spent[ladder]
        brings = np.minimum(lead - led[ladder], lacking).sum(axis=1)
        worth = np.where(allowed & (dearer > 0.0), brings / np.where(dearer > 0.0, dearer, 1.0), 0.0)
        row = int(np.argmax(worth)) if worth.size else 0
        if not worth.size or worth[row] <= 0.0:
            return None
        take(int(ladder[row]), row)
    while True:
        spare = led.sum(axis=0) - problem.need
        saves = np.where((led[ladder] - lead <= spare).all(axis=1), spent[ladder] - effort, 0.0)
        leaves = np.where((led <= spare).all(axis=1), spent, 0.0)
        if max(saves.max(initial=0.0), leaves.max(initial=0.0)) <= 0.0:
            return tuple(taken.tolist())
        if leaves.max() >= saves.max():
            take(int(np.argmax(leaves)), None)
        else:
            take(int(ladder[np.argmax(saves)]), int(np.argmax(saves)))


def _branch_and_cut(
    problem: _Problem, former: Sequence[Choice], forbidden: Sequence[Choice], time_limit: float | None
) -> tuple[Choice | None, bool]:
    """Return what the solver finds, and whether it came to its end.

    One binary says of each step that it is taken, of each ladder one at most; one of each rival that it may stay ahead,
    where some may.
    """
    sizes = [one.size for one in problem.effort]
    ladder = np.repeat(np.arange(len(sizes)), sizes)
    number = np.concatenate(problem.step)
    steps, waived = ladder.size, problem.need.size if problem.stay else 0
    if not steps:
        return None, True
    rows = np.hstack([np.concatenate(problem.lead).T, np.diag(problem.need)[:, :waived]])
    taken = sparse.csr_array((np.ones(steps), (ladder, np.arange(steps))), shape=(len(sizes), steps + waived))
    constraints = [LinearConstraint(sparse.csr_array(rows), problem.need, np.inf), LinearConstraint(taken, -np.inf, 1)]
    if waived:
        constraints.append(LinearConstraint(np.r_[np.zeros(steps), np.ones(waived)], -np.inf, problem.stay))
    for plan, cut in [*((plan, _uses) for plan in former), *((plan, _equals) for plan in forbidden)]:
        terms = np.r_[cut(np.array(plan), ladder, number), np.zeros(waived)]
        constraints.append(LinearConstraint(terms, -np.inf, np.count_nonzero(plan) - 1))
    effort = np.concatenate(problem.effort)
    # Presolve takes longer than it saves on problems as small as these, and where it merges steps that are multiples of
    # each other some versions write to the screen.
    answer = milp(
        np.r_[effort / (problem.unit or effort.max() / OBJECTIVE), np.zeros(waived)],
        integrality=np.ones(steps + waived, np.int64),
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"mip_rel_gap": 0.0, "presolve": False, "time_limit": math.inf if time_limit is None else time_limit},
    )
    ended = answer.status in (_OPTIMAL, _INFEASIBLE)
    if answer.x is None:
        return None, ended
    choice = np.zeros(len(sizes), np.int64)
    chosen = np.flatnonzero(np.rint(answer.x[:steps]))
    choice[ladder[chosen]] = number[chosen]
    return tuple(choice.tolist()), ended


def _uses(plan: Integers, ladder: Integers, number: Integers) -> Floats:
    """Return terms (steps) that add up to how many ladders of a plan are used."""
    return (plan[ladder] > 0).astype(np.float64)


def _equals(plan: Integers, ladder: Integers, number: Integers) -> Floats:
    """Return terms (steps) that add up to how many steps of a plan are taken, less those on ladders it does not use."""
    return np.where(plan[ladder] > 0, plan[ladder] == number, -1.0).astype(np.float64)
