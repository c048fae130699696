"""Standard errors from the spread between blocks: Cochran's ratio estimator, worked out in sums of integers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from small_experiments import Array, experiment_of, make_index

from simulator.analysis.stability import shift_by_draw, stability
from simulator.index import Index
from simulator.simulation.between import crossed, ratio_error
from simulator.simulation.blocks import Draws, Experiment, prepare, run_block, simulate
from simulator.simulation.pool import Pool
from simulator.simulation.running import Running
from simulator.simulation.tally import Tally
from simulator.uncertainty.design import BLOCK
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.points import PointDesign, PointSet
from simulator.uncertainty.realisation import bind

GOLDEN = Path(__file__).parent.parent / "golden" / "smaa-exact"
SOME_CITIES: dict[str, Any] = {
    "weights": {"method": "dirichlet", "concentration": 1},
    "normalisation": ["z-score", "min-max"],
    "leave-out": {"level": "city", "count": 3, "probability": 0.7},
}
ONE_CITY: dict[str, Any] = {**SOME_CITIES, "leave-out": {"level": "city", "probability": 0.5}}


def index_of(cities: int = 9, leaves: int = 4) -> Index:
    values = np.random.default_rng(5).normal(size=(cities, leaves)).round(1)
    children = [{"id": f"c{k}"} for k in range(leaves)]
    tree = {"id": "root", "aggregate": "arithmetic", "normalise": "z-score", "children": children}
    return make_index(tree, values, tiers=[2, 5])


def experiment(
    factors: Mapping[str, Any], points: PointSet = "sobol", seed: int = 1, draws: int = 2, keep: bool = True
) -> tuple[Index, Experiment]:
    index = index_of()
    realisation = bind(index, Factors.model_validate(dict(factors)))
    design = PointDesign(points, realisation.choices, (), realisation.random_members, draws, seed)
    return index, prepare(index, realisation, design, seed, index.published_rank().values, True, keep)


def told(index: Index, tally: Tally) -> xr.Dataset:
    return stability(tally, index.cities, index.published_rank().values, True, False)


def by_cochran(counted: Array, of: Array) -> float:
    """Standard error of sum X / sum s over blocks, as in the book."""
    blocks, ratio = len(of), counted.sum() / of.sum()
    spread = ((counted - ratio * of) ** 2).sum()
    return math.sqrt(blocks / (blocks - 1) * spread) / float(of.sum())


def by_block(values: Array) -> Array:
    return values.reshape(-1, BLOCK, *values.shape[1:]).sum(axis=1)


@given(st.lists(st.tuples(st.integers(0, 1024), st.integers(0, 1024)), min_size=2, max_size=12))
def test_sums_of_integers_give_the_error_of_the_ratio_estimator(blocks: list[tuple[int, int]]) -> None:
    counted, of = np.array([min(pair) for pair in blocks]), np.array([max(pair) for pair in blocks])
    sums = reduce(add, [crossed(np.array([x]), np.array([s])) for x, s in zip(counted, of, strict=True)])
    found = ratio_error(np.array([counted.sum()]), np.array([of.sum()]), sums, len(blocks))[0]
    if of.sum() == 0:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(by_cochran(counted, of), rel=1e-9, abs=1e-9)


def test_blocks_that_agree_have_no_error_at_all() -> None:
    sums = reduce(add, [crossed(np.array([k]), np.array([3 * k])) for k in (1, 7, 341)])
    assert ratio_error(np.array([349]), np.array([1047]), sums, 3).tolist() == [0.0]


def test_one_block_tells_no_error() -> None:
    assert np.isnan(ratio_error(np.array([3]), np.array([10]), crossed(np.array([3]), np.array([10])), 1)).all()


def test_sums_too_large_for_64_bits_are_exact() -> None:
    blocks = [np.array([2**62 + k], object) for k in (0, 1, 5)]
    sums = reduce(add, [crossed(block, np.array([10])) for block in blocks])
    found = ratio_error(sum(blocks), np.array([30]), sums, 3)
    assert found[0] == pytest.approx(by_cochran(np.array([0.0, 1.0, 5.0]), np.full(3, 10.0)), rel=1e-12)


@pytest.fixture(scope="module", params=["sobol", "latin-hypercube"])
def case(request: pytest.FixtureRequest) -> tuple[xr.Dataset, Draws]:
    index, made = experiment(SOME_CITIES, request.param)
    tally, draws = simulate(made)
    assert draws is not None
    return told(index, tally), draws


def test_shares_and_means_have_the_error_of_their_blocks(case: tuple[xr.Dataset, Draws]) -> None:
    result, draws = case
    ranks, baseline = draws.ranks, result["baseline_rank"].values
    inside = ranks > 0
    seen = by_block(inside)
    for city in range(9):
        one, own = result.isel(city=city), ranks[:, city]
        counted = {
            "rank_mean": own,
            "top_3": inside[:, city] & (own <= 3),
            "top_20": inside[:, city],
            **{f"rank {rank}": own == rank for rank in range(1, 10)},
        }
        for name, values in counted.items():
            figure = one["rank_frequency_se"].sel(rank=int(name[5:])) if name[:5] == "rank " else one[f"{name}_se"]
            assert float(figure) == pytest.approx(by_cochran(by_block(values), seen[:, city]), rel=1e-9, abs=1e-15), (
                name
            )
        among = 1 + (inside & (baseline < baseline[city])).sum(axis=1)
        shift = np.where(inside[:, city], np.abs(own - among), 0)
        assert float(one["rank_shift_abs_se"]) == pytest.approx(by_cochran(by_block(shift), seen[:, city]), rel=1e-9)
        tier = np.searchsorted([2, 5], [own, among])
        kept = inside[:, city] & (tier[0] == tier[1])
        assert float(one["keep_tier_se"]) == pytest.approx(by_cochran(by_block(kept), seen[:, city]), rel=1e-9)
        for other in range(9):
            both = inside[:, city] & inside[:, other]
            wins = both & (own < ranks[:, other])
            expected = by_cochran(by_block(wins), by_block(both))
            assert float(one["pair_win_se"].isel(other_city=other)) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_figures_of_the_whole_ranking_have_the_error_of_their_blocks(case: tuple[xr.Dataset, Draws]) -> None:
    result, draws = case
    shift = by_block(shift_by_draw(draws.ranks, result["baseline_rank"].values))
    expected = by_cochran(shift, np.full(len(shift), BLOCK))
    assert float(result["mean_abs_rank_shift_se"]) == pytest.approx(expected, rel=1e-9)
    for name in ("kendall_tau_se", "spearman_rho_se"):
        assert 0 < float(result[name]) < 0.05


def test_levels_of_quantiles_are_as_far_away_as_cumulated_shares_may_be(case: tuple[xr.Dataset, Draws]) -> None:
    result, draws = case
    seen = by_block(draws.ranks > 0)
    for city in range(9):
        own = draws.ranks[:, city]
        share = {k: float((own[own > 0] <= k).mean()) for k in range(10)}
        error = {k: by_cochran(by_block((own > 0) & (own <= k)), seen[:, city]) for k in range(10)}

        def reached(level: float, share: dict[int, float] = share) -> int:
            return min(k for k in range(1, 10) if share[k] >= min(level, 1.0) - 1e-12)

        for name, level in (("rank_p05", 0.05), ("rank_median", 0.5), ("rank_p95", 0.95)):
            at = reached(level)
            assert int(result[name][city]) == at
            low, high = reached(level - error[at - 1]), reached(level + error[at])
            assert float(result[f"{name}_se"][city]) == (high - low) / 2


@pytest.mark.parametrize("points", ["sobol", "latin-hypercube"])
def test_blocks_add_up_to_the_same_in_any_order_and_for_any_number_of_workers(points: PointSet) -> None:
    index, made = experiment(SOME_CITIES, points, keep=False)
    one, two = simulate(made, Running(Pool(1)))[0], simulate(made, Running(Pool(2)))[0]
    backward = reduce(add, [run_block(made, block)[0] for block in reversed(range(8))])
    for other in (two, backward):
        for name, values in told(index, one).variables.items():
            assert values.values.tobytes() == told(index, other)[name].values.tobytes(), name


def test_a_tally_of_independent_draws_has_no_sums_of_blocks() -> None:
    assert simulate(experiment_of(index_of(), SOME_CITIES, 100, keep=False))[0].between is None


@pytest.mark.parametrize(
    ("points", "factors"),
    [("sobol", SOME_CITIES), ("latin-hypercube", ONE_CITY)],
    ids=["sobol, cities left out by chance", "latin hypercube, by choice"],
)
def test_errors_told_are_the_spread_of_estimates_over_independent_runs(
    points: PointSet, factors: dict[str, Any]
) -> None:
    """Of 100 runs the spread is known to 7.1 %, the root of the mean squared error, of 7 degrees each, to 2.7 %."""
    runs = []
    for seed in range(100):
        index, made = experiment(factors, points, seed, keep=False)
        runs.append(told(index, simulate(made, Running(Pool(2)))[0]))
    middle = int(np.argsort(runs[0]["baseline_rank"].values)[4])
    checked = [(name, {}) for name in ("mean_abs_rank_shift", "kendall_tau", "spearman_rho")]
    checked += [(name, {"city": middle}) for name in ("rank_mean", "rank_shift_abs", "top_3", "keep_tier")]
    checked += [("rank_frequency", {"city": middle, "rank": 4}), ("pair_win", {"city": middle, "other_city": 2})]
    for name, where in checked:
        values = np.array([float(one[name].isel(where)) for one in runs])
        errors = np.array([float(one[f"{name}_se"].isel(where)) for one in runs])
        assert values.std(ddof=1) == pytest.approx(np.sqrt((errors**2).mean()), rel=0.31), (name, where)


@pytest.mark.parametrize(("points", "most"), [("sobol", 0.5), ("latin-hypercube", 1.0)])
def test_errors_told_are_the_distance_from_shares_known_in_closed_form(points: PointSet, most: float) -> None:
    """Uniform weights on the simplex: shares of ranks are areas, to which evenly spread draws come nearer.

    A Latin hypercube helps little, as a rank hangs on several weights at once.
    """
    data = pd.read_csv(GOLDEN / "data_simplex3.csv", index_col="alternative")
    known = pd.read_csv(GOLDEN / "expected.csv")
    known = known[known["case"].str.startswith("simplex3") & (known["metric"] == "rank_acceptability")]
    exact = known.pivot_table(index="alternative", columns="k", values="value").loc[list(data.index)].to_numpy()
    index = make_index({"id": "root", "children": [{"id": str(name)} for name in data.columns]}, data.to_numpy())
    weights = Factors.model_validate({"weights": {"method": "dirichlet", "concentration": 1, "centre": "equal"}})
    realisation = bind(index, weights)
    missed, errors = [], []
    for seed in range(100):
        design = PointDesign(points, realisation.choices, (), realisation.random_members, 2, seed)
        made = prepare(index, realisation, design, seed, index.published_rank().values, False, False)
        tally = simulate(made)[0]
        found = stability(tally, index.cities, made.baseline, False, False)
        missed.append((found["rank_frequency"].values - exact) ** 2)
        errors.append(found["rank_frequency_se"].values ** 2)
    distance, told = np.sqrt(np.mean(missed, axis=0)), np.sqrt(np.mean(errors, axis=0))
    np.testing.assert_allclose(told, distance, rtol=0.35, atol=1e-12)
    independent = np.sqrt(exact * (1 - exact) / (8 * BLOCK))
    assert told.max() < most * independent.max()
    assert (told <= 1.05 * independent).all()
