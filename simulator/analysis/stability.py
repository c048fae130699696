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
from simulator.simulation.between import Crossed, ratio_error
from simulator.simulation.tally import UNIT, Tally

QUANTILES = {names.RANK_P05: 0.05, names.RANK_MEDIAN: 0.5, names.RANK_P95: 0.95}
ROUNDING = 1e-12
"""How far below a level a cumulated share may fall by rounding and still reach it."""

Variables = dict[str, tuple[tuple[str, ...], np.ndarray[tuple[int, ...], np.dtype[np.generic]]]]
Spread = tuple[Crossed, int] | None
"""Sums over blocks, and their number; none where draws are independent."""


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

    Of a design whose draws depend on each other within a block they come from the spread between blocks instead; see
    `simulator.simulation.between`. Of a quantile the levels are then as far away as the cumulated share at that rank,
    and at the rank before, may be by their own standard errors.
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
    """Return the largest standard error of the chances in a result; of shares of ranks and of gains too.

    >>> shares = xr.Dataset({"rank_frequency_se": ("city", [0.001, 0.003]), "kendall_tau_se": 0.2})
    >>> largest_error(shares)
    0.003
    """
    chances = [names.RANK_FREQUENCY, *(f"top_{top}" for top in names.TOPS), names.KEEP_TIER, names.PAIR_WIN]
    chances += [names.GAIN_FREQUENCY, names.GAIN_CHANCE, names.LOSS_CHANCE]
    return max(float(np.nanmax(result[one + names.SE].values)) for one in chances if one + names.SE in result)


def shift_by_draw(ranks: Integers, baseline: Integers) -> Floats:
    """Return the mean absolute rank shift of each draw, over the cities that take part.

    Parameters
    ----------
    ranks
        (draw, city): rank of each city, 0 where it is left out.
    baseline
        (city): rank to compare with, 0 of a city without one, which stands behind all others; in a draw without some
        cities, among those that take part.

    Examples
    --------
    >>> shift_by_draw(np.array([[2, 1, 3], [0, 1, 2]]), np.array([1, 2, 3])).round(3).tolist()
    [0.667, 0.0]
    """
    shifts = np.empty(len(ranks))
    baseline = np.where(baseline > 0, baseline, baseline.size + 1)
    for draw, rank in enumerate(ranks):
        own, expected = rank[rank > 0], baseline[rank > 0]
        shifts[draw] = np.abs(own - ranks_among(expected)).mean()
    return shifts


def share_of(count: Integers, of: Integers, exact: bool, spread: Spread = None) -> tuple[Floats, Floats]:
    """Return a share of draws and its standard error, 0 of an exact design; of no draws at all both are NaN.

    With a `spread` between blocks the error comes from that.
    """
    with np.errstate(invalid="ignore"):
        share = count / of
        if spread is not None:
            return share, ratio_error(count, of, *spread)
        error = np.zeros_like(share) if exact else np.sqrt(share * (1.0 - share) / of)
    return share, error


def spread_of(tally: Tally, figure: str) -> Spread:
    """Return the sums over blocks of a figure of `Between`, and how many blocks there are; None without such sums."""
    between = tally.between
    return None if between is None else (getattr(between, figure), between.blocks)


def _frequencies(tally: Tally, seen: Integers, exact: bool) -> Variables:
    share, error = share_of(tally.counts, seen[:, np.newaxis], exact, spread_of(tally, "frequency"))
    return with_error(names.RANK_FREQUENCY, (names.CITY, names.RANK), share, error)


def with_error(name: str, axes: tuple[str, ...], value: Floats, error: Floats) -> Variables:
    """Return a figure and its standard error as variables, the latter under its name with `_se` behind it."""
    return {name: (axes, value), name + names.SE: (axes, error)}


def _moments_of_rank(tally: Tally, seen: Integers, exact: bool) -> Variables:
    ranks = np.arange(1, tally.counts.shape[1] + 1)
    total, squares = (tally.counts * ranks).sum(axis=1), (tally.counts * ranks**2).sum(axis=1)
    return with_error(names.RANK_MEAN, (names.CITY,), *mean_of(total, squares, seen, exact, spread_of(tally, "rank")))


