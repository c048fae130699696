"""Which tie rule each column of points follows, and where it breaks every rule: told from the column's own order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, get_args

import numpy as np
import xarray as xr

from simulator import names
from simulator.kernels.arrays import Floats, Integers
from simulator.methods import PercentileRank

TIE_RULES: Final[tuple[str, ...]] = get_args(PercentileRank.model_fields["ties"].annotation)
"""The rules that points can be computed by from an order alone (convention 5); the first is preferred in doubt."""

UNDETERMINED: Final = "undetermined"
"""Verdict on a column without ties that is a permutation of 1 to n: all rules give it."""

IRREGULAR: Final = "irregular"
"""Verdict on a column that no rule gives."""

LEVELS: Final = "levels"
"""Verdict on a column that holds a few levels, not ranks."""

CITIES_TO_A_LEVEL: Final = 4
"""A column counts as levels only if it has at least so many cities for each distinct value."""

SAME: Final = 1e-9
"""Difference up to which printed points and those of a rule are the same."""


@dataclass(frozen=True)
class Column:
    """One column of points as its groups of equal points, best first.

    Attributes
    ----------
    points
        (group): the points, falling.
    sizes
        (group): how many cities have them.
    """

    points: Floats
    sizes: Integers

    @classmethod
    def of(cls, points: Floats) -> Column:
        """Return the column of the points (city), of which the larger are better.

        >>> Column.of(np.array([2.0, 4.0, 4.0, 1.0])).sizes.tolist()
        [2, 1, 1]
        """
        rising, sizes = np.unique(points, return_counts=True)
        return cls(rising[::-1], sizes[::-1].astype(np.int64))

    @property
    def cities(self) -> int:
        """Number of cities."""
        return int(self.sizes.sum())

    @property
    def has_ties(self) -> bool:
        """Whether any two cities have the same points."""
        return bool((self.sizes > 1).any())

    def by_rule(self, rule: str) -> Floats:
        """Return the points (group) that a tie rule gives to this order (convention 5).

        With n cities, b of them strictly better and w strictly worse than a group: `better` n - b, `worse` 1 + w,
        `mean` the mean of both, `no-gaps` n minus the number of groups before.

        >>> Column.of(np.array([9.0, 7.0, 7.0, 2.0])).by_rule("mean").tolist()
        [4.0, 2.5, 1.0]
        """
        before = np.array([0, *accumulate(self.sizes[:-1])], np.float64)
        better = self.cities - before
        worse = better - self.sizes + 1.0
        given = {"better": better, "worse": worse, "mean": (better + worse) / 2.0}
        return given[rule] if rule in given else self.cities - np.arange(len(self.points), dtype=np.float64)

    def above(self, rule: str) -> Floats:
        """Return by how much the points (group) stand above those of a rule; differences of rounding are 0."""
        above: Floats = self.points - self.by_rule(rule)
        above[np.abs(above) <= SAME] = 0.0
        return above

    def broken_steps(self, rule: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return (group + 1) where the walk from best to worst breaks a rule.

        The first flag is the upper end, the last the lower end, those between the steps from group to group. A step
        should be g(k) by `better`, g(k+1) by `worse`, their mean by `mean` and 1 by `no-gaps`, where g are the sizes of
        the groups; that is, the distance from the rule's points does not change from one group to the next.

        >>> Column.of(np.array([5.0, 4.0, 4.0, 3.0, 1.0])).broken_steps("better").tolist()
        [False, False, True, True, False]
        """
        broken: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            np.abs(np.diff(self.above(rule), prepend=0.0, append=0.0)) > SAME
        )
        return broken

    def fits(self, rule: str) -> bool:
        """Return whether every group has the points of a rule."""
        return not self.above(rule).any()

    @property
    def is_levels(self) -> bool:
        """Whether the points are a few levels: no rule fits, at most n / 4 values, and most steps break every rule."""
        steps = len(self.points) - 1
        return (
            len(self.points) * CITIES_TO_A_LEVEL <= self.cities
            and not any(self.fits(rule) for rule in TIE_RULES)
            and all(2 * int(self.broken_steps(rule)[1:-1].sum()) > steps for rule in TIE_RULES)
        )


def columns_of(printed: xr.DataArray) -> dict[str, Column]:
    """Return each column of the printed points (city, slot) by its indicator."""
    points = printed.transpose(names.CITY, names.SLOT).values
    return {str(slot): Column.of(points[:, k]) for k, slot in enumerate(printed[names.SLOT].values)}


