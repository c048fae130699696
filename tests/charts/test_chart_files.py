"""Charts as files: every format, Chinese text that is text and not boxes, and the command."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import altair as alt
import numpy as np
import pytest
from command_line import citysim, message_of

import simulator as sim
from simulator.charts.fonts import FAMILY, OPENTYPE, WEB_FONT
from simulator.charts.writing import SUFFIXES, picture, script_data

MISSING = "\U000ffffd"
"""A character that no font has."""


@pytest.fixture(scope="module")
def chart() -> alt.LayerChart:
    found = sim.chart(sim.importance("opportunity-2025"), language="zh")
    assert isinstance(found, alt.LayerChart)
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_is_written_whole(chart: alt.LayerChart, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"图{suffix}"
    sim.write_chart(chart, path, language="zh")
    content = path.read_bytes()
    beginning = {".html": b"<!doctype html>", ".png": b"\x89PNG", ".svg": b"<svg", ".pdf": b"%PDF", ".json": b"{"}
    assert content.startswith(beginning[suffix])
    if suffix in (".html", ".svg", ".json"):
        assert "数智赋能" in content.decode()
    if suffix == ".json":
        assert json.loads(content)["title"]["text"] == "各成分的分量是否名副其实？"
    if suffix == ".pdf":
        assert FAMILY.replace(" ", "").encode() in content


def test_pages_and_drawings_fetch_nothing(chart: alt.LayerChart, tmp_path: Path) -> None:
    sim.write_chart(chart, tmp_path / "chart.html", language="zh")
    page = (tmp_path / "chart.html").read_text(encoding="utf-8")
    for asks in ('src="http', 'href="http', "url(http", "@import"):
        assert asks not in page.partition("<script>")[0]
        assert asks not in picture(chart, ".svg").decode()
    assert "font/woff2;base64," in page
    assert '<html lang="zh">' in page


def test_an_english_drawing_carries_no_font() -> None:
    drawn = picture(sim.chart(sim.importance("opportunity-2025")), ".svg")
    assert b"@font-face" not in drawn
    assert len(drawn) < 60_000


def _drawn(sign: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the grey levels of a character drawn large, as a PNG has them."""
    mark = alt.Chart(alt.InlineData(values=[{"sign": sign}])).mark_text(fontSize=40, font=FAMILY)
    content = picture(mark.encode(text="sign:N").properties(width=60, height=60), ".png")
    width, height = struct.unpack(">II", content[16:24])
    at, packed = 8, b""
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        if content[at + 4 : at + 8] == b"IDAT":
            packed += content[at + 8 : at + 8 + length]
        at += 12 + length
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, -1)
    assert lines.shape[1] == 1 + 4 * width
    return lines


def test_chinese_characters_are_drawn_and_are_no_boxes() -> None:
    one, other, box = _drawn("合"), _drawn("肥"), _drawn(MISSING)
    assert (one != other).any()
    assert (one != box).any()
    assert (other != box).any()
    assert (_drawn("合") == one).all()
    assert (one != _drawn(" ")).any()


def test_the_font_has_every_character_of_our_texts_and_is_small() -> None:
    from fontTools.ttLib import TTFont

    from simulator.charts.fonts.subset import characters

    wanted = {ord(sign) for sign in characters()}
    for path in (OPENTYPE, WEB_FONT):
        font = TTFont(path)
        missing = {chr(code) for code in wanted - set(font.getBestCmap())}
        assert not {sign for sign in missing if "\u2e80" <= sign <= "\uffee"}, path.name
        assert not {sign for sign in missing if "\u00ad" != sign < "\u0100"}, path.name
        assert font["name"].getDebugName(1) == FAMILY
        assert "SIL Open Font License" in font["name"].getDebugName(13)
    assert OPENTYPE.stat().st_size + WEB_FONT.stat().st_size < 2_000_000
    assert "SIL OPEN FONT LICENSE" in (OPENTYPE.parent / "OFL.txt").read_text(encoding="utf-8")


def test_data_in_a_script_cannot_end_it() -> None:
    written = script_data({"city": "</script><!--", "text": "\u2028"})
    assert "<" not in written
    assert "\u2028" not in written
    assert json.loads(written) == {"city": "</script><!--", "text": "\u2028"}


def test_the_command_draws_a_result_and_an_index(tmp_path: Path) -> None:
    result, out = tmp_path / "result.nc", tmp_path / "chart.json"
    citysim("run", "weights-only", "--draws", "50", "--seed", "1", "--out", str(result), "-q")
    assert citysim("chart", str(result), "--kind", "slope", "--lang", "zh", "--out", str(out)) == f"Written to {out}.\n"
    assert "基准排名" in out.read_text(encoding="utf-8")
    citysim("chart", "opportunity-2025", "--kind", "profile", "--city", "合肥", "--peers", "status", "--out", str(out))
    assert json.loads(out.read_text(encoding="utf-8"))["title"]["text"] == "Hefei beside its peers"
    stored = tmp_path / "importance.nc"
    citysim("importance", "--out", str(stored), "--csv", str(tmp_path / "importance.csv"))
    citysim("chart", str(stored), "--out", str(tmp_path / "importance.svg"))
    assert (tmp_path / "importance.svg").read_bytes().startswith(b"<svg")


def test_the_command_refuses_what_it_cannot_draw_or_write(tmp_path: Path) -> None:
    out = str(tmp_path / "chart.png")
    assert "is an index, not a result" in message_of("chart", "opportunity-2025", "--out", out)
    assert "a profile is of one city, not 0" in message_of(
        "chart", "opportunity-2025", "--kind", "profile", "--out", out
    )
    assert "no such file" in message_of("chart", "none.nc", "--out", out)
    assert "FILE.png" in message_of("chart", "opportunity-2025", "--out", str(tmp_path / "chart.gif"))
    assert "does not exist" in message_of("chart", "opportunity-2025", "--out", str(tmp_path / "no" / "chart.png"))
    assert "only a profile has peers" in message_of("chart", "x.nc", "--peers", "status", "--out", out)
    assert not list(tmp_path.iterdir())


def test_without_its_libraries_the_command_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "altair" else found(name))
    for command in (("chart", "x.nc"), ("report", "x.nc")):
        assert "citysim[report]" in message_of(*command, "--out", str(tmp_path / "x.html"))
