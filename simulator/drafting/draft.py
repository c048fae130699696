"""A table taken for an index: its cities, its indicators in dimensions, and what is set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from simulator import names as at
from simulator.drafting.columns import Column, read_column
from simulator.drafting.guesses import lower_word, role_of
from simulator.drafting.headings import Heading, identifier_of, in_chinese, read_heading, with_groups
from simulator.errors import Fault, InputError
from simulator.listing import CITY_COLUMNS, Listing, city_faults, text_of
from simulator.tables import first_faults, read_table

FEWEST_CITIES = 3
"""Cities below which a ranking says nothing."""

ALL = "all"
OTHERS = "others"
ROOT = "total"
_TAKEN = (at.CITY, at.RANK, at.TOTAL, ROOT, *CITY_COLUMNS)


@dataclass(frozen=True)
class DraftIndicator:
    """A column that becomes an indicator."""

    identifier: str
    column: Column
    lower_by: str
    """Word of the heading by which lower values are guessed to be better; empty where higher ones are."""


@dataclass(frozen=True)
class DraftDimension:
    """A group of indicators."""

    identifier: str
    name: str
    indicators: tuple[DraftIndicator, ...]


@dataclass(frozen=True)
class Draft:
    """An index as far as a table tells it."""

    source: str
    """Name of the file."""
    cities: pd.DataFrame
    """`city`, the names, and the attributes that were found."""
    dimensions: tuple[DraftDimension, ...]
    attributes: tuple[tuple[Column, str], ...]
    """Columns that describe cities, and the column of `cities` each became."""
    aside: tuple[Column, ...]

    @property
    def indicators(self) -> tuple[DraftIndicator, ...]:
        """All indicators, in the order of the definition."""
        return tuple(one for dimension in self.dimensions for one in dimension.indicators)

    @property
    def values(self) -> pd.DataFrame:
        """The table of values: `city`, then one column for each indicator."""
        columns = {one.identifier: list(one.column.cells) for one in self.indicators}
        return pd.DataFrame({at.CITY: self.cities[at.CITY].tolist(), **columns}, dtype="str")

    @property
    def kept_aside(self) -> pd.DataFrame:
        """The columns set aside, by their headings."""
        columns = {_beside_city(column.heading.text): list(column.cells) for column in self.aside}
        return pd.DataFrame({at.CITY: self.cities[at.CITY].tolist(), **columns}, dtype="str")


def _beside_city(heading: str) -> str:
    return f"{heading} (in the table)" if heading == at.CITY else heading


def draft_index(path: Path) -> Draft:
    """Return the index that a table is taken for.

    Raises
    ------
    InputError
        With all faults at once: a heading given twice, no column that names cities, a city given twice or without a
        name, fewer than three cities; or no column left to make an indicator of.
    """
    table = read_table(path)
    headings = [read_heading(str(heading)) for heading in table.columns]
    own = _city_column(table, headings)
    listing = _listing(path, table, headings, own)
    faults = [*_heading_faults(headings), *_city_faults(listing, headings, own)]
    if faults:
        raise InputError(str(path), faults)
    places = [listing.place(k) for k in range(len(table))]
    read = [read_column(headings[k], table.iloc[:, k].tolist(), places) for k in range(len(headings)) if k != own]
    measured = [column for column in read if column.kind in ("numbers", "answers")]
    if not measured:
        raise InputError(str(path), list(_nothing_left(read)))
    cities, described, spare = _cities(listing.cities, [column for column in read if column.kind == "attribute"])
    aside = (*(column for column in read if column.kind == "aside"), *spare)
    return Draft(path.name, cities, tuple(_dimensions(measured)), described, aside)


def _city_column(table: pd.DataFrame, headings: Sequence[Heading]) -> int | None:
    """Return the column that names the cities: by its heading, or else the first of texts that are all different."""
    named = [k for k, heading in enumerate(headings) if role_of(heading.text, heading.rest) == "city"]
    names = [k for k, heading in enumerate(headings) if role_of(heading.text, heading.rest) in ("name_en", "name_zh")]
    plain = [k for k, heading in enumerate(headings) if heading.text.casefold() in ("name", "名称", "地区")]
    for k in (*named, *plain, *names):
        return k
    for k in range(len(headings)):
        texts = [text_of(cell) for cell in table.iloc[:, k]]
        if all(texts) and len(set(texts)) == len(texts) and not any(text[0].isdigit() for text in texts):
            return k
    return None


def _listing(path: Path, table: pd.DataFrame, headings: Sequence[Heading], own: int | None) -> Listing:
    cities = [] if own is None else [text_of(cell) for cell in table.iloc[:, own]]
    texts = [heading.text for heading in headings]
    return Listing(str(path), "row", table.index.tolist(), texts, cities, attributes={}, columns={})


def _heading_faults(headings: Sequence[Heading]) -> list[Fault]:
    twice = [text for text, count in Counter(heading.text for heading in headings).items() if count > 1]
    return first_faults(
        twice, lambda text: Fault(f"column {text}", "is given twice", "Rename or remove one of them."), "such columns"
    )


def _city_faults(listing: Listing, headings: Sequence[Heading], own: int | None) -> Iterator[Fault]:
    if own is None:
        yield Fault("", "no column names the cities", "Give one the heading `city`, with each city in one row.")
        return
    found = city_faults(listing)
    yield from found
    years = [heading.text for heading in headings if role_of(heading.text, heading.rest) == "year"]
    if years and any("already" in fault.problem for fault in found):
        yield Fault(f"column {years[0]}", "cities stand there several times", "Keep the rows of one year.")
    if not found and len(listing.cities) < FEWEST_CITIES:
        problem = f"a ranking of {len(listing.cities)} cities says nothing"
        yield Fault("", problem, f"Give {FEWEST_CITIES} or more, a row each.")


def _nothing_left(read: Sequence[Column]) -> Iterator[Fault]:
    """Yield why no column is an indicator."""
    yield Fault("", "no column can be an indicator", "Give columns of numbers, or of answers that come back.")
    for column in read:
        yield Fault(f"column {column.heading.text}", column.why or f"describes the cities ({column.role})")


def _cities(
    written: Sequence[str], found: Sequence[Column]
) -> tuple[pd.DataFrame, tuple[tuple[Column, str], ...], tuple[Column, ...]]:
    """Return the table of cities, the columns that describe them, and those whose place was taken already."""
    described: dict[str, Column] = {}
    spare = []
    for column in found:
        if column.role in described:
            spare.append(column)
        described.setdefault(column.role, column)
    english = described["name_en"].cells if "name_en" in described else ()
    identifiers: list[str] = []
    for number, city in enumerate(english if english and all(english) else written, start=1):
        identifiers.append(identifier_of(city, identifiers, f"city-{number}"))
    names = {
        "name_en": ["" if in_chinese(city) else city for city in written],
        "name_zh": [city if in_chinese(city) else "" for city in written],
    }
    filled = {role: list(column.cells) for role, column in described.items()}
    columns = {at.CITY: identifiers} | {
        name: filled.get(name, names.get(name, [])) for name in CITY_COLUMNS if name in names or name in filled
    }
    aside = tuple(_taken(column) for column in spare)
    return pd.DataFrame(columns, dtype="str"), tuple((column, str(role)) for role, column in described.items()), aside


def _taken(column: Column) -> Column:
    why = f"describes the cities, but another column is their `{column.role}` already"
    return Column(column.heading, "aside", column.cells, why, column.role)


def _dimensions(measured: Sequence[Column]) -> Iterator[DraftDimension]:
    """Yield the groups of indicators: by what their headings have in common, or all in one."""
    headings = with_groups([column.heading for column in measured])
    groups = list(dict.fromkeys(heading.group for heading in headings))
    taken = [*_TAKEN]
    identifiers = {}
    for number, group in enumerate(groups, start=1):
        plain = ALL if groups == [""] else group or OTHERS
        identifiers[group] = identifier_of(plain, taken, f"dimension-{number}")
        taken.append(identifiers[group])
    members: dict[str, list[DraftIndicator]] = {group: [] for group in groups}
    for number, (heading, column) in enumerate(zip(headings, measured, strict=True), start=1):
        identifier = identifier_of(heading.rest, taken, f"indicator-{number}", heading.text)
        taken.append(identifier)
        members[heading.group].append(DraftIndicator(identifier, column, lower_word(heading.text)))
    for group in groups:
        name = group or ("All indicators" if groups == [""] else "Others")
        yield DraftDimension(identifiers[group], name, tuple(members[group]))
