"""Hefei's GDP grows by 8 %, all others stand still: worked out again from the tables by plain loops.

Nothing here comes from the package but the answer itself; and, of one variable, the values that calibration gave the
sums of points, which are first shown to have the printed order and the least moves there are.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import linprog
from what_ifs import asked

Column = dict[str, float]
Table = dict[str, Column]

RATE = 0.08


@pytest.fixture(scope="module")
def points(published_folder: Path) -> Table:
    """Variable → city → printed points."""
    with (published_folder / "points.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: {row["city"]: float(row[name]) for row in rows} for name in rows[0] if name != "city"}


@pytest.fixture(scope="module")
def figures(published_folder: Path) -> Table:
    """City → quantity → figure."""
    found: Table = {}
    with (published_folder / "quantities.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["city"], {})[row["quantity"]] = float(row["value"])
    return found


@pytest.fixture(scope="module")
def answer() -> xr.Dataset:
    return asked(city="hefei", changes={"grow": {"gdp": "8%"}})


FORMULAS: Mapping[str, tuple[Callable[[Column], float], float]] = {
    "output-per-capita": (lambda q: 10_000 * q["gdp"] / ((q["population"] + q["population-2023"]) / 2), 1.0),
    "deposit-loan-density": (lambda q: (q["deposits"] + q["loans"]) / q["gdp"], 1.0),
    "government-debt": (lambda q: q["government-debt-balance"] / q["gdp"], -1.0),
    "trade-dependence": (lambda q: (q["exports"] + q["imports"]) / q["gdp"], 1.0),
    "work-safety": (lambda q: 100 * q["safety-deaths"] / q["gdp"], -1.0),
}
"""Variables of one indicator whose figures are known well enough: formula, and whether more is better."""

POWER = {"rd-intensity": -1.0, "carbon-intensity": -1.0, "property-insurance": -0.5}
"""Variables of which no figure is bundled, or of two indicators: the power of GDP in their value."""

EXPECTED = {
    "economic-scale": 60.0,
    "output-per-capita": 39.0,
    "deposit-loan-density": 22.0,
    "government-debt": 54.0,
    "rd-intensity": 53.0,
    "trade-dependence": 28.0,
    "work-safety": 20.0,
    "property-insurance": 38.0,
    "carbon-intensity": 50.0,
}


def handed_out(printed: Column, better: Column) -> Column:
    """Return the printed numbers, from last to first, to cities in the order of `better`; equal ones share the mean."""
    order = sorted(better, key=lambda city: better[city])
    numbers = sorted(printed.values())
    found: Column = {}
    for _, group in itertools.groupby(enumerate(order), key=lambda entry: better[entry[1]]):
        places = list(group)
        mean = math.fsum(numbers[place] for place, _ in places) / len(places)
        found |= {city: mean for _, city in places}
    return found


def in_printed_order(known: Column, printed: Column) -> Column:
    """Return known values without those in doubt: city by city, the one at odds with most others goes."""
    kept = dict(known)
    while True:
        odds = {
            city: sum(
                (printed[city] - printed[other]) * (kept[city] - kept[other]) < 0
                or (printed[city] == printed[other]) != (kept[city] == kept[other])
                for other in kept
                if other != city
            )
            for city in kept
        }
        worst = max(odds, key=lambda city: odds[city])
        if odds[worst] == 0:
            return kept
        del kept[worst]


def between_neighbours(kept: Column, printed: Column) -> Column:
    """Return a value for every city: on the straight line of logarithms between the next known ones in the print."""
    found: Column = {}
    for city, own in printed.items():
        below = max((c for c in kept if printed[c] <= own), key=lambda c: printed[c], default=None)
        above = min((c for c in kept if printed[c] >= own), key=lambda c: printed[c], default=None)
        if below is None or above is None:
            # Far from Hefei, beyond the last that is known; only its being beyond matters here.
            end = above or below
            assert end is not None
            found[city] = kept[end] * 10.0 ** (0.001 * (own - printed[end]))
        elif printed[below] == printed[above]:
            found[city] = kept[below]
        else:
            share = (own - printed[below]) / (printed[above] - printed[below])
            found[city] = kept[below] ** (1 - share) * kept[above] ** share
    return found


def by_points(ranked: Column) -> Column:
    return {city: float(len(ranked) - sum(other > own for other in ranked.values())) for city, own in ranked.items()}


def points_after(variable: str, points: Table, figures: Table, answer: xr.Dataset) -> Column:
    printed = points[variable]
    if variable == "economic-scale":
        return points_of_scale(printed, figures, answer)
    if variable in POWER:
        value = {city: standing_in(place_of(printed, city)) for city in printed}
        return handed_out(printed, value | {"hefei": value["hefei"] * (1 + RATE) ** better_power(variable)})
    formula, sign = FORMULAS[variable]
    known = {}
    for city, quantities in figures.items():
        try:
            known[city] = formula(quantities) ** sign
        except KeyError:
            continue
    value = between_neighbours(in_printed_order(known, printed), printed)
    grown = formula({**dict.fromkeys(QUANTITIES, 1.0), "gdp": 1 + RATE}) / formula(dict.fromkeys(QUANTITIES, 1.0))
    return handed_out(printed, value | {"hefei": value["hefei"] * grown**sign})


QUANTITIES = (
    *("population", "population-2023", "deposits", "loans", "government-debt-balance"),
    *("exports", "imports", "safety-deaths", "gdp"),
)


def better_power(variable: str) -> float:
    """Return the power of GDP in how good a value is: the less carbon, the better."""
    return -POWER[variable] if variable == "carbon-intensity" else POWER[variable]


def place_of(printed: Column, city: str) -> float:
    """Return the plotting position of a city in the printed order, that of the lowest place of its tied group."""
    below = sum(own < printed[city] for own in printed.values())
    return (below + 1 - 3 / 8) / (len(printed) + 1 / 4)


def standing_in(place: float) -> float:
    """Return a lognormal value, its spread in the middle of the range from 0.2 to 1.5."""
    return math.exp(0.85 * NormalDist().inv_cdf(place))


def points_of_scale(printed: Column, figures: Table, answer: xr.Dataset) -> Column:
    """Return the points of economic scale: points of GDP and of growth made anew, added to what was calibrated."""
    gdp = {city: q["gdp"] for city, q in figures.items()}
    growth = {city: q["gdp-growth"] for city, q in figures.items()}
    before, after = (
        {city: one[city] + two[city] for city in printed}
        for one, two in (
            (by_points(gdp), by_points(growth)),
            (by_points(gdp | {"hefei": 1.08 * gdp["hefei"]}), by_points(growth | {"hefei": 8.0})),
        )
    )
    value = answer["value_before"].sel(indicator="economic-scale").to_series().to_dict()
    # The values that calibration gave have the printed order, and no other such values lie nearer to the sums.
    for one, other in itertools.combinations(printed, 2):
        assert np.sign(value[one] - value[other]) == np.sign(printed[one] - printed[other])
    moved = math.fsum(abs(value[city] - before[city]) for city in printed)
    assert moved == pytest.approx(least_moves(before, printed), abs=0.05)
    return handed_out(printed, {city: value[city] + after[city] - before[city] for city in printed})


def least_moves(values: Column, printed: Column) -> float:
    """Return the least sum of moves that gives values the printed order, as a linear program."""
    levels = sorted(set(printed.values()))
    cities = list(values)
    count = len(levels) + len(cities)
    rows, bounds = [], []
    for number, city in enumerate(cities):
        level = levels.index(printed[city])
        for sign in (1.0, -1.0):
            row = np.zeros(count)
            row[level], row[len(levels) + number] = sign, -1.0
            rows.append(row)
            bounds.append(sign * values[city])
    for level in range(len(levels) - 1):
        row = np.zeros(count)
        row[level], row[level + 1] = 1.0, -1.0
        rows.append(row)
        bounds.append(0.0)
    cost = np.concatenate([np.zeros(len(levels)), np.ones(len(cities))])
    found = linprog(cost, np.array(rows), np.array(bounds), bounds=[(None, None)] * count)
    assert found.status == 0
    return float(found.fun)


@pytest.fixture(scope="module")
def by_hand(points: Table, figures: Table, answer: xr.Dataset) -> Table:
    """Variable → city → points after the change."""
    return {
        name: points_after(name, points, figures, answer) if name in EXPECTED else column
        for name, column in points.items()
    }


def ranks(totals: Column) -> dict[str, int]:
    return {city: 1 + sum(other > own + 1e-9 for other in totals.values()) for city, own in totals.items()}


def totals(table: Table) -> Column:
    return {city: math.fsum(column[city] for column in table.values()) for city in table["economic-scale"]}


def test_the_figures_before_and_after(figures: Table, answer: xr.Dataset) -> None:
    assert figures["hefei"]["gdp"] == 13507.7
    before, after = (answer[f"quantity_{when}"].to_pandas() for when in ("before", "after"))
    assert set(before.columns) == {"gdp", "gdp-growth"}
    for city, quantities in figures.items():
        grown = city == "hefei"
        assert before.loc[city].to_dict() == {name: quantities[name] for name in before.columns}
        assert after.loc[city, "gdp"] == (quantities["gdp"] * 1.08 if grown else quantities["gdp"])
        assert after.loc[city, "gdp-growth"] == (8.0 if grown else quantities["gdp-growth"])


@pytest.mark.parametrize("variable", EXPECTED)
def test_every_variable_that_gdp_reaches(variable: str, by_hand: Table, answer: xr.Dataset) -> None:
    mine = by_hand[variable]
    assert mine["hefei"] == EXPECTED[variable]
    theirs = answer["points_after"].sel(indicator=variable).to_series().to_dict()
    assert theirs == pytest.approx(mine, abs=1e-12)


def test_what_gdp_reaches_is_that_and_no_more(answer: xr.Dataset, points: Table) -> None:
    reached = answer["indicator"].values[answer["effect"].values.astype(str) != ""].tolist()
    assert set(reached) == set(EXPECTED)
    formulas = " ".join(answer["formula"].values.tolist()).split()
    assert formulas.count("gdp") == 9
    still = [name for name in points if name not in EXPECTED]
    one, other = (answer[f"points_{when}"].sel(indicator=still).values for when in ("before", "after"))
    assert one.tobytes() == other.tobytes()


def test_totals_ranks_and_who_is_passed(points: Table, by_hand: Table, answer: xr.Dataset) -> None:
    before, after = totals(points), totals(by_hand)
    assert (before["hefei"], after["hefei"]) == (1903.0, 1905.0)
    was, becomes = ranks(before), ranks(after)
    assert (was["hefei"], becomes["hefei"]) == (15, 15)
    assert answer["total_before"].to_series().to_dict() == before
    assert answer["total_after"].to_series().to_dict() == pytest.approx(after, abs=1e-9)
    assert answer["rank_before"].to_series().to_dict() == was
    assert answer["rank_after"].to_series().to_dict() == becomes
    passed = {
        (one, other)
        for one, other in itertools.permutations(was, 2)
        if was[one] >= was[other] and becomes[one] < becomes[other]
    }
    told = {
        (str(answer["city"].values[one]), str(answer["other_city"].values[other]))
        for one, other in np.argwhere(answer["passed"].values)
    }
    assert told == passed
    assert {other for one, other in passed if one == "hefei"} == {"ningbo"}


def test_the_shares_of_clusters_in_the_first_twenty(published_folder: Path, answer: xr.Dataset) -> None:
    """Counted city by city; Hefei's rise changes none of them, the mean ranks it does."""
    with (published_folder / "cities.csv").open(encoding="utf-8") as file:
        cluster = {row["city"]: row["cluster"] for row in csv.DictReader(file)}
    for when in ("before", "after"):
        rank = answer[f"rank_{when}"].to_series().to_dict()
        total = answer[f"total_{when}"].to_series().to_dict()
        first = [city for city in rank if rank[city] <= 20]
        for group in answer["city_group"].values.tolist():
            own = [city for city in rank if cluster[city] == group]
            found = answer.sel(city_group=group)
            assert int(found["group_size"]) == len(own)
            assert float(found[f"group_top_20_share_{when}"]) == len([c for c in first if c in own]) / len(first)
            assert float(found[f"group_rank_mean_{when}"]) == pytest.approx(sum(rank[c] for c in own) / len(own))
            assert float(found[f"group_total_mean_{when}"]) == pytest.approx(sum(total[c] for c in own) / len(own))
    assert float(answer["group_top_20_share_after"].sum()) <= 1.0
    assert float(answer["group_top_20_share_after"].max()) > 0.1
