"""The command `citysim`."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator import __version__
from simulator.errors import CitysimError, DrawError, Fault, InputError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from simulator.index import Index
    from simulator.sourcing import Sources
    from simulator.study import Study

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.

STANDARD_OUTPUT = "-"
INTERRUPTED = "interrupted; no file is half-written"
OTHER_KINDS = (".csv", ".json", ".xlsx", ".parquet", ".yaml", ".yml", ".txt")
SHOW_CURSOR = "\x1b[?25h"


class Commands(click.Group):
    """A group of commands that turns errors raised on purpose into a message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; leave with 2 for input that cannot be used, 1 for other failures, 130 when interrupted."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # a terminal that lacks Chinese shows question marks
        try:
            return super().invoke(ctx)
        except CitysimError as error:
            click.echo(str(error), err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo(INTERRUPTED, err=True)
            ctx.exit(130)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="citysim")
def main() -> None:
    """Stress-test a composite index.

    How much of a ranking is the cities, and how much our choices?

    \b
    Examples:
      citysim run stress-test                     the default stress test of the 2025 index
      citysim run stress-test --draws 100000 --out result.nc --csv table.csv
      citysim score opportunity-2025              the index as published
      citysim audit opportunity-2025              what its figures tell and its report does not
      citysim list                                what is shipped
    """


@main.command("list")
def list_command() -> None:
    """List the scenarios and indices that are shipped."""
    from simulator.definition import read_definition
    from simulator.published import bundled_indices
    from simulator.report.screen import plain_table, show
    from simulator.scenario import open_scenario, read_scenario, shipped_scenarios

    scenarios = plain_table("Scenario", "Title", "What it asks")
    for name in shipped_scenarios():
        scenario = read_scenario(open_scenario(name))
        scenarios.add_row(name, _both(scenario.title.model_dump()), scenario.description)
    indices = plain_table("Index", "Title", "Source")
    for name, path in bundled_indices().items():
        definition = read_definition(path)
        indices.add_row(name, _both(definition.title.model_dump()), definition.source)
    show(scenarios)
    show(indices)


@main.command("methods")
def methods_command() -> None:
    """List normalisations, aggregations, weightings and shapes of values with their parameters.

    \b
    In a file a method is its bare name, or a mapping with parameters:
      normalise: z-score
      normalise: {method: min-max, to: [1, 100]}
    """
    from simulator.report.methods import methods_tables
    from simulator.report.screen import show

    for table in methods_tables():
        show(table)


@main.command("score")
@click.argument("index")
@click.option(
    "--csv", "csv_path", metavar="FILE", help="Write city, rank, total and one column a dimension; - for the screen."
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="SOURCE|VARIABLE=SOURCE",
    help="points, raw quantities, or these calibrated to the printed order; may be repeated.",
)
@click.option(
    "--above", "bounds", multiple=True, type=float, metavar="TOTAL", help="Count the cities above it; may be repeated."
)
@click.option("--quiet", "-q", is_flag=True, help="Print no table.")
def score_command(
    index: str, csv_path: str | None, sources: tuple[str, ...], bounds: tuple[float, ...], quiet: bool
) -> None:
    """Score INDEX, a bundled name or the path of a definition, and compare with what was printed.

    \b
    Examples:
      citysim score opportunity-2025
      citysim score opportunity-2025 --above 2400 --above 2000
      citysim score opportunity-2025 --source raw
      citysim score opportunity-2025 --source government-debt=raw --source fiscal-self-sufficiency=calibrated
      citysim score my-index/definition.yaml --csv scores.csv
    """
    from simulator.index import load_index
    from simulator.report.comparison import compare_with_published, constant_lines, count_above
    from simulator.report.frames import score_frame
    from simulator.report.raw import raw_view, side_by_side_frame
    from simulator.report.screen import score_view, show, wide_console
    from simulator.sourcing import resolve_sources, with_sources

    _refuse_unwritable(csv_path)
    loaded = load_index(index)
    chosen = _sources(loaded, sources)
    scored = _score(with_sources(loaded, chosen), index)
    if csv_path is not None:
        _write_csv(side_by_side_frame(loaded, scored) if sources else score_frame(scored), csv_path)
    if quiet or csv_path == STANDARD_OUTPUT:
        return
    if sources:
        show(raw_view(loaded, resolve_sources(loaded, chosen), scored))
    else:
        show(score_view(scored, wide_console().width))
    for line in constant_lines(scored):
        click.echo(line)
    for line in count_above(scored, bounds):
        click.echo(line)
    for line in () if sources else compare_with_published(scored, loaded.published):
        click.echo(line)


