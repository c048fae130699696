"""Skew and kurtosis of rows with gaps, against scipy's of the values alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tables_with_gaps import NAN, tables

from simulator.construction.skewness import constant_rows, fails_test, skew_and_kurtosis
from simulator.kernels.arrays import Floats


@given(values=tables())
def test_moments_agree_with_those_of_scipy(values: Floats) -> None:
    skew, kurtosis = skew_and_kurtosis(values)
    for row, g1, g2 in zip(values, skew, kurtosis, strict=True):
        there = row[~np.isnan(row)]
        varied = np.ptp(there) > 1e-12 * np.abs(there).max()
        # scipy's own rounding shows where the spread is small beside the values, and where these are close to nothing.
        size = np.abs(there).max()
        fine = np.ptp(there) > 1e-3 * size
        there = there / (size or 1.0)
        assert np.isnan(g1) == (not varied or there.size < 3)
        assert np.isnan(g2) == (not varied or there.size < 4)
        if fine and not np.isnan(g1):
            assert g1 == pytest.approx(stats.skew(there, bias=False), rel=1e-7, abs=1e-7)
        if fine and not np.isnan(g2):
            assert g2 == pytest.approx(stats.kurtosis(there, bias=False), rel=1e-7, abs=1e-7)


def test_a_large_mean_costs_no_digits() -> None:
    small = np.array([[0.0, 1.0, 2.0, 7.0, NAN]])
    for moved, plain in zip(skew_and_kurtosis(small + 2.0**40), skew_and_kurtosis(small), strict=True):
        assert moved == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("factor", [1e-300, 1e-160, 1e160, 1e307])
def test_the_unit_means_nothing_however_small_or_large(factor: float) -> None:
    values = np.array([[0.0, 1.0, -2.0, 7.0, 3.0]])
    for scaled, plain in zip(skew_and_kurtosis(values * factor), skew_and_kurtosis(values), strict=True):
        assert scaled == pytest.approx(plain, rel=1e-12)


def test_a_row_that_is_constant_short_or_empty_has_none() -> None:
    values = np.array([[0.3, 0.1 + 0.2, 0.3, 0.3], [NAN] * 4, [1.0, 2.0, NAN, NAN], [1.0, 2.0, 9.0, NAN]])
    skew, kurtosis = skew_and_kurtosis(values)
    assert np.isnan(skew).tolist() == [True, True, True, False]
    assert np.isnan(kurtosis).all()
    assert constant_rows(values).tolist() == [True, True, False, False]
    assert not fails_test(skew, kurtosis).any()


@given(values=tables(fewest=4), seed=st.integers(0, 99))
def test_turning_a_row_round_turns_its_skew_alone(values: Floats, seed: int) -> None:
    skew, kurtosis = skew_and_kurtosis(values)
    turned = skew_and_kurtosis(-values[:, np.random.default_rng(seed).permutation(values.shape[1])])
    assert turned[0] == pytest.approx(-skew, rel=1e-6, abs=1e-6, nan_ok=True)
    assert turned[1] == pytest.approx(kurtosis, rel=1e-6, abs=1e-6, nan_ok=True)


def test_both_have_to_reach_their_limits() -> None:
    skew, kurtosis = np.array([2.0, -2.0, 1.9, 3.0]), np.array([3.5, 3.5, 9.0, 3.4])
    assert fails_test(skew, kurtosis).tolist() == [True, True, False, False]
    assert fails_test(skew, kurtosis, 1.9, 3.4).all()
