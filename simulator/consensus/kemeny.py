"""The median order of weighted preferences (Kemeny): all of the best orders, or that there may be more of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.sparse.csgraph import connected_components

from simulator.consensus.prefixes import SAME, BestOrders, best_orders
from simulator.consensus.relaxation import OrderProgram, Relaxed
from simulator.kernels.arrays import Flags, Floats, Integers

Optima = Literal["unique", "several", "not known"]
"""Whether there is one best order, several, or whether that is not known."""

SUBSETS_UP_TO: Final = 15
"""Cities of a component up to which all its subsets are gone through; of more, a linear program fixes pairs first."""

PREFIXES: Final = 400_000
"""Prefixes that are gone through at most."""

NODES: Final = 500
"""Nodes of a search tree at most. They are counted, not timed, so that an answer is the same anywhere."""

DOUBT: Final = 1e-6
"""Share of the largest margin, times the cities, by which figures of a program may be wrong."""


@dataclass(frozen=True)
class Kemeny:
    """Best orders of a component or of all cities."""

    optima: Optima
    orders: Integers
    """(optimum, n): rank of each city, 1 for the first; as many optima as were asked for at most, sorted."""
    count: int | None
    """How many best orders there are, nothing where that is not known."""
    best: Integers
    """(n): the best rank of each city in any best order, as far as they are known."""
    worst: Integers
    """(n)"""
    value: float
    """Sum of the margins of all pairs, the earlier over the later."""
    bound: float
    """No order has a larger value; the same as `value` where the orders are proven best."""


def kemeny(margin: Floats, most: int = 100, prefixes: int = PREFIXES, nodes: int = NODES) -> Kemeny:
    """Return the orders that agree with as many preferences as any order can.

    Parameters
    ----------
    margin
        (n, n): weight of those who prefer the one less weight of those who prefer the other; antisymmetric.
    most
        Best orders that are listed at most; they are counted all the same.
    prefixes, nodes
        Effort at most: prefixes in dynamic programming, and nodes of a search tree, both for each component.

    Notes
    -----
    An order's Kemeny distance to the preferences falls by half of what its value, the sum of margins m_ij over pairs in
    which i comes before j, rises. Cities fall into components, so that all of an earlier one beat all of a later one:
    the strongly connected ones of the graph in which i leads to j if m_ij >= 0. Every best order keeps the components
    in this order (extended Condorcet criterion: Truchon 1998, Figure skating and the theory of social choice;
    Betzler, Bredereck and Niedermeier 2014, doi:10.1007/s10458-013-9236-y), for sorting any other order by component
    gains every margin between them; ties join components, so that no best order is lost. Within one, up to 15 cities
    are solved over all subsets. Of more, a linear program bounds what every order is worth, and its reduced costs show
    which pairs no best order turns round; the others are solved by dynamic programming over the prefixes that the fixed
    pairs allow. Where these are too many, a mixed-integer program is solved, and once more without the order found; its
    figures are good to a millionth only, so that there `several` is said of margins alone that are whole multiples of
    one number, as of voters with equal weights.
    Differences below 1e-12 of the sum of all margins are rounding, and such orders are equally good.

    Sixty cities by fifty indicators take less than a second, even where indicators agree by chance only. The problem is
    NP-hard: sixty cities by ten such indicators may take ten seconds, and votes worse than these a minute and more, and
    end in `not known`, with the best order found and a bound.

    Examples
    --------
    >>> circle = np.array([[0.0, 1.0, -1.0], [-1.0, 0.0, 1.0], [1.0, -1.0, 0.0]])
    >>> found = kemeny(circle)
    >>> found.optima, found.orders.tolist()
    ('several', [[1, 2, 3], [2, 3, 1], [3, 1, 2]])
    """
    margin = np.where(np.abs(margin) <= SAME * float(np.abs(margin).sum()), 0.0, margin)
    members = components(margin)
    parts = [_of_component(margin[np.ix_(some, some)], most, prefixes, nodes) for some in members]
    return _joined(margin, members, parts, most)


def components(margin: Floats) -> list[Integers]:
    """Return the cities of each component, best first: all of an earlier one beat all of a later one.

    >>> [some.tolist() for some in components(np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 2.0], [0.0, -2.0, 0.0]]))]
    [[1], [0, 2]]
    """
    _, number = connected_components(margin >= 0.0, directed=True, connection="strong")
    beaten = (margin > 0.0).sum(axis=1)
    some = [np.flatnonzero(number == one) for one in np.unique(number)]
    # Whoever is in an earlier component beats all that any one in a later component beats, and that one too.
    return sorted(some, key=lambda cities: -int(beaten[cities].max()))


def order_value(margin: Floats, order: Sequence[int]) -> float:
    """Return the sum of the margins (n, n) of all pairs, the earlier over the later.

    >>> order_value(np.array([[0.0, 2.0], [-2.0, 0.0]]), [1, 0])
    -2.0
    """
    return float(np.triu(margin[np.ix_(order, order)], 1).sum())


def _joined(margin: Floats, members: Sequence[Integers], parts: Sequence[Kemeny], most: int) -> Kemeny:
    """Return best orders of all cities: every component's with every other's."""
    n = len(margin)
    best, worst = np.empty(n, np.int64), np.empty(n, np.int64)
    before = np.cumsum([0, *(len(some) for some in members)])
    for start, some, part in zip(before[:-1], members, parts, strict=True):
        best[some], worst[some] = start + part.best, start + part.worst
    chosen = list(itertools.islice(itertools.product(*(range(len(part.orders)) for part in parts)), most))
    orders = np.empty((len(chosen), n), np.int64)
    for row, choice in enumerate(chosen):
        for start, some, part, number in zip(before[:-1], members, parts, choice, strict=True):
            orders[row, some] = start + part.orders[number]
    counts = [part.count for part in parts]
    value = order_value(margin, np.argsort(orders[0], kind="stable").tolist())
    short = sum(part.bound - part.value for part in parts)
    known = [count for count in counts if count is not None]
    return Kemeny(
        _optima([part.optima for part in parts], short),
        orders[np.lexsort(orders.T[::-1])],
        math.prod(known) if len(known) == len(counts) else None,
        best,
        worst,
        value,
        value + short,
    )


def _optima(parts: Sequence[Optima], short: float) -> Optima:
    if short > 0.0:
        return "not known"
    if "several" in parts:
        return "several"
    return "not known" if "not known" in parts else "unique"


def _of_component(margin: Floats, most: int, prefixes: int, nodes: int) -> Kemeny:
    """Return the best orders of cities that form one component."""
    n = len(margin)
    if n <= SUBSETS_UP_TO:
        whole = best_orders(margin, np.zeros((n, n), np.bool_), most=n * 2**n)
        assert whole is not None  # no subset lies beyond that
        return _all_of(whole, most)
    program = OrderProgram(margin)
    relaxed = program.relax()
    order = improved(margin, np.argsort(-relaxed.first.sum(axis=1), kind="stable").tolist())
    found = best_orders(margin, _fixed(margin, relaxed, order), prefixes)
    if found is not None:
        return _all_of(found, most)
    solved, bound = program.solve(nodes)
    if solved is not None and order_value(margin, solved) > order_value(margin, order):
        order = improved(margin, solved)
        found = best_orders(margin, _fixed(margin, relaxed, order), prefixes)
        if found is not None:
            return _all_of(found, most)
    return _tested(margin, program, order, min(bound, relaxed.bound), nodes)


def _doubt(margin: Floats) -> float:
    """Return by how much a program's figures may be wrong."""
    return DOUBT * len(margin) * float(np.abs(margin).max())


