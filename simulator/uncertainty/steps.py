"""Errors of answers on ordered scales: one step up, one step down, or none."""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Floats


def take_steps(values: Floats, noise: Floats, chance: float, top: Floats) -> Floats:
    """Return answers (…, k, n) of which each went one step up or down with half the `chance`.

    `noise` is uniform on [-1, 1); `top` (k) is the highest step of each scale. A step that would lead beyond the scale
    is not taken, so that the lowest and the highest answer change with half the chance: the chance of a step from one
    answer to the next is the same in both directions, and half of `chance` between any two of them.

    >>> held = np.array([[0.0, 1.0, 2.0, 2.0]])
    >>> take_steps(held, np.array([[-0.9, -0.9, 0.9, 0.5]]), 0.2, np.array([2.0])).tolist()
    [[0.0, 0.0, 2.0, 2.0]]
    """
    moved = values + (noise >= 1.0 - chance) - (noise < chance - 1.0)
    taken: Floats = np.where((moved >= 0.0) & (moved <= top[:, np.newaxis]), moved, values)
    return taken
