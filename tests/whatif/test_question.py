"""Questions that a scenario poses: what is taken for granted, what is out of place, what is said of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from what_ifs import asked, question, refusal

import simulator as sim
from simulator.changes.effects import ChangeField
from simulator.documents import Document
from simulator.errors import InputError
from simulator.index import Index
from simulator.scenario import open_scenario, read_scenario
from simulator.study import plan
from simulator.whatif.question import Question, begin, pose, with_values_behind

GROW = {"grow": {"gdp": "8%"}}


@pytest.fixture(scope="module")
def published() -> Index:
    return sim.load_index("opportunity-2025")


def posed(published: Index, **more: Any) -> Question:
    document = open_scenario(question(**more))
    found = pose(read_scenario(document), begin(read_scenario(document), published), document)
    assert found is not None
    return found


def test_no_change_is_no_question(published: Index) -> None:
    document = open_scenario({**question(), "draws": 10})
    assert pose(read_scenario(document), begin(read_scenario(document), published), document) is None
    assert plan({**question(), "draws": 10}).question is None


def test_a_question_knows_its_city_by_any_name(published: Index) -> None:
    for name in ("hefei", "Hefei", "合肥"):
        found = posed(published, city=name, changes=GROW)
        assert found.city == "hefei"
        assert published.cities[found.position] == "hefei"
    group = posed(published, changes={**GROW, "cities": {"cluster": "yangtze-delta"}})
    assert (group.city, group.position) == (None, -1)


def test_the_index_of_a_question_scores_as_published(published: Index) -> None:
    found = posed(published, city="hefei", changes=GROW)
    assert (found.index.score()["total"].values == published.score()["total"].values).all()
    assert isinstance(found.field, ChangeField)
    assert found.effects is found.field.middle


def test_values_behind_points_are_drawn_unless_it_is_said_otherwise(published: Index) -> None:
    plain = read_scenario(Document("s", question(city="hefei", changes=GROW)))
    assert not plain.factors.values
    assert len(with_values_behind(plain, published).factors.values) == 1
    own = read_scenario(Document("s", question(city="hefei", changes=GROW, factors={"values": {"tied": "highest"}})))
    assert with_values_behind(own, published) is own
    nothing = read_scenario(Document("s", {**question(), "draws": 5}))
    assert with_values_behind(nothing, published) is nothing
    exact = {
        key: value for key, value in question(city="hefei", changes=GROW, design="exhaustive").items() if key != "draws"
    }
    scenario = read_scenario(Document("s", exact))
    assert with_values_behind(scenario, published) is scenario


@pytest.mark.parametrize("key", ["city", "others", "spillover", "figures"])
def test_keys_that_mean_nothing_without_a_change(key: str) -> None:
    value = {
        "city": "hefei",
        "others": "5%",
        "spillover": {"among": ["hefei", "wuxi"], "share": 0.5},
        "figures": {"hefei": {"loans": 5}},
    }[key]
    with pytest.raises(InputError) as caught:
        sim.run({**question(), "draws": 10, key: value}, workers=1)
    assert f"{key}: nothing is changed. Add `changes` or `reach`, or remove it." in str(caught.value)


def test_all_idle_keys_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        sim.run({**question(city="hefei", others="5%", figures={"hefei": {"loans": 5}}), "draws": 1}, workers=1)
    assert "4 faults" in str(caught.value)


@pytest.mark.parametrize("draws", [0, 1])
def test_a_study_without_a_change_needs_draws(draws: int) -> None:
    with pytest.raises(InputError) as caught:
        sim.run({**question(), "draws": draws}, workers=1)
    assert f"draws: {draws} draws tell no chance. Give 2 or more (and --draws)." in str(caught.value)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"source": "raw"},
            "source: a what-if begins at the published index: raw values calibrated to its order",
        ),
        ({"source": {"economic-scale": "raw"}}, "source: a what-if begins at the published index"),
        (
            {"within": "cluster"},
            "within: a what-if ranks all cities that take part together. Remove it, or name `cities`.",
        ),
        ({"draws": 1}, "draws: one draw tells no chance. Give 0, or 2 or more (and --draws)."),
        ({"baseline": "scenario"}, "baseline: a what-if is compared with the ranking before the change. Remove it."),
        ({"until": 0.01}, "until: without draws there are no chances to be sure of. Remove it, or give draws"),
        ({"reach": {"rank": 3}}, "reach: changes are given, and are what is to be found. Remove either."),
        (
            {"factors": {"values": {"raw": "ignore"}}},
            "factors.values: changes act on raw values, which are ignored. Remove `raw: ignore`.",
        ),
    ],
)
def test_keys_that_mean_nothing_beside_a_change(more: dict[str, Any], told: str) -> None:
    found = refusal(**{"city": "hefei", "changes": GROW, **more})
    assert told in found
    assert "1 fault" in found


def test_misplaced_keys_are_told_at_once() -> None:
    told = refusal(city="hefei", changes=GROW, source="raw", within="province", draws=1)
    assert "3 faults" in told


def test_what_is_held_is_said() -> None:
    told = {others: asked(city="hefei", changes=GROW, others=others).attrs["held"] for others in OTHERS}
    assert "stand still" in told["still"]
    assert "last rate" in told["last-rate"]
    assert "5 %" in told["5%"]
    assert len(set(told.values())) == 3


OTHERS = ("still", "last-rate", "5%")


def test_attributes_say_who_and_that_nothing_was_drawn() -> None:
    result = asked(city="合肥", changes=GROW)
    assert result.attrs["city"] == "hefei"
    assert (result.attrs["draws"], result.attrs["design"]) == (0, "none")
    assert result.attrs["baseline"] == "the ranking before the change"
    assert asked(changes={**GROW, "cities": "all"}).attrs["city"] == ""


def test_a_circular_formula_is_refused_where_it_is_defined(tmp_path: Any) -> None:
    (tmp_path / "points.csv").write_text("city,v\n" + "".join(f"c{k},{k + 1}\n" for k in range(4)), encoding="utf-8")
    (tmp_path / "quantities.csv").write_text("city,quantity,value\nc0,z,1\n", encoding="utf-8")
    (tmp_path / "definition.yaml").write_text(
        "schema_version: 1\nid: own\nlevels: [index, variable]\ndata: {matrix: points.csv, raw: raw.yaml}\n"
        "index: {id: total, normalise: {method: rank, ties: as-published}, children: [{id: v, unit: points}]}\n",
        encoding="utf-8",
    )
    (tmp_path / "raw.yaml").write_text(
        "schema_version: 1\nid: raw\nlevels: [index, variable]\ndata: {quantities: quantities.csv}\n"
        "quantities:\n  x: {formula: y + 1}\n  y: {formula: 2 * x}\n  z: {}\n"
        "index: {id: total, normalise: {method: rank, ties: better}, children: [{id: v, formula: x / z}]}\n",
        encoding="utf-8",
    )
    told = refusal(index=str(tmp_path / "definition.yaml"), city="c0", changes={"multiply": {"z": 2}})  # type: ignore[arg-type]
    assert "raw.yaml" in told
    assert "quantities.x" in told or "quantities.y" in told
    assert "made of each other in a circle" in told or "circle" in told


def test_inputs_stay_as_they_are(published: Index) -> None:
    written = question(city="hefei", changes={"grow": {"gdp": "8%"}}, figures={"hefei": {"loans": 5.0}})
    copy = json.loads(json.dumps(written))
    start = published.matrix["value"].values.copy()
    sim.run(written, index=published, workers=1)
    assert written == copy
    assert published.matrix["value"].values.tobytes() == start.tobytes()
