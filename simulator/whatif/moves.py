"""What one city could do: in each variable a ladder of places to stand, what each costs and what totals it moves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from simulator import names
from simulator.changes.wording import Price
from simulator.construction.composite import Scorer
from simulator.construction.nominal import LINEAR
from simulator.construction.rivals import ranking_obstacles
from simulator.construction.scoring import Chunk, score_chunk
from simulator.definition import Definition, Indicator, Node
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.kernels.arrays import Floats, Integers
from simulator.lookup import find_city, find_indicators
from simulator.matrix import refuse_blanks
from simulator.methods import AsGiven

_Given = TypeVar("_Given")

ROWS_AT_ONCE = 200
"""Steps that are scored together: enough to pay for the call, few enough that their matrices take some megabytes."""

LEAST_RISE = 1e-6
"""By how much a step costs more than the one below it at least, as a share of the variable's range."""

BY_PLACES = Price()
"""Effort counted in cities passed."""

ROUNDING = 1e-9
"""Share of the largest total below which a gain is rounding only."""


@dataclass(frozen=True)
class Ladder:
    """The steps a city can rise in one variable, each strictly between two groups of cities with equal values."""

    variable: str
    value: Floats
    """(steps): the city's new value, as the matrix has it, whatever the direction."""
    places: Integers
    """(steps): cities that are strictly passed; those level with the city count, as they fall behind."""
    effort: Floats
    """(steps): strictly rising, above zero."""
    gain: Floats
    """(steps, n): what the total of every city gains; of the city itself zero or more, of its rivals zero or less."""


@dataclass(frozen=True)
class Moves:
    """All that a city could do: any step of any ladder, one of each."""

    city: str
    ladders: tuple[Ladder, ...]
    """Those with a step at least, in the order of the definition."""

    def changes(self, steps: Mapping[str, int]) -> dict[str, dict[str, float]]:
        """Return the new values of a plan (variable → step, the first is 1), as `Scorer.score` takes them.

        >>> ladder = Ladder("a", np.array([1.5, 2.5]), np.array([1, 2]), np.array([1.0, 2.0]), np.zeros((2, 3)))
        >>> Moves("hefei", (ladder,)).changes({"a": 2})
        {'hefei': {'a': 2.5}}
        """
        value = {ladder.variable: ladder.value for ladder in self.ladders}
        return {self.city: {variable: float(value[variable][step - 1]) for variable, step in steps.items()}}


def ladders(
    index: Index,
    city: str,
    *,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
    ceiling: int | None = None,
    ceilings: Mapping[str, int] | None = None,
    price: Price = BY_PLACES,
    prices: Mapping[str, Price] | None = None,
    values: Floats | None = None,
) -> Moves:
    """Return the steps that a city can rise in each variable, with their effort and what they do to all totals.

    A step stands strictly between two neighbouring groups of better cities, midway, or beyond the best by half the mean
    distance between groups (towards a target: halfway to it). The first step of a city that has others level with it
    leaves these behind and passes nobody else. Every step is scored by itself, by the index as it is; aggregation is
    linear, so the gains of several variables add up exactly.

    Parameters
    ----------
    index
        An index that `obstacles` finds nothing against.
    city
        The city that rises, by any of its names.
    only, without
        Variables (leaves of the definition, by any of their names) that it may change, all if not given; and those
        that it leaves alone.
    ceiling, ceilings
        Most places it may pass in any variable, and in some by name instead; no limit if not given.
    price, prices
        What it costs to rise, and in some variables by name instead. Effort is the amount times the cities passed, or
        times the distance from the present value to the new one: in standard deviations (n - 1) of the variable, or in
        its unit. A variable in which all cities are equal has no such deviation, and then no ladder.
    values
        (indicator, city), as in the matrix: values in which distances are measured instead of the matrix's own, such
        as those behind printed points. A step then lies midway between the cities that it stands between.

    Raises
    ------
    InputError
        For an index that `obstacles` finds something against, or in which a rival would gain by the city's rise; for
        unknown names, ceilings below zero, and distances where a value is missing.

    Examples
    --------
    >>> import simulator as sim
    >>> index = sim.load_index("opportunity-2025")
    >>> ladder = ladders(index, "hefei", only=["government-debt"]).ladders[0]
    >>> own = index.cities.index("hefei")
    >>> ladder.places[:3].tolist(), ladder.value[:3].tolist(), ladder.gain[:3, own].tolist()
    ([1, 2, 3], [50.5, 51.5, 52.5], [1.0, 2.0, 3.0])
    """
    _refuse(f"index {index.definition.id}", obstacles(index.definition))
    refuse_blanks(index.matrix, index.definition.id, "goals")
    scorer = index.scorer()
    city = find_city(index.matrix, city)
    position = index.cities.index(city)
    ceilings, prices = _by_leaf(index.definition, ceilings or {}), _by_leaf(index.definition, prices or {})
    _refuse("goal", _limit_faults(ceiling, ceilings))
    measured = scorer.values if values is None else np.asarray(values, np.float64)
    chosen = _allowed(index.definition, only, without)
    leaves = [index.definition.indicators[number] for number in chosen]
    costs = [prices.get(leaf.id, price) for leaf in leaves]
    _refuse("goal", _unmeasured(leaves, measured[chosen], costs))
    climbs = [
        _climb(leaf, number, scorer.values[number], measured[number], position, cost, ceilings.get(leaf.id, ceiling))
        for leaf, number, cost in zip(leaves, chosen, costs, strict=True)
    ]
    climbs = [climb for climb in climbs if climb.value.size]
    totals = scorer.score()[names.TOTAL].values
    rounding = ROUNDING * float(np.abs(totals).max())
    gains = _gains(scorer, position, climbs, totals, rounding)
    known = index.definition.indicators
    _refuse("goal", _gifts([known[climb.leaf] for climb in climbs], gains, position, rounding))
    return Moves(
        city,
        tuple(
            Ladder(known[climb.leaf].id, climb.value, climb.places, climb.effort, gain)
            for climb, gain in zip(climbs, gains, strict=True)
        ),
    )


