"""Errors on values: noise times a size that the values give, against plain loops."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.kernels.arrays import Floats, Integers, Words
from simulator.kernels.errors import ABSOLUTE, RELATIVE, SD, add_noise, add_normal_noise, error_sizes
from simulator.kernels.normals import normals, words_for_normals

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

UNITS = (RELATIVE, SD, ABSOLUTE)
DRAWS, L = 4, 5

Add = Callable[[Floats, Floats, bool], None]
"""Adds errors: given true values, values, and whether to set these to the true ones first."""


def sizes_of(values: Floats, leaves: Integers, unit: int, size: Floats) -> Floats:
    out = np.full((leaves.size, values.shape[1]), np.nan)
    error_sizes(values, leaves, unit, size, out)
    return out


def plain_size(column: list[float], city: int, unit: int, size: float) -> float:
    if unit == RELATIVE:
        return size * abs(column[city])
    if unit == SD:
        return size * statistics.stdev(column) if len(column) > 1 else 0.0
    return size


def plain_errors(values: Floats, leaves: Integers, sizes: Floats, noise: Floats, source: Integers) -> None:
    """Add to one draw, cell by cell."""
    for k, leaf in enumerate(leaves):
        for city in range(values.shape[1]):
            giver = city if (source[k] == -1).all() else source[k, city]
            values[leaf, city] += sizes[k, city] * noise[k, giver]


def sources(n: int) -> Integers:
    """Of three indicators: each city its own error, all that of the last city, some that of others."""
    some = np.random.default_rng(n).integers(0, n, n)
    return np.stack([np.full(n, -1), np.full(n, n - 1), some]).astype(np.int64)


@given(
    st.integers(1, 20).flatmap(
        lambda n: st.lists(st.lists(st.floats(-1e6, 1e6), min_size=n, max_size=n), min_size=L, max_size=L)
    ),
    st.sampled_from(UNITS),
    st.permutations(range(L)),
    st.lists(st.sampled_from([0.0, 0.05, -0.3, 1.0, -2.0]), min_size=3, max_size=3),
)
@compiling
def test_sizes_are_those_of_each_cell_taken_alone(
    rows: list[list[float]], unit: int, order: list[int], size: list[float]
) -> None:
    values, leaves = np.array(rows), np.array(order[:3])
    expected = [
        [plain_size(rows[leaf], city, unit, one) for city in range(len(rows[0]))]
        for leaf, one in zip(leaves, size, strict=True)
    ]
    found = sizes_of(values, leaves, unit, np.array(size))
    assert found == pytest.approx(np.array(expected), rel=1e-10, abs=1e-150)
    if unit != SD:
        assert found.tolist() == expected
    assert values.tolist() == rows


def test_sizes_by_hand() -> None:
    values = np.array([[2.0, -4.0, 0.0, 10.0], [7.0, 7.0, 7.0, 7.0], [1.0, 3.0, 1.0, 3.0]])
    leaves, size = np.array([2, 0, 1]), np.array([0.5, -1.0, 2.0])
    assert sizes_of(values, leaves, RELATIVE, size).tolist() == [[0.5, 1.5, 0.5, 1.5], [-2, -4, 0, -10], [14] * 4]
    assert sizes_of(values, leaves, SD, size).tolist()[2] == [0.0] * 4
    assert sizes_of(values, leaves, SD, size)[0] == pytest.approx(0.5 * (4 / 3) ** 0.5)
    assert sizes_of(values, leaves, ABSOLUTE, size).tolist() == [[0.5] * 4, [-1] * 4, [2] * 4]
    # Of a single city there is no standard deviation.
    assert sizes_of(values[:, :1].copy(), leaves, SD, size).tolist() == [[0.0]] * 3


def case_of(n: int, unit: int, sign: float) -> tuple[Floats, Integers, Floats, Integers]:
    """True values, one matrix a draw; indicators in any order; their sizes; where their noise comes from."""
    random = np.random.default_rng(100 * n + 10 * unit + int(sign))
    return random.uniform(-9, 9, (DRAWS, L, n)), np.array([4, 0, 2]), sign * random.uniform(0.1, 2, 3), sources(n)


def check_every_way(unit: int, n: int, sign: float, noise: Floats, add: Callable[..., None]) -> None:
    """Compare true values in one row, in one a draw, and in the values themselves, set anew or not."""
    true, leaves, size, source = case_of(n, unit, sign)
    for one_row, anew in itertools.product((True, False), repeat=2):
        given_true = true[:1] if one_row else true
        values = np.full(true.shape, np.nan) if anew else np.random.default_rng(3).uniform(-9, 9, true.shape)
        expected = np.broadcast_to(given_true, true.shape).copy() if anew else values.copy()
        for draw in range(DRAWS):
            own = true[0 if one_row else draw]
            plain_errors(expected[draw], leaves, sizes_of(own, leaves, unit, size), noise[draw], source)
        before = given_true.copy()
        add(given_true, leaves, unit, size, source, anew, values)
        assert values.tolist() == expected.tolist()
        assert given_true.tobytes() == before.tobytes()
    for anew in (True, False):
        values, expected = true.copy(), true.copy()
        for draw in range(DRAWS):
            sizes = sizes_of(true[draw], leaves, unit, size)
            plain_errors(expected[draw], leaves, sizes, noise[draw], source)
        add(values, leaves, unit, size, source, anew, values)
        assert values.tolist() == expected.tolist()
        assert (values != true)[:, leaves].any() == (unit != SD or n > 1)
        assert (values == true)[:, [1, 3]].all()


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("n", [1, 2, 9, 64, 65])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_noise_is_added_cell_by_cell_in_the_size_of_each(unit: int, n: int, sign: float) -> None:
    noise = np.random.default_rng(n).normal(size=(DRAWS, 3, n))

    def add(true: Floats, leaves: Integers, unit: int, size: Floats, source: Integers, anew: bool, out: Floats) -> None:
        before = noise.copy()
        add_noise(noise.reshape(-1, n), true, leaves, unit, size, source, anew, out)
        assert noise.tobytes() == before.tobytes()

    check_every_way(unit, n, sign, noise, add)


def scratch(source: Integers) -> tuple[Floats, Floats]:
    """One array seen in two ways."""
    noise = np.full(source.shape, np.nan)
    return noise, noise.reshape(-1)


def random_words(draws: int, count: int) -> Words:
    return np.random.default_rng(count).integers(0, 2**64, (draws, words_for_normals(count)), dtype=np.uint64)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("n", [1, 2, 9, 64, 65, 600])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_normal_noise_is_the_normals_of_each_draws_words(unit: int, n: int, sign: float) -> None:
    """Both with as many cells as make whole pairs, and with one over."""
    words = random_words(DRAWS, 3 * n)
    noise = np.empty((DRAWS, 3 * n))
    for draw in range(DRAWS):
        normals(words, draw, noise[draw])

    def add(true: Floats, leaves: Integers, unit: int, size: Floats, source: Integers, anew: bool, out: Floats) -> None:
        before = words.copy()
        add_normal_noise(words, *scratch(source), true, leaves, unit, size, source, anew, out)
        assert words.tobytes() == before.tobytes()

    check_every_way(unit, n, sign, noise.reshape(DRAWS, 3, n), add)


def test_a_single_city_has_no_error_in_standard_deviations() -> None:
    true, leaves, size, source = case_of(1, SD, 1.0)
    values = np.full((2, *true.shape), np.nan)
    add_noise(np.ones((DRAWS * 3, 1)), true, leaves, SD, size, source, True, values[0])
    add_normal_noise(random_words(DRAWS, 3), *scratch(source), true, leaves, SD, size, source, True, values[1])
    assert values.tolist() == [true.tolist()] * 2


def test_a_negative_size_turns_the_error_round() -> None:
    true, leaves, size, source = case_of(9, RELATIVE, 1.0)
    noise = np.random.default_rng(1).normal(size=(DRAWS * 3, 9))
    there, back = np.zeros(true.shape), np.zeros(true.shape)
    add_noise(noise, true, leaves, RELATIVE, size, source, False, there)
    add_noise(noise, true, leaves, RELATIVE, -size, source, False, back)
    assert there.tolist() == (-back).tolist()
    assert there[:, leaves].all()


def test_cities_that_share_an_error_get_it_in_their_own_size() -> None:
    true = np.array([[[2.0, 4.0, 8.0]]])
    source, values = np.array([[1, 1, 1]]), np.zeros((1, 1, 3))
    add_noise(np.array([[0.5, 3.0, 7.0]]), true, np.array([0]), RELATIVE, np.array([0.1]), source, False, values)
    assert values[0, 0] == pytest.approx([0.6, 1.2, 2.4])


def test_errors_add_up_in_sizes_of_the_true_values() -> None:
    """Of two errors on one indicator the second is no larger for the first."""
    true, leaves, size, source = case_of(9, RELATIVE, 1.0)
    noise = np.random.default_rng(1).normal(size=(2, DRAWS * 3, 9))
    values = np.full(true.shape, np.nan)
    add_noise(noise[0], true, leaves, RELATIVE, size, source, True, values)
    add_noise(noise[1], true, leaves, SD, size, source, False, values)
    alone = [np.zeros(true.shape), np.zeros(true.shape)]
    for one, unit, out in zip(noise, (RELATIVE, SD), alone, strict=True):
        add_noise(one, true, leaves, unit, size, source, False, out)
    assert values == pytest.approx(true + alone[0] + alone[1], rel=1e-13, abs=1e-13)
