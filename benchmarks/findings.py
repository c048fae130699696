"""What a benchmark found, as data: printed as a table, kept as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from rich.console import Group
from rich.text import Text

from benchmarks.measuring import Effort, Spread
from simulator.report.screen import plain_table


@dataclass(frozen=True)
class Bar:
    """What a figure should reach, or should not exceed."""

    value: float
    at_most: bool = False

    def __str__(self) -> str:
        return f"at {'most' if self.at_most else 'least'} {self.value:g}"


Cell: TypeAlias = str | int | float | Spread | Bar | None
Row: TypeAlias = dict[str, Cell]
"""Cells by the key of their column; a column that is not named is empty."""


@dataclass(frozen=True)
class Column:
    """A column: its name in JSON, its heading on the screen, and how its numbers are written."""

    key: str
    heading: str
    form: str = ""
    """Format of numbers, such as `,.0f`; of a spread, that of each of its three."""
    text: bool = False


@dataclass(frozen=True)
class Findings:
    """One table; its title says what was timed."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Benchmark:
    """A benchmark that can be asked for by name."""

    name: str
    summary: str
    measure: Callable[[Effort], Iterator[Findings]]
    """Yields each table as soon as it is measured."""


def as_table(findings: Findings) -> Group:
    """Return the findings as a title and a table for a terminal."""
    numeric = [number for number, column in enumerate(findings.columns) if not column.text]
    table = plain_table(*(column.heading for column in findings.columns), right=numeric)
    for row in findings.rows:
        table.add_row(*(_written(row.get(column.key), column.form) for column in findings.columns))
    return Group(Text(f"\n{findings.title}", "bold"), table)


def as_json(found: Mapping[str, Sequence[Findings]]) -> dict[str, list[dict[str, Any]]]:
    """Return findings as lists and mappings that JSON can hold, under the names of their benchmarks."""
    return {
        name: [
            {
                "title": findings.title,
                "headings": {column.key: column.heading for column in findings.columns},
                "rows": [{key: _plain(cell) for key, cell in row.items()} for row in findings.rows],
            }
            for findings in several
        ]
        for name, several in found.items()
    }


def _written(cell: Cell, form: str) -> str:
    match cell:
        case None:
            return ""
        case Spread() if cell.lowest == cell.highest:
            return f"{cell.median:{form}}"
        case Spread():
            return f"{cell.median:{form}} ({cell.lowest:{form}} to {cell.highest:{form}})"
        case int() | float():
            return f"{cell:{form}}"
    return str(cell)


def _plain(cell: Cell) -> Any:
    match cell:
        case Spread():
            return asdict(cell)
        case Bar():
            return {"at_most" if cell.at_most else "at_least": cell.value}
    return cell
