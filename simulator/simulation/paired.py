"""Two experiments drawn side by side from the same random numbers, to count how ranks differ between them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import partial

import numpy as np

from simulator.construction.composite import unscored
from simulator.construction.scoring import score_chunk
from simulator.kernels.arrays import Integers
from simulator.simulation.blocks import Experiment, Progress
from simulator.simulation.gains import tally_gains
from simulator.simulation.pool import Pool
from simulator.simulation.tally import Tally, as_block, empty_tally
from simulator.uncertainty.design import block_count, block_draws


def tally_pairs(
    before: Experiment,
    after: Experiment,
    again: Collection[str] = (),
    workers: int = 1,
    progress: Progress | None = None,
) -> Tally:
    """Count the places that each city gains from one experiment to another, draw by draw.

    Both have the same cities in the same order, the same design and the same seed, so that a draw takes the same
    alternatives and weights in both. Factors named in `again` have random numbers of their own in the second one. The
    result is the same for any number of workers.

    Returns
    -------
    Tally
        Of which `draws` and `gains` are counted, and sums over blocks where the design needs them.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero (convention 10).
    """
    draws = before.design.draws
    total = _empty(before)
    for part in Pool(workers).each(partial(_pair_block, before, after, again), range(block_count(draws))):
        total = total + part
        if progress is not None:
            progress(total.draws, draws)
    return total


def _pair_block(before: Experiment, after: Experiment, again: Collection[str], block: int) -> Tally:
    tally = _empty(before)
    first, last = _ranks(before, block), _ranks(after, block, again)
    # A city without a rank in either counts in neither.
    tally_gains(first, np.where(first > 0, last, 0), tally.gains)
    done = replace(tally, draws=len(block_draws(before.design.draws, block)))
    return as_block(done) if before.design.blockwise else done


def _ranks(experiment: Experiment, block: int, again: Collection[str] = ()) -> Integers:
    """Return the ranks (draw, city) of a block."""
    variants, found = experiment.realisation.variants, []
    for _, chunk in experiment.realisation.chunks(experiment.design, experiment.seed, block, again):
        scored = score_chunk(experiment.plan, variants[0].ranking, chunk)
        if scored.failed != -1:
            raise unscored(variants, scored.failed)
        found.append(scored.ranks)
    return np.concatenate(found)


def _empty(experiment: Experiment) -> Tally:
    return empty_tally(experiment.baseline.size, False, [], changed=True)
