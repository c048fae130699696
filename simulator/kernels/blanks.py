"""Draws of a matrix with blank cells (NaN): what is blank takes no part, and its weight goes to what is there.

So the OECD/JRC Handbook (2008, doi:10.1787/9789264043466-en, step 3) lets missing data be left out case by case. An
indicator is normalised over the cities that have it. A node is aggregated, city by city, over the children that have a
score there (two cities are compared over those that both have); one without any is blank itself, and a city without a
total has no rank. Each method is the one of ordinary matrices, applied to what is present, and has the same bits where
nothing is blank.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulator.kernels.aggregation import SUM, aggregate, compares_cities
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.compiled import compiled, part
from simulator.kernels.keys import Keys, pack, position_mask
from simulator.kernels.normalisation import NONE, normalise, orient
from simulator.kernels.ranking import join_ties
from simulator.kernels.rows import copy_rows
from simulator.kernels.tree import NOTHING_LEFT, ROUNDING, UNDEFINED_SLOT, Plan, find_coefficients, sum_printed


class Gathered(NamedTuple):
    """Room for what is present in one row of at most n cities, each a line of memory of its own."""

    here: Integers
    """(n): positions of those present."""
    place: Integers
    """(n): for each city the other way round, its number among those present, or -1."""
    value: Floats
    better: Integers
    same: Integers
    out: Floats


@part
def make_gathered(n: int) -> Gathered:
    """Return room for n cities."""
    better, same = np.empty(n, np.int64), np.empty(n, np.int64)
    return Gathered(np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n), better, same, np.empty(n))


@compiled
def score_draws_with_blanks(
    plan: Plan,
    variant: Integers,
    values: Floats,
    leaf_weight: Floats,
    drawn: Flags,
    leaf_in: Flags,
    city_in: Flags,
    normalised: Floats,
    scores: Floats,
    totals: Floats,
    rounding: Floats,
    total_keys: Keys,
    ranked: Flags,
) -> int:
    """Score every draw as `score_draws` does, of values (draws or 1, L, n) some of which are NaN.

    `ranked` (draws, n) takes which cities have a total. No keys of indicators are needed. Returns as `score_draws`,
    `NOTHING_LEFT` where no city has a total.
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
    gathered = make_gathered(n)
    for draw in range(draws):
        here = city_in[draw if city_in.shape[0] > 1 else 0]
        if draw == 0 or city_in.shape[0] > 1:
            sum_printed(plan, here, printed_sums)
        v = variant[draw]
        if static and known[v]:
            copy_rows(kept[v], normalised)
        else:
            held = values[draw if values.shape[0] > 1 else 0]
            undefined = _normalise_leaves(plan, v, held, here, printed_sums, gathered, normalised)
            if undefined != -1:
                return UNDEFINED_SLOT - undefined
            if static:
                copy_rows(normalised[:leaves], kept[v])
                known[v] = True
        weights = leaf_weight[draw if leaf_weight.shape[0] > 1 else 0]
        leaf_here = leaf_in[draw if leaf_in.shape[0] > 1 else 0]
        own = drawn[draw if drawn.size > 1 else 0]
        find_coefficients(plan, v, weights, own, leaf_here, slot_weight, coefficient)
        failed = _climb(plan, v, coefficient, printed_sums, gathered, normalised, scores, node_rounding)
        if failed != -1:
            return failed
        rounding[draw] = node_rounding[-1]
        m = _gather(scores[-1], gathered)
        if m == 0:
            return NOTHING_LEFT
        pack(gathered.value[:m].reshape((1, m)), position_mask(m), total_keys[draw : draw + 1])
        for i in range(n):
            totals[draw, i] = scores[-1, i]
            ranked[draw, i] = not math.isnan(scores[-1, i])
    return -1


@part
def _gather(row: Floats, gathered: Gathered) -> int:
    """Take what is present of a row, in order, into `gathered`; return how many there are."""
    m = 0
    for i in range(row.size):
        gathered.place[i] = -1
        if not math.isnan(row[i]):
            gathered.here[m] = i
            gathered.place[i] = m
            gathered.value[m] = row[i]
            m += 1
    return m


