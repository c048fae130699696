"""Indicators over a quantity of the city."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_with_gaps import NAN, labels, tables

from simulator.construction.cells import Labels
from simulator.construction.denominators import denominate
from simulator.errors import InputError
from simulator.kernels.arrays import Floats
from simulator.preparation import (
    Denominator,
)

LABELS = Labels(["gdp", "air"], ["hefei", "wuhu", "harbin"])
VALUES = np.array([[10.0, 20.0, 30.0], [1.0, NAN, 3.0]])
PEOPLE = np.array([5.0, 2.0, 3.0])


def faults(*arguments: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        denominate(*arguments)  # type: ignore[arg-type]
    return [str(fault) for fault in caught.value.faults]


@given(values=tables(), data=st.data())
def test_ratios_agree_with_a_loop_over_cells(values: Floats, data: st.DataObject) -> None:
    count, n = values.shape
    sizes = st.lists(st.floats(1e-3, 1e6), min_size=n, max_size=n).map(np.array)
    quantities = {"people": data.draw(sizes), "area": data.draw(sizes)}
    one = st.one_of(
        st.none(),
        st.builds(Denominator, by=st.sampled_from(["people", "area"]), scale=st.sampled_from([1.0, 0.001, 1000.0])),
    )
    chosen = data.draw(st.lists(one, min_size=count, max_size=count))
    before = values.copy()
    ratios = denominate(values, chosen, quantities, labels(values))
    for row in range(count):
        for city in range(n):
            expected = values[row, city]
            by = chosen[row]
            if by is not None:
                expected = expected / quantities[by.by][city] * by.scale
            assert ratios[row, city] == pytest.approx(expected, rel=1e-15, nan_ok=True)
    assert np.array_equal(values, before, equal_nan=True)


def test_an_indicator_without_a_denominator_stays_as_it_is() -> None:
    ratios = denominate(VALUES, [None, None], {}, LABELS)
    assert np.array_equal(ratios, VALUES, equal_nan=True)
    assert ratios is not VALUES


def test_every_denominator_that_nothing_is_divided_by_is_named() -> None:
    per_head = Denominator(by="people")
    people = np.array([0.0, NAN, -3.0])
    remedy = "Give a number above zero, or leave out the denominator."
    assert faults(VALUES, [per_head, per_head], {"people": people}, LABELS) == [
        f"gdp of hefei: people is 0, by which nothing is divided. {remedy}",
        f"gdp of wuhu: people is missing. {remedy}",
        f"gdp of harbin: people is -3, by which nothing is divided. {remedy}",
        f"air of hefei: people is 0, by which nothing is divided. {remedy}",
        f"air of harbin: people is -3, by which nothing is divided. {remedy}",
    ]
    assert "people is inf" in faults(VALUES, [per_head, None], {"people": np.array([np.inf, 1.0, 1.0])}, LABELS)[0]


def test_a_quantity_may_be_missing_where_there_is_no_value() -> None:
    ratios = denominate(VALUES, [None, Denominator(by="people")], {"people": np.array([2.0, NAN, 3.0])}, LABELS)
    assert ratios[1].tolist() == pytest.approx([0.5, NAN, 1.0], nan_ok=True)
    assert np.isnan(denominate(VALUES, [None, Denominator(by="p")], {"p": np.array([2.0, 0.0, 3.0])}, LABELS)[1, 1])


def test_a_missing_quantity_leaves_no_ratio_where_that_is_allowed() -> None:
    people = {"people": np.array([2.0, NAN, 3.0])}
    ratios = denominate(VALUES, [Denominator(by="people", missing="leave"), None], people, LABELS)
    assert ratios[0].tolist() == pytest.approx([5.0, NAN, 10.0], nan_ok=True)
    assert len(faults(VALUES, [Denominator(by="people"), None], people, LABELS)) == 1
    zero = {"people": np.array([2.0, 0.0, 3.0])}
    assert len(faults(VALUES, [Denominator(by="people", missing="leave"), None], zero, LABELS)) == 1


def test_unknown_quantities_and_wrong_lengths_are_told_together() -> None:
    chosen = [Denominator(by="peple"), Denominator(by="area")]
    assert faults(VALUES, chosen, {"people": PEOPLE, "area": PEOPLE[:2]}, LABELS) == [
        "gdp: unknown quantity 'peple'. Did you mean people?",
        "area: [2] numbers for 3 cities. Give one for each city (convention 2).",
    ]
    assert faults(VALUES, [None], {}, LABELS) == [
        "1 denominators for 2 indicators. Give one for each indicator, or none for it (convention 2)."
    ]


def test_a_ratio_too_large_for_a_number_is_refused() -> None:
    values = np.array([[1e300, 1.0]])
    small = {"people": np.array([1e-300, 1.0])}
    told = faults(values, [Denominator(by="people")], small, Labels(["gdp"], ["hefei", "wuhu"]))
    assert told == [
        "gdp of hefei: the ratio is too large for a number. Check the value, its denominator and the scale."
    ]


def test_a_table_that_does_not_fit_or_is_infinite_is_refused() -> None:
    assert faults(VALUES, [None, None], {}, Labels(["gdp"], ["hefei"])) == [
        "the table is [2, 3], its labels are [1, 1] (indicators, cities). "
        "Name every row and every column (convention 2)."
    ]
    infinite = np.where(VALUES == 20.0, -np.inf, VALUES)
    assert faults(infinite, [None, None], {}, LABELS) == [
        "gdp of wuhu: -inf is not finite. Give a finite number, or leave the cell empty."
    ]
    assert faults(np.empty((0, 3)), [], {}, Labels([], ["hefei", "wuhu", "harbin"])) == [
        "the table has no values. Give an indicator and a city at least."
    ]
