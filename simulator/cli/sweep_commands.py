"""The command that asks one question of every city, or many scenarios in one job."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.choices import between_commas, is_definition, known_cities, told_of
from simulator.cli.group import main
from simulator.cli.outputs import deliver, refuse_outputs, xlsx_option
from simulator.cli.waiting import leaving_at_once, progress_bar
from simulator.errors import Fault, InputError, did_you_mean
from simulator.published import DEFAULT_INDEX, bundled_indices

if TYPE_CHECKING:
    from simulator.index import Index

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.

EVERYONE = "all"


@main.command("sweep")
@click.argument("sources", nargs=-1, metavar="[INDEX | SCENARIO ...]")
@click.option("--steps", metavar="STEPS", help="Places, or 0.5sd, with commas between.  [default: 1,2,3,5,10]")
@click.option("--quantity", multiple=True, metavar="QUANTITY", help="Change this quantity instead; may be repeated.")
@click.option("--multiply", metavar="SHARES", help="Levels: 1%,5% more (or less: -5%), or factors such as 1.05.")
@click.option("--grow", metavar="RATES", help="Rates of growth, such as 4%,6%,8%.")
@click.option(
    "--city",
    "cities",
    multiple=True,
    metavar="CITY",
    help="Show the best moves of this city; ask scenarios for it. Repeatable; or all.",
)
@click.option("--allow", metavar="VARIABLES", help="Also tell of variables not in a city's own hands; or all.")
@click.option("--draws", type=int, help="Number of draws of each scenario, in place of its own; 0 for no chances.")
@click.option("--seed", type=int, help="Seed of each scenario, in place of its own.")
@click.option("--workers", type=int, help="Parallel workers; all processors by default.")
@click.option("--out", metavar="FILE", help="Write everything to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each change, or scenario; - for the screen.")
@xlsx_option
@click.option("--quiet", "-q", is_flag=True, help="Print no table and no progress.")
def sweep_command(
    sources: tuple[str, ...],
    steps: str | None,
    quantity: tuple[str, ...],
    multiply: str | None,
    grow: str | None,
    cities: tuple[str, ...],
    allow: str | None,
    draws: int | None,
    seed: int | None,
    workers: int | None,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    quiet: bool,
) -> None:
    """Try every change in every city of INDEX, one at a time; or run a list of scenarios as one job.

    Without a name it is the 2025 index: each city rises by each of the steps in each variable, all others stand still,
    and the moves come first that gain most ranks per place. Each SCENARIO is a shipped name or the path of a file.

    \b
    Examples:
      citysim sweep
      citysim sweep --city hefei --steps 1,2,5
      citysim sweep --steps -1,-3,0.5sd --csv moves.csv
      citysim sweep --quantity gdp --quantity population --grow 4%,6%,8%
      citysim sweep --quantity public-revenue --multiply 1%,5% --city hefei
      citysim sweep gdp-grows-8-percent --city all --draws 0
      citysim sweep gdp-grows-8-percent everyone-grows stress-test my-scenario.yaml --city hefei --out job.nc

    Exit code 1 where some scenarios have no answer; the others are told all the same.
    """
    of_index = _names_index(sources)
    changing = {"--steps": steps, "--multiply": multiply, "--grow": grow}
    running = {"--draws": draws, "--seed": seed, "--workers": workers}
    if of_index:
        _refuse_idle(running, "nothing is drawn: a sweep over an index is exact", "Name scenarios, or leave it out.")
        _refuse_idle_changes(changing, quantity, allow)
    else:
        idle = {**changing, "--quantity": quantity or None, "--allow": allow}
        _refuse_idle(idle, "the scenarios say what changes", "Name an index, or leave it out.")
    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path}, *sources, kind="swept")
    if of_index:
        index = _loaded(sources[0] if sources else DEFAULT_INDEX)
        only = _shown(index, cities)
        if quantity:
            _sweep_quantities(
                index, quantity, _factors(multiply), between_commas(grow), only, out, csv_path, xlsx_path, quiet
            )
        else:
            _sweep_variables(index, between_commas(steps), only, allow, out, csv_path, xlsx_path, quiet)
    else:
        _run_scenarios(sources, cities, draws, seed, workers, out, csv_path, xlsx_path, quiet)


def _names_index(sources: Sequence[str]) -> bool:
    """Return whether an index is named, or none is; refuse one among others, and what is neither."""
    from simulator.published import shipped_scenarios

    indices, scenarios = list(bundled_indices()), list(shipped_scenarios())
    found = [source in indices or (source not in scenarios and is_definition(Path(source))) for source in sources]
    if any(found) and len(found) > 1:
        remedy = "Name one index, or scenarios only."
        faults = [
            Fault(source, "is an index, and is swept by itself", remedy)
            for source, one in zip(sources, found, strict=True)
            if one
        ]
        raise InputError("sweep", faults)
    if len(sources) == 1 and not (found[0] or sources[0] in scenarios or Path(sources[0]).exists()):
        remedy = did_you_mean(sources[0], [*indices, *scenarios])
        raise InputError("sweep", [Fault(sources[0], "no index or scenario of this name, and no such file", remedy)])
    return all(found)


def _refuse_idle(options: dict[str, Any], problem: str, remedy: str) -> None:
    faults = [Fault(name, problem, remedy) for name, given in options.items() if given is not None]
    if faults:
        raise InputError("sweep", faults)


def _refuse_idle_changes(changing: dict[str, str | None], quantity: Sequence[str], allow: str | None) -> None:
    """Refuse steps of quantities, changes of none, and quantities that are not to change."""
    if quantity:
        idle = {"--steps": changing["--steps"], "--allow": allow}
        _refuse_idle(idle, "quantities are changed by --multiply or --grow", "Leave it out, or --quantity.")
        if changing["--multiply"] is None and changing["--grow"] is None:
            remedy = "Add --multiply 1%,5% or --grow 4%,8%."
            raise InputError("sweep", [Fault("--quantity", "nothing says how it changes", remedy)])
        return
    idle = {name: changing[name] for name in ("--multiply", "--grow")}
    _refuse_idle(idle, "no quantity is named", "Add --quantity gdp, or leave it out.")


def _factors(written: str | None) -> list[float | str]:
    """Return factors: a percentage is so much more, or less, a plain number the factor itself."""
    from simulator.changes.amounts import as_number

    found: list[float | str] = []
    faults = []
    for part in between_commas(written):
        share = as_number(part)
        if not isinstance(share, float):
            found.append(part)
        elif abs(share) >= 1.0:
            remedy = f"Write {share:g} for that many times as much, or 5% for 1.05."
            faults.append(Fault(f"--multiply {part}", "is so much more, and could be meant as a factor", remedy))
        else:
            found.append(1.0 + share)
    if faults:
        raise InputError("sweep", faults)
    return found


def _loaded(name: str) -> Index:
    from simulator.index import load_index

    return load_index(name)


def _shown(index: Index, cities: Sequence[str]) -> list[str]:
    """Return the cities of `--city`; none for all of them."""
    return [] if EVERYONE in cities else known_cities(index.matrix, cities)


def _allowed(index: Index, allow: str | None) -> list[str]:
    """Return the variables of `--allow`."""
    from simulator.lookup import find_indicators

    if allow == EVERYONE:
        return [leaf.id for leaf in index.definition.indicators]
    with told_of("--allow"):
        return find_indicators(index.definition, between_commas(allow))


def _sweep_variables(
    index: Index,
    steps: Sequence[str],
    only: Sequence[str],
    allow: str | None,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    quiet: bool,
) -> None:
    from simulator.report.sweeping import sweep_frame, sweep_view
    from simulator.whatif.sweeping import STEPS, sweep

    allowed = _allowed(index, allow)
    with leaving_at_once():
        swept = sweep(index, steps or STEPS, only or None)
    view = partial(sweep_view, swept, only, allowed)
    deliver(swept, out, lambda: sweep_frame(swept), csv_path, view, quiet=quiet, say_where=True, xlsx=xlsx_path)


def _sweep_quantities(
    index: Index,
    quantities: Sequence[str],
    factors: Sequence[float | str],
    rates: Sequence[str],
    only: Sequence[str],
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    quiet: bool,
) -> None:
    from simulator.report.sweeping import quantity_view, sweep_frame
    from simulator.whatif.quantity_sweeps import sweep_quantities

    with leaving_at_once():
        swept = sweep_quantities(index, quantities, multiply=factors, grow=rates, cities=only or None)
    view = partial(quantity_view, swept)
    deliver(swept, out, lambda: sweep_frame(swept), csv_path, view, quiet=quiet, say_where=True, xlsx=xlsx_path)


def _run_scenarios(
    sources: Sequence[str],
    cities: Sequence[str],
    draws: int | None,
    seed: int | None,
    workers: int | None,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    quiet: bool,
) -> None:
    from simulator.batch import execute_all, plan_all
    from simulator.report.sweeping import batch_frame, batch_view

    begun = time.perf_counter()
    entries = plan_all(sources, EVERYONE if EVERYONE in cities else cities or None, draws, seed)
    with leaving_at_once(), progress_bar(quiet) as progress:
        found = execute_all(entries, workers, progress)
    view = partial(batch_view, found, time.perf_counter() - begun)
    deliver(found, out, lambda: batch_frame(found), csv_path, view, quiet=quiet, say_where=True, xlsx=xlsx_path)
    if found["fault"].values.any():
        sys.exit(1)
