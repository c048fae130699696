"""`citysim results`: the list, and single results out of a store."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from command_line import citysim, invoked, message_of
from kept_results import assert_same, little, study

import simulator as sim
from simulator.report import results as shown
from simulator.report.answers import answer_frame
from simulator.report.frames import stability_frame


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    address = str(tmp_path_factory.mktemp("store") / "results.zarr")
    sim.open_store(address, create=True).keep(
        [
            sim.Kept("f0", "weights [seed=1]", study()),
            sim.Kept("f1", "gdp", study("what-if")),
            sim.Kept("f2", "broken", None, "no city [x]"),
            sim.Kept("f3", "other", little()),
        ]
    )
    return address


def test_the_list_tells_each_result(store: str) -> None:
    lines = citysim("results", store).splitlines()
    weights = next(line for line in lines if "weights [seed=1]" in line).split()
    assert weights[2:4] + weights[5:6] == ["60", "1", "shanghai"]
    assert float(weights[4]) == pytest.approx(float(study()["mean_abs_rank_shift"]), abs=0.005)
    assert any("failed: no city [x]" in line for line in lines)
    assert "4 results, 1 of them failed." in lines[-1]


def test_only_failures_are_listed_if_asked_for(store: str) -> None:
    table = list(csv.DictReader(io.StringIO(citysim("results", store, "--failed", "--csv", "-"))))
    assert [(row["name"], row["status"], row["fault"], row["draws"]) for row in table] == [
        ("broken", "failed", "no city [x]", "")
    ]


def test_the_list_is_written_as_csv_and_json(store: str, tmp_path: Path) -> None:
    told = json.loads(citysim("results", store, "--json", "-"))
    assert [(one["key"], one["name"], one["draws"]) for one in told] == [
        ("f0", "weights [seed=1]", 60),
        ("f1", "gdp", 40),
        ("f2", "broken", None),
        ("f3", "other", None),
    ]
    assert citysim("results", store, "--csv", str(tmp_path / "list.csv"), "--quiet") == ""
    rows = (tmp_path / "list.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1].startswith("weights [seed=1],done,60,1,")


def test_a_result_is_taken_out_and_repeats(store: str, tmp_path: Path) -> None:
    file = str(tmp_path / "result.nc")
    assert citysim("results", store, "weights [seed=1]", "--out", file).startswith(f"Written to {file}; ")
    sim.write_result(study(), tmp_path / "direct.nc")
    assert_same(sim.read_result(file), sim.read_result(tmp_path / "direct.nc"))
    assert "the same, every variable equal to the byte" in citysim("repeat", file, "--quiet")


@pytest.mark.parametrize(
    ("name", "kind", "frame"), [("weights [seed=1]", "run", stability_frame), ("gdp", "what-if", answer_frame)]
)
def test_tables_of_a_result_are_those_of_run(store: str, name: str, kind: str, frame: object) -> None:
    assert citysim("results", store, name, "--csv", "-") == frame(study(kind)).to_csv(index=False, lineterminator="\n")  # type: ignore[operator]
    assert json.loads(citysim("results", store, name, "--json", "-"))["scenario"] == study(kind).attrs["scenario"]


def test_a_result_is_shown_as_run_shows_it(store: str) -> None:
    assert "60 draws, seed 1" in citysim("results", store, "weights [seed=1]")
    assert "Held constant" in citysim("results", store, "gdp")


def test_a_long_list_is_cut_on_the_screen_alone(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "MOST_SHOWN", 2)
    text = citysim("results", store)
    assert "weights" not in text
    assert "4 results, 1 of them failed. The last 2 are shown; --csv has all." in text


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    sim.open_store(tmp_path / "empty.zarr", create=True)
    assert citysim("results", str(tmp_path / "empty.zarr")) == "No results.\n"


def test_replaced_results_are_tidied(tmp_path: Path) -> None:
    opened = sim.open_store(tmp_path / "results.zarr", create=True)
    for value in (1.0, 2.0):
        opened.keep([sim.Kept("", "other", little(value))])
    found = invoked("results", opened.address, "--tidy", "--quiet")
    assert (found.exit_code, found.stdout, found.stderr) == (0, "", "Groups of results removed: 1.\n")
    assert_same(opened.result("other"), little(2.0))


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--out", "x.nc"), "--out: writes one result, and none is named. Add its NAME, or use --csv."),
        (("gdp", "--failed"), "--failed: is of the list, not of one result."),
        (("gdp", "--tidy"), "--tidy: is of the list, not of one result."),
        (("gpd",), "gpd: no result of this name. Did you mean gdp?"),
        (("broken",), "broken: has no result: no city [x]. Run it again."),
        (("other",), "other: is no result of a study. Write it with --out alone."),
        (("gdp", "--out", "x.csv"), "--out: writes NetCDF, and x.csv is named otherwise."),
    ],
)
def test_what_does_not_fit_is_refused(store: str, arguments: tuple[str, ...], fault: str) -> None:
    assert fault in message_of("results", store, *arguments)


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    assert "holds no store of results. Check the path" in message_of("results", str(tmp_path / "nowhere"))
