"""Printed figures that do not agree are found, and those that do, or that print rounds off, are not."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from simulator.auditing.audit import audit
from simulator.auditing.kinds import RANKS, REPEATED, SUMS, Finding
from simulator.auditing.printed_figures import figures_compared, half_unit, ranks_that_differ, sums_that_differ
from simulator.index import Index, build_index, load_index

CITIES = ["x", "y", "z"]


def small(root: dict[str, Any], **printed: list[float]) -> Index:
    """Return an index of two dimensions of two indicators, with printed figures."""
    children = [
        {"id": "d", "children": [{"id": "a"}, {"id": "b"}]},
        {"id": "e", "weight": 2, "aggregate": "arithmetic", "children": [{"id": "f"}, {"id": "g"}]},
    ]
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [5, 5, 1], "f": [4, 2, 0], "g": [0, 4, 8]}, index=CITIES, dtype=float)
    index = build_index({"schema_version": 1, "id": "i", "index": {"id": "t", **root, "children": children}}, frame)
    nodes = [name for name in ("d", "e") if name in printed]
    published = xr.Dataset(
        {
            "total": ("city", np.array(printed["total"], float)),
            "rank": ("city", np.array(printed["rank"], np.int64)),
            "score": (("city", "node"), np.array([printed[node] for node in nodes], float).reshape(-1, 3).T),
        },
        coords={"city": CITIES, "node": nodes},
    )
    return dataclasses.replace(index, published=published)


# d is 6, 7, 4; e is 2, 3, 4; d + 2 e is 10, 13, 12.
RIGHT = {"d": [6.0, 7.0, 4.0], "e": [2.0, 3.0, 4.0], "total": [10.0, 13.0, 12.0], "rank": [3.0, 1.0, 2.0]}
MEAN = {**RIGHT, "total": [3.33, 4.33, 4.0]}


def found(index: Index) -> list[tuple[str, str, list[str]]]:
    sums = list(sums_that_differ(index, index.score()))
    return [
        (one.subject, one.what.split()[-2], [str(city) for city in one.made["city"].values[one.differs]])
        for one in [*sums, *ranks_that_differ(index)]
    ]


@pytest.mark.parametrize(
    ("root", "changed", "expected"),
    [
        ({}, {}, []),
        ({}, {"d": [6, 7.5, 4]}, [("d", "of", ["y"]), ("t", "up", ["y"])]),
        ({}, {"total": [10, 13, 11]}, [("t", "of", ["z"]), ("t", "up", ["z"])]),
        ({}, {"rank": [3, 2, 1]}, [("t", "printed", ["y", "z"])]),
        # One rank too low is one misprint, although nobody then has the second.
        ({}, {"rank": [3, 1, 3]}, [("t", "printed", ["z"])]),
        ({}, {"total": [10, 13, 12 + 5e-7]}, []),
        ({"aggregate": "arithmetic"}, MEAN, []),
        ({"aggregate": "arithmetic"}, {**MEAN, "total": [3.33, 4.35, 4.0]}, [("t", "of", ["y"]), ("t", "up", ["y"])]),
        # A geometric mean is compared with the indicators only: sqrt is no sum.
        (
            {"aggregate": "geometric"},
            {"total": [2.88, 3.98, 4.0], "rank": [3, 2, 1]},
            [],
        ),
    ],
)
def test_sums_and_ranks(root: dict[str, Any], changed: dict[str, list[float]], expected: list[object]) -> None:
    assert found(small(root, **{**RIGHT, **changed})) == expected


def test_rounded_parts_may_add_up_to_another_total() -> None:
    index = small({}, **RIGHT)
    assert index.published is not None
    finer = index.matrix["value"] + xr.DataArray([0.04, 0.14, 0.04], coords={"city": CITIES}) * (
        index.matrix["indicator"] == "a"
    )
    index = dataclasses.replace(index, matrix=index.matrix.assign(value=finer))
    scored = index.score()
    # Dimensions are printed with one decimal, the totals with two: 6.0 + 2 × 2.0 is 10.04 as far as print tells.
    published = index.published.assign(
        total=scored["total"].round(2), score=scored["score"].sel(node=["d", "e"]).round(1)
    )
    assert published["score"].sel(node="d").values.tolist() == [6.0, 7.1, 4.0]
    assert found(dataclasses.replace(index, published=published)) == []
    further = published.assign(total=published["total"] + xr.DataArray([0.07, 0.0, 0.0], coords={"city": CITIES}))
    assert [one[1:] for one in found(dataclasses.replace(index, published=further))] == [("of", ["x"]), ("up", ["x"])]


def test_totals_that_print_makes_equal_may_have_any_of_their_places() -> None:
    # 12.04 and 11.96 both print as 12.0.
    ranks = {"total": [10.0, 12.0, 12.0], "rank": [3.0, 2.0, 1.0]}
    index = small({}, **{**RIGHT, **ranks})
    assert [one.what for one in ranks_that_differ(index)] == ["the rank of the printed total"]
    assert index.published is not None
    with_decimals = index.published.assign(total=index.published["total"] + [0.1, 0.0, 0.0])
    assert list(ranks_that_differ(dataclasses.replace(index, published=with_decimals))) == []
    swapped = with_decimals.assign(rank=("city", np.array([1, 2, 3])))
    differing = list(ranks_that_differ(dataclasses.replace(index, published=swapped)))
    assert [one.differs.tolist() for one in differing] == [[True, False, True]]


def test_half_units() -> None:
    assert half_unit(np.array([1.0, 2.0])) == 0.0
    assert half_unit(np.array([1.25, 2.0])) == pytest.approx(0.005)
    assert half_unit(np.array([1 / 3])) == 0.0


def figure_findings_of(index: Index) -> list[Finding]:
    return [finding for finding in audit(index).findings if finding.kind in (SUMS, RANKS, REPEATED)]


def test_findings_of_figures_carry_their_effect_on_the_printed_ranking() -> None:
    assert figure_findings_of(small({}, **RIGHT)) == []
    wrong = figure_findings_of(small({}, **{**RIGHT, "total": [10.0, 11.0, 12.0]}))
    # Ranks are right for the right totals, so not for the wrong ones.
    assert [(one.kind, one.cities_changed, one.largest_shift) for one in wrong] == [
        (SUMS, 2, 1),
        (SUMS, 2, 1),
        (RANKS, 2, 1),
    ]
    assert wrong[0].finding == "printed totals of 1 city are not what the indicator scores make of it"
    assert wrong[0].evidence == "y 13, printed 11"
    assert wrong[0].furthest == ("y", "z")
    dimension = figure_findings_of(small({}, **{**RIGHT, "e": [2.0, 3.5, 4.0]}))
    assert [(one.subject, one.cities_changed) for one in dimension] == [("t", 0), ("e", None)]


def test_the_2025_index_agrees_with_itself_whole_and_in_part() -> None:
    index = load_index("opportunity-2025")
    assert figures_compared(index) == 60 * 12
    assert figure_findings_of(index) == []
    some = index.select(["hefei", "ningbo", "shanghai", "nanjing"])
    assert figures_compared(some) == 4 * 12
    assert found(some) == []


def test_names_given_twice_are_found_whatever_their_case_and_width() -> None:
    index = load_index("opportunity-2025")
    english = index.matrix["city_name_en"].values.astype(object)
    english[index.cities.index("wuxi")] = "ＨＥＦＥＩ "
    chinese = index.matrix["indicator_name_zh"].values.astype(object)
    chinese[7] = chinese[3]
    matrix = index.matrix.assign_coords(city_name_en=("city", english), indicator_name_zh=("indicator", chinese))
    told = figure_findings_of(dataclasses.replace(index, matrix=matrix))
    assert {(one.subject, one.finding) for one in told} == {
        ("wuxi, hefei", "2 cities have the same name"),
        ("brand-companies, innovative-companies", "2 indicators have the same name"),
    }
    assert all(one.cities_changed is None for one in told)


def test_names_that_are_empty_are_not_the_same() -> None:
    assert figure_findings_of(small({}, **RIGHT)) == []
