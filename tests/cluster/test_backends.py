"""Threads, processes and a Dask cluster give the same bytes; what cannot be opened is refused."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from command_line import invoked, message_of
from hypothesis import given
from hypothesis import strategies as st
from long_runs import assert_same_bytes, started, wait_for_blocks

import simulator as sim
from simulator.errors import DrawError, InputError
from simulator.simulation import pool as room
from simulator.simulation.pool import MOST_BLOCKS, LostError, Pool, open_pool
from simulator.simulation.running import Running
from simulator.storage import read_result
from simulator.study import Study, execute, plan


@pytest.fixture(scope="module")
def study() -> Study:
    return plan("stress-test", ["draws=20000", "seed=4", "pairs=true", "keep-draws=true"])


@pytest.fixture(scope="module")
def expected(study: Study) -> Any:
    return execute(study, Running())


def test_processes_give_the_same_bytes(study: Study, expected: Any) -> None:
    with open_pool(2, "processes") as pool:
        assert_same_bytes(execute(study, Running(pool)), expected)


def test_two_dask_workers_give_the_same_bytes_and_are_gone_afterwards(tmp_path: Path, expected: Any) -> None:
    """From the command line, as a leader of its own session, so that what it leaves running is seen."""
    settings = ("--draws", "20000", "--seed", "4", "--set", "pairs=true", "--set", "keep-draws=true")
    arguments = ("run", "stress-test", *settings, "--backend", "dask", "--workers", "2", "--out", "x.nc", "-q")
    with started(tmp_path, *arguments) as run:
        assert (*run.communicate(), run.returncode) == ("", "", 0)
    left = [one for one in psutil.process_iter() if session_of(one.pid) == run.pid]
    assert psutil.wait_procs(left, timeout=60)[1] == []
    sim.write_result(expected, tmp_path / "y.nc")
    assert_same_bytes(read_result(tmp_path / "x.nc"), read_result(tmp_path / "y.nc"))


def session_of(process: int) -> int:
    try:
        return os.getsid(process)
    except OSError:  # it has ended meanwhile
        return 0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Any]:
    """A cluster of two workers, each a process, on loopback."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        local_directory=tmp_path,
        silence_logs=50,
    ) as cluster:
        yield cluster


def test_a_worker_that_is_killed_does_not_harm_the_result(study: Study, expected: Any, cluster: Any) -> None:
    killed: list[int] = []

    def kill_one(done: int, total: int) -> None:
        if done > total // 4 and not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    with open_pool(None, "dask", cluster.scheduler_address) as pool:
        assert pool.workers == 2
        result = execute(study, Running(pool), kill_one)
    assert len(killed) == 1
    assert_same_bytes(result, expected)


def test_a_cluster_that_is_lost_is_told_in_a_line(study: Study, cluster: Any) -> None:
    def lose(done: int, total: int) -> None:
        if done < total:
            cluster.close()

    with (
        pytest.raises(LostError, match=r"^the Dask cluster is lost \("),
        open_pool(None, "dask", cluster.scheduler_address) as pool,
    ):
        execute(study, Running(pool), lose)


