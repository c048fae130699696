"""Many scenarios as one job: failures do not stop the rest, and only what is missing is run again."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from command_line import citysim, invoked, message_of
from hypothesis import given
from hypothesis import strategies as st
from long_runs import assert_same_bytes, block_files, write_folder

import simulator as sim
from simulator import jobs
from simulator.errors import InputError, StorageError
from simulator.jobs import Asked, ask, backend_for, execute_job, folder_beside, run_job
from simulator.results.store import open_store
from simulator.simulation.pool import Pool
from simulator.simulation.running import Running, StoppedError
from simulator.study import execute, plan
from simulator.varying import MOST, combinations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(tmp_path)
    write_folder(tmp_path, "other", draws=2000, factors="{weights: {method: dirichlet, concentration: 5}}")
    (tmp_path / "broken.yaml").write_text("schema_version: 1\nname: broken\nindex: definition.yaml\ndraw: 3\n", "utf-8")
    return tmp_path


def scenarios(folder: Path) -> list[Path]:
    return [folder / f"{name}.yaml" for name in ("small", "broken", "other", "absent")]


def test_failures_are_told_and_do_not_stop_the_rest(folder: Path) -> None:
    report = run_job(scenarios(folder), folder / "s.zarr", workers=2)
    assert (report.done, report.there, list(report.failed)) == (2, 0, ["broken", "absent"])
    assert "unknown key 'draw'. Did you mean draws" in report.failed["broken"]
    assert "no such file" in report.failed["absent"]
    store = open_store(folder / "s.zarr")
    assert {entry.name: entry.status for entry in store.entries()} == {
        "small": "done",
        "broken": "failed",
        "other": "done",
        "absent": "failed",
    }
    for name in ("small", "other"):
        assert_same_bytes(store.result(name), sim.run(folder / f"{name}.yaml", workers=1))
    assert not (folder / "s.zarr.unfinished").exists()


def ran_by(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the scenarios that are run from now on."""
    ran: list[str] = []

    def execute_(study: Any, *given_: Any) -> Any:
        ran.append(study.scenario.name)
        return execute(study, *given_)

    monkeypatch.setattr(jobs, "execute", execute_)
    return ran


def test_run_again_it_does_only_what_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = scenarios(folder)
    run_job(asked, folder / "s.zarr", workers=1)
    ran = ran_by(monkeypatch)
    again = run_job(asked, folder / "s.zarr", workers=1)
    assert (again.done, again.there, list(again.failed), ran) == (0, 2, ["broken", "absent"], [])
    write_folder(folder, "absent", draws=1000)
    text = (folder / "other.yaml").read_text("utf-8")
    (folder / "other.yaml").write_text(text.replace("draws: 2000", "draws: 2001"), "utf-8")
    third = run_job(asked, folder / "s.zarr", workers=1)
    assert (third.done, third.there, ran) == (2, 1, ["other", "absent"])
    assert open_store(folder / "s.zarr").result("other").attrs["draws"] == 2001


def test_changed_data_and_other_versions_are_run_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_job([folder / "small.yaml"], folder / "s.zarr", workers=1)
    ran = ran_by(monkeypatch)
    values = folder / "values.csv"
    values.write_text(values.read_text("utf-8").replace("30.0", "31.0"), "utf-8")
    run_job([folder / "small.yaml"], folder / "s.zarr", workers=1)
    assert ran == ["small"]
    monkeypatch.setattr(jobs, "software_versions", lambda: {"citysim": "9"})
    run_job([folder / "small.yaml"], folder / "s.zarr", workers=1)
    assert ran == ["small", "small"]
    run_job([folder / "small.yaml"], folder / "s.zarr", workers=1)
    assert ran == ["small", "small"]


@pytest.mark.parametrize("backend", ["threads", "processes"])
def test_what_varies_is_run_with_each_of_each_and_is_the_same_everywhere(folder: Path, backend: Any) -> None:
    vary = ["factors.weights.concentration=2,8", "seed=1..3"]
    report = run_job([folder / "small.yaml"], folder / "s.zarr", vary=vary, draws=1500, workers=2, backend=backend)
    assert (report.done, report.failed) == (6, {})
    store = open_store(folder / "s.zarr")
    asked = [f"factors.weights.concentration={size} seed={seed}" for size in (2, 8) for seed in (1, 2, 3)]
    assert sorted(entry.name for entry in store.entries()) == sorted(f"small {one}" for one in asked)
    for one in asked:
        alone = sim.run(folder / "small.yaml", draws=1500, overrides=one.split(), workers=1)
        assert_same_bytes(store.result(f"small {one}"), alone)


def test_few_scenarios_share_all_workers(folder: Path) -> None:
    store = open_store(folder / "s.zarr", create=True)
    report = execute_job(ask([folder / "small.yaml"]), store, Running(Pool(2)))
    assert report.done == 1
    assert_same_bytes(store.result("small"), sim.run(folder / "small.yaml", workers=1))


