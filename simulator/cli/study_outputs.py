"""What a study gives: files of its result, and its table on the screen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator import names
from simulator.cli.outputs import STANDARD_OUTPUT, write_csv, write_text, write_workbook

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Outputs:
    """Files of a study's result; nothing where none is asked for."""

    out: str | None = None
    csv: str | None = None
    xlsx: str | None = None
    json: str | None = None

    @property
    def on_screen(self) -> bool:
        """Whether one of them goes to the screen, which then shows nothing else."""
        return STANDARD_OUTPUT in (self.csv, self.json)

    def write(self, result: xr.Dataset, asks: bool) -> None:
        """Write a result, that of a what-if where it `asks`."""
        from simulator.report.answers import answer_frame, answer_record
        from simulator.report.frames import stability_frame, stability_record
        from simulator.storage import write_result

        if self.out is not None:
            write_result(result, Path(self.out))
        if self.csv is not None:
            write_csv(answer_frame(result) if asks else stability_frame(result), self.csv)
        if self.xlsx is not None:
            write_workbook(result, self.xlsx, answer_frame(result) if asks else None)
        if self.json is not None:
            record = answer_record(result) if asks else stability_record(result)
            write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", self.json)


def is_answer(result: xr.Dataset) -> bool:
    """Return whether a result is that of a what-if."""
    return names.RANK_AFTER in result


def show_stability(result: xr.Dataset, seconds: float, cities: Sequence[str], pairs: Sequence[tuple[str, str]]) -> None:
    """Show how the ranks hold, of some cities alone where they are named, and the chances of pairs."""
    from simulator.report.screen import pair_lines, show, stability_view

    show(stability_view(result, seconds, cities))
    for line in pair_lines(result, pairs):
        click.echo(line)
