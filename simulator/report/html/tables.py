"""Tables of a page: cells with what is shown and what they are sorted by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simulator.report.figures import number, signed
from simulator.report.screen import chance, percent
from simulator.texts import Texts

BLANK = "–"


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and its place when the column is sorted; without one it stands last."""

    text: str
    order: float | str | None = None

    @property
    def sorted_by(self) -> str:
        """Return what the page sorts by."""
        return self.text if self.order is None else str(self.order)


@dataclass(frozen=True)
class Column:
    """A heading, and whether figures stand below it."""

    title: str
    figures: bool = True


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is its heading."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def columns(first: str, *others: str) -> list[Column]:
    """Return the columns of a table whose first names the row and whose others are figures."""
    return [Column(first, figures=False), *map(Column, others)]


def word(text: str) -> Cell:
    """Return a cell of text."""
    return Cell(text or BLANK)


def whole(value: float) -> Cell:
    """Return a cell of a whole number such as a rank; 0 and what is unknown are blank and stand last.

    >>> whole(3).text, whole(0).text, whole(float("nan")).sorted_by
    ('3', '–', '')
    """
    return Cell(f"{int(value):,}", float(value)) if math.isfinite(value) and value else Cell(BLANK, "")


def figure(value: float, decimals: int | None = None) -> Cell:
    """Return a cell of a figure, with as many digits as a reader needs or some decimals."""
    if not math.isfinite(value):
        return Cell(BLANK, "")
    return Cell(number(value) if decimals is None else f"{value:,.{decimals}f}", float(value))


def difference(value: float) -> Cell:
    """Return a cell of a difference with its sign."""
    return Cell(signed(value), float(value)) if math.isfinite(value) else Cell(BLANK, "")


def interval(low: float, high: float) -> Cell:
    """Return a cell of a range of ranks, sorted by its width, then by where it begins.

    >>> interval(2, 5).text, interval(3, 3).text
    ('2–5', '3')
    """
    if not (math.isfinite(low) and low):
        return Cell(BLANK, "")
    text = f"{int(low)}" if low == high else f"{int(low)}–{int(high)}"
    return Cell(text, (high - low) * 1000.0 + low)


def share(value: float, say: Texts, decimals: int = 1) -> Cell:
    """Return a cell of a chance."""
    return Cell(share_text(value, say, decimals), float(value)) if math.isfinite(value) else Cell(BLANK, "")


def share_text(value: float, say: Texts, decimals: int = 1) -> str:
    """Return a chance in per cent as the language writes it; one that is not quite 0 or 1 is never shown as such.

    >>> from simulator.texts import texts
    >>> share_text(0.123, texts("en")), share_text(0.123, texts("zh"))
    ('12.3 %', '12.3%')
    """
    text = chance(value) if decimals == 1 else percent(value, decimals)
    return text.replace(" %", "%") if say.language == "zh" else text
