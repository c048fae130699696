"""One indicator with a long tail transformed: logarithms and Box-Cox transformations, which keep the order."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from simulator.kernels.arrays import Flags, Floats
from simulator.kernels.tree import ROUNDING
from simulator.preparation import (
    BoxCox,
    LogTransform,
)

Obstacle = tuple[str, str]
"""Why values cannot be transformed, and what mends it."""


_NO_POWER: Final = ("no λ of largest likelihood is found within the range of numbers", "Choose the method `log`.")


@dataclass(frozen=True, eq=False)
class Transformed:
    """An indicator transformed."""

    method: str
    """`log` or `box-cox`."""
    values: Floats
    """(n): NaN where a value was missing."""
    shift: float
    """What was added to every value before it was transformed."""
    power: float
    """λ of a Box-Cox transformation; NaN otherwise."""


def transform(values: Floats, method: LogTransform | BoxCox) -> Transformed | Obstacle:
    """Return an indicator transformed, or what is in the way of it.

    `log` is ln(x + shift), with shift = share × range - lowest if `shifted` (with share 0.01 the function `log_CT` of
    COINr, doi:10.21105/joss.04567) and 0 if `plain`, or sign(x) ln(1 + |x|) if `signed` (John and Draper 1980,
    doi:10.2307/2986305). `box-cox` is ((x + shift)^λ - 1) / λ, or the logarithm where λ is 0, with the λ of largest
    likelihood under normal values (Box and Cox 1964, doi:10.1111/j.2517-6161.1964.tb00553.x), as `scipy.stats.boxcox`
    finds it. All of them rise with x.

    Parameters
    ----------
    values
        Values (n) that are not all equal, NaN where one is missing.
    method
        The transformation.

    Examples
    --------
    >>> from simulator.preparation import (LogTransform,)
    >>> done = transform(np.array([0.0, 10.0, 100.0]), LogTransform())
    >>> done.values.round(3).tolist(), done.shift
    ([0.0, 2.398, 4.615], 1.0)
    >>> transform(np.array([0.0, 10.0, 100.0]), LogTransform(form="plain"))[0]
    'the lowest value is 0, and only values above zero have a logarithm'
    """
    present = ~np.isnan(values)
    found = values[present]
    outcome = _logarithm(found, method) if isinstance(method, LogTransform) else _box_cox(found, method)
    if not isinstance(outcome, Transformed):
        return outcome
    if not np.isfinite(outcome.values).all():
        return "values lie too far apart to be transformed", "Give the indicator in another unit, or leave it as it is."
    whole = np.full(values.shape, np.nan)
    whole[present] = outcome.values
    return Transformed(method.method, whole, outcome.shift, outcome.power)


def _logarithm(values: Floats, method: LogTransform) -> Transformed | Obstacle:
    if method.form == "signed":
        return Transformed(method.method, np.sign(values) * np.log1p(np.abs(values)), 0.0, math.nan)
    lowest = float(values.min())
    if method.form == "plain" and lowest <= 0.0:
        problem = f"the lowest value is {lowest:g}, and only values above zero have a logarithm"
        return problem, "Choose `form: shifted` or `form: signed`."
    lifted, shift = _lifted(values, method.share) if method.form == "shifted" else (values, 0.0)
    with np.errstate(divide="ignore"):
        return Transformed(method.method, np.log(lifted), shift, math.nan)


def _box_cox(values: Floats, method: BoxCox) -> Transformed | Obstacle:
    lowest = float(values.min())
    if lowest <= 0.0 and not method.shifted:
        problem = f"the lowest value is {lowest:g}, and only values above zero have a Box-Cox transformation"
        return problem, "Set `shifted: true`, or choose the method `log`."
    lifted, shift = _lifted(values, method.share) if method.shifted else (values, 0.0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            raised, power = stats.boxcox(lifted)
    except (ArithmeticError, ValueError, Warning):
        return _NO_POWER
    if not np.isfinite(raised).all() or _merged(lifted, raised):
        return _NO_POWER
    return Transformed(method.method, raised, shift, float(power))


def _lifted(values: Floats, share: float) -> tuple[Floats, float]:
    """Return values moved so that the lowest is a share of the range, and what was added to them."""
    with np.errstate(over="ignore", invalid="ignore"):
        lowest = values.min()
        lift = share * (values.max() - lowest)
        return values - lowest + lift, float(lift - lowest)


def _merged(values: Floats, raised: Floats) -> bool:
    """Return whether values that differ by more than rounding have become equal."""
    order = np.argsort(values)
    apart: Flags = np.diff(values[order]) > ROUNDING * np.ptp(values)
    return bool((apart & (np.diff(raised[order]) <= 0.0)).any())
