"""Tables that look inside the kernels: parts taken out, one algorithm against another."""

from __future__ import annotations

from benchmarks.findings import Benchmark

BENCHMARKS: tuple[Benchmark, ...] = ()
