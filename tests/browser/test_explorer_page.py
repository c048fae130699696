"""The explorer in a browser: moved by keyboard, restored from links and files, in both languages, open to all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from simulator.explorer import serving
from simulator.explorer.session import open_session

if TYPE_CHECKING:
    from browser.conftest import Page

SMALL_DRAWS = 60
SETTLED = "return document.body.dataset.busy === 'no' && document.querySelectorAll('#profile tbody tr').length === 11"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page about the bundled index, served on this machine."""
    session = open_session()
    session.start = {**session.start, "draws": SMALL_DRAWS}
    serving.warm_up(session)
    with serving.listen("127.0.0.1", 0) as listening:
        server = serving.make_server(session, "en", ["127.0.0.1"])
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield serving.address_of(listening)
        server.should_exit = True
        thread.join(timeout=20)


class Explorer:
    """The page as a reader handles it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, address: str) -> Explorer:
        self.page.open(address, SETTLED)
        return self

    def settled(self) -> Explorer:
        """Wait until everything asked is answered."""
        self.page.wait(SETTLED)
        return self

    def text(self, selector: str) -> str:
        return str(self.page.run("return document.querySelector(arguments[0]).textContent", selector))

    def says(self, selector: str, told: str) -> None:
        """Wait until an element holds a text."""
        self.page.wait("return document.querySelector(arguments[0]).textContent.includes(arguments[1])", selector, told)

    def one(self, selector: str) -> Any:
        return self.page.run("return document.querySelector(arguments[0])", selector)

    def choose(self, selector: str, value: str) -> None:
        """Choose an option by its value, as a reader does."""
        script = """
          const [select, value] = [document.querySelector(arguments[0]), arguments[1]];
          if (![...select.options].some((one) => one.value === value && !one.disabled)) throw new Error(`no ${value}`);
          select.value = value;
          select.dispatchEvent(new Event("change", { bubbles: true }));
        """
        self.page.run(script, selector, value)

    def press(self, selector: str, key: str, times: int = 1) -> None:
        """Press a key some times, with the focus on an element."""
        self.page.run("document.querySelector(arguments[0]).focus()", selector)
        self.page.press(key * times)

    def share(self, position: int) -> str:
        """Return the weight told of a dimension."""
        return self.text(f"#weights .slider:nth-child({position}) output")

    def ranking(self) -> list[str]:
        script = "return [...document.querySelectorAll('#ranking tbody tr')].map((line) => line.dataset.city)"
        found: list[str] = self.page.run(script)
        return found


@pytest.fixture
def explorer(page: Page) -> Explorer:
    """The explorer, to be opened."""
    return Explorer(page)


@pytest.fixture
def downloads(page: Page, tmp_path: Path) -> Path:
    """Where the browser puts files."""
    page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    return tmp_path


RIGHT, LEFT, SPACE, TAB = "\ue014", "\ue012", "\ue00d", "\ue004"
"""Keys as drivers write them."""


def test_it_loads_from_its_own_address_alone_and_complains_of_nothing(page: Page, address: str) -> None:
    explorer = Explorer(page).open(address)
    assert page.outside_requests() == []
    assert page.console_errors() == []
    assert explorer.ranking()[:3] == ["shanghai", "beijing", "shenzhen"]
    assert page.run("return document.querySelectorAll('#ranking:not(.waiting) .interval svg').length") == 60


def test_a_slider_moved_by_keyboard_changes_ranks(explorer: Explorer, address: str) -> None:
    explorer.open(address).choose("#city", "hefei")
    explorer.says("#status", "Hefei: rank 15 before, 15 now.")
    explorer.press("#weight-technological-innovation", RIGHT, 60)
    explorer.says("#status", "Hefei: rank 15 before, 11 now.")
    explorer.settled()
    assert explorer.share(2) == "40.0%"
    assert explorer.ranking().index("hefei") == 10
    explorer.one("#reset-weights").click()
    explorer.says("#status", "15 now")
    assert explorer.share(2) == "10.0%"


def test_a_locked_weight_stays(explorer: Explorer, address: str) -> None:
    explorer.open(address).press("#lock-economic-strength", SPACE)
    explorer.press("#weight-open-development", RIGHT, 40)
    shares = [float(explorer.share(position).rstrip("%")) for position in range(1, 11)]
    assert (shares[0], shares[4]) == (10.0, 30.0)
    assert sum(shares) == pytest.approx(100.0, abs=1.0)


def test_a_link_restores_weights_methods_city_and_figures(explorer: Explorer, page: Page, address: str) -> None:
    explorer.open(address).choose("#city", "wuxi")
    explorer.choose("#peers", "province")
    explorer.choose("#normalisation", '{"method":"min-max","to":[1,100]}')
    explorer.settled().choose("#add-figure", "set:gdp")
    explorer.press("#set-gdp", RIGHT, 20)
    explorer.press("#weight-green-low-carbon", LEFT, 10)

    def shown() -> tuple[object, ...]:
        texts = (explorer.text(part) for part in ("#status", "#figures output", "#peer-list", "#profile tbody"))
        return (explorer.ranking(), page.run("return document.querySelector('#normalisation').value"), *texts)

    before = explorer.settled() and shown()
    assert "with these changes" in explorer.text("#status")
    assert "Peers (Jiangsu)" in explorer.text("#peer-list")
    explorer.open(page.driver.current_url)
    assert shown() == before
    assert explorer.share(8) == "5.0%"


def test_a_figure_changes_by_per_cent_and_the_page_tells_what_that_moves(
    explorer: Explorer, page: Page, address: str
) -> None:
    explorer.open(address).choose("#city", "hefei")
    explorer.settled().choose("#add-figure", "set:gdp")
    explorer.one("#by-gdp").send_keys("\ue009a\ue0008")
    explorer.settled()
    assert "14,588" in explorer.text("#figures output")
    explorer.says("#moved", "Economic scale and potential")
    explorer.says("#moved", "+2.33")
    top = page.run("scrollTo(0, 1200); return document.querySelector('#status').getBoundingClientRect().top")
    assert 0 <= top < 10


def test_figures_are_those_of_the_city_that_is_chosen(explorer: Explorer, page: Page, address: str) -> None:
    explorer.open(address).choose("#city", "hefei")
    assert page.run("return document.querySelector('#add-figure').disabled")
    explorer.settled().choose("#add-figure", "set:gdp")
    assert "own 13,508" in explorer.text("#figures .ends")
    explorer.press("#set-gdp", RIGHT)
    explorer.settled().choose("#city", "shanghai")
    assert explorer.settled().text("#figures") == ""
    assert '"gdp"' in explorer.text("#other-changes")
    explorer.choose("#city", "hefei")
    assert "own 13,508" in explorer.settled().text("#figures .ends")


def test_a_downloaded_file_restores_the_state(explorer: Explorer, page: Page, address: str, downloads: Path) -> None:
    explorer.open(address).press("#weight-urban-resilience", RIGHT, 30)
    assert explorer.settled().share(7) == "25.0%"
    moved = explorer.ranking()
    file = downloads / "explored.yaml"
    explorer.one("#download").click()
    for _ in range(5_000):  # the browser writes it when it likes; each turn asks the browser something
        if file.exists() or page.run("return false"):
            break
    assert file.exists()
    explorer.one("#start-again").click()
    explorer.says("#weights .slider:nth-child(7) output", "10.0%")
    assert explorer.settled().ranking() != moved
    explorer.one("#load").send_keys(str(file))
    explorer.says("#weights .slider:nth-child(7) output", "25.0%")
    assert explorer.settled().ranking() == moved


def test_what_cannot_be_worked_out_is_told(explorer: Explorer, address: str, tmp_path: Path) -> None:
    explorer.open(address)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("schema_version: 1\nname: x\nindex: other\n", encoding="utf-8")
    explorer.one("#load").send_keys(str(wrong))
    explorer.says("#refusal", "not the index of this page")
    assert explorer.one("#refusal").get_attribute("role") == "alert"


def test_a_plan_is_found_and_used(explorer: Explorer, page: Page, address: str) -> None:
    explorer.open(address).choose("#city", "hefei")
    page.run("document.querySelector('#wanted').value = 13")
    explorer.settled().one("#find-way").click()
    explorer.says("#plans", "chance of success")
    explorer.one("#plans .plan button").click()
    explorer.says("#status", "rank 13 with these changes")
    assert explorer.settled().one("#figures input[type=range]").get_attribute("id").startswith("move-")


def test_the_keyboard_reaches_everything(explorer: Explorer, page: Page, address: str) -> None:
    explorer.open(address)
    reachable = "[...document.querySelectorAll('a[href], button, input, select')].filter((one) => !one.disabled)"
    expected = set(page.run(f"return {reachable}.map((one) => one.id || one.textContent)"))
    page.run(
        "window.reached = []; addEventListener('focusin', (e) => reached.push(e.target.id || e.target.textContent))"
    )
    page.press(TAB * (len(expected) + 2))
    assert len(expected) > 80
    assert expected - set(page.run("return window.reached")) == set()


@pytest.mark.parametrize(("language", "told"), [("en", "Weights"), ("zh", "权重")])
def test_it_is_open_to_all_in_both_languages(
    explorer: Explorer, page: Page, address: str, language: str, told: str
) -> None:
    explorer.open(f"{address}/?lang={language}").choose("#add-figure", "move:green-space")
    assert explorer.text("#weights-heading") == told
    assert page.axe() == []


def test_the_other_language_keeps_the_state(explorer: Explorer, page: Page, address: str) -> None:
    explorer.open(address).choose("#city", "hefei")
    explorer.press("#weight-technological-innovation", RIGHT, 60)
    explorer.says("#status", "11 now")
    explorer.settled().one("#other-language").click()
    explorer.says("#status", "合肥：原第 15 位，现第 11 位。")
    assert page.run("return document.documentElement.lang") == "zh-Hans"
    explorer.settled()
    assert "上海" in explorer.text("#ranking tbody")
    assert "总分" in explorer.text("#ranking thead")
