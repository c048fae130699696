"""An index written as COINr's tables, iData and iMeta."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import xarray as xr

from simulator import names as at
from simulator.coinr_rest import CoinrRest
from simulator.definition import Definition, Indicator
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.listing import city_attributes
from simulator.peers.coinr_names import (
    CHINESE_NAMES,
    CODE,
    DENOMINATOR,
    IDATA,
    IMETA,
    KNOWN,
    TARGET,
    TIME,
    UNDESCRIBED,
    UNIT_CODE,
    UNIT_NAME,
)
from simulator.peers.coinr_rows import derived_rows, uneven
from simulator.peers.drafts import csv_text
from simulator.peers.pages import Cell
from simulator.peers.stored import stored
from simulator.preparation import KeepAll, Refuse, Untreated
from simulator.storage import write_files
from simulator.workbooks import SUFFIX, sheet_of, write_sheets

OPTIONAL: Final = (TARGET, DENOMINATOR)
"""Columns of iMeta that are left out where no row has anything in them."""


def write_coinr(index: Index | str | Path, to: str | Path) -> None:
    """Write an index as COINr's tables: iData.csv and iMeta.csv in a folder, or one workbook with both sheets.

    What was read from COINr's tables is written again as it was: rows, columns, codes, names, weights, targets, groups,
    denominators and numbers, with the changes that were made since. An index of another origin gets the columns that
    COINr knows. Normalisations and aggregations have no place in these tables; see `left_behind`.

    Parameters
    ----------
    index
        An index in hand, a bundled name, or the path of a definition; cells may be missing.
    to
        A folder, made if there is none, or a file named `.xlsx`.

    Raises
    ------
    InputError
        Where COINr's tables have no room for the index: a direction `target`, members on uneven levels, codes that
        COINr does not allow.
    StorageError
        Where the files cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_coinr("opportunity-2025", folder)
    ...     print(Path(folder, "iMeta.csv").read_text(encoding="utf-8").splitlines()[1][:63])
    1,economic-scale,Economic scale and potential,1,1,points,econom
    """
    to = Path(to)
    definition, matrix = stored(index)
    faults = list(_faults(definition, matrix))
    if to.suffix.lower() in (".csv", ".xls"):
        problem = f"COINr's tables are two, {IDATA} and {IMETA}"
        faults.append(Fault(str(to), problem, "Name a folder, or a workbook FILE.xlsx."))
    if faults:
        raise InputError(definition.id, faults)
    data, meta = coinr_tables(definition, matrix)
    if to.suffix.lower() == SUFFIX:
        write_sheets([sheet_of(IDATA, _with_numbers(data)), sheet_of(IMETA, _with_numbers(meta))], to)
        return
    mark = CoinrRest().missing if definition.from_coinr is None else definition.from_coinr.missing
    write_files(to, {f"{IDATA}.csv": csv_text(data, mark), f"{IMETA}.csv": csv_text(meta, mark)})


def coinr_tables(definition: Definition, matrix: xr.Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return iData and iMeta of an index; cells without content are the empty text, values that are missing NaN."""
    rest = definition.from_coinr or CoinrRest()
    columns = _data_columns(definition, matrix, rest)
    data = pd.DataFrame({name: columns[name] for name in _in_order(rest.idata, columns)})
    attributes = _attributes(definition, matrix)
    rows = {str(row[CODE]): row for row in derived_rows(definition, attributes, named=definition.from_coinr is None)}
    if TIME in rest.rows and TIME in attributes:
        rows[TIME] = {CODE: TIME}
    told: list[dict[str, Cell]] = [rows[code] | rest.cells.get(code, {}) for code in _in_order(rest.rows, rows)]
    used = {name for row in told for name, cell in row.items() if cell != ""}
    headings = [*rest.imeta, *(name for name in KNOWN if name in used or not (rest.imeta or name in OPTIONAL))]
    meta = {name: [row.get(name, "") for row in told] for name in dict.fromkeys(headings)}
    return data, pd.DataFrame(meta, dtype=object)


