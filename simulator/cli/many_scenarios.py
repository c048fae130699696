"""Many scenarios in one command: run into a store, with the failures told at the end."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import click

from simulator.cli.running_options import Means, running
from simulator.cli.waiting import in_words, leaving_at_once, progress_bar
from simulator.errors import Fault, InputError

MOST_TOLD = 20
"""Failures that are listed; the store has them all."""


def refuse_idle(store: str | None, given: Mapping[str, object]) -> None:
    """Refuse a job without a store, and options that are for one scenario alone (option → what was given).

    Raises
    ------
    InputError
        With every fault.
    """
    faults = [
        Fault(option, "is for one scenario", "Leave it out; `citysim results STORE NAME` gives each result.")
        for option, value in given.items()
        if value
    ]
    if store is None:
        faults.append(Fault("--store", "many scenarios need a store", "Add --store results.zarr."))
    if faults:
        raise InputError("options", faults)


def run_many(
    scenarios: Sequence[str],
    store: str,
    vary: Sequence[str],
    overrides: Sequence[str],
    means: Means,
    quiet: bool,
) -> None:
    """Run scenarios into a store and tell what came of them; leave with 1 where any failed."""
    from simulator.jobs import ask, backend_for, execute_job, folder_beside
    from simulator.results.store import open_store

    asked = ask(scenarios, vary, overrides)
    means = means.on(backend_for(len(asked), means.workers, means.backend))
    kept = open_store(store, create=True)
    folder = folder_beside(kept.address, means.checkpoint)
    with (
        running(means, None) as how,
        leaving_at_once(),
        progress_bar(quiet, "scenarios") as progress,
    ):
        report = execute_job(asked, kept, how, folder, progress)
    if not quiet:
        there = f", {report.there:,} were there already" if report.there else ""
        failed = f", {len(report.failed):,} failed" if report.failed else ""
        click.echo(f"{report.done:,} of {len(asked):,} scenarios done in {in_words(report.seconds)}{there}{failed}.")
        click.echo(f"Kept in {store}; `citysim results {store}` lists them.")
    for name, fault in list(report.failed.items())[:MOST_TOLD]:
        click.echo(f"failed: {name}: {fault}", err=True)
    if len(report.failed) > MOST_TOLD:
        rest = len(report.failed) - MOST_TOLD
        click.echo(f"and {rest:,} more; `citysim results {store} --failed` has all", err=True)
    if report.failed:
        sys.exit(1)
