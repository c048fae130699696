"""Commands on a study: run a scenario, repeat a stored result."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.answers import show_answer
from simulator.cli.choices import asks_what_if, chosen_cities, chosen_pair, refuse_options
from simulator.cli.group import main
from simulator.cli.many_scenarios import refuse_idle, run_many
from simulator.cli.outputs import refuse_outputs, xlsx_option
from simulator.cli.running_options import Means, running, running_options
from simulator.cli.study_outputs import Outputs, is_answer, show_stability
from simulator.cli.waiting import leaving_at_once, progress_bar
from simulator.errors import Fault, InputError

if TYPE_CHECKING:
    from simulator.study import Study

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("run")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO ...")
@click.option("--draws", type=int, help="Number of draws, in place of the scenario's.")
@click.option(
    "--until",
    type=float,
    metavar="SE",
    help="Go on until the largest standard error of the chances is at most this, such as 0.001.",
)
@click.option("--seed", type=int, help="Seed, in place of the scenario's; the same seed gives the same result.")
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
@click.option(
    "--shard",
    metavar="K/N",
    help="Run only the Kth of N shares of the draws, to --out or NAME.K-of-N.part, for `citysim merge`.",
)
@click.option("--store", metavar="STORE", help="Keep the results of many scenarios in this Zarr store.")
@click.option(
    "--vary",
    multiple=True,
    metavar="PATH=VALUES",
    help="Run with each of these values: 1,2,5 or 1..100; repeated, with each of each.",
)
@running_options
@click.option("--quiet", "-q", is_flag=True, help="Print no table and no progress.")
def run_command(
    scenarios: tuple[str, ...],
    draws: int | None,
    until: float | None,
    seed: int | None,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    json_path: str | None,
    settings: tuple[str, ...],
    pairs: tuple[str, ...],
    only: tuple[str, ...],
    explain: bool,
    shard: str | None,
    store: str | None,
    vary: tuple[str, ...],
    quiet: bool,
    means: Means,
) -> None:
    """Run SCENARIO, a shipped name or the path of a scenario file; or many of them into one store.

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
      citysim run stress-test --draws 100000000 --out night.nc --max-hours 7.5 --log night.jsonl
      citysim run stress-test --draws 100000000 --out night.nc --resume
      citysim run stress-test --seed 1 --shard 3/64 --out part-3.part
      citysim run stress-test --backend dask --scheduler tcp://10.0.0.1:8786
      citysim run scenarios/*.yaml --store results.zarr
      citysim run stress-test --vary factors.data-error.size=0.1,0.2 --vary seed=1..100 --store results.zarr

    Of many scenarios, those that fail do not stop the others; they are told at the end, with exit code 1. Run again,
    the same command does only what is missing.

    Exit code 75 where it stopped before its end, at --max-hours or when a scheduler asked for it (SIGTERM).
    """
    from simulator.repeating import is_result_of
    from simulator.study import execute, plan
    from simulator.study import settings as with_size

    files = {"--out": out, "--csv": csv_path, "--xlsx": xlsx_path, "--json": json_path}
    if len(scenarios) > 1 or store is not None or vary:
        refuse_idle(store, {**files, "--pair": pairs, "--city": only, "--explain": explain, "--shard": shard})
        run_many(scenarios, str(store), vary, with_size(settings, draws, seed, until), means, quiet)
        return
    scenario = scenarios[0]
    refuse_outputs(files, scenario)
    begun = time.perf_counter()
    asks = asks_what_if(scenario, settings)
    for_city = [f"city={only[0]}"] if asks and only else []
    refuse_options(asks, only, explain)
    study = plan(scenario, [*for_city, *with_size(settings, draws, seed, until), *(["pairs=true"] if pairs else [])])
    if shard is not None:
        _run_shard(study, shard, out, (csv_path, xlsx_path, json_path), means, quiet)
        return
    asked = [chosen_pair(study, pair) for pair in pairs]
    shown = [] if asks else chosen_cities(study, only)
    outputs = Outputs(out, csv_path, xlsx_path, json_path)
    if means.resume and out is not None and is_result_of(study, out):
        click.echo(f"{out} is the result of this very study already; nothing is left to do.")
        return
    with means.checkpoint_beside(out) as checkpoint, running(means, checkpoint) as how:
        with leaving_at_once(checkpoint.folder if checkpoint else None), progress_bar(quiet) as progress:
            result = execute(study, how, progress)
        outputs.write(result, asks)
    if quiet or outputs.on_screen:
        return
    if asks:
        show_answer(result, time.perf_counter() - begun, explain)
    else:
        show_stability(result, time.perf_counter() - begun, shown, asked)
    if out is not None:
        click.echo(f"Written to {out}; `citysim repeat {out}` runs it again.")


def _run_shard(
    study: Study, text: str, out: str | None, tables: Sequence[str | None], means: Means, quiet: bool
) -> None:
    """Run a shard, to a file that is named after it where no name is given."""
    from simulator.sharding import read_shard, run_shard

    shard = read_shard(text)
    if any(tables):
        raise InputError("options", [Fault("--shard", "a part has no table yet", "Give only --out; merge the parts.")])
    path = out or f"{study.scenario.name}.{shard.number:0{len(str(shard.count))}d}-of-{shard.count}.part"
    if means.resume and Path(path).is_file():
        click.echo(f"{path} is there already; nothing is left to do.")
        return
    with (
        means.checkpoint_beside(path) as checkpoint,
        running(means, checkpoint) as how,
        leaving_at_once(checkpoint.folder if checkpoint else None),
        progress_bar(quiet) as progress,
    ):
        run_shard(study, shard, path, how, progress)
    if not quiet:
        click.echo(f"Written to {path}; `citysim merge` makes the whole of all {shard.count} parts.")


@main.command("merge")
@click.argument("parts", nargs=-1, required=True, metavar="PART ...")
@click.option("--index", metavar="INDEX", help="The index, where it is in another place than on the shards' machines.")
@click.option("--out", metavar="FILE", help="Write the whole result, with provenance, to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write the table of the cities; - for the screen.")
@xlsx_option
@click.option("--json", "json_path", metavar="FILE", help="Write the figures and the provenance; - for the screen.")
@click.option("--quiet", "-q", is_flag=True, help="Print no table.")
def merge_command(
    parts: tuple[str, ...],
    index: str | None,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    json_path: str | None,
    quiet: bool,
) -> None:
    """Make the whole result of PARTs, files that `citysim run --shard` wrote, in any order.

    It is the same as of one run, equal to the byte. A part that is missing, doubled, torn, or of another scenario, seed
    or version is refused.

    \b
    Example:
      for k in 1 2 3 4; do citysim run stress-test --seed 1 --shard $k/4 --out $k.part; done
      citysim merge *.part --out result.nc
    """
    from simulator.merging import merge

    begun = time.perf_counter()
    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path, "--json": json_path}, *parts, kind="a part")
    result = merge(parts, index)
    asks = is_answer(result)
    outputs = Outputs(out, csv_path, xlsx_path, json_path)
    outputs.write(result, asks)
    if quiet or outputs.on_screen:
        return
    if asks:
        show_answer(result, time.perf_counter() - begun, explain=False)
    else:
        show_stability(result, time.perf_counter() - begun, [], [])


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
    from simulator.repeating import repeat

    with leaving_at_once(), progress_bar(quiet) as progress:
        repetition = repeat(result, workers, progress=progress)
    for change in repetition.changed:
        click.echo(f"changed since: {change}")
    if repetition.same:
        click.echo(f"{result}: the same, every variable equal to the byte")
        return
    click.echo(f"{result}: not the same; these variables differ: {', '.join(repetition.differing)}")
    sys.exit(1)
