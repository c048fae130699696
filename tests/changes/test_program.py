"""Changes, the others and spillover, carried out on quantities: closed forms on small indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from what_ifs import NAN, Array, Asked, economy, index_over, programmed, ranked

import simulator as sim
from simulator.changes.figures import gather_figures
from simulator.changes.program import chosen_flags, last_rate, moved_by_places
from simulator.changes.standing import stand
from simulator.index import Index

CITIES = 8


def start(quantity: str) -> list[float]:
    return programmed(economy(), {"multiply": {"gdp": 1}}).of(quantity)


def with_one(values: list[float], city: int, value: float) -> list[float]:
    return [value if k == city else own for k, own in enumerate(values)]


# Single changes.


def test_growing_starts_a_new_year() -> None:
    """GDP times 1 + rate, and its growth, an indicator of its own, becomes the rate in per cent."""
    found = programmed(economy(), {"grow": {"gdp": "8%"}})
    gdp, growth = start("gdp"), start("gdp-growth")
    assert found.of("gdp") == with_one(gdp, 0, gdp[0] * 1.08)
    assert found.of("gdp-growth") == with_one(growth, 0, 8.0)
    assert set(found.changed.value) == {"gdp", "gdp-growth"}


def test_growing_moves_the_year_before_along() -> None:
    found = programmed(economy(), {"grow": {"people": "3%"}})
    people, last = start("people"), start("people-2023")
    assert found.of("people") == with_one(people, 0, people[0] * 1.03)
    assert found.of("people-2023") == with_one(last, 0, people[0])


def test_growing_for_years_is_compound() -> None:
    found = programmed(economy(), {"grow": {"gdp": "8%", "people": "-1%"}, "years": 4})
    assert found.of("gdp")[0] == pytest.approx(start("gdp")[0] * 1.08**4, rel=1e-14)
    assert found.of("gdp-growth")[0] == 8.0
    assert found.of("people")[0] == pytest.approx(start("people")[0] * 0.99**4, rel=1e-14)
    assert found.of("people-2023")[0] == pytest.approx(start("people")[0] * 0.99**3, rel=1e-14)


def test_growing_twice_is_two_years() -> None:
    found = programmed(economy(), {"grow": {"gdp": "8%"}}, {"grow": {"gdp": "5%"}})
    assert found.of("gdp")[0] == pytest.approx(start("gdp")[0] * 1.08 * 1.05, rel=1e-14)
    assert found.of("gdp-growth")[0] == 5.0


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"multiply": {"gdp": 1.08}}, lambda x: x * 1.08),
        ({"multiply": {"gdp": "105%"}}, lambda x: x * 1.05),
        ({"add": {"gdp": 12.5}}, lambda x: x + 12.5),
        ({"add": {"gdp": -12.5}}, lambda x: x - 12.5),
        ({"set": {"gdp": 77}}, lambda x: 77.0),
    ],
)
def test_other_changes_leave_growth_alone(written: dict[str, Any], expected: Any) -> None:
    found = programmed(economy(), written)
    gdp = start("gdp")
    assert found.of("gdp") == with_one(gdp, 0, expected(gdp[0]))
    assert set(found.changed.value) == {"gdp"}


def test_changes_come_one_after_the_other() -> None:
    """Within one change: grow, multiply, add, set, move, match; then the next change."""
    gdp = start("gdp")
    once = programmed(economy(), {"add": {"gdp": 10}, "multiply": {"gdp": 2}})
    assert once.of("gdp")[0] == gdp[0] * 2.0 + 10.0
    listed = programmed(economy(), {"add": {"gdp": 10}}, {"multiply": {"gdp": 2}})
    assert listed.of("gdp")[0] == (gdp[0] + 10.0) * 2.0


def test_changes_of_several_cities() -> None:
    found = programmed(
        economy(), {"cities": ["c1", "c3"], "add": {"gdp": 1}}, {"cities": "all", "multiply": {"gdp": 2}}
    )
    gdp = start("gdp")
    assert found.of("gdp") == [2.0 * (own + (k in (1, 3))) for k, own in enumerate(gdp)]


def test_a_quantity_moves_among_those_of_whom_it_is_known() -> None:
    values = [10.0, 20.0, NAN, 40.0, 50.0, 60.0, 70.0]
    index = index_over({"a-x": ranked([1, 2, 3, 4, 5, 6, 7])}, {"x": values, "y": values}, {"a-x": {"formula": "y"}})
    moved = programmed(index, {"move": {"x": "2 places"}}).of("x")
    assert moved[0] == 45.0
    assert moved[3:] == values[3:]
    down = programmed(index, {"move": {"x": "-1 place"}}, city="c4").of("x")
    assert down[4] == 30.0
    spread = programmed(index, {"move": {"x": "0.5 sd"}}).of("x")
    told = np.array([10.0, 20.0, 40.0, 50.0, 60.0, 70.0])
    assert spread[0] == pytest.approx(10.0 + 0.5 * told.std(ddof=1))


def test_a_quantity_matches_its_peers() -> None:
    values = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]
    behind = {"a-x": {"formula": "x"}}
    index = index_over({"a-x": ranked(values)}, {"x": values, "y": values}, behind)
    assert programmed(index, {"match": {"y": "best"}, "peers": ["c1", "c2"]}).of("y")[0] == 30.0
    assert programmed(index, {"match": {"y": "median"}, "peers": ["c1", "c2", "c3", "c6"]}).of("y")[0] == 35.0
    assert programmed(index, {"match": {"y": "median"}}, city="c6").of("y")[6] == 40.0


# Moves by places, beside a plain loop.


def moved_by_hand(values: list[float], city: int, places: int) -> tuple[set[int], set[int]]:
    """Return whom one city ends up above or level with, and whom below, by counting."""
    others = [k for k in range(len(values)) if k != city]
    ahead = sorted((k for k in others if values[k] >= values[city]), key=lambda k: values[k])
    if not ahead or places == 0:
        above = {k for k in others if values[k] < values[city]}
        return above, {k for k in others if values[k] > values[city]}
    last = values[ahead[min(places, len(ahead)) - 1]]
    return {k for k in others if values[k] <= last}, {k for k in others if values[k] > last}


@given(
    values=st.lists(st.integers(1, 9).map(float), min_size=2, max_size=9),
    city=st.integers(0, 8),
    places=st.integers(0, 10),
)
def test_a_city_passes_as_many_as_it_is_told_and_whole_tied_groups(values: list[float], city: int, places: int) -> None:
    city %= len(values)
    flags = np.arange(len(values)) == city
    found = moved_by_places(np.array([values]), flags, places)[0]
    assert [v for k, v in enumerate(found) if k != city] == [v for k, v in enumerate(values) if k != city]
    above, below = moved_by_hand(values, city, places)
    if places == 0 or all(values[k] < values[city] for k in range(len(values)) if k != city):
        assert found[city] == values[city]
    else:
        assert {k for k in above | below if found[k] < found[city]} == above
        assert {k for k in above | below if found[k] > found[city]} == below
    mirrored = -moved_by_places(-np.array([values]), flags, -places)[0]
    assert mirrored.tolist() == found.tolist()


@given(
    values=st.lists(st.integers(1, 30).map(float), min_size=4, max_size=9, unique=True),
    count=st.integers(2, 3),
    places=st.integers(1, 5),
)
def test_movers_keep_their_order_among_each_other(values: list[float], count: int, places: int) -> None:
    flags = np.arange(len(values)) < count
    found = moved_by_places(np.array([values]), flags, places)[0]
    own = np.argsort(values[:count])
    assert (np.diff(found[:count][own]) >= 0.0).all()
    assert (found >= np.array(values)).all()


def test_cities_that_are_all_level_come_apart() -> None:
    """One place up of nine cities that are level is to stand above the other eight, whatever the unit."""
    for level in (5.0, 0.0, -3.0, 1e9, 1e-9):
        values = np.full((1, 9), level)
        found = moved_by_places(values, np.arange(9) == 4, 1)[0]
        assert (found[4] > np.delete(found, 4)).all()


# The others.


def test_the_others_stand_still() -> None:
    found = programmed(economy(), {"grow": {"gdp": "8%"}})
    for quantity in ("gdp", "gdp-growth"):
        assert found.of(quantity)[1:] == start(quantity)[1:]


def test_the_others_grow_at_a_rate() -> None:
    found = programmed(economy(), {"cities": ["c0", "c2"], "grow": {"gdp": "8%"}}, others="5%")
    for k, (own, gdp) in enumerate(zip(found.of("gdp"), start("gdp"), strict=True)):
        assert own == pytest.approx(gdp * (1.08 if k in (0, 2) else 1.05), rel=1e-14)
    assert found.of("gdp-growth") == pytest.approx([8.0 if k in (0, 2) else 5.0 for k in range(CITIES)])


def test_the_others_grow_at_their_own_last_rates() -> None:
    found = programmed(economy(), {"grow": {"gdp": "8%", "people": "2%"}}, others="last-rate")
    gdp, growth, people, last = (start(q) for q in ("gdp", "gdp-growth", "people", "people-2023"))
    for k in range(1, CITIES):
        assert found.of("gdp")[k] == pytest.approx(gdp[k] * (1.0 + growth[k] / 100.0), rel=1e-14)
        # The rate of the new year is that of the last one: growth stays as it was, to the bit.
        assert found.of("gdp-growth")[k] == growth[k]
        assert found.of("people")[k] == pytest.approx(people[k] * people[k] / last[k], rel=1e-14)
        assert found.of("people-2023")[k] == people[k]


def test_the_others_grow_for_as_many_years() -> None:
    """Five years of one city are five years of all."""
    found = programmed(economy(), {"grow": {"gdp": "8%"}, "years": 5}, others="5%")
    gdp = start("gdp")
    assert found.of("gdp")[0] == pytest.approx(gdp[0] * 1.08**5, rel=1e-14)
    assert found.of("gdp")[1:] == pytest.approx([own * 1.05**5 for own in gdp[1:]], rel=1e-14)


def test_who_grows_in_one_quantity_is_an_other_in_the_next() -> None:
    found = programmed(
        economy(), {"cities": "c0", "grow": {"gdp": "8%"}}, {"cities": "c1", "grow": {"people": "4%"}}, others="1%"
    )
    gdp, people = start("gdp"), start("people")
    assert found.of("gdp")[:2] == pytest.approx([gdp[0] * 1.08, gdp[1] * 1.01], rel=1e-14)
    assert found.of("people")[:2] == pytest.approx([people[0] * 1.01, people[1] * 1.04], rel=1e-14)


def test_the_last_rate_of_the_changed_city_itself() -> None:
    found = programmed(economy(), {"grow": {"gdp": "last"}})
    assert found.of("gdp")[0] == pytest.approx(start("gdp")[0] * (1.0 + start("gdp-growth")[0] / 100.0), rel=1e-14)
    assert found.of("gdp-growth") == start("gdp-growth")


def test_last_rates_of_the_bundled_index() -> None:
    """From the growth that is published, or the population of the year before; never from GDP over GDP of 2023."""
    index = sim.load_index("opportunity-2025")
    assert index.raw is not None
    figures = gather_figures(stand(index), {})
    assert figures is not None
    table = index.raw.quantities["value"].sel(city=index.cities).to_pandas()
    np.testing.assert_array_equal(last_rate(figures, "gdp"), table["gdp-growth"] / 100.0)
    np.testing.assert_array_equal(
        last_rate(figures, "population"), table["population"] / table["population-2023"] - 1.0
    )
    retail = last_rate(figures, "retail-sales")
    assert (np.isfinite(retail) == table["retail-growth"].notna().to_numpy()).all()
    for unknown in ("deposits", "loans", "exports", "imports", "technology-contracts", "students", "high-tech-firms"):
        assert np.isnan(last_rate(figures, unknown)).all()
    revised = table["gdp"] / table["gdp-2023"] - 1.0
    assert (np.abs(last_rate(figures, "gdp") - revised) > 0.005).sum() > 10


# Spillover.


def spilt(*flows: dict[str, Any], changes: dict[str, Any] | None = None, others: Any = "still") -> Asked:
    written = changes or {"cities": ["c0", "c1"], "grow": {"gdp": "8%"}}
    return programmed(economy(), written, spillover=flows, others=others)


def test_a_core_s_gain_reaches_its_satellites() -> None:
    """Three tenths of 8 % in the level, three tenths of the points of growth above what it was."""
    found = spilt({"from": "c0", "to": ["c2", "c3"], "share": "30%"}, changes={"grow": {"gdp": "8%"}})
    gdp, growth = start("gdp"), start("gdp-growth")
    for k in range(CITIES):
        reached = k in (2, 3)
        level = 1.08 if k == 0 else 1.0 + 0.3 * 0.08 if reached else 1.0
        points = 8.0 if k == 0 else growth[k] + (0.3 * (8.0 - growth[0]) if reached else 0.0)
        assert found.of("gdp")[k] == pytest.approx(gdp[k] * level, rel=1e-14)
        assert found.of("gdp-growth")[k] == pytest.approx(points, rel=1e-14)


def test_gains_of_several_add_up_and_none_is_passed_on() -> None:
    """In a network of three: each gets a share of the gains of the other two, of those made on purpose alone."""
    found = spilt({"among": ["c0", "c1", "c2"], "share": 0.5})
    gdp, growth = start("gdp"), start("gdp-growth")
    gains = [8.0 - growth[0], 8.0 - growth[1], 0.0]
    for k in range(3):
        arriving = 0.5 * sum(gain for j, gain in enumerate(gains) if j != k)
        level = (1.08 if k < 2 else 1.0) * (1.0 + 0.5 * 0.08 * (1 if k < 2 else 2))
        assert found.of("gdp")[k] == pytest.approx(gdp[k] * level, rel=1e-14)
        assert found.of("gdp-growth")[k] == pytest.approx((8.0 if k < 2 else growth[k]) + arriving, rel=1e-14)
    assert found.of("gdp")[3:] == gdp[3:]


def test_two_flows_add_up() -> None:
    found = spilt(
        {"from": "c0", "to": "c2", "share": 0.25},
        {"from": ["c0", "c1"], "to": ["c2", "c4"], "share": 0.5},
        changes={"cities": ["c0", "c1"], "multiply": {"gdp": 1.2}},
    )
    gdp = start("gdp")
    assert found.of("gdp")[2] == pytest.approx(gdp[2] * (1.0 + 0.25 * 0.2 + 0.5 * 0.4), rel=1e-14)
    assert found.of("gdp")[4] == pytest.approx(gdp[4] * (1.0 + 0.5 * 0.4), rel=1e-14)
    assert "gdp-growth" not in found.changed.value


def test_satellites_do_not_pass_on() -> None:
    found = spilt(
        {"from": "c0", "to": "c2", "share": 0.5},
        {"from": "c2", "to": "c3", "share": 0.5},
        changes={"multiply": {"gdp": 1.2}},
    )
    assert found.of("gdp")[2] == pytest.approx(start("gdp")[2] * 1.1, rel=1e-14)
    assert found.of("gdp")[3:] == start("gdp")[3:]


def test_a_loss_spills_over_too() -> None:
    found = spilt({"from": "c0", "to": "c1", "share": 1.0}, changes={"multiply": {"gdp": 0.9}})
    assert found.of("gdp")[1] == pytest.approx(start("gdp")[1] * 0.9, rel=1e-14)


def test_no_city_reaches_itself() -> None:
    found = spilt({"from": "c0", "to": "all", "share": 1.0}, changes={"multiply": {"gdp": 1.5}})
    assert found.of("gdp") == pytest.approx([own * 1.5 for own in start("gdp")], rel=1e-14)


def test_where_the_others_grow_the_gain_is_what_lies_above_their_rate() -> None:
    """Grown 8 % where 5 % was the rate of all: 1.08 / 1.05 - 1 in the level and 3 points in the growth spill over."""
    found = spilt({"from": "c0", "to": "c2", "share": 0.5}, changes={"grow": {"gdp": "8%"}}, others="5%")
    gdp = start("gdp")
    assert found.of("gdp")[2] == pytest.approx(gdp[2] * 1.05 * (1.0 + 0.5 * (1.08 / 1.05 - 1.0)), rel=1e-13)
    assert found.of("gdp")[3] == pytest.approx(gdp[3] * 1.05, rel=1e-13)
    assert found.of("gdp-growth")[2:4] == pytest.approx([5.0 + 0.5 * 3.0, 5.0], rel=1e-13)


def test_at_last_rates_the_gain_is_what_lies_above_the_city_s_own() -> None:
    found = spilt({"from": "c0", "to": "c2", "share": 0.5}, changes={"grow": {"gdp": "8%"}}, others="last-rate")
    gdp, growth = start("gdp"), start("gdp-growth")
    own, satellite = 1.0 + growth[0] / 100.0, 1.0 + growth[2] / 100.0
    assert found.of("gdp")[2] == pytest.approx(gdp[2] * satellite * (1.0 + 0.5 * (1.08 / own - 1.0)), rel=1e-13)
    assert found.of("gdp-growth")[2] == pytest.approx(growth[2] + 0.5 * (8.0 - growth[0]), rel=1e-13)


def test_over_years_the_gain_is_over_as_many_years_of_the_others() -> None:
    found = spilt({"from": "c0", "to": "c2", "share": 0.5}, changes={"grow": {"gdp": "8%"}, "years": 3}, others="5%")
    gain = (1.08 / 1.05) ** 3 - 1.0
    assert found.of("gdp")[2] == pytest.approx(start("gdp")[2] * 1.05**3 * (1.0 + 0.5 * gain), rel=1e-13)


def test_a_rate_of_growth_that_is_set_spills_over_in_points() -> None:
    growth = start("gdp-growth")
    for written in ({"set": {"gdp-growth": growth[0] + 4.0}}, {"add": {"gdp-growth": 4.0}}):
        found = spilt({"from": "c0", "to": "c2", "share": 0.5}, changes=written)
        assert found.of("gdp-growth")[2] == pytest.approx(growth[2] + 2.0, rel=1e-13)
        assert found.of("gdp") == start("gdp")


def test_growth_that_is_corrected_afterwards_spills_over_once() -> None:
    found = spilt({"from": "c0", "to": "c2", "share": 0.5}, changes={"grow": {"gdp": "8%"}, "set": {"gdp-growth": 7.0}})
    growth = start("gdp-growth")
    assert found.of("gdp-growth")[2] == pytest.approx(growth[2] + 0.5 * (7.0 - growth[0]), rel=1e-13)


def counted() -> Index:
    """Return an index of counts, some of which are nought, and of which one city's is not known."""
    counts = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, NAN]
    return index_over({"a-x": ranked(range(7))}, {"x": counts, "y": counts}, {"a-x": {"formula": "y"}})


