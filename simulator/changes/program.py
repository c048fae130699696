"""The program of a what-if: changes, what the others do and spillover, applied to quantities one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import xarray as xr

from simulator import names
from simulator.changes.amounts import Amount
from simulator.changes.figures import Changed, Figures
from simulator.changes.wording import EVERYONE, Aim, Change, Cities, Spillover, Step
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.lookup import choose_cities

Uniforms = Callable[[str, int], Floats]
"""Uniform numbers (draw, count) in (0, 1) by the name of what they decide; of a single draw where nothing is drawn."""


@dataclass(frozen=True)
class Order:
    """One change of one quantity or variable, for some cities."""

    kind: Literal["grow", "multiply", "add", "set", "move", "match"]
    name: str
    cities: Flags
    """(city): whose it is."""
    amount: Amount | None = None
    step: Step | None = None
    target: Aim | None = None
    peers: Flags | None = None
    """(city): whom to match."""
    years: int = 1
    on_quantity: bool = True
    """Whether the name is that of a quantity; otherwise the values of a variable change."""


@dataclass(frozen=True)
class Flow:
    """Spillover with its cities."""

    share: Amount
    passes: Flags
    """(to, from): whether a gain of the one reaches the other."""


@dataclass(frozen=True)
class Program:
    """All that a what-if does, in the order in which it is done."""

    orders: tuple[Order, ...]
    others: Amount | None
    """The rate at which cities grow that are not changed; nothing where they stand still."""
    flows: tuple[Flow, ...]

    @property
    def certain(self) -> bool:
        """Whether no amount is drawn."""
        amounts = [order.amount for order in self.orders if order.amount is not None]
        amounts += [flow.share for flow in self.flows] + ([] if self.others is None else [self.others])
        return all(amount.certain for amount in amounts)

    @property
    def changed(self) -> Flags:
        """Whose figures or values are changed on purpose (city)."""
        found: Flags = np.any([order.cities for order in self.orders], axis=0)
        return found


def make_program(
    matrix: xr.Dataset,
    changes: Sequence[Change],
    others: Amount | None,
    spillover: Sequence[Spillover],
    city: str | None,
    quantities: Collection[str],
) -> Program:
    """Return the program of changes over the cities of a matrix; all names must be known (see feasibility).

    For `move` and `match` a name of both a variable and one of the `quantities` stands for the variable.
    """
    orders: list[Order] = []
    variables = {str(leaf) for leaf in matrix[names.INDICATOR].values}
    for change in changes:
        who = chosen_flags(matrix, city if change.cities is None else change.cities)
        orders += [Order("grow", q, who, amount, years=change.years) for q, amount in change.grow.items()]
        orders += [Order("multiply", q, who, amount) for q, amount in change.multiply.items()]
        orders += [Order("add", q, who, amount) for q, amount in change.add.items()]
        orders += [Order("set", q, who, amount) for q, amount in change.set_to.items()]
        orders += [Order("move", q, who, step=step) for q, step in change.move.items()]
        peers = chosen_flags(matrix, change.peers)
        orders += [Order("match", q, who, target=target, peers=peers) for q, target in change.match.items()]
    meant = (replace(o, on_quantity=means_quantity(o.kind, o.name, quantities, variables)) for o in orders)
    return Program(tuple(meant), others, tuple(_flow(matrix, one) for one in spillover))


def means_quantity(kind: str, name: str, quantities: Collection[str], variables: Collection[str]) -> bool:
    """Return whether the name in a change of that kind is that of a quantity.

    >>> means_quantity("match", "sports-area", {"sports-area"}, {"sports-area"})
    False
    """
    return name in quantities and not (kind in ("move", "match") and name in variables)


def chosen_flags(matrix: xr.Dataset, cities: Cities | str | None) -> Flags:
    """Return which cities (city) of a matrix are meant by `all`, names, or attributes."""
    if cities is None or cities == EVERYONE:
        return np.full(matrix.sizes[names.CITY], cities == EVERYONE)
    return choose_cities(matrix, [cities] if isinstance(cities, str) else cities)


def _flow(matrix: xr.Dataset, one: Spillover) -> Flow:
    if one.among is not None:
        among = chosen_flags(matrix, one.among)
        passes = among[:, np.newaxis] & among
    else:
        passes = chosen_flags(matrix, one.to)[:, np.newaxis] & chosen_flags(matrix, one.source)
    return Flow(one.share, passes & ~np.eye(len(passes), dtype=np.bool_))


def change_figures(program: Program, figures: Figures, uniforms: Uniforms) -> Changed:
    """Return the quantities after a program.

    Changes come first, in their order. Then the others grow, if they do, in every quantity that some city grows. Then
    gains spill over: of a gain in a level its share in per cent, of a gain in a rate of growth its share in points,
    both over what the city would have without the change. The gains of several cities add up, and what arrives is not
    passed on.
    """
    changed = Changed(figures)
    # What outgrows all numbers is infinite, and refused with the indicator that it reaches.
    with np.errstate(over="ignore", invalid="ignore"):
        for number, order in enumerate(program.orders):
            if order.on_quantity:
                _carry_out(order, changed, f"change {number} {order.name}", uniforms)
        grown = _grown(program)
        if program.others is not None:
            for quantity, growth in grown.items():
                drawn = _drawn(program.others, f"others {quantity}", uniforms, figures.cities)
                rate = _over_last(program.others, figures, quantity, drawn)
                _grow(changed, quantity, ~growth.cities, rate, growth.years)
        if program.flows:
            _spill_over(program, changed, grown, uniforms)
        changed.settle()
    return changed


@dataclass(frozen=True)
class Growth:
    """Growth of a quantity on purpose."""

    cities: Flags
    """(city): whom a change makes grow."""
    years: int
    """For how many years, one change after the other; the others grow for as long."""


def _grown(program: Program) -> dict[str, Growth]:
    """Return the growth of each quantity that grows."""
    years: dict[str, Integers] = {}
    for order in program.orders:
        if order.kind == "grow":
            more = order.years * order.cities.astype(np.int64)
            years[order.name] = years.get(order.name, np.zeros_like(more)) + more
    return {name: Growth(count > 0, int(count.max(initial=1))) for name, count in years.items()}


def _drawn(amount: Amount, name: str, uniforms: Uniforms, count: int = 1) -> Floats:
    """Return an amount (1 or draws, count), over and above the last rate; its mean where nothing is drawn."""
    if amount.certain:
        return np.full((1, 1), amount.middle())
    uniform = uniforms(name, count)
    return np.full((1, 1), amount.middle()) if uniform.size == 0 else amount.beyond_last(uniform)


def _over_last(amount: Amount, figures: Figures, quantity: str, drawn: Floats) -> Floats:
    """Return a rate that was drawn, over and above each city's own last rate where that is meant."""
    return drawn + last_rate(figures, quantity) if amount.last else drawn


