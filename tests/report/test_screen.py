"""What a terminal shows is what the dataset says, on wide and narrow ones."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from rich.console import Console, RenderableType

import simulator as sim
from simulator.analysis.stability import largest_error
from simulator.report.screen import city_name, plain_table, score_view, show, stability_view

SMALL: dict[str, Any] = {
    "schema_version": 1,
    "name": "few",
    "index": "opportunity-2025",
    "cities": ["合肥", "Suzhou", "harbin", "wuxi"],
    "draws": 40,
    "seed": 3,
    "recipe": {"ties": "better"},
    "factors": {
        "data-error": {"size": 2, "unit": "places"},
        "weights": ["equal", {"method": "given", "weights": {"economic-strength": 50}}],
        "leave-out": {"level": "variable"},
    },
}


def rendered(view: RenderableType, width: int = 200) -> list[str]:
    console = Console(width=width, force_terminal=False, file=io.StringIO())
    with console.capture() as caught:
        console.print(view)
    return [line.rstrip() for line in caught.get().splitlines()]


def rows_of(lines: list[str]) -> dict[str, list[str]]:
    """Return the cells of each city's row by its English name."""
    found = {}
    for line in lines:
        cells = re.split(r"\s{2,}", line.strip())
        if cells[0].isdigit() and len(cells) > 2:
            found[cells[1].split()[0]] = cells
    return found


@pytest.fixture(scope="module")
def stress() -> xr.Dataset:
    return sim.run("stress-test", draws=60, workers=1)


@pytest.fixture(scope="module")
def small() -> xr.Dataset:
    return sim.run(SMALL, workers=1)


@pytest.fixture(scope="module")
def groups() -> xr.Dataset:
    return sim.run("city-clusters", draws=60, workers=1)


@pytest.fixture(scope="module")
def exact() -> xr.Dataset:
    return sim.run("leave-one-dimension-out", workers=1)


# Scores.


def test_scores_are_shown_best_first_with_names_and_dimensions() -> None:
    scored = sim.load_index("opportunity-2025").score()
    lines = rendered(score_view(scored, 400), width=400)
    rows = rows_of(lines)
    assert len(rows) == 60
    assert rows["Shanghai"][:3] == ["1", "Shanghai 上海", "2446"]
    assert rows["Hefei"][0] == "15"
    dimensions = scored["score"].sel(city="hefei", node=scored["node"].values[scored["level"].values == "dimension"])
    assert rows["Hefei"][3:] == [f"{value:.0f}" for value in dimensions.values]
    assert [int(cells[0]) for cells in rows.values()] == sorted(scored["rank"].values.tolist())


def test_dimensions_that_do_not_fit_the_screen_are_left_out_and_said_to_be() -> None:
    lines = rendered(score_view(sim.load_index("opportunity-2025").score(), 80), width=80)
    assert rows_of(lines)["Shanghai"] == ["1", "Shanghai 上海", "2446"]
    assert lines[-1] == "The dimensions are too wide for this screen; --csv has them."


def test_broken_scores_have_the_same_decimals_throughout() -> None:
    scored = sim.load_index("opportunity-2025").score()
    shanghai = scored["city"].values.tolist().index("shanghai")
    scored["total"][shanghai] = 1234.5678
    rows = rows_of(rendered(score_view(scored, 400), 400))
    assert rows["Shanghai"][2] == "1234.57"
    assert all(re.fullmatch(r"\d+\.\d\d", cells[2]) for cells in rows.values())
    scored["total"] = scored["total"] / 10_000.0
    rows = rows_of(rendered(score_view(scored, 400), 400))
    assert rows["Shanghai"][2] == "0.1235"
    assert all(re.fullmatch(r"0\.\d{4}", cells[2]) for cells in rows.values())


# Stability.


def test_every_city_is_shown_with_its_figures(stress: xr.Dataset) -> None:
    rows = rows_of(rendered(stability_view(stress)))
    assert len(rows) == 60
    for slug, name in (("shanghai", "Shanghai"), ("hefei", "Hefei"), ("harbin", "Harbin")):
        one = stress.sel(city=slug)
        assert rows[name][0] == str(int(one["baseline_rank"]))
        assert rows[name][2:] == [
            str(int(one["rank_median"])),
            f"{int(one['rank_p05'])} to {int(one['rank_p95'])}",
            f"{100 * float(one['top_10']):.1f} %",
            f"{float(one['rank_shift_abs']):.1f}",
            f"{100 * float(one['keep_tier']):.1f} %",
        ]
    assert [int(cells[0]) for cells in rows.values()] == sorted(stress["baseline_rank"].values.tolist())


