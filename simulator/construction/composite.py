"""Matrix and definition into scores and ranks: the labelled call over the same kernels that a simulation runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.encoding import encode, encode_ranking, leaf_values
from simulator.construction.nominal import nominal_weights
from simulator.definition import Definition
from simulator.errors import DrawError
from simulator.kernels.arrays import Floats
from simulator.kernels.draws import score_matrix
from simulator.kernels.tree import NOTHING_LEFT
from simulator.methods import NEEDS_POSITIVE, AsGiven


def score(definition: Definition, matrix: xr.Dataset, printed: xr.DataArray) -> xr.Dataset:
    """Score a matrix by a definition.

    Parameters
    ----------
    definition
        What to do; its indicators are those of the matrix.
    matrix
        `value` (city, indicator), no cell missing. Columns are aligned by label (convention 2).
    printed
        Printed points (city, slot) for the tie rule `as-published`; may have no slot.

    Returns
    -------
    xr.Dataset
        `total` (city) and `rank` (city, 1 is best, int64); `score` (city, node), the last node being the index;
        `normalised` (city, indicator), the scores of the indicators; `constant` (indicator), true where all cities
        have one value (convention 7); `nominal_weight` (indicator), which sums to 1. City coordinates are those of
        the matrix; `node` has `level`, `parent` and names.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero.
    """
    leaves = [leaf.id for leaf in definition.indicators]
    values = leaf_values(definition, matrix)
    plan = encode([definition], printed.sel({names.CITY: matrix[names.CITY].values}))
    ties, tolerance, decimals = encode_ranking(definition.ranking)
    normalised, scores, rank, failed = score_matrix(plan, values, ties, tolerance, decimals)
    if failed != -1:
        raise unscored([definition], failed, _not_above_zero(definition, failed, normalised, scores))
    weight = nominal_weights(definition)
    described = matrix.sel({names.INDICATOR: leaves})
    return xr.Dataset(
        {
            names.TOTAL: (names.CITY, scores[-1]),
            names.RANK: (names.CITY, rank),
            names.SCORE: ((names.CITY, names.NODE), scores.T),
            names.NORMALISED: ((names.CITY, names.INDICATOR), normalised.T),
            names.CONSTANT: (names.INDICATOR, values.min(axis=1) == values.max(axis=1)),
            names.NOMINAL_WEIGHT: (names.INDICATOR, np.array([weight[leaf] for leaf in leaves])),
        },
        coords={**described.coords, **node_coordinates(definition)},
    )


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
    """Return the children of a node that have a score of zero or below, as far as the scores tell."""
    parent = definition.nodes[node]
    leaves = {leaf.id: row for leaf, row in zip(definition.indicators, normalised, strict=True)}
    nodes = {one.id: row for one, row in zip(definition.nodes, scores, strict=True)}
    rows = leaves | nodes if isinstance(parent.normalise, AsGiven) else leaves
    return [child.id for child in parent.children if child.id in rows and (rows[child.id] <= 0.0).any()]


def unscored(variants: Sequence[Definition], node: int, culprits: Sequence[str] = ()) -> DrawError:
    """Return the error for a node whose mean meets a score that is not above zero, or for a draw with nothing left."""
    if node == NOTHING_LEFT:
        return DrawError("a draw has no indicator of any weight left (convention 10). Leave out fewer together.")
    one = next(v.nodes[node] for v in variants if v.nodes[node].aggregate.method in NEEDS_POSITIVE)
    return DrawError(
        f"the {one.aggregate.method} mean of {one.id} met a score that is not above zero"
        f"{' (of ' + ', '.join(culprits) + ')' if culprits else ''}. "
        "Normalise to a range above zero (min-max to [1, 100], or rank), or aggregate by the arithmetic mean"
        + ("; or exclude the pair under `never`." if len(variants) > 1 else ".")
    )
