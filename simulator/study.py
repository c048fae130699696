"""A study from scenario to result: the only place that knows the whole journey."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import xarray as xr

from simulator import names
from simulator.agreement import refuse, resolve_exclusions, selection_problems, study_problems
from simulator.analysis.stability import shift_by_draw, stability
from simulator.construction.recipe import apply_recipe, regrouped
from simulator.documents import Document, parse_yaml
from simulator.errors import Fault, InputError
from simulator.index import Index, load_index
from simulator.kernels.arrays import Integers
from simulator.lookup import find_indicators
from simulator.provenance import ATTRIBUTE, Record, software_versions, unseal
from simulator.published import bundled_indices, locate_index
from simulator.scenario import DEFAULT_DRAWS, PillarTree, Scenario, open_scenario, override, read_scenario
from simulator.simulation.blocks import Draws, Progress, prepare, simulate
from simulator.simulation.tally import Tally
from simulator.storage import read_result
from simulator.uncertainty.design import BLOCK, Design, MonteCarlo, enumerate_all
from simulator.uncertainty.factors import DataError
from simulator.uncertainty.realisation import Realisation, bind

SMALLEST_GROUP = 3
"""Cities below which a group is listed and not ranked."""

KEPT_WHEN_EXACT = 10_000
"""Combinations up to which an exhaustive design keeps every draw: they are few, and each has a name."""


@dataclass(frozen=True)
class Study:
    """A scenario that was found to fit its index, ready to run."""

    document: Document
    overrides: tuple[str, ...]
    scenario: Scenario
    index_file: Path
    parts: Mapping[str, Index]
    """Index of each group that is ranked; a single one under the empty name where the scenario has no groups."""
    left_aside: Mapping[str, tuple[str, ...]]
    """Groups too small to be ranked, with their cities."""


@dataclass(frozen=True)
class Repetition:
    """What came of running a stored result again."""

    same: bool
    """Whether every variable is equal to the byte."""
    differing: tuple[str, ...]
    """Variables that are not."""
    changed: tuple[str, ...]
    """What has changed since: data files and versions."""
    result: xr.Dataset


def plan(
    source: str | Path | Mapping[str, Any] | Document, overrides: Sequence[str] = (), index_file: Path | None = None
) -> Study:
    """Return the study of a scenario, checked against its index, without running it.

    Raises
    ------
    InputError
        With every fault of the scenario, or of the index it names.
    """
    document = override(open_scenario(source), overrides)
    scenario = read_scenario(document)
    path = index_file or _locate(scenario.index, document)
    whole = load_index(path)
    refuse(document, selection_problems(scenario, whole))
    index = _as_read(whole, scenario)
    refuse(document, study_problems(scenario, index))
    index = index.with_definition(apply_recipe(index.definition, scenario.recipe))
    parts, left_aside = _groups(index, scenario)
    if not parts:
        remedy = f"Name an attribute with at least {SMALLEST_GROUP} cities in one group."
        raise InputError(document.source, [Fault(document.place(("within",)), "no group is large enough", remedy)])
    return Study(document, tuple(overrides), scenario, path, parts, left_aside)


def run(
    scenario: str | Path | Mapping[str, Any],
    *,
    draws: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> xr.Dataset:
    """Run a scenario and return its result.

    Parameters
    ----------
    scenario
        Name of a shipped scenario, path of a scenario file, or a mapping of the same content.
    draws, seed
        In place of the scenario's own. Without a seed anywhere one is drawn and recorded.
    workers
        Parallel workers; as many as there are processors where not given. They change nothing in the result.
    overrides
        Settings `path=value` applied to the scenario in order, before `draws` and `seed`.
    progress
        Called with the draws done and all draws after each block.

    Returns
    -------
    xr.Dataset
        Rank stability, as `simulator.analysis.stability.stability` describes it, with the coordinates of the cities;
        `scenario_rank` (city), the rank with nothing varied; `choice_share` (choice), how often each alternative of
        each factor was realised, with coordinates `factor` and `alternative`; and where draws are kept
        `total_by_draw`, `rank_by_draw` (draw, city) and `mean_abs_rank_shift_by_draw` (draw), with the alternatives
        each draw took as coordinates. A scenario with `within` has a coordinate `group` on `city`,
        and its figures of the whole ranking are on (ranked_group). Provenance is in the attributes.

    Raises
    ------
    InputError
        With every fault of the scenario or the index.
    DrawError
        Where a draw cannot be scored.

    Examples
    --------
    >>> import simulator as sim
    >>> result = sim.run("weights-only", draws=2_000, seed=1, workers=1)
    >>> result["rank_frequency"].dims
    ('city', 'rank')
    """
    settings = [*overrides]
    settings += [f"{key}={value}" for key, value in (("draws", draws), ("seed", seed)) if value is not None]
    return execute(plan(scenario, settings), workers, progress)


def execute(study: Study, workers: int | None = None, progress: Progress | None = None) -> xr.Dataset:
    """Run a study; see `run`."""
    begun, started = time.perf_counter(), datetime.now(UTC)
    chosen = study.scenario.seed
    seed = secrets.randbelow(2**53) if chosen is None else chosen
    count = joblib.cpu_count() if workers is None else workers
    if count < 1:
        raise InputError("workers", [Fault("", f"{count} is not a number of workers", "Give 1 or more.")])
    results = {
        group: _run_part(study, index, seed, count, _nested(progress, number, len(study.parts)))
        for number, (group, index) in enumerate(study.parts.items())
    }
    result = results[""] if "" in results else _join_groups(results)
    record = Record(
        scenario=study.document.text,
        source=study.document.source,
        overrides=study.overrides,
        seed=seed,
        draws=int(result.attrs["draws"]),
        block=BLOCK,
        index=study.scenario.index if study.scenario.index in bundled_indices() else str(study.index_file.resolve()),
        input_sha256=dict(next(iter(study.parts.values())).hashes),
        versions=software_versions(),
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - begun, 3),
        workers=count,
    )
    return result.assign_attrs(_description(study, seed), **{ATTRIBUTE: record.model_dump_json(indent=1)})


def repeat(stored: str | Path | xr.Dataset, workers: int | None = None, progress: Progress | None = None) -> Repetition:
    """Run a stored result again from its provenance, and say whether it comes out the same.

    Raises
    ------
    InputError
        Where the file is no result, or its scenario no longer fits its index.
    """
    source = "result" if isinstance(stored, xr.Dataset) else str(stored)
    former = stored if isinstance(stored, xr.Dataset) else read_result(Path(stored))
    record = unseal(former.attrs, source)
    document = parse_yaml(record.scenario, f"the scenario in {source}")
    settings = [*record.overrides, f"seed={record.seed}"]
    again = execute(plan(document, settings, locate_index(record.index)), workers, progress)
    now = unseal(again.attrs, source)
    changed = [
        f"{name}: {old[name]} then, {new.get(name)} now"
        for old, new in ((record.input_sha256, now.input_sha256), (record.versions, now.versions))
        for name in old
        if old[name] != new.get(name)
    ]
    variables = sorted({str(name) for name in (*former.variables, *again.variables)})
    differing = [name for name in variables if not _equal(former, again, name)]
    return Repetition(not differing, tuple(differing), tuple(changed), again)


def _locate(index: str, document: Document) -> Path:
    """Return the definition file of a scenario's index; a fault is placed in the scenario."""
    beside = Path(document.source).parent if Path(document.source).is_file() else None
    try:
        return locate_index(index, beside)
    except InputError as error:
        fault = error.faults[0]
        place = document.place(("index",))
        raise InputError(document.source, [Fault(place, f"{index!r}: {fault.problem}", fault.remedy)]) from None


