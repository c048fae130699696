"""Normalisation: each method a small function of a block of rows (columns of the matrix) that it treats alike.

`normalise` finds a method by its code. To add one: write its function here, give it a code, and name it in
`simulator.methods` and `simulator.construction.encoding`. Blocks are read by row and city, not taken apart into rows:
compiled, a view of every row costs more than the work on its cities.
"""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.compiled import compiled, part
from simulator.kernels.lanes import extremes
from simulator.kernels.moments import centre_and_sd
from simulator.kernels.ranking import BETTER, MEAN, NO_GAPS, WORSE, count_better, count_groups_before
from simulator.kernels.rows import copy_rows

NONE, RANK, PERCENTILE_RANK, Z_SCORE, MIN_MAX, DISTANCE_TO_BEST, DISTANCE_TO_TARGET = range(7)
FRACTION_OF_BEST, DISTANCE_TO_REFERENCE = 7, 8
"""Codes of the methods."""

HIGHER, LOWER, TARGET = 1, -1, 0
"""Codes of the directions (convention 3)."""

PARAMETERS = 6
"""Length of a parameter row; what each place holds is told by the method's function."""


@part
def orient(values: Floats, direction: Integers, target: Floats, out: Floats) -> None:
    """Turn rows so that larger is better: as they are, negated, or minus their distance to the target.

    As many columns as `out` has are taken.
    """
    for row in range(out.shape[0]):
        if direction[row] == HIGHER:
            for i in range(out.shape[1]):
                out[row, i] = values[row, i]
        elif direction[row] == LOWER:
            for i in range(out.shape[1]):
                out[row, i] = -values[row, i]
        else:
            for i in range(out.shape[1]):
                out[row, i] = -abs(values[row, i] - target[row])


@part
def rank_points(ties: int, printed_sums: Floats, better: Integers, same: Integers, out: Floats) -> None:
    """Points by rank under a tie rule (convention 5), from how many values are better and how many the same.

    `printed_sums[row, k]` is the sum of the k best printed numbers of that row; only `AS_PUBLISHED` reads it.
    """
    rows, n = better.shape
    if ties == NO_GAPS:
        count_groups_before(better, same)
    for row in range(rows):
        for i in range(n):
            if ties == BETTER:
                out[row, i] = n - better[row, i]
            elif ties == WORSE:
                out[row, i] = n - better[row, i] - same[row, i] + 1
            elif ties == MEAN:
                out[row, i] = n - better[row, i] - 0.5 * (same[row, i] - 1)
            elif ties == NO_GAPS:
                out[row, i] = n - same[row, i]
            else:
                first, count = better[row, i], same[row, i]
                out[row, i] = (printed_sums[row, first + count] - printed_sums[row, first]) / count


@part
def percentile_rank(ties: int, printed_sums: Floats, better: Integers, same: Integers, out: Floats) -> None:
    """(points - 1) / (n - 1); a single city scores 1."""
    rows, n = better.shape
    rank_points(ties, printed_sums, better, same, out)
    for row in range(rows):
        for i in range(n):
            out[row, i] = (out[row, i] - 1.0) / (n - 1) if n > 1 else 1.0


@part
def z_score(values: Floats, delta: float, mean: float, sd: float, out: Floats) -> None:
    """(x - mean) / sd with divisor n - `delta`, stretched to the asked mean and sd; constant values score the mean."""
    for row in range(values.shape[0]):
        centre, spread = centre_and_sd(values, row, delta)
        scale = sd / spread if spread > 0.0 else 0.0
        for i in range(values.shape[1]):
            out[row, i] = (values[row, i] - centre) * scale + mean


@part
def min_max(
    values: Floats, given: bool, low: float, high: float, start: float, end: float, capped: bool, out: Floats
) -> None:
    """(x - low) / (high - low), stretched to `start`..`end`; where low equals high, the middle of the range.

    Low and high are those of the row where they are not `given`.
    """
    for row in range(values.shape[0]):
        if not given:
            low, high = extremes(values, row)
        for i in range(values.shape[1]):
            share = (values[row, i] - low) / (high - low) if high != low else 0.5
            if capped:
                share = min(max(share, 0.0), 1.0)
            out[row, i] = start + share * (end - start)


