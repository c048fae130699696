"""A definition of two dimensions, its weights known by hand, for every way to aggregate."""

from __future__ import annotations

from typing import Any

from simulator.definition import Definition

ANY = ("sum", "arithmetic", "geometric", "harmonic", "median")


def define(aggregate: str = "arithmetic") -> Definition:
    document: dict[str, Any] = {
        "schema_version": 1,
        "id": "t",
        "index": {
            "id": "total",
            "aggregate": aggregate,
            "children": [
                {
                    "id": "x",
                    "weight": 3,
                    "aggregate": aggregate,
                    "children": [{"id": "a", "weight": 2}, {"id": "b", "weight": 1}, {"id": "c", "weight": 1}],
                },
                {"id": "y", "weight": 1, "aggregate": aggregate, "children": [{"id": "d"}, {"id": "e", "weight": 0}]},
            ],
        },
    }
    return Definition.model_validate(document)
