"""Whatever a request holds, the explorer answers or refuses; it never fails."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from simulator.explorer.session import Session

PATHS = ("/api/ranks", "/api/interval", "/api/methods", "/api/city", "/api/reach", "/api/file")

WORDS = """
    hefei 合肥 gdp total economic-strength patent-density z-score geometric 8% last -1e308 1e-308 best all index
    dimension /etc/passwd ../../definition.yaml
"""
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from([*WORDS.split(), "3 places"])
)
KEY_WORDS = """
    weights normalisation aggregation index changes set move multiply grow gdp factors cities city reach rank others
    spillover share from to among draws seed design never method ties values data-error size unit leave-out level count
    ranking decimals treatment imputation screening equal-weights weighting over percent
"""
KEYS = st.sampled_from(KEY_WORDS.split()) | st.text(max_size=8)
JSON = st.recursive(
    SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one, max_size=3), max_leaves=6
)
EXTREMES = st.sampled_from([0, -1, 1, 2, 1e-300, 5e-324, 1e300, -1e300, 1e18, 2**62, 2**70, 0.5, 1e9, 1e12])

BEGINNINGS: tuple[dict[str, Any], ...] = (
    {"recipe": {"weights": {"economic-strength": 3.0, "open-development": 0.5}, "normalisation": "z-score"}},
    {"recipe": {"aggregation": {"index": "geometric"}, "equal-weights": "dimension", "ranking": {"decimals": 1}}},
    {
        "city": "hefei",
        "changes": [{"cities": ["hefei"], "set": {"gdp": 15000}, "move": {"patent-density": "3 places"}}],
    },
    {"city": "wuhan", "changes": [{"grow": {"gdp": "8%"}}], "others": "last-rate"},
    {"cities": ["hefei", "nanjing", "wuxi", "ningbo"], "recipe": {"weighting": "entropy"}},
    {"city": "hefei", "reach": {"rank": 14, "ceiling": 5}},
)


SIZES = st.sampled_from([0, 1, 2, 0.3, 1e-300, 1e-9, 1e9, 1e12, 1e300]) | st.floats(0, 1e6)
SIGNED = SIZES | SIZES.map(lambda size: -size)
DIMENSIONS = st.sampled_from(
    ["economic-strength", "open-development", "科技创新", "green-low-carbon", "urban-resilience"]
)
QUANTITIES = st.sampled_from(
    ["gdp", "population", "fdi", "retail-sales", "public-revenue", "deposits", "safety-deaths"]
)
VARIABLES = st.sampled_from(["green-space", "patent-density", "economic-scale", "gdp", "work-safety"])
CITIES = st.sampled_from(["hefei", "Shanghai", "肇庆", "wuxi"])
NORMALISATIONS = st.sampled_from(
    ["z-score", "min-max", "distance-to-best", "fraction-of-best", {"method": "rank", "ties": "mean"}, "as-defined"]
) | st.fixed_dictionaries({"method": st.just("z-score"), "mean": SIGNED, "sd": SIZES})
AGGREGATIONS = st.sampled_from(
    ["sum", "arithmetic", "geometric", "harmonic", "median", "copeland", "outranking"]
) | st.fixed_dictionaries({"method": st.just("generalised"), "power": st.sampled_from([-100, -1, 0, 0.5, 2, 100])})
LEVELS = st.sampled_from(["index", "dimension"])
RECIPES = st.fixed_dictionaries(
    {},
    optional={
        "weights": st.dictionaries(DIMENSIONS, SIZES, max_size=3),
        "normalisation": NORMALISATIONS,
        "aggregation": st.dictionaries(LEVELS, AGGREGATIONS, max_size=2),
        "ties": st.sampled_from(["better", "mean", "as-published"]),
        "ranking": st.fixed_dictionaries({"decimals": st.integers(0, 12)}),
        "weighting": st.sampled_from(["equal", "entropy", "critic", "pca", "importance"]),
    },
)
CHANGES = st.fixed_dictionaries(
    {"set": st.dictionaries(QUANTITIES, SIGNED, max_size=2)},
    optional={
        "cities": CITIES.map(lambda city: [city]),
        "multiply": st.dictionaries(QUANTITIES, SIZES, max_size=1),
        "add": st.dictionaries(QUANTITIES, SIGNED, max_size=1),
        "move": st.dictionaries(VARIABLES, st.integers(-70, 70) | SIGNED.map(lambda size: f"{size:f} sd"), max_size=2),
        "match": st.dictionaries(VARIABLES, st.sampled_from(["best", "median", "at-least-median"]), max_size=1),
    },
)
FACTORS = st.fixed_dictionaries(
    {},
    optional={
        "values": st.just({}),
        "data-error": st.fixed_dictionaries({"size": SIZES, "unit": st.sampled_from(["sd", "relative", "places"])}),
        "weights": st.fixed_dictionaries({"method": st.just("dirichlet"), "concentration": SIZES}),
        "normalisation": st.lists(NORMALISATIONS, min_size=1, max_size=3),
        "aggregation": st.lists(AGGREGATIONS, min_size=1, max_size=3),
        "leave-out": st.fixed_dictionaries({"level": LEVELS | st.just("city"), "count": st.integers(1, 12)}),
    },
)
STATES = st.fixed_dictionaries(
    {"draws": st.integers(0, 40)},
    optional={
        "recipe": RECIPES,
        "factors": FACTORS,
        "cities": st.lists(CITIES, min_size=1, max_size=4, unique=True),
        "design": st.sampled_from(["monte-carlo", "sobol", "latin-hypercube", "exhaustive"]),
    },
)
ASKED = st.fixed_dictionaries({"city": CITIES, "changes": st.lists(CHANGES, min_size=1, max_size=2)}) | st.just({})


def places_in(data: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of everything in nested data."""
    below = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [above, *(place for key, part in below for place in places_in(part, (*above, key)))]


