"""Shapes of the values behind points: families of distributions with their quantile functions, as data.

A value at probability p is m + s q(p), or exp(m + s q(p)) for shapes on logarithms, where q is the quantile function of
the family's standard member. Where values are known, m and s are fitted to them; otherwise m is 0 and s is 1, or drawn
from the stated range.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal, get_args

import numpy as np
from pydantic import AfterValidator, Field
from scipy.special import expit, logit, ndtr, ndtri

from simulator.kernels.arrays import Floats
from simulator.methods import by_name
from simulator.validation import Schema


def _rising(written: tuple[float, float]) -> tuple[float, float]:
    if written[0] > written[1]:
        raise ValueError(f"the range {list(written)} falls | Give the lower end first.")
    return written


Spread = Annotated[
    tuple[Annotated[float, Field(gt=0, le=5)], Annotated[float, Field(gt=0, le=5)]], AfterValidator(_rising)
]
LowEnd = Annotated[
    tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]], AfterValidator(_rising)
]

SPREAD: tuple[float, float] = (0.2, 1.5)
"""Standard deviations of logarithms that quantities and ratios of cities have: those bundled reach from 0.2 to 1.7."""


class Normal(Schema):
    """Normal; can be negative."""

    method: Literal["normal"] = "normal"


class Uniform(Schema):
    """Uniform between `low` and 1, never negative: from a lower end drawn for each variable and draw."""

    method: Literal["uniform"] = "uniform"
    low: LowEnd = (0.0, 0.0)
    """Range of the lower end, as a share of the upper one."""


class StudentT(Schema):
    """Student's t with 4 degrees of freedom: heavy tails on both sides; can be negative."""

    method: Literal["student-t"] = "student-t"


class Mixture(Schema):
    """Two normals of equal spread, of which the upper one holds the few leaders; can be negative."""

    method: Literal["mixture"] = "mixture"
    share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the upper group."""
    gap: Annotated[float, Field(gt=0, le=10)] = 3.0
    """Distance between the groups in standard deviations of one."""


class Lognormal(Schema):
    """exp of a normal of standard deviation `sigma`; positive."""

    method: Literal["lognormal"] = "lognormal"
    sigma: Spread = SPREAD
    """Range of the standard deviation of the logarithm, drawn for each variable and draw."""


class LogLogistic(Schema):
    """exp of a logistic variable of standard deviation `sigma`: a tail that falls like a power; positive."""

    method: Literal["log-logistic"] = "log-logistic"
    sigma: Spread = SPREAD
    """Range of the standard deviation of the logarithm, drawn for each variable and draw."""


class LogMixture(Schema):
    """exp of a mixture of two normals, whose standard deviation is `sigma`; positive."""

    method: Literal["log-mixture"] = "log-mixture"
    sigma: Spread = SPREAD
    """Range of the standard deviation of the logarithm, drawn for each variable and draw."""
    share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the upper group."""
    gap: Annotated[float, Field(gt=0, le=10)] = 3.0
    """Distance between the groups in standard deviations of one."""


AnyShape = Normal | Uniform | StudentT | Mixture | Lognormal | LogLogistic | LogMixture
AnyPositiveShape = Uniform | Lognormal | LogLogistic | LogMixture
Shape = Annotated[AnyShape, Field(discriminator="method"), by_name(AnyShape)]
PositiveShape = Annotated[AnyPositiveShape, Field(discriminator="method"), by_name(AnyPositiveShape)]


def on_logarithms(shape: AnyShape) -> bool:
    """Return whether values are exp of m + s q(p)."""
    return isinstance(shape, Lognormal | LogLogistic | LogMixture)


def spread_at(shape: AnyShape, uniform: Floats) -> tuple[Floats, Floats]:
    """Return m and s (draw) where nothing is known, from uniform numbers (draw) in [0, 1)."""
    if isinstance(shape, Lognormal | LogLogistic | LogMixture):
        low, high = shape.sigma
        return np.zeros(uniform.shape), low + (high - low) * uniform
    if isinstance(shape, Uniform):
        low, high = shape.low
        end = low + (high - low) * uniform
        return end, 1.0 - end
    return np.zeros(uniform.shape), np.ones(uniform.shape)


def quantile(shape: AnyShape, p: Floats) -> Floats:
    """Return q(p) of the standard member of a family: mean 0 and standard deviation 1, but for uniform and student-t.

    Uniform is on 0 to 1. Student's t with 4 degrees of freedom is as such (standard deviation √2; Shaw 2006,
    doi:10.21314/JCF.2006.150).

    >>> quantile(Normal(), np.array([0.5, 0.975])).round(3).tolist()
    [0.0, 1.96]
    """
    match shape:
        case Normal() | Lognormal():
            found: Floats = ndtri(p)
        case LogLogistic():
            found = logit(p) * (np.sqrt(3.0) / np.pi)
        case StudentT():
            found = _student_quantile(p)
        case Mixture() | LogMixture():
            found = np.interp(p, *mixture_table(shape.share, shape.gap))
        case _:
            found = p
    return found


def probability(shape: AnyShape, z: Floats) -> Floats:
    """Return the probability of the standard member of a family up to z: the inverse of `quantile`.

    >>> probability(StudentT(), quantile(StudentT(), np.array([0.1, 0.5, 0.999]))).round(12).tolist()
    [0.1, 0.5, 0.999]
    """
    match shape:
        case Normal() | Lognormal():
            found: Floats = ndtr(z)
        case LogLogistic():
            found = expit(z * (np.pi / np.sqrt(3.0)))
        case StudentT():
            found = _student_probability(z)
        case Mixture() | LogMixture():
            points, values = mixture_table(shape.share, shape.gap)
            found = np.interp(z, values, points)
        case _:
            found = np.clip(z, 0.0, 1.0)
    return found


def _student_quantile(p: Floats) -> Floats:
    """Return the quantile of Student's t with 4 degrees of freedom, in a form that loses no digits near the median."""
    signed = 2.0 * p - 1.0
    angle = np.arcsin(np.abs(signed))
    # 1 - signed² = 4 p (1 - p), which does not cancel in the tails.
    cosine = 2.0 * np.sqrt(p * (1.0 - p))
    size = 2.0 * np.sqrt(2.0 * np.sin(2.0 * angle / 3.0) * np.sin(angle / 3.0) / cosine)
    found: Floats = np.sign(signed) * size
    return found


def _student_probability(z: Floats) -> Floats:
    """Return the distribution function of Student's t with 4 degrees of freedom."""
    ratio = z / np.sqrt(4.0 + z * z)
    found: Floats = 0.5 + 0.25 * ratio * (3.0 - ratio * ratio)
    return found


@lru_cache(maxsize=64)
def mixture_table(share: float, gap: float) -> tuple[Floats, Floats]:
    """Return probabilities and quantiles of a standardised mixture, close enough for straight lines between them.

    Steps are a thousandth of a group's standard deviation, so a line is off by less than one millionth.
    """
    grid = np.arange(-8.5, gap + 8.5, 0.001)
    points = (1.0 - share) * ndtr(grid) + share * ndtr(grid - gap)
    rising = np.concatenate([[True], np.diff(points) > 0.0])
    spread = np.sqrt(1.0 + share * (1.0 - share) * gap * gap)
    return points[rising], (grid[rising] - share * gap) / spread


def shape_catalogue() -> dict[str, type[Schema]]:
    """Return every shape by its name.

    >>> sorted(shape_catalogue())
    ['log-logistic', 'log-mixture', 'lognormal', 'mixture', 'normal', 'student-t', 'uniform']
    """
    return {member.model_fields["method"].default: member for member in get_args(AnyShape)}
