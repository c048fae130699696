"""Files that tell whether they are whole: a header and arrays behind a checksum of both."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.storage import write_whole

Arrays = Mapping[str, NDArray[Any]]

HEADER = "header"
DIGEST = 64
"""Characters of a SHA-256 in hexadecimal, the first line of a file."""


class TornError(ValueError):
    """A file is not as it was written."""


def write_checked(path: Path, header: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a header, of what JSON holds, and arrays, of numbers or text, to one file, whole or not at all.

    Raises
    ------
    StorageError
        Where the system refuses to write.
    """
    body = io.BytesIO()
    told = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez_compressed(body, allow_pickle=False, **{HEADER: told, **arrays})
    content = body.getvalue()
    sealed = hashlib.sha256(content).hexdigest().encode() + b"\n" + content
    write_whole(path, lambda new: new.write_bytes(sealed))


def read_checked(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return header and arrays of a file.

    Raises
    ------
    TornError
        Where the file is not what `write_checked` wrote: cut off, altered, or another kind of file.
    OSError
        Where it cannot be read.
    """
    sealed = path.read_bytes()
    content = sealed[DIGEST + 1 :]
    if hashlib.sha256(content).hexdigest().encode() + b"\n" != sealed[: DIGEST + 1]:
        raise TornError(f"{path} is not whole, or was altered")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return json.loads(arrays.pop(HEADER).tobytes()), arrays
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TornError(f"{path} is no file of citysim") from error
