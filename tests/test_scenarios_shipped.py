"""The scenarios shipped: each is complete, fits its index and runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simulator as sim
from simulator.documents import read_yaml
from simulator.published import scenario_folder, shipped_scenarios
from simulator.report.schemas import json_schema
from simulator.scenario import Scenario, open_scenario, read_scenario
from simulator.study import plan

NAMES = (
    "city-clusters",
    "digital-transformation",
    "leave-one-dimension-out",
    "leave-one-variable-out",
    "normalisation-only",
    "normalisation-points",
    "secondary-city-connectivity",
    "small-city-investor",
    "source-error",
    "stress-test",
    "stress-test-points",
    "values-behind-points",
    "weights-only",
)
WHAT_IFS = (
    "everyone-grows",
    "gdp-grows-8-percent",
    "reach-top-ten",
    "small-city-catches-up",
    "wuhan-radiates",
    "yangtze-delta-integration",
)
CITIES = {"digital-transformation": 25, "small-city-investor": 25}


def test_the_scenarios_promised_are_shipped() -> None:
    assert tuple(shipped_scenarios()) == tuple(sorted((*NAMES, *WHAT_IFS)))
    assert {path.suffix for path in scenario_folder().iterdir() if path.is_file()} <= {".yaml", ".json"}


def test_the_schema_beside_them_is_the_one_generated() -> None:
    stored = (scenario_folder() / "scenario.schema.json").read_text(encoding="utf-8")
    assert stored == json_schema(Scenario)


@pytest.mark.parametrize("name", [*NAMES, *WHAT_IFS])
def test_a_scenario_is_complete(name: str) -> None:
    path = shipped_scenarios()[name]
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=scenario.schema.json"
    assert (path.parent / "scenario.schema.json").is_file()
    scenario = read_scenario(open_scenario(name))
    assert scenario.name == path.stem == name
    assert scenario.title.en
    assert any("一" <= sign <= "鿿" for sign in scenario.title.zh)
    assert len(scenario.description) > 40
    assert scenario.index == "opportunity-2025"


@pytest.mark.parametrize("name", [*NAMES, *WHAT_IFS])
def test_a_shipped_scenario_can_be_named_or_given_as_a_path(name: str) -> None:
    path = shipped_scenarios()[name]
    assert read_scenario(read_yaml(path)) == read_scenario(open_scenario(name)) == read_scenario(open_scenario(path))


@pytest.mark.parametrize("name", [*NAMES, *WHAT_IFS])
def test_a_scenario_runs_and_its_figures_hold_together(name: str) -> None:
    study = plan(name)
    exact = study.scenario.design == "exhaustive"
    draws = 10_000 if name in WHAT_IFS else 20_000
    assert exact or (study.scenario.draws, study.scenario.seed) == (draws, 2025)
    result = sim.run(name, draws=None if exact else 200, workers=1)
    assert result.attrs["design"] == ("exact" if exact else "Monte Carlo")
    assert result.attrs["draws"] == {"leave-one-dimension-out": 10, "leave-one-variable-out": 50}.get(name, 200)
    if name != "city-clusters":
        assert result.sizes["city"] == CITIES.get(name, 60)
    shares = result["rank_frequency"].sum("rank").values
    np.testing.assert_allclose(shares, 1.0, atol=1e-12)
    for figure in ("rank_mean", "top_10", "mean_abs_rank_shift", "kendall_tau", "spearman_rho"):
        assert np.isfinite(result[figure].values).all()
    assert (result["rank_p05"] <= result["rank_median"]).all()
    assert (result["rank_median"] <= result["rank_p95"]).all()
    # Something varies: no scenario shipped is the baseline again.
    assert float(result["mean_abs_rank_shift"].max()) > 0.0


def test_city_clusters_rank_inside_each_and_list_the_small_one() -> None:
    study = plan("city-clusters")
    index = sim.load_index("opportunity-2025")
    cluster = dict(zip(index.cities, index.matrix["cluster"].values.tolist(), strict=True))
    assert study.left_aside == {
        "chengdu-chongqing": tuple(c for c in index.cities if cluster[c] == "chengdu-chongqing")
    }
    assert len(study.left_aside["chengdu-chongqing"]) == 2
    for group, part in study.parts.items():
        assert part.cities == [city for city in index.cities if cluster[city] == group]
        assert len(part.cities) >= 3


@pytest.mark.parametrize(
    ("name", "level", "sizes"),
    [
        ("digital-transformation", "pillar", [3, 3, 3, 2]),
        ("small-city-investor", "pillar", [2, 3, 5, 2, 2, 3, 2, 3, 4]),
    ],
)
def test_readings_have_the_pillars_they_name(name: str, level: str, sizes: list[int]) -> None:
    (part,) = plan(name).parts.values()
    pillars = [node for node in part.definition.nodes if part.definition.level(node.id) == level]
    assert [len(node.children) for node in pillars] == sizes
    statuses = set(part.matrix["status"].values.tolist())
    assert statuses == {"prefecture-level"}


def test_a_reading_s_text_and_its_remarks_name_the_source() -> None:
    for name in ("city-clusters", "digital-transformation", "secondary-city-connectivity", "small-city-investor"):
        remark = Path(shipped_scenarios()[name]).read_text(encoding="utf-8").splitlines()[1]
        assert remark.startswith("# Reading after ")
