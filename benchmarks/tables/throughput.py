"""Draws a second on one core against three references, from the tuned to the plain and the leanest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.engine import rank_histogram
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.indices import build
from benchmarks.measuring import Effort, Work, in_turns, ratios, spread
from benchmarks.references import REFERENCES, TOLD
from benchmarks.registry import SEED, THROUGHPUT, THROUGHPUT_BARS

COLUMNS = (
    Column("normalisation", "Normalisation", text=True),
    Column("reference", "NumPy reference", text=True),
    Column("engine_draws_a_second", "Draws a second", ",.0f"),
    Column("reference_draws_a_second", "Reference", ",.0f"),
    Column("ratio", "Ratio", ".2f"),
    Column("bar", "Bar"),
)
TITLE = (
    "Throughput: 60 × 50 lognormal values, 5 % normal error on every cell, Dirichlet(1) weights, arithmetic mean,\n"
    "count of every rank of every city, one core, {draws:,} draws a run"
)


def measure(effort: Effort) -> Iterator[Findings]:
    """Time each normalisation by the engine and by every reference."""
    rows: list[Row] = []
    draws = [effort.of(case.draws, least=100) for case in THROUGHPUT]
    for case, count in zip(THROUGHPUT, draws, strict=True):
        index = build(case)
        values = index.matrix["value"].values
        works: dict[str, Work] = {"engine": partial(rank_histogram, index, count)}
        for name, reference in REFERENCES.items():
            works[name] = partial(reference, values, case.normalisation, count, SEED)
            reference(values, case.normalisation, 100, SEED)
        rank_histogram(index, 100)
        times = in_turns(works, effort.repeats)
        rows += [
            {
                "normalisation": case.normalisation,
                "reference": TOLD[name],
                "engine_draws_a_second": count / spread(times["engine"]).median,
                "reference_draws_a_second": count / spread(times[name]).median,
                "ratio": ratios(times[name], times["engine"]),
                "bar": THROUGHPUT_BARS.get((case.normalisation, name)),
            }
            for name in REFERENCES
        ]
    yield Findings(TITLE.format(draws=max(draws)), COLUMNS, tuple(rows))


BENCHMARKS = (Benchmark("throughput", "60 × 50 by rank, min-max and z-score, against three references", measure),)
