"""The distribution's Chromium without a window, cut off from the network: for tests of pages and for their pictures."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRIVERS = ("chromedriver", "chromium-driver")

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # as root there is no other way
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--window-size=1100,1400",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


def missing() -> str:
    """Return what a browser lacks here, and what to do; empty where there is one."""
    if find_spec("selenium") is None:
        return "selenium is not installed: the extra `browser`"
    if not any(map(shutil.which, BROWSERS)) or not any(map(shutil.which, DRIVERS)):
        return "no Chromium with its driver: apt-get install chromium chromium-driver"
    return ""


def start_browser() -> Any:
    """Return the driver of a Chromium that records its console and its requests; end it with `quit`."""
    from selenium.webdriver import Chrome
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options=options, service=Service(next(filter(None, map(shutil.which, DRIVERS)))))
