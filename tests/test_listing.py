"""What a file says of cities, and everything that can be wrong with it."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.listing import (
    Listing,
    cell_faults,
    city_faults,
    column_faults,
    list_table,
    numbers_in,
    text_of,
)
from simulator.tables import MOST_FAULTS


def listing(cities: list[str], headings: list[str] | None = None, **columns: list[Any]) -> Listing:
    return Listing(
        source="m.csv",
        entry="row",
        places=range(2, len(cities) + 2),
        headings=["city", *columns] if headings is None else headings,
        cities=cities,
        attributes={},
        columns=columns,
    )


def texts(faults: list[Any]) -> list[str]:
    return [str(fault) for fault in faults]


# Tables.


def test_a_table_is_split_into_cities_attributes_and_values() -> None:
    table = pd.DataFrame(
        {"gdp": ["1", "2"], "name_zh": ["合肥", " 苏州 "], "city": [" hefei", "suzhou"], "status": ["a", ""]},
        index=pd.Index([2, 5], name="row"),
    )
    found = list_table(Path("m.csv"), table, ["gdp"])
    assert found.cities == ["hefei", "suzhou"]
    assert found.attributes == {"city_name_zh": ["合肥", "苏州"], "status": ["a", ""]}
    assert found.columns == {"gdp": ["1", "2"]}
    assert found.headings == ["gdp", "name_zh", "city", "status"]
    assert (found.source, found.entry, list(found.places)) == ("m.csv", "row", [2, 5])
    assert [found.place(0), found.place(1)] == ["row 2 (hefei)", "row 5 (suzhou)"]


def test_an_indicator_may_have_the_name_of_an_attribute() -> None:
    table = pd.DataFrame({"city": ["hefei"], "status": ["3"]})
    found = list_table(Path("m.csv"), table, ["status"])
    assert (found.attributes, found.columns) == ({}, {"status": ["3"]})


def test_of_a_column_given_twice_the_first_counts() -> None:
    table = pd.DataFrame([["hefei", "1", "2"]], columns=["city", "gdp", "gdp"])
    found = list_table(Path("m.csv"), table, ["gdp"])
    assert found.columns == {"gdp": ["1"]}
    assert texts(column_faults(found, ["gdp"])) == ["column gdp: is given twice. Keep one of them."]


def test_a_table_without_a_column_of_cities_has_none() -> None:
    found = list_table(Path("m.csv"), pd.DataFrame({"gdp": ["1"]}), ["gdp"])
    assert found.cities == []
    assert found.place(0) == "row 0"
    assert texts(column_faults(found, ["gdp"])) == ["column city: is missing. Add it."]


# Columns and cities.


def test_columns_missing_unknown_and_twice_are_told() -> None:
    found = listing(["a"], ["city", "gpd", "extra", "extra", "schools"], gpd=["1"], extra=["2"], schools=["3"])
    assert texts(column_faults(found, ["gdp", "schools", "debt"])) == [
        "column gdp: is missing. Did you mean gpd?",
        "column debt: is missing. Add it.",
        "column gpd: is unknown. Did you mean gdp?",
        "column extra: is unknown. Remove it, or add it to the definition.",
        "column extra: is given twice. Keep one of them.",
    ]


def test_an_attribute_that_is_misspelt_is_recognised() -> None:
    found = listing(["a"], ["city", "provnce"], provnce=["Anhui"])
    assert texts(column_faults(found, [])) == ["column provnce: is unknown. Did you mean province?"]


def test_cities_without_a_name_or_given_twice_are_told() -> None:
    assert texts(city_faults(listing(["a", "", "b", "a", "a"]))) == [
        "row 3: the name of the city is empty. Name it.",
        "row 5 (a): the city stands in row 2 already. Keep one of them.",
        "row 6 (a): the city stands in row 2 already. Keep one of them.",
    ]
    assert city_faults(listing(["a", "A", "b"])) == []


def test_no_city_at_all_is_told() -> None:
    assert texts(city_faults(listing([]))) == ["there is no city. Give one row for each city."]


# Cells.


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1e3", 1000.0),
        (" -2.5 ", -2.5),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("1E-2", 0.01),
        (7, 7.0),
        (2.5, 2.5),
        (Decimal("0.1"), 0.1),
        ("-inf", -math.inf),
        ("Infinity", math.inf),
        (math.inf, math.inf),
    ],
)
def test_a_number_is_read(cell: Any, number: float) -> None:
    assert numbers_in([cell]).tolist() == [number]


@pytest.mark.parametrize(
    "cell",
    [
        "",
        " ",
        "x",
        "1,234",
        "1.234,5",
        "12 km",
        "0x1F",
        "1_000",
        "１２",
        "1e",
        "--1",
        "NaN",
        None,
        True,
        pd.NA,
        "٣",
        "1 2",
    ],
)
def test_anything_else_is_no_number(cell: Any) -> None:
    assert math.isnan(numbers_in([cell])[0])


def test_numbers_keep_their_order_and_kind() -> None:
    found = numbers_in(["3", "x", 1])
    assert found.dtype == np.float64
    assert found.tolist()[::2] == [3.0, 1.0]
    assert numbers_in([]).shape == (0,)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_written_out_is_read_back(number: float) -> None:
    assert numbers_in([repr(number), f" {number!r}", number]).tolist() == [number] * 3


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), (math.nan, ""), (pd.NA, ""), (3.0, "3"), (3.5, "3.5"), (" 合肥 ", "合肥"), (7, "7"), (True, "True")],
)
def test_a_cell_as_text(cell: Any, text: str) -> None:
    assert text_of(cell) == text


def test_bad_cells_are_told_by_kind_from_the_first_row() -> None:
    found = listing(["a", "b", "c"], gdp=["x", "1", "inf"], debt=["", "2", "n/a"])
    numbers = {name: numbers_in(cells) for name, cells in found.columns.items()}
    assert texts(cell_faults(found, numbers)) == [
        "row 2 (a), column gdp: 'x' is not a number. Write digits and a decimal point only, as in 1234.5.",
        "row 2 (a), column debt: is missing (convention 4). Fill it, leave it out, or choose an `imputation`.",
        "row 4 (c), column debt: is missing (convention 4). Fill it, leave it out, or choose an `imputation`.",
        "row 4 (c), column gdp: 'inf' is not finite. Write a finite number.",
    ]


@pytest.mark.parametrize("mark", ["", " ", "NA", "n/a", "NaN", "null", "None", "#N/A", "-", "—", None, math.nan, pd.NA])
def test_a_mark_for_nothing_is_missing_and_never_zero(mark: Any) -> None:
    found = listing(["a"], gdp=[mark])
    (fault,) = cell_faults(found, {"gdp": numbers_in([mark])})
    assert fault.problem == "is missing (convention 4)"


def test_a_long_text_is_cut() -> None:
    found = listing(["a"], gdp=["x" * 500])
    (fault,) = cell_faults(found, {"gdp": numbers_in(["x" * 500])})
    assert len(fault.problem) < 90
    assert "…" in fault.problem


def test_many_faults_of_a_kind_are_counted() -> None:
    count = MOST_FAULTS + 5
    found = listing([f"c{number}" for number in range(count)], gdp=[""] * count)
    told = texts(cell_faults(found, {"gdp": numbers_in([""] * count)}))
    assert len(told) == MOST_FAULTS + 1
    assert told[-1] == "… and 5 more missing cells"


def test_good_cells_have_no_fault() -> None:
    found = listing(["a", "b"], gdp=["0", "-0.0"])
    assert cell_faults(found, {"gdp": numbers_in(["0", "-0.0"])}) == []
