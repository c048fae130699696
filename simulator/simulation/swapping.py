"""Two samples of all factors, and each with one factor of the other: the runs of a Saltelli design, by the engine.

A factor is swapped by the random streams it draws from, so that nothing of its cells has to be laid down beforehand:
the design of thousands of cells takes no more memory than that of one number.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from simulator.definition import Definition, Indicator, Node
from simulator.kernels.arrays import Floats
from simulator.simulation.blocks import Experiment, Progress
from simulator.simulation.pool import Pool
from simulator.simulation.sample import sample_block
from simulator.uncertainty.data_error import ErrorField
from simulator.uncertainty.design import BLOCK, Exclusion, MonteCarlo
from simulator.uncertainty.factors import METHOD_FACTORS
from simulator.uncertainty.realisation import SECOND, Realisation

ENDLESS = 2 * SECOND * BLOCK
"""Draws of a design that has blocks for both samples."""


BEHIND_POINTS = "values"
"""The factor of the values behind published points."""

ERROR = "error"
"""First word of a factor that is a data error."""

WEIGHT = "weight"
"""First word of what a random weight is called."""


@dataclass(frozen=True)
class Swap:
    """A factor as it is swapped between samples: a name, and the choices and fields that belong to it."""

    name: str
    members: frozenset[str]


def split_errors(realisation: Realisation, definition: Definition) -> Realisation:
    """Return a realisation whose errors are fields of one dimension each, so that each can be swapped by itself.

    Errors that are correlated across dimensions stay together.
    """
    parts = [part for error in realisation.errors for part in _by_dimension(error, definition)]
    return dataclasses.replace(realisation, errors=tuple(parts))


def _by_dimension(error: ErrorField, definition: Definition) -> Iterator[ErrorField]:
    parent = [definition.ancestors[definition.indicators[leaf].id][-1] for leaf in error.leaves]
    if error.correlation and error.group is not None and len(set(parent)) > len(set(error.group.tolist())):
        yield error
        return
    for node in dict.fromkeys(parent):
        own = np.array([one == node for one in parent])
        group = None if error.group is None else np.unique(error.group[own], return_inverse=True)[1]
        yield dataclasses.replace(
            error,
            node=node,
            leaves=error.leaves[own],
            source=error.source[own],
            group=group,
            sign=None if error.sign is None else error.sign[own],
            top=None if error.top is None else error.top[own],
        )


def swaps(realisation: Realisation, never: Sequence[Exclusion]) -> list[Swap]:
    """Return the factors of a realisation that vary, in their order: values, errors, choices, omissions.

    Choices that exclude each other depend on each other, and are one factor together.
    """
    found = [Swap(BEHIND_POINTS, frozenset(field.name for field in realisation.behind))] if realisation.behind else []
    found += [Swap(_error_name(error, realisation.errors), frozenset({error.name})) for error in realisation.errors]
    varying = [choice.factor for choice in realisation.choices if len(choice.labels) > 1]
    random = any(not of_variant[0].fixed for of_variant in realisation.samplers)
    if random and METHOD_FACTORS[0] not in varying:
        varying.insert(0, METHOD_FACTORS[0])
    for group in _bound_together(varying, never):
        found.append(Swap(" + ".join(group), frozenset(group)))
    chosen = {choice.factor for choice in realisation.choices}
    found += [Swap(one.name, frozenset({one.name})) for one in realisation.omissions if one.name not in chosen]
    return found


def _error_name(error: ErrorField, errors: Sequence[ErrorField]) -> str:
    """Return `error NODE`, with the number of the entry where several have that node."""
    alike = sum(one.node == error.node for one in errors)
    return f"{ERROR} {error.node}".rstrip() + (f" ({error.entry + 1})" if alike > 1 else "")


def factor_name(factor: str, definition: Definition, chinese: bool = False) -> str:
    """Return what a factor is called in tables: an error or a weight by the name of its node, values by what they are.

    With `chinese` the node has its Chinese name, where it has one.

    >>> import simulator as sim
    >>> factor_name("error open-development (2)", sim.load_index("opportunity-2025").definition)
    'error Open development (2)'
    """
    if factor == BEHIND_POINTS:
        return "values behind points"
    kind, _, rest = factor.partition(" ")
    parts: list[Indicator | Node] = [*definition.indicators, *definition.nodes]
    called = {part.id: (part.name.zh if chinese else "") or part.name.en for part in parts}
    node, entry, number = rest.partition(" (")
    return f"{kind} {called[node]}{entry}{number}" if kind in (ERROR, WEIGHT) and called.get(node) else factor


def _bound_together(factors: Sequence[str], never: Sequence[Exclusion]) -> list[list[str]]:
    """Return the factors in groups: those that an exclusion names together are one."""
    groups = [[factor] for factor in factors]
    for exclusion in never:
        bound = [group for group in groups if any(factor in exclusion for factor in group)]
        if len(bound) > 1:
            joined = [factor for factor in factors if any(factor in group for group in bound)]
            place = groups.index(bound[0])
            groups = [group for group in groups if group not in bound]
            groups.insert(place, joined)
    return groups


@dataclass(frozen=True)
class Swapped:
    """Outputs of all runs: of A, of B, and of each with one factor of the other."""

    a: Floats
    """(base draw, output): mean absolute rank shift, then the rank of every city, then every city's total."""
    b: Floats
    ab: Floats
    """(factor, base draw, output)"""
    ba: Floats | None


