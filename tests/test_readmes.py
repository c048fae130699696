"""README.md and README.zh-CN.md: the same commands, the same numbers, and links that lead somewhere, as in docs/."""

from __future__ import annotations

import io
import re
import shlex
import tokenize
from pathlib import Path

import pytest

from simulator.cli import main

ROOT = Path(__file__).parent.parent
ENGLISH, CHINESE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("simulator/published/*/README.md")])
HAN = re.compile(r"[\u4e00-\u9fff]")


def fences(text: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def commands(text: str) -> list[list[str]]:
    """Return every line of the shell's fences, word by word, without what it says beside."""
    return [shlex.split(line, comments=True) for block in fences(text, "sh") for line in block.splitlines()]


def code(text: str) -> list[str]:
    """Return the words of Python's fences without remarks."""
    lines = io.StringIO("\n".join(fences(text, "python")))
    return [one.string for one in tokenize.generate_tokens(lines.readline) if one.type != tokenize.COMMENT]


def printed(text: str) -> list[str]:
    """Return what commands printed, indented by four spaces."""
    return re.findall(r"^    .+$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)


def slug(heading: str) -> str:
    """Return the anchor of a heading, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def test_both_have_the_same_commands_and_the_same_tables() -> None:
    assert len(commands(ENGLISH)) > 30
    assert commands(ENGLISH) == commands(CHINESE)
    assert code(ENGLISH) == code(CHINESE)
    assert len(printed(ENGLISH)) >= 19
    assert printed(ENGLISH) == printed(CHINESE)


def test_each_leads_to_the_other() -> None:
    assert "[中文](README.zh-CN.md)" in ENGLISH.splitlines()[2]
    assert "[English](README.md)" in CHINESE.splitlines()[2]


def test_remarks_beside_commands_are_in_the_language_of_the_page() -> None:
    for text, chinese in ((ENGLISH, False), (CHINESE, True)):
        remarks = re.findall(r"  # (.+)$", "\n".join(fences(text, "sh")), re.MULTILINE)
        assert len(remarks) > 25
        assert all(bool(HAN.search(remark)) is chinese for remark in remarks)


def test_every_command_is_one_that_the_command_line_knows() -> None:
    for program, *arguments in commands(ENGLISH):
        if program != "citysim":
            continue
        command = main.commands[arguments[0]]
        known = {option for one in command.params for option in one.opts}
        assert {one for one in arguments if one.startswith("--")} <= known, arguments


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    from docs.reference import definition_reference, methods_reference, scenario_reference

    made = {
        "reference-scenario.md": scenario_reference,
        "reference-definition.md": definition_reference,
        "reference-methods.md": methods_reference,
    }
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, anchor in re.findall(r"\]\(([^)#:\s]*)#?([^)\s:]*)\)", text):
        place = (page.parent / target).resolve() if target else page
        assert place.exists(), (page.name, target)
        if anchor and place.suffix == ".md":
            known = anchors(place)
            if place.name in made:
                known |= {slug(heading) for heading in re.findall(r"^## (.+)$", made[place.name](), re.MULTILINE)}
            assert anchor in known, (page.name, target, anchor)
