"""PAWN indices beside SALib's, SciPy's two-sample test and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SALib.analyze import pawn as salib
from scipy.stats import ks_2samp

from simulator.analysis.pawn import Sliced, by_size, pawn
from simulator.errors import InputError


def everywhere(draws: int) -> np.ndarray:
    return np.ones(draws, bool)


def test_equals_salib_on_the_same_slices() -> None:
    rng = np.random.default_rng(3)
    x = rng.random((3000, 3))
    y = np.sin(6.0 * x[:, 0]) + 0.5 * x[:, 1] ** 2
    theirs = salib.analyze({"num_vars": 3, "names": ["a", "b", "c"]}, x, y, S=7)
    inputs = []
    for k, name in enumerate("abc"):
        # SALib leaves the largest value out of the last slice.
        edges = np.nanquantile(x[:, k], np.arange(0, 1 + 1 / 7, 1 / 7))
        of_draw = np.searchsorted(edges, x[:, k], side="right") - 1
        of_draw[x[:, k].argmax()] = -1
        inputs.append(Sliced(name, tuple("1234567"), of_draw, everywhere(3000)))
    mine = pawn(y[:, np.newaxis], inputs, ["y"], seed=1)
    np.testing.assert_allclose(mine["pawn_median"].values[:, 0], theirs["median"], atol=1e-12)
    np.testing.assert_allclose(mine["pawn_largest"].values[:, 0], theirs["maximum"], atol=1e-12)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 2)), min_size=60, max_size=120),
    st.lists(st.booleans(), min_size=120, max_size=120),
)
def test_equals_the_two_sample_statistic_with_ties(drawn: list[tuple[int, int]], among: list[bool]) -> None:
    drawn += [(0, slice_) for slice_ in (0, 1, 2) for _ in range(10)]
    taking_part = np.array([*among[: len(drawn) - 30], *[True] * 30] if len(drawn) <= 150 else [True] * len(drawn))
    y, of_draw = np.array(drawn, float).T
    found = pawn(y[:, np.newaxis], [Sliced("x", ("a", "b", "c"), of_draw.astype(int), taking_part)], ["y"], seed=1)
    for number in range(3):
        inside = y[taking_part & (of_draw == number)]
        expected = ks_2samp(inside, y[taking_part]).statistic
        assert float(found["ks"][number, 0]) == pytest.approx(expected, abs=1e-12)


def test_a_choice_that_moves_the_output_by_half_its_range() -> None:
    # y is uniform on (0, 1), on (0.5, 1.5) under the other alternative: F of all is nearest to 1/4 apart from each.
    draws = 40_000
    rng = np.random.default_rng(8)
    taken = np.arange(draws) % 2
    outputs = np.column_stack([rng.random(draws) + 0.5 * taken, rng.random(draws)])
    inputs = [Sliced("choice", ("low", "high"), taken, everywhere(draws))]
    found = pawn(outputs, inputs, ["moved", "left"], seed=4)
    error = found["pawn_median_se"].sel(factor="choice", output="moved").item()
    assert abs(found["pawn_median"].sel(factor="choice", output="moved").item() - 0.25) < 5.0 * error
    assert error < 0.005
    # What does nothing is as far off as what is taken by chance.
    assert found["pawn_median"].sel(factor="choice", output="left").item() < 0.01
    assert found["pawn_dummy"].max() < 0.01


def test_the_standard_error_is_the_spread_over_samples() -> None:
    told, errors = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = rng.random(600)
        found = pawn((x + 0.5 * rng.random(600))[:, np.newaxis], [by_size("x", x, everywhere(600), 3)], ["y"], seed=1)
        told.append(found["ks"].values[:, 0])
        errors.append(found["ks_se"].values[:, 0])
    error, spread = np.mean(errors, axis=0), np.std(told, axis=0, ddof=1)
    np.testing.assert_allclose(error[[0, 2]], spread[[0, 2]], rtol=0.25)
    # The middle slice is as far off on either side: the larger of two varies less than each.
    assert spread[1] < error[1]


def test_a_constant_output_has_none() -> None:
    x = np.linspace(0.0, 1.0, 100)
    found = pawn(np.ones((100, 1)), [by_size("x", x, everywhere(100), 4)], ["y"], seed=1)
    assert found["constant"].all()
    assert (found["ks"] == 0.0).all()
    assert found["pawn_dummy"].item() == 0.0


def test_faults_are_told_at_once() -> None:
    outputs = np.array([[1.0], [np.nan], [3.0]])
    inputs = [Sliced("x", ("a", "b"), np.array([0, 0, 0]), everywhere(3))]
    with pytest.raises(InputError) as told:
        pawn(outputs, inputs, ["y", "z"], seed=1)
    problems = [fault.problem for fault in told.value.faults]
    assert problems == [
        "1 columns have 2 names",
        "an output is not finite",
        "x is b in 0 draws only, fewer than 10",
    ]
