"""Reference pages made from schemas, methods and help: complete, with an example for every key."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import docs.commands
import docs.examples
import docs.offline
import simulator as sim
from docs import pages
from docs.reference import definition_reference, methods_reference, scenario_reference
from simulator.definition import Definition, Indicator
from simulator.methods import MinMax
from simulator.report.methods import everything
from simulator.scenario import Scenario

PAGES = Path(__file__).parent.parent / "docs"


def rows(text: str, title: str) -> dict[str, list[str]]:
    """Return the rows of the table below a heading: first cell → the other cells."""
    section = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line.removesuffix("|") for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in re.split(r" \| ", line[2:])] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


def test_every_key_stands_in_the_table_of_its_file() -> None:
    for text, schema in ((scenario_reference(), Scenario), (definition_reference(), Definition)):
        assert list(rows(text, "The file")) == [info.alias or name for name, info in schema.model_fields.items()]
    assert list(rows(definition_reference(), "Indicator")) == list(Indicator.model_fields)


@pytest.mark.parametrize("reference", [scenario_reference, definition_reference])
def test_every_key_has_an_example_that_a_checked_file_holds(reference: Callable[[], str]) -> None:
    lines = [line for line in reference().splitlines() if line.startswith("| `")]
    assert len(lines) > 50
    for line in lines:
        key = line.split("`")[1]
        assert f"| `{key}: " in line, line


def test_type_default_and_meaning_are_those_of_the_schema() -> None:
    kind, default, meaning, example = rows(scenario_reference(), "The file")["draws"]
    assert (kind, default, example) == ("whole number from 0", "–", "`draws: 20000`")
    assert meaning.startswith("Number of draws; 20,000 if not given")
    assert rows(scenario_reference(), "The file")["index"][1] == "must be given"
    assert rows(scenario_reference(), "Leave out")["probability"][:2] == ["number above 0 to 1", "`1.0`"]
    weighting = rows(scenario_reference(), "Recipe")["weighting"]
    assert weighting[0] == "[weighting](reference-methods.md#weighting) or `as-defined`"
    assert rows(definition_reference(), "Node")["children"][0] == "list of ([indicator](#indicator), or [node](#node))"


def test_methods_are_those_of_the_catalogue() -> None:
    text = methods_reference()
    for kind, methods in everything().items():
        assert list(rows(text, kind.capitalize())) == list(methods)
    parameters, told = rows(text, "Normalisation")["min-max"]
    assert told == " ".join((MinMax.__doc__ or "").split())
    assert "goalposts (sample)" in parameters


def test_every_public_name_stands_once_in_the_page_of_the_python_interface() -> None:
    named = re.findall(r"^   (\w+)$", (PAGES / "reference-api.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(named) == len(set(named))
    assert set(named) == set(sim._ROOMS)


def test_the_contents_name_every_page_once_and_take_up_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not set(pages.pages_beside().split()) & {"index", "zh", "tutorial", "reference-api"}
    for name in ("index.md", "zh.md"):
        (tmp_path / name).write_text((PAGES / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "new-page.md").write_text("# New", encoding="utf-8")
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    assert pages.pages_beside() == "new-page"


def test_links_of_a_file_shown_lead_to_pages_of_the_site() -> None:
    shown = pages.page("zh.md", "<!-- shown here: README.zh-CN.md -->")
    assert "[教程](tutorial.md)" in shown
    assert "[更新日志](changelog.md)" in shown
    assert "[English](index.md)" in shown
    assert "说明 (`simulator/published/opportunity-2025/README.md`)" in shown
    with pytest.raises(FileNotFoundError, match="leads to nothing"):
        pages.page("index.md", "[there](not-there.md)")


def test_the_handbook_has_all_ten_steps() -> None:
    text = (PAGES / "handbook.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+)\. ", text, re.MULTILINE) == [str(number) for number in range(1, 11)]
    for named in re.findall(r"^\| \d+\. .*?\|.*?\| (.*?) \|", text, re.MULTILINE):
        for module in re.findall(r"`([\w.]+)`", named):
            place = PAGES.parent / "simulator" / module.replace(".", "/")
            assert place.is_dir() or place.with_suffix(".py").is_file(), module


@pytest.mark.parametrize("module", [docs.commands, docs.examples, docs.offline])
def test_examples_in_the_makers_of_the_site_hold(module: object) -> None:
    failed, tried = doctest.testmod(module)  # type: ignore[arg-type]
    assert tried > 0
    assert failed == 0
