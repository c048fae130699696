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


CASES = (
    Case("60 × 50, rank", 60, 50, "rank", 20_000),
    Case("60 × 50, min-max", 60, 50, "min-max", 20_000),
    Case("60 × 50, z-score", 60, 50, "z-score", 20_000),
    Case("300 × 50, rank", 300, 50, "rank", 4_000),
)
