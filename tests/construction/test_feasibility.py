"""Which methods a definition cannot take, and what is said of it."""

from __future__ import annotations

import pytest

from simulator.construction.feasibility import needs_problems, some, undefined_node, weight_problems
from simulator.definition import Definition
from simulator.methods import DistanceToTarget, MinMax, ZScore

LEAVES = [{"id": "a", "name": {"en": "Air", "zh": "空气"}}, {"id": "b"}]


def generalised(power: float) -> dict[str, object]:
    return {"method": "generalised", "power": power}


def tree(normalise: object, aggregate: object, top: str = "none", over: object = "sum") -> Definition:
    inner = {"id": "inner", "normalise": normalise, "aggregate": aggregate, "children": LEAVES}
    root = {"id": "root", "normalise": top, "aggregate": over, "children": [inner, {"id": "c"}]}
    return Definition.model_validate({"schema_version": 1, "id": "x", "index": root})


@pytest.mark.parametrize(
    ("definition", "node"),
    [
        (tree("z-score", "sum"), None),
        (tree("z-score", "geometric"), "inner"),
        (tree("z-score", "arithmetic", over="harmonic"), "root"),
        (tree({"method": "min-max", "to": [1, 100]}, "geometric", over="geometric"), None),
        (tree({"method": "rank", "ties": "mean"}, "harmonic", over="geometric"), None),
        (tree("none", "geometric"), None),
        (tree("z-score", generalised(0.5)), "inner"),
        (tree("z-score", generalised(2)), "inner"),
        (tree("z-score", generalised(3)), None),
        (tree("min-max", generalised(2)), None),
        (tree("min-max", generalised(0)), "inner"),
        (tree("none", "copeland", over="geometric"), "root"),
        (tree("z-score", "outranking", over="harmonic"), "root"),
        (tree("z-score", "outranking", over=generalised(2)), None),
    ],
)
def test_the_first_mean_that_may_meet_zero_is_named(definition: Definition, node: str | None) -> None:
    assert undefined_node(definition) == node


def test_a_member_named_twice_under_two_names_is_told() -> None:
    problems = list(weight_problems({"a": 1.0, "空气": 2.0, "zz": 1.0}, tree("none", "sum"), ("weights",)))
    assert [where for where, _, _ in problems] == [("weights", "zz")]
    ((where, what, remedy),) = weight_problems({"a": 1.0, "空气": 2.0}, tree("none", "sum"), ("weights",))
    assert where == ("weights", "空气")
    assert "another name" in what
    assert remedy == "Name it once."


def test_indicators_and_normalised_nodes_without_goalposts_or_target_are_named() -> None:
    plain, nested = tree("none", "sum"), tree("none", "sum", top="z-score")
    given = MinMax(goalposts="given")
    assert [what for _, what, _ in needs_problems(given, plain, ())] == ["no goalposts are defined for a, b, c"]
    assert [what for _, what, _ in needs_problems(given, nested, ())] == ["no goalposts are defined for a, b, c, inner"]
    assert [what for _, what, _ in needs_problems(DistanceToTarget(), plain, ())] == [
        "no target is defined for a, b, c"
    ]
    assert list(needs_problems(ZScore(), plain, ())) == []


def test_of_many_names_the_first_are_listed() -> None:
    assert some(list("abcdefg")) == "a, b, c, d, e and 2 more"
    assert some(["a"]) == "a"
