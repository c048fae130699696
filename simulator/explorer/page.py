"""The page itself and its files, read once from the package: a request names one of these, never a file."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from simulator.charts.fonts import WEB_FONT
from simulator.texts import Language

KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""Content type of a static file by its ending."""


@dataclass(frozen=True)
class StaticFile:
    """A file that pages load."""

    content: bytes
    kind: str


@cache
def texts(language: Language) -> dict[str, str]:
    """Return all words of the page in a language.

    >>> sorted(texts("en")) == sorted(texts("zh"))
    True
    """
    written = (files("simulator.explorer") / "texts" / f"{language}.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(written)
    return found


@cache
def reasons(language: Language) -> dict[str, str]:
    """Return the reasons of the engine that a page can meet by its own controls, in its language; none in English.

    >>> len(reasons("en")) < len(reasons("zh"))
    True
    """
    if language == "en":
        return {}
    written = (files("simulator.explorer") / "texts" / f"reasons.{language}.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(written)
    return found


@cache
def static_files() -> dict[str, StaticFile]:
    """Return the files that pages load, by name.

    >>> "explorer.css" in static_files()
    True
    """
    found = {}
    for one in (files("simulator.explorer") / "static").iterdir():
        kind = KINDS.get("." + one.name.rpartition(".")[2])
        if kind is not None:
            found[one.name] = StaticFile(one.read_bytes(), f"{kind}; charset=utf-8")
    return {**found, WEB_FONT.name: StaticFile(WEB_FONT.read_bytes(), "font/woff2")}


@cache
def page(language: Language, title_en: str, title_zh: str) -> str:
    """Return the page in a language, about an index of that title."""
    other: Language = "zh" if language == "en" else "en"
    template = (files("simulator.explorer") / "templates" / "page.html").read_text(encoding="utf-8")
    words = {f"t_{key}": html.escape(text) for key, text in texts(language).items()}
    title = html.escape(title_en if language == "en" else title_zh)
    tag = {"en": "en", "zh": "zh-Hans"}
    return Template(template).substitute(
        words, language=tag[language], code=language, other=other, other_tag=tag[other], title=title
    )
