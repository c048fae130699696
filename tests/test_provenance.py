"""Where a result comes from, stored and read again."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import Any

import pytest

import simulator.provenance
from simulator.errors import InputError
from simulator.provenance import ATTRIBUTE, RECORDED_PACKAGES, seal, software_versions, unseal


def test_versions_are_those_of_what_runs() -> None:
    versions = software_versions()
    assert versions["python"] == platform.python_version()
    assert versions["machine"] == platform.machine()
    assert set(RECORDED_PACKAGES) >= {"citysim", "numpy", "numba", "xarray", "scipy"}
    assert {name: versions[name] for name in RECORDED_PACKAGES} == {name: version(name) for name in RECORDED_PACKAGES}


def test_a_package_that_is_not_installed_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulator.provenance, "RECORDED_PACKAGES", ("no-such-package-as-this",))
    assert software_versions()["no-such-package-as-this"] == "not installed as a package"


def test_a_sealed_record_is_readable_text_and_comes_back() -> None:
    record = {"scenario": "title: 压力测试\n", "seed": 2**53 + 1, "overrides": ["b=1", "a=2"], "seconds": 0.1}
    text = seal(record)
    assert "压力测试" in text
    assert unseal({ATTRIBUTE: text, "title": "x"}, "x.nc") == record


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        ({}, "holds no provenance of citysim"),
        ({"title": "x"}, "holds no provenance of citysim"),
        ({ATTRIBUTE: ""}, "holds no provenance of citysim"),
        ({ATTRIBUTE: "{"}, "holds no provenance of citysim"),
        ({ATTRIBUTE: 3}, "its provenance is not readable"),
        ({ATTRIBUTE: json.dumps(["scenario"])}, "its provenance is not readable"),
    ],
)
def test_what_is_no_record_is_refused(attributes: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        unseal(attributes, "x.nc")
    (fault,) = caught.value.faults
    assert (caught.value.source, fault.problem) == ("x.nc", problem)
    assert fault.remedy != ""
