"""Sums and extremes of a row, eight numbers at a time: to the bit those of the order of summation that is fixed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core.errors import TypingError

from simulator.kernels.arrays import Floats
from simulator.kernels.lanes import LANES, extremes, sums_of_distances
from simulator.kernels.moments import centre_and_sd

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

Step = Callable[[float, float], float]


compiled: Callable[[Callable[..., Any]], Callable[..., Any]] = numba.njit


@compiled
def sums(values: Any, row: Any, origin: Any) -> Any:
    return sums_of_distances(values, row, origin)


@compiled
def ends(values: Any, row: Any) -> Any:
    return extremes(values, row)


def folded(numbers: Sequence[float], start: float, step: Step, join: Step) -> float:
    """Eight results side by side, each of every eighth number, joined in halves, and then what is left of the row."""
    whole = len(numbers) // 8 * 8
    lanes = [start] * 8
    for position in range(whole):
        lanes[position % 8] = step(lanes[position % 8], numbers[position])
    while len(lanes) > 1:
        half = len(lanes) // 2
        lanes = [join(one, other) for one, other in zip(lanes[:half], lanes[half:], strict=True)]
    result = lanes[0]
    for number in numbers[whole:]:
        result = step(result, number)
    return result


def plain_sums(numbers: Sequence[float], origin: float) -> tuple[float, float]:
    def add(one: float, other: float) -> float:
        return one + other

    distances = [number - origin for number in numbers]
    return folded(distances, 0.0, add, add), folded([one * one for one in distances], 0.0, add, add)


def bits(pair: Sequence[float]) -> list[str]:
    return [float(one).hex() for one in pair]


def numbers_of_all_sizes(seed: int, rows: int, n: int) -> Floats:
    """Numbers whose sum depends on the order in which they are added."""
    random = np.random.default_rng(seed)
    return random.choice([-1.0, 1.0], (rows, n)) * 10.0 ** random.uniform(-8, 8, (rows, n))


@pytest.mark.parametrize("n", range(1, 101))
def test_sums_are_those_of_the_fixed_order_to_the_bit(n: int) -> None:
    assert LANES == 8
    block = numbers_of_all_sizes(n, 5, n)
    for row in range(5):
        numbers = block[row].tolist()
        for origin in (0.0, numbers[0], 0.1):
            assert bits(sums(block, row, origin)) == bits(plain_sums(numbers, origin))


def test_another_order_would_have_been_seen() -> None:
    """Otherwise the test above would hold of a plain loop as well."""
    seen = {"one by one": 0, "pairwise": 0, "rest first": 0, "halves the other way": 0}
    for n in range(9, 101):
        numbers = numbers_of_all_sizes(n, 5, n)[0]
        found = float(sums(numbers[np.newaxis], 0, 0.0)[0])
        seen["one by one"] += float(np.cumsum(numbers)[-1]) != found
        seen["pairwise"] += float(numbers.sum()) != found
        rest = n % 8
        seen["rest first"] += rest > 0 and plain_sums(np.roll(numbers, rest).tolist(), 0.0)[0] != found
        eighths = [float(np.cumsum(numbers[lane : n // 8 * 8 : 8])[-1]) for lane in range(8)]
        neighbours = [one + other for one, other in zip(eighths[::2], eighths[1::2], strict=True)]
        neighbours = [one + other for one, other in zip(neighbours[::2], neighbours[1::2], strict=True)]
        seen["halves the other way"] += rest == 0 and neighbours[0] + neighbours[1] != found
    assert all(count >= 3 for count in seen.values()), seen


@pytest.mark.parametrize("n", range(1, 101))
def test_extremes_are_the_smallest_and_the_largest_wherever_they_stand(n: int) -> None:
    block = np.random.default_rng(n).uniform(-1.0, 1.0, (3, n))
    for place in range(n):
        block[1] = 0.25
        block[1, place] = -2.0
        assert ends(block, 1) == (-2.0, 0.25 if n > 1 else -2.0)
        block[1, place] = 3.0
        assert ends(block, 1) == (0.25 if n > 1 else 3.0, 3.0)
    for row in (0, 2):
        assert ends(block, row) == (block[row].min(), block[row].max())


@given(
    st.lists(st.one_of(st.floats(allow_nan=False), st.sampled_from([0.0, -0.0])), min_size=1, max_size=40),
    st.integers(0, 2),
)
@compiling
def test_extremes_of_any_numbers(numbers: list[float], row: int) -> None:
    block = np.random.default_rng(0).normal(size=(3, len(numbers)))
    block[row] = numbers
    lowest, highest = ends(block, row)
    assert (lowest, highest) == (min(numbers), max(numbers))
    # Of nought and minus nought the one that the order meets first.
    assert bits([lowest]) == bits([folded(numbers, numbers[0], min, min)])
    assert bits([highest]) == bits([folded(numbers, numbers[0], max, max)])


@given(st.integers(1, 40), st.integers(0, 2**32), st.integers(0, 3), st.integers(1, 4))
@compiling
def test_a_row_of_a_part_of_a_block_is_found_where_it_is(n: int, seed: int, first: int, rows: int) -> None:
    """Rows of a slice of rows, as methods take runs of indicators."""
    block = numbers_of_all_sizes(seed, 8, n)
    part = block[first : first + rows]
    for row in range(rows):
        assert bits(sums(part, row, 0.5)) == bits(plain_sums(block[first + row].tolist(), 0.5))
        assert ends(part, row) == (block[first + row].min(), block[first + row].max())


def test_reading_leaves_the_numbers_alone() -> None:
    block = numbers_of_all_sizes(1, 4, 33)
    before = block.tobytes()
    sums(block, 2, 0.0)
    ends(block, 2)
    assert block.tobytes() == before


@pytest.mark.parametrize("values", [np.arange(12.0).reshape(3, 4)[:, :2], np.asfortranarray(np.ones((3, 4)))])
def test_rows_that_do_not_follow_one_another_are_refused(values: Floats) -> None:
    with pytest.raises(TypingError, match="C order"):
        centre_and_sd(values, 1, 1.0)
