"""Scores and ranks by year, and changes of ranks, as tables for a terminal and as flat files."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group
from rich.table import Table
from rich.text import Text

from simulator import names
from simulator.panel import ALL_YEARS
from simulator.report.figures import signed, took
from simulator.report.frames import whole_numbers
from simulator.report.screen import BLANK, city_name, percent, plain_table

CHANGE_COLUMNS = (
    names.RANK_BEFORE,
    names.RANK_AFTER,
    names.PLACES_GAINED_MEAN,
    names.PLACES_GAINED_MEDIAN,
    names.PLACES_GAINED_P05,
    names.PLACES_GAINED_P95,
    names.RISE_CHANCE,
    names.STAY_CHANCE,
    names.FALL_CHANCE,
)
"""Figures of each city in a table of rank changes; standard errors stand behind theirs."""


def years_frame(scored: xr.Dataset) -> pd.DataFrame:
    """Return a scored panel as a table: a row for each year and city, `year, city, rank, total, places_gained`, nodes.

    The nodes are those right below the index. Cities stand in the order of their rank, those without a year are left
    out of it.
    """
    top = scored[names.NODE].values[-1]
    nodes = [str(node) for node in scored[names.NODE].values[scored[names.PARENT].values == top]]
    tables = []
    for year in scored[names.YEAR].values:
        one = scored.sel({names.YEAR: year})
        columns = {name: one[name].values for name in (names.CITY, names.RANK, names.TOTAL, names.PLACES_GAINED)}
        columns |= {node: one[names.SCORE].sel({names.NODE: node}).values for node in nodes}
        table = pd.DataFrame({names.YEAR: int(year), **columns})
        table = table[table[names.RANK] > 0]
        tables.append(table.sort_values(names.RANK, kind="stable"))
    return whole_numbers(pd.concat(tables, ignore_index=True))


def changes_frame(found: xr.Dataset) -> pd.DataFrame:
    """Return rank changes as a table: a row for each city, its figures with their standard errors behind them."""
    columns = [one for name in CHANGE_COLUMNS for one in (name, name + names.SE) if one in found]
    return pd.DataFrame({name: found[name].values for name in (names.CITY, *columns)})


def years_view(scored: xr.Dataset) -> Group:
    """Return rank and total of every city by year, and the places gained over all of them, best city of the last first.

    Years that a narrow screen has no room for are left out, the earliest first.
    """
    years = [int(year) for year in scored[names.YEAR].values]
    rank, total = scored[names.RANK].values, scored[names.TOTAL].values
    headings = [heading for year in years for heading in (str(year), f"total {year}")]
    spare = [column for pair in range(len(years) - 1) for column in (2 * pair + 2, 2 * pair + 1)]
    right = range(1, 2 + len(headings))
    table = plain_table("City", *headings, "Places gained", right=right, spare=spare)
    for city in np.lexsort((rank[-1], rank[-1] == 0)):
        cells = []
        for year in range(len(years)):
            there = rank[year, city] > 0
            cells += [str(rank[year, city]), f"{total[year, city]:.2f}"] if there else [BLANK, BLANK]
        known = rank[0, city] > 0 and rank[-1, city] > 0
        cells.append(signed(float(rank[0, city] - rank[-1, city])) if known else BLANK)
        table.add_row(city_name(scored, int(city)), *cells)
    return Group(table, *(Text(line) for line in _about(scored, years)))


def _about(scored: xr.Dataset, years: list[int]) -> Iterator[str]:
    together = scored.attrs["over"] == ALL_YEARS
    how = "over all cities of all years together" if together else "among the cities of their year"
    yield f"Under a year stands the rank in it. Values are normalised {how}. Places gained: {years[0]} to {years[-1]}."


def changes_view(found: xr.Dataset, seconds: float | None = None) -> Group:
    """Return how many places each city gains between two years, best city of the last year first."""
    first, last = found.attrs["first"], found.attrs["last"]
    return Group(_changes(found, first, last), *(Text(line) for line in _closing(found, first, last, seconds)))


def _changes(found: xr.Dataset, first: int, last: int) -> Table:
    headings = (str(first), str(last), "Median", "90 % interval", "Rises", "Stays", "Falls")
    title = f"Places gained from {first} to {last}"
    table = plain_table("City", *headings, right=range(1, len(headings) + 1), title=title)
    rank = found[names.RANK_AFTER].values
    for city in np.lexsort((rank, rank == 0)):
        one = found.isel({names.CITY: city})
        ranks = [str(int(one[name])) if int(one[name]) else BLANK for name in (names.RANK_BEFORE, names.RANK_AFTER)]
        places = [float(one[name]) for name in CHANGE_COLUMNS[3:6]]
        if not np.isfinite(places).all():
            table.add_row(city_name(found, int(city)), *ranks, *[BLANK] * 5)
            continue
        median, low, high = (signed(value) for value in places)
        chances = [percent(float(one[name])) for name in CHANGE_COLUMNS[6:]]
        table.add_row(city_name(found, int(city)), *ranks, median, f"{low} to {high}", *chances)
    return table


def _closing(found: xr.Dataset, first: int, last: int, seconds: float | None) -> Iterator[str]:
    yield (
        f"Under {first} and {last} stand the ranks with nothing varied, among the {found.sizes[names.CITY]} cities of "
        "both years. A draw has the same weights and choices in both."
    )
    if found.attrs["left_aside"]:
        yield f"Of one year only, and left aside: {found.attrs['left_aside']}."
    error = max(float(found[name + names.SE].max()) for name in CHANGE_COLUMNS[6:])
    largest = f"; largest standard error of a chance {percent(error, 2)}" if error > 0.0 else ""
    yield f"{found.attrs['draws']:,} draws{took(seconds)}, seed {found.attrs['seed']}{largest}."
