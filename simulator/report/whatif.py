"""The answer to a what-if, as tables for a terminal and as flat files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group, RenderableType
from rich.text import Text

from simulator import names
from simulator.report.figures import error_of, number, signed, span, took
from simulator.report.frames import whole_numbers
from simulator.report.screen import city_name, percent, plain_table

MANY = 12
"""Cities that are named before the rest is counted."""


def whatif_view(result: xr.Dataset, seconds: float | None = None) -> Group:
    """Return what a what-if found: what changed, which variables gave and took points, ranks and chances."""
    city = _city_in_question(result)
    views: list[RenderableType] = [Text(f"What if: {result.attrs['asked']}.")]
    if city is not None:
        views += [Text(line) for line in _headline(result, city)]
        views += [_quantity_table(result, city), _variable_table(result, city)]
        views += [Text(line) for line in _dimension_lines(result, city)]
    several = _own_figures_change(result).sum() > 1
    if city is None or several or (_moved(result) > 0).sum() > 1:
        views.append(_city_table(result))
    if city is None or several:
        views.append(_group_table(result))
    views += [Text(line) for line in closing_lines(result, city, seconds)]
    return Group(*views)


def _city_in_question(result: xr.Dataset) -> int | None:
    name = result.attrs["city"]
    return result[names.CITY].values.tolist().index(name) if name else None


def _moved(result: xr.Dataset) -> np.ndarray[Any, Any]:
    found: np.ndarray[Any, Any] = np.abs(result[names.RANK_AFTER].values - result[names.RANK_BEFORE].values)
    return found


def _own_figures_change(result: xr.Dataset) -> np.ndarray[Any, Any]:
    """Return whose quantities change (city)."""
    if names.QUANTITY not in result.dims:
        return np.zeros(result.sizes[names.CITY], np.bool_)
    start, end = (np.nan_to_num(result[name].values) for name in (names.QUANTITY_BEFORE, names.QUANTITY_AFTER))
    found: np.ndarray[Any, Any] = (start != end).any(axis=1)
    return found


def _headline(result: xr.Dataset, city: int) -> Iterable[str]:
    """Yield rank and total before and after, who is passed, and the chances of gaining and losing places."""
    before, after = (int(result[name].values[city]) for name in (names.RANK_BEFORE, names.RANK_AFTER))
    start, end = (float(result[name].values[city]) for name in (names.TOTAL_BEFORE, names.TOTAL_AFTER))
    name = city_name(result, city)
    yield f"{name}: rank {before} → {after}, total {number(start)} → {number(end)} ({signed(end - start)})."
    yield f"{'; '.join(_passing(result, city))}."
    if names.GAIN_CHANCE in result:
        yield from _chance_lines(result, city, after - before)


def _passing(result: xr.Dataset, city: int) -> Iterable[str]:
    """Yield who is passed and who passes by, and who comes to stand level."""
    before, after = result[names.RANK_BEFORE].values, result[names.RANK_AFTER].values
    passed = result[names.PASSED].values
    level = (after == after[city]) & (before != before[city])
    yield f"Passes {_named(result, passed[city])}"
    yield f"passed by {_named(result, passed[:, city])}"
    if level.any():
        yield f"draws level with {_named(result, level)}"


def _named(result: xr.Dataset, chosen: np.ndarray[Any, Any]) -> str:
    cities = [city_name(result, int(k)) for k in np.flatnonzero(chosen)]
    more = f" and {len(cities) - MANY} more" if len(cities) > MANY else ""
    return (", ".join(cities[:MANY]) + more) or "nobody"


def _chance_lines(result: xr.Dataset, city: int, fall: int) -> Iterable[str]:
    """Yield the chances of another rank, what rank and total gain over the draws, and whether these disagree."""
    own = result.isel({names.CITY: city})
    better, worse = (float(own[name].values[0]) for name in (names.GAIN_CHANCE, names.LOSS_CHANCE))
    parts = (names.GAIN_CHANCE, names.LOSS_CHANCE, names.KEEP_CHANCE)
    error = max(float(np.max(own[name + names.SE].values)) for name in parts)
    known = f" (standard error {percent(error, 2)} at most)" if error > 0.0 else ""
    same = percent(float(own[names.KEEP_CHANCE]))
    yield f"In the draws its rank is better in {percent(better)}, the same in {same}, worse in {percent(worse)}{known}."
    for word, name in (("up", names.GAIN_CHANCE), ("down", names.LOSS_CHANCE)):
        several = [
            f"{step} or more {percent(chance)}"
            for step, chance in zip(own[names.AT_LEAST].values[1:], own[name].values[1:], strict=True)
            if chance > 0.0
        ]
        if several:
            yield f"Places {word}: {', '.join(several)}."
    after = span(int(own[names.RANK_P05]), int(own[names.RANK_P95]))
    mean, spread = float(own[names.GAIN_MEAN]), float(own[names.GAIN_MEAN + names.SE])
    told = f"On average it gains {mean:+.2f} places{error_of(spread)}; in nine of ten draws it then has rank {after}"
    if names.TOTAL_GAIN_MEAN in result:
        total, ends = float(result[names.TOTAL_GAIN_MEAN]), (names.TOTAL_GAIN_P05, names.TOTAL_GAIN_P95)
        at_both = " to ".join(signed(float(result[end])) for end in ends)
        told += f", and {at_both} points ({total:+.1f} on average)"
    yield f"{told}."
    likely = better if fall < 0 else worse if fall > 0 else float(own[names.KEEP_CHANCE])
    if likely < 0.5:
        yield "Mind: the first line is of one set of values; most draws, which agree with the print too, say otherwise."


def _quantity_table(result: xr.Dataset, city: int) -> RenderableType:
    if names.QUANTITY not in result.dims:
        return Text("")
    table = plain_table("Quantity", "Before", "After", "Change", "Unit", "Figure", right=[1, 2, 3])
    row = result.isel({names.CITY: city})
    for place, name in enumerate(result[names.QUANTITY].values):
        figures = (names.QUANTITY_BEFORE, names.QUANTITY_AFTER, names.QUANTITY_RATIO)
        start, end, ratio = (float(row[one].values[place]) for one in figures)
        if ratio == 1.0:
            continue
        unit = str(result[names.QUANTITY_UNIT].values[place])
        change = "" if unit == "%" or np.isnan(ratio) else f"{100.0 * (ratio - 1.0):+.2f} %"
        shown = ["", ""] if np.isnan(start) else [number(start), number(end)]
        table.add_row(str(name), *shown, change, unit, str(row[names.ORIGIN].values[place]))
    return table if table.row_count else Text("")


def _variable_table(result: xr.Dataset, city: int) -> RenderableType:
    """Return the variables whose points change, most gained first, with what is behind."""
    row = result.isel({names.CITY: city})
    gain = row[names.POINTS_AFTER].values - row[names.POINTS_BEFORE].values
    effect = row[names.EFFECT].values.astype(str)
    drawn = names.PLACES_GAINED_P05 in result
    headings = ["Variable", "Points", "", "Gain", "Places", *(["90 % of draws"] if drawn else []), "Value behind"]
    table = plain_table(*headings, right=range(1, 5 + drawn))
    for leaf in np.lexsort((np.arange(gain.size), -gain)):
        if gain[leaf] == 0.0 and not effect[leaf]:
            continue
        start, end = (number(float(row[one].values[leaf])) for one in (names.POINTS_BEFORE, names.POINTS_AFTER))
        places = int(row[names.PLACE_BEFORE].values[leaf] - row[names.PLACE_AFTER].values[leaf])
        cells = [indicator_name(result, int(leaf)), start, f"→ {end}", signed(float(gain[leaf])), f"{places:+d}"]
        if drawn:
            low, high = (int(result[one].values[leaf]) for one in (names.PLACES_GAINED_P05, names.PLACES_GAINED_P95))
            cells.append(f"{low:+d} to {high:+d}")
        table.add_row(*cells, describe_value(result, city, int(leaf)))
    return table if table.row_count else Text("No variable changes its points.")


def indicator_name(result: xr.Dataset, leaf: int) -> str:
    """Return the English name of an indicator, or its identifier where it has none."""
    name = str(result[names.INDICATOR_NAME_EN].values[leaf]) if names.INDICATOR_NAME_EN in result.coords else ""
    return name or str(result[names.INDICATOR].values[leaf])


def describe_value(result: xr.Dataset, city: int, leaf: int) -> str:
    """Return the value behind a variable before and after, and what it stands on."""
    start, end = (float(result[one].values[city, leaf]) for one in (names.VALUE_BEFORE, names.VALUE_AFTER))
    unit = str(result[names.VALUE_UNIT].values[leaf])
    if bool(result[names.HELD].values[leaf]):
        known = bool(result[names.KNOWN].values[city, leaf])
        basis = "" if known else ", between its neighbours in the printed order"
        return f"{number(start)} → {number(end)} {unit}{basis}"
    if start > 0.0 and "times" in str(result[names.EFFECT].values[leaf]):
        return f"times {end / start:.4f}; a value stands in, from the printed order"
    return "a value stands in, from the printed order"


def _dimension_lines(result: xr.Dataset, city: int) -> Iterable[str]:
    """Yield the scores of the nodes just below the index that change."""
    top = result[names.NODE].values[-1]
    told = []
    for node in np.flatnonzero(result[names.PARENT].values == top):
        start, end = (float(result[one].values[city, node]) for one in (names.SCORE_BEFORE, names.SCORE_AFTER))
        if start != end:
            told.append(f"{result[names.NODE_NAME_EN].values[node]} {number(start)} → {number(end)}")
    if told:
        yield f"Dimensions: {'; '.join(told)}."


def _city_table(result: xr.Dataset) -> RenderableType:
    """Return the cities whose rank changes, most gained first."""
    drawn = names.GAIN_CHANCE in result
    headings = ["City", "Rank", "", "Total", "", *(["Gains", "Loses", "Mean gain"] if drawn else [])]
    table = plain_table(*headings, right=range(1, len(headings)))
    start, end = result[names.RANK_BEFORE].values, result[names.RANK_AFTER].values
    own = _own_figures_change(result)
    own = own & (own.sum() <= MANY)
    for city in np.lexsort((end, end - start)):
        if start[city] == end[city] and not own[city]:
            continue
        totals = (float(result[one].values[city]) for one in (names.TOTAL_BEFORE, names.TOTAL_AFTER))
        cells = [str(start[city]), f"→ {end[city]}", number(next(totals)), f"→ {number(next(totals))}"]
        if drawn:
            chances = (float(result[one].values[city, 0]) for one in (names.GAIN_CHANCE, names.LOSS_CHANCE))
            cells += [*(percent(one) for one in chances), f"{float(result[names.GAIN_MEAN].values[city]):+.2f}"]
        table.add_row(city_name(result, int(city)), *cells)
    return table if table.row_count else Text("No city changes its rank.")


def _group_table(result: xr.Dataset) -> RenderableType:
    if names.CITY_GROUP not in result.dims:
        return Text("")
    table = plain_table("Cluster", "Cities", "Mean rank", "", "Mean total", "", "Of the top 20", "", right=range(1, 8))
    for place, group in enumerate(result[names.CITY_GROUP].values):
        row = result.isel({names.CITY_GROUP: place})
        table.add_row(
            str(group),
            str(int(row[names.GROUP_SIZE])),
            f"{float(row[names.GROUP_RANK_BEFORE]):.2f}",
            f"→ {float(row[names.GROUP_RANK_AFTER]):.2f}",
            f"{float(row[names.GROUP_TOTAL_BEFORE]):.1f}",
            f"→ {float(row[names.GROUP_TOTAL_AFTER]):.1f}",
            percent(float(row[names.GROUP_TOP_20_BEFORE])),
            f"→ {percent(float(row[names.GROUP_TOP_20_AFTER]))}",
        )
    return table


def closing_lines(result: xr.Dataset, city: int | None, seconds: float | None) -> Iterable[str]:
    """Yield what is held constant, what stands in, and how many draws there were."""
    if result.attrs.get("doubts"):
        yield f"Check the figures given: {result.attrs['doubts']}."
    yield f"Held constant: {result.attrs['held']}; and whatever is not named."
    if city is not None and names.HELD in result:
        moved = result[names.EFFECT].values.astype(str) != ""
        standing_in = int((moved & ~result[names.HELD].values).sum())
        if standing_in:
            yield (
                f"Of {standing_in} of the {int(moved.sum())} variables that change too few raw values are known: "
                "values in the printed order stand in, others in each draw."
            )
    if result.attrs["draws"]:
        yield (
            f"{result.attrs['draws']:,} draws{took(seconds)}, seed {result.attrs['seed']}, "
            "each scored with and without the change. "
            f"Raw values: {result.attrs['values']}. Data error: {result.attrs['data_error']}."
        )
    else:
        yield "Without draws: no chances. --draws 10000 tells them."


def whatif_frame(result: xr.Dataset) -> pd.DataFrame:
    """Return a what-if as a table: `city`, ranks and totals before and after, then all that the draws tell of it."""
    first = [names.RANK_BEFORE, names.RANK_AFTER, names.TOTAL_BEFORE, names.TOTAL_AFTER]
    rest = [str(name) for name in result.data_vars if result[name].dims == (names.CITY,) and name not in first]
    columns: dict[str, Any] = {names.CITY: result[names.CITY].values}
    columns |= {name: result[name].values for name in (*first, *rest)}
    for name in (names.GAIN_CHANCE, names.LOSS_CHANCE) if names.GAIN_CHANCE in result else ():
        for place, step in enumerate(result[names.AT_LEAST].values):
            columns |= {f"{name}_{step}": result[name].values[:, place]}
            columns |= {f"{name}_{step}{names.SE}": result[name + names.SE].values[:, place]}
    return whole_numbers(pd.DataFrame(columns))
