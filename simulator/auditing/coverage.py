"""What a table of values is like before it is prepared: what is there, how it varies, how far its extremes lie out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.construction.cells import Labels, check_table
from simulator.construction.skewness import fails_test, skew_and_kurtosis
from simulator.kernels.arrays import Flags, Floats, Integers

SOURCE: Final = "coverage"
"""What errors call this report."""


@dataclass(frozen=True, eq=False)
class IndicatorCoverage:
    """Figures of each indicator (L)."""

    present: Integers
    """Number of cities that have a value."""
    share: Floats
    """Share of the cities that have one."""
    distinct: Integers
    """Number of different values."""
    zeros: Floats
    """Share of zeros among the values that are there; NaN where there is none."""
    skew: Floats
    """Skew G1; NaN where it is not defined."""
    kurtosis: Floats
    """Excess kurtosis G2; NaN where it is not defined."""
    fails: Flags
    """Whether skew and kurtosis both reach their limits, so that outliers are to be treated."""


@dataclass(frozen=True, eq=False)
class CityCoverage:
    """Figures of each city (n)."""

    present: Integers
    """Number of indicators that have a value."""
    share: Floats
    """Share of the indicators that have one."""
    zeros: Floats
    """Share of zeros among the values that are there; NaN where there is none."""


@dataclass(frozen=True, eq=False)
class CoverageReport:
    """Figures of a table by indicator and by city."""

    indicators: IndicatorCoverage
    cities: CityCoverage


def coverage_report(
    values: Floats, labels: Labels, skew_limit: float = 2.0, kurtosis_limit: float = 3.5
) -> CoverageReport:
    """Return what is there of a table, and how it varies, by indicator and by city.

    Skew, kurtosis and their test: `simulator.construction.skewness`.

    Parameters
    ----------
    values
        Values (L, n), NaN where one is missing.
    labels
        Indicators and cities.
    skew_limit
        Absolute skew from which on an indicator fails …
    kurtosis_limit
        … if its excess kurtosis reaches this as well.

    Raises
    ------
    InputError
        Where the table does not fit its labels, is empty, or holds infinite values.

    Examples
    --------
    >>> values = np.array([[0.0, 1.0, 1.0], [2.0, np.nan, 3.0]])
    >>> report = coverage_report(values, Labels(["gdp", "debt"], ["hefei", "wuhu", "harbin"]))
    >>> report.indicators.present.tolist(), report.indicators.distinct.tolist()
    ([3, 2], [2, 2])
    >>> report.cities.share.tolist(), report.cities.zeros.tolist()
    ([1.0, 0.5, 1.0], [0.5, 0.0, 0.0])
    """
    check_table(values, labels, SOURCE)
    skew, kurtosis = skew_and_kurtosis(values)
    present = ~np.isnan(values)
    of_indicators, of_cities = np.count_nonzero(present, axis=1), np.count_nonzero(present, axis=0)
    # Sorting puts what is missing last, and of what is there each rise begins a new value.
    in_order = np.sort(values, axis=1)
    rises = np.count_nonzero(in_order[:, 1:] > in_order[:, :-1], axis=1)
    return CoverageReport(
        IndicatorCoverage(
            present=of_indicators,
            share=of_indicators / values.shape[1],
            distinct=rises + present.any(axis=1),
            zeros=_share_of_zeros(values, 1),
            skew=skew,
            kurtosis=kurtosis,
            fails=fails_test(skew, kurtosis, skew_limit, kurtosis_limit),
        ),
        CityCoverage(present=of_cities, share=of_cities / len(values), zeros=_share_of_zeros(values, 0)),
    )


def _share_of_zeros(values: Floats, axis: int) -> Floats:
    present = np.count_nonzero(~np.isnan(values), axis=axis)
    share: Floats = np.where(present > 0, np.count_nonzero(values == 0.0, axis=axis) / np.maximum(present, 1), np.nan)
    return share
