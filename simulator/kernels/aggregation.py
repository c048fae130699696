"""Aggregation of the normalised children of one node, each method a small function of all cities at once.

`aggregate` finds a method by its code. `children` lists the rows of `scores` to aggregate, `coefficient` their weights:
as written for a sum, shares that add to 1 for the means. A child of coefficient 0 takes no part.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.compiled import compiled, part

SUM, ARITHMETIC, GEOMETRIC, HARMONIC, MEDIAN, GENERALISED, COPELAND, OUTRANKING = range(8)
"""Codes of the methods."""

HALF_TOLERANCE = 1e-12
"""How near to one half a cumulated weight counts as one half, which summing shares may miss by rounding."""


@part
def weighted_sum(scores: Floats, children: Integers, coefficient: Floats, out: Floats) -> None:
    """Sum of coefficient × score, children in their order."""
    out[:] = 0.0
    for child in children:
        if coefficient[child] != 0.0:
            for i in range(out.size):
                out[i] += coefficient[child] * scores[child, i]


@part
def all_above_zero(scores: Floats, children: Integers, coefficient: Floats, cities: int) -> bool:
    """Return whether every score that takes part is above zero, as geometric and harmonic means need."""
    positive = True
    for child in children:
        if coefficient[child] != 0.0:
            for i in range(cities):
                positive &= scores[child, i] > 0.0
    return positive


@part
def none_below_zero(scores: Floats, children: Integers, coefficient: Floats, cities: int) -> bool:
    """Return whether no score that takes part is below zero, whose sign an even power would lose."""
    fine = True
    for child in children:
        if coefficient[child] != 0.0:
            for i in range(cities):
                fine &= scores[child, i] >= 0.0
    return fine


@part
def defined(method: int, power: float, scores: Floats, children: Integers, coefficient: Floats, cities: int) -> bool:
    """Return whether a method is defined of these scores: of all of them, above zero, or not below it."""
    if method in (GEOMETRIC, HARMONIC):
        return all_above_zero(scores, children, coefficient, cities)
    if method == GENERALISED and (power <= 0.0 or power != math.floor(power)):
        return all_above_zero(scores, children, coefficient, cities)
    if method == GENERALISED and power % 2.0 == 0.0:
        return none_below_zero(scores, children, coefficient, cities)
    return True


@part
def geometric_mean(scores: Floats, children: Integers, coefficient: Floats, out: Floats) -> None:
    """Take exp of the weighted mean of logarithms; scores must be above zero."""
    out[:] = 0.0
    for child in children:
        if coefficient[child] != 0.0:
            for i in range(out.size):
                out[i] += coefficient[child] * math.log(scores[child, i])
    for i in range(out.size):
        out[i] = math.exp(out[i])


@part
def harmonic_mean(scores: Floats, children: Integers, coefficient: Floats, out: Floats) -> None:
    """Take the inverse of the weighted mean of inverses; scores must be above zero."""
    out[:] = 0.0
    for child in children:
        if coefficient[child] != 0.0:
            for i in range(out.size):
                out[i] += coefficient[child] / scores[child, i]
    for i in range(out.size):
        out[i] = 1.0 / out[i]


@part
def generalised_mean(power: float, scores: Floats, children: Integers, coefficient: Floats, out: Floats) -> None:
    """Take the mean of powers to the power of 1 / `power`: 1 is the arithmetic, 0 the geometric, -1 the harmonic mean.

    M_p = (sum of w x^p)^(1/p), the geometric mean in the limit of p at 0 (Hardy, Littlewood and Polya 1934, chapter 2).
    Near 0 the powers are those of ratios to the geometric mean g, less 1, M_p = g exp(ln(1 + sum of w (e^(p ln(x/g)) -
    1)) / p), so that no digit is lost; farther away, of ratios to the score that counts most, so that none overflows.
    """
    if power == 1.0:
        weighted_sum(scores, children, coefficient, out)
    elif power == 0.0:
        geometric_mean(scores, children, coefficient, out)
    elif power == -1.0:
        harmonic_mean(scores, children, coefficient, out)
    elif abs(power) < 1.0:
        geometric_mean(scores, children, coefficient, out)
        for i in range(out.size):
            centre = math.log(out[i])
            beyond = 0.0
            for child in children:
                if coefficient[child] != 0.0:
                    beyond += coefficient[child] * math.expm1(power * (math.log(scores[child, i]) - centre))
            out[i] *= math.exp(math.log1p(beyond) / power)
    else:
        for i in range(out.size):
            out[i] = _mean_of_powers(power, scores, children, coefficient, i)


@part
def _mean_of_powers(
    power: float, scores: Floats, children: Integers, coefficient: Floats, city: int | np.int64
) -> float:
    """Take the mean of powers beyond 1 or -1 of one city; of an odd power the root has the sign of the sum."""
    most = 0.0
    for child in children:
        if coefficient[child] != 0.0:
            size = abs(scores[child, city])
            if most == 0.0 or (size > most if power > 0.0 else size < most):
                most = size
    if most == 0.0:
        return 0.0
    total = 0.0
    for child in children:
        if coefficient[child] != 0.0:
            total += coefficient[child] * (scores[child, city] / most) ** power
    root: float = most * abs(total) ** (1.0 / power)
    return -root if total < 0.0 else root


@part
def compares_cities(method: int) -> bool:
    """Return whether the method of that code compares cities, so that a city's score depends on those of others."""
    return method in (COPELAND, OUTRANKING)


