"""Results that tests keep in stores, and what it means that one came back as it was."""

from __future__ import annotations

import errno
from functools import cache
from typing import Any, ClassVar
from uuid import uuid4

import numpy as np
import xarray as xr
from fsspec import register_implementation
from fsspec.implementations.memory import MemoryFileSystem

import simulator as sim
from simulator.results.store import ResultStore

KINDS: dict[str, dict[str, Any]] = {
    "run": {"scenario": "weights-only", "draws": 60},
    "all draws kept": {"scenario": "weights-only", "draws": 40, "overrides": ["keep-draws=true", "pairs=true"]},
    "exact": {"scenario": "leave-one-dimension-out"},
    "within": {"scenario": "city-clusters", "draws": 40},
    "what-if": {"scenario": "gdp-grows-8-percent", "draws": 40},
    "what-if without draws": {"scenario": "gdp-grows-8-percent", "draws": 0},
    "reach": {"scenario": "reach-top-ten", "draws": 40},
}


@cache
def study(kind: str = "run", seed: int = 1) -> xr.Dataset:
    return sim.run(**KINDS[kind], seed=seed, workers=1)


def little(value: float = 1.0, **attributes: Any) -> xr.Dataset:
    """A small result of no study: quick to keep."""
    return xr.Dataset({"total": ("city", [value, 2.0])}, {"city": ["hefei", "wuxi"]}, attributes)


def in_memory() -> ResultStore:
    return sim.open_store(f"memory://{uuid4().hex}/results", create=True)


def labels(store: ResultStore) -> list[str]:
    return [entry.name for entry in store.entries()]


def assert_same(found: xr.Dataset, given: xr.Dataset) -> None:
    """Compare to the byte what `identical` compares by value: types, widths of texts, NaN, the order of everything."""
    assert list(found.data_vars) == list(given.data_vars)
    assert list(found.coords) == list(given.coords)
    assert set(found.indexes) == set(given.indexes)
    assert_same_attributes(found.attrs, given.attrs)
    for name, one in given.variables.items():
        other = found.variables[name]
        assert (other.dims, other.dtype, other.shape) == (one.dims, one.dtype, one.shape)
        if one.dtype == object:
            assert [(type(text), text) for text in other.values.ravel()] == [(str, text) for text in one.values.ravel()]
        else:
            assert other.values.tobytes() == one.values.tobytes()
        assert_same_attributes(other.attrs, one.attrs)


def assert_same_attributes(found: dict[Any, Any], given: dict[Any, Any]) -> None:
    assert list(found) == list(given)
    for name, value in given.items():
        assert type(found[name]) is type(value)
        np.testing.assert_array_equal(found[name], value)


class Filling(MemoryFileSystem):  # type: ignore[misc]
    """A file system in memory that refuses to write after a while; it may have written all the same."""

    protocol = "filling"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    room: ClassVar[float] = np.inf
    writes_all_the_same: ClassVar[bool] = False

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> Any:
        cls = type(self)
        cls.room -= 1
        if cls.room >= 0 or cls.writes_all_the_same:
            super().pipe_file(path, value, mode, **kwargs)
        if cls.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


register_implementation("filling", Filling, clobber=True)
