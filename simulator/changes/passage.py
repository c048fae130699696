"""The passage of changed quantities into values: every indicator whose formula holds them, and its variable."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from simulator import names
from simulator.changes.figures import Changed, Figures, before
from simulator.changes.standing import Footing, Standing
from simulator.construction.composite import Scorer, prepare_score
from simulator.construction.feasibility import some
from simulator.construction.scoring import as_defined, score_chunk
from simulator.definition import Indicator
from simulator.errors import Fault, InputError
from simulator.formulas import Formula, parse_formula
from simulator.kernels.arrays import Flags, Floats
from simulator.raw.calibration import FEWEST_KNOWN
from simulator.raw.side import Behind, RawSide

Kind = Literal["times", "plus", "spread", "become"]

PRIMES = (2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0)
"""Scales on which figures that are not known are tried: what is the same on all of them does not depend on them."""

SIZES = tuple(10.0**power for power in range(-12, 13, 4))
"""What these scales are multiplied with: a figure that is not known may be as large as any other beside it."""

AGREES = 1e-9


@dataclass(frozen=True, eq=False)
class Part:
    """An indicator that changed quantities reach."""

    indicator: Indicator
    formula: Formula
    reached: Flags
    """(city): whose formula holds a figure that changes."""
    known: Flags
    """(city): whose figures are all known, or worked out; of the others a ratio alone is told."""
    before: Floats
    """(city): its value; on a scale of its own where not known."""
    after: Floats
    """(1 or draws, city)"""


@dataclass(frozen=True, eq=False)
class Effect:
    """What changes do to the values of a variable.

    `times`: multiplied; `plus`: added to, in the unit of its values; `spread`: added to, in standard deviations of its
    values over the cities; `become`: replaced.
    """

    leaf: int
    kind: Kind
    amount: Floats
    """(1 or draws, city)"""
    parts: tuple[Part, ...]


def pass_on(standing: Standing, changed: Changed) -> list[Effect]:
    """Return what changed quantities do to each variable that they reach.

    A value on a positive scale is multiplied by the ratio in which its indicator changes, or of several indicators by
    the product of their ratios to the power of their elasticities. Where a variable ranks the sum of its indicators'
    points and all are known, these points are made anew for all cities, and each value changes by as much as its sum.
    Any other value on a signed scale changes by as many standard deviations as its indicators do, with their
    elasticities.

    Raises
    ------
    InputError
        Where a change cannot be worked out for want of a figure, or leads to a value that the indicator cannot have.
    """
    raw = standing.index.raw
    if raw is None or not changed.value:
        return []
    faults: list[Fault] = []
    found = []
    for number, footing in enumerate(standing.footings):
        if footing.leaf.id not in raw.definition.slots:
            continue
        parts = [part for one in raw.parts(footing.leaf.id) if (part := _part(one, changed)) is not None]
        if parts:
            faults += [fault for part in parts for fault in _faults(standing, footing, part, changed)]
            if not faults:
                found.append(_effect(number, footing, raw, parts, changed))
    if faults:
        raise InputError("changes", list(dict.fromkeys(faults)))
    return found


def _part(indicator: Indicator, changed: Changed) -> Part | None:
    """Return an indicator before and after; nothing where its formula holds nothing that changes."""
    formula = parse_formula(indicator.formula or "")
    if not any(name in changed.value for name in formula.quantities):
        return None
    figures = changed.figures
    reached = np.zeros(figures.cities, np.bool_)
    known = np.ones(figures.cities, np.bool_)
    for name in formula.quantities:
        reached |= (changed.of(name) != before(figures, name)).any(axis=0)
        known &= figures.known(name)
    if not reached.any():
        return None
    start = formula.evaluate({name: before(figures, name) for name in formula.quantities})
    end = np.atleast_2d(formula.evaluate({name: changed.of(name) for name in formula.quantities}))
    return Part(indicator, formula, reached, known, start, np.where(reached, end, start))


def _faults(standing: Standing, footing: Footing, part: Part, changed: Changed) -> Iterator[Fault]:
    """Yield what keeps a changed indicator from passing on."""
    cities = standing.index.cities
    figures = changed.figures
    positive = footing.printed and footing.scale == "positive"
    if positive:
        told = part.known
        if (part.reached & ~told).any():
            told = told | _invariant(part, changed)
    elif footing.held or not footing.printed or _anew(footing):
        told = part.known
    else:
        told = part.known & (_known_values(part, figures).size >= FEWEST_KNOWN)
    lost = np.flatnonzero(part.reached & ~told)
    if lost.size:
        lacking = [name for name in figures.made_of(part.formula) if not figures.known(name)[lost].all()]
        whose = some([cities[city] for city in lost])
        problem = f"{part.formula.text} is not known of {whose}, nor how it changes"
        given = some(lacking)
        if not lacking:
            problem = f"how far a change of {part.formula.text} goes is known of fewer than {FEWEST_KNOWN} cities only"
            given = f"those of {FEWEST_KNOWN} cities"
        remedy = f"Give {given} as figures (--figure, or `figures` in a scenario)"
        remedy = f"{remedy}; or leave this change out and move {footing.leaf.id} by places instead."
        yield Fault(footing.leaf.id, problem, remedy)
        return
    nought = part.reached & (part.before <= 0.0) & positive
    if nought.any():
        of = f"of {some([cities[city] for city in np.flatnonzero(nought)])}"
        problem = f"{part.formula.text} {of} is {part.before[nought].max():g} before the change"
        remedy = f"Leave this change out, and move {footing.leaf.id} by places instead."
        yield Fault(part.indicator.id, f"{problem}, and has no change in per cent", remedy)
    for city in np.flatnonzero(part.reached & _impossible(part))[:5]:
        value = part.after[:, city]
        worst = value[np.argmin(np.where(np.isfinite(value), value, -np.inf))]
        problem = f"{part.formula.text} of {cities[city]} would be {worst:g}, which it cannot be"
        yield Fault(part.indicator.id, problem, "Change less.")


def _anew(footing: Footing) -> bool:
    """Return whether a variable has the sum of its indicators' points as its value, which are made anew."""
    return footing.behind is not None and len(footing.behind.parts) > 1 and bool(footing.behind.known.all())


