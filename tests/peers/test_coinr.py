from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from command_line import citysim, message_of

import simulator as sim
from simulator.errors import InputError
from simulator.peers.coinr import read_coinr
from simulator.peers.coinr_writing import write_coinr
from simulator.peers.stored import stored
from simulator.preparation import Denominator
from simulator.workbooks import sheet_of, write_sheets

ASEM = Path(__file__).parent.parent / "golden" / "asem"
IDATA, IMETA = ASEM / "iData.csv", ASEM / "iMeta.csv"

DATA = """\
uCode,uName,Region,Time,GDP,trade,air,Notes
AA,Aland,N,2020,10,1.5,7,x
BB,Bland,NA,2020,20,,8,007
CC,Cland,S,2020,30,2.5,9,y
"""
META = """\
iCode,Level,Parent,Direction,Weight,Type,iName,Unit,Target,Denominator,Author
air,1,eco,-1,0.25,Indicator,Air,µg,NA,NA,me
idx,3,NA,1,1,Aggregate,The index,Score,NA,NA,NA
trade,1,eco,1,0.75,Indicator,"Trade, all",USD,4.5,GDP,you
eco,2,idx,1,1,Aggregate,Economy,NA,NA,NA,NA
GDP,NA,NA,NA,NA,Denominator,Output,USD,NA,NA,NA
Region,NA,NA,NA,NA,Group,The region,NA,NA,NA,NA
Notes,NA,NA,NA,5,Other,Notes,NA,NA,NA,them
"""


