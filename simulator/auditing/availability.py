"""Which data an index has: what was there, what was filled and treated, and how each indicator varies."""

from __future__ import annotations

import numpy as np
import xarray as xr

from simulator import names
from simulator.auditing.coverage import coverage_report
from simulator.construction.cells import Labels
from simulator.construction.encoding import leaf_values
from simulator.construction.skewness import fails_test, skew_and_kurtosis
from simulator.index import Index
from simulator.kernels.arrays import Flags, Floats
from simulator.matrix import city_coordinates
from simulator.preparation import Untreated


def availability(index: Index) -> xr.Dataset:
    """Return which data an index has, by indicator and by city.

    Parameters
    ----------
    index
        The index; where its definition prepares values, those as read are counted, and those prepared described.

    Returns
    -------
    xr.Dataset
        On (indicator), of the values as read: `cities_present`, `share_present`, `distinct`, `share_zeros` (of those
        present), `share_most_common` (of those present, the share with the most frequent value). Of the values
        prepared: `cells_filled`, `cells_treated`; `skew_before` and `kurtosis_before`, of values divided and filled but
        not treated; `skew` and `kurtosis`, of those treated; `outliers`, whether these fail the test.

        On (city), of all cities read: `indicators_present`, `city_share_present`, `city_share_zeros`, `city_filled`,
        `city_treated`, and `city_ranked`, false for those screened out. The attribute `screened_out` names these.

    Notes
    -----
    Skew is G1 and kurtosis the excess kurtosis G2 of `simulator.construction.skewness` (Joanes and Gill 1998,
    doi:10.1111/1467-9884.00122). The test is |G1| ≥ 2 and G2 ≥ 3.5, as in the COIN Tool of the JRC.

    Examples
    --------
    >>> import simulator as sim
    >>> told = availability(sim.load_index("opportunity-2025"))
    >>> float(told["share_present"].min()), int(told["cells_filled"].sum())
    (1.0, 0)
    """
    read = _as_read(index)
    cities, leaves = [str(city) for city in read[names.CITY].values], [leaf.id for leaf in index.definition.indicators]
    values = leaf_values(index.definition, read)
    report = coverage_report(values, Labels(leaves, cities))
    before, (skew, kurtosis) = _before_treatment(index), skew_and_kurtosis(_prepared(index))
    filled, treated = (_cells(index, name, cities) for name in (names.FILLED, names.TREATED))
    ranked = np.isin(cities, index.cities)
    of_indicators = {
        names.CITIES_PRESENT: report.indicators.present,
        names.SHARE_PRESENT: report.indicators.share,
        names.DISTINCT: report.indicators.distinct,
        names.SHARE_ZEROS: report.indicators.zeros,
        names.SHARE_MOST_COMMON: most_common_shares(values),
        names.CELLS_FILLED: filled.sum(axis=1),
        names.CELLS_TREATED: treated.sum(axis=1),
        names.SKEW_BEFORE: before[0],
        names.KURTOSIS_BEFORE: before[1],
        names.SKEW: skew,
        names.KURTOSIS: kurtosis,
        names.OUTLIERS: fails_test(skew, kurtosis),
    }
    of_cities = {
        names.INDICATORS_PRESENT: report.cities.present,
        names.CITY_SHARE_PRESENT: report.cities.share,
        names.CITY_SHARE_ZEROS: report.cities.zeros,
        names.CITY_FILLED: filled.sum(axis=0),
        names.CITY_TREATED: treated.sum(axis=0),
        names.RANKED: ranked,
    }
    out = [city for city, stays in zip(cities, ranked, strict=True) if not stays]
    return xr.Dataset(
        {
            **{name: (names.INDICATOR, found) for name, found in of_indicators.items()},
            **{name: (names.CITY, found) for name, found in of_cities.items()},
        },
        coords={**city_coordinates(read), names.INDICATOR: leaves},
        attrs={names.SCREENED_OUT: ", ".join(out)},
    )


def most_common_shares(values: Floats) -> Floats:
    """Return, for each row (rows, n), the share of its values that are the most frequent one; NaN where all are blank.

    >>> most_common_shares(np.array([[1.0, 1.0, 2.0, np.nan], [1.0, 2.0, 3.0, 4.0]])).round(3).tolist()
    [0.667, 0.25]
    """
    shares = np.full(len(values), np.nan)
    for row, found in enumerate(values):
        present = found[~np.isnan(found)]
        if present.size:
            shares[row] = np.unique(present, return_counts=True)[1].max() / present.size
    return shares


def _as_read(index: Index) -> xr.Dataset:
    """Return the matrix as read, of the cities selected, screened out or not."""
    if index.unprepared is None:
        return index.matrix
    chosen = [city for city in index.unprepared[names.CITY].values if not index.among or city in set(index.among)]
    return index.unprepared.sel({names.CITY: chosen})


def _prepared(index: Index) -> Floats:
    return leaf_values(index.definition, index.matrix)


def _before_treatment(index: Index) -> tuple[Floats, Floats]:
    """Return skew and kurtosis of the values that are divided, screened and filled, but not treated."""
    if isinstance(index.definition.treatment, Untreated):
        return skew_and_kurtosis(_prepared(index))
    untreated = index.definition.replace(treatment=Untreated())
    return skew_and_kurtosis(_prepared(index.with_definition(untreated)))


def _cells(index: Index, name: str, cities: list[str]) -> Flags:
    """Return which cells (indicator, city) were filled or treated, of cities read; none where nothing is prepared."""
    leaves = [leaf.id for leaf in index.definition.indicators]
    found = np.zeros((len(leaves), len(cities)), np.bool_)
    if name in index.matrix:
        marked = index.matrix[name].sel({names.INDICATOR: leaves}).transpose(names.INDICATOR, names.CITY)
        place = {city: number for number, city in enumerate(cities)}
        found[:, [place[city] for city in index.cities]] = marked.values
    return found
