"""Commands on screens of several widths: no line is broken, no column is lost without a word, pipes get plain text."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.cells import cell_len

import simulator as sim
from simulator.cli import main

COMMANDS = {
    "run": ("run", "stress-test", "--draws", "200"),
    "run-city": ("run", "weights-only", "--draws", "200", "--city", "hefei"),
    "audit": ("audit", "opportunity-2025"),
    "sweep": ("sweep", "opportunity-2025", "--city", "hefei"),
    "sweep-all": ("sweep", "opportunity-2025"),
    "influence": ("influence", "stress-test-points", "--base-draws", "1024", "--bootstrap", "2"),
    "extremes": ("extremes", "--city", "hefei"),
    "reach": ("reach", "hefei", "--rank", "12", "--draws", "0"),
    "what-if": ("what-if", "hefei", "--grow", "gdp=8%", "--draws", "0"),
}
WIDTHS = (60, 80, 100, 200)


@pytest.fixture(scope="module")
def printed() -> dict[tuple[str, int], str]:
    return {}


def told(printed: dict[tuple[str, int], str], command: str, width: int) -> str:
    if (command, width) not in printed:
        result = CliRunner().invoke(main, COMMANDS[command], env={"COLUMNS": str(width)})
        assert result.exit_code == 0, result.stderr
        printed[command, width] = result.stdout
    return printed[command, width]


@pytest.mark.parametrize("command", COMMANDS)
def test_lines_fit_every_width_and_words_are_whole(printed: dict[tuple[str, int], str], command: str) -> None:
    whole = told(printed, command, 200).replace("-", " ").split()
    for width in WIDTHS:
        text = told(printed, command, width)
        assert max(map(cell_len, text.splitlines())) <= width
        # A column that is folded in the middle of words leaves pieces that no wide screen shows.
        pieces = {word for word in text.replace("-", " ").split() if word.isalpha() and word.isascii()}
        announced = {"Too", "wide", "for", "this", "screen", "a", "wider", "one", "has", "all", "csv"}
        lost = pieces - set(whole) - announced
        assert not lost, f"at {width}: {sorted(lost)}"


def test_columns_that_are_left_out_are_named(printed: dict[tuple[str, int], str]) -> None:
    wide, narrow = told(printed, "run", 200), told(printed, "run", 60)
    assert "Tier kept" in wide
    assert "Too wide" not in wide
    assert "Too wide for this screen: Tier kept; a wider one has all (COLUMNS=200)." in " ".join(narrow.split())


def test_pipes_and_no_color_get_plain_text(tmp_path: Path) -> None:
    result = sim.run("weights-only", draws=100, seed=1)
    sim.write_result(result, tmp_path / "result.nc")
    for environment in ({}, {"NO_COLOR": "1"}, {"NO_COLOR": "1", "TERM": "xterm-256color"}):
        shown = CliRunner().invoke(main, ["run", "weights-only", "--draws", "100"], env={**environment})
        assert shown.exit_code == 0
        assert "\x1b" not in shown.stdout + shown.stderr
