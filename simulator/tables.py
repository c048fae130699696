"""Tables as files: read with the row each record stands in, written whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar

import pandas as pd

from simulator.errors import Fault, InputError, did_you_mean
from simulator.storage import write_whole

T = TypeVar("T")

TABLE_SUFFIXES: Final = (".csv", ".xlsx", ".parquet")
"""File name endings of tables: CSV, Excel and Parquet."""

ROW_SUFFIXES: Final = (".csv", ".xlsx")
"""File name endings of tables that have rows one can count: CSV and Excel."""

Row = tuple[int, list[Any]]
"""Where a row stands, counted from 1, and its cells."""

MOST_FAULTS: Final = 20
"""How many faults of one kind a message lists; beyond that it gives their number."""

_LIBRARIES: Final = {".xlsx": "openpyxl", ".parquet": "pyarrow", ".zarr": "zarr"}
_SAVE_AS_UTF8: Final = "Save the file as UTF-8 (in Excel: CSV UTF-8, comma delimited)."


def read_table(path: Path) -> pd.DataFrame:
    r"""Return the table in a CSV, Excel (first sheet) or Parquet file, told apart by the ending of its name.

    Returns
    -------
    pandas.DataFrame
        One row per record, one column per heading, a heading given twice included. The index is named `row` and holds
        where a record stands: the line of a CSV file and the row of an Excel sheet, the headings being 1; the count
        from 1 in a Parquet file. Cells of a CSV file are text as written, so that a bad one can be quoted; those of an
        Excel sheet are as stored, empty ones the empty text. Rows without any content are left out.

    Raises
    ------
    InputError
        Where the file is missing, a folder, empty, of an unknown kind, damaged, not UTF-8 (CSV), where rows are longer
        or shorter than the headings, or where the library for its kind is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "gdp.csv")
    ...     _ = path.write_text("city,gdp\nhefei,13507.7\n", encoding="utf-8")
    ...     read_table(path).to_dict("index")
    {2: {'city': 'hefei', 'gdp': '13507.7'}}
    """
    suffix = require_kind(path, TABLE_SUFFIXES)
    if suffix == ".parquet":
        _require_content(path)
        return _read_parquet(path)
    return _table(path, read_rows(path), "str" if suffix == ".csv" else "object")


def read_rows(path: Path, sheet: str | None = None) -> list[Row]:
    r"""Return the rows of a CSV file or of an Excel sheet, the first unless one is named, each with where it stands.

    Cells are as `read_table` describes them; rows without any content are among them.

    Raises
    ------
    InputError
        As `read_table` does, but for what concerns headings.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "gdp.csv")
    ...     _ = path.write_text("city,gdp\nhefei,13507.7\n", encoding="utf-8")
    ...     read_rows(path)
    [(1, ['city', 'gdp']), (2, ['hefei', '13507.7'])]
    """
    suffix = require_kind(path, ROW_SUFFIXES)
    _require_content(path)
    return _read_csv(path) if suffix == ".csv" else _read_excel(path, sheet)


def sheet_names(path: Path) -> list[str]:
    """Return the names of the sheets of an Excel workbook; raises as `read_table` does."""
    require_kind(path, ROW_SUFFIXES[1:])
    _require_content(path)
    try:
        with pd.ExcelFile(path, engine="openpyxl") as book:
            return [str(name) for name in book.sheet_names]
    except Exception as error:
        raise _damaged(path, error) from error


def _require_content(path: Path) -> None:
    if not path.exists():
        raise InputError(str(path), [Fault("", "no such file", "Check the path.")])
    if path.is_dir():
        raise InputError(str(path), [Fault("", "this is a folder", "Name a file in it.")])
    if path.stat().st_size == 0:
        raise InputError(str(path), [Fault("", "the file is empty", "Give a table with headings in its first row.")])


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table, its index left out, as CSV, Excel or Parquet by the ending of the file's name.

    Numbers read back the same, except that an Excel sheet keeps 16 significant digits. What stood there before is
    replaced at the end, or stays.

    Raises
    ------
    InputError
        Where the ending is unknown or the library for it is not installed.
    StorageError
        Where the file cannot be written.
    """
    suffix = require_kind(path, TABLE_SUFFIXES)
    if suffix == ".csv":
        write_whole(path, lambda to: table.to_csv(to, index=False, lineterminator="\n"))
    elif suffix == ".xlsx":
        write_whole(path, lambda to: table.to_excel(to, index=False, engine="openpyxl"))
    else:
        write_whole(path, lambda to: table.to_parquet(to, index=False, engine="pyarrow"))


