"""Excel workbooks: sheets of plain cells, the same bytes for the same cells, whole or not at all."""

from __future__ import annotations

import io
import math
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from simulator.storage import write_whole
from simulator.tables import require_kind

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

SUFFIX: Final = ".xlsx"
"""File name ending of a workbook."""

LONGEST_TITLE: Final = 31
"""Characters that Excel allows in the name of a sheet."""

_NARROWEST, _WIDEST = 8, 48
_WIDTH_FROM: Final = 200
_NOT_IN_TITLES: Final = re.compile(r"[\[\]:*?/\\]")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
_TIMES: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")
_ANY_TIME: Final = rb"\g<1>2000-01-01T00:00:00Z\g<2>"


@dataclass(frozen=True)
class Sheet:
    """One sheet: rows of cells, those of the headings first."""

    title: str
    """Name of the sheet."""
    rows: Sequence[Sequence[Any]]
    """Cells row by row: texts, numbers, truth values; nothing for an empty cell."""
    headings: int = 1
    """Rows at the top that are headings: bold, and always in sight."""
    keys: int = 0
    """Columns at the left that always stay in sight."""
    merged: Sequence[tuple[int, int, int]] = ()
    """Cells that are one: row, first and last column, counted from 1."""


def sheet_of(title: str, table: pd.DataFrame, keys: int = 1) -> Sheet:
    """Return a table as a sheet, its index left out; missing cells are empty.

    >>> sheet_of("Ranking", pd.DataFrame({"city": ["hefei"], "rank": [15]})).rows
    [['city', 'rank'], ['hefei', 15]]
    """
    columns = [table.iloc[:, at].tolist() for at in range(table.shape[1])]
    return Sheet(title, [[str(name) for name in table.columns], *map(list, zip(*columns, strict=True))], keys=keys)


def write_sheets(sheets: Sequence[Sheet], path: Path) -> None:
    """Write sheets to an Excel workbook; the same sheets make the same bytes.

    Numbers are written with all their digits, texts as texts, whatever sign they begin with.

    Raises
    ------
    InputError
        Where the file is not named `.xlsx`, or the library for it is not installed.
    StorageError
        Where it cannot be written.
    """
    require_kind(path, [SUFFIX])
    content = _workbook(sheets)
    write_whole(path, lambda new: new.write_bytes(content))


def _workbook(sheets: Sequence[Sheet]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for sheet, title in zip(sheets, _titles(sheet.title for sheet in sheets), strict=True):
        _fill(book.create_sheet(title), sheet)
    saved = io.BytesIO()
    book.save(saved)
    return _without_times(saved)


def _fill(page: Worksheet, sheet: Sheet) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    for row, cells in enumerate(sheet.rows, start=1):
        for column, content in enumerate(cells, start=1):
            text, kind = _content(content)
            if not text:
                continue
            cell = page.cell(row, column)
            cell.value, cell.data_type = text, kind
            if row <= sheet.headings:
                cell.font, cell.alignment = Font(bold=True), Alignment(vertical="top", wrap_text=True)
    for row, first, last in sheet.merged:
        page.merge_cells(start_row=row, end_row=row, start_column=first, end_column=last)
    page.freeze_panes = page.cell(sheet.headings + 1, sheet.keys + 1).coordinate
    for column, width in enumerate(_widths(sheet), start=1):
        page.column_dimensions[get_column_letter(column)].width = width


def _content(cell: Any) -> tuple[str, str]:
    """Return the text of a cell in the file and its kind there; the empty text for an empty cell.

    >>> _content(0.1), _content("=1+1"), _content(True), _content(float("nan"))
    (('0.1', 'n'), ('=1+1', 's'), ('1', 'b'), ('', 's'))
    """
    if cell is None or cell is pd.NA or (isinstance(cell, float | np.floating) and math.isnan(cell)):
        return "", "s"
    if isinstance(cell, bool | np.bool_):
        return str(int(cell)), "b"
    if isinstance(cell, int | float | np.integer | np.floating) and math.isfinite(cell):
        return repr(int(cell) if isinstance(cell, int | np.integer) else float(cell)), "n"
    return _UNPRINTABLE.sub("\ufffd", str(cell)), "s"


def _widths(sheet: Sheet) -> Iterator[float]:
    """Yield the width of each column: that of its longest content among the first rows, within bounds."""
    rows = sheet.rows[:_WIDTH_FROM]
    for column in range(max((len(row) for row in rows), default=0)):
        shown = [_shown(row[column]) for row in rows[min(sheet.headings - 1, len(rows)) :] if column < len(row)]
        yield min(max([_NARROWEST, *map(_width, shown)]), _WIDEST) + 2


def _shown(cell: Any) -> str:
    text, kind = _content(cell)
    return f"{float(text):.6g}" if kind == "n" else text


def _width(text: str) -> int:
    """Return how many columns of a screen a text takes: Chinese characters take two."""
    lines = text.splitlines() or [""]
    return max(sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line) for line in lines)


def _titles(titles: Iterable[str]) -> list[str]:
    """Return names of sheets as Excel takes them, each once in any case.

    >>> _titles(["Rank/city", "rank city", "x" * 40])
    ['Rank city', 'rank city (2)', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx']
    """
    found: list[str] = []
    for title in titles:
        plain = _NOT_IN_TITLES.sub(" ", title).strip("' ") or "Sheet"
        name, number = plain[:LONGEST_TITLE], 1
        while name.casefold() in (other.casefold() for other in found):
            number += 1
            mark = f" ({number})"
            name = plain[: LONGEST_TITLE - len(mark)] + mark
        found.append(name)
    return found


def _without_times(saved: io.BytesIO) -> bytes:
    """Return a workbook without the time of its making, which its library writes into it."""
    plain = io.BytesIO()
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _TIMES.sub(_ANY_TIME, part)
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            new.writestr(entry, part)
    return plain.getvalue()
