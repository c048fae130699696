"""Results of one structure stacked on an axis `result`, and taken from there again as they were, to the byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr

from simulator.errors import Fault, InputError
from simulator.results.attributes import as_json, from_json

Array = np.ndarray[Any, Any]

RESULT: Final = "result"
"""Axis on which results are stacked, and the variable with their names."""
DETAILS: Final = "result_details"
"""Variable with what each result has of its own beside its variables, as JSON: attributes, widths of texts."""

NUMBERS: Final = "biufc"
TIMES: Final = "mM"
TEXTS: Final = "UO"
UNKNOWN_TO_ZARR: Final = "gG"
"""Numbers wider than 64 bits, whose meaning differs between machines."""


@dataclass(frozen=True)
class Column:
    """One variable of a structure. Texts are told apart as `U` (of some width) and `O` (objects), others in full."""

    name: str
    is_coordinate: bool
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    attributes: str
    """As JSON."""


Structure = tuple[Column, ...]
"""What results must have in common to be stacked: variables in order, with axes, types, shapes and attributes."""


@dataclass(frozen=True)
class Stack:
    """Results of one structure, ready to be written."""

    structure: Structure
    names: tuple[str, ...]
    """Those of the results."""
    shared: Mapping[str, Array]
    """Variables that are the same in all of them, once."""
    stacked: Mapping[str, Array]
    """The others, with an axis before their own."""
    details: tuple[str, ...]
    fingerprints: tuple[str, ...]


def stack(results: Mapping[str, xr.Dataset]) -> list[Stack]:
    """Return results (name → result) as stacks, one for each structure among them.

    Texts are arrays of objects, times are integers.

    Raises
    ------
    InputError
        With everything in them that a store has no way to keep.

    Examples
    --------
    >>> one, other = (xr.Dataset({"rank": ("city", [1, 2]), "total": ("city", [2.0, last])}) for last in (1.0, 0.5))
    >>> (made,) = stack({"one": one, "other": other})
    >>> list(made.shared), made.stacked["total"].shape
    (['rank'], (2, 2))
    """
    faults = [Fault(name, *one) for name, result in results.items() for one in _problems(result)]
    if faults:
        raise InputError("results", faults)
    alike: dict[Structure, dict[str, xr.Dataset]] = {}
    for name, result in results.items():
        alike.setdefault(structure_of(result), {})[name] = result
    return [_stacked(structure, tuple(members), list(members.values())) for structure, members in alike.items()]


def structure_of(result: xr.Dataset) -> Structure:
    """Return what a result must have in common with others to be stacked with them."""
    names = [*(str(name) for name in result.coords), *(str(name) for name in result.data_vars)]
    return tuple(
        Column(
            name,
            name in result.coords,
            tuple(str(dim) for dim in one.dims),
            one.shape,
            one.dtype.kind if one.dtype.kind in TEXTS else one.dtype.str,
            as_json(one.attrs),
        )
        for name, one in ((name, result.variables[name]) for name in names)
    )


def unstack(structure: Structure, values: Mapping[str, Array], details: str) -> xr.Dataset:
    """Return one result from its variables as a stack holds them, without the axis `result`, and its details."""
    own = json.loads(details)
    variables = {
        column.name: xr.Variable(
            column.dims,
            _as_given(values[column.name], column, own["widths"].get(column.name)),
            from_json(column.attributes),
        )
        for column in structure
    }
    coordinates = {column.name: variables.pop(column.name) for column in structure if column.is_coordinate}
    return xr.Dataset(variables, coordinates, from_json(json.dumps(own["attributes"])))


def fingerprint(result: xr.Dataset) -> str:
    """Return a hash of everything in a result: variables to the byte, their order, axes, types and all attributes."""
    return _fingerprint(result, structure_of(result))


def _fingerprint(result: xr.Dataset, structure: Structure) -> str:
    found = hashlib.sha256(as_json(result.attrs).encode())
    for column in structure:
        values = result.variables[column.name].values
        width = values.dtype.str if values.dtype.kind == "U" else ""
        found.update(repr((column, width)).encode())
        found.update(json.dumps(values.tolist()).encode() if values.dtype.kind == "O" else values.tobytes())
    return found.hexdigest()


def _problems(result: xr.Dataset) -> list[tuple[str, str]]:
    """Return what a store cannot keep of a result, and what would mend it."""
    found = []
    unnamed = [name for name in (*result.variables, *result.dims) if not isinstance(name, str)]
    if unnamed:
        return [(f"the name {unnamed[0]!r} is no text", "Rename it.")]
    taken = {RESULT, DETAILS} & {str(name) for name in (*result.variables, *result.dims)}
    if taken:
        found.append((f"has {' and '.join(sorted(taken))} of its own, which the store needs", "Rename it."))
    for name, one in result.variables.items():
        problem = _type_problem(one.values)
        if problem:
            found.append((f"{name} is of a type that is not kept ({problem})", "Leave it out, or convert it."))
    for where, attributes in (
        ("", result.attrs),
        *((f"{name}: ", one.attrs) for name, one in result.variables.items()),
    ):
        try:
            as_json(attributes)
        except TypeError as error:
            found.append((f"{where}attribute cannot be kept ({error})", "Leave it out, or make it a text."))
    return found


def _type_problem(values: Array) -> str:
    kind, dtype = values.dtype.kind, values.dtype
    if kind == "O":
        strange = [type(one).__name__ for one in values.ravel().tolist() if not isinstance(one, str)]
        return f"objects, among them {strange[0]}" if strange else ""
    return "" if kind in NUMBERS + TIMES + "U" and dtype.char not in UNKNOWN_TO_ZARR else str(dtype)


def _stacked(structure: Structure, names: tuple[str, ...], results: Sequence[xr.Dataset]) -> Stack:
    shared: dict[str, Array] = {}
    stacked: dict[str, Array] = {}
    for column in structure:
        values = [_as_held(result.variables[column.name].values) for result in results]
        if len(values) > 1 and _all_same(values):
            shared[column.name] = values[0]
        else:
            stacked[column.name] = np.stack(values)
    return Stack(
        structure,
        names,
        shared,
        stacked,
        tuple(_details(result) for result in results),
        tuple(_fingerprint(result, structure) for result in results),
    )


def _details(result: xr.Dataset) -> str:
    texts = {str(name): one.dtype.str for name, one in result.variables.items() if one.dtype.kind == "U"}
    return json.dumps({"attributes": json.loads(as_json(result.attrs)), "widths": texts}, ensure_ascii=False)


def _as_held(values: Array) -> Array:
    """Return values as a stack holds them: texts as objects, times as integers."""
    if values.dtype.kind in TIMES:
        return values.view(values.dtype.str[0] + "i8")
    return values.astype(object) if values.dtype.kind == "U" else values


def _as_given(values: Array, column: Column, width: str | None) -> Array:
    if column.dtype in TEXTS:
        return values.astype(width or object)
    dtype = np.dtype(column.dtype)
    if dtype.kind in TIMES:
        return values.astype(dtype.str[0] + "i8").view(dtype)
    return values.astype(dtype, copy=False)


def _all_same(values: Sequence[Array]) -> bool:
    first = values[0]
    if first.dtype.kind == "O":
        told = first.tolist()
        return all(one.tolist() == told for one in values[1:])
    content = first.tobytes()
    return all(one.tobytes() == content for one in values[1:])
