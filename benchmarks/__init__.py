"""Benchmarks: the engine against a plain NumPy/SciPy reference that does the same work, in one run."""
