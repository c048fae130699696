"""Every city and every variable over a ladder of steps: one at a time, all others still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from simulator import names
from simulator.changes.effects import turned, turned_back
from simulator.changes.program import moved_by_places
from simulator.changes.standing import Standing, stand
from simulator.changes.wording import Move, Step
from simulator.construction.scoring import as_defined, score_chunk
from simulator.documents import Document
from simulator.errors import Fault
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.lookup import find_cities, find_indicators
from simulator.validation import Schema, check
from simulator.whatif.swept import (
    ROWS_AT_ONCE,
    beyond_rounding,
    label_faults,
    labels_of,
    outcome,
    positions_of,
    refuse,
    score_rows,
    sweep_table,
    with_origin,
)

STEPS = (1, 2, 3, 5, 10)
"""Places that each city rises in each variable, if nothing else is asked."""


class Steps(Schema):
    """How far each city moves in each variable."""

    steps: tuple[Move, ...]
    """Places or standard deviations, upwards where above 0."""


def sweep(
    index: Index,
    steps: Sequence[int | str | Step] = STEPS,
    cities: Sequence[str] | None = None,
    variables: Sequence[str] | None = None,
) -> xr.Dataset:
    """Return what each city would gain by each step in each variable, one change at a time and all else still.

    A step is that of `move` in a what-if: by places among the values behind the points, a tied group passed as a whole,
    or by standard deviations of these values. Nothing is drawn, so nothing has an error.

    Parameters
    ----------
    index
        Any index that can be scored.
    steps
        Places (3, or `3 places`) or standard deviations (`0.5 sd`); downwards below 0.
    cities, variables
        Those that move, by any of their names; all if not given. All cities are ranked either way.

    Returns
    -------
    xr.Dataset
        On (city, indicator, step): `places`, the cities really passed, those level with the city among them (below 0:
        those that pass it); `points_gain`, the city's own points in that variable as they enter the total, after less
        before; `total_gain`; `rank_after`; `rank_gain`, its places in the ranking. Coordinates: labels of the steps
        (`1 place`, `0.5 sd`), `rank_before` and `total_before` (city), names, and `actionable` (indicator).

    Raises
    ------
    InputError
        For unknown names, and for steps that are none or are given twice.
    DrawError
        Where a change leads to a mean that is undefined.

    Examples
    --------
    >>> import simulator as sim
    >>> swept = sweep(sim.load_index("opportunity-2025"), [1, "0.5 sd"], cities=["hefei"])
    >>> debt = swept.sel(city="hefei", indicator="government-debt")
    >>> debt["places"].values.tolist(), debt["points_gain"].values.tolist(), debt["rank_after"].values.tolist()
    ([1, 9], [1.0, 9.0], [15, 14])
    """
    asked = read_steps(steps)
    standing = stand(index)
    who = positions_of(index.cities, index.cities if cities is None else find_cities(index.matrix, cities))
    known = [leaf.id for leaf in index.definition.indicators]
    leaves = positions_of(known, known if variables is None else find_indicators(index.definition, variables))
    ladder = _climb(standing, asked, who, leaves)
    points = _points_gained(standing, who, leaves, ladder.value)
    totals, ranks = _scored_one_by_one(standing, who, leaves, ladder.value)
    axes = (names.CITY, names.INDICATOR, names.STEP)
    found = xr.Dataset(
        {names.PLACES: (axes, ladder.places), names.POINTS_GAIN: (axes, points)},
        coords={names.STEP: np.array([step_label(step) for step in asked], dtype=object)},
    )
    found = found.assign(outcome(standing, who, axes, totals, ranks))
    chosen = {names.CITY: who, names.INDICATOR: leaves}
    actionable = np.array([leaf.actionable for leaf in index.definition.indicators])
    told = {**labels_of(standing, chosen), names.ACTIONABLE: (names.INDICATOR, actionable[leaves])}
    found = found.assign_coords(told)
    return with_origin(found, index, "each variable of each city by itself, by the steps named")


def best_moves(swept: xr.Dataset, allow: Sequence[str] = (), downward: bool = False) -> pd.DataFrame:
    """Return the moves that are worth most per place of effort: of each city and variable its best step.

    Effort is counted in cities really passed. First comes what gains most ranks per place, then what gains most of the
    total per place, then what passes fewer; so a move counts for more where it leaves a tie, or passes rivals that
    stand just ahead in total.

    Parameters
    ----------
    swept
        A result of `sweep`.
    allow
        Variables (identifiers) that are taken in although no city has them in its own hands (`actionable`).
    downward
        Steps down instead, the dearest first: what loses most per place lost.

    Returns
    -------
    pd.DataFrame
        A row for each city and variable by which it would gain (or lose), city by city, best first: `city`,
        `indicator`, `step`, `places`, `points_gain`, `total_gain`, `rank_after`, `rank_gain`.

    Examples
    --------
    >>> import simulator as sim
    >>> swept = sweep(sim.load_index("opportunity-2025"), [1, 2], cities=["hefei"])
    >>> best_moves(swept)[["indicator", "step", "places", "rank_gain"]].head(2).values.tolist()
    [['fdi-attraction', '2 places', 2, 1], ['talent-attraction', '2 places', 2, 1]]
    """
    table = sweep_table(swept)
    sign = -1 if downward else 1
    taken = swept[names.ACTIONABLE].values | np.isin(swept[names.INDICATOR].values, list(allow))
    allowed = table[names.INDICATOR].isin(swept[names.INDICATOR].values[taken])
    gains = (sign * table[names.RANK_GAIN] > 0) | (sign * table[names.TOTAL_GAIN] > 0.0)
    table = table[allowed & gains & (sign * table[names.PLACES] > 0)]
    ranks, totals = (sign * table[name] / table[names.PLACES].abs() for name in (names.RANK_GAIN, names.TOTAL_GAIN))
    cities = {city: place for place, city in enumerate(swept[names.CITY].values)}
    keys = (table[names.PLACES].abs(), -totals, -ranks, table[names.CITY].map(cities))
    ordered = table.iloc[np.lexsort(keys)]
    return ordered.drop_duplicates([names.CITY, names.INDICATOR], ignore_index=True)


def read_steps(steps: Sequence[Any]) -> tuple[Step, ...]:
    """Return steps as they are written in a what-if; see `sweep`.

    >>> read_steps([1, "0.5sd"])
    (Step(places=1, sd=None), Step(places=None, sd=0.5))
    """
    found = check(Document("sweep", {"steps": list(steps)}), Steps).steps
    faults = [
        Fault("steps", f"{step_label(step)} is no step", "Give one above or below 0.")
        for step in found
        if not (step.places or step.sd)
    ]
    refuse([*faults, *label_faults("steps", [step_label(step) for step in found])])
    return found


def step_label(step: Step) -> str:
    """Return a step in words.

    >>> step_label(Step(places=1)), step_label(Step(places=-3)), step_label(Step(sd=0.5))
    ('1 place', '-3 places', '0.5 sd')
    """
    if step.places is None:
        return f"{step.sd:g} sd"
    return f"{step.places} place{'' if abs(step.places) == 1 else 's'}"


@dataclass(frozen=True)
class _Ladder:
    """Where each city would stand in each variable after each step."""

    value: Floats
    """(city, indicator, step): as the matrix has them."""
    places: Integers
    """(city, indicator, step): cities passed; below 0, those that pass it."""


def _climb(standing: Standing, steps: Sequence[Step], who: Integers, leaves: Integers) -> _Ladder:
    better = np.array([turned(standing.footings[leaf], standing.values[leaf]) for leaf in leaves])
    stands = np.empty((len(who), len(leaves), len(steps)))
    for row, city in enumerate(who):
        for number, step in enumerate(steps):
            stands[row, :, number] = _stepped(better, int(city), step)
    value = np.empty(stands.shape)
    places = np.empty(stands.shape, np.int64)
    for column, leaf in enumerate(leaves):
        footing, own = standing.footings[leaf], standing.values[leaf, who][:, np.newaxis]
        back = turned_back(footing, stands[:, column], own)
        value[:, column] = np.where(stands[:, column] == better[column, who][:, np.newaxis], own, back)
        places[:, column] = _passed(better[column], who, turned(footing, value[:, column]))
    return _Ladder(value, places)


def _stepped(better: Floats, city: int, step: Step) -> Floats:
    """Return where a city stands (indicator) after a step, among values (indicator, city), the larger the better."""
    if step.places is not None:
        mover: Flags = np.arange(better.shape[1]) == city
        return moved_by_places(better, mover, step.places)[:, city]
    spread: Floats = better.std(axis=1, ddof=1)
    return np.asarray(better[:, city] + (step.sd or 0.0) * spread, np.float64)


def _passed(better: Floats, who: Integers, now: Floats) -> Integers:
    """Return how many others each city passes (who, step) that stands at `now`, or, below 0, how many pass it."""
    own, after = better[who, np.newaxis, np.newaxis], now[:, :, np.newaxis]
    others: Flags = (np.arange(better.size) != who[:, np.newaxis])[:, np.newaxis]
    rises: Integers = (others & (better >= own) & (better < after)).sum(axis=2)
    falls: Integers = (others & (better <= own) & (better > after)).sum(axis=2)
    return rises - falls


def _points_gained(standing: Standing, who: Integers, leaves: Integers, value: Floats) -> Floats:
    """Return what own points gain (city, indicator, step).

    Variables are normalised each by itself, so that one draw with all of a city's variables changed has the points of
    each as if it had changed alone.
    """
    scorer = standing.scorer
    before = standing.scored[names.NORMALISED].values
    after = np.empty(value.shape)
    for row, city in enumerate(who):
        for step in range(value.shape[2]):
            values = scorer.values.copy()
            values[leaves, city] = value[row, :, step]
            scored = score_chunk(scorer.plan, scorer.definition.ranking, as_defined(values))
            after[row, :, step] = scored.normalised[leaves, city]
    return beyond_rounding(after - before[np.ix_(who, leaves)][:, :, np.newaxis], before)


def _scored_one_by_one(standing: Standing, who: Integers, leaves: Integers, value: Floats) -> tuple[Floats, Integers]:
    """Return the city's own total and rank (city, indicator, step) with one value changed at a time."""
    start = standing.scorer.values
    city, leaf = (one.ravel() for one in np.broadcast_arrays(who[:, None, None], leaves[:, None], value)[:2])
    new = value.ravel()
    totals = standing.scored[names.TOTAL].values[city]
    ranks = standing.scored[names.RANK].values[city]
    moving = np.flatnonzero(new != start[leaf, city])
    buffer = np.repeat(start[np.newaxis], min(ROWS_AT_ONCE, moving.size), axis=0)
    for first in range(0, moving.size, ROWS_AT_ONCE):
        rows = moving[first : first + ROWS_AT_ONCE]
        place = (np.arange(rows.size), leaf[rows], city[rows])
        buffer[place] = new[rows]
        scored = score_rows(standing, buffer[: rows.size])
        buffer[place] = start[place[1:]]
        totals[rows], ranks[rows] = (one[place[0], city[rows]] for one in (scored.totals, scored.ranks))
    return totals.reshape(value.shape), ranks.reshape(value.shape)
