"""Whatever is written, it is accepted or refused with places: nothing is executed, nothing else is ever raised."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from bad_input_files import HEAD, message_of, scenario_message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import simulator.study
from simulator.definition import Definition, parse_definition
from simulator.documents import Document, parse_yaml
from simulator.errors import InputError
from simulator.index import Index, load_index
from simulator.study import Study, plan

T = TypeVar("T")

TAG = "!!python/object/apply:os.system"


@pytest.mark.parametrize(
    "body", [f'title: {TAG} ["touch pwned"]', f'factors: {TAG} ["touch pwned"]', f"seed: {TAG} [touch pwned]"]
)
def test_a_tag_executes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    monkeypatch.chdir(tmp_path)
    text = HEAD.replace("seed: 1\n", "") + body + "\n"
    message = scenario_message(tmp_path, text)
    assert f"line 5, {body.partition(':')[0]}" in message
    assert message_of("run", "stress-test", "--set", f'seed={TAG} ["touch pwned"]')
    assert not (tmp_path / "pwned").exists()


# Made up at random.

WORDS = [
    *("schema_version", "name", "title", "description", "index", "cities", "within", "recipe", "factors", "never"),
    *("design", "draws", "seed", "pairs", "keep-draws", "data-error", "weights", "normalisation", "ties", "leave-out"),
    *("aggregation", "level", "count", "among", "size", "unit", "indicators", "alternatives", "shares", "method", "at"),
    *("id", "children", "weight", "direction", "target", "goalposts", "normalise", "aggregate", "levels", "tiers"),
]
VALUES = [
    *("z-score", "min-max", "rank", "as-defined", "geometric", "arithmetic", "dirichlet", "given", "equal", "places"),
    *("relative", "exhaustive", "dimension", "variable", "city", "hefei", "合肥", "cluster", "status", "green-space"),
    *("opportunity-2025", "better", "target", "sum", "none", "", "a b", "hasOwn"),
]
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 70), st.floats(-2, 3), st.sampled_from(VALUES), st.text(max_size=3)
)
nested = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=2), st.integers(0, 2)), inner, max_size=4),
    ),
    max_leaves=8,
)
methods = st.one_of(
    st.sampled_from(["z-score", "as-defined", "arithmetic", "geometric", "equal", "none", "median", "x"]),
    st.fixed_dictionaries(
        {
            "method": st.sampled_from(
                ["z-score", "min-max", "rank", "given", "dirichlet", "uniform", "equal", "harmonic"]
            )
        },
        optional={
            "to": st.just([1, 100]),
            "ties": st.sampled_from(["better", "as-published", "x"]),
            "concentration": st.sampled_from([1, 0, "x"]),
            "percent": st.sampled_from([10, 200]),
            "weights": st.sampled_from([{"green-space": 1}, {"x": 1}, {}]),
            "over": st.sampled_from(["dimension", "variable", "index", "x"]),
        },
    ),
)
choices = st.one_of(methods, st.lists(methods, max_size=3), nested)
likely_factors = st.fixed_dictionaries(
    {},
    optional={
        "data-error": st.one_of(st.just({"size": 1, "unit": "places"}), nested),
        "weights": choices,
        "normalisation": choices,
        "ties": st.one_of(st.just(["better", "mean"]), nested),
        "aggregation": choices,
        "leave-out": st.one_of(
            st.fixed_dictionaries(
                {"level": st.sampled_from(["city", "dimension", "variable", "x"])},
                optional={"count": st.integers(0, 61), "probability": st.sampled_from([0.5, 1, 0])},
            ),
            nested,
        ),
    },
)
likely_scenarios = st.fixed_dictionaries(
    {"schema_version": st.just(1), "name": st.just("s"), "index": st.just("opportunity-2025")},
    optional={
        "cities": st.one_of(st.sampled_from([["hefei", "suzhou", "合肥"], {"status": "prefecture-level"}, []]), nested),
        "within": st.sampled_from(["cluster", "status", "x"]),
        "recipe": st.one_of(st.fixed_dictionaries({}, optional={"normalisation": methods, "weights": nested}), nested),
        "factors": st.one_of(likely_factors, nested),
        "never": st.one_of(st.just([{"normalisation": "z-score", "aggregation": "geometric"}]), nested),
        "design": st.sampled_from(["exhaustive", "monte-carlo", "x"]),
        "draws": scalars,
        "title": nested,
    },
)


def outcome(made: Callable[[], T]) -> T | str:
    """Return what is made, or the message of why it is not; any other exception goes on."""
    try:
        return made()
    except InputError as error:
        return str(error) if all(fault.problem for fault in error.faults) else ""


SLOW = settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.fixture(scope="module")
def opportunity() -> Index:
    return load_index("opportunity-2025")


@SLOW
@given(written=st.one_of(likely_scenarios, nested))
def test_any_mapping_is_a_study_or_refused_with_places(opportunity: Index, written: Any) -> None:
    if not isinstance(written, dict):
        written = {"factors": written}
    with patch.object(simulator.study, "load_index", lambda _path, **_: opportunity):
        found = outcome(lambda: plan(written))
    assert isinstance(found, Study) or found != ""


trees = st.recursive(
    st.one_of(
        st.fixed_dictionaries(
            {"id": st.sampled_from(["a", "b", "c", "d", ""])},
            optional={
                "weight": st.sampled_from([0, 1, -1, "x"]),
                "direction": st.sampled_from(["lower", "target", "x"]),
            },
        ),
        nested,
    ),
    lambda inner: st.fixed_dictionaries(
        {"id": st.sampled_from(["n", "m", "o"]), "children": st.one_of(st.lists(inner, max_size=3), nested)},
        optional={"normalise": methods, "aggregate": methods, "weight": scalars},
    ),
    max_leaves=6,
)
likely_definitions = st.fixed_dictionaries(
    {"schema_version": st.just(1), "id": st.just("d"), "index": trees},
    optional={
        "levels": st.one_of(st.just(["index", "dimension", "variable", "indicator"]), nested),
        "tiers": st.one_of(st.just([1, 2]), nested),
        "data": nested,
        "ranking": nested,
    },
)


@SLOW
@given(written=st.one_of(likely_definitions, nested))
def test_any_data_is_a_definition_or_refused_with_places(written: Any) -> None:
    found = outcome(lambda: parse_definition(Document("fuzz", written)))
    assert isinstance(found, Definition) or found != ""


@SLOW
@given(text=st.text(alphabet=st.sampled_from("ab:-[]{},&*!|>'\"# \n\t1.~?%@`<"), max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = outcome(lambda: parse_yaml(text, "fuzz"))
    # Data are plain, nothing of the parser's own is left.
    assert json.dumps(found.data) if isinstance(found, Document) else found.startswith("fuzz: 1 fault\n")


@pytest.mark.parametrize("text", ["&a [*a]", "a: !!bool x"])
def test_yaml_that_its_parser_stumbles_over_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_yaml(text, "x.yaml")
