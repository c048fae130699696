"""The parts of a report between answer and method: charts and tables of the result itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from simulator import names
from simulator.charts.grammar import Chart
from simulator.charts.kinds import chart
from simulator.report.html.answers import top_of
from simulator.report.html.tables import (
    Cell,
    Column,
    Table,
    columns,
    difference,
    figure,
    interval,
    share,
    whole,
    word,
)
from simulator.report.html.told import Told
from simulator.report.reaching import plan_frame
from simulator.report.screen import best_first

MOST_IN_MATRIX: Final = 100
"""Cities up to which a matrix of pairs can be read."""


@dataclass(frozen=True)
class Section:
    """A part of the page under one heading."""

    id: str
    heading: str
    lead: str
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()


def result_sections(told: Told) -> Iterator[Section]:
    """Yield the parts that the result itself has the figures for."""
    if told.is_what_if:
        yield _change(told)
        yield from _variables(told)
        yield from _clusters(told)
        yield from _plans(told)
    if told.has_draws:
        yield _section(told, "ranking", ["rank-intervals"], [_ranking(told)], baseline=baseline(told))
        yield _section(told, "shares", ["rank-shares"], [])
        yield from _pairs(told)
        if not told.is_what_if:
            yield _section(told, "slope", ["slope"], [])
        if names.RANK_BY_DRAW in told.result and not told.exact:
            yield _section(told, "convergence", ["convergence"], [])


def _section(told: Told, kind: str, kinds: Sequence[str], tables: Sequence[Table], **values: object) -> Section:
    drawn = [chart(told.result, one, language=told.say.language) for one in kinds]
    return Section(
        kind,
        told.say(f"report.sections.{kind}.heading", **values),
        told.say(f"report.sections.{kind}.lead", **values),
        drawn,
        tables,
    )


def baseline(told: Told) -> str:
    """Return what ranks are compared with, in the language."""
    what, _, scope = str(told.result.attrs["baseline"]).partition(", ")
    text = told.say.term(what)
    if "groups" in scope or "each group" in scope:
        return told.say("report.method.among-groups", baseline=text)
    if "among" in scope:
        return told.say("report.method.among", baseline=text, count=told.result.sizes[names.CITY])
    return text


def _ranking(told: Told) -> Table:
    """Return the ranks of all cities, best first, with the figures that a terminal shows of them."""
    result, say = told.result, told.say
    others = [
        (title, name)
        for title, name in (
            ("words.published-rank", names.PUBLISHED_RANK),
            ("words.scenario-rank", names.SCENARIO_RANK),
        )
        if name in result and bool((result[name] != result[names.BASELINE_RANK]).any())
    ]
    groups = result[names.GROUP].values.astype(str) if names.GROUP in result.coords else None
    low, high = (names.RANK_LOWEST, names.RANK_HIGHEST) if told.exact else (names.RANK_P05, names.RANK_P95)
    top = top_of(result.sizes[names.CITY])
    headings = columns(
        say("words.city"),
        say("words.baseline-rank"),
        *(say(title) for title, _ in others),
        say("words.median-rank"),
        say("words.all-ranks" if told.exact else "words.interval-90"),
        say("words.mean-rank"),
        say("words.top", count=top),
        say("words.its-error"),
        say("words.shift"),
        *([say("words.tier-kept")] if names.KEEP_TIER in result else []),
    )
    if groups is not None:
        headings.insert(1, Column(say("words.group"), figures=False))
    rows = []
    for city in best_first(result[names.BASELINE_RANK].values):
        one = {
            name: float(result[name].values[city]) for name in result.data_vars if result[name].dims == (names.CITY,)
        }
        cells = [word(told.city(int(city)))]
        cells += [word(say.term(groups[city]))] if groups is not None else []
        cells += [whole(one[names.BASELINE_RANK]), *(whole(one[name]) for _, name in others)]
        cells += [whole(one[names.RANK_MEDIAN]), interval(one[low], one[high]), figure(one[names.RANK_MEAN], 2)]
        cells += [share(one[f"top_{top}"], say), share(one[f"top_{top}{names.SE}"], say, 2)]
        cells += [figure(one[names.CITY_SHIFT], 1)]
        cells += [share(one[names.KEEP_TIER], say)] if names.KEEP_TIER in result else []
        rows.append(cells)
    return Table(say("report.captions.ranking", count=result.sizes[names.CITY]), headings, rows)


def _pairs(told: Told) -> Iterator[Section]:
    """Yield the chance of each city to rank above the next, and of every pair where they can be told apart."""
    result, say = told.result, told.say
    if names.PAIR_WIN not in result:
        return
    order = best_first(result[names.BASELINE_RANK].values)
    rows = []
    for ahead, behind in pairwise(order):
        chance, error = (
            float(result[name].values[ahead, behind]) for name in (names.PAIR_WIN, names.PAIR_WIN + names.SE)
        )
        if np.isfinite(chance):
            rows.append(
                [word(told.city(int(ahead))), word(told.city(int(behind))), share(chance, say), share(error, say, 2)]
            )
    titles = ("ahead", "behind", "chance")
    ahead_title, behind_title, chance_title = (say(f"report.pairs.{one}") for one in titles)
    headings = [
        Column(ahead_title, figures=False),
        Column(behind_title, figures=False),
        Column(chance_title),
        Column(say("words.standard-error")),
    ]
    drawn = ["pairs"] if result.sizes[names.CITY] <= MOST_IN_MATRIX else []
    yield _section(told, "pairs", drawn, [Table(say("report.captions.pairs"), headings, rows)])


def _change(told: Told) -> Section:
    """Return the cities whose rank or total changes, most gained first."""
    result, say = told.result, told.say
    start, end = result[names.RANK_BEFORE].values, result[names.RANK_AFTER].values
    totals = [result[name].values for name in (names.TOTAL_BEFORE, names.TOTAL_AFTER)]
    drawn = names.GAIN_CHANCE in result
    headings = columns(
        say("words.city"),
        say("words.rank-before"),
        say("words.rank-after"),
        say("words.places-gained"),
        say("words.total-before"),
        say("words.total-after"),
        *([say("words.gains"), say("words.loses")] if drawn else []),
    )
    rows = []
    for city in np.lexsort((end, end - start)):
        if start[city] == end[city] and totals[0][city] == totals[1][city]:
            continue
        cells = [word(told.city(int(city))), whole(start[city]), whole(end[city])]
        cells += [difference(float(start[city] - end[city])), *(figure(float(one[city])) for one in totals)]
        if drawn:
            cells += [
                share(float(result[name].values[city, 0]), say) for name in (names.GAIN_CHANCE, names.LOSS_CHANCE)
            ]
        rows.append(cells)
    tables = [Table(say("report.captions.change"), headings, rows)] if rows else []
    return _section(told, "change", ["slope"], tables)


def _variables(told: Told) -> Iterator[Section]:
    """Yield the variables of the city in question whose points or places change, most gained first."""
    city, say = str(told.result.attrs["city"]), told.say
    if not city:
        return
    own = told.result.sel({names.CITY: city})
    called = say.labels(told.result, names.INDICATOR)
    gain = own[names.POINTS_AFTER].values - own[names.POINTS_BEFORE].values
    effect = own[names.EFFECT].values.astype(str)
    headings = columns(
        say("words.variable"),
        say("words.points-before"),
        say("words.points-after"),
        say("words.gain"),
        say("words.place-before"),
        say("words.place-after"),
    )
    rows = []
    for leaf in np.lexsort((np.arange(gain.size), -gain)):
        if gain[leaf] == 0.0 and not effect[leaf]:
            continue
        points = (figure(float(own[name].values[leaf])) for name in (names.POINTS_BEFORE, names.POINTS_AFTER))
        places = (whole(float(own[name].values[leaf])) for name in (names.PLACE_BEFORE, names.PLACE_AFTER))
        rows.append([word(called[leaf]), *points, difference(float(gain[leaf])), *places])
    if rows:
        table = Table(say("report.captions.variables", city=told.called[city]), headings, rows)
        yield _section(told, "variables", [], [table], city=told.called[city])


def _clusters(told: Told) -> Iterator[Section]:
    result, say = told.result, told.say
    if names.CITY_GROUP not in result.dims or result.attrs["city"]:
        return
    headings = columns(
        say("words.group"), say("words.size"), say("words.mean-rank-before"), say("words.mean-rank-after")
    )
    rows: list[list[Cell]] = []
    for place, group in enumerate(result[names.CITY_GROUP].values.tolist()):
        one = result.isel({names.CITY_GROUP: place})
        ranks = (figure(float(one[name]), 2) for name in (names.GROUP_RANK_BEFORE, names.GROUP_RANK_AFTER))
        rows.append([word(say.term(str(group))), whole(float(one[names.GROUP_SIZE])), *ranks])
    yield _section(told, "clusters", [], [Table(say("report.captions.clusters"), headings, rows)])


def _plans(told: Told) -> Iterator[Section]:
    """Yield the plans of a goal: the steps of the first, and what each takes."""
    result, say = told.result, told.say
    if names.PLAN not in result.dims:
        return
    steps = plan_frame(result)
    if steps.empty:
        return
    called = dict(zip(result[names.INDICATOR].values.tolist(), say.labels(result, names.INDICATOR), strict=True))
    first = steps[steps[names.PLAN] == steps[names.PLAN].iloc[0]].sort_values(names.PLAN_PLACES, ascending=False)
    city = told.called[str(result.attrs["city"])]
    tables = [_steps(first, called, told), _efforts(steps, called, told)]
    yield _section(told, "plans", [], tables, city=city)


def _steps(first: pd.DataFrame, called: dict[str, str], told: Told) -> Table:
    say = told.say
    headings = columns(
        say("words.variable"), say("words.places-to-gain"), say("words.value-before"), say("words.value-to-reach")
    )
    headings.append(Column(say("words.unit"), figures=False))
    rows = [
        [
            word(called[str(one[names.INDICATOR])]),
            whole(float(one[names.PLAN_PLACES])),
            figure(float(one[names.VALUE_BEFORE])),
            figure(float(one[names.PLAN_VALUE])),
            word(say.term(str(one[names.UNIT])) if np.isfinite(float(one[names.PLAN_VALUE])) else ""),
        ]
        for _, one in first.iterrows()
    ]
    return Table(say("report.captions.steps"), headings, rows)


def _efforts(steps: pd.DataFrame, called: dict[str, str], told: Told) -> Table:
    say = told.say
    drawn = names.PLAN_CHANCE in steps
    headings = columns(
        say("words.plan"),
        say("words.effort"),
        say("words.rank-after"),
        say("words.total-after"),
        *([say("words.chance")] if drawn else []),
    )
    headings.append(Column(say("words.does-without"), figures=False))
    by_plan = dict(list(steps.groupby(names.PLAN)))
    needed = {plan: set(own[names.INDICATOR]) for plan, own in by_plan.items()}
    of_first = needed[next(iter(needed))]
    rows: list[list[Cell]] = []
    for number, (plan, own) in enumerate(by_plan.items(), start=1):
        whole_plan: Any = own.iloc[0]
        gone = [called[one] for one in called if one in of_first - needed[plan]]
        cells = [Cell(str(number), float(number)), figure(float(whole_plan[names.PLAN_EFFORT]))]
        cells += [whole(float(whole_plan[names.PLAN_RANK])), figure(float(whole_plan[names.PLAN_TOTAL]))]
        cells += [share(float(whole_plan[names.PLAN_CHANCE]), say)] if drawn else []
        rows.append([*cells, word(say("words.comma").join(gone))])
    return Table(say("report.captions.plans"), headings, rows)
