"""Many draws: score and rank each realised matrix under its own weights, methods and omissions."""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.compiled import compiled, part
from simulator.kernels.keys import Keys, all_differ, pack, position_mask, settle
from simulator.kernels.normalisation import by_rank, orient
from simulator.kernels.ranking import rank_in_order
from simulator.kernels.rows import copy_rows
from simulator.kernels.tree import (
    Plan,
    climb,
    find_coefficients,
    make_scratch,
    normalise_leaves,
    sum_printed,
)


@compiled
def pack_leaves(plan: Plan, variant: Integers, values: Floats, city_in: Flags, keys: Keys) -> None:
    """Write the keys (row, n) of every indicator that is normalised by rank, draw by draw; see `normalise_leaves`.

    `variant` is (draws), `values` (draws, L, n), `city_in` (draws or 1, n).
    """
    leaves, n = values.shape[1:]
    active = np.empty(n, np.int64)
    matrix = np.empty((leaves, n))
    oriented = np.empty((leaves, n))
    m = 0
    row = 0
    for draw in range(variant.size):
        if draw == 0 or city_in.shape[0] > 1:
            m = _list_active(city_in[draw], active)
            oriented = np.empty((leaves, m))
        mask = position_mask(m)
        present = _present(values[draw], active[:m], matrix)
        orient(present, plan.direction, plan.target, oriented)
        first = 0
        while first < leaves:
            end = plan.run_end[variant[draw], first]
            if by_rank(plan.normalisation[variant[draw], first]):
                pack(oriented[first:end], mask, keys[row : row + end - first])
                row += end - first
            first = end


@compiled
def score_draws(
    plan: Plan,
    variant: Integers,
    values: Floats,
    leaf_weight: Floats,
    drawn: Flags,
    leaf_in: Flags,
    city_in: Flags,
    keys: Keys,
    normalised: Floats,
    scores: Floats,
    totals: Floats,
    rounding: Floats,
    total_keys: Keys,
) -> int:
    """Score every draw into `totals` (draws, n); a city left out gets NaN.

    `values` (draws, L, n), `leaf_weight` (draws, L), `drawn` (draws: whether these weights hold, not the defined ones),
    `leaf_in` (draws, L) and `city_in` (draws, n) may have a single row, which then serves all draws. `keys` are those
    of `pack_leaves`, each row sorted, or have no row where values serve all draws. `rounding` (draws) takes the
    difference of totals that is rounding only, `total_keys` (draws, n) the keys of the totals, to be sorted.
    `normalised` (S, n) and `scores` (nodes, n) hold, in the end, those of the last draw.

    Returns -1, or what `climb` returns of the first draw that cannot be scored.
    """
    draws, n = totals.shape
    leaves = plan.direction.size
    slots = plan.weight.size
    variants = plan.normalisation.shape[0]
    static = values.shape[0] == 1 and city_in.shape[0] == 1
    kept = np.empty((variants if static else 0, leaves, n))
    known = np.zeros(variants, np.bool_)
    printed_sums = np.zeros((slots, n + 1))
    node_rounding = np.zeros(slots - leaves)
    coefficient = np.zeros(slots)
    slot_weight = np.zeros(slots)
    matrix = np.empty((leaves, n))
    active = np.empty(n, np.int64)
    scratch = make_scratch(leaves, active[:0], n)
    m = 0
    row: int | np.int64 = np.int64(0)  # of that type from the beginning, or it is compiled twice
    for draw in range(draws):
        if draw == 0 or city_in.shape[0] > 1:
            m = _list_active(city_in[draw], active)
            sum_printed(plan, city_in[draw], printed_sums)
            scratch = make_scratch(leaves, active[:m], n)
        v = variant[draw]
        if static and known[v]:
            copy_rows(kept[v], normalised)
        else:
            present = _present(values[draw if values.shape[0] > 1 else 0], active[:m], matrix)
            row = normalise_leaves(plan, v, present, printed_sums, keys, row, scratch, normalised)
            if row < 0:
                return int(row)
            if static:
                copy_rows(normalised[:leaves], kept[v])
                known[v] = True
        weights = leaf_weight[draw if leaf_weight.shape[0] > 1 else 0]
        leaf_here = leaf_in[draw if leaf_in.shape[0] > 1 else 0]
        own = drawn[draw if drawn.size > 1 else 0]
        find_coefficients(plan, v, weights, own, leaf_here, slot_weight, coefficient)
        failed = climb(plan, v, coefficient, printed_sums, scratch, normalised, scores, node_rounding)
        if failed != -1:
            return failed
        rounding[draw] = node_rounding[-1]
        for k in range(m):
            scratch.oriented[0, k] = scores[-1, k]
        pack(scratch.oriented[:1], position_mask(m), total_keys[draw : draw + 1])
        _scatter(scores[-1], active[:m], totals[draw])
    return -1


@compiled
def rank_draws(
    totals: Floats,
    rounding: Floats,
    total_keys: Keys,
    city_in: Flags,
    ties: int,
    tolerance: float,
    decimals: int,
    ranks: Integers,
) -> None:
    """Rank the totals of `score_draws` into `ranks` (draws, n), from their keys, each row sorted; 0 for a city out."""
    draws, n = totals.shape
    active = np.empty(n, np.int64)
    present = np.empty((1, n))
    falling = np.empty(n)
    order = np.empty(n, np.int64)
    same = np.empty(n, np.int64)
    m = 0
    for draw in range(draws):
        if draw == 0 or city_in.shape[0] > 1:
            m = _list_active(city_in[draw], active)
        mask = position_mask(m)
        for k in range(m):
            present[0, k] = totals[draw, active[k]]
        if not all_differ(total_keys, draw, mask, m):
            settle(total_keys[draw : draw + 1], np.int64(0), mask, present, falling[:m])
        for k in range(m):
            order[k] = active[total_keys[draw, k] & mask]
        for i in range(n):
            ranks[draw, i] = 0
        rank_in_order(totals[draw], order[:m], ties, tolerance, rounding[draw], decimals, ranks[draw], same)


@part
def _list_active(city_in: Flags, active: Integers) -> int:
    m = 0
    for i in range(city_in.size):
        if city_in[i]:
            active[m] = i
            m += 1
    return m


@part
def _present(values: Floats, active: Integers, matrix: Floats) -> Floats:
    """Return values (L, n) whose first columns are the active cities: as they are where all are, else in `matrix`."""
    if active.size == values.shape[1]:
        return values
    for leaf in range(values.shape[0]):
        for k in range(active.size):
            matrix[leaf, k] = values[leaf, active[k]]
    return matrix


@part
def _scatter(scores: Floats, active: Integers, totals: Floats) -> None:
    for i in range(totals.size):
        totals[i] = np.nan
    for k in range(active.size):
        totals[active[k]] = scores[k]
