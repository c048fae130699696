"""Answers in words as values: read, refused, written back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import simulator as sim
from simulator.definition import Definition, Indicator
from simulator.errors import InputError
from simulator.matrix import read_matrix, write_matrix

TREE = {
    "id": "total",
    "normalise": "z-score",
    "aggregate": "arithmetic",
    "children": [
        {"id": "gdp"},
        {"id": "buses", "answers": ["none", "some", {"en": "every day", "zh": "每天"}]},
        {"id": "queues", "answers": ["short", "long"], "direction": "lower"},
    ],
}
TABLE = "city,gdp,buses,queues\na,1,None,short\nb,2,everyday,LONG\nc,3,每天,1\nd,4,1,0\n"


def definition_of(*children: dict[str, Any]) -> Definition:
    tree = TREE | {"children": list(children)} if children else TREE
    return Definition.model_validate({"schema_version": 1, "id": "mine", "index": tree})


@pytest.fixture
def answered(tmp_path: Path) -> xr.Dataset:
    (tmp_path / "values.csv").write_text(TABLE, encoding="utf-8")
    return read_matrix(tmp_path / "values.csv", definition_of())


def test_words_of_either_language_and_numbers_are_steps(answered: xr.Dataset) -> None:
    assert answered["value"].sel(indicator="buses").values.tolist() == [0, 2, 2, 1]
    assert answered["value"].sel(indicator="queues").values.tolist() == [0, 1, 1, 0]


def test_a_word_that_elsewhere_means_nothing_is_an_answer_where_it_is_one(tmp_path: Path) -> None:
    (tmp_path / "values.csv").write_text("city,gdp,buses,queues\na,none,none,none\nb,1,n/a,long\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_matrix(tmp_path / "values.csv", definition_of())
    assert [fault.place for fault in caught.value.faults] == [
        "row 2 (a), column gdp",
        "row 2 (a), column queues",
        "row 3 (b), column buses",
    ]
    assert all("missing (convention 4)" in fault.problem for fault in caught.value.faults)


def test_unknown_words_are_told_all_at_once_with_the_known_and_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "values.csv"
    path.write_text("city,gdp,buses,queues\na,x,nonne,2\nb,1,0.5,-1\nc,1,some,quick\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_matrix(path, definition_of())
    known = "Known, the lowest first: none, some, every day; or the step, 0 to 2."
    pair = "Known, the lowest first: short, long; or the step, 0 to 1."
    assert [str(fault) for fault in caught.value.faults] == [
        f"row 2 (a), column buses: 'nonne' is no answer. Did you mean none? {known}",
        f"row 3 (b), column buses: '0.5' is no answer. {known}",
        f"row 2 (a), column queues: '2' is no answer. {pair}",
        f"row 3 (b), column queues: '-1' is no answer. {pair}",
        f"row 4 (c), column queues: 'quick' is no answer. {pair}",
        "row 2 (a), column gdp: 'x' is not a number. Write digits and a decimal point only, as in 1234.5.",
    ]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_a_matrix_is_written_in_words_if_asked_and_reads_back(
    tmp_path: Path, answered: xr.Dataset, suffix: str
) -> None:
    pytest.importorskip({".xlsx": "openpyxl", ".parquet": "pyarrow"}.get(suffix, "csv"))
    path = tmp_path / f"words{suffix}"
    before = answered.copy(deep=True)
    write_matrix(answered, path, definition_of())
    xr.testing.assert_identical(read_matrix(path, definition_of()), before)
    xr.testing.assert_identical(answered, before)
    if suffix == ".csv":
        words = pd.read_csv(path, keep_default_na=False)[["buses", "queues"]]
        assert words.to_numpy().tolist() == [
            ["none", "short"],
            ["every day", "long"],
            ["every day", "long"],
            ["some", "short"],
        ]
        write_matrix(answered, path)
        assert pd.read_csv(path)["buses"].tolist() == [0, 2, 2, 1]


def test_words_need_a_table_and_whole_steps(tmp_path: Path, answered: xr.Dataset) -> None:
    with pytest.raises(InputError, match="answers in words need a table"):
        write_matrix(answered, tmp_path / "words.nc", definition_of())
    half = answered.copy(deep=True)
    half["value"].loc["a", "buses"] = 0.5
    with pytest.raises(InputError, match=r"row 1, column buses: 0\.5 is no answer"):
        write_matrix(half, tmp_path / "words.csv", definition_of())
    assert not list(tmp_path.glob("words*"))


def test_words_in_memory_score_as_their_steps() -> None:
    words = pd.DataFrame({"gdp": [1, 2, 3], "buses": ["none", "Every Day", "some"], "queues": ["long", "short", 1]})
    steps = words.assign(buses=[0, 2, 1], queues=[1, 0, 1])
    definition = {"schema_version": 1, "id": "mine", "index": TREE}
    totals = [
        sim.build_index(definition, table.set_axis(list("abc")).astype(object)).score()["total"]
        for table in (words, steps)
    ]
    xr.testing.assert_identical(*totals)


@pytest.mark.parametrize(
    ("leaf", "told"),
    [
        ({"answers": ["only"]}, "answers' has too few entries. Give at least 2."),
        ({"answers": ["some", "SO ME"]}, "'some' stands for several answers. Give each answer words of its own."),
        ({"answers": ["a", {"en": "b", "zh": "A"}]}, "'a' stands for several answers."),
        ({"answers": ["a", " "]}, "answer 2 has no word. Give it one, in English or Chinese."),
        ({"answers": ["0", "1-5"]}, "the answer '0' is a number. Write words; in the table the numbers 0 to 1 stand"),
        ({"answers": ["a", "b"], "unit": "points"}, "answers are steps of a scale, and no `unit: points`."),
        ({"answers": ["a", "b"], "scale": "positive"}, "answers are steps of a scale, and no `scale: positive`."),
        ({"answers": ["a", {"fr": "b"}]}, "unknown key 'fr'. Known: en, zh."),
    ],
)
def test_a_scale_that_cells_cannot_be_matched_with_is_refused(leaf: dict[str, Any], told: str) -> None:
    tree = {"id": "t", "normalise": "z-score", "children": [{"id": "x", **leaf}]}
    with pytest.raises(InputError) as caught:
        sim.build_index({"schema_version": 1, "id": "mine", "index": tree}, pd.DataFrame({"x": [1.0]}, index=["a"]))
    assert told in str(caught.value)


def test_answers_beside_numbers_have_to_be_normalised() -> None:
    tree = TREE | {"normalise": "none"}
    del tree["normalise"]
    with pytest.raises(InputError, match=r"values in different units \(answers, no unit\) are not normalised"):
        sim.build_index({"schema_version": 1, "id": "mine", "index": tree}, pd.DataFrame({"x": [1.0]}, index=["a"]))


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6)


@given(data=st.data())
def test_every_answer_of_any_scale_is_found_again(data: st.DataObject) -> None:
    from simulator.answers import answer_words, steps_in
    from simulator.scales import refuse_unclear

    drawn = data.draw(st.lists(words, min_size=2, max_size=6))
    try:
        refuse_unclear([[word] for word in drawn])
    except ValueError:
        return
    leaf = Indicator(id="x", answers=drawn)  # type: ignore[arg-type]
    spread = [f"  {word.upper() if word.upper().casefold() == word.casefold() else word} " for word in drawn]
    for cells in (answer_words(leaf), spread, [str(k) for k in range(len(drawn))], range(len(drawn))):
        np.testing.assert_array_equal(steps_in(list(cells), leaf), np.arange(len(drawn)))
