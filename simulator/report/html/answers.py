"""What a study comes to, in words with the result's own numbers: what is certain, and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.analysis.stability import largest_error
from simulator.report.html.tables import share_text
from simulator.report.html.told import Told
from simulator.report.screen import best_first

SURE: Final = 0.95
"""Share of the draws from which on something counts as certain; below its complement as excluded."""

LEAST_SURE: Final = 3
"""Cities that are named where only the least sure are."""


@dataclass(frozen=True)
class Answer:
    """Sentences, under what they are about."""

    asked: Sequence[str] = ()
    certain: Sequence[str] = ()
    uncertain: Sequence[str] = ()
    cities: Sequence[str] = field(default=())


def stability_answer(told: Told) -> Answer:
    """Return what the draws of a study come to, group by group where it has groups."""
    certain: list[str] = []
    uncertain: list[str] = []
    for place, (group, members) in enumerate(_groups(told.result)):
        name = told.say.term(group)
        for found, sentences in ((certain, _certain(told, members)), (uncertain, _uncertain(told, members, place))):
            found += [told.say("report.answer.in-group", group=name, text=one) if group else one for one in sentences]
    return Answer(certain=certain, uncertain=[*uncertain, sampling(told)], cities=city_sentences(told))


def _groups(result: xr.Dataset) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Yield every group that is ranked, with the positions of its cities that took part, best first."""
    groups = result[names.GROUP].values.astype(str) if names.GROUP in result.coords else None
    there = result[names.DRAWS_WITH_CITY].values > 0
    for group in [""] if groups is None else dict.fromkeys(groups.tolist()):
        members = np.flatnonzero(there if groups is None else there & (groups == group))
        yield group, members[best_first(result[names.BASELINE_RANK].values[members])]


def top_of(count: int) -> int:
    """Return how many first places are worth telling among so many cities.

    >>> [top_of(count) for count in (4, 16, 60, 174)]
    [1, 3, 10, 20]
    """
    return max([top for top in names.TOPS if top <= count / 5] or [1])


def _certain(told: Told, members: np.ndarray[Any, Any]) -> Iterator[str]:
    result, say = told.result, told.say
    first = result["top_1"].values[members]
    if first.max() >= SURE:
        leader = int(members[first.argmax()])
        yield say("report.answer.first-certain", city=told.city(leader), share=share_text(float(first.max()), say))
    top = top_of(len(members))
    if top > 1:
        chances = result[f"top_{top}"].values[members]
        sure, out = members[chances >= SURE], int((chances < 1.0 - SURE).sum())
        if sure.size:
            told_sure = told.listed(sure, top)
            yield (
                say.counted("report.answer.top-sure", sure.size, top=top, cities=told_sure)
                + _space(told)
                + say.counted("report.answer.top-out", out)
                + (_space(told) + say("report.answer.top-settled") if sure.size + out == len(members) else "")
            )
    fixed = members[result[names.RANK_P05].values[members] == result[names.RANK_P95].values[members]]
    if fixed.size:
        yield say.counted("report.answer.fixed", fixed.size, cities=told.listed(fixed))
    if not _outside(told, members).size:
        yield say("report.answer.none-outside")


def _space(told: Told) -> str:
    return "" if told.say.language == "zh" else " "


def _uncertain(told: Told, members: np.ndarray[Any, Any], place: int) -> Iterator[str]:
    result, say = told.result, told.say
    first = result["top_1"].values[members]
    if first.max() < SURE:
        likely = members[np.argsort(-first, kind="stable")][: np.count_nonzero(first >= 1.0 - SURE)]
        yield say("report.answer.first-contested", cities=say.listed(_with_shares(told, "top_1", likely)))
    top = top_of(len(members))
    if top > 1:
        chances = result[f"top_{top}"].values[members]
        between = members[(chances < SURE) & (chances >= 1.0 - SURE)]
        likely = between[np.argsort(-result[f"top_{top}"].values[between], kind="stable")]
        named = say.listed(_with_shares(told, f"top_{top}", likely))
        if likely.size:
            yield say("report.answer.top-open", top=top, cities=named)
    yield from _apart_from_baseline(told, members, place)
    yield from _widest(told, members)
    if names.KEEP_TIER in result:
        kept = result[names.KEEP_TIER].values[members]
        least = members[np.argsort(kept, kind="stable")][:LEAST_SURE]
        named = say.listed(_with_shares(told, names.KEEP_TIER, least))
        yield say("report.answer.tiers", sure=int((kept >= SURE).sum()), count=len(members), cities=named)


