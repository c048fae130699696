"""A browser for tests of pages: the distribution's Chromium, one for the session, cut off from the network.

`page` opens a file or an address and records what goes wrong; `page.axe()` checks accessibility. Without Chromium and
its driver the tests skip, and say so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from docs.browsing import missing, start_browser

PATIENCE = 30.0
"""Seconds until what a page is to do counts as not done; a fast page does not wait for them."""


class Page:
    """A page as a test sees it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self._own: str | None = None

    def open(self, where: Path | str, ready: str = "return document.readyState === 'complete'") -> None:
        """Open a file or an address and wait until the script `ready` returns true; records begin anew."""
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        address = where.resolve().as_uri() if isinstance(where, Path) else where
        self._own = urlsplit(address).netloc or None
        self.driver.get(address)
        self.wait(ready)

    def wait(self, script: str, *arguments: object) -> Any:
        """Return what a script returns as soon as it returns something true."""
        until = time.monotonic() + PATIENCE
        while not (found := self.run(script, *arguments)):
            if time.monotonic() > until:
                pytest.fail(f"in vain: {script}; the console says {self.console_errors()}")
        return found

    def run(self, script: str, *arguments: object) -> Any:
        """Return what a script returns; elements come as elements, the rest as plain values."""
        return self.driver.execute_script(script, *arguments)

    def cdp(self, command: str, **arguments: object) -> dict[str, Any]:
        """Return the answer to a command of the Chrome DevTools Protocol."""
        found: dict[str, Any] = self.driver.execute_cdp_cmd(command, arguments)
        return found

    def console_errors(self) -> list[str]:
        """Return errors and warnings of the console since the page was opened, or since they were last asked for."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def outside_requests(self) -> list[str]:
        """Return the addresses asked for that are neither in the page itself nor at the host it comes from."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                asked = message["params"].get("request", message["params"])["url"]
                parts = urlsplit(asked)
                if parts.scheme not in ("data", "blob", "file", "about", "chrome") and parts.netloc != self._own:
                    found.append(asked)
        return found

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def axe(self, *tags: str) -> list[str]:
        """Return what axe-core finds against WCAG levels A and AA (or other tags): rule, and the first elements."""
        if not self.run("return typeof window.axe === 'object'"):
            self.run(_axe_source())
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "const asked = { runOnly: { type: 'tag', values: arguments[0] }, resultTypes: ['violations'] };"
            "axe.run(asked).then(done, (error) => done(String(error)));",
            list(tags or ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")),
        )
        assert isinstance(found, dict), found
        return [
            f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes'][:3]]}"
            for one in found["violations"]
        ]

    def fonts_of(self, selector: str) -> dict[str, bool]:
        """Return the fonts that draw the text of an element: name → whether the page brought it."""
        self.cdp("DOM.enable")
        self.cdp("CSS.enable")
        root = self.cdp("DOM.getDocument")["root"]["nodeId"]
        node = self.cdp("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        fonts = self.cdp("CSS.getPlatformFontsForNode", nodeId=node)["fonts"]
        return {one["familyName"]: one["isCustomFont"] for one in fonts}


def _axe_source() -> str:
    spec = find_spec("axe_core_python")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("axe-core is not installed: the extra `browser`")
    return Path(spec.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The driver of a Chromium without a window, cut off from the network."""
    if missing():
        pytest.skip(missing())
    started = start_browser()
    started.set_script_timeout(PATIENCE)
    yield started
    started.quit()


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    """A page to open; what a test set of the screen is undone behind it."""
    opened = Page(browser)
    yield opened
    opened.cdp("Emulation.setEmulatedMedia", media="")
    opened.cdp("Emulation.clearDeviceMetricsOverride")
    browser.get("about:blank")
