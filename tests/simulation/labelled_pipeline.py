"""One draw by the labelled call: its weights and what it leaves out written into a definition, its values in a matrix.

Nothing here is compiled: `simulator.construction.composite.score` gets labels in and gives labels out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.construction.composite import score
from simulator.construction.scoring import Chunk
from simulator.definition import Definition, Indicator, Node
from simulator.errors import DrawError
from simulator.index import Index
from simulator.uncertainty.realisation import Realisation

Array = NDArray[Any]

LINEAR = ("sum", "arithmetic")


def mass(node: Node) -> float:
    """Score of a node in which every score that enters it is 1."""
    weights = [child.weight for child in node.children]
    if node.aggregate.method != "sum":
        weights = [weight / math.fsum(weights) for weight in weights]
    return math.fsum(w * entering(node, child) for w, child in zip(weights, node.children, strict=True))


def entering(parent: Node, child: Indicator | Node) -> float:
    """What such a child enters its parent with: 1 where it is normalised there."""
    return 1.0 if isinstance(child, Indicator) or parent.normalise.method != "none" else mass(child)


def rewritten(node: Node, weights: Mapping[str, float] | None, kept: Mapping[str, bool]) -> Node | None:
    """Return a node without what is left out, with drawn weights written below it; None where nothing is left.

    Drawn weights are those of the indicators in the whole index (convention 6): a node weighs the sum of all below it,
    left out or not. A linear node keeps the scale of its definition. Below a mean, siblings take over what is left out;
    below a sum it is lost.
    """
    left: list[Indicator | Node] = []
    for child in node.children:
        there = rewritten(child, weights, kept) if isinstance(child, Node) else child if kept[child.id] else None
        if there is not None and (child.weight if weights is None else drawn_weight(child, weights)) > 0.0:
            left.append(there)
    if not left:
        return None
    method = node.aggregate.method
    if weights is None:
        return node.model_copy(update={"children": tuple(left)})
    by_weight = {child.id: drawn_weight(child, weights) for child in node.children}
    if method not in LINEAR:
        children = tuple(child.model_copy(update={"weight": by_weight[child.id]}) for child in left)
        return node.model_copy(update={"children": children})
    # A linear node as a sum whose weights are the factors themselves.
    factors = {
        child.id: mass(node) * by_weight[child.id] / math.fsum(by_weight.values()) / entering(node, child)
        for child in node.children
    }
    shared = math.fsum(factors.values()) / math.fsum(factors[child.id] for child in left)
    children = tuple(
        child.model_copy(update={"weight": factors[child.id] * (shared if method == "arithmetic" else 1.0)})
        for child in left
    )
    as_sum = Node.model_validate({"id": node.id, "aggregate": "sum", "children": [{"id": "any"}]}).aggregate
    return node.model_copy(update={"children": children, "aggregate": as_sum})


def drawn_weight(child: Indicator | Node, weights: Mapping[str, float]) -> float:
    if isinstance(child, Indicator):
        return float(weights[child.id])
    return math.fsum(drawn_weight(one, weights) for one in child.children)


def definition_of_draw(definition: Definition, weights: Array | None, kept: Array) -> Definition:
    """Return the definition that a draw amounts to; raises `DrawError` where none of its indicators is left."""
    leaves = [leaf.id for leaf in definition.indicators]
    by_leaf = None if weights is None else dict(zip(leaves, weights.tolist(), strict=True))
    root = rewritten(definition.index, by_leaf, dict(zip(leaves, kept.tolist(), strict=True)))
    if root is None:
        raise DrawError("no definition has no indicators")
    return definition.replace(index=root)


def row_of(table: Array, draw: int) -> Array:
    row: Array = table[draw if len(table) > 1 else 0]
    return row


def score_draw(index: Index, realisation: Realisation, chunk: Chunk, draw: int) -> xr.Dataset:
    """Return one draw of a chunk scored by the labelled call, among the cities that take part."""
    weights = row_of(chunk.leaf_weight, draw) if row_of(chunk.drawn, draw) else None
    variant = realisation.variants[chunk.variant[draw]]
    definition = definition_of_draw(variant, weights, row_of(chunk.leaf_in, draw))
    leaves = [leaf.id for leaf in variant.indicators]
    matrix = xr.Dataset(
        {"value": (("indicator", "city"), row_of(chunk.values, draw))},
        coords={"city": index.cities, "indicator": leaves},
    )
    who = np.flatnonzero(row_of(chunk.city_in, draw))
    return score(definition, matrix.isel(city=who).transpose("city", "indicator"), index.printed.isel(city=who))


def halfway(totals: Array) -> bool:
    """Whether a total lies so near the middle of two numbers that the last digit tells to which it is rounded."""
    return bool((np.abs(totals - np.floor(totals) - 0.5) < 1e-6).any())


def assert_as_labelled(index: Index, realisation: Realisation, chunk: Chunk, totals: Array, ranks: Array) -> None:
    """Compare every draw of a chunk with the labelled call: totals to nine digits, the same ranks."""
    assert totals.shape == ranks.shape == (len(chunk.variant), len(index.cities))
    for draw in range(len(chunk.variant)):
        there = row_of(chunk.city_in, draw)
        labelled = score_draw(index, realisation, chunk, draw)
        assert labelled["city"].values.tolist() == np.array(index.cities)[there].tolist()
        np.testing.assert_allclose(totals[draw, there], labelled["total"].values, rtol=1e-9, atol=1e-9)
        decimals = realisation.variants[0].ranking.decimals
        if decimals is None or not halfway(labelled["total"].values * 10.0**decimals):
            assert ranks[draw, there].tolist() == labelled["rank"].values.tolist()
        assert np.isnan(totals[draw, ~there]).all()
        assert (ranks[draw, ~there] == 0).all()
