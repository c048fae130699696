"""Scores beside what was printed, in words."""

from __future__ import annotations

import pytest
import xarray as xr

import simulator as sim
from simulator.index import Index
from simulator.report.comparison import SHOWN, compare_with_published


@pytest.fixture(scope="module")
def index() -> Index:
    return sim.load_index("opportunity-2025")


@pytest.fixture(scope="module")
def scored(index: Index) -> xr.Dataset:
    return index.score()


@pytest.fixture
def published(index: Index) -> xr.Dataset:
    assert index.published is not None
    return index.published.copy(deep=True)


def test_what_is_equal_is_counted(scored: xr.Dataset, published: xr.Dataset) -> None:
    (line,) = compare_with_published(scored, published)
    assert line == "Equal to the printed ones: 600 of 600 scores of nodes, 60 of 60 totals, 60 of 60 ranks."


def test_nothing_printed_is_nothing_to_say(scored: xr.Dataset) -> None:
    assert list(compare_with_published(scored, None)) == []


def test_what_differs_is_named_with_both_figures(scored: xr.Dataset, published: xr.Dataset) -> None:
    published["rank"].loc[{"city": "hefei"}] = 14
    published["total"].loc[{"city": "hefei"}] += 0.25
    published["score"].loc[{"city": "suzhou", "node": "open-development"}] = 1
    total = float(scored["total"].sel(city="hefei"))
    score = float(scored["score"].sel(city="suzhou", node="open-development"))
    assert list(compare_with_published(scored, published)) == [
        "Equal to the printed ones: 599 of 600 scores of nodes, 59 of 60 totals, 59 of 60 ranks.",
        f"  scores of nodes, suzhou, open-development: {score:g}, printed 1",
        f"  totals, hefei: {total:g}, printed {total + 0.25:g}",
        "  ranks, hefei: 15, printed 14",
    ]


def test_rounding_is_no_difference(scored: xr.Dataset, published: xr.Dataset) -> None:
    published["total"] += 1e-10
    assert "60 of 60 totals" in next(compare_with_published(scored, published))
    published["total"] += 1e-6
    assert "0 of 60 totals" in next(compare_with_published(scored, published))


def test_only_the_first_differences_are_listed(scored: xr.Dataset, published: xr.Dataset) -> None:
    published["total"] += 1.0
    lines = list(compare_with_published(scored, published))
    assert len(lines) == 1 + SHOWN
    assert all(line.startswith("  totals, ") for line in lines[1:])


def test_cities_and_nodes_go_by_label(scored: xr.Dataset, published: xr.Dataset) -> None:
    turned = published.isel(city=slice(None, None, -1), node=slice(None, None, -1))
    assert list(compare_with_published(scored, turned)) == list(compare_with_published(scored, published))
    some = published.isel(city=slice(0, 5), node=slice(0, 2))
    assert list(compare_with_published(scored, some)) == [
        "Equal to the printed ones: 10 of 10 scores of nodes, 5 of 5 totals, 5 of 5 ranks."
    ]
