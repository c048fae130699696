"""PAWN: how far the whole distribution of an output moves when one input is known, not only its variance.

The outputs of the draws in which an input lies in one slice (an alternative of a choice, or a tenth of the draws by
size) are laid beside those of all draws: KS is the largest distance of the two distribution functions. An input's index
is the median of KS over its slices, and the largest (Pianosi and Wagener 2015, doi:10.1016/j.envsoft.2015.01.004; from
a given sample: 2018, doi:10.1016/j.envsoft.2018.07.019). Finite samples give some distance to an input without any
effect; dummies, whose slices are as large but taken at random, tell how much.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from simulator import names
from simulator.errors import Fault, InputError
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.distances import slice_distances

SLICES = 10
"""Slices of a number that varies continuously, each with as many draws."""

DUMMIES = 20
"""Random slicings that tell what slices have by chance."""

LEVEL = 0.95
"""Share of the random slicings that lie below what counts as more than chance."""

FEWEST_IN_SLICE = 10
"""Draws of a slice below which its distribution says next to nothing."""


@dataclass(frozen=True, eq=False)
class Sliced:
    """An input of a sample, cut into slices."""

    name: str
    slices: tuple[str, ...]
    """What each slice is called."""
    of_draw: Integers
    """(draw): the slice in which a draw lies; -1 for none."""
    among: Flags
    """(draw): the draws that take part, those with which a slice is compared."""


def by_size(name: str, value: Floats, among: Flags, slices: int = SLICES) -> Sliced:
    """Return an input (draw) cut into slices of equally many draws, smallest values first.

    >>> by_size("w", np.array([0.4, 0.1, 0.3, 0.2]), np.ones(4, bool), 2).of_draw.tolist()
    [1, 0, 1, 0]
    """
    edges = np.quantile(value[among], np.arange(1, slices) / slices)
    of_draw = np.where(among, np.searchsorted(edges, value, side="right"), -1)
    bounds = [value[among].min(), *edges, value[among].max()]
    labels = tuple(f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(bounds))
    return Sliced(name, labels, of_draw.astype(np.int64), among)


def pawn(outputs: Floats, inputs: Sequence[Sliced], names_of_outputs: Sequence[str], *, seed: int) -> xr.Dataset:
    """Return the PAWN indices of every input for every output of a sample.

    Parameters
    ----------
    outputs
        (draw, output). The cost is one sort of each output, and a pass over the draws for each slice.
    inputs
        The inputs, each cut into slices.
    names_of_outputs
        Names of the outputs.
    seed
        Seed of the dummies.

    Returns
    -------
    xr.Dataset
        `ks` (slice, output) with its standard error `ks_se`, slices being named `factor: slice`, with coordinates
        `factor_of_slice` and `draws_in_slice`;
        `pawn_median` and `pawn_largest` (factor, output) over the slices of each input, with `_se`, and
        `pawn_dummy` (factor, output), the 95 % quantile of the medians of twenty inputs whose slices are as large but
        taken at random. All lie between 0 and 1. The standard error is that of the difference of two shares at the
        point where they differ most; where several points tie it is too large.
        `constant` (output): whether it does not vary; its indices are 0.

    Raises
    ------
    InputError
        For outputs that are not finite or not as many as their names, and for slices of fewer than ten draws.

    Examples
    --------
    Ten draws of y = x: knowing which half x lies in moves the distribution function by a half.

    >>> x = np.arange(20.0)
    >>> found = pawn(x[:, np.newaxis], [by_size("x", x, np.ones(20, bool), 2)], ["y"], seed=1)
    >>> found["pawn_median"].sel(factor="x", output="y").item()
    0.5
    """
    _refuse(outputs, inputs, names_of_outputs)
    generator = np.random.default_rng(seed)
    among = np.ones(len(outputs), np.bool_)
    order, run_ends = _sorted(outputs)
    ks, error, median, largest, dummy = [], [], [], [], []
    chance: dict[tuple[int, ...], Floats] = {}
    for one in inputs:
        of_draw = one.of_draw[one.among]
        if not np.array_equal(one.among, among):
            among = one.among
            order, run_ends = _sorted(outputs[among])
            chance = {}
        distance, spread = _distances(of_draw, order, run_ends, len(one.slices))
        key = tuple(np.bincount(of_draw[of_draw >= 0], minlength=len(one.slices)).tolist())
        if key not in chance:  # inputs with slices of the same sizes have the same chances
            chance[key] = _by_chance(of_draw, order, run_ends, len(one.slices), generator)
        ks.append(distance)
        error.append(spread)
        median.append(_median(distance, spread))
        top = distance.argmax(axis=0)[np.newaxis]
        largest.append([np.take_along_axis(both, top, axis=0)[0] for both in (distance, spread)])
        dummy.append(chance[key])
    middle, most = np.array(median), np.array(largest)
    of_factor = (names.FACTOR, names.OUTPUT)
    return xr.Dataset(
        {
            names.PAWN_MEDIAN: (of_factor, middle[:, 0]),
            names.PAWN_MEDIAN + names.SE: (of_factor, middle[:, 1]),
            names.PAWN_LARGEST: (of_factor, most[:, 0]),
            names.PAWN_LARGEST + names.SE: (of_factor, most[:, 1]),
            names.PAWN_DUMMY: (of_factor, np.array(dummy)),
            names.KS: ((names.SLICE, names.OUTPUT), np.concatenate(ks)),
            names.KS + names.SE: ((names.SLICE, names.OUTPUT), np.concatenate(error)),
            names.CONSTANT: (names.OUTPUT, np.ptp(outputs, axis=0) == 0.0),
        },
        coords={
            names.FACTOR: [one.name for one in inputs],
            names.OUTPUT: list(names_of_outputs),
            names.SLICE: [f"{one.name}: {label}" for one in inputs for label in one.slices],
            names.FACTOR_OF_SLICE: (names.SLICE, [one.name for one in inputs for _ in one.slices]),
            names.DRAWS_IN_SLICE: (names.SLICE, np.concatenate([_sizes(one) for one in inputs])),
        },
    )


def _sizes(one: Sliced) -> Integers:
    inside = one.of_draw[one.among]
    return np.bincount(inside[inside >= 0], minlength=len(one.slices)).astype(np.int64)


def _sorted(outputs: Floats) -> tuple[Integers, Flags]:
    """Return the order of the draws by each output (draw, output), and whether the next one there has another value."""
    order = np.argsort(outputs, axis=0, kind="stable")
    value = np.take_along_axis(outputs, order, axis=0)
    last = np.ones((1, outputs.shape[1]), np.bool_)
    return order.astype(np.int64), np.concatenate([value[1:] != value[:-1], last])


def _distances(of_draw: Integers, order: Integers, run_ends: Flags, slices: int) -> tuple[Floats, Floats]:
    """Return KS (slice, output) between the draws of each slice and all draws, and its standard error."""
    draws, count = order.shape
    size = np.bincount(of_draw[of_draw >= 0], minlength=slices)
    inside, overall = np.empty((2, count, slices))
    for output in range(count):
        slice_distances(of_draw[order[:, output]], run_ends[:, output], size, inside[output], overall[output])
    return np.abs(inside - overall).T, _standard_error(inside, overall, size, draws).T


def _by_chance(
    of_draw: Integers, order: Integers, run_ends: Flags, slices: int, generator: np.random.Generator
) -> Floats:
    """Return the median of KS (output) that slices taken at random exceed once in twenty times."""
    medians = [
        np.median(_distances(generator.permutation(of_draw), order, run_ends, slices)[0], axis=0)
        for _ in range(DUMMIES)
    ]
    return np.asarray(np.quantile(medians, LEVEL, axis=0), np.float64)


def _standard_error(inside: Floats, overall: Floats, size: Integers, draws: int) -> Floats:
    """Return the standard error of a share within a slice less the share in all draws, the slice among them."""
    part = size / draws
    outside = np.maximum(draws - size, 1)
    rest = np.clip((overall - part * inside) * draws / outside, 0.0, 1.0)
    variance = (1.0 - part) ** 2 * (inside * (1.0 - inside) / size + rest * (1.0 - rest) / outside)
    return np.asarray(np.sqrt(variance), np.float64)


def _median(distance: Floats, spread: Floats) -> tuple[Floats, Floats]:
    """Return the median over slices (output), and the standard error of the slices in the middle."""
    slices = len(distance)
    order = np.argsort(distance, axis=0, kind="stable")
    middle = order[(slices - 1) // 2 : slices // 2 + 1]
    variance = np.take_along_axis(spread, middle, axis=0) ** 2
    return np.take_along_axis(distance, middle, axis=0).mean(axis=0), np.sqrt(variance.sum(axis=0)) / len(middle)


def _refuse(outputs: Floats, inputs: Sequence[Sliced], names_of_outputs: Sequence[str]) -> None:
    faults = []
    if outputs.shape[1] != len(names_of_outputs):
        problem = f"{outputs.shape[1]} columns have {len(names_of_outputs)} names"
        faults.append(Fault("outputs", problem, "Name every column."))
    if not np.isfinite(outputs).all():
        faults.append(Fault("outputs", "an output is not finite", "Leave out what makes it so."))
    for one in inputs:
        sizes = _sizes(one)
        scarce = int(sizes.argmin())
        if sizes[scarce] < FEWEST_IN_SLICE:
            problem = f"{one.name} is {one.slices[scarce]} in {sizes[scarce]} draws only, fewer than {FEWEST_IN_SLICE}"
            faults.append(Fault("draws", problem, "Take more draws."))
    if faults:
        raise InputError("PAWN indices", faults)
