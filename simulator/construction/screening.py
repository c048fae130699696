"""Cities with too few values, or too many zeros, left out before anything is filled.

The OECD/JRC Handbook on Constructing Composite Indicators (2008, doi:10.1787/9789264043466-en) asks for a rule to be
set beforehand: what is filled for a city of which little is known says more about the method than about the city.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.construction.cells import Labels, check_table
from simulator.errors import Fault, InputError
from simulator.kernels.arrays import Flags, Floats
from simulator.preparation import (
    AnyScreening,
    Coverage,
)

SOURCE: Final = "screening"
"""What errors call this step."""


@dataclass(frozen=True, eq=False)
class Screened:
    """Which cities are kept, and by what."""

    kept: Flags
    """(n)"""
    coverage: Floats
    """(n): share of the indicators for which the city has a value."""
    nonzero: Floats
    """(n): share of the city's values that are not zero; NaN for a city without any value."""


def screen(values: Floats, method: AnyScreening, labels: Labels) -> Screened:
    """Return which cities have enough values: coverage ≥ `present` and, if asked for, share of non-zeros ≥ `nonzero`.

    Coverage is the number of a city's values over that of all indicators. The share of non-zeros is that of the values
    that are there; a city without any value has none, and drops out where such a share is asked for.

    Parameters
    ----------
    values
        Values (L, n), NaN where one is missing.
    method
        `none` or `coverage`.
    labels
        Indicators and cities.

    Raises
    ------
    InputError
        Where no city is kept, where the table does not fit its labels, or holds infinite values.

    Examples
    --------
    >>> from simulator.preparation import (Coverage,)
    >>> values = np.array([[1.0, np.nan], [0.0, np.nan], [2.0, 5.0]])
    >>> found = screen(values, Coverage(present=0.5), Labels(["a", "b", "c"], ["hefei", "harbin"]))
    >>> found.kept.tolist(), found.coverage.round(3).tolist(), found.nonzero.round(3).tolist()
    ([True, False], [1.0, 0.333], [0.667, 1.0])
    """
    check_table(values, labels, SOURCE)
    coverage, nonzero = coverage_of_cities(values)
    kept = np.ones(values.shape[1], np.bool_)
    if isinstance(method, Coverage):
        kept = coverage >= method.present
        if method.nonzero is not None:
            kept &= nonzero >= method.nonzero
    if not kept.any():
        problem = f"no city is kept; the largest coverage is {coverage.max():.3g}"
        raise InputError(SOURCE, [Fault("", problem, "Lower `present` or `nonzero`, or add data.")])
    return Screened(kept, coverage, nonzero)


def coverage_of_cities(values: Floats) -> tuple[Floats, Floats]:
    """Return for each city the share of values (L, n) that are there, and the share of these that are not zero.

    The second is NaN for a city without any value.

    >>> [share.tolist() for share in coverage_of_cities(np.array([[1.0, np.nan], [0.0, np.nan]]))]
    [[1.0, 0.0], [0.5, nan]]
    """
    present = np.count_nonzero(~np.isnan(values), axis=0)
    nonzero = present - np.count_nonzero(values == 0.0, axis=0)
    share: Floats = np.where(present > 0, nonzero / np.maximum(present, 1), np.nan)
    return present / len(values), share
