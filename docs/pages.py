"""What a page of the site shows that does not stand in it: other files, tables made here; and links that lead out.

Pages stay readable where the code is hosted: `<!-- shown here: scenario -->` is invisible there, what stands before it
on its line is for readers there, and links are relative to the files as they lie in the repository.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

from docs.reference import definition_reference, methods_reference, scenario_reference

DOCS = Path(__file__).parent
ROOT = DOCS.parent

CONTENTS = "index.md"


def pages_beside() -> str:
    """Return the pages that the contents do not name, a line each, so that a new page cannot be forgotten."""
    contents = (DOCS / CONTENTS).read_text(encoding="utf-8")
    named = {bare or titled for bare, titled in re.findall(r"^(?:([\w/-]+)|\S+ <([\w/-]+)>)$", contents, re.MULTILINE)}
    return "\n".join(sorted({path.stem for path in DOCS.glob("*.md")} - named - {"index"}))


MADE: dict[str, Callable[[], str]] = {
    "scenario": scenario_reference,
    "definition": definition_reference,
    "methods": methods_reference,
    "pages-beside": pages_beside,
}
SHOWN = {
    "README.md": "index.md",
    "README.zh-CN.md": "zh.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
"""Files outside docs/ that a page shows in full, or stands in for."""

MARK = re.compile(r"^.*<!-- shown here: (\S+) -->$", re.MULTILINE)
"""A line of which the site shows something else; where the code is hosted its words stand."""
IMAGE = re.compile(r"!\[([^\[\]]*)\]\(([^)\s#:]+)\)")
LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def page(name: str, text: str) -> str:
    """Return the text of a page of docs/ as the site shows it.

    Raises
    ------
    FileNotFoundError
        Where a relative link leads to nothing.
    """
    return MARK.sub(lambda found: _shown(found[1]), _relinked(text, (DOCS / name).parent, (DOCS / name).parent))


def _shown(what: str) -> str:
    if what in MADE:
        return MADE[what]()
    return _relinked((ROOT / what).read_text(encoding="utf-8"), ROOT, DOCS)


def _relinked(text: str, written_in: Path, shown_in: Path) -> str:
    """Return text with the links of a file in one folder as they must be in a page of another."""

    def link(found: re.Match[str]) -> str:
        words, target, anchor = found[1], (written_in / found[2]).resolve(), found[3] or ""
        if not target.exists():
            raise FileNotFoundError(f"{found[0]} leads to nothing")
        place = str(target.relative_to(ROOT))
        if place in SHOWN:
            target = DOCS / SHOWN[place]
        elif target.is_dir() or (target.suffix == ".md" and not target.is_relative_to(DOCS)):
            return f"{words} (`{place}`)"
        return f"[{words}]({os.path.relpath(target, shown_in)}{anchor})"

    def image(found: re.Match[str]) -> str:
        return f"![{found[1]}]({os.path.relpath((written_in / found[2]).resolve(), shown_in)})"

    return IMAGE.sub(image, LINK.sub(link, text))


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx what happens to every page before it is read."""

    def read(app: Any, name: str, source: list[str]) -> None:
        path = Path(app.env.doc2path(name))
        if path.suffix == ".md":
            source[0] = page(str(path.relative_to(DOCS)), source[0])

    app.connect("source-read", read)
    app.add_lexer("csv", TextLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
