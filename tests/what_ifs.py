"""Small indices of printed points over quantities, and what-ifs of them, that several tests build."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raw_indices import Array, index_of_points

import simulator as sim
from simulator.changes.figures import Changed, Figures, gather_figures
from simulator.changes.program import Program, Uniforms, change_figures, make_program
from simulator.changes.standing import Standing, stand
from simulator.changes.wording import Change, Spillover
from simulator.definition import Definition
from simulator.documents import Document
from simulator.errors import InputError
from simulator.index import Index
from simulator.quantities import derived_quantity
from simulator.raw.side import make_raw_side
from simulator.scenario import Scenario, read_scenario
from simulator.validation import check

Numbers = Sequence[float] | Array
Leaf = Mapping[str, Any]

NAN = float("nan")


def index_over(
    points: Mapping[str, Numbers],
    quantities: Mapping[str, Numbers],
    behind: Mapping[str, Leaf | Sequence[Leaf]],
    entries: Mapping[str, Mapping[str, Any]] | None = None,
) -> Index:
    """Return an index of printed points with a raw side: of each variable an indicator, or several that are ranked."""
    index = index_of_points(points)
    children = [
        {"id": name, **leaves}
        if isinstance(leaves, Mapping)
        else {"id": name, "normalise": {"method": "rank", "ties": "better"}, "children": list(leaves)}
        for name, leaves in behind.items()
    ]
    declared = {name: dict((entries or {}).get(name, {})) for name in {**quantities, **(entries or {})}}
    definition = Definition.model_validate(
        {
            "schema_version": 1,
            "id": "raw",
            "levels": ["root", "variable", "indicator"],
            "quantities": declared,
            "index": {"id": "root", "normalise": {"method": "rank", "ties": "better"}, "children": children},
        }
    )
    blank = np.full(len(index.cities), np.nan)
    values = {name: np.asarray(quantities.get(name, blank), np.float64) for name in declared}
    for name in definition.derived:
        values[name] = derived_quantity(definition, name, values)
    table = xr.Dataset(
        {"value": (("city", "quantity"), np.array(list(values.values())).T)},
        coords={"city": index.cities, "quantity": list(values)},
    )
    return dataclasses.replace(index, raw=make_raw_side(definition, table))


def ranked(values: Numbers, lower: bool = False) -> list[float]:
    """Return points by rank: as many as there are cities, less one for every better one."""
    turned = -np.asarray(values, np.float64) if lower else np.asarray(values, np.float64)
    return [float(turned.size - (turned > own).sum()) for own in turned]


def economy(count: int = 8) -> Index:
    """Return an index of `count` cities whose printed points follow from its quantities: nothing has to be moved.

    Wealth is gdp over people, debt is owed over gdp (the lower the better), pace is the growth of gdp.
    """
    place = np.arange(count, dtype=np.float64)
    gdp = 100.0 * 1.3**place
    people = 10.0 + 2.0 * place
    owed = 40.0 + 25.0 * np.cos(2.0 * place)
    growth = 5.0 + 0.35 * ((3 * place) % count) - 0.01 * place
    quantities = {
        "gdp": gdp,
        "gdp-growth": growth,
        "people": people,
        "people-2023": people / (1.0 + 0.001 * (place + 1.0)),
        "owed": owed,
    }
    points = {"a-wealth": ranked(gdp / people), "a-debt": ranked(owed / gdp, lower=True), "b-pace": ranked(growth)}
    behind = {
        "a-wealth": {"formula": "gdp / people", "scale": "positive"},
        "a-debt": {"formula": "owed / gdp", "scale": "positive", "direction": "lower"},
        "b-pace": {"formula": "gdp-growth"},
    }
    entries = {"gdp": {"growth": "gdp-growth"}, "people": {"previous": "people-2023"}}
    return index_over(points, quantities, behind, entries)


def changes_of(*written: Mapping[str, Any]) -> list[Change]:
    """Return changes as they are read from a scenario."""
    return [check(Document("change", dict(one)), Change) for one in written]


def spillovers_of(*written: Mapping[str, Any]) -> list[Spillover]:
    """Return spillovers as they are read from a scenario."""
    return [check(Document("spillover", dict(one)), Spillover) for one in written]


def scenario_of(**more: Any) -> Scenario:
    """Return a scenario as it is read."""
    return read_scenario(Document("scenario", question(**more)))


def question(**more: Any) -> dict[str, Any]:
    """Return a what-if without draws, of the bundled index unless told otherwise."""
    return {"schema_version": 1, "name": "what-if", "index": "opportunity-2025", "draws": 0, "seed": 3, **more}


def asked(index: Index | None = None, workers: int = 1, **more: Any) -> xr.Dataset:
    """Return the answer to a what-if."""
    return sim.run(question(**more), index=index, workers=workers)


def refusal(index: Index | None = None, **more: Any) -> str:
    """Return with what a what-if is refused."""
    with pytest.raises(InputError) as caught:
        asked(index, **more)
    return str(caught.value)


def nothing_drawn(name: str, count: int) -> Array:
    """Stand for uniform numbers where none are drawn: amounts are then at their means."""
    return np.empty((0, count))


@dataclasses.dataclass(frozen=True)
class Asked:
    """An index standing, its figures and a program, and what the program makes of the figures."""

    standing: Standing
    figures: Figures
    program: Program
    changed: Changed

    def of(self, quantity: str) -> list[float]:
        """Return a quantity after the changes, of the first draw."""
        return [float(value) for value in self.changed.of(quantity)[0]]


def programmed(
    index: Index,
    *written: Mapping[str, Any],
    others: Any = "still",
    spillover: Sequence[Mapping[str, Any]] = (),
    city: str | None = "c0",
    given: Mapping[str, Mapping[str, float]] | None = None,
    uniforms: Uniforms = nothing_drawn,
) -> Asked:
    """Return what changes do to the quantities of an index."""
    standing = stand(index)
    figures = gather_figures(standing, given or {})
    assert figures is not None
    scenario = scenario_of(city=city, changes=list(written), others=others)
    rate = None if isinstance(scenario.others, str) else scenario.others
    program = make_program(
        standing.index.matrix, scenario.changes, rate, spillovers_of(*spillover), city, figures.value
    )
    return Asked(standing, figures, program, change_figures(program, figures, uniforms))
