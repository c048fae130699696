"""Commands of a policymaker: what if, what would it take, which moves are worth most."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from simulator.cli.answers import show_answer
from simulator.cli.choices import between_commas
from simulator.cli.group import main
from simulator.cli.outputs import (
    STANDARD_OUTPUT,
    deliver_table,
    refuse_outputs,
    write_csv,
    write_text,
    write_workbook,
    xlsx_option,
)
from simulator.cli.waiting import leaving_at_once, progress_bar
from simulator.errors import Fault, InputError
from simulator.published import DEFAULT_INDEX

Command = Callable[..., None]

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


def named(option: str, written: Sequence[str], example: str) -> dict[str, Any]:
    """Return `NAME=VALUE` options as a mapping; raises `InputError` for one of another form, or a name given twice."""
    found: dict[str, Any] = {}
    faults = []
    for one in written:
        name, equals, value = one.partition("=")
        if not equals or not name or not value:
            faults.append(Fault(f"{option} {one}", "is not of the form NAME=VALUE", f"Example: {option} {example}"))
        elif name in found:
            faults.append(Fault(f"{option} {one}", f"{name} is given twice", "Give it once."))
        else:
            found[name.strip()] = _number_or_text(value.strip())
    if faults:
        raise InputError("options", faults)
    return found


def _number_or_text(value: str) -> Any:
    try:
        return float(value)
    except ValueError:
        return value


def listed(written: str | None) -> Any:
    """Return `all`, a list of names, or an attribute such as `cluster=yangtze-delta` as a scenario has them."""
    if written is None or written == "all":
        return written
    attribute, equals, value = written.partition("=")
    parts = between_commas(value if equals else written)
    return {attribute.strip(): parts} if equals else parts


def by_ties(ties: str | None) -> dict[str, Any]:
    """Return the recipe of another tie rule."""
    return {} if ties is None else {"recipe": {"ties": ties}}


def asked_with(command: Command) -> Command:
    """Give a command the options that all questions have: of which index, with how many draws, written where."""
    options = (
        click.option("--index", help=f"Bundled name or path of a definition.  [default: {DEFAULT_INDEX}]"),
        click.option("--ties", metavar="RULE", help="Another tie rule, such as better; the rank before is by it too."),
        click.option("--draws", type=int, default=10_000, show_default=True, help="Number of draws; 0 for no chances."),
        click.option("--seed", type=int, default=2025, show_default=True, help="The same seed gives the same result."),
        click.option("--workers", type=int, help="Parallel workers; all processors by default."),
        click.option("--out", metavar="FILE", help="Write the whole result, with provenance, to this NetCDF file."),
        click.option("--save", metavar="FILE", help="Write the question as a scenario file."),
        click.option("--quiet", "-q", is_flag=True, help="Print no table and no progress."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@main.command("what-if")
@click.argument("city", required=False)
@click.option("--grow", multiple=True, metavar="QUANTITY=RATE", help="A new year: grows, and so its growth becomes.")
@click.option("--years", type=int, help="For how many years it grows.  [default: 1]")
@click.option("--multiply", multiple=True, metavar="QUANTITY=FACTOR", help="Another level; growth is left alone.")
@click.option("--add", multiple=True, metavar="QUANTITY=AMOUNT", help="So much more, in its unit.")
@click.option("--set", "set_to", multiple=True, metavar="QUANTITY=VALUE", help="Becomes this, in its unit.")
@click.option("--move", multiple=True, metavar="NAME=STEP", help="A variable or quantity by '3 places' or '-0.5 sd'.")
@click.option("--match", multiple=True, metavar="NAME=AIM", help="As the best, median or at-least-median of the peers.")
@click.option("--peers", metavar="CITIES", help="Whom to match: all, names, or cluster=yangtze-delta.  [default: all]")
@click.option("--cities", metavar="CITIES", help="Whose figures change, if not those of CITY.")
@click.option("--others", metavar="still|last-rate|RATE", help="What the other cities do.  [default: still]")
@click.option("--spill", multiple=True, metavar="CITIES=SHARE", help="This share of CITY's gain reaches them.")
@click.option("--figure", multiple=True, metavar="QUANTITY=VALUE", help="A figure of CITY that is not bundled.")
@click.option("--under", metavar="SCENARIO", help="Also vary what this scenario varies, such as stress-test.")
@asked_with
@click.option("--explain", is_flag=True, help="Show every step of the arithmetic.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each city; - for the screen.")
@xlsx_option
def what_if_command(
    city: str | None,
    grow: tuple[str, ...],
    years: int | None,
    multiply: tuple[str, ...],
    add: tuple[str, ...],
    set_to: tuple[str, ...],
    move: tuple[str, ...],
    match: tuple[str, ...],
    peers: str | None,
    cities: str | None,
    others: str | None,
    spill: tuple[str, ...],
    figure: tuple[str, ...],
    under: str | None,
    index: str | None,
    ties: str | None,
    draws: int,
    seed: int,
    workers: int | None,
    explain: bool,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    save: str | None,
    quiet: bool,
) -> None:
    """Change figures of CITY and see what comes of its points, total and rank, and how surely.

    A change of a quantity reaches every indicator whose formula holds it; `citysim quantities` lists them, with the
    figures of a city. For the names of variables, which can be moved and matched, see `citysim values`.

    \b
    Examples:
      citysim what-if hefei --grow gdp=8%
      citysim what-if hefei --grow gdp=8% --others last-rate --explain
      citysim what-if 合肥 --grow gdp=6% --grow population=1% --years 3
      citysim what-if wuhan --grow gdp=8% --spill yichang=30%
      citysim what-if hefei --move 'patent-density=5 places' --match green-space=best --peers province=Anhui,Jiangsu
      citysim what-if --cities cluster=yangtze-delta --multiply public-revenue=1.05 --under stress-test
      citysim what-if hefei --grow gdp=8% --save my-question.yaml
    """
    change: dict[str, Any] = {
        "grow": named("--grow", grow, "gdp=8%"),
        "multiply": named("--multiply", multiply, "public-revenue=1.05"),
        "add": named("--add", add, "unicorns=2"),
        "set": named("--set", set_to, "gdp=15000"),
        "move": named("--move", move, "'patent-density=5 places'"),
        "match": named("--match", match, "green-space=best"),
    }
    change = {kind: asked for kind, asked in change.items() if asked}
    optional = {"years": years, "peers": listed(peers), "cities": listed(cities)}
    change |= {key: value for key, value in optional.items() if value is not None}
    question: dict[str, Any] = {"city": city, "changes": [change], "others": others, **by_ties(ties)}
    if spill:
        shares = named("--spill", spill, "yichang=30%")
        question["spillover"] = [{"from": city, "to": listed(who), "share": share} for who, share in shares.items()]
    if figure:
        question["figures"] = {city: named("--figure", figure, "deposits=25000")}
    if city is None and (cities is None or spill or figure):
        remedy = "Example: citysim what-if hefei --grow gdp=8%"
        raise InputError("what-if", [Fault("CITY", "nobody is named whose figures change", remedy)])
    from simulator.asking import as_scenario

    scenario = as_scenario("what-if", question, under, index, draws, seed)
    answer_scenario(scenario, workers, explain, out, csv_path, xlsx_path, save, quiet)


@main.command("quantities")
@click.argument("index", default=DEFAULT_INDEX)
@click.option("--city", metavar="CITY", help="Show the figures of this city, and where each comes from.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write the table; - for the screen.")
@xlsx_option
def quantities_command(index: str, city: str | None, csv_path: str | None, xlsx_path: str | None) -> None:
    """List the quantities of INDEX that can be changed, and the indicators that hold each.

    \b
    Examples:
      citysim quantities
      citysim quantities --city hefei
      citysim quantities my-index/definition.yaml --csv quantities.csv
    """
    from simulator.index import load_index
    from simulator.report.quantities import quantities_frame, quantities_view

    refuse_outputs({"--csv": csv_path, "--xlsx": xlsx_path}, index, kind="the index")
    table = quantities_frame(load_index(index), city)
    deliver_table(lambda: table, csv_path, lambda: quantities_view(table), xlsx=xlsx_path)


@main.command("reach")
@click.argument("city")
@click.option("--rank", type=int, required=True, help="The rank to reach, or a better one.")
@click.option("--only", metavar="VARIABLES", help="Variables that may change, with commas between; else all.")
@click.option("--not", "without", metavar="VARIABLES", help="Variables that must stay as they are.")
@click.option("--allow", metavar="VARIABLES", help="Variables not in a city's own hands that may change all the same.")
@click.option("--ceiling", multiple=True, metavar="[VARIABLE=]PLACES", help="Places it may rise at most; repeatable.")
@click.option(
    "--price",
    multiple=True,
    metavar="[VARIABLE=]PRICE",
    help="What a step costs: 1, 20/place, 3/sd, 0.5/unit; repeatable.",
)
@click.option("--margin", type=float, help="Points to stay ahead by; more margin, more chance of success.")
@click.option("--chance", metavar="CHANCE", help="Chance of success that is wanted, such as 80%.")
@click.option("--plans", type=int, default=3, show_default=True, help="How many different plans to look for.")
@click.option("--under", metavar="SCENARIO", help="Chances under what this scenario varies, such as stress-test.")
@asked_with
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each plan and variable; - for the screen.")
@xlsx_option
def reach_command(
    city: str,
    rank: int,
    only: str | None,
    without: str | None,
    allow: str | None,
    ceiling: tuple[str, ...],
    price: tuple[str, ...],
    margin: float | None,
    chance: str | None,
    plans: int,
    under: str | None,
    index: str | None,
    ties: str | None,
    draws: int,
    seed: int,
    workers: int | None,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    save: str | None,
    quiet: bool,
) -> None:
    """Find the least effort that brings CITY to a rank, and its chance of success.

    Effort is counted in places (cities passed in a variable) unless prices say otherwise. Chances are under a data
    error of a tenth of a standard deviation, unless --under names a scenario.

    \b
    Examples:
      citysim reach hefei --rank 10
      citysim reach hefei --rank 12 --chance 80%
      citysim reach hefei --rank 12 --ceiling 8 --not rd-intensity,patent-density
      citysim reach 肇庆 --rank 50 --price 1/sd --plans 5
      citysim reach hefei --rank 14 --price 2 --price green-space=0.5 --margin 10 --under stress-test
    """
    goal: dict[str, Any] = {"rank": rank, "plans": plans, **one_or_named("ceiling", "ceilings", "--ceiling", ceiling)}
    goal |= one_or_named("price", "prices", "--price", price)
    optional = {"only": listed(only), "not": listed(without), "allow": listed(allow), "margin": margin}
    optional["chance"] = chance
    goal |= {key: value for key, value in optional.items() if value is not None}
    question: dict[str, Any] = {"city": city, "reach": goal, **by_ties(ties)}
    from simulator.asking import REACH_FACTORS, as_scenario

    if under is None:
        question["factors"] = REACH_FACTORS
    scenario = as_scenario("reach", question, under, index, draws, seed)
    answer_scenario(scenario, workers, False, out, csv_path, xlsx_path, save, quiet)


def one_or_named(one: str, several: str, option: str, written: Sequence[str]) -> dict[str, Any]:
    """Return an option that is given for all variables, or as `VARIABLE=VALUE` for single ones."""
    general = [_number_or_text(value) for value in written if "=" not in value]
    if len(general) > 1:
        raise InputError(
            "options", [Fault(f"{option} {general[1]}", "is given for all variables twice", "Give it once.")]
        )
    found = named(option, [value for value in written if "=" in value], "green-space=5")
    return ({one: general[0]} if general else {}) | ({several: found} if found else {})


def answer_scenario(
    scenario: Mapping[str, Any],
    workers: int | None,
    explain: bool,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    save: str | None,
    quiet: bool,
) -> None:
    """Run a what-if asked by options, show the answer and write the files asked for."""
    from simulator.documents import as_yaml
    from simulator.report.answers import answer_frame
    from simulator.simulation.pool import threads
    from simulator.simulation.running import Running
    from simulator.storage import write_result
    from simulator.study import execute, plan

    refuse_outputs(
        {"--out": out, "--csv": csv_path, "--xlsx": xlsx_path, "--save": save}, str(scenario["index"]), kind="the index"
    )
    begun = time.perf_counter()
    study = plan(scenario)
    if save is not None:
        write_text(as_yaml(scenario), save)
    with leaving_at_once(), progress_bar(quiet) as progress:
        result = execute(study, Running(threads(workers)), progress)
    seconds = time.perf_counter() - begun
    if out is not None:
        write_result(result, Path(out))
    if csv_path is not None:
        write_csv(answer_frame(result), csv_path)
    if xlsx_path is not None:
        write_workbook(result, xlsx_path, answer_frame(result))
    if not quiet and STANDARD_OUTPUT not in (csv_path, save):
        show_answer(result, seconds, explain)
        if out is not None:
            click.echo(f"Written to {out}; `citysim repeat {out}` runs it again.")
