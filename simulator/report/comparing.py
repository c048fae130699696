"""Several results side by side, as a table for a terminal and as a flat table."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group
from rich.table import Table
from rich.text import Text

from simulator import names
from simulator.analysis.comparing import DRAWN, LEFT_ASIDE, Gain, most_moved
from simulator.kernels.arrays import Integers
from simulator.report.figures import signed
from simulator.report.screen import chance, city_name, plain_table, width_of

LONGEST = 60
"""Letters of a setting's value that are shown; the flat file of a scenario has them all."""

LAYOUTS = ((2, True), (1, True), (2, False), (1, False), (0, False))
"""Dimensions told of each city, and whether figures over draws are shown: the first that fits the width is taken."""


def comparing_view(compared: xr.Dataset, width: int, only: Sequence[str] = ()) -> Group:
    """Return a comparison as a table of the cities (or of some `only`) that fits a width, then the whole in words.

    Cities come by their largest move, then by how far their mean rank over the draws moves, then by rank.
    """
    letters = _letters(compared)
    called = compared[names.RESULT].values
    legend = (Text(f"{letter}  {name}") for letter, name in zip(letters, called, strict=True))
    chosen = _order(compared)
    chosen = chosen[np.isin(compared[names.CITY].values[chosen], list(only))] if only else chosen
    told = any(_why(compared, int(city), 1) for city in chosen)
    drawn = bool(np.isfinite(compared[names.RANK_MEDIAN].values).any())
    layouts = [(most if told else 0, draws and drawn) for most, draws in LAYOUTS]
    tables = ((_table(compared, chosen, most, draws), most, draws) for most, draws in layouts)
    fitting = (one for one in tables if width_of(one[0]) <= width)
    table, most, draws = next(fitting, (_table(compared, chosen, *layouts[-1]), *layouts[-1]))
    left_out = [
        name
        for name, held, shown in (("figures over draws", drawn, draws), ("dimensions", told, most))
        if held and not shown
    ]
    notes = [Text(f"Too wide for this screen: {' and '.join(left_out)}; --csv has them.")] if left_out else []
    asked = [Text(line) for line in _what_if_lines(compared, letters, only)]
    return Group(*legend, table, *notes, *asked, *(Text(line) for line in closing_lines(compared)))


def _what_if_lines(compared: xr.Dataset, letters: Sequence[str], only: Sequence[str]) -> Iterator[str]:
    """Yield, of each what-if, what its own change gains: for the city it is asked for, and for some `only`."""
    for number, letter in enumerate(letters):
        row = compared.isel({names.RESULT: number})
        if not str(row[names.ASKED].item()):
            continue
        cities = dict.fromkeys([str(row[names.ASKED_FOR].item()), *only])
        told = [_own_gain(row.sel({names.CITY: city})) for city in cities if city in row[names.CITY].values]
        yield f"{letter} asks what if {row[names.ASKED].item()}{': ' if told else ''}{'; '.join(told)}."


def _own_gain(place: xr.Dataset) -> str:
    """Return what a what-if gains for a city, in words."""
    after = int(place[names.RANK])
    gained = f"{int(place[names.RANK_GAIN]):+d} places" if float(place[names.RANK_GAIN]) else "the same rank"
    told = f"{place[names.CITY].item()} rank {after}, {gained}, total {signed(float(place[names.TOTAL_GAIN]))}"
    better, worse = (float(place[name]) for name in (names.GAIN_CHANCE, names.LOSS_CHANCE))
    return told if np.isnan(better) else f"{told}, better in {chance(better)} of its draws, worse in {chance(worse)}"


def closing_lines(compared: xr.Dataset) -> Iterator[str]:
    """Yield how far each result moves the first ranking, in which settings they differ, and what is not compared."""
    letters = _letters(compared)
    for number in range(1, len(letters)):
        yield _movement(compared, number, letters)
        yield from _movement_over_draws(compared, number, letters)
    for setting, values in zip(compared[names.SETTING].values, compared[names.SETTING_VALUE].values, strict=True):
        told = ", ".join(f"{_short(value)} ({letter})" for value, letter in zip(values, letters, strict=True))
        yield f"{setting}: {told}."
    if not compared.sizes[names.SETTING]:
        yield "The scenarios differ in no setting."
    yield from _warnings(compared, letters)


