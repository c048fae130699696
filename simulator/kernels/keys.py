"""Order by keys: value and position packed into one integer, so that a plain sort of integers tells who stands where.

NumPy sorts rows of integers with vector instructions, several times as fast as any count or sort of floats compiled
here (measured by `python -m benchmarks crossover`). The position takes the lowest bits of the key, and the value what
is left of its own; values that differ in the bits lost are put in order afterwards, so the order is exact.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.bits import bits_of_double
from simulator.kernels.compiled import compiled, part

Keys: TypeAlias = NDArray[np.uint64]

LAST = np.uint64(2**64 - 1)
"""Key of what takes no part: it is sorted behind all others."""

_SIGN = np.uint64(2**63)
_ONE = np.uint64(1)


@part
def position_mask(n: int) -> np.uint64:
    """Return the lowest bits of a key, which hold one of n positions."""
    mask = _ONE
    while np.int64(mask) < n - 1:
        mask = (mask << _ONE) | _ONE
    return mask


@compiled
def pack(values: Floats, mask: np.uint64, keys: Keys) -> None:
    """Write keys of rows of values (rows, m) into `keys` (rows, n): the largest value first, what is left over last."""
    rows, m = values.shape
    for row in range(rows):
        for i in range(m):
            bits = bits_of_double(values[row, i] + 0.0)  # -0.0 becomes 0.0, which it equals
            falling = bits if bits & _SIGN else ~(bits | _SIGN)
            keys[row, i] = (falling & ~mask) | np.uint64(i)
        for i in range(m, keys.shape[1]):
            keys[row, i] = LAST


@part
def all_differ(keys: Keys, row: int, mask: np.uint64, m: int) -> bool:
    """Return whether no two of the first m sorted keys of a row hold the same bits of a value."""
    alike = 0
    for k in range(m - 1):
        alike += (keys[row, k + 1] ^ keys[row, k]) <= mask
    return alike == 0


@part
def settle(keys: Keys, row: int | np.int64, mask: np.uint64, values: Floats, falling: Floats) -> None:
    """Put sorted keys of a row that hold the same bits of a value in the order of the values, in place.

    `values` is (rows, m); `falling` (m) takes those of the row, the largest first.
    """
    m = falling.size
    for k in range(m):
        falling[k] = values[row, keys[row, k] & mask]
    rises = 0
    for k in range(m - 1):
        rises += falling[k + 1] > falling[k]
    if rises == 0:
        return
    start = 0
    for k in range(1, m + 1):
        if k == m or (keys[row, k] ^ keys[row, start]) > mask:
            if k - start > 1:
                run, values_of_run = keys[row, start:k].copy(), falling[start:k].copy()
                order = np.argsort(-values_of_run)
                for place in range(order.size):
                    keys[row, start + place] = run[order[place]]
                    falling[start + place] = values_of_run[order[place]]
            start = k


@part
def count_by_keys(
    keys: Keys, mask: np.uint64, values: Floats, falling: Floats, better: Integers, same: Integers
) -> None:
    """Count, for each value of each row, how many are larger and how many equal, from the sorted keys of the rows.

    `keys` is (rows, n), the others (rows, m) but for `falling` (m), which is scratch.
    """
    m = falling.size
    for row in range(values.shape[0]):
        if all_differ(keys, row, mask, m):
            for k in range(m):
                better[row, keys[row, k] & mask] = k
            for k in range(m):
                same[row, k] = 1
            continue
        settle(keys, row, mask, values, falling)
        begin = 0
        for k in range(m):
            begin = k if falling[k] != falling[begin] else begin
            better[row, keys[row, k] & mask] = begin
        end = m
        for k in range(m - 1, -1, -1):
            position = keys[row, k] & mask
            same[row, position] = end - better[row, position]
            end = k if better[row, position] == k else end
