"""Standard normals from raw bits, in pairs (Box and Muller 1958, doi:10.1214/aoms/1177706645), many at a time.

A pair takes 40 bits: 24 for its distance from the origin and 16 for its direction. The farthest normal lies at 5.9
standard deviations, beyond which one in 250 million would. Logarithm, sine and cosine are the polynomials of Cephes
(Moshier 1989) in single precision: a normal is off by less than one millionth of its distance, but for those within
0.001 of the origin, whose distance loses its last bit. There are no branches, so that the compiler takes many pairs at
once.
"""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Floats, Single, Words
from simulator.kernels.bits import bits_of_single, byte_of, half_word, single_of_bits
from simulator.kernels.compiled import compiled, part

PIECE = 512
"""Pairs made at a time, so that steps in between stay in the nearest cache."""

BYTES = 5
"""Bytes of a pair."""

_F = np.float32
_U = np.uint32


def words_for_normals(count: int) -> int:
    """Return how many 64-bit words so many normals take."""
    return -(-BYTES * ((count + 1) // 2) // 8)


@part
def normals(words: Words, row: int, out: Floats) -> None:
    """Turn a row of raw words (rows, `words_for_normals(out.size)`) into as many standard normals as `out` holds.

    The first of each pair stand in the first half of `out`, the second in the other half.
    """
    pairs = (out.size + 1) // 2
    distance = np.empty(PIECE, np.float32)
    cosine = np.empty(PIECE, np.float32)
    sine = np.empty(PIECE, np.float32)
    for start in range(0, pairs, PIECE):
        m = min(PIECE, pairs - start)
        for i in range(m):
            word = half_word(words, row, start + i)
            distance[i] = np.sqrt(_F(-2.0) * logarithm((_F(word >> _U(8)) + _F(0.5)) * _F(2.0**-24)))
        for i in range(m):
            word = half_word(words, row, start + i)
            direction = ((word & _U(0xFF)) << _U(8)) | _U(byte_of(words, row, 4 * pairs + start + i))
            # An eighth of a turn to either side; one bit turns it round, another takes sine for cosine.
            angle = (_F(np.int32(direction & _U(0x3FFF)) - np.int32(0x2000)) + _F(0.5)) * _F(np.pi / 2.0**15)
            square = angle * angle
            short = _sine(angle, square) * distance[i]
            long = _cosine(square) * (distance[i] if direction & _U(0x4000) else -distance[i])
            cosine[i] = short if direction & _U(0x8000) else long
            sine[i] = long if direction & _U(0x8000) else short
        first, second = out[start : start + m], out[pairs + start : pairs + start + m]
        for i in range(first.size):
            first[i] = cosine[i]
        for i in range(second.size):
            second[i] = sine[i]


@compiled
def normals_of_draws(words: Words, out: Floats) -> None:
    """Turn raw words (draws, words of a draw) into standard normals (draws, count)."""
    for draw in range(out.shape[0]):
        normals(words, draw, out[draw])


@part
def split(number: Single) -> tuple[Single, Single]:
    """Return x and n of a positive number (1 + x) 2^n, where 1 + x lies between 2/3 and 4/3."""
    bits = bits_of_single(number)
    power = (bits - np.int32(0x3F2AAAAB)) & np.int32(-0x800000)
    return single_of_bits(bits - power) - _F(1.0), _F(power) * _F(2.0**-23)


@part
def logarithm(number: Single) -> Single:
    """Natural logarithm of a positive number."""
    x, exponent = split(number)
    return logarithm_of_split(x, exponent)


@part
def logarithm_of_split(x: Single, exponent: Single) -> Single:
    """Natural logarithm of (1 + x) 2^exponent, with all its digits also where that is nearly 1."""
    z = x * x
    y = _F(7.0376836292e-2) * x + _F(-1.1514610310e-1)
    y = y * x + _F(1.1676998740e-1)
    y = y * x + _F(-1.2420140846e-1)
    y = y * x + _F(1.4249322787e-1)
    y = y * x + _F(-1.6668057665e-1)
    y = y * x + _F(2.0000714765e-1)
    y = y * x + _F(-2.4999993993e-1)
    y = y * x + _F(3.3333331174e-1)
    y = y * x * z
    result: Single = exponent * _F(0.69314718) + (x + (y - _F(0.5) * z))
    return result


@part
def _sine(angle: Single, square: Single) -> Single:
    p = _F(-1.9515295891e-4) * square + _F(8.3321608736e-3)
    p = p * square + _F(-1.6666654611e-1)
    return p * square * angle + angle


@part
def _cosine(square: Single) -> Single:
    p = _F(2.443315711809948e-5) * square + _F(-1.388731625493765e-3)
    p = p * square + _F(4.166664568298827e-2)
    return p * square * square - _F(0.5) * square + _F(1.0)
