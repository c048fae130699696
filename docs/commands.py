"""The help of commands on the site: lines that click keeps as they are become code, all else plain text."""

from __future__ import annotations

import inspect
import re
from typing import Any

KEPT = "\b\n"
"""The mark by which click keeps a paragraph's lines as they are."""


def as_markup(text: str) -> list[str]:
    r"""Return the lines of a command's help as reStructuredText.

    >>> as_markup("Run it.\n\n\b\nExamples:\n  citysim run *.yaml")
    ['Run it.', '', 'Examples:', '', '::', '', '  citysim run *.yaml', '']
    """
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        head, *rest = paragraph.removeprefix(KEPT).splitlines()
        if paragraph.startswith(KEPT) and rest and all(line.startswith("  ") for line in rest):
            lines += [_escaped(head), "", "::", "", *rest, ""]
        else:
            lines += [_escaped(line) for line in (head, *rest)] + [""]
    return lines


def _escaped(line: str) -> str:
    return re.sub(r"([*|_\\])", r"\\\1", line)


def setup(app: Any) -> dict[str, bool]:
    """Tell sphinx-click what becomes of the help of every command."""

    def process(_: Any, context: Any, lines: list[str]) -> None:
        lines[:] = as_markup(context.command.help or "")

    app.connect("sphinx-click-process-description", process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
