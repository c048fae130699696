"""Run by itself, `python -m benchmarks.many_scenarios SCENARIOS DRAWS`: time and memory of a job, as JSON.

With 0 scenarios the draws are those of one run.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import partial

import psutil

import simulator as sim
from benchmarks.engine import run_stress_test
from benchmarks.measuring import seconds
from benchmarks.registry import JOB, WORKERS
from simulator.simulation.memory import memory_taken


def run_scenarios(count: int, draws: int) -> dict[str, float]:
    """Run a job of so many scenarios into a new store; return its seconds, its peak and its workers' memory in MiB."""
    sim.run(JOB.scenario, draws=100, seed=1)  # what is compiled is then read, not made
    with tempfile.TemporaryDirectory() as folder:

        def run() -> None:
            report = sim.run_job(
                [JOB.scenario], f"{folder}/s.zarr", vary=[f"seed=1..{count}"], draws=draws, workers=WORKERS
            )
            if report.done != count:
                raise RuntimeError(f"only {report.done} of {count} came to their end: {report.failed}")

        own = time.process_time()
        taken = seconds(run)
        own = time.process_time() - own
    workers = psutil.Process().children(recursive=True)
    times = [one.cpu_times() for one in workers]
    return {
        "seconds": taken,
        "processor": own + sum(one.user + one.system for one in times),
        "peak": memory_taken() / 1024**2,
        "of_a_worker": max((one.memory_info().rss for one in workers), default=0) / 1024**2,
    }


def run_alone(draws: int) -> dict[str, float]:
    """Run so many draws in one study; return its seconds, by the clock and of the processors."""
    run_stress_test(100, WORKERS)
    begun = time.process_time()
    return {
        "seconds": seconds(partial(run_stress_test, draws, WORKERS)),
        "processor": time.process_time() - begun,
    }


if __name__ == "__main__":
    count, draws = int(sys.argv[1]), int(sys.argv[2])
    print(json.dumps(run_scenarios(count, draws) if count else run_alone(draws)))
