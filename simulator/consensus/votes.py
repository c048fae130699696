"""Several rankings of the same cities made into one: by Borda, by Copeland, and by the median order of Kemeny.

A voter is whatever ranks the cities: an indicator of an index, or the result of a scenario.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.analysis.comparing import compare
from simulator.arguments import Gathering, share_faults, whole_number_faults
from simulator.consensus.kemeny import Kemeny, kemeny
from simulator.consensus.prefixes import SAME
from simulator.construction.scoring import places
from simulator.errors import Fault, InputError
from simulator.index import Index, as_index
from simulator.kernels.arrays import Floats
from simulator.lookup import find_indicators
from simulator.matrix import city_coordinates, refuse_blanks

DESCRIPTIONS: Final = {
    names.VOTER_RANK: "rank that the voter gives the city",
    names.VOTER_WEIGHT: "weight of the voter",
    names.PREFERRED: "weight of the voters who prefer the city to the other",
    names.BORDA: "weighted number of cities that the voters place behind the city, equal ones counted by half",
    names.BORDA_RANK: "rank by Borda score",
    names.COPELAND: "cities that the city beats by majority less those that beat it",
    names.COPELAND_RANK: "rank by Copeland score",
    names.KEMENY_ORDERS: "rank of the city in each median order that is listed",
    names.KEMENY_RANK: "rank of the city in the first median order",
    names.KEMENY_RANK_BEST: "best rank of the city in any median order that is known",
    names.KEMENY_RANK_WORST: "worst rank of the city in any median order that is known",
    names.KEMENY_DISTANCE: "weight of the preferences that a median order contradicts, ties counted by half",
    names.KEMENY_DISTANCE_BOUND: "no order has a smaller distance",
}
"""What each variable of a consensus is, in a few words."""

NO_WEIGHT: Final = "is no weight (convention 6)"
"""What is wrong with a weight below zero."""


def preferences(ranks: Floats, weights: Floats) -> Floats:
    """Return the weight (city, city) of the voters who prefer the one to the other.

    Parameters
    ----------
    ranks
        (city, voter), 1 for the best; equal ranks are no preference. Only their order counts.
    weights
        (voter)

    Notes
    -----
    p_ij is the sum of the weights of the voters with r_i < r_j. Cost: cities² × voters.

    Examples
    --------
    >>> preferences(np.array([[1.0, 2.0], [2.0, 2.0], [3.0, 1.0]]), np.array([3.0, 1.0])).tolist()
    [[0.0, 3.0, 3.0], [0.0, 0.0, 3.0], [1.0, 1.0, 0.0]]
    """
    found: Floats = (ranks[:, np.newaxis, :] < ranks[np.newaxis, :, :]) @ weights
    return found


def margins(preferred: Floats) -> Floats:
    """Return by how much weight (city, city) the one is preferred to the other; antisymmetric.

    `preferred` (city, city) is what `preferences` returns. Differences below 1e-12 of the largest are rounding.

    >>> margins(np.array([[0.0, 0.1 + 0.2], [0.3, 0.0]])).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    margin: Floats = preferred - preferred.T
    return np.where(np.abs(margin) <= SAME * float(preferred.max()), 0.0, margin)


def borda(preferred: Floats, weight: float) -> Floats:
    """Return the Borda score (city): the weighted number of cities placed behind it, equal ones counted by half.

    Parameters
    ----------
    preferred
        (city, city), as `preferences` returns it.
    weight
        Weight of all voters.

    Notes
    -----
    B_i is the sum over j of p_ij + t_ij / 2, with t_ij = W - p_ij - p_ji of equal ranks. Without ties a voter's first
    of n gets n - 1, the last 0; the scores of all always add to W n (n - 1) / 2. Borda (1781).

    Examples
    --------
    >>> borda(np.array([[0.0, 3.0], [1.0, 0.0]]), 4.0).tolist()
    [3.0, 1.0]
    """
    found: Floats = 0.5 * ((preferred - preferred.T).sum(axis=1) + weight * (len(preferred) - 1))
    return found


