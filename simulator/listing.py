"""What a file says of cities, one entry for each, and everything that can be wrong with it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from simulator import names as at
from simulator.errors import Fault, nearest
from simulator.tables import first_faults

CITY_COLUMNS: Final[Mapping[str, str]] = {
    "name_en": at.CITY_NAME_EN,
    "name_zh": at.CITY_NAME_ZH,
    "province": at.PROVINCE,
    "status": at.STATUS,
    "cluster": at.CLUSTER,
}
"""Columns of a table that describe a city, and the coordinate each becomes."""

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WORD: Final = re.compile(r"[^\s,/]+")
MISSING_REMEDY: Final = "Fill it, leave it out, or choose an `imputation`."
"""What mends a blank cell."""

_INFINITE: Final = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_MISSING: Final = frozenset({"", "na", "n/a", "nan", "nat", "null", "none", "<na>", "#n/a", "-", "—"})

NAME_PREFIX: Final = "name_"
"""How a column begins that holds the name of a city in some language."""

Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]
"""One number for each city."""


@dataclass(frozen=True)
class Listing:
    """What a file says of cities before any check: one entry for each city, in the order of the file."""

    source: str
    """File, for messages."""
    entry: str
    """What an entry is called: `row` of a table, `city` of arrays."""
    places: Sequence[int]
    """Where each entry stands, such as the row of the sheet."""
    headings: Sequence[str]
    """All columns in the order of the file, one given twice included."""
    cities: Sequence[str]
    """Empty where the file has no column of cities."""
    attributes: Mapping[str, Sequence[str]]
    """Texts of the columns among `CITY_COLUMNS`, and of all others in a table that describes cities."""
    columns: Mapping[str, Sequence[Any]]
    """Cells of every other column."""

    def place(self, position: int) -> str:
        """Return where an entry stands: `row 5 (hefei)`."""
        city = self.cities[position] if self.cities else ""
        return f"{self.entry} {self.places[position]}" + (f" ({city})" if city else "")


def list_table(path: Path, table: pd.DataFrame, values: Collection[str], *, of_cities: bool = False) -> Listing:
    """Return a table as a listing; a column of `CITY_COLUMNS` that has the name of one of `values` is a value.

    In a table `of_cities`, every column that could be the name of an attribute is one.
    """
    headings = [str(heading) for heading in table.columns]
    first = {heading: table.iloc[:, headings.index(heading)].tolist() for heading in dict.fromkeys(headings)}
    described = [column for column in CITY_COLUMNS if column in first and column not in values]
    if of_cities:
        described += [heading for heading in first if heading not in described and is_attribute(heading)]
    return Listing(
        source=str(path),
        entry="row",
        places=table.index.tolist(),
        headings=headings,
        cities=[text_of(cell) for cell in first.get(at.CITY, ())],
        attributes={
            CITY_COLUMNS.get(column, column): [text_of(cell) for cell in first[column]] for column in described
        },
        columns={heading: cells for heading, cells in first.items() if heading not in (at.CITY, *described)},
    )


def is_attribute(name: str) -> bool:
    """Return whether a column may be an attribute of cities: one word that means nothing else, no name in a language.

    >>> [name for name in ("province", "income_group", "income group", "rank", "name_fr") if is_attribute(name)]
    ['province', 'income_group']
    """
    own = _WORD.fullmatch(name) is not None and name not in at.RESERVED and not name.startswith(NAME_PREFIX)
    return own or name in at.CITY_ATTRIBUTES


def city_attributes(labelled: xr.Dataset | xr.DataArray) -> list[str]:
    """Return the attributes of the cities of a matrix or a result: texts on the axis `city` that are no names.

    >>> cities = xr.Dataset(coords={"city": ["hefei"], "province": ("city", ["Anhui"]), "rank": ("city", [1])})
    >>> city_attributes(cities)
    ['province']
    """
    texts = [
        str(name)
        for name, one in labelled.coords.items()
        if one.dims == (at.CITY,) and one.dtype.kind in "UOT" and any(one.values)
    ]
    return [name for name in texts if name not in at.CITY_NAMES and is_attribute(name)]


def column_faults(
    listing: Listing, indicators: Sequence[str], optional: Sequence[str] = (), *, of_cities: bool = False
) -> list[Fault]:
    """Return the columns that are missing, unknown or given twice; those that are `optional` may be missing."""
    expected = [at.CITY, *indicators]
    known = [*expected, *optional, *CITY_COLUMNS]
    missing = [name for name in expected if name not in listing.headings]
    unknown = [heading for heading in listing.columns if heading not in (*expected, *optional)]
    twice = [heading for heading, count in Counter(listing.headings).items() if count > 1]

    def missing_fault(name: str) -> Fault:
        return Fault(f"column {name}", "is missing", _meant(name, unknown) or "Add it.")

    def unknown_fault(name: str) -> Fault:
        if of_cities and name in at.RESERVED:
            return Fault(f"column {name}", "has a name that means something else", "Name it otherwise.")
        if of_cities and not _WORD.fullmatch(name):
            return Fault(f"column {name}", "is no attribute", "Name it without spaces, commas and slashes.")
        remedy = _meant(name, known) or "Remove it, or add it to the definition."
        return Fault(f"column {name}", "is unknown", remedy)

    def twice_fault(name: str) -> Fault:
        return Fault(f"column {name}", "is given twice", "Keep one of them.")

    return [
        *first_faults(missing, missing_fault, "missing columns"),
        *first_faults(unknown, unknown_fault, "unknown columns"),
        *first_faults(twice, twice_fault, "columns given twice"),
    ]


def city_faults(listing: Listing) -> list[Fault]:
    """Return the entries without a city, and the cities given twice; or that there is no entry at all."""
    if not listing.places:
        return [Fault("", "there is no city", "Give one row for each city.")]
    first: dict[str, int] = {}
    for position, city in enumerate(listing.cities):
        first.setdefault(city, position)
    nameless = [position for position, city in enumerate(listing.cities) if not city]
    twice = [position for position, city in enumerate(listing.cities) if city and first[city] != position]

    def nameless_fault(position: int) -> Fault:
        return Fault(listing.place(position), "the name of the city is empty", "Name it.")

    def twice_fault(position: int) -> Fault:
        before = listing.places[first[listing.cities[position]]]
        return Fault(
            listing.place(position), f"the city stands in {listing.entry} {before} already", "Keep one of them."
        )

    return [
        *first_faults(nameless, nameless_fault, "cities without a name"),
        *first_faults(twice, twice_fault, "cities given twice"),
    ]


def numbers_in(cells: Sequence[Any]) -> Numbers:
    """Return cells as numbers (float64, one for each cell); those that hold none as NaN.

    >>> numbers_in(["1e3", " 2.5 ", 7, "1,234", "12 km", None, "-inf"]).tolist()
    [1000.0, 2.5, 7.0, nan, nan, nan, -inf]
    """
    return np.array([_number(cell) for cell in cells], dtype=np.float64)


def cell_faults(listing: Listing, numbers: Mapping[str, Numbers], blank: bool = False) -> list[Fault]:
    """Return the cells that hold text, nothing (convention 4) or infinity, each kind from the first row to the last.

    With `blank`, cells may hold nothing, but not all of a column.
    """
    bad = [
        _Cell(f"{listing.place(position)}, column {column}", listing.columns[column][position], values[position])
        for position in range(len(listing.places))
        for column, values in numbers.items()
        if not math.isfinite(values[position])
    ]
    infinite = [cell for cell in bad if math.isinf(cell.number)]
    missing = [] if blank else [cell for cell in bad if cell.is_missing()]
    text = [cell for cell in bad if not math.isinf(cell.number) and not cell.is_missing()]
    return [
        *first_faults(text, _text_fault, "cells that are not numbers"),
        *first_faults(missing, _missing_fault, "missing cells"),
        *(_empty_faults(listing, numbers) if blank else ()),
        *first_faults(infinite, _infinite_fault, "cells that are not finite"),
    ]


def _empty_faults(listing: Listing, numbers: Mapping[str, Numbers]) -> list[Fault]:
    empty = [
        column
        for column in numbers
        if listing.places and all(text_of(cell).casefold() in _MISSING for cell in listing.columns[column])
    ]

    def fault(column: str) -> Fault:
        return Fault(f"column {column}", "no city has a value", "Fill some, or leave the indicator out.")

    return first_faults(empty, fault, "empty columns")


def zero_faults(listing: Listing, numbers: Mapping[str, Numbers]) -> list[Fault]:
    """Return the cells that are zero where values are to be divided by them."""
    zeros = [
        f"{listing.place(position)}, column {column}"
        for position in range(len(listing.places))
        for column, values in numbers.items()
        if values[position] == 0.0
    ]

    def zero_fault(place: str) -> Fault:
        return Fault(place, "is 0, and values are divided by it", "Correct it, or leave the city out.")

    return first_faults(zeros, zero_fault, "denominators of zero")


def text_of(cell: Any) -> str:
    """Return a cell as text: a whole number without decimals, nothing as the empty text."""
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def is_blank(cell: Any) -> bool:
    """Return whether a cell is empty, or holds a mark that means the same.

    >>> is_blank(" "), is_blank("n/a"), is_blank(0)
    (True, True, False)
    """
    return text_of(cell).casefold() in _MISSING


@dataclass(frozen=True)
class _Cell:
    """A cell that is no finite number."""

    place: str
    content: Any
    number: float

    def is_missing(self) -> bool:
        """Return whether the cell is empty, or holds a mark that means the same."""
        return is_blank(self.content)

    def quoted(self) -> str:
        """Return what the cell holds as it can be told from the words around it, cut where it is long."""
        text = repr(self.content) if isinstance(self.content, str) else str(self.content)
        return text if len(text) <= 60 else f"{text[:60]}…"


def _text_fault(cell: _Cell) -> Fault:
    return Fault(cell.place, f"{cell.quoted()} is not a number", "Write digits and a decimal point only, as in 1234.5.")


def _missing_fault(cell: _Cell) -> Fault:
    return Fault(cell.place, "is missing (convention 4)", MISSING_REMEDY)


def _infinite_fault(cell: _Cell) -> Fault:
    return Fault(cell.place, f"{cell.quoted()} is not finite", "Write a finite number.")


def _meant(name: str, known: Sequence[str]) -> str:
    close = nearest(name, known)
    return f"Did you mean {' or '.join(close)}?" if close else ""


def _number(cell: Any) -> float:
    if isinstance(cell, str):
        text = cell.strip()
        return float(text) if _NUMBER.fullmatch(text) or _INFINITE.fullmatch(text) else math.nan
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return float(cell)
    return math.nan
