"""The store: results kept in batches, all of a batch or none, read by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from simulator.errors import CitysimError, Fault, InputError, did_you_mean
from simulator.results.catalogue import Catalogue, Entry, as_table, newest
from simulator.results.entering import Kept, enter, refuse_names
from simulator.results.groups import read_one, write_group
from simulator.results.packing import fingerprint, stack
from simulator.results.places import Place, place_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

MARK: Final = "citysim_store"
"""Attribute of the root group that says what it is; its value is the version of the layout."""
LAYOUT: Final = 1
ROOT: Final = "zarr.json"
"""File with the attributes of a group."""
BATCHES: Final = "batches"
ROLL_UP_EVERY: Final = 64
"""Batches after which a writer looks whether small records are to be rolled up."""
STAMP: Final = "%Y%m%dT%H%M%SZ"
UNFINISHED_AFTER: Final = timedelta(days=1)


class ResultStore:
    """Many results in one place, which several jobs may fill and read at once; see `open_store`."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._catalogue = Catalogue(place)
        self._batches = 0
        self._last = datetime.min.replace(tzinfo=UTC)

    @property
    def address(self) -> str:
        """Where the store is."""
        return self._place.address

    def keep(self, kept: Sequence[Kept]) -> None:
        """Keep results and failures as one batch: afterwards all of them are in the store, or none.

        A name that is in the store already then stands for the new one. Results of the same structure take little more
        time together than one alone.

        Raises
        ------
        InputError
            Where two have the same name, or a result holds what a store has no way to keep. Nothing is written then.
        StorageError
            Where the place refuses. What stood there before is as it was.
        """
        if not kept:
            return
        refuse_names(kept)
        made = stack({one.name: one.result for one in kept if one.result is not None})
        self._roll_up_now_and_then()
        written = self._now()
        batch = f"{written:{STAMP}}-{uuid4().hex}"
        groups = {f"{BATCHES}/{batch}/{number}": one for number, one in enumerate(made)}
        where = {
            name: (group, position, one.fingerprints[position])
            for group, one in groups.items()
            for position, name in enumerate(one.names)
        }
        entries = [enter(one, written, batch, *where.get(one.name, ("", 0, ""))) for one in kept]
        with self._undone_on_failure(batch):
            for group, one in groups.items():
                write_group(self._place, group, one)
            self._catalogue.add(batch, entries)

    def entries(self) -> list[Entry]:
        """Return what the store holds, the newest of every name, in the order in which they were kept.

        A record that is torn is left out, with a warning in the log.

        Raises
        ------
        InputError
            Where the place cannot be read.
        """
        return self._catalogue.entries()

    def result(self, name: str) -> xr.Dataset:
        """Return a result as it was kept: variables equal to the byte, with types, axes, coordinates and attributes.

        Raises
        ------
        InputError
            Where there is none of this name, it failed, or it is damaged.
        """
        by_name = {entry.name: entry for entry in self.entries()}
        if name not in by_name:
            remedy = did_you_mean(name, list(by_name)) or "The store is empty."
            raise InputError(self.address, [Fault(name, "no result of this name", remedy)])
        entry = by_name[name]
        if entry.status == "failed":
            raise InputError(self.address, [Fault(name, f"has no result: {entry.fault}", "Run it again.")])
        found = read_one(self._place, entry.group, entry.position)
        if fingerprint(found) != entry.sha256:
            problem = f"is damaged: what is in {entry.group} is not what was kept"
            raise InputError(self.address, [Fault(name, problem, "Run it again.")])
        return found

    def table(self) -> pd.DataFrame:
        """Return what the store holds as a table.

        Returns
        -------
        pandas.DataFrame
            A row for each entry, with the columns `name`, `status`, `draws`, `seed`, `mean_abs_rank_shift`,
            `first_city`, `seconds`, `scenario`, `index`, `fault`, `written`, `batch` and `key`.
        """
        return as_table(self.entries())

    def tidy(self, unfinished_after: timedelta = UNFINISHED_AFTER) -> int:
        """Remove the data of results that were replaced, and what jobs left behind that did not come to an end.

        A batch without a record is removed once it was begun so long ago that no job can still be writing it. Results
        that are stored together are removed when all of them were replaced.

        Returns
        -------
        int
            How many Zarr groups were removed.

        Raises
        ------
        StorageError
            Where the place refuses.
        """
        everything = self._catalogue.all_entries()
        live = newest(everything)
        recorded = {entry.batch for entry in everything}
        needed = {entry.group for entry in live}
        if len(live) < len(everything):
            self._catalogue.keep_only(live)
        before = f"{datetime.now(UTC) - unfinished_after:{STAMP}}"
        removed = 0
        for batch in self._within(BATCHES):
            folder = f"{BATCHES}/{batch}"
            if batch not in recorded and batch > before:
                continue
            groups = [f"{folder}/{number}" for number in self._within(folder)]
            idle = [group for group in groups if group not in needed]
            for path in [folder] if len(idle) == len(groups) else idle:
                self._place.remove(path)
            removed += len(idle)
        return removed

    def _within(self, folder: str) -> list[str]:
        """Return the names of what lies in a group, its own description left out."""
        return [name for name in self._place.names(folder) if name != ROOT]

    def _roll_up_now_and_then(self) -> None:
        """Roll small records up, for quicker listing; where that fails they stay, and nothing is lost."""
        if self._batches % ROLL_UP_EVERY == 0:
            with suppress(CitysimError):
                self._catalogue.roll_up()
        self._batches += 1

    @contextmanager
    def _undone_on_failure(self, batch: str) -> Iterator[None]:
        """Remove what was written of a batch that fails, its record first, which may stand though writing it failed."""
        try:
            yield
        except BaseException:
            with suppress(CitysimError):  # without a record it does not count, and `tidy` removes it
                self._catalogue.withdraw(batch)
                self._place.remove(f"{BATCHES}/{batch}")
            raise

    def _now(self) -> datetime:
        """Return the time, later than any this store returned before."""
        self._last = max(datetime.now(UTC), self._last + timedelta(microseconds=1))
        return self._last


