"""What is known behind each printed variable: its indicators, the scale of its value, and the values of some cities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.composite import Scorer, score
from simulator.definition import Definition, Indicator, Node, read_definition
from simulator.errors import Fault, InputError, did_you_mean
from simulator.kernels.arrays import Flags, Floats
from simulator.methods import RankPoints
from simulator.quantities import indicators_from, read_quantities
from simulator.tables import first_faults

Scale = Literal["positive", "signed"]
Direction = Literal["higher", "lower"]


@dataclass(frozen=True, repr=False)
class RawSide:
    """The indicators behind an index of printed points.

    Attributes
    ----------
    definition
        The same index from quantities: where the index has a printed variable, it has an indicator or a node of that
        identifier.
    quantities
        `value` (city, quantity), NaN where not known, as `simulator.quantities.read_quantities` returns it.
    values
        (city, indicator): what the formulas make of the quantities; NaN where one is not known.
    """

    definition: Definition
    quantities: xr.Dataset
    values: xr.DataArray

    @cached_property
    def found_behind(self) -> dict[str, Behind]:
        """What `behind` has found: working it out takes longer than most of what asks for it."""
        return {}

    @cached_property
    def scorers(self) -> dict[str, Scorer]:
        """What scores a variable by itself from its indicators, where that has been asked for."""
        return {}

    @property
    def file(self) -> str:
        """Name of the table of quantities, beside the definition."""
        return self.definition.data.quantities or "" if self.definition.data else ""

    def select(self, cities: Sequence[str]) -> RawSide:
        """Return the raw side of some cities, in the order given."""
        chosen = {names.CITY: list(cities)}
        return replace(self, quantities=self.quantities.sel(chosen), values=self.values.sel(chosen))

    def parts(self, variable: str) -> tuple[Indicator, ...]:
        """Return the indicators behind a variable; raises `KeyError` where the raw side does not know it."""
        alone = next((leaf for leaf in self.definition.indicators if leaf.id == variable), None)
        return leaves_of(self.definition.node(variable)) if alone is None else (alone,)

    def column(self, indicator: str) -> Floats:
        """Return the values (city) of an indicator."""
        values: Floats = self.values.sel({names.INDICATOR: indicator}).values
        return values


@dataclass(frozen=True, eq=False)
class Behind:
    """One value for each city behind the points of a variable."""

    variable: str
    parts: tuple[str, ...]
    """Indicators that the variable is made of."""
    scale: Scale
    """`positive`: a change in per cent means something; `signed`: it does not."""
    direction: Direction
    """Which values are better."""
    unit: str
    elasticity: tuple[float, ...]
    """By how many per cent the value changes when each part changes by one."""
    value: Floats
    """(city): NaN where it is not known."""

    @property
    def known(self) -> Flags:
        """Of which cities (city) the value is known."""
        found: Flags = np.isfinite(self.value)
        return found

    def changed(self, part: str, ratio: float) -> float:
        """Return what the value is multiplied with when a part is multiplied with `ratio`: ratio to its elasticity.

        Only for a positive scale.

        >>> half = Behind("v", ("a", "b"), "positive", "higher", "", (0.5, 0.5), np.array([]))
        >>> round(half.changed("a", 1.21), 3)
        1.1
        """
        return float(ratio ** self.elasticity[self.parts.index(part)])


def leaves_of(node: Node) -> tuple[Indicator, ...]:
    """Return the indicators below a node, from first to last."""
    return tuple(
        leaf for child in node.children for leaf in (leaves_of(child) if isinstance(child, Node) else (child,))
    )


def read_raw_side(path: Path, cities: Sequence[str], variables: Sequence[str]) -> RawSide:
    """Return the raw side of an index of these cities and printed variables, from its definition file.

    Raises
    ------
    InputError
        With every fault of the definition or its quantities; where it names no quantities, a formula divides by zero,
        or an indicator stands below no variable of the index.
    """
    definition = read_definition(path)
    if any(
        isinstance(node.normalise, RankPoints) and node.normalise.ties == "as-published" for node in definition.nodes
    ):
        fault = Fault(
            "normalise", "`as-published` has no printed numbers here", "Name the tie rule: better, worse, mean."
        )
        raise InputError(str(path), [fault])
    known = set(variables)
    strange = [leaf.id for leaf in definition.indicators if not {*definition.ancestors[leaf.id], leaf.id} & known]
    if strange:
        raise InputError(str(path), first_faults(strange, lambda leaf: _stray(definition, leaf, variables), "such"))
    if definition.data is None or definition.data.quantities is None:
        remedy = "Add `data: {quantities: FILE}`, a table beside the definition."
        raise InputError(str(path), [Fault("data", "the definition names no quantities", remedy)])
    table = path.parent / definition.data.quantities
    return make_raw_side(definition, read_quantities(table, definition, cities), str(table))


def make_raw_side(definition: Definition, quantities: xr.Dataset, source: str = "quantities") -> RawSide:
    """Return the raw side of an index; raises `InputError` where a formula divides by zero."""
    return RawSide(definition, quantities, indicators_from(definition, quantities, source))


def _stray(definition: Definition, leaf: str, variables: Sequence[str]) -> Fault:
    """Return the fault of an indicator that stands below no variable of the index."""
    parent = definition.ancestors[leaf][-1]
    near = did_you_mean(parent, variables) or did_you_mean(leaf, variables)
    problem = f"neither it nor a node above it ({parent}) is an indicator of the index of points"
    return Fault(leaf, problem, f"Give one of them the id of the variable. {near}")


def behind(raw: RawSide, variable: str) -> Behind:
    """Return the one value behind each city's points of a variable.

    A variable of one indicator has that indicator's value. Where every city has all of a variable's several indicators,
    its value is what the report itself ranks: the sum of their points, as the raw definition scores them. Otherwise
    nothing is known of it but its scale: positive, and with the direction of its indicators, where they agree in both;
    a change to one of them then acts with its elasticity.
    """
    if variable not in raw.found_behind:
        raw.found_behind[variable] = _behind(raw, variable)
    return raw.found_behind[variable]


def _behind(raw: RawSide, variable: str) -> Behind:
    parts = raw.parts(variable)
    ids = tuple(part.id for part in parts)
    if len(parts) == 1:
        only = parts[0]
        if only.direction == "target":
            return Behind(variable, ids, "signed", "higher", only.unit, (1.0,), _nearness(only, raw.column(only.id)))
        return Behind(variable, ids, only.scale, only.direction, only.unit, (1.0,), raw.column(only.id))
    even = 1.0 / len(parts)
    elasticity = tuple(even if part.elasticity is None else part.elasticity for part in parts)
    total = sum_of_points(raw, variable)
    if np.isfinite(total).all():
        return Behind(variable, ids, "signed", "higher", "sum of points", elasticity, total)
    together = len({part.direction for part in parts}) == 1
    positive = together and all(part.scale == "positive" for part in parts)
    direction: Direction = "lower" if positive and parts[0].direction == "lower" else "higher"
    unknown = np.full(total.shape, np.nan)
    return Behind(variable, ids, "positive" if positive else "signed", direction, "", elasticity, unknown)


def sum_of_points(raw: RawSide, variable: str) -> Floats:
    """Return what a variable's indicators score together (city), higher is better, before they are ranked again.

    They are scored among the cities that have every indicator, as the raw definition says; NaN for the others.
    """
    return _score_alone(raw, raw.definition.node(variable))


def points_again(raw: RawSide, variable: str) -> Floats:
    """Return the points (city) of a variable from its indicators: ranked, added and ranked again as the report does.

    They are ranked among the cities that have every indicator; NaN for the others.
    """
    parent = raw.definition.node(raw.definition.ancestors[variable][-1])
    child = next(child for child in parent.children if child.id == variable).model_copy(update={"weight": 1.0})
    return _score_alone(raw, parent.model_copy(update={"children": (child,)}))


def _score_alone(raw: RawSide, node: Node) -> Floats:
    """Return the score (city) of a node among the cities all of whose indicators are known; NaN for the others."""
    chosen = raw.values.sel({names.INDICATOR: [leaf.id for leaf in leaves_of(node)]})
    complete = np.isfinite(chosen.values).all(axis=1)
    found = np.full(complete.shape, np.nan)
    if complete.any():
        matrix = chosen[complete].to_dataset(name=names.VALUE)
        printed = xr.DataArray(
            np.zeros((complete.sum(), 0)),
            dims=(names.CITY, names.SLOT),
            coords={names.CITY: matrix[names.CITY].values, names.SLOT: []},
        )
        found[complete] = score(raw.definition.replace(index=node), matrix, printed)[names.TOTAL].values
    return found


def _nearness(leaf: Indicator, values: Floats) -> Floats:
    """Return minus the distance to the target: the larger, the better."""
    found: Floats = -np.abs(values - (leaf.target or 0.0))
    return found
