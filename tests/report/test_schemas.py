"""JSON schemas of files, by which editors complete and check them."""

from __future__ import annotations

import json
from typing import Annotated

import jsonschema
import pytest
from pydantic import Field

from simulator.definition import Definition
from simulator.report.schemas import json_schema
from simulator.scenario import Scenario
from simulator.validation import Schema


class Drawing(Schema):
    """A picture."""

    keep_draws: Annotated[bool, Field(alias="keep-draws")] = False
    """Whether to keep them."""
    size: Annotated[float, Field(gt=0)]
    """How large: 大."""


def test_a_schema_is_text_ending_in_a_newline_with_keys_as_written_in_files() -> None:
    text = json_schema(Drawing)
    assert text.endswith("}\n")
    assert "大" in text
    schema = json.loads(text)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(schema["properties"]) == ["keep-draws", "size"]
    assert schema["properties"]["size"]["description"] == "How large: 大."
    assert schema["required"] == ["size"]


@pytest.mark.parametrize(
    ("data", "valid"),
    [
        ({"size": 1}, True),
        ({"size": 1, "keep-draws": True}, True),
        ({"size": 1, "keep_draws": True}, False),
        ({"size": 0}, False),
        ({}, False),
        ({"size": 1, "other": 1}, False),
    ],
)
def test_a_schema_accepts_what_the_program_accepts(data: dict[str, object], valid: bool) -> None:
    validator = jsonschema.Draft202012Validator(json.loads(json_schema(Drawing)))
    assert validator.is_valid(data) == valid


@pytest.mark.parametrize("kind", [Scenario, Definition])
def test_every_key_of_a_file_has_a_description(kind: type[Schema]) -> None:
    schema = json.loads(json_schema(kind))
    jsonschema.Draft202012Validator.check_schema(schema)
    for key, content in schema["properties"].items():
        assert content.get("description"), key
    assert schema["properties"]["schema_version"] != {}
    assert json_schema(kind) == json_schema(kind)


@pytest.mark.parametrize("kind", [Scenario, Definition])
def test_unknown_keys_are_refused_at_every_depth(kind: type[Schema]) -> None:
    schema = json.loads(json_schema(kind))
    objects = [schema, *schema["$defs"].values()]
    closed = [one for one in objects if one.get("type") == "object" and "properties" in one]
    assert len(closed) > 5
    assert all(one["additionalProperties"] is False for one in closed)
