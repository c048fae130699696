from __future__ import annotations

import math
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.kernels.aggregation import ARITHMETIC, GEOMETRIC, HARMONIC, MEDIAN, SUM, aggregate
from simulator.kernels.arrays import Floats

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

Weighted = tuple[list[int], list[list[float]]]


@st.composite
def weighted_scores(draw: st.DrawFn, lowest: int = -20) -> Weighted:
    """Weights of a few children, some of them zero, and their scores in a few cities."""
    weights = draw(st.lists(st.integers(0, 4), min_size=1, max_size=6).filter(any))
    cities = draw(st.integers(1, 4))
    row = st.lists(st.integers(lowest, 20).map(lambda quarter: quarter / 4.0), min_size=cities, max_size=cities)
    return weights, draw(st.lists(row, min_size=len(weights), max_size=len(weights)))


def aggregated(method: int, coefficient: list[float], scores: list[list[float]]) -> tuple[list[float], bool]:
    """Aggregate children that stand in scattered rows of a larger array, listed from last to first."""
    rows = [3 * child + 1 for child in range(len(scores))]
    spread: Floats = np.full((rows[-1] + 2, len(scores[0])), np.nan)
    wide = np.full(len(spread), np.nan)
    spread[rows], wide[rows] = scores, coefficient
    out = np.full(len(scores[0]), np.nan)
    defined = aggregate(method, spread, np.array(rows[::-1], np.int64), wide, out)
    return out.tolist(), defined


def shares(weights: list[int]) -> list[float]:
    return [weight / sum(weights) for weight in weights]


def close(expected: object) -> object:
    return pytest.approx(expected, rel=1e-12, abs=1e-12)


def by_city(case: Weighted) -> list[list[tuple[Fraction, float]]]:
    """Pairs of share and score of the children that weigh anything, for each city."""
    weights, scores = case
    return [
        [(Fraction(weight, sum(weights)), row[city]) for weight, row in zip(weights, scores, strict=True) if weight > 0]
        for city in range(len(scores[0]))
    ]


@given(weighted_scores())
@compiling
def test_a_sum_takes_weights_as_written(case: Weighted) -> None:
    weights, scores = case
    expected = [
        float(sum(Fraction(weight) * Fraction(row[city]) for weight, row in zip(weights, scores, strict=True)))
        for city in range(len(scores[0]))
    ]
    # Integers times quarters are exact in binary.
    assert aggregated(SUM, [float(weight) for weight in weights], scores) == (expected, True)


@given(weighted_scores())
@compiling
def test_arithmetic_mean(case: Weighted) -> None:
    expected = [float(sum(share * Fraction(score) for share, score in pairs)) for pairs in by_city(case)]
    result, defined = aggregated(ARITHMETIC, shares(case[0]), case[1])
    assert (result, defined) == (close(expected), True)


@given(weighted_scores(lowest=1))
@compiling
def test_geometric_mean(case: Weighted) -> None:
    expected = [math.prod(score ** float(share) for share, score in pairs) for pairs in by_city(case)]
    result, defined = aggregated(GEOMETRIC, shares(case[0]), case[1])
    assert (result, defined) == (close(expected), True)


@given(weighted_scores(lowest=1))
@compiling
def test_harmonic_mean(case: Weighted) -> None:
    expected = [float(1 / sum(share / Fraction(score) for share, score in pairs)) for pairs in by_city(case)]
    result, defined = aggregated(HARMONIC, shares(case[0]), case[1])
    assert (result, defined) == (close(expected), True)


@given(weighted_scores())
@example(([1, 1], [[1.0], [3.0]]))
@example(([1, 1, 2], [[1.0], [2.0], [5.0]]))
@example(([1, 4, 1], [[1.0], [2.0], [5.0]]))
@compiling
def test_weighted_median(case: Weighted) -> None:
    expected = []
    for pairs in by_city(case):
        half = Fraction(1, 2)
        lower = min(score for _, score in pairs if sum(share for share, other in pairs if other <= score) >= half)
        upper = max(score for _, score in pairs if sum(share for share, other in pairs if other >= score) >= half)
        expected.append((lower + upper) / 2)
    assert aggregated(MEDIAN, shares(case[0]), case[1]) == (expected, True)


def test_a_half_missed_by_rounding_is_still_a_half() -> None:
    # Added one by one, as the kernel does; from Python 3.12 on `sum` makes up for rounding.
    assert reduce(add, [1 / 14] * 7) < 0.5 < reduce(add, [1 / 22] * 11)
    for parts in (2, 6, 14, 22, 98):
        ascending = [[float(k)] for k in range(parts)]
        assert aggregated(MEDIAN, [1 / parts] * parts, ascending) == ([(parts - 1) / 2], True)


@given(weighted_scores(lowest=1))
@compiling
def test_means_stand_in_their_known_order_between_lowest_and_highest(case: Weighted) -> None:
    coefficient = shares(case[0])
    means = [aggregated(method, coefficient, case[1])[0] for method in (HARMONIC, GEOMETRIC, ARITHMETIC)]
    for city, pairs in enumerate(by_city(case)):
        values = [min(score for _, score in pairs), *(mean[city] for mean in means), max(score for _, score in pairs)]
        assert all(one <= next_one * (1 + 1e-12) for one, next_one in pairwise(values))


@pytest.mark.parametrize("method", [GEOMETRIC, HARMONIC])
@pytest.mark.parametrize("score", [0.0, -0.0, -1.0, math.nan])
def test_means_that_need_positive_scores_say_where_they_are_undefined(method: int, score: float) -> None:
    assert aggregated(method, [0.5, 0.5], [[1.0, 2.0], [3.0, score]])[1] is False
    assert aggregated(method, [0.5, 0.5], [[1.0, score], [3.0, 4.0]])[1] is False
    # A child that takes no part does no harm.
    assert aggregated(method, [1.0, 0.0], [[1.0, 2.0], [3.0, score]]) == (close([1.0, 2.0]), True)


@pytest.mark.parametrize("method", [SUM, ARITHMETIC, MEDIAN])
def test_other_methods_take_any_score(method: int) -> None:
    assert aggregated(method, [0.5, 0.5], [[1.0, 0.0], [-3.0, 0.0]]) == ([-1.0, 0.0], True)


@pytest.mark.parametrize("method", [SUM, ARITHMETIC, GEOMETRIC, HARMONIC, MEDIAN])
def test_a_child_of_coefficient_zero_takes_no_part(method: int) -> None:
    alone, _ = aggregated(method, [1.0], [[2.0, 8.0]])
    beside, _ = aggregated(method, [0.0, 1.0, 0.0], [[math.nan] * 2, [2.0, 8.0], [math.inf] * 2])
    assert alone == close([2.0, 8.0])
    assert beside == alone
