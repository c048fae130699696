"""Whether a what-if fits its index: cities and quantities known, figures at hand, rates that can be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from simulator.changes.amounts import Amount
from simulator.changes.answering import answer_problems
from simulator.changes.figures import Figures
from simulator.changes.program import chosen_flags, last_rate, means_quantity, rates_of_growth
from simulator.changes.standing import Standing
from simulator.changes.wording import Change, Cities, Reach, Spillover
from simulator.construction.feasibility import Problem, lookup_problems, some
from simulator.documents import Location
from simulator.errors import did_you_mean, nearest
from simulator.kernels.arrays import Flags
from simulator.lookup import find_city, find_indicators

ON_QUANTITIES = ("grow", "multiply", "add", "set")
ON_EITHER = ("move", "match")


def change_problems(
    standing: Standing,
    figures: Figures | None,
    city: str | None,
    changes: Sequence[Change],
    others: Amount | None,
    spillover: bool,
) -> Iterator[Problem]:
    """Yield everything that keeps changes from being carried out, of cities that are known."""
    grown: dict[str, Flags] = {}
    touches = False
    variables = [leaf.id for leaf in standing.index.definition.indicators]
    for number, change in enumerate(changes):
        who = chosen_flags(standing.index.matrix, city if change.cities is None else change.cities)
        for kind, name in _asked(change):
            at = ("changes", number, kind, name)
            if figures is not None and means_quantity(kind, name, figures.value, variables):
                yield from _known_problems(standing, figures, change, kind, name, who, at)
                yield from answer_problems(standing.index.definition, figures, change, kind, name, who, at)
                touches = True
                if spillover:
                    yield from _nought_problems(standing, figures, kind, name, who)
                if kind == "grow":
                    grown[name] = grown.get(name, np.zeros(who.shape, np.bool_)) | who
    if others is not None:
        yield from _others_problems(standing, figures, others, grown, spillover)
    if spillover and not touches:
        yield ("spillover",), "gains of quantities spill over, and none is changed", "Change a quantity, or remove it."


def naming_problems(standing: Standing, changes: Sequence[Change]) -> Iterator[Problem]:
    """Yield every change of something that is no quantity, and no variable where one may stand."""
    for number, change in enumerate(changes):
        for kind, name in _asked(change):
            yield from name_problems(standing, kind, name, ("changes", number, kind, name))


def _asked(change: Change) -> Iterator[tuple[str, str]]:
    """Yield every change with the name it is of, in the order in which they are carried out."""
    for kind, named in (
        ("grow", change.grow),
        ("multiply", change.multiply),
        ("add", change.add),
        ("set", change.set_to),
        ("move", change.move),
        ("match", change.match),
    ):
        yield from ((kind, name) for name in named)


def city_problems(
    standing: Standing, city: str | None, changes: Sequence[Change], spillover: Sequence[Spillover]
) -> Iterator[Problem]:
    """Yield cities that are unknown, and changes of which nobody is named."""
    matrix = standing.index.matrix
    asked: list[tuple[Location, Cities | str | None]] = [(("city",), city)]
    for number, change in enumerate(changes):
        asked += [(("changes", number, "cities"), change.cities), (("changes", number, "peers"), change.peers)]
        if change.cities is None and city is None:
            yield ("changes", number), "nobody is named whose figures change", "Give `city`, or `cities` here."
    for number, one in enumerate(spillover):
        asked += [(("spillover", number, role), who) for role, who in (("from", one.source), ("to", one.to))]
        asked.append((("spillover", number, "among"), one.among))
        yield from _flow_problems(standing, number, one)
    for where, who in asked:
        if who is not None and where != ("city",):
            yield from lookup_problems(where, partial(chosen_flags, matrix, who))
        elif who is not None:
            yield from lookup_problems(where, partial(find_city, matrix, str(who)))


def _flow_problems(standing: Standing, number: int, one: Spillover) -> Iterator[Problem]:
    """Yield spillover that reaches nobody; unknown names are told elsewhere."""
    matrix = standing.index.matrix
    named = [who for who in (one.source, one.to, one.among) if who is not None]
    if any(True for who in named for _ in lookup_problems((), partial(chosen_flags, matrix, who))):
        return
    if one.among is not None:
        reached = chosen_flags(matrix, one.among).sum() > 1
    else:
        source, to = chosen_flags(matrix, one.source), chosen_flags(matrix, one.to)
        reached = bool((to & ~(source & (source.sum() == 1))).any())
    if not reached:
        yield ("spillover", number), "the gain reaches nobody but the city itself", "Name others that it reaches."


def figure_problems(standing: Standing, given: Mapping[str, Mapping[str, float]]) -> Iterator[Problem]:
    """Yield given figures of unknown cities or quantities, and such as are bundled already."""
    raw, matrix = standing.index.raw, standing.index.matrix
    seen: set[tuple[str, str]] = set()
    for city, of_city in given.items():
        found = list(lookup_problems(("figures", city), partial(find_city, matrix, city)))
        yield from found
        for quantity in of_city:
            where = ("figures", city, quantity)
            known = {} if raw is None else raw.definition.quantities
            if quantity not in known:
                yield where, f"no quantity {quantity!r}", did_you_mean(quantity, list(known))
            elif known[quantity].formula is not None:
                yield where, f"{quantity} is made by a formula", "Give the figures it is made of."
            elif not found and raw is not None:
                place = {"city": find_city(matrix, city), "quantity": quantity}
                if np.isfinite(raw.quantities["value"].sel(place)):
                    yield where, "this figure is bundled already", "Change it by `set`, or remove it here."
                if (place["city"], quantity) in seen:
                    yield where, f"{quantity} of {place['city']} is given twice, under several names", "Keep one."
                seen.add((place["city"], quantity))


def name_problems(standing: Standing, kind: str, name: str, where: Location) -> Iterator[Problem]:
    """Yield a name that is no quantity, or, where a variable may stand, no variable either."""
    quantities = {} if standing.index.raw is None else standing.index.raw.definition.quantities
    if name in quantities:
        made = quantities[name].formula
        if made is not None:
            yield where, f"{name} is made by a formula ({made})", "Change the figures it is made of."
        return
    definition = standing.index.definition
    if not list(lookup_problems(where, partial(find_indicators, definition, [name]))):
        if kind in ON_QUANTITIES:
            remedy = f"Change a quantity it is made of, or take `move: {{{name}: 3 places}}`."
            yield where, f"{name} is a variable, and only a quantity can {kind}", remedy
        return
    known = [*quantities, *(leaf.id for leaf in definition.indicators if kind in ON_EITHER)]
    near = " or ".join(nearest(name, known))
    remedy = f"Did you mean {near}?" if near else "`citysim quantities` lists them."
    yield where, f"no quantity {'or variable ' if kind in ON_EITHER else ''}{name!r}", remedy


def _known_problems(
    standing: Standing, figures: Figures, change: Change, kind: str, name: str, who: Flags, where: Location
) -> Iterator[Problem]:
    """Yield cities whose figure, or last rate, is not known though the change needs it."""
    cities = standing.index.cities

    def told(lost: Flags) -> str:
        return some([cities[k] for k in np.flatnonzero(lost)])

    known = figures.known(name)
    unknown = who & ~known
    if kind in ("add", "set", *ON_EITHER) and unknown.any():
        remedy = "Give it as a figure (--figure, or `figures` in a scenario), or take grow or multiply."
        yield where, f"{name} of {told(unknown)} is not bundled", remedy
    if kind == "move" and not unknown.any() and known.sum() < 2:
        yield where, f"{name} is known of no other city", f"Give more under `figures`, or multiply {name}."
    if kind == "match" and not (chosen_flags(standing.index.matrix, change.peers) & known).any():
        yield where, f"{name} is known of none of the peers", "Give it under `figures`, or name other `peers`."
    if kind == "grow" and change.grow[name].last:
        lost = who & ~np.isfinite(last_rate(figures, name))
        if lost.any():
            yield where, f"no last rate of {name} is known of {told(lost)}", "Give a rate, such as 5%."
    if kind == "match" and change.match[name] == "best":
        leaves = [] if standing.index.raw is None else standing.index.raw.definition.indicators
        if not any(leaf.formula == name and leaf.direction == "higher" for leaf in leaves):
            remedy = "Name the variable instead, or match the median."
            yield where, f"nothing says that more of {name} is better", remedy


def _nought_problems(standing: Standing, figures: Figures, kind: str, name: str, who: Flags) -> Iterator[Problem]:
    """Yield cities whose gain is a share of nought, and so none that could spill over."""
    nought = who & (figures.value[name] == 0.0)
    if kind not in ("grow", "multiply") and name not in rates_of_growth(figures) and nought.any():
        cities = some([standing.index.cities[k] for k in np.flatnonzero(nought)])
        remedy = "Leave the spillover out, or change what reaches the others by itself."
        yield ("spillover",), f"{name} of {cities} is 0, and a gain from there has no per cent", remedy


def _others_problems(
    standing: Standing, figures: Figures | None, others: Amount, grown: Mapping[str, Flags], spillover: bool
) -> Iterator[Problem]:
    if not grown or figures is None:
        remedy = "Grow a quantity, or let them stand still."
        yield ("others",), "the others grow in whatever is grown, and nothing is", remedy
        return
    for quantity, who in grown.items():
        # What spills over is the gain above the city's own last rate.
        needed = (~who | spillover) & others.last
        lost = needed & ~np.isfinite(last_rate(figures, quantity))
        if lost.any():
            cities = some([standing.index.cities[k] for k in np.flatnonzero(lost)])
            remedy = "Give a rate, such as 5%, or let the others stand still."
            yield ("others",), f"no last rate of {quantity} is known of {cities}", remedy


def reach_problems(standing: Standing, city: str | None, reach: Reach) -> Iterator[Problem]:
    """Yield what is wrong with a rank to reach: no such rank, no such variable, nothing that may change."""
    n = len(standing.index.cities)
    if reach.rank > n:
        yield ("reach", "rank"), f"there is no rank {reach.rank} among {n} cities", f"Give 1 to {n}."
    if city is None:
        yield ("reach",), "nobody is named who is to reach it", "Give `city`."
    else:
        yield from lookup_problems(("city",), partial(find_city, standing.index.matrix, city))
    definition = standing.index.definition
    for role, asked in (
        ("only", reach.only or ()),
        ("not", reach.without),
        ("allow", reach.allow),
        ("ceilings", tuple(reach.ceilings)),
        ("prices", tuple(reach.prices)),
    ):
        for name in asked:
            yield from lookup_problems(("reach", role), partial(find_indicators, definition, [name]))
    yield from _unit_problems(standing, reach)


def _unit_problems(standing: Standing, reach: Reach) -> Iterator[Problem]:
    """Yield a price for each unit of variables whose raw values, and so their units, are not known."""
    footings = {footing.leaf.id: footing for footing in standing.footings}
    named = [(("reach", "prices", name), name) for name, price in reach.prices.items() if price.per == "unit"]
    for where, name in named:
        found = list(lookup_problems(where, partial(find_indicators, standing.index.definition, [name])))
        if not found and not footings[find_indicators(standing.index.definition, [name])[0]].held:
            yield where, f"too few raw values of {name} are known for a price in its unit", "Price it per place or sd."
    if reach.price.per == "unit":
        lacking = [name for name, footing in footings.items() if not footing.held and footing.leaf.actionable]
        if lacking:
            problem = f"too few raw values are known of {some(lacking)} for a price in their units"
            yield ("reach", "price"), problem, "Price them per place or sd, or single variables per unit."
