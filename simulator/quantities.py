"""Raw quantities of cities, read from a long table, and the indicators that formulas make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from simulator import names as at
from simulator.definition import Definition, Indicator
from simulator.errors import Fault, InputError, did_you_mean
from simulator.formulas import parse_formula
from simulator.kernels.arrays import Flags, Floats
from simulator.listing import Listing, cell_faults, column_faults, list_table, numbers_in, text_of
from simulator.tables import first_faults, read_table

_COLUMNS: Final = ("quantity", "value")
_TEXTS: Final = ("confidence", "source")


def read_quantities(path: str | Path, definition: Definition, cities: Sequence[str] | None = None) -> xr.Dataset:
    """Return the quantities in a long table, checked against the definition that declares them.

    Parameters
    ----------
    path
        A table (CSV, Excel, Parquet) with the columns `city`, `quantity` and `value`, one row for each figure; and, if
        known, `year`, `unit`, `confidence` and `source`. A figure that is not known has no row.
    definition
        The definition whose `quantities` these are.
    cities
        The cities there are, in their order; those of the table in theirs if not given.

    Returns
    -------
    xarray.Dataset
        `value` (city, quantity; float64, NaN where there is no row), `confidence` and `source` (city, quantity; text,
        empty where there is none), with coordinate `unit` (quantity).

    Raises
    ------
    InputError
        With all faults at once, each with its row: a column missing or unknown; a city or quantity that is unknown, a
        figure given twice; a value that is missing, infinite or not a number; a unit that is not the one declared.

    Examples
    --------
    >>> import simulator as sim
    >>> raw = sim.load_index("opportunity-2025").raw
    >>> float(raw.quantities["value"].sel(city="hefei", quantity="gdp"))
    13507.7
    """
    path = Path(path)
    listing = list_table(path, read_table(path), _COLUMNS)
    faults = column_faults(listing, _COLUMNS, ("year", "unit", *_TEXTS))
    if not listing.places:
        faults.append(Fault("", "there is no figure", "Give one row for each figure of a city."))
    if faults:
        raise InputError(str(path), faults)
    found = [text_of(cell) for cell in listing.columns["quantity"]]
    value = numbers_in(listing.columns["value"])
    known = list(dict.fromkeys(listing.cities)) if cities is None else list(cities)
    faults = [*_row_faults(listing, found, definition, known), *cell_faults(listing, {"value": value})]
    if faults:
        raise InputError(str(path), faults)
    quantities = list(definition.quantities)
    row = np.array([known.index(city) for city in listing.cities])
    column = np.array([quantities.index(name) for name in found])
    values = np.full((len(known), len(quantities)), np.nan)
    values[row, column] = value
    axes = (at.CITY, at.QUANTITY)
    variables = {at.VALUE: (axes, values)}
    for name in _TEXTS:
        texts = np.full(values.shape, "", dtype=object)
        if name in listing.columns:
            texts[row, column] = [text_of(cell) for cell in listing.columns[name]]
        variables[name] = (axes, texts)
    for name in definition.derived:
        values[:, quantities.index(name)] = derived_quantity(
            definition, name, dict(zip(quantities, values.T, strict=True))
        )
    units = [definition.quantities[name].unit for name in quantities]
    coordinates = {at.CITY: np.array(known, str), at.QUANTITY: quantities, at.UNIT: (at.QUANTITY, units)}
    return xr.Dataset(variables, coords=coordinates)


def derived_quantity(definition: Definition, name: str, known: Mapping[str, Floats]) -> Floats:
    """Return the values of a quantity that is made by a formula, from those of the others; NaN where one is missing.

    Values are (city), or (draw, city) where some are drawn.
    """
    formula = parse_formula(definition.quantities[name].formula or "")
    found = formula.evaluate(known)
    return np.where(np.isfinite(found), found, np.nan)


def _row_faults(listing: Listing, found: Sequence[str], definition: Definition, cities: Sequence[str]) -> list[Fault]:
    """Return the rows with an unknown city or quantity, another unit than declared, or a figure given before."""
    quantities = list(definition.quantities)
    units = listing.columns.get("unit")
    first: dict[tuple[str, str], int] = {}
    faults = []
    for position, (city, name) in enumerate(zip(listing.cities, found, strict=True)):
        place = listing.place(position)
        if not city:
            faults.append(Fault(place, "the name of the city is empty", "Name it."))
        elif city not in cities:
            faults.append(Fault(place, f"no city {city!r}", did_you_mean(city, cities)))
        if name not in definition.quantities:
            faults.append(Fault(place, f"no quantity {name!r}", did_you_mean(name, quantities)))
            continue
        if definition.quantities[name].formula is not None:
            faults.append(Fault(place, f"{name} is made by a formula", "Leave its rows out."))
        unit, declared = text_of(units[position]) if units else "", definition.quantities[name].unit
        if unit and declared and unit != declared:
            faults.append(Fault(place, f"{name} in {unit!r}, declared in {declared!r}", "Convert the value."))
        before = first.setdefault((city, name), position)
        if before != position:
            faults.append(Fault(place, f"{name} is given in row {listing.places[before]} already", "Keep one of them."))
    return first_faults(faults, lambda fault: fault, "such rows")


def indicators_from(definition: Definition, quantities: xr.Dataset, source: str = "quantities") -> xr.DataArray:
    """Return the value (city, indicator) of every indicator that has a formula; NaN where a quantity is not known.

    `source` names the file of the quantities in messages.

    Raises
    ------
    InputError
        With every city of which a formula divides by zero, takes a root or logarithm that there is none of, or is
        negative on a positive scale.
    """
    of_quantity = quantities[at.VALUE].transpose(at.QUANTITY, at.CITY).values
    known = {str(name): row for name, row in zip(quantities[at.QUANTITY].values, of_quantity, strict=True)}
    leaves = [leaf for leaf in definition.indicators if leaf.formula is not None]
    cities = [str(city) for city in quantities[at.CITY].values]
    columns = []
    faults: list[Fault] = []
    for leaf in leaves:
        column, missing = _evaluate(leaf, known, len(cities))
        undefined = [cities[k] for k in np.flatnonzero(~missing & ~np.isfinite(column))]
        faults += [_undefined(leaf, city, known, cities.index(city)) for city in undefined]
        faults += [
            _negative(leaf, cities[k], column[k]) for k in np.flatnonzero(column < 0.0) if leaf.scale == "positive"
        ]
        columns.append(np.where(missing, np.nan, column))
    if faults:
        raise InputError(source, first_faults(faults, lambda fault: fault, "such values"))
    return xr.DataArray(
        np.array(columns).reshape(len(leaves), len(cities)).T,
        dims=(at.CITY, at.INDICATOR),
        coords={at.CITY: quantities[at.CITY].values, at.INDICATOR: [leaf.id for leaf in leaves]},
    )


def _evaluate(leaf: Indicator, known: Mapping[str, Floats], cities: int) -> tuple[Floats, Flags]:
    """Return the values (city) of an indicator, and where (city) a quantity of its formula is missing."""
    formula = parse_formula(leaf.formula or "")
    missing = np.zeros(cities, np.bool_)
    for name in formula.quantities:
        missing |= np.isnan(known[name])
    return np.broadcast_to(formula.evaluate(known), (cities,)), missing


def _undefined(leaf: Indicator, city: str, known: Mapping[str, Floats], position: int) -> Fault:
    parts = parse_formula(leaf.formula or "").quantities
    figures = ", ".join(f"{name} {known[name][position]:g}" for name in parts)
    problem = f"{leaf.formula} divides by zero, or is not defined ({figures})"
    return Fault(f"{leaf.id} of {city}", problem, "Correct the quantity, or leave its row out.")


def _negative(leaf: Indicator, city: str, value: float) -> Fault:
    remedy = "Correct the quantity, or say `scale: signed`."
    return Fault(f"{leaf.id} of {city}", f"{value:g} is negative, on a positive scale", remedy)


def missing_quantities(leaf: Indicator, quantities: xr.Dataset, city: str) -> list[str]:
    """Return the quantities of an indicator's formula that are not known of a city."""
    row = quantities[at.VALUE].sel({at.CITY: city})
    return [name for name in parse_formula(leaf.formula or "").quantities if np.isnan(row.sel({at.QUANTITY: name}))]
