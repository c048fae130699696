"""Shapley effects: the variance of an output shared out among factors, however they depend on each other.

With c(u) the variance that is left when all factors but those of u are known, a factor's effect is the mean of
c(u with it) - c(u) over all orders in which the factors can be taken (Owen 2014, doi:10.1137/130936233; Song, Nelson
and Staum 2016, doi:10.1137/15M1048070):

    Sh_i = sum over u without i of |u|! (k - |u| - 1)! / k!  (c(u + i) - c(u)) / V

They are not negative, sum to 1, and stay meaningful where choices exclude each other. Estimates sum to 1 as well; that
of an effect near 0 may lie below it by its error.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr

from simulator import names
from simulator.errors import Fault, InputError
from simulator.kernels.arrays import Floats

MOST_FACTORS = 12
"""Factors up to which all subsets are taken."""


def shapley_effects(left: Floats, factors: Sequence[str], outputs: Sequence[str]) -> xr.Dataset:
    """Return the Shapley effect of every factor for every output.

    Parameters
    ----------
    left
        (subset, batch, output): the variance that is left when all factors outside the subset are known, estimated from
        each of several batches of draws; subsets in binary order, the empty one first and the whole last.
    factors, outputs
        Their names; there are 2 to the power of the factors subsets.

    Returns
    -------
    xr.Dataset
        `shapley` (factor, output), and its standard error `shapley_se` by the jackknife over batches (each left out
        once). `constant` (output): whether it does not vary; its effects are 0.

    Raises
    ------
    InputError
        For numbers of subsets or outputs that are not those of the names, and fewer than two batches.

    Examples
    --------
    Two independent inputs of variance 1 and 3, added: what is left is the sum of those not known.

    >>> left = np.array([0.0, 1.0, 3.0, 4.0])[:, np.newaxis, np.newaxis] * np.ones((4, 2, 1))
    >>> shapley_effects(left, ["x", "y"], ["sum"])["shapley"].values[:, 0].tolist()
    [0.25, 0.75]
    """
    k, batches = len(factors), left.shape[1]
    if left.shape[0] != 2**k or left.shape[2] != len(outputs) or batches < 2:
        problem = f"{left.shape} are not 2^{k} subsets, two batches or more and {len(outputs)} outputs"
        raise InputError("Shapley effects", [Fault("variances", problem, "Give (subset, batch, output).")])
    whole = left.mean(axis=1, keepdims=True)
    without = (batches * whole - left) / (batches - 1)
    effects, apart = _effects(whole, k)[:, 0], _effects(without, k)
    spread = ((apart - apart.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    error = np.sqrt((batches - 1) / batches * spread)
    axes = (names.FACTOR, names.OUTPUT)
    return xr.Dataset(
        {
            names.SHAPLEY: (axes, effects),
            names.SHAPLEY + names.SE: (axes, error),
            names.CONSTANT: (names.OUTPUT, left[-1].max(axis=0) == 0.0),
        },
        coords={names.FACTOR: list(factors), names.OUTPUT: list(outputs)},
    )


def _effects(left: Floats, k: int) -> Floats:
    """Return the effects (factor, batch, output) by the variances left (subset, batch, output)."""
    subsets = np.arange(2**k)
    size = np.array([subset.bit_count() for subset in subsets.tolist()])
    weight = np.array([math.factorial(s) * math.factorial(k - s - 1) / math.factorial(k) for s in range(k)])
    total = left[-1]
    found = np.empty((k, *left.shape[1:]))
    for factor in range(k):
        lacking = subsets[(subsets >> factor & 1) == 0]
        gained = left[lacking | (1 << factor)] - left[lacking]
        found[factor] = np.tensordot(weight[size[lacking]], gained, axes=1)
    varies = np.broadcast_to(total > 0.0, found.shape)
    return np.asarray(np.divide(found, total, out=np.zeros(found.shape), where=varies), np.float64)
