"""Acceptability of ranks over all weights: closed forms of others, counted grids, drawn weights, and properties."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.errors import InputError
from simulator.extremes.acceptability import acceptability
from simulator.extremes.members import members_of
from simulator.extremes.simplex import leads_of, share_ahead, shares_of_ranks
from simulator.kernels.arrays import Floats

GOLDEN = Path(__file__).parent.parent / "golden" / "smaa-exact"
INDEX = sim.load_index("opportunity-2025")

seeds = st.integers(0, 2**32 - 1)
some_members = st.integers(1, 3)


def small_index(values: Any, cities: list[str] | None = None, ties: str = "better") -> sim.Index:
    """Return cities (rows) in indicators of equal weight that are taken as they are."""
    columns = [f"c{k + 1}" for k in range(np.shape(values)[1])]
    children = [{"id": name} for name in columns]
    tree = {"id": "total", "normalise": "none", "aggregate": "arithmetic", "children": children}
    frame = pd.DataFrame(np.asarray(values, np.float64), columns=columns)
    frame.index = pd.Index(cities or [f"city-{k}" for k in range(len(frame))])
    definition = {"schema_version": 1, "id": "small", "levels": ["index", "indicator"], "index": tree}
    return sim.build_index({**definition, "ranking": {"ties": ties}}, frame)


def random_values(seed: int, members: int, cities: int | None = None) -> Floats:
    """Return scores without ties of more than a point or a line."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(cities or int(rng.integers(2, 9)), members))