@part
def distance_to_best(values: Floats, out: Floats) -> None:
    """1 - (best - x) / (best - worst); constant values score 1."""
    for row in range(values.shape[0]):
        worst, best = extremes(values, row)
        spread = best - worst
        for i in range(values.shape[1]):
            out[row, i] = 1.0 - (best - values[row, i]) / spread if spread > 0.0 else 1.0


@part
def distance_to_target(values: Floats, target: float, capped: bool, out: Floats) -> None:
    """(x - worst) / (target - worst). Where the worst value is at the target already, 1, as for every city."""
    for row in range(values.shape[0]):
        worst, _ = extremes(values, row)
        for i in range(values.shape[1]):
            share = (values[row, i] - worst) / (target - worst) if target > worst else 1.0
            out[row, i] = min(share, 1.0) if capped else share


@part
def fraction_of_best(values: Floats, lower: bool, out: Floats) -> int:
    """Take x / best, or best / x where `lower` values were turned round: 1 for the best, a share of 1 for the others.

    A ratio needs values above zero (below it where they were turned round). Returns the first row that has others, or
    -1.
    """
    for row in range(values.shape[0]):
        worst, best = extremes(values, row)
        if not (best < 0.0 if lower else worst > 0.0):
            return row
        for i in range(values.shape[1]):
            out[row, i] = best / values[row, i] if lower else values[row, i] / best
    return -1


@part
def distance_to_reference(values: Floats, lower: bool, reference: int | np.int64, out: Floats) -> int:
    """Take x / x_reference, or x_reference / x where `lower` values were turned round: 1 for the reference city.

    `reference` is its place among the values, -1 where it has none. Returns the first row in which a ratio means
    nothing, as of `fraction_of_best`, or -1.
    """
    for row in range(values.shape[0]):
        worst, best = extremes(values, row)
        if reference < 0 or not (best < 0.0 if lower else worst > 0.0):
            return row
        own = values[row, reference]
        for i in range(values.shape[1]):
            out[row, i] = own / values[row, i] if lower else values[row, i] / own
    return -1


@part
def by_rank(method: int) -> bool:
    """Return whether the method of that code looks at the order of values alone."""
    return method in (RANK, PERCENTILE_RANK)


@compiled
def normalise(
    values: Floats,
    method: int,
    parameters: Floats,
    printed_sums: Floats,
    better: Integers,
    same: Integers,
    counted: bool | np.bool_,
    place: Integers,
    out: Floats,
) -> int:
    """Normalise rows of oriented values (rows, n) into the first columns of `out` by the method of that code.

    Methods by rank read `better` and `same` (rows, n), which hold their counts if `counted`, and are scratch otherwise.
    `place` (cities) is the column of each city of the matrix, -1 of those without one. Returns -1, or the first row of
    which the method is undefined.
    """
    if method == NONE:
        copy_rows(values, out)
    elif by_rank(method):
        if not counted:
            count_better(values, better, same)
        if method == RANK:
            rank_points(int(parameters[0]), printed_sums, better, same, out)
        else:
            percentile_rank(int(parameters[0]), printed_sums, better, same, out)
    elif method == Z_SCORE:
        z_score(values, parameters[0], parameters[1], parameters[2], out)
    elif method == MIN_MAX:
        given, capped = parameters[0] > 0.0, parameters[5] > 0.0
        min_max(values, given, parameters[1], parameters[2], parameters[3], parameters[4], capped, out)
    elif method == DISTANCE_TO_BEST:
        distance_to_best(values, out)
    elif method == FRACTION_OF_BEST:
        return fraction_of_best(values, parameters[0] > 0.0, out)
    elif method == DISTANCE_TO_REFERENCE:
        return distance_to_reference(values, parameters[1] > 0.0, place[int(parameters[0])], out)
    else:
        distance_to_target(values, parameters[0], parameters[1] > 0.0, out)
    return -1
