"""Weights found from data or given by experts: closed forms, naive loops, and what an index makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simulator as sim
from simulator.construction.data_weights import (
    component_weights,
    critic_weights,
    entropy_weights,
    first_component_weights,
)
from simulator.errors import InputError
from simulator.kernels.arrays import Floats

METHODS = (component_weights, first_component_weights, entropy_weights, critic_weights)
EXPERTS = {"ada": {"a": 60, "b": 40}, "bo": {"a": 1, "b": 1, "c": 2}}


def table(seed: int = 2, cities: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    common, own, other = rng.normal(size=(3, cities))
    columns = {"a": common, "b": common + 0.3 * own, "c": other, "d": rng.lognormal(size=cities)}
    return pd.DataFrame(columns, index=[f"c{k}" for k in range(cities)])


def definition(**more: Any) -> dict[str, Any]:
    parts = [
        {"id": "one", "normalise": "z-score", "aggregate": "arithmetic", "children": [{"id": "a"}, {"id": "b"}]},
        {"id": "two", "normalise": "z-score", "aggregate": "arithmetic", "children": [{"id": "c"}, {"id": "d"}]},
    ]
    root = {"id": "total", "aggregate": "arithmetic", "children": parts}
    return {"schema_version": 1, "id": "mine", "levels": ["index", "part", "indicator"], "index": root, **more}


@pytest.fixture(scope="module")
def index() -> sim.Index:
    return sim.build_index(definition(), table())


@given(seed=st.integers(0, 2**32 - 1), members=st.integers(1, 8), cities=st.integers(3, 30))
def test_weights_are_shares_and_do_not_depend_on_units(seed: int, members: int, cities: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(members, cities))
    for by in METHODS:
        weight = by(scores)
        assert (weight >= -1e-15).all()
        assert weight.sum() == pytest.approx(1.0)
        scale = rng.uniform(0.5, 20.0, (members, 1))
        np.testing.assert_allclose(by(scores * scale + 3.0), weight, atol=1e-7)


@pytest.mark.parametrize("by", METHODS)
def test_what_is_the_same_for_all_weighs_nothing_and_all_the_same_weigh_equally(by: Any) -> None:
    scores = np.vstack([np.ones(12), np.random.default_rng(1).normal(size=(2, 12))])
    assert by(scores)[0] == 0.0
    np.testing.assert_allclose(by(np.ones((4, 12))), 0.25)


def test_entropy_and_critic_by_naive_loops() -> None:
    scores = table().T.to_numpy()
    raised = (scores - scores.min(axis=1, keepdims=True)) / np.ptp(scores, axis=1)[:, np.newaxis]
    entropy = []
    for row in raised / raised.sum(axis=1, keepdims=True):
        entropy.append(-sum(p * np.log(p) for p in row if p > 0.0) / np.log(row.size))
    expected = 1.0 - np.array(entropy)
    np.testing.assert_allclose(entropy_weights(scores), expected / expected.sum(), rtol=1e-12)
    conflict = np.array(
        [raised[j].std(ddof=1) * sum(1.0 - np.corrcoef(raised[j], raised[k])[0, 1] for k in range(4)) for j in range(4)]
    )
    np.testing.assert_allclose(critic_weights(scores), conflict / conflict.sum(), rtol=1e-9)


def test_components_that_are_apart_keep_their_members() -> None:
    """Two pairs of twins: two components, each of half the variance, each shared by its twins."""
    rng = np.random.default_rng(5)
    one, other = rng.normal(size=(2, 500))
    scores = np.array([one, one, other, other])
    np.testing.assert_allclose(component_weights(scores), 0.25, atol=0.01)
    # One component explains three quarters, and the lone one has an eigenvalue of 1 at most.
    assert component_weights(np.array([one, one, one, -other]))[3] < 0.02


def test_rotated_loadings_are_those_of_a_search_over_angles() -> None:
    scores = table().T.to_numpy()
    value, vector = np.linalg.eigh(np.corrcoef(scores))
    loading = vector[:, ::-1][:, :2] * np.sqrt(value[::-1][:2])
    best, most = loading, -np.inf
    for angle in np.linspace(0.0, np.pi, 20_001):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned = loading @ turn
        spread = ((turned**2).var(axis=0)).sum()
        if spread > most:
            best, most = turned, spread
    expected = (best**2).max(axis=1)
    assert value[::-1][1] > 1.0
    np.testing.assert_allclose(component_weights(scores), expected / expected.sum(), atol=1e-4)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ({"method": "by-count"}, [0.25, 0.25, 0.25, 0.25]),
        ({"method": "budget-allocation", "experts": EXPERTS}, [0.425, 0.325, 0.25, 0.0]),
        ({"method": "budget-allocation", "experts": {"ada": {"two": 3, "one": 1}}}, [0.125, 0.125, 0.375, 0.375]),
    ],
)
def test_a_recipe_weighs_as_said(index: sim.Index, method: dict[str, Any], expected: list[float]) -> None:
    scored = index.score({"weighting": method})
    np.testing.assert_allclose(scored["nominal_weight"], expected, atol=1e-12)
    zscores = index.score()["normalised"].values
    np.testing.assert_allclose(scored["total"], zscores @ np.array(expected), atol=1e-12)


@pytest.mark.parametrize(("name", "by"), [("entropy", entropy_weights), ("critic", critic_weights)])
def test_weights_are_found_from_the_scores_of_a_level(index: sim.Index, name: str, by: Any) -> None:
    scored = index.score({"weighting": name})
    np.testing.assert_allclose(scored["nominal_weight"], by(index.score()["normalised"].values.T), atol=1e-12)
    parts: Floats = index.score()["score"].sel(node=["one", "two"]).values.T
    of_parts = index.score({"weighting": {"method": name, "over": "part"}})["nominal_weight"].values
    np.testing.assert_allclose(of_parts, np.repeat(by(parts) / 2.0, 2), atol=1e-12)


def test_weights_may_be_those_of_equal_importance(index: sim.Index) -> None:
    found = index.score({"weighting": "importance"})
    direct = sim.weights_for_importance(index, "part")
    np.testing.assert_allclose(found["nominal_weight"], np.repeat(direct["weight"].values / 2.0, 2), atol=1e-9)
    assert direct.attrs["reached"] == 1
    with pytest.raises(InputError, match="is not linear in the weights"):
        index.score({"weighting": "importance", "aggregation": {"index": "median"}})


def test_weightings_are_choices_of_a_study(index: sim.Index) -> None:
    weights: list[Any] = ["as-defined", "pca", "entropy", "critic", {"method": "pca", "components": "first"}]
    scenario = {
        "schema_version": 1,
        "name": "s",
        "index": "mine",
        "design": "exhaustive",
        "factors": {"weights": weights},
    }
    found = sim.run(scenario, index=index, workers=1)
    for draw, weighting in enumerate(found["draw_weights"].values):
        recipe = {"method": "pca", "components": "first"} if "first" in weighting else weighting
        expected = index.score({"weighting": recipe})
        np.testing.assert_allclose(found["total_by_draw"][draw], expected["total"], atol=1e-12)
        assert (found["rank_by_draw"][draw].values == expected["rank"].values).all()


def test_each_draw_may_take_one_expert(index: sim.Index) -> None:
    weights = {"method": "budget-allocation", "experts": EXPERTS, "take": "expert"}
    scenario = {"schema_version": 1, "name": "s", "index": "mine", "draws": 4000, "seed": 3, "keep-draws": True}
    one, two = (sim.run({**scenario, "factors": {"weights": weights}}, index=index, workers=count) for count in (1, 2))
    assert one["total_by_draw"].values.tobytes() == two["total_by_draw"].values.tobytes()
    totals = one["total_by_draw"].values
    ada, bo = (
        index.score({"weighting": {"method": "budget-allocation", "experts": {name: EXPERTS[name]}}})["total"].values
        for name in EXPERTS
    )
    by_ada = np.isclose(totals, ada).all(axis=1)
    assert (by_ada | np.isclose(totals, bo).all(axis=1)).all()
    assert by_ada.mean() == pytest.approx(0.5, abs=4.0 * np.sqrt(0.25 / 4000))


@pytest.mark.parametrize(
    ("weighting", "message"),
    [
        ({"method": "entropy", "over": "parts"}, "Did you mean part"),
        ({"method": "budget-allocation", "experts": {"ada": {"a": 1, "two": 2}}}, "members of 2 levels"),
        ({"method": "budget-allocation", "experts": {"ada": {"a": 0}, "bo": {"zz": 1}}}, r"(?s)gives no points.*zz"),
        ({"method": "dirichlet", "concentration": 1}, "is random, and a recipe is not"),
    ],
)
def test_what_cannot_be_is_refused(index: sim.Index, weighting: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        index.score({"weighting": weighting})


def test_blank_cells_tell_nothing_of_weights() -> None:
    data = table()
    data.iloc[3, 1] = np.nan
    blank = sim.build_index(definition(imputation="share-weight"), data)
    with pytest.raises(InputError, match="1 cells are blank"):
        blank.score({"weighting": "entropy"})
