"""What lies behind the points, on the screen: formulas and counts beside the raw side, quantiles beside the draws."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from naive_points import values_behind
from raw_indices import index_of_points, with_raw, write_printed_index
from rich.console import Console, RenderableType

from simulator.index import Index, load_index
from simulator.report.values import behind_view, drawn_view
from simulator.sourcing import calibration_moves, resolve_sources
from simulator.uncertainty.matrices import draw_matrices


@pytest.fixture(scope="module")
def published() -> Index:
    return load_index("opportunity-2025")


@pytest.fixture(scope="module")
def matrices(published: Index) -> xr.Dataset:
    return draw_matrices(published, 60, 2025)


def rendered(view: RenderableType, width: int = 220) -> list[str]:
    console = Console(width=width, force_terminal=False, file=io.StringIO())
    with console.capture() as caught:
        console.print(view)
    return [line.rstrip() for line in caught.get().splitlines()]


def starts_of(line: str, columns: list[str]) -> list[int]:
    return [line.index(f" {column}") + 1 for column in columns]


# All variables.


BEHIND = ["Variable", "Behind it", "Scale", "Better", "Known", "Elasticity"]


def behind_rows(index: Index, drawn: xr.Dataset) -> dict[str, list[str]]:
    """Return the cells of each variable, cut where the headings stand (that of counts ends where they end)."""
    lines = rendered(behind_view(index, drawn))
    heading = next(line for line in lines if line.startswith(" Variable"))
    start = starts_of(heading, BEHIND)
    table = {}
    for line in lines[lines.index(heading) + 2 :]:
        if not line.strip():
            break
        cells = [line[a:b].strip() for a, b in zip(start, [*start[1:], None], strict=True)]
        table[cells[0]] = cells[1:]
    return table


def test_every_variable_has_a_row_with_its_formulas(published: Index, matrices: xr.Dataset) -> None:
    rows = behind_rows(published, matrices)
    assert list(rows) == [leaf.id for leaf in published.definition.indicators]
    assert published.raw is not None
    for variable, row in rows.items():
        assert row[0] == "; ".join(str(part.formula) for part in published.raw.parts(variable))
        column = matrices.sel(indicator=variable)
        assert row[1:3] == [column["scale"].item(), column["direction"].item()]


def test_known_counts_the_cities_whose_figures_are_used(
    published: Index, matrices: xr.Dataset, published_folder: Path
) -> None:
    """All that are known but those that calibration has to move."""
    behind = values_behind(published_folder).notna().sum().to_dict() | {"economic-scale": 60}
    used = list(resolve_sources(published, "calibrated"))
    moved = calibration_moves(published, used)["cities_moved"].to_series()
    for variable, row in behind_rows(published, matrices).items():
        assert row[3] == str(behind[variable] - moved[variable] if variable in used else 0), variable


def test_elasticities_are_told_where_several_indicators_make_one_positive_value(
    published: Index, matrices: xr.Dataset
) -> None:
    rows = behind_rows(published, matrices)
    assert rows["innovation-talent"][4] == "0.5, 0.5"
    assert rows["innovative-companies"][4] == "0.33, 0.33, 0.33"
    assert rows["operating-cost"][4] == "0.5, 0.5"
    for without in ("economic-scale", "retail-scale", "trade-balance"):
        assert rows[without][4] == ""
    assert published.raw is not None
    told = {variable for variable, row in rows.items() if row[4]}
    positive = set(matrices["indicator"].values[matrices["scale"].values == "positive"])
    several = {variable for variable in rows if len(published.raw.parts(variable)) > 1}
    assert told == positive & several


def test_elasticities_of_one_s_own_are_told(tmp_path: Path) -> None:
    rows = [f"c{k},{name},{k + 1},{unit}" for name, unit in (("gdp", "CNY"), ("people", "persons")) for k in range(5)]
    index = load_index(
        write_printed_index(tmp_path, {"quantities.csv": "\n".join(["city,quantity,value,unit", *rows, ""])})
    )
    table = behind_rows(index, draw_matrices(index, 2, 1))
    assert table["size"] == ["gdp; people", "positive", "higher", "0", "0.4, 0.5"]
    assert table["towers"][0] == "1000 * 5g-stations / people"


def test_an_index_without_a_raw_side_says_that_it_is_not_told() -> None:
    index = index_of_points({"a-x": [3, 2, 1], "a-y": [1, 2, 3]})
    known = with_raw(index, {"a-x": [5.0, 4.0, 3.0]}, scale="positive")
    assert behind_rows(index, draw_matrices(index, 2, 1))["a-x"] == ["not told", "signed", "higher", "0", ""]
    rows = behind_rows(known, draw_matrices(known, 2, 1))
    assert rows == {
        "a-x": ["q-a-x", "positive", "higher", "0", ""],  # fewer than five are not used
        "a-y": ["not told", "signed", "higher", "0", ""],
    }


def test_the_words_below_say_what_known_and_elasticity_are(published: Index, matrices: xr.Dataset) -> None:
    text = " ".join(rendered(behind_view(published, matrices), 400))
    assert "Known: cities whose raw value is used, moved into the printed order where it must be" in text
    assert "Elasticity: per cent by which the one value of several indicators changes" in text


# One variable.


def drawn_rows(index: Index, drawn: xr.Dataset, variable: str) -> list[list[str]]:
    lines = rendered(drawn_view(index, drawn, variable))
    heading = next(number for number, line in enumerate(lines) if line.split()[:2] == ["Points", "City"])
    assert lines[heading].split() == ["Points", "City", "Known", "5", "%", "50", "%", "95", "%"]
    return [re.split(r"\s{2,}", line.strip()) for line in lines[heading + 2 :] if line.strip()]


def written(value: float) -> str:
    return str(round(value)) if round(abs(value)) >= 10_000 else f"{value:.4g}"


@pytest.mark.parametrize("variable", ["trade-balance", "rd-intensity", "output-per-capita", "digital-government"])
def test_quantiles_are_those_of_the_draws_in_the_printed_order(
    published: Index, matrices: xr.Dataset, variable: str
) -> None:
    rows = drawn_rows(published, matrices, variable)
    points = published.printed.sel(slot=variable).to_series()
    names = published.matrix["city_name_en"].to_series() + " " + published.matrix["city_name_zh"].to_series()
    order = sorted(points.index, key=lambda city: (-points[city], published.cities.index(city)))
    assert [row[:2] for row in rows] == [[f"{points[city]:g}", names[city]] for city in order]
    for city, row in zip(order, rows, strict=True):
        column = matrices["value"].sel(indicator=variable, city=city)
        quantiles = [written(float(column.quantile(q))) for q in (0.05, 0.5, 0.95)]
        known = bool(matrices["known"].sel(indicator=variable, city=city))
        assert row[2:] == ([quantiles[1]] if known else []) + quantiles, city
        if known:
            assert len(set(row[2:])) == 1


def test_known_values_are_the_raw_ones(published: Index, matrices: xr.Dataset, published_folder: Path) -> None:
    value = values_behind(published_folder)["trade-balance"]
    english = dict(zip(published.matrix["city_name_en"].values, published.cities, strict=True))
    rows = drawn_rows(published, matrices, "trade-balance")
    known = {english[" ".join(row[1].split()[:-1])]: row[2] for row in rows if len(row) == 6}
    assert known == {city: f"{one:.4g}" for city, one in value.dropna().items()}


def test_the_title_tells_scale_direction_and_unit(published: Index, matrices: xr.Dataset) -> None:
    def title(variable: str) -> str:
        return rendered(drawn_view(published, matrices, variable))[0].strip()

    assert title("government-debt") == "government-debt: positive scale, lower is better, ratio"
    assert title("data-market") == "data-market: signed scale, lower is better, position"
    assert title("innovation-talent") == "innovation-talent: positive scale, higher is better"
    assert title("economic-scale").startswith("economic-scale: signed scale, higher is better")


def test_an_index_without_a_raw_side_shows_its_draws() -> None:
    index = index_of_points({"a-x": [1, 3, 2]})
    drawn = draw_matrices(index, 50, 1)
    rows = drawn_rows(index, drawn, "a-x")
    assert [row[:2] for row in rows] == [["3", "c1"], ["2", "c2"], ["1", "c0"]]
    assert all(len(row) == 5 for row in rows)
    medians = [float(row[3]) for row in rows]
    assert medians == sorted(medians, reverse=True)
    assert rendered(drawn_view(index, drawn, "a-x"))[0].strip() == "a-x: signed scale, higher is better"


def test_of_a_single_draw_all_quantiles_are_the_draw(published: Index) -> None:
    drawn = draw_matrices(published, 1, 3)
    for row in drawn_rows(published, drawn, "rd-intensity"):
        assert len(set(row[2:])) == 1


def test_numbers_of_five_digits_are_written_out(published: Index, matrices: xr.Dataset) -> None:
    """GDP per person is some hundred thousand yuan."""
    value = matrices["value"].sel(indicator="output-per-capita")
    assert float(value.max()) > 1e5
    text = "\n".join(rendered(drawn_view(published, matrices, "output-per-capita")))
    assert "e+" not in text


@pytest.mark.parametrize("width", [1, 20, 40, 80, 400])
def test_a_terminal_of_any_width_shows_something(published: Index, matrices: xr.Dataset, width: int) -> None:
    for view in (behind_view(published, matrices), drawn_view(published, matrices, "trade-balance")):
        lines = rendered(view, width)
        assert any(lines)
        assert all(len(line) <= width for line in lines)


def test_a_screen_of_80_columns_folds_no_city(published: Index, matrices: xr.Dataset) -> None:
    lines = rendered(drawn_view(published, matrices, "trade-balance"), 80)
    shown = [line for line in lines if re.match(r"\s*\d+\s{2,}\S", line)]
    assert len(shown) == 60
    assert np.unique([line.split()[1] for line in shown]).size >= 59
