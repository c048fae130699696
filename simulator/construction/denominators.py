"""Figures made comparable between large and small cities: each indicator over a quantity such as population or area.

The OECD/JRC Handbook on Constructing Composite Indicators (2008, doi:10.1787/9789264043466-en) asks for it before
missing values are filled: what is filled is then a ratio, to which the size of a city no longer matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from simulator.construction.cells import Labels, cell_faults, check_table
from simulator.errors import Fault, InputError, did_you_mean
from simulator.kernels.arrays import Floats
from simulator.preparation import (
    Denominator,
)

SOURCE: Final = "denominators"
"""What errors call this step."""


def denominate(
    values: Floats, chosen: Sequence[Denominator | None], quantities: Mapping[str, Floats], labels: Labels
) -> Floats:
    """Return value / quantity × scale for each indicator that has a denominator; the others stay as they are.

    Parameters
    ----------
    values
        Values (L, n), NaN where one is missing; it stays missing.
    chosen
        The denominator of each of the L indicators, None for one that has none.
    quantities
        The quantities (n) by name. What is missing for a city is an error where a value is to be divided by it, or the
        ratio is missing too, as the denominator says (`missing`).
    labels
        Indicators and cities.

    Returns
    -------
    Floats
        (L, n)

    Raises
    ------
    InputError
        With every quantity that is unknown or of another length; every one that is missing (unless it may be),
        infinite, zero or negative where a value is divided by it; every ratio that is too large for a number.

    Examples
    --------
    >>> from simulator.preparation import (Denominator,)
    >>> labels = Labels(["gdp", "air"], ["hefei", "harbin"])
    >>> values = np.array([[13507.7, 6016.3], [82.0, np.nan]])
    >>> per_head = Denominator(by="population", scale=10.0)
    >>> denominate(values, [per_head, None], {"population": np.array([1000.2, 939.5])}, labels).round(3).tolist()
    [[135.05, 64.037], [82.0, nan]]
    """
    check_table(values, labels, SOURCE)
    faults = _quantity_faults(chosen, quantities, labels)
    if faults:
        raise InputError(SOURCE, faults)
    divisors, scales = np.ones(values.shape), np.ones((len(chosen), 1))
    for row, one in enumerate(chosen):
        if one is not None:
            divisors[row], scales[row] = quantities[one.by], one.scale
    names = ["" if one is None else one.by for one in chosen]
    leave = np.array([one is not None and one.missing == "leave" for one in chosen])[:, np.newaxis]
    present = ~np.isnan(values) & ~(leave & np.isnan(divisors))
    bad = present & ~((divisors > 0.0) & np.isfinite(divisors))
    if bad.any():
        remedy = "Give a number above zero, or leave out the denominator."
        raise InputError(SOURCE, cell_faults(bad, labels, partial(_divisor_problem, names, divisors), remedy))
    ratios = np.full(values.shape, np.nan)
    with np.errstate(over="ignore"):
        ratios[present] = (values / np.where(present, divisors, 1.0) * scales)[present]
    remedy = "Check the value, its denominator and the scale."
    faults = cell_faults(np.isinf(ratios), labels, lambda *_: "the ratio is too large for a number", remedy)
    if faults:
        raise InputError(SOURCE, faults)
    return ratios


def _quantity_faults(
    chosen: Sequence[Denominator | None], quantities: Mapping[str, Floats], labels: Labels
) -> list[Fault]:
    """Return what is wrong with the denominators as a whole: their number, their names, how many cities they have."""
    if len(chosen) != len(labels.indicators):
        problem = f"{len(chosen)} denominators for {len(labels.indicators)} indicators"
        return [Fault("", problem, "Give one for each indicator, or none for it (convention 2).")]
    faults = [
        Fault(indicator, f"unknown quantity {one.by!r}", did_you_mean(one.by, list(quantities)))
        for indicator, one in zip(labels.indicators, chosen, strict=True)
        if one is not None and one.by not in quantities
    ]
    for name in dict.fromkeys(one.by for one in chosen if one is not None and one.by in quantities):
        if quantities[name].shape != (len(labels.cities),):
            problem = f"{list(quantities[name].shape)} numbers for {len(labels.cities)} cities"
            faults.append(Fault(name, problem, "Give one for each city (convention 2)."))
    return faults


def _divisor_problem(names: Sequence[str], divisors: Floats, row: int, column: int) -> str:
    divisor = divisors[row, column]
    return (
        f"{names[row]} is missing" if np.isnan(divisor) else f"{names[row]} is {divisor:g}, by which nothing is divided"
    )
