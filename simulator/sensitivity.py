"""Which choice moves the ranking: variance-based indices of the factors of a scenario, for all outputs in one pass."""

from __future__ import annotations

import dataclasses
import secrets
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from simulator import names
from simulator.agreement import resolve_exclusions
from simulator.analysis.pawn import Sliced, by_size
from simulator.analysis.pawn import pawn as distribution_based
from simulator.analysis.shapley import MOST_FACTORS, shapley_effects
from simulator.analysis.variance_based import FEWEST, Runs, variance_based
from simulator.arguments import Gathering, shown, whole_number_faults
from simulator.errors import Fault, InputError, did_you_mean
from simulator.index import Index
from simulator.matrix import city_coordinates, refuse_unranked
from simulator.provenance import AGAIN, ATTRIBUTE, KIND, Record, software_versions
from simulator.published import shipped_scenarios
from simulator.scenario import DEFAULT_DRAWS, Scenario, open_scenario, override, read_scenario
from simulator.simulation.blocks import Experiment, Progress, prepare
from simulator.simulation.pool import worker_count
from simulator.simulation.sample import Sample, draw_sample
from simulator.simulation.swapping import WEIGHT, Swap, factor_name, run_subsets, run_swaps, split_errors, swaps
from simulator.study import Study, plan
from simulator.uncertainty.design import BLOCK, MonteCarlo, block_count
from simulator.uncertainty.factors import METHOD_FACTORS, Choice
from simulator.uncertainty.realisation import Realisation, bind


@dataclass(frozen=True)
class _Method:
    """What the methods differ in before anything is run."""

    name: str
    """As a scenario's key `influence` has it."""
    draws: str
    """What its draws are called."""
    usual: int
    """How many are taken if nothing else is said."""
    call: str
    """The function that finds them, and the kind of what it finds."""
    apart: bool = True
    """Whether errors are factors by dimension, and choices that exclude each other one factor."""
    fewest: int = 2
    """Factors that have to vary."""


VARIANCE_BASED = _Method("variance-based", "base draws", 4096, "influence")
SHAPLEY = _Method("shapley", "base draws", BLOCK, "shapley", apart=False)
PAWN = _Method("pawn", "draws", DEFAULT_DRAWS, "pawn", apart=False, fewest=1)
METHODS = (VARIANCE_BASED.name, SHAPLEY.name, PAWN.name)

SHIFT_OUTPUT = "mean_abs_rank_shift"


