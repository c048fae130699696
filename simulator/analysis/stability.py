"""Rank stability: how a city's rank is spread over the draws, and how far the ranking moves from its baseline.

Terms follow Saisana, Saltelli and Tarantola (2005), doi:10.1111/j.1467-985X.2005.00350.x (rank shift), and Lahdelma and
Salminen (2001), doi:10.1287/opre.49.3.444.11220 (rank acceptability).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from simulator import names
from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.ranking import ranks_among
from simulator.kernels.tally import KENDALL, SHIFT, SPEARMAN
from simulator.simulation.tally import UNIT, Tally

QUANTILES = {names.RANK_P05: 0.05, names.RANK_MEDIAN: 0.5, names.RANK_P95: 0.95}
ROUNDING = 1e-12
"""How far below a level a cumulated share may fall by rounding and still reach it."""

Variables = dict[str, tuple[tuple[str, ...], np.ndarray[tuple[int, ...], np.dtype[np.generic]]]]


def stability(tally: Tally, cities: Sequence[str], baseline: Integers, tiered: bool, exact: bool) -> xr.Dataset:
    """Return the rank stability of every city and of the whole ranking.

    Parameters
    ----------
    tally
        Counts of a simulation.
    cities, baseline
        Slugs of the cities, and the ranks they are compared with.
    tiered
        Whether the index has tiers; if not, `keep_tier` is left out.
    exact
        Whether the draws are all there are: every standard error is then 0.

    Returns
    -------
    xr.Dataset
        On (city, rank): `rank_frequency`, the share of the draws with the city in which it has the rank. On (city):
        `baseline_rank`, `rank_mean`, `rank_median`, `rank_p05`, `rank_p95` (the smallest rank whose cumulative share
        reaches 50, 5, 95 %), `rank_min`, `rank_max` (of the draws seen), `top_1` … `top_20` (chances), `keep_tier`
        (chance of a rank within the baseline's tier), `rank_shift_abs` (mean absolute shift from the baseline),
        `draws_with_city`. Without axis: `mean_abs_rank_shift` (mean over cities and draws), `kendall_tau` (tau-b) and
        `spearman_rho` with the baseline, means over draws. On (city, other_city), if pairs were counted: `pair_win`,
        the chance that the first ranks above the second (equal ranks count for neither). Every Monte-Carlo figure has
        its standard error under its name with `_se` (convention 12).

    Notes
    -----
    Standard errors are sqrt(p (1 - p) / N) for a share p, s / sqrt(N) for a mean, and for a quantile half the distance
    between the quantiles one standard error of the level below and above (Woodruff 1952,
    doi:10.1080/01621459.1952.10483443). A share of 0 or 1 has standard error 0; with N draws it may still be anything
    up to about 3 / N away, at 95 % confidence.
    """
    seen = tally.counts.sum(axis=1)
    per_city: Variables = {
        names.BASELINE_RANK: ((names.CITY,), baseline),
        names.DRAWS_WITH_CITY: ((names.CITY,), seen),
        **_frequencies(tally, seen, exact),
        **_moments_of_rank(tally, seen, exact),
        **_quantiles(tally, seen, exact),
        **_extremes(tally, seen),
        **_chances(tally, seen, tiered, exact),
        **_city_shift(tally, seen, exact),
    }
    overall = _overall(tally, exact)
    pairs = _pair_wins(tally, exact) if tally.pairs.size else {}
    ranks = np.arange(1, len(cities) + 1)
    result = xr.Dataset({**per_city, **overall, **pairs}, coords={names.CITY: list(cities), names.RANK: ranks})
    return result.assign_coords({names.OTHER_CITY: list(cities)}) if pairs else result


def largest_error(result: xr.Dataset) -> float:
    """Return the largest standard error of the chances in a result of `stability`; of shares of ranks too.

    >>> shares = xr.Dataset({"rank_frequency_se": ("city", [0.001, 0.003]), "kendall_tau_se": 0.2})
    >>> largest_error(shares)
    0.003
    """
    chances = [names.RANK_FREQUENCY, *(f"top_{top}" for top in names.TOPS), names.KEEP_TIER, names.PAIR_WIN]
    return max(float(np.nanmax(result[one + names.SE].values)) for one in chances if one + names.SE in result)


def shift_by_draw(ranks: Integers, baseline: Integers) -> Floats:
    """Return the mean absolute rank shift of each draw, over the cities that take part.

    Parameters
    ----------
    ranks
        (draw, city): rank of each city, 0 where it is left out.
    baseline
        (city): rank to compare with; in a draw without some cities, among those that take part.

    Examples
    --------
    >>> shift_by_draw(np.array([[2, 1, 3], [0, 1, 2]]), np.array([1, 2, 3])).round(3).tolist()
    [0.667, 0.0]
    """
    shifts = np.empty(len(ranks))
    for draw, rank in enumerate(ranks):
        own, expected = rank[rank > 0], baseline[rank > 0]
        shifts[draw] = np.abs(own - ranks_among(expected)).mean()
    return shifts


def share_of(count: Integers, of: Integers, exact: bool) -> tuple[Floats, Floats]:
    """Return a share of draws and its standard error, 0 of an exact design; of no draws at all both are NaN."""
    with np.errstate(invalid="ignore"):
        share = count / of
        error = np.zeros_like(share) if exact else np.sqrt(share * (1.0 - share) / of)
    return share, error


def _frequencies(tally: Tally, seen: Integers, exact: bool) -> Variables:
    share, error = share_of(tally.counts, seen[:, np.newaxis], exact)
    return _with_error(names.RANK_FREQUENCY, (names.CITY, names.RANK), share, error)


def _with_error(name: str, axes: tuple[str, ...], value: Floats, error: Floats) -> Variables:
    return {name: (axes, value), name + names.SE: (axes, error)}


def _moments_of_rank(tally: Tally, seen: Integers, exact: bool) -> Variables:
    ranks = np.arange(1, tally.counts.shape[1] + 1)
    total, squares = (tally.counts * ranks).sum(axis=1), (tally.counts * ranks**2).sum(axis=1)
    return _with_error(names.RANK_MEAN, (names.CITY,), *_mean(total, squares, seen, exact))


def _mean(
    total: Floats | Integers, squares: Floats | Integers, of: Floats | Integers, exact: bool
) -> tuple[Floats, Floats]:
    """Return a mean and its standard error from the sum and the sum of squares of `of` draws."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.asarray(total / of, np.float64)
        if exact:
            return mean, np.zeros_like(mean)
        variance = np.maximum(squares / of - mean**2, 0.0) * of / (np.asarray(of) - 1.0)
        return mean, np.sqrt(variance / of)


def _quantiles(tally: Tally, seen: Integers, exact: bool) -> Variables:
    with np.errstate(invalid="ignore"):
        cumulated = np.cumsum(tally.counts, axis=1) / seen[:, np.newaxis]
    result: Variables = {}
    for name, level in QUANTILES.items():
        width = np.zeros(len(seen)) if exact else np.sqrt(level * (1.0 - level) / np.maximum(seen, 1))
        spread = 0.5 * (
            _quantile(cumulated, np.minimum(level + width, 1.0))
            - _quantile(cumulated, np.maximum(level - width, 2 * ROUNDING))
        )
        quantile = _quantile(cumulated, np.full(len(seen), level))
        result |= {name: ((names.CITY,), quantile), name + names.SE: ((names.CITY,), spread)}
    return result


def _quantile(cumulated: Floats, level: Floats) -> Integers:
    """Return the smallest rank whose cumulative share reaches the level; 0 for a city that never took part."""
    reached = cumulated >= (level - ROUNDING)[:, np.newaxis]
    rank: Integers = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, 0).astype(np.int64)
    return rank