def copeland(preferred: Floats) -> Floats:
    """Return the Copeland score (city): cities that it beats by majority less those that beat it.

    `preferred` (city, city) is what `preferences` returns. Copeland (1951); a draw between two adds nothing to either.

    >>> copeland(np.array([[0.0, 3.0, 2.0], [1.0, 0.0, 2.0], [2.0, 2.0, 0.0]])).tolist()
    [1.0, -1.0, 0.0]
    """
    found: Floats = np.sign(margins(preferred)).sum(axis=1)
    return found


def condorcet_winner(preferred: Floats) -> int | None:
    """Return the city that beats every other by majority, nothing where there is none.

    `preferred` (city, city) is what `preferences` returns.

    >>> condorcet_winner(np.array([[0.0, 1.0], [3.0, 0.0]])), condorcet_winner(np.array([[0.0, 2.0], [2.0, 0.0]]))
    (1, None)
    """
    unbeaten = np.flatnonzero(copeland(preferred) == len(preferred) - 1)
    return int(unbeaten[0]) if unbeaten.size else None


def kemeny_distance(preferred: Floats, weight: float, value: float) -> float:
    """Return the distance of an order to the voters from its value, as `kemeny` has it.

    Parameters
    ----------
    preferred
        (city, city), as `preferences` returns it.
    weight
        Weight of all voters.
    value
        Sum of the margins p_ij - p_ji of all pairs in which the order has i before j.

    Notes
    -----
    The distance is the sum over such pairs of p_ji + t_ij / 2, with t_ij = W - p_ij - p_ji: the weight of the
    preferences that the order contradicts, ties counted by half. It is half the distance of Kemeny and Snell (1962).

    Examples
    --------
    >>> kemeny_distance(np.array([[0.0, 3.0], [1.0, 0.0]]), 4.0, value=2.0)
    1.0
    """
    n = len(preferred)
    return 0.5 * (weight * n * (n - 1) / 2.0 - value)


def consensus(ranks: xr.DataArray, weights: xr.DataArray | None = None, *, most: int = 100) -> xr.Dataset:
    """Return what several rankings come to together.

    Parameters
    ----------
    ranks
        (city, voter), 1 for the best, equal for ties; only the order within each voter counts. None missing.
    weights
        (voter), zero or more, aligned by label; 1 for each if not given.
    most
        Median orders that are listed at most; they are counted all the same.

    Returns
    -------
    xr.Dataset
        On (city): `borda` and `copeland` with their ranks `borda_rank` and `copeland_rank` (equal scores share the
        better); `kemeny_rank`, the rank in the first median order listed, which is one among equals where there are
        several, and `kemeny_rank_best` and `kemeny_rank_worst`, the range over all of them. On (optimum, city):
        `kemeny_orders`, the ranks in each median order, sorted by the ranks of the cities in their order here. On
        (city, other_city): `preferred`, weight of the voters who prefer the city to the other. On (city, voter):
        `voter_rank`; on (voter): `voter_weight`. Without axis: `kemeny_distance` in weighted pairs, ties counted by
        half, and `kemeny_distance_bound`, the same where the order is proven to be a median.

        Attributes: `optima` is `unique`, `several` or `not known`; `optima_count` the number of median orders, where it
        is known; `optima_listed` whether `all` of them are listed, `some`, or that is `not known`; `condorcet_winner`
        the city that beats every other, or nothing.

    Raises
    ------
    InputError
        Where there is no city or no voter, ranks are missing, weights are negative, missing or all zero, or no order
        is to be listed.

    Notes
    -----
    A median order is one without ties of the smallest `kemeny_distance`; see `simulator.consensus.kemeny.kemeny` for
    how it is found, and what that costs. Sums of weights that differ by rounding only are a draw.

    Examples
    --------
    >>> ranks = xr.DataArray(
    ...     [[1, 2, 3], [2, 3, 1], [3, 1, 2]], coords={"city": ["a", "b", "c"], "voter": ["x", "y", "z"]}
    ... )
    >>> found = consensus(ranks)
    >>> found.attrs["optima"], found["kemeny_orders"].values.tolist(), float(found["kemeny_distance"])
    ('several', [[1, 2, 3], [2, 3, 1], [3, 1, 2]], 4.0)
    """
    ranks = ranks.transpose(names.CITY, names.VOTER)
    voters = ranks[names.VOTER].values
    given = np.ones(len(voters)) if weights is None else weights.reindex({names.VOTER: voters}).values
    weight, held = given.astype(np.float64), ranks.values.astype(np.float64)
    faults = [*_most_faults(most), *_faults(ranks, held, weight)]
    if faults:
        raise InputError("rankings", faults)
    preferred = preferences(held, weight)
    return _labelled(ranks, weight, preferred, kemeny(margins(preferred), most))


