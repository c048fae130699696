"""Whether a member weighs what it is said to: its importance beside its nominal weight.

The importance of a member is the correlation ratio of the total on it, S = Var(E[total | score]) / Var(total): the
share of the variance of the total that would go if the member's score were known (Paruolo, Saisana and Saltelli 2013,
doi:10.1111/j.1467-985X.2012.01059.x). Scores of members are correlated, so importances do not sum to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.interpolate import make_smoothing_spline

from simulator import names
from simulator.arguments import Gathering, share_faults
from simulator.construction.importance_weights import CLOSE, weights_of_importance
from simulator.errors import Fault, InputError
from simulator.extremes.members import Members, members_of
from simulator.index import Index, as_index
from simulator.kernels.arrays import Floats, Integers

FEWEST_PLACES = 5
"""Different scores below which a curve is the mean of each, and no spline."""

MOST_PLACES = 300
"""Different scores beyond which neighbours are taken together: a curve has no more detail."""

STEPS = 200
"""Degrees of smoothness tried, from hardly any to a straight line."""

DEARER = 1.4
"""What a degree of freedom counts in the cross-validation of a curve."""


def importance(index: Index | str | Path, over: str | None = None) -> xr.Dataset:
    """Return the importance of every member of a level beside its nominal weight.

    Parameters
    ----------
    index
        An index, its bundled name or its path, whose total is linear in the weights of these members.
    over
        A level: `dimension`, `variable`, `indicator`; the one below the index if not given.

    Returns
    -------
    xr.Dataset
        On (member): `nominal_weight`; `importance_linear`, the squared correlation of score and total; `importance`,
        the correlation ratio by a curve (see `correlation_ratio`), which is over the order of scores and may explain a
        little less than a straight line over the scores themselves; `importance_share`, what it has of the sum
        of all; `shift_without`, the mean absolute rank shift when it is left out and the others keep their proportions
        (NaN of a single member).

    Raises
    ------
    InputError
        For an unknown level, and an index that is not linear above it.

    Examples
    --------
    >>> import simulator as sim
    >>> found = sim.importance(sim.load_index("opportunity-2025"), "dimension")
    >>> found["importance"].idxmin().item(), bool((found["importance"] <= 1.0).all())
    ('green-low-carbon', True)
    """
    index = as_index(index)
    members = members_of(index, over)
    shares = np.array([correlation_ratio(score, members.total) for score in members.score])
    linear = np.array([squared_correlation(score, members.total) for score in members.score])
    whole = shares.sum()
    return xr.Dataset(
        {
            names.NOMINAL_WEIGHT: (names.MEMBER, members.nominal),
            names.IMPORTANCE_LINEAR: (names.MEMBER, linear),
            names.IMPORTANCE: (names.MEMBER, shares),
            names.IMPORTANCE_SHARE: (names.MEMBER, shares / whole if whole > 0.0 else shares),
            names.SHIFT_WITHOUT: (names.MEMBER, _shift_without(members)),
        },
        coords=members.coordinates,
        attrs={"index": index.definition.id, "over": members.level},
    )


def correlation_ratio(score: Floats, total: Floats) -> float:
    """Return the share of the variance of `total` (city) that a smooth curve over the order of `score` (city) explains.

    The curve is the cubic smoothing spline over places whose smoothness has the least generalised cross-validation

        GCV = (sum of squared residuals / n) / (1 - 1.4 degrees of freedom / n)^2

    (Craven and Wahba 1979, doi:10.1007/BF01404567; the 1.4 keeps it from following chance, Kim and Gu 2004,
    doi:10.1046/j.1369-7412.2003.05316.x). 0 where either is the same for all; where few scores differ, the
    curve is the mean total of each; of fewer than five cities it is a straight line. A curve explains some of what is
    there by chance: of 60 cities and a score that tells nothing some 2 % on average, as a straight line does.

    >>> x = np.linspace(-1.0, 1.0, 41)
    >>> round(correlation_ratio(x, x**2), 3), round(squared_correlation(x, x**2), 3)
    (1.0, 0.0)
    """
    variance = float(total.var())
    if variance == 0.0 or np.ptp(score) == 0.0:
        return 0.0
    if score.size < FEWEST_PLACES:
        return squared_correlation(score, total)
    places, group = np.unique(score, return_inverse=True)
    if places.size > MOST_PLACES:
        group = group * MOST_PLACES // places.size
    count = np.bincount(group)
    mean = np.bincount(group, weights=total) / count
    # Knowing a score or its place among the others is the same, and places are nowhere too close for a spline.
    fitted = mean if places.size < FEWEST_PLACES else _smoothed(mean, count, float(((total - mean[group]) ** 2).sum()))
    return float(np.clip(fitted[group].var() / variance, 0.0, 1.0))


def _smoothed(mean: Floats, count: Integers, within: float) -> Floats:
    """Return the smooth curve through means (place) of so many cities each, which vary `within` the places as well."""
    basis, roughness = _components(tuple(count.tolist()))
    root, cities = np.sqrt(count), count.sum()
    part = basis.T @ (root * mean)
    smoothness = np.geomspace(1e-4, 10.0 * count.size**4, STEPS)[:, np.newaxis]
    kept = 1.0 / (1.0 + smoothness * roughness)
    residual = (((1.0 - kept) * part) ** 2).sum(axis=1) + within
    spare = 1.0 - DEARER * kept.sum(axis=1) / cities
    best = kept[np.argmin(np.where(spare > 0.0, residual / spare**2, np.inf))]
    return np.asarray(basis @ (best * part) / root, np.float64)


@lru_cache(maxsize=64)
def _components(count: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return the curves (place, component) that make up smoothing splines over places, and how rough each is.

    Demmler and Reinsch (1975), doi:10.1007/BF01437406: a spline of smoothness s keeps 1 / (1 + s × roughness) of each.
    """
    weight = np.array(count, np.float64)
    place, root = np.arange(weight.size, dtype=np.float64), np.sqrt(weight)
    hat = make_smoothing_spline(place, np.eye(weight.size), w=weight, lam=1.0)(place)
    kept, basis = np.linalg.eigh(root[:, np.newaxis] * hat / root)
    roughness = np.maximum(1.0 / np.clip(kept, np.finfo(np.float64).eps, 1.0) - 1.0, 0.0)
    # A straight line is not rough at all, but for rounding.
    roughness[-2:] = 0.0
    return basis, roughness


