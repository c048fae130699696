"""The best and the worst rank that a city can have over all weights within bounds, or in an order of importance.

The total of a city is linear in the weights of the members of a level, so which rivals can be ahead of it together is a
question of a mixed-integer program: one number for each weight, one binary for each rival (HiGHS). Sampled weights show
ranks that are possible; this shows the limits that no weights exceed. Cherchye, Moesen, Rogge and Van Puyenbroeck
(2007), doi:10.1007/s11205-006-9029-7, let weights favour each entity in turn; Salo and Punkka (2011),
doi:10.1287/mnsc.1100.1265, count the ranks that are possible over a set of weights, as here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import joblib
import numpy as np
import xarray as xr
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from simulator import names
from simulator.arguments import Gathering, number_faults, whole_number_faults
from simulator.errors import Fault, InputError
from simulator.extremes.members import Members, members_of
from simulator.extremes.silence import silenced
from simulator.extremes.weights import WeightSet, setting_faults, told_weights, weight_set
from simulator.index import Index, as_index
from simulator.kernels.arrays import Flags, Floats
from simulator.lookup import find_cities
from simulator.matrix import city_coordinates
from simulator.provenance import AGAIN, KIND

STRICT = 1e-5
"""Share of the largest lead it can have by which a city has to lead so that it counts as strictly ahead.

