"""Matrix and definition into scores and ranks: the labelled call over the same kernels that a simulation runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.encoding import encode, leaf_values
from simulator.construction.nominal import nominal_weights
from simulator.construction.scoring import as_defined, score_chunk
from simulator.definition import Definition
from simulator.errors import DrawError, Fault, InputError
from simulator.kernels.arrays import Floats
from simulator.kernels.tree import NOTHING_LEFT, UNDEFINED_SLOT, Plan
from simulator.lookup import find_city, find_indicators
from simulator.methods import ABOVE_ZERO, BELOW_ZERO, AsGiven, DistanceToReference, Ratio, lowest_needed


@dataclass(frozen=True, eq=False, repr=False)
class Scorer:
    """A matrix and a definition made ready to be scored again and again, with some values changed.

    Reading labels and encoding the definition are done once, so that a score takes about a millisecond or less.
    """

    definition: Definition
    matrix: xr.Dataset
    """The matrix, its indicators in the order of the definition."""
    values: Floats
    """(indicator, city)"""
    plan: Plan
    frame: xr.Dataset
    """A result with all labels, whose values are to be replaced."""

    def score(self, changes: Mapping[str, Mapping[str, float]] | None = None) -> xr.Dataset:
        """Return scores and ranks, as `score` describes them, with some values changed.

        Parameters
        ----------
        changes
            New values in place of those of the matrix: city → indicator → value, by any of their names. The matrix
            stays as it is, and so does everything that is not named.

        Raises
        ------
        InputError
            With every city or indicator that is unknown, and every value that is no finite number.
        DrawError
            Where a geometric or harmonic mean meets a score that is not above zero.

        Examples
        --------
        >>> import simulator as sim
        >>> scorer = sim.load_index("opportunity-2025").scorer()
        >>> int(scorer.score({"合肥": {"economic-scale": 60.0}})["rank"].sel(city="hefei"))
        14
        """
        values = self._changed(changes) if changes else self.values
        scored = score_chunk(self.plan, self.definition.ranking, as_defined(values))
        leaves = len(values)
        if scored.failed != -1:
            rows = scored.normalised[:leaves]
            culprits = (
                _not_above_zero(self.definition, scored.failed, rows, scored.scores) if scored.failed >= 0 else ()
            )
            raise unscored([self.definition], scored.failed, culprits)
        return self.frame.copy(
            data={
                names.TOTAL: scored.totals[0],
                names.RANK: scored.ranks[0],
                names.SCORE: scored.scores.T,
                names.NORMALISED: scored.normalised[:leaves].T,
                names.CONSTANT: np.fmin.reduce(values, axis=1) == np.fmax.reduce(values, axis=1),
                names.NOMINAL_WEIGHT: self.frame[names.NOMINAL_WEIGHT].values.copy(),
            }
        )

    @cached_property
    def _city(self) -> dict[str, int]:
        return {str(city): number for number, city in enumerate(self.matrix[names.CITY].values)}

    @cached_property
    def _leaf(self) -> dict[str, int]:
        return {leaf.id: number for number, leaf in enumerate(self.definition.indicators)}

    def _changed(self, changes: Mapping[str, Mapping[str, float]]) -> Floats:
        values = self.values.copy()
        faults = []
        for city, of_city in changes.items():
            column = self._city[city if city in self._city else find_city(self.matrix, city)]
            for indicator, value in of_city.items():
                known = indicator in self._leaf
                leaf = indicator if known else find_indicators(self.definition, [indicator])[0]
                if not math.isfinite(value):
                    faults.append(Fault(f"{leaf} of {city}", f"{value} is no finite number", "Give a number."))
                values[self._leaf[leaf], column] = value
        if faults:
            raise InputError("changes", faults)
        return values


def prepare_score(definition: Definition, matrix: xr.Dataset, printed: xr.DataArray) -> Scorer:
    """Return what scores a matrix by a definition; see `score` for the parameters."""
    leaves = [leaf.id for leaf in definition.indicators]
    in_order = np.array_equal(matrix[names.INDICATOR].values, leaves)
    described = matrix if in_order else matrix.sel({names.INDICATOR: leaves})
    values = leaf_values(definition, described)
    weight = nominal_weights(definition)
    cities, nodes = values.shape[1], len(definition.nodes)
    frame = xr.Dataset(
        {
            names.TOTAL: (names.CITY, np.empty(cities)),
            names.RANK: (names.CITY, np.empty(cities, np.int64)),
            names.SCORE: ((names.CITY, names.NODE), np.empty((cities, nodes))),
            names.NORMALISED: ((names.CITY, names.INDICATOR), np.empty((cities, len(leaves)))),
            names.CONSTANT: (names.INDICATOR, np.empty(len(leaves), np.bool_)),
            names.NOMINAL_WEIGHT: (names.INDICATOR, np.array([weight[leaf] for leaf in leaves])),
        },
        coords={**described.coords, **node_coordinates(definition)},
    )
    together = np.array_equal(printed[names.CITY].values, matrix[names.CITY].values)
    aligned = printed if together else printed.sel({names.CITY: matrix[names.CITY].values})
    return Scorer(definition, described, values, encode([definition], aligned), frame)


def score(definition: Definition, matrix: xr.Dataset, printed: xr.DataArray) -> xr.Dataset:
    """Score a matrix by a definition.

    Parameters
    ----------
    definition
        What to do; its indicators are those of the matrix.
    matrix
        `value` (city, indicator), no cell missing unless the definition says `imputation: share-weight`. Columns are
        aligned by label (convention 2).
    printed
        Printed points (city, slot) for the tie rule `as-published`; may have no slot.

    Returns
    -------
    xr.Dataset
        `total` (city) and `rank` (city, 1 is best, int64); `score` (city, node), the last node being the index;
        `normalised` (city, indicator), the scores of the indicators; `constant` (indicator), true where all cities
        have one value (convention 7); `nominal_weight` (indicator), which sums to 1. What is blank has the score NaN;
        a city without a total has rank 0. City coordinates are those of
        the matrix; `node` has `level`, `parent` and names.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero.
    """
    return prepare_score(definition, matrix, printed).score()


def node_coordinates(definition: Definition) -> dict[str, tuple[str, list[str]]]:
    """Return the coordinates of the `node` axis: identifiers, level, parent, names in both languages."""
    nodes = definition.nodes
    return {
        names.NODE: (names.NODE, [node.id for node in nodes]),
        names.LEVEL: (names.NODE, [definition.level(node.id) for node in nodes]),
        names.PARENT: (names.NODE, [(definition.ancestors[node.id] or ("",))[-1] for node in nodes]),
        names.NODE_NAME_EN: (names.NODE, [node.name.en or node.id for node in nodes]),
        names.NODE_NAME_ZH: (names.NODE, [node.name.zh or node.id for node in nodes]),
    }


def _not_above_zero(definition: Definition, node: int, normalised: Floats, scores: Floats) -> list[str]:
    """Return the children of a node that have a score too low for its mean, as far as the scores tell."""
    parent = definition.nodes[node]
    leaves = {leaf.id: row for leaf, row in zip(definition.indicators, normalised, strict=True)}
    nodes = {one.id: row for one, row in zip(definition.nodes, scores, strict=True)}
    rows = leaves | nodes if isinstance(parent.normalise, AsGiven) else leaves
    too_low = np.less_equal if lowest_needed(parent.aggregate) == ABOVE_ZERO else np.less
    return [child.id for child in parent.children if child.id in rows and too_low(rows[child.id], 0.0).any()]


def unscored(variants: Sequence[Definition], node: int, culprits: Sequence[str] = ()) -> DrawError:
    """Return the error for a node whose mean meets a score that is not above zero, or for a draw with nothing left.

    Or for an indicator or node whose normalisation is undefined, which `node` says as kernels do.
    """
    if node <= UNDEFINED_SLOT:
        return _unnormalised(variants, variants[0].slots[UNDEFINED_SLOT - node])
    if node == NOTHING_LEFT:
        return DrawError("a draw has no indicator of any weight left (convention 10). Leave out fewer together.")
    one = next(v.nodes[node] for v in variants if lowest_needed(v.nodes[node].aggregate) > BELOW_ZERO)
    found = "that is not above zero" if lowest_needed(one.aggregate) == ABOVE_ZERO else "below zero"
    return DrawError(
        f"the {one.aggregate.method} mean of {one.id} met a score {found}"
        f"{' (of ' + ', '.join(culprits) + ')' if culprits else ''}. "
        "Normalise to a range above zero (min-max to [1, 100], or rank), or aggregate by the arithmetic mean"
        + ("; or exclude the pair under `never`." if len(variants) > 1 else ".")
    )


def _unnormalised(variants: Sequence[Definition], slot: str) -> DrawError:
    """Return the error for an indicator or node of which a ratio was asked that it cannot have."""
    methods = [one.node(one.ancestors[slot][-1]).normalise for one in variants]
    ratio = next(method for method in methods if isinstance(method, Ratio))
    lacking = f", or {ratio.city} has none" if isinstance(ratio, DistanceToReference) else ""
    return DrawError(
        f"the {ratio.method} of {slot} is undefined: a value is not above zero, as a ratio needs{lacking}. "
        "Choose another normalisation, such as rank or min-max"
        + ("; or exclude it under `never`." if len(variants) > 1 else ".")
    )
