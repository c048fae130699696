"""A study cut into shards and merged is the study in one run; what does not make one whole is refused."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from command_line import citysim, invoked, message_of
from hypothesis import given
from hypothesis import strategies as st
from long_runs import assert_same_bytes, stopped, write_folder

import simulator as sim
from simulator.checksums import read_checked, write_checked
from simulator.errors import InputError
from simulator.merging import merge
from simulator.sharding import Shard, ShardLedger, read_shard, run_part, run_shard
from simulator.simulation.checkpoint import Checkpoint
from simulator.simulation.ledger import Ledger
from simulator.simulation.running import Running, StoppedError
from simulator.storage import read_result
from simulator.study import execute, plan


def parts_of(scenario: Any, count: int, folder: Path, **given: Any) -> list[Path]:
    files = [folder / f"{number}.part" for number in range(1, count + 1)]
    for number, file in enumerate(files, start=1):
        run_part(scenario, f"{number}/{count}", file, **given)
    return files


@given(st.integers(0, 300), st.integers(1, 80))
def test_shards_are_all_blocks_each_once_and_alike(blocks: int, count: int) -> None:
    shares = [Shard(number, count).of(range(blocks)) for number in range(1, count + 1)]
    assert [block for share in shares for block in share] == list(range(blocks))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_64_shards_in_any_order_are_one_run_to_the_byte(tmp_path: Path) -> None:
    study = plan("weights-only", [f"draws={70 * 1024 + 5}", "seed=3"])
    files = [tmp_path / f"{number}.part" for number in range(1, 65)]
    for number, file in enumerate(files, start=1):
        run_shard(study, Shard(number, 64), file)
    random.Random(1).shuffle(files)
    assert_same_bytes(merge(files), execute(study))


@pytest.mark.parametrize(
    ("scenario", "count", "overrides"),
    [
        ("stress-test", 4, ["draws=2500", "pairs=true", "keep-draws=true"]),
        ("stress-test", 2, ["draws=8192", "design=sobol", "within=cluster"]),
        ("gdp-grows-8-percent", 2, ["draws=1500"]),
        ("reach-top-ten", 2, ["draws=1000"]),
        ("leave-one-variable-out", 2, []),
    ],
)
def test_every_kind_of_study_is_merged_to_the_byte(
    scenario: str, count: int, overrides: list[str], tmp_path: Path
) -> None:
    """With more shards than blocks some have none of their own."""
    overrides = [*overrides, "seed=5"]
    files = parts_of(scenario, count, tmp_path, overrides=overrides)
    assert_same_bytes(merge(files), sim.run(scenario, overrides=overrides))


def test_a_shard_that_was_stopped_goes_on(tmp_path: Path) -> None:
    study = plan("weights-only", ["draws=20000", "seed=1"])
    shard, folder = Shard(2, 2), tmp_path / "kept"
    ledger = ShardLedger(shard, Checkpoint(folder, seconds=0.0))
    asked = iter(["", "", "", "enough"])
    with pytest.raises(StoppedError):
        execute(study, Running(ledger=ledger, stop=lambda: next(asked)))
    for number in (1, 2):
        keeping = Checkpoint(folder, resume=True) if number == 2 else Ledger()
        run_shard(study, Shard(number, 2), tmp_path / f"{number}.part", Running(ledger=keeping))
    assert_same_bytes(merge([tmp_path / "2.part", tmp_path / "1.part"]), execute(study))


def test_a_shard_does_not_go_on_with_another_one(tmp_path: Path) -> None:
    study = plan("weights-only", ["draws=20000", "seed=1"])
    stopped(study, tmp_path / "kept", 3)
    with pytest.raises(InputError, match="is of another shard"):
        run_shard(study, Shard(1, 2), tmp_path / "x.part", Running(ledger=Checkpoint(tmp_path / "kept", resume=True)))
    assert not (tmp_path / "x.part").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stress-test", "--shard", "1/2", "--set", "seed=null"], "each shard would draw its own. Add --seed NUMBER"),
        (["stress-test", "--shard", "1/2", "--until", "0.01"], "until: how many draws it takes is known to the whole"),
        (["gdp-grows-8-percent", "--shard", "1/2", "--draws", "0"], "draws: nothing is drawn"),
        (
            ["reach-top-ten", "--shard", "1/2", "--set", "reach.chance=0.8"],
            "reach.chance: a sure plan is found step by step",
        ),
        (["stress-test", "--shard", "0/2"], "'0/2' is no shard. Write it like 3/64"),
        (["stress-test", "--shard", "3/2"], "'3/2' is no shard"),
        (["stress-test", "--shard", "half"], "'half' is no shard"),
        (["stress-test", "--shard", "1/2", "--csv", "x.csv"], "--shard: a part has no table yet"),
    ],
)
def test_what_cannot_be_cut_is_refused(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told in message_of("run", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_shard_is_a_number_of_a_count() -> None:
    assert read_shard(" 64/64 ") == Shard(64, 64)


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("halves")
    return parts_of(write_folder(folder), 2, folder)


def test_parts_that_are_no_whole_are_refused_with_all_that_is_wrong(halves: list[Path], tmp_path: Path) -> None:
    one, two = halves
    scenario = one.parent / "small.yaml"
    others = {
        "another seed": parts_of(scenario, 2, tmp_path, seed=8)[1],
        "another scenario": tmp_path / "b.part",
        "one of 3 parts": tmp_path / "c.part",
    }
    run_part(scenario, "2/2", others["another scenario"], draws=2999)
    run_part(scenario, "2/3", others["one of 3 parts"])
    for told, other in others.items():
        with pytest.raises(InputError, match=told):
            merge([one, other])
    with pytest.raises(InputError, match=r"part 2/2 is missing\. Run it: citysim run \.\.\. --shard 2/2"):
        merge([one])
    with pytest.raises(InputError, match=r"are the same part, 2/2\. Leave out all but one"):
        merge([one, two, two])
    with pytest.raises(InputError, match="no such file"):
        merge([one, tmp_path / "nowhere.part"])
    with pytest.raises(InputError, match="none is named"):
        merge([])


def test_parts_of_other_versions_or_data_are_refused(halves: list[Path], tmp_path: Path) -> None:
    header, arrays = read_checked(halves[1])
    for part, change, told in (
        ("versions", {"citysim": "0.0.1"}, r"of other versions of the software \(citysim 0\.0\.1 instead of"),
        ("index", {"values.csv": "0"}, "of other data"),
    ):
        altered = {**header, "identity": {**header["identity"], part: {**header["identity"][part], **change}}}
        write_checked(tmp_path / "2.part", altered, arrays)
        with pytest.raises(InputError, match=told):
            merge([halves[0], tmp_path / "2.part"])


def test_data_that_changed_between_shards_and_merge_are_noticed(tmp_path: Path) -> None:
    scenario = write_folder(tmp_path)
    files = parts_of(scenario, 2, tmp_path)
    values = tmp_path / "values.csv"
    values.write_text(values.read_text("utf-8").replace("30.0", "31.0"), "utf-8")
    with pytest.raises(InputError, match="is of other data"):
        merge(files)


@pytest.mark.parametrize("where", [3, 70, -40])
def test_a_part_with_one_altered_byte_is_refused(halves: list[Path], where: int, tmp_path: Path) -> None:
    torn = bytearray(halves[1].read_bytes())
    torn[where] ^= 1
    (tmp_path / "2.part").write_bytes(torn)
    with pytest.raises(InputError, match="is not whole, or was altered"):
        merge([halves[0], tmp_path / "2.part"])


def test_a_part_cut_short_and_another_file_are_refused(halves: list[Path], tmp_path: Path) -> None:
    (tmp_path / "2.part").write_bytes(halves[1].read_bytes()[:-9])
    (tmp_path / "3.part").write_text("hello", "utf-8")
    write_checked(tmp_path / "4.part", {"kind": "another"}, {})
    for name, told in (("2.part", "is not whole"), ("3.part", "is not whole"), ("4.part", "is no part of a run")):
        with pytest.raises(InputError, match=told):
            merge([halves[0], tmp_path / name])


def test_the_commands_cut_and_merge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = str(write_folder(tmp_path))
    monkeypatch.chdir(tmp_path)
    said = [citysim("run", scenario, "--shard", f"{number}/2") for number in (1, 2)]
    assert said[1] == "Written to small.2-of-2.part; `citysim merge` makes the whole of all 2 parts.\n"
    table = citysim("merge", "small.2-of-2.part", "small.1-of-2.part", "--out", "whole.nc", "--csv", "whole.csv")
    assert "city-3" in table
    citysim("run", scenario, "--out", "one.nc", "--csv", "one.csv", "--quiet")
    assert_same_bytes(read_result("whole.nc"), read_result("one.nc"))
    assert Path("whole.csv").read_text("utf-8") == Path("one.csv").read_text("utf-8")
    assert "equal to the byte" in citysim("repeat", "whole.nc")
    assert {path.suffix for path in tmp_path.iterdir()} == {".csv", ".yaml", ".part", ".nc"}


def test_a_merged_what_if_shows_its_answer(tmp_path: Path) -> None:
    file = tmp_path / "one.part"
    citysim("run", "gdp-grows-8-percent", "--shard", "1/1", "--draws", "200", "--seed", "1", "--out", str(file), "-q")
    assert invoked("merge", str(file)).stdout.startswith(invoked("run", "gdp-grows-8-percent").stdout.splitlines()[0])


def test_a_part_is_not_overwritten_by_its_merge(halves: list[Path]) -> None:
    assert "is a part already" in message_of("merge", *map(str, halves), "--csv", str(halves[1]))


def test_a_result_and_its_parts_know_their_scenario(halves: list[Path]) -> None:
    merged = merge(halves)
    assert isinstance(merged, xr.Dataset)
    assert (merged.attrs["scenario"], merged.attrs["draws"], merged.attrs["seed"]) == ("small", 3000, 7)
