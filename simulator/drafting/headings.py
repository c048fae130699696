"""What the heading of a column tells: an identifier, a unit, a year, the group that it belongs to."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from simulator.definition import POINTS

SEPARATORS = (":", " - ", " – ", " — ", " | ", " / ", " > ", ".")
"""What may stand between a group and the rest of a heading."""

LONGEST_UNIT = 30
"""Characters of a unit at most; what is longer in brackets is an explanation."""

SHARE_OF_HEADINGS = 2 / 3
"""Share of the headings that must have a group before any is believed."""

_BRACKETS = re.compile(r"\s*[(（\[［【〔]([^()（）\[\]［］【】〔〕]*)[)）\]］】〕]\s*$")
_YEAR = re.compile(r"(19|20)\d\d(年)?")


@dataclass(frozen=True)
class Heading:
    """A heading taken apart."""

    text: str
    """The whole of it, in one line."""
    rest: str
    """Without its group, its unit and its year."""
    group: str = ""
    """What stands before a separator that many headings have."""
    unit: str = ""
    """What stands in brackets at its end."""
    year: int | None = None
    """A year in brackets at its end."""


def read_heading(written: str) -> Heading:
    """Return a heading taken apart, but for its group, which only all headings together tell.

    >>> read_heading("人均GDP（元）").unit, read_heading("Air quality (µg/m³) [2023]").year
    ('元', 2023)
    """
    text = one_line(written)
    rest, unit, year = text, "", None
    while match := _BRACKETS.search(rest):
        inside = match.group(1).strip()
        if _YEAR.fullmatch(inside) and year is None:
            year = int(inside[:4])
        elif inside and not unit and len(inside) <= LONGEST_UNIT and match.start():
            unit = inside
        else:
            break
        rest = rest[: match.start()]
    return Heading(text, rest or text, unit="" if unit.casefold() == POINTS else unit, year=year)


def one_line(text: str) -> str:
    r"""Return a text in one line, without the signs that no file of text may hold.

    >>> one_line("GDP\n per  head\x08")
    'GDP per head'
    """
    return " ".join("".join(one if unicodedata.category(one)[0] != "C" else " " for one in text).split())


def with_groups(headings: Sequence[Heading]) -> list[Heading]:
    """Return headings with their groups, where most have one and at least two have the same.

    >>> headings = [read_heading(text) for text in ("Economy: GDP", "Economy: jobs", "Air: PM")]
    >>> [one.group for one in with_groups(headings)]
    ['Economy', 'Economy', 'Air']
    """
    for separator in SEPARATORS:
        parted = [_parted(heading, separator) for heading in headings]
        counts = Counter(one.group for one in parted if one.group)
        if counts and sum(counts.values()) >= SHARE_OF_HEADINGS * len(headings) and max(counts.values()) > 1:
            return parted
    return list(headings)


def _parted(heading: Heading, separator: str) -> Heading:
    text = heading.rest.replace("：", ":").replace("｜", "|")
    group, found, rest = text.partition(separator)
    group, rest = group.strip(), rest if separator == "." else rest.strip()
    if not (found and group[:1].isalpha() and rest[:1].isalpha()):
        return heading
    return replace(heading, group=group, rest=rest)


def identifier_of(text: str, taken: Collection[str], otherwise: str, longer: str = "") -> str:
    """Return a text as an identifier that is not taken: letters and digits of any language, joined by hyphens.

    Parameters
    ----------
    text
        What it is made of.
    taken
        Identifiers that it must not be.
    otherwise
        Stands where the text has no letter and no digit.
    longer
        A longer text, tried before a number is added.

    Examples
    --------
    >>> identifier_of("GDP per capita, 2023", (), "x"), identifier_of("人均 GDP", (), "x"), identifier_of("%", (), "x")
    ('gdp-per-capita-2023', '人均-gdp', 'x')
    >>> identifier_of("Jobs", {"jobs"}, "x", "Jobs (women)"), identifier_of("Jobs", {"jobs"}, "x")
    ('jobs-women', 'jobs-2')
    """
    plain = [_joined(one) for one in (text, longer) if _joined(one)] or [otherwise]
    free = next((one for one in plain if one not in taken), None)
    number = 2
    while free is None:
        free = None if f"{plain[0]}-{number}" in taken else f"{plain[0]}-{number}"
        number += 1
    return free


def _joined(text: str) -> str:
    kept = [
        character if unicodedata.category(character)[0] in "LNM" else " "
        for character in unicodedata.normalize("NFKC", text).casefold()
    ]
    return "-".join("".join(kept).split())


def in_chinese(text: str) -> bool:
    """Return whether a text has Chinese characters."""
    return any("\u4e00" <= character <= "\u9fff" for character in text)
