"""Scenarios as documents: found, overridden, checked."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.documents import Document, parse_yaml
from simulator.errors import InputError
from simulator.methods import ArithmeticMean, GeometricMean, MinMax, RankPoints, ZScore
from simulator.published import scenario_folder, shipped_scenarios
from simulator.scenario import Scenario, open_scenario, override, read_scenario
from simulator.study import plan

TEXT = """\
schema_version: 1
name: s
index: opportunity-2025
draws: 20
factors:
  data-error: {size: 1, unit: places}
  normalisation: [as-defined, z-score]
never:
  - {normalisation: z-score, aggregation: geometric}
"""
MINIMUM: dict[str, Any] = {"schema_version": 1, "name": "s", "index": "opportunity-2025"}


@pytest.fixture
def document() -> Document:
    return parse_yaml(TEXT, "s.yaml")


def faults_of(document: Document, *settings: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        override(document, settings)
    return [str(fault) for fault in caught.value.faults]


# override.


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("draws=50", ["draws"], 50),
        ("draws=5_0", ["draws"], 50),
        ("seed=0", ["seed"], 0),
        ("factors.data-error.size=2.5", ["factors", "data-error", "size"], 2.5),
        ("factors.data-error.size=1e-3", ["factors", "data-error", "size"], 0.001),
        ("factors.normalisation.1=rank", ["factors", "normalisation", 1], "rank"),
        ("factors.normalisation[0]={method: z-score}", ["factors", "normalisation", 0], {"method": "z-score"}),
        ("never.0.aggregation=harmonic", ["never", 0, "aggregation"], "harmonic"),
        ("never=[]", ["never"], []),
        ("recipe.weights.green-space=2", ["recipe", "weights", "green-space"], 2),
        ("cities=[合肥, hefei]", ["cities"], ["合肥", "hefei"]),
        ("title=a = b", ["title"], "a = b"),
        ("pairs=true", ["pairs"], True),
        ("seed=", ["seed"], None),
        ('name="5"', ["name"], "5"),
    ],
)
def test_a_setting_replaces_or_adds_one_value(document: Document, setting: str, path: list[Any], value: Any) -> None:
    before = copy.deepcopy(document.data)
    found = override(document, [setting]).data
    changed = found
    for step in path:
        changed = changed[step]
    assert (changed, type(changed)) == (value, type(value))
    # All but the changed entry is as it was, and the document given as a whole.
    expected = copy.deepcopy(before)
    inner = expected
    for step in path[:-1]:
        inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
    inner[path[-1]] = value
    assert found == expected
    assert document.data == before


def test_settings_apply_in_order_and_a_later_one_wins(document: Document) -> None:
    settings = [
        "draws=1",
        "factors={}",
        "draws=2",
        "factors.data-error={size: 3, unit: sd}",
        "factors.data-error.size=4",
    ]
    found = override(document, settings).data
    assert (found["draws"], found["factors"]) == (2, {"data-error": {"size": 4, "unit": "sd"}})
    assert override(document, list(reversed(settings))).data["factors"] == {}


def test_a_single_setting_may_be_given_as_it_is(document: Document) -> None:
    assert override(document, "draws=12") == override(document, ["draws=12"])
    assert plan("weights-only", "draws=12").overrides == ("draws=12",)


def test_no_setting_changes_nothing(document: Document) -> None:
    assert override(document, []) == document


def test_what_was_set_is_told_by_its_option_and_the_rest_by_its_line(document: Document) -> None:
    found = override(document, ["factors.data-error={size: -1, unit: x}", "factors.data-error.size=-2", "drws=1"])
    with pytest.raises(InputError) as caught:
        read_scenario(found)
    places = sorted(fault.place for fault in caught.value.faults)
    assert places == [
        "--set drws=1, drws",
        "--set factors.data-error.size=-2, factors.data-error.size",
        "--set factors.data-error={size: -1, unit: x}, factors.data-error.unit",
    ]
    assert found.place(("factors", "normalisation")) == "line 7, factors.normalisation"
    assert document.place(("factors", "data-error", "size")) == "line 6, factors.data-error.size"


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("draws", "is not of the form path=value. Example: --set factors.data-error.size=3"),
        ("", "is not of the form path=value."),
        ("=3", "is not of the form path=value."),
        ("draws.x=3", "20 has no entry 'x'. Check the path"),
        ("name.0=3", "'s' has no entry 0. Check the path"),
        ("never.1.aggregation=x", "there is no entry 1 in a list of 1. Check the path"),
        ("never.first=x", "there is no entry 'first' in a list of 1."),
    ],
)
def test_a_setting_that_leads_nowhere_is_told(document: Document, setting: str, fault: str) -> None:
    (told,) = faults_of(document, setting)
    assert told.startswith(f"--set {setting}: {fault}")


def test_all_settings_that_lead_nowhere_are_told_at_once(document: Document) -> None:
    assert len(faults_of(document, "draws", "seed=1", "draws.x=3", "never.9=1")) == 3


def test_the_value_of_a_setting_is_yaml_and_executes_nothing(
    document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = override(document, ['draws=!!python/object/apply:os.system ["touch pwned"]'])
    assert found.data["draws"] == ["touch pwned"]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="found duplicate key"):
        override(document, ["title={en: a, en: b}"])


def test_an_unknown_key_on_the_way_is_told_by_its_option(document: Document) -> None:
    with pytest.raises(InputError) as caught:
        read_scenario(override(document, ["factors.data-eror.size=3"]))
    (fault,) = caught.value.faults
    assert fault.place == "--set factors.data-eror.size=3, factors.data-eror"


# Where a scenario comes from.


def test_a_mapping_a_file_and_a_name_give_the_same(tmp_path: Path) -> None:
    shipped = open_scenario("stress-test")
    as_json = tmp_path / "s.json"
    as_json.write_text(json.dumps(shipped.data), encoding="utf-8")
    as_yml = tmp_path / "s.yml"
    as_yml.write_text(shipped.text, encoding="utf-8")
    for way in (shipped.data, as_json, str(as_yml), as_yml):
        assert read_scenario(open_scenario(way)) == read_scenario(shipped)


def test_a_mapping_is_copied_and_told_without_lines() -> None:
    data = MINIMUM | {"factors": {"weights": {"method": "dirichlet", "concentration": -1}}}
    document = open_scenario(data)
    assert document.data == data
    assert document.data["factors"] is not data["factors"]
    with pytest.raises(InputError) as caught:
        read_scenario(document)
    (fault,) = caught.value.faults
    assert (caught.value.source, fault.place) == ("scenario", "factors.weights.concentration")


def test_a_shipped_name_goes_before_a_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("stress-test").write_text("name: mine\n", encoding="utf-8")
    Path("mine").write_text(TEXT, encoding="utf-8")
    assert open_scenario("stress-test").data["name"] == "stress-test"
    assert open_scenario("mine").data["name"] == "s"


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean weights-only"):
        open_scenario("weight-only")
    with pytest.raises(InputError, match="no such file"):
        open_scenario("weight-only.yaml")


def test_shipped_scenarios_are_the_files_of_the_folder() -> None:
    assert set(shipped_scenarios().values()) == set(scenario_folder().glob("*.yaml"))


# The schema.


def test_what_is_not_given_is_as_documented() -> None:
    scenario = read_scenario(open_scenario(MINIMUM))
    assert (scenario.draws, scenario.seed, scenario.design) == (None, None, "monte-carlo")
    assert (scenario.cities, scenario.within, scenario.reading, scenario.never) == (None, None, None, ())
    assert not scenario.pairs
    assert not scenario.keep_draws
    assert scenario.factors.weights is None
    assert scenario.factors.data_error == scenario.factors.leave_out == ()


def test_shorthand_stands_for_the_long_form() -> None:
    short = {
        "title": "T",
        "recipe": {"normalisation": "z-score"},
        "reading": {"pillars": {"a": ["b"]}, "aggregate": "geometric"},
        "factors": {
            "data-error": {"size": 1, "unit": "sd"},
            "weights": "equal",
            "normalisation": ["z-score", {"method": "min-max", "to": [1, 100]}],
            "ties": ["better", "worse"],
            "aggregation": ["arithmetic"],
            "leave-out": {"level": "city"},
        },
    }
    long = {
        "title": {"en": "T", "zh": ""},
        "recipe": {"normalisation": {"method": "z-score", "divisor": "n-1", "mean": 0, "sd": 1}},
        "reading": {"pillars": {"a": ["b"]}, "aggregate": {"method": "geometric"}},
        "factors": {
            "data-error": [{"size": 1, "unit": "sd", "indicators": "all", "distribution": "normal", "ties": "shared"}],
            "weights": {"alternatives": [{"method": "equal", "over": None}]},
            "normalisation": {"alternatives": [{"method": "z-score"}, {"method": "min-max", "to": [1, 100]}]},
            "ties": {"alternatives": ["better", "worse"]},
            "aggregation": {"alternatives": [{"method": "arithmetic"}], "at": None},
            "leave-out": [{"level": "city", "probability": 1, "count": 1}],
        },
    }
    scenario = read_scenario(open_scenario(MINIMUM | short))
    assert scenario == read_scenario(open_scenario(MINIMUM | long))
    assert scenario.recipe.normalisation == ZScore()
    assert scenario.reading is not None
    assert scenario.reading.aggregate == GeometricMean()
    assert scenario.factors.normalisation is not None
    assert scenario.factors.normalisation.alternatives[1] == MinMax(to=(1, 100))
    assert scenario.factors.aggregation is not None
    assert scenario.factors.aggregation.alternatives == (ArithmeticMean(),)


@pytest.mark.parametrize(
    ("single", "listed"),
    [
        ({"cities": "hefei"}, {"cities": ["hefei"]}),
        ({"factors": {"normalisation": "z-score"}}, {"factors": {"normalisation": ["z-score"]}}),
        ({"factors": {"normalisation": {"method": "min-max"}}}, {"factors": {"normalisation": ["min-max"]}}),
        ({"factors": {"aggregation": "geometric"}}, {"factors": {"aggregation": ["geometric"]}}),
        ({"factors": {"ties": "better"}}, {"factors": {"ties": ["better"]}}),
    ],
)
def test_a_single_one_stands_for_a_list_of_one(single: dict[str, Any], listed: dict[str, Any]) -> None:
    scenario = read_scenario(open_scenario(MINIMUM | single))
    assert scenario == read_scenario(open_scenario(MINIMUM | listed))
    assert scenario != read_scenario(open_scenario(MINIMUM))


def test_names_of_cities_and_pillars_may_be_chinese() -> None:
    data = MINIMUM | {"cities": ["合肥"], "reading": {"pillars": {"经济": ["green-space"], "b": {"c": ["d"]}}}}
    scenario = read_scenario(open_scenario(data))
    assert scenario.cities == ("合肥",)
    assert scenario.reading is not None
    assert dict(scenario.reading.pillars) == {"经济": ("green-space",), "b": {"c": ("d",)}}


def test_a_scenario_never_changes_once_read() -> None:
    scenario = read_scenario(open_scenario(MINIMUM))
    with pytest.raises(ValueError, match="frozen"):
        scenario.draws = 3
    assert isinstance(scenario, Scenario)
    rank = RankPoints(ties="mean")
    with pytest.raises(ValueError, match="frozen"):
        rank.ties = "better"
