"""Values that cannot be drawn and errors that mean nothing are refused, with their place and a remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from raw_indices import index_of_points, with_raw

from simulator.construction.feasibility import Problem
from simulator.definition import Definition
from simulator.index import Index, build_index, load_index
from simulator.uncertainty.factors import Factors
from simulator.uncertainty.feasibility import value_problems

POINTS = np.arange(1, 8)


def problems(index: Index, factors: dict[str, Any]) -> list[Problem]:
    return list(value_problems(Factors.model_validate(factors), index))


@pytest.fixture(scope="module")
def printed() -> Index:
    """Three variables of points: one positive and one signed by the raw side, of one nothing known."""
    points = index_of_points({"m-a": POINTS, "m-b": POINTS, "n-c": POINTS})
    known = {"m-a": [np.nan] * 7, "m-b": [-3.0, -1, 0.5, 2, 4, 6, 7]}
    return with_raw(points, known, {"m-a": {"scale": "positive"}})


@pytest.fixture(scope="module")
def mixed() -> Index:
    """Points beside a value of its own."""
    tree = {
        "id": "total",
        "children": [
            {"id": "m", "normalise": {"method": "rank", "ties": "better"}, "children": [{"id": "p", "unit": "points"}]},
            {"id": "n", "normalise": "z-score", "children": [{"id": "gdp", "unit": "CNY"}]},
        ],
    }
    definition = Definition.model_validate({"schema_version": 1, "id": "mixed", "index": tree})
    return build_index(definition, pd.DataFrame({"p": [1.0, 2, 3], "gdp": [10.0, 5, 7]}, index=list("xyz")))


PLACES = "Use `sd` (0.1 is about two places in the middle of sixty cities) or `relative`."


@pytest.mark.parametrize(
    "factors",
    [
        {},
        {"values": {}},
        {"values": {"raw": "ignore"}},
        {"values": [{"indicators": ["m-a"]}, {"indicators": ["m-b", "n-c"]}]},
        {"values": {}, "data-error": {"size": 0.1, "unit": "sd"}},
        {"values": {}, "data-error": {"size": 0.1, "unit": "relative"}},
        {"values": {}, "data-error": {"size": 0.1, "unit": "relative", "indicators": ["m-a"]}},
        {"values": {"indicators": ["m-a"]}, "data-error": {"size": 2, "unit": "places", "indicators": ["m-b", "n-c"]}},
        {"data-error": {"size": 2, "unit": "places", "correlation": 0.5, "within": "dimension"}},
        {"values": {"signed": "lognormal", "indicators": ["m-a", "n-c"]}},
        {"values": {"signed": "lognormal", "raw": "ignore"}},
    ],
)
def test_what_fits_is_accepted(printed: Index, factors: dict[str, Any]) -> None:
    assert problems(printed, factors) == []


@pytest.mark.parametrize(
    ("factors", "where", "what", "remedy"),
    [
        (
            {"values": {"indicators": ["m-x"]}},
            ("factors", "values", "indicators"),
            "'m-x': no such indicator",
            "Did you mean m-",
        ),
        (
            {"values": [{"indicators": ["m-a"]}, {"indicators": ["zz"]}]},
            ("factors", "values", 1, "indicators"),
            "'zz': no such indicator",
            "Known: m-a, m-b, n-c",
        ),
        (
            {"values": [{"indicators": ["m-a"]}, {}]},
            ("factors", "values", 1, "indicators"),
            "m-a: drawn by another entry already",
            "Name each indicator once.",
        ),
        (
            {"values": [{}, {"raw": "ignore"}]},
            ("factors", "values", 1, "indicators"),
            "m-a, m-b, n-c: drawn by another entry already",
            "Name each indicator once.",
        ),
        (
            {"values": {"signed": ["normal", "log-logistic"]}},
            ("factors", "values", "signed"),
            "known values of m-b are not above zero, as a logarithm needs",
            "Remove shapes on logarithms from `signed`, or say `raw: ignore`.",
        ),
        (
            {"values": {}, "data-error": {"size": 2, "unit": "places"}},
            ("factors", "data-error", 0, "unit"),
            "an error in places acts on points, and `values` draws raw values",
            PLACES,
        ),
        (
            {
                "values": {"indicators": ["m-a"]},
                "data-error": [{"size": 1, "unit": "sd"}, {"size": 2, "unit": "places", "indicators": ["m-a"]}],
            },
            ("factors", "data-error", 1, "unit"),
            "an error in places acts on points, and `values` draws raw values",
            PLACES,
        ),
        (
            {"values": {}, "data-error": {"size": 0.1, "unit": "relative", "indicators": ["m-a", "m-b"]}},
            ("factors", "data-error", 0, "unit"),
            "m-b: drawn on a signed scale, which has no per cent",
            "Use `sd` for them.",
        ),
        (
            {"values": {"raw": "ignore"}, "data-error": {"size": 0.1, "unit": "relative"}},
            ("factors", "data-error", 0, "unit"),
            "all values are drawn on a signed scale, which has no per cent",
            "Use `sd`, or let `values` use the raw side (raw: use).",
        ),
        (
            {"data-error": {"size": 0.1, "unit": "sd", "correlation": 0.5, "within": "dimensoin"}},
            ("factors", "data-error", 0, "within"),
            "the index has no level 'dimensoin' here",
            "Did you mean dimension",
        ),
        (
            {"data-error": {"size": 0.1, "unit": "sd", "correlation": 0.5, "within": "indicator"}},
            ("factors", "data-error", 0, "within"),
            "the index has no level 'indicator' here",
            "Known: index, dimension",
        ),
        (
            {"data-error": {"size": 0.1, "unit": "sd", "indicators": ["m-aa"]}},
            ("factors", "data-error", 0, "indicators"),
            "'m-aa': no such indicator",
            "Did you mean m-",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_place_and_remedy(
    printed: Index, factors: dict[str, Any], where: tuple[str | int, ...], what: str, remedy: str
) -> None:
    ((place, problem, mends),) = problems(printed, factors)
    assert place == where
    assert problem == what
    assert mends.startswith(remedy)


NOTHING = "Say `unit: points` where points are printed; data of their own need no values drawn."


def test_there_must_be_points_to_draw_behind(mixed: Index) -> None:
    assert problems(mixed, {"values": {}}) == []
    for named in (["gdp"], ["gdp", "p"]):
        assert problems(mixed, {"values": {"indicators": named}}) == [
            (
                ("factors", "values", "indicators"),
                "gdp: values of their own, no printed points to draw behind",
                "Name indicators of the unit points only.",
            )
        ]


def test_an_index_without_points_has_nothing_to_draw_behind() -> None:
    tree = {"id": "total", "normalise": "z-score", "children": [{"id": "gdp"}, {"id": "debt"}]}
    definition = {"schema_version": 1, "id": "own", "levels": ["index", "indicator"], "index": tree}
    index = build_index(definition, pd.DataFrame({"gdp": [1.0, 2, 3], "debt": [3.0, 1, 2]}, index=list("xyz")))
    problem = "own has no indicator of printed points to draw values behind"
    assert problems(index, {"values": {}}) == [(("factors", "values"), problem, NOTHING)]


def test_points_that_are_added_as_they_are_have_no_raw_values_that_could_be() -> None:
    tree = {
        "id": "total",
        "children": [
            {"id": "m", "children": [{"id": "p", "unit": "points"}, {"id": "q", "unit": "points"}]},
            {"id": "n", "normalise": "z-score", "children": [{"id": "r", "unit": "points"}]},
        ],
    }
    frame = pd.DataFrame({"p": [1.0, 2, 3], "q": [3.0, 1, 2], "r": [2.0, 3, 1]}, index=list("xyz"))
    index = build_index({"schema_version": 1, "id": "plain", "index": tree}, frame)
    assert problems(index, {"values": {}}) == [
        (
            ("factors", "values"),
            "m adds the scores of p, q as they are, and raw values have scales of their own",
            "Give m normalise: {method: rank, ties: as-published}, or another method.",
        )
    ]
    assert problems(index, {"values": {"indicators": ["r"]}}) == []


def test_values_of_their_own_have_no_places(mixed: Index) -> None:
    ((place, problem, remedy),) = problems(mixed, {"data-error": {"size": 2, "unit": "places"}})
    assert place == ("factors", "data-error", 0, "unit")
    assert problem == "gdp: an error in places needs data in points"
    assert remedy == "Use `relative` or `sd` for values that are no points by rank."
    assert problems(mixed, {"data-error": {"size": 2, "unit": "places", "indicators": ["p"]}}) == []


def test_every_fault_is_told_at_once(printed: Index) -> None:
    factors = {
        "values": [{"indicators": ["x"]}, {"signed": "lognormal"}],
        "data-error": [
            {"size": 2, "unit": "places"},
            {"size": 0.1, "unit": "sd", "correlation": 0.5, "within": "city"},
        ],
    }
    assert [place for place, _, _ in problems(printed, factors)] == [
        ("factors", "values", 0, "indicators"),
        ("factors", "values", 1, "signed"),
        ("factors", "data-error", 1, "within"),
    ]


def test_the_place_may_be_another() -> None:
    index = load_index("opportunity-2025")
    factors = Factors.model_validate({"values": {"indicators": ["nothing"]}})
    ((place, _, _),) = value_problems(factors, index, ("never", 3))
    assert place == ("never", 3, "values", "indicators")


def test_the_bundled_index_takes_every_positive_shape_and_no_logarithm_where_values_are_negative() -> None:
    index = load_index("opportunity-2025")
    assert problems(index, {"values": {"positive": ["lognormal", "log-logistic", "log-mixture", "uniform"]}}) == []
    assert problems(index, {"values": {"signed": ["lognormal"]}}) == []
    relative = {"size": 0.05, "unit": "relative"}
    assert problems(index, {"values": {}, "data-error": {**relative, "indicators": ["hospital-beds"]}}) == []
    (signed,) = problems(index, {"values": {}, "data-error": {**relative, "indicators": ["economic-scale"]}})
    assert signed[1].startswith("economic-scale: drawn on a signed scale")
