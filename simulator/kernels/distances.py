"""Largest distances between the distribution of some draws and that of all: Kolmogorov-Smirnov, slice by slice."""

from __future__ import annotations

import numpy as np

from simulator.kernels.arrays import Flags, Floats, Integers
from simulator.kernels.compiled import compiled, part


@compiled
def slice_distances(of_draw: Integers, run_ends: Flags, size: Integers, inside: Floats, overall: Floats) -> None:
    """Find where the distribution functions of each slice and of all draws are farthest apart.

    A slice's function changes with its own draws only, while the other grows all the time: they are farthest apart
    where a run of equal outputs with draws of the slice ends, or where the run before it does. One pass over the draws
    serves all slices.

    Parameters
    ----------
    of_draw
        (draw), smallest output first: the slice in which the draw lies; -1 for none.
    run_ends
        (draw): whether the next draw has another output. Distribution functions are read there only.
    size
        (slice): draws of each slice.
    inside, overall
        (slice): filled with the two functions where they are farthest apart.
    """
    draws = of_draw.size
    count = np.zeros(size.size, np.int64)
    seen = np.full(size.size, -1)
    inside[:] = 0.0
    overall[:] = 0.0
    start = 0
    for last in range(draws):
        if not run_ends[last]:
            continue
        for draw in range(start, last + 1):
            own = of_draw[draw]
            if own < 0:
                continue
            if seen[own] != last:
                seen[own] = last
                _keep_farther(own, count[own] / size[own], start / draws, inside, overall)
            count[own] += 1
        for draw in range(start, last + 1):
            own = of_draw[draw]
            if own >= 0:
                _keep_farther(own, count[own] / size[own], (last + 1) / draws, inside, overall)
        start = last + 1


@part
def _keep_farther(own: int, of_slice: float, of_all: float, inside: Floats, overall: Floats) -> None:
    if abs(of_slice - of_all) > abs(inside[own] - overall[own]):
        inside[own] = of_slice
        overall[own] = of_all
