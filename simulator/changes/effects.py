"""Changes as they act on the values of draws, before any error is added to these."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from simulator.changes.figures import Changed, Figures
from simulator.changes.passage import Effect, pass_on
from simulator.changes.program import Order, Program, Uniforms, change_figures, matched, moved_by_places
from simulator.changes.standing import Footing, Standing, locate_variable
from simulator.errors import DrawError, InputError
from simulator.kernels.arrays import Floats
from simulator.uncertainty.streams import stream

SMALLEST = 2.0**-53
"""Where uniform numbers begin, so that no quantile function is asked for its lower end."""


@dataclass(frozen=True, eq=False)
class Effects:
    """What changes do to some draws."""

    changed: Changed | None
    """Quantities after the changes; nothing where the index has none."""
    passed_on: tuple[Effect, ...]
    orders: tuple[tuple[int, Order], ...]
    """Changes of variables themselves, which come after those of quantities."""
    footings: tuple[Footing, ...]

    def apply(self, values: Floats, start: int = 0) -> None:
        """Change values (draw, indicator, city) in place; the first of them is the draw of number `start`."""
        for effect in self.passed_on:
            amount = effect.amount if len(effect.amount) == 1 else effect.amount[start : start + len(values)]
            column = values[:, effect.leaf]
            match effect.kind:
                case "times":
                    column *= amount
                case "plus":
                    column += amount
                case "spread":
                    column += amount * column.std(axis=1, ddof=1, keepdims=True)
                case "become":
                    column[:] = amount
        for leaf, order in self.orders:
            values[:, leaf] = _carry_out(order, self.footings[leaf], values[:, leaf])


@dataclass(frozen=True, eq=False)
class ChangeField:
    """The changes of a what-if, bound to an index."""

    standing: Standing
    program: Program
    figures: Figures | None

    @property
    def certain(self) -> bool:
        """Whether no amount is drawn."""
        return self.program.certain

    @cached_property
    def middle(self) -> Effects:
        """The effects with every uncertain amount at its mean."""
        return self._effects(lambda name, count: np.empty((0, count)))

    def open(self, seed: int, block: int, size: int) -> Effects:
        """Return the effects on the draws of a block; they depend on seed and block alone (convention 8).

        Raises
        ------
        DrawError
            Where an amount that is drawn leads to a value that an indicator cannot have.
        """
        if self.certain:
            return self.middle
        try:
            return self._effects(partial(_uniforms, seed, block, size))
        except InputError as error:
            told = "in a draw, as far as the uncertain amounts of the changes go (convention 10)"
            raise DrawError(f"{error.faults[0].place}: {error.faults[0].problem}, {told}. Narrow them.") from None

    def _effects(self, uniforms: Uniforms) -> Effects:
        changed = None if self.figures is None else change_figures(self.program, self.figures, uniforms)
        passed_on = () if changed is None else tuple(pass_on(self.standing, changed))
        orders = tuple(
            (locate_variable(self.standing, order.name), order)
            for order in self.program.orders
            if not order.on_quantity
        )
        return Effects(changed, passed_on, orders, self.standing.footings)


def _uniforms(seed: int, block: int, size: int, name: str, count: int) -> Floats:
    return np.maximum(stream(seed, block, name).random((size, count)), SMALLEST)


def _carry_out(order: Order, footing: Footing, values: Floats) -> Floats:
    """Return the values (draw, city) of a variable after a change of the variable itself."""
    better = turned(footing, values)
    if order.step is not None and order.step.places is not None:
        moved = moved_by_places(better, order.cities, order.step.places)
    elif order.step is not None and order.step.sd is not None:
        moved = better + order.step.sd * better.std(axis=1, ddof=1, keepdims=True)
    else:
        assert order.peers is not None
        moved = matched(better, order.peers, order.target)
    return np.where(order.cities, turned_back(footing, moved, values), values)


def turned(footing: Footing, values: Floats) -> Floats:
    """Return values such that larger ones are better."""
    leaf = footing.leaf
    if footing.printed or leaf.direction == "higher":
        return values
    return -values if leaf.direction == "lower" else -np.abs(values - (leaf.target or 0.0))


def turned_back(footing: Footing, better: Floats, before: Floats) -> Floats:
    """Return values from such that larger ones are better; around a target they stay on the side where they were."""
    leaf = footing.leaf
    if footing.printed or leaf.direction == "higher":
        return better
    if leaf.direction == "lower":
        return -better
    target = leaf.target or 0.0
    side = np.where(before < target, -1.0, 1.0)
    return np.asarray(target - side * np.minimum(better, 0.0), np.float64)
