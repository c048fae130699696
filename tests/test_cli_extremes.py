"""The command `extremes`: limits of ranks over all weights, and what swaps two cities."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from command_line import citysim, message_of

from simulator.storage import read_result


def test_limits_and_what_it_takes_are_told_for_some_cities(tmp_path: Path) -> None:
    out = tmp_path / "extremes.nc"
    told = citysim("extremes", "--city", "shanghai", "--city", "成都", "--leader", "--out", str(out))
    rows = {line.split()[1]: line.split() for line in told.splitlines() if line.strip()[:1].isdigit()}
    assert rows["shanghai"][2:4] == ["1", "10"]
    assert rows["chengdu"][2:4] == ["1", "43"]
    assert rows["shanghai"][-1] == "beijing"
    assert "The leader shanghai is level with beijing when 1.22 % of all weight changes hands" in told
    assert "All proven." in told
    assert "Change alone that costs the lead" in told
    found = read_result(out)
    assert found["weight_at_worst"].sel(city="chengdu").sum().item() == pytest.approx(1.0)


def test_bounds_and_orders_narrow_the_limits() -> None:
    table = citysim("extremes", "--city", "hefei", "--percent", "25", "--csv", "-")
    (row,) = csv.DictReader(io.StringIO(table))
    assert 8 <= int(row["rank_best"]) <= int(row["rank_nominal"]) <= int(row["rank_worst"]) <= 28
    weights = [float(value) for name, value in row.items() if name.startswith("weight_at_best_")]
    assert len(weights) == 10
    assert all(0.075 - 1e-9 <= weight <= 0.125 + 1e-9 for weight in weights)
    ordered = citysim("extremes", "--city", "hefei", "--order", "green-low-carbon,economic-strength", "--csv", "-")
    (row,) = csv.DictReader(io.StringIO(ordered))
    assert float(row["weight_at_best_green-low-carbon"]) >= float(row["weight_at_best_economic-strength"]) - 1e-9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--city", "hefi"), "Did you mean hefei?"),
        (("--over", "dimensions"), "Did you mean dimension?"),
        (("--order", "green-low-carbon,nothing"), "no such member"),
        (("--out", "extremes.csv"), "writes NetCDF"),
        (("--over", ""), "no level ''. Known: dimension, variable."),
        (("--order", ""), "'': no such member"),
        (("--order", "green-low-carbon"), "a single member has no order. Name two or more"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: tuple[str, ...], message: str) -> None:
    assert message in message_of("extremes", *arguments)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that takes no files")
def test_a_folder_that_takes_no_files_is_refused_before_the_work() -> None:
    for option in ("--out", "--csv"):
        told = message_of("extremes", option, "/proc/x.nc")
        assert told == "/proc/x.nc: 1 fault\n  the folder /proc may not be written to. Choose another.\n"
