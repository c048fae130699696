"""The ASEM Sustainable Connectivity index before it is normalised, as another program prepared it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulator.auditing.coverage import coverage_report
from simulator.construction.cells import Labels
from simulator.construction.denominators import denominate
from simulator.construction.imputation import impute
from simulator.construction.screening import screen
from simulator.construction.treatment import treat
from simulator.errors import InputError
from simulator.preparation import (
    Coverage,
    Denominator,
    MeanOfGroup,
    Winsorise,
)

GOLDEN = Path(__file__).parent.parent / "golden" / "asem"


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(GOLDEN / f"{name}.csv", index_col="uCode")


@pytest.fixture(scope="module")
def labels() -> Labels:
    table = read("denominated")
    return Labels(table.columns.tolist(), table.index.tolist())


def table(name: str, labels: Labels) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return read(name).loc[list(labels.cities), list(labels.indicators)].to_numpy(float).T


def test_indicators_over_their_denominators(labels: Labels) -> None:
    by = pd.read_csv(GOLDEN / "iMeta.csv", index_col="iCode")["Denominator"].loc[list(labels.indicators)]
    chosen = [Denominator(by=name, missing="leave") if isinstance(name, str) else None for name in by]
    raw = read("iData").loc[list(labels.cities)]
    quantities = {name: raw[name].to_numpy(float) for name in ("Area", "Energy", "GDP", "Population")}
    found = denominate(table("iData", labels), chosen, quantities, labels)
    np.testing.assert_allclose(found, table("denominated", labels), rtol=1e-9, atol=0.0)
    assert sum(one is not None for one in chosen) == by.notna().sum() > 10
    # The energy that Laos uses is not known, though what it trades is.
    strict = [None if one is None else Denominator(by=one.by) for one in chosen]
    with pytest.raises(InputError) as caught:
        denominate(table("iData", labels), strict, quantities, labels)
    assert [fault.place for fault in caught.value.faults] == ["Elec of LAO", "Gas of LAO"]


def test_missing_values_filled_with_the_mean_of_the_continent(labels: Labels) -> None:
    groups = read("iData")["EurAsia_group"].loc[list(labels.cities)].tolist()
    values = table("denominated", labels)
    found = impute(values, MeanOfGroup(by="EurAsia_group"), labels, groups)
    np.testing.assert_allclose(found.values, table("imputed", labels), rtol=1e-9, atol=1e-12)
    assert np.count_nonzero(found.filled) == np.count_nonzero(np.isnan(values)) == 65


def test_outliers_winsorised(labels: Labels) -> None:
    found = treat(table("imputed", labels), Winsorise(), labels)
    expected = table("treated", labels)
    np.testing.assert_allclose(found.values, expected, rtol=1e-9, atol=0.0)
    records = dict(zip(labels.indicators, found.records, strict=True))
    assert {name: record.changed for name, record in records.items() if record.changed} == {
        name: count
        for name, count in zip(
            labels.indicators, np.count_nonzero(expected != table("imputed", labels), axis=1).tolist(), strict=True
        )
        if count
    }
    # The one on the low side, and one whose kurtosis alone is large.
    assert (records["FemLab"].skew_before < -2, records["FemLab"].changed) == (True, 1)
    assert (records["NEET"].kurtosis_before > 3.5, records["NEET"].method) == (True, "none")
    assert not any(record.fails for record in found.records)


def test_coverage_and_screening(labels: Labels) -> None:
    values = table("denominated", labels)
    report = coverage_report(values, labels)
    missing = pd.DataFrame(values.T, columns=list(labels.indicators)).isna()
    assert report.indicators.present.tolist() == (51 - missing.sum()).tolist()
    assert report.cities.present.tolist() == (49 - missing.sum(axis=1)).tolist()
    found = screen(values, Coverage(present=0.9), labels)
    assert found.kept.tolist() == ((49 - missing.sum(axis=1)) / 49 >= 0.9).tolist()
    assert 0 < np.count_nonzero(~found.kept) < 51