def comparing_frame(compared: xr.Dataset) -> pd.DataFrame:
    """Return a comparison as a table of one row for each city and result, cities by their largest move.

    Columns are `city`, `result`, `rank`, `rank_move`, `total`, the figures over draws with their standard errors, then
    rank and places gained within each node (`economic-strength_rank`, `economic-strength_rank_move`), and the
    coordinates of the city. What is not defined is empty.
    """
    figures = [names.RANK, names.RANK_MOVE, names.TOTAL, *(name + end for name in DRAWN for end in ("", names.SE))]
    described = [name for name in compared.coords if compared[name].dims == (names.CITY,) and name != names.CITY]
    cities, results = compared.sizes[names.CITY], compared.sizes[names.RESULT]
    order = _order(compared)
    of_nodes = {
        f"{node}_{ending}": compared[name].values[order, number].ravel()
        for number, node in enumerate(compared[names.NODE].values)
        for ending, name in ((names.RANK, names.NODE_RANK), (names.RANK_MOVE, names.NODE_RANK_MOVE))
    }
    table = pd.DataFrame(
        {
            names.CITY: np.repeat(compared[names.CITY].values[order], results),
            names.RESULT: np.tile(compared[names.RESULT].values, cities),
            **{name: compared[name].values[order].ravel() for name in figures},
            **of_nodes,
            **{str(name): np.repeat(compared[name].values[order], results) for name in described},
        }
    )
    return table.astype(dict.fromkeys(of_nodes, "Int64"))


