"""COINr's tables, iData and iMeta, read as a draft of an index: https://bluefoxr.github.io/COINr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from simulator import names as at
from simulator.coinr_rest import CoinrRest
from simulator.definition import parse_definition
from simulator.documents import Document
from simulator.errors import Fault, InputError, did_you_mean
from simulator.listing import numbers_in, text_of
from simulator.peers.coinr_checks import codes, data_faults, meta_faults, of_type
from simulator.peers.coinr_names import (
    AGGREGATE_TYPE,
    CHINESE_NAMES,
    CODE,
    DENOMINATOR,
    DIRECTION,
    DIRECTIONS,
    IDATA,
    IMETA,
    INDICATOR_TYPE,
    LEVEL,
    NAME,
    PARENT,
    TARGET,
    TYPE,
    UNIT,
    UNIT_CODE,
    UNIT_NAME,
    WEIGHT,
)
from simulator.peers.coinr_rows import derived_rows
from simulator.peers.drafts import AGGREGATE, CITIES_FILE, NORMALISE, VALUES_FILE, Draft, with_gaps_kept
from simulator.peers.pages import Cell, Page, plain, read_page
from simulator.tables import require_kind, sheet_names

COMMENTS: Final = (
    "Drafted from COINr's iData and iMeta. They name no normalisation and no aggregation: what is marked as a guess",
    "below is ours, min-max from 0 to 100 and arithmetic means. So are the names of the levels.",
)
_BOOK_OR_TABLE: Final = (".csv", ".xlsx")


def read_coinr(idata: str | Path, imeta: str | Path | None = None) -> Draft:
    r"""Return COINr's tables as a draft of an index, with room for all that they say.

    Parameters
    ----------
    idata
        Table of the units, a row each: `uCode`, and a column for each indicator, group and denominator; CSV or Excel.
        Or one workbook with the sheets iData and iMeta.
    imeta
        Table of the indicators and aggregates: `Level`, `iCode`, `Parent`, `Direction`, `Weight`, `Type` and others.

    Returns
    -------
    Draft
        Codes become identifiers as they are. Groups and other columns become attributes of the cities, denominators in
        use columns beside the values. What has no place of its own, the order of rows and columns included, is kept
        under `from_coinr` for `write_coinr`. Empty cells stay empty.

    Raises
    ------
    InputError
        With every fault of both tables, each with its file or sheet, cell and remedy.

    Examples
    --------
    >>> import tempfile
    >>> meta = "Level,iCode,Parent,Direction,Weight,Type\n1,CO2,Index,-1,1,Indicator\n2,Index,,1,1,Aggregate\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "iData.csv").write_text("uCode,CO2\nAUT,6.9\nBEL,8.3\n", encoding="utf-8")
    ...     _ = Path(folder, "iMeta.csv").write_text(meta, encoding="utf-8")
    ...     draft = read_coinr(Path(folder, "iData.csv"), Path(folder, "iMeta.csv"))
    >>> draft.definition.indicators[0].id, draft.definition.indicators[0].direction, draft.values["CO2"].tolist()
    ('CO2', 'lower', [6.9, 8.3])
    """
    data, meta = _pages(Path(idata), None if imeta is None else Path(imeta))
    tree = _definition_data(meta)
    definition = parse_definition(Document(meta.name, tree))
    values = [*definition.divisors, *(leaf.id for leaf in definition.indicators)]
    attributes = [name for name in data.columns if name not in (UNIT_CODE, UNIT_NAME, *values)]
    rest = CoinrRest(
        idata=tuple(data.columns),
        imeta=tuple(meta.columns),
        rows=tuple(codes(meta)),
        cells=_rest_of_cells(meta, derived_rows(definition, attributes, named=False)),
        missing=_mark(data, meta),
    )
    units = [data.unit(row, UNIT_CODE) for row in range(len(data.rows))]
    columns = {name: numbers_in([data.cell(row, name) for row in range(len(data.rows))]) for name in values}
    table = pd.DataFrame({at.CITY: units} | columns)
    return Draft(
        data=with_gaps_kept(tree | {"from_coinr": rest.model_dump(mode="json")}, table),
        values=table,
        cities=_cities(data, units, attributes),
        comments=COMMENTS,
    )


def holds_coinr(path: Path) -> bool:
    """Return whether a file is a workbook with the sheets iData and iMeta."""
    return path.suffix.lower() == ".xlsx" and {IDATA, IMETA} <= set(sheet_names(path))


def _pages(idata: Path, imeta: Path | None) -> tuple[Page, Page]:
    """Return both tables once nothing is wrong with either."""
    wanted = ((idata, None), (imeta, None)) if imeta is not None else _sheets(idata)
    source = str(idata) if imeta is None else f"{idata} and {imeta}"
    pages, faults = [], []
    for path, sheet in wanted:
        try:
            require_kind(path, _BOOK_OR_TABLE)
            page, outer = read_page(path, sheet)
        except InputError as error:
            faults += [Fault(f"{path}, {one.place}".rstrip(", "), one.problem, one.remedy) for one in error.faults]
        else:
            pages.append(page)
            faults += outer
    if len(pages) == 2 and all(page.rows for page in pages):
        data, meta = pages
        faults += [*meta_faults(meta), *data_faults(data, meta)]
    if faults:
        raise InputError(source, faults)
    return pages[0], pages[1]


def _sheets(book: Path) -> tuple[tuple[Path, str | None], ...]:
    if book.suffix.lower() == ".csv":
        remedy = f"Give both files, {IDATA} first, or a workbook with both sheets."
        raise InputError(str(book), [Fault("", f"is one of two tables, {IDATA} and {IMETA}", remedy)])
    present = sheet_names(book)
    faults = [
        Fault("", f"there is no sheet {name}", did_you_mean(name, present))
        for name in (IDATA, IMETA)
        if name not in present
    ]
    if faults:
        raise InputError(str(book), faults)
    return (book, IDATA), (book, IMETA)


def _definition_data(meta: Page) -> dict[str, Any]:
    """Return the definition that iMeta describes, as plain mappings and lists."""
    rows = codes(meta)
    parents = {code: meta.text(rows[code], PARENT) for code in of_type(meta, INDICATOR_TYPE, AGGREGATE_TYPE)}
    (top,) = [code for code, parent in parents.items() if not parent]
    title = meta.text(rows[top], NAME)
    return {
        "schema_version": 1,
        "id": top,
        **({"title": title} if title else {}),
        "levels": level_names(int(meta.number(rows[top], LEVEL))),
        "data": {"matrix": VALUES_FILE, "cities": CITIES_FILE},
        "index": _part(meta, top, rows, parents),
    }


def level_names(levels: int) -> list[str]:
    """Return names for so many levels, from the index down.

    >>> level_names(2), level_names(4), level_names(5)[1:3]
    (['index', 'indicator'], ['index', 'sub-index', 'dimension', 'indicator'], ['level-4', 'level-3'])
    """
    between = ["sub-index"] if levels == 4 else [f"level-{level}" for level in range(levels - 1, 2, -1)]
    return ["index", *between, *(["dimension"] if levels > 2 else []), "indicator"]


def _part(meta: Page, code: str, rows: Mapping[str, int], parents: Mapping[str, str]) -> dict[str, Any]:
    """Return an indicator, or a node with all below it."""
    row = rows[code]
    weight = meta.number(row, WEIGHT)
    part: dict[str, Any] = {"id": code}
    if meta.text(row, NAME):
        part["name"] = meta.text(row, NAME)
    if weight != 1:
        part["weight"] = plain(weight)
    if meta.text(row, TYPE) == INDICATOR_TYPE:
        part["direction"] = DIRECTIONS[int(meta.number(row, DIRECTION))]
        written = {"unit": meta.text(row, UNIT), "denominator": meta.text(row, DENOMINATOR)}
        target = {"target": plain(meta.number(row, TARGET))} if meta.text(row, TARGET) else {}
        return part | {key: text for key, text in written.items() if text} | target
    children = [child for child, parent in parents.items() if parent == code]
    if any(meta.text(rows[child], TYPE) == INDICATOR_TYPE for child in children):
        part["normalise"] = dict(NORMALISE)
    part["aggregate"] = AGGREGATE
    return part | {"children": [_part(meta, child, rows, parents) for child in children]}


def _rest_of_cells(meta: Page, derived: Sequence[Mapping[str, Cell]]) -> dict[str, dict[str, Cell]]:
    """Return the cells of iMeta that a definition does not tell again."""
    told = {str(row[CODE]): row for row in derived}
    kept: dict[str, dict[str, Cell]] = {}
    for code, row in codes(meta).items():
        own = {name: meta.cell(row, name) for name in meta.columns if name != CODE}
        differing = {name: cell for name, cell in own.items() if not same(cell, told.get(code, {}).get(name, ""))}
        if differing:
            kept[code] = differing
    return kept


def same(cell: Cell, told: Cell) -> bool:
    """Return whether a cell says what is told, be it a number or its text.

    >>> same("1.50", 1.5), same("1.50", "1.5"), same("", 0)
    (True, False, False)
    """
    if isinstance(told, int | float):
        return bool(numbers_in([cell])[0] == told)
    return text_of(cell) == told


def _mark(*pages: Page) -> str:
    """Return what stands in the empty cells of CSV files: `NA` where any does, codes and names apart, else nothing."""
    named = (UNIT_CODE, UNIT_NAME, CODE)
    written = (
        page.unit(row, name)
        for page in pages
        for name in page.columns
        for row in range(len(page.rows))
        if page.sheet is None and name not in named
    )
    return "NA" if "NA" in written else ""


def _cities(data: Page, units: Sequence[str], attributes: Sequence[str]) -> pd.DataFrame:
    """Return the table that describes the cities: names, groups and whatever else iData says of them."""
    rows = range(len(data.rows))
    columns: dict[str, Sequence[str]] = {at.CITY: units}
    if UNIT_NAME in data.columns:
        columns["name_en"] = [data.unit(row, UNIT_NAME) for row in rows]
    first = [CHINESE_NAMES] if CHINESE_NAMES in attributes else []
    for name in dict.fromkeys([*first, *attributes]):
        columns[name] = [data.text(row, name) for row in rows]
    return pd.DataFrame(columns, dtype=object)
