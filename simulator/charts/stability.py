"""How ranks hold over the draws: intervals, shares of ranks, pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import xarray as xr

from simulator import names
from simulator.charts.grammar import (
    BLUE,
    CHANCES,
    GREY,
    HALF,
    LIGHT_BLUE,
    ORANGE,
    ROW,
    SHARES,
    WIDTH,
    Chart,
    chosen,
    city_axis,
    finished,
    in_order,
    rank_axis,
    rank_scale,
    rows,
    told,
)
from simulator.texts import Texts, texts


def rank_intervals(result: xr.Dataset, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
    """Return the 90 % interval of the rank of every city, with median, all ranks drawn and the baseline.

    Parameters
    ----------
    result
        What `simulator.run` or `simulator.what_if` with draws returns.
    language
        `en` or `zh`.
    cities
        Some cities, by any of their names; all if not given.

    Returns
    -------
    altair.Chart
        A row for each city, ordered by baseline rank; one panel for each group of a ranking within groups.

    Examples
    --------
    >>> import simulator as sim
    >>> chart = rank_intervals(sim.run("weights-only", draws=200, seed=1), cities=["合肥"])
    >>> len(chart.to_dict()["layer"])
    4
    """
    say = texts(language)
    found = in_order(chosen(result, cities), names.BASELINE_RANK)
    found = found.isel({names.CITY: np.flatnonzero(found[names.DRAWS_WITH_CITY].values > 0)})
    last = int(found[names.RANK_HIGHEST].max())
    order = say.labels(found, names.CITY)
    groups = [say.term(str(one)) for one in found[names.GROUP].values] if names.GROUP in found.coords else None
    figures = {
        "low": names.RANK_P05,
        "high": names.RANK_P95,
        "median": names.RANK_MEDIAN,
        "baseline": names.BASELINE_RANK,
        "lowest": names.RANK_LOWEST,
        "highest": names.RANK_HIGHEST,
        "mean": names.RANK_MEAN,
        "error": "rank_mean_se",
    }
    columns: dict[str, Any] = {"city": order, **{field: found[name].values for field, name in figures.items()}}
    columns["baseline"] = np.where(columns["baseline"] > 0, columns["baseline"], np.nan)
    # A rank is as wide as its place on the axis, so that an interval of a single one can be seen.
    columns |= {"left": columns["low"] - HALF, "right": columns["high"] + HALF}
    data = rows(columns | ({"group": groups} if groups else {}))
    chart = alt.layer(*_interval_marks(city_axis(order, say, titled=groups is None), last, say), data=data)
    if groups is None:
        chart = chart.properties(width=WIDTH, height=alt.Step(ROW))
    else:
        by_size = list(dict.fromkeys(groups))
        chart = (
            chart.properties(width=WIDTH, height=alt.Step(ROW))
            .facet(row=alt.Row("group:N", sort=by_size, title=None, header=alt.Header(labelAngle=0, labelAlign="left")))
            .resolve_scale(y="independent")
        )
    return finished(chart, say, "rank-intervals", count=found.sizes[names.CITY], draws=int(result.attrs["draws"]))


def _interval_marks(y: alt.Y, last: int, say: Texts) -> list[alt.Chart]:
    tooltip = [
        told("city", say("words.city")),
        told("baseline", say("words.baseline-rank"), "d"),
        told("median", say("words.median-rank"), "d"),
        told("low", say("words.low-90"), "d"),
        told("high", say("words.high-90"), "d"),
        told("lowest", say("words.best-drawn"), "d"),
        told("highest", say("words.worst-drawn"), "d"),
        told("mean", say("words.mean-rank"), ".2f"),
        told("error", say("words.standard-error"), ".3f"),
    ]
    x = alt.X("lowest:Q", title=say("words.rank"), scale=rank_scale(last), axis=rank_axis(last))
    base = alt.Chart().encode(y=y, tooltip=tooltip)
    return [
        base.mark_rule(color=GREY, strokeWidth=1).encode(x=x, x2="highest:Q"),
        base.mark_bar(color=LIGHT_BLUE, height=9).encode(x=alt.X("left:Q"), x2="right:Q"),
        base.mark_tick(color=BLUE, thickness=3, height=11).encode(x=alt.X("median:Q")),
        base.mark_point(shape="diamond", color=ORANGE, filled=True, opacity=1, size=38).encode(x=alt.X("baseline:Q")),
    ]


def rank_shares(result: xr.Dataset, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
    """Return a heat map of the share of draws, or of all weights, that gives each city (row) each rank (column).

    Parameters
    ----------
    result
        What `simulator.run`, `simulator.what_if` with draws or `simulator.acceptability` returns.
    language, cities
        As in `rank_intervals`.
    """
    say = texts(language)
    weights = names.RANK_ACCEPTABILITY in result
    variable = names.RANK_ACCEPTABILITY if weights else names.RANK_FREQUENCY
    found = in_order(chosen(result, cities), names.RANK_NOMINAL if weights else names.BASELINE_RANK)
    shares = np.nan_to_num(found[variable].values)
    error = found[variable + names.SE].values if variable + names.SE in found else np.zeros_like(shares)
    order = say.labels(found, names.CITY)
    city, place = np.nonzero(shares)
    ranks = result[names.RANK].values
    data = rows(
        {
            "city": [order[one] for one in city],
            "rank": ranks[place],
            "share": shares[city, place],
            "error": error[city, place],
        }
    )
    last = int(ranks[place].max())
    step = WIDTH / last
    x = alt.X("rank:O", title=say("words.rank"), axis=_every_fifth(), scale=alt.Scale(domain=list(range(1, last + 1))))
    chart = (
        alt.Chart(data)
        .mark_rect(aria=False)
        .encode(
            x=x,
            y=city_axis(order, say),
            color=alt.Color("share:Q", scale=SHARES, title=say("words.share"), legend=alt.Legend(format=".0%")),
            tooltip=[
                told("city", say("words.city")),
                told("rank", say("words.rank"), "d"),
                told("share", say("words.share"), ".1%"),
                told("error", say("words.standard-error"), ".2%"),
            ],
        )
        .properties(width=alt.Step(min(step, 26.0)), height=alt.Step(min(ROW, 13)))
    )
    kind = "rank-shares-of-weights" if weights else "rank-shares"
    return finished(chart, say, kind, count=found.sizes[names.CITY], draws=int(result.attrs.get("draws", 0)))


def _every_fifth() -> alt.Axis:
    return alt.Axis(
        labelExpr="datum.value == 1 || datum.value % 5 == 0 ? datum.label : ''",
        labelAngle=0,
        orient="top",
        ticks=False,
        domain=False,
        labelOverlap=False,
    )


def pairs(result: xr.Dataset, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
    """Return a matrix of the chance that the city of the row ranks above that of the column.

    Parameters
    ----------
    result
        What `simulator.run` returns with pairs, or `simulator.acceptability`.
    language, cities
        As in `rank_intervals`.
    """
    say = texts(language)
    rank = names.RANK_NOMINAL if names.RANK_NOMINAL in result else names.BASELINE_RANK
    found = in_order(chosen(result, cities), rank)
    found = found.sel({names.OTHER_CITY: found[names.CITY].values})
    order = say.labels(found, names.CITY)
    chance = found[names.PAIR_WIN].values
    error = found[names.PAIR_WIN + names.SE].values if names.PAIR_WIN + names.SE in found else np.zeros_like(chance)
    first, second = np.nonzero(~np.eye(len(order), dtype=bool) & np.isfinite(chance))
    data = rows(
        {
            "city": [order[one] for one in first],
            "other": [order[one] for one in second],
            "chance": chance[first, second],
            "error": error[first, second],
        }
    )
    step = min(24.0, WIDTH / len(order))
    x = alt.X(
        "other:N",
        sort=order,
        title=say("words.other-city"),
        axis=alt.Axis(orient="top", labelAngle=-90, ticks=False, domain=False, labelFontSize=max(7, min(11, step))),
    )
    y = alt.Y(
        "city:N",
        sort=order,
        title=say("words.city"),
        axis=alt.Axis(ticks=False, domain=False, labelFontSize=max(7, min(11, step))),
    )
    chart = (
        alt.Chart(data)
        .mark_rect(aria=False)
        .encode(
            x=x,
            y=y,
            color=alt.Color("chance:Q", scale=CHANCES, title=say("words.chance"), legend=alt.Legend(format=".0%")),
            tooltip=[
                told("city", say("words.city")),
                told("other", say("words.other-city")),
                told("chance", say("words.chance-above"), ".1%"),
                told("error", say("words.standard-error"), ".2%"),
            ],
        )
        .properties(width=alt.Step(step), height=alt.Step(step))
    )
    return finished(chart, say, "pairs", count=len(order), draws=int(result.attrs.get("draws", 0)))
