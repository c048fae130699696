"""A city under a state: its profile beside its peers, and the way to a rank."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import xarray as xr

from simulator import names
from simulator.asking import REACH_FACTORS
from simulator.auditing.profiles import profile
from simulator.explorer.describing import changeable, slots_named
from simulator.explorer.ranking import changed_values, named, number, rank, scores_of, within_time
from simulator.explorer.session import Session
from simulator.index import Index
from simulator.lookup import find_city
from simulator.study import Study, execute
from simulator.texts import LANGUAGES, texts
from simulator.whatif.answer import places

REACH_DRAWS = 1_000
"""Draws for the chance of a plan, at most."""

PLANS = 2
"""Plans that a page shows."""

FIGURES = (names.SCORE, names.PEER_MEDIAN, names.PEER_BEST)
PLACES = (names.RANK, names.PEER_RANK, names.PEER_COUNT, names.STRENGTH)


def beside_peers(session: Session, scenario: Mapping[str, Any], city: str, peers: str | None) -> dict[str, Any]:
    """Return how a city stands in everything that makes up its total, beside its peers, and what of it can be changed.

    `slots`: indicators and nodes with scores and ranks, as `simulator.auditing.profiles.profile` finds them. `group`
    and `peers`: the cities of its group with their ranks. `moved`: see `moved_by`.
    `changeable`: see `simulator.explorer.describing.changeable`.

    Raises
    ------
    InputError
        With every fault of the state; for an unknown city or attribute.
    DrawError
        Where a mean is undefined.
    """
    study = session.certain(scenario)
    index = after_changes(study)
    told = profile(index, city, peers)
    slug = str(told.attrs["city"])
    called = slots_named(index)
    slots = [
        {
            "id": str(slot),
            "level": str(told[names.LEVEL].values[k]),
            "parent": str(told[names.PARENT].values[k]),
            **called[str(slot)],
            **{name: number(told[name].values[k]) for name in FIGURES},
            **{name: rank(told[name].values[k]) for name in PLACES},
        }
        for k, slot in enumerate(told[names.SLOT].values)
    ]
    now = scores_of(study)[names.RANK_AFTER]
    among = [str(one) for one in told[names.CITY].values[told[names.PEER].values]]
    found = sorted(((rank(now.sel({names.CITY: one})), one) for one in among), key=lambda pair: pair[0] or len(among))
    return {
        "city": slug,
        "group": _group(str(told.attrs["group"])),
        "slots": slots,
        "peers": [{"city": one, "rank": place} for place, one in found],
        "moved": moved_by(study, slug),
        "changeable": changeable(session, scenario, slug),
    }


def _group(called: str) -> dict[str, str]:
    """Return a group of cities with its name in both languages, as far as there are words for it."""
    return {"id": called, **{language: texts(language).term(called) for language in LANGUAGES}}


def moved_by(study: Study, city: str) -> list[dict[str, Any]]:
    """Return the variables of a city that the changes of a planned study move, in the order of the index.

    Each with its place (1 + the cities better in it) and its points, as they enter the total, before and after.
    """
    question = study.question
    if question is None or not question.scenario.changes:
        return []
    standing, values = question.standing, changed_values(question)
    position = question.index.cities.index(city)
    place = [places(standing, one)[position] for one in (standing.values, values)]
    scored = (standing.scored, standing.rescored(values))
    points = [one[names.NORMALISED].values[position] for one in scored]
    return [
        {
            "id": leaf.id,
            **named(leaf.name, leaf.id),
            "place": {"before": int(place[0][k]), "after": int(place[1][k])},
            "points": {"before": number(points[0][k]), "after": number(points[1][k])},
        }
        for k, leaf in enumerate(question.index.definition.indicators)
        if place[0][k] != place[1][k] or points[0][k] != points[1][k]
    ]


def after_changes(study: Study) -> Index:
    """Return the index of a planned study with what its changes make of its values."""
    question = study.question
    if question is None:
        return study.parts[""]
    index = question.index
    if not question.scenario.changes:
        return index
    leaves = [footing.leaf.id for footing in question.standing.footings]
    at = {names.CITY: index.cities, names.INDICATOR: leaves}
    changed = xr.DataArray(changed_values(question).T, dims=(names.CITY, names.INDICATOR), coords=at)
    own = index.matrix[names.VALUE]
    in_order = changed.sel({names.INDICATOR: own[names.INDICATOR].values}).transpose(*own.dims)
    return dataclasses.replace(index, matrix=index.matrix.assign({names.VALUE: own.copy(data=in_order.values)}))


def way_to(session: Session, scenario: Mapping[str, Any], city: str, wanted: int) -> dict[str, Any]:
    """Return the plans of least effort that bring a city to a rank, with their chances.

    They begin where the city stands by the methods and weights of the state, without its changes. `scenario`: the
    question as a scenario. `before`: the city's rank; `chance_before`: its chance of the wanted one without a plan.
    `plans`: `effort` in places, `rank`, `chance`, its error, and `steps` with the places to gain in each variable.

    Raises
    ------
    InputError
        With every fault of the state, or the best rank within reach where this one is not.
    DrawError
        Where a draw cannot be scored.
    """
    question = reach_question(session, scenario, city, wanted)
    study, left_out = session.varied_question(question)
    result = execute(study, within_time())
    slug = str(result.attrs["city"])
    called = slots_named(study.whole)
    own = result.sel({names.CITY: slug})
    plans = [_plan(result.sel({names.PLAN: number_of}), called) for number_of in result[names.PLAN].values]
    return {
        "city": slug,
        "wanted": wanted,
        "before": rank(own[names.RANK_BEFORE]),
        "chance_before": number(result[names.CHANCE_BEFORE]),
        "draws": int(result.attrs["draws"]),
        "plans": plans,
        "left_out": list(left_out),
        "scenario": question,
    }


def reach_question(session: Session, scenario: Mapping[str, Any], city: str, wanted: int) -> dict[str, Any]:
    """Return a state as the question what would bring a city to a rank."""
    idle = (
        "changes",
        "others",
        "spillover",
        "figures",
        "until",
        "at-most",
        "pairs",
        "keep-draws",
        "design",
        "baseline",
    )
    kept = {key: value for key, value in scenario.items() if key not in idle}
    own = kept.get("reach") or {}
    goal = {key: value for key, value in own.items() if key not in ("chance", "plans")} | {"rank": wanted}
    draws = kept.get("draws")
    return {
        **kept,
        "city": find_city(session.index.matrix, city),
        "reach": {**goal, "plans": PLANS},
        "factors": kept.get("factors") or REACH_FACTORS,
        "draws": max(2, min(int(draws), REACH_DRAWS)) if draws else REACH_DRAWS,
    }


def _plan(one: xr.Dataset, called: Mapping[str, dict[str, str]]) -> dict[str, Any]:
    gained = one[names.PLAN_PLACES].values
    leaves = [str(leaf) for leaf in one[names.INDICATOR].values]
    steps = [
        {"id": leaf, **called[leaf], "places": int(places)}
        for leaf, places in zip(leaves, gained, strict=True)
        if places
    ]
    return {
        "effort": number(one[names.PLAN_EFFORT]),
        "rank": rank(one[names.PLAN_RANK]),
        "total": number(one[names.PLAN_TOTAL]),
        "proven": bool(one[names.PLAN_PROVEN]),
        "chance": number(one[names.PLAN_CHANCE]),
        "error": number(one[names.PLAN_CHANCE + names.SE]),
        "steps": sorted(steps, key=lambda step: -step["places"]),
    }
