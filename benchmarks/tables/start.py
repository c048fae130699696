"""How long the command takes to start, and to compile when it first runs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from functools import partial

from benchmarks.children import run_child
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, seconds, spread
from benchmarks.registry import COMPILE_BAR, HELP_BAR, STRESS_TEST

COLUMNS = (
    Column("command", "Command", text=True),
    Column("compiled_code", "Compiled code", text=True),
    Column("runs", "Runs", "d"),
    Column("seconds", "Seconds", ".2f"),
    Column("bar", "Bar"),
)
CITYSIM = (sys.executable, "-m", "simulator")
RUN = ("run", STRESS_TEST, "--draws", "100")


def measure(effort: Effort) -> Iterator[Findings]:
    """Time new processes: the help, the first run of all, and the same again."""
    helped = [seconds(partial(run_child, [*CITYSIM, "--help"])) for _ in range(effort.repeats)]
    with tempfile.TemporaryDirectory() as cache:
        run = partial(run_child, [*CITYSIM, *RUN], {"NUMBA_CACHE_DIR": cache})
        first = seconds(run)
        again = [seconds(run) for _ in range(effort.repeats)]
    told = "citysim " + " ".join(RUN)
    rows: tuple[Row, ...] = (
        {
            "command": "citysim --help",
            "compiled_code": "not needed",
            "runs": len(helped),
            "seconds": spread(helped),
            "bar": HELP_BAR,
        },
        {"command": told, "compiled_code": "none yet", "runs": 1, "seconds": first, "bar": COMPILE_BAR},
        {"command": told, "compiled_code": "kept", "runs": len(again), "seconds": spread(again)},
    )
    yield Findings("Start: each in a new process, from its start to its end", COLUMNS, rows)


BENCHMARKS = (Benchmark("start", "the command's help, its first run ever and the next", measure),)
