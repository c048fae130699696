"""All words of charts and pages, one file a language: `en.yaml`, `zh.yaml`, with the same keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

import xarray as xr

from simulator import names
from simulator.documents import read_yaml
from simulator.errors import Fault, InputError, did_you_mean

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[str, ...]] = get_args(Language)

_NAMES: Final = {
    names.CITY: (names.CITY_NAME_EN, names.CITY_NAME_ZH),
    names.INDICATOR: (names.INDICATOR_NAME_EN, names.INDICATOR_NAME_ZH),
    names.NODE: (names.NODE_NAME_EN, names.NODE_NAME_ZH),
    names.MEMBER: (names.MEMBER_NAME_EN, names.MEMBER_NAME_ZH),
    names.SLOT: (names.SLOT_NAME_EN, names.SLOT_NAME_ZH),
}
"""Coordinates with the English and the Chinese names along an axis."""


@dataclass(frozen=True)
class Texts:
    """The words of one language.

    >>> texts("zh")("words.city"), texts("en")("words.draws", count=2000)
    ('城市', '2,000 draws')
    """

    language: Language
    entries: Mapping[str, str]
    terms: Mapping[str, str]
    """What data and methods call things, in this language; what is not listed stands for itself."""

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of a key, its places filled in; whole numbers get their separators of thousands."""
        spelt = {name: f"{one:,}" if isinstance(one, int) else one for name, one in values.items()}
        return self.entries[key].format(**spelt)

    def counted(self, key: str, count: int, **values: object) -> str:
        """Return the text of a count, `key.one` for a single one, else `key.other`."""
        return self(f"{key}.{'one' if count == 1 else 'other'}", count=count, **values)

    def term(self, word: str) -> str:
        """Return what a word of the data, such as `prefecture-level` or `z-score`, is called."""
        return self.terms.get(word, word)

    def listed(self, parts: list[str]) -> str:
        """Return parts as one list in words, such as `a, b and c`."""
        if len(parts) < 2:
            return "".join(parts)
        return self("words.last-of-list", first=self("words.comma").join(parts[:-1]), last=parts[-1])

    def labels(self, labelled: xr.Dataset, axis: str) -> list[str]:
        """Return the names along an axis, each once: identifiers where there is none, and behind equal names.

        >>> cities = {"city": ["a", "b"], "city_name_en": ("city", ["Suzhou", "Suzhou"])}
        >>> texts("en").labels(xr.Dataset(coords=cities), "city")
        ['Suzhou (a)', 'Suzhou (b)']
        """
        english, chinese = _NAMES[axis]
        wanted = (chinese, english) if self.language == "zh" else (english,)
        known = [[str(one) for one in labelled[name].values] for name in wanted if name in labelled.coords]
        ids = [str(one) for one in labelled[axis].values]
        found = [next(filter(None, several)) for several in zip(*known, ids, strict=True)]
        return [name if found.count(name) == 1 else f"{name} ({own})" for name, own in zip(found, ids, strict=True)]


def texts(language: str) -> Texts:
    """Return the words of a language.

    Raises
    ------
    InputError
        For a language that there is none of.
    """
    if language not in LANGUAGES:
        raise InputError("language", [Fault(repr(language), "no texts in it", did_you_mean(str(language), LANGUAGES))])
    return _read(cast(Language, language))


@cache
def _read(language: Language) -> Texts:
    data = dict(read_yaml(Path(__file__).parent / f"{language}.yaml").data)
    terms = {str(word): str(called) for word, called in data.pop("terms").items()}
    return Texts(language, dict(_flat(data)), terms)


def _flat(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, entry in tree.items():
        if isinstance(entry, Mapping):
            yield from _flat(entry, f"{path}{key}.")
        else:
            yield f"{path}{key}", str(entry)
