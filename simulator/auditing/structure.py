"""The inner structure of an index: how its dimensions and indicators spread, agree, and weigh in the total.

A dimension is here what stands right below the index; an indicator that stands there is a dimension of its own. The
figures follow the OECD/JRC Handbook on Constructing Composite Indicators (2008, doi:10.1787/9789264043466-en).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.auditing.moments import (
    correlations,
    cronbach_alpha,
    deviation,
    paired_correlations,
    shares_of_variance,
    steadied,
)
from simulator.construction.composite import score
from simulator.construction.nominal import LINEAR, node_masses, nominal_weights
from simulator.construction.scoring import places
from simulator.definition import Definition, Indicator, Node
from simulator.index import Index
from simulator.kernels.arrays import Floats
from simulator.methods import AsGiven

FIRST: Final = 10
"""Up to this rank in every dimension a city is among the first everywhere."""

NOT_ADDED: Final = "the index does not add up its {level}s: a share of the total's variance is not defined"
"""Why there are no effective weights, where there are none."""


def structure(index: Index, scored: xr.Dataset) -> xr.Dataset:
    """Return the inner structure of an index, from the scores of its dimensions and indicators.

    Parameters
    ----------
    index
        The index.
    scored
        Its scores, as `Index.score` returns them.

    Returns
    -------
    xr.Dataset
        The axis `node` holds the dimensions (see the module); `indicator` has the coordinate `dimension`, the one it
        belongs to. Figures that are undefined, such as the correlation of a constant, are NaN.

        On (city, node): `score`, and `node_rank` (1 is the best; equal scores share the better). On (node):
        `score_mean`, `score_sd` (divisor n - 1), `score_range`; `node_alpha`, Cronbach's alpha of the dimension's
        indicators. On (node, other_node): `node_correlation`, Pearson. On (city): `unevenness`, the standard deviation
        (divisor n - 1) of the city's dimension scores; `first_everywhere`, whether it is among the first ten in every
        dimension, false for all where there are no more than ten cities. Without axis: `cronbach_alpha` of the
        dimensions.

        On (indicator, other_indicator): `indicator_correlation`, Pearson of the normalised scores. On (indicator):
        `constant`.

        On (node) and on (indicator), with `node_` before the name there: `nominal_weight`; `effective_weight`, the
        share of the total's variance; `squared_correlation` with the total; `rest_correlation`, with the total of the
        others. The attributes `no_effective_weight` and `no_node_effective_weight` say why there is none, or nothing.

    Notes
    -----
    With x_i the normalised score of part i, w_i its nominal weight and y = sum of w_i x_i the total but for its scale,
    the effective weight is cov(w_i x_i, y) / var(y), and the weights sum to 1. The squared Pearson correlation
    corr(x_i, y)² is the importance of Paruolo, Saisana and Saltelli (2013), doi:10.1111/j.1467-985X.2012.01059.x, in
    its linear form. The rest is y - w_i x_i. In an index that is not additive y is only the reference for the rest;
    the squared correlation is then that with the total as scored.

    Cronbach (1951), doi:10.1007/BF02310555, on scores as they are, without weights: of the dimensions as they enter
    the index, and of the normalised indicators.

    Examples
    --------
    >>> import simulator as sim
    >>> index = sim.load_index("opportunity-2025")
    >>> told = structure(index, index.score())
    >>> told["city"].values[told["first_everywhere"].values].tolist()
    ['shanghai', 'hangzhou']
    """
    definition, total = index.definition, scored[names.TOTAL].values
    nodes, leaves = [child.id for child in definition.index.children], [leaf.id for leaf in definition.indicators]
    scores, entering = _dimension_scores(index, scored)
    normalised = scored[names.NORMALISED].sel({names.INDICATOR: leaves}).values
    weight = nominal_weights(definition)
    slopes = _slopes(definition, weight)
    home = [(*definition.ancestors[leaf], leaf)[1] for leaf in leaves]
    of_dimensions, of_indicators = _adds_up(definition), _adds_up(definition, indicators=True)
    figures = {
        **_profiles(scores),
        **_agreement(entering, normalised, nodes, home),
        **_weights("node_", names.NODE, entering, weight, slopes, nodes, None if of_dimensions else total),
        **_weights("", names.INDICATOR, normalised, weight, slopes, leaves, None if of_indicators else total),
        names.NODE_CORRELATION: ((names.NODE, names.OTHER_NODE), correlations(scores, scores)),
        names.CONSTANT: (names.INDICATOR, scored[names.CONSTANT].sel({names.INDICATOR: leaves}).values),
    }
    named = [name for name in (names.CITY, names.CITY_NAME_EN, names.CITY_NAME_ZH) if name in scored.coords]
    coordinates = {
        **{name: scored[name] for name in named},
        names.NODE: nodes,
        names.NODE_NAME_EN: (names.NODE, [child.name.en or child.id for child in definition.index.children]),
        names.NODE_NAME_ZH: (names.NODE, [child.name.zh or child.id for child in definition.index.children]),
        names.OTHER_NODE: nodes,
        names.INDICATOR: leaves,
        names.OTHER_INDICATOR: leaves,
        names.DIMENSION: (names.INDICATOR, home),
    }
    reasons = {
        "no_node_effective_weight": "" if of_dimensions else NOT_ADDED.format(level="dimension"),
        "no_effective_weight": "" if of_indicators else NOT_ADDED.format(level="indicator"),
    }
    return xr.Dataset(figures, coords=coordinates, attrs=reasons)


Figures = dict[str, tuple[str | tuple[str, ...], np.ndarray[Any, Any]]]


def _dimension_scores(index: Index, scored: xr.Dataset) -> tuple[Floats, Floats]:
    """Return the scores of the dimensions (city, node), and the same as they enter the index, normalised for it.

    A dimension that is an indicator has its normalised score as its score.
    """
    definition = index.definition
    root = definition.index
    # The index over its dimensions, as if they were indicators, normalises them as the whole index does.
    children = tuple(
        child if isinstance(child, Indicator) else Indicator(id=child.id, weight=child.weight)
        for child in root.children
    )
    values = [
        scored[names.SCORE].sel({names.NODE: child.id}).values
        if isinstance(child, Node)
        else index.matrix[names.VALUE].sel({names.INDICATOR: child.id}).values
        for child in root.children
    ]
    top = definition.replace(
        index=root.model_copy(update={"children": children}), levels=(definition.levels[0], definition.levels[-1])
    )
    matrix = xr.DataArray(
        np.column_stack(values),
        dims=(names.CITY, names.INDICATOR),
        coords={names.CITY: index.cities, names.INDICATOR: [child.id for child in children]},
    )
    entering = score(top, matrix.to_dataset(name=names.VALUE), index.printed)[names.NORMALISED].values
    inner = np.array([isinstance(child, Node) for child in root.children])
    return np.where(inner, matrix.values, entering), entering


def _adds_up(definition: Definition, indicators: bool = False) -> bool:
    """Return whether the total is a weighted sum of its dimensions; or of all indicators, without further methods."""
    root = definition.index
    if not indicators:
        return root.aggregate.method in LINEAR
    return all(
        node.aggregate.method in LINEAR
        and (isinstance(node.normalise, AsGiven) or not any(isinstance(child, Node) for child in node.children))
        for node in definition.nodes
    )


def _profiles(scores: Floats) -> Figures:
    """Return how each dimension spreads over the cities, and each city over the dimensions."""
    cities = len(scores)
    ranks = np.column_stack([places(column) for column in scores.T])
    among_first = np.asarray((ranks <= FIRST).all(axis=1) & (cities > FIRST))
    return {
        names.SCORE: ((names.CITY, names.NODE), scores),
        names.NODE_RANK: ((names.CITY, names.NODE), ranks),
        names.SCORE_MEAN: (names.NODE, scores.mean(axis=0)),
        names.SCORE_SD: (names.NODE, deviation(scores)),
        names.SCORE_RANGE: (names.NODE, np.ptp(scores, axis=0)),
        names.UNEVENNESS: (names.CITY, deviation(scores, axis=1)),
        names.FIRST_EVERYWHERE: (names.CITY, among_first),
    }


def _agreement(entering: Floats, normalised: Floats, nodes: list[str], home: list[str]) -> Figures:
    """Return the correlations of the indicators, and Cronbach's alpha of the index and of each dimension."""
    alphas = [cronbach_alpha(normalised[:, np.array(home) == node]) for node in nodes]
    return {
        names.INDICATOR_CORRELATION: ((names.INDICATOR, names.OTHER_INDICATOR), correlations(normalised, normalised)),
        names.NODE_ALPHA: (names.NODE, np.array(alphas)),
        names.ALPHA: ((), np.array(cronbach_alpha(entering))),
    }


