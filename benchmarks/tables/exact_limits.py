"""What weights can do to all cities: limits of ranks, shares of all weights, the order that indicators vote for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import simulator as sim
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, in_turns, ratios, spread
from benchmarks.references import scored_by_pandas
from benchmarks.registry import ACCEPTABILITY_DRAWS, EXTREMES, SEED, WHAT_IF, Bar
from benchmarks.tables.what_if import frames

COLUMNS = (
    Column("case", "Case", text=True),
    Column("seconds", "Seconds", ".2f"),
    Column("bar", "Bar"),
    Column("ratio", "In scorings by pandas", ",.0f"),
)


def measure(effort: Effort) -> Iterator[Findings]:
    """Time whole calls, index in memory; one scoring of the same index by pandas is the measure beside them."""
    index = sim.load_index(WHAT_IF.index)
    cities = list(index.cities[: effort.of(len(index.cities), least=1)])
    works: dict[str, Callable[[], Any]] = {"pandas": partial(scored_by_pandas, *frames(index))}
    bars: dict[str, Bar] = {}
    for over, percent, bar in EXTREMES:
        within = "any weights" if percent is None else f"within {percent:g} %"
        name = f"best and worst ranks of {len(cities)} cities, weights of each {over}, {within}"
        works[name] = partial(sim.extreme_ranks, index, over, percent=percent, cities=cities)
        bars[name] = bar
    draws = effort.of(ACCEPTABILITY_DRAWS, least=1_024)
    works[f"acceptability, {draws:,} draws of dimension weights"] = partial(
        sim.acceptability, index, "dimension", draws=draws, seed=SEED
    )
    works["median orders of 50 variables"] = partial(sim.consensus_of_indicators, index)
    for work in works.values():
        work()
    measured = in_turns(works, effort.repeats)
    rows: list[Row] = [
        {"case": name, "seconds": spread(times), "bar": bars.get(name), "ratio": ratios(times, measured["pandas"])}
        for name, times in measured.items()
        if name != "pandas"
    ]
    yield Findings(f"What weights can do to the ranks of {WHAT_IF.index}", COLUMNS, tuple(rows))


BENCHMARKS = (Benchmark("extremes", "limits of ranks over all weights, shares of all weights, consensus", measure),)
