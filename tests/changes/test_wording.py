"""A what-if in the words of a scenario: what is read, what is refused and with which remedy."""

from __future__ import annotations

from typing import Any

import pytest
from what_ifs import scenario_of

from simulator.changes.wording import Change, Reach, Spillover, Step
from simulator.errors import InputError


def change(**more: Any) -> Change:
    (found,) = scenario_of(city="hefei", changes=more).changes
    return found


def refused(**more: Any) -> str:
    with pytest.raises(InputError) as caught:
        scenario_of(**{"city": "hefei", **more})
    return str(caught.value)


def refused_change(**more: Any) -> str:
    return refused(changes=more)


def test_one_change_may_stand_without_a_list() -> None:
    assert scenario_of(changes={"add": {"gdp": 5}}) == scenario_of(changes=[{"add": {"gdp": 5}}])
    one = {"from": "hefei", "to": ["wuhu", "luan"], "share": "30%"}
    assert scenario_of(spillover=one) == scenario_of(spillover=[one])


def test_a_scenario_without_changes_asks_nothing() -> None:
    assert not scenario_of().asks_what_if
    assert scenario_of(changes={"add": {"gdp": 5}}).asks_what_if
    assert scenario_of(reach={"rank": 3}).asks_what_if


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("hefei", ("hefei",)),
        (["hefei", "luan"], ("hefei", "luan")),
        ("all", "all"),
        ({"cluster": "yangtze-delta"}, {"cluster": "yangtze-delta"}),
    ],
)
def test_cities_are_one_several_all_or_by_attribute(written: Any, read: Any) -> None:
    assert change(cities=written, add={"gdp": 1}).cities == read
    assert change(peers=written, match={"gdp": "best"}).peers == read


@pytest.mark.parametrize(
    ("written", "step"),
    [
        (3, Step(places=3)),
        (-2, Step(places=-2)),
        (0, Step(places=0)),
        ("3 places", Step(places=3)),
        ("1 place", Step(places=1)),
        ("+4", Step(places=4)),
        (" -3 places ", Step(places=-3)),
        ("0.5 sd", Step(sd=0.5)),
        ("-1.25sd", Step(sd=-1.25)),
        ("2 sds", Step(sd=2.0)),
        (".5 sd", Step(sd=0.5)),
        ({"places": 7}, Step(places=7)),
        ({"sd": -0.5}, Step(sd=-0.5)),
    ],
)
def test_moves_are_by_places_or_standard_deviations(written: Any, step: Step) -> None:
    assert change(move={"rd-intensity": written}).move["rd-intensity"] == step


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("up", "'up' is no move. Write 3 places, or 0.5 sd; downwards -3 places."),
        ("3 rungs", "'3 rungs' is no move"),
        ("3%", "'3%' is no move"),
        ("1.5 places", "move.rd-intensity: '1.5' does not fit here. Give a whole number."),
        (1.5, "move.rd-intensity"),
        (True, "move.rd-intensity"),
        ({}, "a move is by places or by sd. Write 3 places, or 0.5 sd."),
        ({"places": 1, "sd": 1}, "a move is by places or by sd"),
        ("11 sd", "move.rd-intensity: 11.0 is out of range. Give a number not above 10."),
        ({"sd": float("nan")}, "move.rd-intensity.sd"),
    ],
)
def test_what_is_no_move(written: Any, told: str) -> None:
    assert told in refused_change(move={"rd-intensity": written})


RATES = [
    (-1.5, "a growth of -150 % leaves nothing, or less. Give more than -100 %."),
    ("-100%", "a growth of -100 % leaves nothing, or less. Give more than -100 %."),
    ({"low": "-120%", "high": 0}, "a growth of -120 % leaves nothing, or less."),
    ({"mean": 0.0, "sd": 0.2}, "a growth of -160 % leaves nothing, or less."),
    (
        8,
        "a growth of 800 % more than doubles it in a year. Eight per cent are 8% or 0.08; for another level take mul",
    ),
    ({"low": 0, "high": 2}, "a growth of 200 % more than doubles it in a year."),
]


@pytest.mark.parametrize(("written", "told"), RATES)
def test_rates_that_no_year_brings(written: Any, told: str) -> None:
    found = refused_change(grow={"gdp": written})
    assert told in found
    assert "grow.gdp" in found
    assert told.partition(". ")[0] in refused(changes={"add": {"gdp": 1}}, others=written)


def test_rates_at_the_edge() -> None:
    assert change(grow={"gdp": "100%"}).grow["gdp"].middle() == 1.0
    assert change(grow={"gdp": "-99%"}).grow["gdp"].middle() == -0.99
    assert change(grow={"gdp": 0}).grow["gdp"].middle() == 0.0


@pytest.mark.parametrize("written", [0, -1, {"low": 0, "high": 2}, {"mean": 1, "sd": 0.2}, "last", "0%", "-5%"])
def test_factors_are_above_nought(written: Any) -> None:
    told = refused_change(multiply={"gdp": written})
    assert "changes.multiply.gdp: " in told
    assert "cannot multiply by" in told or "times what it was" in told


