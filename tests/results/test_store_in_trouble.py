"""A batch counts whole or not at all: refused writes, torn records, jobs that were killed, several at once."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from kept_results import Filling, assert_same, in_memory, labels, little

import simulator as sim
from simulator.errors import InputError, StorageError
from simulator.results import places
from simulator.results import store as stores
from simulator.results.catalogue import Catalogue, sealed
from simulator.results.places import Place, place_of
from simulator.results.store import ResultStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results.zarr"


@pytest.fixture
def filling() -> Iterator[ResultStore]:
    """A store that holds one result, in a place that can be filled."""
    Filling.store.clear()
    Filling.room, Filling.writes_all_the_same = np.inf, False
    store = sim.open_store("filling://bucket/results", create=True)
    store.keep([sim.Kept("", "before", little(7.0))])
    yield store
    Filling.room, Filling.writes_all_the_same = np.inf, False


def batches(store: ResultStore) -> list[str]:
    return [name for name in place_of(store.address).names("batches") if name != "zarr.json"]


def writes_of(store: ResultStore) -> int:
    """Return how many writes a batch of `two` takes in a store that has one already."""
    store.keep([sim.Kept("", "before", little(7.0))])
    Filling.room = 1000
    store.keep(two())
    return 1000 - int(Filling.room)


def two() -> list[sim.Kept]:
    return [sim.Kept("", "one", little(1.0)), sim.Kept("", "other", little(2.0)), sim.Kept("", "broken", None, "why")]


@pytest.mark.parametrize("all_the_same", [False, True])
def test_a_place_that_is_full_has_all_of_a_batch_or_nothing(filling: ResultStore, all_the_same: bool) -> None:
    needed = writes_of(sim.open_store("filling://bucket/elsewhere", create=True))
    assert needed > 4
    Filling.writes_all_the_same = all_the_same
    for room in range(needed):
        Filling.room = room
        with pytest.raises(StorageError, match=r"cannot be written .No space left on device"):
            filling.keep(two())
        Filling.room = np.inf
        opened = sim.open_store(filling.address)
        assert labels(opened) == ["before"]
        assert_same(opened.result("before"), little(7.0))
        assert len(batches(opened)) == 1  # and nothing is left behind
    filling.keep(two())
    assert labels(filling) == ["before", "one", "other", "broken"]


def test_a_folder_that_refuses_is_told_and_keeps_what_it_has(folder: Path) -> None:
    store = sim.open_store(folder, create=True)
    store.keep([sim.Kept("", "before", little())])
    shutil.move(folder / "batches", folder / "aside")
    (folder / "batches").write_text("a file stands where the folder was", encoding="utf-8")
    with pytest.raises(StorageError, match=r"cannot be written"):
        store.keep(two())
    (folder / "batches").unlink()
    shutil.move(folder / "aside", folder / "batches")
    assert labels(sim.open_store(folder)) == ["before"]
    assert_same(store.result("before"), little())


def test_an_interrupted_batch_does_not_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = sim.open_store(folder, create=True)

    def interrupt(self: Catalogue, batch: str, entries: Sequence[object]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Catalogue, "add", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.keep(two())
    assert store.entries() == []
    assert batches(store) == []


def killed(store: ResultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a batch without a record, as a job does that is killed."""
    with monkeypatch.context() as patched:
        patched.setattr(Catalogue, "add", lambda self, batch, entries: None)
        store.keep(two())


