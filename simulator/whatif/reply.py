"""The reply to a what-if: the answer with every amount at its mean, and the chances that draws tell."""

from __future__ import annotations

from collections.abc import Callable

import xarray as xr

from simulator.changes.effects import ChangeField
from simulator.simulation.blocks import Progress
from simulator.whatif.answer import answer
from simulator.whatif.question import Question

Draw = Callable[[ChangeField, Progress | None], xr.Dataset]
"""Draws a change, and returns rank stability and gains."""


def reply(question: Question, draw: Draw, progress: Progress | None) -> xr.Dataset:
    """Return the answer to a what-if: see `simulator.whatif.answer`, and for the draws `simulator.analysis.gains`."""
    found = answer(question.standing, question.effects)
    return _with_draws(question, found, question.field, draw, progress)


def _with_draws(
    question: Question, found: xr.Dataset, field: ChangeField, draw: Draw, progress: Progress | None
) -> xr.Dataset:
    """Return an answer with what the draws tell, if any are asked for; what the question was is in the attributes."""
    if question.scenario.draws == 0:
        found = found.assign_attrs(draws=0, design="none", values="as they stand", data_error="none")
    else:
        drawn = draw(field, progress)
        found = found.merge(drawn, compat="equals", join="left").assign_attrs(drawn.attrs)
    return found.assign_attrs(city=question.city or "", held=describe_held(question))


def describe_held(question: Question) -> str:
    """Return what is held constant, in words (convention 13)."""
    others = question.scenario.others
    if isinstance(others, str):
        return "the other cities stand still: every value of theirs is kept, their rates of growth too"
    rate = f"{others}" if others.last and others.sd == 0.0 else f"a rate of {others}"
    return f"the other cities grow at {rate} in whatever is grown; all other values of theirs are kept"
