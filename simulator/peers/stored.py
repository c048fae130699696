"""An index as it is stored, missing values included, for files of other programs."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from simulator.definition import Definition, read_definition
from simulator.index import Index, load_index
from simulator.matrix import read_matrix
from simulator.published import locate_index


def stored(given: Index | str | Path) -> tuple[Definition, xr.Dataset]:
    """Return the definition and the matrix of an index in hand, of a bundled name or of a path.

    Cells that are missing are NaN, where a study would refuse them.

    >>> definition, matrix = stored("opportunity-2025")
    >>> definition.id, matrix["value"].shape
    ('opportunity-2025', (60, 50))
    """
    if isinstance(given, Index):
        return given.definition, given.matrix if given.unprepared is None else given.unprepared
    path = locate_index(given)
    definition = read_definition(path)
    files = definition.data
    if files is None or files.matrix is None:
        index = load_index(given)
        return index.definition, index.matrix
    cities = path.parent / files.cities if files.cities else None
    return definition, read_matrix(path.parent / files.matrix, definition, cities, gaps=True)
