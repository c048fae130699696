"""How a study is run: by which workers, with which memory, until when. Nothing of it changes a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from simulator.errors import CitysimError, Fault, InputError
from simulator.simulation.ledger import Ledger
from simulator.simulation.memory import read_size, workers_within
from simulator.simulation.pool import Backend, Pool, open_pool, refuse_pool, worker_count

Task = TypeVar("Task")

STOPPED = 75
"""Exit code of a run that stopped before its end and can go on: EX_TEMPFAIL of sysexits.h."""


class StoppedError(CitysimError):
    """A run has stopped before its end, as it was asked to; what it had done is kept where it has a checkpoint."""

    exit_code = STOPPED


@dataclass(frozen=True)
class Running:
    """How a study is run (convention 8: its result is the same however that is)."""

    pool: Pool = field(default_factory=Pool)
    ledger: Ledger = field(default_factory=Ledger)
    """What is done already, and where finished blocks are kept."""
    stop: Callable[[], str] = str
    """Returns why to stop now; nothing as long as there is no reason to."""
    memory: int | None = None
    """Bytes that this process, and the others on this machine that it starts, may take; no limit if not given."""
    search_seconds: float | None = None
    """Seconds that one search for a plan may take; its best one is then taken, as not proven. No limit if not given."""

    def until_stopped(self, tasks: Iterable[Task]) -> UntilStopped[Task]:
        """Return tasks that end early once there is a reason to stop; those that were handed out come to their end."""
        return UntilStopped(tasks, self.stop)


class UntilStopped(Generic[Task]):
    """Tasks, as long as there is no reason to stop.

    >>> reasons = iter(["", "", "enough"])
    >>> some = UntilStopped([1, 2, 3], lambda: next(reasons))
    >>> list(some), some.why
    ([1, 2], 'enough')
    """

    def __init__(self, tasks: Iterable[Task], stop: Callable[[], str]) -> None:
        self.tasks, self.stop = tasks, stop
        self.why = ""
        """Why the tasks ended early; nothing if they did not."""

    def __iter__(self) -> Iterator[Task]:
        for task in self.tasks:
            self.why = self.stop()
            if self.why:
                return
            yield task

    def refuse_to_go_on(self) -> None:
        """Raise where tasks were left.

        Raises
        ------
        StoppedError
            With the reason.
        """
        if self.why:
            raise StoppedError(self.why)


def after_hours(hours: float) -> Callable[[], str]:
    """Return a reason to stop that holds from so many hours on.

    >>> after_hours(0.0)(), after_hours(1.0)()
    ('the time limit of 0 hours is reached', '')
    """
    end = time.monotonic() + hours * 3600.0
    return lambda: f"the time limit of {hours:g} hours is reached" if time.monotonic() >= end else ""


def either(*reasons: Callable[[], str]) -> Callable[[], str]:
    """Return a reason to stop that holds where any of several does."""
    return lambda: next((told for reason in reasons if (told := reason())), "")


@contextmanager
def open_running(
    workers: int | None = None,
    backend: Backend = "threads",
    scheduler: str | None = None,
    ledger: Ledger | None = None,
    max_hours: float | None = None,
    max_memory: str | int | None = None,
    stop: Callable[[], str] = str,
) -> Iterator[Running]:
    """Give the means to run studies, and close what was started for them.

    Parameters
    ----------
    workers, backend, scheduler
        See `simulator.simulation.pool.open_pool`.
    ledger
        What is done already, and where finished blocks are kept; nothing is remembered if not given.
    max_hours
        Time after which a run stops; counted from here.
    max_memory
        What the run may take on this machine, such as `2 GB` or a number of bytes.
    stop
        Another reason to stop.

    Raises
    ------
    InputError
        Where one of these cannot be.
    """
    if max_hours is not None and not max_hours > 0.0:
        raise InputError("max hours", [Fault("", f"{max_hours} is no time", "Give more than 0.")])
    memory = None if max_memory is None else read_size(max_memory)
    reasons = [stop] if max_hours is None else [after_hours(max_hours), stop]
    refuse_pool(workers, backend, scheduler)
    if memory is not None and backend != "threads" and scheduler is None:
        workers = workers_within(memory, worker_count(workers))
    with open_pool(workers, backend, scheduler) as pool:
        yield Running(pool, Ledger() if ledger is None else ledger, either(*reasons), memory)
