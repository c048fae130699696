"""Every city and every variable, or some quantities, over a ladder of changes: one at a time, all others still."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from simulator import names
from simulator.changes.amounts import Amount, Number
from simulator.changes.effects import ChangeField, turned, turned_back
from simulator.changes.feasibility import name_problems
from simulator.changes.figures import Figures, gather_figures
from simulator.changes.program import Order, Program, moved_by_places
from simulator.changes.standing import Standing, stand
from simulator.changes.wording import Factor, Move, Rate, Step
from simulator.construction.composite import unscored
from simulator.construction.scoring import Scored, as_defined, score_chunk
from simulator.documents import Document
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.lookup import find_cities, find_indicators
from simulator.provenance import software_versions
from simulator.validation import Schema, check

STEPS = (1, 2, 3, 5, 10)
"""Places that each city rises in each variable, if nothing else is asked."""

ROWS_AT_ONCE = 64
"""Changes that are scored together: enough to pay for the call, few enough that their matrices stay in the cache."""

ROUNDING = 1e-9
"""Share of the largest total, or of the largest points, below which a gain is rounding only."""


class Steps(Schema):
    """How far each city moves in each variable."""

    steps: tuple[Move, ...]
    """Places or standard deviations, upwards where above 0."""


class Numbers(Schema):
    """Rates and factors as plain numbers: nothing is drawn here, and no city grows at a rate of its own."""

    multiply: tuple[Number, ...] = ()
    """Factors."""
    grow: tuple[Number, ...] = ()
    """Rates of growth; 0.08 or `8%`."""


class Levels(Schema):
    """What quantities become."""

    multiply: tuple[Factor, ...] = ()
    """Factors: another level each."""
    grow: tuple[Rate, ...] = ()
    """Rates of growth: a new year each."""


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
    who = _positions(index.cities, index.cities if cities is None else find_cities(index.matrix, cities))
    known = [leaf.id for leaf in index.definition.indicators]
    leaves = _positions(known, known if variables is None else find_indicators(index.definition, variables))
    ladder = _climb(standing, asked, who, leaves)
    points = _points_gained(standing, who, leaves, ladder.value)
    totals, ranks = _scored_one_by_one(standing, who, leaves, ladder.value)
    axes = (names.CITY, names.INDICATOR, names.STEP)
    found = xr.Dataset(
        {names.PLACES: (axes, ladder.places), names.POINTS_GAIN: (axes, points)},
        coords={names.STEP: np.array([step_label(step) for step in asked], dtype=object)},
    )
    found = found.assign(_outcome(standing, who, axes, totals, ranks))
    chosen = {names.CITY: who, names.INDICATOR: leaves}
    actionable = np.array([leaf.actionable for leaf in index.definition.indicators])
    told = {**_labels(standing, chosen), names.ACTIONABLE: (names.INDICATOR, actionable[leaves])}
    found = found.assign_coords(told)
    return _described(found, index, "each variable of each city by itself, by the steps named")


def sweep_quantities(
    index: Index,
    quantities: Sequence[str],
    *,
    multiply: Sequence[float | str] = (),
    grow: Sequence[float | str] = (),
    cities: Sequence[str] | None = None,
) -> xr.Dataset:
    """Return what each city would gain by each change of each quantity, one change at a time and all else still.

    Parameters
    ----------
    index
        An index with quantities behind its variables.
    quantities
        Quantities that change.
    multiply
        Factors: another level of the quantity, its growth left alone.
    grow
        Rates (0.08, or `8%`): a new year, and the growth of the quantity becomes the rate.
    cities
        Those whose figures change, by any of their names; all if not given. All cities are ranked either way.

    Returns
    -------
    xr.Dataset
        On (city, quantity, step): `total_gain`, `rank_after` and `rank_gain`; and `why_not`, why a change cannot be
        worked out for a city, empty where it can: there the total gained is NaN and both ranks are 0. Coordinates:
        labels of the steps (`times 1.05`, `grows 8 %`), `rank_before` and `total_before` (city), names, and
        `quantity_unit`.

    Raises
    ------
    InputError
        For unknown names, an index without quantities, and changes that are none or are given twice.

    Examples
    --------
    >>> import simulator as sim
    >>> swept = sweep_quantities(sim.load_index("opportunity-2025"), ["gdp"], grow=["8%"], cities=["hefei"])
    >>> int(swept["rank_after"].item()), float(swept["total_gain"].item())
    (15, 2.0)
    """
    changes = _read_levels(multiply, grow)
    standing = stand(index)
    figures = gather_figures(standing, {})
    _refuse_names(standing, figures, list(quantities), [kind for kind, _ in changes])
    assert figures is not None
    who = _positions(index.cities, index.cities if cities is None else find_cities(index.matrix, cities))
    orders = [
        Order(kind, quantity, np.arange(len(index.cities)) == city, amount)
        for city in who
        for quantity in quantities
        for kind, amount in changes
    ]
    shape = (len(who), len(quantities), len(changes))
    totals, ranks, why_not = _carried_out(standing, figures, orders)
    axes = (names.CITY, names.QUANTITY, names.STEP)
    units = [figures.definition.quantities[name].unit for name in quantities]
    found = xr.Dataset(
        _outcome(standing, who, axes, totals.reshape(shape), ranks.reshape(shape)),
        coords={
            names.QUANTITY: np.array(quantities, dtype=object),
            names.STEP: np.array([_level_label(kind, amount) for kind, amount in changes], dtype=object),
            names.QUANTITY_UNIT: (names.QUANTITY, units),
            **_labels(standing, {names.CITY: who}),
        },
    )
    found[names.WHY_NOT] = (axes, np.array(why_not, dtype=object).reshape(shape))
    return _described(found, index, "each quantity of each city by itself, by the changes named")


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


def sweep_table(swept: xr.Dataset) -> pd.DataFrame:
    """Return a sweep as a flat table: a row for each city, each variable or quantity, and each step."""
    axes = list(swept[names.RANK_GAIN].dims)
    bare = swept.drop_vars([name for name in swept.coords if name not in axes])
    table: pd.DataFrame = bare.to_dataframe(dim_order=axes).reset_index()
    return table


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
    _refuse("sweep", [*faults, *_twice("steps", [step_label(step) for step in found])])
    return found


def step_label(step: Step) -> str:
    """Return a step in words.

    >>> step_label(Step(places=1)), step_label(Step(places=-3)), step_label(Step(sd=0.5))
    ('1 place', '-3 places', '0.5 sd')
    """
    if step.places is None:
        return f"{step.sd:g} sd"
    return f"{step.places} place{'' if abs(step.places) == 1 else 's'}"


def _level_label(kind: str, amount: Amount) -> str:
    return f"grows {100.0 * amount.middle():g} %" if kind == "grow" else f"times {amount.middle():g}"


def _read_levels(multiply: Sequence[Any], grow: Sequence[Any]) -> list[tuple[Any, Amount]]:
    """Return the changes of quantities, each as its kind and amount."""
    numbers = check(Document("sweep", {"multiply": list(multiply), "grow": list(grow)}), Numbers)
    read = check(Document("sweep", numbers.model_dump()), Levels)
    found = [("multiply", amount) for amount in read.multiply] + [("grow", amount) for amount in read.grow]
    _refuse("sweep", list(_twice("changes", [_level_label(kind, amount) for kind, amount in found])))
    return found


def _twice(place: str, labels: Sequence[str]) -> Iterator[Fault]:
    """Yield labels that stand for several steps, and that there is none."""
    for label in dict.fromkeys(labels):
        if labels.count(label) > 1:
            yield Fault(place, f"{label} is given twice", "Give it once.")
    if not labels:
        yield Fault(place, "nothing changes", "Give one or more.")


def _refuse(source: str, faults: Sequence[Fault]) -> None:
    if faults:
        raise InputError(source, faults)


def _refuse_names(standing: Standing, figures: Figures | None, asked: Sequence[str], kinds: Sequence[str]) -> None:
    """Refuse quantities that are unknown, made of others, or given twice."""
    if figures is None:
        remedy = "Sweep its variables by steps."
        raise InputError("sweep", [Fault("quantities", "the index has no quantities behind its variables", remedy)])
    faults = list(_twice("quantities", asked))
    for name in dict.fromkeys(asked):
        problems = name_problems(standing, kinds[0], name, ("quantities", name))
        faults += [Fault(str(where[0]), problem, remedy) for where, problem, remedy in problems]
    _refuse("sweep", faults)


def _positions(known: Sequence[str], chosen: Sequence[str]) -> Integers:
    """Return where the chosen ones stand among those known, in the order of these."""
    return np.array([place for place, one in enumerate(known) if one in set(chosen)], np.int64)


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
    return _beyond_rounding(after - before[np.ix_(who, leaves)][:, :, np.newaxis], before)


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


def score_rows(standing: Standing, values: Floats) -> Scored:
    """Return totals and ranks (row, city) of several matrices (row, indicator, city); see `score_chunk`.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero.
    """
    scorer = standing.scorer
    chunk = dataclasses.replace(as_defined(values[0]), variant=np.zeros(len(values), np.int64), values=values)
    scored = score_chunk(scorer.plan, scorer.definition.ranking, chunk)
    if scored.failed != -1:
        raise unscored([scorer.definition], scored.failed)
    return scored


def _carried_out(standing: Standing, figures: Figures, orders: Sequence[Order]) -> tuple[Floats, Integers, list[str]]:
    """Return total and rank (order) of the city of each order, carried out alone; and why one cannot be."""
    totals, ranks = np.full(len(orders), np.nan), np.zeros(len(orders), np.int64)
    why_not = [""] * len(orders)
    waiting: list[tuple[int, Floats]] = []
    for number, order in enumerate(orders):
        try:
            waiting.append((number, _changed(standing, figures, order)))
        except InputError as error:
            why_not[number] = "; ".join(f"{fault.place}: {fault.problem}" for fault in error.faults)
        if waiting and (len(waiting) == ROWS_AT_ONCE or number == len(orders) - 1):
            rows = [place for place, _ in waiting]
            scored = score_rows(standing, np.array([values for _, values in waiting]))
            own = np.array([np.flatnonzero(orders[row].cities)[0] for row in rows])
            totals[rows], ranks[rows] = (one[np.arange(len(rows)), own] for one in (scored.totals, scored.ranks))
            waiting = []
    return totals, ranks, why_not


def _changed(standing: Standing, figures: Figures, order: Order) -> Floats:
    """Return the values (indicator, city) after one change of a quantity."""
    values = standing.values[np.newaxis].copy()
    ChangeField(standing, Program((order,), None, ()), figures).middle.apply(values)
    return np.asarray(values[0], np.float64)


def _outcome(
    standing: Standing, who: Integers, axes: Sequence[str], totals: Floats, ranks: Integers
) -> dict[str, tuple[Sequence[str], Any]]:
    """Return what the city's own total and rank become; a rank of 0 stands where there is no answer."""
    start = standing.scored[names.TOTAL].values
    rank = standing.scored[names.RANK].values[who][:, np.newaxis, np.newaxis]
    gain = _beyond_rounding(totals - start[who][:, np.newaxis, np.newaxis], start)
    return {
        names.TOTAL_GAIN: (axes, gain),
        names.RANK_AFTER: (axes, ranks),
        names.RANK_GAIN: (axes, np.where(ranks > 0, rank - ranks, 0)),
    }


