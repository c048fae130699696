"""Commands on a study: run a scenario, repeat a stored result."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from simulator.cli.answers import show_answer
from simulator.cli.choices import asks_what_if, chosen_cities, chosen_pair, refuse_options
from simulator.cli.group import main
from simulator.cli.outputs import STANDARD_OUTPUT, refuse_outputs, write_csv, write_text, write_workbook, xlsx_option
from simulator.cli.waiting import leaving_at_once, progress_bar

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("run")
@click.argument("scenario")
@click.option("--draws", type=int, help="Number of draws, in place of the scenario's.")
@click.option(
    "--until",
    type=float,
    metavar="SE",
    help="Go on until the largest standard error of the chances is at most this, such as 0.001.",
)
@click.option("--seed", type=int, help="Seed, in place of the scenario's; the same seed gives the same result.")
@click.option(
    "--workers", type=int, help="Parallel workers; all processors by default. They change nothing in the result."
)
@click.option("--out", metavar="FILE", help="Write the whole result, with provenance, to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write the table of the cities; - for the screen.")
@xlsx_option
@click.option("--json", "json_path", metavar="FILE", help="Write the figures and the provenance; - for the screen.")
@click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="Override a value of the scenario; may be repeated."
)
@click.option(
    "--pair", "pairs", multiple=True, metavar="A,B", help="Tell the chance that city A ranks above B; may be repeated."
)
@click.option(
    "--city",
    "only",
    multiple=True,
    metavar="CITY",
    help="Show this city alone, with all ranks drawn; may be repeated. Of a what-if: ask it for this city.",
)
@click.option("--explain", is_flag=True, help="Of a what-if, show every step of the arithmetic.")
@click.option("--quiet", "-q", is_flag=True, help="Print no table and no progress.")
def run_command(
    scenario: str,
    draws: int | None,
    until: float | None,
    seed: int | None,
    workers: int | None,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    json_path: str | None,
    settings: tuple[str, ...],
    pairs: tuple[str, ...],
    only: tuple[str, ...],
    explain: bool,
    quiet: bool,
) -> None:
    """Run SCENARIO, a shipped name or the path of a scenario file.

    \b
    Examples:
      citysim run stress-test
      citysim run stress-test --draws 100000 --workers 2 --out result.nc --csv table.csv
      citysim run stress-test --until 0.001
      citysim run stress-test --set factors.data-error.size=4 --set factors.weights.concentration=1
      citysim run stress-test --set 'factors.weights={method: uniform, percent: 20}' --set factors.leave-out=null
      citysim run stress-test --pair hefei,ningbo
      citysim run source-error --city hefei
      citysim run gdp-grows-8-percent --city ningbo --explain
      citysim run stress-test --pair hefei,ningbo --xlsx result.xlsx
      citysim run my-scenario.yaml --seed 1 --json -
    """
    from simulator.report.answers import answer_frame, answer_record
    from simulator.report.frames import stability_frame, stability_record
    from simulator.report.screen import pair_lines, show, stability_view
    from simulator.storage import write_result
    from simulator.study import execute, plan
    from simulator.study import settings as with_size

    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path, "--json": json_path}, scenario)
    begun = time.perf_counter()
    asks = asks_what_if(scenario, settings)
    for_city = [f"city={only[0]}"] if asks and only else []
    refuse_options(asks, only, explain)
    study = plan(scenario, [*for_city, *with_size(settings, draws, seed, until), *(["pairs=true"] if pairs else [])])
    asked = [chosen_pair(study, pair) for pair in pairs]
    shown = [] if asks else chosen_cities(study, only)
    with leaving_at_once(), progress_bar(quiet) as progress:
        result = execute(study, workers, progress)
    seconds = time.perf_counter() - begun
    if out is not None:
        write_result(result, Path(out))
    if csv_path is not None:
        write_csv(answer_frame(result) if asks else stability_frame(result), csv_path)
    if xlsx_path is not None:
        write_workbook(result, xlsx_path, answer_frame(result) if asks else None)
    if json_path is not None:
        record = answer_record(result) if asks else stability_record(result)
        write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", json_path)
    if not quiet and STANDARD_OUTPUT not in (csv_path, json_path):
        if asks:
            show_answer(result, seconds, explain)
        else:
            show(stability_view(result, seconds, shown))
        for line in pair_lines(result, asked):
            click.echo(line)
        if out is not None:
            click.echo(f"Written to {out}; `citysim repeat {out}` runs it again.")


@main.command("repeat")
@click.argument("result")
@click.option("--workers", type=int, help="Parallel workers; all processors by default.")
@click.option("--quiet", "-q", is_flag=True, help="Print no progress.")
def repeat_command(result: str, workers: int | None, quiet: bool) -> None:
    """Run a stored RESULT again from its provenance and say whether it is the same; exit code 1 if it is not.

    \b
    Example:
      citysim run stress-test --out result.nc
      citysim repeat result.nc
    """
    from simulator.study import repeat

    with leaving_at_once(), progress_bar(quiet) as progress:
        repetition = repeat(result, workers, progress=progress)
    for change in repetition.changed:
        click.echo(f"changed since: {change}")
    if repetition.same:
        click.echo(f"{result}: the same, every variable equal to the byte")
        return
    click.echo(f"{result}: not the same; these variables differ: {', '.join(repetition.differing)}")
    sys.exit(1)
