"""Random error on the values of a matrix, cell by cell or shared by cities that stand equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.draws import perturb
from simulator.uncertainty.factors import DataError, Distribution


@dataclass(frozen=True)
class ErrorField:
    """The error of some indicators, ready to be drawn."""

    name: str
    """Name of its random stream."""
    distribution: Distribution
    leaves: Integers
    """(k): positions of the indicators."""
    scale: Floats
    """(k, n): size of the error of every cell, in the indicator's own unit."""
    source: Integers
    """(k, n): city whose noise a city takes; equal values share one where ties are shared."""

    def add(self, generator: np.random.Generator, values: Floats) -> None:
        """Add one realisation for each draw to `values` (draws, L, n), in place."""
        shape = (len(values), *self.scale.shape)
        perturb(self.leaves, self.scale, _noise(generator, self.distribution, shape), self.source, values)


def error_field(spec: DataError, name: str, leaves: Sequence[int], base: Floats) -> ErrorField:
    """Return the error that a factor gives to the indicators at `leaves` of the values `base` (L, n)."""
    values = base[list(leaves)]
    if spec.unit == "relative":
        scale = spec.size * np.abs(values)
    elif spec.unit == "sd":
        spread = values.std(axis=1, ddof=1, keepdims=True) if values.shape[1] > 1 else np.zeros((len(values), 1))
        scale = np.broadcast_to(spec.size * spread, values.shape).copy()
    else:
        scale = np.full(values.shape, spec.size)
    own = np.tile(np.arange(values.shape[1], dtype=np.int64), (len(values), 1))
    source = np.array([first_of_equals(row) for row in values]) if spec.ties == "shared" else own
    return ErrorField(name, spec.distribution, np.array(leaves, np.int64), scale, source)


def first_of_equals(values: Floats) -> Integers:
    """Return, for each value, the position of the first that equals it.

    >>> first_of_equals(np.array([3.0, 1.0, 3.0, 2.0, 1.0])).tolist()
    [0, 1, 0, 3, 1]
    """
    _, first, group = np.unique(values, return_index=True, return_inverse=True)
    positions: Integers = first[group].astype(np.int64)
    return positions


def _noise(generator: np.random.Generator, distribution: Distribution, shape: tuple[int, ...]) -> Floats:
    if distribution == "normal":
        return generator.standard_normal(shape)
    if distribution == "uniform":
        return generator.uniform(-1.0, 1.0, shape)
    return generator.triangular(-1.0, 0.0, 1.0, shape)
