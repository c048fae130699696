"""Many scenarios in one command, beside as many draws in one run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from benchmarks.children import run_child
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort
from benchmarks.registry import JOB, JOB_BAR, JOB_MEMORY_BAR, WORKERS

COLUMNS = (
    Column("scenarios", "Scenarios", ",d"),
    Column("draws", "Draws each", ",d"),
    Column("alone", "Seconds, the draws in one run", ",.0f"),
    Column("job", "the job", ",.0f"),
    Column("clock", "Ratio by the clock", ".2f"),
    Column("ratio", "of the processors", ".3f"),
    Column("bar", "Bar"),
)
MEMORY_COLUMNS = (
    Column("scenarios", "Scenarios", ",d"),
    Column("peak", "Peak, MiB", ",.0f"),
    Column("of_a_worker", "Of the largest worker in the end", ",.0f"),
    Column("ratio", "Ratio to the fewest", ".3f"),
    Column("bar", "Bar"),
)


def measure(effort: Effort) -> Iterator[Findings]:
    """Run few and many scenarios, and after the many all their draws in one run, each in a process of its own.

    Where others use the machine too, the time of the processors tells more than the clock.
    """
    draws = effort.of(JOB.draws)
    few, many = (effort.of(count, least=2) for count in (JOB.few, JOB.scenarios))
    command = [sys.executable, "-m", "benchmarks.many_scenarios"]
    asked = ((few, draws), (many, draws), (0, many * draws))
    *jobs, alone = (json.loads(run_child([*command, str(count), str(each)])) for count, each in asked)
    counts, job, whole = (few, many), jobs[-1], many == JOB.scenarios
    row: Row = {"scenarios": many, "draws": draws, "alone": alone["seconds"], "job": job["seconds"]}
    row |= {"clock": job["seconds"] / alone["seconds"], "ratio": job["processor"] / alone["processor"]}
    row |= {"bar": JOB_BAR if whole else None}
    yield Findings(f"Many scenarios ({JOB.scenario} by another seed) in one job, {WORKERS} workers", COLUMNS, (row,))
    rows: list[Row] = [
        {"scenarios": count, "peak": one["peak"], "of_a_worker": one["of_a_worker"]}
        for count, one in zip(counts, jobs, strict=True)
    ]
    rows[-1] |= {"ratio": jobs[-1]["peak"] / jobs[0]["peak"], "bar": JOB_MEMORY_BAR if whole else None}
    yield Findings("Resident memory of a job and of its workers", MEMORY_COLUMNS, tuple(rows))


BENCHMARKS = (Benchmark("job", "many scenarios in one command: overhead over the draws, and memory", measure),)
