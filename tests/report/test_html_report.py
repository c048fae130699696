"""The report as a page: the result's own numbers in words, every kind of result, both languages whole."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from command_line import citysim, message_of

import simulator as sim
from simulator.errors import InputError
from simulator.report.html.page import report_page
from simulator.report.html.told import told_of

Pages = Callable[[str, str], str]

ENGLISH_ALLOWED = ("PAWN", "SHA", "citysim", "JavaScript", "CRITIC", "CSV")
"""Names that stand in Chinese text as they are."""


@pytest.fixture(scope="module")
def result() -> xr.Dataset:
    return sim.run("stress-test-points", draws=400, seed=1, workers=1, overrides=["pairs=true"])


@pytest.fixture(scope="module")
def kinds(result: xr.Dataset) -> dict[str, xr.Dataset]:
    """A result of every kind that a report can be of."""
    return {
        "study": result,
        "what-if": sim.what_if("hefei", grow={"gdp": "8%"}, draws=200),
        "what-if without draws": sim.what_if("hefei", move={"patent-density": "3 places"}, draws=0),
        "what-if of many": sim.what_if(
            cities={"cluster": "yangtze-delta"}, multiply={"public-revenue": 1.05}, draws=100
        ),
        "reach": sim.reach("hefei", 12, draws=100),
        "reading": sim.run("digital-transformation", draws=100, seed=1, workers=1),
        "groups": sim.run("city-clusters", draws=100, seed=1, workers=1),
        "exact": sim.run("leave-one-dimension-out", seed=1, workers=1),
    }


@pytest.fixture(scope="module")
def pages(kinds: dict[str, xr.Dataset]) -> Pages:
    """Return the report of a kind of result in a language, each made once."""
    return cache(lambda name, language: report_page(kinds[name], language))


def _text(page: str, keep_code: bool = False) -> str:
    """Return what a reader reads, line by line."""
    dropped = "script|style|template" + ("" if keep_code else "|code|pre")
    plain = re.sub(rf"<({dropped})\b.*?</\1>", "", page, flags=re.DOTALL)
    # What is read out, or shown when pointed at, is read too.
    plain = re.sub(r'<[^>]*?aria-label="([^"]*)"[^>]*>', r"\n\1\n", plain)
    return html.unescape(re.sub(r"<[^>]+>", "\n", plain))


def _charts(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="charts">(.*?)</script>', page, flags=re.DOTALL)
    assert found is not None
    charts: dict[str, Any] = json.loads(found[1])
    return charts


def test_the_answer_comes_first_with_the_numbers_of_the_result(result: xr.Dataset) -> None:
    text = _text(report_page(result, cities=["hefei"]))
    answer = text.partition("How each rank holds\n")[0] + text.partition("What is certain")[2]
    sure = int((result["top_10"] >= 0.95).sum())
    out = int((result["top_10"] < 0.05).sum())
    assert f"{sure} cities are among the first 10 in at least 95 % of the draws" in answer
    assert f"{out} cities are among them in fewer than 5 %." in answer
    shift = float(result["mean_abs_rank_shift"])
    assert f"On average a city moves {shift:.2f} places from its baseline rank" in answer
    hefei = result.sel(city="hefei")
    low, high, median = (int(hefei[name]) for name in ("rank_p05", "rank_p95", "rank_median"))
    assert f"Hefei: baseline rank 15, median {median}; rank {low} to {high} in nine of ten draws" in answer
    kept = result["keep_tier"].values
    assert f"{(kept >= 0.95).sum()} of 60 cities stay in their tier" in answer
    order = [text.rindex(one) for one in ("What is certain", "Ranks of 60 cities", "Method and", "How to repeat it")]
    assert order == sorted(order)


def test_every_kind_of_result_has_a_report_that_is_chinese_throughout(
    pages: Pages, kinds: dict[str, xr.Dataset]
) -> None:
    further = [
        sim.extreme_ranks("opportunity-2025", percent=10, cities=["hefei"]),
        sim.acceptability("opportunity-2025", draws=100),
        sim.influence("stress-test-points", base_draws=1024, seed=1, workers=1, bootstrap=10, overrides=[FOUR]),
    ]
    whole = report_page(kinds["study"], "zh", ["hefei"], further)
    for name, page in [("with all", whole), *((name, pages(name, "zh")) for name in kinds)]:
        assert len(page) < 6_000_000
        assert len(_charts(page)) >= 1 + ("without" not in name), name
        assert "可以确定的" in page, name
        text = _text(page).partition("definition.yaml")[0]
        assert "nan" not in re.findall(r"[a-z]+", text), name
        words = re.findall(r"[A-Za-z]{2,}(?:[ ,;]+[A-Za-z]{2,})+", text)
        left = {words for words in words if not all(part in ENGLISH_ALLOWED for part in re.split(r"[ ,;]+", words))}
        # What authors wrote of their scenario stands as they wrote it.
        assert not left - {"what if"}, name
        for chart in _charts(page).values():
            drawn = json.dumps({key: part for key, part in chart.items() if key != "config"}, ensure_ascii=False)
            titles = re.findall(r'"title": "([^"]*)"', drawn)
            assert titles
            assert not [one for one in titles if re.search(r"[A-Za-z]{4,}", one) and "PAWN" not in one], name


FOUR = "cities={status: municipality}"


def test_a_what_if_begins_with_what_was_asked_and_comes_to(pages: Pages, kinds: dict[str, xr.Dataset]) -> None:
    answer = kinds["what-if"]
    own = answer.sel(city="hefei")
    text = _text(pages("what-if", "en"))
    assert "Hefei: GDP 13,507.70 → 14,588.32 (+8.00 %)" in text
    before, after = int(own["rank_before"]), int(own["rank_after"])
    assert f"Hefei: rank {before} → {after}" in text
    assert "In the draws its rank is better in" in text
    assert "合肥：地区生产总值 13,507.70 → 14,588.32 (+8.00%)" in _text(pages("what-if", "zh"))
    moved = _text(pages("what-if without draws", "en"))
    assert re.search(r"Hefei: Invention patent density, place \d+ → \d+", moved)
    assert "Without draws there are no chances." in moved
    many = _text(pages("what-if of many", "en"))
    assert "The figures of 16 cities change: Shanghai, Hangzhou" in many
    assert "Yangtze delta" in many


def test_a_goal_tells_its_plan_and_chance(pages: Pages, kinds: dict[str, xr.Dataset]) -> None:
    found = kinds["reach"]
    text = _text(pages("reach", "en"))
    places = found["plan_places"].values[0]
    assert f"Hefei to rank 12: {places.sum()} places in {(places > 0).sum()} variables" in text
    assert "Chance of success:" in text
    assert "Steps of the first plan" in text


def test_groups_are_told_one_by_one_and_those_not_ranked_named(pages: Pages) -> None:
    text = _text(pages("groups", "zh"))
    assert "长三角城市群：" in text
    assert "城市太少而不排名：成渝城市群：成都、重庆" in text
    exact = _text(pages("exact", "en"))
    assert "All 10 combinations were scored: no sampling error." in exact
    assert "All ranks" in exact


def test_what_is_not_there_is_left_out_and_said(result: xr.Dataset) -> None:
    without = result.drop_vars([name for name in result.data_vars if str(name).startswith("pair_win")])
    page = report_page(without)
    assert "City against city: pairs were not counted." in _text(page)
    assert 'id="pairs"' not in page
    assert 'id="pairs"' in report_page(result)
    assert "`" not in _text(page)
    assert '<code lang="en">--set pairs=true</code>' in page


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"index": "opportunity-2025"', '"index": "/nowhere/definition.yaml"', "the index definition.yaml is not here"),
        ('"points.csv": "', '"points.csv": "0', "files of the index have changed since the run (points.csv)"),
        ('"index": "opportunity-2025"', '"index": "in memory"', "the index came in memory"),
    ],
)
def test_an_index_that_has_changed_or_is_not_there_tells_nothing(
    result: xr.Dataset, old: str, new: str, why: str
) -> None:
    altered = result.assign_attrs(citysim_provenance=result.attrs["citysim_provenance"].replace(old, new))
    told = told_of(altered, "result", "en", ["hefei"])
    assert told.index is None
    assert why in told.why_not


def test_without_its_index_a_report_has_no_importance_and_no_profile_and_says_so(result: xr.Dataset) -> None:
    record = result.attrs["citysim_provenance"].replace('"points.csv": "', '"points.csv": "0')
    page = report_page(result.assign_attrs(citysim_provenance=record), cities=["hefei"])
    assert 'id="importance"' not in page
    assert 'id="profile-hefei"' not in page
    assert "files of the index have changed" in _text(page)
    assert 'id="profile-hefei"' in report_page(result, cities=["hefei"])


def test_the_commands_make_the_same_result_and_the_same_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    citysim("run", "weights-only", "--draws", "50", "--set", "factors.weights.concentration=2", "--out", "a.nc", "-q")
    citysim("extremes", "--percent", "5", "--out", "extremes.nc")
    page = citysim_report("a.nc", "--city", "hefei", "--lang", "zh", "--with", "extremes.nc")
    block = html.unescape(re.findall(r'<code lang="en">(citysim run.*?)</code>', page, flags=re.DOTALL)[0])
    commands = block.splitlines()
    assert len(commands) == 4
    (tmp_path / "report.html").unlink()
    before = sim.read_result("a.nc")
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "citysim"
        citysim(*arguments, *(["-q"] if arguments[0] == "run" else []))
    assert sim.read_result("a.nc").equals(before)
    again = Path("report.html").read_text(encoding="utf-8")
    assert _charts(again) == _charts(page)
    told = [[line for line in _text(one).splitlines() if "用时" not in line] for one in (page, again)]
    assert len(told[0]) > 1000
    assert told[0] == told[1]


def citysim_report(*arguments: str) -> str:
    citysim("report", *arguments, "--out", "report.html")
    return Path("report.html").read_text(encoding="utf-8")


def test_names_are_escaped_wherever_they_stand(result: xr.Dataset) -> None:
    names = result["city_name_en"].values.astype(object)
    names[0] = "<b>&\"'"
    page = report_page(result.assign_coords(city_name_en=("city", names)), cities=["beijing"])
    assert "<b>" not in page.partition("<script>")[0]
    assert "&lt;b&gt;&amp;" in page
    assert '"city":"\\u003cb>' in page


def test_a_report_knows_no_paths_of_the_machine(result: xr.Dataset) -> None:
    text = _text(report_page(result), keep_code=True)
    assert str(Path(sim.__file__).parent.parent) not in text


def test_the_command_refuses_what_is_no_result(tmp_path: Path) -> None:
    out = str(tmp_path / "report.html")
    assert "no such file" in message_of("report", "none.nc", "--out", out)
    assert "Name it FILE.html." in message_of("report", "none.nc", "--out", str(tmp_path / "report.pdf"))
    stored = str(tmp_path / "extremes.nc")
    sim.write_result(sim.extreme_ranks("opportunity-2025", percent=5, cities=["hefei"]), stored)
    assert "best and worst ranks, which are no result of a study" in message_of("report", stored, "--out", out)
    assert not Path(out).exists()


def test_further_files_cities_and_languages_are_checked(result: xr.Dataset) -> None:
    with pytest.raises(InputError, match="holds nothing that a report adds"):
        report_page(result, further=[result])
    with pytest.raises(InputError, match="Did you mean hefei"):
        report_page(result, cities=["hefey"])
    with pytest.raises(InputError, match="no texts in it"):
        report_page(result, "de")
