"""What a request may hold: a scenario of the index shown, within bounds. Nothing in it can name a file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import from_json
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from simulator.documents import Document, parse_yaml
from simulator.errors import Fault, InputError
from simulator.explorer.refusing import RefusedError
from simulator.scenario import Scenario, read_scenario
from simulator.uncertainty.factors import Factors
from simulator.validation import S, Schema, check

MOST_BYTES = 65_536
"""Bytes of a request."""
DEEPEST = 16
MOST_ENTRIES = 5_000
LONGEST_TEXT = 2_000
LONGEST_FILE = 32_768
MOST_CHANGES = 40
MOST_ALTERNATIVES = 12
MOST_COMBINATIONS = 20_000
LARGEST_NUMBER = 2.0**63

Short = Annotated[str, Field(max_length=200)]


class Asked(Schema):
    """A request about a scenario."""

    scenario: dict[str, Any]
    """The scenario, as a file has it."""


class AskedOfCity(Asked):
    """A request about a city under a scenario."""

    city: Short
    """The city, by any of its names."""
    peers: Short | None = None
    """Attribute that its peers share; all cities if not given."""


class AskedToReach(Asked):
    """The plan to a rank that a request asks for."""

    city: Short
    """Who is to reach it."""
    rank: Annotated[int, Field(ge=1, le=100_000)]
    """The rank, or a better one."""


class AskedToOpen(Schema):
    """A scenario file that a reader loads."""

    text: Annotated[str, Field(max_length=LONGEST_FILE)]
    """Its content."""


def read_body(body: bytes, longest: int = LONGEST_TEXT) -> Any:
    """Return the JSON of a request.

    Raises
    ------
    RefusedError
        For what is no JSON, holds numbers that are not finite, or is larger than any page would send.

    Examples
    --------
    >>> read_body(b'{"rank": 3}')
    {'rank': 3}
    """
    try:
        data = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise RefusedError(400, "no-json", [Fault("", str(error)[:200])]) from None
    refuse_beyond(data, longest)
    return data


def refuse_beyond(data: Any, longest: int = LONGEST_TEXT) -> None:
    """Refuse data that are too deep, too many or too large, whatever they mean."""
    waiting: list[tuple[Any, int]] = [(data, 0)]
    seen = 0
    while waiting:
        one, depth = waiting.pop()
        seen += 1
        if seen > MOST_ENTRIES or depth > DEEPEST:
            raise RefusedError(413, "too-large", [Fault("", "too many or too deep entries")])
        if isinstance(one, Mapping):
            waiting += [(part, depth + 1) for pair in one.items() for part in pair]
        elif isinstance(one, list):
            waiting += [(part, depth + 1) for part in one]
        elif isinstance(one, str) and len(one) > longest:
            raise RefusedError(413, "too-large", [Fault("", "a text is too long")])
        elif isinstance(one, int | float) and not (math.isfinite(one) and abs(one) < LARGEST_NUMBER):
            raise RefusedError(422, "scenario", [Fault("", "a number is out of all range")])


def read_asked(body: bytes, schema: type[S]) -> S:
    """Return a request's body as `schema`; raises `RefusedError` or `InputError`."""
    longest = LONGEST_FILE if schema is AskedToOpen else LONGEST_TEXT
    return check(Document("request", read_body(body, longest)), schema)


def read_state(data: Mapping[str, Any], called: str, whence: str) -> tuple[dict[str, Any], Scenario]:
    """Return a scenario as the page keeps it, and checked against the schema of scenario files.

    Parameters
    ----------
    data
        The scenario as written.
    called, whence
        Name of the index shown, and how a file names it: the only two that a scenario may name.

    Raises
    ------
    InputError
        With every fault.
    """
    document = Document("scenario", {str(key): value for key, value in data.items()})
    scenario = read_scenario(document)
    faults = [Fault(where, problem, remedy) for where, problem, remedy in _unfit(scenario, called, whence)]
    if faults:
        raise InputError("scenario", faults)
    return {**document.data, "index": called}, scenario


def _unfit(scenario: Scenario, called: str, whence: str) -> Iterator[tuple[str, str, str]]:
    if scenario.index not in (called, whence):
        yield "index", f"{scenario.index!r} is not the index of this page", f"This page shows {called}."
    if scenario.within is not None:
        problem = "several rankings, one of each group, are not shown on this page"
        yield "within", problem, "Remove it, choose `cities` of one group, or use citysim run."
    if len(scenario.changes) > MOST_CHANGES:
        yield "changes", f"{len(scenario.changes)} changes are too many for a page", f"Give {MOST_CHANGES} at most."
    if len(scenario.spillover) > MOST_CHANGES or len(scenario.never) > MOST_CHANGES:
        yield "", "too many entries for a page", f"Give {MOST_CHANGES} at most."
    yield from _too_many_combinations(scenario)


def _too_many_combinations(scenario: Scenario) -> Iterator[tuple[str, str, str]]:
    combinations = 1
    for name in Factors.model_fields:
        entry = getattr(scenario.factors, name)
        count = len(getattr(entry, "alternatives", entry if isinstance(entry, tuple) else ()))
        combinations *= max(count, 1)
        if count > MOST_ALTERNATIVES:
            where = f"factors.{name.replace('_', '-')}"
            yield where, f"{count} entries are too many for a page", f"Give {MOST_ALTERNATIVES} at most."
    if combinations > MOST_COMBINATIONS or (scenario.design == "exhaustive" and len(scenario.factors.leave_out) > 1):
        yield "factors", "too many combinations for a page", "Vary less, or use citysim run."


def read_file(text: str) -> dict[str, Any]:
    """Return the content of a scenario file that a reader loads.

    Raises
    ------
    InputError
        Where it is not well-formed, or no mapping.
    RefusedError
        Where it is larger than a page can keep, or repeats parts by reference, which could make it so.
    """
    _refuse_costly(text)
    data = parse_yaml(text, "file").data
    refuse_beyond(data)
    if not isinstance(data, Mapping):
        raise InputError("file", [Fault("", "is no scenario", "Load a scenario file.")])
    return {str(key): value for key, value in data.items()}


def _refuse_costly(text: str) -> None:
    """Refuse YAML that is nested deep, which takes minutes to read, or repeats parts by reference.

    A few lines of references can stand for more than any machine holds.
    """
    depth = 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if depth > DEEPEST:
            raise RefusedError(413, "too-large", [Fault("", "too many or too deep entries")])
    try:
        named = any(getattr(event, "anchor", None) is not None for event in YAML(pure=True).parse(text))
    except (YAMLError, ValueError, RecursionError):
        return  # what is not well-formed is told with its line when it is read
    if named:
        problem = "parts by reference (&name, *name) are not read"
        raise RefusedError(422, "scenario", [Fault("", problem, "Write them out.")])
