"""Spread and correlation of columns of scores, defined for constant columns, for two cities and for one."""

from __future__ import annotations

from typing import Final

import numpy as np

from simulator.kernels.arrays import Floats

ROUNDING: Final = 1e-12
"""A column whose range is below this share of its largest size is constant but for rounding."""


def centred(scores: Floats) -> Floats:
    """Return each column minus its mean, from scores (city, k) or (city); a constant column is exactly 0.

    >>> centred(np.array([0.1 + 0.2, 0.3, 0.3])).tolist()
    [0.0, 0.0, 0.0]
    """
    away: Floats = scores - scores.mean(axis=0)
    return np.where(np.ptp(scores, axis=0) <= ROUNDING * np.abs(scores).max(axis=0), 0.0, away)


def steadied(sums: Floats, terms: Floats) -> Floats:
    """Return sums (city, k) or (city); a column that varies by the rounding of its terms only is 0 throughout.

    >>> steadied(np.array([0.1 + 0.2 - 0.3, 0.0]), np.array([0.3])).tolist()
    [0.0, 0.0]
    """
    return np.where(np.ptp(sums, axis=0) <= ROUNDING * np.abs(terms).max(), 0.0, sums)


def deviation(scores: Floats, axis: int = 0) -> Floats:
    """Return the standard deviation (divisor n - 1) along an axis; NaN where only one value stands there.

    >>> deviation(np.array([[1.0, 2.0], [3.0, 2.0]])).round(6).tolist()
    [1.414214, 0.0]
    """
    rows: Floats = np.moveaxis(scores, axis, 0)
    if len(rows) < 2:
        return np.full(rows.shape[1:], np.nan)
    spread: Floats = np.sqrt((centred(rows) ** 2).sum(axis=0) / (len(rows) - 1))
    return spread


def correlations(first: Floats, second: Floats) -> Floats:
    """Return the Pearson correlations (k, l) of columns (city, k) with columns (city, l); NaN for constant ones.

    >>> correlations(np.array([[1.0], [2.0], [3.0]]), np.array([[3.0, 5.0], [2.0, 5.0], [1.0, 5.0]])).round(9).tolist()
    [[-1.0, nan]]
    """
    one, other = _unit(first), _unit(second)
    found = np.clip(one.T @ other, -1.0, 1.0)
    found[~one.any(axis=0), :] = np.nan
    found[:, ~other.any(axis=0)] = np.nan
    return found


def paired_correlations(first: Floats, second: Floats) -> Floats:
    """Return the Pearson correlation (k) of each column (city, k) with the column beside it; NaN where one is constant.

    >>> paired_correlations(np.array([[1.0, 4.0], [2.0, 4.0]]), np.array([[5.0, 1.0], [6.0, 2.0]])).round(9).tolist()
    [1.0, nan]
    """
    one, other = _unit(first), _unit(second)
    found: Floats = np.clip((one * other).sum(axis=0), -1.0, 1.0)
    found[~one.any(axis=0) | ~other.any(axis=0)] = np.nan
    return found


def shares_of_variance(parts: Floats, total: Floats) -> Floats:
    """Return cov(part, total) / var(total) of each part (city, k) of a total (city): NaN where the total is constant.

    The shares sum to 1 where the parts sum to the total, up to a constant.

    >>> shares_of_variance(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), np.array([3.0, 6.0, 9.0])).round(3).tolist()
    [0.333, 0.667]
    """
    whole = centred(steadied(total, parts))
    size = np.abs(whole).max()
    if size == 0.0:
        return np.full(parts.shape[1], np.nan)
    # Divided by its size, so that squares neither vanish nor overflow.
    whole = whole / size
    shares: Floats = (centred(parts) / size).T @ whole / (whole @ whole)
    return shares


def cronbach_alpha(items: Floats) -> float:
    """Return Cronbach's alpha of items (city, k).

    That is k / (k - 1) × (1 - sum of the items' variances / variance of their sum); NaN for a single item or city, and
    where the sum of the items is constant. Cronbach (1951), doi:10.1007/BF02310555.

    >>> cronbach_alpha(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]))
    0.8888888888888888
    """
    count = items.shape[1]
    away = centred(items)
    size = np.abs(away).max()
    if count < 2 or size == 0.0:
        return float("nan")
    away = away / size
    whole = steadied(away.sum(axis=1), away)
    if not whole.any():
        return float("nan")
    return float(count / (count - 1) * (1.0 - (away**2).sum() / (whole**2).sum()))


def _unit(scores: Floats) -> Floats:
    """Return the columns centred and of length 1; constant ones are 0 throughout."""
    away = centred(scores)
    size = np.abs(away).max(axis=0)
    away = away / np.where(size > 0.0, size, 1.0)
    length = np.sqrt((away**2).sum(axis=0))
    unit: Floats = away / np.where(length > 0.0, length, 1.0)
    return unit
