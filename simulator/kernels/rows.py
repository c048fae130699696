"""Rows of a block, copied."""

from __future__ import annotations

from simulator.kernels.arrays import Floats
from simulator.kernels.compiled import part


@part
def copy_rows(rows: Floats, out: Floats) -> None:
    """Copy rows over the first ones, and the first columns, of `out`."""
    for row in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            out[row, i] = rows[row, i]
