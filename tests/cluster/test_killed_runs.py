"""Runs in processes of their own, which are killed, asked to stop, or meet a full disk, and go on."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import invoked, message_of
from long_runs import assert_same_bytes, block_files, started, wait_for_blocks

import simulator as sim
from simulator.storage import read_result

RUN = ("run", "stress-test-points", "--draws", "400000", "--seed", "3", "--workers", "1", "--out", "x.nc", "--quiet")


def test_killed_five_times_and_resumed_it_comes_to_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "x.nc.unfinished"
    for turn in range(5):
        before = {file.name for file in block_files(folder)}
        with started(tmp_path, *RUN, *(["--resume"] if turn else [])) as run:
            assert wait_for_blocks(run, folder, before)
            run.send_signal(signal.SIGKILL)
        assert run.returncode == -signal.SIGKILL
        assert not (tmp_path / "x.nc").exists()
    with started(tmp_path, *RUN, "--resume") as run:
        printed, said = run.communicate()
    assert (run.returncode, printed, said) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["x.nc"]
    assert_same_bytes(
        read_result(tmp_path / "x.nc"), stored(sim.run("stress-test-points", draws=400_000, seed=3), tmp_path)
    )


def stored(result: object, folder: Path) -> object:
    sim.write_result(result, folder / "y.nc")
    return read_result(folder / "y.nc")


def test_a_scheduler_that_asks_to_stop_gets_a_clean_end(tmp_path: Path) -> None:
    with started(tmp_path, *RUN[:-1], "--log", "log.jsonl") as run:
        assert wait_for_blocks(run, tmp_path / "x.nc.unfinished")
        run.send_signal(signal.SIGTERM)
        printed, said = run.communicate()
    how = "what is done is kept in x.nc.unfinished, and the same command with --resume goes on"
    assert (run.returncode, printed, said.splitlines()[-1]) == (75, "", f"asked to stop (SIGTERM); {how}")
    events = [json.loads(line)["event"] for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    assert events[0] == "begun"
    assert "checkpoint" in events
    assert not (tmp_path / "x.nc").exists()


def test_a_time_limit_stops_cleanly_and_the_rest_is_done_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["run", "weights-only", "--draws", "5000", "--seed", "3", "--out", "x.nc", "--quiet"]
    stopped = invoked(*command, "--max-hours", "1e-9")
    assert (stopped.exit_code, stopped.stderr) == (75, "the time limit of 1e-09 hours is reached\n")
    assert list(tmp_path.iterdir()) == []
    assert invoked(*command, "--resume", "--max-hours", "1").exit_code == 0
    assert "max hours: 1 fault\n  -1.0 is no time. Give more than 0." in message_of(*command, "--max-hours", "-1")


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command = ("run", "weights-only", "--draws", "2000", "--out", "x.nc", "--resume", "-q")
    assert invoked(*command, "--seed", "3").stdout == ""
    before = Path("x.nc").read_bytes()
    told = "x.nc is the result of this very study already; nothing is left to do.\n"
    assert invoked(*command, "--seed", "3").stdout == told
    assert Path("x.nc").read_bytes() == before
    assert invoked(*command, "--seed", "4").stdout == ""
    assert Path("x.nc").read_bytes() != before
    shard = ("run", "weights-only", "--seed", "3", "--shard", "1/2", "--out", "1.part", "--resume", "-q")
    assert [invoked(*shard).stdout for _ in range(2)] == ["", "1.part is there already; nothing is left to do.\n"]


SMALL_DISK = """
set -e
mkdir disk
mount -t tmpfs -o size=300k tmpfs disk
cd disk
{run} --draws 2000 --out x.nc
cp x.nc ../former.nc
head -c 200k /dev/zero > filler || true
set +e
{run} --draws 3000 --pair hefei,ningbo --out x.nc
echo "exit code $?"
cp x.nc ../left.nc
ls -A | grep -v unfinished
"""


def may_mount() -> bool:
    tool = shutil.which("unshare")
    return tool is not None and subprocess.run([tool, "-rm", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not may_mount(), reason="needs a mount namespace of its own, for a small disk")
def test_on_a_full_disk_the_old_result_still_stands(tmp_path: Path) -> None:
    run = f"{sys.executable} -m simulator run weights-only --seed 1 --quiet"
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", SMALL_DISK.format(run=run)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    assert done.stdout.splitlines() == ["exit code 1", "filler", "x.nc"]
    assert "x.nc: cannot be written (No space left on device)" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "left.nc").read_bytes() == (tmp_path / "former.nc").read_bytes()
    assert_same_bytes(read_result(tmp_path / "left.nc"), stored(sim.run("weights-only", draws=2000, seed=1), tmp_path))


def test_a_file_that_may_not_grow_is_a_message_and_leaves_the_old_one(tmp_path: Path) -> None:
    """The same without a right to mount: no file of the process may be larger than 40 kB."""
    (tmp_path / "x.nc").write_bytes(b"former")
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "import simulator.cli, simulator.study;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000));"
        "simulator.cli.main(['run', 'weights-only', '--draws', '2000', '--seed', '1', '--out', 'x.nc', '-q'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 1, done.stderr
    assert "x.nc: cannot be written (File too large)" in done.stderr
    assert (tmp_path / "x.nc").read_bytes() == b"former"


def test_a_limit_of_memory_holds(tmp_path: Path) -> None:
    """What the process took at most is within the limit; too small a one is refused with what would do."""
    code = (
        "import simulator.cli, simulator.simulation.memory\n"
        "given = ['--draws', '6000', '--max-memory', '{limit}', '--out', 'x.nc', '-q']\n"
        "simulator.cli.main(['run', 'stress-test', *given], standalone_mode=False)\n"
        "print(simulator.simulation.memory.memory_taken())"
    )
    ran = []
    for limit in ("600 MB", "100 MB"):
        ran.append(
            subprocess.run(
                [sys.executable, "-c", code.format(limit=limit)],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
                env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
            )
        )
    assert int(ran[0].stdout) < 600e6
    assert "100 MB do not suffice. Give " in ran[1].stderr
    assert_same_bytes(read_result(tmp_path / "x.nc"), stored(sim.run("stress-test", draws=6000, workers=1), tmp_path))
