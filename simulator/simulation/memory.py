"""Memory that a run may take: how many draws are realised at a time, by how many workers."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from pydantic import ByteSize, TypeAdapter, ValidationError

from simulator.errors import Fault, InputError


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
        size = int(TypeAdapter(ByteSize).validate_python(given))
    except ValidationError:
        size = 0
    if size > 0:
        return size
    raise InputError("max memory", [Fault("", f"{given!r} is no size of memory", "Write it like 2 GB or 512 MiB.")])


def memory_taken() -> int:
    """Return the bytes that this process has taken at most so far; 0 where the system does not tell."""
    if find_spec("resource") is None:
        return 0
    import resource

    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return taken if sys.platform == "darwin" else 1024 * taken
