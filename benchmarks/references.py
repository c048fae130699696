"""References: the same studies in NumPy, SciPy and pandas alone, from the plainest to the fastest we could write.

All count ranks (city, rank) of values (city, indicator) under 5 % normal error on every cell and Dirichlet(1) weights.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import rankdata

from benchmarks.registry import Normalisation, ReferenceName

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Counts = NDArray[np.int64]

ERROR = 0.05
PLAIN_CHUNK = 1_000
PLAIN_CELLS = 3_000_000
"""Most cells that the plain reference holds in one array: 1,000 draws of 60 × 50, fewer of larger indices."""
CHUNK = 100
"""Draws whose arrays stay in the second cache; 25 to 200 differ by a few per cent."""


def plain_histogram(values: Floats, normalisation: Normalisation, draws: int, seed: int) -> Counts:
    """Count ranks as one would first write it: float64 throughout, `scipy.stats.rankdata`, chunks of 1,000 draws.

    Equal values of an indicator have one error together.
    """
    generator = np.random.default_rng(seed)
    cities, indicators = values.shape
    chunk = max(1, min(PLAIN_CHUNK, PLAIN_CELLS // values.size))
    source = _first_of_equals(values)
    counts = np.zeros((cities, cities), np.int64)
    for start in range(0, draws, chunk):
        size = min(chunk, draws - start)
        noise = generator.standard_normal((size, cities, indicators))
        if source is not None:
            noise = np.take_along_axis(noise, source[np.newaxis], axis=1)
        weights = generator.dirichlet(np.ones(indicators), size)
        totals = np.einsum("dci,di->dc", _normalised(values * (1.0 + ERROR * noise), normalisation), weights)
        ranks = rankdata(-totals, method="min", axis=1).astype(np.int64)
        for city in range(cities):
            counts[city] += np.bincount(ranks[:, city] - 1, minlength=cities)
    return counts


def tuned_histogram(values: Floats, normalisation: Normalisation, draws: int, seed: int) -> Counts:
    """Count ranks in chunks of 100 draws: NumPy's float32 normals, ranks by `argsort` twice, totals by `matmul`.

    Float32 throughout; for values without ties.
    """
    generator = np.random.default_rng(seed)
    cities, indicators = values.shape
    base = np.ascontiguousarray(values.T, np.float32)
    scale = np.float32(ERROR) * np.abs(base)
    counts = np.zeros(cities * cities, np.int64)
    row = np.arange(cities) * cities
    drawn = np.empty((CHUNK, indicators, cities), np.float32)
    for start in range(0, draws, CHUNK):
        perturbed = drawn[: draws - start]
        generator.standard_normal(dtype=np.float32, out=perturbed)
        perturbed *= scale
        perturbed += base
        weights = _random_weights(generator, perturbed.shape)
        totals = np.matmul(weights, _normalised_singles(perturbed, normalisation))[:, 0]
        ranks = np.argsort(np.argsort(-totals, axis=1), axis=1)
        counts += np.bincount((ranks + row).ravel(), minlength=counts.size)
    return counts.reshape(cities, cities)


def lean_histogram(values: Floats, normalisation: Normalisation, draws: int, seed: int) -> Counts:
    """Count ranks with all that is known of the case put to use, and nothing else computed.

    Normals by Box and Muller from raw bits, of which NumPy takes logarithm, sine and cosine many at a time; one sort a
    column, whose places are written where they belong; spans and deviations divide the weights in place of the values,
    and what all cities have in common is left out. Chunks of 100 draws, float32, for values without ties whose mean is
    of the size of their deviation: what a study of this one kind could be in NumPy, not what a package could do.
    """
    generator = np.random.default_rng(seed)
    cities, indicators = values.shape
    base = np.ascontiguousarray(values.T, np.float32)
    scale = np.float32(ERROR) * np.abs(base)
    counts = np.zeros(cities * cities, np.int64)
    place = np.arange(cities)[::-1]
    rows = (np.arange(CHUNK * indicators) * cities).reshape(CHUNK, indicators, 1)
    points = np.tile(np.arange(cities, dtype=np.float32), CHUNK * indicators)
    ranked = np.empty(points.size, np.float32)
    drawn, passing = np.empty(2 * _half_of(points.size), np.float32), np.empty((2, _half_of(points.size)), np.float32)
    for start in range(0, draws, CHUNK):
        size = min(CHUNK, draws - start)
        cells = size * base.size
        _box_muller(generator, drawn[: 2 * _half_of(cells)], passing[:, : _half_of(cells)])
        perturbed = drawn[:cells].reshape(size, indicators, cities)
        perturbed *= scale
        perturbed += base
        weights = _random_weights(generator, perturbed.shape)
        if normalisation == "rank":
            order = np.argsort(perturbed, axis=2)
            order += rows[:size]
            ranked[order.ravel()] = points[:cells]
            scores = ranked[:cells].reshape(perturbed.shape)
        else:
            scores = perturbed
            weights /= _spans(perturbed, normalisation)[:, np.newaxis]
        order = np.argsort(np.matmul(weights, scores)[:, 0], axis=1)
        order *= cities
        order += place
        counts += np.bincount(order.ravel(), minlength=counts.size)
    return counts.reshape(cities, cities)


REFERENCES: dict[ReferenceName, Callable[[Floats, Normalisation, int, int], Counts]] = {
    "tuned": tuned_histogram,
    "plain": plain_histogram,
    "lean": lean_histogram,
}

TOLD: dict[ReferenceName, str] = {
    "tuned": "tuned: argsort twice, by 100",
    "plain": "plain: rankdata, by 1,000",
    "lean": "lean: this one case only",
}


def sorted_values(points: Floats, draws: int, seed: int) -> Floats:
    """Return values (draw, variable, city) in the order of points (city, variable), by sorting samples.

    A third of the variables each is normal, lognormal and uniform.
    """
    generator = np.random.default_rng(seed)
    cities, variables = points.shape
    shape = generator.integers(0, 3, (draws, variables, 1))
    normal = generator.standard_normal((draws, variables, cities))
    sample = np.where(shape == 0, normal, np.where(shape == 1, np.exp(normal), ndtr(normal)))
    order = np.argsort(np.argsort(points, axis=0), axis=0).T
    drawn: Floats = np.take_along_axis(np.sort(sample, axis=2), np.broadcast_to(order, sample.shape), axis=2)
    return drawn


def scored_by_pandas(values: pd.DataFrame, printed: pd.DataFrame) -> pd.DataFrame:
    """Return `total` and `rank` (city) of the 2025 index in pandas: points as published, added up.

    The city at position k of a variable gets the k-th of its `printed` numbers; equal cities share the mean of theirs.
    """
    points = {}
    for variable, column in values.items():
        position = column.rank(method="first", ascending=False).to_numpy(np.int64) - 1
        descending = np.sort(printed[variable].to_numpy())[::-1]
        points[variable] = pd.Series(descending[position], index=column.index).groupby(column).transform("mean")
    total = pd.DataFrame(points).sum(axis=1)
    return pd.DataFrame({"total": total, "rank": total.rank(method="min", ascending=False).astype(np.int64)})


def _normalised(values: Floats, method: Normalisation) -> Floats:
    if method == "rank":
        points: Floats = rankdata(values, method="max", axis=1)
        return points
    scores: Floats
    if method == "min-max":
        low = values.min(axis=1, keepdims=True)
        scores = (values - low) / (values.max(axis=1, keepdims=True) - low)
    else:
        scores = (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, ddof=1, keepdims=True)
    return scores


def _normalised_singles(values: Singles, method: Normalisation) -> Singles:
    """Return scores (draw, indicator, city) in float32."""
    if method == "rank":
        return np.argsort(np.argsort(values, axis=2), axis=2).astype(np.float32)
    scores: Singles
    if method == "min-max":
        low = values.min(axis=2, keepdims=True)
        scores = values - low
        scores /= values.max(axis=2, keepdims=True) - low
        return scores
    scores = values - values.mean(axis=2, keepdims=True)
    scores /= np.sqrt(np.einsum("dic,dic->di", scores, scores) / np.float32(values.shape[2] - 1))[..., np.newaxis]
    return scores


def _spans(values: Singles, method: Normalisation) -> Singles:
    """Return what divides the values of each draw and indicator, up to a factor that all share."""
    if method == "min-max":
        spans: Singles = values.max(axis=2) - values.min(axis=2)
        return spans
    squares = np.einsum("dic,dic->di", values, values) / np.float32(values.shape[2])
    deviations: Singles = np.sqrt(squares - np.square(values.mean(axis=2)))
    return deviations


def _random_weights(generator: np.random.Generator, shape: tuple[int, ...]) -> Singles:
    """Return weights (draw, 1, indicator) in the proportions of Dirichlet(1)."""
    return generator.standard_exponential((shape[0], 1, shape[1]), dtype=np.float32)


def _half_of(count: int) -> int:
    return (count + 1) // 2


def _box_muller(generator: np.random.Generator, normals: Singles, passing: Singles) -> None:
    """Fill an even number of `normals`; `passing` (2, half of them) is for what comes in between."""
    distance, angle = passing
    bits = generator.bit_generator.random_raw(distance.size).view(np.int32).reshape(2, -1)
    np.multiply(bits[0], np.float32(2.0**-32), out=distance, dtype=np.float32, casting="unsafe")
    distance += np.float32(0.5 + 2.0**-24)
    np.log(distance, out=distance)
    distance *= np.float32(-2.0)
    np.sqrt(np.maximum(distance, 0.0, out=distance), out=distance)
    np.multiply(bits[1], np.float32(np.pi * 2.0**-31), out=angle, dtype=np.float32, casting="unsafe")
    pairs = normals.reshape(2, -1)
    np.cos(angle, out=pairs[0])
    np.sin(angle, out=pairs[1])
    pairs *= distance


def _first_of_equals(values: Floats) -> NDArray[np.int64] | None:
    """Return the first city (city, indicator) that has the value of each; nothing where no two are equal."""
    source = np.empty(values.shape, np.int64)
    for indicator, column in enumerate(values.T):
        _, first, group = np.unique(column, return_index=True, return_inverse=True)
        source[:, indicator] = first[group]
    return None if (source == np.arange(len(values))[:, np.newaxis]).all() else source
