"""The files of a draft as texts, with every guess marked as one."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from simulator.drafting.draft import ROOT, Draft, DraftDimension, DraftIndicator
from simulator.drafting.headings import in_chinese, one_line

GUESS = "# guess: "
NOTE = "# note: "
_OLD_TRUTHS = frozenset({"yes", "no", "on", "off", "y", "n"})

ASIDE_FILE = "set-aside.csv"
DEFINITION_FILE = "definition.yaml"
SCENARIO_FILE = "stress-test.yaml"


def in_yaml(value: Any) -> str:
    r"""Return a text, list or mapping as YAML in one line.

    >>> in_yaml({"en": "GDP: all", "zh": "无"}), in_yaml(["no", "some", "2024"])
    ("{en: 'GDP: all', zh: 无}", '["no", some, \'2024\']')
    """
    writer = YAML()
    writer.default_flow_style = True
    writer.width = 10**6
    stream = io.StringIO()
    writer.dump({"x": _quoted(value)}, stream)
    return stream.getvalue().strip().removeprefix("{x: ").removesuffix("}")


def _quoted(value: Any) -> Any:
    """Return a value with quotation marks around words that older readers of YAML take for truth values."""
    if isinstance(value, dict):
        return {key: _quoted(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_quoted(one) for one in value]
    return DoubleQuotedScalarString(value) if isinstance(value, str) and value.casefold() in _OLD_TRUTHS else value


def name_in_yaml(name: str) -> str:
    """Return a name as the mapping that a definition has, by its language."""
    return in_yaml({"zh" if in_chinese(name) else "en": name})


def definition_text(draft: Draft, identifier: str, title: str) -> str:
    """Return the definition of a draft, with a comment on everything that was guessed."""
    lines = [
        f"# {identifier}: written by `citysim new` from {one_line(draft.source)}.",
        f"# What a line marked `{GUESS.strip()}` says is a guess: confirm it or change it, then remove the mark.",
        "# `citysim check` tells what is wrong with this file; docs/index-definition.md what may stand in it.",
        *_about_attributes(draft),
        *_about_aside(draft),
        "schema_version: 1",
        f"id: {in_yaml(identifier)}",
        f"title: {name_in_yaml(title)}",
        "levels: [index, dimension, indicator]",
        "data: {matrix: values.csv, cities: cities.csv}",
        *_about_gaps(draft),
        "index:",
        f"  id: {ROOT}",
        f"  aggregate: arithmetic      {GUESS}full compensation between dimensions; geometric allows less",
        "  children:",
    ]
    for dimension in draft.dimensions:
        lines += _dimension_lines(dimension, len(draft.dimensions))
    return "\n".join(lines) + "\n"


def _about_attributes(draft: Draft) -> Iterator[str]:
    if draft.attributes:
        yield f"{GUESS}these columns describe the cities, and stand in cities.csv:"
        for column, role in draft.attributes:
            yield f"#   {one_line(column.heading.text)}: {role}"


def _about_aside(draft: Draft) -> Iterator[str]:
    if draft.aside:
        yield f"{GUESS}these columns are no indicators as they stand; {ASIDE_FILE} keeps them:"
        for column in draft.aside:
            yield f"#   {one_line(column.heading.text)}: {one_line(column.why)}"
        yield "# To use one: complete or correct it there, move it to values.csv, and add an indicator with that id;"
        yield "# or, to divide by it, only move it there and write `denominator: THAT HEADING` at an indicator."


def _about_gaps(draft: Draft) -> Iterator[str]:
    if any(indicator.column.gaps for indicator in draft.indicators):
        told = "a blank cell leaves its weight to what its city has beside it; or mean, median, nearest"
        yield f"imputation: share-weight      {GUESS}{told}"


def _dimension_lines(dimension: DraftDimension, count: int) -> Iterator[str]:
    alone = "one dimension for all; group what belongs together"
    yield f"    - id: {in_yaml(dimension.identifier)}      {GUESS}{alone if count == 1 else 'from the headings'}"
    yield f"      name: {name_in_yaml(dimension.name)}"
    yield "      weight: 1"
    yield f"      normalise: {{method: min-max, to: [0, 100]}}      {GUESS}0 for the worst city here, 100 for the best"
    yield f"      aggregate: arithmetic      {GUESS}full compensation between indicators"
    yield "      children:"
    for indicator in dimension.indicators:
        yield from _indicator_lines(indicator)


def _indicator_lines(indicator: DraftIndicator) -> Iterator[str]:
    column, heading = indicator.column, indicator.column.heading
    yield f"        - id: {in_yaml(indicator.identifier)}"
    yield f"          name: {name_in_yaml(heading.text)}"
    if heading.unit:
        yield f"          unit: {in_yaml(heading.unit)}      {GUESS}from the brackets of the heading"
    if heading.year is not None:
        yield f"          year: {heading.year}      {GUESS}from the brackets of the heading"
    if indicator.lower_by:
        yield f"          direction: lower      {GUESS}the heading says “{one_line(indicator.lower_by)}”"
    else:
        yield f"          direction: higher      {GUESS}nothing in the heading says otherwise"
    if column.answers:
        order = "the lowest first" if column.sure else "ORDER UNKNOWN, by the alphabet; put the lowest first"
        yield f"          answers: {in_yaml(list(column.answers))}      {GUESS}{order}"
    if column.gaps:
        yield f"          {NOTE}blank: {one_line(column.gaps)}"
    if column.note:
        yield f"          {NOTE}{column.note}"


def scenario_text(draft: Draft, identifier: str) -> str:
    """Return a stress test that suits a draft."""
    kinds = {indicator.column.kind for indicator in draft.indicators}
    lines = [
        f"# How certain is the ranking of {identifier}? citysim run {SCENARIO_FILE}, in this folder.",
        f"{GUESS}every size below; put what is known of your data and weights in its place.",
        "schema_version: 1",
        "name: stress-test",
        f"index: {DEFINITION_FILE}",
        "draws: 20000",
        "seed: 1",
        "factors:",
        "  data-error:",
    ]
    if "numbers" in kinds:
        lines.append(f"    - {{size: 0.05, unit: relative}}      {GUESS}5 % of each number")
    if "answers" in kinds:
        lines.append(f"    - {{size: 0.2, unit: steps}}      {GUESS}one answer in five is one step off")
    lines += [
        f"  weights: {{method: uniform, percent: 25}}      {GUESS}each weight within ± 25 %",
        "  normalisation: [as-defined, z-score, {method: rank, ties: mean}]",
    ]
    if any(indicator.column.gaps for indicator in draft.indicators):
        lines.append(f"  imputation: [share-weight, mean, median]      {GUESS}how blank cells are filled")
    return "\n".join(lines) + "\n"
