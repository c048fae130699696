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
KIND: Final = "kind"
"""Attribute that says what a file holds that is no result of a study."""
AGAIN: Final = "made_by"
"""Attribute with the call that makes such a file again."""
HELD: Final = {
    "influence": "variance-based indices",
    "shapley": "Shapley effects",
    "pawn": "PAWN indices",
    "extremes": "best and worst ranks",
}
"""Kinds, and what they are in words."""
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
    """Return the record stored in the attributes of a study's result as JSON.

    Raises
    ------
    InputError
        Where there is none, or it is not whole: the file is no result of citysim, or was altered; and where the
        attribute `kind` says that it holds something else than a study, with the call that makes it again.
    """
    if KIND in attributes:
        again = attributes.get(AGAIN)
        problem = f"holds {HELD.get(attributes[KIND], attributes[KIND])}, which are no result of a study"
        raise InputError(source, [Fault("", problem, f"To make it again: {again}" if again else "")])
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
