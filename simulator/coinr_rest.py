"""What the tables of COINr say that a definition has no room for, kept so that they can be written again."""

from __future__ import annotations

from pydantic import Field

from simulator.validation import Schema

Cell = str | int | float


class CoinrRest(Schema):
    """Order of rows and columns in COINr's iData and iMeta, and their cells that nothing else holds.

    >>> CoinrRest(idata=("uCode", "CO2"), imeta=("iCode", "Type"), rows=("CO2",)).cells
    {}
    """

    idata: tuple[str, ...] = ()
    """Columns of iData, in their order."""
    imeta: tuple[str, ...] = ()
    """Columns of iMeta, in their order."""
    rows: tuple[str, ...] = ()
    """Codes (iCode) of the rows of iMeta, in their order."""
    cells: dict[str, dict[str, Cell]] = Field(default_factory=dict)
    """Cells of iMeta that have no other place: code → column → content."""
    missing: str = "NA"
    """What stands in an empty cell of a CSV file; `NA` is what R writes and reads."""
