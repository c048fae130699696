"""Small indices of points made for tests, and tie rules by their definition, city by city."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from simulator.index import Index, build_index

RULES = ("better", "worse", "mean", "no-gaps")

NAIVE: Mapping[str, Callable[[float, Sequence[float]], float]] = {
    "better": lambda own, all_: len(all_) - sum(other > own for other in all_),
    "worse": lambda own, all_: 1 + sum(other < own for other in all_),
    "mean": lambda own, all_: (len(all_) - sum(o > own for o in all_) + 1 + sum(o < own for o in all_)) / 2,
    "no-gaps": lambda own, all_: len(all_) - len({other for other in all_ if other > own}),
}

orders = st.lists(st.integers(0, 12), min_size=2, max_size=30)
"""Weak orders: what cities have, ties included."""


def by_rule(order: Sequence[float], rule: str) -> list[float]:
    """Return the points that a rule gives to an order, each by the rule's definition."""
    return [float(NAIVE[rule](own, order)) for own in order]


def index_of(columns: Mapping[str, Sequence[float]]) -> Index:
    """Return an index that adds up some columns of points."""
    leaves = [{"id": name, "unit": "points"} for name in columns]
    definition = {"schema_version": 1, "id": "made", "index": {"id": "sum", "aggregate": "sum", "children": leaves}}
    cities = [f"city-{k}" for k in range(len(next(iter(columns.values()))))]
    return build_index(definition, pd.DataFrame(dict(columns), index=cities, dtype=float))


def clean_columns(rule: str, cities: int = 30, seed: int = 1) -> dict[str, list[float]]:
    """Return seven columns with ties and one without, all by one rule."""
    random = np.random.default_rng(seed)
    orders_ = [random.integers(0, cities // 2, cities).tolist() for _ in range(7)]
    return {f"v{k}": by_rule(order, rule) for k, order in enumerate([*orders_, random.permutation(cities).tolist()])}