def _slopes(definition: Definition, weight: Mapping[str, float]) -> dict[str, float]:
    """Return what a point of each indicator and dimension adds to the total, but for the scale of the total."""
    root, mass = definition.index, node_masses(definition)
    as_given = {child.id for child in root.children if isinstance(child, Node) and isinstance(root.normalise, AsGiven)}
    return {part: share / mass[part] if part in as_given else share for part, share in weight.items()}


def _weights(
    prefix: str,
    axis: str,
    entering: Floats,
    weight: Mapping[str, float],
    slopes: Mapping[str, float],
    members: list[str],
    total: Floats | None,
) -> Figures:
    """Return nominal and effective weights of the members of an axis, and their correlations with total and rest.

    A `total` is given where it is not the sum of the members.
    """
    parts = entering * np.array([slopes[member] for member in members])
    whole = steadied(parts.sum(axis=1), parts)
    rest = steadied(whole[:, np.newaxis] - parts, parts)
    effective = shares_of_variance(parts, whole) if total is None else np.full(len(members), np.nan)
    towards = correlations(entering, (whole if total is None else total)[:, np.newaxis])[:, 0]
    return {
        prefix + names.NOMINAL_WEIGHT: (axis, np.array([weight[member] for member in members])),
        prefix + names.EFFECTIVE_WEIGHT: (axis, effective),
        prefix + names.SQUARED_CORRELATION: (axis, towards**2),
        prefix + names.REST_CORRELATION: (axis, paired_correlations(entering, rest)),
    }
