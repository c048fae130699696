"""The answer to a what-if: before and after, by quantity, indicator, variable and total."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from what_ifs import NAN, asked, economy, index_over

import simulator as sim
from simulator.errors import CitysimError
from simulator.index import Index

PAIRS = ("rank", "total", "score", "points", "place", "value")
QUANTITIES = {
    "gdp": (0.2, 3.0),
    "people": (0.2, 3.0),
    "owed": (0.2, 3.0),
}


@pytest.fixture(scope="module")
def published() -> Index:
    return sim.load_index("opportunity-2025")


def assert_nothing_happened(result: xr.Dataset) -> None:
    for name in PAIRS:
        before, after = result[f"{name}_before"].values, result[f"{name}_after"].values
        assert before.tobytes() == after.tobytes(), name
    assert not result["passed"].any()


# The same, to the bit.


NOTHING: list[Any] = [
    {"multiply": {"gdp": 1}},
    {"add": {"gdp": 0, "people": 0}},
    {"move": {"a-debt": 0}},
    {"move": {"a-debt": "0 sd"}},
    {"set": {"gdp": 100.0}},
    [{"multiply": {"gdp": 1.08}}, {"multiply": {"gdp": 1 / 1.08}}],
    [{"multiply": {"people": 3}}, {"multiply": {"people": 1 / 3}}],
    [{"add": {"owed": 0.1}}, {"add": {"owed": -0.1}}],
    [{"add": {"owed": 1e-3}}, {"add": {"people": 7}}, {"add": {"people": -7}}, {"add": {"owed": -1e-3}}],
    {"cities": "c7", "move": {"a-wealth": "5 places"}},
]


@pytest.mark.parametrize("changes", NOTHING)
def test_no_change_and_a_change_with_its_inverse_leave_everything(changes: Any) -> None:
    assert_nothing_happened(asked(economy(), city="c0", changes=changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"multiply": {"gdp": 1}, "move": {"rd-intensity": 0}},
        [{"multiply": {"gdp": 1.08}}, {"multiply": {"gdp": 1 / 1.08}}],
        [{"add": {"public-revenue": 33.3}}, {"add": {"public-revenue": -33.3}}],
        [{"grow": {"population": "3%"}}, {"set": {"population": 1000.2, "population-2023": 985.3}}],
        {"cities": "beijing", "move": {"rd-intensity": "5 places"}},
    ],
)
def test_the_published_index_is_left_to_the_last_digit(changes: Any) -> None:
    index = sim.load_index("opportunity-2025")
    assert index.raw is not None
    hefei = index.raw.quantities["value"].sel(city="hefei").to_series()
    if isinstance(changes, list) and "set" in changes[-1]:
        changes[-1] = {"set": {name: float(hefei[name]) for name in ("population", "population-2023")}}
    result = asked(index, city="hefei", changes=changes)
    assert_nothing_happened(result)
    assert (result["rank_after"].values == index.published_rank().values).all()


@settings(max_examples=20)
@given(
    data=st.data(),
    quantity=st.sampled_from(sorted(QUANTITIES)),
    factor=st.floats(0.2, 3.0),
    city=st.integers(0, 7),
)
def test_multiplying_and_dividing_again_is_nothing(
    data: st.DataObject, quantity: str, factor: float, city: int
) -> None:
    other = data.draw(st.sampled_from(sorted(QUANTITIES)))
    changes: list[Any] = [{"multiply": {quantity: factor}}, {"multiply": {quantity: 1.0 / factor}}]
    if other != quantity:
        changes.insert(1, {"multiply": {other: 2.0}})
        changes.append({"multiply": {other: 0.5}})
    assert_nothing_happened(asked(economy(), city=f"c{city}", changes=changes))


def test_the_others_keep_every_value_to_the_bit() -> None:
    """Of variables with one value; points made anew, of a sum, tell whom the city passed."""
    changes = {"grow": {"gdp": "8%"}, "multiply": {"loans": 1.3}, "move": {"rd-intensity": 2}}
    result = asked(city="hefei", changes=changes, figures={"hefei": {"loans": 25_000, "deposits": 24_000}})
    others = result["city"].values != "hefei"
    before, after = (result[f"value_{when}"].sel(city=others) for when in ("before", "after"))
    moved = result["indicator"].values[(before.values != after.values).any(axis=0)].tolist()
    assert moved == ["economic-scale"]
    quantities = [result[f"quantity_{when}"].sel(city=others).values.tobytes() for when in ("before", "after")]
    assert quantities[0] == quantities[1]


@pytest.mark.parametrize("rate", ["3%", "-20%", "100%"])
def test_a_common_growth_leaves_ranks_by_ratios_as_they_are(rate: str) -> None:
    index = economy()
    result = asked(index, changes={"cities": "all", "grow": {"gdp": rate}})
    still = result.sel(indicator=["a-wealth", "a-debt"])
    assert (still["points_before"].values == still["points_after"].values).all()
    assert (still["place_before"].values == still["place_after"].values).all()
    # All have the same growth: the variable of growth has nothing left to tell.
    assert len(np.unique(result["value_after"].sel(indicator="b-pace").values.round(9))) == 1
    level = asked(index, changes={"cities": "all", "multiply": {"gdp": 1.7}})
    assert (level["rank_before"].values == level["rank_after"].values).all()


def test_all_at_their_last_rates_keep_the_ratios_of_the_published_index() -> None:
    """GDP of all 60 cities times one factor: every indicator that holds it keeps its order."""
    result = asked(changes={"cities": "all", "multiply": {"gdp": 1.08}})
    assert (result["points_before"].values == result["points_after"].values).all()
    assert (result["rank_before"].values == result["rank_after"].values).all()


# Better is never worse.


TIES = ("as-published", "better", "worse", "mean", "no-gaps")


@pytest.mark.parametrize("ties", TIES)
@settings(max_examples=20)
@given(
    points=st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), min_size=7, max_size=7),
    city=st.integers(0, 6),
    change=st.one_of(
        st.integers(1, 6).map(lambda places: {"move": {"a-x": places}}),
        st.floats(0.0, 4.0).map(lambda sd: {"move": {"a-x": {"sd": round(sd, 3)}}}),
        st.floats(1.0, 50.0).map(lambda factor: {"multiply": {"x": round(factor, 3)}}),
        st.just({"match": {"a-x": "best"}}),
        st.just({"match": {"a-x": "at-least-median"}}),
    ),
)
def test_what_gets_better_never_loses_points(
    ties: str, points: list[tuple[int, int]], city: int, change: dict[str, Any]
) -> None:
    """Under every tie rule the city's own points in the variable do not fall, and no other's place gets better."""
    columns = {"a-x": [float(p) for p, _ in points], "b-y": [float(p) for _, p in points]}
    values = [NAN, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    index = index_over(columns, {"x": values}, {"a-x": {"formula": "x", "scale": "positive"}})
    result = asked(index, city=f"c{city}", changes=change, recipe={"ties": ties})
    own = result.sel(indicator="a-x", city=f"c{city}")
    assert float(own["points_after"]) >= float(own["points_before"]) - 1e-12
    assert int(own["place_after"]) <= int(own["place_before"])
    others = result.sel(indicator="a-x").drop_sel(city=f"c{city}")
    assert (others["place_after"] >= others["place_before"]).all()
    assert (others["points_after"] <= others["points_before"] + 1e-9).all() or ties in (
        "as-published",
        "no-gaps",
        "worse",
    )
    assert result["points_before"].sel(indicator="b-y").equals(result["points_after"].sel(indicator="b-y"))
    if ties == "as-published":
        sums = [float(result[f"points_{when}"].sel(indicator="a-x").sum()) for when in ("before", "after")]
        assert sums[0] == pytest.approx(sums[1], rel=1e-12)


@settings(max_examples=25)
@given(
    variable=st.sampled_from(
        ["rd-intensity", "government-debt", "economic-scale", "property-insurance", "work-safety"]
    ),
    city=st.sampled_from(["hefei", "shanghai", "zhaoqing", "taiyuan", "dongguan"]),
    places=st.integers(-60, 60),
)
def test_places_of_the_published_index(published: Index, variable: str, city: str, places: int) -> None:
    """So many places passed, if there are so many; tied groups as a whole; the sum of the points stays."""
    result = asked(published, city=city, changes={"move": {variable: places}}).sel(indicator=variable)
    before, after = (result[f"place_{when}"].to_series() for when in ("before", "after"))
    value = result["value_before"].to_series()
    points = result["points_before"].to_series()
    ahead = int((points.drop(city) >= points[city]).sum())
    behind = int((points.drop(city) <= points[city]).sum())
    assert value.nunique() == points.nunique()
    if places > 0 and ahead:
        assert ahead - (after[city] - 1) >= min(places, ahead)
        level = points.drop(city).sort_values(ascending=True)
        last = level[level >= points[city]].iloc[min(places, ahead) - 1]
        assert after[city] == 1 + int((points.drop(city) > last).sum())
    elif places < 0 and behind:
        assert after[city] >= before[city] + min(-places, behind) - int((points.drop(city) == points[city]).sum())
    else:
        assert after[city] == before[city]
    assert float(result["points_after"].sum()) == pytest.approx(float(result["points_before"].sum()), rel=1e-12)


# What the answer holds.


def test_places_are_counted_in_the_direction_of_the_indicator() -> None:
    result = asked(economy(), city="c0", changes={"multiply": {"owed": 0.01}})
    debt = result.sel(indicator="a-debt")
    for when in ("before", "after"):
        value = debt[f"value_{when}"].values
        assert debt[f"place_{when}"].values.tolist() == [1 + int((value < own).sum()) for own in value]
    assert int(debt["place_after"].sel(city="c0")) == 1
    assert str(debt["effect"].values) == "times"
    assert float(debt["effect_amount"].sel(city="c0")) == pytest.approx(0.01)
    assert bool(debt["held"])
    assert debt["known"].all()


def test_totals_are_the_points_of_the_answer() -> None:
    result = asked(city="hefei", changes={"grow": {"gdp": "8%"}})
    for when in ("before", "after"):
        total = result[f"points_{when}"].sum("indicator")
        np.testing.assert_allclose(total, result[f"total_{when}"], rtol=1e-12)
        np.testing.assert_allclose(result[f"score_{when}"].sel(node="total"), result[f"total_{when}"], rtol=1e-12)
        dimension = result["indicator"]["dimension"].values == "economic-strength"
        np.testing.assert_allclose(
            result[f"points_{when}"].values[:, dimension].sum(axis=1),
            result[f"score_{when}"].sel(node="economic-strength"),
            rtol=1e-12,
        )


def test_who_passes_whom() -> None:
    result = asked(
        economy(), changes=[{"cities": "c1", "multiply": {"gdp": 4}}, {"cities": "c6", "multiply": {"owed": 9}}]
    )
    was, becomes = (result[f"rank_{when}"].to_series() for when in ("before", "after"))
    for one, other in itertools.product(was.index, repeat=2):
        expected = becomes[one] < becomes[other] and not was[one] < was[other]
        assert bool(result["passed"].sel(city=one, other_city=other)) == expected
    assert result["passed"].any()


def test_quantities_and_where_they_come_from() -> None:
    changes = {"multiply": {"loans": 1.1}, "grow": {"safety-deaths": "-10%"}}
    result = asked(city="hefei", changes=changes, figures={"hefei": {"loans": 25_000, "deposits": 24_000}})
    assert result["quantity"].values.tolist() == ["loans", "safety-deaths"]
    hefei = result.sel(city="hefei")
    assert hefei["origin"].values.tolist() == ["given", "stands in"]
    assert float(hefei["quantity_before"].sel(quantity="loans")) == 25_000
    assert float(hefei["quantity_after"].sel(quantity="loans")) == 25_000 * 1.1
    assert set(np.unique(result["origin"].values.astype(str))) <= {"bundled", "given", "stands in", "unknown"}
    unknown = result["origin"].values.astype(str) == "unknown"
    assert (np.isnan(result["quantity_before"].values) == unknown).all()
    assert result["quantity_unit"].values.tolist() == ["100 million CNY", "persons"]


def test_parts_tell_what_each_formula_gives_and_a_ratio_even_where_it_is_not_known() -> None:
    result = asked(city="hefei", changes={"multiply": {"rd-expenditure": 1.2}})
    part = result.sel(part="rd-to-gdp")
    assert str(part["formula"].values) == "100 * rd-expenditure / gdp"
    assert str(part["part_variable"].values) == "rd-intensity"
    assert np.isnan(part["part_before"].values).all()
    assert float(part["part_ratio"].sel(city="hefei")) == pytest.approx(1.2)
    assert (part["part_ratio"].drop_sel(city="hefei") == 1.0).all()
    assert not bool(result["held"].sel(indicator="rd-intensity"))
    assert str(result["value_unit"].sel(indicator="rd-intensity").values) == ""
    debt = asked(city="hefei", changes={"multiply": {"gdp": 1.25}}).sel(part="debt-to-gdp", city="hefei")
    assert float(debt["part_after"] / debt["part_before"]) == pytest.approx(0.8)


def test_moves_are_told_beside_what_quantities_do() -> None:
    result = asked(economy(), city="c0", changes={"multiply": {"gdp": 1.1}, "move": {"a-wealth": 1, "b-pace": 1}})
    assert result["effect"].to_series().to_dict() == {"a-wealth": "times, move", "a-debt": "times", "b-pace": "move"}
    assert np.isnan(result["effect_amount"].sel(indicator="b-pace").values).all()


# Other indices.


TREE: dict[str, Any] = {
    "id": "total",
    "aggregate": "arithmetic",
    "children": [
        {"id": "up", "direction": "higher", "weight": 2},
        {"id": "down", "direction": "lower"},
        {"id": "near", "direction": "target", "target": 3},
    ],
}
FRAME = pd.DataFrame(
    {"up": [5.0, 1.0, 3.0, 8.0, 6.0], "down": [1.0, 2.0, 3.0, 4.0, 7.5], "near": [1.0, 2.5, 4.0, 9.0, 3.2]},
    index=["c0", "c1", "c2", "c3", "c4"],
)


def plain(normalise: Any) -> Index:
    tree = {**TREE, "normalise": normalise}
    return sim.build_index({"schema_version": 1, "id": "own", "levels": ["i", "l"], "index": tree}, FRAME)


def scores_by_hand(frame: pd.DataFrame, method: str) -> pd.Series:
    better = pd.DataFrame({"up": frame["up"], "down": -frame["down"], "near": -(frame["near"] - 3.0).abs()})
    if method == "z-score":
        normal = (better - better.mean()) / better.std(ddof=1)
    elif method == "min-max":
        normal = (better - better.min()) / (better.max() - better.min())
    else:
        normal = better.rank(method="min")
    return (2 * normal["up"] + normal["down"] + normal["near"]) / 4


@pytest.mark.parametrize(
    ("normalise", "method"),
    [("z-score", "z-score"), ({"method": "min-max"}, "min-max"), ({"method": "rank", "ties": "worse"}, "rank")],
)
@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({"multiply": {"up": 2}}, {"up": 10.0}),
        ({"add": {"down": 5}}, {"down": 6.0}),
        ({"set": {"near": 3}}, {"near": 3.0}),
        ({"move": {"down": -1}}, {"down": 2.5}),
        ({"move": {"near": 1}}, {"near": 2.25}),
        ({"match": {"down": "median"}}, {"down": 3.0}),
        ({"grow": {"up": "50%"}, "years": 2}, {"up": 11.25}),
        ({"multiply": {"up": {"low": 1, "high": 3}}}, {"up": 10.0}),
    ],
)
def test_a_plain_matrix_can_be_asked(
    normalise: Any, method: str, changes: dict[str, Any], after: dict[str, float]
) -> None:
    result = asked(plain(normalise), city="c0", changes=changes)
    changed = FRAME.copy()
    for name, value in after.items():
        changed.loc["c0", name] = value
    assert result["value_after"].to_pandas().to_numpy() == pytest.approx(changed.to_numpy(), rel=1e-12)
    for when, frame in (("before", FRAME), ("after", changed)):
        expected = scores_by_hand(frame, method)
        scale = result[f"total_{when}"].to_series()
        # Scales of z-scores and min-max may be shifted and stretched; differences between cities are not.
        slope = np.polyfit(expected, scale, 1)
        np.testing.assert_allclose(scale, np.polyval(slope, expected), rtol=1e-9)
        assert slope[0] > 0.0
        ranks = expected.round(12).rank(ascending=False, method="min").astype(int)
        assert result[f"rank_{when}"].to_series().to_dict() == ranks.to_dict()


def test_an_index_of_quantities_can_be_asked(tmp_path: Any) -> None:
    figures = {"gdp": [100.0, 80.0, 70.0, 20.0], "people": [10.0, 9.0, 10.0, 4.0], "waste": [5.0, 8.0, 2.0, 1.0]}
    rows = [f"c{k},{name},{value}" for name, values in figures.items() for k, value in enumerate(values)]
    (tmp_path / "figures.csv").write_text("\n".join(["city,quantity,value", *rows, ""]), encoding="utf-8")
    (tmp_path / "definition.yaml").write_text(
        "schema_version: 1\nid: own\nlevels: [index, indicator]\ndata: {quantities: figures.csv}\n"
        "quantities: {gdp: {}, people: {}, waste: {}, rest: {formula: gdp - waste}}\n"
        "index: {id: total, normalise: z-score, aggregate: arithmetic, children: "
        "[{id: wealth, formula: gdp / people, scale: positive}, {id: dirt, formula: waste / gdp, direction: lower}, "
        "{id: clean, formula: rest / people}]}\n",
        encoding="utf-8",
    )
    result = asked(index=str(tmp_path / "definition.yaml"), city="c3", changes={"multiply": {"gdp": 1.5}})  # type: ignore[arg-type]
    q = {name: np.array(values) for name, values in figures.items()}
    for when, gdp in (("before", q["gdp"]), ("after", q["gdp"] * [1, 1, 1, 1.5])):
        better = np.array([gdp / q["people"], -q["waste"] / gdp, (gdp - q["waste"]) / q["people"]])
        z = (better - better.mean(axis=1, keepdims=True)) / better.std(axis=1, ddof=1, keepdims=True)
        np.testing.assert_allclose(result[f"total_{when}"], z.mean(axis=0), atol=1e-12)
    assert result["effect"].values.tolist() == ["become", "become", "become"]
    assert result["quantity"].values.tolist() == ["gdp", "rest"]


def test_a_change_that_makes_a_plain_indicator_negative_on_a_positive_scale_is_refused() -> None:
    tree = {"id": "total", "normalise": "z-score", "children": [{"id": "a", "scale": "positive"}, {"id": "b"}]}
    frame = FRAME.rename(columns={"up": "a", "down": "b"})[["a", "b"]]
    index = sim.build_index({"schema_version": 1, "id": "own", "levels": ["i", "l"], "index": tree}, frame)
    with pytest.raises(CitysimError, match=r"a of c0 would be -1, which it cannot be\. Change less\."):
        asked(index, city="c0", changes={"add": {"a": -6}})


def test_a_quantity_that_is_gone_puts_its_variable_last() -> None:
    answer = sim.what_if("hefei", set_to={"retail-sales": 0}, draws=0).sel(city="hefei", indicator="retail-scale")
    assert (int(answer["place_after"]), float(answer["points_after"])) == (60, 1.0)


@pytest.mark.parametrize("recipe", [{"normalisation": "z-score"}, {"normalisation": "min-max"}, {"ties": "mean"}])
def test_a_recipe_acts_on_the_values_of_the_question(recipe: dict[str, Any]) -> None:
    """The baseline is then the ranking by that recipe, of the values behind the points."""
    assert_nothing_happened(asked(city="hefei", changes={"multiply": {"gdp": 1}}, recipe=recipe))
    grown = asked(city="hefei", changes={"grow": {"gdp": "8%"}}, recipe=recipe)
    assert int(grown["rank_before"].min()) == 1
    assert not (grown["total_before"].values == grown["total_after"].values).all()


def test_a_selection_of_cities_is_an_index_of_its_own() -> None:
    cities = ["hefei", "nanjing", "wuxi", "ningbo", "qingdao", "tianjin", "foshan"]
    result = asked(city="hefei", cities=cities, changes={"grow": {"gdp": "8%"}})
    assert sorted(result["city"].values.tolist()) == sorted(cities)
    alone = sim.load_index("opportunity-2025").select(cities).score()
    assert (result["rank_before"].values == alone["rank"].sel(city=result["city"]).values).all()


# Whatever is asked.


QUANTITY = st.sampled_from(["gdp", "gdp-growth", "people", "people-2023", "owed"])
VARIABLE = st.sampled_from(["a-wealth", "a-debt", "b-pace"])
CITY = st.sampled_from([f"c{k}" for k in range(8)])
RATE = st.one_of(
    st.floats(-0.9, 1.0).map(lambda x: round(x, 3)),
    st.just("last"),
    st.floats(0.0, 0.1).map(lambda sd: {"mean": 0.05, "sd": round(sd, 3)}),
    st.just({"low": "-5%", "mode": "2%", "high": "9%"}),
)
FIGURE = st.one_of(st.floats(-300, 300).map(lambda x: round(x, 2)), st.just({"mean": 10, "sd": 4}))
STEP = st.one_of(st.integers(-9, 9), st.floats(-3, 3).map(lambda sd: f"{sd:.2f} sd"))
CHANGE = st.one_of(
    st.fixed_dictionaries({"grow": st.dictionaries(QUANTITY, RATE, min_size=1, max_size=2)}),
    st.fixed_dictionaries(
        {"grow": st.dictionaries(QUANTITY, RATE, min_size=1, max_size=2), "years": st.integers(1, 5)}
    ),
    st.fixed_dictionaries({"multiply": st.dictionaries(QUANTITY, st.floats(0.01, 9), min_size=1, max_size=2)}),
    st.fixed_dictionaries({"add": st.dictionaries(QUANTITY, FIGURE, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"set": st.dictionaries(QUANTITY, FIGURE, min_size=1, max_size=2)}),
    st.fixed_dictionaries({"move": st.dictionaries(st.one_of(VARIABLE, QUANTITY), STEP, min_size=1, max_size=2)}),
    st.fixed_dictionaries(
        {
            "match": st.dictionaries(
                st.one_of(VARIABLE, QUANTITY), st.sampled_from(["best", "median", "at-least-median"]), min_size=1
            ),
            "peers": st.one_of(st.just("all"), st.lists(CITY, min_size=1, unique=True)),
        }
    ),
)
PROGRAM = st.lists(
    st.tuples(CHANGE, st.one_of(st.none(), st.just("all"), st.lists(CITY, min_size=1, unique=True))).map(
        lambda both: both[0] if both[1] is None else {**both[0], "cities": both[1]}
    ),
    min_size=1,
    max_size=3,
)
SHARE = st.one_of(st.floats(0, 1).map(lambda x: round(x, 2)), st.just({"low": 0, "high": 0.6}))
FLOWS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"from": CITY, "to": st.one_of(CITY, st.just("all")), "share": SHARE}),
        st.fixed_dictionaries({"among": st.lists(CITY, min_size=1, unique=True), "share": SHARE}),
    ),
    max_size=2,
)


@settings(max_examples=50)
@given(
    changes=PROGRAM,
    others=st.one_of(st.just("still"), RATE),
    spillover=FLOWS,
    draws=st.sampled_from([0, 0, 5]),
)
def test_whatever_is_asked_has_an_answer_or_a_refusal(
    changes: list[dict[str, Any]], others: Any, spillover: list[dict[str, Any]], draws: int
) -> None:
    try:
        result = asked(economy(), city="c2", changes=changes, others=others, spillover=spillover, draws=draws)
    except CitysimError:
        return
    for when in ("before", "after"):
        ranks = result[f"rank_{when}"].values
        assert ((ranks >= 1) & (ranks <= 8)).all()
        assert int(ranks.min()) == 1
        assert np.isfinite(result[f"total_{when}"].values).all()
        assert np.isfinite(result[f"value_{when}"].values).all()
        points = result[f"points_{when}"].sum("city").values
        np.testing.assert_allclose(points, 36.0, rtol=1e-12)
    assert float(result["rank_before"].sum()) >= 1
    if draws:
        assert np.isfinite(result["gain_mean"].values).all()
