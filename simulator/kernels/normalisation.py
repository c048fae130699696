"""Normalisation of one column: each method a small function of oriented values (larger is better).

`normalise` finds a method by its code. To add one: write its function here, give it a code, and name it in
`simulator.methods` and `simulator.construction.encoding`.
"""

from __future__ import annotations

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.compiled import compiled
from simulator.kernels.ranking import (
    BETTER,
    MEAN,
    NO_GAPS,
    WORSE,
    count_better,
    count_groups_before,
)

NONE, RANK, PERCENTILE_RANK, Z_SCORE, MIN_MAX, DISTANCE_TO_BEST, DISTANCE_TO_TARGET = range(7)
"""Codes of the methods."""

HIGHER, LOWER, TARGET = 1, -1, 0
"""Codes of the directions (convention 3)."""

PARAMETERS = 6
"""Length of a parameter row; what each place holds is told by the method's function."""


@compiled
def orient(values: Floats, direction: int, target: float, out: Floats) -> None:
    """Turn values so that larger is better: as they are, negated, or minus their distance to the target."""
    for i in range(values.size):
        if direction == HIGHER:
            out[i] = values[i]
        elif direction == LOWER:
            out[i] = -values[i]
        else:
            out[i] = -abs(values[i] - target)


@compiled
def rank_points(values: Floats, ties: int, printed_sums: Floats, better: Integers, same: Integers, out: Floats) -> None:
    """Points by rank under a tie rule (convention 5).

    `printed_sums[k]` is the sum of the k best printed numbers of this column; only `AS_PUBLISHED` reads it.
    """
    n = values.size
    count_better(values, better, same)
    if ties == NO_GAPS:
        count_groups_before(better, same)
    for i in range(n):
        if ties == BETTER:
            out[i] = n - better[i]
        elif ties == WORSE:
            out[i] = n - better[i] - same[i] + 1
        elif ties == MEAN:
            out[i] = n - better[i] - 0.5 * (same[i] - 1)
        elif ties == NO_GAPS:
            out[i] = n - same[i]
        else:
            out[i] = (printed_sums[better[i] + same[i]] - printed_sums[better[i]]) / same[i]


@compiled
def percentile_rank(
    values: Floats, ties: int, printed_sums: Floats, better: Integers, same: Integers, out: Floats
) -> None:
    """(points - 1) / (n - 1); a single city scores 1."""
    n = values.size
    rank_points(values, ties, printed_sums, better, same, out)
    for i in range(n):
        out[i] = (out[i] - 1.0) / (n - 1) if n > 1 else 1.0


@compiled
def z_score(values: Floats, delta: float, mean: float, sd: float, out: Floats) -> None:
    """(x - mean) / sd with divisor n - `delta`, stretched to the asked mean and sd; constant values score the mean."""
    n = values.size
    if values.min() == values.max():
        out[:] = mean
        return
    centre = 0.0
    for i in range(n):
        centre += values[i]
    centre /= n
    squares = 0.0
    for i in range(n):
        squares += (values[i] - centre) ** 2
    scale = sd / (squares / (n - delta)) ** 0.5
    for i in range(n):
        out[i] = (values[i] - centre) * scale + mean


@compiled
def min_max(values: Floats, low: float, high: float, start: float, end: float, capped: bool, out: Floats) -> None:
    """(x - low) / (high - low), stretched to `start`..`end`; where low equals high, the middle of the range."""
    if low == high:
        out[:] = 0.5 * (start + end)
        return
    for i in range(values.size):
        share = (values[i] - low) / (high - low)
        if capped:
            share = min(max(share, 0.0), 1.0)
        out[i] = start + share * (end - start)


@compiled
def distance_to_best(values: Floats, out: Floats) -> None:
    """1 - (best - x) / (best - worst); constant values score 1."""
    best = values.max()
    spread = best - values.min()
    for i in range(values.size):
        out[i] = 1.0 - (best - values[i]) / spread if spread > 0.0 else 1.0


@compiled
def distance_to_target(values: Floats, target: float, capped: bool, out: Floats) -> None:
    """(x - worst) / (target - worst). Where the worst value is at the target already, 1, as for every city."""
    worst = values.min()
    for i in range(values.size):
        share = (values[i] - worst) / (target - worst) if target > worst else 1.0
        out[i] = min(share, 1.0) if capped else share


@compiled
def normalise(
    values: Floats,
    method: int,
    parameters: Floats,
    printed_sums: Floats,
    better: Integers,
    same: Integers,
    out: Floats,
) -> None:
    """Normalise oriented values into `out` by the method of that code; `better` and `same` are scratch."""
    if method == NONE:
        out[:] = values
    elif method == RANK:
        rank_points(values, int(parameters[0]), printed_sums, better, same, out)
    elif method == PERCENTILE_RANK:
        percentile_rank(values, int(parameters[0]), printed_sums, better, same, out)
    elif method == Z_SCORE:
        z_score(values, parameters[0], parameters[1], parameters[2], out)
    elif method == MIN_MAX:
        given = parameters[0] > 0.0
        low = parameters[1] if given else values.min()
        high = parameters[2] if given else values.max()
        min_max(values, low, high, parameters[3], parameters[4], parameters[5] > 0.0, out)
    elif method == DISTANCE_TO_BEST:
        distance_to_best(values, out)
    else:
        distance_to_target(values, parameters[0], parameters[1] > 0.0, out)
