"""Scores with their standard errors, as a table holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import xarray as xr

from simulator import names
from simulator.errors import InputError
from simulator.listing import cell_faults, city_faults, column_faults, list_table, numbers_in
from simulator.tables import read_table

SCORE: Final = "score"
STANDARD_ERROR: Final = "standard_error"
COLUMNS: Final = (SCORE, STANDARD_ERROR)


def read_estimates(path: str | Path) -> xr.Dataset:
    r"""Return the scores of cities and their standard errors from a table.

    Parameters
    ----------
    path
        CSV, Excel or Parquet with the columns `city`, `score` and `standard_error`, and no others but those that
        describe cities.

    Returns
    -------
    xr.Dataset
        `score` and `standard_error` on (city), in the order of the file.

    Raises
    ------
    InputError
        With all faults at once: columns missing or unknown, cities without a name or given twice, cells that hold no
        number.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "scores.csv")
    ...     _ = path.write_text("city,score,standard_error\nhefei,61.5,1.2\nningbo,60,1\n", encoding="utf-8")
    ...     read_estimates(path)["score"].values.tolist()
    [61.5, 60.0]
    """
    listing = list_table(Path(path), read_table(Path(path)), COLUMNS)
    faults = [*column_faults(listing, COLUMNS), *city_faults(listing)]
    numbers = {name: numbers_in(listing.columns[name]) for name in COLUMNS if name in listing.columns}
    faults += cell_faults(listing, numbers)
    if faults:
        raise InputError(str(path), faults)
    return xr.Dataset(
        {name: (names.CITY, values) for name, values in numbers.items()}, coords={names.CITY: list(listing.cities)}
    )
