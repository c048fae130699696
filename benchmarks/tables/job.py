"""Many scenarios in one command, beside as many draws in one run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.children import run_child
from benchmarks.engine import run_stress_test
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, seconds
from benchmarks.registry import JOB, JOB_BAR, JOB_MEMORY_BAR, WORKERS

COLUMNS = (
    Column("scenarios", "Scenarios", ",d"),
    Column("draws", "Draws each", ",d"),
    Column("alone", "Seconds, the draws in one run", ",.0f"),
    Column("job", "the job", ",.0f"),
    Column("ratio", "Ratio", ".3f"),
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
    """Run few and many scenarios, each job in a process of its own, and after the many all their draws in one run."""
    draws = effort.of(JOB.draws)
    counts = [effort.of(count, least=2) for count in (JOB.few, JOB.scenarios)]
    jobs = [
        json.loads(run_child([sys.executable, "-m", "benchmarks.many_scenarios", str(n), str(draws)])) for n in counts
    ]
    many = counts[-1]
    run_stress_test(100, WORKERS)
    alone = seconds(partial(run_stress_test, many * draws, WORKERS))
    whole = many == JOB.scenarios
    row: Row = {"scenarios": many, "draws": draws, "alone": alone, "job": jobs[-1]["seconds"]}
    row |= {"ratio": jobs[-1]["seconds"] / alone, "bar": JOB_BAR if whole else None}
    yield Findings(f"Many scenarios ({JOB.scenario} by another seed) in one job, {WORKERS} workers", COLUMNS, (row,))
    rows: list[Row] = [
        {"scenarios": count, "peak": job["peak"], "of_a_worker": job["of_a_worker"]}
        for count, job in zip(counts, jobs, strict=True)
    ]
    rows[-1] |= {"ratio": jobs[-1]["peak"] / jobs[0]["peak"], "bar": JOB_MEMORY_BAR if whole else None}
    yield Findings("Resident memory of a job and of its workers", MEMORY_COLUMNS, tuple(rows))


BENCHMARKS = (Benchmark("job", "many scenarios in one command: overhead over the draws, and memory", measure),)
