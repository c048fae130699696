"""Parts of a report that come from further files, or from the index alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import xarray as xr

from simulator import names
from simulator.charts.kinds import chart
from simulator.charts.of_index import figures_of
from simulator.charts.sensitivity import factor_labels
from simulator.errors import Fault, InputError
from simulator.extremes.swaps import overtaken
from simulator.index import Index
from simulator.report.html.sections import Section
from simulator.report.html.tables import Cell, Column, Table, columns, difference, figure, share, whole, word
from simulator.report.html.told import Told
from simulator.report.screen import best_first


def file_sections(told: Told, found: xr.Dataset, source: str) -> Iterator[Section]:
    """Yield the parts of a further file: of indices of factors, extreme ranks, acceptability or importance.

    Raises
    ------
    InputError
        For a file that holds none of these.
    """
    if names.OUTPUT in found.dims:
        yield from _influence(told, found)
    elif names.RANK_BEST in found:
        yield _extremes(told, found)
    elif names.RANK_ACCEPTABILITY in found:
        yield _acceptability(told, found)
    elif names.IMPORTANCE_SHARE in found and names.SHIFT_WITHOUT in found:
        yield _importance(told, found)
    else:
        remedy = "Give what citysim influence, extremes, acceptability or importance wrote with --out."
        raise InputError(source, [Fault("--with", "holds nothing that a report adds", remedy)])


def index_sections(told: Told, peers: str | None) -> Iterator[Section]:
    """Yield importance, stability against weights, and the profile of each city asked about, of the index itself."""
    index = told.index
    if index is None:
        return
    for kind, section in (("importance", _importance), ("weight-stability", _weight_stability)):
        try:
            found = figures_of(index, kind)
        except InputError:
            continue
        yield section(told, found)
    for city in told.cities:
        if city in index.cities:
            yield _profile(told, index, city, peers)


def _influence(told: Told, found: xr.Dataset) -> Iterator[Section]:
    say = told.say
    known = {str(one) for one in found[names.CITY].values}
    cities = [city for city in told.cities if city in known]
    drawn = [chart(found, "sensitivity", language=say.language)]
    drawn += [chart(found, "sensitivity", language=say.language, cities=city) for city in cities]
    of_shift = found.sel({names.OUTPUT: names.MEAN_SHIFT})
    table = _indices(told, of_shift)
    yield Section(
        f"influence-{found.attrs.get('kind', 'indices')}",
        say(f"report.sections.influence.{_method(found)}"),
        say("report.sections.influence.lead"),
        drawn,
        [table],
    )


def _method(found: xr.Dataset) -> str:
    return "shapley" if names.SHAPLEY in found else "pawn" if names.PAWN_MEDIAN in found else "heading"


def _indices(told: Told, of_one: xr.Dataset) -> Table:
    """Return the indices of each factor with their standard errors, the most influential first."""
    say = told.say
    kinds = (
        (names.FIRST_ORDER, "words.first-order"),
        (names.TOTAL_ORDER, "words.total-order"),
        (names.MU_STAR, "words.moves-by"),
        (names.SHAPLEY, "words.share-of-variance"),
        (names.PAWN_MEDIAN, "words.pawn-median"),
        (names.PAWN_DUMMY, "words.by-chance"),
    )
    known = [(name, title) for name, title in kinds if name in of_one]
    titles = []
    for name, title in known:
        titles += [say(title), *([say("words.standard-error")] if name + names.SE in of_one else [])]
    first = names.TOTAL_ORDER if names.TOTAL_ORDER in of_one else known[0][0]
    rows = []
    called = factor_labels(of_one, say)
    for factor in np.argsort(-of_one[first].values, kind="stable"):
        cells = [word(called[factor])]
        for name, _ in known:
            several = [one for one in (name, name + names.SE) if one in of_one]
            cells += [figure(float(of_one[one].values[factor]), 3) for one in several]
        rows.append(cells)
    caption = say("report.captions.influence", what=say("words.mean-shift"))
    return Table(caption, columns(say("words.factor"), *titles), rows)


def _extremes(told: Told, found: xr.Dataset) -> Section:
    say = told.say
    headings = columns(say("words.city"), say("words.nominal-rank"), say("words.best-rank"), say("words.worst-rank"))
    headings.append(Column(say("words.proven"), figures=False))
    called = say.labels(found, names.CITY)
    rows = []
    for city in best_first(found[names.RANK_NOMINAL].values):
        one = found.isel({names.CITY: city})
        ranks = (whole(float(one[name])) for name in (names.RANK_NOMINAL, names.RANK_BEST, names.RANK_WORST))
        proven = bool(one[names.BEST_PROVEN]) and bool(one[names.WORST_PROVEN])
        rows.append([word(called[city]), *ranks, word(say("words.yes" if proven else "words.no"))])
    lead = say("report.sections.extremes.lead", weights=_weights(told, found))
    heading = say("report.sections.extremes.heading")
    table = Table(say("report.captions.extremes"), headings, rows)
    return Section("extremes", heading, lead, [chart(found, "extremes", language=say.language)], [table])


def _weights(told: Told, found: xr.Dataset) -> str:
    """Return which weights are allowed, in words."""
    text = str(found.attrs["weights"])
    if text.endswith("any"):
        return told.say("report.weights.any")
    _, within, rest = text.partition("within ")
    percent = rest.partition(" %")[0]
    return told.say("report.weights.within", percent=percent) if within else told.say("report.weights.other")


def _acceptability(told: Told, found: xr.Dataset) -> Section:
    say = told.say
    called = say.labels(found, names.CITY)
    headings = columns(say("words.city"), say("words.nominal-rank"), say("words.mean-rank"), say("report.first"))
    rows = []
    for city in best_first(found[names.RANK_NOMINAL].values):
        one = found.isel({names.CITY: city})
        first = float(one[names.RANK_ACCEPTABILITY].sel({names.RANK: 1}))
        cells = [word(called[city]), whole(float(one[names.RANK_NOMINAL]))]
        rows.append([*cells, figure(float(one[names.EXPECTED_RANK]), 1), share(min(first, 1.0), say)])
    heading, lead = (say(f"report.sections.acceptability.{part}") for part in ("heading", "lead"))
    table = Table(say("report.captions.acceptability"), headings, rows)
    drawn = [chart(found, "rank-shares", language=say.language)]
    return Section("acceptability", heading, lead, drawn, [table])


def _importance(told: Told, found: xr.Dataset) -> Section:
    say = told.say
    called = say.labels(found, names.MEMBER)
    headings = columns(
        say("words.member"),
        say("words.nominal-weight"),
        say("words.importance-share"),
        say("words.importance"),
        say("words.shift-without"),
    )
    rows = []
    for member in np.argsort(-found[names.IMPORTANCE].values, kind="stable"):
        one = found.isel({names.MEMBER: member})
        shares = [share(float(one[name]), say) for name in (names.NOMINAL_WEIGHT, names.IMPORTANCE_SHARE)]
        cells = [figure(float(one[names.IMPORTANCE]), 3), figure(float(one[names.SHIFT_WITHOUT]), 2)]
        rows.append([word(called[member]), *shares, *cells])
    heading, lead = (say(f"report.sections.importance.{part}") for part in ("heading", "lead"))
    caption = say("report.captions.importance", level=_level(told, str(found.attrs["over"])))
    drawn = [chart(found, "importance", language=say.language)]
    return Section("importance", heading, lead, drawn, [Table(caption, headings, rows)])


def _level(told: Told, level: str) -> str:
    return told.say.entries.get(f"report.level.{level}", level)


def _weight_stability(told: Told, found: xr.Dataset) -> Section:
    say = told.say
    called = dict(zip(found[names.CITY].values.tolist(), say.labels(found, names.CITY), strict=True))
    headings = columns(say("words.city"), say("words.nominal-rank"), say("words.weight-that-changes-hands"))
    headings.append(Column(say("words.overtaken-by"), figures=False))
    rows: list[list[Cell]] = []
    for city in best_first(found[names.RANK_NOMINAL].values):
        slug = str(found[names.CITY].values[city])
        shift, rival = overtaken(found, slug)
        rank = whole(float(found[names.RANK_NOMINAL].values[city]))
        rows.append([word(called[slug]), rank, share(shift, say, 2), word(called.get(rival, say("words.nobody")))])
    heading, lead = (say(f"report.sections.weight-stability.{part}") for part in ("heading", "lead"))
    table = Table(say("report.captions.weight-stability"), headings, rows)
    drawn = [chart(found, "weight-stability", language=say.language)]
    return Section("weight-stability", heading, lead, drawn, [table])


def _profile(told: Told, index: Index, city: str, peers: str | None) -> Section:
    say = told.say
    found = figures_of(index, "profile", [city], peers)
    levels = list(dict.fromkeys(str(one) for one in found[names.LEVEL].values[::-1]))
    tables = [_profile_table(told, found, city, level) for level in levels[1:]]
    values: dict[str, Any] = {
        "city": told.called[city],
        "peers": int(found[names.PEER].sum()),
        "whose": say.term(str(found.attrs["group"])) if found.attrs["peers"] else say("words.all-cities"),
    }
    heading, lead = (say(f"report.sections.profile.{part}", **values) for part in ("heading", "lead"))
    drawn = [chart(found, "profile", language=say.language)]
    return Section(f"profile-{city}", heading, lead, drawn, tables)


def _profile_table(told: Told, found: xr.Dataset, city: str, level: str) -> Table:
    say = told.say
    part = found.isel({names.SLOT: np.flatnonzero(found[names.LEVEL].values == level)})
    called = say.labels(part, names.SLOT)
    headings = columns(
        _level(told, level).capitalize(),
        say("words.rank-among-peers"),
        say("words.peers"),
        say("words.score"),
        say("words.median-of-peers"),
        say("words.to-median"),
        say("words.to-best"),
    )
    rows = []
    for slot in np.argsort(part[names.STRENGTH].values, kind="stable"):
        one = part.isel({names.SLOT: slot})
        cells = [word(called[slot]), whole(float(one[names.PEER_RANK])), whole(float(one[names.PEER_COUNT]))]
        cells += [figure(float(one[name])) for name in (names.SCORE, names.PEER_MEDIAN)]
        cells += [difference(float(one[name])) for name in (names.GAP_TO_MEDIAN, names.GAP_TO_BEST)]
        rows.append(cells)
    caption = say("report.captions.profile", city=told.called[city], level=_level(told, level))
    return Table(caption, headings, rows)


def further_sections(told: Told, files: Sequence[tuple[str, xr.Dataset]], peers: str | None) -> list[Section]:
    """Return the parts of all further files, then those of the index that no file has told already."""
    told_by_files = [section for source, found in files for section in file_sections(told, found, source)]
    there = {section.id for section in told_by_files}
    return [*told_by_files, *(one for one in index_sections(told, peers) if one.id not in there)]
