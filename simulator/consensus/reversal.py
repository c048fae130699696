"""Rank reversal as a number: how often two cities swap because a third one is left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.arguments import Gathering, whole_number_faults
from simulator.construction.recipe import Recipe
from simulator.errors import Fault, InputError
from simulator.index import Index, as_index
from simulator.kernels.arrays import Integers
from simulator.matrix import city_coordinates, refuse_unranked

DESCRIPTIONS: Final = {
    names.RANK_NOMINAL: "rank in the whole index",
    names.PAIRS_SWAPPED: "pairs of the other cities that swap when the city is left out",
    names.TIES_CHANGED: "pairs of the other cities that begin or cease to tie when the city is left out",
    names.TIMES_SWAPPED: "cities whose leaving out makes the two swap",
    names.SWAPPED_TIMES: "cities whose leaving out makes the pair swap",
    names.SHARE_SWAPPED: "share of all pairs that swap, over all cities left out",
    names.SHARE_EVER_SWAPPED: "share of all pairs that swap for a city at least",
}
"""What each variable is, in a few words."""


def rank_reversal(
    index: Index | str | Path, recipe: Recipe | Mapping[str, Any] | None = None, *, most: int = 10
) -> xr.Dataset:
    """Return which pairs of cities swap when another one is left out and the rest are scored anew among themselves.

    Parameters
    ----------
    index
        The index, its bundled name or its path; three cities at least.
    recipe
        Methods in place of the index's own, as `Index.score` takes them.
    most
        Pairs that are listed at most.

    Returns
    -------
    xr.Dataset
        On (left_out), a city each: `pairs_swapped`, the pairs of the others whose order is reversed; `ties_changed`,
        those that tie with the city and not without it, or the other way round, which are no swaps. On (city):
        `rank_nominal`, the rank in the whole index. On (city, other_city): `times_swapped`, the number of cities left
        out by which the two swap. On (pair): `swapped_times`, the same of the pairs that swap most often, those equal
        in the order of the cities, with the coordinates `swapped_city`, of the two the better in the whole index, and
        `swapped_other_city`. Without axis: `share_swapped`, of all pairs in all indices with a city left out;
        `share_ever_swapped`, the share of pairs that swap for one city left out or more.

    Raises
    ------
    InputError
        Where there are fewer than three cities, for a recipe that does not fit, and where no pair is to be listed.
    DrawError
        Where an index without one of its cities cannot be scored.

    Notes
    -----
    With r the ranks of the whole index and q those of it without city c, both by the index's own rules for ties, the
    pair i, j swaps if (r_i - r_j)(q_i - q_j) < 0. The share is the sum of swaps over n (n - 1)(n - 2) / 2. An index
    that scores each city by itself, as by given goalposts, has none (independence of irrelevant alternatives, Arrow
    1951); one by ranks may have many (Handbook on Constructing Composite Indicators 2008, section 6, table 31).
    Scores by rank, by z-score or by min-max are other numbers among fewer cities (convention 13). Points `as-published`
    remain those printed (convention 5), so an index that sums them has no reversals; a recipe with another tie rule
    tells what it would have if its points were made again. Cost: one score of the index a city, 0.3 seconds for 60
    cities by 50 indicators.

    Examples
    --------
    >>> import simulator as sim
    >>> index = sim.load_index("opportunity-2025")
    >>> int(rank_reversal(index)["pairs_swapped"].sum())
    0
    >>> found = rank_reversal(index, {"ties": "mean"})
    >>> int(found["pairs_swapped"].sum()), float(found["share_swapped"].round(5))
    (142, 0.00138)
    >>> [str(found[name].values[0]) for name in ("swapped_city", "swapped_other_city", "swapped_times")]
    ['shenyang', 'foshan', '20']
    """
    gathered = Gathering("rank reversal")
    gathered.add(whole_number_faults("most", most, 1, "pairs cannot be listed"))
    with gathered.attempt():
        index = as_index(index)
        _refuse_few(index)
        rank = index.score(recipe)[names.RANK].values
    gathered.refuse()
    cities = index.cities
    refuse_unranked(cities, rank, index.definition.id, "reversals")
    whole = _order(rank)
    swapped, tied, times = _reversals(index, recipe, whole)
    n = len(cities)
    one, other = np.triu_indices(n, 1)
    listed = np.argsort(-times[one, other], kind="stable")[:most]
    listed = listed[times[one, other][listed] > 0]
    turned = whole[one, other][listed] > 0
    better = np.where(turned, other[listed], one[listed])
    worse = np.where(turned, one[listed], other[listed])
    called = np.array(cities)
    found = xr.Dataset(
        {
            names.RANK_NOMINAL: (names.CITY, rank),
            names.PAIRS_SWAPPED: (names.LEFT_OUT, swapped),
            names.TIES_CHANGED: (names.LEFT_OUT, tied),
            names.TIMES_SWAPPED: ((names.CITY, names.OTHER_CITY), times),
            names.SWAPPED_TIMES: (names.PAIR, times[better, worse]),
            names.SHARE_SWAPPED: float(swapped.sum()) / (n * (n - 1) * (n - 2) / 2),
            names.SHARE_EVER_SWAPPED: float((times[one, other] > 0).mean()),
        },
        coords={
            **city_coordinates(index.matrix),
            names.OTHER_CITY: cities,
            names.LEFT_OUT: cities,
            names.SWAPPED_CITY: (names.PAIR, called[better]),
            names.SWAPPED_OTHER: (names.PAIR, called[worse]),
        },
        attrs={"index": index.definition.id},
    )
    for name, told in DESCRIPTIONS.items():
        found[name].attrs["long_name"] = told
    return found


def _refuse_few(index: Index) -> None:
    if len(index.cities) < 3:
        remedy = "Give three at least: one to leave out, and two that may swap."
        raise InputError(f"index {index.definition.id}", [Fault("", f"has {len(index.cities)} cities", remedy)])


def _reversals(
    index: Index, recipe: Recipe | Mapping[str, Any] | None, whole: Integers
) -> tuple[Integers, Integers, Integers]:
    """Return pairs swapped and ties changed (left_out), and how often each pair swaps (city, city)."""
    cities = index.cities
    swapped, tied = np.zeros(len(cities), np.int64), np.zeros(len(cities), np.int64)
    times = np.zeros(whole.shape, np.int64)
    for number in range(len(cities)):
        others = np.delete(np.arange(len(cities)), number)
        left = np.ix_(others, others)
        anew = _order(index.select([cities[other] for other in others]).score(recipe)[names.RANK].values)
        reversed_pairs = whole[left] * anew < 0
        times[left] += reversed_pairs
        swapped[number] = reversed_pairs.sum() // 2
        tied[number] = ((whole[left] == 0) != (anew == 0)).sum() // 2
    return swapped, tied, times


def _order(rank: Integers) -> Integers:
    """Return of every two cities (city, city) whether the one is better (-1), equal (0) or worse (1)."""
    order: Integers = np.sign(rank[:, np.newaxis] - rank[np.newaxis, :])
    return order