def tied_values(seed: int, members: int) -> Floats:
    """Return scores of which many are equal, as are some cities in all."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4, size=(int(rng.integers(2, 8)), members)).astype(np.float64)
    values[-1] = values[0]
    return values


def check_golden(case: str, found: xr.Dataset, errors: float) -> None:
    """Compare with the closed forms, within so many standard errors, or 1e-9 where the errors are 0."""
    expected = pd.read_csv(GOLDEN / "expected.csv").query("case == @case")
    assert len(expected) > 16
    for row in expected.itertuples():
        axis = {"rank": row.k} if row.metric == "rank_acceptability" else {"member": f"c{row.k}"}
        at = {"city": row.alternative, **axis}
        near = max(errors * float(found[f"{row.metric}_se"].sel(at)), 1e-9)
        assert float(found[str(row.metric)].sel(at)) == pytest.approx(row.value, abs=near)


@pytest.mark.parametrize("case", ["simplex3", "two_criteria"])
def test_golden_cases_exactly_and_drawn(case: str) -> None:
    data = pd.read_csv(GOLDEN / f"data_{case}.csv", index_col="alternative")
    index = small_index(data.to_numpy(), list(data.index))
    found = acceptability(index, "indicator")
    assert "draws" not in found.attrs
    assert found.attrs["sampled"] == ""
    assert float(found["rank_acceptability_se"].max()) == 0.0
    check_golden(case, found, 0.0)
    drawn = acceptability(index, "indicator", draws=50_000, seed=3, exact=False)
    assert drawn.attrs["exact"] == ""
    assert (drawn.attrs["draws"], drawn.attrs["seed"]) == (50_000, 3)
    check_golden(case, drawn, 4.0)


@given(seeds, some_members, st.sampled_from(["auto", False]))
@settings(max_examples=40)
def test_sums_and_complements_without_ties(seed: int, members: int, exact: Any) -> None:
    found = acceptability(small_index(random_values(seed, members)), "indicator", draws=300, seed=1, exact=exact)
    share, win = found["rank_acceptability"].values, found["pair_win"].values
    assert share.sum(axis=1) == pytest.approx(1.0, abs=1e-10)
    assert share.sum(axis=0) == pytest.approx(1.0, abs=1e-10)
    assert win + win.T == pytest.approx(1.0 - np.eye(len(win)), abs=1e-10)
    assert found["expected_rank"].values == pytest.approx(share @ np.arange(1, len(share) + 1), abs=1e-9)
    central = found["central_weight"].values
    assert (np.isnan(central).all(axis=1) == (share[:, 0] == 0.0)).all()
    assert np.nansum(central, axis=1) == pytest.approx((share[:, 0] > 0.0).astype(float), abs=1e-10)


@given(seeds, some_members, st.sampled_from(["auto", False]))
@settings(max_examples=30)
def test_cities_in_another_order_have_the_same(seed: int, members: int, exact: Any) -> None:
    values = random_values(seed, members)
    cities = [f"city-{k}" for k in range(len(values))]
    order = np.random.default_rng(seed).permutation(len(values))
    one = acceptability(small_index(values, cities), "indicator", draws=300, seed=1, exact=exact)
    other = acceptability(
        small_index(values[order], [cities[k] for k in order]), "indicator", draws=300, seed=1, exact=exact
    )
    xr.testing.assert_allclose(one, other.sel(city=cities, other_city=cities), rtol=0.0, atol=1e-10)


@given(seeds, st.sampled_from(["better", "worse"]))
@settings(max_examples=30)
def test_two_members_as_on_a_grid(seed: int, ties: str) -> None:
    """Every crossing spoils one cell of the grid, so a share is off by no more cells than there are pairs."""
    index = small_index(tied_values(seed, 2), ties=ties)
    found = acceptability(index, "indicator")
    cells = 4001
    first = (np.arange(cells) + 0.5) / cells
    weight = np.column_stack([first, 1.0 - first])
    rank = members_of(index, "indicator").at(weight).ranks
    n = rank.shape[1]
    off = (n * (n - 1) / 2 + 1) / cells
    share = np.array([np.bincount(column - 1, minlength=n) for column in rank.T]) / cells
    assert found["rank_acceptability"].values == pytest.approx(share, abs=off)
    above = (rank[:, :, np.newaxis] < rank[:, np.newaxis, :]).mean(axis=0)
    assert found["pair_win"].values == pytest.approx(above, abs=off)
    assert found["expected_rank"].values == pytest.approx(rank.mean(axis=0), abs=n * off)
    for city in np.flatnonzero(share[:, 0] > 0.1):
        centre = weight[rank[:, city] == 1].mean(axis=0)
        assert found["central_weight"].values[city] == pytest.approx(centre, abs=10.0 * off)


@given(seeds, st.sampled_from(["better", "worse"]))
@settings(max_examples=15)
def test_three_members_as_on_a_grid(seed: int, ties: str) -> None:
    """A tie is a line, which spoils a share of a grid's triangles that falls as their side."""
    index = small_index(tied_values(seed, 3), ties=ties)
    found = acceptability(index, "indicator")
    side = 90
    row, column = np.divmod(np.arange(side * side), side)
    up, down = row + column < side, row + column < side - 1
    corner = np.vstack([np.column_stack([row, column])[up] + 1 / 3, np.column_stack([row, column])[down] + 2 / 3])
    weight = np.column_stack([corner, side - corner.sum(axis=1)]) / side
    rank = members_of(index, "indicator").at(np.ascontiguousarray(weight)).ranks
    n = rank.shape[1]
    share = np.array([np.bincount(column - 1, minlength=n) for column in rank.T]) / len(weight)
    assert found["rank_acceptability"].values == pytest.approx(share, abs=2.0 * n / side)
    above = (rank[:, :, np.newaxis] < rank[:, np.newaxis, :]).mean(axis=0)
    assert found["pair_win"].values == pytest.approx(above, abs=2.0 / side)
    weighed = found["rank_acceptability"].values @ np.arange(1, n + 1)
    assert found["expected_rank"].values == pytest.approx(weighed, abs=1e-10)


@given(seeds)
@settings(max_examples=15)
def test_the_order_of_members_does_not_matter(seed: int) -> None:
    """Slabs run along the third member, so this compares different cuts of the triangle."""
    values = random_values(seed, 3, 12)
    one = acceptability(small_index(values), "indicator")
    other = acceptability(small_index(values[:, [2, 0, 1]]), "indicator")
    assert one["rank_acceptability"].values == pytest.approx(other["rank_acceptability"].values, abs=1e-10)
    rank_one = one["central_weight"].values[:, [2, 0, 1]]
    sure = one["rank_acceptability"].values[:, 0] > 1e-4
    assert rank_one[sure] == pytest.approx(other["central_weight"].values[sure], abs=1e-7)


