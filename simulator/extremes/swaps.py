"""How stable an order is against weights: the least change of them at which two cities, or the leader and one, swap.

A single weight that changes while the others keep their proportions is the criterion of Triantaphyllou and Sanchez
(1997), doi:10.1111/j.1540-5915.1997.tb01306.x. All weights together may get by with less: the nearest point of the
simplex at which a pair ties.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator import names
from simulator.extremes.members import Members, members_of
from simulator.index import Index, as_index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.matrix import city_coordinates

SMALL = 1e-12
"""Share of the largest score below which a difference is rounding only (convention 5)."""

ROUNDS = 200
"""Most rounds of the search for a multiplier; every other one halves the bracket, so rounding ends it long before."""


class _Swaps(NamedTuple):
    """Least changes at which pairs swap; NaN where they never do."""

    change: Floats
    """(pairs): Euclidean."""
    shift: Floats
    """(pairs): weight that changes hands."""
    weight: Floats
    """(pairs, members): the nearest weights at which they tie."""
    single: Floats
    """(pairs, members): change of one weight, the others in proportion."""


def weight_stability(index: Index | str | Path, over: str | None = None) -> xr.Dataset:
    """Return the least changes of weights at which any two cities swap, and at which the leader loses its place.

    Parameters
    ----------
    index
        An index, its bundled name or its path, that aggregates linearly above the members.
    over
        Level whose members are weighted, such as `dimension`, the one below the index if not given; inside a member
        the shares stay (convention 6).

    Returns
    -------
    xr.Dataset
        All changes are in shares of all weight, so 0.01 is one percentage point; they lead to where the two tie, and a
        trifle more swaps them. NaN where the city behind cannot come ahead: of itself, of a city that is equal in every
        member, of one that is nowhere worse. Pairs that tie already have 0.

        On (city, other_city): `least_change`, the Euclidean distance between nominal and nearest weights;
        `least_shift`, the least weight that changes hands (half the sum of absolute changes); `critical_member`, the
        member whose weight alone has to change least, or the empty text. On (city, other_city, member):
        `weight_at_swap`, the nearest weights in the Euclidean sense; `single_change`, the change of this weight alone,
        with its sign, while the others keep their proportions. On (member): `nominal_weight`. On (city):
        `rank_nominal`, the rank as scored.

        For the city at the top, the first where several share it: `leader`, `leader_change` and `leader_shift`, the
        least of its changes; `leader_rival` and `leader_shift_rival`, who is then level with it, which need not be the
        same; on (member) `leader_single_change` and
        `leader_single_rival`.

    Raises
    ------
    InputError
        For an unknown level, and a node above the members that is not linear.

    Notes
    -----
    Let d_m be the lead of the city ahead in member m, on the scale on which it enters the total, w_m the nominal
    weights and D = sum of w_m d_m > 0.

    When w_k becomes w_k + t and every other w_m shrinks to w_m (1 - w_k - t) / (1 - w_k), the lead is linear in t:
    D + t (d_k - r_k), with r_k = (D - w_k d_k) / (1 - w_k), so t = -D / (d_k - r_k). It swaps the pair with t > 0 where
    d_k < 0, with t < 0 where r_k < 0. Triantaphyllou and Sanchez take D / d_k from w_k before they scale all weights to
    1 again, which leads to the same weights; their relative change is `single_change` over `nominal_weight` where
    weights are measured after scaling, and the most critical member is the one in which it is smallest.

    All together: the least sum of (v_m - w_m)² over v >= 0 with sum 1 and sum of v_m d_m = 0 is at v = P(w - y d),
    where P is the nearest point of the simplex (Duchi et al. 2008, doi:10.1145/1390156.1390191) and y >= 0 the only
    unknown. The lead falls in y, piecewise linear; y is found by Newton's method within a bracket, for all pairs at
    once. The least weight that changes hands is a fractional knapsack: all that moves goes to the member of least d_m,
    and comes from those of largest d_m first.

    Time and memory grow with cities² × members: 60 cities in 50 members take about a tenth of a second.

    Examples
    --------
    >>> import simulator as sim
    >>> found = weight_stability(sim.load_index("opportunity-2025"), "dimension")
    >>> str(found["leader"].values), str(found["leader_rival"].values), round(float(found["leader_shift"]), 4)
    ('shanghai', 'beijing', 0.0122)
    """
    index = as_index(index)
    members = members_of(index, over)
    n = members.total.size
    one, other = np.triu_indices(n, 1)
    lead = (members.score[:, one] - members.score[:, other]).T
    swaps = _swaps(lead, members)
    matrices = {
        names.LEAST_CHANGE: _mirrored(swaps.change, one, other, n),
        names.LEAST_SHIFT: _mirrored(swaps.shift, one, other, n),
        names.SINGLE_CHANGE: _mirrored(swaps.single, one, other, n),
        names.WEIGHT_AT_SWAP: _mirrored(swaps.weight, one, other, n),
    }
    pairs = (names.CITY, names.OTHER_CITY)
    stability = xr.Dataset(
        {name: ((*pairs, names.MEMBER)[: values.ndim], values) for name, values in matrices.items()},
        coords={**city_coordinates(index.matrix), names.OTHER_CITY: index.cities, **members.coordinates},
        attrs={"index": index.definition.id, "over": members.level},
    )
    stability[names.CRITICAL_MEMBER] = (pairs, _labels_of_least(np.abs(matrices[names.SINGLE_CHANGE]), members.ids))
    stability[names.NOMINAL_WEIGHT] = (names.MEMBER, members.nominal)
    stability[names.RANK_NOMINAL] = (names.CITY, members.rank)
    return stability.assign(_of_leader(stability, int(np.argmin(members.rank)), index.cities))


def overtaken(stability: xr.Dataset, city: str) -> tuple[float, str]:
    """Return the least weight that has to change hands until a city behind comes ahead, and that city; NaN if none.

    Parameters
    ----------
    stability
        What `weight_stability` returns.
    city
        Slug of the city that stands ahead.

    Examples
    --------
    >>> overtaken(weight_stability("opportunity-2025"), "shanghai")[1]
    'beijing'
    """
    shift = stability[names.LEAST_SHIFT].sel({names.CITY: city}).values
    rivals = stability[names.OTHER_CITY].values
    behind = np.isfinite(shift) & (shift > 0.0) & _behind(stability, city)
    if not behind.any():
        return np.nan, ""
    nearest = int(np.flatnonzero(behind)[np.argmin(shift[behind])])
    return float(shift[nearest]), str(rivals[nearest])


def _behind(stability: xr.Dataset, city: str) -> Flags:
    """Return which cities (other_city) stand behind a city at the nominal weights."""
    rank = stability[names.RANK_NOMINAL]
    found: Flags = rank.values > int(rank.sel({names.CITY: city}))
    return found


def _of_leader(stability: xr.Dataset, leader: int, cities: Sequence[str]) -> dict[str, xr.Variable]:
    """Return the variables of the leader (its position) from those of all pairs."""
    change = stability[names.LEAST_CHANGE].values[leader]
    shift = stability[names.LEAST_SHIFT].values[leader]
    single = stability[names.SINGLE_CHANGE].values[leader].T
    nearest = _positions_of_least(np.abs(single))
    return {
        names.LEADER: xr.Variable((), cities[leader]),
        names.LEADER_CHANGE: xr.Variable((), np.fmin.reduce(change)),
        names.LEADER_SHIFT: xr.Variable((), np.fmin.reduce(shift)),
        names.LEADER_RIVAL: xr.Variable((), _labels_of_least(change, cities)),
        names.LEADER_SHIFT_RIVAL: xr.Variable((), _labels_of_least(shift, cities)),
        names.LEADER_SINGLE_CHANGE: xr.Variable(
            names.MEMBER, np.take_along_axis(single, nearest[:, np.newaxis], axis=1)[:, 0]
        ),
        names.LEADER_SINGLE_RIVAL: xr.Variable(names.MEMBER, _labels_of_least(np.abs(single), cities)),
    }


def _swaps(lead: Floats, members: Members) -> _Swaps:
    """Return the least changes of pairs from their leads (pairs, members), whoever of the two is ahead."""
    nominal = members.nominal
    rounding = SMALL * (float(np.abs(members.score).max()) or 1.0)
    tie = max(members.tie, rounding)
    total = lead @ nominal
    ahead = lead * np.where(total < 0.0, -1.0, 1.0)[:, np.newaxis]
    level = np.abs(total) <= tie
    apart = np.abs(lead).max(axis=1) > rounding
    swapped = ~level & (ahead.min(axis=1) < -rounding)
    size = lead.shape
    change, shift, weight = np.full(size[0], np.nan), np.full(size[0], np.nan), np.full(size, np.nan)
    change[level & apart] = shift[level & apart] = 0.0
    weight[level & apart] = nominal
    weight[swapped] = nearest_ties(ahead[swapped], nominal)
    change[swapped] = np.linalg.norm(weight[swapped] - nominal, axis=1)
    shift[swapped] = _least_shifts(ahead[swapped], nominal)
    return _Swaps(change, shift, weight, _single_changes(ahead, level, nominal, rounding))


def _single_changes(ahead: Floats, level: Flags, nominal: Floats, rounding: float) -> Floats:
    """Return the change of each weight alone (pairs, members) at which pairs tie, the others in proportion."""
    total = np.where(level, 0.0, ahead @ nominal)[:, np.newaxis]
    rest = 1.0 - nominal
    whole = rest <= SMALL  # nothing is left that could keep its proportions
    without = ((ahead @ nominal)[:, np.newaxis] - nominal * ahead) / np.where(whole, 1.0, rest)
    slope = ahead - without
    possible = (np.abs(slope) > rounding) & ~whole
    possible &= level[:, np.newaxis] | (ahead < -rounding) | (without < -rounding)
    change: Floats = np.where(possible, -total / np.where(possible, slope, 1.0), np.nan)
    return np.where(change == 0.0, 0.0, change)


def nearest_ties(ahead: Floats, nominal: Floats) -> Floats:
    """Return the weights (pairs, members) nearest to nominal ones at which leads are gone.

    Parameters
    ----------
    ahead
        (pairs, members): leads of which the nominal weights (members) make more than zero, and some of which are below.

    Examples
    --------
    >>> nearest_ties(np.array([[3.0, -1.0, 1.0]]), np.full(3, 1 / 3)).round(6).tolist()
    [[0.083333, 0.583333, 0.333333]]
    """
    lead = ahead / np.abs(ahead).max(axis=1, keepdims=True)
    low, high = np.zeros(len(lead)), _beyond(lead, nominal)
    multiplier = high
    for number in range(ROUNDS):
        weight = onto_simplex(nominal - multiplier[:, np.newaxis] * lead)
        left = (weight * lead).sum(axis=1)
        low, high = np.where(left >= 0.0, multiplier, low), np.where(left <= 0.0, multiplier, high)
        if np.abs(left).max(initial=0.0) <= SMALL or (high - low <= SMALL * SMALL * high).all():
            break
        middle = 0.5 * (low + high)
        newton = _newton(lead, nominal, weight > 0.0)
        multiplier = np.where((number % 2 == 0) & (low <= newton) & (newton <= high), newton, middle)
    return weight


def _beyond(lead: Floats, nominal: Floats) -> Floats:
    """Return multipliers (pairs) at which leads are below zero."""
    multiplier = np.ones(len(lead))
    while True:
        weight = onto_simplex(nominal - multiplier[:, np.newaxis] * lead)
        kept = (weight * lead).sum(axis=1) >= 0.0
        if not kept.any():
            return multiplier
        multiplier = np.where(kept, 2.0 * multiplier, multiplier)


def _newton(lead: Floats, nominal: Floats, positive: Flags) -> Floats:
    """Return the multipliers (pairs) that take leads away as long as the same weights are above zero."""
    count = positive.sum(axis=1)
    mean = (lead * positive).sum(axis=1) / count
    missing = (nominal * positive).sum(axis=1) - 1.0
    apart = np.where(positive, lead - mean[:, np.newaxis], 0.0)
    steep = (apart**2).sum(axis=1)
    rise = (lead * nominal * positive).sum(axis=1) - mean * missing
    return np.where(steep > 0.0, rise / np.where(steep > 0.0, steep, 1.0), np.inf)


def onto_simplex(points: Floats) -> Floats:
    """Return the nearest weights (rows, members) to points: not negative, each row summing to 1.

    >>> onto_simplex(np.array([[0.5, 0.9, -0.3]])).round(6).tolist()
    [[0.3, 0.7, 0.0]]
    """
    falling = -np.sort(-points, axis=1)
    number = np.arange(1, points.shape[1] + 1)
    excess = (np.cumsum(falling, axis=1) - 1.0) / number
    last = (falling > excess).sum(axis=1) - 1
    weight: Floats = np.maximum(points - excess[np.arange(len(points)), last][:, np.newaxis], 0.0)
    return weight


def _least_shifts(ahead: Floats, nominal: Floats) -> Floats:
    """Return the least weight (pairs) that has to change hands until leads are gone."""
    taken = ahead - ahead.min(axis=1, keepdims=True)  # what a unit takes from the lead as it goes to the least
    falling = np.argsort(-taken, axis=1)
    taken, room = np.take_along_axis(taken, falling, axis=1), nominal[falling]
    before = np.cumsum(taken * room, axis=1) - taken * room
    lacking = np.maximum((ahead @ nominal)[:, np.newaxis] - before, 0.0)
    moved = np.where(taken > 0.0, np.minimum(lacking / np.where(taken > 0.0, taken, 1.0), room), 0.0)
    shift: Floats = moved.sum(axis=1)
    return shift


def _mirrored(values: Floats, one: Integers, other: Integers, n: int) -> Floats:
    """Return values of pairs (pairs, …) as a matrix (n, n, …) that is the same both ways; NaN on the diagonal."""
    matrix = np.full((n, n, *values.shape[1:]), np.nan)
    matrix[one, other] = matrix[other, one] = values
    return matrix


def _positions_of_least(values: Floats) -> Integers:
    """Return the position of the least value along the last axis; 0 where all are NaN."""
    position: Integers = np.where(np.isnan(values), np.inf, values).argmin(axis=-1)
    return position


def _labels_of_least(values: Floats, labels: Sequence[str]) -> NDArray[np.str_]:
    """Return the label of the least value along the last axis; the empty text where all are NaN."""
    return np.where(np.isnan(values).all(axis=-1), "", np.array(labels)[_positions_of_least(values)])
