"""The rows of COINr's iMeta as a definition tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simulator.definition import Definition, Indicator, Node
from simulator.peers.coinr_names import (
    AGGREGATE_TYPE,
    CHINESE_NAMES,
    CODE,
    DENOMINATOR,
    DENOMINATOR_TYPE,
    DIRECTION,
    DIRECTIONS,
    GROUP_TYPE,
    INDICATOR_TYPE,
    LEVEL,
    NAME,
    OTHER_TYPE,
    PARENT,
    TARGET,
    TIME,
    TYPE,
    UNIT,
    WEIGHT,
)
from simulator.peers.pages import Cell, plain


def derived_rows(definition: Definition, attributes: Sequence[str], *, named: bool) -> list[dict[str, Cell]]:
    """Return the rows of iMeta that a definition and the attributes of its cities make, the indicators first.

    With `named`, what has no name gets its code, as COINr wants a name for every row.

    >>> tree = Node(id="t", children=(Indicator(id="a", direction="lower"),))
    >>> for row in derived_rows(Definition(schema_version=1, id="x", index=tree), ["region"], named=False):
    ...     print(row)
    {'Level': 1, 'iCode': 'a', 'Direction': -1, 'Weight': 1, 'Parent': 't', 'Type': 'Indicator'}
    {'Level': 2, 'iCode': 't', 'Direction': 1, 'Weight': 1, 'Type': 'Aggregate'}
    {'iCode': 'region', 'Type': 'Group'}
    """
    height = heights(definition)
    nodes = sorted(definition.nodes, key=lambda node: height[node.id])
    groups = [name for name in attributes if name != TIME]
    parts: list[Indicator | Node] = [*definition.indicators, *nodes]
    rows = [_row_of(part, definition, height) for part in parts]
    rows += [{CODE: name, TYPE: OTHER_TYPE if name == CHINESE_NAMES else GROUP_TYPE} for name in groups]
    rows += [{CODE: name, TYPE: DENOMINATOR_TYPE} for name in definition.divisors]
    for row in rows if named else ():
        row.setdefault(NAME, row[CODE])
    return [{name: cell for name, cell in row.items() if cell != ""} for row in rows]


def heights(definition: Definition) -> Mapping[str, int]:
    """Return the level of each indicator and node as COINr counts it: 1 at the bottom."""
    found = {leaf.id: 1 for leaf in definition.indicators}
    for node in definition.nodes:
        found[node.id] = 1 + max(found[child.id] for child in node.children)
    return found


def uneven(definition: Definition) -> Iterator[tuple[Indicator | Node, Node]]:
    """Yield what stands more than one level below its parent, which COINr does not allow, with that parent."""
    height = heights(definition)
    for node in definition.nodes:
        for child in node.children:
            if height[child.id] != height[node.id] - 1:
                yield child, node


def _row_of(part: Indicator | Node, definition: Definition, height: Mapping[str, int]) -> dict[str, Cell]:
    above = definition.ancestors[part.id]
    parent = [name for name in above if name != part.id]
    row: dict[str, Cell] = {
        LEVEL: height[part.id],
        CODE: part.id,
        NAME: part.name.en,
        DIRECTION: 1,
        WEIGHT: plain(part.weight),
        PARENT: parent[-1] if parent else "",
        TYPE: AGGREGATE_TYPE,
    }
    if isinstance(part, Indicator):
        number = {word: number for number, word in DIRECTIONS.items()}
        target = "" if part.target is None else plain(part.target)
        row |= {DIRECTION: number.get(part.direction, ""), UNIT: part.unit, TARGET: target}
        row |= {DENOMINATOR: "" if part.denominator is None else part.denominator.by, TYPE: INDICATOR_TYPE}
    return row
