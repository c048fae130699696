"""Which choice moves the ranking: variance-based indices of the factors of a scenario, for all outputs in one pass."""

from __future__ import annotations

import dataclasses
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
from simulator.agreement import resolve_exclusions
from simulator.analysis.pawn import Sliced, by_size
from simulator.analysis.pawn import pawn as distribution_based
from simulator.analysis.shapley import MOST_FACTORS, shapley_effects
from simulator.analysis.variance_based import BOOTSTRAP, Runs, variance_based
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.matrix import refuse_unranked
from simulator.provenance import ATTRIBUTE, Record, software_versions
from simulator.scenario import DEFAULT_DRAWS, Scenario
from simulator.simulation.blocks import Experiment, Progress, prepare
from simulator.simulation.sample import Sample, draw_sample
from simulator.simulation.swapping import Swap, run_subsets, run_swaps, split_errors, swaps
from simulator.study import Study, plan
from simulator.uncertainty.design import BLOCK, MonteCarlo, block_count
from simulator.uncertainty.factors import METHOD_FACTORS, Choice
from simulator.uncertainty.realisation import Realisation, bind

BASE_DRAWS = 4096
"""Base draws that are taken if nothing else is said."""

SHIFT_OUTPUT = "mean_abs_rank_shift"


def influence(
    scenario: str | Path | Mapping[str, Any],
    *,
    base_draws: int = BASE_DRAWS,
    second_order: bool = False,
    bootstrap: int = BOOTSTRAP,
    seed: int | None = None,
    workers: int | None = None,
    overrides: str | Sequence[str] = (),
    index: Index | str | Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how much of the variance of the ranking each factor of a scenario causes, alone and with the others.

    Factors are as in Saisana, Saltelli and Tarantola (2005, doi:10.1111/j.1467-985X.2005.00350.x): the values behind
    points, the data errors of each dimension, the weights, the normalisation, the tie rule, the aggregation, and what
    is left out. Choices that `never` stand together depend on each other and count as one factor.

    Parameters
    ----------
    scenario, overrides, index, workers, progress
        As in `simulator.study.run`.
    base_draws
        N, rounded up to whole blocks of 1,024. The cost is N (k + 2) draws for k factors, N (2 k + 2) with second
        orders.
    second_order
        Whether to estimate the interaction of each pair of factors too.
    bootstrap
        Bootstrap samples of base draws, for standard errors and intervals.
    seed
        In place of the scenario's; the first sample is that which a study of this seed draws.

    Returns
    -------
    xr.Dataset
        As `simulator.analysis.variance_based.variance_based` describes it, on (factor, output): the outputs are
        `mean_abs_rank_shift`, and for each city `rank CITY` and `total CITY`, with coordinates `quantity` and `city`.

    Raises
    ------
    InputError
        With every fault of the scenario; for cities left out, which have no rank then, a scenario of which fewer than
        two factors vary, and groups or changes.
    DrawError
        Where a draw cannot be scored.

    Examples
    --------
    >>> import simulator as sim
    >>> found = sim.influence("stress-test-points", base_draws=1024, bootstrap=20, seed=1, workers=1)
    >>> found["total_order"].sel(output="mean_abs_rank_shift").idxmax().item()
    'weights'
    """
    begun, started = time.perf_counter(), datetime.now(UTC)
    made = _set_up(scenario, base_draws, seed, overrides, index, workers, apart=True)
    swapped = run_swaps(made.experiment, made.factors, made.blocks, second_order, made.workers, progress)
    runs = Runs(**{field.name: getattr(swapped, field.name) for field in dataclasses.fields(swapped)})
    outputs = _outputs(made.index)
    seed = made.experiment.seed
    found = variance_based(runs, [factor.name for factor in made.factors], outputs, seed=seed, bootstrap=bootstrap)
    repeated = len(made.factors) + 2 + second_order * len(made.factors)
    return _sealed(found, made, made.blocks * BLOCK * repeated, started, begun)


def shapley(
    scenario: str | Path | Mapping[str, Any],
    *,
    base_draws: int = 1024,
    seed: int | None = None,
    workers: int | None = None,
    overrides: str | Sequence[str] = (),
    index: Index | str | Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how the variance of the ranking is shared out among the factors of a scenario, dependent ones too.

    Unlike the indices of `influence`, Shapley effects sum to 1 and stay meaningful where choices exclude each other, so
    that normalisation and aggregation are told apart. The data errors of an entry are one factor. All subsets of the
    factors are run: the cost is N 2^k draws for k factors, of which there may be twelve.

    Parameters
    ----------
    scenario, base_draws, seed, workers, overrides, index, progress
        As in `influence`.

    Returns
    -------
    xr.Dataset
        As `simulator.analysis.shapley.shapley_effects` describes it, with the outputs of `influence`.

    Raises
    ------
    InputError, DrawError
        As `influence` does; and for more than twelve factors.

    Examples
    --------
    >>> import simulator as sim
    >>> found = sim.shapley("normalisation-only", base_draws=1024, seed=1, workers=1)
    >>> float(found["shapley"].sel(output="mean_abs_rank_shift").sum().round(6))
    1.0
    """
    begun, started = time.perf_counter(), datetime.now(UTC)
    made = _set_up(scenario, base_draws, seed, overrides, index, workers, apart=False)
    if len(made.factors) > MOST_FACTORS:
        problem = f"{len(made.factors)} factors have {2 ** len(made.factors):,} subsets"
        raise InputError(made.study.document.source, [Fault("factors", problem, f"Vary {MOST_FACTORS} at most.")])
    left = run_subsets(made.experiment, made.factors, made.blocks, made.workers, progress)
    found = shapley_effects(left, [factor.name for factor in made.factors], _outputs(made.index))
    found = found.assign_attrs(base_draws=made.blocks * BLOCK)
    return _sealed(found, made, made.blocks * BLOCK * 2 ** len(made.factors), started, begun)


def pawn(
    scenario: str | Path | Mapping[str, Any],
    *,
    draws: int = DEFAULT_DRAWS,
    seed: int | None = None,
    workers: int | None = None,
    overrides: str | Sequence[str] = (),
    index: Index | str | Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how far the distribution of ranks moves when a choice or a weight is known: PAWN indices.

    They come from the sample that a study of the same seed draws, of inputs that are one number or one alternative: the
    choices, and each random weight, cut into tenths. Data errors and values behind points are many numbers at once and
    have none; the attribute `without_index` lists them.

    Parameters
    ----------
    scenario, seed, workers, overrides, index, progress
        As in `influence`.
    draws
        Number of draws, which are all held in memory: some 1.5 kB each for 60 cities.

    Returns
    -------
    xr.Dataset
        As `simulator.analysis.pawn.pawn` describes it, with the outputs of `influence`.

    Raises
    ------
    InputError, DrawError
        As `influence` does; where no choice and no weight varies; and for fewer than ten draws in a slice.

    Examples
    --------
    >>> import simulator as sim
    >>> found = sim.pawn("normalisation-only", draws=2048, seed=1, workers=1)
    >>> found["pawn_median"].sel(output="mean_abs_rank_shift").idxmax().item()
    'normalisation'
    """
    begun, started = time.perf_counter(), datetime.now(UTC)
    made = _set_up(scenario, draws, seed, overrides, index, workers, apart=True, fewest=1)
    realisation = made.experiment.realisation
    fields = {field.name for field in realisation.behind} | {error.name for error in realisation.errors}
    fields |= {one.name for one in realisation.omissions if one.choice is None}
    without = [factor.name for factor in made.factors if factor.members & fields]
    if len(without) == len(made.factors):
        problem = f"of {', '.join(without)} none is a choice or a weight, which PAWN slices"
        remedy = "Take the indices without --pawn, or add a choice: normalisation: [as-defined, z-score]."
        raise InputError(made.study.document.source, [Fault(made.study.document.place(("factors",)), problem, remedy)])
    sample = draw_sample(made.experiment, made.workers, progress)
    inputs = _sliced(sample, realisation)
    found = distribution_based(sample.outputs, inputs, _outputs(made.index), seed=made.experiment.seed)
    found = found.assign_attrs(base_draws=draws, without_index="; ".join(without))
    return _sealed(found, made, draws, started, begun)


def _sliced(sample: Sample, realisation: Realisation) -> list[Sliced]:
    """Return the inputs of a sample that can be sliced: choices by their alternatives, random weights by their size."""
    everywhere = np.ones(len(sample.outputs), np.bool_)
    found = []
    for column, choice in enumerate(realisation.choices):
        if len(choice.labels) > 1:
            found.append(Sliced(choice.factor, choice.labels, sample.alternatives[:, column], everywhere))
    factors = [choice.factor for choice in realisation.choices]
    samplers = [of_variant[0] for of_variant in realisation.samplers]
    several = sum(not sampler.fixed for sampler in samplers) > 1
    for number, sampler in enumerate(samplers):
        if sampler.fixed:
            continue
        among = sample.alternatives[:, factors.index(METHOD_FACTORS[0])] == number
        label = f" ({realisation.choices[factors.index(METHOD_FACTORS[0])].labels[number]})" if several else ""
        for member, name in enumerate(sampler.members):
            weight = np.where(among, sample.weights[:, sampler.member == member].sum(axis=1), 0.0)
            if np.ptp(weight[among]) > 0.0:
                found.append(by_size(f"weight {name}{label}", weight, among))
    return found


@dataclass(frozen=True, eq=False)
class _Made:
    """A scenario made ready for its factors to be swapped."""

    study: Study
    index: Index
    experiment: Experiment
    factors: Sequence[Swap]
    blocks: int
    workers: int


def _set_up(
    scenario: str | Path | Mapping[str, Any],
    base_draws: int,
    seed: int | None,
    overrides: str | Sequence[str],
    index: Index | str | Path | None,
    workers: int | None,
    apart: bool,
    fewest: int = 2,
) -> _Made:
    """Return a scenario with its factors; `apart`, errors by dimension, and choices that exclude each other as one."""
    count = joblib.cpu_count() if workers is None else workers
    faults = [] if count > 0 else [Fault("workers", f"{count} is not a number of workers", "Give 1 or more.")]
    if seed is not None and seed < 0:
        faults.append(Fault("seed", f"{seed} is below 0", "Give 0 or more."))
    if faults:
        raise InputError("influence", faults)
    study = plan(scenario, [overrides] if isinstance(overrides, str) else list(overrides), index)
    refuse_unfit(study, base_draws)
    (whole,) = study.parts.values()
    chosen = study.scenario.seed if seed is None else seed
    chosen = secrets.randbelow(2**53) if chosen is None else chosen
    realisation = bind(whole, study.scenario.factors)
    realisation = split_errors(realisation, whole.definition) if apart else realisation
    never = _never(study.scenario, realisation.choices)
    factors = swaps(realisation, never if apart else ())
    if len(factors) < fewest:
        raise _too_few(study, factors)
    published = None if study.scenario.reading or whole.published is None else whole.published_rank()
    own = whole.score()[names.RANK]
    refuse_unranked(whole.cities, own.values, whole.definition.id, "influences")
    baseline = (own if published is None else published).values
    design = MonteCarlo(realisation.choices, never, base_draws, chosen)
    experiment = prepare(whole, realisation, design, chosen, baseline, False, False)
    return _Made(study, whole, experiment, factors, block_count(base_draws), count)


def _sealed(found: xr.Dataset, made: _Made, draws: int, started: datetime, begun: float) -> xr.Dataset:
    """Return indices with what each output is, and the provenance; so many `draws` were scored."""
    study, seed = made.study, made.experiment.seed
    record = Record(
        scenario=study.document.text,
        source=study.document.source,
        overrides=study.overrides,
        seed=seed,
        draws=draws,
        block=BLOCK,
        index=study.whence,
        input_sha256=dict(made.index.hashes),
        versions=software_versions(),
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - begun, 3),
        workers=made.workers,
    )
    return _labelled(found, made.index).assign_attrs(
        title=study.scenario.title.en or study.scenario.name,
        scenario=study.scenario.name,
        index=study.scenario.index,
        seed=seed,
        draws=draws,
        **{ATTRIBUTE: record.model_dump_json(indent=1)},
    )


def _outputs(index: Index) -> list[str]:
    return [SHIFT_OUTPUT, *(f"{kind} {city}" for kind in (names.RANK, names.TOTAL) for city in index.cities)]


def refuse_unfit(study: Study, base_draws: int) -> None:
    """Refuse a scenario whose draws have no common outputs, and a design too small."""
    scenario, place = study.scenario, study.document.place
    faults = []
    if base_draws < 2:
        faults.append(Fault("base draws", f"{base_draws} show no variance", "Take some thousand: 4096."))
    if study.question is not None:
        remedy = "Run it, or take a scenario without `changes`."
        faults.append(Fault(place(("changes",)), "a what-if has no factors of this kind", remedy))
    if scenario.within is not None:
        faults.append(Fault(place(("within",)), "each group has a ranking of its own", "Name `cities` of one group."))
    if any(one.level == names.CITY for one in scenario.factors.leave_out):
        problem = "a city that is left out of a draw has no rank in it"
        faults.append(Fault(place(("factors", "leave-out")), problem, "Leave out indicators only."))
    if scenario.design == "exhaustive":
        problem = "an exhaustive design is no sample"
        faults.append(Fault(place(("design",)), problem, "Take monte-carlo: --set design=monte-carlo."))
    if faults:
        raise InputError(study.document.source, faults)


def _too_few(study: Study, factors: Sequence[Swap]) -> InputError:
    problem = f"only {factors[0].name} varies, and so causes all there is" if factors else "nothing varies"
    remedy = "Add another factor: normalisation: [as-defined, z-score]."
    return InputError(study.document.source, [Fault(study.document.place(("factors",)), problem, remedy)])


def _never(scenario: Scenario, choices: Sequence[Choice]) -> tuple[Mapping[str, str], ...]:
    return tuple(resolve_exclusions(scenario.never, {choice.factor: choice.labels for choice in choices}))


def _labelled(found: xr.Dataset, index: Index) -> xr.Dataset:
    """Return indices with what each output is, and of which city, as coordinates."""
    n = len(index.cities)
    kinds = [SHIFT_OUTPUT, *[names.RANK] * n, *[names.TOTAL] * n]
    whose = np.array(["", *index.cities, *index.cities], dtype=object)
    return found.assign_coords({names.QUANTITY: (names.OUTPUT, kinds), names.CITY: (names.OUTPUT, whose)})
