"""What every request passes before it is looked at: whose host it names, how large it is, and headers of the answer."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.errors import Fault
from simulator.explorer.refusing import RefusedError
from simulator.explorer.state import MOST_BYTES

BODY_SECONDS = 10.0
"""How long the body of a request may take to arrive."""

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a host.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def named_host(header: str) -> str:
    """Return the host that a `Host` header names, without its port.

    >>> named_host("127.0.0.1:8000"), named_host("[::1]:8000"), named_host("localhost")
    ('127.0.0.1', '::1', 'localhost')
    """
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


class Guard:
    """ASGI middleware: refuses what is not for this server, what is too large, and what no page of it would send.

    A page elsewhere whose name was bound to this machine (DNS rebinding) names its own host, which is refused. Where
    others may reach the server, addresses are hosts too, names are not.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.open = not all(is_loopback(host) for host in hosts)
        self.hosts = {*LOOPBACK_NAMES, *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        try:
            self._refuse_strangers(scope)
            body = await _whole_body(scope, receive)
        except RefusedError as refused:
            await _answer(refused, send_guarded)
            return
        told = False

        async def receive_again() -> Message:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, receive_again, send_guarded)

    def _refuse_strangers(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        given = headers.getlist("host")
        if len(given) != 1 or not self._is_own(named_host(given[0])):
            raise RefusedError(421, "other-host", [Fault("Host", "is not this server")])
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != given[0].lower():
            raise RefusedError(403, "other-origin", [Fault("Origin", "is another page")])
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and scope["method"] != "GET":
            raise RefusedError(403, "other-origin", [Fault("Sec-Fetch-Site", "is another page")])
        if scope["method"] == "POST" and headers.get("content-type", "").partition(";")[0] != "application/json":
            raise RefusedError(415, "no-json", [Fault("Content-Type", "is not application/json")])

    def _is_own(self, host: str) -> bool:
        if host in self.hosts:
            return True
        try:
            return self.open and bool(ipaddress.ip_address(host))
        except ValueError:
            return False


async def _whole_body(scope: Scope, receive: Receive) -> bytes:
    """Return the body of a request; raises `RefusedError` for one that is too large, or does not arrive."""
    declared = Headers(scope=scope).get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or int(declared[:20]) > MOST_BYTES:
        raise RefusedError(413, "too-large", [Fault("", f"more than {MOST_BYTES} bytes")])
    parts = bytearray()
    more = True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RefusedError(400, "no-json", [Fault("", "the request ended early")])
                parts += message.get("body", b"")
                more = message.get("more_body", False)
                if len(parts) > MOST_BYTES:
                    raise RefusedError(413, "too-large", [Fault("", f"more than {MOST_BYTES} bytes")])
    except TimeoutError:
        raise RefusedError(408, "too-slow", [Fault("", "the request did not arrive in time")]) from None
    return bytes(parts)


async def _answer(refused: RefusedError, send: Send) -> None:
    body = json.dumps(refused.told()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
