"""Consensus of rankings and rank reversal, as tables for a terminal and as flat files."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group
from rich.text import Text

from simulator import names
from simulator.report.figures import span
from simulator.report.frames import city_columns, spread
from simulator.report.screen import percent, plain_table


def consensus_view(found: xr.Dataset) -> Group:
    """Return the rank of each city by the median order, by Borda and by Copeland, in the order of the first."""
    table = plain_table("Median", "City", "In all medians", "Borda", "Copeland", right=(0, 2, 3, 4))
    for city in np.argsort(found[names.KEMENY_RANK].values, kind="stable"):
        row = found.isel({names.CITY: city})
        best, worst = int(row[names.KEMENY_RANK_BEST]), int(row[names.KEMENY_RANK_WORST])
        table.add_row(
            str(int(row[names.KEMENY_RANK])),
            str(row[names.CITY].item()),
            span(best, worst),
            str(int(row[names.BORDA_RANK])),
            str(int(row[names.COPELAND_RANK])),
        )
    return Group(table, *(Text(line) for line in _told(found)))


def _told(found: xr.Dataset) -> Iterable[str]:
    winner = found.attrs["condorcet_winner"]
    yield f"{winner} beats every other city by majority." if winner else "No city beats every other by majority."
    optima = found.attrs["optima"]
    if optima == "unique":
        yield "One median order is proven the only one."
    elif "optima_count" in found.attrs:
        yield f"{int(found.attrs['optima_count']):,} orders are equally good medians; the first is shown."
    elif optima == "several":
        yield "There are more median orders than the one shown; how many was not counted."
    else:
        yield "Another order may be as good as the one shown, or better: the search was ended before its proof."
    ranks = found[names.VOTER_RANK].values
    same = ranks.shape[1] - np.unique(ranks, axis=1).shape[1]
    if found.attrs["voters"] == "results":
        yield "A result votes with its ranks with nothing varied: its index and recipe count, its factors do not."
        if same:
            yield f"So {same} of these {ranks.shape[1]} voters ranks as another does."
    against, tied = _contradicted(found)
    yield f"The median order contradicts {percent(against)} of the preferences of its {ranks.shape[1]} voters."
    if tied > 0.0:
        yield f"Pairs that a voter has equal are no preference; they are {percent(tied)} of all pairs by weight."


def _contradicted(found: xr.Dataset) -> tuple[float, float]:
    """Return the share of the preferences that the median order contradicts, and the share of all pairs that tie."""
    preferred = found[names.PREFERRED].values
    order = np.argsort(found[names.KEMENY_RANK].values, kind="stable")
    strict = float(preferred.sum())
    against = float(np.tril(preferred[np.ix_(order, order)]).sum())
    pairs = len(preferred) * (len(preferred) - 1) / 2
    whole = float(found[names.VOTER_WEIGHT].sum()) * pairs
    return against / strict if strict > 0.0 else 0.0, max(1.0 - strict / whole, 0.0) if whole > 0.0 else 0.0


def consensus_frame(found: xr.Dataset) -> pd.DataFrame:
    """Return a consensus as a table: a row for each city with its scores and ranks, and its rank by each voter."""
    columns = (
        names.KEMENY_RANK,
        names.KEMENY_RANK_BEST,
        names.KEMENY_RANK_WORST,
        names.BORDA,
        names.BORDA_RANK,
        names.COPELAND,
        names.COPELAND_RANK,
    )
    return pd.DataFrame({**city_columns(found, columns), **spread(found, names.VOTER_RANK)})


def reversal_view(found: xr.Dataset) -> Group:
    """Return the pairs that swap most often when another city is left out, and how many do in all."""
    table = plain_table("City", "Swaps with", "For so many cities left out", right=(2,))
    for pair in range(found.sizes[names.PAIR]):
        row = found.isel({names.PAIR: pair})
        cells = (row[name].item() for name in (names.SWAPPED_CITY, names.SWAPPED_OTHER, names.SWAPPED_TIMES))
        table.add_row(*(str(cell) for cell in cells))
    swaps, share = int(found[names.PAIRS_SWAPPED].sum()), percent(float(found[names.SHARE_SWAPPED]), 2)
    ever = percent(float(found[names.SHARE_EVER_SWAPPED]), 2)
    lines = [f"Each city left out in turn: {swaps:,} swaps among the others, {share} of all pairs; {ever} ever swap."]
    if swaps:
        moved = found[names.PAIRS_SWAPPED].values
        most = int(np.argmax(moved))
        lines.append(f"Most of them without {found[names.LEFT_OUT].values[most]}: {moved[most]}.")
        return Group(table, *(Text(line) for line in lines))
    lines.append("Points kept as published do not change with the cities; --ties mean tells what remade ones would do.")
    return Group(*(Text(line) for line in lines))


def reversal_frame(found: xr.Dataset) -> pd.DataFrame:
    """Return every pair that swaps as a row, most often first, with the ranks of both; the better is the first."""
    rank, times = found[names.RANK_NOMINAL].values, found[names.TIMES_SWAPPED].values
    better, worse = np.nonzero((rank[:, np.newaxis] < rank) & (times > 0))
    often = times[better, worse]
    order = np.lexsort((rank[worse], rank[better], -often))
    better, worse = better[order], worse[order]
    called = found[names.CITY].values
    return pd.DataFrame(
        {
            names.SWAPPED_CITY: called[better],
            names.RANK: rank[better],
            names.SWAPPED_OTHER: called[worse],
            names.RANK_OTHER: rank[worse],
            names.SWAPPED_TIMES: often[order],
        }
    )


def confidence_view(found: xr.Dataset) -> Group:
    """Return the ranks that each city may truly have, in the order of its scores."""
    table = plain_table("Rank", "City", "May be", right=(0, 2))
    for city in np.argsort(found[names.RANK].values, kind="stable"):
        row = found.isel({names.CITY: city})
        low, high = int(row[names.RANK_LOW]), int(row[names.RANK_HIGH])
        table.add_row(str(int(row[names.RANK])), str(row[names.CITY].item()), span(low, high))
    level = percent(found.attrs["level"], 0)
    held = (
        "that all these sets hold together"
        if found.attrs["simultaneous"]
        else "that the set of a city holds its true rank"
    )
    value = found[names.CRITICAL_VALUE]
    largest = float(value.max())
    if largest == 0.0:
        return Group(
            table,
            Text("No difference of two scores has an error, so the ranks are certain; equal scores share theirs."),
        )
    return Group(
        table,
        Text(f"The chance {held} is {level} at least, where errors are normal and of the sizes given."),
        Text(f"Two scores differ for sure from {largest:.2f} standard errors of their difference on, at the most."),
    )


def confidence_frame(found: xr.Dataset) -> pd.DataFrame:
    """Return confidence sets as a table: a row for each city."""
    columns = (names.RANK, names.RANK_LOW, names.RANK_HIGH, names.CRITICAL_VALUE, names.CRITICAL_VALUE + names.SE)
    return pd.DataFrame(city_columns(found, columns))
