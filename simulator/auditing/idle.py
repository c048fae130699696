"""Indicators that weigh nothing and have blank cells: an audit leaves them aside, as no figure of it needs them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import numpy as np

from simulator import names
from simulator.construction.nominal import nominal_weights
from simulator.definition import Indicator, Node
from simulator.index import Index


def without_idle_blanks(index: Index) -> tuple[Index, dict[str, int]]:
    """Return the index without indicators that weigh nothing and have blank cells, and the blank cells of each.

    Totals stay as they are. Nodes that have no other indicators go with them.

    >>> import simulator as sim
    >>> kept, idle = without_idle_blanks(sim.load_index("statistical-performance", year=2019))
    >>> idle
    {'SPI.D5.1.DILG': 44, 'SPI.D5.5.DIFI': 47}
    >>> len(kept.definition.indicators)
    44
    """
    weight, values = nominal_weights(index.definition), index.matrix[names.VALUE]
    blank = {
        leaf.id: int(np.isnan(values.sel({names.INDICATOR: leaf.id}).values).sum())
        for leaf in index.definition.indicators
        if weight[leaf.id] == 0.0
    }
    idle = {leaf: count for leaf, count in blank.items() if count}
    top = _without(index.definition.index, idle)
    if not idle or top is None:
        return index, {}
    kept = index.with_definition(index.definition.replace(index=top))
    if kept.published is None:
        return kept, idle
    known = [node.id for node in kept.definition.nodes]
    nodes = [node for node in kept.published[names.NODE].values if str(node) in known]
    return dataclasses.replace(kept, published=kept.published.sel({names.NODE: nodes})), idle


def _without(node: Node, gone: Collection[str]) -> Node | None:
    """Return a node without some of the indicators below it; nothing where no other is left."""
    kept: list[Indicator | Node] = []
    for child in node.children:
        left = _without(child, gone) if isinstance(child, Node) else None if child.id in gone else child
        if left is not None:
            kept.append(left)
    return node.model_copy(update={"children": tuple(kept)}) if kept else None