def _equal(left: xr.Dataset, right: xr.Dataset, name: str) -> bool:
    if name not in left.variables or name not in right.variables:
        return False
    mine, theirs = left[name].values, right[name].values
    if mine.shape != theirs.shape:
        return False
    if mine.dtype.kind in "OUS" or theirs.dtype.kind in "OUS":
        return bool((mine.astype(str) == theirs.astype(str)).all())
    return mine.tobytes() == theirs.tobytes()


def _as_read(index: Index, scenario: Scenario) -> Index:
    """Return the index over the scenario's cities, grouped into the pillars of its reading."""
    if scenario.cities is not None:
        index = index.select(scenario.cities)
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


def _design(scenario: Scenario, realisation: Realisation, seed: int) -> Design:
    known = {choice.factor: choice.labels for choice in realisation.choices}
    never = resolve_exclusions(scenario.never, known)
    if scenario.design == "exhaustive":
        return enumerate_all(realisation.choices, never)
    return MonteCarlo(realisation.choices, tuple(never), scenario.draws or DEFAULT_DRAWS, seed)


def _run_part(study: Study, index: Index, seed: int, workers: int, progress: Progress | None) -> xr.Dataset:
    scenario = study.scenario
    realisation = bind(index, scenario.factors)
    design = _design(scenario, realisation, seed)
    baseline = index.baseline_rank().values
    keep = scenario.keep_draws or (design.exact and design.draws <= KEPT_WHEN_EXACT)
    experiment = prepare(index, realisation, design, seed, baseline, scenario.pairs, keep)
    tally, draws = simulate(experiment, workers, progress)
    result = stability(tally, index.cities, baseline, bool(index.definition.tiers), design.exact)
    result[names.SCENARIO_RANK] = index.score()[names.RANK].drop_vars(list(index.matrix[names.CITY].coords))
    result = result.merge(_choice_shares(tally, realisation, design.exact))
    if draws is not None:
        result = result.merge(_kept_draws(draws, realisation, index.cities, baseline))
    described = {name: index.matrix[name] for name in names.CITY_COORDINATES if name in index.matrix.coords}
    exact = "exact" if design.exact else "Monte Carlo"
    return result.assign_coords(described).assign_attrs(draws=design.draws, design=exact)


