"""Serving the page on this machine until it is interrupted."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Callable, Sequence

import uvicorn

from simulator.errors import CitysimError, Fault, InputError
from simulator.explorer.ranking import interval, ranks
from simulator.explorer.server import make_app
from simulator.explorer.session import Session

MOST_CONNECTIONS = 400


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at a host and port; port 0 takes one that is free.

    Raises
    ------
    InputError
        Where the port is taken, or the host is not of this machine.
    """
    listening = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        if listening is not None:
            listening.close()
        problem = f"cannot listen there ({error.strerror or error})"
        raise InputError(f"{host}:{port}", [Fault("", problem, "Take another --port; 0 takes a free one.")]) from None
    return listening


def address_of(listening: socket.socket) -> str:
    """Return the address of the page that a socket serves."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def warm_up(session: Session) -> None:
    """Score and draw once, so that nothing is compiled while a reader waits."""
    ranks(session, session.start)
    try:
        interval(session, session.start)
        _ = session.beginning(session.start).figures
    except CitysimError:
        return  # what cannot be drawn or changed is told when it is asked for


def make_server(session: Session, language: str, hosts: Sequence[str]) -> uvicorn.Server:
    """Return the server of a page, bounded in connections, silent but for warnings."""
    config = uvicorn.Config(
        make_app(session, "zh" if language == "zh" else "en", hosts),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
        ws="none",
    )
    return uvicorn.Server(config)


def serve(
    session: Session, listening: socket.socket, host: str, language: str, opening: bool, tell: Callable[[str], None]
) -> None:
    """Serve a page until it is interrupted; tell its address, and open it in the reader's browser if asked to."""
    warm_up(session)
    address = address_of(listening)
    server = make_server(session, language, [host])
    tell(address)
    if opening:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    server.run(sockets=[listening])
