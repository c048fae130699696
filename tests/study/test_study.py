"""What a study finds, and which studies are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from study_files import SMALL, assert_same_variables, write_small_study, written

import simulator as sim
from simulator.errors import InputError
from simulator.index import Index, load_index
from simulator.lookup import select_cities
from simulator.published import shipped_scenarios
from simulator.scenario import open_scenario

DIMENSIONS, VARIABLES = 10, 50


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Folder of an index of seven cities in three provinces, with a scenario beside it."""
    write_small_study(tmp_path)
    return tmp_path


def competition_ranks(totals: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    return [1 + int((totals > own).sum()) for own in totals]


# Published figures.


@pytest.mark.parametrize("factors", [{}, {"data-error": {"size": 0, "unit": "places"}}])
def test_a_study_without_anything_to_vary_is_the_ranking_as_published(
    published: Index, factors: dict[str, Any]
) -> None:
    result = sim.run(written(draws=100, seed=1, factors=factors), workers=1)
    assert published.published is not None
    printed = published.published["rank"].values
    for name in ("baseline_rank", "scenario_rank", "rank_min", "rank_max"):
        assert result[name].values.tolist() == printed.tolist()
    assert result["scenario_total"].values.tolist() == published.published["total"].values.tolist()
    scores = result["scenario_score"].sel(node=published.published["node"])
    assert scores.values.tolist() == published.published["score"].values.tolist()
    assert set(scores["level"].values) <= {"dimension", "index"}
    assert [float(result[n]) for n in ("mean_abs_rank_shift", "kendall_tau", "spearman_rho")] == [0, 1, 1]
    assert (result["keep_tier"] == 1).all()
    assert "choice_share" not in result


def test_who_is_first_when_nobody_can_say_anything_about_the_weights() -> None:
    """Known shares: Shanghai 36.5 %, Beijing 34.3 %, Shenzhen 22.2 %."""
    result = sim.run("weights-only", draws=400_000, workers=2)
    first = result["top_1"].to_series()
    for city, share in {"shanghai": 0.365, "beijing": 0.343, "shenzhen": 0.222}.items():
        assert first[city] == pytest.approx(share, abs=0.005)
    assert float(first.sum()) == pytest.approx(1, abs=0.001)
    assert float(result["top_1_se"].max()) < 0.001


@pytest.mark.parametrize("level", ["variable", "dimension"])
def test_leaving_one_out_is_the_published_total_without_it(published: Index, level: str) -> None:
    result = sim.run(f"leave-one-{level}-out", workers=1)
    value = published.matrix["value"].to_pandas()
    if level == "dimension":
        value = value.T.groupby(published.matrix["dimension"].to_series(), sort=False).sum().T
    count = {"variable": VARIABLES, "dimension": DIMENSIONS}[level]
    ranks = {left: competition_ranks((value.sum(axis=1) - value[left]).to_numpy()) for left in value.columns}
    assert result.attrs["design"] == "exact"
    assert result.sizes["draw"] == int(result.attrs["draws"]) == len(ranks) == count
    for draw, left in enumerate(result[f"draw_leave_out_{level}"].values):
        assert result["rank_by_draw"][draw].values.tolist() == ranks[left], left
    np.testing.assert_allclose(result["rank_mean"], np.mean(list(ranks.values()), axis=0))
    assert result["alternative"].values.tolist() == list(value.columns)
    np.testing.assert_allclose(result["choice_share"], 1 / count)
    errors = [str(name) for name in result.data_vars if str(name).endswith("_se")]
    assert "kendall_tau_se" in errors
    assert not any(result[name].values.any() for name in errors)


def test_without_one_variable_no_city_moves_far() -> None:
    result = sim.run("leave-one-variable-out", workers=1)
    tangshan = result.sel(city="tangshan")
    assert (int(tangshan["rank_min"]), int(tangshan["rank_max"])) == (49, 55)
    assert int((result["rank_max"] - result["rank_min"]).max()) == 6


def test_an_exact_study_knows_no_number_of_draws() -> None:
    with pytest.raises(InputError, match="takes every combination once"):
        sim.run("leave-one-variable-out", draws=10)


def test_an_exact_study_is_the_same_whatever_the_seed() -> None:
    assert_same_variables(
        sim.run("leave-one-dimension-out", seed=1, workers=1), sim.run("leave-one-dimension-out", seed=2, workers=1)
    )


# Constraints and shares.


def test_exclusions_keep_the_shares_of_earlier_factors_and_no_draw_breaks_them() -> None:
    result = sim.run("stress-test", draws=4_000, overrides=["keep-draws=true"], workers=2)
    taken = pd.crosstab(result["draw_normalisation"].values, result["draw_aggregation"].values, normalize=True)
    assert taken.loc["z-score", "geometric"] == 0
    expected = pd.DataFrame(
        {"arithmetic": [1 / 6, 1 / 6, 1 / 3], "geometric": [1 / 6, 1 / 6, 0]},
        index=["as-defined", "min-max to=1..100", "z-score"],
    )
    pd.testing.assert_frame_equal(taken, expected, check_names=False, atol=4.5 * (1 / 6 * 5 / 6 / 4_000) ** 0.5)
    assert np.isfinite(result["total_by_draw"].values).all()
    assert (result["rank_by_draw"] >= 1).all()


def test_choice_shares_are_those_of_the_draws_kept() -> None:
    result = sim.run("stress-test", draws=1_500, overrides=["keep-draws=true"], workers=1)
    for name, column in (("normalisation", "draw_normalisation"), ("leave-out variable", "draw_leave_out_variable")):
        of_this = result["factor"].values == name
        labels = result["alternative"].values[of_this]
        counted = [(result[column].values == one).mean() for one in labels]
        np.testing.assert_allclose(result["choice_share"].values[of_this], counted)
        error = result["choice_share_se"].values[of_this]
        np.testing.assert_allclose(error, np.sqrt(np.multiply(counted, np.subtract(1, counted)) / 1_500))
    nothing = result["choice_share"].values[result["alternative"].values == "nothing"]
    assert abs(nothing[0] - 0.5) < 4.5 * (0.25 / 1_500) ** 0.5


def test_a_mean_that_cannot_be_taken_is_refused_before_the_first_draw() -> None:
    with pytest.raises(InputError, match="geometric mean of total is undefined for z-score"):
        sim.run("stress-test", draws=10, overrides=["never=[]"])


# Cities left out.


def test_shares_are_over_the_draws_in_which_a_city_takes_part() -> None:
    factors = {"leave-out": {"level": "city", "count": 5}, "data-error": {"size": 2, "unit": "places"}}
    draws = 3_000
    result = sim.run(written(draws=draws, seed=3, factors=factors, **{"keep-draws": True}), workers=2)
    ranks = result["rank_by_draw"].values
    assert ((ranks == 0).sum(axis=1) == 5).all()
    assert np.isnan(result["total_by_draw"].values[ranks == 0]).all()
    seen = (ranks > 0).sum(axis=0)
    assert result["draws_with_city"].values.tolist() == seen.tolist()
    assert (np.abs(seen / draws - 55 / 60) < 4.5 * (55 / 60 * 5 / 60 / draws) ** 0.5).all()
    np.testing.assert_allclose(result["rank_frequency"].sum("rank"), 1)
    assert not result["rank_frequency"].sel(rank=slice(56, 60)).any()
    np.testing.assert_allclose(result["top_3"], ((ranks > 0) & (ranks <= 3)).sum(axis=0) / seen)


def test_a_city_left_out_for_good_shifts_nobody() -> None:
    """The baseline is ranked again among those that take part, so the leader's absence is no shift for the others."""
    factors = {"leave-out": {"level": "city", "among": ["shanghai"]}}
    result = sim.run(written(draws=10, seed=1, factors=factors), workers=1)
    others = result.sel(city=result["city"] != "shanghai")
    assert (others["rank_mean"].values < others["baseline_rank"].values).all()
    assert not others["rank_shift_abs"].values.any()
    assert float(result["mean_abs_rank_shift"]) == 0
    assert float(result["kendall_tau"]) == 1
    assert int(result["draws_with_city"].sel(city="shanghai")) == 0
    assert np.isnan(float(result["rank_mean"].sel(city="shanghai")))


# Progress and faults.


@pytest.mark.parametrize("workers", [0, -1])
def test_no_workers_cannot_work(workers: int) -> None:
    with pytest.raises(InputError, match="number of workers"):
        sim.run("weights-only", draws=10, workers=workers)


def test_progress_is_told_over_all_groups() -> None:
    told: list[tuple[int, int]] = []
    sim.run("city-clusters", draws=1_500, workers=2, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (told[-1][1],) * 2
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert {total for _, total in told} == {4 * 1_500}


def test_all_faults_of_a_study_are_told_at_once() -> None:
    factors = {
        "leave-out": {"level": "pillar"},
        "weights": {"method": "equal", "over": "dimensions"},
        "data-error": {"indicators": ["rd-intensitty"], "size": 1, "unit": "places"},
    }
    with pytest.raises(InputError) as caught:
        sim.run(written(factors=factors))
    text = str(caught.value)
    for word in ("no level 'pillar'", "no level 'dimensions'", "rd-intensity"):
        assert word in text


# Groups, subsets and readings.


def test_groups_are_ranked_apart_and_small_ones_only_listed(published: Index) -> None:
    result = sim.run("city-clusters", draws=300, workers=1)
    cluster = published.matrix["cluster"].to_series()
    sizes = cluster[cluster != ""].value_counts()
    small_groups = sizes[sizes < 3]
    assert set(result["ranked_group"].values) == set(sizes.index) - set(small_groups.index)
    for name in small_groups.index:
        assert name in result.attrs["groups_not_ranked"]
    for group in result["ranked_group"].values:
        part = result.isel(city=result["group"].values == group)
        members = [city for city in published.cities if cluster[city] == group]
        assert part["city"].values.tolist() == members
        assert int(part["rank_max"].max()) <= len(members)
        assert not part["rank_frequency"].sel(rank=slice(len(members) + 1, None)).any()
        alone = sim.run("city-clusters", draws=300, overrides=["within=", f"cities=[{', '.join(members)}]"], workers=1)
        np.testing.assert_array_equal(part["rank_mean"], alone["rank_mean"])
        assert float(result["kendall_tau"].sel(ranked_group=group)) == float(alone["kendall_tau"])


def test_a_group_of_a_small_index_is_scored_among_itself(small: Path) -> None:
    result = sim.run(small / "study.yaml", overrides=["within=province", "factors={}"], workers=1)
    assert set(result["ranked_group"].values) == {"north", "south"}
    assert result.attrs["groups_not_ranked"] == "west: city-6"
    value = pd.read_csv(small / "matrix.csv", index_col="city")
    for group, members in (("north", [0, 1, 3]), ("south", [2, 4, 5])):
        part = value.iloc[members]
        z = (part - part.mean()) / part.std(ddof=1)
        total = (z["output"] + z["growth"]) / 4 - z["accidents"] / 2
        ranked = total.rank(ascending=False).astype(int)
        own = result.sel(city=list(part.index))
        assert own["scenario_rank"].values.tolist() == ranked.tolist(), group
        np.testing.assert_allclose(own["scenario_total"], total, atol=1e-12)
        np.testing.assert_allclose(own["scenario_score"].sel(node="safety"), -z["accidents"], atol=1e-12)
    assert result["scenario_score"].dims == ("city", "node")
    assert result["parent"].values.tolist() == ["total", "total", ""]


def test_no_group_large_enough_is_refused(small: Path) -> None:
    with pytest.raises(InputError, match="no group is large enough"):
        sim.run(small / "study.yaml", overrides=["within=province", "cities=[city-0, city-2, city-6]"])


def test_a_reading_is_compared_with_itself_unless_asked_for_the_published_ranks_of_the_subset(
    published: Index,
) -> None:
    own = sim.run("small-city-investor", draws=50, workers=1)
    assert own["baseline_rank"].values.tolist() == own["scenario_rank"].values.tolist()
    result = sim.run("small-city-investor", draws=50, workers=1, overrides=["baseline=published"])
    assert result["published_rank"].values.tolist() == result["baseline_rank"].values.tolist()
    assert own["published_rank"].values.tolist() == result["baseline_rank"].values.tolist()
    cities = select_cities(published.matrix, {"status": "prefecture-level"})["city"].values
    assert result["city"].values.tolist() == cities.tolist()
    assert len(cities) == 25
    assert published.published is not None
    printed = published.published["rank"].sel(city=cities).values
    assert result["baseline_rank"].values.tolist() == [1 + int((printed < own).sum()) for own in printed]
    assert "keep_tier" not in result
    assert result["rank"].values.tolist() == list(range(1, 26))


@pytest.mark.parametrize("name", ["digital-transformation", "small-city-investor"])
def test_a_reading_scores_pillars_of_equal_weight(published: Index, name: str) -> None:
    result = sim.run(name, draws=20, workers=1)
    document = open_scenario(name).data
    value = select_cities(published.matrix, document["cities"])["value"].to_pandas()
    points = value.rank(method="max")
    pillars = [points[members].mean(axis=1) for members in document["reading"]["pillars"].values()]
    total = np.round(np.mean(pillars, axis=0), 9)
    assert result["scenario_rank"].values.tolist() == competition_ranks(total)


def test_a_reading_of_three_levels_over_all_cities_keeps_points_as_published(published: Index) -> None:
    result = sim.run("secondary-city-connectivity", draws=20, workers=1)
    value = published.matrix["value"].to_pandas()
    sides = open_scenario("secondary-city-connectivity").data["reading"]["pillars"].values()
    of_side = [np.mean([value[members].mean(axis=1) for members in side.values()], axis=0) for side in sides]
    assert result["scenario_rank"].values.tolist() == competition_ranks(np.round(np.mean(of_side, axis=0), 9))


def test_the_recipe_moves_the_ranking_with_nothing_varied_and_not_the_baseline(published: Index) -> None:
    recipe = {"weights": {"economic-strength": 10}}
    result = sim.run(written(draws=10, seed=1, recipe=recipe), workers=1)
    score = published.score()["score"].to_pandas()
    total = score["total"] + 9 * score["economic-strength"]
    assert result["scenario_rank"].values.tolist() == competition_ranks(total.to_numpy())
    assert published.published is not None
    assert result["baseline_rank"].values.tolist() == published.published["rank"].values.tolist()
    assert result["rank_min"].values.tolist() == result["scenario_rank"].values.tolist()


@pytest.mark.parametrize("name", sorted(shipped_scenarios()))
def test_every_shipped_scenario_runs_and_tells_shares(name: str) -> None:
    exhaustive = open_scenario(name).data.get("design") == "exhaustive"
    result = sim.run(name, draws=None if exhaustive else 64, workers=1)
    np.testing.assert_allclose(result["rank_frequency"].sum("rank"), 1)
    if "choice_share" in result:
        shares = result["choice_share"].groupby("factor").sum()
        np.testing.assert_allclose(shares, 1)
    coordinates = {"city_name_en", "city_name_zh", "province", "status", "cluster"}
    assert coordinates <= set(result.coords)


def test_only_members_of_the_level_may_be_left_out() -> None:
    with pytest.raises(InputError):
        sim.run(written(draws=10, seed=1, factors={"leave-out": {"level": "dimension", "among": ["total"]}}), workers=1)


def test_a_city_named_twice_is_one_alternative() -> None:
    factors = {"leave-out": {"level": "city", "among": ["hefei", "合肥", "wuhan"]}}
    with pytest.raises(InputError):
        sim.run(written(draws=10, seed=1, factors=factors), workers=1)


def test_more_cities_left_out_than_a_group_has_are_refused() -> None:
    factors = {"leave-out": {"level": "city", "count": 10}}
    with pytest.raises(InputError):
        sim.run(written(draws=10, seed=1, within="cluster", factors=factors), workers=1)


def test_cities_are_not_left_out_of_groups() -> None:
    scenario = written(within="cluster", design="exhaustive", factors={"leave-out": {"level": "city"}})
    with pytest.raises(InputError, match="cities cannot be left out of groups"):
        sim.run(scenario, workers=1)


def test_points_as_published_need_published_points(small: Path) -> None:
    with pytest.raises(InputError):
        sim.run(small / "study.yaml", overrides=["recipe.normalisation={method: rank, ties: as-published}"], workers=1)


def test_weights_as_defined_change_nothing_whatever_the_aggregation(small: Path) -> None:
    text = SMALL.replace("aggregate: arithmetic", "aggregate: sum").replace("z-score", "{method: min-max, to: [1, 9]}")
    (small / "definition.yaml").write_text(text, encoding="utf-8")
    settings = ["keep-draws=true", "draws=2", "factors={aggregation: [geometric]}"]
    plain = sim.run(small / "study.yaml", overrides=settings, workers=1)
    named = sim.run(small / "study.yaml", overrides=[*settings, "factors.weights=as-defined"], workers=1)
    np.testing.assert_allclose(named["total_by_draw"], plain["total_by_draw"])
