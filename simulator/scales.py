"""Ordered scales of answers in words: `none, some, regular, daily`, the lowest first."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([e][+-]?\d+)?")


def spelling(word: str) -> str:
    """Return a word as answers are compared: without regard to case, full-width forms and spaces.

    >>> spelling(" Every Day "), spelling("ＮＯＮＥ")
    ('everyday', 'none')
    """
    return "".join(unicodedata.normalize("NFKC", word).casefold().split())


def refuse_unclear(answers: Sequence[Sequence[str]]) -> None:
    """Raise `ValueError` for answers (the words of each, one a language) that a cell could not be matched with.

    >>> refuse_unclear([["none", "无"], ["some", "一些"]])
    >>> refuse_unclear([["some"], ["Some "]])
    Traceback (most recent call last):
    ValueError: 'some' stands for several answers | Give each answer words of its own.
    """
    spelt = [{spelling(word) for word in words if spelling(word)} for words in answers]
    if not all(spelt):
        raise ValueError(f"answer {spelt.index(set()) + 1} has no word | Give it one, in English or Chinese.")
    numbers = [word for words in spelt for word in words if _NUMBER.fullmatch(word)]
    if numbers:
        remedy = f"Write words; in the table the numbers 0 to {len(answers) - 1} stand for the steps."
        raise ValueError(f"the answer {numbers[0]!r} is a number | {remedy}")
    twice = [word for word, count in Counter(word for words in spelt for word in words).items() if count > 1]
    if twice:
        raise ValueError(f"{twice[0]!r} stands for several answers | Give each answer words of its own.")
