"""Several studies as one job: planned together, every fault told before any is run, one result of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr

from simulator import names
from simulator.agreement import refuse, selection_problems
from simulator.assembly import described
from simulator.errors import DrawError, Fault, InputError
from simulator.listing import city_attributes
from simulator.lookup import find_cities
from simulator.matrix import city_coordinates
from simulator.provenance import ATTRIBUTE
from simulator.scenario import DEFAULT_DRAWS, open_scenario, read_scenario
from simulator.simulation.blocks import Progress
from simulator.simulation.pool import threads
from simulator.simulation.running import Running
from simulator.study import Source, Study, execute, open_index, plan, settings

EVERYONE = "all"

INSTEAD = {
    names.RANK_BEFORE: names.BASELINE_RANK,
    names.RANK_AFTER: names.SCENARIO_RANK,
    names.TOTAL_AFTER: names.SCENARIO_TOTAL,
}
"""What stands for ranks and totals before and after in a study that changes nothing."""

RANKS = (names.RANK_BEFORE, names.RANK_AFTER, names.RANK_MEDIAN, names.RANK_P05, names.RANK_P95)
TOTALS = (names.TOTAL_BEFORE, names.TOTAL_AFTER)
OVER_DRAWS = (names.RANK_MEAN, names.RANK_MEDIAN, names.RANK_P05, names.RANK_P95, names.GAIN_MEAN)
CHANCES = (names.GAIN_CHANCE, names.LOSS_CHANCE)
OF_PLANS = (names.PLAN_EFFORT, names.PLAN_CHANCE)


@dataclass(frozen=True)
class Entry:
    """A study of a job, and the city that it is asked for."""

    scenario: str
    """Name of the scenario."""
    city: str
    """Slug; empty where none is asked for."""
    study: Study

    @property
    def label(self) -> str:
        """Scenario and city."""
        return f"{self.scenario}, {self.city}" if self.city else self.scenario


def run_all(
    scenarios: Sequence[Source],
    cities: Sequence[str] | str | None = None,
    draws: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run several scenarios as one job, each what-if for each of some cities.

    Parameters
    ----------
    scenarios
        Names of shipped scenarios, paths of scenario files, or mappings of the same content.
    cities
        Cities that each what-if is asked for, by any of their names, or `all` that take part; its own `city` if not
        given. A scenario that changes nothing is run once, and has an entry for each of them.
    draws, seed
        In place of the scenarios' own. An exhaustive design keeps to its combinations.
    workers
        Parallel workers; as many as there are processors where not given. They change nothing in the result.
    progress
        Called with the draws done and all draws of all scenarios.

    Returns
    -------
    xr.Dataset
        On (scenario, city): `rank_before`, `rank_after`, `total_before`, `total_after`; of a scenario that changes
        nothing the baseline rank, and rank and total with nothing varied, its total before being NaN. With draws also
        `rank_mean`, `rank_median`, `rank_p05`, `rank_p95`, `gain_mean`, and on (scenario, city, at_least) `gain_chance`
        and `loss_chance`. On (scenario): `mean_abs_rank_shift` over the draws, `plan_effort` and `plan_chance` of the
        cheapest plan to a rank, and `fault`, why there is no answer, empty where there is one. Standard errors are
        under the same names with `_se`. What is not defined is NaN, or a rank of 0. Coordinates of a scenario:
        `scenario_name`; `asked_for`, the city in question; `draws`; and the provenance of its result.

    Raises
    ------
    InputError
        With every fault of all scenarios, before any is run; or where none has an answer.

    Examples
    --------
    >>> import simulator as sim
    >>> found = sim.run_all(["gdp-grows-8-percent"], cities=["hefei", "ningbo"], draws=0, workers=1)
    >>> found["asked_for"].values.tolist(), found["rank_after"].sel(city="hefei").values.tolist()
    (['hefei', 'ningbo'], [15, 16])
    """
    return execute_all(plan_all(scenarios, cities, draws, seed), workers, progress)


