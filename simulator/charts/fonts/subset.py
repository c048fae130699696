"""Make the font of charts and pages: `python -m simulator.charts.fonts.subset NotoSansCJK-Regular.ttc`.

The source is Noto Sans CJK (Debian's package fonts-noto-cjk; SIL Open Font License). Kept are Latin, punctuation, the
characters of GB 2312 level 1, and whatever else our own texts, indices, scenarios and place names hold. Needs fonttools
and brotli.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.charts.fonts import FAMILY, OPENTYPE, WEB_FONT

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

SOURCE_FAMILY: Final = "Noto Sans CJK SC"

LATIN: Final = range(0x20, 0x100)
SIGNS: Final = (
    "‘’“”‐–—…•·′″€−×÷±≤≥≈≠→←↑↓△▲▼▽●○■□◆◇★☆✓ρτσμπΔΣ₀₁₂₃₄₅₆₇₈₉⁰¹²³⁴⁵⁶⁷⁸⁹½¼¾‰"
    "　、。〈〉《》「」『』【】〔〕！（），－．／：；？［］～￥％＋＝"
)
PLACES: Final = (
    "亳濮漯衢泸儋邳郯邗菏莒沂汶泗涿滦滁邕浔湄溧歙黟婺瑷珲讷璧忻晋邯邢鄂颍淄潍郴崂汕圳莞佛厦漳莆瓯嵊泾渭岐邡郫崃阆"
    "彭涪綦潼酉黔筑巴蒗芒腊弥倘喀鄯楚莎疏勒绥芬"
)
"""Characters of names of Chinese cities and counties, some of which are beyond level 1."""

TEXTS: Final = (".yaml", ".csv", ".md", ".py", ".j2", ".js")


def characters() -> set[str]:
    """Return every character that the font is to have."""
    found = {chr(code) for code in LATIN if chr(code).isprintable()} | set(SIGNS) | set(PLACES) | set(_level_one())
    simulator = Path(__file__).parents[2]
    for folder in (simulator, simulator.parent / "scenarios"):
        for file in folder.rglob("*"):
            if file.suffix in TEXTS:
                found |= {one for one in file.read_text(encoding="utf-8") if one.isprintable()}
    return found


def _level_one() -> Iterator[str]:
    """Yield the 3,755 usual characters of GB 2312: its rows 16 to 55, of which the last has 89."""
    for row in range(16, 56):
        for cell in range(1, 90 if row == 55 else 95):
            yield bytes([0xA0 + row, 0xA0 + cell]).decode("gb2312")


def write_subset(source: Path) -> None:
    """Write the font from Noto Sans CJK (a collection, or the face of simplified Chinese) as OpenType and for pages."""
    from fontTools.subset import Options, Subsetter

    font = _face(source)
    options = Options()
    options.layout_features = ["kern", "mark", "locl"]
    options.name_IDs = ["*"]  # copyright and licence too
    options.hinting = False
    options.desubroutinize = False
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "GPOS", "GSUB"]
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(characters())))
    subsetter.subset(font)
    _rename(font)
    font.recalcTimestamp = False
    font.save(OPENTYPE)
    font.flavor = "woff2"
    font.save(WEB_FONT)


def _face(source: Path) -> TTFont:
    from fontTools.ttLib import TTCollection, TTFont

    faces = TTCollection(source).fonts if source.suffix == ".ttc" else [TTFont(source)]
    return next(face for face in faces if face["name"].getDebugName(1) == SOURCE_FAMILY)


def _rename(font: TTFont) -> None:
    """Give the subset a name of its own; copyright and licence stay."""
    postscript = FAMILY.replace(" ", "")
    own = {1: FAMILY, 3: f"{postscript}-subset", 4: FAMILY, 6: postscript, 16: FAMILY}
    for record in list(font["name"].names):
        if record.nameID in own:
            font["name"].setName(own[record.nameID], record.nameID, record.platformID, record.platEncID, record.langID)
    top = font["CFF "].cff
    top.fontNames = [postscript]
    top[0].FamilyName, top[0].FullName = FAMILY, FAMILY


if __name__ == "__main__":
    write_subset(Path(sys.argv[1]))