def left_behind(definition: Definition) -> list[str]:
    """Return what of a definition COINr's tables have no room for, in words.

    >>> from simulator.definition import Node
    >>> left_behind(Definition(schema_version=1, id="x", index=Node(id="t", children=(Indicator(id="a", year=2024),))))
    ['normalisation', 'aggregation', 'ranking and tiers', 'year']
    """
    fields = ("goalposts", "year", "source", "formula", "scale", "elasticity", "actionable", "answers")
    plain = {name: Indicator.model_fields[name].default for name in fields}
    further = [name for name in fields if any(getattr(leaf, name) != plain[name] for leaf in definition.indicators)]
    named = [leaf.name for leaf in definition.indicators] + [node.name for node in definition.nodes]
    chinese = ["Chinese names of indicators"] if any(name.zh for name in named) else []
    scaled = any(leaf.denominator and leaf.denominator.scale != 1.0 for leaf in definition.indicators)
    steps = {"denominators": "as-defined", "screening": KeepAll(), "imputation": Refuse(), "treatment": Untreated()}
    prepared = [name for name, default in steps.items() if getattr(definition, name) != default]
    prepared += ["scales of denominators"] if scaled else []
    return [*prepared, "normalisation", "aggregation", "ranking and tiers", *chinese, *further]


def _in_order(first: Sequence[str], present: Mapping[str, object]) -> list[str]:
    """Return what is present, in an order that may lack some of it and name what is gone."""
    return list(dict.fromkeys([*(name for name in first if name in present), *present]))


def _attributes(definition: Definition, matrix: xr.Dataset) -> list[str]:
    """Return the attributes of the cities that are written: those that any city has, or that iData had."""
    had = {*(definition.from_coinr or CoinrRest()).idata} - {*definition.slots, *definition.divisors}
    filled = [name for name in city_attributes(matrix) if name in had or any(map(str, matrix[name].values))]
    chinese = [CHINESE_NAMES] if any(_texts(matrix, at.CITY_NAME_ZH)) or CHINESE_NAMES in had else []
    return [*chinese, *filled]


def _data_columns(definition: Definition, matrix: xr.Dataset, rest: CoinrRest) -> dict[str, list[Cell]]:
    """Return the columns of iData by heading, in the order of an index that came from elsewhere."""
    names = _texts(matrix, at.CITY_NAME_EN)
    columns: dict[str, list[Cell]] = {UNIT_CODE: [*_texts(matrix, at.CITY)]}
    if any(names) or UNIT_NAME in rest.idata:
        columns[UNIT_NAME] = [*names]
    for name in _attributes(definition, matrix):
        columns[name] = [*_texts(matrix, at.CITY_NAME_ZH if name == CHINESE_NAMES else name)]
    for name in definition.divisors:
        columns[name] = matrix[at.DENOMINATOR_VALUE].sel({at.DENOMINATOR: name}).values.tolist()
    for leaf in definition.indicators:
        columns[leaf.id] = matrix[at.VALUE].sel({at.INDICATOR: leaf.id}).values.tolist()
    return columns


def _texts(matrix: xr.Dataset, name: str) -> list[str]:
    return [str(text) for text in matrix[name].values] if name in matrix.coords else [""] * matrix.sizes[at.CITY]


def _with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table for a workbook: texts that are numbers as these, but for codes and names."""
    texts = (UNIT_CODE, UNIT_NAME, CODE)
    cells = {name: [one if name in texts else _number(one) for one in table[name]] for name in table.columns}
    return pd.DataFrame(cells, dtype=object)


def _number(cell: Cell) -> Cell | None:
    """Return a text that is written as a number is, as that number.

    >>> _number("2018"), _number("007"), _number("Asia"), _number("")
    (2018, '007', 'Asia', None)
    """
    if not isinstance(cell, str):
        return cell
    try:
        number = float(cell)
    except ValueError:
        return cell or None
    whole = int(number) if math.isfinite(number) and number.is_integer() else number
    return whole if repr(whole) == cell else cell


def _faults(definition: Definition, matrix: xr.Dataset) -> Iterator[Fault]:
    """Yield what COINr's tables have no room for, or COINr refuses."""
    for leaf in definition.indicators:
        if leaf.direction == "target":
            remedy = "Write higher or lower; COINr takes targets for distances alone."
            yield Fault(leaf.id, "its direction is `target`, and COINr knows 1 and -1 only", remedy)
    for child, parent in uneven(definition):
        problem = f"stands more than one level below {parent.id}, which COINr does not allow"
        yield Fault(child.id, problem, "Put nodes between them.")
    attributes = _attributes(definition, matrix)
    told = [*definition.slots, *definition.divisors, *(name for name in attributes if name != TIME)]
    for name, count in Counter([*told, *UNDESCRIBED]).items():
        if count > 1:
            yield Fault(name, "is the name of two columns of iData, or rows of iMeta", "Rename one of them.")
        elif name[:1].isdigit():
            yield Fault(name, "begins with a digit, which COINr does not allow", "Name it otherwise.")
    for city in _texts(matrix, at.CITY):
        if " " in city:
            yield Fault(city, "has a space, which COINr does not allow in a code", "Give the city a code without.")
