"""Raw quantities beside the print on the screen and in a file: every cell beside plain arithmetic."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from naive_points import (
    COMPLETE,
    LOWER,
    competition_ranks,
    points_table,
    rank_points,
    sum_behind_economic_scale,
    values_behind,
    with_points_made_again,
)
from raw_indices import QUANTITIES, index_of_points, with_raw, write_printed_index
from rich.console import Console

from simulator.index import Index, load_index
from simulator.report.frames import score_frame
from simulator.report.raw import WIDE_ENOUGH, raw_view, side_by_side_frame
from simulator.sourcing import Source, calibration_moves, resolve_sources, with_sources

TITLES = (
    "Points made again from raw quantities, beside the printed ones",
    "Raw values moved into the printed order",
    "Where the ranking differs",
)


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


def lines_of(index: Index, sources: Mapping[str, Source], width: int = 220) -> list[str]:
    view = raw_view(index, sources, with_sources(index, sources).score(), width)
    console = Console(width=width, force_terminal=False, file=io.StringIO())
    with console.capture() as caught:
        console.print(view)
    return [line.rstrip() for line in caught.get().splitlines()]


def tables_of(lines: Sequence[str]) -> dict[str, list[list[str]]]:
    """Return the rows of each table, heading first, as the cells that two spaces part, by its title."""
    found: dict[str, list[list[str]]] = {}
    title = ""
    for line in lines:
        if line.strip() in TITLES:
            title = line.strip()
            found[title] = []
        elif title and line.startswith(" ") and line.strip(" ─"):
            found[title].append(re.split(r"\s{2,}", line.strip()))
        elif found.get(title) and not line.strip():
            title = ""
    return found


# Points made again.


@pytest.fixture(scope="module")
def compared(published: Index) -> dict[str, list[str]]:
    heading, *rows = tables_of(lines_of(published, resolve_sources(published, "raw")))[TITLES[0]]
    assert heading == ["Variable", "Source", "Cities", "Exact", "Within 1", "Largest", "Spearman", "From"]
    return {row[0]: row[1:] for row in rows}


def test_points_made_again_are_compared_by_plain_arithmetic(
    published_folder: Path, compared: dict[str, list[str]]
) -> None:
    """A city without a value keeps its place: the others have one point more for each such city below them."""
    points = points_table(published_folder)
    behind = values_behind(published_folder).assign(**{"economic-scale": sum_behind_economic_scale(published_folder)})
    for variable, values in behind.items():
        known = values.dropna()
        printed = points[str(variable)]
        unknown = printed[values.isna()]
        again = rank_points(known, variable in LOWER) + [int((unknown < printed[city]).sum()) for city in known.index]
        difference = (again - printed[known.index]).abs()
        row = compared[str(variable)]
        assert row[0] == ("raw" if variable in COMPLETE else "points")
        assert row[1:4] == [str(len(known)), str((difference == 0).sum()), str((difference <= 1).sum())], variable
        if difference.max() > 0:
            size, city = row[4].split(", ")
            assert float(size) == difference.max() == difference[city]
        else:
            assert row[4] == "none"
        turned = -known if variable in LOWER else known
        assert row[5] == f"{turned.corr(printed[known.index], method='spearman'):.4f}", variable


def test_every_variable_is_compared_of_which_two_cities_are_known(
    published: Index, compared: dict[str, list[str]]
) -> None:
    assert published.raw is not None
    expected = [
        leaf.id
        for leaf in published.definition.indicators
        if np.logical_and.reduce(
            [np.isfinite(published.raw.column(part.id)) for part in published.raw.parts(leaf.id)]
        ).sum()
        > 1
    ]
    assert list(compared) == expected
    assert len(expected) == 21
    formulas = {name: row[6] for name, row in compared.items()}
    assert formulas["economic-scale"] == "gdp; gdp-growth"
    assert formulas["trade-balance"] == "abs(exports - imports) / (exports + imports)"


@pytest.mark.parametrize("width", [WIDE_ENOUGH - 1, WIDE_ENOUGH])
def test_formulas_are_shown_where_there_is_room(published: Index, width: int) -> None:
    text = "\n".join(lines_of(published, {"economic-scale": "raw"}, width))
    assert ("gdp; gdp-growth" in text) == (width >= WIDE_ENOUGH)


# Calibration.


def test_moves_are_told_in_per_cent_with_the_city_moved_farthest(published: Index) -> None:
    sources: dict[str, Source] = dict.fromkeys(
        ["government-debt", "trade-balance", "economic-scale", "fiscal-self-sufficiency"], "calibrated"
    )
    heading, *rows = tables_of(lines_of(published, sources))[TITLES[1]]
    assert heading == ["Variable", "Cities", "Moved", "Largest move", "of"]
    assert rows[0] == ["government-debt", "60", "3", "+69.3 %", "yinchuan"]
    assert rows[1] == ["trade-balance", "46", "0", "none"]
    assert rows[2] == ["economic-scale", "60", "6", "-2", "shenzhen"]
    assert rows[3][:3] == ["fiscal-self-sufficiency", "59", "4"]
    assert rows[3][3].endswith(" %")


CASES: Mapping[str, tuple[list[float], dict[str, Any]]] = {
    "in per cent": ([60.0, 50.0, 400.0, 30.0, 20.0, 10.0], {"scale": "positive"}),
    "in its unit": ([60.0, 50.0, 400.0, 30.0, 20.0, 10.0], {"scale": "signed"}),
    "lower is better": ([10.0, 20.0, 0.3, 40.0, 50.0, 60.0], {"scale": "signed", "direction": "lower"}),
    "nearer is better": (
        [10.0, 11.0, 10.2, 14.0, 15.0, 16.0],
        {"scale": "positive", "direction": "target", "target": 10.0},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_move_of_one_figure_has_the_unit_of_its_scale(case: str) -> None:
    """What is ranked towards a target is minus the distance to it, which has no per cent."""
    raw, leaf = CASES[case]
    index = with_raw(index_of_points({"a-x": list(range(6, 0, -1))}), {"a-x": raw}, **leaf)
    moves = calibration_moves(index, ["a-x"]).isel(slot=0)
    city = moves["largest_city"].item()
    change = float((moves["value_calibrated"] - moves["value_raw"]).sel(city=city))
    share = 100.0 * change / float(moves["value_raw"].sel(city=city))
    (_, row) = tables_of(lines_of(index, {"a-x": "calibrated"}))[TITLES[1]]
    told = f"{share:+.1f} %" if case == "in per cent" else f"{change:+.3g}"
    assert row == ["a-x", "6", str(int(moves["cities_moved"])), told, city]
    assert abs(change) > 0.5


# The ranking beside the published one.


@pytest.mark.parametrize("variables", [COMPLETE, ("economic-scale",), ("government-debt",)], ids="+".join)
def test_the_ranking_is_told_where_it_differs(
    published: Index, published_folder: Path, variables: tuple[str, ...]
) -> None:
    lines = lines_of(published, dict.fromkeys(variables, "raw"))
    heading, *rows = tables_of(lines)[TITLES[2]]
    assert heading == ["Rank", "City", "Total", "Published rank", "Published total", "Rank differs", "Total differs"]
    printed = pd.read_csv(published_folder / "totals.csv", index_col="city")
    totals = with_points_made_again(published_folder, variables).sum(axis=1)
    ranks = competition_ranks(totals)
    differs = (ranks != printed["rank"]) | (totals != printed["total"])
    order = sorted(ranks.index[differs], key=lambda city: (ranks[city], published.cities.index(city)))
    english = published.matrix["city_name_en"].to_series()
    chinese = published.matrix["city_name_zh"].to_series()
    expected = [
        [
            str(ranks[city]),
            f"{english[city]} {chinese[city]}",
            f"{totals[city]:g}",
            str(printed["rank"][city]),
            str(printed["total"][city]),
            *([f"{printed['rank'][city] - ranks[city]:+g}"] if printed["rank"][city] != ranks[city] else []),
            *([f"{totals[city] - printed['total'][city]:+g}"] if totals[city] != printed["total"][city] else []),
        ]
        for city in order
    ]
    assert rows == expected
    apart = (ranks != printed["rank"]).sum()
    assert lines[-1] == f"{apart} of 60 cities have another rank than published."


def test_a_rank_gained_is_a_plus(published: Index) -> None:
    rows = tables_of(lines_of(published, resolve_sources(published, "raw")))[TITLES[2]]
    by_city = {row[1].split()[0]: row for row in rows}
    assert by_city["Yinchuan"] == ["56", "Yinchuan 银川", "1001", "57", "973", "+1", "+28"]
    assert by_city["Hefei"] == ["16", "Hefei 合肥", "1901", "15", "1903", "-1", "-2"]


def test_where_nothing_differs_there_is_no_table(published: Index) -> None:
    lines = lines_of(published, resolve_sources(published, "calibrated"))
    assert set(tables_of(lines)) == set(TITLES[:2])
    assert lines[-1] == "0 of 60 cities have another rank than published."


def test_an_index_that_printed_no_totals_is_compared_with_its_points(tmp_path: Path) -> None:
    index = load_index(write_printed_index(tmp_path))
    lines = lines_of(index, {"size": "raw"})
    heading, *rows = tables_of(lines)[TITLES[2]]
    assert heading[3:5] == ["From points rank", "From points total"]
    # Ranks of gdp 6..1 and of people 1, 2, 3, 4, 6, 6 add up to 7, 7, 7, 7, 8, 7: points 5, 5, 5, 5, 6, 5.
    points = {"c0": 16, "c1": 15, "c2": 14, "c3": 11, "c4": 8, "c5": 5}
    raw = {"c0": 17, "c1": 15, "c2": 13, "c3": 11, "c4": 10, "c5": 7}
    expected = [
        [str(place), city, str(raw[city]), str(place), str(points[city]), f"{raw[city] - points[city]:+}"]
        for place, city in enumerate(raw, start=1)
        if raw[city] != points[city]
    ]
    assert rows == expected
    assert lines[-1] == "0 of 6 cities have another rank than from the points."


# Below the tables.


def test_the_variables_that_have_another_source_are_named(published: Index) -> None:
    sources: dict[str, Source] = {"government-debt": "raw", "trade-balance": "points", "work-safety": "calibrated"}
    assert "Points as printed for all variables but government-debt, work-safety." in lines_of(published, sources)
    assert "Points as printed throughout." in lines_of(published, {"trade-balance": "points"})
    assert "Points as printed throughout." in lines_of(published, {})


def test_what_is_missing_of_a_variable_nearly_known_is_told(published: Index) -> None:
    told = "fiscal-self-sufficiency lacks public-expenditure of nanning (convention 4); "
    told += "--source fiscal-self-sufficiency=calibrated fills it between its neighbours."
    assert told in lines_of(published, {})
    assert "work-safety lacks" not in "\n".join(lines_of(published, {}))
    for source in ("calibrated", "points"):
        assert told not in lines_of(published, {"fiscal-self-sufficiency": source})  # type: ignore[dict-item]


def small_with_gaps(folder: Path, *gaps: str) -> Index:
    """Return the small index without some rows of its quantities."""
    rows = [row for row in QUANTITIES.splitlines() if not row.startswith(gaps)]
    return load_index(write_printed_index(folder, {"quantities.csv": "\n".join([*rows, ""])}))


def test_several_missing_figures_are_told_by_city(tmp_path: Path) -> None:
    lines = lines_of(small_with_gaps(tmp_path, "c3,gdp", "c3,people", "c1,people"), {})
    assert "wealth lacks people of c1, gdp and people of c3 (convention 4)." in lines


def test_calibration_is_recommended_only_where_it_can_be(tmp_path: Path) -> None:
    lines = lines_of(small_with_gaps(tmp_path, "c3,gdp"), {})
    told = "wealth lacks gdp of c3 (convention 4); --source wealth=calibrated fills it between its neighbours."
    assert told in lines
    assert "size lacks gdp of c3 (convention 4)." in lines


def test_values_calibrated_against_their_order_are_in_doubt(published: Index) -> None:
    told = "digital-infrastructure: raw values agree too little with the printed points to stand behind them "
    told += "(Spearman below 0.9)."
    assert told in lines_of(published, {"digital-infrastructure": "calibrated"})
    agreeing = "\n".join(lines_of(published, resolve_sources(published, "calibrated")))
    assert "too little" not in agreeing


def test_an_index_without_a_raw_side_shows_no_comparison() -> None:
    index = index_of_points({"a-x": [3, 2, 1]})
    console = Console(width=100, file=io.StringIO())
    with console.capture() as caught:
        console.print(raw_view(index, {}, index.score(), 100))
    assert caught.get().splitlines() == [
        "Points as printed throughout.",
        "0 of 3 cities have another rank than from the points.",
    ]


@pytest.mark.parametrize("width", [1, 20, 40, 80, 129, 400])
def test_a_terminal_of_any_width_shows_something(published: Index, width: int) -> None:
    lines = lines_of(published, {"economic-scale": "raw", "government-debt": "calibrated"}, width)
    assert any(lines)
    assert all(len(line) <= width for line in lines)


# As a table.


def test_the_frame_has_what_was_published_beside_what_comes_out(published: Index, published_folder: Path) -> None:
    frame = side_by_side_frame(published, with_sources(published, "raw").score())
    assert list(frame.columns[:5]) == ["city", "rank", "total", "published_rank", "published_total"]
    assert list(frame.columns[5:]) == [child.id for child in published.definition.index.children]
    printed = pd.read_csv(published_folder / "totals.csv", index_col="city")
    totals = with_points_made_again(published_folder).sum(axis=1)
    ranks = competition_ranks(totals)
    by_city = frame.set_index("city")
    assert len(by_city) == 60
    assert by_city["total"].to_dict() == totals.to_dict()
    assert by_city["rank"].to_dict() == ranks.to_dict()
    assert by_city["published_rank"].to_dict() == printed["rank"].to_dict()
    assert by_city["published_total"].to_dict() == printed["total"].to_dict()
    assert frame["rank"].is_monotonic_increasing
    others = printed.columns.drop(["rank", "total", "economic-strength"])
    assert by_city[others].loc[printed.index].to_numpy().tolist() == printed[others].to_numpy().tolist()


def test_the_frame_of_an_index_without_print_is_that_of_its_scores(tmp_path: Path) -> None:
    index = load_index(write_printed_index(tmp_path))
    scored = with_sources(index, "raw").score()
    pd.testing.assert_frame_equal(side_by_side_frame(index, scored), score_frame(scored))
