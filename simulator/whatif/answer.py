"""The answer to a what-if: every city before and after, from its quantities to its rank."""

from __future__ import annotations

import numpy as np
import xarray as xr

from simulator import names
from simulator.changes.effects import Effects
from simulator.changes.figures import ORIGINS, Changed, before
from simulator.changes.standing import Standing
from simulator.kernels.arrays import Floats, Integers

TOP = 20


def answer(standing: Standing, effects: Effects) -> xr.Dataset:
    """Return what changes do, with every uncertain amount at its mean and nothing else varied.

    Returns
    -------
    xr.Dataset
        On (city): `rank_before`, `rank_after`, `total_before`, `total_after`. On (city, node): `score_before`,
        `score_after`. On (city, indicator): `points_before`, `points_after`, as they enter the total;
        `place_before`, `place_after` (1 + the cities better in it); `value_before`, `value_after`, on the scale of the
        raw values where `held` (indicator) says so (in `value_unit`), otherwise values that stand in; `known`, whether
        a raw figure of the city itself is behind. `effect` (indicator), what is done to its values (`times`, `plus`,
        `spread`, `become`, or nothing), and `effect_amount` (city, indicator). On (city, quantity), for what changes:
        `quantity_before`, `quantity_after`, `quantity_ratio` and `origin` (`bundled`, `given`, `stands in`,
        `unknown`). On (city, part), the indicators that the changes reach: `part_before`, `part_after`, NaN where not
        known, and `part_ratio`; with
        `formula` and `part_variable`. `passed` (city, other_city): whether the first comes to stand above the second,
        and did not before. On (city_group), the clusters: `group_size`, mean rank and total before and after, and the
        share of the first twenty places that is theirs.
    """
    values = standing.values[np.newaxis].copy()
    effects.apply(values)
    start, end = standing.scored, standing.rescored(values[0])
    sign = np.array([footing.sign for footing in standing.footings])[:, np.newaxis]
    axes = (names.CITY, names.INDICATOR)
    found = xr.Dataset(
        {
            names.RANK_BEFORE: (names.CITY, start[names.RANK].values),
            names.RANK_AFTER: (names.CITY, end[names.RANK].values),
            names.TOTAL_BEFORE: (names.CITY, start[names.TOTAL].values),
            names.TOTAL_AFTER: (names.CITY, end[names.TOTAL].values),
            names.SCORE_BEFORE: ((names.CITY, names.NODE), start[names.SCORE].values),
            names.SCORE_AFTER: ((names.CITY, names.NODE), end[names.SCORE].values),
            names.POINTS_BEFORE: (axes, start[names.NORMALISED].values),
            names.POINTS_AFTER: (axes, end[names.NORMALISED].values),
            names.PLACE_BEFORE: (axes, places(standing, standing.values)),
            names.PLACE_AFTER: (axes, places(standing, values[0])),
            names.VALUE_BEFORE: (axes, (sign * standing.values).T),
            names.VALUE_AFTER: (axes, (sign * values[0]).T),
            names.KNOWN: (axes, np.array([footing.known for footing in standing.footings]).T),
            names.HELD: (names.INDICATOR, [footing.held for footing in standing.footings]),
            **_effect_variables(standing, effects),
        },
        coords={
            **{str(name): one for name, one in start.coords.items()},
            names.VALUE_UNIT: (names.INDICATOR, [_unit(standing, number) for number in range(len(values[0]))]),
        },
    )
    ahead = [ranks[:, np.newaxis] < ranks for ranks in (start[names.RANK].values, end[names.RANK].values)]
    found[names.PASSED] = ((names.CITY, names.OTHER_CITY), ahead[1] & ~ahead[0])
    found = found.assign_coords({names.OTHER_CITY: standing.index.cities})
    if effects.changed is not None:
        found = found.merge(_quantities(effects.changed, standing)).merge(_parts(effects, standing))
    return found.merge(by_group(found, names.CLUSTER)) if names.CLUSTER in found.coords else found


def _unit(standing: Standing, leaf: int) -> str:
    footing = standing.footings[leaf]
    if not footing.held:
        return ""
    return footing.behind.unit if footing.printed and footing.behind is not None else footing.leaf.unit


def places(standing: Standing, values: Floats) -> Integers:
    """Return the place (city, indicator) of each city in each indicator: 1 + the cities with a better value."""
    better = values.copy()
    for row, footing in zip(better, standing.footings, strict=True):
        if not footing.printed and footing.leaf.direction != "higher":
            row[:] = -row if footing.leaf.direction == "lower" else -np.abs(row - (footing.leaf.target or 0.0))
    above: Integers = (better[:, np.newaxis, :] > better[:, :, np.newaxis]).sum(axis=2)
    return above.T + 1


