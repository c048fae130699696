"""Everything that can be wrong with COINr's tables, each fault with its cell and what mends it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

from simulator import names as at
from simulator.errors import Fault, did_you_mean, nearest
from simulator.listing import is_attribute
from simulator.peers.coinr_names import (
    AGGREGATE_TYPE,
    CHINESE_NAMES,
    CODE,
    DENOMINATOR,
    DENOMINATOR_TYPE,
    DIRECTION,
    DIRECTIONS,
    INDICATOR_TYPE,
    LEVEL,
    PARENT,
    REQUIRED,
    TARGET,
    TIME,
    TYPE,
    TYPES,
    UNDESCRIBED,
    UNIT_CODE,
    WEIGHT,
)
from simulator.peers.pages import Page
from simulator.tables import first_faults
from simulator.written_tree import DESCRIBING

BUILT: Final = (INDICATOR_TYPE, AGGREGATE_TYPE)
"""Types of the rows that make the index."""

_WORD: Final = re.compile(r"[^\s,/]+")


def column_faults(page: Page, required: Sequence[str]) -> Iterator[Fault]:
    """Yield the columns that a table must have and has not."""
    for name in required:
        if name not in page.columns:
            near = nearest(name, [heading for heading in page.columns if heading not in required])
            remedy = f"Did you mean {near[0]}?" if near else "Add it."
            yield Fault(page.name, f"the column {name} is missing", remedy)


def meta_faults(meta: Page) -> list[Fault]:
    """Return what is wrong with iMeta by itself: columns, cells, and the tree that they describe."""
    missing = list(column_faults(meta, REQUIRED))
    rows = range(len(meta.rows))
    first = codes(meta)
    return [
        *missing,
        *(fault for row in rows for fault in _code_faults(meta, row, first)),
        *(fault for row in rows for fault in _cell_faults(meta, row)),
        *(fault for row in rows for fault in _reference_faults(meta, row, first)),
        *([] if missing else _tree_faults(meta, first)),
    ]


def codes(meta: Page) -> dict[str, int]:
    """Return the row of each code of iMeta, the first of one given twice."""
    found: dict[str, int] = {}
    for row in range(len(meta.rows)):
        if code := meta.text(row, CODE):
            found.setdefault(code, row)
    return found


def of_type(meta: Page, *types: str) -> list[str]:
    """Return the codes of iMeta of some types, in the order of the rows."""
    return [code for code, row in codes(meta).items() if meta.text(row, TYPE) in types]


def _code_faults(meta: Page, row: int, first: Mapping[str, int]) -> Iterator[Fault]:
    if CODE not in meta.columns:
        return
    code, where = meta.text(row, CODE), meta.place(row, CODE)
    if not code:
        yield Fault(where, "the code is empty", "Give each row a code of its own.")
    elif first[code] != row:
        yield Fault(where, f"{code!r} stands in row {meta.rows[first[code]][0]} already", "Give each row its own code.")
    elif not _WORD.fullmatch(code):
        yield Fault(where, f"{code!r} is no code", "Use no spaces, commas and slashes, in iData too.")
    elif meta.text(row, TYPE) in BUILT and code == at.CITY:
        yield Fault(where, f"{code!r} is the name of the column of cities", "Name it otherwise, in iData too.")


def _cell_faults(meta: Page, row: int) -> Iterator[Fault]:
    """Yield cells of a row that are not what their column asks for, by its type."""
    kind = meta.text(row, TYPE)
    if TYPE in meta.columns and kind not in TYPES:
        yield Fault(meta.place(row, TYPE), f"unknown type {kind!r}", did_you_mean(kind, TYPES))
    if kind not in BUILT:
        return
    for name, problem, remedy in _number_problems(meta, row, kind):
        if name in meta.columns:
            shown = repr(meta.text(row, name)) if meta.text(row, name) else "an empty cell"
            yield Fault(meta.place(row, name), f"{shown} {problem}", remedy)


def _number_problems(meta: Page, row: int, kind: str) -> Iterator[tuple[str, str, str]]:
    level, direction, weight, target = (meta.number(row, name) for name in (LEVEL, DIRECTION, WEIGHT, TARGET))
    if level != level // 1 or not level >= 1:
        yield LEVEL, "is no level", "Count from 1, the level of the indicators."
    elif (level == 1) != (kind == INDICATOR_TYPE):
        level_of = "1, the level of all indicators" if kind == INDICATOR_TYPE else "2 or more"
        yield LEVEL, f"is no level of the type {kind}", f"Write {level_of}, or another type."
    if direction not in DIRECTIONS:
        yield DIRECTION, "is no direction", "Write 1 where more is better, -1 where less is."
    elif kind == AGGREGATE_TYPE and direction != 1:
        yield DIRECTION, "turns an aggregate", "Write 1, and turn the indicators below it."
    if not (math.isfinite(weight) and weight >= 0):
        yield WEIGHT, "is no weight", "Write a number, 0 or more."
    if meta.text(row, TARGET) and not (math.isfinite(target) and kind == INDICATOR_TYPE):
        problem = "is no number" if kind == INDICATOR_TYPE else "is a target of an aggregate"
        yield TARGET, problem, "Write a number, or leave it empty."


def _reference_faults(meta: Page, row: int, first: Mapping[str, int]) -> Iterator[Fault]:
    """Yield parents and denominators of a row that are not there, or are of another type or level."""
    kind = meta.text(row, TYPE)
    if kind not in BUILT:
        return
    if PARENT in meta.columns:
        yield from _parent_faults(meta, row, first)
    divisor = meta.text(row, DENOMINATOR)
    if not divisor:
        return
    where, known = meta.place(row, DENOMINATOR), of_type(meta, DENOMINATOR_TYPE)
    if kind == AGGREGATE_TYPE:
        yield Fault(where, "an aggregate is not divided", "Leave it empty.")
    elif divisor not in known:
        remedy = did_you_mean(divisor, known) or f"Add a row of the type {DENOMINATOR_TYPE}, and the column to iData."
        yield Fault(where, f"no denominator {divisor!r}", remedy)


def _parent_faults(meta: Page, row: int, first: Mapping[str, int]) -> Iterator[Fault]:
    parent, where = meta.text(row, PARENT), meta.place(row, PARENT)
    known = of_type(meta, AGGREGATE_TYPE)
    if not parent:
        if meta.text(row, TYPE) == INDICATOR_TYPE:
            yield Fault(where, "the indicator has no parent", did_you_mean("", known) or "Name its aggregate.")
        return
    if parent not in known:
        problem = f"no aggregate {parent!r}" if parent not in first else f"{parent!r} is no aggregate"
        yield Fault(where, problem, did_you_mean(parent, known) or "Add a row of the type Aggregate.")
        return
    own, above = meta.number(row, LEVEL), meta.number(first[parent], LEVEL)
    if math.isfinite(own) and math.isfinite(above) and above != own + 1:
        problem = f"{parent!r} is of level {above:g}, and this row of level {own:g}"
        yield Fault(where, problem, f"A parent stands one level higher: name one of level {own + 1:g}.")


def _tree_faults(meta: Page, first: Mapping[str, int]) -> Iterator[Fault]:
    """Yield what makes no single tree of the rows: circles, several tops, aggregates of nothing or without weight."""
    parents = {code: meta.text(first[code], PARENT) for code in of_type(meta, *BUILT)}
    try:
        TopologicalSorter({code: [parent] for code, parent in parents.items() if parent}).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
        place = meta.place(first[circle[0]], PARENT) if circle[0] in first else meta.name
        yield Fault(place, f"a circle of parents: {' below '.join(circle)}", "Break the circle.")
    aggregates = of_type(meta, AGGREGATE_TYPE)
    tops = [code for code in aggregates if not parents[code]]
    if not tops:
        problem = "no aggregate is without a parent" if aggregates else "there is no aggregate"
        yield Fault(meta.name, problem, "Leave the parent of the index itself empty.")
    for code in tops[:-1]:
        yield Fault(
            meta.place(first[code], PARENT), f"{code} has no parent, nor has {tops[-1]}", "Only one is the index."
        )
    for code in aggregates:
        below = [child for child, parent in parents.items() if parent == code]
        if not below:
            yield Fault(meta.place(first[code]), f"nothing is below the aggregate {code!r}", "Remove it.")
        elif all(meta.number(first[child], WEIGHT) == 0 for child in below):
            problem = f"the weights of all below {code!r} are zero"
            yield Fault(meta.place(first[code]), problem, "Give at least one a weight above 0.")


def data_faults(data: Page, meta: Page) -> list[Fault]:
    """Return what is wrong with iData, by itself and against iMeta."""
    return [
        *column_faults(data, [UNIT_CODE]),
        *_described_faults(data, meta),
        *_attribute_faults(data, meta),
        *_unit_faults(data),
        *_value_faults(data, of_type(meta, INDICATOR_TYPE, DENOMINATOR_TYPE)),
    ]


def _described_faults(data: Page, meta: Page) -> Iterator[Fault]:
    """Yield columns that iMeta does not describe, or describes as aggregates, and those it describes in vain."""
    known = codes(meta)
    aggregates = of_type(meta, AGGREGATE_TYPE)
    strange = [name for name in data.columns if name not in known and name not in UNDESCRIBED]
    for name in strange:
        near = nearest(name, [code for code in known if code not in data.columns and code not in aggregates])
        remedy = f"Did you mean {near[0]}?" if near else f"Add a row to {meta.name}, of the type Other if need be."
        yield Fault(data.heading_place(name), f"{name!r} is not described in {meta.name}", remedy)
    for name in aggregates:
        if name in data.columns:
            yield Fault(data.heading_place(name), f"{name!r} is an aggregate, which is computed", "Remove the column.")
    for name, row in known.items():
        if name not in data.columns and meta.text(row, TYPE) in TYPES and name not in aggregates:
            problem = f"{name!r} has no column in {data.name}"
            yield Fault(meta.place(row, CODE), problem, _meant(name, strange) or "Add it, or remove the row.")


def _meant(name: str, known: Sequence[str]) -> str:
    near = nearest(name, known)
    return f"Did you mean {near[0]}?" if near else ""


def _attribute_faults(data: Page, meta: Page) -> Iterator[Fault]:
    """Yield columns that are neither indicators nor denominators in use, and cannot be attributes of cities."""
    rows = range(len(meta.rows))
    used = {meta.text(row, DENOMINATOR) for row in rows if meta.text(row, TYPE) == INDICATOR_TYPE} - {""}
    remedy = "Name it otherwise, in both tables."
    for name in data.columns:
        if name in used and name in DESCRIBING:
            yield Fault(data.heading_place(name), f"{name!r} describes cities, and divides nothing", remedy)
        elif name not in (*used, *of_type(meta, *BUILT), *UNDESCRIBED, CHINESE_NAMES) and not is_attribute(name):
            yield Fault(data.heading_place(name), f"{name!r} has a name that means something else here", remedy)


def _unit_faults(data: Page) -> Iterator[Fault]:
    if UNIT_CODE not in data.columns:
        return
    units = [data.unit(row, UNIT_CODE) for row in range(len(data.rows))]
    times = {data.text(row, TIME) for row in range(len(data.rows))}
    for row, unit in enumerate(units):
        before = units.index(unit)
        if not unit:
            yield Fault(data.place(row, UNIT_CODE), "the code of the unit is empty", "Give each row one.")
        elif before != row:
            panel = len(times) > 1
            remedy = "These are data of several years: keep those of one." if panel else "Keep one of them."
            place = data.rows[before][0]
            yield Fault(data.place(row, UNIT_CODE), f"{unit!r} stands in row {place} already", remedy)


def _value_faults(data: Page, columns: Sequence[str]) -> list[Fault]:
    bad = [
        (row, name)
        for row in range(len(data.rows))
        for name in columns
        if data.text(row, name) and not math.isfinite(data.number(row, name))
    ]

    def fault(cell: tuple[int, str]) -> Fault:
        problem = f"{data.text(*cell)!r} is not a number"
        return Fault(data.place(*cell), problem, "Write digits and a decimal point only, or leave it empty.")

    return first_faults(bad, fault, "cells that are not numbers")
