"""The audit of ASEM counts the cells that COINr's own tables show as blank and as treated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import simulator as sim
from simulator.auditing.availability import availability
from simulator.construction.skewness import skew_and_kurtosis

ASEM = Path(__file__).parent.parent / "golden" / "asem"


def test_cells_treated_and_moments_are_those_of_the_tables() -> None:
    imputed, treated = (pd.read_csv(ASEM / f"{name}.csv", index_col=0) for name in ("imputed", "treated"))
    treated = treated.loc[imputed.index, imputed.columns]
    root = {"id": "t", "normalise": "z-score", "children": [{"id": name} for name in imputed.columns]}
    index = sim.build_index({"schema_version": 1, "id": "asem", "treatment": "winsorise", "index": root}, imputed)
    told = availability(index)
    changed = ~np.isclose(imputed.to_numpy(), treated.to_numpy(), rtol=1e-9, atol=0.0)
    assert told["cells_treated"].values.tolist() == changed.sum(axis=0).tolist()
    for (skew, kurtosis), table in ((("skew_before", "kurtosis_before"), imputed), (("skew", "kurtosis"), treated)):
        found = skew_and_kurtosis(np.ascontiguousarray(table.to_numpy().T))
        np.testing.assert_allclose(told[skew].values, found[0], rtol=1e-9)
        np.testing.assert_allclose(told[kurtosis].values, found[1], rtol=1e-9)