def _effect_variables(standing: Standing, effects: Effects) -> dict[str, tuple[tuple[str, ...], object]]:
    kinds = np.array([""] * len(standing.footings), dtype=object)
    amounts = np.full((len(standing.footings), len(standing.index.cities)), np.nan)
    for effect in effects.passed_on:
        sign = standing.footings[effect.leaf].sign if effect.kind in ("plus", "spread") else 1.0
        kinds[effect.leaf], amounts[effect.leaf] = effect.kind, sign * effect.amount[0]
    for leaf, order in effects.orders:
        kinds[leaf] = f"{kinds[leaf]}, {order.kind}".strip(", ")
    return {
        names.EFFECT: ((names.INDICATOR,), kinds),
        names.EFFECT_AMOUNT: ((names.CITY, names.INDICATOR), amounts.T),
    }


def _quantities(changed: Changed, standing: Standing) -> xr.Dataset:
    """Return the quantities that change, before and after; NaN where one is not known."""
    figures = changed.figures
    quantities = [name for name in figures.value if name in changed.value]
    axes = (names.CITY, names.QUANTITY)
    start, end, ratio, origin = [], [], [], []
    for name in quantities:
        known, now = figures.known(name), changed.of(name)[0]
        first = before(figures, name)
        with np.errstate(all="ignore"):
            ratio.append(np.where(first == now, 1.0, now / first))
        start.append(np.where(known, first, np.nan))
        end.append(np.where(known, now, np.nan))
        origin.append([ORIGINS[code] for code in figures.origin[name]])
    shape = (len(quantities), len(standing.index.cities))
    return xr.Dataset(
        {
            names.QUANTITY_BEFORE: (axes, np.array(start, np.float64).reshape(shape).T),
            names.QUANTITY_AFTER: (axes, np.array(end, np.float64).reshape(shape).T),
            names.QUANTITY_RATIO: (axes, np.array(ratio, np.float64).reshape(shape).T),
            names.ORIGIN: (axes, np.array(origin, dtype=object).reshape(shape).T),
        },
        coords={
            names.CITY: standing.index.cities,
            names.QUANTITY: np.array(quantities, dtype=object),
            names.QUANTITY_UNIT: (names.QUANTITY, [figures.definition.quantities[name].unit for name in quantities]),
        },
    )


def _parts(effects: Effects, standing: Standing) -> xr.Dataset:
    """Return the indicators that the changes reach, before and after."""
    parts = [(effect, part) for effect in effects.passed_on for part in effect.parts]
    axes = (names.CITY, names.PART)
    shape = (len(parts), len(standing.index.cities))
    start = [np.where(part.known, part.before, np.nan) for _, part in parts]
    end = [np.where(part.known, part.after[0], np.nan) for _, part in parts]
    with np.errstate(all="ignore"):
        ratio = [np.where(part.before == part.after[0], 1.0, part.after[0] / part.before) for _, part in parts]
    return xr.Dataset(
        {
            names.PART_BEFORE: (axes, np.array(start, np.float64).reshape(shape).T),
            names.PART_AFTER: (axes, np.array(end, np.float64).reshape(shape).T),
            names.PART_RATIO: (axes, np.array(ratio, np.float64).reshape(shape).T),
        },
        coords={
            names.CITY: standing.index.cities,
            names.PART: np.array([part.indicator.id for _, part in parts], dtype=object),
            names.FORMULA: (names.PART, [part.formula.text for _, part in parts]),
            names.PART_VARIABLE: (names.PART, [standing.footings[effect.leaf].leaf.id for effect, _ in parts]),
        },
    )


def by_group(result: xr.Dataset, attribute: str) -> xr.Dataset:
    """Return a what-if by cluster, province or status: mean rank and total, and the share of the first twenty places.

    Cities without that attribute are in no group. The share counts the cities of the group among those of rank 20 or
    better, before and after.
    """
    own = result[attribute].values.astype(str)
    groups = [group for group in dict.fromkeys(own) if group]
    member = np.array([own == group for group in groups], np.bool_).reshape(len(groups), own.size)
    size = member.sum(axis=1)
    axis = names.CITY_GROUP

    def mean(name: str) -> tuple[str, Floats]:
        return axis, member @ result[name].values / size

    def share(name: str) -> tuple[str, Floats]:
        top = result[name].values <= TOP
        return axis, (member & top).sum(axis=1) / top.sum()

    return xr.Dataset(
        {
            names.GROUP_SIZE: (axis, size),
            names.GROUP_RANK_BEFORE: mean(names.RANK_BEFORE),
            names.GROUP_RANK_AFTER: mean(names.RANK_AFTER),
            names.GROUP_TOTAL_BEFORE: mean(names.TOTAL_BEFORE),
            names.GROUP_TOTAL_AFTER: mean(names.TOTAL_AFTER),
            names.GROUP_TOP_20_BEFORE: share(names.RANK_BEFORE),
            names.GROUP_TOP_20_AFTER: share(names.RANK_AFTER),
        },
        coords={axis: np.array(groups, dtype=object)},
    )