def consensus_of_indicators(
    index: Index | str | Path, weights: Mapping[str, float] | None = None, *, most: int = 100
) -> xr.Dataset:
    """Return the consensus of an index's indicators, each of which ranks the cities by its normalised score.

    Parameters
    ----------
    index
        The index, its bundled name or its path.
    weights
        Weight of each indicator, by any of its names, those not named zero; nominal weights if not given.
    most
        Median orders that are listed at most.

    Returns
    -------
    xr.Dataset
        As `consensus` has it, with the coordinates of the cities; a voter is an indicator.

    Raises
    ------
    InputError
        For indicators that are unknown, and as in `consensus`.

    Examples
    --------
    >>> import simulator as sim
    >>> found = consensus_of_indicators(sim.load_index("opportunity-2025"))
    >>> found.attrs["optima"], found.attrs["optima_count"], found.attrs["condorcet_winner"]
    ('several', 32, 'beijing')
    >>> found["kemeny_rank"].sel(city=["shanghai", "beijing", "shenzhen"]).values.tolist()
    [2, 1, 3]
    """
    gathered = Gathering("consensus")
    gathered.add([*_most_faults(most), *([] if weights is None else share_faults("weights", weights, NO_WEIGHT))])
    with gathered.attempt():
        index = as_index(index)
        known = find_indicators(index.definition, list(weights)) if isinstance(weights, Mapping) else []
    gathered.refuse()
    refuse_blanks(index.matrix, index.definition.id, "rankings by every indicator")
    scored = index.score()
    leaves = [str(leaf) for leaf in scored[names.INDICATOR].values]
    weight = scored[names.NOMINAL_WEIGHT].values
    if weights is not None:
        named = dict(zip(known, weights.values(), strict=True))
        weight = np.array([named.get(leaf, 0.0) for leaf in leaves])
    ranks = np.stack([places(column) for column in scored[names.NORMALISED].values.T], axis=1)
    coordinates = {**city_coordinates(index.matrix), names.VOTER: leaves}
    voters = xr.DataArray(weight, dims=names.VOTER, coords={names.VOTER: leaves})
    found = consensus(xr.DataArray(ranks, dims=(names.CITY, names.VOTER), coords=coordinates), voters, most=most)
    return found.assign_attrs(index=index.definition.id, voters="indicators")


def consensus_of_results(
    results: Mapping[str, xr.Dataset | str | Path] | Sequence[xr.Dataset | str | Path],
    weights: Mapping[str, float] | None = None,
    *,
    most: int = 100,
) -> xr.Dataset:
    """Return the consensus of several results of one index, each with its ranks with nothing varied.

    Parameters
    ----------
    results
        Results of `simulator.run`, two at least, or a name for each, as `compare` takes them. What-ifs rank after
        their changes. Ranks are those among the cities that all have.
    weights
        Weight of each result by its name, those not named zero; 1 for each if not given.
    most
        Median orders that are listed at most.

    Returns
    -------
    xr.Dataset
        As `consensus` has it; a voter is a result.

    Raises
    ------
    InputError
        As in `compare` and in `consensus`; for weights of results that are not there; and where cities are ranked
        within groups, whose ranks cannot be set against each other.

    Examples
    --------
    >>> import simulator as sim
    >>> plain = sim.run("weights-only", draws=100, seed=1, workers=1)
    >>> scored = sim.run("weights-only", draws=100, seed=1, workers=1, overrides="recipe.normalisation=z-score")
    >>> found = consensus_of_results({"plain": plain, "z-scores": scored}, {"plain": 2.0, "z-scores": 1.0})
    >>> found.attrs["optima"], float(found["kemeny_distance"])
    ('unique', 4.0)
    """
    beside = compare(results)
    called = [str(name) for name in beside[names.RESULT].values]
    faults = [*_most_faults(most), *([] if weights is None else share_faults("weights", weights, NO_WEIGHT))]
    faults += [
        Fault(str(name), "is no result here", f"Known: {', '.join(called)}.")
        for name in (weights if isinstance(weights, Mapping) else ())
        if name not in called
    ]
    if names.GROUP in beside.coords:
        faults.append(Fault("", "cities are ranked within groups", "Give results that rank all cities together."))
    if faults:
        raise InputError("results", faults)
    ranks = beside[names.RANK].rename({names.RESULT: names.VOTER})
    given = [1.0 if weights is None else weights.get(name, 0.0) for name in called]
    voters = xr.DataArray(given, dims=names.VOTER, coords={names.VOTER: called})
    return consensus(ranks, voters, most=most).assign_attrs(index=beside.attrs["index"], voters="results")


