"""The command `citysim sweep`: what it prints, writes and refuses."""

from __future__ import annotations

import csv
import io
from functools import partial
from pathlib import Path

import command_line
import numpy as np
import pytest
from click.testing import CliRunner

import simulator as sim
from simulator.cli import main
from simulator.storage import read_result

RAW_YAML = "schema_version: 1\nname: mine\nindex: opportunity-2025\ncity: hefei\nchanges: {grow: {gdp: 8%}}\ndraws: 0\n"


invoked, swept, message_of = (
    partial(one, "sweep") for one in (command_line.invoked, command_line.citysim, command_line.message_of)
)


@pytest.fixture
def mine(tmp_path: Path) -> str:
    path = tmp_path / "mine.yaml"
    path.write_text(RAW_YAML, encoding="utf-8")
    return str(path)


@pytest.fixture
def small(tmp_path: Path) -> str:
    """Return the path of an index of three cities."""
    (tmp_path / "m.csv").write_text("city,x,y\nhefei,1,5\nwuxi,2,6\nharbin,3,4\n", encoding="utf-8")
    tree = "{id: total, normalise: {method: rank, ties: better}, children: [{id: x}, {id: y}]}"
    text = f"schema_version: 1\nid: small\nlevels: [index, indicator]\ndata: {{matrix: m.csv}}\nindex: {tree}\n"
    (tmp_path / "d.yaml").write_text(text, encoding="utf-8")
    return str(tmp_path / "d.yaml")


def test_help_tells_both_kinds_of_job() -> None:
    printed = CliRunner().invoke(main, ["sweep", "--help"]).stdout
    assert "Usage: main sweep [OPTIONS] [INDEX | SCENARIO ...]" in printed
    assert "\n    citysim sweep gdp-grows-8-percent --city all" in printed
    assert "\\b" not in printed


def test_the_2025_index_is_swept_where_nothing_is_named() -> None:
    printed = swept("--steps", "1，3", "--city", "合肥")
    assert "Hefei 合肥: rank 15, total 1,903." in printed
    assert "1 cities × 50 variables × 2 steps" in printed
    assert swept("opportunity-2025", "--steps", "1,3", "--city", "all") == swept("--steps", "1,3")


def test_an_index_of_ones_own_by_steps_of_both_kinds(small: str, tmp_path: Path) -> None:
    out, table = tmp_path / "o.nc", tmp_path / "t.csv"
    printed = swept(small, "--steps", "1,0.5sd,-1", "--out", str(out), "--csv", str(table))
    assert printed.endswith(f"Written to {out}.\n")
    found = read_result(out)
    assert found["step"].values.tolist() == ["1 place", "0.5 sd", "-1 place"]
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert len(rows) == 3 * 2 * 3
    for row in rows:
        cell = found.sel(city=row["city"], indicator=row["indicator"], step=row["step"])
        assert int(row["rank_after"]) == int(cell["rank_after"])
    assert swept(small, "--steps", "1,0.5sd,-1", "--csv", "-") == table.read_text(encoding="utf-8")
    assert swept(small, "--quiet") == ""


def test_what_is_written_is_what_python_returns(tmp_path: Path) -> None:
    out = tmp_path / "o.nc"
    swept("--steps", "2", "--city", "hefei", "--out", str(out), "--quiet")
    expected = sim.sweep(sim.load_index("opportunity-2025"), [2], cities=["hefei"])
    np.testing.assert_array_equal(read_result(out)["total_gain"], expected["total_gain"])


def test_variables_not_in_a_citys_own_hands_are_allowed_by_name_or_all_together() -> None:
    assert "left out here: coordination-level" in swept("--city", "hefei", "--steps", "1")
    for allowed in ("coordination-level", "all"):
        assert "left out here" not in swept("--city", "hefei", "--steps", "1", "--allow", allowed)


def test_quantities_by_shares_factors_and_rates(tmp_path: Path) -> None:
    out = tmp_path / "o.nc"
    changes = ("--multiply", "1%,1.05,-2 %", "--grow", "8%")
    printed = swept("--quantity", "gdp", "--quantity", "population", *changes, "--city", "hefei", "--out", str(out))
    assert "gdp:" in printed
    assert "population:" in printed
    labels = ["times 1.01", "times 1.05", "times 0.98", "grows 8 %"]
    assert read_result(out)["step"].values.tolist() == labels


