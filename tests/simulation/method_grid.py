"""Every normalisation with every aggregation that it can be followed by, and a tree of unequal branches for them."""

from __future__ import annotations

import itertools
from typing import Any


def leaf(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "unit": "points", "goalposts": [2.0, 9.0], "target": 8.0, **more}


def unequal_tree(normalise: Any, aggregate: str, again: bool, directions: bool) -> dict[str, Any]:
    """Branches of three, two and one; `again`: the scores of inner nodes are normalised once more."""
    method = {"normalise": normalise, "aggregate": aggregate}
    above = method if again else {"aggregate": aggregate}
    lower = {"direction": "lower"} if directions else {}
    target = {"direction": "target", "target": 5.0} if directions else {}
    deep = {"id": "deep", **method, "children": [leaf("c1"), leaf("c2", weight=3.0, **target)]}
    wide = {"id": "wide", "weight": 2.0, **method, "children": [leaf("a1"), leaf("a2", **lower), leaf("a3", weight=2)]}
    nested = {"id": "nested", **above, "children": [leaf("b1", weight=0.5), deep]}
    return {"id": "root", **above, "children": [wide, nested, leaf("alone", weight=1.5)]}


LEVELS = ("index", "dimension", "variable", "indicator")
BELOW_ZERO = ({"method": "distance-to-target"}, {"method": "distance-to-target", "capped": True}, "distance-to-best")
RANKS = tuple({"method": "rank", "ties": ties} for ties in ("better", "worse", "mean", "no-gaps", "as-published"))
ABOVE_ZERO = (
    "none",
    *RANKS,
    {"method": "z-score", "mean": 100, "sd": 10},
    {"method": "z-score", "mean": 100, "sd": 10, "divisor": "n"},
    {"method": "min-max", "to": [1, 100]},
    {"method": "min-max", "to": [1, 100], "goalposts": "given", "capped": True},
)
REACH_ZERO = (
    *({"method": "percentile-rank", "ties": ties} for ties in ("better", "worse", "mean", "no-gaps")),
    "z-score",
    "min-max",
    {"method": "min-max", "goalposts": "given"},
    *BELOW_ZERO,
)
COMBINATIONS = [
    *itertools.product(ABOVE_ZERO, ("sum", "arithmetic", "geometric", "harmonic", "median")),
    *itertools.product(REACH_ZERO, ("sum", "arithmetic", "median")),
]


def worded(value: Any) -> str:
    return value if isinstance(value, str) else " ".join(str(part) for part in value.values())
