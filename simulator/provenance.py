"""Where a result comes from: what was asked, with which data, versions and times (convention 11)."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from pydantic import ValidationError

from simulator.errors import Fault, InputError
from simulator.validation import Schema

ATTRIBUTE: Final = "citysim_provenance"
RECORDED_PACKAGES: Final = ("citysim", "numpy", "scipy", "xarray", "numba", "joblib", "pydantic", "h5netcdf")


class Record(Schema):
    """What a result remembers of its making, enough to make it again."""

    scenario: str
    """Text of the scenario file, or of the mapping as JSON."""
    source: str
    """File that the scenario was read from."""
    overrides: tuple[str, ...]
    """Settings applied to it, in order."""
    seed: int
    """Seed of all randomness, whether asked for or drawn."""
    draws: int
    """Number of draws."""
    block: int
    """Draws in a block."""
    index: str
    """Bundled name of the index, or path of its definition."""
    input_sha256: dict[str, str]
    """Hash of every file of the index, by file name."""
    versions: dict[str, str]
    """Versions of Python, of the packages, and the processor's architecture."""
    started: str
    """When the run began, UTC."""
    seconds: float
    """How long it took."""
    workers: int
    """How many workers ran it."""


def software_versions() -> dict[str, str]:
    """Return the versions of Python, the processor's architecture and the packages that results depend on."""
    return dict(_versions(RECORDED_PACKAGES))


@lru_cache
def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed as a package"
    return versions


def unseal(attributes: Mapping[Any, Any], source: str) -> Record:
    """Return the record stored in a result's attributes as JSON.

    Raises
    ------
    InputError
        Where there is none, or it is not whole: the file is no result of citysim, or was altered.
    """
    remedy = "Name a file that `citysim run --out` wrote."
    try:
        return Record.model_validate_json(str(attributes[ATTRIBUTE]))
    except KeyError:
        raise InputError(source, [Fault("", "holds no provenance of citysim", remedy)]) from None
    except ValidationError as error:
        faults = [
            Fault(".".join(str(step) for step in detail["loc"]) or "provenance", detail["msg"].lower(), remedy)
            for detail in error.errors()
        ]
        raise InputError(f"the provenance in {source}", faults) from None
