"""Requests that the explorer refuses, with a status, a code and a reason, and never a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from simulator.explorer import state as bounds
from simulator.explorer.page import static_files
from simulator.explorer.server import make_app
from simulator.explorer.session import Session, open_session

JSON = {"content-type": "application/json"}


def refusal(client: TestClient, content: bytes | str, path: str = "/api/ranks", **headers: str) -> tuple[int, str]:
    answer = client.post(path, content=content, headers={**JSON, **headers})
    told = answer.json()["refused"]
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    return answer.status_code, told["code"]


def faults(client: TestClient, explored: Session, path: str = "/api/ranks", **changed: Any) -> str:
    answer = client.post(path, json={"scenario": {**explored.start, **changed}})
    assert answer.status_code == 422, answer.text
    return " ".join(f"{one['place']} {one['problem']} {one['remedy']}" for one in answer.json()["refused"]["faults"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (400, "no-json")),
        (b"\xff\xfe", (400, "no-json")),
        (b"{", (400, "no-json")),
        (b'{"scenario": NaN}', (400, "no-json")),
        (b'{"scenario": Infinity}', (400, "no-json")),
        (b'{"scenario": {"name": "\\ud800"}}', (400, "no-json")),
        (b"[" * 5_000 + b"]" * 5_000, (400, "no-json")),
        (b"[" * 60 + b"]" * 60, (413, "too-large")),
        (b"[" + b"0," * 9_000 + b"0]", (413, "too-large")),
        (b'{"scenario": {"name": "' + b"a" * 3_000 + b'"}}', (413, "too-large")),
        (b'{"scenario": {"draws": 1' + b"0" * 5_000 + b"}}", (400, "no-json")),
        (b'{"scenario": {"draws": 1' + b"0" * 500 + b"}}", (422, "scenario")),
        (b'{"scenario": {"draws": 1e400}}', (422, "scenario")),
        (b"null", (422, "scenario")),
        (b"[]", (422, "scenario")),
        (b'"text"', (422, "scenario")),
        (b"{}", (422, "scenario")),
        (b'{"scenario": []}', (422, "scenario")),
        (b'{"scenario": {}}', (422, "scenario")),
        (b'{"scenario": {}, "more": 1}', (422, "scenario")),
        (b'{"scenario": {"__proto__": {}, "constructor": 1}}', (422, "scenario")),
    ],
    ids=lambda one: repr(one)[:40],
)
def test_what_is_no_request_is_refused(page_client: TestClient, content: bytes, expected: tuple[int, str]) -> None:
    assert refusal(page_client, content) == expected


def test_what_is_too_large_is_refused_before_it_is_read(page_client: TestClient) -> None:
    assert refusal(page_client, b" " * (bounds.MOST_BYTES + 1)) == (413, "too-large")
    assert refusal(page_client, b"{}", **{"content-length": "-1"}) == (413, "too-large")
    assert refusal(page_client, b"{}", **{"content-length": "9" * 400}) == (413, "too-large")

    def in_parts() -> Any:
        for _ in range(100):
            yield b" " * 1_000

    answer = page_client.post("/api/ranks", content=in_parts(), headers=JSON)
    assert (answer.status_code, answer.json()["refused"]["code"]) == (413, "too-large")


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
def test_forms_of_other_pages_are_refused(page_client: TestClient, kind: str) -> None:
    assert refusal(page_client, b"{}", **{"content-type": kind}) == (415, "no-json")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "[::1", "", "0.0.0.0"])
def test_other_hosts_are_refused(page_client: TestClient, host: str) -> None:
    answer = page_client.get("/", headers={"host": host})
    assert (answer.status_code == 421) == (host != "[::1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9000", "[::1]:8000", "LOCALHOST"])
def test_its_own_hosts_are_answered(page_client: TestClient, host: str) -> None:
    assert page_client.get("/api/index", headers={"host": host}).status_code == 200


def test_where_others_may_call_it_addresses_are_hosts_and_names_are_not(explored: Session) -> None:
    with TestClient(make_app(explored, hosts=["0.0.0.0"]), base_url="http://192.0.2.7:8000") as client:
        assert client.get("/").status_code == 200
        assert client.get("/", headers={"host": "evil.example:8000"}).status_code == 421


def test_pages_elsewhere_cannot_ask(page_client: TestClient, explored: Session) -> None:
    body = json.dumps({"scenario": dict(explored.start)})
    assert refusal(page_client, body, origin="http://evil.example") == (403, "other-origin")
    assert refusal(page_client, body, origin="null") == (403, "other-origin")
    assert refusal(page_client, body, **{"sec-fetch-site": "cross-site"}) == (403, "other-origin")
    own = page_client.post("/api/ranks", content=body, headers={**JSON, "origin": "http://127.0.0.1:8000"})
    assert own.status_code == 200
    assert not [name for name in own.headers if name.startswith("access-control")]
    assert page_client.options("/api/ranks", headers={"access-control-request-method": "POST"}).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fpage.py",
        "/static/../page.py",
        "/static/%2e%2e/%2e%2e/server.py",
        "/static//etc/passwd",
        "/static/",
        "/texts/../static",
        "/texts/fr",
        "/texts/..%2fen",
        "/etc/passwd",
        "/api",
        "/docs",
        "/%00",
    ],
)
def test_no_path_leads_to_a_file(page_client: TestClient, path: str) -> None:
    answer = page_client.get(path)
    assert (answer.status_code, answer.json()["refused"]["code"]) == (404, "no-such")


def test_other_methods_and_languages_are_refused(page_client: TestClient) -> None:
    assert page_client.get("/api/ranks").status_code == 405
    assert page_client.delete("/").status_code == 405
    assert page_client.get("/?lang=%3Cscript%3E").status_code == 400


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"index": "statistical-performance"}, "not the index of this page"),
        ({"index": "/etc/passwd"}, "not the index of this page"),
        ({"index": "../../../definition.yaml"}, "not the index of this page"),
        ({"within": "province"}, "are not shown on this page"),
        ({"source": "nowhere"}, "source"),
        ({"reading": {"pillars": {"one": ["gdp"]}}}, "no such"),
        ({"recipe": {"weights": {"economic-strength": -1}}}, "-1 is out of range"),
        ({"recipe": {"weights": {"nothing": 1}}}, "no such"),
        ({"recipe": {"normalisation": "voodoo"}}, "unknown method 'voodoo'"),
        (
            {"recipe": {"normalisation": "z-score", "aggregation": {"index": "geometric"}}},
            "is undefined for scores that reach zero",
        ),
        ({"city": "hefei", "changes": [{"set": {"gdp": "1%"}}]}, "percentage"),
        ({"city": "nowhere", "changes": [{"set": {"gdp": 1}}]}, "no such city"),
        ({"city": "hefei", "changes": [{"set": {"gdp": 1}}] * 41}, "too many for a page"),
        ({"never": [{"a": "b", "c": "d"}] * 41}, "too many"),
        ({"factors": {"data-error": [{"size": 0.1, "unit": "sd"}] * 13}}, "too many for a page"),
        ({"draws": 10**15}, "out of range"),
        ({"changed": True}, "unknown key 'changed'"),
        ({"year": 1999}, "1999"),
    ],
    ids=str,
)
def test_states_that_cannot_be_shown_are_told_why(
    page_client: TestClient, explored: Session, changed: dict[str, Any], told: str
) -> None:
    assert told in faults(page_client, explored, **changed)


def test_no_more_combinations_are_drawn_than_a_page_can_wait_for(page_client: TestClient, explored: Session) -> None:
    everything = [{"level": "variable"}, {"level": "city"}, {"level": "dimension"}]
    factors = {"leave-out": everything}
    told = faults(page_client, explored, "/api/interval", factors=factors, design="exhaustive", draws=None, never=[])
    assert "too many combinations" in told


def test_a_rank_out_of_reach_is_told_with_the_best(page_client: TestClient, explored: Session) -> None:
    goal = {"scenario": {**explored.start, "reach": {"rank": 1, "ceiling": 1}}, "city": "zhaoqing", "rank": 1}
    answer = page_client.post("/api/reach", json=goal)
    assert answer.status_code == 422
    assert "out of reach of zhaoqing" in answer.json()["refused"]["faults"][0]["problem"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [1, 2", "line"),
        ("", "empty"),
        ("- 1", "is no scenario"),
        ("a: &a [1]\nb: *a\n", "by reference"),
        ("[&a 1,&a 2]\n", "by reference"),
        ("a: &a [1]\nb: [*a,*a]\n", "by reference"),
        ("a: &a {b: 1}\nc:\n  <<: *a\n", "by reference"),
        ("schema_version: 1\nname: x\nindex: elsewhere.yaml\n", "not the index of this page"),
        ("!!python/object/apply:os.system ['true']\n", "is no scenario"),
        ("a: 1\na: 2\n", "duplicate key"),
    ],
)
def test_files_that_are_no_state_are_told_why(page_client: TestClient, text: str, told: str) -> None:
    answer = page_client.post("/api/open", json={"text": text})
    assert answer.status_code == 422
    assert told in json.dumps(answer.json()["refused"]["faults"])


def test_a_file_that_is_too_long_or_takes_too_long_to_read_is_refused(page_client: TestClient) -> None:
    for text in ("a" * 40_000, "[" * 32_000, "{a: " * 8_000, "[" * 100 + "]" * 100, "[" + "1," * 6_000 + "1]"):
        assert refusal(page_client, json.dumps({"text": text}), "/api/open") == (413, "too-large")


def test_what_cannot_be_shown_is_refused_before_any_page_opens() -> None:
    from simulator.errors import InputError

    with pytest.raises(InputError, match="are not shown on this page"):
        open_session(None, "city-clusters")


def test_a_page_has_no_script_of_its_own_and_nothing_from_elsewhere(page_client: TestClient) -> None:
    page = page_client.get("/").text
    assert "<script>" not in page
    assert "style=" not in page
    assert "://" not in page
    scripts = {name: one.content.decode() for name, one in static_files().items() if "text" in one.kind}
    assert not [name for name, text in scripts.items() if "innerHTML" in text or "eval(" in text]
    assert [name for name, text in scripts.items() if "https://" in text] == []