@main.command("audit")
@click.argument("index")
@click.option("--csv", "csv_path", metavar="FILE", help="Write the findings, one row each; - for the screen.")
@click.option("--json", "json_path", metavar="FILE", help="Write findings and all figures; - for the screen.")
@click.option("--quiet", "-q", is_flag=True, help="Print no table.")
def audit_command(index: str, csv_path: str | None, json_path: str | None, quiet: bool) -> None:
    """Work out what the published figures of INDEX tell and its report does not.

    Which tie rule the points follow and where they break it, whether sums and ranks agree, what each irregularity is
    worth in ranks, and how dimensions and indicators spread, correlate and weigh.

    \b
    Examples:
      citysim audit opportunity-2025
      citysim audit opportunity-2025 --csv findings.csv --json audit.json
      citysim audit my-index/definition.yaml --csv -
    """
    from simulator.auditing.audit import audit
    from simulator.index import load_index
    from simulator.report.audit import audit_record, audit_view
    from simulator.report.screen import show

    _refuse_clash(index, {"--csv": csv_path, "--json": json_path}, "the index")
    for path in (csv_path, json_path):
        _refuse_unwritable(path)
    audited = audit(load_index(index))
    if csv_path is not None:
        _write_csv(audited.to_frame(), csv_path)
    if json_path is not None:
        _write_text(json.dumps(audit_record(audited), ensure_ascii=False, allow_nan=False) + "\n", json_path)
    if not quiet and STANDARD_OUTPUT not in (csv_path, json_path):
        show(audit_view(audited))


@main.command("values")
@click.argument("index")
@click.option("--variable", help="Show the values drawn behind this variable, city by city.")
@click.option("--draws", type=int, default=1000, show_default=True, help="Possible raw matrices to draw.")
@click.option("--seed", type=int, default=2025, show_default=True, help="The same seed draws the same values.")
@click.option("--out", metavar="FILE", help="Write all matrices drawn to this NetCDF file.")
@click.option("--quiet", "-q", is_flag=True, help="Print no table.")
def values_command(index: str, variable: str | None, draws: int, seed: int, out: str | None, quiet: bool) -> None:
    """Tell what lies behind the printed points of INDEX, and draw raw values that agree with them.

    \b
    Examples:
      citysim values opportunity-2025
      citysim values opportunity-2025 --variable trade-balance
      citysim values opportunity-2025 --draws 200 --out matrices.nc
    """
    from simulator.index import load_index
    from simulator.lookup import find_indicators
    from simulator.report.screen import show
    from simulator.report.values import behind_view, drawn_view
    from simulator.storage import write_result
    from simulator.uncertainty.matrices import draw_matrices

    _refuse_clash(index, {"--out": out})
    _refuse_unwritable(out)
    loaded = load_index(index)
    chosen = None if variable is None else find_indicators(loaded.definition, [variable])
    if seed < 0:
        raise InputError("--seed", [Fault("", f"{seed} is negative", "Give 0 or more.")])
    drawn = draw_matrices(loaded, draws, seed, None if chosen is None else {"indicators": chosen})
    if out is not None:
        write_result(drawn, Path(out))
    if not quiet:
        show(behind_view(loaded, drawn) if chosen is None else drawn_view(loaded, drawn, chosen[0]))


@main.command("check")
@click.argument("file")
@click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="Override a value of a scenario; may be repeated."
)
def check_command(file: str, settings: tuple[str, ...]) -> None:
    """Check a scenario or an index definition with its data; report every fault with its line.

    \b
    Examples:
      citysim check my-scenario.yaml
      citysim check my-index/definition.yaml
    """
    from simulator.published import bundled_indices

    if file in bundled_indices() or _is_definition(Path(file)):
        from simulator.index import load_index

        if settings:
            raise InputError(file, [Fault("--set", "overrides a scenario, and this is a definition", "Leave it out.")])
        loaded = load_index(file)
        _score(loaded, file)
        sizes = f"{len(loaded.cities)} cities, {len(loaded.definition.indicators)} indicators"
        click.echo(f"{file}: a definition in order, with its data: {sizes}.")
        return
    from simulator.study import plan

    study = plan(file, settings)
    for part in study.parts.values():
        _score(part, file)
    cities = sum(len(part.cities) for part in study.parts.values())
    click.echo(f"{file}: scenario {study.scenario.name} is in order and fits {study.scenario.index}: {cities} cities.")


