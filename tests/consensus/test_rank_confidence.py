"""Confidence sets for ranks: closed forms of their critical values, coverage by simulation, ranks without error."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm, studentized_range

from simulator.consensus.confidence import rank_confidence
from simulator.errors import InputError
from simulator.kernels.arrays import Floats

GOLDEN = Path(__file__).parent.parent / "golden" / "ties"
seeds = st.integers(0, 2**32 - 1)
REPEATED = 600
"""Repetitions of a coverage; its standard error at 90 % is then 1.2 %."""
DEVIATIONS = 4.0
"""Standard errors by which a simulated figure may differ from the exact one."""


def scores_of(values: Any) -> xr.DataArray:
    held = np.asarray(values, np.float64)
    return xr.DataArray(held, coords={"city": [f"c{k}" for k in range(len(held))]})


def sets(found: xr.Dataset) -> list[tuple[int, int]]:
    return list(zip(found["rank_low"].values.tolist(), found["rank_high"].values.tolist(), strict=True))


def covered(found: xr.Dataset, true: Floats) -> list[bool]:
    """Return whether each set holds the true rank, from the better to the worse place that equal cities share."""
    low = (true[np.newaxis, :] > true[:, np.newaxis]).sum(axis=1) + 1
    high = len(true) - (true[np.newaxis, :] < true[:, np.newaxis]).sum(axis=1)
    return ((found["rank_low"].values <= low) & (high <= found["rank_high"].values)).tolist()


def test_without_error_sets_are_the_lowest_and_highest_rank_of_ties() -> None:
    values = pd.read_csv(GOLDEN / "data.csv")["x"]
    expected = pd.read_csv(GOLDEN / "expected.csv").drop_duplicates().set_index("x").loc[values]
    for simultaneous in (False, True):
        found = rank_confidence(scores_of(values), 0.0, simultaneous=simultaneous, draws=100)
        assert found["rank_low"].values.tolist() == expected["rank_omega0_min"].tolist()
        assert found["rank_high"].values.tolist() == expected["rank_omega1_max"].tolist()


@pytest.mark.parametrize("critical", ["simulated", "bonferroni"])
def test_two_cities_are_told_apart_beyond_the_normal_quantile(critical: Any) -> None:
    exact = norm.ppf(0.975)
    for size, told in ((0.97 * exact, False), (1.03 * exact, True)):
        found = rank_confidence(scores_of([size * np.sqrt(2.0), 0.0]), 1.0, critical=critical, draws=40_000)
        assert sets(found) == ([(1, 1), (2, 2)] if told else [(1, 2), (1, 2)])


@pytest.mark.parametrize("n", [3, 8])
def test_simulated_values_of_all_pairs_are_those_of_the_studentised_range(n: int) -> None:
    found = rank_confidence(scores_of(np.zeros(n)), 2.0, simultaneous=True, level=0.9, draws=20_000, seed=4)
    exact = studentized_range.ppf(0.9, n, np.inf) / np.sqrt(2.0)
    error = found["critical_value_se"].values
    assert (np.abs(found["critical_value"].values - exact) < DEVIATIONS * error).all()
    assert (error < 0.02).all()


def test_simulated_values_of_one_city_are_those_of_comparisons_with_a_control() -> None:
    n, level = 5, 0.9
    found = rank_confidence(scores_of(np.zeros(n)), 2.0, level=level, draws=20_000, seed=5)
    for value, error in zip(found["critical_value"].values, found["critical_value_se"].values, strict=True):

        def within(own: float, reach: float = np.sqrt(2.0) * value) -> float:
            return float(norm.pdf(own) * (norm.cdf(own + reach) - norm.cdf(own - reach)) ** (n - 1))

        chance, _ = quad(within, -8.0, 8.0)
        assert abs(chance - level) < DEVIATIONS * np.sqrt(level * (1.0 - level) / 20_000)
        assert error < 0.02


def test_bonferroni_shares_the_chance_among_all_comparisons() -> None:
    by_city = rank_confidence(scores_of(np.zeros(6)), 1.0, critical="bonferroni", level=0.9)
    together = rank_confidence(scores_of(np.zeros(6)), 1.0, critical="bonferroni", level=0.9, simultaneous=True)
    np.testing.assert_allclose(by_city["critical_value"].values, norm.ppf(1.0 - 0.1 / 10))
    np.testing.assert_allclose(together["critical_value"].values, norm.ppf(1.0 - 0.1 / 30))
    assert not by_city["critical_value_se"].any()


@pytest.mark.parametrize("true", [[0.0] * 6, [3.0, 2.0, 1.0, 1.0, 0.5, 0.0], [9.0, 9.0, 4.0, 3.9, 3.8, 0.0]])
@pytest.mark.parametrize("simultaneous", [False, True])
def test_sets_cover_true_ranks_as_often_as_they_say(true: list[float], simultaneous: bool) -> None:
    rng, held = np.random.default_rng(11), np.array(true)
    errors = np.array([0.5, 1.0, 0.4, 0.7, 1.5, 0.3])
    spread = xr.DataArray(errors, coords={"city": [f"c{k}" for k in range(6)]})
    hits = []
    for number in range(REPEATED):
        drawn = scores_of(held + errors * rng.normal(size=6))
        found = rank_confidence(drawn, spread, level=0.9, simultaneous=simultaneous, draws=199, seed=number)
        hits.append(covered(found, held))
    share = np.all(hits, axis=1).mean() if simultaneous else np.mean(hits, axis=0).min()
    allowed = DEVIATIONS * np.sqrt(0.9 * 0.1 / REPEATED)
    assert share > 0.9 - allowed
    if simultaneous and not held.any():
        assert share < 0.9 + allowed  # all equal is the worst case: there the level is exact


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_sets_hold_the_rank_and_nest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    values = scores_of(rng.integers(0, 12, n))
    spread = xr.DataArray(rng.random(n), coords=values.coords)
    plain = {"draws": 300, "seed": 1}
    kinds = [
        rank_confidence(values, spread, **plain),
        rank_confidence(values, spread, simultaneous=True, **plain),
        rank_confidence(values, spread, simultaneous=True, stepdown=False, **plain),
    ]
    for narrow, wide in itertools.pairwise(kinds):
        assert (wide["rank_low"].values <= narrow["rank_low"].values).all()
        assert (narrow["rank_high"].values <= wide["rank_high"].values).all()
    for found in kinds:
        assert (found["rank_low"].values <= found["rank"].values).all()
        assert (found["rank"].values <= found["rank_high"].values).all()


def test_stepping_down_finds_more() -> None:
    values = scores_of([40.0, 30.0, 20.0, 3.8, 0.0])
    one_step = rank_confidence(values, 1.0, simultaneous=True, stepdown=False, critical="bonferroni")
    down = rank_confidence(values, 1.0, simultaneous=True, critical="bonferroni")
    assert sets(one_step)[3:] == [(4, 5), (4, 5)]
    # Nine of the twenty hypotheses fall at the first step, so eleven share the chance at the second.
    assert norm.ppf(1.0 - 0.05 / 11) < 3.8 / np.sqrt(2.0) < norm.ppf(1.0 - 0.05 / 20)
    assert sets(down)[3:] == [(4, 4), (5, 5)]


def test_an_error_common_to_all_cities_hides_no_difference() -> None:
    values = scores_of([3.0, 2.0, 1.0])
    cities = values["city"].values
    common = xr.DataArray(np.full((3, 3), 25.0), coords={"city": cities, "other_city": cities})
    assert sets(rank_confidence(values, covariance=common, draws=50)) == [(1, 1), (2, 2), (3, 3)]
    alone = rank_confidence(values, 5.0, draws=500)
    assert sets(alone) == [(1, 3)] * 3
    diagonal = common * xr.DataArray(np.eye(3), coords=common.coords)
    assert sets(rank_confidence(values, covariance=diagonal, draws=500)) == sets(alone)


def test_errors_are_aligned_by_label_and_draws_by_seed() -> None:
    values = scores_of([3.0, 2.0, 1.0])
    spread = xr.DataArray([0.0, 0.1, 9.0], coords={"city": ["c0", "c1", "c2"]})
    one, other = rank_confidence(values, spread, seed=3), rank_confidence(values, spread[::-1], seed=3)
    xr.testing.assert_identical(one, other)
    assert sets(one) == [(1, 2), (2, 3), (1, 3)]


@pytest.mark.parametrize("critical", ["simulated", "bonferroni"])
def test_equal_scores_are_never_told_apart_however_low_the_level(critical: Any) -> None:
    found = rank_confidence(scores_of([1.0, 1.0, 0.0]), 0.01, level=0.05, critical=critical, draws=100)
    assert sets(found) == [(1, 2), (1, 2), (3, 3)]


@pytest.mark.parametrize(("level", "least"), [(0.95, 19), (0.5, 1), (0.9, 9), (0.999, 999)])
def test_draws_among_which_none_lies_at_the_level_are_refused(level: float, least: int) -> None:
    if least > 1:
        with pytest.raises(InputError, match=f"are too few for the level {level:g}. Give {least} at least"):
            rank_confidence(scores_of([9.0, 0.0]), 1.0, level=level, draws=least - 1)
    found = rank_confidence(scores_of([9.0, 0.0]), 1.0, level=level, draws=least)
    assert np.isfinite(found["critical_value"]).all()
    bonferroni = rank_confidence(scores_of([9.0, 0.0]), 1.0, level=level, draws=1, critical="bonferroni")
    assert np.isfinite(bonferroni["critical_value"]).all()


@pytest.mark.parametrize("error", [-3.0, float("nan"), float("inf")])
def test_one_error_for_all_is_refused_once(error: float) -> None:
    with pytest.raises(InputError) as caught:
        rank_confidence(scores_of([9.0, 0.0]), error)
    assert [fault.place for fault in caught.value.faults] == ["standard errors"]


def test_faults_are_named() -> None:
    values = scores_of([3.0, np.nan])
    with pytest.raises(InputError, match="score of c1"):
        rank_confidence(values, 1.0)
    values = scores_of([3.0, 1.0])
    with pytest.raises(InputError, match="standard errors: -1"):
        rank_confidence(values, -1.0)
    with pytest.raises(InputError, match="standard error of c1: nan"):
        rank_confidence(values, xr.DataArray([1.0], coords={"city": ["c0"]}))
    with pytest.raises(InputError, match="one of them"):
        rank_confidence(values)
    with pytest.raises(InputError, match="level: 95"):
        rank_confidence(values, 1.0, level=95)
    with pytest.raises(InputError, match="draws: 0"):
        rank_confidence(values, 1.0, draws=0)
    with pytest.raises(InputError, match="seed: -1"):
        rank_confidence(values, 1.0, seed=-1)
    labels = {"city": ["c0", "c1"], "other_city": ["c0", "c1"]}
    with pytest.raises(InputError, match="not symmetric"):
        rank_confidence(values, covariance=xr.DataArray([[1.0, 0.5], [0.1, 1.0]], coords=labels))
    with pytest.raises(InputError, match="negative eigenvalue"):
        rank_confidence(values, covariance=xr.DataArray([[1.0, 2.0], [2.0, 1.0]], coords=labels))


def test_what_is_of_the_wrong_kind_is_told_at_once() -> None:
    asked: dict[str, Any] = {"level": "x", "draws": 1.5, "seed": "a"}
    with pytest.raises(InputError) as caught:
        rank_confidence([3.0, 1.0], "much", **asked)  # type: ignore[arg-type]
    assert [fault.place for fault in caught.value.faults] == ["scores", "standard errors", "level", "draws", "seed"]
