"""Tables made to fit a screen: words are kept whole, columns that can be spared go first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

EDGES, BETWEEN = 2, 3
"""Places that a table takes at its edges, and between two columns."""

KEPT = 2
"""Columns that no table does without, where it does not say itself which can be spared: then the last goes first."""

WORD = re.compile(r"(?:[<>] )?\S+(?: %[,;:.)]*)?")
"""What stays on one line; a number keeps its sign and its per cent."""

AFTER_HYPHEN = re.compile(r"(?<=\w-)(?=\w)")
"""Where a word may be parted all the same, if nothing else helps."""


class Sheet(Table):
    """A table that knows which of its columns can be spared where the screen is narrow."""

    spare: Sequence[int] = ()
    """Numbers of these columns, the first to go first; from the last on if none is named."""


@dataclass(frozen=True)
class _Need:
    """How wide a column has to be."""

    least: int
    """So that no word is parted."""
    cells: int
    """So that every cell has one line."""
    whole: int
    """So that the heading has one line too."""


def fitted(view: RenderableType, width: int) -> RenderableType:
    """Return a view whose tables part no words on a screen of some width, as far as it has room for them."""
    if isinstance(view, Group):
        return Group(*(fitted(one, width) for one in view.renderables))
    return _fitted(view, width) if isinstance(view, Sheet) else view


def _fitted(sheet: Sheet, width: int) -> RenderableType:
    needs = [_need(column, False) for column in sheet.columns]
    kept = list(range(len(needs)))
    if sum(need.whole for need in needs) <= _room(width, kept):
        return sheet
    parted = sum(need.least for need in needs) > _room(width, kept)
    needs = [_need(column, parted) for column in sheet.columns]
    spared = [[number] for number in sheet.spare] or _from_the_last(sheet)
    while sum(needs[k].least for k in kept) > _room(width, kept):
        if not spared:
            return sheet
        gone = spared.pop(0)
        kept = [k for k in kept if k not in gone]
    narrow = _narrowed(sheet, kept, _shared([needs[k] for k in kept], _room(width, kept)), parted)
    left_out = [str(column.header) for k, column in enumerate(sheet.columns) if k not in kept and str(column.header)]
    if not left_out:
        return narrow
    where = "--csv has all" if sheet.spare else "a wider one has all (COLUMNS=200)"
    return Group(narrow, Text(f"Too wide for this screen: {', '.join(left_out)}; {where}."))


def _from_the_last(sheet: Sheet) -> list[list[int]]:
    """Return the columns that can be spared where a table does not say; one without a heading goes with that before."""
    together: list[list[int]] = []
    for number, column in enumerate(sheet.columns):
        if str(column.header) or not together:
            together.append([number])
        else:
            together[-1].append(number)
    return together[: KEPT - 1 : -1]


def _room(width: int, kept: Sequence[int]) -> int:
    """Return what is left of a screen for the cells of so many columns."""
    return width - EDGES - BETWEEN * (len(kept) - 1)


def _need(column: Column, parted: bool) -> _Need:
    """Return how wide a column has to be, where words are `parted` after hyphens or kept whole."""
    texts = [str(cell) for cell in column.cells]
    cells = max((cell_len(text) for text in texts), default=0)
    pieces = [cell_len(piece) for text in texts for word in _pieces(text, parted) for piece in word]
    words = [str(column.header)] if column.no_wrap else str(column.header).split()
    heading = max((cell_len(word) for word in words), default=0)
    least = cells if _on_one_line(column) else max(pieces, default=0)
    return _Need(max(least, heading), max(cells, heading), max(cells, cell_len(str(column.header))))


def _on_one_line(column: Column) -> bool:
    """Return whether cells are never wrapped: figures, and what says so."""
    return column.no_wrap or column.justify == "right"


def _pieces(text: str, parted: bool) -> list[list[str]]:
    """Return the words of a text, each in the pieces between which a line may end.

    >>> _pieces("Digital-intelligence empowerment < 0.1 %", True)
    [['Digital-', 'intelligence'], ['empowerment'], ['< 0.1 %']]
    """
    return [AFTER_HYPHEN.split(word) if parted else [word] for word in WORD.findall(text)]


def _shared(needs: Sequence[_Need], room: int) -> list[int]:
    """Return widths: the least of each, then towards what cells need and then what headings need, the narrowest first.

    >>> _shared([_Need(4, 4, 9), _Need(5, 30, 30), _Need(5, 60, 60)], 40)
    [4, 18, 18]
    """
    widths = [need.least for need in needs]
    for wanted in ([need.cells for need in needs], [need.whole for need in needs]):
        for _ in range(room - sum(widths)):
            lacking = [k for k, want in enumerate(wanted) if widths[k] < want]
            if lacking:
                widths[min(lacking, key=widths.__getitem__)] += 1
    return widths


def _narrowed(sheet: Sheet, kept: Sequence[int], widths: Sequence[int], parted: bool) -> Table:
    """Return some columns of a table at these widths."""
    narrow = Table(box=sheet.box, pad_edge=sheet.pad_edge, title=sheet.title, title_justify=sheet.title_justify)
    columns = [sheet.columns[k] for k in kept]
    for column, width in zip(columns, widths, strict=True):
        narrow.add_column(column.header, justify=column.justify, overflow="fold", width=width, no_wrap=column.no_wrap)
    texts = [
        [str(cell) if _on_one_line(column) else _wrapped(str(cell), width, parted) for cell in column.cells]
        for column, width in zip(columns, widths, strict=True)
    ]
    for row in zip(*texts, strict=True):
        narrow.add_row(*map(Text, row))  # as text, or square brackets would be read as marks
    return narrow


def _wrapped(text: str, width: int, parted: bool) -> str:
    """Return a text on lines of some width, as many pieces on each as go.

    >>> _wrapped("Digital-intelligence empowerment", 14, True).splitlines()
    ['Digital-', 'intelligence', 'empowerment']
    """
    lines = [""]
    for word in _pieces(text, parted):
        for number, piece in enumerate(word):
            space = " " if number == 0 and lines[-1] else ""
            if cell_len(lines[-1] + space + piece) <= width:
                lines[-1] += space + piece
            else:
                lines.append(piece)
    return "\n".join(line for line in lines if line)
