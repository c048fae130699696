"""How a result was made, in the words of a reader's language, and the commands that make it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.index import IN_MEMORY
from simulator.provenance import AGAIN
from simulator.published import shipped_scenarios
from simulator.report.html.sections import baseline
from simulator.report.html.tables import Column, Table, share, word
from simulator.report.html.told import Told
from simulator.texts import Texts
from simulator.uncertainty.factors import STEPS, DataError

DIGITS: Final = 9
"""Of a sum of shares; the rest is rounding."""

FEW: Final = 12
"""Alternatives of a factor up to which each is told."""


def facts(told: Told) -> list[tuple[str, str]]:
    """Return what a reader must know of the making of a result: what it is called, and what it is."""
    say, result = told.say, told.result
    design = str(result.attrs["design"])
    found = [
        ("scenario", told.title),
        ("index", told.index_title),
        ("cities", f"{result.sizes[names.CITY]:,}"),
        ("design", say.term(design)),
        *([("draws", f"{told.draws:,}"), ("seed", str(told.record.seed))] if told.draws else []),
        ("baseline", baseline(told)),
        ("values", _values(told)),
        ("data-error", _errors(told)),
        *([("held", _held(told))] if told.is_what_if else []),
        *([("tiers", _tiers(told))] if result.attrs["tiers"] else []),
        (
            "made",
            say("report.method.made-at", date=moment(told.record.started, say), seconds=f"{told.record.seconds:.1f}"),
        ),
    ]
    return [(say(f"report.method.{key}"), text) for key, text in found]


def moment(written: str, say: Texts) -> str:
    """Return a date and time as the language writes them.

    >>> from simulator.texts import texts
    >>> moment("2026-03-01T09:05:00+00:00", texts("en")), moment("2026-03-01T09:05:00+00:00", texts("zh"))
    ('1 March 2026, 09:05 UTC', '2026 年 3 月 1 日 09:05（协调世界时）')
    """
    at = datetime.fromisoformat(written)
    month = say("report.months").split()[at.month - 1]
    return say("report.date", day=str(at.day), month=month, year=str(at.year), time=f"{at:%H:%M}")


def _values(told: Told) -> str:
    if told.scenario.factors.values or "behind" in str(told.result.attrs["values"]):
        return told.say("report.method.values-behind")
    return told.say("report.method.values-given")


def _errors(told: Told) -> str:
    say = told.say
    if str(told.result.attrs["data_error"]) == "none":
        return say("report.method.error-none")
    errors = [_error(error, say) for error in told.scenario.factors.data_error]
    return (say("words.comma") if say.language == "en" else "；").join(errors)


def _error(error: DataError, say: Texts) -> str:
    everywhere = isinstance(error.indicators, str)
    who = say("report.method.error-all") if everywhere else say("words.comma").join(error.indicators)
    if error.unit == STEPS:
        return say("report.method.error-steps", who=who, size=f"{error.size:g}")
    correlated = (
        say("report.method.error-correlated", correlation=f"{error.correlation:g}") if error.correlation else ""
    )
    return say(
        "report.method.error",
        who=who,
        distribution=say.term(error.distribution),
        size=f"{error.size:g}",
        unit=say.term(error.unit),
        ties=say.term(error.ties),
        correlated=correlated,
    )


def _held(told: Told) -> str:
    others = told.scenario.others
    key = others if others in ("still", "last-rate") else "still" if others is None else "rate"
    return told.say(f"report.method.held-{key}")


def _tiers(told: Told) -> str:
    return str(told.result.attrs["tiers"]).replace(" to ", "–").replace(", ", told.say("words.comma"))


def choices(told: Told) -> Table | None:
    """Return what was varied and how often each alternative was taken; none where nothing was chosen."""
    result, say = told.result, told.say
    if names.CHOICE_SHARE not in result:
        return None
    factors = result[names.FACTOR].values.astype(str)
    rows = []
    for factor in dict.fromkeys(factors.tolist()):
        places = np.flatnonzero(factors == factor)
        title = spelt(factor, say)
        if len(places) > FEW:
            many = say("report.method.many-alternatives", count=len(places))
            together = round(float(result[names.CHOICE_SHARE].values[places].sum()), DIGITS)
            rows.append([word(title), word(many), share(together, say)])
            continue
        for place in places:
            label = spelt(str(result[names.ALTERNATIVE].values[place]), say)
            rows.append([word(title), word(label), share(float(result[names.CHOICE_SHARE].values[place]), say)])
    headings = [
        Column(say("words.factor"), figures=False),
        Column(say("words.alternative"), figures=False),
        Column(say("words.share")),
    ]
    return Table(say("report.captions.choices"), headings, rows)


def spelt(label: str, say: Texts) -> str:
    """Return a factor or an alternative, such as `min-max to=1..100`, in the words of the language.

    >>> from simulator.texts import texts
    >>> spelt("min-max to=1..100", texts("zh"))
    '极差标准化 至=1..100'
    """
    parts = []
    for part in label.split(" "):
        key, equals, value = part.partition("=")
        parts.append(f"{say.term(key)}={say.term(value)}" if equals else say.term(part))
    return " ".join(parts)


def provenance_tables(told: Told) -> list[Table]:
    """Return the files that were read, with their hashes, and the versions of the software."""
    say = told.say
    files = [[word(name), word(sha)] for name, sha in told.record.input_sha256.items()]
    versions = [[word(name), word(version)] for name, version in told.record.versions.items()]
    headings = [Column(say("words.file"), figures=False), Column("SHA-256", figures=False)]
    software = [Column(say("words.name"), figures=False), Column(say("words.version"), figures=False)]
    tables = [Table(say("report.captions.files"), headings, files)] if files else []
    return [*tables, Table(say("report.captions.versions"), software, versions)]


def commands(told: Told, name: str, further: Sequence[tuple[str, xr.Dataset]], asked: Sequence[str]) -> list[str]:
    """Return the commands that make the result, further files and the report again, in the order to run them."""
    found = []
    if told.record.index != IN_MEMORY:
        found.append(" ".join(["citysim run", *_run(told), "--out", shlex.quote(name or "result.nc")]))
    for path, one in further:
        found += [f"{again} --out {shlex.quote(Path(path).name)}" for again in _again(one)]
    if name:
        found.append(f"citysim repeat {shlex.quote(name)}")
        withs = [part for path, _ in further for part in ("--with", shlex.quote(Path(path).name))]
        found.append(" ".join(["citysim report", shlex.quote(name), *asked, *withs]))
    return found


def _again(found: xr.Dataset) -> Iterator[str]:
    """Yield the command that made a further file, where the file tells enough of it."""
    if names.RANK_BEST in found:
        yield from _extremes_again(found)
    elif AGAIN in found.attrs:
        yield str(found.attrs[AGAIN])
    elif "index" in found.attrs and "over" in found.attrs:
        of_level = f"{shlex.quote(str(found.attrs['index']))} --over {found.attrs['over']}"
        if names.RANK_ACCEPTABILITY in found:
            drawn = f" --draws {found.attrs['draws']} --seed {found.attrs['seed']}" if found.attrs["sampled"] else ""
            yield f"citysim acceptability {of_level}{drawn}"
        elif names.IMPORTANCE_SHARE in found:
            yield f"citysim importance {of_level}"


def _extremes_again(found: xr.Dataset) -> Iterator[str]:
    """Yield the command behind extreme ranks, but for weights that it cannot be read from."""
    _, comma, allowed = str(found.attrs["weights"]).partition(", ")
    percent = allowed.removeprefix("within ").removesuffix(" % of the nominal ones")
    if "scenario" in found.attrs or not comma or (allowed != "any" and not percent.replace(".", "", 1).isdigit()):
        return
    within = "" if allowed == "any" else f" --percent {percent}"
    yield f"citysim extremes {shlex.quote(str(found.attrs['index']))} --over {found.attrs['over']}{within}"


def _run(told: Told) -> Iterator[str]:
    """Yield what follows `citysim run`: a shipped scenario or the file of the one below, its settings, the seed."""
    shipped = shipped_scenarios().get(told.scenario.name)
    same = shipped is not None and shipped.read_text(encoding="utf-8") == told.record.scenario
    kind = "json" if told.record.scenario.lstrip().startswith("{") else "yaml"
    yield told.scenario.name if same else f"scenario.{kind}"
    for setting in told.record.overrides:
        yield f"--set {shlex.quote(setting)}"
    if not any(one.startswith("seed=") for one in told.record.overrides):
        yield f"--seed {told.record.seed}"
