"""Raw quantities from a long table, indicators from formulas, and an index of a user's own made of both."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import simulator as sim
from simulator.cli import main
from simulator.definition import Definition, parse_definition
from simulator.documents import parse_yaml
from simulator.errors import InputError
from simulator.quantities import indicators_from, missing_quantities, read_quantities

OWN = """\
schema_version: 1
id: own
levels: [index, pillar, indicator]
data: {quantities: quantities.csv}
quantities:
  gdp: {name: {en: Output, zh: 产值}, unit: 100 million CNY}
  population: {unit: "10,000 persons"}
  population-2023: {unit: "10,000 persons"}
  5g-stations: {}
  deaths: {unit: persons}
index:
  id: total
  aggregate: arithmetic
  children:
    - id: wealth
      normalise: {method: min-max}
      aggregate: arithmetic
      children:
        - {id: gdp-per-capita, formula: "10000 * gdp / mean(population, population-2023)", unit: CNY, scale: positive}
        - {id: growth, formula: "100 * (population / population-2023 - 1)", unit: "%"}
    - id: safety
      normalise: {method: min-max}
      aggregate: arithmetic
      children:
        - {id: stations, formula: 5g-stations / population, scale: positive}
        - {id: deaths-per-gdp, formula: 100 * deaths / gdp, direction: lower, elasticity: 0.5}