def _choice_shares(tally: Tally, realisation: Realisation, exact: bool) -> xr.Dataset:
    """Return how often each alternative of each factor was realised."""
    if not realisation.choices:
        return xr.Dataset()
    share = np.concatenate([chosen / tally.draws for chosen in tally.chosen])
    error = np.zeros_like(share) if exact else np.sqrt(share * (1.0 - share) / tally.draws)
    factor = [choice.factor for choice in realisation.choices for _ in choice.labels]
    alternative = [one for choice in realisation.choices for one in choice.labels]
    return xr.Dataset(
        {names.CHOICE_SHARE: (names.CHOICE, share), names.CHOICE_SHARE + names.SE: (names.CHOICE, error)},
        coords={names.FACTOR: (names.CHOICE, factor), names.ALTERNATIVE: (names.CHOICE, alternative)},
    )


def _kept_draws(draws: Draws, realisation: Realisation, cities: Sequence[str], baseline: Integers) -> xr.Dataset:
    """Return total, rank and mean shift of every draw, with the alternatives it took as coordinates."""
    taken = {
        f"draw_{choice.factor.replace(' ', '_').replace('-', '_')}": (
            names.DRAW,
            np.array(choice.labels, dtype=object)[draws.alternatives[:, column]],
        )
        for column, choice in enumerate(realisation.choices)
    }
    axes = (names.DRAW, names.CITY)
    return xr.Dataset(
        {
            names.TOTAL_BY_DRAW: (axes, draws.totals),
            names.RANK_BY_DRAW: (axes, draws.ranks),
            names.SHIFT_BY_DRAW: (names.DRAW, shift_by_draw(draws.ranks, baseline)),
        },
        coords={names.CITY: list(cities), names.DRAW: np.arange(len(draws.ranks)), **taken},
    )


def _join_groups(results: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Return one result of several groups: cities one after the other, ranks up to the largest group."""
    apart = (names.PAIR_WIN, names.PAIR_WIN + names.SE, names.CHOICE_SHARE, names.CHOICE_SHARE + names.SE)
    parts = []
    overall = []
    for group, result in results.items():
        per_city = result[[name for name in result.data_vars if names.CITY in result[name].dims and name not in apart]]
        parts.append(per_city.assign_coords({names.GROUP: (names.CITY, [group] * result.sizes[names.CITY])}))
        overall.append(result[[name for name in result.data_vars if not result[name].dims]])
    cities = xr.concat(
        parts, names.CITY, join="outer", fill_value=0.0, data_vars="all", coords="different", compat="equals"
    )
    whole = xr.concat(overall, names.RANKED_GROUP).assign_coords({names.RANKED_GROUP: list(results)})
    first = next(iter(results.values()))
    if names.PAIR_WIN in first:
        among = [result[list(apart[:2])] for result in results.values()]
        order = dict.fromkeys((names.CITY, names.OTHER_CITY), cities[names.CITY].values)
        pairs = xr.merge(among, join="outer", compat="no_conflicts").reindex(order)
        cities = cities.merge(
            pairs.drop_vars([name for name in pairs.coords if name in cities.coords and name != names.CITY])
        )
    shares = first[[name for name in apart[2:] if name in first]]
    return xr.merge([cities, whole, shares], combine_attrs="drop").assign_attrs(first.attrs)


def _nested(progress: Progress | None, part: int, parts: int) -> Progress | None:
    """Return the progress of one of several parts, told as draws of all."""
    if progress is None or parts == 1:
        return progress
    return lambda done, total: progress(part * total + done, parts * total)


def _description(study: Study, seed: int) -> dict[str, Any]:
    """Return what a reader of the file should see first."""
    scenario = study.scenario
    described: dict[str, Any] = {
        "title": scenario.title.en or scenario.name,
        "scenario": scenario.name,
        "index": scenario.index,
        "seed": seed,
        "data_error": "; ".join(_describe_error(error) for error in scenario.factors.data_error) or "none",
        "baseline": "the ranking as published" if _has_published(study) else "the index as defined",
    }
    if study.left_aside:
        described["groups_not_ranked"] = "; ".join(
            f"{name}: {', '.join(who)}" for name, who in study.left_aside.items()
        )
    return described


def _has_published(study: Study) -> bool:
    return all(index.published is not None for index in study.parts.values())


def _describe_error(error: DataError) -> str:
    who = error.indicators if isinstance(error.indicators, str) else ", ".join(error.indicators)
    return f"{who}: {error.distribution}, size {error.size:g} ({error.unit}), equal values have {error.ties} errors"
