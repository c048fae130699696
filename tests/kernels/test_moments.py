"""Mean and standard deviation of one row of a block."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.kernels.arrays import Floats
from simulator.kernels.moments import centre_and_sd

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)


def exactly(numbers: Floats, delta: int) -> tuple[Fraction, Fraction]:
    """Mean and variance without any rounding."""
    exact = [Fraction(number) for number in numbers.tolist()]
    mean = sum(exact, Fraction(0)) / len(exact)
    return mean, sum(((one - mean) ** 2 for one in exact), Fraction(0)) / (len(exact) - delta)


def off_by(found: float, exact: Fraction) -> float:
    return float(abs(Fraction(found) / exact - 1))


@pytest.mark.parametrize("n", [2, 3, 7, 8, 9, 16, 59, 60, 61, 300])
@pytest.mark.parametrize("delta", [0, 1])
@pytest.mark.parametrize("offset", [0.0, -3.0, 1e3, 1e9, -1e15])
def test_moments_are_those_of_numpy_and_of_exact_arithmetic(n: int, delta: int, offset: float) -> None:
    block = np.random.default_rng(n).normal(size=(5, n)) + offset
    for row in range(5):
        mean, variance = exactly(block[row], delta)
        centre, sd = centre_and_sd(block, row, float(delta))
        assert abs(Fraction(centre) - mean) <= 4 * 2.0**-53 * np.abs(block[row]).max()
        assert off_by(sd * sd, variance) < 1e-14
        assert centre == pytest.approx(block[row].mean(), rel=1e-15, abs=1e-15)
        if abs(offset) <= 1e9:  # beyond that NumPy loses digits, because it takes distances to a rounded mean
            assert sd == pytest.approx(block[row].std(ddof=delta), rel=1e-13)


@given(
    st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=40),
    st.integers(-(2**52), 2**52),
    st.sampled_from([0.0, 1.0]),
)
@settings(max_examples=200, deadline=None)
def test_a_large_mean_costs_no_digits(numbers: list[int], offset: int, delta: float) -> None:
    """The same to the bit whatever is added, as long as the values themselves can hold it."""
    plain, moved = np.array([numbers], float), np.array([[number + offset for number in numbers]], float)
    assert centre_and_sd(moved, 0, delta)[1] == centre_and_sd(plain, 0, delta)[1]
    centre = Fraction(centre_and_sd(moved, 0, delta)[0])
    assert abs(centre - exactly(moved[0], 0)[0]) <= np.spacing(np.abs(moved).max())


@pytest.mark.parametrize("value", [0.0, -0.0, 0.1, -1 / 3, 1e-300, 5e-324, 1e15 + 0.3, -1.7e308])
@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 60, 101])
def test_equal_values_have_themselves_as_mean_and_exactly_nothing_as_deviation(value: float, n: int) -> None:
    block = np.random.default_rng(n).normal(size=(3, n))
    block[1] = value
    assert centre_and_sd(block, 1, 0.0) == (value, 0.0)
    if n > 1:
        assert centre_and_sd(block, 1, 1.0) == (value, 0.0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=100), st.sampled_from([0, 1]))
@compiling
def test_the_variance_of_any_numbers_is_off_by_some_roundings_for_each(numbers: list[float], delta: int) -> None:
    """Most where the first value lies far outside: then two sums n times as large as the variance nearly cancel."""
    values = np.array([numbers])
    mean, variance = exactly(values[0], delta)
    centre, sd = centre_and_sd(values, 0, float(delta))
    n = len(numbers)
    size = max(1e-300, *(abs(number) for number in numbers))  # below that numbers have fewer digits
    assert abs(Fraction(centre) - mean) <= (n / 4 + 24) * 2.0**-53 * size
    if variance > 1e-290:
        assert off_by(sd * sd, variance) < (n + 1) * (n / 8 + 12) * 2.0**-53
    assert sd >= 0.0


def test_a_first_value_far_outside_costs_no_more_digits_than_that() -> None:
    random = np.random.default_rng(5)
    for n in (8, 60, 300):
        values = random.normal(size=(1, n)) * 1e-3
        values[0, 0] = 1e6
        sd = centre_and_sd(values, 0, 1.0)[1]
        assert off_by(sd * sd, exactly(values[0], 1)[1]) < 20 * (n + 1) * 2.0**-53


def test_a_row_is_that_of_its_block() -> None:
    block = np.random.default_rng(6).normal(size=(9, 23))
    alone = [centre_and_sd(block[row : row + 1], 0, 1.0) for row in range(9)]
    assert [centre_and_sd(block, row, 1.0) for row in range(9)] == alone
    assert [centre_and_sd(block[2:7], row, 1.0) for row in range(5)] == alone[2:7]
    assert len(set(alone)) == 9
