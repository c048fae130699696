"""The engine's side of every comparison, by calls that others use too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import simulator as sim
from benchmarks.registry import SEED, STRESS_TEST
from simulator import names
from simulator.construction.composite import Scorer
from simulator.index import Index
from simulator.simulation.blocks import prepare, simulate
from simulator.uncertainty.design import MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import bind
from simulator.uncertainty.value_draws import ValueField

FACTORS = {"data-error": {"size": 0.05, "unit": "relative"}, "weights": {"method": "dirichlet", "concentration": 1}}


def rank_histogram(index: Index, draws: int) -> NDArray[np.int64]:
    """Return counts (city, rank) of a case, on one core, from the factors on; baseline is the order of the cities."""
    realisation = bind(index, Factors.model_validate(FACTORS))
    design = MonteCarlo(realisation.choices, (), draws, SEED)
    baseline = np.arange(1, len(index.cities) + 1)
    return simulate(prepare(index, realisation, design, SEED, baseline, False, False))[0].counts


def run_stress_test(draws: int, workers: int, index: Index | None = None) -> None:
    """Run the default stress test as shipped, from its file to its result; of an `index` already read, if given."""
    sim.run(STRESS_TEST, draws=draws, workers=workers, index=index)


def what_if(scorer: Scorer, city: str, indicator: str, value: float) -> tuple[float, int]:
    """Return total and rank of a city where one of its values is another one."""
    scored = scorer.score({city: {indicator: value}})
    return float(scored[names.TOTAL].sel(city=city)), int(scored[names.RANK].sel(city=city))


def value_field(index: Index) -> ValueField:
    """Return what draws values of three shapes behind the points of an index of which nothing is known."""
    shapes = {"signed": ["normal", "lognormal", "uniform"], "raw": "ignore"}
    return bind(index, Factors.model_validate({"values": shapes})).behind[0]


def fill(field: ValueField, values: NDArray[np.float64]) -> None:
    """Draw values behind points into `values` (draw, variable, city)."""
    field.open(SEED, 0, len(values)).fill(values, 0)
