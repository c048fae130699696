"""What a study depends on, what its provenance records, and a stored result repeated."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from study_files import VARIED, assert_same_variables, provenance, write_small_study, written

import simulator as sim
from simulator.errors import InputError
from simulator.index import Index, load_index
from simulator.provenance import ATTRIBUTE
from simulator.published import shipped_scenarios
from simulator.scenario import open_scenario
from simulator.simulation.pool import Pool
from simulator.simulation.running import Running
from simulator.study import execute, plan


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Folder of an index of seven cities in three provinces, with a scenario beside it."""
    write_small_study(tmp_path)
    return tmp_path


# Seeds, workers, overrides, provenance.


def test_the_number_of_workers_changes_nothing() -> None:
    one, two, three = (sim.run("stress-test", draws=4_000, workers=count) for count in (1, 2, 3))
    assert_same_variables(one, two)
    assert_same_variables(one, three)


def test_seeds_matter_and_nought_is_a_seed() -> None:
    nought, again, one = (sim.run("weights-only", draws=500, seed=seed, workers=1) for seed in (0, 0, 1))
    assert nought.attrs["seed"] == provenance(nought)["seed"] == 0
    assert_same_variables(nought, again)
    assert not np.array_equal(nought["rank_frequency"], one["rank_frequency"])


def test_without_a_seed_one_is_drawn_and_recorded() -> None:
    scenario = {name: value for name, value in written(**VARIED, keep_draws=True).items() if name != "seed"}
    scenario["factors"] = {"weights": VARIED["factors"]["weights"]}
    scenario["keep-draws"] = scenario.pop("keep_draws")
    first, second = sim.run(scenario, workers=1), sim.run(scenario, workers=1)
    assert first.attrs["seed"] != second.attrs["seed"]
    assert not np.array_equal(first["total_by_draw"], second["total_by_draw"])
    assert_same_variables(first, sim.run(scenario, seed=provenance(first)["seed"], workers=1))
    assert sim.repeat(first, workers=1).same


def test_overrides_are_applied_and_recorded_in_their_order() -> None:
    settings = ["draws=50", "draws=60", "factors.weights.concentration=3"]
    result = sim.run("weights-only", draws=70, seed=5, overrides=settings, workers=1)
    assert provenance(result)["overrides"] == [*settings, "draws=70", "seed=5"]
    assert (result.attrs["draws"], result.attrs["seed"], provenance(result)["draws"]) == (70, 5, 70)
    assert result["alternative"].values.tolist() == ["dirichlet concentration=3 centre=equal"]
    assert int(result["draws_with_city"][0]) == 70
    later = sim.run("weights-only", overrides=["draws=50", "draws=60"], workers=1)
    assert later.attrs["draws"] == 60


def test_provenance_says_what_was_asked_with_which_data_and_versions(published: Index) -> None:
    """Convention 11."""
    record = provenance(sim.run("weights-only", draws=10, workers=1))
    assert record["scenario"] == shipped_scenarios()["weights-only"].read_text(encoding="utf-8")
    assert record["index"] == "opportunity-2025"
    assert record["input_sha256"] == dict(published.hashes)
    files = {"definition.yaml", "points.csv", "cities.csv", "totals.csv", "raw.yaml", "quantities.csv"}
    assert set(record["input_sha256"]) == files
    assert record["versions"]["numpy"] == np.__version__
    assert record["versions"]["citysim"]
    assert record["seconds"] >= 0
    assert record["started"].endswith("+00:00")


def test_a_name_a_path_and_a_mapping_of_one_scenario_give_one_result(tmp_path: Path) -> None:
    path = shipped_scenarios()["weights-only"]
    elsewhere = shutil.copy(path, tmp_path / "mine.yaml")
    mapping = open_scenario("weights-only").data
    sources = ("weights-only", path, str(path), elsewhere, mapping)
    results = [sim.run(source, draws=200, workers=1) for source in sources]
    for other in results[1:]:
        assert_same_variables(results[0], other)


def test_a_mapping_stays_as_it_is() -> None:
    """Convention 9."""
    mapping = written(**VARIED, cities={"status": "prefecture-level"}, recipe={"ties": "better"})
    mapping["factors"] = {"weights": VARIED["factors"]["weights"]}
    before = json.dumps(mapping)
    sim.run(mapping, draws=20, seed=3, overrides=["factors.weights.concentration=9"], workers=1)
    assert json.dumps(mapping) == before


