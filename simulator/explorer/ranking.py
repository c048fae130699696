"""Ranks under a state: at once as scored, and a moment later with the interval that draws tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.nominal import LINEAR, child_scales, nominal_weights
from simulator.definition import Name
from simulator.explorer.refusing import SECONDS
from simulator.explorer.session import Session
from simulator.index import Index
from simulator.kernels.arrays import Floats
from simulator.simulation.running import Running, after_hours
from simulator.study import Study, execute
from simulator.whatif.question import Question

DRAWS = 1_000
"""Draws of an interval on the page, at most."""


SEARCH_SECONDS = 5.0
"""How long one search for a plan may take; two plans take four at most."""


def within_time() -> Running:
    """Return how a study is run for a page: it stops where nobody waits for its answer any more."""
    return Running(stop=after_hours(SECONDS / 3600.0), search_seconds=SEARCH_SECONDS)


def number(value: object) -> float | None:
    """Return a figure as JSON has it; nothing where there is none."""
    figure = float(value)  # type: ignore[arg-type]
    return figure if np.isfinite(figure) else None


def rank(value: object) -> int | None:
    """Return a rank as JSON has it; nothing where a city has none."""
    return int(value) or None  # type: ignore[call-overload]


def ranks(session: Session, scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return total and rank of every city under a state, with nothing drawn.

    `rows`, by rank: `city`, `before` (as published, or as defined where nothing is), `unchanged` (by the methods and
    weights of the state, before its changes), `rank` and `total`. `weights`: share of each member of the level below
    the index. `scales`: what such a share is multiplied by to be a weight as written. `dimensions`: these members, with
    names and shares as defined. `changed`: whether the state
    changes figures.

    Raises
    ------
    InputError
        With every fault of the state.
    DrawError
        Where a mean is undefined.
    """
    study = session.certain(scenario)
    scored = scores_of(study)
    index = study.parts[""]
    plain = session.beginning(scenario).index
    before = published(study.whole, scored) if is_published(scenario) else plain.score()[names.RANK]
    rows = [
        {"city": city, "before": rank(was), "unchanged": rank(own), "rank": rank(now), "total": number(total)}
        for city, was, own, now, total in zip(
            index.cities,
            before.values,
            scored[names.RANK_BEFORE].values,
            scored[names.RANK_AFTER].values,
            scored[names.TOTAL_AFTER].values,
            strict=True,
        )
    ]
    rows.sort(key=lambda row: row["rank"] or len(rows) + 1)
    told = {"weights": shares(index), "scales": scales(index), "dimensions": dimensions(plain)}
    return {"rows": rows, **told, "changed": bool(study.scenario.changes)}


def scores_of(study: Study) -> xr.Dataset:
    """Return ranks and totals (city) of a planned study, before and after its changes; without any they are equal."""
    question = study.question
    own = study.parts[""].score() if question is None else question.standing.scored
    now = own
    if question is not None and question.scenario.changes:
        now = question.standing.rescored(changed_values(question))
    return xr.Dataset(
        {
            names.RANK_BEFORE: own[names.RANK],
            names.RANK_AFTER: now[names.RANK],
            names.TOTAL_AFTER: now[names.TOTAL],
        }
    )


def changed_values(question: Question) -> Floats:
    """Return the values (indicator, city) of a what-if after its changes, uncertain amounts at their means."""
    values = question.standing.values[np.newaxis].copy()
    question.effects.apply(values)
    changed: Floats = values[0]
    return changed


def is_published(scenario: Mapping[str, Any]) -> bool:
    """Return whether a state is of the very index that was published, not of another reading or source of it."""
    return not scenario.get("reading") and scenario.get("source", "points") == "points"


def published(whole: Index, scored: xr.Dataset) -> xr.DataArray:
    """Return the rank (city) as published or defined, among the cities that are scored."""
    cities = [str(city) for city in scored[names.CITY].values]
    among = whole if cities == whole.cities else whole.select(cities)
    return among.published_rank()


def dimensions(index: Index) -> list[dict[str, Any]]:
    """Return the members of the level below the index with their names, and the share of all weight as defined."""
    defined = shares(index)
    return [
        {"id": child.id, **named(child.name, child.id), "share": defined[child.id]}
        for child in index.definition.index.children
    ]


def named(name: Name, otherwise: str) -> dict[str, str]:
    """Return a name in both languages; where one lacks, the other, or else the identifier."""
    return {"en": name.en or name.zh or otherwise, "zh": name.zh or name.en or otherwise}


def shares(index: Index) -> dict[str, float]:
    """Return the share of all weight of each member of the level below the index."""
    definition = index.definition
    weights = nominal_weights(definition)
    return {child.id: weights[child.id] for child in definition.index.children}


def scales(index: Index) -> dict[str, float]:
    """Return by what a share of each member of the level below the index is multiplied to be a weight as written."""
    definition = index.definition
    root = definition.index
    if root.aggregate.method not in LINEAR:
        return {child.id: sum(one.weight for one in root.children) for child in root.children}
    found = dict(zip(definition.slots, child_scales(definition), strict=True))
    return {child.id: found[child.id] for child in root.children}


def interval(session: Session, scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return in which ranks nine of ten draws of a state lie.

    `rows`: city → `low`, `median`, `high`. `draws`: how many there were. `left_out`: factors that its methods exclude.

    Raises
    ------
    InputError
        With every fault of the state, or of what varies in it.
    DrawError
        Where a draw cannot be scored.
    """
    study, left_out = session.varied(scenario, DRAWS)
    result = execute(study, within_time())
    figures = (result[name].values for name in (names.RANK_P05, names.RANK_MEDIAN, names.RANK_P95))
    rows = {
        str(city): {"low": rank(low), "median": rank(middle), "high": rank(high)}
        for city, low, middle, high in zip(result[names.CITY].values, *figures, strict=True)
    }
    return {"rows": rows, "draws": int(result.attrs["draws"]), "left_out": list(left_out)}
