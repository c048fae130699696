"""Outliers treated: winsorising against a loop over cities, transformations against their closed forms and scipy."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special, stats
from tables_with_gaps import NAN, labels, tables

from simulator.construction.cells import Labels
from simulator.construction.skewness import fails_test, skew_and_kurtosis
from simulator.construction.treatment import Treated, treat, winsorised
from simulator.errors import InputError
from simulator.kernels.arrays import Floats
from simulator.preparation import (
    AnyTreatment,
    BoxCox,
    LogTransform,
    Untreated,
    Winsorise,
)

OUTLIER = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 400.0]

limits = st.sampled_from([(2.0, 3.5), (1.0, 0.0), (0.5, -2.0), (0.1, -2.0)])


def treated(values: Floats, method: AnyTreatment) -> Treated:
    return treat(values, method, labels(values))


def moment(there: list[float], which: str) -> float:
    function = stats.skew if which == "skew" else stats.kurtosis
    return float(function(there, bias=False))


def winsorised_by_hand(row: list[float], method: Winsorise) -> list[float]:
    """Set the extreme values of a row to the next ones, a city after the other."""
    now = list(row)
    high: set[int] = set()
    low: set[int] = set()
    while True:
        there = [value for value in now if not math.isnan(value)]
        if len(set(there)) < 2:
            return now
        skew = moment(there, "skew") if len(there) > 2 else NAN
        kurtosis = moment(there, "kurtosis") if len(there) > 3 else NAN
        fails = abs(skew) >= method.skew and kurtosis >= method.kurtosis
        if not (fails or method.everywhere) or len(high) + len(low) >= method.most:
            return now
        extreme = min(there) if skew < -1e-12 else max(there)
        others = [value for value in there if value != extreme]
        following = min(others) if skew < -1e-12 else max(others)
        if len(set(others)) == 1:
            return now
        moved = {city for city, value in enumerate(now) if value == extreme}
        if skew < -1e-12:
            low = moved
        else:
            high = moved
        for city in moved:
            now[city] = following


@given(
    rows=st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 30.0, 31.0, 90.0, -40.0, NAN]), min_size=9, max_size=9),
        min_size=1,
        max_size=4,
    ),
    limit=limits,
    most=st.integers(1, 9),
    everywhere=st.booleans(),
)
def test_winsorising_agrees_with_a_loop_over_cities(
    rows: list[list[float]], limit: tuple[float, float], most: int, everywhere: bool
) -> None:
    method = Winsorise(skew=limit[0], kurtosis=limit[1], most=most, everywhere=everywhere)
    assert np.array_equal(
        winsorised(np.array(rows), method), [winsorised_by_hand(row, method) for row in rows], equal_nan=True
    )


@given(values=tables(fewest=4), limit=limits, most=st.integers(1, 20), everywhere=st.booleans())
def test_winsorising_keeps_order_range_and_gaps(
    values: Floats, limit: tuple[float, float], most: int, everywhere: bool
) -> None:
    method = Winsorise(skew=limit[0], kurtosis=limit[1], most=most, everywhere=everywhere)
    before = values.copy()
    found = treated(values, method)
    assert np.array_equal(values, before, equal_nan=True)
    for row, now, record in zip(values, found.values, found.records, strict=True):
        there = ~np.isnan(row)
        assert (np.isnan(now) == ~there).all()
        order = np.argsort(row[there], kind="stable")
        assert (np.diff(now[there][order]) >= 0).all()
        assert set(now[there]) <= set(row[there])
        assert record.cells.tolist() == np.flatnonzero((row != now) & there).tolist()
        assert record.changed == len(record.cells)
        assert record.method == ("winsorise" if record.changed else "none")
        # An indicator that varied still does.
        assert (np.ptp(now[there]) > 0) == (np.ptp(row[there]) > 0)


@given(values=tables(fewest=4), limit=limits, most=st.integers(1, 20))
def test_winsorising_again_changes_nothing_that_was_mended(
    values: Floats, limit: tuple[float, float], most: int
) -> None:
    method = Winsorise(skew=limit[0], kurtosis=limit[1], most=most)
    once = treated(values, method)
    twice = treated(once.values, method)
    for first, second, record in zip(once.values, twice.values, once.records, strict=True):
        if not record.fails:
            assert np.array_equal(first, second, equal_nan=True)


@given(values=tables(fewest=4), limit=limits)
def test_a_record_tells_the_moments_and_the_test(values: Floats, limit: tuple[float, float]) -> None:
    method = Winsorise(skew=limit[0], kurtosis=limit[1])
    found = treated(values, method)
    for moments, kind in ((skew_and_kurtosis(values), "before"), (skew_and_kurtosis(found.values), "after")):
        assert np.array_equal(moments[0], [getattr(r, f"skew_{kind}") for r in found.records], equal_nan=True)
        assert np.array_equal(moments[1], [getattr(r, f"kurtosis_{kind}") for r in found.records], equal_nan=True)
    fails = fails_test(*skew_and_kurtosis(found.values), *limit)
    assert [record.fails for record in found.records] == fails.tolist()


def test_equal_values_are_set_together_and_may_be_more_than_the_most() -> None:
    row = [0.0] * 40 + [1.0] * 40 + [2.0] * 3 + [90.0] * 2
    found = treated(np.array([row]), Winsorise(most=1))
    assert found.values[0].tolist() == [0.0] * 40 + [1.0] * 40 + [2.0] * 5
    assert found.records[0].cells.tolist() == [83, 84]


def test_large_kurtosis_without_skew_passes() -> None:
    row = np.array([[-100.0, 100.0, *([0.0, 1.0, -1.0] * 10)]])
    record = treated(row, Winsorise()).records[0]
    assert record.kurtosis_before > 3.5 > abs(record.skew_before)
    assert (record.method, record.fails) == ("none", False)


def test_the_side_is_that_of_the_skew() -> None:
    high, low = np.array([OUTLIER]), -np.array([OUTLIER])
    assert treated(high, Winsorise()).values[0, -1] == 10.0
    assert treated(low, Winsorise()).values[0, -1] == -10.0


def test_an_indicator_of_two_values_is_never_made_constant() -> None:
    row = np.array([[0.0] * 50 + [1.0]])
    found = treated(row, Winsorise())
    assert np.array_equal(found.values, row)
    assert (found.records[0].method, found.records[0].fails) == ("none", True)


def test_what_winsorising_does_not_mend_is_transformed_from_the_start() -> None:
    row = np.array([np.exp(np.linspace(0.0, 30.0, 60)), np.arange(60.0)])
    plain = treated(row, Winsorise())
    assert (plain.records[0].changed, plain.records[0].fails) == (5, True)
    found = treated(row, Winsorise(otherwise=LogTransform(form="plain")))
    assert found.values[0] == pytest.approx(np.linspace(0.0, 30.0, 60))
    assert (found.records[0].method, found.records[0].fails) == ("log", False)
    # ln(1) is 0: every value has changed.
    assert found.records[0].changed == 60
    assert (found.records[1].method, found.records[1].changed) == ("none", 0)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (LogTransform(), lambda x: np.log(x - x.min() + 0.01 * np.ptp(x))),
        (LogTransform(share=0.5), lambda x: np.log(x - x.min() + 0.5 * np.ptp(x))),
        (LogTransform(form="plain"), np.log),
        (LogTransform(form="signed"), lambda x: np.log(1 + x)),
        (BoxCox(), lambda x: stats.boxcox(x)[0]),
        (BoxCox(shifted=True, share=0.1), lambda x: stats.boxcox(x - x.min() + 0.1 * np.ptp(x))[0]),
    ],
)
def test_transformations_by_their_formulas(method: LogTransform | BoxCox, expected: object) -> None:
    row = np.array(OUTLIER)
    values = np.array([[*row, NAN], [*np.arange(11.0), NAN]])
    found = treated(values, method)
    assert found.values[0, :-1] == pytest.approx(expected(row), rel=1e-12)  # type: ignore[operator]
    # The second indicator has no outlier; what is missing stays so.
    assert np.array_equal(found.values[1], values[1], equal_nan=True)
    assert np.isnan(found.values[:, -1]).all()
    assert [record.method for record in found.records] == [method.method, "none"]


def test_the_shift_and_the_power_make_the_values_again() -> None:
    values = np.array([[-3.0, *OUTLIER]])
    record = treated(values, LogTransform()).records[0]
    assert treated(values, LogTransform()).values == pytest.approx(np.log(values + record.shift))
    assert math.isnan(record.power)
    record = treated(values, BoxCox(shifted=True)).records[0]
    again = special.boxcox(values + record.shift, record.power)
    assert treated(values, BoxCox(shifted=True)).values == pytest.approx(again)


def test_a_signed_logarithm_is_odd() -> None:
    values = np.array([[*OUTLIER, 0.0]])
    method = LogTransform(form="signed")
    assert treated(-values, method).values.tolist() == (-treated(values, method).values).tolist()


def test_everywhere_spares_only_what_is_constant() -> None:
    values = np.array([np.arange(1.0, 12.0), np.full(11, 5.0)])
    for method in (LogTransform(everywhere=True), BoxCox(everywhere=True), Winsorise(everywhere=True)):
        found = treated(values, method)
        assert [record.method for record in found.records] == [method.method, "none"]
        assert found.values[1].tolist() == values[1].tolist()
    # Symmetric: the largest goes first, then the side of the skew.
    assert treated(values, Winsorise(everywhere=True, most=1)).values[0].tolist() == [*range(1, 11), 10]


@given(values=tables(fewest=2))
def test_transformations_keep_the_order(values: Floats) -> None:
    for method in (LogTransform(everywhere=True), LogTransform(form="signed", everywhere=True)):
        for row, now in zip(values, treated(values, method).values, strict=True):
            there = ~np.isnan(row)
            assert (np.diff(now[there][np.argsort(row[there], kind="stable")]) >= 0).all()


@given(row=st.lists(st.floats(0.5, 1e4), min_size=3, max_size=20))
def test_box_cox_keeps_the_order_or_says_that_it_cannot(row: list[float]) -> None:
    values = np.array([row])
    assume(np.ptp(values) > 1e-9)
    try:
        found = treated(values, BoxCox(everywhere=True))
    except InputError:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            plain = stats.boxcox(np.array(row))[0]
        assert told or len(set(plain.tolist())) < len(set(row)) or not np.isfinite(plain).all()
        return
    assert (np.diff(found.values[0][np.argsort(row, kind="stable")]) >= 0).all()


@given(values=tables())
def test_no_treatment_changes_nothing(values: Floats) -> None:
    found = treated(values, Untreated())
    assert np.array_equal(found.values, values, equal_nan=True)
    assert found.values is not values
    assert all(record.method == "none" and not record.changed for record in found.records)


def test_every_indicator_that_cannot_be_transformed_is_named() -> None:
    values = np.array([[0.0, *OUTLIER], [-5.0, *OUTLIER], [1.0, *OUTLIER]])
    named = Labels(["gdp", "debt", "air"], [str(city) for city in range(12)])
    with pytest.raises(InputError) as caught:
        treat(values, LogTransform(form="plain"), named)
    assert str(caught.value) == (
        "treatment: 2 faults\n"
        "  gdp: the lowest value is 0, and only values above zero have a logarithm. "
        "Choose `form: shifted` or `form: signed`.\n"
        "  debt: the lowest value is -5, and only values above zero have a logarithm. "
        "Choose `form: shifted` or `form: signed`."
    )
    with pytest.raises(InputError, match=r"debt: the lowest value is -5.*Box-Cox.*Set `shifted: true`"):
        treat(values, Winsorise(most=1, skew=0.01, kurtosis=-2, otherwise=BoxCox()), named)


def test_values_out_of_reach_are_refused() -> None:
    far = np.array([[-1.7e308, 0.0, 1.0, 2.0, 1.7e308]])
    with pytest.raises(InputError, match="values lie too far apart"):
        treated(far, LogTransform(everywhere=True))
    # So narrow that the power that makes them normal is out of range.
    narrow = np.array([1e9 + np.array(OUTLIER) ** 2])
    with pytest.raises(InputError, match="no λ of largest likelihood"):
        treated(narrow, BoxCox(everywhere=True))


@pytest.mark.parametrize("method", [Untreated(), Winsorise(), LogTransform(), BoxCox()])
def test_a_table_that_does_not_fit_is_refused(method: AnyTreatment) -> None:
    with pytest.raises(InputError, match="its labels are"):
        treat(np.ones((2, 2)), method, Labels(["a"], ["b", "c"]))


def test_many_cities_and_indicators() -> None:
    values = np.random.default_rng(7).lognormal(0.0, 1.0, (50, 3000))
    found = treated(values, Winsorise(most=40))
    some = [0, 17, 49]
    for row in some:
        assert found.values[row].tolist() == winsorised_by_hand(values[row].tolist(), Winsorise(most=40))
    assert all(record.changed <= 40 for record in found.records)
