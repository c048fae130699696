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
    if names.SHAPLEY in of_one:
        return _shapley_table(of_one, title)
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


def _shapley_table(of_one: xr.Dataset, title: str) -> Table:
    table = plain_table("Factor", "Share of the variance", "Standard error", right=(1, 2))
    table.title, table.title_justify = title, "left"
    for factor in np.argsort(-of_one[names.SHAPLEY].values, kind="stable"):
        row = of_one.isel({names.FACTOR: factor})
        share, error = float(row[names.SHAPLEY]), float(row[names.SHAPLEY + names.SE])
        table.add_row(str(row[names.FACTOR].item()), f"{100.0 * share:.1f} %", f"{100.0 * error:.1f} %")
    return table


def _closing(found: xr.Dataset, outputs: Sequence[str], seconds: float | None) -> Iterable[str]:
    for output in outputs:
        one = found.sel({names.OUTPUT: output})
        if bool(one[names.CONSTANT]):
            yield f"{output} is the same in all draws: every index is 0."
            continue
        if names.SHAPLEY in found:
            continue
        alone = float(one[names.FIRST_ORDER].sum())
        share = f"{100.0 * alone:.0f} % of its variance"
        yield f"{output}: the factors by themselves explain {share}, the rest is their interaction."
    if names.SECOND_ORDER in found:
        yield from _pairs(found.sel({names.OUTPUT: outputs[0]}))
    took = "" if seconds is None else f" in {seconds:.1f} s"
    draws = f"{found.attrs['base_draws']:,} base draws, {found.attrs['draws']:,} runs{took}, seed {found.attrs['seed']}"
    if names.SHAPLEY in found:
        yield "Shapley effects: the variance shared out among all factors, interactions and dependence in equal parts."
        yield f"{draws}; standard errors by the jackknife."
        return
    yield (
        "First order: the share of the variance that would go if the factor were known. Total order: the share that "
        "would stay if all others were."
    )
    yield f"{draws}; intervals from {found.attrs['bootstrap']} bootstrap samples."


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
    kinds = [name for name in (names.FIRST_ORDER, names.TOTAL_ORDER, names.SHAPLEY) if name in found]
    ends = ("", names.SE, "_low", "_high")
    columns = [index + end for index in kinds for end in ends if index + end in found]
    table = found[columns].to_dataframe().reset_index()
    return table[[names.OUTPUT, names.FACTOR, *columns]]
