from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from conftest import SMALL_CITIES, SMALL_TABLE
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from simulator.definition import Definition, Indicator, Node
from simulator.errors import InputError, StorageError
from simulator.listing import CITY_COLUMNS
from simulator.lookup import select_cities
from simulator.matrix import MATRIX_SUFFIXES, city_coordinates, read_matrix, write_matrix

LIBRARY = {".xlsx": "openpyxl", ".parquet": "pyarrow", ".nc": "h5netcdf", ".zarr": "zarr"}

kinds = pytest.mark.parametrize("suffix", MATRIX_SUFFIXES)
Faults = Callable[..., list[str]]


@pytest.fixture
def faults_of(tmp_path: Path, small_definition: Definition) -> Faults:
    """Return the faults of a CSV matrix (and cities table) read with the small definition."""

    def read(table: str, cities: str | None = None) -> list[str]:
        path, beside = tmp_path / "faulty.csv", tmp_path / "faulty-cities.csv"
        path.write_text(table, encoding="utf-8")
        if cities is not None:
            beside.write_text(cities, encoding="utf-8")
        with pytest.raises(InputError) as caught:
            read_matrix(path, small_definition, None if cities is None else beside)
        assert caught.value.source == str(path)
        return [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]

    return read


def library_for(suffix: str) -> None:
    if suffix in LIBRARY:
        pytest.importorskip(LIBRARY[suffix])


# What is read.


def test_the_bundled_points_are_60_cities_and_50_indicators(
    published_matrix: xr.Dataset, published_folder: Path
) -> None:
    value = published_matrix["value"]
    assert (value.dims, value.shape, value.dtype) == (("city", "indicator"), (60, 50), np.dtype("float64"))
    assert len(set(published_matrix.dimension.values.tolist())) == 10
    assert (published_matrix.variable == published_matrix.indicator).all()
    totals = pd.read_csv(published_folder / "totals.csv", index_col="city")
    assert value.sum("indicator").to_series().to_dict() == totals["total"].to_dict()
    by_dimension = value.groupby("dimension").sum().sel(city="hefei").to_series()
    assert by_dimension.to_dict() == totals.drop(columns=["rank", "total"]).loc["hefei"].to_dict()


def test_cities_come_in_the_order_of_the_file_and_indicators_in_that_of_the_definition(
    small_matrix: xr.Dataset,
) -> None:
    assert small_matrix.city.values.tolist() == ["hefei", "suzhou", "harbin"]
    assert small_matrix.indicator.values.tolist() == ["gdp", "growth", "debt", "trade-balance"]
    assert small_matrix["value"].values.tolist() == [
        [13507.7, 6.1, 40, 0.2],
        [26727, 6, 31, -0.1],
        [6016.3, 4.3, 77, 0],
    ]


def test_attributes_of_cities_are_matched_by_label(small_matrix: xr.Dataset) -> None:
    hefei = small_matrix.sel(city="hefei")
    assert [str(hefei[name].values) for name in CITY_COLUMNS.values()] == [
        "Hefei",
        "合肥",
        "Anhui",
        "provincial-capital",
        "yangtze-delta",
    ]
    assert small_matrix.cluster.values.tolist() == ["yangtze-delta", "yangtze-delta", ""]


def test_coordinates_of_indicators_come_from_the_definition(small_matrix: xr.Dataset) -> None:
    texts = {name: small_matrix[name].values.tolist() for name in small_matrix.coords if name not in CITY_COLUMNS}
    assert texts["indicator_name_en"] == ["Output", "Growth", "Debt", "Trade"]
    assert texts["indicator_name_zh"] == ["产值", "增速", "", "贸易"]
    assert texts["dimension"] == ["economy", "economy", "economy", ""]
    assert texts["variable"] == ["scale", "scale", "debt", "trade-balance"]
    assert texts["direction"] == ["higher", "higher", "lower", "target"]
    assert texts["unit"] == ["CNY", "percent", "", ""]


def test_without_any_attribute_the_texts_are_empty(
    small_files: tuple[Path, Path], small_definition: Definition
) -> None:
    matrix = read_matrix(small_files[0], small_definition)
    assert all(matrix[name].values.tolist() == ["", "", ""] for name in CITY_COLUMNS.values())


