"""Simulation: blocks of draws realised, scored, ranked and tallied by parallel workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import joblib
import numpy as np

from simulator.construction.composite import unscored
from simulator.construction.encoding import encode
from simulator.construction.scoring import Chunk, score_chunk
from simulator.index import Index
from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.tally import FIGURES, tally_ranks
from simulator.kernels.tree import Plan
from simulator.simulation.gains import places_within, tally_gains, tally_passed, tally_total_gains, total_step
from simulator.simulation.stopping import StopWhenSure
from simulator.simulation.tally import Tally, as_block, empty_tally, exact_sums
from simulator.uncertainty.design import BLOCK, Design, block_count, block_draws
from simulator.uncertainty.realisation import Realisation

Progress = Callable[[int, int], None]
"""Told the number of draws done and of all draws, after every block."""


@dataclass(frozen=True)
class Experiment:
    """All that a worker needs to run any block."""

    realisation: Realisation
    design: Design
    seed: int
    plan: Plan
    baseline: Integers
    """(n): rank of every city to compare with."""
    tier: Integers
    """(n): tier of every rank."""
    pairs: bool
    """Whether to count which of two cities ranks above the other, for all pairs."""
    keep: bool
    """Whether to keep total and rank of every draw."""
    before: Realisation | None = None
    """The same without the changes that are studied: scored from the same random numbers, to count what they gain."""
    city: int = -1
    """The city in question, whose gains within each indicator are counted too; -1 for none."""
    step: float = 0.0
    """Step in which gains of its total are counted; 0 where draws have totals of several methods."""


@dataclass(frozen=True)
class Draws:
    """Draws kept one by one, on request."""

    totals: Floats
    """(draw, n): NaN for a city left out."""
    ranks: Integers
    """(draw, n): 0 for a city left out."""
    alternatives: Integers
    """(draw, choice)"""


def prepare(
    index: Index,
    realisation: Realisation,
    design: Design,
    seed: int,
    baseline: Integers,
    pairs: bool,
    keep: bool,
    before: Realisation | None = None,
    city: int = -1,
    totals: Floats | None = None,
) -> Experiment:
    """Return the experiment of a study: the variants of its definition encoded for the kernels.

    `totals` (n) are those of the index with nothing varied, whose range gives the step in which gains are counted.
    """
    plan = encode(realisation.variants, index.printed)
    tier = np.searchsorted(index.definition.tiers, np.arange(1, baseline.size + 1)).astype(np.int64)
    one_scale = before is not None and city >= 0 and len(realisation.variants) == 1
    step = total_step(totals) if totals is not None and one_scale else 0.0
    return Experiment(realisation, design, seed, plan, baseline, tier, pairs, keep, before, city, step)


def simulate(
    experiment: Experiment,
    workers: int = 1,
    progress: Progress | None = None,
    stop: StopWhenSure | None = None,
) -> tuple[Tally, Draws | None]:
    """Run every block of an experiment, or of the first ones as many as `stop` asks for.

    The result is the same to the byte for any number of workers: a block depends on the seed and its number alone,
    and blocks are added in their order. Memory does not grow with the number of draws, unless draws are kept.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero (convention 10).
    """
    total = _empty(experiment)
    kept: list[Draws] = []
    most = block_count(experiment.design.draws)
    done, goal = 0, most if stop is None else min(stop.blocks(None), most)
    while done < goal:
        for tally, draws in _run_blocks(experiment, range(done, goal), workers):
            total = total + tally
            if draws is not None:
                kept.append(draws)
            if progress is not None:
                progress(total.draws, min(goal * BLOCK, experiment.design.draws))
        done, goal = goal, goal if stop is None else min(stop.blocks(total), most)
    return total, _joined(kept) if experiment.keep else None


def run_block(experiment: Experiment, block: int) -> tuple[Tally, Draws | None]:
    """Return the tally of one block, and its draws if they are to be kept."""
    tally = _empty(experiment)
    kept: list[Draws] = []
    figures: list[Floats] = []
    baseline = experiment.baseline
    order = np.argsort(np.where(baseline > 0, baseline, baseline.size + 1), kind="stable")  # 0, no rank, stands last
    for alternatives, chunk, unchanged in _chunks(experiment, block):
        totals, ranks = _score(experiment, chunk)
        if unchanged is not None:
            totals_before, ranks_before = _score(experiment, unchanged)
            tally_gains(ranks_before, ranks, tally.gains)
            if experiment.step > 0.0:
                before, after = totals_before[:, experiment.city], totals[:, experiment.city]
                tally_total_gains(before, after, experiment.step, tally.total_gains)
            if experiment.city >= 0:
                above = [places_within(experiment.plan, one, experiment.city) for one in (unchanged, chunk)]
                tally_passed(above[0], above[1], ranks[:, experiment.city] > 0, tally.passed)
        figures.append(np.empty((len(ranks), FIGURES)))
        tally_ranks(
            ranks,
            order,
            experiment.baseline,
            tally.counts,
            tally.shifts,
            experiment.tier,
            tally.tier_kept,
            tally.pairs,
            figures[-1],
        )
        for column, chosen in enumerate(tally.chosen):
            np.add(chosen, np.bincount(alternatives[:, column], minlength=chosen.size), out=chosen)
        if experiment.keep:
            kept.append(Draws(totals, ranks, alternatives))
    size = len(block_draws(experiment.design.draws, block))
    done = replace(tally, draws=size, moments=exact_sums(np.concatenate(figures)))
    done = as_block(done) if experiment.design.blockwise else done
    return done, _joined(kept) if experiment.keep else None


def _chunks(experiment: Experiment, block: int) -> Iterator[tuple[Integers, Chunk, Chunk | None]]:
    """Yield the draws of a block, some at a time, and beside them the same without the changes that are studied."""
    design, seed = experiment.design, experiment.seed
    changed = experiment.realisation.chunks(design, seed, block)
    if experiment.before is None:
        yield from ((alternatives, chunk, None) for alternatives, chunk in changed)
        return
    for (alternatives, chunk), (_, unchanged) in zip(
        changed, experiment.before.chunks(design, seed, block), strict=True
    ):
        yield alternatives, chunk, unchanged


def _run_blocks(experiment: Experiment, blocks: Sequence[int], workers: int) -> Iterator[tuple[Tally, Draws | None]]:
    if workers == 1 or len(blocks) == 1:
        yield from (run_block(experiment, block) for block in blocks)
        return
    # Kernels run without the interpreter's lock, so threads suffice and share one matrix.
    pool = joblib.Parallel(n_jobs=workers, backend="threading", return_as="generator", batch_size=1)
    yield from pool(joblib.delayed(run_block)(experiment, block) for block in blocks)


def _score(experiment: Experiment, chunk: Chunk) -> tuple[Floats, Integers]:
    variants = experiment.realisation.variants
    scored = score_chunk(experiment.plan, variants[0].ranking, chunk)
    if scored.failed != -1:
        raise unscored(variants, scored.failed)
    return scored.totals, scored.ranks


def _empty(experiment: Experiment) -> Tally:
    alternatives = [len(choice.labels) for choice in experiment.realisation.choices]
    leaves = len(experiment.realisation.base) if experiment.city >= 0 else 0
    changed, totals = experiment.before is not None, experiment.step > 0.0
    return empty_tally(experiment.baseline.size, experiment.pairs, alternatives, changed, leaves, totals)


def _joined(parts: Sequence[Draws]) -> Draws:
    return Draws(
        np.concatenate([part.totals for part in parts]),
        np.concatenate([part.ranks for part in parts]),
        np.concatenate([part.alternatives for part in parts]),
    )
