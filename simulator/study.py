"""A study from scenario to result: the only place that knows the whole journey."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xarray as xr

from simulator import names
from simulator.agreement import SMALLEST_GROUP, resolve_exclusions
from simulator.analysis.gains import gains
from simulator.analysis.stability import largest_error, stability
from simulator.assembly import (
    choice_shares,
    describe_baseline,
    describe_errors,
    describe_tiers,
    describe_values,
    described,
    join_groups,
    kept_draws,
)
from simulator.changes.effects import ChangeField
from simulator.documents import Document
from simulator.errors import Fault, InputError
from simulator.groundwork import Laying, lay_ground
from simulator.index import IN_MEMORY, Index, load_index
from simulator.kernels.arrays import Floats, Integers
from simulator.matrix import city_coordinates
from simulator.provenance import ATTRIBUTE, Record, software_versions
from simulator.published import bundled_indices, locate_index
from simulator.scenario import DEFAULT_DRAWS, Scenario, each_of, open_scenario, override, read_scenario
from simulator.simulation.blocks import Progress, prepare, simulate
from simulator.simulation.checkpoint import Checkpoint
from simulator.simulation.ledger import Identity
from simulator.simulation.pool import Backend, threads
from simulator.simulation.running import Running, open_running
from simulator.simulation.stopping import StopWhenSure
from simulator.simulation.tally import Tally
from simulator.uncertainty.design import BLOCK, Design, MonteCarlo, enumerate_all
from simulator.uncertainty.points import LEAST_BLOCKS, PointDesign
from simulator.uncertainty.realisation import Realisation, bind
from simulator.whatif.question import Question, pose
from simulator.whatif.reaching import reply_reach
from simulator.whatif.reply import reply

LOG = logging.getLogger(__name__)

KEPT_WHEN_EXACT = 10_000
"""Combinations up to which an exhaustive design keeps every draw: they are few, and each has a name."""


@dataclass(frozen=True)
class Study:
    """A scenario that was found to fit its index, ready to run."""

    document: Document
    overrides: tuple[str, ...]
    scenario: Scenario
    whence: str
    """Bundled name or path of the index, or that it came in memory."""
    whole: Index
    """The index with all its cities."""
    source: str
    """Where values come from, in words."""
    parts: Mapping[str, Index]
    """Index of each group that is ranked; a single one under the empty name where the scenario has no groups."""
    left_aside: Mapping[str, tuple[str, ...]]
    """Groups too small to be ranked, with their cities."""
    question: Question | None = None
    """What if, where the scenario asks that; `parts` then holds the index before any change."""


Source = str | Path | Mapping[str, Any] | Document
"""A scenario: name of a shipped one, path of a file, a mapping, or a document."""

Opening = Callable[[Path, int | None], Index]
"""Returns the index whose definition is in a file, in one of its years."""


def plan(
    source: Source,
    overrides: str | Sequence[str] = (),
    index: Index | str | Path | None = None,
    opening: Opening | None = None,
    laying: Laying = lay_ground,
) -> Study:
    """Return the study of a scenario, checked against its index, without running it.

    An `index`, in memory or as the path of a definition, takes the place of the one that the scenario names. It is
    read by `opening`, which may have it already; from its files, if not given. `laying` gives what the study stands
    on before any change, and may have that already.

    Raises
    ------
    InputError
        With every fault of the scenario, or of the index it names.
    """
    document = override(open_scenario(source), overrides)
    scenario = read_scenario(document)
    whole, whence = (index, IN_MEMORY) if isinstance(index, Index) else open_index(scenario, document, index, opening)
    if scenario.year not in (None, whole.year):
        problem = f"{scenario.year} is not the year of the index in memory, which is {whole.year or 'of none'}"
        raise InputError(document.source, [Fault(document.place((names.YEAR,)), problem, "Leave it out.")])
    ground = laying(scenario, whole, document)
    scenario = scenario.model_copy(update={"factors": ground.factors})
    question = pose(scenario, ground.beginning, document)
    parts, left_aside = _groups(ground.index if question is None else question.index, scenario)
    if not parts:
        remedy = f"Name an attribute with at least {SMALLEST_GROUP} cities in one group."
        raise InputError(document.source, [Fault(document.place(("within",)), "no group is large enough", remedy)])
    return Study(document, each_of(overrides), scenario, whence, whole, ground.source, parts, left_aside, question)


def open_index(
    scenario: Scenario, document: Document, instead: str | Path | None = None, opening: Opening | None = None
) -> tuple[Index, str]:
    """Return the index that a scenario names, or another one `instead`, and its bundled name or path.

    Raises
    ------
    InputError
        Where there is none, with its place in the scenario; or with every fault of the index.
    """
    path = locate_index(instead) if instead is not None else locate(scenario.index, document)
    whence = path.parent.name if path in bundled_indices().values() else str(path.resolve())
    try:
        return (opening or _from_files)(path, scenario.year), whence
    except InputError as error:
        if [fault.place for fault in error.faults] != [names.YEAR]:
            raise
        fault = replace(error.faults[0], place=document.place((names.YEAR,)))
        raise InputError(document.source, [fault]) from None


def run(
    scenario: str | Path | Mapping[str, Any],
    *,
    draws: int | None = None,
    until: float | None = None,
    seed: int | None = None,
    workers: int | None = None,
    overrides: str | Sequence[str] = (),
    index: Index | str | Path | None = None,
    progress: Progress | None = None,
    backend: Backend = "threads",
    scheduler: str | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    max_hours: float | None = None,
    max_memory: str | int | None = None,
) -> xr.Dataset:
    """Run a scenario and return its result.

    Parameters
    ----------
    scenario
        Name of a shipped scenario, path of a scenario file, or a mapping of the same content.
    draws, until, seed
        In place of the scenario's own. With `until`, draws go on until the largest standard error of the reported
        chances is at most that. Without a seed anywhere one is drawn and recorded.
    workers
        Parallel workers; as many as there are processors where not given. They change nothing in the result.
    overrides
        Settings `path=value` applied to the scenario in order, before `draws` and `seed`.
    index
        An index in memory, or a bundled name or path, in place of the one that the scenario names.
    progress
        Called with the draws done and all draws after each block.
    backend, scheduler
        Where the workers are: `threads`, `processes`, or a `dask` or `ray` cluster, started on this machine where no
        address of a scheduler is given. See `simulator.simulation.pool.open_pool`.
    checkpoint, resume
        A folder that keeps finished blocks until the run has ended; with `resume` a run that was killed goes on there.
    max_hours
        Stop cleanly after so many hours; what is done is in the checkpoint.
    max_memory
        What the whole run may take on this machine, such as `2 GB` or a number of bytes.

    Returns
    -------
    xr.Dataset
        Rank stability, as `simulator.analysis.stability.stability` describes it, with the coordinates of the cities;
        `scenario_rank`, `scenario_total` (city) and `scenario_score` (city, node), rank, total and scores of the nodes
        with nothing varied; `choice_share` (choice), how often each alternative of each factor was realised, with
        coordinates `factor` and `alternative`; and where draws are kept `total_by_draw`, `rank_by_draw` (draw, city)
        and `mean_abs_rank_shift_by_draw` (draw), with the alternatives each draw took as coordinates. A scenario with
        `within` has a coordinate `group` on `city`, and its figures of the whole ranking are on (ranked_group).
        Provenance is in the attributes.

    Raises
    ------
    InputError
        With every fault of the scenario or the index.
    DrawError
        Where a draw cannot be scored.
    StoppedError
        Where the time limit is reached.

    Examples
    --------
    >>> import simulator as sim
    >>> result = sim.run("weights-only", draws=2_000, seed=1, workers=1)
    >>> result["rank_frequency"].dims
    ('city', 'rank')
    """
    study = plan(scenario, settings(overrides, draws, seed, until), index)
    kept = None if checkpoint is None else Checkpoint(Path(checkpoint), resume)
    with open_running(workers, backend, scheduler, kept, max_hours, max_memory) as running:
        result = execute(study, running, progress)
    if kept is not None:
        kept.remove()
    return result


def settings(
    overrides: str | Sequence[str], draws: int | None, seed: int | None, until: float | None = None
) -> list[str]:
    """Return overrides with draws, standard error and seed, where given, as the last settings.

    >>> settings(["pairs=true"], 500, None)
    ['pairs=true', 'draws=500']
    """
    own = [f"{key}={value}" for key, value in (("draws", draws), ("until", until), ("seed", seed)) if value is not None]
    return [*each_of(overrides), *own]


def execute(study: Study, running: Running | None = None, progress: Progress | None = None) -> xr.Dataset:
    """Run a study, on all processors of this machine or as `running` says; see `run`.

    Raises
    ------
    InputError
        Where what is kept of an unfinished run is of another study.
    DrawError
        Where a draw cannot be scored.
    StoppedError
        Where `running` has a reason to stop before the end.
    """
    begun, started = time.perf_counter(), datetime.now(UTC)
    running = running or Running(threads())
    seed = study.scenario.seed
    seed = running.ledger.seed if seed is None else seed
    seed = secrets.randbelow(2**53) if seed is None else seed
    running.ledger.open(identity(study, seed))
    told = {"scenario": study.scenario.name, "seed": seed, "workers": running.pool.workers}
    LOG.debug("%s begins", study.scenario.name, extra={"event": "begun", **told, "backend": running.pool.backend})
    try:
        results = {
            group: _run_part(study, index, seed, running, _nested(progress, number, len(study.parts)))
            for number, (group, index) in enumerate(study.parts.items())
        }
    finally:
        running.ledger.close()
    result = results[""] if "" in results else join_groups(results)
    made, seconds = recorded(study, seed, int(result.attrs["draws"])), round(time.perf_counter() - begun, 3)
    timed = made.model_copy(update={"started": started.isoformat(timespec="seconds"), "seconds": seconds})
    done = {"event": "finished", "scenario": study.scenario.name, "draws": made.draws, "seconds": seconds}
    LOG.debug("%s is done: %s draws in %s s", study.scenario.name, made.draws, seconds, extra=done)
    return described(result).assign_attrs(_description(study, seed), **{ATTRIBUTE: timed.model_dump_json(indent=1)})


def identity(study: Study, seed: int) -> Identity:
    """Return what must be the same for blocks to be of this study, however its scenario is laid out."""
    own = study.scenario.model_dump(mode="json", exclude={"index", "seed", "name", "title", "description"})
    return {
        "scenario": own,
        "seed": seed,
        "index": dict(_inputs(study)),
        "versions": software_versions(),
    }


def recorded(study: Study, seed: int, draws: int) -> Record:
    """Return what a result of a study remembers of its making, but for the times."""
    return Record(
        scenario=study.document.text,
        source=study.document.source,
        overrides=study.overrides,
        seed=seed,
        draws=draws,
        block=BLOCK,
        index=study.whence,
        input_sha256=dict(_inputs(study)),
        versions=software_versions(),
        started="",
        seconds=0.0,
    )


def _inputs(study: Study) -> Mapping[str, str]:
    return next(iter(study.parts.values())).hashes


def _from_files(path: Path, year: int | None) -> Index:
    return load_index(path, year=year)


def locate(index: str, document: Document) -> Path:
    """Return the definition file of a scenario's index; a fault is placed in the scenario."""
    beside = Path(document.source).parent if Path(document.source).is_file() else None
    try:
        return locate_index(index, beside)
    except InputError as error:
        fault = error.faults[0]
        place = document.place(("index",))
        raise InputError(document.source, [Fault(place, f"{index!r}: {fault.problem}", fault.remedy)]) from None


