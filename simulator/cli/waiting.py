"""While a study runs: progress with the time that remains, and how it is left before its end."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

LOG = logging.getLogger(__name__)

INTERRUPTED = "interrupted; no file is half-written"
SHOW_CURSOR = "\x1b[?25h"

MINUTE = 60.0
"""Seconds between two lines of progress where there is no bar."""

Move = Callable[[int, int], None]


@contextmanager
def leaving_at_once(checkpoint: Path | None = None) -> Iterator[None]:
    """Leave the process at the first interrupt, as long as nothing is being written.

    An exception raised in the middle of a compilation can leave the compiler's lock held, and the process hanging.
    Where finished blocks are kept in a folder, the last word is how to go on.
    """

    def leave(*_: object) -> None:
        cursor = SHOW_CURSOR if sys.stderr.isatty() else ""
        kept = checkpoint is not None and any(checkpoint.glob("*.blocks"))
        told = f"interrupted; {going_on(str(checkpoint))}" if kept else INTERRUPTED
        os.write(2, f"{cursor}{told}\n".encode())
        os._exit(130)

    with _answering(signal.SIGINT, leave):
        yield


def going_on(checkpoint: str) -> str:
    """Return how a run that did not come to its end goes on."""
    return f"what is done is kept in {checkpoint}, and the same command with --resume goes on"


@contextmanager
def stopping_when_asked() -> Iterator[Callable[[], str]]:
    """Give a reason to stop that holds once a scheduler asks for it (SIGTERM); asked twice, the process leaves."""
    asked: list[str] = []

    def note(*_: object) -> None:
        if asked:
            os._exit(128 + signal.SIGTERM)
        asked.append("asked to stop (SIGTERM)")

    with _answering(signal.SIGTERM, note):
        yield lambda: asked[0] if asked else ""


@contextmanager
def _answering(number: signal.Signals, answer: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(number, answer)
    try:
        yield
    finally:
        signal.signal(number, former)


@contextmanager
def progress_bar(quiet: bool, unit: str = "draws") -> Iterator[Move | None]:
    """Give a function that tells how far a study is: by a bar on a terminal, else by a line a minute; or none."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        yield Pace(unit).tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("preparing (the first run compiles)", total=None)

        def move(done: int, total: int) -> None:
            bar.update(task, description=unit, completed=done, total=total)

        yield move


class Pace:
    """How fast a study goes, told a line a minute in the log.

    >>> clock = iter([0.0, 10.0, 70.0])
    >>> pace = Pace("draws", lambda: next(clock))
    >>> pace.tell(1_000, 10_000), pace.remaining
    (None, None)
    >>> pace.tell(4_000, 10_000), pace.remaining
    (None, 120.0)
    """

    def __init__(self, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.unit, self.clock = unit, clock
        self.told = clock()
        self.remaining: float | None = None
        """Seconds that remain, as far as can be told."""
        self._first: tuple[float, int] | None = None

    def tell(self, done: int, total: int) -> None:
        """Take note of how far it is; say so if a minute has passed."""
        now = self.clock()
        if self._first is None:  # what a ledger knew already was not done at this pace
            self._first = (now, done)
        begun, had = self._first
        self.remaining = (now - begun) * (total - done) / (done - had) if done > had else None
        if now - self.told >= MINUTE and self.remaining is not None:
            self.told = now
            LOG.info(
                "%s of %s %s (%.0f %%), %s left",
                f"{done:,}",
                f"{total:,}",
                self.unit,
                100.0 * done / total,
                in_words(self.remaining),
                extra={"event": "progress", "done": done, "total": total, "remaining": round(self.remaining)},
            )


def in_words(seconds: float) -> str:
    """Return a time as people say it.

    >>> in_words(42), in_words(150), in_words(8000)
    ('42 s', '2 min 30 s', '2 h 13 min')
    """
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
