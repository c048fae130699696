"""Outliers treated: extreme values set to the next ones, logarithms, Box-Cox transformations.

An indicator is treated where both its skew and its kurtosis are large (`simulator.construction.skewness`), since one
city far out would otherwise stretch the scale on which all others are compared. The OECD/JRC Handbook on Constructing
Composite Indicators (2008, doi:10.1787/9789264043466-en) puts it before normalisation; limits and order of the steps
are those that COINr (doi:10.21105/joss.04567) has as its defaults. No treatment changes the order of cities.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.construction.cells import Labels, check_table
from simulator.construction.skewness import constant_rows, fails_test, same_but_for_rounding, skew_and_kurtosis
from simulator.construction.transforming import Transformed, transform
from simulator.errors import Fault, InputError
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.tree import ROUNDING
from simulator.preparation import (
    AnyTreatment,
    BoxCox,
    LogTransform,
    Untreated,
    Winsorise,
)

SOURCE: Final = "treatment"
"""What errors call this step."""


@dataclass(frozen=True, eq=False)
class TreatmentRecord:
    """What was done to one indicator."""

    method: str
    """The method whose values it has now: `none`, `winsorise`, `log` or `box-cox`."""
    cells: Integers
    """Positions of the cities whose value has changed."""
    skew_before: float
    """Skew G1 of the values given; NaN where it is not defined."""
    kurtosis_before: float
    """Excess kurtosis G2 of the values given; NaN where it is not defined."""
    skew_after: float
    """Skew G1 of the values treated."""
    kurtosis_after: float
    """Excess kurtosis G2 of the values treated."""
    fails: bool
    """Whether the values treated still fail the test."""
    shift: float = 0.0
    """What was added to every value before it was transformed."""
    power: float = float("nan")
    """λ of a Box-Cox transformation; NaN otherwise."""

    @property
    def changed(self) -> int:
        """Number of cities whose value has changed."""
        return len(self.cells)


@dataclass(frozen=True, eq=False)
class Treated:
    """Values treated, and what was done to them."""

    values: Floats
    """(L, n): NaN where a value was missing."""
    records: tuple[TreatmentRecord, ...]
    """(L)"""


def treat(values: Floats, method: AnyTreatment, labels: Labels) -> Treated:
    """Return values with the outliers of each indicator treated, and a record of each indicator.

    An indicator is treated where |G1| ≥ `skew` and G2 ≥ `kurtosis`, or `everywhere`; one whose values are all equal
    never is. `winsorise` is what `winsorised` does. Where an indicator fails the test still, `otherwise` transforms its
    original values, and the winsorised ones are forgotten.

    Parameters
    ----------
    values
        Values (L, n), NaN where one is missing; it stays missing.
    method
        `none`, `winsorise`, `log` or `box-cox`.
    labels
        Indicators and cities.

    Raises
    ------
    InputError
        With every indicator whose values a transformation does not take, where the table does not fit its labels, or
        holds infinite values.

    Examples
    --------
    >>> from simulator.preparation import (Winsorise,)
    >>> values = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 100.0]])
    >>> treated = treat(values, Winsorise(), Labels(["gdp"], list("abcdefgh")))
    >>> treated.values.tolist()
    [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 7.0]]
    >>> record = treated.records[0]
    >>> record.method, record.cells.tolist(), round(record.skew_before, 2), round(record.skew_after, 2)
    ('winsorise', [7], 2.81, -0.23)
    """
    check_table(values, labels, SOURCE)
    if isinstance(method, Untreated):
        return _recorded(values, values.copy(), method, {})
    chosen = ~constant_rows(values) & (_fails(values, method) | method.everywhere)
    now, transformation = values.copy(), method.otherwise if isinstance(method, Winsorise) else method
    if isinstance(method, Winsorise):
        now[chosen] = winsorised(values[chosen], method)
        chosen = chosen & _fails(now, method)
    done: dict[int, Transformed] = {}
    if transformation is not None:
        done = _transformed(values, np.flatnonzero(chosen), transformation, labels)
        for row, one in done.items():
            now[row] = one.values
    return _recorded(values, now, method, done)


def winsorised(values: Floats, method: Winsorise) -> Floats:
    """Return rows whose extreme values are set to the next ones, step by step.

    While a row fails the test (always, if `everywhere`) and fewer than `most` of its values are set, all that are equal
    to the largest one take the next smaller value where G1 ≥ 0, and all equal to the smallest one the next larger where
    G1 < 0 (by more than rounding). Values set before are equal to the extreme then, so that they follow and count once.
    A step that would leave a single value, and nothing to compare cities by, is not taken.

    Parameters
    ----------
    values
        Values (rows, n), NaN where one is missing; it stays missing.
    method
        Limits, and how many values are set at most.

    Returns
    -------
    Floats
        (rows, n); a city that is not below another never comes below it.

    Examples
    --------
    >>> from simulator.preparation import (Winsorise,)
    >>> winsorised(np.array([[0.0, 1.0, 2.0, 3.0, 4.0, 4.0, 50.0, 60.0]]), Winsorise(skew=1, kurtosis=-2)).tolist()
    [[0.0, 1.0, 2.0, 3.0, 4.0, 4.0, 4.0, 4.0]]
    """
    now, rest = values.copy(), np.flatnonzero(~constant_rows(values))
    set_high, set_low = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
    while True:
        moments = skew_and_kurtosis(now[rest])
        wanted = (fails_test(*moments, method.skew, method.kurtosis) | method.everywhere) & (
            set_high[rest] + set_low[rest] < method.most
        )
        rest, side = rest[wanted], np.where(moments[0][wanted] < -ROUNDING, -1.0, 1.0)[:, np.newaxis]
        if not rest.size:
            return now
        # Turned round where the low side is meant, so that the extreme is the largest.
        turned = now[rest] * side
        extreme = turned == np.fmax.reduce(turned, axis=1, keepdims=True)
        following = np.fmax.reduce(np.where(extreme, -np.inf, turned), axis=1)
        possible = ~same_but_for_rounding(np.fmin.reduce(turned, axis=1), following)
        rest = rest[possible]
        now[rest] = (np.minimum(turned, following[:, np.newaxis]) * side)[possible]
        high, count = side[possible, 0] > 0.0, np.count_nonzero(extreme[possible], axis=1)
        set_high[rest[high]], set_low[rest[~high]] = count[high], count[~high]


def _fails(values: Floats, method: Winsorise | LogTransform | BoxCox) -> Flags:
    return fails_test(*skew_and_kurtosis(values), method.skew, method.kurtosis)


def _transformed(
    values: Floats, rows: Integers, method: LogTransform | BoxCox, labels: Labels
) -> dict[int, Transformed]:
    """Return some rows transformed, by the number of the row."""
    outcomes = {int(row): transform(values[row], method) for row in rows}
    faults = [Fault(labels.indicators[row], *one) for row, one in outcomes.items() if not isinstance(one, Transformed)]
    if faults:
        raise InputError(SOURCE, faults)
    return {row: one for row, one in outcomes.items() if isinstance(one, Transformed)}


def _recorded(values: Floats, now: Floats, method: AnyTreatment, done: Mapping[int, Transformed]) -> Treated:
    """Return treated values with a record of each row; `done` are the rows that are transformed."""
    before, after = skew_and_kurtosis(values), skew_and_kurtosis(now)
    limits = Winsorise() if isinstance(method, Untreated) else method
    fails = fails_test(*after, limits.skew, limits.kurtosis)
    records = []
    for row, cells in enumerate((now != values) & ~np.isnan(values)):
        one = done.get(row)
        plain = "winsorise" if cells.any() else "none"
        records.append(
            TreatmentRecord(
                method=one.method if one else plain,
                cells=np.flatnonzero(cells),
                skew_before=float(before[0][row]),
                kurtosis_before=float(before[1][row]),
                skew_after=float(after[0][row]),
                kurtosis_after=float(after[1][row]),
                fails=bool(fails[row]),
                shift=one.shift if one else 0.0,
                power=one.power if one else math.nan,
            )
        )
    return Treated(now, tuple(records))
