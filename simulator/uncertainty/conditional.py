"""Choices made anew, given the others: their joint distribution is a table, as there are finitely many."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.uncertainty.design import Exclusion
from simulator.uncertainty.factors import Choice


@dataclass(frozen=True, eq=False)
class JointChoices:
    """The joint distribution of choices that exclude each other."""

    columns: tuple[int, ...]
    """Positions of these choices among all."""
    table: Floats
    """Probability of every combination: an axis for each choice, of its alternatives."""

    def anew(self, alternatives: Integers, which: Sequence[int], uniforms: Floats) -> Integers:
        """Return alternatives (draw, choice) with the choices at `which` made anew, given the others as they are.

        `uniforms` (draw) in [0, 1) decide, by the inverse of the conditional distribution over combinations.
        """
        own = [self.columns.index(column) for column in which]
        others = [axis for axis in range(len(self.columns)) if axis not in own]
        ordered = self.table.transpose(*others, *own)
        given = tuple(alternatives[:, self.columns[axis]] for axis in others)
        rows = ordered[given].reshape(len(alternatives), -1) if others else ordered.reshape(1, -1)
        cumulated = np.cumsum(rows, axis=1)
        reached = cumulated <= (uniforms * cumulated[:, -1])[:, np.newaxis]
        cell = np.minimum(reached.sum(axis=1), rows.shape[1] - 1)
        found = alternatives.copy()
        shape = [self.table.shape[axis] for axis in own]
        for column, values in zip(which, np.unravel_index(cell, shape), strict=True):
            found[:, column] = values
        return found


def joint_choices(choices: Sequence[Choice], never: Sequence[Exclusion]) -> list[JointChoices]:
    """Return the joint distributions of the choices that exclusions tie together; independent ones have none."""
    groups = [[column] for column in range(len(choices))]
    for exclusion in never:
        bound = [group for group in groups if any(choices[column].factor in exclusion for column in group)]
        groups = [group for group in groups if group not in bound]
        groups.append(sorted(column for group in bound for column in group))
    return [
        JointChoices(tuple(group), _table([choices[column] for column in group], never))
        for group in groups
        if len(group) > 1
    ]


def _table(choices: Sequence[Choice], never: Sequence[Exclusion]) -> Floats:
    """Return the probability of every combination; choices are made in order, each among what earlier ones leave."""
    table = np.ones([len(choice.labels) for choice in choices])
    for combination in itertools.product(*(range(size) for size in table.shape)):
        table[combination] = _probability(choices, never, combination)
    return table


def _probability(choices: Sequence[Choice], never: Sequence[Exclusion], combination: Sequence[int]) -> float:
    found = 1.0
    for column, choice in enumerate(choices):
        shares = np.array(choice.probabilities)
        for exclusion in never:
            label = exclusion.get(choice.factor)
            earlier = {c.factor: c.labels[one] for c, one in zip(choices[:column], combination, strict=False)}
            later = any(c.factor in exclusion for c in choices[column + 1 :])
            rest = {factor: name for factor, name in exclusion.items() if factor != choice.factor}
            if label is not None and not later and rest.items() <= earlier.items():
                shares[choice.labels.index(label)] = 0.0
        found *= float(shares[combination[column]] / shares.sum())
    return found
