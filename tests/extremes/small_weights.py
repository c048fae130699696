"""Small indices whose indicators are taken as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import simulator as sim


def small_index(values: Any, ties: str = "better", weight: Any = (1.0, 1.0, 1.0), **node: Any) -> sim.Index:
    """Return cities (rows) in some indicators, called v0, v1, …, that enter as they are, or as `node` says."""
    columns = [f"v{k}" for k in range(np.shape(values)[1])]
    tree = {
        "id": "total",
        "normalise": "none",
        "aggregate": "arithmetic",
        "children": [{"id": name, "weight": float(one)} for name, one in zip(columns, weight, strict=True)],
        **node,
    }
    definition = {"schema_version": 1, "id": "small", "levels": ["index", "indicator"], "index": tree}
    frame = pd.DataFrame(np.asarray(values, np.float64), columns=columns)
    frame.index = pd.Index([f"c{k}" for k in range(len(frame))])
    return sim.build_index({**definition, "ranking": {"ties": ties}}, frame)
