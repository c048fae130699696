from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from simulator.definition import Definition
from simulator.errors import InputError
from simulator.lookup import find_cities, find_city, find_indicators, find_slots, look_up, select_cities


def faults_of(call: Callable[[], Any]) -> list[str]:
    with pytest.raises(InputError) as caught:
        call()
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("name", ["hefei", "Hefei", "HEFEI", "合肥", " hefei ", "ｈｅｆｅｉ"])
def test_a_city_is_found_by_slug_english_and_chinese_name_in_any_case(small_matrix: xr.Dataset, name: str) -> None:
    assert find_city(small_matrix, name) == "hefei"


def test_names_keep_their_order_and_number(small_matrix: xr.Dataset) -> None:
    assert find_cities(small_matrix, ["Suzhou", "合肥", "suzhou"]) == ["suzhou", "hefei", "suzhou"]
    assert find_cities(small_matrix, []) == []


def test_every_bundled_city_is_found_by_each_of_its_names(published_matrix: xr.Dataset) -> None:
    slugs = published_matrix.city.values.tolist()
    for names in ("city", "city_name_en", "city_name_zh"):
        assert find_cities(published_matrix, published_matrix[names].values.tolist()) == slugs


def test_all_unknown_cities_are_told_at_once_with_the_nearest(small_matrix: xr.Dataset) -> None:
    assert faults_of(lambda: find_cities(small_matrix, ["hefey", "suzhou", "哈尔冰", "qqq"])) == [
        "'hefey': no such city. Did you mean hefei?",
        "'哈尔冰': no such city. Did you mean harbin?",
        "'qqq': no such city. Known: hefei, suzhou, harbin.",
    ]


def test_a_name_two_cities_share_is_refused_but_their_slugs_are_not(small_matrix: xr.Dataset) -> None:
    twins = small_matrix.assign_coords(city_name_zh=("city", ["合肥", "苏州", "合肥"]))
    assert faults_of(lambda: find_city(twins, "合肥")) == ["'合肥': stands for hefei and harbin. Name one of these."]
    assert find_cities(twins, ["hefei", "harbin"]) == ["hefei", "harbin"]


def test_a_slug_goes_before_the_name_of_another_city() -> None:
    known = {"suzhou": ["Suzhou"], "suzhou-anhui": ["Suzhou"], "other": ["suzhou"]}
    assert look_up(["suzhou"], known, "city") == ["suzhou"]
    assert faults_of(lambda: look_up(["Suzhou"], known, "city")) == [
        "'Suzhou': stands for suzhou and suzhou-anhui and other. Name one of these."
    ]


def test_an_empty_name_is_not_the_name_of_a_city_without_one(small_matrix: xr.Dataset) -> None:
    unnamed = small_matrix.assign_coords(city_name_zh=("city", ["合肥", "苏州", ""]))
    assert faults_of(lambda: find_city(unnamed, ""))[0].startswith("'': no such city")


def test_a_matrix_without_names_is_looked_up_by_slug(small_matrix: xr.Dataset) -> None:
    assert find_city(small_matrix.drop_vars(["city_name_en", "city_name_zh"]), "HARBIN") == "harbin"


def test_indicators_and_nodes_by_any_of_their_names(small_definition: Definition) -> None:
    assert find_indicators(small_definition, ["GDP", "产值", "output", "trade"]) == [
        "gdp",
        "gdp",
        "gdp",
        "trade-balance",
    ]
    assert find_slots(small_definition, ["经济", "SCALE", "total"]) == ["economy", "scale", "total"]


def test_a_node_is_no_indicator_but_a_slot_may_be_either(small_definition: Definition) -> None:
    assert faults_of(lambda: find_indicators(small_definition, ["growht", "economy"])) == [
        "'growht': no such indicator. Did you mean growth?",
        "'economy': no such indicator. Known: gdp, growth, debt, trade-balance.",
    ]
    assert find_slots(small_definition, ["gdp", "economy"]) == ["gdp", "economy"]
    assert faults_of(lambda: find_slots(small_definition, ["econmy"])) == [
        "'econmy': no such indicator or node. Did you mean economy?"
    ]


words = st.text(st.characters(categories=["Ll", "Lu", "Lo"]), min_size=1, max_size=5)


@given(st.lists(words, unique_by=lambda word: word.casefold(), min_size=1))
def test_every_identifier_stands_for_itself(identifiers: list[str]) -> None:
    assert look_up(identifiers, dict.fromkeys(identifiers, ()), "city") == identifiers


# Selection.


@pytest.mark.parametrize(
    ("selection", "cities"),
    [
        (["harbin", "合肥"], ["hefei", "harbin"]),
        ("Suzhou", ["suzhou"]),
        ({"status": "provincial-capital"}, ["hefei", "harbin"]),
        ({"cluster": ["yangtze-delta"]}, ["hefei", "suzhou"]),
        ({"province": ["ANHUI", "Jiangsu"], "Status": "prefecture-level"}, ["suzhou"]),
        ({"cluster": ""}, ["harbin"]),
        ({}, ["hefei", "suzhou", "harbin"]),
    ],
)
def test_a_selection_keeps_the_order_of_the_matrix(small_matrix: xr.Dataset, selection: Any, cities: list[str]) -> None:
    before = small_matrix.copy(deep=True)
    chosen = select_cities(small_matrix, selection)
    assert chosen.city.values.tolist() == cities
    xr.testing.assert_identical(chosen, small_matrix.sel(city=cities))
    chosen["value"].values[:] = np.nan
    xr.testing.assert_identical(small_matrix, before)


def test_a_selection_of_bundled_cities(published_matrix: xr.Dataset) -> None:
    assert select_cities(published_matrix, {"status": "municipality"}).city.values.tolist() == [
        "shanghai",
        "beijing",
        "chongqing",
        "tianjin",
    ]
    assert select_cities(published_matrix, {"status": "prefecture-level"}).sizes == {"city": 25, "indicator": 50}


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        ({"provinz": "Anhui"}, ["'provinz': no such attribute of a city. Did you mean province?"]),
        (
            {"province": ["Anhoi", "Jiangsu"], "cluster": "delta-yangtze"},
            [
                "'Anhoi': no such province. Did you mean Anhui?",
                "'delta-yangtze': no such cluster. Did you mean yangtze-delta?",
            ],
        ),
        ({"province": 3}, ["'3': no such province. Known: Anhui, Jiangsu, Heilongjiang."]),
        (
            {"province": "Anhui", "cluster": ""},
            ["no city fits {'province': 'Anhui', 'cluster': ''}. Choose at least one city."],
        ),
        ({"province": []}, ["no city fits {'province': []}. Choose at least one city."]),
        ([], ["no city is named. Choose at least one city."]),
        (["hefey"], ["'hefey': no such city. Did you mean hefei?"]),
    ],
)
def test_a_selection_that_fits_nothing_is_refused(small_matrix: xr.Dataset, selection: Any, told: list[str]) -> None:
    assert faults_of(lambda: select_cities(small_matrix, selection)) == told


def test_several_names_in_one_are_told_apart() -> None:
    known = {"hefei": ["Hefei", "合肥"], "ningbo": ["Ningbo", "宁波"]}
    for together in ("hefei,ningbo", "合肥，宁波", "Hefei、Ningbo"):
        with pytest.raises(InputError, match=r"Give each by itself, .* of its own: hefei, ningbo"):
            look_up([together], known, "city")
    with pytest.raises(InputError, match="Did you mean"):
        look_up(["hefei,nimbo"], known, "city")