def require_kind(path: Path, suffixes: Sequence[str]) -> str:
    """Return the ending of a file's name in small letters, once it is sure that the kind of file can be used.

    Raises
    ------
    InputError
        Where the ending is not among `suffixes`, or the optional library for it is not installed.

    Examples
    --------
    >>> require_kind(Path("values.CSV"), TABLE_SUFFIXES)
    '.csv'
    """
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise InputError(
            str(path),
            [Fault("", f"unknown kind of file {path.suffix!r}", did_you_mean(suffix, suffixes))],
        )
    library = _LIBRARIES.get(suffix)
    if library and find_spec(library) is None:
        problem = f"a {suffix} file needs the library {library}, which is not installed"
        raise InputError(str(path), [Fault("", problem, f"Install it with: pip install {library}")])
    return suffix


def first_faults(items: Sequence[T], fault: Callable[[T], Fault], kind: str) -> list[Fault]:
    """Return the faults of the first items, and how many more of this kind there are."""
    listed = [fault(item) for item in items[:MOST_FAULTS]]
    more = len(items) - MOST_FAULTS
    return [*listed, Fault("", f"… and {more} more {kind}")] if more > 0 else listed


def _read_csv(path: Path) -> list[Row]:
    rows: list[Row] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.reader(lines, strict=True)
            begins = 1
            for cells in reader:
                rows.append((begins, list(cells)))
                begins = reader.line_num + 1
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        place = f"line {line}" if len(error.object) == path.stat().st_size else ""
        raise InputError(str(path), [Fault(place, "not UTF-8 text", _SAVE_AS_UTF8)]) from None
    except csv.Error as error:
        fault = Fault(f"row {begins}", f"not well-formed CSV ({error})", "Check the quotation marks from there on.")
        raise InputError(str(path), [fault]) from None
    except OSError as error:
        raise InputError(str(path), [Fault("", f"cannot be read ({error.strerror})")]) from None
    if rows and len(rows[0][1]) == 1 and any(mark in rows[0][1][0] for mark in ";\t"):
        fault = Fault("row 1", "the columns are not separated by commas", "Save the file with commas between columns.")
        raise InputError(str(path), [fault])
    return rows


def _read_excel(path: Path, sheet: str | None) -> list[Row]:
    try:
        page = pd.read_excel(path, sheet or 0, header=None, dtype=object, na_filter=False, engine="openpyxl")
    except Exception as error:
        raise _damaged(path, error) from error
    return [(place + 1, list(row)) for place, row in enumerate(page.itertuples(index=False))]


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path, engine="pyarrow")
    except Exception as error:
        raise _damaged(path, error) from error
    table.columns = table.columns.map(str)
    table.index = pd.RangeIndex(1, len(table) + 1, name="row")
    return table


def _damaged(path: Path, error: Exception) -> InputError:
    """Return the error for a file that its library cannot read; the libraries raise almost anything."""
    reason = (str(error).splitlines() or [""])[0] or type(error).__name__
    fault = Fault("", f"not a readable {path.suffix.lower()} file ({reason})", "Save it again from its program.")
    return InputError(str(path), [fault])


def _table(path: Path, rows: Sequence[Row], dtype: Any) -> pd.DataFrame:
    """Return numbered rows of cells, headings first, as a table."""
    filled = [(place, cells) for place, cells in rows if any(str(cell).strip() for cell in cells)]
    if not filled:
        raise InputError(str(path), [Fault("", "the file is empty", "Give a table with headings in its first row.")])
    headings = [str(cell).strip() for cell in filled[0][1]]
    records = filled[1:]
    ragged = [(place, len(cells)) for place, cells in records if len(cells) != len(headings)]
    if ragged:
        raise InputError(str(path), first_faults(ragged, lambda row: _ragged(row, len(headings)), "such"))
    used = [at for at, heading in enumerate(headings) if heading or any(str(cells[at]).strip() for _, cells in records)]
    unnamed = [at for at in used if not headings[at]]
    if unnamed:
        place = f"row {filled[0][0]}"
        faults = first_faults(unnamed, lambda at: Fault(place, f"column {at + 1} has no heading", "Name it."), "such")
        raise InputError(str(path), faults)
    return pd.DataFrame(
        [[cells[at] for at in used] for _, cells in records],
        index=pd.Index([place for place, _ in records], name="row", dtype="int64"),
        columns=pd.Index([headings[at] for at in used], dtype="object"),
        dtype=dtype,
    )


def _ragged(row: tuple[int, int], expected: int) -> Fault:
    place, count = row
    cells = "1 cell" if count == 1 else f"{count} cells"
    return Fault(f"row {place}", f"{cells}, but there are {expected} headings", "Quote a cell that holds a comma.")
