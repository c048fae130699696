"""What no choice of weights can change, as tables for a terminal and as flat files."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group
from rich.table import Table
from rich.text import Text

from simulator import names
from simulator.extremes.swaps import overtaken
from simulator.report.figures import plural
from simulator.report.frames import city_columns, spread
from simulator.report.screen import chance, percent, plain_table

ROUNDING = 1e-9
"""Difference of shares that is rounding only."""

FIRST = 10
"""Ranks that count as being among the first, where there are more."""

NEVER, UNSEEN = "never first", "not seen first"

CALLED = {
    names.RANK_ACCEPTABILITY: "shares of ranks",
    names.CENTRAL_WEIGHT: "weights when first",
    names.PAIR_WIN: "chances of pairs",
    names.EXPECTED_RANK: "mean ranks",
}
"""What the figures of acceptability are called in words."""


def extremes_view(
    extremes: xr.Dataset, stability: xr.Dataset, seconds: float | None = None, leader: bool = False
) -> Group:
    """Return best and worst rank of each city over the weights, and what it takes to lose its place to the next one.

    With `leader` also what costs the first city its lead.
    """
    table = plain_table("Rank", "City", "Best", "Worst", "To be overtaken, any weights", "By", right=(0, 2, 3, 4))
    rank = extremes[names.RANK_NOMINAL].values
    for city in np.argsort(rank, kind="stable"):
        row = extremes.isel({names.CITY: city})
        name = str(row[names.CITY].item())
        best, worst = (
            f"{int(row[found])}{'' if bool(row[proven]) else ' ?'}"
            for found, proven in ((names.RANK_BEST, names.BEST_PROVEN), (names.RANK_WORST, names.WORST_PROVEN))
        )
        table.add_row(str(rank[city]), name, best, worst, *_least(stability, name))
    told = (Text(line) for line in _closing(extremes, stability, seconds))
    return Group(table, *told, *([_leader_table(stability)] if leader else []))


def _least(stability: xr.Dataset, city: str) -> tuple[str, str]:
    """Return the least weight that has to change hands until another city comes ahead, and that city, in words."""
    shift, rival = overtaken(stability, city)
    return ("never", "") if np.isnan(shift) else (percent(shift, 2), rival)


def pair_view(pair: xr.Dataset) -> Group:
    """Return what makes two cities swap: each weight alone, and the nearest weights at which they are level.

    `pair` is what `simulator.extremes.swaps.weight_stability` returns, of one city and one other.
    """
    city, other = str(pair[names.CITY].item()), str(pair[names.OTHER_CITY].item())
    shift = float(pair[names.LEAST_SHIFT])
    if np.isnan(shift):
        return Group(Text(f"No weights make {city} and {other} swap: one is nowhere worse, or they are equal."))
    table = plain_table("Member", "Weight", "Change alone that swaps them", "Weight when level", right=(1, 2, 3))
    for member in range(pair.sizes[names.MEMBER]):
        row = pair.isel({names.MEMBER: member})
        at = percent(float(row[names.WEIGHT_AT_SWAP]), 2)
        alone = _points(float(row[names.SINGLE_CHANGE]))
        table.add_row(str(row[names.MEMBER_NAME_EN].item()), percent(float(row[names.NOMINAL_WEIGHT]), 2), alone, at)
    lines = [
        f"{city} and {other} are level already."
        if shift == 0.0
        else f"{city} and {other} are level when {percent(shift, 2)} of all weight changes hands, at the least.",
        "Weight when level: the nearest such weights in the Euclidean sense, "
        f"{float(pair[names.LEAST_CHANGE]):.4f} away (root of the sum of squared changes). A trifle more swaps them.",
        "Change alone: of this weight, while the others keep their proportions.",
    ]
    return Group(table, *(Text(line) for line in lines))


def pair_frame(pair: xr.Dataset) -> pd.DataFrame:
    """Return what makes two cities swap as a table: a row for each member."""
    own = {name: pair[name].values for name in (names.NOMINAL_WEIGHT, names.SINGLE_CHANGE, names.WEIGHT_AT_SWAP)}
    both = {name: pair[name].item() for name in (names.CITY, names.OTHER_CITY, names.LEAST_SHIFT, names.LEAST_CHANGE)}
    return pd.DataFrame({names.MEMBER: pair[names.MEMBER].values, **own}).assign(**both)


def _points(change: float) -> str:
    return "none" if np.isnan(change) else f"{100.0 * change:+.2f} points"


def _leader_table(stability: xr.Dataset) -> Table:
    """Return, for each member, the change of its weight alone at which the leader loses its place."""
    table = plain_table("Member", "Weight", "Change alone that costs the lead", "Then ahead", right=(1, 2))
    for member in range(stability.sizes[names.MEMBER]):
        row = stability.isel({names.MEMBER: member})
        told = _points(float(row[names.LEADER_SINGLE_CHANGE]))
        name = str(row[names.MEMBER_NAME_EN].item())
        table.add_row(name, percent(float(row[names.NOMINAL_WEIGHT])), told, str(row[names.LEADER_SINGLE_RIVAL].item()))
    return table


def _closing(extremes: xr.Dataset, stability: xr.Dataset, seconds: float | None) -> Iterable[str]:
    best, worst = extremes[names.RANK_BEST].values, extremes[names.RANK_WORST].values
    fixed = [str(city) for city in extremes[names.CITY].values[best == worst]]
    weights = extremes.attrs["weights"]
    yield f"Weights: {weights}. Every rank between best and worst need not be reached; none beyond is."
    if best.size == stability.sizes[names.CITY]:
        first = f"Could be first: {int((best == 1).sum())} of {best.size}."
        yield f"The same rank at all these weights: {', '.join(fixed) or 'none'}. {first}"
    leader, rival = str(stability[names.LEADER].item()), str(stability[names.LEADER_SHIFT_RIVAL].item())
    shift = percent(float(stability[names.LEADER_SHIFT]), 2)
    least = f"{shift} of all weight changes hands, at the least"
    if leader in extremes[names.CITY].values and np.isfinite(float(stability[names.LEADER_SHIFT])):
        yield f"The leader {leader} is level with {rival} when {least}, any weights allowed."
    proven = bool(extremes[names.BEST_PROVEN].all()) and bool(extremes[names.WORST_PROVEN].all())
    took = "" if seconds is None else f" In {seconds:.1f} s."
    yield ("All proven." if proven else "Marked ?: the search was ended before its proof.") + took


def extremes_frame(extremes: xr.Dataset, stability: xr.Dataset) -> pd.DataFrame:
    """Return extreme ranks as a table: a row for each city, with what overtakes it, and the weights at its extremes."""
    least = [overtaken(stability, str(city)) for city in extremes[names.CITY].values]
    by = {"to_be_overtaken": [shift for shift, _ in least], "overtaken_by": [rival for _, rival in least]}
    columns = (names.RANK_NOMINAL, names.RANK_BEST, names.RANK_WORST, names.BEST_PROVEN, names.WORST_PROVEN)
    weights = {**spread(extremes, names.WEIGHT_AT_BEST), **spread(extremes, names.WEIGHT_AT_WORST)}
    return pd.DataFrame({**city_columns(extremes, columns), **by, **weights})


def acceptability_view(found: xr.Dataset, level: str) -> Group:
    """Return how much of all weights puts each city first, among the first ten and at each end, and what favours it."""
    many = found.sizes[names.CITY] > FIRST
    headings = ["Rank", "City", "Mean rank", "First", *([f"Top {FIRST}"] if many else []), "Likeliest"]
    table = plain_table(*headings, "Weighs more when first", right=(0, 2, 3, *((4,) if many else ())))
    rank = found[names.RANK_NOMINAL].values
    for city in np.argsort(rank, kind="stable"):
        row = found.isel({names.CITY: city})
        shares = row[names.RANK_ACCEPTABILITY]
        likeliest = int(found[names.RANK].values[np.argmax(shares.values)])
        table.add_row(
            str(rank[city]),
            str(row[names.CITY].item()),
            f"{float(row[names.EXPECTED_RANK]):.1f}",
            _share(float(shares.sel({names.RANK: 1}))),
            *([_share(float(shares.sel({names.RANK: slice(1, FIRST)}).sum()))] if many else []),
            f"{likeliest}, {_share(float(shares.max()))}",
            _favouring(row),
        )
    return Group(table, *(Text(line) for line in _how_found(found, level)))


def _share(share: float) -> str:
    """Return a share of all weights; that all ranks together make 1 but for rounding does not count as less."""
    return chance(1.0 if share > 1.0 - ROUNDING else share)


def _favouring(of_city: xr.Dataset) -> str:
    """Return the member that weighs most, against its nominal weight, in the weights that put a city first."""
    weight = of_city[names.CENTRAL_WEIGHT].values
    if np.isnan(weight).any():
        return UNSEEN if bool(of_city[names.CAN_BE_FIRST]) else NEVER
    most = int(np.argmax(weight - of_city[names.NOMINAL_WEIGHT].values))
    return f"{of_city[names.MEMBER_NAME_EN].values[most]} {percent(float(weight[most]), 1)}"


def _how_found(found: xr.Dataset, level: str) -> Iterable[str]:
    several = plural(level, 2)
    yield f"All weights of the {several} that are not negative and add to 1 count alike; inside each, shares stay."
    if not found.attrs["sampled"]:
        yield "All figures are exact."
        return
    largest = float(found[names.RANK_ACCEPTABILITY + names.SE].max())
    yield "Weighs more when first: what gains most on its nominal weight in the mean of the weights that do it."
    told = {_favouring(found.isel({names.CITY: city})) for city in range(found.sizes[names.CITY])}
    meanings = {
        NEVER: "Never first: at no weights, proven.",
        UNSEEN: "Not seen first: at none of those drawn, but at some.",
    }
    if told & set(meanings):
        yield " ".join(meaning for word, meaning in meanings.items() if word in told)
    error = (
        f"no share has a standard error above {percent(largest, 2)}"
        if largest > 0.0
        else "all give the same ranks, so standard errors cannot be told"
    )
    yield f"{found.attrs['draws']:,} draws, seed {found.attrs['seed']}: {error}."
    yield f"Drawn: {_listed(found.attrs['sampled'])}; exact: {_listed(found.attrs['exact'])}."


def _listed(figures: str) -> str:
    return ", ".join(CALLED[name] for name in figures.split()) or "nothing"


def acceptability_frame(found: xr.Dataset) -> pd.DataFrame:
    """Return acceptabilities as a table: a row for each city, with a share for each rank and its central weights."""
    columns = (names.RANK_NOMINAL, names.EXPECTED_RANK, names.CONFIDENCE)
    shares = {**spread(found, names.RANK_ACCEPTABILITY), **spread(found, names.CENTRAL_WEIGHT)}
    return pd.DataFrame({**city_columns(found, columns), **shares})
