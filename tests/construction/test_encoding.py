from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from simulator.construction.encoding import (
    AGGREGATION_CODES,
    DIRECTION_CODES,
    TIE_CODES,
    encode,
    encode_ranking,
    leaf_values,
)
from simulator.construction.recipe import with_aggregation, with_normalisation
from simulator.definition import Definition
from simulator.kernels import normalisation, ranking
from simulator.methods import GeometricMean, Ranking, ZScore, catalogue


@pytest.fixture
def document() -> dict[str, Any]:
    return {
        "schema_version": 1,
        "id": "t",
        "index": {
            "id": "total",
            "normalise": {"method": "rank", "ties": "mean"},
            "aggregate": "arithmetic",
            "children": [
                {
                    "id": "x",
                    "weight": 3,
                    "normalise": {"method": "min-max", "goalposts": "given", "capped": True, "to": [1, 9]},
                    "children": [
                        {"id": "a", "goalposts": [2, 5]},
                        {"id": "b", "weight": 0.5, "direction": "lower", "goalposts": [2, 5]},
                        {"id": "c", "direction": "target", "target": 4, "goalposts": [2, 5]},
                    ],
                },
                {"id": "d", "direction": "lower"},
            ],
        },
    }


def no_points() -> xr.DataArray:
    return xr.DataArray(np.empty((2, 0)), dims=("city", "slot"), coords={"city": ["p", "q"], "slot": []})


def test_the_tree_as_slots(document: dict[str, Any]) -> None:
    definition = Definition.model_validate(document)
    plan = encode([definition], no_points())
    assert definition.slots == ("a", "b", "c", "d", "x", "total")
    assert plan.child_start.tolist() == [0, 3, 5]
    assert plan.child.tolist() == [0, 1, 2, 4, 3]
    assert plan.direction.tolist() == [1, -1, 0, -1]
    assert plan.target.tolist() == [0, 0, 4, 0]
    assert plan.weight.tolist() == [1, 0.5, 1, 1, 3, 1]
    # The sum x of 1, 0.5 and 1 has the scale 2.5; it is ranked, and so enters the mean like an indicator.
    assert plan.scale.tolist() == [[2.5, 2.5, 2.5, 1, 1, 1]]
    document["index"]["normalise"] = "none"
    plan = encode([Definition.model_validate(document)], no_points())
    # As it is, it enters the mean with its scale: by 3/4 of 2.5, and the indicator d by 1/4 of 1.
    assert plan.scale.tolist() == [[2.5, 2.5, 2.5, 2.125, 2.125 / 2.5, 1]]


def test_a_slot_is_normalised_as_its_parent_says(document: dict[str, Any]) -> None:
    plan = encode([Definition.model_validate(document)], no_points())
    min_max, rank, none = normalisation.MIN_MAX, normalisation.RANK, normalisation.NONE
    assert plan.normalisation.tolist() == [[min_max, min_max, min_max, rank, rank, none]]
    # Goalposts are turned as the values are; the farther one of c is 2 away from its target.
    assert plan.parameters[0, :3].tolist() == [[1, 2, 5, 1, 9, 1], [1, -5, -2, 1, 9, 1], [1, -2, 0, 1, 9, 1]]
    assert plan.parameters[0, 3].tolist() == [ranking.MEAN, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("method", "row"),
    [
        ({"method": "none"}, [0, 0, 0]),
        ({"method": "rank", "ties": "as-published"}, [ranking.AS_PUBLISHED, 0, 0]),
        ({"method": "percentile-rank", "ties": "no-gaps"}, [ranking.NO_GAPS, 0, 0]),
        ({"method": "z-score"}, [1, 0, 1]),
        ({"method": "z-score", "divisor": "n", "mean": 50, "sd": 10}, [0, 50, 10]),
        ({"method": "distance-to-best"}, [0, 0, 0]),
        ({"method": "distance-to-target"}, [7, 0, 0]),
        ({"method": "distance-to-target", "capped": True}, [7, 1, 0]),
    ],
)
@pytest.mark.parametrize(("direction", "sign"), [("higher", 1), ("lower", -1), ("target", 0)])
def test_parameters_of_methods(method: dict[str, Any], row: list[float], direction: str, sign: int) -> None:
    index = {"id": "t", "normalise": method, "children": [{"id": "a", "direction": direction, "target": 7}]}
    document = {"schema_version": 1, "id": "t", "levels": ["index", "indicator"], "index": index}
    plan = encode([Definition.model_validate(document)], no_points())
    expected = [sign * row[0], *row[1:]] if method["method"] == "distance-to-target" else row
    assert plan.parameters[0, 0, :3].tolist() == expected
    assert not plan.parameters[0, 0, 3:].any()


