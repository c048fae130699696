"""Studies that draw the values behind printed points: what stays as published, and published figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from raw_indices import drawn, index_of_points, with_raw
from study_files import assert_same_variables, written

import simulator as sim
from simulator.index import Index, load_index
from simulator.uncertainty.design import BLOCK


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


def study(values: Any, draws: int = 60, workers: int = 1, **more: Any) -> xr.Dataset:
    factors = {"values": values, **more.pop("factors", {})}
    return sim.run(written(draws=draws, seed=11, factors=factors, **{"keep-draws": True}, **more), workers=workers)


BOTH = pytest.mark.parametrize("values", [{}, {"raw": "ignore"}], ids=["raw used", "raw ignored"])


# By rank, drawn values are the printed order again.


@BOTH
def test_under_the_printed_rule_every_draw_is_the_index_as_published(published: Index, values: Any) -> None:
    result = study(values)
    assert published.published is not None
    for name, printed, tolerance in (("rank", "rank_by_draw", 0), ("total", "total_by_draw", 1e-9)):
        own = published.published[name].values
        np.testing.assert_allclose(result[printed], np.broadcast_to(own, (60, 60)), rtol=0, atol=tolerance)
    for name in ("rank_min", "rank_max", "baseline_rank", "scenario_rank"):
        assert result[name].values.tolist() == published.published["rank"].values.tolist()
    assert [float(result[n]) for n in ("mean_abs_rank_shift", "kendall_tau", "spearman_rho")] == [0, 1, 1]


@BOTH
@pytest.mark.parametrize("rule", ["better", "worse", "mean", "no-gaps"])
def test_under_another_tie_rule_every_draw_is_the_index_by_that_rule(published: Index, values: Any, rule: str) -> None:
    result = study(values, recipe={"ties": rule})
    scored = published.score({"ties": rule})
    np.testing.assert_allclose(result["total_by_draw"], np.broadcast_to(scored["total"], (60, 60)), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(result["rank_by_draw"], np.broadcast_to(scored["rank"], (60, 60)))


@pytest.mark.parametrize("rule", ["as-published", "better"])
def test_among_some_cities_it_is_their_order_too(published: Index, rule: str) -> None:
    cities = ["hefei", "wuhan", "suzhou", "harbin", "ningbo", "qingdao", "yinchuan"]
    result = study({}, cities=cities, recipe={"ties": rule})
    scored = published.select(cities).score({"ties": rule})
    np.testing.assert_allclose(result["total_by_draw"], np.broadcast_to(scored["total"], (60, 7)), rtol=0, atol=1e-9)


def test_percentile_ranks_do_not_see_the_values_either(published: Index) -> None:
    recipe = {"normalisation": {"method": "percentile-rank", "ties": "mean"}}
    result, scored = study({}, recipe=recipe), published.score(recipe)
    np.testing.assert_allclose(result["total_by_draw"], np.broadcast_to(scored["total"], (60, 60)), rtol=0, atol=1e-9)


@BOTH
def test_what_depends_on_distances_varies_with_the_values(values: Any) -> None:
    result = study(values, recipe={"normalisation": "z-score"})
    spread = result["total_by_draw"].std("draw")
    assert (spread > 0).all()
    assert 0.5 < float(result["mean_abs_rank_shift"]) < 4


def test_values_that_are_all_known_do_not_vary() -> None:
    """But for those that are out of the printed order."""
    points = index_of_points({"m-a": [1, 2, 3, 4, 5, 6], "m-b": [6, 4, 4, 3, 2, 1]})
    known = {"m-a": [1.0, 2, 4, 8, 16, 32], "m-b": [9.0, 5, 5, 4, 2, 1]}
    scenario = written(draws=60, recipe={"normalisation": "z-score"}, factors={"values": {}}, **{"keep-draws": True})
    totals = sim.run(scenario, index=with_raw(points, known), workers=1)["total_by_draw"].values
    assert (totals == totals[0]).all()
    columns = [np.array(column) for column in known.values()]
    expected = sum((column - column.mean()) / column.std(ddof=1) for column in columns)
    np.testing.assert_allclose(totals[0], expected)
    unknown = with_raw(points, {**known, "m-b": [9.0, 5, 5, np.nan, 2, 1]})
    totals = sim.run(scenario, index=unknown, workers=1)["total_by_draw"].values
    assert (totals.std(axis=0) > 0).all()


# The same bytes.


def test_workers_change_nothing() -> None:
    scenario = written(
        draws=3 * BLOCK + 100,
        seed=4,
        recipe={"normalisation": "z-score"},
        factors={"values": {}, "data-error": {"size": 0.1, "unit": "sd", "correlation": 0.5}},
    )
    one, two, three = (sim.run(scenario, workers=count) for count in (1, 2, 3))
    assert_same_variables(one, two)
    assert_same_variables(one, three)


@pytest.mark.parametrize("cells", [1, 50_000, 10**8])
def test_how_blocks_are_cut_changes_nothing(monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    factors = {
        "data-error": {"size": 0.1, "unit": "relative", "correlation": 0.5},
        "normalisation": ["z-score", "min-max"],
    }
    whole = study({}, 300, factors=dict(factors))
    monkeypatch.setattr("simulator.uncertainty.realisation.CHUNK_CELLS", cells)
    assert_same_variables(study({}, 300, factors=dict(factors)), whole)


def test_draws_stay_when_there_are_more_of_them_and_the_seed_matters() -> None:
    recipe = {"normalisation": "z-score"}
    few, many = study({}, 50, recipe=recipe), study({}, 130, recipe=recipe)
    np.testing.assert_array_equal(few["total_by_draw"], many["total_by_draw"][:50])
    other = sim.run(
        written(draws=50, recipe=recipe, factors={"values": {}}, **{"keep-draws": True}), seed=12, workers=1
    )
    assert (few["total_by_draw"].values != other["total_by_draw"].values).all()


def test_a_stored_study_is_repeated_to_the_byte(tmp_path: Any) -> None:
    result = sim.run(written(draws=200, seed=3, recipe={"normalisation": "min-max"}, factors={"values": {}}), workers=1)
    sim.write_result(result, tmp_path / "o.nc")
    assert sim.repeat(tmp_path / "o.nc", workers=2).same


# Published figures: order statistics of three shapes, no raw side.

EQUALLY = {
    "raw": "ignore",
    "signed": ["normal", {"method": "lognormal", "sigma": [0.3, 1.5]}, {"method": "uniform", "low": [0, 0]}],
}


@pytest.mark.parametrize(
    ("normalisation", "beijing", "shanghai", "shift"),
    [("z-score", 0.847, 0.152, 1.36), ("min-max", 0.885, 0.114, 1.51)],
)
def test_who_is_first_when_only_the_order_of_the_values_is_known(
    normalisation: str, beijing: float, shanghai: float, shift: float
) -> None:
    scenario = written(draws=20_000, seed=2025, recipe={"normalisation": normalisation}, factors={"values": EQUALLY})
    result = sim.run(scenario, workers=2)
    first = result["top_1"].to_series()
    assert first["beijing"] == pytest.approx(beijing, abs=0.01)
    assert first["shanghai"] == pytest.approx(shanghai, abs=0.01)
    assert first["beijing"] + first["shanghai"] > 0.99
    assert float(result["mean_abs_rank_shift"]) == pytest.approx(shift, abs=0.03)
    assert float(result["top_1_se"].max()) < 0.003


def test_a_draw_is_the_index_scored_on_the_values_drawn(published: Index) -> None:
    """The slow way: min-max of every variable by hand, added up; ranks by counting."""
    result = study({}, 5, recipe={"normalisation": "min-max"})
    values = drawn(published, {"values": {}}, 5, seed=11)
    for draw in range(5):
        total = sum((row - row.min()) / (row.max() - row.min()) for row in values[draw])
        np.testing.assert_allclose(result["total_by_draw"][draw], total, rtol=1e-12)
        ranks = [1 + int((total > own).sum()) for own in total]
        assert result["rank_by_draw"][draw].values.tolist() == ranks
