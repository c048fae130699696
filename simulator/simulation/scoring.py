"""Some draws scored and ranked at once: compiled kernels, with NumPy's sort of keys between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.construction.composite import unscored
from simulator.construction.encoding import encode_ranking
from simulator.definition import Definition
from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.draws import pack_leaves, rank_draws, score_draws
from simulator.kernels.keys import Keys
from simulator.kernels.normalisation import PERCENTILE_RANK, RANK
from simulator.kernels.tree import Plan
from simulator.uncertainty.realisation import Chunk


def score_chunk(plan: Plan, variants: Sequence[Definition], chunk: Chunk) -> tuple[Floats, Integers]:
    """Return totals and ranks (draws, n); a city left out has NaN and rank 0.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero (convention 10).
    """
    draws, n = len(chunk.variant), chunk.city_in.shape[1]
    keys = _sorted_leaves(plan, chunk)
    totals, rounding, total_keys = np.empty((draws, n)), np.empty(draws), np.empty((draws, n), np.uint64)
    failed = score_draws(
        plan,
        chunk.variant,
        chunk.values,
        chunk.leaf_weight,
        chunk.drawn,
        chunk.leaf_in,
        chunk.city_in,
        keys,
        totals,
        rounding,
        total_keys,
    )
    if failed != -1:
        raise unscored(variants, failed)
    total_keys.sort(axis=1)
    ranks = np.empty((draws, n), np.int64)
    rank_draws(totals, rounding, total_keys, chunk.city_in, *encode_ranking(variants[0].ranking), ranks)
    return totals, ranks


def _sorted_leaves(plan: Plan, chunk: Chunk) -> Keys:
    """Return the sorted keys (row, n) of indicators normalised by rank; none where one matrix serves all draws."""
    leaves, n = chunk.values.shape[1:]
    methods = plan.normalisation[:, :leaves]
    by_rank = ((methods == RANK) | (methods == PERCENTILE_RANK)).sum(axis=1)
    rows = 0 if len(chunk.values) == 1 else int(by_rank[chunk.variant].sum())
    keys = np.empty((rows, n), np.uint64)
    if rows:
        pack_leaves(plan, chunk.variant, chunk.values, chunk.city_in, keys)
        keys.sort(axis=1)
    return keys