def written(folder: Path, data: str = DATA, meta: str = META) -> tuple[Path, Path]:
    for name, text in (("iData.csv", data), ("iMeta.csv", meta)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "iData.csv", folder / "iMeta.csv"


def faults_of(folder: Path, data: str = DATA, meta: str = META) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_coinr(*written(folder, data, meta))
    return [str(fault) for fault in caught.value.faults]


def cells(path: Path, sheet: str | None = None) -> pd.DataFrame:
    if sheet is None:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    return pd.read_excel(path, sheet, dtype=object, na_filter=False, engine="openpyxl")


def assert_equal_cells(here: pd.DataFrame, there: pd.DataFrame) -> None:
    """Compare tables cell by cell: equal texts, or the same number to its last digit."""
    assert here.columns.tolist() == there.columns.tolist()
    assert len(here) == len(there)
    for name in here.columns:
        for one, other in zip(here[name], there[name], strict=True):
            assert one == other or float(one) == float(other), (name, one, other)


# In and out.


def test_the_tables_of_asem_come_out_as_they_went_in(tmp_path: Path) -> None:
    draft = read_coinr(IDATA, IMETA)
    assert (len(draft.values), len(draft.definition.indicators), draft.gaps) == (51, 49, 64)
    draft.write(tmp_path / "index")
    write_coinr(tmp_path / "index", tmp_path / "coinr")
    write_coinr(tmp_path / "index", tmp_path / "book.xlsx")
    for name, path in (("iData", IDATA), ("iMeta", IMETA)):
        assert_equal_cells(cells(tmp_path / "coinr" / f"{name}.csv"), cells(path))
        assert_equal_cells(cells(tmp_path / "book.xlsx", name), cells(path))
    assert sorted(one.name for one in (tmp_path / "coinr").iterdir()) == ["iData.csv", "iMeta.csv"]


def test_a_workbook_makes_the_same_index_as_the_two_files(tmp_path: Path) -> None:
    read_coinr(IDATA, IMETA).write(tmp_path / "one")
    write_coinr(tmp_path / "one", tmp_path / "book.xlsx")
    read_coinr(tmp_path / "book.xlsx").write(tmp_path / "two")
    for name in ("definition.yaml", "values.csv", "cities.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    write_coinr(tmp_path / "two", tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == (tmp_path / "book.xlsx").read_bytes()


def test_odd_orders_extra_columns_and_missing_marks_come_out_as_they_went_in(tmp_path: Path) -> None:
    idata, imeta = written(tmp_path)
    read_coinr(idata, imeta).write(tmp_path / "index")
    write_coinr(tmp_path / "index", tmp_path / "out")
    expected = DATA.replace("2020,20,,8", "2020,20,NA,8")
    assert (tmp_path / "out" / "iData.csv").read_text("utf-8") == expected
    assert (tmp_path / "out" / "iMeta.csv").read_text("utf-8") == META


def test_what_is_changed_in_the_definition_is_changed_in_the_tables(tmp_path: Path) -> None:
    read_coinr(*written(tmp_path)).write(tmp_path / "index")
    definition = tmp_path / "index" / "definition.yaml"
    text = definition.read_text("utf-8").replace("weight: 0.25", "weight: 2, denominator: GDP")
    definition.write_text(text.replace("name: Economy", "name: Wealth"), "utf-8")
    write_coinr(tmp_path / "index", tmp_path / "out")
    rows = cells(tmp_path / "out" / "iMeta.csv").set_index("iCode")
    assert rows.loc["air", ["Weight", "Denominator", "Author"]].tolist() == ["2", "GDP", "me"]
    assert rows.loc["eco", "iName"] == "Wealth"


def test_codes_names_directions_targets_and_groups_have_their_places(tmp_path: Path) -> None:
    draft = read_coinr(*written(tmp_path))
    definition = draft.definition
    assert [leaf.id for leaf in definition.indicators] == ["air", "trade"]
    air, trade = definition.indicators
    assert (air.direction, air.weight, air.unit, air.target, air.denominator) == ("lower", 0.25, "µg", None, None)
    assert (trade.name.en, trade.direction, trade.target, trade.denominator) == (
        "Trade, all",
        "higher",
        4.5,
        Denominator(by="GDP"),
    )
    assert (definition.levels, definition.title.en) == (("index", "dimension", "indicator"), "The index")
    assert draft.values.columns.tolist() == ["city", "GDP", "air", "trade"]
    assert draft.cities is not None
    assert draft.cities.to_dict("records")[1] == {
        "city": "BB",
        "name_en": "Bland",
        "Region": "",
        "Time": "2020",
        "Notes": "007",
    }


def test_a_converted_index_is_scored_and_its_groups_choose_cities(tmp_path: Path) -> None:
    cells(IDATA).replace("", "1").to_csv(tmp_path / "iData.csv", index=False)
    read_coinr(tmp_path / "iData.csv", IMETA).write(tmp_path / "index")
    index = sim.load_index(tmp_path / "index")
    assert index.matrix["denominator_value"].sel(city="AUT", denominator="GDP") == 390.79999114746801
    assert index.select({"EurAsia_group": "asia", "Pop_group": "S"}).cities
    assert index.matrix["EurAsia_group"].sel(city="JPN") == "Asia"
    scenario = {
        "schema_version": 1,
        "name": "x",
        "index": "x",
        "within": "EurAsia_group",
        "factors": {"weights": {"method": "uniform", "percent": 10}},
    }
    result = sim.run(scenario, index=index, draws=20, seed=1)
    assert sorted(set(result["group"].values.tolist())) == ["Asia", "Europe"]
    assert result["EurAsia_group"].sel(city="JPN") == "Asia"


def test_an_index_of_ours_goes_to_coinr_and_back(tmp_path: Path) -> None:
    write_coinr("opportunity-2025", tmp_path)
    back = read_coinr(tmp_path / "iData.csv", tmp_path / "iMeta.csv")
    definition, matrix = stored("opportunity-2025")
    assert [leaf.id for leaf in back.definition.indicators] == [leaf.id for leaf in definition.indicators]
    assert back.definition.ancestors == definition.ancestors
    assert back.values.drop(columns="city").to_numpy().tolist() == matrix["value"].values.tolist()
    assert back.cities is not None
    assert back.cities["name_zh"].tolist() == matrix["city_name_zh"].values.tolist()
    write_coinr(sim.load_index("opportunity-2025"), tmp_path / "again")
    assert (tmp_path / "again" / "iData.csv").read_bytes() == (tmp_path / "iData.csv").read_bytes()


# What is refused.

BAD_META = """\
iCode,Level,Parent,Direction,Weight,Type,Denominator,Target
air,1,ecoo,-1,one,Indicator,,
air,1,eco,0,1,Indicator,GPD,high
trade,2,eco,1,1,Indicator,,
eco,2,idx,1,-1,Aggregate,,
idx,3,,1,1,Aggregate,,
top,3,,-1,1,Aggregate,,
a b,1,idx,1,1,Indicator,,
GDP,,,,,Denominater,,
"""


def test_every_fault_of_both_tables_is_told_at_once(tmp_path: Path) -> None:
    data = "uCode,air,trade,weather,eco\nAA,1,x,2,3\nAA,2,3,4,5\n,inf,3,4,5\n"
    assert faults_of(tmp_path, data, BAD_META) == [
        "iMeta.csv, row 3, iCode: 'air' stands in row 2 already. Give each row its own code.",
        "iMeta.csv, row 8, iCode: 'a b' is no code. Use no spaces, commas and slashes, in iData too.",
        "iMeta.csv, row 2, Weight: 'one' is no weight. Write a number, 0 or more.",
        "iMeta.csv, row 3, Direction: '0' is no direction. Write 1 where more is better, -1 where less is.",
        "iMeta.csv, row 3, Target: 'high' is no number. Write a number, or leave it empty.",
        "iMeta.csv, row 4, Level: '2' is no level of the type Indicator."
        " Write 1, the level of all indicators, or another type.",
        "iMeta.csv, row 5, Weight: '-1' is no weight. Write a number, 0 or more.",
        "iMeta.csv, row 7, Direction: '-1' turns an aggregate. Write 1, and turn the indicators below it.",
        "iMeta.csv, row 9, Type: unknown type 'Denominater'. Did you mean Denominator or Other or Indicator?",
        "iMeta.csv, row 2, Parent: no aggregate 'ecoo'. Did you mean eco?",
        "iMeta.csv, row 3, Denominator: no denominator 'GPD'."
        " Add a row of the type Denominator, and the column to iData.",
        "iMeta.csv, row 4, Parent: 'eco' is of level 2, and this row of level 2."
        " A parent stands one level higher: name one of level 3.",
        "iMeta.csv, row 8, Parent: 'idx' is of level 3, and this row of level 1."
        " A parent stands one level higher: name one of level 2.",
        "iMeta.csv, row 6, Parent: idx has no parent, nor has top. Only one is the index.",
        "iMeta.csv, row 7: nothing is below the aggregate 'top'. Remove it.",
        "iData.csv, row 1, weather: 'weather' is not described in iMeta.csv."
        " Add a row to iMeta.csv, of the type Other if need be.",
        "iData.csv, row 1, eco: 'eco' is an aggregate, which is computed. Remove the column.",
        "iMeta.csv, row 8, iCode: 'a b' has no column in iData.csv. Add it, or remove the row.",
        "iData.csv, row 3, uCode: 'AA' stands in row 2 already. Keep one of them.",
        "iData.csv, row 4, uCode: the code of the unit is empty. Give each row one.",
        "iData.csv, row 2, trade: 'x' is not a number. Write digits and a decimal point only, or leave it empty.",
        "iData.csv, row 4, air: 'inf' is not a number. Write digits and a decimal point only, or leave it empty.",
    ]


def test_a_circle_of_parents(tmp_path: Path) -> None:
    meta = META.replace("idx,3,NA", "idx,3,eco")
    told = faults_of(tmp_path, meta=meta)
    assert "iMeta.csv: no aggregate is without a parent. Leave the parent of the index itself empty." in told
    assert any("a circle of parents: " in one and "Break the circle." in one for one in told)


def test_columns_that_are_missing_misspelt_or_given_twice(tmp_path: Path) -> None:
    meta = META.replace("Level", "Levle").replace("Unit", "iName", 1)
    told = faults_of(tmp_path, DATA.replace("uCode", "Code"), meta)
    assert told[:2] == [
        "iMeta.csv, row 1, iName: 'iName' is a heading twice. Keep one of them.",
        "iMeta.csv: the column Level is missing. Did you mean Levle?",
    ]
    assert "iData.csv: the column uCode is missing. Did you mean Code?" in told


def test_data_of_several_years(tmp_path: Path) -> None:
    told = faults_of(tmp_path, DATA + "AA,Aland,N,2021,10,1.5,7,x\n")
    assert told == [
        "iData.csv, row 5, uCode: 'AA' stands in row 2 already. These are data of several years: keep those of one."
    ]


def test_all_weights_of_a_family_zero(tmp_path: Path) -> None:
    assert faults_of(tmp_path, meta=META.replace("0.25", "0").replace("0.75", "0")) == [
        "iMeta.csv, row 5: the weights of all below 'eco' are zero. Give at least one a weight above 0."
    ]


def test_names_that_mean_something_else_here(tmp_path: Path) -> None:
    told = faults_of(tmp_path, DATA.replace("Region", "rank"), META.replace("Region,", "rank,"))
    assert told == [
        "iData.csv, row 1, rank: 'rank' has a name that means something else here. Name it otherwise, in both tables."
    ]


def test_cells_of_a_workbook_are_named_as_excel_names_them(tmp_path: Path) -> None:
    data, meta = (cells(path) for path in written(tmp_path))
    meta.loc[0, "Weight"] = "heavy"
    data.loc[2, "air"] = "?"
    write_sheets([sheet_of("iData", data), sheet_of("iMeta", meta)], tmp_path / "book.xlsx")
    with pytest.raises(InputError) as caught:
        read_coinr(tmp_path / "book.xlsx")
    assert [fault.place for fault in caught.value.faults] == ["iMeta!E2", "iData!G4"]


def test_files_that_are_not_there_or_not_two(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_coinr(tmp_path / "a.csv", tmp_path / "b.csv")
    assert [fault.problem for fault in caught.value.faults] == ["no such file", "no such file"]
    with pytest.raises(InputError, match="is one of two tables, iData and iMeta"):
        read_coinr(IDATA)
    write_sheets([sheet_of("iDatas", cells(IDATA))], tmp_path / "book.xlsx")
    with pytest.raises(InputError, match=r"there is no sheet iData\. Did you mean iDatas"):
        read_coinr(tmp_path / "book.xlsx")


def test_what_coinr_has_no_room_for_is_refused(tmp_path: Path) -> None:
    tree = {
        "id": "t",
        "normalise": "z-score",
        "children": [
            {"id": "a", "direction": "target", "target": 1},
            {"id": "2b"},
            {"id": "n", "children": [{"id": "c"}]},
        ],
    }
    values = pd.DataFrame({"a": [1.0, 2.0], "2b": [1.0, 2.0], "c": [1.0, 2.0]}, index=["x y", "z"])
    index = sim.build_index({"schema_version": 1, "id": "mine", "index": tree, "levels": ["i", "d", "l"]}, values)
    with pytest.raises(InputError) as caught:
        write_coinr(index, tmp_path / "out")
    assert [fault.place for fault in caught.value.faults] == ["a", "a", "2b", "2b", "x y"]
    with pytest.raises(InputError, match="Name a folder, or a workbook"):
        write_coinr("opportunity-2025", tmp_path / "out.csv")
    assert list(tmp_path.iterdir()) == []


# The command.


def test_convert_and_export(tmp_path: Path) -> None:
    idata, imeta = written(tmp_path)
    told = citysim("convert", str(idata), str(imeta), "--out", str(tmp_path / "index"))
    assert told.splitlines() == [
        f"Written to {tmp_path / 'index'}: definition.yaml, values.csv, cities.csv; 3 cities, 2 indicators.",
        "Normalisation and aggregation are guesses, marked in definition.yaml.",
        "1 cell is empty; their weight is shared by what is there (imputation: share-weight), which is a guess too.",
    ]
    text = (tmp_path / "index" / "definition.yaml").read_text("utf-8")
    assert "normalise: {method: min-max, to: [0, 100]}  # a guess" in text
    citysim("export", str(tmp_path / "index"), "--coinr", str(tmp_path / "book.xlsx"))
    citysim("convert", str(tmp_path / "book.xlsx"), "--out", str(tmp_path / "again"))
    assert (tmp_path / "again" / "values.csv").read_bytes() == (tmp_path / "index" / "values.csv").read_bytes()


def test_commands_that_are_refused_leave_nothing(tmp_path: Path) -> None:
    idata, imeta = written(tmp_path, meta=META.replace("-1", "2"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    before = sorted(tmp_path.rglob("*"))
    assert "no direction" in message_of("convert", str(idata), str(imeta), "--out", str(tmp_path / "new"))
    assert "is not empty" in message_of("convert", str(idata), str(imeta), "--out", str(tmp_path / "full"))
    assert "3 files are given" in message_of("convert", "a", "b", "c", "--out", str(tmp_path / "new"))
    assert "nothing is asked for" in message_of("export", "opportunity-2025")
    assert sorted(tmp_path.rglob("*")) == before


# Odd tables that are in order.

PLAIN = "Level,iCode,Parent,Direction,Weight,Type\n1,a,t,1,1,Indicator\n1,b,t,1,1,Indicator\n2,t,,1,1,Aggregate\n"


@pytest.mark.parametrize(
    ("data", "meta"),
    [
        ("uCode,a,b\nNA,1,2\nNO,3,4\n", PLAIN),
        ("a,uCode,b,Time\n1,1e5,2,2018\n3,2020,,2018\n", PLAIN),
        ("uCode,status,b\nX,1,2\nY,3,4\n", PLAIN.replace(",a,", ",status,")),
        ("uCode,a,b,G\nX,1,2,01\nY,3,4,1.0\n", PLAIN + ",G,,,,Group\n"),
        ("uCode,province,a,b\nX,P,1,2\nY,,3,4\n", PLAIN + ",province,,,,Other\n"),
        (
            "uCode,a,b\nX,1,2\nY,3,4\n",
            "Level,Parent,iCode,Direction,Weight,Type\n2,,t,1,7,Aggregate\n1,t,a,1,0,Indicator\n1,t,b,-1,1e-09,Indicator\n",
        ),
    ],
    ids=[
        "codes NA and NO",
        "codes that look like numbers",
        "indicator status",
        "groups 01 and 1.0",
        "province",
        "order",
    ],
)
def test_odd_tables_come_out_as_they_went_in(tmp_path: Path, data: str, meta: str) -> None:
    read_coinr(*written(tmp_path, data, meta)).write(tmp_path / "index")
    write_coinr(tmp_path / "index", tmp_path / "out")
    assert (tmp_path / "out" / "iData.csv").read_text("utf-8") == data
    assert (tmp_path / "out" / "iMeta.csv").read_text("utf-8") == meta
    write_coinr(tmp_path / "index", tmp_path / "book.xlsx")
    read_coinr(tmp_path / "book.xlsx").write(tmp_path / "again")
    assert (tmp_path / "again" / "values.csv").read_bytes() == (tmp_path / "index" / "values.csv").read_bytes()
