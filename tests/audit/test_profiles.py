"""The profile of a city is what loops over its peers say."""

from __future__ import annotations

import csv
import io
import json
from statistics import median

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import simulator as sim
from simulator.cli import main

NAN = float("nan")


@pytest.fixture(scope="module")
def opportunity() -> sim.Index:
    return sim.load_index("opportunity-2025")


@pytest.mark.parametrize("peers", [None, "status"])
def test_it_is_what_loops_say(opportunity: sim.Index, peers: str | None) -> None:
    told, scored = sim.profile(opportunity, "合肥", peers), opportunity.score()
    group = {str(city): str(one) for city, one in zip(opportunity.cities, scored["status"].values, strict=True)}
    among = [city for city in opportunity.cities if peers is None or group[city] == group["hefei"]]
    assert told["is_peer"].values.tolist() == [city in among for city in opportunity.cities]
    columns = {str(leaf): scored["normalised"].sel(indicator=leaf).to_series() for leaf in scored["indicator"].values}
    columns |= {str(node): scored["score"].sel(node=node).to_series() for node in scored["node"].values}
    for slot, column in columns.items():
        one, own = told.sel(slot=slot), column["hefei"]
        held = [column[city] for city in among]
        assert float(one["score"]) == own
        assert int(one["rank"]) == 1 + sum(other > own for other in column)
        assert int(one["peer_rank"]) == 1 + sum(other > own for other in held)
        assert int(one["peer_count"]) == len(held)
        assert float(one["gap_to_median"]) == pytest.approx(own - median(held))
        assert float(one["gap_to_best"]) == own - max(held) <= 0


def test_strength_goes_by_rank_and_then_by_the_gap(opportunity: sim.Index) -> None:
    told = sim.profile(opportunity, "hefei")
    for level, of_level in told.groupby("level"):
        keys = sorted(
            zip(
                of_level["peer_rank"].values,
                -of_level["gap_to_median"].values,
                of_level["strength"].values,
                strict=True,
            )
        )
        assert [strength for *_, strength in keys] == pytest.approx(range(1, len(keys) + 1)), level


def test_a_blank_has_no_rank_and_does_not_count() -> None:
    frame = pd.DataFrame({"a": [1.0, NAN, 3.0], "b": [2.0, 5.0, 4.0]}, index=list("xyz"))
    tree = {"id": "t", "normalise": "min-max", "aggregate": "arithmetic", "children": [{"id": "a"}, {"id": "b"}]}
    index = sim.build_index({"schema_version": 1, "id": "i", "imputation": "share-weight", "index": tree}, frame)
    told = sim.profile(index, "y").sel(slot="a")
    assert (int(told["rank"]), int(told["strength"]), int(told["peer_count"])) == (0, 0, 2)
    assert np.isnan(told["score"])
    assert int(sim.profile(index, "x").sel(slot="a")["rank"]) == 2
    assert float(sim.profile(index, "x").sel(slot="a")["peer_median"]) == 0.5


@pytest.mark.parametrize(
    ("city", "peers", "message"),
    [("hefi", None, "hefei"), ("hefei", "statuss", "status"), ("hefei", "rank", "no attribute 'rank'")],
)
def test_unknown_names_are_refused(opportunity: sim.Index, city: str, peers: str | None, message: str) -> None:
    with pytest.raises(sim.InputError, match=message):
        sim.profile(opportunity, city, peers)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["audit", "opportunity-2025", *arguments], catch_exceptions=False)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_the_command_shows_the_best_and_the_worst_five() -> None:
    lines = run("--city", "hefei", "--peers", "status").splitlines()
    assert lines[0] == "hefei: rank 15 of 60, total 1903."
    assert lines[1] == "Among the 26 of status provincial-capital: rank 7; median of their totals 1509."
    shown = [
        line.split()[0]
        for line in lines[lines.index(next(one for one in lines if "By variable" in one)) :]
        if line[:4].strip()
    ]
    assert [one for one in shown if one.isdigit()] == ["1", "2", "3", "4", "5", "46", "47", "48", "49", "50"]
    assert len(run("--city", "hefei", "--all").splitlines()) == len(lines) + 40 - 1 - 1


def test_its_files_hold_all() -> None:
    rows = list(csv.DictReader(io.StringIO(run("--city", "hefei", "--csv", "-"))))
    assert [row["strength"] for row in rows] == ["1", *map(str, range(1, 11)), *map(str, range(1, 51))]
    record = json.loads(run("--city", "hefei", "--json", "-"))
    assert record["attributes"]["city"] == "hefei"
    assert record["variables"]["value"]["values"][-1] is None


def test_peers_without_a_city_are_refused() -> None:
    result = CliRunner().invoke(main, ["audit", "opportunity-2025", "--peers", "status"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--city" in result.stderr
