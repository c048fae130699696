"""The report in a browser: it draws, sorts, searches, prints, speaks Chinese, and asks nobody for anything."""

from __future__ import annotations

import base64
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import simulator as sim

if TYPE_CHECKING:
    from conftest import Page

DRAWN = "return document.documentElement.dataset.drawn === 'all'"
SIX_MEGABYTES = 6_000_000
CITIES = 26
"""Provincial capitals: fewer cities, the same page."""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One report in each language, with every kind of section, and one of a what-if."""
    folder = tmp_path_factory.mktemp("reports")
    overrides = ["pairs=true", "keep-draws=true", "cities={status: provincial-capital}"]
    result = sim.run("weights-only", draws=300, seed=1, workers=1, overrides=overrides)
    further = [sim.extreme_ranks("opportunity-2025", percent=10, cities=["hefei", "wuhan"]), _indices()]
    written = {}
    for language in ("en", "zh"):
        written[language] = folder / f"{language}.html"
        sim.write_report(result, written[language], language=language, cities="hefei", further=further)
    written["what-if"] = folder / "what-if.html"
    sim.write_report(sim.what_if("hefei", grow={"gdp": "8%"}, draws=200), written["what-if"], language="zh")
    return written


def _indices() -> Any:
    few = ["cities={status: municipality}"]
    return sim.influence("stress-test-points", base_draws=1024, seed=1, workers=1, bootstrap=10, overrides=few)


@pytest.mark.parametrize("name", ["en", "zh", "what-if"])
def test_it_opens_without_a_fault_and_without_a_network(page: Page, reports: dict[str, Path], name: str) -> None:
    page.open(reports[name], DRAWN)
    assert page.console_errors() == []
    assert page.outside_requests() == []
    assert reports[name].stat().st_size < SIX_MEGABYTES
    charts = page.run(
        "return [...document.querySelectorAll('.chart')].map((one) => {"
        " const svg = one.querySelector('svg'); const box = svg.getBoundingClientRect();"
        " return [one.id, svg.querySelectorAll('path, line, rect').length, box.width, box.height]; });"
    )
    assert len(charts) >= 5
    for name_of_chart, marks, width, height in charts:
        assert marks > 10, name_of_chart
        assert width > 200, name_of_chart
        assert height > 60, name_of_chart


@pytest.mark.parametrize("name", ["en", "zh", "what-if"])
def test_axe_finds_nothing(page: Page, reports: dict[str, Path], name: str) -> None:
    page.open(reports[name], DRAWN)
    assert page.axe() == []


def test_columns_sort_by_value_both_ways_and_blank_cells_stay_last(page: Page, reports: dict[str, Path]) -> None:
    page.open(reports["en"], DRAWN)
    table = "document.querySelector('#ranking-table-1 table')"
    column = page.run(f"return [...{table}.tHead.rows[0].cells].findIndex((one) => /Mean rank/.test(one.textContent))")
    shown = f"return [...{table}.tBodies[0].rows].map((row) => Number(row.cells[{column}].textContent))"
    heading = f"{table}.tHead.rows[0].cells[{column}]"
    for direction, falling in (("ascending", False), ("descending", True)):
        page.run(f"{heading}.querySelector('button').click()")
        assert page.run(f"return {heading}.getAttribute('aria-sort')") == direction
        values = page.run(shown)
        assert len(values) == CITIES
        assert values == sorted(values, reverse=falling)
    others = page.run(f"return [...{table}.tHead.rows[0].cells].map((one) => one.getAttribute('aria-sort'))")
    assert sorted(others).count("none") == len(others) - 1
    # By width: an interval of one rank before a wider one, whatever digits they begin with.
    widths = page.run(
        f"const c = [...{table}.tHead.rows[0].cells].findIndex((one) => /interval/.test(one.textContent));"
        f"{table}.tHead.rows[0].cells[c].querySelector('button').click();"
        f"return [...{table}.tBodies[0].rows].map((row) => row.cells[c].textContent)"
    )
    spans = [int(text.split("–")[-1]) - int(text.split("–")[0]) for text in widths]
    assert spans == sorted(spans)


def test_a_search_keeps_the_rows_that_hold_the_text_and_says_how_many(page: Page, reports: dict[str, Path]) -> None:
    page.open(reports["zh"], DRAWN)
    page.run("document.querySelector('#ranking-table-1 input').focus()")
    page.press("合肥")
    rows = page.run(
        "return [...document.querySelectorAll('#ranking-table-1 tbody tr')].filter((one) => !one.hidden)"
        ".map((one) => one.cells[0].textContent)"
    )
    assert rows == ["合肥"]
    assert (
        page.run("return document.querySelector('#ranking-table-1 [role=status]').textContent")
        == f"{CITIES} 行中的 1 行"
    )


def test_every_control_is_reached_by_keyboard_and_none_keeps_it(page: Page, reports: dict[str, Path]) -> None:
    from selenium.webdriver.common.keys import Keys

    page.open(reports["what-if"], DRAWN)
    page.run(
        "window.reached = new Set(); document.addEventListener('focusin', (event) => reached.add(event.target));"
        "window.wanted = [...document.querySelectorAll('a[href], button, input, summary, pre, .scroll')]"
        ".filter((one) => one.checkVisibility());"
    )
    count = page.run("return wanted.length")
    assert count > 30
    page.press(*[Keys.TAB] * (count + 2))
    missed = page.run("return wanted.filter((one) => !reached.has(one)).map((one) => one.outerHTML.slice(0, 100))")
    assert missed == []
    page.run("document.querySelector('#change-table-1 button').focus()")
    page.press(Keys.ENTER)
    assert page.run("return document.querySelector('#change-table-1 th').getAttribute('aria-sort')") == "ascending"


def test_the_first_stop_of_the_keyboard_leads_to_the_content(page: Page, reports: dict[str, Path]) -> None:
    from selenium.webdriver.common.keys import Keys

    page.open(reports["en"], DRAWN)
    page.press(Keys.TAB)
    assert page.run("return document.activeElement.textContent") == "Skip to the content"
    page.press(Keys.ENTER)
    page.wait("return document.activeElement.id === 'content'")


def test_chinese_text_is_drawn_by_the_font_that_the_page_brings(page: Page, reports: dict[str, Path]) -> None:
    page.open(reports["zh"], DRAWN)
    page.run("document.querySelector('#chart-ranking-1 text').id = 'label'")
    for selector in ("h1", "#answer-heading", "#label"):
        fonts = page.fonts_of(selector)
        assert fonts == {"Citysim Sans SC": True}, selector


def test_two_characters_differ_from_one_another_and_from_a_box(page: Page, reports: dict[str, Path]) -> None:
    page.open(reports["zh"], DRAWN)
    drawn = page.run(
        "return ['合', '肥', '\\u{10fffd}'].map((sign) => {"
        " const canvas = document.createElement('canvas'); canvas.width = canvas.height = 48;"
        " const pen = canvas.getContext('2d'); pen.font = '40px \"Citysim Sans SC\"'; pen.fillText(sign, 2, 40);"
        " return canvas.toDataURL(); })"
    )
    assert len(set(drawn)) == 3


def test_headings_landmarks_and_language_tell_the_order_of_the_page(page: Page, reports: dict[str, Path]) -> None:
    for name, language in (("en", "en"), ("zh", "zh-CN")):
        page.open(reports[name], DRAWN)
        assert page.run("return document.documentElement.lang") == language
        levels = page.run("return [...document.querySelectorAll('h1, h2, h3, h4')].map((one) => +one.tagName[1])")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(later - before <= 1 for before, later in pairwise(levels))
        for landmark in ("header", "nav", "main", "footer"):
            assert page.run(f"return document.querySelectorAll('body > {landmark}').length") == 1
        assert page.run("return [...document.querySelectorAll('table')].every((one) => one.caption.textContent.trim())")


def test_on_paper_it_fits_a4_and_leaves_out_what_only_a_screen_can_do(page: Page, reports: dict[str, Path]) -> None:
    page.open(reports["zh"], DRAWN)
    page.cdp("Emulation.setDeviceMetricsOverride", width=680, height=1000, deviceScaleFactor=1, mobile=False)
    page.cdp("Emulation.setEmulatedMedia", media="print")
    assert not page.run("return [...document.querySelectorAll('nav, .tools')].some((one) => one.checkVisibility())")
    wide = page.run(
        "return [...document.querySelectorAll('.chart svg, table')].filter((one) => one.getBoundingClientRect().right"
        " > innerWidth + 1).map((one) => one.closest('[id]').id)"
    )
    assert wide == []
    tall = page.run("return Math.max(...[...document.querySelectorAll('.chart svg')].map((one) => one.clientHeight))")
    assert tall < 257 / 25.4 * 96
    printed = base64.b64decode(page.cdp("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert printed.startswith(b"%PDF")
    (width, height) = re.search(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", printed).groups()  # type: ignore[union-attr]
    assert (round(float(width)), round(float(height))) == (595, 842)


def test_hostile_names_stay_text(page: Page, tmp_path: Path) -> None:
    result = sim.run("weights-only", draws=100, seed=1, workers=1)
    names = result["city_name_en"].values.astype(object)
    names[0] = "</script><script>window.hurt = 1</script><img src=x onerror='window.hurt = 2'>"
    hostile = result.assign_coords(city_name_en=("city", names))
    sim.write_report(hostile, tmp_path / "hostile.html", cities="shanghai")
    page.open(tmp_path / "hostile.html", DRAWN)
    assert page.run("return window.hurt") is None
    assert page.run("return document.querySelectorAll('img').length") == 0
    assert page.run("return document.querySelector('#ranking-table-1 tbody th').textContent") == names[0]
    assert page.console_errors() == []


def test_a_chart_by_itself_is_a_page_without_a_network(page: Page, tmp_path: Path) -> None:
    chart = sim.chart(sim.importance("opportunity-2025"), language="zh")
    sim.write_chart(chart, tmp_path / "chart.html", language="zh")
    page.open(tmp_path / "chart.html", "return document.querySelector('svg[aria-hidden]')")
    assert page.outside_requests() == []
    assert page.console_errors() == []
    assert page.axe() == []
    page.run("document.querySelector('svg text').id = 'label'")
    assert page.fonts_of("#label") == {"Citysim Sans SC": True}
