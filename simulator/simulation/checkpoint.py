"""Finished blocks kept in a folder, so that a study that was killed goes on where it stood.

A file holds the tally of consecutive blocks. They are written once a second at most, and many small ones are joined to
larger ones, so that their number grows with the logarithm of the time. Each carries a checksum and the identity of the
study: what is torn or altered is noticed, and its blocks are run again.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout
from numpy.typing import NDArray

from simulator.checksums import TornError, read_checked, write_checked
from simulator.errors import Fault, InputError, StorageError
from simulator.simulation.ledger import Identity, Ledger, Segment, joined
from simulator.simulation.packing import pack, unpack

LOG = logging.getLogger(__name__)

SECONDS: Final = 1.0
"""Time between two writes; what was finished within it may be lost."""

LOCK: Final = ".lock"
"""File by which a run has the folder for itself."""

FILES: Final = 16
"""Files of a size that are joined to one."""

NAME: Final = re.compile(r"(\d+)-(\d+)-(\d+)-(\d+)\.blocks")

LONGEST: Final = 60
"""Letters of a value that are told."""

OTHER: Final = {
    "scenario": "of another scenario",
    "seed": "of another seed",
    "index": "of other data",
    "versions": "of other versions of the software",
    "shard": "of another shard",
}
"""What differs between two studies, in words."""


@dataclass(frozen=True, order=True)
class BlockFile:
    """A file of the folder: its experiment, the first block of its stretch, and its own blocks."""

    experiment: int
    stretch: int
    first: int
    end: int

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"{self.experiment:03d}-{self.stretch:08d}-{self.first:08d}-{self.end:08d}.blocks"


class Checkpoint(Ledger):
    """A ledger in a folder, which is made when there is something to keep.

    Parameters
    ----------
    folder
        Where the files are.
    resume
        Go on with what is there. Otherwise a folder with an unfinished study is refused, not overwritten.
    seconds
        Time between two writes.
    """

    def __init__(self, folder: Path, resume: bool = False, seconds: float = SECONDS) -> None:
        self.folder, self.resume, self.seconds = folder, resume, seconds
        self._identity: dict[str, Any] = {}
        self._fingerprint = ""
        self._experiment = -1
        self._stretch = range(0)
        self._pending: list[Segment] = []
        self._written = time.monotonic()
        self._failing = False
        self._lock = FileLock(folder / LOCK, thread_local=False)

    @property
    def seed(self) -> int | None:
        """Seed of the study that is kept there."""
        found = self._kept_identity() if self.resume else None
        return None if found is None else int(found["seed"])

    def open(self, identity: Identity) -> None:
        """Take up a study.

        Raises
        ------
        InputError
            Where the folder holds an unfinished study and this is not to go on with it, or it is of another one.
        """
        self._identity = dict(identity)
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(str(self.folder), [Fault("", "is no folder", "Name a folder for the checkpoint.")])
        if others := self._others():
            remedy = "Name a folder of its own for the checkpoint, which is made if there is none."
            raise InputError(str(self.folder), [Fault("", f"holds other things ({others[0]})", remedy)])
        if self.folder.is_dir():
            self._take()
        if self._files() and not self.resume:
            remedy = "Add --resume to go on with it, or remove the folder to begin anew."
            raise InputError(str(self.folder), [Fault("", "holds an unfinished run", remedy)])
        kept = self._kept_identity()
        if kept is not None:
            refuse_other(str(self.folder), kept, identity, "Remove the folder to begin anew.")

    def close(self) -> None:
        """Let others work in the folder."""
        self._lock.release(force=True)

    def begin(self, fingerprint: str) -> None:
        """Take up the next experiment."""
        self.flush()
        self._experiment += 1
        self._fingerprint = fingerprint

    def known(self, blocks: range) -> Iterator[Segment]:
        """Yield what is done of a stretch; a file that is not as it was written is left out, and removed."""
        at = blocks.start
        for file in sorted(self._files_of(blocks), key=lambda file: (file.first, -file.end)):
            if file.first < at or file.end > blocks.stop:  # joined to a larger one already, or of another size of run
                continue
            segment = self._read(file)
            if segment is not None:
                at = file.end
                yield segment

    def add(self, stretch: range, segment: Segment) -> None:
        """Remember finished blocks; they are written once enough time has passed since the last write."""
        if self._pending and (self._stretch != stretch or self._pending[-1].blocks.stop != segment.blocks.start):
            self.flush()
        self._stretch = stretch
        self._pending.append(segment)
        if time.monotonic() - self._written >= self.seconds:
            self.flush()

    def flush(self) -> None:
        """Write what is remembered. Where the disk is full, say so and go on: the run itself needs no file."""
        if not self._pending:
            return
        whole = joined(self._pending)
        self._pending = [whole]
        file = BlockFile(self._experiment, self._stretch.start, whole.blocks.start, whole.blocks.stop)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._take()
            self._write(file, whole)
            self._join_small_ones()
        except (StorageError, OSError) as error:
            level = logging.DEBUG if self._failing else logging.WARNING
            LOG.log(level, "checkpoint not written, the run goes on: %s", error, extra={"event": "checkpoint failed"})
            self._failing = True
        else:
            self._pending, self._failing = [], False
            LOG.debug(
                "checkpoint written: %s", file.name, extra={"event": "checkpoint", "blocks": [file.first, file.end]}
            )
        self._written = time.monotonic()

    @property
    def holds(self) -> bool:
        """Whether there is anything to go on with."""
        return bool(self._files())

    def remove(self) -> None:
        """Remove the blocks, and the folder if nothing else is in it: the study is finished, and its result is safe."""
        for file in self._files():
            (self.folder / file.name).unlink(missing_ok=True)
        (self.folder / LOCK).unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _take(self) -> None:
        """Take the folder for this run alone; the system lets it go with the process, however that ends."""
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            remedy = "Wait for it, or give this one another place."
            raise InputError(str(self.folder), [Fault("", "another run is at work here", remedy)]) from None

    def _others(self) -> list[str]:
        """Return what in the folder is not of a checkpoint; half-written files of its own begin with a dot."""
        if not self.folder.is_dir():
            return []
        names = (path.name for path in self.folder.iterdir())
        return sorted(name for name in names if NAME.fullmatch(name) is None and not name.startswith("."))

    def _files(self) -> list[BlockFile]:
        if not self.folder.is_dir():
            return []
        found = (NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(BlockFile(*map(int, one.groups())) for one in found if one is not None)

    def _files_of(self, stretch: range) -> list[BlockFile]:
        """Return the files of a stretch of the experiment that is under way."""
        return [file for file in self._files() if (file.experiment, file.stretch) == (self._experiment, stretch.start)]

    def _kept_identity(self) -> dict[str, Any] | None:
        """Return the identity that the first whole file tells."""
        for file in self._files():
            try:
                return dict(read_checked(self.folder / file.name)[0]["identity"])
            except (TornError, OSError):
                continue
        return None

    def _write(self, file: BlockFile, segment: Segment) -> None:
        arrays: dict[str, NDArray[Any]] = {}
        tree = pack(segment, arrays)
        header = {"identity": self._identity, "fingerprint": self._fingerprint, "segment": tree}
        write_checked(self.folder / file.name, header, arrays)

    def _read(self, file: BlockFile) -> Segment | None:
        path = self.folder / file.name
        try:
            header, arrays = read_checked(path)
        except (TornError, OSError) as error:
            LOG.warning("%s; its blocks are run again", error, extra={"event": "torn", "file": str(path)})
            path.unlink(missing_ok=True)
            return None
        segment: Segment = unpack(header["segment"], arrays)
        same = header["identity"] == self._identity and header["fingerprint"] == self._fingerprint
        if not same or segment.blocks != range(file.first, file.end):
            LOG.warning("%s is of another run; left aside", path, extra={"event": "other", "file": str(path)})
            path.unlink(missing_ok=True)
            return None
        return segment

    def _join_small_ones(self) -> None:
        """Join the last files to one, where they are as many as make a larger size."""
        while True:
            tail = self._files_of(self._stretch)[-FILES:]
            apart = any(one.end != other.first for one, other in itertools.pairwise(tail))
            sizes = [file.end - file.first for file in tail]
            if len(tail) < FILES or apart or sizes[0] > FILES * max(sizes[-1], 1):
                return
            segments = [self._read(file) for file in tail]
            if any(segment is None for segment in segments):
                return
            whole = joined([segment for segment in segments if segment is not None])
            self._write(BlockFile(tail[0].experiment, tail[0].stretch, tail[0].first, tail[-1].end), whole)
            for file in tail:
                (self.folder / file.name).unlink(missing_ok=True)


def refuse_other(source: str, kept: Identity, asked: Identity, remedy: str) -> None:
    """Refuse what is kept of another study than is asked for, telling what differs.

    Raises
    ------
    InputError
        Where anything differs.
    """
    if faults := [Fault("", f"is {what}", remedy) for what in differing(asked, kept)]:
        raise InputError(source, faults)


def differing(one: Identity, other: Identity) -> list[str]:
    """Return in what another study differs from one, in words.

    >>> differing({"seed": 1}, {"seed": 2})
    ['of another seed (2 instead of 1)']
    """
    return [
        f"{words} ({_told(one.get(part), other.get(part))})"
        for part, words in OTHER.items()
        if one.get(part) != other.get(part)
    ]


def _told(mine: Any, theirs: Any) -> str:
    """Return how another value differs; of mappings, which keys do."""
    if isinstance(mine, dict) and isinstance(theirs, dict):
        names = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
        return ", ".join(f"{name} {_short(theirs.get(name))} instead of {_short(mine.get(name))}" for name in names)
    return f"{_short(theirs)} instead of {_short(mine)}"


def _short(value: Any) -> str:
    text = "nothing" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
