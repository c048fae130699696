"""Sensitivity indices of many outputs with bootstrap intervals, against SALib's analyser called for each output."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from SALib.analyze import sobol

from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, in_turns, ratios, spread
from benchmarks.registry import INFLUENCE, INFLUENCE_BAR, SEED, InfluenceCase
from simulator.analysis.variance_based import Runs, variance_based

COLUMNS = (
    Column("case", "Case", text=True),
    Column("seconds", "Seconds", ".2f"),
    Column("salib_seconds", "SALib", ".1f"),
    Column("ratio", "Ratio", ".0f"),
    Column("bar", "Bar"),
)


def measure(effort: Effort) -> Iterator[Findings]:
    """Time both on the same numbers; SALib is timed on a few outputs, and takes as long for each."""
    case = INFLUENCE
    draws = effort.of(case.base_draws, least=64)
    timed = min(effort.of(case.salib_outputs, least=1), case.outputs)
    runs = made_runs(case, draws)
    works = {"engine": partial(by_engine, runs), "salib": partial(by_salib, runs, timed)}
    for work in works.values():
        work()
    measured = in_turns(works, effort.repeats)
    salib = [seconds * case.outputs / timed for seconds in measured["salib"]]
    row: Row = {
        "case": f"{case.factors} factors, {draws:,} base draws, {case.outputs} outputs, 100 bootstrap samples",
        "seconds": spread(measured["engine"]),
        "salib_seconds": spread(salib).median,
        "ratio": ratios(salib, measured["engine"]),
        "bar": INFLUENCE_BAR,
    }
    yield Findings("First and total order indices with intervals, all outputs at once or one by one", COLUMNS, (row,))


def made_runs(case: InfluenceCase, draws: int) -> Runs:
    """Return runs of a made model: what the numbers are does not matter to the time."""
    rng = np.random.default_rng(SEED)
    a, b = rng.normal(size=(2, draws, case.outputs))
    swapped = rng.random((case.factors, draws, 1)) < 0.5
    return Runs(a, b, np.where(swapped, a, b))


def by_engine(runs: Runs) -> np.ndarray:
    """Return first and total orders (kind, factor, output)."""
    factors, outputs = (
        [f"{kind}{k}" for k in range(size)] for kind, size in (("x", len(runs.ab)), ("y", runs.a.shape[1]))
    )
    found = variance_based(runs, factors, outputs, seed=SEED)
    return np.stack([found["first_order"].values, found["total_order"].values])


def by_salib(runs: Runs, outputs: int) -> np.ndarray:
    """Return the same of the first so many outputs, one call each."""
    k = len(runs.ab)
    problem = {"num_vars": k, "names": [f"x{number}" for number in range(k)], "bounds": [[0.0, 1.0]] * k}
    found = []
    for output in range(outputs):
        rows = np.concatenate([runs.a[np.newaxis, :, output], runs.ab[:, :, output], runs.b[np.newaxis, :, output]])
        one = sobol.analyze(problem, rows.T.ravel(), calc_second_order=False, num_resamples=100, seed=SEED)
        found.append(np.stack([one["S1"], one["ST"]]))
    return np.stack(found, axis=2)


BENCHMARKS = (Benchmark("influence", "sensitivity indices of 121 outputs, against SALib output by output", measure),)
