"""Laws of values behind printed points: order statistics of the shapes, cut off between values that are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from drawn_values import SHAPES, behind_points, law, with_known, with_sigma
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[Any]

# The laws of the shapes: a variable without ties is a sample, sorted.


@pytest.mark.parametrize("name", SHAPES)
def test_all_places_together_are_a_sample_of_the_shape(name: str) -> None:
    """The first test sees what is off by a hundredth of the probability."""
    n, draws = 7, 30_000
    values = behind_points(np.arange(1, n + 1), with_sigma(name, 0.7, 0.7), draws=draws)
    one = values[np.arange(draws), np.random.default_rng(1).integers(0, n, draws)]
    assert stats.kstest(one, law(name)).pvalue > 1e-4
    assert stats.kstest(values[:3000].ravel(), law(name)).pvalue > 1e-4


def test_so_they_are_of_a_mixture_of_groups_far_apart() -> None:
    values = behind_points(np.arange(1, 8), {"method": "mixture", "share": 0.5, "gap": 10.0}, draws=30_000)
    one = values[np.arange(30_000), np.random.default_rng(1).integers(0, 7, 30_000)]
    # Standard deviation 1, so groups are 5.1 of their own times two apart.
    own = 26.0**0.5
    below = (stats.norm.cdf(own * one - 5.0) + stats.norm.cdf(own * one + 5.0)) / 2
    assert stats.kstest(below, stats.uniform.cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", ["lognormal", "log-logistic", "log-mixture"])
def test_the_spread_of_each_draw_comes_evenly_from_its_range(name: str) -> None:
    values = behind_points(np.arange(1, 8), with_sigma(name, 0.3, 1.5), draws=4000)
    one = values[np.arange(4000), np.random.default_rng(2).integers(0, 7, 4000)]
    spreads = np.linspace(0.3, 1.5, 401)
    laws = [law(name, sigma) for sigma in spreads]

    def mixed(x: Array) -> Array:
        below: Array = np.trapezoid([one_law(x) for one_law in laws], spreads, axis=0) / 1.2
        return below

    assert stats.kstest(one, mixed).pvalue > 1e-4


def test_the_lower_end_of_a_uniform_shape_comes_evenly_from_its_range() -> None:
    values = behind_points(np.arange(1, 8), {"method": "uniform", "low": [0.1, 0.6]}, "positive", draws=4000)
    one = values[np.arange(4000), np.random.default_rng(3).integers(0, 7, 4000)]
    ends = np.linspace(0.1, 0.6, 1001)

    def mixed(x: Array) -> Array:
        below = np.clip((np.asarray(x)[..., None] - ends) / (1 - ends), 0, 1)
        mean: Array = np.trapezoid(below, ends, axis=-1) / 0.5
        return mean

    assert stats.kstest(one, mixed).pvalue > 1e-4
    assert values.min() > 0.1
    assert values.max() < 1


@pytest.mark.parametrize("n", [3, 10, 60])
@pytest.mark.parametrize("name", SHAPES)
def test_the_probability_up_to_the_kth_of_n_is_beta_distributed(name: str, n: int) -> None:
    values = behind_points(np.arange(1, n + 1), with_sigma(name, 0.7, 0.7), draws=5000)
    for k in {1, 2, (n + 1) // 2, n - 1, n}:
        assert stats.kstest(law(name)(values[:, k - 1]), stats.beta(k, n + 1 - k).cdf).pvalue > 1e-4


@pytest.mark.parametrize("sigma", [0.01, 5.0])
@pytest.mark.parametrize("name", ["lognormal", "log-logistic", "log-mixture"])
def test_so_it_is_for_the_largest_spread_and_a_small_one(name: str, sigma: float) -> None:
    values = behind_points(np.arange(1, 11), with_sigma(name, sigma, sigma), "positive", draws=5000)
    for k in (1, 5, 10):
        assert stats.kstest(law(name, sigma)(values[:, k - 1]), stats.beta(k, 11 - k).cdf).pvalue > 1e-4


def test_neighbours_hang_together_as_order_statistics_do() -> None:
    """Of uniform ones: covariance i (n + 1 - j) / ((n + 1)² (n + 2)) for i below j."""
    n, draws = 5, 20_000
    values = behind_points(np.arange(1, n + 1), "uniform", draws=draws)
    covariance = np.cov(values.T)
    for i in range(1, n + 1):
        for j in range(i, n + 1):
            expected = i * (n + 1 - j) / ((n + 1) ** 2 * (n + 2))
            assert covariance[i - 1, j - 1] == pytest.approx(expected, abs=5 * 0.04 / draws**0.5)


@pytest.mark.parametrize("name", SHAPES)
def test_a_sorted_sample_and_a_draw_are_alike_place_by_place(name: str) -> None:
    """A naive way to the same: draw seven, sort them."""
    values = behind_points(np.arange(1, 8), with_sigma(name, 0.7, 0.7), draws=2000)
    random = np.random.default_rng(4)
    standard = {
        "normal": stats.norm(),
        "uniform": stats.uniform(),
        "student-t": stats.t(4),
        "lognormal": stats.lognorm(0.7),
        "log-logistic": stats.fisk(np.pi / (0.7 * np.sqrt(3))),
    }
    if name in standard:
        naive = standard[name].rvs((2000, 7), random_state=random)
    else:
        x = random.normal(size=(2000, 7)) + 3 * (random.random((2000, 7)) < 0.15)
        naive = (x - 0.45) / np.sqrt(1 + 0.15 * 0.85 * 9)
        naive = np.exp(0.7 * naive) if name == "log-mixture" else naive
    naive.sort(axis=1)
    for place in range(7):
        assert stats.ks_2samp(values[:, place], naive[:, place]).pvalue > 1e-4


# Between known values: the shape cut off at both.

LINE_AT = [2, 5, 8, 10, 13]
LINE = [10.0, 14.0, 15.0, 21.0, 23.0]


def line_through_known(quantile: Callable[[Array], Array], n: int = 16) -> tuple[float, float]:
    """Return intercept and slope of the known values over the quantiles at (k - 3/8) / (n + 1/4), as Blom has them."""
    slope, middle = np.polyfit(quantile((np.array(LINE_AT) + 0.625) / (n + 0.25)), LINE, 1)
    return float(middle), float(slope)


def known_on_a_line(shape: str, draws: int = 4000) -> Array:
    known = np.full(16, np.nan)
    known[LINE_AT] = LINE
    return with_known(np.arange(1, 17), known, shape, draws=draws)[0]


@pytest.mark.parametrize(("shape", "standard"), [("normal", stats.norm), ("student-t", stats.t(4))])
def test_values_between_known_ones_have_the_fitted_law_cut_off_at_both(shape: str, standard: Any) -> None:
    values = known_on_a_line(shape)
    middle, spread = line_through_known(standard.ppf)
    fitted = standard(loc=middle, scale=spread) if shape == "normal" else stats.t(4, loc=middle, scale=spread)
    edges = [
        (-np.inf, 10.0, range(2)),
        *zip(LINE[:-1], LINE[1:], map(range, [3, 6, 9, 11], [5, 8, 10, 13]), strict=True),
    ]
    for low, high, places in [*edges, (23.0, np.inf, range(14, 16))]:
        start, end = fitted.cdf(low), fitted.cdf(high)
        within = values[:, list(places)]
        assert ((within > low) & (within < high)).all()

        def cut_off(x: Array, start: float = start, end: float = end) -> Array:
            below: Array = (fitted.cdf(x) - start) / (end - start)
            return below

        # Together they are a sample of the law cut off; one by one, its order statistics.
        assert stats.kstest(within.ravel(), cut_off).pvalue > 1e-4
        for k, place in enumerate(places, 1):
            probability = cut_off(values[:, place])
            assert stats.kstest(probability, stats.beta(k, len(places) + 1 - k).cdf).pvalue > 1e-4


def test_between_known_values_a_uniform_shape_is_uniform() -> None:
    values = known_on_a_line("uniform")
    for low, high, places in zip(LINE[:-1], LINE[1:], map(range, [3, 6, 9, 11], [5, 8, 10, 13]), strict=True):
        for k, place in enumerate(places, 1):
            share = (values[:, place] - low) / (high - low)
            assert stats.kstest(share, stats.beta(k, len(places) + 1 - k).cdf).pvalue > 1e-4


def test_a_naive_rejection_gives_the_same_law_between_known_values() -> None:
    """Samples of sixteen whose third, sixth, ... values fall near the known ones are rare; pairs between are not.

    Between 10 and 14 stand two values: draw pairs of the fitted normal until both fall there, and sort them.
    """
    values = known_on_a_line("normal")
    middle, spread = line_through_known(stats.norm.ppf)
    pairs = np.random.default_rng(5).normal(middle, spread, (40_000, 2))
    pairs = np.sort(pairs[((pairs > 10) & (pairs < 14)).all(axis=1)], axis=1)[:3000]
    assert len(pairs) > 1000
    for k, place in enumerate((3, 4)):
        assert stats.ks_2samp(values[:, place], pairs[:, k]).pvalue > 1e-4


def test_logarithms_are_fitted_on_a_positive_scale() -> None:
    known = np.full(16, np.nan)
    known[LINE_AT] = np.exp(np.array(LINE) / 5)
    values, _ = with_known(np.arange(1, 17), known, {"method": "lognormal"}, "positive", draws=4000)
    middle, spread = line_through_known(stats.norm.ppf)
    fitted = stats.norm(middle / 5, spread / 5)
    start, end = fitted.cdf(LINE[0] / 5), fitted.cdf(LINE[1] / 5)
    probability = (fitted.cdf(np.log(values[:, 3:5])) - start) / (end - start)
    assert stats.kstest(probability.ravel(), stats.uniform.cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    "values", [[100.0, 101, 150, 199, 200], [100.0, 100.1, 100.2, 100.3, 130], [100.0, 129.7, 129.8, 129.9, 130]]
)
def test_beyond_the_known_values_a_uniform_shape_leaves_each_place_its_room(values: list[float]) -> None:
    """Where the line through the known values ends too early it is widened: by a place's share for each beyond."""
    n, at = 12, [4, 5, 6, 7, 8]
    known = np.full(n, np.nan)
    known[at] = values
    found, _ = with_known(np.arange(1, n + 1), known, "uniform", draws=4000)
    width, low = np.polyfit((np.array(at) + 0.625) / (n + 0.25), values, 1)
    one = width / (n + 1)
    high = max(low + width, values[-1] + 4 * one)
    low = max(min(low, 100 - 5 * one), 0)
    assert stats.kstest(found[:, :4].ravel(), stats.uniform(low, 100 - low).cdf).pvalue > 1e-4
    assert stats.kstest(found[:, 9:].ravel(), stats.uniform(values[-1], high - values[-1]).cdf).pvalue > 1e-4
