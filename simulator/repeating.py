"""A stored result run again from its provenance, to see whether it comes out the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from simulator.documents import parse_yaml
from simulator.errors import Fault, InputError
from simulator.index import IN_MEMORY, Index
from simulator.provenance import unseal
from simulator.published import locate_index
from simulator.simulation.blocks import Progress
from simulator.simulation.pool import threads
from simulator.simulation.running import Running
from simulator.storage import read_result
from simulator.study import Study, execute, plan, recorded, settings


@dataclass(frozen=True)
class Repetition:
    """What came of running a stored result again."""

    same: bool
    """Whether every variable is equal to the byte."""
    differing: tuple[str, ...]
    """Variables that are not."""
    changed: tuple[str, ...]
    """What has changed since: data files and versions."""
    result: xr.Dataset


def repeat(
    stored: str | Path | xr.Dataset,
    workers: int | None = None,
    index: Index | None = None,
    progress: Progress | None = None,
) -> Repetition:
    """Run a stored result again from its provenance, and say whether it comes out the same.

    A result of an index in memory needs that `index` again.

    Raises
    ------
    InputError
        Where the file is no result, or its scenario no longer fits its index.
    """
    source = "result" if isinstance(stored, xr.Dataset) else str(stored)
    former = stored if isinstance(stored, xr.Dataset) else read_result(Path(stored))
    record = unseal(former.attrs, source)
    document = parse_yaml(record.scenario, f"the scenario in {source}")
    again_with = settings(record.overrides, None, record.seed)
    if index is None and record.index == IN_MEMORY:
        remedy = "Call simulator.repeat with that index."
        raise InputError(source, [Fault("", "is of an index in memory, which no file holds", remedy)])
    again = execute(
        plan(document, again_with, index or locate_index(record.index)), Running(threads(workers)), progress
    )
    now = unseal(again.attrs, source)
    changed = [
        f"{name}: {old[name]} then, {new.get(name)} now"
        for old, new in ((record.input_sha256, now.input_sha256), (record.versions, now.versions))
        for name in old
        if old[name] != new.get(name)
    ]
    variables = sorted({str(name) for name in (*former.variables, *again.variables)})
    differing = [name for name in variables if not _equal(former, again, name)]
    return Repetition(not differing, tuple(differing), tuple(changed), again)


def is_result_of(study: Study, path: str | Path) -> bool:
    """Return whether a file holds the result of a study already: of the same scenario, seed, data and versions."""
    try:
        record = unseal(read_result(path).attrs, str(path))
    except InputError:
        return False
    seed = study.scenario.seed
    asked = recorded(study, record.seed if seed is None else seed, record.draws)
    given = asked.model_copy(update={"started": record.started, "seconds": record.seconds})
    return given == record


def _equal(left: xr.Dataset, right: xr.Dataset, name: str) -> bool:
    if name not in left.variables or name not in right.variables:
        return False
    mine, theirs = left[name].values, right[name].values
    if mine.shape != theirs.shape:
        return False
    if mine.dtype.kind in "OUS" or theirs.dtype.kind in "OUS":
        return bool((mine.astype(str) == theirs.astype(str)).all())
    return mine.tobytes() == theirs.tobytes()
