"""What is done survives: a study that stopped goes on to the same bytes, and what is torn is done again."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from long_runs import assert_same_bytes, block_files, stopped, write_folder

import simulator as sim
from simulator.checksums import TornError, read_checked, write_checked
from simulator.errors import InputError, StorageError
from simulator.simulation import blocks
from simulator.simulation import checkpoint as room
from simulator.simulation.blocks import Experiment
from simulator.simulation.checkpoint import FILES, Checkpoint
from simulator.simulation.ledger import Ledger, missing
from simulator.simulation.packing import pack, unpack
from simulator.simulation.pool import Pool
from simulator.simulation.running import Running
from simulator.study import Study, execute, identity, plan


@pytest.fixture(scope="module")
def study() -> Study:
    return plan("weights-only", ["draws=20000", "seed=11", "pairs=true", "keep-draws=true"])


def resumed(study: Study, folder: Path, pool: Pool | None = None) -> Any:
    return execute(study, Running(pool or Pool(), Checkpoint(folder, resume=True, seconds=0.0)))


@pytest.mark.parametrize("workers", [1, 2])
def test_stopped_five_times_it_comes_to_the_same_bytes(study: Study, workers: int, tmp_path: Path) -> None:
    folder, pool = tmp_path / "kept", Pool(workers)
    for turn in range(5):
        stopped(study, folder, 3, resume=turn > 0, pool=pool)
    assert_same_bytes(resumed(study, folder, pool), execute(study))


def test_a_run_that_goes_on_does_only_what_is_missing(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(study, tmp_path / "kept", 15)
    ran: list[int] = []

    def run_block(experiment: Experiment, block: int) -> Any:
        ran.append(block)
        return original(experiment, block)

    original = blocks.run_block
    monkeypatch.setattr(blocks, "run_block", run_block)
    told: list[int] = []
    ledger = Checkpoint(tmp_path / "kept", resume=True)
    execute(study, Running(ledger=ledger), lambda done, total: told.append(done))
    assert ran == [15, 16, 17, 18, 19]
    assert told == sorted(told)
    assert told[-1] == 20_000


@pytest.mark.parametrize(
    ("name", "overrides", "after"),
    [
        ("stress-test", ["within=cluster", "draws=3000"], 5),
        ("weights-only", ["until=0.0035", "draws=2000"], 5),
        ("stress-test", ["design=latin-hypercube", "draws=9000"], 5),
        ("gdp-grows-8-percent", ["draws=4000"], 3),
    ],
)
def test_every_kind_of_study_goes_on(name: str, overrides: list[str], after: int, tmp_path: Path) -> None:
    study = plan(name, [*overrides, "seed=2"])
    stopped(study, tmp_path / "kept", after)
    assert_same_bytes(resumed(study, tmp_path / "kept"), execute(study))


def test_a_seed_that_was_drawn_is_kept(tmp_path: Path) -> None:
    study = plan("weights-only", ["draws=5000", "seed=null"])
    stopped(study, tmp_path / "kept", 3)
    result = resumed(study, tmp_path / "kept")
    assert_same_bytes(result, sim.run("weights-only", draws=5000, seed=result.attrs["seed"]))


@pytest.mark.parametrize("harm", ["cut", "altered", "empty", "another"])
def test_what_is_torn_is_noticed_and_done_again(
    study: Study, harm: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "kept"
    stopped(study, folder, 6)
    files = block_files(folder)
    content = bytearray(files[2].read_bytes())
    content[len(content) // 2] ^= 64
    harmed = {"cut": content[:500], "altered": content, "empty": b"", "another": files[3].read_bytes()}[harm]
    files[2].write_bytes(harmed)
    with caplog.at_level(logging.WARNING, "simulator"):
        assert_same_bytes(resumed(study, folder), execute(study))
    assert [files[2].name in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["draws=20000", "seed=12"], "is of another seed"),
        (["draws=20001", "seed=11"], "is of another scenario"),
        (["draws=20000", "seed=11", "recipe.weights.economic-strength=3"], "is of another scenario"),
    ],
)
def test_another_study_is_not_mixed_in(overrides: list[str], told: str, tmp_path: Path) -> None:
    stopped(plan("weights-only", ["draws=20000", "seed=11"]), tmp_path / "kept", 3)
    before = {file.name: file.read_bytes() for file in block_files(tmp_path / "kept")}
    with pytest.raises(InputError, match=told):
        resumed(plan("weights-only", overrides), tmp_path / "kept")
    assert {file.name: file.read_bytes() for file in block_files(tmp_path / "kept")} == before


def test_other_versions_are_not_mixed_in(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(study, tmp_path / "kept", 3)
    monkeypatch.setattr("simulator.study.software_versions", lambda: {"citysim": "9"})
    with pytest.raises(InputError, match=r"of other versions of the software \(citysim .* instead of 9"):
        resumed(study, tmp_path / "kept")


def test_a_title_may_change(tmp_path: Path) -> None:
    stopped(plan("weights-only", ["draws=20000", "seed=11"]), tmp_path / "kept", 3)
    renamed = plan("weights-only", ["draws=20000", "seed=11", "title.en=Another"])
    assert_same_bytes(resumed(renamed, tmp_path / "kept"), execute(renamed))


def test_what_is_unfinished_is_not_overwritten(study: Study, tmp_path: Path) -> None:
    stopped(study, tmp_path / "kept", 3)
    with pytest.raises(InputError, match=r"holds an unfinished run\. Add --resume to go on with it, or remove"):
        execute(study, Running(ledger=Checkpoint(tmp_path / "kept")))
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(InputError, match="is no folder"):
        execute(study, Running(ledger=Checkpoint(tmp_path / "file")))


def test_only_what_is_its_own_is_removed(study: Study, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "thesis.tex").write_text("mine", "utf-8")
    with pytest.raises(InputError, match=r"holds other things \(thesis\.tex\)\. Name a folder of its own"):
        execute(study, Running(ledger=Checkpoint(tmp_path / "kept")))
    Checkpoint(tmp_path / "kept").remove()
    assert (tmp_path / "kept" / "thesis.tex").read_text("utf-8") == "mine"


def test_two_runs_do_not_work_in_one_folder(study: Study, tmp_path: Path) -> None:
    stopped(study, tmp_path / "kept", 3)
    first = Checkpoint(tmp_path / "kept", resume=True)
    first.open(identity(study, 11))
    with pytest.raises(InputError, match="another run is at work here"):
        resumed(study, tmp_path / "kept")
    first.close()
    assert_same_bytes(resumed(study, tmp_path / "kept"), execute(study))


def test_with_nothing_there_a_run_begins_anew(study: Study, tmp_path: Path) -> None:
    assert_same_bytes(resumed(study, tmp_path / "kept"), execute(study))


def test_changed_data_of_an_index_are_noticed(tmp_path: Path) -> None:
    scenario = write_folder(tmp_path, draws=9000)
    stopped(plan(scenario), tmp_path / "kept", 3)
    values = tmp_path / "values.csv"
    values.write_text(values.read_text("utf-8").replace("30.0", "31.0"), "utf-8")
    with pytest.raises(InputError, match="is of other data"):
        resumed(plan(scenario), tmp_path / "kept")


def test_small_files_are_joined_so_that_few_are_left(tmp_path: Path) -> None:
    study = plan(write_folder(tmp_path, draws=300 * 1024))
    folder = tmp_path / "kept"
    stopped(study, folder, 250)
    files = block_files(folder)
    assert 0 < len(files) <= 3 * FILES
    assert_same_bytes(resumed(study, folder), execute(study))


def test_a_crash_between_joining_and_removing_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the joined file and the small ones are both there."""
    study = plan(write_folder(tmp_path, draws=40 * 1024))
    folder = tmp_path / "kept"
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    stopped(study, folder, FILES + 2)
    monkeypatch.undo()
    assert len(block_files(folder)) > FILES
    assert_same_bytes(resumed(study, folder), execute(study))