def test_attributes_may_stand_in_the_table_itself(
    tmp_path: Path, small_matrix: xr.Dataset, small_definition: Definition
) -> None:
    path = tmp_path / "wide.csv"
    write_matrix(small_matrix, path)
    assert path.read_text(encoding="utf-8").splitlines()[:2] == [
        "city,name_en,name_zh,province,status,cluster,gdp,growth,debt,trade-balance",
        "hefei,Hefei,合肥,Anhui,provincial-capital,yangtze-delta,13507.7,6.1,40.0,0.2",
    ]
    xr.testing.assert_identical(read_matrix(path, small_definition), small_matrix)


def test_an_indicator_may_have_the_name_of_an_attribute(tmp_path: Path) -> None:
    leaves = (Indicator(id="status"), Indicator(id="gdp"))
    definition = Definition(schema_version=1, id="x", index=Node(id="t", children=leaves))
    path = tmp_path / "matrix.csv"
    path.write_text("city,status,gdp,province\nhefei,3,1,Anhui\n", encoding="utf-8")
    matrix = read_matrix(path, definition)
    assert matrix["value"].values.tolist() == [[3, 1]]
    assert (matrix.status.item(), matrix.province.item()) == ("", "Anhui")
    with pytest.raises(InputError, match=r"an indicator has the name of a column that describes cities: status"):
        write_matrix(matrix, tmp_path / "again.csv")
    write_matrix(matrix, tmp_path / "again.nc")
    xr.testing.assert_identical(read_matrix(tmp_path / "again.nc", definition), matrix)