def squared_correlation(score: Floats, total: Floats) -> float:
    """Return the squared correlation of two columns (city); 0 where either is the same for all."""
    if np.ptp(score) == 0.0 or np.ptp(total) == 0.0:
        return 0.0
    return float(np.corrcoef(score, total)[0, 1] ** 2)


def _shift_without(members: Members) -> Floats:
    """Return the mean absolute rank shift (member) when each is left out in turn."""
    k = len(members.ids)
    if k == 1:
        return np.full(1, np.nan)
    weight = np.tile(members.nominal, (k, 1)) * (1.0 - np.eye(k))
    left = weight.sum(axis=1)
    kept = left > 0.0
    found = np.full(k, np.nan)
    ranks = members.at(weight[kept] / left[kept, np.newaxis]).ranks
    found[kept] = np.abs(ranks - members.rank).mean(axis=1)
    return found


def weights_for_importance(
    index: Index | str | Path, over: str | None = None, wanted: Mapping[str, float] | None = None
) -> xr.Dataset:
    """Return the weights under which members have the shares of importance that are wanted.

    By minimising the sum of squared differences between shares of the linear importance (squared correlations with the
    total, divided by their sum) and those wanted (Becker, Saisana, Paruolo and Vandecasteele 2017,
    doi:10.1016/j.ecolind.2017.03.056), over weights that are not negative and sum to 1. Where several weights give the
    same, one of them is found. Where none are found, the attribute `reached` says so, and the weights are the nearest
    that the search came upon; as the distance has many valleys, nearer ones cannot be ruled out.

    Parameters
    ----------
    index, over
        As in `importance`.
    wanted
        Member → importance, in any proportion; those not named none; as the nominal weights say if not given.

    Returns
    -------
    xr.Dataset
        On (member): `nominal_weight`; `weight`, which gives the importance wanted; `importance_wanted` and
        `importance_share`, which is had. The attribute `reached` (1 or 0) tells whether they agree to 1e-6,
        `largest_difference` how far they are apart at most.

    Raises
    ------
    InputError
        For unknown members, an importance that is no number or below zero, none above it, and a member whose score is
        the same for all cities but is to have some.

    Examples
    --------
    >>> import simulator as sim
    >>> found = weights_for_importance(sim.load_index("opportunity-2025"), "dimension")
    >>> found.attrs["reached"], bool((found["weight"] >= 0.0).all())
    (0, True)

    Ten dimensions that are correlated as these cannot all be equally important.
    """
    index = as_index(index)
    members = members_of(index, over)
    aim = members.nominal if wanted is None else _aim(members, wanted)
    _refuse_constant(members, aim)
    weight = weights_of_importance(members.score, members.nominal, aim)
    had = _shares(members.score, weight)
    furthest = float(np.abs(had - aim).max())
    return xr.Dataset(
        {
            names.NOMINAL_WEIGHT: (names.MEMBER, members.nominal),
            names.WEIGHT: (names.MEMBER, weight),
            names.IMPORTANCE_WANTED: (names.MEMBER, aim),
            names.IMPORTANCE_SHARE: (names.MEMBER, had),
        },
        coords=members.coordinates,
        attrs={
            "index": index.definition.id,
            "over": members.level,
            "reached": int(furthest <= CLOSE),
            "largest_difference": furthest,
        },
    )


def _aim(members: Members, wanted: Mapping[str, float]) -> Floats:
    gathered = Gathering("importance")
    gathered.add(share_faults("wanted", wanted, "is no importance"))
    with gathered.attempt():
        positions = members.find(list(wanted)) if isinstance(wanted, Mapping) else []
    gathered.refuse()
    aim = np.zeros(len(members.ids))
    for position, value in zip(positions, wanted.values(), strict=True):
        aim[position] += value
    if aim.sum() <= 0.0:
        remedy = "Give at least one a share above 0."
        raise InputError("importance", [Fault("wanted", "no member is to have any importance", remedy)])
    return np.asarray(aim / aim.sum(), np.float64)


def _refuse_constant(members: Members, aim: Floats) -> None:
    still = [
        name for name, score, share in zip(members.ids, members.score, aim, strict=True) if share and not np.ptp(score)
    ]
    if still:
        problem = "has the same score for all cities, and so no importance at any weight"
        raise InputError("importance", [Fault(name, problem, "Want 0 of it.") for name in still])


def _shares(score: Floats, weight: Floats) -> Floats:
    """Return the shares of linear importance (member) of scores (member, city) at weights."""
    total = weight @ score
    found = np.array([squared_correlation(one, total) for one in score])
    return np.asarray(found / found.sum() if found.sum() > 0.0 else found, np.float64)
