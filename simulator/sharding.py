"""A study in shards: each machine runs some of its blocks and writes a part; `simulator.merging` makes the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from simulator.checksums import write_checked
from simulator.errors import Fault, InputError
from simulator.index import IN_MEMORY
from simulator.simulation.blocks import Progress
from simulator.simulation.ledger import Identity, Ledger, Segment, joined
from simulator.simulation.packing import pack
from simulator.simulation.running import Running
from simulator.study import Study, execute, plan, recorded, settings

KIND = "shard"

STAND_IN = range(1)
"""Blocks that stand for a shard's own where it has none: with more shards than blocks, some have nothing to do."""


@dataclass(frozen=True)
class Shard:
    """One of several shares of a study's blocks."""

    number: int
    """From 1 on."""
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def of(self, blocks: range) -> range:
        """Return its share of some blocks; all shares together are all of them.

        >>> [Shard(number, 3).of(range(10)) for number in (1, 2, 3)]
        [range(0, 3), range(3, 6), range(6, 10)]
        """
        cuts = [len(blocks) * number // self.count for number in (self.number - 1, self.number)]
        return blocks[cuts[0] : cuts[1]]


class ShardLedger(Ledger):
    """Narrows a study to the blocks of a shard, and gathers what they tell; another ledger may keep them too."""

    def __init__(self, shard: Shard, keeping: Ledger) -> None:
        self.shard, self.keeping = shard, keeping
        self.identity: Identity = {}
        self._fingerprints: list[str] = []
        self._own: list[list[Segment]] = []
        self._idle = False

    @property
    def experiments(self) -> tuple[tuple[str, Segment | None], ...]:
        """Fingerprint of each experiment, and what the shard's blocks told."""
        own = [sorted(segments, key=lambda one: one.blocks.start) for segments in self._own]
        return tuple(
            (mark, joined(segments) if segments else None)
            for mark, segments in zip(self._fingerprints, own, strict=True)
        )

    def open(self, identity: Identity) -> None:
        """Take up a study."""
        self.identity = identity
        self.keeping.open({**identity, KIND: str(self.shard)})

    def begin(self, fingerprint: str) -> None:
        """Take up its next experiment."""
        self._fingerprints.append(fingerprint)
        self._own.append([])
        self.keeping.begin(fingerprint)

    def wanted(self, blocks: range) -> range:
        """Return the shard's own blocks; where it has none another stands in, so that the study comes to its end."""
        own = self.shard.of(blocks)
        self._idle = not own
        return own or STAND_IN

    def known(self, blocks: range) -> Iterator[Segment]:
        """Yield what is done of the shard's blocks."""
        if self._idle:
            return
        for segment in self.keeping.known(blocks):
            self._gather(segment)
            yield segment

    def add(self, stretch: range, segment: Segment) -> None:
        """Remember finished blocks, unless they are not its own."""
        if not self._idle:
            self.keeping.add(stretch, segment)
            self._gather(segment)

    def flush(self) -> None:
        """Keep safe what is remembered."""
        self.keeping.flush()

    def close(self) -> None:
        """Let go of what only one run may have."""
        self.keeping.close()

    def _gather(self, segment: Segment) -> None:
        self._own[-1].append(segment)


def read_shard(text: str) -> Shard:
    """Return the shard that a text such as `3/64` names.

    Raises
    ------
    InputError
        Where it names none.

    >>> read_shard("3/64")
    Shard(number=3, count=64)
    """
    found = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", text)
    if found is not None and 1 <= int(found[1]) <= int(found[2]):
        return Shard(int(found[1]), int(found[2]))
    raise InputError("shard", [Fault("", f"{text!r} is no shard", "Write it like 3/64: the third of 64.")])


def refuse_shards(study: Study) -> None:
    """Refuse a study whose blocks depend on what earlier ones tell, or that no two machines would run alike.

    Raises
    ------
    InputError
        With every fault.
    """
    scenario, faults = study.scenario, []
    if scenario.seed is None:
        faults.append(Fault("seed", "no seed is given, and each shard would draw its own", "Add --seed NUMBER."))
    if scenario.until is not None:
        faults.append(Fault("until", "how many draws it takes is known to the whole alone", "Name a number of draws."))
    if scenario.draws == 0:
        faults.append(Fault("draws", "nothing is drawn, so that there is nothing to share", "Run it whole."))
    if scenario.reach is not None and scenario.reach.chance is not None:
        faults.append(Fault("reach.chance", "a sure plan is found step by step", "Run it whole, or ask for no chance."))
    if study.whence == IN_MEMORY:
        faults.append(Fault("index", "is in memory, which a merge would not find", "Write it to a folder."))
    if faults:
        raise InputError(f"{study.document.source} in shards", faults)


def run_shard(
    study: Study, shard: Shard, path: str | Path, running: Running | None = None, progress: Progress | None = None
) -> None:
    """Run the blocks of one shard of a study and write what they tell to a file, whole or not at all.

    Raises
    ------
    InputError
        Where the study cannot be cut into shards.
    StorageError
        Where the file cannot be written.
    """
    refuse_shards(study)
    running = running or Running()
    ledger = ShardLedger(shard, running.ledger)
    execute(study, Running(running.pool, ledger, running.stop, running.memory), progress)
    arrays: dict[str, NDArray[Any]] = {}
    own = [[mark, pack(segment, arrays)] for mark, segment in ledger.experiments]
    record = recorded(study, int(ledger.identity["seed"]), 0)
    header = {
        KIND: [shard.number, shard.count],
        "identity": dict(ledger.identity),
        "record": record.model_dump(mode="json"),
        "experiments": own,
    }
    write_checked(Path(path), header, arrays)


def run_part(
    scenario: Any,
    shard: str,
    path: str | Path,
    *,
    draws: int | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    index: str | Path | None = None,
    running: Running | None = None,
    progress: Progress | None = None,
) -> None:
    """Run one shard of a scenario, such as `3/64`, and write what it tells to a file for `merge`.

    Parameters
    ----------
    scenario
        Name of a shipped scenario, path of a scenario file, or a mapping of the same content.
    shard
        Number of the shard, from 1 on, and how many there are.
    path
        File of the part.
    draws, seed, overrides, index, progress
        As of `simulator.run`; a seed must be given, here or in the scenario.
    running
        Workers and limits; one worker if not given.

    Raises
    ------
    InputError
        Where the study cannot be cut into shards.
    StorageError
        Where the file cannot be written.
    """
    run_shard(plan(scenario, settings(overrides, draws, seed), index), read_shard(shard), path, running, progress)