def test_workers_with_other_versions_are_refused(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    own = room.software_versions()

    def run(_: object, function: object) -> dict[str, Any]:
        return {"tcp://a": own, "tcp://b": {**own, "numpy": "1.0"}}

    monkeypatch.setattr("distributed.Client.run", run)
    with (
        pytest.raises(InputError, match=r"workers have other versions: numpy 1\.0 on tcp://b, .* here"),
        open_pool(None, "dask", cluster.scheduler_address),
    ):
        pass


def test_what_goes_wrong_in_a_worker_is_told_as_at_home() -> None:
    asked = {
        "schema_version": 1,
        "name": "broken",
        "index": "opportunity-2025",
        "draws": 3000,
        "seed": 1,
        "recipe": {"normalisation": "z-score", "aggregation": "geometric"},
        "factors": {"weights": {"method": "dirichlet"}},
    }
    told = []
    for backend in ("threads", "processes"):
        with pytest.raises((DrawError, InputError)) as caught, open_pool(2, backend) as pool:  # type: ignore[arg-type]
            execute(plan(asked), Running(pool))
        told.append(str(caught.value))
    assert told[0] == told[1]


@given(st.integers(0, 5000), st.integers(1, 70), st.sampled_from(["threads", "processes", "dask"]))
def test_tasks_are_all_blocks_once_and_none_is_too_large(blocks: int, workers: int, backend: Any) -> None:
    tasks = Pool(workers, backend).cut(range(blocks))
    assert [block for task in tasks for block in task] == list(range(blocks))
    assert all(len(task) == 1 if backend == "threads" else 1 <= len(task) <= MOST_BLOCKS for task in tasks)


@pytest.mark.parametrize("backend", ["threads", "processes"])
def test_outcomes_are_in_the_order_of_the_tasks_and_may_be_left(backend: Any) -> None:
    outcomes = Pool(2, backend).each(abs, range(-50, 0))
    assert [next(outcomes) for _ in range(5)] == [50, 49, 48, 47, 46]
    outcomes.close()  # type: ignore[attr-defined]
    assert list(Pool(2, backend).each(abs, [])) == []


@pytest.mark.parametrize(
    ("given_", "told"),
    [
        ({"workers": 0}, "workers: 0 is not a number of workers. Give 1 or more."),
        ({"backend": "spark"}, "backend: 'spark' is not known. Known: threads, processes, dask, ray."),
        ({"backend": "dask", "scheduler": "foo"}, "scheduler: 'foo' is no address. Write it like tcp://10.0.0.1:8786."),
        ({"scheduler": "tcp://x:1"}, "scheduler: threads need none. Add the backend dask, or leave it out."),
        ({"backend": "dask", "scheduler": "tcp://x:1", "workers": 2}, "workers: the cluster has its own workers"),
    ],
)
def test_what_cannot_be_opened_is_refused(given_: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as caught:
        sim.run("weights-only", draws=10, seed=1, **given_)
    assert told in str(caught.value)


def test_a_backend_whose_library_is_missing_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    told = message_of("run", "weights-only", "--backend", "dask", "--draws", "10")
    assert "dask needs distributed. Install it: python -m pip install distributed, or the extra `dask`." in told
    assert "ray needs ray. Install it: python -m pip install ray." in message_of(
        "run", "stress-test", "--backend", "ray"
    )


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE", "1s")
    told = message_of("run", "weights-only", "--backend", "dask", "--scheduler", "tcp://127.0.0.1:9", "--draws", "10")
    assert "scheduler: no scheduler answers at tcp://127.0.0.1:9" in told


def test_nothing_in_a_result_tells_what_ran_it(tmp_path: Path) -> None:
    told = []
    for number, backend in enumerate(("threads", "processes"), start=1):
        path = tmp_path / f"{backend}.nc"
        arguments = ("--backend", backend, "--workers", str(number), "--out", str(path), "--quiet")
        assert invoked("run", "weights-only", "--draws", "3000", "--seed", "1", *arguments).exit_code == 0
        attributes = dict(read_result(path).attrs)
        record = json.loads(attributes.pop("citysim_provenance"))
        told.append((attributes, {**record, "started": "", "seconds": 0.0}))
    assert told[0] == told[1]


@pytest.mark.parametrize("backend", ["dask", "processes"])
def test_a_run_that_is_killed_leaves_nothing_running(backend: str, tmp_path: Path) -> None:
    """Neither the workers of a Dask cluster of its own nor other processes outlive it."""
    arguments = ("run", "stress-test", "--draws", "2000000", "--seed", "1", "--backend", backend, "--workers", "2")
    with started(tmp_path, *arguments, "--out", "x.nc", "-q") as run:
        assert wait_for_blocks(run, tmp_path / "x.nc.unfinished")
        family = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(signal.SIGKILL)
    assert len(family) >= 2
    assert psutil.wait_procs(family, timeout=60)[1] == []
