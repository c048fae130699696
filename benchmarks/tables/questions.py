"""Whole questions of a policymaker: a what-if without and with draws, and the plans that reach a rank."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import xarray as xr

import simulator as sim
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, in_turns, ratios, seconds, spread
from benchmarks.references import scored_by_pandas
from benchmarks.registry import (
    GOALS,
    NEXT_RANK_BAR,
    QUESTION_BAR,
    QUESTION_CITY,
    QUESTION_DRAWS,
    QUESTION_DRAWS_BAR,
    SEED,
    WHAT_IF,
)
from benchmarks.tables.what_if import frames
from simulator.index import Index

COLUMNS = (
    Column("case", "Case", text=True),
    Column("seconds", "Seconds", ".3f"),
    Column("bar", "Bar"),
    Column("ratio", "In scorings by pandas", ",.0f"),
)


def measure(effort: Effort) -> Iterator[Findings]:
    """Time whole calls, index in memory; one scoring of the same index by pandas is the measure beside them."""
    index = sim.load_index(WHAT_IF.index)
    ask = partial(sim.what_if, QUESTION_CITY, grow={"gdp": "8%"}, index=index, seed=SEED)
    draws = effort.of(QUESTION_DRAWS, least=100)
    works = {
        "pandas": partial(scored_by_pandas, *frames(index)),
        "gdp grows 8 %, no draws": partial(ask, draws=0),
        f"gdp grows 8 %, {draws:,} draws": partial(ask, draws=draws),
        **{
            f"{city} to rank {rank}, one plan, no draws": partial(_plan, index, city, rank)
            for city, rank in GOALS[: effort.of(len(GOALS), least=1)]
        },
    }
    if effort.share == 1.0:
        works["every city x every variable x 5 steps"] = partial(sim.sweep, index)
    for work in works.values():
        work()
    measured = in_turns(works, effort.repeats)
    bars = dict.fromkeys((name for name in works if "to rank" in name), NEXT_RANK_BAR)
    bars |= {name: QUESTION_BAR if "no draws" in name else QUESTION_DRAWS_BAR for name in works if "gdp" in name}
    rows: list[Row] = [
        {
            "case": name,
            "seconds": spread(times),
            "bar": bars.get(name),
            "ratio": ratios(times, measured["pandas"]),
        }
        for name, times in measured.items()
        if name != "pandas"
    ]
    rows.append(_next_ranks(index, effort))
    yield Findings(
        f"Questions about {WHAT_IF.index}: {QUESTION_CITY} and others, labels in and out", COLUMNS, tuple(rows)
    )


def _plan(index: Index, city: str, rank: int) -> xr.Dataset:
    return sim.reach(city, rank, plans=1, draws=0, index=index, seed=SEED)


def _next_ranks(index: Index, effort: Effort) -> Row:
    """Return how long the plans of all cities to the rank of the nearest city above take, one by one."""
    rank = index.score()["rank"]
    targets = [(city, _above(rank, int(rank.sel(city=city)))) for city in index.cities]
    asked = [(city, target) for city, target in targets if target is not None]
    times = [seconds(partial(_plan, index, *one)) for one in asked[: effort.of(len(asked), least=2)]]
    return {
        "case": f"{len(times)} cities to the rank of the nearest city above, one plan each (median, least, most)",
        "seconds": spread(times),
        "bar": NEXT_RANK_BAR,
    }


def _above(ranks: xr.DataArray, own: int) -> int | None:
    better = [int(rank) for rank in ranks.values if rank < own]
    return max(better) if better else None


BENCHMARKS = (Benchmark("questions", "what-ifs with and without draws, and plans that reach a rank", measure),)
