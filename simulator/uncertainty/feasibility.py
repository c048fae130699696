"""Whether values can be drawn behind points, and whether errors can act on what is drawn or given."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from simulator import names
from simulator.construction.feasibility import Problem, level_problems, lookup_problems, some
from simulator.definition import POINTS, Node
from simulator.documents import Location
from simulator.index import Index
from simulator.lookup import find_indicators
from simulator.methods import AsGiven
from simulator.uncertainty.factors import STEPS, DataError, Factors, ValuesBehind
from simulator.uncertainty.realisation import points_of
from simulator.uncertainty.shapes import on_logarithms
from simulator.uncertainty.values import held_values, scale_of


def value_problems(factors: Factors, index: Index, at: Location = ("factors",)) -> Iterator[Problem]:
    """Yield what is wrong with factors that draw values behind points, and with errors on values."""
    taken: dict[str, int] = {}
    signed: list[str] = []
    for number, spec in enumerate(factors.values):
        where = (*at, "values", number) if len(factors.values) > 1 else (*at, "values")
        found = list(_behind_problems(spec, index, where))
        yield from found
        chosen = [] if found else [index.definition.indicators[leaf].id for leaf in points_of(index, spec.indicators)]
        twice = [leaf for leaf in chosen if leaf in taken]
        if twice:
            yield (*where, "indicators"), f"{some(twice)}: drawn by another entry already", "Name each indicator once."
        taken |= dict.fromkeys(chosen, number)
        signed += [leaf for leaf in chosen if scale_of(spec, index, leaf) == "signed"]
    for number, error in enumerate(factors.data_error):
        yield from _error_problems(error, index, (*at, "data-error", number), list(taken), signed)


def _behind_problems(spec: ValuesBehind, index: Index, where: Location) -> Iterator[Problem]:
    """Yield indicators that have no points, and shapes that cannot be fitted to known values."""
    asked = _asked(spec.indicators, index, (*where, "indicators"))
    if isinstance(asked, list):
        yield from asked
        return
    drawn = [index.definition.indicators[leaf].id for leaf in points_of(index, spec.indicators)]
    gaps = np.isnan(index.printed.sel({names.SLOT: drawn}).transpose(names.CITY, names.SLOT).values).any(axis=0)
    blank = [leaf for leaf, gap in zip(drawn, gaps, strict=True) if gap]
    if blank:
        remedy = "Fill them, or name the other indicators."
        yield (*where, "indicators"), f"{some(blank)}: some points are blank, and none can be drawn behind", remedy
        return
    added = [leaf for leaf in drawn if isinstance(_parent(index, leaf).normalise, AsGiven)]
    if added:
        parent = _parent(index, added[0]).id
        remedy = f"Give {parent} normalise: {{method: rank, ties: as-published}}, or another method."
        problem = f"{parent} adds the scores of {some(added)} as they are, and raw values have scales of their own"
        yield where, problem, remedy
    own = [] if isinstance(spec.indicators, str) else [leaf for leaf in asked if leaf not in drawn]
    if own:
        remedy = "Name indicators of the unit points only."
        yield (*where, "indicators"), f"{some(own)}: values of their own, no printed points to draw behind", remedy
    if not drawn and not own:
        problem = f"{index.definition.id} has no indicator of printed points to draw values behind"
        yield where, problem, "Say `unit: points` where points are printed; data of their own need no values drawn."
        return
    logarithms = any(on_logarithms(shape) for shape in spec.signed.alternatives)
    for leaf in drawn if logarithms else ():
        held = held_values(spec, index, leaf).value if scale_of(spec, index, leaf) == "signed" else np.zeros(0)
        if held.size and held[0] <= 0.0:
            remedy = "Remove shapes on logarithms from `signed`, or say `raw: ignore`."
            yield (*where, "signed"), f"known values of {leaf} are not above zero, as a logarithm needs", remedy
            return


def _parent(index: Index, leaf: str) -> Node:
    return index.definition.node(index.definition.ancestors[leaf][-1])


def _error_problems(
    spec: DataError, index: Index, where: Location, drawn: Sequence[str], signed: Sequence[str]
) -> Iterator[Problem]:
    """Yield units that mean nothing for the values they act on, and unknown names and levels."""
    definition = index.definition
    if spec.within is not None:
        yield from level_problems(spec.within, definition.levels[:-1], (*where, "within"))
    asked = _asked(spec.indicators, index, (*where, "indicators"))
    if isinstance(asked, list):
        yield from asked
        return
    asked = yield from _answer_problems(spec, index, asked, where)
    unit = {leaf.id: leaf.unit for leaf in definition.indicators}
    raw = [leaf for leaf in asked if unit[leaf] != POINTS]
    if spec.unit == "places" and raw:
        remedy = "Use `relative` or `sd` for values that are no points by rank."
        yield (*where, "unit"), f"{some(raw)}: an error in places needs data in points", remedy
    behind = [leaf for leaf in asked if leaf in drawn]
    if spec.unit == "places" and behind:
        remedy = "Use `sd` (0.1 is about two places in the middle of sixty cities) or `relative`."
        yield (*where, "unit"), "an error in places acts on points, and `values` draws raw values", remedy
    named = [] if isinstance(spec.indicators, str) else [leaf for leaf in asked if leaf in signed]
    if spec.unit == "relative" and named:
        remedy = "Use `sd` for them."
        yield (*where, "unit"), f"{some(named)}: drawn on a signed scale, which has no per cent", remedy
    if spec.unit == "relative" and not named and asked and set(asked) <= set(signed):
        remedy = "Use `sd`, or let `values` use the raw side (raw: use)."
        yield (*where, "unit"), "all values are drawn on a signed scale, which has no per cent", remedy


def _answer_problems(
    spec: DataError, index: Index, asked: Sequence[str], where: Location
) -> Generator[Problem, None, tuple[str, ...]]:
    """Yield errors in steps of what has no answers, and others of what has; return the indicators that have this error.

    `all` are those that the unit suits.
    """
    answers = {leaf.id for leaf in index.definition.indicators if leaf.answers is not None}
    suited = tuple(leaf for leaf in asked if (leaf in answers) == (spec.unit == STEPS))
    if isinstance(spec.indicators, str):
        if not suited and spec.unit == STEPS:
            remedy = "Use another unit, or give indicators `answers`."
            yield (*where, "unit"), "no indicator has answers, whose steps an error could be counted in", remedy
        elif not suited:
            yield (*where, "unit"), f"all indicators have answers, and {spec.unit} is no unit of theirs", "Use `steps`."
        return suited
    strange = [leaf for leaf in asked if leaf not in suited]
    if strange and spec.unit == STEPS:
        remedy = "Name indicators with `answers` only, or use another unit."
        yield (*where, "unit"), f"{some(strange)}: an error in steps needs answers on a scale", remedy
    elif strange:
        remedy = "Use `steps` for them."
        yield (*where, "unit"), f"{some(strange)}: answers on a scale, of which {spec.unit} is no unit", remedy
    return suited


def _asked(indicators: str | Sequence[str], index: Index, where: Location) -> tuple[str, ...] | list[Problem]:
    """Return the identifiers of the indicators asked for, or what is wrong with the names."""
    if isinstance(indicators, str):
        return tuple(leaf.id for leaf in index.definition.indicators)
    found = list(lookup_problems(where, lambda: find_indicators(index.definition, list(indicators))))
    return found or tuple(find_indicators(index.definition, list(indicators)))
