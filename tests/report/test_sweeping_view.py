"""Sweeps as a reader sees them, and as flat tables."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import xarray as xr
from rich.console import Console, RenderableType
from what_ifs import question

import simulator as sim
from simulator.batch import run_all
from simulator.report.sweeping import batch_frame, batch_view, quantity_view, sweep_frame, sweep_view
from simulator.whatif.quantity_sweeps import sweep_quantities
from simulator.whatif.sweeping import best_moves, sweep

INDEX = sim.load_index("opportunity-2025")
GROWS = question(name="grows", city="hefei", changes={"grow": {"gdp": "8%"}})
MOVES = question(name="moves", changes={"cities": ["tianjin"], "move": {"green-space": -20}})
PLAIN = {"schema_version": 1, "name": "plain", "index": "opportunity-2025", "draws": 30, "seed": 1}
PLAIN |= {"factors": {"weights": {"method": "dirichlet", "concentration": 10}}}


def rendered(view: RenderableType) -> list[str]:
    console = Console(file=io.StringIO(), width=300)
    console.print(view)
    return [line.strip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def rows_from(lines: list[str], heading: str) -> list[list[str]]:
    """Return the cells of the table that begins with a heading; cells stand two spaces apart or more."""
    start = next(place for place, line in enumerate(lines) if line.startswith(heading))
    rows = []
    for line in lines[start + 2 :]:
        if not line:
            break
        rows.append([cell.strip() for cell in line.split("  ") if cell.strip()])
    return rows


@pytest.fixture(scope="module")
def swept() -> xr.Dataset:
    return sweep(INDEX, [1, 3, 10])


@pytest.fixture(scope="module")
def job() -> xr.Dataset:
    return run_all([GROWS, MOVES, PLAIN], cities=["zhaoqing", "hefei", "taiyuan"], draws=30, seed=1, workers=1)


def test_each_city_has_its_best_move_and_how_many_are_as_good(swept: xr.Dataset) -> None:
    lines = rendered(sweep_view(swept))
    rows = rows_from(lines, "Rank   City")
    assert len(rows) == 60
    moves = best_moves(swept)
    for city, cells in zip(swept["city"].values, rows, strict=True):
        own = moves[moves["city"] == city]
        best = own.iloc[0]
        assert cells[0] == str(int(swept["rank_before"].sel(city=city)))
        assert cells[3] == best["step"]
        assert cells[4] == f"+{best['places']}"
        assert cells[8] == f"→ {best['rank_after']}"
        worth = ["places", "rank_gain", "total_gain"]
        alike = int((own[worth] == best[worth].to_list()).all(axis=1).sum()) - 1
        assert cells[9:] == ([f"{alike} more"] if alike else [])


def test_who_can_gain_a_rank_and_in_which_variables_is_told(swept: xr.Dataset) -> None:
    lines = rendered(sweep_view(swept))
    gains = swept["rank_gain"].where(swept["actionable"], 0).max("step") > 0
    who = int(gains.any("indicator").sum())
    assert f"By a single step {who} of 60 cities gain a rank." in lines
    told = next(line for line in lines if line.startswith("Variables in which a city gains a rank most often"))
    count = int(told.partition("(")[2].partition(")")[0])
    # Of each city and variable the best step alone is counted; where any step gains a rank, that one does.
    assert count == int(gains.sum("city").max())


def test_a_city_asked_for_has_its_first_ten_moves(swept: xr.Dataset) -> None:
    lines = rendered(sweep_view(swept, ["hefei", "ningbo"]))
    assert "Hefei 合肥: rank 15, total 1,903." in lines
    assert len(rows_from(lines, "Variable")) == 10
    moves = best_moves(swept)
    expected = moves[moves["city"] == "ningbo"].head(10)["step"].tolist()
    heading = lines.index(next(line for line in lines if line.startswith("Ningbo")))
    assert [row[1] for row in rows_from(lines[heading:], "Variable")] == expected


def test_variables_not_in_a_citys_own_hands_are_left_out_unless_allowed() -> None:
    swept = sweep(INDEX, [10], cities=["zhaoqing"], variables=["coordination-level", "green-space"])
    left_out = "\n".join(rendered(sweep_view(swept, ["zhaoqing"])))
    assert "left out here: coordination-level (--allow takes them in)" in left_out
    allowed = "\n".join(rendered(sweep_view(swept, ["zhaoqing"], ["coordination-level"])))
    assert "left out" not in allowed
    name = str(swept["indicator_name_en"].sel(indicator="coordination-level").item())
    assert name in allowed
    assert name not in left_out


def test_steps_down_have_a_table_of_their_own() -> None:
    swept = sweep(INDEX, [-2], cities=["hefei", "ningbo"], variables=["green-space", "patent-density"])
    lines = rendered(sweep_view(swept))
    rows = rows_from(lines, "Rank   City")
    assert [row[3:5] for row in rows] == [["-2 places", "-2"], ["-2 places", "-2"]]
    assert any(line.startswith("By a single step") and line.endswith("lose a rank.") for line in lines)
    assert not any("gain a rank" in line for line in lines)


def test_where_nothing_moves_that_is_said() -> None:
    first = sweep(INDEX, [1], cities=["beijing"], variables=["coordination-level"])
    assert "No step asked for changes its total or its rank." in rendered(sweep_view(first, ["beijing"]))
    assert "No step asked for changes the total or the rank of any city." in rendered(sweep_view(first))


def test_the_flat_table_has_a_row_for_each_change(swept: xr.Dataset) -> None:
    table = sweep_frame(swept)
    columns = ["city", "indicator", "step", "places", "points_gain", "total_gain", "rank_after", "rank_gain"]
    assert table.columns.tolist() == columns
    assert len(table) == 60 * 50 * 3
    row = table.set_index(["city", "indicator", "step"]).loc[("hefei", "rd-intensity", "3 places")]
    found = swept.sel(city="hefei", indicator="rd-intensity", step="3 places")
    assert {name: row[name] for name in columns[3:]} == {name: found[name].item() for name in columns[3:]}


def test_quantities_have_a_table_each_and_who_gains_most_stands_first() -> None:
    cities = ["hefei", "taiyuan", "zhaoqing"]
    swept = sweep_quantities(INDEX, ["gdp", "loans"], grow=["4%", "8%"], cities=cities)
    lines = rendered(quantity_view(swept))
    gdp, loans = lines.index("gdp:"), lines.index("loans:")
    rows = rows_from(lines[gdp:loans], "City")
    gains = swept["rank_gain"].sel(quantity="gdp", step="grows 8 %").to_series()
    assert rows[0][0] == "Taiyuan 太原"
    assert gains.idxmax() == "taiyuan"
    assert rows_from(lines[loans:], "City")[-1][2:] == ["unknown", "unknown"]
    assert any("loans of 2 cities cannot be worked out" in line and "hefei, taiyuan" in line for line in lines)
    assert sweep_frame(swept).columns.tolist()[:3] == ["city", "quantity", "step"]


def test_a_job_has_a_row_for_each_scenario_and_city_who_gains_most_first(job: xr.Dataset) -> None:
    rows = rows_from(rendered(batch_view(job)), "Scenario")
    assert [row[0] for row in rows] == ["grows"] * 3 + ["moves"] * 3 + ["plain"] * 3
    assert [row[1].split()[0] for row in rows[:3]] == ["Taiyuan", "Zhaoqing", "Hefei"]
    taiyuan = job.sel(city="taiyuan").isel(scenario=2)
    assert rows[0][2:4] == [str(int(taiyuan["rank_before"])), f"→ {int(taiyuan['rank_after'])}"]
    assert "-" not in rows[0][5]
    assert rows[0][6] == f"{float(taiyuan['rank_mean']):.1f}"


def test_the_words_tell_who_gains_most_and_who_loses(job: xr.Dataset) -> None:
    lines = rendered(batch_view(job, 1.5))
    told = next(line for line in lines if line.startswith("grows:"))
    assert told.startswith("grows: 1 of 3 cities gain ranks, most of all Taiyuan 太原 (3); none lose ranks.")
    assert any(line.startswith("210 draws in all in 1.5 s;") for line in lines)


def test_of_equal_ranks_gained_the_larger_total_counts() -> None:
    lines = rendered(batch_view(run_all([GROWS], cities=["hefei", "ningbo"], draws=0, workers=1)))
    assert "grows: 1 of 2 cities gain ranks, most of all Ningbo 宁波 (1); none lose ranks." in lines


def test_a_scenario_of_no_city_is_told_as_a_whole() -> None:
    found = run_all([MOVES, PLAIN], draws=None, workers=1)
    lines = rendered(batch_view(found))
    moves = found.isel(scenario=0)
    gained = int((moves["rank_after"] < moves["rank_before"]).sum())
    assert any(line.startswith(f"moves: {gained or 'none'} of 60 cities gain ranks") for line in lines)
    shift = float(found["mean_abs_rank_shift"][1])
    assert any(line.startswith("plain: ") and f"a city moves {shift:.2f} places on average" in line for line in lines)


def test_without_draws_no_chance_is_told() -> None:
    found = run_all([GROWS], workers=1)
    lines = rendered(batch_view(found))
    assert "Gains" not in " ".join(lines)
    assert "Without draws: no chances. --draws 10000 tells them." in lines


def test_one_without_an_answer_is_named_with_the_reason() -> None:
    lost = question(name="first", city="zhaoqing", reach={"rank": 1, "ceiling": 1})
    found = run_all([lost, GROWS], workers=1)
    lines = rendered(batch_view(found))
    assert [row[0] for row in rows_from(lines, "Scenario")] == ["grows"]
    assert any(line.startswith("No answer: first, zhaoqing: ") and "out of reach" in line for line in lines)
    table = batch_frame(found)
    assert table["fault"].astype(bool).tolist() == [True, False]
    assert table["scenario_name"].tolist() == ["first", "grows"]


def test_the_flat_table_of_a_job(job: xr.Dataset) -> None:
    table = batch_frame(job)
    assert len(table) == 9
    first: dict[str, Any] = table.iloc[1].to_dict()
    own = job.isel(scenario=1).sel(city="hefei")
    assert (first["scenario_name"], first["asked_for"], first["city"]) == ("grows", "hefei", "hefei")
    assert first["rank_after"] == int(own["rank_after"])
    assert first["gain_chance_1"] == float(own["gain_chance"][0])
    assert first["gain_chance_1_se"] == float(own["gain_chance_se"][0])
    assert np.isnan(table["gain_mean"].iloc[-1])
    whole = batch_frame(run_all([MOVES], workers=1))
    assert whole["city"].tolist() == INDEX.cities
    assert set(whole["asked_for"]) == {""}
