"""The profile of a city for a terminal and as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group, RenderableType
from rich.text import Text

from simulator import names
from simulator.report.screen import plain_table

FEW: Final = 5
"""Indicators shown from either end."""


def profile_view(told: xr.Dataset, everything: bool = False) -> Group:
    """Return the profile of a city, as `simulator.auditing.profiles.profile` returns it, for a terminal.

    First where it stands, then its best and worst five of every level; all of them where `everything` is asked for.
    """
    return Group(*_answer(told), *_levels(told, everything))


def profile_frame(told: xr.Dataset) -> pd.DataFrame:
    """Return the profile as a table, a row for each indicator and node, level by level from strongest to weakest."""
    table = told.drop_dims(names.CITY).to_dataframe().reset_index()
    depth = {level: place for place, level in enumerate(dict.fromkeys(told[names.LEVEL].values[::-1].tolist()))}
    order = np.lexsort((table[names.STRENGTH].to_numpy(), table[names.LEVEL].map(depth).to_numpy()))
    return table.iloc[order].reset_index(drop=True)


def _answer(told: xr.Dataset) -> Iterator[Text]:
    whole, count = told.isel({names.SLOT: -1}), int(told[names.PEER].sum())
    rank, score = int(whole[names.RANK]), float(whole[names.SCORE])
    if not rank:
        yield Text(f"{told.attrs['city']} has no rank: nothing that weighs is known of it.")
        return
    yield Text(f"{told.attrs['city']}: rank {rank} of {told.sizes[names.CITY]}, total {score:.6g}.")
    if told.attrs["peers"]:
        place, median = int(whole[names.PEER_RANK]), float(whole[names.PEER_MEDIAN])
        shared = f"{told.attrs['peers']} {told.attrs['group']}"
        alone = " It is the only one, so that no gap is told." if count == 1 else ""
        yield Text(f"Among the {count} of {shared}: rank {place}; median of their totals {median:.6g}.{alone}")


def _levels(told: xr.Dataset, everything: bool) -> Iterator[RenderableType]:
    levels = list(dict.fromkeys(told[names.LEVEL].values[::-1].tolist()))
    for level in levels[1:]:
        strength = np.where(told[names.LEVEL].values == level, told[names.STRENGTH].values, 0)
        order = np.argsort(strength, kind="stable")[np.count_nonzero(strength == 0) :]
        headings = ("Rank", "Score", "Median", "To median", "To best")
        title = f"By {level}, strongest first"
        table = plain_table("", level.capitalize(), "Value", *headings, right=[0, *range(2, 8)], spare=[2], title=title)
        for place, slot in enumerate(order):
            if not everything and FEW <= place < len(order) - FEW:
                if place == FEW:
                    table.add_row("…", *[""] * 7)
                continue
            table.add_row(str(place + 1), *_cells(told.isel({names.SLOT: int(slot)})))
        yield table
    yield Text("Rank among the peers, of so many. To median, to best: its score less that of the peers.")


def _cells(one: xr.Dataset) -> list[str]:
    value = float(one[names.VALUE])
    figures = (names.SCORE, names.PEER_MEDIAN, names.GAP_TO_MEDIAN, names.GAP_TO_BEST)
    return [
        str(one[names.SLOT_NAME_EN].values),
        f"{value:.5g}" if np.isfinite(value) else "",
        f"{int(one[names.PEER_RANK])}/{int(one[names.PEER_COUNT])}",
        *(f"{float(one[name]) + 0.0:.4g}" for name in figures),
    ]
