"""Files that commands write, refused before any work where they cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

STANDARD_OUTPUT = "-"
OTHER_KINDS = (".csv", ".json", ".xlsx", ".parquet", ".yaml", ".yml", ".txt")


def refuse_unwritable(path: str | None) -> None:
    """Refuse a file that cannot be written; the screen always can."""
    from simulator import storage

    if path is not None and path != STANDARD_OUTPUT:
        storage.refuse_unwritable(Path(path))


def refuse_clash(source: str, outputs: Mapping[str, str | None], kind: str = "the scenario") -> None:
    """Refuse two outputs in one file, and an output in place of the file that was asked about."""
    taken = {Path(source).resolve(): kind} if Path(source).is_file() else {}
    faults = []
    out = outputs.get("--out") or ""
    if out == STANDARD_OUTPUT:
        faults.append(Fault("--out", "a NetCDF file cannot go to the screen", "Name a file: FILE.nc."))
    elif Path(out).suffix.lower() in OTHER_KINDS:
        faults.append(Fault("--out", f"writes NetCDF, and {out} is named otherwise", "Name it FILE.nc."))
    for option, path in outputs.items():
        if path is None or path == STANDARD_OUTPUT:
            continue
        file = Path(path).resolve()
        if file in taken:
            faults.append(Fault(option, f"{path} is {taken[file]} already", "Give each output a file of its own."))
        taken[file] = option
    if faults:
        raise InputError("outputs", faults)


def write_csv(table: pd.DataFrame, path: str) -> None:
    """Write a table as CSV to a file, or to the screen."""
    write_text(table.to_csv(index=False, lineterminator="\n"), path)


def write_text(text: str, path: str) -> None:
    """Write text to a file, whole or not at all, or to the screen."""
    from simulator import storage

    if path == STANDARD_OUTPUT:
        click.echo(text, nl=False)
    else:
        storage.write_text(Path(path), text)
