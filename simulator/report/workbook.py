"""Results as Excel workbooks: one sheet for each table, the first says what is what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from simulator import names
from simulator.auditing.audit import Audit
from simulator.provenance import ATTRIBUTE
from simulator.report.frames import score_frame, stability_frame
from simulator.workbooks import Sheet, sheet_of, write_sheets

MOST_ROWS: Final = 1_000_000
"""Rows of a sheet, which Excel bounds."""

MOST_COLUMNS: Final = 16_000
"""Columns of a sheet, which Excel bounds too."""

TITLES: Final[Mapping[str, tuple[str, str]]] = {
    names.RANK_FREQUENCY: ("Rank frequencies", "Share of draws in which a city (row) has a rank (column)."),
    names.PAIR_WIN: ("Pairs", "Share of draws in which the city of the row ranks above that of the column."),
    names.SCENARIO_SCORE: ("Scenario scores", "Scores of each city with nothing varied."),
    names.SCORE: ("Scores", "Scores of each city (row) in every node of the tree (column)."),
    names.NORMALISED: ("Normalised", "Normalised values of each city (row) in every indicator (column)."),
    names.NODE_CORRELATION: ("Correlations of dimensions", "Correlations between the scores of dimensions."),
    names.INDICATOR_CORRELATION: ("Correlations of indicators", "Correlations between normalised indicators."),
    names.NODE_RANK: ("Ranks in dimensions", "Rank of each city (row) in every dimension (column)."),
    names.CHOICE: ("Choices", "Choices of methods, and the share of draws that made each."),
    names.INDICATOR: ("Indicators", "Figures of each indicator."),
    names.NODE: ("Nodes", "Figures of each node of the tree."),
    names.CITY: ("Cities", "Figures of each city."),
}
"""Sheet and meaning of a variable of two axes, or of all figures along one."""


@dataclass(frozen=True)
class _Page:
    """A table with its name and its meaning; a note in place of the table where it is too large."""

    title: str
    meaning: str
    table: pd.DataFrame
    keys: int = 1


def write_workbook(
    result: xr.Dataset | Audit | pd.DataFrame, path: str | Path, table: pd.DataFrame | None = None
) -> None:
    """Write a result, a scored index or an audit as an Excel workbook, one sheet for each of its tables.

    The first sheet says what the others hold. The same result makes the same bytes.

    Parameters
    ----------
    result
        What `run`, `Index.score`, `audit` and other calls return, or a table by itself.
    path
        A file named `.xlsx`.
    table
        A table of the same result that is to stand first, such as that of `--csv`.

    Raises
    ------
    InputError
        Where the file is named otherwise, or openpyxl, the extra `excel`, is not installed.
    StorageError
        Where the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import simulator as sim
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_workbook(sim.load_index("opportunity-2025").score(), Path(folder, "scores.xlsx"))
    ...     list(pd.read_excel(Path(folder, "scores.xlsx"), sheet_name=None))
    ['Contents', 'Ranking', 'Scores', 'Normalised', 'Indicators']
    """
    pages = [*([_Page("Table", "What --csv writes.", table)] if table is not None else []), *_pages(result)]
    fitting = [page for page in pages if len(page.table) <= MOST_ROWS and page.table.shape[1] <= MOST_COLUMNS]
    contents = [(page.title, page.meaning if page in fitting else _too_large(page)) for page in pages]
    first = Sheet("Contents", [["Sheet", "What it holds"], *map(list, contents)])
    write_sheets([first, *(sheet_of(page.title, page.table, page.keys) for page in fitting)], Path(path))


def _too_large(page: _Page) -> str:
    rows, columns = page.table.shape
    return f"{page.meaning} Left out: {rows} rows by {columns} columns are too many for a sheet; --out writes them."


def _pages(result: xr.Dataset | Audit | pd.DataFrame) -> Iterator[_Page]:
    if isinstance(result, pd.DataFrame):
        yield _Page("Table", "The table that was asked for.", result)
    elif isinstance(result, Audit):
        yield _Page("Findings", "What the figures tell, one row a finding, by its effect on ranks.", result.to_frame())
        yield from _labelled(result.structure)
        yield from _labelled(result.tie_rules, "Tie rules")
        yield from _labelled(result.mending, "Mending")
        hashes = pd.DataFrame(result.hashes.items(), columns=["file", "sha256"])
        yield _Page("Provenance", "Files that were read, with their SHA-256.", hashes)
    elif names.RANK_FREQUENCY in result and names.BASELINE_RANK in result:
        yield _Page("Ranking", "Baseline rank of each city, and how it holds over all draws.", stability_frame(result))
        yield from _labelled(result, without=names.CITY)
    elif names.NORMALISED in result and names.TOTAL in result:
        yield _Page("Ranking", "Rank, total and dimensions of each city, best first.", score_frame(result))
        yield from _labelled(result, without=names.CITY)
    else:
        yield from _labelled(result)


def _labelled(result: xr.Dataset, about: str = "", without: str = "") -> Iterator[_Page]:
    """Yield a page for each variable of several axes, one for all along each axis, and figures of the whole.

    `about` stands before the titles; what lies along the axis `without` has a page already.
    """
    before = f"{about}, " if about else ""
    several = [str(name) for name, one in result.data_vars.items() if one.ndim > 1]
    for name in several:
        title, meaning = _title(name)
        yield _Page(before + (title.lower() if about else title), meaning, _crossed(result, name), _keys(result[name]))
    along = dict.fromkeys(str(one.dims[0]) for one in result.data_vars.values() if one.ndim == 1)
    for axis in along:
        if axis != without:
            title, meaning = _title(axis)
            yield _Page(about or title, meaning if not about else f"{about}, by {axis}.", _along(result, axis))
    whole = [(str(name), one.values.item()) for name, one in result.data_vars.items() if one.ndim == 0]
    told = [(str(name), str(text)) for name, text in result.attrs.items() if name != ATTRIBUTE and str(text)]
    if whole or told:
        table = pd.DataFrame([*whole, *told], columns=["figure", "value"], dtype=object)
        yield _Page(before + ("overall" if about else "Overall"), "Figures of the whole, and what was asked.", table)
    if ATTRIBUTE in result.attrs:
        rows = list(_flat(json.loads(str(result.attrs[ATTRIBUTE]))))
        table = pd.DataFrame(rows, columns=["entry", "value"], dtype=object)
        yield _Page("Provenance", "Where the result comes from: scenario, seed, versions, hashes of the data.", table)


def _title(name: str) -> tuple[str, str]:
    """Return the title of a sheet and what it holds.

    >>> _title("pair_win_se"), _title("weight_at_best")[0]
    (('Pairs, standard errors', 'Standard errors of the sheet Pairs.'), 'Weight at best')
    """
    if name.endswith(names.SE):
        of = _title(name.removesuffix(names.SE))[0]
        return f"{of}, standard errors", f"Standard errors of the sheet {of}."
    plain = name.replace("_", " ")
    return TITLES.get(name, (plain[:1].upper() + plain[1:], f"The variable {name} of the result."))


def _keys(variable: xr.DataArray) -> int:
    return 1 if variable.ndim == 2 else variable.ndim


def _crossed(result: xr.Dataset, name: str) -> pd.DataFrame:
    """Return a variable of two axes as rows and columns, one of more as a row for each of its values."""
    variable = result[name]
    axes = [str(axis) for axis in variable.dims]
    labels = [_labels(result, axis) for axis in axes]
    if len(axes) == 2:
        columns = pd.DataFrame(variable.values, columns=pd.Index([str(label) for label in labels[1]], dtype=object))
        rows = pd.DataFrame({axes[0]: labels[0]}, dtype=object)
        return pd.concat([rows, columns], axis="columns")
    places = np.indices(variable.shape).reshape(len(axes), -1)
    keys = {axis: [own[place] for place in at] for axis, own, at in zip(axes, labels, places, strict=True)}
    return pd.DataFrame(keys | {name: variable.values.ravel()})


def _along(result: xr.Dataset, axis: str) -> pd.DataFrame:
    """Return all variables along one axis, with its labels and what describes them."""
    described = [str(name) for name, one in result.coords.items() if one.dims == (axis,) and name != axis]
    figures = [str(name) for name, one in result.data_vars.items() if one.dims == (axis,)]
    columns = {name: result[name].values for name in (*described, *figures)}
    return pd.DataFrame({axis: _labels(result, axis)} | columns)


def _labels(result: xr.Dataset, axis: str) -> Sequence[Any]:
    """Return the labels of an axis, or counts from 1 where it has none."""
    return list(result[axis].values) if axis in result.coords else list(range(1, result.sizes[axis] + 1))


def _flat(record: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    r"""Yield the entries of nested mappings, texts line by line.

    >>> list(_flat({"seed": 1, "scenario": "a: 1\nb: 2", "versions": {"numpy": "2"}}))
    [('seed', 1), ('scenario', 'a: 1'), ('scenario', 'b: 2'), ('versions.numpy', '2')]
    """
    if isinstance(record, Mapping):
        for key, entry in record.items():
            yield from _flat(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(record, list):
        for entry in record:
            yield from _flat(entry, path)
    else:
        for line in record.splitlines() or [""] if isinstance(record, str) else [record]:
            yield path, line
