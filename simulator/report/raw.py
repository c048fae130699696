"""Raw quantities beside printed points, as tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from simulator import names
from simulator.index import Index
from simulator.raw.calibration import LEAST_AGREEMENT
from simulator.raw.recomputed import compare_points
from simulator.raw.side import RawSide, behind
from simulator.report.frames import score_frame, whole_numbers
from simulator.report.screen import city_name, plain_table
from simulator.sourcing import Source, agrees, calibration_moves, lacking, shared_variables

PUBLISHED_TOTAL = "published_total"

WIDE_ENOUGH = 130
"""Columns of a screen from which formulas have room beside the figures."""

FEW_CITIES = 3
"""Cities without a raw value up to which they are named."""


def raw_view(index: Index, sources: Mapping[str, Source], scored: xr.Dataset, width: int) -> Group:
    """Return how raw quantities reproduce the printed points, and the ranking they give beside the published one.

    `index` is that of the printed points, `scored` its score with the `sources` named (variable → source). Formulas
    are shown where the `width` of the screen has room for them.
    """
    views: list[RenderableType] = []
    if index.raw is not None:
        views += [_comparison_table(index.raw, compare_points(index.raw, index.printed), sources, width)]
    calibrated = [name for name, source in sources.items() if source == "calibrated"]
    if calibrated:
        views.append(_moves_table(calibration_moves(index, calibrated), index))
    beside = _side_by_side(scored, index)
    if beside.row_count:
        views.append(beside)
    views += [Text(line) for line in _closing(scored, index, sources)]
    return Group(*views)


def side_by_side_frame(index: Index, scored: xr.Dataset) -> pd.DataFrame:
    """Return the scores as a table, as `score_frame` does, with `published_rank` and `published_total` beside them."""
    table = score_frame(scored)
    if index.published is None:
        return table
    printed = index.published.sel({names.CITY: table[names.CITY].to_numpy()})
    table.insert(3, names.PUBLISHED_RANK, printed[names.RANK].values)
    table.insert(4, PUBLISHED_TOTAL, printed[names.TOTAL].values)
    return whole_numbers(table)


def _comparison_table(raw: RawSide, compared: xr.Dataset, sources: Mapping[str, Source], width: int) -> Table:
    formulas = ["From"] if width >= WIDE_ENOUGH else []
    headings = ("Variable", "Source", "Cities", "Exact", "Within 1", "Largest", "Spearman", *formulas)
    title = "Points made again from raw quantities, beside the printed ones"
    table = plain_table(*headings, right=[2, 3, 4, 6], title=title)
    table.columns[0].no_wrap = True
    for number, name in enumerate(compared[names.SLOT].values):
        row = compared.isel({names.SLOT: number})
        largest = float(row[names.LARGEST_DIFFERENCE])
        table.add_row(
            str(name),
            sources.get(str(name), "points"),
            str(int(row[names.CITIES_KNOWN])),
            str(int(row[names.EXACT])),
            str(int(row[names.WITHIN_ONE])),
            f"{largest:g}, {row[names.LARGEST_CITY].item()}" if largest > 0.0 else "none",
            f"{float(row[names.RAW_SPEARMAN]):.4f}",
            *("; ".join(str(part.formula) for part in raw.parts(str(name))) for _ in formulas),
        )
    return table


def _moves_table(moves: xr.Dataset, index: Index) -> Table:
    title = "Raw values moved into the printed order"
    table = plain_table("Variable", "Cities", "Moved", "Largest move", "of", right=[1, 2, 3], title=title)
    positive = {
        name: index.raw is not None and behind(index.raw, name).scale == "positive" for name in moves[names.SLOT].values
    }
    for number, name in enumerate(moves[names.SLOT].values):
        row = moves.isel({names.SLOT: number})
        move = float(row[names.LARGEST_MOVE])
        moved = int(row[names.CITIES_MOVED])
        shown = f"{100.0 * move:+.1f} %" if positive[name] else f"{move:+.3g}"
        city = row[names.LARGEST_CITY].item() if moved else ""
        table.add_row(str(name), str(int(row[names.CITIES_KNOWN])), str(moved), shown if moved else "none", str(city))
    return table


def _side_by_side(scored: xr.Dataset, index: Index) -> Table:
    """Return rank and total of the cities for which either differs from what the points give, best city first."""
    former = _from_points(index)
    word = "Published" if index.published is not None else "From points"
    headings = ("Rank", "City", "Total", f"{word} rank", f"{word} total", "Rank differs", "Total differs")
    table = plain_table(*headings, right=[0, 2, 3, 4, 5, 6], title="Where the ranking differs")
    for city in np.argsort(scored[names.RANK].values, kind="stable"):
        place = {names.CITY: scored[names.CITY].values[city]}
        rank, total = int(scored[names.RANK].sel(place)), float(scored[names.TOTAL].sel(place))
        old_rank, old_total = int(former[names.RANK].sel(place)), float(former[names.TOTAL].sel(place))
        if rank == old_rank and not _signed(total - old_total):
            continue
        cells = [f"{total:g}", str(old_rank), f"{old_total:g}", _signed(old_rank - rank), _signed(total - old_total)]
        table.add_row(str(rank), city_name(scored, int(city)), *cells)
    return table


def _from_points(index: Index) -> xr.Dataset:
    """Return ranks and totals as published, or else as the points give them."""
    return index.score() if index.published is None else index.published


def _signed(difference: float) -> str:
    return f"{difference:+g}" if abs(difference) > 1e-9 else ""


def _closing(scored: xr.Dataset, index: Index, sources: Mapping[str, Source]) -> list[str]:
    used = [name for name, source in sources.items() if source != "points"]
    lines = [f"Points as printed for all variables but {', '.join(used)}." if used else "Points as printed throughout."]
    lines += _in_doubt(index, sources)
    lines += _almost_known(index, sources)
    former = _from_points(index).sel({names.CITY: scored[names.CITY].values})
    apart = (scored[names.RANK] != former[names.RANK]).values
    than = "published" if index.published is not None else "from the points"
    lines.append(f"{int(apart.sum())} of {apart.size} cities have another rank than {than}.")
    return lines


def _in_doubt(index: Index, sources: Mapping[str, Source]) -> list[str]:
    """Return which calibrated variables have raw values that hardly agree with the print."""
    return [
        f"{name}: raw values agree too little with the printed points to stand behind them "
        f"(Spearman below {LEAST_AGREEMENT:g})."
        for name, source in sources.items()
        if source == "calibrated" and index.raw is not None and not agrees(index, index.raw, name)
    ]


def _almost_known(index: Index, sources: Mapping[str, Source]) -> list[str]:
    """Return what is missing of the variables left at their points because of a few cities."""
    if index.raw is None:
        return []
    raw = index.raw
    left = [name for name in shared_variables(index, raw) if name not in sources]
    few = {name: lacking(raw, name) for name in left if 0 < _unknown(raw, name) <= FEW_CITIES}
    told = {
        name: ", ".join(f"{' and '.join(unknown)} of {city}" for city, unknown in gap.items())
        for name, gap in few.items()
    }
    return [
        f"{name} lacks {cells} (convention 4)"
        + (f"; --source {name}=calibrated fills it between its neighbours." if agrees(index, raw, name) else ".")
        for name, cells in told.items()
    ]


def _unknown(raw: RawSide, variable: str) -> int:
    """Return of how many cities an indicator behind a variable is not known."""
    return int(np.isnan([raw.column(part.id) for part in raw.parts(variable)]).any(axis=0).sum())
