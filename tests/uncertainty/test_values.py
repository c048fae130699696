"""Values drawn behind printed points: always in the printed order, of the laws asked for, through what is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from raw_indices import drawn, index_of_points, with_raw
from scipy import stats

from simulator.index import Index, load_index
from simulator.raw.calibration import calibrate, usable
from simulator.raw.side import behind
from simulator.uncertainty.factors import Factors, ValuesBehind
from simulator.uncertainty.realisation import bind
from simulator.uncertainty.shapes import AnyShape, StudentT, Uniform, on_logarithms, shape_catalogue
from simulator.uncertainty.values import draw_sample, scale_of, value_field

Array = NDArray[Any]

SHAPES = sorted(shape_catalogue())
POSITIVE = ["lognormal", "log-logistic", "log-mixture", "uniform"]


def behind_points(points: Any, shape: Any, scale: str = "signed", **more: Any) -> Array:
    """Return values (draw, city) drawn behind one variable of which nothing is known but its points."""
    index = index_of_points({"m-a": points}, {"scale": scale})
    spec = {("positive" if scale == "positive" else "signed"): shape}
    return drawn(index, {"values": spec}, **more)[:, 0]


def with_known(
    points: Any, known: Any, shape: Any, scale: str = "signed", direction: str = "higher", draws: int = 400
) -> tuple[Array, Array]:
    """Return raw values (draw, city) drawn behind a variable of which some are known, and those held (or NaN)."""
    index = with_raw(index_of_points({"m-a": points}), {"m-a": known}, scale=scale, direction=direction)
    assert index.raw is not None
    own, printed = behind(index.raw, "m-a"), np.array(points, float)
    found = calibrate(own, printed)
    held = np.where(usable(own, printed) & ~found.moved, found.value, np.nan)
    raw = drawn(index, {"values": {"signed": shape} if scale == "signed" else {"positive": shape}}, draws)[:, 0]
    return raw if direction == "higher" else -raw, held


def assert_ordered_as(values: Array, points: Any) -> None:
    """In every draw, each pair of cities compares by its values as by its points, equality included."""
    wanted = np.sign(np.subtract.outer(np.array(points, float), np.array(points, float)))
    np.testing.assert_array_equal(
        np.sign(values[:, :, None] - values[:, None, :]), np.broadcast_to(wanted, (len(values), *wanted.shape))
    )


# Order: the drawn values reproduce the printed one, in every draw.

WEAK_ORDERS = st.integers(3, 24).flatmap(lambda n: st.lists(st.integers(1, n), min_size=n, max_size=n))


@given(WEAK_ORDERS, st.sampled_from(SHAPES), st.integers(0, 2**32))
def test_any_printed_order_comes_out_of_every_draw(points: list[int], shape: str, seed: int) -> None:
    assert_ordered_as(behind_points(points, shape, draws=20, seed=seed), points)


@given(WEAK_ORDERS, st.sampled_from(POSITIVE), st.integers(0, 2**32))
def test_values_on_a_positive_scale_are_positive_and_in_order(points: list[int], shape: str, seed: int) -> None:
    values = behind_points(points, shape, "positive", draws=20, seed=seed)
    assert_ordered_as(values, points)
    assert (values > 0).all()


@st.composite
def printed_with_known(draw: st.DrawFn) -> tuple[list[int], Array, str, str, str]:
    """Points with any ties, raw values of some cities nearly in their order, a scale, a direction and a shape."""
    points = draw(st.integers(5, 20).flatmap(lambda n: st.lists(st.integers(1, n), min_size=n, max_size=n)))
    n = len(points)
    scale, direction = draw(st.sampled_from(["positive", "signed"])), draw(st.sampled_from(["higher", "lower"]))
    shape = draw(st.sampled_from(POSITIVE if scale == "positive" else ["normal", "student-t", "mixture", "uniform"]))
    spacing = draw(st.sampled_from([1e-6, 1.0, 30.0]))
    steps = np.array(draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
    # Steps from one place to the next: even, next to nothing, or many orders of magnitude.
    rising = np.cumsum(spacing * steps) if scale == "signed" else 10 ** (np.cumsum(spacing * steps) / 10 - 3)
    order = np.argsort(points, kind="stable")
    values = np.empty(n)
    values[order] = rising if direction == "higher" else rising[::-1]
    known = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return points, np.where(known, values, np.nan), scale, direction, shape


@given(printed_with_known())
@settings(max_examples=150)
def test_the_order_holds_through_values_that_are_known(case: tuple[list[int], Array, str, str, str]) -> None:
    points, known, scale, direction, shape = case
    raw, held = with_known(points, known, shape, scale, direction, draws=15)
    assert_ordered_as(raw if direction == "higher" else -raw, points)
    pinned = np.isfinite(held)
    np.testing.assert_array_equal(raw[:, pinned], np.broadcast_to(held[pinned], (15, int(pinned.sum()))))
    if scale == "positive":
        assert (raw > 0).all()


PINS: dict[str, tuple[int, Sequence[int], Sequence[float]]] = {
    "very far apart": (20, [3, 5, 9, 14, 16], [1e-9, 1e-3, 1, 1e6, 1e12]),
    "at both ends, very far apart": (20, [0, 5, 9, 14, 19], [1e-9, 1e-3, 1, 1e6, 1e12]),
    "almost equal": (60, [3, 5, 9, 14, 55], [1, 1 + 1e-9, 1 + 2e-9, 1 + 3e-9, 1 + 4e-9]),
    "some almost equal": (60, [3, 5, 50, 55, 57], [1, 2, 3, 3 + 1e-6, 3 + 2e-6]),
    "an outlier above, 50 standard deviations away": (60, [*range(40), 55], [*np.linspace(1, 2, 40), 17.0]),
    "an outlier above, the others in a row": (60, [10, 11, 12, 13, 14, 50], [1, 1.1, 1.2, 1.3, 1.4, 60]),
    "an outlier below": (60, [*range(10, 50)], [1e-6, *np.linspace(1000, 1001, 39)]),
    "the lowest next to nought": (20, [5, 9, 12, 14, 16], [1e-9, 10, 30, 40, 100]),
    "at both ends only": (10, [0, 9], [1, 2]),
    "all but one within": (10, [0, 1, 2, 3, 5, 6, 7, 8, 9], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    "all but the first": (10, [*range(1, 10)], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    "all but the last": (10, [*range(9)], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    "a cluster at the lower end": (60, [0, 1, 2, 3, 59], [1, 1.0001, 1.0002, 1.0003, 2]),
    "a cluster at the upper end": (60, [0, 56, 57, 58, 59], [1, 1.9997, 1.9998, 1.9999, 2]),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pins", PINS.values(), ids=PINS)
def test_however_extreme_the_known_values_the_others_lie_between_them(
    pins: tuple[int, Sequence[int], Sequence[float]], shape: str
) -> None:
    n, places, given_values = pins
    points = np.arange(1.0, n + 1)
    known = np.full(n, np.nan)
    known[list(places)] = given_values
    positive = shape in POSITIVE
    if len(places) < 5:
        known[4:7] = [1.4, 1.5, 1.6]
    raw, held = with_known(points, known, shape, "positive" if positive else "signed")
    assert np.isfinite(raw).all()
    assert (np.diff(raw, axis=1) > 0).all()
    pinned = np.isfinite(held)
    assert pinned[list(places)].sum() >= 5 if len(places) >= 5 else pinned.sum() == 5
    np.testing.assert_array_equal(raw[:, pinned], np.broadcast_to(held[pinned], (len(raw), int(pinned.sum()))))
    if positive:
        assert (raw > 0).all()


@pytest.mark.parametrize("shape", ["normal", "student-t", "mixture", "uniform"])
def test_many_values_between_two_known_ones_that_hardly_differ_still_rise(shape: str) -> None:
    """Nineteen find room in some eighty steps of the last digit, where many would fall on the same number."""
    known = np.full(60, np.nan)
    known[[0, 10, 30, 50, 59]] = 1e9 + np.array([0.0, 0.25, 0.25001, 0.75, 1.0])
    raw, held = with_known(np.arange(1, 61), known, shape)
    assert 60 < (held[30] - held[10]) / np.spacing(1e9) < 100
    assert (np.diff(raw, axis=1) > 0).all()
    pinned = np.isfinite(known)
    np.testing.assert_array_equal(raw[:, pinned], np.broadcast_to(held[pinned], (400, 5)))


def test_a_city_tied_with_a_known_one_has_its_value() -> None:
    points = [1, 2, 4, 4, 4, 6, 7, 8]
    known = [1.0, 2, np.nan, 3.5, np.nan, np.nan, 6, 9]
    raw, _ = with_known(points, known, "normal")
    assert (raw[:, 2:5] == 3.5).all()
    np.testing.assert_array_equal(raw[:, [0, 1, 6, 7]], np.broadcast_to([1.0, 2, 6, 9], (400, 4)))
    assert np.unique(raw[:, 5]).size == 400


def test_values_are_turned_where_lower_ones_are_better() -> None:
    """What is scored is minus the raw value; the best city has the lowest."""
    points = np.arange(1.0, 9)
    known = np.array([80.0, 70, np.nan, 50, 40, np.nan, 20, 10])
    index = with_raw(index_of_points({"m-a": points}), {"m-a": known}, scale="positive", direction="lower")
    scored = drawn(index, {"values": {}}, 300)[:, 0]
    assert_ordered_as(scored, points)
    np.testing.assert_array_equal(scored[:, [0, 7]], np.broadcast_to([-80.0, -10.0], (300, 2)))
    assert ((-scored[:, 2] > 50) & (-scored[:, 2] < 70)).all()


# The laws of the shapes: a variable without ties is a sample, sorted.


def law(name: str, sigma: float = 0.7) -> Callable[[Array], Array]:
    """Return the distribution function of a shape by scipy; logarithms have standard deviation `sigma`."""
    share, gap = 0.15, 3.0
    sd = np.sqrt(1 + share * (1 - share) * gap**2)

    def mixture(z: Array) -> Array:
        x = share * gap + sd * np.asarray(z)
        below: Array = (1 - share) * stats.norm.cdf(x) + share * stats.norm.cdf(x - gap)
        return below

    laws: dict[str, Callable[[Array], Array]] = {
        "normal": stats.norm.cdf,
        "uniform": stats.uniform.cdf,
        "student-t": stats.t(4).cdf,
        "mixture": mixture,
        "lognormal": stats.lognorm(sigma).cdf,
        "log-logistic": stats.fisk(np.pi / (sigma * np.sqrt(3))).cdf,
        "log-mixture": lambda x: mixture(np.log(x) / sigma),
    }
    return laws[name]


def with_sigma(name: str, *sigma: float) -> Any:
    return {"method": name, "sigma": list(sigma)} if name.startswith("log") else name


@pytest.mark.parametrize("name", SHAPES)
def test_all_places_together_are_a_sample_of_the_shape(name: str) -> None:
    n = 7
    values = behind_points(np.arange(1, n + 1), with_sigma(name, 0.7, 0.7), draws=3000)
    assert stats.kstest(values.ravel(), law(name)).pvalue > 1e-4
    one = values[np.arange(3000), np.random.default_rng(1).integers(0, n, 3000)]
    assert stats.kstest(one, law(name)).pvalue > 1e-4


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
def test_the_kth_of_n_uniform_values_is_beta_distributed(n: int) -> None:
    values = behind_points(np.arange(1, n + 1), "uniform", draws=3000)
    for k in {1, 2, (n + 1) // 2, n}:
        assert stats.kstest(values[:, k - 1], stats.beta(k, n + 1 - k).cdf).pvalue > 1e-4


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


# Ties: the value of the lowest position.


def test_a_tied_group_has_the_value_of_its_lowest_position() -> None:
    """Uniform values of seven places: positions 1, 2, 2, 2, 5, 6, 6 have the mean k / 8."""
    points = [1, 4, 4, 4, 5, 7, 7]
    draws = 8000
    values = behind_points(points, "uniform", draws=draws)
    for k, column in zip([1, 2, 2, 2, 5, 6, 6], values.T, strict=True):
        margin = (k * (8 - k) / (64 * 9) / draws) ** 0.5
        assert abs(column.mean() - k / 8) < 4.5 * margin
        assert stats.kstest(column, stats.beta(k, 8 - k).cdf).pvalue > 1e-4


@pytest.mark.parametrize(
    ("tied", "positions"),
    [("lowest", [1, 2, 2, 2, 5, 6, 6]), ("middle", [1, 3, 3, 3, 5, 6, 6]), ("highest", [1, 4, 4, 4, 5, 7, 7])],
)
def test_a_tied_group_may_have_the_value_of_another_of_its_positions(tied: str, positions: list[int]) -> None:
    """The middle one of two is the lower."""
    points = [1, 4, 4, 4, 5, 7, 7]
    values = drawn(index_of_points({"m-a": points}), {"values": {"signed": "uniform", "tied": tied}}, 4000)[:, 0]
    assert_ordered_as(values[:200], points)
    for k, column in zip(positions, values.T, strict=True):
        assert stats.kstest(column, stats.beta(k, 8 - k).cdf).pvalue > 1e-4


def test_it_is_the_lowest_printed_position_where_lower_raw_values_are_better_too() -> None:
    """Of seven raw values, of which the highest is the worst, the group at printed positions 2 to 4 has the sixth."""
    points = [1, 4, 4, 4, 5, 7, 7]
    index = with_raw(index_of_points({"m-a": points}), {"m-a": [np.nan] * 7}, direction="lower")
    values = -drawn(index, {"values": {"signed": "uniform"}}, 4000)[:, 0]
    for k, column in zip([7, 6, 6, 6, 3, 2, 2], values.T, strict=True):
        assert stats.kstest(column, stats.beta(k, 8 - k).cdf).pvalue > 1e-4


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


# Which values are known well enough to be held.


@pytest.mark.parametrize(
    ("known", "held"),
    [
        ([1.0, 2, 3, 4, 5, np.nan, np.nan], True),
        ([1.0, 2, 3, 4, np.nan, np.nan, np.nan], False),  # four are too few
        ([2.0, 1, 4, 3, 6, 5, np.nan], False),  # another order than the print
        ([7.0, 6, 5, 4, 3, 2, 1], False),
    ],
)
def test_known_values_are_held_where_they_are_enough_and_in_the_printed_order(known: list[float], held: bool) -> None:
    values, _ = with_known(np.arange(1, 8), known, "normal", draws=100)
    assert ((values == values[0]).all(axis=0)[:4] == held).all()
    assert_ordered_as(values, np.arange(1, 8))


def test_a_value_that_is_out_of_the_printed_order_is_drawn_like_one_that_is_not_known() -> None:
    """Its neighbours are two each, so that it alone has to move."""
    points = [1, 2, 2, 4, 5, 5, 7, 8]
    known = [1.0, 2, 2, 5.5, 5, 5, 7, 8]
    raw, held = with_known(points, known, "normal", draws=3000)
    assert np.isnan(held).tolist() == [k == 3 for k in range(8)]
    assert_ordered_as(raw[:100], points)
    assert np.unique(raw[:, 3]).size == 3000
    without, _ = with_known(points, [*known[:3], np.nan, *known[4:]], "normal", draws=3000)
    np.testing.assert_array_equal(raw, without)


def test_a_raw_side_that_is_ignored_changes_nothing() -> None:
    bare = index_of_points({"m-a": np.arange(1, 9)}, {"scale": "positive"})
    index = with_raw(bare, {"m-a": np.arange(8.0, 0, -1)}, direction="lower", scale="positive")
    ignored = drawn(index, {"values": {"raw": "ignore"}})
    np.testing.assert_array_equal(ignored, drawn(bare, {"values": {"raw": "ignore"}}))
    used = drawn(index, {"values": {}})
    assert (used == used[:1]).all()
    spec = ValuesBehind()
    assert [scale_of(one, index, "m-a") for one in (spec, ValuesBehind(raw="ignore"))] == ["positive", "signed"]
    assert scale_of(spec, bare, "m-a") == "positive"


def test_a_variable_all_of_whose_values_are_known_is_not_drawn() -> None:
    index = with_raw(
        index_of_points({"m-a": [1, 2, 3, 3, 5], "m-b": [5, 4, 3, 2, 1]}),
        {"m-a": [0.0, 1, 2, 2, 9], "m-b": [9.0, np.nan, np.nan, np.nan, 0]},
    )
    field = value_field(ValuesBehind(), "values 0", index, [0, 1])
    assert [column.pins.known.tolist() for column in field.columns] == [[True] * 5, [False] * 5]
    assert [column.sign for column in field.columns] == [1.0, 1.0]
    values = drawn(index, {"values": {}}, 50)
    np.testing.assert_array_equal(values[:, 0], np.broadcast_to([0.0, 1, 2, 2, 9], (50, 5)))


# Which shape a draw takes.


def test_each_variable_takes_a_shape_in_each_draw_with_its_share() -> None:
    """Of twenty values some are negative unless the shape is the uniform one."""
    index = index_of_points({"m-a": np.arange(1, 21), "m-b": np.arange(20, 0, -1)})
    spec = {"signed": {"alternatives": ["normal", "uniform"], "shares": [1, 3]}}
    uniform = (drawn(index, {"values": spec}, 6000) > 0).all(axis=2)
    margin = 4.5 * (0.75 * 0.25 / 6000) ** 0.5
    assert np.abs(uniform.mean(axis=0) - 0.75).max() < margin
    both = uniform.all(axis=1).mean()
    assert abs(both - 0.75**2) < 4.5 * (0.5625 * 0.4375 / 6000) ** 0.5


def test_which_shape_a_draw_takes_says_nothing_of_its_spread() -> None:
    spec = {"signed": [{"method": "lognormal", "sigma": [0.3, 1.5]}, "normal"]}
    values = drawn(index_of_points({"m-a": np.arange(1, 21)}), {"values": spec}, 4000)[:, 0]
    logs = np.log(values[(values > 0).all(axis=1)])
    # Of twenty logarithms with spread σ the standard deviation is σ but for some 16 per cent.
    spreads = logs.std(axis=1, ddof=1)
    assert len(spreads) == pytest.approx(2000, abs=4.5 * 1000**0.5)
    assert spreads.mean() == pytest.approx(0.9 * (1 - 1 / 80), abs=4.5 * 0.4 / len(spreads) ** 0.5)


def test_shapes_follow_the_scale() -> None:
    points = np.arange(1, 11)
    index = with_raw(index_of_points({"m-a": points, "m-b": points}), {"m-a": [np.nan] * 10}, scale="positive")
    values = drawn(index, {"values": {"positive": {"method": "uniform", "low": [0.9, 0.9]}, "signed": "normal"}})
    assert ((values[:, 0] > 0.9) & (values[:, 0] < 1)).all()
    assert (values[:, 1, 0] < 0).mean() > 0.99


def test_variables_and_draws_have_nothing_in_common() -> None:
    index = index_of_points({"m-a": np.arange(1, 8), "m-b": np.arange(1, 8)})
    values = drawn(index, {"values": {"signed": "uniform"}}, 8000)
    assert abs(np.corrcoef(values[:, 0, 3], values[:, 1, 3])[0, 1]) < 4.5 / 8000**0.5
    assert abs(np.corrcoef(values[1:, 0, 3], values[:-1, 0, 3])[0, 1]) < 4.5 / 8000**0.5


# Streams: what a factor draws depends on nothing else (convention 8).


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


@pytest.mark.parametrize("cells", [1, 20_000, 10**9])
def test_how_a_block_is_cut_changes_nothing(published: Index, monkeypatch: pytest.MonkeyPatch, cells: int) -> None:
    whole = drawn(published, {"values": {}}, 1100)
    monkeypatch.setattr("simulator.uncertainty.realisation.CHUNK_CELLS", cells)
    np.testing.assert_array_equal(drawn(published, {"values": {}}, 1100), whole)


def test_fewer_draws_are_the_first_of_more(published: Index) -> None:
    more = drawn(published, {"values": {}}, 1100)
    np.testing.assert_array_equal(drawn(published, {"values": {}}, 70), more[:70])
    assert not np.array_equal(drawn(published, {"values": {}}, 70, seed=2), more[:70])


def test_other_factors_leave_the_values_alone(published: Index) -> None:
    alone = drawn(published, {"values": {}}, 60)
    others = {
        "weights": {"method": "dirichlet", "concentration": 5},
        "normalisation": ["as-defined", "z-score"],
        "leave-out": [{"level": "variable", "count": 3}, {"level": "city", "count": 2}],
        "data-error": {"size": 0.2, "unit": "sd", "indicators": ["clean-energy"], "correlation": 0.5},
    }
    together = drawn(published, {"values": {}, **others}, 60)
    same = [leaf.id != "clean-energy" for leaf in published.definition.indicators]
    np.testing.assert_array_equal(together[:, same], alone[:, same])
    assert (together[:, np.logical_not(same)] != alone[:, np.logical_not(same)]).all()


def test_each_entry_draws_its_own_indicators(published: Index) -> None:
    first = {"indicators": ["clean-energy"]}
    second = {"indicators": ["旅游收入贡献", "Hospital beds per capita"], "signed": "uniform"}
    leaves = [leaf.id for leaf in published.definition.indicators]
    both = drawn(published, {"values": [first, second]}, 40)
    changed = (both != bind(published, Factors()).base).any(axis=(0, 2))
    assert {leaves[k] for k in np.flatnonzero(changed)} == {"clean-energy", "tourism-revenue", "hospital-beds"}
    alone = drawn(published, {"values": first}, 40)
    np.testing.assert_array_equal(both[:, leaves.index("clean-energy")], alone[:, leaves.index("clean-energy")])


def test_the_bundled_values_are_in_the_printed_order_in_every_draw(published: Index) -> None:
    values = drawn(published, {"values": {}}, 100)
    for k, leaf in enumerate(published.definition.indicators):
        assert_ordered_as(values[:, k], published.printed.sel(slot=leaf.id).values)


def test_bundled_values_that_are_known_are_held_and_the_scale_is_that_of_the_raw_side(published: Index) -> None:
    leaves = [leaf.id for leaf in published.definition.indicators]
    field = value_field(ValuesBehind(), "values 0", published, list(range(50)))
    held = {leaves[column.leaf]: int(column.pins.known.sum()) for column in field.columns if column.pins.known.any()}
    assert len(held) == 15
    assert held["trade-balance"] == 46
    assert held["patent-density"] == 25
    assert held["consumption-per-capita"] == 38  # one of 39 is out of the printed order
    assert "digital-infrastructure" not in held  # in another order than the print
    signed = {leaves[column.leaf] for column in field.columns if column.scale == "signed"}
    assert {"economic-scale", "retail-scale", "smart-governance", "talent-attraction"} <= signed
    assert not signed & {"government-debt", "hospital-beds", "operating-cost", "health-spending"}
    lower = {leaves[column.leaf] for column in field.columns if column.sign < 0}
    assert {"government-debt", "trade-balance", "work-safety", "carbon-intensity", "operating-cost"} <= lower


# A sample, as a function of its random numbers.


def test_a_sample_is_the_shape_at_shares_of_the_sums_of_exponentials() -> None:
    """A loop over the definition: the k-th value is the quantile at the k-th of n + 1 sums over the last."""
    sums = np.cumsum(np.random.default_rng(9).standard_exponential((4, 6)), axis=1)
    index = index_of_points({"m-a": [1, 2, 3, 4, 5]})
    field = value_field(ValuesBehind.model_validate({"signed": ["student-t", "uniform"]}), "v", index, [0])
    column = field.columns[0]
    assert column.pins.position.size == 0
    which = np.array([0.0, 0.49, 0.5, 0.99])
    sample = draw_sample(column, sums, which, np.zeros(4))
    chosen: list[AnyShape] = [StudentT(), StudentT(), Uniform(), Uniform()]
    for draw, shape in enumerate(chosen):
        for k in range(5):
            p = sums[draw, k] / sums[draw, 5]
            expected = stats.t(4).ppf(p) if isinstance(shape, StudentT) else p
            assert sample[draw, k] == pytest.approx(expected, rel=1e-12)
    assert not any(on_logarithms(shape) for shape in chosen)
