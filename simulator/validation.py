"""Schemas of files, and data checked against them: every fault reported at once, with its place and what mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from simulator.documents import Document, Location
from simulator.errors import Fault, InputError, did_you_mean


class Schema(BaseModel):
    """Root of every schema: frozen, no unknown key, no number that is not finite, docstrings become the manual."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, validate_default=True
    )


S = TypeVar("S", bound=Schema)


EXPECTED = {
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
"""What a value of the wrong kind should have been, in the user's words."""

HINTS = {
    "ties": "Add a tie rule: better, worse, mean, no-gaps, or as-published of printed points.",
    "aggregation": "Give a mapping {LEVEL: METHOD}, such as {dimension: geometric}.",
}
"""What mends a key whose form is not plain from its name, where it is missing or of another kind."""

LIMITS = {
    "greater_than": "above",
    "greater_than_equal": "not below",
    "less_than": "below",
    "less_than_equal": "not above",
}

LONGEST = 60
"""Characters of a value that a message shows."""

CrossCheck = Callable[[Any], Iterator[tuple[Location, str, str]]]


def check(document: Document, schema: type[S], *cross_checks: CrossCheck) -> S:
    """Return the document's data as `schema`.

    `cross_checks` look at the raw data for what no single field can tell (an id used twice). They run whether or not
    the fields are in order, so that all faults of a file are reported at once.

    Raises
    ------
    InputError
        With all faults of the document, each with its line and path.
    """
    faults = [
        Fault(document.place(where), problem, remedy)
        for c in cross_checks
        for where, problem, remedy in c(document.data)
    ]
    try:
        checked = schema.model_validate(document.data)
    except ValidationError as error:
        raise InputError(document.source, [*_schema_faults(error, document, schema, bool(faults)), *faults]) from None
    if faults:
        raise InputError(document.source, faults)
    return checked


def _schema_faults(
    error: ValidationError, document: Document, schema: type[Schema], cross_checked: bool
) -> list[Fault]:
    """Return a validation's faults; the schema's own check of the whole is left out where cross-checks have told it."""
    details: dict[Location, list[ErrorDetails]] = {}
    for detail in error.errors():
        if _follows_from_others(detail) or (cross_checked and not detail["loc"] and detail["type"] == "value_error"):
            continue
        details.setdefault(_in_file(detail, document.data), []).append(detail)
    faults = []
    for where, told in details.items():
        others = [detail for detail in told if not _is_misfit(detail)]
        deeper = any(place != where and place[: len(where)] == where for place in details)
        if others or deeper:
            explained = [_explain(detail, schema, str(where[-1]) if where else "") for detail in others]
        else:
            explained = [_misfit(told)]
        faults += [Fault(document.place(where), problem, remedy) for problem, remedy in explained]
    return list(dict.fromkeys(faults))


def _is_misfit(detail: ErrorDetails) -> bool:
    """Return whether a value is of the wrong kind; several members of a union may say so of one value."""
    return detail["type"] in EXPECTED and detail["input"] is not None


def _misfit(details: Sequence[ErrorDetails]) -> tuple[str, str]:
    """Return one problem and remedy for a value of the wrong kind, however many members of a union refuse it."""
    fitting = list(dict.fromkeys(EXPECTED[detail["type"]] for detail in details))
    given = repr(details[0]["input"])
    shown = given if len(given) <= LONGEST else f"{given[:LONGEST]}…"
    key = str(details[0]["loc"][-1]) if details[0]["loc"] else ""
    return f"{shown} does not fit here", HINTS.get(key, f"Give {' or '.join(fitting)}.")


def _follows_from_others(detail: ErrorDetails) -> bool:
    """Return whether a list is called too short only because its items have faults, which are told by themselves."""
    return detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]


def _in_file(detail: ErrorDetails, data: Any) -> Location:
    """Return where in the file pydantic's location is: the tags of a union's members are not in it."""
    found: list[str | int] = []
    for number, step in enumerate(detail["loc"], start=1):
        if isinstance(data, Mapping) and step in data:
            data = data[step]
        elif isinstance(data, list) and isinstance(step, int):
            data = data[step] if step < len(data) else None
        elif detail["type"] != "missing" or number < len(detail["loc"]):
            continue
        found.append(step)
    return tuple(found)


def _explain(detail: ErrorDetails, schema: type[Schema], name: str) -> tuple[str, str]:
    """Return what is wrong with the entry of that name and what mends it, in the user's words."""
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    last = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "extra_forbidden":
        return f"unknown key {last!r}", did_you_mean(last, _keys_beside(detail["loc"], schema))
    if given is None and kind != "missing":
        return f"{last!r} has no content", "Give it some, or remove the key."
    if kind in LIMITS:
        bound = next(iter(context.values()))
        written = str(bound) if isinstance(bound, int) else f"{bound:g}"
        return f"{given!r} is out of range", f"Give a number {LIMITS[kind]} {written}."
    if kind == "string_pattern_mismatch":
        return f"{given!r} is no name", "Use letters, digits and hyphens; no spaces, commas or slashes."
    if kind == "too_short":
        return f"{name!r} has too few entries", f"Give at least {context['min_length']}."
    if kind in ("missing", "union_tag_not_found"):
        absent = last if kind == "missing" else context["discriminator"].strip("'")
        return f"value {int(last) + 1} is missing" if absent.isdecimal() else f"{absent!r} is missing", HINTS.get(
            absent, "Add it."
        )
    if kind == "union_tag_invalid":
        known = [tag.strip().strip("'") for tag in str(context["expected_tags"]).split(",")]
        return f"unknown {context['discriminator'].strip(chr(39))} {context['tag']!r}", did_you_mean(
            str(context["tag"]), known
        )
    if kind == "literal_error":
        known = [word.strip().strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
        return f"{given!r} is not among the known words", did_you_mean(str(given), known)
    if kind in ("value_error", "assertion_error"):
        problem, _, remedy = str(context["error"]).partition(" | ")
        return problem, remedy
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    return f"{given!r}: {message}" if not isinstance(given, dict | list) else message, ""


def _keys_beside(location: Sequence[str | int], schema: type[Schema]) -> list[str]:
    """Return the keys that may stand where an unknown one was found."""
    model: type[BaseModel] = schema
    candidates: list[type[BaseModel]] = [model]
    for step in location[:-1]:
        following = [
            nested
            for one in candidates
            for name, info in one.model_fields.items()
            if step in (name, info.alias)
            for nested in _models_in(info.annotation)
        ]
        tagged = [one for one in candidates if str(step) in (one.__name__, *_tags(one))]
        candidates = tagged or following or candidates
    return sorted({info.alias or name for one in candidates for name, info in one.model_fields.items()})


def _tags(model: type[BaseModel]) -> list[str]:
    """Return the words by which a union tells this member from the others."""
    return [str(info.default) for name, info in model.model_fields.items() if name in ("method", "kind", "factor")] + [
        model.__name__.lower()
    ]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if hasattr(annotation, "__value__"):
        return _models_in(annotation.__value__)
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]
