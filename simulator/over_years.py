"""How ranks change from one year to another, and how surely: a scenario run on both years with one set of draws."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import xarray as xr

from simulator import names
from simulator.analysis.gains import places_changed
from simulator.arguments import Gathering, shown, whole_number_faults
from simulator.documents import Document
from simulator.errors import Fault, InputError, did_you_mean
from simulator.index import IN_MEMORY, Index
from simulator.matrix import city_coordinates
from simulator.panel import Panel, load_panel
from simulator.provenance import ATTRIBUTE, Record, software_versions
from simulator.published import bundled_indices, locate_index
from simulator.scenario import Scenario, each_of, open_scenario, override, read_scenario
from simulator.simulation.blocks import Experiment, Progress, prepare
from simulator.simulation.paired import tally_pairs
from simulator.simulation.pool import worker_count
from simulator.study import Study, design_of, locate, plan, settings
from simulator.uncertainty.design import BLOCK
from simulator.uncertainty.realisation import bind

SHARED: Final = "shared"
OWN: Final = "own"
ERRORS: Final = (SHARED, OWN)
"""Whether a city's data errors are the same in both years, or each year has its own."""


@dataclass(frozen=True)
class _Asked:
    """What is compared with what."""

    document: Document
    scenario: Scenario
    panel: Panel
    whence: str
    overrides: tuple[str, ...]


