"""The benchmark measures the same work on both sides: engine and reference agree in distribution."""

import numpy as np
import pytest

from benchmarks.__main__ import build, build_points, engine, fill
from benchmarks.reference import rank_histogram, sorted_values
from benchmarks.registry import CASES, Case, ValuesCase
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import bind


@pytest.mark.parametrize("normalisation", sorted({case.normalisation for case in CASES}))
def test_engine_and_reference_agree(normalisation: str) -> None:
    draws = 4_000
    index = build(Case("small", 12, 8, normalisation, draws))
    own = engine(index, draws) / draws
    reference = rank_histogram(index.matrix["value"].values, normalisation, draws, seed=1) / draws
    assert own.sum(axis=1) == pytest.approx(1.0)
    # Two independent shares of 4,000 draws differ by less than five standard errors of their difference.
    assert np.abs(own - reference).max() < 5 * np.sqrt(2 * 0.25 / draws)


def test_values_behind_points_have_the_order_of_the_points_on_both_sides() -> None:
    index = build_points(ValuesCase(12, 3, 50))
    points = index.matrix["value"].values
    values = np.empty((50, 3, 12))
    fill(bind(index, Factors.model_validate({"values": {"raw": "ignore"}})).behind[0], values)
    places = np.argsort(np.argsort(points.T, axis=1), axis=1)
    for drawn in (values, sorted_values(points, 50, seed=1)):
        assert (np.argsort(np.argsort(drawn, axis=2), axis=2) == places).all()
