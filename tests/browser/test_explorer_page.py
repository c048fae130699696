"""The explorer in a browser: moved by keyboard, restored from links and files, in both languages, open to all."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import axe_core_python
import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from simulator.explorer import serving
from simulator.explorer.session import open_session

Found = TypeVar("Found")
SECONDS = 30.0
SMALL_DRAWS = 60


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


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser puts files."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads: Path) -> Iterator[Chrome]:
    """A browser without a window, that tells what it loads and complains of."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium with its driver here")
    options = ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,1200"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    chrome = Chrome(options=options, service=ChromeService(driver))
    yield chrome
    chrome.quit()


class Page:
    """The page as a reader handles it."""

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser

    def open(self, address: str) -> Page:
        self.browser.get("about:blank")
        self.browser.get(address)
        return self.settled()

    def until(self, found: Callable[[], Found]) -> Found:
        return WebDriverWait(self.browser, SECONDS, 0.05).until(lambda _: found())

    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.one(selector).text

    def settled(self) -> Page:
        """Wait until everything asked is answered: ranks, intervals and profile are there."""
        self.until(lambda: self.one("body").get_attribute("data-busy") == "no")
        self.until(lambda: len(self.all("#ranking tbody tr")) == 60)
        self.until(lambda: len(self.all("#ranking:not(.waiting) .interval svg")) == 60)
        self.until(lambda: len(self.all("#profile tbody tr")) == 11)
        return self

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def ranking(self) -> list[str]:
        script = "return [...document.querySelectorAll('#ranking tbody tr')].map((line) => line.dataset.city)"
        found: list[str] = self.browser.execute_script(script)
        return found

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]

    def requested(self) -> list[str]:
        events = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        return [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]

    def violations(self) -> list[dict[str, Any]]:
        """Return what axe finds against WCAG 2 at levels A and AA."""
        source = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
        self.browser.execute_script(source)
        rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
        run = "const done = arguments[arguments.length - 1]; axe.run(document, arguments[0]).then(done)"
        found: list[dict[str, Any]] = self.browser.execute_async_script(run, rules)["violations"]
        return found


@pytest.fixture(scope="module")
def page(browser: Chrome) -> Page:
    """The page, once it is opened."""
    return Page(browser)


def move(slider: WebElement, key: str, times: int) -> None:
    slider.send_keys(key * times)


def test_it_loads_from_its_own_address_alone_and_complains_of_nothing(page: Page, address: str) -> None:
    page.requested(), page.complaints()
    page.open(address)
    requested = [url for url in page.requested() if not url.startswith(("about:", "data:"))]
    assert len(requested) > 8
    assert [url for url in requested if not url.startswith(f"{address}/")] == []
    assert page.complaints() == []
    assert page.ranking()[:3] == ["shanghai", "beijing", "shenzhen"]


def test_a_slider_moved_by_keyboard_changes_ranks_and_what_they_are_said_to_be(page: Page, address: str) -> None:
    page.open(address)
    Select(page.one("#city")).select_by_value("hefei")
    page.until(lambda: "Hefei: rank 15 before, 15 now." in page.text("#status"))
    move(page.one("#weight-technological-innovation"), Keys.ARROW_RIGHT, 60)
    page.until(lambda: "Hefei: rank 15 before, 11 now." in page.text("#status"))
    page.settled()
    assert "40.0" in page.text("#weights .slider:nth-child(2) output")
    assert page.ranking().index("hefei") == 10
    page.one("#reset-weights").click()
    page.until(lambda: "15 now" in page.text("#status"))
    assert page.text("#weights .slider:nth-child(2) output") == "10.0%"


def test_a_locked_weight_stays(page: Page, address: str) -> None:
    page.open(address)
    page.one("#lock-economic-strength").send_keys(Keys.SPACE)
    move(page.one("#weight-open-development"), Keys.ARROW_RIGHT, 40)
    outputs = [float(one.text.rstrip("%")) for one in page.all("#weights output")]
    assert (outputs[0], outputs[4]) == (10.0, 30.0)
    assert sum(outputs) == pytest.approx(100.0, abs=1.0)


