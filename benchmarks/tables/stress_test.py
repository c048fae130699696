"""The default stress test as shipped: a million draws, one worker against two, and memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial

import simulator as sim
from benchmarks.children import run_child
from benchmarks.engine import run_stress_test
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, in_turns, ratios, seconds, spread
from benchmarks.registry import (
    INDEX,
    MEMORY_BAR,
    MEMORY_DRAWS,
    STRESS_TEST,
    STRESS_TEST_BAR,
    STRESS_TEST_DRAWS,
    WORKERS,
    WORKERS_BAR,
    WORKERS_DRAWS,
)

WHOLE_COLUMNS = (
    Column("draws", "Draws", ",d"),
    Column("workers", "Workers", "d"),
    Column("seconds", "Seconds", ".2f"),
    Column("draws_a_second", "Draws a second", ",.0f"),
    Column("bar", "Bar of the seconds"),
)
WORKERS_COLUMNS = (
    Column("draws", "Draws", ",d"),
    Column("one_worker", "Seconds, 1 worker", ".2f"),
    Column("more_workers", f"{WORKERS} workers", ".2f"),
    Column("ratio", "Ratio", ".2f"),
    Column("bar", "Bar"),
)
MEMORY_COLUMNS = (
    Column("draws", "Draws", ",d"),
    Column("peak_mebibytes", "Peak, MiB", ",.1f"),
    Column("ratio", f"Ratio to {MEMORY_DRAWS[0]:,}", ".3f"),
    Column("bar", "Bar"),
)


def measure_time(effort: Effort) -> Iterator[Findings]:
    """Really run the draws, once; then one worker against several."""
    run_stress_test(100, WORKERS)
    draws = effort.of(STRESS_TEST_DRAWS)
    taken = seconds(partial(run_stress_test, draws, WORKERS))
    row: Row = {"draws": draws, "workers": WORKERS, "seconds": taken, "draws_a_second": draws / taken}
    row["bar"] = STRESS_TEST_BAR if draws == STRESS_TEST_DRAWS else None
    yield Findings(f"Scenario {STRESS_TEST} as shipped, from its file to its result", WHOLE_COLUMNS, (row,))
    draws = effort.of(WORKERS_DRAWS)
    index = sim.load_index(INDEX)
    works = {workers: partial(run_stress_test, draws, workers, index) for workers in (1, WORKERS)}
    times = in_turns(works, effort.repeats)
    row = {"draws": draws, "one_worker": spread(times[1]).median, "more_workers": spread(times[WORKERS]).median}
    title = f"Scenario {STRESS_TEST} as shipped, its index already read, one worker against {WORKERS}"
    row |= {"ratio": ratios(times[1], times[WORKERS]), "bar": WORKERS_BAR}
    yield Findings(title, WORKERS_COLUMNS, (row,))


def measure_memory(effort: Effort) -> Iterator[Findings]:
    """Run few and many draws, each in a process of its own, and ask each for its peak."""
    run_stress_test(100, WORKERS)  # compiled code is then read, not made, in either process
    rows: list[Row] = []
    first = 0.0
    for asked in MEMORY_DRAWS:
        draws = effort.of(asked)
        peak = peak_mebibytes(draws)
        rows.append({"draws": draws, "peak_mebibytes": peak})
        if first:
            rows[-1] |= {"ratio": peak / first, "bar": MEMORY_BAR}
        first = first or peak
    title = f"Peak resident memory: scenario {STRESS_TEST} as shipped, {WORKERS} workers, a new process each"
    yield Findings(title, MEMORY_COLUMNS, tuple(rows))


def peak_mebibytes(draws: int) -> float:
    """Return the peak resident memory of a new process that runs so many draws of the stress test."""
    return float(run_child([sys.executable, "-m", "benchmarks.peak_memory", str(draws)]))


BENCHMARKS = (
    Benchmark("stress-test", "a million draws of the default stress test; one worker against two", measure_time),
    Benchmark("memory", "peak memory of the stress test, few draws and many", measure_memory),
)