@part
def outranking(method: int, scores: Floats, children: Integers, coefficient: Floats, out: Floats) -> None:
    """Compare every two cities by the weight of the children in which each is ahead; a tie is half a weight to each.

    Of the weight of the children that both have, the share p_ij speaks for city i against j. `OUTRANKING` is the mean
    of p_ij over the rivals j (1 for a city without any), `COPELAND` the number of rivals with p_ij above one half less
    the number with p_ij below it (Munda and Nardo 2009, doi:10.1080/00036840601019364; Copeland 1951). Of blank scores
    (NaN) nothing is compared; two cities that have no child in common tie, and one without any scores NaN.
    """
    n = out.size
    there = np.zeros(n, np.bool_)
    rivals = -1
    for i in range(n):
        out[i] = 0.0
        for child in children:
            there[i] |= coefficient[child] != 0.0 and not math.isnan(scores[child, i])
        rivals += there[i]
    for i in range(n):
        for j in range(i):
            if there[i] and there[j]:
                share = _share_ahead(scores, children, coefficient, i, j)
                if method == OUTRANKING:
                    out[i] += share
                    out[j] += 1.0 - share
                elif abs(share - 0.5) > HALF_TOLERANCE:
                    won = 1.0 if share > 0.5 else -1.0
                    out[i] += won
                    out[j] -= won
    for i in range(n):
        if not there[i]:
            out[i] = math.nan
        elif method == OUTRANKING:
            out[i] = out[i] / rivals if rivals > 0 else 1.0


@part
def _share_ahead(
    scores: Floats, children: Integers, coefficient: Floats, one: int | np.int64, other: int | np.int64
) -> float:
    """Return the share of the weight, of the children that two cities have, by which the one is ahead."""
    ahead = 0.0
    compared = 0.0
    for child in children:
        mine, theirs = scores[child, one], scores[child, other]
        if coefficient[child] != 0.0 and not (math.isnan(mine) or math.isnan(theirs)):
            compared += coefficient[child]
            if mine > theirs:
                ahead += coefficient[child]
            elif mine == theirs:
                ahead += 0.5 * coefficient[child]
    return ahead / compared if compared > 0.0 else 0.5


@part
def weighted_median(scores: Floats, children: Integers, coefficient: Floats, out: Floats) -> None:
    """Take the score at which the cumulated weight passes one half; the middle of two where it meets one half."""
    taking_part = children[coefficient[children] != 0.0]
    column = np.empty(taking_part.size)
    for i in range(out.size):
        for k in range(taking_part.size):
            column[k] = scores[taking_part[k], i]
        order = np.argsort(column)
        cumulated = 0.0
        for k in range(order.size):
            cumulated += coefficient[taking_part[order[k]]]
            if cumulated >= 0.5 - HALF_TOLERANCE:
                out[i] = column[order[k]]
                if cumulated <= 0.5 + HALF_TOLERANCE and k + 1 < order.size:
                    out[i] = 0.5 * (column[order[k]] + column[order[k + 1]])
                break


@compiled
def aggregate(method: int, power: float, scores: Floats, children: Integers, coefficient: Floats, out: Floats) -> bool:
    """Aggregate children into `out` by the method of that code. Returns False where the method is undefined.

    `power` is that of a generalised mean; no other method reads it.
    """
    if not defined(method, power, scores, children, coefficient, out.size):
        return False
    if compares_cities(method):
        outranking(method, scores, children, coefficient, out)
    elif method == GENERALISED:
        generalised_mean(power, scores, children, coefficient, out)
    elif method == GEOMETRIC:
        geometric_mean(scores, children, coefficient, out)
    elif method == HARMONIC:
        harmonic_mean(scores, children, coefficient, out)
    elif method == MEDIAN:
        weighted_median(scores, children, coefficient, out)
    else:
        weighted_sum(scores, children, coefficient, out)
    return True
