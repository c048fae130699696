from __future__ import annotations

import numpy as np
import pytest
from weighted_tree import ANY, define

from simulator.construction.nominal import nominal_weights
from simulator.construction.weighting import weight_sampler
from simulator.definition import Definition
from simulator.methods import (
    AsDefined,
    DirichletWeights,
    EqualWeights,
    GivenWeights,
    UniformWeights,
    Weighting,
)


@pytest.mark.parametrize("aggregate", ANY)
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (AsDefined(), None),
        (EqualWeights(), None),
        (EqualWeights(over="dimension"), [1 / 4, 1 / 8, 1 / 8, 1 / 2, 0]),
        (GivenWeights(weights={"x": 1, "b": 2}), [1 / 5, 1 / 5, 1 / 10, 1 / 2, 0]),
    ],
)
def test_fixed_weights_are_one_row(aggregate: str, method: Weighting, expected: list[float] | None) -> None:
    sampler = weight_sampler(define(aggregate), method)
    rows = sampler.draw(np.random.default_rng(1), 7)
    assert sampler.fixed
    assert rows.shape == (1, 5)
    assert rows.sum() == pytest.approx(1.0)
    weight = nominal_weights(define(aggregate))
    if isinstance(method, AsDefined):
        assert rows[0] == pytest.approx([weight[name] for name in "abcde"])
    elif expected is None:
        assert rows[0] == pytest.approx([1 / 5] * 5)
    elif aggregate != "sum":
        assert rows[0] == pytest.approx(expected)


RANDOM: list[DirichletWeights | UniformWeights] = [
    DirichletWeights(concentration=1.0),
    DirichletWeights(concentration=0.01),
    DirichletWeights(concentration=50.0, centre="equal"),
    DirichletWeights(concentration=1.0, over="dimension"),
    UniformWeights(percent=20),
    UniformWeights(percent=100, over="dimension"),
]


@pytest.mark.parametrize("aggregate", ANY)
@pytest.mark.parametrize("method", RANDOM, ids=str)
def test_random_weights_are_weights(aggregate: str, method: DirichletWeights | UniformWeights) -> None:
    definition = define(aggregate)
    sampler = weight_sampler(definition, method)
    rows = sampler.draw(np.random.default_rng(2), 500)
    assert not sampler.fixed
    assert rows.shape == (500, 5)
    assert rows.flags.c_contiguous
    assert (rows >= 0.0).all()
    assert rows.sum(axis=1) == pytest.approx(np.ones(500))
    assert len(np.unique(rows[:, 0])) > 100
    assert rows.tolist() == sampler.draw(np.random.default_rng(2), 500).tolist()
    assert rows.tolist() != sampler.draw(np.random.default_rng(3), 500).tolist()
    if getattr(method, "centre", "as-defined") == "as-defined":
        # What weighs nothing by definition weighs nothing in any draw.
        assert (rows[:, 4] == 0.0).all()


@pytest.mark.parametrize("aggregate", ANY)
@pytest.mark.parametrize("method", [method for method in RANDOM if method.over], ids=str)
def test_below_a_level_drawn_over_the_nominal_shares_stay(
    aggregate: str, method: DirichletWeights | UniformWeights
) -> None:
    definition = define(aggregate)
    rows = weight_sampler(definition, method).draw(np.random.default_rng(4), 200)
    weight = nominal_weights(definition)
    shares = [weight[name] / weight["x"] for name in "abc"]
    of_x = rows[:, :3].sum(axis=1, keepdims=True)
    assert rows[:, :3] == pytest.approx(of_x * shares)


def test_uniform_weights_stay_within_their_bounds_before_they_are_divided_by_their_sum() -> None:
    definition = define()
    rows = weight_sampler(definition, UniformWeights(percent=20)).draw(np.random.default_rng(5), 2000)
    nominal = np.array([3 / 8, 3 / 16, 3 / 16, 1 / 4])
    ratio = rows[:, :4] / nominal
    # Dividing by a sum that itself lies within 0.8 to 1.2 widens the bounds to their quotients.
    assert (ratio.max(axis=1) / ratio.min(axis=1)).max() <= 1.2 / 0.8 + 1e-12
    assert (ratio.max(axis=1) / ratio.min(axis=1)).max() > 1.4


def test_concentration_draws_weights_to_their_centre() -> None:
    spread = {}
    for concentration in (1.0, 100.0, 1e6):
        method = DirichletWeights(concentration=concentration)
        rows = weight_sampler(define(), method).draw(np.random.default_rng(6), 2000)
        spread[concentration] = np.abs(rows - [3 / 8, 3 / 16, 3 / 16, 1 / 4, 0]).max()
    assert spread[1.0] > spread[100.0] > spread[1e6]
    assert spread[1e6] < 0.002


def test_a_member_of_weight_zero_may_be_drawn_around_equal_weights() -> None:
    method = DirichletWeights(concentration=20.0, centre="equal", over="dimension")
    document = define().model_dump()
    document["index"]["children"][1]["weight"] = 0.0
    rows = weight_sampler(Definition.model_validate(document), method).draw(np.random.default_rng(7), 50)
    # Below a dimension that weighs nothing there are no nominal shares: its indicators weigh the same.
    assert (rows[:, 3] > 0.0).all()
    assert rows[:, 3] == pytest.approx(rows[:, 4])
