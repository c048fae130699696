"""An index on a page: its scenario to begin with, and studies planned by the engine, kept while they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulator.documents import Document
from simulator.errors import InputError
from simulator.explorer.state import read_state
from simulator.groundwork import RememberedGround, index_as_read
from simulator.index import Index, load_index
from simulator.published import DEFAULT_INDEX, bundled_indices, locate_index
from simulator.scenario import open_scenario, read_scenario
from simulator.study import Study, open_index, plan
from simulator.whatif.question import Beginning

DEFAULT_SCENARIO = "stress-test"
"""The scenario whose uncertainty is shown for the index that questions are about where none is named."""

USUAL_FACTORS = {"data-error": {"size": 0.1, "unit": "sd"}, "weights": {"method": "uniform", "percent": 25}}
"""What varies where no scenario is named: figures by a tenth of a standard deviation, weights within 25 %."""

NAME = "explored"
DEFAULT_SEED = 2025

DRAWN = ("factors", "never", "design", "draws", "until", "at-most", "pairs", "keep-draws", "influence", "extremes")
"""Keys of a scenario that say what varies, and move no rank that is told at once."""

READ = ("schema_version", "name", "index", "cities", "reading", "source")
"""Keys of a scenario that say of which cities and variables an index is, and where their values come from."""

RECENT = 128
"""States whose studies are kept."""

GROUNDS = 32
"""Methods, weights and what varies whose index is kept, ready for any change of figures."""

DECIDED = (("aggregation",), ("normalisation",), ("ties",), ("normalisation", "aggregation"))
"""Factors that may have to stand back for methods that a reader chooses."""


@dataclass(eq=False)
class Session:
    """What a page is about."""

    index: Index
    called: str
    """How states name the index: its bundled name, or the identifier of its definition."""
    whence: str
    """How a scenario file finds it: its bundled name, or the path of its definition."""
    start: Mapping[str, Any]
    """The state to begin with, as a scenario."""
    _certain: Any = field(init=False, repr=False)
    _varied: Any = field(init=False, repr=False)
    _beginning: Any = field(init=False, repr=False)
    _ground: RememberedGround = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._ground = RememberedGround(GROUNDS)
        self._beginning = lru_cache(GROUNDS)(self._begin)
        self._certain = lru_cache(RECENT)(self._plan)
        self._varied = lru_cache(RECENT)(self._plan_varied)

    def read(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return a state within bounds and by the schema of scenarios; raises `InputError` with every fault."""
        return read_state(data, self.called, self.whence)[0]

    def certain(self, scenario: Mapping[str, Any]) -> Study:
        """Return the study of a state with nothing drawn, whose ranks are told at once.

        Raises `InputError` with every fault of its methods, weights and changes.
        """
        kept = {key: value for key, value in scenario.items() if key not in DRAWN}
        if kept.get("changes") or kept.get("reach"):
            kept["draws"] = 0
            values = (scenario.get("factors") or {}).get("values")
            kept |= {"factors": {"values": values}} if values else {}
        if kept.get("reach"):
            kept["reach"] = {key: value for key, value in kept["reach"].items() if key != "chance"}
        found: Study = self._certain(_key(kept))
        return found

    def varied(self, scenario: Mapping[str, Any], draws: int) -> tuple[Study, tuple[str, ...]]:
        """Return the study of a state with what varies, and factors that had to be left out of it.

        Methods that a reader chooses may exclude alternatives that the scenario draws: a geometric mean is undefined
        for z-scores. Then the fewest factors of methods are left out with which the study can be drawn.
        """
        found: tuple[Study, tuple[str, ...]] = self._varied(_key(scenario), draws)
        return found

    def varied_question(self, scenario: Mapping[str, Any]) -> tuple[Study, tuple[str, ...]]:
        """Return the study of a rank to reach, and factors that had to be left out of it; see `varied`."""
        _, study, left_out = self._drawable(scenario)
        return study, left_out

    def drawable(self, scenario: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return a state as a scenario that can be drawn, and the factors that had to be left out for that."""
        drawable, _, left_out = self._drawable(scenario)
        return drawable, left_out

    def _drawable(self, scenario: Mapping[str, Any]) -> tuple[dict[str, Any], Study, tuple[str, ...]]:
        given = dict(scenario)
        try:
            return given, self._planned(given), ()
        except InputError as error:
            self.certain(scenario)
            for left_out in DECIDED:
                if not all(name in (given.get("factors") or {}) for name in left_out):
                    continue
                lesser = _without(given, left_out)
                try:
                    return lesser, self._planned(lesser), left_out
                except InputError:
                    continue
            raise error from None

    def beginning(self, scenario: Mapping[str, Any]) -> Beginning:
        """Return where the cities of a state stand by the methods of the definition, as the state reads it."""
        kept = {key: value for key, value in scenario.items() if key in READ}
        found: Beginning = self._beginning(_key(kept))
        return found

    def _begin(self, text: str) -> Beginning:
        document = Document("scenario", json.loads(text))
        return Beginning(index_as_read(read_scenario(document), self.index, document), None, {})

    def _plan(self, text: str) -> Study:
        return self._planned(json.loads(text))

    def _plan_varied(self, text: str, draws: int) -> tuple[Study, tuple[str, ...]]:
        _, study, left_out = self._drawable(_bounded(json.loads(text), draws))
        return study, left_out

    def _planned(self, scenario: Mapping[str, Any]) -> Study:
        return plan(Document("scenario", dict(scenario)), (), self.index, laying=self._ground)


def open_session(index: str | None = None, scenario: str | Path | None = None) -> Session:
    """Return what a page is about: an index, and the scenario to begin with.

    Parameters
    ----------
    index
        Bundled name or path of a definition; that of the scenario if not given.
    scenario
        Shipped name or path of a scenario; if not given the stress test of the bundled 2025 index, or for another one
        an error of a tenth of a standard deviation and weights within 25 %.

    Raises
    ------
    InputError
        With every fault of either, or where the scenario does not fit the index or cannot be shown.

    Examples
    --------
    >>> open_session().called
    'opportunity-2025'
    """
    if scenario is None:
        path = locate_index(index or DEFAULT_INDEX)
        own = path == bundled_indices()[DEFAULT_INDEX]
        data = dict(open_scenario(DEFAULT_SCENARIO).data) if own else {"factors": USUAL_FACTORS}
        held, whence = load_index(path), _whence(path)
    else:
        document = open_scenario(scenario)
        data = dict(document.data)
        held, whence = open_index(read_scenario(document), document, index)
    called = whence if whence in bundled_indices() else held.definition.id
    begun = {"schema_version": 1, "name": NAME, "index": called}
    told = {key: value for key, value in data.items() if key not in (*begun, "title", "description")}
    session = Session(held, called, whence, {**begun, **told, "seed": told.get("seed", DEFAULT_SEED)})
    session.start = session.read(session.start)
    session.drawable(session.start)
    return session


def _whence(path: Path) -> str:
    return path.parent.name if path in bundled_indices().values() else str(path.resolve())


def _key(scenario: Mapping[str, Any]) -> str:
    """Return a scenario as a text, its keys in their order: that of pillars is the order of their random weights."""
    return json.dumps(scenario)


def _bounded(scenario: dict[str, Any], draws: int) -> dict[str, Any]:
    """Return a scenario of so many draws at most, with nothing that a page does not show.

    A rank to reach is another question than where cities stand, and is asked by itself.
    """
    idle = ["until", "at-most", "pairs", "keep-draws", "reach"]
    if scenario.get("reach"):
        idle += ["city", "others", "spillover", "figures"]
    kept = {key: value for key, value in scenario.items() if key not in idle}
    if kept.get("design") == "exhaustive":
        return kept
    own = kept.get("draws")
    return {**kept, "draws": max(2, min(int(own), draws)) if own else draws}


def _without(scenario: Mapping[str, Any], left_out: tuple[str, ...]) -> dict[str, Any]:
    """Return a scenario without some factors, nor exclusions that name them."""
    factors = {name: value for name, value in scenario["factors"].items() if name not in left_out}
    never = [one for one in scenario.get("never") or () if not set(one) & set(left_out)]
    kept = {key: value for key, value in scenario.items() if key not in ("factors", "never")}
    return {**kept, "factors": factors, **({"never": never} if never else {})}
