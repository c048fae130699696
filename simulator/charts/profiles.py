"""Where one city stands beside its peers."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import xarray as xr

from simulator import names
from simulator.charts.grammar import BLACK, BLUE, GREY, LIGHT_BLUE, ORANGE, WIDTH, Chart, finished, rows, told
from simulator.texts import texts


def profile(
    told_of: xr.Dataset, *, language: str = "en", cities: Sequence[str] = (), level: str | None = None
) -> Chart:
    """Return the place of a city among its peers in every member of a level, from strongest to weakest.

    Places compare between members whose scores do not; the scores are in the tooltips.

    Parameters
    ----------
    told_of
        What `simulator.profile` returns.
    language
        `en` or `zh`.
    cities
        Has no part here: the profile is of one city.
    level
        A level such as `dimension` or `variable`; the one below the index if not given.
    """
    say = texts(language)
    levels = list(dict.fromkeys(str(one) for one in told_of[names.LEVEL].values[::-1]))
    level = levels[min(1, len(levels) - 1)] if level is None else level
    there = (told_of[names.LEVEL].values == level) & (told_of[names.PEER_RANK].values > 0)
    part = told_of.isel({names.SLOT: np.flatnonzero(there)})
    part = part.isel({names.SLOT: np.argsort(part[names.STRENGTH].values, kind="stable")})
    order = say.labels(part, names.SLOT)
    city = city_label(told_of, language)
    peers = int(told_of[names.PEER].sum())
    count = part[names.PEER_COUNT].values
    data = rows(
        {
            "member": order,
            "place": part[names.PEER_RANK].values,
            "middle": (1 + count) / 2.0,
            "count": count,
            "rank": part[names.RANK].values,
            "score": part[names.SCORE].values,
            "median": part[names.PEER_MEDIAN].values,
            "best": part[names.PEER_BEST].values,
            "side": [
                say("words.above-middle" if own <= (1 + of) / 2.0 else "words.below-middle")
                for own, of in zip(part[names.PEER_RANK].values, count, strict=True)
            ],
        }
    )
    tooltip = [
        told("member", say("words.member")),
        told("place", say("words.rank-among-peers"), "d"),
        told("count", say("words.peers"), "d"),
        told("rank", say("words.rank"), "d"),
        told("score", say("words.score"), ".5~g"),
        told("median", say("words.median-of-peers"), ".5~g"),
        told("best", say("words.best-of-peers"), ".5~g"),
    ]
    scale = alt.Scale(domain=[peers + 0.5, 0.5], nice=False)
    step = 5 if peers > 12 else 1
    x = alt.X(
        "place:Q",
        scale=scale,
        title=say("words.rank-among-peers"),
        axis=alt.Axis(format="d", values=sorted({1, *range(step, peers + 1, step)}), orient="top"),
    )
    y = alt.Y("member:N", sort=order, title=None, axis=alt.Axis(grid=False, ticks=False))
    base = alt.Chart(data).encode(y=y, tooltip=tooltip)
    sides = [say("words.above-middle"), say("words.below-middle")]
    color = alt.Color(
        "side:N", title=None, scale=alt.Scale(domain=sides, range=[BLUE, ORANGE]), legend=alt.Legend(orient="top")
    )
    shape = alt.Shape(
        "side:N",
        title=None,
        scale=alt.Scale(domain=sides, range=["circle", "diamond"]),
        legend=alt.Legend(orient="top"),
    )
    chart = alt.layer(
        base.mark_rule(color=LIGHT_BLUE, strokeWidth=4).encode(x=x, x2="middle:Q"),
        base.mark_tick(color=GREY, thickness=2, height=12).encode(x=alt.X("middle:Q")),
        base.mark_point(filled=True, size=80, opacity=1).encode(x=alt.X("place:Q"), color=color, shape=shape),
        base.mark_text(dx=0, dy=-11, fontSize=10, color=BLACK).encode(x=alt.X("place:Q"), text="place:Q"),
    ).properties(width=WIDTH - 140, height=alt.Step(34))
    whose = say.term(str(told_of.attrs["group"])) if told_of.attrs["peers"] else say("words.all-cities")
    return finished(chart, say, "profile", city=city, count=len(order), peers=peers, whose=whose)


def city_label(told_of: xr.Dataset, language: str) -> str:
    """Return what the city of a profile is called."""
    say = texts(language)
    return say.labels(told_of, names.CITY)[int(np.flatnonzero(told_of[names.CITY].values == told_of.attrs["city"])[0])]
