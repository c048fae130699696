"""Commands on files of other programs: an index drafted from them, an index written for them."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.group import main
from simulator.errors import Fault, InputError

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("convert")
@click.argument("files", nargs=-1, required=True, metavar="FILE [IMETA]")
@click.option("--out", required=True, metavar="FOLDER", help="New folder for the definition and its tables.")
def convert_command(files: tuple[str, ...], out: str) -> None:
    """Make an index of FILE: COINr's iData and iMeta, a workbook with both, or a table with two rows of headings.

    \b
    Examples:
      citysim convert ASEM_iData.csv ASEM_iMeta.csv --out my-index
      citysim convert coin.xlsx --out my-index          sheets iData and iMeta
      citysim convert table.xlsx --out my-index         first row dimensions, second row indicators
    """
    from simulator.peers.coinr import holds_coinr, read_coinr
    from simulator.peers.drafts import refuse_full
    from simulator.peers.headed import read_headed

    if any(Path(file).is_dir() for file in files):
        raise InputError("convert", [Fault("", "is a folder", "Give its files iData.csv and iMeta.csv.")])
    if len(files) > 2:
        raise InputError("convert", [Fault("", f"{len(files)} files are given", "Give one table, or iData and iMeta.")])
    refuse_full(Path(out))
    from_coinr = len(files) == 2 or holds_coinr(Path(files[0]))
    draft = read_coinr(*files) if from_coinr else read_headed(files[0])
    sizes = f"{len(draft.values)} cities, {len(draft.definition.indicators)} indicators"
    draft.write(out)
    click.echo(f"Written to {out}: {', '.join(draft.files())}; {sizes}.")
    guessed = "Normalisation and aggregation" if from_coinr else "Directions, normalisation and aggregation"
    click.echo(f"{guessed} are guesses, marked in definition.yaml.")
    if draft.gaps:
        cells = "1 cell is" if draft.gaps == 1 else f"{draft.gaps} cells are"
        how = "their weight is shared by what is there (imputation: share-weight), which is a guess too"
        click.echo(f"{cells} empty; {how}.")


@main.command("export")
@click.argument("index")
@click.option(
    "--coinr", metavar="FOLDER|FILE.xlsx", help="Write COINr's iData and iMeta, as CSV files or one workbook."
)
@click.option("--table", metavar="FILE", help="Write the values below two rows of headings, CSV or Excel (.xlsx).")
def export_command(index: str, coinr: str | None, table: str | None) -> None:
    """Write INDEX, a bundled name or the path of a definition, for other programs.

    \b
    Examples:
      citysim export my-index --coinr coinr-tables
      citysim export opportunity-2025 --coinr coin.xlsx
      citysim export opportunity-2025 --table values.xlsx
    """
    from simulator.cli.outputs import refuse_outputs
    from simulator.peers.coinr_writing import left_behind, write_coinr
    from simulator.peers.headed import write_headed
    from simulator.peers.stored import stored

    if coinr is None and table is None:
        raise InputError("export", [Fault("", "nothing is asked for", "Give --coinr FOLDER or --table FILE.")])
    refuse_outputs({"--table": table}, index, kind="the index")
    if coinr is not None:
        write_coinr(index, coinr)
        lost = ", ".join(left_behind(stored(index)[0]))
        click.echo(f"Written to {coinr}. COINr's tables have no room for: {lost}.")
    if table is not None:
        write_headed(index, table)
        click.echo(f"Written to {table}. It has no room for directions, weights, units, methods and attributes.")
