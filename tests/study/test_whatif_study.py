"""Studies of what-ifs: chances from draws, whatever the workers; designs, seeds, until, repetition; bad scenarios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from raw_indices import cities_of
from study_files import assert_same_variables
from what_ifs import asked, economy, question, refusal

import simulator as sim
from simulator.errors import DrawError, InputError
from simulator.index import Index
from simulator.repeating import repeat
from simulator.study import plan

GROW = {"grow": {"gdp": "8%"}}
UNCERTAIN = {"grow": {"gdp": {"mean": "8%", "sd": "2%"}}}
ERRORS = {"data-error": {"size": 0.1, "unit": "sd"}}
WEIGHTS = {"weights": {"method": "dirichlet", "concentration": 20}}


@pytest.fixture(scope="module")
def published() -> Index:
    return sim.load_index("opportunity-2025")


@pytest.fixture(scope="module")
def hefei(published: Index) -> xr.Dataset:
    """Return the question of the documentation with 600 draws that vary a good deal."""
    return ran(published, draws=600, factors={**ERRORS, **WEIGHTS})


def ran(index: Index | None = None, workers: int = 1, **more: Any) -> xr.Dataset:
    return asked(index, workers, **{"city": "hefei", "changes": GROW, "draws": 64, **more})


def small(workers: int = 1, **more: Any) -> xr.Dataset:
    written: dict[str, Any] = {"city": "c0", "changes": {"grow": {"gdp": "60%"}}, "draws": 300, "factors": ERRORS}
    return asked(economy(), workers, **{**written, **more})


# What the draws tell.


def test_ranks_before_and_after_are_those_of_the_answer_without_draws(published: Index, hefei: xr.Dataset) -> None:
    alone = ran(published, draws=0)
    for name in alone.data_vars:
        assert hefei[name].values.tolist() == alone[name].values.tolist() or hefei[name].dtype.kind == "f", name
    for name in ("rank_before", "rank_after", "total_before", "total_after", "points_after", "value_after"):
        assert hefei[name].values.tobytes() == alone[name].values.tobytes()
    assert hefei["baseline_rank"].values.tolist() == alone["rank_before"].values.tolist()
    assert hefei["published_rank"].values.tolist() == published.published_rank().values.tolist()
    assert hefei.attrs["draws"] == 600


def test_gains_are_the_difference_of_two_studies_with_the_same_seed(published: Index) -> None:
    """The same scenario without the change, drawn by itself: its mean ranks less those with the change."""
    factors: dict[str, Any] = {"values": {}, **ERRORS, **WEIGHTS}
    keep = {"keep-draws": True}
    with_change = ran(published, draws=200, factors=factors, **keep)
    written = {**question(draws=200, factors=factors), **keep}
    without = sim.run(written, index=published, workers=1)
    gain = without["rank_by_draw"].values - with_change["rank_by_draw"].values
    # The values behind points lie on points there, and on calibrated values here; both are drawn anew in each draw.
    for k, city in enumerate(with_change["city"].values.tolist()):
        counted = with_change["gain_frequency"].sel(city=city)
        assert float(with_change["gain_mean"].sel(city=city)) == pytest.approx(gain[:, k].mean(), abs=1e-12)
        for place in np.unique(gain[:, k]):
            assert float(counted.sel(gain=place)) == pytest.approx((gain[:, k] == place).mean(), abs=1e-12)


def test_total_gains_are_the_difference_of_two_studies_with_the_same_seed(published: Index) -> None:
    factors: dict[str, Any] = {"values": {}, **ERRORS}
    keep = {"keep-draws": True}
    changed = ran(published, draws=200, factors=factors, **keep)
    same = ran(published, draws=200, factors=factors, changes={"multiply": {"gdp": 1}}, **keep)
    gain = (changed["total_by_draw"] - same["total_by_draw"]).sel(city="hefei").values
    # Counted in steps of half a point.
    assert float(changed["total_gain_mean"]) == pytest.approx(gain.mean(), abs=0.25)
    assert float(changed["total_gain_mean_se"]) == pytest.approx(gain.std(ddof=1) / np.sqrt(200), rel=0.05)
    for name, level in (("p05", 0.05), ("median", 0.5), ("p95", 0.95)):
        expected = np.sort(gain)[int(np.ceil(level * 200)) - 1]
        assert float(changed[f"total_gain_{name}"]) == pytest.approx(expected, abs=0.5)
    assert float(same["total_gain_mean"]) == float(same["total_gain_p95"]) == 0.0


def test_where_the_city_is_left_out_of_some_draws_the_others_count() -> None:
    out = {"leave-out": {"level": "city", "among": ["c0", "c5"], "probability": 0.5}}
    for design in ("monte-carlo", "sobol"):
        result = small(factors={**ERRORS, **out, **WEIGHTS}, draws=8192, design=design)
        own = result.sel(city="c0")
        assert 0 < int(own["draws_with_city"]) < 8192
        assert float(own["keep_chance"]) == float(own["gain_frequency"].sel(gain=0))
        assert 0.0 < float(result["total_gain_mean_se"]) < 0.02 * float(result["total_gain_mean"])


def test_hefei_gains_most_often_and_a_city_far_away_nothing(hefei: xr.Dataset) -> None:
    own = hefei.sel(city="hefei")
    assert float(own["gain_mean"]) > 3.0 * float(own["gain_mean_se"])
    assert float(own["gain_chance"].sel(at_least=1)) > float(own["loss_chance"].sel(at_least=1))
    assert float(own["loss_chance"].sel(at_least=5)) < 0.05
    assert hefei["gain_chance"].sel(at_least=1).to_series().idxmax() == "hefei"
    assert float(hefei["gain_frequency"].sel(city="zhaoqing", gain=0)) == 1.0
    chance = hefei["gain_chance"].sel(city="hefei").values
    assert (np.diff(chance) <= 0.0).all()
    passed = hefei["places_gained_median"].to_series()
    assert passed["deposit-loan-density"] < 0 < passed["output-per-capita"]
    assert passed["hospital-beds"] == 0
    assert (hefei["places_gained_p05"] <= hefei["places_gained_p95"]).all()


def test_a_change_without_an_effect_gains_nothing_in_any_draw(published: Index) -> None:
    """Of all 60 cities, with errors, weights, omissions and methods varying: everything cancels out exactly."""
    factors = {
        **ERRORS,
        **WEIGHTS,
        "leave-out": {"level": "variable", "probability": 0.5},
        "normalisation": ["as-defined", "z-score"],
    }
    for nothing in ({"multiply": {"gdp": 1}}, {"multiply": {"loans-2023": 3}}, {"move": {"rd-intensity": 0}}):
        result = ran(published, changes=nothing, factors=factors)
        assert (result["gain_frequency"].sel(gain=0) == 1.0).all()
        assert (result["gain_mean"] == 0.0).all()
        assert (result["gain_mean_se"] == 0.0).all()
        assert (result["places_gained_p95"] == 0).all()


def test_without_anything_else_varied_ranks_by_points_gain_the_same_in_every_draw() -> None:
    """The values drawn agree with the print, and ratios known of all are held: only what stands in varies."""
    result = small(factors={}, draws=100)
    gain = result["rank_before"] - result["rank_after"]
    for city in result["city"].values.tolist():
        assert float(result["gain_frequency"].sel(city=city, gain=int(gain.sel(city=city)))) == 1.0


def test_uncertain_amounts_are_at_their_means_in_the_answer(published: Index) -> None:
    certain = ran(published, draws=0)
    drawn = ran(published, changes=UNCERTAIN, draws=200)
    for name in ("rank_after", "total_after", "quantity_after", "points_after"):
        np.testing.assert_allclose(drawn[name].values, certain[name].values, rtol=1e-14)
    assert float(drawn["gain_mean_se"].sel(city="hefei")) > 0.0


def test_groups_have_gains_without_a_city_in_question(published: Index) -> None:
    result = ran(published, city=None, changes={**GROW, "cities": {"cluster": "yangtze-delta"}})
    assert result.attrs["city"] == ""
    assert "places_gained_median" not in result
    delta = result["cluster"].values == "yangtze-delta"
    assert float(result["gain_mean"].values[delta].mean()) > float(result["gain_mean"].values[~delta].mean())


# Workers, seeds, repetition, designs.


@pytest.mark.parametrize("design", ["monte-carlo", "sobol", "latin-hypercube"])
def test_two_workers_are_one_to_the_byte(design: str) -> None:
    more = {"changes": UNCERTAIN, "factors": {**ERRORS, **WEIGHTS}, "draws": 3000, "design": design, "pairs": True}
    assert_same_variables(small(**more), small(workers=2, **more))


def test_a_result_is_repeated_to_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "what-if.yaml"
    file.write_text(json.dumps(question(**{"city": "合肥", "changes": UNCERTAIN, "draws": 80})), encoding="utf-8")
    result = sim.run(file, workers=1, overrides=["others=5%"])
    sim.write_result(result, tmp_path / "result.nc")
    again = repeat(tmp_path / "result.nc", workers=2)
    assert again.same, again.differing
    assert (again.differing, again.changed) == ((), ())
    assert again.result.attrs["held"] == result.attrs["held"]


def test_an_answer_without_draws_is_repeated_too() -> None:
    result = ran(draws=0)
    assert repeat(result, workers=1).same


def test_seeds_change_the_chances_and_not_the_answer() -> None:
    one, other, again = (small(seed=seed) for seed in (1, 2, 1))
    assert one["rank_after"].equals(other["rank_after"])
    assert not one["gain_frequency"].equals(other["gain_frequency"])
    assert one["gain_frequency"].equals(again["gain_frequency"])


@pytest.mark.parametrize("design", ["sobol", "latin-hypercube"])
def test_evenly_spread_designs_have_errors_from_their_blocks(design: str) -> None:
    more = {"factors": {**ERRORS, **WEIGHTS}}
    spread = small(design=design, draws=8192, **more)
    independent = small(draws=8192, **more)
    assert spread.attrs["draws"] == 8192
    for name in ("gain_mean", "gain_chance", "loss_chance", "gain_frequency"):
        assert np.isfinite(spread[f"{name}_se"].values).all()
        error = np.hypot(spread[f"{name}_se"], independent[f"{name}_se"])
        assert (np.abs(spread[name] - independent[name]) <= 6.0 * error + 2e-3).all()
    assert float(spread["gain_mean_se"].max()) > 0.0
    assert not np.allclose(spread["gain_mean_se"], independent["gain_mean_se"], rtol=1e-6)


def test_until_goes_on_until_the_gains_are_sure_as_well() -> None:
    """The largest standard error of the reported chances: those of gains and losses are chances that are reported."""
    result = small(until=0.008, draws=100)
    assert result.attrs["until"] == 0.008
    assert result.attrs["draws"] >= 2048
    for name in ("gain_chance_se", "loss_chance_se", "gain_frequency_se", "rank_frequency_se"):
        assert float(result[name].max()) <= 0.008, name
    assert_same_variables(result, small(until=0.008, draws=100, workers=2))


def test_until_looks_at_gains_where_all_ranks_are_sure() -> None:
    """Two cities are neck and neck until one of them takes off: its rank is then certain, its gain is 1 or 0, even."""
    tree = {"id": "total", "normalise": "z-score", "children": [{"id": "a"}]}
    frame = pd.DataFrame({"a": [1.0, 1.0001, 50.0, 100.0, 200.0]}, index=cities_of(5))
    index = sim.build_index({"schema_version": 1, "id": "own", "levels": ["i", "l"], "index": tree}, frame)
    result = asked(
        index,
        city="c0",
        changes={"add": {"a": 10}},
        factors={"data-error": {"size": 0.05, "unit": "relative"}},
        draws=100,
        until=0.006,
    )
    assert float(result["rank_frequency_se"].max()) == 0.0
    assert float(result["gain_chance"].sel(city="c0", at_least=1)) == pytest.approx(0.5, abs=0.03)
    assert 0.0 < float(result["gain_chance_se"].max()) <= 0.006
    assert result.attrs["draws"] >= 6144


def test_exhaustive_designs_are_exact() -> None:
    written: dict[str, Any] = {
        "factors": {"ties": ["better", "worse", "mean"], "leave-out": {"level": "indicator"}},
        "design": "exhaustive",
        "draws": None,
    }
    result = small(**written)
    assert result.attrs["draws"] == 9
    assert (result["gain_mean_se"] == 0.0).all()
    assert (result["gain_chance_se"] == 0.0).all()
    assert result["rank_by_draw"].shape[0] == result.attrs["draws"]


def test_amounts_that_are_drawn_cannot_be_enumerated() -> None:
    more = {"factors": {"ties": ["better", "worse"]}, "design": "exhaustive", "draws": None}
    told = refusal(economy(), city="c0", changes=UNCERTAIN, **more)
    assert (
        "changes: amounts that are drawn cannot be enumerated. Give their means, or take design: monte-carlo." in told
    )
    told = refusal(economy(), city="c0", changes=GROW, others={"low": 0, "high": 0.1}, **more)
    assert "amounts that are drawn cannot be enumerated" in told


def test_an_exhaustive_design_with_certain_amounts_needs_something_to_enumerate() -> None:
    told = refusal(economy(), city="c0", changes=GROW, design="exhaustive", draws=None)
    assert "an exhaustive design needs a factor with alternatives" in told


@pytest.mark.parametrize(
    "factors",
    [
        {},
        {"values": {"tied": "middle"}},
        {"values": {"indicators": ["rd-intensity", "government-debt"]}, **WEIGHTS},
        {"normalisation": ["as-defined", "z-score", "min-max"]},
        {"ties": ["as-published", "better", "mean"], "aggregation": ["arithmetic", "geometric"]},
        {"leave-out": [{"level": "variable"}, {"level": "city", "count": 2}]},
        {"data-error": {"size": 0.1, "unit": "relative", "correlation": 0.4, "distribution": "uniform"}},
        {"data-error": [{"size": 0.1, "unit": "sd"}, {"size": 0.05, "unit": "sd", "indicators": ["rd-intensity"]}]},
    ],
)
def test_whatever_varies_beside_a_change(published: Index, factors: dict[str, Any]) -> None:
    """A ranking in every draw, both before and after; gains within their bounds; a city left out gains nothing."""
    result = ran(
        published, changes=[UNCERTAIN, {"cities": "wuxi", "move": {"rd-intensity": "5 places"}}], factors=factors
    )
    frequency = result["gain_frequency"]
    np.testing.assert_allclose(frequency.sum("gain"), 1.0, rtol=1e-12)
    assert (result["rank_min"] >= 1).all()
    assert np.isfinite(result["gain_mean"].values).all()
    seen = result["draws_with_city"].values
    assert (seen == 64).all() or "leave-out" in factors


def test_a_data_error_in_places_is_one_in_standard_deviations(published: Index) -> None:
    """Points 1 to 60 have a standard deviation of sqrt(60 * 61 / 12)."""
    places = ran(published, draws=30, factors={"data-error": {"size": 2, "unit": "places"}})
    size = float(2.0 * np.sqrt(12.0 / (60 * 61)))
    sd = ran(published, draws=30, factors={"data-error": {"size": size, "unit": "sd"}})
    assert places["gain_frequency"].values.tolist() == sd["gain_frequency"].values.tolist()
    assert places["rank_frequency"].values.tolist() == sd["rank_frequency"].values.tolist()


def test_a_data_error_in_places_is_refused_where_only_some_values_are_drawn() -> None:
    """The others stand on raw values too."""
    some: dict[str, Any] = {"values": {"indicators": ["trade-balance"]}}
    for indicators in ({}, {"indicators": ["rd-intensity"]}):
        error = {"data-error": {"size": 2, "unit": "places", **indicators}}
        told = refusal(city="hefei", changes=GROW, factors={**error, **some}, draws=10)
        assert "an error in places acts on points" in told


def test_readings_recipes_and_selections_can_be_asked(published: Index) -> None:
    pillars = {"money": ["economic-scale", "output-per-capita"], "mind": ["rd-intensity", "innovation-talent"]}
    result = ran(published, reading={"pillars": pillars})
    assert sorted(result["indicator"].values.tolist()) == sorted([*pillars["money"], *pillars["mind"]])
    assert {"money", "mind"} < set(result["node"].values.tolist())
    cities = ["hefei", "nanjing", "wuxi", "ningbo", "qingdao"]
    result = ran(published, cities=cities, recipe={"normalisation": "z-score"})
    assert result.sizes["city"] == 5
    assert sorted(result["gain"].values.tolist()) == list(range(-4, 5))


def test_draws_are_kept_if_asked_for(published: Index) -> None:
    result = ran(published, draws=20, **{"keep-draws": True, "pairs": True})
    assert result["rank_by_draw"].shape == (20, 60)
    assert float(result["pair_win"].sel(city="shanghai", other_city="zhaoqing")) == 1.0
    share = (result["rank_by_draw"] == 1).mean("draw").values
    np.testing.assert_allclose(result["rank_frequency"].sel(rank=1).values, share, rtol=1e-12)


def test_every_variable_of_a_result_is_described(hefei: xr.Dataset) -> None:
    for name in hefei.data_vars:
        assert hefei[name].attrs["long_name"], name


def test_results_survive_a_file(tmp_path: Path, hefei: xr.Dataset) -> None:
    sim.write_result(hefei, tmp_path / "result.nc")
    back = sim.read_result(tmp_path / "result.nc")
    for name in ("rank_after", "gain_frequency", "passed", "quantity_after", "origin", "formula"):
        assert back[name].values.tolist() == hefei[name].values.tolist()


def test_answers_without_quantities_survive_a_file(tmp_path: Path) -> None:
    """Nothing but a move: no quantity changes, and no part is reached."""
    result = ran(changes={"move": {"rd-intensity": 3}}, draws=0)
    assert result.sizes["part"] == 0
    sim.write_result(result, tmp_path / "result.nc")
    back = sim.read_result(tmp_path / "result.nc")
    assert back["rank_after"].values.tolist() == result["rank_after"].values.tolist()


def test_unknown_figures_are_refused_and_given_ones_make_them_known() -> None:
    told = refusal(city="hefei", changes={"multiply": {"exports": 1.2}})
    assert "trade-dependence: (exports + imports) / gdp is not known of hefei, nor how it changes." in told
    assert "trade-balance: abs(exports - imports) / (exports + imports) is not known of hefei" in told
    assert "Give exports, imports" in told
    assert "move trade-dependence" in told
    given = {"hefei": {"exports": 2_300, "imports": 1_400}}
    result = ran(changes={"multiply": {"exports": 1.2}}, figures=given, draws=0)
    ratio = result["part_ratio"].sel(city="hefei").to_series()
    assert ratio["trade-to-gdp"] == pytest.approx((1.2 * 2300 + 1400) / 3700)
    assert ratio["trade-imbalance"] == pytest.approx((1.2 * 2300 - 1400) / (1.2 * 2300 + 1400) / (900 / 3700))
    # Given figures do not move the baseline: the published points stand.
    assert int(result["rank_before"].sel(city="hefei")) == 15
    assert result.sel(city="hefei")["origin"].values.tolist() == ["given"]


def test_faults_of_a_scenario_are_told_at_once_and_nothing_is_drawn() -> None:
    told = refusal(
        city="hefei",
        changes=[{"grow": {"gdp": -1.5}}, {"grow": {"gdp": 8}}, {"add": {"gdp": "5%"}}, {"cities": "wuxi"}],
        spillover={"from": "hefei", "to": "wuxi", "share": 1.2},
        draws=-1,
    )
    assert "6 faults" in told
    for part in (
        "a growth of -150 % leaves nothing, or less",
        "a growth of 800 % more than doubles it in a year",
        "'5%' is a percentage",
        "nothing is changed. Add grow",
        "is no share. Give 0 to 1",
        "draws",
    ):
        assert part in told


def test_what_draws_alone_can_lead_to_is_an_error_with_a_place(published: Index) -> None:
    """A figure that is drawn may fall below nought in some draw, and then says so (convention 10)."""
    changes = {"add": {"public-revenue": {"mean": 0, "sd": 3000}}}
    with pytest.raises(DrawError) as caught:
        ran(published, changes=changes, draws=500)
    told = str(caught.value)
    assert "public-revenue of hefei would be -" in told
    assert "in a draw, as far as the uncertain amounts of the changes go (convention 10). Narrow them." in told


def test_a_plan_knows_the_question_before_it_is_run() -> None:
    study = plan(question(city="hefei", changes=GROW))
    assert study.question is not None
    assert study.question.city == "hefei"
    assert list(study.parts) == [""]


def test_an_empty_cell_in_a_file_is_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "schema_version: 1\nname: s\nindex: opportunity-2025\ncity: hefei\nchanges:\n  grow:\n    gpd: 8%\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        sim.run(file, workers=1)
    assert "line 7, changes.grow.gpd: no quantity 'gpd'. Did you mean gdp" in str(caught.value)


def test_overrides_reach_into_changes() -> None:
    base = question(city="hefei", changes={"grow": {"gdp": "8%"}})
    result = sim.run(base, overrides=["changes.grow.gdp=3%", "city=wuxi"], workers=1)
    assert result.attrs["city"] == "wuxi"
    ratio = result["quantity_after"].sel(quantity="gdp") / result["quantity_before"].sel(quantity="gdp")
    assert float(ratio.sel(city="wuxi")) == pytest.approx(1.03, rel=1e-14)
    assert float(ratio.sel(city="hefei")) == 1.0


def test_a_gain_that_spills_over_on_the_published_index(published: Index) -> None:
    """From the table: Wuxi and Nanjing get three tenths of Hefei's 8 % and of its points of growth."""
    assert published.raw is not None
    start = published.raw.quantities["value"].to_pandas()
    spill = {"from": "hefei", "to": ["wuxi", "nanjing"], "share": "30%"}
    result = ran(published, spillover=spill, others="last-rate", draws=0)
    after = result["quantity_after"].to_pandas()
    own = start.loc["hefei", "gdp-growth"]
    for city in result["city"].values.tolist():
        gdp, growth = start.loc[city, "gdp"], start.loc[city, "gdp-growth"]
        level, rate = gdp * (1.0 + growth / 100.0), growth
        if city == "hefei":
            level, rate = gdp * 1.08, 8.0
        elif city in ("wuxi", "nanjing"):
            level *= 1.0 + 0.3 * (1.08 / (1.0 + own / 100.0) - 1.0)
            rate += 0.3 * (8.0 - own)
        assert after.loc[city, "gdp"] == pytest.approx(level, rel=1e-12)
        assert after.loc[city, "gdp-growth"] == pytest.approx(rate, rel=1e-12)
    assert result["passed"].sel(city="hefei").any()


def test_an_index_in_memory_is_repeated_with_that_index() -> None:
    result = small(changes=UNCERTAIN)
    assert repeat(result, workers=2, index=economy()).same
    with pytest.raises(InputError, match="is of an index in memory"):
        repeat(result)
