"""Ranks before and after: of a what-if, or as published and over the draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import altair as alt
import numpy as np
import xarray as xr

from simulator import names
from simulator.charts.grammar import BLUE, GREY, ORANGE, PALE, ROW, Chart, chosen, finished, in_order, rows, told
from simulator.texts import Texts, texts

_WIDTH = 360


def slope(result: xr.Dataset, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
    """Return a line for each city from its rank before to its rank after.

    Of a what-if these are the ranks without and with the change; of any other result the baseline rank, which is the
    published one where there is one, and the median of the draws.

    Parameters
    ----------
    result
        What `simulator.run`, `simulator.what_if` or `simulator.reach` returns.
    language
        `en` or `zh`.
    cities
        Cities whose lines stand out; those that move if not given.
    """
    say = texts(language)
    what_if = names.RANK_BEFORE in result
    before, after = (names.RANK_BEFORE, names.RANK_AFTER) if what_if else (names.BASELINE_RANK, names.RANK_MEDIAN)
    found = in_order(result, before)
    start, end = found[before].values, found[after].values
    found = found.isel({names.CITY: np.flatnonzero((start > 0) & (end > 0))})
    start, end = found[before].values, found[after].values
    marked = np.isin(found[names.CITY].values, chosen(found, cities)[names.CITY].values)
    marked = marked if cities else start != end
    directions = [say(key) for key in ("words.rises", "words.falls", "words.stays")]
    which = np.where(end < start, 0, np.where(end > start, 1, 2))
    called = say.labels(found, names.CITY)
    groups = found[names.GROUP].values.astype(str) if names.GROUP in found.coords else np.full(len(called), "")
    columns = {
        "city": called,
        "before": start,
        "after": end,
        "moves": start - end,
        "direction": [directions[one] for one in which],
        "marked": marked,
        "before_label": _level_names(called, start, groups, say),
        "after_label": _level_names(called, end, groups, say),
    }
    if names.GROUP in found.coords:
        columns["group"] = [say.term(str(one)) for one in groups]
    sides = [say("words.before"), say("words.after")] if what_if else [say("words.baseline"), say("words.median")]
    last = int(max(start.max(), end.max()))
    chart: Chart = _lines(columns, sides, directions, last, say)
    if "group" in columns:
        order = list(dict.fromkeys(columns["group"]))
        chart = chart.facet(row=alt.Row("group:N", sort=order, title=None, header=alt.Header(labelAngle=0)))
    return finished(chart, say, "slope-what-if" if what_if else "slope", count=len(start), moved=int((which < 2).sum()))


def _level_names(called: Sequence[str], rank: Iterable[int], groups: Iterable[str], say: Texts) -> list[str]:
    """Return the names beside a rank: of cities that share it all together, at the first of them."""
    sharing: dict[tuple[str, int], list[str]] = {}
    for name, own, group in zip(called, rank, groups, strict=True):
        sharing.setdefault((str(group), int(own)), []).append(name)
    first = {several[0]: say("words.comma").join(several) for several in sharing.values()}
    return [first.get(name, "") for name in called]


def _lines(
    columns: dict[str, Sequence[object]], sides: Sequence[str], directions: Sequence[str], last: int, say: Texts
) -> Chart:
    """Return the lines of all cities, those that are marked in front."""
    scale = alt.Scale(domain=[last + 0.5, 0.5], nice=False)
    axis = alt.Axis(values=[1, *range(5, last + 1, 5)], format="d", grid=False)
    base = (
        alt.Chart(rows(columns))
        .transform_fold(["before", "after"], as_=["when", "rank"])
        .transform_calculate(
            side=f"datum.when == 'before' ? {alt.expr.toString(sides[0])} : {alt.expr.toString(sides[1])}"
        )
    )
    x = alt.X(
        "side:N",
        sort=list(sides),
        title=None,
        scale=alt.Scale(padding=0.9),
        axis=alt.Axis(orient="top", labelAngle=0, labelFontSize=12),
    )
    y = alt.Y("rank:Q", scale=scale, axis=axis, title=say("words.rank"))
    color = alt.Color(
        "direction:N",
        title=None,
        scale=alt.Scale(domain=list(directions), range=[BLUE, ORANGE, GREY]),
        legend=alt.Legend(orient="top"),
    )
    dash = alt.StrokeDash(
        "direction:N",
        title=None,
        scale=alt.Scale(domain=list(directions), range=[[1, 0], [5, 3], [1, 0]]),
        legend=alt.Legend(orient="top"),
    )
    tooltip = [
        told("city", say("words.city")),
        told("before", sides[0], "d"),
        told("after", sides[1], "d"),
        told("moves", say("words.places-gained"), "+d"),
    ]
    detail = alt.Detail("city:N")
    others = base.transform_filter("!datum.marked").mark_line(color=PALE, strokeWidth=1)
    own = base.transform_filter("datum.marked").mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=24))
    names_right = base.transform_filter("datum.when == 'after'").mark_text(align="left", dx=8, fontSize=10)
    names_left = base.transform_filter("datum.when == 'before'").mark_text(align="right", dx=-8, fontSize=10)
    shade = alt.when("datum.marked").then(alt.value("#1B1B1B")).otherwise(alt.value(GREY))
    lines: Chart = alt.layer(
        others.encode(x=x, y=y, detail=detail, tooltip=tooltip),
        own.encode(x=x, y=y, detail=detail, color=color, strokeDash=dash, tooltip=tooltip),
        names_left.encode(x=x, y=y, text="before_label:N", color=shade),
        names_right.encode(x=x, y=y, text="after_label:N", color=shade),
    ).properties(width=_WIDTH, height=max(160, last * (ROW - 1)))
    return lines
