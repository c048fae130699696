"""Rank reversal: the handbook's example, plain loops, and indices that can have none."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.consensus.reversal import rank_reversal
from simulator.errors import InputError

GOLDEN = Path(__file__).parent.parent / "golden" / "social-choice"
seeds = st.integers(0, 2**32 - 1)


def index_of(values: pd.DataFrame, normalise: Any, weights: list[float] | None = None) -> sim.Index:
    """Return a weighted sum of normalised columns."""
    shares = weights or [1.0] * values.shape[1]
    leaves = [{"id": name, "weight": weight} for name, weight in zip(values.columns, shares, strict=True)]
    tree = {"id": "total", "normalise": normalise, "aggregate": "sum", "children": leaves}
    return sim.build_index({"schema_version": 1, "id": "small", "index": tree}, values)


def random_values(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n, columns = int(rng.integers(3, 7)), int(rng.integers(1, 4))
    whole = rng.integers(0, 9, (n, columns)).astype(float)
    return pd.DataFrame(whole, index=[f"c{k}" for k in range(n)], columns=[f"x{k}" for k in range(columns)])


BY_RANK = {"method": "rank", "ties": "mean"}


def test_leaving_d_out_of_table_31_reverses_all_the_others() -> None:
    data = pd.read_csv(GOLDEN / "data.csv").query("profile == 'T31'")
    expected = pd.read_csv(GOLDEN / "expected.csv").set_index(["profile", "item"])["value"]
    orders = [order.split(">") for order in data["order_best_to_worst"]]
    points = pd.DataFrame(
        {f"group-{k}": [4.0 - order.index(city) for city in "abcd"] for k, order in enumerate(orders)},
        index=list("abcd"),
    )
    index = index_of(points, BY_RANK, data["n_indicators"].astype(float).tolist())
    # Points by rank begin at 1, Borda's at 0: each of the seven indicators gives one more.
    whole, without = index.score()["total"], index.select(list("abc")).score()["total"]
    assert (whole - 7.0).values.tolist() == expected["T31"].loc[list("abcd")].tolist()
    assert (without - 7.0).values.tolist() == expected["T31_without_d"].loc[list("abc")].tolist()
    found = rank_reversal(index)
    assert int(found["pairs_swapped"].sel(left_out="d")) == 3
    assert (found["times_swapped"].sel(city=list("abc"), other_city=list("abc")).values >= 1 - np.eye(3)).all()


@given(seeds, st.sampled_from([BY_RANK, "z-score", "min-max"]))
@settings(max_examples=30, deadline=None)
def test_swaps_are_those_of_plain_loops(seed: int, normalise: Any) -> None:
    values = random_values(seed)
    index = index_of(values, normalise)
    found = rank_reversal(index, most=100)
    rank = dict(zip(index.cities, index.score()["rank"].values.tolist(), strict=True))
    times: dict[tuple[str, str], int] = {}
    for out in index.cities:
        others = [city for city in index.cities if city != out]
        left = index_of(values.loc[others], normalise).score()["rank"].values.tolist()
        anew = dict(zip(others, left, strict=True))
        swapped = tied = 0
        for one, other in itertools.combinations(others, 2):
            better, worse = (one, other) if rank[one] <= rank[other] else (other, one)
            if rank[better] < rank[worse] and anew[better] > anew[worse]:
                swapped += 1
                times[better, worse] = times.get((better, worse), 0) + 1
            tied += (rank[one] == rank[other]) != (anew[one] == anew[other])
        assert int(found["pairs_swapped"].sel(left_out=out)) == swapped
        assert int(found["ties_changed"].sel(left_out=out)) == tied
    pairs = zip(found["swapped_city"].values, found["swapped_other_city"].values, strict=True)
    assert dict(zip(pairs, found["swapped_times"].values.tolist(), strict=True)) == times
    n = len(values)
    assert float(found["share_swapped"]) == pytest.approx(sum(times.values()) / (n * (n - 1) * (n - 2) / 2))
    assert float(found["share_ever_swapped"]) == pytest.approx(len(times) / (n * (n - 1) / 2))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_given_goalposts_leave_every_pair_as_it_is(seed: int) -> None:
    goalposts = {"method": "min-max", "goalposts": "given"}
    values = random_values(seed)
    leaves = [{"id": name, "goalposts": [0.0, 10.0]} for name in values.columns]
    tree = {"id": "total", "normalise": goalposts, "aggregate": "sum", "children": leaves}
    found = rank_reversal(sim.build_index({"schema_version": 1, "id": "small", "index": tree}, values))
    assert not found["pairs_swapped"].any()
    assert found.sizes["pair"] == 0
    assert float(found["share_ever_swapped"]) == 0.0


def test_pairs_are_listed_by_how_often_they_swap_and_no_more_than_asked() -> None:
    index = sim.load_index("opportunity-2025")
    found = rank_reversal(index, {"ties": "mean"}, most=4)
    assert found.sizes == {"left_out": 60, "city": 60, "other_city": 60, "pair": 4}
    listed = found["swapped_times"].values
    assert listed.tolist() == sorted(found["times_swapped"].values[np.triu_indices(60, 1)], reverse=True)[:4]
    rank = index.score({"ties": "mean"})["rank"]
    for better, worse in zip(found["swapped_city"].values, found["swapped_other_city"].values, strict=True):
        assert int(rank.sel(city=better)) < int(rank.sel(city=worse))


def test_two_cities_have_nobody_to_leave_out() -> None:
    with pytest.raises(InputError, match="has 2 cities"):
        rank_reversal(index_of(pd.DataFrame({"x": [1.0, 2.0]}, index=["a", "b"]), "z-score"))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"most": 0}, "most: 0 pairs cannot be listed. Give 1 or more."),
        ({"most": -1}, "most: -1 pairs cannot be listed"),
        ({"most": "3"}, "most: '3' is no whole number"),
        ({"recipe": "mean"}, "'mean' does not fit here. Give a mapping."),
        ({"recipe": {"ties": 5}, "most": 0}, "rank reversal: 2 faults"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        rank_reversal("opportunity-2025", **asked)
    assert message in str(caught.value)
