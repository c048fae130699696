"""Frozen cases and their bars: what is timed, so that figures of different days mean the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.findings import Bar

SEED = 2025

Normalisation = Literal["rank", "min-max", "z-score"]
Values = Literal["lognormal", "all tied", "one constant", "heavy tails", "half tied"]
ReferenceName = Literal["plain", "tuned", "lean"]


@dataclass(frozen=True)
class Case:
    """One study of an index: 5 % normal error on every cell, Dirichlet(1) weights, arithmetic mean, every rank counted.

    Equal values have one error together, so that what is tied stays tied.
    """

    cities: int
    indicators: int
    normalisation: Normalisation
    draws: int
    values: Values = "lognormal"

    @property
    def name(self) -> str:
        """Size, and whatever is not as usual."""
        return f"{self.cities:,} × {self.indicators}" + ("" if self.values == "lognormal" else f", {TOLD[self.values]}")


@dataclass(frozen=True)
class ValuesCase:
    """Values drawn behind the points of some variables without ties, of which nothing is known."""

    cities: int
    variables: int
    draws: int


@dataclass(frozen=True)
class WhatIf:
    """One value of the bundled index changed, and the whole index scored again."""

    index: str
    city: str
    indicator: str
    calls: int


@dataclass(frozen=True)
class InfluenceCase:
    """Indices of some factors for some outputs, on so many base draws; SALib is timed on a few of the outputs."""

    factors: int
    base_draws: int
    outputs: int
    salib_outputs: int


@dataclass(frozen=True)
class HandbookCase:
    """A table of one's own with blank cells."""

    cities: int
    indicators: int
    gaps: float


@dataclass(frozen=True)
class JobCase:
    """Many runs of one scenario, each by a seed of its own, in one job; and few, to see whether memory grows."""

    scenario: str
    draws: int
    scenarios: int
    few: int


@dataclass(frozen=True)
class StoreCase:
    """A store of results of one scenario: so many in its catalogue, each kept by itself, and so many kept at once."""

    scenario: str
    draws: int
    listed: int
    kept: int


TOLD: dict[Values, str] = {
    "lognormal": "lognormal values",
    "all tied": "all cells tied",
    "one constant": "one constant indicator",
    "heavy tails": "heavy tails",
    "half tied": "half of the cities tied",
}

THROUGHPUT = tuple(Case(60, 50, normalisation, 20_000) for normalisation in ("rank", "min-max", "z-score"))

THROUGHPUT_BARS: dict[tuple[Normalisation, ReferenceName], Bar] = {
    ("rank", "tuned"): Bar(3),
    ("min-max", "tuned"): Bar(3.5),
    ("z-score", "tuned"): Bar(3.5),
    ("rank", "plain"): Bar(8),
    ("min-max", "plain"): Bar(5),
    ("z-score", "plain"): Bar(5),
}

USUAL = Case(60, 50, "rank", 10_000)
"""What other sizes and pathologies are compared with."""

SIZES = (
    USUAL,
    Case(300, 50, "rank", 2_000),
    Case(1_000, 50, "rank", 600),
    Case(3_000, 50, "rank", 200),
    Case(60, 10, "rank", 20_000),
    Case(60, 200, "rank", 2_500),
    Case(60, 500, "rank", 1_000),
)

SIZE_BARS = {(3_000, 50): Bar(75, at_most=True)}

DRAW_COUNTS = (1_000, 10_000, 100_000, 1_000_000)

PATHOLOGIES = (
    USUAL,
    Case(60, 50, "rank", 10_000, "all tied"),
    Case(60, 50, "rank", 10_000, "one constant"),
    Case(60, 50, "rank", 10_000, "heavy tails"),
    Case(60, 50, "rank", 10_000, "half tied"),
)

INDEX = "opportunity-2025"

STRESS_TEST = "stress-test"
STRESS_TEST_DRAWS = 1_000_000
STRESS_TEST_BAR = Bar(30, at_most=True)
WORKERS = 2
WORKERS_DRAWS = 100_000
WORKERS_BAR = Bar(1.85)

MEMORY_DRAWS = (10_000, 1_000_000)
MEMORY_BAR = Bar(1.1, at_most=True)

WHAT_IF = WhatIf(INDEX, "hefei", "innovation-talent", 50)
WHAT_IF_BAR = Bar(2, at_most=True)

QUESTION_CITY = "hefei"
QUESTION_BAR = Bar(0.05, at_most=True)
QUESTION_DRAWS = 10_000
QUESTION_DRAWS_BAR = Bar(2, at_most=True)
GOALS = (("hefei", 10), ("zhaoqing", 50))
NEXT_RANK_BAR = Bar(10, at_most=True)

INFLUENCE = InfluenceCase(20, 4_096, 121, 6)
INFLUENCE_BAR = Bar(50)

EXTREMES = (("dimension", None, Bar(5, at_most=True)), ("variable", 25.0, Bar(10, at_most=True)))
"""Level whose weights are free, per cent of the nominal ones that they may differ, and seconds for all cities."""
ACCEPTABILITY_DRAWS = 100_000

HANDBOOK = HandbookCase(3_000, 200, 0.05)
HANDBOOK_BAR = Bar(10, at_most=True)
"""Seconds for imputation, treatment, normalisation, aggregation and audit."""

JOB = JobCase("stress-test", 20_000, 1_000, 100)
JOB_BAR = Bar(1.1, at_most=True)
"""Processor time of all scenarios, over that of all their draws in one run."""
JOB_MEMORY_BAR = Bar(1.1, at_most=True)
"""Peak memory of many scenarios, over that of few."""

STORE = StoreCase("weights-only", 2_000, 10_000, 64)
STORE_LIST_BAR = Bar(2, at_most=True)
"""Seconds for the whole catalogue."""
STORE_KEEP_BAR = Bar(2, at_most=True)
"""Keeping all at once, in times of writing one by xarray's `to_zarr`."""
STORE_RESULT_BAR = Bar(0.3, at_most=True)
"""Seconds for one result."""

VALUES_CASES = (ValuesCase(60, 50, 2_000), ValuesCase(600, 50, 200), ValuesCase(6_000, 50, 20))
"""The same number of cells each, so that a cost linear in the number of cities shows as equal times."""

HELP_BAR = Bar(0.3, at_most=True)
COMPILE_BAR = Bar(15, at_most=True)

CROSSOVER_CITIES = (8, 16, 30, 60, 128, 300, 1_000, 3_000)
"""Cities of a row, for the ways of counting who is better."""

DESIGN_SCENARIOS = (
    "weights-only",
    "normalisation-points",
    "normalisation-only",
    "stress-test-points",
    "stress-test",
    "small-city-investor",
    "digital-transformation",
    "secondary-city-connectivity",
    "city-clusters",
)
"""Shipped scenarios in which evenly spread points have something to drive."""
DESIGN_DRAWS = 8 * 1024
DESIGN_SEEDS = 40

EXPLORER_WEIGHT, EXPLORER_FIGURE, EXPLORER_INTERVAL = "a weight", "a figure of a city", "the interval of 1,000 draws"
EXPLORER = {EXPLORER_WEIGHT: 400, EXPLORER_FIGURE: 200, EXPLORER_INTERVAL: 40}
"""What is moved or asked for on the page, and how often; the bars are for a weight."""
EXPLORER_CROWD = 20
EXPLORER_BAR = Bar(100, at_most=True)
"""Milliseconds of the median for one reader."""
EXPLORER_CROWD_BAR = Bar(500, at_most=True)
"""Milliseconds within which 95 of 100 requests of the crowd are answered."""