def test_a_leaf_that_is_a_variable_is_its_own_variable_and_codes_are_texts(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    definition = Definition(schema_version=1, id="x", index=Node(id="t", children=(Indicator(id="gdp"),)))
    pd.DataFrame({"city": [340100], "gdp": [7]}).to_excel(tmp_path / "matrix.xlsx", index=False)
    matrix = read_matrix(tmp_path / "matrix.xlsx", definition)
    assert (matrix.city.item(), matrix.variable.item(), matrix.dimension.item()) == ("340100", "gdp", "")


# Every fault with its place.


def test_a_missing_an_unknown_and_a_double_column(faults_of: Faults) -> None:
    assert faults_of("city,gpd,growth,growth,debt,trade-balance,weather\nhefei,1,2,2,3,4,5\n") == [
        "column gdp: is missing. Did you mean gpd?",
        "column gpd: is unknown. Did you mean gdp?",
        "column weather: is unknown. Remove it, or add it to the definition.",
        "column growth: is given twice. Keep one of them.",
    ]


def test_no_column_of_cities(faults_of: Faults) -> None:
    assert faults_of("cities,gdp,growth,debt,trade-balance\nhefei,1,2,x,4\n") == [
        "column city: is missing. Did you mean cities?",
        "column cities: is unknown. Did you mean city?",
        "row 2, column debt: 'x' is not a number. Write digits and a decimal point only, as in 1234.5.",
    ]


def test_double_and_nameless_cities(faults_of: Faults) -> None:
    text = "city,gdp,growth,debt,trade-balance\nhefei,1,2,3,4\n,1,2,3,4\nharbin,1,2,3,4\nhefei,5,6,7,8\n"
    assert faults_of(text) == [
        "row 3: the name of the city is empty. Name it.",
        "row 5 (hefei): the city stands in row 2 already. Keep one of them.",
    ]


@pytest.mark.parametrize("text", ["12 km", "1,234", "1_000", "0x1F", "١", "--1", "1e", "TRUE", "2024-01-01", "1.2.3"])
def test_text_in_a_number_column_is_quoted_and_placed(faults_of: Faults, text: str) -> None:
    cell = f'"{text}"' if "," in text else text
    assert faults_of(SMALL_TABLE.replace("6016.3", cell)) == [
        f"row 4 (harbin), column gdp: {text!r} is not a number. Write digits and a decimal point only, as in 1234.5."
    ]


def test_a_long_text_is_cut(faults_of: Faults) -> None:
    (told,) = faults_of(SMALL_TABLE.replace("6016.3", "x" * 5000))
    assert len(told) < 200


@pytest.mark.parametrize("cell", ["", "  ", "NA", "nan", "n/a", "-", "null", "#N/A"])
def test_a_missing_cell_is_refused_under_convention_4(faults_of: Faults, cell: str) -> None:
    assert faults_of(SMALL_TABLE.replace("6016.3", cell)) == [
        "row 4 (harbin), column gdp: is missing (convention 4). Fill it, leave it out, or choose an `imputation`."
    ]


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_an_infinite_value_is_refused(faults_of: Faults, cell: str) -> None:
    assert faults_of(SMALL_TABLE.replace("6016.3", cell)) == [
        f"row 4 (harbin), column gdp: {cell!r} is not finite. Write a finite number."
    ]


@pytest.mark.parametrize(("cell", "number"), [("1e3", 1000), (" +.5 ", 0.5), ("-7.", -7), ("007", 7), ("-0", 0)])
def test_what_is_a_number(tmp_path: Path, small_definition: Definition, cell: str, number: float) -> None:
    path = tmp_path / "matrix.csv"
    path.write_text(SMALL_TABLE.replace("6016.3", cell), encoding="utf-8")
    assert read_matrix(path, small_definition)["value"].sel(city="harbin", indicator="gdp") == number


def test_no_city_at_all(faults_of: Faults) -> None:
    assert faults_of("city,gdp,growth,debt,trade-balance\n") == ["there is no city. Give one row for each city."]


def test_cities_in_only_one_of_matrix_and_cities_table(faults_of: Faults) -> None:
    assert faults_of(SMALL_TABLE, SMALL_CITIES.replace("harbin,", "haerbin,")) == [
        "faulty-cities.csv, harbin: is in the matrix, but not in this table. Add it, or correct its spelling.",
        "faulty-cities.csv, haerbin: is in this table, but not in the matrix. Remove it here, or add its values.",
    ]


def test_faults_of_the_cities_table_itself(faults_of: Faults) -> None:
    cities = "city,name_eng,name_zh\nhefei,Hefei,合肥\nhefei,Hefei,合肥\n,Harbin,哈尔滨\n"
    assert faults_of(SMALL_TABLE, cities) == [
        "faulty-cities.csv, column name_eng: is unknown. Did you mean name_en or name_zh?",
        "faulty-cities.csv, row 4: the name of the city is empty. Name it.",
        "faulty-cities.csv, row 3 (hefei): the city stands in row 2 already. Keep one of them.",
    ]


def test_an_attribute_that_differs_between_the_two_prints_both_sides(faults_of: Faults) -> None:
    table = SMALL_TABLE.replace("city,", "province,city,").replace("\nhefei", "\nJiangsu,hefei")
    table = table.replace("\nsuzhou", "\nJiangsu,suzhou").replace("\nharbin", "\nHeilongjiang,harbin")
    assert faults_of(table, SMALL_CITIES) == [
        "faulty-cities.csv, row 3 (hefei), province: 'Anhui' here, 'Jiangsu' in the matrix (convention 2)."
        " Correct one of them."
    ]


def test_all_faults_of_both_files_are_told_at_once(faults_of: Faults) -> None:
    table = "city,gdp,growth,debt,weather\nhefei,1,x,3,4\nhefei,,2,inf,4\n"
    told = faults_of(table, "city,name_en\nhefei,Hefei\nharbin,Harbin\n")
    assert [one.split(". ")[0] for one in told] == [
        "column trade-balance: is missing",
        "column weather: is unknown",
        "row 3 (hefei): the city stands in row 2 already",
        "faulty-cities.csv, harbin: is in this table, but not in the matrix",
        "row 2 (hefei), column growth: 'x' is not a number",
        "row 3 (hefei), column gdp: is missing (convention 4)",
        "row 3 (hefei), column debt: 'inf' is not finite",
    ]


def test_a_cities_table_that_is_missing_is_told_beside_the_rest(
    small_files: tuple[Path, Path], small_definition: Definition, tmp_path: Path
) -> None:
    small_files[0].write_text(SMALL_TABLE.replace("6016.3", ""), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_matrix(small_files[0], small_definition, tmp_path / "none.csv")
    assert [(fault.place, fault.problem) for fault in caught.value.faults] == [
        (str(tmp_path / "none.csv"), "no such file"),
        ("row 4 (harbin), column gdp", "is missing (convention 4)"),
    ]


def test_many_faults_of_one_kind_are_counted_beyond_the_first(faults_of: Faults) -> None:
    rows = "".join(f"city-{row},,x,3,4\n" for row in range(30))
    told = faults_of("city,gdp,growth,debt,trade-balance\n" + rows)
    assert len(told) == 42
    assert [told[20], told[41]] == ["… and 10 more cells that are not numbers", "… and 10 more missing cells"]


def test_a_cell_of_a_sheet_is_placed_by_the_row_that_excel_shows(tmp_path: Path, small_definition: Definition) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for cells in csv.reader(io.StringIO("\n" + SMALL_TABLE)):
        book.active.append(cells)
    book.active["B4"], book.active["C5"], book.active["D5"] = True, None, "=1/0"
    for row in (3, 4, 5):
        for column in (2, 3, 4, 5):
            cell = book.active.cell(row, column)
            if isinstance(cell.value, str) and cell.value[0] != "=":
                cell.value = float(cell.value)
    book.save(tmp_path / "matrix.xlsx")
    with pytest.raises(InputError) as caught:
        read_matrix(tmp_path / "matrix.xlsx", small_definition)
    assert [(fault.place, fault.problem) for fault in caught.value.faults] == [
        ("row 4 (suzhou), column gdp", "True is not a number"),
        ("row 5 (harbin), column growth", "is missing (convention 4)"),
        ("row 5 (harbin), column debt", "is missing (convention 4)"),
    ]


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_faults_of_arrays_are_placed_by_city(
    tmp_path: Path, small_matrix: xr.Dataset, small_definition: Definition, suffix: str
) -> None:
    library_for(suffix)
    faulty = small_matrix.assign_coords(indicator=["gdp", "growht", "debt", "debt"]).copy(deep=True)
    faulty["value"][{"city": 1, "indicator": 0}] = np.nan
    faulty["value"][{"city": 2, "indicator": 2}] = -np.inf
    write_matrix(faulty, tmp_path / f"matrix{suffix}")
    with pytest.raises(InputError) as caught:
        read_matrix(tmp_path / f"matrix{suffix}", small_definition)
    assert [(fault.place, fault.problem) for fault in caught.value.faults] == [
        ("column growth", "is missing"),
        ("column trade-balance", "is missing"),
        ("column growht", "is unknown"),
        ("column debt", "is given twice"),
        ("city 2 (suzhou), column gdp", "is missing (convention 4)"),
        ("city 3 (harbin), column debt", "-inf is not finite"),
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: m.rename(value="values"), "no variable 'value'. Did you mean values?"),
        (lambda m: m.rename(city="town"), "value: its axes are town, indicator. Give it the axes city and indicator."),
        (
            lambda m: m.drop_vars(["city", "indicator"]),
            "value: the axis city and indicator has no labels (convention 2). Add a coordinate of the same name.",
        ),
    ],
)
def test_arrays_of_another_shape_are_refused(
    tmp_path: Path, small_matrix: xr.Dataset, small_definition: Definition, change: Any, told: str
) -> None:
    change(small_matrix[["value"]].reset_coords(drop=True)).to_netcdf(tmp_path / "matrix.nc", engine="h5netcdf")
    with pytest.raises(InputError) as caught:
        read_matrix(tmp_path / "matrix.nc", small_definition)
    assert [str(fault) for fault in caught.value.faults] == [told]


