"""A study in shards: each machine runs some of its blocks, and the parts are merged, in any order, to the whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr
from numpy.typing import NDArray

from simulator.checksums import TornError, read_checked, write_checked
from simulator.documents import parse_yaml
from simulator.errors import Fault, InputError
from simulator.index import IN_MEMORY, Index
from simulator.provenance import Record
from simulator.published import locate_index
from simulator.simulation.blocks import Progress
from simulator.simulation.checkpoint import differing, refuse_other
from simulator.simulation.ledger import Identity, Ledger, Segment, joined
from simulator.simulation.packing import pack, unpack
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


@dataclass(frozen=True)
class Part:
    """The file of a shard, read."""

    source: str
    shard: Shard
    identity: Identity
    record: Record
    experiments: tuple[tuple[str, Segment | None], ...]
    """Of each experiment of the study: its fingerprint, and what the shard's blocks of it told."""


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

    def _gather(self, segment: Segment) -> None:
        self._own[-1].append(segment)


class Merged(Ledger):
    """Knows all blocks of a study, from the parts of its shards."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self._experiment = -1
        self._fingerprint = ""

    def open(self, identity: Identity) -> None:
        """Take up the study; refuse parts that are of another one than is run here.

        Raises
        ------
        InputError
            Where they are.
        """
        refuse_other(
            self.parts[0].source, self.parts[0].identity, identity, "Run the shards again, or use what ran them."
        )

    def begin(self, fingerprint: str) -> None:
        """Take up the next experiment; refuse parts that are of another one.

        Raises
        ------
        InputError
            Where they are.
        """
        self._experiment += 1
        other = [
            part.source
            for part in self.parts
            if len(part.experiments) <= self._experiment or part.experiments[self._experiment][0] != fingerprint
        ]
        if other:
            fault = Fault(", ".join(other), "is of other data than the scenario's now", "Run the shard again.")
            raise InputError("parts", [fault])

    def known(self, blocks: range) -> Iterator[Segment]:
        """Yield what each part has of a stretch, in the order of the blocks."""
        found = [part.experiments[self._experiment][1] for part in self.parts]
        yield from sorted((one for one in found if one is not None), key=lambda one: one.blocks.start)


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
    own = [[mark, pack(None if segment is None else segment, arrays)] for mark, segment in ledger.experiments]
    record = recorded(study, int(ledger.identity["seed"]), 0)
    header = {
        KIND: [shard.number, shard.count],
        "identity": dict(ledger.identity),
        "record": record.model_dump(mode="json"),
        "experiments": own,
    }
    write_checked(Path(path), header, arrays)


def merge(
    parts: Sequence[str | Path],
    index: Index | str | Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the result of a study whose shards were run one by one; equal to the byte to that of one run.

    Parameters
    ----------
    parts
        Files of `citysim run --shard`, in any order; all of them.
    index
        In place of the index that the parts name, where its path is another on this machine; its data must be the same.
    progress
        Called with the draws done and all draws.

    Raises
    ------
    InputError
        Where a part is missing, doubled, torn, or of another scenario, seed, index or version than the others.

    Examples
    --------
    >>> import tempfile, pathlib, simulator as sim
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> files = [folder / f"{number}.part" for number in (1, 2)]
    >>> for number, file in enumerate(files, 1):
    ...     sim.run_part("weights-only", f"{number}/2", file, draws=3000, seed=1)
    >>> sim.merge(files)["rank_frequency"].equals(sim.run("weights-only", draws=3000, seed=1)["rank_frequency"])
    True
    """
    read = _whole([_read_part(path) for path in parts])
    first = read[0]
    document = parse_yaml(first.record.scenario, first.record.source)
    chosen = index if index is not None else locate_index(first.record.index)
    study = plan(document, settings(first.record.overrides, None, first.record.seed), chosen)
    ledger = Merged(read)
    return execute(study, Running(ledger=ledger), progress)


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


def _read_part(path: str | Path) -> Part:
    """Return a part.

    Raises
    ------
    InputError
        Where the file is no whole part.
    """
    source = str(path)
    try:
        header, arrays = read_checked(Path(path))
        number, count = header[KIND]
        experiments = tuple((mark, unpack(tree, arrays)) for mark, tree in header["experiments"])
        record = Record.model_validate(header["record"])
    except FileNotFoundError:
        raise InputError(source, [Fault("", "no such file", "Name files that `citysim run --shard` wrote.")]) from None
    except (TornError, OSError, KeyError, ValueError) as error:
        remedy = "Run its shard again."
        problem = "is not whole, or was altered" if isinstance(error, TornError) else "is no part of a run"
        raise InputError(source, [Fault("", problem, remedy)]) from None
    return Part(source, Shard(number, count), header["identity"], record, experiments)


def _whole(parts: Sequence[Part]) -> list[Part]:
    """Return parts in the order of their shards; refuse what does not make one whole."""
    if not parts:
        raise InputError("parts", [Fault("", "none is named", "Name all files that `citysim run --shard` wrote.")])
    first, faults = parts[0], []
    for part in parts[1:]:
        for what in differing(first.identity, part.identity):
            faults.append(Fault(part.source, f"is {what}, compared with {first.source}", "Run its shard again."))
        if part.shard.count != first.shard.count:
            problem = f"is one of {part.shard.count} parts, {first.source} one of {first.shard.count}"
            faults.append(Fault(part.source, problem, "Name parts of one run."))
    if faults:
        raise InputError("parts", faults)
    of: dict[int, list[str]] = {}
    for part in parts:
        of.setdefault(part.shard.number, []).append(part.source)
    faults += [
        Fault(", ".join(sources), f"are the same part, {number}/{first.shard.count}", "Leave out all but one.")
        for number, sources in of.items()
        if len(sources) > 1
    ]
    absent = [number for number in range(1, first.shard.count + 1) if number not in of]
    if absent:
        named = ", ".join(f"{number}/{first.shard.count}" for number in absent[:10])
        more = f" and {len(absent) - 10} more" if len(absent) > 10 else ""
        remedy = f"Run it: citysim run ... --shard {absent[0]}/{first.shard.count}"
        faults.append(Fault("", f"part {named}{more} is missing", remedy))
    if faults:
        raise InputError("parts", faults)
    return sorted(parts, key=lambda part: part.shard.number)
