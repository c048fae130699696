"""The command on an index over several years: scores and ranks by year, and how surely ranks change."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from simulator.cli.choices import names_scenario
from simulator.cli.group import main
from simulator.cli.outputs import deliver, refuse_outputs
from simulator.cli.waiting import leaving_at_once, progress_bar
from simulator.errors import Fault, InputError

if TYPE_CHECKING:
    from rich.console import RenderableType

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("years")
@click.argument("source", metavar="INDEX|SCENARIO")
@click.option("--from", "first", type=int, metavar="YEAR", help="First year; that of the index by default.")
@click.option("--to", "last", type=int, metavar="YEAR", help="Last year; that of the index by default.")
@click.option(
    "--over",
    type=click.Choice(["within-year", "all-years"]),
    default="within-year",
    show_default=True,
    help="Over what values are normalised in the table by year.",
)
@click.option(
    "--errors",
    type=click.Choice(["shared", "own"]),
    help="Of a scenario: data errors shared by both years, or of each year its own.  [default: shared]",
)
@click.option("--draws", type=int, help="Number of draws, in place of the scenario's.")
@click.option("--seed", type=int, help="Seed, in place of the scenario's; the same seed gives the same result.")
@click.option("--workers", type=int, help="Parallel workers; they change nothing in the result.")
@click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="Override a value of the scenario; may be repeated."
)
@click.option("--out", metavar="FILE", help="Write the result to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write the table; - for the screen.")
@click.option("--quiet", "-q", is_flag=True, help="Print no table and no progress.")
def years_command(
    source: str,
    first: int | None,
    last: int | None,
    over: str,
    errors: str | None,
    draws: int | None,
    seed: int | None,
    workers: int | None,
    settings: tuple[str, ...],
    out: str | None,
    csv_path: str | None,
    quiet: bool,
) -> None:
    """Show scores and ranks of an index by year; with a scenario also how surely ranks change.

    \b
    A scenario is run on the first and the last year with the same draws, so that only what differs between the years
    moves a city; --csv and --out then hold the changes, otherwise the scores by year.

    \b
    Examples:
      citysim years statistical-performance
      citysim years statistical-performance --from 2017 --to 2019 --csv years.csv
      citysim years my-index/definition.yaml --over all-years
      citysim years my-scenario.yaml --from 2016 --to 2019 --draws 20000 --seed 1
    """
    from rich.console import Group

    from simulator.over_years import rank_changes, scenario_panel
    from simulator.panel import load_panel
    from simulator.report.years import changes_frame, changes_view, years_frame, years_view
    from simulator.study import settings as with_size

    of_scenario = names_scenario(source)
    refuse_outputs({"--out": out, "--csv": csv_path}, source, kind="the scenario" if of_scenario else "the index")
    if not of_scenario:
        idle = {"--errors": errors, "--draws": draws, "--seed": seed, "--workers": workers, "--set": settings or None}
        _refuse_idle(source, idle)
        scored = load_panel(source).between(first, last).score(over)
        table, view = lambda: years_frame(scored), lambda: years_view(scored)
        deliver(scored, out, table, csv_path, view, quiet=quiet, say_where=True)
        return
    own = with_size(settings, draws, seed)
    scored = scenario_panel(source, own).between(first, last).score(over)
    begun = time.perf_counter()
    with leaving_at_once(), progress_bar(quiet) as progress:
        kind = errors or "shared"
        found = rank_changes(source, first, last, errors=kind, workers=workers, overrides=own, progress=progress)
    seconds = time.perf_counter() - begun

    def both() -> RenderableType:
        return Group(years_view(scored), changes_view(found, seconds))

    deliver(found, out, lambda: changes_frame(found), csv_path, both, quiet=quiet, say_where=True)


def _refuse_idle(source: str, options: Mapping[str, object]) -> None:
    faults = [
        Fault(option, "is of a scenario, and this is an index", "Leave it out.")
        for option, given in options.items()
        if given is not None
    ]
    if faults:
        raise InputError(source, faults)