def test_axes_in_the_other_order_are_matched_by_label(
    tmp_path: Path, small_matrix: xr.Dataset, small_definition: Definition
) -> None:
    turned = small_matrix.transpose("indicator", "city").isel(indicator=[3, 1, 0, 2])
    turned.to_netcdf(tmp_path / "matrix.nc", engine="h5netcdf")
    xr.testing.assert_identical(read_matrix(tmp_path / "matrix.nc", small_definition), small_matrix)


@kinds
def test_a_file_that_is_missing_or_damaged(tmp_path: Path, small_definition: Definition, suffix: str) -> None:
    library_for(suffix)
    path = tmp_path / f"matrix{suffix}"
    with pytest.raises(InputError, match="no such file"):
        read_matrix(path, small_definition)
    path.write_bytes(b"\x00\xff" * 300)
    with pytest.raises(InputError, match=r"not a readable|not UTF-8"):
        read_matrix(path, small_definition)


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet", ".zarr"])
def test_a_library_that_is_not_installed_is_named_with_the_command(
    tmp_path: Path,
    small_matrix: xr.Dataset,
    small_definition: Definition,
    monkeypatch: pytest.MonkeyPatch,
    suffix: str,
) -> None:
    monkeypatch.setitem(sys.modules, LIBRARY[suffix], None)
    with pytest.raises(InputError, match=f"Install it with: pip install {LIBRARY[suffix]}$"):
        read_matrix(tmp_path / f"matrix{suffix}", small_definition)
    with pytest.raises(InputError, match="pip install"):
        write_matrix(small_matrix, tmp_path / f"matrix{suffix}")
    assert not (tmp_path / f"matrix{suffix}").exists()