def mean_of(
    total: Floats | Integers, squares: Floats | Integers, of: Integers, exact: bool, spread: Spread = None
) -> tuple[Floats, Floats]:
    """Return a mean and its standard error from the sum and the sum of squares of `of` draws, or from their blocks."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.asarray(total / of, np.float64)
        if exact:
            return mean, np.zeros_like(mean)
        if spread is not None:
            return mean, ratio_error(total, of, *spread)
        variance = np.maximum(squares / of - mean**2, 0.0) * of / (np.asarray(of) - 1.0)
        return mean, np.sqrt(variance / of)


def _quantiles(tally: Tally, seen: Integers, exact: bool) -> Variables:
    with np.errstate(invalid="ignore"):
        cumulated = np.cumsum(tally.counts, axis=1) / seen[:, np.newaxis]
    result: Variables = {}
    for name, level in QUANTILES.items():
        quantile = _quantile(cumulated, np.full(len(seen), level))
        below, above = _level_errors(tally, seen, quantile, level, exact)
        spread = 0.5 * (
            _quantile(cumulated, np.minimum(level + above, 1.0))
            - _quantile(cumulated, np.maximum(level - below, 2 * ROUNDING))
        )
        result |= {name: ((names.CITY,), quantile), name + names.SE: ((names.CITY,), spread)}
    return result


def _level_errors(tally: Tally, seen: Integers, quantile: Integers, level: float, exact: bool) -> tuple[Floats, Floats]:
    """Return by how much the level of a quantile is uncertain, downward and upward.

    Between blocks: the estimate is lower where the share up to the rank before reaches the level, and higher where the
    share up to its own rank does not.
    """
    if exact or tally.between is None:
        width = np.zeros(len(seen)) if exact else np.sqrt(level * (1.0 - level) / np.maximum(seen, 1))
        return width, width
    errors = [_cumulated_error(tally, seen, np.maximum(rank, 0)) for rank in (quantile - 1, quantile)]
    return errors[0], errors[1]


def _cumulated_error(tally: Tally, seen: Integers, rank: Integers) -> Floats:
    """Return the standard error of the share of draws up to a rank of each city; 0 of rank 0, and of no draws."""
    assert tally.between is not None
    city, column = np.arange(len(seen)), np.maximum(rank - 1, 0)
    count = np.cumsum(tally.counts, axis=1)[city, column]
    error = ratio_error(count, seen, tally.between.cumulated.at((city, column)), tally.between.blocks)
    return np.where(rank > 0, np.nan_to_num(error), 0.0)


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
        chance = share_of(tally.counts[:, :top].sum(axis=1), seen, exact, _spread_of_top(tally, top))
        result |= with_error(f"top_{top}", (names.CITY,), *chance)
    if tiered:
        kept = share_of(tally.tier_kept, seen, exact, spread_of(tally, "tier_kept"))
        result |= with_error(names.KEEP_TIER, (names.CITY,), *kept)
    return result


def _spread_of_top(tally: Tally, top: int) -> Spread:
    if tally.between is None:
        return None
    column = min(top, len(tally.counts)) - 1
    return tally.between.cumulated.at((slice(None), column)), tally.between.blocks


def _city_shift(tally: Tally, seen: Integers, exact: bool) -> Variables:
    total, squares = tally.shifts.T
    mean = mean_of(total, squares, seen, exact, spread_of(tally, "shift"))
    return with_error(names.CITY_SHIFT, (names.CITY,), *mean)


def _overall(tally: Tally, exact: bool) -> Variables:
    result: Variables = {}
    for name, row in ((names.MEAN_SHIFT, SHIFT), (names.KENDALL, KENDALL), (names.SPEARMAN, SPEARMAN)):
        total, squares = (np.array(figure / UNIT) for figure in tally.moments[row])
        mean, error = mean_of(total, squares, np.array(tally.draws), exact)
        result |= with_error(name, (), mean, error if tally.between is None else _overall_error(tally, row))
    return result


def _overall_error(tally: Tally, row: int) -> Floats:
    assert tally.between is not None
    total, draws = np.array([tally.moments[row][0]], object), np.array([tally.draws])
    error = ratio_error(total, draws, tally.between.moments.at(slice(row, row + 1)), tally.between.blocks)
    return np.asarray(error[0] / UNIT)


def _pair_wins(tally: Tally, exact: bool) -> Variables:
    above, both = tally.pairs
    return with_error(
        names.PAIR_WIN, (names.CITY, names.OTHER_CITY), *share_of(above, both, exact, spread_of(tally, "pairs"))
    )
