"""The command `citysim compare`: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import io
from functools import partial
from pathlib import Path
from typing import Any

import command_line
import numpy as np
import pytest
from click.testing import CliRunner

import simulator as sim
from simulator.cli import main
from simulator.errors import InputError
from simulator.storage import read_result, write_result

QUICK = ("--draws", "60", "--seed", "1", "--workers", "1")


invoked, compared, message_of = (
    partial(one, "compare") for one in (command_line.invoked, command_line.citysim, command_line.message_of)
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two results of one scenario: as it is, and by z-scores."""
    folder = tmp_path_factory.mktemp("stored")
    for name, overrides in (("before", []), ("after", ["recipe.normalisation=z-score"])):
        result = sim.run("weights-only", draws=60, seed=1, workers=1, overrides=overrides)
        write_result(result, folder / f"{name}.nc")
    return str(folder / "before.nc"), str(folder / "after.nc")


def test_help_tells_what_is_compared() -> None:
    printed = CliRunner().invoke(main, ["compare", "--help"]).stdout
    assert "Usage: main compare [OPTIONS] A B ..." in printed
    assert "\n    citysim compare " in printed
    assert "\\b" not in printed


def test_stored_results_of_one_scenario_go_by_their_files(stored: tuple[str, str]) -> None:
    printed = compared(*stored)
    assert printed.startswith("A  before\nB  after\n")
    assert "recipe.normalisation: as-defined (A), z-score (B)." in printed
    assert "of 60 cities move" in printed


def test_scenarios_are_run_and_go_by_their_names(stored: tuple[str, str]) -> None:
    printed = compared("weights-only", "stress-test", stored[1], *QUICK, "--city", "合肥", "--city", "Nanjing")
    assert printed.startswith("A  before\n") is False
    assert "B  stress-test\n" in printed
    rows = [line for line in printed.splitlines() if line.lstrip().startswith(("Hefei", "Nanjing", "Shanghai"))]
    assert len(rows) == 2


def test_a_scenario_that_is_run_is_the_one_that_run_would_store(stored: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "o.nc"
    compared("weights-only", stored[0], *QUICK, "--out", str(out), "--quiet")
    found = read_result(out)
    assert found["result"].values.tolist() == ["weights-only", "before"]
    assert found.sizes["setting"] == 0
    np.testing.assert_array_equal(found["rank_mean"][:, 0], found["rank_mean"][:, 1])


def test_an_exact_scenario_takes_no_draws_and_others_do() -> None:
    printed = compared("leave-one-dimension-out", "weights-only", *QUICK)
    assert "draws: 10 (A), 60 (B)." in printed


def test_files_and_the_screen(stored: tuple[str, str], tmp_path: Path) -> None:
    out, table = tmp_path / "o.nc", tmp_path / "t.csv"
    printed = compared(*stored, "--out", str(out), "--csv", str(table))
    assert printed.endswith(f"Written to {out}.\n")
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert len(rows) == 120
    assert compared(*stored, "--csv", "-") == table.read_text(encoding="utf-8")
    held = read_result(out)
    for row in rows:
        assert int(row["rank_move"]) == int(held["rank_move"].sel(city=row["city"], result=row["result"]))
    assert compared(*stored, "--quiet") == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing to compare, and it takes two"),
        (["weights-only"], "1 to compare, and it takes two"),
        (["weights-only", "strestest"], "Did you mean stress-test"),
        (["weights-only", "none.nc"], "none.nc"),
        (["weights-only", "stress-test", "--city", "atlantis"], "--city"),
        (["weights-only", "small-city-investor", "--city", "shanghai"], "does not take part"),
        (["weights-only", "stress-test", "--out", "-"], "a NetCDF file cannot go to the screen"),
        (["weights-only", "stress-test", "--csv", "no/such/folder.csv"], "does not exist"),
        (["weights-only", "stress-test", "--draws", "1"], "draws"),
    ],
)
def test_bad_input_is_refused(arguments: list[str], told: str) -> None:
    assert told in message_of(*arguments)


def test_options_of_a_run_are_refused_where_nothing_is_run(stored: tuple[str, str]) -> None:
    message = message_of(*stored, "--draws", "5", "--seed", "1")
    assert "--draws: nothing is run" in message
    assert "--seed: nothing is run" in message


def test_an_output_in_place_of_a_result_is_refused(stored: tuple[str, str]) -> None:
    held = Path(stored[1]).read_bytes()
    assert "is compared already" in message_of(*stored, "--out", stored[1])
    assert Path(stored[1]).read_bytes() == held


def test_a_file_that_is_no_result_is_refused_before_anything_is_run_or_written(
    stored: tuple[str, str], tmp_path: Path
) -> None:
    comparison, out = tmp_path / "c.nc", tmp_path / "o.nc"
    compared(*stored, "--out", str(comparison), "--quiet")
    assert "holds no provenance of citysim" in message_of("stress-test", str(comparison), "--out", str(out))
    assert not out.exists()


def test_results_of_other_indices_are_refused_and_nothing_is_written(stored: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("city,x\nhefei,1\nwuxi,2\nharbin,3\n", encoding="utf-8")
    (tmp_path / "d.yaml").write_text(
        "{schema_version: 1, id: mine, data: {matrix: m.csv}, "
        "index: {id: total, normalise: z-score, aggregate: sum, children: [{id: x}]}}",
        encoding="utf-8",
    )
    (tmp_path / "s.yaml").write_text("{schema_version: 1, name: s, index: d.yaml, draws: 5}", encoding="utf-8")
    out = tmp_path / "o.nc"
    message = message_of(stored[0], str(tmp_path / "s.yaml"), "--workers", "1", "--out", str(out))
    assert f"s: is of the index {tmp_path / 'd.yaml'}, weights-only of opportunity-2025" in message
    assert not out.exists()


def test_calls_take_files_of_results_and_refuse_what_is_none(stored: tuple[str, str]) -> None:
    compared = sim.compare(list(stored))
    assert compared.sizes["result"] == 2
    assert sim.consensus_of_results(list(stored)).sizes["voter"] == 2
    calls: tuple[Any, ...] = (sim.compare, sim.consensus_of_results)
    for call in calls:
        with pytest.raises(InputError, match=r"5 is no result\. Give a result or the path of its file\."):
            call([stored[0], 5])
        with pytest.raises(InputError, match="a single result is given"):
            call(stored[0])
        with pytest.raises(InputError, match="no such file"):
            call(["nowhere.nc", stored[0]])


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("recipe.aggregation=geometric", "Give a mapping {LEVEL: METHOD}"),
        ("recipe.normalisation=rank", "Add a tie rule: better, worse, mean, no-gaps"),
    ],
)
def test_what_a_recipe_lacks_is_told_with_its_form(setting: str, told: str) -> None:
    assert told in command_line.message_of("check", "weights-only", "--set", setting)
