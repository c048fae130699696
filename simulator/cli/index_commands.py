"""Commands on an index: what is shipped, its score, what lies behind it, whether its files are in order."""

from __future__ import annotations

import json
from pathlib import Path

import click

from simulator.cli.choices import (
    both_names,
    chosen_index,
    chosen_sources,
    is_definition,
    names_scenario,
    score_or_refuse,
)
from simulator.cli.group import main
from simulator.cli.outputs import (
    STANDARD_OUTPUT,
    refuse_outputs,
    refuse_unwritable,
    write_csv,
    write_text,
    write_workbook,
    xlsx_option,
)
from simulator.errors import Fault, InputError

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("list")
def list_command() -> None:
    """List the scenarios and indices that are shipped."""
    from simulator.definition import read_definition
    from simulator.published import bundled_indices, shipped_scenarios
    from simulator.report.screen import plain_table, show
    from simulator.scenario import open_scenario, read_scenario

    scenarios = plain_table("Scenario", "Title", "What it asks")
    for name in shipped_scenarios():
        scenario = read_scenario(open_scenario(name))
        scenarios.add_row(name, both_names(scenario.title.model_dump()), scenario.description)
    indices = plain_table("Index", "Title", "Source")
    for name, path in bundled_indices().items():
        definition = read_definition(path)
        indices.add_row(name, both_names(definition.title.model_dump()), definition.source)
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
@xlsx_option
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
@click.option("--year", type=int, help="Year of an index that has several; the latest by default.")
@click.option("--quiet", "-q", is_flag=True, help="Print no table.")
def score_command(
    index: str,
    csv_path: str | None,
    xlsx_path: str | None,
    sources: tuple[str, ...],
    bounds: tuple[float, ...],
    year: int | None,
    quiet: bool,
) -> None:
    """Score INDEX, a bundled name or the path of a definition, and compare with what was printed.

    Of a scenario the index that it makes is scored: its cities, its reading, its recipe.

    \b
    Examples:
      citysim score opportunity-2025
      citysim score opportunity-2025 --above 2400 --above 2000
      citysim score digital-transformation
      citysim score statistical-performance --year 2018
      citysim score opportunity-2025 --source raw
      citysim score opportunity-2025 --source government-debt=raw --source fiscal-self-sufficiency=calibrated
      citysim score my-index/definition.yaml --csv scores.csv
      citysim score opportunity-2025 --xlsx scores.xlsx
    """
    from simulator.report.comparison import compare_with_published, constant_lines, count_above, prepared_lines
    from simulator.report.frames import score_frame
    from simulator.report.raw import raw_view, side_by_side_frame
    from simulator.report.screen import score_view, show, wide_console
    from simulator.sourcing import resolve_sources, with_sources

    refuse_outputs({"--csv": csv_path, "--xlsx": xlsx_path}, index, kind="the index")
    of_scenario = names_scenario(index)
    if of_scenario and sources:
        raise InputError("--source", [Fault("", "a scenario says itself where values come from", "Set its `source`.")])
    loaded = chosen_index(index, year=year)
    chosen = chosen_sources(loaded, sources)
    scored = score_or_refuse(with_sources(loaded, chosen), index)
    if csv_path is not None:
        write_csv(side_by_side_frame(loaded, scored) if sources else score_frame(scored), csv_path)
    if xlsx_path is not None:
        write_workbook(scored, xlsx_path, side_by_side_frame(loaded, scored) if sources else None)
    if quiet or csv_path == STANDARD_OUTPUT:
        return
    if sources:
        show(raw_view(loaded, resolve_sources(loaded, chosen), scored, wide_console().width))
    else:
        show(score_view(scored, wide_console().width))
    for line in (*prepared_lines(loaded.matrix), *constant_lines(scored)):
        click.echo(line)
    for line in count_above(scored, bounds):
        click.echo(line)
    for line in () if sources or of_scenario else compare_with_published(scored, loaded.published):
        click.echo(line)


