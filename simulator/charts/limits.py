"""What weights can do to ranks: best and worst rank of each city, and the least change that overtakes it."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import xarray as xr

from simulator import names
from simulator.charts.grammar import (
    BLACK,
    BLUE,
    HALF,
    LIGHT_BLUE,
    ORANGE,
    ROW,
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
from simulator.extremes.swaps import overtaken
from simulator.texts import texts


def extremes(found: xr.Dataset, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
    """Return a band from the best to the worst rank that any allowed weights give each city, with the nominal rank.

    Parameters
    ----------
    found
        What `simulator.extreme_ranks` or `simulator.rank_limits` returns.
    language
        `en` or `zh`.
    cities
        Some cities, by any of their names; all if not given.
    """
    say = texts(language)
    part = in_order(chosen(found, cities), names.RANK_NOMINAL)
    order = say.labels(part, names.CITY)
    last = int(part[names.RANK_WORST].max())
    proven = part[names.BEST_PROVEN].values & part[names.WORST_PROVEN].values
    data = rows(
        {
            "city": order,
            "nominal": part[names.RANK_NOMINAL].values,
            "best": part[names.RANK_BEST].values,
            "worst": part[names.RANK_WORST].values,
            "left": part[names.RANK_BEST].values - HALF,
            "right": part[names.RANK_WORST].values + HALF,
            "proven": [say("words.yes" if one else "words.no") for one in proven],
        }
    )
    tooltip = [
        told("city", say("words.city")),
        told("nominal", say("words.nominal-rank"), "d"),
        told("best", say("words.best-rank"), "d"),
        told("worst", say("words.worst-rank"), "d"),
        told("proven", say("words.proven")),
    ]
    base = alt.Chart(data).encode(y=city_axis(order, say), tooltip=tooltip)
    ends = base.mark_tick(color=BLUE, thickness=2, height=10)
    chart = alt.layer(
        base.mark_bar(color=LIGHT_BLUE, height=9).encode(
            x=alt.X("left:Q", title=say("words.rank"), scale=rank_scale(last), axis=rank_axis(last)), x2="right:Q"
        ),
        ends.encode(x=alt.X("best:Q")),
        ends.encode(x=alt.X("worst:Q")),
        base.mark_point(shape="diamond", filled=True, color=ORANGE, opacity=1, size=38).encode(x=alt.X("nominal:Q")),
    ).properties(width=WIDTH, height=alt.Step(ROW))
    fixed = int((part[names.RANK_BEST] == part[names.RANK_WORST]).sum())
    return finished(chart, say, "extremes", count=len(order), fixed=fixed)


def weight_stability(found: xr.Dataset, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
    """Return a bar for each city: the least share of all weight that changes hands until a city behind is level.

    Parameters
    ----------
    found
        What `simulator.weight_stability` returns.
    language, cities
        As in `extremes`.
    """
    say = texts(language)
    part = in_order(chosen(found, cities), names.RANK_NOMINAL)
    order = say.labels(part, names.CITY)
    called = dict(zip(found[names.CITY].values.tolist(), say.labels(found, names.CITY), strict=True))
    least = [overtaken(found, str(city)) for city in part[names.CITY].values]
    shift = np.array([one for one, _ in least])
    data = rows(
        {
            "city": order,
            "rank": part[names.RANK_NOMINAL].values,
            "shift": shift,
            "rival": [called.get(rival, say("words.nobody")) for _, rival in least],
        }
    )
    tooltip = [
        told("city", say("words.city")),
        told("rank", say("words.nominal-rank"), "d"),
        told("shift", say("words.weight-that-changes-hands"), ".2%"),
        told("rival", say("words.overtaken-by")),
    ]
    x = alt.X(
        "shift:Q",
        title=say("words.weight-that-changes-hands"),
        axis=alt.Axis(format=".1~%", orient="top"),
        scale=alt.Scale(zero=True),
    )
    base = alt.Chart(data).encode(y=city_axis(order, say), tooltip=tooltip)
    label = base.mark_text(align="left", dx=4, color=BLACK, fontSize=10)
    chart = alt.layer(
        base.mark_bar(color=BLUE, height=9).encode(x=x),
        label.encode(x=alt.X("shift:Q"), text="rival:N"),
    ).properties(width=WIDTH - 60, height=alt.Step(ROW))
    return finished(chart, say, "weight-stability", count=len(order), never=int(np.isnan(shift).sum()))
