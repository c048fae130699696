"""What is kept of a simulation: integer counts, the same in whatever order blocks are added (convention 8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.tally import FIGURES
from simulator.simulation.between import Between, added, crossed

UNIT = 2.0**60
"""Units in 1, of sums of figures that are no integers. Integers of any size add up exactly, in any order."""


@dataclass(frozen=True)
class Tally:
    """Counts over draws; see `simulator.kernels.tally` for the units."""

    draws: int
    counts: Integers
    """(city, rank): draws in which a city has a rank."""
    shifts: Integers
    """(city, 2): sum of the absolute rank shift, and of its square."""
    moments: tuple[tuple[int, int], ...]
    """Of each draw's mean absolute shift, Kendall's tau and Spearman's rho: sum and sum of squares, in `UNIT`s."""
    tier_kept: Integers
    """(city): draws in which its rank is in the tier of its baseline rank, both among the cities that take part."""
    pairs: Integers
    """(2, city, city): draws in which the first ranks above the second, and draws with both; empty if not asked for."""
    chosen: tuple[Integers, ...]
    """For each choice, draws that took each alternative."""
    between: Between | None = None
    """Sums over blocks, of a design whose errors come from the spread between blocks."""

    def __add__(self, other: Tally) -> Tally:
        """Return the tally of the draws of both."""
        return Tally(
            self.draws + other.draws,
            self.counts + other.counts,
            self.shifts + other.shifts,
            tuple(
                (mine[0] + theirs[0], mine[1] + theirs[1])
                for mine, theirs in zip(self.moments, other.moments, strict=True)
            ),
            self.tier_kept + other.tier_kept,
            self.pairs + other.pairs,
            tuple(mine + theirs for mine, theirs in zip(self.chosen, other.chosen, strict=True)),
            added(self.between, other.between),
        )


def empty_tally(cities: int, pairs: bool, alternatives: Sequence[int]) -> Tally:
    """Return the tally of no draws, for so many cities and choices of so many alternatives."""
    side = cities if pairs else 0
    return Tally(
        0,
        np.zeros((cities, cities), np.int64),
        np.zeros((cities, 2), np.int64),
        ((0, 0),) * FIGURES,
        np.zeros(cities, np.int64),
        np.zeros((2, side, side), np.int64),
        tuple(np.zeros(count, np.int64) for count in alternatives),
    )


def as_block(tally: Tally) -> Tally:
    """Return the tally of one whole block together with what its sums tell of the spread between blocks."""
    present = tally.counts.sum(axis=1)
    ranks = np.arange(1, len(present) + 1)
    above, both = tally.pairs
    between = Between(
        blocks=1,
        frequency=crossed(tally.counts, present[:, np.newaxis]),
        cumulated=crossed(np.cumsum(tally.counts, axis=1), present[:, np.newaxis]),
        rank=crossed((tally.counts * ranks).sum(axis=1).astype(object), present),
        shift=crossed(tally.shifts[:, 0].astype(object), present),
        tier_kept=crossed(tally.tier_kept, present),
        pairs=crossed(above, both),
        chosen=crossed(np.concatenate([np.zeros(0, np.int64), *tally.chosen]), np.array(tally.draws)),
        moments=crossed(np.array([total for total, _ in tally.moments], object), np.array(tally.draws)),
    )
    return replace(tally, between=between)


def exact_sums(figures: Floats) -> tuple[tuple[int, int], ...]:
    """Return sum and sum of squares of each column of figures (draw, figure), in units, however they are ordered.

    >>> [(total / UNIT, squares / UNIT) for total, squares in exact_sums(np.array([[0.5], [2.0]]))]
    [(2.5, 4.25)]
    """
    return tuple((int(math.fsum(column) * UNIT), int(math.fsum(column * column) * UNIT)) for column in figures.T)
