"""Gains of designs are ratios of variances over seeds."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from benchmarks.registry import DESIGN_SCENARIOS
from benchmarks.tables.designs import gain, told_over_spread, variance
from simulator import names
from simulator.errors import InputError
from simulator.published import shipped_scenarios
from simulator.study import plan


def results(values: list[list[float]], told: float = 0.0) -> list[xr.Dataset]:
    return [xr.Dataset({"mean": ("city", row), "mean" + names.SE: ("city", [told] * len(row))}) for row in values]


def test_a_gain_is_the_mean_variance_over_cities_of_one_side_over_that_of_the_other() -> None:
    wide, narrow = results([[0.0, 3.0], [4.0, 3.0], [8.0, 3.0]]), results([[1.0, 0.0], [1.0, 2.0], [1.0, 4.0]])
    assert variance(wide, "mean") == pytest.approx(8.0)
    assert gain(wide, narrow, "mean") == pytest.approx(4.0)


def test_what_never_varies_has_no_gain_and_what_no_longer_varies_an_infinite_one() -> None:
    same, varied = results([[1.0], [1.0]]), results([[1.0], [2.0]])
    assert gain(same, same, "mean") is None
    assert gain(varied, same, "mean") == float("inf")
    assert told_over_spread(same, "mean") is None


def test_errors_told_are_compared_as_mean_squares() -> None:
    found = told_over_spread(results([[0.0], [2.0]], told=3.0), "mean")
    assert found == pytest.approx(3.0 / np.sqrt(2.0))


def test_every_shipped_scenario_that_points_can_drive_is_measured() -> None:
    driven = set()
    for name in shipped_scenarios():
        try:
            study = plan(name, ["design=sobol"])
        except InputError:
            continue
        if plan(name).scenario.design == "monte-carlo":
            driven.add(study.scenario.name)
    assert set(DESIGN_SCENARIOS) == driven
