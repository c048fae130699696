"""Results as tables for a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import xarray as xr
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator import names
from simulator.analysis.stability import largest_error
from simulator.report.figures import error_of, took
from simulator.report.frames import OVERALL
from simulator.report.widths import Sheet, fitted
from simulator.uncertainty.design import BLOCK
from simulator.uncertainty.points import TITLES

BLANK = "–"
"""Stands for a score or a rank that a city has not."""

FEW = 10
"""Alternatives up to which the share of each is shown."""


def plain_table(
    *headings: str, right: Sequence[int] = (), spare: Sequence[int] = (), title: str | None = None
) -> Table:
    """Return an empty table with these headings; columns whose number is in `right` are right-aligned.

    Those in `spare` are left out where the screen is too narrow, the first first; the table says so.
    """
    table = Sheet(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    table.spare = spare
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in right else "left", overflow="fold")
    return table


def width_of(table: Table) -> int:
    """Return how many columns of a screen a table takes when nothing is folded."""
    console = Console(width=1000)
    return table.__rich_measure__(console, console.options).maximum


def score_view(scored: xr.Dataset, width: int) -> Group:
    """Return rank, city and total of a scored index, and its dimensions where they fit the width, best city first."""
    top = scored[names.NODE].values[-1]
    nodes = np.flatnonzero(scored[names.PARENT].values == top)
    whole = _score_table(scored, nodes)
    if width_of(whole) <= width:
        return Group(whole)
    return Group(_score_table(scored, nodes[:0]), Text("The dimensions are too wide for this screen; --csv has them."))


def _score_table(scored: xr.Dataset, nodes: np.ndarray[Any, Any]) -> Table:
    headings = [str(scored[names.NODE_NAME_EN].values[node]) for node in nodes]
    columns = [scored[names.TOTAL].values, *(scored[names.SCORE].values[:, node] for node in nodes)]
    cells = [_numbers(column) for column in columns]
    table = plain_table("Rank", "City", "Total", *headings, right=[0, *range(2, 3 + len(nodes))])
    for city in best_first(scored[names.RANK].values):
        rank = str(scored[names.RANK].values[city] or BLANK)
        table.add_row(rank, city_name(scored, int(city)), *(column[city] for column in cells))
    return table


def _numbers(column: np.ndarray[Any, Any]) -> list[str]:
    """Return a column of scores as texts: whole numbers as such, others with the same decimals throughout."""
    known = column[~np.isnan(column)]
    decimals = 0 if (known == np.rint(known)).all() else 2 if np.abs(known).max() >= 10.0 else 4
    return [BLANK if np.isnan(value) else f"{value:.{decimals}f}" for value in column]


def best_first(ranks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the positions of ranks, the best first and those without a rank (0) last.

    >>> best_first(np.array([2, 0, 1])).tolist()
    [2, 0, 1]
    """
    return np.lexsort((ranks, ranks == 0))


def stability_view(result: xr.Dataset, seconds: float | None = None, only: Sequence[str] = ()) -> Group:
    """Return what a study found: a table of the cities (or of some `only`), then the whole ranking in words."""
    tables: list[RenderableType] = []
    if only:
        chosen = np.flatnonzero(np.isin(result[names.CITY].values, list(only)))
        return Group(_stability_table(result, chosen, None, drawn=True), *_closing_lines(result, seconds))
    groups = result[names.GROUP].values if names.GROUP in result.coords else None
    for group in [None] if groups is None else list(dict.fromkeys(groups)):
        chosen = np.arange(result.sizes[names.CITY]) if group is None else np.flatnonzero(groups == group)
        tables.append(_stability_table(result, chosen, None if group is None else str(group)))
    return Group(*tables, *_closing_lines(result, seconds))


