"""Pages of the site that ask nobody else for anything: no script, style, font or picture from outside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOADED = (
    re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=[\"']?((?:https?:)?//[^\"'\s>]+)"),
    re.compile(r"<link\b[^>]*\bhref=[\"']?((?:https?:)?//[^\"'\s>]+)"),
    re.compile(r"(?:@import\s+(?:url\()?|url\()[\"']?((?:https?:)?//[^\"')\s]+)"),
)


def asked_outside(text: str) -> list[str]:
    """Return the addresses from which a page or a style loads something.

    >>> asked_outside('<a href="https://semver.org">words</a> <script src="//cdn.example/x.js"></script>')
    ['//cdn.example/x.js']
    >>> asked_outside("@font-face {src: url(https://fonts.example/a.woff2)} a {background: url('data:image/svg')}")
    ['https://fonts.example/a.woff2']
    """
    return [address for pattern in LOADED for address in pattern.findall(text)]


def faults(folder: Path) -> Iterator[str]:
    """Yield what the pages and styles of a folder load from outside."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".html", ".css")):
        for address in asked_outside(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(folder)} loads {address}"


def setup(app: Any) -> dict[str, bool]:
    """Have Sphinx end with an error where a page built loads anything from outside."""

    def finished(app: Any, failed: Exception | None) -> None:
        found = [] if failed else list(faults(Path(app.outdir)))
        if found:
            raise RuntimeError("; ".join(found))

    app.connect("build-finished", finished)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
