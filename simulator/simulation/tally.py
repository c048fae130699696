"""What is kept of a simulation: integer counts, the same in whatever order blocks are added (convention 8)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.tally import FIGURES
from simulator.simulation.between import Between, added, crossed

MOST_STEPS = 8192
"""Steps of a total that are told apart, upward and downward; what gains more counts as that much."""

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
    gains: Integers
    """(city, places + n - 1): draws in which a city gains so many places by a change; empty where none is made."""
    passed: Integers
    """(indicator, places + n - 1): the same of the city in question within each indicator."""
    total_gains: Integers
    """(step): draws in which the total of the city in question gains so many steps, the middle one being none; empty
    where totals are on no common scale."""
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
            self.gains + other.gains,
            self.passed + other.passed,
            self.total_gains + other.total_gains,
            added(self.between, other.between),
        )


def empty_tally(
    cities: int,
    pairs: bool,
    alternatives: Sequence[int],
    changed: bool = False,
    leaves: int = 0,
    totals: bool = False,
) -> Tally:
    """Return the tally of no draws, for so many cities and choices of so many alternatives.

    Where cities are `changed`, gains are counted; of one city those within each of so many indicators (`leaves`), and
    of its total if `totals` are asked for.
    """
    side = cities if pairs else 0
    width = 2 * cities - 1
    return Tally(
        0,
        np.zeros((cities, cities), np.int64),
        np.zeros((cities, 2), np.int64),
        ((0, 0),) * FIGURES,
        np.zeros(cities, np.int64),
        np.zeros((2, side, side), np.int64),
        tuple(np.zeros(count, np.int64) for count in alternatives),
        np.zeros((cities if changed else 0, width), np.int64),
        np.zeros((leaves, width), np.int64),
        np.zeros(2 * MOST_STEPS + 1 if totals else 0, np.int64),
    )


def as_block(tally: Tally) -> Tally:
    """Return the tally of one whole block together with what its sums tell of the spread between blocks."""
    present = tally.counts.sum(axis=1)
    ranks = np.arange(1, len(present) + 1)
    above, both = tally.pairs
    gained_of = tally.gains.sum(axis=1)[:, np.newaxis]
    between = Between(
        blocks=1,
        frequency=crossed(tally.counts, present[:, np.newaxis]),
        cumulated=crossed(np.cumsum(tally.counts, axis=1), present[:, np.newaxis]),
        rank=crossed((tally.counts * ranks).sum(axis=1).astype(object), present),
        shift=crossed(tally.shifts[:, 0].astype(object), present),
        tier_kept=crossed(tally.tier_kept, present),
        pairs=crossed(above, both),
        chosen=crossed(np.concatenate([np.zeros(0, np.int64), *tally.chosen]), np.array(tally.draws)),
        gains=crossed(tally.gains, gained_of),
        at_least=crossed(at_least(tally.gains), gained_of),
        total_gain=crossed(
            np.array([(tally.total_gains * np.arange(tally.total_gains.size)).sum()]).astype(object),
            np.array([tally.total_gains.sum()]),
        ),
        gain=crossed((tally.gains @ np.arange(1 - len(present), len(present))).astype(object), gained_of[:, 0]),
        moments=crossed(np.array([total for total, _ in tally.moments], object), np.array(tally.draws)),
    )
    return replace(tally, between=between)


def at_least(gains: Integers) -> Integers:
    """Return draws with a gain of so many places or more, from those with just so many: summed from the end.

    >>> at_least(np.array([[1, 2, 4]])).tolist()
    [[7, 6, 4]]
    """
    found: Integers = np.cumsum(gains[:, ::-1], axis=1)[:, ::-1]
    return found


def exact_sums(figures: Floats) -> tuple[tuple[int, int], ...]:
    """Return sum and sum of squares of each column of figures (draw, figure), in units, however they are ordered.

    >>> [(total / UNIT, squares / UNIT) for total, squares in exact_sums(np.array([[0.5], [2.0]]))]
    [(2.5, 4.25)]
    """
    return tuple((int(math.fsum(column) * UNIT), int(math.fsum(column * column) * UNIT)) for column in figures.T)