def test_an_unknown_kind_of_file(tmp_path: Path, small_matrix: xr.Dataset, small_definition: Definition) -> None:
    with pytest.raises(InputError, match=r"unknown kind of file '.zar'. Did you mean .zarr"):
        read_matrix(tmp_path / "matrix.zar", small_definition)
    with pytest.raises(InputError, match="unknown kind of file"):
        write_matrix(small_matrix, tmp_path / "matrix.txt")


# Round trips.


@kinds
def test_the_bundled_matrix_survives_every_kind_of_file(
    tmp_path: Path, published_matrix: xr.Dataset, published_definition: Definition, suffix: str
) -> None:
    library_for(suffix)
    before = published_matrix.copy(deep=True)
    path = tmp_path / f"matrix{suffix}"
    write_matrix(select_cities(published_matrix, ["hefei"]), path)
    write_matrix(published_matrix, path)
    xr.testing.assert_identical(read_matrix(path, published_definition), before)
    xr.testing.assert_identical(published_matrix, before)
    assert list(tmp_path.iterdir()) == [path]


@kinds
def test_a_matrix_that_was_read_can_be_written_in_every_other_kind(
    tmp_path: Path, small_matrix: xr.Dataset, small_definition: Definition, suffix: str
) -> None:
    library_for(suffix)
    write_matrix(small_matrix, tmp_path / f"matrix{suffix}")
    for other in MATRIX_SUFFIXES:
        library_for(other)
        write_matrix(read_matrix(tmp_path / f"matrix{suffix}", small_definition), tmp_path / f"other{other}")
        xr.testing.assert_identical(read_matrix(tmp_path / f"other{other}", small_definition), small_matrix)


@kinds
def test_nothing_stays_where_a_matrix_cannot_be_written(tmp_path: Path, small_matrix: xr.Dataset, suffix: str) -> None:
    library_for(suffix)
    with pytest.raises(StorageError):
        write_matrix(small_matrix, tmp_path / "none" / f"matrix{suffix}")
    assert list(tmp_path.glob("none")) == []


numbers = st.floats(-1e307, 1e307)
texts = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=5)


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Definition, list[str], list[list[float]], list[str]]:
    """Definition, cities, values and Chinese names of a small random matrix."""
    words = st.text("abcdefghijkl-城市", min_size=1, max_size=5)
    leaves = draw(st.lists(words.map("x{}".format), min_size=1, max_size=4, unique=True))
    cities = draw(st.lists(words, min_size=1, max_size=4, unique=True))
    values = [[draw(numbers) for _ in leaves] for _ in cities]
    index = Node(id="total", children=tuple(Indicator(id=leaf) for leaf in leaves))
    return Definition(schema_version=1, id="x", index=index), cities, values, [draw(texts) for _ in cities]


@kinds
@given(drawn=matrices())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_random_matrices_survive_every_kind_of_file(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, drawn: Any
) -> None:
    library_for(suffix)
    definition, cities, values, names = drawn
    leaves = [leaf.id for leaf in definition.indicators]
    matrix = xr.Dataset(
        {"value": (("city", "indicator"), np.array(values))},
        coords={"city": cities, "indicator": leaves}
        | {name: ("city", names if name == "city_name_zh" else [""] * len(cities)) for name in CITY_COLUMNS.values()},
    )
    path = tmp_path_factory.mktemp("matrix") / f"matrix{suffix}"
    assume(suffix != ".xlsx" or not any(name.startswith("=") for name in names))  # Excel takes it for a formula
    write_matrix(matrix, path)
    back = read_matrix(path, definition)
    assert (back.city.values.tolist(), back.indicator.values.tolist()) == (cities, leaves)
    assert back.city_name_zh.values.tolist() == names
    np.testing.assert_allclose(back["value"].values, values, rtol=1e-15 if suffix == ".xlsx" else 0, atol=0)


