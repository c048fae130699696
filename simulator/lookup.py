"""Cities, indicators and nodes by any of their names, and the choice of some cities of a matrix."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import xarray as xr

from simulator import names as at
from simulator.arguments import names_of
from simulator.definition import Definition, Indicator, Node
from simulator.errors import Fault, InputError, did_you_mean, nearest
from simulator.kernels.arrays import Flags
from simulator.listing import city_attributes

Selection = Sequence[str] | Mapping[str, object]
"""Which cities: their names, or for attributes of a city the value or values it may have."""


def look_up(asked: str | Sequence[str], known: Mapping[str, Sequence[str]], kind: str) -> list[str]:
    """Return the identifier of each name asked for, in that order.

    Parameters
    ----------
    asked
        Names: an identifier, or another name of it in any case; a single one may stand as a text.
    known
        Other names of every identifier.
    kind
        What is looked up, for messages, such as `city`.

    Raises
    ------
    InputError
        With every name that is unknown (the nearest known ones are suggested) or that stands for more than one; for
        what is no list of texts.

    Examples
    --------
    >>> look_up(["合肥", "HEFEI"], {"hefei": ["Hefei", "合肥"], "harbin": ["Harbin", "哈尔滨"]}, "city")
    ['hefei', 'hefei']
    """
    asked = names_of(asked, kind)
    meant: dict[str, dict[str, None]] = {}
    for identifier, others in known.items():
        for name in (identifier, *others):
            if name:
                meant.setdefault(fold(name), {})[identifier] = None
    found = [[name] if name in known else list(meant.get(fold(name), ())) for name in asked]
    faults = [
        Fault(repr(name), f"stands for {' and '.join(ids)}", "Name one of these.")
        if ids
        else Fault(repr(name), f"no such {kind}", _suggestion(name, known, meant))
        for name, ids in zip(asked, found, strict=True)
        if len(ids) != 1
    ]
    if faults:
        raise InputError(f"choice of {kind}", faults)
    return [ids[0] for ids in found]


def find_city(matrix: xr.Dataset | xr.DataArray, name: str) -> str:
    """Return the city (its slug) that a slug, English or Chinese name in any case stands for.

    Raises
    ------
    InputError
        Where no city, or more than one, has that name; the nearest names are suggested.
    """
    return find_cities(matrix, [name])[0]


def find_cities(matrix: xr.Dataset | xr.DataArray, names: str | Sequence[str]) -> list[str]:
    """Return the cities (their slugs) that names stand for, one for each name (or of a single one); see `find_city`.

    Raises
    ------
    InputError
        With every name that stands for no city or for more than one.
    """
    others = [_texts(matrix, name) for name in (at.CITY_NAME_EN, at.CITY_NAME_ZH) if name in matrix.coords]
    known = {city: spelt for city, *spelt in zip(_texts(matrix, at.CITY), *others, strict=True)}
    return look_up(names, known, "city")


def find_indicators(definition: Definition, names: Sequence[str]) -> list[str]:
    """Return the indicators (their identifiers) that identifiers, English or Chinese names in any case stand for.

    Raises
    ------
    InputError
        With every name that stands for no indicator or for more than one.
    """
    return look_up(names, names_by_id(definition.indicators), "indicator")


def find_slots(definition: Definition, names: Sequence[str]) -> list[str]:
    """Return the identifiers of the indicators or nodes that names stand for; see `find_indicators`.

    Raises
    ------
    InputError
        With every name that stands for none or for more than one.
    """
    return look_up(names, names_by_id([*definition.indicators, *definition.nodes]), "indicator or node")


def select_cities(matrix: xr.Dataset, selection: Selection) -> xr.Dataset:
    """Return the matrix of some of its cities, in the order of the matrix; the matrix given stays as it is.

    Parameters
    ----------
    matrix
        Dataset with the axis `city`.
    selection
        Names of cities as `find_cities` takes them, or a mapping from attribute (`province`, `status`, `cluster` or
        one of your own) to the value or values a city may have; a city is taken where all attributes fit. An empty
        value is that of the cities without one.

    Raises
    ------
    InputError
        For a city, attribute or value that is unknown, and where no city is left.

    Examples
    --------
    >>> cities = xr.Dataset(coords={"city": ["suzhou", "hefei"], "province": ("city", ["Jiangsu", "Anhui"])})
    >>> select_cities(cities, {"province": "anhui"}).city.values.tolist()
    ['hefei']
    """
    return matrix.isel({at.CITY: np.flatnonzero(choose_cities(matrix, selection))})


def choose_cities(matrix: xr.Dataset, selection: Selection) -> Flags:
    """Return which cities (city) of a matrix are meant; parameters and exceptions are those of `select_cities`."""
    chosen = _fitting(matrix, selection) if isinstance(selection, Mapping) else _named(matrix, selection)
    if not chosen.any():
        problem = f"no city fits {dict(selection)}" if isinstance(selection, Mapping) else "no city is named"
        raise InputError("choice of city", [Fault("", problem, "Choose at least one city.")])
    return chosen


def _named(matrix: xr.Dataset, names: str | Sequence[str]) -> Flags:
    cities = find_cities(matrix, names)
    return np.isin(matrix[at.CITY].to_numpy(), cities)


def _fitting(matrix: xr.Dataset, selection: Mapping[str, object]) -> Flags:
    known = dict.fromkeys(city_attributes(matrix), ())
    attributes = look_up(list(selection), known, "attribute of a city")
    chosen = np.ones(matrix.sizes[at.CITY], dtype=np.bool_)
    faults: list[Fault] = []
    for attribute, asked in zip(attributes, selection.values(), strict=True):
        held = _texts(matrix, attribute)
        wanted = [str(value) for value in asked] if isinstance(asked, list | tuple) else [str(asked)]
        try:
            if not any(held):
                remedy = "Describe the cities in a table under `data: {cities: FILE}`."
                raise InputError("choice of city", [Fault(attribute, "is not known of any city", remedy)])
            chosen &= np.isin(held, look_up(wanted, dict.fromkeys(held, ()), attribute))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError("choice of city", faults)
    return chosen


def names_by_id(parts: Sequence[Indicator | Node]) -> dict[str, tuple[str, str]]:
    """Return the English and the Chinese name of indicators and nodes by their identifiers, empty where none is."""
    return {part.id: (part.name.en, part.name.zh) for part in parts}


def _texts(matrix: xr.Dataset | xr.DataArray, coordinate: str) -> list[str]:
    return [str(text) for text in matrix[coordinate].to_numpy()]


@lru_cache(8192)
def fold(name: str) -> str:
    """Return a name as it is compared: without regard to case, full-width forms and surrounding space."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _suggestion(name: str, known: Mapping[str, Sequence[str]], meant: Mapping[str, Mapping[str, None]]) -> str:
    """Return the remedy for an unknown name: names in it, identifiers whose names are nearest, or all known ones."""
    parts = [meant.get(fold(part), {}) for part in name.replace("，", ",").replace("、", ",").split(",")]
    if len(parts) > 1 and all(parts):
        several = ", ".join(dict.fromkeys(identifier for part in parts for identifier in part))
        return f"Give each by itself, in a list or as an option of its own: {several}."
    close = {identifier: None for spelling in nearest(fold(name), list(meant)) for identifier in meant[spelling]}
    return f"Did you mean {' or '.join(close)}?" if close else did_you_mean(name, list(known))
