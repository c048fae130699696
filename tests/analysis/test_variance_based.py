"""Sensitivity indices beside their closed forms, and beside SALib on the same design and outputs."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SALib.analyze import morris
from SALib.analyze import sobol as analyser
from SALib.sample import sobol as sampler
from scipy.special import ndtri

from simulator.analysis.variance_based import Runs, variance_based
from simulator.errors import InputError

Array = np.ndarray
Model = Callable[[Array], Array]

GOLDEN = Path(__file__).parents[1] / "golden" / "sensitivity-analytic" / "expected.csv"


def closed_forms(model: str, index: str) -> dict[str, float]:
    with GOLDEN.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {row["input"]: float(row["value"]) for row in rows if (row["model"], row["index"]) == (model, index)}


def ishigami(u: Array) -> Array:
    x = np.pi * (2.0 * u - 1.0)
    found: Array = np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return found


def sobol_g(u: Array) -> Array:
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])
    found: Array = ((np.abs(4.0 * u - 2.0) + a) / (1.0 + a)).prod(axis=1)
    return found


def weighted_sum(u: Array) -> Array:
    found: Array = ndtri(u) * np.array([1.0, 2.0, 3.0, 4.0]) @ np.array([0.4, 0.3, 0.2, 0.1])
    return found


MODELS: dict[str, tuple[str, Model, int]] = {
    "ishigami": ("ishigami", ishigami, 3),
    "sobol_g": ("sobol_g", sobol_g, 8),
    "weighted sum": ("weighted_sum_independent_w=.4,.3,.2,.1_sd=1,2,3,4", weighted_sum, 4),
}


def design(count: int, base: int, second: bool, seed: int = 1) -> tuple[dict[str, object], Array]:
    problem = {"num_vars": count, "names": [f"x{k + 1}" for k in range(count)], "bounds": [[1e-9, 1.0 - 1e-9]] * count}
    return problem, sampler.sample(problem, base, calc_second_order=second, seed=seed)


def runs_of(y: Array, count: int, second: bool) -> Runs:
    """Return the outputs of SALib's order of runs: A, AB of each factor, BA of each, B."""
    step = 2 * count + 2 if second else count + 2
    rows = y.reshape(-1, step, *y.shape[1:])
    rows = rows[..., np.newaxis] if rows.ndim == 2 else rows
    ab = rows[:, 1 : count + 1].swapaxes(0, 1)
    ba = rows[:, count + 1 : 2 * count + 1].swapaxes(0, 1) if second else None
    return Runs(rows[:, 0], rows[:, -1], ab, ba)


@pytest.mark.parametrize("name", MODELS)
def test_indices_are_within_their_stated_error_of_the_closed_forms(name: str) -> None:
    case, model, count = MODELS[name]
    problem, x = design(count, 4096, True)
    found = variance_based(runs_of(model(x), count, True), problem["names"], ["y"], seed=3).sel(output="y")
    for index, expected in (("first_order", closed_forms(case, "S")), ("total_order", closed_forms(case, "ST"))):
        assert set(expected) == set(found["factor"].values.tolist())
        for factor, value in expected.items():
            own, error = (float(found[index + end].sel(factor=factor)) for end in ("", "_se"))
            assert own == pytest.approx(value, abs=4.0 * error + 1e-12), (index, factor)
            assert error < 0.05
    for pair, value in closed_forms(case, "S2").items():
        own = found["second_order"].sel(factor=pair.split(",")[0], other_factor=pair.split(",")[1])
        assert float(own) == pytest.approx(value, abs=0.03)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("second", [False, True])
