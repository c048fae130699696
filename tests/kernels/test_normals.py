"""Normals made of raw bits: the inverse of the normal distribution, its moments and its tails."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtri

from simulator.kernels.normals import PIECE, normals
from simulator.uncertainty.streams import standard_normals, stream

DRAWS = 4_000_000


def made(bits: np.ndarray[tuple[int, ...], np.dtype[np.uint32]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    out = np.empty(bits.size)
    normals(bits, out)
    return out


@pytest.fixture(scope="module")
def sample() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return standard_normals(stream(7, 0, "normals"), (1000, DRAWS // 1000)).reshape(-1)


def test_a_word_is_a_sign_and_a_tail_probability() -> None:
    generator = np.random.default_rng(3)
    # Every order of magnitude of the tail, its ends and the middle.
    tails = np.concatenate([2.0 ** generator.uniform(0, 31, 100_000), [0, 1, 2, 2**31 - 1, 2**30]]).astype(np.uint64)
    bits = (2 * np.minimum(tails, 2**31 - 1)).astype(np.uint32)
    expected = ndtri(((bits >> 1) + 0.5) / 2.0**32)
    error = np.abs(made(bits) / expected - 1.0)
    assert error[np.abs(expected) <= 5.0].max() < 1e-6
    assert error.max() < 5e-4
    assert (made(bits | np.uint32(1)) == -made(bits)).all()


def test_no_word_is_lost_at_the_ends_of_pieces() -> None:
    bits = np.random.default_rng(4).integers(0, 2**32, 3 * PIECE + 17, dtype=np.uint32)
    whole = made(bits)
    assert (np.concatenate([made(part) for part in np.array_split(bits, 7)]) == whole).all()


def test_the_distribution_is_normal(sample: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    assert stats.kstest(sample[:500_000], "norm").pvalue > 1e-4
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((sample**power).mean() - moment) < 4.5 * (variance / DRAWS) ** 0.5


@pytest.mark.parametrize("beyond", [2.0, 3.0, 4.0, 4.5])
def test_tails_have_their_share(sample: np.ndarray[tuple[int, ...], np.dtype[np.float64]], beyond: float) -> None:
    expected = DRAWS * stats.norm.sf(beyond)
    for side in (sample, -sample):
        assert abs((side > beyond).sum() - expected) < 4.5 * expected**0.5


def test_neighbours_have_nothing_in_common(sample: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    """Two normals come from one 64-bit word."""
    pairs = sample.reshape(-1, 2)
    for left, right in ((pairs[:, 0], pairs[:, 1]), (pairs[:-1, 1], pairs[1:, 0])):
        assert abs(np.corrcoef(left, right)[0, 1]) < 4.5 / len(left) ** 0.5
        assert abs(np.corrcoef(left**2, right**2)[0, 1]) < 4.5 / len(left) ** 0.5


@pytest.mark.parametrize("cells", [1, 6, 7])
def test_numbers_do_not_depend_on_how_a_block_is_cut(cells: int) -> None:
    whole = standard_normals(stream(1, 2, "x"), (10, cells))
    generator = stream(1, 2, "x")
    parts = [standard_normals(generator, (size, cells)) for size in (1, 4, 5)]
    assert (np.concatenate(parts) == whole).all()
