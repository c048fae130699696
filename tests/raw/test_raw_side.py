"""The raw side: the 66 indicators of the bundled index, one value behind each variable, points made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from raw_indices import GDP, PEOPLE, QUANTITIES, RAW, STATIONS, index_of_points, with_raw, write_printed_index

from simulator.definition import Indicator
from simulator.errors import InputError
from simulator.formulas import parse_formula
from simulator.index import Index, load_index
from simulator.raw.side import Behind, RawSide, behind, leaves_of, points_again, read_raw_side, sum_of_points

VARIABLES = ["wealth", "towers", "size"]


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


@pytest.fixture(scope="module")
def raw(published: Index) -> RawSide:
    assert published.raw is not None
    return published.raw


@pytest.fixture
def small(tmp_path: Path) -> Index:
    """Six cities whose raw values make their printed points."""
    return load_index(write_printed_index(tmp_path))


def side(index: Index) -> RawSide:
    assert index.raw is not None
    return index.raw


def indicator(raw: RawSide, identifier: str) -> Indicator:
    return next(leaf for leaf in raw.definition.indicators if leaf.id == identifier)


# The bundled index.


def test_sixty_six_indicators_stand_behind_the_fifty_variables(published: Index, raw: RawSide) -> None:
    variables = [leaf.id for leaf in published.definition.indicators]
    parts = [part.id for variable in variables for part in raw.parts(variable)]
    assert len(variables) == 50
    assert len(parts) == len(set(parts)) == 66
    assert parts == [leaf.id for leaf in raw.definition.indicators] == list(raw.values["indicator"].values)
    counts = np.bincount([len(raw.parts(variable)) for variable in variables])
    assert counts.tolist() == [0, 35, 14, 1]


def test_the_raw_side_has_the_tree_of_the_printed_index(published: Index, raw: RawSide) -> None:
    for leaf in published.definition.indicators:
        assert raw.definition.ancestors[leaf.id] == published.definition.ancestors[leaf.id]
    assert raw.quantities["city"].values.tolist() == raw.values["city"].values.tolist() == published.cities


HOLDING = {
    "gdp": {
        "gdp",
        "gdp-per-capita",
        "deposits-loans-to-gdp",
        "debt-to-gdp",
        "rd-to-gdp",
        "trade-to-gdp",
        "deaths-per-gdp",
        "premium-to-gdp",
        "carbon-to-gdp",
    },
    "public-expenditure": {"disaster-share", "environment-share", "revenue-to-expenditure"},
    "public-revenue": {"fines-share", "revenue-to-expenditure"},
}


@pytest.mark.parametrize("quantity", HOLDING)
def test_which_indicators_are_made_of_a_quantity(raw: RawSide, quantity: str) -> None:
    """GDP growth is a figure of its own: its formula does not hold GDP."""
    holding = {
        leaf.id for leaf in raw.definition.indicators if quantity in parse_formula(leaf.formula or "").quantities
    }
    assert holding == HOLDING[quantity]


def test_population_is_in_what_is_counted_per_head(raw: RawSide) -> None:
    holding = {
        leaf.id for leaf in raw.definition.indicators if "population" in parse_formula(leaf.formula or "").quantities
    }
    assert holding >= {"gdp-per-capita", "patents-per-10k", "5g-stations-per-10k", "sports-area-per-capita"}
    assert "health-expenditure-per-capita" in holding
    assert not holding & {"gdp", "gdp-growth", "urban-consumption-per-capita", "culture-expenditure"}


def test_every_formula_is_the_arithmetic_of_its_quantities(published_folder: Path, raw: RawSide) -> None:
    table = pd.read_csv(published_folder / "quantities.csv").pivot_table("value", "city", "quantity")
    table = table.reindex(raw.values["city"].values)
    by_hand = {
        "gdp-per-capita": 10_000 * table["gdp"] / ((table["population"] + table["population-2023"]) / 2),
        "deposits-loans-to-gdp": (table["deposits"] + table["loans"]) / table["gdp"],
        "trade-imbalance": (table["exports"] - table["imports"]).abs() / (table["exports"] + table["imports"]),
        "revenue-to-expenditure": table["public-revenue"] / table["public-expenditure"],
        "deaths-per-gdp": 100 * table["safety-deaths"] / table["gdp"],
    }
    for name, expected in by_hand.items():
        np.testing.assert_allclose(raw.column(name), expected, rtol=1e-14)
        assert np.isfinite(expected).sum() >= 28


def test_only_missing_quantities_make_a_value_missing(raw: RawSide) -> None:
    known = raw.quantities["value"]
    for leaf in raw.definition.indicators:
        parts = list(parse_formula(leaf.formula or "").quantities)
        complete = np.isfinite(known.sel(quantity=parts).values).all(axis=1)
        np.testing.assert_array_equal(np.isfinite(raw.column(leaf.id)), complete, leaf.id)


def test_a_selection_of_cities_keeps_their_raw_values(published: Index, raw: RawSide) -> None:
    some = published.select(["wuhan", "hefei", "shanghai"])
    assert some.raw is not None
    assert some.raw.values["city"].values.tolist() == some.cities
    np.testing.assert_array_equal(some.raw.values.values, raw.values.sel(city=some.cities).values)
    np.testing.assert_array_equal(
        some.raw.quantities["value"].values, raw.quantities["value"].sel(city=some.cities).values
    )


# A small index from files.


def test_the_values_behind_printed_points_are_those_of_the_formulas(small: Index) -> None:
    raw = side(small)
    np.testing.assert_allclose(raw.column("wealth"), np.divide(GDP, PEOPLE))
    np.testing.assert_allclose(raw.column("towers-per-head"), 1000 * np.divide(STATIONS, PEOPLE))
    assert raw.column("output").tolist() == GDP
    assert raw.file == "quantities.csv"
    assert {"raw.yaml", "quantities.csv", "printed.yaml", "points.csv"} <= set(small.hashes)


def test_a_variable_of_one_indicator_has_its_value_scale_and_direction(small: Index) -> None:
    wealth, towers = behind(side(small), "wealth"), behind(side(small), "towers")
    assert (wealth.parts, wealth.scale, wealth.direction) == (("wealth",), "positive", "higher")
    assert (towers.parts, towers.scale, towers.direction) == (("towers-per-head",), "positive", "lower")
    assert wealth.elasticity == towers.elasticity == (1.0,)
    np.testing.assert_allclose(towers.value, 1000 * np.divide(STATIONS, PEOPLE))
    assert towers.known.all()


def test_a_variable_of_two_indicators_has_the_sum_of_their_points(small: Index) -> None:
    """GDP falls and population rises from city to city, but the last two are tied: 6 and 1, 5 and 2, ..., 1 and 6."""
    size = behind(side(small), "size")
    assert (size.scale, size.direction, size.unit, size.parts) == (
        "signed",
        "higher",
        "sum of points",
        ("output", "population"),
    )
    population_points = [1, 2, 3, 4, 6, 6]
    assert size.value.tolist() == [6 - k + population_points[k] for k in range(6)]
    assert size.elasticity == (0.4, 0.5)
    np.testing.assert_array_equal(sum_of_points(side(small), "size"), size.value)
    assert points_again(side(small), "size").tolist() == [5, 5, 5, 5, 6, 5]


@pytest.mark.parametrize(
    ("first", "second", "scale", "direction"),
    [
        ("scale: positive", "scale: positive", "positive", "higher"),
        ("scale: positive, direction: lower", "scale: positive, direction: lower", "positive", "lower"),
        ("scale: positive, direction: lower", "scale: positive", "signed", "higher"),
        ("scale: positive", "scale: signed", "signed", "higher"),
        ("scale: signed, direction: lower", "scale: signed, direction: lower", "signed", "higher"),
    ],
)
def test_of_a_variable_with_an_unknown_part_only_the_scale_is_known(
    tmp_path: Path, first: str, second: str, scale: str, direction: str
) -> None:
    """Where its parts agree; otherwise it is signed, as points are."""
    text = RAW.replace("formula: gdp, scale: positive", f"formula: gdp, {first}")
    text = text.replace("formula: people, scale: positive", f"formula: people, {second}")
    rows = QUANTITIES.replace("c2,gdp,40,CNY\n", "")
    index = load_index(write_printed_index(tmp_path, {"raw.yaml": text, "quantities.csv": rows}))
    size = behind(side(index), "size")
    assert (size.scale, size.direction, size.elasticity) == (scale, direction, (0.4, 0.5))
    assert not size.known.any()
    assert np.isnan(behind(side(index), "wealth").value).tolist() == [k == 2 for k in range(6)]


def test_a_target_is_better_the_nearer(tmp_path: Path) -> None:
    text = RAW.replace('formula: "gdp / people", scale: positive', "formula: people, direction: target, target: 4")
    index = load_index(write_printed_index(tmp_path, {"raw.yaml": text}))
    wealth = behind(side(index), "wealth")
    assert (wealth.scale, wealth.direction) == ("signed", "higher")
    assert wealth.value.tolist() == [-abs(people - 4) for people in PEOPLE]


def test_points_made_again_are_ranks_of_what_is_better(small: Index) -> None:
    for variable in ("wealth", "towers"):
        assert points_again(side(small), variable).tolist() == [6, 5, 4, 3, 2, 1]
        assert points_again(side(small), variable).tolist() == small.printed.sel(slot=variable).values.tolist()


def test_points_are_made_among_the_cities_with_a_value(tmp_path: Path) -> None:
    rows = QUANTITIES.replace("c2,gdp,40,CNY\n", "")
    index = load_index(write_printed_index(tmp_path, {"quantities.csv": rows}))
    np.testing.assert_array_equal(points_again(side(index), "wealth"), [5, 4, np.nan, 3, 2, 1])
    np.testing.assert_array_equal(np.isnan(sum_of_points(side(index), "size")), [False, False, True] + [False] * 3)
    assert points_again(side(index), "towers").tolist() == [6, 5, 4, 3, 2, 1]


def test_the_weight_of_a_variable_does_not_change_its_points(tmp_path: Path) -> None:
    text = RAW.replace("- id: towers\n", "- id: towers\n          weight: 3\n")
    assert text != RAW
    index = load_index(write_printed_index(tmp_path, {"raw.yaml": text}))
    assert points_again(side(index), "towers").tolist() == [6, 5, 4, 3, 2, 1]


def test_an_unknown_variable_has_no_parts(small: Index) -> None:
    with pytest.raises(KeyError):
        side(small).parts("nothing")
    assert [leaf.id for leaf in side(small).parts("size")] == ["output", "population"]
    assert [leaf.id for leaf in side(small).parts("wealth")] == ["wealth"]
    assert [leaf.id for leaf in leaves_of(side(small).definition.index)] == [
        "wealth",
        "towers-per-head",
        "output",
        "population",
    ]


def test_a_change_of_a_part_acts_with_its_elasticity() -> None:
    one = Behind("v", ("a", "b"), "positive", "higher", "", (0.25, -1.0), np.array([1.0]))
    assert one.changed("a", 16.0) == 2
    assert one.changed("b", 4.0) == 0.25
    assert one.changed("a", 1.0) == 1


def test_a_raw_side_in_memory_is_that_of_files() -> None:
    index = with_raw(index_of_points({"m-a": [1, 2, 3], "m-b": [3, 2, 1]}), {"m-a": [0.5, np.nan, 9]}, scale="positive")
    own = behind(side(index), "m-a")
    np.testing.assert_array_equal(own.value, [0.5, np.nan, 9])
    assert (own.scale, own.direction) == ("positive", "higher")


# What is refused.


@pytest.mark.parametrize("data", ["", "data: {matrix: quantities.csv}\n"])
def test_a_raw_side_without_quantities_is_refused(tmp_path: Path, data: str) -> None:
    write_printed_index(tmp_path, {"raw.yaml": RAW.replace("data: {quantities: quantities.csv}\n", data)})
    with pytest.raises(InputError, match="the definition names no quantities") as caught:
        read_raw_side(tmp_path / "raw.yaml", ["c0"], VARIABLES)
    assert caught.value.faults[0].remedy == "Add `data: {quantities: FILE}`, a table beside the definition."


def test_cities_are_those_of_the_printed_index_in_their_order(tmp_path: Path) -> None:
    write_printed_index(tmp_path)
    cities = [f"c{k}" for k in (3, 1, 0, 2, 5, 4)]
    raw: Any = read_raw_side(tmp_path / "raw.yaml", cities, VARIABLES)
    assert raw.values["city"].values.tolist() == cities
    assert raw.column("output").tolist() == [GDP[k] for k in (3, 1, 0, 2, 5, 4)]
    with pytest.raises(InputError, match="no city 'c5'"):
        read_raw_side(tmp_path / "raw.yaml", cities[:4], VARIABLES)


@pytest.mark.parametrize(
    ("old", "new", "stray"),
    [
        ("- {id: wealth, formula", "- {id: welth, formula", ["welth"]),
        ("- id: size\n", "- id: extent\n", ["output", "population"]),
        ("id: towers\n", "id: masts\n", ["towers-per-head"]),
    ],
)
def test_an_indicator_below_no_printed_variable_is_refused(
    tmp_path: Path, old: str, new: str, stray: list[str]
) -> None:
    write_printed_index(tmp_path, {"raw.yaml": RAW.replace(old, new)})
    with pytest.raises(InputError) as caught:
        load_index(tmp_path / "printed.yaml")
    assert caught.value.source == str(tmp_path / "raw.yaml")
    assert [fault.place for fault in caught.value.faults] == stray
    for fault in caught.value.faults:
        assert "is an indicator of the index of points" in fault.problem
        assert fault.remedy.startswith("Give one of them the id of the variable.")


def test_a_negative_value_on_a_positive_scale_is_refused(tmp_path: Path) -> None:
    write_printed_index(tmp_path, {"quantities.csv": QUANTITIES.replace("c5,gdp,10,", "c5,gdp,-10,")})
    with pytest.raises(InputError) as caught:
        load_index(tmp_path / "printed.yaml")
    assert caught.value.source == str(tmp_path / "quantities.csv")
    assert [(fault.place, fault.problem) for fault in caught.value.faults] == [
        ("wealth of c5", "-1 is negative, on a positive scale"),
        ("output of c5", "-10 is negative, on a positive scale"),
    ]
    assert caught.value.faults[0].remedy == "Correct the quantity, or say `scale: signed`."
