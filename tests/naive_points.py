"""The 2025 index by plain arithmetic on its tables, beside which tests lay what the simulator makes of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

LOWER = ("government-debt", "trade-balance", "work-safety")
"""Variables below of which lower values are better."""

COMPLETE = ("economic-scale", "output-per-capita", "government-debt")
"""Variables whose quantities are known of all sixty cities."""


def points_table(folder: Path) -> pd.DataFrame:
    """Return the printed points (city × variable)."""
    return pd.read_csv(folder / "points.csv", index_col="city").astype(float)


def quantity_table(folder: Path) -> pd.DataFrame:
    """Return the quantities (city × quantity), cities in the order of the print, NaN where there is no row."""
    table = pd.read_csv(folder / "quantities.csv").pivot_table("value", "city", "quantity")
    return table.reindex(points_table(folder).index)


def values_behind(folder: Path) -> pd.DataFrame:
    """Return the raw values (city × variable) of variables of one indicator, by formulas written out once more."""
    q = quantity_table(folder)
    return pd.DataFrame(
        {
            "output-per-capita": 10_000 * q["gdp"] / ((q["population"] + q["population-2023"]) / 2),
            "deposit-loan-density": (q["deposits"] + q["loans"]) / q["gdp"],
            "government-debt": q["government-debt-balance"] / q["gdp"],
            "patent-density": q["patents-in-force"] / q["population"],
            "technology-trade": q["technology-contracts"],
            "consumption-per-capita": q["urban-consumption"],
            "tourism-revenue": q["tourism-income"],
            "digital-infrastructure": q["5g-stations"] / q["population"],
            "telecom-services": q["telecom-volume"],
            "trade-dependence": (q["exports"] + q["imports"]) / q["gdp"],
            "trade-balance": (q["exports"] - q["imports"]).abs() / (q["exports"] + q["imports"]),
            "visitor-activity": q["visitors"],
            "work-safety": 100 * q["safety-deaths"] / q["gdp"],
            "hospital-beds": q["medical-beds"] / (10 * q["population"]),
            "fiscal-self-sufficiency": q["public-revenue"] / q["public-expenditure"],
        }
    )


def rank_points(values: pd.Series, lower: bool = False) -> pd.Series:
    """Return points by rank: as many as there are cities, less one for every city that is strictly better."""
    better = values.rank(ascending=lower, method="min")
    return len(values) + 1 - better


def sum_behind_economic_scale(folder: Path) -> pd.Series:
    """Return the sum of the points of GDP and its growth."""
    q = quantity_table(folder)
    return rank_points(q["gdp"]) + rank_points(q["gdp-growth"])


def points_made_again(folder: Path) -> pd.DataFrame:
    """Return the points (city × variable) of the variables known of every city."""
    value = values_behind(folder)
    return pd.DataFrame(
        {
            "economic-scale": rank_points(sum_behind_economic_scale(folder)),
            "output-per-capita": rank_points(value["output-per-capita"]),
            "government-debt": rank_points(value["government-debt"], lower=True),
        }
    )


def with_points_made_again(folder: Path, variables: tuple[str, ...] = COMPLETE) -> pd.DataFrame:
    """Return the printed points (city × variable), those of some variables made again."""
    again = points_made_again(folder)
    return points_table(folder).assign(**{variable: again[variable] for variable in variables})


def competition_ranks(totals: pd.Series) -> pd.Series:
    """Return ranks, 1 for the largest, equal ones the better."""
    return totals.rank(ascending=False, method="min").astype(int)
