"""What a study stands on before any change: its index as read and by its recipe, and that its scenario fits it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.agreement import refuse, selection_problems, sourcing_problems, study_problems
from simulator.assembly import describe_source
from simulator.construction.recipe import regrouped
from simulator.documents import Document
from simulator.index import Index
from simulator.lookup import find_indicators
from simulator.preparation import KeepAll
from simulator.scenario import PillarTree, Scenario
from simulator.sourcing import with_sources
from simulator.uncertainty.factors import Factors
from simulator.whatif.question import Beginning, begin, with_values_behind

CHANGES = ("changes", "city", "others", "spillover", "name", "title", "description")
"""Keys of a scenario that its ground does not depend on, but for whether anything is changed at all."""


@dataclass(frozen=True, eq=False)
class Ground:
    """An index that a scenario was found to fit, whatever it changes."""

    index: Index
    """By the recipe, its values from where the scenario takes them."""
    source: str
    """Where values come from, in words."""
    factors: Factors
    """What varies, the values behind printed points among it where something is changed."""
    beginning: Beginning
    """Where cities stand, should something be changed."""


Laying = Callable[[Scenario, Index, Document], Ground]
"""Returns the ground of a scenario; `lay_ground`, or one that remembers what it has laid."""


def lay_ground(scenario: Scenario, whole: Index, document: Document) -> Ground:
    """Return the ground of a scenario over an index, of which only `CHANGES` may become others.

    Raises
    ------
    InputError
        With every fault of its choice of cities, its sources, its recipe, or of what varies.
    """
    chosen = _chosen(scenario, whole, document)
    drawn = with_values_behind(scenario, chosen)
    told = describe_source(chosen, scenario.source)
    read = _as_read(with_sources(chosen, scenario.source, whole), scenario)
    refuse(document, study_problems(drawn, read))
    index = _by_recipe(read, scenario)
    return Ground(index, told, drawn.factors, begin(drawn, index))


def index_as_read(scenario: Scenario, whole: Index, document: Document) -> Index:
    """Return the index of a scenario's cities, sources and reading by its own methods.

    Raises
    ------
    InputError
        With every fault of these.
    """
    chosen = _chosen(scenario, whole, document)
    return _as_read(with_sources(chosen, scenario.source, whole), scenario)


class RememberedGround:
    """Ground that was laid, by what it depends on: a reader who moves a figure stands on the same as before.

    Only for indices that are kept in memory as long as this.

    Parameters
    ----------
    most
        Grounds that are remembered; the one that was asked for longest ago goes first.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._laid: dict[tuple[int, bool, str], Ground] = {}

    def __call__(self, scenario: Scenario, whole: Index, document: Document) -> Ground:
        """Return the ground of a scenario; see `lay_ground`."""
        key = (id(whole), scenario.asks_what_if, scenario.model_dump_json(exclude=set(CHANGES)))
        ground = self._laid.pop(key, None) or lay_ground(scenario, whole, document)
        self._laid[key] = ground
        while len(self._laid) > self.most:
            self._laid.pop(next(iter(self._laid)), None)
        return ground


def _chosen(scenario: Scenario, whole: Index, document: Document) -> Index:
    """Return the index of the cities that take part, once they and the sources of values are found to fit."""
    refuse(document, selection_problems(scenario, whole))
    chosen = whole if scenario.cities is None else whole.select(scenario.cities)
    refuse(document, sourcing_problems(scenario, chosen))
    return chosen


def _by_recipe(index: Index, scenario: Scenario) -> Index:
    """Return the index by the recipe; where screening varies, every city stays, to be dropped in some draws."""
    recipe = scenario.recipe
    kept = recipe if scenario.factors.screening is None else recipe.model_copy(update={"screening": KeepAll()})
    return index.by_recipe(kept)


def _as_read(index: Index, scenario: Scenario) -> Index:
    """Return the index grouped into the pillars of the scenario's reading."""
    if scenario.reading is None:
        return index
    pillars = _resolved(scenario.reading.pillars, index)
    return index.with_definition(regrouped(index.definition, pillars, scenario.reading.aggregate))


def _resolved(tree: Mapping[str, PillarTree | tuple[str, ...]], index: Index) -> dict[str, Any]:
    """Return a tree of pillars with every indicator by its identifier."""
    return {
        name: _resolved(content, index)
        if isinstance(content, Mapping)
        else find_indicators(index.definition, list(content))
        for name, content in tree.items()
    }
