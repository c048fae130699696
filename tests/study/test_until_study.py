"""Studies that go on until they are sure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import simulator as sim
from simulator.analysis.stability import largest_error
from simulator.errors import InputError
from simulator.repeating import repeat
from simulator.storage import write_result
from simulator.study import run
from simulator.uncertainty.design import BLOCK

UNTIL = 0.004


@pytest.fixture(scope="module")
def sure() -> xr.Dataset:
    return run("weights-only", draws=3_000, until=UNTIL, seed=3, workers=2)


def test_draws_go_on_until_the_largest_standard_error_is_small_enough(sure: xr.Dataset) -> None:
    assert largest_error(sure) <= UNTIL == sure.attrs["until"]
    draws = int(sure.attrs["draws"])
    assert draws % BLOCK == 0
    # A chance of one half needs the most draws: 0.25 / 0.004² of them.
    assert 3_000 < draws <= 1.1 * 0.25 / UNTIL**2 + 2 * BLOCK


def test_the_result_is_that_of_as_many_draws(sure: xr.Dataset) -> None:
    plain = run("weights-only", draws=int(sure.attrs["draws"]), seed=3, workers=1)
    for name in plain.data_vars:
        assert plain[name].values.tobytes() == sure[name].values.tobytes(), name


def test_workers_change_nothing_and_a_stored_result_repeats(sure: xr.Dataset, tmp_path: Path) -> None:
    alone = run("weights-only", draws=3_000, until=UNTIL, seed=3, workers=1)
    assert all(alone[name].values.tobytes() == sure[name].values.tobytes() for name in sure.data_vars)
    write_result(sure, tmp_path / "sure.nc")
    repetition = repeat(tmp_path / "sure.nc", workers=1)
    assert repetition.same
    assert repetition.result.attrs["draws"] == sure.attrs["draws"]


def test_draws_stop_at_the_most_allowed() -> None:
    result = run("weights-only", draws=2_000, until=1e-4, seed=3, overrides="at-most=5000", workers=1)
    assert result.attrs["draws"] == 5_000
    assert largest_error(result) > 1e-4


def test_what_is_known_from_the_beginning_takes_no_more_draws() -> None:
    result = run("weights-only", draws=2_000, until=0.05, seed=3, workers=1)
    assert result.attrs["draws"] == 2 * BLOCK


def test_progress_is_told_against_what_seems_needed() -> None:
    told: list[tuple[int, int]] = []
    result = run("weights-only", draws=2_000, until=UNTIL, seed=3, progress=lambda *now: told.append(now))
    done, of = np.array(told).T
    assert (np.diff(done) == BLOCK).all()
    assert (done <= of).all()
    assert told[-1] == (result.attrs["draws"], result.attrs["draws"])


@pytest.mark.parametrize(
    ("scenario", "override", "problem"),
    [
        ("leave-one-variable-out", "until=0.01", "an exhaustive design has no sampling error"),
        ("weights-only", "within=status", "each group would stop by itself"),
        ("weights-only", "keep-draws=true", "how many draws would have to be kept"),
    ],
)
def test_where_it_makes_no_sense_it_is_refused(scenario: str, override: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        run(scenario, until=0.01, overrides=override)


@pytest.mark.parametrize("until", [0.0, -0.1, 0.2])
def test_errors_that_no_chance_can_have_are_refused(until: Any) -> None:
    with pytest.raises(InputError, match="until"):
        sim.run("weights-only", until=until)
