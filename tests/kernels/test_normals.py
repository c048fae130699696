"""Normals made of raw bits: pairs of them by Box and Muller, their distribution, their tails and what they share."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simulator.kernels.arrays import Words
from simulator.kernels.normals import PIECE, normals, normals_of_draws, words_for_normals
from simulator.uncertainty.streams import standard_normals, stream

Array = NDArray[np.float64]

PAIRS = 2_000_000
HALVES = ("first", "second")


def made(words: Words, count: int) -> Array:
    out = np.full(count, np.nan)
    normals(words[np.newaxis], 0, out)
    return out


def bits_of(words: Words, pairs: int) -> tuple[Array, NDArray[np.int64]]:
    """Return the 24 bits of each pair's distance and the 16 of its direction: four bytes a pair, then one a pair."""
    raw = words.astype("<u8").view(np.uint8)
    coarse, fine = raw[: 4 * pairs].view("<u4").astype(np.int64), raw[4 * pairs : 5 * pairs].astype(np.int64)
    return (coarse >> 8).astype(np.float64), (coarse & 0xFF) << 8 | fine


def words_of(distance: NDArray[np.int64], direction: NDArray[np.int64]) -> Words:
    """Return words that hold these bits."""
    raw = np.zeros(8 * words_for_normals(2 * distance.size), np.uint8)
    raw[: 4 * distance.size] = (distance << 8 | direction >> 8).astype("<u4").view(np.uint8)
    raw[4 * distance.size : 5 * distance.size] = direction & 0xFF
    return raw.view("<u8").astype(np.uint64)


def plain_normals(words: Words, count: int) -> tuple[Array, Array]:
    """Box and Muller in double precision: as many normals, and the distance of each one's pair from the origin."""
    pairs = (count + 1) // 2
    distance, direction = bits_of(words, pairs)
    # The middle of the step, as near as 24 bits tell it: in the upper half of all steps one of its two ends.
    radius = np.sqrt(-2.0 * np.log((distance.astype(np.float32) + np.float32(0.5)).astype(np.float64) / 2.0**24))
    angle = ((direction & 0x3FFF) - 0x2000 + 0.5) * np.pi / 2**15
    turned = np.where(direction & 0x4000, angle, np.pi - angle)
    x, y = radius * np.cos(turned), radius * np.sin(turned)
    swapped = direction & 0x8000 > 0
    both = np.concatenate([np.where(swapped, y, x), np.where(swapped, x, y)])
    return both[:count], np.concatenate([radius, radius])[:count]


def random_words(seed: int, count: int) -> Words:
    return np.random.default_rng(seed).integers(0, 2**64, words_for_normals(count), dtype=np.uint64)