@pytest.mark.parametrize("kind", ["add", "set"])
@pytest.mark.parametrize("written", ["5%", "5 ％", {"mean": "5%"}, {"mean": 3, "sd": "5%"}, {"low": 1, "high": "5%"}])
def test_no_percentage_where_a_figure_in_its_unit_is_meant(kind: str, written: Any) -> None:
    told = refused_change(**{kind: {"gdp": written}})
    assert "is a percentage, and this is in the unit of the quantity. Give a number." in told
    assert f"{kind}.gdp" in told


@pytest.mark.parametrize("kind", ["add", "set"])
def test_no_last_rate_where_a_figure_is_meant(kind: str) -> None:
    told = refused_change(**{kind: {"gdp": "last"}})
    assert "`last` is a rate of growth. Give a number in the unit of the quantity." in told


@pytest.mark.parametrize("share", [1.5, "101%", -0.1, {"low": 0.5, "high": 1.2}, {"mean": 0.5, "sd": 0.1}, "last"])
def test_shares_lie_between_nought_and_one(share: Any) -> None:
    spill = {"from": "hefei", "to": "nanjing", "share": share}
    told = refused(changes={"add": {"gdp": 5}}, spillover=spill)
    assert "is no share. Give 0 to 1, such as 0.3 or 30%." in told
    assert "share" in told


@pytest.mark.parametrize(
    "written",
    [
        {"from": "hefei"},
        {"to": "hefei"},
        {},
        {"among": ["hefei", "nanjing"], "from": "hefei"},
        {"among": ["hefei", "nanjing"], "to": "hefei"},
        {"among": ["hefei"], "from": "hefei", "to": "nanjing"},
    ],
)
def test_spillover_is_of_one_kind(written: dict[str, Any]) -> None:
    told = refused(changes={"add": {"gdp": 5}}, spillover={"share": 0.5, **written})
    assert "Give `from` and `to`, or `among`." in told


def test_spillover_as_read() -> None:
    core, network = scenario_of(
        changes={"add": {"gdp": 5}},
        spillover=[{"from": "hefei", "to": "all", "share": "30%"}, {"among": {"cluster": "x"}, "share": 1}],
    ).spillover
    assert isinstance(core, Spillover)
    assert (core.source, core.to, core.among, core.share.middle()) == (("hefei",), "all", None, 0.3)
    assert (network.source, network.to, network.among) == (None, None, {"cluster": "x"})


def test_what_the_others_do() -> None:
    assert scenario_of().others == "still"
    for word in ("last", "last-rate"):
        rate = scenario_of(others=word).others
        assert not isinstance(rate, str)
        assert rate.last
    uncertain = scenario_of(others={"mean": "5%", "sd": "1%"}).others
    assert not isinstance(uncertain, str)
    assert (uncertain.middle(), uncertain.sd) == (0.05, 0.01)
    assert "others" in refused(changes={"add": {"gdp": 1}}, others="asleep")


def test_a_change_that_changes_nothing() -> None:
    told = refused_change(cities="hefei")
    assert "nothing is changed. Add grow, multiply, add, set, move or match." in told
    assert "nothing is changed" in refused_change(grow={})


def test_years_are_those_of_growth() -> None:
    assert change(grow={"gdp": "8%"}, years=5).years == 5
    assert "`years` without growth. Add grow, or remove years." in refused_change(add={"gdp": 1}, years=2)
    for years in (0, 51, 1.5):
        assert "years" in refused_change(grow={"gdp": "8%"}, years=years)


def test_matches_are_best_or_median() -> None:
    assert change(match={"gdp": "best"}).match == {"gdp": "best"}
    assert "match.gdp" in refused_change(match={"gdp": "mean"})


def test_unknown_keys_are_named_with_the_nearest() -> None:
    assert "grwo" in refused_change(grwo={"gdp": "8%"})
    assert "Did you mean grow" in refused_change(grwo={"gdp": "8%"})


def test_faults_are_told_at_once() -> None:
    told = refused(
        changes=[{"grow": {"gdp": 8}}, {"add": {"gdp": "5%"}}, {"move": {"x": "up"}}],
        spillover={"from": "a", "to": "b", "share": 2},
    )
    assert "4 faults" in told
    for place in ("changes[0].grow.gdp", "changes[1].add.gdp", "changes[2].move.x", "spillover"):
        assert place in told


def reach(**more: Any) -> Reach:
    found = scenario_of(city="hefei", reach={"rank": 10, **more}).reach
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("written", "amount", "per"),
    [
        (5, 5.0, "place"),
        ("20/sd", 20.0, "sd"),
        ("/unit", 1.0, "unit"),
        ("7", 7.0, "place"),
        ({"amount": 2, "per": "unit"}, 2.0, "unit"),
    ],
)
def test_prices(written: Any, amount: float, per: str) -> None:
    for price in (reach(price=written).price, reach(prices={"rd-intensity": written}).prices["rd-intensity"]):
        assert (price.amount, price.per) == (amount, per)


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"rank": 0}, "reach.rank"),
        ({"price": 0}, "reach.price"),
        ({"price": "5/mile"}, "reach.price"),
        ({"ceiling": 0}, "reach.ceiling"),
        ({"plans": 0}, "reach.plans"),
        ({"margin": -1}, "reach.margin"),
        ({"only": []}, "reach.only"),
    ],
)
def test_targets_that_are_none(more: dict[str, Any], place: str) -> None:
    assert place in refused(reach={"rank": 10, **more})
