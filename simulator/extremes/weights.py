"""Sets of weights: all that are not negative and sum to 1, within bounds, in an order of importance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.arguments import Gathering, is_number, number_faults, shown
from simulator.errors import Fault, InputError
from simulator.extremes.members import Members
from simulator.kernels.arrays import Floats, Integers

SMALL = 1e-9
"""Share of all weight that is rounding only."""


@dataclass(frozen=True, eq=False)
class WeightSet:
    """Weights w with low <= w <= high and sum 1, of which those in `order` do not rise."""

    low: Floats
    """(members): not rising along the order."""
    high: Floats
    """(members): not rising along the order."""
    order: Integers
    """Positions of members, the most important first; empty where there is no order."""
    most: int | None = None
    """Position of the member that no other outweighs; nothing where there is none."""

    def largest(self, rows: Floats) -> Floats:
        """Return a bound from above of rows (rows, members) · w over the set; the largest value, but for what follows.

        Within bounds it is a fractional knapsack: every member has its low weight, what is left goes to the largest
        coordinates first. In an order it is reached at a vertex: equal weights of the first k of the order, or all
        weight on a member outside it. Where no member outweighs a given one, at equal weights of it and some others.
        The smallest of these values is a bound, and with more than one of them may not be reached.

        >>> simplex = WeightSet(np.zeros(3), np.ones(3), np.zeros(0, np.int64))
        >>> simplex.largest(np.array([[1.0, 4.0, 2.0]])).tolist()
        [4.0]
        """
        bound = self._knapsack(rows)
        if self.order.size:
            bound = np.minimum(bound, self._vertices(rows))
        return bound if self.most is None else np.minimum(bound, self._shared(rows, self.most))

    def holds(self, weight: Floats) -> bool:
        """Return whether weights (members) are in the set, but for rounding."""
        inside = (weight >= self.low - SMALL) & (weight <= self.high + SMALL)
        least = (self.steps() @ weight).min(initial=0.0)
        return bool(inside.all() and abs(weight.sum() - 1.0) <= SMALL and least >= -SMALL)

    def steps(self) -> Floats:
        """Return rows (steps, members) that are not negative where weights keep the order, and one weighs most."""
        rows = np.zeros((max(self.order.size - 1, 0), self.low.size))
        number = np.arange(len(rows))
        rows[number, self.order[:-1]] = 1.0
        rows[number, self.order[1:]] = -1.0
        if self.most is None:
            return rows
        over_others = -np.eye(self.low.size)
        over_others[:, self.most] = 1.0
        return np.vstack([rows, np.delete(over_others, self.most, axis=0)])

    def _knapsack(self, rows: Floats) -> Floats:
        falling = np.argsort(-rows, axis=1)
        room = (self.high - self.low)[falling]
        before = np.cumsum(room, axis=1) - room
        filled = np.clip(1.0 - self.low.sum() - before, 0.0, room)
        most: Floats = rows @ self.low + (np.take_along_axis(rows, falling, axis=1) * filled).sum(axis=1)
        return most

    def _vertices(self, rows: Floats) -> Floats:
        means = np.cumsum(rows[:, self.order], axis=1) / np.arange(1, self.order.size + 1)
        most: Floats = np.hstack([means, np.delete(rows, self.order, axis=1)]).max(axis=1)
        return most

    def _shared(self, rows: Floats, most: int) -> Floats:
        others = -np.sort(-np.delete(rows, most, axis=1), axis=1)
        shared = np.cumsum(np.hstack([rows[:, [most]], others]), axis=1)
        largest: Floats = (shared / np.arange(1, rows.shape[1] + 1)).max(axis=1)
        return largest


def told_weights(
    level: str,
    percent: float | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    order: Sequence[str] | None = None,
    most: str | None = None,
) -> str:
    """Return in words which weights a set allows.

    >>> told_weights("dimension", percent=25.0, order=["a", "b"])
    'of each dimension, within 25 % of the nominal ones, in the order a, b'
    >>> told_weights("dimension", bounds={"a": (0.1, 0.3)})
    'of each dimension, any, but a from 0.1 to 0.3'
    """
    words = f"of each {level}, " + ("any" if percent is None else f"within {percent:g} % of the nominal ones")
    if bounds:
        words += ", but " + ", ".join(f"{member} from {low:g} to {high:g}" for member, (low, high) in bounds.items())
    words += f", in the order {', '.join(order)}" if order else ""
    return words if most is None else f"{words}, none above that of {most}"


def weight_set(
    members: Members,
    percent: float | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    order: Sequence[str] | None = None,
    most: str | None = None,
) -> WeightSet:
    """Return the weights that bounds, an order and a member that weighs most admit.

    Parameters
    ----------
    members
        Whose weights.
    percent
        Width of a band around every nominal weight, in per cent of it to either side.
    bounds
        Member (by any of its names) → (lowest, highest weight), as shares of all weight; in place of the band.
    order
        Two members or more from the most important to the least, none weighing less than the next; those not named are
        free.
    most
        A member whose weight is at least that of every other; the others are free.

    Raises
    ------
    InputError
        For unknown members, one that is named twice, several that are to weigh most, numbers that are no bounds, a
        band and bounds together, an order of fewer than two, and where no weights are left.
    """
    low, high = np.zeros(len(members.ids)), np.ones(len(members.ids))
    chain, named, top = list[int](), list[int](), None
    gathered = Gathering("weights")
    gathered.add(setting_faults(percent, bounds))
    with gathered.attempt():
        chain = [] if order is None else members.find(order)
        if order is not None and len(chain) < 2:
            few = "a single member has no order" if chain else "no member is named"
            remedy = "Name two or more, the most important first"
            single = f'; for one that outweighs all others give most="{members.ids[chain[0]]}"' if chain else ""
            gathered.add([Fault("order", few, f"{remedy}{single}.")])
    with gathered.attempt():
        named = members.find(list(bounds)) if isinstance(bounds, Mapping) else []
    with gathered.attempt():
        if most is not None and not isinstance(most, str):
            raise InputError("weights", [Fault("most", f"{shown(most)} is no member", "Name one, as a text.")])
        top = None if most is None else members.find([most])[0]
    for what, positions in (("order", chain), ("bounds", named)):
        twice = sorted({members.ids[k] for k in positions if positions.count(k) > 1})
        gathered.add(Fault(f"{what}: {member}", "is named twice", "Name it once.") for member in twice)
    gathered.refuse()
    if percent is not None:
        share = percent / 100.0
        low = np.maximum(members.nominal * (1.0 - share), 0.0)
        high = np.minimum(members.nominal * (1.0 + share), 1.0)
    for position, (lowest, highest) in zip(named, (bounds or {}).values(), strict=True):
        low[position], high[position] = lowest, highest
    _refuse_sums(low, high, "bounds", "Lower the lowest weights.", "Raise the highest weights.")
    return _ordered(members, low, high, np.array(chain, np.int64), top)


def _ordered(members: Members, low: Floats, high: Floats, chain: Integers, most: int | None) -> WeightSet:
    """Return the set with bounds as tight as the order and what weighs most make them; refuse what they contradict.

    Bounds that do not rise along the order, are largest for what weighs most, and sum to no more and no less than 1
    admit such weights: those on the line between them.
    """
    low, high = low.copy(), high.copy()
    for _ in range(2):  # what weighs most may stand in the order too
        low[chain] = np.maximum.accumulate(low[chain][::-1])[::-1]
        high[chain] = np.minimum.accumulate(high[chain])
        if most is not None:
            low[most] = max(float(low.max()), 1.0 / low.size)
            high = np.minimum(high, high[most])
    held = dict.fromkeys(int(k) for k in chain) | ({} if most is None else dict.fromkeys(range(low.size)))
    place = "order" if most is None else "most" if not chain.size else "order, most"
    faults = [
        Fault(
            f"{place}: {members.ids[k]}",
            f"must weigh {low[k]:g} or more as those behind it, and {high[k]:g} or less as those before it",
            "Change the order, or the bounds." if most is None else "Name another member, or change the bounds.",
        )
        for k in held
        if low[k] > high[k] + SMALL
    ]
    if faults:
        raise InputError("weights", faults)
    _refuse_sums(low, high, place, "Change it, or lower bounds.", "Change it, or raise bounds.")
    return WeightSet(low, np.maximum(low, high), chain, most)


def _refuse_sums(low: Floats, high: Floats, place: str, lower: str, raising: str) -> None:
    faults = []
    if low.sum() > 1.0 + SMALL:
        faults.append(Fault(place, f"the lowest weights sum to {low.sum():.6g}, which is above 1", lower))
    if high.sum() < 1.0 - SMALL:
        faults.append(Fault(place, f"the highest weights sum to {high.sum():.6g}, which is below 1", raising))
    if faults:
        raise InputError("weights", faults)


def setting_faults(percent: object, bounds: object) -> Iterator[Fault]:
    """Yield what keeps a band and bounds from being such, whatever the members are."""
    if percent is not None and bounds is not None:
        yield Fault("percent, bounds", "a band and bounds exclude each other", "Give one of them.")
    if percent is not None:
        yield from number_faults("percent", percent, "is no width of a band")
    if isinstance(bounds, Mapping):
        for member, pair in bounds.items():
            yield from _pair_faults(f"bounds: {member}", pair)
    elif bounds is not None:
        yield Fault("bounds", f"{shown(bounds)} are no bounds", 'Give two for each member: {"MEMBER": (0.05, 0.3)}.')


def _pair_faults(place: str, pair: object) -> Iterator[Fault]:
    remedy = "Give a lowest and a highest share of all weight, within 0 to 1."
    numbers = list(pair) if isinstance(pair, Sequence | np.ndarray) and not isinstance(pair, str) else []
    low, high = numbers if len(numbers) == 2 else (None, None)
    if not (is_number(low) and is_number(high)):
        yield Fault(place, f"{shown(pair)} is no pair of numbers", remedy)
    elif not 0.0 <= low <= high <= 1.0:
        yield Fault(place, f"{low:g} to {high:g} are no bounds of a weight", remedy)
