"""The command that reads a store of many results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.group import main
from simulator.cli.outputs import STANDARD_OUTPUT, deliver_table, refuse_outputs, write_csv, write_text
from simulator.errors import Fault, InputError

if TYPE_CHECKING:
    from simulator.results.store import ResultStore

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("results")
@click.argument("store")
@click.argument("name", required=False)
@click.option("--failed", is_flag=True, help="List only what failed.")
@click.option("--out", metavar="FILE", help="Of NAME: write the whole result, with provenance, to this NetCDF file.")
@click.option(
    "--csv", "csv_path", metavar="FILE", help="Write the list, or the table of the cities of NAME; - for the screen."
)
@click.option(
    "--json", "json_path", metavar="FILE", help="Write the list, or the figures of NAME, likewise; - for the screen."
)
@click.option("--tidy", is_flag=True, help="Remove replaced results, and what jobs left that ended over a day ago.")
@click.option("--quiet", "-q", is_flag=True, help="Print no table.")
def results_command(
    store: str,
    name: str | None,
    failed: bool,
    out: str | None,
    csv_path: str | None,
    json_path: str | None,
    tidy: bool,
    quiet: bool,
) -> None:
    """List what STORE holds, or take the result called NAME out of it.

    STORE is a folder, or an address such as s3://bucket/results.zarr, whose library (here s3fs) is installed apart.

    \b
    Examples:
      citysim results results.zarr
      citysim results results.zarr --failed
      citysim results results.zarr --csv list.csv
      citysim results results.zarr "stress-test seed=7"
      citysim results results.zarr "stress-test seed=7" --out result.nc
      citysim repeat result.nc
    """
    from simulator.results.store import open_store

    _refuse_options(name, {"--failed": failed, "--tidy": tidy}, out)
    refuse_outputs({"--out": out, "--csv": csv_path, "--json": json_path})
    opened = open_store(store)
    if name is not None:
        _take_out(opened, name, out, csv_path, json_path, quiet)
    else:
        if tidy:
            click.echo(f"Groups of results removed: {opened.tidy()}.", err=True)
        _list(opened, failed, csv_path, json_path, quiet)


def _refuse_options(name: str | None, of_list: dict[str, bool], out: str | None) -> None:
    faults = []
    if name is None and out is not None:
        faults.append(Fault("--out", "writes one result, and none is named", "Add its NAME, or use --csv."))
    if name is not None:
        remedy = "Leave it out, or the name."
        faults += [Fault(option, "is of the list, not of one result", remedy) for option, on in of_list.items() if on]
    if faults:
        raise InputError("results", faults)


def _list(store: ResultStore, failed: bool, csv_path: str | None, json_path: str | None, quiet: bool) -> None:
    from simulator.report.results import catalogue_record, catalogue_view
    from simulator.results.catalogue import as_table

    entries = [entry for entry in store.entries() if entry.status == "failed" or not failed]
    if json_path is not None:
        write_text(json.dumps(catalogue_record(entries), ensure_ascii=False, indent=1) + "\n", json_path)
    hidden = quiet or json_path == STANDARD_OUTPUT
    deliver_table(lambda: as_table(entries), csv_path, lambda: catalogue_view(entries), quiet=hidden)


def _take_out(
    store: ResultStore, name: str, out: str | None, csv_path: str | None, json_path: str | None, quiet: bool
) -> None:
    from simulator.report.results import is_of_study, result_frame, result_text, result_view
    from simulator.report.screen import show
    from simulator.storage import write_result

    result = store.result(name)
    if not is_of_study(result) and (out is None or csv_path is not None or json_path is not None):
        raise InputError(store.address, [Fault(name, "is no result of a study", "Write it with --out alone.")])
    if out is not None:
        write_result(result, Path(out))
    if csv_path is not None:
        write_csv(result_frame(result), csv_path)
    if json_path is not None:
        write_text(result_text(result), json_path)
    if out is not None and not quiet:
        click.echo(
            f"Written to {out}; `citysim repeat {out}` runs it again.", err=STANDARD_OUTPUT in (csv_path, json_path)
        )
    elif not quiet and STANDARD_OUTPUT not in (csv_path, json_path):
        show(result_view(result))
