"""Every kind of chart by its name, what it needs of a result, and what to do where that is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import xarray as xr

from simulator import names
from simulator.charts import converging, limits, moving, profiles, sensitivity, stability
from simulator.charts.grammar import Chart
from simulator.errors import Fault, InputError, did_you_mean
from simulator.provenance import HELD, KIND


class Draws(Protocol):
    """A function that makes a chart of a result."""

    def __call__(self, result: xr.Dataset, /, *, language: str = "en", cities: Sequence[str] = ()) -> Chart:
        """Return the chart."""


@dataclass(frozen=True)
class Kind:
    """A kind of chart."""

    draw: Draws
    """Makes it."""
    needs: tuple[tuple[str, ...], ...]
    """Variables of which a result must have all, in one of these sets."""
    remedy: str
    """What makes a result that has them."""
    fits: Callable[[xr.Dataset], bool] = lambda _: True
    """Whether what is there is of any use."""

    def has(self, result: xr.Dataset) -> bool:
        """Return whether a result has what the chart needs."""
        return any(all(one in result for one in several) for several in self.needs) and self.fits(result)


_OF_RUN: Final = (names.RANK_P05, names.RANK_P95, names.BASELINE_RANK)

KINDS: Final = {
    "rank-intervals": Kind(
        stability.rank_intervals,
        (_OF_RUN,),
        "Give what `citysim run SCENARIO --out FILE` writes; a what-if needs --draws above 0.",
    ),
    "rank-shares": Kind(
        stability.rank_shares,
        ((names.RANK_FREQUENCY, names.BASELINE_RANK), (names.RANK_ACCEPTABILITY, names.RANK_NOMINAL)),
        "Give what `citysim run SCENARIO --out FILE` or `citysim acceptability --out FILE` writes.",
    ),
    "pairs": Kind(
        stability.pairs,
        ((names.PAIR_WIN,),),
        "Run it with pairs: `citysim run SCENARIO --set pairs=true --out FILE`.",
    ),
    "slope": Kind(
        moving.slope,
        ((names.RANK_BEFORE, names.RANK_AFTER), (names.BASELINE_RANK, names.RANK_MEDIAN)),
        "Give what `citysim what-if CITY --out FILE` or `citysim run SCENARIO --out FILE` writes.",
    ),
    "sensitivity": Kind(
        sensitivity.sensitivity,
        ((names.TOTAL_ORDER,), (names.SHAPLEY,), (names.PAWN_MEDIAN,)),
        "Give what `citysim influence SCENARIO --out FILE` writes.",
    ),
    "importance": Kind(
        sensitivity.importance,
        ((names.IMPORTANCE_SHARE, names.SHIFT_WITHOUT),),
        "Give what `citysim importance INDEX --out FILE` writes, or the name of an index.",
    ),
    "extremes": Kind(
        limits.extremes,
        ((names.RANK_BEST, names.RANK_WORST),),
        "Give what `citysim extremes INDEX --out FILE` writes.",
    ),
    "weight-stability": Kind(
        limits.weight_stability,
        ((names.LEAST_SHIFT,),),
        "Give the name of an index; in Python, what `simulator.weight_stability` returns.",
        lambda found: {names.CITY, names.OTHER_CITY} <= set(found.dims),
    ),
    "profile": Kind(
        profiles.profile,
        ((names.PEER_RANK, names.STRENGTH),),
        "Give the name of an index and --city; in Python, what `simulator.profile` returns.",
    ),
    "convergence": Kind(
        converging.convergence,
        ((names.RANK_BY_DRAW,),),
        "Only kept draws can tell: `citysim run SCENARIO --set keep-draws=true --out FILE`.",
        lambda found: found.attrs.get("design") != "exact",
    ),
}
"""Every kind of chart by its name."""


def chart(
    result: xr.Dataset, kind: str | None = None, *, language: str = "en", cities: str | Sequence[str] = ()
) -> Chart:
    """Return a chart of a result.

    Parameters
    ----------
    result
        What `run`, `what_if`, `reach`, `influence`, `shapley`, `pawn`, `importance`, `extreme_ranks`, `acceptability`,
        `weight_stability` or `profile` returns, or what was read from their files.
    kind
        `rank-intervals`, `rank-shares`, `pairs`, `slope`, `sensitivity`, `importance`, `extremes`, `weight-stability`,
        `profile` or `convergence`; the first of these that the result has the figures for if not given.
    language
        `en` or `zh`.
    cities
        One city or several, by any of their names: those that are shown, or that stand out.

    Returns
    -------
    altair.Chart
        Shows itself in a notebook; `write_chart` writes it.

    Raises
    ------
    InputError
        For an unknown kind, language or city, and a result without what the chart needs, with what would make one.

    Examples
    --------
    >>> import simulator as sim
    >>> sim.chart(sim.importance("opportunity-2025")).to_dict()["title"]["text"]
    'Does each member weigh what it is said to?'
    """
    asked = (cities,) if isinstance(cities, str) else tuple(cities)
    found = kinds_of(result)
    if kind is None:
        if not found:
            raise InputError("chart", [Fault("", f"nothing to draw in {_called(result)}", "Give another result.")])
        kind = found[0]
    if kind not in KINDS:
        raise InputError("chart", [Fault(repr(kind), "no such kind of chart", did_you_mean(str(kind), list(KINDS)))])
    if kind not in found:
        raise InputError(f"chart {kind}", [Fault("", f"{_called(result)} has not what it needs", KINDS[kind].remedy)])
    return KINDS[kind].draw(result, language=language, cities=asked)


def kinds_of(result: xr.Dataset) -> list[str]:
    """Return the kinds of chart that a result has the figures for.

    >>> kinds_of(xr.Dataset({"rank_best": ("city", [1]), "rank_worst": ("city", [2])}))
    ['extremes']
    """
    return [name for name, kind in KINDS.items() if kind.has(result)]


def _called(result: xr.Dataset) -> str:
    """Return what a result is, for messages."""
    if KIND in result.attrs:
        return f"a file of {HELD.get(result.attrs[KIND], result.attrs[KIND])}"
    return f"the result of {result.attrs['scenario']}" if "scenario" in result.attrs else "this result"
