"""Shapley effects beside closed forms: sums of correlated normal inputs, and functions of known partial variances."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest

from simulator.analysis.shapley import shapley_effects
from simulator.errors import InputError

GOLDEN = Path(__file__).parents[1] / "golden" / "sensitivity-analytic" / "expected.csv"


def expected(model: str) -> dict[str, float]:
    with GOLDEN.open(encoding="utf-8") as file:
        return {
            row["input"]: float(row["value"])
            for row in csv.DictReader(file)
            if (row["model"], row["index"]) == (model, "shapley")
        }


def covariance(sd: list[float], correlated: dict[tuple[int, int], float]) -> np.ndarray:
    found = np.diag(np.square(sd))
    for (i, j), rho in correlated.items():
        found[i, j] = found[j, i] = rho * sd[i] * sd[j]
    return found


def left_of_normal(weight: list[float], spread: np.ndarray) -> np.ndarray:
    """Return the variance of a weighted sum that is left when all inputs but those of a subset are known."""
    k = len(weight)
    w = np.array(weight)
    found = np.zeros(2**k)
    for subset in range(1, 2**k):
        own = [i for i in range(k) if subset >> i & 1]
        rest = [i for i in range(k) if not subset >> i & 1]
        inside = spread[np.ix_(own, own)]
        if rest:
            across = spread[np.ix_(own, rest)]
            inside = inside - across @ np.linalg.solve(spread[np.ix_(rest, rest)], across.T)
        found[subset] = w[own] @ inside @ w[own]
    return found


EQUAL = dict.fromkeys(itertools.combinations(range(4), 2), 0.5)
NORMAL = {
    "gauss2_beta1.3,1.5_sd4,2_rho.3": ([1.3, 1.5], covariance([4.0, 2.0], {(0, 1): 0.3})),
    "gauss3_beta1.3,1.5,2.5_sd4,2,3_rho23=.3": ([1.3, 1.5, 2.5], covariance([4.0, 2.0, 3.0], {(1, 2): 0.3})),
    "gauss4_equal_weights_equicorr.5": ([0.25] * 4, covariance([1.0] * 4, EQUAL)),
    "weighted_sum_independent_w=.4,.3,.2,.1_sd=1,2,3,4": ([0.4, 0.3, 0.2, 0.1], covariance([1.0, 2.0, 3.0, 4.0], {})),
}


@pytest.mark.parametrize("model", NORMAL)
def test_sums_of_normal_inputs(model: str) -> None:
    left = left_of_normal(*NORMAL[model])
    closed = expected(model)
    found = shapley_effects(left[:, np.newaxis, np.newaxis] * np.ones((1, 3, 1)), list(closed), ["y"])
    for factor, value in closed.items():
        assert float(found["shapley"].sel(factor=factor, output="y")) == pytest.approx(value, abs=1e-10)
    assert (found["shapley_se"] < 1e-12).all()


def test_ishigami_by_its_partial_variances() -> None:
    a, b = 7.0, 0.1
    v1, v2 = 0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8
    v13 = b**2 * np.pi**8 * (1 / 18 - 1 / 50)
    parts = {1: v1, 2: v2, 5: v13}
    # What is left of a subset is every partial variance that any of its inputs takes part in.
    left = np.array([sum(v for inputs, v in parts.items() if inputs & subset) for subset in range(8)])
    found = shapley_effects(left[:, np.newaxis, np.newaxis] * np.ones((1, 2, 1)), ["x1", "x2", "x3"], ["y"])
    for factor, value in expected("ishigami").items():
        assert float(found["shapley"].sel(factor=factor)[0]) == pytest.approx(value, abs=1e-9)


def test_effects_sum_to_1_and_the_error_is_that_of_the_batches() -> None:
    rng = np.random.default_rng(4)
    true = left_of_normal(*NORMAL["gauss4_equal_weights_equicorr.5"])
    tries = []
    for _ in range(60):
        noisy = true[:, np.newaxis, np.newaxis] * rng.chisquare(40, (1, 24, 2)) / 40
        noisy[1:-1] *= rng.chisquare(40, (14, 24, 2)) / 40
        tries.append(shapley_effects(noisy, list("abcd"), ["y", "z"]))
    seen = np.array([one["shapley"].values for one in tries])
    np.testing.assert_allclose(seen.sum(axis=1), 1.0, atol=1e-12)
    told = np.mean([one["shapley_se"].values for one in tries], axis=0)
    assert (np.abs(np.log(told / seen.std(axis=0, ddof=1))) < np.log(1.5)).all()


def test_what_does_not_vary_has_0() -> None:
    left = np.zeros((4, 2, 2))
    left[:, :, 1] = [[0.0], [1.0], [0.0], [1.0]]
    found = shapley_effects(left, ["x", "y"], ["still", "moves"])
    assert found["constant"].values.tolist() == [True, False]
    assert found["shapley"].values.tolist() == [[0.0, 1.0], [0.0, 0.0]]


def test_variances_of_other_numbers_are_refused() -> None:
    for shape in ((3, 2, 1), (4, 1, 1), (4, 2, 2)):
        with pytest.raises(InputError, match="are not 2\\^2 subsets"):
            shapley_effects(np.zeros(shape), ["x", "y"], ["o"])
