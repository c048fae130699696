"""The command that sets results of several scenarios side by side."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.choices import chosen_cities, known_cities
from simulator.cli.group import main
from simulator.cli.outputs import deliver, refuse_outputs, xlsx_option
from simulator.cli.waiting import leaving_at_once, progress_bar
from simulator.errors import Fault, InputError

if TYPE_CHECKING:
    import xarray as xr

    from simulator.study import Study

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.

STORED = ".nc"


@main.command("compare")
@click.argument("sources", nargs=-1, metavar="A B ...")
@click.option("--draws", type=int, help="Number of draws of the scenarios that are run, in place of their own.")
@click.option("--seed", type=int, help="Seed of the scenarios that are run, in place of their own.")
@click.option(
    "--workers", type=int, help="Parallel workers; all processors by default. They change nothing in the result."
)
@click.option("--out", metavar="FILE", help="Write the comparison, with the provenance of each, to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each city and result; - for the screen.")
@xlsx_option
@click.option(
    "--city",
    "only",
    multiple=True,
    metavar="CITY",
    help="Show this city alone; may be repeated. A single one is whom what-ifs are asked for.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print no table and no progress.")
def compare_command(
    sources: tuple[str, ...],
    draws: int | None,
    seed: int | None,
    workers: int | None,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
    only: tuple[str, ...],
    quiet: bool,
) -> None:
    """Set results side by side: who moves, in which dimensions, and how far the rankings agree.

    Each of A, B, ... is a stored result (.nc), or a shipped scenario or the path of a scenario file, which is then run.
    The first is what the others are compared with. All must be of one index.

    \b
    Examples:
      citysim compare weights-only stress-test --draws 5000
      citysim compare before.nc after.nc --city hefei --city ningbo
      citysim compare stress-test my-scenario.yaml --csv moves.csv --out moves.nc
    """
    from simulator.analysis.comparing import compare
    from simulator.report.comparing import comparing_frame, comparing_view
    from simulator.report.screen import wide_console

    _refuse_idle(sources, {"--draws": draws, "--seed": seed})
    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path}, *sources, kind="compared")
    asked = only[0] if len(only) == 1 else None
    opened = [_opened(source, draws, seed, asked) for source in sources]
    shown = _shown(opened, only)
    compared = compare(_named(sources, [_result(one, workers, quiet) for one in opened]))
    deliver(
        compared,
        out,
        lambda: comparing_frame(compared),
        csv_path,
        lambda: comparing_view(compared, wide_console().width, shown),
        xlsx=xlsx_path,
        quiet=quiet,
        say_where=True,
    )


def _opened(source: str, draws: int | None, seed: int | None, city: str | None) -> xr.Dataset | Study:
    """Return a stored result, or the study of a scenario that is to be run; draws are none of an exact design.

    A what-if is asked for the `city`, if one is given.
    """
    from simulator.provenance import unseal
    from simulator.scenario import open_scenario, read_scenario
    from simulator.storage import read_result
    from simulator.study import plan, settings

    if Path(source).suffix.lower() == STORED:
        result = read_result(source)
        unseal(result.attrs, source)
        return result
    document = open_scenario(source)
    scenario = read_scenario(document)
    for_city = [f"city={city}"] if scenario.asks_what_if and city is not None else []
    return plan(document, settings(for_city, None if scenario.design == "exhaustive" else draws, seed))


def _shown(opened: list[xr.Dataset | Study], only: tuple[str, ...]) -> list[str]:
    """Return the cities of `--city`, which all must have."""
    from simulator.study import Study

    found: list[str] = []
    for one in opened:
        found = chosen_cities(one, only) if isinstance(one, Study) else known_cities(one, only)
    return found


def _result(opened: xr.Dataset | Study, workers: int | None, quiet: bool) -> xr.Dataset:
    from simulator.simulation.pool import threads
    from simulator.simulation.running import Running
    from simulator.study import Study, execute

    if not isinstance(opened, Study):
        return opened
    with leaving_at_once(), progress_bar(quiet) as progress:
        return execute(opened, Running(threads(workers)), progress)


def _refuse_idle(sources: tuple[str, ...], options: dict[str, int | None]) -> None:
    """Refuse a comparison of one alone, and options of a run where nothing is run."""
    faults = []
    if len(sources) < 2:
        remedy = "Example: citysim compare weights-only stress-test"
        faults.append(Fault("A B ...", f"{len(sources) or 'nothing'} to compare, and it takes two", remedy))
    elif all(Path(source).suffix.lower() == STORED for source in sources):
        remedy = "Leave it out, or name a scenario."
        faults += [Fault(name, "nothing is run", remedy) for name, given in options.items() if given is not None]
    if faults:
        raise InputError("compare", faults)


def _named(sources: tuple[str, ...], results: list[xr.Dataset]) -> dict[str, xr.Dataset]:
    """Return each result by its scenario's name; several of one scenario by the names of their files."""
    called = [str(result.attrs["scenario"]) for result in results]
    often = Counter(called)
    own = [Path(source).stem if often[name] > 1 else name for source, name in zip(sources, called, strict=True)]
    unique = [f"{name} ({own[:k].count(name) + 1})" if name in own[:k] else name for k, name in enumerate(own)]
    return dict(zip(unique, results, strict=True))