def test_the_whole_ranking_is_told_below(stress: xr.Dataset) -> None:
    text = " ".join(rendered(stability_view(stress, seconds=1.25), width=400))
    assert f"a city moves {float(stress['mean_abs_rank_shift']):.2f} places" in text
    assert (
        f"Kendall's tau {float(stress['kendall_tau']):.3f}, Spearman's rho {float(stress['spearman_rho']):.3f}." in text
    )
    assert f"{float(stress['mean_abs_rank_shift_se']):.3f}" in text
    largest = 100 * largest_error(stress)
    assert f"60 draws in 1.2 s, seed 2025; the largest standard error of a chance is {largest:.2f} %." in text
    assert "Rank is the baseline: the ranking as published. Data error: all: normal, size 0.1 (sd), " in text
    assert "60 draws, seed 2025;" in " ".join(rendered(stability_view(stress), width=400))


def test_realised_shares_are_told_where_there_are_few_alternatives(stress: xr.Dataset) -> None:
    lines = rendered(stability_view(stress), width=400)
    share = stress["choice_share"].values[stress["factor"].values == "normalisation"]
    names = stress["alternative"].values[stress["factor"].values == "normalisation"]
    told = ", ".join(f"{name} {100 * one:.1f} %" for name, one in zip(names, share, strict=True))
    assert f"Realised normalisation: {told}." in lines
    assert any(line.startswith("Realised aggregation: arithmetic ") for line in lines)
    assert not any(line.startswith(("Realised weights", "Realised leave-out")) for line in lines)


def test_a_study_without_choices_tells_no_shares() -> None:
    result = sim.run("weights-only", draws=20, workers=1)
    bare = result.drop_vars(["choice_share", "choice_share_se"], errors="ignore")
    assert not any(line.startswith("Realised") for line in rendered(stability_view(bare), width=400))


def test_a_subset_shows_its_own_ranks_and_no_tiers(small: xr.Dataset) -> None:
    lines = rendered(stability_view(small))
    rows = rows_of(lines)
    assert [cells[0] for cells in rows.values()] == ["1", "2", "3", "4"]
    assert set(rows) == {"Hefei", "Suzhou", "Harbin", "Wuxi"}
    heading = next(line for line in lines if line.lstrip().startswith("Rank"))
    assert "Tier kept" not in heading
    own = (small["scenario_rank"] != small["baseline_rank"]).any()
    assert ("Scenario" in heading) == bool(own)


def test_the_scenario_s_own_rank_is_shown_only_where_it_differs(stress: xr.Dataset) -> None:
    def heading(result: xr.Dataset) -> str:
        return next(line for line in rendered(stability_view(result)) if line.lstrip().startswith("Rank"))

    assert "Scenario" not in heading(stress)
    differs = stress.copy(deep=True)
    differs["scenario_rank"].loc[{"city": ["shanghai", "beijing"]}] = [2, 1]
    assert "Scenario" in heading(differs)
    rows = rows_of(rendered(stability_view(differs)))
    assert (rows["Shanghai"][0], rows["Shanghai"][2], rows["Beijing"][2], rows["Hefei"][2]) == ("1", "2", "1", "15")


def test_an_exact_design_says_so_and_names_no_error(exact: xr.Dataset) -> None:
    lines = rendered(stability_view(exact, seconds=1.0), width=400)
    assert lines[-1] == "All 10 combinations, exact: no sampling error."
    text = " ".join(lines)
    assert "seed" not in text
    assert "standard error" not in text
    assert "±" not in text


def test_a_sampled_design_never_calls_itself_exact(stress: xr.Dataset) -> None:
    assert "exact" not in " ".join(rendered(stability_view(stress), width=400))


