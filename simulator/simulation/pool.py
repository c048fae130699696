"""Where blocks are run: threads or processes of this machine, or workers of a cluster, all through joblib."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, Literal, TypeVar, get_args

import joblib

from simulator.errors import CitysimError, Fault, InputError
from simulator.provenance import software_versions

Backend = Literal["threads", "processes", "dask", "ray"]
BACKENDS: Final[tuple[Backend, ...]] = get_args(Backend)

OF_JOBLIB: Final = {"threads": "threading", "processes": "loky", "dask": "dask", "ray": "ray"}

TURNS: Final = 4
"""Tasks for each worker, so that a slow one does not keep the others waiting."""
ADDRESS: Final = re.compile(r"\w+://.+:\d+/?")
PATIENCE: Final = "30s"
"""Time for which an answer of a scheduler is waited for."""
MOST_BLOCKS: Final = 16
"""Blocks in a task, at most: they are what is lost with a worker."""

Task = TypeVar("Task")
Done = TypeVar("Done")


class LostError(CitysimError):
    """The workers are gone; what was done may be kept in a checkpoint."""


@dataclass(frozen=True)
class Pool:
    """Workers. What they return does not depend on their kind or number (convention 8)."""

    workers: int = 1
    backend: Backend = "threads"
    client: Any = None
    """Client of a Dask cluster. It is no one's default, so that nothing else goes to the cluster."""

    def each(self, function: Callable[[Task], Done], tasks: Iterable[Task]) -> Iterator[Done]:
        """Yield what a function returns for each task, in the order of the tasks.

        Tasks are taken up as workers become free, so that neither all tasks nor all that they return are in memory.

        Raises
        ------
        LostError
            Where the cluster is gone.
        """
        if self.workers == 1 and self.backend == "threads":
            yield from map(function, tasks)
            return
        with joblib.parallel_config(backend=OF_JOBLIB[self.backend], **self._settings()):
            parallel = joblib.Parallel(n_jobs=self.workers, return_as="generator", batch_size=1)
            outputs = parallel(joblib.delayed(function)(task) for task in tasks)
            try:
                for one in outputs:  # noqa: UP028  # `yield from` would hand an early end on, with a warning
                    yield one
            except Exception as error:
                if type(error).__module__.partition(".")[0] != "distributed":
                    raise
                raise LostError(f"the Dask cluster is lost ({str(error) or type(error).__name__})") from None
            finally:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    outputs.close()

    def _settings(self) -> dict[str, Any]:
        """Return what joblib is told of the backend."""
        if self.backend == "processes":
            return {"initializer": _end_with, "initargs": (os.getpid(),)}
        return {"client": self.client} if self.backend == "dask" else {}

    def cut(self, blocks: range) -> list[range]:
        """Return blocks as tasks: one by one among threads, several at a time where a task has to travel.

        >>> Pool(2, "processes").cut(range(20))[:2]
        [range(0, 3), range(3, 6)]
        """
        travels = self.backend != "threads"
        size = max(1, min(MOST_BLOCKS, -(-len(blocks) // (TURNS * self.workers)))) if travels else 1
        return [blocks[start : start + size] for start in range(0, len(blocks), size)]


def worker_count(workers: int | None) -> int:
    """Return how many workers are meant: as many as there are processors where no number is given."""
    return int(joblib.cpu_count()) if workers is None else workers


def threads(workers: int | None = None) -> Pool:
    """Return threads of this process, as many as there are processors where no number is given.

    Raises
    ------
    InputError
        Where it is no number of workers.
    """
    refuse_pool(workers, "threads", None)
    return Pool(worker_count(workers))


@contextmanager
def open_pool(workers: int | None = None, backend: Backend = "threads", scheduler: str | None = None) -> Iterator[Pool]:
    """Give workers, and close what was started for them.

    Parameters
    ----------
    workers
        How many; as many as there are processors, or as the cluster has, where not given.
    backend
        `threads` of this process, `processes` of this machine, `dask` for a Dask cluster, `ray` for a Ray one.
    scheduler
        Address of the cluster's scheduler, such as `tcp://10.0.0.1:8786`. Without it a cluster is started on this
        machine, and closed at the end.

    Raises
    ------
    InputError
        Where there is no such backend or cluster, its library is not installed, or its workers have other versions of
        the software, with which results would not be the same.
    """
    refuse_pool(workers, backend, scheduler)
    with ExitStack() as opened:
        if backend == "dask":
            client = opened.enter_context(_dask(workers, scheduler))
            yield Pool(_threads_of(client, scheduler), backend, client)
        elif backend == "ray":
            yield Pool(_ray(workers, scheduler), backend)
        else:
            yield Pool(worker_count(workers), backend)


def refuse_pool(workers: int | None, backend: str, scheduler: str | None) -> None:
    """Refuse what cannot be opened, before any work.

    Raises
    ------
    InputError
        With every fault.
    """
    faults = []
    if workers is not None and workers < 1:
        faults.append(Fault("workers", f"{workers} is not a number of workers", "Give 1 or more."))
    if backend not in BACKENDS:
        faults.append(Fault("backend", f"{backend!r} is not known", f"Known: {', '.join(BACKENDS)}."))
    if scheduler is not None and backend not in ("dask", "ray"):
        faults.append(Fault("scheduler", f"{backend} need none", "Add the backend dask, or leave it out."))
    if scheduler is not None and workers is not None and backend == "dask":
        faults.append(Fault("workers", "the cluster has its own workers", "Leave it out, or the scheduler."))
    if scheduler is not None and backend == "dask" and ADDRESS.fullmatch(scheduler) is None:
        faults.append(Fault("scheduler", f"{scheduler!r} is no address", "Write it like tcp://10.0.0.1:8786."))
    needed = {"dask": "distributed", "ray": "ray"}.get(backend)
    if needed is not None and find_spec(needed) is None:
        remedy = f"Install it: python -m pip install {needed}" + (
            ", or the extra `dask`." if backend == "dask" else "."
        )
        faults.append(Fault("backend", f"{backend} needs {needed}", remedy))
    if faults:
        raise InputError("workers", faults)


def _end_with(parent: int) -> None:
    """End this process soon after the one that started it, which may be killed without a word."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _dask(workers: int | None, scheduler: str | None) -> Iterator[Any]:
    """Give a client of a Dask cluster, one that is there or one of its own."""
    from distributed import Client, LocalCluster

    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what is wrong is told once, by us
    with ExitStack() as opened:
        if scheduler is None:
            scratch = opened.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            cluster: Any = opened.enter_context(
                LocalCluster(
                    n_workers=worker_count(workers),
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    local_directory=scratch,
                )
            )
        else:
            cluster = scheduler
        try:
            client = opened.enter_context(Client(cluster, timeout=PATIENCE, set_as_default=False))
        except (OSError, ValueError) as error:
            fault = Fault("scheduler", f"no scheduler answers at {scheduler} ({error})", "Start one: dask scheduler.")
            raise InputError("workers", [fault]) from None
        yield client


def _threads_of(client: Any, scheduler: str | None) -> int:
    """Return how many tasks the workers of a cluster run at once; refuse one without, or of other versions."""
    threads = sum(client.nthreads().values())
    here = software_versions()
    differing = sorted(
        {
            f"{name} {there.get(name)} on {worker}, {here[name]} here"
            for worker, there in client.run(software_versions).items()
            for name in here
            if there.get(name) != here[name]
        }
    )
    faults = [Fault("scheduler", f"workers have other versions: {one}", "Install the same.") for one in differing]
    if threads == 0:
        faults.append(Fault("scheduler", f"{scheduler} has no workers", "Start some: dask worker ADDRESS."))
    if faults:
        raise InputError("workers", faults)
    return int(threads)


def _ray(workers: int | None, scheduler: str | None) -> int:
    """Register Ray with joblib, by Ray's own means, and return how many workers it has."""
    import ray  # type: ignore[import-not-found, unused-ignore]
    from ray.util.joblib import register_ray  # type: ignore[import-not-found, unused-ignore]

    ray.init(address=scheduler, num_cpus=None if scheduler else workers, ignore_reinit_error=True)
    register_ray()
    return workers or int(ray.cluster_resources().get("CPU", 1))
