"""A table becomes an index that runs at once, with every guess marked as one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from command_line import citysim, invoked, message_of
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.definition import parse_definition
from simulator.documents import parse_yaml
from simulator.drafting.draft import draft_index
from simulator.drafting.texts import definition_text
from simulator.errors import InputError, StorageError

TABLE = """\
City,城市,Province,Year,Population (10 000),GDP per capita (CNY),Unemployment rate [%],Buses,Colour,PM2.5 (µg/m³),Beds,\
Flat
Hefei,合肥,Anhui,2023,985,"127,000",4.1%,Daily,red,33,1.5,2
New York,纽约,NY,2023,800,"85,000",5%,none,green,12,,2
São Paulo,圣保罗,SP,2023,1200,"45,000",9%,regular,pink,22,,2
Aston,阿斯顿,NY,2023,10,"33,500",3.2%,some,grey,18,,2
Brook,布鲁克,NY,2023,12,"31,500",3.3%,daily,blue,19,3,2
"""
CHINESE = """\
城市,省份,年份,年末常住人口（万人）,经济：人均GDP（元）,经济：失业率（%）,环境：单位GDP能耗,环境：污水处理率（%）,环境：公交
合肥,安徽,2023,985,127000,4.1,0.3,95,每天
南京,江苏,2023,954,178000,3.5,0.4,97,无
宁波,浙江,2023,969,170000,3.9,0.5,99,每天
苏州,江苏,2023,1295,187000,3.2,0.6,96,定期
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_a_table_becomes_an_index_that_is_checked_scored_and_run(table: Path) -> None:
    folder = table.parent / "my-index"
    printed = citysim("new", str(folder), str(table))
    assert printed.startswith(f"{folder}: definition.yaml, values.csv, cities.csv, stress-test.yaml, set-aside.csv.\n")
    assert "a definition in order" in citysim("check", str(folder / "definition.yaml"))
    assert "São Paulo" in citysim("score", str(folder / "definition.yaml"))
    for command in ("check", "run"):
        done = invoked(command, str(folder / "stress-test.yaml"))
        assert done.exit_code == 0, done.stderr


def test_what_is_to_be_decided_is_told_in_order(table: Path) -> None:
    printed = citysim("new", str(table.parent / "my-index"), str(table))
    told = (
        "1. What was set aside",
        "2. The direction",
        "3. The order of answers",
        "4. The dimensions",
        "5. The weights",
    )
    places = [printed.index(words) for words in told]
    assert places == sorted(places)
    assert "lower is better in unemployment-rate, pm2-5" in printed.replace("\n     ", " ")
    assert "buses: none < some < regular < Daily" in printed
    assert citysim("new", str(table.parent / "other"), str(table), "--quiet") == ""


def test_columns_are_taken_for_what_they_seem(table: Path) -> None:
    made = sim.new_index(table.parent / "my-index", table)
    found = {leaf.id: (leaf.name.en, leaf.unit, leaf.direction) for leaf in made.definition.indicators}
    assert found == {
        "gdp-per-capita": ("GDP per capita (CNY)", "CNY", "higher"),
        "unemployment-rate": ("Unemployment rate [%]", "%", "lower"),
        "buses": ("Buses", "", "higher"),
        "pm2-5": ("PM2.5 (µg/m³)", "µg/m³", "lower"),
    }
    buses = next(leaf for leaf in made.definition.indicators if leaf.id == "buses")
    assert [answer.en for answer in buses.answers or ()] == ["none", "some", "regular", "Daily"]
    matrix = sim.load_index(table.parent / "my-index").matrix
    assert matrix.city.values.tolist() == ["hefei", "new-york", "são-paulo", "aston", "brook"]
    assert matrix.city_name_zh.values.tolist()[:2] == ["合肥", "纽约"]
    assert matrix.province.values.tolist() == ["Anhui", "NY", "SP", "NY", "NY"]
    assert matrix["value"].sel(indicator="gdp-per-capita").values.tolist() == [127000, 85000, 45000, 33500, 31500]
    assert matrix["value"].sel(indicator="buses").values.tolist() == [3, 0, 2, 1, 3]


