"""Whether a rank counts the rivals ahead, as what compares totals pair by pair takes for granted."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.errors import Fault
from simulator.methods import Ranking

LARGEST_TOLERANCE = 1e-6
"""Share of the range of totals up to which a tie is rounding only; beyond it two totals tie or not by a third one."""


def ranking_obstacles(ranking: Ranking) -> Iterator[Fault]:
    """Yield what keeps a rank from being a count of rivals with a larger total, or with one no smaller.

    >>> [fault.problem for fault in ranking_obstacles(Ranking(ties="no-gaps"))]
    ['a rank without gaps counts groups of equal totals, not rivals']
    """
    if ranking.decimals is not None:
        yield Fault("ranking", "totals are rounded before they are ranked", "Leave out `decimals`.")
    if ranking.tolerance > LARGEST_TOLERANCE:
        problem = f"totals tie within {ranking.tolerance:g} of their range, which is more than rounding"
        yield Fault("ranking", problem, f"Choose a `tolerance` of {LARGEST_TOLERANCE:g} or less.")
    if ranking.ties == "no-gaps":
        problem = "a rank without gaps counts groups of equal totals, not rivals"
        yield Fault("ranking", problem, "Choose `ties: better` or `worse`.")