def _stability_table(result: xr.Dataset, cities: np.ndarray[Any, Any], group: str | None, drawn: bool = False) -> Table:
    """Return the table of some cities; with `drawn` also the best and the worst rank drawn."""
    others = {
        heading: name
        for heading, name in (("Published", names.PUBLISHED_RANK), ("Scenario", names.SCENARIO_RANK))
        if name in result and bool((result[name] != result[names.BASELINE_RANK]).any())
    }
    exact = result.attrs["design"] == "exact"
    few, tiers = len(cities) <= 10 and not drawn, names.KEEP_TIER in result
    headings = ["Rank", "City", *others, "Median", "All ranks" if exact else "90 % interval"]
    headings += ["Drawn"] if drawn and not exact else []
    headings += [*([] if few else ["Top 10"]), "Shift", *(["Tier kept"] if tiers else [])]
    table = plain_table(*headings, right=[number for number in range(len(headings)) if number != 1], title=group)
    for city in cities[best_first(result[names.BASELINE_RANK].values[cities])]:
        row = {str(name): result[name].values[city] for name in result.data_vars if result[name].dims == (names.CITY,)}
        if not row[names.DRAWS_WITH_CITY]:
            table.add_row(BLANK, city_name(result, int(city)), *[BLANK] * (len(headings) - 2))
            continue
        cells = [str(row[names.BASELINE_RANK] or BLANK), city_name(result, int(city))]
        cells += [str(int(row[name]) or BLANK) for name in others.values()]
        low, high = (names.RANK_LOWEST, names.RANK_HIGHEST) if exact else (names.RANK_P05, names.RANK_P95)
        cells += [str(int(row[names.RANK_MEDIAN])), f"{int(row[low])} to {int(row[high])}"]
        if drawn and not exact:
            cells.append(f"{int(row[names.RANK_LOWEST])} to {int(row[names.RANK_HIGHEST])}")
        cells += [*([] if few else [chance(row["top_10"])]), f"{row[names.CITY_SHIFT]:.1f}"]
        cells += [chance(row[names.KEEP_TIER])] if tiers else []
        table.add_row(*cells)
    return table


def _closing_lines(result: xr.Dataset, seconds: float | None) -> Iterable[Text]:
    labels = result[names.RANKED_GROUP].values if names.RANKED_GROUP in result.dims else [""]
    for number, group in enumerate(labels):
        figures = {
            name: np.atleast_1d(result[name].values)[number] for key in OVERALL for name in (key, key + names.SE)
        }
        yield Text(
            f"{group + ': on' if group else 'On'} average a city moves {figures[names.MEAN_SHIFT]:.2f} places "
            f"from its baseline rank{error_of(figures[names.MEAN_SHIFT + names.SE])}; agreement with the baseline: "
            f"Kendall's tau {figures[names.KENDALL]:.3f}, Spearman's rho {figures[names.SPEARMAN]:.3f}."
        )
    yield from (Text(line) for line in _realised(result))
    yield from (Text(line) for line in _strongest(result))
    if "groups_not_ranked" in result.attrs:
        yield Text(f"Too small to be ranked: {result.attrs['groups_not_ranked']}.")
    yield Text(f"Rank is the baseline: {result.attrs['baseline']}. Data error: {result.attrs['data_error']}.")
    for name, told in (("source", "Values"), ("values", "Raw values")):
        if result.attrs[name] != "as given":
            yield Text(f"{told}: {result.attrs[name].rstrip('.')}.")
    yield from (Text(line) for line in _notes(result))
    if result.attrs["design"] == "exact":
        yield Text(f"All {result.attrs['draws']:,} combinations, exact: no sampling error.")
    else:
        largest = largest_error(result)
        yield Text(
            f"{result.attrs['draws']:,} draws{_spread_evenly(result)}{took(seconds)}, seed {result.attrs['seed']}; "
            f"the largest standard error of a chance is {percent(largest, 2)}{_asked(result)}. "
            "It tells the sampling only; the spread itself follows from what the scenario assumes."
        )


def _spread_evenly(result: xr.Dataset) -> str:
    """Return that draws come in whole blocks, where they are spread evenly."""
    if result.attrs["design"] not in TITLES.values():
        return ""
    return f" ({result.attrs['design']}, {result.attrs['draws'] // BLOCK:,} whole blocks of {BLOCK:,})"


def _asked(result: xr.Dataset) -> str:
    """Return which standard error was asked for, and whether it was reached."""
    if "until" not in result.attrs:
        return ""
    asked = float(result.attrs["until"])
    reached = "" if largest_error(result) <= asked else ", not reached"
    return f" (asked for {percent(asked, 2)}{reached})"


