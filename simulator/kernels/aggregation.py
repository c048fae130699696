"""Aggregation of the normalised children of one node, each method a small function of all cities at once.

`aggregate` finds a method by its code. `children` lists the rows of `scores` to aggregate, `coefficient` their weights:
as written for a sum, shares that add to 1 for the means. A child of coefficient 0 takes no part.
"""

from __future__ import annotations

import math

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.compiled import compiled, part

SUM, ARITHMETIC, GEOMETRIC, HARMONIC, MEDIAN = range(5)
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
def aggregate(method: int, scores: Floats, children: Integers, coefficient: Floats, out: Floats) -> bool:
    """Aggregate children into `out` by the method of that code. Returns False where the method is undefined."""
    if method in (GEOMETRIC, HARMONIC) and not all_above_zero(scores, children, coefficient, out.size):
        return False
    if method == GEOMETRIC:
        geometric_mean(scores, children, coefficient, out)
    elif method == HARMONIC:
        harmonic_mean(scores, children, coefficient, out)
    elif method == MEDIAN:
        weighted_median(scores, children, coefficient, out)
    else:
        weighted_sum(scores, children, coefficient, out)
    return True
