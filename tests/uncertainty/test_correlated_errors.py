"""Errors on values that are drawn, and errors of a city that hang together within a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from raw_indices import drawn, index_of_points, with_raw
from scipy import stats

from simulator.definition import Definition
from simulator.index import Index, build_index
from simulator.kernels.errors import SD, error_sizes
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import bind
from simulator.uncertainty.streams import standard_normals, stream

Array = NDArray[Any]

DRAWS = 12_000
MARGIN = 4.5 / DRAWS**0.5
GROUP = [0, 0, 0, 1, 1, 2]
"""Dimension of each indicator of the small index."""


@pytest.fixture(scope="module")
def small() -> Index:
    """Five cities in six indicators: three, two and one of a dimension, no two values equal."""
    random = np.random.default_rng(1)
    tree = {
        "id": "root",
        "children": [
            {"id": dimension, "normalise": "z-score", "children": [{"id": f"{dimension}-{k}"} for k in range(count)]}
            for dimension, count in (("a", 3), ("b", 2), ("c", 1))
        ],
    }
    definition = Definition.model_validate({"schema_version": 1, "id": "small", "index": tree})
    columns = [leaf.id for leaf in definition.indicators]
    return build_index(definition, pd.DataFrame(random.uniform(1, 9, (5, 6)), index=list("vwxyz"), columns=columns))


def errors_of(index: Index, error: Any, draws: int = DRAWS, seed: int = 1) -> Array:
    """Return the errors (draw, indicator, city) in multiples of their size."""
    base = bind(index, Factors()).base
    values = drawn(index, {"data-error": error}, draws, seed)
    size: Array = (
        error["size"] * base.std(axis=1, ddof=1)[:, np.newaxis] if error["unit"] == "sd" else error["size"] * base
    )
    scaled: Array = (values - base) / size
    return scaled


def error(**more: Any) -> dict[str, Any]:
    return {"size": 0.3, "unit": "sd", **more}


# Correlation.


@pytest.mark.parametrize("correlation", [0.3, 0.8])
def test_a_citys_errors_in_one_dimension_are_correlated_as_asked(small: Index, correlation: float) -> None:
    errors = errors_of(small, error(correlation=correlation))
    for city in range(5):
        found = np.corrcoef(errors[:, :, city].T)
        for i in range(6):
            for j in range(i):
                wanted = correlation if GROUP[i] == GROUP[j] else 0.0
                assert abs(found[i, j] - wanted) < MARGIN * (1 - wanted**2) + 1e-12


def test_errors_of_different_cities_and_draws_have_nothing_in_common(small: Index) -> None:
    errors = errors_of(small, error(correlation=0.8))
    for i, j in ((0, 0), (0, 1), (0, 4), (3, 4)):
        assert abs(np.corrcoef(errors[:, i, 0], errors[:, j, 1])[0, 1]) < MARGIN
        assert abs(np.corrcoef(errors[1:, i, 0], errors[:-1, j, 0])[0, 1]) < MARGIN


@pytest.mark.parametrize("distribution", ["normal", "uniform", "triangular"])
@pytest.mark.parametrize("correlation", [0.0, 0.4, 1.0])
def test_each_error_keeps_its_own_distribution(small: Index, distribution: str, correlation: float) -> None:
    errors = errors_of(small, error(correlation=correlation, distribution=distribution))
    laws = {"normal": stats.norm(), "uniform": stats.uniform(-1, 2), "triangular": stats.triang(0.5, -1, 2)}
    for indicator in range(6):
        for city in (0, 4):
            assert stats.kstest(errors[:, indicator, city], laws[distribution].cdf).pvalue > 1e-4
    if distribution != "normal":
        assert np.abs(errors).max() <= 1 + 1e-9


def test_uniform_errors_are_correlated_a_little_less_than_the_normal_ones_behind_them(small: Index) -> None:
    """By 6/π asin(ρ/2), as for any Gaussian copula; their ranks hang together just so."""
    errors = errors_of(small, error(correlation=0.5, distribution="uniform"))
    expected = 6 / np.pi * np.arcsin(0.25)
    for i, j in ((0, 1), (0, 2), (3, 4)):
        assert np.corrcoef(errors[:, i, 2], errors[:, j, 2])[0, 1] == pytest.approx(expected, abs=MARGIN)
        assert stats.spearmanr(errors[:, i, 2], errors[:, j, 2]).statistic == pytest.approx(expected, abs=MARGIN)


@pytest.mark.parametrize("distribution", ["normal", "uniform", "triangular"])
def test_full_correlation_is_one_error_for_all_of_a_dimension(small: Index, distribution: str) -> None:
    errors = errors_of(small, error(correlation=1, distribution=distribution), 200)
    np.testing.assert_allclose(errors[:, 0], errors[:, 1], atol=1e-9)
    np.testing.assert_allclose(errors[:, 3], errors[:, 4], atol=1e-9)
    assert (np.abs(errors[:, 0] - errors[:, 3]) > 1e-6).all()


def test_within_the_index_all_indicators_are_one_group(small: Index) -> None:
    errors = errors_of(small, error(correlation=0.6, within="index"))
    found = np.corrcoef(errors[:, :, 1].T)
    np.testing.assert_allclose(found[np.triu_indices(6, 1)], 0.6, atol=MARGIN)
    nearest = errors_of(small, error(correlation=0.6, within="dimension"), 50)
    np.testing.assert_array_equal(nearest, errors_of(small, error(correlation=0.6), 50))


def test_relative_errors_are_correlated_too(small: Index) -> None:
    errors = errors_of(small, {"size": 0.1, "unit": "relative", "correlation": 0.7})
    assert np.corrcoef(errors[:, 0, 3], errors[:, 2, 3])[0, 1] == pytest.approx(0.7, abs=MARGIN)
    assert stats.kstest(errors[:, 0, 3], stats.norm.cdf).pvalue > 1e-4


def test_tied_cities_share_a_correlated_error_and_independent_ones_do_not() -> None:
    """The tied group has the error of its first city, what that city's indicators have in common included."""
    index = index_of_points({"m-a": [2, 2, 3, 1], "m-b": [4, 1, 3, 2]})
    spec = {"size": 1, "unit": "places", "correlation": 0.9}
    base = bind(index, Factors()).base
    shared = drawn(index, {"data-error": spec}, 4000) - base
    np.testing.assert_array_equal(shared[:, 0, 0], shared[:, 0, 1])
    assert np.corrcoef(shared[:, 0, 0], shared[:, 1, 0])[0, 1] == pytest.approx(0.9, abs=0.02)
    own = drawn(index, {"data-error": {**spec, "ties": "independent"}}, 4000) - base
    assert abs(np.corrcoef(own[:, 0, 0], own[:, 0, 1])[0, 1]) < 4.5 / 4000**0.5
    assert np.corrcoef(own[:, 0, 1], own[:, 1, 1])[0, 1] == pytest.approx(0.9, abs=0.02)