def test_scenarios_run_as_one_job(mine: str, tmp_path: Path) -> None:
    out, table = tmp_path / "o.nc", tmp_path / "t.csv"
    common = ("--draws", "20", "--seed", "1", "--workers", "1")
    printed = swept(mine, "weights-only", "--city", "hefei", *common, "--out", str(out), "--csv", str(table))
    assert "mine" in printed
    assert "40 draws in all" in printed
    found = read_result(out)
    assert found["scenario"].values.tolist() == ["mine, hefei", "weights-only, hefei"]
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert [row["scenario_name"] for row in rows] == ["mine", "weights-only"]
    assert int(rows[0]["rank_after"]) == 15


def test_a_what_if_for_several_cities(mine: str) -> None:
    printed = swept(mine, "--city", "hefei", "--city", "taiyuan")
    assert "mine: 1 of 2 cities gain ranks, most of all Taiyuan 太原 (3); none lose ranks." in printed


def test_one_without_an_answer_is_told_and_ends_in_exit_code_1(mine: str, tmp_path: Path) -> None:
    lost = tmp_path / "lost.yaml"
    text = "schema_version: 1\nname: lost\nindex: opportunity-2025\ncity: zhaoqing\nreach: {rank: 1, ceiling: 1}\n"
    lost.write_text(text + "draws: 0\n", encoding="utf-8")
    out = tmp_path / "o.nc"
    result = invoked(str(lost), mine, "--out", str(out))
    assert result.exit_code == 1
    assert "No answer: lost, zhaoqing: " in result.stdout
    assert read_result(out)["fault"].values.tolist()[1] == ""
    assert "out of reach" in message_of(str(lost))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["opportunity-2024"], "Did you mean opportunity-2025"),
        (["strestest"], "Did you mean stress-test"),
        (["opportunity-2025", "stress-test"], "is an index, and is swept by itself"),
        (["--steps", "far"], "is no move"),
        (["--steps", "1,,2"], "is no move"),
        (["--steps", "0"], "0 places is no step"),
        (["--city", "atlantis"], "--city"),
        (["--allow", "happiness"], "--allow"),
        (["--draws", "5"], "--draws: nothing is drawn"),
        (["stress-test", "--steps", "1"], "--steps: the scenarios say what changes"),
        (["stress-test", "--quantity", "gdp"], "--quantity: the scenarios say what changes"),
        (["stress-test", "--draws", "1"], "draws"),
        (["gdp-grows-8-percent", "--city", "atlantis"], "atlantis"),
        (["--quantity", "gdp"], "nothing says how it changes"),
        (["--quantity", "gdp", "--grow", "8%", "--steps", "1"], "--steps: quantities are changed by"),
        (["--grow", "8%"], "--grow: no quantity is named"),
        (["--quantity", "gpd", "--grow", "8%"], "Did you mean gdp"),
        (["--quantity", "gdp", "--multiply", "105%"], "Write 1.05 for that many times as much"),
        (["--quantity", "gdp", "--multiply", "a,5%"], "does not fit here"),
        (["--quantity", "gdp", "--grow", "800%"], "more than doubles"),
        (["--out", "-"], "a NetCDF file cannot go to the screen"),
        (["--out", "moves.csv"], "writes NetCDF"),
        (["--csv", "no/such/folder.csv"], "does not exist"),
    ],
)
def test_bad_input_is_refused(arguments: list[str], told: str) -> None:
    assert told in message_of(*arguments)


def test_all_faults_of_all_scenarios_are_told_and_nothing_is_written(mine: str, tmp_path: Path) -> None:
    bad, out = tmp_path / "bad.yaml", tmp_path / "o.nc"
    bad.write_text(RAW_YAML.replace("gdp", "gpd"), encoding="utf-8")
    message = message_of(mine, str(bad), "strestest", "--out", str(out))
    assert message.startswith("scenarios: 2 faults")
    assert f"{bad}: line 5" in message
    assert "Did you mean stress-test" in message
    assert not out.exists()


def test_an_output_in_place_of_a_scenario_is_refused(mine: str) -> None:
    assert "is swept already" in message_of(mine, "--csv", mine)
    assert Path(mine).read_text(encoding="utf-8") == RAW_YAML
