"""An answer to a what-if of either kind: what changes lead to, or what it would take."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Group

from simulator import names
from simulator.provenance import ATTRIBUTE
from simulator.report.reaching import plan_frame, reach_view
from simulator.report.whatif import whatif_frame, whatif_view


def answer_view(result: xr.Dataset, seconds: float | None = None) -> Group:
    """Return an answer as it is shown on a screen."""
    return reach_view(result, seconds) if names.PLAN in result.dims else whatif_view(result, seconds)


def answer_frame(result: xr.Dataset) -> pd.DataFrame:
    """Return an answer as a flat table: a row for each city, or for each variable of each plan."""
    return plan_frame(result) if names.PLAN in result.dims else whatif_frame(result)


def answer_record(result: xr.Dataset) -> dict[str, Any]:
    """Return an answer as plain mappings and lists: what was asked, the cities, variables, plans and the provenance.

    Variables are those whose values or points change in the city in question; NaN becomes null.
    """
    plans = _records(plan_frame(result)) if names.PLAN in result.dims else []
    return {
        "scenario": result.attrs["scenario"],
        "city": result.attrs["city"],
        "asked": result.attrs["asked"],
        "held": result.attrs["held"],
        "cities": _records(whatif_frame(result)),
        "variables": _records(_variable_frame(result)) if result.attrs["city"] else [],
        "plans": plans,
        "provenance": json.loads(result.attrs[ATTRIBUTE]),
    }


def _records(table: pd.DataFrame) -> list[Any]:
    found: list[Any] = json.loads(table.to_json(orient="records", force_ascii=False, double_precision=15))
    return found


def _variable_frame(result: xr.Dataset) -> pd.DataFrame:
    """Return what changes in the city in question: places, points and values of its variables before and after."""
    own = result.sel({names.CITY: result.attrs["city"]})
    shown = (names.PLACE_BEFORE, names.PLACE_AFTER, names.POINTS_BEFORE, names.POINTS_AFTER)
    values = (names.VALUE_BEFORE, names.VALUE_AFTER)
    held = own[names.HELD].values
    table = pd.DataFrame(
        {
            names.INDICATOR: own[names.INDICATOR].values,
            **{name: own[name].values for name in shown},
            **{name: np.where(held, own[name].values, np.nan) for name in values},
            names.UNIT: own[names.VALUE_UNIT].values,
            names.EFFECT: own[names.EFFECT].values,
        }
    )
    touched = (own[values[0]].values != own[values[1]].values) | (own[shown[2]].values != own[shown[3]].values)
    changed: pd.DataFrame = table.loc[touched]
    return changed
