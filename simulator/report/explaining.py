"""Every step of the arithmetic of a what-if, from a quantity to the rank, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from simulator import names
from simulator.report.screen import city_name

DIGITS = 8
"""Significant digits of a figure: enough to repeat the arithmetic by hand."""


def explanation(result: xr.Dataset) -> Iterator[str]:
    """Yield the steps for each city whose figures or values change, the one in question first.

    Quantities before and after; each indicator by its formula; what that does to the value behind its variable; the
    place and the points that this value gets among all cities; sums of the dimensions and the total; the rank.
    """
    for city in _cities(result):
        yield f"{city_name(result, city)}, step by step:"
        yield from (f"  {line}" for line in _quantity_steps(result, city))
        for leaf in range(result.sizes[names.INDICATOR]):
            yield from (f"  {line}" for line in _variable_steps(result, city, leaf))
        yield from (f"  {line}" for line in _sum_steps(result, city))


def _cities(result: xr.Dataset) -> list[int]:
    """Return the cities to explain: that in question, or all whose own values change."""
    names_of = result[names.CITY].values.tolist()
    if result.attrs["city"]:
        return [names_of.index(result.attrs["city"])]
    changed = (result[names.VALUE_BEFORE].values != result[names.VALUE_AFTER].values).any(axis=1)
    return [int(city) for city in np.flatnonzero(changed)]


def _quantity_steps(result: xr.Dataset, city: int) -> Iterator[str]:
    for number, name in enumerate(result[names.QUANTITY].values if names.QUANTITY in result.dims else ()):
        start, end = (float(result[one].values[city, number]) for one in (names.QUANTITY_BEFORE, names.QUANTITY_AFTER))
        if start != end and not np.isnan(start):
            ratio = f" (times {exact(end / start)})" if start else ""
            origin, unit = result[names.ORIGIN].values[city, number], result[names.QUANTITY_UNIT].values[number]
            yield f"{name}: {exact(start)} ({origin}) → {exact(end)}{ratio} {unit}".rstrip()


def _variable_steps(result: xr.Dataset, city: int, leaf: int) -> Iterator[str]:
    start, end = (float(result[one].values[city, leaf]) for one in (names.VALUE_BEFORE, names.VALUE_AFTER))
    points = [float(result[one].values[city, leaf]) for one in (names.POINTS_BEFORE, names.POINTS_AFTER)]
    effect = str(result[names.EFFECT].values[leaf])
    if start == end and points[0] == points[1]:
        return
    name = str(result[names.INDICATOR].values[leaf])
    yield f"{name}:"
    for number in np.flatnonzero(result[names.PART_VARIABLE].values == name) if names.PART in result.dims else ():
        yield f"  {_part_step(result, city, int(number))}"
    amount = float(result[names.EFFECT_AMOUNT].values[city, leaf])
    unit = str(result[names.VALUE_UNIT].values[leaf])
    told = " ".join(part for part in (f"value {exact(start)} → {exact(end)}", unit) if part)
    yield f"  {told} ({_effect(effect, amount)}; {_basis(result, city, leaf)})"
    places = [int(result[one].values[city, leaf]) for one in (names.PLACE_BEFORE, names.PLACE_AFTER)]
    gain = points[1] - points[0]
    yield f"  place {places[0]} → {places[1]}, points {exact(points[0])} → {exact(points[1])} ({gain:+g})"


def _part_step(result: xr.Dataset, city: int, number: int) -> str:
    name, formula = (str(result[one].values[number]) for one in (names.PART, names.FORMULA))
    start, end = (float(result[one].values[city, number]) for one in (names.PART_BEFORE, names.PART_AFTER))
    ratio = float(result[names.PART_RATIO].values[city, number])
    told = f"{name} = {formula}"
    if np.isnan(start):
        return f"{told}: not known, changes by the factor {exact(ratio)}"
    return f"{told}: {exact(start)} → {exact(end)}" + ("" if start == end else f" (times {exact(ratio)})")


def _effect(effect: str, amount: float) -> str:
    kind, _, then = effect.partition(", ")
    told = {
        "times": f"times {exact(amount)}",
        "plus": f"plus {exact(amount)}",
        "spread": f"plus {exact(amount)} standard deviations of all cities' values",
        "become": "made anew by the formula",
        "move": "moved",
        "match": "matched",
        "": "unchanged; others pass or fall behind",
    }
    return ", then ".join(told.get(one, one) for one in (kind, *([then] if then else [])))


def _basis(result: xr.Dataset, city: int, leaf: int) -> str:
    if not bool(result[names.HELD].values[leaf]):
        return "a value that stands in, from the printed order"
    if bool(result[names.KNOWN].values[city, leaf]):
        return "the raw value, calibrated to the printed order"
    return "between its neighbours in the printed order"


def _sum_steps(result: xr.Dataset, city: int) -> Iterator[str]:
    nodes = result[names.NODE].values
    for node in range(nodes.size):
        start, end = (float(result[one].values[city, node]) for one in (names.SCORE_BEFORE, names.SCORE_AFTER))
        if start != end:
            yield f"{nodes[node]}: {exact(start)} → {exact(end)} ({end - start:+g})"
    before, after = (int(result[one].values[city]) for one in (names.RANK_BEFORE, names.RANK_AFTER))
    yield f"rank: {before} → {after}"


def exact(value: float) -> str:
    """Return a figure to eight significant digits.

    >>> exact(14588.316), exact(0.925925925925)
    ('14588.316', '0.92592593')
    """
    return f"{value:.{DIGITS}g}"
