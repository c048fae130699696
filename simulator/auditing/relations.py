"""How members go with one another, with their parent and with the total, at every level of an index."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.auditing.pairwise import pairwise_alpha, pairwise_correlations
from simulator.auditing.structure import Figures
from simulator.construction.nominal import nominal_weights
from simulator.definition import Definition
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats

SHARE_WANTED: Final = 0.6
"""Share of the variance that components are to explain together; the handbook's common rule (2008, step 4)."""

ABOVE_ONE: Final = 1.0 + 1e-9
"""Eigenvalue from which a component counts (Kaiser); what is above 1 by rounding only does not."""


def relations(index: Index, scored: xr.Dataset, inner: xr.Dataset) -> xr.Dataset:
    """Return correlations, consistency, components and weights of the members of every node.

    Parameters
    ----------
    index, scored
        The index and its scores, as `Index.score` returns them; a blank cell has the score NaN.
    inner
        Its inner structure, as `simulator.auditing.structure.structure` returns it; without variables where there is
        none, and effective weights are NaN then.

    Returns
    -------
    xr.Dataset
        The axis `slot` holds the indicators, then the nodes, the index itself last, with `level` and `parent`.

        On (slot, other_slot): `correlation`, Pearson over the cities that have both, of the normalised scores of
        indicators and the scores of nodes; `sibling`, whether both have the same parent. On (slot):
        `parent_correlation`, `total_correlation`; `nominal_weight` in the whole index; `effective_weight`, the share of
        the total's variance; `first_loading`, the correlation with the first principal component of its siblings and
        itself.

        On (node): `member_count`; `member_alpha`, Cronbach's alpha of these; `first_share`, the first
        component's share of their variance; `components_above_one`; `components_needed` for 60 % of the variance. On
        (node, component): `eigenvalue`, largest first. Undefined figures are NaN, undefined counts 0.

    Notes
    -----
    Principal components are those of the correlations of a node's direct members, which sum to their number; constant
    members stand aside. With v the eigenvector of eigenvalue λ the loading is v sqrt(λ), its sign such that loadings
    sum to no less than 0. With blank cells the correlations are pairwise and small eigenvalues may be negative.
    OECD/JRC Handbook (2008), step 4.

    The effective weight of a node is the sum of those of the indicators below it, as covariances with the total add
    up; see `structure` for these and for where they are not defined.

    Examples
    --------
    >>> import simulator as sim
    >>> from simulator.auditing.structure import structure
    >>> index = sim.load_index("opportunity-2025")
    >>> scored = index.score()
    >>> told = relations(index, scored, structure(index, scored))
    >>> str(told["slot"].values[-1]), float(told["total_correlation"][-1].round(6))
    ('total', 1.0)
    """
    definition = index.definition
    slots = list(definition.slots)
    parents = np.array([(definition.ancestors[slot] or ("",))[-1] for slot in slots])
    scores = _scores(definition, scored)
    found = pairwise_correlations(scores, scores)
    place = {slot: number for number, slot in enumerate(slots)}
    towards = np.array([found[number, place[parent]] if parent else np.nan for number, parent in enumerate(parents)])
    both, weight = (names.SLOT, names.OTHER_SLOT), nominal_weights(definition)
    sibling = (parents[:, np.newaxis] == parents) & ~np.eye(len(slots), dtype=np.bool_)
    figures: Figures = {
        names.CORRELATION: (both, found),
        names.SIBLING: (both, sibling),
        names.PARENT_CORRELATION: (names.SLOT, towards),
        names.TOTAL_CORRELATION: (names.SLOT, found[:, -1]),
        names.NOMINAL_WEIGHT: (names.SLOT, np.array([weight[slot] for slot in slots])),
        names.EFFECTIVE_WEIGHT: (names.SLOT, effective_by_slot(definition, inner)),
        **_by_node(definition, parents, scores, found),
    }
    return xr.Dataset(
        figures,
        coords={
            names.SLOT: slots,
            names.OTHER_SLOT: slots,
            names.LEVEL: (names.SLOT, [definition.level(slot) for slot in slots]),
            names.PARENT: (names.SLOT, parents),
            names.NODE: [node.id for node in definition.nodes],
        },
    )