def _groups(index: Index, scenario: Scenario) -> tuple[dict[str, Index], dict[str, tuple[str, ...]]]:
    """Return the index of every group that is large enough, and the cities of the groups that are not."""
    if scenario.within is None:
        return {"": index}, {}
    attribute = [str(value) for value in index.matrix[scenario.within].values]
    members = {
        group: tuple(city for city, own in zip(index.cities, attribute, strict=True) if own == group)
        for group in dict.fromkeys(attribute)
        if group
    }
    ranked = {group: index.select(cities) for group, cities in members.items() if len(cities) >= SMALLEST_GROUP}
    return ranked, {group: cities for group, cities in members.items() if group not in ranked}


def design_of(scenario: Scenario, realisation: Realisation, seed: int) -> Design:
    """Return the draws that a scenario asks for."""
    known = {choice.factor: choice.labels for choice in realisation.choices}
    never = resolve_exclusions(scenario.never, known)
    if scenario.design == "exhaustive":
        return enumerate_all(realisation.choices, never)
    draws = scenario.draws or DEFAULT_DRAWS
    if scenario.until is not None:
        draws = max(draws, scenario.at_most)
    if scenario.design != "monte-carlo":
        members = realisation.random_members
        return PointDesign(scenario.design, realisation.choices, tuple(never), members, draws, seed)
    return MonteCarlo(realisation.choices, tuple(never), draws, seed)


