"""Where values come from: raw quantities beside plain arithmetic, calibrated ones in the printed order, and faults."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_points import (
    COMPLETE,
    LOWER,
    competition_ranks,
    points_made_again,
    points_table,
    quantity_table,
    rank_points,
    sum_behind_economic_scale,
    values_behind,
    with_points_made_again,
)
from raw_indices import GDP, PEOPLE, RAW, STATIONS, index_of_points, with_raw, write_printed_index

from simulator.definition import Node
from simulator.errors import InputError
from simulator.index import Index, load_index
from simulator.methods import AsGiven
from simulator.names import VALUE
from simulator.sourcing import (
    SOURCES,
    as_source,
    calibration,
    calibration_moves,
    lacking,
    points_of_variable,
    resolve_sources,
    shared_variables,
    source_problems,
    with_sources,
)

CALIBRATED = (
    "economic-scale",
    "output-per-capita",
    "deposit-loan-density",
    "government-debt",
    "patent-density",
    "technology-trade",
    "consumption-per-capita",
    "tourism-revenue",
    "telecom-services",
    "trade-dependence",
    "trade-balance",
    "visitor-activity",
    "work-safety",
    "hospital-beds",
    "fiscal-self-sufficiency",
)
"""Variables whose known values agree with the printed order."""


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


@pytest.fixture(scope="module")
def from_raw(published: Index) -> Index:
    return with_sources(published, "raw")


@pytest.fixture(scope="module")
def calibrated(published: Index) -> Index:
    return with_sources(published, "calibrated")


@pytest.fixture(scope="module")
def behind_points(published_folder: Path) -> pd.DataFrame:
    """Raw values (city × variable) of every variable that can be calibrated."""
    found = values_behind(published_folder).assign(**{"economic-scale": sum_behind_economic_scale(published_folder)})
    return found[list(CALIBRATED)]


def values_of(index: Index) -> pd.DataFrame:
    return pd.DataFrame(index.matrix[VALUE].to_pandas())


def names_in(formula: str) -> set[str]:
    """Return the quantities that a formula names, without the parser."""
    words = re.sub(r"[()*/,+]| - |\babs\b|\bmean\b", " ", formula).split()
    return {word for word in words if not word.replace(".", "").isdigit()}


def problems_of(index: Index, sources: Any) -> list[str]:
    return [f"{'.'.join(map(str, where))}: {what}. {remedy}" for where, what, remedy in source_problems(sources, index)]


# Which variables can have a source.


def test_raw_takes_the_variables_all_of_whose_quantities_are_known(published: Index, published_folder: Path) -> None:
    known = set(quantity_table(published_folder).dropna(axis=1).columns)
    assert published.raw is not None
    complete = [
        leaf.id
        for leaf in published.definition.indicators
        if all(known >= names_in(part.formula or "") for part in published.raw.parts(leaf.id))
    ]
    assert complete == list(COMPLETE)
    assert resolve_sources(published, "raw") == dict.fromkeys(COMPLETE, "raw")


def test_calibrated_takes_the_variables_whose_known_values_rank_as_the_print_does(
    published: Index, published_folder: Path, behind_points: pd.DataFrame
) -> None:
    points = points_table(published_folder)
    for variable, values in values_behind(published_folder).items():
        turned = -values if variable in LOWER else values
        agreement = turned.corr(points[variable], method="spearman")
        assert (agreement >= 0.9 and values.notna().sum() >= 5) == (variable in CALIBRATED), (variable, agreement)
    assert resolve_sources(published, "calibrated") == dict.fromkeys(behind_points.columns, "calibrated")


def test_points_are_asked_of_nobody(published: Index) -> None:
    assert resolve_sources(published, "points") == {}
    for nothing in ("points", {}, {"economic-scale": "points", "trade-balance": "points"}):
        assert with_sources(published, nothing) is published


def test_variables_go_by_any_of_their_names(published: Index) -> None:
    asked: dict[str, Any] = {"政府债务负担": "raw", "Trade BALANCE": "calibrated", "economic-scale": "points"}
    found = resolve_sources(published, asked)
    assert found == {"government-debt": "raw", "trade-balance": "calibrated", "economic-scale": "points"}
    by_name = with_sources(published, {"政府债务负担": "raw"})
    assert by_name.score().identical(with_sources(published, {"government-debt": "raw"}).score())


def test_an_unknown_variable_is_refused(published: Index) -> None:
    with pytest.raises(InputError, match=r"'goverment-debt': no such indicator\. Did you mean"):
        with_sources(published, {"goverment-debt": "raw"})


def test_a_source_is_one_of_three_words() -> None:
    assert [as_source(word) for word in ("points", "raw", "calibrated")] == list(SOURCES)
    for word in ("", "Raw", "raw ", "point"):
        with pytest.raises(ValueError, match="not in"):
            as_source(word)


def test_variables_shared_are_printed_and_in_the_raw_side(published: Index) -> None:
    assert published.raw is not None
    assert shared_variables(published, published.raw) == [leaf.id for leaf in published.definition.indicators]
    small = with_raw(index_of_points({"a-x": [3, 2, 1], "a-y": [1, 2, 3]}), {"a-y": [1, 2, 3], "a-z": [1, 2, 3]})
    assert small.raw is not None
    assert shared_variables(small, small.raw) == ["a-y"]


def test_the_quantities_lacking_are_those_without_a_row(published: Index, published_folder: Path) -> None:
    assert published.raw is not None
    assert lacking(published.raw, "fiscal-self-sufficiency") == {"nanning": ["public-expenditure"]}
    value = values_behind(published_folder)
    for variable in value:
        found = lacking(published.raw, str(variable))
        assert set(found) == set(value.index[value[variable].isna()])
    table = quantity_table(published_folder)
    for city, unknown in lacking(published.raw, "trade-balance").items():
        assert unknown == [name for name in ("exports", "imports") if np.isnan(table.loc[city, name])]
    assert lacking(published.raw, "rd-intensity") == {city: ["rd-expenditure"] for city in published.cities}


def test_a_quantity_in_two_indicators_is_lacking_once(published: Index) -> None:
    assert published.raw is not None
    found = lacking(published.raw, "property-insurance")
    assert found
    assert all(unknown == ["property-premium"] for unknown in found.values())


# Raw.


def test_raw_variables_are_made_of_their_indicators(from_raw: Index, published_folder: Path) -> None:
    value, q = values_of(from_raw), quantity_table(published_folder)
    behind = values_behind(published_folder)
    expected = {
        "gdp": q["gdp"],
        "gdp-growth": q["gdp-growth"],
        "gdp-per-capita": behind["output-per-capita"],
        "debt-to-gdp": behind["government-debt"],
    }
    points = points_table(published_folder).drop(columns=list(COMPLETE))
    assert set(value.columns) == {*expected, *points.columns}
    assert list(value.index) == list(points.index)
    for name, column in expected.items():
        np.testing.assert_allclose(value[name], column, rtol=1e-13)
    pd.testing.assert_frame_equal(value[points.columns], points, check_names=False)


def test_raw_variables_become_nodes_in_their_places(published: Index, from_raw: Index) -> None:
    definition = from_raw.definition
    assert definition.levels == ("index", "dimension", "variable", "indicator")
    (dimension,) = [node for node in definition.nodes if node.id == "economic-strength"]
    assert [child.id for child in dimension.children] == [
        "economic-scale",
        "output-per-capita",
        "deposit-loan-density",
        "brand-companies",
        "government-debt",
    ]
    assert [isinstance(child, Node) for child in dimension.children] == [True, True, False, False, True]
    others = [node for node in definition.nodes if node.id not in COMPLETE]
    for former, now in zip(published.definition.nodes, others, strict=True):
        assert (former.id, former.normalise, former.aggregate) == (now.id, now.normalise, now.aggregate)
    directions = {leaf.id: leaf.direction for leaf in definition.indicators}
    assert [directions[name] for name in ("gdp", "gdp-per-capita", "debt-to-gdp")] == ["higher", "higher", "lower"]


def test_points_made_again_take_the_place_of_the_printed(
    published: Index, from_raw: Index, published_folder: Path
) -> None:
    for index, expected in (
        (from_raw, with_points_made_again(published_folder)),
        (published, points_table(published_folder)),
    ):
        printed = index.printed.sel(city=expected.index.to_numpy(), slot=expected.columns.to_numpy())
        assert printed.shape == index.printed.shape == (60, 50)
        assert printed.values.tolist() == expected.to_numpy().tolist()


@pytest.mark.parametrize(
    "variables", [COMPLETE, *((one,) for one in COMPLETE), ("economic-scale", "government-debt")], ids="+".join
)
def test_raw_scores_are_the_sums_of_points_by_plain_arithmetic(
    published: Index, published_folder: Path, variables: tuple[str, ...]
) -> None:
    scored = with_sources(published, dict.fromkeys(variables, "raw")).score()  # type: ignore[arg-type]
    points = with_points_made_again(published_folder, variables)
    totals = points.sum(axis=1)
    assert scored["total"].to_series().to_dict() == totals.to_dict()
    assert scored["rank"].to_series().to_dict() == competition_ranks(totals).to_dict()
    strength = points.iloc[:, :5].sum(axis=1)
    assert scored["score"].sel(node="economic-strength").to_series().to_dict() == strength.to_dict()
    for variable in variables:
        # A node has the sum of its indicators' points; the dimension above ranks it again.
        raw = {
            "economic-scale": sum_behind_economic_scale(published_folder),
            "output-per-capita": points["output-per-capita"],
            "government-debt": points["government-debt"],
        }[variable]
        assert scored["score"].sel(node=variable).to_series().to_dict() == raw.to_dict()


def test_six_cities_change_their_rank_when_all_known_variables_are_raw(from_raw: Index, published_folder: Path) -> None:
    printed = pd.read_csv(published_folder / "totals.csv", index_col="city")
    ranks = competition_ranks(with_points_made_again(published_folder).sum(axis=1))
    moved = {city: (int(printed["rank"][city]), int(ranks[city])) for city in ranks.index[ranks != printed["rank"]]}
    assert moved == {
        "hefei": (15, 16),
        "changzhou": (22, 21),
        "dongguan": (25, 26),
        "weifang": (47, 46),
        "baoding": (52, 51),
        "yinchuan": (57, 56),
    }
    scored = from_raw.score()["rank"].to_series()
    assert {city: (int(printed["rank"][city]), int(scored[city])) for city in moved} == moved
    assert int((scored != printed["rank"]).sum()) == 6


def test_points_made_again_are_near_the_printed_ones(published_folder: Path) -> None:
    """So many of the sixty are exact, as the README of the data says of each variable."""
    exact = (points_made_again(published_folder) == points_table(published_folder)[list(COMPLETE)]).sum()
    assert exact.to_dict() == {"economic-scale": 46, "output-per-capita": 57, "government-debt": 25}


def test_cities_keep_what_is_known_of_them(published: Index, from_raw: Index) -> None:
    for name in ("city", "city_name_en", "city_name_zh", "province", "status", "cluster"):
        assert from_raw.matrix[name].values.tolist() == published.matrix[name].values.tolist()
    assert from_raw.published is published.published
    assert from_raw.hashes == published.hashes
    assert {"raw.yaml", "quantities.csv"} <= set(from_raw.hashes)


def test_a_weight_in_the_printed_index_stays_with_the_variable() -> None:
    heavy = index_of_points({"a-x": [3, 2, 1], "a-y": [1, 3, 2]}, {"weight": 3.0})
    changed = with_sources(with_raw(heavy, {"a-x": [1, 2, 3]}), {"a-x": "raw"})
    assert [leaf.weight for leaf in changed.definition.indicators] == [3.0, 3.0]
    expected = index_of_points({"a-x": [1, 2, 3], "a-y": [1, 3, 2]}, {"weight": 3.0})
    np.testing.assert_allclose(changed.score()["total"], expected.score()["total"])


def test_a_variable_that_is_one_indicator_of_the_same_name_has_its_raw_values(tmp_path: Path) -> None:
    index = load_index(write_printed_index(tmp_path))
    changed = with_sources(index, {"wealth": "raw", "towers": "raw"})
    value = values_of(changed)
    np.testing.assert_allclose(value["wealth"], np.divide(GDP, PEOPLE))
    np.testing.assert_allclose(value["towers-per-head"], 1000 * np.divide(STATIONS, PEOPLE))
    assert [child.id for child in changed.definition.nodes[0].children] == ["towers-per-head"]
    assert changed.definition.levels == ("index", "pillar", "variable", "indicator")
    assert with_sources(index, {"wealth": "raw"}).definition.levels == index.definition.levels
    wealth = next(leaf for leaf in changed.definition.indicators if leaf.id == "wealth")
    assert (wealth.formula, wealth.scale, wealth.unit) == ("gdp / people", "positive", "")
    assert changed.score()["total"].values.tolist() == index.score()["total"].values.tolist()


def test_a_variable_can_be_taken_from_raw_after_it_was_calibrated(published: Index, from_raw: Index) -> None:
    once = with_sources(published, dict.fromkeys(COMPLETE, "calibrated"))  # type: ignore[arg-type]
    again = with_sources(once, dict.fromkeys(COMPLETE, "raw"))  # type: ignore[arg-type]
    assert again.score()["total"].values.tolist() == from_raw.score()["total"].values.tolist()


def test_raw_of_some_cities_needs_only_their_figures(published: Index, published_folder: Path) -> None:
    """Without Nanning, public expenditure is known of every city."""
    others = published.select([city for city in published.cities if city != "nanning"])
    assert resolve_sources(others, "raw") == dict.fromkeys([*COMPLETE, "fiscal-self-sufficiency"], "raw")
    changed = with_sources(others, {"fiscal-self-sufficiency": "raw"})
    expected = rank_points(values_behind(published_folder)["fiscal-self-sufficiency"].drop("nanning"))
    normal = changed.score({"ties": "better"})["score"].sel(node="fiscal-self-sufficiency").to_series()
    assert normal.to_dict() == expected.to_dict()


small_columns = st.integers(3, 8).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(-4, 4), min_size=n, max_size=n),
        st.lists(st.integers(1, n), min_size=n, max_size=n),
        st.lists(st.integers(1, n), min_size=n, max_size=n),
        st.sampled_from(["higher", "lower"]),
    )
)


@settings(max_examples=40)
@given(small_columns)
def test_raw_of_any_small_index_is_ranked_among_its_cities(case: tuple[list[int], list[int], list[int], str]) -> None:
    values, points, others, direction = case
    index = with_raw(index_of_points({"a-x": points, "a-y": others}), {"a-x": values}, direction=direction)
    scored = with_sources(index, {"a-x": "raw"}).score()
    turned = np.array(values) * (1 if direction == "higher" else -1)
    expected = [len(values) - int((turned > own).sum()) for own in turned]
    assert scored["normalised"].sel(indicator="a-x").values.tolist() == expected
    assert scored["total"].values.tolist() == np.add(expected, others).tolist()


# Calibrated.


def test_published_totals_and_ranks_stay_exact_when_all_are_calibrated(
    published: Index, calibrated: Index, published_folder: Path
) -> None:
    printed = pd.read_csv(published_folder / "totals.csv", index_col="city")
    scored = calibrated.score()
    assert scored["total"].to_series().to_dict() == printed["total"].to_dict()
    assert scored["rank"].to_series().to_dict() == printed["rank"].to_dict()
    dimensions = printed.columns.drop(["rank", "total"])
    found = scored["score"].sel(node=dimensions.to_numpy()).to_pandas()
    assert found.to_numpy().tolist() == printed.loc[found.index, dimensions].to_numpy().tolist()
    assert scored["normalised"].values.tolist() == published.matrix[VALUE].values.tolist()


@pytest.mark.parametrize("variable", CALIBRATED)
def test_calibrated_values_have_the_printed_order_and_its_ties(
    calibrated: Index, published_folder: Path, variable: str
) -> None:
    value = values_of(calibrated)[variable].to_numpy()
    points = points_table(published_folder)[variable].to_numpy()
    turned = -value if variable in LOWER else value
    np.testing.assert_array_equal(
        np.sign(turned[:, np.newaxis] - turned), np.sign(points[:, np.newaxis] - points), strict=True
    )
    if variable != "economic-scale":
        assert (value > 0.0).all()


@pytest.mark.parametrize("variable", CALIBRATED)
def test_what_is_moved_is_told_and_all_else_keeps_its_figure(
    published: Index, calibrated: Index, behind_points: pd.DataFrame, variable: str
) -> None:
    raw = behind_points[variable]
    moves = calibration_moves(published, [variable]).isel(slot=0)
    np.testing.assert_allclose(moves["value_raw"], raw, rtol=1e-13)
    known = raw.notna().to_numpy()
    value = moves["value_calibrated"].to_series()
    assert value.notna().to_numpy().tolist() == known.tolist()
    assert value[known].tolist() == values_of(calibrated)[variable][known].tolist()
    moved = known & ((value - raw).abs() > 1e-5 * (raw.max() - raw.min())).to_numpy()
    assert int(moves["cities_known"]) == known.sum()
    assert int(moves["cities_moved"]) == moved.sum() < known.sum() / 2
    share = value - raw if variable == "economic-scale" else value / raw - 1.0
    np.testing.assert_allclose(moves["move"], share, atol=1e-12)
    assert float(moves["largest_move"]) == pytest.approx(share.loc[moves["largest_city"].item()], abs=1e-12)
    assert abs(float(moves["largest_move"])) == pytest.approx(share.abs().max(), abs=1e-12)


def test_one_figure_out_of_place_moves_alone() -> None:
    """Values 1, 2, …, 9 in the printed order, but the fifth is 100: its nearest place is just below the sixth."""
    points = np.arange(1.0, 10.0)
    raw = points.copy()
    raw[4] = 100.0
    index = with_raw(index_of_points({"a-x": points}), {"a-x": raw})
    moves = calibration_moves(index, ["a-x"])
    assert int(moves["cities_moved"][0]) == 1
    assert moves["largest_city"].item() == "c4"
    assert float(moves["largest_move"][0]) == pytest.approx(6.0 - 100.0, abs=1e-3)
    others = np.arange(9) != 4
    assert moves["value_calibrated"].values[others, 0].tolist() == points[others].tolist()


def test_one_figure_out_of_place_does_not_drag_its_neighbour_along() -> None:
    """From 400 to 50 is 350; so is 400 to 60 with 50 to 60."""
    raw = [60.0, 50.0, 400.0, 30.0, 20.0, 10.0]
    moves = calibration_moves(with_raw(index_of_points({"a-x": [6, 5, 4, 3, 2, 1]}), {"a-x": raw}), ["a-x"])
    assert float(np.abs(moves["move"]).sum()) == pytest.approx(350.0, abs=0.01)
    assert int(moves["cities_moved"][0]) == 1


def test_a_figure_revised_a_little_moves_by_what_makes_it_equal_in_per_cent() -> None:
    points = [1.0, 2.0, 3.0, 4.0, 5.0]
    index = with_raw(index_of_points({"a-x": points}), {"a-x": [10.0, 20.0, 44.0, 40.0, 50.0]}, scale="positive")
    moves = calibration_moves(index, ["a-x"])
    assert float(moves["cities_moved"][0]) == 1
    assert float(np.abs(moves["move"]).sum()) == pytest.approx(0.1, abs=0.01)


def test_several_variables_keep_their_order_and_none_is_empty(published: Index) -> None:
    both = calibration_moves(published, ["trade-balance", "government-debt"])
    for name in ("trade-balance", "government-debt"):
        alone = calibration_moves(published, [name])
        for figure in both.data_vars:
            np.testing.assert_array_equal(both[figure].sel(slot=name).values, alone[figure].sel(slot=name).values)
    assert both["slot"].values.tolist() == ["trade-balance", "government-debt"]
    assert calibration_moves(published, []).sizes == {"slot": 0, "city": 60}


def test_a_city_without_a_figure_lies_between_its_neighbours(calibrated: Index, published_folder: Path) -> None:
    value = values_of(calibrated)["fiscal-self-sufficiency"]
    points = points_table(published_folder)["fiscal-self-sufficiency"]
    below, above = points[points < points["nanning"]], points[points > points["nanning"]]
    assert value[below.idxmax()] < value["nanning"] < value[above.idxmin()]


def test_a_city_without_a_figure_has_that_of_the_cities_it_ties_with() -> None:
    raw = [60.0, np.nan, 40.0, 30.0, 20.0, 10.0]
    index = with_raw(index_of_points({"a-x": [6, 6, 4, 3, 2, 1]}), {"a-x": raw}, scale="positive")
    assert with_sources(index, {"a-x": "calibrated"}).matrix[VALUE].values[:, 0].tolist() == [60, 60, 40, 30, 20, 10]


def test_a_calibrated_variable_stays_one_indicator_with_unit_direction_and_scale_of_the_raw_side(
    published: Index, calibrated: Index
) -> None:
    definition = calibrated.definition
    assert definition.levels == published.definition.levels
    assert [leaf.id for leaf in definition.indicators] == [leaf.id for leaf in published.definition.indicators]
    leaves = {leaf.id: leaf for leaf in definition.indicators}
    debt = leaves["government-debt"]
    assert (debt.unit, debt.direction, debt.scale, debt.source) == ("ratio", "lower", "positive", "raw, calibrated")
    assert leaves["economic-scale"].scale == "signed"
    for name in set(leaves) - set(CALIBRATED):
        assert leaves[name] == next(leaf for leaf in published.definition.indicators if leaf.id == name)
    np.testing.assert_array_equal(calibrated.printed.values, published.printed.values)


def test_raw_and_calibrated_side_by_side(published: Index, published_folder: Path, calibrated: Index) -> None:
    changed = with_sources(published, {"economic-scale": "raw", "trade-balance": "calibrated"})
    totals = with_points_made_again(published_folder, ("economic-scale",)).sum(axis=1)
    assert changed.score()["total"].to_series().to_dict() == totals.to_dict()
    assert values_of(changed)["trade-balance"].tolist() == values_of(calibrated)["trade-balance"].tolist()


@settings(max_examples=30)
@given(
    st.integers(5, 9).flatmap(
        lambda n: st.tuples(st.permutations(range(n)), st.sets(st.integers(0, n - 1), max_size=n - 5), st.booleans())
    )
)
def test_values_in_the_printed_order_are_not_moved(case: tuple[list[int], set[int], bool]) -> None:
    order, unknown, lower = case
    n = len(order)
    points = 1.0 + np.array(order)
    raw = np.exp(-points if lower else points)
    raw[list(unknown)] = np.nan
    index = with_raw(
        index_of_points({"a-x": points}),
        {"a-x": raw},
        scale="positive",
        direction="lower" if lower else "higher",
    )
    assert resolve_sources(index, "calibrated") == {"a-x": "calibrated"}
    moves = calibration_moves(index, ["a-x"])
    assert (int(moves["cities_known"][0]), int(moves["cities_moved"][0])) == (n - len(unknown), 0)
    np.testing.assert_array_equal(moves["value_calibrated"].values[:, 0], raw)
    for source in ("calibrated",) if unknown else ("calibrated", "raw"):
        scored = with_sources(index, {"a-x": source}).score()  # type: ignore[dict-item]
        assert scored["total"].values.tolist() == points.tolist()
    # Between and beyond neighbours on a straight line of logarithms, here the line itself.
    filled = with_sources(index, {"a-x": "calibrated"}).matrix[VALUE].values[:, 0]
    np.testing.assert_allclose(np.log(filled), -points if lower else points, rtol=1e-9)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 30), min_size=5, max_size=8), st.randoms(use_true_random=False))
def test_calibrated_values_give_the_printed_totals_whatever_the_figures_say(raw: list[int], random: Any) -> None:
    n = len(raw)
    if len(set(raw)) == 1:
        raw = [raw[0] + 1, *raw[1:]]
    points = [random.randint(1, n) for _ in raw]
    index = with_raw(index_of_points({"a-x": points}), {"a-x": raw}, scale="positive")
    scored = with_sources(index, {"a-x": "calibrated"}).score()
    assert scored["total"].values.tolist() == points


def test_points_and_calibration_of_one_variable(published: Index, published_folder: Path) -> None:
    expected = points_table(published_folder)["trade-balance"]
    assert points_of_variable(published, "trade-balance").tolist() == expected.tolist()
    found = calibration(published, "trade-balance")
    assert (found.behind.direction, found.behind.scale) == ("lower", "positive")
    assert not found.moved.any()
    with pytest.raises(ValueError, match="printed has no raw side"):
        calibration(index_of_points({"a-x": [1, 2, 3]}), "a-x")


# What is refused.


LACKING: Mapping[str, str] = {
    "fiscal-self-sufficiency": "fiscal-self-sufficiency lacks public-expenditure of nanning (convention 4). ",
    "work-safety": "work-safety lacks safety-deaths of suzhou, safety-deaths of chengdu, safety-deaths of wuhan, "
    "safety-deaths of tianjin, safety-deaths of hefei and 26 more (convention 4). ",
}


@pytest.mark.parametrize("variable", LACKING)
def test_raw_names_the_figures_that_are_missing(published: Index, variable: str) -> None:
    remedy = "Add the figures, or take calibrated or points."
    assert problems_of(published, {variable: "raw"}) == [f"source.{variable}: {LACKING[variable]}{remedy}"]


def test_calibrated_is_recommended_only_where_it_can_be(published: Index) -> None:
    (told,) = problems_of(published, {"rd-intensity": "raw"})
    assert told.endswith(" and 55 more (convention 4). Add the figures, or take points.")


def test_several_missing_quantities_of_a_city_are_named_together(published: Index) -> None:
    assert published.raw is not None
    city = next(iter(lacking(published.raw, "trade-balance")))
    (told,) = problems_of(published.select([city, "shanghai", "beijing"]), {"trade-balance": "raw"})
    assert told.startswith(f"source.trade-balance: trade-balance lacks exports and imports of {city} (convention 4). ")


def test_calibration_needs_five_cities(published: Index) -> None:
    remedy = "Take points."
    assert problems_of(published, {"rd-intensity": "calibrated"}) == [
        f"source.rd-intensity: fewer than 5 cities have a raw value of rd-intensity. {remedy}"
    ]
    five = with_raw(index_of_points({"a-x": np.arange(1, 7)}), {"a-x": [1, 2, 3, 4, 5, np.nan]})
    assert problems_of(five, {"a-x": "calibrated"}) == []
    four = with_raw(index_of_points({"a-x": np.arange(1, 7)}), {"a-x": [1, 2, 3, 4, np.nan, np.nan]})
    assert problems_of(four, {"a-x": "calibrated"}) == [
        f"source.a-x: fewer than 5 cities have a raw value of a-x. {remedy}"
    ]


def test_values_that_are_not_above_zero_do_not_count_on_a_positive_scale() -> None:
    raw = [60.0, 50.0, 40.0, 30.0, 0.0, np.nan]
    for scale, told in (("signed", 0), ("positive", 1)):
        index = with_raw(index_of_points({"a-x": [6, 5, 4, 3, 2, 1]}), {"a-x": raw}, scale=scale)
        assert len(problems_of(index, {"a-x": "calibrated"})) == told


def test_all_unknown_names_are_told_and_known_ones_are_not(published: Index) -> None:
    told = problems_of(published, {"goverment-debt": "raw", "trade-balance": "raw", "zzz": "points"})
    assert [one.partition(":")[0] for one in told] == ["source.goverment-debt", "source.zzz"]
    assert told[0].endswith("no such indicator. Did you mean government-debt or digital-government?")


def test_a_variable_named_twice_is_refused(published: Index) -> None:
    assert problems_of(published, {"government-debt": "raw", "政府债务负担": "points"}) == [
        "source.政府债务负担: government-debt has a source already, under another name. Name it once."
    ]


def test_an_index_without_a_raw_side_has_points_only() -> None:
    index = index_of_points({"a-x": [1, 2, 3]})
    told = ["source: printed has no raw quantities. Remove it, or name a definition under data: raw."]
    for sources in ("raw", "calibrated", {"a-x": "raw"}):
        assert problems_of(index, sources) == told
    for nothing in ("points", {}, {"a-x": "points"}):
        assert problems_of(index, nothing) == []
        assert with_sources(index, nothing) is index
    assert resolve_sources(index, "raw") == {}


def test_one_word_that_no_variable_can_have_is_refused(published: Index) -> None:
    few = published.select(["hefei", "suzhou", "wuxi"])
    assert problems_of(few, "calibrated") == [
        "source: no variable of opportunity-2025 can be calibrated for these cities. Take points."
    ]
    assert problems_of(few, "raw") == []


def test_a_variable_without_printed_points_has_none_to_be_made_again(tmp_path: Path) -> None:
    index = load_index(write_printed_index(tmp_path))
    assert problems_of(index, dict.fromkeys(["wealth", "towers", "size"], "raw")) == []
    unprinted = dataclasses.replace(index, printed=index.printed.drop_sel(slot="wealth"))
    told = "wealth has no printed points with raw quantities behind them. Take points."
    for source in ("raw", "calibrated"):
        assert problems_of(unprinted, {"wealth": source}) == [f"source.wealth: {told}"]
    assert problems_of(unprinted, {"wealth": "points"}) == []


def test_calibration_of_nothing_is_refused_in_words(published: Index) -> None:
    for call in (lambda: with_sources(published, {"rd-intensity": "calibrated"}), calibration_of_nothing(published)):
        with pytest.raises(InputError, match=r"fewer than 5 cities have a raw value of rd-intensity\. Take points\."):
            call()


def calibration_of_nothing(index: Index) -> Callable[[], Any]:
    return lambda: calibration_moves(index, ["rd-intensity"])


def test_several_indicators_are_calibrated_where_all_are_known_of_every_city(published: Index) -> None:
    assert problems_of(published, {"retail-scale": "calibrated"}) == [
        "source.retail-scale: retail-scale has several indicators, which are not known of every city. Take points."
    ]


def test_few_cities_of_which_all_is_known_are_too_few(published: Index) -> None:
    few = published.select(["hefei", "suzhou", "wuxi"])
    assert problems_of(few, {"economic-scale": "calibrated"}) == [
        "source.economic-scale: fewer than 5 cities have a raw value of economic-scale. Take points."
    ]


def test_moves_are_of_variables_by_any_of_their_names(published: Index) -> None:
    assert calibration_moves(published, ["政府债务负担"])["slot"].values.tolist() == ["government-debt"]


@pytest.mark.parametrize("sources", ["rwa", {"government-debt": "rwa"}])
def test_a_word_that_is_no_source_is_refused(published: Index, sources: Any) -> None:
    with pytest.raises(InputError, match=r"no such source\. Known: points, raw, calibrated\."):
        with_sources(published, sources)


def test_an_index_without_a_raw_side_is_refused() -> None:
    with pytest.raises(InputError, match="printed has no raw quantities"):
        with_sources(index_of_points({"a-x": [1, 2, 3]}), {"a-x": "raw"})


def plainly_added(index: Index) -> Index:
    """Return the index with its dimension adding points as they are."""
    root = index.definition.index
    children = tuple(node.model_copy(update={"normalise": AsGiven()}) for node in root.children)
    return index.with_definition(index.definition.replace(index=root.model_copy(update={"children": children})))


@pytest.mark.parametrize("source", ["raw", "calibrated"])
def test_raw_values_are_not_added_to_points_as_they_are(source: str) -> None:
    index = with_raw(index_of_points({"a-x": [1, 2, 3, 4, 5]}), {"a-x": [10, 20, 30, 40, 50]})
    assert problems_of(index, {"a-x": source}) == []
    told = "a adds scores as they are, and raw values of a-x have a scale of their own. Give a normalise: "
    for sources in ({"a-x": source}, source):
        (fault,) = problems_of(plainly_added(index), sources)
        assert told in fault


def test_a_raw_definition_that_does_not_rank_makes_no_points(tmp_path: Path) -> None:
    raw = RAW.replace("money\n      normalise: {method: rank, ties: better}", "money\n      normalise: z-score")
    index = load_index(write_printed_index(tmp_path, {"raw.yaml": raw}))
    (told,) = problems_of(index, {"wealth": "raw"})
    assert told.startswith("source.wealth: the raw definition does not rank wealth: it scores ")
    assert told.endswith("Give money normalise: {method: rank, ties: better} there.")
