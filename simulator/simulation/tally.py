"""What is kept of a simulation: integer counts, the same in whatever order blocks are added (convention 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.kernels.arrays import Integers


@dataclass(frozen=True)
class Tally:
    """Counts over draws; see `simulator.kernels.tally` for the units."""

    draws: int
    counts: Integers
    """(city, rank): draws in which a city has a rank."""
    shifts: Integers
    """(city, 2): sum of the absolute rank shift, and of its square."""
    moments: Integers
    """(3, 2): of each draw's mean shift, Kendall's tau and Spearman's rho, sum and sum of squares in fixed point."""
    pairs: Integers
    """(2, city, city): draws in which the first ranks above the second, and draws with both; empty if not asked for."""
    chosen: tuple[Integers, ...]
    """For each choice, draws that took each alternative."""

    def __add__(self, other: Tally) -> Tally:
        """Return the tally of the draws of both."""
        return Tally(
            self.draws + other.draws,
            self.counts + other.counts,
            self.shifts + other.shifts,
            self.moments + other.moments,
            self.pairs + other.pairs,
            tuple(mine + theirs for mine, theirs in zip(self.chosen, other.chosen, strict=True)),
        )


def empty_tally(cities: int, pairs: bool, alternatives: Sequence[int]) -> Tally:
    """Return the tally of no draws, for so many cities and choices of so many alternatives."""
    side = cities if pairs else 0
    return Tally(
        0,
        np.zeros((cities, cities), np.int64),
        np.zeros((cities, 2), np.int64),
        np.zeros((3, 2), np.int64),
        np.zeros((2, side, side), np.int64),
        tuple(np.zeros(count, np.int64) for count in alternatives),
    )
