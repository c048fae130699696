from __future__ import annotations

import math
from collections import defaultdict
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from operator import add
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.kernels.aggregation import (
    ARITHMETIC,
    COPELAND,
    GENERALISED,
    GEOMETRIC,
    HARMONIC,
    MEDIAN,
    OUTRANKING,
    SUM,
    aggregate,
)
from simulator.kernels.arrays import Floats

GOLDEN = Path(__file__).parent.parent / "golden" / "social-choice"

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


def aggregated(
    method: int, coefficient: list[float], scores: list[list[float]], power: float = math.nan
) -> tuple[list[float], bool]:
    """Aggregate children that stand in scattered rows of a larger array, listed from last to first."""
    rows = [3 * child + 1 for child in range(len(scores))]
    spread: Floats = np.full((rows[-1] + 2, len(scores[0])), np.nan)
    wide = np.full(len(spread), np.nan)
    spread[rows], wide[rows] = scores, coefficient
    out = np.full(len(scores[0]), np.nan)
    defined = aggregate(method, power, spread, np.array(rows[::-1], np.int64), wide, out)
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


powers = st.sampled_from(
    [-100.0, -7.0, -2.0, -1.5, -1.0, -0.5, -1e-3, -1e-9, 0.0, 1e-12, 1e-6, 0.3, 0.999, 1.0, 1.5, 2.0]
)


def power_mean(power: float, pairs: list[tuple[Fraction, float]]) -> float:
    """Take the mean by its formula, with fifty digits."""
    with localcontext() as context:
        context.prec = 50
        weights = [Decimal(share.numerator) / Decimal(share.denominator) for share, _ in pairs]
        scores = [Decimal(score) for _, score in pairs]
        if power == 0.0:
            return float(sum(w * x.ln() for w, x in zip(weights, scores, strict=True)).exp())  # type: ignore[union-attr]
        total = sum((w * x ** Decimal(power) for w, x in zip(weights, scores, strict=True)), Decimal(0))
        return float(total ** (1 / Decimal(power)))


@given(weighted_scores(lowest=1), powers)
@compiling
def test_a_generalised_mean_follows_its_formula(case: Weighted, power: float) -> None:
    expected = [power_mean(power, pairs) for pairs in by_city(case)]
    assert aggregated(GENERALISED, shares(case[0]), case[1], power) == (pytest.approx(expected, rel=1e-12), True)


@pytest.mark.parametrize(("power", "method"), [(1.0, ARITHMETIC), (0.0, GEOMETRIC), (-1.0, HARMONIC)])
def test_three_powers_are_the_means_of_that_name_to_the_bit(power: float, method: int) -> None:
    scores = np.random.default_rng(1).uniform(0.1, 9.0, (4, 30)).tolist()
    weights = [0.1, 0.2, 0.3, 0.4]
    assert aggregated(GENERALISED, weights, scores, power) == aggregated(method, weights, scores)


@given(weighted_scores(lowest=1))
@compiling
def test_a_generalised_mean_rises_with_its_power_without_a_jump(case: Weighted) -> None:
    coefficient = shares(case[0])
    steps = [-2.0, -1.0 - 1e-9, -1.0, -1.0 + 1e-9, -1e-9, 0.0, 1e-9, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 2.0]
    means = [aggregated(GENERALISED, coefficient, case[1], power)[0] for power in steps]
    for city in range(len(case[1][0])):
        values = [mean[city] for mean in means]
        assert all(one <= other * (1.0 + 1e-12) for one, other in pairwise(values))
        for k, power in ((2, -1.0), (5, 0.0), (8, 1.0)):
            assert values[k - 1] == pytest.approx(values[k], rel=1e-7), power
            assert values[k + 1] == pytest.approx(values[k], rel=1e-7), power


def test_large_powers_do_not_leave_the_range_of_numbers() -> None:
    scores = [[1e200, 1e-200], [3e200, 2e-200]]
    highest, _ = aggregated(GENERALISED, [0.5, 0.5], scores, 100.0)
    lowest, _ = aggregated(GENERALISED, [0.5, 0.5], scores, -100.0)
    assert highest == pytest.approx([3e200 * 0.5**0.01, 2e-200 * 0.5**0.01], rel=1e-12)
    assert lowest == pytest.approx([1e200 * 2**0.01, 1e-200 * 2**0.01], rel=1e-12)


@pytest.mark.parametrize(
    ("power", "lowest", "fine"),
    [
        (-1.0, 0.0, False),
        (0.0, 0.0, False),
        (0.5, 0.0, False),
        (2.5, 0.0, False),
        (0.0, -1.0, False),
        (2.0, 0.0, True),
        (2.0, -1.0, False),
        (4.0, math.nan, False),
        (1.0, -1.0, True),
        (3.0, -1.0, True),
    ],
)
def test_a_generalised_mean_says_of_which_scores_it_is_undefined(power: float, lowest: float, fine: bool) -> None:
    assert aggregated(GENERALISED, [0.5, 0.5], [[1.0, 2.0], [3.0, lowest]], power)[1] is fine
    assert aggregated(GENERALISED, [1.0, 0.0], [[1.0, 2.0], [3.0, lowest]], power) == (close([1.0, 2.0]), True)


