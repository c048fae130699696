"""Ways of preparing values among which each draw takes one: denominators, screening, imputation, treatment."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.construction.encoding import leaf_values
from simulator.construction.recipe import PREPARATION
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.uncertainty.factors import Alternatives, Factors


@dataclass(frozen=True, eq=False)
class Preparations:
    """The values that every combination of alternatives makes ready."""

    values: Floats
    """(combination, L, n): of a city that a combination screens out, the mean of the others, which nobody looks at."""
    kept: Flags
    """(combination, n): which cities the combination keeps."""
    shape: tuple[int, ...]
    """Number of alternatives of each step, in the order of `PREPARATION`."""

    @property
    def screens(self) -> bool:
        """Whether any combination drops a city."""
        return not self.kept.all()

    def taken(self, alternatives: dict[str, Integers]) -> Integers:
        """Return the combination of each draw, by the alternatives (draw) that it takes of the steps that vary."""
        draws = len(next(iter(alternatives.values())))
        found = np.zeros(draws, np.int64)
        for step, count in zip(PREPARATION, self.shape, strict=True):
            found = found * count + alternatives.get(step, np.zeros(draws, np.int64))
        return found


def preparations(index: Index, factors: Factors) -> Preparations | None:
    """Return the values prepared in every way that the factors name; nothing where no step of it is a factor.

    The cities are those of the index; where screening varies, it keeps all of them.

    Raises
    ------
    InputError
        With every fault of a step that cannot be done.
    """
    varying: list[Alternatives[Any] | None] = [getattr(factors, step) for step in PREPARATION]
    if all(factor is None for factor in varying):
        return None
    options = [(None,) if factor is None else factor.alternatives for factor in varying]
    values, kept = [], []
    for combination in itertools.product(*options):
        steps = {step: one for step, one in zip(PREPARATION, combination, strict=True) if one is not None}
        made = index.with_definition(index.definition.replace(**steps))
        stays = np.isin(index.cities, made.cities)
        own = leaf_values(index.definition, made.matrix)
        whole = np.repeat(np.nan_to_num(np.nanmean(own, axis=1, keepdims=True)), len(index.cities), axis=1)
        whole[:, stays] = own
        values.append(whole)
        kept.append(stays)
    return Preparations(np.array(values), np.array(kept), tuple(len(one) for one in options))