# The numbers themselves.


def test_without_correlation_an_error_is_the_stream_of_its_name(small: Index) -> None:
    base = bind(small, Factors()).base
    size = np.empty(base.shape)
    error_sizes(base, np.arange(6), SD, np.full(6, 0.3), size)
    np.testing.assert_allclose(size, np.repeat(0.3 * base.std(axis=1, ddof=1)[:, np.newaxis], 5, axis=1), rtol=1e-14)
    for written in (error(), error(correlation=0), error(correlation=0.0)):
        values = drawn(small, {"data-error": written}, 1100, seed=9)
        first = standard_normals(stream(9, 0, "data-error 0"), (1024, 6, 5))
        second = standard_normals(stream(9, 1, "data-error 0"), (76, 6, 5))
        np.testing.assert_array_equal(values, base + size * np.concatenate([first, second]))
    uniform = drawn(small, {"data-error": error(distribution="uniform")}, 100, seed=9)
    numbers = stream(9, 0, "data-error 0").uniform(-1.0, 1.0, (100, 6, 5))
    np.testing.assert_array_equal(uniform, base + size * numbers)


def test_with_correlation_what_is_common_has_a_stream_of_its_own(small: Index) -> None:
    base = bind(small, Factors()).base
    size = 0.3 * base.std(axis=1, ddof=1)[:, np.newaxis]
    values = drawn(small, {"data-error": error(correlation=0.25)}, 70, seed=9)
    own = standard_normals(stream(9, 0, "data-error 0"), (70, 6, 5))
    common = standard_normals(stream(9, 0, "data-error 0 shared"), (70, 3, 5))[:, GROUP]
    np.testing.assert_allclose(values, base + size * (0.5 * common + 0.75**0.5 * own), atol=1e-13)