def test_an_exact_design_names_what_moves_the_ranking_most(exact: xr.Dataset) -> None:
    lines = rendered(stability_view(exact), width=600)
    shifts = exact["mean_abs_rank_shift_by_draw"].values
    beginning = "Mean shift by combination, largest first: "
    (told,) = [line for line in lines if line.startswith(beginning)]
    first = int(np.argmax(shifts))
    name = str(exact["draw_leave_out_dimension"].values[first])
    assert told.partition(": ")[2].startswith(f"{name} {shifts[first]:.2f}; ")
    numbers = [float(part) for part in re.findall(r" (\d+\.\d\d)[;.]", told)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == len(shifts)


def test_of_many_combinations_the_first_are_named() -> None:
    lines = rendered(stability_view(sim.run("leave-one-variable-out", workers=1)), width=600)
    (told,) = [line for line in lines if line.startswith("Mean shift by combination")]
    assert told.startswith("Mean shift by combination, largest first, the first 10 of 50: digital-government 0.72; ")


def test_each_group_has_its_table_and_its_sentence(groups: xr.Dataset) -> None:
    lines = rendered(stability_view(groups), width=400)
    names = groups["ranked_group"].values.tolist()
    titles = [line.strip() for line in lines if line.strip() in names]
    assert titles == names
    rows = [line for line in lines if re.match(r"\s*\d+\s{2,}\S", line)]
    assert len(rows) == groups.sizes["city"]
    for number, name in enumerate(names):
        shift = float(groups["mean_abs_rank_shift"].values[number])
        assert any(line.startswith(f"{name}: on average a city moves {shift:.2f} places") for line in lines)
    assert any(line.startswith("Too small to be ranked: chengdu-chongqing: ") for line in lines)
    assert "yangtze-delta" in names


@pytest.mark.parametrize("width", [1, 20, 40, 80, 400])
@pytest.mark.parametrize("which", ["stress", "small", "groups", "exact"])
def test_a_terminal_of_any_width_shows_something(which: str, width: int, request: pytest.FixtureRequest) -> None:
    lines = rendered(stability_view(request.getfixturevalue(which), seconds=0.1), width)
    assert any(line for line in lines)
    assert all(len(line) <= width for line in lines)


def test_a_terminal_of_80_columns_folds_no_row(stress: xr.Dataset) -> None:
    assert len(rows_of(rendered(stability_view(stress), width=80))) == 60


def test_a_city_that_never_took_part_does_not_break_the_view(stress: xr.Dataset) -> None:
    gone = stress.copy(deep=True)
    for name in ("rank_mean", "top_10", "rank_shift_abs", "keep_tier"):
        gone[name].loc[{"city": "hefei"}] = np.nan
    gone["rank_frequency_se"].loc[{"city": "hefei"}] = np.nan
    for name in ("rank_median", "rank_p05", "rank_p95"):
        gone[name].loc[{"city": "hefei"}] = 0
    assert rows_of(rendered(stability_view(gone)))["Hefei"][2] == "0"


# Names and output.


@pytest.mark.parametrize(
    ("coordinates", "name"),
    [
        ({"city_name_en": ("city", ["Hefei"]), "city_name_zh": ("city", ["合肥"])}, "Hefei 合肥"),
        ({"city_name_en": ("city", ["Hefei"]), "city_name_zh": ("city", [""])}, "Hefei"),
        ({"city_name_zh": ("city", ["合肥"])}, "合肥"),
        ({"city_name_en": ("city", [""]), "city_name_zh": ("city", [""])}, "hefei"),
        ({}, "hefei"),
    ],
)
def test_a_city_is_called_by_the_names_it_has(coordinates: dict[str, Any], name: str) -> None:
    assert city_name(xr.Dataset(coords={"city": ["hefei"], **coordinates}), 0) == name


def test_what_is_no_terminal_gets_lines_that_are_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    table = plain_table("A", "B", right=[1])
    table.add_row("x" * 90, "y" * 90)
    show(table)
    printed = capsys.readouterr().out
    assert "x" * 90 in printed
    assert "y" * 90 in printed
    assert "\x1b" not in printed


@pytest.mark.parametrize("make", [lambda: plain_table("A"), lambda: plain_table("A", "B", "C", right=[0, 2])])
def test_a_table_without_rows_is_shown(make: Callable[[], RenderableType]) -> None:
    assert rendered(make())[1].split()[0] == "A"
