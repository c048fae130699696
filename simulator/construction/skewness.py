"""Skew and excess kurtosis of indicators, and the test by them that tells which have outliers to be treated."""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Flags, Floats
from simulator.kernels.tree import ROUNDING


def skew_and_kurtosis(values: Floats) -> tuple[Floats, Floats]:
    """Return skew G1 and excess kurtosis G2 of each row, both corrected for the size of the sample.

    With m_k the mean of (x - mean)^k over the n values of a row,

        G1 = sqrt(n (n - 1)) / (n - 2) × m_3 / m_2^1.5
        G2 = (n - 1) / ((n - 2) (n - 3)) × ((n + 1) (m_4 / m_2² - 3) + 6)

    as spreadsheets and `scipy.stats` (`bias=False`) have them. Joanes and Gill (1998), doi:10.1111/1467-9884.00122.

    Parameters
    ----------
    values
        Values (rows, n), NaN where one is missing; a row's missing values do not count.

    Returns
    -------
    tuple
        G1 (rows), NaN where a row has fewer than 3 values, and G2 (rows), NaN where it has fewer than 4; both NaN where
        its values are all equal but for rounding (differences below 1e-12 of the largest).

    Examples
    --------
    >>> skew, kurtosis = skew_and_kurtosis(np.array([[1.0, 2.0, 3.0, 4.0, 10.0], [7.0, 7.0, 7.0, 7.0, np.nan]]))
    >>> skew.round(4).tolist(), kurtosis.round(4).tolist()
    ([1.6971, nan], [3.152, nan])
    """
    present = ~np.isnan(values)
    n = np.count_nonzero(present, axis=1).astype(np.float64)
    some = np.maximum(n, 1.0)
    away = _away_from_mean(values, present, some)
    squares = away * away
    second = squares.sum(axis=1) / some
    varied = ~constant_rows(values)
    spread = np.where(varied, second, 1.0)
    g1 = (squares * away).sum(axis=1) / some / spread**1.5
    g2 = (squares * squares).sum(axis=1) / some / spread**2 - 3.0
    # Below three or four values the corrections are not defined; any divisor serves there.
    less2, less3 = np.where(n > 2, n - 2.0, 1.0), np.where(n > 3, n - 3.0, 1.0)
    skew: Floats = np.where(varied & (n > 2), np.sqrt(n * np.maximum(n - 1.0, 0.0)) / less2 * g1, np.nan)
    kurtosis: Floats = np.where(varied & (n > 3), (n - 1.0) / (less2 * less3) * ((n + 1.0) * g2 + 6.0), np.nan)
    return skew, kurtosis


def constant_rows(values: Floats) -> Flags:
    """Return which rows (rows, n) hold a single value, but for rounding, or none.

    >>> constant_rows(np.array([[0.1 + 0.2, 0.3, np.nan], [1.0, 2.0, np.nan], [np.nan, np.nan, np.nan]])).tolist()
    [True, False, True]
    """
    present = ~np.isnan(values)
    lowest = np.where(present, values, np.inf).min(axis=1)
    highest = np.where(present, values, -np.inf).max(axis=1)
    return same_but_for_rounding(lowest, highest) | ~present.any(axis=1)


def same_but_for_rounding(lowest: Floats, highest: Floats) -> Flags:
    """Return where two numbers differ by no more than 1e-12 of the larger size.

    >>> same_but_for_rounding(np.array([0.3, 0.3]), np.array([0.1 + 0.2, 0.31])).tolist()
    [True, False]
    """
    # Halves, so that no difference is too large for a number.
    return highest / 2 - lowest / 2 <= ROUNDING * np.maximum(np.abs(lowest), np.abs(highest)) / 2


def fails_test(skew: Floats, kurtosis: Floats, skew_limit: float = 2.0, kurtosis_limit: float = 3.5) -> Flags:
    """Return which indicators have outliers: absolute skew ≥ one limit and excess kurtosis ≥ the other.

    One of the two below its limit is enough to pass, and so is one that is not defined. Groeneveld and Meeden (1984),
    doi:10.2307/2987742, speak of 1 and 3.5; audits of composite indicators take 2 for the skew, as COINr
    (doi:10.21105/joss.04567) does.

    >>> fails_test(np.array([2.5, -2.5, 2.5, np.nan]), np.array([4.0, 4.0, 3.0, np.nan])).tolist()
    [True, True, False, False]
    """
    return (np.abs(skew) >= skew_limit) & (kurtosis >= kurtosis_limit)


def _away_from_mean(values: Floats, present: Flags, count: Floats) -> Floats:
    """Return the distance of each value from the mean of its row, up to a factor of the row; 0 for what is missing.

    Rows are scaled by a power of two, which costs no digit, so that sums do not overflow, and then by the largest
    distance, so that fourth powers do not vanish.
    """
    size = np.abs(np.where(present, values, 0.0)).max(axis=1)
    scaled = np.ldexp(np.where(present, values, 0.0), -np.frexp(size)[1][:, np.newaxis])
    away = np.where(present, scaled - (scaled.sum(axis=1) / count)[:, np.newaxis], 0.0)
    # The mean is rounded; what it is off by is the mean of the distances.
    away = np.where(present, away - (away.sum(axis=1) / count)[:, np.newaxis], 0.0)
    farthest = np.abs(away).max(axis=1)
    unit: Floats = away / np.where(farthest > 0.0, farthest, 1.0)[:, np.newaxis]
    return unit
