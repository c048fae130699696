"""Simulation: blocks of draws realised, scored, ranked and tallied by parallel workers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from simulator.construction.composite import unscored
from simulator.construction.encoding import encode
from simulator.construction.scoring import Chunk, score_chunk
from simulator.index import Index
from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.tally import FIGURES, tally_ranks
from simulator.kernels.tree import Plan
from simulator.simulation.gains import places_within, tally_gains, tally_passed, tally_total_gains, total_step
from simulator.simulation.ledger import Draws, Segment, joined, joined_draws, missing
from simulator.simulation.memory import cells_within
from simulator.simulation.pool import Pool
from simulator.simulation.running import Running
from simulator.simulation.stopping import StopWhenSure
from simulator.simulation.tally import Tally, as_block, empty_tally, exact_sums
from simulator.uncertainty.design import BLOCK, Design, block_count, block_draws
from simulator.uncertainty.realisation import CHUNK_CELLS, CHUNK_DRAWS, Realisation

Progress = Callable[[int, int], None]
"""Told the number of draws done and of all draws, after every block."""

KEPT_BYTES = 64
"""Bytes that a kept draw takes for each city: total and rank, as they are gathered and once more in the result."""


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
    running: Running | None = None,
    progress: Progress | None = None,
    stop: StopWhenSure | None = None,
) -> tuple[Tally, Draws | None]:
    """Run every block of an experiment, or of the first ones as many as `stop` asks for.

    The result is the same to the byte however it is run: a block depends on the seed and its number alone, and what is
    counted are integers. Memory does not grow with the number of draws, unless draws are kept. What the ledger of
    `running` knows is not run again.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero (convention 10).
    StoppedError
        Where `running` has a reason to stop.
    """
    running = running or Running()
    if running.memory is not None:
        experiment = _within(experiment, running.memory, running.pool)
    running.ledger.begin(fingerprint(experiment))
    total = _empty(experiment)
    kept: list[tuple[int, Draws]] = []
    most = block_count(experiment.design.draws)
    done, goal = 0, most if stop is None else min(stop.blocks(None), most)
    while done < goal:
        for segment in _segments(experiment, range(done, goal), running):
            total = total + segment.tally
            if segment.draws is not None:
                kept.append((segment.blocks.start, segment.draws))
            if progress is not None:
                progress(total.draws, min(goal * BLOCK, experiment.design.draws))
        done, goal = goal, goal if stop is None else min(stop.blocks(total), most)
    in_order = [draws for _, draws in sorted(kept, key=lambda one: one[0])]
    return total, joined_draws(in_order) if experiment.keep else None


def fingerprint(experiment: Experiment) -> str:
    """Return a digest of the arrays of an experiment, by which blocks of another one are noticed."""
    digest = hashlib.sha256(f"{experiment.design.draws} {experiment.seed}".encode())
    for array in (experiment.realisation.base, experiment.baseline, experiment.tier, *experiment.plan):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def run_blocks(experiment: Experiment, blocks: range) -> Segment:
    """Return what consecutive blocks tell."""
    return joined([Segment(range(block, block + 1), *run_block(experiment, block)) for block in blocks])


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
    return done, joined_draws(kept) if experiment.keep else None


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


def _segments(experiment: Experiment, stretch: range, running: Running) -> Iterator[Segment]:
    """Yield what the blocks of a stretch tell: first what is known already, then what is run, in no promised order."""
    wanted = running.ledger.wanted(stretch)
    known = []
    for segment in running.ledger.known(wanted):
        known.append(segment.blocks)
        yield segment
    tasks = [task for gap in missing(wanted, known) for task in running.pool.cut(gap)]
    given = running.until_stopped(tasks)
    try:
        # Kernels run without the interpreter's lock, so threads suffice on one machine and share one matrix.
        for segment in running.pool.each(partial(run_blocks, experiment), given):
            running.ledger.add(wanted, segment)
            yield segment
        given.refuse_to_go_on()
    except BaseException:
        running.ledger.flush()
        raise


def _within(experiment: Experiment, memory: int, pool: Pool) -> Experiment:
    """Return an experiment that realises so few draws at a time that they fit, which changes nothing it tells."""
    before, draws, size = experiment.before, experiment.design.draws, experiment.realisation.base.size
    threads = pool.workers if pool.backend == "threads" else 1
    kept = KEPT_BYTES * draws * experiment.baseline.size if experiment.keep else 0
    cells = cells_within(memory, threads, (max(CHUNK_CELLS, CHUNK_DRAWS * size), CHUNK_DRAWS * size), kept)
    return replace(
        experiment,
        realisation=replace(experiment.realisation, cells=cells),
        before=None if before is None else replace(before, cells=cells),
    )


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
