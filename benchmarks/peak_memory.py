"""Run in a process of its own, `python -m benchmarks.peak_memory DRAWS`: print the peak memory of the stress test."""

from __future__ import annotations

import sys

from benchmarks.engine import run_stress_test
from benchmarks.registry import WORKERS
from simulator.simulation.memory import memory_taken


def peak_mebibytes() -> float:
    """Return the peak resident memory of this process so far."""
    return memory_taken() / 1024**2


if __name__ == "__main__":
    run_stress_test(int(sys.argv[1]), WORKERS)
    print(peak_mebibytes())
