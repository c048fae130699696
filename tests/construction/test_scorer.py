"""A scorer: scores of changed values, labels in and out, equal to scoring a changed matrix."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import simulator as sim
from simulator.construction.composite import Scorer
from simulator.errors import DrawError, InputError
from simulator.index import Index

INDEX = sim.load_index("opportunity-2025")
CITIES, INDICATORS = INDEX.cities, [leaf.id for leaf in INDEX.definition.indicators]
RECIPES = [None, {"normalisation": "z-score"}, {"normalisation": "min-max", "aggregation": {"index": "median"}}]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return INDEX.scorer()


def changed(index: Index, changes: dict[str, dict[str, float]]) -> Index:
    matrix = index.matrix.copy(deep=True)
    for city, of_city in changes.items():
        for indicator, value in of_city.items():
            matrix["value"].loc[{"city": city, "indicator": indicator}] = value
    return dataclasses.replace(index, matrix=matrix)


def test_without_changes_it_is_the_score(scorer: Scorer) -> None:
    xr.testing.assert_identical(scorer.score(), INDEX.score())
    xr.testing.assert_identical(scorer.score({}), INDEX.score())


@pytest.mark.parametrize("recipe", RECIPES, ids=repr)
@given(
    st.dictionaries(
        st.sampled_from(CITIES),
        st.dictionaries(st.sampled_from(INDICATORS), st.floats(1, 60), min_size=1, max_size=3),
        max_size=3,
    )
)
@settings(max_examples=15, deadline=None)
def test_it_is_the_score_of_a_matrix_with_these_values(
    recipe: dict[str, object] | None, changes: dict[str, dict[str, float]]
) -> None:
    xr.testing.assert_identical(INDEX.scorer(recipe).score(changes), changed(INDEX, changes).score(recipe))


def test_nothing_remains_of_a_change(scorer: Scorer) -> None:
    before = scorer.score()
    after = scorer.score({"hefei": {INDICATORS[0]: 60.0}})
    assert float(after["total"].sel(city="hefei")) != float(before["total"].sel(city="hefei"))
    xr.testing.assert_identical(scorer.score(), before)
    before["total"].values[:] = np.nan
    before["nominal_weight"].values[:] = np.nan
    assert np.isfinite(scorer.score()["total"]).all()
    assert np.isfinite(scorer.score()["nominal_weight"]).all()


def test_cities_and_indicators_go_by_any_of_their_names(scorer: Scorer) -> None:
    leaf = INDEX.definition.indicators[3]
    expected = scorer.score({"hefei": {leaf.id: 7.0}})
    for city, indicator in (("合肥", leaf.id), ("Hefei", leaf.name.en), ("HEFEI", leaf.name.zh)):
        xr.testing.assert_identical(scorer.score({city: {indicator: 7.0}}), expected)


def test_unknown_names_and_no_numbers_are_refused(scorer: Scorer) -> None:
    with pytest.raises(InputError, match="Did you mean hefei"):
        scorer.score({"hefey": {INDICATORS[0]: 1.0}})
    with pytest.raises(InputError, match="no such indicator"):
        scorer.score({"hefei": {"happiness-of-dogs": 1.0}})
    with pytest.raises(InputError) as raised:
        scorer.score({"hefei": {INDICATORS[0]: float("nan"), INDICATORS[1]: float("inf")}})
    assert len(raised.value.faults) == 2


def test_a_mean_that_is_undefined_names_its_culprit() -> None:
    scorer = INDEX.scorer({"aggregation": {"index": "geometric"}})
    dimension = INDEX.definition.nodes[0]
    zero = {child.id: 0.0 for child in dimension.children}
    with pytest.raises(DrawError, match=dimension.id):
        INDEX.scorer({"normalisation": "none", "aggregation": {"index": "geometric"}}).score({"hefei": zero})
    assert scorer.score({"hefei": zero})["rank"].sel(city="hefei") > 1
