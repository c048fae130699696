"""Charts as files: a page that works without a network, pictures, or the chart itself as data."""

from __future__ import annotations

import html
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import altair as alt
import vl_convert

from simulator.charts.fonts import FONT_FOLDER, font_face
from simulator.charts.grammar import FONTS, Chart
from simulator.errors import Fault, InputError
from simulator.storage import write_text, write_whole

SUFFIXES: Final = (".html", ".png", ".svg", ".pdf", ".json")
"""File name endings of charts."""

SCALE: Final = 2.0
"""Pixels of a picture for each of the chart."""

FIRST_CHINESE: Final = "\u2e80"

_PAGE: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{font_face}
body {{ font-family: {fonts}; margin: 1.5rem; color: #1b1b1b; background: #fff; }}
#chart svg {{ max-width: 100%; height: auto; }}
</style>
</head>
<body>
<main><div id="chart" role="img" aria-label="{description}"></div></main>
<script>{library}</script>
<script>
const specification = {specification};
document.fonts.ready
  .then(() => vegaEmbed("#chart", specification, {{ renderer: "svg", actions: false }}))
  .then(() => document.querySelector("#chart svg").setAttribute("aria-hidden", "true"));
</script>
</body>
</html>
"""


def write_chart(chart: Chart, path: str | Path, *, language: str = "en") -> None:
    """Write a chart as a page, a picture or data, by the ending of the file name.

    Nothing is fetched from anywhere: a page holds the library that draws it and the font, pictures are drawn here.

    Parameters
    ----------
    chart
        A chart, such as `simulator.chart` returns.
    path
        A file named `.html`, `.png`, `.svg`, `.pdf` or `.json` (the Vega-Lite specification).
    language
        Language of the page, for those who have it read out.

    Raises
    ------
    InputError
        Where the file is named otherwise.
    StorageError
        Where it cannot be written.
    """
    path = Path(path)
    suffix = require_picture(path)
    if suffix == ".json":
        write_text(path, json.dumps(specification(chart), ensure_ascii=False, indent=1) + "\n")
    elif suffix == ".html":
        write_text(path, page(chart, language))
    else:
        content = picture(chart, suffix)
        write_whole(path, lambda new: new.write_bytes(content))


def require_picture(path: Path) -> str:
    """Return the ending of a chart's file.

    Raises
    ------
    InputError
        Where it is none of `SUFFIXES`.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        remedy = f"Name it {', '.join(f'FILE{one}' for one in SUFFIXES)}."
        raise InputError(str(path), [Fault("", "is not named as a chart is", remedy)])
    return suffix


def specification(chart: Chart) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart, with its data."""
    found: dict[str, Any] = chart.to_dict(validate=False)  # it is ours, and tests hold it against the schema
    return found


def picture(chart: Chart, suffix: str) -> bytes:
    """Return a chart as the bytes of a picture: `.png`, `.svg` or `.pdf`.

    An SVG with Chinese text embeds the font, so that it shows the same elsewhere.
    """
    _register_font()
    spec, version = specification(chart), vega_lite_version()
    if suffix == ".png":
        return bytes(vl_convert.vegalite_to_png(spec, vl_version=version, scale=SCALE))
    if suffix == ".pdf":
        return bytes(vl_convert.vegalite_to_pdf(spec, vl_version=version))
    drawn = str(vl_convert.vegalite_to_svg(spec, vl_version=version))
    if not any(one >= FIRST_CHINESE for one in drawn):
        return drawn.encode()
    head, closing, rest = drawn.partition(">")
    return f"{head}{closing}<style>{font_face()}</style>{rest}".encode()


def page(chart: Chart, language: str) -> str:
    """Return a chart as a page that works without a network."""
    spec = specification(chart)
    title = html.escape(str(spec["title"]["text"]) if "title" in spec else "")
    return _PAGE.format(
        language=language,
        title=title,
        description=html.escape(str(spec.get("description", ""))),
        font_face=font_face(),
        fonts=FONTS,
        library=library(),
        specification=script_data(spec),
    )


def script_data(data: Any) -> str:
    r"""Return data as JSON that may stand inside a script of a page, whatever texts it holds.

    >>> script_data({"city": "</script>"})
    '{"city":"\\u003c/script>"}'
    """
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return written.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def library() -> str:
    """Return the script that draws charts in a page: `vegaEmbed`, with all it needs."""
    bundle: str = vl_convert.javascript_bundle(vl_version=vega_lite_version())  # type: ignore[call-arg]
    return bundle.replace("</script", "<\\/script")


def vega_lite_version() -> str:
    """Return the version of Vega-Lite in which charts are written, such as `6.1`."""
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


@cache
def _register_font() -> None:
    vl_convert.register_font_directory(str(FONT_FOLDER))