The solver keeps its rows to 1e-6; what leads by less than this it could not tell from a tie.
"""

ROUNDING = 1e-12
"""Share of the largest score below which two totals differ by rounding only (convention 5)."""

MOST_REFUSED = 50
"""How many answers of the solver that do not hold when they are scored are forbidden before the search is given up."""

_OPTIMAL, _INFEASIBLE = 0, 2
"""What the solver says at its end."""


@dataclass(frozen=True)
class Extreme:
    """A rank and weights that reach it."""

    rank: int
    """As the index scored at these weights has it."""
    weight: Floats
    """(members)"""
    proven: bool
    """Whether no weights of the set bring a rank beyond it, up to leads below `STRICT`."""


def extreme_ranks(
    index: Index | str | Path,
    over: str | None = None,
    *,
    percent: float | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    order: Sequence[str] | None = None,
    most: str | None = None,
    cities: str | Sequence[str] | None = None,
    workers: int | None = None,
    time_limit: float | None = None,
) -> xr.Dataset:
    """Return the best and the worst rank of every city over a set of weights, and weights that reach them.

    Parameters
    ----------
    index
        An index, its bundled name or its path, that aggregates linearly above the members.
    over
        Level whose members are weighted, such as `dimension`, the one below the index if not given; inside a member
        the shares stay (convention 6).
    percent
        Band around the nominal weights, in per cent of each to either side. It holds for weights that sum to 1: random
        weights `uniform` within as many per cent are scaled to 1 after they are drawn, and may lie outside.
    bounds
        Member → (lowest, highest weight) as shares of all weight, in place of the band. With neither, every weight is
        from 0 to 1.
    order
        Two members or more from the most important to the least, none weighing less than the next; those not named are
        free.
    most
        A member whose weight is at least that of every other, in whatever order these are.
    cities
        Whose extremes, by any of their names, or of a single one; all if not given. Rivals are always all cities.
    workers
        Processes, one if not given; more pay where the search takes far longer than their start, some seconds. The
        answer does not depend on them.
    time_limit
        Seconds after which the search for one extreme ends with the best weights found; none if not given.

    Returns
    -------
    xr.Dataset
        On (city): `rank_nominal`, the rank as scored; `rank_best` and `rank_worst`, int64; `rank_best_proven` and
        `rank_worst_proven`, whether the search came to its end; proven to leads of 1e-5 of the largest that a rival can
        have (`STRICT`): a smaller lead, on a sliver of the weights, may go unseen. On (city, member): `weight_at_best`
        and `weight_at_worst`, which sum to 1. On (member): `nominal_weight`, and the bounds `weight_low` and
        `weight_high`, as tight as the order makes them. The attribute `weights` says in words which are allowed.

    Raises
    ------
    InputError
        For an unknown level, member or city; a node above the members that is not linear; bounds or an order that
        admit no weights, a band and bounds together, and settings that are of the wrong kind.

    Notes
    -----
    Let s_m(c) be the score of member m as it enters the total, T_c(w) = sum over m of w_m s_m(c), and W the set of
    weights. Under the rule that equal totals share the better place (convention 5)::

        best rank of c  = 1 + min over W of the number of r with T_r(w) > T_c(w)
        worst rank of c = 1 + max over W of the number of r with T_r(w) > T_c(w);

    under the other rule equality counts as ahead in both. For the worst rank each rival r has a binary z_r, with
    T_r(w) - T_c(w) >= e_r - (e_r - l_r)(1 - z_r), where l_r is the least difference over W, in closed form (see
    `WeightSet.largest`), and e_r what counts as strict: `STRICT` times the largest difference, or twice the tolerance
    of ties where that is more. Where equality is enough e_r is 0. Rivals always or never ahead need no binary.

    Of the weights that have the rivals found on one side, those are returned where the smallest lead beyond e_r, as a
    share of the largest that each can have, is greatest. The index is then scored at them by the pipeline that scores
    it anywhere; what does not hold there is forbidden, and the search goes on. So a rank reported is always one that
    the index has.

    Over the ten dimensions of the published index all cities take some two to four seconds; the effort may grow
    exponentially with the number of rivals that are neither always nor never ahead.

    Examples
    --------
    >>> import simulator as sim
    >>> index = sim.load_index("opportunity-2025")
    >>> found = extreme_ranks(index, "dimension", cities=["Shanghai"])
    >>> int(found["rank_best"][0]), int(found["rank_nominal"][0]), int(found["rank_worst"][0])
    (1, 1, 10)
    """
    gathered = Gathering("extreme ranks")
    gathered.add(_setting_faults(workers, time_limit))
    gathered.add(setting_faults(percent, bounds))
    with gathered.attempt():
        index = as_index(index)
        with gathered.attempt():
            chosen = _chosen(index, cities)
        members = members_of(index, over)
        weights = weight_set(members, percent, bounds, order, most)
    gathered.refuse()
    search = _Search(members, weights, _least_lead(members, weights), time_limit)
    positions = [index.cities.index(city) for city in chosen]
    tasks = [joblib.delayed(search.extreme)(position, side) for position in positions for side in (True, False)]
    # The solver keeps the interpreter's lock, so threads would wait for each other.
    found: list[Extreme] = joblib.Parallel(n_jobs=workers or 1)(tasks)
    told = told_weights(members.level, percent, bounds, order, most)
    return _labelled(index, members, weights, positions, found).assign_attrs(weights=told)


def _setting_faults(workers: object, time_limit: object) -> Iterator[Fault]:
    if workers is not None:
        yield from whole_number_faults("workers", workers, 1, "is not a number of workers")
    if time_limit is not None:
        yield from number_faults("time limit", time_limit, "is no number of seconds")


def _chosen(index: Index, cities: str | Sequence[str] | None) -> list[str]:
    """Return the cities whose extremes are asked for, each once."""
    if cities is None:
        return index.cities
    chosen = list(dict.fromkeys(find_cities(index.matrix, cities)))
    if not chosen:
        raise InputError("choice of city", [Fault("", "no city is named", "Name one, or leave `cities` out for all.")])
    return chosen


def _labelled(
    index: Index, members: Members, weights: WeightSet, positions: Sequence[int], found: Sequence[Extreme]
) -> xr.Dataset:
    """Return extremes, the best and the worst of each city by turns, with their labels."""
    best, worst = found[::2], found[1::2]
    by_member = (names.CITY, names.MEMBER)
    cities = xr.Dataset(coords=city_coordinates(index.matrix)).isel({names.CITY: list(positions)})
    return xr.Dataset(
        {
            names.RANK_NOMINAL: (names.CITY, members.rank[list(positions)]),
            names.RANK_BEST: (names.CITY, np.array([one.rank for one in best], np.int64)),
            names.RANK_WORST: (names.CITY, np.array([one.rank for one in worst], np.int64)),
            names.BEST_PROVEN: (names.CITY, np.array([one.proven for one in best], np.bool_)),
            names.WORST_PROVEN: (names.CITY, np.array([one.proven for one in worst], np.bool_)),
            names.WEIGHT_AT_BEST: (by_member, np.array([one.weight for one in best])),
            names.WEIGHT_AT_WORST: (by_member, np.array([one.weight for one in worst])),
            names.NOMINAL_WEIGHT: (names.MEMBER, members.nominal),
            names.WEIGHT_LOW: (names.MEMBER, weights.low),
            names.WEIGHT_HIGH: (names.MEMBER, weights.high),
        },
        coords={**cities.coords, **members.coordinates},
        attrs={KIND: "extremes", AGAIN: "citysim extremes", "index": index.definition.id, "over": members.level},
    )


def _least_lead(members: Members, weights: WeightSet) -> float:
    """Return a lead that is no tie at any weights of the set: twice what is one at the largest range of totals."""
    pairs = [weights.largest((members.score - own[:, np.newaxis]).T).max() for own in members.score.T]
    tie = members.scorer.definition.ranking.tolerance * float(max(pairs))
    return 2.0 * max(tie, ROUNDING * float(np.abs(members.score).max()))


@dataclass(frozen=True)
class _Problem:
    """Rivals of which as many as can be are to be on one side of a city: each a row."""

    lead: Floats
    """(rivals, members): the lead, linear in the weights, as a share of the largest size it can have."""
    low: Floats
    """(rivals): below the lead at any weights."""
    need: Floats
    """(rivals): the lead that puts the rival on the side."""


@dataclass(frozen=True)
class _Search:
    """The search for extremes over one set of weights."""

    members: Members
    weights: WeightSet
    least_lead: float
    time_limit: float | None

    def extreme(self, city: int, best: bool) -> Extreme:
        """Return the best or the worst rank of a city (its position)."""
        problem, always = self._pose(city, best)
        n, rivals = self.members.total.size, len(problem.need)
        bound, ended, refused = rivals, True, list[Flags]()
        side = np.ones(rivals, np.bool_)
        found: Extreme | None = None
        while True:
            weight = _widest(problem, side, self.weights)
            rank = int(self.members.at(weight[np.newaxis]).ranks[0, city])
            if found is None or (rank < found.rank if best else rank > found.rank):
                found = Extreme(rank, weight, False)
            reached = (n - found.rank if best else found.rank - 1) - always
            if reached >= bound or not ended or len(refused) == MOST_REFUSED:
                return replace(found, proven=ended and reached >= bound)
            refused.append(side)
            side, ended = _most(problem, self.weights, refused, self.time_limit)
            bound = int(side.sum())

    def _pose(self, city: int, best: bool) -> tuple[_Problem, int]:
        """Return the problem of a city: which rivals may be behind it, or ahead; and how many are so at all weights."""
        score = self.members.score
        ahead = np.delete(score - score[:, [city]], city, axis=1).T
        lead = -ahead if best else ahead
        high, low = self.weights.largest(lead), -self.weights.largest(-lead)
        shares_better = self.members.scorer.definition.ranking.ties == "better"
        if shares_better == best:  # a tie is enough
            tie = -0.25 * self.least_lead
            need, always, possible = np.minimum(high, 0.0), low >= tie, high >= tie
        else:
            need, always = np.maximum(STRICT * high, self.least_lead), low > self.least_lead
            possible = (high >= need) & (high > 0.0)
        free = possible & ~always
        size = np.maximum(np.abs(low), np.abs(high))[free]
        return _Problem(lead[free] / size[:, np.newaxis], low[free] / size, need[free] / size), int(always.sum())


def _widest(problem: _Problem, side: Flags, weights: WeightSet) -> Floats:
    """Return weights (members) at which the smallest lead of some rivals beyond what each needs is largest.

    If that is below zero, no weights put all of them on the side.
    """
    chosen = problem.lead[side]
    steps = weights.steps()
    rows = np.vstack([np.hstack([-chosen, np.ones((len(chosen), 1))]), np.hstack([-steps, np.zeros((len(steps), 1))])])
    members = weights.low.size
    answer = linprog(
        np.r_[np.zeros(members), -1.0],
        A_ub=rows,
        b_ub=np.r_[-problem.need[side], np.zeros(len(steps))],
        A_eq=np.r_[np.ones(members), 0.0][np.newaxis],
        b_eq=[1.0],
        bounds=[*zip(weights.low, weights.high, strict=True), (-2.0, 1.0)],  # leads are shares
        method="highs-ds",
    )
    weight: Floats = np.clip(np.asarray(answer.x, np.float64)[:members], weights.low, weights.high)
    weight /= weight.sum()
    return weight


def _most(
    problem: _Problem, weights: WeightSet, refused: Sequence[Flags], time_limit: float | None
) -> tuple[Flags, bool]:
    """Return as many rivals (rivals) as can be on the side together, and whether the solver came to its end.

    What was refused could not be on the side together, so in every answer one of them is missing.
    """
    rivals, members = problem.lead.shape
    steps = weights.steps()
    weigh = np.r_[np.ones(members), np.zeros(rivals)]
    constraints = [
        LinearConstraint(np.hstack([problem.lead, np.diag(problem.low - problem.need)]), problem.low, np.inf),
        LinearConstraint(weigh, 1.0, 1.0),
        *(LinearConstraint(np.r_[np.zeros(members), side], -np.inf, side.sum() - 1) for side in refused),
    ]
    if len(steps):
        constraints.append(LinearConstraint(np.hstack([steps, np.zeros((len(steps), rivals))]), 0.0, np.inf))
    limit = math.inf if time_limit is None else time_limit
    with silenced():  # some versions write to the screen when they mend an answer
        answer = milp(
            np.r_[np.zeros(members), -np.ones(rivals)],
            integrality=np.r_[np.zeros(members), np.ones(rivals)],
            bounds=Bounds(np.r_[weights.low, np.zeros(rivals)], np.r_[weights.high, np.ones(rivals)]),
            constraints=constraints,
            # Presolve takes longer than it saves on problems as small as these.
            options={"mip_rel_gap": 0.0, "presolve": False, "time_limit": limit},
        )
    ended = answer.status in (_OPTIMAL, _INFEASIBLE)
    if answer.x is None:
        return np.zeros(rivals, np.bool_), ended
    return np.rint(answer.x[members:]).astype(np.bool_), ended
