"""Where cities stand before any change: a value behind every variable, in the very order that was published."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.composite import Scorer, prepare_score
from simulator.construction.encoding import leaf_values
from simulator.definition import POINTS, Indicator, Node, Quantity
from simulator.formulas import FormulaError, parse_formula
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats
from simulator.lookup import find_slots
from simulator.matrix import refuse_blanks
from simulator.raw.calibration import filled, held, positions
from simulator.raw.side import Behind, RawSide, Scale, behind
from simulator.uncertainty.factors import ValuesBehind
from simulator.uncertainty.shapes import on_logarithms, quantile, spread_at


@dataclass(frozen=True, eq=False)
class Footing:
    """What a variable's values stand on."""

    leaf: Indicator
    printed: bool
    """Whether the index has its points only, so that values stand behind these."""
    behind: Behind | None
    """What the raw side says of it; nothing where it has none."""
    held: bool
    """Whether its values are the raw ones, as far as these are known; otherwise they stand in, from the order alone."""
    scale: Scale
    sign: float
    """-1 where values stand turned round, because lower raw values are the better ones."""
    value: Floats
    """(city): as scored, higher is better where the points are printed; otherwise as in the matrix."""
    known: Flags
    """(city): whether a raw figure of the city itself stands behind its value."""


@dataclass(frozen=True, eq=False, repr=False)
class Standing:
    """An index whose every variable has a value that a change can act on.

    Of an index of printed points these are the raw values calibrated to the printed order, where they are known well
    enough, and values that stand in for them elsewhere; the points as printed go to the same places, so that scores and
    ranks are exactly those published. Any other index keeps its own values.
    """

    index: Index
    """With these values as its matrix."""
    footings: tuple[Footing, ...]
    """One for each indicator, in the order of the definition."""

    @cached_property
    def scorer(self) -> Scorer:
        """What scores these values, or changed ones, by the definition."""
        return prepare_score(self.index.definition, self.index.matrix, self.index.printed)

    @cached_property
    def scored(self) -> xr.Dataset:
        """Scores and ranks with nothing changed."""
        return self.scorer.score()

    @property
    def values(self) -> Floats:
        """(indicator, city): the values, in the order of the definition."""
        return self.scorer.values

    def rescored(self, values: Floats) -> xr.Dataset:
        """Return scores and ranks of other values (indicator, city)."""
        return dataclasses.replace(self.scorer, values=values).score()

    def leaf(self, identifier: str) -> int:
        """Return the position of an indicator by its identifier; raises `KeyError` where there is none."""
        return self._leaf[identifier]

    @cached_property
    def _leaf(self) -> dict[str, int]:
        return {footing.leaf.id: number for number, footing in enumerate(self.footings)}


def stand(index: Index, spec: ValuesBehind | None = None) -> Standing:
    """Return an index with a value behind every variable, such that scores and ranks stay what they are.

    Parameters
    ----------
    index
        Any index. Of printed points, known values are calibrated to the printed order (`simulator.raw.calibration`),
        a city without one put between its neighbours; where too little is known, values stand in: the first of the
        shapes of `spec`, at the plotting positions of the printed order. Without blank cells.
    spec
        Shapes of values behind points; those of a scenario's factor `values` if not given.

    Examples
    --------
    >>> import simulator as sim
    >>> standing = stand(sim.load_index("opportunity-2025"))
    >>> float(standing.scored["total"].sel(city="shanghai"))
    2446.0
    """
    refuse_blanks(index.matrix, index.definition.id, "what-ifs")
    spec = spec or ValuesBehind()
    index = index if index.raw is not None else _with_own_figures(index)
    values = leaf_values(index.definition, index.matrix)
    printed = dict(zip(index.printed[names.SLOT].values.tolist(), index.printed.values.T, strict=True))
    footings = tuple(
        _behind_points(index.raw, leaf, printed[leaf.id], spec)
        if leaf.id in printed and leaf.unit == POINTS
        else _as_given(leaf, values[number])
        for number, leaf in enumerate(index.definition.indicators)
    )
    matrix = index.matrix.sel({names.INDICATOR: [footing.leaf.id for footing in footings]})
    matrix = matrix.assign({names.VALUE: ((names.CITY, names.INDICATOR), np.column_stack([f.value for f in footings]))})
    return Standing(dataclasses.replace(index, matrix=matrix), footings)