def influence(
    scenario: str | Path | Mapping[str, Any],
    *,
    method: str | None = None,
    base_draws: int | None = None,
    second_order: bool | None = None,
    bootstrap: int | None = None,
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
    method
        `variance-based`, `shapley` or `pawn`; what the scenario's key `influence` says if not given, variance-based if
        that says nothing. The other two are those of the functions `shapley` and `pawn`, and return what these do.
    base_draws
        N, rounded up to whole blocks of 1,024; what the scenario's key `influence` says, or 4,096, if not given. The
        attribute `base_draws` tells how many were taken,
        `base_draws_asked` how many were asked for. The cost is N (k + 2) draws for k factors, N (2 k + 2) with second
        orders.
    second_order
        Whether to estimate the interaction of each pair of factors too; as the scenario says if not given. Like
        `bootstrap` of the variance-based method only, and refused with another.
    bootstrap
        Bootstrap samples of base draws, for standard errors and intervals; as the scenario says, or 100, if not given.
    seed
        In place of the scenario's. The first sample is that which a study of this seed draws, if its design is
        `monte-carlo` and it has no data error (errors are split by dimension here, each with a stream of its own).

    Returns
    -------
    xr.Dataset
        As `simulator.analysis.variance_based.variance_based` describes it, on (factor, output): the outputs are
        `mean_abs_rank_shift`, and for each city `rank CITY` and `total CITY`, with coordinates `quantity` and `city`.

    Raises
    ------
    InputError
        With every fault of the scenario; for an unknown method, `second_order` or `bootstrap` with one that has
        neither; for cities left out, which have no rank then, a scenario of which fewer than
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
    try:
        chosen = asked_method(scenario, overrides) if method is None else method
    except InputError:
        chosen = VARIANCE_BASED.name  # Its faults are told with all others when it is set up.
    _refuse_method(chosen, method is None, {"second_order": second_order, "bootstrap": bootstrap})
    rest: dict[str, Any] = {"seed": seed, "workers": workers, "overrides": overrides, "index": index}
    if chosen == SHAPLEY.name:
        return shapley(scenario, base_draws=base_draws, **rest, progress=progress)
    if chosen == PAWN.name:
        return pawn(scenario, draws=base_draws, **rest, progress=progress)
    begun, started = time.perf_counter(), datetime.now(UTC)
    gathered = Gathering("influence")
    gathered.add(_setting_faults(VARIANCE_BASED, base_draws, seed, workers))
    if bootstrap is not None:
        gathered.add(whole_number_faults("bootstrap", bootstrap, FEWEST, "samples show no spread"))
    made = _set_up(gathered, VARIANCE_BASED, scenario, base_draws, seed, overrides, index, workers)
    asked = made.study.scenario.influence
    second_order = asked.second_order if second_order is None else second_order
    bootstrap = asked.bootstrap if bootstrap is None else bootstrap
    swapped = run_swaps(made.experiment, made.factors, made.blocks, second_order, made.workers, progress)
    runs = Runs(**{field.name: getattr(swapped, field.name) for field in dataclasses.fields(swapped)})
    outputs = _outputs(made.index)
    seed = made.experiment.seed
    found = variance_based(runs, [factor.name for factor in made.factors], outputs, seed=seed, bootstrap=bootstrap)
    repeated = len(made.factors) + 2 + second_order * len(made.factors)
    orders = ["--second-order"] * second_order
    more = [*orders, f"--bootstrap {bootstrap}"]
    return _sealed(_in_blocks(found, made), made, made.blocks * BLOCK * repeated, started, begun, more)


def asked_method(scenario: str | Path | Mapping[str, Any], overrides: str | Sequence[str] = ()) -> str:
    """Return the method that a scenario's key `influence` asks for.

    >>> asked_method("weights-only", "influence.method=pawn")
    'pawn'

    Raises
    ------
    InputError
        With every fault of the scenario alone.
    """
    return read_scenario(override(open_scenario(scenario), overrides)).influence.method


def _refuse_method(method: str, of_scenario: bool, own: Mapping[str, object]) -> None:
    """Refuse an unknown method, and settings of the variance-based one with another."""
    if method not in METHODS:
        fault = Fault("method", f"no method {shown(method)}", did_you_mean(str(method), list(METHODS)))
        raise InputError("influence", [fault])
    if method == VARIANCE_BASED.name:
        return
    who = f"the scenario's influence.method is {method}" if of_scenario else f"the method is {method}"
    remedy = f'Leave it out, or give method="{VARIANCE_BASED.name}".'
    problem = f"belongs to the {VARIANCE_BASED.name} method, and {who}"
    # That no second orders are wanted fits any method.
    faults = [Fault(name, problem, remedy) for name, given in own.items() if given is not None and given is not False]
    if faults:
        raise InputError("influence", faults)


def shapley(
    scenario: str | Path | Mapping[str, Any],
    *,
    base_draws: int | None = None,
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
        As in `influence`; 1,024 base draws if the scenario says nothing of Shapley effects.

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
    gathered = Gathering("influence")
    gathered.add(_setting_faults(SHAPLEY, base_draws, seed, workers))
    made = _set_up(gathered, SHAPLEY, scenario, base_draws, seed, overrides, index, workers)
    if len(made.factors) > MOST_FACTORS:
        problem = f"{len(made.factors)} factors have {2 ** len(made.factors):,} subsets"
        raise InputError(made.study.document.source, [Fault("factors", problem, f"Vary {MOST_FACTORS} at most.")])
    left = run_subsets(made.experiment, made.factors, made.blocks, made.workers, progress)
    found = shapley_effects(left, [factor.name for factor in made.factors], _outputs(made.index))
    return _sealed(_in_blocks(found, made), made, made.blocks * BLOCK * 2 ** len(made.factors), started, begun)


def pawn(
    scenario: str | Path | Mapping[str, Any],
    *,
    draws: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    overrides: str | Sequence[str] = (),
    index: Index | str | Path | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return how far the distribution of ranks moves when a choice or a weight is known: PAWN indices.

    They come from the sample that a study of the same seed and as many draws has, if its design is `monte-carlo`, of
    inputs that are one number or one alternative: the choices, and each random weight, whose draws are cut by its size
    into ten slices of equally many. Data errors and values behind points are many numbers at once and have none; the
    attribute `without_index` lists them.

    Parameters
    ----------
    scenario, seed, workers, overrides, index, progress
        As in `influence`.
    draws
        Number of draws, which are all held in memory: some 1.5 kB each for 60 cities; 20,000 if neither this nor the
        scenario says otherwise.

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
    gathered = Gathering("influence")
    gathered.add(_setting_faults(PAWN, draws, seed, workers))
    made = _set_up(gathered, PAWN, scenario, draws, seed, overrides, index, workers)
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
    found = found.assign_attrs(without_index="; ".join(without))
    return _sealed(found, made, made.asked, started, begun)


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
                found.append(by_size(f"{WEIGHT} {name}{label}", weight, among))
    return found


@dataclass(frozen=True, eq=False)
class _Made:
    """A scenario made ready for its factors to be swapped."""

    study: Study
    index: Index
    experiment: Experiment
    factors: Sequence[Swap]
    method: _Method
    again: Sequence[str] | None
    """Words of the command that makes the indices again; nothing where only a call can."""
    asked: int
    """Base draws asked for; as many are taken as fill the blocks."""
    blocks: int
    workers: int


def _setting_faults(method: _Method, draws: object, seed: object, workers: object) -> Iterator[Fault]:
    remedy = f"Take some thousand: {method.usual}."
    if draws is not None:
        yield from whole_number_faults(method.draws, draws, FEWEST, "show no variance", remedy)
    if seed is not None:
        yield from whole_number_faults("seed", seed, 0, "is below 0")
    if workers is not None:
        yield from whole_number_faults("workers", workers, 1, "is not a number of workers")


def _set_up(
    gathered: Gathering,
    method: _Method,
    scenario: str | Path | Mapping[str, Any],
    base_draws: int | None,
    seed: int | None,
    overrides: str | Sequence[str],
    index: Index | str | Path | None,
    workers: int | None,
) -> _Made:
    """Return a scenario with its factors, ready for a method.

    Raises what was gathered before together with the faults of the scenario.
    """
    with gathered.attempt():
        study = plan(scenario, overrides, index)
        refuse_unfit(study)
    gathered.refuse()
    asked = study.scenario.influence
    draws = base_draws or (asked.base_draws if asked.method == method.name else None) or method.usual
    (whole,) = study.parts.values()
    chosen = study.scenario.seed if seed is None else seed
    chosen = secrets.randbelow(2**53) if chosen is None else chosen
    realisation = bind(whole, study.scenario.factors)
    realisation = split_errors(realisation, whole.definition) if method.apart else realisation
    never = _never(study.scenario, realisation.choices)
    factors = swaps(realisation, never if method.apart else ())
    if len(factors) < method.fewest:
        raise _too_few(study, factors)
    published = None if study.scenario.reading or whole.published is None else whole.published_rank()
    own = whole.score()[names.RANK]
    refuse_unranked(whole.cities, own.values, whole.definition.id, "influences")
    baseline = (own if published is None else published).values
    design = MonteCarlo(realisation.choices, never, draws, chosen)
    experiment = prepare(whole, realisation, design, chosen, baseline, False, False)
    count = worker_count(workers)
    again = _command(study, method) if index is None else None
    return _Made(study, whole, experiment, factors, method, again, draws, block_count(draws), count)


def _command(study: Study, method: _Method) -> list[str] | None:
    """Return the words of the command that finds the same of the same scenario; nothing of one that is no file."""
    path = Path(study.document.source)
    if not path.is_file():
        return None
    shipped = shipped_scenarios().get(path.stem)
    named = path.stem if shipped == path else shlex.quote(str(path))
    settings = [f"--set {shlex.quote(setting)}" for setting in study.overrides]
    return ["citysim influence", named, f"--{method.name}", *settings]


def _in_blocks(found: xr.Dataset, made: _Made) -> xr.Dataset:
    """Return indices that say how many base draws were taken, and how many were asked for."""
    return found.assign_attrs(base_draws=made.blocks * BLOCK, base_draws_asked=made.asked)


def _sealed(
    found: xr.Dataset, made: _Made, draws: int, started: datetime, begun: float, more: Sequence[str] = ()
) -> xr.Dataset:
    """Return indices with what each output is, and the provenance; so many `draws` were scored.

    `more` are further options of the command that makes them again.
    """
    study, seed = made.study, made.experiment.seed
    options = [f"--base-draws {made.asked}", f"--seed {seed}", *more]
    call = f"sim.{made.method.call}(...) with the same scenario, index and settings, and seed={seed}"
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
    )
    return _labelled(found, made.index).assign_attrs(
        title=study.scenario.title.en or study.scenario.name,
        scenario=study.scenario.name,
        index=study.scenario.index,
        seed=seed,
        draws=draws,
        **{
            KIND: made.method.call,
            AGAIN: call if made.again is None else " ".join([*made.again, *options]),
            ATTRIBUTE: record.model_dump_json(indent=1),
        },
    )


def _outputs(index: Index) -> list[str]:
    return [SHIFT_OUTPUT, *(f"{kind} {city}" for kind in (names.RANK, names.TOTAL) for city in index.cities)]


def refuse_unfit(study: Study) -> None:
    """Refuse a scenario whose draws have no common outputs."""
    scenario, place = study.scenario, study.document.place
    faults = []
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
    """Return indices with what each output is, of which city, and what each factor is called, as coordinates."""
    n = len(index.cities)
    kinds = [SHIFT_OUTPUT, *[names.RANK] * n, *[names.TOTAL] * n]
    whose = np.array(["", *index.cities, *index.cities], dtype=object)
    called, chinese = (
        [factor_name(str(factor), index.definition, language) for factor in found[names.FACTOR].values]
        for language in (False, True)
    )
    cities = city_coordinates(index.matrix)
    named = {
        name: (names.OUTPUT, np.array(["", *cities[name].values, *cities[name].values], dtype=object))
        for name in names.CITY_NAMES
        if name in cities
    }
    return found.assign_coords(
        {
            **named,
            names.QUANTITY: (names.OUTPUT, kinds),
            names.CITY: (names.OUTPUT, whose),
            names.FACTOR_NAME: (names.FACTOR, called),
            names.FACTOR_NAME_ZH: (names.FACTOR, chinese),
        }
    )
