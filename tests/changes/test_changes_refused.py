"""What-ifs that do not fit their index: refused before anything is drawn, with place and remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from what_ifs import NAN, economy, index_over, question, ranked, refusal

import simulator as sim
from simulator.errors import InputError
from simulator.index import Index

GROW = {"grow": {"gdp": "8%"}}


def plain() -> Index:
    tree = {"id": "total", "normalise": "z-score", "children": [{"id": "a"}, {"id": "b", "direction": "lower"}]}
    frame = pd.DataFrame({"a": [5.0, 1.0, 3.0, 8.0], "b": [1.0, 2.0, 3.0, 4.0]}, index=[f"c{k}" for k in range(4)])
    return sim.build_index({"schema_version": 1, "id": "own", "levels": ["i", "l"], "index": tree}, frame)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"changes": {"grow": {"gpd": "8%"}}},
            ("changes.grow.gpd: no quantity 'gpd'. Did you mean gdp",),
        ),
        (
            {"changes": {"move": {"rd-intensty": 3}}},
            ("changes.move.rd-intensty: no quantity or variable 'rd-intensty'. Did you mean rd-intensity",),
        ),
        (
            {"changes": {"grow": {"rd-intensity": "8%"}}},
            (
                "changes.grow.rd-intensity: rd-intensity is a variable, and only a quantity can grow",
                "Change a quantity it is made of, or take `move: {rd-intensity: 3 places}`.",
            ),
        ),
        (
            {"changes": {"add": {"rd-expenditure": 5}}},
            ("rd-expenditure of hefei is not bundled. Give it", "`figures`", "or take grow or multiply."),
        ),
        (
            {"changes": {"move": {"rd-expenditure": 5}}},
            ("rd-expenditure of hefei is not bundled.",),
        ),
        (
            {"changes": {"grow": {"deposits": "last"}}},
            ("no last rate of deposits is known of hefei. Give a rate, such as 5%.",),
        ),
        (
            {"changes": {"grow": {"deposits": "5%"}}, "others": "last-rate"},
            ("others: no last rate of deposits is known of", "Give a rate, such as 5%, or let the others stand still."),
        ),
        (
            {"changes": {"multiply": {"gdp": 1.1}}, "others": "5%"},
            (
                "others: the others grow in whatever is grown, and nothing is.",
                "Grow a quantity, or let them stand still.",
            ),
        ),
        (
            {"changes": {"move": {"rd-intensity": 3}}, "spillover": {"among": ["hefei", "wuxi"], "share": 0.5}},
            ("spillover: gains of quantities spill over, and none is changed. Change a quantity, or remove it.",),
        ),
        ({"changes": {"match": {"loans-2023": "best"}}}, ("nothing says that more of loans-2023 is better",)),
    ],
)
def test_changes_that_do_not_fit(more: dict[str, Any], told: tuple[str, ...]) -> None:
    found = refusal(city="hefei", **more)
    for part in told:
        assert part in found
    assert "scenario: 1 fault" in found


def test_last_rates_name_the_cities_that_lack_them() -> None:
    """Of retail sales a growth is known for 46 cities; never is a figure of the year before taken in its place."""
    told = refusal(city="hefei", changes={"grow": {"retail-sales": "5%"}}, others="last-rate")
    index = sim.load_index("opportunity-2025")
    assert index.raw is not None
    growth = index.raw.quantities["value"].sel(quantity="retail-growth", city=index.cities)
    lost = [city for city in growth["city"].values[np.isnan(growth.values)].tolist() if city != "hefei"]
    assert len(lost) == 14 - bool(np.isnan(growth.sel(city="hefei")))
    assert lost[0] in told
    gdp = refusal(city="hefei", changes={"grow": {"gdp": "5%", "students": "5%"}}, others="last-rate")
    assert "no last rate of students" in gdp
    assert "no last rate of gdp" not in gdp


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"city": "hefi", "changes": GROW}, "city: 'hefi': no such city. Did you mean hefei"),
        ({"changes": GROW}, "nobody is named whose figures change. Give `city`, or `cities` here."),
        ({"city": "hefei", "changes": {**GROW, "cities": ["nanjng"]}}, "'nanjng': no such city. Did you mean nanjing"),
        ({"city": "hefei", "changes": {**GROW, "cities": {"cluster": "moon"}}}, "moon"),
        (
            {"city": "hefei", "changes": {"match": {"rd-intensity": "best"}, "peers": ["nanjng"]}},
            "'nanjng': no such city",
        ),
        ({"city": "hefei", "changes": GROW, "spillover": {"from": "hefi", "to": "wuxi", "share": 1}}, "'hefi'"),
        ({"city": "hefei", "changes": GROW, "spillover": {"from": "hefei", "to": "wuxy", "share": 1}}, "'wuxy'"),
        ({"city": "hefei", "changes": GROW, "spillover": {"among": ["wuxy"], "share": 1}}, "'wuxy'"),
        (
            {"city": "hefei", "changes": GROW, "cities": ["nanjing", "wuxi", "suzhou"]},
            "city: 'hefei': no such city",
        ),
        (
            {"city": "wuxi", "changes": {**GROW, "cities": "hefei"}, "cities": ["nanjing", "wuxi", "suzhou"]},
            "'hefei': no such city",
        ),
    ],
)
def test_cities_that_are_not_there(more: dict[str, Any], told: str) -> None:
    found = refusal(**more)
    assert told in found
    assert "1 fault" in found


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ({"hefi": {"loans": 5}}, "figures.hefi: 'hefi': no such city. Did you mean hefei"),
        ({"hefei": {"laons": 5}}, "figures.hefei.laons: no quantity 'laons'. Did you mean loans"),
        (
            {"hefei": {"gdp": 5}},
            "figures.hefei.gdp: this figure is bundled already. Change it by `set`, or remove it here.",
        ),
        ({"hefei": {"loans": "many"}}, "figures.hefei.loans"),
        ({"hefei": {"loans": NAN}}, "figures.hefei.loans"),
        (
            {"hefei": {"loans": 1}, "合肥": {"loans": 2}},
            "loans of hefei is given twice, under several names. Keep one.",
        ),
    ],
)
def test_figures_that_cannot_be_given(figures: dict[str, Any], told: str) -> None:
    assert told in refusal(city="hefei", changes=GROW, figures=figures)


def test_figures_of_one_city_under_two_names_are_put_together() -> None:
    """Both or neither: what is given must not be lost in silence."""
    more: dict[str, Any] = {"city": "hefei", "changes": {"add": {"loans": 1, "deposits": 1}}}
    both = {"hefei": {"loans": 20_000}, "合肥": {"deposits": 30_000}}
    result = sim.run(question(**more, figures=both), workers=1)
    found = result["quantity_before"].sel(city="hefei")
    assert float(found.sel(quantity="loans")) == 20_000
    assert float(found.sel(quantity="deposits")) == 30_000


def test_made_quantities_are_neither_given_nor_changed() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    index = index_over(
        {"a-x": ranked(values)},
        {"x": values},
        {"a-x": {"formula": "twice", "scale": "positive"}},
        {"twice": {"formula": "2 * x"}},
    )
    told = refusal(index, city="c0", changes={"multiply": {"twice": 2}})
    assert "changes.multiply.twice: twice is made by a formula (2 * x). Change the figures it is made of." in told
    told = refusal(index, city="c0", changes={"multiply": {"x": 2}}, figures={"c1": {"twice": 3}})
    assert "figures.c1.twice: twice is made by a formula. Give the figures it is made of." in told


def test_a_gain_from_nought_has_no_per_cent_that_could_spill_over() -> None:
    values = [0.0, 2.0, 3.0, 4.0, 5.0]
    index = index_over({"a-x": ranked(values)}, {"x": values}, {"a-x": {"formula": "x"}})
    spill = {"from": "c0", "to": "c1", "share": 0.5}
    told = refusal(index, city="c0", changes={"add": {"x": 2}}, spillover=spill)
    assert "spillover: x of c0 is 0, and a gain from there has no per cent." in told


def test_what_spills_over_above_the_last_rate_needs_that_rate() -> None:
    index = economy()
    assert index.raw is not None
    growth = index.raw.quantities["value"].copy()
    growth.loc[{"city": "c0", "quantity": "gdp-growth"}] = NAN
    values = {str(q): growth.sel(quantity=q).values for q in growth["quantity"].values}
    points = {name: index.printed.sel(slot=name).values for name in ("a-wealth", "a-debt", "b-pace")}
    lacking = index_over(
        points,
        values,
        {
            "a-wealth": {"formula": "gdp / people", "scale": "positive"},
            "a-debt": {"formula": "owed / gdp", "scale": "positive", "direction": "lower"},
            "b-pace": {"formula": "people"},
        },
        {"gdp": {"growth": "gdp-growth"}},
    )
    more: dict[str, Any] = {"city": "c0", "changes": GROW, "others": "last-rate"}
    told = refusal(lacking, **more, spillover={"from": "c0", "to": "c1", "share": 0.5})
    assert "no last rate of gdp is known of c0" in told
    assert int(sim.run(question(**more), index=lacking, workers=1)["rank_after"].min()) == 1


def test_a_plain_index_has_its_own_indicators_as_quantities() -> None:
    told = refusal(plain(), city="c0", changes={"multiply": {"c": 2}})
    assert "changes.multiply.c: no quantity 'c'." in told
    told = refusal(plain(), city="c0", changes={"move": {"c": 2}})
    assert "no quantity or variable 'c'." in told


def test_names_are_told_at_once_and_then_what_does_not_fit() -> None:
    told = refusal(
        city="hefy",
        changes=[{"grow": {"gpd": "8%"}}, {"cities": "wuxy", "add": {"rd-expenditure": 5}}],
        figures={"hefei": {"laons": 3}},
        spillover={"from": "hefei", "to": "wuxy", "share": 0.5},
    )
    assert "scenario: 5 faults" in told
    for place in ("city: 'hefy'", "changes[0].grow.gpd", "changes[1].cities", "figures.hefei.laons", "spillover.to"):
        assert place in told
    told = refusal(
        city="hefei",
        changes=[{"grow": {"deposits": "last"}}, {"cities": "wuxi", "add": {"rd-expenditure": 5}}],
        others="last-rate",
    )
    assert "scenario: 3 faults" in told
    assert "changes[0].grow.deposits: no last rate of deposits is known of hefei" in told
    assert "changes[1].add.rd-expenditure: rd-expenditure of wuxi is not bundled" in told
    assert "others: no last rate of deposits is known of" in told


def test_what_changes_lead_to_has_a_place_too() -> None:
    told = refusal(city="hefei", changes={"set": {"gdp": -1}})
    assert "changes: " in told
    assert "which it cannot be. Change less." in told
    told = refusal(city="hefei", changes={"multiply": {"exports": 2}})
    assert "(exports + imports) / gdp is not known of hefei, nor how it changes." in told
    assert "Give exports, imports" in told
    assert "move trade-dependence" in told


def test_lines_of_a_file_are_told(tmp_path: Any) -> None:
    text = (
        "schema_version: 1\nname: s\nindex: opportunity-2025\ncity: hefei\nchanges:\n  - grow: {gdp: 8%}\n"
        "  - add:\n      rd-expenditure: 5\nspillover:\n  share: 0.3\n  from: hefei\n  to: wuxy\n"
    )
    file = tmp_path / "s.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sim.run(file, workers=1)
    assert "line 12, spillover.to: 'wuxy': no such city" in str(caught.value)
    file.write_text(text.replace("wuxy", "wuxi"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sim.run(file, workers=1)
    assert "line 8, changes[1].add.rd-expenditure" in str(caught.value)
    single = text.replace(
        "  - grow: {gdp: 8%}\n  - add:\n      rd-expenditure: 5\n", "  cities: hefy\n  add: {gdp: 5}\n"
    )
    file.write_text(single.replace("wuxy", "wuxi"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sim.run(file, workers=1)
    assert "line 6, changes.cities: 'hefy': no such city" in str(caught.value)
    listed = single.replace("  cities: hefy\n  add: {gdp: 5}\n", "  - add: {rd-expenditure: 5}\n")
    file.write_text(listed.replace("wuxy", "wuxi"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        sim.run(file, workers=1)
    assert "line 6, changes[0].add.rd-expenditure" in str(caught.value)


@pytest.mark.parametrize(
    ("reach", "told"),
    [
        ({"rank": 61}, "reach.rank: there is no rank 61 among 60 cities. Give 1 to 60."),
        ({"rank": 0}, "reach.rank"),
        (
            {"rank": 3, "only": ["rd-intensty"]},
            "reach.only: 'rd-intensty': no such indicator. Did you mean rd-intensity",
        ),
        ({"rank": 3, "not": ["gdpp"]}, "reach.not: 'gdpp'"),
        ({"rank": 3, "allow": ["gdpp"]}, "reach.allow: 'gdpp'"),
        ({"rank": 3, "ceilings": {"gdpp": 2}}, "reach.ceilings: 'gdpp'"),
        ({"rank": 3, "prices": {"gdpp": 2}}, "reach.prices: 'gdpp'"),
    ],
)
def test_targets_that_do_not_fit(reach: dict[str, Any], told: str) -> None:
    assert told in refusal(city="hefei", reach=reach)


def test_a_target_needs_a_city() -> None:
    assert "reach: nobody is named who is to reach it. Give `city`." in refusal(reach={"rank": 3})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"match": {"x": "median"}, "peers": ["c1", "c2"]}, "x is known of none of the peers."),
        ({"move": {"x": 2}}, "x is known of no other city. Give more under `figures`, or multiply x."),
        ({"move": {"x": "1 sd"}}, "x is known of no other city."),
    ],
)
def test_moving_and_matching_need_somebody_whose_figure_is_known(changes: dict[str, Any], told: str) -> None:
    index = index_over({"a-x": ranked(range(5))}, {"x": [NAN] * 5}, {"a-x": {"formula": "x", "scale": "positive"}})
    assert told in refusal(index, city="c0", changes=changes, figures={"c0": {"x": 2}})


def test_a_spread_that_is_known_of_too_few_says_so() -> None:
    index = index_over({"a-x": ranked(range(5))}, {"x": [NAN] * 5}, {"a-x": {"formula": "x"}})
    told = refusal(index, city="c0", changes={"add": {"x": 2}}, figures={"c0": {"x": 2}})
    assert "how far a change of x goes is known of fewer than 5 cities only." in told
    assert "Give those of 5 cities" in told
    assert "move a-x" in told


@pytest.mark.parametrize("changes", [{"multiply": {"gdp": 1e308}}, {"add": {"gdp": 1e308}, "multiply": {"gdp": 1e9}}])
def test_what_outgrows_all_numbers_is_refused(changes: dict[str, Any]) -> None:
    told = refusal(economy(), city="c7", changes=[changes, changes])
    assert "which it cannot be. Change less." in told
