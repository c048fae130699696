"""Definitions as the plain arrays that compiled functions take: methods as codes, the tree as slots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from simulator.construction.nominal import child_scales
from simulator.definition import Definition, Indicator, Node
from simulator.kernels import aggregation as aggregations
from simulator.kernels import normalisation as normalisations
from simulator.kernels import ranking
from simulator.kernels.arrays import Floats
from simulator.kernels.tree import Plan
from simulator.lookup import find_city
from simulator.methods import (
    AsGiven,
    DistanceToBest,
    DistanceToReference,
    DistanceToTarget,
    FractionOfBest,
    GeneralisedMean,
    MinMax,
    PercentileRank,
    Ranking,
    RankPoints,
    ZScore,
)
from simulator.names import CITY, INDICATOR, VALUE
from simulator.preparation import (
    ShareWeight,
)
from simulator.validation import Schema

TIE_CODES = {
    "better": ranking.BETTER,
    "worse": ranking.WORSE,
    "mean": ranking.MEAN,
    "no-gaps": ranking.NO_GAPS,
    "as-published": ranking.AS_PUBLISHED,
}
AGGREGATION_CODES = {
    "sum": aggregations.SUM,
    "arithmetic": aggregations.ARITHMETIC,
    "geometric": aggregations.GEOMETRIC,
    "harmonic": aggregations.HARMONIC,
    "median": aggregations.MEDIAN,
    "generalised": aggregations.GENERALISED,
    "copeland": aggregations.COPELAND,
    "outranking": aggregations.OUTRANKING,
}
DIRECTION_CODES = {
    "higher": normalisations.HIGHER,
    "lower": normalisations.LOWER,
    "target": normalisations.TARGET,
}


def encode(variants: Sequence[Definition], printed: xr.DataArray) -> Plan:
    """Return definitions of one tree, which differ in methods only, as the plan that kernels run.

    Parameters
    ----------
    variants
        One definition or more: same tree, same weights.
    printed
        Printed points (city × slot identifier) of the indicators and nodes that have any; `as-published` reads them.
        Its cities, and their names where it has them, are those among which a reference city is found.
    """
    first = variants[0]
    slots: list[Indicator | Node] = [*first.indicators, *first.nodes]
    number = {slot.id: position for position, slot in enumerate(slots)}
    starts = np.cumsum([0, *(len(node.children) for node in first.nodes)])
    methods = [[_encode_normalisation(definition, child, printed) for child in slots] for definition in variants]
    printed_points, printed_city = _sort_printed(slots, printed)
    return Plan(
        child_start=starts.astype(np.int64),
        child=np.array([number[child.id] for node in first.nodes for child in node.children], np.int64),
        direction=np.array([DIRECTION_CODES[leaf.direction] for leaf in first.indicators], np.int64),
        target=np.array([leaf.target or 0.0 for leaf in first.indicators], np.float64),
        normalisation=np.array([[code for code, _ in row] for row in methods], np.int64),
        parameters=np.array([[parameters for _, parameters in row] for row in methods], np.float64),
        run_end=np.array([_run_ends(row[: len(first.indicators)]) for row in methods], np.int64),
        aggregation=np.array(
            [[AGGREGATION_CODES[node.aggregate.method] for node in definition.nodes] for definition in variants],
            np.int64,
        ),
        power=np.array([[_power(node) for node in definition.nodes] for definition in variants], np.float64),
        weight=np.array([slot.weight for slot in slots], np.float64),
        scale=np.array([child_scales(definition) for definition in variants], np.float64),
        printed=printed_points,
        printed_city=printed_city,
        blanks=np.bool_(isinstance(first.imputation, ShareWeight)),
    )


def leaf_values(definition: Definition, matrix: xr.Dataset) -> Floats:
    """Return the values (indicator, city) of a matrix, indicators in the order of the definition (convention 2)."""
    leaves = [leaf.id for leaf in definition.indicators]
    chosen = (
        matrix[VALUE] if np.array_equal(matrix[INDICATOR].values, leaves) else matrix[VALUE].sel({INDICATOR: leaves})
    )
    # A table may hold its values read-only, of which everything would be compiled a second time.
    return np.require(chosen.transpose(INDICATOR, CITY).values, np.float64, ["C", "W"])


def encode_ranking(rule: Ranking) -> tuple[int, float, int]:
    """Return the code of the tie rule, the tolerance, and the decimals (-1 for none) of a ranking rule."""
    return TIE_CODES[rule.ties], rule.tolerance, -1 if rule.decimals is None else rule.decimals


def _encode_normalisation(
    definition: Definition, slot: Indicator | Node, printed: xr.DataArray
) -> tuple[int, list[float]]:
    """Return the code and parameters by which a slot is normalised for its parent; the index itself has none."""
    above = definition.ancestors[slot.id]
    if not above:
        return normalisations.NONE, [0.0] * normalisations.PARAMETERS
    parent = definition.node(above[-1])
    code, parameters = _encode_method(parent.normalise, slot, printed)
    return code, [*parameters, *[0.0] * (normalisations.PARAMETERS - len(parameters))]


def _run_ends(methods: Sequence[tuple[int, list[float]]]) -> list[int]:
    """Return, for each place in a row of encoded methods, the first behind it that holds another.

    >>> _run_ends([(1, [0.0]), (1, [0.0]), (3, [1.0])])
    [2, 2, 3]
    """
    ends = [len(methods)] * len(methods)
    for place in range(len(methods) - 2, -1, -1):
        ends[place] = ends[place + 1] if methods[place] == methods[place + 1] else place + 1
    return ends


def _encode_method(method: Schema, slot: Indicator | Node, printed: xr.DataArray) -> tuple[int, list[float]]:
    lower = float(isinstance(slot, Indicator) and slot.direction == "lower")
    match method:
        case AsGiven():
            return normalisations.NONE, []
        case RankPoints(ties=ties):
            return normalisations.RANK, [TIE_CODES[ties]]
        case PercentileRank(ties=ties):
            return normalisations.PERCENTILE_RANK, [TIE_CODES[ties]]
        case ZScore(divisor=divisor, mean=mean, sd=sd):
            return normalisations.Z_SCORE, [1.0 if divisor == "n-1" else 0.0, mean, sd]
        case MinMax(goalposts=goalposts, capped=capped, to=(start, end)):
            low, high = _oriented_goalposts(slot) if goalposts == "given" else (0.0, 0.0)
            return normalisations.MIN_MAX, [float(goalposts == "given"), low, high, start, end, float(capped)]
        case DistanceToBest():
            return normalisations.DISTANCE_TO_BEST, []
        case DistanceToTarget(capped=capped):
            return normalisations.DISTANCE_TO_TARGET, [_oriented_target(slot), float(capped)]
        case FractionOfBest():
            return normalisations.FRACTION_OF_BEST, [lower]
        case DistanceToReference(city=city):
            position = printed[CITY].values.tolist().index(find_city(printed, city))
            return normalisations.DISTANCE_TO_REFERENCE, [float(position), lower]
    raise TypeError(f"no kernel is known for the normalisation {method!r}")


def _power(node: Node) -> float:
    return node.aggregate.power if isinstance(node.aggregate, GeneralisedMean) else 0.0


def _oriented_goalposts(slot: Indicator | Node) -> tuple[float, float]:
    """Return the goalposts turned as the values are: larger is better."""
    if not isinstance(slot, Indicator) or slot.goalposts is None:
        raise TypeError(f"{slot.id} has no goalposts")
    low, high = slot.goalposts
    if slot.direction == "higher":
        return low, high
    if slot.direction == "lower":
        return -high, -low
    target = slot.target or 0.0
    return -max(abs(low - target), abs(high - target)), 0.0


def _oriented_target(slot: Indicator | Node) -> float:
    if not isinstance(slot, Indicator) or slot.target is None:
        raise TypeError(f"{slot.id} has no target")
    if slot.direction == "target":
        return 0.0
    return slot.target if slot.direction == "higher" else -slot.target


def _sort_printed(
    slots: Sequence[Indicator | Node], printed: xr.DataArray
) -> tuple[Floats, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Return each slot's printed points, best first, and the position of the city that has each."""
    cities = printed.sizes["city"]
    points = np.zeros((len(slots), cities))
    order = np.tile(np.arange(cities, dtype=np.int64), (len(slots), 1))
    known = {str(name): position for position, name in enumerate(printed["slot"].values)}
    for position, slot in enumerate(slots):
        if slot.id in known:
            column = printed.values[:, known[slot.id]]
            order[position] = np.argsort(-column, kind="stable")
            points[position] = column[order[position]]
    return points, order
