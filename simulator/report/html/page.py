"""The report as one file: everything it needs is in it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jinja2
import xarray as xr
from markupsafe import Markup

from simulator import names
from simulator.charts.fonts import font_face
from simulator.charts.grammar import FONTS, Chart
from simulator.charts.writing import library, script_data, specification
from simulator.index import IN_MEMORY
from simulator.report.html.answers import Answer, stability_answer
from simulator.report.html.further import further_sections
from simulator.report.html.method import choices, commands, facts, moment, provenance_tables
from simulator.report.html.sections import MOST_IN_MATRIX, Section, result_sections
from simulator.report.html.told import Told, told_of
from simulator.report.html.whatif_answers import whatif_answer
from simulator.storage import read_result, write_text

TEMPLATES = Path(__file__).parent / "templates"

Given = xr.Dataset | str | Path


@dataclass(frozen=True)
class Figure:
    """A chart of the page, with what is said of it in words."""

    id: str
    title: str
    reading: str
    description: str
    chart: dict[str, Any]


def write_report(
    result: Given,
    path: str | Path,
    *,
    language: str = "en",
    cities: str | Sequence[str] = (),
    further: Sequence[Given] = (),
    peers: str | None = None,
) -> None:
    """Write a stored result as one HTML file that works without a network.

    It begins with the answer in words, then charts and tables that can be sorted and searched, how the result was made
    and how to make it again. Nothing is simulated anew. What the result has no figures for is left out, and named.

    Parameters
    ----------
    result
        What `simulator.run`, `simulator.what_if` or `simulator.reach` returns, or the path of its file.
    path
        The file to write.
    language
        `en` or `zh`: every word, charts included.
    cities
        Cities that have a sentence and a profile of their own, by any of their names.
    further
        Results of `simulator.influence`, `simulator.extreme_ranks`, `simulator.acceptability` or
        `simulator.importance`, or the paths of their files.
    peers
        Attribute that the peers in profiles share, such as `status`; all cities if not given.

    Raises
    ------
    InputError
        For what is no such result, an unknown city or language.
    StorageError
        Where the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import simulator as sim
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(sim.run("weights-only", draws=200, seed=1), Path(folder, "report.html"), language="zh")
    ...     '<html lang="zh-CN">' in Path(folder, "report.html").read_text(encoding="utf-8")
    True
    """
    asked = (cities,) if isinstance(cities, str) else tuple(cities)
    write_text(Path(path), report_page(result, language, asked, further, peers))


def report_page(
    result: Given,
    language: str = "en",
    cities: Sequence[str] = (),
    further: Sequence[Given] = (),
    peers: str | None = None,
) -> str:
    """Return the report as the text of a page; see `write_report`."""
    name = "" if isinstance(result, xr.Dataset) else Path(result).name
    told = told_of(_opened(result)[1], name or "result", language, cities)
    files = [_opened(one) for one in further]
    return _rendered(told, name, files, _asked(language, cities, peers), peers)


def _opened(given: Given) -> tuple[str, xr.Dataset]:
    """Return the name of what was given and the result itself."""
    if isinstance(given, xr.Dataset):
        kind = str(given.attrs.get("kind", "result"))
        return f"{kind}.nc", given
    return str(given), read_result(given)


def _asked(language: str, cities: Sequence[str], peers: str | None) -> list[str]:
    """Return the options by which the command makes this report again."""
    options = ["--out report.html", *(["--lang zh"] if language == "zh" else [])]
    options += [f"--city {shlex.quote(city)}" for city in cities]
    return [*options, *([f"--peers {shlex.quote(peers)}"] if peers else [])]


def _rendered(
    told: Told, name: str, files: Sequence[tuple[str, xr.Dataset]], asked: Sequence[str], peers: str | None
) -> str:
    sections = [*result_sections(told), *further_sections(told, files, peers)]
    figures = {section.id: list(_figures(section)) for section in sections}
    specifications = {one.id: one.chart for several in figures.values() for one in several}
    return _template().render(
        say=told.say,
        title=told.title,
        kind=_kind(told),
        subtitle=_subtitle(told),
        made_by=told.say("report.made-by", version=_own_version(), started=moment(told.record.started, told.say)),
        answer=_answer(told),
        sections=sections,
        figures=figures,
        facts=facts(told),
        description=told.scenario.description,
        choices=choices(told),
        provenance=provenance_tables(told),
        scenario_text=told.record.scenario,
        overrides=told.record.overrides,
        commands=commands(told, name, files, asked),
        version=_own_version(),
        in_memory=told.record.index == IN_MEMORY,
        given_in_python=not name,
        left_out=list(_left_out(told, files, sections)),
        style=Markup(_part("report.css")),
        script=Markup(_part("report.js")),
        font_face=Markup(font_face()),
        fonts=Markup(FONTS),
        library=Markup(library()),
        specifications=Markup(script_data(specifications)),
    )


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(TEMPLATES)
    surroundings = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    surroundings.filters["code"] = _with_code
    return surroundings.get_template("report.html.j2")


def _with_code(text: str) -> Markup:
    """Return a text whose parts between backticks are code, everything else escaped.

    >>> _with_code("a < b: `--x 1`")
    Markup('a &lt; b: <code lang="en">--x 1</code>')
    """
    parts = [Markup.escape(part) for part in text.split("`")]
    return Markup("").join(
        Markup('<code lang="en">{}</code>').format(part) if place % 2 else part for place, part in enumerate(parts)
    )


@cache
def _part(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _own_version() -> str:
    try:
        return version("citysim")
    except PackageNotFoundError:
        return "?"


def _kind(told: Told) -> str:
    kind = "reach" if names.PLAN in told.result.dims else "what-if" if told.is_what_if else "study"
    return told.say(f"report.kind.{kind}")


def _subtitle(told: Told) -> str:
    say = told.say
    if not told.draws:
        draws = say("report.no-draws")
    elif told.exact:
        draws = say("report.combinations", count=told.draws)
    else:
        draws = say.counted("report.draws", told.draws)
    return say("report.subtitle", index=told.index_title, count=told.result.sizes[names.CITY], draws=draws)


def _answer(told: Told) -> Answer:
    return whatif_answer(told) if told.is_what_if else stability_answer(told)


def _figures(section: Section) -> Iterator[Figure]:
    for number, chart in enumerate(section.charts, start=1):
        yield _figure(f"{section.id}-{number}", chart)


def _figure(identifier: str, chart: Chart) -> Figure:
    """Return a chart without its title, which the page has as text, and without marks to be read out one by one."""
    spec = specification(chart)
    title, description = spec.pop("title"), spec.pop("description")
    spec["config"]["aria"] = False
    return Figure(f"chart-{identifier}", title["text"], "".join(_joined(title["subtitle"])), description, spec)


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Yield lines that were broken for a picture as one text again."""
    for line in lines:
        yield line if line.endswith(("。", "，", "；")) else f"{line} "


