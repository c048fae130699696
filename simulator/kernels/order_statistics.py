"""Rising samples between known values: order statistics of shapes, all columns of a draw at once.

Uniform order statistics come from sums of exponentials, so nothing is sorted (Devroye 1986, V.3,
doi:10.1007/978-1-4613-8643-8). They are turned into values by the quantile function of a shape: a cubic spline over the
logit of the probability, in single precision, or a table. A value is off by about one millionth of its shape's spread,
or of its distance from the middle where that is more. Exact order is restored afterwards, so that no rank depends on
that.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulator.kernels.arrays import Flags, Floats, Integers, Single, Singles, Words
from simulator.kernels.bits import half_word, single_of_bits
from simulator.kernels.compiled import compiled, part
from simulator.kernels.normals import logarithm, logarithm_of_split, split
from simulator.kernels.order import keep_rising

UNIFORM = -1
"""Stands for the spline of a shape whose quantile function is the probability itself."""

SMOOTH = -1
"""Stands in a guide for a piece that its spline follows closely enough."""

LOGIT_END = 24.0
"""Logit of the probability up to which splines reach, 4e-11 from either end; beyond it they stay as they are."""

LEAST = 1.0 / (1.0 + math.exp(LOGIT_END))
"""The probability at that end."""

STEPS = 8
"""Pieces of a spline for each unit of the logit."""

PIECES = int(2 * LOGIT_END) * STEPS

WIDE, FAR = 2.0, 600.0
"""Spread and middle of logarithms up to which exponentials stay well within single and double precision."""

_F = np.float32


class Gaps(NamedTuple):
    """Columns of rising values, C of them, some known: what lies in the gaps between the known ones is drawn.

    A column may be of one of up to S shapes. G gaps, F free values, T sums of exponentials, K values that are read, all
    columns one after the other. Places that are looked up cell by cell are unsigned, so that the compiler need not
    look for places counted from the end.
    """

    leaf: Integers
    """(C): where the column stands in the matrix."""
    sign: Floats
    """(C): -1 where what is scored falls as the values rise."""
    gap_start: Integers
    """(C + 1): where the gaps of each column begin."""
    sum_start: Integers
    """(G + 1): where the sums of each gap begin; a gap of f places has f + 1, of which the last is that of all."""
    free_start: Integers
    """(G + 1): where the free values of each gap begin."""
    free_sum: Words
    """(F): sum of exponentials up to it."""
    free_kept: Words
    """(F): where it stands among the values that are read."""
    kept_start: Integers
    """(C + 1): where the values of each column that are read begin, rising."""
    kept: Floats
    """(K): values that are read, where known."""
    known: Flags
    """(K): whether they are."""
    city_kept: Words
    """(C, n): the value of each city, among those that are read."""
    cumulated: Floats
    """(C, S): cumulated shares of the shapes; 2 behind the last but one."""
    spline: Integers
    """(C, S): which spline, or `UNIFORM`."""
    logarithmic: Flags
    """(C, S): whether values are exp of m + s q."""
    middle: Floats
    """(C, S, 2): m, at the beginning and the end of its range."""
    spread: Floats
    """(C, S, 2): s likewise."""
    below: Floats
    """(G, S): probability of the known value before the gap."""
    width: Floats
    """(G, S): probability between it and the known value behind."""
    straight: Flags
    """(G, S): whether values lie on a line from one end of the gap to the other, on logarithms where the shape is."""
    line: Floats
    """(G, S, 2): ends of that line."""


class Quantiles(NamedTuple):
    """Quantile functions of shapes: splines over the logit, and tables where a spline cannot follow."""

    coefficients: Singles
    """(splines × PIECES × 4): coefficients of the splines, one after the other, the constant first."""
    tabled: Flags
    """(splines): whether a table stands for some of its pieces."""
    guide: Integers
    """(splines × PIECES, 2): places between which to look for the probabilities of a piece, or `SMOOTH`."""
    probability: Floats
    """Probabilities of all tables, rising in each."""
    quantile: Floats
    """The quantiles there, between which lie straight lines."""


class Rising(NamedTuple):
    """Scratch for one draw."""

    sums: Floats
    """(T)"""
    probability: Floats
    """(F)"""
    logit: Singles
    """(F)"""
    power: Singles
    """(F)"""
    value: Floats
    """(F)"""


def words_for_gaps(gaps: Gaps) -> int:
    """Return how many 64-bit words a draw takes."""
    return (int(gaps.sum_start[-1]) + 1) // 2


@compiled
def draw_gaps(gaps: Gaps, quantiles: Quantiles, words: Words, which: Floats, spread: Floats, values: Floats) -> None:
    """Write values of all columns into `values` (draws, L, n).

    `words` are (draws, `words_for_gaps`); `which` and `spread` (draws, C) are uniform numbers that choose each column's
    shape and the place in the range of its spread.
    """
    free, sums = gaps.free_sum.size, gaps.sum_start[-1]
    single = np.empty((2, free), np.float32)
    scratch = Rising(np.empty(sums), np.empty(free), single[0], single[1], np.empty(free))
    shape = np.empty(gaps.leaf.size, np.int64)
    kept = gaps.kept.copy()
    for draw in range(values.shape[0]):
        for column in range(shape.size):
            taken = 0
            for k in range(gaps.cumulated.shape[1]):
                taken += gaps.cumulated[column, k] <= which[draw, column]
            shape[column] = taken
        _exponentials(words, draw, scratch)
        _probabilities(gaps, shape, scratch)
        _logits(scratch)
        _values(gaps, shape, quantiles, spread[draw], scratch)
        _straighten(gaps, shape, scratch)
        for k in range(free):
            kept[gaps.free_kept[k]] = scratch.value[k]
        for column in range(shape.size):
            begin, end = gaps.kept_start[column], gaps.kept_start[column + 1]
            falls = 0
            for k in range(np.uint64(begin + 1), np.uint64(end)):
                falls += kept[k] <= kept[k - np.uint64(1)]
            if falls > 0:
                keep_rising(kept[begin:end], gaps.known[begin:end])
            leaf, sign = gaps.leaf[column], gaps.sign[column]
            for i in range(values.shape[2]):
                values[draw, leaf, i] = sign * kept[gaps.city_kept[column, i]]


@part
def _exponentials(words: Words, row: int, scratch: Rising) -> None:
    """Fill `sums` with independent standard exponentials, minus logarithms of uniform numbers."""
    for k in range(scratch.sums.size):
        scratch.sums[k] = -_logarithm_of_uniform(half_word(words, row, k))


@part
def _logarithm_of_uniform(bits: np.uint32) -> Single:
    """Logarithm of (bits + 1/2) / 2^32, precise also where that is nearly 1."""
    below = (_F(bits) + _F(0.5)) * _F(2.0**-32)
    above = (_F(np.uint32(0xFFFFFFFF) - bits) + _F(0.5)) * _F(2.0**-32)
    x, exponent = split(below)
    nearly = bits > np.uint32(0xC0000000)
    return logarithm_of_split(-above if nearly else x, _F(0.0) if nearly else exponent)


@part
def _probabilities(gaps: Gaps, shape: Integers, scratch: Rising) -> None:
    """Add up the exponentials within each gap, and find the probability of each free value under its shape."""
    sums, probability = scratch.sums, scratch.probability
    for column in range(shape.size):
        taken = shape[column]
        for gap in range(gaps.gap_start[column], gaps.gap_start[column + 1]):
            total = 0.0
            for k in range(gaps.sum_start[gap], gaps.sum_start[gap + 1]):
                total += sums[k]
                sums[k] = total
            below, one = gaps.below[gap, taken], gaps.width[gap, taken] / total
            for k in range(gaps.free_start[gap], gaps.free_start[gap + 1]):
                probability[k] = below + one * sums[gaps.free_sum[k]]


@part
def _logits(scratch: Rising) -> None:
    for k in range(scratch.probability.size):
        below = max(_F(scratch.probability[k]), _F(1e-30))
        above = max(_F(1.0 - scratch.probability[k]), _F(1e-30))
        scratch.logit[k] = logarithm(below / above)


@part
def _values(gaps: Gaps, shape: Integers, quantiles: Quantiles, spread: Floats, scratch: Rising) -> None:
    """Turn logits into values by the shape of each column."""
    value, power, rest = scratch.value, scratch.power, scratch.logit
    for column in range(shape.size):
        taken = shape[column]
        begin = np.uint64(gaps.free_start[gaps.gap_start[column]])
        end = np.uint64(gaps.free_start[gaps.gap_start[column + 1]])
        spline = gaps.spline[column, taken]
        middle = _between(gaps.middle[column, taken, 0], gaps.middle[column, taken, 1], spread[column])
        width = _between(gaps.spread[column, taken, 0], gaps.spread[column, taken, 1], spread[column])
        if spline == UNIFORM:
            for k in range(begin, end):
                value[k] = middle + width * scratch.probability[k]
            continue
        _interpolate(quantiles, spline, begin, end, scratch)
        if not gaps.logarithmic[column, taken]:
            for k in range(begin, end):
                value[k] = middle + width * power[k]
            continue
        if width > WIDE or abs(middle) > FAR:
            for k in range(begin, end):
                value[k] = math.exp(middle + width * power[k])
            continue
        scale = math.exp(middle)
        for k in range(begin, end):
            power[k], rest[k] = _exponential(_F(width) * power[k])
        for k in range(begin, end):
            value[k] = scale * power[k] * (1.0 + np.float64(rest[k]))


@part
def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


@part
def _interpolate(quantiles: Quantiles, spline: int, begin: np.uint64, end: np.uint64, scratch: Rising) -> None:
    """Write the quantiles of some free values: by their spline, and by its table where it has one."""
    coefficients, first = quantiles.coefficients, spline * PIECES
    for k in range(begin, end):
        place = _place(scratch.logit[k])
        whole = np.floor(place)
        t = place - whole
        at = 4 * (first + PIECES // 2 + np.int32(whole))
        q = coefficients[at + 3] * t + coefficients[at + 2]
        q = q * t + coefficients[at + 1]
        scratch.power[k] = q * t + coefficients[at]
    if quantiles.tabled[spline]:
        for k in range(begin, end):
            piece = first + PIECES // 2 + np.int32(np.floor(_place(scratch.logit[k])))
            if quantiles.guide[piece, 0] != SMOOTH:
                low, high = quantiles.guide[piece, 0], quantiles.guide[piece, 1]
                p = min(max(scratch.probability[k], LEAST), 1.0 - LEAST)
                scratch.power[k] = _look_up(quantiles, low, high, p)


@part
def _place(logit: Single) -> Single:
    """Return where a logit falls among the pieces of a spline, from the middle, where digits are most needed."""
    return min(max(logit * _F(STEPS), _F(-PIECES // 2)), _F(PIECES // 2 - 0.001))


@part
def _look_up(quantiles: Quantiles, low: int, high: int, p: float) -> float:
    """Return the quantile on the straight line between two of those at places from `low` to `high`."""
    probability, quantile = quantiles.probability, quantiles.quantile
    while high - low > 1:
        middle = (low + high) // 2
        if probability[middle] <= p:
            low = middle
        else:
            high = middle
    share = (p - probability[low]) / (probability[high] - probability[low])
    found: float = quantile[low] + (quantile[high] - quantile[low]) * share
    return found


@part
def _exponential(x: Single) -> tuple[Single, Single]:
    """Return exp(x), for |x| up to 87, as a power of two and what it is to be raised by (Cephes, Moshier 1989)."""
    n = np.floor(x * _F(1.44269504) + _F(0.5))
    r = x - n * _F(0.693359375)
    r = r - n * _F(-2.12194440e-4)
    y = _F(1.9875691500e-4) * r + _F(1.3981999507e-3)
    y = y * r + _F(8.3334519073e-3)
    y = y * r + _F(4.1665795894e-2)
    y = y * r + _F(1.6666665459e-1)
    y = y * r + _F(5.0000001201e-1)
    return single_of_bits((np.int32(n) + np.int32(127)) << np.int32(23)), y * r * r + r


@part
def _straighten(gaps: Gaps, shape: Integers, scratch: Rising) -> None:
    """Put values on a line where a gap is too narrow for its shape to tell them apart."""
    for column in range(shape.size):
        taken = shape[column]
        for gap in range(gaps.gap_start[column], gaps.gap_start[column + 1]):
            if gaps.straight[gap, taken]:
                total = scratch.sums[gaps.sum_start[gap + 1] - 1]
                for k in range(gaps.free_start[gap], gaps.free_start[gap + 1]):
                    share = scratch.sums[gaps.free_sum[k]] / total
                    linked = _between(gaps.line[gap, taken, 0], gaps.line[gap, taken, 1], share)
                    scratch.value[k] = math.exp(linked) if gaps.logarithmic[column, taken] else linked