def _run_part(study: Study, index: Index, seed: int, running: Running, progress: Progress | None) -> xr.Dataset:
    own = index.score() if study.question is None else study.question.standing.scored
    published = None if index.published is None else index.published_rank()
    if study.question is None:
        against_own = (study.scenario.baseline or ("scenario" if study.scenario.reading else "published")) == "scenario"
        baseline = (own[names.RANK] if against_own or published is None else published).values
        told = describe_baseline(index, against_own)
        result = _draw(study, index, Comparison(baseline), seed, running, progress)
        result[names.SCENARIO_RANK] = (names.CITY, own[names.RANK].values)
        result[names.SCENARIO_TOTAL] = (names.CITY, own[names.TOTAL].values)
        result[names.SCENARIO_SCORE] = own[names.SCORE]
    else:
        told = "the ranking before the change"

        def draw(field: ChangeField | None, share: Progress | None) -> xr.Dataset:
            position = study.question.position if study.question else -1
            comparison = Comparison(own[names.RANK].values, field, position, own[names.TOTAL].values)
            return _draw(study, index, comparison, seed, running, share)

        if study.scenario.reach is None:
            result = reply(study.question, draw, progress)
        else:
            result = reply_reach(study.question, draw, progress, running.search_seconds)
    if published is not None:
        result[names.PUBLISHED_RANK] = (names.CITY, published.values)
    constant = [str(leaf) for leaf in own[names.INDICATOR].values[own[names.CONSTANT].values]]
    return result.assign_coords(city_coordinates(index.matrix)).assign_attrs(
        baseline=told, constant_indicators=", ".join(constant) or "none", tiers=describe_tiers(index)
    )


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the draws of a study are compared with."""

    baseline: Integers
    """(city): ranks that they are compared with."""
    change: ChangeField | None = None
    """A change that is made in every draw, and what it gains counted."""
    city: int = -1
    """The city in question; -1 where there is none."""
    totals: Floats | None = None
    """(city): totals before the change."""


def _draw(
    study: Study, index: Index, compared: Comparison, seed: int, running: Running, progress: Progress | None
) -> xr.Dataset:
    """Return what the draws of a study tell."""
    scenario = study.scenario
    unchanged = bind(index, scenario.factors)
    realisation = unchanged if compared.change is None else replace(unchanged, alteration=compared.change)
    before = None if compared.change is None else unchanged
    design = design_of(scenario, realisation, seed)
    keep = scenario.keep_draws or (design.exact and design.draws <= KEPT_WHEN_EXACT)
    experiment = prepare(
        index,
        realisation,
        design,
        seed,
        compared.baseline,
        scenario.pairs,
        keep,
        before,
        compared.city,
        compared.totals,
    )

    leaves = [leaf.id for leaf in index.definition.indicators]

    def found(tally: Tally) -> xr.Dataset:
        result = stability(tally, index.cities, compared.baseline, bool(index.definition.tiers), design.exact)
        if before is None:
            return result
        return result.merge(gains(tally, index.cities, leaves, design.exact, experiment.step))

    stop = None
    if scenario.until is not None:
        first = max(scenario.draws or DEFAULT_DRAWS, LEAST_BLOCKS * BLOCK if design.blockwise else 0)
        stop = StopWhenSure(lambda tally: largest_error(found(tally)), scenario.until, first)
    tally, draws = simulate(experiment, running, progress, stop)
    result = found(tally).merge(choice_shares(tally, realisation, design.exact))
    if scenario.until is not None:
        result.attrs["until"] = scenario.until
    if draws is not None:
        result = result.merge(kept_draws(draws, realisation, index.cities, compared.baseline))
    return result.assign_attrs(
        draws=tally.draws,
        design=design.title,
        values=describe_values(realisation),
        data_error=describe_errors(scenario.factors.data_error, realisation),
    )


def _nested(progress: Progress | None, part: int, parts: int) -> Progress | None:
    """Return the progress of one of several parts, told as draws of all."""
    if progress is None or parts == 1:
        return progress
    return lambda done, total: progress(part * total + done, parts * total)


def _description(study: Study, seed: int) -> dict[str, Any]:
    """Return what a reader of the file should see first."""
    scenario = study.scenario
    told: dict[str, Any] = {
        "title": scenario.title.en or scenario.name,
        "scenario": scenario.name,
        "index": scenario.index,
        "seed": seed,
        "source": study.source,
    }
    if study.whole.year is not None:
        told[names.YEAR] = study.whole.year
    if study.left_aside:
        told["groups_not_ranked"] = "; ".join(f"{name}: {', '.join(who)}" for name, who in study.left_aside.items())
    return told
