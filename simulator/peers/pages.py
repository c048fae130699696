"""A page of cells, a CSV file or one sheet of a workbook, in which every cell can be named as its program names it."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulator.errors import Fault
from simulator.listing import numbers_in, text_of
from simulator.tables import Row, first_faults, read_rows

Cell = str | int | float

EMPTY: Final = frozenset({"", "NA", "NaN"})
"""What stands in a cell of R's tables that holds nothing."""


@dataclass(frozen=True)
class Page:
    """Rows below their headings; the cells of a column are found by its heading."""

    file: str
    """Name of the file, for messages."""
    sheet: str | None
    """Name of the sheet; nothing of a CSV file."""
    head: Row
    """Where the headings stand, and what they are."""
    columns: Mapping[str, int]
    """Position of each column from 0, by its heading; the first of those given twice."""
    rows: Sequence[Row]
    """Rows with content below the headings."""

    def place(self, row: int, heading: str = "") -> str:
        """Return where a cell or a row stands: `iMeta.csv, row 5, Weight`, or `iMeta!E5` of a workbook."""
        return self._spell(self.rows[row][0], heading)

    def heading_place(self, heading: str) -> str:
        """Return where the heading of a column stands, or the row of headings where there is no such column."""
        return self._spell(self.head[0], heading) if heading in self.columns else self.name

    @property
    def name(self) -> str:
        """The file, or the sheet in it."""
        return self.file if self.sheet is None else f"{self.file}, {self.sheet}"

    def _spell(self, place: int, heading: str) -> str:
        if self.sheet is None:
            return f"{self.file}, row {place}" + (f", {heading}" if heading else "")
        return f"{self.sheet}!{letters(self.columns[heading]) if heading else ''}{place}"

    def cell(self, row: int, heading: str) -> Cell:
        """Return a cell as text or number; the empty text where it holds nothing."""
        return plain(self.rows[row][1][self.columns[heading]]) if heading in self.columns else ""

    def text(self, row: int, heading: str) -> str:
        """Return a cell as text; the empty text where it holds nothing."""
        return text_of(self.cell(row, heading))

    def unit(self, row: int, heading: str) -> str:
        """Return a cell as text, `NA` included, which is Namibia."""
        return text_of(self.rows[row][1][self.columns[heading]]) if heading in self.columns else ""

    def number(self, row: int, heading: str) -> float:
        """Return a cell as a number; NaN where it holds none."""
        return float(numbers_in([self.cell(row, heading)])[0])


def plain(cell: Any) -> Cell:
    """Return a cell as text or number, as it is kept: what stands for nothing is the empty text.

    >>> plain(" Score "), plain("NA"), plain(2.0), plain(None), plain(True)
    ('Score', '', 2, '', 'TRUE')
    """
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int):
        return cell
    if isinstance(cell, float) and not math.isnan(cell):
        return int(cell) if cell.is_integer() and abs(cell) < 1e15 else cell
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    text = text_of(cell)
    return "" if text in EMPTY else text


def letters(column: int) -> str:
    """Return the letters by which a workbook names a column, counted from 0.

    >>> letters(0), letters(25), letters(26), letters(702)
    ('A', 'Z', 'AA', 'AAA')
    """
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def read_page(path: Path, sheet: str | None = None) -> tuple[Page, list[Fault]]:
    """Return a page whose first row with content holds the headings, and what is wrong with its outer form.

    Raises
    ------
    InputError
        Where the file cannot be read at all.
    """
    filled = [row for row in read_rows(path, sheet) if any(text_of(cell) for cell in row[1])]
    head, below = (filled[0], filled[1:]) if filled else ((1, []), [])
    headings = [text_of(cell) for cell in head[1]]
    columns = {heading: headings.index(heading) for heading in dict.fromkeys(headings) if heading}
    page = Page(path.name, sheet, (head[0], headings), columns, [fitted(row, len(headings)) for row in below])
    if not below:
        return page, [Fault(page.name, "there is no row below the headings", "Give one row for each entry.")]
    return page, [*_heading_faults(page, headings), *_ragged_faults(page, below, len(headings))]


def fitted(row: Row, width: int) -> Row:
    """Return a row with as many cells as there are headings."""
    place, cells = row
    return place, [*cells[:width], *[""] * (width - len(cells))]


def _heading_faults(page: Page, headings: Sequence[str]) -> list[Fault]:
    used = {at for _, cells in page.rows for at, cell in enumerate(cells) if text_of(cell)}
    nameless = [at for at, heading in enumerate(headings) if not heading and at in used]
    twice = [heading for heading, count in Counter(headings).items() if heading and count > 1]

    def nameless_fault(at: int) -> Fault:
        place = (
            f"{page.file}, row {page.head[0]}" if page.sheet is None else f"{page.sheet}!{letters(at)}{page.head[0]}"
        )
        return Fault(place, f"column {at + 1} has no heading", "Name it.")

    return [
        *first_faults(nameless, nameless_fault, "such columns"),
        *(Fault(page.heading_place(name), f"{name!r} is a heading twice", "Keep one of them.") for name in twice),
    ]


def _ragged_faults(page: Page, rows: Sequence[Row], width: int) -> list[Fault]:
    ragged = [(row, len(cells)) for row, (_, cells) in enumerate(rows) if len(cells) != width]

    def fault(found: tuple[int, int]) -> Fault:
        problem = f"{found[1]} cells, but there are {width} headings"
        return Fault(page.place(found[0]), problem, "Quote a cell that holds a comma.")

    return first_faults(ragged, fault, "such rows")
