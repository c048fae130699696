"""One value changed and the whole index scored again, labels in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pandas as pd

import simulator as sim
from benchmarks.engine import what_if
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, in_turns, ratios, spread
from benchmarks.references import scored_by_pandas
from benchmarks.registry import WHAT_IF, WHAT_IF_BAR
from simulator.index import Index

COLUMNS = (
    Column("case", "Case", text=True),
    Column("engine_milliseconds", "Milliseconds", ".2f"),
    Column("bar", "Bar"),
    Column("reference_milliseconds", "pandas", ".2f"),
    Column("ratio", "Ratio", ".1f"),
)


def measure(effort: Effort) -> Iterator[Findings]:
    """Time the engine and the same written in pandas, another value in every call."""
    index = sim.load_index(WHAT_IF.index)
    calls = effort.of(WHAT_IF.calls, least=1)
    values = [1.0 + call % len(index.cities) for call in range(calls)]
    engine = partial(what_if, index.scorer(), WHAT_IF.city, WHAT_IF.indicator)
    reference = partial(what_if_by_pandas, *frames(index), WHAT_IF.city, WHAT_IF.indicator)
    engine(1.0)
    reference(1.0)
    works = {"engine": partial(_each, engine, values), "reference": partial(_each, reference, values)}
    measured = in_turns(works, effort.repeats)
    times = {side: [one / calls * 1e3 for one in of_side] for side, of_side in measured.items()}
    row: Row = {
        "case": f"{WHAT_IF.indicator} of {WHAT_IF.city}",
        "engine_milliseconds": spread(times["engine"]),
        "bar": WHAT_IF_BAR,
        "reference_milliseconds": spread(times["reference"]).median,
        "ratio": ratios(times["reference"], times["engine"]),
    }
    title = f"What if: one value of {WHAT_IF.index} changed by label, all scored again, total and rank read by label"
    yield Findings(title, COLUMNS, (row,))


def frames(index: Index) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return values and printed points (city, indicator) of an index published as points."""
    cities = index.cities
    values = pd.DataFrame(index.matrix["value"].values, cities, index.matrix["indicator"].values)
    return values, pd.DataFrame(index.printed.values, cities, index.printed["slot"].values)


def what_if_by_pandas(
    values: pd.DataFrame, printed: pd.DataFrame, city: str, indicator: str, value: float
) -> tuple[float, int]:
    """Return total and rank of a city where one of its values is another one."""
    changed = values.copy()
    changed.loc[city, indicator] = value
    scored = scored_by_pandas(changed, printed)
    return float(scored["total"][city]), int(scored["rank"][city])


def _each(work: Callable[[float], object], values: list[float]) -> None:
    for value in values:
        work(value)


BENCHMARKS = (Benchmark("what-if", "one value of the 2025 index changed, all scored again", measure),)
