"""Correlations and consistency of columns with blanks, each pair over the cities that have both."""

from __future__ import annotations

import numpy as np

from simulator.auditing.moments import ROUNDING, correlations, cronbach_alpha
from simulator.kernels.arrays import Floats


def pairwise_correlations(first: Floats, second: Floats) -> Floats:
    """Return the Pearson correlations (k, l) of columns (city, k) with columns (city, l), over the cities with both.

    NaN where either is constant over these, or where they are fewer than two. Without blanks it is
    `simulator.auditing.moments.correlations`.

    >>> columns = np.array([[1.0, 2.0], [2.0, np.nan], [3.0, 4.0], [9.0, np.nan]])
    >>> pairwise_correlations(columns, columns).round(9).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    if not np.isnan(first).any() and not np.isnan(second).any():
        return correlations(first, second)
    (one, seen), (other, there) = _centred(first), _centred(second)
    count = np.maximum(seen.T @ there, 1.0)
    sums, other_sums = one.T @ there, seen.T @ other
    spread = _spread((one * one).T @ there, sums, count) * _spread(seen.T @ (other * other), other_sums, count)
    product = one.T @ other - sums * other_sums / count
    defined = spread > 0.0
    found: Floats = np.where(defined, product / np.sqrt(np.where(defined, spread, 1.0)), np.nan)
    return np.clip(found, -1.0, 1.0)


def pairwise_alpha(items: Floats) -> float:
    """Return Cronbach's alpha of items (city, k), from correlations pair by pair.

    With s the standard deviation of each item over the cities that have it, r the correlations of
    `pairwise_correlations` and C = r s s', alpha = k / (k - 1) × (1 - trace C / sum C). It is no more than 1, and that
    of `simulator.auditing.moments.cronbach_alpha` where no cell is blank. NaN for a single item, where the sum of C is
    not above 0, and where two items that vary cannot be compared.

    >>> round(pairwise_alpha(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [np.nan, 4.0]])), 6)
    0.942204
    """
    if not np.isnan(items).any():
        return cronbach_alpha(items)
    count = items.shape[1]
    (away, seen), found = _centred(items, scaled=False), pairwise_correlations(items, items)
    known = np.maximum(seen.sum(axis=0) - 1.0, 1.0)
    size = np.abs(away).max()
    if count < 2 or size == 0.0:
        return float("nan")
    spread = np.sqrt(((away / size) ** 2).sum(axis=0) / known)
    varied = spread > 0.0
    both = found[np.ix_(varied, varied)] * np.outer(spread[varied], spread[varied])
    whole = float(both.sum())
    # What sums to nothing but rounding leaves alpha undefined.
    if not whole > ROUNDING * float(np.abs(both).sum()):
        return float("nan")
    return float(count / (count - 1) * (1.0 - float(np.trace(both)) / whole))


def _centred(columns: Floats, scaled: bool = True) -> tuple[Floats, Floats]:
    """Return each column less its mean, 0 where it is blank, and 1.0 where it is not; scaled to a largest size of 1."""
    seen = ~np.isnan(columns)
    count = np.maximum(np.count_nonzero(seen, axis=0), 1)
    plain = np.where(seen, columns, 0.0)
    away = np.where(seen, plain - plain.sum(axis=0) / count, 0.0)
    low, high = np.where(seen, columns, np.inf).min(axis=0), np.where(seen, columns, -np.inf).max(axis=0)
    varied = high - low > ROUNDING * np.abs(plain).max(axis=0)
    away = np.where(varied, away, 0.0)
    if scaled:
        away = away / np.where(varied, np.abs(away).max(axis=0), 1.0)
    return away, seen.astype(np.float64)


def _spread(squares: Floats, sums: Floats, count: Floats) -> Floats:
    """Return sums of squared distances from the mean; what is left by rounding only is 0."""
    found = squares - sums * sums / count
    return np.where(found > ROUNDING * squares, found, 0.0)
