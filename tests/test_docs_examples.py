"""Examples in docs/ that a reader copies: they run as written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import simulator as sim
from simulator.sourcing import resolve_sources

PAGE = Path(__file__).parent.parent / "docs" / "raw-quantities.md"


@pytest.fixture
def rivers(tmp_path: Path) -> sim.Index:
    text = PAGE.read_text(encoding="utf-8").partition("## A raw side of your own")[2]
    definition, points, raw, quantities = re.findall(r"```(?:yaml|csv)\n(.*?)```", text, flags=re.DOTALL)
    for name, content in (
        ("definition.yaml", definition),
        ("points.csv", points),
        ("raw.yaml", raw),
        ("quantities.csv", quantities),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
    return sim.load_index(tmp_path)


def test_the_raw_side_of_the_example_reproduces_its_points(rivers: sim.Index) -> None:
    assert resolve_sources(rivers, "raw") == {"output": "raw"}
    assert resolve_sources(rivers, "calibrated") == {"output": "calibrated", "debt": "calibrated"}
    published = rivers.score()
    for sources in ("raw", "calibrated"):
        assert sim.with_sources(rivers, sources)  # type: ignore[arg-type]
        changed = sim.with_sources(rivers, sources).score()  # type: ignore[arg-type]
        assert changed["total"].values.tolist() == published["total"].values.tolist()


def test_what_the_example_does_not_know_is_drawn_beyond_the_others(rivers: sim.Index) -> None:
    drawn = sim.draw_matrices(rivers, draws=200, seed=1)["value"].sel(indicator="debt")
    others = drawn.sel(city=["aston", "brook", "clun", "dove", "esk"])
    assert (drawn.sel(city="frome") > others.max("city")).all()
    assert (others == others.isel(draw=0)).all()


def test_the_table_of_a_new_index_is_taken_as_the_page_says(tmp_path: Path) -> None:
    text = (PAGE.parent / "new-index.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"```csv\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "data.csv").write_text(table, encoding="utf-8")
    made = sim.new_index(tmp_path / "my-index", tmp_path / "data.csv")
    assert [(leaf.id, leaf.unit, leaf.direction) for leaf in made.definition.indicators] == [
        ("gdp-per-capita", "CNY", "higher"),
        ("unemployment-rate", "%", "lower"),
        ("buses-to-the-suburbs", "", "higher"),
    ]
    assert "Population (10 000)" in made.decisions[0]
    assert sim.load_index(tmp_path / "my-index").score()["rank"].sel(city="wuxi") == 1


def test_charts_and_report_run_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.charts.kinds import KINDS

    text = (PAGE.parent / "charts-and-report.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", text, flags=re.MULTILINE)) == sorted(KINDS)
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(
        example.replace('"pairs=true"', '"pairs=true", "draws=50"').replace(
            'opportunity-2025")]', 'opportunity-2025", percent=5)]'
        )
    )
    assert (tmp_path / "intervals.png").stat().st_size > 5_000
    assert "权重的极限" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_every_command_of_charts_and_report_is_one_that_the_command_line_knows() -> None:
    from simulator.cli import main

    text = (PAGE.parent / "charts-and-report.md").read_text(encoding="utf-8")
    lines = [
        line.split() for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL) for line in block.splitlines()
    ]
    for program, command, *arguments in lines:
        assert program == "citysim"
        known = {option for one in main.commands[command].params for option in one.opts}
        assert {one for one in arguments if one.startswith("--")} <= known, (command, arguments)


def test_every_picture_is_one_that_the_command_makes_and_is_small() -> None:
    from docs.screenshots import IMAGES, LARGEST, PICTURES

    assert sorted(path.stem for path in IMAGES.glob("*.png")) == sorted(PICTURES)
    assert all(path.stat().st_size <= LARGEST for path in IMAGES.iterdir())
    for page in PAGE.parent.glob("*.md"):
        for name in re.findall(r"\]\(images/([^)]+)\)", page.read_text(encoding="utf-8")):
            assert (IMAGES / name).is_file(), (page.name, name)