def test_a_job_that_was_stopped_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a scenario too: what it had done is beside the store."""
    monkeypatch.setattr(jobs, "SECONDS", 0.0)
    store = open_store(folder / "s.zarr", create=True)
    asked = ask([folder / "small.yaml"], ["seed=1..5"], ["draws=6000"])
    for _ in range(3):
        reasons = iter([""] * 9)
        kept = folder_beside(store.address)
        with pytest.raises(StoppedError, match=r"enough; \d of 5 scenarios are left, run the same command again"):
            execute_job(asked, store, Running(stop=lambda reasons=reasons: next(reasons, "enough")), kept)
    assert 0 < len(store.entries()) < 5
    unfinished = [path for path in (folder / "s.zarr.unfinished").iterdir() if block_files(path)]
    assert len(unfinished) == 1
    report = execute_job(asked, store, Running(), folder_beside(store.address))
    assert report.there + report.done == 5
    for seed in range(1, 6):
        alone = sim.run(folder / "small.yaml", draws=6000, seed=seed, workers=1)
        assert_same_bytes(store.result(f"small seed={seed}"), alone)
    assert not (folder / "s.zarr.unfinished").exists()


def test_a_store_that_cannot_be_written_ends_the_job_with_a_message(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(folder / "s.zarr", create=True)
    run_job([folder / "other.yaml"], store, workers=1)

    def full(_: object) -> None:
        raise StorageError("s.zarr: cannot be written (No space left on device)")

    monkeypatch.setattr(store, "keep", full)
    with pytest.raises(StorageError, match="No space left on device"):
        run_job([folder / "small.yaml"], store, workers=1)
    assert [entry.name for entry in open_store(folder / "s.zarr").entries()] == ["other"]


def test_an_error_of_ours_is_a_failure_of_its_scenario_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def execute_(study: Any, *given_: Any) -> Any:
        if study.scenario.name == "small":
            raise ZeroDivisionError("division by zero")
        return execute(study, *given_)

    monkeypatch.setattr(jobs, "execute", execute_)
    report = run_job([folder / "small.yaml", folder / "other.yaml"], folder / "s.zarr", workers=1)
    assert report.failed == {"small": "internal error: ZeroDivisionError: division by zero"}
    assert report.done == 1


def test_results_are_kept_in_batches_and_none_waits_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, together, batches in ((1e9, 4, [4, 4, 2]), (0.0, 4, [1] * 10)):
        monkeypatch.setattr(jobs, "SECONDS", seconds)
        monkeypatch.setattr(jobs, "TOGETHER", together)
        place = folder / f"{together}{seconds}.zarr"
        run_job([folder / "small.yaml"], place, vary=["seed=1..10"], draws=50, workers=1)
        entries = open_store(place).entries()
        counts: dict[str, int] = {}
        for entry in entries:
            counts[entry.batch] = counts.get(entry.batch, 0) + 1
        assert list(counts.values()) == batches


def test_progress_counts_scenarios(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    run_job(scenarios(folder), folder / "s.zarr", workers=1, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_names_are_those_of_files_and_settings_and_told_apart(folder: Path) -> None:
    asked = ask(["weights-only", folder / "small.yaml", "weights-only", {"name": "own"}, {}], ["seed=1,2"])
    names = ["weights-only", "small", "weights-only", "own", "scenario"]
    expected = [f"{name} seed={seed}" for name in names for seed in (1, 2)]
    expected[4:6] = ["weights-only seed=1 (2)", "weights-only seed=2 (2)"]
    assert [one.name for one in asked] == expected
    assert len({one.key for one in ask([folder / "small.yaml"], ["seed=1..9"])}) == 9


def test_many_scenarios_have_processes_unless_it_is_said_otherwise() -> None:
    assert [backend_for(count) for count in (2, 15, 16, 1000)] == ["threads", "threads", "processes", "processes"]
    assert (backend_for(1000, workers=1), backend_for(1000, None, "dask")) == ("threads", "dask")


def test_checkpoints_are_beside_a_store_in_a_folder() -> None:
    assert folder_beside("a/s.zarr/") == Path("a/s.zarr.unfinished")
    assert folder_beside("s3://bucket/s.zarr") is None
    assert folder_beside("s3://bucket/s.zarr", "here") == Path("here")


def test_a_store_may_be_anywhere_that_fsspec_knows(folder: Path) -> None:
    report = run_job([folder / "small.yaml"], "memory://job/s.zarr", draws=50, workers=1)
    assert report.done == 1
    assert open_store("memory://job/s.zarr").entries()[0].draws == 50


def test_the_key_of_a_request_is_of_its_text_place_settings_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Asked("a", "weights-only", ())
    assert plain.key == Asked("b", "weights-only", ()).key
    others = [Asked("a", "stress-test", ()), Asked("a", "weights-only", ("seed=1",))]
    assert plain.key not in {one.key for one in others}
    monkeypatch.setattr(jobs, "software_versions", lambda: {"numpy": "9"})
    assert Asked("a", "weights-only", ()).key != plan("weights-only")


# What varies.


@given(st.lists(st.lists(st.integers(0, 99).map(str), min_size=1, max_size=4, unique=True), max_size=3))
def test_combinations_are_each_of_each(values: list[list[str]]) -> None:
    found = combinations([f"path-{number}={','.join(one)}" for number, one in enumerate(values)])
    count = 1
    for one in values:
        count *= len(one)
    assert len(found) == len(set(found)) == count
    assert all(
        setting.partition("=")[2] in values[number]
        for combination in found
        for number, setting in enumerate(combination)
    )


def test_commas_within_brackets_belong_to_a_value() -> None:
    told = ["factors.weights={method: uniform, percent: 20},null", "cities=[a, b]"]
    assert combinations(told) == [
        ("factors.weights={method: uniform, percent: 20}", "cities=[a, b]"),
        ("factors.weights=null", "cities=[a, b]"),
    ]


def test_spans_and_values_mix_and_none_is_twice() -> None:
    assert combinations(["seed=1..3,7,2"]) == [(f"seed={seed}",) for seed in (1, 2, 3, 7)]


def test_exact_scenarios_keep_to_their_combinations(folder: Path) -> None:
    report = run_job(["leave-one-dimension-out", folder / "small.yaml"], folder / "s.zarr", draws=50, workers=1)
    assert (report.done, report.failed) == (2, {})
    assert [entry.draws for entry in open_store(folder / "s.zarr").entries()] == [10, 50]


@pytest.mark.parametrize("text", ["seed", "=1", "seed=", "seed=1,,2", "seed={1", "seed=3..1", "seed=1}"])
def test_what_is_no_variation_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"is not of the form path=value,value\. Example: --vary seed=1\.\.100"):
        combinations([text])


def test_a_slip_of_the_pen_does_not_fill_the_memory() -> None:
    with pytest.raises(InputError, match=r"combinations\. Vary less: 1,000,000 at most") as caught:
        combinations([f"seed=1..{10 * MOST}", "draws=1,2"])
    assert len(str(caught.value)) < 200


# The command.


def test_the_command_runs_many_and_tells_what_failed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    asked = [str(path) for path in scenarios(folder)]
    done = invoked("run", *asked, "--store", "s.zarr", "--draws", "50", "--seed", "1", "--workers", "1")
    assert done.exit_code == 1
    assert done.stdout.startswith("2 of 4 scenarios done in ")
    assert done.stdout.endswith("2 failed.\nKept in s.zarr; `citysim results s.zarr` lists them.\n")
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == [" broken", " absent"]
    again = invoked("run", *asked, "--store", "s.zarr", "--draws", "50", "--seed", "1", "--workers", "1")
    assert "0 of 4 scenarios done in 0 s, 2 were there already, 2 failed." in again.stdout
    good = citysim("run", asked[0], asked[2], "--store", "t.zarr", "--draws", "50", "--workers", "1")
    assert "failed" not in good
    citysim("results", "s.zarr", "small", "--out", "small.nc")
    assert "equal to the byte" in citysim("repeat", "small.nc")


def test_the_command_varies_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert citysim("run", "small.yaml", "--vary", "seed=1..3", "--set", "draws=20", "--store", "s.zarr", "-q") == ""
    assert {(entry.name, entry.draws) for entry in open_store("s.zarr").entries()} == {
        (f"small seed={seed}", 20) for seed in (1, 2, 3)
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stress-test", "weights-only"], "--store: many scenarios need a store. Add --store results.zarr."),
        (["stress-test", "--vary", "seed=1,2"], "--store: many scenarios need a store"),
        (["stress-test", "--store", "s.zarr", "--csv", "x.csv"], "--csv: is for one scenario. Leave it out"),
        (["stress-test", "--store", "s.zarr", "--shard", "1/2"], "--shard: is for one scenario"),
        (["stress-test", "--store", "s.zarr", "--vary", "seed"], "--vary seed: is not of the form"),
        (["stress-test", "--resume"], "--resume: nothing says where the unfinished run is"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told in message_of("run", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_log_tells_what_happens_as_json(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    before = logging.getLogger("simulator").handlers
    invoked("run", "small.yaml", "broken.yaml", "--store", "s.zarr", "--log", "log.jsonl", "--workers", "1", "-q")
    events = [json.loads(line) for line in Path("log.jsonl").read_text("utf-8").splitlines()]
    assert [event["event"] for event in events] == ["begun", "finished", "scenario", "failed", "scenario"]
    assert all({"asctime", "levelname", "message"} <= set(event) for event in events)
    assert (events[1]["draws"], events[2]["fault"]) == (3000, "")
    assert "unknown key" in events[-1]["fault"]
    assert "File" in events[3]["exc_info"]
    assert logging.getLogger("simulator").level == logging.INFO
    assert len(logging.getLogger("simulator").handlers) == len(before) or not before


def test_a_log_may_go_to_the_screen_and_not_into_nowhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    told = invoked("run", "small.yaml", "--log", "-", "--workers", "1", "-q").stderr.splitlines()
    assert [json.loads(line)["event"] for line in told] == ["begun", "finished"]
    assert "the folder nowhere does not exist" in message_of("run", "small.yaml", "--log", "nowhere/log.jsonl")
