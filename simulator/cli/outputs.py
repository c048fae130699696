"""Files that commands write, refused before any work where they cannot be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from simulator.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from rich.console import RenderableType

    from simulator.auditing.audit import Audit

F = TypeVar("F", bound=Callable[..., Any])

STANDARD_OUTPUT = "-"
OTHER_KINDS = (".csv", ".json", ".xlsx", ".parquet", ".yaml", ".yml", ".txt")


def xlsx_option(command: F) -> F:
    """Give a command the option `--xlsx`."""
    told = "Write an Excel workbook: a sheet for each table, the first says what is what."
    return click.option("--xlsx", "xlsx_path", metavar="FILE", help=told)(command)


def refuse_unwritable(path: str | None) -> None:
    """Refuse a file that cannot be written; the screen always can."""
    from simulator import storage

    if path is not None and path != STANDARD_OUTPUT:
        storage.refuse_unwritable(Path(path))


def refuse_outputs(outputs: Mapping[str, str | None], *sources: str, kind: str = "the scenario") -> None:
    """Refuse outputs (option → file) that clash with one another or with what was asked about, or cannot be written."""
    for source in sources or ("",):
        _refuse_clash(source, outputs, kind)
    for path in outputs.values():
        refuse_unwritable(path)


def _refuse_clash(source: str, outputs: Mapping[str, str | None], kind: str) -> None:
    """Refuse two outputs in one file, and an output in place of the file that was asked about."""
    taken = {Path(source).resolve(): kind} if Path(source).is_file() else {}
    faults = []
    out = outputs.get("--out") or ""
    if out == STANDARD_OUTPUT:
        faults.append(Fault("--out", "a NetCDF file cannot go to the screen", "Name a file: FILE.nc."))
    elif Path(out).suffix.lower() in OTHER_KINDS:
        faults.append(Fault("--out", f"writes NetCDF, and {out} is named otherwise", "Name it FILE.nc."))
    faults += _workbook_faults(outputs.get("--xlsx"))
    for option, path in outputs.items():
        if path is None or path == STANDARD_OUTPUT:
            continue
        file = Path(path).resolve()
        if file in taken:
            faults.append(Fault(option, f"{path} is {taken[file]} already", "Give each output a file of its own."))
        taken[file] = option
    if faults:
        raise InputError("outputs", faults)


def _workbook_faults(path: str | None) -> list[Fault]:
    """Return why a workbook cannot be written: to the screen, under another ending, or without its library."""
    from simulator.tables import require_kind
    from simulator.workbooks import SUFFIX

    if path is None:
        return []
    if path == STANDARD_OUTPUT:
        return [Fault("--xlsx", "an Excel workbook cannot go to the screen", f"Name a file: FILE{SUFFIX}.")]
    if Path(path).suffix.lower() != SUFFIX:
        return [Fault("--xlsx", f"writes an Excel workbook, and {path} is named otherwise", f"Name it FILE{SUFFIX}.")]
    try:
        require_kind(Path(path), [SUFFIX])
    except InputError as error:
        return [Fault("--xlsx", one.problem, f"{one.remedy}, or the extra `excel`.") for one in error.faults]
    return []


def deliver(
    result: xr.Dataset,
    out: str | None,
    table: Callable[[], pd.DataFrame],
    csv_path: str | None,
    view: Callable[[], RenderableType],
    *,
    xlsx: str | None = None,
    quiet: bool = False,
    say_where: bool = False,
) -> None:
    """Write a result and its tables where they are asked for, and show the view as `deliver_table` does.

    With `say_where` the file of the result is named below the view.
    """
    from simulator.storage import write_result

    if out is not None:
        write_result(result, Path(out))
    if xlsx is not None:
        write_workbook(result, xlsx, table())
    shown = deliver_table(table, csv_path, view, quiet=quiet)
    if shown and say_where and out is not None:
        click.echo(f"Written to {out}.")


def deliver_table(
    table: Callable[[], pd.DataFrame],
    csv_path: str | None,
    view: Callable[[], RenderableType],
    *,
    xlsx: str | None = None,
    quiet: bool = False,
) -> bool:
    """Write a table if it is asked for; show the view, unless the screen has the table or is to stay as it is.

    Returns whether the view was shown. Neither is made where nobody asks for it.
    """
    from simulator.report.screen import show

    if csv_path is not None:
        write_csv(table(), csv_path)
    if xlsx is not None:
        write_workbook(table(), xlsx)
    shown = not quiet and csv_path != STANDARD_OUTPUT
    if shown:
        show(view())
    return shown


def write_workbook(result: xr.Dataset | Audit | pd.DataFrame, path: str, table: pd.DataFrame | None = None) -> None:
    """Write a result as an Excel workbook, the table that `--csv` would write first."""
    from simulator.report import workbook

    workbook.write_workbook(result, path, table)


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
