"""Quantities of cities before and after a change: what is bundled or given, and what is worked out behind points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtri

from simulator import names
from simulator.changes.standing import Footing, Standing, normal_place
from simulator.definition import Definition, Indicator
from simulator.formulas import Formula, parse_formula
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.quantities import derived_quantity
from simulator.raw.calibration import FEWEST_KNOWN
from simulator.raw.side import RawSide

SAME = 1e-12
"""Relative difference up to which two figures are one: a change and its inverse bring back the figure itself."""

ORIGINS = ("unknown", "bundled", "given", "stands in")
UNKNOWN, BUNDLED, GIVEN, STANDS_IN = range(len(ORIGINS))


@dataclass(frozen=True, eq=False)
class Figures:
    """Every quantity of every city before any change."""

    definition: Definition
    value: Mapping[str, Floats]
    """Quantity → (city); NaN where neither bundled nor given, nor to be worked out."""
    origin: Mapping[str, Integers]
    """Quantity → (city): `UNKNOWN`, `BUNDLED`, `GIVEN` or `STANDS_IN`."""

    def known(self, quantity: str) -> Flags:
        """Return of which cities (city) a quantity is known."""
        found: Flags = self.origin[quantity] != UNKNOWN
        return found

    def told(self, quantity: str) -> Flags:
        """Return of which cities (city) a quantity is bundled or given, not worked out."""
        found: Flags = (self.origin[quantity] == BUNDLED) | (self.origin[quantity] == GIVEN)
        return found

    def made_of(self, formula: Formula) -> tuple[str, ...]:
        """Return the quantities that a formula is made of in the end: those that no formula of their own makes."""
        found: dict[str, None] = {}
        for name in formula.quantities:
            made = self.definition.quantities[name].formula
            found |= dict.fromkeys((name,) if made is None else self.made_of(parse_formula(made)))
        return tuple(found)

    def evaluate(self, formula: Formula, value: Mapping[str, Floats]) -> Floats:
        """Return the values of a formula from those of what it is made of in the end."""
        known = dict(value)
        for name in self.definition.derived:
            made = parse_formula(self.definition.quantities[name].formula or "")
            if all(part in known for part in made.quantities):
                known[name] = made.evaluate(known)
        return formula.evaluate(known)

    @property
    def cities(self) -> int:
        """How many cities there are."""
        return len(next(iter(self.value.values())))


@dataclass(eq=False)
class Changed:
    """Quantities after changes, those of them that change; the one thing here that is filled step by step.

    Values are (1, city), or (draw, city) where an amount is drawn. A quantity that is not known of a city stands as 1
    there: what multiplies it is kept, which is all that a ratio needs.
    """

    figures: Figures
    value: dict[str, Floats] = field(default_factory=dict)

    def of(self, quantity: str) -> Floats:
        """Return a quantity as it now is: (1 or draws, city)."""
        return self.value[quantity] if quantity in self.value else before(self.figures, quantity)[np.newaxis]

    def put(self, quantity: str, cities: Flags, value: Floats) -> None:
        """Let a quantity of some cities (city) become `value` (1 or draws, city or 1)."""
        now = self.of(quantity)
        value = np.where(np.abs(value - now) <= SAME * np.abs(now), now, value)
        self.value[quantity] = np.where(cities, value, now)

    def settle(self) -> None:
        """Bring back what differs from its beginning by rounding only, then work out the quantities made of others."""
        for quantity, value in self.value.items():
            start = before(self.figures, quantity)
            self.value[quantity] = np.where(np.abs(value - start) <= SAME * np.abs(start), start, value)
        definition = self.figures.definition
        for name in definition.derived:
            parts = parse_formula(definition.quantities[name].formula or "").quantities
            if any(part in self.value for part in parts):
                found = derived_quantity(definition, name, {part: self.of(part) for part in parts})
                # One that is not known stands as the ratio to what it was, 1, like any other.
                start = derived_quantity(definition, name, {part: before(self.figures, part) for part in parts})
                with np.errstate(all="ignore"):
                    ratio = np.where(found == start, 1.0, found / start)
                found = np.where(self.figures.known(name), found, ratio)
                self.value[name] = np.where(np.isfinite(found), found, before(self.figures, name))


def before(figures: Figures, quantity: str) -> Floats:
    """Return a quantity (city) before any change, 1 where it is not known."""
    value = figures.value[quantity]
    return np.where(figures.known(quantity), value, 1.0)


def gather_figures(standing: Standing, given: Mapping[str, Mapping[str, float]]) -> Figures | None:
    """Return the quantities behind an index, some of them `given` (city → quantity → value); none without a raw side.

    Where one is lacking it may be worked out. A single quantity that an indicator's formula lacks follows from the
    value of that indicator, where this is held (between its neighbours in the printed order) and in proportion to it.
    An indicator of several that make up a variable is taken to stand where the variable stands in the printed order,
    on the normal or lognormal curve through the cities of which it is known.
    """
    raw = standing.index.raw
    if raw is None:
        return None
    cities = standing.index.cities
    table = raw.quantities[names.VALUE].sel({names.CITY: cities}).transpose(names.QUANTITY, names.CITY)
    value = {str(q): row.copy() for q, row in zip(table[names.QUANTITY].values, table.values, strict=True)}
    origin = {q: np.where(np.isfinite(v), BUNDLED, UNKNOWN).astype(np.int64) for q, v in value.items()}
    for city, of_city in given.items():
        for quantity, figure in of_city.items():
            value[quantity][cities.index(city)] = figure
            origin[quantity][cities.index(city)] = GIVEN
    for footing in standing.footings:
        if footing.printed and footing.behind is not None and len(footing.behind.parts) == 1 and footing.held:
            _solve_formula(footing, raw, value, origin)
        elif footing.printed and footing.behind is not None and len(footing.behind.parts) > 1:
            points = standing.index.printed.sel({names.SLOT: footing.leaf.id}).values
            for part in raw.parts(footing.leaf.id):
                _place_on_curve(part, points, value, origin)
    for name in raw.definition.derived:
        found = derived_quantity(raw.definition, name, value)
        parts = parse_formula(raw.definition.quantities[name].formula or "").quantities
        # As doubtful as the most doubtful figure that it is made of.
        least = np.max([origin[part] for part in parts], axis=0) if parts else BUNDLED
        value[name], origin[name] = found, np.where(np.isfinite(found), least, UNKNOWN).astype(np.int64)
    return Figures(raw.definition, value, origin)


def _solve_formula(footing: Footing, raw: RawSide, value: Mapping[str, Floats], origin: Mapping[str, Integers]) -> None:
    """Fill in the one quantity of a formula that is lacking where the value of the indicator is held."""
    formula = parse_formula(raw.parts(footing.leaf.id)[0].formula or "")
    lacking = {name: np.isnan(value[name]) for name in formula.quantities}
    count = np.sum(list(lacking.values()), axis=0)
    for name, cells in lacking.items():
        alone = cells & (count == 1)
        if alone.any():
            known = {other: value[other][alone] for other in formula.quantities}
            found = solve_for(formula, name, known, footing.sign * footing.value[alone])
            value[name][alone] = found
            origin[name][alone] = np.where(np.isfinite(found), STANDS_IN, UNKNOWN)


def _place_on_curve(
    part: Indicator, points: Floats, value: Mapping[str, Floats], origin: Mapping[str, Integers]
) -> None:
    """Fill in a quantity that is an indicator as it stands, by the printed place of its variable."""
    name = part.formula or ""
    if name not in value:
        return
    lacking = np.isnan(value[name])
    known = value[name][~lacking]
    positive = part.scale == "positive"
    if not lacking.any() or known.size < FEWEST_KNOWN or (positive and known.min() <= 0.0):
        return
    linked = np.log(known) if positive else known
    turned = -1.0 if part.direction == "lower" else 1.0
    found = linked.mean() + turned * linked.std(ddof=1) * ndtri(normal_place(points, "lowest")[lacking])
    value[name][lacking] = np.exp(found) if positive else found
    origin[name][lacking] = STANDS_IN


def solve_for(formula: Formula, quantity: str, known: Mapping[str, Floats], value: Floats) -> Floats:
    """Return the quantity (city) that gives a formula its value (city), from the other quantities (city).

    Where the formula is in direct or inverse proportion to it; NaN elsewhere.

    >>> formula = parse_formula("safety-deaths / gdp")
    >>> solve_for(formula, "safety-deaths", {"gdp": np.array([50.0])}, np.array([2.0])).tolist()
    [100.0]
    """
    one, two = (formula.evaluate({**known, quantity: np.full(value.shape, x)}) for x in (1.0, 2.0))
    with np.errstate(all="ignore"):
        direct, inverse = value / one, one / value
    found = np.where(np.abs(2.0 * two - one) <= SAME * np.abs(one), inverse, np.nan)
    found = np.where(np.abs(two - 2.0 * one) <= SAME * np.abs(two), direct, found)
    return np.where(np.isfinite(found) & (found != 0.0), found, np.nan)


def doubts(standing: Standing, figures: Figures) -> list[str]:
    """Return, in words, which figures that were given lead to a value that the printed order does not have.

    The value of an indicator that is held lies between those of its neighbours; a given figure that puts it elsewhere,
    by more than a tenth, is more likely a slip or of another kind than the figure behind the points.
    """
    raw, found = standing.index.raw, []
    for footing in standing.footings if raw is not None else ():
        if not (footing.printed and footing.held) or footing.behind is None or len(footing.behind.parts) > 1:
            continue
        assert raw is not None
        formula = parse_formula(raw.parts(footing.leaf.id)[0].formula or "")
        parts = figures.made_of(formula)
        given = np.any([figures.origin[name] == GIVEN for name in parts], axis=0)
        known = np.all([figures.known(name) for name in parts], axis=0)
        value = formula.evaluate({name: figures.value[name] for name in formula.quantities})
        for city in np.flatnonzero(given & known):
            told = float(footing.sign * footing.value[city])
            if abs(value[city] - told) > 0.1 * abs(told):
                by_figures = f"{formula.text} of {standing.index.cities[city]} would be {value[city]:.4g}"
                found.append(f"{by_figures}; its place in the printed order tells about {told:.4g}")
    return found
