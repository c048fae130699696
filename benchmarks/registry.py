"""Frozen cases: what is timed, so that figures of different days mean the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One study of an index of random values, with 5 % normal error on every cell and Dirichlet weights."""

    name: str
    cities: int
    indicators: int
    normalisation: str
    draws: int


@dataclass(frozen=True)
class ValuesCase:
    """Values drawn behind the points of some variables without ties, of which nothing is known."""

    cities: int
    variables: int
    draws: int


VALUES_CASES = (ValuesCase(60, 50, 2_000), ValuesCase(600, 50, 200), ValuesCase(6_000, 50, 20))
"""The same number of cells each, so that a cost linear in the number of cities shows as equal times."""

CASES = (
    Case("60 × 50, rank", 60, 50, "rank", 20_000),
    Case("60 × 50, min-max", 60, 50, "min-max", 20_000),
    Case("60 × 50, z-score", 60, 50, "z-score", 20_000),
    Case("300 × 50, rank", 300, 50, "rank", 4_000),
)
