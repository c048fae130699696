"""One draw through the tree of an index: orient and normalise the indicators, then climb node by node to the total.

Slots number the indicators first (0..L-1, in the order of the matrix), then the inner nodes (L..S-1), children before
their parent, so that the last slot is the index itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.kernels.aggregation import ARITHMETIC, SUM, aggregate, compares_cities
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.compiled import part
from simulator.kernels.keys import Keys, count_by_keys, position_mask
from simulator.kernels.lanes import extremes
from simulator.kernels.normalisation import HIGHER, NONE, by_rank, normalise, orient
from simulator.kernels.ranking import join_ties

ROUNDING = 1e-12
"""Share of the size of a sum's terms below which two scores of a node differ by rounding only."""

NOTHING_LEFT = -2
"""Returned instead of a node where a draw has no indicator left."""

UNDEFINED_SLOT = -3
"""Returned, less the slot, instead of a node where the normalisation of a slot is undefined."""


class Plan(NamedTuple):
    """An index as arrays. V variants (one combination of methods each), S slots, L indicators, n cities."""

    child_start: Integers
    """(nodes + 1): where the children of each node begin in `child`."""
    child: Integers
    """Slots of the children of all nodes, one node after the other."""
    direction: Integers
    """(L): +1, -1, or 0 for a target."""
    target: Floats
    """(L): the target where the direction is one."""
    normalisation: Integers
    """(V, S): code of the method that normalises each slot for its parent."""
    parameters: Floats
    """(V, S, P): parameters of that method."""
    run_end: Integers
    """(V, L): the first indicator behind each that is normalised otherwise, or L."""
    aggregation: Integers
    """(V, nodes): code of the method that aggregates the children of each node."""
    power: Floats
    """(V, nodes): power of that method where it is a generalised mean."""
    weight: Floats
    """(S): weight of each slot below its parent, as written."""
    scale: Floats
    """(V, S): what a share of a slot in a linear parent is multiplied with, so that the parent keeps its scale."""
    printed: Floats
    """(S, n): printed points of each slot, best first; zero where none are printed."""
    printed_city: Integers
    """(S, n): city of each printed number."""
    blanks: bool | np.bool_
    """Whether values may be NaN, which then share their weight (`simulator.kernels.blanks`)."""


@part
def sum_printed(plan: Plan, city_in: Flags, printed_sums: Floats) -> None:
    """Cumulate the printed numbers of the cities that take part, best first, into `printed_sums` (S, n + 1)."""
    slots, n = plan.printed.shape
    for slot in range(slots):
        for k in range(n + 1):
            printed_sums[slot, k] = 0.0
        if plan.printed[slot, 0] == 0.0 == plan.printed[slot, n - 1]:
            continue  # best first, so none is printed here
        k = 0
        for position in range(n):
            if city_in[plan.printed_city[slot, position]]:
                printed_sums[slot, k + 1] = printed_sums[slot, k] + plan.printed[slot, position]
                k += 1


@part
def find_coefficients(
    plan: Plan, variant: int, leaf_weight: Floats, drawn: bool, leaf_in: Flags, slot_weight: Floats, coefficient: Floats
) -> None:
    """Find what each slot's score is multiplied with (or its share) in its parent; 0 for a slot left out.

    With `drawn` weights, `leaf_weight` holds the weights of the indicators over the whole index, and a node weighs the
    sum of all below it (convention 6); otherwise the weights below each parent hold. Either way a node keeps its
    weight when an indicator below it is left out: a mean shares the weight among what is there, a sum loses the
    points. So drawn weights that hardly vary come to the same as those of the definition.
    """
    leaves = leaf_in.size
    for leaf in range(leaves):
        slot_weight[leaf] = leaf_weight[leaf] if drawn else plan.weight[leaf]
        coefficient[leaf] = 1.0 if leaf_in[leaf] else 0.0
    for node in range(plan.child_start.size - 1):
        slot = leaves + node
        children = plan.child[plan.child_start[node] : plan.child_start[node + 1]]
        everything = 0.0
        present = 0.0
        everything_scaled = 0.0
        present_scaled = 0.0
        for child in children:
            everything += slot_weight[child]
            present += slot_weight[child] * coefficient[child]
            everything_scaled += plan.scale[variant, child] * slot_weight[child]
            present_scaled += plan.scale[variant, child] * slot_weight[child] * coefficient[child]
        method = plan.aggregation[variant, node]
        for child in children:
            weight = slot_weight[child] * coefficient[child]
            if weight == 0.0:
                coefficient[child] = 0.0
            elif method == SUM and not drawn:
                coefficient[child] = weight
            elif method == SUM:
                coefficient[child] = plan.scale[variant, child] * (weight / everything)
            elif method == ARITHMETIC and drawn:
                shared = everything_scaled / present_scaled  # what is left out leaves its share to its siblings
                coefficient[child] = plan.scale[variant, child] * (weight / everything) * shared
            else:
                coefficient[child] = weight / present
        slot_weight[slot] = everything if drawn else plan.weight[slot]
        coefficient[slot] = 1.0 if present > 0.0 else 0.0


