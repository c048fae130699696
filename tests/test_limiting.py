"""Limits of ranks asked by a scenario: of the index it makes, over the weights it allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import citysim, message_of

import simulator as sim
from simulator.errors import InputError

SCENARIO: dict[str, Any] = {"schema_version": 1, "name": "mine", "index": "opportunity-2025"}


def test_a_scenario_names_the_weights_that_are_allowed() -> None:
    asked = {
        "over": "dimension",
        "bounds": {"绿色低碳": [0.05, 0.2]},
        "order": ["economic-strength", "open-development"],
    }
    found = sim.rank_limits({**SCENARIO, "extremes": asked}, cities="hefei")
    direct = sim.extreme_ranks(
        "opportunity-2025",
        "dimension",
        bounds={"green-low-carbon": (0.05, 0.2)},
        order=["economic-strength", "open-development"],
        cities="hefei",
    )
    for name in direct.data_vars:
        assert (found[name] == direct[name]).all(), name
    assert found.attrs["weights"] == (
        "of each dimension, any, but 绿色低碳 from 0.05 to 0.2, in the order economic-strength, open-development"
    )
    assert found.attrs["scenario"] == "mine"


def test_the_index_of_a_reading_is_asked_like_any_other() -> None:
    index = sim.scenario_index("digital-transformation")
    assert index.definition.levels[1] == "pillar"
    assert len(index.cities) == 25
    limits = sim.rank_limits("digital-transformation")
    assert (limits["rank_nominal"].values == index.score()["rank"].values).all()
    assert (limits["rank_best"] <= limits["rank_nominal"]).all()
    assert (limits["rank_worst"] >= limits["rank_nominal"]).all()
    assert sim.importance(index, "pillar").sizes["member"] == len(index.definition.index.children)


def test_without_the_key_all_weights_are_allowed() -> None:
    narrow = sim.rank_limits("digital-transformation", cities="wuxi", overrides="extremes.percent=5")
    wide = sim.rank_limits("digital-transformation", cities="wuxi")
    assert wide.attrs["weights"] == "of each pillar, any"
    assert int(wide["rank_best"][0]) <= int(narrow["rank_best"][0]) <= int(narrow["rank_worst"][0])
    assert int(narrow["rank_worst"][0]) <= int(wide["rank_worst"][0])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"percent": 5, "bounds": {"green-low-carbon": [0, 1]}}, "percent and bounds exclude each other"),
        ({"over": "dimensions"}, "Did you mean dimension?"),
        ({"order": ["green-low-carbon"]}, "extremes.order"),
        ({"order": ["green-low-carbon", "economic-scale"]}, "'economic-scale' is not of the level 'dimension'"),
        ({"order": ["green-low-carbon", "green-low-carbon"]}, "is named twice"),
        ({"bounds": {"gren-low-carbon": [0, 1]}}, "Did you mean green-low-carbon?"),
        ({"bounds": {"green-low-carbon": [0.2]}}, "extremes.bounds"),
        ({"bounds": {"green-low-carbon": [0.3, 0.2]}}, "give the lower one first"),
        ({"order": ["green-low-carbon"]}, "take most: green-low-carbon"),
        ({"most": "gren-low-carbon"}, "Did you mean green-low-carbon?"),
        ({"bounds": {"green-low-carbon": [0.5, 1], "open-development": [0.6, 1]}}, "more than all weight|admit|sum"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        sim.rank_limits({**SCENARIO, "extremes": asked}, cities="hefei")


def test_groups_and_what_ifs_have_no_index_of_their_own() -> None:
    with pytest.raises(InputError, match="each group is an index of its own"):
        sim.scenario_index("city-clusters")
    with pytest.raises(InputError, match="compares two states"):
        sim.rank_limits("gdp-grows-8-percent")


def test_commands_take_a_scenario_where_they_take_an_index(tmp_path: Path) -> None:
    told = citysim("extremes", "digital-transformation", "--percent", "20", "--city", "wuxi")
    assert "of each pillar, within 20 % of the nominal ones" in " ".join(told.split())
    assert "wuxi" in citysim("acceptability", "digital-transformation", "--draws", "2000")
    assert len(citysim("neighbours", "digital-transformation", "--csv", "-").splitlines()) == 25
    assert "of each pillar" not in citysim("importance", "digital-transformation")
    file = tmp_path / "mine.yaml"
    file.write_text(
        "schema_version: 1\nname: mine\nindex: opportunity-2025\nextremes: {percent: 10, order: [open-development]}\n",
        encoding="utf-8",
    )
    assert "line 4, extremes.order" in message_of("extremes", str(file))
    assert "line 4, extremes.order" in message_of("check", str(file))
    told = citysim("extremes", str(file), "--order", "open-development,urban-resilience", "--city", "hefei")
    assert "within 10 % of the nominal ones, in the order open-development, urban-resilience" in " ".join(told.split())


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ("{green-low-carbon: [0.3, 0.2]}", "line 4, extremes.bounds.green-low-carbon"),
        ("{green-low-carbon: [0.6, 1], open-development: [0.6, 1]}", "the lowest weights sum to 1.2"),
    ],
)
def test_check_finds_bounds_that_no_weights_keep(bounds: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    head = "schema_version: 1\nname: mine\nindex: opportunity-2025\n"
    file.write_text(f"{head}extremes: {{bounds: {bounds}}}\n", encoding="utf-8")
    told = message_of("check", str(file))
    assert message in told
    assert "line 4, extremes.bounds" in told


def test_faults_of_the_limits_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    head = "schema_version: 1\nname: mine\nindex: opportunity-2025\n"
    file.write_text(f"{head}extremes: {{most: gren-low-carbon}}\n", encoding="utf-8")
    told = message_of("extremes", str(file))
    assert told.startswith(f"{file}: 1 fault") or f"{file}: 1 fault" in told
    assert "line 4, extremes: " in told
    with pytest.raises(InputError, match="choice of city"):
        sim.rank_limits(file, cities="hefi")


def test_more_commands_take_a_scenario() -> None:
    assert "wuxi" in citysim("consensus", "digital-transformation")
    assert "wuxi" in citysim("confidence", "digital-transformation", "--error", "2")
    told = citysim("score", "digital-transformation")
    assert "Wuxi" in told
    assert "printed" not in told
    assert "a scenario says itself" in message_of("score", "digital-transformation", "--source", "raw")


def test_what_weighs_most_by_command_and_key() -> None:
    told = " ".join(citysim("extremes", "--most", "technological-innovation", "--city", "chengdu").split())
    assert "7 chengdu 2 18" in told
    found = sim.rank_limits({**SCENARIO, "extremes": {"most": "technological-innovation"}}, cities="chengdu")
    assert int(found["rank_best"][0]) == 2
