"""Order by sorted integer keys: for any finite numbers the counts are those of the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.keys import LAST, Keys, all_differ, count_by_keys, pack, position_mask, settle
from simulator.kernels.ranking import count_better, count_by_pairs, count_by_sorting

# The first call of a compiled function takes seconds.
compiling = settings(deadline=None)

TINY, HUGE = 5e-324, 1.7976931348623157e308
EDGES = [0.0, -0.0, TINY, -TINY, 2.2250738585072014e-308, -2.2250738585072014e-308, HUGE, -HUGE, 1.0, -1.0, 60.0]

finite = st.floats(allow_nan=False, allow_infinity=False)
few_values = st.lists(st.one_of(finite, st.sampled_from(EDGES)), min_size=1, max_size=12)


def repeated(random: np.random.Generator, pool: Floats, n: int) -> Floats:
    """Few different values, so that most are tied."""
    return random.choice(pool, n)


def stepped(random: np.random.Generator, pool: Floats, n: int) -> Floats:
    """Values that differ in their last bits only: some steps from one of few, on either side of nought as well."""
    steps = random.integers(-n, n + 1, n) * 2 ** random.integers(0, 3)
    bits = random.choice(pool, n).view(np.int64)
    size = np.clip((bits & np.int64(2**63 - 1)) + steps, 0, np.array(HUGE).view(np.int64))
    found: Floats = (size | (bits & np.int64(-(2**63)))).view(np.float64)
    return found


def of_any_bits(random: np.random.Generator, pool: Floats, n: int) -> Floats:
    """Any number there is, of every order of magnitude, beside some of the few."""
    values = random.integers(0, 2**64, n, dtype=np.uint64).view(np.float64)
    return np.where(np.isfinite(values), values, random.choice(pool, n))


def as_scores(random: np.random.Generator, pool: Floats, n: int) -> Floats:
    """What indicators look like: all different, or rounded."""
    return random.normal(pool[0] % 100.0, 1.0, n).round(random.integers(1, 17))


KINDS = (repeated, stepped, of_any_bits, as_scores)


@st.composite
def blocks(draw: st.DrawFn) -> Floats:
    """Rows of one length from 1 to 300, each of another kind."""
    n = draw(st.one_of(st.integers(1, 300), st.sampled_from([1, 2, 3, 64, 65, 127, 128, 129, 256, 257, 300])))
    pool, random = np.array(draw(few_values)), np.random.default_rng(draw(st.integers(0, 2**32)))
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))
    return np.stack([kind(random, pool, n) for kind in kinds])


def mask_of(n: int) -> np.uint64:
    """As compiled functions hand it on: called from here, one returns an integer of Python."""
    return np.uint64(position_mask(n))


def sorted_keys(values: Floats, room: int) -> Keys:
    """Keys of rows that have room for more cities than there are."""
    rows, m = values.shape
    keys = np.zeros((rows, m + room), np.uint64)
    pack(values, mask_of(m), keys)
    assert (keys[:, m:] == LAST).all()
    assert (keys[:, :m] < LAST).all()
    return np.sort(keys, axis=1)


def counts_by_keys(values: Floats, room: int) -> tuple[Integers, Integers]:
    better, same = np.full(values.shape, -1, np.int64), np.full(values.shape, -1, np.int64)
    before = values.copy()
    count_by_keys(sorted_keys(values, room), mask_of(values.shape[1]), values, np.empty(values.shape[1]), better, same)
    assert values.tobytes() == before.tobytes()
    return better, same


def naive_counts(values: Floats) -> tuple[Integers, Integers]:
    """How many of its row are larger than each, and how many equal."""
    own, others = values[:, :, np.newaxis], values[:, np.newaxis, :]
    return (others > own).sum(axis=2), (others == own).sum(axis=2)


@given(blocks(), st.integers(0, 9))
@example(np.array([[0.0, -0.0, TINY, -TINY, 0.0]]), 0)
@example(np.array([[HUGE, -HUGE, HUGE, np.nextafter(HUGE, 0.0)], [1.0, 1.0, 1.0, 1.0]]), 3)
@settings(max_examples=150, deadline=None)
def test_counts_by_keys_are_those_of_the_definition_and_of_every_other_way(values: Floats, room: int) -> None:
    better, same = naive_counts(values)
    found = counts_by_keys(values, room)
    assert (found[0].tolist(), found[1].tolist()) == (better.tolist(), same.tolist())
    for count in (count_by_pairs, count_by_sorting, count_better):
        other_better, other_same = np.full(values.shape, -1, np.int64), np.full(values.shape, -1, np.int64)
        count(values, other_better, other_same)
        assert (other_better.tolist(), other_same.tolist()) == (better.tolist(), same.tolist())


@given(st.lists(finite, min_size=1, max_size=12), st.integers(0, 3))
@example([0.0, -0.0], 1)
@example([TINY, 0.0, -TINY, -0.0], 0)
@compiling
def test_counts_of_any_few_numbers(values: list[float], room: int) -> None:
    better, same = counts_by_keys(np.array([values]), room)
    assert better[0].tolist() == [sum(other > value for other in values) for value in values]
    assert same[0].tolist() == [sum(other == value for other in values) for value in values]


def order_of(keys: Keys, row: int, m: int) -> list[int]:
    """Positions that the first keys of a row hold."""
    return [int(position) for position in keys[row, :m] & mask_of(m)]


@given(blocks(), st.integers(0, 9))
@compiling
def test_settled_keys_stand_in_the_order_of_falling_values(values: Floats, room: int) -> None:
    rows, m = values.shape
    keys = sorted_keys(values, room)
    before = keys.copy()
    for row in range(rows):
        falling = np.full(m, np.nan)
        settle(keys, row, mask_of(m), values, falling)
        order = order_of(keys, row, m)
        assert sorted(order) == list(range(m))
        assert falling.tobytes() == values[row, order].tobytes()
        assert (falling[1:] <= falling[:-1]).all()
        assert sorted(keys[row].tolist()) == before[row].tolist()
        assert keys[row + 1 :].tobytes() == before[row + 1 :].tobytes()
    # Settled once, they stay.
    once = keys.copy()
    for row in range(rows):
        settle(keys, row, mask_of(m), values, np.empty(m))
    assert keys.tobytes() == once.tobytes()


@given(blocks(), st.integers(0, 9))
@compiling
def test_values_are_said_to_differ_only_where_they_do(values: Floats, room: int) -> None:
    """And then their keys stand in their order. Of near values it is not said, though they may differ."""
    m = values.shape[1]
    keys = sorted_keys(values, room)
    for row, numbers in enumerate(values):
        if all_differ(keys, row, mask_of(m), m):
            falling = numbers[order_of(keys, row, m)]
            assert (falling[1:] < falling[:-1]).all()
        else:
            assert m > 1


def test_values_far_apart_are_known_to_differ() -> None:
    """Otherwise all rows would be looked through for equals."""
    values = np.random.default_rng(1).permuted(np.tile(np.arange(-30.0, 31.0), (4, 1)), axis=1)
    keys = sorted_keys(values, 0)
    assert all(all_differ(keys, row, mask_of(61), 61) for row in range(4))
    values[2, 5] = values[2, 6]
    keys = sorted_keys(values, 0)
    assert [bool(all_differ(keys, row, mask_of(61), 61)) for row in range(4)] == [True, True, False, True]


@pytest.mark.parametrize("n", [3, 64, 65, 300])
def test_keys_that_collide_leave_the_order_to_the_values(n: int) -> None:
    """So the tests above meet such keys, with runs of them in the wrong order."""
    steps = np.random.default_rng(n).permutation(n)
    steps = steps if (np.diff(steps) > 0).any() else steps[::-1]
    values = (np.array(1.0).view(np.int64) + steps).view(np.float64)[np.newaxis]
    keys = sorted_keys(values, 0)
    assert len(set((keys[0] & ~mask_of(n)).tolist())) <= 2
    assert not all_differ(keys, 0, mask_of(n), n)
    assert (np.diff(values[0, order_of(keys, 0, n)]) > 0).any()
    settle(keys, 0, mask_of(n), values, np.empty(n))
    assert values[0, order_of(keys, 0, n)].tolist() == sorted(values[0].tolist(), reverse=True)


def test_a_mask_holds_every_position_and_no_more() -> None:
    for n in range(1, 3001):
        mask = int(mask_of(n))
        assert mask == 2 ** max((n - 1).bit_length(), 1) - 1


def test_nought_has_one_key_whatever_its_sign() -> None:
    mask = mask_of(2)
    keys = np.empty((2, 2), np.uint64)
    pack(np.array([[0.0, -0.0], [-0.0, 0.0]]), mask, keys)
    assert len(set((keys & ~mask).ravel().tolist())) == 1
    assert (keys & mask).tolist() == [[0, 1], [0, 1]]


def test_what_is_left_over_is_sorted_behind_the_smallest_number() -> None:
    keys = sorted_keys(np.array([[-HUGE, -np.inf, np.inf]]), 2)
    assert keys[0, 3:].tolist() == [int(LAST)] * 2
    assert all_differ(keys, 0, mask_of(3), 3)
    assert order_of(keys, 0, 3) == [2, 0, 1]
