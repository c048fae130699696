"""What-ifs of answers: whole steps on their scale, and no per cent."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import simulator as sim

TREE = {
    "id": "total",
    "normalise": {"method": "min-max", "to": [0, 100]},
    "aggregate": "arithmetic",
    "children": [{"id": "buses", "answers": ["none", "some", "daily"]}, {"id": "income"}],
}


def asked(**change: Any) -> Any:
    values = pd.DataFrame({"buses": ["none", "some", "daily"], "income": [5, 6, 4]}, index=list("abc"), dtype=object)
    index = sim.build_index({"schema_version": 1, "id": "mine", "index": TREE}, values)
    return sim.what_if("b", index=index, draws=0, **change)


@pytest.mark.parametrize(("change", "places"), [({"add": {"buses": 1}}, 1), ({"set_to": {"buses": 0}}, -1)])
def test_an_answer_goes_up_and_down_by_steps(change: dict[str, Any], places: int) -> None:
    answer = asked(**change)
    moved = answer["total_after"] - answer["total_before"]
    assert float(moved.sel(city="b")) * places > 0.0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"grow": {"buses": "8%"}}, "buses holds answers on a scale, which have no per cent"),
        ({"multiply": {"buses": 2}}, "buses holds answers on a scale, which have no per cent"),
        ({"add": {"buses": 0.5}}, "buses becomes 1.5, and its answers are the steps 0 to 2"),
        ({"add": {"buses": 2}}, "buses becomes 3, and its answers are the steps 0 to 2"),
        ({"set_to": {"buses": -1}}, "buses becomes -1, and its answers"),
        ({"set_to": {"buses": {"low": 0, "high": 2}}}, "buses holds answers, and 0 to 2 lies between them"),
    ],
)
def test_a_change_that_leaves_the_scale_is_refused(change: dict[str, Any], told: str) -> None:
    with pytest.raises(sim.InputError) as caught:
        asked(**change)
    assert told in str(caught.value)
    assert "Add or set whole steps, so that it becomes 0 to 2." in str(caught.value)
