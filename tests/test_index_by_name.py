"""Calls that ask something of an index take it in memory, by its name or by its path, and refuse anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

import simulator as sim
from simulator.errors import InputError
from simulator.published import bundled_indices

NAME = "opportunity-2025"
CALLS: dict[str, Callable[[Any], xr.Dataset]] = {
    "extreme_ranks": lambda index: sim.extreme_ranks(index, "dimension", percent=1, cities=["hefei"]),
    "weight_stability": lambda index: sim.weight_stability(index, "dimension"),
    "acceptability": lambda index: sim.acceptability(index, "dimension", draws=64),
    "neighbours": lambda index: sim.neighbours(index, "dimension"),
    "importance": lambda index: sim.importance(index, "dimension"),
    "weights_for_importance": lambda index: sim.weights_for_importance(index, "dimension"),
    "rank_reversal": sim.rank_reversal,
    "consensus_of_indicators": sim.consensus_of_indicators,
}


@pytest.mark.parametrize("call", list(CALLS))
def test_an_index_may_be_a_name_or_a_path(call: str) -> None:
    of_index = CALLS[call](sim.load_index(NAME))
    assert CALLS[call](NAME).identical(of_index)
    assert CALLS[call](bundled_indices()[NAME]).identical(of_index)


@pytest.mark.parametrize("call", list(CALLS))
@pytest.mark.parametrize("given", ["opportunity-2052", Path("nowhere/definition.yaml"), "", None, 5, {}])
def test_what_is_no_index_is_refused(call: str, given: Any) -> None:
    with pytest.raises(InputError, match=r"no bundled index|is no index"):
        CALLS[call](given)


def test_a_scenario_is_refused_with_the_call_that_makes_its_index(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'Of a scenario give sim\.scenario_index\("digital-transformation"\)'):
        sim.importance("digital-transformation", "pillar")
    file = tmp_path / "mine.yaml"
    file.write_text("schema_version: 1\nname: mine\nindex: opportunity-2025\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"is a scenario, and an index is asked for\. Give sim\.scenario_index"):
        sim.acceptability(file, "dimension")


def test_without_a_level_it_is_the_one_below_the_index() -> None:
    for call in (sim.importance, sim.weights_for_importance, sim.neighbours, sim.weight_stability):
        assert call(NAME).identical(call(NAME, "dimension"))
    assert sim.extreme_ranks(NAME, cities="hefei").attrs["over"] == "dimension"
    assert sim.acceptability(NAME, draws=64).attrs["over"] == "dimension"
