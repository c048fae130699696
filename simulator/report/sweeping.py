"""Sweeps as tables for a terminal and as flat files: every city and variable, quantities, or a list of scenarios."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group, RenderableType
from rich.text import Text

from simulator import names
from simulator.kernels.arrays import Integers
from simulator.provenance import ATTRIBUTE
from simulator.report.figures import number, signed, took
from simulator.report.frames import whole_numbers
from simulator.report.screen import chance, city_name, plain_table
from simulator.report.whatif import indicator_name
from simulator.whatif.sweeping import best_moves
from simulator.whatif.swept import sweep_table

MOST = 10
"""Moves that are shown of a city that is asked for."""

LEADING = 5
"""Variables that are named as those most often worthwhile."""

ALIKE = [names.PLACES, names.TOTAL_GAIN, names.RANK_GAIN]
"""In what moves are worth the same."""


def sweep_view(swept: xr.Dataset, only: Sequence[str] = (), allow: Sequence[str] = ()) -> Group:
    """Return the best moves of some cities, the best one of each city if none is named; and what steps down cost.

    Variables that no city has in its own hands are left out, unless they are in `allow`.
    """
    views: list[RenderableType] = []
    for downward in (False, True):
        moves = best_moves(swept, allow, downward)
        sign = -1 if downward else 1
        if not (sign * swept[names.PLACES].values > 0).any():
            continue
        views += _city_moves(swept, moves, only) if only else [_best_of_each(swept, moves)]
        if swept.sizes[names.CITY] > 1:
            views += [Text(line) for line in _most_often(swept, moves, downward)]
    return Group(*views, *(Text(line) for line in _sweep_notes(swept, allow)))


def _city_moves(swept: xr.Dataset, moves: pd.DataFrame, only: Sequence[str]) -> Iterator[RenderableType]:
    """Yield, for each city asked for, where it stands and its first moves."""
    for city in np.flatnonzero(np.isin(swept[names.CITY].values, list(only))):
        rank, total = (swept[name].values[city] for name in (names.RANK_BEFORE, names.TOTAL_BEFORE))
        yield Text(f"{city_name(swept, int(city))}: rank {rank}, total {number(float(total))}.")
        own = moves[moves[names.CITY] == swept[names.CITY].values[city]]
        if own.empty:
            yield Text("No step asked for changes its total or its rank.")
            continue
        table = plain_table(
            "Variable", "Step", "Places", "Points", "Total", "Rank", "", right=range(2, 7), spare=(4, 3)
        )
        for move in own.head(MOST).to_dict("records"):
            table.add_row(_variable(swept, move), *_cells(move, int(rank)))
        yield table


def _best_of_each(swept: xr.Dataset, moves: pd.DataFrame) -> RenderableType:
    """Return the first move of every city, and how many others of the same city are worth the same."""
    headings = ("Rank", "City", "Variable", "Step", "Places", "Points", "Total", "Rank", "", "As good")
    table = plain_table(*headings, right=[0, *range(4, 10)], spare=(9, 6, 5, 4))
    for city, own in moves.groupby(names.CITY, sort=False):
        place = swept[names.CITY].values.tolist().index(city)
        best: dict[Any, Any] = own.iloc[0].to_dict()
        alike = int((own[ALIKE] == own[ALIKE].iloc[0]).all(axis=1).sum()) - 1
        rank = int(swept[names.RANK_BEFORE].values[place])
        cells = [_variable(swept, best), *_cells(best, rank), f"{alike} more" if alike else ""]
        table.add_row(str(rank), city_name(swept, place), *cells)
    return table if table.row_count else Text("No step asked for changes the total or the rank of any city.")


def _variable(swept: xr.Dataset, move: dict[Any, Any]) -> str:
    return indicator_name(swept, swept[names.INDICATOR].values.tolist().index(move[names.INDICATOR]))


def _cells(move: dict[Any, Any], rank: int) -> list[str]:
    points, total = (signed(float(move[name])) for name in (names.POINTS_GAIN, names.TOTAL_GAIN))
    return [
        str(move[names.STEP]),
        f"{int(move[names.PLACES]):+d}",
        points,
        total,
        str(rank),
        f"→ {int(move[names.RANK_AFTER])}",
    ]


def _most_often(swept: xr.Dataset, moves: pd.DataFrame, downward: bool) -> Iterator[str]:
    """Yield the variables in which most cities gain, or lose, ranks."""
    ranked = moves[moves[names.RANK_GAIN] != 0]
    counts = Counter(ranked[names.INDICATOR].tolist()).most_common(LEADING)
    if not counts:
        yield f"No single step {'down costs' if downward else 'gains'} a rank."
        return
    cities = swept.sizes[names.CITY]
    told = ", ".join(f"{_variable(swept, {names.INDICATOR: leaf})} ({count})" for leaf, count in counts)
    verb = "loses" if downward else "gains"
    who = ranked[names.CITY].nunique()
    yield f"By a single step {who} of {cities} cities {'lose' if downward else 'gain'} a rank."
    yield f"Variables in which a city {verb} a rank most often, with the number of cities: {told}."


def _sweep_notes(swept: xr.Dataset, allow: Sequence[str]) -> Iterator[str]:
    sizes = [swept.sizes[axis] for axis in (names.CITY, names.INDICATOR, names.STEP)]
    yield (
        f"{sizes[0]:,} cities × {sizes[1]:,} variables × {sizes[2]:,} steps, one change at a time; the other cities "
        "and all other values stand still. First comes what gains most ranks per place, then most of the total."
    )
    yield "A place is a city really passed; a tied group is passed as a whole, and who is level is left behind."
    fixed = swept[names.INDICATOR].values[~swept[names.ACTIONABLE].values]
    left = [leaf for leaf in fixed.tolist() if leaf not in allow]
    if left:
        yield f"Not in a city's own hands, and left out here: {', '.join(left)} (--allow takes them in)."


def quantity_view(swept: xr.Dataset, only: Sequence[str] = ()) -> Group:
    """Return, for each quantity, rank and total of each city after each change, who gains most first."""
    chosen = np.arange(swept.sizes[names.CITY])
    if only:
        chosen = chosen[np.isin(swept[names.CITY].values, list(only))]
    views: list[RenderableType] = []
    for place, quantity in enumerate(swept[names.QUANTITY].values):
        views += [Text(f"{quantity}:"), _quantity_table(swept.isel({names.QUANTITY: place}), chosen)]
    return Group(*views, *(Text(line) for line in _quantity_notes(swept)))


def _quantity_table(swept: xr.Dataset, chosen: Integers) -> RenderableType:
    steps = [str(step) for step in swept[names.STEP].values]
    headings = [step[:1].upper() + step[1:] for step in steps]
    table = plain_table("City", "Rank", *headings, right=range(1, 2 + len(steps)))
    last, gain = (swept[name].values[:, -1] for name in (names.RANK_GAIN, names.TOTAL_GAIN))
    for city in chosen[np.lexsort((chosen, -gain[chosen], -last[chosen]))]:
        cells: list[str] = []
        for step in range(len(steps)):
            row = swept.isel({names.CITY: city, names.STEP: step})
            rank, gained, total = (row[n].item() for n in (names.RANK_AFTER, names.RANK_GAIN, names.TOTAL_GAIN))
            cells.append(f"→ {rank} {gained:+3d} {signed(total):>7}" if rank else "unknown")
        table.add_row(city_name(swept, int(city)), str(swept[names.RANK_BEFORE].values[city]), *cells)
    return table


def _quantity_notes(swept: xr.Dataset) -> Iterator[str]:
    yield "Rank after the change, ranks gained, total gained: one city, one quantity at a time; all others stand still."
    told = swept[names.WHY_NOT].values
    for place, quantity in enumerate(swept[names.QUANTITY].values):
        lost = (told[:, place] != "").any(axis=1)
        if lost.any():
            who = ", ".join(swept[names.CITY].values[lost].tolist())
            reasons = [reason for reason in told[:, place].ravel() if reason]
            yield f"{quantity} of {int(lost.sum())} cities cannot be worked out ({reasons[0]}): {who}."


def batch_view(found: xr.Dataset, seconds: float | None = None) -> Group:
    """Return a row for each scenario and the city it is asked for, who gains most first; then each in words."""
    table = batch_frame(found)
    lines = [*_of_scenarios(found, table), *_without_answer(found), *_draws_line(found, seconds)]
    return Group(_batch_table(found, table), *(Text(line) for line in lines))


SHOWN = {
    names.RANK_MEAN: "Mean rank",
    f"{names.GAIN_CHANCE}_1": "Gains",
    f"{names.LOSS_CHANCE}_1": "Loses",
    names.GAIN_MEAN: "Mean gain",
    names.PLAN_EFFORT: "Effort",
    names.PLAN_CHANCE: "Success",
}
"""Figures that stand behind ranks and totals, where any scenario has them."""


def _batch_table(found: xr.Dataset, table: pd.DataFrame) -> RenderableType:
    asked = table[table[names.ASKED_FOR] != ""]
    further = [name for name in SHOWN if name in asked and asked[name].notna().any()]
    headings = ["Scenario", "City", "Rank", "", "Total", "", *(SHOWN[name] for name in further)]
    view = plain_table(*headings, right=range(2, len(headings)))
    cities = found[names.CITY].values.tolist()
    for row in _by_gain(asked).to_dict("records"):
        if row[names.FAULT]:
            continue
        total, gain = row[names.TOTAL_AFTER], row[names.TOTAL_AFTER] - row.get(names.TOTAL_BEFORE, np.nan)
        cells = [str(row[names.RANK_BEFORE]), f"→ {row[names.RANK_AFTER]}", number(total)]
        cells += ["" if np.isnan(gain) else signed(gain), *(_figure(name, row[name]) for name in further)]
        view.add_row(row[names.SCENARIO_NAME], city_name(found, cities.index(row[names.CITY])), *cells)
    return view if view.row_count else Text("")


def _figure(name: str, value: float) -> str:
    """Return a figure over draws; nothing where it is not defined."""
    if np.isnan(value):
        return ""
    if name == names.PLAN_EFFORT:
        return number(value)
    if name in (names.RANK_MEAN, names.GAIN_MEAN):
        return f"{value:.1f}" if name == names.RANK_MEAN else f"{value:+.2f}"
    return chance(value)


def _by_gain(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows by scenario in the order given, within each by the ranks and then by the total that are gained."""
    order = table[names.SCENARIO_NAME].map({one: k for k, one in enumerate(table[names.SCENARIO_NAME].unique())})
    ranks = table[names.RANK_AFTER] - table[names.RANK_BEFORE]
    before = table.get(names.TOTAL_BEFORE, np.nan)
    totals = (before - table[names.TOTAL_AFTER]).fillna(0.0)
    return table.iloc[np.lexsort((totals, ranks, order))]


