"""Rising samples: the last rounding errors taken out, so that a drawn order is the printed one."""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Flags, Floats
from simulator.kernels.compiled import compiled


@compiled
def keep_rising(samples: Floats, fixed: Flags) -> None:
    """Make each row of `samples` (draws, n) rise strictly, in place, by moving values that are not `fixed` (n) a hair.

    Rows rise already but for rounding. Fixed values rise by much more than that.
    """
    draws, n = samples.shape
    for draw in range(draws):
        row = samples[draw]
        for k in range(1, n):
            if row[k] <= row[k - 1] and not fixed[k]:
                row[k] = np.nextafter(row[k - 1], np.inf)
        for k in range(n - 2, -1, -1):
            if row[k] >= row[k + 1] and not fixed[k]:
                row[k] = np.nextafter(row[k + 1], -np.inf)