def test_indices_and_intervals_are_those_of_salib(name: str, second: bool) -> None:
    _, model, count = MODELS[name]
    problem, x = design(count, 256, second)
    y = model(x)
    theirs = analyser.analyze(problem, y, calc_second_order=second, num_resamples=40, seed=11)
    resamples = np.random.default_rng(11).integers(256, size=(256, 40))
    mine = variance_based(runs_of(y, count, second), problem["names"], ["y"], seed=0, resamples=resamples)
    mine = mine.sel(output="y")
    np.testing.assert_allclose(mine["first_order"], theirs["S1"], rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(mine["total_order"], theirs["ST"], rtol=0.0, atol=1e-12)
    half = 0.5 * (mine["total_order_high"] - mine["total_order_low"])
    np.testing.assert_allclose(half, theirs["ST_conf"], rtol=1e-9, atol=1e-12)
    half = 0.5 * (mine["first_order_high"] - mine["first_order_low"])
    np.testing.assert_allclose(half, theirs["S1_conf"], rtol=1e-9, atol=1e-12)
    assert ("second_order" in mine) == second
    if second:
        np.testing.assert_allclose(mine["second_order"], theirs["S2"], rtol=0.0, atol=1e-12)
        half = 0.5 * (mine["second_order_high"] - mine["second_order_low"])
        np.testing.assert_allclose(half, theirs["S2_conf"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_elementary_effects_of_the_runs_are_those_of_salib(name: str) -> None:
    _, model, count = MODELS[name]
    problem, x = design(count, 256, False)
    runs = runs_of(model(x), count, False)
    mine = variance_based(runs, problem["names"], ["y"], seed=3).sel(output="y")["mu_star"]
    for k in range(count):
        # A radial design is one trajectory of a single step for each factor and base draw.
        steps = np.column_stack([runs.a[:, 0], runs.ab[k, :, 0]]).ravel()
        one = {"num_vars": 1, "names": ["x"], "bounds": [[0.0, 1.0]]}
        theirs = morris.analyze(one, np.tile([[0.0], [1.0]], (256, 1)), steps, num_levels=2, num_resamples=2, seed=1)
        assert float(mine[k]) == pytest.approx(theirs["mu_star"][0], rel=1e-12, abs=1e-12)


def test_elementary_effects_of_a_sum_are_in_its_unit() -> None:
    # Two independent uniform numbers are 1/3 apart on average.
    weight = np.array([30.0, 12.0, 0.0])
    problem, x = design(3, 4096, False)
    found = variance_based(runs_of(1e6 + x @ weight, 3, False), problem["names"], ["y"], seed=3).sel(output="y")
    for k in range(2):
        assert float(found["mu_star"][k]) == pytest.approx(weight[k] / 3.0, abs=4.0 * float(found["mu_star_se"][k]))
        assert 0.0 < float(found["mu_star_se"][k]) < 0.02 * weight[k]
    assert float(found["mu_star"][2]) == 0.0


def test_many_outputs_at_once_are_each_as_alone() -> None:
    problem, x = design(3, 128, True)
    y = np.column_stack([ishigami(x), x.sum(axis=1), np.full(len(x), 7.0), x[:, 0] > 0.5])
    outputs = ["ishigami", "sum", "constant", "step"]
    whole = variance_based(runs_of(y, 3, True), problem["names"], outputs, seed=5, bootstrap=30)
    for column, output in enumerate(outputs):
        alone = variance_based(runs_of(y[:, column], 3, True), problem["names"], [output], seed=5, bootstrap=30)
        for name in alone.data_vars:
            np.testing.assert_allclose(whole.sel(output=[output])[name], alone[name], rtol=0.0, atol=1e-12)


def test_a_constant_output_gives_0_and_says_so() -> None:
    problem, x = design(3, 64, True)
    y = np.column_stack([np.full(len(x), 0.1), ishigami(x)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = variance_based(runs_of(y, 3, True), problem["names"], ["still", "varies"], seed=5)
    assert found["constant"].values.tolist() == [True, False]
    for index in ("first_order", "total_order"):
        for end in ("", "_se", "_low", "_high"):
            assert (found[index + end].sel(output="still") == 0.0).all()
    pairs = found["second_order"].sel(output="still").values[np.triu_indices(3, 1)]
    assert (pairs == 0.0).all()


def test_what_varies_by_rounding_only_is_constant() -> None:
    rng = np.random.default_rng(4)
    rounding = 100.0 + 1e-14 * rng.integers(-2, 3, (64, 1))
    ab = np.stack([rounding[::-1], rounding])
    found = variance_based(Runs(rounding, rounding[::-1], ab), ["x", "y"], ["still"], seed=5)
    assert found["constant"].item()
    assert all((found[name] == 0.0).all() for name in ("first_order", "total_order", "mu_star"))
    # An output that only A with one factor of B moves does vary.
    zero = np.zeros((64, 1))
    moved = variance_based(Runs(zero, zero, np.stack([zero, zero + 1.0])), ["x", "y"], ["y"], seed=5)
    assert not moved["constant"].item()
    np.testing.assert_allclose(moved["mu_star"].values[:, 0], [0.0, 1.0], rtol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), middle=st.floats(-1e6, 1e6))
def test_a_factor_that_changes_nothing_has_exactly_0(seed: int, middle: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(middle, 1.0, (2, 40, 2))
    found = variance_based(Runs(a, b, np.stack([a, b])), ["idle", "everything"], ["y", "z"], seed=seed, bootstrap=10)
    for index in ("first_order", "total_order"):
        for end in ("", "_se", "_low", "_high"):
            assert (found[index + end].sel(factor="idle") == 0.0).all()
    # Swapping everything is another draw: its total order is near 1.
    assert (found["total_order"].sel(factor="everything") > 0.5).all()


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3))
def test_indices_do_not_depend_on_unit_and_origin(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0.0, 1.0, (2, 50, 1))
    ab = np.stack([np.where(rng.random((50, 1)) < share, b, a) for share in (0.3, 0.7)])
    plain = variance_based(Runs(a, b, ab), ["x", "y"], ["o"], seed=1, bootstrap=5)
    other = variance_based(
        Runs(*(shift * scale + scale * part for part in (a, b, ab))), ["x", "y"], ["o"], seed=1, bootstrap=5
    )
    for name in ("first_order", "total_order", "total_order_se"):
        np.testing.assert_allclose(other[name], plain[name], rtol=1e-7, atol=1e-8)


def test_the_same_seed_gives_the_same_intervals() -> None:
    problem, x = design(3, 64, False)
    one, same, other = (
        variance_based(runs_of(ishigami(x), 3, False), problem["names"], ["y"], seed=seed) for seed in (4, 4, 5)
    )
    assert one.identical(same)
    assert not one["total_order_se"].equals(other["total_order_se"])
    assert one["total_order"].equals(other["total_order"])


def test_runs_that_do_not_fit_are_refused() -> None:
    a = np.zeros((4, 2))
    good = Runs(a, a, np.zeros((3, 4, 2)))
    for runs, factors, outputs, message in (
        (Runs(a[:1], a[:1], np.zeros((3, 1, 2))), "xyz", "ab", "1 base draws show no variance"),
        (good, "xy", "ab", "are not those of 2 factors and 2 outputs"),
        (good, "xyz", "abc", "are not those of 3 factors and 3 outputs"),
        (Runs(a, a + np.nan, np.zeros((3, 4, 2))), "xyz", "ab", "an output is not finite"),
    ):
        with pytest.raises(InputError, match=message):
            variance_based(runs, list(factors), list(outputs), seed=1)
    with pytest.raises(InputError, match="1 samples show no spread"):
        variance_based(good, list("xyz"), list("ab"), seed=1, bootstrap=1)
    with pytest.raises(InputError, match=r"1\.5 is no level"):
        variance_based(good, list("xyz"), list("ab"), seed=1, level=1.5)