def run_swaps(
    experiment: Experiment,
    factors: Sequence[Swap],
    blocks: int,
    second_order: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> Swapped:
    """Return the outputs of a Saltelli design of `blocks` times 1,024 base draws.

    The sample A is that which a Monte-Carlo study of the same realisation and seed draws; errors that are split are
    another realisation. The cost is one draw for each of k + 2 runs of k factors (2 k + 2 with second orders). The
    result is the same for any number of workers.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero (convention 10).
    """
    everything = frozenset().union(*(factor.members for factor in factors))
    taken = [frozenset[str](), everything, *(factor.members for factor in factors)]
    if second_order:
        taken += [everything - factor.members for factor in factors]
    endless = _endless(experiment)
    jobs = list(itertools.product(range(len(taken)), range(blocks)))
    outputs = np.empty((len(taken), blocks * BLOCK, 1 + 2 * experiment.baseline.size))
    done = Pool(workers).each(lambda job: _outputs(endless, job[1], taken[job[0]]), jobs)
    for number, ((run, block), found) in enumerate(zip(jobs, done, strict=True), start=1):
        outputs[run, block * BLOCK : (block + 1) * BLOCK] = found
        if progress is not None:
            progress(number * BLOCK, len(jobs) * BLOCK)
    k = len(factors)
    return Swapped(outputs[0], outputs[1], outputs[2 : 2 + k], outputs[2 + k :] if second_order else None)


def _endless(experiment: Experiment) -> Experiment:
    """Return an experiment with a random design that has blocks for both samples, and the exclusions of its own."""
    never = experiment.design.never if isinstance(experiment.design, MonteCarlo) else ()
    design = MonteCarlo(experiment.realisation.choices, never, ENDLESS, experiment.seed)
    return dataclasses.replace(experiment, design=design)


def _outputs(experiment: Experiment, block: int, again: Collection[str]) -> Floats:
    """Return the outputs (draw, output) of a block, some factors from the second sample."""
    return sample_block(experiment, block, again).outputs


ROUNDING = 1e-12
"""Share of its size by which an output differs by rounding only."""

BATCHES = 32
"""Parts of a block whose sums are kept apart, so that their spread tells the error of what is made of them."""


def run_subsets(
    experiment: Experiment,
    factors: Sequence[Swap],
    blocks: int,
    workers: int = 1,
    progress: Progress | None = None,
) -> Floats:
    """Return, for every subset of the factors, half the mean square change when it is drawn anew, given all others.

    That estimates the variance that is left when all others are known, E[Var(Y | rest)] (Jansen 1999; Song, Nelson and
    Staum 2016, doi:10.1137/15M1048070), for factors that depend on each other too.

    Returns
    -------
    Floats
        (subset, batch, output): subsets in binary order, factor i being in subset s where bit i of s is set; outputs
        as of `run_swaps`. The cost is one draw for each base draw and subset.
    """
    subsets = [
        frozenset().union(*(f.members for i, f in enumerate(factors) if subset >> i & 1))
        for subset in range(2 ** len(factors))
    ]
    endless = _endless(experiment)
    width = 1 + 2 * experiment.baseline.size
    sums = np.zeros((len(subsets), blocks * BATCHES, width))
    for block in range(blocks):
        first = _outputs(endless, block, subsets[0])
        done = Pool(workers).each(partial(_outputs, endless, block), subsets[1:])
        for number, found in enumerate(done, start=1):
            change = found - first
            # What differs by rounding only has not changed.
            squares = 0.5 * np.where(np.abs(change) > ROUNDING * np.abs(first), change, 0.0) ** 2
            sums[number, block * BATCHES : (block + 1) * BATCHES] = squares.reshape(BATCHES, -1, width).mean(axis=1)
            if progress is not None:
                progress((block * len(subsets) + number + 1) * BLOCK, blocks * len(subsets) * BLOCK)
    return sums
