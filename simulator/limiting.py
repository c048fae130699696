"""The limits of ranks that a scenario asks for: of the index it makes, over the weights that its `extremes` allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from simulator.errors import Fault, InputError
from simulator.extremes.ranks import extreme_ranks
from simulator.index import Index
from simulator.lookup import find_cities
from simulator.study import Study, plan


def scenario_index(
    scenario: str | Path | Mapping[str, Any],
    overrides: str | Sequence[str] = (),
    index: Index | str | Path | None = None,
) -> Index:
    """Return the index that a scenario makes: its cities, its values, its reading and recipe, before anything varies.

    Whatever is asked of an index can so be asked of a reading too.

    Parameters
    ----------
    scenario, overrides, index
        As in `simulator.study.run`.

    Raises
    ------
    InputError
        With every fault of the scenario; for groups, which are several indices, and for changes.

    Examples
    --------
    >>> scenario_index("digital-transformation")
    <Index opportunity-2025: 25 cities × 11 indicators>
    """
    return _part(plan(scenario, overrides, index))


def rank_limits(
    scenario: str | Path | Mapping[str, Any],
    *,
    cities: str | Sequence[str] | None = None,
    overrides: str | Sequence[str] = (),
    index: Index | str | Path | None = None,
    workers: int | None = None,
    time_limit: float | None = None,
) -> xr.Dataset:
    """Return the best and the worst rank of every city over the weights that a scenario's key `extremes` allows.

    Parameters
    ----------
    scenario, overrides, index
        As in `simulator.study.run`; without the key all weights of the level below the index are allowed.
    cities, workers, time_limit
        As in `simulator.extremes.ranks.extreme_ranks`.

    Returns
    -------
    xr.Dataset
        As `extreme_ranks` describes it, with the name and the text of the scenario and its overrides as attributes.

    Raises
    ------
    InputError
        With every fault of the scenario; and as `extreme_ranks` does.

    Examples
    --------
    >>> import simulator as sim
    >>> found = sim.rank_limits("digital-transformation", cities="wuxi", overrides="extremes.percent=10")
    >>> found.attrs["weights"]
    'of each pillar, within 10 % of the nominal ones'
    """
    study = plan(scenario, overrides, index)
    part, asked = _part(study), study.scenario.extremes
    chosen = None if cities is None else find_cities(part.matrix, cities)
    try:
        found = extreme_ranks(
            part,
            asked.over,
            percent=asked.percent,
            bounds=asked.bounds,
            order=asked.order,
            most=asked.most,
            cities=chosen,
            workers=workers,
            time_limit=time_limit,
        )
    except InputError as error:
        place = study.document.place(("extremes",))
        faults = [replace(fault, place=f"{place}: {fault.place}".removesuffix(": ")) for fault in error.faults]
        raise InputError(study.document.source, faults) from None
    return found.assign_attrs(
        scenario=study.scenario.name,
        scenario_text=study.document.text,
        overrides="\n".join(study.overrides),
        index=study.whence,
    )


def _part(study: Study) -> Index:
    faults = []
    if study.question is not None:
        remedy = "Take a scenario without `changes` and `reach`."
        faults.append(Fault(study.document.place(("changes",)), "a what-if compares two states of an index", remedy))
    if study.scenario.within is not None:
        problem = "each group is an index of its own"
        faults.append(Fault(study.document.place(("within",)), problem, "Name `cities` of one group."))
    if faults:
        raise InputError(study.document.source, faults)
    (part,) = study.parts.values()
    return part
