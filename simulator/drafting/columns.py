"""The columns of a table that is to become an index: which hold numbers, which answers, and which are set aside."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from simulator.drafting.guesses import Role, ordered, role_of
from simulator.drafting.headings import Heading, in_chinese
from simulator.listing import is_blank, numbers_in, text_of
from simulator.scales import refuse_unclear, spelling

MOST_ANSWERS = 7
"""Words of a scale at most that a column of words is taken for."""

MOST_GAPS = 0.5
"""Share of the cities up to which a column may lack a value."""

_MARKS = frozenset({"..", "...", "…", "--", "n.a.", "no data", "missing", "暂无", "无数据", "缺失", "不详"})
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True)
class Column:
    """A column and what it was taken for."""

    heading: Heading
    kind: Literal["numbers", "answers", "attribute", "aside"]
    cells: tuple[str, ...]
    """Its cells as they are written in the new table."""
    why: str = ""
    """Why it is set aside."""
    role: Role = "indicator"
    answers: tuple[str, ...] = ()
    """Words from the lowest, where it holds answers."""
    sure: bool = True
    """Whether all these words are known ones."""
    note: str = ""
    """What was changed in its cells."""
    gaps: str = ""
    """Which of its cells are blank, in words; empty where none is."""


def read_column(heading: Heading, cells: Sequence[Any], places: Sequence[str]) -> Column:
    """Return what a column is taken for; `places` says where each cell stands."""
    role = role_of(heading.text, heading.rest)
    texts = tuple(text_of(cell) for cell in cells)
    numbers = [number_text(cell) for cell in cells]
    if role == "city":  # the cities have a column already, so this is their name in another language
        role = "name_zh" if any(in_chinese(text) for text in texts) else "name_en"
    if role in ("province", "status", "cluster", "name_en", "name_zh"):
        different = len(set(texts))
        if any(one is None for one in numbers) or different <= len(cells) / 2:
            return Column(heading, "attribute", texts, role=role)
        role = "indicator"
    if role != "indicator":
        return Column(heading, "aside", texts, _why_of_role(role), role)
    return _by_cells(heading, cells, texts, numbers, places)


def number_text(cell: Any) -> str | None:
    """Return the number in a cell as it is written in a table of values; nothing where it holds none.

    >>> number_text("1,234.5"), number_text("12 %"), number_text(7.0), number_text("７"), number_text("about 3")
    ('1234.5', '12', '7', '7', None)
    """
    text = text_of(cell) if isinstance(cell, str) else text_of(_plain(cell))
    text = unicodedata.normalize("NFKC", text).strip().removesuffix("%").strip()
    text = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    return text if math.isfinite(numbers_in([text])[0]) else None


def _plain(cell: Any) -> Any:
    """Return a cell that is no text as a number of full precision, where it holds one."""
    number = float(numbers_in([cell])[0])
    return number if math.isfinite(number) else cell


def _why_of_role(role: Role) -> str:
    return {
        "year": "a year",
        "code": "a code or number of the city",
        "result": "a result, not something it is made of",
        "denominator": "what other figures are divided by (population, area), not good or bad by itself",
    }[role]


def _by_cells(
    heading: Heading, cells: Sequence[Any], texts: tuple[str, ...], numbers: Sequence[str | None], places: Sequence[str]
) -> Column:
    """Return what a column is taken for by its cells alone; beside numbers `none` is a gap, among words a word."""
    numbered = any(number is not None for number in numbers)
    empty = [k for k, text in enumerate(texts) if numbers[k] is None and _means_nothing(text, numbered)]
    words = [k for k in range(len(texts)) if numbers[k] is None and k not in empty]
    if not numbered:
        return _of_words(heading, texts, empty, places) if words else Column(heading, "aside", texts, "empty")
    if words:
        return Column(heading, "aside", texts, f"text among the numbers ({_first(words, texts, places)})")
    gaps = _first(empty, texts, places) if empty else ""
    if len(empty) > MOST_GAPS * len(texts):
        return Column(heading, "aside", texts, f"gaps ({gaps})")
    written = tuple("" if number is None else str(number) for number in numbers)
    known = [number for number in written if number]
    if len({float(number) for number in known}) == 1:
        return Column(heading, "aside", texts, f"the same in all cities ({known[0]})")
    changed = any(number != text for number, text in zip(written, texts, strict=True) if number)
    note = "thousands separators or per cent signs are removed" if changed else ""
    return Column(heading, "numbers", written, note=note, gaps=gaps)


def _of_words(heading: Heading, texts: tuple[str, ...], gaps: Sequence[int], places: Sequence[str]) -> Column:
    """Return a column without numbers: answers where few words come back, and text otherwise."""
    spelt: dict[str, str] = {}
    for k, text in enumerate(texts):
        if k not in gaps:
            spelt.setdefault(spelling(text), text)
    words, sure = ordered(list(spelt.values()))
    few = 2 <= len(words) <= min(MOST_ANSWERS, len(texts) - 1 if sure else len(texts) // 2)
    blank = _first(gaps, texts, places) if gaps else ""
    if len(gaps) > MOST_GAPS * len(texts):
        return Column(heading, "aside", texts, f"gaps ({blank})")
    if len(words) == 1:
        return Column(heading, "aside", texts, f"the same in all cities ({words[0]})")
    try:
        refuse_unclear([[word] for word in words])
    except ValueError:
        few = False
    if not few:
        return Column(heading, "aside", texts, f"text ({_first(range(len(texts)), texts, places)})")
    written = tuple("" if k in gaps else spelt[spelling(text)] for k, text in enumerate(texts))
    return Column(heading, "answers", written, answers=tuple(words), sure=sure, gaps=blank)


def _means_nothing(text: str, numbered: bool) -> bool:
    return text.casefold() in _MARKS or (is_blank(text) and (numbered or spelling(text) != "none"))


def _first(positions: Sequence[int], texts: Sequence[str], places: Sequence[str]) -> str:
    """Return where the first of some cells stands and what it holds, and how many there are."""
    k = positions[0]
    told = f"{places[k]}: {texts[k][:40]!r}" if texts[k] else places[k]
    return told + (f", and {len(positions) - 1} more" if len(positions) > 1 else "")
