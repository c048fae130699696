"""One root for every error that citysim raises on purpose, and the faults that bad input is reported as."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class CitysimError(Exception):
    """Root of all errors raised on purpose. The command line prints the message and leaves with `exit_code`."""

    exit_code = 1


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where it stands, what is wrong, and what would mend it."""

    place: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.problem}" if self.place else self.problem
        return f"{text}. {self.remedy}" if self.remedy else text


class InputError(CitysimError):
    """A user's input cannot be used. Holds every fault found, not only the first.

    >>> print(InputError("index.yaml", [Fault("root.weight", "-1 is negative", "Give 0 or more.")]))
    index.yaml: 1 fault
      root.weight: -1 is negative. Give 0 or more.
    """

    exit_code = 2

    def __init__(self, source: str, faults: Iterable[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)
        super().__init__(source, self.faults)

    def __str__(self) -> str:
        count = f"{len(self.faults)} fault{'' if len(self.faults) == 1 else 's'}"
        return "\n".join([f"{self.source}: {count}", *(f"  {fault}" for fault in self.faults)])


class DrawError(CitysimError):
    """A matrix cannot be scored by the methods asked for. Convention 10: a draw that fails is an error, not a hole."""

    exit_code = 2


class StorageError(CitysimError):
    """A result could not be written. What stood there before still stands."""


def nearest(word: str, known: Sequence[str], count: int = 3) -> list[str]:
    """Return up to `count` of `known` that are spelt most like `word`, best first, whatever their case.

    >>> nearest("Hefey", ["hefei", "hangzhou", "harbin"])
    ['hefei']
    """
    by_folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), list(by_folded), n=count, cutoff=0.5)
    return [by_folded[name] for name in close]


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return the remedy for an unknown name: the nearest known ones, or all of them where there are few.

    >>> did_you_mean("zscore", ["z-score", "min-max", "rank"])
    'Did you mean z-score?'
    """
    close = nearest(word, known)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    listed = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
    return f"Known: {listed}." if known else ""
