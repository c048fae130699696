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
from simulator.kernels.compiled import compiled
from simulator.kernels.ranking import count_in_order

Keys: TypeAlias = NDArray[np.uint64]

LAST = np.uint64(2**64 - 1)
"""Key of what takes no part: it is sorted behind all others."""

_SIGN = np.uint64(2**63)
_ONE = np.uint64(1)


@compiled
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
    pattern = keys.view(np.float64)
    for row in range(rows):
        for i in range(m):
            pattern[row, i] = values[row, i] + 0.0  # -0.0 becomes 0.0, which it equals
        for i in range(m):
            bits = keys[row, i]
            falling = bits if bits & _SIGN else ~(bits | _SIGN)
            keys[row, i] = (falling & ~mask) | np.uint64(i)
        for i in range(m, keys.shape[1]):
            keys[row, i] = LAST


@compiled
def read_order(keys: Keys, row: int, mask: np.uint64, values: Floats, order: Integers) -> bool:
    """Read the positions of a row of values from its sorted keys into `order` (m), the largest first.

    `values` is (rows, m). Returns whether some values may be equal; if not, all differ.
    """
    alike = 0
    for k in range(order.size):
        order[k] = np.int64(keys[row, k] & mask)
    for k in range(order.size - 1):
        alike += (keys[row, k + 1] ^ keys[row, k]) <= mask
    if alike > 0:
        _settle(keys[row], mask, values[row], order)
    return alike > 0


@compiled
def _settle(keys: Keys, mask: np.uint64, values: Floats, order: Integers) -> None:
    """Put runs whose keys hold the same bits of the value in order."""
    n = order.size
    start = 0
    for k in range(1, n + 1):
        if k == n or (keys[k] ^ keys[start]) > mask:
            run = order[start:k]
            if k - start > 1 and not _falls(values, run):
                run[:] = run[np.argsort(-values[run], kind="mergesort")]
            start = k


@compiled
def _falls(values: Floats, order: Integers) -> bool:
    rises = 0
    for k in range(1, order.size):
        rises += values[order[k]] > values[order[k - 1]]
    return rises == 0


@compiled
def count_by_keys(
    keys: Keys, mask: np.uint64, values: Floats, order: Integers, better: Integers, same: Integers
) -> None:
    """Count, for each value of each row, how many are larger and how many equal, from the sorted keys of the rows.

    `keys` is (rows, n), the others (rows, m) but for `order` (m), which is scratch.
    """
    for row in range(values.shape[0]):
        if read_order(keys, row, mask, values, order):
            count_in_order(values[row], order, 0.0, better[row], same[row])
        else:
            for k in range(order.size):
                better[row, order[k]] = k
                same[row, k] = 1
