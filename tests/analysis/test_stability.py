from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

from simulator.analysis.stability import shift_by_draw, stability
from simulator.definition import Definition
from simulator.index import Index, build_index
from simulator.simulation.blocks import Draws, prepare, simulate
from simulator.simulation.tally import Tally
from simulator.uncertainty.design import BLOCK, MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import bind

Array = NDArray[Any]

GOLDEN = Path(__file__).parent.parent / "golden" / "smaa-exact"
EVERY_CITY = {"data-error": {"size": 0.4, "unit": "sd"}, "weights": {"method": "dirichlet", "concentration": 4}}
SOME_CITIES = {**EVERY_CITY, "leave-out": {"level": "city", "count": 3, "probability": 0.7}}


def make_index(values: Array, cities: list[str] | None = None, **fields: Any) -> Index:
    leaves = [f"c{k}" for k in range(values.shape[1])]
    tree = {"id": "root", "children": [{"id": leaf} for leaf in leaves]}
    definition = Definition.model_validate({"schema_version": 1, "id": "small", "index": tree, **fields})
    coordinates = {"city": cities or [f"city-{k}" for k in range(len(values))], "indicator": leaves}
    return build_index(definition, xr.Dataset({"value": (("city", "indicator"), values)}, coords=coordinates))


def ran(
    index: Index, factors: Mapping[str, Any], draws: int, seed: int = 1, exact: bool = False, pairs: bool = False
) -> tuple[xr.Dataset, Tally, Draws]:
    realisation = bind(index, Factors.model_validate(dict(factors)))
    design = MonteCarlo(realisation.choices, (), draws, seed)
    baseline = index.published_rank().values
    tally, kept = simulate(prepare(index, realisation, design, seed, baseline, pairs, True))
    assert kept is not None
    return stability(tally, index.cities, baseline, bool(index.definition.tiers), exact), tally, kept


@pytest.fixture(scope="module", params=[EVERY_CITY, SOME_CITIES], ids=["every city", "some cities"])
def case(request: pytest.FixtureRequest) -> tuple[xr.Dataset, Array, Array]:
    """A result with the ranks of its draws and the baseline; two cities are equal in all."""
    values = np.random.default_rng(5).normal(size=(12, 4)).round(1)
    values[7] = values[2]
    index = make_index(values, tiers=[2, 5, 9])
    result, _, draws = ran(index, request.param, 1500, pairs=True)
    baseline = result["baseline_rank"].values
    assert baseline[7] == baseline[2]
    return result, draws.ranks, baseline


def present(ranks: Array, city: int) -> Array:
    return ranks[ranks[:, city] > 0, city]


def among(baseline: Array, row: Array) -> Array:
    """Baseline ranks of the cities that take part in a draw, among themselves; 0 for the others."""
    inside = row > 0
    better = (baseline[None, :] < baseline[:, None]) & inside[None, :]
    return np.where(inside, better.sum(axis=1) + 1, 0)


def assert_share(result: xr.Dataset, name: str, expected: Array, of: Array) -> None:
    np.testing.assert_allclose(result[name].values, expected, rtol=1e-12)
    np.testing.assert_allclose(result[f"{name}_se"].values, np.sqrt(expected * (1 - expected) / of), rtol=1e-9)


def test_frequencies_are_shares_of_the_draws_with_the_city(case: tuple[xr.Dataset, Array, Array]) -> None:
    result, ranks, _ = case
    seen = (ranks > 0).sum(axis=0)
    assert result["draws_with_city"].values.tolist() == seen.tolist()
    counted = np.array([[(ranks[:, city] == rank).sum() for rank in range(1, 13)] for city in range(12)])
    assert_share(result, "rank_frequency", counted / seen[:, None], seen[:, None])
    np.testing.assert_allclose(result["rank_frequency"].sum("rank"), 1)
    assert result["rank"].values.tolist() == list(range(1, 13))


