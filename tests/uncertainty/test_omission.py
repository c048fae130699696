from __future__ import annotations

from collections import Counter
from math import comb
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.definition import Definition
from simulator.uncertainty.factors import LeaveOut
from simulator.uncertainty.omission import NOTHING, Omission, omission
from simulator.uncertainty.streams import stream

DRAWS = 20_000
CITIES = ["hefei", "suzhou", "harbin", "wuxi"]


@pytest.fixture(scope="module")
def definition() -> Definition:
    """Return an index of four indicators at three depths."""
    scale = {"id": "scale", "children": [{"id": "gdp"}, {"id": "growth"}]}
    economy = {"id": "economy", "children": [scale, {"id": "debt"}]}
    tree = {"id": "total", "children": [economy, {"id": "trade-balance"}]}
    levels = ("index", "dimension", "variable", "indicator")
    return Definition.model_validate({"schema_version": 1, "id": "small", "levels": levels, "index": tree})


def made(definition: Definition, **written: Any) -> Omission:
    among = written.pop("among", None)
    return omission(LeaveOut(**written), definition, CITIES, among)


def left_out(kept: NDArray[np.bool_], names: list[str]) -> Counter[str]:
    return Counter(" ".join(name for name, stays in zip(names, row, strict=True) if not stays) for row in kept)


def assert_share(count: int, share: float) -> None:
    assert abs(count / DRAWS - share) <= 4.5 * (share * (1 - share) / DRAWS) ** 0.5


@pytest.mark.parametrize(
    ("level", "masks"),
    [
        ("dimension", [[1, 1, 1, 0], [0, 0, 0, 1]]),
        ("variable", [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        ("indicator", np.eye(4).tolist()),
        ("city", np.eye(4).tolist()),
    ],
)
def test_a_member_takes_all_below_it_with_it(definition: Definition, level: str, masks: list[list[int]]) -> None:
    one = made(definition, level=level)
    np.testing.assert_array_equal(one.masks, np.array(masks, bool))
    assert (one.name, one.of_cities) == (f"leave-out {level}", level == "city")


def test_every_member_is_equally_likely_and_nothing_as_asked(definition: Definition) -> None:
    always, half = (made(definition, level="indicator", probability=p).choice for p in (1.0, 0.2))
    assert always is not None
    assert half is not None
    assert always.probabilities == (0.25,) * 4
    assert always.labels == ("gdp", "growth", "debt", "trade-balance")
    assert half.labels == (NOTHING, *always.labels)
    np.testing.assert_allclose(half.probabilities, [0.8, *[0.05] * 4])


def test_the_alternative_taken_is_what_is_left_out(definition: Definition) -> None:
    leaves = [leaf.id for leaf in definition.indicators]
    for probability, first in ((1.0, ["gdp"]), (0.5, [NOTHING, "gdp"])):
        one = made(definition, level="indicator", probability=probability)
        assert one.choice is not None
        kept = one.kept_by_choice(np.arange(len(one.choice.labels)))
        gone = [leaf for row in kept for leaf in [*np.array(leaves)[~row], *([NOTHING] if row.all() else [])]]
        assert gone == list(one.choice.labels)
        assert gone[: len(first)] == first


def test_several_together_are_each_set_equally_often(definition: Definition) -> None:
    one = made(definition, level="city", count=2, probability=0.6)
    assert one.choice is None
    sets = left_out(one.kept_by_chance(stream(1, 0, one.name), DRAWS), CITIES)
    assert_share(sets.pop(""), 0.4)
    assert len(sets) == comb(4, 2)
    for count in sets.values():
        assert_share(count, 0.6 / comb(4, 2))


def test_only_those_named_may_be_left_out(definition: Definition) -> None:
    one = made(definition, level="city", count=2, among=["hefei", "wuxi", "harbin"])
    sets = left_out(one.kept_by_chance(stream(1, 0, one.name), DRAWS), CITIES)
    assert set(sets) == {"hefei harbin", "hefei wuxi", "harbin wuxi"}
    for count in sets.values():
        assert_share(count, 1 / 3)


def test_all_of_those_named_may_be_left_out_together(definition: Definition) -> None:
    one = made(definition, level="city", count=2, among=["hefei", "wuxi"])
    assert left_out(one.kept_by_chance(stream(1, 0, "x"), 50), CITIES) == {"hefei wuxi": 50}
