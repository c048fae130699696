"""What the tests of a careless user's mistakes share: a small index to spoil, and the command that refuses it."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from simulator.cli import main

HEAD = "schema_version: 1\nname: s\nindex: opportunity-2025\ndraws: 20\nseed: 1\n"

DEFINITION = """\
schema_version: 1
id: tiny
levels: [index, pillar, indicator]
data: {matrix: m.csv, cities: c.csv, totals: t.csv}
index:
  id: total
  aggregate: arithmetic
  children:
    - id: money
      normalise: {method: rank, ties: better}
      children:
        - {id: gdp, unit: CNY}
        - {id: debt, unit: CNY, direction: lower}
    - id: people
      normalise: z-score
      children:
        - {id: schools, unit: count, weight: 2}
"""
MATRIX = "city,gdp,debt,schools\na,1,2,3\nb,2,3,1\nc,5,1,4\n"
CITIES = "city,name_en\na,A\nb,B\nc,C\n"
TOTALS = "city,rank,total,money\na,2,20,4\nb,3,10,2\nc,1,30,6\n"


def citysim(*arguments: str) -> Result:
    """Run the command inside this process; anything but a message and an exit code is a failure."""
    result = CliRunner().invoke(main, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        pytest.fail("".join(traceback.format_exception(result.exception)))
    assert "Traceback" not in result.output
    return result


def message_of(*arguments: str) -> str:
    """Return what a refused command says."""
    result = citysim(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr


def entries(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def scenario_message(folder: Path, text: str, *arguments: str) -> str:
    """Return what `run` says of a scenario, once it is sure that a former result stands and nothing else came."""
    file = folder / "my-scenario.yaml"
    file.write_text(text, encoding="utf-8")
    (folder / "former.nc").write_bytes(b"former")
    before = entries(folder)
    out = ["--out", str(folder / "former.nc"), "--csv", str(folder / "new.csv"), "--json", str(folder / "new.json")]
    message = message_of("run", str(file), "--workers", "1", *out, *arguments)
    assert entries(folder) == before
    assert message.startswith(f"{file}: ")
    return message


def tiny(folder: Path, **files: str) -> Path:
    """Write a small index of raw values, some of its files replaced, and return its definition."""
    texts = {"d": DEFINITION, "m": MATRIX, "c": CITIES, "t": TOTALS} | files
    for name, text in texts.items():
        (folder / f"{name}.{'yaml' if name == 'd' else 'csv'}").write_text(text, encoding="utf-8")
    return folder / "d.yaml"
