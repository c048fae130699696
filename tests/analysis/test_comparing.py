"""Results side by side: moves, ranks within nodes and agreement, by hand and on the 2025 index."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import simulator as sim
from simulator.analysis.comparing import DRAWN, Gain, compare, most_moved
from simulator.analysis.differing import in_words
from simulator.errors import InputError
from simulator.index import Index
from simulator.storage import read_result, write_result

TREE: dict[str, Any] = {
    "schema_version": 1,
    "id": "mine",
    "levels": ["index", "dimension", "indicator"],
    "index": {
        "id": "total",
        "normalise": "none",
        "aggregate": "sum",
        "children": [
            {"id": "a", "normalise": "none", "aggregate": "sum", "name": {"en": "Alpha"}, "children": [{"id": "x"}]},
            {"id": "b", "normalise": "none", "aggregate": "sum", "name": {"en": "Beta"}, "children": [{"id": "y"}]},
        ],
    },
}
CITIES = ["p", "q", "r", "s"]
WEIGHED = {"recipe": {"weights": {"a": 3}}}
READING = {"reading": {"pillars": {"a": ["y"], "b": ["x"]}}, "baseline": "scenario"}


def index_of(x: list[float], y: list[float], cities: list[str] = CITIES, top: str = "total") -> Index:
    tree = {**TREE, "index": {**TREE["index"], "id": top}}
    return sim.build_index(tree, pd.DataFrame({"x": x, "y": y}, index=cities))


def ran(index: Index, name: str = "study", **more: Any) -> xr.Dataset:
    scenario = {"schema_version": 1, "name": name, "index": "mine", "draws": 4, "seed": 1, **more}
    return sim.run(scenario, index=index, workers=1)


@pytest.fixture(scope="module")
def four() -> Index:
    """Totals 6, 7, 6 and 3: q first, p and r share the second place."""
    return index_of([5, 4, 2, 1], [1, 3, 4, 2])


@pytest.fixture(scope="module")
def plain(four: Index) -> xr.Dataset:
    return ran(four)


@pytest.fixture(scope="module")
def weighed(four: Index) -> xr.Dataset:
    """Totals 16, 15, 10 and 5."""
    return ran(four, **WEIGHED)


@pytest.fixture(scope="module")
def published() -> xr.Dataset:
    return sim.run("weights-only", draws=300, seed=1, workers=1)


@pytest.fixture(scope="module")
def z_scores() -> xr.Dataset:
    return sim.run("weights-only", draws=300, seed=1, workers=1, overrides="recipe.normalisation=z-score")


# By hand.


def test_ranks_totals_and_moves_by_hand(plain: xr.Dataset, weighed: xr.Dataset) -> None:
    compared = compare({"plain": plain, "weighed": weighed})
    assert compared["city"].values.tolist() == CITIES
    assert compared["rank"].sel(result="plain").values.tolist() == [2, 1, 2, 4]
    assert compared["rank"].sel(result="weighed").values.tolist() == [1, 2, 3, 4]
    assert compared["total"].T.values.tolist() == [[6, 7, 6, 3], [16, 15, 10, 5]]
    assert compared["rank_move"].T.values.tolist() == [[0, 0, 0, 0], [1, -1, -1, 0]]
    assert compared["mean_abs_move"].values.tolist() == [0, 0.75]
    assert compared["node"].values.tolist() == ["a", "b", "total"]
    assert compared["node_rank"].sel(node="a").T.values.tolist() == [[1, 2, 3, 4]] * 2
    assert compared["node_rank"].sel(node="b").T.values.tolist() == [[4, 2, 1, 3]] * 2
    assert compared["node_rank"].sel(node="total").values.tolist() == compared["rank"].values.tolist()
    assert compared["rank"].dtype == np.int64


def test_agreement_by_hand(plain: xr.Dataset, weighed: xr.Dataset) -> None:
    """Of six pairs one is tied in the first; of the five others four are in the same order."""
    compared = compare([plain, weighed])
    assert float(compared["kendall"][0, 1]) == pytest.approx((4 - 1) / (5 * 6) ** 0.5)
    assert float(compared["spearman"][0, 1]) == pytest.approx(stats.spearmanr([2, 1, 2, 4], [1, 2, 3, 4]).statistic)
    for name in ("kendall", "spearman"):
        np.testing.assert_array_equal(compared[name], compared[name].T)
        assert np.diag(compared[name]).tolist() == [1, 1]


def test_settings_that_differ_are_told_and_points_are_not_compared_across_weights(
    plain: xr.Dataset, weighed: xr.Dataset
) -> None:
    compared = compare([plain, weighed])
    assert compared["setting"].values.tolist() == ["recipe.weights.a"]
    assert compared["setting_value"].values.tolist() == [["not set", "3"]]
    assert compared["same_scale"].values.tolist() == [True, False]
    assert np.isnan(compared["node_score_move"].isel(result=1)).all()
    assert (compared["node_score_move"].isel(result=0) == 0).all()


def test_a_changed_matrix_is_told_by_its_file_and_ranks_within_nodes_move(plain: xr.Dataset) -> None:
    """With x of p lowered from 5 to 1.5 it falls from the first to the third place of a, and to the last but one."""
    compared = compare([plain, ran(index_of([1.5, 4, 2, 1], [1, 3, 4, 2]))])
    assert [str(one).split(".")[0] for one in compared["setting"].values] == ["files of the index"]
    assert compared["rank"].isel(result=1).values.tolist() == [4, 1, 2, 3]
    assert compared["node_rank_move"].sel(node="a").isel(result=1).values.tolist() == [-2, 1, 1, 0]
    (alpha,) = most_moved(compared, "p", "study (2)")
    assert alpha[:3] == Gain("Alpha", 1, 3, np.nan)[:3]
    assert np.isnan(alpha.score)
    assert most_moved(compared, "q", "study (2)") == []  # keeps its place
    assert most_moved(compared, "s", "study (2)") == []  # rises as p falls, and no dimension of its own moves


def test_scores_are_compared_where_only_what_varies_differs(published: xr.Dataset) -> None:
    varied = sim.run("stress-test", draws=50, seed=1, workers=1)
    raised = varied["scenario_score"] + 2.0
    after = varied.assign(rank_after=varied["scenario_rank"], total_after=varied["scenario_total"], score_after=raised)
    compared = compare([published, varied, after])
    assert compared["same_scale"].all()
    moves = compared["node_score_move"]
    assert [np.unique(moves.isel(result=k)).tolist() for k in range(3)] == [[0], [0], [2]]


def test_on_one_scale_the_dimensions_named_are_those_with_the_largest_scores_gained() -> None:
    """Hefei gains 4 points in one dimension and as many in another, though no rank within a dimension changes."""
    asked = {"schema_version": 1, "name": "now", "index": "opportunity-2025", "draws": 5, "seed": 1}
    change = {"move": {"economic-scale": "20 places", "fdi-growth": "15 places"}}
    now = sim.run(asked, workers=1)
    then = sim.run({**asked, "name": "then", "city": "hefei", "changes": [change]}, workers=1)
    compared = compare([now, then])
    held = compared.sel(city="hefei", result="then")
    assert int(held["rank_move"]) == 1
    gains = most_moved(compared, "hefei", "then", most=10)
    scores = held["node_score_move"].isel(node=held["level"].values == "dimension").values
    assert [gain.score for gain in gains] == sorted(scores[scores > 0], reverse=True)
    assert sum(gain.score for gain in gains) == float(held["node_score_move"].sel(node="total"))
    assert most_moved(compared, "tianjin", "then") == [Gain("Open development", 2, 2, -1.0)]  # Hefei passes it there


def test_an_index_in_memory_is_on_no_scale_but_its_own(four: Index, plain: xr.Dataset) -> None:
    varied = ran(four, factors={"weights": {"method": "dirichlet", "concentration": 1}})
    compared = compare([plain, varied])
    assert compared["same_scale"].values.tolist() == [True, False]
    assert (compared["node_rank_move"] == 0).all()
    assert compared["setting"].values.tolist() == ["factors.weights"]
    assert compared["setting_value"].values.tolist() == [["none", "dirichlet concentration=1"]]


def test_a_reading_has_other_dimensions_even_where_they_are_called_the_same(four: Index, plain: xr.Dataset) -> None:
    compared = compare([plain, ran(four, **READING)])
    assert np.isnan(compared["node_rank_move"].isel(result=1)).all()
    assert compared["node_rank"].sel(node="a").isel(result=1).values.tolist() == [4, 2, 1, 3]
    assert most_moved(compared, "p", "study (2)") == []


def test_figures_over_draws_are_those_of_the_results(published: xr.Dataset, z_scores: xr.Dataset) -> None:
    compared = compare([published, z_scores])
    for name in DRAWN:
        for ending in ("", "_se"):
            for number, result in enumerate((published, z_scores)):
                np.testing.assert_array_equal(compared[name + ending].isel(result=number), result[name + ending])


def test_a_result_without_draws_has_none_of_their_figures(plain: xr.Dataset, weighed: xr.Dataset) -> None:
    bare = weighed.drop_vars([name for name in weighed.data_vars if str(name).startswith(("rank_", "top_"))])
    compared = compare([plain, bare])
    assert np.isfinite(compared["rank_mean"].isel(result=0)).all()
    for name in DRAWN:
        assert np.isnan(compared[name].isel(result=1)).all()


def test_of_a_what_if_the_figures_after_its_changes_are_compared(plain: xr.Dataset) -> None:
    after = plain.assign(
        rank_after=("city", [1, 2, 3, 4]), total_after=("city", [9.0, 7, 6, 3]), score_after=plain["scenario_score"]
    )
    compared = compare({"before": plain, "after": after})
    assert compared["rank_move"].sel(result="after").values.tolist() == [1, -1, -1, 0]
    assert compared["total"].sel(result="after").values.tolist() == [9, 7, 6, 3]


def test_a_reading_of_an_index_in_memory_is_of_the_same_index(four: Index, plain: xr.Dataset) -> None:
    compared = compare([plain, ran(four, reading={"pillars": {"only": ["x", "y"]}}, baseline="scenario")])
    assert compared["node"].values.tolist() == ["a", "b", "only", "total"]
    assert np.isnan(compared["node_rank"].sel(node="only").isel(result=0)).all()
    assert np.isnan(compared["node_rank"].sel(node="a").isel(result=1)).all()


# Cities and groups.


def test_ranks_are_among_the_cities_in_common(plain: xr.Dataset) -> None:
    """Without q, p and r share the first place; with s above r the others are p, s, r."""
    compared = compare([plain, ran(index_of([1, 5, 2], [4, 2, 1], ["s", "p", "r"]))])
    assert compared["city"].values.tolist() == ["p", "r", "s"]
    assert compared["rank"].T.values.tolist() == [[1, 1, 3], [1, 3, 2]]
    assert compared["node_rank"].sel(node="b").isel(result=0).values.tolist() == [3, 1, 2]
    assert compared.attrs["cities_left_aside"] == "study: q"
    assert np.isnan(compared["rank_mean"].isel(result=0)).all()  # they are among four cities
    assert np.isfinite(compared["rank_mean"].isel(result=1)).all()


def test_a_ranking_within_groups_puts_the_others_into_its_groups(published: xr.Dataset) -> None:
    clusters = sim.run("city-clusters", draws=20, workers=1)
    compared = compare([published, clusters])
    assert set(compared["city"].values) == set(clusters["city"].values)
    for group in dict.fromkeys(clusters["group"].values):
        members = clusters["city"].values[clusters["group"].values == group]
        totals = published["scenario_total"].sel(city=members).values
        expected = stats.rankdata(-totals, "min").astype(int)
        mine = compared.sel(city=members)
        assert mine["rank"].isel(result=0).values.tolist() == expected.tolist()
        assert (
            mine["rank"].isel(result=1).values.tolist() == clusters["scenario_rank"].sel(city=members).values.tolist()
        )
    assert np.isnan(compared["rank_mean"].isel(result=0)).all()
    assert np.isfinite(compared["rank_mean"].isel(result=1)).all()


def test_correlations_of_groups_are_means_over_them() -> None:
    one = sim.run("city-clusters", draws=20, workers=1)
    other = sim.run("city-clusters", draws=20, workers=1, overrides="recipe.weights.economic-strength=10")
    compared = compare([one, other])
    found = [
        stats.kendalltau(*(part["scenario_rank"].values for part in (left, right))).statistic
        for (_, left), (_, right) in zip(one.groupby("group"), other.groupby("group"), strict=True)
    ]
    assert float(compared["kendall"][0, 1]) == pytest.approx(np.mean(found))


# On the 2025 index.


def test_moves_and_agreement_on_the_2025_index(published: xr.Dataset, z_scores: xr.Dataset) -> None:
    compared = compare([published, z_scores])
    before, after = published["scenario_rank"].values, z_scores["scenario_rank"].values
    assert compared["rank_move"].isel(result=1).values.tolist() == (before - after).tolist()
    assert float(compared["mean_abs_move"][1]) == pytest.approx(np.abs(before - after).mean())
    assert float(compared["kendall"][0, 1]) == pytest.approx(stats.kendalltau(before, after).statistic)
    assert float(compared["spearman"][0, 1]) == pytest.approx(stats.spearmanr(before, after).statistic)
    assert compared["same_scale"].values.tolist() == [True, False]


def test_a_result_beside_itself_moves_nobody(published: xr.Dataset) -> None:
    compared = compare([published, published, published])
    assert compared["result"].values.tolist() == ["weights-only", "weights-only (2)", "weights-only (3)"]
    for name in ("rank_move", "node_rank_move", "node_score_move", "mean_abs_move"):
        assert (compared[name] == 0).all(), name
    assert compared.sizes["setting"] == 0
    assert (compared["kendall"] == 1).all()
    assert (compared["spearman"] == 1).all()


def test_swapping_two_results_negates_moves(published: xr.Dataset, z_scores: xr.Dataset) -> None:
    there, back = compare([published, z_scores]), compare([z_scores, published])
    for name in ("rank_move", "node_rank_move"):
        np.testing.assert_array_equal(there[name].isel(result=1), -back[name].isel(result=1))
    np.testing.assert_allclose(there["kendall"], back["kendall"])


def test_dimensions_that_move_most_are_those_with_the_largest_moves(
    published: xr.Dataset, z_scores: xr.Dataset
) -> None:
    compared = compare({"points": published, "z-scores": z_scores})
    dimensions = compared.isel(node=compared["level"].values == "dimension")
    for city in compared["city"].values:
        gains = most_moved(compared, str(city), "z-scores", most=10)
        move = int(compared["rank_move"].sel(city=city, result="z-scores"))
        moves = np.sign(move) * dimensions["node_rank_move"].sel(city=city, result="z-scores").values
        assert [np.sign(move) * (gain.before - gain.after) for gain in gains] == sorted(moves[moves > 0], reverse=True)


def test_inputs_stay_as_they_are_and_a_comparison_can_be_stored(
    tmp_path: Any, published: xr.Dataset, z_scores: xr.Dataset
) -> None:
    copies = [published.copy(deep=True), z_scores.copy(deep=True)]
    for number, pair in enumerate(([published, z_scores], [published, published])):
        compared = compare(pair)
        assert all(compared[name].attrs["long_name"] for name in compared.data_vars)
        write_result(compared, tmp_path / f"{number}.nc")
        again = read_result(tmp_path / f"{number}.nc")
        np.testing.assert_array_equal(again["rank_move"], compared["rank_move"])
        assert again["setting_value"].shape == compared["setting_value"].shape
    xr.testing.assert_identical(published, copies[0])
    xr.testing.assert_identical(z_scores, copies[1])


# Refused.


def test_fewer_than_two_are_refused(plain: xr.Dataset) -> None:
    for given in ([], [plain], {"one": plain}):
        with pytest.raises(InputError, match="Give two results at least"):
            compare(given)


def test_other_indices_are_refused_all_at_once(plain: xr.Dataset, published: xr.Dataset) -> None:
    other = ran(index_of([5, 4, 2, 1], [1, 3, 4, 3], top="sum"))
    with pytest.raises(InputError) as refused:
        compare({"here": plain, "there": published, "elsewhere": other})
    assert [fault.place for fault in refused.value.faults] == ["there", "elsewhere"]
    assert "is of the index opportunity-2025, here of an index in memory" in str(refused.value)


def test_no_city_in_common_is_refused(plain: xr.Dataset) -> None:
    with pytest.raises(InputError, match="no city is in all results"):
        compare([plain, ran(index_of([1, 2, 4], [2, 3, 1], ["t", "u", "v"]))])


def test_other_groups_are_refused() -> None:
    clusters = sim.run("city-clusters", draws=20, workers=1)
    statuses = sim.run("city-clusters", draws=20, workers=1, overrides="within=status")
    with pytest.raises(InputError, match="status: ranks within other groups than cluster"):
        compare({"cluster": clusters, "status": statuses})


def test_what_is_no_result_is_refused(plain: xr.Dataset) -> None:
    with pytest.raises(InputError, match="holds no provenance"):
        compare([plain, plain.drop_attrs()])
    with pytest.raises(InputError, match="written by an earlier version"):
        compare([plain, plain.drop_vars("scenario_score")])


def test_values_in_words() -> None:
    assert in_words({}) == "as set by default"
    assert in_words({"move": {"rent": {"places": 3}}}) == "move=(rent=(places=3))"
    assert in_words({"alternatives": [{"method": "as-defined"}, {"method": "min-max", "to": [1.0, 100.0]}]}) == (
        "as-defined, min-max to=[1, 100]"
    )
    assert (in_words(True), in_words(()), in_words(0.05), in_words("raw")) == ("yes", "none", "0.05", "raw")
