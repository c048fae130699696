"""The benchmark measures the same work on both sides: engine and reference agree in distribution."""

import numpy as np
import pytest

from benchmarks.__main__ import build, engine
from benchmarks.reference import rank_histogram
from benchmarks.registry import CASES, Case


@pytest.mark.parametrize("normalisation", sorted({case.normalisation for case in CASES}))
def test_engine_and_reference_agree(normalisation: str) -> None:
    draws = 4_000
    index = build(Case("small", 12, 8, normalisation, draws))
    own = engine(index, draws) / draws
    reference = rank_histogram(index.matrix["value"].values, normalisation, draws, seed=1) / draws
    assert own.sum(axis=1) == pytest.approx(1.0)
    # Two independent shares of 4,000 draws differ by less than five standard errors of their difference.
    assert np.abs(own - reference).max() < 5 * np.sqrt(2 * 0.25 / draws)
