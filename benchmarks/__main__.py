"""`python -m benchmarks`: draws per second of the engine on one core, as a ratio to the reference in the same run."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.table import Table

from benchmarks.reference import rank_histogram, sorted_values
from benchmarks.registry import CASES, VALUES_CASES, Case, ValuesCase
from simulator.definition import Definition
from simulator.index import Index, build_index
from simulator.report.screen import plain_table
from simulator.simulation.blocks import prepare, simulate
from simulator.uncertainty.design import MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import bind
from simulator.uncertainty.values import ValueField

SEED = 2025
FACTORS = {"data-error": {"size": 0.05, "unit": "relative"}, "weights": {"method": "dirichlet", "concentration": 1}}


def build(case: Case) -> Index:
    """Return an index of lognormal values with one level of indicators."""
    values = np.random.default_rng(SEED).lognormal(0.0, 0.5, (case.cities, case.indicators))
    normalise = {"method": "rank", "ties": "better"} if case.normalisation == "rank" else case.normalisation
    children = [{"id": f"i{number}"} for number in range(case.indicators)]
    root = {"id": "total", "normalise": normalise, "aggregate": "arithmetic", "children": children}
    definition = Definition.model_validate(
        {"schema_version": 1, "id": "random", "levels": ["index", "indicator"], "index": root}
    )
    cities = [f"c{number}" for number in range(case.cities)]
    coordinates = {"city": cities, "indicator": [leaf.id for leaf in definition.indicators]}
    return build_index(definition, xr.Dataset({"value": (("city", "indicator"), values)}, coords=coordinates))


def engine(index: Index, draws: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return counts (city, rank) by the engine, on one core."""
    realisation = bind(index, Factors.model_validate(FACTORS))
    design = MonteCarlo(realisation.choices, (), draws, SEED)
    experiment = prepare(index, realisation, design, SEED, index.published_rank().values, False, False)
    return simulate(experiment)[0].counts


def build_points(case: ValuesCase) -> Index:
    """Return an index of points by rank, without ties."""
    generator = np.random.default_rng(SEED)
    points = np.column_stack([generator.permutation(case.cities) + 1.0 for _ in range(case.variables)])
    children = [{"id": f"i{number}", "unit": "points"} for number in range(case.variables)]
    tree = {"id": "total", "normalise": {"method": "rank", "ties": "better"}, "children": children}
    document = {"schema_version": 1, "id": "points", "levels": ["index", "indicator"], "index": tree}
    cities = [f"c{number}" for number in range(case.cities)]
    return build_index(document, pd.DataFrame(points, index=cities, columns=[child["id"] for child in children]))


def fill(field: ValueField, values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    """Draw values behind points into `values` (draw, variable, city)."""
    field.open(SEED, 0, len(values)).fill(values, 0)


def values_table(repeats: int, share: float) -> Table:
    """Return the time of values behind points by number of cities, against sorted samples of three shapes."""
    shapes = {"signed": ["normal", "lognormal", "uniform"], "raw": "ignore"}
    table = plain_table("Values behind points", "ns a cell", "Sorting", "Ratio (lowest to highest)", right=[1, 2, 3])
    for case in VALUES_CASES:
        draws = max(2, int(case.draws * share))
        index = build_points(case)
        points = index.matrix["value"].values
        field = bind(index, Factors.model_validate({"values": shapes})).behind[0]
        values = np.empty((draws, case.variables, case.cities))
        engine_draws = partial(fill, field, values)
        reference_draws = partial(sorted_values, points, draws, SEED)
        engine_draws()
        pairs = [(seconds(engine_draws), seconds(reference_draws)) for _ in range(repeats)]
        own, theirs = (float(np.median(times)) / values.size * 1e9 for times in zip(*pairs, strict=True))
        ratios = sorted(other / mine for mine, other in pairs)
        spread = f"{np.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        table.add_row(f"{case.cities} cities × {case.variables}", f"{own:.0f}", f"{theirs:.0f}", spread)
    return table


def seconds(work: Callable[[], object]) -> float:
    """Return how long one call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Time every case against the reference, in turns, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each side")
    parser.add_argument("--share", type=float, default=1.0, help="share of the draws of each case, for a smoke run")
    options = parser.parse_args()
    table = plain_table("Case", "Draws a second", "Reference", "Ratio (lowest to highest)", right=[1, 2, 3])
    for case in CASES:
        draws = max(100, int(case.draws * options.share))
        index = build(case)
        values = index.matrix["value"].values
        engine(index, 100)
        own, reference = [], []
        for _ in range(options.repeats):
            own.append(seconds(lambda index=index, draws=draws: engine(index, draws)))
            reference.append(
                seconds(
                    lambda values=values, case=case, draws=draws: rank_histogram(
                        values, case.normalisation, draws, SEED
                    )
                )
            )
        ratios = sorted(theirs / mine for mine, theirs in zip(own, reference, strict=True))
        spread = f"{np.median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        table.add_row(case.name, f"{draws / np.median(own):,.0f}", f"{draws / np.median(reference):,.0f}", spread)
    Console(width=100).print(table)
    Console(width=100).print(values_table(options.repeats, options.share))


if __name__ == "__main__":
    main()
