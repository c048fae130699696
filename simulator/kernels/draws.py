"""Many draws: score and rank each realised matrix under its own weights, methods and omissions."""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.compiled import compiled
from simulator.kernels.ranking import rank_totals
from simulator.kernels.tree import Plan, climb, find_coefficients, normalise_leaves, sum_printed


@compiled
def perturb(leaves: Integers, scale: Floats, noise: Floats, source: Integers, out: Floats) -> None:
    """Add to `out` (draws, L, n) noise times its scale, for some leaves; cells of the same `source` share an error.

    `scale` is (draws or 1, len(leaves), n), `source` (len(leaves), n), `noise` (draws, len(leaves), n); `source[k, i]`
    is the city whose noise city i takes.
    """
    for draw in range(noise.shape[0]):
        size = scale[draw if scale.shape[0] > 1 else 0]
        for k in range(leaves.size):
            for i in range(noise.shape[2]):
                out[draw, leaves[k], i] += size[k, i] * noise[draw, k, source[k, i]]


@compiled
def score_draws(
    plan: Plan,
    variant: Integers,
    values: Floats,
    leaf_weight: Floats,
    drawn: Flags,
    leaf_in: Flags,
    city_in: Flags,
    ties: int,
    tolerance: float,
    decimals: int,
    totals: Floats,
    ranks: Integers,
) -> int:
    """Score every draw into `totals` and `ranks` (draws, n); a city left out gets NaN and rank 0.

    `values` (draws, L, n), `leaf_weight` (draws, L), `drawn` (draws: whether these weights hold, not the defined ones),
    `leaf_in` (draws, L) and `city_in` (draws, n) may have a single row, which then serves all draws. Returns -1, or
    what `climb` returns of the first draw that cannot be scored.
    """
    draws, n = ranks.shape
    leaves = plan.direction.size
    slots = plan.weight.size
    variants = plan.normalisation.shape[0]
    static = values.shape[0] == 1 and city_in.shape[0] == 1
    kept = np.empty((variants if static else 0, leaves, n))
    known = np.zeros(variants, np.bool_)
    printed_sums = np.zeros((slots, n + 1))
    normalised = np.zeros((slots, n))
    scores = np.empty((slots - leaves, n))
    rounding = np.zeros(slots - leaves)
    coefficient = np.zeros(slots)
    slot_weight = np.zeros(slots)
    matrix = np.empty((leaves, n))
    active = np.empty(n, np.int64)
    oriented = np.empty(n)
    better = np.empty(n, np.int64)
    same = np.empty(n, np.int64)
    m = 0
    for draw in range(draws):
        if draw == 0 or city_in.shape[0] > 1:
            m = _list_active(city_in[draw], active)
            sum_printed(plan, city_in[draw], printed_sums)
        v = variant[draw]
        if static and known[v]:
            normalised[:leaves] = kept[v]
        else:
            _gather(values[draw if values.shape[0] > 1 else 0], active[:m], matrix)
            normalise_leaves(plan, v, matrix, printed_sums, oriented[:m], better[:m], same[:m], normalised)
            if static:
                kept[v] = normalised[:leaves]
                known[v] = True
        weights = leaf_weight[draw if leaf_weight.shape[0] > 1 else 0]
        present = leaf_in[draw if leaf_in.shape[0] > 1 else 0]
        own = drawn[draw if drawn.size > 1 else 0]
        find_coefficients(plan, v, weights, own, present, slot_weight, coefficient)
        failed = climb(plan, v, coefficient, printed_sums, better[:m], same[:m], normalised, scores, rounding)
        if failed != -1:
            return failed
        rank_totals(scores[-1, :m], ties, tolerance, rounding[-1], decimals, better[:m], same[:m])
        _scatter(scores[-1], better, active[:m], totals[draw], ranks[draw])
    return -1


@compiled
def _list_active(city_in: Flags, active: Integers) -> int:
    m = 0
    for i in range(city_in.size):
        if city_in[i]:
            active[m] = i
            m += 1
    return m


@compiled
def _gather(values: Floats, active: Integers, matrix: Floats) -> None:
    for leaf in range(values.shape[0]):
        for k in range(active.size):
            matrix[leaf, k] = values[leaf, active[k]]


@compiled
def _scatter(scores: Floats, rank: Integers, active: Integers, totals: Floats, ranks: Integers) -> None:
    totals[:] = np.nan
    ranks[:] = 0
    for k in range(active.size):
        totals[active[k]] = scores[k]
        ranks[active[k]] = rank[k]


@compiled
def score_matrix(
    plan: Plan, values: Floats, ties: int, tolerance: float, decimals: int
) -> tuple[Floats, Floats, Integers, int]:
    """Score a matrix (L, n) by the first variant: normalised (L, n), scores (nodes, n), rank (n), failed node or -1."""
    leaves, n = values.shape
    slots = plan.weight.size
    printed_sums = np.zeros((slots, n + 1))
    normalised = np.zeros((slots, n))
    scores = np.empty((slots - leaves, n))
    rounding = np.zeros(slots - leaves)
    coefficient = np.zeros(slots)
    oriented = np.empty(n)
    better = np.empty(n, np.int64)
    same = np.empty(n, np.int64)
    sum_printed(plan, np.ones(n, np.bool_), printed_sums)
    normalise_leaves(plan, 0, values, printed_sums, oriented, better, same, normalised)
    find_coefficients(plan, 0, np.zeros(leaves), False, np.ones(leaves, np.bool_), np.zeros(slots), coefficient)
    failed = climb(plan, 0, coefficient, printed_sums, better, same, normalised, scores, rounding)
    if failed == -1:
        rank_totals(scores[-1], ties, tolerance, rounding[-1], decimals, better, same)
    return normalised[:leaves].copy(), scores, better, failed
