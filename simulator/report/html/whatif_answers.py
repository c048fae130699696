"""What a what-if or a goal comes to, in words with the result's own numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.report.figures import number, signed
from simulator.report.html.answers import Answer, city_sentences, sampling
from simulator.report.html.tables import share_text
from simulator.report.html.told import Told

MOST_CHANGED: Final = 3
"""Cities whose changes are told one by one."""

MOST_FIGURES: Final = 6
"""Figures of a city that a sentence names."""


def whatif_answer(told: Told) -> Answer:
    """Return what a what-if or a goal comes to."""
    city = told.result.attrs["city"]
    certain = [*(_reached(told) if names.PLAN in told.result.dims else ()), *_after(told, city)]
    uncertain = [*_chances(told, city)] if told.has_draws else [told.say("report.answer.what-if-none")]
    if told.has_draws:
        uncertain.append(sampling(told))
    others = [slug for slug in told.cities if slug != city]
    cities = [sentence for slug in others for sentence in _after(told, slug)]
    if told.has_draws:
        cities += city_sentences(told)
    return Answer(list(_asked(told)), certain, uncertain, cities)


def _asked(told: Told) -> Iterator[str]:
    """Yield what changes, city by city: quantities where these do, places in variables where not."""
    changes = {slug: list(_changes(told, slug)) for slug in told.result[names.CITY].values.tolist()}
    changed = [position for position, several in enumerate(changes.values()) if several]
    if len(changed) > MOST_CHANGED:
        yield told.say.counted("report.answer.changed-many", len(changed), cities=told.listed(changed))
        return
    for slug, several in changes.items():
        if several:
            named = told.say("words.comma").join(several[:MOST_FIGURES])
            more = len(several) - MOST_FIGURES
            named += told.say("words.comma") + told.say("report.answer.more", count=more) if more > 0 else ""
            yield told.say("report.answer.changed", city=told.called[slug], changes=named)


def _changes(told: Told, slug: str) -> Iterator[str]:
    """Yield which quantities of a city change; where none does, the places of its variables that do."""
    own = told.result.sel({names.CITY: slug})
    say = told.say
    if own.sizes.get(names.QUANTITY):
        for place, quantity in enumerate(own[names.QUANTITY].values.tolist()):
            start, end, ratio = (
                float(own[name].values[place])
                for name in (names.QUANTITY_BEFORE, names.QUANTITY_AFTER, names.QUANTITY_RATIO)
            )
            if ratio == 1.0 or (np.isnan(ratio) and (start == end or np.isnan(start))):
                continue
            is_rate = str(own[names.QUANTITY_UNIT].values[place]) == "%"
            told_ratio = "" if np.isnan(ratio) or is_rate else f" ({100.0 * (ratio - 1.0):+.2f} %)"
            before, after = (say("words.unknown") if np.isnan(one) else number(one) for one in (start, end))
            yield say(
                "report.answer.changed-quantity",
                name=say.term(quantity) if quantity in say.terms else quantity.replace("-", " "),
                before=before,
                after=after,
                ratio=told_ratio.replace(" %", "%") if say.language == "zh" else told_ratio,
            )
        return
    called = say.labels(told.result, names.INDICATOR)
    moves = own[names.VALUE_BEFORE].values != own[names.VALUE_AFTER].values
    for leaf in np.flatnonzero((own[names.EFFECT].values.astype(str) != "") & moves):
        places = (int(own[name].values[leaf]) for name in (names.PLACE_BEFORE, names.PLACE_AFTER))
        yield say("report.answer.changed-place", name=called[leaf], before=next(places), after=next(places))


def _after(told: Told, slug: str) -> Iterator[str]:
    """Yield rank and total of a city before and after, and who is passed; of no city how many move."""
    result, say = told.result, told.say
    if not slug:
        moved = int((result[names.RANK_BEFORE] != result[names.RANK_AFTER]).sum())
        yield say.counted("report.answer.what-if-moved", moved)
        return
    one = result.sel({names.CITY: slug})
    start, end = (float(one[name]) for name in (names.TOTAL_BEFORE, names.TOTAL_AFTER))
    yield say(
        "report.answer.what-if-rank",
        city=told.called[slug],
        before=int(one[names.RANK_BEFORE]),
        after=int(one[names.RANK_AFTER]),
        start=number(start),
        end=number(end),
        gain=signed(end - start),
    )
    passed = result[names.PASSED].sel({names.CITY: slug}).values
    passing = result[names.PASSED].sel({names.OTHER_CITY: slug}).values
    named = [told.listed(np.flatnonzero(one)) or say("words.nobody") for one in (passed, passing)]
    yield say("report.answer.what-if-passes", passed=named[0], passing=named[1])


def _chances(told: Told, slug: str) -> Iterator[str]:
    if not slug or names.GAIN_CHANCE not in told.result:
        return
    say = told.say
    own = told.result.sel({names.CITY: slug})
    better, worse = (float(own[name].values[0]) for name in (names.GAIN_CHANCE, names.LOSS_CHANCE))
    same = float(own[names.KEEP_CHANCE])
    shares = {key: share_text(one, say) for key, one in (("better", better), ("same", same), ("worse", worse))}
    yield say("report.answer.what-if-chances", **shares)
    error = float(own[names.GAIN_MEAN + names.SE])
    yield say(
        "report.answer.what-if-mean",
        mean=f"{float(own[names.GAIN_MEAN]):+.2f}",
        error=say("report.answer.error", error=f"{error:.3f}") if error > 0.0 else "",
        low=int(own[names.RANK_P05]),
        high=int(own[names.RANK_P95]),
    )
    if _likelihood_of_told(own, better, same, worse) < 0.5:
        yield say("report.answer.what-if-mind")


def _likelihood_of_told(own: xr.Dataset, better: float, same: float, worse: float) -> float:
    """Return the chance of what the ranks with nothing varied say: rising, falling, or staying."""
    fall = int(own[names.RANK_AFTER]) - int(own[names.RANK_BEFORE])
    return better if fall < 0 else worse if fall > 0 else same


def _reached(told: Told) -> Iterator[str]:
    """Yield what the first plan does, its chance of success, and whether it is proven."""
    result, say = told.result, told.say
    city, target = result.attrs["city"], int(result.attrs["target_rank"])
    one = result.sel({names.CITY: city})
    before, after = int(one[names.RANK_BEFORE]), int(one[names.RANK_AFTER])
    places = result[names.PLAN_PLACES].values[0]
    if not places.any():
        yield say("report.answer.reach-already", city=told.called[city], before=before, target=target)
        return
    start, end = (number(float(one[name])) for name in (names.TOTAL_BEFORE, names.TOTAL_AFTER))
    counts = {"places": int(places.sum()), "variables": int((places > 0).sum())}
    ranks = {"target": target, "before": before, "after": after}
    yield say("report.answer.reach", city=told.called[city], start=start, end=end, **counts, **ranks)
    if names.PLAN_CHANCE in result:
        chance, without = float(result[names.PLAN_CHANCE].values[0]), float(result[names.CHANCE_BEFORE])
        shares = {"chance": share_text(chance, say), "without": share_text(without, say)}
        yield say("report.answer.reach-chance", **shares)
    yield say("report.answer.proven" if result[names.PLAN_PROVEN].values.all() else "report.answer.unproven")
