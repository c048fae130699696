"""Plans that bring a city to a rank, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group, RenderableType
from rich.text import Text

from simulator import names
from simulator.report.figures import number, signed
from simulator.report.screen import city_name, percent, plain_table
from simulator.report.whatif import closing_lines, indicator_name


def reach_view(result: xr.Dataset, seconds: float | None = None) -> Group:
    """Return the cheapest plan step by step, the others beside it, and their chances."""
    city = result[names.CITY].values.tolist().index(result.attrs["city"])
    views: list[RenderableType] = [Text(line) for line in _headline(result, city)]
    if result[names.PLAN_PLACES].values[0].any():
        views += [_steps_table(result, city), _plans_table(result)]
        views += [Text(line) for line in _notes(result)]
    views += [Text(line) for line in closing_lines(result, city, seconds)]
    return Group(*views)


def _headline(result: xr.Dataset, city: int) -> Iterable[str]:
    target, name = int(result.attrs["target_rank"]), city_name(result, city)
    before, after = (int(result[one].values[city]) for one in (names.RANK_BEFORE, names.RANK_AFTER))
    if not result[names.PLAN_PLACES].values[0].any():
        yield f"{name} has rank {before} already, which is {target} or better."
    else:
        start, end = (float(result[one].values[city]) for one in (names.TOTAL_BEFORE, names.TOTAL_AFTER))
        places = result[names.PLAN_PLACES].values[0]
        yield (
            f"{name} to rank {target}: {int(places.sum())} places in {int((places > 0).sum())} variables bring it from "
            f"rank {before} to {after}, total {number(start)} → {number(end)} ({signed(end - start)})."
        )
    if names.PLAN_CHANCE in result:
        chance, error = (float(result[names.PLAN_CHANCE + end].values[0]) for end in ("", names.SE))
        without = float(result[names.CHANCE_BEFORE])
        known = f" (standard error {percent(error, 2)})" if error > 0.0 else ""
        yield (
            f"Chance of success: {percent(chance)}{known}; without any plan it has rank {target} or better in "
            f"{percent(without)} of the draws. Data error: {result.attrs['data_error']}."
        )


def _steps_table(result: xr.Dataset, city: int) -> RenderableType:
    places = result[names.PLAN_PLACES].values[0]
    table = plain_table("Variable", "Place", "", "Points", "", "Gain", "Change", "Value to reach", right=range(1, 7))
    row = result.isel({names.CITY: city})
    for leaf in np.lexsort((np.arange(places.size), -places)):
        if not places[leaf]:
            continue
        ranks = [int(row[one].values[leaf]) for one in (names.PLACE_BEFORE, names.PLACE_AFTER)]
        points = [float(row[one].values[leaf]) for one in (names.POINTS_BEFORE, names.POINTS_AFTER)]
        cells = [str(ranks[0]), f"→ {ranks[1]}", number(points[0]), f"→ {number(points[1])}"]
        cells.append(signed(points[1] - points[0]))
        table.add_row(indicator_name(result, int(leaf)), *cells, *_value(row, int(leaf)))
    return table


def _value(row: xr.Dataset, leaf: int) -> tuple[str, str]:
    """Return by how much the raw value has to change, and from what to what, where raw values are known."""
    if not bool(row[names.HELD].values[leaf]):
        return "", "too few raw values are known"
    start, end = (float(row[one].values[leaf]) for one in (names.VALUE_BEFORE, names.VALUE_AFTER))
    told = "" if bool(row[names.KNOWN].values[leaf]) else ", from its neighbours"
    change = f"{100.0 * (end / start - 1.0):+.0f} %" if start > 0.0 and end > 0.0 else ""
    return change, f"{number(start)} → {number(end)} {row[names.VALUE_UNIT].values[leaf]}{told}"


def _plans_table(result: xr.Dataset) -> RenderableType:
    drawn = names.PLAN_CHANCE in result
    headings = ["Plan", "Effort", "Rank", "Total", *(["Chance"] if drawn else []), "Does without"]
    table = plain_table(*headings, right=range(4 + drawn))
    places = result[names.PLAN_PLACES].values
    for plan in range(len(places)):
        gone = [indicator_name(result, int(leaf)) for leaf in np.flatnonzero((places[0] > 0) & (places[plan] == 0))]
        cells = [str(plan + 1), number(float(result[names.PLAN_EFFORT].values[plan]))]
        cells += [str(int(result[names.PLAN_RANK].values[plan])), number(float(result[names.PLAN_TOTAL].values[plan]))]
        cells += [percent(float(result[names.PLAN_CHANCE].values[plan]))] if drawn else []
        table.add_row(*cells, ", ".join(gone))
    return table


def _notes(result: xr.Dataset) -> Iterable[str]:
    margin = float(result.attrs["margin"])
    ahead = (
        f" that stays {number(margin)} point{'s' * (margin != 1.0)} ahead of those who are to be passed"
        if margin
        else ""
    )
    if result[names.PLAN_PROVEN].values.all():
        yield f"No plan{ahead} takes less effort: proven."
    else:
        yield f"The search was ended before it was proven that no plan{ahead} takes less effort."
    wanted = float(result.attrs.get("wanted_chance", 0.0))
    if names.PLAN_CHANCE in result and (result[names.PLAN_CHANCE].values < wanted).any():
        yield f"The chance of {percent(wanted)} is that of the first plan; not every other one has it."
    yield "Each other plan does without some variable of every one before it."
    yield "A place is a city passed; who is passed loses points, and so do the cities left behind in a tie."
    yield "Each variable is taken by itself; `citysim what-if` carries a quantity through all that hold it."


def plan_frame(result: xr.Dataset) -> pd.DataFrame:
    """Return plans as a table: a row for each variable that a plan changes, with places, value, effort and chance."""
    city = result[names.CITY].values.tolist().index(result.attrs["city"])
    before = result[names.VALUE_BEFORE].values[city]
    held = result[names.HELD].values
    drawn = names.PLAN_CHANCE in result
    rows = []
    for plan, leaf in np.argwhere(result[names.PLAN_PLACES].values > 0):
        whole = {one: result[one].values[plan] for one in (names.PLAN_EFFORT, names.PLAN_RANK, names.PLAN_TOTAL)}
        chances = (names.PLAN_CHANCE, names.PLAN_CHANCE + names.SE) if drawn else ()
        rows.append(
            {
                names.PLAN: int(result[names.PLAN].values[plan]),
                names.INDICATOR: str(result[names.INDICATOR].values[leaf]),
                names.PLAN_PLACES: int(result[names.PLAN_PLACES].values[plan, leaf]),
                names.VALUE_BEFORE: before[leaf] if held[leaf] else np.nan,
                names.PLAN_VALUE: result[names.PLAN_VALUE].values[plan, leaf] if held[leaf] else np.nan,
                names.UNIT: str(result[names.VALUE_UNIT].values[leaf]),
                **whole,
                **{one: result[one].values[plan] for one in chances},
            }
        )
    return pd.DataFrame(rows)
