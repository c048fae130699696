"""Run by itself, `python -m benchmarks.many_scenarios SCENARIOS DRAWS`: time and memory of a job, as JSON."""

from __future__ import annotations

import json
import sys
import tempfile

import psutil

import simulator as sim
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

        taken = seconds(run)
    of_workers = max((one.memory_info().rss for one in psutil.Process().children(recursive=True)), default=0)
    return {"seconds": taken, "peak": memory_taken() / 1024**2, "of_a_worker": of_workers / 1024**2}


if __name__ == "__main__":
    print(json.dumps(run_scenarios(int(sys.argv[1]), int(sys.argv[2]))))
