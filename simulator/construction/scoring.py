"""Values scored and ranked: compiled kernels, with NumPy's sort of keys between them.

The labelled call and a simulation both go through here, the one with a single draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.construction.encoding import encode_ranking
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.blanks import score_draws_with_blanks
from simulator.kernels.draws import pack_leaves, rank_draws, score_draws
from simulator.kernels.keys import Keys
from simulator.kernels.normalisation import PERCENTILE_RANK, RANK
from simulator.kernels.ranking import BETTER, rank_totals
from simulator.kernels.tree import Plan
from simulator.methods import Ranking


@dataclass(frozen=True)
class Chunk:
    """Some draws. An array with a single row serves all of them."""

    variant: Integers
    """(draws): which variant of the definition scores the draw."""
    values: Floats
    """(draws or 1, L, n)"""
    leaf_weight: Floats
    """(draws or 1, L): weights over the whole index; not read where weights are as defined."""
    drawn: Flags
    """(draws or 1): whether these weights hold, not those of the definition."""
    leaf_in: Flags
    """(draws or 1, L)"""
    city_in: Flags
    """(draws or 1, n)"""


@dataclass(frozen=True)
class Scored:
    """Scores of some draws."""

    failed: int
    """-1, or what `score_draws` returns of the first draw that cannot be scored; totals and ranks are none then."""
    totals: Floats
    """(draws, n): NaN for a city left out, or of which every cell that weighs anything is blank."""
    ranks: Integers
    """(draws, n): 0 for these cities."""
    normalised: Floats
    """(slots, n): scores of indicators and nodes as they enter their parents, in the last draw."""
    scores: Floats
    """(nodes, n): scores of the nodes in the last draw."""


def as_defined(values: Floats) -> Chunk:
    """Return the single draw of a matrix (L, n) in which everything is as the definition says."""
    leaves, n = values.shape
    return Chunk(
        variant=np.zeros(1, np.int64),
        values=values[np.newaxis],
        leaf_weight=np.zeros((1, leaves)),
        drawn=np.zeros(1, np.bool_),
        leaf_in=np.ones((1, leaves), np.bool_),
        city_in=np.ones((1, n), np.bool_),
    )


def score_chunk(plan: Plan, ranking: Ranking, chunk: Chunk) -> Scored:
    """Return scores and ranks of some draws, each by its variant of the plan."""
    draws, n = len(chunk.variant), chunk.city_in.shape[1]
    leaves, slots = plan.direction.size, plan.weight.size
    normalised, scores = np.zeros((slots, n)), np.empty((slots - leaves, n))
    totals, rounding, total_keys = np.empty((draws, n)), np.empty(draws), np.empty((draws, n), np.uint64)
    drawn = (
        plan,
        chunk.variant,
        chunk.values,
        chunk.leaf_weight,
        chunk.drawn,
        chunk.leaf_in,
        chunk.city_in,
    )
    found = (normalised, scores, totals, rounding, total_keys)
    ranked = chunk.city_in
    if plan.blanks and np.isnan(chunk.values).any():
        ranked = np.empty((draws, n), np.bool_)
        failed = score_draws_with_blanks(*drawn, *found, ranked)
    else:
        failed = score_draws(*drawn, _sorted_leaves(plan, chunk), *found)
    ranks = np.empty((draws, n), np.int64)
    if failed == -1:
        total_keys.sort(axis=1)
        rank_draws(totals, rounding, total_keys, ranked, *encode_ranking(ranking), ranks)
    return Scored(failed, totals, ranks, normalised, scores)


def places(scores: Floats) -> Integers:
    """Return the ranks of scores (city), 1 for the largest; those that differ by rounding only share the better place.

    >>> places(np.array([0.3, 0.1 + 0.2, 0.5])).tolist()
    [2, 2, 1]
    """
    rank, same = np.empty(len(scores), np.int64), np.empty(len(scores), np.int64)
    rank_totals(np.ascontiguousarray(scores), BETTER, Ranking().tolerance, 0.0, -1, rank, same)
    return rank


def _sorted_leaves(plan: Plan, chunk: Chunk) -> Keys:
    """Return the sorted keys (row, n) of indicators normalised by rank; none where one matrix serves several draws."""
    leaves, n = chunk.values.shape[1:]
    methods = plan.normalisation[:, :leaves]
    by_rank = ((methods == RANK) | (methods == PERCENTILE_RANK)).sum(axis=1)
    shared = len(chunk.values) < len(chunk.variant)
    rows = 0 if shared else int(by_rank[chunk.variant].sum())
    keys = np.empty((rows, n), np.uint64)
    if rows:
        pack_leaves(plan, chunk.variant, chunk.values, chunk.city_in, keys)
        keys.sort(axis=1)
    return keys
