"""Mending points changes what it says, no more, and its effect is that of scoring anew."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from made_points import RULES, by_rule, index_of

from simulator.auditing.mending import effect, mended, mending, worth
from simulator.index import Index, build_index, load_index


@pytest.fixture(scope="module")
def opportunity() -> Index:
    return load_index("opportunity-2025")


def test_the_effect_counts_cities_places_and_names_who_moves_furthest() -> None:
    ranks = xr.DataArray([1, 2, 3, 4], coords={"city": list("wxyz")})
    told = effect(ranks, xr.DataArray([2, 4, 3, 1], coords={"city": list("xzyw")}))
    # By label: w 1 to 1, x 2 to 2, y 3 to 3, z 4 to 4.
    assert (told.cities_changed, told.largest_shift, told.mean_shift, told.furthest) == (0, 0, 0.0, ())
    told = effect(ranks, xr.DataArray([3, 1, 2, 4], coords={"city": list("wxyz")}))
    assert (told.cities_changed, told.largest_shift, told.furthest) == (3, 2, ("w",))
    assert told.mean_shift == 1.0


def test_mending_one_column_leaves_the_others_and_the_index_given(opportunity: Index) -> None:
    before = opportunity.matrix.copy(deep=True), opportunity.printed.copy(deep=True)
    points = np.arange(60.0)
    other = mended(opportunity, {"rd-intensity": points})
    for columns, axis in ((other.matrix["value"], "indicator"), (other.printed, "slot")):
        assert columns.sel({axis: "rd-intensity"}).values.tolist() == points.tolist()
    rest = [name for name in opportunity.matrix["indicator"].values if name != "rd-intensity"]
    xr.testing.assert_identical(other.matrix.sel(indicator=rest), opportunity.matrix.sel(indicator=rest))
    xr.testing.assert_identical(opportunity.matrix, before[0])
    xr.testing.assert_identical(opportunity.printed, before[1])


def test_one_tie_rule_for_the_2025_index(opportunity: Index) -> None:
    published = opportunity.published_rank()
    told = mending(opportunity, published)
    assert told["tie_rule"].values.tolist() == list(RULES)
    assert told["cities_changed"].values.tolist() == [23, 12, 7, 40]
    for rule in RULES:
        ranks = opportunity.score({"ties": rule})["rank"]
        shift = np.abs(ranks - published)
        one = told.sel(tie_rule=rule)
        assert one["rank"].values.tolist() == ranks.values.tolist()
        assert int(one["largest_shift"]) == int(shift.max())
        assert float(one["mean_abs_rank_shift"]) == pytest.approx(float(shift.mean()))


def test_one_column_of_the_2025_index_mended_alone(opportunity: Index) -> None:
    scored = opportunity.score()
    points = opportunity.printed.sel(slot="international-profile").values
    totals = scored["total"].values - points + np.array(by_rule(points.tolist(), "better"))
    ranks = pd.Series(totals).rank(ascending=False, method="min").to_numpy()
    shift = np.abs(ranks - scored["rank"].values)
    told = worth(opportunity, "international-profile", "better", scored["rank"])
    assert (told.cities_changed, told.largest_shift) == ((shift > 0).sum(), shift.max()) == (16, 2)
    assert told.furthest == ("weihai",)
    # By the rule that it follows already, nothing is to be mended.
    assert worth(opportunity, "international-profile", "worse", scored["rank"]).cities_changed == 0


def test_points_taken_as_they_are_are_mended_too() -> None:
    # By `worse` y and z tie with 1 and x is ahead by a point; by `better` they get 2 and draw level with x.
    index = index_of({"a": [3, 1, 1], "b": [1, 2, 3]})
    ranks = index.score()["rank"]
    assert index.score()["total"].values.tolist() == [4.0, 3.0, 4.0]
    told = mending(index, ranks)
    better = [3 + 1, 2 + 2, 2 + 3]
    assert told["rank"].sel(tie_rule="better").values.tolist() == [2, 2, 1]
    assert better == [4, 4, 5]
    assert int(told["cities_changed"].sel(tie_rule="better")) == 2
    assert int(told["cities_changed"].sel(tie_rule="worse")) == 0


def test_without_points_a_rule_matters_only_where_something_is_ranked() -> None:
    frame = pd.DataFrame({"a": [1.0, 1.0, 3.0], "b": [4.0, 1.0, 0.0]}, index=list("xyz"))
    leaves = [{"id": "a"}, {"id": "b"}]
    tree = {"id": "t", "normalise": {"method": "rank", "ties": "better"}, "children": leaves}
    ranked = build_index({"schema_version": 1, "id": "i", "index": tree}, frame)
    told = mending(ranked, ranked.score()["rank"])
    assert told.sizes["tie_rule"] == 4
    assert int(told["cities_changed"].sel(tie_rule="better")) == 0
    # Points of a 2, 2, 3 become 1, 1, 3, beside 3, 2, 1 of b.
    assert ranked.score()["rank"].values.tolist() == [1, 2, 2]
    assert told["rank"].sel(tie_rule="worse").values.tolist() == [1, 3, 1]
    plain = build_index({"schema_version": 1, "id": "i", "index": {**tree, "normalise": "z-score"}}, frame)
    told = mending(plain, plain.score()["rank"])
    assert told.sizes["tie_rule"] == 0
    assert told["rank"].shape == (0, 3)
