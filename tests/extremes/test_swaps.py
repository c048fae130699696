"""Least changes of weights that swap two cities: against segments, linear programs and the pipeline itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from small_weights import small_index

import simulator as sim
from simulator.extremes.members import Members, members_of
from simulator.extremes.swaps import nearest_ties, onto_simplex, weight_stability
from simulator.kernels.arrays import Floats

INDEX = sim.load_index("opportunity-2025")

seeds = st.integers(0, 2**32 - 1)


def random_index(seed: int, leaves: int) -> sim.Index:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, int(rng.integers(2, 9)), size=(int(rng.integers(2, 6)), leaves))
    return small_index(values, weight=[*rng.choice([1.0, 2.0, 0.3, 0.0], leaves - 1).tolist(), 1.0])


def pairs_of(members: Members) -> list[tuple[int, int]]:
    return list(itertools.combinations(range(members.total.size), 2))


def tie_segment(lead: Floats) -> Floats:
    """Return where the edges of the triangle of weights cross the line of no lead: the ends of a segment."""
    ends = []
    for one, other in ((0, 1), (0, 2), (1, 2)):
        if lead[one] * lead[other] < 0.0:
            share = lead[other] / (lead[other] - lead[one])
            end = np.zeros(3)
            end[one], end[other] = share, 1.0 - share
            ends.append(end)
    ends += [np.eye(3)[k] for k in range(3) if lead[k] == 0.0]
    return np.array(ends)


def turned(lead: Floats, nominal: Floats) -> Floats:
    """Return leads of whichever city is ahead."""
    return lead if lead @ nominal > 0.0 else -lead


@given(seeds)
@settings(max_examples=80)
def test_nearest_weights_are_the_nearest_point_of_the_segment_of_ties(seed: int) -> None:
    index = random_index(seed, 3)
    members = members_of(index, "indicator")
    found = weight_stability(index, "indicator")
    for one, other in pairs_of(members):
        change = float(found["least_change"][one, other])
        lead = members.score[:, one] - members.score[:, other]
        if abs(lead @ members.nominal) < 1e-9:
            assert change == 0.0 if lead.any() else np.isnan(change)
        elif turned(lead, members.nominal).min() >= 0.0:
            assert np.isnan(change)
        else:
            begin, end = tie_segment(lead)[[0, -1]]
            along, length = end - begin, ((end - begin) ** 2).sum()
            share = np.clip((members.nominal - begin) @ along / length, 0.0, 1.0) if length else 0.0
            nearest = begin + share * along
            assert found["weight_at_swap"][one, other].values == pytest.approx(nearest, abs=1e-9)
            assert change == pytest.approx(np.linalg.norm(nearest - members.nominal), abs=1e-9)


@given(seeds, st.integers(2, 8))
@settings(max_examples=50)
def test_least_shift_is_that_of_a_linear_program(seed: int, leaves: int) -> None:
    index = random_index(seed, leaves)
    members = members_of(index, "indicator")
    found = weight_stability(index, "indicator")
    for one, other in pairs_of(members):
        lead = members.score[:, one] - members.score[:, other]
        if np.isnan(found["least_change"][one, other]):
            assert np.isnan(found["least_shift"][one, other])
            continue
        ahead = turned(lead, members.nominal)
        answer = linprog(  # weights are the nominal ones, plus what comes and less what goes
            np.full(2 * leaves, 0.5),
            A_ub=[np.r_[ahead, -ahead]],
            b_ub=[-(ahead @ members.nominal)],
            A_eq=[np.r_[np.ones(leaves), -np.ones(leaves)]],
            b_eq=[0.0],
            bounds=[(0.0, None)] * leaves + [(0.0, float(one)) for one in members.nominal],
        )
        assert float(found["least_shift"][one, other]) == pytest.approx(answer.fun, abs=1e-8)


@given(seeds, st.integers(2, 12))
@settings(max_examples=80)
def test_no_point_of_ties_is_nearer(seed: int, leaves: int) -> None:
    rng = np.random.default_rng(seed)
    nominal = rng.dirichlet(np.full(leaves, rng.choice([0.3, 1.0, 10.0])))
    leads = rng.normal(size=(30, leaves)) * rng.choice([1e-3, 1.0, 1e4])
    leads *= np.sign(leads @ nominal)[:, np.newaxis]
    leads = leads[leads.min(axis=1) < 0.0]
    for lead, weight in zip(leads, nearest_ties(leads, nominal), strict=True):
        size = np.abs(lead).max()
        assert weight.min() >= 0.0
        assert weight.sum() == pytest.approx(1.0, abs=1e-12)
        assert abs(weight @ lead) <= 1e-11 * size
        # Ties make a convex set with these corners, so nothing in it is nearer if no corner lies on the near side.
        for above, below in itertools.product(np.flatnonzero(lead > 0.0), np.flatnonzero(lead < 0.0)):
            corner = np.zeros(leaves)
            corner[above] = lead[below] / (lead[below] - lead[above])
            corner[below] = 1.0 - corner[above]
            assert (weight - nominal) @ (corner - weight) >= -1e-9


def changed(nominal: Floats, member: int, change: float) -> Floats:
    """Return weights of which one changes while the others keep their proportions."""
    weight = nominal * (1.0 - nominal[member] - change) / (1.0 - nominal[member])
    weight[member] = nominal[member] + change
    return weight


@given(seeds, st.integers(2, 5))
@settings(max_examples=60)
def test_a_single_weight_swaps_the_pair_just_beyond_its_change_and_not_before(seed: int, leaves: int) -> None:
    index = random_index(seed, leaves)
    members = members_of(index, "indicator")
    single = weight_stability(index, "indicator")["single_change"].values
    for (one, other), member in itertools.product(pairs_of(members), range(leaves)):
        lead = turned(members.score[:, one] - members.score[:, other], members.nominal)
        change, own = single[one, other, member], members.nominal[member]
        assert change == single[other, one, member] or np.isnan(change)
        if own == 1.0 or abs(lead @ members.nominal) < 1e-9:
            continue
        at_ends = [lead @ changed(members.nominal, member, end - own) for end in (0.0, 1.0)]
        if np.isnan(change):
            assert min(at_ends) >= -1e-9
            continue
        assert 0.0 < own + change < 1.0
        assert lead @ changed(members.nominal, member, change) == pytest.approx(0.0, abs=1e-9)
        assert lead @ changed(members.nominal, member, change * (1.0 - 1e-6)) > 0.0
        assert lead @ changed(members.nominal, member, change * (1.0 + 1e-6)) < 0.0


def test_single_changes_are_those_of_triantaphyllou_and_sanchez() -> None:
    # Their change t leaves w_k - t before all weights are scaled to 1 again: t = D / d_k, for t <= w_k.
    members = members_of(INDEX, "dimension")
    single = weight_stability(INDEX, "dimension")["single_change"].values
    nominal = members.nominal
    for one, other in ((0, 1), (7, 8), (14, 9), (20, 30), (40, 5)):
        lead = members.score[:, one] - members.score[:, other]
        theirs = lead @ nominal / lead
        with_theirs = (nominal - theirs) / (1.0 - theirs) - nominal
        feasible = theirs < nominal
        assert single[one, other] == pytest.approx(np.where(feasible, with_theirs, np.nan), abs=1e-12, nan_ok=True)


@pytest.fixture(scope="module")
def by_dimension() -> xr.Dataset:
    return weight_stability(INDEX, "dimension")


def test_matrices_are_the_same_both_ways_and_empty_on_the_diagonal(by_dimension: xr.Dataset) -> None:
    for name in ("least_change", "least_shift", "single_change", "weight_at_swap"):
        values = by_dimension[name].values
        assert np.array_equal(values, values.swapaxes(0, 1), equal_nan=True)
        assert np.isnan(values[np.arange(60), np.arange(60)]).all()


def test_all_weights_together_need_no_more_than_one_of_them_alone(by_dimension: xr.Dataset) -> None:
    nominal = by_dimension["nominal_weight"]
    least = np.abs(by_dimension["single_change"]).min("member")
    single = by_dimension["single_change"]
    others = (nominal**2).sum() - nominal**2
    distance = np.sqrt(single**2 + others * (single / (1.0 - nominal)) ** 2)
    assert (by_dimension["least_change"] <= distance.min("member") + 1e-12).where(least.notnull(), True).all()
    assert (by_dimension["least_shift"] <= least + 1e-12).where(least.notnull(), True).all()
    shift = np.abs(by_dimension["weight_at_swap"] - nominal).sum("member", skipna=False) / 2.0
    assert (by_dimension["least_shift"] <= shift + 1e-12).where(shift.notnull(), True).all()
    chosen = by_dimension["critical_member"]
    for one, other in ((0, 1), (20, 30)):
        alone = single[one, other].sel(member=str(chosen[one, other].values))
        assert abs(float(alone)) == float(least[one, other])


def test_beyond_the_nearest_weights_the_published_index_swaps_the_pair(by_dimension: xr.Dataset) -> None:
    members = members_of(INDEX, "dimension")
    for one, other in ((0, 1), (14, 9), (20, 30), (11, 13)):
        at = by_dimension["weight_at_swap"].values[one, other]
        before, beyond = (onto_simplex((members.nominal + t * (at - members.nominal))[None]) for t in (0.999, 1.001))
        ahead = members.rank[one] < members.rank[other]
        for weight, kept in ((before, True), (beyond, False)):
            total = members.at(weight).totals[0]
            assert (total[one] > total[other]) == (ahead == kept)


def test_leader_falls_where_its_nearest_rival_comes_level(by_dimension: xr.Dataset) -> None:
    assert str(by_dimension["leader"].values) == "shanghai"
    row = by_dimension.sel(city="shanghai")
    assert float(by_dimension["leader_change"]) == float(row["least_change"].min())
    assert float(by_dimension["leader_shift"]) == float(row["least_shift"].min())
    rival = str(by_dimension["leader_rival"].values)
    assert float(row["least_change"].sel(other_city=rival)) == float(by_dimension["leader_change"])
    rival = str(by_dimension["leader_shift_rival"].values)
    assert float(row["least_shift"].sel(other_city=rival)) == float(by_dimension["leader_shift"])
    for member in by_dimension["member"].values:
        change = float(by_dimension["leader_single_change"].sel(member=member))
        rival = str(by_dimension["leader_single_rival"].sel(member=member).values)
        assert change == float(row["single_change"].sel(member=member, other_city=rival))
        assert abs(change) == float(np.abs(row["single_change"].sel(member=member)).min())


def test_by_hand_in_two_members() -> None:
    found = weight_stability(small_index([[4, 2], [1, 3], [0, 1]], weight=(1.0, 1.0)), "indicator")
    assert found["weight_at_swap"].sel(city="c0", other_city="c1").values == pytest.approx([0.25, 0.75])
    assert float(found["least_shift"].sel(city="c0", other_city="c1")) == pytest.approx(0.25)
    assert float(found["least_change"].sel(city="c0", other_city="c1")) == pytest.approx(0.25 * np.sqrt(2.0))
    assert found["single_change"].sel(city="c0", other_city="c1").values == pytest.approx([-0.25, 0.25])
    assert np.isnan(found["least_change"].sel(city="c0", other_city="c2"))
    assert str(found["critical_member"].sel(city="c0", other_city="c2").values) == ""
    assert str(found["leader_rival"].values) == "c1"


def test_who_is_first_everywhere_never_falls() -> None:
    found = weight_stability(small_index([[1, 2, 3], [2, 3, 4], [2, 2, 3]]), "indicator")
    assert str(found["leader"].values) == "c1"
    assert np.isnan(found["leader_change"])
    assert str(found["leader_rival"].values) == ""
    assert np.isnan(found["leader_single_change"]).all()


def test_cities_that_tie_already_need_no_change_unless_they_are_equal() -> None:
    found = weight_stability(small_index([[1, 2, 3], [3, 2, 1], [1, 2, 3]]), "indicator")
    assert float(found["least_change"][0, 1]) == float(found["least_shift"][0, 1]) == 0.0
    assert found["single_change"][0, 1].values == pytest.approx([0.0, np.nan, 0.0], nan_ok=True)
    assert np.isnan(found["least_change"][0, 2])
    assert np.isnan(found["single_change"][0, 2]).all()
    assert float(found["leader_change"]) == 0.0


def test_a_single_member_swaps_nobody() -> None:
    found = weight_stability(small_index([[1], [2]], weight=(1.0,)), "indicator")
    assert np.isnan(found["least_change"]).all()
    assert np.isnan(found["single_change"]).all()


def test_an_index_that_is_not_linear_is_refused() -> None:
    with pytest.raises(sim.InputError, match=r"total: its median aggregation is not linear"):
        weight_stability(small_index([[1, 2, 3], [3, 2, 1]], aggregate="median"), "indicator")
