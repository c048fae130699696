"""Studies that would say nothing, or whose question does not fit the scenario."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import simulator as sim
from simulator.cli import main

TREE = {"id": "total", "normalise": "z-score", "aggregate": "sum", "children": [{"id": "a"}]}
DEFINITION = {"schema_version": 1, "id": "mine", "index": TREE}
SCENARIO = {"schema_version": 1, "name": "mine", "index": "mine", "draws": 10, "seed": 1}


def test_an_index_of_two_cities_is_not_ranked() -> None:
    two = sim.build_index(DEFINITION, pd.DataFrame({"a": [1.0, 2.0]}, index=["x", "y"]))
    with pytest.raises(sim.InputError, match="ranks 2 cities, which says nothing"):
        sim.run(SCENARIO, index=two)


def test_a_scenario_runs_on_another_index_by_its_name() -> None:
    result = sim.run(SCENARIO, index="opportunity-2025")
    assert result.sizes["city"] == 60


@pytest.mark.parametrize(
    ("scenario", "pair", "told"),
    [
        ("city-clusters", "hefei,beijing", "are not ranked together"),
        ("city-clusters", "chengdu,chongqing", "are not ranked together"),
        ("weights-only", "hefei,合肥", "is not two cities"),
        ("weights-only", "hefei", "is not two cities"),
        ("weights-only", "hefey,ningbo", "Did you mean hefei"),
    ],
)
def test_a_pair_that_cannot_be_told_is_refused(scenario: str, pair: str, told: str) -> None:
    outcome = CliRunner().invoke(main, ["run", scenario, "--draws", "10", "--pair", pair])
    assert outcome.exit_code == 2
    assert told in outcome.output


def test_a_pair_may_be_written_with_a_chinese_comma() -> None:
    outcome = CliRunner().invoke(main, ["run", "weights-only", "--draws", "10", "--pair", "合肥，宁波"])
    assert outcome.exit_code == 0
    assert "hefei ranks above ningbo in" in outcome.output


def test_a_result_is_not_written_under_the_name_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    outcome = CliRunner().invoke(main, ["run", "weights-only", "--draws", "10", "--out", str(path)])
    assert outcome.exit_code == 2
    assert "writes NetCDF" in outcome.output
    assert not path.exists()
