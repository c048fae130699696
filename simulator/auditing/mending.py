"""What each irregularity is worth: an index with its points mended, and how far its ranks then move."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from simulator import names
from simulator.auditing.tie_rules import TIE_RULES, points_by_rule
from simulator.index import Index
from simulator.kernels.arrays import Floats, Integers
from simulator.methods import PercentileRank, RankPoints


@dataclass(frozen=True)
class Effect:
    """How far ranks move between two rankings of the same cities.

    Attributes
    ----------
    cities_changed
        Number of cities whose rank changes.
    largest_shift
        Places by which the rank of a city changes at most.
    mean_shift
        Mean absolute change of rank over all cities.
    furthest
        Cities (slugs) with the largest shift; none where no rank changes.
    """

    cities_changed: int
    largest_shift: int
    mean_shift: float
    furthest: tuple[str, ...]


def effect(before: xr.DataArray, after: xr.DataArray) -> Effect:
    """Return how far ranks (city) move; both are aligned by city (convention 2).

    >>> ranks = xr.DataArray([1, 2, 3], coords={"city": ["x", "y", "z"]})
    >>> effect(ranks, ranks.copy(data=[2, 1, 3]))
    Effect(cities_changed=2, largest_shift=1, mean_shift=0.6666666666666666, furthest=('x', 'y'))
    """
    cities = before[names.CITY].values
    shift: Integers = np.abs(after.sel({names.CITY: cities}).values - before.values).astype(np.int64)
    largest = int(shift.max())
    furthest = cities[(shift == largest) & (shift > 0)]
    return Effect(int((shift > 0).sum()), largest, float(shift.mean()), tuple(str(city) for city in furthest))


def mended(index: Index, columns: Mapping[str, Floats]) -> Index:
    """Return the index with other points (city) for some indicators, as values and as printed points.

    The index given stays as it is.
    """
    values, printed = index.matrix[names.VALUE].copy(deep=True), index.printed.copy(deep=True)
    for indicator, points in columns.items():
        values.loc[{names.INDICATOR: indicator}] = points
        printed.loc[{names.SLOT: indicator}] = points
    return dataclasses.replace(index, matrix=index.matrix.assign({names.VALUE: values}), printed=printed)


def worth(index: Index, indicator: str, rule: str, ranks: xr.DataArray) -> Effect:
    """Return how far ranks move when one column of points is mended by a tie rule and all else stays as printed.

    Parameters
    ----------
    index, indicator
        The index, and which of its columns of points is mended.
    rule
        Tie rule that gives the column its points, in its own order.
    ranks
        Ranks (city) of the index as it is.
    """
    points = points_by_rule(index.printed.sel({names.SLOT: indicator}).values, rule)
    return effect(ranks, mended(index, {indicator: points}).score()[names.RANK])


def mending(index: Index, ranks: xr.DataArray) -> xr.Dataset:
    """Return how far ranks move when all points follow one tie rule.

    Every column of printed points gets the points of the rule, and the rule holds in every normalisation by rank.

    Parameters
    ----------
    index
        The index.
    ranks
        Ranks (city) of the index as it is.

    Returns
    -------
    xr.Dataset
        On (tie_rule): `cities_changed`, `largest_shift`, `mean_abs_rank_shift`; on (tie_rule, city): `rank`. Without
        any tie rule on its axis where the index has neither points nor a normalisation by rank, so that no tie rule
        could change anything.

    Examples
    --------
    >>> import simulator as sim
    >>> index = sim.load_index("opportunity-2025")
    >>> mending(index, index.score()["rank"])["cities_changed"].values.tolist()
    [23, 12, 7, 40]
    """
    rules = TIE_RULES if _knows_ties(index) else ()
    moved = [_by_rule(index, rule) for rule in rules]
    effects = [effect(ranks, after) for after in moved]
    cities = ranks[names.CITY].values
    after = np.array([ranking.sel({names.CITY: cities}).values for ranking in moved], np.int64)
    return xr.Dataset(
        {
            names.CITIES_CHANGED: (names.TIE_RULE, np.array([one.cities_changed for one in effects], np.int64)),
            names.LARGEST_SHIFT: (names.TIE_RULE, np.array([one.largest_shift for one in effects], np.int64)),
            names.MEAN_SHIFT: (names.TIE_RULE, np.array([one.mean_shift for one in effects], np.float64)),
            names.RANK: ((names.TIE_RULE, names.CITY), after.reshape(len(rules), len(cities))),
        },
        coords={names.TIE_RULE: np.array(rules, dtype=str), names.CITY: cities},
    )


def _knows_ties(index: Index) -> bool:
    by_rank = any(isinstance(node.normalise, RankPoints | PercentileRank) for node in index.definition.nodes)
    return by_rank or index.printed.sizes[names.SLOT] > 0


def _by_rule(index: Index, rule: str) -> xr.DataArray:
    slots = [str(slot) for slot in index.printed[names.SLOT].values]
    columns = {slot: points_by_rule(index.printed.sel({names.SLOT: slot}).values, rule) for slot in slots}
    return mended(index, columns).score({"ties": rule})[names.RANK]
