"""Studies of raw and calibrated values: what varies on them, what they say of themselves, which are refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from naive_points import (
    competition_ranks,
    points_table,
    quantity_table,
    rank_points,
    values_behind,
    with_points_made_again,
)
from raw_indices import GDP, PEOPLE, drawn, index_of_points, with_raw, write_printed_index
from study_files import assert_same_variables, written

import simulator as sim
from simulator.assembly import describe_errors, describe_source, describe_values
from simulator.errors import InputError
from simulator.index import Index, load_index
from simulator.repeating import repeat
from simulator.scenario import open_scenario, read_scenario
from simulator.sourcing import resolve_sources, with_sources
from simulator.study import plan
from simulator.uncertainty.factors import DataError, Factors
from simulator.uncertainty.realisation import Realisation, bind


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


def ran(draws: int | None = 20, **more: Any) -> xr.Dataset:
    size = {} if draws is None else {"draws": draws}
    return sim.run(written(**size, seed=1, **more), workers=1)


def message_of(**more: Any) -> str:
    with pytest.raises(InputError) as caught:
        ran(**more)
    return str(caught.value)


# The ranking with nothing varied.


def test_raw_moves_the_scenario_s_ranking_and_not_the_baseline(published_folder: Path) -> None:
    printed = pd.read_csv(published_folder / "totals.csv", index_col="city")["rank"]
    expected = competition_ranks(with_points_made_again(published_folder).sum(axis=1))
    result = ran(source="raw")
    assert result["scenario_rank"].to_series().to_dict() == expected.to_dict()
    assert result["rank_min"].to_series().to_dict() == expected.to_dict()
    assert result["baseline_rank"].to_series().to_dict() == printed.to_dict()
    assert result["published_rank"].to_series().to_dict() == printed.to_dict()
    assert float(result["mean_abs_rank_shift"]) == pytest.approx((expected - printed).abs().mean())
    assert result.attrs["source"] == "economic-scale: raw; output-per-capita: raw; government-debt: raw"


def test_calibrated_leaves_the_published_ranking(published_folder: Path) -> None:
    printed = pd.read_csv(published_folder / "totals.csv", index_col="city")
    kept = {"keep-draws": True}
    result = ran(source="calibrated", **kept)
    assert (result["total_by_draw"].values == printed["total"].loc[result["city"].values].to_numpy()).all()
    assert result["scenario_rank"].to_series().to_dict() == printed["rank"].to_dict()
    assert [float(result[n]) for n in ("mean_abs_rank_shift", "kendall_tau", "spearman_rho")] == [0, 1, 1]


def test_the_source_can_be_set_from_outside_and_is_recorded(published_folder: Path) -> None:
    settings = ["source.government-debt=raw", "source.economic-scale=raw"]
    result = sim.run("weights-only", draws=20, seed=4, workers=1, overrides=settings)
    expected = competition_ranks(
        with_points_made_again(published_folder, ("economic-scale", "government-debt")).sum(axis=1)
    )
    assert result["scenario_rank"].to_series().to_dict() == expected.to_dict()
    assert result.attrs["source"] == "government-debt: raw; economic-scale: raw"
    one_word = sim.run("weights-only", draws=20, workers=1, overrides=["source=calibrated"])
    assert one_word.attrs["source"].startswith("economic-scale: calibrated; output-per-capita: calibrated; ")


def test_a_result_of_sources_is_repeated_to_the_byte() -> None:
    source = {"economic-scale": "raw", "trade-balance": "calibrated"}
    factors = {"values": {}, "data-error": {"size": 0.1, "unit": "sd"}, "leave-out": {"level": "variable"}}
    result = ran(draws=30, source=source, factors=factors)
    assert repeat(result, workers=2).same
    other = ran(draws=30, source={"economic-scale": "raw"}, factors=factors)
    assert not (other["rank_mean"] == result["rank_mean"]).all()


def test_an_index_in_memory_has_its_sources(published: Index) -> None:
    result = sim.run(written(draws=10, seed=1, source="raw"), index=published, workers=1)
    assert_same_variables(result, ran(draws=10, source="raw"))


def test_a_recipe_acts_on_raw_values(published_folder: Path) -> None:
    """Z-scores of GDP per person and of debt themselves, not of their points; two indicators add up before that."""

    def z(values: pd.Series) -> pd.Series:
        return (values - values.mean()) / values.std(ddof=1)

    q, behind = quantity_table(published_folder), values_behind(published_folder)
    scores = points_table(published_folder).apply(z)
    scores["economic-scale"] = z(z(q["gdp"]) + z(q["gdp-growth"]))
    scores["output-per-capita"] = z(behind["output-per-capita"])
    scores["government-debt"] = -z(behind["government-debt"])
    (part,) = plan(written(source="raw", recipe={"normalisation": "z-score"})).parts.values()
    total = part.score()["total"].to_series()
    np.testing.assert_allclose(total, scores.sum(axis=1).loc[total.index], rtol=1e-9)
    on_points = plan(written(recipe={"normalisation": "z-score"})).parts[""].score()["total"].to_series()
    assert abs(total - on_points).max() > 0.5


def test_a_recipe_acts_on_calibrated_values(published_folder: Path) -> None:
    source = {"trade-balance": "calibrated"}
    (part,) = plan(written(source=source, recipe={"normalisation": "min-max"})).parts.values()
    (plain,) = plan(written(recipe={"normalisation": "min-max"})).parts.values()
    difference = part.score()["score"].sel(node="open-development") - plain.score()["score"].sel(
        node="open-development"
    )
    value = values_behind(published_folder)["trade-balance"].loc[part.cities].to_numpy()
    points = points_table(published_folder)["trade-balance"].loc[part.cities].to_numpy()
    known = np.isfinite(value)
    column = part.matrix["value"].sel(indicator="trade-balance").values
    np.testing.assert_allclose(column[known], value[known], rtol=1e-13)
    expected = (column.max() - column) / np.ptp(column) - (points - points.min()) / np.ptp(points)
    scale = np.linalg.lstsq(expected[:, np.newaxis], difference.values, rcond=None)[0][0]
    np.testing.assert_allclose(difference, scale * expected, atol=1e-9)
    assert scale > 0.0


# Cities, groups and readings.


def test_a_selection_ranked_anew_is_ranked_by_raw_values_of_its_own(published_folder: Path) -> None:
    """Without Nanning every public expenditure is known, so that one word takes a variable more."""
    cities = [city for city in points_table(published_folder).index if city != "nanning"]
    more = {"cities": cities, "recipe": {"ties": "better"}}
    (part,) = plan(written(source="raw", **more)).parts.values()
    points = points_table(published_folder).drop("nanning").apply(rank_points)
    behind = values_behind(published_folder).drop("nanning")
    q = quantity_table(published_folder).drop("nanning")
    points["economic-scale"] = rank_points(rank_points(q["gdp"]) + rank_points(q["gdp-growth"]))
    points["output-per-capita"] = rank_points(behind["output-per-capita"])
    points["government-debt"] = rank_points(behind["government-debt"], lower=True)
    points["fiscal-self-sufficiency"] = rank_points(behind["fiscal-self-sufficiency"])
    assert part.score()["total"].to_series().to_dict() == points.sum(axis=1).to_dict()
    with pytest.raises(InputError, match="fiscal-self-sufficiency lacks public-expenditure of nanning"):
        plan(written(source={"fiscal-self-sufficiency": "raw"}))


def test_a_group_s_cities_alone_are_scored_as_in_their_group(published: Index) -> None:
    cluster = published.matrix["cluster"].to_series()
    members = [city for city in published.cities if cluster[city] == "greater-bay-area"]
    source = {"source": {"output-per-capita": "raw"}}
    among = plan(written(within="cluster", **source)).parts["greater-bay-area"]
    alone = plan(written(cities=members, **source)).parts[""]
    assert among.cities == alone.cities == members
    assert alone.score()["total"].values.tolist() == among.score()["total"].values.tolist()


def test_groups_are_ranked_by_the_points_made_again_among_all(published: Index, published_folder: Path) -> None:
    variables = ("output-per-capita", "government-debt")
    result = ran(within="cluster", source=dict.fromkeys(variables, "raw"))
    totals = with_points_made_again(published_folder, variables).sum(axis=1)
    cluster = published.matrix["cluster"].to_series()
    for group in result["ranked_group"].values:
        part = result.isel(city=result["group"].values == group)["scenario_rank"].to_series()
        assert set(part.index) == {city for city in published.cities if cluster[city] == group}
        assert part.to_dict() == competition_ranks(totals[part.index]).to_dict(), group


def test_a_reading_of_calibrated_variables_is_that_of_the_points() -> None:
    plain = sim.run("secondary-city-connectivity", draws=20, workers=1, overrides=["factors={}"])
    settings = ["factors={}", "source=calibrated"]
    calibrated = sim.run("secondary-city-connectivity", draws=20, workers=1, overrides=settings)
    assert calibrated["scenario_rank"].values.tolist() == plain["scenario_rank"].values.tolist()


def test_a_reading_does_not_take_variables_apart() -> None:
    reading = {"pillars": {"money": ["output-per-capita", "government-debt"], "rest": ["rd-intensity"]}}
    told = "source: a reading groups variables, and `raw` takes them apart into indicators. "
    assert told + "Take `calibrated`, or leave the reading out." in message_of(source="raw", reading=reading)
    assert ran(source={"output-per-capita": "calibrated"}, reading=reading).attrs["source"].endswith("of 60 values.")


# Factors on raw values.


def test_leaving_a_raw_variable_out_is_the_total_without_it(published_folder: Path) -> None:
    result = ran(None, source="raw", design="exhaustive", factors={"leave-out": {"level": "variable"}})
    points = with_points_made_again(published_folder)
    assert result["alternative"].values.tolist() == points.columns.tolist()
    for draw, left in enumerate(result["draw_leave_out_variable"].values):
        expected = competition_ranks(points.drop(columns=left).sum(axis=1))
        assert result["rank_by_draw"][draw].to_series().to_dict() == expected.to_dict(), left


def test_leaving_the_only_indicator_out_is_leaving_its_variable_out() -> None:
    def ranks(level: str, one: str) -> list[int]:
        leave = {"level": level, "among": [one]}
        found = ran(None, source="raw", design="exhaustive", factors={"leave-out": leave})["rank_by_draw"]
        assert found.sizes["draw"] == 1
        return list(found.values[0].tolist())

    assert ranks("indicator", "debt-to-gdp") == ranks("variable", "government-debt")
    assert ranks("indicator", "trade-balance") == ranks("variable", "trade-balance")


def test_one_of_two_indicators_left_out_leaves_the_order_of_the_other(published_folder: Path) -> None:
    """The city at place k by GDP alone gets the k-th of the points made again."""
    leave = {"level": "indicator", "among": ["gdp-growth"]}
    result = ran(None, source="raw", design="exhaustive", factors={"leave-out": leave})
    points = with_points_made_again(published_folder)
    gdp = quantity_table(published_folder)["gdp"].sort_values()
    assert gdp.is_unique
    points["economic-scale"] = pd.Series(np.sort(points["economic-scale"]), index=gdp.index)
    expected = competition_ranks(points.sum(axis=1))
    assert result["rank_by_draw"][0].to_series().to_dict() == expected.to_dict()


FACTORS: Mapping[str, Any] = {
    "weights over variables": {"weights": {"method": "dirichlet", "concentration": 1, "over": "variable"}},
    "weights given": {"weights": {"method": "given", "weights": {"wealth": 5, "size": 2}}},
    "aggregation": {"aggregation": {"at": "pillar", "alternatives": ["arithmetic", "geometric", "median"]}},
    "leave out": {"leave-out": {"level": "variable", "probability": 0.7}},
}


@pytest.mark.parametrize("name", FACTORS)
def test_raw_values_that_make_the_printed_points_give_the_same_study(tmp_path: Path, name: str) -> None:
    path = write_printed_index(tmp_path)
    sources = ("points", {"wealth": "raw", "towers": "raw"}, {"wealth": "calibrated", "towers": "raw"})
    points, *others = (
        sim.run(
            written(draws=200, seed=5, source=source, factors=FACTORS[name], **{"keep-draws": True, "pairs": True}),
            index=path,
            workers=1,
        )
        for source in sources
    )
    assert np.ptp(points["total_by_draw"].values, axis=0).any() or name == "weights given"
    for other in others:
        # The raw definition has nodes of its own between; what both have is the same, whatever order it comes in.
        assert set(points["node"].values) < set(other["node"].values)
        common = other.sel(node=points["node"].values)
        assert_same_variables(points[sorted(points.variables)], common[sorted(common.variables)])


def test_weights_over_indicators_split_a_raw_variable() -> None:
    """Equal weights of 51 indicators give the variable of two twice the weight of the others."""
    result = ran(source="raw", factors={"weights": {"method": "equal", "over": "indicator"}})
    doubled = ran(source="raw", recipe={"weights": {"economic-scale": 2}})
    assert result["rank_min"].values.tolist() == doubled["scenario_rank"].values.tolist()


def test_an_error_of_raw_values_ranks_the_variable_anew(published: Index, published_folder: Path) -> None:
    """The same draws by hand: noisy GDP per person in order, and points made again dealt out in that order."""
    error = {"size": 0.05, "unit": "relative", "indicators": ["gdp-per-capita"]}
    factors = {"data-error": error}
    result = ran(200, source={"output-per-capita": "raw"}, factors=factors, **{"keep-draws": True})
    changed = with_sources(published, {"output-per-capita": "raw"})
    leaves = [leaf.id for leaf in changed.definition.indicators]
    values = drawn(changed, factors, draws=200, seed=1)
    noisy = values[:, leaves.index("gdp-per-capita")]
    true = values_behind(published_folder)["output-per-capita"].loc[changed.cities].to_numpy()
    ratio = noisy / true - 1.0
    assert np.std(ratio) == pytest.approx(0.05, rel=5 / np.sqrt(2 * ratio.size))
    others = np.delete(values, leaves.index("gdp-per-capita"), axis=1)
    assert (others == others[0]).all()
    points = with_points_made_again(published_folder, ("output-per-capita",)).loc[changed.cities]
    rest = points.drop(columns="output-per-capita").sum(axis=1).to_numpy()
    dealt = np.sort(points["output-per-capita"])
    expected = rest + dealt[noisy.argsort(axis=1).argsort(axis=1)]
    assert result["total_by_draw"].values.tolist() == expected.tolist()
    assert float(result["mean_abs_rank_shift"]) > 0.0


def test_errors_of_two_indicators_are_independent_and_of_their_own_size(published: Index) -> None:
    changed = with_sources(published, {"economic-scale": "raw"})
    errors = [
        {"size": 0.1, "unit": "relative", "indicators": ["gdp"]},
        {"size": 0.5, "unit": "sd", "indicators": ["gdp-growth"], "ties": "independent"},
    ]
    values = drawn(changed, {"data-error": errors}, draws=400)[:, :2]
    base = changed.matrix["value"].sel(indicator=["gdp", "gdp-growth"]).values.T
    noise = (values - base) / np.array([0.1 * base[0], np.full(60, 0.5 * base[1].std(ddof=1))])
    assert noise.std(axis=(0, 2)) == pytest.approx([1.0, 1.0], abs=0.03)
    assert np.corrcoef(noise[:, 0].ravel(), noise[:, 1].ravel())[0, 1] == pytest.approx(0.0, abs=0.03)


def test_an_error_in_places_needs_points() -> None:
    places = {"data-error": {"size": 2, "unit": "places"}}
    remedy = "an error in places needs data in points. Use `relative` or `sd` for values that are no points by rank."
    assert f"gdp, gdp-growth: {remedy}" in message_of(source={"economic-scale": "raw"}, factors=places)
    assert f"trade-balance: {remedy}" in message_of(source={"trade-balance": "calibrated"}, factors=places)


def test_a_sum_of_points_has_no_places() -> None:
    places = {"data-error": {"size": 2, "unit": "places"}}
    assert "an error in places needs" in message_of(source={"economic-scale": "calibrated"}, factors=places)


def test_drawn_values_leave_alone_what_has_values_of_its_own(published: Index) -> None:
    source = {"output-per-capita": "raw", "trade-balance": "calibrated"}
    changed = with_sources(published, source)  # type: ignore[arg-type]
    leaves = [leaf.id for leaf in changed.definition.indicators]
    values = drawn(changed, {"values": {}}, draws=20)
    for own in ("gdp-per-capita", "trade-balance"):
        column = values[:, leaves.index(own)]
        assert (column == column[0]).all()
        assert column[0].tolist() == changed.matrix["value"].sel(indicator=own).values.tolist()
    assert not (values[0] == values[1]).all()
    result = ran(source=source, factors={"values": {}})
    assert result.attrs["values"].startswith("drawn behind the points of 48 variables, ")
    told = message_of(source=source, factors={"values": {"indicators": ["trade-balance", "rd-intensity"]}})
    assert "trade-balance: values of their own, no printed points to draw behind." in told


def test_values_drawn_behind_a_calibrated_variable_alone_are_refused_for_what_it_is() -> None:
    told = message_of(source={"trade-balance": "calibrated"}, factors={"values": {"indicators": ["trade-balance"]}})
    assert "trade-balance: values of their own, no printed points to draw behind." in told


# The shipped scenarios on points: the same as before values could be drawn.


def overall(result: xr.Dataset) -> dict[str, float]:
    names = ("mean_abs_rank_shift", "mean_abs_rank_shift_se", "kendall_tau", "spearman_rho")
    return {name: float(result[name]) for name in names}


def test_the_stress_test_on_points_gives_what_the_stress_test_gave() -> None:
    """Figures of the first version's `stress-test`, run from its own sources; errors have had other numbers since.

    So two samples are compared: 4.5 standard errors of the difference of two runs of 20,000 draws.
    """
    scenario = read_scenario(open_scenario("stress-test-points"))
    assert (scenario.factors.values, scenario.source, scenario.draws, scenario.seed) == ((), "points", 20_000, 2025)
    result = sim.run("stress-test-points", workers=2)
    assert result.attrs["values"] == result.attrs["source"] == "as given"
    former = {"mean_abs_rank_shift": 1.215255, "kendall_tau": 0.9524279, "spearman_rho": 0.9948147}
    for name, figure in former.items():
        assert abs(float(result[name]) - figure) < 4.5 * 2**0.5 * float(result[f"{name}_se"])
    assert float(result["mean_abs_rank_shift_se"]) == pytest.approx(0.0018283, rel=0.05)
    shares = {"shanghai": (1.0, 0.98615), "changsha": (0.96915, 0.96915), "chongqing": (0.0256, 0.9744)}
    for city, (top, kept) in shares.items():
        one = result.sel(city=city)
        for name, share in (("top_10", top), ("keep_tier", kept)):
            assert abs(float(one[name]) - share) <= 4.5 * (2 * share * (1 - share) / 20_000) ** 0.5


def test_normalising_points_gives_what_normalising_gave() -> None:
    scenario = read_scenario(open_scenario("normalisation-points"))
    assert (scenario.factors.values, scenario.source, scenario.draws, scenario.seed) == ((), "points", 20_000, 2025)
    result = sim.run("normalisation-points", workers=2)
    assert overall(result) == {
        "mean_abs_rank_shift": pytest.approx(0.05594166666666666, rel=1e-9),
        "mean_abs_rank_shift_se": pytest.approx(0.0002768042726112124, rel=1e-6),
        "kendall_tau": pytest.approx(0.9986716857171143, rel=1e-9),
        "spearman_rho": pytest.approx(0.9999347144499712, rel=1e-9),
    }


def test_the_shipped_scenarios_of_drawn_values_differ_from_those_on_points_in_that_alone() -> None:
    for name in ("stress-test", "normalisation-only"):
        drawn_one = open_scenario(name).data["factors"]
        points = open_scenario(name.replace("-only", "") + "-points").data["factors"]
        assert "values" in drawn_one
        assert "values" not in points
        assert {key: drawn_one[key] for key in points if key != "data-error"} == {
            key: points[key] for key in points if key != "data-error"
        }


# What a result says of itself.


def test_the_source_in_words(published: Index) -> None:
    assert describe_source(published, "points") == "as given"
    assert describe_source(published, {"trade-balance": "points"}) == "as given"
    assert describe_source(published, {"政府债务负担": "raw"}) == "government-debt: raw"
    told = describe_source(published, {"government-debt": "calibrated", "economic-scale": "raw"})
    assert told == "government-debt: calibrated; economic-scale: raw. Calibration moved 3 of 60 values."


def test_calibrated_values_are_counted_over_all_variables(published: Index) -> None:
    alone = {name: ran(2, source={name: "calibrated"}).attrs["source"] for name in ("trade-balance", "hospital-beds")}
    assert alone["trade-balance"] == "trade-balance: calibrated. Calibration moved 0 of 46 values."
    assert alone["hospital-beds"] == "hospital-beds: calibrated. Calibration moved 2 of 42 values."
    both = describe_source(published, dict.fromkeys(alone, "calibrated"))  # type: ignore[arg-type]
    assert both == "trade-balance: calibrated; hospital-beds: calibrated. Calibration moved 2 of 88 values."


def test_groups_tell_the_moves_of_all_cities() -> None:
    told = ran(2, within="cluster", source={"government-debt": "calibrated"}).attrs["source"]
    assert told == "government-debt: calibrated. Calibration moved 3 of 60 values."


def test_a_selection_tells_the_variables_that_it_takes(published: Index) -> None:
    some = [city for city in published.cities if city != "nanning"]
    told = ran(2, cities=some, source="raw", recipe={"ties": "better"}).attrs["source"]
    assert told.endswith("; fiscal-self-sufficiency: raw")


def test_a_selection_of_which_little_is_known_is_calibrated_as_far_as_it_goes(published: Index) -> None:
    cluster = published.matrix["cluster"].to_series()
    members = [city for city in published.cities if cluster[city] == "greater-bay-area"]
    result = ran(2, cities=members, source="calibrated")
    taken = resolve_sources(published.select(members), "calibrated")
    assert 5 < len(taken) < 15
    told = "; ".join(f"{name}: calibrated" for name in taken)
    assert result.attrs["source"].startswith(f"{told}. Calibration moved ")
    plain = ran(2, cities=members)
    assert result["scenario_rank"].values.tolist() == plain["scenario_rank"].values.tolist()


def bound(index: Index, values: Any) -> Realisation:
    return bind(index, Factors.model_validate({"values": values}))


def test_values_in_words() -> None:
    points = {"a-x": [1, 2, 3, 4, 5], "a-y": [5, 4, 3, 2, 1], "a-z": [1, 3, 2, 5, 4]}
    index = index_of_points(points)
    assert describe_values(bound(index, [])) == "as given"
    assert describe_values(bound(index, {})) == "drawn behind the points of 3 variables, from their printed order alone"
    each = {"a-x": [1, 2, 3, 4, 5], "a-y": [5, 1, 4, 2, 3]}
    known = with_raw(index, each, scale="positive")
    told = "drawn behind the points of 3 variables, 2 of them on a positive scale; 1 of them hold known raw values"
    assert describe_values(bound(known, {})) == told
    told = "drawn behind the points of 2 variables, from their printed order alone"
    assert describe_values(bound(known, {"raw": "ignore", "indicators": ["a-x", "a-z"]})) == told
    two = [{"indicators": ["a-x"]}, {"indicators": ["a-y", "a-z"], "raw": "ignore"}]
    told = "drawn behind the points of 3 variables, 1 of them on a positive scale; 1 of them hold known raw values"
    assert describe_values(bound(known, two)) == told


def test_errors_in_words() -> None:
    index = index_of_points({"a-x": [1, 2, 3], "a-y": [3, 2, 1]})
    signed, nothing = bound(index, {}), bound(index, [])
    positive = bound(with_raw(index, {"a-x": [np.nan] * 3, "a-y": [np.nan] * 3}, scale="positive"), {})
    each = {"size": 0.05, "unit": "relative", "correlation": 0.5, "distribution": "uniform"}
    error = DataError.model_validate(each)
    told = "uniform, size 0.05 (relative), equal values have shared errors, correlated by 0.5 within each group"
    assert describe_errors([error], nothing) == f"all: {told}"
    assert describe_errors([error], positive) == f"all: {told}"
    assert describe_errors([error], signed) == f"all but 2 variables on a signed scale, which has no per cent: {told}"
    sd = DataError.model_validate({"size": 0.1, "unit": "sd", "indicators": ["a-y"], "ties": "independent"})
    second = "a-y: normal, size 0.1 (sd), equal values have independent errors"
    assert describe_errors([sd, error], nothing) == f"{second}; all: {told}"
    assert describe_errors([], signed) == "none"


# What is refused.


def refused(folder: Path, line: str) -> str:
    file = folder / "s.yaml"
    file.write_text(f"schema_version: 1\nname: s\nindex: opportunity-2025\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sim.run(file, draws=2)
    return str(caught.value).replace(str(file), "s.yaml")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("source: rwa", "line 4, source: 'rwa'"),
        ("source: {trade-balance: rwa}", "line 4, source.trade-balance: 'rwa' is"),
        ("source: {}", "line 4, source: 'source' has too few entries."),
        ("source: [raw]", "line 4, source: "),
        (
            "source:\n  trade-balnce: raw",
            "line 5, source.trade-balnce: 'trade-balnce': no such indicator. Did you mean",
        ),
        (
            "source: {fiscal-self-sufficiency: raw}",
            "line 4, source.fiscal-self-sufficiency: fiscal-self-sufficiency lacks public-expenditure of nanning "
            "(convention 4). Add the figures, or take calibrated or points.",
        ),
        (
            "source: {rd-intensity: calibrated}",
            "line 4, source.rd-intensity: fewer than 5 cities have a raw value of rd-intensity. Take points.",
        ),
        (
            "cities: [hefei, suzhou, wuxi]\nsource: calibrated",
            "line 5, source: no variable of opportunity-2025 can be calibrated for these cities. Take points.",
        ),
        (
            "source: {economic-scale: raw}\nrecipe: {ties: as-published}",
            "line 5, recipe: no points are printed of gdp, gdp-growth. Choose another tie rule (convention 5).",
        ),
        (
            "source: {output-per-capita: raw}\nfactors: {leave-out: {level: indicator, among: [output-per-capita]}}",
            "line 5, factors.leave-out.among: 'output-per-capita': no such indicator. Did you mean gdp-per-capita",
        ),
    ],
)
def test_a_source_that_cannot_be_is_refused_with_place_and_remedy(tmp_path: Path, line: str, fault: str) -> None:
    told = refused(tmp_path, line)
    assert told.startswith("s.yaml: 1 fault\n  ")
    assert fault in told


def test_all_sources_that_cannot_be_are_told_at_once(tmp_path: Path) -> None:
    told = refused(tmp_path, "source: {fiscal-self-sufficiency: raw, rd-intensity: calibrated, 研发投入强度: raw}")
    assert told.startswith("s.yaml: 4 faults\n")
    assert "rd-intensity has a source already, under another name. Name it once." in told


def test_an_index_without_a_raw_side_has_no_source(tmp_path: Path) -> None:
    definition = (write_printed_index(tmp_path)).read_text(encoding="utf-8").replace(", raw: raw.yaml", "")
    (tmp_path / "printed.yaml").write_text(definition, encoding="utf-8")
    scenario = json.dumps(written(index="printed.yaml", source="raw"))
    (tmp_path / "study.yaml").write_text(scenario, encoding="utf-8")
    with pytest.raises(InputError, match=r"printed has no raw quantities\. Remove it, or name a definition under"):
        plan(tmp_path / "study.yaml")


def test_raw_takes_all_of_a_complete_index(tmp_path: Path) -> None:
    index = load_index(write_printed_index(tmp_path))
    result = sim.run(written(draws=5, seed=1, source="raw"), index=index, workers=1)
    assert result.attrs["source"] == "wealth: raw; towers: raw; size: raw"
    size = rank_points(rank_points(pd.Series(GDP)) + rank_points(pd.Series(PEOPLE)))
    expected = competition_ranks(2 * pd.Series(range(6, 0, -1)) + size)
    assert result["scenario_rank"].values.tolist() == expected.tolist()
