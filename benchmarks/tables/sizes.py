"""Time per draw by number of cities, indicators and draws, and of values that are hard to rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.engine import rank_histogram
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.indices import build
from benchmarks.measuring import Effort, Spread, Work, in_turns, ratios, spread
from benchmarks.references import plain_histogram
from benchmarks.registry import DRAW_COUNTS, PATHOLOGIES, SEED, SIZE_BARS, SIZES, TOLD, USUAL, Case

COLUMNS = (
    Column("case", "Case", text=True),
    Column("draws", "Draws", ",d"),
    Column("engine_microseconds_a_draw", "µs a draw", ",.1f"),
    Column("reference_microseconds_a_draw", "Reference", ",.1f"),
    Column("ratio", "Ratio", ".1f"),
    Column("cost", f"Cost, {USUAL.cities} × {USUAL.indicators} = 1", ".2f"),
    Column("bar", "Bar of the cost"),
)
DRAWS_COLUMNS = (
    Column("draws", "Draws", ",d"),
    Column("runs", "Runs", "d"),
    Column("engine_microseconds_a_draw", "µs a draw", ",.1f"),
    Column("seconds", "Seconds", ".3f"),
)
UNDER = "rank normalisation, 5 % error, Dirichlet(1) weights, one core; reference: plain NumPy"


def measure_sizes(effort: Effort) -> Iterator[Findings]:
    """Time small and large indices, then few and many draws."""
    yield Findings(f"Sizes, cities × indicators: {UNDER}", COLUMNS, _compared(SIZES, effort))
    index = build(USUAL)
    rows: list[Row] = []
    rank_histogram(index, 100)
    for asked in DRAW_COUNTS:
        draws = effort.of(asked)
        runs = _runs(draws, effort.repeats)
        times = in_turns({"engine": partial(rank_histogram, index, draws)}, runs)["engine"]
        rows.append(
            {
                "draws": draws,
                "runs": runs,
                "engine_microseconds_a_draw": _microseconds(times, draws),
                "seconds": spread(times),
            }
        )
    title = f"Number of draws: {USUAL.name}, rank normalisation, one core, from the factors to the counts"
    yield Findings(title, DRAWS_COLUMNS, tuple(rows))


def measure_pathologies(effort: Effort) -> Iterator[Findings]:
    """Time values that are tied, constant or far out."""
    rows = _compared(PATHOLOGIES, effort)
    yield Findings(f"Pathologies, cities × indicators: {UNDER}", COLUMNS, rows)


def _compared(cases: Sequence[Case], effort: Effort) -> tuple[Row, ...]:
    """Return a row for each case; all of them, on both sides, are timed in every turn."""
    draws = {case: effort.of(case.draws) for case in cases}
    works: dict[tuple[str, Case], Work] = {}
    for case in cases:
        index = build(case)
        values = index.matrix["value"].values
        works["engine", case] = partial(rank_histogram, index, draws[case])
        works["reference", case] = partial(plain_histogram, values, case.normalisation, draws[case], SEED)
        rank_histogram(index, 2)
    times = in_turns(works, effort.repeats)
    a_draw = {(side, case): [one / draws[case] for one in measured] for (side, case), measured in times.items()}
    return tuple(
        {
            "case": case.name,
            "draws": draws[case],
            "engine_microseconds_a_draw": _microseconds(times["engine", case], draws[case]).median,
            "reference_microseconds_a_draw": _microseconds(times["reference", case], draws[case]).median,
            "ratio": ratios(times["reference", case], times["engine", case]),
            "cost": ratios(a_draw["engine", case], a_draw["engine", USUAL]),
            "bar": SIZE_BARS.get((case.cities, case.indicators)),
        }
        for case in cases
    )


def _microseconds(times: Sequence[float], draws: int) -> Spread:
    return spread([one / draws * 1e6 for one in times])


def _runs(draws: int, repeats: int) -> int:
    """Return how often so many draws are timed: a long run is its own repetition."""
    return max(1, min(repeats, 2 * DRAW_COUNTS[-2] // draws))


BENCHMARKS = (
    Benchmark("sizes", "60 to 3,000 cities, 10 to 500 indicators, a thousand to a million draws", measure_sizes),
    Benchmark("pathologies", "; ".join(TOLD[case.values] for case in PATHOLOGIES[1:]), measure_pathologies),
)
