"""The tables of an audit on data, denominators and relations, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from rich.table import Table
from rich.text import Text

from simulator import names
from simulator.auditing.irregularities import count_cities
from simulator.report.screen import plain_table

UNDEFINED = "–"


def data_lines(told: xr.Dataset) -> Iterator[str]:
    """Yield in a line or two which data an index has: see `simulator.auditing.availability.availability`."""
    present, cells = int(told[names.CITIES_PRESENT].sum()), told.sizes[names.INDICATOR] * told.sizes[names.CITY]
    count = told.sizes[names.INDICATOR]
    sizes = f"{count_cities(told.sizes[names.CITY])} × {count} {'indicator' if count == 1 else 'indicators'}"
    filled, treated = int(told[names.CELLS_FILLED].sum()), int(told[names.CELLS_TREATED].sum())
    shares = f"{cells - present} of {cells} values are missing" if present < cells else "no value is missing"
    done = "".join(f", {count} {what}" for count, what in ((filled, "filled"), (treated, "treated")) if count)
    yield f"{sizes}: {shares}{done}."
    if told.attrs[names.SCREENED_OUT]:
        out = int((~told[names.RANKED].values).sum())
        yield f"Screened out: {out} of {told.sizes[names.CITY]} cities."


def data_tables(told: xr.Dataset) -> Iterator[Table | Text]:
    """Yield the figures of every indicator's data, and of the cities that lack any."""
    headings = ("Present", "Zeros", "Same", "Filled", "Treated", "G1", "G2", "G1 then", "G2 then")
    table = plain_table("Indicator", *headings, right=range(1, 10), spare=[3, 2], title="Data by indicator")
    shares = (names.SHARE_PRESENT, names.SHARE_ZEROS, names.SHARE_MOST_COMMON)
    moments = (names.SKEW_BEFORE, names.KURTOSIS_BEFORE, names.SKEW, names.KURTOSIS)
    for number, indicator in enumerate(told[names.INDICATOR].values):
        counts = [str(int(told[name].values[number])) for name in (names.CELLS_FILLED, names.CELLS_TREATED)]
        parts = [_percent(told[name].values[number]) for name in shares]
        table.add_row(str(indicator), *parts, *counts, *(_figure(told[name].values[number]) for name in moments))
    yield table
    yield Text("Same: share with the most frequent value. G1 skew, G2 excess kurtosis; then: after treatment.")
    lacking = np.flatnonzero(told[names.CITY_SHARE_PRESENT].values < 1.0)
    if lacking.size:
        cities = plain_table("City", "Present", "Filled", "Ranked", right=[1, 2], title="Cities that lack values")
        for city in lacking[np.argsort(told[names.CITY_SHARE_PRESENT].values[lacking], kind="stable")]:
            share, filled = told[names.CITY_SHARE_PRESENT].values[city], told[names.CITY_FILLED].values[city]
            ranked = "yes" if told[names.RANKED].values[city] else "no"
            cities.add_row(str(told[names.CITY].values[city]), _percent(share), str(int(filled)), ranked)
        yield cities


def size_tables(told: xr.Dataset) -> Iterator[Table | Text]:
    """Yield how indicators go with the denominators, where there are any."""
    if not told.sizes[names.DENOMINATOR]:
        return
    title = "Pearson correlation with denominators"
    divisors = [str(name) for name in told[names.DENOMINATOR].values]
    table = plain_table("Indicator", "In logs", *divisors, right=range(2, 2 + len(divisors)), title=title)
    for row, indicator in enumerate(told[names.INDICATOR].values):
        pairs = zip(told[names.DENOMINATOR_CORRELATION].values[row], told[names.DIVIDED].values[row], strict=True)
        cells = [f"{_figure(value)}{' ÷' if divided else ''}" for value, divided in pairs]
        table.add_row(str(indicator), "yes" if told[names.IN_LOGS].values[row] else "no", *cells)
    yield table
    logs = [name for name, own in zip(divisors, told[names.DENOMINATOR_IN_LOGS].values, strict=True) if own]
    yield Text(f"÷: divided by it. Denominators in logarithms: {', '.join(logs) or 'none'}.")


def relation_tables(told: xr.Dataset) -> Iterator[Table | Text]:
    """Yield consistency and components by node, and correlations and weights of members level by level."""
    headings = ("Members", "Alpha", "First", "Above 1", "For 60 %", "Eigenvalues")
    table = plain_table("Node", *headings, right=range(1, 6), title="Consistency and components by node")
    for number, node in enumerate(told[names.NODE].values):
        if told[names.MEMBERS].values[number] > 1:
            eigenvalues = told[names.EIGENVALUE].values[number]
            first = ", ".join(_figure(value) for value in eigenvalues[~np.isnan(eigenvalues)][:4])
            counts = [
                str(int(told[one].values[number])) for one in (names.COMPONENTS_ABOVE_ONE, names.COMPONENTS_NEEDED)
            ]
            share, members = _percent(told[names.FIRST_SHARE].values[number]), told[names.MEMBERS].values[number]
            table.add_row(
                str(node), str(members), _figure(told[names.MEMBER_ALPHA].values[number]), share, *counts, first
            )
    yield table
    headings = ("Parent", "r parent", "r total", "Loading", "Nominal", "Effective")
    members = plain_table("Member", *headings, right=range(2, 7), title="Members, with parent and total")
    for number, slot in enumerate(told[names.SLOT].values[:-1]):
        of = [
            told[one].values[number] for one in (names.PARENT_CORRELATION, names.TOTAL_CORRELATION, names.FIRST_LOADING)
        ]
        shares = [_percent(told[one].values[number], 1) for one in (names.NOMINAL_WEIGHT, names.EFFECTIVE_WEIGHT)]
        members.add_row(str(slot), str(told[names.PARENT].values[number]), *map(_figure, of), *shares)
    yield members
    yield Text(
        "First: share of the first component. Above 1: eigenvalues. Loading: on the first component of its node."
    )


def _figure(value: float) -> str:
    return f"{round(float(value), 2) + 0.0:.2f}" if np.isfinite(value) else UNDEFINED


def _percent(share: float, decimals: int = 0) -> str:
    return f"{100.0 * float(share):.{decimals}f} %" if np.isfinite(share) else UNDEFINED
