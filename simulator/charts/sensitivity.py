"""What a ranking hangs on: factors by their indices, members by importance and weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import xarray as xr

from simulator import names
from simulator.charts.grammar import BLACK, BLUE, GREY, LIGHT_BLUE, ORANGE, WIDTH, Chart, finished, rows, told
from simulator.errors import Fault, InputError
from simulator.lookup import find_cities
from simulator.texts import Texts, texts

MOST_FACTORS = 25
"""Factors that are shown, the most influential ones."""

NORMAL_95 = 1.96
"""Standard errors to either side that hold 95 % of a normal distribution."""

_ROW = 26


def sensitivity(found: xr.Dataset, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
    """Return bars of how much each factor moves the ranking, or the rank of one city, with 95 % intervals.

    Parameters
    ----------
    found
        What `simulator.influence`, `simulator.shapley` or `simulator.pawn` returns.
    language
        `en` or `zh`.
    cities
        One city, of whose rank is told; the mean rank shift if none is named.

    Raises
    ------
    InputError
        For more than one city, and one that the result does not have.
    """
    say = texts(language)
    output, whose = _output(found, cities, say)
    of_one = found.sel({names.OUTPUT: output})
    what = say("words.mean-shift") if whose is None else say("words.rank-of", city=whose)
    if names.SHAPLEY in found:
        return finished(_single(of_one, names.SHAPLEY, ".1%", say), say, "shapley", what=what)
    if names.PAWN_MEDIAN in found:
        return finished(_single(of_one, names.PAWN_MEDIAN, ".3f", say), say, "pawn", what=what)
    return finished(_orders(of_one, say), say, "sensitivity", what=what)


def _output(found: xr.Dataset, cities: Sequence[str], say: Texts) -> tuple[str, str | None]:
    if not cities:
        return names.MEAN_SHIFT, None
    if len(cities) > 1:
        raise InputError("city", [Fault("", f"one city has one chart, not {len(cities)}", "Name one.")])
    of_ranks = found.isel({names.OUTPUT: np.flatnonzero(found[names.QUANTITY].values == names.RANK)})
    by_city = of_ranks.swap_dims({names.OUTPUT: names.CITY})
    (city,) = find_cities(by_city, list(cities))
    return f"{names.RANK} {city}", say.labels(by_city, names.CITY)[by_city[names.CITY].values.tolist().index(city)]


def _orders(of_one: xr.Dataset, say: Texts) -> Chart:
    """Return first and total orders beside each other."""
    order = np.argsort(-of_one[names.TOTAL_ORDER].values, kind="stable")[:MOST_FACTORS]
    part = of_one.isel({names.FACTOR: order})
    called = factor_labels(part, say)
    kinds = ((names.FIRST_ORDER, "words.first-order"), (names.TOTAL_ORDER, "words.total-order"))
    columns: dict[str, list[object]] = {name: [] for name in ("factor", "order", "value", "low", "high", "moves")}
    for variable, title in kinds:
        columns["factor"] += called
        columns["order"] += [say(title)] * len(called)
        for field, end in (("value", ""), ("low", "_low"), ("high", "_high")):
            columns[field] += part[variable + end].values.tolist()
        columns["moves"] += part[names.MU_STAR].values.tolist()
    titles = [say(title) for _, title in kinds]
    y = alt.Y("factor:N", sort=called, title=None, axis=alt.Axis(grid=False, ticks=False))
    offset = alt.YOffset("order:N", sort=titles)
    tooltip = [
        told("factor", say("words.factor")),
        told("order", say("words.index")),
        told("value", say("words.share-of-variance"), ".3f"),
        told("low", say("words.low-95"), ".3f"),
        told("high", say("words.high-95"), ".3f"),
        told("moves", say("words.moves-by"), ".2f"),
    ]
    base = alt.Chart(rows(columns)).encode(y=y, yOffset=offset, tooltip=tooltip)
    x_title = say("words.share-of-variance")
    bars = base.mark_bar(height={"band": 0.9}).encode(
        x=alt.X("value:Q", title=x_title, scale=alt.Scale(zero=True)),
        color=alt.Color(
            "order:N",
            title=None,
            scale=alt.Scale(domain=titles, range=[LIGHT_BLUE, BLUE]),
            legend=alt.Legend(orient="top"),
        ),
    )
    whiskers = base.mark_rule(color=BLACK).encode(x=alt.X("low:Q", title=x_title), x2="high:Q")
    return alt.layer(bars, whiskers).properties(width=WIDTH - 120, height=alt.Step(_ROW / 2))


def _single(of_one: xr.Dataset, variable: str, form: str, say: Texts) -> Chart:
    """Return one index a factor; of PAWN indices also what chance gives."""
    order = np.argsort(-of_one[variable].values, kind="stable")[:MOST_FACTORS]
    part = of_one.isel({names.FACTOR: order})
    value, error = part[variable].values, part[variable + names.SE].values
    called = factor_labels(part, say)
    columns: dict[str, Any] = {
        "factor": called,
        "value": value,
        "error": error,
        "low": value - NORMAL_95 * error,
        "high": value + NORMAL_95 * error,
    }
    by_chance = names.PAWN_DUMMY in part
    if by_chance:
        columns["chance"] = part[names.PAWN_DUMMY].values
    title = say("words.pawn-median" if by_chance else "words.share-of-variance")
    tooltip = [
        told("factor", say("words.factor")),
        told("value", title, form),
        told("error", say("words.standard-error"), form),
        *([told("chance", say("words.by-chance"), form)] if by_chance else []),
    ]
    y = alt.Y("factor:N", sort=called, title=None, axis=alt.Axis(grid=False, ticks=False))
    base = alt.Chart(rows(columns)).encode(y=y, tooltip=tooltip)
    axis = alt.Axis(format=".0%") if form.endswith("%") else alt.Axis()
    marks = [
        base.mark_bar(color=LIGHT_BLUE, height=12).encode(x=alt.X("value:Q", title=title, axis=axis)),
        base.mark_rule(color=BLACK).encode(x=alt.X("low:Q"), x2="high:Q"),
    ]
    if by_chance:
        marks.append(base.mark_tick(color=ORANGE, thickness=3, height=14).encode(x=alt.X("chance:Q")))
    return alt.layer(*marks).properties(width=WIDTH - 120, height=alt.Step(_ROW * 0.8))


def factor_labels(found: xr.Dataset, say: Texts) -> list[str]:
    """Return what the factors of a result are called: words of methods in the language, members by their names."""
    chinese = say.language == "zh" and names.FACTOR_NAME_ZH in found.coords
    own = found[names.FACTOR_NAME_ZH if chinese else names.FACTOR_NAME].values.tolist()
    called = []
    for factor, name in zip(found[names.FACTOR].values.tolist(), own, strict=True):
        word, _, rest = str(name).partition(" ")
        if str(factor) in say.terms:
            called.append(say.term(str(factor)))
        elif word in say.terms and rest and not rest.startswith("+"):
            called.append(f"{say.term(word)}{say('words.colon')}{say.term(rest)}")
        else:
            called.append(" + ".join(say.term(part) for part in str(name).split(" + ")))
    return called


def importance(found: xr.Dataset, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
    """Return the share of importance of each member beside its nominal weight, joined by a line.

    Parameters
    ----------
    found
        What `simulator.importance` returns.
    language
        `en` or `zh`.
    cities
        Has no part here.
    """
    say = texts(language)
    part = found.isel({names.MEMBER: np.argsort(-found[names.IMPORTANCE_SHARE].values, kind="stable")})
    order = say.labels(part, names.MEMBER)
    data = rows(
        {
            "member": order,
            "weight": part[names.NOMINAL_WEIGHT].values,
            "share": part[names.IMPORTANCE_SHARE].values,
            "importance": part[names.IMPORTANCE].values,
            "shift": part[names.SHIFT_WITHOUT].values,
        }
    )
    tooltip = [
        told("member", say("words.member")),
        told("weight", say("words.nominal-weight"), ".1%"),
        told("share", say("words.importance-share"), ".1%"),
        told("importance", say("words.importance"), ".3f"),
        told("shift", say("words.shift-without"), ".2f"),
    ]
    y = alt.Y("member:N", sort=order, title=None, axis=alt.Axis(grid=False, ticks=False))
    base = alt.Chart(data).encode(y=y, tooltip=tooltip)
    title = say("words.share")
    titles = [say("words.nominal-weight"), say("words.importance-share")]
    scale = alt.Scale(domain=titles, range=[ORANGE, BLUE])
    shapes = alt.Scale(domain=titles, range=["diamond", "circle"])
    axis = alt.Axis(format=".0%", tickCount=8, labelFlush=False)  # flush labels are pushed into their neighbours
    marks = [base.mark_rule(color=GREY).encode(x=alt.X("weight:Q", title=title), x2="share:Q")]
    for field, one in (("weight", titles[0]), ("share", titles[1])):
        marks.append(
            base.mark_point(filled=True, size=70, opacity=1)
            .encode(
                x=alt.X(f"{field}:Q", title=title, axis=axis, scale=alt.Scale(zero=True)),
                color=alt.Color("what:N", title=None, scale=scale, legend=alt.Legend(orient="top")),
                shape=alt.Shape("what:N", title=None, scale=shapes, legend=alt.Legend(orient="top")),
            )
            .transform_calculate(what=alt.expr.toString(one))
        )
    chart = alt.layer(*marks).properties(width=WIDTH - 120, height=alt.Step(20))
    return finished(chart, say, "importance", count=len(order))
