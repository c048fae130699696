"""What lies behind the points of each variable, and draws of it, as tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from rich.console import Group
from rich.text import Text

from simulator import names
from simulator.index import Index
from simulator.raw.side import Behind, behind
from simulator.report.screen import city_name, plain_table

QUANTILES = (0.05, 0.5, 0.95)


def behind_view(index: Index, drawn: xr.Dataset) -> Group:
    """Return every variable of printed points and what is behind it: formulas, scale, how many known values."""
    table = plain_table("Variable", "Behind it", "Scale", "Better", "Known", "Elasticity", right=[4])
    table.columns[0].no_wrap = True
    for variable in (str(name) for name in drawn[names.INDICATOR].values):
        column = drawn.sel({names.INDICATOR: variable})
        found = _behind(index, variable)
        table.add_row(
            variable,
            "; ".join(_formulas(index, variable)) or "not told",
            str(column[names.SCALE].item()),
            str(column[names.DIRECTION].item()),
            str(int(column[names.KNOWN].sum())),
            ", ".join(f"{one:.2g}" for one in found.elasticity) if found and _is_product(found) else "",
        )
    told = (
        "Known: cities whose raw value is used, moved into the printed order where it must be; the others are drawn. "
        "Elasticity: per cent by which the one value of several indicators changes when each changes by one."
    )
    return Group(table, Text(told))


def drawn_view(index: Index, drawn: xr.Dataset, variable: str) -> Group:
    """Return the values behind one variable, city by city in the printed order: 5 %, 50 % and 95 % of the draws."""
    column = drawn.sel({names.INDICATOR: variable})
    points = index.printed.sel({names.SLOT: variable}).values
    found = _behind(index, variable)
    unit = f", {found.unit}" if found and found.unit else ""
    scale, better = column[names.SCALE].item(), column[names.DIRECTION].item()
    title = f"{variable}: {scale} scale, {better} is better{unit}"
    headings = ("Points", "City", "Known", *(f"{100 * q:g} %" for q in QUANTILES))
    table = plain_table(*headings, right=[0, 2, 3, 4, 5], title=title)
    quantiles = np.quantile(column[names.VALUE].values, QUANTILES, axis=0)
    for city in np.argsort(-points, kind="stable"):
        known = bool(column[names.KNOWN].values[city])
        cells = [_number(value) for value in quantiles[:, city]]
        table.add_row(f"{points[city]:g}", city_name(index.matrix, int(city)), cells[1] if known else "", *cells)
    return Group(table)


def _number(value: float) -> str:
    """Return a value to four digits, larger ones as whole numbers."""
    return f"{value:.0f}" if abs(value) >= 9999.5 else f"{value:.4g}"


def _is_product(found: Behind) -> bool:
    """Return whether several indicators make one value on a positive scale, so that each acts with its elasticity."""
    return len(found.parts) > 1 and found.scale == "positive"


def _behind(index: Index, variable: str) -> Behind | None:
    if index.raw is None or variable not in index.raw.definition.slots:
        return None
    return behind(index.raw, variable)


def _formulas(index: Index, variable: str) -> Iterator[str]:
    """Yield the formula of each indicator behind a variable."""
    if index.raw is not None and variable in index.raw.definition.slots:
        yield from (str(part.formula) for part in index.raw.parts(variable))
