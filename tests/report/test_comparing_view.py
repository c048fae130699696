"""A comparison on a terminal and as a flat table says what the dataset says."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import xarray as xr
from rich.console import Console, RenderableType

import simulator as sim
from simulator.report.comparing import closing_lines, comparing_frame, comparing_view


def rendered(view: RenderableType, width: int = 200) -> list[str]:
    console = Console(width=width, force_terminal=False, file=io.StringIO())
    with console.capture() as caught:
        console.print(view)
    return [line.rstrip() for line in caught.get().splitlines()]


def rows_of(lines: list[str]) -> dict[str, list[str]]:
    """Return the cells of each city's row by its English name."""
    split = [re.split(r"\s{2,}", line.strip()) for line in lines]
    return {cells[0].split()[0]: cells for cells in split if len(cells) > 3 and cells[1].isdigit()}


def ran(name: str = "weights-only", *overrides: str) -> xr.Dataset:
    return sim.run(name, draws=200, seed=1, workers=1, overrides=overrides)


@pytest.fixture(scope="module")
def plain() -> xr.Dataset:
    return ran()


@pytest.fixture(scope="module")
def z_scores() -> xr.Dataset:
    return ran("weights-only", "recipe.normalisation=z-score")


@pytest.fixture(scope="module")
def two(plain: xr.Dataset, z_scores: xr.Dataset) -> xr.Dataset:
    return sim.compare({"points": plain, "z-scores": z_scores})


@pytest.fixture(scope="module")
def readings(plain: xr.Dataset) -> xr.Dataset:
    return sim.compare([plain, ran("small-city-investor")])


def test_every_city_has_a_row_with_its_ranks_and_move_the_farthest_first(two: xr.Dataset) -> None:
    lines = rendered(comparing_view(two, 200))
    assert lines[:2] == ["A  points", "B  z-scores"]
    rows = rows_of(lines)
    assert len(rows) == 60
    moves = []
    for city, slug in zip(two["city_name_en"].values, two["city"].values, strict=True):
        cells = rows[str(city).split()[0]]
        before, after = two["rank"].sel(city=slug).values
        assert cells[1:3] == [str(before), str(after)]
        assert cells[3] == (f"{before - after:+d}" if before != after else "·")
    for cells in rows.values():
        moves.append(0 if cells[3] == "·" else abs(int(cells[3])))
    assert moves == sorted(moves, reverse=True)


def test_the_dimensions_that_go_with_a_move_stand_beside_it(two: xr.Dataset) -> None:
    rows = rows_of(rendered(comparing_view(two, 300), 300))
    assert rows["Dongguan"][-1] == "Market environment 6 → 8, Economic strength 33 → 34"
    stays = two["city_name_en"].values[(two["rank_move"] == 0).all("result").values]
    assert all("→" not in rows[str(city).split()[0]][-1] for city in stays)


def test_the_score_gained_stands_behind_ranks_where_scores_can_be_compared(plain: xr.Dataset) -> None:
    moved = plain["scenario_score"].copy(deep=True)
    moved.loc[{"city": "hefei", "node": "open-development"}] += 2.5
    ranks = plain["scenario_rank"] - (plain["city"] == "hefei")
    after = plain.assign(rank_after=ranks, total_after=plain["scenario_total"], score_after=moved)
    rows = rows_of(rendered(comparing_view(sim.compare({"before": plain, "after": after}), 300), 300))
    assert re.fullmatch(r"Open development \d+ → \d+ \(\+2\.5\)", rows["Hefei"][-1])


@pytest.mark.parametrize("width", [60, 100, 130, 200])
def test_no_line_is_wider_than_the_screen(two: xr.Dataset, readings: xr.Dataset, width: int) -> None:
    for compared in (two, readings):
        view = comparing_view(compared, width)
        lines = rendered(view, 1000)
        table = [line for line in lines if rows_of([line]) or "─" in line]
        assert table
        assert max(len(line) for line in table) <= width


def test_a_narrow_screen_says_what_it_leaves_out(two: xr.Dataset) -> None:
    told = {width: " ".join(rendered(comparing_view(two, width), 1000)) for width in (45, 100, 300)}
    assert "Too wide for this screen: figures over draws and dimensions; --csv has them." in told[45]
    assert "Too wide for this screen: figures over draws; --csv has them." in told[100]
    assert "Too wide" not in told[300]
    assert "Median B" in told[300]
    assert "Median" not in told[100]


