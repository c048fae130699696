"""The one way this package compiles a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Return `function` compiled on first call, cached between runs, without the interpreter's lock.

    No reassociation of sums is allowed (convention 8), so results do not depend on how the compiler vectorises.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))
