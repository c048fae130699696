"""Whether indicators still follow their denominators: a share of what is large should not tell how large it is."""

from __future__ import annotations

import numpy as np
import xarray as xr

from simulator import names
from simulator.auditing.pairwise import pairwise_correlations
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats


def size_effects(index: Index) -> xr.Dataset:
    """Return how the indicators of an index, as prepared, go with the denominators of its matrix.

    Parameters
    ----------
    index
        The index; its matrix holds `denominator_value` (city, denominator) where its definition names any.

    Returns
    -------
    xr.Dataset
        On (indicator, denominator): `denominator_correlation`, over the cities that have both, and `divided`, whether
        the indicator was divided by it. `in_logs` (indicator) and `denominator_in_logs` (denominator): whether
        logarithms were taken. No denominator stands on the axis where the matrix has none.

    Notes
    -----
    Pearson's correlation; of each of the two in natural logarithms where all its values are above zero, and as it is
    otherwise. OECD/JRC Handbook (2008), step 5; check of denominators as in COINr (`get_denom_corr`).

    Examples
    --------
    >>> import simulator as sim
    >>> size_effects(sim.load_index("opportunity-2025")).sizes["denominator"]
    0
    """
    leaves = [leaf.id for leaf in index.definition.indicators]
    known = names.DENOMINATOR_VALUE in index.matrix
    divisors = [str(name) for name in index.matrix[names.DENOMINATOR].values] if known else []
    values = index.matrix[names.VALUE].transpose(names.CITY, names.INDICATOR).sel({names.INDICATOR: leaves}).values
    sizes = np.empty((len(values), 0))
    if known:
        sizes = index.matrix[names.DENOMINATOR_VALUE].transpose(names.CITY, names.DENOMINATOR).values
    (own, own_logs), (other, other_logs) = _in_logs(values), _in_logs(sizes)
    both = (names.INDICATOR, names.DENOMINATOR)
    return xr.Dataset(
        {
            names.DENOMINATOR_CORRELATION: (both, pairwise_correlations(own, other)),
            names.DIVIDED: (both, _divided(index, divisors)),
            names.IN_LOGS: (names.INDICATOR, own_logs),
            names.DENOMINATOR_IN_LOGS: (names.DENOMINATOR, other_logs),
        },
        coords={names.INDICATOR: leaves, names.DENOMINATOR: np.array(divisors, dtype=str)},
    )


def _in_logs(columns: Floats) -> tuple[Floats, Flags]:
    """Return columns (city, k), in logarithms where all their values are above zero, and which those are."""
    given = np.asarray(columns, np.float64)
    positive: Flags = np.where(np.isnan(given), 1.0, given).min(axis=0, initial=1.0) > 0.0
    return np.where(positive, np.log(np.where(positive, given, 1.0)), given), positive


def _divided(index: Index, divisors: list[str]) -> Flags:
    found = np.zeros((len(index.definition.indicators), len(divisors)), np.bool_)
    if index.definition.denominators == "none":
        return found
    for row, leaf in enumerate(index.definition.indicators):
        if leaf.denominator is not None and leaf.denominator.by in divisors:
            found[row, divisors.index(leaf.denominator.by)] = True
    return found
