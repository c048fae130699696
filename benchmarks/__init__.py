"""Benchmarks: the engine against NumPy and SciPy doing the same work, in one run; `python -m benchmarks --help`."""