def _with_own_figures(index: Index) -> Index:
    """Return an index of which only a matrix is known with its own indicators as the quantities that can change."""
    slots = {str(slot) for slot in index.printed[names.SLOT].values}
    own = [leaf for leaf in index.definition.indicators if leaf.id not in slots and _is_name(leaf.id)]
    if not own:
        return index
    leaves = {leaf.id: leaf.model_copy(update={"formula": leaf.id}) for leaf in own}
    definition = index.definition.replace(
        index=_with_leaves(index.definition.index, leaves),
        quantities={leaf.id: Quantity(name=leaf.name, unit=leaf.unit) for leaf in own},
    )
    values = index.matrix[names.VALUE].sel({names.INDICATOR: list(leaves)}).transpose(names.CITY, names.INDICATOR)
    quantities = values.rename({names.INDICATOR: names.QUANTITY}).reset_coords(drop=True).to_dataset(name=names.VALUE)
    return dataclasses.replace(index, raw=RawSide(definition, quantities, values.reset_coords(drop=True)))


def _is_name(identifier: str) -> bool:
    """Return whether an identifier can stand in a formula as it is."""
    try:
        return parse_formula(identifier).quantities == (identifier,)
    except FormulaError:
        return False


def _with_leaves(node: Node, leaves: Mapping[str, Indicator]) -> Node:
    children = tuple(
        _with_leaves(child, leaves) if isinstance(child, Node) else leaves.get(child.id, child)
        for child in node.children
    )
    return node.model_copy(update={"children": children})


def _as_given(leaf: Indicator, value: Floats) -> Footing:
    return Footing(leaf, False, None, True, leaf.scale, 1.0, value, np.ones(value.shape, np.bool_))


def _behind_points(raw: RawSide | None, leaf: Indicator, points: Floats, spec: ValuesBehind) -> Footing:
    found = behind(raw, leaf.id) if raw is not None and leaf.id in raw.definition.slots else None
    scale: Scale = leaf.scale if found is None else found.scale
    sign = -1.0 if found is not None and found.direction == "lower" else 1.0
    calibrated = None if found is None else held(found, points)
    if calibrated is not None:
        known = np.isfinite(calibrated.value)
        return Footing(leaf, True, found, True, scale, sign, sign * filled(calibrated), known)
    value = _stand_ins(spec, scale, points, sign)
    return Footing(leaf, True, found, False, scale, sign, sign * value, np.zeros(points.shape, np.bool_))


def _stand_ins(spec: ValuesBehind, scale: Scale, points: Floats, sign: float) -> Floats:
    """Return a value for each city (n) of which the printed order alone is known.

    Quantiles of the first shape, its spread in the middle of its range, at Blom's plotting positions
    (k - 3/8) / (n + 1/4); a tied group has that of the place which `spec` gives it, as in the draws. On a positive
    scale they have no unit.
    """
    shape = (spec.positive if scale == "positive" else spec.signed).alternatives[0]
    rising = normal_place(points, spec.tied)
    place = rising if sign > 0.0 else 1.0 - rising
    middle, spread = (float(end[0]) for end in spread_at(shape, np.array([0.5])))
    found = middle + spread * quantile(shape, place)
    return np.exp(found) if on_logarithms(shape) else found


def normal_place(points: Floats, tied: Literal["lowest", "middle", "highest"]) -> Floats:
    """Return the plotting position (city) of each in the order of its points, after Blom; tied ones share one.

    >>> normal_place(np.array([3.0, 1.0, 2.0]), "lowest").round(3).tolist()
    [0.808, 0.192, 0.5]
    """
    return np.asarray((positions(points, tied) + 0.625) / (points.size + 0.25), np.float64)


def locate_variable(standing: Standing, name: str) -> int:
    """Return the position of an indicator that any of its names stands for; raises `InputError` where none does."""
    return standing.leaf(find_slots(standing.index.definition, [name])[0])
