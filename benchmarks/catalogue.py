"""All benchmarks by name, in the order in which they run."""

from __future__ import annotations

from benchmarks.findings import Benchmark
from benchmarks.tables import (
    designs,
    exact_limits,
    explorer,
    handbook,
    indices_of_factors,
    job,
    kernels,
    questions,
    sizes,
    start,
    store,
    stress_test,
    throughput,
    values,
    what_if,
)

BENCHMARKS: dict[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        *throughput.BENCHMARKS,
        *sizes.BENCHMARKS,
        *kernels.BENCHMARKS,
        *stress_test.BENCHMARKS,
        *what_if.BENCHMARKS,
        *questions.BENCHMARKS,
        *indices_of_factors.BENCHMARKS,
        *exact_limits.BENCHMARKS,
        *handbook.BENCHMARKS,
        *values.BENCHMARKS,
        *store.BENCHMARKS,
        *job.BENCHMARKS,
        *designs.BENCHMARKS,
        *explorer.BENCHMARKS,
        *start.BENCHMARKS,
    )
}
