"""What a store of results holds, for screen and files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import xarray as xr
from rich.console import Group
from rich.text import Text

from simulator import names
from simulator.report.answers import answer_frame, answer_record, answer_view
from simulator.report.frames import FIRST_COLUMNS, stability_frame, stability_record
from simulator.report.screen import BLANK, plain_table, stability_view
from simulator.results.catalogue import Entry

MOST_SHOWN = 1_000
"""Lines of a catalogue on the screen; files have all."""


def catalogue_view(entries: Sequence[Entry]) -> Group:
    """Return a catalogue as it is shown on a screen, the last lines where there are very many."""
    shown = entries[-MOST_SHOWN:]
    table = plain_table("Name", "Draws", "Seed", "Moved", "First", "Kept", "Status", right=(1, 2, 3), spare=(4, 2))
    for entry in shown:
        shift = entry.figures.get("mean_abs_rank_shift")
        table.add_row(
            Text(entry.name),
            BLANK if entry.draws is None else f"{entry.draws:,}",
            BLANK if entry.seed is None else str(entry.seed),
            f"{shift:.2f}" if isinstance(shift, float) else BLANK,
            str(entry.figures.get("first_city") or BLANK),
            entry.written[:16].replace("T", " "),
            Text(entry.status if not entry.fault else f"{entry.status}: {entry.fault}"),
        )
    failed = sum(entry.status == "failed" for entry in entries)
    closing = f"{len(entries):,} result{'' if len(entries) == 1 else 's'}, {failed:,} of them failed."
    if len(shown) < len(entries):
        closing += f" The last {len(shown):,} are shown; --csv has all."
    told = "Moved: mean places that a city moves from its baseline rank. First: with nothing varied. Kept: UTC."
    return Group(table, Text(f"{closing} {told}")) if entries else Group(Text("No results."))


def catalogue_record(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return a catalogue as plain mappings, with everything that its records hold."""
    return [dict(vars(entry)) for entry in entries]


def result_view(result: xr.Dataset) -> Group:
    """Return a result of a study as `citysim run` shows it."""
    return answer_view(result) if _is_answer(result) else stability_view(result)


def result_frame(result: xr.Dataset) -> pd.DataFrame:
    """Return a result of a study as the table that `citysim run --csv` writes."""
    return answer_frame(result) if _is_answer(result) else stability_frame(result)


def result_text(result: xr.Dataset) -> str:
    """Return a result of a study as the text that `citysim run --json` writes."""
    record = answer_record(result) if _is_answer(result) else stability_record(result)
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def is_of_study(result: xr.Dataset) -> bool:
    """Return whether a result has what views and tables need; a store may hold any Dataset."""
    return _is_answer(result) or all(name in result for name in FIRST_COLUMNS)


def _is_answer(result: xr.Dataset) -> bool:
    return names.RANK_BEFORE in result
