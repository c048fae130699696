from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.construction.nominal import nominal_weights
from simulator.construction.recipe import (
    Recipe,
    Tree,
    apply_recipe,
    regrouped,
    weighted_by,
    with_aggregation,
    with_equal_weights,
    with_normalisation,
    with_ties,
    with_weights,
)
from simulator.definition import Definition
from simulator.methods import (
    Aggregation,
    ArithmeticMean,
    AsDefined,
    AsGiven,
    EqualWeights,
    GeometricMean,
    GivenWeights,
    MinMax,
    PercentileRank,
    Ranking,
    RankPoints,
    WeightedSum,
    ZScore,
)


def define(aggregate: str) -> Definition:
    """Build groups of 3 and 1 indicators below x, and an indicator nearer to the index; weights are unequal."""
    document: dict[str, Any] = {
        "schema_version": 1,
        "id": "t",
        "levels": ["index", "dimension", "variable", "indicator"],
        "index": {
            "id": "total",
            "aggregate": aggregate,
            "children": [
                {
                    "id": "x",
                    "weight": 5,
                    "normalise": {"method": "rank", "ties": "better"},
                    "aggregate": aggregate,
                    "children": [
                        {
                            "id": "v",
                            "weight": 2,
                            "normalise": {"method": "percentile-rank", "ties": "mean"},
                            "aggregate": aggregate,
                            "children": [{"id": "a", "weight": 1}, {"id": "b", "weight": 2}, {"id": "c", "weight": 3}],
                        },
                        {"id": "w", "weight": 7, "aggregate": aggregate, "children": [{"id": "d", "weight": 4}]},
                    ],
                },
                {"id": "e", "weight": 6},
            ],
        },
    }
    return Definition.model_validate(document)


@pytest.fixture(scope="module")
def definition() -> Definition:
    return define("arithmetic")