def test_gains_of_others_spill_over_where_somebody_has_nought() -> None:
    found = programmed(
        counted(), {"multiply": {"x": 2}}, city="c3", spillover=[{"from": "c3", "to": ["c0", "c4"], "share": 0.5}]
    )
    assert found.of("x")[:6] == [0.0, 1.0, 2.0, 6.0, 6.0, 5.0]


def test_spillover_reaches_the_unknown_as_a_ratio() -> None:
    found = programmed(
        counted(), {"multiply": {"x": 2}}, city="c3", spillover=[{"from": "c3", "to": "c6", "share": 0.5}]
    )
    assert found.of("x")[6] == 1.5


# Who.


def test_cities_by_name_attribute_or_all() -> None:
    index = sim.load_index("opportunity-2025")
    matrix = index.matrix
    assert chosen_flags(matrix, "all").all()
    assert not chosen_flags(matrix, None).any()
    assert [index.cities[k] for k in np.flatnonzero(chosen_flags(matrix, ("合肥", "Nanjing")))] == ["nanjing", "hefei"]
    delta = chosen_flags(matrix, {"cluster": "yangtze-delta"})
    assert (delta == (matrix["cluster"].values == "yangtze-delta")).all()
    assert delta.any()


# What is drawn.


class Book:
    """Uniform numbers that are the same for a name each time, and note what was asked."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[tuple[str, int]] = []

    def __call__(self, name: str, count: int) -> Array:
        self.asked.append((name, count))
        return (np.arange(self.size * count).reshape(self.size, count) + 0.5) / (self.size * count)


def test_uncertain_amounts_are_drawn_once_for_all_cities_of_a_change_and_once_for_each_other() -> None:
    book = Book(4)
    found = programmed(
        economy(),
        {"cities": ["c0", "c1"], "grow": {"gdp": {"low": "4%", "high": "8%"}}, "add": {"people": 1}},
        others={"low": 0, "high": "2%"},
        spillover=[{"from": "c0", "to": "c2", "share": {"low": 0, "high": 1}}],
        uniforms=book,
    )
    assert book.asked == [("change 0 gdp", 1), ("others gdp", 8), ("spillover 0", 1)]
    gdp = np.array(start("gdp"))
    rate = 0.04 + 0.04 * (np.arange(4) + 0.5) / 4
    ratio = found.changed.of("gdp") / gdp
    assert ratio.shape == (4, 8)
    np.testing.assert_allclose(ratio[:, :2], np.repeat(1.0 + rate[:, np.newaxis], 2, axis=1), rtol=1e-14)
    other = 0.02 * (np.arange(32).reshape(4, 8) + 0.5) / 32
    np.testing.assert_allclose(ratio[:, 3:], 1.0 + other[:, 3:], rtol=1e-14)
    share = (np.arange(4) + 0.5) / 4
    gain = (1.0 + rate) / 1.01 - 1.0
    np.testing.assert_allclose(ratio[:, 2], (1.0 + other[:, 2]) * (1.0 + share * gain), rtol=1e-13)


def test_nothing_certain_asks_for_numbers() -> None:
    book = Book(4)
    found = programmed(economy(), {"grow": {"gdp": "8%"}}, others="last-rate", uniforms=book)
    assert book.asked == []
    assert found.changed.of("gdp").shape == (1, 8)


def test_where_nothing_is_drawn_an_amount_is_at_its_mean() -> None:
    found = programmed(economy(), {"grow": {"gdp": {"low": 0, "mode": "1%", "high": "8%"}}})
    assert found.of("gdp")[0] == pytest.approx(start("gdp")[0] * 1.03, rel=1e-14)
    assert not found.program.certain
    assert found.program.changed.tolist() == [True] + [False] * 7


@given(data=st.data())
def test_several_movers_keep_their_order_and_each_passes_as_many(data: st.DataObject) -> None:
    """Level movers stay level; who does not move stays; each passes at least so many that do not move."""
    values = data.draw(st.lists(st.integers(0, 12).map(float), min_size=3, max_size=9))
    flags = np.array(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))))
    places = data.draw(st.integers(1, 4))
    found = moved_by_places(np.array([values]), flags, places)[0]
    start = np.array(values)
    assert (found[~flags] == start[~flags]).all()
    own = np.sign(np.subtract.outer(start[flags], start[flags]))
    assert (np.sign(np.subtract.outer(found[flags], found[flags])) == own).all()
    for k in np.flatnonzero(flags):
        ahead, left = (start[~flags] >= start[k]).sum(), (start[~flags] >= found[k]).sum()
        assert left <= max(ahead - places, 0)
        assert (found[k] == start[k]) == (ahead == 0)
