"""The command that opens the explorer, and the server behind it as a browser meets it."""

from __future__ import annotations

import http.client
import json
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from command_line import invoked, message_of

from simulator.explorer import serving
from simulator.explorer.session import Session


@contextmanager
def running(session: Session) -> Iterator[int]:
    """Serve a page on a free port of this machine, and stop at the end."""
    with serving.listen("127.0.0.1", 0) as listening:
        server = serving.make_server(session, "en", ["127.0.0.1"])
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(timeout=20)
    assert not thread.is_alive()


def post(port: int, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    return answer.status, told


def test_readers_at_once_get_each_their_own_answer(explored: Session) -> None:
    def weight(of: int) -> float:
        return 0.5 + of / 10.0

    def ask(number: int) -> tuple[int, dict[str, Any]]:
        recipe = {"weights": {"technological-innovation": weight(number)}}
        path = "/api/interval" if number % 5 == 0 else "/api/ranks"
        return post(port, path, {"scenario": {**explored.start, "recipe": recipe, "draws": 50}})

    with running(explored) as port, ThreadPoolExecutor(20) as readers:
        answers = list(readers.map(ask, range(20)))
    assert [status for status, _ in answers] == [200] * 20
    for number, (_, told) in enumerate(answers):
        if number % 5:
            share = told["weights"]["technological-innovation"]
            assert share == pytest.approx(weight(number) / (9.0 + weight(number)))
        else:
            assert len(told["rows"]) == 60


def test_what_is_no_http_is_refused_and_the_next_is_answered(explored: Session) -> None:
    with running(explored) as port:
        for nonsense in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000, b"GET /\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
                raw.sendall(nonsense)
                raw.shutdown(socket.SHUT_WR)
                try:
                    answer = raw.recv(4096)
                except ConnectionResetError:
                    answer = b""
                assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert post(port, "/api/ranks", {"scenario": dict(explored.start)})[0] == 200


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = message_of("explore", "--no-open", "--port", port)
    assert f"127.0.0.1:{port}" in said
    assert "Take another --port" in said


def test_an_index_or_a_scenario_that_is_not_there_is_told() -> None:
    assert "no such" in message_of("explore", "nowhere", "--no-open", "--port", "0")
    assert "are not shown on this page" in message_of(
        "explore", "--scenario", "city-clusters", "--no-open", "--port", "0"
    )


@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)])
def test_who_else_can_reach_the_page_is_warned_of(monkeypatch: pytest.MonkeyPatch, host: str, warned: bool) -> None:
    told: list[str] = []

    def serve(session: Session, listening: socket.socket, host: str, *rest: Any) -> None:
        told.append(serving.address_of(listening))

    monkeypatch.setattr(serving, "serve", serve)
    result = invoked("explore", "--no-open", "--port", "0", "--host", host)
    assert result.exit_code == 0
    assert len(told) == 1
    assert ("lets everybody who reaches this machine" in result.stderr) == warned


def test_what_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "simulator.explorer.serving")
    said = message_of("explore", "--no-open")
    assert "needs uvicorn" in said
    assert 'pip install "citysim[explore]"' in said
