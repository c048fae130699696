"""A result or a failure on its way into a store, and what the catalogue tells of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import xarray as xr

from simulator import names
from simulator.errors import Fault, InputError
from simulator.provenance import unseal
from simulator.results.catalogue import Entry


@dataclass(frozen=True)
class Kept:
    """One result to be kept, or one failure."""

    key: str
    """Hex digest that identifies what was asked: scenario text, overrides, versions."""
    name: str
    """Label that people use, such as `stress-test seed=7`; the last one kept under a name is the one that counts."""
    result: xr.Dataset | None
    """Nothing where it failed."""
    fault: str = ""
    """Why it failed, in a line."""
    seconds: float = 0.0
    """How long it took."""


def refuse_names(kept: Sequence[Kept]) -> None:
    """Refuse results that are to be kept together without a name, or two of the same.

    Raises
    ------
    InputError
        With every fault.
    """
    labels = [one.name for one in kept]
    faults = [
        Fault(name, "is the name of more than one", "Give each a name of its own.")
        for name in dict.fromkeys(labels)
        if labels.count(name) > 1
    ]
    faults += [Fault("name", "is empty", "Give each a name.")] if "" in labels else []
    if faults:
        raise InputError("results", faults)


def enter(kept: Kept, written: datetime, batch: str, group: str, position: int, sha256: str) -> Entry:
    """Return the catalogue's line of a result or failure that is kept in a batch, at a position of a group."""
    result = kept.result
    return Entry(
        key=kept.key,
        name=kept.name,
        status="failed" if result is None else "done",
        fault=kept.fault,
        seconds=kept.seconds,
        written=written.isoformat(timespec="microseconds"),
        batch=batch,
        group=group,
        position=position,
        sha256=sha256,
        **_asked(result),
        figures={} if result is None else _figures(result),
    )


def _asked(result: xr.Dataset | None) -> dict[str, Any]:
    """Return what a result tells of its making; little of one that is not of a study."""
    nothing: dict[str, Any] = {"draws": None, "seed": None, "scenario": "", "index": "", "input_sha256": {}}
    if result is None:
        return nothing
    try:
        record = unseal(result.attrs, "result")
    except InputError:
        return nothing
    return {
        "draws": record.draws,
        "seed": record.seed,
        "scenario": str(result.attrs.get("scenario", "")),
        "index": record.index,
        "input_sha256": record.input_sha256,
    }


def _figures(result: xr.Dataset) -> Mapping[str, float | str | None]:
    """Return the mean rank shift, unless there are several, and the first city or cities with nothing varied."""
    shift = None
    if names.MEAN_SHIFT in result and result[names.MEAN_SHIFT].ndim == 0:
        found = float(result[names.MEAN_SHIFT])
        shift = None if math.isnan(found) else found
    ranks = [name for name in (names.RANK_AFTER, names.SCENARIO_RANK, names.BASELINE_RANK) if name in result]
    first: list[str] = []
    if ranks and result[ranks[0]].dims == (names.CITY,):
        first = [str(city) for city in result[names.CITY].values[result[ranks[0]].values == 1]]
    return {"mean_abs_rank_shift": shift, "first_city": ", ".join(first)}