def _with_shares(told: Told, name: str, cities: np.ndarray[Any, Any]) -> list[str]:
    shares = told.result[name].values
    return [
        told.say("report.answer.city-share", city=told.city(int(one)), share=share_text(float(shares[one]), told.say))
        for one in cities
    ]


def _apart_from_baseline(told: Told, members: np.ndarray[Any, Any], place: int) -> Iterator[str]:
    """Yield whose baseline rank the draws disagree with, and how far a city moves on average."""
    result, say = told.result, told.say
    outside = _outside(told, members)
    if outside.size:
        yield say.counted("report.answer.outside", outside.size, cities=told.listed(outside))
    shift, error, tau, rho = (
        float(np.atleast_1d(result[name].values)[place])
        for name in (names.MEAN_SHIFT, names.MEAN_SHIFT + names.SE, names.KENDALL, names.SPEARMAN)
    )
    with_error = say("report.answer.error", error=f"{error:.3f}") if error > 0.0 else ""
    yield (
        say("report.answer.shift", places=f"{shift:.2f}", error=with_error)
        + _space(told)
        + say("report.answer.agreement", tau=f"{tau:.3f}", rho=f"{rho:.3f}")
    )


def _outside(told: Told, members: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the cities whose baseline rank lies outside the interval of nine in ten draws."""
    baseline = told.result[names.BASELINE_RANK].values[members]
    low, high = (told.result[name].values[members] for name in (names.RANK_P05, names.RANK_P95))
    outside: np.ndarray[Any, Any] = members[(baseline > 0) & ((baseline < low) | (baseline > high))]
    return outside


def _widest(told: Told, members: np.ndarray[Any, Any]) -> Iterator[str]:
    low, high = (told.result[name].values[members] for name in (names.RANK_P05, names.RANK_P95))
    width = high - low + 1
    most = int(width.argmax())
    if width.min() > 1:
        yield told.say("report.answer.none-fixed")
    yield told.say(
        "report.answer.widest",
        city=told.city(int(members[most])),
        low=int(low[most]),
        high=int(high[most]),
        middle=int(np.ceil(np.median(width))),
    )


def sampling(told: Told) -> str:
    """Return how far chance moves the figures themselves."""
    if told.exact:
        return told.say("report.answer.exact", count=told.draws)
    error = share_text(largest_error(told.result), told.say, 2)
    return told.say("report.answer.sampling", error=error)


def city_sentences(told: Told) -> list[str]:
    """Return one sentence for each city that was asked about."""
    result, say = told.result, told.say
    sentences = []
    for slug in told.cities:
        one = result.sel({names.CITY: slug})
        if not int(one[names.DRAWS_WITH_CITY]):
            continue
        figures = {
            "rank": names.BASELINE_RANK,
            "median": names.RANK_MEDIAN,
            "low": names.RANK_P05,
            "high": names.RANK_P95,
            "lowest": names.RANK_LOWEST,
            "highest": names.RANK_HIGHEST,
        }
        values = {key: int(one[name]) for key, name in figures.items()}
        top = top_of(result.sizes[names.CITY])
        chance = share_text(float(one[f"top_{top}"]), say)
        sentences.append(
            say("report.answer.city", city=told.called[slug], **values)
            + _space(told)
            + say("report.answer.city-top", top=top, share=chance)
        )
    return sentences