def _of_scenarios(found: xr.Dataset, table: pd.DataFrame) -> Iterator[str]:
    """Yield who gains most by each scenario that is told of several cities, and how far its draws move a city."""
    for name, rows in _by_gain(table[table[names.FAULT] == ""]).groupby(names.SCENARIO_NAME, sort=False):
        if len(rows) < 2:
            continue
        gain = rows[names.RANK_BEFORE] - rows[names.RANK_AFTER]
        told = [f"{_count(gain > 0)} of {len(rows)} cities gain ranks{_most(found, rows, gain)}"]
        told.append(f"{_count(gain < 0)} lose ranks{_most(found, rows[::-1], -gain[::-1])}")
        shift = rows[names.MEAN_SHIFT].iloc[0] if names.MEAN_SHIFT in rows else np.nan
        if not np.isnan(shift) and (rows[names.ASKED_FOR] == "").all():
            error = rows[names.MEAN_SHIFT + names.SE].iloc[0]
            told.append(f"over the draws a city moves {shift:.2f} places on average (standard error {error:.3f})")
        yield f"{name}: {'; '.join(told)}."


def _count(which: pd.Series[bool]) -> str:
    return str(int(which.sum())) if which.any() else "none"


def _most(found: xr.Dataset, rows: pd.DataFrame, gain: pd.Series[int]) -> str:
    """Return who has the largest gain, if any has one: the first of equal ones."""
    if gain.max() <= 0:
        return ""
    who = rows[names.CITY].iloc[int(gain.argmax())]
    return f", most of all {city_name(found, found[names.CITY].values.tolist().index(who))} ({gain.max()})"


