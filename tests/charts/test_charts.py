"""Charts hold the figures of their results, in both languages, and say what they lack."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import xarray as xr

import simulator as sim
from simulator.charts.kinds import KINDS, kinds_of
from simulator.charts.writing import specification
from simulator.errors import InputError

LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def results() -> dict[str, xr.Dataset]:
    """A result for every kind of chart."""
    kept = ["pairs=true", "keep-draws=true"]
    few = ["cities={status: municipality}"]
    run = sim.run("weights-only", draws=200, seed=1, workers=1, overrides=kept)
    return {
        "rank-intervals": run,
        "rank-shares": run,
        "pairs": run,
        "slope": sim.what_if("hefei", grow={"gdp": "8%"}, draws=0),
        "convergence": run,
        "sensitivity": sim.influence(
            "stress-test-points", base_draws=1024, seed=1, workers=1, bootstrap=10, overrides=few
        ),
        "importance": sim.importance("opportunity-2025"),
        "extremes": sim.extreme_ranks("opportunity-2025", percent=10, cities=["hefei", "shanghai"]),
        "weight-stability": sim.weight_stability("opportunity-2025"),
        "profile": sim.profile(sim.load_index("opportunity-2025"), "hefei", peers="status"),
    }


def _rows(chart: Any) -> list[dict[str, Any]]:
    """Return the rows of the largest table of a chart."""
    tables = specification(chart)["datasets"].values()
    rows: list[dict[str, Any]] = max(tables, key=len)
    return rows


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_has_title_reading_and_description_in_the_language(
    results: dict[str, xr.Dataset], kind: str, language: str
) -> None:
    chart = sim.chart(results[kind], kind, language=language)
    spec = chart.to_dict()  # altair checks it against the schema of Vega-Lite
    words = json.dumps([spec["title"], spec["description"]], ensure_ascii=False)
    assert spec["title"]["text"]
    assert spec["title"]["subtitle"]
    assert spec["description"]
    assert any("\u4e00" <= sign <= "\u9fff" for sign in words) == (language == "zh")
    assert _rows(chart)


def test_the_intervals_are_those_of_the_result_best_first(results: dict[str, xr.Dataset]) -> None:
    run = results["rank-intervals"]
    rows = _rows(sim.chart(run, "rank-intervals"))
    assert [row["baseline"] for row in rows] == sorted(run["baseline_rank"].values.tolist())
    for row, city in zip(rows[:3], ("shanghai", "beijing", "shenzhen"), strict=True):
        one = run.sel(city=city)
        figures = [one[name].item() for name in ("rank_p05", "rank_median", "rank_p95", "rank_min", "rank_max")]
        assert [row[name] for name in ("low", "median", "high", "lowest", "highest")] == figures


def test_the_shares_of_a_city_are_all_its_draws(results: dict[str, xr.Dataset]) -> None:
    rows = _rows(sim.chart(results["rank-shares"], "rank-shares", cities="hefei"))
    assert {row["city"] for row in rows} == {"Hefei"}
    assert sum(row["share"] for row in rows) == pytest.approx(1.0, abs=1e-5)
    assert min(row["share"] for row in rows) > 0.0


def test_pairs_of_some_cities_are_both_ways_and_not_of_a_city_with_itself(results: dict[str, xr.Dataset]) -> None:
    run = results["pairs"]
    rows = _rows(sim.chart(run, "pairs", cities=["hefei", "宁波", "Wuxi"], language="zh"))
    assert len(rows) == 6
    (found,) = [row["chance"] for row in rows if (row["city"], row["other"]) == ("无锡", "合肥")]
    assert found == pytest.approx(run["pair_win"].sel(city="wuxi", other_city="hefei").item(), rel=1e-5)


def test_a_slope_marks_who_moves_and_joins_the_names_of_equal_ranks(results: dict[str, xr.Dataset]) -> None:
    answer = results["slope"]
    rows = _rows(sim.chart(answer, "slope"))
    moved = (answer["rank_before"] != answer["rank_after"]).sum().item()
    assert sum(row["marked"] for row in rows) == moved
    assert [row["moves"] for row in rows] == [row["before"] - row["after"] for row in rows]
    labels = [row["before_label"] for row in rows]
    assert "Ningbo, Hefei" in labels or "Hefei, Ningbo" in labels
    assert sum(len(label.split(", ")) for label in labels if label) == 60
    chosen = _rows(sim.chart(answer, "slope", cities="hefei"))
    assert [row["city"] for row in chosen if row["marked"]] == ["Hefei"]


def test_convergence_ends_at_the_mean_and_error_of_all_draws(results: dict[str, xr.Dataset]) -> None:
    run = results["convergence"]
    rows = _rows(sim.chart(run, "convergence", cities="hefei"))
    last = rows[-1]
    assert last["draws"] == 200
    assert last["mean"] == pytest.approx(run["rank_mean"].sel(city="hefei").item(), rel=1e-5)
    assert last["error"] == pytest.approx(run["rank_mean_se"].sel(city="hefei").item(), rel=1e-5)
    first_ten = run["rank_by_draw"].sel(city="hefei").values[:10]
    assert rows[0]["mean"] == pytest.approx(first_ten.mean(), rel=1e-5)
    assert rows[0]["error"] == pytest.approx(first_ten.std(ddof=1) / np.sqrt(10), rel=1e-5)


def test_weight_stability_names_who_overtakes(results: dict[str, xr.Dataset]) -> None:
    rows = _rows(sim.chart(results["weight-stability"], language="zh"))
    assert (rows[0]["city"], rows[0]["rival"]) == ("上海", "北京")
    assert rows[0]["shift"] == pytest.approx(0.0122, abs=1e-4)
    assert (rows[-1]["shift"], rows[-1]["rival"]) == (None, "无")


def test_factors_are_called_by_the_names_of_their_members(results: dict[str, xr.Dataset]) -> None:
    called = {row["factor"] for row in _rows(sim.chart(results["sensitivity"], language="zh"))}
    assert "标准化 + 合成" in called
    assert not any("economic" in one.lower() for one in called)
    of_city = sim.chart(results["sensitivity"], cities="上海", language="zh")
    assert of_city.to_dict()["title"]["text"] == "上海的排名取决于什么"
    index = results["sensitivity"]["total_order"].sel(output="rank shanghai", factor="weights").item()
    (shown,) = [row["value"] for row in _rows(of_city) if (row["factor"], row["order"][:2]) == ("权重", "总阶")]
    assert shown == pytest.approx(index, rel=1e-5)


def test_groups_have_a_panel_each() -> None:
    result = sim.run("city-clusters", draws=50, seed=1, workers=1)
    spec = sim.chart(result, "rank-intervals", language="zh").to_dict()
    assert spec["facet"]["row"]["sort"][0] == "长三角城市群"
    assert len(_rows(sim.chart(result, "rank-intervals"))) == result.sizes["city"]


def test_shares_and_pairs_of_all_weights_are_drawn_too() -> None:
    found = sim.acceptability("opportunity-2025", draws=500)
    assert kinds_of(found) == ["rank-shares", "pairs"]
    assert "all weights" in sim.chart(found).to_dict()["title"]["text"]


def test_colours_of_shares_darken_all_the_way() -> None:
    from simulator.charts.grammar import SHADES

    light = [sum(w * int(one[k : k + 2], 16) for k, w in ((1, 0.3), (3, 0.59), (5, 0.11))) for one in SHADES]
    assert light == sorted(light, reverse=True)
    assert min(before - after for before, after in pairwise(light)) > 25.0


@pytest.mark.parametrize(
    ("kind", "of", "told"),
    [
        ("pairs", "slope", "--set pairs=true"),
        ("convergence", "slope", "keep-draws=true"),
        ("rank-intervals", "sensitivity", "citysim run SCENARIO --out FILE"),
        ("slopes", "slope", "Did you mean slope?"),
    ],
)
def test_what_is_missing_is_told_with_what_would_make_it(
    results: dict[str, xr.Dataset], kind: str, of: str, told: str
) -> None:
    with pytest.raises(InputError, match="chart") as refused:
        sim.chart(results[of], kind)
    assert told in str(refused.value)


def test_unknown_cities_and_languages_are_refused(results: dict[str, xr.Dataset]) -> None:
    with pytest.raises(InputError, match="Did you mean hefei"):
        sim.chart(results["pairs"], "pairs", cities="hefey")
    with pytest.raises(InputError, match="no texts in it"):
        sim.chart(results["pairs"], language="fr")
    with pytest.raises(InputError, match="nothing to draw"):
        sim.chart(xr.Dataset())
    with pytest.raises(InputError, match="one city has one chart"):
        sim.chart(results["sensitivity"], cities=["beijing", "shanghai"])