def test_how_a_block_is_cut_changes_nothing(small: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    factors = {"data-error": [error(correlation=0.4), error(distribution="triangular", correlation=0.9)]}
    whole = drawn(small, factors, 300)
    monkeypatch.setattr("simulator.uncertainty.realisation.CHUNK_CELLS", 7 * 30)
    np.testing.assert_array_equal(drawn(small, factors, 300), whole)


# On values that are drawn.


@pytest.fixture(scope="module")
def behind() -> Index:
    """Eight cities: a positive variable, a signed one, and a positive one whose values are known."""
    points = {"m-a": [1, 2, 3, 4, 5, 6, 7, 8], "m-b": [8, 7, 6, 6, 4, 3, 2, 1], "m-c": [2, 2, 3, 4, 5, 6, 7, 8]}
    index = index_of_points(points)
    return with_raw(index, {"m-a": [np.nan] * 8, "m-c": np.arange(1.0, 9)}, scale="positive")


def both_ways(index: Index, values: Any, error: Any, draws: int = 1500) -> tuple[Array, Array]:
    """Return the values (draw, indicator, city) without and with the errors."""
    clean = drawn(index, {"values": values}, draws)
    return clean, drawn(index, {"values": values, "data-error": error}, draws)


def test_a_relative_error_of_all_leaves_out_signed_variables(behind: Index) -> None:
    """The raw side says that two are positive; the values of one of them are known, and have an error too."""
    clean, erred = both_ways(behind, {}, {"size": 0.1, "unit": "relative"})
    np.testing.assert_array_equal(clean[:, 1], erred[:, 1])
    share = (erred[:, 0] - clean[:, 0]) / clean[:, 0]
    assert stats.kstest(share.ravel() / 0.1, stats.norm.cdf).pvalue > 1e-4
    assert (clean[:, 2] == clean[:1, 2]).all()
    assert (erred[:, 2] != clean[:, 2]).all()


def test_a_relative_error_is_a_share_of_each_draws_value(behind: Index) -> None:
    clean, erred = both_ways(behind, {}, {"size": 0.2, "unit": "relative", "indicators": ["m-a"]})
    noise = standard_normals(stream(1, 0, "data-error 0"), (1024, 1, 8))
    np.testing.assert_allclose(erred[:1024, 0], clean[:1024, 0] * (1 + 0.2 * noise[:, 0]), rtol=1e-9)
    np.testing.assert_array_equal(clean[:, 1:], erred[:, 1:])


def test_a_standard_deviation_is_that_of_each_draws_values(behind: Index) -> None:
    clean, erred = both_ways(behind, {"raw": "ignore"}, {"size": 0.5, "unit": "sd", "ties": "independent"})
    noise = standard_normals(stream(1, 0, "data-error 0"), (1024, 3, 8))
    for draw in (0, 17, 1023):
        for indicator in range(3):
            row = clean[draw, indicator]
            sd = (((row - row.sum() / 8) ** 2).sum() / 7) ** 0.5
            np.testing.assert_allclose(erred[draw, indicator], row + 0.5 * sd * noise[draw, indicator], atol=1e-12)


def test_cities_tied_in_the_print_share_the_error_of_drawn_values(behind: Index) -> None:
    clean, erred = both_ways(behind, {"raw": "ignore"}, {"size": 0.5, "unit": "sd"})
    np.testing.assert_array_equal(erred[:, 1, 2], erred[:, 1, 3])
    np.testing.assert_array_equal(erred[:, 2, 0], erred[:, 2, 1])
    assert (erred[:, 0] != clean[:, 0]).all()


@pytest.mark.parametrize("unit", ["sd", "relative"])
def test_two_errors_have_sizes_from_the_values_without_error(behind: Index, unit: str) -> None:
    """So they add up in any order, and the second is not the larger for the first."""
    large, small = (
        {"size": 1.0, "unit": unit, "indicators": ["m-a"]},
        {"size": 0.3, "unit": unit, "indicators": ["m-a"]},
    )
    clean, erred = both_ways(behind, {}, [large, small], 1024)
    numbers = [standard_normals(stream(1, 0, f"data-error {k}"), (1024, 1, 8))[:, 0] for k in (0, 1)]
    row = clean[:, 0]
    size = np.abs(row) if unit == "relative" else row.std(axis=1, ddof=1, keepdims=True)
    np.testing.assert_allclose(erred[:, 0], row + size * (numbers[0] + 0.3 * numbers[1]), rtol=1e-9, atol=1e-12)


def test_two_errors_on_given_values_do_too(small: Index) -> None:
    base = bind(small, Factors()).base
    values = drawn(small, {"data-error": [error(size=2), error(size=0.5)]}, 1024)
    numbers = [standard_normals(stream(1, 0, f"data-error {k}"), (1024, 6, 5)) for k in (0, 1)]
    sd = base.std(axis=1, ddof=1)[:, np.newaxis]
    np.testing.assert_allclose(values, base + sd * (2 * numbers[0] + 0.5 * numbers[1]), atol=1e-12)


def test_errors_on_drawn_values_are_correlated_within_a_dimension() -> None:
    points = np.arange(1, 9)
    index = index_of_points({"m-a": points, "m-b": points[::-1], "n-c": points})
    clean = drawn(index, {"values": {}}, 6000)
    erred = drawn(index, {"values": {}, "data-error": {"size": 0.2, "unit": "sd", "correlation": 0.6}}, 6000)
    errors = (erred - clean) / clean.std(axis=2, ddof=1, keepdims=True)
    found = np.corrcoef(errors[:, :, 4].T)
    margin = 4.5 / 6000**0.5
    assert found[0, 1] == pytest.approx(0.6, abs=margin)
    assert abs(found[0, 2]) < margin
    assert abs(found[1, 2]) < margin


def test_an_error_of_size_nought_is_none(behind: Index) -> None:
    clean, erred = both_ways(behind, {}, {"size": 0, "unit": "sd", "correlation": 0.5}, 50)
    np.testing.assert_array_equal(clean, erred)


def test_errors_hang_together_in_the_direction_of_the_raw_values() -> None:
    """A city whose raw figures are all too high seems better where higher is better, and worse where lower is."""
    points = np.arange(1, 9)
    index = index_of_points({"m-a": points, "m-b": points, "m-c": points})
    index = with_raw(index, {name: [np.nan] * 8 for name in ("m-a", "m-b", "m-c")}, {"m-b": {"direction": "lower"}})
    spec = {"size": 0.3, "unit": "sd", "correlation": 0.7}
    clean, erred = both_ways(index, {}, spec, 6000)
    errors = (erred - clean) / (0.3 * clean.std(axis=2, ddof=1, keepdims=True))
    found = np.corrcoef(errors[:, :, 2].T)
    margin = 4.5 / 6000**0.5
    assert found[0, 2] == pytest.approx(0.7, abs=margin)
    assert found[0, 1] == pytest.approx(-0.7, abs=margin)
    assert stats.kstest(errors[:, 1].ravel(), stats.norm.cdf).pvalue > 1e-4
    alone = both_ways(index, {}, {"size": 0.3, "unit": "sd"}, 64)
    noise = standard_normals(stream(1, 0, "data-error 0"), (64, 3, 8))
    size = 0.3 * alone[0].std(axis=2, ddof=1, keepdims=True) * np.array([1, -1, 1])[:, np.newaxis]
    np.testing.assert_allclose(alone[1], alone[0] + size * noise, atol=1e-12)