@main.command("run")
@click.argument("scenario")
@click.option("--draws", type=int, help="Number of draws, in place of the scenario's.")
@click.option("--seed", type=int, help="Seed, in place of the scenario's; the same seed gives the same result.")
@click.option(
    "--workers", type=int, help="Parallel workers; all processors by default. They change nothing in the result."
)
@click.option("--out", metavar="FILE", help="Write the whole result, with provenance, to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write the table of the cities; - for the screen.")
@click.option("--json", "json_path", metavar="FILE", help="Write the figures and the provenance; - for the screen.")
@click.option(
    "--set", "settings", multiple=True, metavar="PATH=VALUE", help="Override a value of the scenario; may be repeated."
)
@click.option(
    "--pair", "pairs", multiple=True, metavar="A,B", help="Tell the chance that city A ranks above B; may be repeated."
)
@click.option("--quiet", "-q", is_flag=True, help="Print no table and no progress.")
def run_command(
    scenario: str,
    draws: int | None,
    seed: int | None,
    workers: int | None,
    out: str | None,
    csv_path: str | None,
    json_path: str | None,
    settings: tuple[str, ...],
    pairs: tuple[str, ...],
    quiet: bool,
) -> None:
    """Run SCENARIO, a shipped name or the path of a scenario file.

    \b
    Examples:
      citysim run stress-test
      citysim run stress-test --draws 100000 --workers 2 --out result.nc --csv table.csv
      citysim run stress-test --set factors.data-error.size=4 --set factors.weights.concentration=1
      citysim run stress-test --set 'factors.weights={method: uniform, percent: 20}' --set factors.leave-out=null
      citysim run stress-test --pair hefei,ningbo
      citysim run my-scenario.yaml --seed 1 --json -
    """
    from simulator.report.frames import stability_frame, stability_record
    from simulator.report.screen import pair_lines, show, stability_view
    from simulator.storage import write_result
    from simulator.study import execute, plan
    from simulator.study import settings as with_size

    _refuse_clash(scenario, {"--out": out, "--csv": csv_path, "--json": json_path})
    for path in (out, csv_path, json_path):
        _refuse_unwritable(path)
    begun = time.perf_counter()
    study = plan(scenario, [*with_size(settings, draws, seed), *(["pairs=true"] if pairs else [])])
    asked = [_pair(study, pair) for pair in pairs]
    with _leaving_at_once(), _progress(quiet) as progress:
        result = execute(study, workers, progress)
    seconds = time.perf_counter() - begun
    if out is not None:
        write_result(result, Path(out))
    if csv_path is not None:
        _write_csv(stability_frame(result), csv_path)
    if json_path is not None:
        _write_text(json.dumps(stability_record(result), ensure_ascii=False, indent=1) + "\n", json_path)
    if not quiet and STANDARD_OUTPUT not in (csv_path, json_path):
        show(stability_view(result, seconds))
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

    with _leaving_at_once(), _progress(quiet) as progress:
        repetition = repeat(result, workers, progress=progress)
    for change in repetition.changed:
        click.echo(f"changed since: {change}")
    if repetition.same:
        click.echo(f"{result}: the same, every variable equal to the byte")
        return
    click.echo(f"{result}: not the same; these variables differ: {', '.join(repetition.differing)}")
    sys.exit(1)


@main.command("schema")
@click.argument("kind", type=click.Choice(["scenario", "definition"]))
@click.option("--out", metavar="FILE", help="Write to this file instead of the screen.")
def schema_command(kind: str, out: str | None) -> None:
    """Print the JSON schema of scenario or definition files, by which an editor completes and checks them."""
    from simulator.definition import Definition
    from simulator.report.schemas import json_schema
    from simulator.scenario import Scenario

    _refuse_unwritable(out)
    _write_text(json_schema(Scenario if kind == "scenario" else Definition), out or STANDARD_OUTPUT)


def _score(index: Index, source: str) -> xr.Dataset:
    """Return the scores of an index; what makes a mean undefined is a fault of the file."""
    try:
        return index.score()
    except DrawError as error:
        raise InputError(source, [Fault("", str(error).rstrip("."))]) from None


