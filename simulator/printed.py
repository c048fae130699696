"""What a publisher printed of an index: totals, ranks and scores of nodes, read from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from simulator import names
from simulator.definition import Definition
from simulator.errors import Fault, InputError, did_you_mean
from simulator.listing import Listing, Numbers, cell_faults, city_faults, column_faults, list_table, numbers_in, text_of
from simulator.preparation import Refuse
from simulator.tables import first_faults, read_table
from simulator.yearly import entries, has_years, rows_by_year, year_faults


def read_published(path: Path, definition: Definition, cities: Sequence[str], year: int | None = None) -> xr.Dataset:
    """Return the printed totals, ranks and node scores of some cities, in their order.

    Where values have a `year` the table has too, and its rows of that year are taken. Scores of nodes may be blank
    where cells of the matrix may.

    Raises
    ------
    InputError
        With every fault of the table.
    """
    listing = list_table(path, read_table(path), ())
    dated = [] if year is None else [names.YEAR]
    if year is not None and has_years(listing, ()):
        faults = year_faults(listing)
        if faults:
            raise InputError(str(path), faults)
        listing = entries(listing, rows_by_year(listing).get(year, []))
    known = [node.id for node in definition.nodes if node.id not in (names.RANK, names.TOTAL)]
    nodes = [column for column in listing.columns if column in known]
    numbers = {column: numbers_in(cells) for column, cells in listing.columns.items() if column not in dated}
    faults = column_faults(listing, [*dated, names.RANK, names.TOTAL], known)
    blank = [] if isinstance(definition.imputation, Refuse) else nodes
    faults += [*city_faults(listing), *cell_faults(listing, {k: v for k, v in numbers.items() if k not in blank})]
    faults += _texts_among(listing, {node: numbers[node] for node in blank})
    strange = [city for city in listing.cities if city and city not in cities]
    faults += first_faults(strange, lambda city: Fault(city, "no such city", did_you_mean(city, cities)), "such cities")
    lacking = [city for city in cities if city not in listing.cities]
    faults += first_faults(
        lacking, lambda city: Fault("", f"no row for {city}", "Add its printed total."), "such cities"
    )
    ranks = numbers.get(names.RANK, np.zeros(0))
    broken = [number for number, rank in enumerate(ranks) if np.isfinite(rank) and (rank < 1 or rank != round(rank))]

    def rank_fault(number: int) -> Fault:
        place = f"{listing.place(number)}, column {names.RANK}"
        return Fault(place, f"{ranks[number]:g} is no rank", "Write whole numbers from 1.")

    faults += first_faults(broken, rank_fault, "such ranks")
    if faults:
        raise InputError(str(path), faults)
    order = [listing.cities.index(city) for city in cities]
    return xr.Dataset(
        {
            names.TOTAL: (names.CITY, numbers[names.TOTAL][order]),
            names.RANK: (names.CITY, numbers[names.RANK][order].astype(np.int64)),
            names.SCORE: (
                (names.CITY, names.NODE),
                np.array([numbers[node][order] for node in nodes]).reshape(len(nodes), len(cities)).T,
            ),
        },
        coords={names.CITY: list(cities), names.NODE: nodes},
    )


def _texts_among(listing: Listing, numbers: Mapping[str, Numbers]) -> list[Fault]:
    """Return the cells that hold neither a number nor nothing."""
    some = {column: values for column, values in numbers.items() if any(map(text_of, listing.columns[column]))}
    return cell_faults(listing, some, blank=True)
