"""Refusals: what a page is told of a request that cannot be answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator.errors import CitysimError, Fault, InputError
from simulator.simulation.running import StoppedError

MOST_TOLD = 5
"""Faults that a page is told; whoever mends these asks again."""

SECONDS = 30.0
"""How long an answer may take, waiting included."""

LONGEST = 600
"""Characters of each."""


class RefusedError(Exception):
    """A request that cannot be answered, with the HTTP status and a code that pages have words for."""

    def __init__(self, status: int, code: str, faults: Sequence[Fault] = ()) -> None:
        self.status = status
        self.code = code
        self.faults = tuple(faults)
        super().__init__(code)

    def told(self) -> dict[str, Any]:
        """Return the refusal as a page reads it."""
        faults = [
            {"place": one.place, "problem": one.problem[:LONGEST], "remedy": one.remedy[:LONGEST]}
            for one in self.faults[:MOST_TOLD]
        ]
        return {"refused": {"code": self.code, "faults": faults, "more": len(self.faults) - len(faults)}}


def too_slow() -> RefusedError:
    """Return the refusal of what takes too long."""
    return RefusedError(503, "too-slow", [Fault("", f"took longer than {SECONDS:g} seconds")])


def refusal_of(error: CitysimError) -> RefusedError:
    """Return what the engine refused, as a page is told of it.

    >>> refusal_of(InputError("scenario", [Fault("draws", "-1 is out of range")])).told()["refused"]["code"]
    'scenario'
    """
    if isinstance(error, StoppedError):
        return too_slow()
    faults = error.faults if isinstance(error, InputError) else [Fault("", str(error))]
    return RefusedError(422, "scenario", faults)