def test_mean_median_and_range_of_ranks(case: tuple[xr.Dataset, Array, Array]) -> None:
    result, ranks, _ = case
    for city in range(12):
        own, one = present(ranks, city), result.isel(city=city)
        assert float(one["rank_mean"]) == pytest.approx(own.mean())
        assert float(one["rank_mean_se"]) == pytest.approx(own.std(ddof=1) / math.sqrt(len(own)))
        assert (int(one["rank_min"]), int(one["rank_max"])) == (own.min(), own.max())


@pytest.mark.parametrize(("name", "level"), [("rank_p05", 0.05), ("rank_median", 0.5), ("rank_p95", 0.95)])
def test_a_quantile_is_the_smallest_rank_whose_cumulative_share_reaches_the_level(
    case: tuple[xr.Dataset, Array, Array], name: str, level: float
) -> None:
    """Its standard error is half the way between the quantiles one standard error of the level apart (Woodruff)."""
    result, ranks, _ = case

    def quantile(own: Array, at: float) -> int:
        return int(np.sort(own)[max(math.ceil(round(at * len(own), 9)), 1) - 1])

    for city in range(12):
        own, one = present(ranks, city), result.isel(city=city)
        assert int(one[name]) == quantile(own, level)
        width = math.sqrt(level * (1 - level) / len(own))
        assert float(one[f"{name}_se"]) == (quantile(own, level + width) - quantile(own, level - width)) / 2


def test_chances_of_the_top_and_of_keeping_the_tier_among_those_that_take_part(
    case: tuple[xr.Dataset, Array, Array],
) -> None:
    result, ranks, baseline = case
    seen = (ranks > 0).sum(axis=0)
    for top in (1, 3, 5, 10, 20):
        assert_share(result, f"top_{top}", ((ranks > 0) & (ranks <= top)).sum(axis=0) / seen, seen)
    tier = {rank: 1 + sum(rank > last for last in (2, 5, 9)) for rank in range(1, 13)}
    kept = np.zeros(12)
    for row in ranks:
        own = among(baseline, row)
        kept += [row[city] > 0 and tier[row[city]] == tier[own[city]] for city in range(12)]
    kept /= seen
    assert_share(result, "keep_tier", kept, seen)
    assert 0 < kept.min() < kept.max() < 1


def test_shifts_are_counted_from_the_baseline_among_those_that_take_part(
    case: tuple[xr.Dataset, Array, Array],
) -> None:
    result, ranks, baseline = case
    shift = np.array([np.where(row > 0, np.abs(row - among(baseline, row)), -1) for row in ranks]).astype(float)
    shift[shift < 0] = np.nan
    seen = (ranks > 0).sum(axis=0)
    np.testing.assert_allclose(result["rank_shift_abs"], np.nanmean(shift, axis=0))
    np.testing.assert_allclose(result["rank_shift_abs_se"], np.nanstd(shift, axis=0, ddof=1) / np.sqrt(seen))
    of_draw = np.nanmean(shift, axis=1)
    np.testing.assert_allclose(shift_by_draw(ranks, baseline), of_draw)
    assert float(result["mean_abs_rank_shift"]) == pytest.approx(of_draw.mean(), rel=1e-12)
    spread = of_draw.std(ddof=1) / math.sqrt(len(ranks))
    assert float(result["mean_abs_rank_shift_se"]) == pytest.approx(spread, rel=1e-9)


@pytest.mark.parametrize(("name", "method"), [("kendall_tau", stats.kendalltau), ("spearman_rho", stats.spearmanr)])
def test_correlations_are_means_of_those_of_scipy(
    case: tuple[xr.Dataset, Array, Array], name: str, method: Any
) -> None:
    result, ranks, baseline = case
    of_draw = np.array([method(row[row > 0], baseline[row > 0]).statistic for row in ranks])
    assert float(result[name]) == pytest.approx(of_draw.mean(), rel=1e-12)
    spread = of_draw.std(ddof=1) / math.sqrt(len(ranks))
    assert float(result[f"{name}_se"]) == pytest.approx(spread, rel=1e-9)


