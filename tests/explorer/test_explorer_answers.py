"""What the explorer tells is what the engine says, and a state that is downloaded says the same on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from command_line import citysim
from starlette.testclient import TestClient

import simulator as sim
from simulator.drafting.starting import new_index
from simulator.explorer.page import static_files, texts
from simulator.explorer.server import make_app
from simulator.explorer.session import Session, open_session

DOUBLED = {"recipe": {"weights": {"technological-innovation": 2.0, "open-development": 0.25}}}
Z_SCORES = {"recipe": {"normalisation": "z-score"}}
RICHER = {
    "city": "hefei",
    "changes": [{"cities": ["hefei"], "set": {"gdp": 15000}, "move": {"green-space": "5 places"}}],
}
ALL_OF_IT = {**RICHER, "recipe": {"weights": {"open-development": 0}, "aggregation": {"index": "geometric"}}}


def asked(client: TestClient, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def ranks_told(client: TestClient, scenario: dict[str, Any]) -> dict[str, int]:
    return {row["city"]: row["rank"] for row in asked(client, "/api/ranks", scenario=scenario)["rows"]}


def by_city(values: xr.DataArray) -> dict[str, int]:
    return dict(zip(values["city"].values.tolist(), values.values.tolist(), strict=True))


def test_it_begins_at_the_published_ranking(page_client: TestClient, explored: Session) -> None:
    told = asked(page_client, "/api/ranks", scenario=dict(explored.start))
    assert [row["rank"] for row in told["rows"]] == sorted(row["before"] for row in told["rows"])
    assert all(row["before"] == row["unchanged"] == row["rank"] for row in told["rows"])
    assert {row["city"]: row["total"] for row in told["rows"]}["hefei"] == 1903.0
    assert not told["changed"]


def test_shares_and_scales_make_the_weights_as_written(page_client: TestClient, explored: Session) -> None:
    told = asked(page_client, "/api/ranks", scenario={**explored.start, **DOUBLED})
    weight = {member: share * told["scales"][member] for member, share in told["weights"].items()}
    whole = 8.0 + 2.0 + 0.25
    assert sum(told["weights"].values()) == pytest.approx(1.0)
    assert told["weights"]["technological-innovation"] == pytest.approx(2.0 / whole)
    again = {**explored.start, "recipe": {"weights": weight}}
    assert ranks_told(page_client, again) == ranks_told(page_client, {**explored.start, **DOUBLED})


@pytest.mark.parametrize("recipe", [DOUBLED["recipe"], Z_SCORES["recipe"], {"aggregation": {"index": "harmonic"}}])
def test_ranks_are_those_of_the_index_by_the_recipe(
    page_client: TestClient, explored: Session, recipe: dict[str, Any]
) -> None:
    told = ranks_told(page_client, {**explored.start, "recipe": recipe})
    assert told == by_city(sim.load_index("opportunity-2025").score(recipe)["rank"])


@pytest.mark.parametrize("moved", [DOUBLED, Z_SCORES, RICHER, ALL_OF_IT], ids=["weights", "method", "figures", "all"])
def test_a_downloaded_file_gives_the_ranks_and_intervals_of_the_page(
    page_client: TestClient, explored: Session, tmp_path: Path, moved: dict[str, Any]
) -> None:
    state = {**explored.start, **moved, "draws": 300}
    file = asked(page_client, "/api/file", scenario=state)
    scenario, out = tmp_path / file["name"], tmp_path / "result.nc"
    scenario.write_text(file["text"], encoding="utf-8")
    citysim("run", str(scenario), "--quiet", "--out", str(out))
    result = sim.read_result(out)
    ranks = result["rank_after" if "changes" in moved else "scenario_rank"]
    assert ranks_told(page_client, state) == by_city(ranks)
    interval = asked(page_client, "/api/interval", scenario=state)
    assert interval["draws"] == 300
    assert interval["left_out"] == file["left_out"] == (["aggregation"] if moved is Z_SCORES else [])
    lows = {city: row["low"] for city, row in interval["rows"].items()}
    highs = {city: row["high"] for city, row in interval["rows"].items()}
    assert (lows, highs) == (by_city(result["rank_p05"]), by_city(result["rank_p95"]))


def test_a_file_that_is_loaded_again_is_the_state(page_client: TestClient, explored: Session) -> None:
    state = {**explored.start, **ALL_OF_IT}
    file = asked(page_client, "/api/file", scenario=state)
    assert asked(page_client, "/api/open", text=file["text"])["scenario"] == state


def test_intervals_have_a_modest_number_of_draws(page_client: TestClient, explored: Session) -> None:
    state = {**explored.start, "draws": 1_000_000, "until": 0.0001, "pairs": True, "keep-draws": True}
    assert asked(page_client, "/api/interval", scenario=state)["draws"] == 1_000


def test_a_plan_is_the_one_that_reach_finds(page_client: TestClient, explored: Session) -> None:
    told = asked(page_client, "/api/reach", scenario={**explored.start, **RICHER, "draws": 300}, city="合肥", rank=13)
    state = {key: value for key, value in explored.start.items() if key in ("factors", "never", "index")}
    found = sim.reach(
        "hefei", 13, under={"schema_version": 1, "name": "it", **state}, plans=2, draws=300, seed=explored.start["seed"]
    )
    assert [plan["effort"] for plan in told["plans"]] == found["plan_effort"].values.tolist()
    assert [plan["chance"] for plan in told["plans"]] == found["plan_chance"].values.tolist()
    places = found["plan_places"].sel(plan=1)
    steps = {step["id"]: step["places"] for step in told["plans"][0]["steps"]}
    assert steps == {leaf: n for leaf, n in zip(places["indicator"].values, places.values, strict=True) if n}


def test_the_question_of_a_plan_runs_from_a_file(page_client: TestClient, explored: Session, tmp_path: Path) -> None:
    told = asked(page_client, "/api/reach", scenario={**explored.start, "draws": 50}, city="hefei", rank=14)
    file = asked(page_client, "/api/file", scenario=told["scenario"])
    (tmp_path / "question.yaml").write_text(file["text"], encoding="utf-8")
    assert "Hefei" in citysim("run", str(tmp_path / "question.yaml"))


def test_a_city_stands_beside_its_peers_after_its_changes(page_client: TestClient, explored: Session) -> None:
    state = {**explored.start, **RICHER}
    told = asked(page_client, "/api/city", scenario=state, city="Hefei", peers="cluster")
    ranks = ranks_told(page_client, state)
    assert told["group"]["id"] == "yangtze-delta"
    assert told["group"]["zh"] == "长三角城市群"
    assert {one["city"]: one["rank"] for one in told["peers"]} == {
        one["city"]: ranks[one["city"]] for one in told["peers"]
    }
    by_slot = {slot["id"]: slot for slot in told["slots"]}
    assert by_slot["total"]["rank"] == ranks["hefei"]
    own = sim.what_if("hefei", set_to={"gdp": 15000}, move={"green-space": "5 places"}, draws=0)
    assert by_slot["total"]["score"] == pytest.approx(float(own["total_after"].sel(city="hefei")))
    points = own["points_after"].sel(city="hefei")
    assert [by_slot[leaf]["score"] for leaf in points["indicator"].values] == pytest.approx(points.values.tolist())


def test_quantities_run_from_the_lowest_to_the_highest_observed(page_client: TestClient, explored: Session) -> None:
    told = asked(page_client, "/api/city", scenario=dict(explored.start), city="hefei")["changeable"]
    gdp = next(one for one in told["quantities"] if one["id"] == "gdp")
    known = sim.load_index("opportunity-2025").raw.quantities["value"].sel(quantity="gdp").values
    assert (gdp["low"], gdp["high"]) == (np.nanmin(known), np.nanmax(known))
    assert (gdp["value"], gdp["origin"]) == (13507.7, "bundled")
    assert len(told["variables"]) == 50


@pytest.mark.parametrize("shipped", ["small-city-investor", "digital-transformation", "secondary-city-connectivity"])
def test_a_reading_has_its_own_members_and_the_ranks_of_the_command(shipped: str) -> None:
    session = open_session(None, shipped)
    client = TestClient(make_app(session), base_url="http://127.0.0.1")
    pillars = list(session.start["reading"]["pillars"])
    told = asked(client, "/api/ranks", scenario=dict(session.start))
    assert [one["id"] for one in told["dimensions"]] == list(told["weights"]) == pillars
    plain = {key: value for key, value in session.start.items() if key not in ("recipe", "factors", "never")}
    defined = sim.run({**plain, "draws": 10, "factors": {"weights": {"method": "uniform", "percent": 5}}})
    assert {row["city"]: row["before"] for row in told["rows"]} == by_city(defined["scenario_rank"])
    weighed = {**session.start, "recipe": {**session.start.get("recipe", {}), "weights": {pillars[0]: 3.0}}}
    own = sim.run({**weighed, "draws": 10, "index": "opportunity-2025"})
    assert ranks_told(client, weighed) == by_city(own["scenario_rank"])
    drawn = asked(client, "/api/interval", scenario={**weighed, "draws": 200})["rows"]
    result = sim.run({**weighed, "draws": 200, "index": "opportunity-2025"})
    assert {name: row["high"] for name, row in drawn.items()} == by_city(result["rank_p95"])
    city = asked(client, "/api/city", scenario=weighed, city=told["rows"][0]["city"])["changeable"]
    assert {one["last"] for one in city["variables"]} == {len(told["rows"])}


def test_a_source_other_than_the_points_is_shown_and_cannot_be_changed(
    page_client: TestClient, explored: Session
) -> None:
    kept = {key: value for key, value in explored.start.items() if key not in ("factors", "never")}
    sourced = {**kept, "source": "calibrated", "factors": {"weights": {"method": "uniform", "percent": 25}}}
    own = sim.run({**sourced, "index": "opportunity-2025", "draws": 10})
    assert ranks_told(page_client, sourced) == by_city(own["scenario_rank"])
    can = asked(page_client, "/api/city", scenario=sourced, city="hefei")["changeable"]
    assert can == {"quantities": [], "variables": [], "blank": False, "sourced": True}


def test_methods_that_the_index_cannot_be_scored_by_are_not_admitted(
    page_client: TestClient, explored: Session
) -> None:
    def admitted(state: dict[str, Any]) -> dict[str, bool]:
        told = asked(page_client, "/api/methods", scenario={**explored.start, **state})
        return {str(one["label"]): one["admitted"] for one in told["aggregations"]["index"]}

    assert admitted({})["geometric"]
    assert not admitted(Z_SCORES)["geometric"]


def test_an_index_with_blank_cells_is_shown_without_changes() -> None:
    session = open_session("statistical-performance")
    with TestClient(make_app(session), base_url="http://localhost") as client:
        told = asked(client, "/api/ranks", scenario=dict(session.start))
        city = asked(client, "/api/city", scenario=dict(session.start), city=told["rows"][0]["city"])
    assert by_city(sim.load_index("statistical-performance").published_rank()) == {
        row["city"]: row["rank"] for row in told["rows"]
    }
    assert city["changeable"] == {"quantities": [], "variables": [], "blank": True, "sourced": False}


def test_an_index_of_ones_own_is_found_again_by_a_downloaded_file(tmp_path: Path) -> None:
    table = tmp_path / "data.csv"
    table.write_text("city,a,b,c\nx,1,5,2\ny,2,4,9\nz,4,1,3\nw,3,2,8\n", encoding="utf-8")
    new_index(tmp_path / "mine", table)
    session = open_session(str(tmp_path / "mine"))
    with TestClient(make_app(session), base_url="http://localhost") as client:
        state = {**session.start, "recipe": {"normalisation": "z-score"}, "draws": 100}
        file = asked(client, "/api/file", scenario=state)
        told = ranks_told(client, state)
    away = tmp_path / "elsewhere"
    away.mkdir()
    (away / "state.yaml").write_text(file["text"], encoding="utf-8")
    result = sim.run(away / "state.yaml", workers=1)
    assert told == by_city(result["scenario_rank"])


def test_words_are_complete_in_both_languages() -> None:
    english, chinese = texts("en"), texts("zh")
    assert list(english) == list(chinese)
    blanks = {key: sorted(part.partition("}")[0] for part in text.split("{")[1:]) for key, text in english.items()}
    assert blanks == {
        key: sorted(part.partition("}")[0] for part in text.split("{")[1:]) for key, text in chinese.items()
    }
    scripts = "".join(one.content.decode() for name, one in static_files().items() if name.endswith(".js"))
    asked_for = {part.partition('"')[0] for part in scripts.split(' t("')[1:]}
    assert asked_for <= set(english)
    assert len(asked_for) > 20
