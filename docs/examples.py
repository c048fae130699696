"""Examples for the reference pages, found where they are checked: in shipped files and in the fences of docs/."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from simulator.documents import Document, parse_yaml, read_yaml
from simulator.errors import InputError
from simulator.published import bundled_indices
from simulator.scenario import shipped_scenarios
from simulator.validation import Schema

LONGEST = 60
"""Characters of an example; of longer ones there are none."""

BESIDE = Path(__file__).with_name("examples.yaml")
"""Examples of what no shipped file and no page needs."""

FRAMES: dict[str, dict[str, Any]] = {
    "Scenario": {"schema_version": 1, "name": "example", "index": "opportunity-2025"},
    "Definition": {"schema_version": 1, "id": "example", "index": {"id": "total", "children": [{"id": "only"}]}},
}
"""What must be given, for examples that leave it out."""

Examples = dict[tuple[str, str], str]
"""Name of a schema and one of its keys → how a checked file writes it."""


def examples_of(schema: type[Schema], whole: Mapping[str, Any]) -> Examples:
    """Return for as many keys as may be the shortest way in which a file that fits the schema writes them."""
    found: Examples = {}
    for data in _documents(schema):
        for place, written in _written(data, whole, whole.get("$defs", {}), schema.__name__):
            if len(written) <= LONGEST and len(written) < len(found.get(place, " " * (LONGEST + 1))):
                found[place] = written
    return found


def _documents(schema: type[Schema]) -> Iterator[Any]:
    """Yield the data of every file that the schema accepts."""
    for path in (*shipped_scenarios().values(), *bundled_indices().values()):
        yield from _accepted(read_yaml(path), schema)
    for page in sorted(Path(__file__).parent.glob("*.md")):
        for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)):
            with suppress(InputError):  # several documents in one fence, or lines to choose from
                yield from _accepted(parse_yaml(text, f"{page.name}, example {number}"), schema)
    for written in read_yaml(BESIDE).data[schema.__name__.lower()]:
        schema.model_validate({**FRAMES[schema.__name__], **written})
        yield written


def _accepted(document: Document, schema: type[Schema]) -> Iterator[Any]:
    if isinstance(document.data, dict):
        with suppress(ValueError):  # it is of the other kind
            schema.model_validate({**FRAMES[schema.__name__], **document.data})
            yield document.data


def _written(
    value: Any, kind: Mapping[str, Any], parts: Mapping[str, Any], name: str = ""
) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the keys of a value and of all within it, with the schema that each belongs to."""
    if "$ref" in kind:
        name = str(kind["$ref"]).rpartition("/")[2]
        yield from _written(value, parts[name], parts, name)
        return
    for option in (*kind.get("anyOf", ()), *kind.get("oneOf", ())):
        yield from _written(value, option, parts)
    if isinstance(value, list) and "items" in kind:
        for item in value:
            yield from _written(item, kind["items"], parts)
    if not isinstance(value, Mapping):
        return
    keys = kind.get("properties", {})
    if keys and set(value) <= set(keys) and _is_so_named(value, keys):
        for key, inner in value.items():
            yield (name, key), f"{key}: {flow(inner)}"
            yield from _written(inner, keys[key], parts)
    for each in values_of(kind):
        for inner in value.values():
            yield from _written(inner, each, parts)


def values_of(kind: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what JSON schema says of the values of a mapping whose keys are names; nothing of any other kind."""
    patterned = list(kind.get("patternProperties", {}).values())
    return patterned or [one for one in (kind.get("additionalProperties"),) if isinstance(one, Mapping)]


def _is_so_named(value: Mapping[str, Any], keys: Mapping[str, Any]) -> bool:
    return all(value.get(key, kind.get("const")) == kind["const"] for key, kind in keys.items() if "const" in kind)


def flow(value: Any) -> str:
    """Return a value in YAML's flow style.

    >>> flow({"method": "min-max", "to": [1, 100]})
    '{method: min-max, to: [1, 100]}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    if isinstance(value, str) and re.fullmatch(r"[\w][^,:\[\]{}#\"'\n]*", value) and not _reads_as_number(value):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in ("true", "false", "null", "yes", "no")
    return True
