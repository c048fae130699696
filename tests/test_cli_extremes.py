"""The command `extremes`: limits of ranks over all weights, and what swaps two cities."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import citysim, message_of

import simulator as sim
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


def test_what_makes_two_cities_swap(tmp_path: Path) -> None:
    stability = sim.weight_stability("opportunity-2025").sel(city="shanghai", other_city="beijing")
    told = citysim("extremes", "--pair", "上海,beijing")
    assert "shanghai and beijing are level when 1.22 % of all weight changes hands" in told
    assert f"{float(stability['least_change']):.4f} away" in " ".join(told.split())
    assert "Open development" in told
    file = tmp_path / "pair.csv"
    citysim("extremes", "--pair", "shanghai,beijing", "--csv", str(file))
    table = pd.read_csv(file)
    np.testing.assert_allclose(table["weight_at_swap"], stability["weight_at_swap"])
    np.testing.assert_allclose(table["single_change"], stability["single_change"])
    assert "No weights make" in citysim("extremes", "--pair", "shanghai,zhaoqing")
    assert "--percent: has no part in what swaps two" in message_of("extremes", "--pair", "a,b", "--percent", "5")
    assert "is not two cities" in message_of("extremes", "--pair", "hefei")


def test_the_table_says_by_whom_a_city_is_overtaken_and_only_what_fits_one_city() -> None:
    table = pd.read_csv(io.StringIO(citysim("extremes", "--city", "shanghai", "--csv", "-")))
    assert table["to_be_overtaken"].tolist() == pytest.approx([0.0122], abs=5e-5)
    assert table["overtaken_by"].tolist() == ["beijing"]
    told = citysim("extremes", "--city", "hefei")
    assert "Could be first" not in told
    assert "The leader" not in told
