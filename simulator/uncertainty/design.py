"""Designs: which alternative each draw takes of every choice. A design is data: draw × factor."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from simulator.kernels.arrays import Floats, Integers
from simulator.uncertainty.factors import Choice
from simulator.uncertainty.streams import stream

BLOCK = 1024
"""Draws in a block. Part of what a seed means: another size gives other numbers."""

Exclusion = Mapping[str, str]
"""Alternatives that never occur together: factor → label."""


@dataclass(frozen=True)
class Taken:
    """What a design lays down for the draws of a block."""

    alternatives: Integers
    """(draw, choice): the alternative of each choice."""
    uniforms: tuple[Floats, ...] | None = None
    """For each alternative of the weights (draw, member): numbers in (0, 1) that its random weights are made of. None
    where weights are drawn from a stream of their own."""


class Design(Protocol):
    """What a simulation needs to know of a design."""

    @property
    def title(self) -> str:
        """What a result says its design is."""

    @property
    def draws(self) -> int:
        """Number of draws."""

    @property
    def exact(self) -> bool:
        """Whether the draws are all there are, so that results have no Monte-Carlo error."""

    @property
    def blockwise(self) -> bool:
        """Whether draws depend on each other within a block, so that errors come from the spread between blocks."""

    def taken(self, block: int) -> Taken:
        """Return what the draws of a block take."""


def block_count(draws: int) -> int:
    """Return the number of blocks that so many draws fill."""
    return -(-draws // BLOCK)


def block_draws(draws: int, block: int) -> range:
    """Return the numbers of the draws in a block."""
    return range(block * BLOCK, min((block + 1) * BLOCK, draws))


@dataclass(frozen=True)
class MonteCarlo:
    """Independent draws. Choices are made in order; a later one among what the earlier allow.

    So the shares of earlier choices hold as given, and those of later ones shift by the exclusions; the result states
    the realised shares.
    """

    choices: tuple[Choice, ...]
    never: tuple[Exclusion, ...]
    draws: int
    seed: int
    exact: bool = False
    blockwise: bool = False
    title: str = "Monte Carlo"

    def taken(self, block: int) -> Taken:
        """Return the alternatives of a block; weights have a stream of their own."""
        return Taken(self.alternatives(block))

    def alternatives(self, block: int) -> Integers:
        """Return the alternative of each choice in each draw of the block (draw, choice)."""
        size = len(block_draws(self.draws, block))
        uniforms = [stream(self.seed, block, f"choice {choice.factor}").random(size) for choice in self.choices]
        return pick(self.choices, self.never, np.array(uniforms).T.reshape(size, len(self.choices)))


@dataclass(frozen=True)
class Exhaustive:
    """Every allowed combination of the alternatives once: exact where all are equally likely."""

    combinations: Integers
    """(draw, choice): the alternatives of each combination."""
    exact: bool = True
    blockwise: bool = False
    title: str = "exact"

    @property
    def draws(self) -> int:
        """Number of combinations."""
        return len(self.combinations)

    def taken(self, block: int) -> Taken:
        """Return the combinations of a block."""
        return Taken(self.alternatives(block))

    def alternatives(self, block: int) -> Integers:
        """Return the combinations of a block (draw, choice)."""
        numbers = block_draws(self.draws, block)
        return self.combinations[numbers.start : numbers.stop]


def enumerate_all(choices: Sequence[Choice], never: Sequence[Exclusion]) -> Exhaustive:
    """Return the design that takes every allowed combination once."""
    allowed = [
        combination
        for combination in itertools.product(*(range(len(choice.labels)) for choice in choices))
        if not any(_excluded(choices, combination, exclusion) for exclusion in never)
    ]
    return Exhaustive(np.array(allowed, np.int64).reshape(len(allowed), len(choices)))


def pick(choices: Sequence[Choice], never: Sequence[Exclusion], uniforms: Floats) -> Integers:
    """Return the alternatives (draw, choice) that uniform numbers (draw, choice) in [0, 1) stand for.

    Each choice is made by the inverse of its cumulated shares over what the exclusions leave, given earlier choices.
    """
    picked = np.zeros(uniforms.shape, np.int64)
    for column, choice in enumerate(choices):
        shares = np.tile(np.array(choice.probabilities), (len(uniforms), 1))
        for exclusion in never:
            label = exclusion.get(choice.factor)
            if label is not None and _is_last(choices, column, exclusion):
                shares[_matches(choices, column, exclusion, picked), choice.labels.index(label)] = 0.0
        cumulated = np.cumsum(shares, axis=1)
        reached = cumulated <= (uniforms[:, column] * cumulated[:, -1])[:, np.newaxis]
        picked[:, column] = np.minimum(reached.sum(axis=1), _last_possible(shares))
    return picked


def dead_ends(choices: Sequence[Choice], never: Sequence[Exclusion]) -> Iterator[dict[str, str]]:
    """Yield each combination of earlier choices after which a later one has no alternative left."""
    bound = [choice for choice in choices if any(choice.factor in exclusion for exclusion in never)]
    for count in range(1, len(bound) + 1):
        for combination in itertools.product(*(range(len(choice.labels)) for choice in bound[: count - 1])):
            if any(_excluded(bound, combination, exclusion) for exclusion in never):
                continue
            extended = [(*combination, one) for one in range(len(bound[count - 1].labels))]
            if all(any(_excluded(bound, longer, exclusion) for exclusion in never) for longer in extended):
                yield {choice.factor: choice.labels[one] for choice, one in zip(bound, combination, strict=False)}


def _excluded(choices: Sequence[Choice], combination: Sequence[int], exclusion: Exclusion) -> bool:
    """Return whether a combination (of the first choices) holds all that an exclusion forbids together."""
    taken = {choice.factor: choice.labels[one] for choice, one in zip(choices, combination, strict=False)}
    return all(taken.get(factor) == label for factor, label in exclusion.items())


def _is_last(choices: Sequence[Choice], column: int, exclusion: Exclusion) -> bool:
    return not any(choice.factor in exclusion for choice in choices[column + 1 :])


def _matches(
    choices: Sequence[Choice], column: int, exclusion: Exclusion, picked: Integers
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which draws have taken every earlier alternative that the exclusion names."""
    matches = np.ones(len(picked), np.bool_)
    for earlier, choice in enumerate(choices[:column]):
        if choice.factor in exclusion:
            matches &= picked[:, earlier] == choice.labels.index(exclusion[choice.factor])
    return matches


def _last_possible(shares: Floats) -> Integers:
    """Return the last alternative of positive share, which rounding must not overstep."""
    last: Integers = shares.shape[1] - 1 - np.argmax(shares[:, ::-1] > 0.0, axis=1)
    return last
