"""Blocks of draws: what seed, order, workers and chunks may change, and what cannot be scored."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from method_grid import RANKS
from small_experiments import experiment_of, kept, make_index, tied_values

from simulator.errors import DrawError
from simulator.index import Index, load_index
from simulator.simulation.blocks import run_block, simulate
from simulator.simulation.pool import Pool
from simulator.simulation.running import Running
from simulator.simulation.tally import UNIT, Tally, empty_tally
from simulator.uncertainty import realisation as realisation_module
from simulator.uncertainty.design import BLOCK

# Convention 8: randomness is a pure function of seed and block.


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


EVERYTHING: dict[str, Any] = {
    "data-error": {"size": 2, "unit": "places"},
    "weights": ["as-defined", {"method": "dirichlet", "concentration": 10}],
    "normalisation": ["as-defined", "z-score"],
    "leave-out": [{"level": "variable", "probability": 0.5}, {"level": "city", "count": 2, "probability": 0.5}],
}


def assert_equal_tallies(left: Tally, right: Tally) -> None:
    assert left.draws == right.draws
    assert left.moments == right.moments
    for name in ("counts", "shifts", "tier_kept", "pairs"):
        assert getattr(left, name).tobytes() == getattr(right, name).tobytes(), name
    assert [one.tolist() for one in left.chosen] == [one.tolist() for one in right.chosen]


def test_any_number_of_workers_gives_the_same_tally_and_draws(published: Index) -> None:
    experiment = experiment_of(published, EVERYTHING, 3 * BLOCK + 17, pairs=True)
    tally, draws = simulate(experiment, Running(Pool(1)))
    assert draws is not None
    assert tally.draws == len(draws.ranks) == 3 * BLOCK + 17
    for workers in (2, 3):
        other, also = simulate(experiment, Running(Pool(workers)))
        assert also is not None
        assert_equal_tallies(tally, other)
        for name in ("totals", "ranks", "alternatives"):
            assert getattr(draws, name).tobytes() == getattr(also, name).tobytes()


def test_blocks_may_run_in_any_order_and_more_than_once(published: Index) -> None:
    experiment = experiment_of(published, EVERYTHING, 2 * BLOCK + 5, pairs=True)
    forward = [run_block(experiment, block)[0] for block in (0, 1, 2)]
    backward = [run_block(experiment, block)[0] for block in (2, 1, 0)]
    for one, other in zip(forward, reversed(backward), strict=True):
        assert_equal_tallies(one, other)
    assert [one.draws for one in forward] == [BLOCK, BLOCK, 5]
    assert_equal_tallies(forward[0] + forward[1] + forward[2], simulate(experiment, Running(Pool(2)))[0])


VARIED = {
    "every factor": EVERYTHING | {"ties": ["better", "mean"], "aggregation": ["sum", "median"]},
    "values behind points": {"values": {}, "data-error": {"size": 0.1, "unit": "sd"}, "normalisation": ["z-score"]},
    "correlated errors": {
        "data-error": [
            {"size": 2, "unit": "places", "correlation": 0.5},
            {"size": 0.2, "unit": "sd", "distribution": "triangular", "correlation": 0.9, "within": "index"},
            {"size": 0.05, "unit": "relative", "distribution": "uniform", "ties": "independent"},
        ],
        "leave-out": {"level": "city", "count": 3, "probability": 0.5},
    },
    "weights alone": {
        "weights": [{"method": "dirichlet", "concentration": 0.05}, {"method": "uniform", "percent": 50}]
    },
}


@pytest.fixture(scope="module")
def few_cities() -> Index:
    """Nine cities in five indicators: quick, so that blocks can be cut into single draws."""
    groups = {"a": 3, "b": 2}
    children = [
        {"id": name, "normalise": RANKS[0], "children": [{"id": f"{name}{k}", "unit": "points"} for k in range(size)]}
        for name, size in groups.items()
    ]
    return make_index({"id": "root", "children": children}, tied_values(4, 9, 5), levels=("index", "variable", "leaf"))


@pytest.mark.parametrize("name", VARIED)
def test_no_cut_order_or_number_of_workers_changes_a_byte(few_cities: Index, name: str) -> None:
    """Blocks in any order, cut anywhere, by one worker or two, in one run or in two whose tallies are added."""
    experiment = experiment_of(few_cities, VARIED[name], 2 * BLOCK + 77, seed=5, pairs=True)
    whole, draws = simulate(experiment)
    assert draws is not None
    assert len(np.unique(draws.totals, axis=0)) > 100
    cells = few_cities.matrix["value"].size

    @settings(max_examples=6, deadline=None)
    @example(chunk=cells, order=[2, 1, 0], runs=1, workers=2)
    @given(
        chunk=st.sampled_from([cells, 2 * cells + 1, 7 * cells, 1023 * cells, 1024 * cells, 10**9]),
        order=st.permutations(range(3)),
        runs=st.integers(0, 3),
        workers=st.sampled_from([1, 2]),
    )
    def check(chunk: int, order: list[int], runs: int, workers: int) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(realisation_module, "CHUNK_CELLS", chunk)
            blocks = dict(zip(order, Pool(workers).each(partial(run_block, experiment), order), strict=True))
        empty = empty_tally(9, True, [one.size for one in whole.chosen])
        first, second = (sum((blocks[k][0] for k in part), empty) for part in (order[:runs], order[runs:]))
        assert_equal_tallies(first + second, whole)
        assert_equal_tallies(second + first, whole)
        kept_draws = [blocks[k][1] for k in range(3)]
        for field in ("totals", "ranks", "alternatives"):
            assert b"".join(getattr(one, field).tobytes() for one in kept_draws) == getattr(draws, field).tobytes()

    check()


def test_a_run_that_goes_on_where_another_stopped_is_the_same_run(published: Index) -> None:
    """As a resume does: the tally of the first blocks, stored and read, and then the others."""
    for factors in (EVERYTHING, VARIED["values behind points"]):
        experiment = experiment_of(published, factors, 2 * BLOCK + 300, pairs=True, keep=False)
        whole = simulate(experiment, Running(Pool(2)))[0]
        stopped = run_block(experiment, 0)[0]
        again = experiment_of(published, factors, 2 * BLOCK + 300, pairs=True, keep=False)
        assert_equal_tallies(stopped + (run_block(again, 2)[0] + run_block(again, 1)[0]), whole)


def test_more_draws_begin_with_the_same_draws(published: Index) -> None:
    few = kept(experiment_of(published, EVERYTHING, BLOCK))
    more = kept(experiment_of(published, EVERYTHING, BLOCK + 100))
    np.testing.assert_array_equal(few.totals, more.totals[:BLOCK])


@pytest.mark.parametrize("cells", [1, 3000 * 7, 3000 * 1023, 10**9])
def test_the_size_of_a_chunk_changes_nothing(published: Index, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    factors = EVERYTHING | {
        "data-error": [
            {"size": 2, "unit": "places"},
            {"size": 1, "unit": "places", "distribution": "triangular", "indicators": ["rd-intensity"]},
            {"size": 1, "unit": "places", "distribution": "uniform", "ties": "independent"},
        ]
    }
    draws = 300 if cells == 1 else BLOCK + 30
    experiment = experiment_of(published, factors, draws)
    expected, of_chunks = simulate(experiment)
    assert of_chunks is not None
    monkeypatch.setattr(realisation_module, "CHUNK_CELLS", cells)
    tally, draws_again = simulate(experiment)
    assert draws_again is not None
    assert_equal_tallies(expected, tally)
    assert of_chunks.totals.tobytes() == draws_again.totals.tobytes()


def test_seeds_give_different_draws_and_nought_is_one_of_them(published: Index) -> None:
    totals = [kept(experiment_of(published, EVERYTHING, 10, seed)).totals for seed in (0, 1, 2**53, 0)]
    assert not any(np.array_equal(totals[a], totals[b], equal_nan=True) for a, b in ((0, 1), (0, 2), (1, 2)))
    np.testing.assert_array_equal(totals[0], totals[3])


def test_no_two_draws_or_blocks_are_alike(published: Index) -> None:
    totals = kept(experiment_of(published, {"weights": {"method": "dirichlet", "concentration": 1}}, 2 * BLOCK)).totals
    assert len(np.unique(totals, axis=0)) == 2 * BLOCK


# What a study without anything to vary gives, and what cannot be scored.


@pytest.mark.parametrize("factors", [{}, {"data-error": {"size": 0, "unit": "places"}}, {"ties": ["as-published"]}])
def test_nothing_varied_gives_the_printed_ranks_in_every_draw(published: Index, factors: dict[str, Any]) -> None:
    assert published.published is not None
    tally, draws = simulate(experiment_of(published, factors, 50))
    assert draws is not None
    assert (draws.ranks == published.published["rank"].values).all()
    assert (draws.totals == published.published["total"].values).all()
    assert tally.shifts.sum() == 0
    assert tally.moments == ((0, 0), (50 * UNIT, 50 * UNIT), (50 * UNIT, 50 * UNIT))


def test_progress_is_told_after_every_block(published: Index) -> None:
    told: list[tuple[int, int]] = []
    experiment = experiment_of(published, {}, 2 * BLOCK + 1)
    simulate(experiment, Running(Pool(2)), lambda done, total: told.append((done, total)))
    assert told == [(BLOCK, 2 * BLOCK + 1), (2 * BLOCK, 2 * BLOCK + 1), (2 * BLOCK + 1, 2 * BLOCK + 1)]


def test_draws_are_kept_only_where_asked_for(published: Index) -> None:
    assert simulate(experiment_of(published, {}, 5, keep=False))[1] is None


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("method", ["geometric", "harmonic"])
def test_a_draw_that_cannot_be_scored_is_an_error(published: Index, workers: int, method: str) -> None:
    """Convention 10."""
    experiment = experiment_of(published, {"normalisation": ["z-score"], "aggregation": [method]}, 2 * BLOCK)
    with pytest.raises(DrawError, match=method):
        simulate(experiment, Running(Pool(workers)))


def test_a_draw_that_leaves_every_indicator_out_is_an_error() -> None:
    """Convention 10: not a draw in which all cities come first together."""
    branches = [{"id": "a", "children": [{"id": "x"}]}, {"id": "b", "children": [{"id": "y"}]}]
    index = make_index({"id": "root", "children": branches}, tied_values(0, 5, 2))
    factors = {"leave-out": [{"level": "dimension"}, {"level": "indicator"}]}
    with pytest.raises(DrawError):
        simulate(experiment_of(index, factors, 50))


def test_data_and_index_stay_as_they_were(published: Index) -> None:
    """Convention 9."""
    matrix, printed, definition = published.matrix.copy(deep=True), published.printed.copy(deep=True), str(published)
    experiment = experiment_of(published, EVERYTHING, 100)
    before = experiment.realisation.base.copy()
    simulate(experiment, Running(Pool(2)))
    xr.testing.assert_identical(published.matrix, matrix)
    xr.testing.assert_identical(published.printed, printed)
    assert str(published) == definition
    np.testing.assert_array_equal(experiment.realisation.base, before)


def test_a_baseline_of_ones_own_is_what_shifts_are_counted_from(published: Index) -> None:
    experiment = experiment_of(published, {}, 4)
    turned = replace(experiment, baseline=61 - np.argsort(np.argsort(experiment.baseline)) - 1)
    tally, draws = simulate(turned)
    assert draws is not None
    assert tally.shifts[:, 0].tolist() == (4 * np.abs(draws.ranks[0] - turned.baseline)).tolist()