@pytest.fixture(scope="module")
def sample() -> dict[str, Array]:
    """The first of each pair and the second, as (draws, pairs of a draw)."""
    drawn = standard_normals(stream(7, 0, "normals"), (1000, 2 * PAIRS // 1000))
    return {"first": drawn[:, : PAIRS // 1000], "second": drawn[:, PAIRS // 1000 :]}


# The numbers themselves.


def test_a_pair_is_that_of_box_and_muller() -> None:
    words = random_words(3, 400_000)
    expected, radius = plain_normals(words, 400_000)
    assert (np.abs(made(words, 400_000) - expected) <= 2e-6 * radius).all()


def test_so_is_one_of_any_distance_however_near_or_far() -> None:
    generator = np.random.default_rng(4)
    # Every order of magnitude of the distance's bits, from either end, and both ends.
    near = (2.0 ** generator.uniform(0, 24, 50_000)).astype(np.int64) - 1
    distance = np.concatenate([near, 2**24 - 1 - near, [0, 1, 2, 2**23 - 1, 2**23, 2**23 + 1, 2**24 - 2, 2**24 - 1]])
    words = words_of(distance, generator.integers(0, 2**16, distance.size))
    expected, radius = plain_normals(words, 2 * distance.size)
    found = made(words, 2 * distance.size)
    assert (np.abs(found - expected) <= 2e-6 * radius).all()
    # Their own distance is that of the pair, whatever the direction.
    assert np.hypot(*found.reshape(2, -1)) == pytest.approx(radius[: distance.size], rel=2e-6)
    assert radius.max() == pytest.approx((50 * np.log(2)) ** 0.5)


def test_the_directions_are_all_there_and_equally_far_apart() -> None:
    directions = np.arange(2**16)
    found = made(words_of(np.full(2**16, 12345), directions), 2**17)
    angles = np.sort(np.arctan2(found[2**16 :], found[: 2**16]))
    steps = np.diff([*angles, angles[0] + 2 * np.pi])
    assert steps == pytest.approx(2 * np.pi / 2**16, abs=2e-6)
    middles = (np.arange(2**16) + 0.5 - 2**15) * 2 * np.pi / 2**16
    assert angles == pytest.approx(middles, abs=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 2 * PIECE - 1, 2 * PIECE, 2 * PIECE + 1, 2 * PIECE + 2, 6 * PIECE + 17])
def test_no_normal_is_lost_at_the_ends_of_pieces(count: int) -> None:
    words = random_words(count, count)
    assert 8 * (words.size - 1) < 5 * ((count + 1) // 2) <= 8 * words.size
    expected, radius = plain_normals(words, count)
    assert (np.abs(made(words, count) - expected) <= 2e-6 * radius).all()
    assert np.unique(made(words, count)).size == count


@pytest.mark.parametrize("count", [1, 2, 5, 16, 23])
def test_every_byte_belongs_to_one_pair(count: int) -> None:
    words, pairs = random_words(5, count), (count + 1) // 2
    before = made(words, count)
    seen = np.zeros(pairs, int)
    for byte in range(8 * words.size):
        raw = words.view(np.uint8).copy()
        raw[byte] ^= 0x5A
        changed = np.flatnonzero(made(raw.view(np.uint64), count) != before)
        pair = byte // 4 if byte < 4 * pairs else byte - 4 * pairs
        of_pair = [pair, pairs + pair] if pair < pairs else []
        assert changed.tolist() == [place for place in of_pair if place < count]
        seen[of_pair[:1]] += 1
    assert (seen == 5).all()


def test_draws_are_made_one_by_one() -> None:
    words = np.stack([random_words(seed, 7) for seed in range(4)])
    out = np.full((4, 7), np.nan)
    normals_of_draws(words, out)
    assert out.tolist() == [made(row, 7).tolist() for row in words]


@pytest.mark.parametrize("cells", [1, 6, 7, 3 * PIECE])
def test_numbers_do_not_depend_on_how_a_block_is_cut(cells: int) -> None:
    whole = standard_normals(stream(1, 2, "x"), (10, cells))
    generator = stream(1, 2, "x")
    parts = [standard_normals(generator, (size, cells)) for size in (1, 4, 5)]
    assert (np.concatenate(parts) == whole).all()
    assert (standard_normals(stream(1, 2, "x"), (10, cells, 1, 1))[:, :, 0, 0] == whole).all()


# Their distribution.


@pytest.mark.parametrize("half", HALVES)
def test_the_distribution_is_normal(sample: dict[str, Array], half: str) -> None:
    drawn = sample[half].ravel()
    assert stats.kstest(drawn[:500_000], "norm").pvalue > 1e-4
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10395 - 15**2)):
        assert abs((drawn**power).mean() - moment) < 4.5 * (variance / PAIRS) ** 0.5


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("beyond", [0.0, 1.0, 2.0, 3.0, 4.0, 4.5])
def test_tails_have_their_share(sample: dict[str, Array], half: str, beyond: float) -> None:
    expected = PAIRS * stats.norm.sf(beyond)
    for side in (sample[half], -sample[half]):
        assert abs((side > beyond).sum() - expected) < 4.5 * expected**0.5
    both = np.concatenate([np.abs(sample[one]).ravel() for one in HALVES])
    assert abs((both > beyond).sum() - 4 * expected) <= 4.5 * (4 * expected) ** 0.5


def uncorrelated(left: Array, right: Array) -> bool:
    """Whether two samples hang together neither themselves, nor in size, nor one with the size of the other."""
    shapes = [(left, right), (left**2, right**2), (left, right**2), (left**2, right), (np.abs(left), np.abs(right))]
    return all(abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4.5 / left.size**0.5 for one, other in shapes)


def test_the_two_of_a_pair_have_nothing_in_common(sample: dict[str, Array]) -> None:
    first, second = sample["first"], sample["second"]
    assert uncorrelated(first, second)
    # Together they lie in every direction alike, near the origin and far from it.
    quadrants = 2 * (first > 0) + (second > 0)
    far = np.hypot(first, second) > 3.0
    for among in (quadrants.ravel(), quadrants[far]):
        assert stats.chisquare(np.bincount(among, minlength=4)).pvalue > 1e-4
    assert not uncorrelated(first, second + 0.01 * first)


@pytest.mark.parametrize("half", HALVES)
def test_neighbours_have_nothing_in_common(sample: dict[str, Array], half: str) -> None:
    own, other = sample[half], sample[HALVES[half == "first"]]
    assert uncorrelated(own[:, :-1], own[:, 1:])
    assert uncorrelated(own[:, :-1], other[:, 1:])
    assert uncorrelated(own[:-1], own[1:])


def test_nor_have_draws_or_streams(sample: dict[str, Array]) -> None:
    # Eight pairs share words with bytes of other pairs.
    own = sample["first"]
    for apart in (2, 3, 4, 5, 8):
        assert uncorrelated(own[:, :-apart], own[:, apart:])
    assert uncorrelated(own, standard_normals(stream(7, 1, "normals"), own.shape))
