"""Stacks of results as Zarr groups, and single results out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import xarray as xr

from simulator.results.attributes import from_json
from simulator.results.packing import DETAILS, RESULT, Array, Column, Stack, unstack
from simulator.results.places import Place

if TYPE_CHECKING:
    from zarr.abc.store import Store

T = TypeVar("T")
U = TypeVar("U")

STRUCTURE: Final = "citysim_structure"
SHARED: Final = "citysim_shared"
CHUNK_BYTES: Final = 8_000_000
"""How much is read at once, about, to get at one result."""
AT_ONCE: Final = 16
"""Variables under way at the same time, since a remote place answers each after a while."""
COMPRESSION: Final = 1


def write_group(place: Place, group: str, made: Stack) -> None:
    """Write a stack as one Zarr group, which xarray can open as well.

    Raises
    ------
    StorageError
        Where the place refuses; what was written of the group until then stays.
    """
    import zarr

    axes = {column.name: column.dims for column in made.structure}
    arrays = [
        *((name, (RESULT, *axes[name]), values) for name, values in made.stacked.items()),
        *((name, axes[name], values) for name, values in made.shared.items()),
        (RESULT, (RESULT,), np.array(made.names, dtype=object)),
        (DETAILS, (RESULT,), np.array(made.details, dtype=object)),
    ]
    told = {column.name: _texts(column) for column in made.structure}
    attributes = {
        STRUCTURE: [asdict(column) for column in made.structure],
        SHARED: sorted(made.shared),
        "coordinates": " ".join([DETAILS, *(column.name for column in made.structure if column.is_coordinate)]),
    }
    with place.writing():
        store = place.zarr_store()
        zarr.create_group(store, path=group, attributes=attributes)
        _each(lambda one: _write_array(store, group, *one, told.get(one[0], {})), arrays)


def read_one(place: Place, group: str, position: int) -> xr.Dataset:
    """Return the result at a position of a group.

    Raises
    ------
    InputError
        Where the group cannot be read.
    """
    import zarr

    with place.reading():
        store = place.zarr_store()
        attributes: Any = zarr.open_group(store, path=group, mode="r").attrs.asdict()
        structure = tuple(
            Column(**{**told, "dims": tuple(told["dims"]), "shape": tuple(told["shape"])})
            for told in attributes[STRUCTURE]
        )
        shared = set(attributes[SHARED])
        names = [DETAILS, *(column.name for column in structure)]
        read = partial(_read_array, store, group, position, shared)
        values = dict(zip(names, _each(read, names), strict=True))
        return unstack(structure, values, str(values.pop(DETAILS)[()]))


def _texts(column: Column) -> dict[str, str]:
    """Return the attributes of a variable that are texts, for whoever opens the group with another program."""
    return {name: value for name, value in from_json(column.attributes).items() if isinstance(value, str)}


def _write_array(
    store: Store, group: str, name: str, dims: tuple[str, ...], values: Array, attributes: dict[str, str]
) -> None:
    import zarr
    from zarr.codecs import ZstdCodec

    texts = values.dtype.kind == "O"
    array = zarr.create_array(
        store,
        name=f"{group}/{name}",
        shape=values.shape,
        dtype=str if texts else values.dtype,
        chunks=_chunks(values),
        compressors=ZstdCodec(level=COMPRESSION, checksum=True),
        dimension_names=dims,
        attributes=dict(attributes),
    )
    if values.size:
        array[...] = values.astype(np.dtypes.StringDType()) if texts else values


def _read_array(store: Store, group: str, position: int, shared: set[str], name: str) -> Array:
    import zarr

    array = zarr.open_array(store, path=f"{group}/{name}", mode="r")
    return np.asarray(array[...] if name in shared else array[position])


def _chunks(values: Array) -> tuple[int, ...]:
    """Return the shape of chunks: some whole results, or where one is large some of its rows."""
    found = list(values.shape)
    for axis, length in enumerate(found):
        of_one = values.itemsize * int(np.prod(found[axis + 1 :], dtype=np.int64))
        found[axis] = max(1, min(length, CHUNK_BYTES // max(of_one, 1)))
        if found[axis] > 1 or of_one <= CHUNK_BYTES:
            break
    return tuple(max(1, length) for length in found)


def _each(work: Callable[[T], U], items: Iterable[T]) -> list[U]:
    with ThreadPoolExecutor(AT_ONCE) as at_once:
        return list(at_once.map(work, items))
