"""Answers in words as values: each word is the number of its step on the scale of its indicator, from 0.

What follows scores these numbers as any others; words come back when a matrix is written with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from simulator.definition import Definition, Indicator, Name
from simulator.errors import Fault, InputError, nearest
from simulator.listing import Listing, Numbers, is_blank, numbers_in, text_of
from simulator.scales import spelling
from simulator.tables import first_faults

ANSWER = 0.0
"""Stands where a cell holds no answer of its scale, which is a fault already."""


def with_answers(definition: Definition) -> tuple[Indicator, ...]:
    """Return the indicators whose values are answers on an ordered scale."""
    return tuple(leaf for leaf in definition.indicators if leaf.answers is not None)


def answer_words(leaf: Indicator) -> tuple[str, ...]:
    """Return one word for each answer of an indicator, the lowest first: the English one, or else the Chinese.

    >>> answer_words(Indicator(id="buses", answers=["none", {"zh": "每天"}]))
    ('none', '每天')
    """
    return tuple(answer.en or answer.zh for answer in leaf.answers or ())


def read_answers(listing: Listing, definition: Definition) -> tuple[dict[str, Numbers], list[Fault]]:
    """Return the steps of all indicators with answers that a listing has, and the cells that hold no such answer.

    A cell holds a word of the scale in either language, or the number of its step. Nothing in a cell is NaN.
    """
    steps: dict[str, Numbers] = {}
    faults: list[Fault] = []
    for leaf in with_answers(definition):
        if leaf.id in listing.columns:
            cells = listing.columns[leaf.id]
            found = steps_in(cells, leaf)
            strange = [k for k, cell in enumerate(cells) if np.isnan(found[k]) and not is_blank(cell)]
            faults += [_strange_fault(listing.place(k), cells[k], leaf) for k in strange]
            found[strange] = ANSWER
            steps[leaf.id] = found
    return steps, first_faults(faults, lambda fault: fault, "cells that hold no answer")


def steps_in(cells: Sequence[Any], leaf: Indicator) -> Numbers:
    """Return cells as steps of the scale of an indicator (float64, one for each cell); those that hold none as NaN.

    >>> buses = Indicator(id="buses", answers=["none", "some", {"en": "every day", "zh": "每天"}])
    >>> steps_in(["None", " everyday", "每天", 1, "2", "3", "many", ""], buses).tolist()
    [0.0, 2.0, 2.0, 1.0, 2.0, nan, nan, nan]
    """
    answers: Sequence[Name] = leaf.answers or ()
    step = {spelling(word): k for k, answer in enumerate(answers) for word in (answer.en, answer.zh) if word}
    numbers = numbers_in(cells)
    within = (numbers >= 0.0) & (numbers <= len(answers) - 1) & (numbers == np.floor(numbers))
    found = np.where(within, numbers, np.nan)
    for position, cell in enumerate(cells):
        found[position] = step.get(spelling(text_of(cell)), found[position])
    return found


def in_words(table: pd.DataFrame, definition: Definition, source: str) -> pd.DataFrame:
    """Return a table with one column for each indicator, its steps replaced by words; the one given stays as it is.

    Raises
    ------
    InputError
        With every cell that is no step of its scale; `source` names the table.
    """
    words: dict[str, list[str]] = {}
    faults: list[Fault] = []
    for leaf in with_answers(definition):
        if leaf.id in table.columns:
            cells, known = table[leaf.id].tolist(), answer_words(leaf)
            steps = steps_in(cells, leaf)
            strange = np.flatnonzero(np.isnan(steps))
            faults += [_strange_fault(f"row {k + 1}", cells[k], leaf) for k in strange]
            steps[strange] = ANSWER
            words[leaf.id] = [known[int(step)] for step in steps]
    if faults:
        raise InputError(source, first_faults(faults, lambda fault: fault, "cells that hold no answer"))
    return _replaced(table, words)


def _replaced(table: pd.DataFrame, columns: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    return table.assign(**{name: list(cells) for name, cells in columns.items()})


def _strange_fault(place: str, cell: Any, leaf: Indicator) -> Fault:
    """Return the fault of a cell, with the known answers and the nearest of them."""
    known = answer_words(leaf)
    every = [word for answer in leaf.answers or () for word in (answer.en, answer.zh) if word]
    close = nearest(text_of(cell), every, count=1)
    meant = f"Did you mean {close[0]}? " if close else ""
    remedy = f"{meant}Known, the lowest first: {', '.join(known)}; or the step, 0 to {len(known) - 1}."
    shown = repr(cell) if isinstance(cell, str) else text_of(cell)
    return Fault(f"{place}, column {leaf.id}", f"{shown[:60]} is no answer", remedy)
