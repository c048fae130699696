"""An index over several years: one definition, one matrix a year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.arguments import shown
from simulator.construction.composite import node_coordinates
from simulator.definition import Definition
from simulator.errors import Fault, InputError, did_you_mean
from simulator.index import Index, load_index, ready
from simulator.kernels.arrays import Integers
from simulator.matrix import city_coordinates
from simulator.methods import Ranking
from simulator.published import locate_index

WITHIN_YEAR: Final = "within-year"
ALL_YEARS: Final = "all-years"
WAYS: Final = (WITHIN_YEAR, ALL_YEARS)
"""Over what values are normalised: each year by itself, or all cities of all years together."""


@dataclass(frozen=True, repr=False)
class Panel:
    """An index over several years.

    Attributes
    ----------
    indices
        The index of each year, the earliest first; all have one definition.
    """

    indices: Mapping[int, Index]

    def __repr__(self) -> str:
        years = list(self.indices)
        return f"<Panel {self.definition.id}: {len(self.cities)} cities, {len(years)} years {years[0]} to {years[-1]}>"

    @property
    def years(self) -> list[int]:
        """The years, the earliest first."""
        return list(self.indices)

    @property
    def definition(self) -> Definition:
        """The definition that all years share."""
        return next(iter(self.indices.values())).definition

    @cached_property
    def cities(self) -> list[str]:
        """Slugs of all cities: those of the latest year in its order, then those that earlier years alone have."""
        latest_first = reversed(list(self.indices.values()))
        return list(dict.fromkeys(city for index in latest_first for city in index.cities))

    def between(self, first: int | None = None, last: int | None = None) -> Panel:
        """Return the panel from one year to another, both included; its first and its last where not given.

        Raises
        ------
        InputError
            For a year that is not there, or where the last is before the first.
        """
        begin = self._known(self.years[0] if first is None else first, "first year")
        end = self._known(self.years[-1] if last is None else last, "last year")
        if begin > end:
            raise InputError("years", [Fault("", f"{end} is before {begin}", "Give the earlier year first.")])
        return Panel({year: index for year, index in self.indices.items() if begin <= year <= end})

    def score(self, over: str = WITHIN_YEAR) -> xr.Dataset:
        """Return scores and ranks of every year, and the places gained from one year to the next.

        Parameters
        ----------
        over
            `within-year`: values are prepared and normalised among the cities of their year, as `Index.score` does it;
            so a score tells where a city stands in its year. `all-years`: over all cities of all years together, with
            goalposts, moments and points by rank in common; so a score tells what a city has become. Ranks are those
            within the year either way.

        Returns
        -------
        xr.Dataset
            `total` and `rank` (year, city), `score` (year, city, node), `places_gained` (year, city): rank in the year
            before on the axis minus rank in this one, above 0 for a rise. A city that lacks a year has NaN there, and
            rank 0; `places_gained` is NaN in the first year and where either rank is lacking.

        Raises
        ------
        InputError
            For another `over`.
        DrawError
            Where a mean is undefined.

        Examples
        --------
        >>> import simulator as sim
        >>> scored = sim.load_panel("statistical-performance").score()
        >>> scored["rank"].sel(city="FIN").values.tolist()
        [5, 5, 7, 9]
        >>> scored["places_gained"].sel(city="FIN").values.tolist()
        [nan, 0.0, -2.0, -2.0]
        """
        if over not in WAYS:
            raise InputError("over", [Fault("", f"{shown(over)} is no way to score", did_you_mean(str(over), WAYS))])
        scored = self._together() if over == ALL_YEARS else {y: index.score() for y, index in self.indices.items()}
        return self._joined(scored).assign_attrs(index=self.definition.id, over=over)

    def _known(self, year: object, place: str) -> int:
        if not isinstance(year, int | np.integer) or isinstance(year, bool) or year not in self.indices:
            remedy = f"Take one of {', '.join(map(str, self.indices))}."
            raise InputError("years", [Fault(place, f"there is no {shown(year)}", remedy)])
        return int(year)

    def _together(self) -> dict[int, xr.Dataset]:
        """Return the scores of each year, from all years scored as one index; ranks within the year."""
        parts = [_labelled(index, year) for year, index in self.indices.items()]
        matrix = _concatenated([part.matrix for part in parts])
        printed = xr.concat(
            [p.printed for p in parts], names.CITY, coords="minimal", compat="override", join="override"
        )
        whole = ready(Index(self.definition, matrix, printed)).score()
        found, ranking = {}, self.definition.ranking
        for year, index in self.indices.items():
            known = [city for city in index.cities if _label(city, year) in whole[names.CITY].values]
            of_year = whole.sel({names.CITY: [_label(city, year) for city in known]}).assign_coords({names.CITY: known})
            ranks = ranks_within(of_year[names.RANK].values, ranking)
            found[year] = of_year.assign({names.RANK: (names.CITY, ranks)})
        return found

    def _joined(self, scored: Mapping[int, xr.Dataset]) -> xr.Dataset:
        """Return scores of the years on axes in common."""
        shape = (len(scored), len(self.cities))
        nodes = [node.id for node in self.definition.nodes]
        total, rank = np.full(shape, np.nan), np.zeros(shape, np.int64)
        score = np.full((*shape, len(nodes)), np.nan)
        place = {city: number for number, city in enumerate(self.cities)}
        for row, one in enumerate(scored.values()):
            columns = [place[str(city)] for city in one[names.CITY].values]
            total[row, columns], rank[row, columns] = one[names.TOTAL].values, one[names.RANK].values
            score[row, columns] = one[names.SCORE].sel({names.NODE: nodes}).values
        axes = (names.YEAR, names.CITY)
        variables = {
            names.TOTAL: (axes, total),
            names.RANK: (axes, rank),
            names.SCORE: ((*axes, names.NODE), score),
            names.PLACES_GAINED: (axes, _gained(rank)),
        }
        coordinates = {names.YEAR: list(scored), **node_coordinates(self.definition), **self._described()}
        return xr.Dataset(variables, coords=coordinates)

    def _described(self) -> dict[str, xr.Variable]:
        """Return the cities with their names and attributes, those of the latest year that has them."""
        known = [xr.Dataset(coords=city_coordinates(index.matrix)) for index in reversed(list(self.indices.values()))]
        together = _concatenated(known)
        order = [together[names.CITY].values.tolist().index(city) for city in self.cities]
        return city_coordinates(together.isel({names.CITY: order}))


def load_panel(name: str | Path, beside: Path | None = None) -> Panel:
    """Return an index over its years: a bundled name, or a definition file whose tables have a column `year`.

    Parameters and exceptions are those of `load_index`; an index without years is refused.

    Examples
    --------
    >>> import simulator as sim
    >>> sim.load_panel("statistical-performance")
    <Panel statistical-performance: 174 cities, 4 years 2016 to 2019>
    """
    latest = load_index(name, beside)
    if latest.year is None:
        remedy = f"Give its table of values a column `{names.YEAR}`, one row for each city and year."
        raise InputError(str(locate_index(name, beside)), [Fault("data", "the index has no years", remedy)])
    return Panel(
        {year: latest if year == latest.year else load_index(name, beside, year=year) for year in latest.years}
    )


def ranks_within(rank: Integers, ranking: Ranking) -> Integers:
    """Return the ranks of some cities among themselves, from their ranks among more; 0 stays 0.

    >>> ranks_within(np.array([7, 2, 7, 0, 9]), Ranking(ties="worse")).tolist()
    [3, 1, 3, 0, 4]
    """
    there = rank[rank > 0]
    order, place, count = np.unique(there, return_inverse=True, return_counts=True)
    behind = np.cumsum(count)
    worded = {"worse": behind, "no-gaps": np.arange(1, len(order) + 1)}
    given = worded.get(str(ranking.ties), behind - count + 1)
    found = np.zeros(len(rank), np.int64)
    found[rank > 0] = given[place]
    return found


def _gained(rank: Integers) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the places gained since the year before (year, city), NaN where a rank is lacking."""
    gained = np.full(rank.shape, np.nan)
    both = (rank[1:] > 0) & (rank[:-1] > 0)
    gained[1:][both] = (rank[:-1] - rank[1:])[both]
    return gained


def _concatenated(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return Datasets of different cities as one; all else is that of the first."""
    how: dict[str, Any] = {"data_vars": "minimal", "coords": "minimal", "compat": "override", "join": "override"}
    return xr.concat(parts, names.CITY, **how)


def _label(city: str, year: int) -> str:
    return f"{city} {year}"


def _labelled(index: Index, year: int) -> Index:
    """Return the index before any preparation, each city with the year in its label."""
    matrix = index.matrix if index.unprepared is None else index.unprepared
    labels = [_label(str(city), year) for city in matrix[names.CITY].values]
    printed = index.printed.reindex({names.CITY: matrix[names.CITY].values})
    relabelled = {names.CITY: np.array(labels, dtype=str)}
    return replace(index, matrix=matrix.assign_coords(relabelled), printed=printed.assign_coords(relabelled))
