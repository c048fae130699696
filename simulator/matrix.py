"""The city × indicator matrix: read from a file, checked against the definition, written back.

A matrix is a Dataset with the variable `value` on the axes `city` and `indicator` (convention 1). Files are matched
with the definition by label, never by position (convention 2), and a missing cell is never dropped (convention 4):
it is refused, or left blank (NaN) where the definition has an `imputation`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from simulator import names as at
from simulator.answers import in_words, read_answers
from simulator.definition import Definition, Indicator
from simulator.errors import Fault, InputError, did_you_mean
from simulator.listing import (
    CITY_COLUMNS,
    Listing,
    cell_faults,
    city_attributes,
    city_faults,
    column_faults,
    list_table,
    numbers_in,
    text_of,
    zero_faults,
)
from simulator.preparation import Refuse
from simulator.storage import write_netcdf, write_whole
from simulator.tables import TABLE_SUFFIXES, first_faults, read_table, require_kind, write_table
from simulator.yearly import chosen_year, has_years, rows_by_year, year_faults

MATRIX_SUFFIXES: Final = (*TABLE_SUFFIXES, ".nc", ".zarr")
"""File name endings of matrices: those of tables, NetCDF and Zarr."""


def city_coordinates(labelled: xr.Dataset | xr.DataArray) -> dict[str, xr.Variable]:
    """Return the cities of a matrix or a result with their names and attributes, as coordinates of something else.

    >>> list(city_coordinates(xr.Dataset(coords={"city": ["hefei"], "province": ("city", ["Anhui"]), "draw": [1]})))
    ['city', 'province']
    """
    known = labelled.coords
    attributes = [name for name in city_attributes(labelled) if name not in at.CITY_COORDINATES]
    shown = [name for name in (at.CITY, *at.CITY_COORDINATES, *attributes) if name in known]
    return {name: known[name].variable.drop_encoding() for name in shown}


def read_matrix(
    path: str | Path,
    definition: Definition,
    cities: Path | None = None,
    *,
    gaps: bool = False,
    year: int | None = None,
) -> xr.Dataset:
    """Return the matrix in a file, checked against the definition.

    Parameters
    ----------
    path
        A table (CSV, Excel, Parquet) with the column `city` and one column for each indicator and denominator, in any
        order, or a NetCDF or Zarr file as `write_matrix` writes it. A table may also have the columns of
        `CITY_COLUMNS`.
    definition
        The index whose indicators the matrix holds.
    cities
        A table with the column `city`, those of `CITY_COLUMNS` and any other attributes, of the same cities as the
        matrix in any order.
    gaps
        Whether cells may be missing, for tables that are to be written again: they become NaN.
    year
        Which year of a table with a column `year`; the latest if not given.

    Returns
    -------
    xarray.Dataset
        `value` (float64) on the axes `city` (order of the file) and `indicator` (order of the definition). Coordinates
        of `city`: `city_name_en`, `city_name_zh`, `province`, `status`, `cluster`; of `indicator`: `indicator_name_en`,
        `indicator_name_zh`, `dimension`, `variable` (the indicator itself where it has no node of that level above it),
        `direction`, `unit`. All are texts, empty where there is none; the other columns of `cities` are coordinates of
        `city` too. Where indicators have denominators, `denominator_value` on the axes `city` and `denominator`.

    Raises
    ------
    InputError
        With all faults at once, each with its place: a column missing, unknown or given twice; a city without a name,
        given twice, or in only one of matrix and cities table; a cell that is missing (convention 4), infinite, not a
        number or none of the indicator's answers; a denominator of zero; an attribute that differs between matrix and
        cities table (convention 2).
    """
    by_year = read_years(path, definition, cities, gaps=gaps)
    return by_year[chosen_year((one for one in by_year if one is not None), year, str(path))]


def read_years(
    path: str | Path, definition: Definition, cities: Path | None = None, *, gaps: bool = False
) -> dict[int | None, xr.Dataset]:
    """Return the matrix of every year of a table with a column `year`; under `None` that of a file without one.

    Such a table has one row for each city and year; the table of the cities has each once. A year may lack cities, and
    an indicator that may be blank may be so in all of a year. Parameters and exceptions are those of `read_matrix`;
    faults are those of all years, further ones a year that is no whole number and a city given twice in one year.
    """
    path = Path(path)
    values = [*(leaf.id for leaf in definition.indicators), *definition.divisors]
    listing = _read_listing(path, values)
    dated = has_years(listing, values)
    matrix = _checked(listing, definition, cities, gaps, dated)
    if not dated:
        return {None: matrix}
    return {year: matrix.isel({at.CITY: rows}) for year, rows in rows_by_year(listing).items()}


def check_matrix(matrix: xr.Dataset, definition: Definition, cities: Path | None = None) -> xr.Dataset:
    """Return a matrix already in memory, checked and described as `read_matrix` does; the one given stays as it is.

    `cities` is a table that describes the cities, as in `read_matrix`.

    Raises
    ------
    InputError
        With all faults at once, as `read_matrix` tells them.
    """
    return _checked(_list_arrays(Path("matrix"), matrix), definition, cities)


def _checked(
    listing: Listing, definition: Definition, cities: Path | None, gaps: bool = False, dated: bool = False
) -> xr.Dataset:
    """Return what a listing holds, an entry for each city, or for each city and year where it is dated."""
    identifiers, divisors = [leaf.id for leaf in definition.indicators], definition.divisors
    faults = column_faults(listing, [*identifiers, *divisors], [at.YEAR] if dated else [])
    faults += year_faults(listing) if dated else city_faults(listing)
    attributes: Mapping[str, Sequence[str]] = listing.attributes
    if cities is not None:
        try:
            attributes = _merge(listing, _read_cities(cities))
        except InputError as error:
            faults += [replace(fault, place=f"{cities}, {fault.place}".rstrip(", ")) for fault in error.faults]
    present = [identifier for identifier in identifiers if identifier in listing.columns]
    numbers = {identifier: numbers_in(listing.columns[identifier]) for identifier in present}
    steps, strange = read_answers(listing, definition)
    numbers |= steps
    blank = gaps or not isinstance(definition.imputation, Refuse)
    dividing = {name: numbers_in(listing.columns[name]) for name in divisors if name in listing.columns}
    faults += [*strange, *cell_faults(listing, numbers, blank=blank), *cell_faults(listing, dividing, blank=blank)]
    faults += [] if gaps else zero_faults(listing, dividing)
    if faults:
        raise InputError(listing.source, faults)
    values = np.column_stack([numbers[identifier] for identifier in identifiers])
    return _dataset(values, listing.cities, attributes, definition, dividing)


def write_matrix(matrix: xr.Dataset, path: str | Path, words: Definition | None = None) -> None:
    """Write a matrix in the kind of file its name ends in, for `read_matrix` to read back.

    The matrix read back is the same, except that an Excel sheet keeps 16 significant digits of a number.

    Tables get the columns `city`, those of `CITY_COLUMNS`, and one for each denominator and indicator. The file is
    written under another name and renamed at the end, so that nothing half-written stays. The matrix given stays as it
    is.

    With the definition as `words`, indicators with answers are written in words, which only a table can hold;
    otherwise as the numbers of their steps. Both read back the same.

    Raises
    ------
    InputError
        Where the ending is unknown, the optional library for it is not installed, or a table cannot hold the matrix
        because an indicator has the name of a column that describes cities, or cities have attributes of their own; for
        words in another kind of file, and values that are no step of their scale.
    StorageError
        Where the file cannot be written. What stood there before still stands.
    """
    path = Path(path)
    suffix = require_kind(path, MATRIX_SUFFIXES)
    if words is not None and suffix not in TABLE_SUFFIXES:
        remedy = f"Write a table ({', '.join(TABLE_SUFFIXES)}), or steps."
        raise InputError(str(path), [Fault("", "answers in words need a table", remedy)])
    if suffix in TABLE_SUFFIXES:
        table = _as_table(matrix, path)
        write_table(table if words is None else in_words(table, words, str(path)), path)
    elif suffix == ".nc":
        write_netcdf(matrix, path)
    else:
        plain = matrix.drop_encoding().assign_coords(
            {name: texts.astype(object) for name, texts in matrix.coords.items() if texts.dtype.kind == "U"}
        )
        write_whole(path, lambda to: plain.to_zarr(to, mode="w", consolidated=False))


def refuse_blanks(matrix: xr.Dataset, index: str, what: str) -> None:
    """Refuse the matrix of an index with blank cells for something that needs every value; `what` is that, a plural."""
    values = matrix[at.VALUE].transpose(at.CITY, at.INDICATOR)
    blank = [(str(matrix[at.CITY].values[c]), str(matrix[at.INDICATOR].values[k])) for c, k in _blank_cells(values)]

    def fault(cell: tuple[str, str]) -> Fault:
        remedy = "Fill it, or leave the city or the indicator out."
        return Fault(f"{cell[1]} of {cell[0]}", f"is blank, and {what} need every value (convention 4)", remedy)

    if blank:
        raise InputError(f"index {index}", first_faults(blank, fault, "blank cells"))


def refuse_unranked(cities: Sequence[str], ranks: Iterable[int], index: str, what: str) -> None:
    """Refuse an index in which some cities have no rank, as nothing that weighs is known of them."""
    unranked = [city for city, rank in zip(cities, ranks, strict=True) if rank == 0]

    def fault(city: str) -> Fault:
        return Fault(city, f"every cell that weighs is blank, and {what} need its rank", "Leave the city out.")

    if unranked:
        raise InputError(f"index {index}", first_faults(unranked, fault, "cities without a rank"))


def _blank_cells(values: xr.DataArray) -> list[tuple[int, int]]:
    return [(int(row), int(column)) for row, column in np.argwhere(np.isnan(values.to_numpy()))]


def _as_table(matrix: xr.Dataset, path: Path) -> pd.DataFrame:
    indicators = [str(identifier) for identifier in matrix[at.INDICATOR].to_numpy()]
    taken = [identifier for identifier in indicators if identifier in (at.CITY, *CITY_COLUMNS)]
    own = [name for name in city_attributes(matrix) if name not in at.CITY_ATTRIBUTES]
    faults = []
    if taken:
        problem = f"an indicator has the name of a column that describes cities: {', '.join(taken)}"
        faults.append(Fault("", problem, "Write NetCDF (.nc) instead."))
    if own:
        problem = f"a table of values has no room for these attributes of cities: {', '.join(own)}"
        faults.append(Fault("", problem, "Write NetCDF (.nc) instead, or take them away: matrix.drop_vars([…])."))
    if faults:
        raise InputError(str(path), faults)
    described = {at.CITY: matrix[at.CITY].to_numpy()}
    described |= {column: matrix[name].to_numpy() for column, name in CITY_COLUMNS.items()}
    values = pd.DataFrame(matrix[at.VALUE].transpose(at.CITY, at.INDICATOR).to_numpy(), columns=pd.Index(indicators))
    if at.DENOMINATOR_VALUE in matrix:
        divisors = matrix[at.DENOMINATOR_VALUE].transpose(at.CITY, at.DENOMINATOR)
        described |= dict(zip(divisors[at.DENOMINATOR].values.tolist(), divisors.to_numpy().T, strict=True))
    return pd.concat([pd.DataFrame(described), values], axis="columns")


def _read_listing(path: Path, indicators: Collection[str]) -> Listing:
    suffix = require_kind(path, MATRIX_SUFFIXES)
    if suffix in TABLE_SUFFIXES:
        return list_table(path, read_table(path), indicators)
    if not path.exists():
        raise InputError(str(path), [Fault("", "no such file", "Check the path.")])
    try:
        opened = (
            xr.open_dataset(path, engine="h5netcdf", decode_times=False)
            if suffix == ".nc"
            else xr.open_zarr(path, consolidated=False, chunks=None, decode_times=False)
        )
        with opened:
            stored = opened.load()
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        problem = f"not a readable {suffix} file ({reason})"
        raise InputError(str(path), [Fault("", problem, "Write it again with citysim or xarray.")]) from error
    return _list_arrays(path, stored)


def _list_arrays(path: Path, stored: xr.Dataset) -> Listing:
    fault = _shape_fault(stored)
    if fault:
        raise InputError(str(path), [fault])
    values = stored[at.VALUE].transpose(at.CITY, at.INDICATOR).to_numpy()
    headings = [text_of(label) for label in stored[at.INDICATOR].to_numpy()]
    described = [name for name in CITY_COLUMNS.values() if name in stored and stored[name].dims == (at.CITY,)]
    described += [name for name in city_attributes(stored) if name not in described]
    columns = {heading: values[:, headings.index(heading)].tolist() for heading in dict.fromkeys(headings)}
    divisors: dict[str, list[float]] = {}
    if at.DENOMINATOR_VALUE in stored:
        divided = stored[at.DENOMINATOR_VALUE].transpose(at.CITY, at.DENOMINATOR)
        divisors = {
            text_of(name): divided.sel({at.DENOMINATOR: name}).values.tolist()
            for name in divided[at.DENOMINATOR].values
        }
    return Listing(
        source=str(path),
        entry="city",
        places=range(1, len(values) + 1),
        headings=[at.CITY, *headings, *divisors],
        cities=[text_of(label) for label in stored[at.CITY].to_numpy()],
        attributes={name: [text_of(label) for label in stored[name].to_numpy()] for name in described},
        columns=columns | divisors,
    )


def _shape_fault(stored: xr.Dataset) -> Fault | None:
    if at.VALUE not in stored:
        return Fault("", f"no variable {at.VALUE!r}", did_you_mean(at.VALUE, [str(name) for name in stored.data_vars]))
    dims = [str(dim) for dim in stored[at.VALUE].dims]
    if sorted(dims) != [at.CITY, at.INDICATOR]:
        return Fault(at.VALUE, f"its axes are {', '.join(dims) or 'none'}", "Give it the axes city and indicator.")
    unlabelled = [dim for dim in dims if dim not in stored.coords]
    if unlabelled:
        problem = f"the axis {' and '.join(unlabelled)} has no labels (convention 2)"
        return Fault(at.VALUE, problem, "Add a coordinate of the same name.")
    return None


def _read_cities(path: Path) -> Listing:
    """Return the table that describes cities, its own faults raised."""
    listing = list_table(path, read_table(path), (), of_cities=True)
    faults = [*column_faults(listing, [], of_cities=True), *city_faults(listing)]
    if faults:
        raise InputError(str(path), faults)
    return listing


def _merge(listing: Listing, table: Listing) -> Mapping[str, Sequence[str]]:
    """Return the attributes of the matrix's cities, those of the cities table included; both must agree."""
    position = {city: place for place, city in enumerate(table.cities)}
    known = {city: None for city in listing.cities if city}
    if not known:
        return listing.attributes

    def absent_fault(city: str) -> Fault:
        return Fault(city, "is in the matrix, but not in this table", "Add it, or correct its spelling.")

    def surplus_fault(city: str) -> Fault:
        return Fault(city, "is in this table, but not in the matrix", "Remove it here, or add its values.")

    faults = [
        *first_faults([city for city in known if city not in position], absent_fault, "such cities"),
        *first_faults([city for city in position if city not in known], surplus_fault, "such cities"),
        *first_faults(list(_differing(listing, table, position)), lambda fault: fault, "such texts"),
    ]
    if faults:
        raise InputError(table.source, faults)
    order = [position.get(city, 0) for city in listing.cities]
    described = {name: [texts[place] for place in order] for name, texts in table.attributes.items()}
    return {**listing.attributes, **described}


