"""What commands show of an answer to a what-if."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import xarray as xr


def show_answer(result: xr.Dataset, seconds: float, explain: bool) -> None:
    """Show the answer to a what-if, before it every step of the arithmetic if asked for."""
    from simulator.report.answers import answer_view
    from simulator.report.explaining import explanation
    from simulator.report.screen import show

    for line in explanation(result) if explain else ():
        click.echo(line)
    show(answer_view(result, seconds))
