"""Measuring in one process: each side in turns, so that a slow minute of the machine hits both."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

Key = TypeVar("Key")
Work = Callable[[], object]


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    repeats: int
    """Measurements of each side."""
    share: float = 1.0
    """Share of the draws of a case; below 1 for a smoke run, whose figures tell nothing."""

    def of(self, count: int, least: int = 10) -> int:
        """Return the share of so many draws, `least` or more."""
        return max(min(least, count), round(count * self.share))


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest of some measurements."""

    median: float
    lowest: float
    highest: float


def spread(measurements: Sequence[float]) -> Spread:
    """Return median, lowest and highest."""
    return Spread(median(measurements), min(measurements), max(measurements))


def ratios(above: Sequence[float], below: Sequence[float]) -> Spread:
    """Return the spread of the ratios of two sides measured in the same turns."""
    return spread([one / other for one, other in zip(above, below, strict=True)])


def seconds(work: Work) -> float:
    """Return how long one call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turns(works: Mapping[Key, Work], repeats: int) -> dict[Key, list[float]]:
    """Return the seconds of every piece of work, each done once in every turn."""
    times: dict[Key, list[float]] = {key: [] for key in works}
    for _ in range(repeats):
        for key, work in works.items():
            times[key].append(seconds(work))
    return times
