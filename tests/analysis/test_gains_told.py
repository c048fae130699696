"""What cities gain over the draws: shares, chances, means and their standard errors, from counts made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raw_indices import Array

from simulator.analysis.gains import gains
from simulator.simulation.gains import tally_gains, tally_passed
from simulator.simulation.tally import Tally, as_block, empty_tally

CITIES = ["a", "b", "c", "d", "e", "f"]
LEAVES = ["x", "y"]


def drawn(seed: int, draws: int, left_out: bool = False) -> tuple[Array, Array, Array, Array]:
    """Return ranks before and after (draw, city), and how many stand above the first city in each indicator."""
    random = np.random.default_rng(seed)
    before = np.array([random.permutation(6) + 1 for _ in range(draws)])
    after = np.array([random.permutation(6) + 1 for _ in range(draws)])
    if left_out:
        out = random.random((draws, 6)) < 0.2
        before[out], after[out] = 0, 0
    return before, after, random.integers(0, 6, (draws, 2)), random.integers(0, 6, (draws, 2))


def tallied(before: Array, after: Array, above: Array, later: Array, blockwise: bool = False) -> Tally:
    tally = empty_tally(6, False, [], True, 2)
    tally_gains(before, after, tally.gains)
    tally_passed(above, later, after[:, 0] > 0, tally.passed)
    for rank in range(1, 7):
        tally.counts[:, rank - 1] = (after == rank).sum(axis=0)
    tally = replace(tally, draws=len(after))
    return as_block(tally) if blockwise else tally


@pytest.mark.parametrize("left_out", [False, True])
def test_shares_chances_and_means_of_the_draws(left_out: bool) -> None:
    before, after, above, later = drawn(1, 400, left_out)
    found = gains(tallied(before, after, above, later), CITIES, LEAVES, False)
    assert found["gain"].values.tolist() == list(range(-5, 6))
    assert found["at_least"].values.tolist() == [1, 2, 3, 5]
    for k, city in enumerate(CITIES):
        own = (before - after)[:, k][after[:, k] > 0]
        one = found.sel(city=city)
        for place in range(-5, 6):
            share = (own == place).mean()
            assert float(one["gain_frequency"].sel(gain=place)) == pytest.approx(share, abs=1e-15)
            error = np.sqrt(share * (1 - share) / own.size)
            assert float(one["gain_frequency_se"].sel(gain=place)) == pytest.approx(error, abs=1e-15)
        for step in (1, 2, 3, 5):
            for name, share in (("gain_chance", (own >= step).mean()), ("loss_chance", (own <= -step).mean())):
                assert float(one[name].sel(at_least=step)) == pytest.approx(share, abs=1e-15)
                error = np.sqrt(share * (1 - share) / own.size)
                assert float(one[f"{name}_se"].sel(at_least=step)) == pytest.approx(error, abs=1e-12)
        assert float(one["gain_mean"]) == pytest.approx(own.mean(), abs=1e-12)
        assert float(one["gain_mean_se"]) == pytest.approx(own.std(ddof=1) / np.sqrt(own.size), rel=1e-9)


def test_chances_and_shares_are_consistent() -> None:
    found = gains(tallied(*drawn(2, 300)), CITIES, LEAVES, False)
    np.testing.assert_allclose(found["gain_frequency"].sum("gain"), 1.0, rtol=1e-12)
    np.testing.assert_allclose((found["gain_frequency"] * found["gain"]).sum("gain"), found["gain_mean"], atol=1e-12)
    stay = found["gain_frequency"].sel(gain=0)
    moved = found["gain_chance"].sel(at_least=1) + found["loss_chance"].sel(at_least=1)
    np.testing.assert_allclose(moved + stay, 1.0, rtol=1e-12)
    # What one gains another loses: over all cities of a full ranking places cancel out.
    assert float(found["gain_mean"].sum()) == pytest.approx(0.0, abs=1e-12)


def test_quantiles_of_the_places_gained_within_indicators() -> None:
    before, after, above, later = drawn(3, 101)
    found = gains(tallied(before, after, above, later), CITIES, LEAVES, False)
    for k, leaf in enumerate(LEAVES):
        own = np.sort(above[:, k] - later[:, k])
        for name, level in (("p05", 0.05), ("median", 0.5), ("p95", 0.95)):
            expected = next(value for number, value in enumerate(own, 1) if number >= level * own.size)
            assert int(found[f"places_gained_{name}"].sel(indicator=leaf)) == expected


def test_a_level_that_is_just_reached_is_reached() -> None:
    """Of twenty draws the first is 5 % to the digit."""
    tally = empty_tally(6, False, [], True, 1)
    tally.passed[0, [0, 5, 9]] = [1, 18, 1]
    tally.gains[:, 5] = 20
    found = gains(replace(tally, draws=20), CITIES, ["x"], False)
    quantiles = [int(found[f"places_gained_{name}"][0]) for name in ("p05", "median", "p95")]
    assert quantiles == [-5, 0, 0]


def test_places_within_indicators_are_those_of_draws_with_the_city() -> None:
    before, after, above, later = drawn(6, 200, left_out=True)
    found = gains(tallied(before, after, above, later), CITIES, LEAVES, False)
    own = np.sort((above - later)[after[:, 0] > 0, 1])
    expected = next(value for number, value in enumerate(own, 1) if number >= 0.5 * own.size)
    assert int(found["places_gained_median"].sel(indicator="y")) == expected
    before[:, 0], after[:, 0] = 0, 0
    never = gains(tallied(before, after, above, later), CITIES, LEAVES, False)
    assert never["places_gained_p05"].values.tolist() == [0, 0]


def test_without_a_city_in_question_no_indicators_are_told() -> None:
    tally = empty_tally(6, False, [], True, 0)
    tally.gains[:, 5] = 3
    found = gains(replace(tally, draws=3), CITIES, LEAVES, False)
    assert "indicator" not in found.dims
    assert not any(str(name).startswith("places_gained") for name in found.data_vars)


def test_exact_draws_have_no_error() -> None:
    found = gains(tallied(*drawn(4, 60)), CITIES, LEAVES, True)
    for name in ("gain_frequency_se", "gain_chance_se", "loss_chance_se", "gain_mean_se"):
        assert (found[name].values == 0.0).all()


def test_a_city_that_is_never_there_has_no_chance() -> None:
    before, after, above, later = drawn(5, 40)
    before[:, 2], after[:, 2] = 0, 0
    found = gains(tallied(before, after, above, later), CITIES, LEAVES, False).sel(city="c")
    for name in ("gain_frequency", "gain_chance", "loss_chance", "gain_mean"):
        assert np.isnan(found[name].values).all()


def test_few_cities_have_few_steps() -> None:
    tally = empty_tally(3, False, [], True, 0)
    tally.gains[:, 2] = 3
    found = gains(replace(tally, draws=3), CITIES[:3], LEAVES, False)
    assert found["at_least"].values.tolist() == [1, 2]
    assert found["gain"].values.tolist() == [-2, -1, 0, 1, 2]


def by_blocks(count: int = 7, size: int = 64) -> tuple[xr.Dataset, list[tuple[Array, ...]]]:
    blocks = [drawn(seed, size, left_out=True) for seed in range(count)]
    total: Any = None
    for block in blocks:
        one = tallied(*block, blockwise=True)
        total = one if total is None else total + one
    return gains(total, CITIES, LEAVES, False), blocks


def test_errors_of_blocks_are_those_of_a_ratio_between_blocks() -> None:
    """Cochran's ratio estimator by plain loops, for shares, chances, losses and the mean."""
    found, blocks = by_blocks()

    def error(counted: list[float], of: list[float]) -> float:
        p = sum(counted) / sum(of)
        squares = sum((x - p * s) ** 2 for x, s in zip(counted, of, strict=True))
        return float(np.sqrt(len(of) / (len(of) - 1) * squares) / sum(of))

    for k, city in enumerate(CITIES):
        own = [(before - after)[:, k][after[:, k] > 0] for before, after, *_ in blocks]
        sizes = [float(one.size) for one in own]
        one = found.sel(city=city)
        for place in range(-5, 6):
            expected = error([float((x == place).sum()) for x in own], sizes)
            assert float(one["gain_frequency_se"].sel(gain=place)) == pytest.approx(expected, rel=1e-9, abs=1e-15)
        for step in (1, 2, 3, 5):
            expected = error([float((x >= step).sum()) for x in own], sizes)
            assert float(one["gain_chance_se"].sel(at_least=step)) == pytest.approx(expected, rel=1e-9, abs=1e-15)
            expected = error([float((x <= -step).sum()) for x in own], sizes)
            assert float(one["loss_chance_se"].sel(at_least=step)) == pytest.approx(expected, rel=1e-9, abs=1e-15)
        expected = error([float(x.sum()) for x in own], sizes)
        assert float(one["gain_mean_se"]) == pytest.approx(expected, rel=1e-9)