def test_a_full_disk_does_not_stop_the_run(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once; what was written before is used when the run goes on, and what was not is done again."""
    stopped(study, tmp_path / "kept", 4)
    before = [file.name for file in block_files(tmp_path / "kept")]

    def full(path: Path, *_: object) -> None:
        raise StorageError(f"{path}: cannot be written (No space left on device)")

    monkeypatch.setattr(room, "write_checked", full)
    with caplog.at_level(logging.WARNING, "simulator"):
        result = resumed(study, tmp_path / "kept")
    assert_same_bytes(result, execute(study))
    assert [file.name for file in block_files(tmp_path / "kept")] == before
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "checkpoint not written, the run goes on" in told[0]


def test_a_run_keeps_its_blocks_until_its_end_alone(tmp_path: Path) -> None:
    sim.run("weights-only", draws=3000, seed=1, checkpoint=tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_that_remembers_nothing_knows_nothing(study: Study) -> None:
    ledger = Ledger()
    ledger.open({})
    assert ledger.seed is None
    assert list(ledger.known(range(9))) == []


@given(st.lists(st.booleans(), max_size=30))
def test_what_is_missing_and_what_is_known_are_all(known: list[bool]) -> None:
    have = [range(at, at + 1) for at, one in enumerate(known) if one]
    gaps = missing(range(len(known)), have)
    assert [block for gap in gaps for block in gap] == [at for at, one in enumerate(known) if not one]
    assert all(one.stop < other.start for one, other in itertools.pairwise(gaps))


# Files.


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5) | st.builds(range, st.integers(0, 9), st.integers(10, 20)),
        lambda inner: st.tuples(inner, inner),
        max_leaves=6,
    )
)
def test_what_is_packed_is_unpacked(value: Any) -> None:
    assert unpack(pack(value, {}), {}) == value


def test_arrays_and_whole_numbers_of_any_size_are_unpacked() -> None:
    arrays: dict[str, Any] = {}
    given_ = (np.array([[2**70, 1]], object), np.array([1.5, np.nan]), np.zeros((2, 0), np.int64), np.array(3)[()])
    big, floats, empty, number = unpack(pack(given_, arrays), arrays)
    assert big.tolist() == [[2**70, 1]]
    np.testing.assert_array_equal(floats, given_[1])
    assert (empty.shape, int(number)) == ((2, 0), 3)


@pytest.mark.parametrize("value", [1.5, {"a": 1}, [1], object()])
def test_what_a_tally_does_not_hold_is_not_packed(value: Any) -> None:
    with pytest.raises(TypeError, match="is nothing that a tally holds"):
        pack(value, {})


@pytest.mark.parametrize("tree", [{"kind": "os.system", "fields": {}}, {"run": "x"}, [1], 1.5])
def test_nothing_else_is_made_of_a_file(tree: Any) -> None:
    with pytest.raises((ValueError, KeyError)):
        unpack(tree, {})


def test_a_file_tells_whether_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_checked(path, {"a": [1, "文"]}, {"b": np.arange(3)})
    header, arrays = read_checked(path)
    assert header == {"a": [1, "文"]}
    assert arrays["b"].tolist() == [0, 1, 2]
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        with pytest.raises(TornError):
            read_checked(path)
    for length in range(0, len(whole), 31):
        path.write_bytes(whole[:length])
        with pytest.raises(TornError):
            read_checked(path)
