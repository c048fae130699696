"""Many scenarios as one job: run in parallel, kept in one store as they end, and only what is missing run again."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import xarray as xr

from simulator.documents import Document
from simulator.errors import CitysimError, InputError
from simulator.index import Index, load_index
from simulator.provenance import software_versions
from simulator.published import locate_index
from simulator.results.catalogue import Entry
from simulator.results.entering import Kept
from simulator.results.store import ResultStore, open_store
from simulator.scenario import open_scenario
from simulator.simulation.blocks import Progress
from simulator.simulation.checkpoint import Checkpoint
from simulator.simulation.ledger import Ledger
from simulator.simulation.pool import Backend
from simulator.simulation.running import Running, StoppedError, open_running
from simulator.study import Source, execute, plan, settings
from simulator.varying import combinations

LOG = logging.getLogger(__name__)

SECONDS: Final = 10.0
"""Time for which finished results wait for others to be kept with them, at most; what ended within it may be lost."""

MANY: Final = 16
"""Scenarios for which it is worth while to start processes."""

TOGETHER: Final = 64
"""Results that are kept together, at most."""


@dataclass(frozen=True)
class Asked:
    """One scenario of a job."""

    name: str
    """Label in the store."""
    source: Source
    overrides: tuple[str, ...]
    fault: str = ""
    """Why its file cannot be read; empty where it can."""

    @property
    def key(self) -> str:
        """Digest of what was asked and of the software; the index is looked at beside it."""
        text = self.source.text if isinstance(self.source, Document) else str(self.source)
        where = str(Path(self.source.source).parent) if isinstance(self.source, Document) else ""
        told = json.dumps([text, where, self.overrides, software_versions()])
        return hashlib.sha256(told.encode()).hexdigest()


@dataclass
class Report:
    """What came of a job."""

    store: str
    done: int = 0
    """Scenarios that were run."""
    there: int = 0
    """Scenarios whose result was in the store already."""
    failed: dict[str, str] = field(default_factory=dict)
    """Those that failed, and why."""
    seconds: float = 0.0


def run_job(
    scenarios: Sequence[Source],
    store: str | Path | ResultStore,
    *,
    vary: Sequence[str] = (),
    draws: int | None = None,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    workers: int | None = None,
    backend: Backend | None = None,
    scheduler: str | None = None,
    checkpoint: str | Path | None = None,
    max_hours: float | None = None,
    max_memory: str | int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run many scenarios in parallel, and keep each result in a store.

    A scenario that fails does not stop the others. Run again, a job does only what is missing: what failed, what was
    not reached, and what would come out otherwise now, because its scenario, its index or the software has changed.

    Parameters
    ----------
    scenarios
        Names of shipped scenarios, paths of scenario files, or mappings of the same content.
    store
        Folder or fsspec address of the store, which is made if there is none; see `simulator.open_store`.
    vary
        Texts `path=values`: each scenario is run with every combination; see `simulator.varying.combinations`.
    draws, seed, overrides
        In place of the scenarios' own, before what varies.
    workers, backend, scheduler, max_hours, max_memory
        As of `simulator.run`; where scenarios are many, processes if no backend is given. With at least as many
        scenarios as workers each runs one, else all share the blocks of one after the other.
    checkpoint
        Folder of finished blocks of unfinished scenarios; beside a store in a folder, if not given.
    progress
        Called with the scenarios done and all that are to be run.

    Raises
    ------
    InputError
        Where what varies is not well-formed, or the store is none.
    StorageError
        Where the store cannot be written.
    StoppedError
        Where the time limit is reached; what is done is in the store.

    Examples
    --------
    >>> import tempfile, simulator as sim
    >>> place = tempfile.mkdtemp()
    >>> report = sim.run_job(["weights-only"], place, vary=["seed=1..3"], draws=100, workers=1)
    >>> report.done, sim.open_store(place).entries()[0].name
    (3, 'weights-only seed=1')
    >>> sim.run_job(["weights-only"], place, vary=["seed=1..4"], draws=100, workers=1).there
    3
    """
    asked = ask(scenarios, vary, settings(overrides, draws, seed))
    chosen = backend_for(len(asked), workers, backend)
    with open_running(workers, chosen, scheduler, None, max_hours, max_memory) as running:
        kept = store if isinstance(store, ResultStore) else open_store(store, create=True)
        return execute_job(asked, kept, running, folder_beside(kept.address, checkpoint), progress)


def ask(scenarios: Sequence[Source], vary: Sequence[str] = (), overrides: Sequence[str] = ()) -> list[Asked]:
    """Return the scenarios of a job, each with a name of its own; a file that cannot be read is one that will fail.

    Raises
    ------
    InputError
        Where what varies is not well-formed.
    """
    varied = combinations(vary)
    asked: list[Asked] = []
    for source in scenarios:
        name = _name(source)
        try:
            document: Source = open_scenario(source)
            fault = ""
        except InputError as error:
            document, fault = source, in_a_line(error)
        exact = isinstance(document, Document) and document.data.get("design") == "exhaustive"
        own = [one for one in overrides if not (exact and one.startswith("draws="))]  # it takes all that there are
        for settings_ in varied:
            asked.append(Asked(" ".join((name, *settings_)), document, (*own, *settings_), fault))
    counts: dict[str, int] = {}
    for number, one in enumerate(asked):
        counts[one.name] = counts.get(one.name, 0) + 1
        if counts[one.name] > 1:
            asked[number] = replace(one, name=f"{one.name} ({counts[one.name]})")
    return asked


def backend_for(scenarios: int, workers: int | None = None, backend: Backend | None = None) -> Backend:
    """Return where a job's workers are: processes where scenarios are many, unless it is said.

    What a scenario needs beside its draws is Python code, for which threads wait for each other.
    """
    if backend is not None:
        return backend
    return "processes" if scenarios >= MANY and workers != 1 else "threads"


