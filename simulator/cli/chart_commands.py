"""Commands that make what others read: charts and reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.choices import chosen_index
from simulator.cli.group import main
from simulator.cli.outputs import refuse_unwritable
from simulator.errors import Fault, InputError

if TYPE_CHECKING:
    import xarray as xr

# Rooms that need arrays or compilers are entered by the command that needs them, so that help comes at once.


@main.command("chart")
@click.argument("result")
@click.option("--kind", help="Kind of chart; the first that RESULT has the figures for if not given.")
@click.option("--out", required=True, metavar="FILE", help="A file named .html, .png, .svg, .pdf or .json.")
@click.option("--lang", default="en", show_default=True, help="Language of the chart: en or zh.")
@click.option("--city", "cities", multiple=True, metavar="CITY", help="This city alone, or made to stand out.")
@click.option("--peers", metavar="ATTRIBUTE", help="Of a profile: peers share this, such as status; all if not given.")
def chart_command(
    result: str, kind: str | None, out: str, lang: str, cities: tuple[str, ...], peers: str | None
) -> None:
    """Draw a chart of RESULT, a file that another command wrote, or of an index.

    \b
    Kinds, and what they need:
      rank-intervals    a result with draws (citysim run, what-if)
      rank-shares       the same, or citysim acceptability
      pairs             a result with pairs (--set pairs=true), or citysim acceptability
      slope             a result: baseline and median; of a what-if: before and after
      convergence       a result that kept its draws (--set keep-draws=true)
      sensitivity       citysim influence, with --shapley and --pawn too
      extremes          citysim extremes
      importance        an index, or citysim importance
      weight-stability  an index
      profile           an index, with --city

    \b
    Examples:
      citysim chart result.nc --kind rank-intervals --out intervals.html
      citysim chart result.nc --kind rank-shares --lang zh --out 名次.png
      citysim chart what-if.nc --kind slope --city hefei --out slope.svg
      citysim chart influence.nc --city hefei --out influence.pdf
      citysim chart opportunity-2025 --kind profile --city hefei --peers status --out hefei.png
    """
    require_report_extra("chart")
    from simulator.charts.kinds import chart
    from simulator.charts.of_index import OF_INDEX, figures_of
    from simulator.charts.writing import require_picture, write_chart

    require_picture(Path(out))
    refuse_unwritable(out)
    if peers is not None and kind != "profile":
        raise InputError("--peers", [Fault("", "only a profile has peers", "Add --kind profile, or leave it out.")])
    of_index = _is_index(result, kind, OF_INDEX)
    found = figures_of(chosen_index(result), str(kind), cities, peers) if of_index else stored(result)
    shown = () if kind == "profile" else cities
    write_chart(chart(found, kind, language=lang, cities=shown), out, language=lang)
    click.echo(f"Written to {out}.")


def _is_index(result: str, kind: str | None, of_index: tuple[str, ...]) -> bool:
    """Return whether a chart is asked of an index and not of a stored result."""
    from simulator.published import bundled_indices

    is_stored = Path(result).suffix == ".nc"
    if result in bundled_indices() and kind not in of_index:
        remedy = f"Give a result, or one of --kind {', '.join(of_index)}."
        raise InputError(f"chart {kind or ''}".strip(), [Fault(result, "is an index, not a result", remedy)])
    return kind in of_index and not is_stored


def stored(path: str) -> xr.Dataset:
    """Return a result from a file."""
    from simulator.storage import read_result

    return read_result(path)


def require_report_extra(what: str) -> None:
    """Refuse a command whose libraries are not installed.

    Raises
    ------
    InputError
        Where they are not, with the extra that has them.
    """
    from importlib.util import find_spec

    absent = [name for name in ("altair", "vl_convert", "jinja2") if find_spec(name) is None]
    if absent:
        remedy = 'Install them: python -m pip install "citysim[report]"'
        raise InputError(what, [Fault(", ".join(absent), "not installed", remedy)])


@main.command("report")
@click.argument("result")
@click.option("--out", required=True, metavar="FILE", help="The page to write, FILE.html.")
@click.option("--lang", default="en", show_default=True, help="Language of the page: en or zh.")
@click.option("--city", "cities", multiple=True, metavar="CITY", help="Tell of this city too; may be repeated.")
@click.option("--peers", metavar="ATTRIBUTE", help="In profiles, peers share this, such as status; all if not given.")
@click.option(
    "--with",
    "further",
    multiple=True,
    metavar="FILE",
    help="Also what citysim influence, extremes, acceptability or importance wrote; may be repeated.",
)
def report_command(
    result: str, out: str, lang: str, cities: tuple[str, ...], peers: str | None, further: tuple[str, ...]
) -> None:
    """Write RESULT, a file of citysim run, what-if or reach, as one page for those who open no terminal.

    The answer first, then charts and tables, how it was made and how to make it again. It works without a network; a
    browser prints it on A4, or makes a PDF of it.

    \b
    Examples:
      citysim report result.nc --out report.html
      citysim report result.nc --out report.html --lang zh --city hefei --city ningbo
      citysim report result.nc --out report.html --city hefei --peers status
      citysim report result.nc --out report.html --with influence.nc --with extremes.nc
      citysim report what-if.nc --out what-if.html
    """
    require_report_extra("report")
    from simulator.report.html.page import write_report

    if Path(out).suffix.lower() not in (".html", ".htm"):
        raise InputError("--out", [Fault("", f"writes a page, and {out} is named otherwise", "Name it FILE.html.")])
    refuse_unwritable(out)
    write_report(result, out, language=lang, cities=cities, further=further, peers=peers)
    click.echo(f"Written to {out}.")