def _most_faults(most: object) -> Iterator[Fault]:
    return whole_number_faults("most", most, 1, "orders cannot be listed")


def _faults(ranks: xr.DataArray, held: Floats, weight: Floats) -> Iterator[Fault]:
    """Yield what is wrong with ranks (city, voter) and weights (voter)."""
    if not held.size:
        yield Fault("", "there is nobody to rank, or nobody who ranks", "Give a city and a voter at least.")
    for city, voter in np.argwhere(~np.isfinite(held)):
        place = f"{ranks[names.CITY].values[city]}, voter {ranks[names.VOTER].values[voter]}"
        yield Fault(place, "has no rank (convention 4)", "Leave the city or the voter out.")
    for voter in np.flatnonzero(~(np.isfinite(weight) & (weight >= 0.0))):
        place = f"weight of {ranks[names.VOTER].values[voter]}"
        yield Fault(place, f"{weight[voter]} {NO_WEIGHT}", "Give zero or more.")
    if held.size and not weight.any():
        yield Fault("weights", "all are zero (convention 6)", "Give a voter some weight.")


def _countable(count: int) -> int | float:
    """Return a count as files can hold it: beyond 64 bits as a float.

    >>> _countable(3), _countable(10**30)
    (3, 1e+30)
    """
    return count if count < 2**63 else float(count)


def _labelled(ranks: xr.DataArray, weight: Floats, preferred: Floats, median: Kemeny) -> xr.Dataset:
    """Return the figures of a consensus with their labels."""
    total = float(weight.sum())
    scores = {names.BORDA: borda(preferred, total), names.COPELAND: copeland(preferred)}
    winner = condorcet_winner(preferred)
    cities = [str(city) for city in ranks[names.CITY].values]
    listed = "not known" if median.count is None else "all" if median.count == len(median.orders) else "some"
    found = xr.Dataset(
        {
            **{name: (names.CITY, score) for name, score in scores.items()},
            names.BORDA_RANK: (names.CITY, places(scores[names.BORDA])),
            names.COPELAND_RANK: (names.CITY, places(scores[names.COPELAND])),
            names.KEMENY_RANK: (names.CITY, median.orders[0]),
            names.KEMENY_RANK_BEST: (names.CITY, median.best),
            names.KEMENY_RANK_WORST: (names.CITY, median.worst),
            names.KEMENY_ORDERS: ((names.OPTIMUM, names.CITY), median.orders),
            names.KEMENY_DISTANCE: kemeny_distance(preferred, total, median.value),
            names.KEMENY_DISTANCE_BOUND: kemeny_distance(preferred, total, median.bound),
            names.PREFERRED: ((names.CITY, names.OTHER_CITY), preferred),
            names.VOTER_RANK: ((names.CITY, names.VOTER), ranks.values),
            names.VOTER_WEIGHT: (names.VOTER, weight),
        },
        coords={
            **city_coordinates(ranks),
            names.CITY: cities,
            names.OTHER_CITY: cities,
            names.VOTER: ranks[names.VOTER].values,
            names.OPTIMUM: np.arange(1, len(median.orders) + 1),
        },
        attrs={
            "optima": median.optima,
            **({} if median.count is None else {"optima_count": _countable(median.count)}),
            "optima_listed": listed,
            "condorcet_winner": "" if winner is None else cities[winner],
        },
    )
    for name, told in DESCRIPTIONS.items():
        found[name].attrs["long_name"] = told
    return found
