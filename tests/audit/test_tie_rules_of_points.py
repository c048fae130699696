"""A column of points is recognised by the rule that made it, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from made_points import RULES, by_rule, clean_columns, index_of, orders

from simulator.auditing.tie_rules import (
    IRREGULAR,
    LEVELS,
    TIE_RULES,
    UNDETERMINED,
    Column,
    house_rule,
    nearest_rule,
    points_by_rule,
    tie_rules,
    verdict,
)
from simulator.index import load_index


@pytest.fixture(scope="module")
def told() -> xr.Dataset:
    return tie_rules(load_index("opportunity-2025").printed)


def column(*points: float) -> Column:
    return Column.of(np.array(points, float))


def test_the_rules_are_those_that_can_be_told_from_an_order() -> None:
    assert TIE_RULES == RULES


@given(orders, st.sampled_from(RULES))
def test_points_by_a_rule_are_those_of_its_definition(order: list[int], rule: str) -> None:
    assert points_by_rule(np.array(order, float), rule).tolist() == by_rule(order, rule)


@given(orders, st.sampled_from(RULES))
def test_a_column_made_by_a_rule_fits_it_without_a_break(order: list[int], rule: str) -> None:
    made = column(*by_rule(order, rule))
    assert made.fits(rule)
    assert not made.broken_steps(rule).any()
    fitting = [other for other in RULES if by_rule(order, other) == by_rule(order, rule)]
    expected = UNDETERMINED if len(set(order)) == len(order) else " or ".join(fitting)
    assert verdict(made) == expected


@given(orders, st.sampled_from(RULES), st.data())
def test_a_group_that_is_shifted_breaks_every_rule(order: list[int], rule: str, data: st.DataObject) -> None:
    points = np.array(by_rule(order, rule))
    moved = data.draw(st.sampled_from(sorted(set(points.tolist()))))
    # All rules give multiples of a half, so a quarter is nobody's, and the order stays.
    points[points == moved] += 0.25
    made = Column.of(points)
    assert verdict(made) in (IRREGULAR, LEVELS)
    assert made.broken_steps(rule).sum() == 2
    assert min(int(made.broken_steps(other).sum()) for other in RULES) >= 2


@given(orders, st.sampled_from(RULES))
def test_a_step_is_as_the_sizes_of_the_groups_say(order: list[int], rule: str) -> None:
    given_ = column(*order)
    steps = -np.diff(given_.by_rule(rule))
    sizes = given_.sizes.astype(float)
    expected = {
        "better": sizes[:-1],
        "worse": sizes[1:],
        "mean": (sizes[:-1] + sizes[1:]) / 2,
        "no-gaps": np.ones(len(sizes) - 1),
    }
    assert steps.tolist() == expected[rule].tolist()


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ((4, 3, 2, 1), UNDETERMINED),
        ((5, 3, 2, 1), IRREGULAR),
        ((4, 4, 2, 1), "better"),
        ((3, 3, 2, 1), "worse"),
        ((3.5, 3.5, 2, 1), "mean"),
        ((4, 4, 3, 2), "no-gaps"),
        ((4, 3, 2, 2), "better or no-gaps"),
        ((4, 4, 4, 4), "better or no-gaps"),
        ((30, 30, 30, 30), IRREGULAR),
        ((3, 2, 1, 0), IRREGULAR),
    ],
)
def test_verdicts_on_small_columns(points: tuple[float, ...], expected: str) -> None:
    assert verdict(column(*points)) == expected


def test_levels_are_few_and_break_every_rule_at_most_steps() -> None:
    levels = [60.0] * 3 + [50.0] * 5 + [40.0] * 4
    assert verdict(column(*levels)) == LEVELS
    # One city fewer, and there are more values than a quarter of the cities.
    assert verdict(column(*levels[:-1])) == IRREGULAR
    # Few values that follow a rule are ranks.
    assert verdict(column(*by_rule(levels, "worse"))) == "worse"
    # Few values of which one only is not as the rule says are ranks with an irregular group.
    nearly = np.array(by_rule([4.0] * 5 + [3.0] * 5 + [2.0] * 5 + [1.0] * 5, "better"))
    nearly[nearly == nearly.min()] = 1.0
    assert verdict(Column.of(nearly)) == IRREGULAR


@pytest.mark.parametrize("rule", RULES)
def test_the_house_rule_is_the_one_of_most_columns_with_ties(rule: str) -> None:
    columns = clean_columns(rule)
    assert tie_rules(index_of(columns).printed).attrs["house_rule"] == rule
    other = RULES[RULES.index(rule) - 1]
    mixed = {**columns, **{f"o{k}": by_rule(columns[f"v{k}"], other) for k in range(6)}}
    assert tie_rules(index_of(mixed).printed).attrs["house_rule"] == rule


def test_how_many_columns_fit_counts_more_than_how_often_others_break() -> None:
    by_better = {f"b{k}": column(*by_rule([9, 8, 8, *range(7, -1, -1)], "better")) for k in range(3)}
    by_worse = {f"w{k}": column(*by_rule([9, 8, 8, 7, 7, 6, 5, 5, 4, 3, 3], "worse")) for k in range(2)}
    both = {**by_better, **by_worse}
    breaks = {rule: sum(int(one.broken_steps(rule).sum()) for one in both.values()) for rule in ("better", "worse")}
    assert breaks["better"] > breaks["worse"]
    assert house_rule(both) == "better"


def test_of_rules_that_fit_as_often_the_one_with_fewest_breaks_is_the_house_s() -> None:
    # Neither column fits; as `worse` it breaks at one group, as `better` at many.
    order = [9, 8, 8, 7, 7, 6, 6, 5, 4, 4, 3]
    points = by_rule(order, "worse")
    points[0] += 1.0
    assert house_rule({"a": column(*points)}) == "worse"
    assert house_rule({"a": column(4, 4, 2, 1), "b": column(3, 3, 2, 1)}) == "better"


def test_the_nearest_rule_has_the_fewest_breaks_and_the_house_rule_is_preferred() -> None:
    irregular = column(5, 4, 4, 3, 1)
    assert {rule: int(irregular.broken_steps(rule).sum()) for rule in RULES} == {
        "better": 2,
        "worse": 2,
        "mean": 3,
        "no-gaps": 2,
    }
    assert nearest_rule(irregular, "worse") == "worse"
    assert nearest_rule(irregular, "mean") == nearest_rule(irregular, UNDETERMINED) == "better"


def test_the_rules_of_the_2025_index(told: xr.Dataset) -> None:
    assert told.attrs["house_rule"] == "better"
    verdicts = told["verdict"].to_series()
    assert verdicts.value_counts().to_dict() == {
        UNDETERMINED: 22,
        "better": 20,
        "worse": 5,
        IRREGULAR: 2,
        LEVELS: 1,
    }
    assert set(verdicts.index[verdicts == "worse"]) == {
        "international-profile",
        "talent-attraction",
        "business-hosting",
        "passenger-freight",
        "work-safety",
    }
    assert set(verdicts.index[verdicts == IRREGULAR]) == {"brand-companies", "consumption-per-capita"}
    assert list(verdicts.index[verdicts == LEVELS]) == ["coordination-level"]
    assert int(told["fits"].sel(tie_rule="better").sum()) == 42
    assert bool((told["fits"].sum("tie_rule") == 4).sel(indicator=verdicts.index[verdicts == UNDETERMINED]).all())
    assert (told["fits"] == (told["breaks"] == 0)).all()
    assert int(told["groups"].sel(indicator="coordination-level")) == 7
    assert int(told["tied_cities"].sel(indicator="international-profile")) == 18


def test_an_index_without_points_has_no_rule() -> None:
    told = tie_rules(load_index("opportunity-2025").printed.isel(slot=slice(0)))
    assert told["verdict"].shape == (0,)
    assert told["fits"].shape == (0, 4)
    assert told.attrs["house_rule"] == UNDETERMINED


def test_axes_of_printed_points_are_found_by_name() -> None:
    printed = index_of({"a": [4, 4, 2, 1], "b": [1, 2, 3, 4]}).printed
    xr.testing.assert_identical(tie_rules(printed.transpose()), tie_rules(printed))
