"""A careless user's own index: mistakes in its definition, its data and its printed totals."""

from __future__ import annotations

from pathlib import Path

import pytest
from bad_input_files import DEFINITION, MATRIX, TOTALS, citysim, entries, message_of, tiny


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "weight: 2",
            "weight: -2",
            "line 17, index.children[1].children[0].weight: -2 is out of range. Give a number not below 0.",
        ),
        (
            "weight: 2",
            "weight: 0",
            "line 16, index.children[1].children: the weights of all children are zero. Give at",
        ),
        (
            "method: rank",
            "method: rnk",
            "line 10, index.children[0].normalise: unknown method 'rnk'. Did you mean rank?",
        ),
        (
            "z-score",
            "geometric",
            "line 15, index.children[1].normalise: unknown method 'geometric'. Known: none, rank, ",
        ),
        ("id: debt", "id: gdp", "line 13, index.children[0].children[1].id: 'gdp' is used twice. Give every node and "),
        (
            "unit: count",
            "unt: count",
            "line 17, index.children[1].children[0].unt: unknown key 'unt'. Did you mean unit?",
        ),
        ("direction: lower", "direction: target", "direction is 'target' but no target is given. Add target: VALUE."),
        ("pillar, ", "", "the tree is deeper than its 2 levels. Name every level in `levels`, indicators last."),
        (
            "data: {matrix: m.csv, cities: c.csv, totals: t.csv}\n",
            "",
            "data: the definition names no data. Add `data: ",
        ),
    ],
)
def test_a_mistake_in_a_definition_is_told_with_its_line_and_remedy(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    file = tiny(tmp_path, d=DEFINITION.replace(old, new, 1))
    message = message_of("score", str(file))
    assert message.startswith(f"{file}: 1 fault\n")
    assert fault in message
    assert message_of("check", str(file)) == message


@pytest.mark.parametrize(
    ("matrix", "fault"),
    [
        ("", "the file is empty. Give a table with headings in its first row."),
        ("city,gdp,debt,schools\n", "there is no city. Give one row for each city."),
        (MATRIX.replace(",", ";"), "row 1: the columns are not separated by commas. Save the file with commas"),
        (MATRIX.replace("b,2", "b,"), "row 3 (b), column gdp: is missing (convention 4). Fill it, leave it out"),
        (MATRIX.replace("b,2", "b,two"), "row 3 (b), column gdp: 'two' is not a number. Write digits"),
        (MATRIX.replace("b,2", "b,inf"), "row 3 (b), column gdp: 'inf' is not finite. Write a finite number."),
        (MATRIX + "a,1,2,3\n", "row 5 (a): the city stands in row 2 already. Keep one of them."),
        (MATRIX.replace("b,2,3,1", "b,2,3"), "row 3: 3 cells, but there are 4 headings."),
        (MATRIX.replace("schools", "scools"), "column schools: is missing. Did you mean scools?"),
        (MATRIX.replace("c,", "d,"), "c.csv, d: is in the matrix, but not in this table. Add it, or correct"),
    ],
)
def test_a_mistake_in_the_data_is_told_with_its_row_and_remedy(tmp_path: Path, matrix: str, fault: str) -> None:
    file = tiny(tmp_path, m=matrix)
    former = tmp_path / "scores.csv"
    former.write_text("former", encoding="utf-8")
    before = entries(tmp_path)
    message = message_of("score", str(file), "--csv", str(former))
    assert message.startswith(f"{tmp_path / 'm.csv'}: ")
    assert fault in message
    assert message_of("check", str(file)) == message
    assert entries(tmp_path) == before


def test_all_faults_of_the_data_are_told_at_once(tmp_path: Path) -> None:
    file = tiny(tmp_path, m=MATRIX.replace("b,2", "b,x").replace("c,5,1", "c,5,") + "a,1,2,3\n")
    message = message_of("score", str(file))
    for fault in ("row 5 (a): the city", "row 3 (b), column gdp: 'x'", "row 4 (c), column debt: is missing"):
        assert fault in message


@pytest.mark.parametrize("missing", ["m", "c", "t"])
def test_a_data_file_that_is_not_there_is_named(tmp_path: Path, missing: str) -> None:
    file = tiny(tmp_path)
    (tmp_path / f"{missing}.csv").unlink()
    message = message_of("score", str(file))
    assert f"{tmp_path / missing}.csv: " in message
    assert "no such file. Check the path." in message


@pytest.mark.parametrize(
    ("totals", "faults"),
    [
        ("", ["the file is empty."]),
        (
            "city,money\n",
            ["column rank: is missing.", "column total: is missing.", "no row for a. Add its printed total"],
        ),
        (TOTALS.replace("money", "mony"), ["1 fault\n  column mony: is unknown. Did you mean money?"]),
        (
            "city,rank,total,money,poeple\na,2,20,4,1\nb,3,10,2,1\nc,1,30,6,1\n",
            ["poeple: is unknown. Did you mean people?"],
        ),
        (
            TOTALS.replace("a,2", "a,1.5"),
            ["1 fault\n  row 2 (a), column rank: 1.5 is no rank. Write whole numbers from 1."],
        ),
        (TOTALS.replace("c,1,30,6\n", ""), ["no row for c. Add its printed total."]),
    ],
)
def test_a_mistake_in_the_printed_totals_is_told(tmp_path: Path, totals: str, faults: list[str]) -> None:
    message = message_of("score", str(tiny(tmp_path, t=totals)))
    assert message.startswith(f"{tmp_path / 't.csv'}: ")
    for fault in faults:
        assert fault in message


def test_printed_totals_need_no_scores_of_nodes(tmp_path: Path) -> None:
    file = tiny(tmp_path, t="city,rank,total\na,2,20\nb,3,10\nc,1,30\n")
    assert citysim("check", str(file)).exit_code == 0


@pytest.mark.parametrize(
    "totals",
    [
        "x,y\n1,2\n",
        TOTALS.replace("a,2", "a,x"),
        TOTALS.replace("a,2", "a,"),
        TOTALS.replace("a,2,20,4", "a,2,20,"),
        TOTALS.replace("a,2", "a,inf"),
        TOTALS.replace("total,money", "total,total"),
        TOTALS + "a,2,20,4\n",
    ],
)
def test_a_bad_cell_of_the_printed_totals_is_told(tmp_path: Path, totals: str) -> None:
    assert message_of("score", str(tiny(tmp_path, t=totals))).startswith(f"{tmp_path / 't.csv'}: ")
