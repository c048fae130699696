from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import SMALL_DEFINITION
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from simulator.definition import Definition, Indicator, Node, parse_definition, read_definition, walk
from simulator.documents import parse_yaml
from simulator.errors import InputError
from simulator.methods import MinMax, RankPoints, WeightedSum


def faults_of(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_definition(parse_yaml(text, "index.yaml"))
    return [str(fault) for fault in caught.value.faults]


def test_the_bundled_index_has_ten_dimensions_of_five_variables(published_definition: Definition) -> None:
    dimensions = published_definition.index.children
    assert len(published_definition.indicators) == 50
    assert [len(dimension.children) for dimension in dimensions if isinstance(dimension, Node)] == [5] * 10
    assert {leaf.unit for leaf in published_definition.indicators} == {"points"}
    assert all(node.aggregate == WeightedSum() for node in published_definition.nodes)
    assert all(node.normalise == RankPoints(ties="as-published") for node in published_definition.nodes[:-1])
    assert published_definition.tiers == (3, 10, 27)


def test_nodes_come_children_first_and_the_index_last(small_definition: Definition) -> None:
    assert [node.id for node in small_definition.nodes] == ["scale", "economy", "total"]
    assert [leaf.id for leaf in small_definition.indicators] == ["gdp", "growth", "debt", "trade-balance"]


def test_levels_and_ancestors_of_a_tree_of_unequal_depth(small_definition: Definition) -> None:
    assert small_definition.ancestors["gdp"] == ("total", "economy", "scale")
    assert small_definition.ancestors["total"] == ()
    assert [small_definition.level(name) for name in ("total", "economy", "scale", "gdp", "trade-balance")] == [
        "index",
        "dimension",
        "variable",
        "indicator",
        "indicator",
    ]
    assert small_definition.ancestor("gdp", "dimension") == "economy"
    assert small_definition.ancestor("economy", "dimension") == "economy"
    assert small_definition.ancestor("debt", "variable") == ""
    assert small_definition.ancestor("debt", "pillar") == ""
    with pytest.raises(KeyError):
        small_definition.level("nowhere")


def test_members_are_the_nodes_of_a_level_or_the_indicators(small_definition: Definition) -> None:
    """An indicator that stands nearer to the top than the level is a member of its own."""
    assert small_definition.members("index") == ["total"]
    assert small_definition.members("dimension") == ["economy", "trade-balance"]
    assert small_definition.members("variable") == ["scale", "debt", "trade-balance"]
    assert small_definition.members("indicator") == ["gdp", "growth", "debt", "trade-balance"]
    of_leaf = {leaf.id: small_definition.member(leaf.id, "variable") for leaf in small_definition.indicators}
    assert of_leaf == {"gdp": "scale", "growth": "scale", "debt": "debt", "trade-balance": "trade-balance"}


def test_a_plain_name_is_the_english_one(small_definition: Definition) -> None:
    assert (small_definition.indicators[2].name.en, small_definition.indicators[2].name.zh) == ("Debt", "")


def test_a_definition_never_changes_once_read(small_definition: Definition) -> None:
    with pytest.raises(ValidationError):
        small_definition.indicators[0].weight = 2.0  # type: ignore[misc]


BAD = """\
schema_version: 2
id: two words
colour: red
levels: [index, indicator]
tiers: [3, 2]
index:
  id: total
  agregate: sum
  aggregate: summ
  children:
    - {id: a, weight: -1, direction: up}
    - {id: a, weight: .inf}
    - id: b
      normalise: {method: min-max, goalposts: given, to: [1, 0]}
      children:
        - {id: c, weight: 0}
        - {id: d, weight: 0, direction: target, nmae: D}
    - {id: e, goalposts: [2, 1]}
    - id: f
      normalise: distance-to-target
      children: []
    - 7
"""


def test_all_faults_are_reported_at_once_with_their_lines() -> None:
    assert sorted(faults_of(BAD)) == sorted(
        [
            "line 1, schema_version: 2 is not among the known words. Known: 1.",
            "line 2, id: 'two words' is no name. Use letters, digits and hyphens; no spaces, commas or slashes.",
            "line 3, colour: unknown key 'colour'. Did you mean source?",
            "line 5, tiers: [3, 2] does not rise. Give the last rank of each tier, best tier first.",
            "line 6, index: the tree is deeper than its 2 levels. Name every level in `levels`, indicators last.",
            "line 8, index.agregate: unknown key 'agregate'. Did you mean aggregate?",
            "line 9, index.aggregate: unknown method 'summ'. Did you mean sum?",
            "line 11, index.children[0].weight: -1 is out of range. Give a number not below 0.",
            "line 11, index.children[0].direction: 'up' is not among the known words. Known: higher, lower, target.",
            "line 12, index.children[1].weight: inf: input should be a finite number",
            "line 12, index.children[1].id: 'a' is used twice. Give every node and indicator its own id.",
            "line 14, index.children[2].normalise: the range [1.0, 0.0] does not rise."
            " Give the lower end first, such as [0, 100].",
            "line 15, index.children[2].children: the weights of all children are zero."
            " Give at least one a weight above 0.",
            "line 16, index.children[2].children[0]: no goalposts, but its parent takes them as given."
            " Add goalposts: [LOW, HIGH].",
            "line 17, index.children[2].children[1]: no goalposts, but its parent takes them as given."
            " Add goalposts: [LOW, HIGH].",
            "line 17, index.children[2].children[1]: direction is 'target' but no target is given. Add target: VALUE.",
            "line 17, index.children[2].children[1].nmae: unknown key 'nmae'. Did you mean name?",
            "line 18, index.children[3].goalposts: [2, 1] does not rise. Give the lower value first.",
            "line 21, index.children[4].children: 'children' has too few entries. Give at least 1.",
            "line 22, index.children[5]: 7 does not fit here. Give a mapping.",
        ]
    )


def test_a_fault_of_the_tree_alone_is_told_once() -> None:
    text = "schema_version: 1\nid: x\nindex:\n  id: t\n  children:\n    - {id: a}\n    - {id: a}\n"
    assert faults_of(text) == [
        "line 7, index.children[1].id: 'a' is used twice. Give every node and indicator its own id."
    ]


def test_a_leaf_without_the_target_its_parent_measures_against_is_named() -> None:
    text = (
        "schema_version: 1\nid: x\nindex:\n  id: t\n  normalise: distance-to-target\n"
        "  children:\n    - {id: a, target: 1}\n    - {id: b}\n"
    )
    assert faults_of(text) == [
        "line 8, index.children[1]: no target, but its parent measures the distance to it. Add target: VALUE."
    ]


@pytest.mark.parametrize("text", ["just text\n", "- 1\n", "schema_version: 1\nid: x\nindex: 3\n"])
def test_something_else_than_a_definition_is_one_fault(text: str) -> None:
    assert len(faults_of(text)) == 1


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.yaml"
    path.write_text(SMALL_DEFINITION + "id: again\n", encoding="utf-8")
    with pytest.raises(InputError, match="found duplicate key"):
        read_definition(path)


def test_the_same_tree_made_in_python_is_refused_for_the_same_reasons() -> None:
    leaf = Indicator(id="a")
    with pytest.raises(ValidationError, match="is used twice"):
        Definition(schema_version=1, id="x", index=Node(id="t", children=(leaf, leaf)))
    needs_goalposts = Node(id="t", normalise=MinMax(goalposts="given"), children=(leaf,))
    with pytest.raises(ValidationError, match="no goalposts"):
        Definition(schema_version=1, id="x", index=needs_goalposts)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    """Raw trees of up to four levels, every id its own."""
    count = iter(range(10_000))

    def entry(depth: int) -> dict[str, Any]:
        identifier = f"n{next(count)}"
        if depth == 3 or (depth and draw(st.booleans())):
            return {"id": identifier, "weight": draw(st.floats(0.1, 10))}
        return {"id": identifier, "children": [entry(depth + 1) for _ in range(draw(st.integers(1, 3)))]}

    return entry(0)


@given(trees())
def test_every_entry_is_walked_once_below_its_own_ancestors(tree: dict[str, Any]) -> None:
    definition = Definition.model_validate(
        {"schema_version": 1, "id": "x", "levels": ["index", "dimension", "variable", "indicator"], "index": tree}
    )
    walked = list(walk(definition.index))
    identifiers = [entry.id for _, entry in walked]
    assert len(set(identifiers)) == len(identifiers) == len(definition.indicators) + len(definition.nodes)
    for above, entry in walked:
        chain = (*above, entry)
        assert chain[0] is definition.index
        assert all(child in parent.children for parent, child in zip(above, chain[1:], strict=True))
        for node in above:
            assert identifiers.index(node.id) > identifiers.index(entry.id)
            assert definition.ancestor(entry.id, definition.level(node.id)) == node.id
    assert Definition.model_validate_json(definition.model_dump_json()) == definition


def test_a_denominator_is_a_column_of_its_own() -> None:
    leaf = "{id: trade, denominator: %s}"
    text = "schema_version: 1\nid: x\nindex: {id: t, children: [%s, {id: gdp}]}\n"
    assert faults_of(text % leaf % "gdp") == [
        "line 3, index.children[0].denominator: 'gdp' is an indicator. Name a column of its own beside the indicators."
    ]
    assert faults_of(text % leaf % "name_en")[0].startswith(
        "line 3, index.children[0].denominator: 'name_en' describes"
    )
