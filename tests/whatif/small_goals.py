"""Small random indices, and every plan there is on them, scored by the pipeline itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import simulator as sim
from simulator.changes.wording import Price
from simulator.construction.scoring import Chunk, score_chunk
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.whatif.moves import Moves
from simulator.whatif.plans import Plan

NORMALISATIONS: tuple[Any, ...] = (
    {"method": "rank", "ties": "better"},
    {"method": "rank", "ties": "worse"},
    {"method": "rank", "ties": "mean"},
    {"method": "rank", "ties": "no-gaps"},
    {"method": "percentile-rank", "ties": "worse"},
    "min-max",
    "distance-to-best",
)


def random_index(seed: int, cities: int | None = None) -> Index:
    """Return 4 to 6 cities in 3 or 4 variables of few different values, so that many tie, with unequal weights."""
    rng = np.random.default_rng(seed)
    n, leaves = cities or int(rng.integers(4, 7)), int(rng.integers(3, 5))
    names = [f"v{number}" for number in range(leaves)]
    children = [{"id": name, "weight": float(rng.choice([1.0, 2.0, 0.3, 1.7])), **_direction(rng)} for name in names]
    definition: dict[str, Any] = {
        "schema_version": 1,
        "id": "small",
        "ranking": {"ties": str(rng.choice(["better", "worse"]))},
        "levels": ["index", "indicator"],
        "index": _node(rng, "total", children),
    }
    if rng.random() < 0.5:
        halves = [_node(rng, "left", children[:2]), _node(rng, "right", children[2:])]
        definition["index"] = {**_node(rng, "total", halves), "normalise": "none"}
        definition["levels"] = ["index", "dimension", "indicator"]
    values = rng.integers(0, int(rng.integers(2, 7)), size=(n, leaves)).astype(np.float64)
    return sim.build_index(definition, pd.DataFrame(values, index=[f"c{k}" for k in range(n)], columns=names))


def _node(rng: np.random.Generator, name: str, children: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": name,
        "weight": float(rng.choice([1.0, 0.7])),
        "normalise": NORMALISATIONS[rng.integers(len(NORMALISATIONS))],
        "aggregate": str(rng.choice(["sum", "arithmetic"])),
        "children": children,
    }


def _direction(rng: np.random.Generator) -> dict[str, Any]:
    direction = str(rng.choice(["higher", "lower", "target"], p=[0.6, 0.2, 0.2]))
    return {"direction": direction, "target": 2.0} if direction == "target" else {"direction": direction}


def random_price(rng: np.random.Generator) -> Price:
    """Return a price of any kind."""
    kinds = (Price(), Price(amount=2.0), Price(amount=0.37), Price(amount=1.3, per="sd"), Price(amount=0.9, per="unit"))
    return kinds[rng.integers(len(kinds))]


@dataclass(frozen=True)
class EveryPlan:
    """Every plan of some moves, each scored by the pipeline with all its new values together."""

    steps: Integers
    """(plans, ladders): the step of each ladder, 0 for none."""
    effort: Floats
    totals: Floats
    """(plans, n)"""
    ranks: Integers
    """(plans, n)"""

    def holds(self, position: int, rank: int, margin: float, strict: bool) -> Flags:
        """Return which plans bring the city to the rank; counts rivals one by one where a margin is asked for."""
        if margin == 0.0:
            return self.ranks[:, position] <= rank
        lead = self.totals[:, [position]] - np.delete(self.totals, position, axis=1) - margin
        return (lead <= 1e-9 if strict else lead < -1e-9).sum(axis=1) < rank

    def without_some_of(self, plan: Plan, moves: Moves) -> Flags:
        """Return which plans do without at least one variable of a plan."""
        used = [number for number, ladder in enumerate(moves.ladders) if ladder.variable in plan.steps]
        return (self.steps[:, used] == 0).any(axis=1)


def every_plan(index: Index, moves: Moves) -> EveryPlan:
    """Return every plan; effort is added up anew."""
    scorer = index.scorer()
    leaf = {one.id: number for number, one in enumerate(index.definition.indicators)}
    city = index.cities.index(moves.city)
    steps = np.array(list(_every_choice(moves)), np.int64)
    values = np.repeat(scorer.values[np.newaxis], len(steps), axis=0)
    effort = np.zeros(len(steps))
    for number, ladder in enumerate(moves.ladders):
        taken = steps[:, number] > 0
        values[taken, leaf[ladder.variable], city] = ladder.value[steps[taken, number] - 1]
        effort[taken] += ladder.effort[steps[taken, number] - 1]
    scored = score_chunk(scorer.plan, index.definition.ranking, _chunk(values))
    return EveryPlan(steps, effort, scored.totals, scored.ranks)


def _every_choice(moves: Moves) -> Iterator[Sequence[int]]:
    return itertools.product(*(range(ladder.effort.size + 1) for ladder in moves.ladders))


def _chunk(values: Floats) -> Chunk:
    rows, leaves, n = values.shape
    return Chunk(
        np.zeros(rows, np.int64),
        values,
        np.zeros((1, leaves)),
        np.zeros(1, np.bool_),
        np.ones((1, leaves), np.bool_),
        np.ones((1, n), np.bool_),
    )