def _impossible(part: Part) -> Flags:
    """Return for which cities (city) an indicator would have a value that it cannot have."""
    bad = [~np.isfinite(part.after).all(axis=0)]
    if part.indicator.scale == "positive":
        bad.append((part.after < 0.0).any(axis=0))
    return np.asarray(np.any(bad, axis=0), np.bool_)


def _invariant(part: Part, changed: Changed) -> Flags:
    """Return for which cities (city) the ratio of an indicator does not depend on the figures that are not known."""
    figures = changed.figures
    with np.errstate(all="ignore"):
        one = part.after / part.before
        found = np.isfinite(one).all(axis=0)
        for size in SIZES:
            primes = zip(figures.made_of(part.formula), itertools.cycle(PRIMES))
            scale = {name: np.where(figures.known(name), 1.0, size * prime) for name, prime in primes}
            start = figures.evaluate(part.formula, {name: scale[name] * before(figures, name) for name in scale})
            end = figures.evaluate(part.formula, {name: scale[name] * changed.of(name) for name in scale})
            found &= (np.abs(one - end / start) <= AGREES * np.abs(one)).all(axis=0)
    return np.asarray(found, np.bool_)


def _known_values(part: Part, figures: Figures) -> Floats:
    """Return the values of an indicator of the cities whose figures are bundled or given."""
    told = np.all([figures.told(name) for name in part.formula.quantities], axis=0)
    return part.before[told]


