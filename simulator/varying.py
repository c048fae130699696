"""Many scenarios out of one: values that are put in place of its own, each with each."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from simulator.errors import Fault, InputError

MOST = 1_000_000
"""Combinations that a job may have; more are a slip of the pen."""

SPAN = re.compile(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*")


def combinations(varied: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the settings `path=value` of every combination of values, the last path varying first.

    Parameters
    ----------
    varied
        Texts `path=values`: values with commas between, also whole numbers from one to another, as `1..100`.

    Raises
    ------
    InputError
        With every text that is not so; or where there are more than a million combinations.

    Examples
    --------
    >>> combinations(["factors.data-error.size=0.1,0.2", "seed=1..2"])[:2]
    [('factors.data-error.size=0.1', 'seed=1'), ('factors.data-error.size=0.1', 'seed=2')]
    >>> combinations([])
    [()]
    """
    settings: list[list[str]] = []
    faults: list[Fault] = []
    count = 1
    for text in varied:
        path, equals, written = text.partition("=")
        values = list(dict.fromkeys(_values(written)))
        if not (path and equals and values):
            remedy = "Example: --vary seed=1..100, or --vary factors.data-error.size=0.1,0.2"
            faults.append(Fault(f"--vary {text}", "is not of the form path=value,value", remedy))
            continue
        count *= len(values)
        settings.append([f"{path}={value}" for value in values])
    if count > MOST:
        faults.append(Fault("--vary", f"makes {count:,} combinations", f"Vary less: {MOST:,} at most."))
    if faults:
        raise InputError("variations", faults)
    return list(itertools.product(*settings))


def _values(written: str) -> Sequence[str]:
    """Return the values of a text; a comma within brackets belongs to its value, `1..3` stands for 1, 2 and 3."""
    found, depth, begun = [], 0, 0
    for at, sign in enumerate(f"{written},"):
        depth += (sign in "[{") - (sign in "]}")
        if sign == "," and depth == 0:
            found.append(written[begun:at].strip())
            begun = at + 1
    if depth != 0 or not all(found):
        return []
    return [value for one in found for value in _spanned(one)]


def _spanned(value: str) -> Sequence[str]:
    span = SPAN.fullmatch(value)
    if span is None:
        return [value]
    return [str(number) for number in range(int(span[1]), min(int(span[2]), int(span[1]) + MOST) + 1)]