def _left_out(told: Told, files: Sequence[tuple[str, xr.Dataset]], sections: Sequence[Section]) -> Iterator[str]:
    """Yield what the report does not show, and what would show it."""
    say, result = told.say, told.result
    there = {section.id for section in sections}
    if not told.has_draws:
        yield say("report.left-out.intervals")
    elif not told.is_what_if:
        if names.PAIR_WIN not in result:
            yield say("report.left-out.pairs")
        elif result.sizes[names.CITY] > MOST_IN_MATRIX:
            yield say("report.left-out.many-cities", count=result.sizes[names.CITY])
        if not told.exact and names.RANK_BY_DRAW not in result:
            yield say("report.left-out.convergence")
        if not any(names.OUTPUT in found.dims for _, found in files):
            yield say("report.left-out.influence", scenario=told.scenario.name)
        if "extremes" not in there:
            yield say("report.left-out.extremes")
    if "groups_not_ranked" in result.attrs:
        groups = _groups_named(told, str(result.attrs["groups_not_ranked"]))
        yield say.counted("report.left-out.groups", 2, groups=groups)
    if told.index is None:
        yield told.why_not
    elif "importance" not in there:
        yield say("report.left-out.not-linear")
    if told.index is not None and not told.cities:
        yield say("report.left-out.profile")


def _groups_named(told: Told, written: str) -> str:
    """Return groups that were not ranked, with their cities, in the language."""
    named = []
    called = {} if told.index is None else _city_names(told)
    for part in written.split("; "):
        group, _, cities = part.partition(": ")
        members = told.say("words.comma").join(called.get(one, one) for one in cities.split(", ") if one)
        named.append(f"{told.say.term(group)}{told.say('words.colon')}{members}")
    return "; ".join(named)


def _city_names(told: Told) -> dict[str, str]:
    assert told.index is not None
    matrix = told.index.matrix
    return dict(zip(matrix[names.CITY].values.tolist(), told.say.labels(matrix, names.CITY), strict=True))