def points_by_rule(points: Floats, rule: str) -> Floats:
    """Return the points (city) that a tie rule gives in place of these, the order of the cities being the same.

    >>> points_by_rule(np.array([10.0, 50.0, 10.0, 60.0]), "worse").tolist()
    [1.0, 3.0, 1.0, 4.0]
    """
    column = Column.of(points)
    group = np.searchsorted(-column.points, -points)
    given: Floats = column.by_rule(rule)[group]
    return given


def house_rule(columns: Mapping[str, Column]) -> str:
    """Return the rule that the most columns with ties fit, or `undetermined` where no column has ties.

    Of rules that fit equally many, the one with the fewest breaks over all columns is taken, then the first of
    `TIE_RULES`.

    >>> tied = Column.of(np.array([4.0, 4.0, 2.0, 1.0]))
    >>> house_rule({"a": tied}), house_rule({"a": Column.of(np.array([2.0, 1.0]))})
    ('better', 'undetermined')
    """
    tied = [column for column in columns.values() if column.has_ties]
    if not tied:
        return UNDETERMINED

    def unfitness(rule: str) -> tuple[int, int]:
        return -sum(column.fits(rule) for column in tied), sum(int(column.broken_steps(rule).sum()) for column in tied)

    return min(TIE_RULES, key=unfitness)


def mending_rule(house: str) -> str:
    """Return the rule by which points are mended: the house rule, or where there is none the first of `TIE_RULES`."""
    return TIE_RULES[0] if house == UNDETERMINED else house


def nearest_rule(column: Column, house: str) -> str:
    """Return the rule with the fewest breaks; of several the house rule, then the first of `TIE_RULES`."""
    preferred = [mending_rule(house), *TIE_RULES]
    return min(preferred, key=lambda rule: int(column.broken_steps(rule).sum()))


def verdict(column: Column) -> str:
    """Return what a column of points is: the rule or rules it fits, `undetermined`, `levels` or `irregular`.

    >>> verdict(Column.of(np.array([4.0, 3.0, 2.0, 2.0])))
    'better or no-gaps'
    """
    fitting = [rule for rule in TIE_RULES if column.fits(rule)]
    if fitting and not column.has_ties:
        return UNDETERMINED
    if fitting:
        return " or ".join(fitting)
    return LEVELS if column.is_levels else IRREGULAR


def tie_rules(printed: xr.DataArray) -> xr.Dataset:
    """Return which tie rule every column of printed points follows.

    Parameters
    ----------
    printed
        Printed points (city, slot) of an index, larger points being better. They must be those of all cities that
        were ranked: of a selection of cities no rule can be told.

    Returns
    -------
    xr.Dataset
        On (indicator, tie_rule): `fits`, whether the rule gives every one of the column's points, and `breaks`, the
        number of steps and ends that are not the rule's. On (indicator): `verdict` as `verdict` returns it,
        `nearest_rule` (fewest breaks), `groups` (distinct points) and `tied_cities` (cities that share their points).
        The attribute `house_rule` is the rule that the most columns with ties fit. No indicator where none are printed
        as points.

    Examples
    --------
    >>> import simulator as sim
    >>> told = tie_rules(sim.load_index("opportunity-2025").printed)
    >>> told.attrs["house_rule"], str(told["verdict"].sel(indicator="work-safety").values)
    ('better', 'worse')
    """
    columns = columns_of(printed)
    house = house_rule(columns)
    both, shape = (names.INDICATOR, names.TIE_RULE), (len(columns), len(TIE_RULES))
    fits = [column.fits(rule) for column in columns.values() for rule in TIE_RULES]
    breaks = [int(column.broken_steps(rule).sum()) for column in columns.values() for rule in TIE_RULES]
    tied = [int(column.sizes[column.sizes > 1].sum()) for column in columns.values()]
    return xr.Dataset(
        {
            names.FITS: (both, np.array(fits, np.bool_).reshape(shape)),
            names.BREAKS: (both, np.array(breaks, np.int64).reshape(shape)),
            names.VERDICT: (names.INDICATOR, np.array([verdict(column) for column in columns.values()], dtype=str)),
            names.NEAREST_RULE: (
                names.INDICATOR,
                np.array([nearest_rule(column, house) for column in columns.values()], dtype=str),
            ),
            names.GROUPS: (names.INDICATOR, np.array([len(column.sizes) for column in columns.values()], np.int64)),
            names.TIED_CITIES: (names.INDICATOR, np.array(tied, np.int64)),
        },
        coords={names.INDICATOR: np.array(list(columns), dtype=str), names.TIE_RULE: list(TIE_RULES)},
        attrs={"house_rule": house},
    )
