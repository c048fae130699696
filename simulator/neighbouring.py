"""Which member of an index decides the order of each two neighbours in the ranking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from simulator import names
from simulator.extremes.members import Members, members_of
from simulator.index import Index, as_index
from simulator.kernels.arrays import Floats


def neighbours(index: Index | str | Path, over: str | None = None) -> xr.Dataset:
    """Return what each member gives to the lead of every city over the next one in the ranking.

    Parameters
    ----------
    index
        An index, its bundled name or its path, whose total is linear in the weights of these members.
    over
        A level: `dimension`, `variable`, `indicator`; the one below the index if not given.

    Returns
    -------
    xr.Dataset
        On (pair), the best first, one less than there are cities, with the coordinates `ahead` and `behind` and the
        ranks `rank` of the first and `rank_other` of the second; cities that tie stand in the order of the index.
        `gap`: how much the total of the one exceeds that of the other, in the unit of the total. `lead` (pair,
        member): what the member gives to it; the sum over members is the gap. `deciding` (pair): the member that gives
        most to it, the first of equals. `lead_without` (pair, member): the gap that is left when the member is left out
        and the others keep their proportions; below 0 the two swap (NaN where nothing is left).

    Raises
    ------
    InputError
        For an unknown level, and an index that is not linear above it.

    Notes
    -----
    With nominal weights w and scores s of the members, lead_m = w_m (s_m(ahead) - s_m(behind)), gap = sum of lead_m,
    and lead_without_m = (gap - lead_m) / (1 - w_m). Where a member gives more than the gap, the two swap without it;
    there may be several, and the deciding one is among them. Differences below 1e-9 of the range of totals are none.
    Cost: cities × members.

    Examples
    --------
    >>> import simulator as sim
    >>> found = sim.neighbours(sim.load_index("opportunity-2025"), "dimension")
    >>> first = found.isel(pair=0)
    >>> [first[name].item() for name in ("ahead", "behind", "gap", "deciding")]
    ['shanghai', 'beijing', 11.0, 'open-development']
    """
    index = as_index(index)
    members = members_of(index, over)
    order = np.argsort(members.rank, kind="stable")
    ahead, behind = order[:-1], order[1:]
    lead = _rounded(members.nominal * (members.score[:, ahead] - members.score[:, behind]).T, members)
    gap = _rounded(members.total[ahead] - members.total[behind], members)
    left = 1.0 - members.nominal
    kept = np.where(left > 0.0, left, np.nan)
    cities = np.array(index.cities)
    ids = np.array(members.ids)
    return xr.Dataset(
        {
            names.GAP: (names.PAIR, gap),
            names.LEAD: ((names.PAIR, names.MEMBER), lead),
            names.DECIDING: (names.PAIR, ids[lead.argmax(axis=1)] if lead.size else ids[:0]),
            names.LEAD_WITHOUT: ((names.PAIR, names.MEMBER), _rounded((gap[:, np.newaxis] - lead) / kept, members)),
        },
        coords={
            names.AHEAD: (names.PAIR, cities[ahead]),
            names.BEHIND: (names.PAIR, cities[behind]),
            names.RANK: (names.PAIR, members.rank[ahead]),
            names.RANK_OTHER: (names.PAIR, members.rank[behind]),
            **members.coordinates,
        },
        attrs={"index": index.definition.id, "over": members.level},
    )


def _rounded(difference: Floats, members: Members) -> Floats:
    """Return differences of totals with those that are rounding only set to 0."""
    found: Floats = np.where(np.abs(difference) <= members.tie, 0.0, difference)
    return found
