from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import InputError
from simulator.workbooks import Sheet, sheet_of, write_sheets

openpyxl = pytest.importorskip("openpyxl")


def cells_of(path: Path, title: str = "A") -> list[list[object]]:
    return [list(row) for row in openpyxl.load_workbook(path)[title].iter_rows(values_only=True)]


def test_numbers_texts_truth_values_and_gaps_are_what_they_were(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    rows = [["a", "b"], [np.float64(0.1) + 0.2, np.int64(7)], [True, "=1+1"], [math.nan, pd.NA], ["007", "合肥"]]
    write_sheets([Sheet("A", [*rows, [None, math.inf]])], path)
    assert cells_of(path) == [
        ["a", "b"],
        [0.1 + 0.2, 7],
        [True, "=1+1"],
        [None, None],
        ["007", "合肥"],
        [None, "inf"],
    ]
    page = openpyxl.load_workbook(path)["A"]
    assert [page["B3"].data_type, page["A2"].data_type] == ["s", "n"]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_every_number_keeps_all_its_digits(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    path = tmp_path_factory.mktemp("book") / "book.xlsx"
    write_sheets([sheet_of("A", pd.DataFrame({"x": numbers}))], path)
    assert [row[0] for row in cells_of(path)[1:]] == numbers


def test_the_same_sheets_make_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets = [sheet_of("A", pd.DataFrame({"city": ["hefei"], "x": [0.5]})), Sheet("B", [["x"]])]
    write_sheets(sheets, tmp_path / "one.xlsx")
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    monkeypatch.setattr("openpyxl.writer.excel.datetime", _Later)
    write_sheets(sheets, tmp_path / "two.xlsx")
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


class _Later:
    """The module `datetime` many years from now."""

    import datetime as _datetime

    timezone = _datetime.timezone

    class datetime(_datetime.datetime):  # noqa: N801 — the name it stands for
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return cls(2050, 1, 1, tzinfo=tz)


def test_headings_and_keys_stay_in_sight_and_columns_are_wide_enough(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write_sheets([sheet_of("A", pd.DataFrame({"city": ["a very long name of a city"], "x": [1 / 3]}))], path)
    page = openpyxl.load_workbook(path)["A"]
    assert page.freeze_panes == "B2"
    assert page["A1"].font.bold
    assert not page["A2"].font.bold
    assert page.column_dimensions["A"].width == 28
    assert page.column_dimensions["B"].width == 10


def test_another_ending_and_a_missing_library_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"unknown kind of file '.xls'. Did you mean .xlsx"):
        write_sheets([Sheet("A", [["x"]])], tmp_path / "book.xls")
    monkeypatch.setattr("simulator.tables.find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs the library openpyxl, which is not installed"):
        write_sheets([Sheet("A", [["x"]])], tmp_path / "book.xlsx")
    assert list(tmp_path.iterdir()) == []
