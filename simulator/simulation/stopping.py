"""When a simulation may stop: once every reported chance is known well enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from simulator.simulation.tally import Tally
from simulator.uncertainty.design import BLOCK, block_count

GROWTH = 4
"""By how much the number of draws may grow from one look to the next: a first estimate of an error is a rough one."""

MARGIN = 1.02
"""Share of draws taken beyond those that seem needed, so that one more look is rarely in vain."""


@dataclass(frozen=True)
class StopWhenSure:
    """Stop as soon as the largest standard error of the reported chances is small enough.

    Looks are taken at whole blocks that depend on the tallies alone, so that the number of draws is the same for any
    number of workers. A chance estimated from n draws has a standard error that falls with the square root of n, so a
    look tells how many draws are needed.
    """

    largest_error: Callable[[Tally], float]
    """Returns the largest standard error of the chances that are reported."""
    until: float
    """Standard error asked for."""
    first: int
    """Draws before the first look."""

    def blocks(self, tally: Tally | None) -> int:
        """Return the number of blocks to have in the end, as far as known; no more than there are if that is enough.

        >>> rule = StopWhenSure(lambda tally: 0.004, until=0.001, first=2_000)
        >>> rule.blocks(None)
        2
        """
        if tally is None:
            return max(2, block_count(self.first))
        had = tally.draws // BLOCK
        error = self.largest_error(tally)
        if error <= self.until:
            return had
        needed = math.ceil(had * (error / self.until) ** 2 * MARGIN)
        return min(max(needed, had + 1), GROWTH * had)
