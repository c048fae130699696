"""Quantile functions of shapes, as the kernel of order statistics takes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import expit

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.order_statistics import LOGIT_END, PIECES, SMOOTH, Quantiles
from simulator.uncertainty.shapes import AnyShape, LogMixture, Mixture, mixture_table, quantile

CLOSE = 5e-7
"""How far a spline may be from the quantile of its shape, in spreads, or in distances from the middle if more."""

INSIDE = np.linspace(0.0, 1.0, 17)
"""Places in a piece at which that is tried."""


def encode_quantiles(shapes: Sequence[AnyShape]) -> tuple[Quantiles, Callable[[AnyShape], int]]:
    """Return the quantile functions of shapes that are not uniform, and what numbers the spline of each shape.

    A mixture rises so steeply between its groups that a spline over the logit cannot follow; there it has a table.
    """
    numbers: dict[bytes, int] = {}
    distinct: list[AnyShape] = []
    for shape in shapes:
        if _key(shape) not in numbers:
            numbers[_key(shape)] = len(distinct)
            distinct.append(shape)
    splines = [CubicSpline(np.arange(PIECES + 1), quantile(shape, _at(np.arange(PIECES + 1)))) for shape in distinct]
    guides = []
    tables: list[tuple[Floats, Floats]] = [(np.zeros(0), np.zeros(0))]
    for shape, spline in zip(distinct, splines, strict=True):
        guides.append(np.full((PIECES, 2), SMOOTH))
        if isinstance(shape, Mixture | LogMixture):
            before = sum(len(probability) for probability, _ in tables)
            tables.append(mixture_table(shape.share, shape.gap))
            steep = _steep(shape, spline)
            guides[-1][steep] = before + _neighbourhoods(tables[-1][0], steep)
    quantiles = Quantiles(
        coefficients=np.array([spline.c[::-1].T for spline in splines], np.float32).reshape(-1),
        tabled=np.array([(guide != SMOOTH).any() for guide in guides], np.bool_),
        guide=np.concatenate([*guides, np.zeros((0, 2), np.int64)]).astype(np.int64),
        probability=np.concatenate([probability for probability, _ in tables]),
        quantile=np.concatenate([values for _, values in tables]),
    )
    return quantiles, lambda shape: numbers[_key(shape)]


def _at(place: Floats | Integers) -> Floats:
    """Return the probability at a place along the pieces."""
    probability: Floats = np.asarray(expit((place - PIECES / 2) * (2.0 * LOGIT_END / PIECES)), np.float64)
    return probability


def _key(shape: AnyShape) -> bytes:
    return quantile(shape, _at(np.arange(PIECES + 1))).tobytes()


def _steep(shape: AnyShape, spline: CubicSpline) -> Integers:
    """Return the pieces that a spline does not follow closely enough."""
    places = np.arange(PIECES)[:, np.newaxis] + INSIDE
    exact = quantile(shape, _at(places))
    away = np.abs(spline(places) - exact) / np.maximum(1.0, np.abs(exact))
    steep: Integers = np.flatnonzero((away > CLOSE).any(axis=1))
    return steep


def _neighbourhoods(probability: Floats, pieces: Integers) -> Integers:
    """Return the places in a table between which the probabilities of pieces lie (piece, 2).

    A hundredth of a piece more on either side, because the kernel's logits are rounded.
    """
    ends = _at(np.stack([pieces - 0.01, pieces + 1.01], axis=1))
    low = np.searchsorted(probability, ends[:, 0], side="right") - 1
    high = np.searchsorted(probability, ends[:, 1], side="left")
    return np.stack([np.maximum(low, 0), np.minimum(high, probability.size - 1)], axis=1)
