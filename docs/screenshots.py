"""Pictures of pages for the README: `python -m docs.screenshots`, or some of them by name. Needs Chromium.

Each is made from a result that is run here, and none may be larger than 200 kB.
"""

from __future__ import annotations

import base64
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import simulator as sim
from docs.browsing import missing, start_browser

IMAGES = Path(__file__).parent / "images"
LARGEST = 200_000
"""Bytes of a picture."""

WIDTH, OF_CHART, OF_EXPLORER = 1000, 760, 880
PATIENCE_MS = 30_000


@cache
def stress_test() -> Any:
    """Return the result that the pictures show."""
    return sim.run("stress-test", overrides=["pairs=true"])


@cache
def browser() -> Any:
    """Return the one browser of all pictures."""
    return start_browser()


def report(language: str, height: int) -> bytes:
    """Return the top of a report as a picture."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        sim.write_report(stress_test(), page, language=language, cities="hefei", peers="status")
        return pictured(page.as_uri(), "document.documentElement.dataset.drawn === 'all'", height)


def pictured(address: str, ready: str, height: int, width: int = WIDTH, scroll: str = "") -> bytes:
    """Return a page as a picture, once the expression `ready` is true; from the element `scroll` down, if given."""
    driver = browser()
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )
    driver.get(address)
    wait(ready)
    if scroll:
        driver.execute_script("document.querySelector(arguments[0]).scrollIntoView({ behavior: 'instant' })", scroll)
    return base64.b64decode(driver.get_screenshot_as_base64())


def wait(ready: str) -> None:
    """Wait until an expression is true on the page."""
    browser().set_script_timeout(PATIENCE_MS / 1000)
    browser().execute_async_script(
        f"const done = arguments[0]; const look = () => ({ready}) ? done() : setTimeout(look, 20); look();"
    )


def intervals(language: str) -> bytes:
    """Return the chart of rank intervals as a picture."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "chart.html")
        chart = sim.chart(stress_test(), "rank-intervals", language=language)
        sim.write_chart(chart, page, language=language)
        return pictured(page.as_uri(), "document.querySelector('svg[aria-hidden]') !== null", 1040, OF_CHART)


SETTLED = "document.body.dataset.busy === 'no' && document.querySelector('#ranking .interval svg') !== null"
EXPLORED = """
const move = (id, value, name) => {
  const one = document.getElementById(id);
  one.value = value;
  one.dispatchEvent(new Event(name));
};
move("city", "hefei", "change");
move("weight-technological-innovation", 20, "input");
document.activeElement.blur();
"""
"""What a reader does on the page before its picture is taken."""


def explorer(language: str) -> bytes:
    """Return the explorer's page as a picture, with one weight doubled and a city chosen."""
    from simulator.explorer.serving import address_of, listen, make_server, warm_up
    from simulator.explorer.session import open_session

    session, listening = open_session(), listen("127.0.0.1", 0)
    warm_up(session)
    server = make_server(session, language, ["127.0.0.1"])
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    serving.start()
    try:
        pictured(f"{address_of(listening)}/?lang={language}", SETTLED, OF_EXPLORER, 1280)
        browser().execute_script(EXPLORED)
        told = "document.querySelector('#ranking.waiting') === null && document.querySelector('tr.chosen') !== null"
        wait(f"{SETTLED} && {told}")
        return base64.b64decode(browser().get_screenshot_as_base64())
    finally:
        server.should_exit = True
        serving.join()


PICTURES: dict[str, Callable[[], bytes]] = {
    "report-en": lambda: report("en", 900),
    "report-zh": lambda: report("zh", 900),
    "rank-intervals-en": lambda: intervals("en"),
    "rank-intervals-zh": lambda: intervals("zh"),
    "explorer-en": lambda: explorer("en"),
    "explorer-zh": lambda: explorer("zh"),
}
"""Every picture by its name."""


def main(names: list[str]) -> None:
    """Make the pictures named, all if none is."""
    unknown = set(names) - set(PICTURES)
    if unknown or missing():
        sys.exit(missing() or f"no such picture: {', '.join(sorted(unknown))}; there are {', '.join(PICTURES)}")
    IMAGES.mkdir(exist_ok=True)
    try:
        for name in names or PICTURES:
            content = PICTURES[name]()
            if len(content) > LARGEST:
                sys.exit(f"{name}: {len(content):,} bytes are more than {LARGEST:,}")
            (IMAGES / f"{name}.png").write_bytes(content)
            print(f"{name}.png {len(content):,} bytes")
    finally:
        browser().quit()


if __name__ == "__main__":
    main(sys.argv[1:])
