"""Where a store lies, a folder or an address of fsspec: small files written whole there, and Zarr's own view of it."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import CitysimError, Fault, InputError, StorageError
from simulator.storage import write_whole

if TYPE_CHECKING:
    from zarr.abc.store import Store

LIBRARIES = ("zarr", "fsspec")
OWN_FOLDERS = ("file", "local")
"""Protocols of fsspec that mean a folder of this machine."""


class Place(ABC):
    """Small files under names with slashes, and a Zarr store of the same names.

    What the system refuses to write is a `StorageError`, what cannot be read an `InputError`, whatever is beneath.
    """

    address: str

    @abstractmethod
    def is_file(self) -> bool:
        """Return whether the address is that of a file, which has no room for a store."""

    @abstractmethod
    def names(self, folder: str = "") -> list[str]:
        """Return the names in a folder, sorted, hidden ones left out; none where there is no such folder."""

    @abstractmethod
    def read(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the content of files, those left out that are not there."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file or folder, if it is there."""

    @abstractmethod
    def zarr_store(self) -> Store:
        """Return the same place as Zarr sees it."""

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Tell whatever goes wrong inside as a fault of the place; libraries of remote places raise almost anything."""
        try:
            yield
        except CitysimError:
            raise
        except Exception as error:
            problem = f"cannot be read ({_reason(error)})"
            raise InputError(self.address, [Fault("", problem, "Check the address and your rights to it.")]) from error

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Tell whatever goes wrong inside as a failure to write."""
        try:
            yield
        except CitysimError:
            raise
        except Exception as error:
            raise StorageError(f"{self.address}: cannot be written ({_reason(error)})") from error


class Folder(Place):
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._path = path

    def is_file(self) -> bool:
        """See `Place`."""
        return self._path.exists() and not self._path.is_dir()

    def names(self, folder: str = "") -> list[str]:
        """See `Place`."""
        with self.reading():
            try:
                return sorted(name for name in os.listdir(self._path / folder) if not name.startswith("."))
            except FileNotFoundError:
                return []

    def read(self, names: Sequence[str]) -> dict[str, bytes]:
        """See `Place`."""
        found = {}
        with self.reading():
            for name in names:
                try:
                    found[name] = (self._path / name).read_bytes()
                except FileNotFoundError:
                    continue
        return found

    def write(self, name: str, content: bytes) -> None:
        """See `Place`; the content is on the disk before the file has its name."""
        path = self._path / name
        with self.writing():
            path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda new: _write_through(new, content))

    def remove(self, name: str) -> None:
        """See `Place`."""
        path = self._path / name
        with self.writing():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def zarr_store(self) -> Store:
        """See `Place`."""
        from zarr.storage import LocalStore

        return LocalStore(self._path)


class Remote(Place):
    """An address of fsspec, such as `s3://bucket/results` or `memory://results`; it need not be able to rename."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._files, self._root = _file_system(address)

    def is_file(self) -> bool:
        """See `Place`."""
        with self.reading():
            return bool(self._files.isfile(self._root))

    def names(self, folder: str = "") -> list[str]:
        """See `Place`."""
        path = self._path(folder)
        with self.reading():
            self._files.invalidate_cache(path)  # others write here too
            try:
                listed = [str(one).rstrip("/").rpartition("/")[2] for one in self._files.ls(path, detail=False)]
            except FileNotFoundError:
                return []
        return sorted(name for name in listed if not name.startswith("."))

    def read(self, names: Sequence[str]) -> dict[str, bytes]:
        """See `Place`; many at a time where the file system can."""
        paths = {self._path(name): name for name in names}
        if not paths:
            return {}
        with self.reading():
            found: dict[str, Any] = self._files.cat(list(paths), on_error="return")
            for content in found.values():
                if isinstance(content, Exception) and not isinstance(content, FileNotFoundError):
                    raise content
        return {paths[path]: content for path, content in found.items() if isinstance(content, bytes)}

    def write(self, name: str, content: bytes) -> None:
        """See `Place`; object stores show a file once it is whole."""
        with self.writing():
            self._files.pipe_file(self._path(name), content)

    def remove(self, name: str) -> None:
        """See `Place`."""
        with self.writing():
            try:
                self._files.rm(self._path(name), recursive=True)
            except FileNotFoundError:
                return

    def zarr_store(self) -> Store:
        """See `Place`."""
        from zarr.storage import FsspecStore

        with self.reading():
            return FsspecStore.from_url(self.address)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}".rstrip("/")


def place_of(address: str | Path) -> Place:
    """Return the place of an address: a folder, or what fsspec knows, which `://` tells.

    Raises
    ------
    InputError
        Where zarr, fsspec or the library for the address is not installed, or there is no such kind of address.

    Examples
    --------
    >>> place_of("memory://somewhere").names()
    []
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        problem = f"a store of results needs the library {' and '.join(missing)}, which is not installed"
        remedy = f"Install it with: pip install {' '.join(missing)}, or the extra `zarr`."
        raise InputError(str(address), [Fault("", problem, remedy)])
    if isinstance(address, str) and "://" in address:
        protocol, _, path = address.partition("://")
        return Folder(Path(path)) if protocol in OWN_FOLDERS else Remote(address.rstrip("/"))
    return Folder(Path(address))


def _file_system(address: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        files, root = url_to_fs(address)
    except ImportError as error:
        remedy = "Install it with pip; for s3:// it is s3fs, for gs:// gcsfs, for az:// adlfs."
        raise InputError(address, [Fault("", f"needs a library of its own ({_reason(error)})", remedy)]) from None
    except Exception as error:
        remedy = "Name a folder, or an address such as s3://bucket/results.zarr."
        raise InputError(address, [Fault("", f"is no address that can be used ({_reason(error)})", remedy)]) from None
    return files, str(root).rstrip("/")


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _reason(error: Exception) -> str:
    told = error.strerror if isinstance(error, OSError) else None
    return told or (str(error).splitlines() or [""])[0] or type(error).__name__
