"""What cities gain by a change, draw by draw: both rankings from the same random numbers."""

from __future__ import annotations

import math

import numpy as np

from simulator.construction.encoding import DIRECTION_CODES
from simulator.construction.scoring import Chunk
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.tree import Plan
from simulator.simulation.tally import MOST_STEPS


def tally_gains(before: Integers, after: Integers, gains: Integers) -> None:
    """Count the places gained by each city in each draw, from its ranks (draw, n) before and after, into `gains`.

    `gains` is (n, 2n - 1), from -(n - 1) places to n - 1. A city that is left out (rank 0) gains nothing that counts.

    >>> gains = np.zeros((2, 3), np.int64)
    >>> tally_gains(np.array([[1, 2]]), np.array([[2, 1]]), gains)
    >>> gains.tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    n = after.shape[1]
    cell = np.arange(n) * (2 * n - 1) + before - after + n - 1
    gains += np.bincount(cell[after > 0], minlength=gains.size).reshape(gains.shape)


def total_step(totals: Floats) -> float:
    """Return the step in which gains of totals (n) are counted: a power of two, of which some thousand make the range.

    >>> total_step(np.array([2446.0, 613.0]))
    0.5
    """
    spread = float(np.ptp(totals))
    return 2.0 ** math.ceil(math.log2(2.0 * spread / MOST_STEPS)) if spread > 0.0 else 1.0


def tally_total_gains(before: Floats, after: Floats, step: float, gains: Integers) -> None:
    """Count by how many steps the total of one city gains, from its totals (draw); NaN where it is left out.

    >>> gains = np.zeros(5, np.int64)
    >>> tally_total_gains(np.array([1.0, 1.0]), np.array([1.5, 0.0]), 0.5, gains)
    >>> gains.tolist()
    [1, 0, 0, 1, 0]
    """
    middle = gains.size // 2
    gain = after - before
    steps = np.rint(gain[np.isfinite(gain)] / step)
    gains += np.bincount((np.clip(steps, -middle, middle) + middle).astype(np.int64), minlength=gains.size)


def places_within(plan: Plan, chunk: Chunk, city: int) -> Integers:
    """Return how many cities that take part stand above one of them in each indicator: (draws or 1, L)."""
    values = chunk.values
    if (plan.direction != DIRECTION_CODES["higher"]).any():
        target = plan.direction == DIRECTION_CODES["target"]
        nearness = -np.abs(values - plan.target[:, np.newaxis])
        lower = (plan.direction == DIRECTION_CODES["lower"])[:, np.newaxis]
        values = np.where(target[:, np.newaxis], nearness, np.where(lower, -values, values))
    present = chunk.city_in[:, np.newaxis, :]
    above: Integers = ((values > values[:, :, city : city + 1]) & present).sum(axis=2)
    return above


def tally_passed(before: Integers, after: Integers, present: Flags, passed: Integers) -> None:
    """Count the places that one city gains within each indicator, from how many stand above it (draws or 1, L).

    Only draws in which it is `present` (draws) count. `passed` is (L, 2n - 1), from -(n - 1) places to n - 1.
    """
    leaves, width = passed.shape
    gain = np.broadcast_to(before - after, (present.size, leaves))[present] + (width - 1) // 2
    cell = np.arange(leaves) * width + gain
    passed += np.bincount(cell.ravel(), minlength=passed.size).reshape(passed.shape)