@part
def _normalise_gathered(
    plan: Plan, variant: int, slot: int | np.int64, m: int, printed_sums: Floats, gathered: Gathered, out: Floats
) -> bool:
    """Normalise the m values gathered as a slot is normalised for its parent, into a row `out` (n), NaN elsewhere.

    Returns False where that is undefined.
    """
    for i in range(out.size):
        out[i] = math.nan
    if m > 0:
        undefined = normalise(
            gathered.value[:m].reshape((1, m)),
            plan.normalisation[variant, slot],
            plan.parameters[variant, slot],
            printed_sums[slot : slot + 1],
            gathered.better[:m].reshape((1, m)),
            gathered.same[:m].reshape((1, m)),
            np.bool_(False),
            gathered.place,
            gathered.out[:m].reshape((1, m)),
        )
        if undefined != -1:
            return False
        for k in range(m):
            out[gathered.here[k]] = gathered.out[k]
    return True


@part
def _normalise_leaves(
    plan: Plan,
    variant: int,
    values: Floats,
    city_in: Flags,
    printed_sums: Floats,
    gathered: Gathered,
    normalised: Floats,
) -> int:
    """Orient and normalise the indicators, each over the cities that take part and have it.

    Returns -1, or the first indicator of which that is undefined.
    """
    leaves, n = values.shape
    oriented = np.empty((leaves, n))
    orient(values, plan.direction, plan.target, oriented)
    for leaf in range(leaves):
        for i in range(n):
            if not city_in[i]:
                oriented[leaf, i] = math.nan
        m = _gather(oriented[leaf], gathered)
        if not _normalise_gathered(plan, variant, leaf, m, printed_sums, gathered, normalised[leaf]):
            return leaf
    return -1


@part
def _climb(
    plan: Plan,
    variant: int,
    coefficient: Floats,
    printed_sums: Floats,
    gathered: Gathered,
    normalised: Floats,
    scores: Floats,
    rounding: Floats,
) -> int:
    """Score the inner nodes as `tree.climb` does, city by city over the children that are present."""
    leaves = plan.direction.size
    slots, n = normalised.shape
    own = np.zeros(slots)
    column, single = np.empty((slots, 1)), np.empty(1)
    for node in range(plan.child_start.size - 1):
        children = plan.child[plan.child_start[node] : plan.child_start[node + 1]]
        method, power = plan.aggregation[variant, node], plan.power[variant, node]
        compared = compares_cities(method)
        for child in children:
            if child >= leaves and coefficient[child] != 0.0:
                m = _gather(scores[child - leaves], gathered)
                if compared or plan.normalisation[variant, child] != NONE:
                    join_ties(gathered.value[:m], rounding[child - leaves])
                if not _normalise_gathered(plan, variant, child, m, printed_sums, gathered, normalised[child]):
                    return UNDEFINED_SLOT - int(child)
        rounding[node] = ROUNDING if compared else 0.0
        if compared:
            aggregate(method, power, normalised, children, coefficient, scores[node])
            continue
        for i in range(n):
            scores[node, i] = math.nan
            if not _share_out(plan, variant, node, children, coefficient, normalised, i, own):
                continue
            size = 0.0
            for child in children:
                column[child, 0] = normalised[child, i]
                if own[child] != 0.0:
                    size += own[child] * abs(normalised[child, i])
            if not aggregate(method, power, column, children, own, single):
                return node
            scores[node, i] = single[0]
            rounding[node] = max(rounding[node], ROUNDING * size)
    return -1


@part
def _share_out(
    plan: Plan,
    variant: int,
    node: int,
    children: Integers,
    coefficient: Floats,
    normalised: Floats,
    city: int,
    own: Floats,
) -> bool:
    """Find the coefficients `own` of the children of a node that one city has; False where it has none.

    All keep their proportions, and weigh together what all children would: below a sum, in points of its scale.
    """
    everything = 0.0
    present = 0.0
    blank = False
    for child in children:
        weight = coefficient[child]
        if plan.aggregation[variant, node] == SUM and weight != 0.0:
            weight /= plan.scale[variant, child]
        everything += weight
        if weight != 0.0 and math.isnan(normalised[child, city]):
            own[child] = 0.0
            blank = True
        else:
            own[child] = coefficient[child]
            present += weight
    if blank and present > 0.0:
        for child in children:
            own[child] *= everything / present
    return present > 0.0
