"""Variance-based sensitivity indices of many outputs at once: which factor the variance of an output comes from.

A factor is resampled as a whole, whatever it is made of. With two independent samples A and B of all factors, and AB_i
the sample A whose factor i is that of B, and V the variance over A and B together (Saltelli et al. 2010,
doi:10.1016/j.cpc.2009.09.018; Jansen 1999, doi:10.1016/S0010-4655(98)00154-4; Saltelli 2002,
doi:10.1016/S0010-4655(02)00280-1):

    first order   S_i  = mean(B (AB_i - A)) / V
    total order   ST_i = mean((A - AB_i)^2) / (2 V)
    second order  S_ij = mean(BA_i AB_j - A B) / V - S_i - S_j

Beside them stands the mean elementary effect of the same runs, in the unit of the output (Morris 1991,
doi:10.1080/00401706.1991.10484804, of groups as by Campolongo, Cariboni and Saltelli 2007,
doi:10.1016/j.envsoft.2006.10.004, on radial designs as by Campolongo, Saltelli and Cariboni 2011,
doi:10.1016/j.cpc.2010.12.039):

    mu*_i = mean(|AB_i - A|)

It is not divided by a step, since what changes is a group, a choice or a field, and no number.

Outputs are centred and divided by their standard deviation over all runs first, which lessens the error of products.
Bootstrap samples are matrices of counts, so that one matrix product gives the indices of all samples, outputs and
factors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.special import ndtri

from simulator import names
from simulator.errors import Fault, InputError
from simulator.kernels.arrays import Flags, Floats, Integers

BOOTSTRAP = 100
"""Bootstrap samples that are taken if nothing else is said."""

LEVEL = 0.95
"""Level of the intervals if nothing else is said."""

ROUNDING = 1e-12
"""Share of its size by which an output varies by rounding only."""

FEWEST = 2
"""Base draws below which nothing varies."""


@dataclass(frozen=True)
class Runs:
    """What a model gave for the samples of a Saltelli design."""

    a: Floats
    """(base draw, output): of the sample A."""
    b: Floats
    """(base draw, output): of the sample B."""
    ab: Floats
    """(factor, base draw, output): of A with one factor of B."""
    ba: Floats | None = None
    """(factor, base draw, output): of B with one factor of A; only second orders need it."""


def variance_based(
    runs: Runs,
    factors: Sequence[str],
    outputs: Sequence[str],
    *,
    seed: int,
    bootstrap: int = BOOTSTRAP,
    level: float = LEVEL,
    resamples: Integers | None = None,
) -> xr.Dataset:
    """Return first- and total-order indices of every factor for every output, with bootstrap intervals.

    Parameters
    ----------
    runs
        Outputs of N base draws; with `ba` there are second orders too. The cost is N (k + 2) runs of the model for k
        factors, N (2 k + 2) with second orders.
    factors, outputs
        Their names.
    seed
        Seed of the bootstrap.
    bootstrap, level
        Number of bootstrap samples, and level of the intervals. Of an output that changes in few draws only, such as
        the rank of a city that hardly moves, they are too narrow.
    resamples
        (base draw, sample): which base draws each bootstrap sample takes, in place of those of the seed.

    Returns
    -------
    xr.Dataset
        `first_order` and `total_order` (factor, output), and with `ba` `second_order` (factor, other_factor, output)
        for pairs with the first before the second, NaN elsewhere; `first_order_sum` (output), what the factors explain
        by themselves; `mu_star` (factor, output), in the unit of the output: by how much it moves on average when the
        factor alone is drawn anew. Each has its standard error over the bootstrap samples with `_se` behind it, and the
        ends of a normal interval of the `level` with `_low` and `_high`.
        `constant` (output) is true where an output does not vary but for rounding: its indices are 0.

    Raises
    ------
    InputError
        For fewer than two base draws, a number of factors or outputs that is not that of the runs, and values that
        are not finite.

    Examples
    --------
    A sum of two uniform inputs, the second of twice the spread, has indices 0.2 and 0.8:

    >>> rng = np.random.default_rng(1)
    >>> one, other = rng.random((2, 5_000, 2))
    >>> weight = np.array([1.0, 2.0])
    >>> swapped = [np.column_stack([one[:, 0] if k else other[:, 0], other[:, 1] if k else one[:, 1]]) for k in (0, 1)]
    >>> runs = Runs(*((x @ weight)[:, None] for x in (one, other)), np.array([(x @ weight)[:, None] for x in swapped]))
    >>> found = variance_based(runs, ["x", "y"], ["sum"], seed=1)
    >>> found["total_order"].sel(output="sum").values.round(1).tolist()
    [0.2, 0.8]
    """
    _refuse(runs, factors, outputs, bootstrap, level)
    scaled, scale, constant = _standardised(runs)
    draws = len(runs.a)
    if resamples is None:
        resamples = np.random.default_rng(seed).integers(draws, size=(draws, bootstrap))
    # All base draws once, then the bootstrap samples: one product for both.
    counts = np.concatenate([np.ones((1, draws)), _counts(resamples)])
    found = {name: (indices[0], indices[1:]) for name, indices in _indices(scaled, counts)}
    moves = _moves(scaled, counts) * scale
    found[names.MU_STAR] = moves[0], moves[1:]
    first, of_samples = found[names.FIRST_ORDER]
    found[names.FIRST_ORDER_SUM] = first.sum(axis=0), of_samples.sum(axis=1)
    quantile = float(ndtri(0.5 + level / 2.0))
    axes = {
        names.FIRST_ORDER: (names.FACTOR, names.OUTPUT),
        names.TOTAL_ORDER: (names.FACTOR, names.OUTPUT),
        names.MU_STAR: (names.FACTOR, names.OUTPUT),
        names.SECOND_ORDER: (names.FACTOR, names.OTHER_FACTOR, names.OUTPUT),
        names.FIRST_ORDER_SUM: (names.OUTPUT,),
    }
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {}
    for name, (value, samples) in found.items():
        error = samples.std(axis=0, ddof=1)
        columns = {"": value, names.SE: error, "_low": value - quantile * error, "_high": value + quantile * error}
        variables |= {name + end: (axes[name], column) for end, column in columns.items()}
    coordinates = {names.FACTOR: list(factors), names.OUTPUT: list(outputs), names.OTHER_FACTOR: list(factors)}
    used = {axis for dims, _ in variables.values() for axis in dims}
    return xr.Dataset(
        {**variables, names.CONSTANT: (names.OUTPUT, constant)},
        coords={axis: held for axis, held in coordinates.items() if axis in used},
        attrs={"base_draws": draws, "bootstrap": resamples.shape[1], "level": level},
    )


def _refuse(runs: Runs, factors: Sequence[str], outputs: Sequence[str], bootstrap: int, level: float) -> None:
    draws, count = runs.a.shape
    faults = []
    if draws < FEWEST:
        faults.append(Fault("draws", f"{draws} base draws show no variance", f"Take {FEWEST} or more."))
    sizes = [runs.b.shape == runs.a.shape, runs.ab.shape == (len(factors), draws, count), count == len(outputs)]
    sizes.append(runs.ba is None or runs.ba.shape == runs.ab.shape)
    if not all(sizes):
        shapes = f"A {runs.a.shape}, B {runs.b.shape}, AB {runs.ab.shape}"
        wanted = f"{len(factors)} factors and {len(outputs)} outputs"
        faults.append(Fault("runs", f"{shapes} are not those of {wanted}", "Give AB as (factor, base draw, output)."))
    parts = [runs.a, runs.b, runs.ab, *([] if runs.ba is None else [runs.ba])]
    if not all(np.isfinite(part).all() for part in parts):
        faults.append(Fault("runs", "an output is not finite", "Leave out what makes it so."))
    if bootstrap < FEWEST:
        faults.append(Fault("bootstrap", f"{bootstrap} samples show no spread", f"Take {FEWEST} or more."))
    if not 0.0 < level < 1.0:
        faults.append(Fault("level", f"{level:g} is no level", "Give one between 0 and 1."))
    if faults:
        raise InputError("sensitivity indices", faults)


def _standardised(runs: Runs) -> tuple[Runs, Floats, Flags]:
    """Return outputs centred and divided by their standard deviation over all runs, it, and which do not vary."""
    parts = [runs.a, runs.b, *runs.ab, *(() if runs.ba is None else runs.ba)]
    size = len(runs.a) * len(parts)
    middle = sum(part.sum(axis=0) for part in parts) / size
    spread = np.sqrt(sum(((part - middle) ** 2).sum(axis=0) for part in parts) / size)
    low = np.min([part.min(axis=0) for part in parts], axis=0)
    high = np.max([part.max(axis=0) for part in parts], axis=0)
    constant: Flags = high - low <= ROUNDING * np.maximum(np.abs(low), np.abs(high))
    scale = np.where(spread > 0.0, spread, 1.0)

    def scaled(part: Floats) -> Floats:
        return np.where(constant, 0.0, (part - middle) / scale)

    of_all = Runs(scaled(runs.a), scaled(runs.b), scaled(runs.ab), None if runs.ba is None else scaled(runs.ba))
    return of_all, scale, constant


def _counts(resamples: Integers) -> Floats:
    """Return how often (sample, base draw) each bootstrap sample takes a base draw."""
    draws, samples = resamples.shape
    cell = resamples + draws * np.arange(samples)
    return np.bincount(cell.ravel(), minlength=draws * samples).reshape(samples, draws).astype(np.float64)


def _moves(runs: Runs, counts: Floats) -> Floats:
    """Return mean absolute differences (sample, factor, output) when a factor is swapped."""
    mean = counts / runs.a.shape[0]
    return np.stack([mean @ np.abs(one - runs.a) for one in runs.ab], axis=1)


def _indices(runs: Runs, counts: Floats) -> list[tuple[str, Floats]]:
    """Return each kind of index (sample, factor, …, output), of samples with these counts (sample, base draw)."""
    draws = runs.a.shape[0]
    mean = counts / draws
    both = mean @ (runs.a + runs.b) / 2.0
    variance = mean @ (runs.a**2 + runs.b**2) / 2.0 - both**2
    varies = variance > np.finfo(np.float64).eps

    def over_variance(products: Iterable[Floats]) -> Floats:
        # One factor at a time, so that no product of all of them has to be held.
        found = np.stack([mean @ product for product in products], axis=1)
        share: Floats = np.divide(
            found, variance[:, np.newaxis], out=np.zeros(found.shape), where=varies[:, np.newaxis]
        )
        return share

    first = over_variance(runs.b * (one - runs.a) for one in runs.ab)
    total = over_variance(0.5 * (runs.a - one) ** 2 for one in runs.ab)
    found = [(names.FIRST_ORDER, first), (names.TOTAL_ORDER, total)]
    if runs.ba is not None:
        found.append((names.SECOND_ORDER, _second(runs, runs.ba, first, over_variance)))
    return found


def _second(runs: Runs, ba: Floats, first: Floats, over_variance: Callable[[Iterable[Floats]], Floats]) -> Floats:
    """Return second orders (sample, factor, factor, output), NaN but for the first of a pair before the second."""
    samples, k, outputs = first.shape
    found = np.full((samples, k, k, outputs), np.nan)
    for i in range(k - 1):
        joint = over_variance(ba[i] * one - runs.a * runs.b for one in runs.ab[i + 1 :])
        found[:, i, i + 1 :] = joint - first[:, i : i + 1] - first[:, i + 1 :]
    return found
