"""What is done of a study: the tallies of finished blocks, and which blocks are to be run at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.simulation.tally import Tally

Identity = Mapping[str, Any]
"""What must be equal for blocks to be of one study: scenario, seed, index and versions, as JSON holds them."""


@dataclass(frozen=True)
class Draws:
    """Draws kept one by one, on request."""

    totals: Floats
    """(draw, n): NaN for a city left out."""
    ranks: Integers
    """(draw, n): 0 for a city left out."""
    alternatives: Integers
    """(draw, choice)"""


@dataclass(frozen=True)
class Segment:
    """What a run of consecutive blocks of one experiment told."""

    blocks: range
    tally: Tally
    draws: Draws | None = None


class Ledger:
    """A ledger that remembers nothing: every block is to be run, and no one asks for it again.

    A study opens it once; each of its experiments begins in turn, always in the same order, and runs its blocks in one
    or several stretches.
    """

    @property
    def seed(self) -> int | None:
        """Seed of what is done already, where the scenario names none."""
        return None

    def open(self, identity: Identity) -> None:
        """Take up a study; refuse what was done of another one."""

    def begin(self, fingerprint: str) -> None:
        """Take up its next experiment."""

    def wanted(self, blocks: range) -> range:
        """Return which blocks of a stretch are to be had here."""
        return blocks

    def known(self, blocks: range) -> Iterator[Segment]:
        """Yield what is done of a stretch, in the order of its blocks."""
        yield from ()

    def add(self, stretch: range, segment: Segment) -> None:
        """Remember finished blocks of a stretch."""

    def flush(self) -> None:
        """Keep safe what is remembered."""

    def close(self) -> None:
        """Let go of what only one run may have."""


def missing(blocks: range, known: Iterable[range]) -> list[range]:
    """Return the runs of blocks that are not known; the known ones are in order and apart from each other.

    >>> missing(range(10), [range(2, 4), range(4, 5), range(8, 10)])
    [range(0, 2), range(5, 8)]
    """
    gaps, at = [], blocks.start
    for run in known:
        if run.start > at:
            gaps.append(range(at, run.start))
        at = run.stop
    return [*gaps, range(at, blocks.stop)] if at < blocks.stop else gaps


def joined(segments: Sequence[Segment]) -> Segment:
    """Return consecutive segments, in their order, as one."""
    first = segments[0].tally
    for segment in segments[1:]:
        first = first + segment.tally
    kept = [segment.draws for segment in segments if segment.draws is not None]
    blocks = range(segments[0].blocks.start, segments[-1].blocks.stop)
    return Segment(blocks, first, joined_draws(kept) if kept else None)


def joined_draws(parts: Sequence[Draws]) -> Draws:
    """Return draws one after the other."""
    return Draws(
        np.concatenate([part.totals for part in parts]),
        np.concatenate([part.ranks for part in parts]),
        np.concatenate([part.alternatives for part in parts]),
    )
