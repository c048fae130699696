"""Commands of the methodologist: which choice moves the ranking, and whether members weigh what they are said to."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import click

from simulator.cli.choices import chosen_cities, chosen_index
from simulator.cli.group import main
from simulator.cli.outputs import deliver, deliver_table, refuse_outputs, xlsx_option
from simulator.cli.waiting import leaving_at_once, progress_bar
from simulator.errors import Fault, InputError
from simulator.published import DEFAULT_INDEX

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("influence")
@click.argument("scenario")
@click.option(
    "--base-draws",
    type=int,
    help="Base draws, in blocks of 1,024.  [default: 4096; with --shapley 1024; with --pawn 20000 draws]",
)
@click.option("--variance-based", is_flag=True, help="First and total orders, whatever the scenario says; the default.")
@click.option("--shapley", "shared_out", is_flag=True, help="Shapley effects, which hold for dependent choices too.")
@click.option("--pawn", "by_distribution", is_flag=True, help="PAWN: how far each choice or weight moves all chances.")
@click.option("--second-order", is_flag=True, help="Estimate the interaction of each pair too; twice the runs.")
@click.option("--bootstrap", type=int, help="Bootstrap samples for the intervals.  [default: 100]")
@click.option("--seed", type=int, help="Seed, in place of the scenario's.")
@click.option("--workers", type=int, help="Parallel workers; all processors by default.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Override a value of the scenario.")
@click.option("--city", "cities", multiple=True, metavar="CITY", help="Also what moves the rank of this city.")
@click.option("--out", metavar="FILE", help="Write all indices of all outputs to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each factor and output; - for the screen.")
@xlsx_option
@click.option("--quiet", "-q", is_flag=True, help="Print no table and no progress.")
def influence_command(
    scenario: str,
    base_draws: int | None,
    variance_based: bool,
    shared_out: bool,
    by_distribution: bool,
    second_order: bool,
    bootstrap: int | None,
    seed: int | None,
    workers: int | None,
    settings: tuple[str, ...],
    cities: tuple[str, ...],
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    quiet: bool,
) -> None:
    """Tell which factor of SCENARIO the variance of the ranking comes from, alone and with the others.

    What no option says, the scenario's key `influence` may say.

    \b
    Examples:
      citysim influence stress-test
      citysim influence stress-test --city hefei --second-order
      citysim influence stress-test --shapley
      citysim influence weights-only --pawn
      citysim influence stress-test-points --base-draws 16384 --out indices.nc
    """
    from simulator.report.sensitivity import influence_frame, influence_view
    from simulator.sensitivity import asked_method, influence
    from simulator.study import plan

    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path}, scenario)
    method = _chosen_method(
        {"variance-based": variance_based, "shapley": shared_out, "pawn": by_distribution},
        {"--second-order": second_order, "--bootstrap": bootstrap is not None},
        asked_method(scenario, settings),
    )
    begun = time.perf_counter()
    shown = chosen_cities(plan(scenario, settings), cities) if cities else []
    orders: dict[str, Any] = {"second_order": second_order or None, "bootstrap": bootstrap}
    asked: dict[str, Any] = {"seed": seed, "workers": workers, "overrides": settings, **orders}
    with leaving_at_once(), progress_bar(quiet) as progress:
        found = influence(scenario, method=method, base_draws=base_draws, **asked, progress=progress)
    view = partial(influence_view, found, shown, time.perf_counter() - begun)
    deliver(
        found, out, lambda: influence_frame(found, shown), csv_path, view, quiet=quiet, say_where=True, xlsx=xlsx_path
    )


def _chosen_method(options: dict[str, bool], of_variances: dict[str, bool], of_scenario: str) -> str:
    """Return the method that an option asks for, or else the scenario; options of another method are refused."""
    chosen = [name for name, is_given in options.items() if is_given]
    if len(chosen) > 1:
        problem = f"does not go with --{chosen[0]}"
        raise InputError(f"--{chosen[1]}", [Fault("", problem, "Ask for one after the other.")])
    method = chosen[0] if chosen else of_scenario
    who = f"--{method}" if chosen else f"the scenario's influence.method, which is {method}"
    remedy = f"Leave it out{'' if chosen else ', or add --variance-based'}."
    given = [name for name, is_given in of_variances.items() if is_given]
    if given and method != "variance-based":
        raise InputError("influence", [Fault(name, f"does not go with {who}", remedy) for name in given])
    return method


@main.command("importance")
@click.argument("index", default=DEFAULT_INDEX)
@click.option("--over", metavar="LEVEL", help="Level of the members.  [default: the level below the index]")
@click.option("--equalise", is_flag=True, help="Also the weights whose importance is as the nominal weights say.")
@click.option("--out", metavar="FILE", help="Write the importances to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each member; - for the screen.")
@xlsx_option
def importance_command(
    index: str, over: str | None, equalise: bool, out: str | None, csv_path: str | None, xlsx_path: str | None
) -> None:
    """Tell whether the dimensions of INDEX, or another level, weigh what they are said to.

    \b
    Examples:
      citysim importance
      citysim importance opportunity-2025 --over variable --csv importance.csv
      citysim importance my-index/definition.yaml --equalise
    """
    from simulator.report.sensitivity import importance_frame, importance_view
    from simulator.weighing import importance, weights_for_importance

    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path}, index, kind="the index")
    loaded = chosen_index(index)
    level = loaded.definition.levels[1] if over is None else over
    found = importance(loaded, level)
    balanced = weights_for_importance(loaded, level) if equalise else None
    view = partial(importance_view, found, balanced)
    deliver(found, out, lambda: importance_frame(found, balanced), csv_path, view, xlsx=xlsx_path)


@main.command("neighbours")
@click.argument("index", default=DEFAULT_INDEX)
@click.option("--over", metavar="LEVEL", help="Level of the members.  [default: the level below the index]")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each two neighbours; - for the screen.")
@xlsx_option
def neighbours_command(index: str, over: str | None, csv_path: str | None, xlsx_path: str | None) -> None:
    """Tell which dimension of INDEX, or member of another level, decides each two neighbours in the ranking.

    \b
    Examples:
      citysim neighbours
      citysim neighbours opportunity-2025 --over variable --csv neighbours.csv
    """
    from simulator.neighbouring import neighbours
    from simulator.report.sensitivity import neighbours_frame, neighbours_view

    refuse_outputs({"--csv": csv_path, "--xlsx": xlsx_path}, index, kind="the index")
    loaded = chosen_index(index)
    found = neighbours(loaded, loaded.definition.levels[1] if over is None else over)
    deliver_table(lambda: neighbours_frame(found), csv_path, lambda: neighbours_view(found), xlsx=xlsx_path)
