"""Schemas of files as JSON schema, by which editors complete and check them."""

from __future__ import annotations

import json

from simulator.validation import Schema


def json_schema(schema: type[Schema]) -> str:
    """Return the JSON schema (draft 2020-12) of a kind of file, ending in a newline."""
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema.model_json_schema(by_alias=True)}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