def _grain(margin: Floats) -> float:
    """Return a number that all margins are whole multiples of, so that values differ by it at least; 0 if none is seen.

    >>> _grain(np.array([[0.0, 6.0, -2.0], [-6.0, 0.0, 3.0], [2.0, -3.0, 0.0]]))
    1.0
    """
    size = np.abs(margin[margin != 0.0])
    if not size.size:
        return np.inf
    for share in range(1, 13):
        times = size * share / size.min()
        if np.abs(times - np.round(times)).max() < DOUBT:
            return float(size.min()) / share
    return 0.0


def _fixed(margin: Floats, relaxed: Relaxed, order: Sequence[int]) -> Flags:
    """Return which city (n, n) comes before which in every order as good as one in hand, or better.

    A pair turned round makes an order worse than the one in hand if it loses more than that lies below the bound.
    """
    short = relaxed.bound - order_value(margin, order)
    return np.greater(relaxed.loss.T, short + _doubt(margin))


def _all_of(found: BestOrders, most: int) -> Kemeny:
    count = found.count
    best, worst = found.places()
    orders = _ranks(itertools.islice(found.orders(), most))
    return Kemeny("unique" if count == 1 else "several", orders, count, best, worst, found.value, found.value)


def _ranks(orders: Iterator[list[int]]) -> Integers:
    """Return orders, cities from the first to the last, as ranks (optimum, city)."""
    return np.argsort(np.array(list(orders), np.int64), axis=1).astype(np.int64) + 1


def _tested(margin: Floats, program: OrderProgram, order: list[int], bound: float, nodes: int) -> Kemeny:
    """Return an order from a program, after a search for another one as good."""
    value, doubt = order_value(margin, order), _doubt(margin)
    orders = [order]
    optima: Optima = "not known"
    proven = bound <= value + doubt and doubt < _grain(margin)
    other, rest = program.solve(nodes, without=orders) if bound <= value + doubt else (None, np.inf)
    if rest < value - doubt:
        optima, proven = "unique", True
    elif proven and other is not None and order_value(margin, other) >= value - doubt:
        orders, optima = [order, other], "several"
    ranks = _ranks(iter(orders))
    return Kemeny(
        optima,
        ranks,
        1 if optima == "unique" else None,
        ranks.min(axis=0),
        ranks.max(axis=0),
        value,
        value if proven else bound,
    )


def improved(margin: Floats, order: Sequence[int]) -> list[int]:
    """Return the order after moving single cities to where they gain most, until no move gains.

    >>> improved(np.array([[0.0, 2.0], [-2.0, 0.0]]), [1, 0])
    [0, 1]
    """
    now, least = list(order), SAME * float(np.abs(margin).sum())
    moved = True
    while moved:
        moved = False
        for city in order:
            rest = [other for other in now if other != city]
            # Value of the city's pairs at each place: those after the place lose to it, those before beat it.
            worth = margin[city, rest].sum() - 2.0 * np.concatenate([[0.0], np.cumsum(margin[city, rest])])
            place, own = int(np.argmax(worth)), now.index(city)
            if worth[place] > worth[own] + least:
                now, moved = [*rest[:place], city, *rest[place:]], True
    return now
