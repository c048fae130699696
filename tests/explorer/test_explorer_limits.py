"""Limits of time and number: an answer that takes too long, too many that wait, a body that never comes."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient

from simulator.errors import DrawError
from simulator.explorer import guard, ranking, server
from simulator.explorer.refusing import RefusedError
from simulator.explorer.server import Desk, make_app
from simulator.explorer.session import Session

Message = dict[str, Any]


def refusal_of(work: Callable[[], Awaitable[object]]) -> tuple[int, str]:
    with pytest.raises(RefusedError) as refused:
        anyio.run(work)
    return refused.value.status, refused.value.code


def test_an_answer_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SECONDS", 0.01)
    done = threading.Event()

    async def ask() -> None:
        try:
            await Desk(1).answer(done.wait)
        finally:
            done.set()

    assert refusal_of(ask) == (503, "too-slow")


def test_draws_that_nobody_waits_for_any_more_stop(monkeypatch: pytest.MonkeyPatch, explored: Session) -> None:
    monkeypatch.setattr(ranking, "SECONDS", 0.0)
    client = TestClient(make_app(explored), base_url="http://127.0.0.1")
    for path, more in (("/api/interval", {}), ("/api/reach", {"city": "hefei", "rank": 14})):
        answer = client.post(path, json={"scenario": dict(explored.start), **more})
        assert (answer.status_code, answer.json()["refused"]["code"]) == (503, "too-slow")


def test_no_more_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_WAITING", 2)
    done = threading.Event()
    refused: list[str] = []

    async def ask_three() -> None:
        desk = Desk(1)

        async def ask() -> None:
            try:
                await desk.answer(done.wait)
            except RefusedError as error:
                refused.append(error.code)
                done.set()

        async with anyio.create_task_group() as together:
            for _ in range(3):
                together.start_soon(ask)
        assert desk.waiting == 0

    anyio.run(ask_three)
    assert refused == ["busy"]


def test_a_body_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch, explored: Session) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.01)
    sent: list[Message] = []

    async def never() -> Message:
        await anyio.sleep_forever()
        return {}

    async def keep(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/api/ranks", "headers": headers}
    anyio.run(make_app(explored), scope, never, keep)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["refused"]["code"] == "too-slow"


def test_a_failure_of_ours_is_told_without_its_traceback(explored: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(session: Session, scenario: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(server, "ranks", fail)
    with TestClient(make_app(explored), base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = client.post("/api/ranks", json={"scenario": dict(explored.start)})
    assert answer.status_code == 500
    assert answer.json() == {"refused": {"code": "failed", "faults": [], "more": 0}}


@pytest.mark.parametrize("error", [DrawError("no mean"), OverflowError("too large"), ZeroDivisionError("by zero")])
def test_what_cannot_be_worked_out_is_a_refusal(
    explored: Session, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(session: Session, scenario: object) -> None:
        raise error

    monkeypatch.setattr(server, "ranks", fail)
    with TestClient(make_app(explored), base_url="http://localhost") as client:
        answer = client.post("/api/ranks", json={"scenario": dict(explored.start)})
    assert answer.status_code == 422
    assert str(error) in answer.json()["refused"]["faults"][0]["problem"]
