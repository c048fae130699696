"""Blocks of draws as arrays: every factor of a study realised, ready to be scored."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from simulator import names
from simulator.construction.data_weighting import resolve_weighting
from simulator.construction.encoding import leaf_values
from simulator.construction.recipe import PREPARATION, with_aggregation, with_normalisation, with_ties
from simulator.construction.scoring import Chunk
from simulator.construction.weighting import WeightSampler, weight_samplers
from simulator.definition import POINTS, Definition
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.lookup import find_indicators
from simulator.methods import (
    AsDefined,
)
from simulator.preparation import (
    ShareWeight,
)
from simulator.uncertainty.conditional import joint_choices
from simulator.uncertainty.data_error import ErrorField, error_field
from simulator.uncertainty.design import Design, MonteCarlo, Taken, block_draws
from simulator.uncertainty.factors import (
    METHOD_FACTORS,
    STEPS,
    Choice,
    DataError,
    Factors,
    LeaveOut,
    method_choices,
)
from simulator.uncertainty.omission import Omission, find_members, omission
from simulator.uncertainty.preparations import Preparations, preparations
from simulator.uncertainty.streams import stream
from simulator.uncertainty.value_draws import ValueField, ValueStream, value_field

CHUNK_CELLS = 100_000
"""Cells of drawn values held at a time by one worker, few enough to stay in a processor's cache: 0.8 MB."""

SECOND = 2**31
"""Number of the first block of the second sample, beyond all that a study draws."""

CHUNK_DRAWS = 8
"""Draws held at a time at least, however large the index: what is prepared for each chunk must not outweigh them."""


class Altered(Protocol):
    """An alteration of the values of one block."""

    def apply(self, values: Floats, start: int) -> None:
        """Change the values of some draws (draws, L, n) in place, the first of them being draw `start` of the block."""


class Alteration(Protocol):
    """Something that is done to values, and may draw numbers of its own."""

    @property
    def certain(self) -> bool:
        """Whether it draws nothing, so that equal values become equal values."""

    def open(self, seed: int, block: int, size: int) -> Altered:
        """Return the alteration of a block; its numbers depend on seed and block alone (convention 8)."""