def _notes(result: xr.Dataset) -> Iterable[str]:
    """Yield what a reader must know of the baseline, of tiers and of constant indicators."""
    own, other = names.SCENARIO_RANK, names.PUBLISHED_RANK
    if other in result and bool((result[own] != result[other]).any()):
        apart = float(np.abs(result[own] - result[other]).mean())
        yield f"With nothing varied, the scenario's own ranking stands {apart:.2f} places from the published one."
    if result.attrs["tiers"]:
        yield f"Tier kept is the chance to stay in the tier of the baseline rank: {result.attrs['tiers']}."
    if result.attrs["constant_indicators"] != "none":
        yield f"The same for all cities (convention 7): {result.attrs['constant_indicators']}."


def _strongest(result: xr.Dataset) -> Iterable[str]:
    """Yield, for an exact design, the combinations that move the ranking most."""
    if result.attrs["design"] != "exact" or names.SHIFT_BY_DRAW not in result:
        return
    shifts = result[names.SHIFT_BY_DRAW].values
    taken = [name for name in result.coords if result[name].dims == (names.DRAW,) and name != names.DRAW]
    most = np.argsort(-shifts, kind="stable")[:FEW]
    named = (f"{', '.join(str(result[name].values[draw]) for name in taken)} {shifts[draw]:.2f}" for draw in most)
    shown = "" if len(shifts) <= FEW else f", the first {FEW} of {len(shifts)}"
    yield f"Mean shift by combination, largest first{shown}: {'; '.join(named)}."


def _realised(result: xr.Dataset) -> Iterable[str]:
    """Yield how often each alternative was realised, for factors that have more than one and not too many."""
    if names.CHOICE_SHARE not in result:
        return
    factors = result[names.FACTOR].values
    for factor in dict.fromkeys(factors):
        of_this = np.flatnonzero(factors == factor)
        if 1 < len(of_this) <= FEW:
            shares = (
                f"{result[names.ALTERNATIVE].values[one]} {percent(result[names.CHOICE_SHARE].values[one])}"
                for one in of_this
            )
            yield f"Realised {factor}: {', '.join(shares)}."


def city_name(labelled: xr.Dataset, city: int) -> str:
    """Return a city's name in English and Chinese, or its slug where it has none."""
    own = [
        str(labelled[name].values[city]) for name in (names.CITY_NAME_EN, names.CITY_NAME_ZH) if name in labelled.coords
    ]
    return " ".join(name for name in own if name) or str(labelled[names.CITY].values[city])


def percent(share: float, decimals: int = 1) -> str:
    """Return a share in per cent; one that is not quite 0 is never shown as such.

    >>> percent(0.1234), percent(0.0), percent(0.0004), percent(0.00004, 2)
    ('12.3 %', '0.0 %', '< 0.1 %', '< 0.01 %')
    """
    text = f"{100.0 * share:.{decimals}f}"
    return f"< {10.0**-decimals:.{decimals}f} %" if share > 0.0 and float(text) == 0.0 else f"{text} %"


def chance(share: float) -> str:
    """Return a chance in per cent; one that is not quite 0 or 1 is never shown as such."""
    if 0.9995 <= share < 1.0:
        return "> 99.9 %"
    return percent(share)


def pair_lines(result: xr.Dataset, pairs: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Yield the chance that the first city of each pair ranks above the second, with its standard error."""
    for city, other in pairs:
        place = {names.CITY: city, names.OTHER_CITY: other}
        chance, error = (float(result[names.PAIR_WIN + end].sel(place)) for end in ("", names.SE))
        yield f"{city} ranks above {other} in {percent(chance)} of the draws (standard error {percent(error, 2)})."


def wide_console() -> Console:
    """Return the console of standard output; where that is no terminal, wide enough that no table is folded."""
    console = Console()
    return console if console.is_terminal or os.environ.get("COLUMNS", "").isdigit() else Console(width=200)


def show(view: RenderableType) -> None:
    """Print a view on standard output, its tables as wide as the screen."""
    console = wide_console()
    console.print(fitted(view, console.width))
