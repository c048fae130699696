"""The command itself: what all its commands share, and how errors become messages and exit codes."""

from __future__ import annotations

import io
import logging
import sys
from typing import Any

import click

from simulator import __version__
from simulator.cli.completing import complete
from simulator.cli.waiting import INTERRUPTED
from simulator.errors import CitysimError


class Commands(click.Group):
    """A group of commands that turns errors raised on purpose into a message and an exit code."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, whose names of indices, scenarios and cities shells complete."""
        complete(cmd)
        super().add_command(cmd, name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; leave with 2 for input that cannot be used, 1 for other failures, 130 when interrupted."""
        _tell_on_standard_error()
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


def _tell_on_standard_error() -> None:
    """Print what the engine has to tell, such as that it is compiling, on standard error."""
    log = logging.getLogger("simulator")
    log.setLevel(logging.INFO)
    log.handlers = [logging.StreamHandler()]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="citysim")
def main() -> None:
    """Stress-test a composite index.

    How much of a ranking is the cities, and how much our choices?

    \b
    Examples:
      citysim run stress-test                     the default stress test of the 2025 index
      citysim run stress-test --draws 100000 --out result.nc --csv table.csv
      citysim report result.nc --out report.html  a result as one page, --lang zh in Chinese
      citysim score opportunity-2025              the index as published
      citysim audit opportunity-2025              what its figures tell and its report does not
      citysim convert iData.csv iMeta.csv --out my-index   an index of COINr's tables
      citysim new my-index data.csv               an index of your own
      citysim list                                what is shipped
    """