def _letters(compared: xr.Dataset) -> list[str]:
    """Return a short name for each result: A, B, …, Z, AA, BB and so on."""
    alphabet = string.ascii_uppercase
    return [alphabet[k % 26] * (k // 26 + 1) for k in range(compared.sizes[names.RESULT])]


def _order(compared: xr.Dataset) -> Integers:
    """Return the positions of the cities by their largest move."""
    most = np.abs(compared[names.RANK_MOVE].values).max(axis=1)
    means = compared[names.RANK_MEAN].values
    drawn = np.nan_to_num(np.abs(means - means[:, :1])).max(axis=1)
    order: Integers = np.lexsort((compared[names.RANK].values[:, 0], -drawn.round(12), -most))
    return order


def _table(compared: xr.Dataset, cities: Integers, most: int, draws: bool) -> Table:
    letters = _letters(compared)
    results = range(len(letters))
    grouped = names.GROUP in compared.coords
    with_draws = [k for k in results if draws and np.isfinite(compared[names.RANK_MEDIAN].values[:, k]).any()]
    headings = ["City", *(["Group"] if grouped else []), letters[0]]
    headings += [heading for letter in letters[1:] for heading in (letter, "Move")]
    headings += [f"{what} {letters[k]}" for k in with_draws for what in ("Median", "90 %", "Top 10")]
    right = range(2 if grouped else 1, len(headings))
    table = plain_table(*headings, *(["Gains or loses most in"] if most else []), right=right)
    ranks, moves = compared[names.RANK].values, compared[names.RANK_MOVE].values
    for city in cities:
        cells = [city_name(compared, int(city)), *([str(compared[names.GROUP].values[city])] if grouped else [])]
        cells += [str(ranks[city, 0])]
        cells += [cell for k in results[1:] for cell in (str(ranks[city, k]), _signed(moves[city, k]))]
        cells += [cell for k in with_draws for cell in _drawn(compared, int(city), k)]
        table.add_row(*cells, *([_why(compared, int(city), most)] if most else []))
    return table


def _signed(move: int) -> str:
    return f"{move:+d}" if move else "·"


def _drawn(compared: xr.Dataset, city: int, result: int) -> tuple[str, str, str]:
    row = {name: compared[name].values[city, result] for name in DRAWN}
    low, high = int(row[names.RANK_P05]), int(row[names.RANK_P95])
    return str(int(row[names.RANK_MEDIAN])), f"{low} to {high}", chance(row["top_10"])


def _why(compared: xr.Dataset, city: int, most: int) -> str:
    """Return the dimensions that go with the largest move of a city, and with which result where there are several."""
    moves = compared[names.RANK_MOVE].values[city]
    result = int(np.abs(moves).argmax())
    slug, called = str(compared[names.CITY].values[city]), str(compared[names.RESULT].values[result])
    gains = most_moved(compared, slug, called, most) if moves[result] else []
    told = ", ".join(_gain(gain) for gain in gains)
    return f"{_letters(compared)[result]}: {told}" if told and len(moves) > 2 else told


def _gain(gain: Gain) -> str:
    """Return the ranks of a city within a dimension, and the score gained where scores can be compared."""
    score = f" ({gain.score:+.4g})" if math.isfinite(gain.score) else ""
    return f"{gain.node} {gain.before} → {gain.after}{score}"


def _movement(compared: xr.Dataset, number: int, letters: Sequence[str]) -> str:
    """Return how far one result moves the first ranking, and how well the two agree."""
    moves = compared[names.RANK_MOVE].values[:, number]
    moved = int((moves != 0).sum())
    pair = {names.RESULT: 0, names.OTHER_RESULT: number}
    tau, rho = (float(compared[name][pair]) for name in (names.KENDALL_BETWEEN, names.SPEARMAN_BETWEEN))
    farthest = np.flatnonzero(np.abs(moves) == np.abs(moves).max())
    most = f", {np.abs(moves).max()} at most"
    if len(farthest) == 1:
        most = f", {city_name(compared, int(farthest[0]))} most ({moves[farthest[0]]:+d})"
    return (
        f"{letters[number]} beside {letters[0]}, with nothing varied: {moved} of {len(moves)} cities move, "
        f"{float(compared[names.MEAN_ABS_MOVE][number]):.2f} places on average{most if moved else ''}; "
        f"Kendall's tau {tau:.3f}, Spearman's rho {rho:.3f}."
    )


def _movement_over_draws(compared: xr.Dataset, number: int, letters: Sequence[str]) -> Iterator[str]:
    """Yield how far the mean ranks of two results are apart, where both have draws among these cities."""
    means = compared[names.RANK_MEAN].values[:, [0, number]]
    if np.isfinite(means).all():
        apart = np.abs(means[:, 1] - means[:, 0])
        most = int(apart.argmax())
        yield (
            f"{letters[number]} beside {letters[0]}, over the draws: mean ranks are {apart.mean():.2f} places apart on "
            f"average, most those of {city_name(compared, most)} ({means[most, 0]:.1f} and {means[most, 1]:.1f})."
        )


def _warnings(compared: xr.Dataset, letters: Sequence[str]) -> Iterator[str]:
    """Yield what is not compared: cities that only some have, dimensions of other trees, scores on other scales."""
    for told in filter(None, compared.attrs[LEFT_ASIDE].split("; ")):
        result, _, cities = told.rpartition(": ")
        count = len(cities.split(", "))
        shown = f" ({cities})" if len(cities) <= LONGEST else ""
        yield f"Left aside, ranks are among the others: {count} of {result} that not all have{shown}."
    moves = compared[names.NODE_RANK_MOVE].values
    others = [letter for k, letter in enumerate(letters) if np.isnan(moves[:, :, k]).all()]
    if others:
        yield f"Other dimensions than {letters[0]}, so none are compared: {', '.join(others)}."
    scales = [letter for letter, same in zip(letters, compared[names.SAME_SCALE].values, strict=True) if not same]
    if scales:
        yield f"Scores on another scale than {letters[0]}, so only ranks are compared: {', '.join(scales)}."


def _short(value: str) -> str:
    return value if len(value) <= LONGEST else value[: LONGEST - 2] + " …"
