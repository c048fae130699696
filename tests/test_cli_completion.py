"""Completion in shells: the scripts, the names that are completed, and that nothing heavy is loaded for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from command_line import citysim, message_of

from simulator.cli import main
from simulator.published import bundled_indices, shipped_scenarios

HEAVY = ("numpy", "xarray", "pandas", "numba", "scipy", "pydantic")


def completed(*words: str) -> list[str]:
    """Return what a shell offers for the last of some words."""
    *before, incomplete = words
    found = ShellComplete(main, {}, "citysim", "_CITYSIM_COMPLETE").get_completions(list(before), incomplete)
    return [one.value for one in found if one.type == "plain"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_says_how_it_is_installed(shell: str) -> None:
    script = citysim("completion", shell)
    assert script.startswith("# To install: ")
    assert f"citysim completion {shell}" in script.splitlines()[0]
    assert f"_CITYSIM_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        assert subprocess.run([shell, "-n"], input=script, text=True, check=False).returncode == 0


def test_an_unknown_shell_is_refused() -> None:
    assert "'csh' is not one of" in message_of("completion", "csh")


def test_commands_and_options_are_completed() -> None:
    assert completed("comp") == ["compare", "completion"]
    assert "--draws" in completed("run", "stress-test", "--dr")


def test_names_of_scenarios_and_indices_are_completed() -> None:
    assert completed("run", "stress") == ["stress-test", "stress-test-points"]
    assert completed("run", "stress-test", "") == list(shipped_scenarios())
    assert completed("score", "") == list(bundled_indices())
    assert set(completed("sweep", "opp")) == {"opportunity-2025"}


def test_cities_are_completed_by_any_of_their_names_in_the_index_before_them() -> None:
    assert completed("what-if", "hef") == ["hefei"]
    assert completed("what-if", "合") == ["hefei"]
    assert completed("what-if", "Xi'") == ["xian"]
    assert completed("audit", "opportunity-2025", "--city", "zz") == []
    assert completed("audit", "statistical-performance", "--city", "norw") == ["NOR"]
    assert completed("audit", "statistical-performance", "--city", "hef") == []


def test_files_are_offered_where_no_name_fits() -> None:
    found = ShellComplete(main, {}, "citysim", "_CITYSIM_COMPLETE").get_completions(["run"], "my-")
    assert [one.type for one in found] == ["file"]


def test_nothing_heavy_is_loaded_to_complete(tmp_path: Path) -> None:
    asked = {"_CITYSIM_COMPLETE": "bash_complete", "COMP_WORDS": "citysim what-if he", "COMP_CWORD": "2"}
    script = (
        "import sys\n"
        "from simulator.cli import main\n"
        "try:\n    main(prog_name='citysim')\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    here = str(Path(__file__).parent.parent)
    ran = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **asked, "PYTHONPATH": here}, cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "plain,hefei" in ran.stdout
    assert ran.stderr.strip() == "[]"
