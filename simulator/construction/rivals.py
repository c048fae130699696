"""Whether totals add up the weights of members, and a rank counts the rivals ahead, as much takes for granted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator.construction.nominal import LINEAR
from simulator.definition import Definition
from simulator.errors import Fault
from simulator.methods import AsGiven, Ranking

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


def linear_obstacles(definition: Definition, ids: Sequence[str]) -> Iterator[Fault]:
    """Yield what keeps totals from being linear in the weights of members.

    >>> import simulator as sim
    >>> list(linear_obstacles(sim.load_index("opportunity-2025").definition, ["economic-strength"]))
    []
    """
    above = {node for member in ids for node in definition.ancestors[member]}
    for node in definition.nodes:
        if node.id not in above:
            continue
        if node.aggregate.method not in LINEAR:
            problem = f"its {node.aggregate.method} aggregation is not linear in the weights of what stands below it"
            yield Fault(node.id, problem, f"Aggregate by {' or '.join(LINEAR)}, or choose a level right below it.")
        if not isinstance(node.normalise, AsGiven) and any(child.id in above for child in node.children):
            problem = f"normalises nodes ({node.normalise.method}) whose scores change with the weights"
            yield Fault(node.id, problem, "Normalise below the members alone, or choose the level of these nodes.")