def test_pair_wins_are_over_the_draws_with_both(case: tuple[xr.Dataset, Array, Array]) -> None:
    result, ranks, _ = case
    assert result["pair_win"].dims == ("city", "other_city")
    for a in range(12):
        for b in range(12):
            both = (ranks[:, a] > 0) & (ranks[:, b] > 0)
            wins = (ranks[both, a] < ranks[both, b]).mean()
            one = result.isel(city=a, other_city=b)
            assert float(one["pair_win"]) == pytest.approx(wins, abs=1e-12)
            assert float(one["pair_win_se"]) == pytest.approx(math.sqrt(wins * (1 - wins) / both.sum()))
    assert float(result["pair_win"][2, 7]) == float(result["pair_win"][7, 2]) == 0  # equal in every draw


def test_every_monte_carlo_figure_has_its_standard_error(case: tuple[xr.Dataset, Array, Array]) -> None:
    """Convention 12. A baseline, a number of draws and the extremes seen are no estimates."""
    result, _, _ = case
    counted = {"baseline_rank", "draws_with_city", "rank_min", "rank_max"}
    figures = {str(name) for name in result.data_vars} - counted
    estimates = {name for name in figures if not name.endswith("_se")}
    assert figures - estimates == {f"{name}_se" for name in estimates}
    for name in estimates:
        assert result[name].dims == result[f"{name}_se"].dims
        assert (result[f"{name}_se"].values >= 0).all()
        assert np.isfinite(result[f"{name}_se"].values).all()


def test_an_exact_result_has_no_error_and_the_same_figures() -> None:
    index = make_index(np.random.default_rng(5).normal(size=(12, 4)), tiers=[3])
    sampled, tally, _ = ran(index, SOME_CITIES, 300, pairs=True)
    exact = stability(tally, index.cities, sampled["baseline_rank"].values, True, True)
    for name in sampled.data_vars:
        if str(name).endswith("_se"):
            assert not exact[name].values.any()
            assert sampled[name].values.any() or name in ("top_20_se", "rank_p05_se"), name
        else:
            np.testing.assert_array_equal(exact[name], sampled[name])


def test_without_tiers_and_pairs_nothing_is_said_of_them() -> None:
    result, _, _ = ran(make_index(np.arange(6.0)[:, None]), EVERY_CITY, 10)
    assert "keep_tier" not in result
    assert "pair_win" not in result
    assert "other_city" not in result.coords


def test_nothing_varied_shifts_nothing() -> None:
    result, _, draws = ran(make_index(np.random.default_rng(1).normal(size=(60, 3)), tiers=[3, 10]), {}, 100)
    assert (draws.ranks == result["baseline_rank"].values).all()
    for name in ("rank_mean", "rank_median", "rank_p05", "rank_p95", "rank_min", "rank_max"):
        np.testing.assert_array_equal(result[name], result["baseline_rank"])
    figures = [float(result[name]) for name in ("mean_abs_rank_shift", "kendall_tau", "spearman_rho")]
    assert figures == [0, 1, 1]
    assert (result["keep_tier"] == 1).all()
    assert not any(result[name].values.any() for name in result.data_vars if str(name).endswith("_se"))


def test_the_quantile_of_few_draws_of_one_rank_has_no_error() -> None:
    result, _, _ = ran(make_index(np.arange(30.0)[:, None]), {}, 10)
    assert not result["rank_p05_se"].values.any()


def test_the_mean_shift_of_many_cities_has_the_error_of_its_draws() -> None:
    """Only the first two of 500 cities ever change places."""
    values = 100.0 * np.arange(500)[::-1, None]
    values[1] = values[0] - 1
    result, _, draws = ran(make_index(values), {"data-error": {"size": 1, "unit": "places"}}, 2 * BLOCK)
    of_draw = np.abs(draws.ranks - result["baseline_rank"].values).mean(axis=1)
    assert of_draw.std() > 0
    spread = of_draw.std(ddof=1) / math.sqrt(len(of_draw))
    assert float(result["mean_abs_rank_shift_se"]) == pytest.approx(spread, rel=0.01)


