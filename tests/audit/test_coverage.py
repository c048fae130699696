"""What is there of a table, and how it varies, against loops over its rows and columns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from tables_with_gaps import NAN, labels, tables

from simulator.auditing.coverage import coverage_report
from simulator.construction.cells import Labels
from simulator.construction.skewness import fails_test, skew_and_kurtosis
from simulator.errors import InputError
from simulator.kernels.arrays import Floats


def shares(lines: list[list[float]]) -> list[tuple[int, float, int, float]]:
    """Return number and share of values, number of different ones, and share of zeros, of each line."""
    found = []
    for line in lines:
        there = [value for value in line if not math.isnan(value)]
        zeros = sum(value == 0 for value in there) / len(there) if there else NAN
        found.append((len(there), len(there) / len(line), len(set(there)), zeros))
    return found


@given(values=tables())
def test_figures_agree_with_a_loop(values: Floats) -> None:
    report = coverage_report(values, labels(values), 1.0, 0.0)
    rows, columns = np.array(shares(values.tolist())), np.array(shares(values.T.tolist()))
    of = report.indicators
    assert np.array_equal(np.array([of.present, of.share, of.distinct, of.zeros]).T, rows, equal_nan=True)
    cities = report.cities
    found = np.array([cities.present, cities.share, cities.zeros]).T
    assert np.array_equal(found, columns[:, [0, 1, 3]], equal_nan=True)
    skew, kurtosis = skew_and_kurtosis(values)
    assert np.array_equal(of.skew, skew, equal_nan=True)
    assert np.array_equal(of.kurtosis, kurtosis, equal_nan=True)
    assert of.fails.tolist() == fails_test(skew, kurtosis, 1.0, 0.0).tolist()


def test_an_empty_indicator_and_one_with_an_outlier() -> None:
    values = np.array([[NAN] * 8, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 100.0]])
    of = coverage_report(values, labels(values)).indicators
    assert (of.present.tolist(), of.distinct.tolist(), of.fails.tolist()) == ([0, 8], [0, 8], [False, True])
    assert np.isnan([of.zeros[0], of.skew[0], of.kurtosis[0]]).all()


def test_a_table_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="its labels are"):
        coverage_report(np.ones((2, 2)), Labels(["a"], ["b"]))
