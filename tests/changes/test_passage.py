"""From changed quantities to values: ratios, elasticities, points made anew, and what cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from what_ifs import NAN, Asked, Leaf, Numbers, economy, index_over, programmed, ranked

from simulator.changes.passage import Effect, pass_on
from simulator.errors import InputError
from simulator.index import Index


def effects_of(found: Asked) -> dict[str, Effect]:
    """Return the effect on each variable that is reached."""
    leaves = [footing.leaf.id for footing in found.standing.footings]
    return {leaves[effect.leaf]: effect for effect in pass_on(found.standing, found.changed)}


def effects(index: Index, *changes: dict[str, Any], **more: Any) -> dict[str, Effect]:
    return effects_of(programmed(index, *changes, **more))


def refused(index: Index, *changes: dict[str, Any], **more: Any) -> str:
    found = programmed(index, *changes, **more)
    with pytest.raises(InputError) as caught:
        pass_on(found.standing, found.changed)
    return str(caught.value)


def at_first(value: float, count: int = 8, otherwise: float = 1.0) -> list[float]:
    return [value] + [otherwise] * (count - 1)


# A value of one indicator.


def test_gdp_reaches_every_indicator_that_holds_it() -> None:
    """Per head times the rate, debt through it, and growth by as many points as it changed."""
    index = economy()
    found = effects(index, {"grow": {"gdp": "8%"}})
    assert {name: effect.kind for name, effect in found.items()} == {
        "a-wealth": "times",
        "a-debt": "times",
        "b-pace": "plus",
    }
    np.testing.assert_allclose(found["a-wealth"].amount, [at_first(1.08)], rtol=1e-14)
    np.testing.assert_allclose(found["a-debt"].amount, [at_first(1 / 1.08)], rtol=1e-14)
    np.testing.assert_allclose(found["b-pace"].amount, [at_first(8.0 - 5.0, otherwise=0.0)], rtol=1e-14)


def test_what_is_not_reached_has_a_ratio_of_exactly_one() -> None:
    for effect in effects(economy(), {"multiply": {"gdp": 1.37}}).values():
        assert (effect.amount[:, 1:] == 1.0).all()


def test_what_is_not_held_by_any_formula_reaches_nothing() -> None:
    assert set(effects(economy(), {"multiply": {"people-2023": 2}})) == set()
    assert set(effects(economy(), {"multiply": {"people": 2}})) == {"a-wealth"}
    assert set(effects(economy(), {"multiply": {"gdp": 1.0}})) == set()


def test_parts_tell_before_and_after() -> None:
    (part,) = effects(economy(), {"multiply": {"gdp": 1.1}})["a-debt"].parts
    assert part.indicator.id == "a-debt"
    assert part.formula.text == "owed / gdp"
    assert part.reached.tolist() == [True] + [False] * 7
    assert part.known.all()
    np.testing.assert_allclose(part.after[0] / part.before, at_first(1 / 1.1), rtol=1e-14)


POINTS = {"a-x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]}
VALUES = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]


def of_one(
    formula: str, quantities: dict[str, Numbers], entries: dict[str, dict[str, Any]] | None = None, **leaf: Any
) -> Index:
    return index_over(POINTS, quantities, {"a-x": {"formula": formula, **leaf}}, entries)


def test_a_signed_value_that_is_held_changes_by_the_difference() -> None:
    index = of_one("x - 2 * y", {"x": VALUES, "y": [0.1] * 7})
    found = effects(index, {"add": {"y": 0.25}})["a-x"]
    assert found.kind == "plus"
    np.testing.assert_allclose(found.amount, [at_first(-0.5, 7, 0.0)], rtol=1e-14)


def test_a_signed_value_of_which_lower_is_better_stands_turned_round() -> None:
    index = index_over(
        {"a-x": ranked(VALUES, lower=True)}, {"x": VALUES}, {"a-x": {"formula": "x", "direction": "lower"}}
    )
    found = effects(index, {"add": {"x": 0.25}})["a-x"]
    np.testing.assert_allclose(found.amount, [at_first(-0.25, 7, 0.0)], rtol=1e-14)


def test_a_value_with_a_target_changes_by_its_nearness() -> None:
    values = [5.0, -4.0, 3.5, 2.0, -1.5, 1.0, 0.25]
    index = of_one("x", {"x": values}, direction="target", target=0)
    for more, nearer in ((-1.0, 1.0), (-8.0, 2.0), (1.0, -1.0)):
        found = effects(index, {"add": {"x": more}})["a-x"]
        assert found.kind == "plus"
        np.testing.assert_allclose(found.amount, [at_first(nearer, 7, 0.0)], rtol=1e-14)


def test_a_signed_value_that_is_not_held_changes_by_standard_deviations() -> None:
    """Known values that disagree with the print tell the spread, not the values."""
    values = [7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    for direction, sign in (("higher", 1.0), ("lower", -1.0)):
        points = ranked(VALUES, lower=direction == "lower")
        index = index_over({"a-x": points}, {"x": values}, {"a-x": {"formula": "x", "direction": direction}})
        found = effects(index, {"add": {"x": 1.5}})["a-x"]
        assert found.kind == "spread"
        np.testing.assert_allclose(found.amount[0], at_first(sign * 1.5 / np.std(values, ddof=1), 7, 0.0), rtol=1e-12)


# Of several indicators.


def of_several(leaves: Sequence[Leaf], quantities: dict[str, Numbers]) -> Index:
    return index_over(POINTS, quantities, {"a-x": leaves})


def test_several_positive_indicators_act_with_their_elasticities() -> None:
    leaves: list[Leaf] = [
        {"id": "one", "formula": "x / y", "scale": "positive", "elasticity": 0.7},
        {"id": "two", "formula": "x", "scale": "positive", "elasticity": 0.1},
        {"id": "three", "formula": "z", "scale": "positive"},
    ]
    index = of_several(leaves, {"x": VALUES, "y": [2.0] * 7, "z": [NAN] * 7})
    found = effects(index, {"multiply": {"x": 1.3, "y": 1.1}})["a-x"]
    assert found.kind == "times"
    assert [part.indicator.id for part in found.parts] == ["one", "two"]
    np.testing.assert_allclose(found.amount, [at_first((1.3 / 1.1) ** 0.7 * 1.3**0.1, 7)], rtol=1e-14)
    third = effects(index, {"multiply": {"z": 1.3}})["a-x"]
    np.testing.assert_allclose(third.amount, [at_first(1.3 ** (1 / 3), 7)], rtol=1e-14)


def test_several_of_lower_direction_multiply_likewise() -> None:
    leaves: list[Leaf] = [
        {"id": "one", "formula": "x", "scale": "positive", "direction": "lower"},
        {"id": "two", "formula": "z", "scale": "positive", "direction": "lower"},
    ]
    index = of_several(leaves, {"x": VALUES[::-1], "z": [NAN] * 7})
    found = effects(index, {"multiply": {"x": 1.21}})["a-x"]
    np.testing.assert_allclose(found.amount, [at_first(1.1, 7)], rtol=1e-14)
    (footing,) = programmed(index, {"multiply": {"x": 1.21}}).standing.footings
    assert footing.sign == -1.0


def test_several_mixed_indicators_change_by_standard_deviations() -> None:
    """Positive ones on logarithms; those of which lower is better the other way round; each with its elasticity."""
    sizes, waits = [2.0, 3.0, 5.0, 9.0, 11.0, 12.0, 20.0], [5.0, 5.5, 3.0, 4.0, 2.0, 1.0, 1.5]
    leaves: list[Leaf] = [
        {"id": "size", "formula": "size", "scale": "positive"},
        {"id": "wait", "formula": "wait", "direction": "lower", "elasticity": 0.25},
        {"id": "other", "formula": "other"},
    ]
    index = of_several(leaves, {"size": sizes, "wait": waits, "other": [NAN] * 7})
    found = effects(index, {"multiply": {"size": 1.5}, "add": {"wait": -2.0}})["a-x"]
    assert found.kind == "spread"
    size = np.log(1.5) / np.log(sizes).std(ddof=1) / 3.0
    wait = 2.0 / np.std(waits, ddof=1) * 0.25
    np.testing.assert_allclose(found.amount, [at_first(size + wait, 7, 0.0)], rtol=1e-12)


def test_where_all_indicators_are_known_their_points_are_made_anew() -> None:
    """Whom the city passes loses a point each: the sums of others change too."""
    one, two = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0], [3.0, 1.0, 2.0, 7.0, 5.0, 6.0, 4.0]
    leaves: list[Leaf] = [{"id": "one", "formula": "x", "scale": "positive"}, {"id": "two", "formula": "y"}]
    sums = np.array(ranked(one)) + ranked(two)
    index = index_over({"a-x": ranked(sums)}, {"x": one, "y": two}, {"a-x": leaves})
    found = effects(index, {"set": {"x": 45.0}}, {"cities": ["c6"], "add": {"y": -3.5}})["a-x"]
    after = np.array(ranked([45.0, *one[1:]])) + ranked([*two[:6], 0.5])
    assert found.kind == "plus"
    assert found.amount.tolist() == [(after - sums).tolist()]


def test_points_are_made_anew_for_every_draw() -> None:
    one, two = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0], [3.0, 1.0, 2.0, 7.0, 5.0, 6.0, 4.0]
    leaves: list[Leaf] = [{"id": "one", "formula": "x", "scale": "positive"}, {"id": "two", "formula": "y"}]
    sums = np.array(ranked(one)) + ranked(two)
    index = index_over({"a-x": ranked(sums)}, {"x": one, "y": two}, {"a-x": leaves})

    def evenly(name: str, count: int) -> Any:
        return ((np.arange(3) + 0.5) / 3)[:, np.newaxis]

    found = effects(index, {"set": {"x": {"low": 15, "high": 75}}}, uniforms=evenly)["a-x"]
    for row, figure in zip(found.amount, (25.0, 45.0, 65.0), strict=True):
        assert row.tolist() == (np.array(ranked([figure, *one[1:]])) - ranked(one)).tolist()


# What is not known.


def test_a_ratio_needs_no_figure_that_it_does_not_depend_on() -> None:
    known = [NAN, *VALUES[1:]]
    index = of_one("x / y", {"x": known, "y": [2.0] * 7}, scale="positive")
    found = effects(index, {"multiply": {"x": 1.3, "y": 1.1}})["a-x"]
    np.testing.assert_allclose(found.amount, [at_first(1.3 / 1.1, 7)], rtol=1e-14)
    nothing = of_one("x / y", {"x": [NAN] * 7, "y": [NAN] * 7}, scale="positive")
    found = effects(nothing, {"multiply": {"y": 1.25}})["a-x"]
    np.testing.assert_allclose(found.amount, [at_first(0.8, 7)], rtol=1e-14)
    (part,) = found.parts
    assert not part.known.any()


def test_a_common_change_of_both_parts_of_a_sum_needs_neither() -> None:
    index = of_one("(x + y) / z", {"x": [NAN] * 7, "y": [NAN] * 7, "z": VALUES}, scale="positive")
    found = effects(index, {"multiply": {"x": 1.3, "y": 1.3}})["a-x"]
    np.testing.assert_allclose(found.amount, [at_first(1.3, 7)], rtol=1e-12)


@pytest.mark.parametrize("size", [1.0, 1e4, 1e9, 1e13])
def test_a_part_of_a_sum_needs_the_other_whatever_the_unit(size: float) -> None:
    """Money may be counted in 100 million, or in single yuan: what is not known may be as large as what is."""
    lent = [size * value for value in VALUES]
    index = of_one("(saved + lent) / gdp", {"saved": [NAN] * 7, "lent": lent, "gdp": VALUES}, scale="positive")
    told = refused(index, {"multiply": {"lent": 1.1}})
    assert "a-x: (saved + lent) / gdp is not known of c0, nor how it changes." in told
    assert "Give saved" in told
    assert "move a-x" in told


@pytest.mark.parametrize("size", [1.0, 1e9])
def test_a_given_figure_makes_it_known(size: float) -> None:
    lent = [size * value for value in VALUES]
    index = of_one("(saved + lent) / gdp", {"saved": [NAN] * 7, "lent": lent, "gdp": VALUES}, scale="positive")
    found = effects(index, {"multiply": {"lent": 1.1}}, given={"c0": {"saved": 4 * size}})["a-x"]
    np.testing.assert_allclose(found.amount, [at_first((4 + 1.1) / (4 + 1), 7)], rtol=1e-12)


def made(**more: Any) -> Index:
    """Return an index over a quantity that is made of two, of which one is not known of the first city."""
    return of_one(
        "trade / gdp",
        {"out": [NAN, *VALUES[1:]], "in": [4.0, 5.0, 4.0, 5.0, 4.0, 5.0, 4.0], "gdp": [2.0] * 7},
        {"trade": {"formula": more["formula"]}},
        scale="positive",
    )


def test_a_quantity_made_of_what_is_not_known_is_not_told() -> None:
    told = refused(made(formula="out + in"), {"multiply": {"in": 1.1}})
    assert "trade / gdp is not known of c0, nor how it changes." in told


def test_what_such_a_quantity_is_made_of_can_be_given() -> None:
    """Trade itself cannot be given; the remedy names what it lacks."""
    index = made(formula="out + in")
    assert "Give out " in refused(index, {"multiply": {"in": 1.1}})
    found = effects(index, {"multiply": {"in": 1.1}}, given={"c0": {"out": 6.0}})["a-x"]
    np.testing.assert_allclose(found.amount, [at_first(10.4 / 10.0, 7)], rtol=1e-12)


def test_the_ratio_of_a_product_is_that_of_its_parts() -> None:
    found = effects(made(formula="out * in"), {"multiply": {"in": 1.1}})["a-x"]
    np.testing.assert_allclose(found.amount, [at_first(1.1, 7)], rtol=1e-12)


def test_a_quantity_made_of_others_keeps_its_ratio_where_something_else_changes() -> None:
    found = effects(made(formula="out + in"), {"multiply": {"gdp": 1.25}})["a-x"]
    np.testing.assert_allclose(found.amount, [at_first(0.8, 7)], rtol=1e-12)


def test_a_signed_difference_of_which_a_figure_lacks_is_refused() -> None:
    values = [NAN, NAN, *VALUES[2:]]
    index = of_one("x - y", {"x": values, "y": [1.0] * 7})
    told = refused(index, {"multiply": {"x": 2}}, city="c0")
    assert "x - y is not known of c0" in told


def test_faults_of_several_variables_are_told_at_once() -> None:
    points = {"a-x": VALUES, "a-y": VALUES}
    behind = {
        "a-x": {"formula": "x + z", "scale": "positive"},
        "a-y": {"formula": "y + z", "scale": "positive"},
    }
    index = index_over(points, {"x": [NAN] * 7, "y": [NAN] * 7, "z": VALUES}, behind)
    told = refused(index, {"cities": ["c0", "c1"], "multiply": {"z": 2}})
    assert "2 faults" in told
    assert "x + z is not known of c0, c1" in told
    assert "y + z is not known of c0, c1" in told


# What cannot be.


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"add": {"x": -5}}, "x / y of c0 would be -2, which it cannot be. Change less."),
        ({"set": {"y": 0}}, "which it cannot be. Change less."),
        ({"set": {"x": -1}}, "x / y of c0 would be -0.5, which it cannot be."),
    ],
)
def test_values_that_an_indicator_cannot_have(changes: dict[str, Any], told: str) -> None:
    index = of_one("x / y", {"x": VALUES, "y": [2.0] * 7}, scale="positive")
    assert told in refused(index, changes)


def test_a_fall_to_nought_is_possible() -> None:
    index = of_one("x / y", {"x": VALUES, "y": [2.0] * 7}, scale="positive")
    assert effects(index, {"set": {"x": 0}})["a-x"].amount.tolist() == [at_first(0.0, 7)]


def test_nought_cannot_be_multiplied_and_says_so() -> None:
    """From nothing there is no way in per cent: the message tells of what it was, not of what it would be."""
    index = of_one("x / y", {"x": [0.0, *VALUES[1:]], "y": [2.0] * 7}, scale="positive")
    told = refused(index, {"set": {"x": 3}})
    assert "x / y of c0 is 0 before the change, and has no change in per cent." in told
    assert "move a-x" in told.lower()


@settings(max_examples=30)
@given(factor=st.floats(0.2, 5.0), power=st.sampled_from([-2, -1, 1, 2]))
def test_ratios_multiply(factor: float, power: int) -> None:
    index = of_one(f"z * x ^ {power}", {"x": VALUES, "z": [NAN] * 7}, scale="positive")
    found = effects(index, {"multiply": {"x": factor}})
    if abs(factor - 1.0) > 1e-9:
        np.testing.assert_allclose(found["a-x"].amount, [at_first(factor**power, 7)], rtol=1e-12)


def test_a_spread_needs_known_values_of_five() -> None:
    """Of a variable of mixed indicators: what a city's figures were given for, nobody else's are known."""
    leaves: list[Leaf] = [{"id": "one", "formula": "x"}, {"id": "two", "formula": "y", "direction": "lower"}]
    given_all = {f"c{k}": {"x": float(k)} for k in range(4)}
    index = of_several(leaves, {"x": [NAN] * 7, "y": VALUES})
    told = refused(index, {"add": {"x": 1}}, given=given_all)
    assert "how far a change of x goes is known of fewer than 5 cities only" in told
    given_all["c4"] = {"x": 4.0}
    found = effects(index, {"add": {"x": 1}}, given=given_all)["a-x"]
    np.testing.assert_allclose(found.amount[0, 0], 0.5 / np.std(range(5), ddof=1), rtol=1e-12)


def test_sums_of_points_that_are_all_the_same_have_a_spread_all_the_same() -> None:
    """Two indicators in opposite order: every sum is 8, which tells nothing of the print; no division by nought."""
    leaves: list[Leaf] = [{"id": "one", "formula": "x"}, {"id": "two", "formula": "y"}]
    index = of_several(leaves, {"x": VALUES, "y": VALUES[::-1]})
    found = effects(index, {"set": {"x": 4.5}})["a-x"]
    assert found.kind == "spread"
    gain = np.array(ranked([4.5, *VALUES[1:]])) - ranked(VALUES)
    np.testing.assert_allclose(found.amount, [gain / np.sqrt(2 * 7 * 8 / 12)], rtol=1e-14)