@given(seeds, st.integers(1, 8))
def test_share_ahead_is_the_sum_of_partial_fractions(seed: int, members: int) -> None:
    """With all coefficients different the chance is known as a sum, which cancels where they are near each other."""
    rng = np.random.default_rng(seed)
    lead = rng.permutation(np.arange(1.0, 20.0))[:members] * rng.choice([-1.0, 1.0], members)
    terms = [np.prod([one / (one - other) for other in lead if other != one]) for one in lead if one > 0.0]
    assert float(share_ahead(lead)) == pytest.approx(float(np.sum(terms)), abs=1e-7)


def test_share_ahead_with_equal_coefficients_and_none() -> None:
    lead = np.array([[1.0, 1.0, -1.0], [0.0, 2.0, -2.0], [1.0, 0.0, 0.0], [-1.0, 0.0, -2.0], [0.0, 0.0, 0.0]])
    assert share_ahead(lead).tolist() == [0.75, 0.5, 1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("ties", "rank", "expected"), [("better", [1, 1, 3], [1, 1, 3]), ("worse", [2, 2, 3], [2, 2, 3])]
)
@pytest.mark.parametrize("members", [1, 2, 3])
@pytest.mark.parametrize("exact", [True, False])
def test_cities_that_are_equal_share_a_rank(
    ties: str, rank: list[int], expected: list[float], members: int, exact: bool
) -> None:
    values = np.array([[3.0, 5.0, 4.0], [3.0, 5.0, 4.0], [1.0, 2.0, 3.0]])[:, :members]
    found = acceptability(small_index(values, ties=ties), "indicator", draws=50, exact=exact)
    assert found["rank_acceptability"].argmax("rank").values.tolist() == [one - 1 for one in rank]
    assert found["rank_acceptability"].max("rank").values == pytest.approx(1.0)
    assert found["expected_rank"].values == pytest.approx(expected)
    assert found["pair_win"].values.tolist() == [[0, 0, 1], [0, 0, 1], [0, 0, 0]]


def test_a_city_that_is_first_at_a_single_vertex_has_no_central_weight() -> None:
    found = acceptability(small_index([[4, 9, 9], [4, 1, 1]]), "indicator")
    assert found["confidence_factor"].values.tolist() == [1.0, 0.0]
    assert found["central_weight"].values[0] == pytest.approx([1 / 3] * 3)
    assert np.isnan(found["central_weight"].values[1]).all()


def test_many_cities_in_a_triangle_agree_with_chances_of_pairs() -> None:
    score = random_values(4, 3, 40).T
    share = np.array([shares_of_ranks(leads_of(score, city), city, False)[0] for city in range(40)])
    win = np.array([share_ahead(-leads_of(score, city)) for city in range(40)])
    assert share @ np.arange(1, 41) == pytest.approx(1.0 + win.sum(axis=0), abs=1e-10)


@pytest.fixture(scope="module")
def by_dimension() -> xr.Dataset:
    return acceptability(INDEX, "dimension", draws=20_000, seed=1)


def test_who_can_be_first_is_told_beyond_what_draws_see(by_dimension: xr.Dataset) -> None:
    limits = sim.extreme_ranks(INDEX, "dimension")
    assert by_dimension["can_be_first"].values.tolist() == (limits["rank_best"] == 1).values.tolist()
    few = acceptability(INDEX, "dimension", draws=100)
    assert few["can_be_first"].identical(by_dimension["can_be_first"])
    assert few["central_weight"].isnull().any("member").sum() > (~few["can_be_first"]).sum()


