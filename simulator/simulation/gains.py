"""What cities gain by a change, draw by draw: both rankings from the same random numbers."""

from __future__ import annotations

import numpy as np

from simulator.construction.encoding import DIRECTION_CODES
from simulator.construction.scoring import Chunk
from simulator.kernels.arrays import Integers
from simulator.kernels.tree import Plan


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


def places_within(plan: Plan, chunk: Chunk, city: int) -> Integers:
    """Return how many cities stand above one of them in each indicator: (draws or 1, L)."""
    values = chunk.values
    if (plan.direction != DIRECTION_CODES["higher"]).any():
        target = plan.direction == DIRECTION_CODES["target"]
        nearness = -np.abs(values - plan.target[:, np.newaxis])
        lower = (plan.direction == DIRECTION_CODES["lower"])[:, np.newaxis]
        values = np.where(target[:, np.newaxis], nearness, np.where(lower, -values, values))
    above: Integers = (values > values[:, :, city : city + 1]).sum(axis=2)
    return above


def tally_passed(before: Integers, after: Integers, draws: int, passed: Integers) -> None:
    """Count the places that one city gains within each indicator, from how many stand above it (draws or 1, L).

    `passed` is (L, 2n - 1), from -(n - 1) places to n - 1.
    """
    leaves, width = passed.shape
    gain = np.broadcast_to(before - after, (draws, leaves)) + (width - 1) // 2
    cell = np.arange(leaves) * width + gain
    passed += np.bincount(cell.ravel(), minlength=passed.size).reshape(passed.shape)
