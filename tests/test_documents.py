from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.documents import Document, parse_yaml, read_yaml, spell
from simulator.errors import InputError


def only_fault(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "d.yaml")
    (fault,) = caught.value.faults
    return str(fault)


# Reading.


def test_scalars_mappings_and_lists_become_plain_data_with_their_lines() -> None:
    document = parse_yaml("title: 合肥\nshapes:\n  - kind: circle\n    radius: 1.5\n  - [1, true, null]\n", "d.yaml")
    assert document.data == {"title": "合肥", "shapes": [{"kind": "circle", "radius": 1.5}, [1, True, None]]}
    assert type(document.data) is dict
    assert type(document.data["shapes"][0]["radius"]) is float
    assert document.place(("shapes", 0, "radius")) == "line 4, shapes[0].radius"
    assert document.place(("shapes", 1, 2)) == "line 5, shapes[1][2]"


def test_the_place_of_a_missing_entry_is_the_line_of_its_nearest_parent() -> None:
    document = parse_yaml("a: 1\nb:\n  c: 2\n", "d.yaml")
    assert document.place(("b", "d", "e")) == "line 2, b.d.e"
    assert Document("override", {}).place(("b", "c")) == "b.c"


def test_a_file_read_again_is_as_it_stands_now_and_nobody_else_s(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text("a: {b: [1, 2]}\n", encoding="utf-8")
    first = read_yaml(path)
    first.data["a"]["b"].append(3)
    assert read_yaml(path).data == {"a": {"b": [1, 2]}}
    path.write_text("\na: {b: [4]}\n", encoding="utf-8")
    assert read_yaml(path) == parse_yaml("\na: {b: [4]}\n", str(path))
    path.write_text("a: [\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(InputError, match="Mend the YAML there"):
            read_yaml(path)


def test_an_entry_merged_from_an_anchor_stands_where_it_is_merged() -> None:
    document = parse_yaml("b: &b {x: 1}\n\nc:\n  z: 1\n  <<: *b\n", "d.yaml")
    assert document.data["c"] == {"z": 1, "x": 1}
    assert document.place(("c", "x")) == "line 4, c.x"


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['touch {}']\n",
        "!!python/object/apply:os.system ['touch {}']\n",
        "a: !!python/object/apply:os.system {{command: 'touch {}'}}\n",
        "a: !!python/object/new:os.system ['touch {}']\n",
        "a: !!python/name:os.system\nb: !!python/module:os\nc: {}\n",
        "a: !shell touch {}\n",
    ],
)
def test_a_tag_executes_nothing_and_leaves_plain_data(text: str, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    data = parse_yaml(text.format(witness), "d.yaml").data

    def plain(part: Any) -> bool:
        if isinstance(part, dict):
            return all(plain(value) for value in part.values())
        return all(plain(value) for value in part) if isinstance(part, list) else isinstance(part, str)

    assert plain(data)
    assert not witness.exists()


def test_a_key_given_twice_is_refused_with_its_line() -> None:
    assert only_fault("a: 1\nb: 2\na: 3\n").startswith('line 3, column 1: found duplicate key "a"')


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("a: [1}\n", "line 1, column 6: expected ',' or ']'"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: but found another document"),
        ("a: \x07\n", "not well-formed YAML: unacceptable character"),
        ("", "the file is empty"),
        ("# only a comment\n", "the file is empty"),
        ("a: 2024-13-45\n", "a value is not what it seems to be (month must be in 1..12)"),
        ("a: !!int x\n", "a value is not what it seems to be"),
        ("[" * 1500, "nested too deep to be read"),
    ],
)
def test_text_that_is_no_yaml_is_one_clear_fault(text: str, beginning: str) -> None:
    assert only_fault(text).startswith(beginning)


def test_a_file_is_read_as_utf8(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_bytes("title: 合肥\n".encode())
    document = read_yaml(path)
    assert (document.source, document.data, document.text) == (str(path), {"title": "合肥"}, "title: 合肥\n")
    path.write_bytes("title: 合肥\n".encode("gbk"))
    with pytest.raises(InputError, match="byte 7: not UTF-8 text"):
        read_yaml(path)


def test_a_missing_file_and_a_folder_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="this is a folder"):
        read_yaml(tmp_path)


def test_a_location_is_spelt_as_a_dotted_path() -> None:
    assert spell(()) == ""
    assert spell((0, "a", 1, 2, "b")) == "[0].a[1][2].b"


plain_data = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text("abc ", min_size=1).map(str.strip),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text("xyz", min_size=1), plain_data, min_size=1, max_size=3))
def test_json_reads_as_the_same_data_and_every_entry_has_a_line(data: dict[str, Any]) -> None:
    document = parse_yaml(json.dumps(data, indent=1), "d.json")
    assert document.data == data

    def entries(part: Any, location: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
        pairs = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        return [location, *(place for key, value in pairs for place in entries(value, (*location, key)))]

    assert set(entries(data)) <= set(document.origins)
