"""Shapes: quantiles and probabilities against scipy's, what is standardised, and parameters out of range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from scipy import integrate, stats

from simulator.uncertainty.shapes import (
    AnyShape,
    LogLogistic,
    LogMixture,
    Lognormal,
    Mixture,
    Normal,
    PositiveShape,
    Shape,
    StudentT,
    Uniform,
    on_logarithms,
    probability,
    quantile,
    shape_catalogue,
    spread_at,
)

Array = NDArray[Any]

LOGISTIC = stats.logistic(scale=np.sqrt(3) / np.pi)
EXACT: list[tuple[AnyShape, Any]] = [
    (Normal(), stats.norm),
    (Lognormal(), stats.norm),
    (LogLogistic(), LOGISTIC),
    (StudentT(), stats.t(4)),
    (Uniform(), stats.uniform),
    (Uniform(low=(0.2, 0.5)), stats.uniform),
]
MIXTURES: list[Mixture | LogMixture] = [
    Mixture(),
    LogMixture(),
    Mixture(share=0.4, gap=10),
    Mixture(share=0.01, gap=0.5),
    LogMixture(share=0.99, gap=6),
]
SHAPES: list[AnyShape] = [*(shape for shape, _ in EXACT), *MIXTURES]
TAILS = 10.0 ** np.arange(-12, 0)
GRID = np.concatenate([TAILS, np.linspace(0.001, 0.999, 999), 1 - TAILS])


def mixture_cdf(shape: Mixture | LogMixture) -> Callable[[Array], Array]:
    """The distribution function of the standardised mixture, from its two normals."""
    share, gap = shape.share, shape.gap
    sd = np.sqrt(1 + share * (1 - share) * gap**2)

    def cdf(z: Array) -> Array:
        x = share * gap + sd * np.asarray(z)
        below: Array = (1 - share) * stats.norm.cdf(x) + share * stats.norm.cdf(x - gap)
        return below

    return cdf


# Quantiles and probabilities.


@pytest.mark.parametrize(("shape", "law"), EXACT, ids=lambda x: getattr(x, "method", ""))
def test_quantiles_are_those_of_scipy_tails_included(shape: AnyShape, law: Any) -> None:
    np.testing.assert_allclose(quantile(shape, GRID), law.ppf(GRID), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(("shape", "law"), EXACT, ids=lambda x: getattr(x, "method", ""))
def test_probabilities_are_those_of_scipy_tails_included(shape: AnyShape, law: Any) -> None:
    z = np.concatenate([np.linspace(-9, 9, 1801), [-1e3, 1e3, -1e6, 1e6]])
    np.testing.assert_allclose(probability(shape, z), law.cdf(z), rtol=1e-9, atol=2e-16)


@pytest.mark.parametrize("shape", MIXTURES)
def test_a_mixture_is_that_of_its_two_normals_and_is_standardised(shape: Mixture | LogMixture) -> None:
    cdf = mixture_cdf(shape)
    z = np.linspace(-5, 9, 2001)
    np.testing.assert_allclose(probability(shape, z), cdf(z), atol=1e-6)
    np.testing.assert_allclose(cdf(quantile(shape, GRID)), GRID, atol=1e-7)
    np.testing.assert_allclose(cdf(quantile(shape, TAILS)), TAILS, rtol=1e-5)


@pytest.mark.parametrize("shape", [Normal(), Lognormal(), LogLogistic(), *MIXTURES])
def test_mean_is_nought_and_standard_deviation_one(shape: AnyShape) -> None:
    p = (np.arange(2_000_000) + 0.5) / 2_000_000
    z = quantile(shape, p)
    assert z.mean() == pytest.approx(0, abs=1e-5)
    assert z.std() == pytest.approx(1, abs=1e-4)


def test_students_t_has_four_degrees_of_freedom_and_standard_deviation_root_two() -> None:
    mean_of_squares = integrate.quad(lambda z: 0.375 * z * z / (1 + z * z / 4) ** 2.5, -np.inf, np.inf)[0]
    assert mean_of_squares == pytest.approx(2)
    z = np.linspace(-6, 6, 121)
    density = (probability(StudentT(), z + 1e-5) - probability(StudentT(), z - 1e-5)) / 2e-5
    np.testing.assert_allclose(density, 0.375 / (1 + z * z / 4) ** 2.5, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_quantile_and_probability_are_inverse_of_each_other(shape: AnyShape) -> None:
    np.testing.assert_allclose(probability(shape, quantile(shape, GRID)), GRID, rtol=1e-9, atol=1e-15)
    # Not beyond: where a mixture has next to no probability, a value cannot come back.
    middle = quantile(shape, np.linspace(0.001, 0.999, 999))
    np.testing.assert_allclose(quantile(shape, probability(shape, middle)), middle, rtol=1e-9, atol=1e-12)


@given(st.sampled_from(SHAPES), st.lists(st.floats(1e-12, 1, exclude_max=True), min_size=2, max_size=20))
def test_quantiles_never_fall(shape: AnyShape, probabilities: list[float]) -> None:
    z = quantile(shape, np.sort(np.array(probabilities)))
    assert np.isfinite(z).all()
    assert (np.diff(z) >= -1e-12 * np.abs(z[1:])).all()


@given(st.sampled_from(SHAPES), st.floats(-1e9, 1e9))
def test_a_probability_is_one(shape: AnyShape, z: float) -> None:
    p = float(probability(shape, np.array(z)))
    assert 0 <= p <= 1


@pytest.mark.parametrize("shape", [Normal(), LogLogistic(), StudentT(), Uniform(), Mixture(share=0.5)])
def test_symmetric_shapes_are_symmetric(shape: AnyShape) -> None:
    p = np.linspace(0.001, 0.5, 500)
    middle = 0.5 if isinstance(shape, Uniform) else 0.0
    np.testing.assert_allclose(quantile(shape, 1 - p) - middle, middle - quantile(shape, p), atol=1e-6)
    assert float(quantile(shape, np.array(0.5))) == pytest.approx(middle, abs=1e-6)


def test_students_t_loses_no_digits_near_the_median() -> None:
    p = 0.5 + np.array([1e-13, 1e-10, 1e-7])
    np.testing.assert_allclose(quantile(StudentT(), p), (p - 0.5) / 0.375, rtol=1e-9)


def test_any_dimensions_go_in_and_come_out() -> None:
    p = np.full((3, 2, 4), 0.3)
    for shape in SHAPES:
        assert quantile(shape, p).shape == probability(shape, p).shape == (3, 2, 4)


# Spread where nothing is known.


def test_which_shapes_are_on_logarithms() -> None:
    assert [s.method for s in SHAPES[:5] + SHAPES[6:8] if on_logarithms(s)] == [
        "lognormal",
        "log-logistic",
        "log-mixture",
    ]


@pytest.mark.parametrize(
    "shape", [Lognormal(sigma=(0.3, 1.5)), LogLogistic(sigma=(0.3, 1.5)), LogMixture(sigma=(1, 1))]
)
def test_the_spread_of_logarithms_is_drawn_evenly_from_its_range(shape: Lognormal | LogLogistic | LogMixture) -> None:
    low, high = shape.sigma
    middle, spread = spread_at(shape, np.array([0.0, 0.25, 1.0]))
    assert middle.tolist() == [0, 0, 0]
    np.testing.assert_allclose(spread, [low, low + 0.25 * (high - low), high])


def test_a_uniform_shape_reaches_from_its_lower_end_to_one() -> None:
    uniform = np.array([0.0, 0.5, 0.999])
    middle, spread = spread_at(Uniform(low=(0.2, 0.6)), uniform)
    np.testing.assert_allclose(middle, 0.2 + 0.4 * uniform)
    np.testing.assert_allclose(middle + spread, 1)
    assert [part.tolist() for part in spread_at(Uniform(), uniform)] == [[0, 0, 0], [1, 1, 1]]


@pytest.mark.parametrize("shape", [Normal(), StudentT(), Mixture()])
def test_other_shapes_are_as_they_are(shape: AnyShape) -> None:
    assert [part.tolist() for part in spread_at(shape, np.array([0.1, 0.9]))] == [[0, 0], [1, 1]]


# As data.


def test_the_catalogue_holds_every_shape_by_the_name_that_files_use() -> None:
    catalogue = shape_catalogue()
    assert set(catalogue) == {"normal", "uniform", "student-t", "mixture", "lognormal", "log-logistic", "log-mixture"}
    for name, kind in catalogue.items():
        assert (
            TypeAdapter(Shape).validate_python(name) == TypeAdapter(Shape).validate_python({"method": name}) == kind()
        )


def test_shapes_for_positive_values_are_never_negative() -> None:
    for name, kind in shape_catalogue().items():
        shape: Any = kind()
        nonnegative = on_logarithms(shape) or float(quantile(shape, np.array(1e-12))) >= 0
        if nonnegative:
            assert TypeAdapter(PositiveShape).validate_python(name) == shape
        else:
            with pytest.raises(ValidationError, match="method"):
                TypeAdapter(PositiveShape).validate_python(name)


@pytest.mark.parametrize(
    "written",
    [
        {"method": "lognormal", "sigma": [1.5, 0.2]},
        {"method": "lognormal", "sigma": [0, 1]},
        {"method": "lognormal", "sigma": [1, 5.1]},
        {"method": "lognormal", "sigma": [1]},
        {"method": "lognormal", "sigma": 1},
        {"method": "log-logistic", "sigma": [-1, 1]},
        {"method": "log-mixture", "share": 0},
        {"method": "mixture", "share": 1},
        {"method": "mixture", "gap": 0},
        {"method": "mixture", "gap": 10.5},
        {"method": "uniform", "low": [0.5, 0.2]},
        {"method": "uniform", "low": [-0.1, 0.2]},
        {"method": "uniform", "low": [0.1, 1]},
        {"method": "normal", "sigma": [1, 1]},
        {"method": "student-t", "df": 3},
        {"method": "gamma"},
        "Normal",
        None,
    ],
)
def test_parameters_out_of_range_are_refused(written: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Shape).validate_python(written)
