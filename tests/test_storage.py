"""Files written whole or not at all, and results that come back as they were."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import simulator.storage
from simulator.errors import InputError, StorageError
from simulator.storage import read_result, refuse_unwritable, write_files, write_result, write_text, write_whole


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def half_a_file(error: Exception) -> object:
    def write(path: Path) -> None:
        path.write_text("half", encoding="utf-8")
        raise error

    return write


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(28, "No space left on device"), StorageError),
        (ValueError("no such type"), ValueError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
@pytest.mark.parametrize("former", ["former", None])
def test_a_writer_that_fails_leaves_what_stood_there(
    tmp_path: Path, error: Exception, raised: type[BaseException], former: str | None
) -> None:
    path = tmp_path / "x.csv"
    if former is not None:
        path.write_text(former, encoding="utf-8")
    before = names_in(tmp_path)
    with pytest.raises(raised):
        write_whole(path, half_a_file(error))  # type: ignore[arg-type]
    assert names_in(tmp_path) == before
    assert former is None or path.read_text(encoding="utf-8") == former


def test_the_reason_of_the_system_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with pytest.raises(StorageError) as caught:
        write_whole(path, half_a_file(OSError(28, "No space left on device")))  # type: ignore[arg-type]
    assert str(caught.value) == f"{path}: cannot be written (No space left on device)"


def test_a_name_that_cannot_be_given_leaves_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    path.write_text("former", encoding="utf-8")

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        write_text(path, "new")
    assert names_in(tmp_path) == ["x.csv"]
    assert path.read_text(encoding="utf-8") == "former"


def test_a_folder_takes_the_place_of_a_folder_or_leaves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(path: Path) -> None:
        path.mkdir()
        (path / "new").write_text("new", encoding="utf-8")

    store = tmp_path / "m.zarr"
    store.mkdir()
    (store / "former").write_text("former", encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", lambda _self, _target: (_ for _ in ()).throw(OSError(13, "denied")))
        with pytest.raises(StorageError, match="denied"):
            write_whole(store, make)
    assert (names_in(tmp_path), names_in(store)) == (["m.zarr"], ["former"])
    write_whole(store, make)
    assert (names_in(tmp_path), names_in(store)) == (["m.zarr"], ["new"])


def test_nothing_is_written_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "no" / "x.csv"
    with pytest.raises(StorageError) as caught:
        write_text(path, "text")
    assert str(caught.value) == f"{path}: cannot be written (no folder {path.parent}). Create it first."
    assert names_in(tmp_path) == []


def test_text_is_written_as_utf_8_with_plain_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write_text(path, "城市\nhefei\n")
    assert path.read_bytes() == "城市\nhefei\n".encode()
    assert names_in(tmp_path) == ["x.csv"]


def test_a_result_comes_back_to_the_byte(tmp_path: Path) -> None:
    result = xr.Dataset(
        {
            "whole": ("city", np.array([2**62 + 1, -(2**62) - 1], np.int64)),
            "real": (("city", "rank"), np.array([[0.1, np.nan], [-0.0, 5e-324]])),
            "flag": ("city", np.array([True, False])),
            "alone": ((), np.float64(1 / 3)),
            "text": ("city", np.array(["合肥", ""], dtype=object)),
        },
        coords={
            "city": ["hefei", "suzhou"],
            "city_name_zh": ("city", ["合肥", "苏州"]),
            "rank": np.array([1, 2], np.int64),
            "cluster": ("city", ["", "yangtze-delta"]),
        },
        attrs={"title": "压力测试", "seed": 2**53 + 1, "draws": 20},
    )
    path = tmp_path / "x.nc"
    write_result(result, path)
    back = read_result(path)
    assert set(back.variables) == set(result.variables)
    for name in ("whole", "real", "flag", "alone", "rank"):
        assert back[name].dtype == result[name].dtype
        assert back[name].values.tobytes() == result[name].values.tobytes()
    for name in ("text", "city", "city_name_zh", "cluster"):
        assert back[name].values.tolist() == result[name].values.tolist()
    assert {key: back.attrs[key] for key in result.attrs} == result.attrs
    assert names_in(tmp_path) == ["x.nc"]


def test_a_result_that_was_read_does_not_hold_its_file(tmp_path: Path) -> None:
    path = tmp_path / "x.nc"
    write_result(xr.Dataset({"a": ("city", [1])}), path)
    back = read_result(path)
    write_result(xr.Dataset({"a": ("city", [2])}), path)
    assert (int(back["a"][0]), int(read_result(path)["a"][0])) == (1, 2)


def test_a_result_that_cannot_be_stored_leaves_the_former(tmp_path: Path) -> None:
    path = tmp_path / "x.nc"
    write_result(xr.Dataset({"a": ("city", [1])}), path)
    with pytest.raises((TypeError, ValueError)):
        write_result(xr.Dataset({"a": ("city", np.array([object()], dtype=object))}), path)
    assert names_in(tmp_path) == ["x.nc"]
    assert int(read_result(path)["a"][0]) == 1


@pytest.mark.parametrize("content", [None, b"", b"no NetCDF", b"\x89HDF\r\n\x1a\n"])
def test_what_is_no_result_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.nc"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_result(path)
    (fault,) = caught.value.faults
    assert caught.value.source == str(path)
    assert fault.problem.startswith("no such file" if content is None else "is no result that can be read (")
    assert fault.remedy != ""


def test_a_result_with_damaged_metadata_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.nc"
    write_result(xr.Dataset({"a": ("city", [1])}), path)

    def fail(_path: Path, engine: str) -> xr.Dataset:
        raise KeyError("Unable to synchronously open object (incorrect metadata checksum after all read attempts)")

    monkeypatch.setattr(simulator.storage.xr, "open_dataset", fail)
    with pytest.raises(InputError):
        read_result(path)


def test_a_path_that_cannot_be_written_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_unwritable(tmp_path / "x.nc")
    with pytest.raises(InputError, match="is a folder"):
        refuse_unwritable(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        refuse_unwritable(tmp_path / "no" / "x.nc")
    monkeypatch.setattr(simulator.storage.os, "access", lambda _path, _mode: False)
    with pytest.raises(InputError, match="may not be written to"):
        refuse_unwritable(tmp_path / "x.nc")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="may not be written to"):
            refuse_unwritable(tmp_path / "x.nc")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_takes_no_files_whatever_its_permissions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> object:
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(InputError, match="may not be written to"):
        refuse_unwritable(tmp_path / "x.nc")
    with pytest.raises(StorageError, match="takes no new files"):
        write_result(xr.Dataset(), tmp_path / "x.nc")


def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file.txt").touch()
    for below in ("x.nc", "deeper/x.nc"):
        with pytest.raises(InputError, match=r"file\.txt is a file, no folder. Name a folder."):
            refuse_unwritable(tmp_path / "file.txt" / below)


def test_nothing_is_left_of_the_trial(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "x.nc")
    assert names_in(tmp_path) == []


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("former", encoding="utf-8")
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_neither_file_nor_folder_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError):
        refuse_unwritable(pipe)


def test_several_files_are_written_all_or_none(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write_files(folder, {"a": "1", "b": "2"})
    (folder / "other").write_text("x", encoding="utf-8")
    with pytest.raises(StorageError):
        write_files(folder, {"a": "3", "no/b": "4"})
    with pytest.raises(StorageError):
        write_files(folder / "other", {"a": "3"})
    assert {one.name: one.read_text("utf-8") for one in folder.iterdir()} == {"a": "1", "b": "2", "other": "x"}
    write_files(folder, {"a": "5", "b": "6"})
    assert {one.name: one.read_text("utf-8") for one in folder.iterdir()} == {"a": "5", "b": "6", "other": "x"}
