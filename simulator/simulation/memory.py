"""Memory that a run may take: how many draws are realised at a time, by how many workers."""

from __future__ import annotations

import math
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pydantic import ByteSize, TypeAdapter, ValidationError

from simulator.errors import Fault, InputError

CELL: Final = 40
"""Bytes that a cell of drawn values takes with all that is made of it: its value, copies, keys and scores."""


RESULT: Final = 64_000_000
"""Bytes that are left for the result: its figures, tables and files."""

WRITTEN: Final = re.compile(r"\s*\d+(\.\d+)?\s*[A-Za-z]*\s*")
"""A number and a unit: the reader of sizes would take what it can and leave the rest."""


def read_size(given: str | int) -> int:
    """Return a size of memory in bytes.

    Raises
    ------
    InputError
        Where it is no size.

    Examples
    --------
    >>> read_size("2 GB"), read_size("512 MiB"), read_size(1000)
    (2000000000, 536870912, 1000)
    """
    try:
        whole = isinstance(given, int) or WRITTEN.fullmatch(given) is not None
        size = int(TypeAdapter(ByteSize).validate_python(given)) if whole else 0
    except ValidationError:
        size = 0
    if size > 0:
        return size
    raise InputError("max memory", [Fault("", f"{given!r} is no size of memory", "Write it like 2 GB or 512 MiB.")])


def memory_taken() -> int:
    """Return the bytes that this process has taken at most so far; 0 where the system does not tell.

    Linux hands `ru_maxrss` of a process on to the child that it starts, so that a large parent would hide a small
    child; `VmHWM` is of this process alone.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        peak = re.search(r"VmHWM:\s*(\d+) kB", status.read_text(encoding="ascii"))
        if peak is not None:
            return 1024 * int(peak[1])
    if find_spec("resource") is None:
        return 0
    import resource

    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return taken if sys.platform == "darwin" else 1024 * taken


def workers_within(memory: int, workers: int) -> int:
    """Return how many processes fit, each as large as this one, which only hands out the work; 1 at least."""
    return max(1, min(workers, memory // max(memory_taken(), 1) - 1))


def cells_within(memory: int, workers: int, cells: tuple[int, int], kept: int) -> int:
    """Return how many cells each worker of this process may hold at a time.

    Parameters
    ----------
    memory
        Bytes that the process may take.
    workers
        How many of them share it.
    cells
        Cells that a worker holds at a time where memory is no matter, and the least with which it can work.
    kept
        Bytes of the draws that are kept.

    Raises
    ------
    InputError
        Where it is too little, with what would do.
    """
    taken = memory_taken()
    usual, least = cells
    room = (memory - taken - kept - RESULT) // (workers * CELL)
    if room >= least:
        return min(room, usual)
    needed = taken + kept + RESULT + workers * CELL * least
    others = ", or do not keep the draws" if kept else ", or fewer workers" if workers > 1 else ""
    remedy = f"Give {math.ceil(needed / 1e6)} MB{others}."
    raise InputError("max memory", [Fault("", f"{memory / 1e6:,.3g} MB do not suffice", remedy)])
