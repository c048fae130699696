"""Where a result comes from: what was asked, with which data, versions and times (convention 11)."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from simulator.errors import Fault, InputError

ATTRIBUTE = "citysim_provenance"
RECORDED_PACKAGES = ("citysim", "numpy", "scipy", "xarray", "numba", "joblib", "pydantic", "h5netcdf")


def software_versions() -> dict[str, str]:
    """Return the versions of Python, the processor's architecture and the packages that results depend on."""
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for package in RECORDED_PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed as a package"
    return versions


def seal(record: Mapping[str, Any]) -> str:
    """Return a record as the text that is stored with a result."""
    return json.dumps(record, ensure_ascii=False, indent=1)


def unseal(attributes: Mapping[Any, Any], source: str) -> dict[str, Any]:
    """Return the record stored in a result's attributes.

    Raises
    ------
    InputError
        Where there is none, or it cannot be read: the file is no result of citysim.
    """
    try:
        record = json.loads(str(attributes[ATTRIBUTE]))
    except (KeyError, json.JSONDecodeError):
        raise InputError(
            source, [Fault("", "holds no provenance of citysim", "Name a file that `citysim run --out` wrote.")]
        ) from None
    if not isinstance(record, dict):
        raise InputError(source, [Fault("", "its provenance is not readable", "Run the scenario again.")])
    return record
