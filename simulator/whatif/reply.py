"""The reply to a what-if: the answer with every amount at its mean, and the chances that draws tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr

from simulator.changes.amounts import Amount
from simulator.changes.effects import ChangeField
from simulator.changes.figures import doubts
from simulator.changes.program import Order, Program
from simulator.changes.wording import Aim
from simulator.construction.feasibility import some
from simulator.kernels.arrays import Flags
from simulator.simulation.blocks import Progress
from simulator.whatif.answer import answer
from simulator.whatif.question import Question

MATCHES: Mapping[Aim, str] = {
    "best": "the best",
    "median": "the median",
    "at-least-median": "at least the median",
}

Draw = Callable[[ChangeField | None, Progress | None], xr.Dataset]
"""Draws a change, or none, and returns rank stability and gains."""


def reply(question: Question, draw: Draw, progress: Progress | None) -> xr.Dataset:
    """Return the answer to a what-if: see `simulator.whatif.answer`, and for the draws `simulator.analysis.gains`."""
    found = answer(question.standing, question.effects)
    if question.scenario.draws == 0:
        found = found.assign_attrs(draws=0, design="none", values="as they stand", data_error="none")
    else:
        drawn = draw(question.field, progress)
        found = found.merge(drawn, compat="equals", join="left").assign_attrs(drawn.attrs)
    return found.assign_attrs(
        city=question.city or "",
        asked=describe_program(question.field.program, question.index.cities),
        held=describe_held(question),
        doubts="; ".join([] if question.figures is None else doubts(question.standing, question.figures)),
    )


def describe_program(program: Program, cities: Sequence[str]) -> str:
    """Return what is changed, of whom, in words."""
    told: list[str] = []
    for order in program.orders:
        who = "all cities" if order.cities.all() else _some_of(order.cities, cities)
        told.append(f"{order.name} {_describe_order(order, cities)} ({who})")
    for flow in program.flows:
        sources, reached = (_some_of(np.asarray(flow.passes.any(axis=axis)), cities) for axis in (0, 1))
        told.append(f"{_percent(flow.share)} of the gain of {sources} reaches {reached}")
    return "; ".join(told)


def _some_of(chosen: Flags, cities: Sequence[str]) -> str:
    return some([city for city, one in zip(cities, chosen, strict=True) if one])


def _describe_order(order: Order, cities: Sequence[str]) -> str:
    match order.kind:
        case "grow" if order.amount is not None:
            rate = "at its last rate" if order.amount.last and order.amount.certain else _percent(order.amount)
            return f"grows {rate}" + (f" a year for {order.years} years" if order.years > 1 else "")
        case "move" if order.step is not None:
            by = f"{order.step.places:+d} places" if order.step.places is not None else f"{order.step.sd:+g} sd"
            return f"moves {by}"
        case "match":
            among = "all cities" if order.peers is None or order.peers.all() else _some_of(order.peers, cities)
            return f"matches {MATCHES[order.target or 'best']} of {among}"
    return {"multiply": "times", "add": "plus", "set": "becomes"}[order.kind] + f" {order.amount}"


def _percent(amount: Amount) -> str:
    """Return an amount that is a share in per cent."""
    if amount.mean is None:
        return f"{100.0 * amount.least:g} to {100.0 * amount.most:g} %"
    middle = "the last rate" if amount.last else f"{100.0 * amount.middle():g} %"
    return middle if amount.certain else f"{middle} ± {100.0 * amount.sd:g} %"


def describe_held(question: Question) -> str:
    """Return what is held constant, in words (convention 13)."""
    others = question.scenario.others
    but = ", but for what spills over" if question.scenario.spillover else ""
    if isinstance(others, str):
        return f"the other cities stand still{but}: every value of theirs is kept, their rates of growth too"
    rate = "their own last rates" if others.last else _percent(others)
    spread = f", ± {100.0 * others.sd:g} %" if others.last and others.sd > 0.0 else ""
    return f"the other cities grow at {rate}{spread} in whatever is grown{but}; all other values of theirs are kept"
