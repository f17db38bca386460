"""The route table, and the application made of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from handwrought.errors import HandwroughtError
from handwrought.studio.backprop import routes as backprop
from handwrought.studio.draw import routes as draw
from handwrought.studio.evaluate import routes as evaluate
from handwrought.studio.playground import routes as playground
from handwrought.studio.server import routes as page
from handwrought.studio.server.login_page import Door
from handwrought.studio.server.messages import encode
from handwrought.studio.server.security import Gate, Guard
from handwrought.studio.server.studio import Studio
from handwrought.studio.train import routes as train

__all__ = ["BODIES", "ROUTES", "create_app"]

ROUTES: list[BaseRoute] = [
    *page.routes,
    *draw.routes,
    *playground.routes,
    *evaluate.routes,
    *train.routes,
    *backprop.routes,
]

BODIES: Mapping[str, int] = {
    **draw.bodies,
    **backprop.bodies,
}
"""Paths whose bodies may be longer than usual, in bytes."""


def create_app(studio: Studio, port: int, token: str, door: Door | None = None) -> Guard:
    """The studio as an ASGI application behind its guard."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        studio.close()

    app = Starlette(
        routes=ROUTES,
        exception_handlers={
            HandwroughtError: _refused,
            HTTPException: _not_found,
            Exception: _fault,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.studio = studio
    return Guard(app, Gate(port, token, BODIES, door))


async def _refused(request: Request, error: Exception) -> Response:
    # Not by JSONResponse, which cannot say the halves of characters that a file's name may hold.
    return Response(encode({"error": str(error)}), 400, media_type="application/json")


async def _not_found(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _fault(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": "The studio made a mistake; its terminal says which."}, 500)
