"""What a page is told once: cities, dimensions, methods that the index admits, and figures that can be changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from simulator import names
from simulator.changes.figures import ORIGINS, Figures
from simulator.definition import Indicator, Node
from simulator.errors import CitysimError, InputError
from simulator.explorer.ranking import dimensions, named, number, scales
from simulator.explorer.session import Session
from simulator.formulas import parse_formula
from simulator.index import Index
from simulator.listing import city_attributes
from simulator.methods import (
    ArithmeticMean,
    AsDefined,
    CopelandScore,
    DistanceToBest,
    DistanceToTarget,
    FractionOfBest,
    GeometricMean,
    HarmonicMean,
    MinMax,
    Outranking,
    PercentileRank,
    RankPoints,
    WeightedMedian,
    ZScore,
    label,
)
from simulator.validation import Schema
from simulator.whatif.answer import places
from simulator.whatif.question import Beginning

NORMALISATIONS: tuple[Schema, ...] = (
    AsDefined(),
    ZScore(),
    MinMax(to=(1.0, 100.0)),
    RankPoints(ties="better"),
    PercentileRank(ties="mean"),
    DistanceToBest(),
    DistanceToTarget(),
    FractionOfBest(),
)
AGGREGATIONS: tuple[Schema, ...] = (
    AsDefined(),
    ArithmeticMean(),
    GeometricMean(),
    HarmonicMean(),
    WeightedMedian(),
    CopelandScore(),
    Outranking(),
)
"""Methods that a page offers, as far as the index admits them."""


def described(session: Session) -> dict[str, Any]:
    """Return what does not change while a page is open, and the state to begin with."""
    index = session.index
    definition, matrix = index.definition, index.matrix
    attributes = city_attributes(matrix)
    own = {name: [str(value) for value in matrix[name].values] for name in attributes}
    both = [names_of(matrix, axis, index) for axis in (names.CITY_NAME_EN, names.CITY_NAME_ZH)]
    return {
        "index": {"id": session.called, **named(definition.title, definition.id)},
        "scenario": dict(session.start),
        "cities": [
            {"id": city, "en": en, "zh": zh, "attributes": {name: own[name][k] for name in attributes}}
            for k, (city, en, zh) in enumerate(zip(index.cities, *both, strict=True))
        ],
        "attributes": attributes,
        "dimensions": dimensions(index),
        "scales": scales(index),
        "levels": list(definition.levels[:-1]),
    }


def names_of(matrix: Any, axis: str, index: Index) -> list[str]:
    """Return the names of the cities in a language, their identifiers where they have none."""
    if axis not in matrix.coords:
        return index.cities
    return [str(name) or city for name, city in zip(matrix[axis].values, index.cities, strict=True)]


def admitted(session: Session, scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return the methods that a page offers, and whether the index can be scored by each beside the others chosen.

    `normalisations` and, by level, `aggregations`: each with `label`, `value` as a recipe has it, and `admitted`.
    """
    recipe = scenario.get("recipe") or {}
    chosen = {key: recipe[key] for key in ("normalisation", "aggregation", "ties") if key in recipe}
    text = _admitted(session.beginning(scenario), json.dumps(chosen, sort_keys=True))
    found: dict[str, Any] = json.loads(text)
    return found


@lru_cache(64)
def _admitted(beginning: Beginning, chosen: str) -> str:
    index, recipe = beginning.index, json.loads(chosen)
    aggregation = dict(recipe.get("aggregation") or {})

    def options(methods: tuple[Schema, ...], with_method: Any) -> list[dict[str, Any]]:
        return [
            {"label": label(one), "value": written(one), "admitted": _scores(index, with_method(written(one)))}
            for one in methods
        ]

    by_level = {
        level: options(AGGREGATIONS, lambda one, at=level: {**recipe, "aggregation": {**aggregation, at: one}})
        for level in index.definition.levels[:-1]
    }
    normalisations = options(NORMALISATIONS, lambda one: {**recipe, "normalisation": one})
    return json.dumps({"normalisations": normalisations, "aggregations": by_level})


def written(method: Schema) -> Any:
    """Return a method as a recipe has it: its bare name where that says all.

    >>> written(ZScore()), written(RankPoints(ties="better"))
    ('z-score', {'method': 'rank', 'ties': 'better'})
    """
    told = {
        name: value
        for name, value in method.model_dump(mode="json").items()
        if name == "method" or value != type(method).model_fields[name].default
    }
    return told["method"] if len(told) == 1 else told


def _scores(index: Index, recipe: Mapping[str, Any]) -> bool:
    try:
        index.score(recipe)
    except CitysimError:
        return False
    return True


def changeable(session: Session, scenario: Mapping[str, Any], city: str) -> dict[str, Any]:
    """Return what can be changed of a city, with the range that is observed.

    `quantities`: those known of it, between the lowest and the highest of all cities of which they are known.
    `variables`: its place in each, between the last and the first. `blank`: whether nothing can be changed, because
    cells are blank. `sourced`: likewise, because values do not come from the published points.
    """
    beginning = session.beginning(scenario)
    sourced = scenario.get("source", "points") != "points"
    try:
        standing = beginning.standing
    except InputError:
        standing = None
    if standing is None or sourced:
        return {"quantities": [], "variables": [], "blank": standing is None, "sourced": sourced}
    position = beginning.index.cities.index(city)
    own = places(standing, standing.values)[position]
    variables = [
        {"id": leaf.id, **named(leaf.name, leaf.id), "place": int(place), "last": len(beginning.index.cities)}
        for leaf, place in zip(beginning.index.definition.indicators, own, strict=True)
    ]
    quantities = list(_quantities(beginning.figures, position))
    return {"quantities": quantities, "variables": variables, "blank": False, "sourced": False}


def _quantities(figures: Figures | None, position: int) -> Iterator[dict[str, Any]]:
    if figures is None:
        return
    held = _holders(figures.definition.indicators)
    alone = {leaf.formula: leaf.name for leaf in figures.definition.indicators if leaf.formula}
    for name, entry in figures.definition.quantities.items():
        own, told = figures.value[name][position], figures.value[name][figures.told(name)]
        observed = told[np.isfinite(told)]
        if name not in held or entry.formula is not None or not np.isfinite(own) or np.unique(observed).size < 2:
            continue
        yield {
            "id": name,
            **named(entry.name if entry.name.en else alone.get(name, entry.name), name),
            "unit": entry.unit,
            "value": number(own),
            "low": number(observed.min()),
            "high": number(observed.max()),
            "origin": ORIGINS[figures.origin[name][position]],
            "indicators": held[name],
        }


def _holders(indicators: tuple[Indicator, ...]) -> dict[str, list[dict[str, str]]]:
    """Return the indicators whose formula holds a quantity, by quantity."""
    held: dict[str, list[dict[str, str]]] = {}
    for leaf in indicators:
        for name in parse_formula(leaf.formula or "").quantities if leaf.formula else ():
            held.setdefault(name, []).append(named(leaf.name, leaf.id))
    return held


def slots_named(index: Index) -> dict[str, dict[str, str]]:
    """Return the names of indicators and nodes in both languages."""
    everything: list[Indicator | Node] = [*index.definition.indicators, *index.definition.nodes]
    return {one.id: named(one.name, one.id) for one in everything}