def _carry_out(order: Order, changed: Changed, name: str, uniforms: Uniforms) -> None:
    now = changed.of(order.name)
    drawn = np.zeros((1, 1)) if order.amount is None else _drawn(order.amount, name, uniforms)
    match order.kind:
        case "grow":
            assert order.amount is not None
            rate = _over_last(order.amount, changed.figures, order.name, drawn)
            _grow(changed, order.name, order.cities, rate, order.years)
        case "multiply":
            changed.put(order.name, order.cities, now * drawn)
        case "add":
            changed.put(order.name, order.cities, now + drawn)
        case "set":
            changed.put(order.name, order.cities, drawn)
        case "move" if order.step is not None:
            changed.put(order.name, order.cities, _moved(order, changed.figures, now))
        case "match" if order.peers is not None:
            peers = order.peers & changed.figures.known(order.name)
            changed.put(order.name, order.cities, matched(now, peers, order.target))


def matched(values: Floats, peers: Flags, aim: Aim | None) -> Floats:
    """Return values (draw, city), the larger the better, of cities that match their peers (city).

    >>> matched(np.array([[1.0, 2.0, 9.0]]), np.array([True, True, True]), "at-least-median").tolist()
    [[2.0, 2.0, 9.0]]
    """
    among = values[:, peers]
    if aim == "best":
        return np.broadcast_to(among.max(axis=1, keepdims=True), values.shape)
    median: Floats = np.median(among, axis=1, keepdims=True)
    return np.maximum(values, median) if aim == "at-least-median" else np.broadcast_to(median, values.shape)


def _moved(order: Order, figures: Figures, now: Floats) -> Floats:
    """Return a quantity (1 or draws, city) moved among the cities of which it is known."""
    assert order.step is not None
    known = figures.known(order.name)
    found = now.copy()
    if order.step.sd is not None:
        sd: Floats = now[:, known].std(axis=1, ddof=1, keepdims=True)
        return found + order.step.sd * sd
    assert order.step.places is not None
    found[:, known] = moved_by_places(now[:, known], order.cities[known], order.step.places)
    return found


def _grow(changed: Changed, quantity: str, cities: Flags, rate: Floats, years: int) -> None:
    """Let a quantity grow for some years; its growth becomes the rate, its value of the year before what it was."""
    entry = changed.figures.definition.quantities[quantity]
    now = changed.of(quantity)
    if entry.previous is not None:
        changed.put(entry.previous, cities, now * (1.0 + rate) ** (years - 1))
    changed.put(quantity, cities, now * (1.0 + rate) ** years)
    if entry.growth is not None:
        changed.put(entry.growth, cities, 100.0 * rate)


def last_rate(figures: Figures, quantity: str) -> Floats:
    """Return each city's own last rate of growth (city) of a quantity; NaN where none is known.

    What its growth says, in per cent, or else the quantity over that of the year before. Two years that are not
    declared to belong together are never divided: their figures may stand on different grounds.
    """
    entry = figures.definition.quantities[quantity]
    if entry.growth is not None:
        return np.where(figures.told(entry.growth), figures.value[entry.growth], np.nan) / 100.0
    if entry.previous is not None:
        both = figures.told(quantity) & figures.told(entry.previous)
        return np.where(both, figures.value[quantity] / figures.value[entry.previous] - 1.0, np.nan)
    return np.full(figures.cities, np.nan)


