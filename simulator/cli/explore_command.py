"""The command that opens the explorer."""

from __future__ import annotations

import click

from simulator.cli.group import main
from simulator.errors import Fault, InputError

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("explore")
@click.argument("index", required=False)
@click.option("--scenario", metavar="NAME|FILE", help="State to begin with, and what varies in its intervals.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; this machine alone by default.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--open/--no-open", "opening", default=True, show_default=True, help="Open it in a browser.")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Language of the page.")
def explore_command(index: str | None, scenario: str | None, host: str, port: int, opening: bool, lang: str) -> None:
    """Open a page on which the weights, methods and figures of INDEX are moved, and its ranks follow.

    Nothing leaves this machine, and no file is read or written at the page's request; Ctrl-C ends it.

    \b
    Examples:
      citysim explore
      citysim explore --lang zh
      citysim explore my-index/definition.yaml --scenario my-index/stress-test.yaml --port 0
    """
    try:
        from simulator.explorer.guard import is_loopback
        from simulator.explorer.serving import listen, serve
    except ImportError as error:
        remedy = 'Install it with: pip install "citysim[explore]"'
        raise InputError("explore", [Fault("", f"needs {error.name}, which is not installed", remedy)]) from None
    from simulator.explorer.session import open_session

    session = open_session(index, scenario)
    with listen(host, port) as listening:
        if not is_loopback(host):
            warning = f"Warning: --host {host} lets everybody who reaches this machine use the page; nothing is locked."
            click.echo(warning, err=True)
        serve(session, listening, host, lang, opening, _tell)


def _tell(address: str) -> None:
    click.echo(f"{address}   (Ctrl-C ends it)")