def obstacles(definition: Definition) -> Iterator[Fault]:
    """Yield what keeps the gains of several variables from adding up, or a rank from being a count of rivals.

    Totals are sums over variables if every node aggregates linearly and takes nodes below it as they are.

    >>> import simulator as sim
    >>> list(obstacles(sim.load_index("opportunity-2025").definition))
    []
    """
    for node in definition.nodes:
        if node.aggregate.method not in LINEAR:
            problem = f"what its children gain does not add up in its {node.aggregate.method} aggregation"
            yield Fault(node.id, problem, f"Aggregate by {' or '.join(LINEAR)}.")
        if not isinstance(node.normalise, AsGiven) and any(isinstance(child, Node) for child in node.children):
            problem = f"normalises nodes ({node.normalise.method}), so what these gain does not add up"
            yield Fault(node.id, problem, "Normalise indicators alone.")
    yield from ranking_obstacles(definition.ranking)


@dataclass(frozen=True)
class _Climb:
    """A ladder before it is scored."""

    leaf: int
    value: Floats
    places: Integers
    effort: Floats


def _climb(
    leaf: Indicator, number: int, values: Floats, measured: Floats, position: int, price: Price, most: int | None
) -> _Climb:
    """Return the steps of a city in one variable, from its values (city) and those in which distance is measured."""
    better = _oriented(leaf, values)
    own = better[position]
    others = np.delete(better, position)
    borders = np.unique(others[others >= own])
    low, high = borders, np.append(borders[1:], np.inf)
    stands = _between(low, high, leaf)
    places = np.searchsorted(np.sort(others[others >= own]), low, side="right").astype(np.int64)
    allowed = (stands > low) & (stands < high) & (places <= (others.size if most is None else most))
    effort = price.amount * places.astype(np.float64)
    if price.per != "place" and low.size:
        spread = float(np.std(measured, ddof=1)) if price.per == "sd" else 1.0
        if spread == 0.0:
            allowed[:] = False
        else:
            effort = price.amount * _distances(leaf, better, measured, position, low) / spread
    value = _as_given(leaf, stands, float(values[position]))
    return _Climb(number, value[allowed], places[allowed], effort[allowed])


def _oriented(leaf: Indicator, values: Floats) -> Floats:
    """Return values turned so that larger is better, as kernels do."""
    if leaf.direction == "target":
        return -np.abs(values - (leaf.target or 0.0))
    return values if leaf.direction == "higher" else -values


def _as_given(leaf: Indicator, better: Floats, own: float) -> Floats:
    """Return turned values as the matrix has them; those near a target on the side of it where the city is."""
    if leaf.direction == "target":
        target = leaf.target or 0.0
        return target - better if own >= target else target + better
    return better if leaf.direction == "higher" else -better


def _between(low: Floats, high: Floats, leaf: Indicator) -> Floats:
    """Return where to stand between rising borders (steps): midway, and beyond the last one where `high` is endless."""
    beyond = high == np.inf
    if leaf.direction == "target":
        return 0.5 * (low + np.where(beyond, 0.0, high))
    step = 0.5 * float(low[-1] - low[0]) / (low.size - 1) if low.size > 1 and low[-1] > low[0] else 0.5
    return np.where(beyond, low + step, 0.5 * (low + np.where(beyond, low, high)))