@dataclass(frozen=True)
class Realisation:
    """The factors of a study bound to an index."""

    base: Floats
    """(L, n): the values without error."""
    variants: tuple[Definition, ...]
    """Every combination of normalisation, tie rule and aggregation."""
    variant_shape: tuple[int, ...]
    """Number of alternatives of each of these factors."""
    samplers: tuple[tuple[WeightSampler, ...], ...]
    """For each alternative of the weights, a sampler for each variant; none where weights are as defined."""
    behind: tuple[ValueField, ...]
    """Factors that draw the values behind printed points, in place of the base."""
    errors: tuple[ErrorField, ...]
    omissions: tuple[Omission, ...]
    choices: tuple[Choice, ...]
    """Choices of a design, in the order in which a draw makes them."""
    preparations: Preparations | None = None
    """Ways of preparing the values, in place of the base; nothing where none varies."""
    alteration: Alteration | None = None
    """What is done to the values of every draw before any error is added to them; nothing where all stay."""
    cells: int = CHUNK_CELLS
    """Cells (draws × indicators × cities) of as many draws as are realised at a time; they change no number."""

    @property
    def random(self) -> bool:
        """Whether anything varies that is not a choice among finitely many alternatives."""
        weights = any(not of_variant[0].fixed for of_variant in self.samplers)
        drawn = self.alteration is not None and not self.alteration.certain
        return bool(self.errors or self.behind or drawn) or weights or any(one.count > 1 for one in self.omissions)

    @property
    def random_members(self) -> tuple[int, ...]:
        """For each alternative of the weights, the members whose weights are random; 0 where the weights are fixed.

        Variants have the same members, and share their random numbers.
        """
        return tuple(
            max(0 if sampler.fixed else sampler.centre.size for sampler in of_variant) for of_variant in self.samplers
        )

    def chunks(
        self, design: Design, seed: int, block: int, again: Collection[str] = ()
    ) -> Iterator[tuple[Integers, Chunk]]:
        """Yield the draws of a block, some at a time: the alternatives taken (draw, choice) and the arrays.

        The numbers depend on seed and block alone (convention 8), not on how the block is cut. Factors named in `again`
        (choices by their factor, fields by their name) have those of a second, independent sample instead; its design
        has draws for blocks from `SECOND` on.
        """

        def block_of(name: str) -> int:
            return block + SECOND if name in again else block

        taken = self._swapped(design, seed, block, again)
        alternatives = taken.alternatives
        size = len(block_draws(design.draws, block))
        weights, drawn = self._weights(taken, seed, block_of(METHOD_FACTORS[0]), size)
        prepared = None if self.preparations is None else self._prepared(self.preparations, alternatives)
        leaf_in, city_in = self._kept(alternatives, prepared, seed, block_of, size)
        drawn_behind = [field.open(seed, block_of(field.name), size) for field in self.behind]
        noise = [
            (stream(seed, block_of(e.name), e.name), stream(seed, block_of(e.name), f"{e.name} shared"))
            for e in self.errors
        ]
        altered = None if self.alteration is None else self.alteration.open(seed, block, size)
        step = max(CHUNK_DRAWS, self.cells // self.base.size)
        for start in range(0, size, step):
            part = slice(start, min(start + step, size))
            yield (
                alternatives[part],
                Chunk(
                    self._variant(alternatives[part]),
                    self._values(prepared, drawn_behind, noise, altered, part),
                    weights if len(weights) == 1 else weights[part],
                    drawn if len(drawn) == 1 else drawn[part],
                    leaf_in if len(leaf_in) == 1 else leaf_in[part],
                    city_in if len(city_in) == 1 else city_in[part],
                ),
            )

    def _swapped(self, design: Design, seed: int, block: int, again: Collection[str]) -> Taken:
        """Return what the design lays down, the choices named in `again` by that of the second sample.

        Of choices that exclude each other some may be named and others not: these are made anew, given the others.
        """
        taken = design.taken(block)
        columns = [k for k, choice in enumerate(self.choices) if choice.factor in again]
        if not columns:
            return taken
        alternatives = taken.alternatives.copy()
        alternatives[:, columns] = design.taken(block + SECOND).alternatives[:, columns]
        for joint in joint_choices(self.choices, design.never if isinstance(design, MonteCarlo) else ()):
            which = [column for column in joint.columns if column in columns]
            if 0 < len(which) < len(joint.columns):
                uniforms = stream(seed, block + SECOND, f"given {joint.columns}").random(len(alternatives))
                made = joint.anew(taken.alternatives, which, uniforms)
                alternatives[:, which] = made[:, which]
        return Taken(alternatives, taken.uniforms)

    def _column(self, factor: str) -> int | None:
        return next((k for k, choice in enumerate(self.choices) if choice.factor == factor), None)

    def _variant(self, alternatives: Integers) -> Integers:
        variant = np.zeros(len(alternatives), np.int64)
        for factor, count in zip(METHOD_FACTORS[1:], self.variant_shape, strict=True):
            column = self._column(factor)
            variant = variant * count + (0 if column is None else alternatives[:, column])
        return variant

    def _weights(self, design: Taken, seed: int, block: int, size: int) -> tuple[Floats, Flags]:
        if not self.samplers:
            return np.zeros((1, len(self.base))), np.zeros(1, np.bool_)
        own = np.array([not isinstance(of_variant[0].method, AsDefined) for of_variant in self.samplers])
        taken = design.alternatives[:, self._column("weights")]
        variant = self._variant(design.alternatives)
        weights = np.empty((size, len(self.base)))
        for number, of_variant in enumerate(self.samplers):
            # Variants share a sampler where their nominal weights are the same, and then its draws.
            for sampler in dict.fromkeys(of_variant):
                if design.uniforms is None or sampler.fixed:
                    rows = sampler.draw(stream(seed, block, f"weights {number}"), size)
                else:
                    rows = sampler.weights_at(design.uniforms[number][:, : sampler.centre.size])
                sampled = np.array([one is sampler for one in of_variant])
                of_this = (taken == number) & sampled[variant]
                weights[of_this] = rows[0] if len(rows) == 1 else rows[of_this]
        return weights, own[taken]

    def _kept(
        self, alternatives: Integers, prepared: Integers | None, seed: int, block_of: Callable[[str], int], size: int
    ) -> tuple[Flags, Flags]:
        leaves, n = self.base.shape
        kept = {False: np.ones((1, leaves), np.bool_), True: np.ones((1, n), np.bool_)}
        for one in self.omissions:
            column = self._column(one.name)
            if column is None:
                rows = one.kept_by_chance(stream(seed, block_of(one.name), one.name), size)
            else:
                rows = one.kept_by_choice(alternatives[:, column])
            kept[one.of_cities] = kept[one.of_cities] & rows
        if self.preparations is not None and self.preparations.screens:
            kept[True] = kept[True] & self.preparations.kept[prepared]
        return kept[False], kept[True]

    def _prepared(self, preparations: Preparations, alternatives: Integers) -> Integers:
        """Return which combination of preparations each draw takes."""
        columns = {step: self._column(step) for step in PREPARATION}
        return preparations.taken({step: alternatives[:, k] for step, k in columns.items() if k is not None})

    def _values(
        self,
        prepared: Integers | None,
        behind: Sequence[ValueStream],
        noise: Sequence[tuple[np.random.Generator, np.random.Generator]],
        altered: Altered | None,
        part: slice,
    ) -> Floats:
        """Return the values of some draws (draws, L, n); a single row where nothing is drawn."""
        drawn = self.alteration is not None and not self.alteration.certain
        if prepared is None and not behind and not noise and not drawn:
            values = self.base[np.newaxis]
            if altered is not None:
                values = values.copy()
                altered.apply(values, 0)
            return values
        values = np.empty((part.stop - part.start, *self.base.shape))
        begun = bool(behind) or altered is not None or prepared is not None
        if self.preparations is not None and prepared is not None:
            values[:] = self.preparations.values[prepared[part]]
        elif begun:
            values[:] = self.base
        for field in behind:
            field.fill(values, part.start)
        if altered is not None:
            altered.apply(values, part.start)
        # Errors of one indicator add up, each of a size that the values without error give.
        true = self.base[np.newaxis] if not begun else values.copy() if len(noise) > 1 else values
        for number, (error, generators) in enumerate(zip(self.errors, noise, strict=True)):
            error.add(generators, true, values, anew=number == 0 and not begun)
        return values


def bind(index: Index, factors: Factors) -> Realisation:
    """Return the factors bound to an index; names and levels they use must be in it (see `simulator.agreement`)."""
    definition = index.definition
    base = leaf_values(definition, index.matrix)
    shared = factors.imputation is not None and ShareWeight() in factors.imputation.alternatives
    variants, shape = _variants(definition.replace(imputation=ShareWeight()) if shared else definition, factors)
    omissions = tuple(_omission(index, spec) for spec in factors.leave_out)
    samplers = tuple(
        weight_samplers(variants, resolve_weighting(method, definition, index.matrix, index.printed))
        for method in (factors.weights.alternatives if factors.weights else ())
    )
    behind = tuple(
        value_field(spec, f"values {number}", index, points_of(index, spec.indicators))
        for number, spec in enumerate(factors.values)
    )
    columns = [column for field in behind for column in field.columns]
    signed = {column.leaf for column in columns if column.scale == "signed"}
    turned = {column.leaf for column in columns if column.sign < 0.0}
    errors = tuple(
        _error(index, spec, number, base, signed, turned)
        for number, spec in enumerate(factors.data_error)
        if spec.size > 0.0
    )
    choices = (*method_choices(factors), *(one.choice for one in omissions if one.choice is not None))
    return Realisation(
        base, variants, shape, samplers, behind, errors, omissions, choices, preparations(index, factors)
    )


def _variants(definition: Definition, factors: Factors) -> tuple[tuple[Definition, ...], tuple[int, ...]]:
    """Return a definition for every combination of methods, and the number of alternatives of each factor."""
    normalisations = factors.normalisation.alternatives if factors.normalisation else (AsDefined(),)
    ties = factors.ties.alternatives if factors.ties else (None,)
    aggregations = factors.aggregation.alternatives if factors.aggregation else (AsDefined(),)
    level = (factors.aggregation and factors.aggregation.at) or definition.levels[0]
    variants = []
    for normalisation, tie_rule, aggregation in itertools.product(normalisations, ties, aggregations):
        variant = with_aggregation(with_normalisation(definition, normalisation), level, aggregation)
        variants.append(variant if tie_rule is None else with_ties(variant, tie_rule))
    return tuple(variants), (len(normalisations), len(ties), len(aggregations))


def points_of(index: Index, indicators: str | Sequence[str]) -> list[int]:
    """Return the positions of the indicators that have printed points: all of them, or those named."""
    known = {str(slot) for slot in index.printed[names.SLOT].values}
    leaves = index.definition.indicators
    return [k for k in _positions(index, indicators) if leaves[k].id in known and leaves[k].unit == POINTS]


def _positions(index: Index, indicators: str | Sequence[str]) -> list[int]:
    leaves = [leaf.id for leaf in index.definition.indicators]
    if isinstance(indicators, str):
        return list(range(len(leaves)))
    return [leaves.index(one) for one in find_indicators(index.definition, list(indicators))]


def _error(
    index: Index, spec: DataError, entry: int, base: Floats, signed: Collection[int], turned: Collection[int]
) -> ErrorField:
    """Return an error factor for an index.

    An error in per cent of everything leaves out drawn values on a signed scale, which have no per cent; one in steps
    is of answers alone, and no other is.
    """
    answered = index.definition.indicators
    in_steps = spec.unit == STEPS
    leaves = [k for k in _positions(index, spec.indicators) if (answered[k].answers is not None) == in_steps]
    if spec.unit == "relative" and isinstance(spec.indicators, str):
        leaves = [leaf for leaf in leaves if leaf not in signed]
    definition = index.definition
    above = [definition.ancestors[definition.indicators[leaf].id] for leaf in leaves]
    if spec.within is not None:
        above = [tuple(node for node in path if definition.level(node) == spec.within) or path for path in above]
    groups = list(dict.fromkeys(path[-1] for path in above))
    top = [len(answered[k].answers or ()) - 1 for k in leaves] if in_steps else []
    return error_field(spec, entry, leaves, base, [groups.index(path[-1]) for path in above], turned, top)


def _omission(index: Index, spec: LeaveOut) -> Omission:
    among = None if spec.among is None else find_members(index, spec.level, list(spec.among))
    return omission(spec, index.definition, index.cities, among)
