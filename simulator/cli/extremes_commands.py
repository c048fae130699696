"""Commands that tell what weights can do to ranks: their limits, and how much of all weights gives which."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial

import click

from simulator.cli.choices import between_commas, chosen_index, names_scenario, told_of
from simulator.cli.group import main
from simulator.cli.outputs import deliver, refuse_outputs, xlsx_option
from simulator.errors import Fault, InputError
from simulator.published import DEFAULT_INDEX

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("extremes")
@click.argument("index", default=DEFAULT_INDEX)
@click.option("--over", metavar="LEVEL", help="Level whose members are weighted.  [default: the level below the index]")
@click.option("--percent", type=float, help="Weights within so many per cent of the nominal ones; any if not given.")
@click.option("--order", metavar="MEMBERS", help="Members, the most important first; none weighs less than the next.")
@click.option("--most", metavar="MEMBER", help="Member whose weight is at least that of every other.")
@click.option("--city", "cities", multiple=True, metavar="CITY", help="Of this city alone; may be repeated.")
@click.option("--leader", is_flag=True, help="Also by how much each weight alone has to change to cost the lead.")
@click.option("--pair", metavar="A,B", help="Instead, what makes these two cities swap, whatever weights are allowed.")
@click.option("--workers", type=int, help="Processes; one by default.")
@click.option("--out", metavar="FILE", help="Write ranks and the weights that reach them to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each city; - for the screen.")
@xlsx_option
def extremes_command(
    index: str,
    over: str | None,
    percent: float | None,
    order: str | None,
    most: str | None,
    cities: tuple[str, ...],
    leader: bool,
    pair: str | None,
    workers: int | None,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
) -> None:
    """Find the best and the worst rank of every city over all weights, exactly, and what swaps two cities.

    Of INDEX, or of a scenario: its cities, its reading, and the weights that its key `extremes` allows, bounds of
    single members among them: `extremes: {bounds: {green-low-carbon: [0.05, 0.3]}}`.

    \b
    Examples:
      citysim extremes
      citysim extremes --over variable --percent 25
      citysim extremes --order technological-innovation,economic-strength --city hefei
      citysim extremes --most technological-innovation
      citysim extremes --pair chengdu,nanjing
      citysim extremes my-index/definition.yaml --leader --csv extremes.csv
      citysim extremes digital-transformation --percent 20
    """
    from simulator.extremes.ranks import extreme_ranks
    from simulator.extremes.swaps import weight_stability
    from simulator.limiting import rank_limits
    from simulator.report.extremes import extremes_frame, extremes_view

    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path}, index, kind="the index")
    if pair is not None:
        idle = {"--percent": percent, "--order": order, "--most": most, "--city": cities or None}
        _refuse_idle({**idle, "--leader": leader or None, "--workers": workers})
        _deliver_pair(index, over, pair, out, csv_path, xlsx_path)
        return
    begun = time.perf_counter()
    ordered = None if order is None else between_commas(order)
    chosen = list(cities) or None
    if names_scenario(index):
        asked = {"over": over, "percent": percent, "order": ordered, "most": most}
        settings = [f"extremes.{key}={json.dumps(value)}" for key, value in asked.items() if value is not None]
        found = rank_limits(index, cities=chosen, overrides=settings, workers=workers)
        loaded = chosen_index(index, settings)
    else:
        loaded = chosen_index(index)
        found = extreme_ranks(loaded, over, percent=percent, order=ordered, most=most, cities=chosen, workers=workers)
    stability = weight_stability(loaded, found.attrs["over"])
    seconds = time.perf_counter() - begun
    view = partial(extremes_view, found, stability, seconds, leader)
    deliver(found, out, lambda: extremes_frame(found, stability), csv_path, view, xlsx=xlsx_path)


def _refuse_idle(options: Mapping[str, object]) -> None:
    """Refuse options that say nothing of what makes two cities swap."""
    given = [option for option, value in options.items() if value is not None]
    if given:
        raise InputError(
            "--pair", [Fault(option, "has no part in what swaps two", "Leave it out.") for option in given]
        )


def _deliver_pair(
    index: str, over: str | None, pair: str, out: str | None, csv_path: str | None, xlsx_path: str | None
) -> None:
    """Write or show what makes two cities swap."""
    from simulator.extremes.swaps import weight_stability
    from simulator.lookup import find_cities
    from simulator.report.extremes import pair_frame, pair_view

    loaded, asked = chosen_index(index), between_commas(pair)
    with told_of(f"--pair {pair}"):
        cities = find_cities(loaded.matrix, asked)
    if len(set(cities)) != 2 or len(asked) != 2:
        raise InputError(f"--pair {pair}", [Fault("", "is not two cities", "Example: --pair hefei,ningbo")])
    found = weight_stability(loaded, over).sel(city=cities[0], other_city=cities[1])
    deliver(found, out, lambda: pair_frame(found), csv_path, lambda: pair_view(found), xlsx=xlsx_path)


@main.command("acceptability")
@click.argument("index", default=DEFAULT_INDEX)
@click.option("--over", metavar="LEVEL", help="Level whose members are weighted.  [default: the level below the index]")
@click.option(
    "--draws", type=int, default=100_000, show_default=True, help="Draws of the weights, where any are needed."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the draws.")
@click.option("--exact", is_flag=True, help="Nothing drawn; with up to three members.")
@click.option("--out", metavar="FILE", help="Write all figures to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each city; - for the screen.")
@xlsx_option
def acceptability_command(
    index: str,
    over: str | None,
    draws: int,
    seed: int,
    exact: bool,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
) -> None:
    """Tell how much of all weights gives each city of INDEX each rank, and which weights put it first.

    \b
    Examples:
      citysim acceptability
      citysim acceptability --over variable --draws 20000 --out acceptability.nc
      citysim acceptability my-index/definition.yaml --exact --csv acceptability.csv
    """
    from simulator.extremes.acceptability import acceptability
    from simulator.report.extremes import acceptability_frame, acceptability_view

    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path}, index, kind="the index")
    loaded = chosen_index(index)
    level = loaded.definition.levels[1] if over is None else over
    found = acceptability(loaded, level, draws=draws, seed=seed, exact=exact or "auto")
    deliver(
        found,
        out,
        lambda: acceptability_frame(found),
        csv_path,
        lambda: acceptability_view(found, level),
        xlsx=xlsx_path,
    )
