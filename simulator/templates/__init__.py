"""Templates of indices: definition, example data, scenarios and instructions, one folder each, to be copied."""

from __future__ import annotations

from pathlib import Path

from simulator.errors import Fault, InputError, did_you_mean

PLACEHOLDER = "my-index"
"""Stands in the files of a template for the name of the index."""

_KINDS = (".yaml", ".csv", ".md")


def template_folders() -> dict[str, Path]:
    """Return the folder of every template by its name.

    >>> sorted(template_folders())
    ['plain', 'secondary-city-connectivity']
    """
    here = Path(__file__).parent
    return {file.parent.name: file.parent for file in sorted(here.glob("*/definition.yaml"))}


def template_files(name: str, identifier: str) -> dict[str, str]:
    """Return the files of a template by their names, as texts in which the index is called `identifier`.

    Raises
    ------
    InputError
        Where there is no such template; the nearest is suggested.
    """
    known = template_folders()
    if name not in known:
        raise InputError(f"--template {name}", [Fault("", "no such template", did_you_mean(name, list(known)))])
    files = [path for path in sorted(known[name].iterdir()) if path.suffix in _KINDS]
    return {path.name: path.read_text(encoding="utf-8").replace(PLACEHOLDER, identifier) for path in files}
