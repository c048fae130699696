"""What all charts share: colours, type, sizes, and how a figure becomes a row of data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import altair as alt
import numpy as np
import xarray as xr

from simulator import names
from simulator.charts.fonts import FAMILY
from simulator.lookup import find_cities
from simulator.texts import Texts

FONTS: Final = f"{FAMILY}, Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif"

# Okabe and Ito's palette, told apart by all kinds of colour vision; in grey they differ in lightness, and wherever two
# of them stand for opposites shape or dash differs as well.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
LIGHT_BLUE: Final = "#9CCBEB"
BLACK: Final = "#1B1B1B"
GREY: Final = "#6B6B6B"
PALE: Final = "#D9D9D9"

SHADES: Final = ["#FFFFFF", "#C6DBEF", "#6BAED6", "#2171B5", "#08306B"]
"""From none, white, to all, dark: the same order in grey and in every kind of colour vision."""

CHANCES: Final = alt.Scale(range=SHADES, domain=[0, 1])
SHARES: Final = alt.Scale(type="sqrt", range=SHADES, domain=[0, 1])
"""Of shares that are small where they are many."""

WIDTH: Final = 620
ROW: Final = 15
"""Height of a row, in pixels."""

HALF: Final = 0.4
"""Half the width of a rank, a little less than its place on an axis."""

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
Row = dict[str, Any]


def rows(columns: Mapping[str, Iterable[Any]]) -> alt.InlineData:
    """Return columns as data of a chart, figures with six digits, what is not known as null.

    >>> rows({"rank": np.array([1, 2]), "share": [0.1234567, float("nan")]}).values
    [{'rank': 1, 'share': 0.123457}, {'rank': 2, 'share': None}]
    """
    listed = {name: [_plain(one) for one in column] for name, column in columns.items()}
    return alt.InlineData(values=[dict(zip(listed, row, strict=True)) for row in zip(*listed.values(), strict=True)])


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


def finished(chart: Chart, texts: Texts, kind: str, **told: object) -> Chart:
    """Return a chart with title, how to read it, a description in words, and the look that all share."""
    # One line says no more than fits the width: what is longer would be cut off.
    lines = _wrapped(texts(f"charts.{kind}.subtitle", **told), 62 if texts.language == "zh" else 100)
    title = alt.TitleParams(texts(f"charts.{kind}.title", **told), subtitle=lines)
    described = chart.properties(title=title, description=texts(f"charts.{kind}.description", **told))
    configured: Chart = described.configure(
        font=FONTS,
        background="white",
        view=alt.ViewConfig(stroke=None),
        title=alt.TitleConfig(
            anchor="start", fontSize=16, fontWeight="normal", subtitleFontSize=12, subtitleColor="#4A4A4A", offset=12
        ),
        axis=alt.AxisConfig(
            labelFontSize=11,
            titleFontSize=12,
            titleFontWeight="normal",
            labelLimit=260,
            gridColor="#E6E6E6",
            domainColor="#9A9A9A",
            tickColor="#9A9A9A",
            labelColor=BLACK,
            titleColor=BLACK,
        ),
        legend=alt.LegendConfig(labelFontSize=11, titleFontSize=12, titleFontWeight="normal", labelLimit=260),
        header=alt.HeaderConfig(labelFontSize=13, titleFontSize=12, titleFontWeight="normal"),
    )
    return configured


def _wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most so many characters, broken behind spaces or Chinese punctuation.

    >>> _wrapped("one two three", 8), _wrapped("甲乙，丙丁。", 4)
    (['one two', 'three'], ['甲乙，', '丙丁。'])
    """
    lines = [""]
    for part in text.replace("，", "， ").replace("；", "； ").replace("。", "。 ").split(" "):
        joint = "" if lines[-1][-1:] in ("", "，", "；", "。") else " "
        if len(lines[-1]) + len(joint) + len(part) > width and lines[-1]:
            lines.append(part)
        else:
            lines[-1] += joint + part
    return lines


def chosen(found: xr.Dataset, cities: Sequence[str]) -> xr.Dataset:
    """Return a result of some of its cities, by any of their names; of all where none is named.

    Raises
    ------
    InputError
        For a city that the result does not have.
    """
    return found.sel({names.CITY: find_cities(found, list(cities))}) if cities else found


def in_order(found: xr.Dataset, rank: str) -> xr.Dataset:
    """Return a result with its cities by a rank, the best first and those without one (0) last."""
    ranks = found[rank].values
    return found.isel({names.CITY: np.lexsort((ranks, ranks == 0))})


def city_axis(order: Sequence[str], texts: Texts, titled: bool = True) -> alt.Y:
    """Return the axis of the cities, from above in this order."""
    title = texts("words.city") if titled else None
    return alt.Y("city:N", sort=list(order), title=title, axis=alt.Axis(grid=False, ticks=False))


def rank_axis(last: int) -> alt.Axis:
    """Return the axis of ranks: the first, and every fifth."""
    return alt.Axis(format="d", values=[1, *range(5, last + 1, 5)], orient="top")


def rank_scale(last: int) -> alt.Scale:
    """Return the scale of ranks, with half a rank to spare at either end."""
    return alt.Scale(domain=[0.5, last + 0.5], nice=False)


def told(field: str, title: str, form: str | None = None) -> alt.Tooltip:
    """Return one line of a tooltip."""
    if form is None:
        return alt.Tooltip(f"{field}:N", title=title)
    return alt.Tooltip(f"{field}:Q", title=title, format=form)
