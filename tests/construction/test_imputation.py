"""Missing values filled, against loops over cells and scikit-learn's own results."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from tables_with_gaps import NAN, labels, tables

from simulator.construction import predicting
from simulator.construction.cells import Labels
from simulator.construction.imputation import Imputed, impute
from simulator.errors import InputError
from simulator.kernels.arrays import Floats
from simulator.preparation import (
    AnyImputation,
    MeanOfAll,
    MeanOfGroup,
    MedianOfAll,
    MedianOfGroup,
    Nearest,
    Refuse,
    Regression,
    ShareWeight,
)

FILLING: list[AnyImputation] = [
    MeanOfAll(),
    MedianOfAll(),
    MeanOfGroup(by="province", empty="overall"),
    MedianOfGroup(by="province", empty="overall"),
    Nearest(neighbours=2),
]
REGRESSIONS = [Regression(rounds=5), Regression(estimator="linear", rounds=5)]
LABELS = Labels(["gdp", "air"], ["hefei", "wuhu", "harbin", "daqing"])
VALUES = np.array([[1.0, NAN, 3.0, 8.0], [NAN, 2.0, NAN, 5.0]])


def groups_of(values: Floats) -> list[str]:
    return ["north" if city % 3 else "south" if city % 2 else "" for city in range(values.shape[1])]


def filled(values: Floats, method: AnyImputation) -> Imputed:
    return impute(values, method, labels(values), groups_of(values))


def check(values: Floats, method: AnyImputation) -> None:
    """Check that observed cells stay, gaps are filled within the range, and inputs are not modified."""
    before = values.copy()
    found = filled(values, method)
    missing = np.isnan(values)
    assert np.array_equal(values, before, equal_nan=True)
    assert found.values is not values
    assert (found.filled == missing).all()
    assert found.values[~missing].tolist() == values[~missing].tolist()
    assert not np.isnan(found.values).any()
    assert (found.values >= np.nanmin(values, axis=1)[:, np.newaxis]).all()
    assert (found.values <= np.nanmax(values, axis=1)[:, np.newaxis]).all()
    again = filled(found.values, method)
    assert again.values.tolist() == found.values.tolist()
    assert not again.filled.any()


@pytest.mark.parametrize("method", FILLING, ids=lambda method: method.method)
@given(values=tables())
def test_filled_values_lie_within_the_range_and_observed_ones_stay(method: AnyImputation, values: Floats) -> None:
    check(values, method)


@pytest.mark.parametrize("method", REGRESSIONS, ids=lambda method: method.estimator)
@given(values=tables(fewest=2))
@settings(max_examples=20)
def test_predicted_values_lie_within_the_range_and_observed_ones_stay(method: AnyImputation, values: Floats) -> None:
    if len(values) > 1:
        check(values, method)


@pytest.mark.parametrize(
    ("method", "figure"), [(MeanOfAll(), statistics.fmean), (MedianOfAll(), statistics.median)], ids=["mean", "median"]
)
@given(values=tables())
def test_means_and_medians_agree_with_a_loop(
    method: AnyImputation, figure: Callable[[list[float]], float], values: Floats
) -> None:
    found = filled(values, method).values
    for row, now in zip(values.tolist(), found.tolist(), strict=True):
        there = [value for value in row if not isnan(value)]
        expected = [figure(there) if isnan(value) else value for value in row]
        assert now == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    ("method", "figure"),
    [
        (MeanOfGroup(by="province", empty="overall"), statistics.fmean),
        (MedianOfGroup(by="province", empty="overall"), statistics.median),
    ],
    ids=["mean", "median"],
)
@given(values=tables(), data=st.data())
def test_figures_of_groups_agree_with_a_loop(
    method: AnyImputation, figure: Callable[[list[float]], float], values: Floats, data: st.DataObject
) -> None:
    n = values.shape[1]
    groups = data.draw(st.lists(st.sampled_from(["anhui", "jilin", ""]), min_size=n, max_size=n))
    found = impute(values, method, labels(values), groups).values
    for row, now in zip(values.tolist(), found.tolist(), strict=True):
        for city, value in enumerate(row):
            there = [v for v, g in zip(row, groups, strict=True) if not isnan(v) and g and g == groups[city]]
            expected = figure(there or [v for v in row if not isnan(v)]) if isnan(value) else value
            assert now[city] == pytest.approx(expected, rel=1e-12, abs=1e-9)


def test_a_gap_in_a_group_without_values_is_refused_unless_said_otherwise() -> None:
    groups = ["anhui", "anhui", "heilongjiang", ""]
    values = np.array([[1.0, NAN, NAN, NAN], [4.0, 2.0, 3.0, 5.0]])
    with pytest.raises(InputError) as caught:
        impute(values, MeanOfGroup(by="province"), LABELS, groups)
    remedy = "Set `empty: overall` to fill with the figure over all cities, or choose another method."
    assert [str(fault) for fault in caught.value.faults] == [
        f"gdp of harbin: is missing, and no city of province heilongjiang has a value. {remedy}",
        f"gdp of daqing: is missing, and the city has no province. {remedy}",
    ]
    found = impute(values, MedianOfGroup(by="province", empty="overall"), LABELS, groups)
    assert found.values[0].tolist() == [1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("groups", [None, ["anhui"]])
def test_groups_have_to_be_given_for_every_city(groups: list[str] | None) -> None:
    count = len(groups or ())
    with pytest.raises(InputError, match=rf"{count} groups by 'province' for 4 cities.*convention 2"):
        impute(VALUES, MeanOfGroup(by="province"), LABELS, groups)


def test_gaps_are_refused_each_by_name() -> None:
    with pytest.raises(InputError) as caught:
        impute(VALUES, Refuse(), LABELS)
    remedy = "Fill it, leave the city or the indicator out, or choose how missing values are filled."
    assert [str(fault) for fault in caught.value.faults] == [
        f"{place}: is missing (convention 4). {remedy}" for place in ("gdp of wuhu", "air of hefei", "air of harbin")
    ]
    whole = np.nan_to_num(VALUES)
    found = impute(whole, Refuse(), LABELS)
    assert found.values.tolist() == whole.tolist()
    assert not found.filled.any()


@given(values=tables())
def test_share_weight_leaves_every_gap(values: Floats) -> None:
    found = filled(values, ShareWeight())
    assert np.array_equal(found.values, values, equal_nan=True)
    assert not found.filled.any()


@pytest.mark.parametrize("method", [*FILLING, *REGRESSIONS])
def test_an_indicator_without_any_value_is_named(method: AnyImputation) -> None:
    values = np.array([[NAN] * 4, [1.0, NAN, 2.0, 3.0]])
    with pytest.raises(InputError) as caught:
        impute(values, method, LABELS, ["anhui"] * 4)
    assert [str(fault) for fault in caught.value.faults] == [
        "gdp: has no value to fill from. Leave the indicator out, or give a value for one city at least."
    ]


def test_nearest_cities_agree_with_a_loop_over_them() -> None:
    values = np.random.default_rng(3).normal(size=(5, 30)) * np.array([[1.0], [1e6], [1e-3], [10.0], [5.0]])
    values[np.random.default_rng(4).random(values.shape) < 0.2] = NAN
    found = impute(values, Nearest(neighbours=3), labels(values)).values
    scores = (values - np.nanmean(values, axis=1)[:, np.newaxis]) / np.nanstd(values, axis=1)[:, np.newaxis]
    for row, city in np.argwhere(np.isnan(values)):
        squares = []
        for other in np.flatnonzero(~np.isnan(values[row])):
            both = ~np.isnan(scores[:, city]) & ~np.isnan(scores[:, other])
            if both.any():
                apart = ((scores[both, city] - scores[both, other]) ** 2).sum() * len(values) / both.sum()
                squares.append((apart, values[row, other]))
        expected = np.mean([value for _, value in sorted(squares)[:3]])
        assert found[row, city] == pytest.approx(expected, rel=1e-9)


def test_one_gap_is_what_a_regression_on_the_others_predicts() -> None:
    generator = np.random.default_rng(5)
    values = generator.normal(size=(3, 40))
    values[2] = 0.5 * values[0] - 0.2 * values[1] + 0.1 * generator.normal(size=40)
    values[2, 7] = NAN
    found = impute(values, Regression(estimator="linear"), labels(values))
    there = ~np.isnan(values[2])
    fit = LinearRegression().fit(values[:2, there].T, values[2, there])
    assert found.settled
    assert found.values[2, 7] == pytest.approx(fit.predict(values[:2, [7]].T)[0], rel=1e-9)


@pytest.mark.parametrize("method", [*REGRESSIONS, Nearest()])
def test_units_of_indicators_mean_nothing_and_chance_has_no_part(method: AnyImputation) -> None:
    values = np.random.default_rng(6).normal(size=(4, 25))
    values[:, :20:4] = np.where(np.eye(4, 5, dtype=bool), NAN, values[:, :20:4])
    first = filled(values, method).values
    assert filled(values, method).values.tolist() == first.tolist()
    unit, origin = np.array([[1e4], [1e-5], [1.0], [3.0]]), np.array([[7.0], [0.0], [-100.0], [1.0]])
    again = filled(values * unit + origin, method).values
    assert (again - origin) / unit == pytest.approx(first, rel=1e-6, abs=1e-6)


def test_a_regression_that_has_not_settled_says_so() -> None:
    values = np.random.default_rng(8).normal(size=(6, 8))
    values[np.random.default_rng(9).random(values.shape) < 0.3] = NAN
    found = impute(values, Regression(estimator="linear", rounds=1), labels(values))
    assert not found.settled


def test_a_constant_indicator_is_filled_with_its_value() -> None:
    values = np.array([[5.0, NAN, 5.0, 5.0], [1.0, 2.0, NAN, 4.0]])
    for method in (*FILLING, *REGRESSIONS):
        assert filled(values, method).values[0].tolist() == [5.0] * 4


def test_a_single_indicator_cannot_be_regressed() -> None:
    with pytest.raises(InputError, match="a single indicator has none to be regressed on"):
        filled(np.array([[1.0, NAN]]), Regression())


@pytest.mark.parametrize("method", [Regression(), Nearest()], ids=lambda method: method.method)
def test_scikit_learn_is_asked_for_where_it_is_needed(method: AnyImputation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predicting, "find_spec", lambda name: None)
    with pytest.raises(InputError) as caught:
        filled(VALUES, method)
    assert [str(fault) for fault in caught.value.faults] == [
        f"`{method.method}` needs the library scikit-learn, which is not installed. "
        'Install it with: pip install "citysim[impute]"'
    ]
    # Without a gap nothing is to be predicted.
    assert filled(np.nan_to_num(VALUES), method).values.tolist() == np.nan_to_num(VALUES).tolist()


@pytest.mark.parametrize("method", [Refuse(), ShareWeight(), *FILLING, *REGRESSIONS])
def test_a_table_that_does_not_fit_or_is_infinite_is_refused(method: AnyImputation) -> None:
    with pytest.raises(InputError, match="its labels are"):
        impute(VALUES, method, Labels(["gdp"], ["hefei"]))
    with pytest.raises(InputError, match="air of hefei: inf is not finite"):
        impute(np.where(np.isnan(VALUES), np.inf, VALUES), method, LABELS, ["anhui"] * 4)
