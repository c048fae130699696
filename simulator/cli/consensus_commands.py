"""Commands that set rankings against each other: what many come to together, and whether one survives a city less."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from simulator.cli.choices import chosen_index, score_or_refuse
from simulator.cli.group import main
from simulator.cli.outputs import deliver, refuse_outputs, xlsx_option
from simulator.errors import Fault, InputError
from simulator.published import DEFAULT_INDEX

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.

STORED = ".nc"


@main.command("consensus")
@click.argument("sources", nargs=-1, metavar="[INDEX | RESULT.nc RESULT.nc ...]")
@click.option("--most", type=int, default=100, show_default=True, help="Median orders listed at most; all are counted.")
@click.option("--out", metavar="FILE", help="Write scores, ranks and median orders to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each city; - for the screen.")
@xlsx_option
def consensus_command(
    sources: tuple[str, ...], most: int, out: str | None, csv_path: str | None, xlsx_path: str | None
) -> None:
    """Make many rankings into one: the indicators of INDEX vote on the cities, or stored results of scenarios do.

    INDEX may be a scenario too: then the indicators of the index that it makes vote.

    \b
    Examples:
      citysim consensus
      citysim consensus my-index/definition.yaml --csv consensus.csv
      citysim consensus plain.nc z-scores.nc geometric.nc
    """
    from simulator.report.consensus import consensus_frame, consensus_view

    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path}, *sources, kind="asked about")
    found = _voted(sources or (DEFAULT_INDEX,), most)
    deliver(found, out, lambda: consensus_frame(found), csv_path, lambda: consensus_view(found), xlsx=xlsx_path)


def _voted(sources: tuple[str, ...], most: int) -> Any:
    """Return the consensus of the indicators of one index, or of several stored results."""
    from simulator.consensus.votes import consensus_of_indicators, consensus_of_results
    from simulator.storage import read_result

    if most < 1:
        raise InputError("--most", [Fault("", f"{most} orders cannot be listed", "Give 1 or more.")])
    if len(sources) == 1 and not sources[0].endswith(STORED):
        return consensus_of_indicators(chosen_index(sources[0]), most=most)
    others = [source for source in sources if not source.endswith(STORED)]
    if others:
        remedy = "Give one index alone, or stored results: citysim run SCENARIO --out RESULT.nc writes one."
        raise InputError("consensus", [Fault(source, "is no stored result", remedy) for source in others])
    if len({Path(source).resolve() for source in sources}) < max(len(sources), 2):
        remedy = "Name two different results at least, or one index."
        raise InputError("consensus", [Fault("", "a result alone, or named twice, is no vote", remedy)])
    names_of = [Path(source).stem for source in sources]
    named = names_of if len(set(names_of)) == len(sources) else list(sources)
    return consensus_of_results(
        {name: read_result(Path(source)) for name, source in zip(named, sources, strict=True)}, most=most
    )


@main.command("reversal")
@click.argument("index", default=DEFAULT_INDEX)
@click.option("--normalisation", metavar="METHOD", help="Score by this instead, such as z-score.")
@click.option("--ties", metavar="RULE", help="Tie rule instead of the index's own, such as mean.")
@click.option("--most", type=int, default=10, show_default=True, help="Pairs listed at most.")
@click.option("--out", metavar="FILE", help="Write all pairs to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each pair that swaps; - for the screen.")
@xlsx_option
def reversal_command(
    index: str,
    normalisation: str | None,
    ties: str | None,
    most: int,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
) -> None:
    """Leave out each city of INDEX in turn, score the others anew, and count the pairs among them that swap.

    \b
    Examples:
      citysim reversal --ties mean
      citysim reversal --normalisation z-score
      citysim reversal my-index/definition.yaml --out reversals.nc --csv pairs.csv
    """
    from simulator.consensus.reversal import rank_reversal
    from simulator.report.consensus import reversal_frame, reversal_view

    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path}, index, kind="the index")
    if most < 1:
        raise InputError("--most", [Fault("", f"{most} pairs cannot be listed", "Give 1 or more.")])
    given = {"normalisation": normalisation, "ties": ties}
    recipe = {key: value for key, value in given.items() if value is not None}
    found = rank_reversal(chosen_index(index), recipe, most=most)
    deliver(found, out, lambda: reversal_frame(found), csv_path, lambda: reversal_view(found), xlsx=xlsx_path)


@main.command("confidence")
@click.argument("source", metavar="TABLE | INDEX")
@click.option("--error", type=float, help="Standard error of every total, where an index is given.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Chance that a set holds the true rank.")
@click.option("--simultaneous", is_flag=True, help="That the sets of all cities hold together, not each by itself.")
@click.option("--bonferroni", is_flag=True, help="Critical values in closed form, wider, instead of simulated ones.")
@click.option("--draws", type=int, default=10_000, show_default=True, help="Draws of the errors.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the draws.")
@click.option("--out", metavar="FILE", help="Write the sets to this NetCDF file.")
@click.option("--csv", "csv_path", metavar="FILE", help="Write a row for each city; - for the screen.")
@xlsx_option
def confidence_command(
    source: str,
    error: float | None,
    level: float,
    simultaneous: bool,
    bonferroni: bool,
    draws: int,
    seed: int,
    out: str | None,
    csv_path: str | None,
    xlsx_path: str | None,
) -> None:
    """Find the ranks that each city may truly have, given scores with standard errors.

    TABLE has the columns city, score and standard_error. Errors are normal and independent.

    \b
    Examples:
      citysim confidence scores.csv
      citysim confidence scores.csv --simultaneous --level 0.9 --csv ranks.csv
      citysim confidence opportunity-2025 --error 20
    """
    from simulator.consensus.confidence import rank_confidence
    from simulator.report.consensus import confidence_frame, confidence_view

    refuse_outputs({"--out": out, "--csv": csv_path, "--xlsx": xlsx_path}, source, kind="the table")
    scores, errors = _estimated(source, error)
    critical: Any = "bonferroni" if bonferroni else "simulated"
    found = rank_confidence(
        scores, errors, level=level, simultaneous=simultaneous, critical=critical, draws=draws, seed=seed
    )
    deliver(found, out, lambda: confidence_frame(found), csv_path, lambda: confidence_view(found), xlsx=xlsx_path)


def _estimated(source: str, error: float | None) -> tuple[Any, Any]:
    """Return scores and their standard errors: from a table, or the totals of an index with one error for all."""
    from simulator.consensus.estimates import SCORE, STANDARD_ERROR, read_estimates
    from simulator.tables import TABLE_SUFFIXES

    if Path(source).suffix.lower() not in TABLE_SUFFIXES:
        if error is None:
            raise InputError("--error", [Fault("", "an index tells no errors of its totals", "Give one: --error 20.")])
        if not (math.isfinite(error) and error >= 0.0):
            raise InputError(
                "--error", [Fault("", f"{error:g} is no standard error", "Give a number of zero or more.")]
            )
        return score_or_refuse(chosen_index(source), source)["total"], error
    if error is not None:
        raise InputError("--error", [Fault("", "the table has errors already", "Leave one of them out.")])
    read = read_estimates(source)
    return read[SCORE], read[STANDARD_ERROR]
