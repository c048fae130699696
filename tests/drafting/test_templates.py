"""Templates: copied under a name of one's own, and running at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import citysim, invoked, message_of

import simulator as sim
from simulator.construction.nominal import nominal_weights
from simulator.templates import template_files, template_folders

NAMES = ("plain", "secondary-city-connectivity")


@pytest.mark.parametrize("name", NAMES)
def test_a_template_runs_at_once(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "2025"
    citysim("new", str(folder), "--template", name, "--quiet")
    assert sim.read_definition(folder / "definition.yaml").id == "2025"
    citysim("check", str(folder / "definition.yaml"))
    assert "(invented)" in citysim("score", str(folder / "definition.yaml"))
    for scenario in sorted(path for path in folder.glob("*.yaml") if path.name != "definition.yaml"):
        assert invoked("check", str(scenario)).exit_code == 0
        assert invoked("run", str(scenario), "--draws", "200", "--quiet").exit_code == 0
    assert invoked("influence", str(folder / "stress-test.yaml"), "--base-draws", "1024").exit_code == 0


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_invented_says_so(name: str) -> None:
    files = template_files(name, "mine")
    assert "README.md" in files
    assert "invented" in files["README.md"]
    assert "INVENTED" in files["definition.yaml"].upper()
    cities = files["cities.csv"].splitlines()[1:]
    assert cities
    assert all(line.startswith("example-") and "(invented)" in line for line in cities)
    assert not any("my-index" in text for text in files.values())


def test_the_framework_is_complete_and_its_weights_are_equal() -> None:
    definition = sim.read_definition(template_folders()["secondary-city-connectivity"] / "definition.yaml")
    found = {leaf.id for leaf in definition.indicators}
    elements = ("physical", "economic-trade", "social-cultural", "governance", "environment", "information-knowledge")
    ranges = ("within-region", "between-regions", "international")
    assert found == {
        f"{kind}-{element}-{distance}"
        for kind in ("hard", "soft")
        for element in (*elements, "intrinsic")
        for distance in ranges
    }
    weights = nominal_weights(definition)
    np.testing.assert_allclose([weights[leaf.id] for leaf in definition.indicators], 1 / 42)
    numbers = [leaf.id for leaf in definition.indicators if leaf.answers is None]
    assert len(numbers) == 5
    assert all(
        [answer.en for answer in leaf.answers] == ["none", "some", "regular", "daily"]
        for leaf in definition.indicators
        if leaf.answers
    )


def test_each_type_of_city_can_be_ranked_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "my-region"
    sim.new_index(folder, template="secondary-city-connectivity")
    result = sim.run(folder / "within-type.yaml", draws=200, workers=1)
    assert sorted(set(result["status"].values.tolist())) == ["cluster-city", "corridor-city", "regional-city"]
    assert sorted(result["baseline_rank"].values.tolist()) == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_templates_are_listed_and_unknown_ones_refused(tmp_path: Path) -> None:
    printed = citysim("new", "--list")
    assert all(f" {name} " in printed for name in NAMES)
    told = message_of("new", str(tmp_path / "x"), "--template", "secondary-cities")
    assert "no such template. Did you mean secondary-city-connectivity?" in told
    assert list(tmp_path.iterdir()) == []
