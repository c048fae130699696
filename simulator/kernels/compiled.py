"""The one way this package compiles a function."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def _sources_digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


SOURCES_DIGEST = _sources_digest()
"""Changes with any file of this room."""


def compiled(function: F) -> F:
    """Return `function` compiled on first call, cached between runs, without the interpreter's lock.

    No reassociation of sums is allowed (convention 8), so results do not depend on how the compiler vectorises.
    """
    dispatcher: Any = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    # Numba's cache looks at the file of the function alone, but compiled code holds what it calls in other files too.
    dispatcher._cache._cache_file._source_stamp = SOURCES_DIGEST
    return cast(F, dispatcher)
