"""Where the values of each variable come from: its printed points, its raw quantities, or these calibrated."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.feasibility import Problem, lookup_problems, some
from simulator.definition import Definition, Indicator, Node
from simulator.documents import Location, spell
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.kernels.arrays import Floats
from simulator.lookup import find_indicators
from simulator.matrix import check_matrix, city_coordinates
from simulator.methods import AsGiven
from simulator.quantities import missing_quantities
from simulator.raw.calibration import FEWEST_KNOWN, Calibrated, calibrate, filled, held, usable_values
from simulator.raw.recomputed import among_all
from simulator.raw.side import Behind, RawSide, behind, points_again

Source: TypeAlias = Literal["points", "raw", "calibrated"]
SOURCES: tuple[Source, ...] = ("points", "raw", "calibrated")
Sources: TypeAlias = Source | Mapping[str, Source]


def as_source(word: str) -> Source:
    """Return a word as a source; raises `ValueError` where it is none.

    >>> as_source("raw")
    'raw'
    """
    return SOURCES[SOURCES.index(word)]


def with_sources(index: Index, sources: Sources, among: Index | None = None) -> Index:
    """Return the index with the values of some variables from another source than its printed points.

    Parameters
    ----------
    index
        An index of printed points with a raw side.
    sources
        A source for each variable named, or one for all that can have it: `raw` for those known of every city,
        `calibrated` for those whose known values agree with the printed order. `points` leaves a variable as it is.
    among
        The index with all its cities, where `index` is a selection: points are made again among all, so that they run
        over the same numbers as the printed ones.

    Returns
    -------
    Index
        A variable from `raw` becomes the indicators it is made of, ranked, added and ranked again; the points that
        come of it take the place of the printed ones in the tie rule `as-published`. A `calibrated` variable stays one
        indicator: raw values moved as little as possible into the printed order, a city without one put between its
        neighbours, so that ranks by the printed rule stay as published.

    Raises
    ------
    InputError
        Where a variable or a source is unknown, or a variable cannot have the source asked for.

    Examples
    --------
    >>> import simulator as sim
    >>> index = sim.load_index("opportunity-2025")
    >>> changed = with_sources(index, {"economic-scale": "raw"})
    >>> [leaf.id for leaf in changed.definition.indicators][:3]
    ['gdp', 'gdp-growth', 'output-per-capita']
    """
    _refuse(sources, index)
    raw = index.raw
    chosen = {name: source for name, source in resolve_sources(index, sources).items() if source != "points"}
    if raw is None or not chosen:
        return index
    calibrated = {name: calibration(index, name) for name, source in chosen.items() if source == "calibrated"}
    definition = _rebuilt(index.definition, raw, chosen, calibrated)
    columns = {leaf.id: _column(index, raw, leaf.id, chosen, calibrated) for leaf in definition.indicators}
    matrix = xr.Dataset(
        {names.VALUE: ((names.CITY, names.INDICATOR), np.column_stack(list(columns.values())))},
        coords={
            names.INDICATOR: list(columns),
            **city_coordinates(index.matrix),
        },
    )
    printed = index.printed.copy(deep=True)
    for name in (name for name, source in chosen.items() if source == "raw"):
        printed.loc[{names.SLOT: name}] = _points_among(among or index, name, index.cities)
    return dataclasses.replace(index, definition=definition, matrix=check_matrix(matrix, definition), printed=printed)


def _refuse(sources: Sources, index: Index) -> None:
    faults = [Fault(spell(where), what, remedy) for where, what, remedy in source_problems(sources, index)]
    if faults:
        raise InputError(index.definition.id, faults)


def _points_among(index: Index, variable: str, cities: Sequence[str]) -> Floats:
    """Return the points (city) that some cities have among all of an index, made again from raw quantities."""
    if index.raw is None:
        raise ValueError(f"{index.definition.id} has no raw side")
    points = among_all(points_again(index.raw, variable), points_of_variable(index, variable))
    return points[[index.cities.index(city) for city in cities]]


def resolve_sources(index: Index, sources: Sources) -> dict[str, Source]:
    """Return the source of each variable by its identifier; one word stands for every variable that can have it."""
    if not isinstance(sources, str):
        return dict(zip(find_indicators(index.definition, list(sources)), sources.values(), strict=True))
    raw = index.raw
    if raw is None or sources == "points":
        return {}
    fits = complete if sources == "raw" else agrees
    return {name: sources for name in shared_variables(index, raw) if fits(index, raw, name)}


def shared_variables(index: Index, raw: RawSide) -> list[str]:
    """Return the indicators of printed points that the raw side knows, in the order of the definition."""
    printed = {str(slot) for slot in index.printed[names.SLOT].values}
    slots = set(raw.definition.slots)
    return [leaf.id for leaf in index.definition.indicators if leaf.id in printed and leaf.id in slots]


def complete(index: Index, raw: RawSide, variable: str) -> bool:
    """Return whether every indicator behind a variable is known of every city of the index."""
    known = all(np.isfinite(raw.column(part.id)).all() for part in raw.parts(variable))
    return known and len(index.cities) == raw.values.sizes[names.CITY]


def agrees(index: Index, raw: RawSide, variable: str) -> bool:
    """Return whether the known values behind a variable can stand for those behind its points."""
    return held(behind(raw, variable), points_of_variable(index, variable)) is not None


def lacking(raw: RawSide, variable: str) -> dict[str, list[str]]:
    """Return the quantities that are not known, city by city, for the indicators behind a variable."""
    found: dict[str, list[str]] = {}
    for part in raw.parts(variable):
        for city in raw.values[names.CITY].values[~np.isfinite(raw.column(part.id))]:
            found.setdefault(str(city), []).extend(missing_quantities(part, raw.quantities, str(city)))
    return {city: list(dict.fromkeys(unknown)) for city, unknown in found.items()}


def points_of_variable(index: Index, variable: str) -> Floats:
    """Return the printed points (city) of a variable."""
    points: Floats = index.printed.sel({names.SLOT: variable}).values
    return points


def calibration(index: Index, variable: str) -> Calibrated:
    """Return the values behind a variable, calibrated to its printed points; the index must have a raw side."""
    if index.raw is None:
        raise ValueError(f"{index.definition.id} has no raw side")
    return calibrate(behind(index.raw, variable), points_of_variable(index, variable))


def calibration_moves(index: Index, variables: Sequence[str]) -> xr.Dataset:
    """Return how far calibration moves the raw values of variables.

    Returns
    -------
    xr.Dataset
        On the axis `slot`: `cities_known`, `cities_moved`, `largest_move` (share of the raw value; in its own unit on a
        signed scale) and `largest_city`. On (city, slot): `value_raw`, `value_calibrated` and `move`, NaN where no raw
        value is known.

    Raises
    ------
    InputError
        Where a variable is unknown, or cannot be calibrated.

    Examples
    --------
    >>> import simulator as sim
    >>> moves = calibration_moves(sim.load_index("opportunity-2025"), ["government-debt"])
    >>> int(moves["cities_moved"].item()), str(moves["largest_city"].item())
    (3, 'yinchuan')
    """
    _refuse(dict.fromkeys(variables, SOURCES[-1]), index)
    variables = find_indicators(index.definition, list(variables))
    found = [calibration(index, name) for name in variables]
    cities = np.array(index.cities, dtype=object)
    size = (len(found), len(cities))
    raw, value, move = (
        np.array(rows, np.float64).reshape(size)
        for rows in ([c.behind.value for c in found], [c.value for c in found], [c.move for c in found])
    )
    farthest = [int(np.nanargmax(np.abs(row))) for row in move]
    axes = (names.CITY, names.SLOT)
    return xr.Dataset(
        {
            names.CITIES_KNOWN: (names.SLOT, np.isfinite(raw).sum(axis=1)),
            names.CITIES_MOVED: (names.SLOT, np.array([c.moved.sum() for c in found], np.int64)),
            names.LARGEST_MOVE: (names.SLOT, np.array([row[k] for row, k in zip(move, farthest, strict=True)])),
            names.LARGEST_CITY: (names.SLOT, cities[farthest]),
            names.VALUE_RAW: (axes, raw.T),
            names.VALUE_CALIBRATED: (axes, value.T),
            names.MOVE: (axes, move.T),
        },
        coords={names.SLOT: np.array(variables, dtype=object), names.CITY: cities},
    )


def source_problems(sources: Sources, index: Index, where: Location = ("source",)) -> Iterator[Problem]:
    """Yield variables or sources that are unknown, and variables that cannot have the source asked for."""
    asked = {(): sources} if isinstance(sources, str) else {(name,): source for name, source in sources.items()}
    words = [(*where, *step) for step, source in asked.items() if source not in SOURCES]
    for place in words:
        yield place, "no such source", f"Known: {', '.join(SOURCES)}."
    if words or sources == "points":
        return
    raw = index.raw
    if raw is None:
        if set(asked.values()) - {"points"}:
            remedy = "Remove it, or name a definition under data: raw."
            yield where, f"{index.definition.id} has no raw quantities", remedy
    elif isinstance(sources, str):
        yield from _problems_of_all(index, raw, sources, where)
    else:
        yield from _problems_by_name(index, raw, sources, where)


def _problems_of_all(index: Index, raw: RawSide, source: Source, where: Location) -> Iterator[Problem]:
    """Yield why no variable at all can have a source."""
    chosen = resolve_sources(index, source)
    if not chosen:
        gaps = {name: lacking(raw, name) for name in shared_variables(index, raw)}
        nearest = min(gaps, key=lambda name: len(gaps[name]), default=None)
        told = f" (nearest: {nearest}, which lacks {_cells(gaps[nearest])})" if nearest and gaps[nearest] else ""
        yield where, f"no variable of {index.definition.id} can be {source} for these cities{told}", "Take points."
    for name in chosen:
        yield from _problems_of(index, raw, name, source, where)


def _problems_by_name(index: Index, raw: RawSide, sources: Mapping[str, Source], where: Location) -> Iterator[Problem]:
    unknown = [
        problem
        for name in sources
        for problem in lookup_problems((*where, name), partial(find_indicators, index.definition, [name]))
    ]
    yield from unknown
    found = [] if unknown else find_indicators(index.definition, list(sources))
    for position, (written, name) in enumerate(zip(sources, found, strict=False)):
        if name in found[:position]:
            yield (*where, written), f"{name} has a source already, under another name", "Name it once."
        yield from _problems_of(index, raw, name, sources[written], (*where, written))


def _problems_of(index: Index, raw: RawSide, name: str, source: Source, where: Location) -> Iterator[Problem]:
    """Yield why a variable cannot have a source."""
    if source == "points":
        return
    if name not in shared_variables(index, raw):
        yield where, f"{name} has no printed points with raw quantities behind them", "Take points."
        return
    parent = index.definition.node(index.definition.ancestors[name][-1])
    if isinstance(parent.normalise, AsGiven):
        remedy = f"Give {parent.id} normalise: {{method: rank, ties: as-published}}, or another method."
        yield where, f"{parent.id} adds scores as they are, and raw values of {name} have a scale of their own", remedy
    yield from (_raw_problems if source == "raw" else _calibration_problems)(index, raw, name, where)


def _raw_problems(index: Index, raw: RawSide, name: str, where: Location) -> Iterator[Problem]:
    missing = lacking(raw, name)
    if missing:
        remedy = f"Add the figures, or take {'calibrated or ' if _enough(behind(raw, name)) else ''}points."
        yield where, f"{name} lacks {_cells(missing)} (convention 4)", remedy
        return
    again = points_again(raw, name)
    if again.min() < 1.0 or again.max() > len(index.cities):
        parent = raw.definition.ancestors[name][-1]
        remedy = f"Give {parent} normalise: {{method: rank, ties: better}} there."
        yield where, f"the raw definition does not rank {name}: it scores {again.min():g} to {again.max():g}", remedy


def _calibration_problems(index: Index, raw: RawSide, name: str, where: Location) -> Iterator[Problem]:
    found = behind(raw, name)
    if _enough(found):
        return
    if len(found.parts) > 1 and not found.known.all():
        problem = f"{name} has several indicators, which are not known of every city"
    else:
        problem = f"fewer than {FEWEST_KNOWN} cities have a raw value of {name}"
    yield where, problem, "Take points."


def _enough(found: Behind) -> bool:
    """Return whether enough cities have a value behind a variable to calibrate it."""
    return bool((usable_values(found) & found.known).sum() >= FEWEST_KNOWN)


def _cells(missing: Mapping[str, Sequence[str]]) -> str:
    return some([f"{' and '.join(unknown)} of {city}" for city, unknown in missing.items()])


def _rebuilt(
    definition: Definition, raw: RawSide, sources: Mapping[str, Source], calibrated: Mapping[str, Calibrated]
) -> Definition:
    """Return the definition with other children in place of the variables whose values come from elsewhere."""
    everything: list[Indicator | Node] = [*raw.definition.indicators, *raw.definition.nodes]
    slots = {one.id: one for one in everything}

    def child_for(child: Indicator | Node) -> Indicator | Node:
        if isinstance(child, Node):
            return child.model_copy(update={"children": tuple(child_for(one) for one in child.children)})
        if sources.get(child.id) == "raw":
            return slots[child.id].model_copy(update={"weight": child.weight})
        if child.id in calibrated:
            found = calibrated[child.id].behind
            own = {"direction": found.direction, "unit": found.unit, "scale": found.scale, "source": "raw, calibrated"}
            return child.model_copy(update=own)
        return child

    root = definition.index.model_copy(update={"children": tuple(child_for(one) for one in definition.index.children)})
    deeper = any(isinstance(slots[name], Node) for name, source in sources.items() if source == "raw")
    return definition.replace(index=root, levels=raw.definition.levels if deeper else definition.levels)


def _column(
    index: Index, raw: RawSide, leaf: str, sources: Mapping[str, Source], calibrated: Mapping[str, Calibrated]
) -> Floats:
    """Return the values (city) of an indicator of the rebuilt definition."""
    if leaf in calibrated:
        return filled(calibrated[leaf])
    if leaf not in sources and leaf in index.matrix[names.INDICATOR].values:
        values: Floats = index.matrix[names.VALUE].sel({names.INDICATOR: leaf}).values
        return values
    return raw.column(leaf)