def test_what_a_killed_job_left_is_ignored_and_tidied_only_when_it_is_old(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = sim.open_store(folder, create=True)
    store.keep([sim.Kept("", "before", little())])
    killed(store, monkeypatch)
    assert labels(sim.open_store(folder)) == ["before"]
    assert store.tidy() == 0  # a job may still be writing it
    assert len(batches(store)) == 2
    assert store.tidy(-timedelta(days=1)) == 1
    assert len(batches(store)) == 1
    assert_same(store.result("before"), little())


def test_replaced_results_are_tidied_and_the_others_stay() -> None:
    store = in_memory()
    store.keep([sim.Kept("", "alone", little(1.0))])
    store.keep([sim.Kept("", "stays", little(2.0)), sim.Kept("", "goes", little(3.0))])
    store.keep([sim.Kept("", "alone", little(4.0)), sim.Kept("", "goes", None, "fails now")])
    assert store.tidy() == 1  # the second batch still has one that counts
    for opened in (store, sim.open_store(store.address)):
        assert labels(opened) == ["stays", "alone", "goes"]
        assert_same(opened.result("alone"), little(4.0))
        assert_same(opened.result("stays"), little(2.0))
    assert store.tidy() == 0


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_torn_record_is_left_out_with_a_warning(folder: Path, caplog: pytest.LogCaptureFixture, cut: int) -> None:
    store = sim.open_store(folder, create=True)
    store.keep([sim.Kept("", "torn", little())])
    store.keep([sim.Kept("", "whole", little())])
    record = next(path for path in (folder / "catalogue").iterdir() if '"torn"' in path.read_text(encoding="utf-8"))
    record.write_bytes(record.read_bytes()[:-cut])
    opened = sim.open_store(folder)
    with caplog.at_level(logging.WARNING, "simulator"):
        assert labels(opened) == ["whole"]
        assert labels(opened) == ["whole"]
    assert [one.getMessage() for one in caplog.records] == [
        f"{folder}: the record catalogue/{record.name} is torn and left out"
    ]


def test_a_changed_record_is_torn(folder: Path) -> None:
    store = sim.open_store(folder, create=True)
    store.keep([sim.Kept("", "one", little(), seconds=1.5)])
    (record,) = (folder / "catalogue").iterdir()
    record.write_bytes(record.read_bytes().replace(b'"seconds":1.5', b'"seconds":9.5'))
    assert sim.open_store(folder).entries() == []


def test_records_are_json_that_any_program_reads(folder: Path) -> None:
    sim.open_store(folder, create=True).keep([sim.Kept("c0ffee", "one", little())])
    (record,) = (folder / "catalogue").iterdir()
    (entry,) = json.loads(record.read_text(encoding="utf-8"))["record"]["entries"]
    assert (entry["key"], entry["name"], entry["status"]) == ("c0ffee", "one", "done")


def test_damaged_data_is_told_not_returned(folder: Path) -> None:
    store = sim.open_store(folder, create=True)
    store.keep([sim.Kept("", "lost", little(5.0))])
    group = folder / store.entries()[0].group
    shutil.rmtree(group / "total" / "c")  # Zarr takes a chunk that is not there as zeros
    with pytest.raises(InputError, match=r"lost: is damaged"):
        store.result("lost")
    shutil.rmtree(group)
    with pytest.raises(InputError, match=r"cannot be read"):
        store.result("lost")


def test_two_jobs_write_into_one_store_at_once(folder: Path) -> None:
    def job(number: int) -> None:
        own = sim.open_store(folder, create=True)
        for batch in range(4):
            own.keep([sim.Kept("", f"{number} {batch}", little(10.0 * number + batch))])

    with ThreadPoolExecutor(2) as at_once:
        list(at_once.map(job, (1, 2)))
    opened = sim.open_store(folder)
    assert sorted(labels(opened)) == [f"{number} {batch}" for number in (1, 2) for batch in range(4)]
    assert_same(opened.result("2 3"), little(23.0))


def test_a_job_that_finishes_amid_anothers_batch_disturbs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = in_memory()
    quick = sim.open_store(slow.address)
    add = Catalogue.add

    def meanwhile(self: Catalogue, batch: str, entries: Sequence[object]) -> None:
        monkeypatch.setattr(Catalogue, "add", add)
        quick.keep([sim.Kept("", "both", little(2.0)), sim.Kept("", "quick", little(3.0))])
        quick.tidy()
        add(self, batch, entries)  # type: ignore[arg-type]

    monkeypatch.setattr(Catalogue, "add", meanwhile)
    slow.keep([sim.Kept("", "both", little(1.0)), sim.Kept("", "slow", little(4.0))])
    assert labels(slow) == labels(quick) == ["slow", "both", "quick"]
    assert_same(slow.result("slow"), little(4.0))
    assert_same(slow.result("both"), little(2.0))  # begun later, so it is the newer one


def many(place: Place, batches: int, of_each: int = 1) -> None:
    """Write records of so many batches, all of the results in the store's only one."""
    entry = Catalogue(place).entries()[0]
    for batch in range(batches):
        named = [replace(entry, name=f"{batch} {one}", batch=f"{batch:06}") for one in range(of_each)]
        place.write(f"catalogue/{batch:06}.json", sealed({"entries": [vars(one) for one in named]}))


def test_many_small_records_are_rolled_up_when_a_job_begins() -> None:
    store = in_memory()
    store.keep([sim.Kept("", "first", little())])
    many(place_of(store.address), 300)
    before = sorted(labels(store))
    assert len(before) == 301
    sim.open_store(store.address).keep([sim.Kept("", "last", little(2.0))])
    assert len(place_of(store.address).names("catalogue")) == 2
    for opened in (store, sim.open_store(store.address)):
        assert sorted(labels(opened)) == sorted([*before, "last"])
        assert_same(opened.result("7 0"), little())


def test_rolled_up_records_are_rolled_up_in_turn() -> None:
    store = in_memory()
    place = place_of(store.address)
    store.keep([sim.Kept("", "first", little())])
    catalogue = Catalogue(place)
    many(place, 6)
    catalogue.roll_up(least=7)
    many(place, 9)  # six of them again, as when two jobs roll up at once
    catalogue.roll_up(least=2)
    assert len(place.names("catalogue")) == 2
    catalogue.roll_up(least=2)
    assert len(place.names("catalogue")) == 1
    assert sorted(labels(store)) == ["0 0", "1 0", "2 0", "3 0", "4 0", "5 0", "6 0", "7 0", "8 0", "first"]


def test_a_reader_whose_records_are_rolled_up_under_its_hands_reads_all(monkeypatch: pytest.MonkeyPatch) -> None:
    store = in_memory()
    store.keep([sim.Kept("", "first", little())])
    many(place_of(store.address), 5)
    other = Catalogue(place_of(store.address))
    read = places.Remote.read

    def meanwhile(self: places.Remote, names: Sequence[str]) -> dict[str, bytes]:
        monkeypatch.setattr(places.Remote, "read", read)
        other.roll_up(least=2)
        return read(self, names)

    monkeypatch.setattr(places.Remote, "read", meanwhile)
    assert len(Catalogue(place_of(store.address)).entries()) == 6


def test_a_failure_to_roll_up_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    store = in_memory()

    def refuse(self: Catalogue) -> None:
        raise StorageError("not now")

    monkeypatch.setattr(Catalogue, "roll_up", refuse)
    store.keep(two())
    assert labels(store) == ["one", "other", "broken"]


def test_ten_thousand_results_are_listed_from_records_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sim.open_store(folder, create=True).keep([sim.Kept("", "first", little())])
    many(place_of(folder), 100, 100)
    shutil.rmtree(folder / "batches")
    monkeypatch.setattr(stores, "read_one", None)
    opened = sim.open_store(folder)
    assert len(opened.entries()) == 10_001
    assert len(opened.table()) == 10_001


def test_the_clock_of_a_job_never_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    store = in_memory()
    for value in range(5):
        store.keep([sim.Kept(str(value), "one", None)])
    assert [entry.key for entry in store.entries()] == ["4"]
    written = [entry.written for entry in Catalogue(place_of(store.address)).all_entries()]
    assert len(set(written)) == 5
    assert written == sorted(written)