@given(order=st.permutations(range(5)), rows=st.permutations(range(3)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_order_of_columns_changes_nothing_and_that_of_rows_only_the_order(
    tmp_path: Path, small_definition: Definition, small_matrix: xr.Dataset, order: list[int], rows: list[int]
) -> None:
    header, *records = [line.split(",") for line in SMALL_TABLE.splitlines()]
    lines = [header, *(records[row] for row in rows)]
    (tmp_path / "shuffled.csv").write_text("\n".join(",".join(line[at] for at in order) for line in lines), "utf-8")
    shuffled = read_matrix(tmp_path / "shuffled.csv", small_definition, tmp_path / "cities.csv")
    xr.testing.assert_identical(shuffled, small_matrix.isel(city=list(rows)))


# Denominators, and attributes of one's own.

DIVIDED = Definition(
    schema_version=1,
    id="x",
    index=Node(id="t", children=(Indicator(id="trade", denominator="gdp"), Indicator(id="air"))),
)
DIVIDED_TABLE = "city,gdp,trade,air\nhefei,4,1,2\nsuzhou,5,3,6\n"


@kinds
def test_denominators_are_read_beside_the_values_and_survive_every_kind_of_file(tmp_path: Path, suffix: str) -> None:
    library_for(suffix)
    (tmp_path / "values.csv").write_text(DIVIDED_TABLE, encoding="utf-8")
    matrix = read_matrix(tmp_path / "values.csv", DIVIDED)
    assert matrix["denominator_value"].dims == ("city", "denominator")
    assert matrix["denominator_value"].sel(denominator="gdp").values.tolist() == [4, 5]
    assert matrix["value"].values.tolist() == [[1, 2], [3, 6]]
    write_matrix(matrix, tmp_path / f"again{suffix}")
    xr.testing.assert_identical(read_matrix(tmp_path / f"again{suffix}", DIVIDED), matrix)
    selected = select_cities(matrix, ["suzhou"])
    assert selected["denominator_value"].values.tolist() == [[5]]


def test_denominators_that_are_missing_zero_or_text_are_refused_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    path.write_text(DIVIDED_TABLE.replace(",4,", ",0,").replace(",5,", ",,") + "wuxi,x,1,1\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_matrix(path, DIVIDED)
    assert [str(fault) for fault in caught.value.faults] == [
        "row 4 (wuxi), column gdp: 'x' is not a number. Write digits and a decimal point only, as in 1234.5.",
        "row 3 (suzhou), column gdp: is missing (convention 4). Fill it, leave it out, or choose an `imputation`.",
        "row 2 (hefei), column gdp: is 0, and values are divided by it. Correct it, or leave the city out.",
    ]
    path.write_text("city,trade,air\nhefei,1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="column gdp: is missing"):
        read_matrix(path, DIVIDED)


def test_any_column_of_the_cities_table_is_an_attribute_that_cities_are_chosen_by(
    tmp_path: Path, small_files: tuple[Path, Path], small_definition: Definition
) -> None:
    cities = tmp_path / "own.csv"
    cities.write_text("city,income_group,size\nhefei,high,1\nsuzhou,high,2\nharbin,low,2\n", encoding="utf-8")
    matrix = read_matrix(small_files[0], small_definition, cities)
    assert matrix["income_group"].values.tolist() == ["high", "high", "low"]
    assert select_cities(matrix, {"income_group": "high", "size": 2}).city.values.tolist() == ["suzhou"]
    assert list(city_coordinates(matrix))[-2:] == ["income_group", "size"]
    write_matrix(matrix, tmp_path / "matrix.nc")
    xr.testing.assert_identical(read_matrix(tmp_path / "matrix.nc", small_definition), matrix)
    with pytest.raises(InputError, match="no room for these attributes of cities: income_group, size"):
        write_matrix(matrix, tmp_path / "matrix.csv")


def test_an_attribute_has_no_name_that_means_something_else(
    tmp_path: Path, small_files: tuple[Path, Path], small_definition: Definition
) -> None:
    cities = tmp_path / "own.csv"
    cities.write_text("city,rank,name_fr,a b\nhefei,1,a,\nsuzhou,2,b,\nharbin,3,c,\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_matrix(small_files[0], small_definition, cities)
    assert [str(fault).replace(f"{cities}, ", "") for fault in caught.value.faults] == [
        "column rank: has a name that means something else. Name it otherwise.",
        "column name_fr: is unknown. Did you mean name_zh or name_en?",
        "column a b: is no attribute. Name it without spaces, commas and slashes.",
    ]