def replaced(data: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of nested data with another value at a place."""
    if not place:
        return value
    found = copy.copy(data)
    found[place[0]] = replaced(data[place[0]], place[1:], value)
    return found


def body_of(path: str, scenario: Any) -> dict[str, Any]:
    more = {"/api/city": {"city": "hefei", "peers": "status"}, "/api/reach": {"city": "hefei", "rank": 14}}
    return {"scenario": scenario, **more.get(path, {})}


def answered(client: TestClient, path: str, content: bytes) -> None:
    answer = client.post(path, content=content, headers={"content-type": "application/json"})
    told = json.loads(answer.content)
    assert answer.status_code == 200 or 400 <= answer.status_code < 500
    assert ("refused" in told) == (answer.status_code != 200)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_state_changed_at_random_is_answered_or_refused(
    page_client: TestClient, explored: Session, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(PATHS))
    scenario = {**explored.start, **data.draw(st.sampled_from(BEGINNINGS))}
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(places_in(scenario)))
        held = scenario
        for step in place:
            held = held[step]
        extreme = isinstance(held, int | float) and data.draw(st.booleans())
        value = data.draw(EXTREMES if extreme else JSON)
        if isinstance(held, dict) and data.draw(st.booleans()):
            value = {**held, data.draw(KEYS): value}
        scenario = replaced(scenario, place, value)
        if not isinstance(scenario, dict):
            break
    answered(page_client, path, json.dumps(body_of(path, scenario)).encode())


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS), state=STATES, asked=ASKED)
def test_states_of_every_kind_are_answered_or_refused(
    page_client: TestClient, explored: Session, path: str, state: dict[str, Any], asked: dict[str, Any]
) -> None:
    begun = {key: explored.start[key] for key in ("schema_version", "name", "index", "seed")}
    answered(page_client, path, json.dumps(body_of(path, {**begun, **state, **asked})).encode())


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from((*PATHS, "/api/open")),
    body=st.binary(max_size=200) | JSON.map(lambda one: json.dumps(one).encode()),
)
def test_any_bytes_are_answered_or_refused(page_client: TestClient, path: str, body: bytes) -> None:
    answered(page_client, path, body)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.sampled_from("abc:-*&<>{}[]\"'#|!%@`\n 0123"), max_size=200) | JSON.map(json.dumps))
def test_any_file_is_opened_or_refused(page_client: TestClient, text: str) -> None:
    answered(page_client, "/api/open", json.dumps({"text": text}).encode())


@pytest.mark.parametrize("path", PATHS)
def test_what_is_changed_at_random_below_is_answered_as_it_is(
    page_client: TestClient, explored: Session, path: str
) -> None:
    answer = page_client.post(path, json=body_of(path, {**explored.start, **BEGINNINGS[2]}))
    assert answer.status_code == 200, answer.text
