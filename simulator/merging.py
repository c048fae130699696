"""The parts of a study's shards, in any order, made into its whole result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from simulator.checksums import TornError, read_checked
from simulator.documents import parse_yaml
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.provenance import Record
from simulator.published import locate_index
from simulator.sharding import KIND, Shard
from simulator.simulation.blocks import Progress
from simulator.simulation.checkpoint import differing, refuse_other
from simulator.simulation.ledger import Identity, Ledger, Segment
from simulator.simulation.packing import unpack
from simulator.simulation.running import Running
from simulator.study import execute, plan, settings


@dataclass(frozen=True)
class Part:
    """The file of a shard, read."""

    source: str
    shard: Shard
    identity: Identity
    record: Record
    experiments: tuple[tuple[str, Segment | None], ...]
    """Of each experiment of the study: its fingerprint, and what the shard's blocks of it told."""


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
    chosen = index if index is not None else _located(first)
    study = plan(document, settings(first.record.overrides, None, first.record.seed), chosen)
    ledger = Merged(read)
    return execute(study, Running(ledger=ledger), progress)


def _located(part: Part) -> Path:
    try:
        return locate_index(part.record.index)
    except InputError as error:
        fault = Fault(part.source, error.faults[0].problem, "Name its index by --index.")
        raise InputError("parts", [fault]) from None


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
        are = "parts {} are" if len(absent) > 1 else "part {} is"
        faults.append(Fault("", f"{are.format(named + more)} missing", remedy))
    if faults:
        raise InputError("parts", faults)
    return sorted(parts, key=lambda part: part.shard.number)
