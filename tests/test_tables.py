from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import Fault, InputError, StorageError
from simulator.tables import (
    MOST_FAULTS,
    TABLE_SUFFIXES,
    first_faults,
    read_table,
    require_kind,
    write_table,
    write_whole,
)

LIBRARY = {".xlsx": "openpyxl", ".parquet": "pyarrow"}


def faults_of(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert caught.value.source == str(path)
    return [str(fault) for fault in caught.value.faults]


def csv_file(folder: Path, content: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# CSV.


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_cells_are_text_as_written_with_or_without_a_byte_order_mark(tmp_path: Path, mark: bytes, end: str) -> None:
    table = read_table(csv_file(tmp_path, mark + end.join(["city,gdp", "合肥,007", "na,NA", ""]).encode()))
    assert table.columns.tolist() == ["city", "gdp"]
    assert table.to_numpy().tolist() == [["合肥", "007"], ["na", "NA"]]
    assert table.index.tolist() == [2, 3]
    assert table.index.name == "row"


def test_rows_are_counted_as_lines_of_the_file(tmp_path: Path) -> None:
    text = '\ncity,gdp\n\n"two\nlines",1\n,\nhefei,2\n'
    table = read_table(csv_file(tmp_path, text))
    assert table.index.tolist() == [4, 7]
    assert table["city"].tolist() == ["two\nlines", "hefei"]


def test_a_heading_given_twice_stays_twice(tmp_path: Path) -> None:
    assert read_table(csv_file(tmp_path, "city,gdp,gdp\nhefei,1,2\n")).columns.tolist() == ["city", "gdp", "gdp"]


def test_headings_without_a_row_are_a_table_without_rows(tmp_path: Path) -> None:
    assert read_table(csv_file(tmp_path, "city,gdp\n")).shape == (0, 2)


def test_every_ragged_row_is_placed(tmp_path: Path) -> None:
    assert faults_of(csv_file(tmp_path, "city,gdp\nhefei\nharbin,1\nsuzhou,2,3\n")) == [
        "row 2: 1 cell, but there are 2 headings. Quote a cell that holds a comma.",
        "row 4: 3 cells, but there are 2 headings. Quote a cell that holds a comma.",
    ]


def test_many_ragged_rows_are_counted_beyond_the_first(tmp_path: Path) -> None:
    told = faults_of(csv_file(tmp_path, "city,gdp\n" + "hefei\n" * 50))
    assert len(told) == MOST_FAULTS + 1
    assert told[-1] == "… and 30 more such"


def test_a_column_without_heading_is_dropped_only_where_it_is_empty(tmp_path: Path) -> None:
    assert read_table(csv_file(tmp_path, "city,gdp,,\nhefei,1,,\n")).columns.tolist() == ["city", "gdp"]
    assert faults_of(csv_file(tmp_path, "city,,gdp\nhefei,1,2\n")) == ["row 1: column 2 has no heading. Name it."]


@pytest.mark.parametrize(("encoding", "place"), [("gbk", "line 2: "), ("utf-16", "line 1: ")])
def test_another_encoding_is_refused_with_the_line_and_the_remedy(tmp_path: Path, encoding: str, place: str) -> None:
    (told,) = faults_of(csv_file(tmp_path, "city,gdp\n合肥,1\n".encode(encoding)))
    assert told == f"{place}not UTF-8 text. Save the file as UTF-8 (in Excel: CSV UTF-8, comma delimited)."


@pytest.mark.parametrize("mark", [";", "\t"])
def test_another_separator_is_refused(tmp_path: Path, mark: str) -> None:
    (told,) = faults_of(csv_file(tmp_path, f"city{mark}gdp\nhefei{mark}1,5\n"))
    assert told == "row 1: the columns are not separated by commas. Save the file with commas between columns."


def test_a_quotation_mark_that_never_closes_is_placed(tmp_path: Path) -> None:
    (told,) = faults_of(csv_file(tmp_path, 'city,gdp\nharbin,2\n"hefei,1\n'))
    assert told.startswith("row 3: not well-formed CSV")


# Files of every kind.


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_a_missing_file_a_folder_and_an_empty_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    assert faults_of(path) == ["no such file. Check the path."]
    path.touch()
    assert faults_of(path) == ["the file is empty. Give a table with headings in its first row."]
    path.unlink()
    path.mkdir()
    assert faults_of(path) == ["this is a folder. Name a file in it."]


def test_blank_lines_alone_are_an_empty_file(tmp_path: Path) -> None:
    assert faults_of(csv_file(tmp_path, "\n,,\n\n"))[0].startswith("the file is empty")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("table.xslx", "unknown kind of file '.xslx'. Did you mean .xlsx?"),
        ("table", "unknown kind of file ''. Known: .csv, .xlsx, .parquet."),
    ],
)
def test_an_unknown_kind_of_file_names_the_nearest(tmp_path: Path, name: str, told: str) -> None:
    assert faults_of(tmp_path / name) == [told]


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_a_library_that_is_not_installed_is_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setitem(sys.modules, LIBRARY[suffix], None)
    path = tmp_path / f"table{suffix}"
    path.touch()
    (told,) = faults_of(path)
    assert told == (
        f"a {suffix} file needs the library {LIBRARY[suffix]}, which is not installed. "
        f"Install it with: pip install {LIBRARY[suffix]}"
    )
    with pytest.raises(InputError, match="pip install"):
        write_table(pd.DataFrame({"city": ["hefei"]}), tmp_path / f"new{suffix}")


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_a_damaged_file_is_an_input_error(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip(LIBRARY[suffix])
    path = tmp_path / f"table{suffix}"
    path.write_bytes(b"city,gdp\nhefei,1\n")
    (told,) = faults_of(path)
    assert told.startswith(f"not a readable {suffix} file (")
    write_table(pd.DataFrame({"city": ["hefei"] * 99}), path)
    path.write_bytes(path.read_bytes()[:-40])
    (told,) = faults_of(path)
    assert told.startswith(f"not a readable {suffix} file (")


def test_rows_of_a_sheet_are_those_that_excel_shows(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row, cells in {2: ["city", "gdp", "note"], 3: ["hefei", 1.5, None], 5: ["harbin", "n.a.", True]}.items():
        for column, cell in enumerate(cells, start=1):
            book.active.cell(row, column, cell)
    book.create_sheet("other").append(["not read"])
    book.save(tmp_path / "table.XLSX")
    table = read_table(tmp_path / "table.XLSX")
    assert table.index.tolist() == [3, 5]
    assert table.to_numpy().tolist() == [["hefei", 1.5, ""], ["harbin", "n.a.", True]]


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_a_written_table_reads_back_and_stays_as_it_was(tmp_path: Path, suffix: str) -> None:
    if suffix in LIBRARY:
        pytest.importorskip(LIBRARY[suffix])
    table = pd.DataFrame({"city": ["合肥", 'a "b", c', "xi'an"], "gdp": [0.1 + 0.2, -1e-300, 13507.7]})
    before = table.copy(deep=True)
    write_table(table, tmp_path / f"table{suffix}")
    back = read_table(tmp_path / f"table{suffix}")
    assert back["city"].tolist() == table["city"].tolist()
    digits = 1e-15 if suffix == ".xlsx" else 0.0
    assert back["gdp"].astype(float).tolist() == pytest.approx(table["gdp"].tolist(), rel=digits, abs=0.0)
    pd.testing.assert_frame_equal(table, before)


def test_records_of_a_parquet_file_are_counted_from_1(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pd.DataFrame({"city": ["hefei", "harbin"], 2024: [1, 2]}, index=[7, 9]).rename(columns=str).to_parquet(
        tmp_path / "table.parquet"
    )
    table = read_table(tmp_path / "table.parquet")
    assert table.index.tolist() == [1, 2]
    assert table.columns.tolist() == ["city", "2024"]


cells = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6)


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_any_text_survives_a_csv_file(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    write_table(pd.DataFrame(rows, columns=["city", "note"]), path)
    table = read_table(path)
    assert table.to_numpy().tolist() == [list(row) for row in rows]
    assert table.index.tolist() == list(range(2, len(rows) + 2))


# Writing whole.


def test_what_stood_there_still_stands_where_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old", encoding="utf-8")

    def fail(to: Path) -> None:
        to.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match=r"table.csv: cannot be written \(No space left on device\)"):
        write_whole(path, fail)
    assert [(one.name, one.read_text(encoding="utf-8")) for one in tmp_path.iterdir()] == [("table.csv", "old")]


def test_nothing_half_written_stays_after_an_interrupt(tmp_path: Path) -> None:
    def stop(to: Path) -> None:
        to.mkdir()
        (to / "part").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "matrix.zarr", stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "matrix.zarr"
    for name in ("old", "new"):

        def write(to: Path, name: str = name) -> None:
            to.mkdir()
            (to / name).touch()

        write_whole(path, write)
    assert [one.name for one in path.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    table = pd.DataFrame({"city": ["hefei"]})
    with pytest.raises(StorageError, match="no folder"):
        write_table(table, tmp_path / "none" / "table.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(StorageError, match="cannot be written"):
        write_table(table, tmp_path / "folder.csv")
    assert [one.name for one in tmp_path.iterdir()] == ["folder.csv"]


# Small parts.


def test_the_kind_of_a_file_is_told_in_any_case() -> None:
    assert require_kind(Path("A.CSV"), TABLE_SUFFIXES) == ".csv"


@given(st.integers(0, 60))
def test_the_first_faults_and_the_count_of_the_rest_add_up(count: int) -> None:
    told = first_faults(list(range(count)), lambda item: Fault(str(item), "is bad"), "such")
    assert [fault.place for fault in told[:MOST_FAULTS]] == [str(item) for item in range(min(count, MOST_FAULTS))]
    assert [fault.problem for fault in told[MOST_FAULTS:]] == ([f"… and {count - 20} more such"] if count > 20 else [])
