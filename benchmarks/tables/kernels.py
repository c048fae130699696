"""Tables that look inside the kernels: parts taken out, one algorithm against another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine import FACTORS
from benchmarks.findings import Bar, Benchmark, Column, Findings, Row
from benchmarks.indices import build
from benchmarks.measuring import Effort, Work, in_turns, spread
from benchmarks.registry import CROSSOVER_CITIES, SEED, THROUGHPUT, Case
from simulator.construction.encoding import encode_ranking
from simulator.construction.recipe import with_normalisation
from simulator.construction.scoring import Chunk, score_chunk
from simulator.index import Index
from simulator.kernels.aggregation import ARITHMETIC, aggregate
from simulator.kernels.arrays import Floats, Integers
from simulator.kernels.compiled import compiled
from simulator.kernels.draws import rank_draws
from simulator.kernels.errors import add_noise
from simulator.kernels.keys import count_by_keys, pack, position_mask
from simulator.kernels.normals import normals_of_draws, words_for_normals
from simulator.kernels.ranking import count_by_pairs, count_by_sorting
from simulator.kernels.tree import Plan
from simulator.methods import AsGiven
from simulator.simulation.blocks import Experiment, prepare, run_block
from simulator.uncertainty.design import BLOCK, MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import Realisation, bind
from simulator.uncertainty.streams import raw_words, stream

SHARES = (
    Column("normalisation", "Normalisation", text=True),
    Column("microseconds", "µs a draw", ".1f"),
    Column("random", "Random numbers", ".0%"),
    Column("normalising", "Comparing or normalising", ".0%"),
    Column("adding", "Multiply-adds", ".0%"),
    Column("ranking", "Ranking totals", ".0%"),
    Column("rest", "All else", ".0%"),
    Column("bar", "Bar"),
)
SHARES_TITLE = (
    "Ablation: where the time of a block of 1,024 draws goes, 60 × 50 as under throughput. Comparing or normalising\n"
    "is the whole less the same with values as given; the other parts are timed alone, on the work of a block"
)
CROSSOVER = (
    Column("cities", "Cities", ",.0f"),
    Column("pairs", "All pairs, ns a value", ".1f"),
    Column("sorting", "Sorted here", ".1f"),
    Column("keys", "Keys sorted by NumPy", ".1f"),
)
CROSSOVER_TITLE = "Crossover: counting for each value how many are better, three ways, rows of distinct values"


def measure_shares(effort: Effort) -> Iterator[Findings]:
    """Time a block, the same block without normalisation, and its parts."""
    rows: list[Row] = []
    for case in THROUGHPUT:
        works = _parts(case)
        for work in works.values():
            work()
        times = in_turns(works, max(3, effort.of(10 * effort.repeats, least=3)))
        # The fastest of many runs: a part is too short for the machine's other work not to show in a median.
        fastest = {part: min(measured) for part, measured in times.items()}
        whole = fastest["whole"]
        parts = {
            "random": fastest["words"] + fastest["normals"] + fastest["weights"],
            "normalising": max(whole - fastest["as given"], 0.0),
            "adding": fastest["errors"] + fastest["aggregation"],
            "ranking": fastest["ranking"],
        }
        row: Row = {"normalisation": case.normalisation, "microseconds": whole / BLOCK * 1e6}
        row |= {part: took / whole for part, took in parts.items()}
        row |= {"rest": 1.0 - sum(parts.values()) / whole, "bar": Bar(0.25, at_most=True)}
        rows.append(row)
    yield Findings(SHARES_TITLE, SHARES, tuple(rows))


def _parts(case: Case) -> dict[str, Work]:
    """Return the work of a block and of its parts."""
    index = build(case)
    experiment = _experiment(index)
    realisation, plan = experiment.realisation, experiment.plan
    chunks = [chunk for _, chunk in realisation.chunks(experiment.design, SEED, 0)]
    words = words_for_normals(realisation.base.size)
    raw = raw_words(stream(SEED, 0, "words"), 64, words)
    noise = np.empty((64, realisation.base.size))
    return {
        "whole": partial(run_block, experiment, 0),
        "as given": partial(run_block, _experiment(index, as_given=True), 0),
        "words": lambda: raw_words(stream(SEED, 0, "words"), BLOCK, words),
        "normals": partial(_repeatedly, partial(normals_of_draws, raw, noise), BLOCK // 64),
        "weights": partial(_weights, realisation),
        "errors": partial(_errors, realisation, chunks),
        "aggregation": partial(_sums, plan, chunks),
        "ranking": _ranking(experiment, chunks),
    }


def _experiment(index: Index, as_given: bool = False) -> Experiment:
    if as_given:
        index = index.with_definition(with_normalisation(index.definition, AsGiven()))
    realisation = bind(index, Factors.model_validate(FACTORS))
    design = MonteCarlo(realisation.choices, (), BLOCK, SEED)
    return prepare(index, realisation, design, SEED, np.arange(1, len(index.cities) + 1), False, False)


def _repeatedly(work: Work, times: int) -> None:
    for _ in range(times):
        work()


def _weights(realisation: Realisation) -> None:
    realisation.samplers[0][0].draw(stream(SEED, 0, "weights 0"), BLOCK)


def _errors(realisation: Realisation, chunks: list[Chunk]) -> None:
    """Add noise that is there already to every value."""
    field = realisation.errors[0]
    noise = np.ones((max(len(chunk.values) for chunk in chunks) * field.leaves.size, realisation.base.shape[1]))
    sizes = np.full(field.leaves.size, field.size)
    for chunk in chunks:
        true, values = realisation.base[np.newaxis], np.empty_like(chunk.values)
        add_noise(noise, true, field.leaves, 0, sizes, field.source, True, values)


def _sums(plan: Plan, chunks: list[Chunk]) -> None:
    for chunk in chunks:
        aggregate_draws(plan.child, chunk.leaf_weight, chunk.values, np.empty(chunk.values.shape[2]))


@compiled
def aggregate_draws(child: Integers, weights: Floats, values: Floats, out: Floats) -> None:
    """Take the weighted mean of the values (draws, L, n) of each draw."""
    for draw in range(values.shape[0]):
        aggregate(ARITHMETIC, 0.0, values[draw], child, weights[draw], out)


def _ranking(experiment: Experiment, chunks: list[Chunk]) -> Work:
    ranking = experiment.realisation.variants[0].ranking
    scored = [score_chunk(experiment.plan, ranking, chunk).totals for chunk in chunks]

    def work() -> None:
        for chunk, totals in zip(chunks, scored, strict=True):
            keys = np.empty(totals.shape, np.uint64)
            pack(totals, position_mask(totals.shape[1]), keys)
            keys.sort(axis=1)
            ranks = np.empty(totals.shape, np.int64)
            rank_draws(totals, np.zeros(len(totals)), keys, chunk.city_in, *encode_ranking(ranking), ranks)

    return work


def measure_crossover(effort: Effort) -> Iterator[Findings]:
    """Time the three ways of counting on about as many values each."""
    rows: list[Row] = []
    for cities in CROSSOVER_CITIES:
        count = max(1, effort.of(200_000, least=1_000) // cities)
        values = np.random.default_rng(SEED).normal(size=(count, cities))
        works: dict[str, Work] = {
            name: partial(way, values) for name, way in WAYS.items() if cities <= 1_000 or name != "pairs"
        }
        for work in works.values():
            work()
        times = in_turns(works, effort.repeats)
        nanoseconds = {name: spread([one / values.size * 1e9 for one in of_way]) for name, of_way in times.items()}
        rows.append({"cities": cities, **nanoseconds})
    yield Findings(CROSSOVER_TITLE, CROSSOVER, tuple(rows))


def _by_pairs(values: Floats) -> None:
    count_by_pairs(values, *_counts(values))


def _by_sorting(values: Floats) -> None:
    count_by_sorting(values, *_counts(values))


def _by_keys(values: Floats) -> None:
    mask = position_mask(values.shape[1])
    keys = np.empty(values.shape, np.uint64)
    pack(values, mask, keys)
    keys.sort(axis=1)
    count_by_keys(keys, mask, values, np.empty(values.shape[1]), *_counts(values))


def _counts(values: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.empty(values.shape, np.int64), np.empty(values.shape, np.int64)


WAYS: dict[str, Callable[[Floats], None]] = {"pairs": _by_pairs, "sorting": _by_sorting, "keys": _by_keys}

BENCHMARKS = (
    Benchmark("ablation", "shares of random numbers, comparisons, multiply-adds and all else", measure_shares),
    Benchmark("crossover", "ways of counting who is better, by number of cities", measure_crossover),
)