def plan_all(
    scenarios: Sequence[Source],
    cities: Sequence[str] | str | None = None,
    draws: int | None = None,
    seed: int | None = None,
) -> list[Entry]:
    """Return the studies of a job, checked but not run; see `run_all`.

    Raises
    ------
    InputError
        With every fault of all scenarios.
    """
    entries: list[Entry] = []
    faults = [] if scenarios else [Fault("", "none is named", "Name one or more.")]
    for source in scenarios:
        try:
            entries += _plan_one(source, cities, draws, seed)
        except InputError as error:
            faults += _placed(error)
    if faults:
        raise InputError("scenarios", dict.fromkeys(faults))
    return _named_apart(entries)


def execute_all(entries: Sequence[Entry], workers: int | None = None, progress: Progress | None = None) -> xr.Dataset:
    """Run the studies of a job, and return one result of all; see `run_all`."""
    running = Running(threads(workers))
    studies = {id(entry.study): entry.study for entry in entries}
    sizes = [_size(study) for study in studies.values()]
    parts: dict[int, xr.Dataset] = {}
    faults: dict[int, str] = {}
    for number, (key, study) in enumerate(studies.items()):
        try:
            parts[key] = _kept(execute(study, running, _share(progress, sizes, number)))
        except (InputError, DrawError) as error:
            # What turns out to have no answer, such as a rank out of reach, leaves the others theirs.
            faults[key] = _in_a_line(error)
        if progress is not None:
            progress(sum(sizes[: number + 1]), sum(sizes))
    if not parts:
        raise InputError("scenarios", [Fault(entry.label, faults[id(entry.study)]) for entry in entries])
    joined = _joined([parts.get(id(entry.study)) for entry in entries])
    told = [faults.get(id(entry.study), "") for entry in entries]
    found = joined.assign({names.FAULT: (names.SCENARIO, np.array(told, dtype=object))})
    coordinates = {
        names.SCENARIO: [entry.label for entry in entries],
        names.SCENARIO_NAME: [entry.scenario for entry in entries],
        names.ASKED_FOR: [entry.city for entry in entries],
        names.DRAWS: [parts[id(e.study)].attrs["draws"] if id(e.study) in parts else 0 for e in entries],
        ATTRIBUTE: [parts[id(e.study)].attrs[ATTRIBUTE] if id(e.study) in parts else "" for e in entries],
    }
    found = found.assign_coords({name: (names.SCENARIO, values) for name, values in coordinates.items()})
    return described(found).assign_attrs(title="Several scenarios")


def _plan_one(source: Source, cities: Sequence[str] | str | None, draws: int | None, seed: int | None) -> list[Entry]:
    """Return the studies of one scenario: of a what-if one for each city, of any other the same for all of them."""
    document = open_scenario(source)
    scenario = read_scenario(document)
    given = settings([], None if scenario.design == "exhaustive" else draws, seed)
    if cities is None:
        return [Entry(scenario.name, scenario.city or "", plan(document, given))]
    whole, whence = open_index(scenario, document)
    refuse(document, selection_problems(scenario, whole))
    part = whole.cities if scenario.cities is None else whole.select(scenario.cities).cities
    chosen = part if cities == EVERYONE else find_cities(whole.matrix, [cities] if isinstance(cities, str) else cities)
    absent = [
        Fault(city, "does not take part in this scenario", "Name one that does.") for city in chosen if city not in part
    ]
    if absent:
        raise InputError(document.source, absent)
    if not scenario.asks_what_if:
        study = replace(plan(document, given, whole), whence=whence)
        return [Entry(scenario.name, city, study) for city in dict.fromkeys(chosen)]
    entries: list[Entry] = []
    faults: list[Fault] = []
    for city in dict.fromkeys(chosen):
        try:
            study = plan(document, [f"city={city}", *given], whole)
            entries.append(Entry(scenario.name, city, replace(study, whence=whence)))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(document.source, dict.fromkeys(faults))
    return entries


