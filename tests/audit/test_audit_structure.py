"""The inner structure is what its formulas say, on the 2025 index and on odd ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simulator.auditing.findings import structure_findings
from simulator.auditing.moments import centred, correlations, cronbach_alpha, deviation, shares_of_variance
from simulator.auditing.structure import structure
from simulator.construction.scoring import places
from simulator.index import Index, build_index, load_index

MIN_MAX = {"normalise": "min-max", "aggregate": "arithmetic"}


def built(root: dict[str, Any], frame: pd.DataFrame, **more: Any) -> Index:
    return build_index({"schema_version": 1, "id": "i", **more, "index": {"id": "t", **root}}, frame)


def drawn(columns: str, cities: int, seed: int = 3) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(10.0, 3.0, (cities, len(columns)))
    return pd.DataFrame(values, index=[f"c{k}" for k in range(cities)], columns=list(columns))


def leaves(columns: str) -> list[dict[str, Any]]:
    return [{"id": name} for name in columns]


def told_of(index: Index) -> xr.Dataset:
    return structure(index, index.score())


@pytest.fixture(scope="module")
def opportunity() -> xr.Dataset:
    return told_of(load_index("opportunity-2025"))


# Moments.


def naive_alpha(items: list[list[float]]) -> float:
    def variance(values: list[float]) -> float:
        mean = sum(values) / len(values)
        return sum((value - mean) ** 2 for value in values) / (len(values) - 1)

    k = len(items[0])
    columns = [[row[j] for row in items] for j in range(k)]
    return k / (k - 1) * (1 - sum(map(variance, columns)) / variance([sum(row) for row in items]))


def test_alpha_by_hand() -> None:
    # Variances 1 and 4, of the sum 9: 2 (1 - 5 / 9).
    assert cronbach_alpha(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])) == pytest.approx(8 / 9)
    # Items that are the same agree wholly; the scale does not matter.
    same = np.repeat(np.array([[3.0], [1.0], [7.0], [2.0]]), 5, axis=1)
    assert cronbach_alpha(same) == pytest.approx(1.0)
    assert cronbach_alpha(same * 1e150) == pytest.approx(1.0)
    assert cronbach_alpha(same * 1e-150) == pytest.approx(1.0)


@given(st.lists(st.lists(st.integers(-50, 50), min_size=3, max_size=3), min_size=3, max_size=12))
def test_alpha_is_that_of_naive_loops(items: list[list[int]]) -> None:
    found = cronbach_alpha(np.array(items, float))
    if len({sum(row) for row in items}) == 1:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(naive_alpha([[float(one) for one in row] for row in items]))


@pytest.mark.parametrize("items", [[[1.0], [2.0]], [[1.0, 2.0]], [[1.0, 1.0], [1.0, 1.0]], [[0.1, 0.2], [0.2, 0.1]]])
def test_alpha_is_undefined_for_one_item_one_city_and_a_constant_sum(items: list[list[float]]) -> None:
    assert np.isnan(cronbach_alpha(np.array(items)))


def test_correlations_are_numpy_s_and_undefined_for_constants() -> None:
    scores = drawn("abcd", 20).to_numpy(copy=True)
    assert correlations(scores, scores) == pytest.approx(np.corrcoef(scores.T))
    scores[:, 1] = 0.1
    found = correlations(scores, scores)
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, 1]).all()
    assert np.isfinite(np.delete(np.delete(found, 1, 0), 1, 1)).all()
    assert (centred(scores)[:, 1] == 0.0).all()


def test_deviations_have_the_divisor_n_minus_1() -> None:
    scores = drawn("abcd", 7).to_numpy()
    assert deviation(scores) == pytest.approx(scores.std(axis=0, ddof=1))
    assert deviation(scores, axis=1) == pytest.approx(scores.std(axis=1, ddof=1))
    assert np.isnan(deviation(scores[:1])).all()


def test_shares_of_a_sum_sum_to_1_and_of_rounding_there_are_none() -> None:
    parts = drawn("abcd", 9).to_numpy()
    shares = shares_of_variance(parts, parts.sum(axis=1) + 5.0)
    assert shares.sum() == pytest.approx(1.0)
    total = parts.sum(axis=1)
    assert shares == pytest.approx([np.cov(part, total)[0, 1] / np.var(total, ddof=1) for part in parts.T])
    opposite = np.column_stack([parts[:, 0], parts[:, 1], -(parts[:, 0] * 1.1 + parts[:, 1]), parts[:, 0] * 0.1])
    assert np.ptp(opposite.sum(axis=1)) > 0.0
    assert np.isnan(shares_of_variance(opposite, opposite.sum(axis=1))).all()


# The 2025 index.


def test_which_dimensions_spread(opportunity: xr.Dataset) -> None:
    spread = opportunity["score_sd"].to_series().sort_values()
    assert set(spread.index[-2:]) == {"digital-empowerment", "technological-innovation"}
    assert spread.index[0] == "market-environment"
    scores = load_index("opportunity-2025").score()["score"].sel(node=opportunity["node"].values)
    assert opportunity["score"].values.tolist() == scores.values.tolist()
    assert opportunity["score_sd"].values == pytest.approx(scores.std("city", ddof=1).values)
    assert opportunity["score_range"].values.tolist() == (scores.max("city") - scores.min("city")).values.tolist()
    assert opportunity["score_mean"].values == pytest.approx(scores.mean("city").values)


def test_which_dimensions_correlate(opportunity: xr.Dataset) -> None:
    found = opportunity["node_correlation"].values
    assert found == pytest.approx(np.corrcoef(opportunity["score"].values.T))
    below = np.where(np.tri(10, k=-1) > 0, found, -1.0)
    pair = np.unravel_index(below.argmax(), below.shape)
    assert {str(opportunity["node"].values[k]) for k in pair} == {"digital-empowerment", "regional-synergy"}
    assert below.max() == pytest.approx(0.91, abs=0.005)


def test_which_cities_are_uneven_and_which_first_everywhere(opportunity: xr.Dataset) -> None:
    uneven = opportunity["unevenness"].to_series().sort_values(ascending=False)
    assert list(uneven.index[:5]) == ["nanjing", "dalian", "tianjin", "quanzhou", "yangzhou"]
    first = opportunity["first_everywhere"].to_series()
    assert list(first.index[first]) == ["shanghai", "hangzhou"]


def test_dimension_ranks_are_as_printed(opportunity: xr.Dataset, published_folder: Any) -> None:
    ranks = pd.read_csv(published_folder / "dimension-ranks.csv", index_col="city")
    mine = opportunity["node_rank"].sel(city=ranks.index.to_numpy(), node=ranks.columns.to_numpy())
    assert mine.values.tolist() == ranks.to_numpy().tolist()


def test_weights_of_the_2025_index(opportunity: xr.Dataset) -> None:
    scored = load_index("opportunity-2025").score()
    total = scored["total"].values
    for prefix, axis, parts in (
        ("node_", "node", opportunity["score"].values),
        ("", "indicator", scored["normalised"].values),
    ):
        effective = opportunity[prefix + "effective_weight"]
        assert effective.dims == (axis,)
        assert float(effective.sum()) == pytest.approx(1.0)
        naive = [np.cov(part, total)[0, 1] / total.var(ddof=1) for part in parts.T]
        assert effective.values == pytest.approx(naive)
        squared = [np.corrcoef(part, total)[0, 1] ** 2 for part in parts.T]
        assert opportunity[prefix + "squared_correlation"].values == pytest.approx(squared)
        rest = [np.corrcoef(part, total - part)[0, 1] for part in parts.T]
        assert opportunity[prefix + "rest_correlation"].values == pytest.approx(rest)
        assert opportunity[prefix + "nominal_weight"].values == pytest.approx([1 / len(naive)] * len(naive))
    assert opportunity.attrs == {"no_node_effective_weight": "", "no_effective_weight": ""}


def test_alpha_of_the_2025_index(opportunity: xr.Dataset) -> None:
    assert float(opportunity["cronbach_alpha"]) == pytest.approx(naive_alpha(opportunity["score"].values.tolist()))
    normalised = load_index("opportunity-2025").score()["normalised"]
    for node in opportunity["node"].values:
        of_node = opportunity["dimension"].values == node
        assert of_node.sum() == 5
        expected = naive_alpha(normalised.values[:, of_node].tolist())
        assert float(opportunity["node_alpha"].sel(node=node)) == pytest.approx(expected)


def test_what_is_conspicuous_in_the_2025_index(opportunity: xr.Dataset) -> None:
    told = list(structure_findings(opportunity))
    assert all(finding.cities_changed is None for finding in told)
    by_kind = {kind: [one.subject for one in told if one.kind == kind] for kind in {one.kind for one in told}}
    assert by_kind["redundant pair"] == ["tourism-revenue, visitor-activity"]
    assert by_kind["against the total"][:3] == ["operating-cost", "rent-cover", "waste-recovery"]
    assert "constant" not in by_kind
    assert "index" not in by_kind["low consistency"]
    assert len(by_kind["low consistency"]) == int((opportunity["node_alpha"] < 0.7).sum()) == 7


# Other indices.


def weighted(**root: Any) -> Index:
    children = [
        {"id": "d", "weight": 3, **MIN_MAX, "children": [{"id": "a", "weight": 2}, {"id": "b", "direction": "lower"}]},
        {"id": "e", "aggregate": "sum", "normalise": "z-score", "children": leaves("fg")},
        {"id": "h", "direction": "target", "target": 10},
    ]
    return built({**root, "children": children}, drawn("abfgh", 14))


@pytest.mark.parametrize("aggregate", ["sum", "arithmetic"])
def test_effective_weights_of_an_additive_index_with_weights_and_a_lone_indicator(aggregate: str) -> None:
    index = weighted(aggregate=aggregate)
    told, scored = told_of(index), index.score()
    assert told["node"].values.tolist() == ["d", "e", "h"]
    assert told["dimension"].values.tolist() == ["d", "d", "e", "e", "h"]
    share = np.array([3, 1, 1]) / (5 if aggregate == "arithmetic" else 1)
    parts = told["score"].values * share
    assert parts.sum(axis=1) == pytest.approx(scored["total"].values)
    of_leaves = scored["normalised"].values * share[[0, 0, 1, 1, 2]] * [2 / 3, 1 / 3, 1, 1, 1]
    assert of_leaves.sum(axis=1) == pytest.approx(scored["total"].values)
    total = scored["total"].values
    for name, all_ in (("node_", parts), ("", of_leaves)):
        expected = [np.cov(part, total)[0, 1] / np.var(total, ddof=1) for part in all_.T]
        assert told[name + "effective_weight"].values == pytest.approx(expected)
        rest = [np.corrcoef(part, total - part)[0, 1] for part in all_.T]
        assert told[name + "rest_correlation"].values == pytest.approx(rest)


def test_dimensions_that_are_normalised_again_weigh_as_they_enter() -> None:
    index = weighted(aggregate="sum", normalise={"method": "min-max", "to": [0, 7]})
    told, scored = told_of(index), index.score()
    scores = np.column_stack(
        [scored["score"].sel(node=["d", "e"]).values, -np.abs(index.matrix["value"].sel(indicator="h") - 10)]
    )
    entering = 7 * (scores - scores.min(axis=0)) / np.ptp(scores, axis=0)
    total = entering @ [3, 1, 1]
    assert total == pytest.approx(scored["total"].values)
    expected = [np.cov(part, total)[0, 1] / np.var(total, ddof=1) for part in (entering * [3, 1, 1]).T]
    assert told["node_effective_weight"].values == pytest.approx(expected)
    assert float(told["cronbach_alpha"]) == pytest.approx(naive_alpha(entering.tolist()))
    # The total is a sum of the dimensions, but no sum of the indicators' scores.
    assert np.isnan(told["effective_weight"].values).all()
    assert told.attrs["no_node_effective_weight"] == ""
    assert "indicators" in told.attrs["no_effective_weight"]


def test_an_index_that_does_not_add_up_has_squared_correlations_only() -> None:
    index = weighted(aggregate="geometric", normalise={"method": "min-max", "to": [1, 100]})
    told, scored = told_of(index), index.score()
    assert np.isnan(told["node_effective_weight"].values).all()
    assert np.isnan(told["effective_weight"].values).all()
    assert "dimensions" in told.attrs["no_node_effective_weight"]
    towards = [np.corrcoef(part, scored["total"].values)[0, 1] ** 2 for part in told["score"].values.T]
    assert told["node_squared_correlation"].values == pytest.approx(towards)


def test_a_flat_index_has_its_indicators_as_dimensions() -> None:
    told = told_of(built({**MIN_MAX, "children": leaves("abc")}, drawn("abc", 12)))
    assert told["node"].values.tolist() == told["indicator"].values.tolist() == ["a", "b", "c"]
    for name in ("nominal_weight", "effective_weight", "squared_correlation", "rest_correlation"):
        assert told["node_" + name].values.tolist() == told[name].values.tolist()
    # No dimension has indicators of its own, so none is told twice.
    assert np.isnan(told["node_alpha"].values).all()
    subjects = [(one.kind, one.subject) for one in structure_findings(told)]
    assert len(subjects) == len(set(subjects))


def test_a_deeper_tree_has_its_indicators_in_the_dimension_at_the_top() -> None:
    inner = {"id": "v", **MIN_MAX, "children": leaves("ab")}
    children = [
        {"id": "d", "aggregate": "arithmetic", "children": [inner]},
        {"id": "e", **MIN_MAX, "children": leaves("fg")},
    ]
    root = {"aggregate": "arithmetic", "children": children}
    told = told_of(built(root, drawn("abfg", 12), levels=["index", "dimension", "variable", "indicator"]))
    assert told["node"].values.tolist() == ["d", "e"]
    assert told["dimension"].values.tolist() == ["d", "d", "e", "e"]
    assert float(told["effective_weight"].sum()) == pytest.approx(1.0)
    of_d = told["effective_weight"].values[:2].sum()
    assert of_d == pytest.approx(float(told["node_effective_weight"].sel(node="d")))


def test_one_dimension_has_nothing_to_correlate_with() -> None:
    children = [{"id": "d", **MIN_MAX, "children": leaves("ab")}]
    told = told_of(built({"children": children}, drawn("ab", 12)))
    assert told["node_effective_weight"].values == pytest.approx([1.0])
    assert told["node_squared_correlation"].values == pytest.approx([1.0])
    assert np.isnan(told["node_rest_correlation"].values).all()
    assert np.isnan(float(told["cronbach_alpha"]))
    assert np.isnan(told["unevenness"].values).all()


@pytest.mark.parametrize("cities", [1, 2, 3])
@pytest.mark.parametrize("method", ["min-max", "z-score", "distance-to-best", {"method": "rank", "ties": "mean"}])
def test_few_cities_and_constants_are_told_without_a_warning(cities: int, method: Any) -> None:
    frame = drawn("abfg", cities)
    frame["b"] = 5.0
    children = [
        {"id": "d", "normalise": method, "aggregate": "arithmetic", "children": leaves("ab")},
        {"id": "e", "normalise": method, "aggregate": "arithmetic", "children": leaves("fg")},
    ]
    told = told_of(built({"children": children}, frame))
    assert told["constant"].values.tolist() == [cities == 1, True, cities == 1, cities == 1]
    assert "b" in [one.subject for one in structure_findings(told) if one.kind == "constant"]
    assert np.isnan(told["rest_correlation"].sel(indicator="b"))
    assert not told["first_everywhere"].any()
    if cities > 1:
        assert float(told["effective_weight"].sum()) == pytest.approx(1.0)
        assert float(told["effective_weight"].sel(indicator="b")) == 0.0


def test_opposite_indicators_leave_a_total_without_variance() -> None:
    frame = drawn("ab", 8)
    frame["b"] = frame["a"]
    index = built({"normalise": "z-score", "children": [{"id": "a"}, {"id": "b", "direction": "lower"}]}, frame)
    told = told_of(index)
    assert np.isnan(told["effective_weight"].values).all()
    assert np.isnan(told["squared_correlation"].values).all()
    assert told["rest_correlation"].values == pytest.approx([-1.0, -1.0])
    against = [one for one in structure_findings(told) if one.kind == "against the total"]
    assert [one.subject for one in against] == ["a", "b"]


def test_places_share_the_better_rank() -> None:
    assert places(np.array([3.0, 5.0, 3.0, 1.0])).tolist() == [2, 1, 2, 4]
