from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.uncertainty.streams import raw_words, standard_normals, stream

SEEDS, BLOCKS, NAMES = (
    (0, 1, 2, 2**53, 2**63 - 1),
    (0, 1, 976),
    ("weights 0", "weights 1", "data-error 0", "choice ties"),
)


PINNED = [
    ["0x1.2779a20000000p-12", "-0x1.ce17360000000p-5", "-0x1.cf07460000000p-2"],
    ["-0x1.47a1fc0000000p-1", "-0x1.961b820000000p-2", "0x1.7eb45c0000000p-3"],
]


@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6), st.text(max_size=20))
def test_a_stream_is_a_pure_function_of_seed_block_and_name(seed: int, block: int, name: str) -> None:
    first, again = stream(seed, block, name), stream(seed, block, name)
    first_numbers = first.random(3)
    np.random.default_rng(seed).random(7)
    np.testing.assert_array_equal(first_numbers, again.random(3))


def test_no_two_streams_are_alike() -> None:
    """Also where seed and block could be taken for each other."""
    keys = list(itertools.product(SEEDS, BLOCKS, NAMES))
    beginnings = {tuple(stream(*key).integers(0, 2**63, 4).tolist()) for key in keys}
    assert len(beginnings) == len(keys) == 60


def test_the_numbers_of_a_seed_stay_what_they_were() -> None:
    """Stored results are repeated with these: a change here breaks every one of them."""
    raw = stream(2025, 3, "weights 0").bit_generator.random_raw(3)
    assert raw.tolist() == [18415859411184285775, 12664142774539801971, 7990657900347179717]


def test_the_normals_of_a_seed_stay_what_they_were() -> None:
    """To the last bit: they are made of raw words by single operations, which every processor rounds alike."""
    found = standard_normals(stream(2025, 3, "data-error 0"), (2, 3))
    assert [[one.hex() for one in row] for row in found.tolist()] == PINNED


@given(st.integers(0, 5), st.integers(1, 9), st.lists(st.integers(0, 3), max_size=4))
def test_words_are_read_draw_after_draw_however_a_block_is_cut(seed: int, words: int, sizes: list[int]) -> None:
    draws = sum(sizes)
    whole = raw_words(stream(seed, 0, "a"), draws, words)
    assert whole.shape == (draws, words)
    np.testing.assert_array_equal(whole.ravel(), stream(seed, 0, "a").bit_generator.random_raw(draws * words))
    generator = stream(seed, 0, "a")
    parts = [raw_words(generator, size, words) for size in sizes]
    np.testing.assert_array_equal(np.concatenate([np.empty((0, words), np.uint64), *parts]), whole)


def test_global_random_state_is_neither_read_nor_changed() -> None:
    """Convention 9."""
    before = np.random.get_state()[1].tolist()  # type: ignore[union-attr,index]
    stream(1, 0, "weights 0").random(100)
    assert np.random.get_state()[1].tolist() == before  # type: ignore[union-attr,index]


@pytest.mark.parametrize("others", [[("b", 0)], [("a", 1)]])
def test_streams_are_not_correlated(others: list[tuple[str, int]]) -> None:
    count = 20_000
    own = stream(7, 0, "a").random(count)
    for name, block in others:
        other = stream(7, block, name).random(count)
        assert abs(np.corrcoef(own, other)[0, 1]) < 4 / count**0.5
        assert abs(own.mean() - 0.5) < 4 / (12 * count) ** 0.5
