"""Values made ready to be normalised, as a definition says: divided, screened, filled and treated, in this order."""

from __future__ import annotations

import numpy as np
import xarray as xr

from simulator import names
from simulator.construction.cells import Labels
from simulator.construction.denominators import denominate
from simulator.construction.encoding import leaf_values
from simulator.construction.imputation import impute
from simulator.construction.screening import screen
from simulator.construction.treatment import Treated, treat
from simulator.definition import Definition
from simulator.errors import Fault, InputError, did_you_mean
from simulator.kernels.arrays import Flags, Floats
from simulator.preparation import (
    MeanOfGroup,
    MedianOfGroup,
)


def prepare(definition: Definition, matrix: xr.Dataset) -> xr.Dataset:
    """Return a matrix made ready to be normalised; the one given stays as it is.

    Parameters
    ----------
    definition
        Its `denominators`, `screening`, `imputation` and `treatment` say what is done; its indicators are among those
        of the matrix.
    matrix
        `value` (city, indicator) as read, NaN where a cell is blank, and `denominator_value` (city, denominator) of the
        divisors that indicators name.

    Returns
    -------
    xr.Dataset
        The same over the cities that screening keeps, `value` prepared; `filled` and `treated` (city, indicator) tell
        which values were imputed, and which a treatment changed. The attribute `screened_out` names the cities dropped.

    Raises
    ------
    InputError
        With every fault of the step that cannot be done.

    Examples
    --------
    >>> import simulator as sim, xarray as xr
    >>> tree = {"id": "total", "normalise": "z-score", "aggregate": "sum", "children": [{"id": "a"}, {"id": "b"}]}
    >>> cells = [[1.0, 5.0], [2.0, float("nan")], [4.0, 9.0]]
    >>> matrix = xr.DataArray(cells, coords={"city": ["x", "y", "z"], "indicator": ["a", "b"]})
    >>> definition = {"schema_version": 1, "id": "mine", "imputation": "mean", "index": tree}
    >>> sim.build_index(definition, matrix).matrix["value"].sel(city="y").values.tolist()
    [2.0, 7.0]
    """
    chosen = matrix.sel({names.INDICATOR: [leaf.id for leaf in definition.indicators]})
    cities = [str(city) for city in chosen[names.CITY].values]
    labels = Labels([leaf.id for leaf in definition.indicators], cities)
    try:
        values = _divided(definition, chosen, labels)
        kept = screen(values, definition.screening, labels).kept
        labels = Labels(labels.indicators, [city for city, stays in zip(cities, kept, strict=True) if stays])
        imputed = impute(values[:, kept], definition.imputation, labels, _groups(definition, chosen, kept))
        treated = treat(imputed.values, definition.treatment, labels)
    except InputError as error:
        raise InputError(f"{definition.id}, {error.source}", error.faults) from None
    axes = (names.CITY, names.INDICATOR)
    ready = chosen.isel({names.CITY: np.flatnonzero(kept)}).assign(
        {
            names.VALUE: (axes, treated.values.T),
            names.FILLED: (axes, imputed.filled.T),
            names.TREATED: (axes, _changed(treated).T),
        }
    )
    dropped = [city for city, stays in zip(cities, kept, strict=True) if not stays]
    return ready.assign_attrs({names.SCREENED_OUT: ", ".join(dropped)})


def _divided(definition: Definition, matrix: xr.Dataset, labels: Labels) -> Floats:
    values = leaf_values(definition, matrix)
    if definition.denominators == "none" or not definition.divisors:
        return values
    table = matrix[names.DENOMINATOR_VALUE].transpose(names.DENOMINATOR, names.CITY)
    quantities = {name: table.sel({names.DENOMINATOR: name}).values.astype(np.float64) for name in definition.divisors}
    return denominate(values, [leaf.denominator for leaf in definition.indicators], quantities, labels)


def _groups(definition: Definition, matrix: xr.Dataset, kept: Flags) -> list[str] | None:
    """Return the group of each city that is kept, where the imputation asks for one."""
    method = definition.imputation
    if not isinstance(method, MeanOfGroup | MedianOfGroup):
        return None
    known = [str(name) for name, held in matrix.coords.items() if held.dims == (names.CITY,) and name != names.CITY]
    if method.by not in known:
        problem = f"the cities have no attribute {method.by!r}"
        raise InputError("imputation", [Fault("by", problem, did_you_mean(method.by, known) or "Name one they have.")])
    return [str(group) for group in matrix[method.by].values[kept]]


def _changed(treated: Treated) -> Flags:
    """Return which values (L, n) a treatment has changed."""
    found = np.zeros(treated.values.shape, np.bool_)
    for row, record in enumerate(treated.records):
        found[row, record.cells] = True
    return found
