"""How ranks change between years: the same draws in both, whatever the workers."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from command_line import citysim, message_of

import simulator as sim
from simulator.over_years import scenario_panel

CHANCES = ("rise_chance", "stay_chance", "fall_chance")
YEARS = {
    2020: {"v": (5, 1), "w": (1, 5), "x": (2, 2), "y": (3, 4), "z": (4, 3)},
    2021: {"y": (1, 4), "v": (5, 1), "w": (4, 5), "x": (2, 3), "z": (3, 2), "new": (9, 9)},
}
WEIGHTS = {"method": "dirichlet", "concentration": 2}
SOME = ["AFG", "AZE", "BHS", "CAN", "CPV", "DZA", "FRA", "GNB", "IDN", "JAM", "KOR", "LSO", "MEX", "MOZ", "NIC", "PER"]
"""Countries of every kind, blank cells among them: enough where scoring all would only take longer."""


def write(folder: Path) -> Path:
    lines = [f"{city},{year},{a},{b}" for year, rows in YEARS.items() for city, (a, b) in rows.items()]
    (folder / "values.csv").write_text("\n".join(["city,year,a,b", *lines]) + "\n")
    path = folder / "definition.yaml"
    path.write_text(
        "schema_version: 1\nid: small\ndata: {matrix: values.csv}\n"
        "index: {id: total, normalise: none, aggregate: arithmetic, children: [{id: a}, {id: b}]}\n"
    )
    return path


def asked(index: object = "statistical-performance", **more: Any) -> dict[str, Any]:
    return {"schema_version": 1, "name": "s", "index": str(index), "factors": {"weights": WEIGHTS}, **more}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("small"))


def ranks_by_draw(path: Path, year: int, **more: Any) -> xr.DataArray:
    """Return the ranks that an ordinary run of the same seed keeps, among the cities of both years."""
    cities = list(YEARS[2020])
    result = sim.run(asked(path, year=year, cities=cities, **{"keep-draws": True}, **more), draws=3000, seed=7)
    return result["rank_by_draw"].sel(city=cities)


def test_changes_are_those_of_two_runs_of_one_seed(small: Path) -> None:
    found = sim.rank_changes(asked(small), draws=3000, seed=7)
    gained = ranks_by_draw(small, 2020) - ranks_by_draw(small, 2021)
    found = found.sel(city=gained["city"].values)
    np.testing.assert_allclose(found["places_gained_mean"], gained.mean("draw"), atol=1e-12)
    np.testing.assert_allclose(found["rise_chance"], (gained > 0).mean("draw"), atol=1e-12)
    np.testing.assert_allclose(found["stay_chance"], (gained == 0).mean("draw"), atol=1e-12)
    np.testing.assert_allclose(found["fall_chance"], (gained < 0).mean("draw"), atol=1e-12)
    error = np.sqrt(gained.var("draw") / 3000)
    np.testing.assert_allclose(found["places_gained_mean_se"], error, rtol=1e-3)
    for name, level in {"p05": 0.05, "median": 0.5, "p95": 0.95}.items():
        expected = np.quantile(gained.values, level, axis=0, method="inverted_cdf")
        np.testing.assert_array_equal(found[f"places_gained_{name}"], expected)
    share = found["rise_chance"].values
    np.testing.assert_allclose(found["rise_chance_se"] ** 2, share * (1 - share) / 3000, rtol=1e-2, atol=1e-6)


def test_ranks_with_nothing_varied_are_among_the_cities_of_both_years(small: Path) -> None:
    found = sim.rank_changes(asked(small), draws=100, seed=1)
    assert set(found["city"].values) == set(YEARS[2020])
    assert found.attrs["left_aside"] == "new"
    for year, name in ((2020, "rank_before"), (2021, "rank_after")):
        totals = {city: sum(YEARS[year][city]) / 2 for city in YEARS[2020]}
        for city, total in totals.items():
            assert int(found[name].sel(city=city)) == 1 + sum(other > total for other in totals.values())


def test_nothing_moves_whom_only_weights_vary_between_equal_years(tmp_path: Path) -> None:
    path = write(tmp_path)
    lines = (tmp_path / "values.csv").read_text().splitlines()
    same = [line for line in lines if ",2020," in line]
    (tmp_path / "values.csv").write_text(
        "\n".join([lines[0], *same, *(s.replace("2020", "2021") for s in same)]) + "\n"
    )
    noisy = {"weights": WEIGHTS, "data-error": {"size": 0.5, "unit": "sd"}}
    still = sim.rank_changes(asked(path, factors=noisy), draws=2000, seed=1)
    assert (still["stay_chance"] == 1.0).all()
    assert (still["places_gained_mean_se"] == 0.0).all()
    moving = sim.rank_changes(asked(path, factors=noisy), draws=2000, seed=1, errors="own")
    assert (moving["stay_chance"] < 0.9).all()
    assert (abs(moving["places_gained_mean"]) < 5 * moving["places_gained_mean_se"]).all()


@pytest.mark.parametrize(
    "more",
    [
        {"factors": {"weights": WEIGHTS, "data-error": {"size": 0.1, "unit": "sd"}}},
        {"design": "sobol"},
        {"factors": {"normalisation": ["as-defined", "z-score"]}, "design": "exhaustive"},
        {"factors": {"weights": WEIGHTS, "leave-out": {"level": "indicator", "probability": 0.2}}},
    ],
)
@pytest.mark.parametrize("errors", ["shared", "own"])
def test_the_same_for_any_number_of_workers(more: dict[str, Any], errors: str) -> None:
    size = {} if more.get("design") == "exhaustive" else {"draws": 3000}
    scenario = asked(cities=SOME, **more)
    one, three = (sim.rank_changes(scenario, 2016, 2018, seed=3, workers=w, errors=errors, **size) for w in (1, 3))
    assert one.drop_attrs().identical(three.drop_attrs())
    sums = sum(one[name] for name in CHANCES)
    np.testing.assert_allclose(sums, 1.0, atol=1e-12)
    np.testing.assert_allclose(one["gain_frequency"].sum("gain"), 1.0, atol=1e-12)
    exact = more.get("design") == "exhaustive"
    assert all(bool((one[f"{name}_se"] == 0.0).all()) == exact for name in CHANCES)


def test_errors_of_an_even_design_come_from_the_spread_between_blocks(small: Path) -> None:
    seeds = [sim.rank_changes(asked(small, design="sobol"), draws=8192, seed=seed) for seed in range(12)]
    spread = np.std([one["places_gained_mean"].values for one in seeds], axis=0, ddof=1)
    told = np.sqrt(np.mean([one["places_gained_mean_se"].values ** 2 for one in seeds], axis=0))
    moving = told > 0.0
    assert moving.any()
    assert 0.4 < np.median(spread[moving] / told[moving]) < 2.5


def test_a_panel_may_be_in_memory(small: Path) -> None:
    panel = sim.load_panel(small)
    named = sim.rank_changes(asked(small), draws=500, seed=1)
    assert sim.rank_changes(asked(small), draws=500, seed=1, index=panel).drop_attrs().identical(named.drop_attrs())
    assert scenario_panel(asked(small)).years == [2020, 2021]


def test_a_result_is_written_and_read(small: Path, tmp_path: Path) -> None:
    found = sim.rank_changes(asked(small), draws=500, seed=1)
    sim.write_result(found, tmp_path / "changes.nc")
    assert sim.read_result(tmp_path / "changes.nc")["rise_chance"].equals(found["rise_chance"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"first": 2015}, "first year: there is no 2015. Take one of 2016, 2017, 2018, 2019"),
        ({"last": "2019"}, "last year: there is no '2019'"),
        ({"first": 2019, "last": 2016}, "2016 is before 2019"),
        ({"first": 2018, "last": 2018}, "there is one year, 2018, and a change needs two"),
        ({"errors": "mine"}, "errors: 'mine' is neither"),
        ({"workers": 0}, "workers: 0 is not a number of workers"),
        ({"index": "opportunity-2025"}, "the index has no years"),
        ({"overrides": "within=status"}, "within: rank changes are of one ranking"),
        ({"overrides": "until=0.01"}, "until: rank changes take a number of draws"),
        ({"overrides": "cities=[COD, AFG, AGO]"}, "COD"),
    ],
)
def test_what_cannot_be_compared_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(sim.InputError) as caught:
        sim.rank_changes(asked(), draws=100, **more)
    assert said in str(caught.value).replace("1 fault\n  ", "")


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_command_shows_scores_by_year(small: Path, tmp_path: Path) -> None:
    rows = rows_of(citysim("years", str(small), "--csv", "-"))
    assert list(rows[0]) == ["year", "city", "rank", "total", "places_gained"]
    assert next(row["city"] for row in rows if row["year"] == "2021") == "new"
    assert len(rows) == 11
    shown = citysim("years", str(small), "--from", "2021", "--over", "all-years")
    assert "over all cities of all years together" in shown
    assert "2020" not in shown
    out = tmp_path / "panel.nc"
    citysim("years", str(small), "--out", str(out), "--quiet")
    assert sim.read_result(out)["total"].dims == ("year", "city")


def test_the_command_shows_how_surely_ranks_change(small: Path, tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text(
        f"schema_version: 1\nname: s\nindex: {small}\nfactors: {{weights: {{method: dirichlet, concentration: 2}}}}\n"
    )
    size = ("--draws", "500", "--seed", "1")
    shown = citysim("years", str(scenario), *size)
    assert "Places gained from 2020 to 2021" in shown
    assert "Of one year only, and left aside: new." in shown
    rows = rows_of(citysim("years", str(scenario), *size, "--csv", "-"))
    found = sim.rank_changes(str(scenario), draws=500, seed=1)
    assert [float(row["rise_chance"]) for row in rows] == found["rise_chance"].values.tolist()
    assert "fall_chance_se" in rows[0]


def test_the_command_refuses(small: Path) -> None:
    assert "--seed: is of a scenario, and this is an index" in message_of("years", str(small), "--seed", "1")
    assert "there is no 1999" in message_of("years", str(small), "--from", "1999")
    assert "the index has no years" in message_of("years", "opportunity-2025")


def test_other_commands_take_a_year() -> None:
    rows = rows_of(citysim("score", "statistical-performance", "--year", "2016", "--csv", "-"))
    assert len(rows) == 167
    assert "World Bank" in citysim("list")
    assert "there is no 2015" in message_of("score", "statistical-performance", "--year", "2015")