def _without_answer(found: xr.Dataset) -> Iterator[str]:
    for label, fault in zip(found[names.SCENARIO].values, found[names.FAULT].values, strict=True):
        if fault:
            yield f"No answer: {label}: {fault}"


def _draws_line(found: xr.Dataset, seconds: float | None) -> Iterator[str]:
    entries = zip(*(found[name].values for name in (names.SCENARIO_NAME, ATTRIBUTE, names.DRAWS)), strict=True)
    # A study that changes nothing is run once for all cities it is asked for.
    draws = sum(int(count) for _, _, count in set(entries))
    if draws:
        yield f"{draws:,} draws in all{took(seconds)}; each scenario has the seed of its own, or the one given."
    else:
        yield f"Without draws{took(seconds)}: no chances. --draws 10000 tells them."


def batch_frame(found: xr.Dataset) -> pd.DataFrame:
    """Return several scenarios as a table of one row for each, of the city it is asked for.

    A scenario that is asked for no city has a row for each city that it ranks. Columns are `scenario_name`,
    `asked_for`, `city`, ranks and totals before and after, the figures over draws (chances of so many places as
    `gain_chance_1`), and `fault`. What is not defined is empty.
    """
    cities = found[names.CITY].values.tolist()
    asked, faults = found[names.ASKED_FOR].values, found[names.FAULT].values
    ranked = found[names.RANK_AFTER].values > 0
    who = [
        [cities.index(city)] if city in cities else [] if fault else np.flatnonzero(ranked[row]).tolist()
        for row, (city, fault) in enumerate(zip(asked, faults, strict=True))
    ]
    rows = np.repeat(np.arange(len(who)), [len(own) for own in who])
    column = np.array([city for own in who for city in own], np.int64)
    table = {
        names.SCENARIO_NAME: found[names.SCENARIO_NAME].values[rows],
        names.ASKED_FOR: asked[rows],
        names.CITY: found[names.CITY].values[column],
    }
    for name, one in found.data_vars.items():
        if names.AT_LEAST in one.dims:
            of_steps = one.values[rows, column]
            steps = found[names.AT_LEAST].values
            table |= {_of_step(str(name), step): of_steps[:, place] for place, step in enumerate(steps)}
        else:
            table[str(name)] = one.values[rows, column] if names.CITY in one.dims else one.values[rows]
    return pd.DataFrame(table)


def _of_step(name: str, step: int) -> str:
    """Return the column of a chance of so many places, such as `gain_chance_1_se`."""
    return f"{name.removesuffix(names.SE)}_{step}{names.SE if name.endswith(names.SE) else ''}"


def sweep_frame(swept: xr.Dataset) -> pd.DataFrame:
    """Return a sweep as a flat table: a row for each city, each variable or quantity, and each step."""
    return whole_numbers(sweep_table(swept))