def test_odd_powers_keep_the_sign() -> None:
    assert aggregated(GENERALISED, [0.5, 0.5], [[-3.0, 3.0, 0.0], [1.0, -1.0, 0.0]], 3.0)[0] == close(
        [-(13.0 ** (1 / 3)), 13.0 ** (1 / 3), 0.0]
    )


def flows(pairs: list[list[tuple[Fraction, float]]]) -> tuple[list[float], list[int]]:
    """Outranking flows and Copeland scores by plain loops over cities, in fractions."""
    outranking, copeland = [], []
    for i, mine in enumerate(pairs):
        won = []
        for j, theirs in enumerate(pairs):
            if i != j:
                won.append(
                    sum(
                        (share if x > y else share / 2 if x == y else Fraction(0))
                        for (share, x), (_, y) in zip(mine, theirs, strict=True)
                    )
                )
        outranking.append(float(sum(won) / len(won)) if won else 1.0)
        copeland.append(sum((one > Fraction(1, 2)) - (one < Fraction(1, 2)) for one in won))
    return outranking, copeland


@given(weighted_scores())
@compiling
def test_outranking_and_copeland_compare_every_two_cities(case: Weighted) -> None:
    outranking, copeland = flows(by_city(case))
    assert aggregated(OUTRANKING, shares(case[0]), case[1]) == (close(outranking), True)
    assert aggregated(COPELAND, shares(case[0]), case[1]) == ([float(one) for one in copeland], True)


def test_weights_that_miss_one_half_by_rounding_still_tie() -> None:
    for parts in (2, 6, 14, 22, 98):
        scores = [[float(k < parts // 2), 0.5] for k in range(parts)]
        assert aggregated(COPELAND, [1 / parts] * parts, scores) == ([0.0, 0.0], True)


@pytest.mark.parametrize("profile", ["T25", "T28"])
def test_the_profiles_of_the_handbook(profile: str) -> None:
    data = pd.read_csv(GOLDEN / "data.csv").query("profile == @profile")
    printed = pd.read_csv(GOLDEN / "expected.csv").query("profile == @profile").set_index("quantity")
    orders = [order.split(">") for order in data["order_best_to_worst"]]
    weights = (data["n_indicators"] / data["n_indicators"].sum()).tolist()
    cities = sorted(orders[0])
    scores = [[-float(order.index(city)) for city in cities] for order in orders]
    beaten = dict(zip(cities, aggregated(COPELAND, weights, scores)[0], strict=True))
    flow = dict(zip(cities, aggregated(OUTRANKING, weights, scores)[0], strict=True))
    if profile == "T25":
        ranked = str(printed.loc["condorcet_order", "item"]).split(">")
        assert [beaten[city] for city in ranked] == [3.0, 1.0, -1.0, -3.0]
        # Borda's points count the rivals that each indicator puts behind a city: the flow times all there are.
        borda = printed.loc["borda"].set_index("item")["value"]
        assert {city: one * 21 * 3 for city, one in flow.items()} == close(borda.to_dict())
    else:
        won: defaultdict[str, float] = defaultdict(float)
        for item, value in printed[printed.index.str.startswith("outrank")][["item", "value"]].to_numpy():
            ahead, behind = str(item).split(">")
            won[ahead] += value
            won[behind] += 60.0 - value
        assert flow == close({city: won[city] / 60.0 / 2.0 for city in cities})
        assert beaten == {"a": 0.0, "b": 0.0, "c": 0.0}


def test_of_blank_scores_nothing_is_compared() -> None:
    blank = math.nan
    scores = [[3.0, 2.0, blank, blank, 9.0], [1.0, blank, 5.0, blank, blank], [0.0, 0.0, 0.0, 0.0, 0.0]]
    found = [aggregated(method, [0.75, 0.25, 0.0], scores)[0] for method in (OUTRANKING, COPELAND)]
    # The second has the first child alone, the third the second alone: they have none in common, and tie.
    assert found[0] == pytest.approx(
        [(1 + 0 + 0) / 3, (0 + 0.5 + 0) / 3, (1 + 0.5 + 0.5) / 3, blank, 2.5 / 3], nan_ok=True
    )
    assert found[1] == pytest.approx([-1.0, -2.0, 1.0, blank, 2.0], nan_ok=True)


def test_a_city_by_itself() -> None:
    assert aggregated(OUTRANKING, [1.0], [[2.0]]) == ([1.0], True)
    assert aggregated(COPELAND, [1.0], [[2.0]]) == ([0.0], True)