def _effect(leaf: int, footing: Footing, raw: RawSide, parts: Sequence[Part], changed: Changed) -> Effect:
    if not footing.printed:
        return Effect(leaf, "become", parts[0].after, tuple(parts))
    found = footing.behind
    assert found is not None
    if _anew(footing):
        gain = sum_of_points_after(raw, footing.leaf.id, parts) - found.value
        if footing.held:
            return Effect(leaf, "plus", footing.sign * gain, tuple(parts))
        return Effect(leaf, "spread", footing.sign * gain / _spread_of_sums(found), tuple(parts))
    if footing.scale == "positive":
        ratio = np.ones((1, changed.figures.cities))
        for part in parts:
            own = np.where(part.reached, part.after / np.where(part.reached, part.before, 1.0), 1.0)
            ratio = ratio * own ** found.elasticity[found.parts.index(part.indicator.id)]
        return Effect(leaf, "times", ratio, tuple(parts))
    if len(found.parts) == 1 and footing.held:
        (part,) = parts
        return Effect(leaf, "plus", footing.sign * (_turned(part, part.after) - _turned(part, part.before)), (part,))
    spread = np.zeros((1, changed.figures.cities))
    for part in parts:
        elasticity = found.elasticity[found.parts.index(part.indicator.id)]
        spread = spread + elasticity * _standardised(part, changed.figures)
    return Effect(leaf, "spread", spread, tuple(parts))


def _spread_of_sums(found: Behind) -> float:
    """Return the standard deviation of a variable's sums of points; of sums that are all the same, that of any sums."""
    spread = float(found.value.std(ddof=1))
    n = found.value.size
    return spread if spread > 0.0 else float(np.sqrt(len(found.parts) * n * (n + 1.0) / 12.0))


def _turned(part: Part, value: Floats) -> Floats:
    """Return values of an indicator, or their nearness to its target."""
    if part.indicator.direction == "target":
        return -np.abs(value - (part.indicator.target or 0.0))
    return value


def _standardised(part: Part, figures: Figures) -> Floats:
    """Return by how many standard deviations (1 or draws, city) an indicator gets better."""
    known = _turned(part, _known_values(part, figures))
    start, end = _turned(part, part.before), _turned(part, part.after)
    if part.indicator.scale == "positive" and known.min() > 0.0:
        with np.errstate(divide="ignore"):  # nothing at all is farther down than any value
            known, start, end = np.log(known), np.log(start), np.log(end)
    turned = -1.0 if part.indicator.direction == "lower" else 1.0
    return np.asarray(np.where(part.reached, turned * (end - start) / known.std(ddof=1), 0.0), np.float64)


def sum_of_points_after(raw: RawSide, variable: str, parts: Sequence[Part]) -> Floats:
    """Return what a variable's indicators score together (1 or draws, city) with some of them changed.

    As the raw definition says; every city's points are made anew, as those passed lose theirs.
    """
    scorer = _node_scorer(raw, variable)
    draws = max(len(part.after) for part in parts)
    values = np.repeat(scorer.values[np.newaxis], draws, axis=0)
    position = {leaf.id: number for number, leaf in enumerate(scorer.definition.indicators)}
    for part in parts:
        values[:, position[part.indicator.id]] = part.after
    once = as_defined(values[0])
    chunk = dataclasses.replace(once, variant=np.zeros(draws, np.int64), values=values)
    return score_chunk(scorer.plan, scorer.definition.ranking, chunk).totals


def _node_scorer(raw: RawSide, variable: str) -> Scorer:
    """Return what scores a variable by itself from its indicators, made once for each raw side."""
    if variable not in raw.scorers:
        raw.scorers[variable] = _make_node_scorer(raw, variable)
    return raw.scorers[variable]


def _make_node_scorer(raw: RawSide, variable: str) -> Scorer:
    node = raw.definition.node(variable)
    definition = raw.definition.replace(index=node)
    leaves = [leaf.id for leaf in definition.indicators]
    matrix = raw.values.sel({names.INDICATOR: leaves}).to_dataset(name=names.VALUE)
    none = np.zeros((matrix.sizes[names.CITY], 0))
    cities = {names.CITY: matrix[names.CITY].values, names.SLOT: []}
    return prepare_score(definition, matrix, xr.DataArray(none, dims=(names.CITY, names.SLOT), coords=cities))
