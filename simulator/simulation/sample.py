"""A sample of draws held one by one: what each took of every choice, its weights, and what came out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import numpy as np

from simulator.construction.composite import unscored
from simulator.construction.scoring import score_chunk
from simulator.errors import DrawError
from simulator.kernels.arrays import Floats, Integers
from simulator.simulation.blocks import Experiment, Progress
from simulator.simulation.pool import Pool
from simulator.uncertainty.design import BLOCK, block_count


@dataclass(frozen=True)
class Sample:
    """Draws one by one."""

    outputs: Floats
    """(draw, output): mean absolute rank shift, then the rank of every city, then every city's total."""
    alternatives: Integers
    """(draw, choice): the alternative of each choice."""
    weights: Floats
    """(draw, L): weights of the indicators over the whole index; NaN where they are as defined."""


def draw_sample(experiment: Experiment, workers: int = 1, progress: Progress | None = None) -> Sample:
    """Return all draws of an experiment: those that a study of the same realisation, design and seed tallies.

    The result is the same for any number of workers.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero, and where a city has no total because
        all that weighs of it is blank (convention 10).
    """
    blocks = block_count(experiment.design.draws)
    parts = []
    for number, part in enumerate(Pool(workers).each(partial(sample_block, experiment), range(blocks)), start=1):
        parts.append(part)
        if progress is not None:
            progress(min(number * BLOCK, experiment.design.draws), experiment.design.draws)
    return _joined(parts)


def sample_block(experiment: Experiment, block: int, again: Collection[str] = ()) -> Sample:
    """Return the draws of a block, the factors named in `again` from the second sample (see `Realisation.chunks`)."""
    found = []
    variants = experiment.realisation.variants
    for alternatives, chunk in experiment.realisation.chunks(experiment.design, experiment.seed, block, again):
        scored = score_chunk(experiment.plan, variants[0].ranking, chunk)
        if scored.failed != -1:
            raise unscored(variants, scored.failed)
        if experiment.plan.blanks and np.isnan(scored.totals).any():
            problem = "all that weighs of a city is blank in a draw, and so it has no total (convention 10)"
            raise DrawError(f"{problem}. Leave the city out, or leave fewer indicators out.")
        shift = np.abs(scored.ranks - experiment.baseline).mean(axis=1, keepdims=True)
        outputs = np.concatenate([shift, scored.ranks, scored.totals], axis=1)
        weights = np.where(chunk.drawn[:, np.newaxis], chunk.leaf_weight, np.nan)
        found.append(Sample(outputs, alternatives, np.broadcast_to(weights, (len(outputs), weights.shape[1]))))
    return _joined(found)


def _joined(parts: list[Sample]) -> Sample:
    return Sample(
        np.concatenate([part.outputs for part in parts]),
        np.concatenate([part.alternatives for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )
