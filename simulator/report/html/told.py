"""A stored result as a report tells it: language, names, the cities asked about, and the index it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.documents import Document, parse_yaml
from simulator.errors import InputError
from simulator.index import IN_MEMORY, Index
from simulator.limiting import scenario_index
from simulator.lookup import find_cities
from simulator.provenance import Record, unseal
from simulator.published import locate_index
from simulator.scenario import Scenario, override, read_scenario
from simulator.texts import Texts, texts

_MAKING: Final = ("schema_version", "name", "index", "year", "cities", "source", "reading", "recipe")
"""Keys of a scenario that make an index; the others ask something of it."""

FEW: Final = 8
"""Cities that a sentence names before the rest is counted."""


@dataclass(frozen=True)
class Told:
    """A result with all that its report needs to put it into words."""

    result: xr.Dataset
    say: Texts
    record: Record
    document: Document
    scenario: Scenario
    cities: Sequence[str]
    """Slugs of the cities that were asked about."""
    called: dict[str, str]
    """What each city is called."""
    index: Index | None
    """The index that the scenario makes, where its files are as they were."""
    why_not: str
    """Why there is none, in words; empty where there is."""

    @property
    def is_what_if(self) -> bool:
        """Return whether the result tells of a change."""
        return names.RANK_BEFORE in self.result

    @property
    def has_draws(self) -> bool:
        """Return whether the result tells of draws."""
        return names.RANK_FREQUENCY in self.result

    @property
    def exact(self) -> bool:
        """Return whether the draws are all there are."""
        return str(self.result.attrs["design"]) == "exact"

    @property
    def draws(self) -> int:
        """Return how many draws there were."""
        return int(self.result.attrs["draws"])

    @property
    def title(self) -> str:
        """Return the title of the scenario in the language, or its name."""
        own = self.scenario.title
        return (own.zh or own.en if self.say.language == "zh" else own.en) or self.say.term(self.scenario.name)

    @property
    def index_title(self) -> str:
        """Return the title of the index in the language, or its name."""
        if self.index is None:
            return str(self.result.attrs["index"])
        own = self.index.definition.title
        return (own.zh or own.en if self.say.language == "zh" else own.en) or self.index.definition.id

    def city(self, position: int) -> str:
        """Return what the city at a position is called."""
        return self.called[str(self.result[names.CITY].values[position])]

    def listed(self, positions: Sequence[int] | np.ndarray[Any, Any], most: int = FEW) -> str:
        """Return cities in words, those beyond the first few counted."""
        named = [self.city(int(one)) for one in positions[:most]]
        rest = len(positions) - most
        return self.say.listed([*named, *([self.say("report.answer.more", count=rest)] if rest > 0 else [])])


def told_of(result: xr.Dataset, source: str, language: str, cities: Sequence[str] = ()) -> Told:
    """Return a result with all that its report needs.

    Raises
    ------
    InputError
        Where it is no result of a study, for an unknown language, and for a city that it does not have.
    """
    say = texts(language)
    record = unseal(result.attrs, source)
    document = override(parse_yaml(record.scenario, f"the scenario in {source}"), record.overrides)
    index, why_not = _index(record, document, say)
    called = dict(zip(result[names.CITY].values.tolist(), say.labels(result, names.CITY), strict=True))
    asked = find_cities(result, list(cities)) if cities else []
    in_question = str(result.attrs.get("city", ""))
    slugs = list(dict.fromkeys([*asked, *([in_question] if in_question else [])]))
    return Told(result, say, record, document, read_scenario(document), slugs, called, index, why_not)


def _index(record: Record, document: Document, say: Texts) -> tuple[Index | None, str]:
    """Return the index that a scenario makes before anything varies, or why it cannot be had as it was."""
    if record.index == IN_MEMORY:
        return None, say("report.left-out.index-memory")
    makes = {key: value for key, value in dict(document.data).items() if key in _MAKING}
    try:
        index = scenario_index(makes, (), locate_index(record.index))
    except InputError:
        return None, say("report.left-out.index-missing", index=record.index.rpartition("/")[2])
    changed = [name for name, then in record.input_sha256.items() if index.hashes.get(name) != then]
    if changed:
        return None, say("report.left-out.index-changed", files=say("words.comma").join(changed))
    return index, ""
