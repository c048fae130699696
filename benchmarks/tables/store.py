"""A store of many results: listed, kept, taken out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import xarray as xr

import simulator as sim
from benchmarks.findings import Bar, Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, in_turns, ratios, spread
from benchmarks.registry import SEED, STORE, STORE_KEEP_BAR, STORE_LIST_BAR, STORE_RESULT_BAR
from simulator.results.catalogue import FOLDER, Catalogue, sealed
from simulator.results.places import place_of

COLUMNS = (
    Column("case", "Case", text=True),
    Column("seconds", "Seconds", ".2f"),
    Column("bar", "Bar"),
    Column("ratio", "In times of to_zarr", ".1f"),
    Column("ratio_bar", "Bar"),
)
TO_ZARR = "one written by xarray's to_zarr"


def measure(effort: Effort) -> Iterator[Findings]:
    """Time a store in a folder, opened anew in every turn; xarray's own writing of one result stands beside it."""
    draws, listed, kept = effort.of(STORE.draws), effort.of(STORE.listed), effort.of(STORE.kept, least=2)
    results = [sim.run(STORE.scenario, draws=draws, seed=SEED + number, workers=1) for number in range(kept)]
    batch = [sim.Kept(str(number), f"seed {number}", result) for number, result in enumerate(results)]
    plain = _with_objects(results[0])
    with tempfile.TemporaryDirectory() as folder:
        loose, rolled, filled = (Path(folder, name) for name in ("loose", "rolled", "filled"))
        _fill(loose, batch[0], listed)
        shutil.copytree(loose, rolled)
        Catalogue(place_of(rolled)).roll_up(least=2)
        filling, number = sim.open_store(filled, create=True), count()
        filling.keep(batch)
        keep, take = f"{kept} kept at once", f"one of {kept} taken out"
        works: dict[str, Callable[[], object]] = {
            f"{listed:,} listed, each kept by itself": lambda: sim.open_store(loose).entries(),
            f"{listed:,} listed, rolled up": lambda: sim.open_store(rolled).entries(),
            TO_ZARR: lambda: plain.to_zarr(Path(folder, f"{next(number)}.zarr"), consolidated=False),
            keep: partial(filling.keep, batch),
            take: lambda: sim.open_store(filled).result(batch[-1].name),
        }
        measured = in_turns(works, effort.repeats)
    bars: dict[str, Bar] = dict(zip(works, (STORE_LIST_BAR, STORE_LIST_BAR), strict=False)) | {take: STORE_RESULT_BAR}
    rows: list[Row] = [
        {
            "case": name,
            "seconds": spread(times),
            "bar": bars.get(name),
            "ratio": ratios(times, measured[TO_ZARR]) if name == keep else None,
            "ratio_bar": STORE_KEEP_BAR if name == keep else None,
        }
        for name, times in measured.items()
    ]
    yield Findings(f"A store of results of {STORE.scenario}, {draws:,} draws each, in a folder", COLUMNS, tuple(rows))


def _fill(folder: Path, one: sim.Kept, entries: int) -> None:
    """Make a store with one result and records of many, each a batch of its own."""
    store = sim.open_store(folder, create=True)
    store.keep([one])
    (entry,) = store.entries()
    for number in range(entries - 1):
        named = replace(entry, name=f"number {number}", batch=f"batch-{number}")
        Path(folder, FOLDER, f"{named.batch}.json").write_bytes(sealed({"entries": [vars(named)]}))


def _with_objects(result: xr.Dataset) -> xr.Dataset:
    """Return a result with texts as objects, of which Zarr has no fixed width to warn about."""
    texts = {name: one.astype(object) for name, one in result.variables.items() if one.dtype.kind == "U"}
    return result.assign({name: one for name, one in texts.items() if name not in result.coords}).assign_coords(
        {name: one for name, one in texts.items() if name in result.coords}
    )


BENCHMARKS = (Benchmark("store", "many results in one store: listed, kept, taken out", measure),)
