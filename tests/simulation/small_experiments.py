"""Small indices and the experiments on them that the tests of blocks share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from simulator.definition import Definition
from simulator.index import Index, build_index
from simulator.simulation.blocks import Draws, Experiment, prepare, simulate
from simulator.simulation.pool import Pool
from simulator.simulation.running import Running
from simulator.uncertainty.design import MonteCarlo
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.realisation import bind

Array = NDArray[Any]


def make_index(tree: Mapping[str, Any], values: Array, **fields: Any) -> Index:
    definition = Definition.model_validate({"schema_version": 1, "id": "small", "index": tree, **fields})
    coordinates = {
        "city": [f"city-{k}" for k in range(len(values))],
        "indicator": [leaf.id for leaf in definition.indicators],
    }
    return build_index(definition, xr.Dataset({"value": (("city", "indicator"), values)}, coords=coordinates))


def experiment_of(
    index: Index, factors: Mapping[str, Any], draws: int, seed: int = 1, pairs: bool = False, keep: bool = True
) -> Experiment:
    realisation = bind(index, Factors.model_validate(dict(factors)))
    design = MonteCarlo(realisation.choices, (), draws, seed)
    return prepare(index, realisation, design, seed, index.published_rank().values, pairs, keep)


def kept(experiment: Experiment, workers: int = 1) -> Draws:
    draws = simulate(experiment, Running(Pool(workers)))[1]
    assert draws is not None
    return draws


def tied_values(seed: int, cities: int = 9, leaves: int = 7) -> Array:
    return np.random.default_rng(seed).integers(1, min(cities, 9) + 1, (cities, leaves)).astype(float)
