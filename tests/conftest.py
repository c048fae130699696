"""Fixtures that more than one test module needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import xarray as xr
from hypothesis import HealthCheck, settings

import simulator.definition as definition_module
from simulator.definition import Definition, parse_definition, read_definition
from simulator.documents import parse_yaml
from simulator.matrix import read_matrix

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from simulator.explorer.session import Session

# Modules that tests share; a failed assertion in them tells its values as in a test.
pytest.register_assert_rewrite("bad_input_files", "slow_reference", "small_experiments", "study_files", "long_runs")

# No test depends on wall time: a first call compiles, and machines are shared. CI takes the same examples every time,
# so that a change is judged by itself; at a desk each run looks elsewhere.
settings.register_profile(
    "citysim",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("citysim")

SMALL_DEFINITION = """\
schema_version: 1
id: small
levels: [index, dimension, variable, indicator]
index:
  id: total
  children:
    - id: economy
      name: {en: Economy, zh: 经济}
      children:
        - id: scale
          normalise: z-score
          children:
            - {id: gdp, name: {en: Output, zh: 产值}, unit: CNY}
            - {id: growth, name: {en: Growth, zh: 增速}, unit: percent}
        - {id: debt, name: Debt, direction: lower}
    - id: trade-balance
      name: {en: Trade, zh: 贸易}
      direction: target
      target: 0
"""

SMALL_TABLE = """\
city,gdp,growth,debt,trade-balance
hefei,13507.7,6.1,40,0.2
suzhou,26727,6.0,31,-0.1
harbin,6016.3,4.3,77,0
"""

SMALL_CITIES = """\
city,name_en,name_zh,province,status,cluster
harbin,Harbin,哈尔滨,Heilongjiang,provincial-capital,
hefei,Hefei,合肥,Anhui,provincial-capital,yangtze-delta
suzhou,Suzhou,苏州,Jiangsu,prefecture-level,yangtze-delta
"""


def pytest_configure() -> None:
    """Take away the width that a test runner tells its workers, as if output went to a file."""
    os.environ.pop("COLUMNS", None)


@pytest.fixture(scope="session")
def published_folder() -> Path:
    """Folder of the bundled 2025 index."""
    return Path(definition_module.__file__).parent / "published" / "opportunity-2025"


@pytest.fixture(scope="session")
def published_definition(published_folder: Path) -> Definition:
    """Definition of the bundled 2025 index: 10 dimensions of 5 variables."""
    return read_definition(published_folder / "definition.yaml")


@pytest.fixture(scope="session")
def published_matrix(published_folder: Path, published_definition: Definition) -> xr.Dataset:
    """Points of 60 cities in 50 variables as printed; tests copy it before they change anything."""
    return read_matrix(published_folder / "points.csv", published_definition, published_folder / "cities.csv")


@pytest.fixture(scope="session")
def small_definition() -> Definition:
    """Four indicators at unequal depths, with each kind of direction."""
    return parse_definition(parse_yaml(SMALL_DEFINITION, "small.yaml"))


@pytest.fixture
def small_files(tmp_path: Path) -> tuple[Path, Path]:
    """Matrix and cities table for the small definition, the cities in another order than in the matrix."""
    matrix, cities = tmp_path / "matrix.csv", tmp_path / "cities.csv"
    matrix.write_text(SMALL_TABLE, encoding="utf-8")
    cities.write_text(SMALL_CITIES, encoding="utf-8")
    return matrix, cities


@pytest.fixture
def small_matrix(small_files: tuple[Path, Path], small_definition: Definition) -> xr.Dataset:
    """Three cities × four indicators with all attributes of the cities."""
    return read_matrix(small_files[0], small_definition, small_files[1])


@pytest.fixture(scope="session")
def explored() -> Session:
    """A page of the explorer about the bundled index under the stress test."""
    from simulator.explorer.session import open_session

    return open_session()


@pytest.fixture(scope="session")
def page_client(explored: Session) -> Iterator[TestClient]:
    """Whoever calls the explorer's server; an exception there is a failure here."""
    from starlette.testclient import TestClient

    from simulator.explorer.server import make_app

    with TestClient(make_app(explored), base_url="http://127.0.0.1:8000") as client:
        yield client
