"""Evenly spread points against independent draws: how far estimates lie apart over seeds, for the same draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import xarray as xr

import simulator as sim
from benchmarks.findings import Benchmark, Cell, Column, Findings, Row
from benchmarks.measuring import Effort, seconds
from benchmarks.registry import DESIGN_DRAWS, DESIGN_SCENARIOS, DESIGN_SEEDS, INDEX, WORKERS
from simulator import names
from simulator.index import Index

INDEPENDENT, EVEN = "monte-carlo", ("sobol", "latin-hypercube")
FIGURES = (names.RANK_MEAN, "top_10", names.MEAN_SHIFT)

COLUMNS = (
    Column("scenario", "Scenario", text=True),
    Column("design", "Design", text=True),
    Column(names.RANK_MEAN, "Gain, mean rank", ",.3g"),
    Column("top_10", "top 10", ",.3g"),
    Column(names.MEAN_SHIFT, "mean shift", ",.3g"),
    Column("told", "Error told / seen", ".2f"),
    Column("time", "Time / independent", ".2f"),
)


def measure(effort: Effort) -> Iterator[Findings]:
    """Run every scenario under every design with many seeds, the designs in turns."""
    seeds, count = effort.of(DESIGN_SEEDS, least=2), effort.of(len(DESIGN_SCENARIOS), least=1)
    index = sim.load_index(INDEX)
    title = f"Gain: variance over {seeds} seeds of {DESIGN_DRAWS:,} draws, independent over evenly spread ones"
    rows = [row for scenario in DESIGN_SCENARIOS[:count] for row in _compared(scenario, index, seeds)]
    yield Findings(title, COLUMNS, tuple(rows))


def gain(independent: Sequence[xr.Dataset], even: Sequence[xr.Dataset], figure: str) -> float | None:
    """Return the variance of a figure over seeds, mean over cities, of independent results over that of others.

    None where nothing varies on either side, as the chance of the top ten has it among ten cities.
    """
    above, below = variance(independent, figure), variance(even, figure)
    if below == 0.0:
        return None if above == 0.0 else float("inf")
    return above / below


def variance(results: Sequence[xr.Dataset], figure: str) -> float:
    """Return the variance of a figure over results of different seeds, mean over cities or groups."""
    return float(np.var([one[figure].values for one in results], axis=0, ddof=1).mean())


def told_over_spread(results: Sequence[xr.Dataset], figure: str) -> float | None:
    """Return the standard error that results tell of a figure over the spread between them, both as mean squares."""
    seen = variance(results, figure)
    told = float(np.mean([one[figure + names.SE].values ** 2 for one in results]))
    return float(np.sqrt(told / seen)) if seen > 0.0 else None


def _compared(scenario: str, index: Index, seeds: int) -> Iterator[Row]:
    results, times = _runs(scenario, index, seeds)
    for design in EVEN:
        gains: dict[str, Cell] = {one: gain(results[INDEPENDENT], results[design], one) for one in FIGURES}
        yield {
            "scenario": scenario,
            "design": design,
            **gains,
            "told": told_over_spread(results[design], names.RANK_MEAN),
            "time": times[design] / times[INDEPENDENT],
        }


def _runs(scenario: str, index: Index, seeds: int) -> tuple[Mapping[str, list[xr.Dataset]], Mapping[str, float]]:
    """Return the figures of every seed under every design, and the seconds that each design took."""
    designs = (INDEPENDENT, *EVEN)
    results: dict[str, list[xr.Dataset]] = {design: [] for design in designs}
    times = dict.fromkeys(designs, 0.0)
    for design in designs:  # compiled, imported and read before anything is timed
        sim.run(scenario, draws=2, seed=0, index=index, overrides=f"design={design}")
    for seed in range(1, seeds + 1):
        for design in designs:
            times[design] += seconds(partial(_run, scenario, design, seed, index, results[design]))
    return results, times


def _run(scenario: str, design: str, seed: int, index: Index, results: list[xr.Dataset]) -> None:
    overrides = f"design={design}"
    found = sim.run(scenario, draws=DESIGN_DRAWS, seed=seed, workers=WORKERS, index=index, overrides=overrides)
    results.append(found[[name for figure in FIGURES for name in (figure, figure + names.SE)]])


BENCHMARKS = (Benchmark("designs", "Sobol' and Latin hypercube designs against independent draws", measure),)
