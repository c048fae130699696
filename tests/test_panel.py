"""An index over several years: read, scored within each year and over all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simulator as sim

ROWS = {
    ("x", 2020): (1.0, 10.0),
    ("y", 2020): (2.0, 40.0),
    ("z", 2020): (5.0, 20.0),
    ("z", 2021): (9.0, 20.0),
    ("x", 2021): (3.0, 50.0),
    ("y", 2021): (1.0, 30.0),
    ("w", 2021): (4.0, 10.0),
    ("y", 2023): (4.0, 30.0),
    ("z", 2023): (4.0, 25.0),
    ("x", 2023): (6.0, 60.0),
}

DEFINITION = """
schema_version: 1
id: small
data: {matrix: values.csv%s}
index:
  id: total
  normalise: %s
  aggregate: arithmetic
  children: [{id: a}, {id: b}]
"""


def table() -> list[str]:
    return [f"{city},{year},{a},{b}" for (city, year), (a, b) in ROWS.items()]


def write(
    folder: Path, rows: list[str] | None = None, normalise: str = "min-max", files: str = "", head: str = ""
) -> Path:
    (folder / "values.csv").write_text(
        "\n".join([head or "city,year,a,b", *(table() if rows is None else rows)]) + "\n"
    )
    path = folder / "definition.yaml"
    path.write_text(DEFINITION % (files, normalise))
    return path


def min_max(values: dict[Any, float], among: list[Any]) -> dict[Any, float]:
    low, high = min(values[one] for one in among), max(values[one] for one in among)
    return {one: (values[one] - low) / (high - low) for one in among}


def naive(over: str) -> dict[tuple[str, int], float]:
    """Return the totals by hand: the mean of two min-max scores."""
    found: dict[tuple[str, int], float] = {}
    years = [2020, 2021, 2023]
    groups = [[key for key in ROWS if key[1] == year] for year in years] if over == "within-year" else [list(ROWS)]
    for group in groups:
        scores = [min_max({key: ROWS[key][k] for key in ROWS}, group) for k in (0, 1)]
        found |= {key: (scores[0][key] + scores[1][key]) / 2 for key in group}
    return found


@pytest.mark.parametrize("over", ["within-year", "all-years"])
def test_totals_and_ranks_by_hand(tmp_path: Path, over: str) -> None:
    scored, expected = sim.load_panel(write(tmp_path)).score(over), naive(over)
    assert scored["year"].values.tolist() == [2020, 2021, 2023]
    assert set(scored["city"].values) == {"w", "x", "y", "z"}
    for year in (2020, 2021, 2023):
        for city in "wxyz":
            cell = scored.sel(year=year, city=city)
            if (city, year) not in ROWS:
                assert np.isnan(cell["total"])
                assert np.isnan(cell["score"]).all()
                assert cell["rank"] == 0
                continue
            own = expected[city, year]
            assert float(cell["total"]) == pytest.approx(own, abs=1e-12)
            better = [value for (_, other), value in expected.items() if other == year and value > own + 1e-12]
            assert int(cell["rank"]) == len(better) + 1


def test_the_two_ways_differ_and_the_first_is_that_of_each_year(tmp_path: Path) -> None:
    path = write(tmp_path)
    panel = sim.load_panel(path)
    within, together = panel.score(), panel.score(over="all-years")
    assert not np.allclose(within["total"], together["total"], equal_nan=True)
    for year in panel.years:
        alone = sim.load_index(path, year=year).score()
        cities = alone["city"].values
        np.testing.assert_array_equal(within["total"].sel(year=year, city=cities), alone["total"])
        np.testing.assert_array_equal(within["rank"].sel(year=year, city=cities), alone["rank"])


def test_places_gained_are_differences_of_ranks(tmp_path: Path) -> None:
    scored = sim.load_panel(write(tmp_path)).score()
    rank, gained = scored["rank"], scored["places_gained"]
    assert np.isnan(gained.sel(year=2020)).all()
    for before, after in ((2020, 2021), (2021, 2023)):
        for city in "xyz":
            difference = int(rank.sel(year=before, city=city)) - int(rank.sel(year=after, city=city))
            assert float(gained.sel(year=after, city=city)) == difference
        assert np.isnan(float(gained.sel(year=after, city="w")))


@pytest.mark.parametrize("normalise", ["z-score", "{method: rank, ties: better}"])
def test_all_years_share_moments_and_points(tmp_path: Path, normalise: str) -> None:
    scored = sim.load_panel(write(tmp_path, normalise=normalise)).score("all-years")
    found = {key: float(scored["total"].sel(city=key[0], year=key[1])) for key in ROWS}
    for key, total in found.items():
        parts = []
        for k in (0, 1):
            column = np.array([row[k] for row in ROWS.values()])
            own = ROWS[key][k]
            z = (own - column.mean()) / column.std(ddof=1)
            parts.append(z if normalise == "z-score" else len(column) - (column > own).sum())
        assert total == pytest.approx(np.mean(parts), abs=1e-12)


def test_preparation_is_that_of_the_way(tmp_path: Path) -> None:
    path = write(tmp_path, normalise="none")
    path.write_text(path.read_text() + "imputation: mean\n")
    rows = [row.replace("y,2021,1.0", "y,2021,") for row in table()]
    (tmp_path / "values.csv").write_text("\n".join(["city,year,a,b", *rows]) + "\n")
    panel = sim.load_panel(path)
    others = {key: row[0] for key, row in ROWS.items() if key != ("y", 2021)}
    of_year = np.mean([value for key, value in others.items() if key[1] == 2021])
    within, together = (
        float(panel.score(over)["total"].sel(city="y", year=2021)) for over in ("within-year", "all-years")
    )
    assert within == pytest.approx((of_year + 30.0) / 2)
    assert together == pytest.approx((np.mean(list(others.values())) + 30.0) / 2)


def test_the_latest_year_unless_told(tmp_path: Path) -> None:
    path = write(tmp_path)
    index = sim.load_index(path)
    assert (index.year, index.years) == (2023, (2020, 2021, 2023))
    assert sim.load_index(path, year=2020).cities == ["x", "y", "z"]
    assert repr(sim.load_index(path, year=2020)) == "<Index small 2020: 3 cities × 2 indicators>"
    matrix = sim.read_matrix(tmp_path / "values.csv", index.definition, year=2021)
    assert matrix["value"].sel(city="w").values.tolist() == [4.0, 10.0]


def test_a_scenario_names_a_year(tmp_path: Path) -> None:
    asked = {
        "schema_version": 1,
        "name": "s",
        "index": str(write(tmp_path)),
        "factors": {"weights": {"method": "dirichlet", "concentration": 1}},
    }
    run = [sim.run({**asked, **more}, draws=200, seed=1) for more in ({}, {"year": 2020}, {"year": 2023})]
    assert [one.attrs["year"] for one in run] == [2023, 2020, 2023]
    assert run[0].drop_attrs().equals(run[2].drop_attrs())
    assert run[1]["city"].values.tolist() == ["x", "y", "z"]
    with pytest.raises(sim.InputError, match=r"year: there is no 2022. Take one of 2020, 2021, 2023"):
        sim.run({**asked, "year": 2022}, draws=10)
    with pytest.raises(sim.InputError, match=r"year: 2020 is not the year of the index in memory, which is 2023"):
        sim.run({**asked, "year": 2020}, draws=10, index=sim.load_index(asked["index"]))


def test_a_stored_result_of_a_year_is_repeated(tmp_path: Path) -> None:
    asked = {"schema_version": 1, "name": "s", "index": str(write(tmp_path)), "year": 2021}
    result = sim.run({**asked, "factors": {"weights": {"method": "dirichlet", "concentration": 1}}}, draws=200, seed=1)
    assert sim.repeat(result).same


def test_every_fault_of_the_years_is_told_at_once(tmp_path: Path) -> None:
    rows = ["x,2020,1,2", "y,2020,2,3", "x,2020,3,4", "z,2020.5,1,1", "w,,1,1", "v,soon,1,1", "x,2021,q,2", ",2021,1,1"]
    with pytest.raises(sim.InputError) as caught:
        sim.load_index(write(tmp_path, rows))
    told = str(caught.value)
    assert "row 4 (x): the city stands in row 2 already with year 2020" in told
    for bad in (
        "row 5 (z), column year: '2020.5' is no year",
        "row 6 (w), column year: '' is no year",
        "'soon' is no year",
    ):
        assert bad in told
    assert "row 8 (x), column a: 'q' is not a number" in told
    assert "row 9: the name of the city is empty with year 2021" in told
    assert len(caught.value.faults) == 6


def test_years_that_are_not_there(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(sim.InputError, match=r"year: there is no 2022. Take one of 2020, 2021, 2023"):
        sim.load_index(path, year=2022)
    for bad in (True, "soon", 2020.5):
        with pytest.raises(sim.InputError, match="is no year"):
            sim.load_index(path, year=bad)  # type: ignore[arg-type]
    with pytest.raises(sim.InputError, match="no column year"):
        sim.load_index("opportunity-2025", year=2025)
    with pytest.raises(sim.InputError, match="the index has no years"):
        sim.load_panel("opportunity-2025")
    panel = sim.load_panel(path)
    with pytest.raises(sim.InputError, match="first year: there is no 2019"):
        panel.between(2019)
    with pytest.raises(sim.InputError, match="2020 is before 2023"):
        panel.between(2023, 2020)
    with pytest.raises(sim.InputError, match=r"'all-year' is no way to score. Did you mean all-years"):
        panel.score("all-year")


def test_an_indicator_may_be_called_year(tmp_path: Path) -> None:
    path = write(tmp_path, ["x,1,2", "y,3,4"], head="city,year,b")
    path.write_text(path.read_text().replace("{id: a}", "{id: year}"))
    index = sim.load_index(path)
    assert index.year is None
    assert index.matrix["value"].sel(indicator="year").values.tolist() == [1.0, 3.0]


def test_totals_have_the_year_too(tmp_path: Path) -> None:
    path = write(tmp_path, files=", totals: totals.csv")
    lines = [f"{city},{year},1,{year}.5" for city, year in ROWS]
    (tmp_path / "totals.csv").write_text("\n".join(["city,year,rank,total", *lines]) + "\n")
    index = sim.load_index(path, year=2021)
    assert index.published is not None
    assert index.published["total"].values.tolist() == [2021.5] * 4
    (tmp_path / "totals.csv").write_text("city,rank,total\nx,1,2\n")
    with pytest.raises(sim.InputError, match="column year: is missing"):
        sim.load_index(path)


def test_a_table_of_cities_has_each_once(tmp_path: Path) -> None:
    path = write(tmp_path, files=", cities: cities.csv")
    (tmp_path / "cities.csv").write_text("city,name_en\nw,Wye\nx,Exe\ny,Why\nz,Zed\n")
    scored = sim.load_panel(path).score()
    assert scored["city_name_en"].sel(city=["w", "z"]).values.tolist() == ["Wye", "Zed"]


@pytest.mark.parametrize("normalise", ["min-max", "z-score", "{method: rank, ties: better}", "none"])
def test_an_indicator_may_be_blank_in_all_of_a_year(tmp_path: Path, normalise: str) -> None:
    rows = [f"{c},{year},{a},{'' if year == 2020 else b}" for (c, year), (a, b) in ROWS.items()]
    path = write(tmp_path, rows, normalise)
    path.write_text(path.read_text() + "imputation: share-weight\n")
    scored = sim.load_panel(path).score()
    assert (scored["rank"].sel(year=2020, city=["x", "y", "z"]) == [3, 2, 1]).all()
    assert np.isfinite(scored["total"].sel(year=2020, city=["x", "y", "z"])).all()
