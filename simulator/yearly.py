"""Tables with a column `year`: one row for each city and year."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from simulator.errors import Fault, InputError
from simulator.listing import Listing, city_faults, numbers_in
from simulator.names import YEAR
from simulator.tables import first_faults

LAST_YEAR = 9999
"""The largest number that is taken for a year."""


def has_years(listing: Listing, values: Collection[str]) -> bool:
    """Return whether a table has one row for each city and year: a column `year` that is none of its values."""
    return YEAR in listing.columns and YEAR not in values


def rows_by_year(listing: Listing) -> dict[int, list[int]]:
    """Return the positions of the entries of each year, the earliest year first; those without a year are left out."""
    years = [_year(cell) for cell in listing.columns[YEAR]]
    found = sorted({year for year in years if year is not None})
    return {year: [position for position, one in enumerate(years) if one == year] for year in found}


def year_faults(listing: Listing) -> list[Fault]:
    """Return the years that are no whole numbers, and the cities without a name or given twice in one year."""
    if not listing.places:
        return city_faults(listing)
    cells = listing.columns[YEAR]
    broken = [position for position, cell in enumerate(cells) if _year(cell) is None]

    def broken_fault(position: int) -> Fault:
        problem = f"{cells[position]!r} is no year"
        return Fault(f"{listing.place(position)}, column {YEAR}", problem, f"Write a whole number, 1 to {LAST_YEAR}.")

    faults = first_faults(broken, broken_fault, "such years")
    if not listing.cities:
        return faults
    for year, rows in rows_by_year(listing).items():
        of_year = city_faults(entries(listing, rows))
        faults += [replace(one, problem=f"{one.problem} with {YEAR} {year}") for one in of_year]
    return faults


def entries(listing: Listing, rows: Sequence[int]) -> Listing:
    """Return some entries of a listing, by their positions."""
    return replace(
        listing,
        places=[listing.places[row] for row in rows],
        cities=[listing.cities[row] for row in rows],
        attributes={name: [texts[row] for row in rows] for name, texts in listing.attributes.items()},
        columns={name: [cells[row] for row in rows] for name, cells in listing.columns.items()},
    )


def chosen_year(years: Iterable[int], wanted: int | None, source: str) -> int | None:
    """Return the year that is wanted, or else the latest one; nothing where there are no years.

    Raises
    ------
    InputError
        Where the year wanted is not among them.

    Examples
    --------
    >>> chosen_year([2016, 2019], None, "values.csv")
    2019
    """
    known = sorted(years)
    if wanted is None:
        return known[-1] if known else None
    if not known:
        raise InputError(source, [Fault(YEAR, f"there is no {wanted}, as no column {YEAR}", "Ask for no year.")])
    if wanted not in known:
        remedy = f"Take one of {', '.join(str(year) for year in known)}."
        raise InputError(source, [Fault(YEAR, f"there is no {wanted}", remedy)])
    return wanted


def whole_year(given: Any, place: str) -> int:
    """Return what a call is given as a year.

    Raises
    ------
    InputError
        Where it is no whole number from 1.

    Examples
    --------
    >>> whole_year(2018, "year")
    2018
    """
    found = None if isinstance(given, bool) else _year(given)
    if found is None:
        raise InputError(place, [Fault("", f"{given!r} is no year", f"Give a whole number, 1 to {LAST_YEAR}.")])
    return found


def _year(cell: Any) -> int | None:
    """Return a cell as a year; nothing where it is none."""
    number = float(numbers_in([cell])[0])
    return int(number) if number.is_integer() and 1 <= number <= LAST_YEAR else None