def _distances(leaf: Indicator, better: Floats, measured: Floats, position: int, low: Floats) -> Floats:
    """Return how far (steps) the city goes until it stands above the borders `low`, in the values to measure by.

    The borders are found again among these values: the best of all cities passed, and the worst of all that are not.
    Where the two orders differ a step may be no farther than the one below it; it is made a trifle farther.
    """
    turned = _oriented(leaf, measured)
    others = np.arange(better.size) != position
    below = np.array([turned[others & (better <= border)].max() for border in low])
    above = np.array([turned[others & (better > border)].min(initial=np.inf) for border in low])
    trifle = LEAST_RISE * (float(np.ptp(turned)) or 1.0) * np.arange(1, low.size + 1)
    distance = _between(below, above, leaf) - turned[position]
    rising: Floats = np.maximum.accumulate(np.maximum(distance - trifle, 0.0)) + trifle
    return rising


def _allowed(definition: Definition, only: Collection[str] | None, without: Collection[str]) -> list[int]:
    """Return the numbers of the variables that may change, in the order of the definition."""
    leaves = [leaf.id for leaf in definition.indicators]
    kept = leaves if only is None else find_indicators(definition, list(only))
    left = find_indicators(definition, list(without))
    return [number for number, leaf in enumerate(leaves) if leaf in kept and leaf not in left]


def _by_leaf(definition: Definition, given: Mapping[str, _Given]) -> dict[str, _Given]:
    """Return what is given by any names of variables by their identifiers."""
    return dict(zip(find_indicators(definition, list(given)), given.values(), strict=True))


def _limit_faults(ceiling: int | None, ceilings: Mapping[str, int]) -> Iterator[Fault]:
    """Yield ceilings that mean nothing."""
    for place, most in {"ceiling": 0 if ceiling is None else ceiling, **ceilings}.items():
        if most < 0:
            yield Fault(place, f"{most} is no number of places", "Give 0 or more.")


def _unmeasured(leaves: Sequence[Indicator], measured: Floats, prices: Sequence[Price]) -> Iterator[Fault]:
    """Yield variables in which distances are asked for, but a value (variable, city) is missing."""
    for leaf, values, price in zip(leaves, measured, prices, strict=True):
        if price.per != "place" and not np.isfinite(values).all():
            yield Fault(leaf.id, "a value is missing, so distances are unknown (convention 4)", "Price it per place.")


def _gifts(leaves: Sequence[Indicator], gains: Sequence[Floats], position: int, rounding: float) -> Iterator[Fault]:
    """Yield variables in which the city's rise is not always good for it and bad for its rivals."""
    for leaf, gain in zip(leaves, gains, strict=True):
        signed = -gain
        signed[:, position] *= -1.0
        if np.diff(signed, axis=0, prepend=0.0).min() < -rounding:
            problem = "a city's rise here would bring a rival points, or itself fewer"
            yield Fault(leaf.id, problem, "Leave it out, or normalise by rank, min-max or distance.")


def _refuse(source: str, faults: Iterable[Fault]) -> None:
    found = list(faults)
    if found:
        raise InputError(source, found)


def _gains(scorer: Scorer, position: int, climbs: Sequence[_Climb], totals: Floats, rounding: float) -> list[Floats]:
    """Return what each step of each climb adds to the totals (steps, n); less than rounding is nothing."""
    if not climbs:
        return []
    leaf = np.concatenate([np.full(climb.value.size, climb.leaf) for climb in climbs])
    value = np.concatenate([climb.value for climb in climbs])
    gain = np.concatenate(list(_totals(scorer, position, leaf, value))) - totals
    gain[np.abs(gain) <= rounding] = 0.0
    return np.split(gain, np.cumsum([climb.value.size for climb in climbs])[:-1])


def _totals(scorer: Scorer, position: int, leaf: Integers, value: Floats) -> Iterator[Floats]:
    """Yield totals (rows, n), some rows at a time: in each the city has another value in one variable."""
    leaves, n = scorer.values.shape
    for first in range(0, leaf.size, ROWS_AT_ONCE):
        rows = min(ROWS_AT_ONCE, leaf.size - first)
        values = np.repeat(scorer.values[np.newaxis], rows, axis=0)
        values[np.arange(rows), leaf[first : first + rows], position] = value[first : first + rows]
        chunk = Chunk(
            variant=np.zeros(rows, np.int64),
            values=values,
            leaf_weight=np.zeros((1, leaves)),
            drawn=np.zeros(1, np.bool_),
            leaf_in=np.ones((1, leaves), np.bool_),
            city_in=np.ones((1, n), np.bool_),
        )
        yield score_chunk(scorer.plan, scorer.definition.ranking, chunk).totals
