"""Confidence sets for ranks: which ranks a city may truly have, when scores are known with an error only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import xarray as xr
from scipy.special import ndtri

from simulator import names
from simulator.arguments import is_number, shown, whole_number_faults
from simulator.errors import Fault, InputError
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.matrix import city_coordinates
from simulator.uncertainty.streams import standard_normals, stream

STREAM: Final = "rank-confidence"
"""Name of the random stream of the errors."""

ROUNDING: Final = 1e-12
"""Share of two variances below which the variance of a difference is rounding only."""

Critical = Literal["simulated", "bonferroni"]
"""Where a critical value comes from."""

DESCRIPTIONS: Final = {
    names.RANK: "rank by the scores given, equal scores share the better",
    names.RANK_LOW: "best rank in the confidence set",
    names.RANK_HIGH: "worst rank in the confidence set",
    names.CRITICAL_VALUE: "size of a difference, in its standard errors, that counts at first",
    names.CRITICAL_VALUE + names.SE: "standard error of: critical_value",
}
"""What each variable is, in a few words."""


def rank_confidence(
    scores: xr.DataArray,
    standard_errors: xr.DataArray | float | None = None,
    *,
    covariance: xr.DataArray | None = None,
    level: float = 0.95,
    simultaneous: bool = False,
    stepdown: bool = True,
    critical: Critical = "simulated",
    draws: int = 10_000,
    seed: int = 0,
) -> xr.Dataset:
    """Return the ranks that every city may truly have, given scores with normal errors of known size.

    Parameters
    ----------
    scores
        (city): estimates, larger is better.
    standard_errors
        (city), in the unit of the scores, or one for all, zero or more: errors are then independent.
    covariance
        (city, other_city): variances and covariances of the errors, instead of standard errors.
    level
        Chance of coverage, above 0 and below 1.
    simultaneous
        Whether the sets of all cities hold together with this chance, or the set of each city by itself.
    stepdown
        Whether differences found significant are set aside and the others tested again, which only narrows the sets.
    critical
        `simulated`: quantiles of the largest error, drawn; `bonferroni`: of the normal distribution, the chance of
        error shared among all comparisons, in closed form and wider.
    draws, seed
        Draws of the errors and where they come from (convention 8), where they are simulated.

    Returns
    -------
    xr.Dataset
        On (city): `rank` by the scores; `rank_low` and `rank_high`, the best and the worst rank of the set, which is
        all from the one to the other; `critical_value` of the first step, in standard errors of a difference, and its
        standard error `critical_value_se`. The attributes are the settings.

    Raises
    ------
    InputError
        Where scores are missing, errors are missing, negative or not given once, a setting means nothing, or so few
        draws are simulated that none lies at the level.

    Notes
    -----
    With scores x and s_jk the standard error of x_j - x_k, city k ranks surely above j if (x_k - x_j) / s_jk exceeds a
    critical value. Then `rank_low` is 1 + the number of cities surely above j, and `rank_high` is n less the number
    surely below. Mogstad, Romano, Shaikh and Wilhelm (2024), doi:10.1093/restud/rdad006: if with the chance of the
    level no difference is called the wrong way round, the sets cover. The hypotheses are one-sided, "k is no better
    than j": for the set of j by itself 2 (n - 1) of them, all pairs that it is in; for all together n (n - 1).

    Simulated, the critical value is the quantile of the largest standardised difference among them of normal errors
    with this covariance: the order statistic number ceil(level (draws + 1)), by which the chance over errors and draws
    together is no less than the level. Stepping down (Romano and Wolf 2005, doi:10.1198/016214504000000539) keeps it,
    since the largest among fewer is no larger. With m hypotheses left, Bonferroni's value is the normal quantile of
    1 - (1 - level) / m; stepping down makes it Holm's. A difference without error is told for sure; cities with equal
    scores and no error have the ranks from the best to the worst place that they share.

    The coverage is exact for normal errors of known size; with estimated errors it holds for large samples. It is of
    the true scores, and says nothing of the choices by which an index is made. Cost: draws × cities² for all together,
    and likewise for each by itself, times the steps, seldom more than five: under half a second for 60 cities.

    Examples
    --------
    >>> scores = xr.DataArray([9.0, 5.0, 4.0, 1.0], coords={"city": ["a", "b", "c", "d"]})
    >>> found = rank_confidence(scores, 0.5, seed=1)
    >>> found["rank_low"].values.tolist(), found["rank_high"].values.tolist()
    ([1, 2, 2, 4], [1, 3, 3, 4])
    """
    faults = [*_setting_faults(scores, standard_errors, level, critical, draws)]
    faults += whole_number_faults("seed", seed, 0, "is below 0")
    if not faults and critical == "simulated":
        faults += _draws_faults(level, draws)
    _refuse(faults)
    held = scores.values.astype(np.float64)
    _refuse(_score_faults(scores, held))
    covered = _covariance(scores, standard_errors, covariance)
    compared = _compared(held, covered)
    noise = _errors(covered, draws, seed) if critical == "simulated" else None
    found = [_surely_above(compared, family, noise, level, stepdown) for family in _families(len(held), simultaneous)]
    above = np.stack([one for one, _ in found])
    low, high = 1 + above.sum(axis=1), len(held) - above.sum(axis=2)
    # A city's own family tells its set; where all are tested together there is one family.
    own = (0, slice(None)) if simultaneous else (np.arange(len(held)),) * 2
    first = [value for _, value in found]
    return _labelled(scores, low[own], high[own], first).assign_attrs(
        level=level,
        simultaneous=int(simultaneous),
        stepdown=int(stepdown),
        critical=critical,
        **({"draws": draws, "seed": seed} if critical == "simulated" else {}),
    )


@dataclass(frozen=True)
class _Compared:
    """Every two cities compared."""

    statistic: Floats
    """(n, n): by how many standard errors the one scores above the other; endless where a difference has no error."""
    precision: Floats
    """(n, n): one over the standard error of the difference, 0 where it has none."""


@dataclass(frozen=True)
class _Value:
    """A critical value and its standard error."""

    value: float
    error: float = 0.0


def _compared(scores: Floats, covariance: Floats) -> _Compared:
    variance = np.diag(covariance)
    both = variance[:, np.newaxis] + variance[np.newaxis, :]
    squared = both - 2.0 * covariance
    known = squared <= ROUNDING * both
    precision = np.where(known, 0.0, 1.0 / np.sqrt(np.where(known, 1.0, squared)))
    difference = scores[:, np.newaxis] - scores[np.newaxis, :]
    sure = np.where(difference == 0.0, 0.0, np.copysign(np.inf, difference))
    return _Compared(np.where(known, sure, difference * precision), precision)


def _families(n: int, simultaneous: bool) -> Iterator[Flags]:
    """Yield the hypotheses (n, n) that are tested together, "the one is no better than the other"."""
    others = ~np.eye(n, dtype=np.bool_)
    if simultaneous:
        yield others
        return
    for city in range(n):
        family = np.zeros((n, n), np.bool_)
        family[city], family[:, city] = others[city], others[:, city]
        yield family


def _surely_above(
    compared: _Compared, family: Flags, noise: Floats | None, level: float, stepdown: bool
) -> tuple[Flags, _Value]:
    """Return which city (n, n) surely ranks above which, among the hypotheses of a family, and the first value."""
    left = family.copy()
    first = value = _critical(compared.precision, left, noise, level)
    while True:
        # Below an even chance a value may be negative; who scores no more than another never ranks surely above it.
        found = left & (compared.statistic > max(value.value, 0.0))
        left &= ~found
        if not stepdown or not found.any():
            return family & ~left, first
        value = _critical(compared.precision, left, noise, level)


def _critical(precision: Floats, left: Flags, noise: Floats | None, level: float) -> _Value:
    """Return the value that, with the chance of the level, no error among the hypotheses left exceeds."""
    uncertain = left & (precision > 0.0)
    if not uncertain.any():
        return _Value(0.0)
    if noise is None:
        return _Value(float(-ndtri((1.0 - level) / uncertain.sum())))
    largest = np.full(len(noise), -np.inf)
    for city in np.flatnonzero(uncertain.any(axis=1)):
        others = np.flatnonzero(uncertain[city])
        error = (noise[:, [city]] - noise[:, others]) * precision[city, others]
        np.maximum(largest, error.max(axis=1), out=largest)
    return _quantile(largest, level)


def _quantile(drawn: Floats, level: float) -> _Value:
    """Return the order statistic at a level, endless beyond the draws; its error from those a deviation away.

    As many draws lie below a quantile as a binomial number with the level for its chance.
    """
    draws = len(drawn)
    place = math.ceil(level * (draws + 1))
    if place > draws:
        return _Value(np.inf, np.inf)
    in_order = np.sort(drawn)
    away = math.sqrt(draws * level * (1.0 - level))
    low, high = max(math.floor(place - away), 1), min(math.ceil(place + away), draws)
    return _Value(float(in_order[place - 1]), float(in_order[high - 1] - in_order[low - 1]) / 2.0)


def _errors(covariance: Floats, draws: int, seed: int) -> Floats:
    """Return normal errors (draw, n) with a covariance, which may be singular."""
    size, direction = np.linalg.eigh(covariance)
    root = direction * np.sqrt(np.maximum(size, 0.0))
    found: Floats = standard_normals(stream(seed, 0, STREAM), (draws, len(covariance))) @ root.T
    return found


def _covariance(
    scores: xr.DataArray, standard_errors: xr.DataArray | float | None, covariance: xr.DataArray | None
) -> Floats:
    """Return the covariance (n, n) of the errors from whichever is given, aligned by label."""
    if (standard_errors is None) == (covariance is None):
        _refuse([Fault("errors", "give standard errors or a covariance, one of them", "Leave the other out.")])
    cities = scores[names.CITY].values
    if covariance is not None:
        whole = covariance.transpose(names.CITY, names.OTHER_CITY)
        found: Floats = whole.reindex({names.CITY: cities, names.OTHER_CITY: cities}).values.astype(np.float64)
        _refuse(_covariance_faults(found))
        return found
    if isinstance(standard_errors, xr.DataArray):
        errors = standard_errors.reindex({names.CITY: cities}).values.astype(np.float64)
    else:
        errors = np.full(len(cities), standard_errors, np.float64)
    _refuse(
        Fault(f"standard error of {city}", f"{error} is none (convention 4)", "Give a number of zero or more.")
        for city, error in zip(cities, errors, strict=True)
        if not (np.isfinite(error) and error >= 0.0)
    )
    return np.diag(errors**2)


def _covariance_faults(found: Floats) -> Iterator[Fault]:
    """Yield what keeps a matrix from being a covariance."""
    if not np.isfinite(found).all():
        yield Fault("covariance", "does not hold every city (convention 4)", "Give all, as city and as other_city.")
    elif not np.allclose(found, found.T, rtol=1e-9, atol=0.0):
        yield Fault("covariance", "is not symmetric", "Give the same for both orders of two cities.")
    elif (size := np.linalg.eigvalsh(found))[0] < -1e-9 * max(abs(size[-1]), abs(size[0])):
        yield Fault("covariance", f"has the negative eigenvalue {size[0]:g}", "No errors have such covariances.")


def _setting_faults(scores: object, errors: object, level: object, critical: str, draws: object) -> Iterator[Fault]:
    if not (isinstance(scores, xr.DataArray) and scores.dims == (names.CITY,)):
        yield Fault("scores", f"a {type(scores).__name__} is no DataArray on the axis city", "Give one, with labels.")
    if not (errors is None or is_number(errors) or isinstance(errors, xr.DataArray)):
        problem = f"{shown(errors)} is neither a number nor a DataArray"
        yield Fault("standard errors", problem, "Give one number for all, or one for each city with its label.")
    if is_number(errors) and not (math.isfinite(errors) and errors >= 0.0):
        yield Fault("standard errors", f"{errors:g} is no standard error", "Give a number of zero or more.")
    if not (is_number(level) and 0.0 < level < 1.0):
        yield Fault("level", f"{shown(level)} is no chance between 0 and 1", "Give 0.95, say.")
    if critical not in ("simulated", "bonferroni"):
        yield Fault("critical", f"{critical} is unknown", "Known: simulated, bonferroni.")
    yield from whole_number_faults("draws", draws, 1, "is no number of draws")


def _draws_faults(level: float, draws: int) -> Iterator[Fault]:
    """Yield that the order statistic of a level lies beyond the draws, with the least number of which it does not."""
    if math.ceil(level * (draws + 1)) > draws:
        least = max(math.floor(level / (1.0 - level)) - 1, 1)
        while math.ceil(level * (least + 1)) > least:
            least += 1
        yield Fault(
            "draws", f"{draws} are too few for the level {level:g}", f"Give {least} at least; some thousand serve."
        )


def _score_faults(scores: xr.DataArray, held: Floats) -> Iterator[Fault]:
    if not held.size:
        yield Fault("scores", "there is no city", "Give one at least.")
    for city in np.flatnonzero(~np.isfinite(held)):
        yield Fault(f"score of {scores[names.CITY].values[city]}", "is missing (convention 4)", "Leave the city out.")


def _refuse(faults: Iterable[Fault]) -> None:
    found = list(faults)
    if found:
        raise InputError("confidence of ranks", found)


def _labelled(scores: xr.DataArray, low: Integers, high: Integers, first: list[_Value]) -> xr.Dataset:
    """Return the sets with their labels; a first value serves its city, or all of them."""
    held = scores.values
    value = np.broadcast_to([one.value for one in first], held.shape)
    error = np.broadcast_to([one.error for one in first], held.shape)
    found = xr.Dataset(
        {
            names.RANK: (names.CITY, (held[np.newaxis, :] > held[:, np.newaxis]).sum(axis=1) + 1),
            names.RANK_LOW: (names.CITY, low),
            names.RANK_HIGH: (names.CITY, high),
            names.CRITICAL_VALUE: (names.CITY, value),
            names.CRITICAL_VALUE + names.SE: (names.CITY, error),
        },
        coords=city_coordinates(scores),
    )
    for name, told in DESCRIPTIONS.items():
        found[name].attrs["long_name"] = told
    return found