def effective_by_slot(definition: Definition, inner: xr.Dataset) -> Floats:
    """Return the effective weights of indicators and nodes, in the order of the slots; NaN where not defined."""
    known: dict[str, float] = {definition.index.id: 1.0}
    if names.EFFECTIVE_WEIGHT not in inner:
        return np.full(len(definition.slots), np.nan)
    of_leaves = inner[names.EFFECTIVE_WEIGHT].to_series().to_dict()
    of_dimensions = inner["node_" + names.EFFECTIVE_WEIGHT].to_series().to_dict()
    for leaf, share in of_leaves.items():
        known[str(leaf)] = float(share)
    for node in definition.nodes[:-1]:
        known[node.id] = sum(known[child.id] for child in node.children)
    for dimension, share in of_dimensions.items():
        if np.isfinite(share):
            known[str(dimension)] = float(share)
    return np.array([known[slot] for slot in definition.slots])


def components(found: Floats) -> tuple[Floats, Floats]:
    """Return the eigenvalues (k), largest first, of correlations (k, k), and the loadings (k) of the first component.

    Members whose correlation with themselves is undefined, as they are constant, stand aside: there are fewer
    eigenvalues then, and their loading is NaN. All is NaN where a correlation of the others is undefined.

    >>> values, loadings = components(np.array([[1.0, 0.5], [0.5, 1.0]]))
    >>> values.round(6).tolist(), loadings.round(6).tolist()
    ([1.5, 0.5], [0.866025, 0.866025])
    """
    loadings = np.full(len(found), np.nan)
    varied = np.flatnonzero(~np.isnan(np.diagonal(found)))
    chosen = found[np.ix_(varied, varied)]
    if not chosen.size or np.isnan(chosen).any():
        return np.full(0, np.nan), loadings
    values, vectors = np.linalg.eigh(chosen)
    first = vectors[:, -1] * np.sqrt(max(float(values[-1]), 0.0))
    loadings[varied] = first if first.sum() >= 0.0 else -first
    return values[::-1], loadings


def _scores(definition: Definition, scored: xr.Dataset) -> Floats:
    """Return the scores (city, slot) of indicators, normalised, and of nodes, the total last."""
    leaves, nodes = [leaf.id for leaf in definition.indicators], [node.id for node in definition.nodes]
    normalised = scored[names.NORMALISED].transpose(names.CITY, names.INDICATOR).sel({names.INDICATOR: leaves}).values
    of_nodes = scored[names.SCORE].transpose(names.CITY, names.NODE).sel({names.NODE: nodes[:-1]}).values
    return np.column_stack([normalised, of_nodes, scored[names.TOTAL].values])


def _by_node(definition: Definition, parents: np.ndarray, scores: Floats, found: Floats) -> Figures:
    """Return alpha and principal components of the members of each node."""
    nodes = definition.nodes
    members = [np.flatnonzero(parents == node.id) for node in nodes]
    most = max(len(one) for one in members)
    eigenvalues, loadings = np.full((len(nodes), most), np.nan), np.full(len(parents), np.nan)
    share = np.full(len(nodes), np.nan)
    above, needed = np.zeros(len(nodes), np.int64), np.zeros(len(nodes), np.int64)
    for number, own in enumerate(members):
        values, loadings[own] = components(found[np.ix_(own, own)])
        eigenvalues[number, : len(values)] = values
        if len(values):
            share[number], above[number] = values[0] / len(values), np.count_nonzero(values > ABOVE_ONE)
            explained = np.cumsum(values) / len(values)
            needed[number] = np.argmax(explained >= SHARE_WANTED - 1e-9) + 1
    return {
        names.MEMBERS: (names.NODE, np.array([len(own) for own in members], np.int64)),
        names.MEMBER_ALPHA: (names.NODE, np.array([pairwise_alpha(scores[:, own]) for own in members])),
        names.FIRST_SHARE: (names.NODE, share),
        names.COMPONENTS_ABOVE_ONE: (names.NODE, above),
        names.COMPONENTS_NEEDED: (names.NODE, needed),
        names.EIGENVALUE: ((names.NODE, names.COMPONENT), eigenvalues),
        names.FIRST_LOADING: (names.SLOT, loadings),
    }


def siblings(told: xr.Dataset, node: str) -> Flags:
    """Return which slots are the members of a node."""
    found: Flags = told[names.PARENT].values == node
    return found
