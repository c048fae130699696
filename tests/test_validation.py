"""Data checked against a schema: every fault at once, with its line and what mends it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from simulator.documents import parse_yaml
from simulator.errors import InputError
from simulator.validation import Schema, check


class Circle(Schema):
    kind: Literal["circle"] = "circle"
    radius: float
    bounds: tuple[float, float] = (0.0, 1.0)


class Square(Schema):
    kind: Literal["square"] = "square"
    side: float


class Drawing(Schema):
    title: str
    shapes: Annotated[tuple[Annotated[Circle | Square, Field(discriminator="kind")], ...], Field(min_length=1)]


def faults_of(text: str, *cross_checks: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        check(parse_yaml(text, "d.yaml"), Drawing, *cross_checks)
    assert caught.value.source == "d.yaml"
    return [str(fault) for fault in caught.value.faults]


def test_a_document_in_order_becomes_its_schema() -> None:
    drawing = check(parse_yaml("title: t\nshapes: [{kind: square, side: 2}]\n", "d.yaml"), Drawing)
    assert drawing == Drawing(title="t", shapes=(Square(side=2.0),))


def test_all_faults_are_reported_at_once_each_with_its_line() -> None:
    text = """\
titel: t
shapes:
  - {kind: circle, radius: wide, bounds: [1]}
  - {kind: circel, radius: 1}
  - {radius: 1}
  - {kind: square, sid: 2}
"""
    assert faults_of(text) == [
        "line 1, title: 'title' is missing. Add it.",
        "line 3, shapes[0].radius: 'wide' does not fit here. Give a number.",
        "line 3, shapes[0].bounds[1]: value 2 is missing. Add it.",
        "line 4, shapes[1]: unknown kind 'circel'. Did you mean circle?",
        "line 5, shapes[2]: 'kind' is missing. Add it.",
        "line 6, shapes[3].side: 'side' is missing. Add it.",
        "line 6, shapes[3].sid: unknown key 'sid'. Did you mean side or kind?",
        "line 1, titel: unknown key 'titel'. Did you mean title?",
    ]


def test_a_list_is_called_too_short_only_where_it_is() -> None:
    assert len(faults_of("title: t\nshapes: [{kind: square, side: x}]\n")) == 1
    assert faults_of("title: t\nshapes: []\n") == ["line 2, shapes: 'shapes' has too few entries. Give at least 1."]


class Numbers(Schema):
    low: Annotated[int, Field(ge=2)] = 2
    high: Annotated[int, Field(lt=2**63)] = 2
    share: Annotated[float, Field(gt=0)] = 1.0
    size: Annotated[float, Field(le=0.125)] = 0.0


def test_a_number_out_of_range_is_told_with_its_exact_limit() -> None:
    with pytest.raises(InputError) as caught:
        check(parse_yaml(f"low: 1\nhigh: {2**63}\nshare: 0\nsize: 0.5\n", "n.yaml"), Numbers)
    assert [str(fault) for fault in caught.value.faults] == [
        "line 1, low: 1 is out of range. Give a number not below 2.",
        "line 2, high: 9223372036854775808 is out of range. Give a number below 9223372036854775808.",
        "line 3, share: 0 is out of range. Give a number above 0.",
        "line 4, size: 0.5 is out of range. Give a number not above 0.125.",
    ]


class Kinds(Schema):
    text: str = ""
    number: float = 0.0
    whole: int = 0
    flag: bool = False
    several: tuple[str, ...] = ()
    either: dict[str, str] | tuple[str, ...] = ()


def test_a_value_of_another_kind_is_one_fault_that_names_every_kind_that_fits() -> None:
    text = "text: [1]\nnumber: x\nwhole: 1.5\nflag: 2\nseveral: x\neither: 3\n"
    with pytest.raises(InputError) as caught:
        check(parse_yaml(text, "k.yaml"), Kinds)
    assert [str(fault) for fault in caught.value.faults] == [
        "line 1, text: [1] does not fit here. Give a text.",
        "line 2, number: 'x' does not fit here. Give a number.",
        "line 3, whole: 1.5 does not fit here. Give a whole number.",
        "line 4, flag: 2 does not fit here. Give true or false.",
        "line 5, several: 'x' does not fit here. Give a list.",
        "line 6, either: 3 does not fit here. Give a mapping or a list.",
    ]


def test_a_key_without_content_is_told_so_and_a_misspelt_one_as_misspelt() -> None:
    assert faults_of("title:\nshapes: [{kind: square, side: 2}]\n") == [
        "line 1, title: 'title' has no content. Give it some, or remove the key."
    ]
    assert faults_of("title: t\nshapes: [{kind: square, side: 2}]\nshaps:\n") == [
        "line 3, shaps: unknown key 'shaps'. Did you mean shapes?"
    ]


def test_infinity_and_nan_are_refused() -> None:
    assert [fault.split(":")[0] for fault in faults_of("title: t\nshapes: [{kind: square, side: .nan}]\n")] == [
        "line 2, shapes[0].side"
    ]


def test_cross_checks_run_beside_the_fields_and_alone() -> None:
    def never_two(data: Any) -> Any:
        yield ("title",), "two is not liked", "Take one."

    told = "line 1, title: two is not liked. Take one."
    assert faults_of("title: t\nshapes: [{kind: square, side: 2}]\n", never_two) == [told]
    assert faults_of("title: t\nshapes: [{kind: square, side: x}]\n", never_two)[1:] == [told]


def test_a_document_that_is_no_mapping_is_one_fault() -> None:
    assert faults_of("just text\n") == ["'just text' does not fit here. Give a mapping."]
    assert faults_of("- 1\n- 2\n") == ["line 1: [1, 2] does not fit here. Give a mapping."]
