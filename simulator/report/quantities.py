"""The quantities of an index: what can be changed, of whom it is known, and which indicators hold it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from rich.table import Table

from simulator.changes.figures import ORIGINS, gather_figures
from simulator.changes.standing import stand
from simulator.errors import Fault, InputError
from simulator.formulas import parse_formula
from simulator.index import Index
from simulator.lookup import find_city
from simulator.report.figures import number
from simulator.report.screen import plain_table


def quantities_frame(index: Index, city: str | None = None) -> pd.DataFrame:
    """Return the quantities of an index, one row each.

    Columns are `quantity`, `unit`, `cities` (of how many it is bundled), `growth` (the quantity that holds its growth,
    if any), `indicators` (those whose formula holds it); of a city also `value` and `origin`.

    Raises `InputError` for an unknown city, and for an index that has no quantities.
    """
    standing = stand(index)
    figures = gather_figures(standing, {})
    if figures is None:
        remedy = "Its variables can be moved by places all the same."
        raise InputError(index.definition.id, [Fault("", "no quantities stand behind this index", remedy)])
    holders: dict[str, list[str]] = {}
    for leaf in figures.definition.indicators:
        for name in parse_formula(leaf.formula or "").quantities:
            holders.setdefault(name, []).append(leaf.id)
    rows = [
        {
            "quantity": name,
            "unit": entry.unit,
            "cities": int(figures.told(name).sum()),
            "growth": entry.growth or "",
            "indicators": ", ".join(holders.get(name, [])),
        }
        for name, entry in figures.definition.quantities.items()
        if name in holders or entry.growth
    ]
    table = pd.DataFrame(rows)
    if city is not None:
        position = index.cities.index(find_city(index.matrix, city))
        table.insert(2, "value", [float(figures.value[name][position]) for name in table["quantity"]])
        table.insert(3, "origin", [ORIGINS[figures.origin[name][position]] for name in table["quantity"]])
    return table


def quantities_view(table: pd.DataFrame) -> Table:
    """Return the table of `quantities_frame` for a screen."""
    headings = {"quantity": "Quantity", "value": "Figure", "origin": "", "unit": "Unit", "cities": "Cities"}
    headings |= {"growth": "Growth in", "indicators": "Held by"}
    shown = [name for name in headings if name in table]
    view = plain_table(
        *(headings[name] for name in shown), right=[k for k, n in enumerate(shown) if n in ("value", "cities")]
    )
    for row in table[shown].itertuples(index=False):
        view.add_row(*(_text(cell) for cell in row))
    return view


def _text(cell: object) -> str:
    """Return a cell in words; nothing where no figure is known."""
    if isinstance(cell, float):
        return "" if np.isnan(cell) else number(cell)
    return str(cell)