@main.command("audit")
@click.argument("index")
@click.option("--city", metavar="CITY", help="Show the strengths and weaknesses of this city instead.")
@click.option("--peers", metavar="ATTRIBUTE", help="Compare it with the cities of its status, province, … only.")
@click.option("--all", "everything", is_flag=True, help="Show all tables as well, not only what was found.")
@click.option(
    "--csv",
    "csv_path",
    metavar="FILE",
    help="Write the findings, or the profile, as rows; - for the screen.",
)
@xlsx_option
@click.option("--json", "json_path", metavar="FILE", help="Write findings and all figures; - for the screen.")
@click.option("--year", type=int, help="Year of an index that has several; the latest by default.")
@click.option("--quiet", "-q", is_flag=True, help="Print no table.")
def audit_command(
    index: str,
    city: str | None,
    peers: str | None,
    everything: bool,
    csv_path: str | None,
    xlsx_path: str | None,
    json_path: str | None,
    year: int | None,
    quiet: bool,
) -> None:
    """Work out what the data and figures of INDEX tell and its report does not.

    Which data are missing, constant, skewed or follow their denominators; how members correlate, hang together and
    weigh at every level; which tie rule printed points follow and where they break it, whether sums and ranks agree,
    and what each irregularity is worth in ranks.

    \b
    Examples:
      citysim audit opportunity-2025
      citysim audit opportunity-2025 --csv findings.csv --json audit.json
      citysim audit my-index/definition.yaml --all
      citysim audit opportunity-2025 --city hefei --peers status
      citysim audit statistical-performance --year 2018
    """
    from simulator.auditing.audit import audit
    from simulator.auditing.profiles import profile
    from simulator.index import load_index
    from simulator.report.audit import audit_record, audit_view, labelled_record
    from simulator.report.profile import profile_frame, profile_view
    from simulator.report.screen import show

    refuse_outputs({"--csv": csv_path, "--xlsx": xlsx_path, "--json": json_path}, index, kind="the index")
    if peers is not None and city is None:
        raise InputError("--peers", [Fault("", "compares one city with its peers", "Name it: --city CITY.")])
    loaded = load_index(index, year=year)
    if city is not None:
        told = profile(loaded, city, peers)
        table, record, view = profile_frame(told), labelled_record(told), profile_view(told, everything)
    else:
        audited = audit(loaded)
        table, record, view = audited.to_frame(), audit_record(audited), audit_view(audited, everything)
    if csv_path is not None:
        write_csv(table, csv_path)
    if xlsx_path is not None:
        write_workbook(told if city is not None else audited, xlsx_path, table if city is not None else None)
    if json_path is not None:
        write_text(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n", json_path)
    if not quiet and STANDARD_OUTPUT not in (csv_path, json_path):
        show(view)


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

    refuse_outputs({"--out": out}, index, kind="the index")
    loaded = load_index(index)
    chosen = None if variable is None else find_indicators(loaded.definition, [variable])
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

    if file in bundled_indices() or is_definition(Path(file)):
        from simulator.index import load_index

        if settings:
            raise InputError(file, [Fault("--set", "overrides a scenario, and this is a definition", "Leave it out.")])
        loaded = load_index(file)
        score_or_refuse(loaded, file)
        sizes = f"{len(loaded.cities)} cities, {len(loaded.definition.indicators)} indicators"
        click.echo(f"{file}: a definition in order, with its data: {sizes}.")
        return
    from simulator.study import plan

    study = plan(file, settings)
    for part in study.parts.values():
        score_or_refuse(part, file)
    cities = sum(len(part.cities) for part in study.parts.values())
    click.echo(f"{file}: scenario {study.scenario.name} is in order and fits {study.scenario.index}: {cities} cities.")


@main.command("schema")
@click.argument("kind", type=click.Choice(["scenario", "definition"]))
@click.option("--out", metavar="FILE", help="Write to this file instead of the screen.")
def schema_command(kind: str, out: str | None) -> None:
    """Print the JSON schema of scenario or definition files, by which an editor completes and checks them."""
    from simulator.definition import Definition
    from simulator.report.schemas import json_schema
    from simulator.scenario import Scenario

    refuse_unwritable(out)
    write_text(json_schema(Scenario if kind == "scenario" else Definition), out or STANDARD_OUTPUT)
