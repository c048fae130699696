"""Whether a run has settled: estimates and their standard errors as draws come in."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import xarray as xr

from simulator import names
from simulator.charts.grammar import BLUE, GREY, ORANGE, WIDTH, Chart, chosen, finished, rows, told
from simulator.texts import texts

POINTS = 60
"""Numbers of draws at which the estimates are taken."""

FEW = 5
"""Cities that are shown where none is named: those of the widest interval."""

NORMAL_95 = 1.96


def convergence(result: xr.Dataset, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
    """Return how the mean ranks of some cities settle as draws come in, each with its 95 % interval.

    Parameters
    ----------
    result
        What `simulator.run` returns with `keep-draws: true`; a result that only counted its ranks cannot tell.
    language
        `en` or `zh`.
    cities
        Some cities, by any of their names; the five of the widest interval if not given.
    """
    say = texts(language)
    part = chosen(result, cities)
    if not cities:
        width = part[names.RANK_P95].values - part[names.RANK_P05].values
        part = part.isel({names.CITY: np.sort(np.argsort(-width, kind="stable")[:FEW])})
    ranks = part[names.RANK_BY_DRAW].transpose(names.DRAW, names.CITY).values.astype(np.float64)
    draws = len(ranks)
    at = np.unique(np.geomspace(min(10, draws), draws, POINTS).round().astype(np.int64))
    called = say.labels(part, names.CITY)
    columns: dict[str, list[object]] = {name: [] for name in ("city", "draws", "mean", "low", "high", "error")}
    for place, city in enumerate(called):
        mean, error = _running(ranks[:, place], at)
        columns["city"] += [city] * at.size
        for field, values in (
            ("draws", at),
            ("mean", mean),
            ("error", error),
            ("low", mean - NORMAL_95 * error),
            ("high", mean + NORMAL_95 * error),
        ):
            columns[field] += values.tolist()
    x = alt.X("draws:Q", title=say("words.draws-so-far"), scale=alt.Scale(type="log", nice=False))
    scale = alt.Scale(domain=called, range=[BLUE, ORANGE, "#009E73", "#56B4E9", "#CC79A7", GREY, "#E69F00"])
    color = alt.Color("city:N", title=say("words.city"), scale=scale, legend=alt.Legend(symbolOpacity=1))
    tooltip = [
        told("city", say("words.city")),
        told("draws", say("words.draws-so-far"), ",d"),
        told("mean", say("words.mean-rank"), ".3f"),
        told("error", say("words.standard-error"), ".3f"),
    ]
    base = alt.Chart(rows(columns)).encode(x=x, color=color, tooltip=tooltip)
    y = alt.Y("mean:Q", title=say("words.mean-rank"), scale=alt.Scale(zero=False))
    dash = alt.StrokeDash("city:N", title=say("words.city"), scale=alt.Scale(domain=called))
    chart = alt.layer(
        base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q", title=say("words.mean-rank")), y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(y=y, strokeDash=dash),
    ).properties(width=WIDTH - 100, height=320)
    return finished(chart, say, "convergence", count=len(called), draws=draws)


def _running(
    ranks: np.ndarray[tuple[int, ...], np.dtype[np.float64]], at: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Return mean and standard error of the first so many draws, those without the city (0) left aside."""
    there = ranks > 0
    count = np.maximum(np.cumsum(there), 1)[at - 1]
    total, squares = np.cumsum(ranks)[at - 1], np.cumsum(ranks**2)[at - 1]
    mean = total / count
    variance = np.maximum(squares / count - mean**2, 0.0) * count / np.maximum(count - 1, 1)
    return mean, np.sqrt(variance / count)
