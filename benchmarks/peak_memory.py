"""Run in a process of its own, `python -m benchmarks.peak_memory DRAWS`: print the peak memory of the stress test."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from benchmarks.engine import run_stress_test
from benchmarks.registry import WORKERS


def peak_mebibytes() -> float:
    """Return the peak resident memory of this process so far.

    Linux hands `ru_maxrss` of a process on to the child that it starts, so that a large parent would hide a small
    child; `VmHWM` is of this process alone.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "VmHWM":
                return int(value.split()[0]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


if __name__ == "__main__":
    run_stress_test(int(sys.argv[1]), WORKERS)
    print(peak_mebibytes())