"""
FIGURES: dict[str, dict[str, float]] = {
    "hefei": {"gdp": 13507.7, "population": 1000.2, "population-2023": 985.3, "5g-stations": 31000, "deaths": 60},
    "suzhou": {"gdp": 26727, "population": 1298.7, "population-2023": 1295.8, "5g-stations": 56000, "deaths": 75},
    "harbin": {"gdp": 6016.3, "population": 938, "population-2023": 939.5, "5g-stations": 19000, "deaths": 60.5},
}


def long_table(figures: Mapping[str, Mapping[str, float]]) -> str:
    rows = [f"{city},{name},{value!r}" for city, row in figures.items() for name, value in row.items()]
    return "\n".join(["city,quantity,value", *rows, ""])


def definition_of(text: str = OWN) -> Definition:
    return parse_definition(parse_yaml(text, "own.yaml"))


def written(folder: Path, table: str = long_table(FIGURES), definition: str = OWN) -> Path:
    (folder / "quantities.csv").write_text(table, encoding="utf-8")
    (folder / "own.yaml").write_text(definition, encoding="utf-8")
    return folder / "own.yaml"


# The table.


def test_a_long_table_becomes_a_value_for_each_city_and_quantity(tmp_path: Path) -> None:
    written(tmp_path)
    found = read_quantities(tmp_path / "quantities.csv", definition_of())
    assert found["city"].values.tolist() == ["hefei", "suzhou", "harbin"]
    assert found["quantity"].values.tolist() == ["gdp", "population", "population-2023", "5g-stations", "deaths"]
    assert found["unit"].values.tolist() == ["100 million CNY", "10,000 persons", "10,000 persons", "", "persons"]
    for city, row in FIGURES.items():
        for name, value in row.items():
            assert float(found["value"].sel(city=city, quantity=name)) == value
    assert (found["confidence"] == "").all()
    assert (found["source"] == "").all()


def test_rows_and_columns_may_stand_in_any_order_and_what_has_no_row_is_not_known(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text(
        "source,value,year,quantity,confidence,city,unit\n"
        "s2,5,2023,gdp,high,suzhou,100 million CNY\n"
        "s1,1e3,2024,population,,hefei,\n"
        ",-2.5,,gdp,low,hefei,100 million CNY\n",
        encoding="utf-8",
    )
    found = read_quantities(file, definition_of(), ["harbin", "hefei", "suzhou"])
    assert found["city"].values.tolist() == ["harbin", "hefei", "suzhou"]
    assert float(found["value"].sel(city="hefei", quantity="population")) == 1000
    assert found["value"].sel(quantity="gdp").values.tolist()[1:] == [-2.5, 5]
    assert int(np.isfinite(found["value"]).sum()) == 3
    assert found["source"].sel(city="suzhou", quantity="gdp").item() == "s2"
    assert found["confidence"].sel(city="hefei", quantity="gdp").item() == "low"
    assert found["confidence"].sel(city="hefei", quantity="population").item() == ""


@pytest.mark.parametrize("suffix", ["xlsx", "parquet"])
def test_other_kinds_of_table_read_the_same(tmp_path: Path, suffix: str) -> None:
    written(tmp_path)
    table = pd.read_csv(tmp_path / "quantities.csv")
    file = tmp_path / f"q.{suffix}"
    if suffix == "xlsx":
        table.to_excel(file, index=False)
    else:
        table.to_parquet(file, index=False)
    expected = read_quantities(tmp_path / "quantities.csv", definition_of())
    np.testing.assert_array_equal(read_quantities(file, definition_of())["value"], expected["value"])


def faults_of(folder: Path, table: str, cities: list[str] | None = None) -> list[str]:
    file = folder / "q.csv"
    file.write_text(table, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_quantities(file, definition_of(), cities)
    assert caught.value.source == str(file)
    assert all(fault.remedy for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


HEADINGS = "city,quantity,value,unit\n"


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("hefei,gpd,1,\n", "row 2 (hefei): no quantity 'gpd'. Did you mean gdp?"),
        ("hefei,,1,\n", "row 2 (hefei): no quantity ''. Known: gdp, population,"),
        ("hefie,gdp,1,\n", "row 2 (hefie): no city 'hefie'. Did you mean hefei?"),
        (",gdp,1,\n", "row 2: the name of the city is empty. Name it."),
        ("hefei,gdp,1,\nhefei,gdp,1,\n", "row 3 (hefei): gdp is given in row 2 already. Keep one of them."),
        ("hefei,gdp,1,CNY\n", "row 2 (hefei): gdp in 'CNY', declared in '100 million CNY'. Convert the value."),
        ("hefei,gdp,,\n", "row 2 (hefei), column value: is missing (convention 4). Fill it,"),
        ("hefei,gdp,n/a,\n", "row 2 (hefei), column value: is missing (convention 4). Fill it,"),
        ('hefei,gdp,"13,507",\n', "row 2 (hefei), column value: '13,507' is not a number. Write digits"),
        ("hefei,gdp,inf,\n", "row 2 (hefei), column value: 'inf' is not finite. Write a finite number."),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, table: str, fault: str) -> None:
    (told,) = faults_of(tmp_path, HEADINGS + table, ["hefei", "suzhou"])
    assert told.startswith(fault)


def test_a_unit_is_compared_only_where_both_tell_it(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text(HEADINGS + "hefei,gdp,1,\nhefei,5g-stations,2,pieces\n", encoding="utf-8")
    assert np.isfinite(read_quantities(file, definition_of())["value"]).sum() == 2


@pytest.mark.parametrize(
    ("table", "faults"),
    [
        ("city,value\nhefei,1\n", ["column quantity: is missing. Add it."]),
        ("quantity,value\ngdp,1\n", ["column city: is missing. Add it."]),
        (
            "city,quantty,value\nhefei,gdp,1\n",
            [
                "column quantity: is missing. Did you mean quantty?",
                "column quantty: is unknown. Did you mean quantity or unit?",
            ],
        ),
        ("city,quantity,value,value\nhefei,gdp,1,2\n", ["column value: is given twice. Keep one of them."]),
        ("city,quantity,value\n", ["there is no figure. Give one row for each figure of a city."]),
        ("city,quantity,value\n,,\n", ["there is no figure. Give one row for each figure of a city."]),
    ],
)
def test_a_table_of_another_form_is_refused(tmp_path: Path, table: str, faults: list[str]) -> None:
    assert faults_of(tmp_path, table) == faults
    assert faults_of(tmp_path, table, ["hefei"]) == faults


def test_all_rows_that_are_wrong_are_told_at_once_and_many_are_counted(tmp_path: Path) -> None:
    several = faults_of(tmp_path, HEADINGS + "hefei,gpd,x,\nhefie,gdp,1,CNY\n", ["hefei"])
    assert [fault.split(":")[0] for fault in several] == [
        "row 2 (hefei)",
        "row 3 (hefie)",
        "row 3 (hefie)",
        "row 2 (hefei), column value",
    ]
    file = tmp_path / "q.csv"
    file.write_text(HEADINGS + "hefei,nothing,1,\n" * 30, encoding="utf-8")
    with pytest.raises(InputError, match="and 10 more such rows"):
        read_quantities(file, definition_of())


# Formulas over quantities.


def test_indicators_are_their_formulas(tmp_path: Path) -> None:
    written(tmp_path)
    values = indicators_from(definition_of(), read_quantities(tmp_path / "quantities.csv", definition_of()))
    assert values.dims == ("city", "indicator")
    for city, row in FIGURES.items():
        head = (row["population"] + row["population-2023"]) / 2
        expected = {
            "gdp-per-capita": 10_000 * row["gdp"] / head,
            "growth": 100 * (row["population"] / row["population-2023"] - 1),
            "stations": row["5g-stations"] / row["population"],
            "deaths-per-gdp": 100 * row["deaths"] / row["gdp"],
        }
        assert values.sel(city=city).to_series().to_dict() == pytest.approx(expected, rel=1e-13)


@given(st.lists(st.tuples(st.floats(0.5, 1e6), st.floats(0.5, 1e6), st.booleans()), min_size=1, max_size=6))
def test_an_indicator_is_missing_where_and_only_where_a_quantity_of_it_is(
    rows: list[tuple[float, float, bool]],
) -> None:
    definition = definition_of()
    cities = [f"c{k}" for k in range(len(rows))]
    values = np.full((len(rows), 5), 2.0)
    values[:, 0] = [gdp for gdp, _, _ in rows]
    values[:, 1] = [people for _, people, _ in rows]
    values[[known for _, _, known in rows], 1] = np.nan
    quantities = xr.Dataset(
        {"value": (("city", "quantity"), values)}, coords={"city": cities, "quantity": list(definition.quantities)}
    )
    found = indicators_from(definition, quantities)
    for k, (gdp, people, missing) in enumerate(rows):
        own = found.isel(city=k).to_series()
        assert own["deaths-per-gdp"] == pytest.approx(200 / gdp)
        assert np.isnan(own["stations"]) == missing
        assert missing or own["stations"] == pytest.approx(2 / people)


@pytest.mark.parametrize("formula", ["population ^ 0", "1 ^ population", "max(gdp, population)", "0 * population"])
def test_a_missing_quantity_is_missing_even_where_arithmetic_does_not_need_it(tmp_path: Path, formula: str) -> None:
    """NaN to the power of nought is one in floating point."""
    definition = definition_of(OWN.replace("5g-stations / population", f'"{formula}"'))
    file = tmp_path / "q.csv"
    file.write_text("city,quantity,value\nhefei,gdp,1\nsuzhou,gdp,2\nsuzhou,population,3\n")
    found = indicators_from(definition, read_quantities(file, definition)).sel(indicator="stations")
    assert np.isnan(found.values).tolist() == [True, False]


def test_missing_quantities_are_named_in_the_order_of_the_formula(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text("city,quantity,value\nhefei,population,1\nsuzhou,gdp,1\n")
    quantities = read_quantities(file, definition_of())
    leaf = definition_of().indicators[0]
    assert missing_quantities(leaf, quantities, "hefei") == ["gdp", "population-2023"]
    assert missing_quantities(leaf, quantities, "suzhou") == ["population", "population-2023"]


def test_every_division_by_nought_is_told_with_city_and_figures(tmp_path: Path) -> None:
    figures = {**FIGURES, "hefei": {**FIGURES["hefei"], "gdp": 0.0}, "harbin": {**FIGURES["harbin"], "population": 0.0}}
    written(tmp_path, long_table(figures))
    with pytest.raises(InputError) as caught:
        sim.load_index(tmp_path / "own.yaml")
    assert caught.value.source == str(tmp_path / "quantities.csv")
    assert [str(fault) for fault in caught.value.faults] == [
        "stations of harbin: 5g-stations / population divides by zero, or is not defined (5g-stations 19000, "
        "population 0). Correct the quantity, or leave its row out.",
        "deaths-per-gdp of hefei: 100 * deaths / gdp divides by zero, or is not defined (deaths 60, gdp 0). "
        "Correct the quantity, or leave its row out.",
    ]


@pytest.mark.parametrize("formula", ["log(gdp - 100000)", "sqrt(-gdp)", "(-gdp) ^ 0.5", "exp(gdp)", "gdp / 0"])
def test_what_a_formula_cannot_give_is_no_value(tmp_path: Path, formula: str) -> None:
    text = OWN.replace("100 * deaths / gdp", f'"{formula}"')
    with pytest.raises(InputError, match="not defined") as caught:
        sim.load_index(written(tmp_path, definition=text))
    assert len(caught.value.faults) == 3
    assert "gdp 13507.7" in caught.value.faults[0].problem


# An index of one's own, end to end.


def test_an_own_index_of_quantities_scores_by_its_formulas(tmp_path: Path) -> None:
    index = sim.load_index(written(tmp_path))
    assert index.cities == ["hefei", "suzhou", "harbin"]
    assert index.raw is not None
    assert set(index.hashes) == {"own.yaml", "quantities.csv"}
    scored = index.score()
    table = pd.DataFrame(
        {
            city: {
                "gdp-per-capita": 20_000 * row["gdp"] / (row["population"] + row["population-2023"]),
                "growth": row["population"] / row["population-2023"],
                "stations": row["5g-stations"] / row["population"],
                "deaths-per-gdp": -row["deaths"] / row["gdp"],
            }
            for city, row in FIGURES.items()
        }
    ).T
    shares = (table - table.min()) / (table.max() - table.min())
    total = (
        shares[["gdp-per-capita", "growth"]].mean(axis=1) / 2 + shares[["stations", "deaths-per-gdp"]].mean(axis=1) / 2
    )
    np.testing.assert_allclose(scored["total"].sel(city=total.index), total, rtol=1e-12)
    assert scored["rank"].to_series().to_dict() == total.rank(ascending=False).astype(int).to_dict()


def test_an_own_index_scores_and_runs_from_the_command_line(tmp_path: Path) -> None:
    definition = written(tmp_path)
    scored = CliRunner().invoke(main, ["score", str(definition), "--csv", "-"], catch_exceptions=False)
    assert (scored.exit_code, scored.stderr) == (0, "")
    rows = {row["city"]: row for row in csv.DictReader(io.StringIO(scored.stdout))}
    expected = sim.load_index(definition).score()
    for city in FIGURES:
        assert int(rows[city]["rank"]) == int(expected["rank"].sel(city=city))
        assert float(rows[city]["total"]) == pytest.approx(float(expected["total"].sel(city=city)))
    assert CliRunner().invoke(main, ["check", str(definition)], catch_exceptions=False).exit_code == 0
    study: dict[str, Any] = {
        "schema_version": 1,
        "name": "own",
        "index": str(definition),
        "draws": 100,
        "seed": 1,
        "factors": {"data-error": {"size": 0.1, "unit": "relative"}},
    }
    assert sim.run(study, workers=1)["rank_frequency"].sizes["city"] == 3


def test_an_index_built_of_quantities_needs_every_one(tmp_path: Path) -> None:
    """Convention 4: what is missing is never dropped in silence."""
    figures = {city: dict(row) for city, row in FIGURES.items()}
    del figures["hefei"]["population"], figures["suzhou"]["deaths"]
    with pytest.raises(InputError) as caught:
        sim.load_index(written(tmp_path, long_table(figures)))
    assert caught.value.source == str(tmp_path / "quantities.csv")
    places = [(fault.place, fault.problem) for fault in caught.value.faults]
    assert [place for place, _ in places] == [
        "gdp-per-capita of hefei",
        "growth of hefei",
        "stations of hefei",
        "deaths-per-gdp of suzhou",
    ]
    assert all("is missing (convention 4)" in problem for _, problem in places)
    assert places[0][1].startswith("population ")
    assert all(fault.remedy.startswith("Add a row, or leave the city out") for fault in caught.value.faults)


def test_a_formula_without_quantities_is_the_same_for_all_cities(tmp_path: Path) -> None:
    scored = sim.load_index(written(tmp_path, definition=OWN.replace("5g-stations / population", '"2 * 3"'))).score()
    assert scored["constant"].sel(indicator="stations").item()
    assert scored["constant"].sum() == 1


def test_names_of_cities_come_from_their_table(tmp_path: Path) -> None:
    (tmp_path / "cities.csv").write_text(
        "city,name_en,name_zh\nhefei,Hefei,合肥\nsuzhou,Suzhou,苏州\nharbin,Harbin,哈尔滨\n"
    )
    text = OWN.replace("quantities.csv}", "quantities.csv, cities: cities.csv}")
    index = sim.load_index(written(tmp_path, definition=text))
    assert index.select(["合肥", "Harbin"]).cities == ["hefei", "harbin"]


# The definition's fields.


def test_fields_of_formulas_are_read() -> None:
    definition = definition_of()
    first, *_, last = definition.indicators
    assert (first.formula, first.scale, first.elasticity) == (
        "10000 * gdp / mean(population, population-2023)",
        "positive",
        None,
    )
    assert (last.scale, last.elasticity) == ("signed", 0.5)
    assert definition.quantities["gdp"].name.zh == "产值"
    assert definition.quantities["5g-stations"].unit == ""
    assert definition.data is not None
    assert (definition.data.matrix, definition.data.quantities) == (None, "quantities.csv")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "5g-stations / population",
            "5g-stations / popultion",
            "formula: no quantity 'popultion'. Did you mean population",
        ),
        ("5g-stations / population", "gdp-deaths", "A minus needs spaces around it."),
        ("5g-stations / population", "'5g-stations / (population'", "it ends too early. Complete it, and close every"),
        ("5g-stations / population", "size(gdp)", "no function 'size'. Known: abs, exp, log"),
        ("5g-stations / population", "'log(gdp, deaths)'", "log takes one part, not 2. Remove the others."),
        (
            "5g-stations / population",
            "gdp deaths",
            "'deaths' at column 5 cannot stand there. Check what stands before it.",
        ),
        ("5g-stations / population", '"gdp \\r §"', "'§' at column 7. Use names, numbers,"),
        ("5g-stations / population", "5", "5 does not fit here. Give a text."),
        (
            "formula: 5g-stations / population, ",
            "",
            "no formula, and values are to come from quantities. Add formula: Q",
        ),
        (
            "scale: positive}\n        - {id: deaths",
            "scale: both}\n        - {id: deaths",
            "'both' is not among the known",
        ),
        ("elasticity: 0.5", "elasticity: 11", "elasticity: 11 is out of range. Give a number not above 10."),
        ("data: {quantities: quantities.csv}", "data: {}", "values come from either a matrix or quantities. Name one"),
        (
            "data: {quantities: quantities.csv}",
            "data: {quantities: q.csv, matrix: m.csv}",
            "values come from either a matrix or quantities. Name one of the two files.",
        ),
        ("  5g-stations: {}", "  5g-stations: {units: count}", "unknown key 'units'. Did you mean unit?"),
        ("  5g-stations: {}", "  5g stations: {}", "'5g stations' is no name. Use letters, digits and hyphens;"),
    ],
)
def test_a_definition_with_a_fault_says_where_and_what_mends_it(old: str, new: str, fault: str) -> None:
    text = OWN.replace(old, new)
    assert text != OWN
    with pytest.raises(InputError) as caught:
        definition_of(text)
    assert any(fault in str(one) for one in caught.value.faults), str(caught.value)
    assert all(one.place.startswith("line ") and one.remedy for one in caught.value.faults)


def test_a_formula_in_memory_is_checked_too() -> None:
    tree = {"id": "total", "children": [{"id": "a", "formula": "b"}]}
    with pytest.raises(ValidationError, match="no quantity 'b'"):
        Definition.model_validate({"schema_version": 1, "id": "x", "levels": ["index", "indicator"], "index": tree})
