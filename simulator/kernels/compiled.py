"""The one way this package compiles a function."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import numba
from numba.core.event import Event, Listener, register

LOG = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])


def _sources_digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


SOURCES_DIGEST = _sources_digest()
"""Changes with any file of this room."""


class _Announcement(Listener):
    """Says, once, that something is being compiled: it takes a while, and is not done again."""

    told = False

    def on_start(self, event: Event) -> None:
        """Say so at the first."""
        if not self.told:
            type(self).told = True
            LOG.info("compiling for this processor, about 20 seconds; the next run finds it done")

    def on_end(self, event: Event) -> None:
        """Nothing is to be said of the end."""


register("numba:compile", _Announcement())  # type: ignore[no-untyped-call]


def compiled(function: F) -> F:
    """Return `function` compiled on first call, cached between runs, without the interpreter's lock.

    No reassociation of sums is allowed (convention 8), so results do not depend on how the compiler vectorises.
    """
    return _compiled(function, "never")


def part(function: F) -> F:
    """Return `function` compiled likewise, but within what calls it, not by itself, which would take as long again."""
    return _compiled(function, "always")


def _compiled(function: F, inline: Literal["never", "always"]) -> F:
    dispatcher: Any = numba.njit(cache=True, nogil=True, error_model="numpy", inline=inline)(function)
    # Numba's cache looks at the file of the function alone, but compiled code holds what it calls in other files too.
    dispatcher._cache._cache_file._source_stamp = SOURCES_DIGEST
    return cast(F, dispatcher)
