"""Both languages say the same things, with the same places to fill in."""

from __future__ import annotations

import string

import pytest

from simulator.errors import InputError
from simulator.texts import LANGUAGES, texts


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_is_in_every_language_with_the_same_places() -> None:
    english, chinese = texts("en"), texts("zh")
    assert set(english.entries) == set(chinese.entries)
    differing = [key for key in english.entries if _places(english.entries[key]) != _places(chinese.entries[key])]
    assert differing == []
    assert all(text.strip() for one in LANGUAGES for text in texts(one).entries.values())


def test_chinese_texts_are_chinese_and_english_ones_are_not() -> None:
    def has_chinese(text: str) -> bool:
        return any("\u4e00" <= sign <= "\u9fff" for sign in text)

    english, chinese = texts("en"), texts("zh")
    assert not [key for key, text in english.entries.items() if has_chinese(text)]
    plain = [key for key, text in chinese.entries.items() if not has_chinese(text)]
    allowed = {"words.comma", "words.colon", "words.of", "report.language", "report.months"}
    only_places = {key for key in plain if not string.Formatter().vformat(chinese.entries[key], (), _Nothing()).strip()}
    signs = {key for key in plain if not any(sign.isalpha() for sign in _without_places(chinese.entries[key]))}
    assert set(plain) <= allowed | only_places | signs


class _Nothing(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _without_places(text: str) -> str:
    return "".join(literal for literal, _, _, _ in string.Formatter().parse(text))


def test_terms_of_english_are_words_of_data_that_chinese_has_too() -> None:
    assert set(texts("en").terms) <= set(texts("zh").terms)


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="Known: en, zh"):
        texts("fr")


def test_lists_read_as_the_language_writes_them() -> None:
    assert texts("en").listed(["a", "b", "c"]) == "a, b and c"
    assert texts("zh").listed(["a", "b", "c"]) == "a、b和c"
    assert texts("en").listed(["a"]) == "a"
    assert texts("en").listed([]) == ""
