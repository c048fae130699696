"""Best and worst ranks over weights: against arrangements counted out, drawn weights, and the pipeline itself."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_weights import small_index

import simulator as sim
from simulator.errors import InputError
from simulator.extremes.members import members_of
from simulator.extremes.ranks import extreme_ranks
from simulator.extremes.weights import WeightSet, weight_set
from simulator.kernels.arrays import Floats

GOLDEN = Path(__file__).parent.parent / "golden"
INDEX = sim.load_index("opportunity-2025")

seeds = st.integers(0, 2**32 - 1)


def random_small(seed: int, ties: str = "better") -> sim.Index:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, int(rng.integers(2, 8)), size=(int(rng.integers(2, 7)), 3))
    return small_index(values, ties, rng.choice([1.0, 2.0, 0.5], 3))


def random_set(index: sim.Index, seed: int) -> dict[str, Any]:
    """Return a band, bounds, an order, a member that weighs most, or some of them, that are met by some weights."""
    rng = np.random.default_rng(seed)
    nominal = index.score()["nominal_weight"].values
    falling = [f"v{k}" for k in np.argsort(-nominal, kind="stable")]
    asked: dict[str, Any] = {}
    kind = int(rng.integers(5))
    if kind in (1, 4):
        asked["percent"] = float(rng.choice([0.0, 10.0, 50.0, 100.0]))
    if kind in (2, 4):
        asked["order"] = falling[: int(rng.integers(2, 4))]
    if kind == 3:
        asked["bounds"] = {"v1": (0.5 * nominal[1], min(1.0, 1.5 * nominal[1]))}
    if rng.random() < 0.4:
        asked["most"] = falling[0] if asked else f"v{int(rng.integers(3))}"
    return asked


def arrangement(score: Floats, weights: WeightSet) -> Floats:
    """Return weights in every cell of the arrangement of pairwise ties on the set: its vertices, and points between.

    Every cell, of whatever dimension, has a vertex set of which it holds the mean; with three members three vertices
    tell the mean's cell, as cells are polygons that triangles of their vertices fill.
    """
    lines = [one - other for one, other in itertools.combinations(score.T, 2)]
    lines += [np.eye(3)[k] - weights.low[k] for k in range(3)] + [np.eye(3)[k] - weights.high[k] for k in range(3)]
    lines += list(weights.steps())
    vertices = [np.array([1.0, 1.0, 1.0]) / 3.0]
    for one, other in itertools.combinations(lines, 2):
        point = np.cross(one, other)
        if abs(point.sum()) > 1e-9:
            vertices.append(point / point.sum())
    kept = np.array([vertex for vertex in vertices if weights.holds(vertex)]).reshape(-1, 3)
    unique = np.unique(kept.round(9), axis=0, return_index=True)[1]
    kept = np.clip(kept[unique], 0.0, 1.0)
    pairs = [kept[list(some)].mean(axis=0) for some in itertools.combinations(range(len(kept)), 2)]
    thrice = [kept[list(some)].mean(axis=0) for some in itertools.combinations(range(len(kept)), 3)]
    return np.vstack([kept, *pairs, *thrice])


def ranks_at(score: Floats, weight: Floats, ties: str) -> np.ndarray[Any, Any]:
    """Return ranks (rows, n) at weights (rows, members), by counting; differences of rounding are ties."""
    total = weight @ score
    small = 1e-9 * max(1.0, float(np.abs(score).max()))
    lead = total[:, np.newaxis, :] - total[:, :, np.newaxis]
    if ties == "better":
        return 1 + (lead > small).sum(axis=2)
    return (lead >= -small).sum(axis=2)


@given(seeds, st.sampled_from(["better", "worse"]))
@example(147586635, "better")  # all weights on one member, in which all cities are equal
@settings(max_examples=60)
def test_extremes_are_those_of_every_cell_of_the_arrangement(seed: int, ties: str) -> None:
    index = random_small(seed, ties)
    asked = random_set(index, seed)
    found = extreme_ranks(index, "indicator", **asked)
    members = members_of(index, "indicator")
    every = ranks_at(members.score, arrangement(members.score, weight_set(members, **asked)), ties)
    assert found["rank_best"].values.tolist() == every.min(axis=0).tolist()
    assert found["rank_worst"].values.tolist() == every.max(axis=0).tolist()
    assert found["rank_best_proven"].all()
    assert found["rank_worst_proven"].all()


def check_weights(index: sim.Index, found: xr.Dataset) -> None:
    """Check that the weights found reach the ranks, in an index that is defined with them."""
    low, high = found["weight_low"].values, found["weight_high"].values
    for city in found["city"].values:
        for side in ("best", "worst"):
            weight = found[f"weight_at_{side}"].sel(city=city)
            assert float(weight.sum()) == pytest.approx(1.0, abs=1e-12)
            assert (weight.values >= low - 1e-9).all()
            assert (weight.values <= high + 1e-9).all()
            children = {
                str(member): float(one) for member, one in zip(weight.member.values, weight.values, strict=True)
            }
            again = index.score({"weights": children})["rank"].sel(city=city)
            assert int(again) == int(found[f"rank_{side}"].sel(city=city))


@given(seeds)
@settings(max_examples=20)
def test_weights_found_reach_the_ranks_when_the_index_is_defined_with_them(seed: int) -> None:
    index = random_small(seed)
    check_weights(index, extreme_ranks(index, "indicator", **random_set(index, seed)))


@pytest.fixture(scope="module")
def by_dimension() -> xr.Dataset:
    return extreme_ranks(INDEX, "dimension")


def test_published_index_over_all_weights_of_dimensions(by_dimension: xr.Dataset) -> None:
    reach = by_dimension[["rank_best", "rank_worst"]].sel(city=["shanghai", "chengdu"]).to_array()
    assert reach.values.T.tolist() == [[1, 10], [1, 43]]
    assert by_dimension["rank_best_proven"].all()
    assert by_dimension["rank_worst_proven"].all()
    assert by_dimension["rank_nominal"].equals(INDEX.score()["rank"].rename("rank_nominal").drop_attrs())
    check_weights(INDEX, by_dimension)


@pytest.mark.parametrize("concentration", [0.1, 1.0])
def test_no_weights_drawn_bring_a_rank_beyond_the_extremes(by_dimension: xr.Dataset, concentration: float) -> None:
    weight = np.random.default_rng(1).dirichlet(np.full(10, concentration), size=20_000)
    ranks = members_of(INDEX, "dimension").at(weight).ranks
    assert (ranks.min(axis=0) >= by_dimension["rank_best"].values).all()
    assert (ranks.max(axis=0) <= by_dimension["rank_worst"].values).all()


def test_no_weights_of_variables_in_the_band_bring_a_rank_beyond_the_extremes() -> None:
    found = extreme_ranks(INDEX, "variable", percent=25)
    weight = 0.02 * (1.0 + 0.25 * np.random.default_rng(2).choice([-1.0, 1.0], size=(40_000, 50)))
    weight = weight[np.isclose(weight.sum(axis=1), 1.0)]  # as many at the top of the band as at its foot
    assert len(weight) > 1_000
    ranks = members_of(INDEX, "variable").at(weight).ranks
    assert (ranks.min(axis=0) >= found["rank_best"].values).all()
    assert (ranks.max(axis=0) <= found["rank_worst"].values).all()
    assert (found["rank_best"] <= found["rank_nominal"]).all()
    assert (found["rank_worst"] >= found["rank_nominal"]).all()


def test_order_and_bounds_narrow_the_extremes(by_dimension: xr.Dataset) -> None:
    some = ["hefei", "chengdu", "nanjing"]
    order = [str(member) for member in by_dimension["member"].values]
    ordered = extreme_ranks(INDEX, "dimension", order=order, cities=some)
    banded = extreme_ranks(INDEX, "dimension", percent=25, order=order, cities=some)
    for wide, narrow in ((by_dimension.sel(city=some), ordered), (ordered, banded)):
        assert (wide["rank_best"] <= narrow["rank_best"]).all()
        assert (wide["rank_worst"] >= narrow["rank_worst"]).all()
    for side in ("best", "worst"):
        assert (ordered[f"weight_at_{side}"].diff("member") <= 1e-9).all()


def test_no_room_leaves_the_rank_as_it_is() -> None:
    found = extreme_ranks(INDEX, "variable", percent=0)
    assert (found["rank_best"] == found["rank_nominal"]).all()
    assert (found["rank_worst"] == found["rank_nominal"]).all()


@pytest.mark.parametrize(("ties", "best", "worst"), [("better", [1, 1, 3], [1, 1, 3]), ("worse", [2, 2, 3], [2, 2, 3])])
def test_cities_that_are_equal_everywhere_share_their_place(ties: str, best: list[int], worst: list[int]) -> None:
    found = extreme_ranks(small_index([[3, 5, 4], [3, 5, 4], [1, 2, 3]], ties), "indicator")
    assert found["rank_best"].values.tolist() == best
    assert found["rank_worst"].values.tolist() == worst


def test_tie_at_a_single_vertex_counts_for_the_best_rank_and_not_for_the_worst() -> None:
    index = small_index([[4, 9, 9], [4, 1, 1]])
    found = extreme_ranks(index, "indicator")
    assert found["rank_best"].values.tolist() == [1, 1]
    assert found["rank_worst"].values.tolist() == [1, 2]
    assert found["weight_at_best"].sel(city="c1").values == pytest.approx([1.0, 0.0, 0.0])


def test_a_geometric_mean_inside_the_members_is_no_obstacle() -> None:
    tree = {
        "schema_version": 1,
        "id": "nested",
        "index": {
            "id": "total",
            "normalise": "min-max",
            "children": [
                {"id": "left", "aggregate": "geometric", "children": [{"id": "a"}, {"id": "b"}]},
                {"id": "right", "children": [{"id": "c"}]},
            ],
        },
    }
    frame = pd.DataFrame({"a": [1.0, 4.0, 3.0], "b": [9.0, 2.0, 2.9], "c": [1.0, 2.0, 3.0]}, index=list("xyz"))
    found = extreme_ranks(sim.build_index(tree, frame), "dimension")
    assert found["rank_best"].values.tolist() == [1, 2, 1]
    assert found["rank_worst"].values.tolist() == [3, 3, 2]


def test_members_are_found_by_any_of_their_names() -> None:
    found = extreme_ranks(INDEX, "dimension", bounds={"经济实力": (1.0, 1.0)}, cities=["合肥"])
    alone = INDEX.score()["score"].sel(node="economic-strength")
    expected = 1 + int((alone > alone.sel(city="hefei")).sum())
    assert int(found["rank_best"][0]) == int(found["rank_worst"][0]) == expected
    assert found["city"].values.tolist() == ["hefei"]


def test_processes_find_what_one_finds() -> None:
    one, two = (
        extreme_ranks(INDEX, "dimension", percent=25, cities=["hefei", "wuxi"], workers=count) for count in (1, 2)
    )
    assert one.identical(two)


def test_a_search_that_is_cut_short_says_so_and_has_the_ranks_it_tells(by_dimension: xr.Dataset) -> None:
    found = extreme_ranks(INDEX, "dimension", cities=["chengdu"], time_limit=0.0)
    assert not found["rank_worst_proven"].any()
    assert int(found["rank_worst"][0]) <= int(by_dimension["rank_worst"].sel(city="chengdu"))
    check_weights(INDEX, found)


def test_nothing_reaches_the_screen(capfd: pytest.CaptureFixture[str]) -> None:
    extreme_ranks(INDEX, "variable", percent=25)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"over": "pillar"}, "over: no level 'pillar'"),
        ({"over": "dimension", "cities": ["hefey"]}, "'hefey': no such city. Did you mean hefei?"),
        ({"over": "dimension", "workers": 0}, "0 is not a number of workers"),
        ({"over": "dimension", "time_limit": -1.0}, "time limit: -1 is no number of seconds"),
        ({"over": "dimension", "percent": -5}, "percent: -5 is no width of a band"),
        ({"over": "dimension", "order": ["economic"]}, "'economic': no such member of level dimension"),
        ({"over": "dimension", "bounds": {"economic-strength": (0.5, 0.2)}}, "0.5 to 0.2 are no bounds of a weight"),
        (
            {"over": "dimension", "bounds": {"economic-strength": (0.6, 1), "consumer-vitality": (0.6, 1)}},
            "bounds: the lowest weights sum to 1.2, which is above 1",
        ),
        (
            {"over": "dimension", "percent": 0, "bounds": {"economic-strength": (0, 0.05)}},
            "percent, bounds: a band and bounds exclude each other. Give one of them.",
        ),
        ({"over": "dimension", "bounds": 0.3}, "bounds: 0.3 are no bounds. Give two for each member"),
        (
            {"over": "dimension", "bounds": {"economic-strength": ("a", "b")}},
            "bounds: economic-strength: ('a', 'b') is no pair of numbers",
        ),
        ({"over": "dimension", "bounds": {"economic-strength": 0.3}}, "bounds: economic-strength: 0.3 is no pair"),
        ({"over": "dimension", "bounds": ("a", "b")}, "bounds: ('a', 'b') are no bounds"),
        ({"over": "dimension", "percent": "25"}, "percent: '25' is no number. Give 0 or more."),
        ({"over": "dimension", "workers": 1.5}, "workers: 1.5 is no whole number"),
        ({"over": "dimension", "time_limit": "x"}, "time limit: 'x' is no number"),
        ({"over": "dimension", "cities": []}, "no city is named"),
        ({"over": "dimension", "cities": [5]}, "5: is no name of a city"),
        ({"over": "dimension", "cities": 5}, "5 is no list of names"),
        ({"over": "dimension", "order": []}, "order: no member is named"),
        ({"over": "dimension", "order": "economic-strength"}, "order: a single member has no order"),
        ({"over": ["dimension"]}, "over: no level ['dimension']"),
        ({"over": 5}, "over: no level 5. Known: dimension, variable."),
        (
            {"over": "dimension", "percent": "a", "cities": ["hefey"], "workers": 0, "order": ["economic"]},
            "extreme ranks: 4 faults\n  workers: 0 is not a number of workers. Give 1 or more.\n"
            "  percent: 'a' is no number. Give 0 or more.\n  'hefey': no such city. Did you mean hefei?\n"
            "  'economic': no such member of level dimension",
        ),
        (
            {
                "over": "dimension",
                "bounds": {"economic-strength": (0, 0.1), "consumer-vitality": (0.2, 0.5)},
                "order": ["economic-strength", "consumer-vitality"],
            },
            "order: economic-strength: must weigh 0.2 or more as those behind it, and 0.1 or less",
        ),
        (
            {"over": "dimension", "order": ["economic-strength", "经济实力"]},
            "order: economic-strength: is named twice",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(sim.InputError) as caught:
        extreme_ranks(INDEX, **asked)
    assert message in str(caught.value)


def test_order_that_leaves_too_little_weight_is_refused() -> None:
    with pytest.raises(sim.InputError, match=r"order: the highest weights sum to 0\.9, which is below 1"):
        extreme_ranks(
            small_index([[1, 2, 3], [3, 2, 1]]), "indicator", bounds={"v0": (0.0, 0.3)}, order=["v0", "v1", "v2"]
        )


def test_nodes_that_are_not_linear_are_named() -> None:
    with pytest.raises(sim.InputError, match="total: its geometric aggregation is not linear"):
        extreme_ranks(small_index([[1, 2, 3], [3, 2, 1]], aggregate="geometric"), "indicator")
    tree = {
        "schema_version": 1,
        "id": "nested",
        "ranking": {"ties": "no-gaps", "decimals": 2, "tolerance": 0.01},
        "index": {
            "id": "total",
            "normalise": "min-max",
            "children": [{"id": "left", "children": [{"id": "a"}, {"id": "b"}]}, {"id": "c"}],
        },
    }
    frame = pd.DataFrame({"a": [1.0, 4.0], "b": [9.0, 2.0], "c": [1.0, 2.0]}, index=list("xy"))
    with pytest.raises(sim.InputError) as caught:
        extreme_ranks(sim.build_index(tree, frame), "indicator")
    assert [fault.place for fault in caught.value.faults] == ["total", "ranking", "ranking", "ranking"]


def test_a_single_city_may_stand_as_a_text() -> None:
    found = sim.extreme_ranks("opportunity-2025", "dimension", percent=1, cities="合肥")
    assert found["city"].values.tolist() == ["hefei"]


def test_a_city_asked_for_twice_stands_once() -> None:
    found = sim.extreme_ranks(sim.load_index("opportunity-2025"), "dimension", cities=["chengdu", "成都"])
    assert found["city"].values.tolist() == ["chengdu"]


@pytest.mark.parametrize(("ties", "column"), [("better", "rank_omega0_min"), ("worse", "rank_omega1_max")])
def test_ties_share_the_place_of_their_rule_at_all_weights(ties: str, column: str) -> None:
    expected = pd.read_csv(GOLDEN / "ties" / "expected.csv")
    # Two members with the same scores: no weights change anything, and what ties does so at all of them.
    index = small_index(np.tile(expected[["x"]].to_numpy(), 2), ties=ties, weight=(1.0, 1.0))
    found = extreme_ranks(index, "indicator")
    shares = sim.acceptability(index, "indicator")
    for city, rank in enumerate(expected[column]):
        assert int(found["rank_best"][city]) == int(found["rank_worst"][city]) == rank
        assert float(shares["rank_acceptability"][city].sel(rank=rank)) == 1.0


def test_what_weighs_most_on_the_published_index() -> None:
    asked = ["hefei", "dalian", "chengdu"]
    found = sim.extreme_ranks(INDEX, most="technological-innovation", cities=asked)
    assert found["rank_best"].values.tolist() == [8, 12, 2]
    assert found.attrs["weights"] == "of each dimension, any, none above that of technological-innovation"
    assert found["rank_best_proven"].all()
    for side in ("best", "worst"):
        weight = found[f"weight_at_{side}"]
        assert (weight.sel(member="technological-innovation") >= weight.max("member") - 1e-9).all()


def test_bounds_and_an_order_are_as_tight_as_what_weighs_most_makes_them() -> None:
    members = members_of(small_index([[1, 2, 3], [3, 2, 1]]), "indicator")
    some = weight_set(members, bounds={"v0": (0.0, 0.4), "v1": (0.38, 1.0)}, most="v0")
    assert some.low.tolist() == [0.38, 0.38, 0.0]
    assert some.high.tolist() == [0.4, 0.4, 0.4]
    assert not some.holds(np.array([0.3, 0.4, 0.3]))
    assert some.holds(np.array([0.4, 0.38, 0.22]))
    # Behind another in an order it can weigh most only where both weigh alike.
    both = extreme_ranks(small_index([[9, 0, 0], [0, 9, 0], [0, 0, 9]]), "indicator", order=["v1", "v0"], most="v0")
    weight = both["weight_at_best"]
    np.testing.assert_allclose(weight.sel(member="v0"), weight.sel(member="v1"), atol=1e-9)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"most": "v9"}, "Did you mean"),
        ({"most": 3}, "most: 3 is no member. Name one, as a text."),
        ({"most": "v0", "bounds": {"v0": (0.0, 0.3)}}, "most: v0: must weigh 0.333333 or more"),
        ({"most": "v0", "bounds": {"v0": (0.0, 0.4), "v1": (0.5, 1.0)}}, "most: v0: must weigh 0.5 or more"),
        ({"order": ["v1"]}, 'for one that outweighs all others give most="v1"'),
    ],
)
def test_what_cannot_weigh_most_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        extreme_ranks(small_index([[1, 2, 3], [3, 2, 1]]), "indicator", **asked)
