"""From a request to its answer: read the message, ask a view's backend in a thread, answer as JSON.

A view's route is then one line, ``post(path, Backend, Message, lambda backend, asked: ...)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route

from handwrought.studio.server.messages import decode, encode, parse
from handwrought.studio.server.studio import Backend, Studio

__all__ = ["backend_of", "download", "get", "json_answer", "post", "studio_of"]

B = TypeVar("B", bound=Backend)
M = TypeVar("M")


def studio_of(connection: HTTPConnection) -> Studio:
    """The studio that a request or a WebSocket is for."""
    studio: Studio = connection.app.state.studio
    return studio


def backend_of(connection: HTTPConnection, kind: type[B]) -> B:
    """A view's backend; made when it is first asked for."""
    return studio_of(connection).backend(kind)


def get(path: str, kind: type[B], answer: Callable[..., Any]) -> Route:
    """A route that asks the backend for something; parts of the path are passed by name."""

    async def endpoint(request: Request) -> Response:
        return await json_answer(lambda: answer(backend_of(request, kind), **request.path_params))

    return Route(path, endpoint)


def post(path: str, kind: type[B], message: type[M], answer: Callable[[B, M], Any]) -> Route:
    """A route whose body is a message to the backend."""

    async def endpoint(request: Request) -> Response:
        asked = decode(message, parse(await request.body()))
        return await json_answer(lambda: answer(backend_of(request, kind), asked))

    return Route(path, endpoint, methods=["POST"])


async def json_answer(work: Callable[[], Any]) -> Response:
    """What this returns, called in a thread, as JSON; an empty object for None."""

    def encoded() -> str:
        found = work()
        return encode({} if found is None else found)

    return Response(await run_in_threadpool(encoded), media_type="application/json")


def download(content: str | bytes, name: str, media_type: str) -> Response:
    """A file for the browser to keep under this name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
