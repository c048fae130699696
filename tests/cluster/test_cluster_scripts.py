"""The scripts of docs/cluster do what they say, on stand-ins of the programs that a cluster has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from long_runs import assert_same_bytes, write_folder

import simulator as sim
from simulator.results.store import open_store
from simulator.storage import read_result

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "docs" / "cluster"

QUEUE = '''
from distributed import LocalCluster


class SLURMCluster(LocalCluster):
    """Jobs of a queue as processes of this machine."""

    def __init__(self, cores, processes, memory, walltime):
        super().__init__(n_workers=0, threads_per_worker=cores, host="127.0.0.1", dashboard_address=None)

    def scale(self, jobs):
        super().scale(min(jobs, 2))
'''


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)


def ran(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = folder / "bin"
    own.mkdir(exist_ok=True)
    program(own, "citysim", f'exec {sys.executable} -m simulator "$@"')
    program(own, "srun", 'exec "$@"')
    program(own, "scontrol", f'echo "$@" >> {folder / "requeued"}')
    path = {"PATH": f"{own}:{os.environ['PATH']}", "PYTHONPATH": f"{ROOT}:{folder}"}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **path, **environment}
    )


def as_stored(folder: Path, scenario: Path, draws: int) -> object:
    sim.write_result(sim.run(scenario, draws=draws, seed=2025, workers=1), folder / "whole.nc")
    return read_result(folder / "whole.nc")


def test_the_loop_makes_the_whole_and_leaves_alone_what_is_done(tmp_path: Path) -> None:
    scenario = write_folder(tmp_path)
    command = ("sh", str(SCRIPTS / "loop.sh"), "small.yaml", "3000", "3")
    first = ran(tmp_path, *command, "2")
    assert (first.returncode, first.stderr) == (0, "")
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["2-of-3.part"]
    before = (tmp_path / "parts" / "2-of-3.part").stat().st_mtime_ns
    rest = ran(tmp_path, *command)
    assert (rest.returncode, rest.stderr) == (0, "")
    assert (tmp_path / "parts" / "2-of-3.part").stat().st_mtime_ns == before
    assert_same_bytes(read_result(tmp_path / "result.nc"), as_stored(tmp_path, scenario, 3000))


def test_the_slurm_array_runs_a_shard_and_goes_back_into_the_queue_when_time_is_up(tmp_path: Path) -> None:
    write_folder(tmp_path)
    task = {"SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_JOB_ID": "7"}
    command = ("bash", str(SCRIPTS / "slurm-array.sh"), "small.yaml", "3000")
    done = ran(tmp_path, *command, **task, SLURM_CPUS_PER_TASK="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "parts" / "1.part").is_file()
    assert '"event": "finished"' in (tmp_path / "logs" / "1.jsonl").read_text("utf-8")
    assert not (tmp_path / "requeued").exists()
    ran(tmp_path, "true")
    program(tmp_path / "bin", "srun", "exit 75")
    stopped = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **task, "SLURM_CPUS_PER_TASK": "1", "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
    )
    assert (stopped.returncode, (tmp_path / "requeued").read_text("utf-8")) == (0, "requeue 7_1\n")


def test_the_queue_of_dask_jobqueue_runs_many_scenarios(tmp_path: Path) -> None:
    scenario = write_folder(tmp_path)
    write_folder(tmp_path, "other", draws=500)
    (tmp_path / "dask_jobqueue.py").write_text(QUEUE, "utf-8")
    names = ("small.yaml", "other.yaml", "absent.yaml")
    done = ran(tmp_path, sys.executable, str(SCRIPTS / "dask-jobqueue.py"), "s.zarr", *names)
    assert (done.returncode, done.stdout) == (1, "2 run, 0 were there, 1 failed\n"), done.stderr
    assert "failed: absent: " in done.stderr
    assert_same_bytes(open_store(tmp_path / "s.zarr").result("small"), sim.run(scenario, workers=1))
