"""Quiet for code that writes to the screen past Python, as a solver does where it mends an answer."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SCREEN = 1
"""Number of the standard output as the operating system counts files."""


@contextmanager
def silenced() -> Iterator[None]:
    """Throw away what is written to the standard output of the process meanwhile, by any of its threads.

    >>> with silenced():
    ...     written = os.write(1, b"heard by nobody")
    >>> written
    15
    """
    try:
        kept = os.dup(_SCREEN)
    except OSError:  # there is no such output, so nothing can be seen on it
        yield
        return
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _SCREEN)
        yield
    finally:
        _flush_below_python()
        os.dup2(kept, _SCREEN)
        os.close(nowhere)
        os.close(kept)


def _flush_below_python() -> None:
    """Write out what C libraries hold back, so that it does not turn up later."""
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
