"""Several scenarios as one job: equal to each by itself, faults of all told together, one without an answer told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from what_ifs import question

import simulator as sim
from simulator import batch
from simulator.batch import execute_all, plan_all, run_all
from simulator.errors import DrawError, InputError
from simulator.provenance import ATTRIBUTE, unseal

GROWS = question(name="grows", city="hefei", changes={"grow": {"gdp": "8%"}}, draws=40)
RISES = question(name="rises", changes={"cities": ["wuxi", "suzhou"], "move": {"green-space": 2}})
PLAIN = {"schema_version": 1, "name": "plain", "index": "opportunity-2025", "draws": 40, "seed": 1}
PLAIN |= {"factors": {"weights": {"method": "dirichlet", "concentration": 10}}}
SOME = PLAIN | {"name": "some", "cities": ["hefei", "nanjing", "wuxi", "ningbo"]}
OUT_OF_REACH = question(name="first", city="zhaoqing", reach={"rank": 1, "ceiling": 1})


@pytest.fixture(scope="module")
def four() -> xr.Dataset:
    return run_all([GROWS, RISES, PLAIN, SOME], workers=1)


def test_each_scenario_is_what_it_is_by_itself(four: xr.Dataset) -> None:
    assert four["scenario"].values.tolist() == ["grows, hefei", "rises", "plain", "some"]
    assert four["asked_for"].values.tolist() == ["hefei", "", "", ""]
    assert four["draws"].values.tolist() == [40, 0, 40, 40]
    grows = sim.run(GROWS, workers=1)
    found = four.isel(scenario=0)
    for name in ("rank_before", "rank_after", "total_before", "total_after", "rank_mean", "gain_mean", "gain_chance"):
        for end in ("", "_se") if name in ("rank_mean", "gain_mean", "gain_chance") else ("",):
            np.testing.assert_array_equal(found[name + end], grows[name + end])
    rises = sim.run(RISES, workers=1)
    np.testing.assert_array_equal(four["rank_after"][1], rises["rank_after"])
    assert np.isnan(four["rank_mean"][1]).all()
    assert (four["rank_median"][1] == 0).all()


def test_a_study_that_changes_nothing_has_its_baseline_before_and_its_own_ranking_after(four: xr.Dataset) -> None:
    plain = sim.run(PLAIN, workers=1)
    found = four.sel(scenario="plain")
    np.testing.assert_array_equal(found["rank_before"], plain["baseline_rank"])
    np.testing.assert_array_equal(found["rank_after"], plain["scenario_rank"])
    np.testing.assert_array_equal(found["total_after"], plain["scenario_total"])
    np.testing.assert_array_equal(found["rank_mean"], plain["rank_mean"])
    assert np.isnan(found["total_before"]).all()
    assert np.isnan(found["gain_mean"]).all()
    assert float(found["mean_abs_rank_shift"]) == float(plain["mean_abs_rank_shift"])


def test_who_takes_no_part_has_no_rank(four: xr.Dataset) -> None:
    found = four.sel(scenario="some")
    part = np.isin(four["city"], SOME["cities"])
    assert found["rank_after"].values[part].tolist() == sim.run(SOME, workers=1)["scenario_rank"].values.tolist()
    assert (found["rank_after"].values[~part] == 0).all()
    assert np.isnan(found["rank_mean"].values[~part]).all()
    assert four["city_name_zh"].sel(city="hefei").item() == "合肥"


def test_every_entry_keeps_its_provenance_and_every_variable_says_what_it_is(four: xr.Dataset) -> None:
    for place, seed in enumerate((3, 3, 1, 1)):
        record = unseal({ATTRIBUTE: four[ATTRIBUTE].values[place]}, "job")
        assert (record.seed, record.index) == (seed, "opportunity-2025")
    assert all(four[name].attrs["long_name"] for name in four.data_vars)


def test_a_what_if_is_asked_for_each_city_and_another_study_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def execute(study: Any, *given: Any) -> xr.Dataset:
        ran.append(study.scenario.name)
        return sim.study.execute(study, *given)  # type: ignore[attr-defined, no-any-return]

    monkeypatch.setattr(batch, "execute", execute)
    found = run_all([GROWS, PLAIN], cities=["宁波", "hefei"], draws=20, seed=4, workers=1)
    assert ran == ["grows", "grows", "plain"]
    labels = [f"{name}, {city}" for name in ("grows", "plain") for city in ("ningbo", "hefei")]
    assert found["scenario"].values.tolist() == labels
    assert found["asked_for"].values.tolist() == ["ningbo", "hefei"] * 2
    alone = sim.run({**GROWS, "city": "ningbo"}, draws=20, seed=4, workers=1)
    np.testing.assert_array_equal(found["rank_after"][0], alone["rank_after"])
    np.testing.assert_array_equal(found["gain_chance"][0], alone["gain_chance"])
    record = unseal({ATTRIBUTE: found[ATTRIBUTE].values[0]}, "job")
    assert (record.index, record.overrides) == ("opportunity-2025", ("city=ningbo", "draws=20", "seed=4"))


def test_all_cities_are_those_that_take_part() -> None:
    bay = sim.load_index("opportunity-2025").select({"cluster": "greater-bay-area"}).cities
    entries = plan_all([{**GROWS, "city": None, "cities": {"cluster": "greater-bay-area"}}], cities="all")
    assert [entry.city for entry in entries] == bay
    assert {entry.study.whence for entry in entries} == {"opportunity-2025"}


def test_two_scenarios_of_one_name_are_told_apart() -> None:
    labels = [entry.label for entry in plan_all([GROWS, GROWS, PLAIN, GROWS])]
    assert labels == ["grows, hefei", "grows (2), hefei", "plain", "grows (3), hefei"]


def test_an_exact_design_keeps_to_its_combinations() -> None:
    found = run_all(["leave-one-dimension-out", PLAIN], draws=20, workers=1)
    assert found["draws"].values.tolist() == [10, 20]
    assert (found["rank_mean_se"][0] == 0.0).all()


def test_all_faults_of_all_are_told_before_any_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "execute", None)  # nothing is run, or this fails
    broken = tmp_path / "broken.yaml"
    broken.write_text("schema_version: 1\nname: broken\nindex: opportunity-2025\ndraw: 5\ncity: hefei\n", "utf-8")
    unknown = {**GROWS, "changes": {"grow": {"gpd": "8%"}}}
    with pytest.raises(InputError) as caught:
        run_all([str(broken), GROWS, unknown, "strestest"], workers=1)
    told = str(caught.value)
    assert told.startswith("scenarios: 3 faults")
    for part in (f"{broken}: line 4, draw: unknown key", "Did you mean gdp", "Did you mean stress-test"):
        assert part in told


def test_faults_of_every_city_are_told_together_and_once() -> None:
    unknown = {**GROWS, "changes": {"multiply": {"loans": 1.05}}}
    with pytest.raises(InputError) as caught:
        plan_all([unknown, SOME], cities=["hefei", "xining", "shanghai"])
    told = str(caught.value)
    for city in ("hefei", "xining"):
        assert f"is not known of {city}, nor how it changes" in told
    assert "shanghai: does not take part in this scenario" in told
    with pytest.raises(InputError, match="1 fault"):
        plan_all([{**GROWS, "drawz": 1}, {**GROWS, "drawz": 1}], cities=["hefei", "ningbo"])


@pytest.mark.parametrize(
    ("scenarios", "cities", "told"),
    [
        ([], None, "none is named"),
        ([PLAIN], ["atlantis"], "no such city"),
        ([{**PLAIN, "cities": ["hefei"]}], "all", "a ranking of 1 says nothing"),
        ([{**PLAIN, "index": "nowhere"}], "all", "no bundled index"),
    ],
)
def test_bad_jobs_are_refused(scenarios: list[Any], cities: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        plan_all(scenarios, cities)


def test_one_without_an_answer_is_told_and_leaves_the_others_theirs() -> None:
    found = run_all([OUT_OF_REACH, GROWS], draws=0, workers=1)
    assert "out of reach" in found["fault"].values[0]
    assert found["fault"].values[1] == ""
    assert (found["rank_after"][0] == 0).all()
    assert np.isnan(found["total_after"][0]).all()
    assert int(found["rank_after"].sel(city="hefei")[1]) == 15
    assert found[ATTRIBUTE].values[0] == ""


def test_where_none_has_an_answer_that_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="out of reach"):
        run_all([OUT_OF_REACH], draws=0, workers=1)

    def fail(*_: Any) -> xr.Dataset:
        raise DrawError("a mean is undefined")

    monkeypatch.setattr(batch, "execute", fail)
    with pytest.raises(InputError, match="plain: a mean is undefined"):
        run_all([PLAIN], workers=1)


def test_the_cheapest_plan_to_a_rank_is_kept() -> None:
    goal = question(name="up", city="hefei", reach={"rank": 13, "plans": 1})
    found = run_all([goal, GROWS], draws=20, workers=1)
    alone = sim.run(goal, draws=20, workers=1)
    assert float(found["plan_effort"][0]) == float(alone["plan_effort"][0])
    assert float(found["plan_chance"][0]) == float(alone["plan_chance"][0])
    assert np.isnan(float(found["plan_effort"][1]))


def test_progress_is_told_over_all_and_ends_at_the_whole() -> None:
    told: list[tuple[int, int]] = []
    execute_all(plan_all([GROWS, RISES, PLAIN]), 1, lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {81}
    done = [one for one, _ in told]
    assert done == sorted(done)
    assert (done[-1], 40 in done, 41 in done) == (81, True, True)


def test_workers_change_nothing() -> None:
    one, two = (run_all([GROWS, PLAIN], draws=30, workers=count).drop_vars(ATTRIBUTE) for count in (1, 2))
    xr.testing.assert_identical(one, two)