def rank_changes(
    scenario: str | Path | Mapping[str, Any],
    first: int | None = None,
    last: int | None = None,
    *,
    errors: str = SHARED,
    draws: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    overrides: str | Sequence[str] = (),
    index: Panel | str | Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how many places every city gains from one year to another, over the draws of a scenario.

    The scenario is run on both years with the same seed and streams (common random numbers: Law 2015, Simulation
    Modeling and Analysis, 11.2): a draw has the same weights and choices in both, so that only what differs between the
    years moves a city. The cities are those of both years, ranked among each other: a newcomer moves nobody.

    Parameters
    ----------
    scenario, draws, seed, workers, overrides, progress
        As in `simulator.study.run`; the scenario's key `year` is left out of account. Workers change nothing in the
        result.
    first, last
        The years; the first and the last of the index where not given.
    errors
        `shared`: data errors and values behind points have the same random numbers in both years, as an error has that
        lies in how a city counts. `own`: each year has its own, as an error has that lies in a survey.
    index
        A panel in memory, or a bundled name or path, in place of the index that the scenario names.

    Returns
    -------
    xr.Dataset
        On (city): `places_gained_mean`, `places_gained_median`, `places_gained_p05`, `places_gained_p95`, rank in the
        first year minus rank in the last, above 0 for a rise; `rise_chance`, `stay_chance`, `fall_chance`;
        `rank_before` and `rank_after`, the ranks of both years with nothing varied. On (city, gain): `gain_frequency`.
        Each figure over draws has its standard error with `_se` behind it. The attribute `left_aside` names the cities
        of one year only.

    Raises
    ------
    InputError
        With every fault of the scenario; for a year that is not there, an index of fewer than two years, groups, a
        what-if, and `until`.
    DrawError
        Where a draw cannot be scored.

    Examples
    --------
    >>> import simulator as sim
    >>> asked = {"schema_version": 1, "name": "any-weights", "index": "statistical-performance",
    ...          "factors": {"weights": {"method": "dirichlet", "over": "pillar", "concentration": 5}}}
    >>> found = sim.rank_changes(asked, first=2016, last=2019, draws=200, seed=1, workers=1)
    >>> bool(found["rise_chance"].sel(city="MMR") > 0.99)
    True
    """
    begun, started = time.perf_counter(), datetime.now(UTC)
    _refuse_settings(errors, workers)
    asked = _asked(scenario, settings(overrides, draws, seed), index)
    panel = asked.panel.between(first, last)
    if len(panel.years) < 2:
        remedy = f"Name two of {', '.join(map(str, asked.panel.years))}."
        raise InputError("years", [Fault("", f"there is one year, {panel.years[0]}, and a change needs two", remedy)])
    chosen = secrets.randbelow(2**53) if asked.scenario.seed is None else asked.scenario.seed
    count = worker_count(workers)
    parts = _parts(asked, panel)
    before, after = (_experiment(asked.scenario, part, chosen) for part in parts)
    realisation = after.realisation
    noise = [*(field.name for field in realisation.behind), *(error.name for error in realisation.errors)]
    tally = tally_pairs(before, after, noise if errors == OWN else (), count, progress)
    found = places_changed(tally, parts[0].cities, before.design.exact)
    found[names.RANK_BEFORE] = (names.CITY, before.baseline)
    found[names.RANK_AFTER] = (names.CITY, after.baseline)
    everyone = panel.between(panel.years[0], panel.years[0]).cities, panel.between(panel.years[-1]).cities
    record = Record(
        scenario=asked.document.text,
        source=asked.document.source,
        overrides=asked.overrides,
        seed=chosen,
        draws=tally.draws,
        block=BLOCK,
        index=asked.whence,
        input_sha256=dict(parts[0].hashes),
        versions=software_versions(),
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - begun, 3),
    )
    return found.assign_coords(city_coordinates(parts[1].matrix)).assign_attrs(
        title=asked.scenario.title.en or asked.scenario.name,
        scenario=asked.scenario.name,
        index=asked.scenario.index,
        first=panel.years[0],
        last=panel.years[-1],
        errors=errors,
        seed=chosen,
        draws=tally.draws,
        design=before.design.title,
        left_aside=", ".join(sorted(set(everyone[0]) ^ set(everyone[1]))),
        **{ATTRIBUTE: record.model_dump_json(indent=1)},
    )


def scenario_panel(
    scenario: str | Path | Mapping[str, Any], overrides: str | Sequence[str] = (), index: str | Path | None = None
) -> Panel:
    """Return the panel of the index that a scenario names; raises as `rank_changes` does.

    >>> asked = {"schema_version": 1, "name": "s", "index": "statistical-performance"}
    >>> scenario_panel(asked).years
    [2016, 2017, 2018, 2019]
    """
    return _asked(scenario, overrides, index).panel


def _refuse_settings(errors: object, workers: object) -> None:
    gathered = Gathering("rank changes")
    if errors not in ERRORS:
        gathered.add([Fault("errors", f"{shown(errors)} is neither", did_you_mean(str(errors), ERRORS))])
    if workers is not None:
        gathered.add(whole_number_faults("workers", workers, 1, "is not a number of workers"))
    gathered.refuse()


def _asked(
    scenario: str | Path | Mapping[str, Any], overrides: str | Sequence[str], index: Panel | str | Path | None
) -> _Asked:
    """Return the scenario and the panel it is asked of, once it is sure that changes of ranks can be told."""
    document = override(open_scenario(scenario), [*each_of(overrides), f"{names.YEAR}=null"])
    read = read_scenario(document)
    faults = [Fault(document.place((key,)), problem, "Leave it out.") for key, problem in _problems(read)]
    if faults:
        raise InputError(document.source, faults)
    if isinstance(index, Panel):
        return _Asked(document, read, index, IN_MEMORY, each_of(overrides))
    path = locate_index(index) if index is not None else locate(read.index, document)
    whence = path.parent.name if path in bundled_indices().values() else str(path.resolve())
    return _Asked(document, read, load_panel(path), whence, each_of(overrides))


def _problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield the keys of a scenario that changes of ranks have no room for."""
    if scenario.within is not None:
        yield "within", "rank changes are of one ranking, and these are several"
    if scenario.asks_what_if:
        yield "changes" if scenario.changes else "reach", "rank changes are between years, not by a what-if"
    if scenario.until is not None:
        yield "until", "rank changes take a number of draws"


def _parts(asked: _Asked, panel: Panel) -> tuple[Index, Index]:
    """Return the index of both years as the scenario makes it, over the cities that both have, in one order."""
    before, after = panel.indices[panel.years[0]], panel.indices[panel.years[-1]]
    common = [city for city in after.cities if city in set(before.cities)]
    if not common:
        raise InputError("years", [Fault("", "no city has both years", "Take other years.")])
    planned = [plan(asked.document, (), _among(index, common)) for index in (before, after)]
    first, last = (_only_part(study) for study in planned)
    if first.cities != last.cities:
        apart = ", ".join(sorted(set(first.cities) ^ set(last.cities)))
        problem = f"screening leaves some cities in one year only: {apart}"
        raise InputError(asked.document.source, [Fault("recipe", problem, "Choose the cities yourself: `cities`.")])
    return first, last


def _only_part(study: Study) -> Index:
    (part,) = study.parts.values()
    return part


def _among(index: Index, cities: Sequence[str]) -> Index:
    """Return an index over some of its cities, in that order."""
    chosen = index if len(cities) == len(index.cities) else index.select(cities)
    return chosen.in_order(cities)


def _experiment(scenario: Scenario, index: Index, seed: int) -> Experiment:
    """Return the draws of a scenario for one year, with the ranks of nothing varied as the baseline."""
    realisation = bind(index, scenario.factors)
    design = design_of(scenario, realisation, seed)
    return prepare(index, realisation, design, seed, index.score()[names.RANK].values, pairs=False, keep=False)
