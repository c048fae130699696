"""Sensitivity indices as tables for a terminal and as flat files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group
from rich.table import Table
from rich.text import Text

from simulator import names
from simulator.analysis.pawn import DUMMIES
from simulator.report.figures import plural, took
from simulator.report.frames import spread
from simulator.report.screen import percent, plain_table
from simulator.simulation.swapping import BEHIND_POINTS
from simulator.uncertainty.design import BLOCK

SHIFT = "mean_abs_rank_shift"
FEW_PAIRS = 5
MOST_ROWS = 20
BY_CHANCE = " ~"
"""Mark of a PAWN index that is no more than chance gives."""


def influence_view(found: xr.Dataset, cities: Sequence[str] = (), seconds: float | None = None) -> Group:
    """Return the indices of each factor for the mean rank shift, then for the rank of some cities, largest first."""
    outputs = {SHIFT: "Mean absolute rank shift", **{f"{names.RANK} {city}": f"Rank of {city}" for city in cities}}
    tables = [_table(found.sel({names.OUTPUT: output}), title) for output, title in outputs.items()]
    return Group(*tables, *(Text(line) for line in _closing(found, outputs, seconds)))


def _table(of_one: xr.Dataset, title: str) -> Table:
    if names.SHAPLEY in of_one:
        return _shapley_table(of_one, title)
    if names.PAWN_MEDIAN in of_one:
        return _pawn_table(of_one, title)
    headings = ("Factor", "First order", "95 % interval", "Total order", "95 % interval", "Moves it by")
    table = plain_table(*headings, right=range(1, len(headings)), title=title, spare=(2, 4, 5))
    for factor in np.argsort(-of_one[names.TOTAL_ORDER].values, kind="stable"):
        row = of_one.isel({names.FACTOR: factor})
        cells = []
        for index in (names.FIRST_ORDER, names.TOTAL_ORDER):
            value, low, high = (float(row[index + end]) for end in ("", "_low", "_high"))
            cells += [f"{value:.3f}", f"{low:.3f} to {high:.3f}"]
        table.add_row(str(row[names.FACTOR_NAME].item()), *cells, f"{float(row[names.MU_STAR]):.2f}")
    return table


def _pawn_table(of_one: xr.Dataset, title: str) -> Table:
    headings = ("Factor", "Median", "Standard error", "Largest", "where it is", "By chance")
    table = plain_table(*headings, right=(1, 2, 3, 5), title=title, spare=(2, 4, 3))
    whose = of_one[names.FACTOR_OF_SLICE].values
    median, chance = of_one[names.PAWN_MEDIAN].values, of_one[names.PAWN_DUMMY].values
    for factor in np.lexsort((-median, median <= chance))[:MOST_ROWS]:
        row = of_one.isel({names.FACTOR: factor})
        name = str(row[names.FACTOR].item())
        own = of_one.isel({names.SLICE: whose == name})
        where = str(own[names.SLICE].values[own[names.KS].values.argmax()]).removeprefix(f"{name}: ")
        kinds = (names.PAWN_MEDIAN, names.PAWN_MEDIAN + names.SE, names.PAWN_LARGEST, names.PAWN_DUMMY)
        middle, error, most, by_chance = (f"{float(row[kind]):.3f}" for kind in kinds)
        mark = "" if median[factor] > chance[factor] else BY_CHANCE
        table.add_row(str(row[names.FACTOR_NAME].item()), middle, error, most, where, by_chance + mark)
    return table


def _shapley_table(of_one: xr.Dataset, title: str) -> Table:
    table = plain_table("Factor", "Share of the variance", "Standard error", right=(1, 2), title=title)
    for factor in np.argsort(-of_one[names.SHAPLEY].values, kind="stable"):
        row = of_one.isel({names.FACTOR: factor})
        share, error = float(row[names.SHAPLEY]), float(row[names.SHAPLEY + names.SE])
        table.add_row(str(row[names.FACTOR_NAME].item()), f"{100.0 * share:.1f} %", f"{100.0 * error:.1f} %")
    return table


def _closing(found: xr.Dataset, outputs: Mapping[str, str], seconds: float | None) -> Iterable[str]:
    for output, title in outputs.items():
        one = found.sel({names.OUTPUT: output})
        if bool(one[names.CONSTANT]):
            yield f"{title}: the same in all draws, so every index is 0."
            continue
        if names.FIRST_ORDER not in found:
            continue
        alone, low, high = (100.0 * float(one[names.FIRST_ORDER_SUM + end]) for end in ("", "_low", "_high"))
        share = f"{alone:.0f} % of its variance (95 % interval {low:.0f} to {high:.0f} %)"
        if float(one[names.FIRST_ORDER].min()) < 0.0:
            yield f"{title}: a first order below 0 is one near 0, with its sampling error."
        rest = "the rest is their interaction" if alone < 100.0 else "all of it but for the error of sampling"
        yield f"{title}: the factors by themselves explain {share}, {rest}."
    if names.SECOND_ORDER in found:
        yield from _pairs(found.sel({names.OUTPUT: SHIFT}))
    if BEHIND_POINTS in found[names.FACTOR].values:
        yield "Values behind points: what the published points do not tell of the values that they rank."
    if names.PAWN_MEDIAN in found:
        yield from _closing_of_pawn(found, took(seconds))
        return
    runs = f"{found.attrs['draws']:,} runs{took(seconds)}"
    draws = f"{_base_draws(found)}, {runs}, seed {found.attrs['seed']}"
    if names.SHAPLEY in found:
        yield "Shapley effects: the variance shared out among all factors, interactions and dependence in equal parts."
        yield f"{draws}; standard errors by the jackknife."
        return
    yield (
        "First order: the share of the variance that would go if the factor were known. Total order: the share that "
        "would stay if all others were. Moves it by: the mean change, in places, when it alone is drawn anew."
    )
    yield f"{draws}; intervals from {found.attrs['bootstrap']} bootstrap samples."


def _closing_of_pawn(found: xr.Dataset, took_seconds: str) -> Iterable[str]:
    yield (
        "PAWN: the largest distance between the distribution of all draws and of those in one slice of the factor, 0 "
        "to 1: its median over slices, the largest, and what the median of slices taken at random stays below in 95 % "
        f"of {DUMMIES} trials. Marked{BY_CHANCE}, and last: not above chance."
    )
    if found.sizes[names.FACTOR] > MOST_ROWS:
        yield f"{found.sizes[names.FACTOR] - MOST_ROWS} more factors have less, or chance only; --csv FILE has all."
    if found.attrs["without_index"]:
        yield f"Many numbers at once, which cannot be sliced: {found.attrs['without_index']}."
    yield f"{found.attrs['draws']:,} draws{took_seconds}, seed {found.attrs['seed']}."


def _base_draws(found: xr.Dataset) -> str:
    """Return how many base draws were taken, and why more than were asked for."""
    taken, asked = found.attrs["base_draws"], found.attrs["base_draws_asked"]
    more = "" if taken == asked else f" ({asked:,} rounded up to whole blocks of {BLOCK:,})"
    return f"{taken:,} base draws{more}"


def _pairs(of_one: xr.Dataset) -> Iterable[str]:
    """Yield the strongest interactions of two factors."""
    joint = of_one[names.SECOND_ORDER].values
    known = np.argwhere(np.isfinite(joint))
    strongest = sorted(known.tolist(), key=lambda pair: -joint[tuple(pair)])[:FEW_PAIRS]
    factors = of_one[names.FACTOR_NAME].values
    told = [f"{factors[i]} × {factors[j]} {joint[i, j]:.3f}" for i, j in strongest]
    yield f"Strongest interactions for the mean rank shift: {'; '.join(told)}."


def influence_frame(found: xr.Dataset, cities: Sequence[str] = ()) -> pd.DataFrame:
    """Return indices as a table: a row for each factor and output, with standard errors and intervals.

    Of some `cities`, these are the mean rank shift, and the rank and the total of each; of all if none is named.
    """
    if cities:
        of_cities = [f"{kind} {city}" for kind in (names.RANK, names.TOTAL) for city in cities]
        found = found.sel({names.OUTPUT: [SHIFT, *of_cities]})
    kinds = [name for name in (names.FIRST_ORDER, names.TOTAL_ORDER, names.MU_STAR, names.SHAPLEY) if name in found]
    kinds += [name for name in (names.PAWN_MEDIAN, names.PAWN_LARGEST, names.PAWN_DUMMY) if name in found]
    ends = ("", names.SE, "_low", "_high")
    columns = [index + end for index in kinds for end in ends if index + end in found]
    table = found[columns].drop_dims(names.SLICE, errors="ignore").to_dataframe().reset_index()
    return table[[names.OUTPUT, names.FACTOR, *columns]]


def importance_view(found: xr.Dataset, balanced: xr.Dataset | None = None) -> Group:
    """Return the importance of members beside their nominal weight, most important first."""
    last = ["Weight that gives it"] if balanced is not None else []
    headings = ["Member", "Nominal weight", "Importance", "Linear", "Share", "Shift without", *last]
    table = plain_table(*headings, right=range(1, len(headings)), spare=(3, 5, 4))
    for member in np.argsort(-found[names.IMPORTANCE].values, kind="stable"):
        row = found.isel({names.MEMBER: member})
        cells = [percent(float(row[names.NOMINAL_WEIGHT]))]
        cells += [f"{float(row[name]):.3f}" for name in (names.IMPORTANCE, names.IMPORTANCE_LINEAR)]
        cells += [percent(float(row[names.IMPORTANCE_SHARE])), f"{float(row[names.SHIFT_WITHOUT]):.2f}"]
        cells += [] if balanced is None else [percent(float(balanced[names.WEIGHT].values[member]))]
        table.add_row(str(row[names.MEMBER_NAME_EN].item()), *cells)
    lines = [
        "Importance: the share of the variance of the total that would go if the member's score were known, by a "
        "curve; linear: its squared correlation with the total. Shift without: mean rank shift when it is left out.",
        "The curve is over the order of scores, not their size, so importance may lie below linear. Share: what the "
        "member has of the sum of all importances.",
        *([] if balanced is None else [_how_near(balanced)]),
    ]
    return Group(table, *(Text(line) for line in lines))


def _how_near(balanced: xr.Dataset) -> str:
    """Return whether weights give the importance wanted, and how near they come."""
    if balanced.attrs["reached"]:
        within = percent(float(balanced.attrs["largest_difference"]), 4)
        return f"Weight that gives it: linear importance is then shared out as nominal weights say (within {within})."
    had, wanted = balanced[names.IMPORTANCE_SHARE].values, balanced[names.IMPORTANCE_WANTED].values
    furthest = int(np.argmax(np.abs(had - wanted)))
    return (
        "No weights were found that give every member the importance its nominal weight says; these are the nearest "
        "found, which nearer ones may yet beat. "
        f"Furthest off: {balanced[names.MEMBER_NAME_EN].values[furthest]}, with {percent(float(had[furthest]))} of all "
        f"linear importance instead of {percent(float(wanted[furthest]))}."
    )


def importance_frame(found: xr.Dataset, balanced: xr.Dataset | None = None) -> pd.DataFrame:
    """Return importances as a table: a row for each member, with the weights that balance them if given."""
    columns = [name for name in found.data_vars if found[name].dims == (names.MEMBER,)]
    table = pd.DataFrame(
        {names.MEMBER: found[names.MEMBER].values, **{str(name): found[name].values for name in columns}}
    )
    if balanced is not None:
        table[names.WEIGHT] = balanced[names.WEIGHT].values
    return table


def neighbours_view(found: xr.Dataset) -> Group:
    """Return which member gives most to the lead over each next city in the ranking, and which ones it hangs on."""
    headings = ("Ranks", "Ahead", "Behind", "Gap", "Largest part", "Gives", "Would swap without")
    table = plain_table(*headings, right=(3, 5), spare=(0, 5))
    name = dict(zip(found[names.MEMBER].values, found[names.MEMBER_NAME_EN].values, strict=True))
    for pair in range(found.sizes[names.PAIR]):
        row = found.isel({names.PAIR: pair})
        deciding = row[names.DECIDING].item()
        largest = np.argsort(-row[names.LEAD].values, kind="stable")
        needed = found[names.MEMBER].values[largest[row[names.LEAD_WITHOUT].values[largest] < 0.0]]
        table.add_row(
            f"{int(row[names.RANK])}, {int(row[names.RANK_OTHER])}",
            str(row[names.AHEAD].item()),
            str(row[names.BEHIND].item()),
            f"{float(row[names.GAP]):.5g}",
            *(
                (
                    str(name[deciding]),
                    f"{float(row[names.LEAD].sel({names.MEMBER: deciding})):+.5g}",
                    _counted([str(name[member]) for member in needed], found.attrs["over"]),
                )
                if float(row[names.GAP]) > 0.0
                else ("a tie", "", "")
            ),
        )
    return Group(table, *(Text(line) for line in _on_neighbours(found)))


def _on_neighbours(found: xr.Dataset) -> Iterable[str]:
    yield "Gap: of the totals. Largest part: who gives most to it. Gives: how much that is."
    yield (
        "Would swap without: which, left out alone while the others keep their proportions, turn the two round; "
        "none alone: no single one does."
    )
    if not bool((found[names.GAP] > 0.0).all()):
        yield "A tie: the totals are equal and share a rank, so nothing decides who is named first."


def _counted(called: Sequence[str], level: str, most: int = 2) -> str:
    """Return the members of a level by name, those beyond the first few counted."""
    rest = len(called) - most
    return ", ".join(called[:most]) + (f" and {rest} more {plural(level, rest)}" if rest > 0 else "") or "none alone"


def neighbours_frame(found: xr.Dataset) -> pd.DataFrame:
    """Return neighbours as a table: a row for each two, with what each member gives to the lead."""
    columns = (names.RANK, names.AHEAD, names.RANK_OTHER, names.BEHIND, names.GAP, names.DECIDING)
    table = {name: found[name].values for name in columns}
    for name in (names.LEAD, names.LEAD_WITHOUT):
        table |= spread(found, name)
    return pd.DataFrame(table)
