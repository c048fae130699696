"""What may be left out of a draw: indicators, whole nodes, or cities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.definition import Definition
from simulator.index import Index
from simulator.kernels.arrays import Flags, Integers
from simulator.lookup import find_cities, find_indicators, find_slots
from simulator.uncertainty.factors import Choice, LeaveOut

NOTHING = "nothing"
"""Label of the alternative in which nothing is left out."""

CITY_LEVEL = "city"
"""Level by which cities are left out."""


@dataclass(frozen=True)
class Omission:
    """A leave-out factor, ready to be drawn. Each member is a mask of the indicators or cities it takes with it."""

    name: str
    """Name of the factor and of its random stream."""
    labels: tuple[str, ...]
    """Names of the members."""
    masks: Flags
    """(member, L) or (member, n): what goes when the member is left out."""
    of_cities: bool
    probability: float
    count: int

    @property
    def choice(self) -> Choice | None:
        """The factor as a choice of a design: one member, or nothing. None where several are left out together."""
        if self.count > 1:
            return None
        share = self.probability / len(self.labels)
        labels, shares = self.labels, (share,) * len(self.labels)
        if self.probability < 1.0:
            labels, shares = (NOTHING, *labels), (1.0 - self.probability, *shares)
        return Choice(factor=self.name, labels=labels, probabilities=shares)

    def kept_by_choice(self, alternatives: Integers) -> Flags:
        """Return what each draw keeps (draw, L or n), given the alternative it takes of `choice`."""
        offset = 1 if self.probability < 1.0 else 0
        masks = np.concatenate([np.zeros((offset, self.masks.shape[1]), np.bool_), self.masks])
        kept: Flags = ~masks[alternatives]
        return kept

    def kept_by_chance(self, generator: np.random.Generator, draws: int) -> Flags:
        """Return what each draw keeps (draw, L or n), where several members are left out together."""
        order = np.argsort(generator.random((draws, len(self.labels))), axis=1)[:, : self.count]
        dropped = self.masks[order].any(axis=1)
        dropped &= (generator.random(draws) < self.probability)[:, np.newaxis]
        kept: Flags = ~dropped
        return kept


def leave_out_name(spec: LeaveOut) -> str:
    """Return the name of a leave-out factor in results and constraints."""
    return f"leave-out {spec.level}"


def omission(spec: LeaveOut, definition: Definition, cities: list[str], among: list[str] | None) -> Omission:
    """Return a leave-out factor for an index; `among` holds the identifiers of the members, all of them if None."""
    if spec.level == CITY_LEVEL:
        members = among or cities
        masks = np.array([[city == member for city in cities] for member in members])
    else:
        members = among or definition.members(spec.level)
        masks = np.array(
            [[member in _path(definition, leaf.id) for leaf in definition.indicators] for member in members]
        )
    return Omission(leave_out_name(spec), tuple(members), masks, spec.level == CITY_LEVEL, spec.probability, spec.count)


def find_members(index: Index, level: str, names: list[str]) -> list[str]:
    """Return the identifiers of the cities, indicators or nodes that names stand for, as the level says.

    Raises
    ------
    InputError
        With every name that is unknown.
    """
    if level == CITY_LEVEL:
        return find_cities(index.matrix, names)
    return (find_indicators if level == index.definition.levels[-1] else find_slots)(index.definition, names)


def _path(definition: Definition, leaf: str) -> tuple[str, ...]:
    return (*definition.ancestors[leaf], leaf)