class Scratch(NamedTuple):
    """Room for one block of rows: L indicators, m cities."""

    oriented: Floats
    """(L, m)"""
    better: Integers
    """(L, m)"""
    same: Integers
    """(L, m)"""
    falling: Floats
    """(m)"""
    place: Integers
    """(n): column of each city, -1 of those that take no part."""


@part
def make_scratch(leaves: int, active: Integers, cities: int) -> Scratch:
    """Return scratch for so many indicators, and of so many cities those that are `active`."""
    place = np.full(cities, -1, np.int64)
    for k in range(active.size):
        place[active[k]] = k
    cities = active.size
    better, same = np.empty((leaves, cities), np.int64), np.empty((leaves, cities), np.int64)
    return Scratch(np.empty((leaves, cities)), better, same, np.empty(cities), place)


@part
def normalise_leaves(
    plan: Plan,
    variant: int,
    values: Floats,
    printed_sums: Floats,
    keys: Keys,
    row: int | np.int64,
    scratch: Scratch,
    normalised: Floats,
) -> int | np.int64:
    """Orient and normalise the indicators: `values` (L, n) into the first L rows of `normalised` (S, n).

    `keys` hold, from `row` on, sorted keys of each indicator that is normalised by rank, or no row at all where they
    are to be counted here. Returns the row behind those used, or `UNDEFINED_SLOT` less the first indicator of which its
    normalisation is undefined.
    """
    leaves = plan.direction.size
    mask = position_mask(scratch.falling.size)
    as_they_are = values.shape[1] == scratch.falling.size
    for leaf in range(leaves):
        as_they_are &= plan.direction[leaf] == HIGHER
    turned = values
    if not as_they_are:
        orient(values, plan.direction, plan.target, scratch.oriented)
        turned = scratch.oriented
    first = 0
    while first < leaves:
        end = plan.run_end[variant, first]
        method = plan.normalisation[variant, first]
        oriented = turned[first:end]
        better, same = scratch.better[first:end], scratch.same[first:end]
        counted = keys.shape[0] > 0 and by_rank(method)
        if counted:
            count_by_keys(keys[row : row + end - first], mask, oriented, scratch.falling, better, same)
            row += end - first
        undefined = normalise(
            oriented,
            method,
            plan.parameters[variant, first],
            printed_sums[first:end],
            better,
            same,
            counted,
            scratch.place,
            normalised[first:end],
        )
        if undefined != -1:
            return UNDEFINED_SLOT - first - undefined
        first = end
    return row


@part
def climb(
    plan: Plan,
    variant: int,
    coefficient: Floats,
    printed_sums: Floats,
    scratch: Scratch,
    normalised: Floats,
    scores: Floats,
    rounding: Floats,
) -> int:
    """Score the inner nodes, children before parents: `normalised` (S, n) into `scores` (nodes, n).

    `rounding` (nodes) takes the difference up to which two scores of a node are equal but for rounding; a node that is
    normalised again, or whose cities are compared, has such scores made equal first, or noise would be ranked.

    Returns -1, or the first node whose aggregation is undefined because a score is not above zero, or
    `NOTHING_LEFT` where every indicator is left out, or `UNDEFINED_SLOT` less the first node that cannot be normalised.
    """
    leaves = plan.direction.size
    n = scratch.falling.size
    score, better, same = scratch.oriented[:1], scratch.better[:1], scratch.same[:1]
    for node in range(plan.child_start.size - 1):
        children = plan.child[plan.child_start[node] : plan.child_start[node + 1]]
        method, power = plan.aggregation[variant, node], plan.power[variant, node]
        compared = compares_cities(method)
        for child in children:
            if child >= leaves and coefficient[child] != 0.0:
                if compared or plan.normalisation[variant, child] != NONE:
                    join_ties(scores[child - leaves, :n], rounding[child - leaves])
                for i in range(n):
                    score[0, i] = scores[child - leaves, i]
                undefined = normalise(
                    score,
                    plan.normalisation[variant, child],
                    plan.parameters[variant, child],
                    printed_sums[child : child + 1],
                    better,
                    same,
                    np.bool_(False),
                    scratch.place,
                    normalised[child : child + 1],
                )
                if undefined != -1:
                    return UNDEFINED_SLOT - int(child)
        if not _takes_part(children, coefficient):
            scores[node, :n] = np.nan
            if node == plan.child_start.size - 2:
                return NOTHING_LEFT
        elif not aggregate(method, power, normalised, children, coefficient, scores[node, :n]):
            return node
        rounding[node] = ROUNDING * (1.0 if compared else _size(normalised, children, coefficient, scratch.oriented))
    return -1


@part
def _size(normalised: Floats, children: Integers, coefficient: Floats, sizes: Floats) -> float:
    """Largest sum, over the cities, of coefficient × absolute score; the first row of `sizes` (…, n) is scratch."""
    for i in range(sizes.shape[1]):
        sizes[0, i] = 0.0
    for child in children:
        if coefficient[child] != 0.0:
            for i in range(sizes.shape[1]):
                sizes[0, i] += coefficient[child] * abs(normalised[child, i])
    largest: float = extremes(sizes, 0)[1]
    return largest


@part
def _takes_part(children: Integers, coefficient: Floats) -> bool:
    taking_part = False
    for child in children:
        taking_part |= coefficient[child] != 0.0
    return taking_part
