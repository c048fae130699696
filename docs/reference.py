"""Reference pages made from schemas and methods when the site is built: nothing here is copied by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from docs.examples import Examples, examples_of, flow, values_of
from simulator.definition import Definition
from simulator.report.methods import everything, parameters
from simulator.scenario import Scenario
from simulator.validation import Schema

METHODS_PAGE = "reference-methods.md"
HEAD = "| key | type | default | meaning | example |\n|---|---|---|---|---|"

KINDS = {
    "object": "mapping",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}
BOUNDS = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "to"}
TOLD = 1e5
"""Bounds from here on only keep numbers that computers can hold; no reader meets them."""

Part = Mapping[str, Any]


def scenario_reference() -> str:
    """Return every key of a scenario file as Markdown."""
    return schema_reference(Scenario)


def definition_reference() -> str:
    """Return every key of the definition of an index as Markdown."""
    return schema_reference(Definition)


def methods_reference() -> str:
    """Return all that `citysim methods` lists as Markdown, a section for each kind."""
    return "\n\n".join(f"## {kind.capitalize()}\n\n{_methods_table(methods)}" for kind, methods in everything().items())


def _methods_table(methods: Mapping[str, type[Schema]]) -> str:
    rows = [
        f"| `{name}` | {_cell(parameters(method))} | {_cell(_on_one_line(method.__doc__ or ''))} |"
        for name, method in methods.items()
    ]
    return "\n".join(["| method | parameters | what it does |", "|---|---|---|", *rows])


def schema_reference(schema: type[Schema]) -> str:
    """Return every key of a schema and of all that it holds as Markdown: a table for each kind of mapping."""
    whole = schema.model_json_schema(by_alias=True)
    parts = whole.get("$defs", {})
    examples = examples_of(schema, whole)
    sections = [_section("The file", whole, parts, examples, schema.__name__)]
    for name in _reached(whole, parts):
        sections.append(_section(_titled(name), parts[name], parts, examples, name))
    return "\n\n".join(sections)


def _section(title: str, part: Part, parts: Mapping[str, Part], examples: Examples, name: str) -> str:
    about = _on_one_line(part.get("description", "").partition(">>>")[0])
    required = part.get("required", ())
    rows = [
        f"| `{key}` | {_cell(_type(kind, parts))} | {_default(kind, parts, key in required)} "
        f"| {_cell(_on_one_line(kind.get('description', '')))} | {_code(examples.get((name, key)))} |"
        for key, kind in part["properties"].items()
    ]
    return "\n".join([f"## {title}", "", about, "", HEAD, *rows])


def _reached(whole: Part, parts: Mapping[str, Part]) -> list[str]:
    """Return the names of all mappings with keys of their own, in the order in which a reader meets them."""
    found: list[str] = []
    waiting = list(_named_in(whole["properties"]))
    while waiting:
        name = waiting.pop(0)
        if name in found or name == "Name" or "properties" not in parts[name] or _is_method(parts[name]):
            continue
        found.append(name)
        waiting.extend(_named_in(parts[name]["properties"]))
    return found


def _named_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield _name(value)
        for inner in value.values():
            yield from _named_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_in(inner)


def _type(kind: Part, parts: Mapping[str, Part]) -> str:
    """Return in words what a key may hold."""
    options = kind.get("anyOf") or kind.get("oneOf")
    if options is None:
        return _single_type(kind, parts)
    methods = [option for option in options if "$ref" in option and _is_method(parts[_name(option)])]
    if methods:
        bare = [option for option in options if "enum" in option]
        options = [option for option in options if option not in methods and option not in bare]
    told = [_methods(methods)] if methods else []
    told += [_type(option, parts) for option in options if option != {"type": "null"}]
    return ", or ".join(dict.fromkeys(told))


def _each(kind: Part, parts: Mapping[str, Part]) -> str:
    """Return what every item of a list or a mapping may be, in brackets where that is one thing or another."""
    told = _type(kind, parts)
    return f"({told})" if "," in told or " or " in told else told


def _single_type(kind: Part, parts: Mapping[str, Part]) -> str:
    if "$ref" in kind:
        return _referred(kind, parts)
    if "const" in kind:
        return f"`{flow(kind['const'])}`"
    if "enum" in kind:
        return ", ".join(f"`{flow(one)}`" for one in kind["enum"])
    if "prefixItems" in kind:
        return "list of " + " and ".join(_type(one, parts) for one in kind["prefixItems"])
    if kind.get("type") == "array":
        return f"list of {_each(kind.get('items', {}), parts)}"
    for each in values_of(kind):
        return f"names, each with {_each(each, parts)}"
    bounds = " ".join(f"{word} {kind[key]:,g}" for key, word in BOUNDS.items() if abs(kind.get(key, TOLD)) < TOLD)
    return " ".join(filter(None, [KINDS.get(kind.get("type", ""), "any value"), bounds]))


def _referred(kind: Part, parts: Mapping[str, Part]) -> str:
    name = _name(kind)
    if name == "Name":
        return "`{en: …, zh: …}`"
    if _is_method(parts[name]):
        return _methods([kind])
    if "properties" in parts[name]:
        return f"[{_titled(name).lower()}](#{_anchor(_titled(name))})"
    return f"{_titled(name).lower()}: {_type(parts[name], {**parts, name: {'type': 'object'}})}"


def _methods(options: list[Part]) -> str:
    names = {_name(option) for option in options} - {"AsDefined"}
    kinds = {
        kind: f"[{kind}]({METHODS_PAGE}#{_anchor(kind)})"
        for kind, methods in everything().items()
        if names & {method.__name__ for method in methods.values()}
    }
    return " or ".join([*kinds.values(), *(["`as-defined`"] if len(names) < len(options) else [])])


def _is_method(part: Part) -> bool:
    return "const" in part.get("properties", {}).get("method", {})


def _default(kind: Part, parts: Mapping[str, Part], required: bool) -> str:
    if required:
        return "must be given"
    default = _told(kind.get("default"))
    return "–" if default is None else _code(flow(default))


def _told(value: Any) -> Any:
    """Return a default without what says nothing; nothing where all of it says nothing."""
    if isinstance(value, Mapping):
        if list(value) == ["alternatives"]:
            return [one["method"] for one in value["alternatives"]]
        said = {key: _told(inner) for key, inner in value.items() if _told(inner) not in (None, "as-defined")}
        return said["method"] if list(said) == ["method"] else said or None
    return None if value in (None, "", []) else value


def _name(reference: Part) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _titled(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    """Return text that may stand in a cell of a table: braces and bars are no markup there."""
    return text.replace("|", "\\|").replace("\n", "<br>")


def _code(text: str | None) -> str:
    return f"`{_cell(text)}`" if text else "–"
