"""Tables of values (indicator, city) with missing ones, as properties of preparation want them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from simulator.construction.cells import Labels
from simulator.kernels.arrays import Floats

NAN = float("nan")

numbers = st.one_of(
    st.integers(-20, 20).map(float), st.floats(-1e6, 1e6, allow_subnormal=False), st.sampled_from([0.0, 0.1, 1e9])
)


def labels(values: Floats) -> Labels:
    """Name the rows a, b, … and the columns 0, 1, …"""
    return Labels([chr(ord("a") + row) for row in range(len(values))], [str(city) for city in range(values.shape[1])])


@st.composite
def tables(draw: st.DrawFn, rows: int = 4, fewest: int = 1, most: int = 12, gaps: bool = True) -> Floats:
    """Return tables in which every row has a value at least, unless gaps are left out altogether."""
    n = draw(st.integers(fewest, most))
    cells = st.one_of(numbers, st.just(NAN)) if gaps else numbers
    count = draw(st.integers(1, rows))
    values = np.array([draw(st.lists(cells, min_size=n, max_size=n)) for _ in range(count)])
    for row in values:
        if np.isnan(row).all():
            row[draw(st.integers(0, n - 1))] = draw(numbers)
    return values
