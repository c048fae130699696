"""The spread of estimates between blocks, for designs whose draws depend on each other within a block.

Blocks of such a design are independent of each other, and alike. A share or a mean is a ratio of sums over blocks: of
what is counted in a block, X_b, and of the draws it is counted in, s_b, such as those with the city. So the standard
error is that of a ratio estimator (Cochran 1977, Sampling Techniques, 3rd edition, chapter 6), p being the ratio:

    var = B / (B - 1) * sum (X_b - p s_b)^2 / (sum s_b)^2

The squares are multiplied out, so that sums over blocks suffice, which are integers: memory does not grow with the
number of blocks, and the sums are the same in whatever order blocks are added (convention 8).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.kernels.arrays import Floats, Integers

AnyInteger = NDArray[Any]
"""Integers in 64 bits, or of any size where 64 bits might not hold them."""


@dataclass(frozen=True)
class Crossed:
    """Sums over blocks for ratios of X to s."""

    squares: AnyInteger
    """Sum of X_b^2."""
    products: AnyInteger
    """Sum of X_b s_b."""
    sizes: Integers
    """Sum of s_b^2, in a shape that goes with that of X."""

    def __add__(self, other: Crossed) -> Crossed:
        """Return the sums over the blocks of both."""
        return Crossed(self.squares + other.squares, self.products + other.products, self.sizes + other.sizes)

    def at(self, where: Any) -> Crossed:
        """Return the sums of some of the ratios, as an array is indexed."""
        sizes = np.broadcast_to(self.sizes, self.squares.shape)
        return Crossed(self.squares[where], self.products[where], sizes[where])


@dataclass(frozen=True)
class Between:
    """What the standard errors of a result need of its blocks, beside its tally."""

    blocks: int
    frequency: Crossed
    """(city, rank): draws at a rank, to draws with the city."""
    cumulated: Crossed
    """(city, rank): draws at a rank or a better one, to draws with the city."""
    rank: Crossed
    """(city): sum of the ranks."""
    shift: Crossed
    """(city): sum of the absolute shifts."""
    tier_kept: Crossed
    """(city): draws in the tier of the baseline."""
    pairs: Crossed
    """(city, city): draws in which the first ranks above the second, to draws with both; empty if not asked for."""
    chosen: Crossed
    """(alternatives of all choices, one after the other): draws that took it, to all draws."""
    gains: Crossed
    """(city, places + n - 1): draws with just that gain by a change, to those with the city; or empty."""
    at_least: Crossed
    """(city, places + n - 1): draws with at least that gain, likewise."""
    gain: Crossed
    """(city): sum of the gains."""
    total_gain: Crossed
    """(1): sum of the steps that the total of the city in question gains, to draws with the city."""
    moments: Crossed
    """(figure): sum of the figures of the whole ranking, in units, to all draws."""

    def __add__(self, other: Between) -> Between:
        """Return the sums over the blocks of both."""
        names = (field.name for field in fields(self))
        return Between(**{name: getattr(self, name) + getattr(other, name) for name in names})


def crossed(counted: AnyInteger, of: Integers) -> Crossed:
    """Return the sums of a single block.

    Counts of a block are at most 1,024, and so fit 64 bits by far when squared. What may be larger, such as sums of
    ranks, is to be given as integers of any size.
    """
    return Crossed(counted * counted, counted * of, of * of)


def added(one: Between | None, other: Between | None) -> Between | None:
    """Return the sums over the blocks of both; none of either is as no block."""
    if one is None or other is None:
        return one or other
    return one + other


def ratio_error(counted: AnyInteger, of: AnyInteger, sums: Crossed, blocks: int) -> Floats:
    """Return the standard error of the ratio of sums over blocks; NaN where it is of no draws, or of a single block.

    The sum of squares is worked out in integers of any size, so that it is 0 where all blocks agree.

    >>> blocks = [crossed(np.array([x]), np.array([s])) for x, s in ((3, 10), (5, 10))]
    >>> ratio_error(np.array([8]), np.array([20]), blocks[0] + blocks[1], 2).round(12).tolist()
    [0.1]
    """
    if blocks < 2:
        return np.full(counted.shape, np.nan)
    count, size, sizes = np.broadcast_arrays(counted, of, sums.sizes)
    error = np.where(size == 0, np.nan, 0.0)
    some = (size > 0) & (sums.squares > 0)
    x, s = count[some].astype(object), size[some].astype(object)
    squares = sums.squares[some] * s**2 - 2 * x * s * sums.products[some] + x**2 * sizes[some].astype(object)
    error[some] = np.sqrt((blocks * squares / ((blocks - 1) * s**4)).astype(np.float64))
    return error