CHANGES: dict[str, Callable[[Definition], Definition]] = {
    "normalisation": lambda one: with_normalisation(one, ZScore()),
    "ties": lambda one: with_ties(one, "worse"),
    "aggregation": lambda one: with_aggregation(one, "variable", GeometricMean()),
    "weights": lambda one: with_weights(one, {"a": 9.0, "x": 2.0}),
    "equal weights": lambda one: with_equal_weights(one, "variable"),
    "regrouped": lambda one: regrouped(one, {"g": ["a", "e"]}, WeightedSum()),
    "recipe": lambda one: apply_recipe(one, Recipe(normalisation=MinMax(), ranking=Ranking(decimals=1))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_given_definition_stays_as_it_is(definition: Definition, change: str) -> None:
    before, slots = definition.model_dump(), definition.slots
    changed = CHANGES[change](definition)
    assert changed is not definition
    assert changed.model_dump() != before
    assert definition.model_dump() == before
    assert (definition.slots, [node.id for node in definition.nodes]) == (slots, ["v", "w", "x", "total"])
    # Nothing of the tree is kept from before the change.
    assert changed.index is changed.nodes[-1]
    assert Definition.model_validate(changed.model_dump()) == changed


def test_normalisation_is_replaced_wherever_there_is_one(definition: Definition) -> None:
    changed = with_normalisation(definition, MinMax(to=(0, 100)))
    assert [node.normalise for node in changed.nodes] == [
        MinMax(to=(0, 100)),
        AsGiven(),
        MinMax(to=(0, 100)),
        AsGiven(),
    ]
    assert with_normalisation(definition, AsDefined()) == definition


def test_tie_rules_are_replaced_in_every_rank_normalisation(definition: Definition) -> None:
    changed = with_ties(definition, "no-gaps")
    assert changed.node("v").normalise == PercentileRank(ties="no-gaps")
    assert changed.node("x").normalise == RankPoints(ties="no-gaps")
    published = with_ties(definition, "as-published")
    assert published.node("v").normalise == PercentileRank(ties="mean")
    assert published.node("x").normalise == RankPoints(ties="as-published")


def test_aggregation_is_replaced_on_one_level(definition: Definition) -> None:
    changed = with_aggregation(definition, "variable", GeometricMean())
    assert [node.aggregate.method for node in changed.nodes] == ["geometric", "geometric", "arithmetic", "arithmetic"]
    top = with_aggregation(definition, "index", GeometricMean())
    assert [node.aggregate.method for node in top.nodes] == ["arithmetic"] * 3 + ["geometric"]
    assert with_aggregation(definition, "index", AsDefined()) == definition


def test_weights_are_replaced_by_name(definition: Definition) -> None:
    changed = with_weights(definition, {"a": 9.0, "x": 0.0})
    weights = {child.id: child.weight for node in changed.nodes for child in node.children}
    assert weights == {"a": 9, "b": 2, "c": 3, "d": 4, "v": 2, "w": 7, "x": 0, "e": 6}


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("over", [WeightedSum(), ArithmeticMean()])
@pytest.mark.parametrize("aggregate", ["sum", "arithmetic", "geometric", "harmonic", "median"])
def test_equal_weights_of_a_level(aggregate: str, over: Aggregation, again: bool) -> None:
    # Sums and means above one another, of groups of unequal size, nodes normalised again or not.
    definition = with_aggregation(define(aggregate), "index", over)
    definition = definition if again else with_normalisation(definition, AsGiven())
    leaves = nominal_weights(with_equal_weights(definition, "indicator"))
    assert [leaves[name] for name in "abcde"] == pytest.approx([1 / 5] * 5)
    # The indicator e stands above the variables and is a member of its own.
    variables = nominal_weights(with_equal_weights(definition, "variable"))
    assert [variables[name] for name in "vwe"] == pytest.approx([1 / 3] * 3)
    assert [variables[name] for name in "abcd"] == pytest.approx([1 / 18, 2 / 18, 3 / 18, 1 / 3])
    dimensions = nominal_weights(with_equal_weights(definition, "dimension"))
    assert [dimensions[name] for name in "xe"] == pytest.approx([1 / 2] * 2)
    # Below the level the shares are those of the definition.
    before = nominal_weights(definition)
    assert [dimensions[name] for name in "vwabcd"] == pytest.approx(
        [before[name] / before["x"] / 2 for name in "vwabcd"]
    )


def test_equal_weights_of_plain_sums_weigh_every_indicator_alike() -> None:
    changed = with_equal_weights(with_normalisation(define("sum"), AsGiven()), "indicator")
    assert [leaf.weight for leaf in changed.indicators] == [1.0] * 5
    weights = nominal_weights(changed)
    assert [weights[name] for name in "abcde"] == pytest.approx([1 / 5] * 5)


def test_fixed_weightings(definition: Definition) -> None:
    assert weighted_by(definition, AsDefined()) == definition
    assert weighted_by(definition, EqualWeights()) == with_equal_weights(definition, "indicator")
    assert weighted_by(definition, EqualWeights(over="variable")) == with_equal_weights(definition, "variable")
    assert weighted_by(definition, GivenWeights(weights={"e": 3})) == with_weights(definition, {"e": 3.0})


def test_an_index_of_other_groups(definition: Definition) -> None:
    tree: Tree = {"first": {"inner": ["b", "a"], "other": ["c"]}, "second": ["e", "d"]}
    changed = regrouped(definition, tree, GeometricMean())
    assert changed.levels == ("index", "pillar", "element", "indicator")
    assert [node.id for node in changed.nodes] == ["first-inner", "first-other", "first", "second", "total"]
    assert [leaf.id for leaf in changed.indicators] == ["b", "a", "c", "e", "d"]
    assert all(node.aggregate == GeometricMean() for node in changed.nodes)
    weights = nominal_weights(changed)
    assert [weights[name] for name in ("first", "second", "first-inner")] == pytest.approx([1 / 2, 1 / 2, 1 / 4])
    assert [weights[leaf] for leaf in "baced"] == pytest.approx([1 / 8, 1 / 8, 1 / 4, 1 / 4, 1 / 4])
    # Indicators keep the normalisation of their old parent; the groups themselves are not normalised.
    assert changed.node("first-inner").normalise == PercentileRank(ties="mean")
    assert changed.node("second").normalise == AsGiven()
    assert changed.node("first").normalise == changed.node("total").normalise == AsGiven()


def test_levels_of_groups_are_named_from_the_index_down(definition: Definition) -> None:
    flat = regrouped(definition, {"g": ["a", "b"]}, ArithmeticMean())
    assert flat.levels == ("index", "pillar", "indicator")
    deep = regrouped(definition, {"g": {"h": {"i": {"j": ["a"]}}}}, ArithmeticMean())
    assert deep.levels == ("index", "pillar", "element", "part", "level-4", "indicator")
    assert [node.id for node in deep.nodes] == ["g-h-i-j", "g-h-i", "g-h", "g", "total"]
    assert deep.level("g-h") == "element"


def test_an_empty_recipe_changes_nothing(definition: Definition) -> None:
    assert apply_recipe(definition, Recipe()) == definition


def test_a_recipe_is_its_parts_one_after_the_other(definition: Definition) -> None:
    recipe = Recipe.model_validate(
        {
            "normalisation": {"method": "rank", "ties": "better"},
            "ties": "mean",
            "aggregation": {"index": "geometric", "variable": "as-defined"},
            "weights": {"e": 4},
            "equal-weights": "variable",
            "ranking": {"ties": "worse"},
        }
    )
    changed = apply_recipe(definition, recipe)
    by_hand = with_weights(with_equal_weights(definition, "variable"), {"e": 4.0})
    by_hand = with_ties(with_normalisation(by_hand, RankPoints(ties="better")), "mean")
    by_hand = with_aggregation(by_hand, "index", GeometricMean())
    assert changed == by_hand.replace(ranking=Ranking(ties="worse"))
    # Weights by name come after equal weights, tie rules after the normalisation.
    weights = nominal_weights(changed)
    assert weights["e"] == pytest.approx(4 / 6)
    assert changed.node("v").normalise == RankPoints(ties="mean")
