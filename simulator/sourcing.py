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
from simulator.documents import Location
from simulator.index import Index
from simulator.kernels.arrays import Floats
from simulator.lookup import find_indicators
from simulator.matrix import check_matrix
from simulator.quantities import missing_quantities
from simulator.raw.calibration import FEWEST_KNOWN, Calibrated, calibrate, filled, usable, usable_values
from simulator.raw.side import RawSide, behind, points_again

Source: TypeAlias = Literal["points", "raw", "calibrated"]
SOURCES: tuple[Source, ...] = ("points", "raw", "calibrated")
Sources: TypeAlias = Source | Mapping[str, Source]


def as_source(word: str) -> Source:
    """Return a word as a source; raises `ValueError` where it is none.

    >>> as_source("raw")
    'raw'
    """
    return SOURCES[SOURCES.index(word)]


def with_sources(index: Index, sources: Sources) -> Index:
    """Return the index with the values of some variables from another source than its printed points.

    Parameters
    ----------
    index
        An index of printed points with a raw side.
    sources
        A source for each variable named, or one for all that can have it: `raw` for those known of every city,
        `calibrated` for those whose known values agree with the printed order. `points` leaves a variable as it is.

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
        Where a variable is unknown.

    Examples
    --------
    >>> import simulator as sim
    >>> index = sim.load_index("opportunity-2025")
    >>> changed = with_sources(index, {"economic-scale": "raw"})
    >>> [leaf.id for leaf in changed.definition.indicators][:3]
    ['gdp', 'gdp-growth', 'output-per-capita']
    """
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
            **{name: c for name, c in index.matrix.coords.items() if c.dims == (names.CITY,)},
        },
    )
    printed = index.printed.copy(deep=True)
    for name in (name for name, source in chosen.items() if source == "raw"):
        printed.loc[{names.SLOT: name}] = points_again(raw, name)
    return dataclasses.replace(index, definition=definition, matrix=check_matrix(matrix, definition), printed=printed)


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
    return not lacking(raw, variable) and len(index.cities) == raw.values.sizes[names.CITY]


def agrees(index: Index, raw: RawSide, variable: str) -> bool:
    """Return whether the known values behind a variable can stand for those behind its points."""
    return usable(behind(raw, variable), points_of_variable(index, variable))


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
    """
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
    """Yield variables that are unknown, or that cannot have the source asked for."""
    if sources == "points":
        return
    raw = index.raw
    if raw is None:
        yield where, f"{index.definition.id} has no raw quantities", "Remove it, or name a definition under data: raw."
        return
    if isinstance(sources, str):
        if not resolve_sources(index, sources):
            yield where, f"no variable of {index.definition.id} can be {sources} for these cities", "Take points."
        return
    unknown = [
        problem
        for name in sources
        for problem in lookup_problems((*where, name), partial(find_indicators, index.definition, [name]))
    ]
    yield from unknown
    if unknown:
        return
    found = find_indicators(index.definition, list(sources))
    for position, (written, name) in enumerate(zip(sources, found, strict=True)):
        if name in found[:position]:
            yield (*where, written), f"{name} has a source already, under another name", "Name it once."
        yield from _problems_of(index, raw, name, sources[written], (*where, written))


def _problems_of(index: Index, raw: RawSide, name: str, source: Source, where: Location) -> Iterator[Problem]:
    if source == "points":
        return
    if name not in shared_variables(index, raw):
        yield where, f"{name} has no printed points with raw quantities behind them", "Take points."
        return
    missing = lacking(raw, name)
    if source == "raw" and missing:
        cells = some([f"{' and '.join(unknown)} of {city}" for city, unknown in missing.items()])
        remedy = "Add the figures, leave the cities out, or take `calibrated` or `points`."
        yield where, f"{name} lacks {cells} (convention 4)", remedy
    found = behind(raw, name)
    if source == "calibrated" and (usable_values(found) & found.known).sum() < FEWEST_KNOWN:
        remedy = "Take points."
        yield where, f"fewer than {FEWEST_KNOWN} cities have a raw value of {name}", remedy


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
