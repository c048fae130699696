"""Weights that the data themselves suggest: by principal components, entropy, and contrast with conflict.

Each takes scores (member, city), larger being better, and returns weights (member) that are not negative and sum to 1.
None knows what matters; they tell where cities differ, or what goes together (Handbook, step 6).
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from simulator.kernels.arrays import Floats

LEAST_EIGENVALUE = 1.0
"""Eigenvalue from which a component is kept: it explains more than one indicator does."""

LEAST_SHARE = 0.10
"""Share of the variance from which a component is kept."""

LEAST_TOGETHER = 0.60
"""Share of the variance that the components kept explain together, if need be by more of them."""

ROUNDS = 1000
"""Most rounds of a rotation, which ends long before."""

TURNED = 1e-10
"""Angle below which a rotation has come to its end."""


def component_weights(scores: Floats) -> Floats:
    """Return weights by rotated principal components, after Nicoletti, Scarpetta and Boylaud (2000).

    Components of the correlation matrix are kept that have an eigenvalue above 1 and explain a tenth of the variance,
    and further ones until they explain 60 per cent together; they are rotated by varimax (Kaiser 1958,
    doi:10.1007/BF02289233). A member belongs to the component on which it loads most, and weighs its squared loading
    there: as a share of the component's variance, times the share that the component has of all that is explained,
    which comes to the same (Handbook, section 6.1; doi:10.1787/215182844604).

    >>> rng = np.random.default_rng(1)
    >>> common, own = rng.normal(size=(2, 200))
    >>> component_weights(np.array([common, common, own])).round(2).tolist()
    [0.5, 0.5, 0.0]
    """
    varying, correlation = _correlations(scores)
    weight = np.zeros(len(scores))
    if not varying.any():
        return _shares(weight)
    value, vector = np.linalg.eigh(correlation)
    value, vector = value[::-1], vector[:, ::-1]
    kept = _kept(value)
    loading = _varimax(vector[:, :kept] * np.sqrt(np.maximum(value[:kept], 0.0))) ** 2
    weight[varying] = loading.max(axis=1)
    return _shares(weight)


def first_component_weights(scores: Floats) -> Floats:
    """Return weights in proportion to the squared loadings on the first principal component of the correlations.

    >>> first_component_weights(np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, -2.0, 1.0]])).round(6).tolist()
    [0.5, 0.5, 0.0]
    """
    varying, correlation = _correlations(scores)
    weight = np.zeros(len(scores))
    if varying.any():
        weight[varying] = np.linalg.eigh(correlation)[1][:, -1] ** 2
    return _shares(weight)


def entropy_weights(scores: Floats) -> Floats:
    """Return weights by Shannon's entropy: what spreads cities more unevenly weighs more.

    With p the scores, from 0 for the lowest, as shares of their sum, and E = -sum(p ln p) / ln n, the weight is in
    proportion to 1 - E (Zeleny 1982; Zou, Yun and Sun 2006, doi:10.1016/S1001-0742(06)60032-6).

    >>> entropy_weights(np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])).round(3).tolist()
    [0.27, 0.73]
    """
    low, high = scores.min(axis=1, keepdims=True), scores.max(axis=1, keepdims=True)
    raised = np.divide(scores - low, high - low, out=np.zeros(scores.shape), where=high > low)
    whole = raised.sum(axis=1, keepdims=True)
    part = np.divide(raised, whole, out=np.full(scores.shape, 1.0 / scores.shape[1]), where=whole > 0.0)
    entropy = -(part * np.log(np.where(part > 0.0, part, 1.0))).sum(axis=1) / np.log(scores.shape[1])
    return _shares(np.where(whole[:, 0] > 0.0, 1.0 - entropy, 0.0))


def critic_weights(scores: Floats) -> Floats:
    """Return weights by contrast and conflict (CRITIC; Diakoulaki et al. 1995, doi:10.1016/0305-0548(94)00059-H).

    The weight is in proportion to s_j sum over k of (1 - r_jk), with the standard deviation s_j of scores from 0 to 1
    and the correlations r.

    >>> critic_weights(np.array([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])).round(3).tolist()
    [0.25, 0.25, 0.5]
    """
    varying, correlation = _correlations(scores)
    weight = np.zeros(len(scores))
    of_these = scores[varying]
    contrast = of_these.std(axis=1, ddof=1) / np.ptp(of_these, axis=1)
    weight[varying] = contrast * (1.0 - correlation).sum(axis=1)
    return _shares(weight)


def _correlations(scores: Floats) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], Floats]:
    """Return which members differ between cities, and the correlations of these."""
    varying = np.ptp(scores, axis=1) > 0.0
    return varying, np.atleast_2d(np.corrcoef(scores[varying])) if varying.any() else np.zeros((0, 0))


def _kept(value: Floats) -> int:
    """Return how many components are kept, of those with these eigenvalues, largest first."""
    share = value / value.sum()
    by_rule = int(((value > LEAST_EIGENVALUE) & (share > LEAST_SHARE)).sum())
    together = int(np.searchsorted(np.cumsum(share), LEAST_TOGETHER - 1e-12)) + 1
    return min(max(by_rule, together), value.size)


def _varimax(loading: Floats) -> Floats:
    """Return loadings (member, component) turned so that each component loads on few members, or hardly on any.

    Two components at a time by the angle that makes the spread of squared loadings largest, until none turns further.
    """
    turned = loading.copy()
    members, components = turned.shape
    for _ in range(ROUNDS):
        largest = 0.0
        for one, other in itertools.combinations(range(components), 2):
            x, y = turned[:, one].copy(), turned[:, other].copy()
            u, v = x**2 - y**2, 2.0 * x * y
            across = 2.0 * (u @ v - u.sum() * v.sum() / members)
            along = u @ u - v @ v - (u.sum() ** 2 - v.sum() ** 2) / members
            angle = math.atan2(across, along) / 4.0
            turned[:, one] = math.cos(angle) * x + math.sin(angle) * y
            turned[:, other] = math.cos(angle) * y - math.sin(angle) * x
            largest = max(largest, abs(angle))
        if largest < TURNED:
            break
    return turned


def _shares(weight: Floats) -> Floats:
    """Return weights as shares of their sum; equal ones where no member has any."""
    whole = weight.sum()
    return np.asarray(weight / whole if whole > 0.0 else np.full(weight.size, 1.0 / weight.size), np.float64)
