"""Weightings as samplers: fixed weights, and random ones around a centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammaincinv, gammaln

from simulator.construction.nominal import nominal_weights
from simulator.construction.recipe import weighted_by, with_member_weights
from simulator.definition import Definition
from simulator.kernels.arrays import Floats, Integers
from simulator.methods import DirichletWeights, ExpertWeights, ResolvedWeighting, UniformWeights


@dataclass(frozen=True, eq=False)
class WeightSampler:
    """Draws weights of the indicators. `fixed` for a weighting that is not random.

    Members are the nodes (or indicators) whose weights vary; below a member the nominal shares stay.
    """

    method: ResolvedWeighting
    member: Integers
    """(L): member to which each indicator belongs."""
    share: Floats
    """(L): nominal share of each indicator within its member."""
    centre: Floats
    """(members): weights around which the draws lie; they sum to 1."""
    members: tuple[str, ...]
    """What the members are called: identifiers of nodes or indicators."""

    @property
    def fixed(self) -> bool:
        """Whether every draw is the same."""
        return not isinstance(self.method, DirichletWeights | UniformWeights | ExpertWeights)

    @cached_property
    def apart(self) -> bool:
        """Whether every indicator is a member of its own, in order."""
        return bool(np.array_equal(self.member, np.arange(self.centre.size)) and (self.share == 1.0).all())

    def same_as(self, other: WeightSampler) -> bool:
        """Return whether another sampler of the same method has the same members, shares and centre."""
        return (
            np.array_equal(self.member, other.member)
            and np.allclose(self.share, other.share, rtol=1e-12, atol=0.0)
            and np.allclose(self.centre, other.centre, rtol=1e-12, atol=0.0)
        )

    def draw(self, generator: np.random.Generator, draws: int) -> Floats:
        """Return weights (draws, L), each row summing to 1; a single row where they are fixed."""
        if isinstance(self.method, DirichletWeights):
            weight = _gammas(generator, self._shape(self.method), draws)
        elif isinstance(self.method, UniformWeights):
            weight = self._within(self.method, generator.uniform(-1.0, 1.0, (draws, self.centre.size)))
        elif isinstance(self.method, ExpertWeights):
            weight = self._by_expert(self.method, generator.random(draws))
        else:
            weight = self.centre[np.newaxis]
        return self._shared(weight)

    def weights_at(self, uniforms: Floats) -> Floats:
        """Return weights (draws, L) of a random weighting, made of numbers (draw, member) in (0, 1) by inversion.

        Dirichlet weights are gammas over their sum, each gamma the inverse of its distribution function.
        """
        if isinstance(self.method, DirichletWeights):
            return self._shared(gammas_at(self._shape(self.method), uniforms))
        if isinstance(self.method, UniformWeights):
            return self._shared(self._within(self.method, 2.0 * uniforms - 1.0))
        if isinstance(self.method, ExpertWeights):
            return self._shared(self._by_expert(self.method, uniforms[:, 0]))
        raise TypeError(f"weights by {self.method.method} are not random")

    def _shape(self, method: DirichletWeights) -> Floats:
        return method.concentration * self.centre.size * self.centre

    def _within(self, method: UniformWeights, deviations: Floats) -> Floats:
        """Return weights as far from the centre as deviations in [-1, 1] say."""
        weight: Floats = self.centre * (1.0 + method.percent / 100.0 * deviations)
        weight[weight.sum(axis=1) == 0.0] = self.centre
        return weight

    def _by_expert(self, method: ExpertWeights, uniforms: Floats) -> Floats:
        """Return the weights (draw, member) of the expert that each number in (0, 1) stands for."""
        rows = np.array([[row[member] for member in self.members] for row in method.rows])
        return np.asarray(rows[np.minimum((uniforms * len(rows)).astype(np.int64), len(rows) - 1)], np.float64)

    def _shared(self, weight: Floats) -> Floats:
        """Return the weights of the indicators (draws, L), given those of the members."""
        shared: Floats = weight / weight.sum(axis=1, keepdims=True)
        return shared if self.apart else np.ascontiguousarray(shared[:, self.member] * self.share)


SMALL_SHAPE = 0.1
"""Shape below which gammas so often fall out of the range of numbers that their logarithms are drawn instead."""

SMALL_GAMMA = 1e-100
"""Gamma below which only its logarithm is looked at; far above the smallest number, far below what a digit shows."""


def _gammas(generator: np.random.Generator, shape: Floats, draws: int) -> Floats:
    """Return gammas (draws, members) up to a factor of each draw; a member of shape 0 gets 0.

    For small shapes G(a) = G(a + 1) U^(1 / a) is drawn in logarithms (Marsaglia and Tsang 2000,
    doi:10.1145/358407.358414), so that the largest of a draw never vanishes.
    """
    size = (draws, shape.size)
    if (shape == 1.0).all():
        return generator.standard_exponential(size)
    if shape[shape > 0.0].min() >= SMALL_SHAPE:
        return generator.standard_gamma(shape, size)
    with np.errstate(divide="ignore"):
        logarithm = np.log(generator.standard_gamma(shape + 1.0, size))
        logarithm += np.log(1.0 - generator.random(size)) / shape
    gammas: Floats = np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
    return gammas


def gammas_at(shape: Floats, uniforms: Floats) -> Floats:
    """Return the gammas (draws, members) at levels in (0, 1), up to a factor of each draw; a member of shape 0 gets 0.

    Small gammas fall out of the range of numbers and are inverted in logarithms: where x is small, P(a, x) is
    x^a / G(a + 1) to the last digit (DLMF 8.7.1), so that ln x = (ln u + ln G(a + 1)) / a.

    >>> gammas_at(np.array([1.0, 0.0]), np.array([[0.5, 0.5]])).round(6).tolist()
    [[0.693147, 0.0]]
    """
    gammas = np.zeros(uniforms.shape)
    some = shape > 0.0
    own, level = shape[some], uniforms[:, some]
    found = gammaincinv(own, level)
    if own.min() < SMALL_SHAPE:
        with np.errstate(divide="ignore"):
            logarithm = np.where(found > SMALL_GAMMA, np.log(found), (np.log(level) + gammaln(own + 1.0)) / own)
        found = np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
    gammas[:, some] = found
    return gammas


def weight_sampler(definition: Definition, method: ResolvedWeighting) -> WeightSampler:
    """Return the sampler of a weighting for a definition; the level it names must be in the definition."""
    level = definition.levels[-1]
    if isinstance(method, DirichletWeights | UniformWeights | ExpertWeights):
        level = method.over or level
        changed = definition
        if isinstance(method, ExpertWeights):
            mean = {member: sum(row[member] for row in method.rows) / len(method.rows) for member in method.rows[0]}
            changed = with_member_weights(definition, level, mean)
    else:
        changed = weighted_by(definition, method)
    names = [changed.member(leaf.id, level) for leaf in changed.indicators]
    weight = nominal_weights(changed)
    members = list(dict.fromkeys(names))
    centre = np.array([weight[name] for name in members])
    if isinstance(method, DirichletWeights) and method.centre == "equal":
        centre = np.full(len(members), 1.0 / len(members))
    return WeightSampler(
        method=method,
        member=np.array([members.index(name) for name in names], np.int64),
        share=np.array(_shares(changed, names, weight)),
        centre=centre / centre.sum(),
        members=tuple(members),
    )


def weight_samplers(variants: Sequence[Definition], method: ResolvedWeighting) -> tuple[WeightSampler, ...]:
    """Return the sampler of a weighting for each variant of a definition; equal samplers are the same object.

    Variants that aggregate differently may have other nominal weights: below a sum a large dimension weighs more, below
    a mean each weighs what its weight says.
    """
    samplers: list[WeightSampler] = []
    for variant in variants:
        new = weight_sampler(variant, method)
        samplers.append(next((old for old in samplers if old.same_as(new)), new))
    return tuple(samplers)


def _shares(definition: Definition, names: Sequence[str], weight: dict[str, float]) -> list[float]:
    """Return the share of each indicator in its member; equal shares where the member weighs nothing."""
    shares = []
    for leaf, name in zip(definition.indicators, names, strict=True):
        shares.append(weight[leaf.id] / weight[name] if weight[name] > 0.0 else 1.0 / names.count(name))
    return shares
