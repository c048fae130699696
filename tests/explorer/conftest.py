"""Fixtures of the explorer: a page about the bundled index, and what answers for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from simulator.explorer.server import make_app
from simulator.explorer.session import Session, open_session


@pytest.fixture(scope="session")
def explored() -> Session:
    """A page about the bundled index under the stress test."""
    return open_session()


@pytest.fixture(scope="session")
def page_client(explored: Session) -> Iterator[TestClient]:
    """Whoever calls its server; an exception there is a failure here."""
    with TestClient(make_app(explored), base_url="http://127.0.0.1:8000") as client:
        yield client
