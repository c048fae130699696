"""Options that say how a study is run: by which workers, with which limits, where it is kept and logged."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from simulator.cli.outputs import STANDARD_OUTPUT, refuse_unwritable
from simulator.cli.waiting import going_on, stopping_when_asked
from simulator.errors import CitysimError, Fault, InputError

if TYPE_CHECKING:
    from simulator.simulation.checkpoint import Checkpoint
    from simulator.simulation.pool import Backend
    from simulator.simulation.running import Running

F = TypeVar("F", bound=Callable[..., Any])

UNFINISHED = ".unfinished"
"""What the folder of a checkpoint is called, behind the name of the output."""


@dataclass(frozen=True)
class Means:
    """What the options of a command say of how to run."""

    workers: int | None
    backend: Backend | None
    scheduler: str | None
    checkpoint: str | None
    resume: bool
    max_hours: float | None
    max_memory: str | None
    log: str | None

    def on(self, backend: Backend) -> Means:
        """Return the same on a certain backend."""
        return replace(self, backend=backend)

    @contextmanager
    def checkpoint_beside(self, output: str | None) -> Iterator[Checkpoint | None]:
        """Give the checkpoint of a run, beside its output where no folder is named; it goes once all has gone well.

        Raises
        ------
        InputError
            Where a run is to go on, and neither is named.
        """
        from simulator.simulation.checkpoint import Checkpoint

        if self.checkpoint is None and output is None:
            if self.resume:
                remedy = "Name the --out FILE of the run that is to go on, or its --checkpoint FOLDER."
                raise InputError("options", [Fault("--resume", "nothing says where the unfinished run is", remedy)])
            yield None
            return
        folder = Path(self.checkpoint or f"{output}{UNFINISHED}")
        if not folder.exists():
            refuse_unwritable(str(folder))
        checkpoint = Checkpoint(folder, self.resume)
        yield checkpoint
        checkpoint.remove()


def running_options(command: F) -> F:
    """Give a command the options of how to run, as one argument `means`."""
    options = [
        click.option("--workers", type=int, help="Parallel workers; all processors by default. They change no result."),
        click.option(
            "--backend",
            type=click.Choice(["threads", "processes", "dask", "ray"]),
            help="Where the workers are.  [default: threads; of many scenarios processes]",
        ),
        click.option("--scheduler", metavar="ADDRESS", help="Scheduler of a cluster, such as tcp://10.0.0.1:8786."),
        click.option(
            "--checkpoint", metavar="FOLDER", help="Keep finished blocks here.  [default: beside --out, while it runs]"
        ),
        click.option("--resume", is_flag=True, help="Go on with a run that did not come to its end."),
        click.option("--max-hours", type=float, metavar="HOURS", help="Stop cleanly after so long, to be resumed."),
        click.option("--max-memory", metavar="SIZE", help="What the run may take, such as 4GB."),
        click.option("--log", metavar="FILE", help="Write what happens as JSON, a line an event; - for the screen."),
    ]

    @functools.wraps(command)
    def collected(*given: Any, **named: Any) -> Any:
        own = {name: named.pop(name) for name in Means.__dataclass_fields__}
        return command(*given, means=Means(**own), **named)

    for option in reversed(options):
        collected = option(collected)
    return collected  # type: ignore[return-value]


@contextmanager
def running(means: Means, checkpoint: Checkpoint | None) -> Iterator[Running]:
    """Give the means to run, as the options say; what stops a run before its end tells how to go on with it."""
    from simulator.simulation.running import open_running

    with stopping_when_asked() as asked, logged(means.log):
        try:
            with open_running(
                means.workers,
                means.backend or "threads",
                means.scheduler,
                checkpoint,
                means.max_hours,
                means.max_memory,
                asked,
            ) as opened:
                yield opened
        except CitysimError as error:
            if isinstance(error, InputError) or checkpoint is None:
                raise
            checkpoint.flush()
            if not checkpoint.holds:
                raise
            raise type(error)(f"{error}; {going_on(str(checkpoint.folder))}") from None


@contextmanager
def logged(path: str | None) -> Iterator[None]:
    """Write what the engine tells to a file as JSON lines, while this lasts."""
    if path is None:
        yield
        return
    from pythonjsonlogger.json import JsonFormatter

    refuse_unwritable(path)
    handler = logging.StreamHandler() if path == STANDARD_OUTPUT else logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(message)s", json_ensure_ascii=False))
    log = logging.getLogger("simulator")
    former, level = list(log.handlers), log.level
    for other in former:
        other.setLevel(logging.INFO)
    log.handlers = [handler] if path == STANDARD_OUTPUT else [*former, handler]
    log.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        log.handlers, log.level = former, level
        handler.close()
