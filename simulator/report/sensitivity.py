"""Sensitivity indices as tables for a terminal and as flat files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group
from rich.table import Table
from rich.text import Text

from simulator import names
from simulator.report.screen import plain_table

SHIFT = "mean_abs_rank_shift"
FEW_PAIRS = 5


def influence_view(found: xr.Dataset, cities: Sequence[str] = (), seconds: float | None = None) -> Group:
    """Return the indices of each factor for the mean rank shift, then for the rank of some cities, largest first."""
    outputs = {SHIFT: "Mean absolute rank shift", **{f"{names.RANK} {city}": f"Rank of {city}" for city in cities}}
    tables = [_table(found.sel({names.OUTPUT: output}), title) for output, title in outputs.items()]
    return Group(*tables, *(Text(line) for line in _closing(found, list(outputs), seconds)))


def _table(of_one: xr.Dataset, title: str) -> Table:
    table = plain_table("Factor", "First order", "95 % interval", "Total order", "95 % interval", right=range(1, 5))
    table.title, table.title_justify = title, "left"
    for factor in np.argsort(-of_one[names.TOTAL_ORDER].values, kind="stable"):
        row = of_one.isel({names.FACTOR: factor})
        cells = []
        for index in (names.FIRST_ORDER, names.TOTAL_ORDER):
            value, low, high = (float(row[index + end]) for end in ("", "_low", "_high"))
            cells += [f"{value:.3f}", f"{low:.3f} to {high:.3f}"]
        table.add_row(str(row[names.FACTOR].item()), *cells)
    return table


def _closing(found: xr.Dataset, outputs: Sequence[str], seconds: float | None) -> Iterable[str]:
    for output in outputs:
        one = found.sel({names.OUTPUT: output})
        if bool(one[names.CONSTANT]):
            yield f"{output} is the same in all draws: every index is 0."
            continue
        alone = float(one[names.FIRST_ORDER].sum())
        share = f"{100.0 * alone:.0f} % of its variance"
        yield f"{output}: the factors by themselves explain {share}, the rest is their interaction."
    if names.SECOND_ORDER in found:
        yield from _pairs(found.sel({names.OUTPUT: outputs[0]}))
    yield (
        "First order: the share of the variance that would go if the factor were known. Total order: the share that "
        "would stay if all others were."
    )
    took = "" if seconds is None else f" in {seconds:.1f} s"
    draws, bootstrap = found.attrs["base_draws"], found.attrs["bootstrap"]
    yield (
        f"{draws:,} base draws, {found.attrs['draws']:,} runs{took}, seed {found.attrs['seed']}; intervals from "
        f"{bootstrap} bootstrap samples."
    )


def _pairs(of_one: xr.Dataset) -> Iterable[str]:
    """Yield the strongest interactions of two factors."""
    joint = of_one[names.SECOND_ORDER].values
    known = np.argwhere(np.isfinite(joint))
    strongest = sorted(known.tolist(), key=lambda pair: -joint[tuple(pair)])[:FEW_PAIRS]
    factors = of_one[names.FACTOR].values
    told = [f"{factors[i]} × {factors[j]} {joint[i, j]:.3f}" for i, j in strongest]
    yield f"Strongest interactions: {'; '.join(told)}."


def influence_frame(found: xr.Dataset) -> pd.DataFrame:
    """Return indices as a table: a row for each factor and output, with standard errors and intervals."""
    kinds = (names.FIRST_ORDER, names.TOTAL_ORDER)
    columns = [index + end for index in kinds for end in ("", names.SE, "_low", "_high")]
    table = found[columns].to_dataframe().reset_index()
    return table[[names.OUTPUT, names.FACTOR, *columns]]
