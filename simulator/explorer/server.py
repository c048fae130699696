"""The server behind the page: routes, limits of time and number, and refusals as JSON."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from simulator.documents import as_yaml
from simulator.errors import CitysimError, Fault
from simulator.explorer.city import beside_peers, way_to
from simulator.explorer.describing import admitted, described
from simulator.explorer.guard import Guard
from simulator.explorer.page import page, static_files, texts
from simulator.explorer.ranking import interval, ranks
from simulator.explorer.refusing import SECONDS, RefusedError, refusal_of, too_slow
from simulator.explorer.session import Session
from simulator.explorer.state import Asked, AskedOfCity, AskedToOpen, AskedToReach, read_asked, read_file
from simulator.texts import LANGUAGES, Language
from simulator.validation import S

AT_ONCE = 4
"""Answers worked out at once; the kernels let go of the interpreter's lock, the rest takes turns."""

MOST_WAITING = 200
"""Requests that may wait for one of these turns."""

Work = Callable[[Session, Any], dict[str, Any]]
Endpoint = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")


class Desk:
    """Threads that work out answers: some for what comes at once, fewer for what draws."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.waiting = 0
        self._limiter: anyio.CapacityLimiter | None = None

    async def answer(self, work: Callable[[], T]) -> T:
        """Return what a piece of work comes to; raises `RefusedError` where too many wait, or it takes too long."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self.threads)
        if self.waiting >= MOST_WAITING:
            raise RefusedError(503, "busy", [Fault("", "too many requests are waiting")])
        self.waiting += 1
        try:
            with anyio.fail_after(SECONDS):
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter)
        except TimeoutError:
            raise too_slow() from None
        finally:
            self.waiting -= 1


def make_app(session: Session, language: Language = "en", hosts: Sequence[str] = ("127.0.0.1",)) -> Guard:
    """Return the application that answers for a page.

    Parameters
    ----------
    session
        What the page is about.
    language
        Its language where the address names none.
    hosts
        Hosts by which it may be called; loopback is always among them.
    """
    at_once, drawing = Desk(AT_ONCE), Desk(max(1, (os.cpu_count() or 1) - 1))
    title = described(session)["index"]

    async def show(request: Request) -> Response:
        chosen = request.query_params.get("lang", language)
        if chosen not in LANGUAGES:
            raise RefusedError(400, "no-such", [Fault("lang", "is no language of this page")])
        return HTMLResponse(page(cast(Language, chosen), title["en"], title["zh"]))

    async def give_file(request: Request) -> Response:
        found = static_files().get(request.path_params["name"])
        if found is None:
            raise RefusedError(404, "no-such")
        return Response(found.content, media_type=found.kind)

    async def give_texts(request: Request) -> Response:
        if request.path_params["name"] not in LANGUAGES:
            raise RefusedError(404, "no-such")
        return JSONResponse(texts(request.path_params["name"]))

    async def describe(request: Request) -> Response:
        return JSONResponse(await at_once.answer(partial(described, session)))

    def post(path: str, schema: type[S], work: Callable[[Session, S], dict[str, Any]], desk: Desk) -> Route:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            return JSONResponse(await desk.answer(partial(worked_out, session, schema, work, body)))

        return Route(path, endpoint, methods=["POST"])

    routes = [
        Route("/", show),
        Route("/static/{name}", give_file),
        Route("/texts/{name}", give_texts),
        Route("/api/index", describe),
        post("/api/ranks", Asked, _ranks, at_once),
        post("/api/interval", Asked, _interval, drawing),
        post("/api/methods", Asked, _methods, at_once),
        post("/api/city", AskedOfCity, _city, at_once),
        post("/api/reach", AskedToReach, _reach, drawing),
        post("/api/open", AskedToOpen, _opened, drawing),
        post("/api/file", Asked, _file, at_once),
    ]
    handlers: dict[Any, Any] = {RefusedError: _refuse, HTTPException: _refuse_route, Exception: _refuse_failed}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), hosts)


def worked_out(session: Session, schema: type[S], work: Callable[[Session, S], dict[str, Any]], body: bytes) -> Any:
    """Return what a request asks for; raises `RefusedError` for whatever in it cannot be used."""
    try:
        return work(session, read_asked(body, schema))
    except CitysimError as error:
        raise refusal_of(error) from None
    except (ArithmeticError, RecursionError) as error:
        raise RefusedError(422, "scenario", [Fault("", f"cannot be worked out: {error}")]) from None


def _ranks(session: Session, asked: Asked) -> dict[str, Any]:
    return ranks(session, session.read(asked.scenario))


def _interval(session: Session, asked: Asked) -> dict[str, Any]:
    return interval(session, session.read(asked.scenario))


def _methods(session: Session, asked: Asked) -> dict[str, Any]:
    return admitted(session, session.read(asked.scenario))


def _city(session: Session, asked: AskedOfCity) -> dict[str, Any]:
    return beside_peers(session, session.read(asked.scenario), asked.city, asked.peers)


def _reach(session: Session, asked: AskedToReach) -> dict[str, Any]:
    return way_to(session, session.read(asked.scenario), asked.city, asked.rank)


def _opened(session: Session, asked: AskedToOpen) -> dict[str, Any]:
    """Return the state of a scenario file, once it fits the index."""
    scenario = session.read(read_file(asked.text))
    session.drawable(scenario)
    return {"scenario": scenario}


def _file(session: Session, asked: Asked) -> dict[str, Any]:
    """Return a state as a scenario file that the command runs."""
    scenario, left_out = session.drawable(session.read(asked.scenario))
    text = as_yaml({**scenario, "index": session.whence})
    return {"name": f"{scenario['name']}.yaml", "text": text, "left_out": list(left_out)}


async def _refuse(request: Request, refused: RefusedError) -> Response:
    return JSONResponse(refused.told(), refused.status)


async def _refuse_route(request: Request, error: HTTPException) -> Response:
    return JSONResponse(RefusedError(error.status_code, "no-such").told(), error.status_code)


async def _refuse_failed(request: Request, error: Exception) -> Response:
    return JSONResponse(RefusedError(500, "failed").told(), 500)
