"""Functions that write their own code into compiled functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.extending import intrinsic

Code = Any
"""A value in the code being written."""


def inlined(write: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function for compiled code, made of one that writes that code."""
    made: Callable[..., Any] = intrinsic(write)
    return made
