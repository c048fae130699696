"""What an audit finds in the data: gaps, constant and skewed indicators, and denominators that still tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import xarray as xr

from simulator import names
from simulator.auditing.findings import SHOWN
from simulator.auditing.irregularities import count_cities
from simulator.auditing.kinds import (
    FEW_DATA,
    FEW_OF_CITY,
    NEARLY_CONSTANT,
    OUTLIERS,
    SCREENED,
    WITH_DENOMINATOR,
    WITH_SIZE,
    ZEROS,
    Finding,
)

AVAILABLE_FROM: Final = 0.65
"""Share of values from which an indicator, or a city, is held to be covered (default of COINr's `get_stats`)."""

ZEROS_ABOVE: Final = 0.5
"""Share of zeros above which an indicator is told (default of COINr's `get_stats`)."""

COMMON_FROM: Final = 0.8
"""Share of one and the same value from which an indicator is nearly constant."""

FOLLOWS_ABOVE: Final = 0.7
"""Absolute correlation with a denominator above which an indicator is told."""


def data_findings(told: xr.Dataset) -> Iterator[Finding]:
    """Yield what is conspicuous in the data, as `simulator.auditing.availability.availability` returns it."""
    yield from _screened(told)
    yield from _few(told)
    for one in _by_indicator(told):
        indicator, distinct = str(one[names.INDICATOR].values), int(one[names.DISTINCT])
        common, zeros = float(one[names.SHARE_MOST_COMMON]), float(one[names.SHARE_ZEROS])
        if distinct > 1 and common >= COMMON_FROM:
            evidence = f"{_percent(common)} have the same value; {distinct} different values"
            yield Finding(NEARLY_CONSTANT, indicator, "is nearly the same for all cities", evidence)
        if distinct > 1 and zeros > ZEROS_ABOVE:
            evidence = f"{_percent(zeros)} of the values are zero, above {_percent(ZEROS_ABOVE)}"
            yield Finding(ZEROS, indicator, "is zero for most cities", evidence)
        if bool(one[names.OUTLIERS]):
            yield Finding(OUTLIERS, indicator, "has outliers that pull its mean and spread", _moments(one))


def size_findings(told: xr.Dataset) -> Iterator[Finding]:
    """Yield indicators that go with denominators, as `simulator.auditing.size_effects.size_effects` returns it.

    One that was divided is compared with its own denominator; any other with the one that it follows most.
    """
    if not told.sizes[names.DENOMINATOR]:
        return
    found, divided = told[names.DENOMINATOR_CORRELATION].values, told[names.DIVIDED].values
    for row, indicator in enumerate(told[names.INDICATOR].values):
        own = bool(divided[row].any())
        size = np.where(divided[row] if own else True, np.nan_to_num(np.abs(found[row])), 0.0)
        column = int(size.argmax())
        if size[column] > FOLLOWS_ABOVE:
            divisor = told[names.DENOMINATOR].values[column]
            finding = f"still follows its divisor {divisor}" if own else f"follows {divisor}, undivided as it is"
            kind = WITH_DENOMINATOR if own else WITH_SIZE
            evidence = f"Pearson {found[row, column]:.2f}, {_scale(told, row, column)}; beyond ±{FOLLOWS_ABOVE:g}"
            yield Finding(kind, str(indicator), finding, evidence)


def listed(parts: Sequence[str]) -> str:
    """Return the first few of some texts, and how many more there are.

    >>> listed(["a", "b", "c", "d", "e", "f"])
    'a; b; c; d; e; and 1 more'
    """
    more = [f"and {len(parts) - SHOWN} more"] if len(parts) > SHOWN else []
    return "; ".join([*parts[:SHOWN], *more])


def hundredths(value: float) -> str:
    """Return a figure with two decimals; what rounds to nothing has no sign, and what is undefined is a dash.

    >>> hundredths(-0.001), hundredths(0.726), hundredths(float("nan"))
    ('0.00', '0.73', '–')
    """
    return f"{round(float(value), 2) + 0.0:.2f}" if np.isfinite(value) else "–"


def _by_indicator(told: xr.Dataset) -> Iterator[xr.Dataset]:
    inner = told.drop_dims(names.CITY)
    for number in range(inner.sizes[names.INDICATOR]):
        yield inner.isel({names.INDICATOR: number})


def _screened(told: xr.Dataset) -> Iterator[Finding]:
    out = np.flatnonzero(~told[names.RANKED].values)
    if out.size:
        cities, shares = told[names.CITY].values, told[names.CITY_SHARE_PRESENT].values
        subject = listed([str(cities[city]) for city in out]).replace(";", ",")
        evidence = listed([f"{cities[city]} has {_percent(shares[city])} of the values" for city in out])
        yield Finding(SCREENED, subject, f"{count_cities(len(out))} not ranked, for want of data", evidence)


def _few(told: xr.Dataset) -> Iterator[Finding]:
    shares, cells = told[names.SHARE_PRESENT].values, told[names.CELLS_FILLED].values
    for number in sorted(np.flatnonzero(shares < AVAILABLE_FROM).tolist(), key=lambda one: shares[one]):
        present = int(told[names.CITIES_PRESENT].values[number])
        filled = f"; {cells[number]} filled" if cells[number] else ""
        evidence = f"{count_cities(present)} or {_percent(shares[number])}, below {_percent(AVAILABLE_FROM)}{filled}"
        yield Finding(FEW_DATA, str(told[names.INDICATOR].values[number]), "is known of few cities", evidence)
    of_cities, ranked = told[names.CITY_SHARE_PRESENT].values, told[names.RANKED].values
    few = sorted(np.flatnonzero((of_cities < AVAILABLE_FROM) & ranked).tolist(), key=lambda one: of_cities[one])
    if few:
        cities = told[names.CITY].values
        subject = listed([str(cities[city]) for city in few]).replace(";", ",")
        evidence = listed([f"{cities[city]} has {_percent(of_cities[city])} of the values" for city in few])
        finding = f"{count_cities(len(few))} ranked on less than {_percent(AVAILABLE_FROM)} of the values"
        yield Finding(FEW_OF_CITY, subject, finding, evidence)


def _moments(one: xr.Dataset) -> str:
    skew, kurtosis = float(one[names.SKEW]), float(one[names.KURTOSIS])
    words = f"skew G1 {skew:.2f}, excess kurtosis G2 {kurtosis:.2f}; limits 2 and 3.5"
    if int(one[names.CELLS_TREATED]):
        before = f"{float(one[names.SKEW_BEFORE]):.2f} and {float(one[names.KURTOSIS_BEFORE]):.2f}"
        return f"after treatment {words}; before {before}"
    return words


def _scale(told: xr.Dataset, row: int, column: int) -> str:
    """Return in words of which of the two logarithms were taken."""
    own, other = bool(told[names.IN_LOGS].values[row]), bool(told[names.DENOMINATOR_IN_LOGS].values[column])
    if own and other:
        return "both in logarithms"
    if own or other:
        return f"the {'indicator' if own else 'denominator'} in logarithms"
    return "as they are"


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"
