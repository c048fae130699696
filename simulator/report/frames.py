"""Results as flat tables, for CSV and JSON files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from simulator import names
from simulator.provenance import ATTRIBUTE

FIRST_COLUMNS = (
    names.BASELINE_RANK,
    names.RANK_MEAN,
    names.RANK_MEDIAN,
    names.RANK_P05,
    names.RANK_P95,
    *(f"top_{top}" for top in names.TOPS),
)
"""Columns of a stability table that come first, in this order; other programs rely on it."""

OVERALL = (names.MEAN_SHIFT, names.KENDALL, names.SPEARMAN)
"""Figures of the whole ranking."""


def score_frame(scored: xr.Dataset) -> pd.DataFrame:
    """Return a scored index as a table: `city, rank, total`, then one column for each dimension, best city first."""
    top = scored[names.NODE].values[-1]
    dimensions = [str(node) for node in scored[names.NODE].values[scored[names.PARENT].values == top]]
    table = pd.DataFrame(
        {
            names.CITY: scored[names.CITY].values,
            names.RANK: scored[names.RANK].values,
            names.TOTAL: scored[names.TOTAL].values,
            **{node: scored[names.SCORE].sel({names.NODE: node}).values for node in dimensions},
        }
    )
    order = np.lexsort((table[names.RANK], table[names.RANK] == 0))  # without a rank: last
    return whole_numbers(table.iloc[order].reset_index(drop=True))


def city_columns(found: xr.Dataset, columns: Sequence[str]) -> dict[str, Any]:
    """Return the cities and some figures of each, as columns of a table."""
    return {name: found[name].values for name in (names.CITY, *columns)}


def spread(found: xr.Dataset, name: str) -> dict[str, Any]:
    """Return a variable of two axes as columns, one for each label of the second, such as `pair_win_hefei`.

    >>> list(spread(xr.Dataset({"lead": (("pair", "member"), [[1.0, 2.0]])}, {"member": ["a", "b"]}), "lead"))
    ['lead_a', 'lead_b']
    """
    labels = found[found[name].dims[1]].values
    return {f"{name}_{label}": column for label, column in zip(labels, found[name].values.T, strict=True)}


def stability_frame(result: xr.Dataset) -> pd.DataFrame:
    """Return the figures of each city as a table: `city`, the columns that others rely on, then all the rest."""
    per_city = [str(name) for name in result.data_vars if result[name].dims == (names.CITY,)]
    rest = [name for name in per_city if name not in FIRST_COLUMNS]
    columns = {name: result[name].values for name in (*FIRST_COLUMNS, *rest)}
    described = {
        str(name): result[name].values
        for name in result.coords
        if result[name].dims == (names.CITY,) and name != names.CITY
    }
    return pd.DataFrame({names.CITY: result[names.CITY].values, **columns, **described})


def stability_record(result: xr.Dataset) -> dict[str, Any]:
    """Return a result as plain mappings and lists: overall figures, a record for each city, and the provenance."""
    overall = {name: _plain(result[name].values) for key in OVERALL for name in (key, key + names.SE) if name in result}
    choices: list[Any] = []
    if names.CHOICE_SHARE in result:
        shares = result[[names.CHOICE_SHARE, names.CHOICE_SHARE + names.SE]].to_dataframe()
        choices = json.loads(shares.to_json(orient="records", force_ascii=False, double_precision=15))
    table = stability_frame(result)
    return {
        "scenario": result.attrs["scenario"],
        "overall": overall,
        "choices": choices,
        "draws": _draw_records(result),
        "pairs": _pair_records(result),
        "cities": json.loads(table.to_json(orient="records", force_ascii=False, double_precision=15)),
        "provenance": json.loads(result.attrs[ATTRIBUTE]),
    }


def _draw_records(result: xr.Dataset) -> list[Any]:
    """Return, for an exact design that kept its draws, what each left out or chose, its shift and all ranks."""
    if result.attrs["design"] != "exact" or names.RANK_BY_DRAW not in result:
        return []
    taken = [str(name) for name in result.coords if result[name].dims == (names.DRAW,) and name != names.DRAW]
    cities = [str(city) for city in result[names.CITY].values]
    return [
        {
            **{name: str(result[name].values[draw]) for name in taken},
            names.SHIFT_BY_DRAW: float(result[names.SHIFT_BY_DRAW].values[draw]),
            names.RANK_BY_DRAW: dict(zip(cities, result[names.RANK_BY_DRAW].values[draw].tolist(), strict=True)),
        }
        for draw in range(result.sizes[names.DRAW])
    ]


def _pair_records(result: xr.Dataset) -> dict[str, dict[str, float]]:
    """Return the chance that each city ranks above each other one, where pairs were counted."""
    if names.PAIR_WIN not in result:
        return {}
    cities = [str(city) for city in result[names.CITY].values]
    rows = result[names.PAIR_WIN].values.tolist()
    return {city: dict(zip(cities, row, strict=True)) for city, row in zip(cities, rows, strict=True)}


def _plain(values: np.ndarray[Any, Any]) -> Any:
    return values.tolist()


def whole_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with columns of whole numbers as integers, as a report prints them."""
    whole = [
        name
        for name in table.columns
        if table[name].dtype.kind == "f"
        and np.isfinite(table[name]).all()
        and (table[name] == np.rint(table[name])).all()
    ]
    return table.astype(dict.fromkeys(whole, "int64"))
