"""Missing values filled: by the mean or median of all cities or of a group, by regression, by the nearest cities.

The methods are those of the OECD/JRC Handbook on Constructing Composite Indicators (2008,
doi:10.1787/9789264043466-en): unconditional means, conditional means, regression; nearest neighbours are its hot deck.
All of them fill one value and leave no trace of doubt in the result; what was filled is told, so that a study can draw
it instead. Values that are there never change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from simulator.construction.cells import Labels, cell_faults, check_table, indicator_faults
from simulator.construction.predicting import by_nearest, by_regression
from simulator.errors import Fault, InputError
from simulator.kernels.arrays import Flags, Floats
from simulator.preparation import (
    AnyImputation,
    MeanOfGroup,
    MedianOfGroup,
    Nearest,
    Refuse,
    Regression,
    ShareWeight,
)

SOURCE: Final = "imputation"
"""What errors call this step."""

Middle = Callable[[Floats], Floats]
"""Figures (rows) that stand for the values (rows, k) that are there; rows may miss some, never all."""


@dataclass(frozen=True, eq=False)
class Imputed:
    """Values without gaps (with `share-weight` as given), and what was filled."""

    values: Floats
    """(L, n)"""
    filled: Flags
    """(L, n): whether a value was filled."""
    settled: bool = True
    """Whether a regression had settled before its rounds were over; true for every other method."""


def impute(values: Floats, method: AnyImputation, labels: Labels, groups: Sequence[str] | None = None) -> Imputed:
    """Return values with the missing ones filled.

    Of indicator i, with O the cities that have a value, and G those of them in the group of city c: `mean` and `median`
    fill the mean and median over O, `group-mean` and `group-median` those over G. `regression` and `nearest` stand in
    `simulator.construction.predicting`. What is filled lies between the least and the largest value over O.

    Parameters
    ----------
    values
        Values (L, n), NaN where one is missing.
    method
        How to fill. `refuse` accepts no gap, `share-weight` leaves every gap as it is.
    labels
        Indicators and cities.
    groups
        Group of each city (n), the empty text where it has none; read by `group-mean` and `group-median` only.

    Returns
    -------
    Imputed
        New arrays; the values given stay as they are.

    Raises
    ------
    InputError
        With every gap, if they are refused; every indicator without any value to fill from; every gap in a group
        without values, unless `empty` is `overall`; where groups are not given or do not fit the cities; where a method
        needs scikit-learn, which is not installed; where the table does not fit its labels, or holds infinite values.

    Examples
    --------
    >>> from simulator.preparation import (MeanOfGroup,)
    >>> values = np.array([[4.0, np.nan, 8.0, 6.0]])
    >>> labels = Labels(["gdp"], ["hefei", "wuhu", "harbin", "bengbu"])
    >>> imputed = impute(values, MeanOfGroup(by="province"), labels, ["anhui", "anhui", "heilongjiang", "anhui"])
    >>> imputed.values.tolist(), imputed.filled.tolist()
    ([[4.0, 5.0, 8.0, 6.0]], [[False, True, False, False]])
    """
    check_table(values, labels, SOURCE)
    missing = np.isnan(values)
    if isinstance(method, ShareWeight):
        return Imputed(values.copy(), np.zeros(values.shape, np.bool_))
    if isinstance(method, Refuse):
        remedy = "Fill it, leave the city or the indicator out, or choose how missing values are filled."
        _raise(cell_faults(missing, labels, lambda *_: "is missing (convention 4)", remedy, "missing values"))
    elif missing.any():
        remedy = "Leave the indicator out, or give a value for one city at least."
        empty = np.count_nonzero(~missing, axis=1) == 0
        _raise(indicator_faults(empty, labels, "has no value to fill from", remedy))
        return _fill(values, missing, method, labels, groups)
    return Imputed(values.copy(), missing)


def _fill(
    values: Floats, missing: Flags, method: AnyImputation, labels: Labels, groups: Sequence[str] | None
) -> Imputed:
    """Return values with the gaps filled, each indicator having a value at least."""
    settled = True
    if isinstance(method, Regression):
        if len(values) < 2:
            _raise([Fault("", "a single indicator has none to be regressed on", "Choose another method.")])
        found, settled = by_regression(values, method)
    elif isinstance(method, Nearest):
        found = by_nearest(values, method)
    elif isinstance(method, MeanOfGroup | MedianOfGroup):
        found = _of_groups(values, missing, method, labels, groups)
    else:
        middle: Middle = _mean if method.method == "mean" else _median
        found = np.broadcast_to(middle(values)[:, np.newaxis], values.shape)
    lowest = np.fmin.reduce(values, axis=1, keepdims=True)
    highest = np.fmax.reduce(values, axis=1, keepdims=True)
    return Imputed(np.where(missing, np.clip(found, lowest, highest), values), missing, settled)


def _of_groups(
    values: Floats,
    missing: Flags,
    method: MeanOfGroup | MedianOfGroup,
    labels: Labels,
    groups: Sequence[str] | None,
) -> Floats:
    """Return the figure (L, n) of the group of each city, or that of all cities where `empty` allows it."""
    named = () if groups is None else tuple(groups)
    if len(named) != len(labels.cities):
        problem = f"{len(named)} groups by {method.by!r} for {len(labels.cities)} cities"
        _raise([Fault("", problem, "Give one for each city (convention 2).")])
    middle: Middle = _mean if isinstance(method, MeanOfGroup) else _median
    found, group = np.full(values.shape, np.nan), np.array(named)
    for name in set(named) - {""}:
        members = group == name
        found[:, members] = middle(values[:, members])[:, np.newaxis]
    bare = missing & np.isnan(found)
    if method.empty == "refuse":
        remedy = "Set `empty: overall` to fill with the figure over all cities, or choose another method."
        _raise(cell_faults(bare, labels, partial(_bare_problem, named, method.by), remedy, "such cells"))
    return np.where(bare, middle(values)[:, np.newaxis], found)


def _bare_problem(groups: Sequence[str], by: str, _: int, column: int) -> str:
    if not groups[column]:
        return f"is missing, and the city has no {by}"
    return f"is missing, and no city of {by} {groups[column]} has a value"


def _mean(values: Floats) -> Floats:
    """Return the mean of each row (rows, k), not beyond its values by rounding; NaN for a row without any."""
    present = ~np.isnan(values)
    count = np.count_nonzero(present, axis=1)
    mean = np.where(present, values, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.clip(np.where(count > 0, mean, np.nan), np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1))


def _median(values: Floats) -> Floats:
    """Return the median of each row (rows, k); NaN for a row without any value."""
    found, some = np.full(len(values), np.nan), ~np.isnan(values).all(axis=1)
    found[some] = np.nanmedian(values[some], axis=1)
    return found


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise InputError(SOURCE, faults)