def test_every_method_of_the_catalogue_has_a_code() -> None:
    codes = set()
    for name, method in catalogue()["normalisation"].items():
        options = {"ties": "mean"} if "ties" in method.model_fields else {}
        options |= {"city": "p"} if "city" in method.model_fields else {}
        index = {
            "id": "t",
            "normalise": {"method": name, **options},
            "children": [{"id": "a", "direction": "higher", "target": 1}],
        }
        document = {"schema_version": 1, "id": "t", "levels": ["index", "indicator"], "index": index}
        codes.add(int(encode([Definition.model_validate(document)], no_points()).normalisation[0, 0]))
    assert len(codes) == len(catalogue()["normalisation"]) == 9
    assert set(catalogue()["aggregation"]) == set(AGGREGATION_CODES)
    for table in (AGGREGATION_CODES, TIE_CODES, DIRECTION_CODES):
        assert len(set(table.values())) == len(table)


def test_variants_stand_one_after_the_other(document: dict[str, Any]) -> None:
    definition = Definition.model_validate(document)
    changed = with_aggregation(with_normalisation(definition, ZScore(mean=50)), "index", GeometricMean())
    plan = encode([definition, changed], no_points())
    single = encode([changed], no_points())
    for name in ("normalisation", "parameters", "aggregation", "scale"):
        assert getattr(plan, name).shape[0] == 2
        assert getattr(plan, name)[1].tolist() == getattr(single, name)[0].tolist()
        assert getattr(plan, name)[0].tolist() == getattr(encode([definition], no_points()), name)[0].tolist()
    assert plan.normalisation[1].tolist() == [normalisation.Z_SCORE] * 5 + [normalisation.NONE]
    assert plan.aggregation.tolist() == [
        [AGGREGATION_CODES["sum"], AGGREGATION_CODES["arithmetic"]],
        [AGGREGATION_CODES["sum"], AGGREGATION_CODES["geometric"]],
    ]


def test_printed_points_stand_best_first_with_their_cities(document: dict[str, Any]) -> None:
    printed = xr.DataArray(
        [[5.0, 1.0], [9.0, 1.0], [5.0, 3.0], [7.0, 1.0]],
        dims=("city", "slot"),
        coords={"city": list("pqrs"), "slot": ["x", "b"]},
    )
    plan = encode([Definition.model_validate(document)], printed)
    assert plan.printed[4].tolist() == [9, 7, 5, 5]
    assert plan.printed_city[4].tolist() == [1, 3, 0, 2]
    assert plan.printed[1].tolist() == [3, 1, 1, 1]
    assert plan.printed_city[1].tolist() == [2, 0, 1, 3]
    assert not plan.printed[[0, 2, 3, 5]].any()


def test_ranking_rules() -> None:
    assert encode_ranking(Ranking()) == (ranking.BETTER, 1e-9, -1)
    assert encode_ranking(Ranking(ties="worse", tolerance=0.0, decimals=0)) == (ranking.WORSE, 0.0, 0)
    assert encode_ranking(Ranking(ties="no-gaps", decimals=3)) == (ranking.NO_GAPS, 1e-9, 3)


def test_values_of_a_table_that_is_read_only_are_taken_as_those_of_any_other(document: dict[str, Any]) -> None:
    """Functions are compiled for one kind of array; those of a table of pandas may be read-only."""
    held = np.arange(8.0).reshape(2, 4)
    held.flags.writeable = False
    axes = {"city": ["x", "y"], "indicator": ["a", "b", "c", "d"]}
    matrix = xr.Dataset({"value": (("city", "indicator"), held)}, coords=axes)
    for given in (matrix, matrix.transpose()):
        values = leaf_values(Definition.model_validate(document), given)
        assert values.tolist() == held.T.tolist()
        assert values.flags.writeable
        assert values.flags.c_contiguous