def _beyond_rounding(gain: Floats, scale: Floats) -> Floats:
    """Return gains, and 0 for those that are rounding only beside figures of that size."""
    return np.where(np.abs(gain) <= ROUNDING * np.abs(scale).max(), 0.0, gain)


def _labels(standing: Standing, chosen: dict[str, Integers]) -> dict[str, Any]:
    """Return the coordinates of the chosen cities and indicators, and where these cities stood."""
    start = standing.scored
    found = {
        str(name): (one.dims[0], one.values[chosen[str(one.dims[0])]])
        for name, one in start.coords.items()
        if len(one.dims) == 1 and one.dims[0] in chosen
    }
    for name, before in ((names.RANK, names.RANK_BEFORE), (names.TOTAL, names.TOTAL_BEFORE)):
        found[before] = (names.CITY, start[name].values[chosen[names.CITY]])
    return found


DESCRIPTIONS = {
    names.PLACES: "cities passed in a variable; below 0, those that pass it",
    names.POINTS_GAIN: "own points in a variable, after less before",
    names.TOTAL_GAIN: "own total, after less before",
    names.RANK_AFTER: "rank after the change, 0 where there is no answer",
    names.RANK_GAIN: "places gained in the ranking",
    names.WHY_NOT: "why the change cannot be worked out, empty where it can",
}
"""What each variable of a sweep is, in a few words."""


def _described(found: xr.Dataset, index: Index, asked: str) -> xr.Dataset:
    """Return a sweep with what it asked, and where it comes from (convention 11)."""
    for name in found.data_vars:
        found[name].attrs["long_name"] = DESCRIPTIONS[str(name)]
    return found.assign_attrs(
        title=f"Sweep of {index.definition.title.en or index.definition.id}",
        index=index.definition.id,
        asked=asked,
        held="all other values, and the other cities",
        input_sha256=json.dumps(dict(index.hashes)),
        versions=json.dumps(software_versions()),
    )