def _extremes(tally: Tally, seen: Integers) -> Variables:
    had = tally.counts > 0
    last = tally.counts.shape[1] - had[:, ::-1].argmax(axis=1)
    return {
        names.RANK_LOWEST: ((names.CITY,), np.where(seen > 0, had.argmax(axis=1) + 1, 0)),
        names.RANK_HIGHEST: ((names.CITY,), np.where(seen > 0, last, 0)),
    }


def _chances(tally: Tally, seen: Integers, tiered: bool, exact: bool) -> Variables:
    result: Variables = {}
    for top in names.TOPS:
        chance = share_of(tally.counts[:, :top].sum(axis=1), seen, exact)
        result |= _with_error(f"top_{top}", (names.CITY,), *chance)
    if tiered:
        result |= _with_error(names.KEEP_TIER, (names.CITY,), *share_of(tally.tier_kept, seen, exact))
    return result


def _city_shift(tally: Tally, seen: Integers, exact: bool) -> Variables:
    return _with_error(names.CITY_SHIFT, (names.CITY,), *_mean(tally.shifts[:, 0], tally.shifts[:, 1], seen, exact))


def _overall(tally: Tally, exact: bool) -> Variables:
    result: Variables = {}
    for name, row in ((names.MEAN_SHIFT, SHIFT), (names.KENDALL, KENDALL), (names.SPEARMAN, SPEARMAN)):
        total, squares = (np.array(figure / UNIT) for figure in tally.moments[row])
        result |= _with_error(name, (), *_mean(total, squares, np.array(tally.draws), exact))
    return result


def _pair_wins(tally: Tally, exact: bool) -> Variables:
    above, both = tally.pairs
    return _with_error(names.PAIR_WIN, (names.CITY, names.OTHER_CITY), *share_of(above, both, exact))
