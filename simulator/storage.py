"""Files written whole or not at all, and results as NetCDF files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from simulator.errors import Fault, InputError, StorageError

ENGINE = "h5netcdf"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; on success it takes the name of `path`, else it is removed.

    So an interrupted or failed write leaves what stood there before (or nothing).

    Raises
    ------
    StorageError
        Where the folder does not exist or the file cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_result(result: xr.Dataset, path: Path) -> None:
    """Write a result to one NetCDF file, whole or not at all; integers keep their 64 bits.

    Raises
    ------
    StorageError
        Where it cannot be written.
    """
    with whole_file(path) as temporary:
        result.to_netcdf(temporary, engine=ENGINE)


def read_result(path: Path) -> xr.Dataset:
    """Return a result from a NetCDF file, loaded into memory.

    Raises
    ------
    InputError
        Where there is no such file, or it is no NetCDF file.
    """
    if not path.is_file():
        raise InputError(str(path), [Fault("", "no such file", "Name a file that `citysim run --out` wrote.")])
    try:
        with xr.open_dataset(path, engine=ENGINE) as stored:
            return stored.load()
    except (OSError, ValueError) as error:
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
    if not path.parent.is_dir():
        raise InputError(str(path), [Fault("", f"the folder {path.parent} does not exist", "Create it first.")])
    if not os.access(path.parent, os.W_OK):
        raise InputError(str(path), [Fault("", f"the folder {path.parent} may not be written to", "Choose another.")])
