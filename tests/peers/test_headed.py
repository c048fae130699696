from __future__ import annotations

from pathlib import Path

import pytest
from command_line import citysim, message_of

import simulator as sim
from simulator.errors import InputError
from simulator.peers.headed import read_headed, write_headed

openpyxl = pytest.importorskip("openpyxl")

TABLE = """\
,Economic strength,,Air,
city,GDP per head,Debt,PM2.5,"Days, clear"
hefei,1.5,2,0.30000000000000004,4
New York,5,,7,8
南京,-1,2,3,4
"""


def csv_file(folder: Path, text: str = TABLE) -> Path:
    (folder / "my table.csv").write_text(text, encoding="utf-8")
    return folder / "my table.csv"


def faults_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_headed(csv_file(folder, text))
    return [str(fault) for fault in caught.value.faults]


def test_dimensions_and_indicators_come_from_the_two_rows(tmp_path: Path) -> None:
    draft = read_headed(csv_file(tmp_path))
    definition = draft.definition
    assert (definition.id, draft.gaps) == ("my-table", 1)
    assert [(leaf.id, leaf.name.en) for leaf in definition.indicators] == [
        ("GDP-per-head", "GDP per head"),
        ("Debt", ""),
        ("PM2.5", ""),
        ("Days-clear", "Days, clear"),
    ]
    assert definition.ancestors["Debt"] == ("total", "Economic-strength")
    assert draft.values["city"].tolist() == ["hefei", "New York", "南京"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_table_comes_out_as_it_went_in(tmp_path: Path, suffix: str) -> None:
    read_headed(csv_file(tmp_path)).write(tmp_path / "one")
    write_headed(tmp_path / "one", tmp_path / f"out{suffix}")
    read_headed(tmp_path / f"out{suffix}").write(tmp_path / "two")
    write_headed(tmp_path / "two", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text("utf-8") == TABLE
    assert (tmp_path / "two" / "values.csv").read_bytes() == (tmp_path / "one" / "values.csv").read_bytes()


def test_merged_cells_of_excel_are_read_and_written(tmp_path: Path) -> None:
    write_headed("opportunity-2025", tmp_path / "table.xlsx")
    page = openpyxl.load_workbook(tmp_path / "table.xlsx").active
    assert page["B1"].value == "Economic strength"
    assert "B1:F1" in [str(merged) for merged in page.merged_cells.ranges]
    assert page.freeze_panes == "B3"
    back = read_headed(tmp_path / "table.xlsx")
    index = sim.load_index("opportunity-2025")
    assert back.values.drop(columns="city").to_numpy().tolist() == index.matrix["value"].values.tolist()
    assert len(back.definition.index.children) == 10


def test_names_given_twice_get_a_number(tmp_path: Path) -> None:
    text = ",Air,,Water\ncity,Air,city,Quality\na,1,2,3\nb,2,3,4\n"
    definition = read_headed(csv_file(tmp_path, text)).definition
    assert definition.slots == ("Air-2", "city-2", "Quality", "Air", "Water", "total")
    read_headed(csv_file(tmp_path, text)).write(tmp_path / "index")
    write_headed(tmp_path / "index", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_text("utf-8") == text


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = ",,A,B,A,B,\ncity,x,y,,z,v,v\nhefei,1,?,3,4,5,6\n,1,2,3,4,5,6\nhefei,1,2,inf,4,5,6\n"
    assert faults_of(tmp_path, text) == [
        "my table.csv, row 1, column 2: no dimension is named above the first indicator. Name it.",
        "my table.csv, row 1, column 5: the dimension 'A' begins a second time."
        " Put its columns side by side, and name it above the first.",
        "my table.csv, row 1, column 6: the dimension 'B' begins a second time."
        " Put its columns side by side, and name it above the first.",
        "my table.csv, row 2, column 4: the indicator has no name. Name it.",
        "my table.csv, row 2, column 7: 'v' stands in this dimension already. Give each indicator its own name.",
        "my table.csv, row 4, column 1: the name of the city is empty. Name it.",
        "my table.csv, row 5, column 1: 'hefei' stands in row 3 already. Keep one of them.",
        "my table.csv, row 3, column 3: '?' is not a number. Write digits and a decimal point only, or leave it empty.",
        "my table.csv, row 5, column 4: 'inf' is not a number."
        " Write digits and a decimal point only, or leave it empty.",
    ]


def test_one_row_of_headings_is_told_from_two(tmp_path: Path) -> None:
    assert faults_of(tmp_path, "city,x,y\na,1,2\nb,3,4\n") == [
        "my table.csv, row 2, column 2: there are numbers where names of indicators should be."
        " Put a row with the names of the dimensions on top."
    ]
    assert faults_of(tmp_path, "city,x\na,1\n")[0].startswith("there are fewer than three rows.")


def test_cells_of_a_sheet_are_named_as_excel_names_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in (["", "A", ""], ["city", "x", "y"], ["hefei", 1, "?"]):
        book.active.append(cells)
    book.active.title = "Data"
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(InputError) as caught:
        read_headed(tmp_path / "t.xlsx")
    assert [fault.place for fault in caught.value.faults] == ["Data!C3"]


def test_an_index_of_other_levels_is_refused(tmp_path: Path) -> None:
    tree = {"id": "t", "normalise": "z-score", "children": [{"id": "a"}, {"id": "b", "denominator": "c"}]}
    definition = {"schema_version": 1, "id": "mine", "index": tree}
    index = sim.build_index(definition, _table({"a": [1.0, 2.0], "b": [1.0, 2.0], "c": [4.0, 5.0]}))
    assert index.matrix["denominator_value"].values.tolist() == [[4], [5]]
    with pytest.raises(InputError) as caught:
        write_headed(index, tmp_path / "t.csv")
    assert [fault.place for fault in caught.value.faults] == ["a", "b", "c"]


def _table(columns: dict[str, list[float]]):  # type: ignore[no-untyped-def]
    import pandas as pd

    return pd.DataFrame(columns, index=["x", "z"])


def test_convert_and_export(tmp_path: Path) -> None:
    path = csv_file(tmp_path, TABLE.replace(",,7,8", ",1,7,8"))
    told = citysim("convert", str(path), "--out", str(tmp_path / "index"))
    assert told.splitlines()[-1] == "Directions, normalisation and aggregation are guesses, marked in definition.yaml."
    assert citysim("check", str(tmp_path / "index")).endswith("with its data: 3 cities, 4 indicators.\n")
    citysim("export", str(tmp_path / "index"), "--table", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text("utf-8") == path.read_text("utf-8")
    assert "unknown kind of file '.txt'" in message_of("export", "opportunity-2025", "--table", str(tmp_path / "x.txt"))
