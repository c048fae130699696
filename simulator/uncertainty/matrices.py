"""Possible raw matrices: the values behind printed points, drawn and labelled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from simulator import names
from simulator.documents import Document, spell
from simulator.errors import Fault, InputError
from simulator.index import Index
from simulator.provenance import software_versions
from simulator.uncertainty.factors import Factors, ValuesBehind
from simulator.uncertainty.feasibility import value_problems
from simulator.uncertainty.realisation import points_of
from simulator.uncertainty.value_draws import ValueField, value_field
from simulator.validation import check

LARGEST = 4 * 2**30
"""Bytes of values drawn at a time that a machine is trusted to hold."""


def draw_matrices(
    index: Index, draws: int, seed: int, values: ValuesBehind | Mapping[str, Any] | None = None
) -> xr.Dataset:
    """Return raw values that agree with the printed points of an index: every draw is one possible raw matrix.

    Parameters
    ----------
    index
        An index of printed points.
    draws, seed
        How many, and from which random numbers: the same as a study of that seed draws in its first block.
    values
        As the factor `values` of a scenario: which indicators, which shapes, and whether to use the raw side.

    Returns
    -------
    xr.Dataset
        `value` (draw, city, indicator), in the unit and direction of the raw side where it is known, otherwise of no
        unit and higher is better; with coordinates `scale` (`positive` or `signed`), `direction`, `unit`, and `known`
        (city, indicator), whether a city's own value is known. Seed, factor, data hashes and versions are attributes.

    Raises
    ------
    InputError
        Where the index has no printed points, or `values` does not fit it; for more draws than 4 GiB hold.

    Examples
    --------
    >>> import simulator as sim
    >>> drawn = draw_matrices(sim.load_index("opportunity-2025"), draws=10, seed=1)
    >>> dict(drawn["value"].sizes)
    {'draw': 10, 'city': 60, 'indicator': 50}
    """
    spec = values if isinstance(values, ValuesBehind) else check(Document("values", dict(values or {})), ValuesBehind)
    problems = value_problems(Factors(values=(spec,)), index, ())
    faults = [Fault(spell(where), what, remedy) for where, what, remedy in problems]
    most = LARGEST // (8 * len(index.cities) * len(index.definition.indicators))
    if draws < 1:
        faults.append(Fault("draws", f"{draws} is no number of draws", "Give 1 or more."))
    if draws > most:
        remedy = f"Give {most:,} at most; a study draws any number."
        faults.append(Fault("draws", f"{draws:,} matrices do not fit into memory", remedy))
    if not 0 <= seed < 2**63:
        faults.append(Fault("seed", f"{seed} is no seed", "Give 0 or more, below 2 to the power of 63."))
    if faults:
        raise InputError("values", faults)
    field = value_field(spec, "values 0", index, points_of(index, spec.indicators))
    return describe_field(field, index, draws, seed).assign_attrs(
        title=f"raw values that agree with the printed points of {index.definition.id}",
        index=index.definition.id,
        seed=seed,
        values=spec.model_dump_json(),
        input_sha256=json.dumps(dict(index.hashes)),
        versions=json.dumps(software_versions()),
    )


def describe_field(field: ValueField, index: Index, draws: int, seed: int) -> xr.Dataset:
    """Return draws of a factor as a Dataset, turned back to the direction of the raw side."""
    leaves = [column.leaf for column in field.columns]
    everything = np.zeros((draws, len(index.definition.indicators), len(index.cities)))
    field.open(seed, 0, draws).fill(everything, 0)
    sign = np.array([column.sign for column in field.columns])
    drawn = everything[:, leaves] * sign[:, np.newaxis]
    told = {"long_name": "raw value behind the printed points, in the unit and direction of its indicator"}
    return xr.Dataset(
        {names.VALUE: ((names.DRAW, names.CITY, names.INDICATOR), drawn.transpose(0, 2, 1), told)},
        coords={
            names.CITY: index.cities,
            names.INDICATOR: [index.definition.indicators[leaf].id for leaf in leaves],
            names.SCALE: (names.INDICATOR, [column.scale for column in field.columns]),
            names.UNIT: (names.INDICATOR, [column.unit for column in field.columns]),
            names.DIRECTION: (names.INDICATOR, ["lower" if one < 0.0 else "higher" for one in sign]),
            names.KNOWN: (
                (names.CITY, names.INDICATOR),
                np.array([column.pins.known for column in field.columns]).T,
            ),
        },
    )
