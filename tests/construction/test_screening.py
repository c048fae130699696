"""Cities with too few values, or too many zeros, left out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_with_gaps import NAN, labels, tables

from simulator.construction.cells import Labels
from simulator.construction.screening import screen
from simulator.errors import InputError
from simulator.kernels.arrays import Floats
from simulator.preparation import (
    Coverage,
    KeepAll,
)

LABELS = Labels(["a", "b", "c"], ["full", "zeros", "two", "one", "none"])
VALUES = np.array([[1.0, 0.0, 3.0, 5.0, NAN], [2.0, 0.0, NAN, NAN, NAN], [0.0, 1.0, 0.0, NAN, NAN]])


@given(values=tables(), present=st.floats(0, 1), nonzero=st.one_of(st.none(), st.floats(0, 1)))
def test_shares_agree_with_a_loop_over_cities(values: Floats, present: float, nonzero: float | None) -> None:
    kept, coverage, filled = [], [], []
    for city in values.T:
        there = [value for value in city.tolist() if not math.isnan(value)]
        coverage.append(len(there) / len(city))
        filled.append(sum(value != 0 for value in there) / len(there) if there else NAN)
        kept.append(coverage[-1] >= present and (nonzero is None or filled[-1] >= nonzero))
    method = Coverage(present=present, nonzero=nonzero)
    if not any(kept):
        with pytest.raises(InputError, match="no city is kept"):
            screen(values, method, labels(values))
        return
    found = screen(values, method, labels(values))
    assert found.kept.tolist() == kept
    assert found.coverage.tolist() == coverage
    assert np.array_equal(found.nonzero, filled, equal_nan=True)


def test_a_city_at_the_threshold_is_kept() -> None:
    found = screen(VALUES, Coverage(), LABELS)
    assert found.coverage.tolist() == [1.0, 1.0, 2 / 3, 1 / 3, 0.0]
    assert found.kept.tolist() == [True, True, True, False, False]


def test_too_many_zeros_drop_a_city_only_if_asked_for() -> None:
    assert screen(VALUES, Coverage(nonzero=0.5), LABELS).kept.tolist() == [True, False, True, False, False]
    # A city without any value has no share of values that are not zero.
    assert screen(VALUES, Coverage(present=0, nonzero=0), LABELS).kept.tolist() == [True, True, True, True, False]
    assert screen(VALUES, KeepAll(), LABELS).kept.all()


@given(values=tables(), low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_higher_threshold_keeps_no_more_cities(values: Floats, low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    named = labels(values)
    try:
        strict = screen(values, Coverage(present=high), named).kept
    except InputError:
        return
    assert (screen(values, Coverage(present=low), named).kept | ~strict).all()


def test_no_city_left_is_an_error() -> None:
    with pytest.raises(InputError) as caught:
        screen(VALUES[:, 3:], Coverage(present=0.5), Labels(LABELS.indicators, LABELS.cities[3:]))
    assert str(caught.value) == (
        "screening: 1 fault\n"
        "  no city is kept; the largest coverage is 0.333. Lower `present` or `nonzero`, or add data."
    )


def test_a_table_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="its labels are"):
        screen(VALUES, KeepAll(), Labels(["a"], ["full"]))
