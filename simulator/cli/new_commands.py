"""The command that starts a new index, from a table or from a template."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from simulator.cli.group import main
from simulator.errors import Fault, InputError

if TYPE_CHECKING:
    from simulator.drafting.starting import NewIndex

WIDTH = 100


@main.command("new")
@click.argument("folder", required=False)
@click.argument("table", required=False)
@click.option("--template", metavar="NAME", help="Start from a template, in place of a table.")
@click.option("--list", "listed", is_flag=True, help="List the templates.")
@click.option("--force", is_flag=True, help="Write over an index that stands in FOLDER; its other files stay.")
@click.option("--quiet", "-q", is_flag=True, help="Do not tell what to decide next.")
def new_command(
    folder: str | None, table: str | None, template: str | None, listed: bool, force: bool, quiet: bool
) -> None:
    """Start an index of your own in FOLDER, from TABLE (CSV, Excel or Parquet) or from a template.

    A table has a row for each city and a column for each figure. What the columns mean is guessed, and every guess is
    marked in the definition. The new index can be scored and stress-tested at once.

    \b
    Examples:
      citysim new my-index data.csv
      citysim new my-index data.xlsx --force
      citysim new --list
      citysim new my-region --template secondary-city-connectivity
    """
    from simulator.drafting.starting import new_index

    if listed:
        _list_templates()
        return
    if folder is None:
        remedy = "Example: citysim new my-index data.csv."
        raise InputError("new", [Fault("", "no folder is named", remedy)])
    made = new_index(folder, table, template=template, force=force)
    if not quiet:
        _tell(made, folder)


def _list_templates() -> None:
    from simulator.drafting.starting import templates
    from simulator.report.screen import plain_table, show

    shown = plain_table("Template", "Title", "What it is")
    for name, (title, description) in templates().items():
        shown.add_row(name, title, description)
    show(shown)


def _tell(made: NewIndex, folder: str) -> None:
    """Tell what was written, what is to be decided, and which commands come next."""
    indicators = made.definition.indicators
    click.echo(f"{folder}: {', '.join(made.files)}.")
    click.echo(f"{len(indicators)} indicators below {len(made.definition.nodes) - 1} nodes. To decide next, in order:")
    for number, decision in enumerate(made.decisions, start=1):
        lead = f"  {number}. "
        told = textwrap.fill(decision, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))
        click.echo(told)
    click.echo("Then, or at once:")
    for command in ("check", "score"):
        click.echo(f"  citysim {command} {folder}/definition.yaml")
    for command in ("run", "influence"):
        click.echo(f"  citysim {command} {folder}/stress-test.yaml")