def _spill_over(program: Program, changed: Changed, grown: Mapping[str, Growth], uniforms: Uniforms) -> None:
    """Let gains reach others, all from what they were before any spilt over."""
    gains = dict(_gains(program, changed, grown))
    arriving: dict[str, Floats] = {}
    for number, flow in enumerate(program.flows):
        share = _drawn(flow.share, f"spillover {number}", uniforms)
        for quantity, gain in gains.items():
            arriving[quantity] = arriving.get(quantity, 0.0) + share * (gain @ flow.passes.T.astype(np.float64))
    for quantity, more in arriving.items():
        now, reached = changed.of(quantity), (more != 0.0).any(axis=0)
        points = quantity in rates_of_growth(changed.figures)
        changed.put(quantity, reached, now + more if points else now * (1.0 + more))


def rates_of_growth(figures: Figures) -> set[str]:
    """Return the quantities that are the growth of another, in per cent."""
    return {entry.growth for entry in figures.definition.quantities.values() if entry.growth is not None}


def _gains(program: Program, changed: Changed, grown: Mapping[str, Growth]) -> Iterator[tuple[str, Floats]]:
    """Yield the quantities that gain, with each changed city's gain over what it would have without the change.

    That is (draw, city): in shares of the level, or in points of a rate of growth. Nought has no gain in per cent.
    """
    figures = changed.figures
    whose: dict[str, Flags] = {}
    for order in program.orders:
        growth = figures.definition.quantities[order.name].growth if order.kind == "grow" else None
        for name in (order.name, growth) if order.on_quantity else ():
            if name is not None:
                whose[name] = whose.get(name, np.zeros(order.cities.shape, np.bool_)) | order.cities
    without = Changed(figures)
    for quantity, growth_of in grown.items() if program.others is not None else ():
        assert program.others is not None
        middle = np.full((1, 1), program.others.middle())
        rate = _over_last(program.others, figures, quantity, middle)
        _grow(without, quantity, growth_of.cities, rate, growth_of.years)
    for quantity, who in whose.items():
        now, start = changed.of(quantity), without.of(quantity)
        if quantity in rates_of_growth(figures):
            yield quantity, np.where(who & figures.known(quantity), now - start, 0.0)
        else:
            ratio = np.divide(now, start, out=np.ones(now.shape), where=np.broadcast_to(start != 0.0, now.shape))
            yield quantity, np.where(who, ratio - 1.0, 0.0)


def moved_by_places(values: Floats, cities: Flags, places: int) -> Floats:
    """Return values (draw, city), the larger the better, with some cities moved up by so many places, or down.

    A city passes at least so many of those that do not move, its equals among them, and a tied group as a whole; it
    then stands between those passed and the next, or a little beyond the last. Cities that move keep their order among
    each other, and level ones stay level.

    >>> moved_by_places(np.array([[1.0, 2.0, 4.0]]), np.array([True, False, False]), 1).tolist()
    [[3.0, 2.0, 4.0]]
    """
    if places < 0:
        return -moved_by_places(-values, cities, -places)
    found = values.copy()
    if places == 0 or cities.all() or not cities.any():
        return found
    falling = -np.sort(-values[:, ~cities], axis=1)
    own = values[:, cities]
    turn = (own[:, :, np.newaxis] > own[:, np.newaxis, :]).sum(axis=2) + 1
    # Whoever comes to stand before all that do not move stays behind those that stood there already.
    leading = np.where(own > falling[:, :1], own, np.inf).min(axis=1)
    spread = np.ptp(values, axis=1)
    size = np.where(spread > 0.0, spread, np.where(falling[:, 0] != 0.0, np.abs(falling[:, 0]), 1.0))
    room = np.minimum(BEYOND * size, leading - falling[:, 0])
    for number, city in enumerate(np.flatnonzero(cities)):
        part = np.asarray(turn[:, number] / (own.shape[1] + 1.0), np.float64)
        found[:, city] = _above(falling, own[:, number], places, part, room)
    return found


def _above(falling: Floats, own: Floats, places: int, part: Floats, beyond: Floats) -> Floats:
    """Return values (draw) that stand above so many others (draw, falling) that are not below `own` (draw).

    They stand a part of the way from the last one passed to the next, or of the room `beyond` the first (draw); who is
    not below anybody stays.
    """
    draw = np.arange(len(own))
    ahead = (falling >= own[:, np.newaxis]).sum(axis=1)
    passed = falling[draw, np.maximum(ahead - places, 0)]
    left = (falling > passed[:, np.newaxis]).sum(axis=1)
    room = np.where(left > 0, falling[draw, np.maximum(left - 1, 0)] - passed, beyond)
    return np.where(ahead > 0, np.maximum(passed + part * room, np.nextafter(passed, np.inf)), own)


BEYOND = 1e-3
"""How far beyond the best value a city comes that passes it, as a share of the range."""
