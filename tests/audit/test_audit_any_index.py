"""The audit of tables of one's own: data, correlations by level, components, denominators, weights, blank cells."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import simulator as sim
from simulator.auditing.availability import availability, most_common_shares
from simulator.auditing.kinds import (
    CONSTANT,
    FEW_DATA,
    FEW_OF_CITY,
    HIGH_MEMBER,
    HIGH_PAIRS,
    KINDS,
    LOW_ALPHA,
    NEARLY_CONSTANT,
    NEGATIVE_MEMBER,
    NEGATIVE_PAIRS,
    OTHER_WEIGHT,
    OUTLIERS,
    REDUNDANT,
    SCREENED,
    SEVERAL,
    WEAK_MEMBER,
    WEAK_PAIRS,
    WITH_DENOMINATOR,
    WITH_SIZE,
    ZEROS,
    Finding,
)
from simulator.auditing.moments import cronbach_alpha
from simulator.auditing.pairwise import pairwise_alpha, pairwise_correlations
from simulator.auditing.relations import components, relations
from simulator.auditing.structure import structure
from simulator.index import Index, build_index

NAN = float("nan")
TREE = {
    "id": "t",
    "aggregate": "arithmetic",
    "children": [
        {"id": "d", "normalise": "z-score", "aggregate": "arithmetic", "children": [{"id": "a"}, {"id": "b"}]},
        {"id": "e", "normalise": "z-score", "aggregate": "arithmetic", "children": [{"id": "f"}, {"id": "g"}]},
    ],
}


def built(frame: pd.DataFrame, root: dict[str, Any] | None = None, **more: Any) -> Index:
    return build_index({"schema_version": 1, "id": "i", **more, "index": root or TREE}, frame)


def drawn(columns: str, cities: int = 40, seed: int = 5) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(10.0, 3.0, (cities, len(columns)))
    return pd.DataFrame(values, index=[f"c{k}" for k in range(cities)], columns=list(columns))


def flat(columns: str, **by: str) -> dict[str, Any]:
    leaves = [{"id": name, **({"denominator": by[name]} if name in by else {})} for name in columns]
    return {"id": "t", "normalise": "z-score", "aggregate": "arithmetic", "children": leaves}


def of_kind(audited: sim.Audit, kind: str) -> dict[str, Finding]:
    return {one.subject: one for one in audited.findings if one.kind == kind}


def naive_pearson(one: list[float], other: list[float]) -> float:
    pairs = [(x, y) for x, y in zip(one, other, strict=True) if not math.isnan(x) and not math.isnan(y)]
    if len(pairs) < 2:
        return NAN
    mean_x, mean_y = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    product = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    squares = sum((x - mean_x) ** 2 for x, _ in pairs) * sum((y - mean_y) ** 2 for _, y in pairs)
    return product / squares**0.5 if squares > 0 else NAN


# Pairs with blanks.


@pytest.mark.parametrize("blank", [0.0, 0.2, 0.7])
def test_pairwise_correlations_are_those_of_a_loop(blank: float) -> None:
    rng = np.random.default_rng(3)
    columns = rng.normal(1e6, 1.0, (12, 6))
    columns[rng.random(columns.shape) < blank] = NAN
    found = pairwise_correlations(columns, columns[:, ::-1])
    for i in range(6):
        for j in range(6):
            naive = naive_pearson(columns[:, i].tolist(), columns[:, 5 - j].tolist())
            assert found[i, j] == pytest.approx(naive, abs=1e-7, nan_ok=True)


def test_a_column_that_is_constant_where_both_are_known_has_no_correlation() -> None:
    columns = np.array([[1.0, 2.0], [1.0, 5.0], [9.0, NAN]])
    assert np.isnan(pairwise_correlations(columns, columns)[0, 1])
    assert np.isnan(pairwise_correlations(np.full((3, 1), NAN), columns)).all()


def test_alpha_of_blanks_is_the_standard_one_without_them_and_never_above_1() -> None:
    rng = np.random.default_rng(8)
    items = rng.normal(size=(30, 4)) + rng.normal(size=(30, 1))
    assert pairwise_alpha(items) == cronbach_alpha(items)
    # A further city of which nothing is known changes nothing.
    assert pairwise_alpha(np.vstack([items, np.full(4, NAN)])) == pytest.approx(cronbach_alpha(items))
    same = np.repeat(rng.normal(size=(20, 1)), 3, axis=1)
    same[rng.random(same.shape) < 0.3] = NAN
    assert pairwise_alpha(same) <= 1.0 + 1e-12
    assert np.isnan(pairwise_alpha(np.array([[1.0, NAN], [NAN, 2.0], [2.0, NAN], [NAN, 3.0]])))


# Data.


def test_data_are_counted_as_read_and_described_as_prepared() -> None:
    frame = drawn("abfg", 20)
    frame.loc["c0", "a"] = frame.loc["c1", "a"] = NAN
    frame.loc["c5", ["a", "b", "f"]] = NAN
    frame.loc["c7", "g"] = 1e4
    index = built(frame, imputation="mean", treatment="winsorise", screening={"method": "coverage", "present": 0.5})
    told = availability(index)
    assert told["cities_present"].to_series().to_dict() == {"a": 17, "b": 19, "f": 19, "g": 20}
    assert told["cells_filled"].to_series().to_dict() == {"a": 2, "b": 0, "f": 0, "g": 0}
    assert told.attrs["screened_out"] == "c5"
    assert told["city_ranked"].sum() == 19
    assert (int(told["city_filled"].sel(city="c0")), int(told["city_filled"].sel(city="c5"))) == (1, 0)
    assert float(told["city_share_present"].sel(city="c5")) == 0.25
    assert int(told["cells_treated"].sel(indicator="g")) == 1
    kept = frame.drop(index="c5")["g"]
    # pandas has the same G1 and G2.
    assert float(told["skew_before"].sel(indicator="g")) == pytest.approx(kept.skew())
    assert float(told["kurtosis_before"].sel(indicator="g")) == pytest.approx(kept.kurt())
    assert abs(float(told["skew"].sel(indicator="g"))) < 2.0
    assert not told["outliers"].any()
    screened = next(iter(of_kind(sim.audit(index), SCREENED).values()))
    assert (screened.subject, screened.evidence) == ("c5", "c5 has 25 % of the values")


def test_a_selection_of_cities_is_described_alone() -> None:
    frame = drawn("abfg", 20)
    frame.loc["c0", "a"] = NAN
    told = availability(built(frame, imputation="mean").select(["c0", "c1", "c2", "c3"]))
    assert told["city"].values.tolist() == ["c0", "c1", "c2", "c3"]
    assert told["cells_filled"].to_series().to_dict() == {"a": 1, "b": 0, "f": 0, "g": 0}


def test_gaps_constants_zeros_and_outliers_are_findings() -> None:
    frame = drawn("abfg", 20)
    frame.iloc[:10, 0] = NAN
    frame.iloc[0, 1:3] = NAN
    frame["b"] = [NAN, 5.0, *[7.0] * 18]
    frame["f"] = [NAN, *[0.0] * 12, *range(1, 8)]
    frame.loc["c19", "g"] = 1e3
    audited = sim.audit(built(frame, imputation="mean"))
    assert of_kind(audited, FEW_DATA)["a"].evidence == "10 cities or 50 %, below 65 %; 10 filled"
    assert of_kind(audited, FEW_OF_CITY)["c0"].evidence == "c0 has 25 % of the values"
    assert of_kind(audited, NEARLY_CONSTANT)["b"].evidence == "95 % have the same value; 2 different values"
    assert of_kind(audited, ZEROS)["f"].evidence == "63 % of the values are zero, above 50 %"
    assert of_kind(audited, OUTLIERS)["g"].evidence.startswith("skew G1 4.4")
    assert all(one.remedy for one in audited.findings)


def test_the_most_common_share_is_that_of_a_loop() -> None:
    values = np.random.default_rng(1).integers(0, 4, (6, 15)).astype(float)
    values[0, :4] = NAN
    values[1] = NAN
    for row, share in zip(values.tolist(), most_common_shares(values), strict=True):
        there = [value for value in row if not math.isnan(value)]
        naive = max((there.count(value) for value in there), default=0) / len(there) if there else NAN
        assert share == pytest.approx(naive, nan_ok=True)


# Correlations by level.


def related(index: Index) -> xr.Dataset:
    scored = index.score()
    return relations(index, scored, structure(index, scored))


def test_members_correlate_with_parent_and_total_as_a_loop_says() -> None:
    index = built(drawn("abfg"))
    told, scored = related(index), index.score()
    columns = {slot: scored["normalised"].sel(indicator=slot).values.tolist() for slot in "abfg"}
    columns |= {node: scored["score"].sel(node=node).values.tolist() for node in "det"}
    for slot, parent in zip("abfgde", "ddeett", strict=True):
        one = told.sel(slot=slot)
        assert str(one["parent"].values) == parent
        assert float(one["parent_correlation"]) == pytest.approx(naive_pearson(columns[slot], columns[parent]))
        assert float(one["total_correlation"]) == pytest.approx(naive_pearson(columns[slot], columns["t"]))
    assert np.isnan(told["parent_correlation"].sel(slot="t"))
    for one, other in combinations("abfgdet", 2):
        found = told["correlation"].sel(slot=one, other_slot=other)
        assert float(found) == pytest.approx(naive_pearson(columns[one], columns[other]))
    brothers = {
        (one, other) for one, other in combinations("abfgdet", 2) if told["sibling"].sel(slot=one, other_slot=other)
    }
    assert brothers == {("a", "b"), ("f", "g"), ("d", "e")}


def test_effective_weights_are_shares_of_the_variance_at_every_level() -> None:
    deep = {"id": "t", "aggregate": "arithmetic", "children": [{"id": "x", "children": [TREE["children"][0]]}]}
    deep["children"].append({"id": "y", "weight": 3.0, "aggregate": "arithmetic", "children": [TREE["children"][1]]})
    index = built(drawn("abfg"), deep, levels=["index", "dimension", "variable", "indicator"])
    told, scored = related(index), index.score()
    total = scored["total"].values
    weight = {"a": 0.125, "b": 0.125, "f": 0.375, "g": 0.375}
    share = {
        leaf: w * np.cov(scored["normalised"].sel(indicator=leaf), total)[0, 1] / total.var(ddof=1)
        for leaf, w in weight.items()
    }
    expected = {**share, "d": share["a"] + share["b"], "e": share["f"] + share["g"], "t": 1.0}
    expected |= {"x": expected["d"], "y": expected["e"]}
    assert told["effective_weight"].to_series().to_dict() == pytest.approx(expected)


def test_negative_weak_and_high_correlations_are_told() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(size=60)
    frame = pd.DataFrame({"a": base, "b": -base + 0.5 * rng.normal(size=60)}, index=[f"c{k}" for k in range(60)])
    frame["f"], frame["g"] = rng.normal(size=60), rng.normal(size=60)
    frame["f"] -= np.polyfit(frame["g"], frame["f"], 1)[0] * frame["g"] - 0.1 * frame["g"]
    audited = sim.audit(built(frame))
    r = naive_pearson(frame["a"].tolist(), frame["b"].tolist())
    assert of_kind(audited, NEGATIVE_PAIRS)["d"].evidence == f"1 of 1 pair: a with b {r:.2f}"
    assert set(of_kind(audited, WEAK_PAIRS)) >= {"e"}
    assert of_kind(audited, HIGH_PAIRS) == {}
    flagged = {**of_kind(audited, NEGATIVE_MEMBER), **of_kind(audited, WEAK_MEMBER), **of_kind(audited, HIGH_MEMBER)}
    told = audited.relations
    for slot in "abfgde":
        both = [float(told[name].sel(slot=slot)) for name in ("parent_correlation", "total_correlation")]
        kind = NEGATIVE_MEMBER if min(both) < 0 else WEAK_MEMBER if min(both) < 0.3 else HIGH_MEMBER
        assert (slot in flagged) == (min(both) < 0.3 or max(both) > 0.92)
        if slot in flagged:
            assert flagged[slot].kind == kind


def test_dimensions_that_are_nearly_the_same_are_a_pair_of_their_parent() -> None:
    frame = drawn("ab")
    frame["f"], frame["g"] = frame["a"] + 0.01, frame["b"] * 2.0
    audited = sim.audit(built(frame))
    assert of_kind(audited, HIGH_PAIRS)["t"].evidence == "1 of 1 pair: d with e 1.00"
    # Pairs of indicators are findings of their own.
    assert set(of_kind(audited, REDUNDANT)) == {"a, f", "b, g"}


def test_weights_within_a_factor_of_two_are_no_finding() -> None:
    frame = drawn("ab", 200)
    frame["b"] *= 100.0
    raw = {"id": "t", "aggregate": "arithmetic", "children": [{"id": "a"}, {"id": "b"}]}
    off = of_kind(sim.audit(built(frame, raw)), OTHER_WEIGHT)
    assert set(off) == {"a"}
    assert off["a"].finding == "weighs less than half of its nominal weight in effect"
    assert off["a"].evidence.startswith("nominal 50.0 %, effective ")
    assert of_kind(sim.audit(built(frame, flat("ab"))), OTHER_WEIGHT) == {}


# Components.


@pytest.mark.parametrize("r", [-0.8, 0.0, 0.5, 1.0])
def test_two_members_have_the_eigenvalues_1_plus_and_minus_r(r: float) -> None:
    values, loadings = components(np.array([[1.0, r], [r, 1.0]]))
    assert values.tolist() == pytest.approx([1 + abs(r), 1 - abs(r)])
    if r:
        assert np.abs(loadings).tolist() == pytest.approx([((1 + abs(r)) / 2) ** 0.5] * 2)


def test_equal_correlations_have_the_known_eigenvalues() -> None:
    k, r = 6, 0.4
    values, loadings = components(np.full((k, k), r) + (1 - r) * np.eye(k))
    assert values.tolist() == pytest.approx([1 + (k - 1) * r, *[1 - r] * (k - 1)])
    assert loadings.tolist() == pytest.approx([((1 + (k - 1) * r) / k) ** 0.5] * k)


def test_loadings_are_correlations_with_the_first_component() -> None:
    index = built(drawn("abfg"), flat("abfg"))
    told = related(index)
    z = index.score()["normalised"].values
    weights = np.linalg.svd(z - z.mean(axis=0))[2][0]
    first = z @ weights
    expected = [naive_pearson(column.tolist(), first.tolist()) for column in z.T]
    sign = 1.0 if sum(expected) >= 0 else -1.0
    assert told["first_loading"].values[:-1].tolist() == pytest.approx([sign * one for one in expected])
    values = told["eigenvalue"].sel(node="t").values
    assert values.sum() == pytest.approx(4.0)
    assert float(told["first_share"].sel(node="t")) == pytest.approx(values[0] / 4)
    assert int(told["components_above_one"].sel(node="t")) == sum(value > 1 for value in values)


def test_members_of_two_kinds_do_not_hang_together() -> None:
    frame = drawn("af", 300)
    frame["b"], frame["g"] = frame["a"] + 0.1 * drawn("b", 300, 6)["b"], frame["f"] + 0.1 * drawn("g", 300, 7)["g"]
    audited = sim.audit(built(frame, flat("abfg")))
    found = of_kind(audited, SEVERAL)["t"]
    assert found.evidence.endswith("2 needed for 60 %; 2 eigenvalues above 1")
    together = sim.audit(built(frame[["a", "b"]], flat("ab")))
    assert of_kind(together, SEVERAL) == {}


def test_a_constant_member_stands_aside() -> None:
    frame = drawn("ab")
    frame["f"] = 1.0
    told = sim.audit(built(frame, flat("abf"))).relations
    assert np.isfinite(told["eigenvalue"].sel(node="t").values).tolist() == [True, True, False]
    assert np.isnan(told["first_loading"].sel(slot="f"))


# Denominators.


def test_denominators_that_still_tell_are_found() -> None:
    rng = np.random.default_rng(4)
    size = rng.lognormal(3.0, 1.0, 80)
    columns = {
        "a": size * rng.lognormal(0.0, 0.3, 80),
        "b": size**2 * rng.lognormal(0.0, 0.1, 80),
        "f": size * rng.lognormal(0.0, 0.1, 80),
        "g": rng.normal(size=80),
        "people": size,
    }
    frame = pd.DataFrame(columns, index=[f"c{k}" for k in range(80)])
    root = flat("abfg", a="people", b="people")
    audited = sim.audit(built(frame, root))
    told = audited.size_effects
    logs = np.log(size).tolist()
    expected = {
        "a": naive_pearson(np.log(columns["a"] / size).tolist(), logs),
        "b": naive_pearson(np.log(columns["b"] / size).tolist(), logs),
        "f": naive_pearson(np.log(columns["f"]).tolist(), logs),
        "g": naive_pearson(columns["g"].tolist(), logs),
    }
    assert told["denominator_correlation"].sel(denominator="people").to_series().to_dict() == pytest.approx(expected)
    assert told["divided"].values[:, 0].tolist() == [True, True, False, False]
    assert told["in_logs"].values.tolist() == [True, True, True, False]
    assert set(of_kind(audited, WITH_DENOMINATOR)) == {"b"}
    assert of_kind(audited, WITH_SIZE)["f"].evidence.endswith("both in logarithms; beyond ±0.7")
    assert set(of_kind(audited, WITH_SIZE)) == {"f"}
    undivided = sim.audit(built(frame, root, denominators="none"))
    assert set(of_kind(undivided, WITH_SIZE)) == {"a", "b", "f"}


# Blank cells.


def test_blank_cells_leave_pairwise_figures_and_a_note() -> None:
    frame = drawn("abfg")
    frame.iloc[3, 0] = frame.iloc[4, 1] = NAN
    frame["g"] = frame["f"] * 2.0
    audited = sim.audit(built(frame, imputation="share-weight"))
    scored = built(frame, imputation="share-weight").score()
    a, b = (scored["normalised"].sel(indicator=one).values.tolist() for one in "ab")
    assert float(audited.relations["correlation"].sel(slot="a", other_slot="b")) == pytest.approx(naive_pearson(a, b))
    assert not audited.structure.variables
    assert np.isnan(audited.relations["effective_weight"].values[:-1]).all()
    assert len(audited.left_out) == 1
    assert set(of_kind(audited, REDUNDANT)) == {"f, g"}
    assert set(of_kind(audited, LOW_ALPHA)) >= {"d"}
    assert {one.kind for one in audited.findings} <= set(KINDS)


def test_points_with_blanks_are_asked_for_no_tie_rule() -> None:
    frame = pd.DataFrame({"a": [3.0, 2.0, 1.0], "b": [1.0, NAN, 2.0], "f": [2.0, 2.0, 2.0]}, index=list("xyz"))
    root = {"id": "t", "aggregate": "sum", "children": [{"id": one, "unit": "points"} for one in "abf"]}
    audited = sim.audit(built(frame, root, imputation="share-weight"))
    assert audited.tie_rules["indicator"].values.tolist() == ["a", "f"]
    assert len(audited.left_out) == 2
    assert set(of_kind(audited, CONSTANT)) == {"f"}


def test_a_large_table_is_audited_without_a_square_of_its_cities() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(3000, 200)) + rng.normal(size=(3000, 1))
    columns = [f"v{k}" for k in range(200)]
    frame = pd.DataFrame(values, index=[f"c{k}" for k in range(3000)], columns=columns)
    children = [{**flat(""), "id": f"d{k}", "children": [{"id": one} for one in columns[k::10]]} for k in range(10)]
    index = built(frame, {"id": "t", "aggregate": "arithmetic", "children": children})
    audited = sim.audit(index)
    assert max(one.size for one in audited.relations.data_vars.values()) == 211**2
    assert max(one.size for one in audited.availability.data_vars.values()) == 3000
