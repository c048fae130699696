"""What the tests of long runs share: results compared to the byte, and runs that are stopped before their end."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import xarray as xr

from simulator.simulation.checkpoint import Checkpoint
from simulator.simulation.pool import Pool
from simulator.simulation.running import Running, StoppedError
from simulator.study import Study, execute

NORTH = [[3.0, 30.0, 1.0], [2.0, 10.0, 5.0], [1.0, 20.0, 2.0], [5.0, 40.0, 4.0], [4.0, 25.0, 3.0], [6.0, 5.0, 6.0]]
"""Three indicators of six cities."""


def assert_same_bytes(one: xr.Dataset, other: xr.Dataset) -> None:
    """All variables equal to the byte, in axes and types too."""
    assert sorted(map(str, one.variables)) == sorted(map(str, other.variables))
    for name in one.variables:
        mine, theirs = one[name].variable, other[name].variable
        assert (mine.dims, mine.dtype, mine.shape) == (theirs.dims, theirs.dtype, theirs.shape), name
        if mine.dtype == object:
            assert mine.values.tolist() == theirs.values.tolist(), name
        else:
            assert mine.values.tobytes() == theirs.values.tobytes(), name


def write_folder(folder: Path, name: str = "small", **more: Any) -> Path:
    """Write a small index with a scenario beside it; return the scenario's path."""
    cities = [f"city-{number}" for number in range(len(NORTH))]
    rows = [",".join([city, *map(str, row)]) for city, row in zip(cities, NORTH, strict=True)]
    (folder / "values.csv").write_text("\n".join(["city,a,b,c", *rows]) + "\n", "utf-8")
    leaves = "\n".join(f"    - {{id: {leaf}, direction: higher}}" for leaf in "abc")
    (folder / "definition.yaml").write_text(
        "schema_version: 1\nid: small\ndata: {matrix: values.csv}\n"
        "index:\n  id: total\n  normalise: {method: min-max}\n"
        f"  aggregate: {{method: arithmetic}}\n  children:\n{leaves}\n",
        "utf-8",
    )
    settings = {"draws": 3000, "seed": 7, "factors": "{weights: {method: dirichlet, concentration: 2}}", **more}
    lines = [f"{key}: {value}" for key, value in settings.items()]
    path = folder / f"{name}.yaml"
    path.write_text("\n".join(["schema_version: 1", f"name: {name}", "index: definition.yaml", *lines]) + "\n", "utf-8")
    return path


def stopping_after(blocks: int) -> Callable[[], str]:
    """Return a reason to stop that holds when it has been asked so often."""
    asked = iter(range(blocks))
    return lambda: "" if next(asked, None) is not None else "enough for today"


def stopped(study: Study, folder: Path, blocks: int, resume: bool = False, pool: Pool | None = None) -> None:
    """Run a study that stops after some blocks, each of which is kept."""
    ledger = Checkpoint(folder, resume, seconds=0.0)
    try:
        execute(study, Running(pool or Pool(), ledger, stopping_after(blocks)))
    except StoppedError:
        return
    raise AssertionError("the run came to its end")


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )


def block_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.blocks"))


def wait_for_blocks(run: subprocess.Popen[str], folder: Path, more_than: Collection[str] = ()) -> bool:
    """Wait until a run has kept further blocks; return whether it is still under way."""
    assert run.stdout is not None
    for _ in range(4800):
        if {file.name for file in block_files(folder)}.difference(more_than):
            return run.poll() is None
        if select.select([run.stdout], [], [], 0.05)[0]:  # readable only at its end, so that no time is spent
            return False
    raise AssertionError("nothing was kept")
