"""Errors on the values of many draws: noise times a size that the values give."""

from __future__ import annotations

import math

import numpy as np

from simulator.kernels.arrays import Floats, Integers, Words
from simulator.kernels.compiled import compiled, part
from simulator.kernels.moments import centre_and_sd
from simulator.kernels.normals import normals
from simulator.kernels.rows import copy_rows

RELATIVE, SD, ABSOLUTE = range(3)
"""Codes of the units of an error: share of the value, standard deviations of its column, units of the column."""


@part
def error_sizes(values: Floats, leaves: Integers, unit: int, size: Floats, out: Floats) -> None:
    """Write the size of the error (k, n) of the indicators at `leaves` of `values` (L, n); `size` is (k).

    Standard deviations have divisor n - 1; of a single city there is none, and its error is nothing. They are those of
    the cities that have a value: of blank ones (NaN) the sum is NaN.
    """
    for k in range(leaves.size):
        leaf = leaves[k]
        if unit == RELATIVE:
            for i in range(out.shape[1]):
                out[k, i] = size[k] * abs(values[leaf, i])
        else:
            own = size[k]
            if unit == SD:
                own = size[k] * centre_and_sd(values, leaf, 1.0)[1] if out.shape[1] > 1 else 0.0
                if math.isnan(own):
                    own = size[k] * _sd_of_present(values, leaf)
            for i in range(out.shape[1]):
                out[k, i] = own


@part
def _sd_of_present(values: Floats, row: int | np.int64) -> float:
    present = values[row][~np.isnan(values[row])]
    return centre_and_sd(present.reshape((1, present.size)), 0, 1.0)[1] if present.size > 1 else 0.0


@compiled
def add_noise(
    noise: Floats, true: Floats, leaves: Integers, unit: int, size: Floats, source: Integers, anew: bool, values: Floats
) -> None:
    """Add noise (draws × k, n) times its size to the indicators at `leaves` (k) of `values` (draws, L, n).

    `true` (draws or 1, L, n) are the values that give the sizes; it may be `values` itself. With `anew`, `values` are
    set to them first. `size` (k) is in `unit`, negative where values stand turned round. `source` (k, n) is the city
    whose noise a city takes; a row of -1 stands for each its own.
    """
    sizes = np.empty(source.shape)
    for draw in range(values.shape[0]):
        if draw == 0 or true.shape[0] > 1:
            error_sizes(true[draw], leaves, unit, size, sizes)
        if anew:
            copy_rows(true[draw if true.shape[0] > 1 else 0], values[draw])
        _add_sized(noise[draw * leaves.size : (draw + 1) * leaves.size], sizes, leaves, source, values[draw])


@compiled
def add_normal_noise(
    words: Words,
    noise: Floats,
    flat: Floats,
    true: Floats,
    leaves: Integers,
    unit: int,
    size: Floats,
    source: Integers,
    anew: bool,
    values: Floats,
) -> None:
    """Add noise as `add_noise` does, normal and made of the raw words (draws, `words_for_normals(k × n)`).

    `noise` (k, n) is scratch, and `flat` (k × n) the same memory.
    """
    sizes = np.empty(source.shape)
    for draw in range(values.shape[0]):
        normals(words, draw, flat)
        if draw == 0 or true.shape[0] > 1:
            error_sizes(true[draw], leaves, unit, size, sizes)
        if anew:
            copy_rows(true[draw if true.shape[0] > 1 else 0], values[draw])
        _add_sized(noise, sizes, leaves, source, values[draw])


@part
def _add_sized(noise: Floats, sizes: Floats, leaves: Integers, source: Integers, values: Floats) -> None:
    n = source.shape[1]
    for k in range(leaves.size):
        leaf = leaves[k]
        if source[k, 0] < 0:
            for i in range(n):
                values[leaf, i] += sizes[k, i] * noise[k, i]
        else:
            for i in range(n):
                values[leaf, i] += sizes[k, i] * noise[k, source[k, i]]