def _differing(listing: Listing, table: Listing, position: Mapping[str, int]) -> Iterator[Fault]:
    for name in [name for name in table.attributes if name in listing.attributes]:
        for city, text in zip(listing.cities, listing.attributes[name], strict=False):
            there = table.attributes[name][position[city]] if city in position else text
            if there != text:
                place = f"{table.place(position[city])}, {name}"
                yield Fault(place, f"{there!r} here, {text!r} in the matrix (convention 2)", "Correct one of them.")


def _dataset(
    values: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    cities: Sequence[str],
    attributes: Mapping[str, Sequence[str]],
    definition: Definition,
    dividing: Mapping[str, np.ndarray[tuple[int], np.dtype[np.float64]]],
) -> xr.Dataset:
    nothing = [""] * len(cities)
    shown = dict.fromkeys([*CITY_COLUMNS.values(), *attributes])
    described = {name: (at.CITY, np.array(attributes.get(name, nothing), dtype=str)) for name in shown}
    leaves = {name: (at.INDICATOR, np.array(texts)) for name, texts in _indicator_texts(definition).items()}
    coordinates = {at.CITY: np.array(cities, dtype=str), **described, **leaves}
    matrix = xr.Dataset({at.VALUE: ((at.CITY, at.INDICATOR), values)}, coords=coordinates)
    if dividing:
        columns = np.column_stack(list(dividing.values()))
        matrix = matrix.assign_coords({at.DENOMINATOR: np.array(list(dividing), dtype=str)})
        matrix[at.DENOMINATOR_VALUE] = ((at.CITY, at.DENOMINATOR), columns)
    return matrix


def _indicator_texts(definition: Definition) -> dict[str, list[str]]:
    def texts(leaf: Indicator) -> dict[str, str]:
        return {
            at.INDICATOR: leaf.id,
            at.INDICATOR_NAME_EN: leaf.name.en,
            at.INDICATOR_NAME_ZH: leaf.name.zh,
            at.DIMENSION: definition.ancestor(leaf.id, at.DIMENSION),
            at.VARIABLE: definition.member(leaf.id, at.VARIABLE),
            at.DIRECTION: leaf.direction,
            at.UNIT: leaf.unit,
        }

    rows = [texts(leaf) for leaf in definition.indicators]
    return {name: [row[name] for row in rows] for name in rows[0]}
