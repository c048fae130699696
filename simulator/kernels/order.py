"""Rising samples: the last rounding errors taken out, so that a drawn order is the printed one."""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Flags, Floats
from simulator.kernels.compiled import compiled


@compiled
def keep_rising(sample: Floats, fixed: Flags) -> None:
    """Make a sample rise strictly, in place, by moving values that are not `fixed` a hair.

    It rises already but for rounding. Fixed values rise by much more than that.
    """
    n = sample.size
    for k in range(1, n):
        if sample[k] <= sample[k - 1] and not fixed[k]:
            sample[k] = np.nextafter(sample[k - 1], np.inf)
    for k in range(n - 2, -1, -1):
        if sample[k] >= sample[k + 1] and not fixed[k]:
            sample[k] = np.nextafter(sample[k + 1], -np.inf)