def test_a_link_restores_weights_methods_city_and_figures(page: Page, address: str) -> None:
    page.open(address)
    Select(page.one("#city")).select_by_value("wuxi")
    Select(page.one("#peers")).select_by_value("province")
    Select(page.one("#normalisation")).select_by_visible_text("min-max, 1 to 100")
    page.until(lambda: Select(page.one("#add-figure")).options[1:])
    Select(page.one("#add-figure")).select_by_value("set:gdp")
    move(page.one("#set-gdp"), Keys.ARROW_RIGHT, 20)
    move(page.one("#weight-green-low-carbon"), Keys.ARROW_LEFT, 10)
    page.settled()
    assert "with them" in page.text("#status")
    assert "Peers (Jiangsu)" in page.text("#peer-list")
    before = (page.ranking(), page.text("#status"), page.text("#figures output"))
    link = page.browser.current_url
    page.open(link)
    assert "Peers (Jiangsu)" in page.text("#peer-list")
    assert (page.ranking(), page.text("#status"), page.text("#figures output")) == before
    assert Select(page.one("#normalisation")).first_selected_option.text == "min-max, 1 to 100"
    assert page.text("#weights .slider:nth-child(8) output") == "5.0%"


def test_a_downloaded_file_restores_the_state(page: Page, address: str, downloads: Path) -> None:
    page.open(address)
    move(page.one("#weight-urban-resilience"), Keys.ARROW_RIGHT, 30)
    page.until(lambda: page.text("#weights .slider:nth-child(7) output") == "25.0%")
    page.settled()
    moved = page.ranking()
    page.one("#download").click()
    file = downloads / "explored.yaml"
    page.until(file.exists)
    page.one("#start-again").click()
    page.until(lambda: page.text("#weights .slider:nth-child(7) output") == "10.0%")
    page.until(lambda: page.ranking() != moved)
    page.one("#load").send_keys(str(file))
    page.until(lambda: page.text("#weights .slider:nth-child(7) output") == "25.0%")
    page.until(lambda: page.ranking() == moved)


def test_what_cannot_be_worked_out_is_told(page: Page, address: str, tmp_path: Path) -> None:
    page.open(address)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("schema_version: 1\nname: x\nindex: other\n", encoding="utf-8")
    page.one("#load").send_keys(str(wrong))
    page.until(lambda: "not the index of this page" in page.text("#refusal"))
    assert page.one("#refusal").get_attribute("role") == "alert"


def test_a_plan_is_found_and_used(page: Page, address: str) -> None:
    page.open(address)
    Select(page.one("#city")).select_by_value("hefei")
    page.one("#wanted").clear()
    page.one("#wanted").send_keys("13")
    page.one("#find-way").click()
    page.until(lambda: page.all("#plans .plan button"))
    assert "chance of success" in page.text("#plans")
    page.one("#plans .plan button").click()
    page.until(lambda: "13 with them" in page.text("#status"))
    assert page.until(lambda: page.all("#figures input[type=range]"))


def test_the_keyboard_reaches_everything(page: Page, address: str) -> None:
    page.open(address)
    script = """
      const all = 'a[href], button, input, select';
      return [...document.querySelectorAll(all)].filter((one) => !one.disabled).map((one) => one.id || one.textContent)
    """
    expected = set(page.browser.execute_script(script))
    page.browser.execute_script("document.activeElement.blur()")
    reached = set()
    for _ in range(len(expected) + 3):
        ActionChains(page.browser).send_keys(Keys.TAB).perform()
        reached.add(page.browser.execute_script("const one = document.activeElement; return one.id || one.textContent"))
    assert expected - reached == set()


@pytest.mark.parametrize(("language", "told"), [("en", "Weights"), ("zh", "权重")])
def test_it_is_open_to_all_in_both_languages(page: Page, address: str, language: str, told: str) -> None:
    page.open(f"{address}/?lang={language}")
    assert page.text("#weights-heading") == told
    Select(page.one("#add-figure")).select_by_value("move:green-space")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in page.violations()] == []


def test_the_other_language_keeps_the_state(page: Page, address: str) -> None:
    page.open(address)
    Select(page.one("#city")).select_by_value("hefei")
    move(page.one("#weight-technological-innovation"), Keys.ARROW_RIGHT, 60)
    page.until(lambda: "11 now" in page.text("#status"))
    page.one("#other-language").click()
    page.until(lambda: "合肥：原第 15 名，现第 11 名。" in page.text("#status"))
    assert page.one("html").get_attribute("lang") == "zh-Hans"
    page.settled()
    assert "上海" in page.text("#ranking tbody")
    assert "总分" in page.text("#ranking thead")
