"""A careless user's command line: misspelt names, files that are not there, options that do not fit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bad_input_files import HEAD, entries, message_of

# Names.


def test_a_misspelt_scenario_gets_the_nearest_shipped_one() -> None:
    message = message_of("run", "stress-tst")
    remedy = "Did you mean stress-test or stress-test-points?"
    assert message == f"stress-tst: 1 fault\n  no shipped scenario of this name, and no such file. {remedy}\n"


def test_a_scenario_that_is_nothing_like_a_shipped_one_gets_the_list() -> None:
    assert "Known: city-clusters, digital-transformation, " in message_of("check", "zzzz")


@pytest.mark.parametrize("command", [("score", "opportunity"), ("check", "stress-test", "--set", "index=opportunity")])
def test_a_misspelt_index_gets_the_nearest_bundled_one(command: tuple[str, ...]) -> None:
    message = message_of(*command)
    assert "no bundled index of this name, and no such file. Did you mean opportunity-2025?" in message


@pytest.mark.parametrize("command", ["run", "check", "score", "repeat"])
def test_a_file_that_is_not_there_is_named(command: str) -> None:
    message = message_of(command, "nowhere/nothing.yaml")
    assert message.startswith("nowhere/nothing.yaml: 1 fault\n")
    assert "no such file" in message


@pytest.mark.parametrize("command", ["run", "check", "score", "repeat"])
def test_a_folder_is_no_file(tmp_path: Path, command: str) -> None:
    assert message_of(command, str(tmp_path)).startswith(f"{tmp_path}: 1 fault\n")


def test_a_file_in_another_encoding_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes("name: 城市".encode("gbk"))
    assert message_of("run", str(file)) == f"{file}: 1 fault\n  byte 6: not UTF-8 text. Save the file as UTF-8.\n"


# Options.


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--draws", "-1"), "--set draws=-1, draws: -1 is out of range. Give a number not below 0."),
        (("--draws", "x"), "Invalid value for '--draws'"),
        (("--draws", str(10**13)), "draws: 10000000000000 is out of range. Give a number not above 1000000000000."),
        (("--seed", "-1"), "--set seed=-1, seed: -1 is out of range. Give a number not below 0."),
        (("--seed", str(2**63)), "seed: 9223372036854775808 is out of range. Give a number below 9223372036854775808."),
        (("--workers", "0"), "0 is not a number of workers. Give 1 or more."),
        (("--out", "no/such/x.nc"), "no/such/x.nc: 1 fault\n  the folder no/such does not exist. Create it first."),
        (("--csv", "no/such/x.csv"), "no/such/x.csv: 1 fault\n  the folder no/such does not exist. Create it first."),
        (("--json", "no/such/x.json"), "the folder no/such does not exist. Create it first."),
        (("--out", "."), ".: 1 fault\n  is a folder. Name a file."),
        (("--set", "draws"), "--set draws: is not of the form path=value. Example: --set factors.data-error.size=3"),
        (("--set", "=3"), "--set =3: is not of the form path=value."),
        (("--set", "draws=["), "--set draws=[: 1 fault\n  line 1, column 2: "),
        (("--set", "draws=*a"), "--set draws=*a: 1 fault\n  line 1, column 1: found undefined alias"),
        (("--set", "draws=ten"), "--set draws=ten, draws: 'ten' does not fit here. Give a whole number."),
        (("--set", "titel=x"), "--set titel=x, titel: unknown key 'titel'. Did you mean title"),
        (
            ("--set", "factors.data-error.size.x=3"),
            "--set factors.data-error.size.x=3: 0.1 has no entry 'x'. Check the path against the scenario file.",
        ),
        (("--set", "never.9.x=3"), "--set never.9.x=3: there is no entry 9 in a list of 1."),
        (("--set", "never.-1=3"), "--set never.-1=3: there is no entry '-1' in a list of 1."),
        (("--set", "never=[]"), "Add to `never`: {normalisation: z-score, aggregation: geometric}."),
        (("--no-such-option",), "No such option"),
        (("another-argument",), "--store: many scenarios need a store. Add --store results.zarr."),
    ],
)
def test_a_mistake_in_an_option_is_told_before_any_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    # So many draws would take hours: whatever comes back at once has not begun them.
    many = () if "--draws" in arguments or "draws=ten" in arguments else ("--draws", str(10**12))
    assert fault in message_of("run", "stress-test", *many, *arguments)
    assert entries(tmp_path) == {}


def test_all_settings_with_a_fault_are_told_at_once() -> None:
    settings_given = ["draws", "never.9.x=1", "factors.data-error.size.x=3"]
    message = message_of("check", "stress-test", *(part for one in settings_given for part in ("--set", one)))
    assert message.splitlines()[0].endswith("stress-test.yaml: 3 faults")
    values = ["drws=3", "seed=-4", "factors.normalisation[0]=zscore"]
    message = message_of("check", "stress-test", *(part for one in values for part in ("--set", one)))
    for one in values:
        assert f"--set {one}, " in message


@pytest.mark.parametrize("arguments", [(), ("foo",), ("run",), ("schema",), ("schema", "foo"), ("repeat",)])
def test_a_command_that_is_incomplete_or_unknown_shows_the_usage(arguments: tuple[str, ...]) -> None:
    assert message_of(*arguments).startswith("Usage: ")


def test_a_schema_into_a_missing_folder_is_refused() -> None:
    assert "the folder no does not exist. Create it first." in message_of("schema", "scenario", "--out", "no/x.json")


# The real command.


def test_the_command_leaves_with_two_and_a_message_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulator", "run", "stress-test", "--draws", "20", "--out", "no/such/x.nc"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert ": 1 fault\n" in done.stderr
    assert entries(tmp_path) == {}


@pytest.mark.parametrize("setting", ["²=1", "never.²=1"])
def test_a_path_with_a_raised_digit_is_a_path(setting: str) -> None:
    assert f"--set {setting}" in message_of("check", "stress-test", "--set", setting)


@pytest.mark.parametrize("option", ["--csv", "--json"])
def test_two_outputs_cannot_be_one_file(tmp_path: Path, option: str) -> None:
    file = str(tmp_path / "x")
    assert file in message_of("run", "weights-only", "--draws", "20", "--quiet", "--out", file, option, file)


def test_a_result_does_not_take_the_place_of_its_scenario(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(HEAD)
    message_of("run", str(file), "--quiet", "--out", str(file))
    assert file.read_text() == HEAD


def test_a_result_cannot_go_to_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = message_of("run", "weights-only", "--draws", "20", "--quiet", "--out", "-")
    assert "--out: a NetCDF file cannot go to the screen. Name a file: FILE.nc." in message
    assert entries(tmp_path) == {}
