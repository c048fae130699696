"""Values drawn behind points by number of cities, against sorted samples of the same three shapes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.engine import fill, value_field
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.indices import build_points
from benchmarks.measuring import Effort, Work, in_turns, ratios, spread
from benchmarks.references import sorted_values
from benchmarks.registry import SEED, VALUES_CASES

COLUMNS = (
    Column("case", "Cities × variables", text=True),
    Column("draws", "Draws", ",d"),
    Column("engine_nanoseconds_a_cell", "ns a cell", ".0f"),
    Column("reference_nanoseconds_a_cell", "Sorting", ".0f"),
    Column("ratio", "Ratio", ".1f"),
)
TITLE = "Values behind points without ties, of which nothing is known; normal, lognormal or uniform; one core"


def measure(effort: Effort) -> Iterator[Findings]:
    """Time as many cells of few cities as of many: a cost linear in their number shows as equal times."""
    rows: list[Row] = []
    for case in VALUES_CASES:
        draws = effort.of(case.draws, least=2)
        index = build_points(case)
        drawn = np.empty((draws, case.variables, case.cities))
        points = index.matrix["value"].values
        works: dict[str, Work] = {
            "engine": partial(fill, value_field(index), drawn),
            "reference": partial(sorted_values, points, draws, SEED),
        }
        works["engine"]()
        times = in_turns(works, effort.repeats)
        rows.append(
            {
                "case": f"{case.cities:,} × {case.variables}",
                "draws": draws,
                "engine_nanoseconds_a_cell": spread(times["engine"]).median / drawn.size * 1e9,
                "reference_nanoseconds_a_cell": spread(times["reference"]).median / drawn.size * 1e9,
                "ratio": ratios(times["reference"], times["engine"]),
            }
        )
    yield Findings(TITLE, COLUMNS, tuple(rows))


BENCHMARKS = (Benchmark("values", "values behind points, 60 to 6,000 cities", measure),)
