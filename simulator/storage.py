"""Files written whole or not at all, and results as NetCDF files."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import xarray as xr

from simulator.errors import Fault, InputError, StorageError

ENGINE: Final = "h5netcdf"


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` write a file or folder under a temporary name beside `path`, then give it its name.

    Where anything fails nothing half-written stays, and what stood at `path` before still stands.

    Raises
    ------
    StorageError
        Where the system refuses to write.
    """
    path = path.resolve()  # a link stays a link, and what it points to is replaced
    if not path.parent.is_dir():
        raise StorageError(f"{path}: cannot be written (no folder {path.parent}). Create it first.")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise StorageError(f"{path}: cannot be written (it is no ordinary file)")
    if not _takes_files(path.parent):
        raise StorageError(f"{path}: cannot be written (the folder {path.parent} takes no new files)")
    mark = uuid.uuid4().hex[:12]
    new = path.with_name(f".{path.stem}-{mark}{path.suffix}")
    old = path.with_name(f".{path.stem}-{mark}-old{path.suffix}")
    try:
        write(new)
        if new.is_dir() and path.is_dir():
            path.rename(old)
        new.replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        if old.exists() and not path.exists():
            old.rename(path)
        for left in (new, old):
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, whole or not at all."""
    write_whole(path, lambda new: new.write_text(text, encoding="utf-8", newline="\n"))


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write several files (name → text) into a folder, which is made if there is none; all of them or none.

    Other files of the folder stay as they are.

    Raises
    ------
    StorageError
        Where the system refuses to write.
    """

    def fill(new: Path) -> None:
        new.mkdir()
        for name, text in texts.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")

    if not folder.exists():
        write_whole(folder, fill)
        return
    with tempfile.TemporaryDirectory(dir=_writable(folder), prefix=".") as beside:
        try:
            fill(Path(beside, "new"))
            for name in texts:
                Path(beside, "new", name).replace(folder / name)
        except OSError as error:
            raise StorageError(f"{folder}: cannot be written ({error.strerror or error})") from error


def _writable(folder: Path) -> Path:
    if not (folder.is_dir() and _takes_files(folder)):
        raise StorageError(f"{folder}: cannot be written (it takes no new files)")
    return folder


def write_result(result: xr.Dataset, path: str | Path) -> None:
    """Write a result to one NetCDF file, whole or not at all; integers keep their 64 bits.

    Raises
    ------
    StorageError
        Where it cannot be written.
    """
    write_netcdf(result, Path(path))


def write_netcdf(dataset: xr.Dataset, path: Path) -> None:
    """Write a Dataset to one NetCDF file, whole or not at all; raises as `write_result` does."""
    content = dataset.to_netcdf(engine=ENGINE)  # in memory: the HDF5 library does not outlive a disk that is full
    write_whole(path, lambda new: new.write_bytes(content))


def read_result(path: str | Path) -> xr.Dataset:
    """Return a result from a NetCDF file, loaded into memory.

    Raises
    ------
    InputError
        Where there is no such file, or it is no NetCDF file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(str(path), [Fault("", "no such file", "Name a file that `citysim run --out` wrote.")])
    try:
        with xr.open_dataset(path, engine=ENGINE) as stored:
            return stored.load()
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            str(path), [Fault("", f"is no result that can be read ({reason})", "Run the scenario again.")]
        ) from None


def refuse_unwritable(path: Path) -> None:
    """Raise early, before long work, where `path` could not be written at its end.

    Raises
    ------
    InputError
        Where its folder does not exist or may not be written to, or `path` is a folder.
    """
    if path.is_dir():
        raise InputError(str(path), [Fault("", "is a folder", "Name a file.")])
    if path.exists() and not path.is_file():
        raise InputError(str(path), [Fault("", "is no ordinary file", "Name a file, or - for the screen.")])
    if not path.parent.is_dir():
        files = [folder for folder in path.parents if folder.is_file()]
        problem = f"{files[0]} is a file, no folder" if files else f"the folder {path.parent} does not exist"
        raise InputError(str(path), [Fault("", problem, "Name a folder." if files else "Create it first.")])
    if not (os.access(path.parent, os.W_OK) and _takes_files(path.resolve().parent)):
        raise InputError(str(path), [Fault("", f"the folder {path.parent} may not be written to", "Choose another.")])


def _takes_files(folder: Path) -> bool:
    """Return whether a file can be made in a folder, which permissions alone do not tell; none is left there."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
