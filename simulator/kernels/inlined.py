"""Functions that write their own code into compiled functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.core.errors import TypingError
from numba.extending import intrinsic

Code = Any
"""A value in the code being written."""


def inlined(write: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function for compiled code, made of one that writes that code."""
    made: Callable[..., Any] = intrinsic(write)
    return made


def refuse_other_layouts(*arrays: Any) -> None:
    """Refuse arrays whose rows do not follow one another in memory, which the code written here relies on.

    Raises
    ------
    TypingError
        When a function is compiled that hands over such an array.
    """
    if any(array.layout != "C" for array in arrays):
        raise TypingError("rows must follow one another: pass an array in C order")