@pytest.mark.parametrize("factors", [EVERY_CITY, SOME_CITIES], ids=["every city", "some cities"])
def test_standard_errors_are_the_spread_of_estimates_over_independent_runs(factors: dict[str, Any]) -> None:
    """Of 250 runs the spread is known to 4.5 %; four times that is allowed."""
    index = make_index(np.random.default_rng(5).normal(size=(8, 3)), tiers=[3])
    runs = [ran(index, factors, 200, seed, pairs=True)[0] for seed in range(250)]

    def compare(name: str, where: Mapping[str, int], allowed: float = 0.18) -> None:
        values = np.array([float(one[name].isel(where)) for one in runs])
        told = np.array([float(one[f"{name}_se"].isel(where)) for one in runs])
        assert values.std(ddof=1) == pytest.approx(np.sqrt((told**2).mean()), rel=allowed), (name, where)

    for name in ("mean_abs_rank_shift", "kendall_tau", "spearman_rho"):
        compare(name, {})
    middle = int(np.argsort(runs[0]["baseline_rank"].values)[3])
    for name in ("rank_mean", "rank_shift_abs", "top_3", "keep_tier"):
        compare(name, {"city": middle})
    compare("rank_frequency", {"city": middle, "rank": 3})
    compare("pair_win", {"city": middle, "other_city": (middle + 1) % 8})


# Rank acceptability in closed form.


def exact(case: str, metric: str = "rank_acceptability") -> pd.DataFrame:
    table = pd.read_csv(GOLDEN / "expected.csv")
    chosen = table[table["case"].str.startswith(case) & (table["metric"] == metric)]
    assert len(chosen)
    return chosen.pivot_table(index="alternative", columns="k", values="value")


def assert_acceptability(result: xr.Dataset, expected: pd.DataFrame, draws: int) -> None:
    """Four standard errors of the exact shares; a share of 0 is 0."""
    share = result["rank_frequency"].sel(city=list(expected.index), rank=list(expected.columns)).values
    margin = 4 * np.sqrt(expected * (1 - expected) / draws).to_numpy()
    assert (np.abs(share - expected.to_numpy()) <= margin + 1e-12).all(), share


@pytest.mark.parametrize("case", ["simplex3", "two_criteria"])
def test_acceptability_under_uniform_weights_is_exact(case: str) -> None:
    data = pd.read_csv(GOLDEN / f"data_{case}.csv", index_col="alternative")
    index = make_index(data.to_numpy(), list(data.index))
    draws = 200 * BLOCK
    factors = {"weights": {"method": "dirichlet", "concentration": 1, "centre": "equal"}}
    result, _, kept = ran(index, factors, draws)
    assert_acceptability(result, exact(case), draws)
    # Central weights: the mean weights of the draws in which an alternative is first.
    realisation = bind(index, Factors.model_validate(factors))
    design = MonteCarlo(realisation.choices, (), draws, 1)
    parts = [chunk.leaf_weight for block in range(200) for _, chunk in realisation.chunks(design, 1, block)]
    weights = np.concatenate(parts)
    for alternative, central in exact(case, "central_weight").iterrows():
        first = weights[kept.ranks[:, list(data.index).index(str(alternative))] == 1]
        margin = 4 * first.std(axis=0) / math.sqrt(len(first))
        assert (np.abs(first.mean(axis=0) - central.dropna().to_numpy()) <= margin).all()


@pytest.mark.parametrize("unit", ["sd", "places"])
def test_acceptability_under_normal_errors_is_exact(unit: str) -> None:
    """Scores 3, 2, 1 have a standard deviation of 1 over the alternatives."""
    draws = 200 * BLOCK
    index = make_index(np.array([[3.0], [2.0], [1.0]]), ["X", "Y", "Z"])
    result, _, _ = ran(index, {"data-error": {"size": 1, "unit": unit}}, draws)
    assert_acceptability(result, exact("normal_scores"), draws)
    mean = result["rank_mean"].to_series()
    expected = exact("normal_scores", "expected_rank")[0]
    assert ((mean - expected).abs() <= 4 * result["rank_mean_se"].to_series()).all()
