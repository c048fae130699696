"""Every city and some quantities over a list of changes: one at a time, all others still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from simulator import names
from simulator.changes.amounts import Amount, Number
from simulator.changes.effects import ChangeField
from simulator.changes.feasibility import name_problems
from simulator.changes.figures import Figures, gather_figures
from simulator.changes.program import Order, Program
from simulator.changes.standing import Standing, stand
from simulator.changes.wording import Factor, Rate
from simulator.documents import Document
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.kernels.arrays import Floats, Integers
from simulator.lookup import find_cities
from simulator.validation import Schema, check
from simulator.whatif.swept import (
    ROWS_AT_ONCE,
    label_faults,
    labels_of,
    outcome,
    positions_of,
    refuse,
    score_rows,
    with_origin,
)


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
    who = positions_of(index.cities, index.cities if cities is None else find_cities(index.matrix, cities))
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
        outcome(standing, who, axes, totals.reshape(shape), ranks.reshape(shape)),
        coords={
            names.QUANTITY: np.array(quantities, dtype=object),
            names.STEP: np.array([_level_label(kind, amount) for kind, amount in changes], dtype=object),
            names.QUANTITY_UNIT: (names.QUANTITY, units),
            **labels_of(standing, {names.CITY: who}),
        },
    )
    found[names.WHY_NOT] = (axes, np.array(why_not, dtype=object).reshape(shape))
    return with_origin(found, index, "each quantity of each city by itself, by the changes named")


def _level_label(kind: str, amount: Amount) -> str:
    return f"grows {100.0 * amount.middle():g} %" if kind == "grow" else f"times {amount.middle():g}"


def _read_levels(multiply: Sequence[Any], grow: Sequence[Any]) -> list[tuple[Any, Amount]]:
    """Return the changes of quantities, each as its kind and amount."""
    numbers = check(Document("sweep", {"multiply": list(multiply), "grow": list(grow)}), Numbers)
    read = check(Document("sweep", numbers.model_dump()), Levels)
    found = [("multiply", amount) for amount in read.multiply] + [("grow", amount) for amount in read.grow]
    refuse(list(label_faults("changes", [_level_label(kind, amount) for kind, amount in found])))
    return found


def _refuse_names(standing: Standing, figures: Figures | None, asked: Sequence[str], kinds: Sequence[str]) -> None:
    """Refuse quantities that are unknown, made of others, or given twice."""
    if figures is None:
        remedy = "Sweep its variables by steps."
        raise InputError("sweep", [Fault("quantities", "the index has no quantities behind its variables", remedy)])
    faults = list(label_faults("quantities", asked))
    for name in dict.fromkeys(asked):
        problems = name_problems(standing, kinds[0], name, ("quantities", name))
        faults += [Fault(str(where[0]), problem, remedy) for where, problem, remedy in problems]
    refuse(faults)


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