def _sources(index: Index, written: tuple[str, ...]) -> Sources:
    """Return the sources of `--source`: one word, or a source for each variable named."""
    from simulator.sourcing import SOURCES, as_source, source_problems

    words = [one for one in written if "=" not in one]
    faults = [
        Fault(f"--source {one}", "is no source", did_you_mean(one.rpartition("=")[2], SOURCES))
        for one in written
        if one.rpartition("=")[2] not in SOURCES
    ]
    if words and len(written) > 1:
        remedy = "Give one word for all, or VARIABLE=SOURCE for each."
        faults.append(Fault(f"--source {words[0]}", "stands for all variables, and others are named too", remedy))
    if faults:
        raise InputError("sources", faults)
    sources: Sources = "points"
    if words:
        sources = as_source(words[0])
    elif written:
        sources = {one.partition("=")[0]: as_source(one.partition("=")[2]) for one in written}
    for where, what, remedy in source_problems(sources, index):
        faults.append(Fault(f"--source {''.join(map(str, where[1:]))}".strip(), what, remedy))
    if faults:
        raise InputError("sources", faults)
    return sources


def _pair(study: Study, written: str) -> tuple[str, str]:
    """Return the two cities of `--pair A,B`, which must be ranked together."""
    from simulator.lookup import find_cities

    asked = [name.strip() for name in written.replace("，", ",").split(",")]
    try:
        cities = find_cities(study.whole.matrix, asked)
    except InputError as error:
        raise InputError(f"--pair {written}", error.faults) from None
    if len(set(cities)) != 2 or len(asked) != 2:
        raise InputError(f"--pair {written}", [Fault("", "is not two cities", "Example: --pair hefei,ningbo")])
    if not any(set(cities) <= set(part.cities) for part in study.parts.values()):
        remedy = "Name two cities that it ranks against each other."
        raise InputError(f"--pair {written}", [Fault("", "are not ranked together in this scenario", remedy)])
    return cities[0], cities[1]


def _both(name: Mapping[str, str]) -> str:
    return " ".join(part for part in (name["en"], name["zh"]) if part)


def _is_definition(path: Path) -> bool:
    """Return whether a file is an index definition: there, `index` is a tree, in a scenario it is a name."""
    from simulator.documents import read_yaml
    from simulator.published import DEFINITION_FILE

    if path.is_dir():
        return (path / DEFINITION_FILE).is_file()
    if not path.is_file():
        return False
    data = read_yaml(path).data
    return isinstance(data, dict) and ("levels" in data or isinstance(data.get("index"), dict))


def _refuse_unwritable(path: str | None) -> None:
    from simulator.storage import refuse_unwritable

    if path is not None and path != STANDARD_OUTPUT:
        refuse_unwritable(Path(path))


def _refuse_clash(source: str, outputs: Mapping[str, str | None], kind: str = "the scenario") -> None:
    """Refuse two outputs in one file, and an output in place of the file that was asked about."""
    taken = {Path(source).resolve(): kind} if Path(source).is_file() else {}
    faults = []
    out = outputs.get("--out") or ""
    if out == STANDARD_OUTPUT:
        faults.append(Fault("--out", "a NetCDF file cannot go to the screen", "Name a file, or use --json -."))
    elif Path(out).suffix.lower() in OTHER_KINDS:
        faults.append(
            Fault("--out", f"writes NetCDF, and {out} is named otherwise", "Name it FILE.nc, or use --csv or --json.")
        )
    for option, path in outputs.items():
        if path is None or path == STANDARD_OUTPUT:
            continue
        file = Path(path).resolve()
        if file in taken:
            faults.append(Fault(option, f"{path} is {taken[file]} already", "Give each output a file of its own."))
        taken[file] = option
    if faults:
        raise InputError("outputs", faults)


def _write_csv(table: pd.DataFrame, path: str) -> None:
    _write_text(table.to_csv(index=False, lineterminator="\n"), path)


def _write_text(text: str, path: str) -> None:
    from simulator.storage import write_text

    if path == STANDARD_OUTPUT:
        click.echo(text, nl=False)
    else:
        write_text(Path(path), text)


@contextmanager
def _leaving_at_once() -> Iterator[None]:
    """Leave the process at the first interrupt, as long as nothing is being written.

    An exception raised in the middle of a compilation can leave the compiler's lock held, and the process hanging.
    """

    def leave(*_: object) -> None:
        cursor = SHOW_CURSOR if sys.stderr.isatty() else ""
        os.write(2, f"{cursor}{INTERRUPTED}\n".encode())
        os._exit(130)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function that moves a progress bar on standard error; none where nobody is watching."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("preparing (the first run compiles)", total=None)

        def move(done: int, total: int) -> None:
            bar.update(task, description="draws", completed=done, total=total)

        yield move
