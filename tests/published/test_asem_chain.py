"""The ASEM index from COINr's two tables to totals, by our converter and the steps of the handbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simulator as sim

GOLDEN = Path(__file__).parent.parent / "golden" / "asem"
FILLED = {"imputation": {"method": "group-mean", "by": "EurAsia_group"}, "treatment": "winsorise"}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> sim.Index:
    folder = tmp_path_factory.mktemp("asem") / "index"
    sim.read_coinr(GOLDEN / "iData.csv", GOLDEN / "iMeta.csv").write(folder)
    return sim.load_index(folder / "definition.yaml")


@pytest.mark.parametrize(
    ("recipe", "table"),
    [
        (FILLED, "minmax_0_100__amean"),
        ({**FILLED, "normalisation": "z-score"}, "zscore_0_1__amean"),
        ({"denominators": "none"}, "raw_minmax_0_100__amean"),
        (
            {
                **FILLED,
                "normalisation": {"method": "min-max", "to": [1, 100]},
                "aggregation": dict.fromkeys(("index", "sub-index", "dimension"), "geometric"),
            },
            "minmax_1_100__gmean",
        ),
    ],
)
def test_totals_and_ranks_are_those_of_coinr(index: sim.Index, recipe: dict[str, Any], table: str) -> None:
    scored = index.score(recipe)
    expected = pd.read_csv(GOLDEN / f"aggregated_{table}.csv", index_col="uCode")["Index"]
    total = scored["total"].to_series()
    np.testing.assert_allclose(total, expected[total.index], rtol=0.0, atol=1e-9)
    ranks = expected.round(9).rank(ascending=False, method="min").astype(int)
    assert (scored["rank"].to_series() == ranks[total.index]).all()