def test_indices_stay_as_they_are(small: Path) -> None:
    study = plan(small / "study.yaml")
    index = study.parts[""]
    matrix, definition, printed = index.matrix.copy(deep=True), index.definition.model_dump(), index.printed.copy()
    execute(study, Running(Pool(2)))
    xr.testing.assert_identical(index.matrix, matrix)
    xr.testing.assert_identical(index.printed, printed)
    assert index.definition.model_dump() == definition
    assert_same_variables(execute(study, Running(Pool(1))), execute(study, Running(Pool(2))))


# A stored result repeated.


def test_a_result_repeated_comes_out_the_same(tmp_path: Path) -> None:
    scenario = {"draws": 300, "overrides": ["keep-draws=true", "pairs=true"], "workers": 1}
    for name in ("stress-test", "city-clusters", "leave-one-dimension-out"):
        result = sim.run(name, workers=1) if "leave" in name else sim.run(name, **scenario)  # type: ignore[arg-type]
        in_memory = sim.repeat(result, workers=2)
        assert (in_memory.same, in_memory.differing, in_memory.changed) == (True, (), ())
        sim.write_result(result, tmp_path / "result.nc")
        stored = sim.repeat(tmp_path / "result.nc", workers=1)
        assert (stored.same, stored.differing, stored.changed) == (True, (), ()), name


def test_a_result_that_was_altered_is_told_by_the_variables_that_differ(tmp_path: Path) -> None:
    result = sim.run("weights-only", draws=100, workers=1)
    altered = result.copy(deep=True)
    altered["rank_mean"][3] += 1e-12
    altered["rank_min"][0] = 2
    sim.write_result(altered, tmp_path / "altered.nc")
    for stored in (altered, tmp_path / "altered.nc", str(tmp_path / "altered.nc")):
        repetition = sim.repeat(stored, workers=1)
        assert (repetition.same, repetition.differing) == (False, ("rank_mean", "rank_min"))
        assert_same_variables(repetition.result, result)


@pytest.mark.parametrize("change", ["drop", "add", "shorten"])
def test_a_variable_that_is_gone_or_new_or_of_another_shape_differs(change: str) -> None:
    result = sim.run("weights-only", draws=100, workers=1)
    altered = {
        "drop": result.drop_vars("top_3"),
        "add": result.assign(guess=1.0),
        "shorten": result.isel(rank=slice(0, 59)),
    }[change]
    expected = {"drop": ("top_3",), "add": ("guess",), "shorten": ("rank", "rank_frequency", "rank_frequency_se")}
    assert sim.repeat(altered, workers=1).differing == expected[change]


def test_data_that_changed_since_are_named(small: Path) -> None:
    result = sim.run(small / "study.yaml", workers=1)
    assert sim.repeat(result, workers=1).same
    matrix = small / "matrix.csv"
    matrix.write_text(matrix.read_text(encoding="utf-8").replace("city-0,", "city-0,1"), encoding="utf-8")
    repetition = sim.repeat(result, workers=1)
    assert not repetition.same
    assert "rank_mean" in repetition.differing
    assert len(repetition.changed) == 1
    then, now = (provenance(one)["input_sha256"]["matrix.csv"] for one in (result, repetition.result))
    assert then != now
    assert repetition.changed[0] == f"matrix.csv: {then} then, {now} now"


def test_other_versions_are_named() -> None:
    result = sim.run("weights-only", draws=10, workers=1)
    record = provenance(result)
    record["versions"]["numpy"] = "0.0.1"
    repetition = sim.repeat(result.assign_attrs({ATTRIBUTE: json.dumps(record)}), workers=1)
    assert repetition.same
    assert repetition.changed == (f"numpy: 0.0.1 then, {np.__version__} now",)


def test_a_result_is_repeated_after_its_scenario_file_is_gone(small: Path) -> None:
    result = sim.run(small / "study.yaml", overrides=["draws=50"], workers=1)
    (small / "study.yaml").unlink()
    repetition = sim.repeat(result, workers=1)
    assert repetition.same
    assert provenance(repetition.result)["draws"] == 50


def test_what_is_no_result_is_refused() -> None:
    with pytest.raises(InputError, match="no provenance"):
        sim.repeat(xr.Dataset())
