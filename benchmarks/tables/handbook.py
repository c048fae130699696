"""An index of one's own, large and with gaps, from the table as read to scores and audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

import simulator as sim
from benchmarks.findings import Benchmark, Column, Findings, Row
from benchmarks.measuring import Effort, in_turns, ratios, spread
from benchmarks.registry import HANDBOOK, HANDBOOK_BAR, SEED, HandbookCase

COLUMNS = (
    Column("case", "Case", text=True),
    Column("seconds", "Seconds", ".2f"),
    Column("bar", "Bar"),
    Column("ratio", "In times of pandas", ",.1f"),
)


def measure(effort: Effort) -> Iterator[Findings]:
    """Time imputation, treatment, normalisation, aggregation and audit; a plain chain by pandas stands beside them."""
    case = HandbookCase(effort.of(HANDBOOK.cities, least=30), effort.of(HANDBOOK.indicators, least=4), HANDBOOK.gaps)
    table, groups = _table(case)
    matrix = _matrix(table, groups)
    definition = _definition(case)
    index = sim.build_index(definition, matrix)
    works: dict[str, Callable[[], Any]] = {
        "pandas: fill, winsorise, scale, mean": partial(_by_pandas, table, groups),
        "fill, winsorise, scale, mean, rank": lambda: sim.build_index(definition, matrix).score(),
        "audit": partial(sim.audit, index),
        "all of it": lambda: sim.audit(sim.build_index(definition, matrix)),
    }
    works["all of it"]()
    measured = in_turns(works, effort.repeats)
    reference = measured[next(iter(works))]
    bars = {"all of it": HANDBOOK_BAR}
    rows: list[Row] = [
        {"case": name, "seconds": spread(times), "bar": bars.get(name), "ratio": ratios(times, reference)}
        for name, times in measured.items()
    ]
    title = f"{case.cities:,} cities × {case.indicators} indicators, {100 * case.gaps:g} % of the cells blank"
    yield Findings(title, COLUMNS, tuple(rows))


def _table(case: HandbookCase) -> tuple[pd.DataFrame, pd.Series]:
    generator = np.random.default_rng(SEED)
    values = generator.lognormal(size=(case.cities, case.indicators))
    values[generator.random(values.shape) < case.gaps] = np.nan
    cities = [f"city-{number}" for number in range(case.cities)]
    table = pd.DataFrame(values, index=cities, columns=[f"v{number}" for number in range(case.indicators)])
    return table, pd.Series([f"province-{number % 10}" for number in range(case.cities)], index=cities)


def _matrix(table: pd.DataFrame, groups: pd.Series) -> Any:
    import xarray as xr

    values = xr.DataArray(table.to_numpy(), dims=("city", "indicator"))
    labels = {"city": list(table.index), "indicator": list(table.columns), "province": ("city", groups.to_numpy(str))}
    return values.to_dataset(name="value").assign_coords(labels)


def _definition(case: HandbookCase) -> dict[str, Any]:
    number = max(1, case.indicators // 20)
    parts = [
        {
            "id": f"part-{part}",
            "normalise": "min-max",
            "aggregate": "arithmetic",
            "children": [{"id": f"v{leaf}"} for leaf in range(part, case.indicators, number)],
        }
        for part in range(number)
    ]
    return {
        "schema_version": 1,
        "id": "large",
        "imputation": {"method": "group-mean", "by": "province"},
        "treatment": "winsorise",
        "index": {"id": "total", "aggregate": "arithmetic", "children": parts},
    }


def _by_pandas(table: pd.DataFrame, groups: pd.Series) -> pd.Series:
    """Return ranks by the chain as one writes it by hand: fill by group means, winsorise, scale, take the mean."""
    filled = table.fillna(table.groupby(groups).transform("mean"))
    for name in filled.columns:
        column = filled[name].copy()
        for _ in range(5):
            if not (abs(column.skew()) >= 2.0 and column.kurt() >= 3.5):
                break
            column[column.idxmax()] = column.drop(column.idxmax()).max()
        filled[name] = column
    scaled = (filled - filled.min()) / (filled.max() - filled.min())
    return scaled.mean(axis=1).rank(ascending=False)


BENCHMARKS = (Benchmark("handbook", "a large table with gaps, from reading to scores and audit", measure),)
