"""Moments of one row of a block of values."""

from __future__ import annotations

import math

from simulator.kernels.arrays import Floats
from simulator.kernels.compiled import part
from simulator.kernels.lanes import sums_of_distances


@part
def centre_and_sd(values: Floats, row: int, delta: float) -> tuple[float, float]:
    """Return mean and standard deviation, with divisor n - `delta`, of a row; that of equal values is exactly 0.

    Sums are of distances to the first value, so that a large mean costs no digits: the relative error of the variance
    stays within some n roundings, which it comes near only where the first value lies far outside.
    """
    n = values.shape[1]
    first = values[row, 0]
    distance, squares = sums_of_distances(values, row, first)
    spread = squares - distance * distance / n
    return first + distance / n, math.sqrt(max(spread, 0.0) / (n - delta))
