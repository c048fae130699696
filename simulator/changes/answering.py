"""Whether a what-if leaves answers on their scales."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulator.changes.amounts import Amount
from simulator.changes.figures import Figures
from simulator.changes.wording import Change
from simulator.construction.feasibility import Problem, some
from simulator.definition import Definition
from simulator.documents import Location
from simulator.kernels.arrays import Flags, Floats


def answer_problems(
    definition: Definition, figures: Figures, change: Change, kind: str, name: str, who: Flags, where: Location
) -> Iterator[Problem]:
    """Yield a change in per cent of answers, and one that ends between the steps of their scale or beyond it."""
    leaf = next((one for one in definition.indicators if one.id == name and one.answers is not None), None)
    if leaf is None or leaf.answers is None:
        return
    top = len(leaf.answers) - 1
    remedy = f"Add or set whole steps, so that it becomes 0 to {top}."
    if kind in ("grow", "multiply"):
        yield where, f"{name} holds answers on a scale, which have no per cent", remedy
    if kind not in ("add", "set"):
        return
    amount = change.add[name] if kind == "add" else change.set_to[name]
    after = _after(amount, figures.value[name], kind == "add")
    if amount.sd > 0.0 or amount.low != amount.high:
        yield where, f"{name} holds answers, and {amount} lies between them", remedy
    elif (after[who] != np.round(after[who])).any() or (after[who] < 0.0).any() or (after[who] > top).any():
        reached = some([f"{value:g}" for value in np.unique(after[who])])
        yield where, f"{name} becomes {reached}, and its answers are the steps 0 to {top}", remedy


def _after(amount: Amount, before: Floats, added: bool) -> Floats:
    return before + amount.middle() if added else np.full_like(before, amount.middle())