def test_some_cities_only(two: xr.Dataset) -> None:
    lines = rendered(comparing_view(two, 200, ["dongguan", "hefei"]))
    assert set(rows_of(lines)) == {"Dongguan", "Hefei"}
    assert any(" of 60 cities move" in line for line in lines)


def test_closing_lines_tell_agreement_and_settings(two: xr.Dataset) -> None:
    lines = list(closing_lines(two))
    moved = int((two["rank_move"].isel(result=1) != 0).sum())
    tau, rho = float(two["kendall"][0, 1]), float(two["spearman"][0, 1])
    assert lines[0].startswith(f"B beside A, with nothing varied: {moved} of 60 cities move, ")
    assert lines[0].endswith(f"; Kendall's tau {tau:.3f}, Spearman's rho {rho:.3f}.")
    apart = np.abs(two["rank_mean"][:, 1] - two["rank_mean"][:, 0])
    assert f"mean ranks are {float(apart.mean()):.2f} places apart" in lines[1]
    assert lines[2:] == [
        "recipe.normalisation: as-defined (A), z-score (B).",
        "Scores on another scale than A, so only ranks are compared: B.",
    ]


def test_nobody_moves_and_nothing_differs(plain: xr.Dataset) -> None:
    compared = sim.compare([plain, plain])
    lines = list(closing_lines(compared))
    assert lines[0] == (
        "B beside A, with nothing varied: 0 of 60 cities move, 0.00 places on average; "
        "Kendall's tau 1.000, Spearman's rho 1.000."
    )
    assert lines[2:] == ["The scenarios differ in no setting."]
    assert "Gains or loses" not in " ".join(rendered(comparing_view(compared, 200)))
    assert next(iter(rows_of(rendered(comparing_view(compared, 200))))) == "Shanghai"


def test_other_cities_and_other_dimensions_are_told(readings: xr.Dataset) -> None:
    lines = list(closing_lines(readings))
    assert "Left aside, ranks are among the others: 35 of weights-only that not all have." in lines
    assert "Other dimensions than A, so none are compared: B." in lines
    assert "Gains or loses" not in " ".join(rendered(comparing_view(readings, 200)))
    assert max(len(line) for line in lines if line.startswith("reading:")) < 120


def test_of_three_results_the_dimensions_name_the_one_that_moves_a_city_most(
    plain: xr.Dataset, z_scores: xr.Dataset
) -> None:
    rows = rows_of(rendered(comparing_view(sim.compare([plain, plain, z_scores]), 300), 300))
    assert rows["Dongguan"][1:6] == ["25", "25", "·", "26", "-1"]
    assert rows["Dongguan"][-1].startswith("C: Market environment 6 → 8")


def test_groups_are_named(plain: xr.Dataset) -> None:
    compared = sim.compare([plain, ran("city-clusters")])
    assert any(
        re.search(r"Dongguan 东莞\s+greater-bay-area\s", line) for line in rendered(comparing_view(compared, 200))
    )


def test_the_flat_table_has_a_row_for_each_city_and_result(two: xr.Dataset) -> None:
    table = comparing_frame(two)
    assert table.columns[:6].tolist() == ["city", "result", "rank", "rank_move", "total", "rank_mean"]
    assert len(table) == 120
    indexed = table.set_index(["city", "result"])
    for city in ("hefei", "dongguan"):
        for result in two["result"].values:
            row, held = indexed.loc[(city, result)], two.sel(city=city, result=result)
            for name in ("rank", "rank_move", "total", "rank_mean", "rank_mean_se", "top_10", "top_10_se"):
                assert row[name] == float(held[name])
            assert row["market-environment_rank"] == float(held["node_rank"].sel(node="market-environment"))
            assert row["market-environment_rank_move"] == float(held["node_rank_move"].sel(node="market-environment"))
            assert row["province"] == str(held["province"].values)


def test_what_is_not_defined_is_empty_in_the_flat_table(readings: xr.Dataset) -> None:
    table = comparing_frame(readings)
    assert table["energy_rank"][table["result"] == "weights-only"].isna().all()
    assert table["rank_mean"][table["result"] == "weights-only"].isna().all()
    assert ",,".join(["", ""]) in table.to_csv(index=False)