def test_what_is_no_indicator_is_set_aside_with_its_reason_and_kept(table: Path) -> None:
    folder = table.parent / "my-index"
    sim.new_index(folder, table)
    text = (folder / "definition.yaml").read_text(encoding="utf-8")
    for line in (
        "#   Province: province",
        "#   Year: a year",
        "#   Population (10 000): what other figures are divided by (population, area)",
        "#   Colour: text (row 2 (Hefei): 'red', and 4 more)",
        "#   Beds: gaps (row 3 (New York), and 2 more)",
        "#   Flat: the same in all cities (2)",
    ):
        assert line in text
    kept = pd.read_csv(folder / "set-aside.csv")
    assert kept.columns.tolist() == ["city", "Year", "Population (10 000)", "Colour", "Beds", "Flat"]
    assert kept["Beds"].isna().tolist() == [False, True, True, True, False]


def test_a_column_with_some_gaps_stays_and_shares_its_weight(tmp_path: Path) -> None:
    rows = ["city,income,visits", "a,1,never", "b,,often", "c,3,", "d,4,never", "e,7,often"]
    (tmp_path / "data.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    folder = tmp_path / "mine"
    sim.new_index(folder, tmp_path / "data.csv")
    text = (folder / "definition.yaml").read_text(encoding="utf-8")
    assert "imputation: share-weight      # guess: a blank cell leaves its weight" in text
    assert "# note: blank: row 3 (b)" in text
    index = sim.load_index(folder / "definition.yaml")
    assert index.matrix["value"].isnull().sum() == 2
    assert (index.score()["rank"] > 0).all()
    found = sim.run(folder / "stress-test.yaml", draws=100, workers=1)
    assert set(found["alternative"].values.tolist()) >= {"share-weight", "mean", "median"}


def test_every_guess_is_marked(table: Path) -> None:
    sim.new_index(table.parent / "my-index", table)
    lines = (table.parent / "my-index" / "definition.yaml").read_text(encoding="utf-8").splitlines()
    guessed = [line for line in lines if line.strip().startswith(("unit:", "direction:", "answers:", "normalise:"))]
    assert len(guessed) == 3 + 4 + 1 + 1
    assert all("# guess: " in line for line in guessed)
    scenario = (table.parent / "my-index" / "stress-test.yaml").read_text(encoding="utf-8")
    assert "{size: 0.05, unit: relative}" in scenario
    assert "{size: 0.2, unit: steps}" in scenario
    assert "percent: 25" in scenario


def test_chinese_headings_make_dimensions_and_directions(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text(CHINESE, encoding="utf-8-sig")
    made = sim.new_index(tmp_path / "城市 指数", tmp_path / "data.csv")
    assert made.definition.id == "城市-指数"
    assert [(node.id, node.name.zh) for node in made.definition.nodes[:-1]] == [("经济", "经济"), ("环境", "环境")]
    found = {leaf.id: (leaf.unit, leaf.direction) for leaf in made.definition.indicators}
    assert found == {
        "人均gdp": ("元", "higher"),
        "失业率": ("%", "lower"),
        "单位gdp能耗": ("", "lower"),
        "污水处理率": ("%", "higher"),
        "公交": ("", "higher"),
    }
    answers = made.definition.indicators[-1].answers or ()
    assert [answer.en for answer in answers] == ["无", "定期", "每天"]
    assert sim.load_index(tmp_path / "城市 指数").matrix.city_name_zh.values.tolist()[0] == "合肥"


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_other_tables_give_the_same_index(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip({".xlsx": "openpyxl", ".parquet": "pyarrow"}[suffix])
    plain = pd.DataFrame(
        {"City": ["A", "B", "C"], "GDP (CNY)": [1.5, 2.25, 1e7], "Jobs": [3, 4, 5], "Buses": ["none", "daily", "none"]}
    )
    plain.to_csv(tmp_path / "data.csv", index=False)
    path = tmp_path / f"data{suffix}"
    if suffix == ".xlsx":
        plain.to_excel(path, index=False)
    else:
        plain.to_parquet(path, index=False)
    for name, file in (("one", tmp_path / "data.csv"), ("two", path)):
        sim.new_index(tmp_path / name, file)
    one, two = (sim.load_index(tmp_path / name).matrix for name in ("one", "two"))
    assert one.equals(two)


def test_an_index_is_written_over_only_when_told_so_and_other_files_stay(table: Path) -> None:
    folder = table.parent / "my-index"
    sim.new_index(folder, table)
    (folder / "result.nc").write_bytes(b"mine")
    (folder / "values.csv").write_text("changed", encoding="utf-8")
    told = message_of("new", str(folder), str(table))
    assert f"{folder}: an index stands there already. Name another folder, or write over it: --force." in told
    assert (folder / "values.csv").read_text(encoding="utf-8") == "changed"
    citysim("new", str(folder), str(table), "--force", "--quiet")
    assert (folder / "values.csv").read_text(encoding="utf-8") != "changed"
    assert (folder / "result.nc").read_bytes() == b"mine"
    assert sorted(path.name for path in table.parent.iterdir()) == ["data.csv", "my-index"]


def test_a_folder_of_other_things_is_never_written_over(table: Path) -> None:
    told = message_of("new", str(table.parent), str(table), "--force")
    assert "is a folder with other things in it, and no definition.yaml. Name another." in told
    assert [path.name for path in table.parent.iterdir()] == ["data.csv"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty."),
        ("city,x\n", "there is no city."),
        ("city,x\na,1\nb,2\n", "a ranking of 2 cities says nothing. Give 3 or more, a row each."),
        ("city,x,x\na,1,1\nb,2,2\nc,3,3\n", "column x: is given twice. Rename or remove one of them."),
        ("city,year,x\na,1,1\na,2,2\nb,1,3\n", "column year: cities stand there several times. Keep the rows of one"),
        ("city,x\na,1\n,2\nc,3\n", "row 3: the name of the city is empty. Name it."),
        ("x,y\n1,2\n3,4\n5,6\n", "no column names the cities. Give one the heading `city`, with each city in one row."),
        ("city,x\na,1\nb,\nc,\n", "column x: gaps (row 3 (b), and 1 more)"),
        ("city,x\na,1\nb,1\nc,1\n", "column x: the same in all cities (1)"),
        ("city,x\na,1\nb,about 2\nc,3\n", "column x: text among the numbers (row 3 (b): 'about 2')"),
    ],
)
def test_a_table_that_makes_no_index_is_told_why_and_nothing_is_written(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "data.csv").write_text(text, encoding="utf-8")
    assert told in message_of("new", str(tmp_path / "my-index"), str(tmp_path / "data.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_faults_of_folder_and_table_come_together(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    told = message_of("new", str(tmp_path / "file"), str(tmp_path / "none.csv"))
    assert "2 faults" in told
    assert "is a file. Name a folder that does not exist yet." in told
    assert f"{tmp_path / 'none.csv'}: no such file. Check the path." in told
    assert "does not exist. Create it first." in message_of("new", str(tmp_path / "none" / "x"), str(tmp_path / "file"))


def test_nothing_stays_where_the_folder_cannot_be_written(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(StorageError, match="no space left"):
        sim.new_index(table.parent / "my-index", table)
    assert [path.name for path in table.parent.iterdir()] == ["data.csv"]


def test_a_table_or_a_template_is_needed(table: Path) -> None:
    folder = str(table.parent / "my-index")
    assert "neither a table nor a template is named" in message_of("new", folder)
    assert "both a table and a template are named" in message_of("new", folder, str(table), "--template", "plain")
    assert "no folder is named. Example: citysim new my-index data.csv." in message_of("new")


headings = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), min_size=1, max_size=12)
cells = st.one_of(
    st.integers(-5, 5).map(str), st.sampled_from(["none", "yes", "no", "n/a", "1,000", "#", "a: b", "是"])
)


@given(names=st.lists(headings, min_size=1, max_size=6), data=st.data())
@settings(max_examples=60)
def test_any_headings_and_cells_make_a_definition_in_order_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], data: st.DataObject
) -> None:
    rows = [[city, *(data.draw(cells) for _ in names)] for city in ("a", "b", "c", "d")]
    path = tmp_path_factory.mktemp("new") / "data.csv"
    pd.DataFrame(rows, columns=pd.Index(["city", *names])).to_csv(path, index=False)
    try:
        draft = draft_index(path)
    except InputError:
        return
    read = parse_definition(parse_yaml(definition_text(draft, "my-index", "my-index"), "definition.yaml"))
    assert [leaf.id for leaf in read.indicators] == draft.values.columns.tolist()[1:]
    for leaf, one in zip(read.indicators, draft.indicators, strict=True):
        assert (leaf.name.en or leaf.name.zh) == one.column.heading.text
