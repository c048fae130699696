"""Weightings that need data or experts, made into weights of the members of a level."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.composite import Scorer, prepare_score, unscored
from simulator.construction.data_weights import (
    component_weights,
    critic_weights,
    entropy_weights,
    first_component_weights,
)
from simulator.construction.importance_weights import weights_of_importance
from simulator.construction.nominal import nominal_weights
from simulator.construction.rivals import linear_obstacles
from simulator.construction.scoring import as_defined, score_chunk
from simulator.construction.weighting import weight_sampler
from simulator.definition import Definition
from simulator.errors import Fault, InputError, did_you_mean
from simulator.kernels.arrays import Floats
from simulator.lookup import find_slots
from simulator.methods import (
    AnyWeighting,
    BudgetAllocation,
    ComponentWeights,
    CountWeights,
    CriticWeights,
    DirichletWeights,
    EntropyWeights,
    ExpertWeights,
    ImportanceWeights,
    MemberWeights,
    ResolvedWeighting,
)

FEWEST_CITIES = 3
"""Cities below which data say nothing of weights."""


def resolve_weighting(
    method: AnyWeighting, definition: Definition, matrix: xr.Dataset, printed: xr.DataArray
) -> ResolvedWeighting:
    """Return a weighting that needs no data any more.

    Parameters
    ----------
    method
        Any weighting; one that needs neither data nor experts is returned as it is.
    definition, matrix, printed
        As in `simulator.construction.composite.score`: the scores of members are those that enter their parents.

    Raises
    ------
    InputError
        For a level that the definition has not; experts that name no members of one level, or give no points; blank
        cells, and fewer than three cities, where data are needed.

    Examples
    --------
    >>> import simulator as sim
    >>> from simulator.methods import CountWeights
    >>> index = sim.load_index("opportunity-2025")
    >>> found = resolve_weighting(CountWeights(), index.definition, index.matrix, index.printed)
    >>> set(found.weights.values())
    {5.0}
    """
    if isinstance(method, BudgetAllocation):
        return _of_experts(method, definition)
    if isinstance(method, CountWeights):
        level = _level(definition, method.over or definition.levels[1])
        below = [definition.member(leaf.id, level) for leaf in definition.indicators]
        return MemberWeights(over=level, weights={name: float(below.count(name)) for name in dict.fromkeys(below)})
    if isinstance(method, ImportanceWeights):
        level = _level(definition, method.over or definition.levels[1])
        return MemberWeights(over=level, weights=_by_importance(definition, matrix, printed, level))
    by = _found_from_data(method)
    if by is None:
        return method  # type: ignore[return-value]
    level = _level(definition, getattr(method, "over", None) or definition.levels[-1])
    members, scores = _scores(definition, matrix, printed, level)
    return MemberWeights(over=level, weights=dict(zip(members, by(scores).tolist(), strict=True)))


def _found_from_data(method: AnyWeighting) -> Callable[[Floats], Floats] | None:
    match method:
        case ComponentWeights(components="first"):
            return first_component_weights
        case ComponentWeights():
            return component_weights
        case EntropyWeights():
            return entropy_weights
        case CriticWeights():
            return critic_weights
    return None


def _level(definition: Definition, level: str) -> str:
    if level not in definition.levels[1:]:
        remedy = did_you_mean(level, list(definition.levels[1:]))
        raise InputError("weights", [Fault("over", f"the index has no level {level!r} here", remedy)])
    return level


def _scores(definition: Definition, matrix: xr.Dataset, printed: xr.DataArray, level: str) -> tuple[list[str], Floats]:
    """Return the members of a level and their scores (member, city) as these enter their parents."""
    members = definition.members(level)
    scorer = _scorer(definition, matrix, printed)
    scored = score_chunk(scorer.plan, definition.ranking, as_defined(scorer.values))
    if scored.failed != -1:
        raise unscored([definition], scored.failed)
    slots = [definition.slots.index(member) for member in members]
    return members, scored.normalised[slots]


def _by_importance(definition: Definition, matrix: xr.Dataset, printed: xr.DataArray, level: str) -> dict[str, float]:
    """Return weights under which the importance of members is as their nominal weights say, as near as may be."""
    scorer = _scorer(definition, matrix, printed)
    sampler = weight_sampler(definition, DirichletWeights(concentration=1.0, over=level))
    faults = list(linear_obstacles(definition, sampler.members))
    if faults:
        raise InputError("weights", faults)
    alone = np.eye(len(sampler.members))
    chunk = dataclasses.replace(
        as_defined(scorer.values),
        variant=np.zeros(len(alone), np.int64),
        leaf_weight=np.ascontiguousarray(alone[:, sampler.member] * sampler.share),
        drawn=np.ones(1, np.bool_),
    )
    nominal = nominal_weights(definition)
    weight = np.array([nominal[member] for member in sampler.members])
    totals = score_chunk(scorer.plan, definition.ranking, chunk).totals
    found = weights_of_importance(totals, weight / weight.sum(), weight / weight.sum())
    return dict(zip(sampler.members, found.tolist(), strict=True))


def _scorer(definition: Definition, matrix: xr.Dataset, printed: xr.DataArray) -> Scorer:
    """Return what scores an index of enough cities without blank cells."""
    scorer = prepare_score(definition, matrix, printed)
    blank = np.isnan(scorer.values)
    faults = []
    if scorer.values.shape[1] < FEWEST_CITIES:
        problem = f"{scorer.values.shape[1]} cities tell nothing of weights"
        faults.append(Fault("", problem, f"Take {FEWEST_CITIES} or more."))
    if blank.any():
        problem = f"{int(blank.sum())} cells are blank, and weights found from data need every value"
        faults.append(Fault(names.VALUE, problem, "Choose an imputation that fills them."))
    if faults:
        raise InputError("weights", faults)
    return scorer


def _of_experts(method: BudgetAllocation, definition: Definition) -> MemberWeights | ExpertWeights:
    """Return the shares that experts give to the members of a level."""
    rows, levels, faults = [], set[str](), []
    for expert, points in method.experts.items():
        try:
            members = find_slots(definition, list(points))
        except InputError as error:
            faults += [Fault(f"experts, {expert}, {one.place}", one.problem, one.remedy) for one in error.faults]
            continue
        levels |= {definition.level(member) for member in members}
        whole = sum(points.values())
        if whole <= 0.0:
            faults.append(Fault(f"experts, {expert}", "gives no points", "Give some member a number above 0."))
        elif len(set(members)) < len(members):
            faults.append(Fault(f"experts, {expert}", "names a member twice", "Name each once."))
        else:
            rows.append({name: value / whole for name, value in zip(members, points.values(), strict=True)})
    if not faults and len(levels) > 1:
        problem = f"members of {len(levels)} levels have points: {', '.join(sorted(levels))}"
        faults.append(Fault("experts", problem, "Share the points out among the members of one level."))
    if faults:
        raise InputError("weights", faults)
    (level,) = levels
    everyone = definition.members(level)
    whole_rows = tuple({name: row.get(name, 0.0) for name in everyone} for row in rows)
    if method.take == "expert":
        return ExpertWeights(over=level, rows=whole_rows)
    return MemberWeights(over=level, weights=_mean(whole_rows))


def _mean(rows: tuple[Mapping[str, float], ...]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}