@given(seed=seeds, members=some_members)
@settings(max_examples=20, deadline=None)
def test_who_can_be_first_by_programs_is_who_is_by_closed_forms(seed: int, members: int) -> None:
    index = small_index(random_values(seed, members))
    measured, drawn = (acceptability(index, "indicator", draws=2, exact=exact) for exact in (True, False))
    assert measured["can_be_first"].equals(drawn["can_be_first"])
    assert measured["can_be_first"].equals(measured["rank_acceptability"].sel(rank=1, drop=True) > 0.0)


def test_published_index_drawn_agrees_with_closed_forms(by_dimension: xr.Dataset) -> None:
    drawn = acceptability(INDEX, "dimension", draws=20_000, seed=1, exact=False)
    xr.testing.assert_identical(
        drawn[["rank_acceptability", "central_weight"]].drop_attrs(),
        by_dimension[["rank_acceptability", "central_weight"]].drop_attrs(),
    )
    assert float(by_dimension["pair_win_se"].max()) == 0.0
    # Of a chance that no draw shows the error is 0; with 20,000 draws it is below 1e-3 in truth.
    for name, least in (("pair_win", 1e-3), ("expected_rank", 1e-3)):
        off = np.abs(drawn[name] - by_dimension[name])
        assert bool((off <= 5.0 * drawn[f"{name}_se"] + least).all())
        assert float((off <= drawn[f"{name}_se"] + 1e-9).mean()) > 0.6
    share = by_dimension["rank_acceptability"]
    mean, error = (share * share["rank"]).sum("rank"), drawn["expected_rank_se"]
    assert bool((np.abs(mean - by_dimension["expected_rank"]) <= 5.0 * error + 1e-3).all())


def test_cities_are_first_with_their_central_weights(by_dimension: xr.Dataset) -> None:
    some = by_dimension.sel(city=by_dimension["confidence_factor"] == 1.0)
    assert some.sizes["city"] >= 5
    ranks = members_of(INDEX, "dimension").at(some["central_weight"].values).ranks
    positions = [INDEX.cities.index(city) for city in some["city"].values]
    assert ranks[np.arange(len(positions)), positions].tolist() == [1] * len(positions)


def test_the_first_draws_of_many_are_those_of_few() -> None:
    """Whole blocks and a part of one count alike: sums of draws are the same however far they go on."""
    few, many = (
        acceptability(INDEX, "dimension", draws=draws, seed=2)["rank_acceptability"].values * draws
        for draws in (1500, 2600)
    )
    assert (few.round() <= many.round()).all()
    assert (many - few).sum(axis=1) == pytest.approx(1100.0)
    again = acceptability(INDEX, "dimension", draws=1500, seed=2)["rank_acceptability"].values * 1500
    assert (again == few).all()


def test_errors_are_those_of_independent_draws() -> None:
    """Seeds are independent, so figures spread over seeds as their errors say."""
    index = small_index(random_values(7, 4, 5))
    found = [acceptability(index, "indicator", draws=400, seed=seed, exact=False) for seed in range(150)]
    for name in ("rank_acceptability", "central_weight", "pair_win", "expected_rank"):
        spread = np.std([one[name].values for one in found], axis=0, ddof=1)
        error = np.mean([one[f"{name}_se"].values for one in found], axis=0)
        often = error > 0.002
        assert often.sum() >= 4
        assert spread[often] == pytest.approx(error[often], rel=0.3)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"draws": 0}, "0 draws tell no share. Give 2 or more."),
        ({"draws": 1}, "1 draws tell no share"),
        ({"draws": 1.5}, r"draws: 1\.5 is no whole number"),
        ({"draws": True}, "draws: True is no whole number"),
        ({"seed": "a"}, "seed: 'a' is no whole number. Give 0 or more."),
        ({"exact": [1, 2]}, r"exact: \[1, 2\] is unknown"),
        ({"draws": "x", "seed": -1, "over": "planet"}, "acceptability: 3 faults"),
        ({"seed": -1}, "-1 is below 0"),
        ({"exact": "no"}, "'no' is unknown"),
        ({"exact": True}, "has 10 members, and regions are measured up to 3"),
        ({"over": "planet"}, "no level 'planet'"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        acceptability(INDEX, **{"over": "dimension", **asked})
