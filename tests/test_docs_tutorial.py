"""The tutorial: every command runs in the order of the page, and prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.command_line import invoked

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
NAMED = re.compile(r"# (\S+\.yaml)\n")


def words(text: str) -> str:
    return " ".join(text.split())


def run(lines: str) -> str:
    """Run the commands of a fence but those of pip, and return what they print."""
    printed = ""
    for program, *arguments in (line.split() for line in lines.splitlines()):
        if program == "python":
            assert arguments == ["-m", "pip", "install", '".[report]"']
            continue
        assert program == "citysim"
        result = invoked(*arguments)
        assert result.exit_code == 0, result.stderr
        printed += result.stdout
    return printed


def test_every_command_runs_and_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    printed, compared = "", 0
    for kind, text in FENCE.findall(PAGE.read_text(encoding="utf-8")):
        match kind:
            case "sh":
                printed = words(run(text))
            case "yaml":
                (name,) = NAMED.findall(text)
                Path(name).write_text(text, encoding="utf-8")
            case "text":
                for line in text.splitlines():
                    assert words(line) in printed
                    compared += 1
            case "python":
                exec(text)
            case _:
                pytest.fail(f"the page has a fence of {kind}")
    assert compared >= 20
    assert all((tmp_path / name).stat().st_size > 20_000 for name in ("report.html", "report-zh.html", "intervals.png"))
