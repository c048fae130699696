"""What is a store, what is none, and where one can be made."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from uuid import uuid4

import pytest
import zarr
from kept_results import labels, little

import simulator as sim
from simulator.errors import InputError, StorageError
from simulator.results import places


@pytest.mark.parametrize("kind", ["new folder", "empty folder", "text", "file address", "memory"])
def test_a_store_is_made_where_there_is_nothing(tmp_path: Path, kind: str) -> None:
    (tmp_path / "empty").mkdir()
    address = {
        "new folder": tmp_path / "new.zarr",
        "empty folder": tmp_path / "empty",
        "text": str(tmp_path / "new.zarr"),
        "file address": f"file://{tmp_path}/new.zarr",
        "memory": f"memory://{uuid4().hex}",
    }[kind]
    with pytest.raises(InputError, match=r"holds no store of results"):
        sim.open_store(address)
    sim.open_store(address, create=True).keep([sim.Kept("", "one", little())])
    assert labels(sim.open_store(address, create=True)) == labels(sim.open_store(address)) == ["one"]


def test_a_slash_at_the_end_changes_nothing() -> None:
    address = f"memory://{uuid4().hex}/deep"
    sim.open_store(f"{address}/", create=True).keep([sim.Kept("", "one", little())])
    assert labels(sim.open_store(address)) == ["one"]


@pytest.mark.parametrize("create", [False, True])
def test_other_things_are_no_store_and_stay_as_they_are(tmp_path: Path, create: bool) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(InputError, match=r"is no store of results: other things are in it. Name a folder that is new"):
        sim.open_store(tmp_path, create=create)
    with pytest.raises(InputError, match=r"is a file, and a store is a folder"):
        sim.open_store(tmp_path / "thesis.txt", create=create)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_other_things_at_an_address_are_no_store() -> None:
    files = places.Remote(f"memory://{uuid4().hex}")
    files.write("thesis.txt", b"years of work")
    with pytest.raises(InputError, match=r"other things are in it"):
        sim.open_store(files.address, create=True)
    with pytest.raises(InputError, match=r"is a file"):
        sim.open_store(f"{files.address}/thesis.txt", create=True)


@pytest.mark.parametrize("kind", ["a group", "an array"])
def test_another_program_s_zarr_is_no_store(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "other.zarr"
    if kind == "a group":
        zarr.create_group(path, attributes={"title": "other"})
    else:
        zarr.create_array(path, shape=(1,), dtype="f8")
    with pytest.raises(InputError, match=r"is Zarr, but no store of results"):
        sim.open_store(path, create=True)


def test_a_store_of_a_later_layout_is_refused(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "later.zarr", attributes={"citysim_store": 2})
    with pytest.raises(InputError, match=r"is a store of layout 2, and this citysim knows 1. Update citysim"):
        sim.open_store(tmp_path / "later.zarr")


def test_zarr_opens_the_root_of_a_store(tmp_path: Path) -> None:
    sim.open_store(tmp_path / "results.zarr", create=True)
    assert zarr.open_group(tmp_path / "results.zarr", mode="r").attrs["citysim_store"] == 1


def test_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises((InputError, StorageError), match=r"file.inside: "):
        sim.open_store(tmp_path / "file" / "inside", create=True)


def test_addresses_that_nothing_knows_are_refused() -> None:
    with pytest.raises(InputError, match=r"is no address that can be used .Protocol not known: nowhere"):
        sim.open_store("nowhere://x")


def test_the_library_of_an_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(address: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(
        InputError, match=r"needs a library of its own .Install s3fs to access S3.*for s3:// it is s3fs"
    ):
        sim.open_store("s3://bucket/results")


@pytest.mark.parametrize("missing", ["zarr", "fsspec"])
def test_without_its_library_the_remedy_is_told(missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(places, "find_spec", lambda name: None if name == missing else importlib.util.find_spec(name))
    with pytest.raises(InputError) as caught:
        sim.open_store(tmp_path / "results.zarr", create=True)
    (fault,) = caught.value.faults
    assert fault.problem == f"a store of results needs the library {missing}, which is not installed"
    assert fault.remedy == f"Install it with: pip install {missing}, or the extra `zarr`."
    assert list(tmp_path.iterdir()) == []
