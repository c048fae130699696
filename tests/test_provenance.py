"""Where a result comes from, stored and read again."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import Any

import pytest

import simulator.provenance
from simulator.errors import InputError
from simulator.provenance import ATTRIBUTE, RECORDED_PACKAGES, Record, software_versions, unseal


def test_versions_are_those_of_what_runs() -> None:
    versions = software_versions()
    assert versions["python"] == platform.python_version()
    assert versions["machine"] == platform.machine()
    assert set(RECORDED_PACKAGES) >= {"citysim", "numpy", "numba", "xarray", "scipy"}
    assert {name: versions[name] for name in RECORDED_PACKAGES} == {name: version(name) for name in RECORDED_PACKAGES}


def test_a_package_that_is_not_installed_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator.provenance, "RECORDED_PACKAGES", ("no-such-package-as-this",))
    assert software_versions()["no-such-package-as-this"] == "not installed as a package"


RECORD: dict[str, Any] = {
    "scenario": "title: 压力测试\n",
    "source": "s.yaml",
    "overrides": ["b=1", "a=2"],
    "seed": 2**53 + 1,
    "draws": 20,
    "block": 1024,
    "index": "opportunity-2025",
    "input_sha256": {"points.csv": "0"},
    "versions": {"numpy": "2.0"},
    "started": "2025-01-01T00:00:00+00:00",
    "seconds": 0.1,
}


def test_a_record_is_readable_text_and_comes_back() -> None:
    text = Record(**RECORD).model_dump_json(indent=1)
    assert "压力测试" in text
    assert json.loads(text) == RECORD
    back = unseal({ATTRIBUTE: text, "title": "x"}, "x.nc")
    assert (back, back.seed, back.overrides) == (Record(**RECORD), 2**53 + 1, ("b=1", "a=2"))


@pytest.mark.parametrize("entry", RECORD)
def test_a_record_with_a_hole_or_something_else_in_it_is_refused(entry: str) -> None:
    hole = {key: value for key, value in RECORD.items() if key != entry}
    for record in (hole, RECORD | {entry: None}, RECORD | {entry: [[1]]}):
        with pytest.raises(InputError) as caught:
            unseal({ATTRIBUTE: json.dumps(record)}, "x.nc")
        assert caught.value.source == "the provenance in x.nc"
        assert {fault.place.partition(".")[0] for fault in caught.value.faults} == {entry}
        assert all(fault.problem and fault.remedy for fault in caught.value.faults)


@pytest.mark.parametrize("attributes", [{}, {"title": "x"}])
def test_what_has_no_record_is_refused(attributes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="holds no provenance of citysim"):
        unseal(attributes, "x.nc")


@pytest.mark.parametrize("text", ["", "{", 3, "[1]", '"scenario"'])
def test_what_is_no_record_is_refused(text: Any) -> None:
    with pytest.raises(InputError) as caught:
        unseal({ATTRIBUTE: text}, "x.nc")
    (fault,) = caught.value.faults
    assert (caught.value.source, fault.place) == ("the provenance in x.nc", "provenance")
