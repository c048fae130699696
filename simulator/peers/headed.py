"""A plain table with two rows of headings, dimensions above indicators, in and out."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from simulator import names as at
from simulator.definition import Definition, Indicator, Node
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.listing import numbers_in, text_of
from simulator.peers.drafts import AGGREGATE, NORMALISE, VALUES_FILE, Draft, with_gaps_kept
from simulator.peers.pages import EMPTY, fitted, letters, plain
from simulator.peers.stored import stored
from simulator.storage import write_text
from simulator.tables import ROW_SUFFIXES, Row, first_faults, read_rows, require_kind, sheet_names
from simulator.workbooks import SUFFIX, Sheet, write_sheets

COMMENTS: Final = (
    "Drafted from a table, which names dimensions and indicators alone. What is marked as a guess below is ours,",
    "and so is every direction: write `direction: lower` where less is better. Weights are equal where none is given.",
)
_NOT_IN_NAMES: Final = re.compile(r"[\s,/]+")


def read_headed(path: str | Path) -> Draft:
    r"""Return a table with two rows of headings as a draft of an index.

    The first row names the dimension above each indicator, and is empty where it is the one to the left, as in merged
    cells of Excel; the second names the indicators; the first column holds the cities. Names become identifiers with
    hyphens in place of spaces, commas and slashes, and are kept as names. Empty cells stay empty.

    Raises
    ------
    InputError
        With every fault of the table, each with its cell and remedy.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "table.csv")
    ...     _ = path.write_text(",Economy,,Air\ncity,GDP per head,Debt,PM2.5\nhefei,1,2,3\n", encoding="utf-8")
    ...     definition = read_headed(path).definition
    >>> [node.id for node in definition.nodes], [leaf.id for leaf in definition.indicators]
    (['Economy', 'Air', 'total'], ['GDP-per-head', 'Debt', 'PM2.5'])
    """
    table = _read(Path(path))
    faults = [*_heading_faults(table), *_city_faults(table), *_value_faults(table)]
    if faults:
        raise InputError(str(path), faults)
    taken: set[str] = {at.CITY}
    dimensions: list[dict[str, Any]] = []
    columns: dict[str, Any] = {at.CITY: [text_of(cells[0]) for _, cells in table.rows]}
    for column in table.used:
        if table.names[column] or not dimensions:
            dimensions.append(_part(table.names[column], taken))
            dimensions[-1] |= {"normalise": dict(NORMALISE), "aggregate": AGGREGATE, "children": []}
        leaf = _part(table.indicators[column], taken)
        dimensions[-1]["children"].append(leaf | {"direction": "higher"})
        columns[leaf["id"]] = numbers_in([plain(cells[column]) for _, cells in table.rows])
    root = _part("total", taken) | {"aggregate": AGGREGATE, "children": dimensions}
    data = {
        "schema_version": 1,
        "id": _NOT_IN_NAMES.sub("-", Path(path).stem),
        "levels": ["index", "dimension", "indicator"],
        "data": {"matrix": VALUES_FILE},
        "index": root,
    }
    values = pd.DataFrame(columns)
    return Draft(data=with_gaps_kept(data, values), values=values, comments=COMMENTS)


def write_headed(index: Index | str | Path, to: str | Path) -> None:
    """Write the values of an index as a table with two rows of headings, CSV or Excel, for `read_headed` to read.

    Directions, weights, methods, units and attributes of cities have no place in it.

    Raises
    ------
    InputError
        Where the index has other levels than dimensions and indicators, or values that are to be divided.
    StorageError
        Where the file cannot be written.
    """
    to = Path(to)
    require_kind(to, ROW_SUFFIXES)
    definition, matrix = stored(index)
    faults = list(_faults(definition))
    if faults:
        raise InputError(definition.id, faults)
    above, below, merged = [""], [at.CITY], []
    for dimension in definition.index.children:
        if isinstance(dimension, Node):
            first = len(below) + 1
            below += [_name(leaf) for leaf in dimension.children]
            above += [_name(dimension), *[""] * (len(dimension.children) - 1)]
            merged += [(1, first, len(below))] if len(below) > first else []
    values = matrix[at.VALUE].transpose(at.CITY, at.INDICATOR).values.tolist()
    cities = [str(city) for city in matrix[at.CITY].values]
    rows: list[list[Any]] = [
        above,
        below,
        *([city, *map(plain, own)] for city, own in zip(cities, values, strict=True)),
    ]
    if to.suffix.lower() == SUFFIX:
        write_sheets([Sheet("Values", rows, headings=2, keys=1, merged=merged)], to)
        return
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(to, text.getvalue())


@dataclass(frozen=True)
class _Table:
    """Two rows of headings and those below, all of one width."""

    path: Path
    sheet: str | None
    places: tuple[int, int]
    names: Sequence[str]
    indicators: Sequence[str]
    rows: Sequence[Row]

    @property
    def used(self) -> list[int]:
        """Positions of the columns that hold anything, but for that of the cities."""
        filled = {column for _, cells in self.rows for column, cell in enumerate(cells) if text_of(cell)}
        width = range(1, len(self.indicators))
        return [column for column in width if column in filled or self.indicators[column] or self.names[column]]

    def place(self, row: int, column: int) -> str:
        """Return where a cell stands: `table.csv, row 2, column 3`, or `Sheet1!C2`."""
        if self.sheet is None:
            return f"{self.path.name}, row {row}, column {column + 1}"
        return f"{self.sheet}!{letters(column)}{row}"


def _read(path: Path) -> _Table:
    require_kind(path, ROW_SUFFIXES)
    filled = [row for row in read_rows(path) if any(text_of(cell) for cell in row[1])]
    if len(filled) < 3:
        remedy = "Name dimensions in the first row, indicators in the second, and give a row for each city."
        raise InputError(str(path), [Fault("", "there are fewer than three rows", remedy)])
    sheet = sheet_names(path)[0] if path.suffix.lower() == SUFFIX else None
    width = max(len(cells) for _, cells in filled)
    first, second, *below = [fitted(row, width) for row in filled]
    names, indicators = ([text_of(cell) for cell in cells] for _, cells in (first, second))
    return _Table(path, sheet, (first[0], second[0]), names, indicators, below)


def _heading_faults(table: _Table) -> Iterator[Fault]:
    """Yield what is wrong with the two rows of headings."""
    first, second = table.places
    numbers = [at for at in table.used if not math.isnan(numbers_in([table.indicators[at]])[0])]
    if numbers and len(numbers) == len(table.used):
        problem = "there are numbers where names of indicators should be"
        yield Fault(table.place(second, numbers[0]), problem, "Put a row with the names of the dimensions on top.")
        return
    if not table.used:
        yield Fault(table.place(second, 1), "there is no indicator", "Name one above each column of values.")
        return
    if not table.names[table.used[0]]:
        problem = "no dimension is named above the first indicator"
        yield Fault(table.place(first, table.used[0]), problem, "Name it.")
    named = [at for at in table.used if table.names[at]]
    for before, column in enumerate(named):
        if table.names[column] in [table.names[other] for other in named[:before]]:
            problem = f"the dimension {table.names[column]!r} begins a second time"
            remedy = "Put its columns side by side, and name it above the first."
            yield Fault(table.place(first, column), problem, remedy)
    dimension = ""
    seen: Counter[tuple[str, str]] = Counter()
    for column in table.used:
        dimension = table.names[column] or dimension
        seen[dimension, table.indicators[column]] += 1
        if not table.indicators[column]:
            yield Fault(table.place(second, column), "the indicator has no name", "Name it.")
        elif seen[dimension, table.indicators[column]] > 1:
            problem = f"{table.indicators[column]!r} stands in this dimension already"
            yield Fault(table.place(second, column), problem, "Give each indicator its own name.")


def _city_faults(table: _Table) -> Iterator[Fault]:
    cities = [text_of(cells[0]) for _, cells in table.rows]
    for (place, _), city in zip(table.rows, cities, strict=True):
        before = table.rows[cities.index(city)][0]
        if not city:
            yield Fault(table.place(place, 0), "the name of the city is empty", "Name it.")
        elif before != place:
            yield Fault(table.place(place, 0), f"{city!r} stands in row {before} already", "Keep one of them.")


def _value_faults(table: _Table) -> list[Fault]:
    bad = [
        (place, column, text_of(cells[column]))
        for place, cells in table.rows
        for column in table.used
        if text_of(cells[column]) not in EMPTY and not math.isfinite(numbers_in([plain(cells[column])])[0])
    ]

    def fault(cell: tuple[int, int, str]) -> Fault:
        remedy = "Write digits and a decimal point only, or leave it empty."
        return Fault(table.place(cell[0], cell[1]), f"{cell[2]!r} is not a number", remedy)

    return first_faults(bad, fault, "cells that are not numbers")


def _part(name: str, taken: set[str]) -> dict[str, Any]:
    """Return identifier and name of a part of the tree; a name given twice gets a number."""
    plain_name = _NOT_IN_NAMES.sub("-", name).strip("-") or "part"
    identifier, number = plain_name, 1
    while identifier in taken:
        number += 1
        identifier = f"{plain_name}-{number}"
    taken.add(identifier)
    return {"id": identifier} if identifier == name else {"id": identifier, "name": name}


def _name(part: Indicator | Node) -> str:
    return part.name.en or part.name.zh or part.id


def _faults(definition: Definition) -> Iterator[Fault]:
    """Yield what a table with two rows of headings has no room for."""
    remedy = "Write COINr's tables instead (--coinr)."
    for child in definition.index.children:
        if isinstance(child, Indicator):
            yield Fault(child.id, "stands in no dimension, and the table names one above each indicator", remedy)
        elif any(isinstance(one, Node) for one in child.children):
            yield Fault(child.id, "has nodes below it, and the table has room for indicators alone", remedy)
    for name in definition.divisors:
        yield Fault(name, "divides values, and the table has no room for it", remedy)
