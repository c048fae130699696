"""Random error on the values of a matrix, cell by cell or shared by cities that stand equal."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from simulator.kernels import errors as kernel
from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.normals import words_for_normals
from simulator.uncertainty.factors import STEPS, DataError, Distribution, ErrorUnit
from simulator.uncertainty.steps import take_steps
from simulator.uncertainty.streams import raw_words, standard_normals

UNIT_CODES = {"relative": kernel.RELATIVE, "sd": kernel.SD, "places": kernel.ABSOLUTE}


@dataclass(frozen=True)
class ErrorField:
    """The error of some indicators, ready to be drawn."""

    entry: int
    """Position of its factor among the data errors of the scenario."""
    distribution: Distribution
    leaves: Integers
    """(k): positions of the indicators."""
    size: float
    unit: ErrorUnit
    source: Integers
    """(k, n): city whose noise a city takes, where equal values share one; a row of -1 where each has its own."""
    correlation: float = 0.0
    """Correlation of a city's errors in indicators of the same group."""
    group: Integers | None = None
    """(k): group of each indicator; not read where the correlation is zero."""
    sign: Floats | None = None
    """(k): -1 where values stand turned round, so that correlated errors go in the direction of the raw values."""
    node: str = ""
    """Node that all the indicators stand below, where the factor is parted by nodes."""
    top: Floats | None = None
    """(k): highest step of the scale of each indicator, of an error in steps; nothing of other units."""

    @property
    def name(self) -> str:
        """Name of its random stream."""
        return f"data-error {self.entry} {self.node}".rstrip()

    def add(
        self, generators: tuple[np.random.Generator, ...], true: Floats, values: Floats, anew: bool = False
    ) -> None:
        """Add one realisation for each draw to `values` (draws, L, n), in place.

        `generators` are those of the cells and of what the cells of a group have in common; `true` (draws or 1, L, n)
        are the values without any error, which give its size. It may be `values` itself. With `anew`, `values` are
        set to them first.
        """
        if self.top is not None:
            if anew:
                values[:] = true
            noise = self._noise(generators, (len(values), *self.source.shape))
            self._take_steps(noise, self.top, values)
            return
        sizes = self.size * (np.ones(self.leaves.size) if self.sign is None else self.sign)
        bound = (true, self.leaves, UNIT_CODES[self.unit], sizes, self.source, anew, values)
        if self.distribution == "normal" and self.correlation == 0.0:
            words = raw_words(generators[0], len(values), words_for_normals(self.source.size))
            scratch = np.empty(self.source.shape)
            kernel.add_normal_noise(words, scratch, scratch.reshape(-1), *bound)
        else:
            noise = self._noise(generators, (len(values), *self.source.shape))
            kernel.add_noise(noise.reshape(-1, self.source.shape[1]), *bound)

    def _take_steps(self, noise: Floats, top: Floats, values: Floats) -> None:
        """Let answers change by a step, in place; cities that share their noise share the step."""
        whose = np.where(self.source < 0, np.arange(self.source.shape[1]), self.source)
        noise = np.take_along_axis(noise, whose[np.newaxis], axis=2)
        values[:, self.leaves] = take_steps(values[:, self.leaves], noise, self.size, top)

    def _noise(self, generators: tuple[np.random.Generator, ...], shape: tuple[int, ...]) -> Floats:
        cells, common = generators
        if self.correlation == 0.0 or self.group is None:
            return _noise(cells, self.distribution, shape)
        groups = int(self.group.max()) + 1
        shared = standard_normals(common, (shape[0], groups, shape[2]))[:, self.group]
        normal = np.sqrt(self.correlation) * shared
        normal += np.sqrt(1.0 - self.correlation) * standard_normals(cells, shape)
        return _from_normal(normal, self.distribution)


def error_field(
    spec: DataError,
    entry: int,
    leaves: Sequence[int],
    base: Floats,
    group: Sequence[int] | None = None,
    turned: Collection[int] = (),
    top: Sequence[int] = (),
) -> ErrorField:
    """Return the error that a factor gives to the indicators at `leaves` of the values `base` (L, n).

    `entry` is the position of the factor among the data errors of the scenario, `group` the group of each of these
    indicators, within which a city's errors may be correlated; `turned` are the indicators whose drawn values stand
    turned round, because lower raw values are the better ones; `top` is the highest step of the scale of each of the
    indicators, of an error in steps.
    """
    values = base[list(leaves)]
    source = np.full(values.shape, -1, np.int64)
    for row, column in zip(source, values, strict=True):
        if spec.ties == "shared" and np.unique(column).size < column.size:
            row[:] = first_of_equals(column)
    return ErrorField(
        entry,
        "uniform" if spec.unit == STEPS else spec.distribution,
        np.array(leaves, np.int64),
        spec.size,
        spec.unit,
        source,
        spec.correlation,
        None if group is None else np.array(group, np.int64),
        np.array([-1.0 if leaf in turned else 1.0 for leaf in leaves]) if turned else None,
        top=np.array(top, np.float64) if spec.unit == STEPS else None,
    )


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
        return standard_normals(generator, shape)
    if distribution == "uniform":
        return generator.uniform(-1.0, 1.0, shape)
    return generator.triangular(-1.0, 0.0, 1.0, shape)


def _from_normal(normal: Floats, distribution: Distribution) -> Floats:
    """Return noise of the distribution that has the ranks of normal noise: a Gaussian copula."""
    if distribution == "normal":
        return normal
    below: Floats = ndtr(normal)
    if distribution == "uniform":
        return 2.0 * below - 1.0
    lower = np.sqrt(2.0 * np.minimum(below, 1.0 - below)) - 1.0
    found: Floats = np.where(below < 0.5, lower, -lower)
    return found