def folder_beside(address: str, folder: str | Path | None = None) -> Path | None:
    """Return where unfinished scenarios of a job are kept; nothing beside a store that is in no folder."""
    if folder is not None:
        return Path(folder)
    return None if "://" in address else Path(f"{address.rstrip('/')}.unfinished")


def execute_job(
    asked: Sequence[Asked],
    store: ResultStore,
    running: Running,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """Run what is missing of a job; see `run_job`."""
    begun = time.perf_counter()
    missing = _missing(asked, store.entries())
    report = Report(store.address, there=len(asked) - len(missing))
    keeping = _Keeping(store)
    if progress is not None:
        progress(0, len(missing))
    try:
        for number, (one, outcome) in enumerate(_outcomes(missing, running, folder), start=1):
            keeping.take(outcome)
            report.done += outcome.result is not None
            if outcome.result is None:
                report.failed[one.name] = outcome.fault
            event = {"event": "scenario", "scenario": one.name, "seconds": outcome.seconds, "fault": outcome.fault}
            LOG.debug("%s: %s", one.name, outcome.fault or "done", extra=event)
            if progress is not None:
                progress(number, len(missing))
    except StoppedError as error:
        left = len(missing) - report.done - len(report.failed)
        raise StoppedError(f"{error}; {left} of {len(asked)} scenarios are left, run the same command again") from None
    finally:
        keeping.flush()
    if folder is not None and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    report.seconds = time.perf_counter() - begun
    return report


def in_a_line(error: Exception) -> str:
    """Return what went wrong in one line, for a list of failures."""
    if isinstance(error, InputError):
        return "; ".join(str(fault) for fault in error.faults)
    told = str(error).strip().splitlines()
    first = told[0] if told else ""
    return first if isinstance(error, CitysimError) else f"internal error: {type(error).__name__}: {first}"


class _Keeping:
    """Results on their way to the store: several are kept together, as each batch costs as much as one."""

    def __init__(self, store: ResultStore) -> None:
        self.store = store
        self.waiting: list[Kept] = []
        self.since = time.monotonic()

    def take(self, kept: Kept) -> None:
        if not self.waiting:
            self.since = time.monotonic()
        self.waiting.append(kept)
        if len(self.waiting) >= TOGETHER or time.monotonic() - self.since >= SECONDS:
            self.flush()

    def flush(self) -> None:
        waiting, self.waiting = self.waiting, []
        self.store.keep(waiting)


def _outcomes(missing: Sequence[Asked], running: Running, folder: Path | None) -> Iterator[tuple[Asked, Kept]]:
    """Yield what came of each scenario: each by one worker where there are enough of them, else by all together."""
    alone = Running(stop=running.stop, memory=running.memory)
    given = running.until_stopped(missing)
    if len(missing) < running.pool.workers:
        outcomes: Iterator[Kept] = map(partial(_outcome, running=running, folder=folder), given)
    elif running.pool.backend == "threads":
        outcomes = running.pool.each(partial(_outcome, running=alone, folder=folder), given)
    else:
        outcomes = running.pool.each(partial(_outcome_elsewhere, folder=folder), given)
    yield from zip(missing, outcomes, strict=False)  # fewer outcomes where it stops early
    given.refuse_to_go_on()


def _outcome_elsewhere(one: Asked, folder: Path | None) -> Kept:
    return _outcome(one, Running(), folder)


def _outcome(one: Asked, running: Running, folder: Path | None) -> Kept:
    """Run one scenario; what goes wrong is its fault alone."""
    begun = time.perf_counter()
    key = one.key
    result, fault = None, one.fault
    if not fault:
        checkpoint = None if folder is None else Checkpoint(folder / key, resume=True, seconds=SECONDS)
        try:
            result = _run(one, replace(running, ledger=checkpoint or Ledger()))
        except StoppedError:
            raise
        except Exception as error:
            LOG.debug("%s failed", one.name, exc_info=True, extra={"event": "failed", "scenario": one.name})
            fault = in_a_line(error)
        if checkpoint is not None:
            checkpoint.remove()
    return Kept(key, one.name, result, fault, round(time.perf_counter() - begun, 3))


def _run(one: Asked, running: Running) -> xr.Dataset:
    return execute(plan(one.source, one.overrides, opening=_opened), running)


def _opened(path: Path, year: int | None) -> Index:
    """Return an index, read once for all scenarios of a job as long as its files stay as they are."""
    stamps = tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in sorted(path.parent.iterdir()))
    return _read(path, year, stamps)


@lru_cache(maxsize=4)
def _read(path: Path, year: int | None, stamps: object) -> Index:
    return load_index(path, year=year)


def _missing(asked: Sequence[Asked], entries: Sequence[Entry]) -> list[Asked]:
    """Return what is not in a store, or was made of other data than there are now."""
    kept = {(entry.name, entry.key): entry for entry in entries if entry.status == "done"}
    now: dict[str, object] = {}
    missing = []
    for one in asked:
        entry = kept.get((one.name, one.key))
        if entry is not None and entry.index not in now:
            try:
                now[entry.index] = dict(_opened(locate_index(entry.index), None).hashes)
            except InputError:
                now[entry.index] = None
        if entry is None or now[entry.index] != dict(entry.input_sha256):
            missing.append(one)
    return missing


def _name(source: Source) -> str:
    """Return what a scenario is called in a store: its shipped name, or that of its file."""
    if isinstance(source, Document):
        return Path(source.source).stem
    if isinstance(source, (str, Path)):
        return Path(source).stem if Path(source).suffix else str(source)
    return str(source.get("name", "scenario"))
