"""What sweeps of variables and of quantities have in common: how they are scored, labelled, refused and flattened."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from simulator import names
from simulator.changes.standing import Standing
from simulator.construction.composite import unscored
from simulator.construction.scoring import Scored, as_defined, score_chunk
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.kernels.arrays import Floats, Integers
from simulator.provenance import software_versions

ROWS_AT_ONCE = 64
"""Changes that are scored together: enough to pay for the call, few enough that their matrices stay in the cache."""

ROUNDING = 1e-9
"""Share of the largest total, or of the largest points, below which a gain is rounding only."""

DESCRIPTIONS = {
    names.PLACES: "cities passed in a variable; below 0, those that pass it",
    names.POINTS_GAIN: "own points in a variable, after less before",
    names.TOTAL_GAIN: "own total, after less before",
    names.RANK_AFTER: "rank after the change, 0 where there is no answer",
    names.RANK_GAIN: "places gained in the ranking",
    names.WHY_NOT: "why the change cannot be worked out, empty where it can",
}
"""What each variable of a sweep is, in a few words."""


def sweep_table(swept: xr.Dataset) -> pd.DataFrame:
    """Return a sweep as a flat table: a row for each city, each variable or quantity, and each step."""
    axes = list(swept[names.RANK_GAIN].dims)
    bare = swept.drop_vars([name for name in swept.coords if name not in axes])
    table: pd.DataFrame = bare.to_dataframe(dim_order=axes).reset_index()
    return table


def score_rows(standing: Standing, values: Floats) -> Scored:
    """Return totals and ranks (row, city) of several matrices (row, indicator, city); see `score_chunk`.

    Raises
    ------
    DrawError
        Where a geometric or harmonic mean meets a score that is not above zero.
    """
    scorer = standing.scorer
    chunk = dataclasses.replace(as_defined(values[0]), variant=np.zeros(len(values), np.int64), values=values)
    scored = score_chunk(scorer.plan, scorer.definition.ranking, chunk)
    if scored.failed != -1:
        raise unscored([scorer.definition], scored.failed)
    return scored


def outcome(
    standing: Standing, who: Integers, axes: Sequence[str], totals: Floats, ranks: Integers
) -> dict[str, tuple[Sequence[str], Any]]:
    """Return what the city's own total and rank become; a rank of 0 stands where there is no answer."""
    start = standing.scored[names.TOTAL].values
    rank = standing.scored[names.RANK].values[who][:, np.newaxis, np.newaxis]
    gain = beyond_rounding(totals - start[who][:, np.newaxis, np.newaxis], start)
    return {
        names.TOTAL_GAIN: (axes, gain),
        names.RANK_AFTER: (axes, ranks),
        names.RANK_GAIN: (axes, np.where(ranks > 0, rank - ranks, 0)),
    }


def beyond_rounding(gain: Floats, scale: Floats) -> Floats:
    """Return gains, and 0 for those that are rounding only beside figures of that size."""
    return np.where(np.abs(gain) <= ROUNDING * np.abs(scale).max(), 0.0, gain)


def labels_of(standing: Standing, chosen: dict[str, Integers]) -> dict[str, Any]:
    """Return the coordinates of the chosen cities and indicators, and where these cities stood."""
    start = standing.scored
    found = {
        str(name): (one.dims[0], one.values[chosen[str(one.dims[0])]])
        for name, one in start.coords.items()
        if len(one.dims) == 1 and one.dims[0] in chosen
    }
    for name, before in ((names.RANK, names.RANK_BEFORE), (names.TOTAL, names.TOTAL_BEFORE)):
        found[before] = (names.CITY, start[name].values[chosen[names.CITY]])
    return found


def with_origin(found: xr.Dataset, index: Index, asked: str) -> xr.Dataset:
    """Return a sweep with what it asked, and where it comes from (convention 11)."""
    for name in found.data_vars:
        found[name].attrs["long_name"] = DESCRIPTIONS[str(name)]
    return found.assign_attrs(
        title=f"Sweep of {index.definition.title.en or index.definition.id}",
        index=index.definition.id,
        asked=asked,
        held="all other values, and the other cities",
        input_sha256=json.dumps(dict(index.hashes)),
        versions=json.dumps(software_versions()),
    )


def positions_of(known: Sequence[str], chosen: Sequence[str]) -> Integers:
    """Return where the chosen ones stand among those known, in the order of these."""
    return np.array([place for place, one in enumerate(known) if one in set(chosen)], np.int64)


def label_faults(place: str, labels: Sequence[str]) -> Iterator[Fault]:
    """Yield labels that stand for several steps, and that there is none."""
    for label in dict.fromkeys(labels):
        if labels.count(label) > 1:
            yield Fault(place, f"{label} is given twice", "Give it once.")
    if not labels:
        yield Fault(place, "nothing changes", "Give one or more.")


def refuse(faults: Sequence[Fault]) -> None:
    """Raise `InputError` with the faults of a sweep, if there are any."""
    if faults:
        raise InputError("sweep", faults)
