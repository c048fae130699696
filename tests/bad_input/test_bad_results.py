"""Files that are no results, and results whose provenance has holes, cannot be repeated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from bad_input_files import HEAD, citysim, message_of, tiny

from simulator.provenance import ATTRIBUTE


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of twenty draws of the small index of raw values."""
    folder = tmp_path_factory.mktemp("stored")
    tiny(folder)
    (folder / "s.yaml").write_text(
        HEAD.replace("opportunity-2025", "d.yaml") + "factors: {data-error: {size: 0.1, unit: relative}}\n"
    )
    out = folder / "o.nc"
    assert citysim("run", str(folder / "s.yaml"), "--quiet", "--workers", "1", "--out", str(out)).exit_code == 0
    return out


@pytest.mark.parametrize("size", [0, 7, 3000])
def test_a_damaged_result_cannot_be_repeated(tmp_path: Path, stored: Path, size: int) -> None:
    file = tmp_path / "x.nc"
    file.write_bytes(stored.read_bytes()[:size])
    message = message_of("repeat", str(file))
    assert message.startswith(f"{file}: 1 fault\n  is no result that can be read (")
    assert message.endswith("Run the scenario again.\n")


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({}, "holds no provenance of citysim. Name a file that `citysim run --out` wrote."),
        ({ATTRIBUTE: "{"}, "provenance: invalid json: "),
        ({ATTRIBUTE: "[1]"}, "provenance: input should be an object. Name a file that `citysim run --out` wrote."),
    ],
)
def test_a_file_without_provenance_cannot_be_repeated(tmp_path: Path, attributes: dict[str, str], fault: str) -> None:
    file = tmp_path / "x.nc"
    xr.Dataset({"a": ("city", [1])}, attrs=attributes).to_netcdf(file, engine="h5netcdf")
    message = message_of("repeat", str(file))
    assert f"{file}: 1 fault\n  {fault}" in message


def tampered(stored: Path, folder: Path, **changes: Any) -> Path:
    """Return a copy of a result whose provenance says something else; None takes an entry away."""
    with xr.open_dataset(stored, engine="h5netcdf") as opened:
        result = opened.load()
    record = json.loads(result.attrs[ATTRIBUTE]) | changes
    record = {key: value for key, value in record.items() if value is not None}
    file = folder / "x.nc"
    result.assign_attrs({ATTRIBUTE: json.dumps(record)}).to_netcdf(file, engine="h5netcdf")
    return file


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"scenario": ""}, "the file is empty"),
        ({"index": "nope"}, "no bundled index of this name, and no such file"),
        ({"seed": "x"}, "seed: input should be a valid integer"),
    ],
)
def test_a_result_whose_provenance_no_longer_runs_says_why(
    tmp_path: Path, stored: Path, changes: dict[str, Any], fault: str
) -> None:
    assert fault in message_of("repeat", str(tampered(stored, tmp_path, **changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"scenario": None},
        {"scenario": "- 1"},
        {"overrides": 3},
        {"input_sha256": 3},
    ],
)
def test_a_provenance_with_a_hole_is_refused(tmp_path: Path, stored: Path, changes: dict[str, Any]) -> None:
    file = tampered(stored, tmp_path, **changes)
    assert str(file) in message_of("repeat", str(file))
