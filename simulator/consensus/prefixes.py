"""Best orders by dynamic programming over prefixes: which cities come first, whatever their order among themselves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simulator.kernels.arrays import Flags, Floats, Integers

SAME = 1e-12
"""Share of the sum of all margins below which a difference is rounding (convention 5)."""


@dataclass(frozen=True)
class BestOrders:
    """All orders of the largest value, as ways through prefixes."""

    value: float
    """Sum of the margins of all pairs, the earlier over the later."""
    steps: tuple[_Steps, ...]
    """One for each place, the first place first."""

    @property
    def count(self) -> int:
        """How many best orders there are.

        >>> best_orders(np.zeros((4, 4)), np.zeros((4, 4), np.bool_), most=100).count
        24
        """
        ways = [1]
        for step in self.steps:
            after = [0] * (int(step.after.max()) + 1)
            for before, end in zip(step.before.tolist(), step.after.tolist(), strict=True):
                after[end] += ways[before]
            ways = after
        return ways[0]

    def orders(self) -> Iterator[list[int]]:
        """Yield the best orders one after another, each as cities from the first to the last."""
        following = [
            [list(found) for _, found in itertools.groupby(sorted(step.ways()), key=lambda way: way[0])]
            for step in self.steps
        ]
        by_prefix = [{group[0][0]: group for group in groups} for groups in following]

        def onward(place: int, prefix: int) -> Iterator[list[int]]:
            if place == len(by_prefix):
                yield []
                return
            for _, city, after in by_prefix[place][prefix]:
                for rest in onward(place + 1, after):
                    yield [city, *rest]

        return onward(0, 0)

    def places(self) -> tuple[Integers, Integers]:
        """Return the first and the last place (city) that each city has in any best order, 1 for the first."""
        n = len(self.steps)
        best, worst = np.full(n, n, np.int64), np.ones(n, np.int64)
        for place, step in enumerate(self.steps, start=1):
            best[step.city] = np.minimum(best[step.city], place)
            worst[step.city] = np.maximum(worst[step.city], place)
        return best, worst


@dataclass(frozen=True)
class _Steps:
    """The ways from the prefixes of one size to those one larger."""

    before: Integers
    """(ways): number of the prefix."""
    city: Integers
    """(ways): the city that is appended."""
    after: Integers
    """(ways): number of the prefix with it."""

    def ways(self) -> Iterator[tuple[int, int, int]]:
        """Yield each way as prefix, city, prefix."""
        return zip(self.before.tolist(), self.city.tolist(), self.after.tolist(), strict=True)


def best_orders(margin: Floats, fixed: Flags, most: int) -> BestOrders | None:
    """Return all orders of the largest value among those that keep some pairs as they are fixed.

    Parameters
    ----------
    margin
        (n, n): what it is worth that the one comes before the other; antisymmetric.
    fixed
        (n, n): whether the one must come before the other; without cycles.
    most
        Prefixes at most, and ways from those of one size to the next, which is what memory holds at a time.

    Returns
    -------
    BestOrders or None
        Nothing where there are more.

    Notes
    -----
    With f(S) the largest value of an order of the cities S, f(S) is the largest f(S - i) + sum over j in S - i of
    m_ji, over those i in S that may come last in S (Held and Karp 1962, doi:10.1137/0110015). Without fixed pairs there
    are 2^n prefixes, with all of them fixed n + 1. Time and memory are prefixes × n, in array operations on all
    prefixes of one size.

    Examples
    --------
    >>> cycle = np.array([[0.0, 1.0, -1.0], [-1.0, 0.0, 1.0], [1.0, -1.0, 0.0]])
    >>> found = best_orders(cycle, np.zeros((3, 3), np.bool_), most=8)
    >>> found.value, list(found.orders())
    (1.0, [[0, 1, 2], [1, 2, 0], [2, 0, 1]])
    """
    n = len(margin)
    same = SAME * float(np.abs(margin).sum())
    prefixes, value = np.zeros((1, n), np.bool_), np.zeros(1)
    steps, seen = [], 1
    for _ in range(n):
        free = ~prefixes & (~prefixes @ fixed.astype(np.float32) == 0.0)
        before, city = np.nonzero(free)
        if len(city) > most:
            return None
        found = value[before] + (prefixes @ margin)[before, city]
        longer = prefixes[before]
        longer[np.arange(len(city)), city] = True
        first, after = _alike(longer)
        seen += len(first)
        if seen > most:
            return None
        prefixes, value = longer[first], np.full(len(first), -np.inf)
        np.maximum.at(value, after, found)
        best = found >= value[after] - same
        steps.append(_Steps(before[best], city[best], after[best]))
    return BestOrders(float(value[0]), _leading_home(steps))


def _alike(prefixes: Flags) -> tuple[Integers, Integers]:
    """Return where each distinct prefix stands first, and for every one the number of its like."""
    packed = np.packbits(prefixes, axis=1)
    words = packed.view(f"S{packed.shape[1]}").ravel()
    _, first, number = np.unique(words, return_index=True, return_inverse=True)
    return first, number


def _leading_home(steps: list[_Steps]) -> tuple[_Steps, ...]:
    """Return those ways that lead to the whole, prefixes numbered anew."""
    kept: list[_Steps] = []
    wanted = np.zeros(1, np.int64)
    for step in reversed(steps):
        number = np.full(int(step.after.max()) + 1, -1, np.int64)
        number[wanted] = np.arange(len(wanted))
        which = number[step.after] >= 0
        wanted = np.unique(step.before[which])
        place = np.full(int(step.before.max()) + 1, -1, np.int64)
        place[wanted] = np.arange(len(wanted))
        kept.append(_Steps(place[step.before[which]], step.city[which], number[step.after[which]]))
    return tuple(reversed(kept))