def _named_apart(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries with a number behind the name of a scenario that others have as well, for the same city."""
    labels = [entry.label for entry in entries]
    counts = [labels[:number].count(label) for number, label in enumerate(labels)]
    return [
        replace(entry, scenario=f"{entry.scenario} ({count + 1})") if count else entry
        for entry, count in zip(entries, counts, strict=True)
    ]


def _placed(error: InputError) -> list[Fault]:
    """Return faults with the scenario that they are of."""
    return [
        replace(fault, place=f"{error.source}: {fault.place}" if fault.place else error.source)
        for fault in error.faults
    ]


def _in_a_line(error: InputError | DrawError) -> str:
    if isinstance(error, DrawError):
        return str(error)
    return "; ".join(f"{fault.problem}. {fault.remedy}".rstrip(". ") for fault in error.faults)


def _size(study: Study) -> int:
    """Return how much of the whole work a study is, in draws; one without draws is little work, not none."""
    draws = study.scenario.draws
    return max(DEFAULT_DRAWS if draws is None else draws, 1)


def _share(progress: Progress | None, sizes: Sequence[int], number: int) -> Progress | None:
    """Return the progress of one of several studies, told as draws of all."""
    if progress is None:
        return None
    before, own, whole = sum(sizes[:number]), sizes[number], sum(sizes)
    return lambda done, total: progress(before + own * done // max(total, 1), whole)


def _joined(results: Sequence[xr.Dataset | None]) -> xr.Dataset:
    """Return what is kept of several results on the axis `scenario`; nothing stands for one that has no answer."""
    parts = [result for result in results if result is not None]
    axes = {str(name): one.dims for part in parts for name, one in part.data_vars.items()}
    labels = {
        axis: list(dict.fromkeys(label for part in parts if axis in part.dims for label in part[axis].values.tolist()))
        for axis in (names.CITY, names.AT_LEAST)
        if any(axis in part.dims for part in parts)
    }
    columns: dict[str, list[np.ndarray[Any, Any]]] = {name: [] for name in axes}
    for result in results:
        part = xr.Dataset() if result is None else result
        for name, dims in axes.items():
            nothing = 0 if name in RANKS else np.nan
            own = {axis: labels[str(axis)] for axis in dims}
            if name in part:
                columns[name].append(part[name].reindex(own, fill_value=nothing).values)
            else:
                columns[name].append(np.full([len(labels[str(axis)]) for axis in dims], nothing))
    found = {name: ((names.SCENARIO, *axes[name]), np.array(column)) for name, column in columns.items()}
    return xr.Dataset(found, coords={**labels, **_city_names(parts, labels[names.CITY])})


def _kept(result: xr.Dataset) -> xr.Dataset:
    """Return what a job keeps of one result, and its attributes."""
    found = {name: result[name] for name in (*RANKS, *TOTALS) if name in result}
    found |= {name: result[other] for name, other in INSTEAD.items() if name not in result}
    found |= {name: result[name].isel({names.PLAN: 0}, drop=True) for name in _with_errors(OF_PLANS) if name in result}
    rest = _with_errors((*OVER_DRAWS, *CHANCES, names.MEAN_SHIFT))
    found |= {name: result[name] for name in rest if name in result and names.RANKED_GROUP not in result[name].dims}
    return xr.Dataset(found, attrs=result.attrs).assign_coords(city_coordinates(result))


def _with_errors(known: Sequence[str]) -> list[str]:
    return [name + end for name in known for end in ("", names.SE)]


def _city_names(parts: Sequence[xr.Dataset], cities: Sequence[str]) -> dict[str, tuple[str, list[str]]]:
    """Return names and attributes of cities, as the first result that has a city tells them."""
    found = {}
    attributes = [name for part in parts for name in city_attributes(part)]
    for name in dict.fromkeys([*names.CITY_COORDINATES, *attributes]):
        told: dict[str, str] = {}
        for part in parts:
            if name in part.coords:
                own = zip(part[names.CITY].values.tolist(), part[name].values.tolist(), strict=True)
                told = {**dict(own), **told}
        if told:
            found[name] = (names.CITY, [told.get(city, "") for city in cities])
    return found
