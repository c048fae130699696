"""The font of charts and pages: its files, and how a page embeds it. It has Latin and the usual Chinese characters.

A subset of Noto Sans CJK SC under the SIL Open Font License, see OFL.txt; `subset` makes it again.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

FAMILY: Final = "Citysim Sans SC"
"""Name under which charts and pages ask for the font; it is ours, so that another one installed is never meant."""

FONT_FOLDER: Final = Path(__file__).parent
OPENTYPE: Final = FONT_FOLDER / "citysim-sans-sc.otf"
WEB_FONT: Final = FONT_FOLDER / "citysim-sans-sc.woff2"


def font_face() -> str:
    """Return the CSS rule that embeds the font in a page, as `FAMILY`.

    >>> font_face()[:56]
    '@font-face { font-family: "Citysim Sans SC"; src: url("d'
    """
    data = base64.b64encode(WEB_FONT.read_bytes()).decode("ascii")
    source = f'url("data:font/woff2;base64,{data}") format("woff2")'
    return f'@font-face {{ font-family: "{FAMILY}"; src: {source}; font-display: block; }}'
