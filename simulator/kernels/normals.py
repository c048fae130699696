"""Standard normals from raw bits, by inversion without branches, so that the compiler takes many at a time.

Each normal takes 32 bits: one for the sign, 31 for the tail probability, which reaches 6.3 standard deviations. The
inverse of the error function is the polynomial one of Giles (2011, GPU Computing Gems 2, ch. 10,
doi:10.1016/B978-0-12-385963-1.00010-1), the logarithm that of Cephes (Moshier 1989), both in single precision: the
relative error is below one millionth up to 5 standard deviations and below 5 in ten thousand beyond, where one normal
in two million lies.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.kernels.arrays import Floats
from simulator.kernels.compiled import compiled

PIECE = 1024
"""Normals made at a time, so that steps in between stay in the nearest cache."""

_F = np.float32

Single: TypeAlias = np.floating[Any]


@compiled
def normals(bits: NDArray[np.uint32], out: Floats) -> None:
    """Turn as many 32-bit words into standard normals as `out` holds; both are flat."""
    size = np.empty(PIECE, np.float32)
    tail = np.empty(PIECE, np.float32)
    exponent = np.empty(PIECE, np.float32)
    pattern = tail.view(np.int32)
    for start in range(0, out.size, PIECE):
        m = min(PIECE, out.size - start)
        words, made = bits[start : start + m], out[start : start + m]
        for i in range(m):
            k = words[i] >> np.uint32(1)
            # erf(z / √2) is 1 - 2t for a tail probability t; 4 t (1 - t) is taken from t, where it is precise.
            size[i] = (_F(np.uint32(0x7FFFFFFF) - k) + _F(0.5)) * _F(2.0**-31)
            t = (_F(k) + _F(0.5)) * _F(2.0**-32)
            tail[i] = _F(4.0) * t * (_F(1.0) - t)
        for i in range(m):
            # Split into a power of two and a factor between 2/3 and 4/3.
            power = (pattern[i] - np.int32(0x3F2AAAAB)) & np.int32(-0x800000)
            exponent[i] = _F(power) * _F(2.0**-23)
            pattern[i] = pattern[i] - power
        for i in range(m):
            exponent[i] = -_logarithm(tail[i], exponent[i])
        for i in range(m):
            w = exponent[i]
            near = _near(w - _F(2.5))
            far = _far(np.sqrt(w) - _F(3.0))
            share = near if w < _F(5.0) else far
            sign = _F(1.4142135) if words[i] & np.uint32(1) else _F(-1.4142135)
            made[i] = sign * share * size[i]


@compiled
def _logarithm(factor: Single, exponent: Single) -> Single:
    x = factor - _F(1.0)
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
    return exponent * _F(0.69314718) + (x + (y - _F(0.5) * z))


@compiled
def _near(w: Single) -> Single:
    p = _F(2.81022636e-08) * w + _F(3.43273939e-07)
    p = p * w + _F(-3.5233877e-06)
    p = p * w + _F(-4.39150654e-06)
    p = p * w + _F(0.00021858087)
    p = p * w + _F(-0.00125372503)
    p = p * w + _F(-0.00417768164)
    p = p * w + _F(0.246640727)
    return p * w + _F(1.50140941)


@compiled
def _far(w: Single) -> Single:
    p = _F(-0.000200214257) * w + _F(0.000100950558)
    p = p * w + _F(0.00134934322)
    p = p * w + _F(-0.00367342844)
    p = p * w + _F(0.00573950773)
    p = p * w + _F(-0.0076224613)
    p = p * w + _F(0.00943887047)
    p = p * w + _F(1.00167406)
    return p * w + _F(2.83297682)
