"""Tables of values (indicator, city) with what their rows and columns are called, and the faults of their cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from simulator.errors import Fault, InputError
from simulator.kernels.arrays import Flags, Floats
from simulator.tables import first_faults


class Labels(NamedTuple):
    """What the rows and columns of a table of values (L, n) are called.

    >>> Labels(["gdp", "debt"], ["hefei", "harbin"]).place(1, 0)
    'debt of hefei'
    """

    indicators: Sequence[str]
    """(L)"""
    cities: Sequence[str]
    """(n)"""

    def place(self, indicator: int, city: int) -> str:
        """Return where the cell in a row and column stands, in words."""
        return f"{self.indicators[indicator]} of {self.cities[city]}"


def check_table(values: Floats, labels: Labels, source: str) -> None:
    """Refuse a table (L, n) that does not fit its labels, has no rows or columns, or holds infinite values.

    Parameters
    ----------
    values
        Values (L, n), NaN where one is missing.
    labels
        What the L rows and n columns are called.
    source
        What the error calls the step that the table is for.

    Raises
    ------
    InputError
        With every fault found.

    Examples
    --------
    >>> check_table(np.array([[1.0, np.inf]]), Labels(["gdp"], ["hefei", "harbin"]), "imputation")
    Traceback (most recent call last):
    simulator.errors.InputError: imputation: 1 fault
      gdp of harbin: inf is not finite. Give a finite number, or leave the cell empty.
    """
    expected = (len(labels.indicators), len(labels.cities))
    if values.shape != expected:
        problem = f"the table is {list(values.shape)}, its labels are {list(expected)} (indicators, cities)"
        raise InputError(source, [Fault("", problem, "Name every row and every column (convention 2).")])
    if not values.size:
        raise InputError(source, [Fault("", "the table has no values", "Give an indicator and a city at least.")])
    remedy = "Give a finite number, or leave the cell empty."
    faults = cell_faults(
        np.isinf(values), labels, lambda row, column: f"{values[row, column]:g} is not finite", remedy, "such cells"
    )
    if faults:
        raise InputError(source, faults)


def cell_faults(
    bad: Flags, labels: Labels, problem: Callable[[int, int], str], remedy: str, kind: str = "cells"
) -> list[Fault]:
    """Return a fault for each cell that is marked in `bad` (L, n), the first ones by name and the others by number.

    >>> labels = Labels(["gdp"], ["hefei", "harbin"])
    >>> [str(fault) for fault in cell_faults(np.array([[True, False]]), labels, lambda row, column: "is odd", "Ask.")]
    ['gdp of hefei: is odd. Ask.']
    """
    cells = [(int(row), int(column)) for row, column in np.argwhere(bad)]
    return first_faults(cells, lambda cell: Fault(labels.place(*cell), problem(*cell), remedy), kind)


def indicator_faults(bad: Flags, labels: Labels, problem: str, remedy: str) -> list[Fault]:
    """Return a fault for each indicator that is marked in `bad` (L).

    >>> [str(fault) for fault in indicator_faults(np.array([True]), Labels(["gdp"], []), "is odd", "Ask.")]
    ['gdp: is odd. Ask.']
    """
    rows = [int(row) for row in np.flatnonzero(bad)]
    return first_faults(rows, lambda row: Fault(labels.indicators[row], problem, remedy), "indicators")
