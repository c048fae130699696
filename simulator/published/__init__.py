"""Bundled indices: definition, data and licence note, one folder each; and where the shipped scenarios are."""

from __future__ import annotations

from pathlib import Path

from simulator.errors import Fault, InputError, did_you_mean

DEFAULT_INDEX = "opportunity-2025"
"""The bundled index that questions are about where none is named."""

DEFINITION_FILE = "definition.yaml"
SUFFIX = ".yaml"
"""How the files of shipped scenarios end."""

PACKAGE = Path(__file__).parent.parent


def bundled_indices() -> dict[str, Path]:
    """Return the definition file of every bundled index by its name.

    >>> "opportunity-2025" in bundled_indices()
    True
    """
    here = Path(__file__).parent
    return {folder.parent.name: folder for folder in sorted(here.glob(f"*/{DEFINITION_FILE}"))}


def locate_index(name: str | Path, beside: Path | None = None) -> Path:
    """Return the definition file of a bundled index, or of a path to a definition or to the folder that holds one.

    A relative path is looked for in the folder `beside` first, then in the working directory.

    Raises
    ------
    InputError
        Where neither is found, with the nearest bundled names; for what is neither a text nor a path.
    """
    bundled = bundled_indices()
    if not isinstance(name, str | Path):
        remedy = f"Give a bundled name ({', '.join(bundled)}), the path of a definition, or an index in memory."
        raise InputError("index", [Fault("", f"a {type(name).__name__} is no index, and no name of one", remedy)])
    if str(name) in bundled:
        return bundled[str(name)]
    for path in (*([beside / name] if beside else []), Path(name)):
        if path.is_dir() and (path / DEFINITION_FILE).is_file():
            return path / DEFINITION_FILE
        if path.is_file():
            return path
    remedy = did_you_mean(str(name), list(bundled))
    raise InputError(str(name) or "index", [Fault("", "no bundled index of this name, and no such file", remedy)])


def scenario_folder() -> Path:
    """Return the folder of the scenarios shipped: inside an installed package, or at the top of a checkout."""
    installed = PACKAGE / "scenarios"
    return installed if installed.is_dir() else PACKAGE.parent / "scenarios"


def shipped_scenarios() -> dict[str, Path]:
    """Return the file of every scenario shipped, by its name.

    >>> "stress-test" in shipped_scenarios()
    True
    """
    files = sorted(scenario_folder().glob(f"*{SUFFIX}"), key=lambda path: path.stem)
    return {path.stem: path for path in files}
