"""Pictures of pages for the README: `python -m docs.screenshots`, or some of them by name. Needs Chromium.

Each is made from a result that is run here, and none may be larger than 200 kB.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import simulator as sim
from docs.browsing import missing, start_browser

IMAGES = Path(__file__).parent / "images"
LARGEST = 200_000
"""Bytes of a picture."""

WIDTH, OF_CHART = 1000, 760
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
    driver.set_script_timeout(PATIENCE_MS / 1000)
    driver.execute_async_script(
        f"const done = arguments[0]; const look = () => ({ready}) ? done() : setTimeout(look, 20); look();"
    )
    if scroll:
        driver.execute_script("document.querySelector(arguments[0]).scrollIntoView({ behavior: 'instant' })", scroll)
    return base64.b64decode(driver.get_screenshot_as_base64())


def intervals(language: str) -> bytes:
    """Return the chart of rank intervals as a picture."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "chart.html")
        chart = sim.chart(stress_test(), "rank-intervals", language=language)
        sim.write_chart(chart, page, language=language)
        return pictured(page.as_uri(), "document.querySelector('svg[aria-hidden]') !== null", 1040, OF_CHART)


PICTURES: dict[str, Callable[[], bytes]] = {
    "report-en": lambda: report("en", 900),
    "report-zh": lambda: report("zh", 900),
    "rank-intervals-en": lambda: intervals("en"),
    "rank-intervals-zh": lambda: intervals("zh"),
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