def open_store(address: str | Path, *, create: bool = False) -> ResultStore:
    """Open a store of results: a folder, or an address of fsspec such as `s3://bucket/results.zarr`.

    Parameters
    ----------
    address
        Where the store is; `://` in it tells an address. Its library is installed separately, for `s3://` s3fs.
    create
        Whether to make one where there is nothing, or an empty folder.

    Raises
    ------
    InputError
        Where there is none, or something else; or where zarr or fsspec, the extra `zarr`, is not installed.
    StorageError
        Where one cannot be made.

    Examples
    --------
    >>> import simulator as sim
    >>> store = sim.open_store("memory://example", create=True)
    >>> result = sim.run("weights-only", draws=100, seed=1, workers=1)
    >>> store.keep([sim.Kept("c0ffee", "first", result), sim.Kept("decade", "second", None, "no such city")])
    >>> [(entry.name, entry.status, entry.draws) for entry in store.entries()]
    [('first', 'done', 100), ('second', 'failed', None)]
    >>> store.result("first").identical(result)
    True
    """
    place = place_of(address)
    if place.is_file():
        raise InputError(place.address, [Fault("", "is a file, and a store is a folder", "Name another.")])
    root = place.read([ROOT]).get(ROOT)
    if root is None:
        _make(place, create)
    else:
        _refuse_other(place, root)
    return ResultStore(place)


def _make(place: Place, create: bool) -> None:
    """Make the root of a store where there is nothing."""
    if place.names():
        problem = "is no store of results: other things are in it"
        raise InputError(place.address, [Fault("", problem, "Name a folder that is new, empty or a store.")])
    if not create:
        remedy = "Check the path; `citysim run SCENARIO ... --store` makes one."
        raise InputError(place.address, [Fault("", "holds no store of results", remedy)])
    root = {"zarr_format": 3, "node_type": "group", "attributes": {MARK: LAYOUT}}
    place.write(ROOT, json.dumps(root, indent=1).encode())


def _refuse_other(place: Place, root: bytes) -> None:
    """Refuse a Zarr group that is no store of results, or one of a later layout."""
    try:
        layout = json.loads(root)["attributes"][MARK]
    except (ValueError, KeyError, TypeError):
        remedy = "Name a folder that is new, empty or a store."
        raise InputError(place.address, [Fault("", "is Zarr, but no store of results", remedy)]) from None
    if layout != LAYOUT:
        problem = f"is a store of layout {layout}, and this citysim knows {LAYOUT}"
        raise InputError(place.address, [Fault("", problem, "Update citysim.")])
