"""What a store holds, in small records that are read without opening any data.

A record is written last of its batch, and a batch counts once its record stands. Many small records are rolled up into
one from time to time; records are never changed, and the same entry in two of them is one.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal
from uuid import uuid4

import pandas as pd

from simulator.errors import Fault, InputError
from simulator.results.places import Place

LOG = logging.getLogger(__name__)

FOLDER: Final = "catalogue"
ROLLED: Final = "rolled-"
"""How names of rolled-up records begin; they are listed after all others, which begin with a year."""
FEW: Final = 256
"""Records of a kind from which on they are rolled up."""
TRIES: Final = 20

_OPENING: Final = b'{"sha256":"'
_BETWEEN: Final = b'","record":'
_CLOSING: Final = b"}"
_HEX: Final = 64


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue: a result that is kept, or a failure."""

    key: str
    """Identifies what was asked, as given."""
    name: str
    """Label that people use."""
    status: Literal["done", "failed"]
    fault: str
    """Why it failed, in a line; empty where it did not."""
    draws: int | None
    seed: int | None
    seconds: float
    """How long it took."""
    written: str
    """When it was kept, UTC."""
    scenario: str
    index: str
    input_sha256: Mapping[str, str]
    """Hash of every file of the index, by file name."""
    figures: Mapping[str, float | str | None]
    """`mean_abs_rank_shift`, where there is one of the whole ranking, and `first_city`."""
    batch: str
    """What it was kept with, all or none."""
    group: str
    """Zarr group with the result; empty where it failed."""
    position: int
    """Where on the axis `result` of that group."""
    sha256: str
    """Hash of the result; see `simulator.results.packing.fingerprint`."""


_FIELDS: Final = frozenset(field.name for field in fields(Entry))


class Catalogue:
    """The records of a store."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._known: dict[str, list[Entry]] = {}
        self._torn: set[str] = set()

    def add(self, batch: str, entries: Sequence[Entry]) -> None:
        """Write the record of a batch, by which it counts.

        Raises
        ------
        StorageError
            Where the place refuses.
        """
        self._write(f"{batch}.json", entries)

    def withdraw(self, batch: str) -> None:
        """Remove the record of a batch whose writing failed, should it stand all the same."""
        self._place.remove(f"{FOLDER}/{batch}.json")

    def all_entries(self) -> list[Entry]:
        """Return the entries of every record, each once, replaced ones too, the oldest first."""
        found: dict[tuple[str, str], Entry] = {}
        for entries in self._read().values():
            found |= {(entry.batch, entry.name): entry for entry in entries}
        return sorted(found.values(), key=_age)

    def entries(self) -> list[Entry]:
        """Return the newest entry of every name, the oldest first."""
        return newest(self.all_entries())

    def roll_up(self, least: int = FEW) -> None:
        """Write small records as one, where there are so many; likewise those that were rolled up before.

        Readers and other writers may be at work meanwhile: what is removed stands in another record already.
        """
        read = self._read()
        for rolled in (False, True):
            names = [name for name in read if name.startswith(ROLLED) == rolled]
            if len(names) >= least:
                self._replace(names, [entry for name in names for entry in read[name]])

    def keep_only(self, entries: Sequence[Entry]) -> None:
        """Put one record of these entries in place of all that were read so far."""
        self._replace(list(self._known), entries)

    def _replace(self, names: Iterable[str], entries: Sequence[Entry]) -> None:
        self._write(f"{ROLLED}{uuid4().hex}.json", entries)
        for name in names:
            self._place.remove(f"{FOLDER}/{name}")

    def _write(self, name: str, entries: Sequence[Entry]) -> None:
        self._place.write(f"{FOLDER}/{name}", sealed({"entries": [vars(entry) for entry in entries]}))
        self._known[name] = list(entries)

    def _read(self) -> dict[str, list[Entry]]:
        """Return the entries of every record that stands; what was read before is not read again."""
        for _ in range(TRIES):
            standing = self._place.names(FOLDER)
            new = [name for name in standing if name not in self._known]
            contents = self._place.read([f"{FOLDER}/{name}" for name in new])
            for path, content in contents.items():
                self._take_in(path.removeprefix(f"{FOLDER}/"), content)
            self._known = {name: self._known[name] for name in standing if name in self._known}
            if len(contents) == len(new):
                return dict(self._known)
        # Some were rolled up between listing and reading, time and again.
        raise InputError(self._place.address, [Fault("", "changes faster than it can be read", "Try again.")])

    def _take_in(self, name: str, content: bytes) -> None:
        record = unsealed(content)
        if record is not None:
            self._known[name] = [_entry(told) for told in record["entries"]]
        elif name not in self._torn:
            self._torn.add(name)
            LOG.warning("%s: the record %s/%s is torn and left out", self._place.address, FOLDER, name)


def newest(entries: Sequence[Entry]) -> list[Entry]:
    """Return the last entry of every name, in the order given."""
    last = {entry.name: entry for entry in entries}
    return [entry for entry in entries if last[entry.name] is entry]


def sealed(record: Mapping[str, Any]) -> bytes:
    """Return a record as JSON with its own checksum.

    >>> sealed({"entries": []}).endswith(b'","record":{"entries":[]}}')
    True
    """
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    return _OPENING + hashlib.sha256(body).hexdigest().encode() + _BETWEEN + body + _CLOSING


def unsealed(content: bytes) -> dict[str, Any] | None:
    """Return a sealed record, or nothing where it is not whole.

    >>> unsealed(sealed({"entries": []})), unsealed(sealed({"entries": []})[:-9])
    ({'entries': []}, None)
    """
    begins = len(_OPENING) + _HEX + len(_BETWEEN)
    body = content[begins : -len(_CLOSING)]
    told = content[len(_OPENING) : len(_OPENING) + _HEX]
    if hashlib.sha256(body).hexdigest().encode() != told:
        return None
    found: dict[str, Any] = json.loads(body)
    return found


def as_table(entries: Sequence[Entry]) -> pd.DataFrame:
    """Return entries as a table, a row for each, figures as columns of their own."""
    figures = ("mean_abs_rank_shift", "first_city")
    columns: dict[str, Any] = {
        "name": [entry.name for entry in entries],
        "status": [entry.status for entry in entries],
        "draws": pd.array([entry.draws for entry in entries], dtype="Int64"),
        "seed": pd.array([entry.seed for entry in entries], dtype="Int64"),
        **{figure: [entry.figures.get(figure) for entry in entries] for figure in figures},
        **{
            field: [getattr(entry, field) for entry in entries]
            for field in ("seconds", "scenario", "index", "fault", "written", "batch", "key")
        },
    }
    return pd.DataFrame(columns)


def _age(entry: Entry) -> tuple[str, str]:
    return entry.written, entry.batch


def _entry(told: Mapping[str, Any]) -> Entry:
    """Return an entry from its record; what a later version adds is left out."""
    return Entry(**{name: value for name, value in told.items() if name in _FIELDS})
